/* conform write|check TABLE FOLDER: the conformance program in C. ../README.md says what it does. */
#include <atlas.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static void *need(void *memory) {
    if (memory == NULL) fail("out of memory");
    return memory;
}

#define OK(call)                                                                                                         \
    do {                                                                                                                 \
        atlas_status status_ = (call);                                                                                   \
        if (status_ != ATLAS_STATUS_OK) fail("%s: %s: %s", #call, atlas_status_name(status_), atlas_last_error());       \
    } while (0)

#define EXPECT(condition, ...)                                                                                           \
    do {                                                                                                                 \
        if (!(condition)) fail(__VA_ARGS__);                                                                             \
    } while (0)

static uint64_t compared;

/* ---- value(DTYPE, SEED, k) ---- */

static uint32_t hash(uint64_t seed, uint64_t k) {
    uint64_t h = (seed * 1000003 + k * 2654435761u + 12345) % 4294967296u;
    h = ((h ^ (h >> 15)) * 40503) % 4294967296u;
    return (uint32_t)(h ^ (h >> 13));
}

/* The binary16 of eighths / 8, for -1024 <= eighths <= 1024: every such number has one. */
static uint16_t half_of_eighths(int eighths) {
    if (eighths == 0) return 0;
    unsigned magnitude = (unsigned)abs(eighths), exponent = 10;
    while (magnitude >> exponent == 0) exponent--;
    return (uint16_t)((eighths < 0 ? 0x8000u : 0) | (exponent - 3 + 15) << 10 | ((magnitude << (10 - exponent)) & 0x3ffu));
}

static void put(void *out, const void *value, size_t size) { memcpy(out, value, size); }

/* The integer with so many bits of a mantissa; with 0 all. */
static int64_t rounded(int64_t m, int bits) {
    int64_t magnitude = m < 0 ? -m : m;
    int drop = 0;
    while (bits > 0 && magnitude >> (bits + 1 + drop) != 0) drop++;
    if (drop == 0) return m;
    int64_t kept = magnitude >> drop, rest = magnitude - (kept << drop), half = INT64_C(1) << (drop - 1);
    if (rest > half || (rest == half && kept % 2 == 1)) kept++;
    return (m < 0 ? -kept : kept) * (INT64_C(1) << drop);
}

static void put_real(atlas_dtype dtype, uint64_t seed, uint64_t k, int kept, void *out) {
    static const uint16_t halves[4] = {0x7e00, 0x7c00, 0xfc00, 0x8000};
    static const uint32_t singles[4] = {0x7fc00000, 0x7f800000, 0xff800000, 0x80000000};
    static const uint64_t doubles[4] = {UINT64_C(0x7ff8) << 48, UINT64_C(0x7ff0) << 48, UINT64_C(0xfff0) << 48, UINT64_C(1) << 63};
    uint32_t h = hash(seed, k);
    int special = (int)(h >> 24) % 16 - 5;
    if (special < 0 || special > 3) special = -1;
    if (dtype == ATLAS_DTYPE_F16) {
        uint16_t bits = special >= 0 ? halves[special] : half_of_eighths((int)rounded((int)(h % 2048) - 1024, kept));
        put(out, &bits, sizeof bits);
    } else if (dtype == ATLAS_DTYPE_F32) {
        float value = (float)rounded((int32_t)(h % 16777216) - 8388608, kept) / 64;
        put(out, special >= 0 ? (const void *)&singles[special] : &value, sizeof value);
    } else {
        double value = (double)rounded((int64_t)h - INT64_C(2147483648), kept) / 1024;
        put(out, special >= 0 ? (const void *)&doubles[special] : &value, sizeof value);
    }
}

/* One element of any type but string, as it lies in memory, with so many bits kept of floats; with 0 all. */
static void put_value(atlas_dtype dtype, uint64_t seed, uint64_t k, int kept, void *out) {
    uint32_t h = hash(seed, k);
    uint64_t wide = (uint64_t)hash(seed, 2 * k) << 32 | hash(seed, 2 * k + 1);
    bool odd = h % 2 == 1;
    uint8_t byte = (uint8_t)h;
    uint16_t two = (uint16_t)h;
    switch (dtype) {
    case ATLAS_DTYPE_BOOL: put(out, &odd, 1); break;
    case ATLAS_DTYPE_I8:
    case ATLAS_DTYPE_U8: put(out, &byte, 1); break;
    case ATLAS_DTYPE_I16:
    case ATLAS_DTYPE_U16: put(out, &two, 2); break;
    case ATLAS_DTYPE_I32:
    case ATLAS_DTYPE_U32: put(out, &h, 4); break;
    case ATLAS_DTYPE_I64:
    case ATLAS_DTYPE_U64:
    case ATLAS_DTYPE_TIMESTAMP_NS: put(out, &wide, 8); break;
    case ATLAS_DTYPE_C64:
    case ATLAS_DTYPE_C128: {
        atlas_dtype part = dtype == ATLAS_DTYPE_C64 ? ATLAS_DTYPE_F32 : ATLAS_DTYPE_F64;
        put_real(part, seed, 2 * k, kept, out);
        put_real(part, seed, 2 * k + 1, kept, (char *)out + atlas_dtype_size(part));
        break;
    }
    default: put_real(dtype, seed, k, kept, out);
    }
}

enum { LONGEST_TEXT = 64 };

static void put_text(uint64_t seed, uint64_t k, char out[LONGEST_TEXT]) {
    static const char *const words[7] = {"", "x", "sea ice", "S\xc3\xa3o Paulo", "\xe6\xb8\xa9\xe5\xba\xa6",
                                         "0123456789abcdefghijklmnopqrstuvwxyz", "a,b;\"c\"\\d"};
    uint32_t h = hash(seed, k);
    int length = snprintf(out, LONGEST_TEXT, "%s", words[h % 7]);
    if ((h >> 8) % 3 == 0) snprintf(out + length, (size_t)(LONGEST_TEXT - length), "%" PRIu64, k);
}

static bool is_nan(atlas_dtype dtype, const void *element) {
    uint16_t half;
    float single;
    double wide;
    switch (dtype) {
    case ATLAS_DTYPE_F16: memcpy(&half, element, 2); return (half & 0x7fff) > 0x7c00;
    case ATLAS_DTYPE_F32: memcpy(&single, element, 4); return single != single;
    case ATLAS_DTYPE_F64: memcpy(&wide, element, 8); return wide != wide;
    default: return false;
    }
}

static bool same(atlas_dtype dtype, const void *a, const void *b) {
    size_t size = atlas_dtype_size(dtype);
    if (dtype == ATLAS_DTYPE_C64 || dtype == ATLAS_DTYPE_C128) {
        atlas_dtype part = dtype == ATLAS_DTYPE_C64 ? ATLAS_DTYPE_F32 : ATLAS_DTYPE_F64;
        return same(part, a, b) && same(part, (const char *)a + size / 2, (const char *)b + size / 2);
    }
    return memcmp(a, b, size) == 0 || (is_nan(dtype, a) && is_nan(dtype, b));
}

/* count elements of a seed as memory for the C API: packed elements, or pointers to texts for strings. */
typedef struct {
    char *memory;
    const char **texts; /* strings only: into memory */
} elements;

static elements make_elements(atlas_dtype dtype, uint64_t seed, uint64_t count) {
    elements made = {NULL, NULL};
    size_t size = dtype == ATLAS_DTYPE_STRING ? LONGEST_TEXT : atlas_dtype_size(dtype);
    made.memory = need(malloc((size_t)count * size + 1));
    if (dtype == ATLAS_DTYPE_STRING) made.texts = need(malloc(((size_t)count + 1) * sizeof *made.texts));
    for (uint64_t k = 0; k < count; k++) {
        char *element = made.memory + k * size;
        if (dtype == ATLAS_DTYPE_STRING) {
            put_text(seed, k, element);
            made.texts[k] = element;
        } else put_value(dtype, seed, k, 0, element);
    }
    return made;
}

static const void *values_of(const elements *e) { return e->texts ? (const void *)e->texts : e->memory; }

static void free_elements(elements *e) {
    free(e->memory);
    free((void *)e->texts);
}

/* ---- the table ---- */

enum { STATEMENTS = 2000, FIELDS = 13, RANKS = 8 };

/* The fields, in the order of README.md. */
typedef struct {
    char *field[FIELDS];
} statement;
enum { ARRAY_DATASET = 1, ARRAY_NAME, ARRAY_DTYPE, SHAPE, DIMS, CHUNKS, CODEC, FILL, SEED, HOW, START, COUNT };
enum { ATTRIBUTE_DTYPE = 4, ATTRIBUTE_COUNT, ATTRIBUTE_SEED };

static statement table[STATEMENTS];
static size_t table_length;

static bool is(const statement *s, int field, const char *text) { return s->field[field] && strcmp(s->field[field], text) == 0; }

static void read_table(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail("cannot read %s", path);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = need(malloc(size + 1)); /* the table points into it until the end */
    if (fread(text, 1, size, file) != size) fail("cannot read %s", path);
    fclose(file);
    text[size] = 0;
    for (char *line = text, *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL) *next++ = 0;
        if (*line == 0 || *line == '#') continue;
        if (table_length == STATEMENTS) fail("the table has more than %d statements", STATEMENTS);
        statement *s = &table[table_length++];
        int n = 0;
        for (char *field = strtok(line, " "); field != NULL; field = strtok(NULL, " ")) {
            if (n == FIELDS) fail("a statement with more than %d fields: %s", FIELDS, s->field[0]);
            s->field[n++] = field;
        }
    }
}

