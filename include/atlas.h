/*
 * Atlas: a store for many named datasets, each a set of named N-dimensional arrays and attributes.
 *
 * Written by cbindgen from src/ffi and cbindgen.toml; do not edit.
 *
 *
 * A first look
 *
 *     atlas_store store;
 *     double values[3] = {1, 2, 3};
 *     uint64_t shape[1] = {3};
 *     const char *dims[1] = {"x"};
 *
 *     if (atlas_create("run.atlas", NULL, &store) != ATLAS_STATUS_OK)
 *         puts(atlas_last_error());
 *     atlas_create_dataset(store, "jan");
 *     atlas_define_array(store, "jan", "temperature", ATLAS_DTYPE_F64, 1, dims, shape, NULL);
 *     atlas_write_array(store, "jan", "temperature", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values);
 *     atlas_close(store);
 *
 * The functions come in this order: stores, datasets, arrays, arrays of text, attributes,
 * statistics, places of chunks, time, library. What follows holds for all of them.
 *
 *
 * Durability
 *
 * There is one boundary: atlas_flush. Every change before it is seen through the same handle, and
 * by nobody else: it is in memory, or in files that no commit names (see write_buffer_bytes). A
 * flush commits all changes to all datasets together, and waits for the disk; a crash at any
 * instant leaves the store as one completed flush left it. atlas_flush_begin is a flush that the
 * program does not wait for; its commit is on the disk when atlas_flush_wait returns. atlas_close
 * flushes, then releases; when the flush in it fails, the handle stays open and nothing is lost.
 * atlas_discard releases without a flush: what was not flushed is gone. So is it when the process
 * ends.
 *
 * One handle at a time commits to a store. Others may write for it, from other threads, processes and
 * machines: see "Sessions". Any number read it. A reader sees the commit it opened,
 * whatever the writer does, until it calls atlas_refresh.
 *
 *
 * Errors
 *
 * Every function that can fail returns an atlas_status: 0 (ATLAS_STATUS_OK), or a code for what a
 * program may want to tell apart. atlas_last_error() then has the details, one line with names and
 * numbers in it, for this thread. A call that fails has changed nothing in the store. Outputs are
 * written on success; on failure a handle is set to 0, and a buffer's content is unspecified.
 *
 * Each function names the failures that are its own. Any function that takes a store can also fail
 * with ATLAS_STATUS_INVALID_HANDLE, _INVALID_ARGUMENT, _FORKED, _OUT_OF_MEMORY or _INTERNAL; and
 * one that needs the disk with _IO or _CORRUPT. A closed handle, NULL, an unknown constant, text
 * that is not UTF-8, a rank over the limit, a shape that overflows: each is an error, never
 * undefined behaviour. The one thing not checked is that a pointer leads to as much memory as it
 * must.
 *
 * The library never prints, exits, or changes signal handlers, locale or environment.
 *
 *
 * Ownership
 *
 * The caller owns all memory, the library all handles. A pointer is used only during the call that
 * it is given to (callbacks: while the store is open). The library never hands out memory to free.
 *
 *
 * Threads
 *
 * Any function may be called from any thread, on the same handle at the same time. Where two calls
 * touch the same cells at once, each cell is as one of them left it. A handle does not survive a
 * fork: in the child process its calls fail with ATLAS_STATUS_FORKED; atlas_discard releases it.
 *
 * The library's own threads take no signals: one that every thread of the program has blocked stays
 * pending. A call computes in the default floating-point environment (rounding to nearest, no traps,
 * denormals kept), whatever the calling thread has, and leaves the thread's as it was, exception
 * flags included; a callback finds the caller's.
 *
 *
 * Names
 *
 * Datasets, arrays, dimensions and attributes have names: UTF-8, 1 to 255 bytes, no control
 * characters. Paths are UTF-8 too.
 *
 * The same parameter means the same everywhere: `store` is an open store, `dataset` and `array`
 * name what the call is about, `rank` is the number of dimensions, and `out` takes the result. The
 * functions below describe only what they add to that. Shapes, indices and extents are in cells,
 * sizes of memory in bytes or elements, as said.
 *
 *
 * Dimensions
 *
 * A dimension's name has one length in a dataset. It may stand several times, also in one array:
 * cov(x, x). atlas_define_array refuses a length that another array contradicts. Dimension 0 grows
 * array by array: what it is in two arrays may differ, or be 0, until the next commit. A flush that
 * finds two lengths of one name fails with ATLAS_STATUS_INVALID_ARGUMENT, which names both arrays and
 * lengths, and nothing is lost: append to the shorter one, resize one, or delete one and define it
 * with another name, and flush again. A flush that was begun has that as its error. Names that nobody
 * gave ("dim_0" as that of dimension 0, "dim_1" of dimension 1, ...) are compared with none. Where a
 * store that an older library wrote has a name with several lengths in a dataset, that name is left
 * alone there.
 *
 *
 * Text and lists
 *
 * Text that goes in ends in a NUL. Text that comes out goes to the caller's buffer:
 *
 *     char *buffer, size_t capacity, size_t *needed
 *
 * `needed` is the length in bytes with the NUL. When it is over `capacity` the call fails with
 * ATLAS_STATUS_BUFFER_TOO_SMALL and writes `needed` only; so `capacity` 0, where `buffer` may be
 * NULL, asks for the length. A list is its texts one after the other, each with its NUL, in one
 * such buffer; `needed` counts every NUL, and is 0 for an empty list.
 *
 *
 * Memory
 *
 * `dtype` says what the caller's memory holds, whatever the array's type is. `data` points to the
 * region's first cell. `strides` are counted in elements of the caller's memory, one for each
 * dimension, and never mean a step in the array; NULL means contiguous C order (the last index
 * varies fastest). An inner part of a larger block, such as a field without its halo, is written by
 * giving the block's strides; column-major memory by giving {1, n0, n0*n1, ...}, or by reversing
 * the order of dimensions. Memory need not be aligned.
 *
 * Values are converted between the two types where that is what a simulation means:
 *
 *     from                  to
 *     bool                  bool
 *     i8 i16 i32 i64        i8 i16 i32 i64, each value checked
 *     u8 u16 u32 u64        u8 u16 u32 u64, each value checked; a wider i16 i32 i64
 *     i8 u8                 f16
 *     i8 i16 u8 u16         f32
 *     i8 to i32, u8 to u32  f64
 *     f16 f32 f64           f16 f32 f64, rounded to the nearest, each value checked
 *     c64 c128              c64 c128, rounded to the nearest, each part checked
 *     timestamp_ns          timestamp_ns i64
 *     i64                   timestamp_ns
 *     string                string, by calls of its own
 *
 * A value that does not fit fails with ATLAS_STATUS_OUT_OF_RANGE, any other pair of types with
 * ATLAS_STATUS_TYPE_MISMATCH. A finite float does not fit where it would be rounded to infinity,
 * unless the handle's option `float_overflow` is ATLAS_OVERFLOW_INFINITY: then it is. An infinity
 * stays one, and NaN stays NaN. That is one rule, for what is written and what is read, and so for
 * the fill value that a cell reads as, and for attributes.
 *
 *
 * Options
 *
 * Options are structs that begin with `struct_size`, and zero in any field means its default:
 *
 *     atlas_create_options options = {0};
 *     options.struct_size = sizeof options;
 *     options.codec = ATLAS_CODEC_LZ4;
 *
 * NULL means all defaults. Later versions add fields at the end; `struct_size` lets a program and a
 * library of different versions work together. A field that is set and that the library does not
 * know fails with ATLAS_STATUS_UNSUPPORTED.
 *
 *
 * Callbacks
 *
 * A callback gets the `user_data` that was set with it. It runs only on a thread that is inside a
 * call on this store, during that call, and must not throw or longjmp, nor wait for another thread
 * that is inside such a call. It may call this library on other stores, and read and write the store
 * that it belongs to; what commits, looks for commits, or ends that store (flush, compact, rollback,
 * refresh, verify, close, discard) fails with ATLAS_STATUS_INVALID_ARGUMENT. With one store used from
 * many threads it can run on several of them at once.
 */

#ifndef ATLAS_H
#define ATLAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Version --------------------------------------------------------------------------------- */

/** Changes when a program must change with the library. */
#define ATLAS_VERSION_MAJOR 0

/** Changes when something is added (before 1.0: when a program may have to change). */
#define ATLAS_VERSION_MINOR 1

/** Changes with every other release. */
#define ATLAS_VERSION_PATCH 0

/**
 * This header's version as one number: major * 1000000 + minor * 1000 + patch. See
 * `atlas_version`.
 */
#define ATLAS_VERSION 1000

/* ---- Status codes ---------------------------------------------------------------------------- */

/** The call did what it says. */
#define ATLAS_STATUS_OK 0

/**
 * An argument is malformed: NULL, not UTF-8, a bad name, an overflowing shape, a rank over the
 * limit.
 */
#define ATLAS_STATUS_INVALID_ARGUMENT 1

/** No such store, dataset, array or attribute. */
#define ATLAS_STATUS_NOT_FOUND 2

/** The store, dataset or array exists already. */
#define ATLAS_STATUS_ALREADY_EXISTS 3

/** The memory type does not convert to or from the stored type. */
#define ATLAS_STATUS_TYPE_MISMATCH 4

/** A region reaches outside the array, or a value does not fit the type it is converted to. */
#define ATLAS_STATUS_OUT_OF_RANGE 5

/** The store is open for reading only. */
#define ATLAS_STATUS_READ_ONLY 6

/** Another writer holds the store; the text says which process on which host. */
#define ATLAS_STATUS_LOCKED 7

