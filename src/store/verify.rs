//! Verification: every byte of every file of a commit.

use crate::base::error::{ErrorKind, Result};
use crate::change::catalogue::Catalogue;
use crate::store::Store;
use crate::version::roots::{kept_generations, read_kept, read_root};
use std::path::PathBuf;

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
        let (version, _pinned) = self.pin_version()?;
        let (storage, notation) = (&*self.place.storage, self.place.notation);
        let mut count = 0;
        let mut report = |file: PathBuf, offset: u64, message: String| {
            count += 1;
            self.call_back(|| on_damage(&Damage { file, offset, message }));
        };
        let root_path = self.place.root();
        match read_root(storage, &root_path, notation) {
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Err(error) => report(root_path, 0, error.to_string()),
            Ok(_) => {
                for error in Catalogue::new(notation.format, &version.root)?.damaged_records() {
                    report(root_path.clone(), 0, error.to_string());
                }
            }
        }
        for generation in kept_generations(storage, &self.place.path, notation)? {
            match read_kept(storage, &self.place.path, notation, generation) {
                Err(error) if error.kind() == ErrorKind::Io => return Err(error),
                Err(error) => report(self.place.kept_root(generation), 0, error.to_string()),
                Ok(_) => {}
            }
        }
        let total = version.all_segments().count() as u64;
        for (done, segment) in version.all_segments().enumerate() {
            self.progress("verify", done as u64, total)?;
            self.io.reader.verify(segment, &mut |offset, error| {
                report(segment.path.clone(), offset, error.to_string());
            })?;
        }
        self.progress("verify", total, total)?;
        Ok(count)
    }
}
