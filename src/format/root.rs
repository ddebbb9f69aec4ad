//! The root: the one file that is replaced, and says what belongs to the store.
//!
//! Datasets are kept as the bytes they were read as, and decoded when they are asked for; what did not change is
//! written back as those bytes. So opening a store costs one scan, and a flush serialises only what changed.

use crate::base::dtype::DType;
use crate::base::error::{Error, Result, bail, error};
use crate::base::maps::IndexMap;
use crate::base::names::stored_name;
use crate::base::shape::{Dims, cells, check_shape};
use crate::base::value::Value;
use crate::chunk::schema::{Fill, Schema};
use crate::chunk::stats;
use crate::codec::{self, Codec, Compression, Filter};
pub use crate::format::attributes::Attributes;
use crate::format::catalogue::Kind;
use crate::format::segment::Row;
use indexmap::map::Entry;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Version of the store format. A reader refuses a newer one.
pub const VERSION: u32 = 1;

/// The feature of a store with pins: a writer that does not know them would remove what they keep.
pub(crate) const PINS: &str = "pins";

/// The feature of a store in which datasets were renamed: a writer that does not know it would take arrays that stand in
/// segments under an earlier name for gone.
pub(crate) const RENAMED: &str = "renamed";

/// The feature of a store with arrays whose chunks are stored in pieces: a writer that does not know it would store others.
pub(crate) const PIECES: &str = "pieces";

/// The feature of a store whose segments have blocks in others, which no root names: a writer that does not know it would
/// remove these.
pub(crate) const PARTS: &str = "parts";

/// The notation of the root file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MetaFormat {
    /// JSON, for people.
    #[default]
    Json,
    /// MessagePack, for stores of very many datasets.
    MsgPack,
}

/// How a store writes its root; fixed when it is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Notation {
    /// JSON or MessagePack.
    pub format: MetaFormat,
    /// Whether it is one zstd frame.
    pub zstd: bool,
}

/// Every notation; a store has the root of exactly one.
pub const NOTATIONS: [Notation; 4] = [
    Notation { format: MetaFormat::Json, zstd: false },
    Notation { format: MetaFormat::MsgPack, zstd: false },
    Notation { format: MetaFormat::Json, zstd: true },
    Notation { format: MetaFormat::MsgPack, zstd: true },
];

impl Notation {
    /// The root's file name.
    pub fn file_name(&self) -> &'static str {
        match (self.format, self.zstd) {
            (MetaFormat::Json, false) => "atlas.json",
            (MetaFormat::MsgPack, false) => "atlas.msgpack",
            (MetaFormat::Json, true) => "atlas.json.zst",
            (MetaFormat::MsgPack, true) => "atlas.msgpack.zst",
        }
    }
}

/// What the root says of the store as a whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// [`VERSION`].
    pub format_version: u32,
    /// Features a reader must know to read the store at all. None exist yet.
    pub required_features: Vec<String>,
    /// Features a writer must know to write to the store; a reader may ignore them.
    pub writer_features: Vec<String>,
    /// 32 hexadecimal digits, made at create; segments carry it.
    pub store_id: String,
    /// Counts commits; create makes the first.
    pub generation: u64,
    /// The id of the next array to be defined; ids are never used again.
    pub next_array_id: u64,
    /// For arrays defined without a codec of their own.
    pub default_compression: CompressionRecord,
    /// For arrays defined without a choice of their own; see [`Schema::pack`].
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub default_pack: bool,
    /// Earlier commits that are kept; absent: as many as the library finds right, until a compaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_generations: Option<u32>,
    /// Earlier commits that are kept whatever else is, by the names of their pins.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty", deserialize_with = "unique")]
    pub pins: IndexMap<Arc<str>, u64>,
    /// Arrays with lower ids may stand in segments under an earlier name of their dataset.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub renamed: u64,
    /// The store's own.
    #[serde(default = "no_attributes", skip_serializing_if = "are_none")]
    pub attributes: Arc<Attributes>,
    /// What arrays have in common, by number.
    pub schemas: Vec<SchemaRecord>,
    /// Array files by array name.
    #[serde(deserialize_with = "unique")]
    pub array_files: IndexMap<Arc<str>, FileRecord>,
    /// Datasets that are not in the root; absent: none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<CatalogueRecord>,
}

impl Head {
    /// Refuses to write to a store that has something this library would not keep up.
    pub fn check_writable(&self) -> Result<()> {
        match self.writer_features.iter().find(|feature| ![PINS, RENAMED, PIECES, PARTS].contains(&feature.as_str())) {
            Some(feature) => Err(error!(Unsupported, "to write to the store takes the feature '{feature}'")),
            None => Ok(()),
        }
    }
}

