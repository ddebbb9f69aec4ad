/*
 * The workloads, on Atlas with its default options.
 *
 *     workloads WORKLOAD FOLDER [VARIANT]
 *
 * WORKLOAD is one of W1 W2 W3 W4 W5-write W5-read W5-edit W6 W7 W8; W3 reads what W1 left in FOLDER, W4 what W2 left, W5-read
 * and W5-edit what W5-write left. VARIANT names the result; W2-background flushes with atlas_flush_begin,
 * W5-million-write, -read and -edit are of a million datasets, W7-large has room for all values, W8-1000 has so many variables.
 */
#include "bench.h"

#include <atlas.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char path[4096];

static void check(atlas_status status, int line) {
    if (status != ATLAS_STATUS_OK) die("workloads.c:%d: %s: %s", line, atlas_status_name(status), atlas_last_error());
}
#define CHECK(call) check((call), __LINE__)

static atlas_store create_store(void) {
    atlas_store store;
    CHECK(atlas_create(path, NULL, &store));
    return store;
}

static atlas_store open_store(void) {
    atlas_store store;
    CHECK(atlas_open(path, ATLAS_MODE_READ, NULL, &store));
    return store;
}

static void set_attribute(atlas_store store, const char *dataset, const char *key, atlas_dtype dtype,
                          const void *value) {
    CHECK(atlas_set_attribute(store, dataset, NULL, key, dtype, 1, value));
}

/* ---- W1: 1000 datasets of two fields, a time and five attributes; one flush ---- */

static void ingest_one(atlas_store store, int k, const float *temperature, const float *pressure) {
    const uint64_t shape[] = {LAT, LON}, one[] = {1};
    const char *dims[] = {"lat", "lon"}, *time_dims[] = {"time"};
    char name[32], run_name[32];
    const char *institution = "Institute of Examples", *run = run_name;
    const int64_t month = k % 12, version = 3;
    const double first_latitude = -90 + 0.1 * k, time = k;
    snprintf(name, sizeof name, "ds%04d", k);
    snprintf(run_name, sizeof run_name, "run-%04d", k);

    CHECK(atlas_create_dataset(store, name));
    CHECK(atlas_define_array(store, name, "temperature", ATLAS_DTYPE_F32, 2, dims, shape, NULL));
    CHECK(atlas_define_array(store, name, "pressure", ATLAS_DTYPE_F32, 2, dims, shape, NULL));
    CHECK(atlas_define_array(store, name, "time", ATLAS_DTYPE_F64, 1, time_dims, one, NULL));
    set_attribute(store, name, "institution", ATLAS_DTYPE_STRING, &institution);
    set_attribute(store, name, "month", ATLAS_DTYPE_I64, &month);
    set_attribute(store, name, "lat0", ATLAS_DTYPE_F64, &first_latitude);
    set_attribute(store, name, "run", ATLAS_DTYPE_STRING, &run);
    set_attribute(store, name, "version", ATLAS_DTYPE_I64, &version);
    CHECK(atlas_write_array(store, name, "temperature", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, temperature));
    CHECK(atlas_write_array(store, name, "pressure", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, pressure));
    CHECK(atlas_write_array(store, name, "time", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, &time));
}

static void ingest(const char *variant) {
    static double steps[DATASETS];
    float *fields = allocate(sizeof(float) * FIELD * 2 * DATASETS);
    for (int k = 0; k < 2 * DATASETS; k++) make_field(fields + (size_t)k * FIELD, k % 2, k / 2);

    double memory = resident(), work = cpu(), start = now();
    atlas_store store = create_store();
    for (int k = 0; k < DATASETS; k++) {
        double before = now();
        const float *temperature = fields + (size_t)k * 2 * FIELD;
        ingest_one(store, k, temperature, temperature + FIELD);
        steps[k] = now() - before;
    }
    CHECK(atlas_close(store));
    double wall = now() - start;

    result_begin("atlas", variant);
    result("wall_s", wall);
    result("cpu_s", cpu() - work);
    result_durations("step", steps, DATASETS);
    result_memory(memory);
    result("disk_bytes", bytes_in(path));
    result_end();
    free(fields);
}

/* ---- W3: one variable of all 1000 datasets ---- */

