//! Attributes of a dataset, of an array, or of the store.
//!
//! Few small ones are bytes, one behind the other, in one piece of memory: there may be a million datasets with some each,
//! and a map of values takes ten times the bytes of these.

use super::varint::{Cursor, put};
use crate::base::dtype::DType;
use crate::base::maps::IndexMap;
use crate::base::value::Value;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// So many bytes are looked through for a name, and copied for a change.
const PACKED_BYTES: usize = 1 << 10;

/// Attributes, in the order they were first set.
#[derive(Clone)]
pub struct Attributes(Form);

#[derive(Clone)]
enum Form {
    /// See [`Packed`].
    Packed(Box<[u8]>),
    /// What takes more than [`PACKED_BYTES`], or did.
    Map(Box<IndexMap<Arc<str>, Value>>),
}

/// Entries: the length and the bytes of the name, the code of the dtype, the length and the bytes of the values. Numbers are
/// as in memory, texts each behind its length.
struct Packed<'a>(Cursor<'a>);

/// One of them, with the bytes that it takes.
struct Entry<'a> {
    name: &'a [u8],
    dtype: DType,
    values: &'a [u8],
    len: usize,
}

impl<'a> Iterator for Packed<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self(cursor) = self;
        let before = cursor.0.len();
        let part = |cursor: &mut Cursor<'a>| {
            let len = cursor.varint().ok()?;
            cursor.slice(len as usize).ok()
        };
        let name = part(cursor)?;
        let dtype = DType::from_code(cursor.byte().ok()?.into()).ok()?;
        let values = part(cursor)?;
        Some(Entry { name, dtype, values, len: before - cursor.0.len() })
    }
}

impl<'a> Entry<'a> {
    fn name(&self) -> &'a str {
        str::from_utf8(self.name).unwrap_or_default()
    }

    fn value(&self) -> Value {
        if self.dtype != DType::String {
            return Value::from_bytes(self.dtype, self.values).unwrap_or(Value::String(Vec::new()));
        }
        let (mut cursor, mut texts) = (Cursor(self.values), Vec::with_capacity(1));
        while let Ok(len) = cursor.varint()
            && let Ok(text) = cursor.slice(len as usize)
        {
            texts.push(String::from_utf8_lossy(text).into_owned());
        }
        Value::String(texts)
    }

    /// Appends the entry of a name.
    fn put(out: &mut Vec<u8>, name: &str, value: &Value) {
        let mut values = value.to_bytes();
        if let Value::String(texts) = value {
            for text in texts {
                put(&mut values, text.len() as u64);
                values.extend_from_slice(text.as_bytes());
            }
        }
        // Most lengths take a byte.
        out.reserve_exact(name.len() + values.len() + 3);
        put(out, name.len() as u64);
        out.extend_from_slice(name.as_bytes());
        out.push(value.dtype() as u8);
        put(out, values.len() as u64);
        out.extend_from_slice(&values);
    }
}

/// Bytes of values, about; texts are of so many at least.
fn bytes_of(value: &Value) -> usize {
    match value {
        Value::String(texts) => texts.iter().map(|text| text.len() + 1).sum(),
        _ => value.len() * value.dtype().size(),
    }
}

impl Default for Attributes {
    fn default() -> Self {
        Self(Form::Packed(Box::default()))
    }
}

impl Attributes {
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        match &self.0 {
            Form::Packed(bytes) => Packed(Cursor(bytes)).count(),
            Form::Map(map) => map.len(),
        }
    }

    pub fn get(&self, name: &str) -> Option<Value> {
        match &self.0 {
            Form::Packed(bytes) => find(bytes, name).map(|(_, entry)| entry.value()),
            Form::Map(map) => map.get(name).cloned(),
        }
    }

    pub fn contains(&self, name: &str) -> bool {
        match &self.0 {
            Form::Packed(bytes) => find(bytes, name).is_some(),
            Form::Map(map) => map.contains_key(name),
        }
    }

    /// The entries of either form; the other has none.
    fn entries(&self) -> (Packed<'_>, impl Iterator<Item = (&Arc<str>, &Value)>) {
        let (packed, map) = match &self.0 {
            Form::Packed(bytes) => (&bytes[..], None),
            Form::Map(map) => (&[][..], Some(map)),
        };
        (Packed(Cursor(packed)), map.into_iter().flat_map(|map| map.iter()))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, Cow<'_, Value>)> {
        let (packed, map) = self.entries();
        let packed = packed.map(|entry| (entry.name(), Cow::Owned(entry.value())));
        packed.chain(map.map(|(name, value)| (&**name, Cow::Borrowed(value))))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        let (packed, map) = self.entries();
        packed.map(|entry| entry.name()).chain(map.map(|(name, _)| &**name))
    }

    /// Adds one, or replaces that of the name where it is.
    pub fn insert(&mut self, name: &str, value: Value) {
        let bytes = match &mut self.0 {
            Form::Packed(bytes) => bytes,
            Form::Map(map) => {
                match map.get_mut(name) {
                    Some(known) => *known = value,
                    None => drop(map.insert(name.into(), value)),
                }
                return;
            }
        };
        if bytes.len() + name.len() + bytes_of(&value) > PACKED_BYTES {
            let mut map: IndexMap<Arc<str>, Value> =
                self.iter().map(|(name, value)| (name.into(), value.into_owned())).collect();
            map.insert(name.into(), value);
            self.0 = Form::Map(Box::new(map));
            return;
        }
        let known = find(bytes, name).map(|(at, entry)| (at, at + entry.len));
        let mut packed = std::mem::take(bytes).into_vec();
        match known {
            None => Entry::put(&mut packed, name, &value),
            Some((start, end)) => {
                let behind = packed.split_off(end);
                packed.truncate(start);
                Entry::put(&mut packed, name, &value);
                packed.extend_from_slice(&behind);
            }
        }
        *bytes = packed.into_boxed_slice();
    }

    /// Takes one away; the others stay in their order.
    pub fn remove(&mut self, name: &str) {
        match &mut self.0 {
            Form::Map(map) => drop(map.shift_remove(name)),
            Form::Packed(bytes) => {
                if let Some((at, len)) = find(bytes, name).map(|(at, entry)| (at, entry.len)) {
                    let mut packed = std::mem::take(bytes).into_vec();
                    packed.drain(at..at + len);
                    *bytes = packed.into_boxed_slice();
                }
            }
        }
    }
}

