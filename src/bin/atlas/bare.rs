//! `show --csv` and `show --plain`: values alone, for other programs.

use crate::names::Found;
use crate::output::{Failure, Out, plain};
use crate::print;
use crate::show::{Part, Region};
use crate::times::Printer;
use atlas_store::{ArrayInfo, DType, Store, Value};
use std::sync::Arc;

/// What to print of each array: its values, or where they are, too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Csv,
    Plain,
}

/// An array of which something is printed.
struct Column {
    name: Arc<str>,
    dtype: DType,
    fill: Option<Value>,
    printer: Printer,
}

/// Columns of one dataset, which have their cells in common.
struct Table {
    dataset: Arc<str>,
    dims: Vec<String>,
    /// Of each dimension, where it has one.
    coordinates: Vec<Option<Column>>,
    columns: Vec<Column>,
    region: Region,
}

pub fn bare(
    out: &mut Out,
    store: &Store,
    datasets: &[Found<Part>],
    form: Form,
    raw: bool,
    all_datasets: bool,
) -> Result<(), Failure> {
    let mut tables = Vec::new();
    for (dataset, parts) in datasets {
        tables.push(table(store, dataset, parts.as_deref(), raw)?);
    }
    let Some(first) = tables.first() else { return Ok(()) };
    if form == Form::Plain {
        if let [Table { columns, .. }] = tables.as_slice()
            && let [_] = columns.as_slice()
        {
            return rows(out, store, first);
        }
        return Err(Failure::usage("--plain prints one array: name its dataset and it"));
    }
    for other in &tables {
        if heading(other) != heading(first) {
            return Err(Failure::usage(format!(
                "datasets '{}' and '{}' have other columns: name one of them, or arrays that they have alike",
                first.dataset, other.dataset
            )));
        }
    }
    let with_dataset = all_datasets || tables.len() > 1;
    let titles = with_dataset.then(|| "dataset".to_owned()).into_iter().chain(heading(first));
    out.line(titles.map(|title| field(&title)).collect::<Vec<_>>().join(","))?;
    tables.iter().try_for_each(|table| cells(out, store, table, with_dataset))
}

/// The columns' names.
fn heading(table: &Table) -> Vec<String> {
    table.dims.iter().map(String::as_str).chain(table.columns.iter().map(|column| &*column.name)).map(plain).collect()
}

