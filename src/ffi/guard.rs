//! The choke point of the boundary: every call that can fail runs inside [`guard`].

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::float_state;
use crate::ffi::status::{self, ATLAS_STATUS_OK, atlas_status};
use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::fmt::Arguments;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// The text of this thread's last failure.
    static LAST_ERROR: RefCell<CString> = RefCell::new(CString::default());
}

/// The C function that is running. Its name begins the text of every error about its arguments.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) function: &'static str,
}

impl Call {
    /// An error about an argument: `call.invalid(format_args!("path is NULL"))`.
    pub(super) fn invalid(self, text: Arguments<'_>) -> Error {
        self.error(ErrorKind::InvalidArgument, text)
    }

    /// An error of another kind about the call.
    pub(super) fn error(self, kind: ErrorKind, text: Arguments<'_>) -> Error {
        Error::new(kind, format!("{}: {text}", self.function))
    }
}

/// Runs the body of a C function, in the default floating-point state: an error or a panic becomes a
/// status, set together with this thread's text.
pub(super) fn guard(function: &'static str, body: impl FnOnce(Call) -> Result<()>) -> atlas_status {
    let _default = float_state::enter();
    // A body borrows the caller's memory and shared stores only. A store that a panic left half changed poisons its
    // own locks, so nothing broken is seen after the unwinding.
    match catch_unwind(AssertUnwindSafe(|| body(Call { function }))) {
        Ok(Ok(())) => ATLAS_STATUS_OK,
        Ok(Err(error)) => fail(&error),
        Err(payload) => fail(&Error::new(ErrorKind::Internal, format!("{function}: {}", panic_text(&*payload)))),
    }
}

/// This thread's last text, valid until its next failure. Never NULL.
pub(super) fn last_error() -> *const c_char {
    LAST_ERROR.try_with(|text| text.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// Sets the text and gives the status. A thread that is ending has no text any more.
fn fail(error: &Error) -> atlas_status {
    let mut text = error.message().as_bytes().to_vec();
    text.retain(|byte| *byte != 0);
    let text = CString::new(text).unwrap_or_default();
    LAST_ERROR.try_with(|last| *last.borrow_mut() = text).ok();
    status::of(error.kind())
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("a bug in this library: {}", text.unwrap_or("a panic without a message"))
}
