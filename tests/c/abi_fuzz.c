/* Random sequences of calls over all functions of atlas.h, on one thread and on several with the same handles. Each
 * pointer is NULL or to memory of just the size that the contract asks for, on the heap, so that the address sanitizer
 * sees a byte too many. Handles are live, closed, zero or made up; all numbers and texts may be anything.
 *
 * Usage: abi_fuzz SECONDS [SEED]   runs sequences for that long, or the one of SEED alone, saying each call.
 *
 * Of each call: the status is a known one and not ATLAS_STATUS_INTERNAL; a failure has a text of one line in UTF-8;
 * success leaves the text as it was; on one thread a failure leaves all that can be seen as it was. Of each sequence:
 * it ends, and its stores verify clean. */
#include <atlas.h>

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HANDLES = 6, WORKERS = 3, KEPT = 6, STORES = 2, THREADS = 3, CALLS = 700, TEXT = 320, LIMIT_SECONDS = 120 };

/* ---- choices ---- */

typedef struct {
    uint64_t state;
    bool threaded, begun;   /* begun: a flush in the background, which changes what can be seen at any time */
    bool loose;             /* of the call: its bytes are damaged, or it is of a worker whose session may be over */
    void *blocks[4096];     /* to be freed after the call */
    size_t block_count;
    char *said;             /* atlas_last_error before the call */
} chooser;

static uint64_t next(chooser *c) {
    c->state ^= c->state << 13;
    c->state ^= c->state >> 7;
    c->state ^= c->state << 17;
    return c->state * UINT64_C(0x2545f4914f6cdd1d);
}
static size_t below(chooser *c, size_t n) { return (size_t)((next(c) >> 20) % n); }
static bool one_in(chooser *c, size_t n) { return below(c, n) == 0; }

/* ---- failing ---- */

static uint64_t running_seed;
static bool verbose;
static char folder[512];
static uint64_t calls_made, calls_failed, sequences;
static uint64_t by_status[64];
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

static void say_seed(void) {
    char text[128];
    int length = snprintf(text, sizeof text, "\nabi_fuzz: seed %" PRIu64 "; again with: abi_fuzz 0 %" PRIu64 "\n",
                          running_seed, running_seed);
    if (write(2, text, (size_t)length) < 0) _exit(3);
}
static void on_signal(int number) {
    say_seed();
    signal(number, SIG_DFL);
    raise(number);
}
static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nlast error: %s", atlas_last_error());
    say_seed();
    _exit(1);
}

/* ---- memory that lives for one call ---- */

static void *block(chooser *c, size_t bytes) {
    void *made = malloc(bytes ? bytes : 1);
    if (!made || c->block_count == sizeof c->blocks / sizeof *c->blocks) fail("abi_fuzz ran out of memory");
    c->blocks[c->block_count++] = made;
    return made;
}
static void *copy(chooser *c, const void *bytes, size_t length) {
    void *made = block(c, length);
    memcpy(made, bytes, length);
    return made;
}
static char *text_of(chooser *c, const char *text) { return text ? copy(c, text, strlen(text) + 1) : NULL; }
static void *random_bytes(chooser *c, size_t length) {
    unsigned char *made = block(c, length);
    unsigned most = one_in(c, 2) ? 2 : 256;    /* bools are 0 or 1 */
    for (size_t i = 0; i < length; i++) made[i] = (unsigned char)below(c, most);
    return made;
}
static void release(chooser *c) {
    while (c->block_count) free(c->blocks[--c->block_count]);
}

/* ---- arguments ---- */

static atlas_store handles[HANDLES], gone[HANDLES], workers[WORKERS];
static pthread_mutex_t handles_lock = PTHREAD_MUTEX_INITIALIZER;

static atlas_store a_worker(chooser *c) {
    pthread_mutex_lock(&handles_lock);
    atlas_store worker = workers[below(c, WORKERS)];
    pthread_mutex_unlock(&handles_lock);
    c->loose = c->loose || worker;
    return worker;
}
static atlas_store a_handle(chooser *c) {
    if (one_in(c, 8)) {
        atlas_store worker = a_worker(c);
        if (worker) return worker;
    }
    pthread_mutex_lock(&handles_lock);
    atlas_store live = handles[below(c, HANDLES)];
    for (size_t i = 0; i < HANDLES && !live; i++) live = handles[i];
    atlas_store dead = gone[below(c, HANDLES)];
    pthread_mutex_unlock(&handles_lock);
    switch (below(c, 24)) {
    case 0: return below(c, 3) ? live : 0;
    case 1: return below(c, 3) ? live : dead;
    case 2: return below(c, 3) ? live : next(c);
    case 3: return below(c, 3) ? live : live ^ (UINT64_C(1) << below(c, 64));
    default: return live;
    }
}
static void keep_handle(chooser *c, atlas_store made) {
    pthread_mutex_lock(&handles_lock);
    size_t at = below(c, HANDLES);
    atlas_store old = handles[at];
    handles[at] = made;
    if (old) gone[at] = old;
    pthread_mutex_unlock(&handles_lock);
    if (old) atlas_discard(old);
}
static void keep_worker(chooser *c, atlas_store made) {
    pthread_mutex_lock(&handles_lock);
    size_t at = below(c, WORKERS);
    atlas_store old = workers[at];
    workers[at] = made;
    pthread_mutex_unlock(&handles_lock);
    if (old) atlas_discard(old);
}

/* The last tickets and exports. */
static struct {
    unsigned char *bytes;
    size_t length;
} tickets[KEPT], exports[KEPT];

