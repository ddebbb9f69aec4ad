//! libnetcdf, by its C interface: what is opened, asked, read and written here is bytes and numbers as they are in the file.
//!
//! The crate `netcdf` above `netcdf-sys` has no text attributes that are not UTF-8 or hold a NUL, no dimension behind
//! another of its name, and strings one at a time. libnetcdf is for one thread at a time: the tool's main thread.
#![allow(unsafe_code)]

use atlas_store::{DType, Error, ErrorKind, Value};
use netcdf_sys as nc;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null_mut;

/// Room for a name. Names have up to 256 bytes; a damaged file may have longer ones.
const NAME: usize = 1 << 16;

/// What libnetcdf says is wrong, or what it would be given.
#[derive(Debug)]
pub enum Fault {
    /// One of its errors.
    Library(c_int),
    /// Bytes of a name, or of a string, that are no UTF-8.
    NotText(Vec<u8>),
    /// A string with a NUL, which ends strings there.
    Nul(String),
    /// There is no memory for so many bytes.
    Memory(usize),
}

pub type Result<T> = std::result::Result<T, Fault>;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Library(code) => {
                // SAFETY: it returns static texts for any number.
                let text = unsafe { CStr::from_ptr(nc::nc_strerror(*code)) };
                f.write_str(&text.to_string_lossy())
            }
            Fault::NotText(bytes) => write!(f, "{:?} is no UTF-8", String::from_utf8_lossy(bytes)),
            Fault::Nul(text) => write!(f, "{text:?} has a NUL"),
            Fault::Memory(bytes) => write!(f, "no memory for {bytes} bytes"),
        }
    }
}

impl Fault {
    /// As an error of the store; what libnetcdf says is of kind `kind`.
    pub fn error(&self, kind: ErrorKind, what: impl fmt::Display) -> Error {
        let kind = match self {
            Fault::Memory(_) | Fault::Library(nc::NC_ENOMEM) => ErrorKind::OutOfMemory,
            Fault::NotText(_) | Fault::Nul(_) => ErrorKind::Unsupported,
            Fault::Library(_) => kind,
        };
        Error::new(kind, format!("{what}: {self}"))
    }
}

fn check(code: c_int) -> Result<()> {
    if code == nc::NC_NOERR { Ok(()) } else { Err(Fault::Library(code)) }
}

/// A type of NetCDF.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Numbers.
    Number(DType),
    /// One byte of text each.
    Char,
    /// Strings.
    Text,
    /// A type that the file defines: what it is, and its name.
    User(&'static str, String),
}

/// Values of a variable or an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Raw {
    /// Numbers, never [`Value::String`].
    Numbers(Value),
    /// Characters.
    Chars(Vec<u8>),
    /// Strings; one that is not there is empty.
    Texts(Vec<Vec<u8>>),
}

/// An open file. It is closed when it is dropped; [`File::close`] tells whether that was well.
pub struct File(Option<Group>);

impl File {
    /// Opens a file to read it.
    pub fn open(path: &Path) -> Result<Self> {
        let (path, mut id) = (text_of(path.as_os_str().as_bytes())?, 0);
        // SAFETY: a text that ends with a NUL, and room for a number.
        check(unsafe { nc::nc_open(path.as_ptr(), nc::NC_NOWRITE, &mut id) })?;
        Ok(Self(Some(Group(id))))
    }

    /// Creates a NetCDF-4 file; there must be none.
    pub fn create(path: &Path) -> Result<Self> {
        let (path, mut id) = (text_of(path.as_os_str().as_bytes())?, 0);
        // SAFETY: as for `open`.
        check(unsafe { nc::nc_create(path.as_ptr(), nc::NC_NETCDF4 | nc::NC_NOCLOBBER, &mut id) })?;
        Ok(Self(Some(Group(id))))
    }

    /// The group that holds all others.
    pub fn root(&self) -> Group {
        // Only `close` and `drop` take it.
        self.0.unwrap_or(Group(-1))
    }

