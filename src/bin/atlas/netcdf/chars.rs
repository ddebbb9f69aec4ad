//! Characters of NetCDF as texts of a store, and again as characters.
//!
//! An array of characters, whose last dimension is the length of a text, is an array of texts without it. Characters that are
//! no text, because of a NUL inside, are u8. Attributes with reserved names say so.

use super::reserved;
use atlas_store::Value;

/// How the bytes of a text are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    Utf8,
    Latin1,
    /// There are NULs inside, so they are kept as bytes.
    Bytes,
}

/// How an array of characters is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chars {
    /// The dimension that texts have none of; empty for characters without one, and for bytes.
    pub dim: String,
    /// Its extent.
    pub length: usize,
    pub encoding: Encoding,
}

impl Chars {
    /// Attributes of the array that say so.
    pub fn attributes(&self) -> Vec<(String, Value)> {
        let mut attributes = vec![(reserved::CHAR_DIM.into(), Value::from(self.dim.as_str()))];
        if self.encoding != Encoding::Bytes {
            attributes.push((reserved::CHAR_LENGTH.into(), Value::from(self.length as i64)));
        }
        if self.encoding == Encoding::Latin1 {
            attributes.push((reserved::CHAR_ENCODING.into(), Value::from("latin-1")));
        }
        attributes
    }

    /// What the attributes of an array say; it has texts, or u8.
    pub fn of(attributes: &[(String, Value)], texts: bool) -> Option<Self> {
        let find = |key| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        let text = |key| match find(key) {
            Some(Value::String(texts)) if texts.len() == 1 => Some(texts[0].as_str()),
            _ => None,
        };
        let length = match find(reserved::CHAR_LENGTH) {
            Some(Value::I64(lengths)) if lengths.len() == 1 => usize::try_from(lengths[0]).ok()?,
            Some(_) => return None,
            None => 1,
        };
        let encoding = match text(reserved::CHAR_ENCODING) {
            _ if !texts => Encoding::Bytes,
            Some("latin-1") => Encoding::Latin1,
            _ => Encoding::Utf8,
        };
        Some(Self { dim: text(reserved::CHAR_DIM)?.to_owned(), length, encoding })
    }

    /// Texts of `bytes`, `length` each.
    pub fn texts(&self, bytes: &[u8]) -> Vec<String> {
        rows(bytes, self.length).map(|row| decode(row, self.encoding)).collect()
    }

    /// The characters of texts, with NULs up to the length.
    pub fn bytes(&self, texts: &[String]) -> Result<Vec<u8>, Unfit> {
        let mut bytes = Vec::new();
        let size = texts.len().saturating_mul(self.length);
        bytes.try_reserve_exact(size).map_err(|_| Unfit::Memory(size))?;
        for text in texts {
            let row = encode(text, self.encoding);
            if row.len() > self.length {
                return Err(Unfit::Long(row.len()));
            }
            bytes.extend_from_slice(&row);
            bytes.resize(bytes.len() + self.length - row.len(), 0);
        }
        Ok(bytes)
    }
}

/// Why texts cannot be characters.
#[derive(Debug, PartialEq, Eq)]
pub enum Unfit {
    /// One has so many bytes.
    Long(usize),
    /// There is no memory for so many bytes.
    Memory(usize),
}

/// The first encoding in which all texts of `bytes`, `length` each, come back as they are.
pub fn encoding_of(bytes: &[u8], length: usize) -> Encoding {
    rows(bytes, length).map(encoding_of_row).max().unwrap_or(Encoding::Utf8)
}

fn encoding_of_row(row: &[u8]) -> Encoding {
    if row.contains(&0) {
        return Encoding::Bytes;
    }
    if std::str::from_utf8(row).is_ok() { Encoding::Utf8 } else { Encoding::Latin1 }
}

/// Texts without the NULs behind them.
fn rows(bytes: &[u8], length: usize) -> impl Iterator<Item = &[u8]> {
    bytes.chunks_exact(length.max(1)).map(trimmed)
}

/// What stands before the NULs at the end.
pub fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// The text whose bytes these are; what is no UTF-8 is Latin-1, which has a character for each byte.
pub fn decode(bytes: &[u8], encoding: Encoding) -> String {
    let latin1 = || bytes.iter().map(|&byte| char::from(byte)).collect();
    match std::str::from_utf8(bytes) {
        Ok(text) if encoding == Encoding::Utf8 => text.to_owned(),
        _ => latin1(),
    }
}

/// The bytes of a text. One that has other characters than Latin-1 is UTF-8.
pub fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    let latin1 = || text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<_>>>();
    match encoding {
        Encoding::Latin1 => latin1().unwrap_or_else(|| text.as_bytes().to_vec()),
        _ => text.as_bytes().to_vec(),
    }
}