/// What a key says that is absent.
fn yes() -> bool {
    true
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn is_yes(value: &bool) -> bool {
    *value
}

/// See [`Compression`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CompressionRecord {
    pub codec: String,
    pub level: i32,
    pub shuffle: bool,
    /// In the order in which a writer applies them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<FilterRecord>,
}

/// One filter; see [`Filter`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FilterRecord {
    pub name: String,
    /// Of `bitround`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_bits: Option<u32>,
}

impl From<Compression> for CompressionRecord {
    fn from(compression: Compression) -> Self {
        let filter = compression.filter;
        let filters = (filter != Filter::None).then(|| FilterRecord { name: filter.name().into(), keep_bits: None });
        Self {
            codec: compression.codec.name().into(),
            level: compression.level,
            shuffle: compression.shuffle,
            filters: filters.into_iter().collect(),
        }
    }
}

impl CompressionRecord {
    pub fn decode(&self) -> Result<Compression> {
        match self.decode_rounded()? {
            (compression, None) => Ok(compression),
            (_, Some(_)) => Err(error!(Corrupt, "the filter 'bitround' for all arrays")),
        }
    }

    /// With the bits of the mantissa that are kept of floats.
    fn decode_rounded(&self) -> Result<(Compression, Option<u32>)> {
        let codec = Codec::from_name(&self.codec)?;
        let mut compression = Compression { codec, level: self.level, shuffle: self.shuffle, filter: Filter::None };
        let mut rounded = None;
        for FilterRecord { name, keep_bits } in &self.filters {
            match (name.as_str(), keep_bits) {
                ("bitround", Some(keep_bits)) if rounded.is_none() && compression.filter == Filter::None => {
                    rounded = Some(*keep_bits);
                }
                ("delta", _) if compression.filter == Filter::None => compression.filter = Filter::Delta,
                ("bitround" | "delta", _) => bail!(Corrupt, "the filters {:?}", self.filters),
                (name, _) => bail!(Unsupported, "unknown filter '{name}'"),
            }
        }
        compression.check().map_err(|error| error!(Corrupt, "{error}"))?;
        Ok((compression, rounded))
    }
}

/// See [`Schema`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SchemaRecord {
    pub dtype: String,
    pub dims: Vec<Arc<str>>,
    pub chunk_shape: Dims64,
    /// Where chunks are stored in pieces, the extents of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub piece_shape: Option<Dims64>,
    pub compression: CompressionRecord,
    /// Small chunks may be packed together.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub pack: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill_value: Option<Value>,
    /// The chunk shape was chosen by the library for an array of fixed shape; appending chooses again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rechunk_on_append: bool,
    /// A write past the end of dimension 0 makes it grow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unlimited: bool,
}

type Dims64 = Vec<u64>;

impl SchemaRecord {
    pub fn encode(schema: &Schema) -> Self {
        let mut compression = CompressionRecord::from(schema.compression);
        if schema.keep_bits.is_some() {
            compression.filters.insert(0, FilterRecord { name: "bitround".into(), keep_bits: schema.keep_bits });
        }
        Self {
            dtype: schema.dtype.name().into(),
            dims: schema.dims.clone(),
            chunk_shape: schema.chunk_shape.to_vec(),
            piece_shape: (schema.piece_shape != schema.chunk_shape).then(|| schema.piece_shape.to_vec()),
            compression,
            pack: schema.pack,
            fill_value: schema.fill.as_ref().map(|fill| fill.to_value(schema.dtype)),
            rechunk_on_append: schema.rechunk_on_append,
            unlimited: schema.unlimited,
        }
    }

    pub fn decode(&self) -> Result<Schema> {
        let dtype = DType::from_name(&self.dtype)?;
        let (compression, keep_bits) = self.compression.decode_rounded()?;
        let schema = Schema {
            dtype,
            dims: self.dims.clone(),
            chunk_shape: Dims::from_slice(&self.chunk_shape),
            piece_shape: Dims::from_slice(self.piece_shape.as_ref().unwrap_or(&self.chunk_shape)),
            compression,
            keep_bits,
            pack: self.pack,
            fill: self.fill_value.as_ref().map(|value| Fill::from_value(dtype, value)).transpose()?,
            rechunk_on_append: self.rechunk_on_append,
            unlimited: self.unlimited,
        };
        schema.check().map_err(|error| error!(Corrupt, "a schema: {error}"))?;
        Ok(schema)
    }
}

