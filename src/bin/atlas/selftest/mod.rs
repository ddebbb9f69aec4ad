//! `selftest`: what the file system or the object storage gives, and whether stores on it survive kills.

#[cfg(feature = "object")]
pub mod bucket;
#[cfg(not(feature = "object"))]
#[path = "no_bucket.rs"]
pub mod bucket;
pub mod crash;
mod model;
mod reader;
mod writer;

use crate::output::{Failure, Out, bytes};
use crate::{FOUND, OK, Outcome};
use atlas_store::storage::{LocalDisk, Locking, Storage};
use atlas_store::{CreateOptions, Store};
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Syncs and commits that are timed.
const TIMES: usize = 20;
/// No disk has data sooner.
const TOO_FAST: Duration = Duration::from_micros(20);

/// What a check found: what works, or what that means which does not.
enum Found {
    Works(String),
    /// The store gets along without.
    Lacks(String),
    /// The store does not.
    Fails(String),
}

/// Makes the folder that a self-test works in.
fn scratch(dir: &Path) -> Result<PathBuf, Failure> {
    for number in 0.. {
        let folder = dir.join(format!("atlas-selftest-{}-{number}", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::file("create folder", &folder, &error)),
        }
    }
    Err(Failure::other("no name is left for a folder"))
}

pub fn file_system(out: &mut Out, dir: &Path) -> Outcome {
    let folder = scratch(dir)?;
    type Check = fn(&Path) -> io::Result<Found>;
    let checks: [(&str, Check); 8] = [
        ("free space", free_space),
        ("files", files),
        ("rename", rename),
        ("locks", locks),
        ("hard links", hard_links),
        ("sync of a file", file_sync),
        ("sync of a folder", folder_sync),
        ("least commit", commit),
    ];
    let kind = file_system_name(&folder);
    let found =
        checks.map(|(name, check)| (name, check(&folder).unwrap_or_else(|error| Found::Fails(error.to_string()))));
    fs::remove_dir_all(&folder).map_err(|error| Failure::file("remove", &folder, &error))?;
    report(out, ("file_system", kind), &found)
}

/// Says what was found of a file system or a service.
fn report(out: &mut Out, (of, kind): (&str, String), found: &[(&str, Found)]) -> Outcome {
    let works = !found.iter().any(|(_, found)| matches!(found, Found::Fails(_)));
    if out.json {
        let entry = |(name, found): &(&str, Found)| {
            let (result, detail) = match found {
                Found::Works(detail) => ("works", detail),
                Found::Lacks(detail) => ("lacks", detail),
                Found::Fails(detail) => ("fails", detail),
            };
            json!({"check": name, "result": result, "detail": detail})
        };
        let checks: Vec<_> = found.iter().map(entry).collect();
        out.document(&json!({"ok": works, of: kind, "checks": checks}))?;
    } else {
        out.line(format_args!("{:<18} {kind}", of.replace('_', " ")))?;
        for (name, found) in found {
            match found {
                Found::Works(detail) => out.line(format_args!("{name:<18} {detail}"))?,
                Found::Lacks(detail) => out.line(format_args!("{name:<18} LACKING: {detail}"))?,
                Found::Fails(detail) => out.line(format_args!("{name:<18} FAILED: {detail}"))?,
            }
        }
    }
    Ok(if works { OK } else { FOUND })
}

fn free_space(folder: &Path) -> io::Result<Found> {
    let space = rustix::fs::statvfs(folder)?;
    let (free, total) = (space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize);
    let text = format!("{} of {}", bytes(free), bytes(total));
    // Some file systems do not count files, and say 0 of 0.
    if space.f_files > 0 && space.f_favail < 1000 {
        return Ok(Found::Lacks(format!("{text}, but room for only {} more files", space.f_favail)));
    }
    Ok(if free < 1 << 20 { Found::Fails(text) } else { Found::Works(text) })
}

fn write(path: &Path, text: &str) -> io::Result<File> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

fn files(folder: &Path) -> io::Result<Found> {
    // The longest name that a folder of the store can get.
    let path = folder.join("n".repeat(200));
    write(&path, "text")?;
    let read = fs::read_to_string(&path)?;
    Ok(if read == "text" { Found::Works("written and read back".into()) } else { Found::Fails(format!("{read:?}")) })
}

fn rename(folder: &Path) -> io::Result<Found> {
    let (old, new) = (folder.join("root"), folder.join("root.new"));
    write(&old, "old")?;
    write(&new, "new")?;
    let mut held = File::open(&old)?;
    fs::rename(&new, &old)?;
    let mut of_reader = String::new();
    held.read_to_string(&mut of_reader)?;
    Ok(if fs::read_to_string(&old)? != "new" || new.exists() {
        Found::Fails("a file is not replaced by a rename".into())
    } else if of_reader != "old" {
        Found::Fails("a reader of a file that is replaced does not keep it".into())
    } else {
        Found::Works("replaces a file, readers keep the old one".into())
    })
}

