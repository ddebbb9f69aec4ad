//! The threads of this library: every one is started here.
//!
//! No signal that a program handles, waits for or has blocked is meant for them, so they take none: the kernel would else
//! deliver to them what every thread of the program has blocked. Those that the processor raises for what a thread itself
//! does stay as they are. They compute in the default floating-point state, whatever the thread that started them is in.
#![allow(unsafe_code)]

use crate::base::float_state;
use crate::base::sync::thread::{Builder, JoinHandle};
use std::io;
use std::thread;

/// Starts a thread.
pub(crate) fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    f: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let _blocked = SignalsBlocked::new();
    Builder::new().name(name.into()).spawn(move || in_default_state(f))
}

/// Starts a thread that ends within `scope`.
pub(crate) fn spawn_scoped<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    name: impl Into<String>,
    f: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<thread::ScopedJoinHandle<'scope, T>> {
    let _blocked = SignalsBlocked::new();
    thread::Builder::new().name(name.into()).spawn_scoped(scope, move || in_default_state(f))
}

/// Starts a worker of a pool.
pub(crate) fn spawn_worker(worker: rayon::ThreadBuilder) -> io::Result<()> {
    let _blocked = SignalsBlocked::new();
    let builder = thread::Builder::new().name(worker.name().unwrap_or("atlas").to_owned());
    builder.spawn(move || in_default_state(|| worker.run())).map(drop)
}

fn in_default_state<T>(f: impl FnOnce() -> T) -> T {
    let _default = float_state::enter();
    f()
}

/// This thread takes no signals until this is dropped, nor will a thread that it starts meanwhile. The model checker's
/// threads are no threads to the kernel.
struct SignalsBlocked(Option<libc::sigset_t>);

impl SignalsBlocked {
    fn new() -> Self {
        const OWN: [libc::c_int; 6] =
            [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];
        if cfg!(feature = "shuttle") {
            return Self(None);
        }
        // SAFETY: `sigset_t` is made of integers, for which zero is a value; the calls change these two sets and the mask
        // of this thread, and each is given what it asks for.
        unsafe {
            let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
            libc::sigfillset(&mut all);
            for signal in OWN {
                libc::sigdelset(&mut all, signal);
            }
            let blocked = libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before) == 0;
            Self(blocked.then_some(before))
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // SAFETY: the mask that this thread had.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
        }
    }
}
