//! Who may use what is made in a store: those who may use what is there.
//!
//! A store may be shared by a group of users, each with a umask of their own. Were that all that counted, one commit of
//! one of them could lock the others out. So while a store is open for writing, what is made in it gets the permissions of
//! its root and its lock file beside those that the umask leaves, and the root's group. Its folder is the bound: what that
//! does not allow is not given. A store without a root is being made, and the umask alone counts.

use super::{Storage, disk::LocalDisk};
use crate::base::process::PerProcess;
use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Clone, Copy)]
struct Access {
    file: u32,
    folder: u32,
    group: u32,
}

/// Of the stores that this process writes, by their folders.
static STORES: PerProcess<Mutex<Vec<(PathBuf, Access)>>> = PerProcess::new(Mutex::default);

fn stores() -> MutexGuard<'static, Vec<(PathBuf, Access)>> {
    STORES.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// Learns who may use the store in `folder`, and lets them use its lock file.
pub(super) fn learn(folder: &Path, lock: &File) -> io::Result<()> {
    forget(folder);
    let entries = match LocalDisk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        entries => entries?,
    };
    let is_root = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"atlas."));
    let Some(root) = entries.iter().find(|entry| !entry.is_dir && is_root(&entry.path)) else { return Ok(()) };
    let (root, bound) = (std::fs::symlink_metadata(&root.path)?, std::fs::metadata(folder)?);
    if root.is_file() {
        let file = (root.mode() | lock.metadata()?.mode()) & bound.mode() & 0o666;
        let access = Access { file, folder: bound.mode() & 0o2777, group: root.gid() };
        access.give(lock, access.file)?;
        stores().push((folder.to_owned(), access));
    }
    Ok(())
}

/// The store in `folder` is no longer written.
pub(super) fn forget(folder: &Path) {
    stores().retain(|(known, _)| known != folder);
}

/// Gives a file or a folder that was just made at `path` to those who may use the store that it is in, if it is in one.
pub(super) fn share(path: &Path, made: &File) -> io::Result<()> {
    let known = |folder| stores().iter().find(|(known, _)| known == folder).map(|(_, access)| *access);
    let access = path.ancestors().skip(1).take(2).find_map(known);
    let Some(access) = access else { return Ok(()) };
    access.give(made, if made.metadata()?.is_dir() { access.folder } else { access.file })
}

impl Access {
    fn give(self, made: &File, mut mode: u32) -> io::Result<()> {
        let found: Metadata = made.metadata()?;
        // EINVAL: a group that this user namespace does not have.
        let is_refused = |error: &io::Error| matches!(error.raw_os_error(), Some(libc::EPERM | libc::EINVAL));
        if found.gid() != self.group {
            match fchown(made, None, Some(self.group)) {
                Ok(()) => {}
                // To the group that it has instead, nothing is given that is not everybody's.
                Err(error) if is_refused(&error) => mode = mode & 0o707 | (mode & 0o007) << 3,
                Err(error) => return Err(error),
            }
        }
        let before = found.mode() & 0o7777;
        if before | mode == before {
            return Ok(());
        }
        match made.set_permissions(Permissions::from_mode(before | mode)) {
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => Ok(()),
            given => given,
        }
    }
}
