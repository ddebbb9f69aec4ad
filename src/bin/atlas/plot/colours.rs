//! Colours for values.

use colorous::Gradient;

/// From low to high.
pub struct Colours {
    gradient: Gradient,
    /// From its end to its beginning.
    is_reversed: bool,
}

impl Colours {
    /// By one of the names in [`COLOUR_MAPS`](crate::args::COLOUR_MAPS).
    pub fn named(name: &str) -> Self {
        let (gradient, is_reversed) = match name {
            "cividis" => (colorous::CIVIDIS, false),
            "magma" => (colorous::MAGMA, false),
            "plasma" => (colorous::PLASMA, false),
            "turbo" => (colorous::TURBO, false),
            "blue-red" => (colorous::RED_BLUE, true),
            "greys" => (colorous::GREYS, true),
            _ => (colorous::VIRIDIS, false),
        };
        Self { gradient, is_reversed }
    }

    /// Of a place from 0 to 1.
    pub fn at(&self, place: f64) -> [u8; 3] {
        let place = place.clamp(0.0, 1.0);
        let colour = self.gradient.eval_continuous(if self.is_reversed { 1.0 - place } else { place });
        [colour.r, colour.g, colour.b]
    }
}

/// Where a value is in a range, from 0 to 1; in the middle of a range of one value.
pub fn place(value: f64, (low, high): (f64, f64)) -> f64 {
    if low == high {
        return 0.5;
    }
    // Halves, as the whole may be no number.
    ((value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0)).clamp(0.0, 1.0)
}