/** The caller's buffer is too small; the needed size has been written. */
#define ATLAS_STATUS_BUFFER_TOO_SMALL 8

/** The array has no statistics yet: it has changes that are not flushed. */
#define ATLAS_STATUS_NO_STATS 9

/** The call needs a store without unflushed changes. */
#define ATLAS_STATUS_UNFLUSHED_CHANGES 10

/** Bytes on disk fail their checksum or contradict each other; the text names file and offset. */
#define ATLAS_STATUS_CORRUPT 11

/** The store, or a field of an options struct, needs a feature that this library lacks. */
#define ATLAS_STATUS_UNSUPPORTED 12

/** The operating system reported an error. */
#define ATLAS_STATUS_IO 13

/** The file system is full, or over quota. The last flush is intact; make room and flush again. */
#define ATLAS_STATUS_NO_SPACE 14

/**
 * Another writer has committed since this one last looked, or the lock file was removed or replaced;
 * nothing was overwritten.
 */
#define ATLAS_STATUS_CONFLICT 15

/**
 * A sync to disk failed, or whether a commit was made cannot be told: this handle can still read, but
 * commits nothing more. Reopen the store.
 */
#define ATLAS_STATUS_POISONED 16

/** The handle is 0, closed, or never was one. */
#define ATLAS_STATUS_INVALID_HANDLE 17

/** The store was opened before a fork; the child process must open its own. */
#define ATLAS_STATUS_FORKED 18

/** The progress callback asked to stop. */
#define ATLAS_STATUS_CANCELLED 19

/** Memory, or another resource of the process, ran out. */
#define ATLAS_STATUS_OUT_OF_MEMORY 20

/** A bug in this library. */
#define ATLAS_STATUS_INTERNAL 21

/* ---- Modes ----------------------------------------------------------------------------------- */

/** Read one committed snapshot; take no lock, change nothing. */
#define ATLAS_MODE_READ 1

/** Read and write. At most one process at a time holds a store in this mode. */
#define ATLAS_MODE_READ_WRITE 2

/* ---- Element types --------------------------------------------------------------------------- */

/** One byte, 0 or 1 (C `bool`). */
#define ATLAS_DTYPE_BOOL 1

/** int8_t. */
#define ATLAS_DTYPE_I8 2

/** int16_t. */
#define ATLAS_DTYPE_I16 3

/** int32_t. */
#define ATLAS_DTYPE_I32 4

/** int64_t. */
#define ATLAS_DTYPE_I64 5

/** uint8_t. */
#define ATLAS_DTYPE_U8 6

/** uint16_t. */
#define ATLAS_DTYPE_U16 7

/** uint32_t. */
#define ATLAS_DTYPE_U32 8

/** uint64_t. */
#define ATLAS_DTYPE_U64 9

/** IEEE 754 binary16, two bytes. */
#define ATLAS_DTYPE_F16 10

/** float (IEEE 754 binary32). */
#define ATLAS_DTYPE_F32 11

/** double (IEEE 754 binary64). */
#define ATLAS_DTYPE_F64 12

/**
 * Two floats: real, imaginary (C `float _Complex`, C++ `std::complex<float>`, Fortran
 * `complex(c_float)`).
 */
#define ATLAS_DTYPE_C64 13

/** Two doubles: real, imaginary. */
#define ATLAS_DTYPE_C128 14

/** int64_t: nanoseconds since 1970-01-01T00:00:00Z. */
#define ATLAS_DTYPE_TIMESTAMP_NS 15

/**
 * Text of any length, UTF-8. Has calls of its own: `atlas_write_strings`, `atlas_read_strings`,
 * ...
 */
#define ATLAS_DTYPE_STRING 16

/* ---- Choices in options ---------------------------------------------------------------------- */

/** The library's choice: JSON. */
#define ATLAS_META_FORMAT_DEFAULT 0

/** The store's root is JSON, readable by eye. */
#define ATLAS_META_FORMAT_JSON 1

/** The store's root is MessagePack: smaller, and faster to parse. */
#define ATLAS_META_FORMAT_MSGPACK 2

/** The library's choice: no compression. */
#define ATLAS_COMPRESSION_DEFAULT 0

/** The store's root is not compressed. */
#define ATLAS_COMPRESSION_NONE 1

/** The store's root is compressed with zstd. */
#define ATLAS_COMPRESSION_ZSTD 2

/** The store's choice for an array, and the library's for a store: zstd. */
#define ATLAS_CODEC_DEFAULT 0

/** Chunks are compressed with zstd. */
#define ATLAS_CODEC_ZSTD 1

/** Chunks are compressed with LZ4: faster, and larger. */
#define ATLAS_CODEC_LZ4 2

/** Chunks are stored as they are. */
#define ATLAS_CODEC_NONE 3

/** The store's choice for an array, and the library's for a store: none. */
#define ATLAS_FILTER_DEFAULT 0

/** Elements are compressed as they are. */
#define ATLAS_FILTER_NONE 1

/**
 * Each element of a block is replaced by its difference to the one before it, before bytes are
 * shuffled: of floats and of c64 that of their bits, as integers that wrap. Nothing is lost. Smooth
 * fields with many different values take less space, others may take more.
 */
#define ATLAS_FILTER_DELTA 2

/** The default that the field documents. */
#define ATLAS_SWITCH_DEFAULT 0

/** On. */
#define ATLAS_SWITCH_ON 1

/** Off. */
#define ATLAS_SWITCH_OFF 2

/** The library's choice: an error. */
#define ATLAS_OVERFLOW_DEFAULT 0

/** A float that does not fit is an error, as an integer is. */
#define ATLAS_OVERFLOW_ERROR 1

/** A float that does not fit becomes an infinity of its sign. */
#define ATLAS_OVERFLOW_INFINITY 2

/** For `num_threads`: no background threads; all work is done on the calling thread. */
#define ATLAS_THREADS_INLINE -1

/** For `keep_generations`: no earlier commits. */
#define ATLAS_KEEP_NONE -1

/** ATLAS_IF_EXISTS_FAIL. */
#define ATLAS_IF_EXISTS_DEFAULT 0

/** Where there is a store, `atlas_create` fails with ATLAS_STATUS_ALREADY_EXISTS. */
#define ATLAS_IF_EXISTS_FAIL 1

/**
 * Where there is a store, `atlas_create` opens it for reading and writing. What belongs to a store
 * (meta_format, meta_compression, codec, level, shuffle, filter, pack, keep_generations) is that of
 * the store that is there, whatever the options say.
 */
#define ATLAS_IF_EXISTS_OPEN 2

/**
 * Where there is a store, `atlas_create` begins it anew: opens it with everything in it deleted, as
 * a change like any other. It stays as it is, for readers too, until the first flush; without one
 * nothing happens to it. That flush is a commit, from which `atlas_rollback` can go back, and the
 * first with the codec, level, shuffle, filter, pack and keep_generations of the options. Pins stay,
 * and so do meta_format and meta_compression: to ask for others fails with ATLAS_STATUS_INVALID_ARGUMENT.
 */
#define ATLAS_IF_EXISTS_REPLACE 3

/** For `lock_timeout_ms` and `atlas_wait_for_commit`: no end. */
#define ATLAS_WAIT_FOREVER UINT64_MAX

/* ---- Log levels and limits ------------------------------------------------------------------- */

/** Something worth knowing. */
#define ATLAS_LOG_INFO 1

/** Something worth acting on. */
#define ATLAS_LOG_WARNING 2

/** The highest rank (number of dimensions) of an array. Rank 0 is a scalar. */
#define ATLAS_MAX_RANK 32

/* ---- Types ----------------------------------------------------------------------------------- */

/**
 * What a call came to: ATLAS_STATUS_OK (0), or one of the other ATLAS_STATUS_ codes.
 *
 * The numbers are permanent. New ones may be added, so treat an unknown one as a failure.
 */
typedef int32_t atlas_status;

/**
 * Takes a message. `level` is ATLAS_LOG_INFO or ATLAS_LOG_WARNING; `message` is one line, valid
 * during the call.
 */
typedef void (*atlas_log_fn)(int32_t level, const char *message, void *user_data);

/**
 * Takes a report of progress: `done` of `total` steps of `what`. Returns 0 to go on, anything else
 * to cancel.
 */
typedef int32_t (*atlas_progress_fn)(const char *what,
                                     uint64_t done,
                                     uint64_t total,
                                     void *user_data);

