//! What the arrays of a segment are, written beside their chunks: from it they are found again when there is no root.

use super::root::SchemaRecord;
use crate::base::error::{Result, error};
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

impl Definitions {
    pub fn new(array: Arc<str>) -> Self {
        Self { array, schemas: Vec::new(), arrays: Vec::new() }
    }

    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let raw = rmp_serde::to_vec_named(self).map_err(|error| error!(Internal, "serialising: {error}"))?;
        codec::to_frame(&raw)
    }

    /// Undoes [`Self::to_bytes`], whose bytes had the right checksum.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let raw = codec::from_page_frame(bytes).map_err(|error| error.context("the definitions"))?;
        rmp_serde::from_slice(&raw).map_err(|error| error!(Corrupt, "the definitions: {error}"))
    }
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
