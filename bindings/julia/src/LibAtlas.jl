"""
The C interface, function by function, as `atlas.h` has it: same names, same order of arguments, statuses returned and
not looked at. `atlas.h` says what each function does.

What Julia adds: a `Store` may be passed as a handle, and is then kept alive during the call; a `String` as text; a
`Vector{String}` as a list of texts.
"""
module LibAtlas

using Libdl

# ---- Version ---------------------------------------------------------------------------------------------------------

const ATLAS_VERSION_MAJOR = 0
const ATLAS_VERSION_MINOR = 1
const ATLAS_VERSION_PATCH = 0
const ATLAS_VERSION = 1000

# ---- Status codes ----------------------------------------------------------------------------------------------------

const ATLAS_STATUS_OK = Int32(0)
const ATLAS_STATUS_INVALID_ARGUMENT = Int32(1)
const ATLAS_STATUS_NOT_FOUND = Int32(2)
const ATLAS_STATUS_ALREADY_EXISTS = Int32(3)
const ATLAS_STATUS_TYPE_MISMATCH = Int32(4)
const ATLAS_STATUS_OUT_OF_RANGE = Int32(5)
const ATLAS_STATUS_READ_ONLY = Int32(6)
const ATLAS_STATUS_LOCKED = Int32(7)
const ATLAS_STATUS_BUFFER_TOO_SMALL = Int32(8)
const ATLAS_STATUS_NO_STATS = Int32(9)
const ATLAS_STATUS_UNFLUSHED_CHANGES = Int32(10)
const ATLAS_STATUS_CORRUPT = Int32(11)
const ATLAS_STATUS_UNSUPPORTED = Int32(12)
const ATLAS_STATUS_IO = Int32(13)
const ATLAS_STATUS_NO_SPACE = Int32(14)
const ATLAS_STATUS_CONFLICT = Int32(15)
const ATLAS_STATUS_POISONED = Int32(16)
const ATLAS_STATUS_INVALID_HANDLE = Int32(17)
const ATLAS_STATUS_FORKED = Int32(18)
const ATLAS_STATUS_CANCELLED = Int32(19)
const ATLAS_STATUS_OUT_OF_MEMORY = Int32(20)
const ATLAS_STATUS_INTERNAL = Int32(21)

# ---- Modes -----------------------------------------------------------------------------------------------------------

const ATLAS_MODE_READ = Int32(1)
const ATLAS_MODE_READ_WRITE = Int32(2)

# ---- Element types ---------------------------------------------------------------------------------------------------

const ATLAS_DTYPE_BOOL = Int32(1)
const ATLAS_DTYPE_I8 = Int32(2)
const ATLAS_DTYPE_I16 = Int32(3)
const ATLAS_DTYPE_I32 = Int32(4)
const ATLAS_DTYPE_I64 = Int32(5)
const ATLAS_DTYPE_U8 = Int32(6)
const ATLAS_DTYPE_U16 = Int32(7)
const ATLAS_DTYPE_U32 = Int32(8)
const ATLAS_DTYPE_U64 = Int32(9)
const ATLAS_DTYPE_F16 = Int32(10)
const ATLAS_DTYPE_F32 = Int32(11)
const ATLAS_DTYPE_F64 = Int32(12)
const ATLAS_DTYPE_C64 = Int32(13)
const ATLAS_DTYPE_C128 = Int32(14)
const ATLAS_DTYPE_TIMESTAMP_NS = Int32(15)
const ATLAS_DTYPE_STRING = Int32(16)

# ---- Choices in options ----------------------------------------------------------------------------------------------

const ATLAS_META_FORMAT_DEFAULT = Int32(0)
const ATLAS_META_FORMAT_JSON = Int32(1)
const ATLAS_META_FORMAT_MSGPACK = Int32(2)

const ATLAS_COMPRESSION_DEFAULT = Int32(0)
const ATLAS_COMPRESSION_NONE = Int32(1)
const ATLAS_COMPRESSION_ZSTD = Int32(2)