static void keep_bytes(chooser *c, bool ticket, const void *bytes, size_t length) {
    unsigned char *made = malloc(length ? length : 1);
    if (!made) fail("abi_fuzz ran out of memory");
    memcpy(made, bytes, length);
    pthread_mutex_lock(&handles_lock);
    size_t at = below(c, KEPT);
    unsigned char *old = ticket ? tickets[at].bytes : exports[at].bytes;
    if (ticket) tickets[at].bytes = made, tickets[at].length = length;
    else exports[at].bytes = made, exports[at].length = length;
    pthread_mutex_unlock(&handles_lock);
    free(old);
}
/* One of them; seldom damaged, cut, the other kind, none at all, or NULL. */
static void *some_bytes(chooser *c, bool ticket, size_t *length) {
    if (one_in(c, 40)) ticket = !ticket;
    pthread_mutex_lock(&handles_lock);
    size_t at = below(c, KEPT);
    unsigned char *made = NULL;
    *length = ticket ? tickets[at].length : exports[at].length;
    if (*length) made = copy(c, ticket ? tickets[at].bytes : exports[at].bytes, *length);
    pthread_mutex_unlock(&handles_lock);
    if (!made || one_in(c, 40)) {
        *length = below(c, 40);
        return one_in(c, 2) ? NULL : random_bytes(c, *length);
    }
    if (one_in(c, 12)) c->loose = true, made[below(c, *length)] ^= (unsigned char)(1 << below(c, 8));
    if (one_in(c, 20)) c->loose = true, *length = below(c, *length + 1), made = copy(c, made, *length);
    return made;
}

static const char *a_name(chooser *c) {
    static const char *const usual[] = {"a", "b", "c"};
    static const char *const odd[] = {"", "\xff", "a\nb", "..", "/", "a/b", "\xc3\xa9", "atlas.json", ".", "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80", "%41", "A", "\x7f", "a b"};
    char longer[TEXT];
    switch (below(c, 48)) {
    case 0: return NULL;
    case 1: case 2: return text_of(c, odd[below(c, sizeof odd / sizeof *odd)]);
    case 3:
        memset(longer, 'n', sizeof longer);
        longer[250 + below(c, 10)] = 0;
        return text_of(c, longer);
    default: return text_of(c, usual[below(c, 3)]);
    }
}
static const char *a_path(chooser *c) {
    char path[TEXT + sizeof folder];
    if (one_in(c, 30)) return NULL;
    if (one_in(c, 30)) return text_of(c, "");
    if (one_in(c, 30)) return text_of(c, "\xff");
    snprintf(path, sizeof path, "%s/%s%zu", folder, one_in(c, 30) ? "none/" : "s", below(c, STORES));
    return text_of(c, path);
}
static int32_t an_enum(chooser *c, int32_t low, int32_t high) {
    static const int32_t odd[] = {-1, INT32_MIN, INT32_MAX, 99};
    if (one_in(c, 16)) return odd[below(c, 4)];
    return low + (int32_t)below(c, (size_t)(high - low + 2));
}
static size_t a_rank(chooser *c) {
    static const size_t odd[] = {3, 4, 32, 33, 64};
    return one_in(c, 10) ? odd[below(c, 5)] : below(c, 3);
}
static uint64_t a_number(chooser *c) {
    static const uint64_t odd[] = {UINT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 62, UINT64_C(1) << 48, UINT64_MAX - 1};
    return one_in(c, 25) ? odd[below(c, 5)] : below(c, 6);
}
static uint64_t *numbers(chooser *c, size_t rank) {
    uint64_t *made = block(c, rank * sizeof *made);
    for (size_t d = 0; d < rank; d++) made[d] = a_number(c);
    return made;
}
static uint64_t *numbers_or_null(chooser *c, size_t rank) { return one_in(c, 6) ? NULL : numbers(c, rank); }

/* Memory for `count` elements, `strides` apart, and only for them; NULL where that would be very much. */
static void *memory(chooser *c, size_t size, size_t rank, const uint64_t *count, const int64_t *strides, bool fill) {
    int64_t low = 0, high = 0;
    int64_t cells = 1;
    if (size == 0) size = 1;
    for (size_t d = 0; d < rank; d++) {
        if (count[d] > 64 || cells > 4096) return NULL;
        cells *= (int64_t)count[d];
    }
    for (size_t d = 0; d < rank && strides && cells; d++) {
        if (strides[d] > 64 || strides[d] < -64) return NULL;
        int64_t span = ((int64_t)count[d] - 1) * strides[d];
        if (span < 0) low += span; else high += span;
    }
    if (!strides) high = cells - 1;
    size_t elements = cells ? (size_t)(high - low + 1) : 0, odd = one_in(c, 3);    /* alignment is no matter */
    char *bytes = block(c, elements * size + odd);
    if (fill && elements) memcpy(bytes + odd, random_bytes(c, elements * size), elements * size);
    if (one_in(c, 40)) return NULL;
    return bytes + odd - low * (int64_t)size;
}
static int64_t *some_strides(chooser *c, size_t rank, const uint64_t *count) {
    if (one_in(c, 2)) return NULL;
    int64_t *made = block(c, rank * sizeof *made), step = 1;
    bool forward = one_in(c, 2);
    for (size_t i = 0; i < rank; i++) {
        size_t d = forward ? i : rank - 1 - i;
        made[d] = one_in(c, 6) ? -step : step;
        if (one_in(c, 12)) made[d] = (int64_t)below(c, 9) - 4;
        if (one_in(c, 60)) made[d] = (int64_t)next(c);
        step *= count[d] > 8 || step > 4096 ? 1 : (int64_t)count[d] + (int64_t)one_in(c, 4);
    }
    return made;
}
static size_t size_of(int32_t dtype) { return dtype >= 1 && dtype <= 15 ? atlas_dtype_size(dtype) : 1; }

static const char *const *strings(chooser *c, size_t n) {
    const char **made = block(c, n * sizeof *made);
    for (size_t i = 0; i < n; i++) {
        static const char *const some[] = {"", "x", "\xce\xa9mega", "text text text text text", "\xff"};
        made[i] = one_in(c, 200) ? NULL : text_of(c, some[below(c, one_in(c, 20) ? 5 : 4)]);
    }
    return made;
}
/* An out-pointer, or NULL. */
static void *out_of(chooser *c, size_t bytes) { return one_in(c, 30) ? NULL : random_bytes(c, bytes); }

/* ---- callbacks ---- */