static void scan(const char *variant) {
    static char names[DATASETS][16];
    static double sums[DATASETS];
    const char *datasets[DATASETS];
    const uint64_t count[] = {LAT, LON};
    float *values = allocate(sizeof(float) * FIELD * DATASETS);
    for (int k = 0; k < DATASETS; k++) {
        snprintf(names[k], sizeof names[k], "ds%04d", k);
        datasets[k] = names[k];
    }

    double memory = resident(), work = cpu(), start = now();
    atlas_store store = open_store();
    double opened = now();
    CHECK(atlas_read_across(store, "temperature", DATASETS, datasets, ATLAS_DTYPE_F32, 2, NULL, count, values));
    for (int k = 0; k < DATASETS; k++) sums[k] = sum(values + (size_t)k * FIELD, FIELD);
    double wall = now() - start, worked = cpu() - work;
    double again[REPEATS], in_batches[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
        double before = now();
        CHECK(atlas_read_across(store, "temperature", DATASETS, datasets, ATLAS_DTYPE_F32, 2, NULL, count, values));
        again[i] = now() - before;
        before = now();
        for (int k = 0; k < DATASETS; k += BATCH)
            CHECK(atlas_read_across(store, "temperature", BATCH, datasets + k, ATLAS_DTYPE_F32, 2, NULL, count,
                                    values + (size_t)k * FIELD));
        in_batches[i] = now() - before;
    }

    result_begin("atlas", variant);
    result("wall_s", wall);
    result("open_ms", 1e3 * (opened - start));
    result("cpu_s", worked);
    result("again_ms", 1e3 * quantile(again, REPEATS, 0.5));
    result("batches_ms", 1e3 * quantile(in_batches, REPEATS, 0.5));
    result_memory(memory);
    result_end();
    check_sums(sums, 0);
    for (int k = 0; k < DATASETS; k++) {
        CHECK(atlas_read_array(store, names[k], "pressure", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, values));
        sums[k] = sum(values, FIELD);
    }
    check_sums(sums, 1);
    CHECK(atlas_close(store));
    free(values);
}

/* ---- W2: model output, one step after the other ---- */

static const uint64_t slab_shape[] = {1, LEVELS, ROWS, COLUMNS};

static void run_model(const char *variant) {
    static double steps[STEPS], flushes[STEPS / FLUSH_EVERY];
    bool background = strcmp(variant, "W2-background") == 0;
    float *data = make_steps(), *step = allocate(sizeof(float) * STEP);
    const uint64_t shape[] = {0, LEVELS, ROWS, COLUMNS};
    const char *dims[] = {"time", "level", "lat", "lon"};
    const atlas_array_options options = {.struct_size = sizeof options, .chunk_shape = slab_shape};
    char names[VARIABLES][8];
    double longest = 0;

    double memory = resident(), work = cpu(), start = now(), copying = 0;
    atlas_store store = create_store();
    CHECK(atlas_create_dataset(store, "run"));
    for (int v = 0; v < VARIABLES; v++) {
        snprintf(names[v], sizeof names[v], "v%d", v);
        CHECK(atlas_define_array(store, "run", names[v], ATLAS_DTYPE_F32, 4, dims, shape, &options));
    }
    for (int t = 0; t < STEPS; t++) {
        double before = now();
        memcpy(step, data + (size_t)(t % CYCLE) * STEP, sizeof(float) * STEP); /* the model's work */
        double copied = now(), last = copied;
        copying += copied - before;
        for (int v = 0; v < VARIABLES; v++) {
            CHECK(atlas_append_array(store, "run", names[v], ATLAS_DTYPE_F32, 4, slab_shape, NULL,
                                     step + (size_t)v * SLAB));
            double called = now();
            if (called - last > longest) longest = called - last;
            last = called;
        }
        steps[t] = last - copied;
        if ((t + 1) % FLUSH_EVERY == 0) {
            CHECK(background ? atlas_flush_begin(store) : atlas_flush(store));
            double flushed = now() - last;
            flushes[t / FLUSH_EVERY] = flushed;
            if (flushed > longest) longest = flushed;
        }
    }
    double before = now();
    CHECK(atlas_close(store));
    double end = now();

    result_begin("atlas", variant);
    result("wall_s", end - start - copying);
    result("cpu_s", cpu() - work);
    result_durations("step", steps, STEPS);
    result_durations("flush", flushes, STEPS / FLUSH_EVERY);
    result("longest_ms", 1e3 * longest);
    result("close_ms", 1e3 * (end - before));
    result_memory(memory);
    result("disk_bytes", bytes_in(path));
    result_end();
    free(data);
    free(step);
}

/* ---- W4: maps and point series of that run ---- */

static void read_map(atlas_store store, const char *array, size_t step, size_t level, float *map) {
    const uint64_t start[] = {step, level, 0, 0}, count[] = {1, 1, ROWS, COLUMNS};
    CHECK(atlas_read_array(store, "run", array, ATLAS_DTYPE_F32, 4, start, count, NULL, map));
}

