//! Zarr's metadata, version 2 and 3, as docs/format.md says.

use super::chunks::Coding;
use super::{Group, Member, stack};
use crate::print;
use atlas_store::{ArrayInfo, Codec, DType, Error, Filter, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

/// The version of Zarr's metadata.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    V2,
    V3,
}

/// An array as Zarr is told of it.
struct Declared<'a> {
    dtype: DType,
    shape: Vec<u64>,
    chunks: Vec<u64>,
    dims: Vec<&'a str>,
    coding: Coding,
    /// The fill value as a value, if there is one.
    fill: Option<Value>,
    attributes: Map<String, Json>,
}

impl Format {
    pub fn of(version: u8) -> Self {
        if version == 2 { Self::V2 } else { Self::V3 }
    }

    /// Why a reader of this version would not find the values of an array in its chunks.
    pub fn obstacle(self, info: &ArrayInfo) -> Option<String> {
        let is_delta = info.filter == Filter::Delta && info.codec != Codec::None;
        // There the codec makes integers, which would be taken for the values of the floats.
        let is_integer = types(info.dtype).1.contains("int");
        let why = "Zarr version 3 has no codec that undoes the filter 'delta' of";
        (self == Self::V3 && is_delta && !is_integer).then(|| format!("{why} {}, version 2 has", info.dtype))
    }

    /// The key of a chunk.
    pub fn key(self, array: &str, at: &[u64]) -> String {
        let numbers: Vec<_> = at.iter().map(u64::to_string).collect();
        match (self, at) {
            (Self::V2, []) => format!("{array}/0"),
            (Self::V2, _) => format!("{array}/{}", numbers.join(".")),
            (Self::V3, []) => format!("{array}/c"),
            (Self::V3, _) => format!("{array}/c/{}", numbers.join("/")),
        }
    }

    /// The documents of a group, with their keys.
    pub fn metadata(self, group: &Group, warn: &dyn Fn(&str)) -> Result<Vec<(String, Json)>, Error> {
        let mut arrays = Vec::new();
        for member in &group.members {
            let warn = |text: &str| warn(&format!("array '{}' of {}: {text}", member.name, group.title));
            arrays.push((&*member.name, Declared::of(self, member, &warn)?));
        }
        if let Some(names) = &group.names {
            arrays.push((stack::DIMENSION, Declared::names(names.len() as u64)));
        }
        Ok(match self {
            Self::V2 => version_2(group, arrays),
            Self::V3 => version_3(group, arrays),
        })
    }
}

