//! The types and constants of the header.

use crate::{Codec, DType, Filter};
use std::ffi::{c_char, c_void};

/// An open store: a number that `atlas_create` or `atlas_open` gave out. 0 is never one.
///
/// It is checked on every call, so a closed or made-up one is an error and never undefined
/// behaviour.
pub type atlas_store = u64;

/// How a store is opened: one of the ATLAS_MODE_ constants.
pub type atlas_mode = i32;

/// The type of an element, in an array or in memory: one of the ATLAS_DTYPE_ constants.
pub type atlas_dtype = i32;

/// # Modes
///
/// Read one committed snapshot; take no lock, change nothing.
pub const ATLAS_MODE_READ: i32 = 1;
/// Read and write. At most one process at a time holds a store in this mode.
pub const ATLAS_MODE_READ_WRITE: i32 = 2;

/// # Element types
///
/// One byte, 0 or 1 (C `bool`).
pub const ATLAS_DTYPE_BOOL: i32 = 1;
/// int8_t.
pub const ATLAS_DTYPE_I8: i32 = 2;
/// int16_t.
pub const ATLAS_DTYPE_I16: i32 = 3;
/// int32_t.
pub const ATLAS_DTYPE_I32: i32 = 4;
/// int64_t.
pub const ATLAS_DTYPE_I64: i32 = 5;
/// uint8_t.
pub const ATLAS_DTYPE_U8: i32 = 6;
/// uint16_t.
pub const ATLAS_DTYPE_U16: i32 = 7;
/// uint32_t.
pub const ATLAS_DTYPE_U32: i32 = 8;
/// uint64_t.
pub const ATLAS_DTYPE_U64: i32 = 9;
/// IEEE 754 binary16, two bytes.
pub const ATLAS_DTYPE_F16: i32 = 10;
/// float (IEEE 754 binary32).
pub const ATLAS_DTYPE_F32: i32 = 11;
/// double (IEEE 754 binary64).
pub const ATLAS_DTYPE_F64: i32 = 12;
/// Two floats: real, imaginary (C `float _Complex`, C++ `std::complex<float>`, Fortran
/// `complex(c_float)`).
pub const ATLAS_DTYPE_C64: i32 = 13;
/// Two doubles: real, imaginary.
pub const ATLAS_DTYPE_C128: i32 = 14;
/// int64_t: nanoseconds since 1970-01-01T00:00:00Z.
pub const ATLAS_DTYPE_TIMESTAMP_NS: i32 = 15;
/// Text of any length, UTF-8. Has calls of its own: `atlas_write_strings`, `atlas_read_strings`,
/// ...
pub const ATLAS_DTYPE_STRING: i32 = 16;

/// # Choices in options
///
/// The library's choice: JSON.
pub const ATLAS_META_FORMAT_DEFAULT: i32 = 0;
/// The store's root is JSON, readable by eye.
pub const ATLAS_META_FORMAT_JSON: i32 = 1;
/// The store's root is MessagePack: smaller, and faster to parse.
pub const ATLAS_META_FORMAT_MSGPACK: i32 = 2;

/// The library's choice: no compression.
pub const ATLAS_COMPRESSION_DEFAULT: i32 = 0;
/// The store's root is not compressed.
pub const ATLAS_COMPRESSION_NONE: i32 = 1;
/// The store's root is compressed with zstd.
pub const ATLAS_COMPRESSION_ZSTD: i32 = 2;

/// The store's choice for an array, and the library's for a store: zstd.
pub const ATLAS_CODEC_DEFAULT: i32 = 0;
/// Chunks are compressed with zstd.
pub const ATLAS_CODEC_ZSTD: i32 = 1;
/// Chunks are compressed with LZ4: faster, and larger.
pub const ATLAS_CODEC_LZ4: i32 = 2;
/// Chunks are stored as they are.
pub const ATLAS_CODEC_NONE: i32 = 3;