static uint64_t number(const char *text) {
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text == 0 || *end != 0) fail("'%s' is not a number", text);
    return value;
}

/* A list of numbers, up to the end or a '/'; returns how many. */
static size_t numbers(const char *text, uint64_t out[RANKS]) {
    size_t n = 0;
    if (strcmp(text, "scalar") == 0) return 0;
    for (;; text++) {
        char *end;
        if (n == RANKS) fail("a list of more than %d numbers", RANKS);
        out[n++] = strtoull(text, &end, 10);
        if (end == text || (*end != 0 && *end != ',' && *end != '/')) fail("'%s' is not a list of numbers", text);
        text = end;
        if (*text != ',') return n;
    }
}

static atlas_dtype dtype_of(const char *name) {
    for (atlas_dtype dtype = ATLAS_DTYPE_BOOL; dtype <= ATLAS_DTYPE_STRING; dtype++)
        if (strcmp(atlas_dtype_name(dtype), name) == 0) return dtype;
    fail("'%s' is not a dtype", name);
    return 0;
}

/* The first of a list that says how chunks are encoded. */
static int32_t codec_of(const char *list) {
    return strncmp(list, "zstd", 4) == 0 ? ATLAS_CODEC_ZSTD : strncmp(list, "lz4", 3) == 0 ? ATLAS_CODEC_LZ4 : ATLAS_CODEC_NONE;
}

