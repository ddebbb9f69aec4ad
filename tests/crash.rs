//! Crashes of the machine at every instant. Sessions are recorded operation by operation; for every prefix, each file
//! system that a crash may leave must hold exactly one commit, the last that was acknowledged or one under way, without
//! damage, and take new ones.
//!
//! `ATLAS_CRASH_STATES=1000 cargo test --release --test crash -- --nocapture` tries more states for each prefix.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "crash/content.rs"]
mod content;
#[path = "crash/model.rs"]
mod model;
#[path = "crash/salvage.rs"]
mod salvage;
#[path = "crash/session.rs"]
mod session;

use atlas_store::MetaFormat;
use content::{ARRAYS, Content};
use session::{Replay, Session, Setup, kills, work};

/// Replays sessions, and says what came of it.
fn replay(name: &str, sessions: impl IntoIterator<Item = Session>) {
    let begin = std::time::Instant::now();
    let mut replay = Replay::new();
    sessions.into_iter().for_each(|session| replay.run(name, &session));
    let counts = replay.counts;
    assert!(counts.old > 0 && counts.new > 0, "{name}: no crash left another commit than most: {counts:?}");
    println!("{name}: {counts:?} in {:.1} s", begin.elapsed().as_secs_f64());
}

/// The notations of the root; then catalogue files, for all records and for those beyond a few.
fn setups() -> [Setup; 5] {
    let notation = |format, zstd| Setup { format, zstd, ..Default::default() };
    let in_files = |root_bytes| Setup { root_bytes: Some(root_bytes), ..Default::default() };
    [
        notation(MetaFormat::Json, false),
        notation(MetaFormat::MsgPack, false),
        notation(MetaFormat::Json, true),
        in_files(0),
        Setup { format: MetaFormat::MsgPack, ..in_files(400) },
    ]
}

#[test]
fn flushes() {
    let session = |setup| {
        let mut session = Session::new(setup);
        session.open();
        session.flush();
        session.fill();
        session.flush();
        session.flush_of(&["t"]);
        session.flush_of(&[]);
        session.change(|content, store| {
            content.delete(store, "b")?;
            content.delete_array(store, "a", "label")
        });
        session.flush_of(&["u", "series"]);
        session.change(|content, store| {
            content.create(store, "b")?;
            content.define(store, "b", "sparse")?;
            content.define(store, "b", "new")
        });
        session.flush();
        session.close();
        session
    };
    replay("flushes", setups().map(session));
}

#[test]
fn compactions() {
    let session = |setup| {
        let mut session = Session::with_store(setup);
        session.compact();
        session.flush();
        session.change(|content, store| {
            content.delete(store, "b")?;
            content.delete_array(store, "a", "u")
        });
        session.flush_of(&["sparse"]);
        session.compact();
        session.change(|content, store| content.define(store, "a", "u"));
        session.flush();
        // The reader's files stay until a writer finds it gone.
        let (reader, seen) = (session.reader(), session.content.clone());
        session.flush();
        session.compact();
        assert_eq!(Content::read(&reader).unwrap(), seen, "a compaction removes what a reader needs");
        reader.close().unwrap();
        session.close();
        session.open();
        session.flush_of(&["t"]);
        session.compact();
        // Segments of so few names have a file each.
        session.change(|content, store| {
            content.delete_array(store, "a", "label")?;
            content.delete_array(store, "a", "sparse")
        });
        session.flush_of(&["t"]);
        session.compact();
        session
    };
    replay("compactions", setups().map(session));
}

#[test]
fn small_flushes_that_are_merged() {
    let session = |(keep, root_bytes)| {
        let mut session = Session::with_store(Setup { keep, root_bytes, ..Default::default() });
        (0..12).for_each(|_| session.flush_of(&["t"]));
        session.skip();
        (0..3).for_each(|_| session.flush_of(&["t"]));
        session.change(|content, store| content.delete(store, "b"));
        (0..2).for_each(|_| session.flush_of(&["t"]));
        if keep != Some(0) {
            session.rollback();
        }
        session.flush_of(&["t"]);
        session.close();
        session
    };
    replay("small flushes that are merged", [(None, None), (Some(0), Some(0)), (Some(2), Some(200))].map(session));
}

#[test]
fn flushes_of_what_workers_have_written() {
    let session = |setup| {
        let mut session = Session::with_store(setup);
        session.flush_by_workers(&ARRAYS);
        session.flush_of(&["t", "sparse"]);
        session.flush_by_workers(&["u", "sparse"]);
        session.end_workers();
        // What it left behind is needed until then.
        session.compact();
        session.flush_by_workers(&["t"]);
        session.flush_of(&["u"]);
        session.close();
        session.open();
        session.flush_by_workers(&["label", "series"]);
        session.discard();
        session.open();
        session.flush_of(&["label"]);
        session.close();
        session
    };
    replay("flushes of what workers have written", setups().map(session));
}

#[test]
fn what_workers_have_written_is_merged_kept_and_gone_back_to() {
    let session = |keep| {
        let mut session = Session::with_store(Setup { keep, ..Default::default() });
        (0..12).for_each(|number| match number % 2 {
            0 => session.flush_of(&["t", "sparse"]),
            _ => session.flush_by_workers(&["t", "sparse"]),
        });
        session.skip();
        session.flush_by_workers(&["t", "sparse"]);
        session.pin("parts");
        (0..3).for_each(|_| session.flush_by_workers(&["t", "sparse"]));
        if keep != Some(0) {
            session.rollback();
        }
        session.flush_by_workers(&["u"]);
        session.compact();
        session.flush_of(&["t", "sparse"]);
        if keep != Some(0) {
            session.rollback();
        }
        session.end_workers();
        session.unpin("parts");
        session.flush_of(&["t"]);
        session.close();
        session
    };
    replay("what workers have written is merged", [None, Some(0), Some(2)].map(session));
}