    /// Writes what is still to be written, and closes the file.
    pub fn close(mut self) -> Result<()> {
        match self.0.take() {
            // SAFETY: the number is that of an open file, which nothing uses any more.
            Some(Group(id)) => check(unsafe { nc::nc_close(id) }),
            None => Ok(()),
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if let Some(Group(id)) = self.0.take() {
            // SAFETY: as for `close`.
            unsafe { nc::nc_close(id) };
        }
    }
}

/// A group of an open file; of a closed one every call is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group(c_int);

/// A dimension, where it is defined.
#[derive(Clone, Debug)]
pub struct Dimension {
    pub id: c_int,
    pub name: String,
    pub length: usize,
    pub unlimited: bool,
}

/// Where attributes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    group: Group,
    id: c_int,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Variable {
    pub owner: Owner,
    pub name: String,
    pub kind: Kind,
    /// Its dimensions' numbers.
    pub dimensions: Vec<c_int>,
}

/// What an attribute is called and of which type, before its values are asked for.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub owner: Owner,
    pub name: String,
    pub kind: Kind,
    pub length: usize,
}

impl Group {
    /// Its own attributes: those of the file, or of the group.
    pub fn owner(self) -> Owner {
        Owner { group: self, id: nc::NC_GLOBAL }
    }

    /// The groups in it, with their names.
    pub fn groups(self) -> Result<Vec<(String, Group)>> {
        // SAFETY: `numbers` gives room for as many as the first call says.
        let ids = numbers(|count, ids| unsafe { nc::nc_inq_grps(self.0, count, ids) })?;
        let name = |id| {
            // SAFETY: `name_of` gives room for a name.
            let name = name_of(|name| unsafe { nc::nc_inq_grpname(id, name) })?;
            Ok((name, Group(id)))
        };
        ids.into_iter().map(name).collect()
    }

    /// The dimensions that it defines.
    pub fn dimensions(self) -> Result<Vec<Dimension>> {
        // SAFETY: `numbers` gives room for as many as the first call says.
        let unlimited = numbers(|count, ids| unsafe { nc::nc_inq_unlimdims(self.0, count, ids) })?;
        // SAFETY: as before.
        let ids = numbers(|count, ids| unsafe { nc::nc_inq_dimids(self.0, count, ids, 0) })?;
        let dimension = |id| {
            let mut length = 0;
            // SAFETY: `name_of` gives room for a name, and there is room for a number.
            let name = name_of(|name| unsafe { nc::nc_inq_dim(self.0, id, name, &mut length) })?;
            Ok(Dimension { id, name, length, unlimited: unlimited.contains(&id) })
        };
        ids.into_iter().map(dimension).collect()
    }

    /// Its variables.
    pub fn variables(self) -> Result<Vec<Variable>> {
        // SAFETY: `numbers` gives room for as many as the first call says.
        let ids = numbers(|count, ids| unsafe { nc::nc_inq_varids(self.0, count, ids) })?;
        let variable = |id| {
            let (mut kind, mut rank) = (0, 0);
            // SAFETY: `name_of` gives room for a name.
            let name = name_of(|name| unsafe { nc::nc_inq_varname(self.0, id, name) })?;
            // SAFETY: room for a number each.
            check(unsafe { nc::nc_inq_vartype(self.0, id, &mut kind) })?;
            // SAFETY: as before.
            check(unsafe { nc::nc_inq_varndims(self.0, id, &mut rank) })?;
            let mut dimensions = vec![0; rank.max(0) as usize];
            // SAFETY: room for as many numbers as it has dimensions.
            check(unsafe { nc::nc_inq_vardimid(self.0, id, dimensions.as_mut_ptr()) })?;
            Ok(Variable { owner: Owner { group: self, id }, name, kind: self.kind(kind)?, dimensions })
        };
        ids.into_iter().map(variable).collect()
    }

    fn kind(self, number: nc::nc_type) -> Result<Kind> {
        Ok(match number {
            nc::NC_BYTE => Kind::Number(DType::I8),
            nc::NC_CHAR => Kind::Char,
            nc::NC_SHORT => Kind::Number(DType::I16),
            nc::NC_INT => Kind::Number(DType::I32),
            nc::NC_FLOAT => Kind::Number(DType::F32),
            nc::NC_DOUBLE => Kind::Number(DType::F64),
            nc::NC_UBYTE => Kind::Number(DType::U8),
            nc::NC_USHORT => Kind::Number(DType::U16),
            nc::NC_UINT => Kind::Number(DType::U32),
            nc::NC_INT64 => Kind::Number(DType::I64),
            nc::NC_UINT64 => Kind::Number(DType::U64),
            nc::NC_STRING => Kind::Text,
            _ => {
                let mut class = 0;
                // SAFETY: room for a name and a number; what is not asked for may be null.
                let name = name_of(|name| unsafe {
                    nc::nc_inq_user_type(self.0, number, name, null_mut(), null_mut(), null_mut(), &mut class)
                })?;
                let what = match class {
                    nc::NC_ENUM => "enum",
                    nc::NC_COMPOUND => "compound",
                    nc::NC_VLEN => "vlen",
                    nc::NC_OPAQUE => "opaque",
                    _ => "unknown",
                };
                Kind::User(what, name)
            }
        })
    }

