//! Values of attributes, in both directions.
//!
//! Text of NetCDF is a text, numbers are numbers. What a text does not say of itself (that it was a string and no
//! characters, Latin-1, followed by NULs, bytes with a NUL inside) is said in [`reserved::TYPES`]: a list of a word and a
//! name each.

use super::c::{Fault, Raw};
use super::chars::{Encoding, decode, encode, trimmed};
use super::reserved;
use crate::print;
use atlas_store::Value;

/// NULs behind a text that are counted; a text with more is kept as bytes.
const MAX_NULS: usize = 1 << 20;

/// What a value does not say of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Of type string, though it is only one.
    string: bool,
    latin1: bool,
    /// u8 that was characters.
    bytes: bool,
    /// NULs behind it.
    nuls: usize,
}

impl Form {
    pub fn is_string(self) -> bool {
        self.string
    }

    pub fn without_nuls(self) -> Self {
        Form { nuls: 0, ..self }
    }

    fn word(self) -> Option<String> {
        match self {
            Form { string: true, .. } => Some("string".into()),
            Form { bytes: true, .. } => Some("char".into()),
            Form { latin1: true, nuls: 0, .. } => Some("latin-1".into()),
            Form { latin1: true, nuls, .. } => Some(format!("latin-1:{nuls}")),
            Form { nuls: 0, .. } => None,
            Form { nuls, .. } => Some(format!("utf-8:{nuls}")),
        }
    }

    fn of_word(word: &str) -> Self {
        let (kind, nuls) = word.split_once(':').unwrap_or((word, "0"));
        let nuls = nuls.parse().unwrap_or(0).min(MAX_NULS);
        Form { string: kind == "string", latin1: kind == "latin-1", bytes: kind == "char", nuls }
    }
}

/// A value of NetCDF as one of a store, and what that does not say.
pub fn to_store(raw: Raw) -> Result<(Value, Form), Fault> {
    Ok(match raw {
        Raw::Numbers(value) => (value, Form::default()),
        Raw::Texts(texts) => {
            let texts = texts
                .into_iter()
                .map(|text| String::from_utf8(text).map_err(|error| Fault::NotText(error.into_bytes())));
            let texts = texts.collect::<Result<Vec<_>, _>>()?;
            let string = texts.len() == 1;
            (Value::String(texts), Form { string, ..Form::default() })
        }
        Raw::Chars(bytes) => {
            let text = trimmed(&bytes);
            if text.contains(&0) || bytes.len() - text.len() > MAX_NULS {
                return Ok((Value::U8(bytes), Form { bytes: true, ..Form::default() }));
            }
            let latin1 = std::str::from_utf8(text).is_err();
            let encoding = if latin1 { Encoding::Latin1 } else { Encoding::Utf8 };
            let form = Form { latin1, nuls: bytes.len() - text.len(), ..Form::default() };
            (Value::from(decode(text, encoding)), form)
        }
    })
}

/// A value of a store as one of NetCDF; `None` where NetCDF has none.
pub fn to_netcdf(value: &Value, form: Form) -> Option<Raw> {
    Some(match value {
        Value::String(texts) if texts.len() == 1 && !form.string => {
            let encoding = if form.latin1 { Encoding::Latin1 } else { Encoding::Utf8 };
            let mut bytes = encode(&texts[0], encoding);
            bytes.resize(bytes.len() + form.nuls, 0);
            Raw::Chars(bytes)
        }
        Value::String(texts) => Raw::Texts(texts.iter().map(|text| text.as_bytes().to_vec()).collect()),
        Value::U8(bytes) if form.bytes => Raw::Chars(bytes.clone()),
        Value::Bool(values) => Raw::Numbers(Value::I8(values.iter().map(|&value| value.into()).collect())),
        Value::F16(values) => Raw::Numbers(Value::F32(values.iter().map(|&value| value.into()).collect())),
        Value::TimestampNs(times) => {
            let texts: Vec<_> = times.iter().map(|&time| date(time)).collect();
            match texts.as_slice() {
                [one] => Raw::Chars(one.as_bytes().to_vec()),
                _ => Raw::Texts(texts.into_iter().map(String::into_bytes).collect()),
            }
        }
        Value::C64(_) | Value::C128(_) => return None,
        numbers => Raw::Numbers(numbers.clone()),
    })
}

/// A time in nanoseconds since 1970 as text, to the nanosecond.
fn date(time: i64) -> String {
    if time == i64::MIN {
        return "NaT".into();
    }
    let text = print::texts(&Value::TimestampNs(vec![time])).concat();
    let text = text.trim_end_matches('Z');
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{seconds}.{fraction:0<9}")
}

/// The reserved attribute for what the values of `forms` do not say; none where they say all.
pub fn types(forms: &[(String, Form)]) -> Option<(String, Value)> {
    let entry = |(name, form): &(String, Form)| Some(format!("{} {name}", form.word()?));
    let entries: Vec<_> = forms.iter().filter_map(entry).collect();
    (!entries.is_empty()).then(|| (reserved::TYPES.to_owned(), Value::String(entries)))
}

/// What [`types`] says of the attribute `name`.
pub fn form_of(attributes: &[(String, Value)], name: &str) -> Form {
    let Some((_, Value::String(entries))) = attributes.iter().find(|(key, _)| key == reserved::TYPES) else {
        return Form::default();
    };
    let words = entries.iter().filter_map(|entry| entry.split_once(' '));
    words.filter(|(_, of)| *of == name).map(|(word, _)| Form::of_word(word)).next().unwrap_or_default()
}