static int32_t progress(const char *what, uint64_t done, uint64_t total, void *data) {
    if (!what || done > total) fail("progress: %" PRIu64 " of %" PRIu64, done, total);
    return data ? 0 : 1;
}
static void logged(int32_t level, const char *message, void *data) {
    (void)data;
    if (!message || level < 1 || level > 2) fail("log: level %" PRId32, level);
}
static void damaged(const char *file, uint64_t offset, const char *message, void *data) {
    const chooser *c = data;
    if (c && c->loose) return;
    fail("damage in %s at %" PRIu64 ": %s", file, offset, message);
}

/* An options struct of `known` bytes, as some size says it is. */
static void *sized(chooser *c, const void *options, size_t known) {
    static const int more[] = {0, 0, 0, 0, 0, 0, 8, 64, 4, -8, -16};    /* a size ends where a field does */
    size_t size = known + (size_t)(ptrdiff_t)more[below(c, 11)];
    if (one_in(c, 40)) size = below(c, 3) * 8;
    size_t room = size < sizeof(size_t) ? sizeof(size_t) : size;
    unsigned char *made = block(c, room);
    memset(made, 0, room);
    if (room > known) memset(made + known, one_in(c, 4) ? 1 : 0, room - known);
    memcpy(made, options, room < known ? room : known);
    memcpy(made, &size, sizeof size);
    return made;
}

/* ---- what can be seen of all stores ---- */

static uint64_t mix(uint64_t hash, const void *bytes, size_t length) {
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < length; i++) hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}
static uint64_t look_at_array(uint64_t hash, atlas_store store, const char *dataset, const char *array) {
    atlas_array_description info;
    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    atlas_status status = atlas_array_info(store, dataset, array, &info);
    if (status != ATLAS_STATUS_OK) fail("looking at array %s/%s", dataset, array);
    /* Field by field: what lies between them means nothing. */
    hash = mix(mix(hash, &info.dtype, sizeof info.dtype), &info.rank, sizeof info.rank);
    hash = mix(hash, &info.has_fill_value, sizeof info.has_fill_value);
    hash = mix(hash, info.shape, sizeof info - offsetof(atlas_array_description, shape));
    uint64_t cells = 1, count[ATLAS_MAX_RANK], start[ATLAS_MAX_RANK] = {0};
    for (size_t d = 0; d < info.rank; d++) {
        count[d] = info.shape[d] > 6 ? 2 : info.shape[d];
        cells *= count[d];
    }
    if (cells > 4096) return hash;
    if (info.dtype == ATLAS_DTYPE_STRING) {
        char *buffer = calloc(1, 1 << 20);
        size_t needed = 0;
        status = atlas_read_strings(store, dataset, array, info.rank, start, count, buffer, 1 << 20, &needed);
        hash = mix(hash, buffer, needed);
        free(buffer);
    } else {
        void *data = calloc(cells ? cells : 1, 16);
        status = atlas_read_array(store, dataset, array, info.dtype, info.rank, start, count, NULL, data);
        hash = mix(hash, data, (size_t)cells * atlas_dtype_size(info.dtype));
        free(data);
    }
    if (status != ATLAS_STATUS_OK) fail("reading array %s/%s: %s", dataset, array, atlas_status_name(status));
    atlas_stats stats;
    memset(&stats, 0, sizeof stats);
    status = atlas_array_stats(store, dataset, array, &stats);
    hash = mix(hash, &status, sizeof status);
    if (status != ATLAS_STATUS_OK && status != ATLAS_STATUS_NO_STATS) fail("statistics of %s/%s", dataset, array);
    return status == ATLAS_STATUS_OK ? mix(hash, &stats.row_count, 16) : hash;
}
static uint64_t look_at_attributes(uint64_t hash, atlas_store store, const char *dataset, const char *array) {
    char names[8192];
    size_t needed = 0, count = 0;
    if (atlas_attribute_names(store, dataset, array, names, sizeof names, &needed) != ATLAS_STATUS_OK) return hash;
    hash = mix(hash, names, needed);
    for (const char *key = names; key < names + needed; key += strlen(key) + 1) {
        atlas_dtype dtype = 0;
        unsigned char values[4096];
        if (atlas_attribute_info(store, dataset, array, key, &dtype, &count) != ATLAS_STATUS_OK) fail("looking at %s", key);
        hash = mix(mix(hash, &dtype, sizeof dtype), &count, sizeof count);
        atlas_status status = dtype == ATLAS_DTYPE_STRING
            ? atlas_get_attribute_strings(store, dataset, array, key, (char *)values, sizeof values, &count)
            : atlas_get_attribute(store, dataset, array, key, dtype, sizeof values / 16, values, &count);
        if (status != ATLAS_STATUS_OK) fail("reading attribute %s", key);
        hash = mix(hash, values, dtype == ATLAS_DTYPE_STRING ? count : count * atlas_dtype_size(dtype));
    }
    return hash;
}
static uint64_t look(void) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < HANDLES; i++) {
        atlas_store store = handles[i];
        atlas_store_description info;
        char datasets[16384], arrays[16384];
        size_t size = 0, inner = 0;
        memset(&info, 0, sizeof info);
        info.struct_size = sizeof info;
        hash = mix(hash, &store, sizeof store);
        if (!store) continue;
        atlas_status status = atlas_store_info(store, &info);
        if (status != ATLAS_STATUS_OK) fail("looking at a store");
        hash = mix(hash, &info, sizeof info);
        if (atlas_dataset_names(store, datasets, sizeof datasets, &size) != ATLAS_STATUS_OK) continue;
        for (const char *dataset = datasets; dataset < datasets + size; dataset += strlen(dataset) + 1) {
            hash = look_at_attributes(mix(hash, dataset, strlen(dataset)), store, dataset, NULL);
            if (atlas_array_names(store, dataset, arrays, sizeof arrays, &inner) != ATLAS_STATUS_OK) continue;
            for (const char *array = arrays; array < arrays + inner; array += strlen(array) + 1) {
                hash = look_at_attributes(mix(hash, array, strlen(array)), store, dataset, array);
                hash = look_at_array(hash, store, dataset, array);
            }
        }
    }
    return hash;
}

