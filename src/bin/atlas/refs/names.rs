//! Names that mean something else to Zarr or to a file system.

/// What Zarr gives names of its own to.
const RESERVED: [&str; 7] = [".", "..", ".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json"];

/// Why an array cannot have this name in a group.
pub fn reserved(array: &str) -> Option<&'static str> {
    if RESERVED.contains(&array) {
        return Some("its name is reserved");
    }
    // Zarr takes the one for the other.
    array.contains(['/', '\\']).then_some("a name with '/' or '\\' is that of a group")
}

/// The file for a dataset: what is not safe in any file system is `-` and two hexadecimal digits, as is `-` where it could
/// be taken for that. So no two datasets have one file.
pub fn file_name(dataset: &str) -> String {
    let mut name = String::new();
    let bytes = dataset.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        let hex = |at: usize| bytes.get(at).is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
        let plain = match byte {
            b'-' => !(hex(at + 1) && hex(at + 2)),
            b'.' => at > 0,
            _ => byte.is_ascii_alphanumeric() || byte == b'_',
        };
        if plain {
            name.push(byte.into());
        } else {
            name.push_str(&format!("-{byte:02X}"));
        }
    }
    name + ".json"
}
