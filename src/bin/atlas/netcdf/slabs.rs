//! Regions that cover a shape, one after the other in C order, each of a bounded size.

/// Bytes of a part, at most, unless one chunk has more.
const BYTES: u64 = 8 << 20;

/// Parts of `shape`, whose cells take `item` bytes, as start and count: of whole chunks where a part has room for one.
/// Nothing where there are no cells.
pub fn slabs(shape: &[u64], item: u64, chunks: Option<&[u64]>) -> impl Iterator<Item = (Vec<u64>, Vec<u64>)> + use<> {
    let step = step(shape, item, chunks);
    let shape = shape.to_vec();
    let mut next = (!shape.contains(&0)).then(|| vec![0; shape.len()]);
    std::iter::from_fn(move || {
        let start = next.take()?;
        let count = start.iter().zip(&shape).zip(&step).map(|((at, extent), step)| (extent - at).min(*step)).collect();
        let mut after = start.clone();
        for d in (0..shape.len()).rev() {
            after[d] += step[d];
            if after[d] < shape[d] {
                next = Some(after);
                break;
            }
            after[d] = 0;
        }
        Some((start, count))
    })
}

/// Extents of a part: whole along the last dimensions, some chunks along one, and a chunk, or a cell, along those before.
fn step(shape: &[u64], item: u64, chunks: Option<&[u64]>) -> Vec<u64> {
    let chunk = |d: usize| chunks.map_or(1, |chunks| chunks[d]).clamp(1, shape[d].max(1));
    let mut step: Vec<_> = (0..shape.len()).map(chunk).collect();
    let bytes = |step: &[u64]| step.iter().fold(item, |product, &extent| product.saturating_mul(extent));
    for d in (0..shape.len()).rev() {
        let one = bytes(&step) / step[d];
        let room = BYTES / one.max(1) / step[d] * step[d];
        step[d] = room.clamp(step[d], shape[d].max(1));
        if step[d] < shape[d] {
            break;
        }
    }
    step
}
