/* Durability and flushing: one named test per promise, each for all four root formats. */
#include "check.h"

#include <sys/inotify.h>

typedef struct {
    const char *name;
    int32_t format, compression;
    const char *root; /* the root's file name */
} root_variant;

static const root_variant variants[] = {
    {"json", ATLAS_META_FORMAT_JSON, ATLAS_COMPRESSION_NONE, "atlas.json"},
    {"json.zst", ATLAS_META_FORMAT_JSON, ATLAS_COMPRESSION_ZSTD, "atlas.json.zst"},
    {"msgpack", ATLAS_META_FORMAT_MSGPACK, ATLAS_COMPRESSION_NONE, "atlas.msgpack"},
    {"msgpack.zst", ATLAS_META_FORMAT_MSGPACK, ATLAS_COMPRESSION_ZSTD, "atlas.msgpack.zst"},
};
static const root_variant *variant;

static atlas_store create(const char *path) {
    atlas_create_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.meta_format = variant->format;
    options.meta_compression = variant->compression;
    atlas_store store = 0;
    CHECK_OK(atlas_create(path, &options, &store));
    return store;
}

/* ---- counting replacements of the root: every event that the kernel tells about its name ---- */

typedef struct {
    int descriptor;
} root_watch;

static root_watch watch_root(const char *path) {
    root_watch watch = {inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    NEED(watch.descriptor >= 0);
    NEED(inotify_add_watch(watch.descriptor, path, IN_CREATE | IN_DELETE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO) >= 0);
    return watch;
}

/* How often a file was renamed to the root since the watch began; anything else done to the root's name fails. */
static int replacements(root_watch watch) {
    union {
        struct inotify_event event; /* for the alignment */
        char bytes[65536];
    } buffer;
    int count = 0;
    ssize_t size;
    while ((size = read(watch.descriptor, buffer.bytes, sizeof buffer.bytes)) > 0) {
        for (ssize_t at = 0; at < size;) {
            struct inotify_event event;
            memcpy(&event, buffer.bytes + at, sizeof event);
            const char *name = event.len ? buffer.bytes + at + sizeof event : "";
            CHECK((event.mask & IN_Q_OVERFLOW) == 0);
            if (strcmp(name, variant->root) == 0) {
                if (event.mask != IN_MOVED_TO)
                    check_fail(__FILE__, __LINE__, "the root was touched by something else than a rename (mask 0x%x)",
                               (unsigned)event.mask);
                count++;
            }
            at += (ssize_t)sizeof event + (ssize_t)event.len;
        }
    }
    return count;
}

static int watch_end(root_watch watch) {
    int count = replacements(watch);
    close(watch.descriptor);
    return count;
}

/* ---- data that a function of its index gives, so that it can be checked anywhere ---- */

enum { HOURS = 24 };
static const uint64_t hours[1] = {HOURS}, profile[2] = {4, 3}, big[2] = {64, 512};

static float temperature_at(int day, int hour) { return (float)(day * 31 + hour) * 0.25f - 100.0f; }
static double salinity_at(int day, int cell) { return day * 1.5 + cell / 7.0; }
static int32_t station_at(int day) { return day * 1000003 - 500; }

/* Bytes that no codec makes smaller, so that sizes on disk tell what is stored. */
static uint32_t noise(uint32_t seed, uint32_t i) {
    uint64_t x = ((uint64_t)seed << 32 | i) + 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(x ^ (x >> 31));
}

static void day_name(char name[32], int day) { snprintf(name, 32, "day-%04d", day); }

static void ingest_day(atlas_store store, int day) {
    char name[32];
    float temperature[HOURS];
    double salinity[12];
    int32_t station = station_at(day), month = day % 12 + 1;
    day_name(name, day);
    for (int i = 0; i < HOURS; i++) temperature[i] = temperature_at(day, i);
    for (int i = 0; i < 12; i++) salinity[i] = salinity_at(day, i);
    CHECK_OK(atlas_create_dataset(store, name));
    CHECK_OK(atlas_set_attribute(store, name, NULL, "month", ATLAS_DTYPE_I32, 1, &month));
    CHECK_OK(atlas_define_array(store, name, "temperature", ATLAS_DTYPE_F32, 1, NULL, hours, NULL));
    CHECK_OK(atlas_define_array(store, name, "salinity", ATLAS_DTYPE_F64, 2, NULL, profile, NULL));
    CHECK_OK(atlas_define_array(store, name, "station", ATLAS_DTYPE_I32, 0, NULL, NULL, NULL));
    CHECK_OK(atlas_write_array(store, name, "temperature", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, temperature));
    CHECK_OK(atlas_write_array(store, name, "salinity", ATLAS_DTYPE_F64, 2, NULL, NULL, NULL, salinity));
    CHECK_OK(atlas_write_array(store, name, "station", ATLAS_DTYPE_I32, 0, NULL, NULL, NULL, &station));
}

static void check_day(atlas_store store, int day) {
    char name[32];
    float temperature[HOURS];
    double salinity[12];
    int32_t station, month;
    size_t count;
    day_name(name, day);
    CHECK_OK(atlas_get_attribute(store, name, NULL, "month", ATLAS_DTYPE_I32, 1, &month, &count));
    CHECK_I64(month, day % 12 + 1);
    CHECK_OK(atlas_read_array(store, name, "temperature", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, temperature));
    CHECK_OK(atlas_read_array(store, name, "salinity", ATLAS_DTYPE_F64, 2, NULL, NULL, NULL, salinity));
    CHECK_OK(atlas_read_array(store, name, "station", ATLAS_DTYPE_I32, 0, NULL, NULL, NULL, &station));
    for (int i = 0; i < HOURS; i++) CHECK_F64(temperature[i], temperature_at(day, i));
    for (int i = 0; i < 12; i++) CHECK_F64(salinity[i], salinity_at(day, i));
    CHECK_I64(station, station_at(day));
}

static size_t dataset_count(atlas_store store) {
    size_t count = SIZE_MAX;
    CHECK_OK(atlas_dataset_count(store, &count));
    return count;
}

static void define_noise(atlas_store store, const char *dataset, const char *array) {
    CHECK_OK(atlas_define_array(store, dataset, array, ATLAS_DTYPE_U32, 2, NULL, big, NULL));
}

static void write_noise(atlas_store store, const char *dataset, const char *array, uint32_t seed) {
    static uint32_t values[64 * 512];
    for (uint32_t i = 0; i < COUNT_OF(values); i++) values[i] = noise(seed, i);
    CHECK_OK(atlas_write_array(store, dataset, array, ATLAS_DTYPE_U32, 2, NULL, NULL, NULL, values));
}

static void check_noise(atlas_store store, const char *dataset, const char *array, uint32_t seed) {
    static uint32_t values[64 * 512];
    memset(values, 0, sizeof values);
    CHECK_OK(atlas_read_array(store, dataset, array, ATLAS_DTYPE_U32, 2, NULL, NULL, NULL, values));
    for (uint32_t i = 0; i < COUNT_OF(values); i++) CHECK_U64(values[i], noise(seed, i));
}
enum { NOISE_BYTES = 64 * 512 * 4 };

/* ---- one durability boundary ---- */

/* Every kind of mutation changes memory only, and reads through the same handle see it. */
static void nothing_on_disk_before_flush(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    folder_image created = folder_take(path);

    CHECK_OK(atlas_create_dataset(store, "a"));
    CHECK_FOLDER_SAME(&created, path);
    CHECK_OK(atlas_define_array(store, "a", "temperature", ATLAS_DTYPE_F32, 1, NULL, hours, NULL));
    CHECK_FOLDER_SAME(&created, path);
    float values[HOURS], back[HOURS];
    for (int i = 0; i < HOURS; i++) values[i] = temperature_at(1, i);
    CHECK_OK(atlas_write_array(store, "a", "temperature", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, values));
    CHECK_FOLDER_SAME(&created, path);
    uint64_t five[1] = {5};
    CHECK_OK(atlas_append_array(store, "a", "temperature", ATLAS_DTYPE_F32, 1, five, NULL, values));
    CHECK_FOLDER_SAME(&created, path);
    int8_t month = 1;
    CHECK_OK(atlas_set_attribute(store, "a", NULL, "month", ATLAS_DTYPE_I8, 1, &month));
    CHECK_OK(atlas_set_attribute(store, "a", "temperature", "level", ATLAS_DTYPE_I8, 1, &month));
    CHECK_FOLDER_SAME(&created, path);
    const char *words[] = {"north", "", "s\xc3\xbc" "d"};
    uint64_t three[1] = {3};
    CHECK_OK(atlas_define_array(store, "a", "names", ATLAS_DTYPE_STRING, 1, NULL, three, NULL));
    CHECK_OK(atlas_write_strings(store, "a", "names", 1, NULL, NULL, words));
    CHECK_OK(atlas_append_strings(store, "a", "names", 1, three, words));
    CHECK_FOLDER_SAME(&created, path);
    CHECK_OK(atlas_create_dataset(store, "b"));
    CHECK_OK(atlas_define_array(store, "b", "temperature", ATLAS_DTYPE_F64, 1, NULL, hours, NULL));
    CHECK_OK(atlas_delete_array(store, "b", "temperature"));
    CHECK_OK(atlas_delete_attribute(store, "a", NULL, "month"));
    CHECK_OK(atlas_delete_dataset(store, "b"));
    CHECK_FOLDER_SAME(&created, path);
    define_noise(store, "a", "noise");
    write_noise(store, "a", "noise", 1);
    CHECK_FOLDER_SAME(&created, path);

    /* Read your writes. */
    CHECK(has_dataset(store, "a") && !has_dataset(store, "b"));
    uint64_t zero[1] = {0}, all[1] = {HOURS};
    CHECK_OK(atlas_read_array(store, "a", "temperature", ATLAS_DTYPE_F32, 1, zero, all, NULL, back));
    CHECK_BYTES(back, values, sizeof values);
    CHECK_OK(atlas_read_array(store, "a", "temperature", ATLAS_DTYPE_F32, 1, all, five, NULL, back));
    CHECK_BYTES(back, values, 5 * sizeof *values);
    CHECK_LIST("north;;s\xc3\xbc" "d;north;;s\xc3\xbc" "d;", atlas_read_strings, store, "a", "names", 1, NULL, NULL);
    CHECK_LIST("level;", atlas_attribute_names, store, "a", "temperature");
    CHECK_LIST("", atlas_attribute_names, store, "a", NULL);
    check_noise(store, "a", "noise", 1);
    CHECK_FOLDER_SAME(&created, path);

    /* Others see none of it. */
    atlas_store reader = store_open(path, ATLAS_MODE_READ);
    CHECK_U64(dataset_count(reader), 0);
    CHECK_OK(atlas_close(reader));
    CHECK_FOLDER_SAME(&created, path);

    CHECK_OK(atlas_flush(store));
    reader = store_open(path, ATLAS_MODE_READ);
    CHECK_LIST("a;", atlas_dataset_names, reader);
    check_noise(reader, "a", "noise", 1);
    CHECK_OK(atlas_close(reader));

    /* The same again for what is committed: changing and deleting it waits for the flush too. */
    folder_image flushed = folder_take(path);
    write_noise(store, "a", "noise", 2);
    CHECK_OK(atlas_delete_array(store, "a", "names"));
    CHECK_OK(atlas_delete_attribute(store, "a", "temperature", "level"));
    check_noise(store, "a", "noise", 2);
    CHECK_FOLDER_SAME(&flushed, path);
    CHECK_OK(atlas_delete_dataset(store, "a"));
    CHECK_FOLDER_SAME(&flushed, path);
    CHECK_OK(atlas_discard(store));
    CHECK_STORE_SAME(&flushed, path);
    folder_free(&created);
    folder_free(&flushed);
}

static void discard_loses_everything(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    folder_image created = folder_take(path);
    CHECK_OK(atlas_create_dataset(store, "a"));
    CHECK_OK(atlas_create_dataset(store, "b"));
    CHECK_OK(atlas_discard(store));
    CHECK_STORE_SAME(&created, path);
    CHECK_FAILS(atlas_flush(store), ATLAS_STATUS_INVALID_HANDLE, "");
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_U64(dataset_count(store), 0);
    CHECK_U64(store_info(store).generation, 1);
    CHECK_OK(atlas_discard(store));
    folder_free(&created);
}

/* Back to the last flush, not to nothing. */
static void discard_goes_back_to_the_last_flush(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    ingest_day(store, 0);
    ingest_day(store, 1);
    CHECK_OK(atlas_flush(store));
    folder_image flushed = folder_take(path);
    float other[HOURS] = {0};
    int32_t month = 99;
    CHECK_OK(atlas_write_array(store, "day-0000", "temperature", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, other));
    CHECK_OK(atlas_append_array(store, "day-0000", "temperature", ATLAS_DTYPE_F32, 1, hours, NULL, other));
    CHECK_OK(atlas_set_attribute(store, "day-0000", NULL, "month", ATLAS_DTYPE_I32, 1, &month));
    CHECK_OK(atlas_delete_dataset(store, "day-0001"));
    ingest_day(store, 2);
    CHECK_OK(atlas_discard(store));
    CHECK_STORE_SAME(&flushed, path);
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_LIST("day-0000;day-0001;", atlas_dataset_names, store);
    check_day(store, 0);
    check_day(store, 1);
    CHECK(!store_info(store).unflushed_changes);
    CHECK_OK(atlas_discard(store));
    folder_free(&flushed);
}

static void close_is_flush(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    int64_t month = 1;
    CHECK_OK(atlas_create_dataset(store, "a"));
    CHECK_OK(atlas_set_attribute(store, "a", NULL, "month", ATLAS_DTYPE_I64, 1, &month));
    month = 2;
    CHECK_OK(atlas_create_dataset(store, "b"));
    CHECK_OK(atlas_set_attribute(store, "b", NULL, "month", ATLAS_DTYPE_I64, 1, &month));
    ingest_day(store, 7);
    root_watch watch = watch_root(path);
    CHECK_OK(atlas_close(store));
    CHECK_I64(watch_end(watch), 1);
    CHECK_FAILS(atlas_flush(store), ATLAS_STATUS_INVALID_HANDLE, "");

    store = store_open(path, ATLAS_MODE_READ);
    CHECK_LIST("a;b;day-0007;", atlas_dataset_names, store);
    for (int i = 0; i < 2; i++) {
        int64_t got = 0;
        size_t count = 0;
        CHECK_OK(atlas_get_attribute(store, i ? "b" : "a", NULL, "month", ATLAS_DTYPE_I64, 1, &got, &count));
        CHECK_I64(got, i + 1);
    }
    check_day(store, 7);
    CHECK_OK(atlas_close(store));

    /* It released the lock as well. */
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_OK(atlas_close(store));
}

static void flush_keeps_going(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    for (int day = 0; day < 5; day++) {
        ingest_day(store, day);
        atlas_store reader = store_open(path, ATLAS_MODE_READ);
        CHECK_U64(dataset_count(reader), day);
        CHECK_OK(atlas_close(reader));
        CHECK(store_info(store).unflushed_changes);
        uint64_t generation = store_info(store).generation;
        CHECK_OK(atlas_flush(store));
        CHECK_U64(store_info(store).generation, generation + 1);
        CHECK(!store_info(store).unflushed_changes);
        reader = store_open(path, ATLAS_MODE_READ);
        CHECK_U64(dataset_count(reader), day + 1);
        for (int i = 0; i <= day; i++) check_day(reader, i);
        CHECK_OK(atlas_close(reader));
    }
    for (int i = 0; i < 5; i++) check_day(store, i);
    CHECK_OK(atlas_close(store));
}

/* Nothing to commit: nothing is written, not even a root. */
static void flush_without_changes_does_nothing(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    ingest_day(store, 0);
    CHECK_OK(atlas_flush(store));
    folder_image flushed = folder_take(path);
    root_watch watch = watch_root(path);
    for (int i = 0; i < 3; i++) CHECK_OK(atlas_flush(store));
    check_day(store, 0);
    CHECK_OK(atlas_close(store));
    CHECK_I64(watch_end(watch), 0);
    CHECK_STORE_SAME(&flushed, path);
    folder_free(&flushed);
}

/* ---- N mutations, one flush ---- */

static void thousand_datasets_one_flush(void) {
    int n = scaled(1000, 50);
    const char *path = path_of("store");
    atlas_store store = create(path);
    folder_image created = folder_take(path);
    uint64_t generation = store_info(store).generation;
    root_watch watch = watch_root(path);
    for (int day = 0; day < n; day++) ingest_day(store, day);
    CHECK_FOLDER_SAME(&created, path);
    CHECK_I64(replacements(watch), 0);

    CHECK_OK(atlas_flush(store));
    CHECK_I64(watch_end(watch), 1);
    CHECK_U64(store_info(store).generation, generation + 1);
    folder_image flushed = folder_take(path);
    const file_image *before = folder_find(&created, variant->root), *after = folder_find(&flushed, variant->root);
    CHECK(before && after);
    CHECK(before->inode != after->inode);
    CHECK_U64(segments_in(path, NULL).count, 3);
    CHECK_U64(segments_in(path, "temperature/").count, 1);
    CHECK_U64(segments_in(path, "salinity/").count, 1);
    CHECK_U64(segments_in(path, "station/").count, 1);
    CHECK_U64(store_info(store).segment_count, 3);
    CHECK_U64(store_info(store).array_file_count, 3);
    CHECK_U64(store_info(store).dataset_count, n);
    CHECK_OK(atlas_close(store));

    /* Closing without changes adds nothing. */
    CHECK_SEGMENTS_SAME(&flushed, path);
    store = store_open(path, ATLAS_MODE_READ);
    CHECK_U64(dataset_count(store), n);
    for (int day = 0; day < n; day++) check_day(store, day);
    CHECK_OK(atlas_close(store));
    folder_free(&created);
    folder_free(&flushed);
}

static void thousand_datasets_discarded(void) {
    int n = scaled(1000, 50);
    const char *path = path_of("store");
    atlas_store store = create(path);
    folder_image created = folder_take(path);
    for (int day = 0; day < n; day++) ingest_day(store, day);
    for (int day = 0; day < n; day += 97) check_day(store, day);
    CHECK_FOLDER_SAME(&created, path);
    CHECK_OK(atlas_discard(store));
    CHECK_STORE_SAME(&created, path);
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_U64(dataset_count(store), 0);
    CHECK_OK(atlas_discard(store));
    folder_free(&created);
}

/* The other process of the next two tests: creates a store, then writes it full without a flush. */
static int ingest_role(const char *path) {
    char line[16];
    check_name[0] = '\0';
    strcat(check_name, "the other process");
    variant = &variants[atoi(fgets(line, sizeof line, stdin) ? line : "0")];
    atlas_store store = create(path);
    printf("created\n");
    if (!fgets(line, sizeof line, stdin)) return 1;
    int n = scaled(1000, 50);
    for (int day = 0; day < n; day++) ingest_day(store, day);
    printf("written\n");
    if (!fgets(line, sizeof line, stdin)) return 0;
    return 0; /* ends normally, neither closed nor discarded */
}

static void written_then_ended_by(int number) {
    const char *path = path_of("store");
    char which[16];
    snprintf(which, sizeof which, "%d", (int)(variant - variants));
    child other = child_start("ingest", path);
    child_say(&other, which);
    CHECK_HEAR(&other, "created");
    folder_image created = folder_take(path);
    CHECK(folder_find(&created, variant->root) != NULL);
    child_say(&other, "go");
    CHECK_HEAR(&other, "written");
    CHECK_FOLDER_SAME(&created, path);
    if (number == 0) child_say(&other, "end");
    int status = child_end(&other, number);
    if (number) CHECK(WIFSIGNALED(status) && WTERMSIG(status) == number);
    if (!number) CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_FOLDER_SAME(&created, path);

    atlas_store store = store_open(path, ATLAS_MODE_READ);
    CHECK_U64(dataset_count(store), 0);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_U64(dataset_count(store), 0);
    ingest_day(store, 3);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ);
    check_day(store, 3);
    CHECK_OK(atlas_close(store));
    folder_free(&created);
}