/** Options of `atlas_create`. Set `struct_size`; a field that is 0 means its default. */
typedef struct {
    /** sizeof(atlas_create_options). */
    size_t struct_size;
    /** ATLAS_META_FORMAT_: how the store's root is written. Default: JSON. */
    int32_t meta_format;
    /** ATLAS_COMPRESSION_: how the store's root is compressed. Default: not. */
    int32_t meta_compression;
    /** ATLAS_CODEC_: for arrays that do not choose their own. Default: zstd. */
    int32_t codec;
    /** The codec's level, for arrays that do not choose their own. Default: 1 for zstd. */
    int32_t level;
    /** ATLAS_SWITCH_: shuffle the bytes of elements before compressing. Default: on. */
    int32_t shuffle;
    /**
     * ATLAS_SWITCH_: compress chunks below 16 KiB together with others, for arrays that do not
     * choose. Default: on.
     */
    int32_t pack;
    /** ATLAS_SWITCH_: flush waits until everything is on the disk. Default: on. */
    int32_t sync;
    /**
     * Background threads. Default: one per core that this process may use, or the environment
     * variable ATLAS_NUM_THREADS (0 there means inline). ATLAS_THREADS_INLINE: none.
     */
    int32_t num_threads;
    /** Bytes of decoded data and indexes kept for later reads. Default: 64 MiB. */
    uint64_t cache_bytes;
    /** Called with messages. Default: none. */
    atlas_log_fn log;
    /** Handed to `log`. */
    void *log_data;
    /** Called during compact and verify. Default: none. */
    atlas_progress_fn progress;
    /** Handed to `progress`. */
    void *progress_data;
    /**
     * Bytes that written values may take in memory. Default: 256 MiB. From half of it on they are
     * written to files that the next flush makes part of the store; a write that finds more than
     * all of it taken waits. One call may itself take as much as it brings.
     */
    uint64_t write_buffer_bytes;
    /**
     * Earlier commits that can be gone back to, compactions or not; ATLAS_KEEP_NONE: none. Default:
     * the one before the last, until a compaction. Belongs to the store from then on; see
     * `atlas_set_keep_generations`.
     */
    int32_t keep_generations;
    /**
     * ATLAS_OVERFLOW_: what becomes of a finite value that the narrower float type it is converted
     * to can only round to infinity: see "Memory". Default: an error.
     */
    int32_t float_overflow;
    /** ATLAS_IF_EXISTS_: what is done where there is a store. Default: fail. */
    int32_t if_exists;
    /**
     * Milliseconds to wait for another writer to end, before ATLAS_STATUS_LOCKED; ATLAS_WAIT_FOREVER.
     * Default: not at all.
     */
    uint64_t lock_timeout_ms;
    /**
     * ATLAS_FILTER_: what is done to elements before shuffling, for arrays that do not choose their
     * own; those of bool, c128 and strings have none. Default: none.
     */
    int32_t filter;
} atlas_create_options;

/**
 * An open store: a number that `atlas_create` or `atlas_open` gave out. 0 is never one.
 *
 * It is checked on every call, so a closed or made-up one is an error and never undefined
 * behaviour.
 */
typedef uint64_t atlas_store;

/** How a store is opened: one of the ATLAS_MODE_ constants. */
typedef int32_t atlas_mode;

/** Options of `atlas_open`. Set `struct_size`; a field that is 0 means its default. */
typedef struct {
    /** sizeof(atlas_open_options). */
    size_t struct_size;
    /** ATLAS_SWITCH_: flush waits until everything is on the disk. Default: on. */
    int32_t sync;
    /** Background threads, as in atlas_create_options. */
    int32_t num_threads;
    /**
     * Bytes of decoded data and indexes kept for later reads, as in atlas_create_options. Handles of one process that read
     * one store on a file system have them in common, if they were given the same numbers of threads and bytes.
     */
    uint64_t cache_bytes;
    /** Called with messages. Default: none. */
    atlas_log_fn log;
    /** Handed to `log`. */
    void *log_data;
    /** Called during compact and verify. Default: none. */
    atlas_progress_fn progress;
    /** Handed to `progress`. */
    void *progress_data;
    /** Bytes that written values may take in memory, as in atlas_create_options. */
    uint64_t write_buffer_bytes;
    /** ATLAS_OVERFLOW_: as in atlas_create_options. */
    int32_t float_overflow;
    /**
     * Milliseconds to wait for another writer to end, as in atlas_create_options. Readers wait for
     * nobody.
     */
    uint64_t lock_timeout_ms;
    /**
     * A ticket of a session whose handle is gone, of `ticket_length` bytes: with ATLAS_MODE_READ_WRITE
     * the session goes on with this handle, and the files of its workers stay. Default: none.
     */
    const void *ticket;
    /** Bytes of `ticket`. */
    size_t ticket_length;
} atlas_open_options;

/** Takes one damaged place: the file's path, the byte `offset` in it, and what is wrong there. */
typedef void (*atlas_damage_fn)(const char *file,
                                uint64_t offset,
                                const char *message,
                                void *user_data);

/** A store, as `atlas_store_info` describes it. Set `struct_size` before the call. */
typedef struct {
    /** sizeof(atlas_store_description), set by the caller: no more than this is written. */
    size_t struct_size;
    /** ATLAS_MODE_READ or ATLAS_MODE_READ_WRITE. */
    atlas_mode mode;
    /** ATLAS_META_FORMAT_JSON or ATLAS_META_FORMAT_MSGPACK. */
    int32_t meta_format;
    /** ATLAS_COMPRESSION_NONE or ATLAS_COMPRESSION_ZSTD. */
    int32_t meta_compression;
    /** 1 if anything changed since the last flush, else 0. */
    int32_t unflushed_changes;
    /** The commit that this handle sees: 1 after create, one more with every commit. */
    uint64_t generation;
    /** Datasets, unflushed ones included. */
    uint64_t dataset_count;
    /** Array files (array names with data on disk). */
    uint64_t array_file_count;
    /** Segments. */
    uint64_t segment_count;
    /** Bytes on disk that belong to living arrays. */
    uint64_t live_bytes;
    /** Bytes on disk that `atlas_compact` would give back. */
    uint64_t dead_bytes;
    /**
     * Earlier commits that are kept, as in atlas_create_options: 0 for the default. What is not
     * flushed is included.
     */
    int64_t keep_generations;
} atlas_store_description;

/** The type of an element, in an array or in memory: one of the ATLAS_DTYPE_ constants. */
typedef int32_t atlas_dtype;

/** Options of `atlas_define_array`. Set `struct_size`; a field that is 0 means its default. */
typedef struct {
    /** sizeof(atlas_array_options). */
    size_t struct_size;
    /**
     * `rank` extents of a chunk, the unit of storage, each at least 1. Default: the whole array up
     * to 4 MiB; above that equal parts of about 2 MiB along the leading dimensions. An array whose
     * dimension 0 begins at 0, and so is appended to, gets chunks of about 1 MiB, of at most 4096
     * rows.
     */
    const uint64_t *chunk_shape;
    /** ATLAS_CODEC_. Default: the store's. */
    int32_t codec;
    /** The codec's level. Default: the store's. */
    int32_t level;
    /** ATLAS_SWITCH_: shuffle the bytes of elements before compressing. Default: the store's. */
    int32_t shuffle;
    /**
     * ATLAS_SWITCH_: compress chunks below 16 KiB together with others, which takes less space and
     * time. Off: each chunk has a byte range of its own, which other programs can read where it
     * lies. Default: the store's.
     */
    int32_t pack;
    /**
     * The value that stands for "missing": one element of the array's dtype, or for
     * ATLAS_DTYPE_STRING the text itself (a `const char *`). Cells that were never written read as
     * it. Default: none; such cells read as zero (false, "").
     */
    const void *fill_value;
    /**
     * ATLAS_SWITCH_: dimension 0 is unlimited: `atlas_write_array` and `atlas_write_strings` past
     * its end make it grow, and cells between read as the fill value. Default: on where dimension 0
     * begins at 0, else off.
     */
    int32_t unlimited;
    /**
     * ATLAS_FILTER_: what is done to elements before shuffling and compressing them; nothing to
     * those of bool, c128 and strings, and nothing where the codec is ATLAS_CODEC_NONE. Default: the
     * store's.
     */
    int32_t filter;
    /**
     * Bits of the mantissa that are kept of each float that is written: at most 10 for f16, 23 for
     * f32 and c64, 52 for f64 and c128. Values are rounded when they are written, to nearest and
     * ties to even, with a relative error of at most 2^-(keep_bits + 1); what is read is what is
     * stored, before the flush too. NaN, infinities and the fill value stay, and no other value
     * becomes one of them. Default: all bits, exactly what is written.
     */
    int32_t keep_bits;
} atlas_array_options;

/** An array, as `atlas_array_info` describes it. Set `struct_size` before the call. */
typedef struct {
    /** sizeof(atlas_array_description), set by the caller: no more than this is written. */
    size_t struct_size;
    /** The type of the elements. */
    atlas_dtype dtype;
    /** 1 if the array has a fill value, else 0. */
    int32_t has_fill_value;
    /** The number of dimensions. */
    size_t rank;
    /** The first `rank` are the array's extents, in cells; the rest are 0. */
    uint64_t shape[ATLAS_MAX_RANK];
    /** The first `rank` are the extents of a chunk, in cells; the rest are 0. */
    uint64_t chunk_shape[ATLAS_MAX_RANK];
    /** ATLAS_CODEC_ZSTD, ATLAS_CODEC_LZ4 or ATLAS_CODEC_NONE. */
    int32_t codec;
    /** The codec's level. */
    int32_t level;
    /** ATLAS_SWITCH_ON or ATLAS_SWITCH_OFF. */
    int32_t shuffle;
    /** ATLAS_SWITCH_ON or ATLAS_SWITCH_OFF. */
    int32_t pack;
    /**
     * The fill value: one element of `dtype`, the rest 0. All 0 for ATLAS_DTYPE_STRING: see
     * `atlas_array_fill_text`.
     */
    uint8_t fill_value[16];
    /** ATLAS_SWITCH_ON or ATLAS_SWITCH_OFF: writes past the end of dimension 0 make it grow. */
    int32_t unlimited;
    /** ATLAS_FILTER_NONE or ATLAS_FILTER_DELTA. */
    int32_t filter;
    /** Bits of the mantissa that are kept of each float that is written; 0: all. */
    int32_t keep_bits;
    /** 0. */
    int32_t reserved;
    /**
     * The first `rank` are the extents of the pieces that a chunk is stored in, each compressed by
     * itself, in cells; those of the chunk where it is one piece. The rest are 0. The library
     * chooses them.
     */
    uint64_t piece_shape[ATLAS_MAX_RANK];
} atlas_array_description;

/**
 * Statistics of an array or of one chunk, as of the last flush.
 *
 * `min` and `max` leave out nulls and NaN. They are 0 in every form where `has_range` is 0.
 */