    /// Defines a group in it.
    pub fn define_group(self, name: &str) -> Result<Group> {
        let (name, mut id) = (text_of(name.as_bytes())?, 0);
        // SAFETY: a text that ends with a NUL, and room for a number.
        check(unsafe { nc::nc_def_grp(self.0, name.as_ptr(), &mut id) })?;
        Ok(Group(id))
    }

    /// Defines a dimension; its number.
    pub fn define_dimension(self, name: &str, length: usize, unlimited: bool) -> Result<c_int> {
        let (name, mut id) = (text_of(name.as_bytes())?, 0);
        // A length of 0 is NetCDF's word for an unlimited dimension.
        let length = if unlimited { nc::NC_UNLIMITED } else { length };
        // SAFETY: as before.
        check(unsafe { nc::nc_def_dim(self.0, name.as_ptr(), length, &mut id) })?;
        Ok(id)
    }

    /// Defines a variable along dimensions of these numbers.
    pub fn define_variable(self, name: &str, kind: &Kind, dimensions: &[c_int]) -> Result<Owner> {
        let (text, mut id) = (text_of(name.as_bytes())?, 0);
        let (rank, ids) = (dimensions.len() as c_int, dimensions.as_ptr());
        // SAFETY: a text that ends with a NUL, as many numbers as there are dimensions, room for a number.
        check(unsafe { nc::nc_def_var(self.0, text.as_ptr(), number_of(kind)?, rank, ids, &mut id) })?;
        Ok(Owner { group: self, id })
    }
}

impl Owner {
    /// The attributes, in their order.
    pub fn attributes(self) -> Result<Vec<Attribute>> {
        let mut count = 0;
        let (group, id) = (self.group.0, self.id);
        // SAFETY: room for a number; the group's own go by the number of a variable, too.
        check(unsafe { nc::nc_inq_varnatts(group, id, &mut count) })?;
        let attribute = |index| {
            let (mut kind, mut length) = (0, 0);
            // SAFETY: `name_of` gives room for a name.
            let name = name_of(|name| unsafe { nc::nc_inq_attname(group, id, index, name) })?;
            let text = text_of(name.as_bytes())?;
            // SAFETY: a text that ends with a NUL, and room for a number each.
            check(unsafe { nc::nc_inq_att(group, id, text.as_ptr(), &mut kind, &mut length) })?;
            Ok(Attribute { owner: self, name, kind: self.group.kind(kind)?, length })
        };
        (0..count).map(attribute).collect()
    }

    /// Extents of the chunks of a variable; none where its values lie in one piece, or along no dimension.
    pub fn chunks(self, rank: usize) -> Result<Option<Vec<u64>>> {
        if rank == 0 {
            return Ok(None);
        }
        let (mut storage, mut extents) = (0, vec![0usize; rank]);
        // SAFETY: room for a number, and for as many as the variable has dimensions.
        let code = unsafe { nc::nc_inq_var_chunking(self.group.0, self.id, &mut storage, extents.as_mut_ptr()) };
        check(code)?;
        let chunked = storage == nc::NC_CHUNKED;
        Ok(chunked.then(|| extents.into_iter().map(|extent| extent as u64).collect()))
    }

    /// The extents of the chunks of a variable that is being defined.
    pub fn set_chunks(self, extents: &[u64]) -> Result<()> {
        let extents: Vec<_> = extents.iter().map(|&extent| extent as usize).collect();
        // SAFETY: as many numbers as the variable has dimensions, by whoever defines it.
        check(unsafe { nc::nc_def_var_chunking(self.group.0, self.id, nc::NC_CHUNKED, extents.as_ptr()) })
    }