static void thousand_datasets_killed(void) { written_then_ended_by(SIGKILL); }
static void process_end_without_close_loses_everything(void) { written_then_ended_by(0); }

/* However often an array is written in one session: one segment; and only the names that were touched. */
static void one_segment_per_touched_array_name(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    static const char *const names[] = {"p", "q", "r"};
    CHECK_OK(atlas_create_dataset(store, "a"));
    CHECK_OK(atlas_create_dataset(store, "b"));
    for (int i = 0; i < 6; i++) define_noise(store, i % 2 ? "b" : "a", names[i / 2]);
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < 6; i++) write_noise(store, i % 2 ? "b" : "a", names[i / 2], (uint32_t)(100 + i));
    CHECK_OK(atlas_flush(store));
    CHECK_U64(segments_in(path, NULL).count, 3);
    /* Overwritten values were not stored: six arrays' worth of bytes and little more. */
    CHECK(segments_in(path, NULL).bytes >= 6 * NOISE_BYTES && segments_in(path, NULL).bytes < 7 * NOISE_BYTES);

    folder_image before = folder_take(path);
    root_watch watch = watch_root(path);
    for (int round = 0; round < 5; round++) write_noise(store, "b", "q", 200);
    CHECK_OK(atlas_flush(store));
    CHECK_I64(replacements(watch), 1);
    CHECK_U64(segments_in(path, "p/").count, 1);
    CHECK_U64(segments_in(path, "q/").count, 2);
    CHECK_U64(segments_in(path, "r/").count, 1);
    /* Segments are immutable: the earlier ones are as they were. */
    folder_image after = folder_take(path);
    for (size_t i = 0; i < before.count; i++) {
        const file_image *old = &before.files[i], *now = folder_find(&after, old->path);
        if (!has_suffix(old->path, ".seg")) continue;
        CHECK(now != NULL && now->inode == old->inode && now->size == old->size);
        CHECK_BYTES(now->bytes, old->bytes, old->size);
    }

    /* A change of attributes alone is a new root and no segment. */
    double value = 0.5;
    for (int i = 0; i < 50; i++) {
        value += i;
        CHECK_OK(atlas_set_attribute(store, "a", "p", "scale", ATLAS_DTYPE_F64, 1, &value));
        CHECK_OK(atlas_set_attribute(store, "b", NULL, "scale", ATLAS_DTYPE_F64, 1, &value));
    }
    CHECK_OK(atlas_flush(store));
    CHECK_I64(watch_end(watch), 1);
    CHECK_SEGMENTS_SAME(&after, path);
    for (int i = 0; i < 6; i++)
        check_noise(store, i % 2 ? "b" : "a", names[i / 2], i == 3 ? 200 : (uint32_t)(100 + i));
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ);
    for (int i = 0; i < 6; i++)
        check_noise(store, i % 2 ? "b" : "a", names[i / 2], i == 3 ? 200 : (uint32_t)(100 + i));
    CHECK_OK(atlas_close(store));
    folder_free(&before);
    folder_free(&after);
}

