/// @file
/// Atlas for C++17 and later, in one header: a store for many named datasets, each a set of named N-dimensional arrays
/// and attributes.
///
///
/// A first look
///
///     atlas::create("run.atlas", [](atlas::Store &store) { // IfExists::replace behind the path: begin anew
///         atlas::Array t = store.create_dataset("jan").define_array<double>("temperature", {"lat", "lon"}, {2, 3});
///         t.write({12.5, 13.0, 13.5, -1.5, 0.0, 1.5});
///         t.attributes().set("units", "degC");
///     }); // everything above becomes durable here, all of it or nothing
///
///     atlas::open("run.atlas", [](atlas::Store &store) {
///         std::vector<double> values = store["jan"]["temperature"].read<double>();
///     });
///
/// The header translates atlas.h and adds no behaviour of its own: durability, readers and writers, names, conversion
/// of types and the meaning of each option are what the first page of atlas.h says. Link with -latlas_store.
///
///
/// Store and views
///
/// Store owns an open store. It moves and does not copy. close() flushes and releases it, and throws when the flush
/// fails; the destructor discards what was not flushed, since it could not report a failure. A destructor that loses
/// changes says so as a warning to the log of the options, or in one line on standard error where the options have
/// none; discard() says nothing, and neither does a destructor that an exception calls. The forms of create() and
/// open() that take a function close the store when the function returns, and discard when it throws.
///
/// Dataset, Array and Attributes are views: the store's number and names, no more. They look nothing up until they are
/// used, may be copied, and stay valid when the Store is moved. Once it is closed their calls fail with
/// Status::invalid_handle.
///
///
/// Memory
///
/// The element type of the memory decides what is read or written: bool, the integers of 8 to 64 bits, Float16, float,
/// double, std::complex of both, Timestamp, and text. It may differ from the array's: see "Memory" in atlas.h.
///
/// An enum, scoped or not, is its underlying type, and so std::byte is std::uint8_t. What is read is not held against
/// the enumerators. char is text, not a number, as compilers differ in whether it has a sign: for bytes use std::byte,
/// std::int8_t or std::uint8_t.
///
/// As the values to write, and to read into, serve
///
///  - a contiguous range in C order (the last index varies fastest): std::vector, std::array, std::span, std::valarray,
///    a C array, ...; it must have as many elements as the region has cells. A range whose data() does not lead to the
///    elements that its iterators give throws Status::invalid_argument; one that has rows and columns in an order that
///    it does not tell is not taken: give it as Strided;
///  - a contiguous range of std::array or C arrays, nested to any depth, such as double[4][3] or
///    std::vector<std::array<float, 3>>; its shape must be the region's;
///  - an mdspan, std:: or other, with any strided layout, so column-major ones too; its shape must be the region's;
///  - what tells its strides as Eigen, xtensor or Armadillo do: matrices in either order, blocks, rows, views, cubes. A
///    matrix must have the region's shape; one of a single dimension, with whatever distance between its elements,
///    serves as a flat range does;
///  - Strided: a pointer and strides, for a field inside its halo and the like. Only here the memory's size is unknown
///    and not checked;
///  - ranges of what is above, nested to any depth, such as std::vector<std::vector<double>>: they are copied into one
///    piece of memory and out of it. All rows must have one shape;
///  - one element, where the region is one cell;
///  - for text, when writing: anything that converts to std::string_view, or any range of that.
///
/// Memory that has a shape may leave out any of the region's extents of 1: `double[ny][nx]` takes the region
/// `{{t, 0, 0}, {1, ny, nx}}`. Strided may leave out their strides, where that leaves no doubt which.
///
///
/// Errors
///
/// Everything that fails throws Error, which has the status and the text; a call that throws has changed nothing. The
/// documentation of each function names the failures of its own; like those of atlas.h, all can also throw
/// Status::invalid_handle, invalid_argument, forked, out_of_memory or internal, and those that need the disk io or
/// corrupt. std::bad_alloc can come from wherever memory is asked for.
///
///
/// Threads
///
/// Any function may be called from any thread, on the same Store or view at the same time; except that closing,
/// discarding, assigning to, moving or destroying a Store needs it for itself, as with any object.
///
///
/// Another namespace
///
/// Where `atlas` is taken, as by ECMWF's library of that name, define ATLAS_CPP_NAMESPACE to another name before
/// including this header, in all of a program or in single files:
///
///     #define ATLAS_CPP_NAMESPACE my::store

#ifndef ATLAS_HPP
#define ATLAS_HPP

#if __cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L)
#error "atlas.hpp needs C++17 or later"
#endif

#include <atlas.h>

#include <array>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// The namespace of everything in this header; `atlas` unless defined before.
#ifndef ATLAS_CPP_NAMESPACE
#define ATLAS_CPP_NAMESPACE atlas
#endif

namespace ATLAS_CPP_NAMESPACE {
// Objects of different versions of this header may meet in one program.
inline namespace v0_1 {

// ---- Constants ------------------------------------------------------------------------------------------------------

/// What a failed call came to; the values of atlas_status. New ones may be added.
enum class Status : std::int32_t {
    ok = ATLAS_STATUS_OK,                               ///< Never in an Error.
    invalid_argument = ATLAS_STATUS_INVALID_ARGUMENT,   ///< Not UTF-8, a bad name, memory that does not fit, ...
    not_found = ATLAS_STATUS_NOT_FOUND,                 ///< No such store, dataset, array or attribute.
    already_exists = ATLAS_STATUS_ALREADY_EXISTS,       ///< The store, dataset or array exists already.
    type_mismatch = ATLAS_STATUS_TYPE_MISMATCH,         ///< The types do not convert.
    out_of_range = ATLAS_STATUS_OUT_OF_RANGE,           ///< A region leaves the array, or a value its type.
    read_only = ATLAS_STATUS_READ_ONLY,                 ///< The store is open for reading only.
    locked = ATLAS_STATUS_LOCKED,                       ///< Another writer has the store; the text says who.
    buffer_too_small = ATLAS_STATUS_BUFFER_TOO_SMALL,   ///< Does not leave this header.
    no_stats = ATLAS_STATUS_NO_STATS,                   ///< The array has changes that are not flushed.
    unflushed_changes = ATLAS_STATUS_UNFLUSHED_CHANGES, ///< The call needs a flushed store.
    corrupt = ATLAS_STATUS_CORRUPT,                     ///< Damage on disk; the text names file and offset.
    unsupported = ATLAS_STATUS_UNSUPPORTED,             ///< Needs a feature that the library lacks.
    io = ATLAS_STATUS_IO,                               ///< The operating system reported an error.
    no_space = ATLAS_STATUS_NO_SPACE,                   ///< The file system is full; the last flush is intact.
    conflict = ATLAS_STATUS_CONFLICT,                   ///< Another writer has committed in between.
    poisoned = ATLAS_STATUS_POISONED,                   ///< A sync to disk failed: reopen the store.
    invalid_handle = ATLAS_STATUS_INVALID_HANDLE,       ///< The store is closed.
    forked = ATLAS_STATUS_FORKED,                       ///< The store was opened before a fork.
    cancelled = ATLAS_STATUS_CANCELLED,                 ///< The progress callback asked to stop.
    out_of_memory = ATLAS_STATUS_OUT_OF_MEMORY,         ///< Memory, or another resource, ran out.
    internal = ATLAS_STATUS_INTERNAL,                   ///< A bug in the library.
};

/// How a store is opened.
enum class Mode : std::int32_t {
    read = ATLAS_MODE_READ,             ///< See one commit; any number of readers, beside a writer.
    read_write = ATLAS_MODE_READ_WRITE, ///< Be the one writer.
};

/// The type of an element, of an array or in memory.
enum class DType : std::int32_t {
    boolean = ATLAS_DTYPE_BOOL,              ///< bool
    i8 = ATLAS_DTYPE_I8,                     ///< std::int8_t
    i16 = ATLAS_DTYPE_I16,                   ///< std::int16_t
    i32 = ATLAS_DTYPE_I32,                   ///< std::int32_t
    i64 = ATLAS_DTYPE_I64,                   ///< std::int64_t
    u8 = ATLAS_DTYPE_U8,                     ///< std::uint8_t
    u16 = ATLAS_DTYPE_U16,                   ///< std::uint16_t
    u32 = ATLAS_DTYPE_U32,                   ///< std::uint32_t
    u64 = ATLAS_DTYPE_U64,                   ///< std::uint64_t
    f16 = ATLAS_DTYPE_F16,                   ///< Float16
    f32 = ATLAS_DTYPE_F32,                   ///< float
    f64 = ATLAS_DTYPE_F64,                   ///< double
    c64 = ATLAS_DTYPE_C64,                   ///< std::complex<float>
    c128 = ATLAS_DTYPE_C128,                 ///< std::complex<double>
    timestamp_ns = ATLAS_DTYPE_TIMESTAMP_NS, ///< Timestamp
    string = ATLAS_DTYPE_STRING,             ///< Text; std::string where a type is named.
};

/// How chunks are compressed.
enum class Codec : std::int32_t {
    zstd = ATLAS_CODEC_ZSTD, ///< With zstd.
    lz4 = ATLAS_CODEC_LZ4,   ///< With LZ4: faster, and larger.
    none = ATLAS_CODEC_NONE, ///< Not at all.
};

/// What is done to elements before they are compressed; nothing is lost.
enum class Filter : std::int32_t {
    none = ATLAS_FILTER_NONE,   ///< Nothing.
    delta = ATLAS_FILTER_DELTA, ///< Each is replaced by its difference to the one before it.
};

/// What becomes of a finite float that the narrower type it is converted to can only round to infinity.
enum class FloatOverflow : std::int32_t {
    error = ATLAS_OVERFLOW_ERROR,       ///< Status::out_of_range, as for an integer that does not fit.
    infinity = ATLAS_OVERFLOW_INFINITY, ///< An infinity of its sign.
};

/// How the store's root is written.
enum class MetaFormat : std::int32_t {
    json = ATLAS_META_FORMAT_JSON,       ///< Readable by eye.
    msgpack = ATLAS_META_FORMAT_MSGPACK, ///< Smaller, and faster to parse.
};

/// How the store's root is compressed.
enum class Compression : std::int32_t {
    none = ATLAS_COMPRESSION_NONE, ///< Not at all.
    zstd = ATLAS_COMPRESSION_ZSTD, ///< With zstd.
};

/// What create() does where there is a store: see the ATLAS_IF_EXISTS_ constants of atlas.h.
enum class IfExists : std::int32_t {
    fail = ATLAS_IF_EXISTS_FAIL,       ///< Throw Status::already_exists.
    open = ATLAS_IF_EXISTS_OPEN,       ///< Open it. What belongs to a store is that of the store that is there.
    replace = ATLAS_IF_EXISTS_REPLACE, ///< Begin anew: the old store stays as it is until the first flush.
};

/// The weight of a message.
enum class LogLevel : std::int32_t {
    info = ATLAS_LOG_INFO,       ///< Worth knowing.
    warning = ATLAS_LOG_WARNING, ///< Worth acting on.
};

/// How long to wait.
using Timeout = std::chrono::milliseconds;

/// For a Timeout: no end.
inline constexpr Timeout wait_forever = (Timeout::max)();

/// For `num_threads` in options: no background threads; all work is done on the calling thread.
inline constexpr int threads_inline = ATLAS_THREADS_INLINE;

/// For `keep_generations` in options: no earlier commits.
inline constexpr int keep_none = ATLAS_KEEP_NONE;

/// The highest rank (number of dimensions) of an array.
inline constexpr std::size_t max_rank = ATLAS_MAX_RANK;

/// A status's name, such as "NOT_FOUND"; "UNKNOWN" for a number that is none.
inline const char *name_of(Status status) noexcept { return atlas_status_name(static_cast<atlas_status>(status)); }

/// A type's short name, such as "f32" or "timestamp_ns"; "unknown" for a number that is none.
inline const char *name_of(DType dtype) noexcept { return atlas_dtype_name(static_cast<atlas_dtype>(dtype)); }

/// The bytes of one element in memory; 0 for DType::string and for a number that is no type.
inline std::size_t size_of(DType dtype) noexcept { return atlas_dtype_size(static_cast<atlas_dtype>(dtype)); }

/// The version of the library: major * 1000000 + minor * 1000 + patch. ATLAS_VERSION is this header's.
inline int version() noexcept { return atlas_version(); }

/// The version of the library as text, such as "0.1.0".
inline const char *version_string() noexcept { return atlas_version_string(); }

// ---- Errors ---------------------------------------------------------------------------------------------------------

/// What every function here throws when it fails. what() is the status's name and the text:
/// "NOT_FOUND: dataset 'feb': ...".
class Error : public std::runtime_error {
  public:
    /// An error with a status and one line that names the thing that failed.
    Error(Status status, const std::string &text)
        : std::runtime_error(name_of(status) + (": " + text)), status_(status),
          prefix_(std::strlen(name_of(status)) + 2) {}

    /// For a program to tell apart.
    Status status() const noexcept { return status_; }

    /// For a person to read: one line, with names and numbers in it. Lives as long as this error.
    const char *text() const noexcept { return what() + prefix_; }

  private:
    Status status_;
    std::size_t prefix_;
};

namespace detail {
/// An integer as another type of integer; none if it does not fit.
template <class To, class From> constexpr std::optional<To> converted(From number) {
    const To to = static_cast<To>(number);
    if (static_cast<From>(to) != number || (to < To{}) != (number < From{})) return std::nullopt;
    return to;
}

[[noreturn]] inline void fail(Status status, const std::string &text) { throw Error(status, text); }

/// Turns what a function of atlas.h returned into an exception.
inline void check(atlas_status status) {
    if (status != ATLAS_STATUS_OK) fail(static_cast<Status>(status), atlas_last_error());
}
} // namespace detail

// ---- Shapes ---------------------------------------------------------------------------------------------------------

/// Up to max_rank numbers, one for each dimension. Made of integers of any kind, `{n, 2 * m}`, or of a range of them;
/// one that does not fit throws Status::invalid_argument, and so do more than max_rank. Never allocates.
template <class T> class PerDimension {
    template <class I>
    static constexpr bool is_integer_ = std::is_integral_v<I> && !std::is_same_v<I, bool> && !std::is_same_v<I, char>;
    template <class R> using Value_ = std::decay_t<decltype(*std::begin(std::declval<const R &>()))>;

  public:
    using value_type = T;              ///< Of one dimension.
    using const_iterator = const T *;  ///< Random access.
    using iterator = const_iterator;   ///< Random access.
    using reference = const T &;       ///< To one dimension's number.
    using const_reference = reference; ///< To one dimension's number.
    using size_type = std::size_t;     ///< Of a count of dimensions.

    /// No dimensions: a scalar's; and where that is said so, "the default".
    PerDimension() = default;

    /// One number for each dimension.
    template <class... I, std::enable_if_t<(sizeof...(I) > 0) && (is_integer_<I> && ...), int> = 0>
    PerDimension(I... numbers) {
        static_assert(sizeof...(I) <= max_rank, "atlas: an array has at most 32 dimensions");
        (add(numbers), ...);
    }

    /// The numbers of a range.
    template <class R, std::enable_if_t<is_integer_<Value_<R>> && !std::is_same_v<R, PerDimension>, int> = 0>
    PerDimension(const R &range) {
        for (const auto number : range) push_back(number);
    }

    /// How many dimensions there are.
    std::size_t size() const noexcept { return size_; }
    /// Whether there are none.
    bool empty() const noexcept { return size_ == 0; }
    /// The first number.
    const T *data() const noexcept { return numbers_.data(); }
    /// The first number.
    const T *begin() const noexcept { return numbers_.data(); }
    /// Past the last.
    const T *end() const noexcept { return numbers_.data() + size_; }
    /// The number of dimension `d`, which must be below size().
    const T &operator[](std::size_t d) const noexcept { return numbers_[d]; }
    /// The number of dimension `d`, which must be below size().
    T &operator[](std::size_t d) noexcept { return numbers_[d]; }

    /// Adds a dimension at the end. Throws Status::invalid_argument if it does not fit.
    template <class I> void push_back(I number) {
        if (size_ == max_rank) detail::fail(Status::invalid_argument, "more than 32 dimensions");
        add(number);
    }

    /// Equal in rank and all numbers.
    friend bool operator==(const PerDimension &a, const PerDimension &b) noexcept {
        if (a.size_ != b.size_) return false;
        for (std::size_t d = 0; d < a.size_; d++)
            if (a[d] != b[d]) return false;
        return true;
    }
    /// Different in rank or a number.
    friend bool operator!=(const PerDimension &a, const PerDimension &b) noexcept { return !(a == b); }

    /// As it is in error texts: "[2, 3]".
    std::string to_string() const {
        std::string text = "[";
        for (std::size_t d = 0; d < size_; d++) text += (d ? ", " : "") + std::to_string(numbers_[d]);
        return text + "]";
    }

  private:
    template <class I> void add(I number) {
        const std::optional<T> fitting = detail::converted<T>(number);
        if (!fitting)
            detail::fail(Status::invalid_argument,
                         std::to_string(number) + (std::is_signed_v<T> ? " is no stride" : " is no extent or index"));
        numbers_[size_++] = *fitting;
    }

    std::array<T, max_rank> numbers_{};
    std::size_t size_ = 0;
};

/// Extents, or the indices of a cell or chunk: in cells, or in chunks.
using Shape = PerDimension<std::uint64_t>;

/// Distances in memory between neighbours along each dimension, in elements. May be negative.
using Strides = PerDimension<std::int64_t>;

/// The number of cells of a shape; 1 without dimensions. Throws Status::invalid_argument if it exceeds 64 bits.
inline std::uint64_t volume(const Shape &shape) {
    std::uint64_t cells = 1;
    bool overflow = false;
    for (const std::uint64_t extent : shape) {
        if (extent == 0) return 0;
        overflow = overflow || cells > (std::numeric_limits<std::uint64_t>::max)() / extent;
        cells *= extent;
    }
    if (overflow) detail::fail(Status::invalid_argument, "shape " + shape.to_string() + " has too many cells");
    return cells;
}

/// A part of an array: `{{2, 0}, {1, 3}}`, or with names `{.start = {2, 0}}`. Without either it is all of the array.
struct Region {
    Shape start{}; ///< The indices of its first cell; none for the origin.
    Shape count{}; ///< Its extents, in cells; none for all from `start` to the end.
};

// ---- Elements -------------------------------------------------------------------------------------------------------

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
    /// The type of the standard library for the same.
    using Point = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

    std::int64_t nanoseconds = 0; ///< Since the epoch.

    /// The epoch.
    Timestamp() = default;
    /// From nanoseconds since the epoch.
    constexpr explicit Timestamp(std::int64_t since_epoch) noexcept : nanoseconds(since_epoch) {}
    /// From the standard library's, if it is not finer.
    template <class Duration, std::enable_if_t<std::is_convertible_v<Duration, std::chrono::nanoseconds>, int> = 0>
    constexpr Timestamp(std::chrono::time_point<std::chrono::system_clock, Duration> point) noexcept
        : nanoseconds(Point(point).time_since_epoch().count()) {}
    /// To the standard library's.
    constexpr Point point() const noexcept { return Point(std::chrono::nanoseconds(nanoseconds)); }

    /// The same time.
    friend constexpr bool operator==(Timestamp a, Timestamp b) noexcept { return a.nanoseconds == b.nanoseconds; }
    /// Another time.
    friend constexpr bool operator!=(Timestamp a, Timestamp b) noexcept { return a.nanoseconds != b.nanoseconds; }
    /// An earlier time.
    friend constexpr bool operator<(Timestamp a, Timestamp b) noexcept { return a.nanoseconds < b.nanoseconds; }
};

/// The bits of an IEEE 754 binary16. Reading into float or double converts.
struct Float16 {
    std::uint16_t bits = 0; ///< Sign, 5 bits of exponent, 10 of fraction.

