//! `ls`, `info`, `pins`, `du`.

use crate::output::{Out, bytes, counted, plain};
use crate::{OK, Outcome, names, print};
use atlas_store::{ArrayInfo, Error, Filter, MetaFormat, PinnedCommit, Store};
use serde_json::json;
use std::cmp::Reverse;
use std::sync::Arc;

pub fn ls(out: &mut Out, store: &Store, dataset: Option<&str>, long: bool) -> Outcome {
    // A pattern lists the datasets that match it.
    let (names, dataset) = match dataset {
        Some(pattern) if names::is_pattern(pattern) && !store.has_dataset(pattern)? => {
            (names::datasets(store, pattern)?, None)
        }
        Some(dataset) => (store.array_names(dataset)?, Some(dataset)),
        None => (store.dataset_names()?, None),
    };
    if !long {
        if out.json {
            let entries: Vec<_> = names.iter().map(|name| json!({"name": **name})).collect();
            out.document(&entries)?;
        } else {
            names.iter().try_for_each(|name| out.line(plain(name)))?;
        }
        return Ok(OK);
    }
    let mut rows = Vec::with_capacity(names.len());
    let mut list = Vec::new();
    for name in &names {
        let (row, entry) = match dataset {
            Some(dataset) => {
                let info = store.array_info(dataset, name)?;
                let row = vec![plain(name), info.dtype.to_string(), extents(&info), chunks(&info), compression(&info)];
                (row, array_json(name, &info)?)
            }
            None => {
                let (arrays, attributes) =
                    (store.array_names(name)?.len(), store.attribute_names(&**name, None)?.len());
                let row = vec![plain(name), counted(arrays as u64, "array"), counted(attributes as u64, "attribute")];
                (row, json!({"name": **name, "array_count": arrays, "attribute_count": attributes}))
            }
        };
        if out.json { list.push(entry) } else { rows.push(row) }
    }
    if out.json {
        out.document(&list)?;
    } else {
        out.table(&rows, usize::MAX)?;
    }
    Ok(OK)
}

/// The shape of an array's chunks, and of the pieces that they are stored in.
pub fn chunks(info: &ArrayInfo) -> String {
    let pieces =
        if info.piece_shape == info.chunk_shape { String::new() } else { format!(" of {:?}", info.piece_shape) };
    format!("chunks {:?}{pieces}", info.chunk_shape)
}

/// What an array is.
pub fn array_json(name: &str, info: &ArrayInfo) -> Result<serde_json::Value, Error> {
    let fill = info.fill_value.as_ref().map(|fill| print::of_fill(info.dtype, fill)).transpose()?;
    Ok(json!({
        "name": name,
        "dtype": info.dtype.name(),
        "dims": info.dims,
        "shape": info.shape,
        "chunk_shape": info.chunk_shape,
        "piece_shape": info.piece_shape,
        "codec": info.codec.name(),
        "level": info.level,
        "shuffle": info.shuffle,
        "filter": info.filter.name(),
        "keep_bits": info.keep_bits,
        "pack": info.pack,
        "fill_value": fill.map(|fill| print::json(&fill).pop()),
    }))
}

/// `(lat=2, lon=3)`.
pub fn extents(info: &ArrayInfo) -> String {
    let each = |(name, extent): (&String, &u64)| format!("{}={extent}", plain(name));
    format!("({})", info.dims.iter().zip(&info.shape).map(each).collect::<Vec<_>>().join(", "))
}

/// `zstd 1, 10 bits kept, delta, shuffled, not packed`.
pub fn compression(info: &ArrayInfo) -> String {
    let pack = if info.pack { "" } else { ", not packed" };
    let kept = info.keep_bits.map(|bits| format!(", {bits} bits kept")).unwrap_or_default();
    match info.codec {
        atlas_store::Codec::None => format!("none{kept}{pack}"),
        codec => {
            let level = if codec == atlas_store::Codec::Zstd { format!(" {}", info.level) } else { String::new() };
            let filter = if info.filter == Filter::None { "" } else { &format!(", {}", info.filter.name()) };
            let shuffle = if info.shuffle { ", shuffled" } else { "" };
            format!("{}{level}{kept}{filter}{shuffle}{pack}", codec.name())
        }
    }
}