    /// How a variable that is being defined is compressed.
    pub fn set_deflate(self, level: u8, shuffle: bool) -> Result<()> {
        let (shuffle, level) = (c_int::from(shuffle), c_int::from(level));
        // SAFETY: numbers alone.
        check(unsafe { nc::nc_def_var_deflate(self.group.0, self.id, shuffle, 1, level) })
    }

    /// The values of a region of a variable of type `kind`.
    pub fn read(self, kind: &Kind, start: &[u64], count: &[u64]) -> Result<Raw> {
        let (start, extents) = (sizes(start), sizes(count));
        let cells = extents.iter().try_fold(1usize, |cells, &extent| cells.checked_mul(extent));
        let cells = cells.ok_or(Fault::Memory(usize::MAX))?;
        filled(kind, cells, |memory| {
            if cells == 0 {
                return nc::NC_NOERR;
            }
            // SAFETY: `filled` gives memory for `cells` values of `kind`, which is the variable's.
            unsafe { nc::nc_get_vara(self.group.0, self.id, start.as_ptr(), extents.as_ptr(), memory) }
        })
    }

    /// Writes a region of a variable, whose type is that of the values.
    pub fn write(self, start: &[u64], count: &[u64], values: &Raw) -> Result<()> {
        let cells: u64 = count.iter().product();
        if cells == 0 {
            return Ok(());
        }
        let (start, extents) = (sizes(start), sizes(count));
        with_memory(values, |memory, length| {
            // Not as many values as cells.
            if length as u64 != cells {
                return nc::NC_EEDGE;
            }
            // SAFETY: there is a value for each of the cells.
            unsafe { nc::nc_put_vara(self.group.0, self.id, start.as_ptr(), extents.as_ptr(), memory) }
        })
    }

    /// Sets an attribute.
    pub fn set_attribute(self, name: &str, value: &Raw) -> Result<()> {
        let text = text_of(name.as_bytes())?;
        let number = number_of(&value.kind())?;
        with_memory(value, |memory, length| {
            let (group, id, name) = (self.group.0, self.id, text.as_ptr());
            // SAFETY: a text that ends with a NUL, and `length` values of the type.
            unsafe {
                match value {
                    // Strings go in by their own call, which also takes none.
                    Raw::Texts(_) => nc::nc_put_att_string(group, id, name, length, memory.cast_mut().cast()),
                    _ => nc::nc_put_att(group, id, name, number, length, memory),
                }
            }
        })
    }
}

impl Attribute {
    /// Its values.
    pub fn read(&self) -> Result<Raw> {
        let name = text_of(self.name.as_bytes())?;
        filled(&self.kind, self.length, |memory| {
            // SAFETY: `filled` gives memory for the values that the attribute has.
            unsafe { nc::nc_get_att(self.owner.group.0, self.owner.id, name.as_ptr(), memory) }
        })
    }
}

impl Raw {
    fn kind(&self) -> Kind {
        match self {
            Raw::Numbers(value) => Kind::Number(value.dtype()),
            Raw::Chars(_) => Kind::Char,
            Raw::Texts(_) => Kind::Text,
        }
    }
}

fn number_of(kind: &Kind) -> Result<nc::nc_type> {
    Ok(match kind {
        Kind::Char => nc::NC_CHAR,
        Kind::Text => nc::NC_STRING,
        Kind::Number(DType::I8) => nc::NC_BYTE,
        Kind::Number(DType::I16) => nc::NC_SHORT,
        Kind::Number(DType::I32) => nc::NC_INT,
        Kind::Number(DType::I64) => nc::NC_INT64,
        Kind::Number(DType::U8) => nc::NC_UBYTE,
        Kind::Number(DType::U16) => nc::NC_USHORT,
        Kind::Number(DType::U32) => nc::NC_UINT,
        Kind::Number(DType::U64) => nc::NC_UINT64,
        Kind::Number(DType::F32) => nc::NC_FLOAT,
        Kind::Number(DType::F64) => nc::NC_DOUBLE,
        Kind::Number(_) | Kind::User(..) => return Err(Fault::Library(nc::NC_EBADTYPE)),
    })
}