static int32_t filter_of(const char *list) { return strstr(list, ",delta") ? ATLAS_FILTER_DELTA : ATLAS_FILTER_NONE; }

/* The bits that are kept of floats; 0 for all. */
static int32_t kept_of(const char *list) {
    const char *bits = strstr(list, ",bits=");
    return bits ? (int32_t)number(bits + strlen(",bits=")) : 0;
}

/* An array statement, decoded. */
typedef struct {
    const char *dataset, *name, *how;
    atlas_dtype dtype;
    size_t rank;
    uint64_t shape[RANKS], chunks[RANKS], pieces[RANKS], start[RANKS], count[RANKS];
    bool has_chunks, has_pieces, has_fill;
    int32_t codec, filter, kept;
    uint64_t seed, fill, cells;
    char *dims[RANKS], names[256]; /* of the library's own where dims[0] is NULL; otherwise they point into names */
} array;

static void decode(const statement *s, array *out) {
    array a;
    memset(&a, 0, sizeof a);
    a.dataset = s->field[ARRAY_DATASET];
    a.name = s->field[ARRAY_NAME];
    a.how = s->field[HOW];
    a.dtype = dtype_of(s->field[ARRAY_DTYPE]);
    a.rank = numbers(s->field[SHAPE], a.shape);
    a.has_chunks = !is(s, CHUNKS, "-");
    if (a.has_chunks) numbers(s->field[CHUNKS], a.chunks);
    const char *pieces = strchr(s->field[CHUNKS], '/');
    a.has_pieces = pieces != NULL;
    if (a.has_pieces) numbers(pieces + 1, a.pieces);
    a.codec = codec_of(s->field[CODEC]);
    a.filter = filter_of(s->field[CODEC]);
    a.kept = kept_of(s->field[CODEC]);
    a.has_fill = !is(s, FILL, "-");
    if (a.has_fill) a.fill = number(s->field[FILL]);
    a.seed = number(s->field[SEED]);
    if (!is(s, START, "-")) numbers(s->field[START], a.start);
    if (!is(s, COUNT, "-")) numbers(s->field[COUNT], a.count);
    a.cells = 1;
    for (size_t d = 0; d < a.rank; d++) a.cells *= a.shape[d];
    *out = a;
    if (!is(s, DIMS, "-")) {
        size_t d = 0;
        snprintf(out->names, sizeof out->names, "%s", s->field[DIMS]);
        for (char *name = strtok(out->names, ","); name != NULL && d < RANKS; name = strtok(NULL, ",")) out->dims[d++] = name;
    }
}