/// The store's choice for an array, and the library's for a store: none.
pub const ATLAS_FILTER_DEFAULT: i32 = 0;
/// Elements are compressed as they are.
pub const ATLAS_FILTER_NONE: i32 = 1;
/// Each element of a block is replaced by its difference to the one before it, before bytes are
/// shuffled: of floats and of c64 that of their bits, as integers that wrap. Nothing is lost. Smooth
/// fields with many different values take less space, others may take more.
pub const ATLAS_FILTER_DELTA: i32 = 2;

/// The default that the field documents.
pub const ATLAS_SWITCH_DEFAULT: i32 = 0;
/// On.
pub const ATLAS_SWITCH_ON: i32 = 1;
/// Off.
pub const ATLAS_SWITCH_OFF: i32 = 2;

/// The library's choice: an error.
pub const ATLAS_OVERFLOW_DEFAULT: i32 = 0;
/// A float that does not fit is an error, as an integer is.
pub const ATLAS_OVERFLOW_ERROR: i32 = 1;
/// A float that does not fit becomes an infinity of its sign.
pub const ATLAS_OVERFLOW_INFINITY: i32 = 2;

/// For `num_threads`: no background threads; all work is done on the calling thread.
pub const ATLAS_THREADS_INLINE: i32 = -1;
/// For `keep_generations`: no earlier commits.
pub const ATLAS_KEEP_NONE: i32 = -1;

/// ATLAS_IF_EXISTS_FAIL.
pub const ATLAS_IF_EXISTS_DEFAULT: i32 = 0;
/// Where there is a store, `atlas_create` fails with ATLAS_STATUS_ALREADY_EXISTS.
pub const ATLAS_IF_EXISTS_FAIL: i32 = 1;
/// Where there is a store, `atlas_create` opens it for reading and writing. What belongs to a store
/// (meta_format, meta_compression, codec, level, shuffle, filter, pack, keep_generations) is that of
/// the store that is there, whatever the options say.
pub const ATLAS_IF_EXISTS_OPEN: i32 = 2;
/// Where there is a store, `atlas_create` begins it anew: opens it with everything in it deleted, as
/// a change like any other. It stays as it is, for readers too, until the first flush; without one
/// nothing happens to it. That flush is a commit, from which `atlas_rollback` can go back, and the
/// first with the codec, level, shuffle, filter, pack and keep_generations of the options. Pins stay,
/// and so do meta_format and meta_compression: to ask for others fails with ATLAS_STATUS_INVALID_ARGUMENT.
pub const ATLAS_IF_EXISTS_REPLACE: i32 = 3;

/// For `lock_timeout_ms` and `atlas_wait_for_commit`: no end.
pub const ATLAS_WAIT_FOREVER: u64 = u64::MAX;

/// # Log levels and limits
///
/// Something worth knowing.
pub const ATLAS_LOG_INFO: i32 = 1;
/// Something worth acting on.
pub const ATLAS_LOG_WARNING: i32 = 2;

/// The highest rank (number of dimensions) of an array. Rank 0 is a scalar.
pub const ATLAS_MAX_RANK: usize = 32;

/// Takes a message. `level` is ATLAS_LOG_INFO or ATLAS_LOG_WARNING; `message` is one line, valid
/// during the call.
pub type atlas_log_fn = Option<unsafe extern "C" fn(level: i32, message: *const c_char, user_data: *mut c_void)>;

/// Takes a report of progress: `done` of `total` steps of `what`. Returns 0 to go on, anything else
/// to cancel.
pub type atlas_progress_fn =
    Option<unsafe extern "C" fn(what: *const c_char, done: u64, total: u64, user_data: *mut c_void) -> i32>;

/// Takes one damaged place: the file's path, the byte `offset` in it, and what is wrong there.
pub type atlas_damage_fn =
    Option<unsafe extern "C" fn(file: *const c_char, offset: u64, message: *const c_char, user_data: *mut c_void)>;

