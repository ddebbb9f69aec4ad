//! Says which file it was when libnetcdf, or libhdf5 below it, crashes: damaged files make them. Nothing has been committed
//! then, as an import's flush comes after the last file.
#![allow(unsafe_code)]

use libc::c_int;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// What to say, and the exit code; null while no file is being read.
static LAST_WORDS: AtomicPtr<LastWords> = AtomicPtr::new(null_mut());

/// The last that there have been, and by it all before it: a handler on another thread may be reading one.
static KEPT: AtomicPtr<LastWords> = AtomicPtr::new(null_mut());

struct LastWords {
    text: Vec<u8>,
    code: c_int,
    _before: *mut LastWords,
}

/// As long as it lives, a crash of the process writes a text to standard error and ends it with an exit code.
pub struct Guard(());

impl Guard {
    /// There is one at a time: the main thread's, which calls libnetcdf.
    pub fn new(text: Vec<u8>, code: u8) -> Self {
        let words =
            Box::into_raw(Box::new(LastWords { text, code: code.into(), _before: KEPT.load(Ordering::Relaxed) }));
        KEPT.store(words, Ordering::Relaxed);
        LAST_WORDS.store(words, Ordering::Release);
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT, libc::SIGFPE, libc::SIGILL] {
            // SAFETY: zero is a valid value of all fields; the handler calls only what signal handlers may.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = end as *const () as usize;
                // The stack of the thread may be what is damaged; threads of Rust have another.
                action.sa_flags = libc::SA_ONSTACK | libc::SA_RESETHAND;
                libc::sigaction(signal, &action, null_mut());
            }
        }
        Self(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        LAST_WORDS.store(null_mut(), Ordering::Release);
    }
}

extern "C" fn end(signal: c_int) {
    let words = LAST_WORDS.load(Ordering::Acquire);
    if words.is_null() {
        // SAFETY: the default action is in place again, by SA_RESETHAND; it ends the process.
        unsafe { libc::raise(signal) };
        return;
    }
    // SAFETY: it is never freed, as `KEPT` has it; `write` and `_exit` may be called here.
    unsafe {
        let text = &(*words).text;
        libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len());
        libc::_exit((*words).code);
    }
}
