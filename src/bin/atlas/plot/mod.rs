//! `plot`: a picture of an array, as a file or in the terminal.

mod canvas;
mod colours;
mod grid;
mod image;
mod terminal;

use crate::args::Plot;
use crate::output::{Failure, Out, plain};
use crate::print;
use crate::show::{Part, choose};
use crate::times::Printer;
use crate::{OK, Outcome, open};
use atlas_store::{ArrayInfo, DType, ErrorKind, Store, Value};
use colours::Colours;
use grid::Grid;
use serde_json::json;
use std::fs;

/// What a picture shows.
struct Picture {
    title: String,
    /// Down and across; a line has the latter alone.
    rows: Option<Axis>,
    columns: Axis,
    grid: Grid,
    /// What the ends of the colours, or of a line's axis, stand for.
    range: (f64, f64),
    colours: Colours,
}

/// A dimension that is seen.
struct Axis {
    name: String,
    /// What to write beside some of its cells, by their places from 0 to 1.
    ticks: Vec<(f64, String)>,
    /// Whether its first cell is at the bottom.
    is_up: bool,
}

pub fn plot(out: &mut Out, wanted: &Plot) -> Outcome {
    if out.json && wanted.output.is_none() {
        return Err(Failure::usage("with --json a picture needs a file: -o"));
    }
    let store = open(&wanted.store, out)?;
    let found = choose(&store, Some(&wanted.dataset), Some(&wanted.array), (None, None))?;
    let (dataset, part) = match found.as_slice() {
        [(dataset, Some(parts))] if parts.len() == 1 => (&**dataset, &parts[0]),
        _ => return Err(Failure::usage("a picture is of one array: the pattern matches several")),
    };
    let room = match &wanted.output {
        Some(_) => image::ROOM,
        None => terminal::room(),
    };
    let picture = picture(&store, dataset, part, room, wanted)?;
    let Some(file) = &wanted.output else {
        terminal::draw(out, &picture)?;
        return Ok(OK);
    };
    let canvas = image::draw(&picture);
    fs::write(file, canvas.png()?).map_err(|error| Failure::file("write", file, &error))?;
    let (low, high) = picture.range;
    if out.json {
        out.document(&json!({
            "file": file.to_string_lossy(), "width": canvas.width(), "height": canvas.height(),
            "min": print::json(&low.into()).pop(), "max": print::json(&high.into()).pop(),
        }))?;
    } else if !out.quiet {
        let file = plain(&file.to_string_lossy());
        out.line(format_args!("{file}: {} x {}, {} to {}", canvas.width(), canvas.height(), short(low), short(high)))?;
    }
    Ok(OK)
}

fn picture(store: &Store, dataset: &str, part: &Part, room: (usize, usize), wanted: &Plot) -> Result<Picture, Failure> {
    let name = &*part.name;
    let info = store.array_info(dataset, name)?;
    if info.dtype == DType::String {
        return Err(Failure::usage(format!("array '{name}' of dataset '{dataset}' holds texts")));
    }
    let (start, count) = part.region.clone().unwrap_or_else(|| (vec![0; info.shape.len()], info.shape.clone()));
    let seen: Vec<usize> = (0..count.len()).filter(|&d| count[d] != 1).collect();
    let (row, column) = match (seen.as_slice(), count.len()) {
        ([row, column], _) => (Some(*row), *column),
        ([one], _) => (None, *one),
        ([], 1..) => (None, count.len() - 1),
        ([], 0) => return Err(Failure::usage(format!("array '{name}' of dataset '{dataset}' is a single value"))),
        (more, _) => {
            let each =
                count.iter().enumerate().map(|(d, _)| if more[more.len() - 2..].contains(&d) { ":" } else { "0" });
            let region = each.collect::<Vec<_>>().join(",");
            return Err(Failure::usage(format!(
                "array '{name}' of dataset '{dataset}' has {} dimensions: choose what to see of it, as by '{name}[{region}]'",
                more.len()
            )));
        }
    };
    if count.contains(&0) {
        return Err(Failure::usage(format!("array '{name}' of dataset '{dataset}' has no cells there")));
    }
    let grid = Grid::read(store, dataset, name, &info, (&start, &count), (row, column), room)?;
    let found = grid.range();
    let range = match wanted.range.as_deref() {
        Some([low, high]) if low < high => (*low, *high),
        Some(_) => return Err(Failure::usage("--range is two numbers, the lower first")),
        None => found.unwrap_or((0.0, 1.0)),
    };
    let axis = |d: usize| Axis::new(store, dataset, &info, d, (start[d], count[d]));
    let units = text_attribute(store, dataset, name, "units")?.map(|units| format!(" [{}]", plain(&units)));
    let shown = match info.dtype {
        DType::C64 | DType::C128 => format!("|{}|", plain(name)),
        _ => plain(name),
    };
    Ok(Picture {
        title: format!("{shown}{}  {}", units.unwrap_or_default(), plain(dataset)),
        rows: row.map(axis).transpose()?,
        columns: axis(column)?,
        grid,
        range,
        colours: Colours::named(&wanted.map),
    })
}

