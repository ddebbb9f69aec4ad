/* Header and library agree on the version; every status and dtype has its name and size. */
#include "check.h"

static void header_and_library_agree(void) {
    CHECK_I64(atlas_version(), ATLAS_VERSION);
    CHECK_I64(ATLAS_VERSION, ATLAS_VERSION_MAJOR * 1000000 + ATLAS_VERSION_MINOR * 1000 + ATLAS_VERSION_PATCH);
    char text[64];
    snprintf(text, sizeof text, "%d.%d.%d", ATLAS_VERSION_MAJOR, ATLAS_VERSION_MINOR, ATLAS_VERSION_PATCH);
    CHECK_TEXT(atlas_version_string(), text);
}

/* The codes are permanent: a program compiled long ago must still understand them. */
static void status_codes_and_names(void) {
    static const struct {
        atlas_status status;
        int32_t code;
        const char *name;
    } rows[] = {
        {ATLAS_STATUS_OK, 0, "OK"},
        {ATLAS_STATUS_INVALID_ARGUMENT, 1, "INVALID_ARGUMENT"},
        {ATLAS_STATUS_NOT_FOUND, 2, "NOT_FOUND"},
        {ATLAS_STATUS_ALREADY_EXISTS, 3, "ALREADY_EXISTS"},
        {ATLAS_STATUS_TYPE_MISMATCH, 4, "TYPE_MISMATCH"},
        {ATLAS_STATUS_OUT_OF_RANGE, 5, "OUT_OF_RANGE"},
        {ATLAS_STATUS_READ_ONLY, 6, "READ_ONLY"},
        {ATLAS_STATUS_LOCKED, 7, "LOCKED"},
        {ATLAS_STATUS_BUFFER_TOO_SMALL, 8, "BUFFER_TOO_SMALL"},
        {ATLAS_STATUS_NO_STATS, 9, "NO_STATS"},
        {ATLAS_STATUS_UNFLUSHED_CHANGES, 10, "UNFLUSHED_CHANGES"},
        {ATLAS_STATUS_CORRUPT, 11, "CORRUPT"},
        {ATLAS_STATUS_UNSUPPORTED, 12, "UNSUPPORTED"},
        {ATLAS_STATUS_IO, 13, "IO"},
        {ATLAS_STATUS_NO_SPACE, 14, "NO_SPACE"},
        {ATLAS_STATUS_CONFLICT, 15, "CONFLICT"},
        {ATLAS_STATUS_POISONED, 16, "POISONED"},
        {ATLAS_STATUS_INVALID_HANDLE, 17, "INVALID_HANDLE"},
        {ATLAS_STATUS_FORKED, 18, "FORKED"},
        {ATLAS_STATUS_CANCELLED, 19, "CANCELLED"},
        {ATLAS_STATUS_OUT_OF_MEMORY, 20, "OUT_OF_MEMORY"},
        {ATLAS_STATUS_INTERNAL, 21, "INTERNAL"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CHECK_I64(rows[i].status, rows[i].code);
        CHECK_TEXT(atlas_status_name(rows[i].status), rows[i].name);
    }
}

static void dtype_codes_names_and_sizes(void) {
    static const struct {
        atlas_dtype dtype;
        int32_t code;
        const char *name;
        size_t size;
    } rows[] = {
        {ATLAS_DTYPE_BOOL, 1, "bool", 1},
        {ATLAS_DTYPE_I8, 2, "i8", 1},
        {ATLAS_DTYPE_I16, 3, "i16", 2},
        {ATLAS_DTYPE_I32, 4, "i32", 4},
        {ATLAS_DTYPE_I64, 5, "i64", 8},
        {ATLAS_DTYPE_U8, 6, "u8", 1},
        {ATLAS_DTYPE_U16, 7, "u16", 2},
        {ATLAS_DTYPE_U32, 8, "u32", 4},
        {ATLAS_DTYPE_U64, 9, "u64", 8},
        {ATLAS_DTYPE_F16, 10, "f16", 2},
        {ATLAS_DTYPE_F32, 11, "f32", 4},
        {ATLAS_DTYPE_F64, 12, "f64", 8},
        {ATLAS_DTYPE_C64, 13, "c64", 8},
        {ATLAS_DTYPE_C128, 14, "c128", 16},
        {ATLAS_DTYPE_TIMESTAMP_NS, 15, "timestamp_ns", 8},
        {ATLAS_DTYPE_STRING, 16, "string", 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CHECK_I64(rows[i].dtype, rows[i].code);
        CHECK_TEXT(atlas_dtype_name(rows[i].dtype), rows[i].name);
        CHECK_U64(atlas_dtype_size(rows[i].dtype), rows[i].size);
    }
}

static void other_constants(void) {
    CHECK_I64(ATLAS_MODE_READ, 1);
    CHECK_I64(ATLAS_MODE_READ_WRITE, 2);
    CHECK_I64(ATLAS_META_FORMAT_DEFAULT, 0);
    CHECK_I64(ATLAS_META_FORMAT_JSON, 1);
    CHECK_I64(ATLAS_META_FORMAT_MSGPACK, 2);
    CHECK_I64(ATLAS_COMPRESSION_DEFAULT, 0);
    CHECK_I64(ATLAS_COMPRESSION_NONE, 1);
    CHECK_I64(ATLAS_COMPRESSION_ZSTD, 2);
    CHECK_I64(ATLAS_CODEC_DEFAULT, 0);
    CHECK_I64(ATLAS_CODEC_ZSTD, 1);
    CHECK_I64(ATLAS_CODEC_LZ4, 2);
    CHECK_I64(ATLAS_CODEC_NONE, 3);
    CHECK_I64(ATLAS_SWITCH_DEFAULT, 0);
    CHECK_I64(ATLAS_SWITCH_ON, 1);
    CHECK_I64(ATLAS_SWITCH_OFF, 2);
    CHECK_I64(ATLAS_LOG_INFO, 1);
    CHECK_I64(ATLAS_LOG_WARNING, 2);
    CHECK_I64(ATLAS_MAX_RANK, 32);
    CHECK_I64(ATLAS_THREADS_INLINE, -1);
}

/* A code that this version does not know still has a name. */
static void unknown_codes_have_a_name(void) {
    static const int32_t codes[] = {-1, 22, 999, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        CHECK_TEXT(atlas_status_name(codes[i]), "UNKNOWN");
        CHECK_TEXT(atlas_dtype_name(codes[i]), "unknown");
        CHECK_U64(atlas_dtype_size(codes[i]), 0);
    }
    CHECK_TEXT(atlas_dtype_name(0), "unknown");
    CHECK_U64(atlas_dtype_size(0), 0);
}

static void last_error_is_empty_at_first(void) {
    CHECK(atlas_last_error() != NULL);
    CHECK_TEXT(atlas_last_error(), "");
}

int main(int argc, char **argv) {
    (void)argc;
    check_start(argv);
    RUN(last_error_is_empty_at_first);
    RUN(header_and_library_agree);
    RUN(status_codes_and_names);
    RUN(dtype_codes_names_and_sizes);
    RUN(other_constants);
    RUN(unknown_codes_have_a_name);
    return check_finish();
}
