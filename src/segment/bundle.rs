//! Bundles: files of many small segments, which one commit writes for as many array names.
//!
//! A bundle is a header and, one behind the other, segments, each behind its length. A root names a segment in a bundle by
//! the file and where in it the segment begins.

use crate::base::error::{Error, Result, bail, error};
use crate::format::segment::{self as layout, HEADER_LEN};
use crate::memory::buffers;
use crate::segment::writer::NewFile;
use crate::storage::{ReadFile, Storage, WriteFile, create_file};
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes of a segment's length.
const LENGTH: u64 = 8;
/// Where the first segment begins.
pub(crate) const FIRST: u64 = HEADER_LEN as u64 + LENGTH;
/// Segments of less are bundled.
pub(crate) const BUNDLE_BELOW: usize = 64 << 10;
/// Bytes that are gathered before they are written.
const WRITE_BUFFER: usize = 1 << 20;

/// A bundle being written. There is a file once there is a segment.
pub(crate) struct Bundle {
    storage: Arc<dyn Storage>,
    file: Option<Box<dyn WriteFile>>,
    pub path: PathBuf,
    is_new_folder: bool,
    gathered: Vec<u8>,
    /// Bytes so far.
    end: u64,
}

impl Bundle {
    /// Begins a bundle that is to be the file at `path`, in a folder that may be missing where `is_new_folder` says so.
    pub fn new(storage: &Arc<dyn Storage>, path: PathBuf, is_new_folder: bool, store_id: &[u8; 16]) -> Self {
        let gathered = layout::header(layout::BUNDLE, store_id).to_vec();
        Self { storage: storage.clone(), file: None, path, is_new_folder, gathered, end: HEADER_LEN as u64 }
    }

    /// Adds a segment; where in the file it begins.
    pub fn add(&mut self, segment: &[u8]) -> Result<u64> {
        if self.file.is_none() {
            self.file = Some(create_file(&*self.storage, &self.path, self.is_new_folder)?);
        }
        let at = self.end + LENGTH;
        buffers::extend(&mut self.gathered, &(segment.len() as u64).to_le_bytes())?;
        buffers::extend(&mut self.gathered, segment)?;
        self.end = at + segment.len() as u64;
        if self.gathered.len() >= WRITE_BUFFER { self.write() } else { Ok(()) }?;
        Ok(at)
    }

    fn write(&mut self) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.append(&self.gathered).map_err(|error| Error::io("write", &self.path, &error))?;
        self.gathered.clear();
        Ok(())
    }

    /// The file, if there is one. It and its folder are the caller's to sync, unless nobody does.
    pub fn finish(mut self, sync: bool) -> Result<Option<NewFile>> {
        self.write()?;
        let Some(mut file) = self.file else { return Ok(None) };
        if !sync {
            file.close().map_err(|error| Error::io("close", &self.path, &error))?;
        }
        Ok(Some(NewFile { path: self.path, file }))
    }
}

/// What a segment of so many bytes takes in a bundle.
pub(crate) fn taken(length: u64) -> u64 {
    LENGTH.saturating_add(length)
}

/// Checks that a file is a bundle of this store, with a segment of this length at `at`.
pub(super) fn check(file: &dyn ReadFile, store_id: &[u8; 16], at: u64, length: u64) -> Result<()> {
    let mut header = [0; HEADER_LEN];
    file.read_at(&mut header, 0).map_err(|error| error!(Corrupt, "its header cannot be read: {error}"))?;
    layout::check_header(layout::BUNDLE, &header, store_id)?;
    let said = length_at(file, at - LENGTH)?;
    if said != length {
        bail!(Corrupt, "the bundle says that the segment has {said} bytes, the root says {length}");
    }
    Ok(())
}

fn length_at(file: &dyn ReadFile, offset: u64) -> Result<u64> {
    let mut bytes = [0; LENGTH as usize];
    file.read_at(&mut bytes, offset).map_err(|error| error!(Corrupt, "a segment's length cannot be read: {error}"))?;
    Ok(u64::from_le_bytes(bytes))
}

/// Where the segments of a bundle begin, and their lengths, as far as the file tells. The last may reach beyond its end.
pub(crate) fn segments_in(file: &dyn ReadFile) -> Vec<(u64, u64)> {
    let (mut segments, mut at) = (Vec::new(), FIRST);
    while let Ok(length) = length_at(file, at - LENGTH) {
        segments.push((at, length));
        match at.checked_add(taken(length)) {
            Some(next) if length > 0 => at = next,
            _ => break,
        }
    }
    segments
}
