//! The caller's functions as the engine's closures.

use crate::base::error::{Result, bail};
use crate::base::float_state::as_caller;
use crate::ffi::types::{ATLAS_LOG_INFO, ATLAS_LOG_WARNING, atlas_damage_fn, atlas_log_fn, atlas_progress_fn};
use crate::{Damage, LogFn, LogLevel, ProgressFn};
use std::ffi::{CString, c_void};

/// The pointer that a callback is handed back. Nothing else is done with it.
struct UserData(*mut c_void);

// SAFETY: the engine runs callbacks only on a thread that is inside a call of the caller, which the header says.
unsafe impl Send for UserData {}
// SAFETY: likewise.
unsafe impl Sync for UserData {}

impl UserData {
    fn get(&self) -> *mut c_void {
        self.0
    }
}

/// Messages.
pub(super) fn log(function: atlas_log_fn, user_data: *mut c_void) -> Option<LogFn> {
    let (function, data) = (function?, UserData(user_data));
    Some(Box::new(move |level: LogLevel, message: &str| {
        let level = match level {
            LogLevel::Info => ATLAS_LOG_INFO,
            LogLevel::Warning => ATLAS_LOG_WARNING,
        };
        let message = text(message);
        // SAFETY: the caller's function, with what the header promises it.
        as_caller(|| unsafe { function(level, message.as_ptr(), data.get()) });
    }))
}

/// Progress. The engine is told to go on, C to cancel.
pub(super) fn progress(function: atlas_progress_fn, user_data: *mut c_void) -> Option<ProgressFn> {
    let (function, data) = (function?, UserData(user_data));
    Some(Box::new(move |what: &str, done: u64, total: u64| {
        let what = text(what);
        // SAFETY: the caller's function, with what the header promises it.
        as_caller(|| unsafe { function(what.as_ptr(), done, total, data.get()) == 0 })
    }))
}

/// Damaged places: each is handed on to the caller, and the first is kept for the error's text.
pub(super) struct Report {
    function: atlas_damage_fn,
    user_data: *mut c_void,
    first: String,
}

impl Report {
    pub(super) fn new(function: atlas_damage_fn, user_data: *mut c_void) -> Self {
        Self { function, user_data, first: String::new() }
    }

    pub(super) fn add(&mut self, damage: &Damage) {
        let Damage { file, offset, message } = damage;
        if self.first.is_empty() {
            self.first = format!("{} at byte {offset}: {message}", file.display());
        }
        if let Some(function) = self.function {
            let (file, message) = (text(&file.to_string_lossy()), text(message));
            // SAFETY: the caller's function, with what the header promises it.
            as_caller(|| unsafe { function(file.as_ptr(), *offset, message.as_ptr(), self.user_data) });
        }
    }

    /// `Err` if there were any.
    pub(super) fn result(&self, count: u64) -> Result<()> {
        match count {
            0 => Ok(()),
            1 => bail!(Corrupt, "the store is damaged: {}", self.first),
            _ => bail!(Corrupt, "the store is damaged in {count} places, the first: {}", self.first),
        }
    }
}

fn text(text: &str) -> CString {
    CString::new(text.replace('\0', "")).unwrap_or_default()
}