#[test]
fn flushes_of_what_workers_have_written_that_are_killed() {
    replay("killed flushes of workers", kills(|| Session::with_store(Setup::default()), work::flush_by_workers));
}

#[test]
fn flushes_in_the_background() {
    let session = |threads| {
        let mut session = Session::with_store(Setup { threads, keep: Some(0), ..Default::default() });
        let first = session.flush_begin();
        session.wait(first);
        session.flush_begin();
        session.flush_begin();
        let last = session.flush_begin();
        session.wait(last);
        session.flush();
        session.flush_begin();
        session.close();
        session
    };
    replay("flushes in the background", [0, 1, 2].map(session));
}

#[test]
fn values_written_ahead() {
    let session = |threads| {
        let setup = Setup { threads, write_buffer_bytes: Some(1), ..Default::default() };
        let mut session = Session::with_store(setup);
        session.flush();
        session.discard();
        session.open();
        session.flush();
        session.compact();
        session.close();
        session
    };
    replay("values written ahead", [0, 1].map(session));
}

#[test]
fn sessions_that_are_discarded() {
    let mut session = Session::with_store(Setup::default());
    for _ in 0..2 {
        session.discard();
        session.open();
        session.flush();
    }
    replay("sessions that are discarded", [session]);
}

#[test]
fn rollbacks() {
    let session = |(keep, root_bytes)| {
        let mut session = Session::with_store(Setup { keep, root_bytes, ..Default::default() });
        session.rollback();
        session.flush_of(&["series"]);
        session.rollback();
        session.rollback();
        session.flush();
        session.compact();
        session.flush();
        session.close();
        session
    };
    replay("rollbacks", [(None, None), (Some(2), None), (Some(2), Some(300))].map(session));
}

#[test]
fn pins() {
    let session = |keep, setup| {
        let mut session = Session::with_store(Setup { keep, ..setup });
        session.pin("a");
        session.flush();
        session.flush_of(&["t", "series"]);
        session.compact();
        session.flush_of(&["u"]);
        session.pin("b");
        session.flush();
        if keep != Some(0) {
            session.rollback();
        }
        session.unpin("a");
        session.flush_of(&["t"]);
        session.close();
        session.open();
        session.unpin("b");
        session.flush_of(&["t"]);
        session.close();
        session
    };
    let [json, msgpack, zstd, in_files, _] = setups();
    replay(
        "pins",
        [(None, json), (Some(0), msgpack), (Some(2), zstd), (None, in_files)].map(|(keep, setup)| session(keep, setup)),
    );
}

#[test]
fn pins_of_earlier_commits() {
    let session = |keep, setup| {
        let mut session = Session::with_store(Setup { keep, ..setup });
        session.flush();
        session.pin_earlier("a");
        session.flush_of(&["t"]);
        session.close();
        session.open();
        session.pin_earlier("b");
        session.compact();
        session.flush_of(&["u"]);
        session.unpin("a");
        session.flush_of(&["t"]);
        session.close();
        session
    };
    let [json, msgpack, _, in_files, _] = setups();
    replay(
        "pins of earlier commits",
        [(None, json), (Some(2), msgpack), (None, in_files)].map(|(keep, setup)| session(keep, setup)),
    );
}

#[test]
fn a_pinned_commit_beside_small_flushes_that_are_merged() {
    let mut session = Session::with_store(Setup { keep: Some(0), ..Default::default() });
    session.pin("a");
    (0..13).for_each(|_| session.flush_of(&["t"]));
    session.skip();
    (0..4).for_each(|_| session.flush_of(&["t"]));
    session.unpin("a");
    (0..2).for_each(|_| session.flush_of(&["t"]));
    session.close();
    replay("a pinned commit beside small flushes that are merged", [session]);
}

#[test]
fn pins_that_are_killed() {
    for keep in [None, Some(0)] {
        let begin = || Session::with_store(Setup { keep, ..Default::default() });
        replay("killed pins", kills(begin, work::pin));
    }
    replay("killed pins of earlier commits", kills(|| Session::with_store(Setup::default()), work::pin_earlier));
}

#[test]
fn rollbacks_that_are_killed() {
    replay("killed rollbacks", kills(|| Session::with_store(Setup::default()), work::rollback));
}

#[test]
fn flushes_that_are_killed() {
    replay("killed flushes", kills(|| Session::with_store(Setup::default()), work::flush));
    let in_files = || Session::with_store(Setup { root_bytes: Some(0), ..Default::default() });
    replay("killed flushes with catalogue files", kills(in_files, work::flush));
}

#[test]
fn flushes_of_values_written_ahead_that_are_killed() {
    let setup = Setup { write_buffer_bytes: Some(1), ..Default::default() };
    replay("killed flushes of values written ahead", kills(|| Session::with_store(setup), work::flush));
}

#[test]
fn compactions_that_are_killed() {
    replay("killed compactions", kills(|| Session::with_store(Setup::default()), work::compact));
}

#[test]
fn creates_that_are_killed() {
    replay("killed creates", kills(|| Session::new(Setup::default()), work::create));
}
