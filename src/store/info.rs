//! What a store is made of.

use crate::base::dtype::DType;
use crate::base::error::Result;
use crate::codec::{Codec, Filter};
use crate::format::root::{MetaFormat, id_text};
use crate::store::Store;
use crate::store::options::{FillValue, Mode};
use crate::version::ArrayFile;
use std::path::PathBuf;
use std::sync::Arc;

/// What a store is made of; see [`Store::info`].
#[derive(Clone, Debug)]
pub struct StoreInfo {
    /// How it was opened.
    pub mode: Mode,
    /// What tells the store from every other, and its copies from none: 32 hexadecimal digits.
    pub store_id: String,
    /// Commits so far; create makes the first.
    pub generation: u64,
    /// Datasets, those not flushed included.
    pub dataset_count: u64,
    /// Array names under which something is stored.
    pub array_file_count: u64,
    /// Segments.
    pub segment_count: u64,
    /// Stored bytes of chunks that some array uses.
    pub live_bytes: u64,
    /// Stored bytes that compact would free.
    pub dead_bytes: u64,
    /// Whether a flush would write anything.
    pub unflushed_changes: bool,
    /// Notation of the root.
    pub meta_format: MetaFormat,
    /// Whether the root is compressed.
    pub meta_zstd: bool,
    /// Earlier commits that are kept, as [`CreateOptions`](crate::CreateOptions) has it; what is not flushed included.
    pub keep_generations: Option<u32>,
}

/// What is stored under one array name; see [`Store::array_files`].
#[derive(Clone, Debug)]
pub struct ArrayFileInfo {
    /// The array name.
    pub array: Arc<str>,
    /// The folder of its segments.
    pub folder: PathBuf,
    /// Segments.
    pub segment_count: u64,
    /// Bytes of the segments, and of their parts.
    pub file_bytes: u64,
    /// Stored bytes of chunks that some array uses.
    pub live_bytes: u64,
    /// Stored bytes that compact would free.
    pub dead_bytes: u64,
}

/// What an array is; see [`Store::array_info`].
#[derive(Clone, Debug)]
pub struct ArrayInfo {
    /// Type of the elements.
    pub dtype: DType,
    /// Extents.
    pub shape: Vec<u64>,
    /// Extents of a chunk.
    pub chunk_shape: Vec<u64>,
    /// Extents of the pieces that a chunk is stored in, each compressed by itself; `chunk_shape` where that is one.
    pub piece_shape: Vec<u64>,
    /// Names of the dimensions.
    pub dims: Vec<String>,
    /// How chunks are compressed.
    pub codec: Codec,
    /// How hard.
    pub level: i32,
    /// Whether bytes are shuffled first.
    pub shuffle: bool,
    /// What is done to the elements before that.
    pub filter: Filter,
    /// Bits of the mantissa that are kept of floats that are written; all where it is `None`.
    pub keep_bits: Option<u32>,
    /// Whether small chunks may be compressed together with others.
    pub pack: bool,
    /// The value of cells that were never written.
    pub fill_value: Option<FillValue>,
    /// Whether a write past the end of dimension 0 makes it grow.
    pub unlimited: bool,
}

impl Store {
    /// Generation, counts and bytes.
    pub fn info(&self) -> Result<StoreInfo> {
        let state = self.state()?;
        let version = &state.version;
        Ok(StoreInfo {
            mode: self.mode,
            store_id: id_text(&self.place.store_id),
            generation: version.generation,
            dataset_count: state.catalogue.len() as u64,
            array_file_count: version.files.len() as u64,
            segment_count: version.files.values().map(|file| file.segments.len() as u64).sum(),
            live_bytes: version.files.values().map(|file| file.live_bytes).sum(),
            dead_bytes: version.files.values().map(|file| file.dead_bytes).sum(),
            unflushed_changes: state.catalogue.has_unflushed_changes(),
            meta_format: self.place.notation.format,
            meta_zstd: self.place.notation.zstd,
            keep_generations: state.catalogue.keeping().generations,
        })
    }

    /// What the commit that this handle sees has stored, by array name.
    pub fn array_files(&self) -> Result<Vec<ArrayFileInfo>> {
        let version = self.state()?.version.clone();
        let info = |(array, file): (&Arc<str>, &ArrayFile)| ArrayFileInfo {
            array: array.clone(),
            folder: self.place.folder(&file.folder),
            segment_count: file.segments.len() as u64,
            file_bytes: file
                .segments
                .iter()
                .map(|segment| segment.record.length + segment.record.parts.unwrap_or(0))
                .sum(),
            live_bytes: file.live_bytes,
            dead_bytes: file.dead_bytes,
        };
        Ok(version.files.iter().map(info).collect())
    }
}