typedef struct {
    /** Cells of the shape. */
    uint64_t row_count;
    /**
     * Cells equal to the fill value (NaN equals NaN here), never-written cells included. 0 without
     * a fill value.
     */
    uint64_t null_count;
    /**
     * 1 if there is a smallest and a largest value; 0 for complex and string arrays, and where
     * every cell is null or NaN.
     */
    int32_t has_range;
    /** The array's type: it says which of the fields below are exact. */
    atlas_dtype dtype;
    /** The smallest value, as the nearest double, for every real type. */
    double min;
    /** The largest value, as the nearest double, for every real type. */
    double max;
    /** The smallest value, exact, for bool, signed integers and timestamps; else 0. */
    int64_t min_int;
    /** The largest value, exact, for bool, signed integers and timestamps; else 0. */
    int64_t max_int;
    /** The smallest value, exact, for bool and unsigned integers; else 0. */
    uint64_t min_uint;
    /** The largest value, exact, for bool and unsigned integers; else 0. */
    uint64_t max_uint;
} atlas_stats;

/**
 * Where one piece of a chunk lies, as `atlas_chunk_places` tells: `piece_shape` of
 * `atlas_array_description` says which. A chunk that is one piece is that.
 *
 * A block is `stored_len` bytes of a file from `offset` on. Decoded (first `codec`, then the
 * shuffle, then `delta` undone) it has `raw_len` bytes; the piece is `len` of them from `at` on:
 * all cells of the piece shape in C order, also those outside the array, little-endian; texts as
 * numcodecs' vlen-utf8 has them. Where `len` is `raw_len`, the block is the piece.
 */
typedef struct {
    /**
     * The piece's number: its indices, counted in C order, in the grid by which pieces cut the
     * array.
     */
    uint64_t number;
    /** The file, counted from 0 in the list that comes with the places. */
    uint64_t file;
    /** Where in the file the block begins. */
    uint64_t offset;
    /** Bytes of the block in the file. */
    uint64_t stored_len;
    /** Bytes of the block when decoded. */
    uint64_t raw_len;
    /** Where in the decoded block the piece begins. */
    uint64_t at;
    /** Bytes of the piece. */
    uint64_t len;
    /**
     * CRC-32C of the block in the file; UINT64_MAX where it stands behind the block, as a
     * little-endian uint32_t.
     */
    uint64_t checksum;
    /** ATLAS_CODEC_ZSTD, ATLAS_CODEC_LZ4 or ATLAS_CODEC_NONE. */
    int32_t codec;
    /** Bytes of the elements whose bytes were shuffled; 1 where they were not. */
    int32_t shuffle;
    /**
     * Bytes of the elements that are differences to the one before them in the block, as integers
     * that wrap; 0 where they are themselves.
     */
    int32_t delta;
    /** 0. */
    int32_t reserved;
} atlas_chunk_place;

/** Options of `atlas_session_begin`. Set `struct_size`; a field that is 0 means its default. */
typedef struct {
    /** sizeof(atlas_session_options). */
    size_t struct_size;
    /** Names in `datasets`. Default: workers are told of all datasets. */
    size_t dataset_count;
    /** The datasets that workers are told of. */
    const char *const *datasets;
    /**
     * How many workers there will be, numbered from 0 on, for `atlas_session_missing`. Default: it is
     * not known.
     */
    uint32_t workers;
} atlas_session_options;

/** A date and a time of day in a calendar, as `atlas_decode_time` gives and `atlas_encode_time` takes them. */
typedef struct {
    /** The year, -1000000 to 1000000; 0 is the one before 1. */
    int64_t year;
    /** 1 to 12. */
    int32_t month;
    /** From 1 on. */
    int32_t day;
    /** 0 to 23. */
    int32_t hour;
    /** 0 to 59. */
    int32_t minute;
    /** 0 to 59. */
    int32_t second;
    /** 0 to 999999999. */
    int32_t nanosecond;
} atlas_datetime;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* ---- Stores ---------------------------------------------------------------------------------- */

/**
 * Create a store and open it for reading and writing.
 *
 * The directory is made if it is missing (its parent must exist) and may exist if it is empty. The
 * empty store is on the disk when this returns. Where there is a store already, the option
 * `if_exists` says what to do: fail, open it, or begin it anew.
 *
 * - `path`     the store's directory, or its URL
 * - `options`  NULL for the defaults
 * - `out`      the handle; 0 on failure
 *
 * Fails with ATLAS_STATUS_ALREADY_EXISTS if there is a store, ATLAS_STATUS_INVALID_ARGUMENT if
 * there is anything else in the directory, ATLAS_STATUS_NOT_FOUND if the parent is missing,
 * ATLAS_STATUS_LOCKED (see `lock_timeout_ms`), ATLAS_STATUS_IO or ATLAS_STATUS_NO_SPACE, and where a
 * store is opened as `atlas_open` does. Since 0.1.
 */
atlas_status atlas_create(const char *path,
                          const atlas_create_options *options,
                          atlas_store *out);

/**
 * Open a store.
 *
 * - `path`     the store's directory, or its URL
 * - `mode`     ATLAS_MODE_READ: see the last commit, until `atlas_refresh`; any number of readers,
 *              beside a writer. ATLAS_MODE_READ_WRITE: be the one writer
 * - `options`  NULL for the defaults
 * - `out`      the handle; 0 on failure
 *
 * Fails with ATLAS_STATUS_NOT_FOUND if there is no store, ATLAS_STATUS_LOCKED if another writer
 * has it (the text says who; `lock_timeout_ms` waits for it), ATLAS_STATUS_CORRUPT,
 * ATLAS_STATUS_UNSUPPORTED if a newer library wrote it, or ATLAS_STATUS_IO. Since 0.1.
 */
atlas_status atlas_open(const char *path,
                        atlas_mode mode,
                        const atlas_open_options *options,
                        atlas_store *out);

/**
 * Open an earlier commit for reading, or the last one by its number: see `atlas_generations`.
 *
 * - `path`        the store's directory, or its URL
 * - `generation`  the commit
 * - `options`     NULL for the defaults
 * - `out`         the handle, as of ATLAS_MODE_READ; 0 on failure. `atlas_refresh` moves it on to the
 *                 last commit
 *
 * Fails with ATLAS_STATUS_NOT_FOUND if there is no store or it does not keep that commit (the text
 * says which it keeps), or as `atlas_open` does. Since 0.1.
 */
atlas_status atlas_open_at(const char *path,
                           uint64_t generation,
                           const atlas_open_options *options,
                           atlas_store *out);

/**
 * Commit every change since the last flush, all together, and wait until it is on the disk.
 *
 * This is the one durability boundary. After a crash at any instant the store is as one completed
 * flush left it. Works out the statistics of what changed. Without changes it does nothing.
 *
 * Fails with ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_NO_SPACE (the changes stay in memory: make room
 * and flush again), ATLAS_STATUS_INVALID_ARGUMENT if a dimension's name has two lengths in a dataset
 * (see "Dimensions"; nothing is lost), ATLAS_STATUS_CONFLICT if another writer got in between,
 * ATLAS_STATUS_IO or ATLAS_STATUS_POISONED. Since 0.1.
 */
atlas_status atlas_flush(atlas_store store);

/**
 * Begin a flush of every change made so far, and do not wait for it: it goes on beside the calls.
 *
 * What is changed from now on belongs to the next flush, which may be begun before this one is
 * over: each commits what was there when it began, in that order. One that fails takes those
 * begun after it along, and nothing is lost. If one has failed and nobody has heard of it yet, its
 * error is returned and nothing is begun. Only when several are under way does this call wait.
 * `atlas_flush`, `atlas_close`, `atlas_compact` and `atlas_discard` wait for all of them. With
 * ATLAS_THREADS_INLINE this call does all the work.
 *
 * Fails with ATLAS_STATUS_READ_ONLY or ATLAS_STATUS_POISONED, or like a flush before. Since 0.1.
 */
atlas_status atlas_flush_begin(atlas_store store);

/**
 * Tell whether every flush that was begun is over.
 *
 * Fails with ATLAS_STATUS_READ_ONLY. Since 0.1.
 */
atlas_status atlas_flush_test(atlas_store store, bool *out);

/**
 * Wait for every flush that was begun, and for their commits to be on the disk.
 *
 * Returns at once if none is under way. Fails as `atlas_flush` does, once, when one has failed:
 * nothing is lost, and the next flush writes what that one did not. Since 0.1.
 */
atlas_status atlas_flush_wait(atlas_store store);

/**
 * Flush, then release the handle and the lock. A store that is open for reading is only released.
 *
 * When the flush fails the handle stays open and nothing is lost: close again, or discard.
 *
 * A process that ends with a store whose changes are not flushed loses them. Its end (exit, or the
 * return of main) says so, in one line on standard error for each such store that has no `log`. A
 * `log` is not called then: what it works with may be gone.
 *
 * Fails as `atlas_flush` does, but not with ATLAS_STATUS_READ_ONLY. Since 0.1.
 */
atlas_status atlas_close(atlas_store store);

/**
 * Release the handle and the lock without a flush: every change since the last one is gone.
 *
 * For destructors and finalizers. It leaves the thread's error text alone unless the handle is
 * invalid or this is a callback of the store, which are the only failures. In a child made by fork, where a handle of the parent names
 * nothing, it does nothing and succeeds. Since 0.1.
 */
atlas_status atlas_discard(atlas_store store);

/**
 * Give back the space of deleted and overwritten data, by rewriting what is alive. Commits by
 * itself, atomically.
 *
 * Never needed for correctness. Readers of earlier snapshots go on. Earlier commits that the store
 * was told to keep (keep_generations, pins) stay, with the files that they need; others can no
 * longer be gone back to.
 *
 * Fails with ATLAS_STATUS_UNFLUSHED_CHANGES if anything changed since the last flush,
 * ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_CANCELLED, or as `atlas_flush` does; the store is then as
 * it was. Since 0.1.
 */
