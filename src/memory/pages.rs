//! Room for large buffers, in memory that a store asks the system for in large pieces.
//!
//! Fresh memory is dear: at a fault for every 4 KiB, to touch it takes as long as to compress what is put there. So the
//! pieces are backed by huge pages where the system has them, and what a buffer leaves is given to the next, of whatever
//! size and on whatever thread. The general allocator does neither, and keeps memory for each thread that asked for it.
#![allow(unsafe_code)]

use crate::base::process;
use crate::base::sync::{Mutex, MutexGuard};
use crate::memory::budget::Budget;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Arc, PoisonError};

/// Bytes without a user that stay in memory to be used again, at most.
const IDLE_BYTES: usize = 256 << 20;
/// The unit in which memory is held and given back: a huge page.
const PAGE: usize = 2 << 20;
/// Bytes that the system is asked for at a time; only what is written to takes memory.
const REGION: usize = 32 << 20;
/// What places and lengths are multiples of: a cache line.
const LINE: usize = 64;

/// Memory that runs are taken from. What no run has stays in memory as far as the budget has room for it.
pub(crate) struct Pages {
    state: Mutex<State>,
    budget: Arc<Budget>,
    /// The process that takes runs.
    pid: u32,
}

#[derive(Default)]
struct State {
    /// By address.
    regions: BTreeMap<usize, Region>,
    /// What no run has: address and length. Neighbours in one region are one.
    free: BTreeMap<usize, usize>,
    /// The same as length and address.
    by_len: BTreeSet<(usize, usize)>,
    /// Bytes that runs have.
    taken: usize,
    /// Pages that may be in memory.
    touched: usize,
    /// The fewest idle bytes since they were last looked at.
    least_idle: usize,
}

/// Memory from the system, aligned to pages.
struct Region {
    start: NonNull<u8>,
    len: usize,
    /// Which of its pages may be in memory.
    touched: Vec<bool>,
}

// SAFETY: the memory belongs to the region, whatever thread has it.
unsafe impl Send for Region {}

/// Consecutive bytes of [`Pages`], given back when dropped. They hold anything at first.
pub(crate) struct Run {
    start: NonNull<u8>,
    len: usize,
    pages: Arc<Pages>,
}

// SAFETY: the bytes are the run's alone, like those of a `Box`.
unsafe impl Send for Run {}
// SAFETY: as above; a shared run is only read.
unsafe impl Sync for Run {}

impl Deref for Run {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the bytes belong to this run, and the system or an earlier run has initialised them.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for Run {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and nobody else has the run.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // In a child made by fork, which can drop runs though it takes none, nobody may be there to release the lock.
        if process::id() == self.pages.pid {
            self.pages.give(self.start.as_ptr() as usize, room(self.len));
        }
    }
}

/// What a run of `len` bytes takes.
fn room(len: usize) -> usize {
    len.next_multiple_of(LINE)
}

