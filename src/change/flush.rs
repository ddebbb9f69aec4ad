//! The flush: what was set aside becomes segments, one for each touched array name, and the records of the next root.

use crate::array::Io;
use crate::base::error::Result;
use crate::base::locks::{after_panic, lock, read};
use crate::base::sync::Mutex;
use crate::change::cut::{Content, Cut, CutArray, CutDataset, Totals};
use crate::change::segments::{self, Written, is_damage};
use crate::format::root;
use crate::segment::rows::for_each_live_row;
use crate::version::edit::{Edit, Encoded, FileEdit, Keep, NewFiles, Records};
use crate::version::place::Place;
use crate::version::{ArrayFile, Version};
use indexmap::IndexMap;
use std::borrow::Cow;
use std::sync::Arc;

/// Datasets that one job serialises.
const ENCODE_TOGETHER: usize = 256;

/// A flush to be committed.
pub(crate) struct Flush {
    pub edit: Edit,
    /// The new totals of the arrays with new values.
    pub totals: Totals,
    pub warnings: Vec<String>,
}

/// Writes what was set aside, to be committed after `ahead`: the last version, with what was written ahead of this. It
/// takes up small segments if `merging`.
pub(crate) fn flush(place: &Place, io: &Io, ahead: &Version, cut: &mut Cut, merging: bool) -> Result<Flush> {
    let mut new = NewFiles::new(&place.storage);
    let (removed, mut warnings) = without_removed(io, ahead, &cut.removed)?;
    let base = if removed.is_empty() { Cow::Borrowed(ahead) } else { Cow::Owned(ahead.with(removed.clone())) };
    let merging = merging.then_some(&*cut);
    let written = segments::write_segments(place, io, &cut.frozen, &base, &mut new, merging)?;
    let Written { files, totals, unsynced, retired, warnings: more } = written;
    warnings.extend(more);
    let records = records(place, io, cut, &totals)?;
    let files = removed.into_iter().chain(files.into_iter().map(|(name, file)| (name, Some(file)))).collect();
    Ok(Flush { edit: Edit { files, records, retired, new, unsynced, keep: Keep::Yes }, totals, warnings })
}

/// The stored bytes of arrays that are gone are dead. Where the index that tells of them cannot be read, they count as
/// live until a compaction: an array that is damaged can be deleted.
fn without_removed(io: &Io, version: &Version, removed: &[(Arc<str>, u64)]) -> Result<(Vec<FileEdit>, Vec<String>)> {
    let (mut files, mut warnings): (IndexMap<&Arc<str>, ArrayFile>, _) = (IndexMap::new(), Vec::new());
    for (name, id) in removed {
        let Some(file) = version.files.get(name) else { continue };
        let mut bytes = 0;
        match for_each_live_row(&io.reader, &file.segments, *id, |row| bytes += row.stored_bytes()) {
            Err(error) if is_damage(&error) => {
                warnings.push(format!("deleted bytes of array '{name}' are counted by the next compaction: {error}"));
                continue;
            }
            counted => counted?,
        }
        let file = files.entry(name).or_insert_with(|| file.clone());
        file.live_bytes = file.live_bytes.saturating_sub(bytes);
        file.dead_bytes += bytes;
    }
    Ok((files.into_iter().map(|(name, file)| (name.clone(), Some(file))).collect(), warnings))
}

/// What the root is to say of datasets.
fn records(place: &Place, io: &Io, cut: &mut Cut, totals: &Totals) -> Result<Records> {
    for CutArray { place: (place, number), array, .. } in &cut.arrays {
        if let Content::Changed(record) = &mut cut.datasets[*place].content
            && let Some((_, record)) = record.arrays.get_index_mut(*number)
        {
            // Without new values it is what the flush before has found.
            let stored = match totals.get(&array.id) {
                Some(stored) => *stored,
                None => read(&array.data)?.stored.as_ref().map(|(stored, _)| *stored).unwrap_or_default(),
            };
            record.stored = stored.encode(array.schema.dtype);
        }
    }
    let groups: Vec<_> = cut.datasets.chunks(ENCODE_TOGETHER).map(|group| (group, Mutex::new(Vec::new()))).collect();
    io.pool.for_each(&groups, |(group, encoded)| {
        let encode = |dataset: &CutDataset| match &dataset.content {
            Content::Same(range) => Ok(Encoded::Same(range.clone())),
            Content::Changed(record) => root::encode_dataset(place.notation.format, record).map(Encoded::New),
        };
        *lock(encoded)? = group.iter().map(encode).collect::<Result<_>>()?;
        Ok(())
    })?;
    let mut encoded = Vec::with_capacity(cut.datasets.len());
    for (_, group) in groups {
        encoded.append(&mut group.into_inner().map_err(|_| after_panic())?);
    }
    let names = cut.datasets.iter().map(|dataset| dataset.name.clone());
    Ok(Records {
        schemas: cut.schemas.clone(),
        next_array_id: cut.next_array_id,
        datasets: names.zip(encoded).collect(),
        image: cut.image.clone(),
        keeping: cut.keeping.clone(),
    })
}
