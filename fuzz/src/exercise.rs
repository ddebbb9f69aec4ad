//! A caller who tries everything with a store that somebody else made.

use crate::allocations::peak_of;
use crate::encode::{NOTATIONS, Notation};
use crate::memory::{Memory, STORE};
use atlas_store::{
    ArrayInfo, DType, Error, ErrorKind, Mode, OpenOptions, RepairOptions, Result, RuntimeOptions, Selection, Source,
    Store, Target,
};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Memory that any one call may take whatever the files say: caches, buffers, the tables of a codec.
const CONSTANT: usize = 24 << 20;
/// Memory that a call may take for each byte of the files.
const PER_BYTE: usize = 64;
/// Chunks of more bytes are not written to: a writer takes the memory of the chunks it writes.
pub const LARGE: u64 = 4 << 20;
/// Objects of a kind that are looked at; fuzzing gains nothing from more.
pub const SOME: usize = 12;

/// Bytes of the files, as memory is allowed for them: of a compressed root those that it may decompress to, or, where
/// it goes beyond or is no root, as many as are allocated until that is noticed.
pub fn counted(memory: &Memory) -> usize {
    let bytes = |(path, bytes): &(PathBuf, Vec<u8>)| {
        if path.extension().is_none_or(|extension| extension != "zst") {
            return bytes.len();
        }
        let limit = (16 << 20) + 128 * bytes.len() as u64;
        let mut plain = std::io::sink();
        let decoded = zstd::stream::Decoder::with_buffer(&bytes[..])
            .and_then(|decoder| std::io::copy(&mut decoder.single_frame().take(limit + 1), &mut plain));
        match decoded {
            Ok(len) if len <= limit => len as usize,
            _ => 3 * limit as usize / PER_BYTE,
        }
    };
    memory.files().iter().map(bytes).sum()
}

/// Calls `f`, and panics where it took more memory than the files, and what was asked for, justify.
pub fn bounded<R>(what: &str, files: usize, asked: usize, f: impl FnOnce() -> R) -> R {
    let (result, peak) = peak_of(f);
    let allowed = CONSTANT + PER_BYTE * files + asked;
    assert!(peak <= allowed, "{what} took {peak} bytes; {files} bytes of files and {asked} asked for allow {allowed}");
    result
}

/// An error that hostile files may bring about; what the library would be to blame for panics.
pub fn expected<R>(what: &str, result: Result<R>) -> Option<R> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            check_error(what, &error);
            None
        }
    }
}

fn check_error(what: &str, error: &Error) {
    let blameless = error.kind() != ErrorKind::Internal;
    assert!(blameless, "{what}: {:?}: {error}", error.kind());
    assert!(!error.message().contains('\n'), "{what}: {error}");
}

fn open(memory: &Memory, mode: Mode) -> Result<Arc<Store>> {
    let runtime = RuntimeOptions {
        threads: Some(0),
        cache_bytes: Some(4 << 20),
        write_buffer_bytes: Some(1 << 20),
        ..RuntimeOptions::default()
    };
    open_with(memory, mode, OpenOptions { runtime, ..OpenOptions::default() })
}

/// Opens the store in memory.
pub fn open_with(memory: &Memory, mode: Mode, options: OpenOptions) -> Result<Arc<Store>> {
    Store::open_on(Arc::new(memory.clone()), Path::new(STORE), mode, options)
}

/// Reads all that a store has, verifies it, writes to it, compacts it. Panics where the library does not hold to what
/// it promises for files that it did not write.
pub fn exercise(memory: &Memory) {
    let files = counted(memory);
    let Some(store) = bounded("open", files, 0, || expected("open", open(memory, Mode::Read))) else {
        // The writer says so too, and changes nothing.
        let before = memory.files();
        assert!(expected("open to write", open(memory, Mode::ReadWrite)).is_none());
        assert!(memory.files() == before, "a store that does not open was changed");
        repair(memory, files);
        return;
    };
    let roots = NOTATIONS.map(Notation::file_name);
    repair(&memory.without(&roots), files);
    read(&store, files);
    bounded("verify", files, decoded_at_most(files), || {
        expected("verify", store.verify(&mut |damage| assert!(damage.file.starts_with(STORE), "{damage:?}")))
    });
    drop(store);
    let Some(store) = bounded("open to write", files, 0, || expected("open to write", open(memory, Mode::ReadWrite)))
    else {
        return;
    };
    write(&store, files);
}

