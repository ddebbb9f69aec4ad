//! The first rows of a chunk that is appended to: no memory is taken for those that are still to come, and what there is can
//! be set down in a file that its writer alone knows.

use crate::base::error::{Error, Result, error};
use crate::chunk::schema::Schema;
use crate::memory::buffers::{self, Buffer, Buffers};
use crate::storage::{ReadFile, Storage, WriteFile};
use std::path::PathBuf;
use std::sync::Arc;

/// Whole rows along dimension 0, from the first of a chunk of numbers on; the cells behind them were never written.
#[derive(Default)]
pub(crate) struct Rows {
    /// One behind the other.
    pieces: Vec<Piece>,
    /// How many rows they are.
    pub count: u64,
    /// Bytes of those in memory.
    memory: usize,
}

enum Piece {
    Memory(Buffer),
    SetDown(SetDown),
}

/// Bytes in a scratch file, which has no name any more and is gone when the last of it is.
struct SetDown {
    file: Arc<ScratchFile>,
    offset: u64,
    len: usize,
}

/// A file without a name.
struct ScratchFile {
    file: Arc<dyn ReadFile>,
    /// The path that it had.
    path: PathBuf,
}

/// A scratch file that is being written.
pub(crate) struct Scratch {
    file: Arc<ScratchFile>,
    writer: Box<dyn WriteFile>,
    len: u64,
}

impl Scratch {
    /// Makes the file, which nobody else finds: its name is gone again.
    pub fn create(storage: &dyn Storage, path: PathBuf) -> Result<Self> {
        let (writer, file) = storage.scratch(&path).map_err(|error| Error::io("make", &path, &error))?;
        Ok(Self { file: Arc::new(ScratchFile { file, path }), writer, len: 0 })
    }

    /// Sets down what of `rows` is in memory. After an error that is as it was.
    pub fn take(&mut self, rows: &mut Rows) -> Result<()> {
        let offset = self.len;
        for piece in &rows.pieces {
            if let Piece::Memory(bytes) = piece {
                self.len += bytes.len() as u64;
                self.writer.append(bytes).map_err(|error| Error::io("write", &self.file.path, &error))?;
            }
        }
        rows.set_down(&self.file, offset);
        Ok(())
    }
}

impl Rows {
    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// Makes room to note one more piece.
    pub fn reserve(&mut self) -> Result<()> {
        buffers::reserve(&mut self.pieces, 1)
    }

    /// Adds so many rows.
    pub fn push(&mut self, rows: u64, bytes: Buffer) {
        self.count += rows;
        self.memory += bytes.len();
        self.pieces.push(Piece::Memory(bytes));
    }

    /// What was in memory is in a file from `offset` on.
    fn set_down(&mut self, file: &Arc<ScratchFile>, mut offset: u64) {
        for piece in &mut self.pieces {
            if let Piece::Memory(bytes) = piece {
                let len = bytes.len();
                *piece = Piece::SetDown(SetDown { file: file.clone(), offset, len });
                offset += len as u64;
            }
        }
        self.memory = 0;
        // Neighbours in one file are one.
        self.pieces.dedup_by(|piece, before| match (before, piece) {
            (Piece::SetDown(before), Piece::SetDown(piece)) => {
                let is_next =
                    Arc::ptr_eq(&before.file, &piece.file) && before.offset + before.len as u64 == piece.offset;
                before.len += if is_next { piece.len } else { 0 };
                is_next
            }
            _ => false,
        });
    }

    /// The whole chunk.
    pub fn to_numbers(&self, schema: &Schema, buffers: &Buffers) -> Result<Buffer> {
        let mut bytes = buffers.take(schema.chunk_bytes())?;
        let mut rest = &mut bytes[..];
        for piece in &self.pieces {
            let len = match piece {
                Piece::Memory(bytes) => bytes.len(),
                Piece::SetDown(set_down) => set_down.len,
            };
            let (place, behind) = (rest.split_at_mut_checked(len))
                .ok_or_else(|| error!(Internal, "more rows than a chunk of {} bytes has", schema.chunk_bytes()))?;
            match piece {
                Piece::Memory(bytes) => place.copy_from_slice(bytes),
                Piece::SetDown(SetDown { file, offset, .. }) => (file.file.read_at(place, *offset))
                    .map_err(|error| Error::io("read values set aside in", &file.path, &error))?,
            }
            rest = behind;
        }
        schema.fill(rest);
        Ok(bytes)
    }
}
