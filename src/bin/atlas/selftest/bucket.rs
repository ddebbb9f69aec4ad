//! What an object storage gives: whether what commits rest on holds, and how long a request takes.

use super::{Found, commit, report, timed};
use crate::Outcome;
use crate::output::{Failure, Out, bytes};
use crate::target::remove_all;
use atlas_store::storage::{Mark, ObjectStorage, RootSwap, Storage, Swapped, read_all, url_of};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// More than what one request sends.
const LARGE: usize = 9 << 20;

pub fn service(out: &mut Out, url: &str) -> Outcome {
    let failed = |error: io::Error| Failure::other(format!("{url}: {error}"));
    ObjectStorage::at(url).map_err(failed)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let folder = format!("{}/atlas-selftest-{}-{now}", url.trim_end_matches('/'), std::process::id());
    type Check = fn(&str) -> io::Result<Found>;
    let checks: [(&str, Check); 6] = [
        ("objects", objects),
        ("made once", made_once),
        ("replaced if same", replaced_if_same),
        ("large objects", large),
        ("a request", request),
        ("least commit", |folder| commit(Path::new(folder))),
    ];
    let found =
        checks.map(|(name, check)| (name, check(&folder).unwrap_or_else(|error| Found::Fails(error.to_string()))));
    let scheme = url_of(Path::new(url)).map_or("", |(_, scheme, _)| scheme);
    let reported = report(out, ("service", scheme.into()), &found)?;
    remove_all(&folder).map_err(failed)?;
    Ok(reported)
}

/// The storage, and a path in it.
fn at(folder: &str, name: &str) -> io::Result<(ObjectStorage, PathBuf)> {
    Ok((ObjectStorage::at(folder)?, Path::new(folder).join(name)))
}

fn write(storage: &ObjectStorage, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = storage.create(path)?;
    file.append(bytes)?;
    file.sync()
}

fn objects(folder: &str) -> io::Result<Found> {
    let (storage, path) = at(folder, "folder/object")?;
    let text: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
    write(&storage, &path, &text)?;
    let file = storage.open(&path)?;
    let mut part = [0; 300];
    file.read_at(&mut part, 50_000)?;
    let is_there = |folder: &str, of: &Path| {
        Ok::<_, io::Error>(storage.list(Path::new(folder))?.iter().any(|entry| entry.path == of))
    };
    let below = format!("{folder}/folder");
    if read_all(&*file)? != text || part != text[50_000..50_300] {
        return Ok(Found::Fails("other bytes are read than were written".into()));
    }
    if !is_there(&below, &path)? || !is_there(folder, Path::new(&below))? {
        return Ok(Found::Fails("an object that is there is not listed".into()));
    }
    storage.remove(&path)?;
    Ok(if is_there(&below, &path)? {
        Found::Fails("an object that was removed is still listed".into())
    } else {
        Found::Works("written, read in parts, listed, removed".into())
    })
}

/// Puts a root in the place of one with this mark, or of none.
fn swap(storage: &ObjectStorage, root: &Path, bytes: &[u8], expected: Option<&Mark>) -> Swapped {
    storage.swap_root(&RootSwap { root, draft: root, bytes, expected, keep_as: None, lock: Err(root) })
}

/// What it means that the second of two was let through, or not.
fn second(swapped: Swapped, works: &str) -> Found {
    match swapped {
        Swapped::Refused(_) => Found::Works(works.into()),
        Swapped::Failed(error) | Swapped::Unknown(error) => Found::Fails(error.to_string()),
        Swapped::Done(_) => Found::Fails(
            "the condition of a put is not heeded: of two writers that meet one loses what it has committed".into(),
        ),
    }
}

fn made_once(folder: &str) -> io::Result<Found> {
    let (one, path) = at(folder, "made")?;
    match swap(&one, &path, b"one", None) {
        Swapped::Done(_) => {
            Ok(second(swap(&at(folder, "made")?.0, &path, b"two", None), "of two that make it one is refused"))
        }
        other => Ok(Found::Fails(format!("{other:?}"))),
    }
}

fn replaced_if_same(folder: &str) -> io::Result<Found> {
    let ((one, path), (two, _)) = (at(folder, "replaced")?, at(folder, "replaced")?);
    write(&one, &path, b"before")?;
    let before = Mark::of(&one.read_root(&path)?);
    two.read_root(&path)?;
    match swap(&one, &path, b"one", Some(&before)) {
        Swapped::Done(_) => {
            let found = second(swap(&two, &path, b"two", Some(&before)), "of two that replace it one is refused");
            let there = two.read_root(&path)?;
            Ok(if there == b"one" { found } else { Found::Fails("what was acknowledged is gone".into()) })
        }
        other => Ok(Found::Fails(format!("{other:?}"))),
    }
}

fn large(folder: &str) -> io::Result<Found> {
    let (storage, path) = at(folder, "large")?;
    let sent: Vec<u8> = (0..LARGE as u32 / 4).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
    write(&storage, &path, &sent)?;
    Ok(if read_all(&*storage.open(&path)?)? == sent {
        Found::Works(format!("{}, in parts", bytes(LARGE as u64)))
    } else {
        Found::Fails("other bytes are read than were written".into())
    })
}

fn request(folder: &str) -> io::Result<Found> {
    let (storage, path) = at(folder, "asked")?;
    write(&storage, &path, b"text")?;
    let (median, longest) = timed(|_| storage.open(&path).map(drop))?;
    Ok(Found::Works(format!("{median:.1?}, at most {longest:.1?}")))
}
