//! Sessions on a recorded disk, and the replay of every prefix of what they did.

use crate::common::{Hooked, Hooks, Operation};
use crate::content::{ARRAYS, Content};
use crate::model::{FileSystem, MemoryDisk};
use atlas_store::{
    CreateOptions, ErrorKind, MetaFormat, Mode, OpenOptions, Result, RuntimeOptions, SessionOptions, Store,
};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

const FOLDER: &str = "runs";
const STORE: &str = "/runs/store";

/// What happened, in order. Commits are told by their number among those that were attempted.
#[derive(Clone, Debug)]
enum Event {
    Operation(Operation),
    /// A commit begins.
    Attempt(usize),
    /// The commit is said to be durable.
    Acknowledged(usize),
    /// After a kill, this commit is seen: no other one that was not acknowledged can be.
    Seen(usize),
}

/// Notes the operations, and kills the process at one of them: from then on nothing happens.
struct Recorder {
    events: Mutex<Vec<Event>>,
    left: AtomicI64,
}

impl Recorder {
    fn note(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }
}

impl Hooks for Recorder {
    fn before(&self, _: &Operation) -> io::Result<()> {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 { Err(io::Error::other("killed")) } else { Ok(()) }
    }
    fn torn(&self, bytes: &[u8]) -> usize {
        if self.left.load(Ordering::SeqCst) == -1 { bytes.len() / 2 } else { 0 }
    }
    fn after(&self, operation: Operation) {
        self.note(Event::Operation(operation));
    }
}

/// How a session uses its store.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup {
    pub format: MetaFormat,
    pub zstd: bool,
    pub threads: usize,
    pub write_buffer_bytes: Option<u64>,
    /// Bytes of records of datasets that the root holds.
    pub root_bytes: Option<u64>,
    /// Earlier commits that are kept; one where this does not say.
    pub keep: Option<u32>,
}

impl Setup {
    fn runtime(&self) -> RuntimeOptions {
        RuntimeOptions {
            threads: Some(self.threads),
            write_buffer_bytes: self.write_buffer_bytes,
            root_bytes: self.root_bytes,
            cache_bytes: Some(64 << 10),
            ..Default::default()
        }
    }
}

/// Names of pins and the commits that they name.
type Pins = Vec<(String, u64)>;

pub struct Session {
    setup: Setup,
    start: FileSystem,
    disk: MemoryDisk,
    recorder: Arc<Recorder>,
    store: Option<Arc<Store>>,
    /// The commits that were attempted; `None` is no store.
    attempts: Vec<Option<Content>>,
    /// The pins that each of them has.
    pins: Vec<Pins>,
    /// Those that the store has in memory.
    pinned: Pins,
    /// Earlier commits that were kept at the beginning.
    kept: Vec<Content>,
    /// What the store holds in memory.
    pub content: Content,
    /// From which event on crashes are replayed.
    from: usize,
}

impl Session {
    /// A session on a disk without a store.
    pub fn new(setup: Setup) -> Self {
        Self::on(FileSystem::new(FOLDER), setup, Found::default())
    }

    /// A session on a disk with these commits, the last of which is that of the store.
    fn on(start: FileSystem, setup: Setup, found: Found) -> Self {
        let Found { kept, pins, content: commit } = found;
        Self {
            setup,
            disk: MemoryDisk::new(start.clone()),
            start,
            recorder: Arc::new(Recorder { events: Mutex::default(), left: AtomicI64::new(i64::MAX) }),
            store: None,
            content: commit.clone().unwrap_or(Content::empty()),
            attempts: vec![commit],
            pins: vec![pins.clone()],
            pinned: pins,
            kept,
            from: 0,
        }
    }

    /// A session with a store that holds two datasets with all kinds of arrays, and some history, which is not replayed.
    pub fn with_store(setup: Setup) -> Self {
        let mut session = Self::new(setup);
        session.open();
        session.fill();
        for _ in 0..3 {
            session.flush();
        }
        session.skip();
        session
    }

    /// What has been done so far is not replayed.
    pub fn skip(&mut self) {
        self.from = self.recorder.events.lock().unwrap().len();
    }