/// An attribute that is one text.
fn text_attribute(store: &Store, dataset: &str, array: &str, key: &str) -> Result<Option<String>, Failure> {
    match store.attribute(dataset, Some(array), key) {
        Ok(Value::String(texts)) if texts.len() == 1 => Ok(texts.into_iter().next()),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Axis {
    /// Cells are named by the coordinates of the dimension, where it has them, and otherwise by their indices.
    fn new(
        store: &Store,
        dataset: &str,
        of: &ArrayInfo,
        d: usize,
        (start, count): (u64, u64),
    ) -> Result<Self, Failure> {
        let dim = &of.dims[d];
        let info = match store.has_array(dataset, dim)? {
            true => Some(store.array_info(dataset, dim)?),
            false => None,
        };
        let info = info.filter(|info| info.dims == [dim.clone()] && info.shape[0] >= start + count);
        let mut ticks = Vec::new();
        let mut ends = [f64::NAN; 2];
        let steps = 4.min(count - 1);
        for step in 0..=steps {
            let index =
                if steps == 0 { 0 } else { (u128::from(count - 1) * u128::from(step) / u128::from(steps)) as u64 };
            let text = match &info {
                None => (start + index).to_string(),
                Some(info) => {
                    let value = print::read(store, dataset, dim, info.dtype, &[start + index], &[1])?;
                    let number = grid::numbers(&value).first().copied().unwrap_or(f64::NAN);
                    if step == 0 {
                        ends[0] = number;
                    }
                    ends[1] = number;
                    let printer = Printer::new(store, dataset, dim, info.dtype, false)?;
                    match (printer.has_dates(), &value) {
                        (false, Value::String(texts)) => plain(&texts.concat()),
                        (false, _) => short(number),
                        (true, _) => date(&printer.texts(&value).concat()),
                    }
                }
            };
            // The middle of the cell.
            ticks.push(((index as f64 + 0.5) / count as f64, text));
        }
        let down = info.is_some() && text_attribute(store, dataset, dim, "positive")?.as_deref() == Some("down");
        Ok(Self { name: plain(dim), ticks, is_up: ends[0] < ends[1] && !down })
    }
}

/// A date without a time that says nothing.
fn date(text: &str) -> String {
    let text = text.trim_end_matches('Z');
    text.strip_suffix("T00:00:00").unwrap_or(text).to_owned()
}

/// A number with few digits.
fn short(number: f64) -> String {
    let amount = number.abs();
    if number == 0.0 || !number.is_finite() {
        return format!("{number}");
    }
    if !(1e-3..1e6).contains(&amount) {
        return format!("{number:.3e}");
    }
    let digits = (4.0 - amount.log10().floor()).max(0.0) as usize;
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