/// Options of `atlas_create`. Set `struct_size`; a field that is 0 means its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atlas_create_options {
    /// sizeof(atlas_create_options).
    pub struct_size: usize,
    /// ATLAS_META_FORMAT_: how the store's root is written. Default: JSON.
    pub meta_format: i32,
    /// ATLAS_COMPRESSION_: how the store's root is compressed. Default: not.
    pub meta_compression: i32,
    /// ATLAS_CODEC_: for arrays that do not choose their own. Default: zstd.
    pub codec: i32,
    /// The codec's level, for arrays that do not choose their own. Default: 1 for zstd.
    pub level: i32,
    /// ATLAS_SWITCH_: shuffle the bytes of elements before compressing. Default: on.
    pub shuffle: i32,
    /// ATLAS_SWITCH_: compress chunks below 16 KiB together with others, for arrays that do not
    /// choose. Default: on.
    pub pack: i32,
    /// ATLAS_SWITCH_: flush waits until everything is on the disk. Default: on.
    pub sync: i32,
    /// Background threads. Default: one per core that this process may use, or the environment
    /// variable ATLAS_NUM_THREADS (0 there means inline). ATLAS_THREADS_INLINE: none.
    pub num_threads: i32,
    /// Bytes of decoded data and indexes kept for later reads. Default: 64 MiB.
    pub cache_bytes: u64,
    /// Called with messages. Default: none.
    pub log: atlas_log_fn,
    /// Handed to `log`.
    pub log_data: *mut c_void,
    /// Called during compact and verify. Default: none.
    pub progress: atlas_progress_fn,
    /// Handed to `progress`.
    pub progress_data: *mut c_void,
    /// Bytes that written values may take in memory. Default: 256 MiB. From half of it on they are
    /// written to files that the next flush makes part of the store; a write that finds more than
    /// all of it taken waits. One call may itself take as much as it brings.
    pub write_buffer_bytes: u64,
    /// Earlier commits that can be gone back to, compactions or not; ATLAS_KEEP_NONE: none. Default:
    /// the one before the last, until a compaction. Belongs to the store from then on; see
    /// `atlas_set_keep_generations`.
    pub keep_generations: i32,
    /// ATLAS_OVERFLOW_: what becomes of a finite value that the narrower float type it is converted
    /// to can only round to infinity: see "Memory". Default: an error.
    pub float_overflow: i32,
    /// ATLAS_IF_EXISTS_: what is done where there is a store. Default: fail.
    pub if_exists: i32,
    /// Milliseconds to wait for another writer to end, before ATLAS_STATUS_LOCKED; ATLAS_WAIT_FOREVER.
    /// Default: not at all.
    pub lock_timeout_ms: u64,
    /// ATLAS_FILTER_: what is done to elements before shuffling, for arrays that do not choose their
    /// own; those of bool, c128 and strings have none. Default: none.
    pub filter: i32,
}

/// Options of `atlas_open`. Set `struct_size`; a field that is 0 means its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atlas_open_options {
    /// sizeof(atlas_open_options).
    pub struct_size: usize,
    /// ATLAS_SWITCH_: flush waits until everything is on the disk. Default: on.
    pub sync: i32,
    /// Background threads, as in atlas_create_options.
    pub num_threads: i32,
    /// Bytes of decoded data and indexes kept for later reads, as in atlas_create_options. Handles of one process that read
    /// one store on a file system have them in common, if they were given the same numbers of threads and bytes.
    pub cache_bytes: u64,
    /// Called with messages. Default: none.
    pub log: atlas_log_fn,
    /// Handed to `log`.
    pub log_data: *mut c_void,
    /// Called during compact and verify. Default: none.
    pub progress: atlas_progress_fn,
    /// Handed to `progress`.
    pub progress_data: *mut c_void,
    /// Bytes that written values may take in memory, as in atlas_create_options.
    pub write_buffer_bytes: u64,
    /// ATLAS_OVERFLOW_: as in atlas_create_options.
    pub float_overflow: i32,
    /// Milliseconds to wait for another writer to end, as in atlas_create_options. Readers wait for
    /// nobody.
    pub lock_timeout_ms: u64,
    /// A ticket of a session whose handle is gone, of `ticket_length` bytes: with ATLAS_MODE_READ_WRITE
    /// the session goes on with this handle, and the files of its workers stay. Default: none.
    pub ticket: *const c_void,
    /// Bytes of `ticket`.
    pub ticket_length: usize,
}