    /// The same bits.
    friend constexpr bool operator==(Float16 a, Float16 b) noexcept { return a.bits == b.bits; }
    /// Other bits.
    friend constexpr bool operator!=(Float16 a, Float16 b) noexcept { return a.bits != b.bits; }
};

namespace detail {
template <class T> using Bare = std::remove_cv_t<std::remove_reference_t<T>>;
template <class T, class... Ts> inline constexpr bool is_one_of = (std::is_same_v<T, Ts> || ...);
template <class> inline constexpr bool never = false;

constexpr DType of_size(std::size_t size, DType one, DType two, DType four, DType eight) {
    return size == 1 ? one : size == 2 ? two : size == 4 ? four : eight;
}

template <class T> constexpr DType deduce_dtype() {
    if constexpr (std::is_enum_v<T>) {
        return deduce_dtype<std::underlying_type_t<T>>();
    } else if constexpr (std::is_same_v<T, bool>) {
        static_assert(sizeof(T) == 1, "atlas: bool has one byte");
        return DType::boolean;
    } else if constexpr (is_one_of<T, signed char, short, int, long, long long>) {
        return of_size(sizeof(T), DType::i8, DType::i16, DType::i32, DType::i64);
    } else if constexpr (is_one_of<T, unsigned char, unsigned short, unsigned, unsigned long, unsigned long long>) {
        return of_size(sizeof(T), DType::u8, DType::u16, DType::u32, DType::u64);
    } else if constexpr (std::is_same_v<T, float>) {
        return DType::f32;
    } else if constexpr (std::is_same_v<T, double>) {
        return DType::f64;
    } else if constexpr (std::is_same_v<T, Float16>) {
        return DType::f16;
    } else if constexpr (std::is_same_v<T, std::complex<float>>) {
        return DType::c64;
    } else if constexpr (std::is_same_v<T, std::complex<double>>) {
        return DType::c128;
    } else if constexpr (std::is_same_v<T, Timestamp>) {
        return DType::timestamp_ns;
    } else if constexpr (std::is_same_v<T, std::string>) {
        return DType::string;
    } else {
        return DType{};
    }
}

static_assert(sizeof(float) == 4 && std::numeric_limits<float>::is_iec559, "atlas: float is IEEE 754 binary32");
static_assert(sizeof(double) == 8 && std::numeric_limits<double>::is_iec559, "atlas: double is IEEE 754 binary64");
static_assert(sizeof(Timestamp) == 8 && std::is_trivially_copyable_v<Timestamp>, "atlas: Timestamp is an int64_t");
static_assert(sizeof(Float16) == 2 && std::is_trivially_copyable_v<Float16>, "atlas: Float16 is two bytes");
} // namespace detail

/// The type of elements `T`; DType::string for std::string, DType{} if `T` is no element. An enum has that of its
/// underlying type.
///
/// May be specialised for another type that has the bytes of an element:
///
///     template <> inline constexpr atlas::DType atlas::dtype_of<std::float16_t> = atlas::DType::f16;
template <class T> inline constexpr DType dtype_of = detail::deduce_dtype<T>();

/// Whether `T` is the type of an element that has a fixed size: all of DType but text.
template <class T>
inline constexpr bool is_element = (dtype_of<std::remove_cv_t<T>> != DType{}) &&
                                   (dtype_of<std::remove_cv_t<T>> != DType::string) && std::is_trivially_copyable_v<T>;

/// A type as a value: see with_type.
template <class T> struct Type {
    using type = T; ///< The type.
};

/// Calls `f` with Type<T>{} for the `T` of `dtype` (std::string for text) and returns what it returns: for programs
/// that learn the type of an array as they run.
///
///     atlas::with_type(array.info().dtype, [&](auto type) {
///         auto values = array.read<typename decltype(type)::type>();
///     });
///
/// Throws Status::invalid_argument for a number that is no type.
template <class F> decltype(auto) with_type(DType dtype, F &&f) {
    switch (dtype) {
    case DType::boolean: return f(Type<bool>{});
    case DType::i8: return f(Type<std::int8_t>{});
    case DType::i16: return f(Type<std::int16_t>{});
    case DType::i32: return f(Type<std::int32_t>{});
    case DType::i64: return f(Type<std::int64_t>{});
    case DType::u8: return f(Type<std::uint8_t>{});
    case DType::u16: return f(Type<std::uint16_t>{});
    case DType::u32: return f(Type<std::uint32_t>{});
    case DType::u64: return f(Type<std::uint64_t>{});
    case DType::f16: return f(Type<Float16>{});
    case DType::f32: return f(Type<float>{});
    case DType::f64: return f(Type<double>{});
    case DType::c64: return f(Type<std::complex<float>>{});
    case DType::c128: return f(Type<std::complex<double>>{});
    case DType::timestamp_ns: return f(Type<Timestamp>{});
    case DType::string: return f(Type<std::string>{});
    }
    detail::fail(Status::invalid_argument,
                 "type " + std::to_string(static_cast<std::int32_t>(dtype)) + " is none that this header knows");
}

// ---- Text -----------------------------------------------------------------------------------------------------------

/// A name, key or path as an argument: a literal, std::string, std::string_view or std::filesystem::path, UTF-8.
/// Throws Status::invalid_argument for text that holds a NUL.
class Text {
  public:
    /// Text that ends in a NUL.
    Text(const char *text) noexcept : text_(text) {}
    Text(std::nullptr_t) = delete;
    /// A string, not copied.
    Text(const std::string &text) : text_(text.c_str()) { check(text); }
    /// Other text, copied.
    Text(std::string_view text) : owned_(text), text_(owned_.c_str()) { check(text); }
    /// A path, not copied.
    template <class Path, std::enable_if_t<std::is_same_v<typename Path::string_type, std::string>, int> = 0>
    Text(const Path &path) : Text(path.native()) {}
    Text(const Text &) = delete;
    Text &operator=(const Text &) = delete;

    /// The text with a NUL at its end.
    const char *c_str() const noexcept { return text_; }
    /// The text. Throws Status::invalid_argument if it is NULL.
    std::string string() const {
        if (!text_) detail::fail(Status::invalid_argument, "a name is NULL");
        return text_;
    }

  private:
    static void check(std::string_view text) {
        if (text.find('\0') != text.npos) detail::fail(Status::invalid_argument, "a text holds a NUL byte");
    }

    std::string owned_;
    const char *text_;
};

// ---- Time -----------------------------------------------------------------------------------------------------------

/// A date and a time of day in a calendar of the CF conventions. Whether there is such a date, encode_time finds out.
struct DateTime {
    std::int64_t year = 1970;    ///< -1,000,000 to 1,000,000; 0 is the one before 1.
    std::int32_t month = 1;      ///< 1 to 12.
    std::int32_t day = 1;        ///< From 1 on.
    std::int32_t hour = 0;       ///< 0 to 23.
    std::int32_t minute = 0;     ///< 0 to 59.
    std::int32_t second = 0;     ///< 0 to 59.
    std::int32_t nanosecond = 0; ///< 0 to 999,999,999.

  private:
    auto tied_() const noexcept { return std::tie(year, month, day, hour, minute, second, nanosecond); }

  public:
    /// The date of a time of the store or, as Timestamp is made of one, of std::chrono::system_clock; in the proleptic
    /// Gregorian calendar.
    static DateTime of(Timestamp time);

    /// The time of a date of the proleptic Gregorian calendar; its point() is the standard library's. Throws
    /// Status::out_of_range outside the years 1678 to 2261, and Status::invalid_argument if there is no such date.
    Timestamp timestamp() const;

