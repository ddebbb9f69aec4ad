//! What arrays of many datasets have in common: everything but their shape and their values.

use crate::base::dtype::DType;
use crate::base::error::{Result, bail, error};
use crate::base::shape::{Dims, cells, check_shape};
use crate::base::value::Value;
use crate::chunk::grid;
use crate::chunk::rounding::{Rounding, mantissa_bits};
use crate::codec::Compression;
use std::sync::Arc;

/// Bytes of one chunk, at most: Zarr's codecs count them in 31 bits.
pub(crate) const MAX_CHUNK_BYTES: u64 = (1 << 31) - 1;
/// Cells of a chunk of texts, at most.
const MAX_CHUNK_TEXTS: u64 = 1 << 24;

/// The value of cells that were never written, and of those that are missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fill {
    /// One element.
    Bytes(Vec<u8>),
    /// Of an array of texts.
    Text(Arc<str>),
}

impl Fill {
    pub fn to_value(&self, dtype: DType) -> Value {
        match self {
            Fill::Text(text) => Value::String(vec![text.to_string()]),
            // `Schema::check` has seen that the bytes are an element.
            Fill::Bytes(bytes) => Value::from_bytes(dtype, bytes).unwrap_or(Value::U8(Vec::new())),
        }
    }

    pub fn from_value(dtype: DType, value: &Value) -> Result<Self> {
        if value.dtype() != dtype || value.len() != 1 {
            bail!(Corrupt, "a fill value of {} {} for an array of {dtype}", value.len(), value.dtype());
        }
        Ok(match value {
            Value::String(texts) => Fill::Text(texts[0].as_str().into()),
            _ => Fill::Bytes(value.to_bytes()),
        })
    }
}

/// Element type, dimensions' names, chunks, codec and fill value of an array.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Schema {
    pub dtype: DType,
    pub dims: Vec<Arc<str>>,
    pub chunk_shape: Dims,
    /// Extents of the pieces that chunks are stored in, which divide those of the chunk and are runs of it in C order; the
    /// chunk's own where each is one stream.
    pub piece_shape: Dims,
    pub compression: Compression,
    /// Bits of the mantissa that are kept of each float that is written; all where it is `None`.
    pub keep_bits: Option<u32>,
    /// Whether small chunks may be compressed together with others; otherwise each has a block of its own.
    pub pack: bool,
    pub fill: Option<Fill>,
    /// The chunk shape was chosen for an array of fixed shape; the first append chooses again.
    pub rechunk_on_append: bool,
    /// A write past the end of dimension 0 makes it grow.
    pub unlimited: bool,
}

impl Schema {
    /// Cells of a chunk.
    pub fn chunk_cells(&self) -> usize {
        cells(&self.chunk_shape) as usize
    }

    /// Bytes of a chunk of numbers.
    pub fn chunk_bytes(&self) -> usize {
        self.chunk_cells() * self.dtype.size()
    }

    /// How many pieces a chunk is stored in.
    pub fn pieces(&self) -> u32 {
        (cells(&self.chunk_shape) / cells(&self.piece_shape).max(1)) as u32
    }

    /// Whether small chunks may be packed: those in pieces, which another writer may have made small, never are.
    pub fn packs(&self) -> bool {
        self.pack && self.pieces() == 1
    }

    /// The fill value of an array of numbers, if it has one.
    pub fn fill_bytes(&self) -> Option<&[u8]> {
        match &self.fill {
            Some(Fill::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// What becomes of numbers that are written.
    pub fn rounding(&self) -> Option<Rounding<'_>> {
        self.keep_bits.map(|keep_bits| Rounding { dtype: self.dtype, keep_bits, fill: self.fill_bytes() })
    }

    /// The fill value of an array of texts, if it has one.
    pub fn fill_text(&self) -> Option<&str> {
        match &self.fill {
            Some(Fill::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Makes whole elements of a chunk of numbers the fill value, or zero.
    pub fn fill(&self, bytes: &mut [u8]) {
        match self.fill_bytes() {
            Some(fill) if fill.iter().any(|&byte| byte != 0) => {
                bytes.chunks_exact_mut(fill.len()).for_each(|cell| cell.copy_from_slice(fill));
            }
            _ => bytes.fill(0),
        }
    }

    /// Checks what the rest of the engine takes for granted.
    pub fn check(&self) -> Result<()> {
        let (rank, size) = (self.chunk_shape.len(), self.dtype.size());
        if self.dims.len() != rank {
            bail!(InvalidArgument, "{} dimension names for rank {rank}", self.dims.len());
        }
        if self.unlimited && rank == 0 {
            bail!(InvalidArgument, "an array of rank 0 has no dimension that could be unlimited");
        }
        if let Some(d) = self.chunk_shape.iter().position(|&extent| extent == 0) {
            bail!(InvalidArgument, "chunk_shape[{d}] is 0");
        }
        check_shape(&self.chunk_shape, size).map_err(|error| error.context("chunk shape"))?;
        let filter = self.compression.filter;
        if !filter.takes(self.dtype) {
            bail!(
                InvalidArgument,
                "filter {}: it is for integers, times and floats of 1 to 8 bytes, and c64, not for {}",
                filter.name(),
                self.dtype
            );
        }
        if let Some(keep_bits) = self.keep_bits {
            match mantissa_bits(self.dtype) {
                None => bail!(
                    InvalidArgument,
                    "keep_bits is {keep_bits}: floats and complex numbers can be rounded, not {}",
                    self.dtype
                ),
                Some(most) if !(1..=most).contains(&keep_bits) => {
                    bail!(InvalidArgument, "keep_bits is {keep_bits}: of {} 1 to {most} bits can be kept", self.dtype)
                }
                Some(_) => {}
            }
        }
        if !grid::is_run(&self.chunk_shape, &self.piece_shape) {
            bail!(InvalidArgument, "pieces of shape {:?} in chunks of {:?}", self.piece_shape, self.chunk_shape);
        }
        if self.dtype == DType::String && self.piece_shape != self.chunk_shape {
            bail!(InvalidArgument, "chunks of texts in pieces");
        }
        let n = cells(&self.chunk_shape);
        if self.dtype == DType::String && n > MAX_CHUNK_TEXTS {
            bail!(InvalidArgument, "a chunk of shape {:?} holds {n} texts, over {MAX_CHUNK_TEXTS}", self.chunk_shape);
        }
        if n * size as u64 > MAX_CHUNK_BYTES {
            return Err(error!(
                InvalidArgument,
                "a chunk of shape {:?} takes {} bytes, over {MAX_CHUNK_BYTES}",
                self.chunk_shape,
                n * size as u64
            ));
        }
        if let Some(Fill::Text(text)) = &self.fill
            && n.saturating_mul(4 + text.len() as u64) > u64::from(u32::MAX) - 4
        {
            bail!(InvalidArgument, "a chunk of {n} fill values of {} bytes exceeds 2^32 bytes", text.len());
        }
        let fits = match &self.fill {
            None => true,
            Some(Fill::Text(_)) => self.dtype == DType::String,
            Some(Fill::Bytes(bytes)) => {
                self.dtype != DType::String && bytes.len() == size && Value::from_bytes(self.dtype, bytes).is_ok()
            }
        };
        if !fits {
            bail!(InvalidArgument, "the fill value is not one {}", self.dtype);
        }
        Ok(())
    }
}
