//! Reading the caller's memory: pointers are checked for NULL, text for UTF-8, counts before anything is read.
//! Nothing needs to be aligned.
//!
//! Each function here that is `unsafe` asks the same of its caller: a pointer that is not NULL points to as much
//! memory as the header says, valid and unchanged during the call.

use crate::base::error::{ErrorKind, Result};
use crate::ffi::guard::Call;
use crate::ffi::types::{ATLAS_MAX_RANK, ATLAS_MODE_READ, ATLAS_MODE_READ_WRITE, atlas_dtype, atlas_mode};
use crate::{DType, Mode, Selection};
use std::ffi::{CStr, c_char, c_void};
use std::fmt::Display;
use std::ops::Deref;

/// Up to `ATLAS_MAX_RANK` numbers, copied from the caller's memory.
pub(super) struct Extents<T> {
    len: usize,
    values: [T; ATLAS_MAX_RANK],
}

impl<T> Deref for Extents<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.values.get(..self.len).unwrap_or_default()
    }
}

/// A region of an array, as the caller gives it: either part may be left out.
pub(super) struct Region {
    rank: usize,
    start: Option<Extents<u64>>,
    count: Option<Extents<u64>>,
}

impl Region {
    pub(super) fn selection(&self) -> Selection<'_> {
        Selection { rank: self.rank, start: self.start.as_deref(), count: self.count.as_deref() }
    }
}

/// Elements in the caller's memory, read one at a time.
pub(super) struct Elements {
    pointer: *const c_void,
    count: usize,
    size: usize,
}

impl Elements {
    /// The bytes of an element as the first ones of a `T`, of which any bytes are a value.
    pub(super) fn get<T: Copy + Default>(&self, index: usize) -> T {
        let mut value = T::default();
        if index < self.count {
            let bytes = self.size.min(size_of::<T>());
            // SAFETY: `Call::elements` was promised `count` elements, and `value` is not the caller's and long enough.
            unsafe {
                let element = self.pointer.cast::<u8>().add(index * self.size);
                element.copy_to_nonoverlapping((&raw mut value).cast(), bytes);
            }
        }
        value
    }
}

impl Call {
    /// An element type's code.
    pub(super) fn dtype(self, code: atlas_dtype) -> Result<DType> {
        DType::from_code(code).map_err(|error| error.context(self.function))
    }

    /// An open mode's code.
    pub(super) fn mode(self, code: atlas_mode) -> Result<Mode> {
        match code {
            ATLAS_MODE_READ => Ok(Mode::Read),
            ATLAS_MODE_READ_WRITE => Ok(Mode::ReadWrite),
            _ => Err(self.invalid(format_args!("unknown mode code {code}"))),
        }
    }

    /// `Err` if `pointer` is NULL.
    pub(super) fn check<T>(self, pointer: *const T, name: impl Display) -> Result<()> {
        if pointer.is_null() {
            return Err(self.invalid(format_args!("{name} is NULL")));
        }
        Ok(())
    }

    /// A text.
    pub(super) unsafe fn text<'a>(self, pointer: *const c_char, name: impl Display) -> Result<&'a str> {
        self.check(pointer, &name)?;
        // SAFETY: not NULL, so it ends in a NUL byte.
        let text = unsafe { CStr::from_ptr(pointer) };
        text.to_str().map_err(|error| {
            let at = error.valid_up_to();
            self.invalid(format_args!("{name} is not UTF-8 from byte {at} on: '{}'", text.to_string_lossy()))
        })
    }

    /// The path of a store's directory.
    pub(super) unsafe fn path<'a>(self, pointer: *const c_char) -> Result<&'a str> {
        // SAFETY: as for this function.
        let path = unsafe { self.text(pointer, "path") }?;
        if path.is_empty() {
            return Err(self.invalid(format_args!("path is empty")));
        }
        Ok(path)
    }

    /// A path that may be left out.
    pub(super) unsafe fn optional_path<'a>(self, pointer: *const c_char) -> Result<Option<&'a str>> {
        // SAFETY: as for this function.
        (!pointer.is_null()).then(|| unsafe { self.path(pointer) }).transpose()
    }

