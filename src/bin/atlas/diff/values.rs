//! The values of two arrays, chunk by chunk.

use super::cells::{Limits, Relation, relation};
use crate::print;
use atlas_store::{ChunkPlace, ChunkPlaces, Value};
use serde_json::{Value as Json, json};

/// What the cells that were compared come to.
#[derive(Default)]
pub struct Tally {
    fills: [Option<Value>; 2],
    limits: Limits,
    shape: Vec<u64>,
    pub differing: u64,
    /// Those of them that are missing on one side.
    missing: u64,
    /// The largest of those that are numbers on both.
    absolute: Option<f64>,
    relative: Option<f64>,
    first: Option<First>,
}

/// The first cell that differs.
struct First {
    at: Vec<u64>,
    texts: [String; 2],
    json: [Json; 2],
}

impl Tally {
    pub fn new(fills: [Option<Value>; 2], limits: Limits, shape: &[u64]) -> Self {
        Self { fills, limits, shape: shape.to_vec(), ..Self::default() }
    }

    /// Compares the cells of a region.
    pub fn add(&mut self, start: &[u64], count: &[u64], values: &[Value; 2]) {
        // The fill values may differ: then the same number is missing in one of them.
        if self.fills[0] == self.fills[1] && values[0] == values[1] {
            return;
        }
        let mut first = None;
        for i in 0..values[0].len() {
            let relation = relation(values, &self.fills, i);
            if !self.limits.counts(relation) {
                continue;
            }
            first.get_or_insert(i);
            self.differing += 1;
            match relation {
                Relation::OneMissing => self.missing += 1,
                Relation::Apart { absolute, relative } => {
                    self.absolute = self.absolute.max(Some(absolute));
                    self.relative = self.relative.max(Some(relative));
                }
                Relation::Same | Relation::Unequal => {}
            }
        }
        let Some(mut rest) = first else { return };
        let cell = [0, 1].map(|side| one(&values[side], rest));
        let mut at = start.to_vec();
        for d in (0..count.len()).rev() {
            let along = count[d] as usize;
            at[d] += (rest % along) as u64;
            rest /= along;
        }
        // Chunks come in their order, cells of the array in another.
        if self.first.as_ref().is_none_or(|known| at < known.at) {
            let texts = [0, 1].map(|side| print::texts(&cell[side]).concat());
            let json = [0, 1].map(|side| print::json(&cell[side]).pop().unwrap_or_default());
            self.first = Some(First { at, texts, json });
        }
    }

    pub fn text(&self) -> String {
        let cells: u128 = self.shape.iter().map(|&extent| u128::from(extent)).product();
        let mut text = format!("{} of {cells} cells differ", self.differing);
        if self.missing > 0 {
            text += &format!(", {} missing in one", self.missing);
        }
        if let (Some(absolute), Some(relative)) = (self.absolute, self.relative) {
            text += &format!("; largest difference {absolute:?}, relative {relative:?}");
        }
        if let Some(First { at, texts: [a, b], .. }) = &self.first {
            text += &format!("; first {at:?}: {a} / {b}");
        }
        text
    }

    pub fn json(&self) -> Json {
        let number = |value: Option<f64>| value.and_then(|value| print::json(&value.into()).pop());
        json!({
            "shape": self.shape,
            "differing": self.differing,
            "missing_in_one": self.missing,
            "max_difference": number(self.absolute),
            "max_relative": number(self.relative),
            "first": self.first.as_ref().map(|first| json!({"at": first.at, "values": first.json})),
        })
    }
}

trait Largest {
    fn max(self, other: Self) -> Self;
}

impl Largest for Option<f64> {
    fn max(self, other: Self) -> Self {
        match (self, other) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        }
    }
}

/// Value `i` alone.
fn one(values: &Value, i: usize) -> Value {
    macro_rules! one {
        ($($variant:ident),+) => {
            match values {
                $(Value::$variant(values) => Value::$variant(vec![values[i].clone()]),)+
            }
        };
    }
    one!(Bool, I8, I16, I32, I64, U8, U16, U32, U64, F16, F32, F64, C64, C128, TimestampNs, String)
}

/// The numbers of the chunks that one of them stores, without those that are the same bytes of the same file.
pub fn apart(places: &[ChunkPlaces; 2], is_one_store: bool) -> Vec<u64> {
    let mut sides = [places[0].places.as_slice(), places[1].places.as_slice()];
    let is_same = |a: &ChunkPlace, b: &ChunkPlace| {
        let range = |place: &ChunkPlace| (place.offset, place.stored_len, place.at, place.len);
        is_one_store && range(a) == range(b) && places[0].files[a.file] == places[1].files[b.file]
    };
    let mut numbers = Vec::new();
    loop {
        let next = match (sides[0].first(), sides[1].first()) {
            (Some(a), Some(b)) if a.number == b.number => (!is_same(a, b)).then_some(a.number),
            (Some(a), Some(b)) => Some(a.number.min(b.number)),
            (Some(one), None) | (None, Some(one)) => Some(one.number),
            (None, None) => return numbers,
        };
        let done = [sides[0].first(), sides[1].first()].into_iter().flatten().map(|place| place.number).min();
        numbers.extend(next);
        for side in &mut sides {
            if side.first().map(|place| place.number) == done {
                *side = &side[1..];
            }
        }
    }
}