/* ---- calls ---- */

static bool is_utf8_line(const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        size_t more = *s < 0x80 ? 0 : *s >= 0xc2 && *s < 0xe0 ? 1 : *s >= 0xe0 && *s < 0xf0 ? 2 : *s >= 0xf0 && *s < 0xf5 ? 3 : 9;
        if (more == 9 || *s < 0x20 || *s == 0x7f) return false;
        if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) || (*s == 0xf0 && s[1] < 0x90) ||
            (*s == 0xf4 && s[1] > 0x8f)) return false;
        for (s++; more; more--, s++) if ((*s & 0xc0) != 0x80) return false;
    }
    return true;
}

static atlas_status checked(chooser *c, const char *function, atlas_status status) {
    const char *name = atlas_status_name(status);
    if (status < 0 || status > ATLAS_STATUS_INTERNAL || !name || !*name) fail("%s: status %" PRId32, function, status);
    if (status == ATLAS_STATUS_INTERNAL || (status == ATLAS_STATUS_CORRUPT && !c->loose) || status == ATLAS_STATUS_POISONED)
        fail("%s: %s", function, name);
    const char *text = atlas_last_error();
    if (!text || !is_utf8_line(text)) fail("%s: its text is not one line of UTF-8", function);
    if (status != ATLAS_STATUS_OK && !*text) fail("%s: %s without a text", function, name);
    if (status == ATLAS_STATUS_OK && strcmp(text, c->said) != 0) fail("%s: success changed the text", function);
    free(c->said);
    c->said = malloc(strlen(text) + 1);
    strcpy(c->said, text);
    if (verbose) printf("%s: %s%s%s\n", function, name, status ? ": " : "", status ? text : "");
    pthread_mutex_lock(&counting);
    calls_made++;
    calls_failed += status != ATLAS_STATUS_OK;
    by_status[status]++;
    pthread_mutex_unlock(&counting);
    return status;
}

/* Evaluates to the status of a call. */
#define CALL(function, ...) checked(c, #function, function(__VA_ARGS__))