    /// The same date and time.
    friend bool operator==(const DateTime &a, const DateTime &b) noexcept { return a.tied_() == b.tied_(); }
    /// Another date or time.
    friend bool operator!=(const DateTime &a, const DateTime &b) noexcept { return a.tied_() != b.tied_(); }
    /// An earlier one.
    friend bool operator<(const DateTime &a, const DateTime &b) noexcept { return a.tied_() < b.tied_(); }
};

static_assert(sizeof(DateTime) == sizeof(atlas_datetime) && std::is_standard_layout_v<DateTime> &&
                  std::is_trivially_copyable_v<DateTime> &&
                  offsetof(DateTime, nanosecond) == offsetof(atlas_datetime, nanosecond),
              "atlas: DateTime is an atlas_datetime");

// ---- Memory ---------------------------------------------------------------------------------------------------------

/// Memory with strides: the first cell of a region, and for each dimension the distance in elements between
/// neighbours. The owner answers for the memory's size: it is not checked.
///
///     atlas::Strided{&field[halo * pitch + halo], {pitch, 1}}    // the inside of a field with a halo
template <class T> struct Strided {
    T *data;         ///< The region's first cell.
    Strides strides; ///< One for each dimension, in elements; may be negative.
};
/// So that `Strided{pointer, {1}}` needs no type.
template <class T> Strided(T *, Strides) -> Strided<T>;

namespace detail {
template <class T> inline constexpr bool is_strided = false;
template <class T> inline constexpr bool is_strided<Strided<T>> = is_element<T>;

template <class M> constexpr bool deduce_is_mdspan() {
    using T = typename M::element_type;
    using Handle = Bare<decltype(std::declval<const M &>().data_handle())>;
    return M::is_always_strided() && is_element<T> && std::is_same_v<Handle, T *> &&
           std::is_same_v<typename M::reference, T &>;
}

/// An mdspan, std:: or of another library, over plain memory of elements.
template <class M, class = void> inline constexpr bool is_mdspan = false;
template <class M>
inline constexpr bool is_mdspan<
    M, std::void_t<typename M::extents_type, decltype(M::is_always_strided()),
                   decltype(std::declval<const M &>().stride(0)), decltype(std::declval<const M &>().extent(0)),
                   decltype(std::declval<const M &>().data_handle())>> = deduce_is_mdspan<M>();

// Arrays of other libraries, known by their members: none of their headers is needed. A layout gives the first cell and
// the extents and strides, in elements.

template <class P> using IsPointer = std::enable_if_t<std::is_pointer_v<P>>;

/// A class that tells no strides.
template <class V, class = void> struct Layout {
    static constexpr bool known = false;
};

/// As Eigen's matrices, arrays, blocks and maps of memory.
template <class V>
struct Layout<V, std::void_t<decltype(V::IsRowMajor), decltype(V::IsVectorAtCompileTime),
                             decltype(std::declval<V &>().innerStride()), decltype(std::declval<V &>().outerStride()),
                             decltype(std::declval<V &>().rows()), decltype(std::declval<V &>().cols()),
                             IsPointer<decltype(std::declval<V &>().data())>>> {
    static constexpr bool known = true;
    static auto *first(V &values) { return values.data(); }
    static void describe(V &values, Shape &shape, Strides &strides) {
        if constexpr (static_cast<bool>(V::IsVectorAtCompileTime)) {
            shape = {values.size()};
            strides = {values.innerStride()};
        } else {
            shape = {values.rows(), values.cols()};
            if (V::IsRowMajor)
                strides = {values.outerStride(), values.innerStride()};
            else
                strides = {values.innerStride(), values.outerStride()};
        }
    }
};

/// Where a view begins, in elements from data(): not all classes have views that tell it.
template <class V> auto offset_of(V &values, int) -> decltype(static_cast<std::ptrdiff_t>(values.data_offset())) {
    return static_cast<std::ptrdiff_t>(values.data_offset());
}
template <class V> std::ptrdiff_t offset_of(V &, long) { return 0; }

/// As xtensor's containers and views of them.
template <class V>
struct Layout<
    V, std::void_t<decltype(Shape(std::declval<V &>().shape())), decltype(Strides(std::declval<V &>().strides())),
                   IsPointer<decltype(std::declval<V &>().data())>>> {
    static constexpr bool known = true;
    static auto *first(V &values) { return values.data() + offset_of(values, 0); }
    static void describe(V &values, Shape &shape, Strides &strides) {
        shape = Shape(values.shape());
        strides = Strides(values.strides());
    }
};

/// As Armadillo's matrices, vectors and cubes: column-major, one slice after the other.
template <class V>
struct Layout<
    V, std::void_t<decltype(std::declval<V &>().n_rows), decltype(std::declval<V &>().n_cols), decltype(V::is_row),
                   decltype(V::is_col), IsPointer<decltype(std::declval<V &>().memptr())>>> {
    static constexpr bool known = true;
    static auto *first(V &values) { return values.memptr(); }
    static void describe(V &values, Shape &shape, Strides &strides) {
        if constexpr (V::is_row || V::is_col) {
            shape = {values.n_elem};
            strides = {1};
        } else {
            shape = {values.n_rows, values.n_cols};
            strides = Strides(Shape{1, values.n_rows});
        }
    }
};
template <class V>
struct Layout<V, std::void_t<decltype(std::declval<V &>().n_rows), decltype(std::declval<V &>().n_cols),
                             decltype(std::declval<V &>().n_slices), decltype(std::declval<V &>().n_elem_slice),
                             IsPointer<decltype(std::declval<V &>().memptr())>>> {
    static constexpr bool known = true;
    static auto *first(V &values) { return values.memptr(); }
    static void describe(V &values, Shape &shape, Strides &strides) {
        shape = {values.n_rows, values.n_cols, values.n_slices};
        strides = Strides(Shape{1, values.n_rows, values.n_elem_slice});
    }
};

/// Elements in the layout of another library.
template <class V, class = void> inline constexpr bool is_laid_out = false;
template <class V>
inline constexpr bool is_laid_out<V, std::enable_if_t<Layout<V>::known>> =
    is_element<std::remove_pointer_t<decltype(Layout<V>::first(std::declval<V &>()))>>;

/// Rows and columns, of which a pointer to the first element does not tell the order.
template <class V, class = void> inline constexpr bool has_columns = false;
template <class V>
inline constexpr bool
    has_columns<V, std::void_t<decltype(std::declval<V &>().rows()), decltype(std::declval<V &>().cols())>> = true;
template <class V, class = void> inline constexpr bool has_columns_as_members = false;
template <class V>
inline constexpr bool
    has_columns_as_members<V, std::void_t<decltype(std::declval<V &>().n_rows), decltype(std::declval<V &>().n_cols)>> =
        true;

/// Elements inside elements: `rank` further dimensions of `element`s.
template <class T> struct Nested {
    using element = T;
    static constexpr std::size_t rank = 0;
    static void extents(Shape &) {}
};
template <class T, std::size_t n> struct Nested<T[n]> {
    using element = typename Nested<T>::element;
    static constexpr std::size_t rank = Nested<T>::rank + 1;
    static void extents(Shape &shape) {
        shape.push_back(n);
        Nested<T>::extents(shape);
    }
};
template <class T, std::size_t n> struct Nested<const T[n]> : Nested<T[n]> {
    using element = const typename Nested<T>::element;
};
template <class T, std::size_t n> struct Nested<std::array<T, n>> : Nested<T[n]> {
    static_assert(sizeof(std::array<T, n>) == sizeof(T[n]), "atlas: std::array has no padding");
};
template <class T, std::size_t n> struct Nested<const std::array<T, n>> : Nested<const T[n]> {};
template <class T> struct Nested<std::array<T, 0>> { // has no T[0], and no elements
    using element = std::array<T, 0>;
    static constexpr std::size_t rank = 0;
    static void extents(Shape &) {}
};
template <class T> struct Nested<const std::array<T, 0>> : Nested<std::array<T, 0>> {};

namespace range {
using std::begin;
using std::end;

template <class R> auto first(R &range) -> decltype(begin(range)) { return begin(range); }
template <class R> auto last(R &range) -> decltype(end(range)) { return end(range); }

/// The pointer to a contiguous range: from its data(), if its iterators give the same elements, or because its
/// iterators are pointers, as a valarray's are.
template <class R>
auto pointer(R &range, int) -> std::enable_if_t<std::is_same_v<decltype(*begin(range)), decltype(*std::data(range))>,
                                                decltype(std::data(range))> {
    return std::data(range);
}
template <class R>
auto pointer(R &range, long) -> std::enable_if_t<std::is_pointer_v<decltype(begin(range))>, decltype(begin(range))> {
    return begin(range);
}
template <class R> auto size(R &range, int) -> decltype(static_cast<std::size_t>(std::size(range))) {
    return static_cast<std::size_t>(std::size(range));
}
template <class R> auto size(R &range, long) -> decltype(static_cast<std::size_t>(end(range) - begin(range))) {
    return static_cast<std::size_t>(end(range) - begin(range));
}

/// Whether iterators of this type give one element after the other, as the type alone tells.
template <class I> constexpr bool is_contiguous_iterator() {
#if defined(__cpp_lib_concepts) && __cpp_lib_concepts >= 202002L
    return std::contiguous_iterator<I>;
#else
    return std::is_pointer_v<I>;
#endif
}
template <class R> inline constexpr bool is_of_std = false;
template <class T, class A> inline constexpr bool is_of_std<std::vector<T, A>> = true;
template <class T, std::size_t n> inline constexpr bool is_of_std<std::array<T, n>> = true;

/// Fails unless the iterators of `range` give the `size` elements at `data`, in their order: each is looked at, except
/// where the type tells that they do.
template <class R, class T> void check(R &range, T *data, std::size_t size) {
    if (size == 0) return;
    auto iterator = begin(range);
    if constexpr (is_of_std<std::remove_cv_t<R>>) {
        return;
    } else if constexpr (is_contiguous_iterator<decltype(iterator)>()) {
        if (std::addressof(*iterator) == data) return;
    } else {
        std::size_t same = 0;
        for (; same < size && std::addressof(*iterator) == data + same; ++iterator) same++;
        if (same == size) return;
    }
    fail(Status::invalid_argument, "the range of " + std::to_string(size) +
                                       " values is not contiguous: its data() does not lead to the elements that its "
                                       "iterators give; give it as Strided");
}
} // namespace range

/// What a contiguous range holds, const if it is; void if `R` is none.
template <class R, class = void> struct Contiguous {
    using item = void;
};
template <class R>
struct Contiguous<
    R, std::void_t<decltype(range::pointer(std::declval<R &>(), 0)), decltype(range::size(std::declval<R &>(), 0))>> {
    using item = std::remove_pointer_t<decltype(range::pointer(std::declval<R &>(), 0))>;
};

template <class R, class = void> inline constexpr bool is_contiguous = false;
template <class R>
inline constexpr bool is_contiguous<R, std::enable_if_t<!std::is_void_v<typename Contiguous<R>::item>>> =
    is_element<typename Nested<typename Contiguous<R>::item>::element> && !Layout<R>::known && !has_columns<R> &&
    !has_columns_as_members<R>;

/// A flat range of elements, not nested.
template <class R, class = void> inline constexpr bool is_flat = false;
template <class R>
inline constexpr bool is_flat<R, std::enable_if_t<is_contiguous<R>>> = is_element<typename Contiguous<R>::item>;

template <class R> inline constexpr bool is_bits = std::is_same_v<Bare<R>, std::vector<bool>>;

template <class T>
inline constexpr bool is_text =
    std::is_convertible_v<const T &, std::string_view> && !std::is_same_v<Bare<T>, std::nullptr_t>;

template <class R, class = void> inline constexpr bool is_texts = false;
template <class R>
inline constexpr bool
    is_texts<R, std::enable_if_t<!is_text<R> && is_text<Bare<decltype(*range::first(std::declval<R &>()))>>>> = true;

template <class T> std::string_view text_of(const T &text) {
    if constexpr (std::is_pointer_v<T>)
        if (static_cast<const char *>(text) == nullptr) fail(Status::invalid_argument, "a text is NULL");
    return text;
}

/// Texts in the form that C takes them.
class TextList {
  public:
    template <class R> explicit TextList(R &&range) {
        if constexpr (is_text<Bare<R>>)
            add(text_of(range));
        else
            for (auto &&text : range) add(text_of(text));
        const char *text = bytes_.data();
        for (std::size_t length : lengths_) {
            pointers_.push_back(text);
            text += length + 1;
        }
    }
    const char *const *data() const noexcept { return pointers_.data(); }
    std::size_t size() const noexcept { return pointers_.size(); }

  private:
    void add(std::string_view text) {
        if (text.find('\0') != text.npos)
            fail(Status::invalid_argument, "text " + std::to_string(lengths_.size()) + " holds a NUL byte");
        bytes_.append(text).push_back('\0');
        lengths_.push_back(text.size());
    }

    std::string bytes_;
    std::vector<std::size_t> lengths_;
    std::vector<const char *> pointers_;
};

/// The list of texts that `call(buffer, capacity, &needed)` gives. `guess` bytes are tried at first.
template <class Call> std::vector<std::string> texts_from(std::size_t guess, const Call &call) {
    std::string bytes(guess, '\0');
    std::size_t needed = 0;
    atlas_status status;
    // More than twice only if the list grows between two calls.
    while ((status = call(bytes.data(), bytes.size(), &needed)) == ATLAS_STATUS_BUFFER_TOO_SMALL) bytes.resize(needed);
    check(status);
    std::vector<std::string> texts;
    for (std::size_t at = 0; at < needed; at += texts.back().size() + 1) texts.emplace_back(bytes.data() + at);
    return texts;
}

/// Most tickets and exports have no more.
inline constexpr std::size_t session_bytes = 65536;

/// The elements that `call(buffer, capacity, &count)` gives. A buffer of `guess` of them is tried at first.
template <class T, class Call> std::vector<T> list_from(std::size_t guess, const Call &call) {
    std::vector<T> list(guess);
    std::size_t count = 0;
    atlas_status status;
    while ((status = call(list.data(), list.size(), &count)) == ATLAS_STATUS_BUFFER_TOO_SMALL) list.resize(count);
    check(status);
    list.resize(count);
    return list;
}

/// The one text that `call(buffer, capacity, &needed)` gives.
template <class Call> std::string text_from(const Call &call) { return std::move(texts_from(256, call).front()); }

/// bools next to each other, which std::vector<bool> has not.
class Bools {
  public:
    explicit Bools(std::size_t size) : memory_(new bool[size]()), size_(size) {}
    explicit Bools(const std::vector<bool> &bits) : Bools(bits.size()) {
        for (std::size_t i = 0; i < size_; i++) memory_[i] = bits[i];
    }
    bool *data() noexcept { return memory_.get(); }
    const bool *data() const noexcept { return memory_.get(); }
    std::size_t size() const noexcept { return size_; }
    bool *begin() noexcept { return memory_.get(); }
    bool *end() noexcept { return memory_.get() + size_; }
    const bool *begin() const noexcept { return memory_.get(); }
    const bool *end() const noexcept { return memory_.get() + size_; }

