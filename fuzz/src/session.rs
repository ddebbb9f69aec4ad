//! Tickets and exports that were edited before they were sealed, and handles that are given them.

use crate::encode::frame;
use crate::exercise::{LARGE, SOME, bounded, counted, expected, open_with};
use crate::memory::{Memory, STORE};
use atlas_store::storage;
use atlas_store::{
    ArrayOptions, CreateOptions, DType, Mode, OpenOptions, RuntimeOptions, Selection, SessionOptions, Source, Store,
    Target,
};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A message of a session: its first bytes.
#[derive(Clone, Copy)]
pub enum Message {
    Ticket,
    Export,
}

/// First bytes, version, checksum.
const PRELUDE: usize = 16;

impl Message {
    /// A whole message of what it is to say.
    pub fn seal(self, raw: &[u8]) -> Vec<u8> {
        let frame = frame(raw);
        let magic = match self {
            Self::Ticket => b"ATLASTKT",
            Self::Export => b"ATLASEXP",
        };
        [&magic[..], &1u32.to_le_bytes(), &crc32c::crc32c(&frame).to_le_bytes(), &frame].concat()
    }

    /// What a whole message says.
    pub fn unseal(message: &[u8]) -> Vec<u8> {
        zstd::decode_all(&message[PRELUDE..]).expect("a message of the library")
    }

    /// The message that `data` makes of one: it is bytes of its own, or edits of what the message says, or of the message.
    fn edited(self, message: &[u8], data: &[u8]) -> Vec<u8> {
        let Some((&choice, edits)) = data.split_first() else { return message.to_vec() };
        if choice & 3 == 3 {
            return self.seal(edits);
        }
        let mut bytes = if choice & 3 == 2 { message.to_vec() } else { Self::unseal(message) };
        for edit in edits.chunks_exact(4) {
            let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % bytes.len();
            match edit[2] & 3 {
                0 => bytes[at] = edit[3],
                1 => bytes[at] ^= edit[3],
                2 => bytes.insert(at, edit[3]),
                _ if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => {}
            }
        }
        if choice & 3 == 2 { bytes } else { self.seal(&bytes) }
    }
}

/// A store with a session, and what its handles have told each other.
pub struct Told {
    files: Vec<(String, Vec<u8>)>,
    pub ticket: Vec<u8>,
    pub export: Vec<u8>,
}

fn options(ticket: Option<&[u8]>) -> OpenOptions {
    let runtime = RuntimeOptions {
        threads: Some(0),
        cache_bytes: Some(4 << 20),
        write_buffer_bytes: Some(1 << 20),
        ..RuntimeOptions::default()
    };
    OpenOptions { runtime, ticket: ticket.map(<[u8]>::to_vec) }
}

impl Told {
    /// The store as it is once the handle that began the session is gone.
    pub fn store(&self) -> Memory {
        Memory::of(self.files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())))
    }

    /// Goes on with the session.
    pub fn adopt(&self, memory: &Memory) -> Arc<Store> {
        open_with(memory, Mode::ReadWrite, options(Some(&self.ticket))).expect("the store is whole")
    }

    /// The same for all.
    pub fn whole() -> &'static Self {
        static TOLD: OnceLock<Told> = OnceLock::new();
        TOLD.get_or_init(|| Self::make().expect("nothing fails"))
    }

    fn make() -> atlas_store::Result<Self> {
        // What makes a store looks at the folder above it.
        let memory = storage::Memory::default();
        let runtime = options(None).runtime;
        let options_of_all = CreateOptions { runtime, ..CreateOptions::default() };
        let store = Store::create_on(Arc::new(memory.clone()), Path::new(STORE), options_of_all)?;
        store.create_dataset("run")?;
        let chunked = |chunk: &[u64]| ArrayOptions { chunk_shape: Some(chunk.to_vec()), ..ArrayOptions::default() };
        store.define_array("run", "v", DType::F64, &["t", "x"], &[6, 4], chunked(&[2, 4]))?;
        store.define_array("run", "log", DType::I32, &["n"], &[3], chunked(&[4]))?;
        store.define_array("run", "one", DType::U8, &[], &[], ArrayOptions::default())?;
        store.write_array("run", "log", Selection::all(1), Source::from_slice(&[1i32, 2, 3]))?;
        store.flush()?;
        let ticket = store.session_begin(SessionOptions { workers: 2, ..SessionOptions::default() })?;
        let worker = Store::open_worker_on(Arc::new(memory.clone()), Path::new(STORE), &ticket, 1, options(None))?;
        worker.write_array("run", "v", Selection::region(&[0, 0], &[2, 4]), Source::from_slice(&[1.5; 8]))?;
        worker.write_array("run", "v", Selection::region(&[2, 1], &[1, 2]), Source::from_slice(&[2.5; 2]))?;
        worker.append_array("run", "log", &[2], Source::from_slice(&[4i32, 5]))?;
        worker.write_array("run", "one", Selection::all(0), Source::from_slice(&[9u8]))?;
        worker.set_attribute("run", Some("v"), "units", "K")?;
        worker.create_dataset("more")?;
        worker.define_array("more", "text", DType::String, &["n"], &[3], chunked(&[2]))?;
        worker.write_strings("more", "text", Selection::all(1), &["a", "bc", ""])?;
        let export = worker.export()?;
        let files = memory.files().into_iter().filter_map(|(path, bytes)| {
            let name = path.strip_prefix(STORE).ok()?.to_str()?;
            (name != ".lock").then(|| (name.to_owned(), bytes.to_vec()))
        });
        let files = files.collect();
        Ok(Self { files, ticket, export })
    }
}