/// The entry of a name, and where it begins.
fn find<'a>(bytes: &'a [u8], name: &str) -> Option<(usize, Entry<'a>)> {
    let mut at = 0;
    for entry in Packed(Cursor(bytes)) {
        if entry.name == name.as_bytes() {
            return Some((at, entry));
        }
        at += entry.len;
    }
    None
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A map of names and values.
impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(self.len()))?;
        self.iter().try_for_each(|(name, value)| map.serialize_entry(name, &*value))?;
        map.end()
    }
}

/// A name occurs once in it.
impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AttributesVisitor;
        impl<'de> Visitor<'de> for AttributesVisitor {
            type Value = Attributes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of names")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
                let mut attributes = Attributes::default();
                while let Some((super::root::Name(name), value)) = map.next_entry::<super::root::Name<'de>, Value>()? {
                    if attributes.contains(&name) {
                        return Err(A::Error::custom(format_args!("the name '{name}' occurs twice")));
                    }
                    attributes.insert(&name, value);
                }
                Ok(attributes)
            }
        }
        deserializer.deserialize_map(AttributesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    fn names(attributes: &Attributes) -> Vec<&str> {
        attributes.names().collect()
    }

    #[test]
    fn all_kinds_of_values_are_kept_in_order() {
        let values = [
            Value::Bool(vec![true, false]),
            Value::I8(vec![-1]),
            Value::I16(vec![]),
            Value::U64(vec![u64::MAX]),
            Value::F16(vec![f16::from_bits(0x7e01)]),
            Value::F64(vec![f64::from_bits(0x7ff0_0000_0000_0001), -0.0]),
            Value::C64(vec![[1.5, f32::NAN]]),
            Value::C128(vec![[0.1, -0.0]]),
            Value::TimestampNs(vec![i64::MIN]),
            Value::String(vec![]),
            Value::String(vec![String::new()]),
            Value::String(vec!["°C".into(), String::new(), "x".repeat(200)]),
        ];
        let mut attributes = Attributes::default();
        for (number, value) in values.iter().enumerate() {
            attributes.insert(&format!("a{number}"), value.clone());
        }
        assert!(matches!(attributes.0, Form::Packed(_)));
        let packed = attributes.clone();
        attributes.insert("large", Value::U8(vec![7; PACKED_BYTES]));
        assert!(matches!(attributes.0, Form::Map(_)));
        attributes.remove("large");
        for attributes in [packed, attributes] {
            assert_eq!(attributes.len(), values.len());
            for (number, ((name, value), known)) in attributes.iter().zip(&values).enumerate() {
                assert_eq!((name, &*value), (&*format!("a{number}"), known));
                assert_eq!(attributes.get(name).as_ref(), Some(known));
            }
            let text = serde_json::to_string(&attributes).expect("serialises");
            let read: Attributes = serde_json::from_str(&text).expect("parses");
            assert!(read.iter().eq(attributes.iter()), "{text}");
            let bytes = rmp_serde::to_vec_named(&attributes).expect("serialises");
            assert!(rmp_serde::from_slice::<Attributes>(&bytes).expect("parses").iter().eq(attributes.iter()));
        }
        assert!(serde_json::from_str::<Attributes>(r#"{"a":{"i8":[1]},"a":{"i8":[1]}}"#).is_err());
    }

    #[test]
    fn what_is_replaced_keeps_its_place() {
        for large in [0, PACKED_BYTES] {
            let mut attributes = Attributes::default();
            attributes.insert("c", vec![0u8; large].into());
            attributes.insert("a", 1u8.into());
            attributes.insert("b", "text".into());
            attributes.insert("a", "longer than it was".into());
            attributes.insert("c", 1.5f64.into());
            assert_eq!(names(&attributes), ["c", "a", "b"]);
            assert_eq!(attributes.get("a"), Some("longer than it was".into()));
            attributes.remove("a");
            attributes.remove("d");
            assert_eq!((names(&attributes), attributes.contains("a")), (vec!["c", "b"], false));
            assert_eq!((attributes.get("b"), attributes.get("c")), (Some("text".into()), Some(1.5f64.into())));
            attributes.remove("b");
            attributes.remove("c");
            assert!(attributes.is_empty() && attributes.get("c").is_none());
        }
    }
}