/* ---- what flush writes: the root in its format ---- */

static void root_has_the_chosen_format(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    for (int round = 0; round < 4; round++) {
        folder_image image = folder_take(path);
        int roots = 0;
        for (size_t i = 0; i < image.count; i++) roots += strncmp(image.files[i].path, "atlas.", 6) == 0;
        CHECK_I64(roots, 1);
        const file_image *root = folder_find(&image, variant->root);
        CHECK(root != NULL && root->size > 16);
        bool zstd = variant->compression == ATLAS_COMPRESSION_ZSTD;
        CHECK((memcmp(root->bytes, "\x28\xb5\x2f\xfd", 4) == 0) == zstd);
        if (!zstd && variant->format == ATLAS_META_FORMAT_JSON) {
            root->bytes[root->size] = '\0';
            CHECK(root->bytes[0] == '{');
            /* Human-readable: names stand in it as they are. */
            if (round > 0) CHECK(strstr((const char *)root->bytes, "\"temperature\"") != NULL);
            if (round > 0) CHECK(strstr((const char *)root->bytes, "day-0000") != NULL);
        }
        if (!zstd && variant->format == ATLAS_META_FORMAT_MSGPACK) CHECK(root->bytes[0] >= 0x80 && root->bytes[0] != '{');
        atlas_store_description info = store_info(store);
        CHECK_I64(info.meta_format, variant->format);
        CHECK_I64(info.meta_compression, variant->compression);
        folder_free(&image);
        switch (round) { /* after create; after a flush; after a reopen; after a flush in the reopened store */
        case 0:
            ingest_day(store, 0);
            CHECK_OK(atlas_flush(store));
            break;
        case 1:
            CHECK_OK(atlas_close(store));
            store = store_open(path, ATLAS_MODE_READ_WRITE);
            break;
        default:
            ingest_day(store, round);
            CHECK_OK(atlas_flush(store));
        }
    }
    CHECK_OK(atlas_close(store));
}