  private:
    std::unique_ptr<bool[]> memory_;
    std::size_t size_;
};

/// As many `T`s as a region has cells.
template <class T> using Values = std::conditional_t<std::is_same_v<T, bool>, Bools, std::vector<T>>;

template <class T> std::vector<T> to_vector(Values<T> &&values) {
    if constexpr (std::is_same_v<T, bool>)
        return std::vector<bool>(values.begin(), values.end());
    else
        return std::move(values);
}

inline std::size_t to_size(std::uint64_t cells) {
    // the most that a std::vector of the largest element, of 16 bytes, can hold
    if (cells > static_cast<std::size_t>((std::numeric_limits<std::ptrdiff_t>::max)()) / 16)
        fail(Status::out_of_memory, "the region is too large");
    return static_cast<std::size_t>(cells);
}

/// The caller's memory: a flat run of `cells` elements, `step` apart; or of a `shape`, with strides or without; or only
/// strides.
template <class Pointer> struct Memory {
    DType dtype{};
    Pointer data{};
    bool flat = false, shaped = false, strided = false;
    std::uint64_t cells = 0;
    std::int64_t step = 1;
    Shape shape{};
    Strides strides{};

    const std::int64_t *stride_pointer() const noexcept { return strided ? strides.data() : nullptr; }

    /// Fails unless a region of extents `count` is what this memory holds. Dimensions that it leaves out are put in,
    /// and a flat run whose elements are apart gets its strides.
    void fit(const Shape &count) {
        if (flat && cells != volume(count)) misfit(std::to_string(cells) + " values", count);
        if (shaped && shape != count)
            widen_shape(count);
        else if (strided && strides.size() != count.size())
            widen_strides(count);
        if (flat && step != 1) {
            strided = true;
            strides = strides_of(count, step);
        }
    }

    /// The same, and fails unless the cells lie one after the other in C order.
    void fit_contiguous(const Shape &count) {
        fit(count);
        if (!strided) return;
        const Strides contiguous = strides_of(count, 1);
        for (std::size_t d = 0; d < count.size(); d++)
            if (count[d] > 1 && strides[d] != contiguous[d] && volume(count) > 0)
                fail(Status::invalid_argument,
                     "memory of strides " + strides.to_string() + " where it must be contiguous in C order");
    }

    /// The strides of cells in C order that are `step` elements apart; zeros if there are none.
    static Strides strides_of(const Shape &count, std::int64_t step) {
        std::array<std::int64_t, max_rank> distances{};
        std::int64_t distance = volume(count) == 0 ? 0 : step;
        for (std::size_t d = count.size(); d-- > 0;) {
            distances[d] = distance;
            distance *= static_cast<std::int64_t>(count[d]);
        }
        Strides all;
        for (std::size_t d = 0; d < count.size(); d++) all.push_back(distances[d]);
        return all;
    }

  private:
    [[noreturn]] static void misfit(const std::string &what, const Shape &count, const char *hint = "") {
        fail(Status::invalid_argument, what + " for a region of shape " + count.to_string() + hint);
    }

    /// Puts in the extents of 1 that `count` has more than the shape. Which of several is all the same: nothing steps
    /// along them.
    void widen_shape(const Shape &count) {
        Strides wider;
        std::size_t found = 0;
        for (const std::uint64_t extent : count) {
            const bool has = found < shape.size() && shape[found] == extent;
            if (!has && extent != 1) break;
            wider.push_back(has && strided ? strides[found] : 0);
            found += has ? 1 : 0;
        }
        if (wider.size() != count.size() || found != shape.size())
            misfit("memory of shape " + shape.to_string(), count,
                   shape.size() > count.size() ? ": memory may have fewer dimensions, not more" : "");
        shape = count;
        if (strided) strides = wider;
    }

    /// Puts in strides for extents of 1, if those that are there are then those of the other extents however it is
    /// done.
    void widen_strides(const Shape &count) {
        std::size_t ones = 0, before = 0;
        for (const std::uint64_t extent : count) ones += extent == 1 ? 1 : 0;
        if (strides.size() > count.size() || count.size() - strides.size() > ones)
            misfit("strides " + strides.to_string(), count);
        const std::size_t missing = count.size() - strides.size();
        Strides wider;
        for (std::size_t d = 0; d < count.size(); d++) {
            if (count[d] == 1) {
                before++;
                wider.push_back(0);
                continue;
            }
            // how many of the missing ones lie before this dimension
            const std::size_t after = ones - before, least = missing > after ? missing - after : 0;
            if (least != (before < missing ? before : missing))
                misfit("strides " + strides.to_string(), count,
                       ": give one for each dimension, as which extent of 1 has none is in doubt");
            wider.push_back(strides[d - least]);
        }
        strides = wider;
    }
};

template <class T> using PointerTo = std::conditional_t<std::is_const_v<T>, const void *, void *>;

/// Describes the caller's memory. `V` is const if it may not be written to.
template <class V> auto memory_of(V &values) {
    if constexpr (is_element<V>) {
        Memory<PointerTo<V>> memory{dtype_of<std::remove_cv_t<V>>, &values};
        memory.flat = true;
        memory.cells = 1;
        return memory;
    } else if constexpr (is_strided<std::remove_cv_t<V>>) {
        using T = std::remove_pointer_t<decltype(values.data)>;
        Memory<PointerTo<T>> memory{dtype_of<std::remove_cv_t<T>>, values.data};
        memory.strided = true;
        memory.strides = values.strides;
        return memory;
    } else if constexpr (is_mdspan<std::remove_cv_t<V>>) {
        using T = typename V::element_type;
        Memory<PointerTo<T>> memory{dtype_of<std::remove_cv_t<T>>, values.data_handle()};
        memory.shaped = memory.strided = true;
        for (std::size_t d = 0; d < V::rank(); d++) {
            memory.shape.push_back(values.extent(static_cast<typename V::rank_type>(d)));
            memory.strides.push_back(values.stride(static_cast<typename V::rank_type>(d)));
        }
        return memory;
    } else if constexpr (is_laid_out<V>) {
        auto *const first = Layout<V>::first(values);
        using T = std::remove_pointer_t<std::remove_const_t<decltype(first)>>;
        Memory<PointerTo<T>> memory{dtype_of<std::remove_cv_t<T>>, first};
        Layout<V>::describe(values, memory.shape, memory.strides);
        if (memory.shape.size() <= 1) {
            memory.flat = true;
            memory.cells = volume(memory.shape);
            if (memory.cells > 1) memory.step = memory.strides[0];
        } else {
            memory.shaped = memory.strided = true;
        }
        return memory;
    } else {
        using Item = typename Contiguous<V>::item;
        using T = typename Nested<Item>::element;
        const std::size_t size = range::size(values, 0);
        Memory<PointerTo<T>> memory{dtype_of<std::remove_cv_t<T>>, range::pointer(values, 0)};
        range::check(values, range::pointer(values, 0), size);
        if constexpr (Nested<Item>::rank == 0) {
            memory.flat = true;
            memory.cells = size;
        } else {
            memory.shaped = true;
            memory.shape.push_back(size);
            Nested<Item>::extents(memory.shape);
        }
        return memory;
    }
}

template <class V>
inline constexpr bool is_memory = is_element<V> || is_strided<std::remove_cv_t<V>> || is_mdspan<std::remove_cv_t<V>> ||
                                  is_laid_out<V> || is_contiguous<V>;

// Ranges whose elements are memory in turn, and lie wherever they do.

/// What the iterators of a range lead to, const if it is.
template <class R> using Row = std::remove_reference_t<decltype(*range::first(std::declval<R &>()))>;

template <class V> constexpr bool deduce_is_rows();
template <class V, class = void> inline constexpr bool is_rows = false;
template <class V>
inline constexpr bool is_rows<V, std::void_t<Row<V>, typename std::iterator_traits<decltype(range::first(
                                                         std::declval<V &>()))>::iterator_category>> =
    deduce_is_rows<V>();

template <class V> constexpr bool deduce_is_rows() {
    using Iterator = decltype(range::first(std::declval<V &>()));
    using Category = typename std::iterator_traits<Iterator>::iterator_category;
    if constexpr (is_memory<V> || is_bits<V> || is_text<V> || is_texts<V> || has_columns<V> ||
                  has_columns_as_members<V> || std::is_same_v<Bare<Row<V>>, Bare<V>> ||
                  !std::is_base_of_v<std::forward_iterator_tag, Category>)
        return false;
    else
        return is_bits<Row<V>> || is_rows<Row<V>> ||
               (is_memory<Row<V>> && !is_element<Row<V>> && !is_strided<std::remove_cv_t<Row<V>>>);
}

/// The element of memory, as a Type.
template <class V> constexpr auto element_of() {
    if constexpr (is_bits<V>)
        return Type<bool>{};
    else if constexpr (is_rows<V>)
        return element_of<Row<V>>();
    else if constexpr (is_mdspan<std::remove_cv_t<V>>)
        return Type<std::remove_cv_t<typename V::element_type>>{};
    else if constexpr (is_laid_out<V>)
        return Type<Bare<decltype(*Layout<V>::first(std::declval<V &>()))>>{};
    else
        return Type<std::remove_cv_t<typename Nested<typename Contiguous<V>::item>::element>>{};
}

/// Calls `f` with each cell of a range of rows, in C order.
template <class R, class F> void for_each_cell(R &rows, const F &f) {
    if constexpr (is_bits<R>) {
        for (auto &&bit : rows) f(bit);
    } else if constexpr (is_rows<R>) {
        for (auto &&row : rows) for_each_cell(row, f);
    } else {
        auto memory = memory_of(rows);
        using T = typename decltype(element_of<R>())::type;
        using Cell = std::conditional_t<std::is_same_v<decltype(memory.data), void *>, T, const T>;
        auto *const data = static_cast<Cell *>(memory.data);
        const Shape shape = memory.flat ? Shape{memory.cells} : memory.shape;
        const Strides strides = memory.strided ? memory.strides : memory.strides_of(shape, memory.step);
        const std::uint64_t cells = volume(shape);
        Shape cell;
        while (cell.size() < shape.size()) cell.push_back(0);
        std::ptrdiff_t at = 0;
        for (std::uint64_t k = 0; k < cells; k++) {
            f(data[at]);
            for (std::size_t d = shape.size(); d-- > 0;) {
                at += static_cast<std::ptrdiff_t>(strides[d]);
                if (++cell[d] < shape[d]) break;
                at -= static_cast<std::ptrdiff_t>(strides[d]) * static_cast<std::ptrdiff_t>(cell[d]);
                cell[d] = 0;
            }
        }
    }
}

/// The cells of a range of rows, copied into one piece of memory.
template <class T> class Gathered {
  public:
    /// Fails unless all rows have one shape.
    template <class R> explicit Gathered(R &rows) : shape_(shape_of(rows)), values_(to_size(volume(shape_))) {
        T *to = values_.data();
        for_each_cell(rows, [&](const auto &cell) { *to++ = cell; });
    }
    /// Copies them back.
    template <class R> void give(R &rows) const {
        const T *from = values_.data();
        for_each_cell(rows, [&](auto &&cell) { cell = *from++; });
    }

    /// The memory. Without cells it is flat: what no rows have for a shape is not known.
    Memory<void *> memory() {
        Memory<void *> memory{dtype_of<T>, values_.data()};
        memory.flat = values_.size() == 0;
        memory.shaped = !memory.flat;
        memory.shape = shape_;
        return memory;
    }

  private:
    template <class R> static Shape shape_of(R &rows) {
        Shape shape;
        measure(rows, shape, {});
        return shape;
    }
    template <class R> static void measure(R &rows, Shape &shape, const Shape &at) {
        if constexpr (is_bits<R>) {
            agree(shape, at, at.size(), rows.size());
        } else if constexpr (is_rows<R>) {
            agree(shape, at, at.size(),
                  static_cast<std::uint64_t>(std::distance(range::first(rows), range::last(rows))));
            Shape inner = at;
            inner.push_back(0);
            for (auto &&row : rows) {
                measure(row, shape, inner);
                inner[at.size()]++;
            }
        } else {
            const auto memory = memory_of(rows);
            const Shape extents = memory.flat ? Shape{memory.cells} : memory.shape;
            for (std::size_t d = 0; d < extents.size(); d++) agree(shape, at, at.size() + d, extents[d]);
        }
    }
    static void agree(Shape &shape, const Shape &at, std::size_t d, std::uint64_t extent) {
        if (d == shape.size())
            shape.push_back(extent);
        else if (shape[d] != extent)
            fail(Status::invalid_argument, "the rows differ in shape: row " + at.to_string() + " has " +
                                               std::to_string(extent) + " where the first has " +
                                               std::to_string(shape[d]));
    }

    Shape shape_;
    Values<T> values_;
};
template <class R> Gathered(R &) -> Gathered<typename decltype(element_of<R>())::type>;

template <class T> Memory<void *> memory_of(Gathered<T> &gathered) { return gathered.memory(); }

template <class V> constexpr bool deduce_is_target() {
    if constexpr (is_bits<V>)
        return !std::is_const_v<V>;
    else if constexpr (is_memory<V>)
        return std::is_same_v<decltype(memory_of(std::declval<V &>()).data), void *>;
    else if constexpr (is_rows<V>)
        return std::is_lvalue_reference_v<decltype(*range::first(std::declval<V &>()))> && deduce_is_target<Row<V>>();
    else
        return false;
}

/// What is not taken: the compiler names it in the error.
namespace refused {
/// An element that is a char, or memory of them.
template <class V, class = void> inline constexpr bool has_chars = std::is_same_v<std::remove_cv_t<V>, char>;
template <class V>
inline constexpr bool has_chars<V, std::enable_if_t<!is_text<V> && !std::is_same_v<Bare<Row<V>>, Bare<V>>>> =
    has_chars<Row<V>>;
template <class T> inline constexpr bool has_chars<Strided<T>, void> = has_chars<T>;

template <class Given> struct Chars {
    static_assert(!has_chars<Given>,
                  "atlas: char is text, not a number: for bytes use std::byte, std::int8_t or std::uint8_t");
};
template <class Given> struct ByWrite : Chars<Given> {
    static_assert(never<Given>, "atlas: write and append take an element, a contiguous range of elements, a range of "
                                "those, Strided, an mdspan, a class that tells its strides, text or a range of text");
};
template <class Given> struct ByReadInto : Chars<Given> {
    static_assert(!is_memory<Given> && !is_rows<Given> && !is_bits<Given>,
                  "atlas: read_into needs memory that is not const");
    static_assert(is_memory<Given> || is_rows<Given> || is_bits<Given>,
                  "atlas: read_into takes an element, a contiguous range of elements, a range of those, Strided, an "
                  "mdspan or a class that tells its strides");
};
template <class Given> struct ByReadAcrossInto {
    static_assert(never<Given>, "atlas: read_across_into takes a contiguous range of elements that are not const");
};
template <class Given> struct AsElement : Chars<Given> {
    static_assert(never<Given>, "atlas: an element is bool, an integer, an enum, Float16, float, double, "
                                "std::complex of both, Timestamp and, but for read_across, std::string");
};
template <class Given> struct AsAttribute : Chars<Given> {
    static_assert(never<Given>,
                  "atlas: an attribute is an element, text, a contiguous range of elements, or a range of text");
};
template <class Given> struct ByDecodeTime : Chars<Given> {
    static_assert(never<Given>, "atlas: times are a contiguous range of integers, float, double or Timestamp");
};
template <class Given> struct ByGet : Chars<Given> {
    static_assert(never<Given>, "atlas: get gives an element, std::string, or a std::vector of either");
};
} // namespace refused

/// Fails to compile unless an array can have elements `T`.
template <class T> constexpr void check_type() {
    if constexpr (!is_element<T> && !std::is_same_v<T, std::string>) (void)refused::AsElement<T>{};
}
} // namespace detail

/// Whether Array::write and Array::append take a `V`.
template <class V>
inline constexpr bool is_source =
    detail::is_memory<std::remove_reference_t<V>> || detail::is_bits<V> ||
    detail::is_text<std::remove_reference_t<V>> || detail::is_texts<std::remove_reference_t<V>> ||
    detail::is_rows<std::remove_reference_t<V>>;

/// Whether Array::read_into takes a `V`.
template <class V> inline constexpr bool is_target = detail::deduce_is_target<std::remove_reference_t<V>>();

#if defined(__cpp_concepts) && __cpp_concepts >= 201907L
/// The type of an element that has a fixed size.
template <class T>
concept Element = is_element<T>;
/// What Array::write and Array::append take.
template <class V>
concept Source = is_source<V>;
/// What Array::read_into takes.
template <class V>
concept Target = is_target<V>;
#endif

// ---- Numbers that mean times ----------------------------------------------------------------------------------------

namespace detail {
/// The elements of a list without a shape, one after the other: where they lie, or a copy if they lie apart.
template <class R> class List {
    using Value = typename decltype(element_of<const R>())::type;

  public:
    explicit List(const R &list) {
        auto memory = memory_of(list);
        if (!memory.flat)
            fail(Status::invalid_argument, "a list is needed, not values of shape " + memory.shape.to_string());
        size_ = to_size(memory.cells);
        data_ = static_cast<const Value *>(memory.data);
        if (memory.step == 1) return;
        Value *to = copy_.emplace(size_).data();
        data_ = to;
        for_each_cell(list, [&](const auto &value) { *to++ = value; });
    }
    List(const List &) = delete;
    const Value *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

  private:
    std::optional<Values<Value>> copy_{};
    const Value *data_ = nullptr;
    std::size_t size_ = 0;
};

/// A list that has no shape.
template <class R> inline constexpr bool is_list = is_flat<const R> || is_laid_out<const R>;
} // namespace detail

/// The dates that numbers with CF's `units` and `calendar` mean: atlas_decode_time.
///
///     std::vector<atlas::DateTime> dates = atlas::decode_time(hours, "hours since 1900-01-01", "noleap");
///
/// `values` is a contiguous range, or a row that tells its stride, of integers, float or double; or of Timestamp, where
/// units and calendar are "". Throws Status::out_of_range for NaN, infinity and years that there are not,
/// invalid_argument or unsupported for what is not understood, type_mismatch for another type.
template <class R> std::vector<DateTime> decode_time(const R &values, const Text &units, const Text &calendar = "") {
    if constexpr (detail::is_list<R>) {
        const detail::List<R> list(values);
        std::vector<DateTime> dates(list.size());
        using T = detail::Bare<decltype(*list.data())>;
        detail::check(atlas_decode_time(units.c_str(), calendar.c_str(), static_cast<atlas_dtype>(dtype_of<T>),
                                        list.data(), dates.size(),
                                        static_cast<atlas_datetime *>(static_cast<void *>(dates.data()))));
        return dates;
    } else {
        (void)detail::refused::ByDecodeTime<R>{};
    }
}

/// The numbers of type `T` that mean dates: atlas_encode_time, the other way of decode_time.
///
///     std::vector<double> hours = atlas::encode_time<double>(dates, "hours since 1900-01-01", "noleap");
///
/// `dates` is a contiguous range of DateTime. Throws Status::invalid_argument for what is no date of the calendar,
/// out_of_range for other years and where no integer of the type means it; else as decode_time.
template <class T, class R> std::vector<T> encode_time(const R &dates, const Text &units, const Text &calendar = "") {
    static_assert(std::is_same_v<detail::Bare<decltype(*std::data(dates))>, DateTime>, "atlas: dates are of DateTime");
    static_assert(is_element<T> && !std::is_same_v<T, bool>, "atlas: times are integers, float, double or Timestamp");
    std::vector<T> values(std::size(dates));
    detail::range::check(dates, std::data(dates), values.size());
    detail::check(atlas_encode_time(units.c_str(), calendar.c_str(),
                                    static_cast<const atlas_datetime *>(static_cast<const void *>(std::data(dates))),
                                    values.size(), static_cast<atlas_dtype>(dtype_of<T>), values.data()));
    return values;
}

inline DateTime DateTime::of(Timestamp time) { return decode_time(std::array<Timestamp, 1>{time}, "")[0]; }
inline Timestamp DateTime::timestamp() const { return encode_time<Timestamp>(std::array<DateTime, 1>{*this}, "")[0]; }

// ---- Options and descriptions ---------------------------------------------------------------------------------------

/// Takes a message: one line, valid during the call. Runs on a thread that is inside a call on the store or destroys
/// it, and must not call this library. What it throws is dropped.
using Log = std::function<void(LogLevel level, std::string_view message)>;

/// Takes a report: `done` of `total` steps of `what`. Returns true to go on, false to cancel. Runs on the thread that
/// is inside Store::compact or Store::verify, and must not call this library. What it throws cancels too, and comes out
/// of that call.
using Progress = std::function<bool(std::string_view what, std::uint64_t done, std::uint64_t total)>;

/// Options of create(). What is not set has its default.
struct CreateOptions {
    std::optional<MetaFormat> meta_format{};       ///< How the root is written. Default: JSON.
    std::optional<Compression> meta_compression{}; ///< How the root is compressed. Default: not.
    std::optional<Codec> codec{};                  ///< For arrays that do not choose their own. Default: zstd.
    int level = 0;                                 ///< The codec's level, likewise; 0 for the default, 1 for zstd.
    std::optional<bool> shuffle{};                 ///< Shuffle the bytes of elements, likewise. Default: yes.
    std::optional<Filter> filter{};                ///< What is done before that, likewise. Default: nothing.
    std::optional<bool> pack{};    ///< Compress small chunks together with others, likewise. Default: yes.
    int keep_generations = 0;      ///< Earlier commits that are kept, or keep_none; 0 for the default: see atlas.h.
    std::optional<bool> sync{};    ///< Flush waits for the disk. Default: yes.
    int num_threads = 0;           ///< Background threads, or threads_inline; 0 for the default: see atlas.h.
    std::uint64_t cache_bytes = 0; ///< Bytes kept for later reads; 0 for the default, 64 MiB.
    std::uint64_t write_buffer_bytes = 0;          ///< Bytes of written values in memory; 0 for the default, 256 MiB.
    std::optional<FloatOverflow> float_overflow{}; ///< Floats that a narrower type does not have. Default: an error.
    Log log{};                                     ///< Called with messages. Default: none; see also "Store and views".
    Progress progress{};                           ///< Called during compact and verify. Default: none.
    IfExists if_exists = IfExists::fail;           ///< What is done where there is a store.
    Timeout lock_timeout{};                        ///< How long to wait for another writer to end. Default: not at all.
};

/// A ticket of a session, or what a worker has exported: see Store::session_begin. It travels as it is.
using Bytes = std::vector<std::byte>;

/// Options of open() and open_worker(). What is not set has its default.
struct OpenOptions {
    std::optional<std::uint64_t> generation{}; ///< The commit to read: see Store::generations. Default: the last.
    std::optional<bool> sync{};                ///< Flush waits for the disk. Default: yes.
    int num_threads = 0;                  ///< Background threads, or threads_inline; 0 for the default: see atlas.h.
    std::uint64_t cache_bytes = 0;        ///< Bytes kept for later reads; 0 for the default, 64 MiB.
    std::uint64_t write_buffer_bytes = 0; ///< Bytes of written values in memory; 0 for the default, 256 MiB.
    std::optional<FloatOverflow> float_overflow{}; ///< As in CreateOptions.
    Log log{};                                     ///< Called with messages. Default: none; see also "Store and views".
    Progress progress{};                           ///< Called during compact and verify. Default: none.
    Timeout lock_timeout{};                        ///< How long to wait for another writer to end. Default: not at all.
    /// A ticket of a session whose store is gone: with Mode::read_write the session goes on with this one, and the
    /// files of its workers stay. Default: none.
    Bytes ticket{};
};

/// Options of Store::session_begin. What is not set has its default.
struct SessionOptions {
    std::vector<std::string> datasets{}; ///< The datasets that workers are told of. Default: all.
    std::uint32_t workers = 0;           ///< How many there will be, numbered from 0 on. 0: it is not known.
};

/// Options of Dataset::define_array for elements `T`. What is not set has its default.
template <class T> struct ArrayOptions {
    Shape chunk_shape{};           ///< Extents of a chunk, in cells, each at least 1. Default: see atlas.h.
    std::optional<Codec> codec{};  ///< Default: the store's.
    int level = 0;                 ///< The codec's level; 0 for the default, the store's.
    std::optional<bool> shuffle{}; ///< Shuffle the bytes of elements. Default: as the store.
    std::optional<Filter> filter{}; ///< What is done before that. Default: as the store.
    int keep_bits = 0; ///< Bits of the mantissa that are kept of floats that are written: see atlas.h. 0: all.
    std::optional<bool> pack{};    ///< Compress small chunks together with others: see atlas.h. Default: as the store.
    std::optional<T> fill_value{}; ///< Stands for "missing"; what was never written reads as it. Default: none, zero.
    std::optional<bool>
        unlimited{}; ///< Writes past the end of dimension 0 make it grow. Default: where it begins at 0.
};

/// A store, as Store::info describes it.
struct StoreInfo {
    Mode mode{};                      ///< How it is open.
    MetaFormat meta_format{};         ///< How the root is written.
    Compression meta_compression{};   ///< How the root is compressed.
    bool unflushed_changes = false;   ///< Whether anything changed since the last flush.
    std::uint64_t generation = 0;     ///< The commit that is seen: 1 after create(), one more with every commit.
    std::uint64_t dataset_count = 0;  ///< Datasets, unflushed ones included.
    std::uint64_t array_file_count{}; ///< Array names with data on disk.
    std::uint64_t segment_count = 0;  ///< Segment files.
    std::uint64_t live_bytes = 0;     ///< Bytes on disk that belong to living arrays.
    std::uint64_t dead_bytes = 0;     ///< Bytes on disk that Store::compact would give back.
    std::int64_t keep_generations{};  ///< Earlier commits that are kept, as in CreateOptions.
};

/// An array, as Array::info describes it.
struct ArrayInfo {
    DType dtype{};               ///< The type of its elements.
    Shape shape{};               ///< Its extents, in cells.
    Shape chunk_shape{};         ///< The extents of a chunk, in cells.
    Shape piece_shape{};         ///< Those of the pieces that a chunk is stored in, each compressed by itself.
    Codec codec{};               ///< How chunks are compressed.
    int level = 0;               ///< The codec's level.
    bool shuffle = false;        ///< Whether the bytes of elements are shuffled.
    Filter filter{};             ///< What is done to elements before that.
    int keep_bits = 0;           ///< Bits of the mantissa that are kept of floats that are written; 0: all.
    bool pack = false;           ///< Whether small chunks may be compressed together with others.
    bool has_fill_value = false; ///< Whether it has a fill value: see Array::fill_value.
    bool unlimited = false;      ///< Whether writes past the end of dimension 0 make it grow.
};

/// An attribute, as Attributes::info describes it.
struct AttributeInfo {
    DType dtype{};         ///< The type of its values.
    std::size_t count = 0; ///< How many values it has.
};

/// Statistics of an array or of a chunk, as of the last flush.
template <class T> struct Stats {
    std::uint64_t row_count = 0;  ///< Cells of the shape.
    std::uint64_t null_count = 0; ///< Cells equal to the fill value, never-written ones included; 0 without one.
    std::optional<T> min{};       ///< The smallest value, nulls and NaN left out; none if nothing is left.
    std::optional<T> max{};       ///< The largest value, likewise.
};

/// A pin, as Store::pins lists it.
struct Pin {
    std::string name;             ///< Its name.
    std::uint64_t generation = 0; ///< The commit that it names.
};

/// Where one piece of a chunk lies, ArrayInfo::piece_shape of it: see ChunkPlaces.
struct ChunkPlace {
    std::uint64_t number = 0;     ///< The piece's indices in the grid of pieces, counted in C order.
    std::size_t file = 0;         ///< Its place in ChunkPlaces::files.
    std::uint64_t offset = 0;     ///< Where in the file the block begins.
    std::uint64_t stored_len = 0; ///< Bytes of the block in the file.
    std::uint64_t raw_len = 0;    ///< Bytes of the block when decoded.
    std::uint64_t at = 0;         ///< Where in the decoded block the piece begins.
    std::uint64_t len = 0;        ///< Bytes of the piece.
    /// CRC-32C of the block in the file; none where it stands behind the block, as a little-endian u32.
    std::optional<std::uint32_t> checksum{};
    Codec codec{};                ///< How the block is compressed.
    int shuffle = 1;              ///< Bytes of the elements whose bytes were shuffled; 1 where they were not.
    int delta = 0;                ///< Bytes of the elements that are differences; 0 where they are themselves.
};

/// Where the stored chunks of an array lie, as Array::chunk_places tells.
struct ChunkPlaces {
    std::uint64_t generation = 0;     ///< The commit whose chunks these are.
    std::vector<std::string> files{}; ///< Paths from the store's folder on.
    std::vector<ChunkPlace> places{}; ///< By the pieces' numbers.
};

/// A damaged place, as Store::verify reports it.
struct Damage {
    std::string file;         ///< The file's path.
    std::uint64_t offset = 0; ///< In bytes from the file's start.
    std::string message;      ///< What is wrong there.
};

namespace detail {
template <class E> std::int32_t code(const std::optional<E> &choice) {
    return choice ? static_cast<std::int32_t>(*choice) : 0;
}
inline std::uint64_t code(Timeout timeout) {
    if (timeout == wait_forever) return ATLAS_WAIT_FOREVER;
    return timeout.count() > 0 ? static_cast<std::uint64_t>(timeout.count()) : 0;
}
inline std::int32_t code(const std::optional<bool> &choice) {
    return !choice ? ATLAS_SWITCH_DEFAULT : *choice ? ATLAS_SWITCH_ON : ATLAS_SWITCH_OFF;
}

/// The caller's functions, at an address that stays while the store is open.
struct Callbacks {
    Log log;
    Progress progress;
    std::string path; ///< Of the store.

