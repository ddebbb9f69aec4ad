//! `stats`: what the flushes found out about values.

use crate::output::{Failure, Out, plain};
use crate::times::Printer;
use crate::{OK, Outcome, names, print};
use atlas_store::{DType, Error, ErrorKind, Stats, Store};
use serde_json::{Value as Json, json};

/// Chunks of an array that are listed, at most: a shape costs nothing to claim.
const MOST_CHUNKS: u64 = 1 << 20;

/// Statistics of an array, or of one of its chunks; none before the flush that finds them out.
struct Line<'a> {
    dataset: &'a str,
    array: &'a str,
    dtype: DType,
    printer: &'a Printer,
    chunk: Option<&'a [u64]>,
    stats: Option<Stats>,
}

pub fn stats(
    out: &mut Out,
    store: &Store,
    dataset: Option<&str>,
    array: Option<&str>,
    chunks: bool,
    raw: bool,
) -> Outcome {
    let mut list = Vec::new();
    let mut heading = ["dataset", "array", "cells", "missing", "min", "max"].map(str::to_owned).to_vec();
    if chunks {
        heading.insert(2, "chunk".into());
    }
    let mut rows = vec![heading];
    for (dataset, arrays) in &names::select(store, dataset, array)? {
        let arrays = match arrays {
            Some(arrays) => arrays.clone(),
            None => store.array_names(dataset)?,
        };
        for array in &arrays {
            let info = store.array_info(dataset, array)?;
            let printer = &Printer::new(store, dataset, array, info.dtype, raw)?;
            let mut add = |chunk: Option<&[u64]>, stats| {
                let line = Line { dataset, array, dtype: info.dtype, printer, chunk, stats };
                if out.json { list.push(line.json()) } else { rows.push(line.row()) }
            };
            if !chunks {
                add(None, known(store.array_stats(dataset, array))?);
                continue;
            }
            let grid: Vec<u64> = info.shape.iter().zip(&info.chunk_shape).map(|(n, c)| n.div_ceil(*c)).collect();
            let count = grid.iter().fold(1u64, |count, &along| count.saturating_mul(along));
            if count > MOST_CHUNKS {
                let message = format!("array '{array}' of dataset '{dataset}' has {count} chunks, over {MOST_CHUNKS}");
                return Err(Failure::usage(message));
            }
            for chunk in places(&grid) {
                add(Some(&chunk), known(store.chunk_stats(dataset, array, &chunk))?);
            }
        }
    }
    if out.json {
        out.document(&list)?;
    } else {
        out.table(&rows, if chunks { 3 } else { 2 })?;
    }
    Ok(OK)
}

fn known(stats: Result<Stats, Error>) -> Result<Option<Stats>, Error> {
    match stats {
        Err(error) if error.kind() == ErrorKind::NoStats => Ok(None),
        stats => stats.map(Some),
    }
}

/// All places of a grid, in C order.
pub fn places(grid: &[u64]) -> impl Iterator<Item = Vec<u64>> {
    let grid = grid.to_vec();
    let mut next = (!grid.contains(&0)).then(|| vec![0; grid.len()]);
    std::iter::from_fn(move || {
        let place = next.take()?;
        let mut following = place.clone();
        for d in (0..grid.len()).rev() {
            following[d] += 1;
            if following[d] < grid[d] {
                next = Some(following);
                break;
            }
            following[d] = 0;
        }
        Some(place)
    })
}

impl Line<'_> {
    fn row(&self) -> Vec<String> {
        let mut row = vec![plain(self.dataset), plain(self.array)];
        row.extend(self.chunk.map(|chunk| format!("{chunk:?}")));
        let Some(stats) = &self.stats else {
            row.push("none yet".into());
            return row;
        };
        row.extend([stats.row_count.to_string(), stats.null_count.to_string()]);
        let end = |scalar| self.printer.texts(&print::of_scalar(self.dtype, scalar)).concat();
        match stats.range {
            Some((low, high)) => row.extend([end(low), end(high)]),
            None => row.extend(["-".to_owned(), "-".to_owned()]),
        }
        row
    }

    fn json(&self) -> Json {
        let end = |scalar| print::json(&print::of_scalar(self.dtype, scalar)).pop().unwrap_or_default();
        let range = self.stats.and_then(|stats| stats.range);
        let mut line = json!({
            "dataset": self.dataset,
            "array": self.array,
            "row_count": self.stats.map(|stats| stats.row_count),
            "null_count": self.stats.map(|stats| stats.null_count),
            "min": range.map(|(low, _)| end(low)),
            "max": range.map(|(_, high)| end(high)),
        });
        let Some(entries) = line.as_object_mut() else { return line };
        if let Some(chunk) = self.chunk {
            entries.insert("chunk".into(), json!(chunk));
        }
        if self.printer.has_dates() {
            let date = |scalar| self.printer.json(&print::of_scalar(self.dtype, scalar)).and_then(|mut one| one.pop());
            entries.insert("min_date".into(), json!(range.map(|(low, _)| date(low))));
            entries.insert("max_date".into(), json!(range.map(|(_, high)| date(high))));
        }
        line
    }
}