/* ---- writing ---- */

/* Selections of NULL mean the whole array. */
static void write_elements(atlas_store store, const array *a, const uint64_t *start, const uint64_t *count, const int64_t *strides,
                           const elements *e, uint64_t first) {
    if (a->dtype == ATLAS_DTYPE_STRING) OK(atlas_write_strings(store, a->dataset, a->name, a->rank, start, count, e->texts + first));
    else
        OK(atlas_write_array(store, a->dataset, a->name, a->dtype, a->rank, start, count, strides,
                             e->memory + first * atlas_dtype_size(a->dtype)));
}

static void write_whole(atlas_store store, const array *a, uint64_t seed) {
    elements e = make_elements(a->dtype, seed, a->cells);
    write_elements(store, a, NULL, NULL, NULL, &e, 0);
    free_elements(&e);
}

static void write_rows(atlas_store store, const array *a) {
    elements e = make_elements(a->dtype, a->seed, a->cells);
    uint64_t start[RANKS] = {0}, count[RANKS];
    memcpy(count, a->shape, sizeof count);
    count[0] = 1;
    for (uint64_t row = a->shape[0]; row-- > 0;) {
        start[0] = row;
        write_elements(store, a, start, count, NULL, &e, row * (a->cells / a->shape[0]));
    }
    free_elements(&e);
}

static void append_rows(atlas_store store, const array *a) {
    elements e = make_elements(a->dtype, a->seed, a->cells);
    uint64_t count[RANKS], row_cells = a->cells / a->shape[0];
    memcpy(count, a->shape, sizeof count);
    for (uint64_t row = 0; row < a->shape[0]; row += count[0]) {
        count[0] = a->count[0] < a->shape[0] - row ? a->count[0] : a->shape[0] - row;
        uint64_t first = row * row_cells;
        if (a->dtype == ATLAS_DTYPE_STRING) OK(atlas_append_strings(store, a->dataset, a->name, a->rank, count, e.texts + first));
        else
            OK(atlas_append_array(store, a->dataset, a->name, a->dtype, a->rank, count, NULL,
                                  e.memory + first * atlas_dtype_size(a->dtype)));
    }
    free_elements(&e);
}

/* The index of linear index k in the shape. */
static void index_of(const array *a, uint64_t k, uint64_t index[RANKS]) {
    for (size_t d = a->rank; d-- > 0; k /= a->shape[d]) index[d] = k % a->shape[d];
}

static bool in_box(const array *a, const uint64_t index[RANKS]) {
    for (size_t d = 0; d < a->rank; d++)
        if (index[d] < a->start[d] || index[d] - a->start[d] >= a->count[d]) return false;
    return true;
}

static void write_box(atlas_store store, const array *a) {
    elements all = make_elements(a->dtype, a->seed, a->cells), box = make_elements(a->dtype, 0, a->cells);
    size_t size = atlas_dtype_size(a->dtype);
    uint64_t index[RANKS], n = 0;
    for (uint64_t k = 0; k < a->cells; k++) {
        index_of(a, k, index);
        if (!in_box(a, index)) continue;
        if (a->dtype == ATLAS_DTYPE_STRING) box.texts[n++] = all.texts[k];
        else memcpy(box.memory + n++ * size, all.memory + k * size, size);
    }
    write_elements(store, a, a->start, a->count, NULL, &box, 0);
    free_elements(&all);
    free_elements(&box);
}

