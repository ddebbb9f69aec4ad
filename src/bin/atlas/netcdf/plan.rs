//! What a file becomes in a store, before any of its values are read; characters are, as their texts decide how they are kept.

use super::attributes::{Form, to_store, types};
use super::c::{Dimension, Fault, File, Group, Kind, Owner, Raw, Variable};
use super::chars::{Chars, Encoding, encoding_of};
use super::reserved;
use super::slabs::slabs;
use crate::print::QUANTIZED;
use atlas_store::{DType, Error, ErrorKind, FillValue, Value};
use std::collections::{HashMap, HashSet};
use std::ffi::c_int;

/// Attributes in their order.
pub type Attributes = Vec<(String, Value)>;

/// A group as a dataset.
pub struct DatasetPlan {
    pub name: String,
    pub attributes: Attributes,
    pub arrays: Vec<ArrayPlan>,
}

/// A variable as an array.
pub struct ArrayPlan {
    pub name: String,
    pub dtype: DType,
    pub dims: Vec<String>,
    pub shape: Vec<u64>,
    pub chunks: Option<Vec<u64>>,
    /// Whether the first dimension is an unlimited one of the variable's group; `None` without dimensions.
    pub unlimited: Option<bool>,
    pub fill: Option<FillValue>,
    /// The bits that the variable says its values are rounded to.
    pub keep_bits: Option<u32>,
    pub attributes: Attributes,
    pub source: Source,
}

impl ArrayPlan {
    /// Whether the variable has strings, which may be no texts.
    pub fn is_text(&self) -> bool {
        self.source.kind == Kind::Text
    }
}

/// Where the values of an array come from.
pub struct Source {
    variable: Owner,
    kind: Kind,
    /// Extents of the variable.
    shape: Vec<u64>,
    chars: Option<Chars>,
}

/// Makes the plans of a file's groups.
pub struct Planner {
    pub skip_unsupported: bool,
    /// What was left out.
    pub skipped: Vec<String>,
}

/// Dimensions by their number: where they are defined, and what they are.
type Dimensions = HashMap<c_int, (String, Dimension)>;

impl Planner {
    /// The datasets that a file becomes, the first called `name`.
    pub fn file(&mut self, file: &File, name: &str) -> Result<Vec<DatasetPlan>, Error> {
        let mut plans = Vec::new();
        self.group(file.root(), name, "", &mut Vec::new(), &mut HashMap::new(), &mut plans)?;
        Ok(plans)
    }

    /// `path` is that of the group in its file, empty for the first; `above` has the dimensions of the groups above.
    fn group(
        &mut self,
        group: Group,
        name: &str,
        path: &str,
        above: &mut Vec<Dimension>,
        all: &mut Dimensions,
        plans: &mut Vec<DatasetPlan>,
    ) -> Result<(), Error> {
        let what = if path.is_empty() { String::new() } else { format!("group '{path}': ") };
        let own = group.dimensions().map_err(|fault| damaged(&fault, &format!("{what}dimensions")))?;
        all.extend(own.iter().map(|dimension| (dimension.id, (path.to_owned(), dimension.clone()))));
        let variables = group.variables().map_err(|fault| damaged(&fault, &format!("{what}variables")))?;
        let used: HashSet<_> = variables.iter().flat_map(|variable| variable.dimensions.iter().copied()).collect();

        let (mut attributes, forms) = self.attributes(group.owner(), &what)?;
        attributes.extend(types(&forms));
        // Arrays of numbers say it themselves: what is left out of others is not known yet.
        let numbers = variables.iter().filter(|variable| matches!(variable.kind, Kind::Number(_)));
        let said: HashSet<_> = numbers.filter_map(|variable| variable.dimensions.first().copied()).collect();
        let unlimited = own.iter().filter(|d| d.unlimited && !said.contains(&d.id));
        let unlimited: Vec<_> = unlimited.map(|d| d.name.clone()).collect();
        if !unlimited.is_empty() {
            attributes.push((reserved::UNLIMITED.into(), Value::String(unlimited)));
        }
        // Those that the arrays alone would not bring back.
        let hides = |d: &Dimension| above.iter().any(|other| other.name == d.name && other.length == d.length);
        let loose: Vec<_> = own.iter().filter(|d| !used.contains(&d.id) || hides(d)).collect();
        if !loose.is_empty() {
            let names: Vec<_> = loose.iter().map(|d| d.name.clone()).collect();
            let lengths: Vec<_> = loose.iter().map(|d| d.length as i64).collect();
            attributes.push((reserved::DIMS.into(), Value::String(names)));
            attributes.push((reserved::DIM_LENGTHS.into(), Value::I64(lengths)));
        }

        let mut arrays = Vec::new();
        for variable in variables {
            let named = format!("{what}variable '{}'", variable.name);
            let visible = |d: &Dimension| own.iter().chain(above.iter().rev()).find(|one| one.name == d.name);
            let first = variable.dimensions.first();
            let grows = own.iter().any(|dimension| dimension.unlimited && Some(&dimension.id) == first);
            let mut dims = Vec::new();
            for id in &variable.dimensions {
                let found = all.get(id).ok_or_else(|| corrupt(format!("{named} has a dimension that is nowhere")))?;
                let (place, dimension) = found;
                // One that another of its name hides is named by its path.
                let hidden = visible(dimension).is_some_and(|one| one.id != dimension.id);
                let name = if hidden { format!("{place}/{}", dimension.name) } else { dimension.name.clone() };
                dims.push((name, dimension.length as u64));
            }
            arrays.extend(self.variable(variable, dims, grows, &named)?);
        }
        plans.push(DatasetPlan { name: name.to_owned(), attributes, arrays });

        let length = above.len();
        above.extend(own);
        let groups = group.groups().map_err(|fault| damaged(&fault, &format!("{what}groups")))?;
        for (key, below) in groups {
            self.group(below, &format!("{name}/{key}"), &format!("{path}/{key}"), above, all, plans)?;
        }
        above.truncate(length);
        Ok(())
    }