const ATLAS_CODEC_DEFAULT = Int32(0)
const ATLAS_CODEC_ZSTD = Int32(1)
const ATLAS_CODEC_LZ4 = Int32(2)
const ATLAS_CODEC_NONE = Int32(3)

const ATLAS_FILTER_DEFAULT = Int32(0)
const ATLAS_FILTER_NONE = Int32(1)
const ATLAS_FILTER_DELTA = Int32(2)

const ATLAS_SWITCH_DEFAULT = Int32(0)
const ATLAS_SWITCH_ON = Int32(1)
const ATLAS_SWITCH_OFF = Int32(2)

const ATLAS_IF_EXISTS_DEFAULT = Int32(0)
const ATLAS_IF_EXISTS_FAIL = Int32(1)
const ATLAS_IF_EXISTS_OPEN = Int32(2)
const ATLAS_IF_EXISTS_REPLACE = Int32(3)

const ATLAS_OVERFLOW_DEFAULT = Int32(0)
const ATLAS_OVERFLOW_ERROR = Int32(1)
const ATLAS_OVERFLOW_INFINITY = Int32(2)

const ATLAS_WAIT_FOREVER = typemax(UInt64)

const ATLAS_THREADS_INLINE = Int32(-1)

const ATLAS_KEEP_NONE = Int32(-1)

# ---- Log levels and limits -------------------------------------------------------------------------------------------

const ATLAS_LOG_INFO = Int32(1)
const ATLAS_LOG_WARNING = Int32(2)

const ATLAS_MAX_RANK = 32

# ---- Types -----------------------------------------------------------------------------------------------------------

const atlas_status = Int32
const atlas_store = UInt64
const atlas_mode = Int32
const atlas_dtype = Int32

# Pointers to functions, made by @cfunction.
const atlas_log_fn = Ptr{Cvoid}
const atlas_progress_fn = Ptr{Cvoid}
const atlas_damage_fn = Ptr{Cvoid}

struct atlas_create_options
    struct_size::Csize_t
    meta_format::Int32
    meta_compression::Int32
    codec::Int32
    level::Int32
    shuffle::Int32
    pack::Int32
    sync::Int32
    num_threads::Int32
    cache_bytes::UInt64
    log::atlas_log_fn
    log_data::Ptr{Cvoid}
    progress::atlas_progress_fn
    progress_data::Ptr{Cvoid}
    write_buffer_bytes::UInt64
    keep_generations::Int32
    float_overflow::Int32
    if_exists::Int32
    lock_timeout_ms::UInt64
    filter::Int32
end

struct atlas_open_options
    struct_size::Csize_t
    sync::Int32
    num_threads::Int32
    cache_bytes::UInt64
    log::atlas_log_fn
    log_data::Ptr{Cvoid}
    progress::atlas_progress_fn
    progress_data::Ptr{Cvoid}
    write_buffer_bytes::UInt64
    float_overflow::Int32
    lock_timeout_ms::UInt64
    ticket::Ptr{Cvoid}
    ticket_length::Csize_t
end

struct atlas_store_description
    struct_size::Csize_t
    mode::atlas_mode
    meta_format::Int32
    meta_compression::Int32
    unflushed_changes::Int32
    generation::UInt64
    dataset_count::UInt64
    array_file_count::UInt64
    segment_count::UInt64
    live_bytes::UInt64
    dead_bytes::UInt64
    keep_generations::Int64
end

struct atlas_array_options
    struct_size::Csize_t
    chunk_shape::Ptr{UInt64}
    codec::Int32
    level::Int32
    shuffle::Int32
    pack::Int32
    fill_value::Ptr{Cvoid}
    unlimited::Int32
    filter::Int32
    keep_bits::Int32
end