static void write_strided(atlas_store store, const array *a) {
    elements all = make_elements(a->dtype, a->seed, a->cells), halo;
    size_t size = atlas_dtype_size(a->dtype);
    int64_t strides[RANKS];
    uint64_t index[RANKS], cells = 1, first = 0;
    for (size_t d = a->rank; d-- > 0; cells *= a->shape[d] + 2) {
        strides[d] = (int64_t)cells;
        first += cells;
    }
    halo = make_elements(a->dtype, a->seed + 7, cells); /* whatever is in the halo must not get into the store */
    for (uint64_t k = 0; k < a->cells; k++) {
        uint64_t at = first;
        index_of(a, k, index);
        for (size_t d = 0; d < a->rank; d++) at += index[d] * (uint64_t)strides[d];
        memcpy(halo.memory + at * size, all.memory + k * size, size);
    }
    write_elements(store, a, NULL, NULL, strides, &halo, first);
    free_elements(&all);
    free_elements(&halo);
}

static void define(atlas_store store, const array *a) {
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    if (a->has_chunks) options.chunk_shape = a->chunks;
    options.codec = a->codec;
    options.filter = a->filter;
    options.keep_bits = a->kept;
    elements fill = make_elements(a->dtype, a->fill, 1);
    if (a->has_fill) options.fill_value = fill.memory; /* a string's memory is its text */
    uint64_t shape[RANKS];
    memcpy(shape, a->shape, sizeof shape);
    if (strcmp(a->how, "append") == 0) shape[0] = 0;
    OK(atlas_define_array(store, a->dataset, a->name, a->dtype, a->rank, a->dims[0] ? (const char *const *)a->dims : NULL, shape,
                          &options));
    free_elements(&fill);
}

static void write_array(atlas_store store, const array *a) {
    define(store, a);
    if (strcmp(a->how, "whole") == 0 || strcmp(a->how, "gone") == 0) write_whole(store, a, a->seed);
    else if (strcmp(a->how, "twice") == 0) write_whole(store, a, a->seed + 1);
    else if (strcmp(a->how, "rows") == 0) write_rows(store, a);
    else if (strcmp(a->how, "append") == 0) append_rows(store, a);
    else if (strcmp(a->how, "box") == 0) write_box(store, a);
    else if (strcmp(a->how, "strided") == 0) write_strided(store, a);
    else if (strcmp(a->how, "never") != 0) fail("array %s: unknown way to write it, '%s'", a->name, a->how);
}

static const char *array_or_null(const statement *s) { return is(s, 2, "-") ? NULL : s->field[2]; }

static void set_attribute(atlas_store store, const statement *s) {
    atlas_dtype dtype = dtype_of(s->field[ATTRIBUTE_DTYPE]);
    uint64_t count = number(s->field[ATTRIBUTE_COUNT]);
    elements e = make_elements(dtype, number(s->field[ATTRIBUTE_SEED]), count);
    OK(atlas_set_attribute(store, s->field[1], array_or_null(s), s->field[3], dtype, (size_t)count, values_of(&e)));
    free_elements(&e);
}