atlas_status atlas_compact(atlas_store store);

/**
 * List the commits that can be opened with `atlas_open_at` and gone back to with `atlas_rollback`.
 *
 * - `generations`  their numbers, ascending; the last is the store's last commit. NULL only if
 *                  `capacity` is 0
 * - `capacity`     the numbers that fit into `generations`
 * - `count`        how many there are, written also when they do not fit
 *
 * Fails with ATLAS_STATUS_BUFFER_TOO_SMALL or ATLAS_STATUS_IO. Since 0.1.
 */
atlas_status atlas_generations(atlas_store store,
                               size_t capacity,
                               uint64_t *generations,
                               size_t *count);

/**
 * Tell the store how many earlier commits it keeps, as the option `keep_generations` of
 * `atlas_create` does.
 *
 * It is a change like any other: the next flush makes it durable, and is the first commit that
 * keeps, or drops, what it says.
 *
 * - `count`  earlier commits that can be gone back to, compactions or not; ATLAS_KEEP_NONE: none;
 *            0: the one before the last, until a compaction
 *
 * Fails with ATLAS_STATUS_INVALID_ARGUMENT or ATLAS_STATUS_READ_ONLY. Since 0.1.
 */
atlas_status atlas_set_keep_generations(atlas_store store, int32_t count);

/**
 * Pin the last commit under a name: it can be opened and gone back to, and its files stay, whatever
 * is flushed, compacted and rolled back, until `atlas_unpin`.
 *
 * Changes that are not flushed are not part of it. It is a change like any other: the next flush
 * makes it durable. Waits for flushes that were begun.
 *
 * - `name`  the pin: 1 to 255 bytes, no control characters
 *
 * Fails with ATLAS_STATUS_ALREADY_EXISTS if there is a pin of that name,
 * ATLAS_STATUS_INVALID_ARGUMENT or ATLAS_STATUS_READ_ONLY. Since 0.1.
 */
atlas_status atlas_pin(atlas_store store, const char *name);

/**
 * Take a pin away. From the next flush on its commit is kept only as far as the store keeps
 * commits (keep_generations).
 *
 * - `name`  the pin
 *
 * Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_READ_ONLY. Since 0.1.
 */
atlas_status atlas_unpin(atlas_store store, const char *name);

/**
 * List the names of all pins, in the order in which they were made. A store that is open for
 * reading lists those of the last commit, whichever it sees.
 *
 * - `buffer`, `capacity`, `needed`  the list: see "Text and lists"
 *
 * Fails with ATLAS_STATUS_BUFFER_TOO_SMALL or ATLAS_STATUS_IO. Since 0.1.
 */
atlas_status atlas_pin_names(atlas_store store, char *buffer, size_t capacity, size_t *needed);

/**
 * Give the commit that a pin names: `atlas_open_at` opens it.
 *
 * - `name`  the pin
 * - `out`   its generation
 *
 * Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_IO. Since 0.1.
 */
atlas_status atlas_pin_generation(atlas_store store, const char *name, uint64_t *out);

/**
 * Make the store what it was at an earlier commit, as a new commit, and wait until that is on the
 * disk.
 *
 * It can be undone in the same way, as long as the commit gone back from is kept. Readers see it
 * when they refresh. To go back to the last commit changes nothing. Pins stay as they are, and what
 * they keep, those that were made after that commit, too.
 *
 * - `generation`  one of `atlas_generations`
 *
 * Fails with ATLAS_STATUS_NOT_FOUND if the store does not keep that commit (the text says which it
 * keeps), ATLAS_STATUS_UNFLUSHED_CHANGES if anything changed since the last flush,
 * ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_CORRUPT, or as `atlas_flush` does; the store is then as it
 * was. Since 0.1.
 */
atlas_status atlas_rollback(atlas_store store, uint64_t generation);

/**
 * Move a store that is open for reading on to the last commit. `atlas_store_info` tells which that
 * is.
 *
 * Without a newer commit, and for the writer, whose own commits are the last ones, it does
 * nothing.
 *
 * Fails with ATLAS_STATUS_CORRUPT or ATLAS_STATUS_IO; the handle then keeps its snapshot.
 * Since 0.1.
 */
atlas_status atlas_refresh(atlas_store store);

/**
 * Wait until there is a newer commit than the one that a store, open for reading, sees.
 *
 * It does not move on to it: call `atlas_refresh`. Looks at the store's root every 1 to 50
 * milliseconds, which works on every file system, and keeps no other call of the handle waiting.
 *
 * - `timeout_ms`  how long to wait; 0 to look once, ATLAS_WAIT_FOREVER
 * - `out`         true: there is a newer commit; false: the time is over
 *
 * Fails with ATLAS_STATUS_INVALID_ARGUMENT for a store that is open for writing, to which nobody
 * else commits, with ATLAS_STATUS_INVALID_HANDLE if another thread closes the handle meanwhile,
 * ATLAS_STATUS_NOT_FOUND if the store is gone, or ATLAS_STATUS_IO. Since 0.1.
 */
atlas_status atlas_wait_for_commit(atlas_store store, uint64_t timeout_ms, bool *out);

/**
 * Read every byte of the committed store, and of commits that pins name, and compare it with its
 * checksums. Of other earlier commits that are kept, only what lists their contents is read.
 *
 * - `on_damage`     called for every damaged place, on this thread; may be NULL
 * - `user_data`     handed to `on_damage`
 * - `damage_count`  the number of damaged places, written also when the call fails with
 *                   ATLAS_STATUS_CORRUPT; may be NULL
 *
 * Fails with ATLAS_STATUS_CORRUPT if anything is damaged, ATLAS_STATUS_CANCELLED or
 * ATLAS_STATUS_IO. Since 0.1.
 */
atlas_status atlas_verify(atlas_store store,
                          atlas_damage_fn on_damage,
                          void *user_data,
                          uint64_t *damage_count);

/**
 * Describe a store.
 *
 * - `out`  the description; set its `struct_size` first
 *
 * Since 0.1.
 */
atlas_status atlas_store_info(atlas_store store, atlas_store_description *out);

/* ---- Datasets -------------------------------------------------------------------------------- */

/**
 * Add a dataset without arrays or attributes.
 *
 * - `dataset`  a name; it may hold '/', which means nothing to the store
 *
 * Fails with ATLAS_STATUS_ALREADY_EXISTS or ATLAS_STATUS_READ_ONLY. Since 0.1.
 */
atlas_status atlas_create_dataset(atlas_store store, const char *dataset);

/**
 * Delete a dataset with its arrays and attributes.
 *
 * The bytes on disk stay until `atlas_compact` at the latest. The name is free again at once.
 *
 * Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_READ_ONLY. Since 0.1.
 */
atlas_status atlas_delete_dataset(atlas_store store, const char *dataset);

/**
 * Give a dataset another name.
 *
 * Nothing is moved, however large it is: its arrays and their files are what they were. From then
 * on it is the last in the order of datasets.
 *
 * - `name`  the new name
 *
 * Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_ALREADY_EXISTS if there is a dataset `name`, or
 * ATLAS_STATUS_READ_ONLY. Since 0.1.
 */
atlas_status atlas_rename_dataset(atlas_store store, const char *dataset, const char *name);

/**
 * Copy a dataset: attributes, definitions, and values, unflushed ones included.
 *
 * It takes memory for a chunk at a time, beside what `to` keeps of written values. The copy becomes
 * durable with the next flush of `to`. Until this returns, other threads see the copy grow, and a
 * flush of theirs commits what there is of it. Where this fails, the copy is deleted.
 *
 * - `from`     the store that has the dataset; a reader will do
 * - `dataset`  the dataset
 * - `to`       the store that gets the copy, open for writing; it may be `from`
 * - `name`     the copy's name
 *
 * Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_ALREADY_EXISTS if `to` has a dataset `name`,
 * ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_CONFLICT if another thread deletes or replaces an array of
 * the dataset meanwhile, or ATLAS_STATUS_INVALID_ARGUMENT if a dimension's name has two lengths in
 * it, as older libraries allowed. Since 0.1.
 */
atlas_status atlas_copy_dataset(atlas_store from,
                                const char *dataset,
                                atlas_store to,
                                const char *name);

/** Tell whether there is a dataset of this name. Since 0.1. */
atlas_status atlas_has_dataset(atlas_store store, const char *dataset, bool *out);

/** Count the datasets. Since 0.1. */
atlas_status atlas_dataset_count(atlas_store store, size_t *out);

/**
 * List the names of all datasets, in the order in which they were created.
 *
 * - `buffer`, `capacity`, `needed`  the list: see "Text and lists"
 *
 * Fails with ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
 */
atlas_status atlas_dataset_names(atlas_store store, char *buffer, size_t capacity, size_t *needed);

/**
 * Give the name of one dataset.
 *
 * - `index`                         its place in the order of creation, from 0
 * - `buffer`, `capacity`, `needed`  the name: see "Text and lists"
 *
 * Fails with ATLAS_STATUS_OUT_OF_RANGE or ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
 */
atlas_status atlas_dataset_name(atlas_store store,
                                size_t index,
                                char *buffer,
                                size_t capacity,
                                size_t *needed);

/* ---- Arrays ---------------------------------------------------------------------------------- */

