//! A bucket in memory behind a network: requests take their time and are noted, and some fail.
#![allow(dead_code, reason = "each user takes what it needs")]

use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::time::{sleep, timeout};

/// See the module.
#[derive(Debug, Default)]
pub struct Network {
    objects: InMemory,
    /// The put to a root that fails, counted down to 0, and how.
    pub failing: AtomicI64,
    pub how: How,
    wire: Arc<Wire>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum How {
    /// It is done, and the answer is lost.
    #[default]
    AnswerLost,
    /// It is done, the answer is lost, and the client has sent it again.
    SentTwice,
    /// It is not done, and the answer is lost.
    NotDone,
    /// It is not allowed.
    Refused,
}

/// What a request is: `put`, `begin` an upload in parts, `part`, `finish`, `get`, `head`, `list`, `delete`.
pub type Kind = &'static str;

/// Tells requests by their kind and key.
type Which = fn(Kind, &str) -> bool;

#[derive(Debug, Default)]
struct Wire {
    latency: Mutex<Duration>,
    noted: Mutex<Vec<(Kind, String)>>,
    /// These requests go on once as many as the barrier says have come.
    together: Mutex<Option<(Which, Arc<Barrier>)>>,
}

impl Wire {
    async fn pass(&self, kind: Kind, key: &str) -> Result<()> {
        self.noted.lock().unwrap().push((kind, key.to_owned()));
        let latency = *self.latency.lock().unwrap();
        if latency > Duration::ZERO {
            sleep(latency).await;
        }
        let together = self.together.lock().unwrap().clone();
        let Some((_, others)) = together.filter(|(which, _)| which(kind, key)) else {
            return Ok(());
        };
        match timeout(Duration::from_secs(30), others.wait()).await {
            Ok(_) => Ok(()),
            Err(_) => {
                self.noted.lock().unwrap().push(("given up", key.to_owned()));
                Err(failed("it waits for others, which do not come"))
            }
        }
    }
}

fn failed(why: &'static str) -> Error {
    Error::Generic { store: "network", source: why.into() }
}

impl Network {
    /// One that fails the `failing`th put to a root from now on.
    pub fn failing(how: How, failing: i64) -> Arc<Self> {
        Arc::new(Self { how, failing: AtomicI64::new(failing), ..Self::default() })
    }

    /// From now on each request takes so long.
    pub fn set_latency(&self, latency: Duration) {
        *self.wire.latency.lock().unwrap() = latency;
    }

    /// What was asked for since this was last called: kinds and keys, in the order in which they were begun.
    pub fn take_requests(&self) -> Vec<(Kind, String)> {
        std::mem::take(&mut *self.wire.noted.lock().unwrap())
    }

    /// From now on these requests, told by their kind and key, are answered once `count` of them wait beside each other. Who
    /// asks for one after the other gets an error in the end, and it is noted as given up.
    pub fn expect_together(&self, count: usize, which: Which) {
        *self.wire.together.lock().unwrap() = Some((which, Arc::new(Barrier::new(count))));
    }

    /// Takes [`Self::expect_together`] back.
    pub fn expect_nothing(&self) {
        *self.wire.together.lock().unwrap() = None;
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("network")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Network {
    async fn put_opts(&self, key: &Key, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.wire.pass("put", key.as_ref()).await?;
        let is_root = key.filename() == Some("atlas.json");
        if !is_root || self.failing.fetch_sub(1, Ordering::Relaxed) != 1 {
            return self.objects.put_opts(key, payload, options).await;
        }
        match self.how {
            How::AnswerLost => {
                self.objects.put_opts(key, payload, options).await?;
                Err(failed("the answer is lost"))
            }
            How::SentTwice => {
                self.objects.put_opts(key, payload.clone(), options.clone()).await?;
                self.objects.put_opts(key, payload, options).await
            }
            How::NotDone => Err(failed("the answer is lost")),
            How::Refused => Err(Error::PermissionDenied { path: key.to_string(), source: "not you".into() }),
        }
    }

    async fn put_multipart_opts(&self, key: &Key, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.wire.pass("begin", key.as_ref()).await?;
        let upload = self.objects.put_multipart_opts(key, options).await?;
        Ok(Box::new(Parts { upload, key: key.to_string(), wire: self.wire.clone() }))
    }

    async fn get_opts(&self, key: &Key, options: GetOptions) -> Result<GetResult> {
        self.wire.pass(if options.head { "head" } else { "get" }, key.as_ref()).await?;
        self.objects.get_opts(key, options).await
    }

    fn delete_stream(&self, keys: BoxStream<'static, Result<Key>>) -> BoxStream<'static, Result<Key>> {
        use futures_util::StreamExt;
        let wire = self.wire.clone();
        let passed = keys.then(move |key| {
            let wire = wire.clone();
            async move {
                let key = key?;
                wire.pass("delete", key.as_ref()).await?;
                Ok(key)
            }
        });
        self.objects.delete_stream(passed.boxed())
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> Result<ListResult> {
        self.wire.pass("list", prefix.map_or("", Key::as_ref)).await?;
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<()> {
        self.wire.pass("copy", to.as_ref()).await?;
        self.objects.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct Parts {
    upload: Box<dyn MultipartUpload>,
    key: String,
    wire: Arc<Wire>,
}

#[async_trait::async_trait]
impl MultipartUpload for Parts {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (put, key, wire) = (self.upload.put_part(data), self.key.clone(), self.wire.clone());
        Box::pin(async move {
            wire.pass("part", &key).await?;
            put.await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.wire.pass("finish", &self.key).await?;
        self.upload.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.wire.pass("abort", &self.key).await?;
        self.upload.abort().await
    }
}