struct atlas_array_description
    struct_size::Csize_t
    dtype::atlas_dtype
    has_fill_value::Int32
    rank::Csize_t
    shape::NTuple{ATLAS_MAX_RANK,UInt64}
    chunk_shape::NTuple{ATLAS_MAX_RANK,UInt64}
    codec::Int32
    level::Int32
    shuffle::Int32
    pack::Int32
    fill_value::NTuple{16,UInt8}
    unlimited::Int32
    filter::Int32
    keep_bits::Int32
    reserved::Int32
    piece_shape::NTuple{ATLAS_MAX_RANK,UInt64}
end

struct atlas_stats
    row_count::UInt64
    null_count::UInt64
    has_range::Int32
    dtype::atlas_dtype
    min::Float64
    max::Float64
    min_int::Int64
    max_int::Int64
    min_uint::UInt64
    max_uint::UInt64
end

struct atlas_chunk_place
    number::UInt64
    file::UInt64
    offset::UInt64
    stored_len::UInt64
    raw_len::UInt64
    at::UInt64
    len::UInt64
    checksum::UInt64
    codec::Int32
    shuffle::Int32
    delta::Int32
    reserved::Int32
end

struct atlas_session_options
    struct_size::Csize_t
    dataset_count::Csize_t
    datasets::Ptr{Cstring}
    workers::UInt32
end

struct atlas_datetime
    year::Int64
    month::Int32
    day::Int32
    hour::Int32
    minute::Int32
    second::Int32
    nanosecond::Int32
end

"A struct of options with these fields, and the others zero, which is their default."
function options(::Type{T}; fields...) where {T}
    given = (; struct_size=sizeof(T), fields...)
    values = ntuple(fieldcount(T)) do k
        name, F = fieldname(T, k), fieldtype(T, k)
        haskey(given, name) ? convert(F, given[name]) : F <: Ptr ? F(C_NULL) : zero(F)
    end
    extra = setdiff(keys(given), fieldnames(T))
    isempty(extra) || throw(ArgumentError("$T has no field $(first(extra))"))
    return T(values...)
end

"All zeros, which is all defaults, but for the size."
function zeroed(::Type{T}) where {T}
    value = Ref{T}()
    GC.@preserve value begin
        pointer = Base.unsafe_convert(Ptr{T}, value)
        ccall(:memset, Ptr{Cvoid}, (Ptr{Cvoid}, Cint, Csize_t), pointer, 0, sizeof(T))
        unsafe_store!(Ptr{Csize_t}(pointer), sizeof(T))
    end
    return value
end

# ---- Functions -------------------------------------------------------------------------------------------------------

"Where the loaded library has each function; filled by `load`."
const FUNCTIONS = Pair{Symbol,Base.RefValue{Ptr{Cvoid}}}[]

"""
    @c name(argument::Type, ...)::Type

Defines the Julia function that calls the C function of this name.
"""
macro c(declaration)
    call, result = declaration.args
    name = call.args[1]
    arguments = Symbol[argument.args[1] for argument in call.args[2:end]]
    types = Any[argument.args[2] for argument in call.args[2:end]]
    address = Symbol(name, :_address)
    return esc(
        quote
            const $address = Ref{Ptr{Cvoid}}(C_NULL)
            push!(FUNCTIONS, $(QuoteNode(name)) => $address)
            $name($(arguments...)) = ccall($address[], $result, ($(types...),), $(arguments...))
        end,
    )
end