/// Reads all that is not too large.
fn read(store: &Store) {
    for dataset in expected("list datasets", store.dataset_names()).unwrap_or_default().iter().take(SOME) {
        for array in expected("list arrays", store.array_names(dataset)).unwrap_or_default().iter().take(SOME) {
            let Some(info) = expected("describe", store.array_info(dataset, array)) else { continue };
            let (rank, cells) = (info.shape.len(), info.shape.iter().try_fold(1u64, |cells, n| cells.checked_mul(*n)));
            let Some(bytes) = cells.and_then(|cells| cells.checked_mul(16)).filter(|bytes| *bytes <= LARGE) else {
                continue;
            };
            expected("statistics", store.array_stats(dataset, array));
            if info.dtype == DType::String {
                expected("read", store.read_strings(dataset, array, Selection::all(rank)));
            } else if matches!(info.dtype, DType::F64 | DType::I32 | DType::U8) {
                let mut values = vec![0f64; bytes as usize / 16];
                expected(
                    "read",
                    store.read_array(dataset, array, Selection::all(rank), Target::from_slice(&mut values)),
                );
            }
        }
    }
}

/// A worker of a ticket that was edited, and a handle that goes on with the session.
pub fn ticket(data: &[u8]) {
    let told = Told::whole();
    let ticket = Message::Ticket.edited(&told.ticket, data);
    let memory = told.store();
    let files = counted(&memory) + 129 * ticket.len();
    let open = || Store::open_worker_on(Arc::new(memory.clone()), Path::new(STORE), &ticket, 3, options(None));
    if let Some(worker) = bounded("open a worker", files, 0, || expected("open a worker", open())) {
        let asked = LARGE as usize * 8;
        bounded("read by a worker", files, asked, || read(&worker));
        let values = Source::from_slice(&[4.5]);
        bounded("write by a worker", files, asked, || {
            expected("write", worker.write_array("run", "v", Selection::region(&[4, 0], &[1, 1]), values))
        });
        expected("set", worker.set_attribute(None, None, "by", "worker"));
        let export = bounded("export", files, asked, || expected("export", worker.export()));
        let store = told.adopt(&memory);
        if let Some(export) = export {
            expected("import", store.import(&[&export]));
        }
        assert!(expected("flush", store.flush()).is_some(), "what was imported cannot be flushed");
    }
    bounded("go on", files, 0, || {
        expected("go on", open_with(&memory, Mode::ReadWrite, options(Some(&ticket))));
    });
    assert!(expected("open", open_with(&memory, Mode::Read, options(None))).is_some(), "the store does not open");
}

/// An import of an export that was edited: all of it, or nothing, and a store that opens.
pub fn export(data: &[u8]) {
    import(&Message::Export.edited(&Told::whole().export, data));
}

/// Imports an export into the store of a session; whether it was taken.
pub fn import(export: &[u8]) -> bool {
    let told = Told::whole();
    let memory = told.store();
    let store = told.adopt(&memory);
    let files = counted(&memory) + 129 * export.len();
    let asked = LARGE as usize * 8;
    let is_taken = bounded("import", files, asked, || expected("import", store.import(&[export])).is_some());
    if is_taken {
        bounded("read", files, asked, || read(&store));
    } else {
        store.import(&[&told.export]).expect("nothing is left of the one that was refused");
    }
    let is_flushed = bounded("flush", files, asked, || expected("flush", store.flush()).is_some());
    assert!(is_flushed || is_taken, "what is whole is flushed");
    read(&store);
    drop(store);
    let Some(store) = expected("open", open_with(&memory, Mode::ReadWrite, options(None))) else {
        panic!("the store does not open any more");
    };
    read(&store);
    expected("verify", store.verify(&mut |damage| assert!(damage.file.starts_with(STORE), "{damage:?}")));
    expected("compact", store.compact());
    read(&store);
    is_taken
}
