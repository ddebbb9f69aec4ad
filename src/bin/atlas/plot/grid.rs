//! Cells of an array, put together to as many as there is room for.

use crate::output::Failure;
use crate::print;
use atlas_store::{ArrayInfo, Store, Value, f16};

/// Rows and columns of values; those that are not there are NaN.
pub struct Grid {
    pub rows: usize,
    pub columns: usize,
    /// Each the mean of the cells it is of.
    pub means: Vec<f64>,
    pub lows: Vec<f64>,
    pub highs: Vec<f64>,
}

impl Grid {
    /// Reads a region, of which the dimensions `row` and `column` alone have more than one cell, with bounded memory.
    pub fn read(
        store: &Store,
        dataset: &str,
        array: &str,
        info: &ArrayInfo,
        (start, count): (&[u64], &[u64]),
        (row, column): (Option<usize>, usize),
        (most_rows, most_columns): (usize, usize),
    ) -> Result<Self, Failure> {
        let all = (row.map_or(1, |d| count[d]), count[column]);
        let rows = all.0.min(most_rows as u64) as usize;
        let columns = all.1.min(most_columns as u64) as usize;
        let fill = info.fill_value.as_ref().map(|fill| print::of_fill(info.dtype, fill)).transpose()?;
        let size = rows * columns;
        let mut grid =
            Self { rows, columns, means: vec![0.0; size], lows: vec![f64::NAN; size], highs: vec![f64::NAN; size] };
        let mut counts = vec![0u64; size];
        print::for_each_region(start, count, &mut |from, part| -> Result<(), Failure> {
            let values = print::read(store, dataset, array, info.dtype, from, part)?;
            let first = (row.map_or(0, |d| from[d] - start[d]), from[column] - start[column]);
            let width = part[column];
            for (i, number) in numbers(&values).into_iter().enumerate() {
                if !number.is_finite() || fill.as_ref().is_some_and(|fill| print::is_fill(&values, i, fill)) {
                    continue;
                }
                let (r, c) = (first.0 + i as u64 / width, first.1 + i as u64 % width);
                let at = place(r, all.0, rows) * columns + place(c, all.1, columns);
                grid.means[at] += number;
                grid.lows[at] = grid.lows[at].min(number);
                grid.highs[at] = grid.highs[at].max(number);
                counts[at] += 1;
            }
            Ok(())
        })?;
        for (mean, &count) in grid.means.iter_mut().zip(&counts) {
            *mean = if count == 0 { f64::NAN } else { *mean / count as f64 };
        }
        Ok(grid)
    }

    /// The least and the largest value, if there is any.
    pub fn range(&self) -> Option<(f64, f64)> {
        // Of the ends of lines, and of the colours that there are.
        let (lows, highs) = if self.rows == 1 { (&self.lows, &self.highs) } else { (&self.means, &self.means) };
        let low = lows.iter().copied().fold(f64::NAN, f64::min);
        let high = highs.iter().copied().fold(f64::NAN, f64::max);
        (!low.is_nan()).then_some((low, high))
    }
}

/// Where cell `i` of `all` goes, of `places`.
fn place(i: u64, all: u64, places: usize) -> usize {
    (u128::from(i) * places as u128 / u128::from(all)) as usize
}

/// Values as numbers: of complex ones the amount, of texts none.
pub fn numbers(values: &Value) -> Vec<f64> {
    match values {
        Value::Bool(v) => v.iter().map(|&x| f64::from(u8::from(x))).collect(),
        Value::I8(v) => v.iter().map(|&x| x.into()).collect(),
        Value::I16(v) => v.iter().map(|&x| x.into()).collect(),
        Value::I32(v) => v.iter().map(|&x| x.into()).collect(),
        Value::I64(v) | Value::TimestampNs(v) => v.iter().map(|&x| x as f64).collect(),
        Value::U8(v) => v.iter().map(|&x| x.into()).collect(),
        Value::U16(v) => v.iter().map(|&x| x.into()).collect(),
        Value::U32(v) => v.iter().map(|&x| x.into()).collect(),
        Value::U64(v) => v.iter().map(|&x| x as f64).collect(),
        Value::F16(v) => v.iter().map(|&x| f16::to_f64(x)).collect(),
        Value::F32(v) => v.iter().map(|&x| x.into()).collect(),
        Value::F64(v) => v.clone(),
        Value::C64(v) => v.iter().map(|&[re, im]| f64::from(re).hypot(im.into())).collect(),
        Value::C128(v) => v.iter().map(|&[re, im]| re.hypot(im)).collect(),
        Value::String(_) => Vec::new(),
    }
}