/* s[0] is the store's statement, the others up to s[n] follow it. */
static void write_store(const char *folder, const statement *s, size_t n) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.atlas", folder, s->field[1]);
    atlas_create_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.meta_format = strncmp(s->field[2], "json", 4) == 0 ? ATLAS_META_FORMAT_JSON : ATLAS_META_FORMAT_MSGPACK;
    options.meta_compression = strstr(s->field[2], ".zst") ? ATLAS_COMPRESSION_ZSTD : ATLAS_COMPRESSION_NONE;
    atlas_store store;
    OK(atlas_create(path, &options, &store));
    for (size_t i = 1; i < n; i++) {
        if (is(&s[i], 0, "dataset") || is(&s[i], 0, "gone")) OK(atlas_create_dataset(store, s[i].field[1]));
        if (is(&s[i], 0, "gone")) {
            array v;
            memset(&v, 0, sizeof v);
            v.dataset = s[i].field[1];
            v.name = "v";
            v.how = "whole";
            v.dtype = ATLAS_DTYPE_I32;
            v.rank = 1;
            v.shape[0] = v.cells = 10;
            v.seed = 1;
            write_array(store, &v);
        }
    }
    for (size_t i = 1; i < n; i++) {
        if (is(&s[i], 0, "array")) {
            array a;
            decode(&s[i], &a);
            write_array(store, &a);
        }
        if (is(&s[i], 0, "attribute")) set_attribute(store, &s[i]);
    }
    OK(atlas_flush(store));
    for (size_t i = 1; i < n; i++) {
        if (is(&s[i], 0, "gone")) OK(atlas_delete_dataset(store, s[i].field[1]));
        if (is(&s[i], 0, "array") && is(&s[i], HOW, "gone")) OK(atlas_delete_array(store, s[i].field[1], s[i].field[2]));
        if (is(&s[i], 0, "array") && is(&s[i], HOW, "twice")) {
            array a;
            decode(&s[i], &a);
            write_whole(store, &a, a.seed);
        }
    }
    OK(atlas_flush(store));
    if (is(s, 3, "compact")) OK(atlas_compact(store));
    OK(atlas_close(store));
}

/* ---- checking ---- */

/* Fills a buffer by asking twice. */
#define LIST(function, ...)                                                                                              \
    do {                                                                                                                 \
        size_t needed_ = 0;                                                                                              \
        (void)function(__VA_ARGS__, NULL, 0, &needed_);                                                                  \
        list = need(malloc(needed_ + 1));                                                                                \
        OK(function(__VA_ARGS__, list, needed_, &needed_));                                                              \
        list_size = needed_;                                                                                             \
    } while (0)

/* The names, each with its NUL, one after the other, are those expected, in this order. Frees the list. */
static void check_names(const char *what, const char *where, char *list, size_t list_size, const char *const *expected, size_t n) {
    size_t i = 0;
    for (const char *name = list; name < list + list_size; name += strlen(name) + 1, i++) {
        EXPECT(i < n, "%s: one %s too many: '%s'", where, what, name);
        EXPECT(strcmp(name, expected[i]) == 0, "%s: %s %zu is '%s', expected '%s'", where, what, i, name, expected[i]);
    }
    EXPECT(i == n, "%s: %zu %s names, expected %zu", where, i, what, n);
    free(list);
}

/* What `field` of the statements of a kind says, of those whose field 1 (and 2, where given) is as given. */
static size_t collect(const statement *s, size_t n, const char *kind, const char *dataset, const char *of, int field, const char **out) {
    size_t found = 0;
    for (size_t i = 1; i < n; i++)
        if (is(&s[i], 0, kind) && (dataset == NULL || is(&s[i], 1, dataset)) && (of == NULL || is(&s[i], 2, of)) &&
            !(strcmp(kind, "array") == 0 && is(&s[i], HOW, "gone")))
            out[found++] = s[i].field[field];
    return found;
}

static bool is_written(const array *a, uint64_t k) {
    if (strcmp(a->how, "never") == 0) return false;
    if (strcmp(a->how, "box") != 0) return true;
    uint64_t index[RANKS];
    index_of(a, k, index);
    return in_box(a, index);
}

static void check_texts(atlas_store store, const array *a, const char *where) {
    char *list, text[LONGEST_TEXT], fill[LONGEST_TEXT] = "";
    size_t list_size;
    LIST(atlas_read_strings, store, a->dataset, a->name, a->rank, NULL, NULL);
    if (a->has_fill) put_text(a->fill, 0, fill);
    const char *found = list;
    for (uint64_t k = 0; k < a->cells; k++, found += strlen(found) + 1) {
        EXPECT(found < list + list_size, "%s: only %" PRIu64 " texts, expected %" PRIu64, where, k, a->cells);
        if (is_written(a, k)) put_text(a->seed, k, text);
        else strcpy(text, fill);
        EXPECT(strcmp(found, text) == 0, "%s: element %" PRIu64 " is '%s', expected '%s'", where, k, found, text);
        compared++;
    }
    EXPECT(found == list + list_size, "%s: more than %" PRIu64 " texts", where, a->cells);
    free(list);
}