/* ---- statistics come from flush ---- */

typedef struct {
    const char *array;
    atlas_dtype dtype;
    uint64_t rows, nulls;
    bool has_range;
    double min, max;
} stats_row;

static void check_stats_row(const char *file, int line, atlas_store store, const char *dataset, const stats_row *want) {
    atlas_stats got;
    memset(&got, 0xee, sizeof got);
    check_status(file, line, want->array, atlas_array_stats(store, dataset, want->array, &got), ATLAS_STATUS_OK);
    check_u64(file, line, want->array, got.row_count, want->rows);
    check_u64(file, line, want->array, got.null_count, want->nulls);
    check_i64(file, line, want->array, got.dtype, want->dtype);
    check_i64(file, line, want->array, got.has_range != 0, want->has_range);
    check_f64(file, line, want->array, got.min, want->has_range ? want->min : 0.0);
    check_f64(file, line, want->array, got.max, want->has_range ? want->max : 0.0);
    bool is_signed = (want->dtype >= ATLAS_DTYPE_I8 && want->dtype <= ATLAS_DTYPE_I64) ||
                     want->dtype == ATLAS_DTYPE_TIMESTAMP_NS || want->dtype == ATLAS_DTYPE_BOOL;
    bool is_unsigned = (want->dtype >= ATLAS_DTYPE_U8 && want->dtype <= ATLAS_DTYPE_U64) || want->dtype == ATLAS_DTYPE_BOOL;
    if (!want->has_range || !is_signed) {
        check_i64(file, line, want->array, got.min_int, 0);
        check_i64(file, line, want->array, got.max_int, 0);
    }
    if (!want->has_range || !is_unsigned) {
        check_u64(file, line, want->array, got.min_uint, 0);
        check_u64(file, line, want->array, got.max_uint, 0);
    }
    /* Exact, where the nearest double is exact as well. */
    if (want->has_range && is_signed && fabs(want->min) < 9e15 && fabs(want->max) < 9e15) {
        check_i64(file, line, want->array, got.min_int, (int64_t)want->min);
        check_i64(file, line, want->array, got.max_int, (int64_t)want->max);
    }
    if (want->has_range && is_unsigned && want->max < 9e15) {
        check_u64(file, line, want->array, got.min_uint, (uint64_t)want->min);
        check_u64(file, line, want->array, got.max_uint, (uint64_t)want->max);
    }
}
#define CHECK_STATS(store, dataset, ...) check_stats_row(__FILE__, __LINE__, store, dataset, &(stats_row){__VA_ARGS__})
#define CHECK_NO_STATS(store, dataset, array)                                                                         \
    do {                                                                                                              \
        atlas_stats stats_;                                                                                           \
        CHECK_FAILS(atlas_array_stats(store, dataset, array, &stats_), ATLAS_STATUS_NO_STATS, dataset, array);        \
    } while (0)