    /// What a progress function threw on this thread.
    static std::exception_ptr &thrown() noexcept {
        thread_local std::exception_ptr exception;
        return exception;
    }
    /// Makes a call that reports progress.
    template <class Call> static atlas_status watch(const Call &call) {
        thrown() = nullptr;
        const atlas_status status = call();
        if (thrown()) std::rethrow_exception(std::exchange(thrown(), nullptr));
        return status;
    }

    static void on_log(std::int32_t level, const char *message, void *self) noexcept {
        try {
            static_cast<Callbacks *>(self)->log(static_cast<LogLevel>(level), message);
        } catch (...) { // a message must not turn what was done into a failure
        }
    }
    static std::int32_t on_progress(const char *what, std::uint64_t done, std::uint64_t total, void *self) noexcept {
        try {
            return static_cast<Callbacks *>(self)->progress(what, done, total) ? 0 : 1;
        } catch (...) {
            thrown() = std::current_exception();
            return 1;
        }
    }

    /// Says that a store is destroyed with changes that were not flushed.
    void warn_of_loss() noexcept {
        try {
            const std::string message =
                "store " + path + ": the changes since the last flush are discarded: it was not closed";
            if (log)
                log(LogLevel::warning, message);
            else
                std::fprintf(stderr, "atlas: %s\n", message.c_str());
        } catch (...) { // there is nobody to tell
        }
    }

    /// Puts the functions into the options of atlas.h.
    template <class Options> void put_into(Options &options) {
        if (log) {
            options.log = on_log;
            options.log_data = this;
        }
        if (progress) {
            options.progress = on_progress;
            options.progress_data = this;
        }
    }
};

/// Options as C takes them, which refer to those.
inline atlas_open_options code(const OpenOptions &options, Callbacks &callbacks) {
    atlas_open_options raw{};
    raw.struct_size = sizeof raw;
    raw.sync = code(options.sync);
    raw.num_threads = options.num_threads;
    raw.cache_bytes = options.cache_bytes;
    raw.write_buffer_bytes = options.write_buffer_bytes;
    raw.float_overflow = code(options.float_overflow);
    raw.lock_timeout_ms = code(options.lock_timeout);
    raw.ticket = options.ticket.data();
    raw.ticket_length = options.ticket.size();
    callbacks.put_into(raw);
    return raw;
}

/// Whose store, dataset and array a call is about.
struct Place {
    atlas_store store;
    const char *dataset, *array;

    atlas_array_description describe() const {
        atlas_array_description description{};
        description.struct_size = sizeof description;
        detail::check(atlas_array_info(store, dataset, array, &description));
        return description;
    }

    Shape shape() const {
        const atlas_array_description description = describe();
        Shape shape;
        for (std::size_t d = 0; d < description.rank; d++) shape.push_back(description.shape[d]);
        return shape;
    }

    [[noreturn]] void fail(Status status, const std::string &text) const {
        detail::fail(status, std::string("array '") + array + "' of dataset '" + dataset + "': " + text);
    }

    /// Runs a check of arguments; an Error gets the array's name.
    template <class F> decltype(auto) named(F &&f) const {
        try {
            return f();
        } catch (const Error &error) {
            fail(error.status(), error.text());
        }
    }

    /// The extents of a region. They are passed on even where the library could work them out itself: the array may
    /// grow from another thread after they were compared with the caller's memory.
    Shape count_of(const Region &region) const {
        if (!region.count.empty()) {
            if (!region.start.empty()) same_rank(region, region.count);
            return region.count;
        }
        Shape count = shape();
        if (region.start.empty()) return count;
        same_rank(region, count);
        for (std::size_t d = 0; d < count.size(); d++) {
            if (region.start[d] > count[d])
                fail(Status::out_of_range,
                     "start " + region.start.to_string() + " is outside of shape " + shape().to_string());
            count[d] -= region.start[d];
        }
        return count;
    }

    void same_rank(const Region &region, const Shape &other) const {
        if (region.start.size() != other.size())
            fail(Status::invalid_argument,
                 "start " + region.start.to_string() + " and shape " + other.to_string() + " differ in rank");
    }
};

/// A dimension more, in front.
template <class T> PerDimension<T> prepend(T first, const PerDimension<T> &rest) {
    PerDimension<T> all{first};
    for (const T number : rest) all.push_back(number);
    return all;
}

inline const std::uint64_t *start_of(const Region &region) {
    return region.start.empty() ? nullptr : region.start.data();
}

/// The smallest or largest value in the form that is exact for its type.
template <class T> T exact(DType dtype, std::int64_t as_signed, std::uint64_t as_unsigned) {
    if constexpr (std::is_same_v<T, bool>) {
        if (dtype == DType::boolean) return as_signed != 0;
    } else if constexpr (std::is_same_v<T, Timestamp>) {
        if (dtype == DType::timestamp_ns) return Timestamp(as_signed);
    } else {
        static_assert(std::is_integral_v<T>, "atlas: statistics are of real numbers, bool or Timestamp");
        const bool has_sign = (dtype >= DType::i8 && dtype <= DType::i64) || dtype == DType::timestamp_ns;
        const bool has_none = dtype >= DType::u8 && dtype <= DType::u64;
        if (has_none || (has_sign && std::is_signed_v<T>)) {
            const std::optional<T> value = has_sign ? converted<T>(as_signed) : converted<T>(as_unsigned);
            if (!value) fail(Status::out_of_range, "the smallest or largest value does not fit the type asked for");
            return *value;
        }
    }
    fail(Status::type_mismatch,
         std::string("statistics of ") + name_of(dtype) + " do not convert to the type asked for");
}

template <class T> Stats<T> to_stats(const atlas_stats &raw) {
    Stats<T> stats;
    stats.row_count = raw.row_count;
    stats.null_count = raw.null_count;
    if (raw.has_range == 0) return stats;
    const DType dtype = static_cast<DType>(raw.dtype);
    if constexpr (std::is_floating_point_v<T>) {
        stats.min = static_cast<T>(raw.min);
        stats.max = static_cast<T>(raw.max);
    } else {
        stats.min = exact<T>(dtype, raw.min_int, raw.min_uint);
        stats.max = exact<T>(dtype, raw.max_int, raw.max_uint);
    }
    return stats;
}

template <class T> struct IsVector : std::false_type {};
template <class T> struct IsVector<std::vector<T>> : std::true_type {
    using Value = T;
};
} // namespace detail

// ---- Attributes -----------------------------------------------------------------------------------------------------

/// The attributes of a store, of a dataset or of an array: a view. All functions fail with Status::not_found if there
/// is no such dataset or array.
class Attributes {
  public:
    /// Sets an attribute to one value or a list, replacing an earlier value whatever its type. The type is kept
    /// exactly.
    ///
    /// `value` is an element, text, a contiguous range of elements, or a range of text. Throws Status::read_only.
    template <class Value> void set(const Text &key, const Value &value) const {
        if constexpr (detail::is_bits<Value>) {
            set(key, detail::Bools(value));
        } else if constexpr (detail::is_text<Value> || detail::is_texts<Value>) {
            const detail::TextList texts(value);
            put(key, DType::string, texts.size(), texts.data());
        } else if constexpr (is_element<Value>) {
            put(key, dtype_of<Value>, 1, &value);
        } else if constexpr (detail::is_list<Value>) {
            if (const auto memory = detail::memory_of(value); !memory.flat)
                detail::fail(Status::invalid_argument, "attribute '" + key.string() +
                                                           "' is a list, not values of shape " +
                                                           memory.shape.to_string());
            const detail::List<Value> list(value);
            put(key, dtype_of<detail::Bare<decltype(*list.data())>>, list.size(), list.data());
        } else {
            (void)detail::refused::AsAttribute<Value>{};
        }
    }

    /// Sets an attribute to a list: `set("valid_range", {0.0, 1.0})`. Throws Status::read_only.
    template <class T> void set(const Text &key, std::initializer_list<T> values) const {
        set<std::initializer_list<T>>(key, values);
    }

    /// Gives an attribute as a `T`: an element, std::string, or a std::vector of either for a list of any length.
    /// Numbers are converted: see "Memory" in atlas.h.
    ///
    /// Throws Status::not_found, type_mismatch (also if one value is asked for and there are none or several),
    /// out_of_range, or unsupported for text that holds a NUL, which only other languages can write.
    template <class T> [[nodiscard]] T get(const Text &key) const {
        if constexpr (std::is_same_v<T, std::string>) {
            std::vector<std::string> texts = get_texts(key);
            if (texts.size() != 1) not_one(key, texts.size());
            return std::move(texts.front());
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
            return get_texts(key);
        } else if constexpr (is_element<T>) {
            T value{};
            std::size_t count = 0;
            const atlas_status status = take(key, dtype_of<T>, 1, &value, &count);
            if (status == ATLAS_STATUS_BUFFER_TOO_SMALL || (status == ATLAS_STATUS_OK && count == 0))
                not_one(key, count);
            detail::check(status);
            return value;
        } else if constexpr (detail::IsVector<T>::value) {
            using Value = typename detail::IsVector<T>::Value;
            if constexpr (is_element<Value>) {
                detail::Values<Value> values(8);
                std::size_t count = 0;
                atlas_status status;
                while ((status = take(key, dtype_of<Value>, values.size(), values.data(), &count)) ==
                       ATLAS_STATUS_BUFFER_TOO_SMALL)
                    values = detail::Values<Value>(count);
                detail::check(status);
                T list = detail::to_vector<Value>(std::move(values));
                list.resize(count);
                return list;
            } else {
                (void)detail::refused::ByGet<T>{};
            }
        } else {
            (void)detail::refused::ByGet<T>{};
        }
    }