/// All that is stored under one array name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FileRecord {
    /// The folder, a single path component.
    pub folder: Arc<str>,
    /// Stored bytes of chunks that some array uses, and of those that none does.
    pub live_bytes: u64,
    pub dead_bytes: u64,
    /// Oldest first: a chunk in a later one replaces it in an earlier.
    pub segments: Vec<SegmentRecord>,
}

/// One segment file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentRecord {
    /// The file's name in the folder.
    pub file: Arc<str>,
    /// Its length.
    pub length: u64,
    /// CRC-32C of its directory.
    pub directory_crc32c: u32,
    /// The lowest and the highest array id in it.
    pub array_ids: (u64, u64),
    /// Where the segment begins in the file, which is then a bundle. It is the file where this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// Bytes of the segments that have blocks of it, its parts, together. It has none where this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u64>,
}

impl SegmentRecord {
    /// What no other segment has: the file, and where in it the segment begins.
    pub fn place(&self) -> (&Arc<str>, u64) {
        (&self.file, self.at.unwrap_or(0))
    }
}

/// The files that have the datasets which are not in the root.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CatalogueRecord {
    /// Datasets that there are, with those in the root.
    pub datasets: u64,
    /// The place in the order of datasets that the next one to come into a file gets.
    pub next_place: u64,
    /// Oldest first: what a later one says of a dataset goes before.
    pub files: Vec<CatalogueFileRecord>,
}

/// One catalogue file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogueFileRecord {
    /// The file's name in the folder [`names::CATALOGUE`](crate::format::names::CATALOGUE).
    pub file: Arc<str>,
    /// Its length.
    pub length: u64,
    /// CRC-32C of its directory.
    pub directory_crc32c: u32,
    /// Datasets that it says something of.
    pub entries: u64,
}

/// What a root or a catalogue file says of a dataset.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DatasetEntry {
    /// Whether it holds beside what older catalogue files say of the dataset, or in place of all that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
    /// `None` for an array that is gone.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty", deserialize_with = "unique")]
    pub arrays: IndexMap<Arc<str>, Option<ArrayRecord>>,
    #[serde(default = "no_attributes", skip_serializing_if = "are_none")]
    pub attributes: Arc<Attributes>,
}

/// A dataset.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DatasetRecord {
    #[serde(default, skip_serializing_if = "IndexMap::is_empty", deserialize_with = "unique")]
    pub arrays: IndexMap<Arc<str>, ArrayRecord>,
    #[serde(default = "no_attributes", skip_serializing_if = "are_none")]
    pub attributes: Arc<Attributes>,
}

/// Checks attributes that a root has.
pub fn stored_attributes(attributes: &Attributes) -> Result<()> {
    for (name, value) in attributes.iter() {
        stored_name("attribute", name)?;
        if let Value::String(texts) = &*value
            && texts.iter().any(|text| text.contains('\0'))
        {
            bail!(Corrupt, "in the root: a text of attribute '{name}' has a NUL in it");
        }
    }
    Ok(())
}

fn are_none(attributes: &Arc<Attributes>) -> bool {
    attributes.is_empty()
}

/// Attributes of what has none: in one place for all, as most have none.
pub(crate) fn no_attributes() -> Arc<Attributes> {
    static NONE: OnceLock<Arc<Attributes>> = OnceLock::new();
    NONE.get_or_init(Arc::default).clone()
}

/// A map of a root: a name occurs once in it.
fn unique<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> std::result::Result<IndexMap<Arc<str>, T>, D::Error> {
    struct UniqueVisitor<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for UniqueVisitor<T> {
        type Value = IndexMap<Arc<str>, T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of names")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
            let mut entries = IndexMap::default();
            while let Some((Name(name), value)) = map.next_entry::<Name<'de>, T>()? {
                match entries.entry(name.into()) {
                    Entry::Vacant(entry) => drop(entry.insert(value)),
                    Entry::Occupied(entry) => {
                        let name = entry.key();
                        return Err(serde::de::Error::custom(format_args!("the name '{name}' occurs twice")));
                    }
                }
            }
            Ok(entries)
        }
    }
    deserializer.deserialize_map(UniqueVisitor(std::marker::PhantomData))
}

/// An array of a dataset.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ArrayRecord {
    pub id: u64,
    /// Its place in the order of the dataset's arrays; absent: its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u64>,
    /// Index into [`Head::schemas`].
    pub schema: u32,
    pub shape: Dims64,
    #[serde(default, skip_serializing_if = "StoredRecord::is_empty")]
    pub stored: StoredRecord,
    #[serde(default = "no_attributes", skip_serializing_if = "are_none")]
    pub attributes: Arc<Attributes>,
}