static void stats_none_before_the_first_flush(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    CHECK_OK(atlas_create_dataset(store, "a"));
    CHECK_OK(atlas_define_array(store, "a", "t", ATLAS_DTYPE_F32, 1, NULL, hours, NULL));
    CHECK_NO_STATS(store, "a", "t");
    float values[HOURS];
    for (int i = 0; i < HOURS; i++) values[i] = (float)(i - 3) * 0.5f;
    CHECK_OK(atlas_write_array(store, "a", "t", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, values));
    CHECK_NO_STATS(store, "a", "t");
    CHECK_OK(atlas_flush(store));
    CHECK_STATS(store, "a", "t", ATLAS_DTYPE_F32, HOURS, 0, true, -1.5, 10.0);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ);
    CHECK_STATS(store, "a", "t", ATLAS_DTYPE_F32, HOURS, 0, true, -1.5, 10.0);
    CHECK_OK(atlas_close(store));
}

static void stats_none_from_a_mutation_until_the_next_flush(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    float values[HOURS];
    for (int i = 0; i < HOURS; i++) values[i] = (float)i;
    static const char *const datasets[] = {"a", "b"};
    for (int i = 0; i < 2; i++) {
        CHECK_OK(atlas_create_dataset(store, datasets[i]));
        CHECK_OK(atlas_define_array(store, datasets[i], "t", ATLAS_DTYPE_F32, 1, NULL, hours, NULL));
        CHECK_OK(atlas_write_array(store, datasets[i], "t", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, values));
    }
    CHECK_OK(atlas_flush(store));
    CHECK_STATS(store, "a", "t", ATLAS_DTYPE_F32, HOURS, 0, true, 0.0, 23.0);

    /* A write, even of one cell: none for this array, still some for the same name in another dataset. */
    uint64_t start[1] = {23}, count[1] = {1};
    float value = 5.0f;
    CHECK_OK(atlas_write_array(store, "a", "t", ATLAS_DTYPE_F32, 1, start, count, NULL, &value));
    CHECK_NO_STATS(store, "a", "t");
    CHECK_STATS(store, "b", "t", ATLAS_DTYPE_F32, HOURS, 0, true, 0.0, 23.0);
    CHECK_OK(atlas_flush(store));
    /* The largest value was overwritten: the range shrinks with it. */
    CHECK_STATS(store, "a", "t", ATLAS_DTYPE_F32, HOURS, 0, true, 0.0, 22.0);

    /* An append. */
    value = -7.0f;
    CHECK_OK(atlas_append_array(store, "a", "t", ATLAS_DTYPE_F32, 1, count, NULL, &value));
    CHECK_NO_STATS(store, "a", "t");
    CHECK_OK(atlas_flush(store));
    CHECK_STATS(store, "a", "t", ATLAS_DTYPE_F32, HOURS + 1, 0, true, -7.0, 22.0);

    /* Writing the values that are there already is a write too. */
    CHECK_OK(atlas_write_array(store, "b", "t", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, values));
    CHECK_NO_STATS(store, "b", "t");
    CHECK_OK(atlas_flush(store));
    CHECK_STATS(store, "b", "t", ATLAS_DTYPE_F32, HOURS, 0, true, 0.0, 23.0);

    /* Deleted: not found; defined anew: none until the flush, even with another type. */
    atlas_stats stats;
    CHECK_OK(atlas_delete_array(store, "b", "t"));
    CHECK_FAILS(atlas_array_stats(store, "b", "t", &stats), ATLAS_STATUS_NOT_FOUND, "'t'", "'b'");
    uint64_t two[1] = {2};
    int16_t pair[2] = {-3, 4};
    CHECK_OK(atlas_define_array(store, "b", "t", ATLAS_DTYPE_I16, 1, NULL, two, NULL));
    CHECK_NO_STATS(store, "b", "t");
    CHECK_OK(atlas_write_array(store, "b", "t", ATLAS_DTYPE_I16, 1, NULL, NULL, NULL, pair));
    CHECK_NO_STATS(store, "b", "t");
    CHECK_OK(atlas_flush(store));
    CHECK_STATS(store, "b", "t", ATLAS_DTYPE_I16, 2, 0, true, -3.0, 4.0);

    /* Discarding a mutation brings back what the last flush computed. */
    pair[0] = 100;
    CHECK_OK(atlas_write_array(store, "b", "t", ATLAS_DTYPE_I16, 1, NULL, NULL, NULL, pair));
    CHECK_NO_STATS(store, "b", "t");
    CHECK_OK(atlas_discard(store));
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_STATS(store, "b", "t", ATLAS_DTYPE_I16, 2, 0, true, -3.0, 4.0);
    CHECK_STATS(store, "a", "t", ATLAS_DTYPE_F32, HOURS + 1, 0, true, -7.0, 22.0);
    CHECK_OK(atlas_close(store));
}

/* min, max, row_count and null_count of every kind of array, the same after flush, reopen and compact. */
static void check_all_stats(atlas_store store) {
    double inf = (double)INFINITY;
    CHECK_STATS(store, "s", "fill", ATLAS_DTYPE_F32, 6, 4, true, 1.0, 1.0);
    CHECK_STATS(store, "s", "nan_fill", ATLAS_DTYPE_F64, 4, 2, true, -2.0, 3.0);
    CHECK_STATS(store, "s", "no_fill", ATLAS_DTYPE_I32, 4, 0, true, 0.0, 7.0);
    CHECK_STATS(store, "s", "nans", ATLAS_DTYPE_F32, 3, 0, false, 0, 0);
    CHECK_STATS(store, "s", "all_null", ATLAS_DTYPE_I16, 4, 4, false, 0, 0);
    CHECK_STATS(store, "s", "untouched", ATLAS_DTYPE_U8, 3, 0, true, 0.0, 0.0);
    CHECK_STATS(store, "s", "untouched_fill", ATLAS_DTYPE_U8, 3, 3, false, 0, 0);
    CHECK_STATS(store, "s", "empty", ATLAS_DTYPE_F64, 0, 0, false, 0, 0);
    CHECK_STATS(store, "s", "scalar", ATLAS_DTYPE_F64, 1, 0, true, 2.5, 2.5);
    CHECK_STATS(store, "s", "flag", ATLAS_DTYPE_BOOL, 3, 0, true, 1.0, 1.0);
    CHECK_STATS(store, "s", "flags", ATLAS_DTYPE_BOOL, 3, 0, true, 0.0, 1.0);
    CHECK_STATS(store, "s", "i8", ATLAS_DTYPE_I8, 2, 0, true, -128.0, 127.0);
    CHECK_STATS(store, "s", "u16", ATLAS_DTYPE_U16, 2, 1, true, 9.0, 9.0);
    CHECK_STATS(store, "s", "half", ATLAS_DTYPE_F16, 3, 0, true, -2.0, 1.5);
    CHECK_STATS(store, "s", "infinite", ATLAS_DTYPE_F64, 3, 0, true, -inf, inf);
    CHECK_STATS(store, "s", "complex", ATLAS_DTYPE_C64, 2, 0, false, 0, 0);
    CHECK_STATS(store, "s", "complex_fill", ATLAS_DTYPE_C128, 3, 2, false, 0, 0);
    CHECK_STATS(store, "s", "text", ATLAS_DTYPE_STRING, 4, 2, false, 0, 0);
    CHECK_STATS(store, "s", "chunked", ATLAS_DTYPE_I32, 35, 20, true, 100.0, 118.0);

    atlas_stats stats;
    CHECK_OK(atlas_array_stats(store, "s", "i64", &stats));
    CHECK_I64(stats.min_int, INT64_MIN);
    CHECK_I64(stats.max_int, INT64_MAX - 1);
    CHECK_F64(stats.min, -9223372036854775808.0);
    CHECK_F64(stats.max, 9223372036854775808.0);
    CHECK_OK(atlas_array_stats(store, "s", "u64", &stats));
    CHECK_U64(stats.min_uint, UINT64_MAX - 1);
    CHECK_U64(stats.max_uint, UINT64_MAX);
    CHECK_F64(stats.max, 18446744073709551616.0);
    CHECK_OK(atlas_array_stats(store, "s", "time", &stats));
    CHECK_I64(stats.min_int, INT64_C(1700000000000000001));
    CHECK_I64(stats.max_int, INT64_C(1700000000000000003));
}