    fn storage(&self) -> Arc<Hooked<Recorder>> {
        Arc::new(Hooked(Arc::new(self.disk.clone()), self.recorder.clone()))
    }

    pub fn store(&self) -> Arc<Store> {
        self.store.clone().unwrap()
    }

    /// Makes changes that the next commit holds.
    pub fn change(&mut self, change: impl FnOnce(&mut Content, &Store) -> Result<()>) {
        change(&mut self.content, self.store.as_ref().unwrap()).unwrap();
    }

    /// Makes the datasets `a`, with all kinds of arrays, and `b`, with two.
    pub fn fill(&mut self) {
        self.change(|content, store| {
            content.create(store, "a")?;
            ARRAYS.iter().try_for_each(|array| content.define(store, "a", array))?;
            content.create(store, "b")?;
            ["t", "series"].iter().try_for_each(|array| content.define(store, "b", array))
        });
    }

    /// Opens the store to write, or makes it where there is none.
    pub fn open(&mut self) {
        self.try_open().unwrap();
    }

    fn try_open(&mut self) -> Result<()> {
        let open = OpenOptions { runtime: self.setup.runtime(), ..OpenOptions::default() };
        match Store::open_on(self.storage(), Path::new(STORE), Mode::ReadWrite, open) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let options = CreateOptions {
                    meta_format: Some(self.setup.format),
                    meta_zstd: self.setup.zstd,
                    keep_generations: self.setup.keep,
                    runtime: self.setup.runtime(),
                    ..Default::default()
                };
                self.content = Content::empty();
                let attempt = self.attempt(self.content.clone());
                self.store = Some(Store::create_on(self.storage(), Path::new(STORE), options)?);
                self.acknowledge(attempt);
            }
            opened => self.store = Some(opened?),
        }
        Ok(())
    }

    fn attempt(&mut self, content: Content) -> usize {
        let attempt = self.attempts.len();
        self.attempts.push(Some(content));
        self.pins.push(self.pinned.clone());
        self.recorder.note(Event::Attempt(attempt));
        attempt
    }

    /// Says that a commit is durable.
    pub fn acknowledge(&mut self, attempt: usize) {
        self.recorder.note(Event::Acknowledged(attempt));
    }

    /// Begins a commit of all changes, in which the values of these arrays are new.
    fn stamp(&mut self, arrays: &[&str]) -> Result<usize> {
        let number = self.attempts.len() as i64;
        self.content.stamp(self.store.as_ref().unwrap(), number, arrays)?;
        self.content.generation += 1;
        Ok(self.attempt(self.content.clone()))
    }

    pub fn flush(&mut self) {
        self.flush_of(&ARRAYS);
    }

    /// Flushes new values of these arrays.
    pub fn flush_of(&mut self, arrays: &[&str]) {
        self.try_flush(arrays).unwrap();
    }

    fn try_flush(&mut self, arrays: &[&str]) -> Result<()> {
        let attempt = self.stamp(arrays)?;
        self.store().flush()?;
        self.acknowledge(attempt);
        Ok(())
    }

    /// Flushes new values of these arrays that workers have written. One more has written what is not imported.
    pub fn flush_by_workers(&mut self, arrays: &[&str]) {
        self.try_flush_by_workers(arrays).unwrap();
    }

    fn try_flush_by_workers(&mut self, arrays: &[&str]) -> Result<()> {
        let number = self.attempts.len() as i64;
        // What workers do not do is to shrink an array.
        let of_workers = |array: &&str| *array != "series" || number % 4 != 3;
        let arrays: Vec<&str> = arrays.iter().copied().filter(of_workers).collect();
        let store = self.store();
        self.content.stamp_datasets(&store, number)?;
        let ticket = store.session_begin(SessionOptions { workers: 3, ..SessionOptions::default() })?;
        let worker = |number| {
            let options = OpenOptions { runtime: self.setup.runtime(), ..OpenOptions::default() };
            Store::open_worker_on(self.storage(), Path::new(STORE), &ticket, number, options)
        };
        let (one, two, lost) = (worker(0)?, worker(1)?, worker(2)?);
        self.content.clone().stamp_arrays(&[&lost], -3, &arrays)?;
        lost.export()?;
        self.content.stamp_arrays(&[&one, &two], number, &arrays)?;
        let exports = [one.export()?, two.export()?];
        store.import(&exports.each_ref().map(|export| &export[..]))?;
        self.content.generation += 1;
        let attempt = self.attempt(self.content.clone());
        store.flush()?;
        self.acknowledge(attempt);
        Ok(())
    }

    /// Ends the session of workers. What others have left is for the next writer.
    pub fn end_workers(&mut self) {
        self.store().session_end().unwrap();
        let is_of_worker = |name: &String| name.matches('-').count() == 3;
        let left: Vec<String> = self.leftovers().into_iter().filter(is_of_worker).collect();
        assert!(left.is_empty(), "files are left over: {left:?}");
    }

    /// Begins a flush, which [`Session::wait`] acknowledges.
    pub fn flush_begin(&mut self) -> usize {
        let attempt = self.stamp(&ARRAYS).unwrap();
        self.store().flush_begin().unwrap();
        attempt
    }

    pub fn wait(&mut self, attempt: usize) {
        self.store().flush_wait().unwrap();
        self.acknowledge(attempt);
    }

    pub fn compact(&mut self) {
        self.try_compact().unwrap();
    }

    fn try_compact(&mut self) -> Result<()> {
        self.content.generation += 1;
        let attempt = self.attempt(self.content.clone());
        self.store().compact()?;
        assert_eq!(self.store().info()?.generation, self.content.generation, "there was nothing to compact");
        self.acknowledge(attempt);
        Ok(())
    }

    /// Goes back to the commit before the last.
    pub fn rollback(&mut self) {
        self.try_rollback().unwrap();
    }

    fn try_rollback(&mut self) -> Result<()> {
        let generation = self.content.generation - 1;
        let of = |content: &&Content| content.generation == generation;
        let earlier = self.attempts.iter().flatten().rfind(of).unwrap();
        self.content = Content { generation: generation + 2, ..earlier.clone() };
        let attempt = self.attempt(self.content.clone());
        self.store().rollback(generation)?;
        self.acknowledge(attempt);
        Ok(())
    }

    /// Pins the last commit, and flushes.
    pub fn pin(&mut self, name: &str) {
        self.try_pin(name).unwrap();
    }

    fn try_pin(&mut self, name: &str) -> Result<()> {
        let generation = self.store().pin(name)?;
        assert_eq!(generation, self.content.generation);
        self.pinned.push((name.to_owned(), generation));
        self.try_flush(&["t"])
    }

    /// Pins the commit before the last, in a commit of its own.
    pub fn pin_earlier(&mut self, name: &str) {
        self.try_pin_earlier(name).unwrap();
    }

    fn try_pin_earlier(&mut self, name: &str) -> Result<()> {
        let generation = self.content.generation - 1;
        self.pinned.push((name.to_owned(), generation));
        self.content.generation += 1;
        let attempt = self.attempt(self.content.clone());
        self.store().pin_commit_and_flush(name, generation)?;
        self.acknowledge(attempt);
        Ok(())
    }

    /// Takes a pin away, and flushes.
    pub fn unpin(&mut self, name: &str) {
        self.store().unpin(name).unwrap();
        self.pinned.retain(|(pin, _)| pin != name);
        self.flush_of(&["t"]);
    }

    /// Writes what is not flushed, then discards it.
    pub fn discard(&mut self) {
        let committed = self.attempts.last().unwrap().clone().unwrap();
        self.content.stamp(&self.store(), -2, &ARRAYS).unwrap();
        self.store.take().unwrap().discard();
        self.content = committed;
    }

    pub fn close(&mut self) {
        self.store.take().unwrap().close().unwrap();
    }

    pub fn reader(&self) -> Arc<Store> {
        Store::open_on(self.storage(), Path::new(STORE), Mode::Read, OpenOptions::default()).unwrap()
    }

    /// Kills the process when it has done `operations` more, within `work`; whether it came to that.
    fn is_killed(&mut self, operations: i64, work: impl FnOnce(&mut Self) -> Result<()>) -> bool {
        self.recorder.left.store(operations, Ordering::SeqCst);
        let done = work(self);
        // Housekeeping, whose errors are not told, may be where it came to that.
        let killed = self.recorder.left.load(Ordering::SeqCst) < 0;
        assert!(killed || done.is_ok(), "{done:?}");
        // Crashes of the machine before the kill are those of the session that is not killed.
        self.from = self.recorder.events.lock().unwrap().len().saturating_sub(1);
        // While nothing happens any more.
        self.store = None;
        self.recorder.left.store(i64::MAX, Ordering::SeqCst);
        killed
    }

    /// Goes on in a new process after a kill.
    fn revive(&mut self) {
        self.open();
        let seen = Content::read(&self.store()).unwrap();
        let number = self.attempts.iter().rposition(|attempt| attempt.as_ref() == Some(&seen));
        self.recorder.note(Event::Seen(number.unwrap_or_else(|| panic!("no commit is {seen:?}"))));
        self.content = seen;
        self.pinned = number.map(|number| self.pins[number].clone()).unwrap_or_default();
    }

    /// Files that no commit needs.
    fn leftovers(&self) -> Vec<String> {
        let (mut roots, mut names, mut files) = (Vec::new(), Vec::new(), Vec::new());
        for (path, bytes) in self.disk.files().tree() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Some(bytes) = bytes.as_ref().filter(|_| name.contains("atlas.")) {
                let bytes = if name.contains(".zst") { zstd::decode_all(&bytes[..]).unwrap() } else { bytes.to_vec() };
                roots.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            files.extend(bytes.filter(|_| name.contains('-')).map(|bytes| (name.clone(), bytes)));
            names.push(name);
        }
        // What lists of parts name.
        let is_named = |(name, _): &&(String, Arc<Vec<u8>>)| roots.iter().any(|root| root.contains(name));
        let parts: Vec<String> = files.iter().filter(is_named).map(|(_, bytes)| texts(bytes)).collect();
        roots.extend(parts);
        let is_needed = |name: &String| {
            let is_immutable = [".seg", ".bundle", ".cat"].iter().any(|end| name.ends_with(end));
            !name.ends_with(".new") && (!is_immutable || roots.iter().any(|root| root.contains(name)))
        };
        names.retain(|name| !is_needed(name));
        names
    }
}