/// Totals over the chunks of an array that are stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StoredRecord {
    pub chunks: u64,
    /// Cells of them inside the shape.
    pub cells: u64,
    pub nulls: u64,
    /// Least and greatest, as [`stats::range_to_value`] makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Value>,
    /// Whether there are stored chunks that these leave out, or may.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

impl StoredRecord {
    fn is_empty(&self) -> bool {
        self.chunks == 0 && !self.incomplete
    }
}

/// Totals over the stored chunks of an array; the decoded [`StoredRecord`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    pub chunks: u64,
    pub cells: u64,
    pub nulls: u64,
    pub range: stats::Range,
    pub incomplete: bool,
}

impl Stored {
    /// Adds a chunk that has `cells` cells inside the shape.
    pub fn add(&mut self, dtype: DType, row: &Row, cells: u64) {
        self.chunks += 1;
        self.cells += cells;
        self.nulls += row.stats.nulls;
        self.range = stats::merge(dtype, self.range, row.stats.range);
    }

    pub fn encode(&self, dtype: DType) -> StoredRecord {
        StoredRecord {
            chunks: self.chunks,
            cells: self.cells,
            nulls: self.nulls,
            range: stats::range_to_value(dtype, self.range),
            incomplete: self.incomplete,
        }
    }
}

impl StoredRecord {
    pub fn decode(&self, dtype: DType) -> Result<Stored> {
        let range = match &self.range {
            None => None,
            Some(range) => Some(
                stats::range_from_value(dtype, range)
                    .ok_or_else(|| error!(Corrupt, "a range of {} {} for {dtype}", range.len(), range.dtype()))?,
            ),
        };
        let Self { chunks, cells, nulls, incomplete, .. } = *self;
        Ok(Stored { chunks, cells, nulls, range, incomplete })
    }
}

impl ArrayRecord {
    /// Checks what the rest of the engine takes for granted.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        if self.shape.len() != schema.chunk_shape.len() {
            bail!(Corrupt, "shape {:?} for a schema of rank {}", self.shape, schema.chunk_shape.len());
        }
        check_shape(&self.shape, schema.dtype.size()).map_err(|error| error!(Corrupt, "{error}"))?;
        let total = cells(&self.shape);
        let StoredRecord { chunks, cells, nulls, .. } = &self.stored;
        if *cells > total || nulls > cells || chunks > cells {
            bail!(Corrupt, "{cells} stored cells in {chunks} chunks, {nulls} of them null, of {total}");
        }
        Ok(())
    }
}

/// A store id as the root has it.
pub(crate) fn id_text(id: &[u8; 16]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn parse_id(text: &str) -> Result<[u8; 16]> {
    let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32);
    number.map(u128::to_be_bytes).ok_or_else(|| error!(Corrupt, "store id '{text}' is not 32 hexadecimal digits"))
}

/// A root in memory: the head, and where in the image each dataset's bytes are.
pub struct Root {
    pub head: Head,
    pub image: Arc<Vec<u8>>,
    pub datasets: Vec<(Arc<str>, Range<usize>)>,
}

impl Root {
    /// Whether another root says the same of all but its commit and what is kept.
    pub fn holds_what(&self, other: &Self) -> Result<bool> {
        let head = |root: &Self| {
            let writer_features =
                root.head.writer_features.iter().filter(|feature| *feature != PINS).cloned().collect();
            let (generation, keep_generations, pins) = (0, None, IndexMap::default());
            let head = Head { generation, keep_generations, pins, writer_features, ..root.head.clone() };
            serde_json::to_string(&head).map_err(|error| error!(Internal, "comparing roots: {error}"))
        };
        Ok(head(self)? == head(other)? && self.entries().eq(other.entries()))
    }

    fn entries(&self) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
        self.datasets.iter().map(|(name, at)| (&**name, self.image.get(at.clone())))
    }
}

/// Bytes of a root when it is not compressed, at most.
const MAX_IMAGE: u64 = 4 << 30;

const JSON_TRAILER: (&str, &str) = (",\"checksum\":\"crc32c:", "\"}\n");
const JSON_TRAILER_LEN: usize = 20 + 8 + 3;
/// A fixstr key, and the marker of a 32-bit number in big-endian.
const MSGPACK_TRAILER: &[u8; 10] = b"\xa8checksum\xce";
const MSGPACK_TRAILER_LEN: usize = 14;
/// A zstd skippable frame of four bytes: the checksum of what is before it (RFC 8878, 3.1.2).
const ZSTD_TRAILER: [u8; 8] = [0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0];

