//! Two writers of one store in a bucket, where each is refused when the other was first.

use atlas_store::{ErrorKind, Store};
use std::sync::Arc;

/// Each of two writers makes `each` commits to dataset `d`, or some more, at most `in_a_row` of them before it opens the store
/// anew with `open`, as it does whenever it is refused. Then `read` opens it: what was acknowledged is there, and nothing else.
/// How many commits there are, and how many were refused.
pub fn race(
    open: impl Fn() -> Arc<Store> + Sync,
    read: impl Fn() -> Arc<Store>,
    each: usize,
    in_a_row: usize,
) -> (usize, usize) {
    let open = &open;
    let write = |writer: usize| {
        let (mut acknowledged, mut refused) = (Vec::new(), 0);
        while acknowledged.len() < each {
            let store = open();
            for _ in 0..in_a_row {
                let name = format!("w{writer}-{}", acknowledged.len());
                store.dataset("d").unwrap().set_attribute(None, &name, writer as i64).unwrap();
                match store.flush() {
                    Ok(()) => acknowledged.push(name),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                        refused += 1;
                        break;
                    }
                }
            }
            store.discard();
        }
        (acknowledged, refused)
    };
    let both = std::thread::scope(|scope| {
        let writers = [0, 1].map(|writer| scope.spawn(move || write(writer)));
        writers.map(|writer| writer.join().unwrap())
    });
    let refused = both.iter().map(|(_, refused)| refused).sum();
    assert!(refused > 0, "they never met");
    let there = read().attribute_names(Some("d"), None).unwrap();
    for name in both.iter().flat_map(|(names, _)| names) {
        assert!(there.iter().any(|one| **one == **name), "{name} is lost");
    }
    assert_eq!(there.len(), both.iter().map(|(names, _)| names.len()).sum::<usize>());
    (there.len(), refused)
}
