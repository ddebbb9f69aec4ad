//! What the tool prints: text that no file's content can break out of, JSON, tables, progress, errors.

use atlas_store::{Error, ErrorKind, ProgressFn};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::path::Path;
use std::time::Duration;

/// Exit code for a wrong command line.
pub const USAGE: u8 = 2;
/// Exit code for what has no other.
const OTHER: u8 = 5;

/// Standard output, and how to use it.
pub struct Out {
    pub json: bool,
    pub quiet: bool,
    to: BufWriter<Stdout>,
}

impl Out {
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet, to: BufWriter::with_capacity(1 << 16, io::stdout()) }
    }

    /// Prints a line. What comes from files has gone through [`plain`] or [`quoted`].
    pub fn line(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        Ok(writeln!(self.to, "{text}")?)
    }

    /// Prints without ending the line.
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.to.write_all(text.as_bytes())?)
    }

    /// Prints a value as the JSON document.
    pub fn document(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        write_json(&mut self.to, value)
    }

    /// Prints what is still waiting.
    pub fn finish(&mut self) -> Result<(), Failure> {
        Ok(self.to.flush()?)
    }

    /// Columns, those from `numbers` on to the right.
    pub fn table(&mut self, rows: &[Vec<String>], numbers: usize) -> Result<(), Failure> {
        let mut widths = vec![0; rows.iter().map(Vec::len).max().unwrap_or(0)];
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in rows {
            let cell = |(c, (text, &width)): (usize, (&String, &usize))| match c < numbers {
                true => format!("{text:<width$}"),
                false => format!("{text:>width$}"),
            };
            let cells: Vec<_> = row.iter().zip(&widths).enumerate().map(cell).collect();
            self.line(cells.join("  ").trim_end())?;
        }
        Ok(())
    }

    /// A progress bar on a terminal, and nothing elsewhere.
    pub fn progress(&self, length: u64, what: &'static str) -> ProgressBar {
        if self.quiet || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

/// A progress bar as what the library calls.
pub fn on_bar(bar: &ProgressBar) -> Option<ProgressFn> {
    if bar.is_hidden() {
        return None;
    }
    let bar = bar.clone();
    Some(Box::new(move |_, done, total| {
        bar.set_length(total);
        bar.set_position(done);
        true
    }))
}

/// Why a command could not do its work.
pub struct Failure {
    kind: String,
    message: String,
    code: u8,
    closed_pipe: bool,
}

impl Failure {
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: "usage".into(), message: message.into(), code: USAGE, closed_pipe: false }
    }

    pub fn other(message: impl Into<String>) -> Self {
        Self { kind: "io".into(), message: message.into(), code: OTHER, closed_pipe: false }
    }

    /// What the store does not have.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { kind: kind_name(ErrorKind::NotFound), code: 3, ..Self::other(message) }
    }

    /// The same from a command whose exit code 1 says that things differ, and not that one is damaged.
    pub fn beside_differences(self) -> Self {
        Self { code: if self.code == super::FOUND { OTHER } else { self.code }, ..self }
    }

    /// The operating system's `error` while doing `action` to `path`.
    pub fn file(action: &str, path: &Path, error: &io::Error) -> Self {
        let failure = Self::other(format!("{action} {}: {error}", path.display()));
        match error.kind() {
            io::ErrorKind::NotFound => Self { kind: kind_name(ErrorKind::NotFound), code: 3, ..failure },
            _ => failure,
        }
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use ErrorKind::*;
        let code = match error.kind() {
            Corrupt | Unsupported => super::FOUND,
            InvalidArgument | OutOfRange | TypeMismatch => USAGE,
            NotFound => 3,
            Locked | Conflict => 4,
            _ => OTHER,
        };
        Self { kind: kind_name(error.kind()), message: error.message().to_owned(), code, closed_pipe: false }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self { closed_pipe, ..Self::other(format!("write to standard output: {error}")) }
    }
}

/// `NotFound` as `not_found`.
fn kind_name(kind: ErrorKind) -> String {
    let mut name = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Says on standard error what went wrong; the exit code.
pub fn complain(failure: &Failure, json: bool) -> u8 {
    // Where standard error cannot be written to, the exit code has to do.
    let _ = io::stderr().lock().write_all(&complaint(failure, json));
    failure.code
}

/// What [`complain`] says.
pub fn complaint(failure: &Failure, json: bool) -> Vec<u8> {
    let mut text = Vec::new();
    if json {
        let document = serde_json::json!({
            "error": {"kind": failure.kind, "message": failure.message, "exit_code": failure.code}
        });
        // Memory takes it all.
        let _ = write_json(&mut text, &document);
    } else {
        text = format!("atlas: {}\n", plain(&failure.message)).into_bytes();
    }
    text
}

/// What is good to know, on standard error.
pub fn note(message: &str) {
    let _ = writeln!(io::stderr(), "atlas: note: {}", plain(message));
}

/// A warning on standard error.
pub fn warn(message: &str) {
    let _ = writeln!(io::stderr(), "atlas: warning: {}", plain(message));
}

/// Text that does nothing to a terminal but appear: what is not printable is escaped, as in Rust's string literals.
/// Quotes stay as they are.
pub fn plain(text: &str) -> String {
    quotable(text).replace("\\'", "'").replace("\\\"", "\"")
}

/// Text between double quotes.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", quotable(text).replace("\\'", "'"))
}

fn quotable(text: &str) -> String {
    text.escape_debug().to_string()
}

/// JSON on one line, in which what is not printable is escaped, too.
pub fn write_json(to: &mut dyn Write, value: &impl Serialize) -> Result<(), Failure> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *to, Printable(CompactFormatter));
    value.serialize(&mut serializer).map_err(|error| match error.io_error_kind() {
        Some(kind) => Failure::from(io::Error::from(kind)),
        None => Failure::other(error.to_string()),
    })?;
    Ok(to.write_all(b"\n")?)
}

struct Printable(CompactFormatter);

impl Formatter for Printable {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() && !fragment.contains('\x7f') {
            return self.0.write_string_fragment(writer, fragment);
        }
        let mut units = [0; 2];
        for piece in fragment.split_inclusive(|_| true) {
            // A mark that joins the letter before it is printable there.
            let shown = format!("a{piece}");
            if shown.escape_debug().count() > 2 {
                for unit in piece.chars().next().unwrap_or_default().encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                self.0.write_string_fragment(writer, piece)?;
            }
        }
        Ok(())
    }
}

/// `n` with the unit that makes it readable.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let (mut value, mut unit) = (n as f64, None);
    for name in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = Some(name);
    }
    unit.map_or_else(|| format!("{n} B"), |unit| format!("{value:.1} {unit}"))
}

/// "1 chunk", "2 chunks".
pub fn counted(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
