//! What the header of a classic file (CDF-1, CDF-2, CDF-5) asks for: libnetcdf reads zeros past the end of a file, and takes
//! the numbers of a header for what they are.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Bytes of a name, at most: NetCDF's.
const MAX_NAME: u64 = 256;
/// Dimensions of a variable, at most: NetCDF's.
const MAX_RANK: u64 = 1024;

/// Whether a file may be read: `Ok(Err(text))` says what is wrong with it. A file of another format passes; its own library
/// checks it.
pub fn check(path: &Path) -> io::Result<Result<(), String>> {
    let file = File::open(path)?;
    let found = file.metadata()?.len();
    let mut header = Header { file: BufReader::new(file), size: found, at: 0, version: 0 };
    let mut magic = [0; 4];
    match header.file.read_exact(&mut magic) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Ok(())),
        read => read?,
    }
    header.at = 4;
    header.version = match magic {
        [b'C', b'D', b'F', version @ (1 | 2 | 5)] => version,
        _ => return Ok(Ok(())),
    };
    match header.needed() {
        Ok(needed) if u128::from(found) < needed => {
            Ok(Err(format!("is truncated: it has {found} bytes, and its header says {needed}")))
        }
        Ok(_) => Ok(Ok(())),
        Err(Odd::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        Err(Odd::Io(_)) => Ok(Err(format!("is truncated: it has {found} bytes, and its header is longer"))),
        Err(Odd::Says(text)) => Ok(Err(format!("is damaged: its header has {text}"))),
    }
}

enum Odd {
    Io(io::Error),
    Says(String),
}

impl From<io::Error> for Odd {
    fn from(error: io::Error) -> Self {
        Odd::Io(error)
    }
}

/// A header, read from its begin to its end.
struct Header {
    file: BufReader<File>,
    size: u64,
    at: u64,
    version: u8,
}

const DIMENSIONS: u64 = 10;
const VARIABLES: u64 = 11;
const ATTRIBUTES: u64 = 12;
/// The number of records of a file that was being written as a stream.
const STREAMING: u64 = u32::MAX as u64;

impl Header {
    /// Bytes of the file from its begin to its last value; padding behind that is no value.
    fn needed(&mut self) -> Result<u128, Odd> {
        let records = self.count()?;
        if records == STREAMING && self.version != 5 || records == u64::MAX {
            return Err(Odd::Says("no number of records, as of a file that is still being written".into()));
        }
        let mut extents = Vec::new();
        for _ in 0..self.list(DIMENSIONS)? {
            self.name()?;
            extents.push(self.count()?);
        }
        if extents.iter().filter(|&&extent| extent == 0).count() > 1 {
            return Err(Odd::Says("several dimensions that can grow".into()));
        }
        self.attributes()?;
        let mut fixed = Vec::new();
        let mut recorded = Vec::new();
        for _ in 0..self.list(VARIABLES)? {
            self.name()?;
            let rank = self.count()?;
            if rank > MAX_RANK {
                return Err(Odd::Says(format!("a variable of {rank} dimensions")));
            }
            let mut shape = Vec::new();
            for _ in 0..rank {
                let id = self.count()?;
                let extent = usize::try_from(id).ok().and_then(|id| extents.get(id));
                shape.push(*extent.ok_or_else(|| Odd::Says(format!("a dimension {id} of {}", extents.len())))?);
            }
            self.attributes()?;
            let size = self.type_size()?;
            self.count()?;
            let begin = self.offset()?;
            let grows = shape.first() == Some(&0);
            if shape.iter().skip(1).any(|&extent| extent == 0) {
                return Err(Odd::Says("a variable that grows along a dimension that is not its first".into()));
            }
            let cells = shape[usize::from(grows)..].iter().map(|&extent| u128::from(extent));
            let bytes = cells.fold(u128::from(size), u128::saturating_mul);
            match grows {
                true => recorded.push((u128::from(begin), bytes)),
                false => fixed.push((u128::from(begin), bytes)),
            }
        }
        // What has no cells has no place.
        let inside = |&(begin, bytes): &(u128, u128)| bytes > 0 && begin < u128::from(self.at);
        if fixed.iter().chain(recorded.iter().filter(|_| records > 0)).any(inside) {
            return Err(Odd::Says("values of a variable inside of the header".into()));
        }
        // The records of one variable alone are not padded.
        let padded = |bytes: u128| bytes.div_ceil(4).saturating_mul(4);
        let step = match recorded.as_slice() {
            [(_, bytes)] => *bytes,
            several => several.iter().fold(0, |sum: u128, (_, bytes)| sum.saturating_add(padded(*bytes))),
        };
        let end = |first: u128, bytes: u128| first.saturating_add(bytes);
        let ends_of_fixed = fixed.iter().filter(|(_, bytes)| *bytes > 0).map(|&(begin, bytes)| end(begin, bytes));
        let last = u128::from(records.saturating_sub(1)).saturating_mul(step);
        let ends_of_recorded = recorded.iter().filter(|(_, bytes)| *bytes > 0 && records > 0);
        let ends_of_recorded = ends_of_recorded.map(|&(begin, bytes)| end(begin.saturating_add(last), bytes));
        Ok(ends_of_fixed.chain(ends_of_recorded).max().unwrap_or(0).max(u128::from(self.at)))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Odd> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn word(&mut self) -> Result<u64, Odd> {
        Ok(u32::from_be_bytes(self.bytes()?).into())
    }

    fn long(&mut self) -> Result<u64, Odd> {
        Ok(u64::from_be_bytes(self.bytes()?))
    }

    /// A count or an extent.
    fn count(&mut self) -> Result<u64, Odd> {
        if self.version == 5 { self.long() } else { self.word() }
    }

    fn offset(&mut self) -> Result<u64, Odd> {
        if self.version == 1 { self.word() } else { self.long() }
    }

    /// How many entries a list has; `tag` says of what.
    fn list(&mut self, tag: u64) -> Result<u64, Odd> {
        match (self.word()?, self.count()?) {
            (0, 0) => Ok(0),
            (found, count) if found == tag => Ok(count),
            (found, _) => Err(Odd::Says(format!("a list of kind {found} where one of kind {tag} has to be"))),
        }
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Odd> {
        let padded = bytes.checked_next_multiple_of(4).filter(|&padded| padded <= self.size.saturating_sub(self.at));
        let Some(padded) = padded else { return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) };
        self.at += padded;
        Ok(self.file.seek_relative(padded as i64)?)
    }

    fn name(&mut self) -> Result<(), Odd> {
        match self.count()? {
            length @ 1..=MAX_NAME => self.skip(length),
            length => Err(Odd::Says(format!("a name of {length} bytes"))),
        }
    }

    fn attributes(&mut self) -> Result<(), Odd> {
        for _ in 0..self.list(ATTRIBUTES)? {
            self.name()?;
            let size = self.type_size()?;
            let bytes = self.count()?.saturating_mul(size);
            self.skip(bytes)?;
        }
        Ok(())
    }

    fn type_size(&mut self) -> Result<u64, Odd> {
        match self.word()? {
            1 | 2 => Ok(1),
            3 => Ok(2),
            4 | 5 => Ok(4),
            6 => Ok(8),
            7 if self.version == 5 => Ok(1),
            8 if self.version == 5 => Ok(2),
            9 if self.version == 5 => Ok(4),
            10 | 11 if self.version == 5 => Ok(8),
            number => Err(Odd::Says(format!("a type {number}"))),
        }
    }
}
