//! Floats with fewer bits, which compress better: numcodecs' `bitround`.

use crate::base::dtype::DType;
use crate::base::vector::{Kernel, vectorised};
use half::f16;

/// Bits of the mantissa that a float, or a part of a complex number, has stored; `None` for other types.
pub(crate) fn mantissa_bits(dtype: DType) -> Option<u32> {
    match dtype {
        DType::F16 => Some(10),
        DType::F32 | DType::C64 => Some(23),
        DType::F64 | DType::C128 => Some(52),
        _ => None,
    }
}

/// Rounds to so many bits of the mantissa, to nearest and ties to even.
///
/// NaN, infinities and the fill value stay, and nothing becomes one of these: what would become infinite is rounded towards
/// zero, and what would become the fill value stays as it is. To round again changes nothing.
#[derive(Clone, Copy)]
pub(crate) struct Rounding<'s> {
    pub dtype: DType,
    pub keep_bits: u32,
    pub fill: Option<&'s [u8]>,
}

impl Rounding<'_> {
    /// Rounds elements, in place.
    pub fn apply(self, elements: &mut [u8]) {
        if mantissa_bits(self.dtype).is_some_and(|bits| self.keep_bits < bits) {
            vectorised(Apply { rounding: self, elements });
        }
    }
}

struct Apply<'b, 's> {
    rounding: Rounding<'s>,
    elements: &'b mut [u8],
}

impl Kernel for Apply<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rounding: Rounding { dtype, keep_bits, fill }, elements } = self;
        /// Elements of `$parts` floats, whose bits are a `$bits`.
        macro_rules! round {
            ($bits:ty, $float:ty, $mantissa:expr, $parts:expr) => {{
                const SIZE: usize = size_of::<$bits>();
                const INFINITY: $bits = <$float>::INFINITY.to_bits();
                const SIGN: $bits = 1 << (<$bits>::BITS - 1);
                let drop = $mantissa - keep_bits;
                let mask = <$bits>::MAX << drop;
                let round = |bits: $bits| {
                    let half = (1 << (drop - 1)) - 1 + (bits >> drop & 1);
                    let (near, low) = (bits.wrapping_add(half) & mask, bits & mask);
                    let is_finite = bits & !SIGN < INFINITY;
                    let rounded = if near & !SIGN < INFINITY { near } else { low };
                    if is_finite { rounded } else { bits }
                };
                let read = |element: &[[u8; SIZE]; $parts]| element.map(<$bits>::from_le_bytes);
                let fill = fill.and_then(|fill| fill.as_chunks::<SIZE>().0.as_chunks::<$parts>().0.first()).map(read);
                // Equal as numbers: of a zero the sign means nothing, of a NaN no bit does.
                let same = |one: [$bits; $parts], other: [$bits; $parts]| {
                    let mut same = true;
                    for (one, other) in one.into_iter().zip(other) {
                        let nan = (one & !SIGN > INFINITY) & (other & !SIGN > INFINITY);
                        same &= (one == other) | nan | ((one | other) & !SIGN == 0);
                    }
                    same
                };
                let elements = elements.as_chunks_mut::<SIZE>().0.as_chunks_mut::<$parts>().0;
                match fill {
                    None => elements.iter_mut().for_each(|element| {
                        *element = read(element).map(|bits| round(bits).to_le_bytes());
                    }),
                    Some(fill) => elements.iter_mut().for_each(|element| {
                        let before = read(element);
                        let after = before.map(round);
                        let kept = same(before, fill) | same(after, fill);
                        *element = if kept { before } else { after }.map(<$bits>::to_le_bytes);
                    }),
                }
            }};
        }
        match dtype {
            DType::F16 => round!(u16, f16, 10, 1),
            DType::F32 => round!(u32, f32, 23, 1),
            DType::C64 => round!(u32, f32, 23, 2),
            DType::F64 => round!(u64, f64, 52, 1),
            DType::C128 => round!(u64, f64, 52, 2),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(values: &[f32], keep_bits: u32, fill: Option<f32>) -> Vec<f32> {
        let fill = fill.map(f32::to_le_bytes);
        let mut bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let rounding = Rounding { dtype: DType::F32, keep_bits, fill: fill.as_ref().map(|fill| &fill[..]) };
        rounding.apply(&mut bytes);
        let once = bytes.clone();
        rounding.apply(&mut bytes);
        assert_eq!(bytes, once, "rounding again changes nothing");
        bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    #[test]
    fn ties_go_to_even_and_all_else_to_the_nearest() {
        // Two bits: 1, 1.25, 1.5, 1.75.
        let values = [1.0, 1.1, 1.125, 1.126, 1.375, -1.375, 1.99, 0.0, -0.0];
        assert_eq!(rounded(&values, 2, None), [1.0, 1.0, 1.0, 1.25, 1.5, -1.5, 2.0, 0.0, -0.0]);
        assert_eq!(rounded(&values, 23, None), values);
        let many: Vec<f32> = (1..5000).map(|i| (i as f32).sqrt() * 1e-3).collect();
        for keep_bits in 1..23 {
            let bound = 2f32.powi(-(keep_bits as i32) - 1);
            let after = rounded(&many, keep_bits, None);
            assert!(many.iter().zip(&after).all(|(before, after)| (before - after).abs() <= before * bound));
        }
    }

    #[test]
    fn nothing_becomes_infinite_or_missing() {
        let nan = f32::from_bits(0xff80_0001);
        let after = rounded(&[f32::MAX, f32::MIN, f32::INFINITY, nan], 3, None);
        assert_eq!(after[..3], [1.875 * 2f32.powi(127), -1.875 * 2f32.powi(127), f32::INFINITY]);
        assert_eq!(after[3].to_bits(), nan.to_bits());
        // A fill value that is not rounded, and one that others would be rounded to.
        assert_eq!(rounded(&[-999.3, -999.2, 1.1], 2, Some(-999.3)), [-999.3, -1024.0, 1.0]);
        assert_eq!(rounded(&[1.5, 1.51, 1.8], 2, Some(1.5)), [1.5, 1.51, 1.75]);
        // A subnormal would be zero; of a zero the sign means nothing.
        assert_eq!(rounded(&[1e-45, -1e-45, -0.0], 2, Some(0.0)), [1e-45, -1e-45, -0.0]);
    }

    #[test]
    fn a_complex_number_is_missing_in_both_parts_or_not_at_all() {
        let (fill, nan) = ([f64::NAN, 1.1], f64::from_bits(0x7ff8_0000_0000_0123));
        let values = [[nan, 1.1], [nan, 1.2], [1.1, 1.1]];
        let bytes = |values: &[[f64; 2]]| -> Vec<u8> {
            values.as_flattened().iter().flat_map(|value| value.to_le_bytes()).collect()
        };
        let (mut found, fill) = (bytes(&values), bytes(&[fill]));
        Rounding { dtype: DType::C128, keep_bits: 2, fill: Some(&fill) }.apply(&mut found);
        assert_eq!(found, bytes(&[[nan, 1.1], [nan, 1.25], [1.0, 1.0]]));
    }
}
