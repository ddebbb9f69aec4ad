//! Writing to the caller's memory. An output is checked when it is made, before the engine is called, and written when
//! the call has succeeded. Nothing needs to be aligned.

use crate::base::error::{ErrorKind, Result, bail};
use crate::ffi::guard::Call;
use crate::ffi::options::check_size;
use std::ffi::{c_char, c_void};

/// Where one value goes: nowhere if it is NULL.
pub(super) struct Out<T>(*mut T);

impl<T> Out<T> {
    pub(super) fn set(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: not NULL, so `Call::out` was promised room for one value.
            unsafe { self.0.write_unaligned(value) };
        }
    }
}

/// Where a description goes: at most `struct_size` bytes of it.
pub(super) struct Description<T> {
    /// The caller's size of the struct.
    pub(super) struct_size: usize,
    pointer: *mut T,
}

impl<T: Copy> Description<T> {
    /// Writes as much of `value` as fits, and zeros where the caller's struct is longer than this
    /// library's.
    pub(super) fn set(&self, value: &T) {
        let (known, pointer) = (self.struct_size.min(size_of::<T>()), self.pointer.cast::<u8>());
        // SAFETY: `Call::description` was promised room for `struct_size` bytes, and `value` is not the caller's.
        unsafe { pointer.copy_from_nonoverlapping((&raw const *value).cast(), known) };
        // SAFETY: likewise.
        unsafe { pointer.add(known).write_bytes(0, self.struct_size - known) };
    }
}

/// Where a text, or a list of texts, goes.
pub(super) struct TextOut {
    call: Call,
    buffer: *mut c_char,
    capacity: usize,
    needed: Out<usize>,
}

impl TextOut {
    /// Writes one text and its NUL.
    pub(super) fn set(&self, text: &str) -> Result<()> {
        self.list(&[text])
    }

    /// Writes each text and its NUL, one after the other.
    pub(super) fn list<T: AsRef<str>>(&self, texts: &[T]) -> Result<()> {
        let texts = || texts.iter().map(AsRef::as_ref);
        let function = self.call.function;
        if let Some(index) = texts().position(|text: &str| text.as_bytes().contains(&0)) {
            bail!(Unsupported, "{function}: text {index} holds a NUL byte, where C would end it");
        }
        self.make_room(texts().map(|text| text.len() + 1).sum())?;
        let mut end = self.buffer.cast::<u8>();
        for text in texts() {
            // SAFETY: `Call::text_out` was promised room for `capacity` bytes, and all texts fit into it.
            unsafe {
                end.copy_from_nonoverlapping(text.as_ptr(), text.len());
                end.add(text.len()).write(0);
                end = end.add(text.len() + 1);
            }
        }
        Ok(())
    }

    /// Writes texts that stand one after the other, each with its NUL.
    pub(super) fn joined(&self, texts: &str) -> Result<()> {
        self.make_room(texts.len())?;
        if !texts.is_empty() {
            // SAFETY: `Call::text_out` was promised room for `capacity` bytes, and all texts fit into it.
            unsafe { self.buffer.cast::<u8>().copy_from_nonoverlapping(texts.as_ptr(), texts.len()) };
        }
        Ok(())
    }

    /// Says how many bytes there are, and refuses where the caller has not room for as many.
    fn make_room(&self, needed: usize) -> Result<()> {
        self.needed.set(needed);
        if needed > self.capacity {
            let function = self.call.function;
            bail!(BufferTooSmall, "{function}: {needed} bytes are needed, capacity is {}", self.capacity);
        }
        Ok(())
    }
}

/// Where up to `capacity` values of a size go.
pub(super) struct ValuesOut {
    values: *mut c_void,
    capacity: usize,
    count: Out<usize>,
}

impl ValuesOut {
    /// Has `fill` write `count` values of `size` bytes each.
    pub(super) fn fill(&self, count: usize, size: usize, fill: impl FnOnce(&mut [u8]) -> Result<()>) -> Result<()> {
        self.count.set(count);
        if count > self.capacity {
            bail!(BufferTooSmall, "{count} values are needed, capacity is {}", self.capacity);
        }
        if count == 0 {
            return fill(&mut []);
        }
        // SAFETY: `Call::values_out` was promised room for `capacity` values, which nobody else uses during the call.
        fill(unsafe { std::slice::from_raw_parts_mut(self.values.cast(), count * size) })
    }

