//! The choke point of the boundary: every call that can fail runs inside [`guard`].

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::float_state;
use crate::ffi::status::{self, ATLAS_STATUS_OK, atlas_status};
use std::any::Any;
use std::cell::Cell;
use std::ffi::c_char;
use std::fmt::Arguments;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bytes of the text of a thread's last failure, with its NUL.
const TEXT_BYTES: usize = 4096;
/// What a text that is cut ends in.
const CUT: &str = "...";

/// A text in memory that stays where it is: who has its address reads the text that was set last.
struct Text([Cell<u8>; TEXT_BYTES]);

thread_local! {
    /// The text of this thread's last failure. It has nothing to drop, so that it is there as long as the thread.
    static LAST_ERROR: Text = const { Text([const { Cell::new(0) }; TEXT_BYTES]) };
}

impl Text {
    /// Sets the text, in which an error has no NUL; one that is too long is cut between two characters.
    fn set(&self, text: &str) {
        let (mut len, mut end) = (text.len(), "");
        if len >= TEXT_BYTES {
            (len, end) = (TEXT_BYTES - 1 - CUT.len(), CUT);
            while !text.is_char_boundary(len) {
                len -= 1;
            }
        }
        let bytes = text.bytes().take(len).chain(end.bytes()).chain([0]);
        bytes.zip(&self.0).for_each(|(byte, cell)| cell.set(byte));
    }
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

/// Where this thread's last text is, for as long as the thread lives. Never NULL.
pub(super) fn last_error() -> *const c_char {
    LAST_ERROR.with(|text| text.0.as_ptr().cast())
}

/// Sets the text and gives the status.
fn fail(error: &Error) -> atlas_status {
    LAST_ERROR.with(|text| text.set(error.message()));
    status::of(error.kind())
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("a bug in this library: {}", text.unwrap_or("a panic without a message"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn said(message: &str) -> String {
        fail(&Error::new(ErrorKind::Internal, message.to_owned()));
        // SAFETY: it ends in a NUL, and nothing writes to it while it is copied.
        unsafe { CStr::from_ptr(last_error()) }.to_str().expect("UTF-8").to_owned()
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_between_two_characters() {
        let before = last_error();
        for len in TEXT_BYTES - 8..TEXT_BYTES + 8 {
            // Of one, two, three and four bytes each.
            for character in ["a", "ü", "€", "𝄞"] {
                let message = format!("{}{}", "x".repeat(len % 4), character.repeat(len / character.len()));
                let text = said(&message);
                if message.len() < TEXT_BYTES {
                    assert_eq!(text, message);
                } else {
                    let kept = text.strip_suffix(CUT).expect("it is cut");
                    assert!(message.starts_with(kept) && text.len() < TEXT_BYTES && text.len() + 4 >= TEXT_BYTES);
                }
            }
        }
        assert_eq!(said(""), "");
        assert_eq!(last_error(), before);
    }
}
