//! Reading option structs of any age: zero, like a field that the caller's header did not have yet, means the default.

use crate::base::error::{ErrorKind, Result};
use crate::ffi::callbacks;
use crate::ffi::guard::Call;
use crate::ffi::types::*;
use crate::{
    ArrayOptions, Codec, CreateOptions, DType, FillValue, Filter, FloatOverflow, IfExists, MetaFormat, OpenOptions,
    RuntimeOptions,
};
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::time::Duration;

const OVERFLOWS: [(i32, FloatOverflow); 2] =
    [(ATLAS_OVERFLOW_ERROR, FloatOverflow::Error), (ATLAS_OVERFLOW_INFINITY, FloatOverflow::Infinity)];

const FILTERS: [(i32, Filter); 2] = [(ATLAS_FILTER_NONE, Filter::None), (ATLAS_FILTER_DELTA, Filter::Delta)];

/// No struct of the header is this long; a larger size is a mistake, not a newer header.
const SIZE_LIMIT: usize = 4096;

/// An option struct of the header.
///
/// # Safety
/// It begins with `struct_size: usize`, and all zeros are a value of it.
pub(super) unsafe trait Options: Copy {}

// SAFETY: integers, pointers and callbacks that may be NULL.
unsafe impl Options for atlas_create_options {}
// SAFETY: likewise.
unsafe impl Options for atlas_open_options {}
// SAFETY: likewise.
unsafe impl Options for atlas_array_options {}
// SAFETY: likewise.
unsafe impl Options for atlas_session_options {}

/// `Err` unless `size` can be the caller's size of a struct that is a `T` here.
pub(super) fn check_size<T>(call: Call, size: usize, name: &str) -> Result<()> {
    if (size_of::<usize>()..=SIZE_LIMIT).contains(&size) {
        return Ok(());
    }
    Err(call.invalid(format_args!("{name}->struct_size is {size}, the struct has {} bytes", size_of::<T>())))
}

impl Call {
    /// Options; NULL for all defaults, that is, all zeros.
    pub(super) unsafe fn options<T: Options>(self, pointer: *const T) -> Result<T> {
        let mut options = MaybeUninit::<T>::zeroed();
        if !pointer.is_null() {
            // SAFETY: not NULL, so it begins with its size.
            let size = unsafe { pointer.cast::<usize>().read_unaligned() };
            check_size::<T>(self, size, "options")?;
            let (bytes, known) = (pointer.cast::<u8>(), size.min(size_of::<T>()));
            // SAFETY: the caller's struct has `size` bytes, and the copy has at least `known`.
            unsafe { bytes.copy_to_nonoverlapping(options.as_mut_ptr().cast(), known) };
            // SAFETY: likewise.
            let unknown = unsafe { std::slice::from_raw_parts(bytes.add(known), size - known) };
            if unknown.iter().any(|byte| *byte != 0) {
                let text =
                    format_args!("options->struct_size is {size}, and a field after the {known} known bytes is set");
                return Err(self.error(ErrorKind::Unsupported, text));
            }
        }
        // SAFETY: all zeros are a value, and so is what the caller set.
        Ok(unsafe { options.assume_init() })
    }

    /// The options of `atlas_create`.
    pub(super) unsafe fn create_options(self, pointer: *const atlas_create_options) -> Result<CreateOptions> {
        // SAFETY: as for this function.
        let c = unsafe { self.options(pointer) }?;
        let formats = [(ATLAS_META_FORMAT_JSON, MetaFormat::Json), (ATLAS_META_FORMAT_MSGPACK, MetaFormat::MsgPack)];
        let if_exists = [
            (ATLAS_IF_EXISTS_FAIL, IfExists::Fail),
            (ATLAS_IF_EXISTS_OPEN, IfExists::Open),
            (ATLAS_IF_EXISTS_REPLACE, IfExists::Replace),
        ];
        let compressions = [(ATLAS_COMPRESSION_NONE, false), (ATLAS_COMPRESSION_ZSTD, true)];
        Ok(CreateOptions {
            meta_format: self.choice(c.meta_format, "meta_format", &formats)?,
            meta_zstd: self.choice(c.meta_compression, "meta_compression", &compressions)?.unwrap_or_default(),
            codec: self.codec(c.codec)?,
            level: nonzero(c.level),
            shuffle: self.switch(c.shuffle, "shuffle")?,
            filter: self.choice(c.filter, "filter", &FILTERS)?,
            pack: self.switch(c.pack, "pack")?,
            keep_generations: self.kept(c.keep_generations, "options->keep_generations")?,
            if_exists: self.choice(c.if_exists, "if_exists", &if_exists)?.unwrap_or_default(),
            runtime: self.runtime(&atlas_open_options {
                struct_size: c.struct_size,
                sync: c.sync,
                num_threads: c.num_threads,
                cache_bytes: c.cache_bytes,
                log: c.log,
                log_data: c.log_data,
                progress: c.progress,
                progress_data: c.progress_data,
                write_buffer_bytes: c.write_buffer_bytes,
                float_overflow: c.float_overflow,
                lock_timeout_ms: c.lock_timeout_ms,
                ticket: std::ptr::null(),
                ticket_length: 0,
            })?,
        })
    }