    /// A text that may be left out.
    pub(super) unsafe fn optional_text<'a>(self, pointer: *const c_char, name: &str) -> Result<Option<&'a str>> {
        if pointer.is_null() {
            return Ok(None);
        }
        // SAFETY: as for this function.
        unsafe { self.text(pointer, name) }.map(Some)
    }

    /// The names of an array and its dataset.
    pub(super) unsafe fn names<'a>(self, dataset: *const c_char, array: *const c_char) -> Result<(&'a str, &'a str)> {
        // SAFETY: as for this function.
        unsafe { Ok((self.text(dataset, "dataset")?, self.text(array, "array")?)) }
    }

    /// `count` texts.
    pub(super) unsafe fn texts<'a>(
        self,
        pointer: *const *const c_char,
        count: usize,
        name: &str,
    ) -> Result<Vec<&'a str>> {
        // SAFETY: as for this function; any bytes are a pointer.
        let pointers: Vec<*const c_char> = unsafe { self.values(pointer.cast(), count, name) }?;
        let mut texts = self.room(count, name)?;
        for (index, pointer) in pointers.into_iter().enumerate() {
            // SAFETY: as for this function.
            texts.push(unsafe { self.text(pointer, format_args!("{name}[{index}]")) }?);
        }
        Ok(texts)
    }

    /// The names of `rank` dimensions; none for NULL.
    pub(super) unsafe fn dims<'a>(self, pointer: *const *const c_char, rank: usize) -> Result<Vec<&'a str>> {
        self.check_rank(rank)?;
        if pointer.is_null() {
            return Ok(Vec::new());
        }
        // SAFETY: as for this function.
        unsafe { self.texts(pointer, rank, "dims") }
    }

    /// `count` values of a type that any bytes are a value of.
    pub(super) unsafe fn values<T: Copy>(self, pointer: *const c_void, count: usize, name: &str) -> Result<Vec<T>> {
        if count > 0 {
            self.check(pointer, name)?;
        }
        let mut values: Vec<T> = self.room(count, name)?;
        if count > 0 {
            // SAFETY: both sides hold `count` values, and the new one is not the caller's.
            unsafe { pointer.cast::<u8>().copy_to_nonoverlapping(values.as_mut_ptr().cast(), count * size_of::<T>()) };
            // SAFETY: just written.
            unsafe { values.set_len(count) };
        }
        Ok(values)
    }

    /// `length` bytes.
    pub(super) unsafe fn bytes<'a>(
        self,
        pointer: *const c_void,
        length: usize,
        name: impl Display,
    ) -> Result<&'a [u8]> {
        if length == 0 {
            return Ok(&[]);
        }
        self.check(pointer, name)?;
        if length > isize::MAX as usize {
            return Err(self.invalid(format_args!("{length} bytes are more than memory can hold")));
        }
        // SAFETY: the caller promises that many bytes, which nobody writes to during the call.
        Ok(unsafe { std::slice::from_raw_parts(pointer.cast(), length) })
    }

    /// `count` lists of bytes, and how many each has.
    pub(super) unsafe fn byte_lists<'a>(
        self,
        pointers: *const *const c_void,
        lengths: *const usize,
        count: usize,
        name: &str,
    ) -> Result<Vec<&'a [u8]>> {
        // SAFETY: as for this function; any bits are a pointer or a number.
        let (pointers, lengths) = unsafe {
            (
                self.values::<*const c_void>(pointers.cast(), count, name)?,
                self.values::<usize>(lengths.cast(), count, "lengths")?,
            )
        };
        let lists = pointers.into_iter().zip(lengths).enumerate();
        // SAFETY: as for this function.
        lists
            .map(|(number, (list, length))| unsafe { self.bytes(list, length, format_args!("{name}[{number}]")) })
            .collect()
    }

    /// `count` elements of `size` bytes, read as they are asked for.
    pub(super) unsafe fn elements(
        self,
        pointer: *const c_void,
        count: usize,
        size: usize,
        name: &str,
    ) -> Result<Elements> {
        self.check_elements(pointer, count, size, name)?;
        Ok(Elements { pointer, count, size })
    }

    /// `Err` if `pointer` cannot lead to `count` elements of `size` bytes.
    pub(super) fn check_elements<T>(self, pointer: *const T, count: usize, size: usize, name: &str) -> Result<()> {
        if count > 0 {
            self.check(pointer, name)?;
        }
        if count.checked_mul(size).is_none_or(|bytes| bytes > isize::MAX as usize) {
            return Err(self.invalid(format_args!("{count} {name} are more than memory can hold")));
        }
        Ok(())
    }

    /// `count` bytes that are 0 or 1.
    pub(super) unsafe fn bools(self, pointer: *const c_void, count: usize, name: &str) -> Result<Vec<bool>> {
        // SAFETY: as for this function; any byte is a `u8`.
        let bytes: Vec<u8> = unsafe { self.values(pointer, count, name) }?;
        if let Some(index) = bytes.iter().position(|byte| *byte > 1) {
            return Err(self.invalid(format_args!("{name}[{index}] is {}, not 0 or 1", bytes[index])));
        }
        Ok(bytes.into_iter().map(|byte| byte == 1).collect())
    }

    /// `rank` numbers; NULL is an error unless `rank` is 0.
    pub(super) unsafe fn extents<T>(self, pointer: *const T, rank: usize, name: &str) -> Result<Extents<T>>
    where
        T: Copy + Default,
    {
        self.check_rank(rank)?;
        let mut values = [T::default(); ATLAS_MAX_RANK];
        if rank > 0 {
            self.check(pointer, name)?;
            // SAFETY: both sides hold `rank` values, and the new one is not the caller's.
            unsafe { pointer.cast::<u8>().copy_to_nonoverlapping(values.as_mut_ptr().cast(), rank * size_of::<T>()) };
        }
        Ok(Extents { len: rank, values })
    }

    /// `rank` numbers that may be left out.
    pub(super) unsafe fn optional_extents<T>(self, pointer: *const T, rank: usize) -> Result<Option<Extents<T>>>
    where
        T: Copy + Default,
    {
        if pointer.is_null() {
            return Ok(None);
        }
        // SAFETY: as for this function.
        unsafe { self.extents(pointer, rank, "") }.map(Some)
    }

    /// `Err` if no array can have this rank.
    pub(super) fn check_rank(self, rank: usize) -> Result<()> {
        if rank > ATLAS_MAX_RANK {
            return Err(self.invalid(format_args!("rank {rank} is over the limit of {ATLAS_MAX_RANK}")));
        }
        Ok(())
    }

    /// A region: `rank` numbers each in `start` and `count`, NULL for what is left out.
    pub(super) unsafe fn region(self, rank: usize, start: *const u64, count: *const u64) -> Result<Region> {
        self.check_rank(rank)?;
        // SAFETY: as for this function.
        let (start, count) = unsafe { (self.optional_extents(start, rank)?, self.optional_extents(count, rank)?) };
        Ok(Region { rank, start, count })
    }

    /// The cells of a region.
    pub(super) fn volume(self, count: &[u64]) -> Result<usize> {
        let cells = count.iter().try_fold(1_u64, |cells, extent| cells.checked_mul(*extent));
        let cells = cells.and_then(|cells| usize::try_from(cells).ok());
        cells.ok_or_else(|| self.invalid(format_args!("count {count:?} is more cells than memory can hold")))
    }

    /// An empty vector with room for `count` values.
    fn room<T>(self, count: usize, name: &str) -> Result<Vec<T>> {
        if count.checked_mul(size_of::<T>()).is_none_or(|bytes| bytes > isize::MAX as usize) {
            return Err(self.invalid(format_args!("{count} {name} are more than memory can hold")));
        }
        let mut values = Vec::new();
        match values.try_reserve_exact(count) {
            Ok(()) => Ok(values),
            Err(_) => Err(self.error(ErrorKind::OutOfMemory, format_args!("no memory for {count} {name}"))),
        }
    }
}