static atlas_status create_or_open(chooser *c, bool create) {
    const char *path = a_path(c);
    bool with_progress = one_in(c, 8);
    atlas_store *out = out_of(c, sizeof *out);
    atlas_status status;
    if (create) {
        atlas_create_options o;
        memset(&o, 0, sizeof o);
        o.meta_format = an_enum(c, 0, 1);
        o.meta_compression = an_enum(c, 0, 1);
        o.codec = an_enum(c, 0, 2);
        o.level = one_in(c, 4) ? an_enum(c, -5, 22) : 0;
        o.sync = one_in(c, 10) ? 0 : ATLAS_SWITCH_OFF;
        /* As many threads as are asked for are started: not millions. */
        o.num_threads = one_in(c, 8) ? (int32_t)below(c, 8) - 3 : ATLAS_THREADS_INLINE + 2 * (int32_t)below(c, 2);
        o.cache_bytes = one_in(c, 2) ? below(c, 100000) : 0;
        o.write_buffer_bytes = one_in(c, 2) ? below(c, 4000) : 0;
        o.pack = an_enum(c, 0, 1);
        o.float_overflow = an_enum(c, 0, 1);
        o.keep_generations = one_in(c, 2) ? (int32_t)below(c, 6) - 2 : 0;
        o.if_exists = an_enum(c, 0, 2);
        o.lock_timeout_ms = one_in(c, 8) ? below(c, 3) : 0;
        if (one_in(c, 2)) o.log = logged;
        if (with_progress) o.progress = progress;
        if (one_in(c, 3)) o.progress_data = &o;
        status = CALL(atlas_create, path, one_in(c, 4) ? NULL : sized(c, &o, sizeof o), out);
    } else {
        atlas_open_options o;
        memset(&o, 0, sizeof o);
        o.sync = ATLAS_SWITCH_OFF;
        o.num_threads = ATLAS_THREADS_INLINE + 2 * (int32_t)below(c, 2);
        o.cache_bytes = one_in(c, 2) ? below(c, 100000) : 0;
        o.write_buffer_bytes = one_in(c, 2) ? below(c, 4000) : 0;
        o.float_overflow = one_in(c, 4) ? an_enum(c, 0, 1) : 0;
        o.lock_timeout_ms = one_in(c, 8) ? below(c, 3) : 0;
        if (one_in(c, 2)) o.log = logged;
        if (with_progress) o.progress = progress;
        if (one_in(c, 8)) o.ticket = some_bytes(c, true, &o.ticket_length);
        const atlas_open_options *options = one_in(c, 4) ? NULL : sized(c, &o, sizeof o);
        int32_t mode = one_in(c, 2) ? ATLAS_MODE_READ_WRITE : an_enum(c, 1, 1);
        if (one_in(c, 6)) status = CALL(atlas_open_at, path, a_number(c), options, out);
        else status = CALL(atlas_open, path, mode, options, out);
    }
    if (status == ATLAS_STATUS_OK) keep_handle(c, *out);
    if (status != ATLAS_STATUS_OK && out && *out != 0) fail("a handle from a call that failed");
    return status;
}
static atlas_status close_or_discard(chooser *c, bool discard) {
    atlas_store store = a_handle(c);
    pthread_mutex_lock(&handles_lock);
    size_t at = 0;
    while (at < HANDLES && handles[at] != store) at++;
    pthread_mutex_unlock(&handles_lock);
    atlas_status status = discard ? CALL(atlas_discard, store) : CALL(atlas_close, store);
    if (status == ATLAS_STATUS_OK && at < HANDLES) {
        pthread_mutex_lock(&handles_lock);
        if (handles[at] == store) handles[at] = 0;
        gone[at] = store;
        pthread_mutex_unlock(&handles_lock);
    }
    return status;
}
static atlas_status define(chooser *c) {
    size_t rank = a_rank(c), names = rank;
    int32_t dtype = an_enum(c, 1, 15);
    atlas_array_options o;
    memset(&o, 0, sizeof o);
    o.codec = an_enum(c, 0, 2);
    o.shuffle = an_enum(c, 0, 1);
    o.filter = an_enum(c, 0, 2);
    o.keep_bits = one_in(c, 4) ? an_enum(c, 0, 60) : 0;
    o.pack = an_enum(c, 0, 1);
    o.unlimited = an_enum(c, 0, 1);
    if (one_in(c, 3)) {
        uint64_t *chunks = numbers(c, rank);
        for (size_t d = 0; d < rank; d++) if (!one_in(c, 10) && chunks[d] == 0) chunks[d] = 3;
        o.chunk_shape = chunks;
    }
    if (one_in(c, 3)) {
        o.fill_value = dtype == ATLAS_DTYPE_STRING ? (const void *)a_name(c) : random_bytes(c, size_of(dtype));
    }
    const char **dims = block(c, names * sizeof *dims);
    /* Names that nobody gave are compared with none; others are, and are refused more often than not. */
    for (size_t d = 0; d < names; d++) {
        char own[32];
        snprintf(own, sizeof own, "dim_%zu", d);
        dims[d] = one_in(c, 20) ? a_name(c) : text_of(c, one_in(c, 8) ? "x" : own);
    }
    return CALL(atlas_define_array, a_handle(c), a_name(c), a_name(c), dtype, rank, one_in(c, 30) ? NULL : dims,
                one_in(c, 30) ? NULL : numbers(c, rank), one_in(c, 3) ? NULL : sized(c, &o, sizeof o));
}
/* The array's own type, rank and a region inside it more often than chance would have it. */
static atlas_status values(chooser *c, int what) {
    atlas_store store = a_handle(c);
    const char *dataset = a_name(c), *array = a_name(c);
    atlas_array_description info;
    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    size_t rank = a_rank(c);
    int32_t dtype = an_enum(c, 1, 14);
    uint64_t *start = numbers_or_null(c, rank), *count = numbers(c, rank);
    char *before = c->said;
    if (!one_in(c, 8) && atlas_array_info(store, dataset, array, &info) == ATLAS_STATUS_OK) {
        rank = info.rank;
        dtype = one_in(c, 4) || info.dtype == ATLAS_DTYPE_STRING ? an_enum(c, 1, 14) : info.dtype;
        start = block(c, rank * sizeof *start);
        count = block(c, rank * sizeof *count);
        for (size_t d = 0; d < rank; d++) {
            uint64_t extent = info.shape[d] > 6 ? 6 : info.shape[d];
            start[d] = below(c, (size_t)extent + 1);
            count[d] = below(c, (size_t)(extent - start[d]) + 1);
            if (what == 2 && d > 0) count[d] = info.shape[d];
        }
        if (what == 2 && rank) count[0] = below(c, 4);
    } else {
        /* The text of that look is not that of the call. */
        c->said = malloc(strlen(atlas_last_error()) + 1);
        strcpy(c->said, atlas_last_error());
        free(before);
    }
    int64_t *strides = some_strides(c, rank, count);
    if (info.dtype == ATLAS_DTYPE_STRING && !one_in(c, 8)) {
        uint64_t cells = 1;
        for (size_t d = 0; d < rank; d++) cells = count[d] > 64 || cells > 512 ? 0 : cells * count[d];
        if (what == 0) return CALL(atlas_write_strings, store, dataset, array, rank, start, count,
                                   cells ? strings(c, (size_t)cells) : NULL);
        if (what == 2) return CALL(atlas_append_strings, store, dataset, array, rank, count,
                                   cells ? strings(c, (size_t)cells) : NULL);
        size_t capacity = below(c, 200);
        return CALL(atlas_read_strings, store, dataset, array, rank, start, one_in(c, 6) ? NULL : count,
                    one_in(c, 20) ? NULL : block(c, capacity), capacity, out_of(c, sizeof(size_t)));
    }
    void *data = memory(c, size_of(dtype), rank, count, strides, what != 1);
    switch (what) {
    case 0: return CALL(atlas_write_array, store, dataset, array, dtype, rank, start, count, strides, data);
    case 1: return CALL(atlas_read_array, store, dataset, array, dtype, rank, start, count, strides, data);
    default: return CALL(atlas_append_array, store, dataset, array, dtype, rank, count, strides, data);
    }
}
static atlas_status across(chooser *c) {
    size_t rank = below(c, 3), n = below(c, 4);
    int32_t dtype = an_enum(c, 1, 14);
    const char **datasets = block(c, n * sizeof *datasets);
    for (size_t i = 0; i < n; i++) datasets[i] = a_name(c);
    uint64_t *count = numbers(c, rank), all[4];
    all[0] = n;
    for (size_t d = 0; d < rank; d++) all[d + 1] = count[d] = one_in(c, 10) ? count[d] : below(c, 3);
    return CALL(atlas_read_across, a_handle(c), a_name(c), n, one_in(c, 30) ? NULL : datasets, dtype, rank,
                numbers_or_null(c, rank), count, memory(c, size_of(dtype), rank + 1, all, NULL, false));
}
static atlas_status set_attribute(chooser *c) {
    int32_t dtype = an_enum(c, 1, 15);
    size_t count = one_in(c, 10) ? 0 : below(c, 5);
    const void *values = dtype == ATLAS_DTYPE_STRING ? (const void *)strings(c, count)
                                                     : random_bytes(c, count * size_of(dtype));
    const char *dataset = one_in(c, 6) ? NULL : a_name(c);
    return CALL(atlas_set_attribute, a_handle(c), dataset, one_in(c, 2) ? NULL : a_name(c), a_name(c), dtype, count,
                one_in(c, 30) ? NULL : values);
}
static atlas_status get_attribute(chooser *c) {
    int32_t dtype = an_enum(c, 1, 15);
    size_t capacity = below(c, 6);
    const char *dataset = one_in(c, 6) ? NULL : a_name(c);
    return CALL(atlas_get_attribute, a_handle(c), dataset, one_in(c, 2) ? NULL : a_name(c), a_name(c), dtype, capacity,
                one_in(c, 30) ? NULL : block(c, capacity * size_of(dtype)), out_of(c, sizeof(size_t)));
}
static atlas_status described(chooser *c, bool array) {
    atlas_array_description a;
    atlas_store_description s;
    memset(&a, 0, sizeof a);
    memset(&s, 0, sizeof s);
    if (array) return CALL(atlas_array_info, a_handle(c), a_name(c), a_name(c), one_in(c, 30) ? NULL : sized(c, &a, sizeof a));
    return CALL(atlas_store_info, a_handle(c), one_in(c, 30) ? NULL : sized(c, &s, sizeof s));
}
static atlas_status generations(chooser *c) {
    size_t capacity = below(c, 4);
    return CALL(atlas_generations, a_handle(c), capacity, one_in(c, 20) ? NULL : block(c, capacity * sizeof(uint64_t)),
                out_of(c, sizeof(size_t)));
}
static atlas_status chunk_stats(chooser *c) {
    size_t rank = a_rank(c);
    return CALL(atlas_chunk_stats, a_handle(c), a_name(c), a_name(c), rank, one_in(c, 30) ? NULL : numbers(c, rank),
                out_of(c, sizeof(atlas_stats)));
}
static atlas_status chunk_places(chooser *c) {
    size_t capacity = below(c, 8), buffer_capacity = below(c, 80);
    return CALL(atlas_chunk_places, a_handle(c), a_name(c), a_name(c), capacity,
                one_in(c, 20) ? NULL : block(c, capacity * sizeof(atlas_chunk_place)), out_of(c, sizeof(size_t)),
                one_in(c, 20) ? NULL : block(c, buffer_capacity), buffer_capacity, out_of(c, sizeof(size_t)),
                one_in(c, 2) ? NULL : out_of(c, sizeof(uint64_t)));
}
static atlas_status times(chooser *c) {
    static const char *const units[] = {"days since 2000-01-01", "s since 1-1-1", "ns since 1970-1-1 -6:00", "months since 2000-1-1",
                                        "hours since 0000-01-01", "", "degC", "days since \xff", "weeks after 1582-10-15T00Z"};
    static const char *const calendars[] = {"standard", "noleap", "360_day", "julian", "proleptic_gregorian", "all_leap", "utc"};
    const char *unit = one_in(c, 6) ? NULL : text_of(c, units[below(c, sizeof units / sizeof *units)]);
    const char *calendar = one_in(c, 4) ? NULL : text_of(c, calendars[below(c, sizeof calendars / sizeof *calendars)]);
    int32_t dtype = an_enum(c, 1, 15);
    size_t count = below(c, 5), bytes = count * size_of(dtype);
    if (one_in(c, 2))
        return CALL(atlas_decode_time, unit, calendar, dtype, one_in(c, 30) ? NULL : random_bytes(c, bytes), count,
                    one_in(c, 30) ? NULL : block(c, count * sizeof(atlas_datetime)));
    atlas_datetime *dates = random_bytes(c, count * sizeof *dates);
    for (size_t i = 0; i < count && !one_in(c, 4); i++) {
        memset(&dates[i], 0, sizeof *dates);
        dates[i].year = (int64_t)below(c, 3000) - 500;
        dates[i].month = (int32_t)below(c, 14);
        dates[i].day = (int32_t)below(c, 33);
    }
    return CALL(atlas_encode_time, unit, calendar, one_in(c, 30) ? NULL : dates, count, dtype,
                one_in(c, 30) ? NULL : block(c, bytes));
}
/* Of a buffer that is mostly large enough, and what came into it. */
static atlas_status begin_or_export(chooser *c, bool begin) {
    atlas_session_options o;
    memset(&o, 0, sizeof o);
    o.workers = (uint32_t)below(c, 5);
    if (one_in(c, 3)) {
        o.dataset_count = below(c, 3);
        const char **names = block(c, o.dataset_count * sizeof *names);
        for (size_t i = 0; i < o.dataset_count; i++) names[i] = a_name(c);
        o.datasets = one_in(c, 20) ? NULL : names;
    }
    size_t capacity = one_in(c, 6) ? below(c, 300) : 1 << 16, *needed = out_of(c, sizeof *needed);
    void *buffer = one_in(c, 30) ? NULL : block(c, capacity);
    atlas_status status =
        begin ? CALL(atlas_session_begin, a_handle(c), one_in(c, 4) ? NULL : sized(c, &o, sizeof o), buffer, capacity, needed)
              : CALL(atlas_export, one_in(c, 12) ? a_handle(c) : a_worker(c), buffer, capacity, needed);
    if (status == ATLAS_STATUS_OK) keep_bytes(c, begin, buffer, *needed);
    return status;
}
static atlas_status open_worker(chooser *c) {
    size_t length;
    void *ticket = some_bytes(c, true, &length);
    atlas_store *out = out_of(c, sizeof *out);
    atlas_open_options o;
    memset(&o, 0, sizeof o);
    o.sync = ATLAS_SWITCH_OFF;
    o.num_threads = ATLAS_THREADS_INLINE + 2 * (int32_t)below(c, 2);
    o.write_buffer_bytes = one_in(c, 2) ? below(c, 4000) : 0;
    if (one_in(c, 2)) o.log = logged;
    atlas_status status = CALL(atlas_open_worker, ticket, length, (uint32_t)below(c, 4), one_in(c, 4) ? a_path(c) : NULL,
                               one_in(c, 4) ? NULL : sized(c, &o, sizeof o), out);
    if (status == ATLAS_STATUS_OK) keep_worker(c, *out);
    if (status != ATLAS_STATUS_OK && out && *out != 0) fail("a handle from a call that failed");
    return status;
}
static atlas_status import(chooser *c) {
    size_t count = below(c, 4), *lengths = block(c, count * sizeof *lengths);
    const void **list = block(c, count * sizeof *list);
    for (size_t i = 0; i < count; i++) list[i] = some_bytes(c, false, &lengths[i]);
    /* Files of the exports may be gone, and others of their name may be there. */
    c->loose = true;
    return CALL(atlas_import, a_handle(c), count, one_in(c, 30) ? NULL : list, one_in(c, 30) ? NULL : lengths);
}
static atlas_status session(chooser *c) {
    size_t length, capacity = below(c, 6);
    switch (below(c, 12)) {
    case 0: case 1: case 2: return begin_or_export(c, true);
    case 3: case 4: case 5: return begin_or_export(c, false);
    case 6: case 7: return open_worker(c);
    case 8: case 9: return import(c);
    case 10: return one_in(c, 4) ? CALL(atlas_session_end, a_handle(c))
                                 : CALL(atlas_session_missing, a_handle(c), capacity,
                                        one_in(c, 20) ? NULL : block(c, capacity * sizeof(uint32_t)), out_of(c, sizeof(size_t)));
    default: {
        void *ticket = some_bytes(c, true, &length);
        return CALL(atlas_renew, one_in(c, 12) ? a_handle(c) : a_worker(c), ticket, length);
    }
    }
}
static void library(chooser *c) {
    int32_t any = (int32_t)next(c), code = one_in(c, 2) ? any : an_enum(c, 0, 22);
    if (!atlas_status_name(code) || !atlas_dtype_name(code) || atlas_dtype_size(code) > 16) fail("library");
    if (atlas_version() != ATLAS_VERSION || !*atlas_version_string()) fail("version");
}

