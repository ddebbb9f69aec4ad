//! The floating-point state of a thread: what the language takes for granted, and what a program may have made of it.
//!
//! A program may let its processor trap at a NaN, round upwards or take denormals for zero. Rust code means none of
//! that: it would be killed, write other values than it read, or count what is there as missing. So wherever a thread
//! comes in, the default state is set, and what was found is put back when it leaves: the flags of exceptions too, which
//! a program may be collecting.
//!
//! On x86-64 only the vector unit computes here, so the older one, and its precision, are left as they are.
#![allow(unsafe_code)]

use std::cell::Cell;

thread_local! {
    /// The state of the caller whose call this thread is in.
    static CALLER: Cell<Option<State>> = const { Cell::new(None) };
}

/// The default state, until it is dropped.
pub(crate) struct DefaultState {
    outer: Option<State>,
}

/// Sets the default state. What there is becomes the caller's.
pub(crate) fn enter() -> DefaultState {
    let found = State::now();
    if !found.is_default() {
        State::set_default();
    }
    DefaultState { outer: CALLER.replace(Some(found)) }
}

impl Drop for DefaultState {
    fn drop(&mut self) {
        if let Some(caller) = CALLER.replace(self.outer) {
            caller.set();
        }
    }
}

/// Runs a function of the caller, with the caller's state. What it makes of that stays.
#[cfg(any(test, feature = "capi"))]
pub(crate) fn as_caller<R>(f: impl FnOnce() -> R) -> R {
    struct Back(State);
    impl Drop for Back {
        fn drop(&mut self) {
            CALLER.set(Some(State::now()));
            self.0.set();
        }
    }
    let Some(caller) = CALLER.get() else { return f() };
    let _back = Back(State::now());
    caller.set();
    f()
}

#[cfg(target_arch = "x86_64")]
use x86_64::State;

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::asm;

    /// MXCSR.
    #[derive(Clone, Copy)]
    pub(super) struct State(u32);

    /// Nearest, all exceptions masked, denormals kept.
    const DEFAULT: u32 = 0x1f80;
    /// The bits that say which exceptions there were.
    const FLAGS: u32 = 0x3f;

    impl State {
        pub(super) fn now() -> Self {
            let mut found = 0u32;
            // SAFETY: the register is stored into a variable of its size. As memory is clobbered, nothing that is
            // computed from memory moves across.
            unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut found, options(nostack, preserves_flags)) };
            Self(found)
        }

        pub(super) fn is_default(self) -> bool {
            self.0 & !FLAGS == DEFAULT
        }

        pub(super) fn set_default() {
            Self(DEFAULT).write();
        }

        pub(super) fn set(self) {
            if Self::now().0 != self.0 {
                self.write();
            }
        }

        fn write(self) {
            // SAFETY: a value that the register had, or its default, so no reserved bit is set. Likewise for memory.
            unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const self.0, options(nostack, preserves_flags)) };
        }
    }
}

#[cfg(target_arch = "aarch64")]
use aarch64::State;

#[cfg(target_arch = "aarch64")]
mod aarch64 {
    use std::arch::asm;

    /// FPCR and FPSR.
    #[derive(Clone, Copy)]
    pub(super) struct State(u64, u64);

    impl State {
        pub(super) fn now() -> Self {
            let (control, status): (u64, u64);
            // SAFETY: reads two registers that every program may read. As memory is clobbered, nothing that is computed
            // from memory moves across.
            unsafe {
                asm!("mrs {}, fpcr", "mrs {}, fpsr", out(reg) control, out(reg) status, options(nostack, preserves_flags));
            }
            Self(control, status)
        }

        pub(super) fn is_default(self) -> bool {
            self.0 == 0
        }

        pub(super) fn set_default() {
            // SAFETY: 0 is the state that a program begins with. Likewise for memory.
            unsafe { asm!("msr fpcr, {}", in(reg) 0u64, options(nostack, preserves_flags)) };
        }

        pub(super) fn set(self) {
            let now = Self::now();
            if (now.0, now.1) != (self.0, self.1) {
                // SAFETY: values that the registers had. Likewise for memory.
                unsafe {
                    asm!("msr fpcr, {}", "msr fpsr, {}", in(reg) self.0, in(reg) self.1, options(nostack, preserves_flags));
                }
            }
        }
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use elsewhere::State;

/// The C library's way: it knows traps and rounding, not what a processor may have beside them.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod elsewhere {
    use std::ffi::{c_int, c_void};

    /// Longer, and aligned for more, than any `fenv_t`.
    #[derive(Clone, Copy)]
    #[repr(C, align(16))]
    pub(super) struct State([u8; 128]);

    const FE_TONEAREST: c_int = 0;

    #[link(name = "m")]
    unsafe extern "C" {
        fn fegetenv(state: *mut c_void) -> c_int;
        fn fesetenv(state: *const c_void) -> c_int;
        fn feholdexcept(state: *mut c_void) -> c_int;
        fn fesetround(mode: c_int) -> c_int;
    }

    impl State {
        pub(super) fn now() -> Self {
            let mut found = Self([0; 128]);
            // SAFETY: the state fits.
            unsafe { fegetenv((&raw mut found.0).cast()) };
            found
        }

        /// What the state has cannot be told from its bytes.
        pub(super) fn is_default(self) -> bool {
            false
        }

        pub(super) fn set_default() {
            let mut found = Self([0; 128]);
            // SAFETY: the state fits; no trap is left, and then rounding is to nearest.
            unsafe {
                feholdexcept((&raw mut found.0).cast());
                fesetround(FE_TONEAREST);
            }
        }

        pub(super) fn set(self) {
            // SAFETY: a state that this thread had.
            unsafe { fesetenv((&raw const self.0).cast()) };
        }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use std::arch::asm;
    use std::hint::black_box;

    /// Upwards, denormals taken for zero and flushed to it.
    const ODD: u32 = 0x1f80 | 0x4000 | 0x8000 | 0x40;
    const INEXACT: u32 = 0x20;

    fn get() -> u32 {
        let mut found = 0u32;
        // SAFETY: stores a register.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut found, options(nostack)) };
        found
    }

    fn set(value: u32) {
        // SAFETY: no reserved bit is set, and no trap unmasked.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack)) };
    }

    fn inexact() {
        assert!(black_box(black_box(1.0f64) / black_box(3.0)) > 0.0);
    }

    #[test]
    fn the_callers_state_is_there_outside_and_in_its_functions() {
        set(ODD);
        let inside = enter();
        let mut seen = vec![get()];
        inexact();
        as_caller(|| {
            seen.push(get());
            {
                let _nested = enter();
                seen.push(get());
                inexact();
            }
            seen.push(get());
            set(ODD ^ 0x40);
        });
        seen.push(get() & !INEXACT);
        drop(inside);
        seen.push(get());
        set(0x1f80 | INEXACT);
        drop(enter());
        seen.push(get());
        {
            let _inside = enter();
            set(0x1f80);
        }
        seen.push(get());
        set(0x1f80);
        assert_eq!(seen, [0x1f80, ODD, 0x1f80, ODD, 0x1f80, ODD ^ 0x40, 0x1f80 | INEXACT, 0x1f80 | INEXACT]);
    }
}
