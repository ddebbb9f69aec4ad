//! The crash test: a writer is killed again and again, and what it leaves is compared with what it told.

use super::model::{self, mix};
use super::{reader, scratch, writer};
use crate::output::{Failure, Out};
use crate::{FOUND, OK, Outcome, open_with};
use atlas_store::{ErrorKind, Mode, OpenOptions, RuntimeOptions, Store};
use serde_json::json;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// A writer that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// First words on the command line of the processes that this one starts. They are not for people.
const WRITER: &str = "selftest-writer";
const READER: &str = "selftest-reader";

/// The signal of [`Child::kill`].
const SIGKILL: i32 = 9;

/// What has been seen.
#[derive(Default)]
struct Counts {
    kills: u64,
    in_flush: u64,
    in_compact: u64,
    /// Commits in flight at a kill that the store then held.
    landed: u64,
    commits: u64,
    snapshots: u64,
}

/// A line that a process wrote, and when it came.
type Line = (Instant, String);

/// What a writer told before it was killed.
#[derive(Default)]
struct Told {
    /// The commit that it found.
    opened: Option<u64>,
    /// The last commits that were done and begun.
    done: u64,
    begun: u64,
    compacting: bool,
}

/// Plays the part that the first word on the command line gives, if it is one of these.
pub fn role(mut words: impl Iterator<Item = OsString>) -> Option<Outcome> {
    let (role, store) = (words.next()?, words.next());
    let store = PathBuf::from(store.unwrap_or_default());
    match role.to_str()? {
        WRITER => {
            let seed = words.next().and_then(|seed| seed.to_str()?.parse().ok()).unwrap_or(0);
            Some(writer::run(&store, seed))
        }
        READER => Some(reader::run(&store)),
        _ => None,
    }
}

pub fn run(out: &mut Out, dir: &Path, kills: u64, seed: Option<u64>) -> Outcome {
    let clock = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = seed.unwrap_or_else(|| clock().map_or(0, |since| mix(since.as_nanos() as u64, 0) >> 16));
    let folder = scratch(dir)?;
    let began = Instant::now();
    let mut counts = Counts::default();
    let tortured = torture(out, &folder.join("store"), kills, seed, &mut counts);
    let seconds = began.elapsed().as_secs_f64();
    let message = tortured.err().map(|failure| failure.message().to_owned());
    if message.is_none() {
        std::fs::remove_dir_all(&folder).map_err(|error| Failure::file("remove", &folder, &error))?;
    }
    if out.json {
        out.document(&json!({
            "ok": message.is_none(),
            "seed": seed,
            "kills": counts.kills,
            "kills_in_flush": counts.in_flush,
            "kills_in_compact": counts.in_compact,
            "commits": counts.commits,
            "commits_landed_in_flight": counts.landed,
            "reader_snapshots": counts.snapshots,
            "seconds": seconds,
            "failure": message,
            "kept": message.as_ref().map(|_| folder.to_string_lossy()),
        }))?;
    } else if !out.quiet || message.is_some() {
        let Counts { kills, in_flush, in_compact, landed, commits, snapshots } = counts;
        out.line(format_args!(
            "{kills} kills survived in {seconds:.1} s (seed {seed}): {in_flush} inside a flush, of which {landed} were \
             committed, and {in_compact} inside a compaction"
        ))?;
        out.line(format_args!("{commits} commits, a reader saw {snapshots} snapshots"))?;
        if let Some(message) = &message {
            out.line(format_args!("FAILED: {}", crate::output::plain(message)))?;
            out.line(format_args!("the store is kept in {}", folder.display()))?;
        }
    }
    Ok(if message.is_some() { FOUND } else { OK })
}

fn torture(out: &Out, store: &Path, kills: u64, seed: u64, counts: &mut Counts) -> Result<(), Failure> {
    let bar = out.progress(kills, "kills");
    let mut reader = Reader::start(store)?;
    let mut commit = model::CREATED;
    // How long a commit takes, for kills that are to land in one.
    let mut typical = Duration::from_millis(5);
    for round in 0..kills {
        let mut told = Told { done: commit, begun: commit, ..Told::default() };
        let found = kill_one(store, mix(seed, round), &mut typical, &mut told)
            .and_then(|()| compare(store, commit, &told))
            .and_then(|found| reader.check().map(|()| found));
        let found = found.map_err(|failure| {
            let Told { done, begun, .. } = told;
            Failure::other(format!(
                "kill {} of seed {seed}: {}; held before: commit {commit}, told as done: {done}, as begun: {begun}",
                round + 1,
                failure.message()
            ))
        })?;
        counts.kills += 1;
        counts.in_flush += u64::from(told.begun > told.done);
        counts.in_compact += u64::from(told.compacting);
        counts.landed += u64::from(found > told.done);
        counts.commits += found - commit;
        commit = found;
        bar.inc(1);
    }
    counts.snapshots = reader.stop()?;
    bar.finish_and_clear();
    Ok(())
}

/// Compares what a store holds that held `commit` before with what its writer told; the commit it holds now.
fn compare(store: &Path, commit: u64, told: &Told) -> Result<u64, Failure> {
    if let Some(opened) = told.opened.filter(|&opened| opened != commit) {
        return Err(Failure::other(format!("the writer found commit {opened}")));
    }
    let found = match look(store)? {
        Some(found) => found,
        // It may have been killed before it had made the store.
        None if told.opened.is_none() && commit == model::CREATED => commit,
        None => return Err(Failure::other("the store is gone")),
    };
    if found < told.done || found > told.begun {
        return Err(Failure::other(format!("the store holds commit {found}")));
    }
    Ok(found)
}