    /// What a store has nothing for: an error, or left out.
    pub fn unsupported(&mut self, what: String) -> Result<(), Error> {
        if !self.skip_unsupported {
            return Err(Error::new(ErrorKind::Unsupported, format!("{what}; --skip-unsupported leaves it out")));
        }
        self.skipped.push(what);
        Ok(())
    }

    /// Attributes, and what their values do not say.
    fn attributes(&mut self, owner: Owner, what: &str) -> Result<(Attributes, Vec<(String, Form)>), Error> {
        let (mut attributes, mut forms) = (Vec::new(), Vec::new());
        for attribute in owner.attributes().map_err(|fault| damaged(&fault, &format!("{what}attributes")))? {
            let named = format!("{what}attribute '{}'", attribute.name);
            if let Kind::User(class, kind) = &attribute.kind {
                self.unsupported(format!("{named} is of the type {class} '{kind}', which a store has none for"))?;
                continue;
            }
            if attribute.name.starts_with(reserved::PREFIX) {
                self.unsupported(format!("{named} has a name that stores reserve"))?;
                continue;
            }
            match attribute.read().and_then(to_store) {
                Ok((value, form)) => {
                    forms.push((attribute.name.clone(), form));
                    attributes.push((attribute.name, value));
                }
                Err(fault @ Fault::NotText(_)) => self.unsupported(format!("{named}: {fault}"))?,
                Err(fault) => return Err(damaged(&fault, &named)),
            }
        }
        Ok((attributes, forms))
    }

    fn variable(
        &mut self,
        variable: Variable,
        dims: Vec<(String, u64)>,
        grows: bool,
        named: &str,
    ) -> Result<Option<ArrayPlan>, Error> {
        if let Kind::User(class, kind) = &variable.kind {
            self.unsupported(format!("{named} is of the type {class} '{kind}', which a store has none for"))?;
            return Ok(None);
        }
        let (mut attributes, mut forms) = self.attributes(variable.owner, &format!("{named}: "))?;
        let mut fill = None;
        if let Some(at) = attributes.iter().position(|(name, _)| name == reserved::FILL) {
            fill = fill_of(&variable.kind, &attributes[at].1, forms[at].1);
            if fill.is_some() {
                attributes.remove(at);
                forms.remove(at);
            } else if variable.kind == Kind::Char {
                // A NUL is a text of none, which is a NUL again.
                forms[at].1 = forms[at].1.without_nuls();
            }
        }
        let keep_bits = kept_bits(&variable.kind, &attributes);
        attributes.extend(types(&forms));
        let (mut dims, shape): (Vec<_>, Vec<_>) = dims.into_iter().unzip();
        let mut chunks =
            variable.owner.chunks(shape.len()).map_err(|fault| damaged(&fault, &format!("{named}: chunks")))?;
        let mut source = Source { variable: variable.owner, kind: variable.kind, shape: shape.clone(), chars: None };
        let mut of_array = shape;
        let dtype = match source.kind {
            Kind::Number(dtype) => dtype,
            Kind::Char => {
                let chars =
                    source.choose(dims.last().map_or("", String::as_str)).map_err(|fault| damaged(&fault, named))?;
                let bytes = chars.encoding == Encoding::Bytes;
                if !bytes {
                    dims.pop();
                    of_array.pop();
                    chunks.as_mut().map(Vec::pop);
                }
                attributes.extend(chars.attributes());
                source.chars = Some(chars);
                if bytes { DType::U8 } else { DType::String }
            }
            _ => DType::String,
        };
        let chunks = chunks.map(|extents| extents.into_iter().map(|extent| extent.max(1)).collect::<Vec<_>>());
        let chunks = chunks.filter(|extents| !extents.is_empty() && fits(extents, dtype));
        let unlimited = (!dims.is_empty()).then_some(grows);
        let name = variable.name;
        Ok(Some(ArrayPlan {
            name,
            dtype,
            dims,
            shape: of_array,
            chunks,
            unlimited,
            fill,
            keep_bits,
            attributes,
            source,
        }))
    }
}