static void read_series(atlas_store store, const char *array, size_t row, size_t column, float *series) {
    const uint64_t start[] = {0, MAP_LEVEL, row, column}, count[] = {STEPS, 1, 1, 1};
    CHECK(atlas_read_array(store, "run", array, ATLAS_DTYPE_F32, 4, start, count, NULL, series));
}

static void read_run(const char *variant) {
    float *map = allocate(sizeof(float) * PLANE), series[STEPS];
    double series_again[REPEATS], map_again[REPEATS];
    size_t a, b;

    double memory = resident(), start = now();
    atlas_store store = open_store();
    double opened = now();
    read_map(store, "v1", MAP_STEP, MAP_LEVEL, map);
    double mapped = now();
    read_series(store, "v0", POINT_ROW, POINT_COLUMN, series);
    double done = now();
    check_map(map, MAP_STEP, 1, MAP_LEVEL);
    check_series(series, 0, MAP_LEVEL, POINT_ROW, POINT_COLUMN);
    for (int i = 0; i < REPEATS; i++) {
        other_point(i, &a, &b);
        double before = now();
        read_series(store, "v0", a, b, series);
        series_again[i] = now() - before;
        check_series(series, 0, MAP_LEVEL, a, b);
    }
    for (int i = 0; i < REPEATS; i++) {
        other_map(i, &a, &b);
        double before = now();
        read_map(store, "v0", a, b, map);
        map_again[i] = now() - before;
        check_map(map, (int)a, 0, (int)b);
    }

    result_begin("atlas", variant);
    result("open_ms", 1e3 * (opened - start));
    result("map_ms", 1e3 * (mapped - opened));
    result("series_ms", 1e3 * (done - mapped));
    result("map_again_ms", 1e3 * quantile(map_again, REPEATS, 0.5));
    result("series_again_ms", 1e3 * quantile(series_again, REPEATS, 0.5));
    result_memory(memory);
    result_end();
    float *slab = allocate(sizeof(float) * SLAB);
    for (size_t t = 0; t < STEPS; t++) {
        const uint64_t first[] = {t, 0, 0, 0};
        CHECK(atlas_read_array(store, "run", "v3", ATLAS_DTYPE_F32, 4, first, slab_shape, NULL, slab));
        check_slab(slab, (int)t, 3);
    }
    CHECK(atlas_close(store));
    free(map);
    free(slab);
}

/* ---- W5: 100,000 tiny datasets, or a million ---- */

static int tiny_datasets(const char *variant) {
    return strncmp(variant, "W5-million", 10) == 0 ? MILLION : TINY_DATASETS;
}

