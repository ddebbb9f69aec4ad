/* Every way to hold the library wrong: each gives its status and a text that names the thing, and changes nothing,
 * neither what a read-back gives nor a byte on disk. One row, one named test. */
#include "check.h"

enum { ROWS = 4, COLUMNS = 6 };

static atlas_store writer, reader;        /* on the same store */
static atlas_store closed, discarded;     /* handles that once were one */
static const atlas_store made_up = UINT64_C(0x1234567890abcdef);
static folder_image committed;            /* the whole temporary folder */
static char store_path[1024];

static unsigned char ticket[16384]; /* of a session of the writer that is over */
static size_t ticket_length;

static float temperature_at(int i) { return (float)i * 0.5f - 3.0f; }

static const uint64_t shape2[2] = {ROWS, COLUMNS}, taller[2] = {ROWS + 1, COLUMNS}, chunks2[2] = {2, 3};
static const uint64_t n2x2[2] = {2, 2};
static const uint64_t n2[1] = {2}, n3[1] = {3}, n5[1] = {5};

static atlas_array_options array_options(void) {
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    return options;
}
static atlas_create_options create_options(void) {
    atlas_create_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    return options;
}
static atlas_open_options open_options(void) {
    atlas_open_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    return options;
}

/* jan: one array of every kind. feb: another type. mar: another shape. apr: an array without values. */
static void make_world(void) {
    snprintf(store_path, sizeof store_path, "%s", path_of("store"));
    closed = store_create(path_of("other"));
    CHECK_OK(atlas_close(closed));
    discarded = store_open(path_of("other"), ATLAS_MODE_READ_WRITE);
    CHECK_OK(atlas_discard(discarded));
    NEED(mkdir(path_of("empty"), 0700) == 0);
    NEED(mkdir(path_of("notes"), 0700) == 0);
    FILE *file = fopen(path_of("notes/todo.txt"), "w");
    NEED(file && fputs("not a store\n", file) >= 0 && fclose(file) == 0);
    NEED(symlink("store", path_of("link")) == 0);

    writer = store_create(store_path);
    static const char *const datasets[] = {"jan", "feb", "mar", "apr"};
    for (int i = 0; i < 4; i++) CHECK_OK(atlas_create_dataset(writer, datasets[i]));
    float values[ROWS * COLUMNS], fill = -1;
    for (int i = 0; i < ROWS * COLUMNS; i++) values[i] = temperature_at(i);
    atlas_array_options options = array_options();
    options.chunk_shape = chunks2;
    options.fill_value = &fill;
    CHECK_OK(atlas_define_array(writer, "jan", "temperature", ATLAS_DTYPE_F32, 2, NULL, shape2, &options));
    CHECK_OK(atlas_write_array(writer, "jan", "temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, values));
    CHECK_OK(atlas_define_array(writer, "feb", "temperature", ATLAS_DTYPE_I64, 2, NULL, shape2, NULL));
    CHECK_OK(atlas_define_array(writer, "mar", "temperature", ATLAS_DTYPE_F32, 2, NULL, taller, NULL));
    CHECK_OK(atlas_define_array(writer, "jan", "count", ATLAS_DTYPE_I16, 1, NULL, n5, NULL));
    CHECK_OK(atlas_write_array(writer, "jan", "count", ATLAS_DTYPE_I16, 1, NULL, NULL, NULL, (int16_t[]){1, 2, 3, 4, 5}));
    CHECK_OK(atlas_define_array(writer, "jan", "size", ATLAS_DTYPE_U32, 1, NULL, n3, NULL));
    CHECK_OK(atlas_write_array(writer, "jan", "size", ATLAS_DTYPE_U32, 1, NULL, NULL, NULL, (uint32_t[]){7, 70000, 9}));
    CHECK_OK(atlas_define_array(writer, "jan", "scalar", ATLAS_DTYPE_F64, 0, NULL, NULL, NULL));
    CHECK_OK(atlas_write_array(writer, "jan", "scalar", ATLAS_DTYPE_F64, 0, NULL, NULL, NULL, (double[]){1e308}));
    CHECK_OK(atlas_set_attribute(writer, "jan", "scalar", "far", ATLAS_DTYPE_F64, 1, (double[]){1e300}));
    options = array_options();
    options.fill_value = (float[]){65520};
    CHECK_OK(atlas_define_array(writer, "apr", "unwritten", ATLAS_DTYPE_F32, 1, NULL, n2, &options));
    CHECK_OK(atlas_define_array(writer, "jan", "flag", ATLAS_DTYPE_BOOL, 1, NULL, n2, NULL));
    CHECK_OK(atlas_define_array(writer, "jan", "time", ATLAS_DTYPE_TIMESTAMP_NS, 1, NULL, n3, NULL));
    CHECK_OK(atlas_define_array(writer, "jan", "wave", ATLAS_DTYPE_C64, 1, NULL, n2, NULL));
    CHECK_OK(atlas_define_array(writer, "jan", "station", ATLAS_DTYPE_STRING, 1, NULL, n3, NULL));
    CHECK_OK(atlas_write_strings(writer, "jan", "station", 1, NULL, NULL, (const char *const[]){"x", "", "\xc3\xbc"}));
    CHECK_OK(atlas_set_attribute(writer, "jan", "temperature", "unit", ATLAS_DTYPE_STRING, 1, (const char *const[]){"K"}));
    CHECK_OK(atlas_set_attribute(writer, "jan", NULL, "months", ATLAS_DTYPE_I32, 3, (int32_t[]){1, -2, 70000}));
    CHECK_OK(atlas_pin(writer, "pinned")); /* the empty store */
    CHECK_OK(atlas_flush(writer));
    CHECK_OK(atlas_session_begin(writer, NULL, ticket, sizeof ticket, &ticket_length));
    CHECK_OK(atlas_session_end(writer));
    reader = store_open(store_path, ATLAS_MODE_READ);
    committed = folder_take(check_folder);
}

static void check_unchanged(void) {
    for (int i = 0; i < 2; i++) {
        atlas_store store = i ? reader : writer;
        float values[ROWS * COLUMNS];
        int16_t counts[5];
        CHECK_LIST("jan;feb;mar;apr;", atlas_dataset_names, store);
        CHECK_LIST("temperature;count;size;scalar;flag;time;wave;station;", atlas_array_names, store, "jan");
        CHECK_LIST("dim_0;dim_1;", atlas_array_dims, store, "jan", "temperature");
        CHECK_LIST("unit;", atlas_attribute_names, store, "jan", "temperature");
        CHECK_LIST("months;", atlas_attribute_names, store, "jan", NULL);
        CHECK_LIST("K;", atlas_get_attribute_strings, store, "jan", "temperature", "unit");
        CHECK_LIST("x;;\xc3\xbc;", atlas_read_strings, store, "jan", "station", 1, NULL, NULL);
        CHECK_OK(atlas_read_array(store, "jan", "temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, values));
        for (int k = 0; k < ROWS * COLUMNS; k++) CHECK_F64(values[k], temperature_at(k));
        CHECK_OK(atlas_read_array(store, "jan", "count", ATLAS_DTYPE_I16, 1, NULL, NULL, NULL, counts));
        for (int k = 0; k < 5; k++) CHECK_I64(counts[k], k + 1);
        atlas_stats stats; /* a failed write is no write: the statistics stay */
        CHECK_OK(atlas_array_stats(store, "jan", "temperature", &stats));
        CHECK_U64(stats.row_count, ROWS * COLUMNS);
        CHECK(!store_info(store).unflushed_changes);
        CHECK_U64(store_info(store).generation, 2);
    }
    CHECK_FOLDER_SAME(&committed, check_folder);
}

/* After a row that did change something: back to the committed store, so that the next row stands for itself. */
static void recover(void) {
    atlas_discard(writer);
    atlas_discard(reader);
    writer = reader = 0;
    if (atlas_open(store_path, ATLAS_MODE_READ_WRITE, NULL, &writer) != ATLAS_STATUS_OK ||
        atlas_open(store_path, ATLAS_MODE_READ, NULL, &reader) != ATLAS_STATUS_OK)
        fprintf(stderr, "the store does not open any more: %s\n", atlas_last_error());
    folder_free(&committed);
    committed = folder_take(check_folder);
}

/* One row: the status, and words that the text must hold, a NULL after them. */
static void row(int line, const char *name, atlas_status got, atlas_status want, ...) {
    char text[4096];
    snprintf(text, sizeof text, "%s", atlas_last_error());
    snprintf(check_name, sizeof check_name, "%s", name);
    jmp_buf outer;
    memcpy(&outer, &check_escape, sizeof outer);
    alarm((unsigned)scaled(60, 600));
    if (setjmp(check_escape) == 0) {
        check_status(__FILE__, line, name, got, want);
        va_list words;
        va_start(words, want);
        const char *word;
        while ((word = va_arg(words, const char *)))
            if (!strstr(text, word)) check_fail(__FILE__, line, "expected a text with \"%s\"", word);
        va_end(words);
        if (strlen(text) < 10 || strchr(text, '\n')) check_fail(__FILE__, line, "expected one line of text");
        check_unchanged();
        check_passed++;
        printf("ok %s\n", name);
    } else {
        check_failed++;
        printf("FAILED %s\n", name);
        recover();
    }
    alarm(0);
    memcpy(&check_escape, &outer, sizeof outer);
}
#define ROW(name, want, call, ...) row(__LINE__, name, (call), ATLAS_STATUS_##want, __VA_ARGS__, (const char *)NULL)

/* ---- every function that takes a store, with arguments that would work ---- */

static bool truth;
static size_t size_out, needed;
static uint64_t damages, generations[4];
static char text_buffer[4096];
static unsigned char memory[4096];
static atlas_stats stats_out;
static atlas_chunk_place places[64];
static const char *const words3[] = {"p", "q", "r"};
static const char *const across[] = {"jan"};

enum { FUNCTIONS = 63 };
static const char *function_name;
static bool mutates;

static atlas_status call_function(int index, atlas_store store) {
    static atlas_store_description store_out;
    static atlas_array_description array_out;
    atlas_dtype dtype;
    store_out.struct_size = sizeof store_out;
    array_out.struct_size = sizeof array_out;
    const uint64_t row2[2] = {1, COLUMNS};
    mutates = false;
#define CALL(function, ...) (function_name = #function, function(__VA_ARGS__))
#define CHANGE(function, ...) (mutates = true, CALL(function, __VA_ARGS__))
    switch (index) {
    case 0: return CHANGE(atlas_flush, store);
    case 1: return CALL(atlas_close, store);
    case 2: return CALL(atlas_discard, store);
    case 3: return CHANGE(atlas_compact, store);
    case 4: return CALL(atlas_refresh, store);
    case 5: return CALL(atlas_verify, store, NULL, NULL, &damages);
    case 6: return CALL(atlas_store_info, store, &store_out);
    case 7: return CHANGE(atlas_create_dataset, store, "dec");
    case 8: return CHANGE(atlas_delete_dataset, store, "jan");
    case 9: return CALL(atlas_has_dataset, store, "jan", &truth);
    case 10: return CALL(atlas_dataset_count, store, &size_out);
    case 11: return CALL(atlas_dataset_names, store, text_buffer, sizeof text_buffer, &needed);
    case 12: return CALL(atlas_dataset_name, store, 0, text_buffer, sizeof text_buffer, &needed);
    case 13: return CHANGE(atlas_define_array, store, "jan", "more", ATLAS_DTYPE_F32, 2, NULL, shape2, NULL);
    case 14: return CHANGE(atlas_delete_array, store, "jan", "temperature");
    case 15: return CALL(atlas_has_array, store, "jan", "temperature", &truth);
    case 16: return CALL(atlas_array_count, store, "jan", &size_out);
    case 17: return CALL(atlas_array_names, store, "jan", text_buffer, sizeof text_buffer, &needed);
    case 18: return CALL(atlas_array_info, store, "jan", "temperature", &array_out);
    case 19: return CALL(atlas_array_dims, store, "jan", "temperature", text_buffer, sizeof text_buffer, &needed);
    case 20: return CHANGE(atlas_write_array, store, "jan", "temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, memory);
    case 21: return CALL(atlas_read_array, store, "jan", "temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, memory);
    case 22: return CHANGE(atlas_append_array, store, "jan", "temperature", ATLAS_DTYPE_F32, 2, row2, NULL, memory);
    case 23: return CALL(atlas_read_across, store, "temperature", 1, across, ATLAS_DTYPE_F32, 2, NULL, NULL, memory);
    case 24: return CHANGE(atlas_write_strings, store, "jan", "station", 1, NULL, NULL, words3);
    case 25: return CHANGE(atlas_append_strings, store, "jan", "station", 1, n3, words3);
    case 26: return CALL(atlas_read_strings, store, "jan", "station", 1, NULL, NULL, text_buffer, sizeof text_buffer, &needed);
    case 27: return CALL(atlas_array_fill_text, store, "jan", "station", text_buffer, sizeof text_buffer, &needed);
    case 28: return CHANGE(atlas_set_attribute, store, "jan", NULL, "months", ATLAS_DTYPE_I32, 1, memory);
    case 29: return CALL(atlas_get_attribute, store, "jan", NULL, "months", ATLAS_DTYPE_I32, 8, memory, &size_out);
    case 30: return CALL(atlas_get_attribute_strings, store, "jan", "temperature", "unit", text_buffer, sizeof text_buffer, &needed);
    case 31: return CALL(atlas_attribute_info, store, "jan", NULL, "months", &dtype, &size_out);
    case 32: return CALL(atlas_has_attribute, store, "jan", NULL, "months", &truth);
    case 33: return CALL(atlas_attribute_count, store, "jan", NULL, &size_out);
    case 34: return CALL(atlas_attribute_names, store, "jan", NULL, text_buffer, sizeof text_buffer, &needed);
    case 35: return CHANGE(atlas_delete_attribute, store, "jan", NULL, "months");
    case 36: return CALL(atlas_array_stats, store, "jan", "temperature", &stats_out);
    case 37: return CALL(atlas_chunk_stats, store, "jan", "temperature", 2, (const uint64_t[]){0, 0}, &stats_out);
    /* Once more those with an array's attribute. */
    case 38: return CHANGE(atlas_set_attribute, store, "jan", "temperature", "unit", ATLAS_DTYPE_I32, 1, memory);
    case 39: return CHANGE(atlas_delete_attribute, store, "jan", "temperature", "unit");
    case 40: return CHANGE(atlas_flush_begin, store);
    case 41: return CHANGE(atlas_flush_test, store, &truth);
    case 42: return CHANGE(atlas_flush_wait, store);
    case 43: return CHANGE(atlas_rollback, store, 1);
    case 44: return CHANGE(atlas_set_keep_generations, store, 3);
    case 45: return CHANGE(atlas_pin, store, "a pin");
    case 46: return CHANGE(atlas_unpin, store, "pinned");
    case 47: return CALL(atlas_pin_names, store, text_buffer, sizeof text_buffer, &needed);
    case 48: return CALL(atlas_pin_generation, store, "pinned", generations);
    case 51: return CHANGE(atlas_resize_array, store, "jan", "count", 2);
    case 50: return CALL(atlas_wait_for_commit, store, 0, &truth);
    case 49: return CALL(atlas_generations, store, COUNT_OF(generations), generations, &size_out);
    case 52: return CHANGE(atlas_rename_dataset, store, "jan", "dec");
    case 53: return CHANGE(atlas_copy_dataset, store, "jan", store, "dec");
    case 54: return CHANGE(atlas_set_attribute, store, NULL, NULL, "of the store", ATLAS_DTYPE_I32, 1, memory);
    case 55: return CHANGE(atlas_extend_array, store, "jan", "count", 9);
    case 56: return CHANGE(atlas_session_begin, store, NULL, memory, sizeof memory, &needed);
    case 57: return CHANGE(atlas_session_end, store);
    case 58: return CHANGE(atlas_session_missing, store, 0, NULL, &size_out);
    case 59: return CHANGE(atlas_export, store, memory, sizeof memory, &needed);
    case 60: return CHANGE(atlas_renew, store, ticket, ticket_length);
    case 61: return CHANGE(atlas_import, store, 0, NULL, NULL);
    default: return CALL(atlas_chunk_places, store, "jan", "temperature", COUNT_OF(places), places, &size_out, text_buffer, sizeof text_buffer, &needed, NULL);
    }
}

static void handles(void) {
    const struct {
        const char *kind;
        atlas_store store;
    } bad[] = {{"zero", 0},
               {"closed", closed},
               {"discarded", discarded},
               {"made-up", made_up},
               {"off by one", writer + 1},
               {"all bits", UINT64_MAX},
               {"high bits changed", writer ^ UINT64_C(0x0000400000000000)}};
    for (size_t b = 0; b < COUNT_OF(bad); b++)
        for (int i = 0; i < FUNCTIONS; i++) {
            if (b >= (size_t)scaled(7, 3)) return;
            if (bad[b].store == reader || bad[b].store == writer) continue;
            atlas_status status = call_function(i, bad[b].store);
            char name[128];
            snprintf(name, sizeof name, "%s handle: %s%s", bad[b].kind, function_name, i == 38 || i == 39 ? " of an array" : i == 52 ? " of the store" : "");
            row(__LINE__, name, status, ATLAS_STATUS_INVALID_HANDLE, "handle", (const char *)NULL);
        }
}

static void read_only(void) {
    for (int i = 0; i < FUNCTIONS; i++) {
        if (i == 1 || i == 2) continue; /* close and discard are allowed */
        mutates = false;
        atlas_status status = call_function(i, reader);
        if (!mutates) continue;
        char name[128];
        snprintf(name, sizeof name, "store open for reading: %s%s", function_name, i == 38 || i == 39 ? " of an array" : i == 52 ? " of the store" : "");
        row(__LINE__, name, status, ATLAS_STATUS_READ_ONLY, "read", (const char *)NULL);
    }
}

/* ---- create and open ---- */

/* A failing create or open leaves 0 in the handle, whatever was there. */
static atlas_store out = 77;
static atlas_status out_is_zero(atlas_status status) {
    bool zero = out == 0;
    out = 77;
    return zero ? status : ATLAS_STATUS_INTERNAL;
}
#define CREATE(path, options) out_is_zero(atlas_create(path, options, &out))
#define OPEN(path, mode, options) out_is_zero(atlas_open(path, mode, options, &out))

static void create_and_open(void) {
    const char *fresh = path_of("fresh"), *notes = path_of("notes"), *file = path_of("notes/todo.txt");
    char pid[32], host[256] = "";
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    NEED(gethostname(host, sizeof host - 1) == 0);

    ROW("create: path NULL", INVALID_ARGUMENT, CREATE(NULL, NULL), "path");
    ROW("create: out NULL", INVALID_ARGUMENT, atlas_create(fresh, NULL, NULL), "out");
    ROW("create: path not UTF-8", INVALID_ARGUMENT, CREATE(path_of("\xff\xfe"), NULL), "path", "UTF-8");
    ROW("create: path empty", INVALID_ARGUMENT, CREATE("", NULL), "path");
    ROW("create: parent missing", NOT_FOUND, CREATE(path_of("no/store"), NULL), "no/store");
    ROW("create: over a store in use", ALREADY_EXISTS, CREATE(store_path, NULL), store_path);
    ROW("create: over a closed store", ALREADY_EXISTS, CREATE(path_of("other"), NULL), path_of("other"));
    ROW("create: folder not empty", INVALID_ARGUMENT, CREATE(notes, NULL), notes);
    ROW("create: path is a file", INVALID_ARGUMENT, CREATE(file, NULL), file);

    atlas_create_options c;
#define CREATE_WITH(name, want, field, value, ...)                                                                    \
    do {                                                                                                              \
        c = create_options();                                                                                         \
        c.field = value;                                                                                              \
        ROW("create: " name, want, CREATE(fresh, &c), __VA_ARGS__);                                                   \
    } while (0)
    CREATE_WITH("struct_size 0", INVALID_ARGUMENT, struct_size, 0, "struct_size");
    CREATE_WITH("struct_size 3", INVALID_ARGUMENT, struct_size, 3, "struct_size", "3");
    CREATE_WITH("unknown meta_format", INVALID_ARGUMENT, meta_format, 99, "meta_format", "99");
    CREATE_WITH("negative meta_format", INVALID_ARGUMENT, meta_format, -1, "meta_format", "-1");
    CREATE_WITH("unknown meta_compression", INVALID_ARGUMENT, meta_compression, 98, "compression", "98");
    CREATE_WITH("unknown codec", INVALID_ARGUMENT, codec, 97, "codec", "97");
    CREATE_WITH("unknown shuffle", INVALID_ARGUMENT, shuffle, 96, "shuffle", "96");
    CREATE_WITH("unknown filter", INVALID_ARGUMENT, filter, 93, "filter", "93");
    CREATE_WITH("unknown pack", INVALID_ARGUMENT, pack, 94, "pack", "94");
    CREATE_WITH("unknown sync", INVALID_ARGUMENT, sync, 95, "sync", "95");
    CREATE_WITH("num_threads -2", INVALID_ARGUMENT, num_threads, -2, "threads", "-2");
    CREATE_WITH("keep_generations -2", INVALID_ARGUMENT, keep_generations, -2, "keep_generations", "-2");
    CREATE_WITH("unknown float_overflow", INVALID_ARGUMENT, float_overflow, 93, "float_overflow", "93");
    CREATE_WITH("unknown if_exists", INVALID_ARGUMENT, if_exists, 4, "if_exists", "4");
    CREATE_WITH("level 99", INVALID_ARGUMENT, level, 99, "level", "99");

    c = create_options();
    c.if_exists = ATLAS_IF_EXISTS_FAIL;
    ROW("create: fail over a closed store", ALREADY_EXISTS, CREATE(path_of("other"), &c), path_of("other"));
    c.if_exists = ATLAS_IF_EXISTS_OPEN;
    ROW("create: open a folder that is no store", INVALID_ARGUMENT, CREATE(notes, &c), notes);
    ROW("create: open a store in use", LOCKED, CREATE(store_path, &c), pid, host, store_path);
    c.if_exists = ATLAS_IF_EXISTS_REPLACE;
    ROW("create: replace what is no store", INVALID_ARGUMENT, CREATE(notes, &c), notes);
    ROW("create: replace a store in use", LOCKED, CREATE(store_path, &c), pid, host, store_path);
    c.lock_timeout_ms = 20;
    ROW("create: replace a store in use, after a while", LOCKED, CREATE(store_path, &c), pid, host, "20 ms");
    c.meta_format = ATLAS_META_FORMAT_MSGPACK;
    ROW("create: replace a root by another format", INVALID_ARGUMENT, CREATE(path_of("other"), &c), "atlas.json");

    struct {
        atlas_create_options known;
        uint64_t later[4];
    } longer;
    memset(&longer, 0, sizeof longer);
    longer.known.struct_size = sizeof longer;
    longer.later[2] = 1;
    ROW("create: a field of a later version set", UNSUPPORTED, CREATE(fresh, &longer.known), "struct");

    ROW("open: path NULL", INVALID_ARGUMENT, OPEN(NULL, ATLAS_MODE_READ, NULL), "path");
    ROW("open: out NULL", INVALID_ARGUMENT, atlas_open(store_path, ATLAS_MODE_READ, NULL, NULL), "out");
    ROW("open: path not UTF-8", INVALID_ARGUMENT, OPEN("\xc3", ATLAS_MODE_READ, NULL), "path", "UTF-8");
    ROW("open: mode 0", INVALID_ARGUMENT, OPEN(store_path, 0, NULL), "mode", "0");
    ROW("open: mode 3", INVALID_ARGUMENT, OPEN(store_path, 3, NULL), "mode", "3");
    ROW("open: mode -1", INVALID_ARGUMENT, OPEN(store_path, -1, NULL), "mode", "-1");
    ROW("open: nothing there", NOT_FOUND, OPEN(path_of("nowhere"), ATLAS_MODE_READ, NULL), "nowhere");
    ROW("open for writing: nothing there", NOT_FOUND, OPEN(path_of("nowhere"), ATLAS_MODE_READ_WRITE, NULL), "nowhere");
    ROW("open: an empty folder", NOT_FOUND, OPEN(path_of("empty"), ATLAS_MODE_READ, NULL), "empty");
    ROW("open for writing: an empty folder", NOT_FOUND, OPEN(path_of("empty"), ATLAS_MODE_READ_WRITE, NULL), "empty");
    ROW("open: a folder that is no store", NOT_FOUND, OPEN(notes, ATLAS_MODE_READ, NULL), notes);
    ROW("open for writing: a folder that is no store", NOT_FOUND, OPEN(notes, ATLAS_MODE_READ_WRITE, NULL), notes);
    ROW("open: a file", NOT_FOUND, OPEN(file, ATLAS_MODE_READ, NULL), file);
    ROW("open for writing: a file", NOT_FOUND, OPEN(file, ATLAS_MODE_READ_WRITE, NULL), file);
    ROW("open: a second writer", LOCKED, OPEN(store_path, ATLAS_MODE_READ_WRITE, NULL), pid, host, store_path);
    ROW("open: a second writer by another path", LOCKED, OPEN(path_of("link"), ATLAS_MODE_READ_WRITE, NULL), pid, host);
    ROW("open: a second writer by a third path", LOCKED, OPEN(path_of("store/"), ATLAS_MODE_READ_WRITE, NULL), pid, host);

    atlas_open_options o;
#define OPEN_WITH(name, want, field, value, ...)                                                                      \
    do {                                                                                                              \
        o = open_options();                                                                                           \
        o.field = value;                                                                                              \
        ROW("open: " name, want, OPEN(store_path, ATLAS_MODE_READ, &o), __VA_ARGS__);                                 \
    } while (0)
    OPEN_WITH("struct_size 0", INVALID_ARGUMENT, struct_size, 0, "struct_size");
    OPEN_WITH("unknown sync", INVALID_ARGUMENT, sync, 3, "sync", "3");
    OPEN_WITH("num_threads -7", INVALID_ARGUMENT, num_threads, -7, "threads", "-7");
    o = open_options();
    o.lock_timeout_ms = 20;
    ROW("open: a second writer, after a while", LOCKED, OPEN(store_path, ATLAS_MODE_READ_WRITE, &o), pid, host, "20 ms");

    ROW("wait for a commit: out NULL", INVALID_ARGUMENT, atlas_wait_for_commit(reader, 0, NULL), "out");
    ROW("wait for a commit: of the writer", INVALID_ARGUMENT, atlas_wait_for_commit(writer, 0, &truth), store_path);
}

/* ---- earlier commits: the store has its first, and its last, the second ---- */

static void earlier_commits(void) {
#define OPEN_AT(path, generation, options) out_is_zero(atlas_open_at(path, generation, options, &out))
    ROW("open_at: path NULL", INVALID_ARGUMENT, OPEN_AT(NULL, 1, NULL), "path");
    ROW("open_at: out NULL", INVALID_ARGUMENT, atlas_open_at(store_path, 1, NULL, NULL), "out");
    ROW("open_at: path not UTF-8", INVALID_ARGUMENT, OPEN_AT("\xc3", 1, NULL), "path", "UTF-8");
    ROW("open_at: nothing there", NOT_FOUND, OPEN_AT(path_of("nowhere"), 1, NULL), "nowhere");
    ROW("open_at: an empty folder", NOT_FOUND, OPEN_AT(path_of("empty"), 1, NULL), "empty");
    ROW("open_at: a folder that is no store", NOT_FOUND, OPEN_AT(path_of("notes"), 1, NULL), path_of("notes"));
    ROW("open_at: a file", NOT_FOUND, OPEN_AT(path_of("notes/todo.txt"), 1, NULL), "todo.txt");
    atlas_open_options options = open_options();
    options.struct_size = 0;
    ROW("open_at: struct_size 0", INVALID_ARGUMENT, OPEN_AT(store_path, 1, &options), "struct_size");
    options = open_options();
    options.sync = 3;
    ROW("open_at: unknown sync", INVALID_ARGUMENT, OPEN_AT(store_path, 1, &options), "sync", "3");

    static const uint64_t not_kept[] = {0, 3, UINT64_MAX};
    for (size_t i = 0; i < COUNT_OF(not_kept); i++) {
        char name[64], commit[64];
        snprintf(commit, sizeof commit, "commit %" PRIu64 ":", not_kept[i]);
        for (int opens = 0; opens < 2; opens++) {
            atlas_status status = opens ? OPEN_AT(store_path, not_kept[i], NULL) : atlas_rollback(writer, not_kept[i]);
            snprintf(name, sizeof name, "%s %" PRIu64, opens ? "open_at" : "rollback", not_kept[i]);
            row(__LINE__, name, status, ATLAS_STATUS_NOT_FOUND, store_path, commit, "1 and the last, 2", (const char *)NULL);
        }
    }
    ROW("open_at: none is kept", NOT_FOUND, OPEN_AT(path_of("other"), 2, NULL), path_of("other"), "none before the last, 1");
    ROW("pin: name NULL", INVALID_ARGUMENT, atlas_pin(writer, NULL), "name", "NULL");
    ROW("pin: name empty", INVALID_ARGUMENT, atlas_pin(writer, ""), "pin name is empty");
    ROW("pin: name not UTF-8", INVALID_ARGUMENT, atlas_pin(writer, "\xff"), "name", "UTF-8");
    ROW("pin: a name in use", ALREADY_EXISTS, atlas_pin(writer, "pinned"), "pin 'pinned'", "commit 1");
    ROW("unpin: name NULL", INVALID_ARGUMENT, atlas_unpin(writer, NULL), "name", "NULL");
    ROW("unpin: no such pin", NOT_FOUND, atlas_unpin(writer, "free"), store_path, "pin 'free'");
    ROW("pin_generation: name NULL", INVALID_ARGUMENT, atlas_pin_generation(writer, NULL, generations), "name", "NULL");
    ROW("pin_generation: out NULL", INVALID_ARGUMENT, atlas_pin_generation(writer, "pinned", NULL), "out", "NULL");
    ROW("pin_generation: no such pin", NOT_FOUND, atlas_pin_generation(writer, "free", generations), store_path, "pin 'free'");
    ROW("pin_names: needed NULL", INVALID_ARGUMENT, atlas_pin_names(writer, text_buffer, 64, NULL), "needed", "NULL");
    ROW("set_keep_generations -2", INVALID_ARGUMENT, atlas_set_keep_generations(writer, -2), "count is -2");
    ROW("generations: count NULL", INVALID_ARGUMENT, atlas_generations(writer, 4, generations, NULL), "count", "NULL");
    ROW("generations: generations NULL", INVALID_ARGUMENT, atlas_generations(writer, 1, NULL, &size_out), "generations is NULL", "capacity is 1");
}

/* ---- names ---- */

static char long_name[257];

static void names(void) {
    memset(long_name, 'n', 256);
    static const struct {
        const char *kind, *name, *word;
    } bad[] = {
        {"empty", "", "name"},
        {"256 bytes", long_name, "256"},
        {"with a newline", "a\nb", "control"},
        {"with a tab", "\tb", "control"},
        {"with a DEL", "b\x7f", "control"},
        {"with byte 0xff", "\xff", "UTF-8"},
        {"cut short", "a\xc3", "UTF-8"},
        {"overlong", "\xc0\xaf", "UTF-8"},
        {"a surrogate", "\xed\xa0\x80", "UTF-8"},
    };
    char name[128];
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
#define BAD_NAME(what, call)                                                                                          \
    do {                                                                                                              \
        atlas_status status_ = call;                                                                                  \
        snprintf(name, sizeof name, "%s name %s", what, bad[i].kind);                                                 \
        row(__LINE__, name, status_, ATLAS_STATUS_INVALID_ARGUMENT, bad[i].word, what, (const char *)NULL);           \
    } while (0)
        BAD_NAME("dataset", atlas_create_dataset(writer, bad[i].name));
        BAD_NAME("array", atlas_define_array(writer, "jan", bad[i].name, ATLAS_DTYPE_F32, 0, NULL, NULL, NULL));
        BAD_NAME("attribute", atlas_set_attribute(writer, "jan", NULL, bad[i].name, ATLAS_DTYPE_I8, 1, memory));
        const char *dims[2] = {"x", bad[i].name};
        BAD_NAME("dim", atlas_define_array(writer, "jan", "new", ATLAS_DTYPE_F32, 2, dims, shape2, NULL));
    }
    /* Looking up what cannot be a name. */
    ROW("look up a dataset that is not UTF-8", INVALID_ARGUMENT, atlas_has_dataset(writer, "\xff", &truth), "dataset", "UTF-8");
    ROW("look up an array that is not UTF-8", INVALID_ARGUMENT,
        atlas_read_array(writer, "jan", "\xfe", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, memory), "array", "UTF-8");
    ROW("create a dataset twice", ALREADY_EXISTS, atlas_create_dataset(writer, "jan"), "'jan'");
    ROW("create a dataset: name NULL", INVALID_ARGUMENT, atlas_create_dataset(writer, NULL), "dataset", "NULL");
    ROW("delete a dataset: name NULL", INVALID_ARGUMENT, atlas_delete_dataset(writer, NULL), "dataset", "NULL");
    ROW("rename: dataset NULL", INVALID_ARGUMENT, atlas_rename_dataset(writer, NULL, "x"), "dataset", "NULL");
    ROW("rename: name NULL", INVALID_ARGUMENT, atlas_rename_dataset(writer, "jan", NULL), "name", "NULL");
    ROW("rename: name empty", INVALID_ARGUMENT, atlas_rename_dataset(writer, "jan", ""), "name");
    ROW("rename: name not UTF-8", INVALID_ARGUMENT, atlas_rename_dataset(writer, "jan", "\xff"), "name", "UTF-8");
    ROW("rename: name with a newline", INVALID_ARGUMENT, atlas_rename_dataset(writer, "jan", "a\nb"), "control");
    ROW("rename: dataset missing", NOT_FOUND, atlas_rename_dataset(writer, "nov", "dec"), "'nov'");
    ROW("rename: name taken", ALREADY_EXISTS, atlas_rename_dataset(writer, "jan", "feb"), "'feb'");
    ROW("rename: to its own name", ALREADY_EXISTS, atlas_rename_dataset(writer, "jan", "jan"), "'jan'");
    ROW("copy: dataset NULL", INVALID_ARGUMENT, atlas_copy_dataset(writer, NULL, writer, "x"), "dataset", "NULL");
    ROW("copy: name NULL", INVALID_ARGUMENT, atlas_copy_dataset(writer, "jan", writer, NULL), "name", "NULL");
    ROW("copy: name empty", INVALID_ARGUMENT, atlas_copy_dataset(writer, "jan", writer, ""), "name");
    ROW("copy: dataset missing", NOT_FOUND, atlas_copy_dataset(writer, "nov", writer, "dec"), "'nov'");
    ROW("copy: name taken", ALREADY_EXISTS, atlas_copy_dataset(writer, "jan", writer, "feb"), "'feb'");
    ROW("copy: to its own name", ALREADY_EXISTS, atlas_copy_dataset(writer, "jan", writer, "jan"), "'jan'");
    ROW("copy: to a reader", READ_ONLY, atlas_copy_dataset(writer, "jan", reader, "dec"), "read");
    ROW("copy: to no handle", INVALID_HANDLE, atlas_copy_dataset(writer, "jan", closed, "dec"), "handle");
    ROW("copy: from no handle", INVALID_HANDLE, atlas_copy_dataset(discarded, "jan", writer, "dec"), "handle");
    ROW("delete a dataset that is not there", NOT_FOUND, atlas_delete_dataset(writer, "nov"), "'nov'");
    ROW("has a dataset: name NULL", INVALID_ARGUMENT, atlas_has_dataset(writer, NULL, &truth), "dataset", "NULL");
    ROW("has a dataset: out NULL", INVALID_ARGUMENT, atlas_has_dataset(writer, "jan", NULL), "out", "NULL");
    ROW("count datasets: out NULL", INVALID_ARGUMENT, atlas_dataset_count(writer, NULL), "out", "NULL");
    ROW("name of dataset 4 of 4", OUT_OF_RANGE, atlas_dataset_name(writer, 4, text_buffer, 64, &needed), "4");
    ROW("name of dataset SIZE_MAX", OUT_OF_RANGE, atlas_dataset_name(writer, SIZE_MAX, text_buffer, 64, &needed), "4");
    ROW("delete an array that is not there", NOT_FOUND, atlas_delete_array(writer, "jan", "wind"), "'wind'", "'jan'");
    ROW("delete an array of no dataset", NOT_FOUND, atlas_delete_array(writer, "nov", "wind"), "'nov'");
    ROW("delete an array: name NULL", INVALID_ARGUMENT, atlas_delete_array(writer, "jan", NULL), "array", "NULL");
    ROW("has an array: no dataset", NOT_FOUND, atlas_has_array(writer, "nov", "wind", &truth), "'nov'");
    ROW("has an array: out NULL", INVALID_ARGUMENT, atlas_has_array(writer, "jan", "wind", NULL), "out", "NULL");
    ROW("count arrays of no dataset", NOT_FOUND, atlas_array_count(writer, "nov", &size_out), "'nov'");
    ROW("count arrays: out NULL", INVALID_ARGUMENT, atlas_array_count(writer, "jan", NULL), "out", "NULL");
    ROW("list arrays of no dataset", NOT_FOUND, atlas_array_names(writer, "nov", NULL, 0, &needed), "'nov'");
    ROW("dimensions of no array", NOT_FOUND, atlas_array_dims(writer, "apr", "wind", NULL, 0, &needed), "'wind'", "'apr'");
}

/* ---- define ---- */

#define DEFINE(dtype, rank, dims, shape, options) atlas_define_array(writer, "jan", "new", dtype, rank, dims, shape, options)

static void define(void) {
    static const uint64_t ones[64] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const uint64_t over[2] = {UINT64_C(1) << 63, 2}, huge[2] = {UINT64_MAX, UINT64_MAX};
    static const uint64_t bytes_over[1] = {UINT64_C(1) << 61};
    ROW("define: dataset NULL", INVALID_ARGUMENT, atlas_define_array(writer, NULL, "new", ATLAS_DTYPE_F32, 0, NULL, NULL, NULL), "dataset", "NULL");
    ROW("define: array NULL", INVALID_ARGUMENT, atlas_define_array(writer, "jan", NULL, ATLAS_DTYPE_F32, 0, NULL, NULL, NULL), "array", "NULL");
    ROW("define: dataset missing", NOT_FOUND, atlas_define_array(writer, "nov", "new", ATLAS_DTYPE_F32, 0, NULL, NULL, NULL), "'nov'");
    ROW("define: array exists", ALREADY_EXISTS, atlas_define_array(writer, "jan", "temperature", ATLAS_DTYPE_F32, 2, NULL, shape2, NULL), "'temperature'", "'jan'");
    ROW("define: dtype 0", INVALID_ARGUMENT, DEFINE(0, 2, NULL, shape2, NULL), "dtype", "0");
    ROW("define: dtype 17", INVALID_ARGUMENT, DEFINE(17, 2, NULL, shape2, NULL), "dtype", "17");
    ROW("define: dtype -5", INVALID_ARGUMENT, DEFINE(-5, 2, NULL, shape2, NULL), "dtype", "-5");
    ROW("define: rank 33", INVALID_ARGUMENT, DEFINE(ATLAS_DTYPE_F32, 33, NULL, ones, NULL), "33", "32");
    ROW("define: rank SIZE_MAX", INVALID_ARGUMENT, DEFINE(ATLAS_DTYPE_F32, SIZE_MAX, NULL, ones, NULL), "rank", "32");
    ROW("define: shape NULL", INVALID_ARGUMENT, DEFINE(ATLAS_DTYPE_F32, 2, NULL, NULL, NULL), "shape", "NULL");
    ROW("define: cells overflow", INVALID_ARGUMENT, DEFINE(ATLAS_DTYPE_U8, 2, NULL, over, NULL), "'new'", "9223372036854775808");
    ROW("define: cells overflow twice", INVALID_ARGUMENT, DEFINE(ATLAS_DTYPE_F64, 2, NULL, huge, NULL), "'new'", "18446744073709551615");
    ROW("define: bytes overflow", INVALID_ARGUMENT, DEFINE(ATLAS_DTYPE_F64, 1, NULL, bytes_over, NULL), "'new'", "2305843009213693952");
    ROW("define: a dimension name NULL", INVALID_ARGUMENT, DEFINE(ATLAS_DTYPE_F32, 2, ((const char *const[]){"x", NULL}), shape2, NULL), "dim", "1");

    atlas_array_options a;
#define DEFINE_WITH(name, want, field, value, ...)                                                                    \
    do {                                                                                                              \
        a = array_options();                                                                                          \
        a.field = value;                                                                                              \
        ROW("define: " name, want, DEFINE(ATLAS_DTYPE_F32, 2, NULL, shape2, &a), __VA_ARGS__);                        \
    } while (0)
    static const uint64_t zero_first[2] = {0, 3}, zero_last[2] = {2, 0}, chunk_over[2] = {UINT64_C(1) << 40, UINT64_C(1) << 40};
    DEFINE_WITH("chunk extent 0 is zero", INVALID_ARGUMENT, chunk_shape, zero_first, "chunk", "0");
    DEFINE_WITH("chunk extent 1 is zero", INVALID_ARGUMENT, chunk_shape, zero_last, "chunk", "1");
    DEFINE_WITH("chunk too large", INVALID_ARGUMENT, chunk_shape, chunk_over, "chunk", "1099511627776");
    DEFINE_WITH("unknown codec", INVALID_ARGUMENT, codec, 41, "codec", "41");
    DEFINE_WITH("negative codec", INVALID_ARGUMENT, codec, -1, "codec", "-1");
    DEFINE_WITH("level 99", INVALID_ARGUMENT, level, 99, "level", "99");
    DEFINE_WITH("unknown shuffle", INVALID_ARGUMENT, shuffle, 3, "shuffle", "3");
    DEFINE_WITH("unknown filter", INVALID_ARGUMENT, filter, 3, "filter", "3");
    DEFINE_WITH("negative keep_bits", INVALID_ARGUMENT, keep_bits, -1, "keep_bits", "-1");
    DEFINE_WITH("24 bits of f32", INVALID_ARGUMENT, keep_bits, 24, "'new'", "24", "f32", "23");
    DEFINE_WITH("unknown pack", INVALID_ARGUMENT, pack, 3, "pack", "3");
    DEFINE_WITH("struct_size 0", INVALID_ARGUMENT, struct_size, 0, "struct_size");
    DEFINE_WITH("struct_size 1", INVALID_ARGUMENT, struct_size, 1, "struct_size", "1");
    a = array_options();
    a.filter = ATLAS_FILTER_DELTA;
    ROW("define: differences of bool", INVALID_ARGUMENT, DEFINE(ATLAS_DTYPE_BOOL, 2, NULL, shape2, &a), "'new'", "delta", "bool");
    ROW("define: differences of c128", INVALID_ARGUMENT, DEFINE(ATLAS_DTYPE_C128, 2, NULL, shape2, &a), "'new'", "delta", "c128");
    a = array_options();
    a.keep_bits = 5;
    ROW("define: rounded integers", INVALID_ARGUMENT, DEFINE(ATLAS_DTYPE_I32, 2, NULL, shape2, &a), "'new'", "keep_bits", "5", "i32");
    a = array_options();
    a.unlimited = 3;
    ROW("define: unknown unlimited", INVALID_ARGUMENT, atlas_define_array(writer, "jan", "a", ATLAS_DTYPE_F32, 2, NULL, shape2, &a), "unlimited", "3");
    a.unlimited = ATLAS_SWITCH_ON;
    ROW("define: an unlimited scalar", INVALID_ARGUMENT, atlas_define_array(writer, "jan", "a", ATLAS_DTYPE_F32, 0, NULL, NULL, &a), "rank 0");
    a = array_options();
    a.fill_value = "\xff";
    ROW("define: fill text not UTF-8", INVALID_ARGUMENT, DEFINE(ATLAS_DTYPE_STRING, 2, NULL, shape2, &a), "fill", "UTF-8");
    struct {
        atlas_array_options known;
        uint64_t later;
    } longer;
    memset(&longer, 0, sizeof longer);
    longer.known.struct_size = sizeof longer;
    longer.later = 5;
    ROW("define: a field of a later version set", UNSUPPORTED, DEFINE(ATLAS_DTYPE_F32, 2, NULL, shape2, &longer.known), "struct");
}

/* ---- regions: the same rules for writing and reading ---- */

static void regions(void) {
    static const uint64_t o[2] = {0, 0}, top = UINT64_MAX;
    char name[128];
    for (int writes = 0; writes < 2; writes++) {
#define REGION(array, dtype, rank, start, count, strides, data)                                                       \
    (writes ? atlas_write_array(writer, "jan", array, dtype, rank, start, count, strides, data)                       \
            : atlas_read_array(writer, "jan", array, dtype, rank, start, count, strides, data))
#define REGION_ROW(text, want, call, ...)                                                                             \
    do {                                                                                                              \
        atlas_status status_ = call;                                                                                  \
        snprintf(name, sizeof name, "%s: %s", writes ? "write" : "read", text);                                       \
        row(__LINE__, name, status_, ATLAS_STATUS_##want, __VA_ARGS__, (const char *)NULL);                           \
    } while (0)
        REGION_ROW("dataset NULL", INVALID_ARGUMENT,
                   writes ? atlas_write_array(writer, NULL, "temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, memory)
                          : atlas_read_array(writer, NULL, "temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, memory),
                   "dataset", "NULL");
        REGION_ROW("dataset missing", NOT_FOUND,
                   writes ? atlas_write_array(writer, "nov", "temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, memory)
                          : atlas_read_array(writer, "nov", "temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, memory),
                   "'nov'");
        REGION_ROW("array NULL", INVALID_ARGUMENT, REGION(NULL, ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, memory), "array", "NULL");
        REGION_ROW("array missing", NOT_FOUND, REGION("wind", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, memory), "'wind'", "'jan'");
        REGION_ROW("data NULL", INVALID_ARGUMENT, REGION("temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, NULL), "data", "NULL");
        REGION_ROW("dtype 0", INVALID_ARGUMENT, REGION("temperature", 0, 2, NULL, NULL, NULL, memory), "dtype", "0");
        REGION_ROW("dtype 99", INVALID_ARGUMENT, REGION("temperature", 99, 2, NULL, NULL, NULL, memory), "dtype", "99");
        REGION_ROW("rank 1 for 2", INVALID_ARGUMENT, REGION("temperature", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, memory), "'temperature'", "'jan'", "1", "2");
        REGION_ROW("rank 3 for 2", INVALID_ARGUMENT, REGION("temperature", ATLAS_DTYPE_F32, 3, NULL, NULL, NULL, memory), "'temperature'", "3", "2");
        REGION_ROW("rank 0 for 2", INVALID_ARGUMENT, REGION("temperature", ATLAS_DTYPE_F32, 0, NULL, NULL, NULL, memory), "'temperature'", "0", "2");
        REGION_ROW("rank 1 for a scalar", INVALID_ARGUMENT, REGION("scalar", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, memory), "'scalar'", "1", "0");
        REGION_ROW("rank 33", INVALID_ARGUMENT, REGION("temperature", ATLAS_DTYPE_F32, 33, NULL, NULL, NULL, memory), "33");
        REGION_ROW("rank SIZE_MAX", INVALID_ARGUMENT, REGION("temperature", ATLAS_DTYPE_F32, SIZE_MAX, o, o, NULL, memory), "rank");
        REGION_ROW("region past the end", OUT_OF_RANGE, REGION("temperature", ATLAS_DTYPE_F32, 2, ((const uint64_t[]){3, 0}), ((const uint64_t[]){2, 6}), NULL, memory),
                   "'temperature'", "'jan'", "start[0]=3", "count[0]=2", "shape[0]=4");
        REGION_ROW("region past the end of dimension 1", OUT_OF_RANGE, REGION("temperature", ATLAS_DTYPE_F32, 2, ((const uint64_t[]){0, 5}), ((const uint64_t[]){1, 3}), NULL, memory),
                   "start[1]=5", "count[1]=3", "shape[1]=6");
        REGION_ROW("count alone past the end", OUT_OF_RANGE, REGION("temperature", ATLAS_DTYPE_F32, 2, NULL, ((const uint64_t[]){5, 1}), NULL, memory),
                   "count[0]=5", "shape[0]=4");
        REGION_ROW("start alone past the end", OUT_OF_RANGE, REGION("temperature", ATLAS_DTYPE_F32, 2, ((const uint64_t[]){0, 7}), NULL, NULL, memory),
                   "start[1]=7", "shape[1]=6");
        REGION_ROW("start + count overflows", OUT_OF_RANGE, REGION("temperature", ATLAS_DTYPE_F32, 2, ((const uint64_t[]){0, top}), ((const uint64_t[]){1, 2}), NULL, memory),
                   "start[1]=18446744073709551615", "shape[1]=6");
        REGION_ROW("count overflows", OUT_OF_RANGE, REGION("temperature", ATLAS_DTYPE_F32, 2, ((const uint64_t[]){1, 1}), ((const uint64_t[]){top, top}), NULL, memory),
                   "count[0]=18446744073709551615");
        REGION_ROW("strides overflow", INVALID_ARGUMENT, REGION("temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, ((const int64_t[]){INT64_MAX, 1}), memory), "stride");
        REGION_ROW("strides overflow downwards", INVALID_ARGUMENT, REGION("temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, ((const int64_t[]){INT64_MIN, 1}), memory), "stride");

        /* Other kinds. Which way the data goes decides which pairs convert. */
        static const struct {
            const char *array;
            atlas_dtype dtype;
            const char *stored;
        } kinds[] = {
            {"temperature", ATLAS_DTYPE_U64, "f32"}, {"temperature", ATLAS_DTYPE_BOOL, "f32"}, {"temperature", ATLAS_DTYPE_C64, "f32"},
            {"count", ATLAS_DTYPE_BOOL, "i16"},      {"flag", ATLAS_DTYPE_U8, "bool"},         {"wave", ATLAS_DTYPE_F32, "c64"},
            {"time", ATLAS_DTYPE_I32, "timestamp_ns"}, {"time", ATLAS_DTYPE_F64, "timestamp_ns"}, {"station", ATLAS_DTYPE_U8, "string"},
            {"size", ATLAS_DTYPE_I32, "u32"},
        };
        for (size_t i = 0; i < COUNT_OF(kinds); i++) {
            char text[64];
            snprintf(text, sizeof text, "%s memory, %s array", atlas_dtype_name(kinds[i].dtype), kinds[i].stored);
            REGION_ROW(text, TYPE_MISMATCH, REGION(kinds[i].array, kinds[i].dtype, !strcmp(kinds[i].array, "temperature") ? 2 : 1, NULL, NULL, NULL, memory),
                       kinds[i].array, kinds[i].stored, strcmp(kinds[i].stored, "string") ? atlas_dtype_name(kinds[i].dtype) : "string");
        }
    }
    ROW("write: float memory, integer array", TYPE_MISMATCH, atlas_write_array(writer, "jan", "count", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, memory), "'count'", "f64", "i16");
    ROW("write: signed memory, unsigned array", TYPE_MISMATCH, atlas_write_array(writer, "jan", "size", ATLAS_DTYPE_I64, 1, NULL, NULL, NULL, memory), "'size'", "i64", "u32");
    ROW("write: i32 memory, f32 array", TYPE_MISMATCH, atlas_write_array(writer, "jan", "temperature", ATLAS_DTYPE_I32, 2, NULL, NULL, NULL, memory), "i32", "f32");
    ROW("write: string memory, f32 array", TYPE_MISMATCH, atlas_write_array(writer, "jan", "temperature", ATLAS_DTYPE_STRING, 2, NULL, NULL, NULL, memory), "string", "f32");
    ROW("read: f32 array, integer memory", TYPE_MISMATCH, atlas_read_array(writer, "jan", "temperature", ATLAS_DTYPE_I64, 2, NULL, NULL, NULL, memory), "f32", "i64");
    ROW("read: signed array, unsigned memory", TYPE_MISMATCH, atlas_read_array(writer, "jan", "count", ATLAS_DTYPE_U64, 1, NULL, NULL, NULL, memory), "i16", "u64");
    ROW("write: an integer too large", OUT_OF_RANGE, atlas_write_array(writer, "jan", "count", ATLAS_DTYPE_I64, 1, NULL, NULL, NULL, ((int64_t[]){9, 9, 9, 40000, 9})), "'count'", "'jan'", "3", "40000", "i16");
    ROW("write: an integer too small", OUT_OF_RANGE, atlas_write_array(writer, "jan", "count", ATLAS_DTYPE_I32, 1, n2, n2, NULL, ((int32_t[]){9, -40000})), "'count'", "-40000");
    ROW("write: a float too large", OUT_OF_RANGE, atlas_write_array(writer, "jan", "temperature", ATLAS_DTYPE_F64, 2, NULL, n2x2, NULL, ((double[]){9, 9, 9, -1e39})), "'temperature'", "'jan'", "-1e39", "3", "f32");
    ROW("write: a complex number too large", OUT_OF_RANGE, atlas_write_array(writer, "jan", "wave", ATLAS_DTYPE_C128, 1, NULL, NULL, NULL, ((double[]){9, 9, 9, 1e300})), "'wave'", "1e300", "1", "c64");
    ROW("read: a float too large", OUT_OF_RANGE, atlas_read_array(writer, "jan", "scalar", ATLAS_DTYPE_F32, 0, NULL, NULL, NULL, memory), "'scalar'", "1e308", "f32");
    ROW("read: a fill value too large", OUT_OF_RANGE, atlas_read_array(writer, "apr", "unwritten", ATLAS_DTYPE_F16, 1, NULL, NULL, NULL, memory), "'unwritten'", "65520", "f16");
    ROW("read: an integer too large", OUT_OF_RANGE, atlas_read_array(writer, "jan", "size", ATLAS_DTYPE_U16, 1, NULL, NULL, NULL, memory), "'size'", "1", "70000", "u16");
}

/* ---- append ---- */

static void append(void) {
    static const uint64_t one_row[2] = {1, COLUMNS}, wide_row[2] = {1, 7}, low[1] = {1};
    static const uint64_t wrap[2] = {UINT64_MAX, COLUMNS}, vast[2] = {UINT64_C(1) << 61, COLUMNS};
#define APPEND(array, dtype, rank, count, data) atlas_append_array(writer, "jan", array, dtype, rank, count, NULL, data)
    ROW("append: dataset NULL", INVALID_ARGUMENT, atlas_append_array(writer, NULL, "count", ATLAS_DTYPE_I16, 1, low, NULL, memory), "dataset", "NULL");
    ROW("append: array NULL", INVALID_ARGUMENT, APPEND(NULL, ATLAS_DTYPE_I16, 1, low, memory), "array", "NULL");
    ROW("append: array missing", NOT_FOUND, APPEND("wind", ATLAS_DTYPE_I16, 1, low, memory), "'wind'", "'jan'");
    ROW("append: count NULL", INVALID_ARGUMENT, APPEND("count", ATLAS_DTYPE_I16, 1, NULL, memory), "count", "NULL");
    ROW("append: data NULL", INVALID_ARGUMENT, APPEND("count", ATLAS_DTYPE_I16, 1, low, NULL), "data", "NULL");
    ROW("append: to a scalar", INVALID_ARGUMENT, APPEND("scalar", ATLAS_DTYPE_F64, 0, low, memory), "'scalar'", "dimension");
    ROW("append: rank 1 for 2", INVALID_ARGUMENT, APPEND("temperature", ATLAS_DTYPE_F32, 1, low, memory), "'temperature'", "1", "2");
    ROW("append: other trailing extent", INVALID_ARGUMENT, APPEND("temperature", ATLAS_DTYPE_F32, 2, wide_row, memory), "'temperature'", "7", "6");
    ROW("append: shape overflows", INVALID_ARGUMENT, APPEND("temperature", ATLAS_DTYPE_F32, 2, wrap, memory), "'temperature'", "18446744073709551615");
    ROW("append: bytes overflow", INVALID_ARGUMENT, APPEND("temperature", ATLAS_DTYPE_F32, 2, vast, memory), "'temperature'", "230584300921369395", "overflow");
    ROW("append: float memory, integer array", TYPE_MISMATCH, APPEND("count", ATLAS_DTYPE_F32, 1, low, memory), "f32", "i16");
    ROW("append: dtype 55", INVALID_ARGUMENT, APPEND("temperature", 55, 2, one_row, memory), "dtype", "55");
    ROW("append: a float too large", OUT_OF_RANGE, APPEND("temperature", ATLAS_DTYPE_F64, 2, ((const uint64_t[]){1, 6}), ((double[]){1, 2, 3, 4, 5, 1e40})), "'temperature'", "5", "1e40");
    ROW("append: an integer too large", OUT_OF_RANGE, APPEND("count", ATLAS_DTYPE_I32, 1, n2, ((int32_t[]){1, 32768})), "'count'", "1", "32768");
    ROW("append: strings to numbers", TYPE_MISMATCH, atlas_append_strings(writer, "jan", "count", 1, n3, words3), "'count'", "i16", "string");
    ROW("append: numbers to strings", TYPE_MISMATCH, APPEND("station", ATLAS_DTYPE_U8, 1, n3, memory), "'station'", "string");
    ROW("resize: array NULL", INVALID_ARGUMENT, atlas_resize_array(writer, "jan", NULL, 1), "array", "NULL");
    ROW("resize: dataset NULL", INVALID_ARGUMENT, atlas_resize_array(writer, NULL, "count", 1), "dataset", "NULL");
    ROW("resize: dataset missing", NOT_FOUND, atlas_resize_array(writer, "may", "count", 1), "'may'");
    ROW("resize: array missing", NOT_FOUND, atlas_resize_array(writer, "jan", "wind", 1), "'wind'", "'jan'");
    ROW("resize: a scalar", INVALID_ARGUMENT, atlas_resize_array(writer, "jan", "scalar", 1), "'scalar'", "rank 0");
    ROW("resize: bytes overflow", INVALID_ARGUMENT, atlas_resize_array(writer, "jan", "count", UINT64_MAX), "'count'", "overflow");
    ROW("extend: array NULL", INVALID_ARGUMENT, atlas_extend_array(writer, "jan", NULL, 1), "array", "NULL");
    ROW("extend: dataset NULL", INVALID_ARGUMENT, atlas_extend_array(writer, NULL, "count", 1), "dataset", "NULL");
    ROW("extend: dataset missing", NOT_FOUND, atlas_extend_array(writer, "may", "count", 1), "'may'");
    ROW("extend: array missing", NOT_FOUND, atlas_extend_array(writer, "jan", "wind", 1), "'wind'", "'jan'");
    ROW("extend: a scalar", INVALID_ARGUMENT, atlas_extend_array(writer, "jan", "scalar", 1), "'scalar'", "rank 0");
    ROW("extend: bytes overflow", INVALID_ARGUMENT, atlas_extend_array(writer, "jan", "count", UINT64_MAX), "'count'", "overflow");
    ROW("append: strings NULL", INVALID_ARGUMENT, atlas_append_strings(writer, "jan", "station", 1, n3, NULL), "values", "NULL");
    ROW("append: a string NULL", INVALID_ARGUMENT, atlas_append_strings(writer, "jan", "station", 1, n3, ((const char *const[]){"a", "b", NULL})), "values", "2");
}

/* ---- read_across ---- */

static void read_across(void) {
    static const char *const gap[] = {"jan", NULL}, *const missing[] = {"jan", "nov"}, *const bare[] = {"jan", "apr"};
    static const char *const types[] = {"jan", "feb"}, *const shapes[] = {"jan", "mar"}, *const two[] = {"jan", "jan"};
    static const char *const bytes[] = {"jan", "\xff"};
#define ACROSS(array, n, sets, dtype, rank, start, count, data) atlas_read_across(writer, array, n, sets, dtype, rank, start, count, data)
    static const uint64_t row4[2] = {4, 0}, one_row[2] = {1, COLUMNS};
    ROW("read_across: array NULL", INVALID_ARGUMENT, ACROSS(NULL, 2, two, ATLAS_DTYPE_F32, 2, NULL, NULL, memory), "array", "NULL");
    ROW("read_across: datasets NULL", INVALID_ARGUMENT, ACROSS("temperature", 2, NULL, ATLAS_DTYPE_F32, 2, NULL, NULL, memory), "datasets", "NULL");
    ROW("read_across: a dataset NULL", INVALID_ARGUMENT, ACROSS("temperature", 2, gap, ATLAS_DTYPE_F32, 2, NULL, NULL, memory), "datasets", "1");
    ROW("read_across: a dataset not UTF-8", INVALID_ARGUMENT, ACROSS("temperature", 2, bytes, ATLAS_DTYPE_F32, 2, NULL, NULL, memory), "datasets", "UTF-8");
    ROW("read_across: data NULL", INVALID_ARGUMENT, ACROSS("temperature", 2, two, ATLAS_DTYPE_F32, 2, NULL, NULL, NULL), "data", "NULL");
    ROW("read_across: dataset missing", NOT_FOUND, ACROSS("temperature", 2, missing, ATLAS_DTYPE_F32, 2, NULL, NULL, memory), "'nov'");
    ROW("read_across: array missing in one", NOT_FOUND, ACROSS("temperature", 2, bare, ATLAS_DTYPE_F32, 2, NULL, NULL, memory), "'temperature'", "'apr'");
    ROW("read_across: another type in one", TYPE_MISMATCH, ACROSS("temperature", 2, types, ATLAS_DTYPE_F32, 2, NULL, NULL, memory), "'feb'", "i64", "f32");
    ROW("read_across: another shape in one", INVALID_ARGUMENT, ACROSS("temperature", 2, shapes, ATLAS_DTYPE_F32, 2, NULL, NULL, memory), "'mar'", "5", "4");
    ROW("read_across: region outside one", OUT_OF_RANGE, ACROSS("temperature", 2, shapes, ATLAS_DTYPE_F32, 2, row4, one_row, memory), "'jan'", "start[0]=4", "shape[0]=4");
    ROW("read_across: rank 1 for 2", INVALID_ARGUMENT, ACROSS("temperature", 2, two, ATLAS_DTYPE_F32, 1, NULL, NULL, memory), "'temperature'", "1", "2");
    ROW("read_across: rank 40", INVALID_ARGUMENT, ACROSS("temperature", 2, two, ATLAS_DTYPE_F32, 40, row4, one_row, memory), "40");
    ROW("read_across: dtype 0", INVALID_ARGUMENT, ACROSS("temperature", 2, two, 0, 2, NULL, NULL, memory), "dtype", "0");
    ROW("read_across: strings", TYPE_MISMATCH, ACROSS("station", 2, two, ATLAS_DTYPE_U8, 1, NULL, NULL, memory), "'station'", "string");
}

/* ---- strings ---- */

static void strings(void) {
    ROW("write_strings: to numbers", TYPE_MISMATCH, atlas_write_strings(writer, "jan", "count", 1, NULL, n3, words3), "'count'", "i16", "string");
    ROW("write_strings: values NULL", INVALID_ARGUMENT, atlas_write_strings(writer, "jan", "station", 1, NULL, NULL, NULL), "values", "NULL");
    ROW("write_strings: a value NULL", INVALID_ARGUMENT, atlas_write_strings(writer, "jan", "station", 1, NULL, NULL, ((const char *const[]){"a", NULL, "c"})), "values", "1");
    ROW("write_strings: a value not UTF-8", INVALID_ARGUMENT, atlas_write_strings(writer, "jan", "station", 1, NULL, NULL, ((const char *const[]){"a", "b", "\xe6\xb0"})), "values", "2", "UTF-8");
    ROW("write_strings: past the end", OUT_OF_RANGE, atlas_write_strings(writer, "jan", "station", 1, n2, n2, words3), "'station'", "start[0]=2", "count[0]=2", "shape[0]=3", "append", "unlimited");
    ROW("write_strings: rank 2 for 1", INVALID_ARGUMENT, atlas_write_strings(writer, "jan", "station", 2, NULL, NULL, words3), "'station'", "2", "1");
    ROW("write_strings: array missing", NOT_FOUND, atlas_write_strings(writer, "jan", "wind", 1, NULL, NULL, words3), "'wind'");
    ROW("read_strings: of numbers", TYPE_MISMATCH, atlas_read_strings(writer, "jan", "count", 1, NULL, NULL, text_buffer, 64, &needed), "'count'", "i16", "string");
    ROW("read_strings: needed NULL", INVALID_ARGUMENT, atlas_read_strings(writer, "jan", "station", 1, NULL, NULL, text_buffer, 64, NULL), "needed", "NULL");
    ROW("read_strings: buffer NULL", INVALID_ARGUMENT, atlas_read_strings(writer, "jan", "station", 1, NULL, NULL, NULL, 64, &needed), "buffer", "NULL");
    ROW("read_strings: past the end", OUT_OF_RANGE, atlas_read_strings(writer, "jan", "station", 1, n2, n2, text_buffer, 64, &needed), "'station'", "shape[0]=3");
    ROW("fill text: of numbers", TYPE_MISMATCH, atlas_array_fill_text(writer, "jan", "temperature", text_buffer, 64, &needed), "'temperature'", "f32");
    ROW("fill text: none", NOT_FOUND, atlas_array_fill_text(writer, "jan", "station", text_buffer, 64, &needed), "'station'");
}

/* ---- buffers that are too small: `needed` is written, and nothing else ---- */

static char small[16];
static atlas_status only_needed(atlas_status status, size_t want) {
    bool untouched = true;
    for (size_t i = 0; i < sizeof small; i++) untouched = untouched && small[i] == '#';
    memset(small, '#', sizeof small);
    size_t got = needed;
    needed = SIZE_MAX;
    return untouched && got == want ? status : ATLAS_STATUS_INTERNAL;
}
#define SMALL(want, function, ...) only_needed(function(__VA_ARGS__, &needed), want)

static void small_buffers(void) {
    memset(small, '#', sizeof small);
    ROW("too small: dataset_names", BUFFER_TOO_SMALL, SMALL(16, atlas_dataset_names, writer, small, 15), "16", "15");
    ROW("too small: dataset_names, capacity 0", BUFFER_TOO_SMALL, SMALL(16, atlas_dataset_names, writer, NULL, 0), "16", "0");
    ROW("too small: dataset_name", BUFFER_TOO_SMALL, SMALL(4, atlas_dataset_name, writer, 2, small, 3), "4", "3");
    ROW("too small: array_names", BUFFER_TOO_SMALL, SMALL(12, atlas_array_names, writer, "mar", small, 1), "12", "1");
    ROW("too small: array_dims", BUFFER_TOO_SMALL, SMALL(12, atlas_array_dims, writer, "jan", "temperature", small, 11), "12", "11");
    ROW("too small: read_strings", BUFFER_TOO_SMALL, SMALL(6, atlas_read_strings, writer, "jan", "station", 1, NULL, NULL, small, 5), "6", "5");
    ROW("too small: attribute_names", BUFFER_TOO_SMALL, SMALL(7, atlas_attribute_names, writer, "jan", NULL, small, 6), "7", "6");
    ROW("too small: get_attribute_strings", BUFFER_TOO_SMALL, SMALL(2, atlas_get_attribute_strings, writer, "jan", "temperature", "unit", small, 1), "2", "1");
    ROW("too small: get_attribute", BUFFER_TOO_SMALL, SMALL(3, atlas_get_attribute, writer, "jan", NULL, "months", ATLAS_DTYPE_I32, 2, small), "'months'", "3", "2");
    ROW("too small: get_attribute, capacity 0", BUFFER_TOO_SMALL, SMALL(3, atlas_get_attribute, writer, "jan", NULL, "months", ATLAS_DTYPE_I32, 0, NULL), "3", "0");
    ROW("too small: pin_names", BUFFER_TOO_SMALL, SMALL(7, atlas_pin_names, writer, small, 6), "7", "6");
    ROW("too small: generations", BUFFER_TOO_SMALL, SMALL(2, atlas_generations, writer, 1, (void *)small), "2", "1");
    ROW("too small: generations, capacity 0", BUFFER_TOO_SMALL, SMALL(2, atlas_generations, writer, 0, NULL), "2", "0");
    ROW("dataset_names: needed NULL", INVALID_ARGUMENT, atlas_dataset_names(writer, text_buffer, 64, NULL), "needed", "NULL");
    ROW("dataset_names: buffer NULL", INVALID_ARGUMENT, atlas_dataset_names(writer, NULL, 64, &needed), "buffer", "NULL");
    ROW("dataset_name: buffer NULL", INVALID_ARGUMENT, atlas_dataset_name(writer, 0, NULL, 64, &needed), "buffer", "NULL");
    ROW("array_dims: needed NULL", INVALID_ARGUMENT, atlas_array_dims(writer, "jan", "count", text_buffer, 64, NULL), "needed", "NULL");
    ROW("attribute_names: needed NULL", INVALID_ARGUMENT, atlas_attribute_names(writer, "jan", NULL, text_buffer, 64, NULL), "needed", "NULL");
}

/* ---- attributes ---- */

static void attributes(void) {
    atlas_dtype dtype;
    static const char *const words[] = {"a", NULL}, *const bytes[] = {"a", "\xff"};
#define SET(dataset, array, key, dtype, count, values) atlas_set_attribute(writer, dataset, array, key, dtype, count, values)
#define GET(dataset, array, key, dtype, capacity, values) atlas_get_attribute(writer, dataset, array, key, dtype, capacity, values, &size_out)
    ROW("set_attribute: dataset NULL, array not", INVALID_ARGUMENT, SET(NULL, "count", "k", ATLAS_DTYPE_I8, 1, memory), "'count'", "dataset");
    ROW("get_attribute: missing of the store", NOT_FOUND, GET(NULL, NULL, "k", ATLAS_DTYPE_I8, 8, memory), "'k'", "store");
    ROW("get_attribute: the dataset's is not the store's", NOT_FOUND, GET(NULL, NULL, "months", ATLAS_DTYPE_I32, 8, memory), "'months'", "store");
    ROW("delete_attribute: missing of the store", NOT_FOUND, atlas_delete_attribute(writer, NULL, NULL, "k"), "'k'", "store");
    ROW("attribute_count: dataset NULL, array not", INVALID_ARGUMENT, atlas_attribute_count(writer, NULL, "count", &size_out), "'count'", "dataset");
    ROW("set_attribute: key NULL", INVALID_ARGUMENT, SET("jan", NULL, NULL, ATLAS_DTYPE_I8, 1, memory), "key", "NULL");
    ROW("set_attribute: values NULL", INVALID_ARGUMENT, SET("jan", NULL, "k", ATLAS_DTYPE_I8, 1, NULL), "values", "NULL");
    ROW("set_attribute: dataset missing", NOT_FOUND, SET("nov", NULL, "k", ATLAS_DTYPE_I8, 1, memory), "'nov'");
    ROW("set_attribute: array missing", NOT_FOUND, SET("jan", "wind", "k", ATLAS_DTYPE_I8, 1, memory), "'wind'", "'jan'");
    ROW("set_attribute: dtype 0", INVALID_ARGUMENT, SET("jan", NULL, "k", 0, 1, memory), "dtype", "0");
    ROW("set_attribute: dtype 1000", INVALID_ARGUMENT, SET("jan", NULL, "k", 1000, 1, memory), "dtype", "1000");
    ROW("set_attribute: a text NULL", INVALID_ARGUMENT, SET("jan", NULL, "k", ATLAS_DTYPE_STRING, 2, words), "values", "1");
    ROW("set_attribute: a text not UTF-8", INVALID_ARGUMENT, SET("jan", NULL, "k", ATLAS_DTYPE_STRING, 2, bytes), "values", "1", "UTF-8");
    ROW("set_attribute: texts NULL", INVALID_ARGUMENT, SET("jan", NULL, "k", ATLAS_DTYPE_STRING, 2, NULL), "values", "NULL");
    ROW("set_attribute: bytes overflow", INVALID_ARGUMENT, SET("jan", NULL, "k", ATLAS_DTYPE_C128, SIZE_MAX, memory), "18446744073709551615");
    ROW("get_attribute: missing", NOT_FOUND, GET("jan", NULL, "k", ATLAS_DTYPE_I8, 8, memory), "'k'", "'jan'");
    ROW("get_attribute: missing of an array", NOT_FOUND, GET("jan", "count", "unit", ATLAS_DTYPE_I8, 8, memory), "'unit'", "'count'", "'jan'");
    ROW("get_attribute: the dataset's is not the array's", NOT_FOUND, GET("jan", "temperature", "months", ATLAS_DTYPE_I32, 8, memory), "'months'", "'temperature'");
    ROW("get_attribute: dataset missing", NOT_FOUND, GET("nov", NULL, "k", ATLAS_DTYPE_I8, 8, memory), "'nov'");
    ROW("get_attribute: key NULL", INVALID_ARGUMENT, GET("jan", NULL, NULL, ATLAS_DTYPE_I8, 8, memory), "key", "NULL");
    ROW("get_attribute: values NULL", INVALID_ARGUMENT, GET("jan", NULL, "months", ATLAS_DTYPE_I32, 8, NULL), "values", "NULL");
    ROW("get_attribute: count NULL", INVALID_ARGUMENT, atlas_get_attribute(writer, "jan", NULL, "months", ATLAS_DTYPE_I32, 8, memory, NULL), "count", "NULL");
    ROW("get_attribute: text as number", TYPE_MISMATCH, GET("jan", "temperature", "unit", ATLAS_DTYPE_I32, 8, memory), "'unit'", "string", "i32");
    ROW("get_attribute: signed as unsigned", TYPE_MISMATCH, GET("jan", NULL, "months", ATLAS_DTYPE_U32, 8, memory), "'months'", "i32", "u32");
    ROW("get_attribute: a float that does not fit", OUT_OF_RANGE, GET("jan", "scalar", "far", ATLAS_DTYPE_F32, 8, memory), "'far'", "1e300", "f32");
    ROW("get_attribute: does not fit", OUT_OF_RANGE, GET("jan", NULL, "months", ATLAS_DTYPE_I16, 8, memory), "'months'", "2", "70000");
    ROW("get_attribute: dtype -1", INVALID_ARGUMENT, GET("jan", NULL, "months", -1, 8, memory), "dtype", "-1");
    ROW("get_attribute_strings: a number", TYPE_MISMATCH, atlas_get_attribute_strings(writer, "jan", NULL, "months", text_buffer, 64, &needed), "'months'", "i32", "string");
    ROW("get_attribute_strings: missing", NOT_FOUND, atlas_get_attribute_strings(writer, "jan", NULL, "k", text_buffer, 64, &needed), "'k'");
    ROW("attribute_info: missing", NOT_FOUND, atlas_attribute_info(writer, "jan", NULL, "k", &dtype, &size_out), "'k'", "'jan'");
    ROW("attribute_info: dtype NULL", INVALID_ARGUMENT, atlas_attribute_info(writer, "jan", NULL, "months", NULL, &size_out), "dtype", "NULL");
    ROW("attribute_info: count NULL", INVALID_ARGUMENT, atlas_attribute_info(writer, "jan", NULL, "months", &dtype, NULL), "count", "NULL");
    ROW("has_attribute: array missing", NOT_FOUND, atlas_has_attribute(writer, "jan", "wind", "k", &truth), "'wind'");
    ROW("has_attribute: out NULL", INVALID_ARGUMENT, atlas_has_attribute(writer, "jan", NULL, "k", NULL), "out", "NULL");
    ROW("attribute_count: dataset missing", NOT_FOUND, atlas_attribute_count(writer, "nov", NULL, &size_out), "'nov'");
    ROW("attribute_count: out NULL", INVALID_ARGUMENT, atlas_attribute_count(writer, "jan", NULL, NULL), "out", "NULL");
    ROW("delete_attribute: missing", NOT_FOUND, atlas_delete_attribute(writer, "jan", NULL, "k"), "'k'", "'jan'");
    ROW("delete_attribute: missing of an array", NOT_FOUND, atlas_delete_attribute(writer, "jan", "count", "k"), "'k'", "'count'");
    ROW("delete_attribute: key NULL", INVALID_ARGUMENT, atlas_delete_attribute(writer, "jan", NULL, NULL), "key", "NULL");
}

/* ---- descriptions and statistics ---- */

static void descriptions(void) {
    static atlas_store_description s;
    static atlas_array_description a;
    s.struct_size = a.struct_size = 0;
    ROW("store_info: out NULL", INVALID_ARGUMENT, atlas_store_info(writer, NULL), "out", "NULL");
    ROW("store_info: struct_size 0", INVALID_ARGUMENT, atlas_store_info(writer, &s), "struct_size", "0");
    ROW("array_info: out NULL", INVALID_ARGUMENT, atlas_array_info(writer, "jan", "count", NULL), "out", "NULL");
    ROW("array_info: struct_size 0", INVALID_ARGUMENT, atlas_array_info(writer, "jan", "count", &a), "struct_size", "0");
    a.struct_size = sizeof a;
    ROW("array_info: array missing", NOT_FOUND, atlas_array_info(writer, "jan", "wind", &a), "'wind'", "'jan'");
    ROW("array_stats: array missing", NOT_FOUND, atlas_array_stats(writer, "jan", "wind", &stats_out), "'wind'", "'jan'");
    ROW("array_stats: dataset missing", NOT_FOUND, atlas_array_stats(writer, "nov", "count", &stats_out), "'nov'");
    ROW("array_stats: out NULL", INVALID_ARGUMENT, atlas_array_stats(writer, "jan", "count", NULL), "out", "NULL");
#define CHUNK(rank, ...) atlas_chunk_stats(writer, "jan", "temperature", rank, (const uint64_t[]){__VA_ARGS__}, &stats_out)
    ROW("chunk_stats: index past the grid", OUT_OF_RANGE, CHUNK(2, 2, 0), "'temperature'", "2");
    ROW("chunk_stats: index 1 past the grid", OUT_OF_RANGE, CHUNK(2, 0, UINT64_MAX), "18446744073709551615");
    ROW("chunk_stats: rank 1 for 2", INVALID_ARGUMENT, CHUNK(1, 0), "'temperature'", "1", "2");
    ROW("chunk_stats: rank 33", INVALID_ARGUMENT, CHUNK(33, 0), "33");
    ROW("chunk_stats: chunk NULL", INVALID_ARGUMENT, atlas_chunk_stats(writer, "jan", "temperature", 2, NULL, &stats_out), "chunk", "NULL");
    ROW("chunk_stats: out NULL", INVALID_ARGUMENT, atlas_chunk_stats(writer, "jan", "temperature", 2, shape2, NULL), "out", "NULL");
}

/* ---- what needs a store that is not clean, on one of its own ---- */

static void dirty_store(void) {
    atlas_store store = store_create(path_of("dirty"));
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_define_array(store, "d", "t", ATLAS_DTYPE_F32, 1, NULL, n3, NULL));
    CHECK_OK(atlas_write_array(store, "d", "t", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, (float[]){1, 2, 3}));
    folder_image without = committed;
    committed = folder_take(check_folder);
    ROW("compact with unflushed changes", UNFLUSHED_CHANGES, atlas_compact(store), "flush");
    ROW("rollback with unflushed changes", UNFLUSHED_CHANGES, atlas_rollback(store, 1), "flush");
    ROW("array_stats before the first flush", NO_STATS, atlas_array_stats(store, "d", "t", &stats_out), "'t'", "'d'");
#define PLACES(array, capacity, places, count, buffer, size, needed) atlas_chunk_places(writer, "jan", array, capacity, places, count, buffer, size, needed, NULL)
    ROW("chunk_places: count NULL", INVALID_ARGUMENT, PLACES("temperature", 64, places, NULL, text_buffer, 64, &needed), "count", "NULL");
    ROW("chunk_places: places NULL", INVALID_ARGUMENT, PLACES("temperature", 64, NULL, &size_out, text_buffer, 64, &needed), "places is NULL", "capacity is 64");
    ROW("chunk_places: buffer NULL", INVALID_ARGUMENT, PLACES("temperature", 64, places, &size_out, NULL, 64, &needed), "buffer is NULL", "capacity is 64");
    ROW("chunk_places: needed NULL", INVALID_ARGUMENT, PLACES("temperature", 64, places, &size_out, text_buffer, 64, NULL), "needed", "NULL");
    ROW("chunk_places: array missing", NOT_FOUND, PLACES("wind", 64, places, &size_out, text_buffer, 64, &needed), "'wind'", "'jan'");
    ROW("chunk_stats before the first flush", NO_STATS, atlas_chunk_stats(store, "d", "t", 1, ((const uint64_t[]){0}), &stats_out), "'t'", "'d'");
    ROW("write past the end, unflushed", OUT_OF_RANGE, atlas_write_array(store, "d", "t", ATLAS_DTYPE_F32, 1, n3, n2, NULL, memory), "'t'", "start[0]=3");
    float values[3];
    CHECK_OK(atlas_read_array(store, "d", "t", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, values));
    CHECK(values[0] == 1 && values[1] == 2 && values[2] == 3);
    CHECK_OK(atlas_discard(store));
    ROW("discard twice", INVALID_HANDLE, atlas_discard(store), "handle");
    ROW("close after discard", INVALID_HANDLE, atlas_close(store), "handle");
    check_remove_tree(path_of("dirty"));
    folder_free(&committed);
    committed = without;
}

/* ---- sessions ---- */

static atlas_session_options session_options(void) {
    atlas_session_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    return options;
}
#define BEGIN(options, buffer, capacity, needed) atlas_session_begin(writer, options, buffer, capacity, needed)
#define WORKER(ticket, length, number, path, options) out_is_zero(atlas_open_worker(ticket, length, number, path, options, &out))

static void sessions(void) {
    static unsigned char damaged[sizeof ticket];
    memcpy(damaged, ticket, sizeof ticket);
    damaged[ticket_length - 1] ^= 1;
    ROW("session_begin: needed NULL", INVALID_ARGUMENT, BEGIN(NULL, memory, sizeof memory, NULL), "needed", "NULL");
    ROW("session_begin: buffer NULL", INVALID_ARGUMENT, BEGIN(NULL, NULL, 64, &needed), "buffer is NULL", "capacity is 64");
    atlas_session_options s = session_options();
    s.struct_size = 0;
    ROW("session_begin: struct_size 0", INVALID_ARGUMENT, BEGIN(&s, memory, sizeof memory, &needed), "struct_size");
    s = session_options();
    s.dataset_count = 2;
    ROW("session_begin: datasets NULL", INVALID_ARGUMENT, BEGIN(&s, memory, sizeof memory, &needed), "datasets", "NULL");
    s.datasets = (const char *const[]){"jan", NULL};
    ROW("session_begin: a dataset NULL", INVALID_ARGUMENT, BEGIN(&s, memory, sizeof memory, &needed), "datasets", "1");
    s.datasets = (const char *const[]){"jan", "\xff"};
    ROW("session_begin: a dataset not UTF-8", INVALID_ARGUMENT, BEGIN(&s, memory, sizeof memory, &needed), "datasets", "UTF-8");
    s.datasets = (const char *const[]){"jan", "nov"};
    ROW("session_begin: a dataset missing", NOT_FOUND, BEGIN(&s, memory, sizeof memory, &needed), "'nov'");
    ROW("session_missing: no session", CONFLICT, atlas_session_missing(writer, 0, NULL, &size_out), store_path, "session");
    ROW("session_missing: count NULL", INVALID_ARGUMENT, atlas_session_missing(writer, 0, NULL, NULL), "count", "NULL");
    ROW("import: no session", CONFLICT, atlas_import(writer, 0, NULL, NULL), store_path, "session");
    ROW("export: not a worker", INVALID_ARGUMENT, atlas_export(writer, memory, sizeof memory, &needed), store_path, "worker");
    ROW("export: needed NULL", INVALID_ARGUMENT, atlas_export(writer, memory, sizeof memory, NULL), "needed", "NULL");
    ROW("renew: not a worker", INVALID_ARGUMENT, atlas_renew(writer, ticket, ticket_length), store_path, "worker");

    ROW("open_worker: ticket NULL", INVALID_ARGUMENT, WORKER(NULL, 9, 0, NULL, NULL), "ticket", "NULL");
    ROW("open_worker: no bytes", INVALID_ARGUMENT, WORKER(ticket, 0, 0, NULL, NULL), "ticket");
    ROW("open_worker: no ticket", INVALID_ARGUMENT, WORKER("a ticket", 8, 0, NULL, NULL), "ticket");
    ROW("open_worker: length SIZE_MAX", INVALID_ARGUMENT, WORKER(ticket, SIZE_MAX, 0, NULL, NULL), "18446744073709551615");
    ROW("open_worker: a damaged ticket", CORRUPT, WORKER(damaged, ticket_length, 0, NULL, NULL), "ticket");
    ROW("open_worker: a ticket cut short", CORRUPT, WORKER(ticket, ticket_length - 1, 0, NULL, NULL), "ticket");
    ROW("open_worker: path not UTF-8", INVALID_ARGUMENT, WORKER(ticket, ticket_length, 0, "\xff", NULL), "path", "UTF-8");
    ROW("open_worker: path empty", INVALID_ARGUMENT, WORKER(ticket, ticket_length, 0, "", NULL), "path");
    ROW("open_worker: out NULL", INVALID_ARGUMENT, atlas_open_worker(ticket, ticket_length, 0, NULL, NULL, NULL), "out", "NULL");
    atlas_open_options o = open_options();
    o.struct_size = 0;
    ROW("open_worker: struct_size 0", INVALID_ARGUMENT, WORKER(ticket, ticket_length, 0, NULL, &o), "struct_size");
    o = open_options();
    o.num_threads = -7;
    ROW("open_worker: num_threads -7", INVALID_ARGUMENT, WORKER(ticket, ticket_length, 0, NULL, &o), "threads", "-7");
    o = open_options();
    o.ticket_length = 5;
    ROW("open: ticket NULL", INVALID_ARGUMENT, OPEN(store_path, ATLAS_MODE_READ_WRITE, &o), "ticket", "NULL");
    o.ticket = "a bit";
    ROW("open: no ticket", INVALID_ARGUMENT, OPEN(path_of("other"), ATLAS_MODE_READ_WRITE, &o), "ticket");
    o.ticket = ticket;
    o.ticket_length = ticket_length;
    ROW("open: a ticket for reading", INVALID_ARGUMENT, OPEN(store_path, ATLAS_MODE_READ, &o), "ticket", "read");
    ROW("open: a ticket of another store", CONFLICT, OPEN(path_of("other"), ATLAS_MODE_READ_WRITE, &o), path_of("other"));

    /* A worker, which has nothing of its own on the disk before it exports. */
    atlas_store worker = 0;
    CHECK_OK(atlas_open_worker(ticket, ticket_length, 7, NULL, NULL, &worker));
#define OF_WORKER(name, call) ROW("worker: " name, UNSUPPORTED, call, "worker 7")
    OF_WORKER("flush", atlas_flush(worker));
    OF_WORKER("flush_begin", atlas_flush_begin(worker));
    OF_WORKER("compact", atlas_compact(worker));
    OF_WORKER("delete_dataset", atlas_delete_dataset(worker, "jan"));
    OF_WORKER("rename_dataset", atlas_rename_dataset(worker, "jan", "dec"));
    OF_WORKER("delete_array", atlas_delete_array(worker, "jan", "count"));
    OF_WORKER("resize_array", atlas_resize_array(worker, "jan", "count", 2));
    OF_WORKER("rollback", atlas_rollback(worker, 1));
    OF_WORKER("pin", atlas_pin(worker, "a pin"));
    OF_WORKER("unpin", atlas_unpin(worker, "pinned"));
    OF_WORKER("set_keep_generations", atlas_set_keep_generations(worker, 3));
    OF_WORKER("session_begin", atlas_session_begin(worker, NULL, memory, sizeof memory, &needed));
    OF_WORKER("session_end", atlas_session_end(worker));
    OF_WORKER("session_missing", atlas_session_missing(worker, 0, NULL, &size_out));
    OF_WORKER("import", atlas_import(worker, 0, NULL, NULL));
    ROW("worker: renew by no ticket", INVALID_ARGUMENT, atlas_renew(worker, "a ticket", 8), "ticket");
    ROW("worker: renew by a damaged ticket", CORRUPT, atlas_renew(worker, damaged, ticket_length), "ticket");
    ROW("worker: renew: ticket NULL", INVALID_ARGUMENT, atlas_renew(worker, NULL, 9), "ticket", "NULL");
    CHECK_OK(atlas_write_array(worker, "jan", "count", ATLAS_DTYPE_I16, 1, NULL, NULL, NULL, ((int16_t[]){5, 4, 3, 2, 1})));
    ROW("worker: close with changes", UNFLUSHED_CHANGES, atlas_close(worker), "worker 7");
    ROW("worker: renew with changes", UNFLUSHED_CHANGES, atlas_renew(worker, ticket, ticket_length), "worker 7");
    ROW("worker: export: buffer NULL", INVALID_ARGUMENT, atlas_export(worker, NULL, 64, &needed), "buffer is NULL", "capacity is 64");
    CHECK_OK(atlas_discard(worker));
}

/* What is exported, and what becomes of it: in a store of its own, whose files these rows leave as they are. */
static void imports(void) {
    static unsigned char own[16384], export[2][16384], damaged[16384];
    size_t lengths[2], own_length, size;
    char path[sizeof store_path];
    snprintf(path, sizeof path, "%s", path_of("session"));
    atlas_store store = store_create(path), workers[2];
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_define_array(store, "d", "t", ATLAS_DTYPE_F32, 1, NULL, n3, NULL));
    CHECK_OK(atlas_flush(store));
    CHECK_OK(atlas_session_begin(store, NULL, own, sizeof own, &own_length));
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_OK(atlas_open_worker(own, own_length, i, NULL, NULL, &workers[i]));
        CHECK_OK(atlas_write_array(workers[i], "d", "t", ATLAS_DTYPE_F32, 1, n2, (const uint64_t[]){1}, NULL, ((float[]){7})));
        CHECK_STATUS(atlas_export(workers[i], export[i], 3, &lengths[i]), ATLAS_STATUS_BUFFER_TOO_SMALL);
        CHECK(lengths[i] > 3);
        CHECK_OK(atlas_export(workers[i], export[i], lengths[i], &size));
        CHECK_U64(size, lengths[i]);
    }
    memcpy(damaged, export[0], sizeof damaged);
    damaged[lengths[0] - 1] ^= 1;
    folder_image without = committed;
    committed = folder_take(check_folder);
#define IMPORT(n, exports, lengths) atlas_import(store, n, exports, lengths)
#define LIST(one, other) ((const void *const[]){one, other})
    ROW("import: exports NULL", INVALID_ARGUMENT, IMPORT(1, NULL, lengths), "exports", "NULL");
    ROW("import: lengths NULL", INVALID_ARGUMENT, IMPORT(1, LIST(export[0], NULL), NULL), "lengths", "NULL");
    ROW("import: an export NULL", INVALID_ARGUMENT, IMPORT(2, LIST(export[0], NULL), lengths), "exports[1]", "NULL");
    ROW("import: no export", INVALID_ARGUMENT, IMPORT(2, LIST(export[0], "an export"), ((size_t[]){lengths[0], 9})), "export 1 of 2");
    ROW("import: a ticket", INVALID_ARGUMENT, IMPORT(1, LIST(own, NULL), &own_length), "export 0 of 1");
    ROW("import: a damaged export", CORRUPT, IMPORT(2, LIST(damaged, export[1]), lengths), "export 0 of 2");
    ROW("import: an export cut short", CORRUPT, IMPORT(1, LIST(export[0], NULL), ((size_t[]){lengths[0] - 1})), "export 0 of 1");
    ROW("import: one cell of two workers", CONFLICT, IMPORT(2, LIST(export[1], export[0]), ((size_t[]){lengths[1], lengths[0]})),
        "workers 0 and 1", "'t'", "'d'", "[2]");
    ROW("open_worker: an export", INVALID_ARGUMENT, WORKER(export[0], lengths[0], 0, NULL, NULL), "ticket");
    ROW("renew by another session's ticket", CONFLICT, atlas_renew(workers[0], ticket, ticket_length), "session");
    float values[3];
    CHECK_OK(atlas_read_array(store, "d", "t", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, values));
    CHECK(values[0] == 0 && values[1] == 0 && values[2] == 0 && !store_info(store).unflushed_changes);
    CHECK_OK(atlas_import(store, 1, LIST(export[0], NULL), lengths));
    ROW("session_end: what is imported is not flushed", UNFLUSHED_CHANGES, atlas_session_end(store), path, "flush");
    ROW("import: one cell, later", CONFLICT, IMPORT(1, LIST(export[1], NULL), &lengths[1]), "workers 0 and 1");
    CHECK_OK(atlas_flush(store));
    CHECK_OK(atlas_session_end(store));
    CHECK_OK(atlas_session_begin(store, NULL, own, sizeof own, &own_length));
    folder_free(&committed);
    committed = folder_take(check_folder);
    ROW("import: of a session that is over", CONFLICT, IMPORT(1, LIST(export[1], NULL), &lengths[1]), "worker 1", "session");
    CHECK_OK(atlas_read_array(store, "d", "t", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, values));
    CHECK(values[0] == 0 && values[1] == 0 && values[2] == 7);
    for (int i = 0; i < 2; i++) CHECK_OK(atlas_close(workers[i]));
    CHECK_OK(atlas_close(store));
    check_remove_tree(path);
    folder_free(&committed);
    committed = without;
}

/* ---- the error text ---- */

static void success_leaves_the_text(void) {
    CHECK_FAILS(atlas_delete_dataset(writer, "nov"), ATLAS_STATUS_NOT_FOUND, "'nov'");
    char text[512];
    snprintf(text, sizeof text, "%s", atlas_last_error());
    for (int i = 4; i < FUNCTIONS; i++) {
        if (i == 27 || i == 50) continue; /* fail here: the array has no fill text, a writer waits for no commit */
        mutates = true;
        if (i == 0 || i == 3 || i == 7 || i == 8 || i == 13 || i == 14 || i == 20 || i == 22 || i == 24 || i == 25 || i == 28 ||
            i == 35 || (i >= 38 && i <= 46) || (i >= 51 && i <= 61))
            continue; /* those that change the store, or are of a session */
        CHECK_OK(call_function(i, writer));
        CHECK_TEXT(atlas_last_error(), text);
    }
    atlas_store store = 0;
    CHECK_OK(atlas_open(store_path, ATLAS_MODE_READ, NULL, &store));
    CHECK_TEXT(atlas_last_error(), text);
    CHECK_OK(atlas_close(store));
    CHECK_TEXT(atlas_last_error(), text);
}

static void discard_leaves_the_text(void) {
    atlas_store store = store_open(store_path, ATLAS_MODE_READ), fresh = store_create(path_of("third"));
    CHECK_OK(atlas_create_dataset(fresh, "d"));
    CHECK_FAILS(atlas_delete_dataset(writer, "oct"), ATLAS_STATUS_NOT_FOUND, "'oct'");
    char text[512];
    snprintf(text, sizeof text, "%s", atlas_last_error());
    CHECK_OK(atlas_discard(store));
    CHECK_TEXT(atlas_last_error(), text);
    CHECK_OK(atlas_discard(fresh));
    CHECK_TEXT(atlas_last_error(), text);
    check_remove_tree(path_of("third"));
}

/* The text of a failure replaces the one before, even a longer one. */
static void each_failure_has_its_own_text(void) {
    CHECK_FAILS(atlas_delete_dataset(writer, "a-rather-long-name-for-a-dataset"), ATLAS_STATUS_NOT_FOUND, "a-rather-long-name");
    CHECK_FAILS(atlas_delete_dataset(writer, "x"), ATLAS_STATUS_NOT_FOUND, "'x'");
    CHECK(strstr(atlas_last_error(), "rather") == NULL);
}

/* A pointer to the text, however old, leads to the text that was set last: so does the order matter to nobody in which a
 * compiler evaluates the arguments of printf("%d %s", failing(), atlas_last_error()). */
static void the_text_stays_in_its_place(void) {
    const char *before = atlas_last_error();
    static char name[8001], text[9000];
    for (size_t length = 1; length < sizeof name; length = length * 3 + 7) {
        memset(name, 'a', length);
        name[length] = '\0';
        /* The arguments in either order. */
        snprintf(text, sizeof text, "%d %s", (int)atlas_delete_dataset(writer, name), atlas_last_error());
        CHECK(strncmp(text, "2 ", 2) == 0 && strstr(text, "'a") != NULL);
        CHECK_TEXT(text + 2, before);
        snprintf(text, sizeof text, "%s %d", atlas_last_error(), (int)atlas_delete_dataset(writer, "dec"));
        CHECK(strstr(text, "'dec'") != NULL && strcmp(text + strlen(text) - 2, " 2") == 0);
        CHECK(atlas_last_error() == before && strstr(before, "'dec'") != NULL);
    }
    /* One that is too long is cut, between two characters. */
    for (size_t i = 0; i + 2 < sizeof name; i += 2) memcpy(name + i, "\xc3\xbc", 3);
    for (int shift = 0; shift < 2; shift++) {
        CHECK_STATUS(atlas_delete_dataset(writer, name + shift), ATLAS_STATUS_NOT_FOUND);
        size_t length = strlen(before);
        CHECK(length <= 4095 && length > 4080);
        CHECK_TEXT(before + length - 5, "\xc3\xbc...");
        name[1] = 'x';
    }
}

static int32_t refuse(const char *what, uint64_t done, uint64_t total, void *user_data) {
    (void)what, (void)done, (void)total, (void)user_data;
    return 1;
}

/* A struct of a later version whose new fields are 0, and one cut to its first fields: both work. */
static void options_of_other_versions(void) {
    struct {
        atlas_open_options known;
        uint64_t later[4];
    } longer;
    memset(&longer, 0, sizeof longer);
    longer.known.struct_size = sizeof longer;
    atlas_store store = 0;
    CHECK_OK(atlas_open(store_path, ATLAS_MODE_READ, &longer.known, &store));
    CHECK_OK(atlas_close(store));
    atlas_open_options shorter = open_options();
    shorter.struct_size = offsetof(atlas_open_options, progress);
    shorter.progress = refuse; /* beyond the size given, so it is not looked at */
    CHECK_OK(atlas_open(store_path, ATLAS_MODE_READ, &shorter, &store));
    CHECK_OK(atlas_verify(store, NULL, NULL, NULL));
    CHECK_OK(atlas_close(store));
    shorter.struct_size = sizeof shorter;
    CHECK_OK(atlas_open(store_path, ATLAS_MODE_READ, &shorter, &store));
    CHECK_STATUS(atlas_verify(store, NULL, NULL, NULL), ATLAS_STATUS_CANCELLED);
    CHECK_OK(atlas_close(store));

    atlas_store_description info;
    memset(&info, 0xa5, sizeof info);
    info.struct_size = offsetof(atlas_store_description, generation);
    CHECK_OK(atlas_store_info(writer, &info));
    CHECK_I64(info.mode, ATLAS_MODE_READ_WRITE);
    CHECK_U64(info.struct_size, offsetof(atlas_store_description, generation));
    CHECK_U64(info.generation, UINT64_C(0xa5a5a5a5a5a5a5a5)); /* no more than struct_size is written */
}

/* Runs a group of rows, or (COUNTS) a test that is one itself. What fails outside a row fails the group. */
static void group(const char *name, bool counts, void (*test)(void)) {
    snprintf(check_name, sizeof check_name, "%s", name);
    if (setjmp(check_escape) == 0) {
        test();
        if (!counts) return;
        check_unchanged();
        check_passed++;
        printf("ok %s\n", name);
    } else {
        check_failed++;
        printf("FAILED %s\n", name);
    }
}

static void close_world(void) {
    CHECK_OK(atlas_close(reader));
    CHECK_STATUS(atlas_close(reader), ATLAS_STATUS_INVALID_HANDLE);
    CHECK_OK(atlas_close(writer));
    CHECK_STATUS(atlas_close(writer), ATLAS_STATUS_INVALID_HANDLE);
    writer = store_open(store_path, ATLAS_MODE_READ_WRITE);
    reader = store_open(store_path, ATLAS_MODE_READ);
}

int main(int argc, char **argv) {
    (void)argc;
    check_start(argv);
    check_make_folder();
    group("making the store that is misused", false, make_world);
    if (check_failed == 0) {
        group("handles", false, handles);
        group("read only", false, read_only);
        group("create and open", false, create_and_open);
        group("earlier commits", false, earlier_commits);
        group("names", false, names);
        group("define", false, define);
        group("regions", false, regions);
        group("append", false, append);
        group("read_across", false, read_across);
        group("strings", false, strings);
        group("small buffers", false, small_buffers);
        group("attributes", false, attributes);
        group("descriptions", false, descriptions);
        group("a store with changes", false, dirty_store);
        group("sessions", false, sessions);
        group("imports", false, imports);
        group("success leaves the text alone", true, success_leaves_the_text);
        group("discard leaves the text alone", true, discard_leaves_the_text);
        group("each failure has its own text", true, each_failure_has_its_own_text);
        group("the text stays in its place", true, the_text_stays_in_its_place);
        group("options of other versions", true, options_of_other_versions);
        folder_free(&committed);
        group("the store still closes", false, close_world);
        committed = folder_take(check_folder); /* the lock may name a new holder */
        group("and opens unchanged", true, check_unchanged);
        atlas_discard(reader);
        atlas_discard(writer);
    }
    folder_free(&committed);
    check_drop_folder();
    return check_finish();
}