# Stores
@c atlas_create(path::Cstring, options::Ptr{atlas_create_options}, out::Ptr{atlas_store})::atlas_status
@c atlas_open(
    path::Cstring, mode::atlas_mode, options::Ptr{atlas_open_options}, out::Ptr{atlas_store}
)::atlas_status
@c atlas_open_at(
    path::Cstring, generation::UInt64, options::Ptr{atlas_open_options}, out::Ptr{atlas_store}
)::atlas_status
@c atlas_flush(store::atlas_store)::atlas_status
@c atlas_flush_begin(store::atlas_store)::atlas_status
@c atlas_flush_test(store::atlas_store, out::Ptr{Bool})::atlas_status
@c atlas_flush_wait(store::atlas_store)::atlas_status
@c atlas_close(store::atlas_store)::atlas_status
@c atlas_discard(store::atlas_store)::atlas_status
@c atlas_compact(store::atlas_store)::atlas_status
@c atlas_generations(
    store::atlas_store, capacity::Csize_t, generations::Ptr{UInt64}, count::Ptr{Csize_t}
)::atlas_status
@c atlas_set_keep_generations(store::atlas_store, count::Int32)::atlas_status
@c atlas_pin(store::atlas_store, name::Cstring)::atlas_status
@c atlas_unpin(store::atlas_store, name::Cstring)::atlas_status
@c atlas_pin_names(store::atlas_store, buffer::Ptr{UInt8}, capacity::Csize_t, needed::Ptr{Csize_t})::atlas_status
@c atlas_pin_generation(store::atlas_store, name::Cstring, out::Ptr{UInt64})::atlas_status
@c atlas_rollback(store::atlas_store, generation::UInt64)::atlas_status
@c atlas_refresh(store::atlas_store)::atlas_status
@c atlas_wait_for_commit(store::atlas_store, timeout_ms::UInt64, out::Ptr{Bool})::atlas_status
@c atlas_verify(
    store::atlas_store, on_damage::atlas_damage_fn, user_data::Ptr{Cvoid}, damage_count::Ptr{UInt64}
)::atlas_status
@c atlas_store_info(store::atlas_store, out::Ptr{atlas_store_description})::atlas_status

# Datasets
@c atlas_create_dataset(store::atlas_store, dataset::Cstring)::atlas_status
@c atlas_delete_dataset(store::atlas_store, dataset::Cstring)::atlas_status
@c atlas_rename_dataset(store::atlas_store, dataset::Cstring, name::Cstring)::atlas_status
@c atlas_copy_dataset(from::atlas_store, dataset::Cstring, to::atlas_store, name::Cstring)::atlas_status
@c atlas_has_dataset(store::atlas_store, dataset::Cstring, out::Ptr{Bool})::atlas_status
@c atlas_dataset_count(store::atlas_store, out::Ptr{Csize_t})::atlas_status
@c atlas_dataset_names(
    store::atlas_store, buffer::Ptr{UInt8}, capacity::Csize_t, needed::Ptr{Csize_t}
)::atlas_status
@c atlas_dataset_name(
    store::atlas_store, index::Csize_t, buffer::Ptr{UInt8}, capacity::Csize_t, needed::Ptr{Csize_t}
)::atlas_status

# Arrays
@c atlas_define_array(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    dtype::atlas_dtype,
    rank::Csize_t,
    dims::Ptr{Cstring},
    shape::Ptr{UInt64},
    options::Ptr{atlas_array_options},
)::atlas_status
@c atlas_delete_array(store::atlas_store, dataset::Cstring, array::Cstring)::atlas_status
@c atlas_has_array(store::atlas_store, dataset::Cstring, array::Cstring, out::Ptr{Bool})::atlas_status
@c atlas_array_count(store::atlas_store, dataset::Cstring, out::Ptr{Csize_t})::atlas_status
@c atlas_array_names(
    store::atlas_store, dataset::Cstring, buffer::Ptr{UInt8}, capacity::Csize_t, needed::Ptr{Csize_t}
)::atlas_status
@c atlas_array_info(
    store::atlas_store, dataset::Cstring, array::Cstring, out::Ptr{atlas_array_description}
)::atlas_status
@c atlas_array_dims(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    buffer::Ptr{UInt8},
    capacity::Csize_t,
    needed::Ptr{Csize_t},
)::atlas_status
@c atlas_write_array(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    dtype::atlas_dtype,
    rank::Csize_t,
    start::Ptr{UInt64},
    count::Ptr{UInt64},
    strides::Ptr{Int64},
    data::Ptr{Cvoid},
)::atlas_status
@c atlas_read_array(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    dtype::atlas_dtype,
    rank::Csize_t,
    start::Ptr{UInt64},
    count::Ptr{UInt64},
    strides::Ptr{Int64},
    data::Ptr{Cvoid},
)::atlas_status
@c atlas_append_array(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    dtype::atlas_dtype,
    rank::Csize_t,
    count::Ptr{UInt64},
    strides::Ptr{Int64},
    data::Ptr{Cvoid},
)::atlas_status
@c atlas_resize_array(store::atlas_store, dataset::Cstring, array::Cstring, length::UInt64)::atlas_status
@c atlas_extend_array(store::atlas_store, dataset::Cstring, array::Cstring, length::UInt64)::atlas_status
@c atlas_read_across(
    store::atlas_store,
    array::Cstring,
    n::Csize_t,
    datasets::Ptr{Cstring},
    dtype::atlas_dtype,
    rank::Csize_t,
    start::Ptr{UInt64},
    count::Ptr{UInt64},
    data::Ptr{Cvoid},
)::atlas_status