/// Repairs a store, to a kept commit and by salvaging: what comes of it opens.
fn repair(memory: &Memory, files: usize) {
    for salvage in [false, true] {
        let memory = memory.without(&[]);
        let rebuilt = bounded("repair", files, decoded_at_most(files), || {
            expected("repair", Store::repair_on(Arc::new(memory.clone()), Path::new(STORE), RepairOptions { salvage }))
        });
        if rebuilt.is_some() {
            match open(&memory, Mode::Read) {
                Ok(store) => read(&store, 4 * files),
                Err(error) => panic!("after a repair: {error}"),
            }
        }
    }
}

/// No codec makes more than 32 KiB of a stored byte.
fn decoded_at_most(files: usize) -> usize {
    (files as u64).saturating_mul(32 << 10).min(1 << 32) as usize
}

fn chunk_bytes(info: &ArrayInfo) -> u64 {
    let item = if info.dtype == DType::String { 32 } else { info.dtype.size() as u64 };
    info.chunk_shape.iter().fold(item, |bytes, &extent| bytes.saturating_mul(extent))
}

/// Memory that decoding chunks of an array may take.
fn decoded(info: &ArrayInfo, files: usize) -> usize {
    4 * chunk_bytes(info).min(decoded_at_most(files) as u64) as usize
}

fn read(store: &Store, files: usize) {
    let datasets = expected("names", store.dataset_names()).unwrap_or_default();
    assert!(expected("info", store.info()).is_some());
    expected("pins", store.pins());
    for dataset in datasets.iter().take(SOME) {
        let arrays = bounded("arrays", files, 0, || expected("arrays", store.array_names(dataset)));
        attributes(store, dataset, None);
        for array in arrays.into_iter().flatten().take(SOME) {
            attributes(store, dataset, Some(&array));
            read_array(store, dataset, &array, files);
            let all: Vec<&str> = datasets
                .iter()
                .map(|name| &**name)
                .filter(|name| store.has_array(name, &array).unwrap_or(false))
                .collect();
            across(store, &array, &all, files);
        }
    }
    let _ = store.array_info("no such dataset", "");
}

fn across(store: &Store, array: &str, datasets: &[&str], files: usize) {
    let Some(info) = expected("info", store.array_info(datasets[0], array)) else { return };
    let ones: Vec<u64> = info.shape.iter().map(|&extent| extent.min(1)).collect();
    let origin = vec![0; ones.len()];
    let mut values = vec![0f64; datasets.len() * ones.iter().product::<u64>() as usize];
    let largest =
        datasets.iter().filter_map(|name| store.array_info(name, array).ok()).map(|info| decoded(&info, files)).max();
    bounded("read across", files, largest.unwrap_or(0), || {
        let selection = Selection::region(&origin, &ones);
        expected("read across", store.read_across(array, datasets, selection, Target::from_slice(&mut values)))
    });
}

fn attributes(store: &Store, dataset: &str, array: Option<&str>) {
    for key in expected("attributes", store.attribute_names(dataset, array)).into_iter().flatten().take(SOME) {
        assert!(expected("attribute", store.attribute(dataset, array, &key)).is_some());
    }
}