/// The bytes of the root file, and where in the uncompressed image each dataset came to lie.
pub struct Written {
    pub file: Vec<u8>,
    /// `None` where it is the file itself.
    pub image: Option<Vec<u8>>,
    pub ranges: Vec<Range<usize>>,
}

/// Serialises a root from its head and the encoded datasets.
pub fn write<'a>(notation: Notation, head: &Head, datasets: &[(&'a str, &'a [u8])]) -> Result<Written> {
    let internal = |error: &dyn fmt::Display| error!(Internal, "serialising the root: {error}");
    let len: usize = datasets.iter().map(|(name, bytes)| name.len() + bytes.len() + 8).sum();
    let mut image = Vec::with_capacity(len + len / 16 + 4096);
    let mut ranges = Vec::with_capacity(datasets.len());
    match notation.format {
        MetaFormat::Json => {
            image.extend_from_slice(b"{\"atlas\":");
            serde_json::to_writer(&mut image, head).map_err(|error| internal(&error))?;
            image.extend_from_slice(b",\n\"datasets\":{");
            for (i, (name, bytes)) in datasets.iter().enumerate() {
                image.extend_from_slice(if i == 0 { b"\n" } else { b",\n" });
                serde_json::to_writer(&mut image, name).map_err(|error| internal(&error))?;
                image.push(b':');
                ranges.push(image.len()..image.len() + bytes.len());
                image.extend_from_slice(bytes);
            }
            image.push(b'}');
            let crc = crc32c::crc32c(&image);
            image.extend_from_slice(format!("{}{crc:08x}{}", JSON_TRAILER.0, JSON_TRAILER.1).as_bytes());
        }
        MetaFormat::MsgPack => {
            let wrote = |result: std::result::Result<(), rmp::encode::ValueWriteError>| {
                result.map_err(|error| internal(&error))
            };
            let too_many = |_| error!(InvalidArgument, "more than 2^32 - 1 datasets, or bytes in one");
            rmp::encode::write_map_len(&mut image, 3).map_err(|error| internal(&error))?;
            wrote(rmp::encode::write_str(&mut image, "atlas"))?;
            rmp_serde::encode::write_named(&mut image, head).map_err(|error| internal(&error))?;
            wrote(rmp::encode::write_str(&mut image, "datasets"))?;
            let count = u32::try_from(datasets.len()).map_err(too_many)?;
            rmp::encode::write_map_len(&mut image, count).map_err(|error| internal(&error))?;
            for (name, bytes) in datasets {
                wrote(rmp::encode::write_str(&mut image, name))?;
                let len = u32::try_from(bytes.len()).map_err(too_many)?;
                rmp::encode::write_bin_len(&mut image, len).map_err(|error| internal(&error))?;
                ranges.push(image.len()..image.len() + bytes.len());
                image.extend_from_slice(bytes);
            }
            let crc = crc32c::crc32c(&image);
            image.extend_from_slice(MSGPACK_TRAILER);
            image.extend_from_slice(&crc.to_be_bytes());
        }
    }
    if image.len() as u64 > MAX_IMAGE {
        bail!(InvalidArgument, "the root would take {} bytes, over {MAX_IMAGE}", image.len());
    }
    if !notation.zstd {
        return Ok(Written { file: image, image: None, ranges });
    }
    let mut file = codec::to_frame(&image)?;
    let crc = crc32c::crc32c(&file);
    file.extend_from_slice(&ZSTD_TRAILER);
    file.extend_from_slice(&crc.to_le_bytes());
    Ok(Written { file, image: Some(image), ranges })
}

/// Checks the root file's checksums and reads it.
pub fn parse(notation: Notation, file: Vec<u8>) -> Result<Root> {
    let image = if notation.zstd { decompress(&file)? } else { file };
    let (head, datasets) = match notation.format {
        MetaFormat::Json => {
            check_json(&image)?;
            let file: File<'_, &RawValue> = serde_json::from_slice(&image)
                .map_err(|error| not_a_root(&error, serde_json::from_slice(&image).ok()))?;
            (file.atlas, locate(&image, file.datasets.0, |raw| raw.get().as_bytes())?)
        }
        MetaFormat::MsgPack => {
            check_msgpack(&image)?;
            let file: File<'_, Bytes<'_>> = rmp_serde::from_slice(&image)
                .map_err(|error| not_a_root(&error, rmp_serde::from_slice(&image).ok()))?;
            (file.atlas, locate(&image, file.datasets.0, |raw| raw.0)?)
        }
    };
    check_versions(head.format_version, &head.required_features)?;
    // Both are counted on; the lock file has 56 bits for a generation.
    if !(1..1 << 56).contains(&head.generation) || head.next_array_id > i64::MAX as u64 {
        bail!(Corrupt, "generation {} or next array id {} is out of range", head.generation, head.next_array_id);
    }
    Ok(Root { head, image: Arc::new(image), datasets })
}

