//! The version of the library and its header, which is the package's.

/// # Version
///
/// Changes when a program must change with the library.
pub const ATLAS_VERSION_MAJOR: i32 = 0;
/// Changes when something is added (before 1.0: when a program may have to change).
pub const ATLAS_VERSION_MINOR: i32 = 1;
/// Changes with every other release.
pub const ATLAS_VERSION_PATCH: i32 = 0;
/// This header's version as one number: major * 1000000 + minor * 1000 + patch. See
/// `atlas_version`.
pub const ATLAS_VERSION: i32 = 1000;

const _: () = {
    assert!(is(env!("CARGO_PKG_VERSION_MAJOR"), ATLAS_VERSION_MAJOR));
    assert!(is(env!("CARGO_PKG_VERSION_MINOR"), ATLAS_VERSION_MINOR));
    assert!(is(env!("CARGO_PKG_VERSION_PATCH"), ATLAS_VERSION_PATCH));
    let packed = ATLAS_VERSION_MAJOR * 1_000_000 + ATLAS_VERSION_MINOR * 1_000 + ATLAS_VERSION_PATCH;
    assert!(ATLAS_VERSION == packed);
};

/// Whether a part of the package's version is `number`, so that the header cannot fall behind.
const fn is(part: &str, number: i32) -> bool {
    let digits = part.as_bytes();
    let (mut value, mut index) = (0, 0);
    while index < digits.len() {
        value = value * 10 + (digits[index] - b'0') as i32;
        index += 1;
    }
    value == number
}
