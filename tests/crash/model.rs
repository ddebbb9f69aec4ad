//! A file system in memory that knows what of it is durable, and what else a crash may leave.
//!
//! It promises what POSIX does, and no more. `fsync` of a file makes its bytes durable, not its name. `fsync` of a folder
//! makes its names durable, not what they name. Until then the disk may have the bytes that were appended or not, in any
//! order of sectors, with the file as long as it was, as it is, or in between, and with zeros or anything else where
//! bytes are missing. And it may have any of the changes to a folder's names, in any order; a rename never loses both
//! names, but may leave both.

use crate::common::Operation;
use atlas_store::storage::{Directory, Entry, Locking, ReadFile, ReaderPin, Storage, WriteFile, WriterLock};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// What a disk writes at once.
const SECTOR: usize = 512;

/// Number of a file or folder. A number that is not among the nodes any more is a file that is gone.
type Inode = usize;
const ROOT: Inode = 0;

#[derive(Clone)]
enum Node {
    File { bytes: Arc<Vec<u8>>, durable: usize, modified: u64 },
    Folder(Folder),
}

/// The names in a folder: those a program sees, those that are durable, and the changes between the two.
#[derive(Clone, Default)]
struct Folder {
    names: BTreeMap<String, Inode>,
    durable: BTreeMap<String, Inode>,
    changes: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Add(String, Inode),
    Remove(String),
    Rename(String, String, Inode),
}

impl Change {
    /// In how many ways it can have reached the disk.
    fn ways(&self) -> u64 {
        if matches!(self, Self::Rename(..)) { 3 } else { 2 }
    }

    /// Makes the change in one of these ways: 0 is not at all, 1 is wholly.
    fn apply(&self, way: u64, names: &mut BTreeMap<String, Inode>) {
        match (self, way) {
            (_, 0) => {}
            (Self::Add(name, inode), _) => _ = names.insert(name.clone(), *inode),
            (Self::Remove(name), _) => _ = names.remove(name),
            (Self::Rename(from, to, inode), _) => {
                if way == 1 {
                    names.remove(from);
                }
                names.insert(to.clone(), *inode);
            }
        }
    }
}

impl Folder {
    fn change(&mut self, change: Change) {
        change.apply(1, &mut self.names);
        self.changes.push(change);
    }
}

/// What becomes of bytes that were appended to a file and not synced.
#[derive(Clone, Copy)]
enum Fate {
    Kept,
    Lost,
    /// The file is as long as it was, but the bytes are not there.
    Zeros,
    Garbage,
    /// Kept up to a sector.
    Torn,
    /// Of some length, each sector kept or not.
    Sectors,
}

const FATES: [Fate; 6] = [Fate::Kept, Fate::Lost, Fate::Zeros, Fate::Garbage, Fate::Torn, Fate::Sectors];

impl Fate {
    fn apply(self, bytes: &Arc<Vec<u8>>, durable: usize, random: &mut Random) -> Arc<Vec<u8>> {
        let sectors = (bytes.len() - durable).div_ceil(SECTOR);
        let mut left = match self {
            Fate::Kept => return bytes.clone(),
            Fate::Lost => bytes[..durable].to_vec(),
            Fate::Torn | Fate::Sectors => {
                let end = (durable / SECTOR + random.below(sectors as u64 + 1) as usize) * SECTOR;
                bytes[..end.clamp(durable, bytes.len())].to_vec()
            }
            Fate::Zeros | Fate::Garbage => bytes.to_vec(),
        };
        let mut begin = durable;
        while begin < left.len() {
            let end = ((begin / SECTOR + 1) * SECTOR).min(left.len());
            let sector = &mut left[begin..end];
            match self {
                Fate::Zeros => sector.fill(0),
                Fate::Garbage => sector.fill_with(|| random.next() as u8),
                Fate::Sectors if random.below(2) == 0 => sector.fill(0),
                _ => {}
            }
            begin = end;
        }
        Arc::new(left)
    }
}