/// Options of `atlas_session_begin`. Set `struct_size`; a field that is 0 means its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atlas_session_options {
    /// sizeof(atlas_session_options).
    pub struct_size: usize,
    /// Names in `datasets`. Default: workers are told of all datasets.
    pub dataset_count: usize,
    /// The datasets that workers are told of.
    pub datasets: *const *const c_char,
    /// How many workers there will be, numbered from 0 on, for `atlas_session_missing`. Default: it is
    /// not known.
    pub workers: u32,
}

/// Options of `atlas_define_array`. Set `struct_size`; a field that is 0 means its default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atlas_array_options {
    /// sizeof(atlas_array_options).
    pub struct_size: usize,
    /// `rank` extents of a chunk, the unit of storage, each at least 1. Default: the whole array up
    /// to 4 MiB; above that equal parts of about 2 MiB along the leading dimensions. An array whose
    /// dimension 0 begins at 0, and so is appended to, gets chunks of about 1 MiB, of at most 4096
    /// rows.
    pub chunk_shape: *const u64,
    /// ATLAS_CODEC_. Default: the store's.
    pub codec: i32,
    /// The codec's level. Default: the store's.
    pub level: i32,
    /// ATLAS_SWITCH_: shuffle the bytes of elements before compressing. Default: the store's.
    pub shuffle: i32,
    /// ATLAS_SWITCH_: compress chunks below 16 KiB together with others, which takes less space and
    /// time. Off: each chunk has a byte range of its own, which other programs can read where it
    /// lies. Default: the store's.
    pub pack: i32,
    /// The value that stands for "missing": one element of the array's dtype, or for
    /// ATLAS_DTYPE_STRING the text itself (a `const char *`). Cells that were never written read as
    /// it. Default: none; such cells read as zero (false, "").
    pub fill_value: *const c_void,
    /// ATLAS_SWITCH_: dimension 0 is unlimited: `atlas_write_array` and `atlas_write_strings` past
    /// its end make it grow, and cells between read as the fill value. Default: on where dimension 0
    /// begins at 0, else off.
    pub unlimited: i32,
    /// ATLAS_FILTER_: what is done to elements before shuffling and compressing them; nothing to
    /// those of bool, c128 and strings, and nothing where the codec is ATLAS_CODEC_NONE. Default: the
    /// store's.
    pub filter: i32,
    /// Bits of the mantissa that are kept of each float that is written: at most 10 for f16, 23 for
    /// f32 and c64, 52 for f64 and c128. Values are rounded when they are written, to nearest and
    /// ties to even, with a relative error of at most 2^-(keep_bits + 1); what is read is what is
    /// stored, before the flush too. NaN, infinities and the fill value stay, and no other value
    /// becomes one of them. Default: all bits, exactly what is written.
    pub keep_bits: i32,
}