fn locks(folder: &Path) -> io::Result<Found> {
    let path = folder.join("lock");
    let writer = match LocalDisk.lock_writer(&path)? {
        Locking::Held(writer) => writer,
        Locking::Refused(by) => return Ok(Found::Fails(format!("a new lock is held already, by {by}"))),
        Locking::Unneeded => return Ok(Found::Lacks("none".into())),
        Locking::Unsupported(why) => {
            return Ok(Found::Lacks(format!(
                "{why}; a second writer is noticed only when it commits, and a compaction does not wait for readers"
            )));
        }
    };
    if !matches!(LocalDisk.lock_writer(&path)?, Locking::Refused(_)) {
        return Ok(Found::Fails("two writers hold one lock".into()));
    }
    let Some(mut reader) = LocalDisk.pin_reader(&path)? else {
        return Ok(Found::Lacks("none for readers; a compaction does not wait for them".into()));
    };
    reader.pin(7)?;
    if !writer.has_reader_before(8)? || writer.has_reader_before(7)? {
        return Ok(Found::Fails("a writer does not see the readers' locks".into()));
    }
    drop((writer, reader));
    Ok(match LocalDisk.lock_writer(&path)? {
        Locking::Held(_) => Found::Works("between writers and of readers (on this machine)".into()),
        _ => Found::Fails("a lock that was released is still held".into()),
    })
}

fn hard_links(folder: &Path) -> io::Result<Found> {
    let (one, two) = (folder.join("one"), folder.join("two"));
    write(&one, "text")?;
    Ok(match fs::hard_link(&one, &two) {
        Err(error) => Found::Lacks(format!("{error}; the store keeps no earlier commits to go back to")),
        Ok(()) => {
            fs::remove_file(&one)?;
            let read = fs::read_to_string(&two)?;
            if read == "text" { Found::Works("yes".into()) } else { Found::Fails(format!("{read:?}")) }
        }
    })
}

/// Does something several times; how long it takes, typically and at most.
fn timed(mut what: impl FnMut(usize) -> io::Result<()>) -> io::Result<(Duration, Duration)> {
    let mut times = Vec::with_capacity(TIMES);
    for number in 0..TIMES {
        let began = Instant::now();
        what(number)?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok((times[TIMES / 2], times[TIMES - 1]))
}

fn synced((median, longest): (Duration, Duration)) -> Found {
    let text = format!("{median:.1?}, at most {longest:.1?}");
    match median < TOO_FAST {
        true => Found::Lacks(format!("{text}: so fast that it cannot reach a disk")),
        false => Found::Works(text),
    }
}

fn file_sync(folder: &Path) -> io::Result<Found> {
    let mut file = write(&folder.join("synced"), "")?;
    let times = timed(|_| {
        file.write_all(&[1; 4096])?;
        file.sync_all()
    })?;
    Ok(synced(times))
}

fn folder_sync(folder: &Path) -> io::Result<Found> {
    let times = timed(|number| {
        write(&folder.join(format!("file-{number}")), "")?;
        File::open(folder)?.sync_all()
    })?;
    Ok(synced(times))
}

fn commit(folder: &Path) -> io::Result<Found> {
    let store = Store::create(folder.join("store"), CreateOptions::default()).map_err(io::Error::other)?;
    store.create_dataset("dataset").map_err(io::Error::other)?;
    let (median, longest) = timed(|number| {
        store.set_attribute("dataset", None, "number", number as i64).map_err(io::Error::other)?;
        store.flush().map_err(io::Error::other)
    })?;
    store.close().map_err(io::Error::other)?;
    Ok(Found::Works(format!("{median:.1?}, at most {longest:.1?}")))
}

/// What kind of file system a folder is on.
#[cfg(target_os = "linux")]
fn file_system_name(folder: &Path) -> String {
    let Ok(found) = rustix::fs::statfs(folder) else { return "unknown".into() };
    let name = match found.f_type as u32 {
        0xef53 => "ext2, ext3 or ext4",
        0x5846_5342 => "XFS",
        0x9123_683e => "Btrfs",
        0xf2f5_2010 => "F2FS",
        0x2fc1_2fc1 => "ZFS",
        0x0102_1994 => "tmpfs: in memory, nothing outlives a restart",
        0x794c_7630 => "overlayfs",
        0x6969 => "NFS",
        0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x0bd0_0bd0 => "Lustre",
        0x4750_4653 => "GPFS",
        0x1983_0326 => "BeeGFS",
        0x00c3_6400 => "CephFS",
        0x6573_5546 => "FUSE",
        0x0102_1997 => "9P",
        other => return format!("unknown, type {other:#x}"),
    };
    name.into()
}

/// What kind of file system a folder is on.
#[cfg(not(target_os = "linux"))]
fn file_system_name(_: &Path) -> String {
    "unknown".into()
}