fn version_2(group: &Group, arrays: Vec<(&str, Declared<'_>)>) -> Vec<(String, Json)> {
    let mut documents = vec![
        (".zgroup".to_owned(), json!({"zarr_format": 2})),
        (".zattrs".to_owned(), group.attributes.clone().into()),
    ];
    for (name, declared) in arrays {
        documents.push((format!("{name}/.zarray"), declared.version_2()));
        let mut attributes = declared.attributes;
        attributes.insert("_ARRAY_DIMENSIONS".into(), json!(declared.dims));
        documents.push((format!("{name}/.zattrs"), attributes.into()));
    }
    let all: Map<String, Json> = documents.iter().cloned().collect();
    documents.insert(0, (".zmetadata".to_owned(), json!({"zarr_consolidated_format": 1, "metadata": all})));
    documents
}

fn version_3(group: &Group, arrays: Vec<(&str, Declared<'_>)>) -> Vec<(String, Json)> {
    let arrays: Vec<_> = arrays.into_iter().map(|(name, declared)| (name, declared.version_3())).collect();
    let all: Map<String, Json> = arrays.iter().map(|(name, document)| ((*name).to_owned(), document.clone())).collect();
    let root = json!({
        "zarr_format": 3,
        "node_type": "group",
        "attributes": group.attributes,
        "consolidated_metadata": {"kind": "inline", "must_understand": false, "metadata": all},
    });
    let arrays = arrays.into_iter().map(|(name, document)| (format!("{name}/zarr.json"), document));
    std::iter::once(("zarr.json".to_owned(), root)).chain(arrays).collect()
}

impl<'a> Declared<'a> {
    fn of(format: Format, member: &'a Member, warn: &dyn Fn(&str)) -> Result<Self, Error> {
        let Member { info, parts, .. } = member;
        let fill = info.fill_value.as_ref().map(|fill| print::of_fill(info.dtype, fill)).transpose()?;
        let mut attributes = member.attributes.clone();
        let mut replace = |key: &str, value: &str| {
            if attributes.insert(key.into(), value.into()).is_some_and(|old| old != value) {
                warn(&format!("its attribute '{key}' is replaced by '{value}'"));
            }
        };
        if info.dtype == DType::TimestampNs {
            replace("units", "nanoseconds since 1970-01-01");
            replace("calendar", "proleptic_gregorian");
        }
        if let Some(keep_bits) = info.keep_bits {
            attributes.entry(print::QUANTIZED).or_insert(keep_bits.into());
        }
        if format == Format::V3 {
            mask(&mut attributes, info.dtype, fill.as_ref());
        } else if let Some(fill) = &fill
            && has_bits(info.dtype, &fill_json(fill))
            && parts.iter().any(|part| (part.places.len() as u64) < chunk_count(info))
        {
            warn("cells that were never written have other bits of NaN in Zarr version 2");
        }
        let stacked = |number: u64, name: &'a str| member.stacked.then_some((number, name));
        let front = stacked(parts.len() as u64, stack::DIMENSION);
        let before = |one: Option<u64>, rest: &[u64]| one.into_iter().chain(rest.iter().copied()).collect();
        Ok(Self {
            dtype: info.dtype,
            shape: before(front.map(|(count, _)| count), &info.shape),
            chunks: before(front.map(|_| 1), &info.piece_shape),
            dims: front.map(|(_, name)| name).into_iter().chain(info.dims.iter().map(String::as_str)).collect(),
            coding: member.coding,
            fill,
            attributes,
        })
    }

    /// The array of the datasets' names, in one chunk.
    fn names(count: u64) -> Self {
        Self {
            dtype: DType::String,
            shape: vec![count],
            chunks: vec![count],
            dims: vec![stack::DIMENSION],
            coding: Coding::of(&[]),
            fill: None,
            attributes: Map::new(),
        }
    }

    fn version_2(&self) -> Json {
        let mut filters = Vec::new();
        if self.dtype == DType::String {
            filters.push(json!({"id": "vlen-utf8"}));
        }
        if self.coding.delta > 0 {
            filters.push(json!({"id": "delta", "dtype": format!("<i{}", self.coding.delta)}));
        }
        if self.coding.shuffle > 1 {
            filters.push(json!({"id": "shuffle", "elementsize": self.coding.shuffle}));
        }
        let compressor = match self.coding.codec {
            Codec::Zstd => json!({"id": "zstd", "level": 1}),
            Codec::Lz4 => json!({"id": "lz4", "acceleration": 1}),
            Codec::None => Json::Null,
        };
        let fill = self.fill.as_ref().map_or(Json::Null, |fill| {
            let mut fill = fill_json(fill);
            plain_nan(self.dtype, &mut fill);
            fill
        });
        json!({
            "zarr_format": 2,
            "shape": self.shape,
            "chunks": self.chunks,
            "order": "C",
            "dimension_separator": ".",
            "dtype": types(self.dtype).0,
            "fill_value": fill,
            "filters": if filters.is_empty() { Json::Null } else { filters.into() },
            "compressor": compressor,
        })
    }

    fn version_3(&self) -> Json {
        let mut codecs = Vec::new();
        if self.coding.delta > 0 {
            let dtype = format!("<i{}", self.coding.delta);
            codecs.push(json!({"name": "numcodecs.delta", "configuration": {"dtype": dtype}}));
        }
        codecs.push(match self.dtype {
            DType::String => json!({"name": "vlen-utf8"}),
            _ => json!({"name": "bytes", "configuration": {"endian": "little"}}),
        });
        if self.coding.shuffle > 1 {
            codecs.push(json!({"name": "numcodecs.shuffle", "configuration": {"elementsize": self.coding.shuffle}}));
        }
        match self.coding.codec {
            Codec::Zstd => codecs.push(json!({"name": "zstd", "configuration": {"level": 1, "checksum": false}})),
            Codec::Lz4 => codecs.push(json!({"name": "numcodecs.lz4", "configuration": {"acceleration": 1}})),
            Codec::None => {}
        }
        let zero = || match self.dtype {
            DType::String => json!(""),
            DType::Bool => json!(false),
            DType::C64 | DType::C128 => json!([0.0, 0.0]),
            _ => json!(0),
        };
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": self.shape,
            "data_type": types(self.dtype).1,
            "fill_value": self.fill.as_ref().map_or_else(zero, fill_json),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": self.chunks}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "codecs": codecs,
            "dimension_names": self.dims,
            "attributes": self.attributes,
        })
    }
}