/// Whether a store takes chunks of these extents; where it does not, it chooses.
fn fits(extents: &[u64], dtype: DType) -> bool {
    let limit = if dtype == DType::String { 1 << 24 } else { (1 << 31) - 1 };
    let size = u64::try_from(dtype.size().max(1)).unwrap_or(u64::MAX);
    extents.iter().fold(size, |product, &extent| product.saturating_mul(extent)) <= limit
}

/// What [`QUANTIZED`] says of a variable of floats, where an array of them can have as many bits.
fn kept_bits(kind: &Kind, attributes: &Attributes) -> Option<u32> {
    let most = match kind {
        Kind::Number(DType::F32) => f32::MANTISSA_DIGITS - 1,
        Kind::Number(DType::F64) => f64::MANTISSA_DIGITS - 1,
        _ => return None,
    };
    let (_, value) = attributes.iter().find(|(name, _)| name == QUANTIZED)?;
    let bits = match value {
        Value::I32(values) => u32::try_from(*values.first().filter(|_| values.len() == 1)?).ok()?,
        _ => return None,
    };
    (1..=most).contains(&bits).then_some(bits)
}

fn fill_of(kind: &Kind, value: &Value, form: Form) -> Option<FillValue> {
    match (kind, value) {
        (Kind::Number(dtype), value) if value.dtype() == *dtype && value.len() == 1 && form == Form::default() => {
            super::bytes_of(value).map(FillValue::Bytes)
        }
        (Kind::Text, Value::String(texts)) if texts.len() == 1 && form.is_string() => {
            Some(FillValue::Text(texts[0].clone()))
        }
        _ => None,
    }
}

impl Source {
    /// Bytes of the values, roughly for strings.
    pub fn size(&self) -> u64 {
        self.shape.iter().fold(self.item_size(), |product, &extent| product.saturating_mul(extent))
    }

    fn item_size(&self) -> u64 {
        match self.kind {
            Kind::Number(dtype) => dtype.size() as u64,
            Kind::Char => 1,
            _ => super::TEXT_BYTES,
        }
    }

    /// The parts to read the values in, for an array of these chunks.
    pub fn parts(&self, chunks: &[u64]) -> impl Iterator<Item = (Vec<u64>, Vec<u64>)> + use<> {
        let length = match &self.chars {
            Some(chars) if !chars.dim.is_empty() => Some(chars.length as u64),
            _ => None,
        };
        let (shape, item) = match length {
            Some(length) => (&self.shape[..self.shape.len() - 1], length.max(1)),
            None => (self.shape.as_slice(), self.item_size()),
        };
        slabs(shape, item, Some(chunks))
    }

    /// The values of a part, as the array has them.
    pub fn read(&self, start: &[u64], count: &[u64]) -> Result<Value, Fault> {
        let (mut start, mut count) = (start.to_vec(), count.to_vec());
        if let Some(chars) = &self.chars
            && !chars.dim.is_empty()
        {
            start.push(0);
            count.push(chars.length as u64);
        }
        let cells: u64 = count.iter().take(self.rank_of_array()).product();
        Ok(match (self.variable.read(&self.kind, &start, &count)?, &self.chars) {
            (Raw::Numbers(value), _) => value,
            (Raw::Texts(texts), _) => {
                let texts = texts.into_iter();
                let texts =
                    texts.map(|text| String::from_utf8(text).map_err(|error| Fault::NotText(error.into_bytes())));
                Value::String(texts.collect::<Result<_, _>>()?)
            }
            (Raw::Chars(bytes), Some(chars)) if chars.encoding != Encoding::Bytes => match chars.length {
                // Texts of no characters.
                0 => Value::String(vec![String::new(); cells as usize]),
                _ => Value::String(chars.texts(&bytes)),
            },
            (Raw::Chars(bytes), _) => Value::U8(bytes),
        })
    }

    fn rank_of_array(&self) -> usize {
        let is_cut = self.chars.as_ref().is_some_and(|chars| !chars.dim.is_empty());
        self.shape.len() - usize::from(is_cut)
    }

    /// How the characters are to be kept.
    fn choose(&self, last: &str) -> Result<Chars, Fault> {
        let length = self.shape.last().map_or(1, |&length| length as usize);
        let leading = &self.shape[..self.shape.len().saturating_sub(1)];
        let mut encoding = Encoding::Utf8;
        if length > 0 {
            for (mut start, mut count) in slabs(leading, length as u64, None) {
                if !self.shape.is_empty() {
                    start.push(0);
                    count.push(length as u64);
                }
                if let Raw::Chars(bytes) = self.variable.read(&self.kind, &start, &count)? {
                    encoding = encoding.max(encoding_of(&bytes, length));
                }
            }
        }
        let dim = if encoding == Encoding::Bytes { "" } else { last };
        Ok(Chars { dim: dim.into(), length, encoding })
    }
}

fn corrupt(message: String) -> Error {
    Error::new(ErrorKind::Corrupt, message)
}

fn damaged(fault: &Fault, what: &str) -> Error {
    fault.error(ErrorKind::Corrupt, what)
}