pub fn info(out: &mut Out, store: &Store) -> Outcome {
    let (info, generations) = (store.info()?, store.generations()?);
    let notation = match info.meta_format {
        MetaFormat::Json => "json",
        MetaFormat::MsgPack => "msgpack",
    };
    if out.json {
        out.document(&json!({
            "generation": info.generation,
            "generations": generations,
            "keep_generations": info.keep_generations,
            "dataset_count": info.dataset_count,
            "array_file_count": info.array_file_count,
            "segment_count": info.segment_count,
            "live_bytes": info.live_bytes,
            "dead_bytes": info.dead_bytes,
            "meta_format": notation,
            "meta_zstd": info.meta_zstd,
        }))?;
        return Ok(OK);
    }
    let root = format!("{notation}{}", if info.meta_zstd { ", compressed" } else { "" });
    let generations: Vec<_> = generations.iter().map(u64::to_string).collect();
    for (what, value) in [
        ("generation", info.generation.to_string()),
        ("kept", generations.join(", ")),
        ("datasets", info.dataset_count.to_string()),
        ("array names", info.array_file_count.to_string()),
        ("segments", info.segment_count.to_string()),
        ("live bytes", bytes(info.live_bytes)),
        ("dead bytes", bytes(info.dead_bytes)),
        ("root", root),
    ] {
        out.line(format_args!("{what:<12} {value}"))?;
    }
    Ok(OK)
}

pub fn pins(out: &mut Out, store: &Store) -> Outcome {
    let pins = store.pins()?;
    if out.json {
        let entry = |pin: &PinnedCommit| json!({"name": *pin.name, "generation": pin.generation});
        out.document(&pins.iter().map(entry).collect::<Vec<_>>())?;
    } else {
        let rows: Vec<_> = pins.iter().map(|pin| vec![plain(&pin.name), pin.generation.to_string()]).collect();
        out.table(&rows, usize::MAX)?;
    }
    Ok(OK)
}

pub fn du(out: &mut Out, store: &Store) -> Outcome {
    let mut files = store.array_files()?;
    files.sort_by_key(|file| (Reverse(file.file_bytes), Arc::clone(&file.array)));
    let total = |of: fn(&atlas_store::ArrayFileInfo) -> u64| files.iter().map(of).sum::<u64>();
    let all = [total(|f| f.file_bytes), total(|f| f.live_bytes), total(|f| f.dead_bytes), total(|f| f.segment_count)];
    if out.json {
        let entry = |file: &atlas_store::ArrayFileInfo| {
            json!({
                "array": *file.array,
                "folder": file.folder.to_string_lossy(),
                "file_bytes": file.file_bytes,
                "live_bytes": file.live_bytes,
                "dead_bytes": file.dead_bytes,
                "segment_count": file.segment_count,
            })
        };
        out.document(&json!({
            "arrays": files.iter().map(entry).collect::<Vec<_>>(),
            "file_bytes": all[0],
            "live_bytes": all[1],
            "dead_bytes": all[2],
            "segment_count": all[3],
        }))?;
        return Ok(OK);
    }
    let row = |name: String, [total, live, dead, segments]: [u64; 4]| {
        vec![name, bytes(total), bytes(live), bytes(dead), segments.to_string()]
    };
    let mut rows = vec![["array", "bytes", "live", "dead", "segments"].map(str::to_owned).to_vec()];
    for file in &files {
        let numbers = [file.file_bytes, file.live_bytes, file.dead_bytes, file.segment_count];
        rows.push(row(plain(&file.array), numbers));
    }
    rows.push(row("total".into(), all));
    out.table(&rows, 1)?;
    Ok(OK)
}
