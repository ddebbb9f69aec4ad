//! What the arrays of a segment are, written beside their chunks: from it they are found again when there is no root.

use super::root::SchemaRecord;
use crate::base::error::{Error, Result, error};
use crate::base::maps::HashMap;
use crate::chunk::schema::Schema;
use crate::codec;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The arrays of a segment, as they were when it was written.
#[derive(Debug, Serialize, Deserialize)]
pub struct Definitions {
    /// The array name.
    pub array: Arc<str>,
    pub schemas: Vec<SchemaRecord>,
    /// In ascending order of their ids.
    pub arrays: Vec<Definition>,
}

/// One array: its id, its dataset, its place in `schemas`, its shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition(pub u64, pub Arc<str>, pub u32, pub Vec<u64>);

/// [`Definitions`] on their way to bytes: one array after the other, as there may be a million.
#[derive(Default)]
pub struct DefinitionsWriter {
    numbers: SchemaNumbers,
    schemas: Vec<SchemaRecord>,
    arrays: Vec<u8>,
    count: u32,
}

impl DefinitionsWriter {
    /// Adds an array; they come in ascending order of their ids.
    pub fn add(&mut self, id: u64, dataset: &str, schema: &Arc<Schema>, shape: &[u64]) -> Result<()> {
        let schema = self.numbers.number(schema, &mut self.schemas);
        rmp_serde::encode::write(&mut self.arrays, &(id, dataset, schema, shape)).map_err(internal)?;
        self.count += 1;
        Ok(())
    }

    /// The bytes of what an array name has.
    pub fn finish(self, array: &str) -> Result<Vec<u8>> {
        let Self { schemas, arrays, count, .. } = self;
        let mut raw = Vec::with_capacity(arrays.len() + (1 << 10));
        rmp::encode::write_map_len(&mut raw, 3).map_err(internal)?;
        rmp::encode::write_str(&mut raw, "array").map_err(internal)?;
        rmp::encode::write_str(&mut raw, array).map_err(internal)?;
        rmp::encode::write_str(&mut raw, "schemas").map_err(internal)?;
        rmp_serde::encode::write_named(&mut raw, &schemas).map_err(internal)?;
        rmp::encode::write_str(&mut raw, "arrays").map_err(internal)?;
        rmp::encode::write_array_len(&mut raw, count).map_err(internal)?;
        raw.extend_from_slice(&arrays);
        drop(arrays);
        codec::to_frame(&raw)
    }
}

impl Definitions {
    /// Undoes [`DefinitionsWriter::finish`], whose bytes had the right checksum.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let raw = codec::from_page_frame(bytes).map_err(|error| error.context("the definitions"))?;
        rmp_serde::from_slice(&raw).map_err(|error| error!(Corrupt, "the definitions: {error}"))
    }
}

fn internal(error: impl std::fmt::Display) -> Error {
    error!(Internal, "serialising: {error}")
}

/// Numbers the schemas of [`Definitions`] as they come.
#[derive(Default)]
pub struct SchemaNumbers(HashMap<Arc<Schema>, u32>);

impl SchemaNumbers {
    pub fn number(&mut self, schema: &Arc<Schema>, records: &mut Vec<SchemaRecord>) -> u32 {
        *self.0.entry(schema.clone()).or_insert_with(|| {
            records.push(SchemaRecord::encode(schema));
            records.len() as u32 - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_one_by_one_is_what_serialising_gives() {
        let schemas = ["f64", "i8"].map(|dtype| {
            let compression = r#"{"codec":"none","level":0,"shuffle":false}"#;
            let record = format!(r#"{{"dtype":"{dtype}","dims":["x"],"chunk_shape":[2],"compression":{compression}}}"#);
            let record: SchemaRecord = serde_json::from_str(&record).expect("parses");
            Arc::new(record.decode().expect("decodes"))
        });
        let mut writer = DefinitionsWriter::default();
        let mut all = Definitions { array: "x".into(), schemas: Vec::new(), arrays: Vec::new() };
        for id in 0..70_000u64 {
            let (dataset, number) = (format!("d{id}"), (id % 2) as u32);
            writer.add(id, &dataset, &schemas[id as usize % 2], &[id, 3]).expect("serialises");
            all.arrays.push(Definition(id, dataset.into(), number, vec![id, 3]));
        }
        all.schemas.extend(schemas.iter().map(|schema| SchemaRecord::encode(schema)));
        let bytes = codec::from_page_frame(&writer.finish("x").expect("serialises")).expect("decodes");
        assert!(bytes == rmp_serde::to_vec_named(&all).expect("serialises"));
    }
}