static void define(atlas_store store, const char *array, atlas_dtype dtype, size_t rank, const uint64_t *shape,
                   const void *fill) {
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.fill_value = fill;
    CHECK_OK(atlas_define_array(store, "s", array, dtype, rank, NULL, shape, &options));
}

static void put(atlas_store store, const char *array, atlas_dtype dtype, uint64_t count, const void *values) {
    uint64_t start[1] = {0}, counts[1] = {count};
    CHECK_OK(atlas_write_array(store, "s", array, dtype, 1, start, counts, NULL, values));
}

static void stats_have_the_right_values(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    CHECK_OK(atlas_create_dataset(store, "s"));
    static const uint64_t n2[1] = {2}, n3[1] = {3}, n4[1] = {4}, n0[2] = {0, 5}, two_three[2] = {2, 3}, five_seven[2] = {5, 7};

    float fill32 = -1.0f, row[3] = {1.0f, NAN, -1.0f};
    uint64_t origin[2] = {0, 0}, first_row[2] = {1, 3};
    define(store, "fill", ATLAS_DTYPE_F32, 2, two_three, &fill32);
    CHECK_OK(atlas_write_array(store, "s", "fill", ATLAS_DTYPE_F32, 2, origin, first_row, NULL, row));
    double nan_fill = NAN;
    define(store, "nan_fill", ATLAS_DTYPE_F64, 1, n4, &nan_fill);
    put(store, "nan_fill", ATLAS_DTYPE_F64, 3, (double[]){-NAN, 3.0, -2.0});
    define(store, "no_fill", ATLAS_DTYPE_I32, 1, n4, NULL);
    put(store, "no_fill", ATLAS_DTYPE_I32, 2, (int32_t[]){5, 7});
    define(store, "nans", ATLAS_DTYPE_F32, 1, n3, NULL);
    put(store, "nans", ATLAS_DTYPE_F32, 3, (float[]){NAN, NAN, NAN});
    int16_t fill16 = 5;
    define(store, "all_null", ATLAS_DTYPE_I16, 1, n4, &fill16);
    put(store, "all_null", ATLAS_DTYPE_I16, 3, (int16_t[]){5, 5, 5});
    uint8_t fill8 = 3;
    define(store, "untouched", ATLAS_DTYPE_U8, 1, n3, NULL);
    define(store, "untouched_fill", ATLAS_DTYPE_U8, 1, n3, &fill8);
    define(store, "empty", ATLAS_DTYPE_F64, 2, n0, NULL);
    define(store, "scalar", ATLAS_DTYPE_F64, 0, NULL, NULL);
    double scalar = 2.5;
    CHECK_OK(atlas_write_array(store, "s", "scalar", ATLAS_DTYPE_F64, 0, NULL, NULL, NULL, &scalar));
    define(store, "flag", ATLAS_DTYPE_BOOL, 1, n3, NULL);
    put(store, "flag", ATLAS_DTYPE_BOOL, 3, (bool[]){true, true, true});
    define(store, "flags", ATLAS_DTYPE_BOOL, 1, n3, NULL);
    put(store, "flags", ATLAS_DTYPE_BOOL, 2, (bool[]){true, true});
    define(store, "i8", ATLAS_DTYPE_I8, 1, n2, NULL);
    put(store, "i8", ATLAS_DTYPE_I8, 2, (int8_t[]){127, -128});
    uint16_t fillu16 = 65535;
    define(store, "u16", ATLAS_DTYPE_U16, 1, n2, &fillu16);
    put(store, "u16", ATLAS_DTYPE_U16, 2, (uint16_t[]){65535, 9});
    define(store, "half", ATLAS_DTYPE_F16, 1, n3, NULL);
    put(store, "half", ATLAS_DTYPE_F16, 3, (uint16_t[]){0x3e00, 0xc000, 0x7e00}); /* 1.5, -2, NaN */
    define(store, "infinite", ATLAS_DTYPE_F64, 1, n3, NULL);
    put(store, "infinite", ATLAS_DTYPE_F64, 3, (double[]){INFINITY, -INFINITY, NAN});
    define(store, "complex", ATLAS_DTYPE_C64, 1, n2, NULL);
    put(store, "complex", ATLAS_DTYPE_C64, 2, (float[]){1, 2, 3, 4});
    double complex_fill[2] = {0.0, 1.0};
    define(store, "complex_fill", ATLAS_DTYPE_C128, 1, n3, complex_fill);
    put(store, "complex_fill", ATLAS_DTYPE_C128, 2, (double[]){0.0, 1.0, 0.0, 2.0});
    define(store, "text", ATLAS_DTYPE_STRING, 1, n4, "none");
    uint64_t zero[1] = {0}, three[1] = {3};
    CHECK_OK(atlas_write_strings(store, "s", "text", 1, zero, three, (const char *const[]){"x", "none", ""}));
    define(store, "i64", ATLAS_DTYPE_I64, 1, n2, NULL);
    put(store, "i64", ATLAS_DTYPE_I64, 2, (int64_t[]){INT64_MAX - 1, INT64_MIN});
    define(store, "u64", ATLAS_DTYPE_U64, 1, n2, NULL);
    put(store, "u64", ATLAS_DTYPE_U64, 2, (uint64_t[]){UINT64_MAX, UINT64_MAX - 1});
    define(store, "time", ATLAS_DTYPE_TIMESTAMP_NS, 1, n2, NULL);
    put(store, "time", ATLAS_DTYPE_TIMESTAMP_NS, 2,
        (int64_t[]){INT64_C(1700000000000000003), INT64_C(1700000000000000001)});

    /* Chunks of 2 x 3 in 5 x 7, the middle rows never written, one chunk rewritten in a later flush. */
    static const uint64_t chunk[2] = {2, 3};
    int32_t fill = -9;
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    options.fill_value = &fill;
    CHECK_OK(atlas_define_array(store, "s", "chunked", ATLAS_DTYPE_I32, 2, NULL, five_seven, &options));
    int32_t values[7];
    for (int i = 0; i < 7; i++) values[i] = 100 + i;
    CHECK_OK(atlas_write_array(store, "s", "chunked", ATLAS_DTYPE_I32, 2, origin, (uint64_t[]){1, 7}, NULL, values));
    for (int i = 0; i < 7; i++) values[i] = 113 + i;
    CHECK_OK(atlas_write_array(store, "s", "chunked", ATLAS_DTYPE_I32, 2, (uint64_t[]){4, 0}, (uint64_t[]){1, 7}, NULL, values));
    CHECK_OK(atlas_flush(store));
    CHECK_STATS(store, "s", "chunked", ATLAS_DTYPE_I32, 35, 21, true, 100.0, 119.0);
    CHECK_OK(atlas_write_array(store, "s", "chunked", ATLAS_DTYPE_I32, 2, (uint64_t[]){3, 5}, (uint64_t[]){2, 2}, NULL,
                               (int32_t[]){110, 111, 118, -9}));
    CHECK_NO_STATS(store, "s", "chunked");
    CHECK_OK(atlas_flush(store));

    check_all_stats(store);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ);
    check_all_stats(store);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    check_all_stats(store);
    CHECK_OK(atlas_compact(store));
    check_all_stats(store);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ);
    check_all_stats(store);
    CHECK_OK(atlas_close(store));
}