/* A buffer of a list or text: what it needs is said also where it is too small. */
#define BUFFER() one_in(c, 20) ? NULL : block(c, capacity), capacity, out_of(c, sizeof(size_t))

static atlas_status step(chooser *c) {
    size_t capacity = below(c, 40), live = 0;
    pthread_mutex_lock(&handles_lock);
    for (size_t i = 0; i < HANDLES; i++) live += handles[i] != 0;
    pthread_mutex_unlock(&handles_lock);
    /* Without a store there is little to call. */
    switch (live == 0 && !one_in(c, 4) ? below(c, 5) : below(c, 74)) {
    case 0: case 1: return create_or_open(c, true);
    case 2: case 3: case 4: return create_or_open(c, false);
    case 5: case 6: return CALL(atlas_flush, a_handle(c));
    case 7: c->begun = true; return CALL(atlas_flush_begin, a_handle(c));
    case 8: return CALL(atlas_flush_test, a_handle(c), out_of(c, sizeof(bool)));
    case 9: return CALL(atlas_flush_wait, a_handle(c));
    case 10: return one_in(c, 2) ? close_or_discard(c, false) : ATLAS_STATUS_OK;
    case 11: return one_in(c, 4) ? close_or_discard(c, true) : ATLAS_STATUS_OK;
    case 12: return CALL(atlas_compact, a_handle(c));
    case 13:
        return one_in(c, 2) ? CALL(atlas_refresh, a_handle(c))
                            : CALL(atlas_wait_for_commit, a_handle(c), below(c, 3), out_of(c, sizeof(bool)));
    case 14: return CALL(atlas_verify, a_handle(c), one_in(c, 4) ? NULL : damaged, c, out_of(c, sizeof(uint64_t)));
    case 15: return described(c, false);
    case 16: case 17: case 18: return CALL(atlas_create_dataset, a_handle(c), a_name(c));
    case 19: return one_in(c, 2) ? CALL(atlas_delete_dataset, a_handle(c), a_name(c)) : ATLAS_STATUS_OK;
    case 20: return CALL(atlas_has_dataset, a_handle(c), a_name(c), out_of(c, sizeof(bool)));
    case 21: return CALL(atlas_dataset_count, a_handle(c), out_of(c, sizeof(size_t)));
    case 22: return CALL(atlas_dataset_names, a_handle(c), BUFFER());
    case 23: return CALL(atlas_dataset_name, a_handle(c), below(c, 4), BUFFER());
    case 24: case 25: case 26: case 27: return define(c);
    case 28: return one_in(c, 2) ? CALL(atlas_delete_array, a_handle(c), a_name(c), a_name(c)) : ATLAS_STATUS_OK;
    case 29: return CALL(atlas_has_array, a_handle(c), a_name(c), a_name(c), out_of(c, sizeof(bool)));
    case 30: return CALL(atlas_array_count, a_handle(c), a_name(c), out_of(c, sizeof(size_t)));
    case 31: return CALL(atlas_array_names, a_handle(c), a_name(c), BUFFER());
    case 32: return described(c, true);
    case 33: return CALL(atlas_array_dims, a_handle(c), a_name(c), a_name(c), BUFFER());
    case 34: case 35: case 36: return values(c, 0);
    case 37: case 38: case 39: return values(c, 1);
    case 40: return values(c, 2);
    case 41: return one_in(c, 2) ? values(c, 2) : CALL(atlas_resize_array, a_handle(c), a_name(c), a_name(c), a_number(c));
    case 42: return across(c);
    case 43: return CALL(atlas_array_fill_text, a_handle(c), a_name(c), a_name(c), BUFFER());
    case 44: case 45: return set_attribute(c);
    case 46: return get_attribute(c);
    case 47: return CALL(atlas_get_attribute_strings, a_handle(c), a_name(c), one_in(c, 2) ? NULL : a_name(c), a_name(c), BUFFER());
    case 48: return CALL(atlas_attribute_info, a_handle(c), a_name(c), one_in(c, 2) ? NULL : a_name(c), a_name(c),
                         out_of(c, sizeof(atlas_dtype)), out_of(c, sizeof(size_t)));
    case 49: return CALL(atlas_has_attribute, a_handle(c), a_name(c), one_in(c, 2) ? NULL : a_name(c), a_name(c), out_of(c, sizeof(bool)));
    case 50: return CALL(atlas_attribute_count, a_handle(c), a_name(c), one_in(c, 2) ? NULL : a_name(c), out_of(c, sizeof(size_t)));
    case 51: return CALL(atlas_attribute_names, a_handle(c), a_name(c), one_in(c, 2) ? NULL : a_name(c), BUFFER());
    case 52: return CALL(atlas_delete_attribute, a_handle(c), a_name(c), one_in(c, 2) ? NULL : a_name(c), a_name(c));
    case 53: return CALL(atlas_array_stats, a_handle(c), a_name(c), a_name(c), out_of(c, sizeof(atlas_stats)));
    case 54: return chunk_stats(c);
    case 55: return generations(c);
    case 56: return one_in(c, 4) ? CALL(atlas_rollback, a_handle(c), a_number(c)) : ATLAS_STATUS_OK;
    case 57: return CALL(atlas_set_keep_generations, a_handle(c), (int32_t)below(c, 6) - 2);
    case 58: return one_in(c, 2) ? CALL(atlas_pin, a_handle(c), a_name(c)) : CALL(atlas_unpin, a_handle(c), a_name(c));
    case 59: return one_in(c, 2) ? CALL(atlas_pin_names, a_handle(c), BUFFER())
                                 : CALL(atlas_pin_generation, a_handle(c), a_name(c), out_of(c, sizeof(uint64_t)));
    case 60: return chunk_places(c);
    case 61: case 62: return times(c);
    case 63: return CALL(atlas_rename_dataset, a_handle(c), a_name(c), a_name(c));
    case 64: return CALL(atlas_copy_dataset, a_handle(c), a_name(c), a_handle(c), a_name(c));
    case 65: return CALL(atlas_extend_array, a_handle(c), a_name(c), a_name(c), a_number(c));
    case 66: case 67: case 68: case 69: case 70: case 71: case 72: return session(c);
    default: library(c); return ATLAS_STATUS_OK;
    }
}

