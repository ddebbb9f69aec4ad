//! Two cells.

use crate::print;
use atlas_store::{Value, f16};

/// Differences that do not count.
#[derive(Clone, Copy, Default)]
pub struct Limits {
    pub absolute: f64,
    /// Of the larger of both amounts.
    pub relative: f64,
}

/// How two cells are to each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relation {
    Same,
    /// One of them is missing: a fill value, or not a number.
    OneMissing,
    /// They are no numbers.
    Unequal,
    /// How far they are apart, and that by the larger of both amounts.
    Apart {
        absolute: f64,
        relative: f64,
    },
}

/// How cell `i` of both is; each has its own fill value.
pub fn relation(values: &[Value; 2], fills: &[Option<Value>; 2], i: usize) -> Relation {
    let is_fill = |side: usize| fills[side].as_ref().is_some_and(|fill| print::is_fill(&values[side], i, fill));
    match [is_fill(0), is_fill(1)] {
        [true, true] => return Relation::Same,
        [false, false] => {}
        _ => return Relation::OneMissing,
    }
    macro_rules! whole {
        ($a:expr, $b:expr) => {
            whole($a[i].into(), $b[i].into())
        };
    }
    macro_rules! complex {
        ($a:expr, $b:expr) => {
            complex($a[i].map(f64::from), $b[i].map(f64::from))
        };
    }
    let [a, b] = values;
    match (a, b) {
        (Value::I8(a), Value::I8(b)) => whole!(a, b),
        (Value::I16(a), Value::I16(b)) => whole!(a, b),
        (Value::I32(a), Value::I32(b)) => whole!(a, b),
        (Value::I64(a), Value::I64(b)) | (Value::TimestampNs(a), Value::TimestampNs(b)) => whole!(a, b),
        (Value::U8(a), Value::U8(b)) => whole!(a, b),
        (Value::U16(a), Value::U16(b)) => whole!(a, b),
        (Value::U32(a), Value::U32(b)) => whole!(a, b),
        (Value::U64(a), Value::U64(b)) => whole!(a, b),
        (Value::F16(a), Value::F16(b)) => float(f16::to_f64(a[i]), f16::to_f64(b[i])),
        (Value::F32(a), Value::F32(b)) => float(a[i].into(), b[i].into()),
        (Value::F64(a), Value::F64(b)) => float(a[i], b[i]),
        (Value::C64(a), Value::C64(b)) => complex!(a, b),
        (Value::C128(a), Value::C128(b)) => complex!(a, b),
        (Value::Bool(a), Value::Bool(b)) if a[i] == b[i] => Relation::Same,
        (Value::String(a), Value::String(b)) if a[i] == b[i] => Relation::Same,
        _ => Relation::Unequal,
    }
}

fn whole(a: i128, b: i128) -> Relation {
    if a == b {
        return Relation::Same;
    }
    let absolute = a.abs_diff(b) as f64;
    Relation::Apart { absolute, relative: absolute / a.unsigned_abs().max(b.unsigned_abs()) as f64 }
}

fn float(a: f64, b: f64) -> Relation {
    complex([a, 0.0], [b, 0.0])
}

fn complex(a: [f64; 2], b: [f64; 2]) -> Relation {
    let is_nan = |parts: [f64; 2]| parts[0].is_nan() || parts[1].is_nan();
    if a == b || (is_nan(a) && is_nan(b)) {
        return Relation::Same;
    }
    if is_nan(a) || is_nan(b) {
        return Relation::OneMissing;
    }
    // An infinity less itself is no number, and is no difference.
    let distance = |scale: f64| {
        let part = |d: usize| if a[d] == b[d] { 0.0 } else { a[d] / scale - b[d] / scale };
        part(0).hypot(part(1))
    };
    let larger = a[0].hypot(a[1]).max(b[0].hypot(b[1]));
    let relative = if larger.is_finite() { distance(larger) } else { f64::INFINITY };
    Relation::Apart { absolute: distance(1.0), relative }
}

impl Limits {
    /// Whether the difference counts.
    pub fn counts(&self, relation: Relation) -> bool {
        match relation {
            Relation::Same => false,
            // The quotient may be too small for a number.
            Relation::Apart { absolute, relative } => {
                absolute > self.absolute && (relative > self.relative || self.relative == 0.0)
            }
            Relation::OneMissing | Relation::Unequal => true,
        }
    }
}