    /// Tells an attribute's type and number of values. Throws Status::not_found.
    [[nodiscard]] AttributeInfo info(const Text &key) const {
        atlas_dtype dtype = 0;
        AttributeInfo info;
        detail::check(atlas_attribute_info(store_, dataset(), array(), key.c_str(), &dtype, &info.count));
        info.dtype = static_cast<DType>(dtype);
        return info;
    }

    /// Tells whether there is an attribute of this name.
    [[nodiscard]] bool has(const Text &key) const {
        bool has = false;
        detail::check(atlas_has_attribute(store_, dataset(), array(), key.c_str(), &has));
        return has;
    }

    /// Counts the attributes.
    [[nodiscard]] std::size_t count() const {
        std::size_t count = 0;
        detail::check(atlas_attribute_count(store_, dataset(), array(), &count));
        return count;
    }

    /// Lists the names of the attributes, in the order in which they were first set.
    [[nodiscard]] std::vector<std::string> names() const {
        return detail::texts_from(256, [&](char *buffer, std::size_t capacity, std::size_t *needed) {
            return atlas_attribute_names(store_, dataset(), array(), buffer, capacity, needed);
        });
    }

    /// Deletes an attribute. Throws Status::not_found or read_only.
    void erase(const Text &key) const {
        detail::check(atlas_delete_attribute(store_, dataset(), array(), key.c_str()));
    }

  private:
    friend class Array;
    friend class Dataset;
    friend class Store;
    Attributes(atlas_store store, std::optional<std::string> dataset, std::optional<std::string> array)
        : store_(store), dataset_(std::move(dataset)), array_(std::move(array)) {}

    const char *dataset() const noexcept { return dataset_ ? dataset_->c_str() : nullptr; }
    const char *array() const noexcept { return array_ ? array_->c_str() : nullptr; }

    void put(const Text &key, DType dtype, std::size_t count, const void *values) const {
        detail::check(atlas_set_attribute(store_, dataset(), array(), key.c_str(), static_cast<atlas_dtype>(dtype),
                                          count, values));
    }

    atlas_status take(const Text &key, DType dtype, std::size_t capacity, void *values, std::size_t *count) const {
        return atlas_get_attribute(store_, dataset(), array(), key.c_str(), static_cast<atlas_dtype>(dtype), capacity,
                                   values, count);
    }

    std::vector<std::string> get_texts(const Text &key) const {
        return detail::texts_from(256, [&](char *buffer, std::size_t capacity, std::size_t *needed) {
            return atlas_get_attribute_strings(store_, dataset(), array(), key.c_str(), buffer, capacity, needed);
        });
    }

    [[noreturn]] void not_one(const Text &key, std::size_t count) const {
        detail::fail(Status::type_mismatch, "attribute '" + key.string() + "' of " +
                                                (array_ ? "array '" + *array_ + "' of " : std::string()) +
                                                (dataset_ ? "dataset '" + *dataset_ + "'" : "the store") + " has " +
                                                std::to_string(count) + " values, not one");
    }

    atlas_store store_;
    std::optional<std::string> dataset_;
    std::optional<std::string> array_;
};

// ---- Arrays ---------------------------------------------------------------------------------------------------------

/// An array of a dataset: a view. All functions fail with Status::not_found if there is no such dataset or array.
class Array {
  public:
    /// Its name.
    const std::string &name() const noexcept { return array_; }
    /// The name of its dataset.
    const std::string &dataset_name() const noexcept { return dataset_; }

    /// Its type, shape, chunks, codec.
    [[nodiscard]] ArrayInfo info() const {
        const atlas_array_description raw = place().describe();
        ArrayInfo info;
        info.dtype = static_cast<DType>(raw.dtype);
        for (std::size_t d = 0; d < raw.rank; d++) {
            info.shape.push_back(raw.shape[d]);
            info.chunk_shape.push_back(raw.chunk_shape[d]);
            info.piece_shape.push_back(raw.piece_shape[d]);
        }
        info.codec = static_cast<Codec>(raw.codec);
        info.level = raw.level;
        info.shuffle = raw.shuffle == ATLAS_SWITCH_ON;
        info.filter = static_cast<Filter>(raw.filter);
        info.keep_bits = raw.keep_bits;
        info.pack = raw.pack == ATLAS_SWITCH_ON;
        info.unlimited = raw.unlimited == ATLAS_SWITCH_ON;
        info.has_fill_value = raw.has_fill_value != 0;
        return info;
    }

    /// Its extents, in cells.
    [[nodiscard]] Shape shape() const { return place().shape(); }

    /// The names of its dimensions, as many as its rank.
    [[nodiscard]] std::vector<std::string> dims() const {
        return detail::texts_from(256, [&](char *buffer, std::size_t capacity, std::size_t *needed) {
            return atlas_array_dims(store_, dataset_.c_str(), array_.c_str(), buffer, capacity, needed);
        });
    }

    /// Its fill value, none if it has none. Throws Status::type_mismatch unless its elements are exactly of type `T`
    /// (std::string for text).
    template <class T> [[nodiscard]] std::optional<T> fill_value() const {
        detail::check_type<T>();
        const atlas_array_description raw = place().describe();
        const DType dtype = static_cast<DType>(raw.dtype);
        if (dtype != dtype_of<T>)
            place().fail(Status::type_mismatch,
                         std::string("its elements are ") + name_of(dtype) + ", not " + name_of(dtype_of<T>));
        if (raw.has_fill_value == 0) return std::nullopt;
        if constexpr (std::is_same_v<T, std::string>) {
            return detail::text_from([&](char *buffer, std::size_t capacity, std::size_t *needed) {
                return atlas_array_fill_text(store_, dataset_.c_str(), array_.c_str(), buffer, capacity, needed);
            });
        } else {
            static_assert(sizeof(T) <= sizeof raw.fill_value, "atlas: T is an element");
            T value;
            std::memcpy(static_cast<void *>(&value), raw.fill_value, sizeof value);
            return value;
        }
    }

    /// Writes a region, the whole array by default. Later reads see it at once; a flush makes it durable. The values
    /// are copied: the memory is the caller's again when this returns.
    ///
    /// `values` is one of the forms under "Memory" above, and must have as many cells as the region. Throws
    /// Status::invalid_argument if it has not, out_of_range if the region leaves the array or a value does not fit the
    /// array's type, type_mismatch, read_only, no_space or io; the array is then as it was.
    template <class V> void write(V &&values, const Region &region = {}) const { write_values(values, region); }

    /// Writes a region from a list: `write({1.0, 2.0}, {{4}, {2}})`. Throws as the other form.
    template <class T> void write(std::initializer_list<T> values, const Region &region = {}) const {
        write_values(values, region);
    }

    /// Reads a region, the whole array by default, in C order. `T` is an element, converted to from the array's type,
    /// or std::string.
    ///
    /// Throws Status::out_of_range if the region leaves the array or a value does not fit `T`, type_mismatch, corrupt
    /// or io; for text that holds a NUL, which only other languages can write, unsupported.
    template <class T> [[nodiscard]] std::vector<T> read(const Region &region = {}) const {
        detail::check_type<T>();
        const Shape count = place().count_of(region);
        const std::size_t cells = detail::to_size(volume(count));
        if constexpr (std::is_same_v<T, std::string>) {
            const std::size_t guess = cells < 65536 ? 16 * cells : 1048576;
            return detail::texts_from(guess, [&](char *buffer, std::size_t capacity, std::size_t *needed) {
                return atlas_read_strings(store_, dataset_.c_str(), array_.c_str(), count.size(),
                                          detail::start_of(region), count.data(), buffer, capacity, needed);
            });
        } else {
            detail::Values<T> values(cells);
            read_memory(values, {region.start, count});
            return detail::to_vector<T>(std::move(values));
        }
    }

    /// Reads a region, the whole array by default, into the caller's memory.
    ///
    /// `values` is one of the forms under "Memory" above, and must have as many cells as the region; it is not resized.
    /// What lies between strides is not touched. Throws Status::invalid_argument if it has not, and as read().
    template <class V> void read_into(V &&values, const Region &region = {}) const {
        using Values = std::remove_reference_t<V>;
        if constexpr (!is_target<V>) {
            (void)detail::refused::ByReadInto<Values>{};
        } else if constexpr (detail::is_bits<V>) {
            detail::Bools bools(values.size());
            read_memory(bools, region);
            values.assign(bools.begin(), bools.end());
        } else if constexpr (detail::is_rows<Values>) {
            auto gathered = place().named([&] { return detail::Gathered(values); });
            read_memory(gathered, region);
            gathered.give(values);
        } else {
            read_memory(values, region);
        }
    }

    /// Gives dimension 0 the extent `length`, in cells. Cells that it loses are gone; those that it gets read as the
    /// fill value, even where they were there before.
    ///
    /// Throws Status::not_found, invalid_argument for a scalar or more cells than an array can have, read_only, corrupt
    /// or io; the array is then as it was.
    void resize(std::uint64_t length) const {
        detail::check(atlas_resize_array(store_, dataset_.c_str(), array_.c_str(), length));
    }

    /// Gives dimension 0 an extent of at least `length`; where it has that, does nothing. Many workers of a session can
    /// do it, where only one can append. Throws as resize().
    void extend(std::uint64_t length) const {
        detail::check(atlas_extend_array(store_, dataset_.c_str(), array_.c_str(), length));
    }

    /// Appends along dimension 0: grows it by `count[0]` and writes the new cells. From many threads each append lands
    /// whole, in some order.
    ///
    /// `values` is one of the forms under "Memory" above. `count` has the extents of what is appended, in cells; all
    /// but the first equal the array's. Without it values without a shape are as many rows as they fill; and memory
    /// that has a shape, of fewer dimensions than the array, is one row, and so is Strided of one dimension less. Other
    /// Strided needs a count.
    ///
    /// Throws Status::invalid_argument if the values do not fit `count` or fill no number of rows, and as write(); the
    /// array is then as it was.
    template <class V> void append(V &&values, const Shape &count = {}) const { append_values(values, count); }

    /// Appends a list along dimension 0: `append({1.0, 2.0})`. Throws as the other form.
    template <class T> void append(std::initializer_list<T> values, const Shape &count = {}) const {
        append_values(values, count);
    }

    /// Its statistics, as of the last flush. `T` is what the smallest and largest value are given as: float or double
    /// for the nearest one, whatever real type the array has; or for the exact value an integer, bool or Timestamp.
    ///
    /// Throws Status::no_stats before the array's first flush, and again from any write to it until the next;
    /// type_mismatch or out_of_range if the values do not convert to `T`.
    template <class T = double> [[nodiscard]] Stats<T> stats() const {
        atlas_stats raw{};
        detail::check(atlas_array_stats(store_, dataset_.c_str(), array_.c_str(), &raw));
        return place().named([&] { return detail::to_stats<T>(raw); });
    }

    /// The statistics of one chunk, as of the last flush: to skip chunks that cannot hold what is looked for.
    ///
    /// `chunk` has the indices of a chunk: a cell's divided by the chunk shape's extents, rounded down. Throws
    /// Status::out_of_range if there is no such chunk, corrupt or io, and as stats().
    template <class T = double> [[nodiscard]] Stats<T> chunk_stats(const Shape &chunk) const {
        atlas_stats raw{};
        detail::check(atlas_chunk_stats(store_, dataset_.c_str(), array_.c_str(), chunk.size(), chunk.data(), &raw));
        return place().named([&] { return detail::to_stats<T>(raw); });
    }

    /// Tells where its stored chunks lie, as of the last commit that the store sees, so that other programs read them
    /// in place: see atlas_chunk_places in atlas.h. Throws Status::corrupt or io.
    [[nodiscard]] ChunkPlaces chunk_places() const {
        ChunkPlaces found;
        std::vector<atlas_chunk_place> raw(64);
        std::size_t count = 0;
        found.files = detail::texts_from(256, [&](char *buffer, std::size_t capacity, std::size_t *needed) {
            for (;;) {
                const atlas_status status =
                    atlas_chunk_places(store_, dataset_.c_str(), array_.c_str(), raw.size(), raw.data(), &count, buffer,
                                       capacity, needed, &found.generation);
                if (status != ATLAS_STATUS_BUFFER_TOO_SMALL || count <= raw.size()) return status;
                raw.resize(count);
            }
        });
        for (std::size_t i = 0; i < count; i++) {
            const atlas_chunk_place &p = raw[i];
            std::optional<std::uint32_t> checksum;
            if (p.checksum != UINT64_MAX) checksum = static_cast<std::uint32_t>(p.checksum);
            found.places.push_back({p.number, detail::to_size(p.file), p.offset, p.stored_len, p.raw_len, p.at, p.len,
                                    checksum, static_cast<Codec>(p.codec), p.shuffle, p.delta});
        }
        return found;
    }

    /// Its attributes: a view.
    Attributes attributes() const { return Attributes(store_, dataset_, array_); }

  private:
    friend class Dataset;
    Array(atlas_store store, std::string dataset, std::string array)
        : store_(store), dataset_(std::move(dataset)), array_(std::move(array)) {}

    detail::Place place() const noexcept { return {store_, dataset_.c_str(), array_.c_str()}; }

    template <class V> void write_values(V &values, const Region &region) const {
        if constexpr (detail::is_bits<V>) {
            const detail::Bools bools(values);
            write_values(bools, region);
        } else if constexpr (detail::is_text<V> || detail::is_texts<V>) {
            const detail::TextList texts(values);
            const Shape count = place().count_of(region);
            check_texts(texts, count);
            detail::check(atlas_write_strings(store_, dataset_.c_str(), array_.c_str(), count.size(),
                                              detail::start_of(region), count.data(), texts.data()));
        } else if constexpr (detail::is_rows<V>) {
            auto gathered = place().named([&] { return detail::Gathered(values); });
            write_memory(gathered, region);
        } else if constexpr (is_source<V>) {
            write_memory(values, region);
        } else {
            (void)detail::refused::ByWrite<V>{};
        }
    }

    template <class V> void write_memory(V &values, const Region &region) const {
        auto memory = place().named([&] { return detail::memory_of(values); });
        const Shape count = place().count_of(region);
        place().named([&] { memory.fit(count); });
        detail::check(atlas_write_array(store_, dataset_.c_str(), array_.c_str(),
                                        static_cast<atlas_dtype>(memory.dtype), count.size(), detail::start_of(region),
                                        count.data(), memory.stride_pointer(), memory.data));
    }

    template <class V> void append_values(V &values, const Shape &given) const {
        if constexpr (detail::is_bits<V>) {
            const detail::Bools bools(values);
            append_values(bools, given);
        } else if constexpr (detail::is_text<V> || detail::is_texts<V>) {
            const detail::TextList texts(values);
            const Shape count = given.empty() ? rows(texts.size(), shape()) : given;
            check_texts(texts, count);
            detail::check(atlas_append_strings(store_, dataset_.c_str(), array_.c_str(), count.size(), count.data(),
                                               texts.data()));
        } else if constexpr (detail::is_rows<V>) {
            auto gathered = place().named([&] { return detail::Gathered(values); });
            append_memory(gathered, given);
        } else if constexpr (is_source<V>) {
            append_memory(values, given);
        } else {
            (void)detail::refused::ByWrite<V>{};
        }
    }

    template <class V> void append_memory(V &values, const Shape &given) const {
        auto memory = place().named([&] { return detail::memory_of(values); });
        const Shape count = given.empty() ? rows_of(memory) : given;
        place().named([&] { memory.fit(count); });
        detail::check(atlas_append_array(store_, dataset_.c_str(), array_.c_str(),
                                         static_cast<atlas_dtype>(memory.dtype), count.size(), count.data(),
                                         memory.stride_pointer(), memory.data));
    }

    template <class V> void read_memory(V &values, const Region &region) const {
        const Shape count = place().count_of(region);
        auto memory = place().named([&] {
            auto fitting = detail::memory_of(values);
            fitting.fit(count);
            return fitting;
        });
        detail::check(atlas_read_array(store_, dataset_.c_str(), array_.c_str(), static_cast<atlas_dtype>(memory.dtype),
                                       count.size(), detail::start_of(region), count.data(), memory.stride_pointer(),
                                       memory.data));
    }