/* ---- deletion is a tombstone ---- */

static void two_datasets(atlas_store store) {
    static const char *const datasets[] = {"old", "new"};
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_OK(atlas_create_dataset(store, datasets[i]));
        define_noise(store, datasets[i], "temperature");
        define_noise(store, datasets[i], "salinity");
        write_noise(store, datasets[i], "temperature", i * 2 + 1);
        write_noise(store, datasets[i], "salinity", i * 2 + 2);
    }
}

/* DELETED names what is gone after the deletion: of 4 noise arrays GONE are dead. */
static void check_tombstone(const char *path, atlas_store store, void (*remove)(atlas_store), void (*check)(atlas_store),
                            unsigned gone) {
    two_datasets(store);
    CHECK_OK(atlas_flush(store));
    folder_image flushed = folder_take(path);
    segment_sum full = segments_in(path, NULL);
    CHECK_U64(full.count, 2);
    CHECK(full.bytes >= 4 * NOISE_BYTES);
    uint64_t live = store_info(store).live_bytes;
    CHECK(live >= 4 * NOISE_BYTES);
    CHECK_U64(store_info(store).dead_bytes, 0);

    /* At once in memory, at the flush on disk, the bytes staying where they are. */
    remove(store);
    check(store);
    CHECK_FOLDER_SAME(&flushed, path);
    root_watch watch = watch_root(path);
    CHECK_OK(atlas_flush(store));
    CHECK_I64(watch_end(watch), 1);
    CHECK_SEGMENTS_SAME(&flushed, path);
    CHECK(store_info(store).dead_bytes >= gone * NOISE_BYTES);
    CHECK(store_info(store).live_bytes <= live - gone * NOISE_BYTES);
    check(store);
    atlas_store reader = store_open(path, ATLAS_MODE_READ);
    check(reader);
    CHECK_OK(atlas_close(reader));

    /* Then compact: live data only. */
    CHECK_OK(atlas_compact(store));
    segment_sum small = segments_in(path, NULL);
    CHECK(small.bytes <= full.bytes - gone * NOISE_BYTES);
    CHECK(small.bytes >= (4 - gone) * NOISE_BYTES);
    CHECK_U64(store_info(store).dead_bytes, 0);
    CHECK_U64(store_info(store).segment_count, small.count);
    check(store);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ);
    check(store);
    uint64_t damages = 99;
    CHECK_OK(atlas_verify(store, NULL, NULL, &damages));
    CHECK_U64(damages, 0);
    CHECK_OK(atlas_close(store));
    folder_free(&flushed);
}

static void remove_old(atlas_store store) { CHECK_OK(atlas_delete_dataset(store, "old")); }
static void check_without_old(atlas_store store) {
    CHECK(!has_dataset(store, "old"));
    CHECK_LIST("new;", atlas_dataset_names, store);
    bool has;
    CHECK_FAILS(atlas_has_array(store, "old", "temperature", &has), ATLAS_STATUS_NOT_FOUND, "'old'");
    CHECK_FAILS(atlas_read_array(store, "old", "temperature", ATLAS_DTYPE_U32, 2, NULL, NULL, NULL, &has),
                ATLAS_STATUS_NOT_FOUND, "'old'");
    check_noise(store, "new", "temperature", 3);
    check_noise(store, "new", "salinity", 4);
}
static void delete_dataset_then_compact_shrinks_files(void) {
    const char *path = path_of("store");
    check_tombstone(path, create(path), remove_old, check_without_old, 2);
}

static void remove_array(atlas_store store) { CHECK_OK(atlas_delete_array(store, "old", "salinity")); }
static void check_without_array(atlas_store store) {
    CHECK_LIST("temperature;", atlas_array_names, store, "old");
    CHECK(!has_array(store, "old", "salinity"));
    uint32_t cell;
    CHECK_FAILS(atlas_read_array(store, "old", "salinity", ATLAS_DTYPE_U32, 2, NULL, NULL, NULL, &cell),
                ATLAS_STATUS_NOT_FOUND, "'salinity'", "'old'");
    check_noise(store, "old", "temperature", 1);
    check_noise(store, "new", "temperature", 3);
    check_noise(store, "new", "salinity", 4);
}
static void delete_array_then_compact_shrinks_files(void) {
    const char *path = path_of("store");
    check_tombstone(path, create(path), remove_array, check_without_array, 1);
}

static void remove_everything(atlas_store store) {
    CHECK_OK(atlas_delete_dataset(store, "old"));
    CHECK_OK(atlas_delete_dataset(store, "new"));
}
static void check_empty(atlas_store store) { CHECK_U64(dataset_count(store), 0); }
static void compact_of_nothing_left_leaves_no_segment(void) {
    const char *path = path_of("store");
    check_tombstone(path, create(path), remove_everything, check_empty, 4);
    CHECK_U64(segments_in(path, NULL).count, 0);
}

/* Overwritten data is dead as well. */
static void compact_drops_overwritten_data(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    two_datasets(store);
    CHECK_OK(atlas_flush(store));
    for (uint32_t round = 0; round < 4; round++) {
        write_noise(store, "new", "salinity", 50 + round);
        CHECK_OK(atlas_flush(store));
    }
    /* The last one, the first, which has the other dataset's, too, and what the commit before the last needs. */
    CHECK(segments_in(path, "salinity/").count >= 3);
    CHECK(segments_in(path, NULL).bytes >= 6 * NOISE_BYTES);
    CHECK_OK(atlas_compact(store));
    CHECK_U64(segments_in(path, "salinity/").count, 1);
    CHECK(segments_in(path, NULL).bytes < 5 * NOISE_BYTES);
    check_noise(store, "new", "salinity", 53);
    check_noise(store, "old", "salinity", 2);
    CHECK_OK(atlas_close(store));
}

