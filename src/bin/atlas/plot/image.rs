//! A picture as an image with axes.

use super::canvas::{Canvas, LETTER};
use super::colours::place;
use super::{Axis, Picture, short};

/// Rows and columns that are told apart, at most.
pub const ROOM: (usize, usize) = (900, 1200);
/// Pixels that small pictures are made larger to.
const COMMON: (usize, usize) = (600, 900);
/// Pixels that no side is smaller than.
const LEAST: usize = 240;
/// Pixels between things.
const GAP: usize = 12;
/// Pixels of the colour bar's width.
const BAR: usize = 24;

const WHITE: [u8; 4] = [255; 4];
const BLACK: [u8; 4] = [0, 0, 0, 255];
const CLEAR: [u8; 4] = [0; 4];
const BLUE: [u8; 4] = [31, 119, 180, 255];

pub fn draw(picture: &Picture) -> Canvas {
    let grid = &picture.grid;
    let (low, high) = picture.range;
    // Pixels of one value.
    let (tall, wide) = match picture.rows {
        Some(_) => {
            let fits = |most: usize, count: usize| (most / count).max(1);
            let side = fits(COMMON.0, grid.rows).min(fits(COMMON.1, grid.columns));
            (side.max(LEAST.div_ceil(grid.rows)), side.max(LEAST.div_ceil(grid.columns)))
        }
        None => (0, 0),
    };
    let (height, width) = match picture.rows {
        Some(_) => (grid.rows * tall, grid.columns * wide),
        None => (COMMON.0 * 2 / 3, COMMON.1),
    };

    let scale: Vec<(f64, String)> =
        (0..=4).map(|step| f64::from(step) / 4.0).map(|part| (part, short(low + part * high - part * low))).collect();
    let beside = picture.rows.as_ref().map_or(&scale, |rows| &rows.ticks);
    let longest =
        |labels: &[(f64, String)]| labels.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0) * LETTER;
    let last = picture.columns.ticks.last().map_or(0, |(_, text)| text.chars().count() * LETTER / 2);
    let left = GAP + longest(beside) + GAP;
    let top = GAP + LETTER + GAP + LETTER + GAP;
    let right = match picture.rows {
        Some(_) => (GAP + BAR + GAP + longest(&scale) + GAP).max(GAP + last),
        None => GAP + last,
    };
    let below = GAP + LETTER + GAP + LETTER + GAP;
    let title = 2 * GAP + picture.title.chars().count() * LETTER;
    let mut canvas = Canvas::new((left + width + right).max(title), top + height + below, WHITE);
    canvas.write((GAP, GAP), &picture.title, BLACK);
    canvas.frame((left, top), (width, height), BLACK);

    match &picture.rows {
        Some(rows) => {
            for (i, &value) in grid.means.iter().enumerate() {
                let (row, column) = (i / grid.columns, i % grid.columns);
                let row = if rows.is_up { grid.rows - 1 - row } else { row };
                let colour = match value.is_nan() {
                    true => CLEAR,
                    false => {
                        let [r, g, b] = picture.colours.at(place(value, picture.range));
                        [r, g, b, 255]
                    }
                };
                canvas.fill((left + column * wide, top + row * tall), (wide, tall), colour);
            }
            canvas.write((GAP, 2 * GAP + LETTER), &rows.name, BLACK);
            side(&mut canvas, left, top, height, rows);
            let bar = left + width + GAP;
            for row in 0..height {
                let [r, g, b] = picture.colours.at(1.0 - (row as f64 + 0.5) / height as f64);
                canvas.fill((bar, top + row), (BAR, 1), [r, g, b, 255]);
            }
            canvas.frame((bar, top), (BAR, height), BLACK);
            for (part, text) in &scale {
                let y = top + ((1.0 - part) * (height - LETTER) as f64) as usize;
                canvas.write((bar + BAR + GAP, y), text, BLACK);
            }
        }
        None => {
            line(&mut canvas, picture, (left, top), (width, height));
            side(&mut canvas, left, top, height, &Axis { name: String::new(), ticks: scale, is_up: true });
        }
    }

    let mut free = 0;
    for (part, text) in &picture.columns.ticks {
        let x = left + (part * width as f64) as usize;
        canvas.fill((x, top + height), (1, GAP / 2), BLACK);
        let from = x.saturating_sub(text.chars().count() * LETTER / 2);
        if from >= free {
            canvas.write((from, top + height + GAP), text, BLACK);
            free = from + (text.chars().count() + 1) * LETTER;
        }
    }
    let name = &picture.columns.name;
    let middle = (left + width / 2).saturating_sub(name.chars().count() * LETTER / 2);
    canvas.write((middle, top + height + 2 * GAP + LETTER), name, BLACK);
    canvas
}

/// The ticks of what goes up or down.
fn side(canvas: &mut Canvas, left: usize, top: usize, height: usize, axis: &Axis) {
    for (part, text) in &axis.ticks {
        let part = if axis.is_up { 1.0 - part } else { *part };
        let y = top + (part * height as f64) as usize;
        canvas.fill((left - GAP / 2, y), (GAP / 2, 1), BLACK);
        let x = left.saturating_sub(GAP + text.chars().count() * LETTER);
        canvas.write((x, y.saturating_sub(LETTER / 2)), text, BLACK);
    }
}

/// A line through the means, as thick as the values behind them are apart; with gaps where there are none.
fn line(canvas: &mut Canvas, picture: &Picture, (left, top): (usize, usize), (width, height): (usize, usize)) {
    let grid = &picture.grid;
    let y = |value: f64| top as f64 + (1.0 - place(value, picture.range)) * (height - 2) as f64;
    let mut before = None;
    for i in 0..grid.columns {
        let x = left as f64 + (i as f64 + 0.5) / grid.columns as f64 * (width - 2) as f64;
        if grid.means[i].is_nan() {
            before = None;
            continue;
        }
        let here = (x, y(grid.means[i]));
        canvas.line((x, y(grid.lows[i])), (x, y(grid.highs[i])), BLUE);
        canvas.line(before.unwrap_or(here), here, BLUE);
        before = Some(here);
    }
}