static void print_bytes(const char *what, const unsigned char *bytes, size_t size) {
    fprintf(stderr, "%s", what);
    while (size-- > 0) fprintf(stderr, "%02x", bytes[size]);
}

static void check_elements(atlas_store store, const array *a, const char *where) {
    size_t size = atlas_dtype_size(a->dtype);
    char *found = need(malloc((size_t)a->cells * size + 1));
    OK(atlas_read_array(store, a->dataset, a->name, a->dtype, a->rank, NULL, NULL, NULL, found));
    for (uint64_t k = 0; k < a->cells; k++) {
        unsigned char expected[16] = {0};
        if (is_written(a, k)) put_value(a->dtype, a->seed, k, a->kept, expected);
        else if (a->has_fill) put_value(a->dtype, a->fill, 0, 0, expected);
        if (!same(a->dtype, found + k * size, expected)) {
            print_bytes("found 0x", (const unsigned char *)found + k * size, size);
            print_bytes(", expected 0x", expected, size);
            fail(": %s: element %" PRIu64, where, k);
        }
        compared++;
    }
    free(found);
}

static void check_array(atlas_store store, const array *a, const char *where) {
    atlas_array_description info;
    info.struct_size = sizeof info;
    OK(atlas_array_info(store, a->dataset, a->name, &info));
    EXPECT(info.dtype == a->dtype, "%s: dtype %s", where, atlas_dtype_name(info.dtype));
    EXPECT(info.rank == a->rank, "%s: rank %zu, expected %zu", where, info.rank, a->rank);
    char *list, fill[16] = {0};
    size_t list_size;
    LIST(atlas_array_dims, store, a->dataset, a->name);
    const char *dim = list;
    for (size_t d = 0; d < a->rank; d++, dim += strlen(dim) + 1) {
        char own[32];
        snprintf(own, sizeof own, "dim_%zu", d);
        EXPECT(info.shape[d] == a->shape[d], "%s: extent %zu is %" PRIu64 ", expected %" PRIu64, where, d, info.shape[d], a->shape[d]);
        EXPECT(!a->has_chunks || info.chunk_shape[d] == a->chunks[d], "%s: chunk extent %zu is %" PRIu64, where, d, info.chunk_shape[d]);
        EXPECT(!a->has_pieces || info.piece_shape[d] == a->pieces[d], "%s: piece extent %zu is %" PRIu64, where, d, info.piece_shape[d]);
        EXPECT(dim < list + list_size && strcmp(dim, a->dims[0] ? a->dims[d] : own) == 0, "%s: dimension %zu is '%s'", where, d, dim);
    }
    EXPECT(dim == list + list_size, "%s: more than %zu dimension names", where, a->rank);
    free(list);
    EXPECT(info.codec == a->codec, "%s: codec %d, expected %d", where, (int)info.codec, (int)a->codec);
    EXPECT(info.filter == a->filter, "%s: filter %d, expected %d", where, (int)info.filter, (int)a->filter);
    EXPECT(info.keep_bits == a->kept, "%s: %d bits kept, expected %d", where, (int)info.keep_bits, (int)a->kept);
    EXPECT(info.has_fill_value == a->has_fill, "%s: has_fill_value is %d", where, (int)info.has_fill_value);
    if (a->dtype == ATLAS_DTYPE_STRING) {
        char text[LONGEST_TEXT] = "";
        if (a->has_fill) {
            put_text(a->fill, 0, text);
            LIST(atlas_array_fill_text, store, a->dataset, a->name);
            EXPECT(strcmp(list, text) == 0, "%s: the fill value is '%s', expected '%s'", where, list, text);
            free(list);
        }
        check_texts(store, a, where);
    } else {
        if (a->has_fill) put_value(a->dtype, a->fill, 0, 0, fill);
        EXPECT(same(a->dtype, info.fill_value, fill), "%s: another fill value than expected", where);
        check_elements(store, a, where);
    }
}