# Arrays of text
@c atlas_write_strings(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    rank::Csize_t,
    start::Ptr{UInt64},
    count::Ptr{UInt64},
    values::Ptr{Cstring},
)::atlas_status
@c atlas_append_strings(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    rank::Csize_t,
    count::Ptr{UInt64},
    values::Ptr{Cstring},
)::atlas_status
@c atlas_read_strings(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    rank::Csize_t,
    start::Ptr{UInt64},
    count::Ptr{UInt64},
    buffer::Ptr{UInt8},
    capacity::Csize_t,
    needed::Ptr{Csize_t},
)::atlas_status
@c atlas_array_fill_text(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    buffer::Ptr{UInt8},
    capacity::Csize_t,
    needed::Ptr{Csize_t},
)::atlas_status

# Attributes. `array`, and then `dataset` too, may be NULL, as `Cstring(C_NULL)`.
@c atlas_set_attribute(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    key::Cstring,
    dtype::atlas_dtype,
    count::Csize_t,
    values::Ptr{Cvoid},
)::atlas_status
@c atlas_get_attribute(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    key::Cstring,
    dtype::atlas_dtype,
    capacity::Csize_t,
    values::Ptr{Cvoid},
    count::Ptr{Csize_t},
)::atlas_status
@c atlas_get_attribute_strings(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    key::Cstring,
    buffer::Ptr{UInt8},
    capacity::Csize_t,
    needed::Ptr{Csize_t},
)::atlas_status
@c atlas_attribute_info(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    key::Cstring,
    dtype::Ptr{atlas_dtype},
    count::Ptr{Csize_t},
)::atlas_status
@c atlas_has_attribute(
    store::atlas_store, dataset::Cstring, array::Cstring, key::Cstring, out::Ptr{Bool}
)::atlas_status
@c atlas_attribute_count(
    store::atlas_store, dataset::Cstring, array::Cstring, out::Ptr{Csize_t}
)::atlas_status
@c atlas_attribute_names(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    buffer::Ptr{UInt8},
    capacity::Csize_t,
    needed::Ptr{Csize_t},
)::atlas_status
@c atlas_delete_attribute(
    store::atlas_store, dataset::Cstring, array::Cstring, key::Cstring
)::atlas_status

# Statistics
@c atlas_array_stats(
    store::atlas_store, dataset::Cstring, array::Cstring, out::Ptr{atlas_stats}
)::atlas_status
@c atlas_chunk_stats(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    rank::Csize_t,
    chunk::Ptr{UInt64},
    out::Ptr{atlas_stats},
)::atlas_status

# Places of chunks
@c atlas_chunk_places(
    store::atlas_store,
    dataset::Cstring,
    array::Cstring,
    capacity::Csize_t,
    places::Ptr{atlas_chunk_place},
    count::Ptr{Csize_t},
    buffer::Ptr{UInt8},
    buffer_capacity::Csize_t,
    needed::Ptr{Csize_t},
    generation::Ptr{UInt64},
)::atlas_status

