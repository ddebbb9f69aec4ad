//! The worker threads: shared by all stores of the process that ask for the same number, started when first needed.

use crate::base::error::{Error, Result, error};
use crate::base::process::PerProcess;
use crate::base::threads;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread;

/// Items that a thread of [`Pool::for_each_at_once`] takes at a time.
const GROUP: usize = 16;

/// Threads for background encoding and parallel reads; none at all when it was made for 0.
pub(crate) struct Pool {
    threads: usize,
    started: OnceLock<Option<rayon::ThreadPool>>,
}

/// The pools in use.
static POOLS: PerProcess<Mutex<Vec<Weak<Pool>>>> = PerProcess::new(|| Mutex::new(Vec::new()));

/// The number of threads for a store that does not ask for one: `ATLAS_NUM_THREADS`, or as many as the affinity mask
/// and the control group of the process allow.
fn default_threads() -> Result<usize> {
    match std::env::var("ATLAS_NUM_THREADS") {
        Ok(text) => text
            .trim()
            .parse()
            .map_err(|_| error!(InvalidArgument, "ATLAS_NUM_THREADS is '{text}', not a number of threads")),
        Err(_) => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}

impl Pool {
    /// The pool of `threads`, 0 meaning that work is done by the thread that asks for it.
    pub fn shared(threads: Option<usize>) -> Result<Arc<Self>> {
        let threads = match threads {
            Some(threads) => threads,
            None => default_threads()?,
        };
        let mut pools = POOLS.get().lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        let known = pools.iter().find_map(|pool| pool.upgrade().filter(|pool| pool.threads == threads));
        Ok(known.unwrap_or_else(|| {
            let pool = Arc::new(Self { threads, started: OnceLock::new() });
            pools.push(Arc::downgrade(&pool));
            pool
        }))
    }

    /// The running threads, or `None` where work is done inline: as asked for, or because no thread could be made.
    fn running(&self) -> Option<&rayon::ThreadPool> {
        let start = || {
            let name = |i| format!("atlas-{i}");
            let builder = rayon::ThreadPoolBuilder::new().num_threads(self.threads).thread_name(name);
            let builder = builder.spawn_handler(threads::spawn_worker);
            if self.threads == 0 { None } else { builder.build().ok() }
        };
        // The model checker's threads are the only ones that may touch its locks.
        if cfg!(feature = "shuttle") { None } else { self.started.get_or_init(start).as_ref() }
    }

    /// The number of workers.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Whether there are workers, or will be.
    pub fn has_threads(&self) -> bool {
        self.threads > 0
    }

    /// Runs `job` on a worker some time; not at all without workers, when whoever needs its result does it.
    pub fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        // A panic must not reach the pool, which would abort the process; the job's owner sees it unfinished.
        let job = || drop(catch_unwind(AssertUnwindSafe(job)));
        if let Some(pool) = self.running() {
            pool.spawn(job);
        } else if cfg!(feature = "shuttle") && self.has_threads() {
            // Where none can be made, whoever needs the result does it.
            drop(threads::spawn("atlas-0", job));
        }
    }

    /// Calls `f` for each item, in parallel where there is more than one. Returns the error of the first that failed.
    pub fn for_each<T: Sync>(&self, items: &[T], f: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
        // One worker would be no faster than the caller, who would wait for what it does for others. Nor is a thread
        // started for what the caller does itself.
        let pool = if items.len() > 1 && self.threads > 1 { self.running() } else { None };
        match pool {
            Some(pool) => {
                use rayon::prelude::*;
                let failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
                pool.install(|| {
                    items.par_iter().enumerate().with_max_len(1).for_each(|(i, item)| {
                        if let Err(error) = f(item) {
                            let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                            if failed.as_ref().is_none_or(|(first, _)| i < *first) {
                                *failed = Some((i, error));
                            }
                        }
                    });
                });
                match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
                    Some((_, error)) => Err(error),
                    None => Ok(()),
                }
            }
            None => items.iter().try_for_each(f),
        }
    }

    /// Like [`Self::for_each`], but begins at once on the calling thread: for items that wait for what the workers are
    /// doing, who take part when that is done. Which error is returned of several is not said.
    pub fn for_each_from_here<T: Sync>(&self, items: &[T], f: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
        let pool = if items.len() > 1 && self.threads > 1 { self.running() } else { None };
        let Some(pool) = pool else { return items.iter().try_for_each(f) };
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let work = || {
            while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = f(item) {
                    next.store(items.len(), Ordering::Relaxed);
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            }
        };
        pool.in_place_scope(|scope| {
            (1..items.len().min(self.threads + 1)).for_each(|_| scope.spawn(|_| work()));
            work();
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Calls `f` for each item, on threads of its own where there is much to do: for what takes little time and must not
    /// wait for what the workers are doing.
    pub fn for_each_at_once<T: Sync>(&self, items: &[T], f: impl Fn(&T) + Sync) {
        // The model checker's threads are the only ones that may touch its locks.
        let threads = if cfg!(feature = "shuttle") { 1 } else { self.threads.min(items.len() / (4 * GROUP)) };
        if threads <= 1 {
            return items.iter().for_each(f);
        }
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(group) = items.chunks(GROUP).nth(next.fetch_add(1, Ordering::Relaxed)) {
                group.iter().for_each(&f);
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                // Where no thread can be made, those that there are do it.
                if threads::spawn_scoped(scope, "atlas-decode", work).is_err() {
                    break;
                }
            }
            work();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_reported_with_and_without_threads() {
        for threads in [0, 1, 3] {
            let pool = Pool::shared(Some(threads)).expect("a pool");
            let items: Vec<usize> = (0..100).collect();
            let run = pool.for_each(&items, |&i| if i % 10 == 7 { Err(error!(Internal, "{i}")) } else { Ok(()) });
            assert_eq!(run.expect_err("fails").message(), "7");
            let visits: Vec<AtomicUsize> = (0..100).map(|_| AtomicUsize::new(0)).collect();
            let visit = |i: &usize| {
                visits[*i].fetch_add(1, Ordering::Relaxed);
                if *i == 97 { Err(error!(Internal, "{i}")) } else { Ok(()) }
            };
            assert!(pool.for_each_from_here(&items[..97], visit).is_ok());
            assert!(visits[..97].iter().all(|visits| visits.load(Ordering::Relaxed) == 1));
            assert_eq!(pool.for_each_from_here(&items[97..], visit).expect_err("fails").message(), "97");
        }
    }

    #[test]
    fn all_items_are_visited_once_at_once() {
        for (threads, n) in [(0, 100), (1, 1000), (3, 0), (3, 1), (3, 1000)] {
            let pool = Pool::shared(Some(threads)).expect("a pool");
            let visits: Vec<AtomicUsize> = (0..n).map(|_| AtomicUsize::new(0)).collect();
            pool.for_each_at_once(&visits, |visits| {
                visits.fetch_add(1, Ordering::Relaxed);
            });
            assert!(visits.iter().all(|visits| visits.load(Ordering::Relaxed) == 1));
        }
    }
}