impl Pages {
    pub fn new(budget: &Arc<Budget>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), budget: budget.clone(), pid: process::id() })
    }

    /// `len` bytes with any content; `None` where the system has no memory, or is asked for none.
    pub fn take(self: &Arc<Self>, len: usize) -> Option<Run> {
        if len == 0 || len > isize::MAX as usize / 2 {
            return None;
        }
        let need = room(len);
        let mut state = self.lock();
        let at = match state.fitting(need) {
            Some(at) => at,
            None => {
                state.add_region(need)?;
                state.fitting(need)?
            }
        };
        let start = state.take(at, need)?;
        state.least_idle = state.least_idle.min(state.idle());
        self.trim(&mut state);
        Some(Run { start, len, pages: self.clone() })
    }

    fn give(&self, at: usize, len: usize) {
        let mut state = self.lock();
        state.taken -= len;
        state.free(at, len);
        self.trim(&mut state);
    }

    /// Gives the system back what has not been used since the last time. To be called where work begins that is like
    /// what was done between two such calls.
    pub fn settle(&self) {
        let mut state = self.lock();
        let unused = state.least_idle.min(state.idle());
        state.release(unused);
        state.least_idle = state.idle();
    }

    fn trim(&self, state: &mut State) {
        let most = usize::try_from(self.budget.room()).map_or(IDLE_BYTES, |room| room.min(IDLE_BYTES));
        let idle = state.idle();
        if idle > most {
            state.release(idle - most);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Bytes in memory that no run has.
    fn idle(&self) -> usize {
        (self.touched * PAGE).saturating_sub(self.taken)
    }

    /// The least of what is free that has `need` bytes, so that the large stays large.
    fn fitting(&self, need: usize) -> Option<usize> {
        self.by_len.range((need, 0)..).next().map(|&(_, at)| at)
    }

    /// The region that an address is in.
    fn region(&mut self, at: usize) -> Option<(usize, &mut Region)> {
        self.regions.range_mut(..=at).next_back().map(|(&start, region)| (start, region))
    }

    /// Takes the first `need` bytes of what is free at `at`.
    fn take(&mut self, at: usize, need: usize) -> Option<NonNull<u8>> {
        let len = self.remove_free(at)?;
        if len > need {
            self.insert_free(at + need, len - need);
        }
        self.taken += need;
        let (start, region) = self.region(at)?;
        let mut new = 0;
        for touched in &mut region.touched[(at - start) / PAGE..(at - start + need).div_ceil(PAGE)] {
            new += usize::from(!std::mem::replace(touched, true));
        }
        // SAFETY: the offset is inside the region, whose memory is one piece.
        let place = unsafe { region.start.add(at - start) };
        self.touched += new;
        Some(place)
    }

    /// Adds what a run had to what is free.
    fn free(&mut self, mut at: usize, mut len: usize) {
        let Some((start, end)) = self.region(at).map(|(start, region)| (start, start + region.len)) else { return };
        if at + len < end
            && let Some(behind) = self.remove_free(at + len)
        {
            len += behind;
        }
        let before = self.free.range(start..at).next_back().map(|(&before, &len)| (before, len));
        if let Some((before, its)) = before
            && before + its == at
        {
            self.remove_free(before);
            (at, len) = (before, its + len);
        }
        self.insert_free(at, len);
    }

    fn insert_free(&mut self, at: usize, len: usize) {
        self.free.insert(at, len);
        self.by_len.insert((len, at));
    }

    fn remove_free(&mut self, at: usize) -> Option<usize> {
        let len = self.free.remove(&at)?;
        self.by_len.remove(&(len, at));
        Some(len)
    }

    fn add_region(&mut self, need: usize) -> Option<()> {
        let region = Region::new(need.checked_next_multiple_of(PAGE)?.max(REGION))?;
        let (at, len) = (region.start.as_ptr() as usize, region.len);
        // A store that holds little takes little: its first page is of the usual, small ones.
        region.prefer_huge(if self.regions.is_empty() && need <= PAGE / 4 { PAGE } else { 0 });
        self.regions.insert(at, region);
        self.insert_free(at, len);
        Some(())
    }

    /// Gives the system back about `bytes` of what is free: whole pages, the last ones first.
    fn release(&mut self, mut bytes: usize) {
        let free: Vec<(usize, usize)> =
            self.free.iter().rev().filter(|&(_, &len)| len >= PAGE).map(|(&at, &len)| (at, len)).collect();
        for (at, len) in free {
            if bytes == 0 {
                return;
            }
            let Some((start, region)) = self.region(at) else { continue };
            let mut gone = 0;
            if (at, len) == (start, region.len) && region.bytes_touched() <= bytes {
                gone = region.bytes_touched();
                self.regions.remove(&start);
                self.remove_free(at);
            } else {
                let (first, end) = ((at - start).div_ceil(PAGE), (at - start + len) / PAGE);
                for page in (first..end).rev() {
                    if gone >= bytes {
                        break;
                    }
                    if region.touched[page] && region.release(page) {
                        gone += PAGE;
                    }
                }
            }
            self.touched -= gone / PAGE;
            bytes = bytes.saturating_sub(gone);
        }
    }
}

impl Region {
    /// `len` bytes, whole pages, or `None` where the system has none.
    fn new(len: usize) -> Option<Self> {
        let asked = len.checked_add(PAGE)?;
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: the kernel chooses the place of new memory.
        let found = unsafe { libc::mmap(std::ptr::null_mut(), asked, access, kind, -1, 0) };
        if found == libc::MAP_FAILED {
            return None;
        }
        let found = found.cast::<u8>();
        let before = found.align_offset(PAGE);
        // SAFETY: of `asked` bytes, one page more than `len`, what lies before the first whole page and behind `len`
        // bytes from there is nobody's.
        let start = unsafe {
            let start = found.add(before);
            if before > 0 {
                libc::munmap(found.cast(), before);
            }
            if before < PAGE {
                libc::munmap(start.add(len).cast(), PAGE - before);
            }
            start
        };
        Some(Self { start: NonNull::new(start)?, len, touched: vec![false; len / PAGE] })
    }

    fn bytes_touched(&self) -> usize {
        self.touched.iter().filter(|&&touched| touched).count() * PAGE
    }

    /// Asks for huge pages from `from` on. Where there are none, the usual ones do.
    fn prefer_huge(&self, from: usize) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // SAFETY: the memory is the region's own; the advice changes nothing that it holds.
        unsafe {
            libc::madvise(self.start.as_ptr().add(from).cast(), self.len - from, libc::MADV_HUGEPAGE);
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = from;
    }

    /// Gives a page back that no run has any part of; `false` where the process has locked it.
    fn release(&mut self, page: usize) -> bool {
        // SAFETY: the page is the region's own, and nobody counts on what it holds: runs hold anything at first.
        let done = unsafe { libc::madvise(self.start.as_ptr().add(page * PAGE).cast(), PAGE, libc::MADV_DONTNEED) };
        self.touched[page] = done != 0;
        done == 0
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the memory is the region's own; runs keep the region, or it would not be dropped.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What must hold between calls.
    fn check(pages: &Pages, runs: &[Run]) {
        let state = pages.lock();
        assert_eq!(state.taken, runs.iter().map(|run| room(run.len)).sum::<usize>());
        assert_eq!(state.free.len(), state.by_len.len());
        let mut pieces: Vec<(usize, usize, bool)> = state.free.iter().map(|(&at, &len)| (at, len, true)).collect();
        pieces.extend(runs.iter().map(|run| (run.as_ptr() as usize, room(run.len), false)));
        pieces.sort_unstable();
        let mut pieces = pieces.into_iter().peekable();
        let mut touched = 0;
        for (&start, region) in &state.regions {
            assert_eq!(start % PAGE, 0);
            let (mut end, mut was_free) = (start, false);
            while let Some((at, len, free)) = pieces.next_if(|&(at, ..)| at < start + region.len) {
                assert_eq!(at, end, "no gap and no overlap");
                assert!(!(free && was_free), "neighbours are one");
                assert!(
                    free || region.touched[(at - start) / PAGE..(at + len - start).div_ceil(PAGE)].iter().all(|&t| t)
                );
                (end, was_free) = (at + len, free);
            }
            assert_eq!(end, start + region.len);
            touched += region.touched.iter().filter(|&&touched| touched).count();
        }
        assert!(pieces.next().is_none());
        assert_eq!(state.touched, touched);
    }

    #[test]
    fn runs_do_not_overlap_and_idle_memory_is_bounded() {
        let budget = Budget::new(1 << 30);
        let pages = Pages::new(&budget);
        let (mut runs, mut random) = (Vec::<Run>::new(), 1u64);
        for step in 0..3000 {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let pick = (random >> 33) as usize;
            // Grows and shrinks in turns.
            if runs.is_empty() || (pick % 100 < 60) == (step % 600 < 300) {
                let len = [20_000, 64_800, 700_000, 2_592_000, 40 << 20][pick / 100 % 41 / 10] + pick % 977;
                let mut run = pages.take(len).expect("memory");
                assert_eq!(run.len(), len);
                run[0] = step as u8;
                run[len - 1] = step as u8;
                runs.push(run);
            } else {
                let run = runs.swap_remove(pick / 100 % runs.len());
                assert_eq!(run[0], run[run.len() - 1]);
            }
            check(&pages, &runs);
        }
        runs.clear();
        check(&pages, &runs);
        assert!(pages.lock().idle() <= IDLE_BYTES);
    }

    #[test]
    fn a_run_takes_the_place_of_one_that_is_gone() {
        let pages = Pages::new(&Budget::new(1 << 30));
        let (first, _second) = (pages.take(100_000).expect("memory"), pages.take(1 << 20).expect("memory"));
        let place = first.as_ptr();
        drop(first);
        assert_eq!(pages.take(99_990).expect("memory").as_ptr(), place);
        assert!(pages.take(0).is_none());
        assert!(pages.take(usize::MAX).is_none());
    }

    #[test]
    fn what_is_not_used_any_more_goes_back() {
        let pages = Pages::new(&Budget::new(1 << 30));
        let burst = (pages.take(40 << 20), pages.take(40 << 20));
        pages.settle();
        drop(burst);
        for _ in 0..3 {
            pages.settle();
            drop(pages.take(40 << 20));
        }
        assert!(pages.lock().idle() < 50 << 20, "only what each round uses");
        pages.settle();
        pages.settle();
        assert!(pages.lock().idle() < PAGE);
    }

    #[test]
    fn nothing_idle_is_kept_where_the_budget_has_no_room() {
        let budget = Budget::new(100 << 20);
        let pages = Pages::new(&budget);
        let _held = crate::memory::budget::Held::new(&budget, 90 << 20);
        drop(pages.take(40 << 20));
        assert!(pages.lock().idle() <= 10 << 20);
        assert!(pages.lock().idle() > 0, "what there is room for is kept");
    }
}