fn decompress(file: &[u8]) -> Result<Vec<u8>> {
    let Some((frame, trailer)) = file.split_last_chunk::<12>() else {
        bail!(Corrupt, "the root is cut short: {} bytes", file.len());
    };
    if trailer[..8] != ZSTD_TRAILER || trailer[8..] != crc32c::crc32c(frame).to_le_bytes() {
        bail!(Corrupt, "the root's checksum does not match");
    }
    codec::from_frame(frame).map_err(|error| error.context("the root"))
}

fn check_json(image: &[u8]) -> Result<()> {
    let Some(split) = image.len().checked_sub(JSON_TRAILER_LEN) else {
        bail!(Corrupt, "the root is cut short: {} bytes", image.len());
    };
    let (body, trailer) = image.split_at(split);
    let expected = format!("{}{:08x}{}", JSON_TRAILER.0, crc32c::crc32c(body), JSON_TRAILER.1);
    if trailer != expected.as_bytes() {
        bail!(Corrupt, "the root's checksum does not match");
    }
    Ok(())
}

fn check_msgpack(image: &[u8]) -> Result<()> {
    let Some(split) = image.len().checked_sub(MSGPACK_TRAILER_LEN) else {
        bail!(Corrupt, "the root is cut short: {} bytes", image.len());
    };
    let (body, trailer) = image.split_at(split);
    if trailer[..10] != MSGPACK_TRAILER[..] || trailer[10..] != crc32c::crc32c(body).to_be_bytes() {
        bail!(Corrupt, "the root's checksum does not match");
    }
    Ok(())
}

/// What every version of the format has in its place, so that a newer one is recognised as such.
#[derive(Deserialize)]
struct Prelude {
    atlas: PreludeHead,
}

#[derive(Deserialize)]
struct PreludeHead {
    format_version: u32,
    required_features: Vec<String>,
}

/// Why a root does not read: it may be a newer one.
fn not_a_root(error: &dyn fmt::Display, prelude: Option<Prelude>) -> Error {
    let newer =
        prelude.and_then(|Prelude { atlas }| check_versions(atlas.format_version, &atlas.required_features).err());
    newer.unwrap_or_else(|| error!(Corrupt, "not a root: {error}"))
}

fn check_versions(format_version: u32, required_features: &[String]) -> Result<()> {
    if format_version > VERSION {
        bail!(Unsupported, "format version {format_version} is newer than {VERSION}");
    }
    if let Some(feature) = required_features.first() {
        bail!(Unsupported, "the store needs the feature '{feature}'");
    }
    Ok(())
}

/// The top level of the file. `T` is a dataset, not decoded.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct File<'a, T> {
    atlas: Head,
    #[serde(borrow)]
    datasets: Entries<'a, T>,
    #[serde(rename = "checksum")]
    _checksum: serde::de::IgnoredAny,
}

/// A map's entries in their order.
struct Entries<'a, T>(Vec<(Cow<'a, str>, T)>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Entries<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct EntriesVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
            type Value = Vec<(Cow<'de, str>, T)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of datasets")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    entries.push((name, value));
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_map(EntriesVisitor(std::marker::PhantomData)).map(Entries)
    }
}

/// A text, borrowed from the input where it stands there as it is.
pub(super) struct Name<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> std::result::Result<Self::Value, E> {
                Ok(Cow::Borrowed(name))
            }
            fn visit_str<E>(self, name: &str) -> std::result::Result<Self::Value, E> {
                Ok(Cow::Owned(name.to_owned()))
            }
        }
        deserializer.deserialize_str(NameVisitor).map(Name)
    }
}

/// A byte string of the input.
struct Bytes<'a>(&'a [u8]);

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct BytesVisitor;
        impl<'de> Visitor<'de> for BytesVisitor {
            type Value = &'de [u8];
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a byte string")
            }
            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> std::result::Result<Self::Value, E> {
                Ok(bytes)
            }
        }
        deserializer.deserialize_bytes(BytesVisitor).map(Bytes)
    }
}

