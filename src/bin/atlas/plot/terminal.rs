//! A picture in letters: half blocks in colour where the terminal has colours, and plain characters elsewhere.

use super::colours::place;
use super::{Picture, short};
use crate::output::{Failure, Out};
use rustix::termios::tcgetwinsize;
use std::env;
use std::io::{self, IsTerminal};

/// From low to high, where there are no colours.
const SHADES: [char; 10] = ['.', ':', '-', '=', '+', 'o', '*', '#', '%', '@'];
/// Lines of a diagram of one dimension.
const DIAGRAM: usize = 16;

/// How many times larger a small picture is, at most.
const LARGER: usize = 4;

/// What the six steps of each colour of the cube are.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// How a place is coloured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ink {
    Plain,
    /// The colours of the 256 that are a cube.
    Cube,
    Full,
}

impl Ink {
    fn of_output() -> Self {
        let is = |name: &str, test: fn(&str) -> bool| env::var(name).is_ok_and(|value| test(&value));
        if !io::stdout().is_terminal() || is("NO_COLOR", |value| !value.is_empty()) {
            return Self::Plain;
        }
        if is("COLORTERM", |value| matches!(value, "truecolor" | "24bit")) {
            return Self::Full;
        }
        if is("TERM", |value| value.contains("256color")) { Self::Cube } else { Self::Plain }
    }

    /// The end of a sequence that chooses a colour.
    fn code(self, [r, g, b]: [u8; 3]) -> String {
        let level = |part: u8| (0..6).min_by_key(|&level| LEVELS[level].abs_diff(part)).unwrap_or_default();
        match self {
            Self::Full => format!("2;{r};{g};{b}"),
            Self::Plain | Self::Cube => format!("5;{}", 16 + 36 * level(r) + 6 * level(g) + level(b)),
        }
    }
}

/// Lines and columns of the terminal.
fn size() -> (usize, usize) {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_row > 0 && size.ws_col > 0 => (size.ws_row.into(), size.ws_col.into()),
        _ => (24, 80),
    }
}

/// Rows and columns that a picture can have: a letter is as high as two values in colour.
pub fn room() -> (usize, usize) {
    let (lines, columns) = size();
    let lines = lines.saturating_sub(5).max(4);
    (if Ink::of_output() == Ink::Plain { lines } else { 2 * lines }, columns.saturating_sub(12).max(8))
}

pub fn draw(out: &mut Out, picture: &Picture) -> Result<(), Failure> {
    out.line(&picture.title)?;
    match &picture.rows {
        Some(rows) => map(out, picture, rows.is_up)?,
        None => diagram(out, picture)?,
    }
    let ends = |axis: &super::Axis| {
        let text = |tick: Option<&(f64, String)>| tick.map(|(_, text)| text.clone()).unwrap_or_default();
        format!("{} {} to {}", axis.name, text(axis.ticks.first()), text(axis.ticks.last()))
    };
    if let Some(rows) = &picture.rows {
        out.line(format_args!("down: {}{}", ends(rows), if rows.is_up { ", from the bottom" } else { "" }))?;
    }
    out.line(format_args!("across: {}", ends(&picture.columns)))
}

fn map(out: &mut Out, picture: &Picture, is_up: bool) -> Result<(), Failure> {
    let (grid, ink) = (&picture.grid, Ink::of_output());
    // Small pictures are made larger; a letter is as wide as half of its height.
    let ((most_rows, most_columns), wide) = (room(), if ink == Ink::Plain { 2 } else { 1 });
    let (tall, wide) = match (most_rows / grid.rows).min(most_columns / (grid.columns * wide)).min(LARGER) {
        0 => (1, 1),
        tall => (tall, tall * wide),
    };
    let (rows, columns) = (grid.rows * tall, grid.columns * wide);
    let value = |row: usize, column: usize| {
        let row = if is_up { rows - 1 - row } else { row };
        Some(grid.means[row / tall * grid.columns + column / wide]).filter(|value| !value.is_nan())
    };
    let shade = |place: f64| SHADES[((place * SHADES.len() as f64) as usize).min(SHADES.len() - 1)];
    if ink == Ink::Plain {
        for row in 0..rows {
            let each =
                (0..columns).map(|column| value(row, column).map_or(' ', |value| shade(place(value, picture.range))));
            out.line(each.collect::<String>().trim_end())?;
        }
    } else {
        let code = |value: f64| ink.code(picture.colours.at(place(value, picture.range)));
        for row in (0..rows).step_by(2) {
            for column in 0..columns {
                let lower = if row + 1 < rows { value(row + 1, column) } else { None };
                out.text(&match (value(row, column), lower) {
                    (Some(upper), Some(lower)) => format!("\x1b[38;{};48;{}m\u{2580}", code(upper), code(lower)),
                    (Some(upper), None) => format!("\x1b[0;38;{}m\u{2580}", code(upper)),
                    (None, Some(lower)) => format!("\x1b[0;38;{}m\u{2584}", code(lower)),
                    (None, None) => "\x1b[0m ".into(),
                })?;
            }
            out.line("\x1b[0m")?;
        }
    }
    let (low, high) = picture.range;
    let bar: String = match ink {
        Ink::Plain => SHADES.iter().collect(),
        _ => {
            let each =
                (0..20).map(|i| format!("\x1b[38;{}m\u{2588}", ink.code(picture.colours.at(f64::from(i) / 19.0))));
            each.collect::<String>() + "\x1b[0m"
        }
    };
    out.line(format_args!("{} {bar} {}", short(low), short(high)))
}

/// A star in each column, and all that its values are apart.
fn diagram(out: &mut Out, picture: &Picture) -> Result<(), Failure> {
    let grid = &picture.grid;
    let line = |value: f64| ((1.0 - place(value, picture.range)) * (DIAGRAM - 1) as f64).round() as usize;
    let labels = [short(picture.range.1), short(picture.range.0)];
    let width = labels[0].len().max(labels[1].len());
    for row in 0..DIAGRAM {
        let label = match row {
            0 => labels[0].as_str(),
            row if row == DIAGRAM - 1 => &labels[1],
            _ => "",
        };
        let star = |i: usize| match !grid.means[i].is_nan() && (line(grid.highs[i])..=line(grid.lows[i])).contains(&row)
        {
            true => '*',
            false => ' ',
        };
        let stars: String = (0..grid.columns).map(star).collect();
        out.line(format!("{label:>width$} |{stars}").trim_end())?;
    }
    Ok(())
}