    /// Writes `bytes`, where the values are bytes.
    pub(super) fn bytes(&self, bytes: &[u8]) -> Result<()> {
        self.fill(bytes.len(), 1, |out| {
            out.copy_from_slice(bytes);
            Ok(())
        })
    }

    /// Writes each of `values`, which are of the type that the caller's are.
    pub(super) fn each<T: Copy>(&self, values: impl ExactSizeIterator<Item = T>) -> Result<()> {
        self.count.set(values.len());
        if values.len() > self.capacity {
            bail!(BufferTooSmall, "{} values are needed, capacity is {}", values.len(), self.capacity);
        }
        for (index, value) in values.take(self.capacity).enumerate() {
            // SAFETY: `Call::values_out` was promised room for `capacity` values, and `index` is below that.
            unsafe { self.values.cast::<T>().add(index).write_unaligned(value) };
        }
        Ok(())
    }
}

/// Where a known number of elements goes, one at a time.
pub(super) struct ElementsOut {
    pointer: *mut c_void,
    count: usize,
    size: usize,
}

impl ElementsOut {
    /// Writes an element: the first bytes of `value`.
    pub(super) fn set<T: Copy>(&self, index: usize, value: T) {
        if index < self.count {
            let bytes = self.size.min(size_of::<T>());
            // SAFETY: `Call::elements_out` was promised room for `count` elements, and `value` is not the caller's.
            unsafe {
                let element = self.pointer.cast::<u8>().add(index * self.size);
                element.copy_from_nonoverlapping((&raw const value).cast(), bytes);
            }
        }
    }
}

impl Call {
    /// An output of one value.
    pub(super) unsafe fn out<T>(self, pointer: *mut T, name: &str) -> Result<Out<T>> {
        self.check(pointer, name)?;
        Ok(Out(pointer))
    }

    /// An output of one value that may be left out.
    pub(super) unsafe fn optional_out<T>(self, pointer: *mut T) -> Out<T> {
        Out(pointer)
    }

    /// An output of a struct that begins with its size.
    pub(super) unsafe fn description<T: Copy>(self, pointer: *mut T, name: &str) -> Result<Description<T>> {
        self.check(pointer, name)?;
        // SAFETY: not NULL, so it begins with its size.
        let struct_size = unsafe { pointer.cast::<usize>().read_unaligned() };
        check_size::<T>(self, struct_size, name)?;
        Ok(Description { struct_size, pointer })
    }

    /// An output of text.
    pub(super) unsafe fn text_out(self, buffer: *mut c_char, capacity: usize, needed: *mut usize) -> Result<TextOut> {
        // SAFETY: as for this function.
        let needed = unsafe { self.out(needed, "needed") }?;
        self.check_buffer(buffer, capacity, "buffer")?;
        Ok(TextOut { call: self, buffer, capacity, needed })
    }

    /// An output of values. `names` are those of the arguments `values` and `count`.
    pub(super) unsafe fn values_out(
        self,
        values: *mut c_void,
        capacity: usize,
        count: *mut usize,
        (name, count_name): (&str, &str),
    ) -> Result<ValuesOut> {
        // SAFETY: as for this function.
        let count = unsafe { self.out(count, count_name) }?;
        self.check_buffer(values, capacity, name)?;
        Ok(ValuesOut { values, capacity, count })
    }

    /// An output of `count` elements of `size` bytes.
    pub(super) unsafe fn elements_out(
        self,
        pointer: *mut c_void,
        count: usize,
        size: usize,
        name: &str,
    ) -> Result<ElementsOut> {
        self.check_elements(pointer, count, size, name)?;
        Ok(ElementsOut { pointer, count, size })
    }

    fn check_buffer<T>(self, buffer: *const T, capacity: usize, name: &str) -> Result<()> {
        if buffer.is_null() && capacity > 0 {
            let text = format_args!("{name} is NULL, but capacity is {capacity}");
            return Err(self.error(ErrorKind::InvalidArgument, text));
        }
        Ok(())
    }
}