/// Where in the image the datasets' bytes, which were borrowed from it, lie.
fn locate<T>(
    image: &[u8],
    entries: Vec<(Cow<'_, str>, T)>,
    bytes: impl Fn(&T) -> &[u8],
) -> Result<Vec<(Arc<str>, Range<usize>)>> {
    let base = image.as_ptr() as usize;
    entries
        .into_iter()
        .map(|(name, raw)| {
            let raw = bytes(&raw);
            let start = (raw.as_ptr() as usize).wrapping_sub(base);
            match start.checked_add(raw.len()) {
                Some(end) if end <= image.len() => Ok((Arc::from(&*name), start..end)),
                _ => Err(error!(Internal, "dataset '{name}' was not borrowed from the root")),
            }
        })
        .collect()
}

/// A dataset, or what is changed of one, as a root or a catalogue file holds it.
pub fn encode<T: Serialize>(format: MetaFormat, record: &T) -> Result<Vec<u8>> {
    match format {
        MetaFormat::Json => serde_json::to_vec(record).map_err(|error| error!(Internal, "serialising: {error}")),
        MetaFormat::MsgPack => {
            rmp_serde::to_vec_named(record).map_err(|error| error!(Internal, "serialising: {error}"))
        }
    }
}

/// Undoes [`encode`] of what is said of the dataset `name`.
pub fn decode<'b, T: Deserialize<'b>>(format: MetaFormat, name: &str, bytes: &'b [u8]) -> Result<T> {
    let damaged = |error: &dyn fmt::Display| error!(Corrupt, "dataset '{name}': {error}");
    match format {
        MetaFormat::Json => serde_json::from_slice(bytes).map_err(|error| damaged(&error)),
        MetaFormat::MsgPack => rmp_serde::from_slice(bytes).map_err(|error| damaged(&error)),
    }
}

/// What the root says of a dataset that is gone, and that older catalogue files have.
pub fn gone(format: MetaFormat) -> &'static [u8] {
    match format {
        MetaFormat::Json => b"null",
        MetaFormat::MsgPack => &[0xc0],
    }
}