/// What the zstd frames in a file hold.
fn texts(bytes: &[u8]) -> String {
    let mut texts = String::new();
    for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&[0x28, 0xb5, 0x2f, 0xfd])) {
        let mut frame = Vec::new();
        if zstd::Decoder::new(&bytes[at..]).and_then(|decoder| decoder.single_frame().read_to_end(&mut frame)).is_ok() {
            texts.push_str(&String::from_utf8_lossy(&frame));
        }
    }
    texts
}

/// Each way in which `work`, done by a session that is as `begin` makes it, can be killed.
pub fn kills(begin: impl Fn() -> Session, work: impl Fn(&mut Session) -> Result<()>) -> Vec<Session> {
    let mut sessions = Vec::new();
    loop {
        let mut session = begin();
        if !session.is_killed(sessions.len() as i64, &work) {
            return sessions;
        }
        session.revive();
        if session.content.datasets.is_empty() {
            session.fill();
        }
        session.flush();
        session.close();
        sessions.push(session);
    }
}

/// What to kill in [`kills`].
pub mod work {
    use super::*;

    pub fn create(session: &mut Session) -> Result<()> {
        session.try_open()
    }

    pub fn flush(session: &mut Session) -> Result<()> {
        session.try_flush(&ARRAYS)
    }

    pub fn flush_by_workers(session: &mut Session) -> Result<()> {
        session.try_flush_by_workers(&ARRAYS)
    }