/// A store, as `atlas_store_info` describes it. Set `struct_size` before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atlas_store_description {
    /// sizeof(atlas_store_description), set by the caller: no more than this is written.
    pub struct_size: usize,
    /// ATLAS_MODE_READ or ATLAS_MODE_READ_WRITE.
    pub mode: atlas_mode,
    /// ATLAS_META_FORMAT_JSON or ATLAS_META_FORMAT_MSGPACK.
    pub meta_format: i32,
    /// ATLAS_COMPRESSION_NONE or ATLAS_COMPRESSION_ZSTD.
    pub meta_compression: i32,
    /// 1 if anything changed since the last flush, else 0.
    pub unflushed_changes: i32,
    /// The commit that this handle sees: 1 after create, one more with every commit.
    pub generation: u64,
    /// Datasets, unflushed ones included.
    pub dataset_count: u64,
    /// Array files (array names with data on disk).
    pub array_file_count: u64,
    /// Segments.
    pub segment_count: u64,
    /// Bytes on disk that belong to living arrays.
    pub live_bytes: u64,
    /// Bytes on disk that `atlas_compact` would give back.
    pub dead_bytes: u64,
    /// Earlier commits that are kept, as in atlas_create_options: 0 for the default. What is not
    /// flushed is included.
    pub keep_generations: i64,
}

/// An array, as `atlas_array_info` describes it. Set `struct_size` before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atlas_array_description {
    /// sizeof(atlas_array_description), set by the caller: no more than this is written.
    pub struct_size: usize,
    /// The type of the elements.
    pub dtype: atlas_dtype,
    /// 1 if the array has a fill value, else 0.
    pub has_fill_value: i32,
    /// The number of dimensions.
    pub rank: usize,
    /// The first `rank` are the array's extents, in cells; the rest are 0.
    pub shape: [u64; ATLAS_MAX_RANK],
    /// The first `rank` are the extents of a chunk, in cells; the rest are 0.
    pub chunk_shape: [u64; ATLAS_MAX_RANK],
    /// ATLAS_CODEC_ZSTD, ATLAS_CODEC_LZ4 or ATLAS_CODEC_NONE.
    pub codec: i32,
    /// The codec's level.
    pub level: i32,
    /// ATLAS_SWITCH_ON or ATLAS_SWITCH_OFF.
    pub shuffle: i32,
    /// ATLAS_SWITCH_ON or ATLAS_SWITCH_OFF.
    pub pack: i32,
    /// The fill value: one element of `dtype`, the rest 0. All 0 for ATLAS_DTYPE_STRING: see
    /// `atlas_array_fill_text`.
    pub fill_value: [u8; 16],
    /// ATLAS_SWITCH_ON or ATLAS_SWITCH_OFF: writes past the end of dimension 0 make it grow.
    pub unlimited: i32,
    /// ATLAS_FILTER_NONE or ATLAS_FILTER_DELTA.
    pub filter: i32,
    /// Bits of the mantissa that are kept of each float that is written; 0: all.
    pub keep_bits: i32,
    /// 0.
    pub reserved: i32,
    /// The first `rank` are the extents of the pieces that a chunk is stored in, each compressed by
    /// itself, in cells; those of the chunk where it is one piece. The rest are 0. The library
    /// chooses them.
    pub piece_shape: [u64; ATLAS_MAX_RANK],
}

/// Statistics of an array or of one chunk, as of the last flush.
///
/// `min` and `max` leave out nulls and NaN. They are 0 in every form where `has_range` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atlas_stats {
    /// Cells of the shape.
    pub row_count: u64,
    /// Cells equal to the fill value (NaN equals NaN here), never-written cells included. 0 without
    /// a fill value.
    pub null_count: u64,
    /// 1 if there is a smallest and a largest value; 0 for complex and string arrays, and where
    /// every cell is null or NaN.
    pub has_range: i32,
    /// The array's type: it says which of the fields below are exact.
    pub dtype: atlas_dtype,
    /// The smallest value, as the nearest double, for every real type.
    pub min: f64,
    /// The largest value, as the nearest double, for every real type.
    pub max: f64,
    /// The smallest value, exact, for bool, signed integers and timestamps; else 0.
    pub min_int: i64,
    /// The largest value, exact, for bool, signed integers and timestamps; else 0.
    pub max_int: i64,
    /// The smallest value, exact, for bool and unsigned integers; else 0.
    pub min_uint: u64,
    /// The largest value, exact, for bool and unsigned integers; else 0.
    pub max_uint: u64,
}