/**
 * Define an array in a dataset. Until they are written its cells read as the fill value, or as
 * zero.
 *
 * - `array`    a name; the arrays of one name in all datasets are stored together, and may differ
 *              in type and shape
 * - `dtype`    the type of the elements
 * - `rank`     the number of dimensions, 0 to ATLAS_MAX_RANK; 0 is a scalar
 * - `dims`     `rank` names of dimensions: see "Dimensions". NULL: an array of rank 1 has its own
 *              name as that of its dimension, any other "dim_0", "dim_1", ...
 * - `shape`    `rank` extents, in cells; 0 is allowed, and usual for a dimension 0 that
 *              `atlas_append_array` grows
 * - `options`  NULL for the defaults
 *
 * Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset, ATLAS_STATUS_INVALID_ARGUMENT if a
 * dimension's name has another length there, ATLAS_STATUS_ALREADY_EXISTS or ATLAS_STATUS_READ_ONLY.
 * Since 0.1.
 */
atlas_status atlas_define_array(atlas_store store,
                                const char *dataset,
                                const char *array,
                                atlas_dtype dtype,
                                size_t rank,
                                const char *const *dims,
                                const uint64_t *shape,
                                const atlas_array_options *options);

/**
 * Delete an array with its attributes.
 *
 * The bytes on disk stay until `atlas_compact` at the latest. The name is free again at once.
 *
 * Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_READ_ONLY. Since 0.1.
 */
atlas_status atlas_delete_array(atlas_store store, const char *dataset, const char *array);

/**
 * Tell whether a dataset has an array of this name.
 *
 * Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset. Since 0.1.
 */
atlas_status atlas_has_array(atlas_store store, const char *dataset, const char *array, bool *out);

/**
 * Count the arrays of a dataset.
 *
 * Fails with ATLAS_STATUS_NOT_FOUND. Since 0.1.
 */
atlas_status atlas_array_count(atlas_store store, const char *dataset, size_t *out);

/**
 * List the names of a dataset's arrays, in the order in which they were defined.
 *
 * - `buffer`, `capacity`, `needed`  the list: see "Text and lists"
 *
 * Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
 */
atlas_status atlas_array_names(atlas_store store,
                               const char *dataset,
                               char *buffer,
                               size_t capacity,
                               size_t *needed);

/**
 * Describe an array: type, shape, chunks, codec, fill value.
 *
 * - `out`  the description; set its `struct_size` first
 *
 * Fails with ATLAS_STATUS_NOT_FOUND. Since 0.1.
 */
atlas_status atlas_array_info(atlas_store store,
                              const char *dataset,
                              const char *array,
                              atlas_array_description *out);

/**
 * List the names of an array's dimensions: `rank` of them.
 *
 * - `buffer`, `capacity`, `needed`  the list: see "Text and lists"
 *
 * Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
 */
atlas_status atlas_array_dims(atlas_store store,
                              const char *dataset,
                              const char *array,
                              char *buffer,
                              size_t capacity,
                              size_t *needed);

/**
 * Write a region of an array.
 *
 * Reads see it at once; `atlas_flush` makes it durable. The data is copied: the memory is the
 * caller's again when this returns. Where dimension 0 is unlimited (see atlas_array_options), a
 * region that ends past it makes it grow; cells between read as the fill value. Threads that write
 * different cells past the end at once each land whole.
 *
 * - `dtype`    the type of the elements in memory; converted to the array's: see "Memory"
 * - `rank`     the array's rank
 * - `start`    `rank` indices of the region's first cell; NULL for the origin
 * - `count`    `rank` extents of the region, in cells; NULL for all from `start` to the end
 * - `strides`  `rank` distances in memory, in elements, between neighbours along each dimension;
 *              may be negative; NULL for contiguous C order
 * - `data`     the region's first cell; NULL only if the region has no cells
 *
 * Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_OUT_OF_RANGE if the region leaves the array or a
 * value does not fit, ATLAS_STATUS_TYPE_MISMATCH, ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_NO_SPACE or
 * ATLAS_STATUS_IO; the array is then as it was. Since 0.1.
 */
atlas_status atlas_write_array(atlas_store store,
                               const char *dataset,
                               const char *array,
                               atlas_dtype dtype,
                               size_t rank,
                               const uint64_t *start,
                               const uint64_t *count,
                               const int64_t *strides,
                               const void *data);

/**
 * Read a region of an array.
 *
 * - `dtype`    the type of the elements in memory; converted from the array's: see "Memory"
 * - `rank`     the array's rank
 * - `start`    `rank` indices of the region's first cell; NULL for the origin
 * - `count`    `rank` extents of the region, in cells; NULL for all from `start` to the end
 * - `strides`  `rank` distances in memory, in elements, between neighbours along each dimension;
 *              may be negative; NULL for contiguous C order
 * - `data`     the region's first cell; NULL only if the region has no cells. What lies between
 *              the strides is not touched
 *
 * Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_OUT_OF_RANGE if the region leaves the array or a
 * value does not fit, ATLAS_STATUS_TYPE_MISMATCH, ATLAS_STATUS_CORRUPT or ATLAS_STATUS_IO.
 * Since 0.1.
 */
atlas_status atlas_read_array(atlas_store store,
                              const char *dataset,
                              const char *array,
                              atlas_dtype dtype,
                              size_t rank,
                              const uint64_t *start,
                              const uint64_t *count,
                              const int64_t *strides,
                              void *data);

/**
 * Append along dimension 0: grow it by `count[0]` and write the new cells.
 *
 * - `dtype`    the type of the elements in memory; converted to the array's: see "Memory"
 * - `rank`     the array's rank, at least 1
 * - `count`    `rank` extents of what is appended, in cells; all but the first equal the array's
 * - `strides`  as for `atlas_write_array`
 * - `data`     the first cell; NULL only if there are no cells
 *
 * Fails as `atlas_write_array` does; the array is then as it was. Appends from many threads each
 * land whole, in some order. Since 0.1.
 */
atlas_status atlas_append_array(atlas_store store,
                                const char *dataset,
                                const char *array,
                                atlas_dtype dtype,
                                size_t rank,
                                const uint64_t *count,
                                const int64_t *strides,
                                const void *data);

/**
 * Give dimension 0 of an array another extent.
 *
 * Down, the cells beyond the new end are gone. Up, cells that were never written, or that are gone,
 * read as the fill value. Reads and writes see it at once; it is a change like any other.
 *
 * - `length`  the new extent, in cells
 *
 * Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_INVALID_ARGUMENT for rank 0 or more cells than an
 * array can have, ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_CORRUPT or ATLAS_STATUS_IO; the array is then
 * as it was. Since 0.1.
 */
atlas_status atlas_resize_array(atlas_store store,
                                const char *dataset,
                                const char *array,
                                uint64_t length);

/**
 * Give dimension 0 of an array an extent of at least `length`; where it has that, do nothing. Many
 * workers of a session can do it, where only one can append.
 *
 * - `length`  the extent, in cells
 *
 * Fails as `atlas_resize_array` does. Since 0.1.
 */
atlas_status atlas_extend_array(atlas_store store,
                                const char *dataset,
                                const char *array,
                                uint64_t length);

/**
 * Read the same region of one array from many datasets, stacked, in parallel.
 *
 * - `n`         the number of datasets
 * - `datasets`  `n` names of datasets; each has the array, with this rank, and the region in it
 * - `dtype`     the type of the elements in memory; converted from each array's: see "Memory"
 * - `rank`      the arrays' rank, which does not count the stacked dimension
 * - `start`     `rank` indices of the region's first cell; NULL for the origin
 * - `count`     `rank` extents of the region, in cells; NULL for all from `start` to the end,
 *               which must then be the same in every dataset
 * - `data`      `n` regions one after the other, each contiguous in C order
 *
 * Fails as `atlas_read_array` does. Since 0.1.
 */
atlas_status atlas_read_across(atlas_store store,
                               const char *array,
                               size_t n,
                               const char *const *datasets,
                               atlas_dtype dtype,
                               size_t rank,
                               const uint64_t *start,
                               const uint64_t *count,
                               void *data);

/* ---- Arrays of text -------------------------------------------------------------------------- */

/**
 * Write a region of an array of ATLAS_DTYPE_STRING.
 *
 * - `rank`, `start`, `count`  the region, as for `atlas_write_array`
 * - `values`                  one text for each cell, in C order; NULL only if the region has no
 *                             cells
 *
 * Fails as `atlas_write_array` does; the array is then as it was. Since 0.1.
 */
atlas_status atlas_write_strings(atlas_store store,
                                 const char *dataset,
                                 const char *array,
                                 size_t rank,
                                 const uint64_t *start,
                                 const uint64_t *count,
                                 const char *const *values);

/**
 * Append along dimension 0 of an array of ATLAS_DTYPE_STRING.
 *
 * - `rank`, `count`  as for `atlas_append_array`
 * - `values`         one text for each new cell, in C order; NULL only if there are none
 *
 * Fails as `atlas_append_array` does; the array is then as it was. Since 0.1.
 */
atlas_status atlas_append_strings(atlas_store store,
                                  const char *dataset,
                                  const char *array,
                                  size_t rank,
                                  const uint64_t *count,
                                  const char *const *values);

/**
 * Read a region of an array of ATLAS_DTYPE_STRING.
 *
 * - `rank`, `start`, `count`        the region, as for `atlas_read_array`
 * - `buffer`, `capacity`, `needed`  the texts, one for each cell, in C order: see "Text and lists"
 *
 * Fails as `atlas_read_array` does, with ATLAS_STATUS_BUFFER_TOO_SMALL, or with
 * ATLAS_STATUS_UNSUPPORTED if a text holds a NUL byte, which only other languages can write.
 * Since 0.1.
 */
atlas_status atlas_read_strings(atlas_store store,
                                const char *dataset,
                                const char *array,
                                size_t rank,
                                const uint64_t *start,
                                const uint64_t *count,
                                char *buffer,
                                size_t capacity,
                                size_t *needed);