    void check_texts(const detail::TextList &texts, const Shape &count) const {
        place().named([&] {
            if (texts.size() != volume(count))
                detail::fail(Status::invalid_argument,
                             std::to_string(texts.size()) + " texts for a region of shape " + count.to_string());
        });
    }

    /// The extents of the rows that `cells` values without a shape fill, of an array of the given shape.
    Shape rows(std::uint64_t cells, Shape count) const {
        return place().named([&] {
            if (count.empty()) detail::fail(Status::invalid_argument, "a scalar cannot be appended to");
            count[0] = 1;
            const std::uint64_t row = volume(count);
            if (row == 0 || cells % row != 0)
                detail::fail(Status::invalid_argument,
                             std::to_string(cells) + " values for rows of shape " + count.to_string());
            count[0] = cells / row;
            return count;
        });
    }

    /// The extents of the rows that memory has. Memory of fewer dimensions than the array is one row.
    template <class Memory> Shape rows_of(Memory &memory) const {
        Shape row = shape();
        if (memory.flat) return rows(memory.cells, row);
        if (memory.shaped && memory.shape.size() >= row.size()) return memory.shape;
        if (!memory.shaped) {
            if (memory.strides.size() + 1 != row.size())
                place().fail(Status::invalid_argument, "Strided that is not one row needs a count");
            memory.strides = detail::prepend(std::int64_t{0}, memory.strides);
        }
        row[0] = 1;
        return row;
    }

    atlas_store store_;
    std::string dataset_, array_;
};

// ---- Datasets -------------------------------------------------------------------------------------------------------

/// A dataset of a store: a view. All functions fail with Status::not_found if there is no such dataset.
class Dataset {
  public:
    /// Its name.
    const std::string &name() const noexcept { return dataset_; }

    /// The array of this name: a view. Nothing is looked up.
    Array operator[](const Text &array) const { return Array(store_, dataset_, array.string()); }

    /// Defines an array of elements `T`, or std::string for text. Until they are written its cells read as the fill
    /// value, or as zero.
    ///
    /// `dims` names the dimensions: see "Dimensions" in atlas.h. Without, an array of one dimension has its own name as
    /// that of the dimension, any other "dim_0", "dim_1", ... `shape` has the extents in cells; 0 is allowed, and usual
    /// for a dimension 0 that Array::append grows. No extents make a scalar.
    ///
    /// Throws Status::invalid_argument if `dims`, `shape` and the chunk shape differ in length or a name has another
    /// length in the dataset, already_exists or read_only.
    template <class T>
    Array define_array(const Text &array, const std::vector<std::string> &dims, const Shape &shape,
                       const ArrayOptions<T> &options = {}) const {
        detail::check_type<T>();
        const detail::TextList names(dims);
        if (!dims.empty()) same_rank(array, "dimension names", dims.size(), shape);
        if (!options.chunk_shape.empty()) same_rank(array, "extents of a chunk", options.chunk_shape.size(), shape);

        atlas_array_options raw{};
        raw.struct_size = sizeof raw;
        if (!options.chunk_shape.empty()) raw.chunk_shape = options.chunk_shape.data();
        raw.codec = detail::code(options.codec);
        raw.level = options.level;
        raw.shuffle = detail::code(options.shuffle);
        raw.filter = detail::code(options.filter);
        raw.keep_bits = options.keep_bits;
        raw.pack = detail::code(options.pack);
        raw.unlimited = detail::code(options.unlimited);
        std::optional<Text> fill_text;
        if constexpr (std::is_same_v<T, std::string>) {
            if (options.fill_value) raw.fill_value = fill_text.emplace(*options.fill_value).c_str();
        } else {
            if (options.fill_value) raw.fill_value = &*options.fill_value;
        }
        detail::check(atlas_define_array(store_, dataset_.c_str(), array.c_str(), static_cast<atlas_dtype>(dtype_of<T>),
                                         shape.size(), dims.empty() ? nullptr : names.data(), shape.data(), &raw));
        return (*this)[array];
    }

    /// Deletes an array with its attributes. Its bytes on disk stay until Store::compact. Throws Status::not_found or
    /// read_only.
    void delete_array(const Text &array) const {
        detail::check(atlas_delete_array(store_, dataset_.c_str(), array.c_str()));
    }

    /// Tells whether there is an array of this name.
    [[nodiscard]] bool has_array(const Text &array) const {
        bool has = false;
        detail::check(atlas_has_array(store_, dataset_.c_str(), array.c_str(), &has));
        return has;
    }

    /// Counts the arrays.
    [[nodiscard]] std::size_t array_count() const {
        std::size_t count = 0;
        detail::check(atlas_array_count(store_, dataset_.c_str(), &count));
        return count;
    }

    /// Lists the names of the arrays, in the order in which they were defined.
    [[nodiscard]] std::vector<std::string> array_names() const {
        return detail::texts_from(256, [&](char *buffer, std::size_t capacity, std::size_t *needed) {
            return atlas_array_names(store_, dataset_.c_str(), buffer, capacity, needed);
        });
    }

    /// The arrays, in the order in which they were defined, to iterate over: those that there are now, whatever is
    /// defined or deleted meanwhile.
    [[nodiscard]] std::vector<Array> arrays() const {
        std::vector<Array> arrays;
        for (std::string &array : array_names()) arrays.push_back(Array(store_, dataset_, std::move(array)));
        return arrays;
    }

    /// Its own attributes: a view.
    Attributes attributes() const { return Attributes(store_, dataset_, std::nullopt); }

  private:
    friend class Store;
    Dataset(atlas_store store, std::string dataset) : store_(store), dataset_(std::move(dataset)) {}

    void same_rank(const Text &array, const char *what, std::size_t count, const Shape &shape) const {
        if (count != shape.size())
            detail::fail(Status::invalid_argument, "array '" + array.string() + "' of dataset '" + dataset_ +
                                                       "': " + std::to_string(count) + " " + what + " for shape " +
                                                       shape.to_string());
    }

    atlas_store store_;
    std::string dataset_;
};

namespace detail {
/// The names of datasets, given as text or as Datasets.
template <class R> TextList dataset_names(const R &datasets) {
    if constexpr (is_texts<const R>) {
        return TextList(datasets);
    } else {
        std::vector<std::string_view> names;
        for (const Dataset &dataset : datasets) names.push_back(dataset.name());
        return TextList(names);
    }
}
} // namespace detail

// ---- Stores ---------------------------------------------------------------------------------------------------------

/// An open store. Moves, does not copy. Destroying it discards what was not flushed, with a warning: call close().
class Store {
  public:
    /// A closed one.
    Store() = default;
    /// Takes over `other`, which is then closed. Views stay valid.
    Store(Store &&other) noexcept : handle_(std::exchange(other.handle_, 0)), callbacks_(std::move(other.callbacks_)) {}
    /// Discards as the destructor does, then takes over `other`, which is then closed.
    Store &operator=(Store &&other) noexcept {
        if (this != &other) {
            abandon();
            handle_ = std::exchange(other.handle_, 0);
            callbacks_ = std::move(other.callbacks_);
        }
        return *this;
    }
    /// Discards, and says so if changes are lost: see "Store and views" above.
    ~Store() { abandon(); }

    /// Whether it is open.
    bool is_open() const noexcept { return handle_ != 0; }
    /// Its number, for the functions of atlas.h; 0 if it is closed. It stays this object's to close.
    atlas_store handle() const noexcept { return handle_; }

    /// Commits every change since the last flush, all together, and waits until it is on the disk. Without changes it
    /// does nothing.
    ///
    /// Throws Status::read_only, no_space (the changes stay in memory: make room and flush again), invalid_argument if
    /// a dimension's name has two lengths in a dataset, conflict if another writer got in between, io or poisoned.
    void flush() { detail::check(atlas_flush(handle_)); }

    /// Begins a flush of every change made so far, and returns at once: it goes on beside the calls. What is changed
    /// from now on belongs to the next flush, which may be begun before this one is over: each commits what was there
    /// when it began, in that order. One that fails takes those begun after it along, and nothing is lost. If one has
    /// failed and nobody has heard of it yet, its error is thrown and nothing is begun. Only when several are under way
    /// does this wait. flush(), close(), compact() and discard() wait for all of them.
    ///
    /// Throws Status::read_only, poisoned, or like a flush before.
    void flush_begin() { detail::check(atlas_flush_begin(handle_)); }

    /// Whether no flush is under way, so that flush_wait() would return at once. Throws Status::read_only.
    [[nodiscard]] bool flush_test() const {
        bool done = false;
        detail::check(atlas_flush_test(handle_, &done));
        return done;
    }

    /// Waits for every flush that was begun, and for their commits to be on the disk. Returns at once if none is under
    /// way.
    ///
    /// Throws as flush() does, once, when one has failed: nothing is lost, and the next flush writes what that one did
    /// not.
    void flush_wait() { detail::check(atlas_flush_wait(handle_)); }

    /// Flushes, then releases the store. One that is open for reading is only released; a closed one stays closed.
    ///
    /// When the flush fails it throws as flush() does, the store stays open, and nothing is lost: close again, or
    /// discard.
    void close() {
        if (!is_open()) return;
        detail::check(atlas_close(handle_));
        handle_ = 0;
        callbacks_.reset();
    }

    /// Releases the store without a flush: every change since the last one is gone. Nothing is said.
    void discard() noexcept {
        if (is_open()) atlas_discard(std::exchange(handle_, 0));
        callbacks_.reset();
    }

    /// Gives back the space of deleted and overwritten data. Commits by itself, atomically. Readers of earlier commits
    /// go on. Earlier commits that the store was not told to keep can no longer be gone back to.
    ///
    /// Throws Status::unflushed_changes, read_only, cancelled or as flush() does; the store is then as it was.
    void compact() {
        detail::check(detail::Callbacks::watch([&] { return atlas_compact(handle_); }));
    }

    /// Lists the commits that OpenOptions::generation can open and rollback() go back to, in ascending order. The last
    /// is the store's last commit. Throws Status::io.
    [[nodiscard]] std::vector<std::uint64_t> generations() const {
        return detail::list_from<std::uint64_t>(
            16, [&](std::uint64_t *numbers, std::size_t capacity, std::size_t *count) {
                return atlas_generations(handle_, capacity, numbers, count);
            });
    }

    /// Tells the store how many earlier commits it keeps, as CreateOptions::keep_generations does: keep_none for none,
    /// 0 for the default. The next flush makes it durable, and is the first commit that keeps, or drops, what it says.
    ///
    /// Throws Status::invalid_argument or read_only.
    void set_keep_generations(int count) { detail::check(atlas_set_keep_generations(handle_, count)); }

    /// Pins the last commit under a name: it can be opened and gone back to, and its files stay, whatever is flushed,
    /// compacted and rolled back, until unpin(). Changes that are not flushed are not part of it. The next flush makes
    /// it durable.
    ///
    /// Throws Status::already_exists, invalid_argument or read_only.
    void pin(const Text &name) { detail::check(atlas_pin(handle_, name.c_str())); }

    /// Takes a pin away: from the next flush on its commit is kept only as far as the store keeps commits. Throws
    /// Status::not_found or read_only.
    void unpin(const Text &name) { detail::check(atlas_unpin(handle_, name.c_str())); }

    /// Lists the pins, in the order in which they were made: OpenOptions::generation opens their commits. Throws
    /// Status::io.
    [[nodiscard]] std::vector<Pin> pins() const {
        std::vector<Pin> pins;
        for (std::string &name : detail::texts_from(256, [&](char *buffer, std::size_t capacity, std::size_t *needed) {
                 return atlas_pin_names(handle_, buffer, capacity, needed);
             })) {
            std::uint64_t generation = 0;
            const atlas_status status = atlas_pin_generation(handle_, name.c_str(), &generation);
            // A writer may have taken it away since.
            if (status == ATLAS_STATUS_NOT_FOUND) continue;
            detail::check(status);
            pins.push_back(Pin{std::move(name), generation});
        }
        return pins;
    }

    /// Makes the store what it was at an earlier commit, as a new commit, and waits until that is on the disk. It can
    /// be undone in the same way, as long as the commit gone back from is kept.
    ///
    /// Throws Status::not_found if the store does not keep that commit (the text says which it keeps),
    /// unflushed_changes, read_only, corrupt or as flush() does; the store is then as it was.
    void rollback(std::uint64_t generation) { detail::check(atlas_rollback(handle_, generation)); }

    /// Moves a store that is open for reading on to the last commit. Without a newer one it does nothing.
    ///
    /// Throws Status::corrupt or io; the store then stays at its commit.
    void refresh() { detail::check(atlas_refresh(handle_)); }

    /// Waits until there is a newer commit than the one that this store, open for reading, sees: true, or false once
    /// `timeout` is over. It does not move on to it: call refresh(). Other calls go on meanwhile.
    ///
    /// Throws Status::invalid_argument for a store that is open for writing, invalid_handle if another thread closes it
    /// meanwhile, not_found if the store is gone, or io.
    [[nodiscard]] bool wait_for_commit(Timeout timeout) const {
        bool newer = false;
        detail::check(atlas_wait_for_commit(handle_, detail::code(timeout), &newer));
        return newer;
    }

    /// Reads every byte of the committed store, compares it with its checksums, and returns the damaged places: none if
    /// the store is sound. Throws Status::cancelled or io.
    [[nodiscard]] std::vector<Damage> verify() const {
        std::vector<Damage> places;
        verify([&](const Damage &damage) { places.push_back(damage); });
        return places;
    }

    /// The same; calls `on_damage(const Damage &)` for every damaged place, on this thread, and returns how many there
    /// are. The function must not call this library. What it throws comes out of this call.
    template <class F> std::uint64_t verify(F &&on_damage) const {
        struct Report {
            std::remove_reference_t<F> &function;
            std::exception_ptr thrown;
        } report{on_damage, nullptr};
        const atlas_damage_fn forward = [](const char *file, std::uint64_t offset, const char *message, void *data) {
            auto &to = *static_cast<Report *>(data);
            if (to.thrown) return;
            try {
                to.function(Damage{file, offset, message});
            } catch (...) {
                to.thrown = std::current_exception();
            }
        };
        std::uint64_t count = 0;
        const atlas_status status =
            detail::Callbacks::watch([&] { return atlas_verify(handle_, forward, &report, &count); });
        if (report.thrown) std::rethrow_exception(report.thrown);
        if (status != ATLAS_STATUS_CORRUPT || count == 0) detail::check(status);
        return count;
    }

    /// Begins a session, or renews the one that is on: many workers write, and this store commits. Returns the ticket,
    /// of which open_worker() makes workers, in other threads, processes or machines that see the same storage.
    ///
    /// Workers see the last commit and the definitions made since; not values that are not flushed. The session lasts
    /// until session_end() or until the store is closed. A ticket after a flush is for renew().
    ///
    /// Throws Status::not_found if there is no dataset of a name in the options, read_only, or unsupported on a worker.
    [[nodiscard]] Bytes session_begin(const SessionOptions &options = {}) {
        const detail::TextList datasets(options.datasets);
        atlas_session_options raw{};
        raw.struct_size = sizeof raw;
        raw.dataset_count = datasets.size();
        raw.datasets = datasets.data();
        raw.workers = options.workers;
        return detail::list_from<std::byte>(detail::session_bytes, [&](void *buffer, std::size_t capacity, std::size_t *needed) {
            return atlas_session_begin(handle_, &raw, buffer, capacity, needed);
        });
    }

    /// Ends the session, if one is on: files of workers that were not imported go, and what they export from now on is
    /// refused. Throws Status::unflushed_changes if values were imported that are not flushed, read_only, or
    /// unsupported on a worker.
    void session_end() { detail::check(atlas_session_end(handle_)); }

    /// Lists the workers from whom nothing was imported since the last flush, of as many as SessionOptions::workers has
    /// said, ascending. Throws Status::conflict if no session is on.
    [[nodiscard]] std::vector<std::uint32_t> session_missing() const {
        return detail::list_from<std::uint32_t>(
            64, [&](std::uint32_t *workers, std::size_t capacity, std::size_t *count) {
                return atlas_session_missing(handle_, capacity, workers, count);
            });
    }