static void check_attribute(atlas_store store, const statement *s, const char *where) {
    const char *of = array_or_null(s), *key = s->field[3];
    atlas_dtype dtype = dtype_of(s->field[ATTRIBUTE_DTYPE]), found_dtype;
    uint64_t count = number(s->field[ATTRIBUTE_COUNT]), seed = number(s->field[ATTRIBUTE_SEED]);
    size_t found, size = atlas_dtype_size(dtype);
    OK(atlas_attribute_info(store, s->field[1], of, key, &found_dtype, &found));
    EXPECT(found_dtype == dtype && found == count, "%s: %zu of %s", where, found, atlas_dtype_name(found_dtype));
    elements e = make_elements(dtype, seed, count);
    if (dtype == ATLAS_DTYPE_STRING) {
        char *list;
        size_t list_size, k = 0;
        LIST(atlas_get_attribute_strings, store, s->field[1], of, key);
        for (const char *text = list; text < list + list_size; text += strlen(text) + 1, k++)
            EXPECT(k < count && strcmp(text, e.texts[k]) == 0, "%s: element %zu is '%s'", where, k, text);
        EXPECT(k == count, "%s: %zu texts", where, k);
        free(list);
    } else {
        char *memory = need(malloc((size_t)count * size + 1));
        OK(atlas_get_attribute(store, s->field[1], of, key, dtype, (size_t)count, memory, &found));
        for (uint64_t k = 0; k < count; k++)
            EXPECT(same(dtype, memory + k * size, e.memory + k * size), "%s: element %" PRIu64 " is another", where, k);
        free(memory);
    }
    compared += count;
    free_elements(&e);
}

static void check_store(const char *folder, const statement *s, size_t n) {
    char path[4096], where[2048], *list;
    const char *expected[STATEMENTS];
    size_t list_size, count;
    atlas_store store;
    snprintf(path, sizeof path, "%s/%s.atlas", folder, s->field[1]);
    OK(atlas_open(path, ATLAS_MODE_READ, NULL, &store));
    LIST(atlas_dataset_names, store);
    check_names("dataset", s->field[1], list, list_size, expected, collect(s, n, "dataset", NULL, NULL, 1, expected));
    for (size_t i = 1; i < n; i++) {
        const char *dataset = s[i].field[1], *name = s[i].field[2];
        if (is(&s[i], 0, "dataset")) {
            snprintf(where, sizeof where, "%s: dataset '%s'", s->field[1], dataset);
            LIST(atlas_array_names, store, dataset);
            check_names("array", where, list, list_size, expected, collect(s, n, "array", dataset, NULL, 2, expected));
            LIST(atlas_attribute_names, store, dataset, NULL);
            count = collect(s, n, "attribute", dataset, "-", 3, expected);
            check_names("attribute", where, list, list_size, expected, count);
        } else if (is(&s[i], 0, "array") && !is(&s[i], HOW, "gone")) {
            snprintf(where, sizeof where, "%s: dataset '%s': array '%s'", s->field[1], dataset, name);
            array a;
            decode(&s[i], &a);
            check_array(store, &a, where);
            LIST(atlas_attribute_names, store, dataset, name);
            count = collect(s, n, "attribute", dataset, name, 3, expected);
            check_names("attribute", where, list, list_size, expected, count);
        } else if (is(&s[i], 0, "attribute")) {
            snprintf(where, sizeof where, "%s: dataset '%s': array %s: attribute '%s'", s->field[1], dataset, name, s[i].field[3]);
            check_attribute(store, &s[i], where);
        }
    }
    OK(atlas_close(store));
}

int main(int argc, char **argv) {
    bool writes = argc == 4 && strcmp(argv[1], "write") == 0;
    if (!writes && (argc != 4 || strcmp(argv[1], "check") != 0)) fail("usage: conform write|check TABLE FOLDER");
    read_table(argv[2]);
    for (size_t i = 0, n; i < table_length; i += n) {
        if (!is(&table[i], 0, "store")) fail("the table does not begin with a store");
        for (n = 1; i + n < table_length && !is(&table[i + n], 0, "store"); n++) {}
        if (writes) write_store(argv[3], &table[i], n);
        else check_store(argv[3], &table[i], n);
    }
    if (!writes) printf("compared %" PRIu64 " values\n", compared);
    return 0;
}