fn read_array(store: &Store, dataset: &str, array: &str, files: usize) {
    let Some(info) = expected("info", store.array_info(dataset, array)) else { return };
    let rank = info.shape.len();
    if let Some(stats) = expected("stats", store.array_stats(dataset, array)) {
        assert!(stats.row_count == info.shape.iter().product::<u64>());
        assert!(stats.null_count <= stats.row_count, "{stats:?}");
    }
    let grid: Vec<u64> = info.shape.iter().zip(&info.chunk_shape).map(|(&s, &c)| s.div_ceil(c)).collect();
    let last: Vec<u64> = grid.iter().map(|&n| n.saturating_sub(1)).collect();
    bounded("chunk statistics", files, 0, || expected("chunk statistics", store.chunk_stats(dataset, array, &last)));
    bounded("chunk statistics", files, 0, || {
        expected("chunk statistics", store.chunk_stats(dataset, array, &vec![0; rank]))
    });
    let places = bounded("chunk places", files, 0, || expected("chunk places", store.chunk_places(dataset, array)));
    if let Some(places) = places {
        for (index, place) in places.places.iter().enumerate().take(SOME) {
            assert!(place.at + place.len <= place.raw_len && place.file < places.files.len(), "{place:?}");
            let asked = 2 * place.raw_len as usize + place.len as usize;
            bounded("stored chunk", files, asked, || expected("stored chunk", store.stored_chunk(&places, index)));
        }
    }
    // The first cell, the last, a box of few cells about the middle, and all where that is not much.
    let ones: Vec<u64> = info.shape.iter().map(|&extent| extent.min(1)).collect();
    let ends: Vec<u64> = info.shape.iter().zip(&ones).map(|(&extent, &one)| extent - one).collect();
    let middle: Vec<u64> = ends.iter().map(|&end| end / 2).collect();
    let few: Vec<u64> =
        info.shape.iter().zip(&middle).map(|(&extent, &at)| (extent - at).min(if rank < 6 { 3 } else { 1 })).collect();
    let mut parts = vec![(vec![0; rank], ones.clone()), (ends, ones), (middle, few)];
    if info.shape.iter().try_fold(1u64, |cells, &n| cells.checked_mul(n)).is_some_and(|cells| cells <= 1 << 16) {
        parts.push((vec![0; rank], info.shape.clone()));
    }
    let asked = decoded(&info, files);
    for (start, count) in parts {
        let selection = Selection::region(&start, &count);
        let cells = count.iter().product::<u64>() as usize;
        if info.dtype == DType::String {
            let read = bounded("read texts", files, asked + cells * 1024, || {
                expected("read texts", store.read_strings(dataset, array, selection))
            });
            assert!(read.is_none_or(|texts| texts.len() == cells));
        } else {
            // As floats, which converts, or refuses to; and as it is.
            let mut values = vec![0f64; cells];
            bounded("read", files, asked, || {
                expected("read", store.read_array(dataset, array, selection, Target::from_slice(&mut values)))
            });
            let mut bytes = vec![0u8; cells * info.dtype.size()];
            // SAFETY: the bytes are as many as the cells take, and alive for the call.
            let target = unsafe { Target::from_raw(bytes.as_mut_ptr(), info.dtype, None) };
            bounded("read", files, asked, || expected("read", store.read_array(dataset, array, selection, target)));
        }
    }
}

fn write(store: &Store, files: usize) {
    let mut written: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    for dataset in expected("names", store.dataset_names()).unwrap_or_default().iter().take(SOME) {
        expected("attribute", store.set_attribute(&**dataset, None, "new", 1i64));
        for array in expected("arrays", store.array_names(dataset)).into_iter().flatten().take(SOME) {
            let Some(info) = expected("info", store.array_info(dataset, &array)) else { continue };
            let whole = info.shape.iter().fold(32u64, |bytes, &extent| bytes.saturating_mul(extent.max(1)));
            if chunk_bytes(&info) > LARGE || whole > LARGE {
                continue;
            }
            let ones: Vec<u64> = info.shape.iter().map(|&extent| extent.min(1)).collect();
            let origin = vec![0; ones.len()];
            let cells = ones.iter().product::<u64>() as usize;
            let mut row = info.shape.clone();
            row.iter_mut().take(1).for_each(|n| *n = 1);
            let row_cells = row.iter().product::<u64>() as usize;
            let asked = 8 * (LARGE as usize);
            let done = bounded("write", files, asked, || {
                if info.dtype == DType::String {
                    let texts = vec!["new"; row_cells.max(cells)];
                    expected("append", store.append_strings(dataset, &array, &row, &texts[..row_cells]));
                    expected(
                        "write",
                        store.write_strings(dataset, &array, Selection::region(&origin, &ones), &texts[..cells]),
                    )
                } else {
                    let bytes = vec![0u8; info.dtype.size() * row_cells.max(cells)];
                    // SAFETY: the bytes are as many as the cells take, and alive for the call.
                    let source = || unsafe { Source::from_raw(bytes.as_ptr(), info.dtype, None) };
                    expected("append", store.append_array(dataset, &array, &row, source()));
                    expected("write", store.write_array(dataset, &array, Selection::region(&origin, &ones), source()))
                }
            });
            if done.is_some() && cells > 0 {
                written.push((dataset.clone(), array.clone()));
            }
        }
    }
    let asked = 64 * LARGE as usize;
    expected("pin", store.pin("fuzz"));
    if bounded("flush", files, asked, || expected("flush", store.flush())).is_some() {
        read(store, files + (asked >> 6));
    }
    bounded("compact", files, asked, || expected("compact", store.compact()));
    if let Some(name) = expected("names", store.dataset_names()).and_then(|names| names.first().cloned()) {
        expected("delete", store.delete_dataset(&name));
        expected("unpin", store.unpin("fuzz"));
    }
    bounded("close", files, asked, || expected("close", store.close()));
}
