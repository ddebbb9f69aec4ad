//! What a caller may choose; everything has a default.

pub use crate::base::convert::FloatOverflow;
pub use crate::base::log::LogLevel;
use crate::codec::{Codec, Filter};
use crate::format::root::MetaFormat;
use std::time::Duration;

/// Whether a store is opened to read or to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One committed snapshot, which [`Store::refresh`](crate::Store::refresh) moves on.
    Read,
    /// The one writer.
    ReadWrite,
}

/// Receives messages, on the thread whose call they belong to. It must not commit to the store that it is
/// of, nor close it: that is [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument).
pub type LogFn = Box<dyn Fn(LogLevel, &str) + Send + Sync>;

/// Receives the progress of a long call, on the calling thread: what is done, how far, out of how much. `false` stops
/// the call, which then fails with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) and has changed nothing. Like [`LogFn`] it
/// must not commit to the store that it is of.
pub type ProgressFn = Box<dyn Fn(&str, u64, u64) -> bool + Send + Sync>;

/// How this process uses a store.
#[derive(Default)]
pub struct RuntimeOptions {
    /// Whether a flush waits until the disk has the data; on by default. Without it a crash of the machine, though
    /// not of the process, may lose or damage the store.
    pub sync: Option<bool>,
    /// Worker threads; 0 for none, when all work is done by the calling thread. By default `ATLAS_NUM_THREADS`, or
    /// else as many as the process may run at once.
    pub threads: Option<usize>,
    /// Bytes that written values may take in memory; 256 MiB by default. From half of it on they are written to files
    /// that the next flush makes part of the store; a write that finds more than all of it taken waits. One write may
    /// itself take as much as it brings.
    pub write_buffer_bytes: Option<u64>,
    /// Bytes of decoded blocks and index that are kept for later reads; 64 MiB by default. Handles of one process that read one
    /// store on a file system have them in common, if their threads, cache and buffer were asked for alike.
    pub cache_bytes: Option<u64>,
    /// Bytes of records of datasets that the root holds, at most; by default 2 MiB, and 256 KiB where there are catalogue
    /// files, which hold the rest.
    pub root_bytes: Option<u64>,
    /// How long to wait for another writer to end before that is [`ErrorKind::Locked`](crate::ErrorKind::Locked); not at
    /// all by default, and for ever with [`Duration::MAX`]. Readers wait for nobody.
    pub lock_timeout: Duration,
    /// Receives messages.
    pub log: Option<LogFn>,
    /// Receives the progress of compact and verify.
    pub progress: Option<ProgressFn>,
    /// What a conversion between types makes of a finite float that the narrower type does not have: an error by default.
    /// It holds for what is written and for what is read, fill values and attributes too.
    pub float_overflow: FloatOverflow,
}

/// What [`Store::create`](crate::Store::create) does where there is a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfExists {
    /// It fails with [`ErrorKind::AlreadyExists`](crate::ErrorKind::AlreadyExists).
    #[default]
    Fail,
    /// It opens the store for writing. What belongs to a store (its root's notation, the defaults of arrays, the commits
    /// that it keeps) is that of the store that is there, whatever the options say.
    Open,
    /// It opens the store for writing with everything in it deleted, and with the defaults of arrays and
    /// `keep_generations` of the options, as changes that are not flushed. So the store stays as it is until the first
    /// flush, readers go on seeing it, and that flush is a commit that can be gone back from. Its id, pins, and the root's
    /// notation stay: another notation that is asked for is an error.
    Replace,
}

/// For [`Store::create`](crate::Store::create).
#[derive(Default)]
pub struct CreateOptions {
    /// JSON by default.
    pub meta_format: Option<MetaFormat>,
    /// Whether the root is compressed; not by default.
    pub meta_zstd: bool,
    /// For arrays that do not choose: zstd by default.
    pub codec: Option<Codec>,
    /// For arrays that do not choose: 1 by default.
    pub level: Option<i32>,
    /// For arrays that do not choose: on by default.
    pub shuffle: Option<bool>,
    /// For arrays that do not choose and whose type can be filtered so: none by default. See [`ArrayOptions::filter`].
    pub filter: Option<Filter>,
    /// For arrays that do not choose: on by default. See [`ArrayOptions::pack`].
    pub pack: Option<bool>,
    /// Earlier commits that can be gone back to, compactions or not; 0 for none. By default the one before the last,
    /// until a compaction.
    pub keep_generations: Option<u32>,
    /// What is done where there is a store.
    pub if_exists: IfExists,
    /// How this process uses it.
    pub runtime: RuntimeOptions,
}

/// For [`Store::session_begin`](crate::Store::session_begin).
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionOptions<'n> {
    /// The datasets that workers are told of; all by default.
    pub datasets: Option<&'n [&'n str]>,
    /// How many workers there will be, numbered from 0 on, for [`Store::session_missing`](crate::Store::session_missing); 0 where
    /// that is not known.
    pub workers: u32,
}

/// For [`Store::open`](crate::Store::open).
#[derive(Default)]
pub struct OpenOptions {
    /// A ticket of a session whose handle is gone: the one that is opened for writing goes on with the session, and the files
    /// of its workers stay.
    pub ticket: Option<Vec<u8>>,
    /// How this process uses it.
    pub runtime: RuntimeOptions,
}

/// For [`Store::define_array`](crate::Store::define_array).
#[derive(Clone, Debug, Default)]
pub struct ArrayOptions {
    /// Extents of a chunk. By default the whole array up to 4 MiB, and above that equal parts of about 2 MiB along the
    /// leading dimensions; an array that is appended to gets chunks of about 1 MiB, but not over 4096 rows.
    pub chunk_shape: Option<Vec<u64>>,
    /// The store's default by default.
    pub codec: Option<Codec>,
    /// The store's default by default.
    pub level: Option<i32>,
    /// The store's default by default.
    pub shuffle: Option<bool>,
    /// What is done to the elements before the shuffle. Means nothing to [`Codec::None`]. An array of `bool`, `c128` or texts
    /// has none. The store's default by default.
    pub filter: Option<Filter>,
    /// Bits of the mantissa that are kept of each float that is written: 1 to 10 for `f16`, 23 for `f32` and `c64`, 52 for `f64`
    /// and `c128`. All by default. Values are rounded when they are written, to nearest and ties to even, so that the relative
    /// error is at most 2^-(keep_bits + 1). NaN, infinities and the fill value stay, and no other value becomes one of these.
    pub keep_bits: Option<u32>,
    /// Whether chunks below 16 KiB may be compressed together with others, which takes less space and time. Otherwise each
    /// has a byte range of its own, which other programs can read where it lies. The store's default by default.
    pub pack: Option<bool>,
    /// The value of cells that were never written. Without one they read as zero and are not counted as null.
    pub fill_value: Option<FillValue>,
    /// Whether dimension 0 is unlimited: a write past its end makes it grow, and what lies between holds the fill value. By
    /// default where it begins at 0.
    pub unlimited: Option<bool>,
}

/// A fill value.
#[derive(Clone, Debug, PartialEq)]
pub enum FillValue {
    /// One element of the array's type, in native byte order.
    Bytes(Vec<u8>),
    /// For arrays of texts.
    Text(String),
}

macro_rules! fill_from {
    ($($rust:ty),+) => {$(
        impl From<$rust> for FillValue {
            fn from(value: $rust) -> Self { FillValue::Bytes(value.to_ne_bytes().to_vec()) }
        }
    )+};
}

fill_from!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl From<&str> for FillValue {
    fn from(text: &str) -> Self {
        FillValue::Text(text.to_owned())
    }
}