/// What describes is written as it lies in memory: in a hole there would be anything.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<atlas_store_description>() == 8 + 4 * 4 + 7 * 8);
    assert!(size_of::<atlas_array_description>() == 3 * 8 + 3 * ATLAS_MAX_RANK * 8 + 4 * 4 + 16 + 4 * 4);
    assert!(size_of::<atlas_stats>() == 2 * 8 + 2 * 4 + 6 * 8);
};

/// Where one piece of a chunk lies, as `atlas_chunk_places` tells: `piece_shape` of
/// `atlas_array_description` says which. A chunk that is one piece is that.
///
/// A block is `stored_len` bytes of a file from `offset` on. Decoded (first `codec`, then the
/// shuffle, then `delta` undone) it has `raw_len` bytes; the piece is `len` of them from `at` on:
/// all cells of the piece shape in C order, also those outside the array, little-endian; texts as
/// numcodecs' vlen-utf8 has them. Where `len` is `raw_len`, the block is the piece.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atlas_chunk_place {
    /// The piece's number: its indices, counted in C order, in the grid by which pieces cut the
    /// array.
    pub number: u64,
    /// The file, counted from 0 in the list that comes with the places.
    pub file: u64,
    /// Where in the file the block begins.
    pub offset: u64,
    /// Bytes of the block in the file.
    pub stored_len: u64,
    /// Bytes of the block when decoded.
    pub raw_len: u64,
    /// Where in the decoded block the piece begins.
    pub at: u64,
    /// Bytes of the piece.
    pub len: u64,
    /// CRC-32C of the block in the file; UINT64_MAX where it stands behind the block, as a
    /// little-endian uint32_t.
    pub checksum: u64,
    /// ATLAS_CODEC_ZSTD, ATLAS_CODEC_LZ4 or ATLAS_CODEC_NONE.
    pub codec: i32,
    /// Bytes of the elements whose bytes were shuffled; 1 where they were not.
    pub shuffle: i32,
    /// Bytes of the elements that are differences to the one before them in the block, as integers
    /// that wrap; 0 where they are themselves.
    pub delta: i32,
    /// 0.
    pub reserved: i32,
}

/// A filter's code.
pub(super) fn filter_code(filter: Filter) -> i32 {
    match filter {
        Filter::None => ATLAS_FILTER_NONE,
        Filter::Delta => ATLAS_FILTER_DELTA,
    }
}

/// A codec's code.
pub(super) fn codec_code(codec: Codec) -> i32 {
    match codec {
        Codec::Zstd => ATLAS_CODEC_ZSTD,
        Codec::Lz4 => ATLAS_CODEC_LZ4,
        Codec::None => ATLAS_CODEC_NONE,
    }
}

const _: () = {
    let codes = [
        (ATLAS_DTYPE_BOOL, DType::Bool),
        (ATLAS_DTYPE_I8, DType::I8),
        (ATLAS_DTYPE_I16, DType::I16),
        (ATLAS_DTYPE_I32, DType::I32),
        (ATLAS_DTYPE_I64, DType::I64),
        (ATLAS_DTYPE_U8, DType::U8),
        (ATLAS_DTYPE_U16, DType::U16),
        (ATLAS_DTYPE_U32, DType::U32),
        (ATLAS_DTYPE_U64, DType::U64),
        (ATLAS_DTYPE_F16, DType::F16),
        (ATLAS_DTYPE_F32, DType::F32),
        (ATLAS_DTYPE_F64, DType::F64),
        (ATLAS_DTYPE_C64, DType::C64),
        (ATLAS_DTYPE_C128, DType::C128),
        (ATLAS_DTYPE_TIMESTAMP_NS, DType::TimestampNs),
        (ATLAS_DTYPE_STRING, DType::String),
    ];
    let mut index = 0;
    while index < codes.len() {
        assert!(codes[index].0 == codes[index].1 as i32);
        index += 1;
    }
};