    /// Writes what changed on a worker since its last export, makes it durable, and returns it for import_changes(). A
    /// worker on which nothing has changed exports a few bytes, by which it is known to be done.
    ///
    /// Throws Status::invalid_argument if this is no worker; no_space or io, after which nothing is lost and it can be
    /// called again; poisoned if a sync to the disk failed.
    [[nodiscard]] Bytes export_changes() {
        return detail::list_from<std::byte>(detail::session_bytes, [&](void *buffer, std::size_t capacity, std::size_t *needed) {
            return atlas_export(handle_, buffer, capacity, needed);
        });
    }

    /// Takes over what workers have exported: all of it, or on failure nothing. It is then as if this store had written
    /// it; flush() commits it. The order of the exports means nothing, and what was imported already is left out.
    /// Chunks of which two workers have written different cells are put together; no two may have written one cell.
    ///
    /// `exports` is a range of Bytes, or of what else has data() and size() in bytes. Throws Status::conflict if two
    /// workers, or a worker and this store, have written one cell, if definitions or attributes differ, if two have
    /// appended to one array, if an export is of another session, or if one before it is missing (the text names the
    /// workers, the dataset, the array and the chunk); corrupt, not_found, invalid_argument, or unsupported if a worker
    /// has not synced its files and this store syncs.
    template <class R> void import_changes(const R &exports) {
        std::vector<const void *> data;
        std::vector<std::size_t> lengths;
        for (const auto &one : exports) {
            static_assert(sizeof *one.data() == 1, "atlas: an export is bytes");
            data.push_back(one.data());
            lengths.push_back(one.size());
        }
        detail::check(atlas_import(handle_, data.size(), data.data(), lengths.data()));
    }

    /// Has a worker go on from a later ticket of its session: it sees the commits made since. What it has exported and
    /// no flush has committed it does not see any more.
    ///
    /// Throws Status::unflushed_changes if it has something to export, conflict if the ticket is of another session, or
    /// as open_worker().
    void renew(const Bytes &ticket) { detail::check(atlas_renew(handle_, ticket.data(), ticket.size())); }

    /// Describes the store.
    [[nodiscard]] StoreInfo info() const {
        atlas_store_description raw{};
        raw.struct_size = sizeof raw;
        detail::check(atlas_store_info(handle_, &raw));
        StoreInfo info;
        info.mode = static_cast<Mode>(raw.mode);
        info.meta_format = static_cast<MetaFormat>(raw.meta_format);
        info.meta_compression = static_cast<Compression>(raw.meta_compression);
        info.unflushed_changes = raw.unflushed_changes != 0;
        info.generation = raw.generation;
        info.dataset_count = raw.dataset_count;
        info.array_file_count = raw.array_file_count;
        info.segment_count = raw.segment_count;
        info.live_bytes = raw.live_bytes;
        info.dead_bytes = raw.dead_bytes;
        info.keep_generations = raw.keep_generations;
        return info;
    }

    /// The dataset of this name: a view. Nothing is looked up.
    Dataset operator[](const Text &dataset) const { return Dataset(handle_, dataset.string()); }

    /// Adds a dataset without arrays or attributes. Throws Status::already_exists or read_only.
    Dataset create_dataset(const Text &dataset) {
        detail::check(atlas_create_dataset(handle_, dataset.c_str()));
        return (*this)[dataset];
    }

    /// Deletes a dataset with its arrays and attributes. The bytes on disk stay until compact(). Throws
    /// Status::not_found or read_only.
    void delete_dataset(const Text &dataset) { detail::check(atlas_delete_dataset(handle_, dataset.c_str())); }

    /// Gives a dataset another name, and moves nothing. It is the last in the order of datasets from then on. Views of
    /// it have the old name. Throws Status::not_found, already_exists or read_only.
    void rename(const Text &dataset, const Text &name) {
        detail::check(atlas_rename_dataset(handle_, dataset.c_str(), name.c_str()));
    }

    /// Copies a dataset to the dataset `name` of `to`, which may be this store: attributes, definitions, and values,
    /// unflushed ones included, a chunk at a time. The copy becomes durable with the next flush of `to`. Throws
    /// Status::not_found, already_exists, read_only, or conflict if another thread replaces an array meanwhile.
    void copy(const Text &dataset, Store &to, const Text &name) const {
        detail::check(atlas_copy_dataset(handle_, dataset.c_str(), to.handle_, name.c_str()));
    }

    /// Copies a dataset within the store.
    void copy(const Text &dataset, const Text &name) { copy(dataset, *this, name); }

    /// The store's own attributes: a view.
    Attributes attributes() const { return Attributes(handle_, std::nullopt, std::nullopt); }

    /// Tells whether there is a dataset of this name.
    [[nodiscard]] bool has_dataset(const Text &dataset) const {
        bool has = false;
        detail::check(atlas_has_dataset(handle_, dataset.c_str(), &has));
        return has;
    }

    /// Counts the datasets.
    [[nodiscard]] std::size_t dataset_count() const {
        std::size_t count = 0;
        detail::check(atlas_dataset_count(handle_, &count));
        return count;
    }

    /// Lists the names of all datasets, in the order in which they were created.
    [[nodiscard]] std::vector<std::string> dataset_names() const {
        return detail::texts_from(4096, [&](char *buffer, std::size_t capacity, std::size_t *needed) {
            return atlas_dataset_names(handle_, buffer, capacity, needed);
        });
    }

    /// The name of the dataset at `index` in the order of creation, from 0. Throws Status::out_of_range.
    [[nodiscard]] std::string dataset_name(std::size_t index) const {
        return detail::text_from([&](char *buffer, std::size_t capacity, std::size_t *needed) {
            return atlas_dataset_name(handle_, index, buffer, capacity, needed);
        });
    }

    /// All datasets, in the order in which they were created, to iterate over: those that there are now, whatever is
    /// created or deleted meanwhile.
    [[nodiscard]] std::vector<Dataset> datasets() const {
        std::vector<Dataset> datasets;
        for (std::string &dataset : dataset_names()) datasets.push_back(Dataset(handle_, std::move(dataset)));
        return datasets;
    }

    /// Reads the same region of one array from many datasets, in parallel, and stacks them: element `[d][i]...` is cell
    /// `[i]...` of the region in dataset `d`, in C order.
    ///
    /// `datasets` is any range of text or of Datasets. Each has the array, of one rank, and the region in it. Without a
    /// count the region must come out the same in all.
    ///
    /// Throws Status::invalid_argument if it does not, and as Array::read.
    template <class T, class Datasets = std::initializer_list<std::string_view>>
    [[nodiscard]] std::vector<T> read_across(const Text &array, const Datasets &datasets,
                                             const Region &region = {}) const {
        if constexpr (!is_element<T>) (void)detail::refused::AsElement<T>{};
        const detail::TextList names = detail::dataset_names(datasets);
        const Shape count = count_across(array, names, region);
        detail::Values<T> values(detail::to_size(volume({names.size(), volume(count)})));
        read_across_raw(array, names, dtype_of<T>, region, count, values.data());
        return detail::to_vector<T>(std::move(values));
    }

    /// The same into the caller's memory: a contiguous range of as many elements, or a nested one of the shape. Throws
    /// Status::invalid_argument if it is not, and as the other form.
    template <class V, class Datasets = std::initializer_list<std::string_view>>
    void read_across_into(V &&values, const Text &array, const Datasets &datasets, const Region &region = {}) const {
        using Values = std::remove_reference_t<V>;
        if constexpr (!is_target<V> || !(detail::is_contiguous<Values> || detail::is_laid_out<Values>))
            (void)detail::refused::ByReadAcrossInto<Values>{};
        const detail::TextList names = detail::dataset_names(datasets);
        const Shape count = count_across(array, names, region);
        auto memory = detail::memory_of(values);
        memory.fit_contiguous(detail::prepend<std::uint64_t>(names.size(), count));
        read_across_raw(array, names, memory.dtype, region, count, memory.data);
    }

  private:
    void abandon() noexcept {
        if (is_open() && callbacks_ && std::uncaught_exceptions() == 0) {
            atlas_store_description raw{};
            raw.struct_size = sizeof raw;
            if (atlas_store_info(handle_, &raw) == ATLAS_STATUS_OK && raw.unflushed_changes != 0)
                callbacks_->warn_of_loss();
        }
        discard();
    }

    friend Store create(const Text &path, const CreateOptions &options);
    friend Store open(const Text &path, Mode mode, const OpenOptions &options);
    friend Store open_worker(const Bytes &ticket, std::uint32_t worker, const OpenOptions &options, const Text &path);

    /// The extents of the region, which are the same in all datasets.
    Shape count_across(const Text &array, const detail::TextList &names, const Region &region) const {
        if (names.size() == 0) return region.count;
        const Shape count = detail::Place{handle_, names.data()[0], array.c_str()}.count_of(region);
        if (!region.count.empty()) return count;
        for (std::size_t i = 1; i < names.size(); i++) {
            const detail::Place place{handle_, names.data()[i], array.c_str()};
            const Shape other = place.count_of(region);
            if (other != count)
                place.fail(Status::invalid_argument, "the region is " + other.to_string() + ", and " +
                                                         count.to_string() + " in dataset '" + names.data()[0] + "'");
        }
        return count;
    }

    void read_across_raw(const Text &array, const detail::TextList &names, DType dtype, const Region &region,
                         const Shape &count, void *data) const {
        detail::check(atlas_read_across(handle_, array.c_str(), names.size(), names.data(),
                                        static_cast<atlas_dtype>(dtype), count.size(), detail::start_of(region),
                                        count.data(), data));
    }

    atlas_store handle_ = 0;
    std::unique_ptr<detail::Callbacks> callbacks_;
};

/// Creates a store and opens it for reading and writing. The directory `path` is made if it is missing (its parent must
/// exist) and may exist if it is empty. Where there is a store, CreateOptions::if_exists says what is done.
///
/// Throws Status::already_exists if there is a store, invalid_argument if there is anything else in the directory,
/// not_found if the parent is missing, locked, io or no_space.
[[nodiscard]] inline Store create(const Text &path, const CreateOptions &options = {}) {
    Store store;
    store.callbacks_.reset(new detail::Callbacks{options.log, options.progress, {}});
    if (path.c_str()) store.callbacks_->path = path.c_str();
    atlas_create_options raw{};
    raw.struct_size = sizeof raw;
    raw.meta_format = detail::code(options.meta_format);
    raw.meta_compression = detail::code(options.meta_compression);
    raw.codec = detail::code(options.codec);
    raw.level = options.level;
    raw.shuffle = detail::code(options.shuffle);
    raw.filter = detail::code(options.filter);
    raw.pack = detail::code(options.pack);
    raw.keep_generations = options.keep_generations;
    raw.sync = detail::code(options.sync);
    raw.num_threads = options.num_threads;
    raw.cache_bytes = options.cache_bytes;
    raw.write_buffer_bytes = options.write_buffer_bytes;
    raw.float_overflow = detail::code(options.float_overflow);
    raw.if_exists = static_cast<std::int32_t>(options.if_exists);
    raw.lock_timeout_ms = detail::code(options.lock_timeout);
    store.callbacks_->put_into(raw);
    detail::check(atlas_create(path.c_str(), &raw, &store.handle_));
    return store;
}

/// The same, with default options but for what is done where there is a store: `create(path, IfExists::replace)`.
template <class Choice, std::enable_if_t<std::is_same_v<Choice, IfExists>, int> = 0>
[[nodiscard]] Store create(const Text &path, Choice if_exists) {
    CreateOptions options;
    options.if_exists = if_exists;
    return create(path, options);
}

/// Opens the store in directory `path`: for reading the last commit (or the one that `options` name), until
/// Store::refresh; or for reading and writing, as the one writer.
///
/// Throws Status::not_found if there is no store or no such commit, locked if another writer has it (the text says
/// who), corrupt, unsupported if a newer library wrote it, or io.
[[nodiscard]] inline Store open(const Text &path, Mode mode = Mode::read, const OpenOptions &options = {}) {
    Store store;
    store.callbacks_.reset(new detail::Callbacks{options.log, options.progress, {}});
    if (path.c_str()) store.callbacks_->path = path.c_str();
    const atlas_open_options raw = detail::code(options, *store.callbacks_);
    if (options.generation) {
        if (mode != Mode::read)
            detail::fail(Status::invalid_argument, "an earlier commit can be opened for reading only");
        detail::check(atlas_open_at(path.c_str(), *options.generation, &raw, &store.handle_));
    } else {
        detail::check(atlas_open(path.c_str(), static_cast<atlas_mode>(mode), &raw, &store.handle_));
    }
    return store;
}

/// Makes a worker of a session's ticket: it takes no lock, reads no file of the store until values are asked for, and
/// commits nothing. It can create datasets and define arrays (what many workers define alike is defined once), set
/// attributes, write any region, append to an array that no other worker appends to, and read what the ticket knows and
/// what it has written itself; the rest is Status::unsupported. Close it when it has exported what it wrote.
///
/// `worker` is its number: no other that is at work has it. `path` is the store's directory as this machine sees it;
/// without, it is as the ticket says. Of the options `generation`, `lock_timeout` and `ticket` mean nothing.
///
/// Throws Status::invalid_argument if it is no ticket, unsupported if it is of another version of the library, or
/// corrupt.
[[nodiscard]] inline Store open_worker(const Bytes &ticket, std::uint32_t worker, const OpenOptions &options = {},
                                       const Text &path = static_cast<const char *>(nullptr)) {
    Store store;
    store.callbacks_.reset(new detail::Callbacks{options.log, options.progress, {}});
    store.callbacks_->path = "of worker " + std::to_string(worker);
    const atlas_open_options raw = detail::code(options, *store.callbacks_);
    detail::check(atlas_open_worker(ticket.data(), ticket.size(), worker, path.c_str(), &raw, &store.handle_));
    return store;
}

namespace detail {
/// Calls `f(store)`, closes the store, returns what `f` returned. An exception discards, by the store's destructor.
template <class F> decltype(auto) run(Store store, F &&f) {
    using Result = std::invoke_result_t<F, Store &>;
    if constexpr (std::is_void_v<Result>) {
        std::invoke(std::forward<F>(f), store);
        store.close();
    } else {
        Result result = std::invoke(std::forward<F>(f), store);
        store.close();
        return static_cast<Result>(std::forward<Result>(result));
    }
}
} // namespace detail

/// Creates a store, calls `f(store)`, closes the store, and returns what `f` returned.
///
/// An exception from `f` discards what was not flushed, and arrives untouched. Throws as the form without a function,
/// as Store::close does, and what `f` throws.
template <class F, std::enable_if_t<std::is_invocable_v<F, Store &>, int> = 0>
decltype(auto) create(const Text &path, const CreateOptions &options, F &&f) {
    return detail::run(create(path, options), std::forward<F>(f));
}

/// The same, with default options.
template <class F, std::enable_if_t<std::is_invocable_v<F, Store &>, int> = 0>
decltype(auto) create(const Text &path, F &&f) {
    return detail::run(create(path), std::forward<F>(f));
}

/// The same, with default options but for what is done where there is a store.
template <class Choice, class F,
          std::enable_if_t<std::is_same_v<Choice, IfExists> && std::is_invocable_v<F, Store &>, int> = 0>
decltype(auto) create(const Text &path, Choice if_exists, F &&f) {
    return detail::run(create(path, if_exists), std::forward<F>(f));
}

/// Opens a store, calls `f(store)`, closes the store, and returns what `f` returned.
///
/// An exception from `f` discards what was not flushed, and arrives untouched. Throws as the form without a function,
/// as Store::close does, and what `f` throws.
template <class F, std::enable_if_t<std::is_invocable_v<F, Store &>, int> = 0>
decltype(auto) open(const Text &path, Mode mode, const OpenOptions &options, F &&f) {
    return detail::run(open(path, mode, options), std::forward<F>(f));
}

/// The same, with default options.
template <class F, std::enable_if_t<std::is_invocable_v<F, Store &>, int> = 0>
decltype(auto) open(const Text &path, Mode mode, F &&f) {
    return detail::run(open(path, mode), std::forward<F>(f));
}

/// The same, for reading, with default options.
template <class F, std::enable_if_t<std::is_invocable_v<F, Store &>, int> = 0>
decltype(auto) open(const Text &path, F &&f) {
    return detail::run(open(path), std::forward<F>(f));
}

} // namespace v0_1
} // namespace ATLAS_CPP_NAMESPACE

#endif // ATLAS_HPP
