//! The caller's functions: what runs them, and what keeps them from committing to the store that runs them.
//!
//! A commit, or the end of a store, may wait for what the call that runs the function holds, which is for ever. So it is an
//! error, in every such function, whether something is held just then or not. Other calls wait for nothing of the kind.

use crate::base::error::{Result, bail};
use crate::store::Store;
use smallvec::SmallVec;
use std::cell::RefCell;

thread_local! {
    /// The stores of which a function of the caller runs on this thread, by their addresses; the innermost last.
    static RUNNING: RefCell<SmallVec<[usize; 8]>> = RefCell::default();
}

impl Store {
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Whether this thread is inside a function that this store has called.
    pub(super) fn is_calling_back(&self) -> bool {
        RUNNING.try_with(|running| running.borrow().contains(&self.address())).unwrap_or(false)
    }

    /// Refuses what may wait for a commit, in a function that this store has called.
    pub(crate) fn check_not_calling_back(&self) -> Result<()> {
        if self.is_calling_back() {
            bail!(
                InvalidArgument,
                "store {}: called from within a callback of the same store",
                self.place.path.display()
            );
        }
        Ok(())
    }

    /// Runs a function of the caller, which is not to call this store.
    pub(super) fn call_back<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Over;
        impl Drop for Over {
            fn drop(&mut self) {
                let _ = RUNNING.try_with(|running| running.borrow_mut().pop());
            }
        }
        // A thread that is ending has no list any more, and nothing to take from it.
        let _over = RUNNING.try_with(|running| running.borrow_mut().push(self.address())).ok().map(|()| Over);
        f()
    }
}