/// A text as a field.
fn field(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// What is printed of a dataset: the arrays that are named; without names all but the coordinates. They have their
/// dimensions in common, or there is no table.
fn table(store: &Store, dataset: &Arc<str>, parts: Option<&[Part]>, raw: bool) -> Result<Table, Failure> {
    let info = |name: &str| store.array_info(dataset, name);
    let parts = match parts {
        Some(parts) => parts.to_vec(),
        None => {
            let mut parts = Vec::new();
            for name in store.array_names(dataset)? {
                if !is_coordinate(&name, &info(&name)?) {
                    parts.push(Part { name, region: None });
                }
            }
            parts
        }
    };
    let column = |name: &Arc<str>, info: &ArrayInfo| {
        Ok::<_, Failure>(Column {
            name: name.clone(),
            dtype: info.dtype,
            fill: info.fill_value.as_ref().map(|fill| print::of_fill(info.dtype, fill)).transpose()?,
            printer: Printer::new(store, dataset, name, info.dtype, raw)?,
        })
    };
    let mut common: Option<(ArrayInfo, Region)> = None;
    let mut columns = Vec::new();
    for part in &parts {
        let info = info(&part.name)?;
        let region = part.region.clone().unwrap_or_else(|| (vec![0; info.shape.len()], info.shape.clone()));
        columns.push(column(&part.name, &info)?);
        match &common {
            Some((first, its)) if first.dims != info.dims || *its != region => {
                return Err(Failure::usage(format!(
                    "arrays '{}' and '{}' of dataset '{dataset}' have other dimensions: name one of them",
                    columns[0].name, part.name
                )));
            }
            Some(_) => {}
            None => common = Some((info, region)),
        }
    }
    let Some((first, region)) = common else {
        return Err(Failure::usage(format!("dataset '{dataset}' has no arrays with values of their own")));
    };
    let mut coordinates = Vec::new();
    for (dim, extent) in first.dims.iter().zip(&first.shape) {
        let name: Arc<str> = dim.as_str().into();
        let there = store.has_array(dataset, dim)? && columns.iter().all(|column| column.name != name);
        let found = there.then(|| info(dim)).transpose()?.filter(|info| is_coordinate(dim, info));
        let found = found.filter(|info| info.shape[0] >= *extent);
        coordinates.push(found.map(|info| column(&name, &info)).transpose()?);
    }
    Ok(Table { dataset: dataset.clone(), dims: first.dims, coordinates, columns, region })
}

/// Whether the array says where the cells of its one dimension are.
fn is_coordinate(name: &str, info: &ArrayInfo) -> bool {
    matches!(info.dims.as_slice(), [dim] if dim == name)
}

impl Column {
    /// The cells of a region as fields; `missing` where there is none.
    fn fields(&self, values: &Value, missing: &str) -> Vec<String> {
        let texts = match values {
            Value::String(texts) => texts.iter().map(|text| plain(text)).collect(),
            _ => self.printer.texts(values),
        };
        let is_fill = |i| self.fill.as_ref().is_some_and(|fill| print::is_fill(values, i, fill));
        texts.into_iter().enumerate().map(|(i, text)| if is_fill(i) { missing.into() } else { text }).collect()
    }
}

/// A line for each cell.
fn cells(out: &mut Out, store: &Store, table: &Table, with_dataset: bool) -> Result<(), Failure> {
    let (start, count) = &table.region;
    let dataset = &*table.dataset;
    print::for_each_region(start, count, &mut |start, count| -> Result<(), Failure> {
        let mut columns = Vec::new();
        for column in &table.columns {
            let values = print::read(store, dataset, &column.name, column.dtype, start, count)?;
            columns.push(column.fields(&values, ""));
        }
        let mut along = Vec::new();
        for (d, coordinate) in table.coordinates.iter().enumerate() {
            along.push(match coordinate {
                Some(of) => {
                    let values = print::read(store, dataset, &of.name, of.dtype, &start[d..=d], &count[d..=d])?;
                    of.fields(&values, "")
                }
                None => (start[d]..start[d] + count[d]).map(|index| index.to_string()).collect(),
            });
        }
        let mut at = vec![0; count.len()];
        for i in 0..columns.first().map_or(0, Vec::len) {
            let dataset = with_dataset.then(|| plain(dataset));
            let places = along.iter().zip(&at).map(|(fields, &at)| fields[at].as_str());
            let values = columns.iter().map(|fields| fields[i].as_str());
            let line: Vec<_> = dataset.as_deref().into_iter().chain(places).chain(values).map(field).collect();
            out.line(line.join(","))?;
            for d in (0..at.len()).rev() {
                at[d] += 1;
                if (at[d] as u64) < count[d] {
                    break;
                }
                at[d] = 0;
            }
        }
        Ok(())
    })
}

/// A line for each row of the last dimension.
fn rows(out: &mut Out, store: &Store, table: &Table) -> Result<(), Failure> {
    let (start, count) = &table.region;
    let Some(column) = table.columns.first() else { return Ok(()) };
    let row = count.last().copied().unwrap_or(1);
    let array = (&*table.dataset, &*column.name, column.dtype);
    let mut done = 0;
    print::for_each_slab(store, array, start, count, &mut |values| -> Result<(), Failure> {
        let fields = match values {
            Value::String(_) => print::texts(values),
            _ => column.fields(values, "NaN"),
        };
        for text in fields {
            out.text(if done % row == 0 { "" } else { " " })?;
            out.text(&text)?;
            done += 1;
            out.text(if done % row == 0 { "\n" } else { "" })?;
        }
        Ok(())
    })
}