/// The names of a type in version 2 and 3.
fn types(dtype: DType) -> (&'static str, &'static str) {
    match dtype {
        DType::Bool => ("|b1", "bool"),
        DType::I8 => ("|i1", "int8"),
        DType::I16 => ("<i2", "int16"),
        DType::I32 => ("<i4", "int32"),
        DType::I64 | DType::TimestampNs => ("<i8", "int64"),
        DType::U8 => ("|u1", "uint8"),
        DType::U16 => ("<u2", "uint16"),
        DType::U32 => ("<u4", "uint32"),
        DType::U64 => ("<u8", "uint64"),
        DType::F16 => ("<f2", "float16"),
        DType::F32 => ("<f4", "float32"),
        DType::F64 => ("<f8", "float64"),
        DType::C64 => ("<c8", "complex64"),
        DType::C128 => ("<c16", "complex128"),
        DType::String => ("|O", "string"),
    }
}

/// A fill value as Zarr writes it; a NaN of other bits than the usual one as these.
fn fill_json(fill: &Value) -> Json {
    print::json(fill).pop().unwrap_or_default()
}

/// Whether a value of this type is a NaN that is given by its bits, or has one in it.
fn has_bits(dtype: DType, value: &Json) -> bool {
    let float = matches!(dtype, DType::F16 | DType::F32 | DType::F64 | DType::C64 | DType::C128);
    match value {
        Json::String(text) => float && text.starts_with("0x"),
        Json::Array(parts) => parts.iter().any(|part| has_bits(dtype, part)),
        _ => false,
    }
}

/// Makes of a NaN that is given by its bits one that every reader knows.
pub fn plain_nan(dtype: DType, value: &mut Json) {
    match value {
        Json::Array(parts) => parts.iter_mut().for_each(|part| plain_nan(dtype, part)),
        text if has_bits(dtype, text) => *text = "NaN".into(),
        _ => {}
    }
}

fn chunk_count(info: &ArrayInfo) -> u64 {
    info.shape.iter().zip(&info.piece_shape).map(|(extent, chunk)| extent.div_ceil(*chunk)).product()
}

/// Tells xarray which cells are missing, by the attribute that it takes for that in version 3.
fn mask(attributes: &mut Map<String, Json>, dtype: DType, fill: Option<&Value>) {
    const KEY: &str = "_FillValue";
    let own = attributes.remove(KEY);
    let float = |value: f64| Json::from(STANDARD.encode(value.to_le_bytes()));
    let complex = |parts: [f64; 2]| Json::from(parts.map(float).to_vec());
    let encoded = match fill {
        Some(Value::F16(values)) => values.first().map(|value| float(value.to_f64())),
        Some(Value::F32(values)) => values.first().map(|value| float((*value).into())),
        Some(Value::F64(values)) => values.first().map(|value| float(*value)),
        Some(Value::C64(values)) => values.first().map(|value| complex(value.map(f64::from))),
        Some(Value::C128(values)) => values.first().map(|value| complex(*value)),
        Some(Value::String(_)) => None,
        Some(fill) => Some(fill_json(fill)),
        // An attribute of the array's own, which other tools go by.
        None => own.and_then(|own| match dtype {
            DType::F16 | DType::F32 | DType::F64 => own.as_f64().map(float),
            DType::String | DType::C64 | DType::C128 => None,
            _ => Some(own),
        }),
    };
    attributes.extend(encoded.map(|encoded| (KEY.to_owned(), encoded)));
}