/**
 * Give the fill value of an array of ATLAS_DTYPE_STRING.
 *
 * - `buffer`, `capacity`, `needed`  the text: see "Text and lists"
 *
 * Fails with ATLAS_STATUS_NOT_FOUND if there is no such array, or it has no fill value;
 * ATLAS_STATUS_TYPE_MISMATCH if it is of another type (see `atlas_array_info`); or
 * ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
 */
atlas_status atlas_array_fill_text(atlas_store store,
                                   const char *dataset,
                                   const char *array,
                                   char *buffer,
                                   size_t capacity,
                                   size_t *needed);

/* ---- Attributes ------------------------------------------------------------------------------ */

/**
 * Set an attribute, replacing an earlier value whatever its type. The type is kept exactly.
 *
 * In all functions of attributes `dataset` and `array` say whose they are: with `array` NULL the
 * dataset's own, with both NULL the store's.
 *
 * - `key`     a name
 * - `dtype`   the type of the values
 * - `count`   the number of values: 1 for a scalar; 0 is allowed
 * - `values`  `count` values; for ATLAS_DTYPE_STRING `count` texts (a `const char *const *`). NULL
 *             only if `count` is 0
 *
 * Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset or array, or
 * ATLAS_STATUS_READ_ONLY. Since 0.1.
 */
atlas_status atlas_set_attribute(atlas_store store,
                                 const char *dataset,
                                 const char *array,
                                 const char *key,
                                 atlas_dtype dtype,
                                 size_t count,
                                 const void *values);

/**
 * Get an attribute of numbers.
 *
 * - `key`       its name
 * - `dtype`     the type of the elements in memory; converted from the attribute's: see "Memory"
 * - `capacity`  the values that fit into `values`
 * - `values`    the values; NULL only if `capacity` is 0
 * - `count`     the number of values; written also when the call fails with
 *               ATLAS_STATUS_BUFFER_TOO_SMALL
 *
 * Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_BUFFER_TOO_SMALL, ATLAS_STATUS_TYPE_MISMATCH
 * (text has `atlas_get_attribute_strings`) or ATLAS_STATUS_OUT_OF_RANGE. Since 0.1.
 */
atlas_status atlas_get_attribute(atlas_store store,
                                 const char *dataset,
                                 const char *array,
                                 const char *key,
                                 atlas_dtype dtype,
                                 size_t capacity,
                                 void *values,
                                 size_t *count);

/**
 * Get an attribute of text.
 *
 * - `key`                           its name
 * - `buffer`, `capacity`, `needed`  the texts, one or many: see "Text and lists"
 *
 * Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_BUFFER_TOO_SMALL, ATLAS_STATUS_TYPE_MISMATCH if
 * it is of another type, or ATLAS_STATUS_UNSUPPORTED if a text holds a NUL byte, which only other
 * languages can write. Since 0.1.
 */
atlas_status atlas_get_attribute_strings(atlas_store store,
                                         const char *dataset,
                                         const char *array,
                                         const char *key,
                                         char *buffer,
                                         size_t capacity,
                                         size_t *needed);

/**
 * Tell an attribute's type and number of values.
 *
 * - `key`    its name
 * - `dtype`  the type
 * - `count`  the number of values
 *
 * Fails with ATLAS_STATUS_NOT_FOUND. Since 0.1.
 */
atlas_status atlas_attribute_info(atlas_store store,
                                  const char *dataset,
                                  const char *array,
                                  const char *key,
                                  atlas_dtype *dtype,
                                  size_t *count);

/**
 * Tell whether there is an attribute of this name.
 *
 * Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset or array. Since 0.1.
 */
atlas_status atlas_has_attribute(atlas_store store,
                                 const char *dataset,
                                 const char *array,
                                 const char *key,
                                 bool *out);

/**
 * Count the attributes of an array, of a dataset, or of the store.
 *
 * Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset or array. Since 0.1.
 */
atlas_status atlas_attribute_count(atlas_store store,
                                   const char *dataset,
                                   const char *array,
                                   size_t *out);

/**
 * List the names of the attributes of an array, of a dataset, or of the store, in the order in
 * which they were first set.
 *
 * - `buffer`, `capacity`, `needed`  the list: see "Text and lists"
 *
 * Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset or array, or
 * ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
 */
atlas_status atlas_attribute_names(atlas_store store,
                                   const char *dataset,
                                   const char *array,
                                   char *buffer,
                                   size_t capacity,
                                   size_t *needed);

/**
 * Delete an attribute.
 *
 * Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_READ_ONLY. Since 0.1.
 */
atlas_status atlas_delete_attribute(atlas_store store,
                                    const char *dataset,
                                    const char *array,
                                    const char *key);

/* ---- Statistics ------------------------------------------------------------------------------ */

/**
 * Give the statistics of an array, as of the last flush.
 *
 * - `out`  the statistics
 *
 * Fails with ATLAS_STATUS_NO_STATS before the array's first flush, and again from any write to it
 * until the next; or with ATLAS_STATUS_NOT_FOUND. Since 0.1.
 */
atlas_status atlas_array_stats(atlas_store store,
                               const char *dataset,
                               const char *array,
                               atlas_stats *out);

/**
 * Give the statistics of one chunk, as of the last flush: to skip chunks that cannot hold what is
 * looked for.
 *
 * - `rank`   the array's rank
 * - `chunk`  `rank` indices of the chunk: a cell's indices divided by the chunk shape's extents,
 *            rounded down
 * - `out`    the statistics; `row_count` counts the chunk's cells inside the array
 *
 * Fails with ATLAS_STATUS_NO_STATS as `atlas_array_stats` does, ATLAS_STATUS_OUT_OF_RANGE,
 * ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_CORRUPT or ATLAS_STATUS_IO. Since 0.1.
 */
atlas_status atlas_chunk_stats(atlas_store store,
                               const char *dataset,
                               const char *array,
                               size_t rank,
                               const uint64_t *chunk,
                               atlas_stats *out);

/* ---- Places of chunks ------------------------------------------------------------------------ */

/**
 * Tell where the stored chunks of an array lie, so that other programs read them in place: the
 * format of blocks is that of Zarr's codecs. Of a chunk that is stored in pieces each piece that
 * lies in the array has a place, so that the array is to them one whose chunks are the pieces.
 *
 * - `capacity`    the places that fit into `places`
 * - `places`      the places, by the pieces' numbers; NULL only if `capacity` is 0
 * - `count`       how many there are
 * - `buffer`, `buffer_capacity`, `needed`  the list of files, each as a path from the store's folder
 *                 on: see "Text and lists". `file` of a place counts them from 0
 * - `generation`  the commit whose chunks these are; NULL if not wanted
 *
 * They are those of the last commit that the handle sees. What was written since has no place yet:
 * such a chunk is given as it was in that commit, or not at all. A chunk that is not given is not
 * stored, and all its cells read as the fill value, or as zero without one. The files stay as long
 * as the commit is kept: see `atlas_generations`.
 *
 * `count` and `needed` are written also when the call fails with ATLAS_STATUS_BUFFER_TOO_SMALL,
 * which it does where either does not fit.
 *
 * Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_BUFFER_TOO_SMALL, ATLAS_STATUS_CORRUPT or
 * ATLAS_STATUS_IO. Since 0.1.
 */
atlas_status atlas_chunk_places(atlas_store store,
                                const char *dataset,
                                const char *array,
                                size_t capacity,
                                atlas_chunk_place *places,
                                size_t *count,
                                char *buffer,
                                size_t buffer_capacity,
                                size_t *needed,
                                uint64_t *generation);

/* ---- Sessions: many writers, one commit ------------------------------------------------------ */

/**
 * One handle, open for writing, begins a session and gives its *ticket* to *workers*: other threads,
 * processes or machines that see the same storage. Each makes a handle of the ticket, writes, and
 * exports what it wrote as bytes, which go back to the first handle by whatever the program has: MPI,
 * a file, a pipe. That handle imports them and flushes. The flush is the one commit: before it, readers
 * see nothing of what workers did, and after it all.
 *
 * Begin a session, or renew the one that is on, and get its ticket.
 *
 * Workers see the last commit and the definitions made since; not values that are not flushed. The
 * session lasts until `atlas_session_end` or until the handle is closed. After a flush, call this again
 * and `atlas_renew` on workers that are to see the commit; a worker that goes on with an earlier ticket
 * may find values gone that were replaced since.
 *
 * - `options`   NULL for the defaults
 * - `buffer`    gets the ticket
 * - `capacity`  bytes that `buffer` holds
 * - `needed`    the ticket's bytes
 *
 * Fails with ATLAS_STATUS_BUFFER_TOO_SMALL, and `*needed` set; ATLAS_STATUS_NOT_FOUND if there is no
 * dataset of a name in the options; ATLAS_STATUS_INVALID_ARGUMENT for over 2^24 workers;
 * ATLAS_STATUS_READ_ONLY; ATLAS_STATUS_UNSUPPORTED on a worker. Since 0.1.
 */
atlas_status atlas_session_begin(atlas_store store,
                                 const atlas_session_options *options,
                                 void *buffer,
                                 size_t capacity,
                                 size_t *needed);

/**
 * End the session, if one is on: the files of workers that were not imported are removed, and what
 * workers export from now on is refused.
 *
 * Fails with ATLAS_STATUS_UNFLUSHED_CHANGES if values were imported that are not flushed,
 * ATLAS_STATUS_READ_ONLY, or ATLAS_STATUS_UNSUPPORTED on a worker. Since 0.1.
 */
atlas_status atlas_session_end(atlas_store store);