    pub fn compact(session: &mut Session) -> Result<()> {
        session.try_compact()
    }

    pub fn rollback(session: &mut Session) -> Result<()> {
        session.try_rollback()
    }

    pub fn pin(session: &mut Session) -> Result<()> {
        session.try_pin("killed")
    }

    pub fn pin_earlier(session: &mut Session) -> Result<()> {
        session.try_pin_earlier("killed")
    }
}

/// What a replay came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub sessions: u64,
    pub operations: u64,
    pub prefixes: u64,
    /// Prefixes for which every combination of changes to folders was tried.
    pub exhaustive: u64,
    /// States that differ, or differ in what they may be.
    pub states: u64,
    /// Of those, with the old, with a new commit, and without a store.
    pub old: u64,
    pub new: u64,
    pub none: u64,
    /// Earlier commits that were kept in them.
    pub kept: u64,
    /// Pins.
    pub pins: u64,
    /// States that were left by a crash of what followed a crash.
    pub again: u64,
}

pub struct Replay {
    /// States for each prefix.
    limit: u64,
    /// Of how many states what follows is crashed too; 0 for none.
    again: u64,
    seen: HashSet<u64>,
    pub counts: Counts,
}

impl Replay {
    /// The replay of a test: `ATLAS_CRASH_STATES` says how many states each prefix gets.
    pub fn new() -> Self {
        let limit = match std::env::var("ATLAS_CRASH_STATES") {
            Ok(text) => text.parse().expect("ATLAS_CRASH_STATES is a number"),
            Err(_) => 4,
        };
        Self { limit, again: 300, seen: HashSet::new(), counts: Counts::default() }
    }