static void compact_is_safe_to_skip(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    two_datasets(store);
    CHECK_OK(atlas_flush(store));
    uint64_t bytes = segments_in(path, NULL).bytes;
    for (uint32_t round = 0; round < 5; round++) {
        CHECK_OK(atlas_delete_dataset(store, "old"));
        CHECK_OK(atlas_flush(store));
        CHECK_OK(atlas_create_dataset(store, "old"));
        define_noise(store, "old", "temperature");
        write_noise(store, "old", "temperature", 70 + round);
        CHECK_OK(atlas_close(store));
        /* The bytes just sit there. */
        uint64_t more = segments_in(path, NULL).bytes;
        CHECK(more >= bytes + NOISE_BYTES);
        bytes = more;
        store = store_open(path, ATLAS_MODE_READ_WRITE);
        CHECK_LIST("new;old;", atlas_dataset_names, store);
        CHECK_LIST("temperature;", atlas_array_names, store, "old");
        check_noise(store, "old", "temperature", 70 + round);
        check_noise(store, "new", "temperature", 3);
        check_noise(store, "new", "salinity", 4);
    }
    CHECK(store_info(store).dead_bytes >= 6 * NOISE_BYTES);
    CHECK_OK(atlas_compact(store));
    CHECK(segments_in(path, NULL).bytes < 4 * NOISE_BYTES);
    check_noise(store, "old", "temperature", 74);
    check_noise(store, "new", "temperature", 3);
    CHECK_OK(atlas_close(store));
}

static void compact_with_unflushed_changes_is_an_error(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    two_datasets(store);
    CHECK_FAILS(atlas_compact(store), ATLAS_STATUS_UNFLUSHED_CHANGES, "flush");
    CHECK_OK(atlas_flush(store));
    for (int kind = 0; kind < 7; kind++) {
        folder_image flushed = folder_take(path);
        int32_t value = kind;
        uint64_t origin[2] = {0, 0}, one[2] = {1, 1}, row[2] = {1, 512};
        static const uint32_t values[512];
        uint32_t cell = noise(1, 0);
        switch (kind) {
        case 0: CHECK_OK(atlas_create_dataset(store, "fresh")); break;
        case 1: CHECK_OK(atlas_set_attribute(store, "old", NULL, "x", ATLAS_DTYPE_I32, 1, &value)); break;
        case 2: CHECK_OK(atlas_write_array(store, "old", "temperature", ATLAS_DTYPE_U32, 2, origin, one, NULL, &cell)); break;
        case 3: CHECK_OK(atlas_append_array(store, "old", "salinity", ATLAS_DTYPE_U32, 2, row, NULL, values)); break;
        case 4: CHECK_OK(atlas_delete_array(store, "old", "salinity")); break;
        case 5: CHECK_OK(atlas_define_array(store, "fresh", "n", ATLAS_DTYPE_U8, 0, NULL, NULL, NULL)); break;
        case 6: CHECK_OK(atlas_delete_dataset(store, "fresh")); break;
        }
        CHECK(store_info(store).unflushed_changes);
        CHECK_FAILS(atlas_compact(store), ATLAS_STATUS_UNFLUSHED_CHANGES, "flush");
        CHECK_FOLDER_SAME(&flushed, path);
        CHECK(store_info(store).unflushed_changes); /* refused, not lost */
        folder_free(&flushed);
        CHECK_OK(atlas_flush(store));
        CHECK_OK(atlas_compact(store));
        check_noise(store, "old", "temperature", 1);
        check_noise(store, "new", "salinity", 4);
    }
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ);
    check_noise(store, "old", "temperature", 1);
    CHECK_LIST("old;new;", atlas_dataset_names, store);
    CHECK_OK(atlas_close(store));
}

/* A store opened afresh has touched no array yet: compact must still reach every file. */
static void compact_after_reopen(void) {
    const char *path = path_of("store");
    atlas_store store = create(path);
    two_datasets(store);
    CHECK_OK(atlas_flush(store));
    CHECK_OK(atlas_delete_dataset(store, "old"));
    CHECK_OK(atlas_close(store));
    segment_sum full = segments_in(path, NULL);
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_OK(atlas_compact(store));
    segment_sum small = segments_in(path, NULL);
    CHECK(small.bytes <= full.bytes - 2 * NOISE_BYTES);
    check_without_old(store);

    /* Compact is durable at once: nothing is left to flush, and a discard does not take it back. */
    CHECK(!store_info(store).unflushed_changes);
    CHECK_OK(atlas_discard(store));
    CHECK_U64(segments_in(path, NULL).bytes, small.bytes);
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    check_without_old(store);

    /* Once more has nothing to do and harms nothing; writing goes on afterwards. */
    CHECK_OK(atlas_compact(store));
    check_without_old(store);
    CHECK(segments_in(path, NULL).bytes <= small.bytes + 4096);
    write_noise(store, "new", "salinity", 9);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ);
    check_noise(store, "new", "salinity", 9);
    check_noise(store, "new", "temperature", 3);
    CHECK_OK(atlas_close(store));
}

int main(int argc, char **argv) {
    check_start(argv);
    if (argc == 3 && strcmp(argv[1], "ingest") == 0) return ingest_role(argv[2]);
    static const struct {
        const char *name;
        void (*test)(void);
    } tests[] = {
#define TEST(name) {#name, name}
        TEST(nothing_on_disk_before_flush),
        TEST(discard_loses_everything),
        TEST(discard_goes_back_to_the_last_flush),
        TEST(close_is_flush),
        TEST(flush_keeps_going),
        TEST(flush_without_changes_does_nothing),
        TEST(thousand_datasets_one_flush),
        TEST(thousand_datasets_discarded),
        TEST(thousand_datasets_killed),
        TEST(process_end_without_close_loses_everything),
        TEST(one_segment_per_touched_array_name),
        TEST(root_has_the_chosen_format),
        TEST(stats_none_before_the_first_flush),
        TEST(stats_none_from_a_mutation_until_the_next_flush),
        TEST(stats_have_the_right_values),
        TEST(delete_dataset_then_compact_shrinks_files),
        TEST(delete_array_then_compact_shrinks_files),
        TEST(compact_of_nothing_left_leaves_no_segment),
        TEST(compact_drops_overwritten_data),
        TEST(compact_is_safe_to_skip),
        TEST(compact_with_unflushed_changes_is_an_error),
        TEST(compact_after_reopen),
    };
    for (size_t v = 0; v < COUNT_OF(variants); v++) {
        variant = &variants[v];
        for (size_t i = 0; i < COUNT_OF(tests); i++) check_run(tests[i].name, variant->name, tests[i].test);
    }
    return check_finish();
}