/// What the root says of a dataset where there are catalogue files.
pub fn kind(format: MetaFormat, name: &str, bytes: &[u8]) -> Result<Kind> {
    #[derive(Deserialize)]
    struct Over {
        #[serde(default)]
        over: bool,
    }
    Ok(match decode::<Option<Over>>(format, name, bytes)? {
        None => Kind::Gone,
        Some(Over { over: true }) => Kind::Over,
        Some(Over { over: false }) => Kind::Whole,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::ErrorKind;

    fn head() -> Head {
        Head {
            format_version: VERSION,
            required_features: Vec::new(),
            writer_features: Vec::new(),
            store_id: "0123456789abcdef0123456789abcdef".into(),
            generation: 7,
            next_array_id: 3,
            default_compression: Compression::DEFAULT.into(),
            default_pack: true,
            keep_generations: None,
            pins: IndexMap::default(),
            renamed: 0,
            attributes: Arc::default(),
            schemas: Vec::new(),
            array_files: IndexMap::default(),
            catalogue: None,
        }
    }

    #[test]
    fn every_notation_round_trips_and_notices_every_flipped_byte() {
        let mut record = DatasetRecord::default();
        Arc::make_mut(&mut record.attributes).insert("month", Value::I64(vec![1]));
        for notation in NOTATIONS {
            let bytes = encode(notation.format, &record).expect("encodes");
            let datasets = [("jan", &bytes[..]), ("a \"quoted\" one", &bytes[..])];
            let written = write(notation, &head(), &datasets).expect("writes");
            let root = parse(notation, written.file.clone()).expect("parses");
            assert_eq!(root.head.generation, 7);
            assert_eq!(&*root.datasets[1].0, "a \"quoted\" one");
            for (i, (_, range)) in root.datasets.iter().enumerate() {
                assert_eq!(*range, written.ranges[i]);
                let record =
                    decode::<DatasetRecord>(notation.format, "jan", &root.image[range.clone()]).expect("decodes");
                assert_eq!(record.attributes.get("month"), Some(Value::I64(vec![1])));
            }
            for i in 0..written.file.len() {
                for bit in [1, 0x20, 0x80] {
                    let mut file = written.file.clone();
                    file[i] ^= bit;
                    assert!(parse(notation, file).is_err(), "byte {i} of {}", notation.file_name());
                }
                assert!(parse(notation, written.file[..i].to_vec()).is_err());
            }
        }
    }

    #[test]
    fn a_root_that_compresses_too_well_is_padded_until_it_reads() {
        let mut record = DatasetRecord::default();
        Arc::make_mut(&mut record.attributes).insert("zeros", Value::U8(vec![0; 12 << 20]));
        let notation = Notation { format: MetaFormat::Json, zstd: true };
        let bytes = encode(notation.format, &record).expect("encodes");
        let mut file = write(notation, &head(), &[("jan", &bytes)]).expect("writes").file;
        assert_eq!(parse(notation, file.clone()).expect("parses").datasets.len(), 1);
        // Without the padding it is a bomb.
        let frame = zstd::zstd_safe::find_frame_compressed_size(&file).expect("a frame");
        assert!(file.len() > frame + 12, "no padding in {} bytes", file.len());
        file.truncate(frame);
        file = [&file[..], &ZSTD_TRAILER, &crc32c::crc32c(&file).to_le_bytes()].concat();
        let error = parse(notation, file).err().expect("refused");
        assert!(error.message().contains("decompress to more than"), "{error}");
    }

    #[test]
    fn newer_formats_and_unknown_features_are_named() {
        let notation = Notation::default();
        let newer = Head { format_version: VERSION + 1, ..head() };
        let error = parse(notation, write(notation, &newer, &[]).expect("writes").file).err().expect("refused");
        assert!(error.message().contains("version 2"), "{error}");
        let feature = Head { required_features: vec!["pools".into()], ..head() };
        let error = parse(notation, write(notation, &feature, &[]).expect("writes").file).err().expect("refused");
        assert!(error.message().contains("'pools'"), "{error}");
        // A newer root whose head this version cannot read.
        let body = br#"{"atlas":{"format_version":9,"required_features":[]},"datasets":[]"#;
        let trailer = format!("{}{:08x}{}", JSON_TRAILER.0, crc32c::crc32c(body), JSON_TRAILER.1);
        let error = parse(notation, [body, trailer.as_bytes()].concat()).err().expect("refused");
        assert!(error.message().contains("version 9"), "{error}");
    }

    #[test]
    fn filters_that_cannot_be_are_refused() {
        let decode = |dtype: &str, filters: &str| {
            let schema = format!(
                r#"{{"dtype":"{dtype}","dims":[],"chunk_shape":[],
                    "compression":{{"codec":"zstd","level":1,"shuffle":true,"filters":{filters}}}}}"#
            );
            let record: SchemaRecord = serde_json::from_str(&schema).expect("a schema");
            record.decode().map(|schema| {
                let again = serde_json::to_value(SchemaRecord::encode(&schema)).expect("a value");
                assert_eq!(again["compression"]["filters"].to_string(), filters);
                (schema.compression.filter, schema.keep_bits)
            })
        };
        let both = r#"[{"keep_bits":23,"name":"bitround"},{"name":"delta"}]"#;
        assert_eq!(decode("f32", both).expect("known"), (Filter::Delta, Some(23)));
        for (dtype, filters, kind, why) in [
            ("f32", r#"[{"name":"xor"}]"#, ErrorKind::Unsupported, "unknown filter 'xor'"),
            ("f32", r#"[{"name":"delta"},{"name":"delta"}]"#, ErrorKind::Corrupt, "the filters"),
            ("f32", r#"[{"name":"delta"},{"name":"bitround","keep_bits":3}]"#, ErrorKind::Corrupt, "the filters"),
            ("f32", r#"[{"name":"bitround"}]"#, ErrorKind::Corrupt, "the filters"),
            ("f32", r#"[{"name":"bitround","keep_bits":4294967295}]"#, ErrorKind::Corrupt, "keep_bits is 4294967295"),
            ("f32", r#"[{"name":"bitround","keep_bits":0}]"#, ErrorKind::Corrupt, "keep_bits is 0"),
            ("i32", r#"[{"name":"bitround","keep_bits":3}]"#, ErrorKind::Corrupt, "not i32"),
            ("bool", r#"[{"name":"delta"}]"#, ErrorKind::Corrupt, "not for bool"),
        ] {
            let error = decode(dtype, filters).expect_err(filters);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(why), "{error}");
        }
        let rounded = r#"{"codec":"zstd","level":1,"shuffle":true,"filters":[{"name":"bitround","keep_bits":3}]}"#;
        let record: CompressionRecord = serde_json::from_str(rounded).expect("a compression");
        assert_eq!(record.decode().expect_err("for all arrays").kind(), ErrorKind::Corrupt);
    }
}