    /// Crashes a session after each of its operations, in every way.
    pub fn run(&mut self, name: &str, session: &Session) {
        let events = session.recorder.events.lock().unwrap().clone();
        let mut files = session.start.clone();
        // The first is acknowledged, or was there before.
        let mut allowed = vec![0];
        self.counts.sessions += 1;
        for (number, event) in events.iter().enumerate() {
            match event {
                Event::Operation(operation) => {
                    files.apply(operation);
                    self.counts.operations += u64::from(number >= session.from);
                }
                Event::Attempt(attempt) => allowed.push(*attempt),
                Event::Acknowledged(attempt) => allowed.retain(|allowed| allowed >= attempt),
                Event::Seen(attempt) => {
                    let durable = allowed[0];
                    allowed.retain(|allowed| *allowed == durable || allowed == attempt);
                }
            }
            if number >= session.from {
                self.prefix(session, &files, &allowed, number as u64).unwrap_or_else(|(state, error)| {
                    let last: String = events[number.saturating_sub(24)..=number]
                        .iter()
                        .map(|event| format!("  {event:?}\n"))
                        .collect();
                    panic!(
                        "{name}, {:?}, a crash after event {number} left\n{state}{error}\nafter\n{last}",
                        session.setup
                    )
                });
            }
        }
    }

    /// Every state that a crash may leave now; the one that is wrong, and how.
    fn prefix(
        &mut self,
        session: &Session,
        files: &FileSystem,
        allowed: &[usize],
        seed: u64,
    ) -> std::result::Result<(), (String, String)> {
        let crashes = files.crashes(self.limit, seed);
        self.counts.prefixes += 1;
        self.counts.exhaustive += u64::from(crashes.is_exhaustive());
        for state in crashes {
            let tree = state.tree();
            let mut hasher = DefaultHasher::new();
            (&tree, allowed).hash(&mut hasher);
            if !self.seen.insert(hasher.finish()) {
                continue;
            }
            self.counts.states += 1;
            self.state(session, &state, allowed).map_err(|error| {
                let line = |(path, bytes): (&std::path::PathBuf, &Option<Arc<Vec<u8>>>)| match bytes {
                    Some(bytes) => format!("  {} of {} bytes\n", path.display(), bytes.len()),
                    None => format!("  {}/\n", path.display()),
                };
                (tree.iter().map(line).collect(), error)
            })?;
        }
        Ok(())
    }