    /// The options of `atlas_open`.
    pub(super) unsafe fn open_options(self, pointer: *const atlas_open_options) -> Result<OpenOptions> {
        // SAFETY: as for this function.
        let c = unsafe { self.options(pointer) }?;
        // SAFETY: likewise.
        let ticket = unsafe { self.bytes(c.ticket, c.ticket_length, "options->ticket") }?;
        Ok(OpenOptions { ticket: (!ticket.is_empty()).then(|| ticket.to_vec()), runtime: self.runtime(&c)? })
    }

    /// The options of an array of this type and rank.
    pub(super) unsafe fn array_options(
        self,
        pointer: *const atlas_array_options,
        dtype: DType,
        rank: usize,
    ) -> Result<ArrayOptions> {
        // SAFETY: as for this function.
        let c = unsafe { self.options(pointer) }?;
        // SAFETY: likewise.
        let chunk_shape = unsafe { self.optional_extents(c.chunk_shape, rank) }?;
        Ok(ArrayOptions {
            chunk_shape: chunk_shape.map(|extents| extents.to_vec()),
            codec: self.codec(c.codec)?,
            level: nonzero(c.level),
            shuffle: self.switch(c.shuffle, "shuffle")?,
            filter: self.choice(c.filter, "filter", &FILTERS)?,
            pack: self.switch(c.pack, "pack")?,
            keep_bits: self.bits(c.keep_bits)?,
            // SAFETY: likewise.
            fill_value: unsafe { self.fill_value(c.fill_value, dtype) }?,
            unlimited: self.switch(c.unlimited, "unlimited")?,
        })
    }

    fn runtime(self, c: &atlas_open_options) -> Result<RuntimeOptions> {
        Ok(RuntimeOptions {
            root_bytes: None,
            sync: self.switch(c.sync, "sync")?,
            threads: self.threads(c.num_threads)?,
            write_buffer_bytes: nonzero(c.write_buffer_bytes),
            cache_bytes: nonzero(c.cache_bytes),
            lock_timeout: Duration::from_millis(c.lock_timeout_ms),
            log: callbacks::log(c.log, c.log_data),
            progress: callbacks::progress(c.progress, c.progress_data),
            float_overflow: self.choice(c.float_overflow, "float_overflow", &OVERFLOWS)?.unwrap_or_default(),
        })
    }

    fn threads(self, count: i32) -> Result<Option<usize>> {
        match count {
            0 => Ok(None),
            ATLAS_THREADS_INLINE => Ok(Some(0)),
            _ => usize::try_from(count).map(Some).map_err(|_| {
                self.invalid(format_args!("options->num_threads is {count}, neither a count nor ATLAS_THREADS_INLINE"))
            }),
        }
    }

    /// How many earlier commits are kept; none for 0, the default.
    pub(super) fn kept(self, count: i32, name: &str) -> Result<Option<u32>> {
        match count {
            0 => Ok(None),
            ATLAS_KEEP_NONE => Ok(Some(0)),
            _ => u32::try_from(count)
                .map(Some)
                .map_err(|_| self.invalid(format_args!("{name} is {count}, neither a count nor ATLAS_KEEP_NONE"))),
        }
    }

    unsafe fn fill_value(self, value: *const c_void, dtype: DType) -> Result<Option<FillValue>> {
        if value.is_null() {
            return Ok(None);
        }
        // SAFETY: as for this function; not NULL, so it is a text or one element, of which any bytes are bytes.
        unsafe {
            match dtype {
                DType::String => self.text(value.cast(), "options->fill_value").map(|t| FillValue::Text(t.to_owned())),
                _ => self.values(value, dtype.size(), "options->fill_value").map(FillValue::Bytes),
            }
        }
        .map(Some)
    }

    fn bits(self, count: i32) -> Result<Option<u32>> {
        u32::try_from(count)
            .map(nonzero)
            .map_err(|_| self.invalid(format_args!("options->keep_bits is {count}, not a number of bits")))
    }

    fn codec(self, code: i32) -> Result<Option<Codec>> {
        let codecs = [(ATLAS_CODEC_ZSTD, Codec::Zstd), (ATLAS_CODEC_LZ4, Codec::Lz4), (ATLAS_CODEC_NONE, Codec::None)];
        self.choice(code, "codec", &codecs)
    }

    fn switch(self, code: i32, name: &str) -> Result<Option<bool>> {
        self.choice(code, name, &[(ATLAS_SWITCH_ON, true), (ATLAS_SWITCH_OFF, false)])
    }

    /// What `code` stands for; none for 0, the default.
    fn choice<T: Copy>(self, code: i32, name: &str, choices: &[(i32, T)]) -> Result<Option<T>> {
        if code == 0 {
            return Ok(None);
        }
        let known = choices.iter().find(|(choice, _)| *choice == code);
        let last = choices.len();
        known
            .map(|(_, meaning)| Some(*meaning))
            .ok_or_else(|| self.invalid(format_args!("options->{name} is {code}, not one of 0 to {last}")))
    }
}

/// A number, none for 0, the default.
fn nonzero<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}