static void create_tiny(const char *variant) {
    const uint64_t shape[] = {TINY};
    const char *dims[] = {"x"};
    char name[32];
    const char *text = name;

    double memory = resident(), work = cpu(), start = now();
    atlas_store store = create_store();
    for (int k = 0; k < tiny_datasets(variant); k++) {
        const int64_t id = k;
        const double weight = 0.5 * k;
        double values[TINY];
        for (int i = 0; i < TINY; i++) values[i] = k + i;
        snprintf(name, sizeof name, "ds%06d", k);
        CHECK(atlas_create_dataset(store, name));
        CHECK(atlas_define_array(store, name, "x", ATLAS_DTYPE_F64, 1, dims, shape, NULL));
        set_attribute(store, name, "id", ATLAS_DTYPE_I64, &id);
        set_attribute(store, name, "weight", ATLAS_DTYPE_F64, &weight);
        set_attribute(store, name, "name", ATLAS_DTYPE_STRING, &text);
        CHECK(atlas_write_array(store, name, "x", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
    }
    double created = now();
    CHECK(atlas_close(store));
    double end = now();

    result_begin("atlas", variant);
    result("wall_s", end - start);
    result("close_s", end - created);
    result("cpu_s", cpu() - work);
    result_memory(memory);
    result("disk_bytes", bytes_in(path));
    result_end();
}

static void read_tiny(const char *variant) {
    static double reads[TINY_READS];
    char name[32];
    size_t needed;

    double memory = resident(), start = now();
    atlas_store store = open_store();
    double opened = now(), holds = resident() - memory;
    if (atlas_dataset_names(store, NULL, 0, &needed) != ATLAS_STATUS_BUFFER_TOO_SMALL) die("no names");
    char *names = malloc(needed);
    if (!names) die("no memory for %zu bytes", needed);
    CHECK(atlas_dataset_names(store, names, needed, &needed));
    double listed = now();
    for (int i = 0; i < TINY_READS; i++) {
        double before = now(), values[TINY];
        int64_t id;
        size_t count;
        snprintf(name, sizeof name, "ds%06d", tiny_dataset(i));
        CHECK(atlas_read_array(store, name, "x", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
        CHECK(atlas_get_attribute(store, name, NULL, "id", ATLAS_DTYPE_I64, 1, &id, &count));
        reads[i] = now() - before;
        check_tiny(values, id, tiny_dataset(i));
    }

    result_begin("atlas", variant);
    result("open_ms", 1e3 * (opened - start));
    result("list_ms", 1e3 * (listed - opened));
    result("first_read_ms", 1e3 * reads[0]);
    result("read_us", 1e6 * quantile(reads + 1, TINY_READS - 1, 0.5));
    result("handle_mb", holds);
    result_memory(memory);
    result_end();
    const char *listed_name = names;
    for (int k = 0; k < tiny_datasets(variant); k++, listed_name += strlen(listed_name) + 1) {
        snprintf(name, sizeof name, "ds%06d", k);
        if (listed_name >= names + needed || strcmp(listed_name, name) != 0) die("dataset %d is not listed", k);
    }
    free(names);
    CHECK(atlas_close(store));
}

static void edit_tiny(const char *variant) {
    static double flushes[TINY_EDITS];
    char name[32];
    atlas_store store;
    CHECK(atlas_open(path, ATLAS_MODE_READ_WRITE, NULL, &store));
    double memory = resident();
    for (int i = 0; i < TINY_EDITS; i++) {
        const double weight = i;
        double before = now();
        snprintf(name, sizeof name, "ds%06d", tiny_dataset(i));
        set_attribute(store, name, "weight", ATLAS_DTYPE_F64, &weight);
        CHECK(atlas_flush(store));
        flushes[i] = now() - before;
    }
    result_begin("atlas", variant);
    result("edit_med_ms", 1e3 * quantile(flushes, TINY_EDITS, 0.5));
    result_memory(memory);
    result_end();
    CHECK(atlas_close(store));
}

/* ---- W6: 1000 flushes of 1 KiB each ---- */

static void update(const char *variant) {
    static double flushes[UPDATES];
    const uint64_t shape[] = {UPDATES, UPDATE}, chunk[] = {1, UPDATE};
    const char *dims[] = {"row", "x"};
    const atlas_array_options options = {.struct_size = sizeof options, .chunk_shape = chunk};
    float row[UPDATE];
    atlas_store store = create_store();
    CHECK(atlas_create_dataset(store, "updates"));
    CHECK(atlas_define_array(store, "updates", "a", ATLAS_DTYPE_F32, 2, dims, shape, &options));
    CHECK(atlas_flush(store));

    double memory = resident(), work = cpu(), start = now();
    for (int k = 0; k < UPDATES; k++) {
        const uint64_t first[] = {(uint64_t)k, 0};
        make_update(row, k);
        double before = now();
        CHECK(atlas_write_array(store, "updates", "a", ATLAS_DTYPE_F32, 2, first, chunk, NULL, row));
        CHECK(atlas_flush(store));
        flushes[k] = now() - before;
    }
    double wall = now() - start, worked = cpu() - work;
    CHECK(atlas_close(store));

    result_begin("atlas", variant);
    result("wall_s", wall);
    result("per_s", UPDATES / wall);
    result("cpu_s", worked);
    result_durations("flush", flushes, UPDATES);
    result("first_ms", 1e3 * quantile(flushes, WINDOW, 0.5));
    result("last_ms", 1e3 * quantile(flushes + UPDATES - WINDOW, WINDOW, 0.5));
    result_memory(memory);
    result("disk_bytes", bytes_in(path));
    result_end();
    float *rows = allocate(sizeof(float) * UPDATE * UPDATES);
    store = open_store();
    CHECK(atlas_read_array(store, "updates", "a", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, rows));
    check_updates(rows);
    CHECK(atlas_close(store));
    free(rows);
}

/* ---- W7: many fields that are appended to ---- */

static void append_fields(const char *variant) {
    const uint64_t shape[] = {0, LAT, LON}, row[] = {1, LAT, LON};
    const char *dims[] = {"time", "lat", "lon"};
    char name[32];
    float *patterns = make_patterns(), *field = allocate(sizeof(float) * FIELD);
    atlas_create_options options = {.struct_size = sizeof options};
    if (strcmp(variant, "W7-large") == 0) options.write_buffer_bytes = (uint64_t)4 << 30;

    double memory = resident(), work = cpu(), start = now();
    atlas_store store;
    CHECK(atlas_create(path, &options, &store));
    CHECK(atlas_create_dataset(store, "run"));
    for (int f = 0; f < MANY_FIELDS; f++) {
        snprintf(name, sizeof name, "v%03d", f);
        CHECK(atlas_define_array(store, "run", name, ATLAS_DTYPE_F32, 3, dims, shape, NULL));
    }
    for (int t = 0; t < MANY_STEPS; t++)
        for (int f = 0; f < MANY_FIELDS; f++) {
            snprintf(name, sizeof name, "v%03d", f);
            CHECK(atlas_append_array(store, "run", name, ATLAS_DTYPE_F32, 3, row, NULL,
                                     patterns + (size_t)pattern_of(f, t) * FIELD));
        }
    CHECK(atlas_close(store));
    double end = now();

    result_begin("atlas", variant);
    result("wall_s", end - start);
    result("cpu_s", cpu() - work);
    result_memory(memory);
    result("disk_bytes", bytes_in(path));
    result_end();
    store = open_store();
    for (int f = 0; f < MANY_FIELDS; f += 37)
        for (int t = 0; t < MANY_STEPS; t += 5) {
            const uint64_t first[] = {(uint64_t)t, 0, 0};
            snprintf(name, sizeof name, "v%03d", f);
            CHECK(atlas_read_array(store, "run", name, ATLAS_DTYPE_F32, 3, first, row, NULL, field));
            if (memcmp(field, patterns + (size_t)pattern_of(f, t) * FIELD, sizeof(float) * FIELD) != 0)
                die("field %d, step %d: read other values than were written", f, t);
        }
    CHECK(atlas_close(store));
    free(field);
    free(patterns);
}

/* ---- W8: flushes of one new value of each of many variables ---- */

static void append_values(const char *variant, int names) {
    static double flushes[NAME_FLUSHES];
    const uint64_t shape[] = {0}, one[] = {1};
    const char *dims[] = {"time"};
    char name[32];
    atlas_store store = create_store();
    CHECK(atlas_create_dataset(store, "run"));
    for (int v = 0; v < names; v++) {
        snprintf(name, sizeof name, "v%04d", v);
        CHECK(atlas_define_array(store, "run", name, ATLAS_DTYPE_F64, 1, dims, shape, NULL));
    }
    CHECK(atlas_flush(store));
    double memory = resident(), work = cpu();
    for (int t = 0; t < NAME_FLUSHES; t++) {
        double before = now();
        for (int v = 0; v < names; v++) {
            const double value = t + v;
            snprintf(name, sizeof name, "v%04d", v);
            CHECK(atlas_append_array(store, "run", name, ATLAS_DTYPE_F64, 1, one, NULL, &value));
        }
        CHECK(atlas_flush(store));
        flushes[t] = now() - before;
    }
    double worked = cpu() - work;
    CHECK(atlas_close(store));

    result_begin("atlas", variant);
    result_durations("flush", flushes, NAME_FLUSHES);
    result("cpu_s", worked);
    result_memory(memory);
    result("disk_bytes", bytes_in(path));
    result_end();
    double values[NAME_FLUSHES];
    store = open_store();
    for (int v = 0; v < names; v++) {
        snprintf(name, sizeof name, "v%04d", v);
        CHECK(atlas_read_array(store, "run", name, ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
        for (int t = 0; t < NAME_FLUSHES; t++)
            if (values[t] != t + v) die("variable %d, step %d: read another value than was written", v, t);
    }
    CHECK(atlas_close(store));
}

int main(int argc, char **argv) {
    if (argc < 3) die("usage: workloads WORKLOAD FOLDER [VARIANT]");
    const char *workload = argv[1], *variant = argc > 3 ? argv[3] : workload;
    snprintf(path, sizeof path, "%s/store.atlas", argv[2]);
    if (strcmp(workload, "W1") == 0)
        ingest(variant);
    else if (strcmp(workload, "W2") == 0)
        run_model(variant);
    else if (strcmp(workload, "W3") == 0)
        scan(variant);
    else if (strcmp(workload, "W4") == 0)
        read_run(variant);
    else if (strcmp(workload, "W5-write") == 0)
        create_tiny(variant);
    else if (strcmp(workload, "W5-read") == 0)
        read_tiny(variant);
    else if (strcmp(workload, "W5-edit") == 0)
        edit_tiny(variant);
    else if (strcmp(workload, "W6") == 0)
        update(variant);
    else if (strcmp(workload, "W7") == 0)
        append_fields(variant);
    else if (strcmp(workload, "W8") == 0)
        append_values(variant, strcmp(variant, "W8-1000") == 0 ? MANY_NAMES : FEWER_NAMES);
    else
        die("no workload %s", workload);
    return EXIT_SUCCESS;
}