/* ---- sequences ---- */

static void *run_thread(void *argument) {
    chooser *c = argument;
    const char *text = atlas_last_error();
    c->said = malloc(strlen(text) + 1);
    strcpy(c->said, text);
    for (int i = 0; i < CALLS; i++) {
        bool look_here = !c->threaded && !c->begun && one_in(c, 6);
        uint64_t before = look_here ? look() : 0;
        free(c->said);
        text = atlas_last_error();
        c->said = malloc(strlen(text) + 1);
        strcpy(c->said, text);
        c->loose = false;
        atlas_status status = step(c);
        release(c);
        if (look_here && !c->begun && status != ATLAS_STATUS_OK && look() != before)
            fail("a call that failed with %s changed something", atlas_status_name(status));
    }
    free(c->said);
    return NULL;
}

static void remove_all(const char *path) {
    DIR *listing = opendir(path);
    struct dirent *entry;
    char inner[1024];
    while (listing && (entry = readdir(listing))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (unlink(inner) != 0) remove_all(inner);
    }
    if (listing) closedir(listing);
    rmdir(path);
}

static void run_sequence(uint64_t seed) {
    chooser choosers[THREADS];
    running_seed = seed;
    alarm(LIMIT_SECONDS);
    memset(handles, 0, sizeof handles);
    memset(gone, 0, sizeof gone);
    memset(workers, 0, sizeof workers);
    memset(choosers, 0, sizeof choosers);
    bool threaded = seed % 3 == 0;
    for (size_t i = 0; i < THREADS; i++) {
        choosers[i].state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + i * UINT64_C(0x632be59bd9b4e019);
        choosers[i].threaded = threaded;
        for (int warm = 0; warm < 4; warm++) next(&choosers[i]);
    }
    if (threaded) {
        pthread_t threads[THREADS];
        for (size_t i = 0; i < THREADS; i++)
            if (pthread_create(&threads[i], NULL, run_thread, &choosers[i]) != 0) fail("no thread");
        for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    } else {
        run_thread(&choosers[0]);
    }
    for (size_t i = 0; i < HANDLES; i++) if (handles[i]) atlas_discard(handles[i]);
    for (size_t i = 0; i < WORKERS; i++) if (workers[i]) atlas_discard(workers[i]);
    for (size_t i = 0; i < KEPT; i++) {
        free(tickets[i].bytes);
        free(exports[i].bytes);
    }
    memset(tickets, 0, sizeof tickets);
    memset(exports, 0, sizeof exports);
    for (size_t i = 0; i < STORES; i++) {
        char path[sizeof folder + 8];
        atlas_store store = 0;
        uint64_t damages = 0;
        snprintf(path, sizeof path, "%s/s%zu", folder, i);
        atlas_status status = atlas_open(path, ATLAS_MODE_READ, NULL, &store);
        if (status == ATLAS_STATUS_OK) {
            if (atlas_verify(store, damaged, NULL, &damages) != ATLAS_STATUS_OK || damages) fail("the store is damaged");
            handles[0] = store;
            memset(handles + 1, 0, sizeof handles - sizeof *handles);
            look();
            if (atlas_discard(store) != ATLAS_STATUS_OK) fail("discard");
        } else if (status != ATLAS_STATUS_NOT_FOUND) {
            fail("the store does not open");
        }
        remove_all(path);
    }
    sequences++;
    alarm(0);
}

/* Where the address sanitizer is linked, it ends the process on its own. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

int main(int count, char **arguments) {
    long seconds = count > 1 ? strtol(arguments[1], NULL, 10) : 10;
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/atlas-abi-fuzz-XXXXXX", temporary ? temporary : "/tmp");
    if (!mkdtemp(folder)) fail("no temporary folder");
    if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(say_seed);
    signal(SIGALRM, on_signal);
    signal(SIGABRT, on_signal);
    time_t end = time(NULL) + seconds;
    if (count > 2) {
        verbose = true;
        run_sequence(strtoull(arguments[2], NULL, 10));
    } else {
        /* Other sequences every day; a failure says which one. */
        uint64_t seed = (uint64_t)time(NULL) << 20;
        for (; time(NULL) < end; seed++) run_sequence(seed);
    }
    rmdir(folder);
    printf("%" PRIu64 " sequences, %" PRIu64 " calls, %" PRIu64 " of them refused\n", sequences, calls_made, calls_failed);
    for (int32_t status = 0; status <= ATLAS_STATUS_INTERNAL; status++)
        if (by_status[status]) printf("  %10" PRIu64 " %s\n", by_status[status], atlas_status_name(status));
    return 0;
}