/// The commit that the store holds, all of it; none where the store is not made yet. Earlier commits that it keeps
/// hold what they held.
fn look(path: &Path) -> Result<Option<u64>, Failure> {
    let store: std::sync::Arc<Store> = match open_with(path, Mode::Read, RuntimeOptions::default()) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let commit = model::commit_of(&store)?;
    model::check(&store, commit)?;
    for generation in store.generations()? {
        let kept = Store::open_at(path, generation, OpenOptions::default())?;
        let earlier = model::commit_of(&kept)?;
        model::check(&kept, earlier)?;
        if earlier > commit {
            return Err(Failure::other(format!("generation {generation} holds commit {earlier}")));
        }
    }
    let mut damages = Vec::new();
    store.verify(&mut |damage| damages.push(damage.message.clone()))?;
    match damages.first() {
        None => Ok(Some(commit)),
        Some(first) => Err(Failure::other(format!("verify finds {}: {first}", damages.len()))),
    }
}

/// Starts a writer, kills it at a random instant, and notes what it told.
fn kill_one(store: &Path, choice: u64, typical: &mut Duration, told: &mut Told) -> Result<(), Failure> {
    let mut child = Process::start(WRITER, store, Some(choice), Stdio::null())?;
    let lines = child.lines()?;
    let part = |of: Duration| of.mul_f64((choice >> 11) as f64 / (1u64 << 53) as f64);
    let mut began = None;
    // Three in four are to land in a commit, or just behind it; one in eight anywhere, one in eight near the start.
    let wait = match choice & 7 {
        0 => part(Duration::from_millis(20)),
        1 => part(Duration::from_millis(200)),
        _ => {
            let mut commits = choice >> 3 & 7;
            loop {
                match lines.recv_timeout(PATIENCE) {
                    Ok(line) => {
                        let begins = line.1.starts_with("begin") || line.1.starts_with("compact ");
                        told.note(line, &mut began, typical);
                        if begins && commits == 0 {
                            break;
                        }
                        commits -= u64::from(begins);
                    }
                    Err(RecvTimeoutError::Timeout) => return Err(Failure::other("the writer hangs")),
                    Err(RecvTimeoutError::Disconnected) => return Err(child.failed("writer")),
                }
            }
            part(typical.mul_f64(1.25))
        }
    };
    std::thread::sleep(wait);
    let killed = child.kill()?;
    // What it told before it died.
    for line in lines {
        told.note(line, &mut began, typical);
    }
    if killed { Ok(()) } else { Err(child.failed("writer")) }
}

impl Told {
    fn note(&mut self, (at, line): Line, began: &mut Option<Instant>, typical: &mut Duration) {
        // The writer writes a line at once: there are no halves.
        let Some((what, number)) = line.split_once(' ') else { return };
        let Ok(number) = number.parse() else { return };
        match what {
            "opened" => self.opened = Some(number),
            "begin" => (self.begun, *began) = (number, Some(at)),
            "done" => {
                self.done = number;
                if let Some(began) = began.take() {
                    *typical = (*typical * 15 + (at - began)) / 16;
                }
            }
            "compact" => self.compacting = true,
            "compacted" => self.compacting = false,
            _ => {}
        }
    }
}

/// A process of this program. It is killed when this is dropped.
struct Process(Child);

impl Process {
    fn start(role: &str, store: &Path, seed: Option<u64>, input: Stdio) -> Result<Self, Failure> {
        let child = std::env::current_exe().and_then(|program| {
            let mut command = Command::new(program);
            command.arg(role).arg(store).args(seed.map(|seed| seed.to_string()));
            command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
        });
        child.map(Self).map_err(|error| Failure::other(format!("start a process: {error}")))
    }

    /// The lines of its standard output, as they come.
    fn lines(&mut self) -> Result<Receiver<Line>, Failure> {
        let output = self.0.stdout.take().ok_or_else(|| Failure::other("a process without output"))?;
        let (send, lines): (Sender<Line>, _) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send((Instant::now(), line)).is_err() {
                    break;
                }
            }
        });
        Ok(lines)
    }

    /// Whether it died of that, and had not ended before.
    fn kill(&mut self) -> Result<bool, Failure> {
        let ended = self.0.kill().and_then(|()| self.0.wait());
        let status = ended.map_err(|error| Failure::other(format!("kill a process: {error}")))?;
        Ok(status.signal() == Some(SIGKILL))
    }

    /// What a process says that ended by itself.
    fn failed(&mut self, who: &str) -> Failure {
        let mut said = String::new();
        if let Some(errors) = self.0.stderr.as_mut() {
            let _ = errors.read_to_string(&mut said);
        }
        let status = self.0.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        Failure::other(format!("the {who} ended with {status}: {}", said.trim()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The reader beside the writers.
struct Reader {
    process: Process,
    lines: Receiver<Line>,
}

impl Reader {
    fn start(store: &Path) -> Result<Self, Failure> {
        let mut process = Process::start(READER, store, None, Stdio::piped())?;
        let lines = process.lines()?;
        Ok(Self { process, lines })
    }

    fn check(&mut self) -> Result<(), Failure> {
        match self.process.0.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(self.process.failed("reader")),
        }
    }

    /// Lets it come to its end; how many snapshots it saw.
    fn stop(mut self) -> Result<u64, Failure> {
        drop(self.process.0.stdin.take());
        match self.lines.recv_timeout(PATIENCE) {
            Ok((_, line)) => line.parse().map_err(|_| Failure::other(format!("the reader says '{line}'"))),
            Err(RecvTimeoutError::Timeout) => Err(Failure::other("the reader hangs")),
            Err(RecvTimeoutError::Disconnected) => Err(self.process.failed("reader")),
        }
    }
}