/// `length` values of `kind`, which `fill` puts at the address that it gets.
fn filled(kind: &Kind, length: usize, fill: impl FnOnce(*mut c_void) -> c_int) -> Result<Raw> {
    macro_rules! numbers {
        ($variant:ident, $rust:ty) => {{
            let mut values: Vec<$rust> = room(length)?;
            check(fill(values.as_mut_ptr().cast()))?;
            Raw::Numbers(Value::$variant(values))
        }};
    }
    Ok(match kind {
        Kind::Number(DType::I8) => numbers!(I8, i8),
        Kind::Number(DType::I16) => numbers!(I16, i16),
        Kind::Number(DType::I32) => numbers!(I32, i32),
        Kind::Number(DType::I64) => numbers!(I64, i64),
        Kind::Number(DType::U8) => numbers!(U8, u8),
        Kind::Number(DType::U16) => numbers!(U16, u16),
        Kind::Number(DType::U32) => numbers!(U32, u32),
        Kind::Number(DType::U64) => numbers!(U64, u64),
        Kind::Number(DType::F32) => numbers!(F32, f32),
        Kind::Number(DType::F64) => numbers!(F64, f64),
        Kind::Char => {
            let mut bytes: Vec<u8> = room(length)?;
            check(fill(bytes.as_mut_ptr().cast()))?;
            Raw::Chars(bytes)
        }
        Kind::Text => {
            let mut strings = Strings(room::<usize>(length)?);
            check(fill(strings.0.as_mut_ptr().cast()))?;
            Raw::Texts(strings.0.iter().map(|&string| bytes_at(string)).collect())
        }
        Kind::Number(_) | Kind::User(..) => return Err(Fault::Library(nc::NC_EBADTYPE)),
    })
}

/// Addresses of strings that libnetcdf has made, 0 where there is none.
struct Strings(Vec<usize>);

impl Drop for Strings {
    fn drop(&mut self) {
        // SAFETY: they are libnetcdf's, or null, and nobody uses them from here on.
        unsafe { nc::nc_free_string(self.0.len(), self.0.as_mut_ptr().cast()) };
    }
}

fn bytes_at(string: usize) -> Vec<u8> {
    let string = string as *const c_char;
    // SAFETY: a string of libnetcdf's, which ends with a NUL, and which `Strings` still has.
    if string.is_null() { Vec::new() } else { unsafe { CStr::from_ptr(string) }.to_bytes().to_vec() }
}

/// Gives `use_it` the address of the values, and how many there are.
fn with_memory(values: &Raw, use_it: impl FnOnce(*const c_void, usize) -> c_int) -> Result<()> {
    check(match values {
        Raw::Chars(bytes) => use_it(bytes.as_ptr().cast(), bytes.len()),
        Raw::Texts(texts) => {
            let texts: Vec<_> = texts.iter().map(|text| text_of(text)).collect::<Result<_>>()?;
            let pointers: Vec<_> = texts.iter().map(|text| text.as_ptr()).collect();
            use_it(pointers.as_ptr().cast(), pointers.len())
        }
        Raw::Numbers(value) => of_numbers!(value,
            numbers => use_it(numbers.as_ptr().cast(), numbers.len()),
            _ => nc::NC_EBADTYPE,
        ),
    })
}

fn room<T: Copy + Default>(length: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    let bytes = length.saturating_mul(size_of::<T>());
    values.try_reserve_exact(length).map_err(|_| Fault::Memory(bytes))?;
    values.resize(length, T::default());
    Ok(values)
}

fn sizes(extents: &[u64]) -> Vec<usize> {
    extents.iter().map(|&extent| extent as usize).collect()
}

/// A list of numbers, which `ask` counts first, and then gives.
fn numbers(mut ask: impl FnMut(*mut c_int, *mut c_int) -> c_int) -> Result<Vec<c_int>> {
    let mut count = 0;
    check(ask(&mut count, null_mut()))?;
    let mut ids = vec![0; count.max(0) as usize];
    check(ask(&mut count, ids.as_mut_ptr()))?;
    Ok(ids)
}

/// A name, which `ask` puts at the address that it gets.
fn name_of(ask: impl FnOnce(*mut c_char) -> c_int) -> Result<String> {
    let mut buffer = vec![0u8; NAME];
    check(ask(buffer.as_mut_ptr().cast()))?;
    let length = buffer.iter().position(|&byte| byte == 0).unwrap_or(buffer.len());
    buffer.truncate(length);
    String::from_utf8(buffer).map_err(|error| Fault::NotText(error.into_bytes()))
}

fn text_of(bytes: &[u8]) -> Result<CString> {
    CString::new(bytes).map_err(|_| Fault::Nul(String::from_utf8_lossy(bytes).into_owned()))
}
