//! Hash maps and sets of the engine. Their hash is seeded anew in each process, and several times as fast as the standard
//! library's for names of datasets and numbers of chunks.

/// The hash of all of them.
pub(crate) type Hasher = foldhash::fast::RandomState;

pub(crate) type HashMap<K, V> = std::collections::HashMap<K, V, Hasher>;
pub(crate) type HashSet<K> = std::collections::HashSet<K, Hasher>;
pub(crate) type IndexMap<K, V> = indexmap::IndexMap<K, V, Hasher>;

/// An empty map with room for so many.
pub(crate) fn index_map<K, V>(len: usize) -> IndexMap<K, V> {
    IndexMap::with_capacity_and_hasher(len, Hasher::default())
}