    /// Opens what a crash left, as one of the commits that it may be, and goes on from there.
    fn state(&mut self, session: &Session, state: &FileSystem, allowed: &[usize]) -> std::result::Result<(), String> {
        let read = read(&MemoryDisk::new(state.clone()))?;
        let (kept, found) = (&read.kept, &read.content);
        let known: Vec<&Content> = session.kept.iter().chain(session.attempts.iter().flatten()).collect();
        if let Some(other) = kept.iter().find(|kept| !known.contains(kept)) {
            return Err(format!("it keeps what no commit was: {other:?}"));
        }
        let Some(place) = allowed.iter().position(|attempt| session.attempts[*attempt] == *found) else {
            let may: Vec<_> = allowed.iter().map(|attempt| &session.attempts[*attempt]).collect();
            return Err(format!("it holds {found:?},\nbut may be one of {may:?}"));
        };
        if read.pins != session.pins[allowed[place]] {
            return Err(format!("it has the pins {:?} in place of {:?}", read.pins, session.pins[allowed[place]]));
        }
        match (found, place) {
            (None, _) => self.counts.none += 1,
            (_, 0) => self.counts.old += 1,
            _ => self.counts.new += 1,
        }
        self.counts.kept += kept.len() as u64;
        self.counts.pins += read.pins.len() as u64;
        let setup = Setup { threads: 0, write_buffer_bytes: None, ..session.setup };
        let mut next = Session::on(state.clone(), setup, read);
        next.go_on().map_err(|error| format!("going on after it: {error}"))?;
        if self.counts.states.is_multiple_of(self.again) {
            let mut replay = Replay { limit: 3, again: 0, seen: HashSet::new(), counts: Counts::default() };
            replay.run("after a crash", &next);
            self.counts.again += replay.counts.states;
        }
        Ok(())
    }
}

impl Session {
    /// Opens the store, which holds what a crash left of it, or makes it anew, and commits something.
    fn go_on(&mut self) -> std::result::Result<(), String> {
        let text = |error: atlas_store::Error| error.to_string();
        self.try_open().map_err(text)?;
        let opened = Content::read(&self.store()).map_err(text)?;
        if opened != self.content {
            return Err(format!("a writer sees {opened:?}"));
        }
        let leftovers = self.leftovers();
        if !leftovers.is_empty() {
            return Err(format!("files are left over: {leftovers:?}"));
        }
        if opened.datasets.is_empty() {
            self.fill();
        }
        self.try_flush(&["t", "series"]).map_err(text)?;
        self.store.take().unwrap().close().map_err(text)?;
        let Found { kept, pins, content: after } = read(&self.disk)?;
        if pins != self.pinned {
            return Err(format!("after a flush it has the pins {pins:?} in place of {:?}", self.pinned));
        }
        if after.as_ref() != Some(&self.content) {
            return Err(format!("after a flush it holds {after:?}\nin place of {:?}", self.content));
        }
        if self.setup.keep != Some(0) && kept.last() != Some(&opened) {
            return Err(format!("the commit before the flush is not kept, but {kept:?}"));
        }
        Ok(())
    }
}

/// What a reader finds, without damage.
#[derive(Default)]
struct Found {
    /// Earlier commits that are kept.
    kept: Vec<Content>,
    /// All pins, each of one of them.
    pins: Pins,
    /// `None` where there is no store.
    content: Option<Content>,
}

fn read(disk: &MemoryDisk) -> std::result::Result<Found, String> {
    let options = || OpenOptions { runtime: Setup::default().runtime(), ..OpenOptions::default() };
    let (disk, path) = (Arc::new(disk.clone()), Path::new(STORE));
    let content = |store: Arc<Store>| {
        let mut damages = Vec::new();
        store.verify(&mut |damage| damages.push(damage.clone())).map_err(|error| error.to_string())?;
        match damages.is_empty() {
            true => Content::read(&store).map_err(|error| error.to_string()),
            false => Err(format!("{damages:?}")),
        }
    };
    let store = match Store::open_on(disk.clone(), path, Mode::Read, options()) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::default()),
        opened => opened.map_err(|error| format!("a reader is told: {error}"))?,
    };
    let generations = store.generations().map_err(|error| format!("a reader is told: {error}"))?;
    let kept = generations.split_last().map_or(&[][..], |(_, kept)| kept).iter().map(|generation| {
        let opened = Store::open_at_on(disk.clone(), path, *generation, options()).map_err(|error| error.to_string());
        opened.and_then(content).map_err(|error| format!("of commit {generation}, which is kept: {error}"))
    });
    let kept = kept.collect::<std::result::Result<_, _>>()?;
    let pins = store.pins().map_err(|error| format!("a reader is told: {error}"))?;
    if let Some(lost) = pins.iter().find(|pin| !generations.contains(&pin.generation)) {
        return Err(format!("{lost:?} is not kept, but {generations:?}"));
    }
    let pins = pins.into_iter().map(|pin| (pin.name.to_string(), pin.generation)).collect();
    Ok(Found { kept, pins, content: Some(content(store)?) })
}
