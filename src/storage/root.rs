//! The replacement of the root: the one name in a store whose content changes.

use super::{ReadFile, Storage, WriterLock};
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// Bytes of a root that tell it from others: its generation is in the first, its checksum in the last.
const FIRST: usize = 256;
const LAST: usize = 32;
/// How often, and how far apart, a writer without a lock looks whether the claim of another is gone.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// What tells one root from another by their content alone: length, the beginning, which has the generation, and the end,
/// which has the checksum of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    length: u64,
    first: Vec<u8>,
    last: Vec<u8>,
}

impl Mark {
    /// The mark of a root of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            length: bytes.len() as u64,
            first: bytes[..bytes.len().min(FIRST)].to_vec(),
            last: bytes[bytes.len().saturating_sub(LAST)..].to_vec(),
        }
    }

    /// The mark of the root in a file.
    pub fn read(file: &dyn ReadFile) -> io::Result<Self> {
        let length = file.length()?;
        let mut first = vec![0; FIRST.min(length as usize)];
        let mut last = vec![0; LAST.min(length as usize)];
        file.read_at(&mut first, 0)?;
        let behind = length - last.len() as u64;
        file.read_at(&mut last, behind)?;
        Ok(Self { length, first, last })
    }

    /// The mark of the root at a path; `None` where there is none.
    pub fn at(storage: &(impl Storage + ?Sized), path: &Path) -> io::Result<Option<Self>> {
        let mut looks = 0;
        loop {
            match storage.open(path).and_then(|file| Self::read(&*file)) {
                Ok(mark) => return Ok(Some(mark)),
                Err(error) => match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => return Ok(None),
                    // It was replaced under the reader's eyes.
                    io::ErrorKind::StaleNetworkFileHandle if looks < LOOKS => looks += 1,
                    _ => return Err(error),
                },
            }
        }
    }
}

/// A root that is to be put in the place of another.
pub struct RootSwap<'s> {
    /// The root's path.
    pub root: &'s Path,
    /// Where the new root has been written already, under a name that nobody else uses. It is left there unless the swap
    /// is done.
    pub draft: &'s Path,
    /// The new root.
    pub bytes: &'s [u8],
    /// The root that it is to replace; `None` where there must be none.
    pub expected: Option<&'s Mark>,
    /// A name under which the one that is replaced stays.
    pub keep_as: Option<&'s Path>,
    /// The writer's lock, which must still be in place. A writer without one claims the root by a link of this name for
    /// as long as the swap takes.
    pub lock: Result<&'s dyn WriterLock, &'s Path>,
}

/// What became of a [`RootSwap`].
#[derive(Debug)]
pub enum Swapped {
    /// The new root is there. It is kept after a crash once the directory is synced. The error is that of keeping the old
    /// one.
    Done(Option<io::Error>),
    /// Another writer was there; what was seen of it. The new root is certainly not there.
    Refused(&'static str),
    /// It failed, and the new root is certainly not there.
    Failed(io::Error),
    /// It failed, or was reported to, and whether the new root is there, or was, cannot be told.
    Unknown(io::Error),
}

pub(super) const REPLACED: &str = "the root was replaced by another writer since this one last saw it";
const UNLOCKED: &str = "the lock file is not the one that this writer holds: it was removed or replaced";
const CLAIMED: &str = "the root is being replaced by another writer";

/// [`Storage::swap_root`] for storages with atomic links and renames.
pub(super) fn swap_by_rename(storage: &(impl Storage + ?Sized), swap: &RootSwap<'_>) -> Swapped {
    let new = Mark::of(swap.bytes);
    let claim = match swap.lock {
        Ok(_) => None,
        Err(claim) => match take_claim(storage, swap, claim, &new) {
            Ok(None) => is_own_claim(storage, claim, &new).then_some(claim),
            Ok(Some(refused)) => return Swapped::Refused(refused),
            Err(error) => return Swapped::Failed(error),
        },
    };
    let swapped = match check(storage, swap, claim, &new) {
        Ok(None) => rename(storage, swap, &new),
        Ok(Some(refused)) => Swapped::Refused(refused),
        Err(error) => Swapped::Failed(error),
    };
    if let Some(claim) = claim
        && is_own_claim(storage, claim, &new)
    {
        // What stays of it is taken for abandoned by the next writer.
        let _ = storage.remove(claim);
    }
    swapped
}

/// Whether the claim that is there is a link to the new root.
fn is_own_claim(storage: &(impl Storage + ?Sized), claim: &Path, new: &Mark) -> bool {
    Mark::at(storage, claim).is_ok_and(|mark| mark.as_ref() == Some(new))
}

/// Why the swap must not be done.
fn check(
    storage: &(impl Storage + ?Sized),
    swap: &RootSwap<'_>,
    claim: Option<&Path>,
    new: &Mark,
) -> io::Result<Option<&'static str>> {
    if let Ok(lock) = swap.lock
        && !lock.is_in_place()?
    {
        return Ok(Some(UNLOCKED));
    }
    if Mark::at(storage, swap.root)?.as_ref() != swap.expected {
        return Ok(Some(REPLACED));
    }
    if claim.is_some_and(|claim| !is_own_claim(storage, claim, new)) {
        return Ok(Some(CLAIMED));
    }
    Ok(None)
}

fn rename(storage: &(impl Storage + ?Sized), swap: &RootSwap<'_>, new: &Mark) -> Swapped {
    let kept = swap.keep_as.and_then(|kept| keep(storage, swap.root, kept).err());
    let Err(error) = storage.rename(swap.draft, swap.root) else { return Swapped::Done(kept) };
    // A network file system may say so of a rename that it has done.
    match Mark::at(storage, swap.root) {
        Ok(Some(there)) if there == *new => Swapped::Done(kept),
        Ok(there) if there.as_ref() == swap.expected => Swapped::Failed(error),
        // Whatever is there may have replaced the new root.
        _ => Swapped::Unknown(error),
    }
}

/// Gives the root another name beside its own.
pub(crate) fn keep(storage: &(impl Storage + ?Sized), root: &Path, kept: &Path) -> io::Result<()> {
    match storage.link(root, kept) {
        // Left by a swap that failed; or, where nothing is synced, by one that a crash undid.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            storage.remove(kept)?;
            storage.link(root, kept)
        }
        linked => linked,
    }
}

/// Claims the root: of two writers that know of no lock only one may be between its look at the root and its rename.
///
/// A claim that does not change for as long as this waits is that of a writer that was killed, and is taken away. One that
/// was merely stopped for so long in that moment, and then goes on, is what nothing but a lock protects from.
fn take_claim(
    storage: &(impl Storage + ?Sized),
    swap: &RootSwap<'_>,
    claim: &Path,
    new: &Mark,
) -> io::Result<Option<&'static str>> {
    let mut holder: Option<Mark> = None;
    let mut looks = 0;
    loop {
        match storage.link(swap.draft, claim) {
            Ok(()) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // A file system without links: the root's mark has to do.
            Err(error) if is_unsupported(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
        let there = Mark::at(storage, claim)?;
        if there.as_ref() == Some(new) {
            return Ok(None);
        }
        if Mark::at(storage, swap.root)?.as_ref() != swap.expected {
            return Ok(Some(REPLACED));
        }
        if there.is_none() || there != holder {
            (holder, looks) = (there, 0);
        } else if looks == LOOKS {
            match storage.remove(claim) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => (holder, looks) = (None, 0),
            }
        }
        looks += 1;
        sleep(BETWEEN_LOOKS);
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported || error.raw_os_error() == Some(libc::EPERM)
}