# Sessions
@c atlas_session_begin(
    store::atlas_store,
    options::Ptr{atlas_session_options},
    buffer::Ptr{Cvoid},
    capacity::Csize_t,
    needed::Ptr{Csize_t},
)::atlas_status
@c atlas_session_end(store::atlas_store)::atlas_status
@c atlas_session_missing(
    store::atlas_store, capacity::Csize_t, workers::Ptr{UInt32}, count::Ptr{Csize_t}
)::atlas_status
@c atlas_open_worker(
    ticket::Ptr{Cvoid},
    length::Csize_t,
    worker::UInt32,
    path::Cstring,
    options::Ptr{atlas_open_options},
    out::Ptr{atlas_store},
)::atlas_status
@c atlas_export(worker::atlas_store, buffer::Ptr{Cvoid}, capacity::Csize_t, needed::Ptr{Csize_t})::atlas_status
@c atlas_renew(worker::atlas_store, ticket::Ptr{Cvoid}, length::Csize_t)::atlas_status
@c atlas_import(
    store::atlas_store, count::Csize_t, exports::Ptr{Ptr{Cvoid}}, lengths::Ptr{Csize_t}
)::atlas_status

# Time
@c atlas_decode_time(
    units::Cstring,
    calendar::Cstring,
    dtype::atlas_dtype,
    values::Ptr{Cvoid},
    count::Csize_t,
    out::Ptr{atlas_datetime},
)::atlas_status
@c atlas_encode_time(
    units::Cstring,
    calendar::Cstring,
    dates::Ptr{atlas_datetime},
    count::Csize_t,
    dtype::atlas_dtype,
    out::Ptr{Cvoid},
)::atlas_status

# Library
@c atlas_last_error()::Ptr{UInt8}
@c atlas_version()::Int32
@c atlas_version_string()::Ptr{UInt8}
@c atlas_status_name(status::atlas_status)::Ptr{UInt8}
@c atlas_dtype_name(dtype::atlas_dtype)::Ptr{UInt8}
@c atlas_dtype_size(dtype::atlas_dtype)::Csize_t

# ---- Loading ---------------------------------------------------------------------------------------------------------

# A library of another minor version has another interface, and says so in its name.
const FILE_NAMES = [
    "libatlas_store.$(Libdl.dlext).$ATLAS_VERSION_MAJOR.$ATLAS_VERSION_MINOR", "libatlas_store.$(Libdl.dlext)"
]

"Where the library is if this package is in the source (bindings/julia) or installed (share/atlas_store/julia)."
function nearby_folders()
    around = dirname(dirname(@__DIR__))
    basename(around) == "bindings" && return [joinpath(dirname(around), "build", "lib")]
    prefix = dirname(dirname(around))
    return [joinpath(prefix, "lib"), joinpath(prefix, "lib64")]
end

"""
The library to load: the environment variable `ATLAS_STORE_LIBRARY`; else the one installed or built beside this
package; else one that the system's loader finds.
"""
function find_library()
    file = get(ENV, "ATLAS_STORE_LIBRARY", "")
    isempty(file) || return file
    for folder in nearby_folders(), name in FILE_NAMES
        file = joinpath(folder, name)
        isfile(file) && return file
    end
    file = Libdl.find_library(FILE_NAMES)
    isempty(file) || return file
    return error(
        "Atlas: no library $(first(FILE_NAMES)) found. ",
        "Install it, or set the environment variable ATLAS_STORE_LIBRARY to its path.",
    )
end

function load(file::AbstractString)
    library = Libdl.dlopen(file)
    for (name, address) in FUNCTIONS
        address[] = Libdl.dlsym(library, name)
    end
    version = atlas_version()
    if version ÷ 1000 != ATLAS_VERSION ÷ 1000
        text = unsafe_string(atlas_version_string())
        error("Atlas: $file is version $text; this package needs $ATLAS_VERSION_MAJOR.$ATLAS_VERSION_MINOR")
    end
    return nothing
end

function __init__()
    load(find_library())
    return nothing
end

end
