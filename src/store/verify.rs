//! Verification: every byte of every file of a commit.

use super::*;

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
    /// Reads the root, those of earlier commits that are kept, and every segment of the commit this handle sees, and
    /// checks all of it. Each damage is given to
    /// `on_damage`; their number is returned. An error means that the check itself could not go on.
    pub fn verify(&self, on_damage: &mut dyn FnMut(&Damage)) -> Result<u64> {
        self.check_usable()?;
        // Nothing is committed or removed meanwhile.
        let _commit = self.lock_commit()?;
        self.check_usable()?;
        let files = read(&self.working)?.committed.clone();
        let mut count = 0;
        let mut report = |file: PathBuf, offset: u64, message: String| {
            count += 1;
            on_damage(&Damage { file, offset, message });
        };
        let root_path = self.root_path();
        match open::read_root(&*self.storage, &root_path, self.notation) {
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Err(error) => report(root_path, 0, error.to_string()),
            Ok(_) => {
                // Told without the lock: whoever listens may be slow.
                let damaged = read(&self.working)?.catalogue.damaged_records();
                for error in damaged {
                    report(root_path.clone(), 0, error.to_string());
                }
            }
        }
        for generation in generations::kept_generations(&*self.storage, &self.path, self.notation)? {
            match generations::read_kept(&*self.storage, &self.path, self.notation, generation) {
                Err(error) if error.kind() == ErrorKind::Io => return Err(error),
                Err(error) => {
                    let file = self.path.join(generations::kept_root(self.notation, generation));
                    report(file, 0, error.to_string());
                }
                Ok(_) => {}
            }
        }
        let total: u64 = files.by_name.values().map(|file| file.segments.len() as u64).sum();
        let segments = files.by_name.values().flat_map(|file| file.segments.iter());
        for (done, segment) in segments.enumerate() {
            self.progress("verify", done as u64, total)?;
            self.io.reader.verify(segment, &mut |offset, error| {
                report(segment.path.clone(), offset, error.to_string());
            })?;
        }
        self.progress("verify", total, total)?;
        Ok(count)
    }
}