/**
 * The workers from whom nothing was imported since the last flush, of as many as the option `workers`
 * has said: none where it has not.
 *
 * - `capacity`  numbers that `workers` holds
 * - `workers`   gets the numbers, ascending
 * - `count`     how many there are
 *
 * Fails with ATLAS_STATUS_BUFFER_TOO_SMALL, and `*count` set; ATLAS_STATUS_CONFLICT if no session is on.
 * Since 0.1.
 */
atlas_status atlas_session_missing(atlas_store store,
                                   size_t capacity,
                                   uint32_t *workers,
                                   size_t *count);

/**
 * Make a worker: a handle of a ticket.
 *
 * It takes no lock, reads no file of the store until values are asked for, and commits nothing. It can
 * create datasets and define arrays (what many workers define alike is defined once), set attributes,
 * write any region, append to an array that no other worker appends to, and read: what the ticket knows
 * and what it has written itself. To delete, rename, shrink, flush, compact, roll back and pin is
 * ATLAS_STATUS_UNSUPPORTED. Close it when it has exported what it wrote; `atlas_discard` drops that.
 *
 * - `ticket`   of `atlas_session_begin`
 * - `length`   its bytes
 * - `worker`   the worker's number: no other that is at work has it
 * - `path`     the store's directory as this machine sees it, or its URL; NULL: as in the ticket
 * - `options`  NULL for the defaults
 * - `out`      the handle; 0 on failure
 *
 * Fails with ATLAS_STATUS_INVALID_ARGUMENT if it is no ticket, ATLAS_STATUS_UNSUPPORTED if it is of
 * another version of the library, or ATLAS_STATUS_CORRUPT. Since 0.1.
 */
atlas_status atlas_open_worker(const void *ticket,
                               size_t length,
                               uint32_t worker,
                               const char *path,
                               const atlas_open_options *options,
                               atlas_store *out);

/**
 * Write what changed on a worker since its last export, make it durable, and get it as bytes for
 * `atlas_import`.
 *
 * Where nothing has changed these are a few bytes, by which the worker is known to be done. If the
 * buffer is too small the export waits for the next call; what is written in between is part of the
 * one after it.
 *
 * - `buffer`    gets the export
 * - `capacity`  bytes that `buffer` holds
 * - `needed`    the export's bytes
 *
 * Fails with ATLAS_STATUS_BUFFER_TOO_SMALL, and `*needed` set; ATLAS_STATUS_INVALID_ARGUMENT if the
 * handle is no worker; ATLAS_STATUS_NO_SPACE or ATLAS_STATUS_IO, after which nothing is lost and it can be
 * called again; ATLAS_STATUS_POISONED if an fsync failed. Since 0.1.
 */
atlas_status atlas_export(atlas_store worker,
                          void *buffer,
                          size_t capacity,
                          size_t *needed);

/**
 * Have a worker go on from a later ticket of its session: it sees the commits made since. What it has
 * exported and no flush has committed it does not see any more.
 *
 * Fails with ATLAS_STATUS_UNFLUSHED_CHANGES if the worker has something to export,
 * ATLAS_STATUS_CONFLICT if the ticket is of another session, or as `atlas_open_worker` does. Since 0.1.
 */
atlas_status atlas_renew(atlas_store worker,
                         const void *ticket,
                         size_t length);

/**
 * Take over what workers have exported: all of it, or on failure nothing.
 *
 * It is then as if this handle had written it; `atlas_flush` commits it. The order of the exports means
 * nothing, and what was imported already is left out. Chunks of which two workers have written different
 * cells are put together; no two may have written the same cell.
 *
 * - `count`    exports
 * - `exports`  their bytes, as `atlas_export` gave them
 * - `lengths`  how many bytes each has
 *
 * Fails with ATLAS_STATUS_CONFLICT if two workers, or a worker and this handle, have written one cell, if
 * definitions or attributes differ, if two workers have appended to one array, if an export is of
 * another session, or if one before it is missing; the text names the workers, the dataset, the array and
 * the chunk. ATLAS_STATUS_CORRUPT if an export or a file is damaged, ATLAS_STATUS_NOT_FOUND if a file
 * is gone, ATLAS_STATUS_INVALID_ARGUMENT if bytes are no export, ATLAS_STATUS_UNSUPPORTED if a worker has not
 * synced its files and this handle syncs. Since 0.1.
 */
atlas_status atlas_import(atlas_store store,
                          size_t count,
                          const void *const *exports,
                          const size_t *lengths);

/* ---- Time ------------------------------------------------------------------------------------ */

/**
 * Give the dates that numbers mean, by the CF conventions (section 4.4): the values of an array that
 * has the attribute `units`, and perhaps `calendar`. It needs no store.
 *
 * - `units`     such as "days since 2000-01-01 00:00:00 +01:00": days, hours, minutes, seconds,
 *               milliseconds, microseconds, nanoseconds, weeks, their singulars and abbreviations
 *               (d, h, hr, min, s, sec, ms, us, ns); then the date to count from, year-month-day,
 *               with or without a time of day, with or without a time zone. Dates that come out are
 *               those of the zone zero. Months and years are refused where the calendar has some of
 *               different lengths: UDUNITS' are a twelfth of 365.242198781 days, and that number
 * - `calendar`  "standard" or "gregorian" (the Gregorian calendar from 1582-10-15 on, the Julian one
 *               before), "proleptic_gregorian", "julian", "noleap" or "365_day", "all_leap" or
 *               "366_day", "360_day"; NULL or "" for the standard one
 * - `dtype`     the type of `values`: an integer, ATLAS_DTYPE_F32, ATLAS_DTYPE_F64; or
 *               ATLAS_DTYPE_TIMESTAMP_NS, where `units` and `calendar` are NULL, and the dates are
 *               those of the proleptic Gregorian calendar
 * - `values`    `count` numbers; NULL only if there are none
 * - `out`       room for `count` dates, which does not overlap `values`
 *
 * Integers are exact, and so are floats that are whole numbers. Another float is taken for the roundest
 * length of time that it can stand for: that of full seconds which as a number is the same float, or
 * else milliseconds, microseconds, or the nearest nanosecond. So 0.1 days are 2:24:00.
 *
 * Years go from -1000000 to 1000000, and from 1 on in the calendars standard and julian, which have no
 * earlier ones in CF.
 *
 * Fails with ATLAS_STATUS_OUT_OF_RANGE if a value is NaN or infinite or means a date outside these
 * years: the text names it by its index. A fill value is a number like any other, so leave it out
 * before. With ATLAS_STATUS_INVALID_ARGUMENT if `units` or `calendar` is not understood, or the date in
 * `units` is none of the calendar; ATLAS_STATUS_UNSUPPORTED for CF's calendars "utc" and "tai", whose
 * minutes have leap seconds, and "none"; ATLAS_STATUS_TYPE_MISMATCH for another type. Since 0.1.
 */
atlas_status atlas_decode_time(const char *units,
                               const char *calendar,
                               atlas_dtype dtype,
                               const void *values,
                               size_t count,
                               atlas_datetime *out);

/**
 * Give the numbers that mean dates: the other way of `atlas_decode_time`.
 *
 * - `units`, `calendar`, `dtype`  as for `atlas_decode_time`; the dates are of this calendar
 * - `dates`                       `count` dates; NULL only if there are none
 * - `out`                         room for `count` numbers of `dtype`, which does not overlap `dates`
 *
 * A float is the one nearest to the exact number. ATLAS_DTYPE_F32 has seven digits: of days since 1900
 * it tells today's to six minutes.
 *
 * Fails with ATLAS_STATUS_INVALID_ARGUMENT if a date is none of the calendar (30 February in "noleap",
 * 10 October 1582 in "standard") or its time none of a day, and with ATLAS_STATUS_OUT_OF_RANGE if its
 * year is outside those of `atlas_decode_time`, or an integer of `dtype` does not mean it, being too
 * short or the unit too coarse: the text names the date and its index. Else as `atlas_decode_time`.
 * Since 0.1.
 */
atlas_status atlas_encode_time(const char *units,
                               const char *calendar,
                               const atlas_datetime *dates,
                               size_t count,
                               atlas_dtype dtype,
                               void *out);

/* ---- Library --------------------------------------------------------------------------------- */

/**
 * Return the text of this thread's last failure: one line that names the thing that failed.
 *
 * It is set together with every failing status and left alone by success. It is "" before the
 * first failure, never NULL, and must not be freed. The pointer is the same for as long as the
 * thread lives: the next failing call on this thread writes its text to the same place. A text has
 * at most 4095 bytes; a longer one is cut, and ends in "...". Since 0.1.
 */
const char *atlas_last_error(void);

/**
 * Return the library's version: major * 1000000 + minor * 1000 + patch.
 *
 * Compare it with ATLAS_VERSION, the version of the header that the program was compiled with.
 * Since 0.1.
 */
int32_t atlas_version(void);

/** Return the library's version as text, such as "0.1.0". Must not be freed. Since 0.1. */
const char *atlas_version_string(void);

/**
 * Return a status code's name without its prefix, such as "NOT_FOUND"; "UNKNOWN" for a number that
 * is none.
 *
 * Never NULL, and must not be freed. Since 0.1.
 */
const char *atlas_status_name(atlas_status status);

/**
 * Return an element type's short name, such as "f32" or "timestamp_ns"; "unknown" for a number
 * that is none.
 *
 * Never NULL, and must not be freed. Since 0.1.
 */
const char *atlas_dtype_name(atlas_dtype dtype);

/**
 * Return the bytes of one element in memory; 0 for ATLAS_DTYPE_STRING and for a number that is no
 * type. Since 0.1.
 */
size_t atlas_dtype_size(atlas_dtype dtype);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ATLAS_H */
