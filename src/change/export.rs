//! What a worker of a session hands out: a cut as bytes. The values are in segments of its own; what it says of them, and of
//! datasets, is for the handle that commits.

use crate::array::{Covered, Io};
use crate::base::error::Result;
use crate::base::maps::HashMap;
use crate::change::cut::{Cut, CutArray};
use crate::format::definitions::SchemaNumbers;
use crate::format::names::WorkerId;
use crate::format::parts::{self, PartRecord};
use crate::format::root::{ArrayRecord, Attributes, DatasetRecord, id_text};
use crate::format::segment::Row;
use crate::format::session::{ArrayExport, AttributeChanges, DatasetExport, Export, FileExport};
use crate::memory::buffers;
use crate::segment::rows::RowMerge;
use crate::segment::{Segment, Segments};
use crate::version::Version;
use crate::version::place::Place;
use std::sync::Arc;

/// The handle of a worker, as it exports.
pub(crate) struct Exporter<'e> {
    pub place: &'e Place,
    pub io: &'e Io,
    pub worker: WorkerId,
    pub epoch: u32,
    /// The first id that the handle has given itself: who commits gives another.
    pub first_own_id: u64,
    /// What was exported last.
    pub base: &'e Version,
}

impl Exporter<'_> {
    /// What a cut has changed, of which `after` has the segments.
    pub fn export(&self, cut: Option<&Cut>, after: &Version) -> Result<Export> {
        let WorkerId { session, worker, handle } = self.worker;
        let (base, mut numbers, mut schemas) = (&self.base.records, SchemaNumbers::default(), Vec::new());
        let mut covers: HashMap<u64, &Covered> = HashMap::default();
        for frozen in cut.into_iter().flat_map(|cut| &cut.frozen.0) {
            covers.extend(frozen.covered.as_deref().map(|covered| (frozen.array.id, covered)));
        }
        let mut datasets = Vec::new();
        for (name, dataset) in cut.into_iter().flat_map(|cut| cut.changed.iter()) {
            let before = base.dataset(name)?;
            let array = |array: &CutArray| {
                let before = before.as_ref().and_then(|before| before.arrays.get(&array.name));
                let before = before.filter(|before| before.id == array.array.id);
                let schema = numbers.number(&array.array.schema, &mut schemas);
                self.array(array, schema, covers.get(&array.array.id).copied(), before)
            };
            let arrays = cut.map_or(&[][..], |cut| cut.arrays_of(dataset)).iter().map(array).collect();
            let attributes =
                changes(before.as_ref().map(|before: &DatasetRecord| &*before.attributes), &dataset.attributes);
            datasets.push(DatasetExport { name: name.clone(), created: before.is_none(), attributes, arrays });
        }
        let chunk_shapes =
            cut.into_iter().flat_map(|cut| &cut.arrays).map(|array| (array.array.id, &array.array.schema));
        let chunk_shapes: HashMap<u64, _> = chunk_shapes.collect();
        let mut files = Vec::new();
        for (name, file) in &after.files {
            let known = self.base.files.get(name).map_or(0, |known| known.segments.len());
            let new = Segments::new(file.segments[known.min(file.segments.len())..].to_vec());
            let (parts, numbers) = self.parts(&new)?;
            let (mut rows, mut partial): (Vec<Row>, Vec<_>) = (Vec::new(), Vec::new());
            let mut merge = RowMerge::new(&self.io.reader, &new)?;
            while let Some((number, row)) = merge.next()? {
                let cover = covers.get(&row.array_id).and_then(|covered| covered.chunks.get(&row.chunk));
                let (Some(cover), Some(schema)) = (cover, chunk_shapes.get(&row.array_id)) else { continue };
                if cover.is_empty() {
                    continue;
                }
                if !cover.has(&schema.chunk_shape, &schema.chunk_shape) {
                    buffers::push(&mut partial, (rows.len() as u32, cover.to_runs(schema.chunk_cells())?))?;
                }
                buffers::push(&mut rows, Row { part: numbers[number], ..row })?;
            }
            if !rows.is_empty() {
                files.push(FileExport::new(name.clone(), parts, &rows, partial)?);
            }
        }
        Ok(Export {
            session,
            store_id: id_text(&self.place.store_id),
            worker,
            handle,
            epoch: self.epoch,
            durable: self.place.sync,
            schemas,
            attributes: cut
                .map_or_else(AttributeChanges::default, |cut| changes(Some(&base.attributes), &cut.attributes)),
            datasets,
            files,
        })
    }

    fn array(
        &self,
        array: &CutArray,
        schema: u32,
        covered: Option<&Covered>,
        before: Option<&ArrayRecord>,
    ) -> ArrayExport {
        let id = array.array.id;
        ArrayExport {
            name: array.name.clone(),
            id,
            created: id >= self.first_own_id,
            schema,
            shape: array.shape.to_vec(),
            length_before: before.and_then(|before| before.shape.first().copied()).unwrap_or(0),
            appended: covered.is_some_and(|covered| covered.appended),
            attributes: changes(before.map(|before| &*before.attributes), &array.attributes),
        }
    }

    /// The records of segments, in order, and the number of each.
    fn parts(&self, segments: &[Arc<Segment>]) -> Result<(Vec<PartRecord>, Vec<u32>)> {
        let mut parts = Vec::new();
        for segment in segments {
            let record = &segment.record;
            parts.push(PartRecord {
                file: record.file.clone(),
                at: record.at,
                length: record.length,
                directory_crc32c: record.directory_crc32c,
                blocks_end: self.io.reader.directory(segment)?.blocks_end,
            });
        }
        let unsorted = parts.clone();
        parts.sort_unstable();
        let numbers = unsorted.iter().map(|part| parts::number(&parts, part)).collect();
        Ok((parts, numbers))
    }
}

fn changes(before: Option<&Attributes>, after: &Attributes) -> AttributeChanges {
    match before {
        Some(before) => AttributeChanges::between(before, after),
        None => AttributeChanges { set: after.clone(), removed: Vec::new() },
    }
}
