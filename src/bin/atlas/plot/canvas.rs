//! Pixels, and what is drawn of them.

use crate::output::Failure;
use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};

/// Pixels of a letter's side.
pub const LETTER: usize = 8 * SCALE;
/// Pixels of a side of a letter's dot.
const SCALE: usize = 2;

/// Red, green, blue and opacity, row by row from the top.
pub struct Canvas {
    width: usize,
    pixels: Vec<[u8; 4]>,
}

impl Canvas {
    pub fn new(width: usize, height: usize, colour: [u8; 4]) -> Self {
        Self { width, pixels: vec![colour; width * height] }
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.pixels.len() / self.width
    }

    /// Fills a rectangle, as far as it is inside.
    pub fn fill(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), colour: [u8; 4]) {
        let right = (x + width).min(self.width);
        for row in y..(y + height).min(self.height()) {
            if x < right {
                self.pixels[row * self.width + x..row * self.width + right].fill(colour);
            }
        }
    }

    /// The outline of a rectangle, around it.
    pub fn frame(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), colour: [u8; 4]) {
        self.fill((x - 1, y - 1), (width + 2, 1), colour);
        self.fill((x - 1, y + height), (width + 2, 1), colour);
        self.fill((x - 1, y - 1), (1, height + 2), colour);
        self.fill((x + width, y - 1), (1, height + 2), colour);
    }

    /// A straight line, two pixels wide.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: [u8; 4]) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0);
        for step in 0..=steps as usize {
            let part = step as f64 / steps;
            let at = |a: f64, b: f64| (a + (b - a) * part).round() as usize;
            self.fill((at(from.0, to.0), at(from.1, to.1)), (2, 2), colour);
        }
    }

    /// Writes from this corner on. A letter that there is none of is a '?'.
    pub fn write(&mut self, (x, y): (usize, usize), text: &str, colour: [u8; 4]) {
        for (number, letter) in text.chars().enumerate() {
            let dots = BASIC_FONTS.get(letter).or_else(|| LATIN_FONTS.get(letter)).or_else(|| BASIC_FONTS.get('?'));
            for (row, bits) in dots.unwrap_or_default().into_iter().enumerate() {
                for column in (0..8).filter(|column| bits & (1 << column) != 0) {
                    self.fill((x + number * LETTER + column * SCALE, y + row * SCALE), (SCALE, SCALE), colour);
                }
            }
        }
    }

    /// As the bytes of a PNG file.
    pub fn png(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height() as u32);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(self.pixels.as_flattened())?;
            writer.finish()
        });
        written.map_err(|error| Failure::other(format!("PNG: {error}")))?;
        Ok(bytes)
    }
}
