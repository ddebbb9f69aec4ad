//! What is kept at hand of segments: index pages, where pieces are, and decoded blocks, by the number of their segment and their place in it.

use crate::codec::Shard;
use crate::format::segment::Row;
use crate::memory::buffers::Buffer;
use quick_cache::OptionsBuilder;
use quick_cache::sync::Cache;
use std::sync::Arc;

pub(super) type Blocks = Cache<(u64, u64), Kept, ByBytes>;
pub(super) type Shards = Cache<(u64, u64), Arc<Shard>, ByBytes>;
pub(super) type Pages = Cache<(u64, u64), Arc<Vec<Row>>, ByBytes>;

/// A decoded block that is kept at hand.
#[derive(Clone)]
pub(crate) struct Kept {
    pub bytes: Arc<Buffer>,
    /// Whether they are as [`crate::codec::decode_planes`] leaves them: most of a chunk that is read in small pieces is never
    /// unshuffled.
    pub planes: bool,
}

#[derive(Clone)]
pub(super) struct ByBytes;

impl quick_cache::Weighter<(u64, u64), Kept> for ByBytes {
    fn weight(&self, _: &(u64, u64), kept: &Kept) -> u64 {
        kept.bytes.len() as u64 + 64
    }
}

impl quick_cache::Weighter<(u64, u64), Arc<Vec<Row>>> for ByBytes {
    fn weight(&self, _: &(u64, u64), rows: &Arc<Vec<Row>>) -> u64 {
        std::mem::size_of_val(&rows[..]) as u64 + 64
    }
}

impl quick_cache::Weighter<(u64, u64), Arc<Shard>> for ByBytes {
    fn weight(&self, _: &(u64, u64), shard: &Arc<Shard>) -> u64 {
        shard.memory() as u64 + 64
    }
}

fn cache<V: Clone>(shards: usize, items: usize, bytes: u64) -> Cache<(u64, u64), V, ByBytes>
where
    ByBytes: quick_cache::Weighter<(u64, u64), V>,
{
    let options = OptionsBuilder::new().shards(shards).estimated_items_capacity(items).weight_capacity(bytes).build();
    let options = options.unwrap_or_else(|_| unreachable!("what has no default is given"));
    Cache::with_options(options, ByBytes, Default::default(), Default::default())
}

/// A cache in one whole: a share of it for each processor would be too small for a chunk.
pub(super) fn blocks(bytes: u64) -> Blocks {
    cache(1, 1024, bytes)
}

/// Room for `bytes` of where pieces are.
pub(super) fn shards(bytes: u64) -> Shards {
    cache(1, 256, bytes)
}

/// Room for `bytes` of rows.
pub(super) fn pages(bytes: u64) -> Pages {
    cache(4, 256, bytes)
}