#[derive(Clone)]
pub struct FileSystem {
    nodes: Vec<Node>,
    /// Files that are written to, by the path they were made at.
    writing: HashMap<PathBuf, Inode>,
    clock: u64,
}

/// The states that a crash may leave, one after the other.
pub struct Crashes<'f> {
    files: &'f FileSystem,
    /// The files that have bytes which are not durable, and can be there after the crash.
    unsynced: Vec<Inode>,
    /// The folders that have changes which are not durable, and can be there after the crash.
    folders: Vec<Inode>,
    /// How many combinations of changes to folders there are.
    combinations: u64,
    at: u64,
    limit: u64,
    random: Random,
}

impl FileSystem {
    /// A file system with this one empty folder in it.
    pub fn new(folder: &str) -> Self {
        let mut files = Self { nodes: vec![Node::Folder(Folder::default())], writing: HashMap::new(), clock: 0 };
        files.create_dir(&Path::new("/").join(folder)).unwrap();
        files.sync_dir(Path::new("/")).unwrap();
        files
    }

    fn folder(&self, inode: Inode) -> io::Result<&Folder> {
        match &self.nodes[inode] {
            Node::Folder(folder) => Ok(folder),
            Node::File { .. } => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn folder_mut(&mut self, inode: Inode) -> io::Result<&mut Folder> {
        match &mut self.nodes[inode] {
            Node::Folder(folder) => Ok(folder),
            Node::File { .. } => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn find(&self, path: &Path) -> io::Result<Inode> {
        path.components().skip(1).try_fold(ROOT, |inode, part| {
            let name = part.as_os_str().to_str().unwrap();
            self.folder(inode)?.names.get(name).copied().ok_or(io::ErrorKind::NotFound.into())
        })
    }

    /// The folder that a path is in, and its name there.
    fn place(&self, path: &Path) -> io::Result<(Inode, String)> {
        let name = path.file_name().unwrap().to_str().unwrap();
        let inode = self.find(path.parent().unwrap())?;
        self.folder(inode)?;
        Ok((inode, name.to_owned()))
    }

    fn add(&mut self, path: &Path, node: Node) -> io::Result<Inode> {
        let (folder, name) = self.place(path)?;
        if self.folder(folder)?.names.contains_key(&name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = self.nodes.len();
        self.nodes.push(node);
        self.folder_mut(folder)?.change(Change::Add(name, inode));
        Ok(inode)
    }

    fn create(&mut self, path: &Path) -> io::Result<Inode> {
        self.clock += 1;
        let inode = self.add(path, Node::File { bytes: Arc::default(), durable: 0, modified: self.clock })?;
        self.writing.insert(path.to_owned(), inode);
        Ok(inode)
    }

    fn append(&mut self, inode: Inode, more: &[u8]) {
        self.clock += 1;
        let clock = self.clock;
        match &mut self.nodes[inode] {
            Node::File { bytes, modified, .. } => {
                Arc::make_mut(bytes).extend_from_slice(more);
                *modified = clock;
            }
            Node::Folder(_) => unreachable!("a folder is written to"),
        }
    }

    fn sync(&mut self, inode: Inode) {
        if let Node::File { bytes, durable, .. } = &mut self.nodes[inode] {
            *durable = bytes.len();
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (folder, name) = self.place(from)?;
        let (other, new_name) = self.place(to)?;
        assert_eq!(folder, other, "a rename from one folder to another is not modelled");
        let inode = self.find(from)?;
        self.folder_mut(folder)?.change(Change::Rename(name, new_name, inode));
        Ok(())
    }

    fn link(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (folder, name) = self.place(to)?;
        let inode = self.find(from)?;
        if self.folder(folder)?.names.contains_key(&name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.folder_mut(folder)?.change(Change::Add(name, inode));
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        let (folder, name) = self.place(path)?;
        if self.folder(self.find(path)?).is_ok() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        self.folder_mut(folder)?.change(Change::Remove(name));
        Ok(())
    }

    fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        self.add(path, Node::Folder(Folder::default())).map(drop)
    }

    fn remove_dir(&mut self, path: &Path) -> io::Result<()> {
        let (folder, name) = self.place(path)?;
        if !self.folder(self.find(path)?)?.names.is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        self.folder_mut(folder)?.change(Change::Remove(name));
        Ok(())
    }

    fn sync_file(&mut self, path: &Path) -> io::Result<()> {
        let inode = self.find(path)?;
        self.sync(inode);
        Ok(())
    }

    fn sync_dir(&mut self, path: &Path) -> io::Result<()> {
        let inode = self.find(path)?;
        let folder = self.folder_mut(inode)?;
        folder.durable = folder.names.clone();
        folder.changes.clear();
        Ok(())
    }

    fn lock(&mut self, path: &Path) -> io::Result<()> {
        match self.create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// Does again what was done on another file system that was as this one is.
    pub fn apply(&mut self, operation: &Operation) {
        let done = match operation {
            Operation::Create(path) => self.create(path).map(drop),
            Operation::Append(path, bytes) => {
                self.append(self.writing[path], &bytes.0);
                Ok(())
            }
            Operation::Sync(path) => {
                self.sync(self.writing[path]);
                Ok(())
            }
            Operation::Rename(from, to) => self.rename(from, to),
            Operation::Link(from, to) => self.link(from, to),
            Operation::Remove(path) => self.remove(path),
            Operation::CreateDir(path) => self.create_dir(path),
            Operation::RemoveDir(path) => self.remove_dir(path),
            Operation::SyncFile(path) => self.sync_file(path),
            Operation::SyncDir(path) => self.sync_dir(path),
            Operation::Lock(path) => self.lock(path),
        };
        done.unwrap_or_else(|error| panic!("{operation:?}: {error}"));
    }

    /// The files and folders that can be there after a crash, whatever became of the changes.
    fn reachable(&self) -> BTreeSet<Inode> {
        let mut reachable = BTreeSet::from([ROOT]);
        let mut next = vec![ROOT];
        while let Some(inode) = next.pop() {
            let Ok(folder) = self.folder(inode) else { continue };
            let changed = folder.changes.iter().filter_map(|change| match change {
                Change::Add(_, inode) | Change::Rename(_, _, inode) => Some(inode),
                Change::Remove(_) => None,
            });
            next.extend(folder.durable.values().chain(changed).filter(|inode| reachable.insert(**inode)));
        }
        reachable
    }

    /// States that a crash may leave now: all combinations of the changes to folders where there are at most `limit`,
    /// and else that many, drawn like the fates of unsynced bytes.
    pub fn crashes(&self, limit: u64, seed: u64) -> Crashes<'_> {
        let reachable = self.reachable();
        let of = |wanted: &dyn Fn(&Node) -> bool| -> Vec<Inode> {
            reachable.iter().copied().filter(|inode| wanted(&self.nodes[*inode])).collect()
        };
        let unsynced = of(&|node| matches!(node, Node::File { bytes, durable, .. } if *durable < bytes.len()));
        let folders = of(&|node| matches!(node, Node::Folder(folder) if !folder.changes.is_empty()));
        let changes = folders.iter().flat_map(|inode| self.folder(*inode).into_iter().flat_map(|f| &f.changes));
        let combinations = changes.map(Change::ways).fold(1, u64::saturating_mul);
        Crashes { files: self, unsynced, folders, combinations, at: 0, limit, random: Random(seed) }
    }

    /// All files, with their bytes, and folders, without.
    pub fn tree(&self) -> BTreeMap<PathBuf, Option<Arc<Vec<u8>>>> {
        let mut tree = BTreeMap::new();
        let mut next = vec![(PathBuf::from("/"), ROOT)];
        while let Some((path, inode)) = next.pop() {
            match &self.nodes[inode] {
                Node::File { bytes, .. } => _ = tree.insert(path, Some(bytes.clone())),
                Node::Folder(folder) => {
                    next.extend(folder.names.iter().map(|(name, inode)| (path.join(name), *inode)));
                    tree.insert(path, None);
                }
            }
        }
        tree
    }
}

impl Crashes<'_> {
    /// Whether every combination of the changes to folders is among the states.
    pub fn is_exhaustive(&self) -> bool {
        self.combinations <= self.limit
    }
}

impl Iterator for Crashes<'_> {
    type Item = FileSystem;

    fn next(&mut self) -> Option<FileSystem> {
        // First with all changes, for each fate; then combinations of changes, with fates as they come.
        let fates = if self.unsynced.is_empty() { 1 } else { FATES.len() as u64 };
        let exhaustive = self.is_exhaustive();
        let combined = match exhaustive {
            true if self.unsynced.is_empty() => self.combinations,
            true => self.limit / self.combinations * self.combinations,
            false => self.limit,
        };
        let number = self.at;
        self.at += 1;
        let drawn = number.checked_sub(fates);
        if drawn.is_some_and(|drawn| drawn >= combined) {
            return None;
        }
        let mut combination = drawn.unwrap_or(0) % self.combinations;
        // Of eight changes or fates, how many the disk has: few, half or most.
        let likely = [1, 4, 7][self.random.below(3) as usize];
        let mut files = self.files.clone();
        for inode in &self.folders {
            let Node::Folder(folder) = &mut files.nodes[*inode] else { unreachable!() };
            let mut names = std::mem::take(&mut folder.durable);
            for change in std::mem::take(&mut folder.changes) {
                let ways = change.ways();
                let way = match drawn {
                    None => 1,
                    Some(_) if exhaustive => combination % ways,
                    Some(_) if self.random.below(8) < likely => 1 + self.random.below(ways - 1),
                    Some(_) => 0,
                };
                combination /= ways;
                change.apply(way, &mut names);
            }
            (folder.names, folder.durable) = (names.clone(), names);
        }
        for inode in &self.unsynced {
            let fate = match drawn {
                None => number,
                Some(_) if self.random.below(8) < likely => 0,
                Some(_) => self.random.below(fates),
            };
            let Node::File { bytes, durable, .. } = &mut files.nodes[*inode] else { unreachable!() };
            *bytes = FATES[fate as usize].apply(bytes, *durable, &mut self.random);
            *durable = bytes.len();
        }
        files.writing.clear();
        Some(files)
    }
}

/// Numbers that look random (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// A [`FileSystem`] in use.
#[derive(Clone)]
pub struct MemoryDisk(Arc<Mutex<Mounted>>);

struct Mounted {
    files: FileSystem,
    has_writer: bool,
    /// Readers by number, each with the generation it has pinned, or none where it pins everything.
    readers: BTreeMap<u64, Pinned>,
    next_reader: u64,
}

#[derive(Clone, Copy)]
struct Pinned {
    all: bool,
    generation: Option<u64>,
}

impl MemoryDisk {
    pub fn new(files: FileSystem) -> Self {
        Self(Arc::new(Mutex::new(Mounted { files, has_writer: false, readers: BTreeMap::new(), next_reader: 0 })))
    }

    fn mounted(&self) -> MutexGuard<'_, Mounted> {
        self.0.lock().unwrap()
    }

    /// The file system as it is now.
    pub fn files(&self) -> FileSystem {
        self.mounted().files.clone()
    }

    fn opened(&self, inode: Inode) -> Opened {
        Opened { disk: self.clone(), inode }
    }
}

struct Opened {
    disk: MemoryDisk,
    inode: Inode,
}

impl Opened {
    fn bytes(&self) -> io::Result<Arc<Vec<u8>>> {
        match &self.disk.mounted().files.nodes[self.inode] {
            Node::File { bytes, .. } => Ok(bytes.clone()),
            Node::Folder(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }
}

impl Storage for MemoryDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let inode = self.mounted().files.create(path)?;
        Ok(Box::new(self.opened(inode)))
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>> {
        let file = self.opened(self.mounted().files.find(path)?);
        file.bytes()?;
        Ok(Arc::new(file))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.mounted().files.rename(from, to)
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.mounted().files.link(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.mounted().files.remove(path)
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.mounted().files.create_dir(path)
    }
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.mounted().files.remove_dir(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mounted = self.mounted();
        let folder = mounted.files.folder(mounted.files.find(path)?)?;
        let entry = |(name, inode): (&String, &Inode)| Entry {
            path: path.join(name),
            is_dir: mounted.files.folder(*inode).is_ok(),
        };
        Ok(folder.names.iter().map(entry).collect())
    }
    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.mounted().files.sync_file(path)
    }
    fn open_dir(&self, path: &Path) -> io::Result<Box<dyn Directory>> {
        Ok(Box::new(OpenedFolder { disk: self.clone(), path: path.to_owned() }))
    }
    fn lock_writer(&self, path: &Path) -> io::Result<Locking> {
        let mut mounted = self.mounted();
        mounted.files.lock(path)?;
        if std::mem::replace(&mut mounted.has_writer, true) {
            return Ok(Locking::Refused("another handle".into()));
        }
        Ok(Locking::Held(Box::new(Lock(self.clone()))))
    }
    fn pin_reader(&self, path: &Path) -> io::Result<Option<Box<dyn ReaderPin>>> {
        let mut mounted = self.mounted();
        if mounted.files.find(path).is_err() {
            return Ok(None);
        }
        let number = mounted.next_reader;
        mounted.next_reader += 1;
        mounted.readers.insert(number, Pinned { all: true, generation: None });
        Ok(Some(Box::new(Pin { disk: self.clone(), number })))
    }
}

impl WriteFile for Opened {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.mounted().files.append(self.inode, bytes);
        Ok(())
    }
    fn sync(&self) -> io::Result<()> {
        self.disk.mounted().files.sync(self.inode);
        Ok(())
    }
}

impl ReadFile for Opened {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let bytes = self.bytes()?;
        let range = offset as usize..offset as usize + buffer.len();
        buffer.copy_from_slice(bytes.get(range).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
    fn length(&self) -> io::Result<u64> {
        Ok(self.bytes()?.len() as u64)
    }
}

struct OpenedFolder {
    disk: MemoryDisk,
    path: PathBuf,
}

impl Directory for OpenedFolder {
    fn sync(&self) -> io::Result<()> {
        self.disk.mounted().files.sync_dir(&self.path)
    }
}

struct Lock(MemoryDisk);

impl WriterLock for Lock {
    fn is_in_place(&self) -> io::Result<bool> {
        Ok(true)
    }

    fn has_reader_before(&self, generation: u64) -> io::Result<bool> {
        let before = |pinned: &Pinned| pinned.all || pinned.generation.is_some_and(|pinned| pinned < generation);
        Ok(self.0.mounted().readers.values().any(before))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.mounted().has_writer = false;
    }
}

struct Pin {
    disk: MemoryDisk,
    number: u64,
}

impl ReaderPin for Pin {
    fn pin(&mut self, generation: u64) -> io::Result<()> {
        self.disk.mounted().readers.insert(self.number, Pinned { all: false, generation: Some(generation) });
        Ok(())
    }
    fn pin_all(&mut self) -> io::Result<()> {
        if let Some(pinned) = self.disk.mounted().readers.get_mut(&self.number) {
            pinned.all = true;
        }
        Ok(())
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.disk.mounted().readers.remove(&self.number);
    }
}
