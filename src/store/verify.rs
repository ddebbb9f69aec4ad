//! Verification: every byte of every file of a commit.

use crate::base::error::{ErrorKind, Result};
use crate::base::maps::HashSet;
use crate::change::catalogue::damaged_records;
use crate::store::Store;
use crate::version::keeping::Keeping;
use crate::version::roots::{kept_generations, read_kept, read_root};
use crate::version::{File, Version};
use std::path::PathBuf;
use std::sync::Arc;

/// Something on disk that is not what was written.
#[derive(Clone, Debug)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// What is wrong.
    pub message: String,
}

impl Store {
    /// Reads the root, those of earlier commits that are kept, and every other file of the commit this handle sees and of
    /// those that pins name, and checks all of it. Each damage is given to `on_damage`; their number is returned. An error means
    /// that the check itself could not go on.
    pub fn verify(&self, on_damage: &mut dyn FnMut(&Damage)) -> Result<u64> {
        self.check_usable()?;
        self.check_no_worker("verify a store")?;
        let (version, _pinned) = self.pin_version()?;
        let (storage, notation) = (&*self.place.storage, self.place.notation);
        let mut count = 0;
        let mut report = |file: PathBuf, offset: u64, message: String| {
            count += 1;
            self.call_back(|| on_damage(&Damage { file, offset, message }));
        };
        let root_path = self.place.root();
        let mut pins = Keeping::default().pins;
        let mut is_whole = false;
        match read_root(storage, &root_path, notation) {
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Err(error) => report(root_path.clone(), 0, error.to_string()),
            Ok((root, _)) => {
                is_whole = true;
                match Keeping::of(&root.head) {
                    Ok(keeping) => pins = keeping.pins,
                    Err(error) => report(root_path.clone(), 0, error.to_string()),
                }
            }
        }
        for file in &version.records.files {
            file.verify(&mut |offset, error| {
                is_whole = false;
                report(file.path.clone(), offset, error.to_string());
            })?;
        }
        // Without all of that, there is no telling.
        for error in if is_whole { damaged_records(&version.records) } else { Vec::new() } {
            report(root_path.clone(), 0, error.to_string());
        }
        for generation in kept_generations(storage, &self.place.path, notation)? {
            match read_kept(storage, &self.place.path, notation, generation) {
                Err(error) if error.kind() == ErrorKind::Io => return Err(error),
                Err(error) => report(self.place.kept_root(generation), 0, error.to_string()),
                Ok(_) => {}
            }
        }
        let mut known: HashSet<(Arc<str>, u64)> = version.all_files().map(|file| file.place()).collect();
        let mut pinned: Vec<(u64, File)> = Vec::new();
        for (name, generation) in &pins {
            let file = self.place.kept_root(*generation);
            let of = match read_kept(storage, &self.place.path, notation, *generation) {
                Err(error) if error.kind() == ErrorKind::Io => return Err(error),
                // It was named with the other roots.
                Err(_) => continue,
                Ok(None) if !self.is_pinned(*generation)? => continue,
                Ok(None) => {
                    report(file, 0, format!("pin '{name}' names commit {generation}, whose root is gone"));
                    continue;
                }
                Ok(Some((root, _))) => {
                    Version::of(root, notation.format, &self.place.path, &self.place.storage, &version)
                }
            };
            match of {
                Ok(of) => {
                    let others = of.all_files().filter(|file| known.insert(file.place()));
                    pinned.extend(others.map(|file| (*generation, file)));
                }
                Err(error) => report(file, 0, error.to_string()),
            }
        }
        let total = version.all_segments().count() as u64 + pinned.len() as u64;
        for (done, segment) in version.all_segments().enumerate() {
            self.progress("verify", done as u64, total)?;
            self.io.reader.verify(segment, &mut |segment, offset, error| {
                report(segment.path.clone(), segment.offset() + offset, error.to_string());
            })?;
        }
        for (done, (generation, file)) in (total - pinned.len() as u64..).zip(&pinned) {
            self.progress("verify", done, total)?;
            let mut damages = Vec::new();
            match file {
                File::Segment(segment) => self.io.reader.verify(segment, &mut |segment, offset, error| {
                    damages.push((segment.path.clone(), segment.offset() + offset, error));
                })?,
                File::Catalogue(file) => {
                    file.verify(&mut |offset, error| damages.push((file.path.clone(), offset, error)))?;
                }
            }
            // Nothing keeps the files of a pin that is taken away meanwhile.
            if !damages.is_empty() && self.is_pinned(*generation)? {
                for (file, offset, error) in damages {
                    report(file, offset, error.to_string());
                }
            }
        }
        self.progress("verify", total, total)?;
        Ok(count)
    }

    /// Whether a pin of the last commit on the disk names a commit.
    fn is_pinned(&self, generation: u64) -> Result<bool> {
        match read_root(&*self.place.storage, &self.place.root(), self.place.notation) {
            Ok((root, _)) => Ok(root.head.pins.values().any(|pinned| *pinned == generation)),
            Err(error) if error.kind() == ErrorKind::Io => Err(error),
            // Then it is damaged, and who has the pins knows of no later ones.
            Err(_) => Ok(true),
        }
    }
}
