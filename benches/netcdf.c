/*
 * The workloads, on NetCDF-4 (W5: on HDF5, because NetCDF takes hours for that many groups).
 *
 *     netcdf CODEC WORKLOAD FOLDER [VARIANT]
 *
 * CODEC is none, zlib (shuffle and deflate, level 1) or zstd (shuffle and zstd, level 1, a filter that this program
 * brings along). WORKLOAD, FOLDER and VARIANT are as for `workloads`; W1-stacked and W3-stacked are W1 and W3 in
 * another layout; "available" does nothing, and succeeds if there is such a CODEC.
 *
 * The layout is the best that NetCDF has for each workload, see README.md.
 */
#include "bench.h"

#include <hdf5.h>
#include <netcdf.h>
#include <netcdf_filter.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ZSTD_FILTER = 32015 };

static char path[4096];
static const char *codec, *folder, *system_name;
static const zstd_library *zstd;

static void check(int status, int line) {
    if (status != NC_NOERR) die("netcdf.c:%d: %s", line, nc_strerror(status));
}
#define CHECK(call) check((call), __LINE__)

static hid_t check_hdf5(int64_t id, int line) {
    if (id < 0) die("netcdf.c:%d: an HDF5 call failed", line);
    return id;
}
#define HDF5(call) check_hdf5((call), __LINE__)

/* ---- the zstd filter ---- */

static size_t zstd_filter(unsigned flags, size_t parameters, const unsigned *parameter, size_t bytes, size_t *capacity,
                          void **buffer) {
    static void *compressor, *decompressor;
    size_t needed, done;
    void *out;
    if (flags & H5Z_FLAG_REVERSE) {
        if (!decompressor) decompressor = zstd->create_decompressor();
        needed = (size_t)zstd->content_size(*buffer, bytes);
        out = H5allocate_memory(needed, false);
        if (!out) return 0;
        done = zstd->decompress(decompressor, out, needed, *buffer, bytes);
    } else {
        if (!compressor) compressor = zstd->create_compressor();
        needed = zstd->bound(bytes);
        out = H5allocate_memory(needed, false);
        if (!out) return 0;
        done = zstd->compress(compressor, out, needed, *buffer, bytes, parameters > 0 ? (int)parameter[0] : 1);
    }
    if (zstd->is_error(done)) {
        H5free_memory(out);
        return 0;
    }
    H5free_memory(*buffer);
    *buffer = out;
    *capacity = needed;
    return done;
}

static void register_zstd(void) {
    static const H5Z_class2_t filter = {
        .version = H5Z_CLASS_T_VERS,
        .id = ZSTD_FILTER,
        .encoder_present = 1,
        .decoder_present = 1,
        .name = "zstd",
        .filter = zstd_filter,
    };
    zstd = load_zstd();
    if (!zstd) die("libzstd.so.1 is not installed");
    HDF5(H5Zregister(&filter));
}

static void compress(int file, int variable) {
    if (strcmp(codec, "zlib") == 0) {
        CHECK(nc_def_var_deflate(file, variable, 1, 1, 1));
    } else if (strcmp(codec, "zstd") == 0) {
        const unsigned level = 1;
        CHECK(nc_def_var_deflate(file, variable, 1, 0, 0));
        CHECK(nc_def_var_filter(file, variable, ZSTD_FILTER, 1, &level));
    }
}

static bool compressed(void) { return strcmp(codec, "none") != 0; }

static int create_file(void) {
    int file;
    CHECK(nc_create(path, NC_NETCDF4, &file));
    return file;
}

static int open_file(void) {
    int file;
    CHECK(nc_open(path, NC_NOWRITE, &file));
    return file;
}

static int dimension(int file, const char *name, size_t length) {
    int id;
    CHECK(nc_def_dim(file, name, length, &id));
    return id;
}

static int variable(int file, const char *name, nc_type type, int rank, const int *dimensions) {
    int id;
    CHECK(nc_def_var(file, name, type, rank, dimensions, &id));
    if (type != NC_STRING) CHECK(nc_def_var_fill(file, id, NC_NOFILL, NULL)); /* NetCDF refuses it for text */
    return id;
}

static int variable_id(int file, const char *name) {
    int id;
    CHECK(nc_inq_varid(file, name, &id));
    return id;
}

/* ---- W1 and W3: a group for each dataset, or all datasets stacked along a leading dimension ---- */

static float *make_all_fields(void) {
    float *fields = allocate(sizeof(float) * FIELD * 2 * DATASETS);
    for (int k = 0; k < 2 * DATASETS; k++) make_field(fields + (size_t)k * FIELD, k % 2, k / 2);
    return fields;
}

static int define_field(int group, const char *name, int rank, const int *dimensions) {
    const size_t chunk[] = {1, LAT, LON};
    int id = variable(group, name, NC_FLOAT, rank, dimensions);
    if (compressed()) {
        CHECK(nc_def_var_chunking(group, id, NC_CHUNKED, chunk + 3 - rank));
        compress(group, id);
    }
    return id;
}

static void write_group(int file, int k, const int *dimensions, const float *field) {
    static const char institution[] = "Institute of Examples";
    char name[32], run[32];
    const long long month = k % 12, version = 3;
    const double latitude = -90 + 0.1 * k, time = k;
    int group;
    snprintf(name, sizeof name, "ds%04d", k);
    snprintf(run, sizeof run, "run-%04d", k);
    CHECK(nc_def_grp(file, name, &group));
    int temperature = define_field(group, "temperature", 2, dimensions);
    int pressure = define_field(group, "pressure", 2, dimensions);
    int time_id = variable(group, "time", NC_DOUBLE, 1, dimensions + 2);
    CHECK(nc_put_att_text(group, NC_GLOBAL, "institution", strlen(institution), institution));
    CHECK(nc_put_att_longlong(group, NC_GLOBAL, "month", NC_INT64, 1, &month));
    CHECK(nc_put_att_double(group, NC_GLOBAL, "lat0", NC_DOUBLE, 1, &latitude));
    CHECK(nc_put_att_text(group, NC_GLOBAL, "run", strlen(run), run));
    CHECK(nc_put_att_longlong(group, NC_GLOBAL, "version", NC_INT64, 1, &version));
    CHECK(nc_put_var_float(group, temperature, field));
    CHECK(nc_put_var_float(group, pressure, field + FIELD));
    CHECK(nc_put_var_double(group, time_id, &time));
}

static void write_groups(int file, const float *fields, double *steps) {
    const int dimensions[] = {dimension(file, "lat", LAT), dimension(file, "lon", LON), dimension(file, "time", 1)};
    for (int k = 0; k < DATASETS; k++) {
        double before = now();
        write_group(file, k, dimensions, fields + (size_t)k * 2 * FIELD);
        steps[k] = now() - before;
    }
}

/* The attributes become arrays, each written at once at the end. */
static void write_stacked(int file, const float *fields, double *steps) {
    static double times[DATASETS], latitudes[DATASETS];
    static long long months[DATASETS], versions[DATASETS];
    static char runs[DATASETS][32];
    const char *run_list[DATASETS], *institutions[DATASETS];
    int dataset = dimension(file, "dataset", DATASETS);
    const int dimensions[] = {dataset, dimension(file, "lat", LAT), dimension(file, "lon", LON)};
    int temperature = define_field(file, "temperature", 3, dimensions);
    int pressure = define_field(file, "pressure", 3, dimensions);
    int time = variable(file, "time", NC_DOUBLE, 1, &dataset);
    int institution = variable(file, "institution", NC_STRING, 1, &dataset);
    int month = variable(file, "month", NC_INT64, 1, &dataset);
    int latitude = variable(file, "lat0", NC_DOUBLE, 1, &dataset);
    int run = variable(file, "run", NC_STRING, 1, &dataset);
    int version = variable(file, "version", NC_INT64, 1, &dataset);
    CHECK(nc_enddef(file));
    for (int k = 0; k < DATASETS; k++) {
        double before = now();
        const size_t first[] = {(size_t)k, 0, 0}, count[] = {1, LAT, LON};
        const float *field = fields + (size_t)k * 2 * FIELD;
        CHECK(nc_put_vara_float(file, temperature, first, count, field));
        CHECK(nc_put_vara_float(file, pressure, first, count, field + FIELD));
        times[k] = k;
        latitudes[k] = -90 + 0.1 * k;
        months[k] = k % 12;
        versions[k] = 3;
        institutions[k] = "Institute of Examples";
        snprintf(runs[k], sizeof runs[k], "run-%04d", k);
        run_list[k] = runs[k];
        steps[k] = now() - before;
    }
    CHECK(nc_put_var_double(file, time, times));
    CHECK(nc_put_var_string(file, institution, institutions));
    CHECK(nc_put_var_longlong(file, month, months));
    CHECK(nc_put_var_double(file, latitude, latitudes));
    CHECK(nc_put_var_string(file, run, run_list));
    CHECK(nc_put_var_longlong(file, version, versions));
}

static void ingest(const char *variant, void (*write)(int file, const float *fields, double *steps)) {
    static double steps[DATASETS];
    float *fields = make_all_fields();

    double memory = resident(), work = cpu(), start = now();
    int file = create_file();
    write(file, fields, steps);
    CHECK(nc_close(file));
    sync_file(path);
    sync_file(folder);
    double wall = now() - start;

    result_begin(system_name, variant);
    result("wall_s", wall);
    result("cpu_s", cpu() - work);
    result_durations("step", steps, DATASETS);
    result_memory(memory);
    result("disk_bytes", bytes_in(folder));
    result_end();
    free(fields);
}

static void sum_groups(int file, const char *name, float *field, double *sums) {
    for (int k = 0; k < DATASETS; k++) {
        char dataset[32];
        int group;
        snprintf(dataset, sizeof dataset, "ds%04d", k);
        CHECK(nc_inq_grp_ncid(file, dataset, &group));
        CHECK(nc_get_var_float(group, variable_id(group, name), field));
        sums[k] = sum(field, FIELD);
    }
}

static void sum_stacked(int file, const char *name, float *field, double *sums) {
    int id = variable_id(file, name);
    for (int k = 0; k < DATASETS; k++) {
        const size_t first[] = {(size_t)k, 0, 0}, count[] = {1, LAT, LON};
        CHECK(nc_get_vara_float(file, id, first, count, field));
        sums[k] = sum(field, FIELD);
    }
}

static void scan(const char *variant, void (*sum_fields)(int file, const char *name, float *field, double *sums)) {
    static double sums[DATASETS];
    float *field = allocate(sizeof(float) * FIELD);

    double memory = resident(), work = cpu(), start = now();
    int file = open_file();
    double opened = now();
    sum_fields(file, "temperature", field, sums);
    double wall = now() - start;

    result_begin(system_name, variant);
    result("wall_s", wall);
    result("open_ms", 1e3 * (opened - start));
    result("cpu_s", cpu() - work);
    result_memory(memory);
    result_end();
    check_sums(sums, 0);
    sum_fields(file, "pressure", field, sums);
    check_sums(sums, 1);
    CHECK(nc_close(file));
    free(field);
}

/* ---- W2 and W4: an unlimited time, a chunk for each step's slab ---- */

static void run_model(const char *variant) {
    static double steps[STEPS], flushes[STEPS / FLUSH_EVERY];
    float *data = make_steps(), *step = allocate(sizeof(float) * STEP);
    const size_t count[] = {1, LEVELS, ROWS, COLUMNS};
    int variables[VARIABLES];
    double longest = 0;

    double memory = resident(), work = cpu(), start = now(), copying = 0;
    int file = create_file();
    const int dimensions[] = {dimension(file, "time", NC_UNLIMITED), dimension(file, "level", LEVELS),
                              dimension(file, "lat", ROWS), dimension(file, "lon", COLUMNS)};
    for (int v = 0; v < VARIABLES; v++) {
        char name[8];
        snprintf(name, sizeof name, "v%d", v);
        variables[v] = variable(file, name, NC_FLOAT, 4, dimensions);
        CHECK(nc_def_var_chunking(file, variables[v], NC_CHUNKED, count));
        compress(file, variables[v]);
    }
    CHECK(nc_enddef(file));
    for (int t = 0; t < STEPS; t++) {
        double before = now();
        memcpy(step, data + (size_t)(t % CYCLE) * STEP, sizeof(float) * STEP); /* the model's work */
        double copied = now(), last = copied;
        copying += copied - before;
        for (int v = 0; v < VARIABLES; v++) {
            const size_t first[] = {(size_t)t, 0, 0, 0};
            CHECK(nc_put_vara_float(file, variables[v], first, count, step + (size_t)v * SLAB));
            double called = now();
            if (called - last > longest) longest = called - last;
            last = called;
        }
        steps[t] = last - copied;
        if ((t + 1) % FLUSH_EVERY == 0) {
            CHECK(nc_sync(file));
            sync_file(path);
            double flushed = now() - last;
            flushes[t / FLUSH_EVERY] = flushed;
            if (flushed > longest) longest = flushed;
        }
    }
    double before = now();
    CHECK(nc_close(file));
    sync_file(path);
    sync_file(folder);
    double end = now();

    result_begin(system_name, variant);
    result("wall_s", end - start - copying);
    result("cpu_s", cpu() - work);
    result_durations("step", steps, STEPS);
    result_durations("flush", flushes, STEPS / FLUSH_EVERY);
    result("longest_ms", 1e3 * longest);
    result("close_ms", 1e3 * (end - before));
    result_memory(memory);
    result("disk_bytes", bytes_in(folder));
    result_end();
    free(data);
    free(step);
}

static void read_map(int file, int id, size_t step, size_t level, float *map) {
    const size_t first[] = {step, level, 0, 0}, count[] = {1, 1, ROWS, COLUMNS};
    CHECK(nc_get_vara_float(file, id, first, count, map));
}

static void read_series(int file, int id, size_t row, size_t column, float *series) {
    const size_t first[] = {0, MAP_LEVEL, row, column}, count[] = {STEPS, 1, 1, 1};
    CHECK(nc_get_vara_float(file, id, first, count, series));
}

static void read_run(const char *variant) {
    float *map = allocate(sizeof(float) * PLANE), series[STEPS];
    double series_again[REPEATS], map_again[REPEATS];
    size_t a, b;

    double memory = resident(), start = now();
    int file = open_file(), v0 = variable_id(file, "v0"), v1 = variable_id(file, "v1");
    double opened = now();
    read_map(file, v1, MAP_STEP, MAP_LEVEL, map);
    double mapped = now();
    read_series(file, v0, POINT_ROW, POINT_COLUMN, series);
    double done = now();
    check_map(map, MAP_STEP, 1, MAP_LEVEL);
    check_series(series, 0, MAP_LEVEL, POINT_ROW, POINT_COLUMN);
    for (int i = 0; i < REPEATS; i++) {
        other_point(i, &a, &b);
        double before = now();
        read_series(file, v0, a, b, series);
        series_again[i] = now() - before;
        check_series(series, 0, MAP_LEVEL, a, b);
    }
    for (int i = 0; i < REPEATS; i++) {
        other_map(i, &a, &b);
        double before = now();
        read_map(file, v0, a, b, map);
        map_again[i] = now() - before;
        check_map(map, (int)a, 0, (int)b);
    }

    result_begin(system_name, variant);
    result("open_ms", 1e3 * (opened - start));
    result("map_ms", 1e3 * (mapped - opened));
    result("series_ms", 1e3 * (done - mapped));
    result("map_again_ms", 1e3 * quantile(map_again, REPEATS, 0.5));
    result("series_again_ms", 1e3 * quantile(series_again, REPEATS, 0.5));
    result_memory(memory);
    result_end();
    float *slab = allocate(sizeof(float) * SLAB);
    for (size_t t = 0; t < STEPS; t++) {
        const size_t first[] = {t, 0, 0, 0}, count[] = {1, LEVELS, ROWS, COLUMNS};
        CHECK(nc_get_vara_float(file, variable_id(file, "v3"), first, count, slab));
        check_slab(slab, (int)t, 3);
    }
    CHECK(nc_close(file));
    free(map);
    free(slab);
}

/* ---- W5: HDF5, a group for each dataset, in the newest format of the library ---- */

static hid_t newest_format(void) {
    hid_t list = HDF5(H5Pcreate(H5P_FILE_ACCESS));
    HDF5(H5Pset_libver_bounds(list, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST));
    return list;
}

static void set_attribute(hid_t group, const char *name, hid_t type, hid_t scalar, const void *value) {
    hid_t attribute = HDF5(H5Acreate2(group, name, type, scalar, H5P_DEFAULT, H5P_DEFAULT));
    HDF5(H5Awrite(attribute, type, value));
    HDF5(H5Aclose(attribute));
}

static void create_tiny(const char *variant) {
    const hsize_t length = TINY;
    char name[32];

    double memory = resident(), work = cpu(), start = now();
    hid_t file = HDF5(H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, newest_format()));
    hid_t space = HDF5(H5Screate_simple(1, &length, NULL)), scalar = HDF5(H5Screate(H5S_SCALAR));
    hid_t text = HDF5(H5Tcopy(H5T_C_S1));
    HDF5(H5Tset_size(text, 8));
    for (int k = 0; k < TINY_DATASETS; k++) {
        const int64_t id = k;
        const double weight = 0.5 * k;
        double values[TINY];
        for (int i = 0; i < TINY; i++) values[i] = k + i;
        snprintf(name, sizeof name, "ds%06d", k);
        hid_t group = HDF5(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        hid_t array = HDF5(H5Dcreate2(group, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        HDF5(H5Dwrite(array, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
        HDF5(H5Dclose(array));
        set_attribute(group, "id", H5T_NATIVE_INT64, scalar, &id);
        set_attribute(group, "weight", H5T_NATIVE_DOUBLE, scalar, &weight);
        set_attribute(group, "name", text, scalar, name);
        HDF5(H5Gclose(group));
    }
    double created = now();
    HDF5(H5Fclose(file));
    sync_file(path);
    sync_file(folder);
    double end = now();

    result_begin("hdf5", variant);
    result("wall_s", end - start);
    result("close_s", end - created);
    result("cpu_s", cpu() - work);
    result_memory(memory);
    result("disk_bytes", bytes_in(folder));
    result_end();
}

static herr_t count_name(hid_t group, const char *name, const H5L_info_t *info, void *count) {
    (void)group, (void)info;
    if (name[0] == 'd') ++*(int *)count;
    return 0;
}

static void read_tiny(const char *variant) {
    static double reads[TINY_READS];
    char name[32];
    int listed_names = 0;

    double memory = resident(), start = now();
    hid_t file = HDF5(H5Fopen(path, H5F_ACC_RDONLY, newest_format()));
    double opened = now();
    HDF5(H5Literate(file, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, count_name, &listed_names));
    double listed = now();
    for (int i = 0; i < TINY_READS; i++) {
        double before = now(), values[TINY];
        int64_t id;
        snprintf(name, sizeof name, "ds%06d", tiny_dataset(i));
        hid_t group = HDF5(H5Gopen2(file, name, H5P_DEFAULT)), array = HDF5(H5Dopen2(group, "x", H5P_DEFAULT));
        hid_t attribute = HDF5(H5Aopen(group, "id", H5P_DEFAULT));
        HDF5(H5Dread(array, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
        HDF5(H5Aread(attribute, H5T_NATIVE_INT64, &id));
        HDF5(H5Aclose(attribute));
        HDF5(H5Dclose(array));
        HDF5(H5Gclose(group));
        reads[i] = now() - before;
        check_tiny(values, id, tiny_dataset(i));
    }

    result_begin("hdf5", variant);
    result("open_ms", 1e3 * (opened - start));
    result("list_ms", 1e3 * (listed - opened));
    result("first_read_ms", 1e3 * reads[0]);
    result("read_us", 1e6 * quantile(reads + 1, TINY_READS - 1, 0.5));
    result_memory(memory);
    result_end();
    if (listed_names != TINY_DATASETS) die("%d datasets listed", listed_names);
    HDF5(H5Fclose(file));
}

static void edit_tiny(const char *variant) {
    static double flushes[TINY_EDITS];
    char name[32];
    hid_t file = HDF5(H5Fopen(path, H5F_ACC_RDWR, newest_format()));
    double memory = resident();
    for (int i = 0; i < TINY_EDITS; i++) {
        const double weight = i;
        double before = now();
        snprintf(name, sizeof name, "ds%06d", tiny_dataset(i));
        hid_t group = HDF5(H5Gopen2(file, name, H5P_DEFAULT));
        hid_t attribute = HDF5(H5Aopen(group, "weight", H5P_DEFAULT));
        HDF5(H5Awrite(attribute, H5T_NATIVE_DOUBLE, &weight));
        HDF5(H5Aclose(attribute));
        HDF5(H5Gclose(group));
        HDF5(H5Fflush(file, H5F_SCOPE_GLOBAL));
        sync_file(path);
        flushes[i] = now() - before;
    }
    result_begin("hdf5", variant);
    result("edit_med_ms", 1e3 * quantile(flushes, TINY_EDITS, 0.5));
    result_memory(memory);
    result_end();
    HDF5(H5Fclose(file));
}

/* ---- W6 ---- */

static void update(const char *variant) {
    static double flushes[UPDATES];
    const size_t count[] = {1, UPDATE};
    float row[UPDATE];
    int file = create_file();
    const int dimensions[] = {dimension(file, "row", UPDATES), dimension(file, "x", UPDATE)};
    int array = variable(file, "a", NC_FLOAT, 2, dimensions);
    CHECK(nc_def_var_chunking(file, array, NC_CHUNKED, count));
    compress(file, array);
    CHECK(nc_sync(file));
    sync_file(path);
    sync_file(folder);

    double memory = resident(), work = cpu(), start = now();
    for (int k = 0; k < UPDATES; k++) {
        const size_t first[] = {(size_t)k, 0};
        make_update(row, k);
        double before = now();
        CHECK(nc_put_vara_float(file, array, first, count, row));
        CHECK(nc_sync(file));
        sync_file(path);
        flushes[k] = now() - before;
    }
    double wall = now() - start, worked = cpu() - work;
    CHECK(nc_close(file));

    result_begin(system_name, variant);
    result("wall_s", wall);
    result("per_s", UPDATES / wall);
    result("cpu_s", worked);
    result_durations("flush", flushes, UPDATES);
    result("first_ms", 1e3 * quantile(flushes, WINDOW, 0.5));
    result("last_ms", 1e3 * quantile(flushes + UPDATES - WINDOW, WINDOW, 0.5));
    result_memory(memory);
    result("disk_bytes", bytes_in(folder));
    result_end();
    float *rows = allocate(sizeof(float) * UPDATE * UPDATES);
    file = open_file();
    CHECK(nc_get_var_float(file, variable_id(file, "a"), rows));
    check_updates(rows);
    CHECK(nc_close(file));
    free(rows);
}

/* ---- W7 ---- */

static void append_fields(const char *variant) {
    static int variables[MANY_FIELDS];
    const size_t row[] = {1, LAT, LON};
    char name[32];
    float *patterns = make_patterns();

    double memory = resident(), work = cpu(), start = now();
    int file = create_file();
    const int dimensions[] = {dimension(file, "time", NC_UNLIMITED), dimension(file, "lat", LAT), dimension(file, "lon", LON)};
    for (int f = 0; f < MANY_FIELDS; f++) {
        snprintf(name, sizeof name, "v%03d", f);
        variables[f] = variable(file, name, NC_FLOAT, 3, dimensions);
        compress(file, variables[f]);
    }
    for (int t = 0; t < MANY_STEPS; t++)
        for (int f = 0; f < MANY_FIELDS; f++) {
            const size_t first[] = {(size_t)t, 0, 0};
            CHECK(nc_put_vara_float(file, variables[f], first, row, patterns + (size_t)pattern_of(f, t) * FIELD));
        }
    CHECK(nc_close(file));
    sync_file(path);
    sync_file(folder);
    double end = now();

    result_begin(system_name, variant);
    result("wall_s", end - start);
    result("cpu_s", cpu() - work);
    result_memory(memory);
    result("disk_bytes", bytes_in(folder));
    result_end();
    free(patterns);
}

/* ---- W8 ---- */

static void append_values(const char *variant, int names) {
    static double flushes[NAME_FLUSHES];
    static int variables[MANY_NAMES];
    /* As Atlas has it; NetCDF's own choice is several times slower. */
    const size_t one[] = {1}, chunk[] = {4096};
    char name[32];
    int file = create_file();
    const int dimensions[] = {dimension(file, "time", NC_UNLIMITED)};
    for (int v = 0; v < names; v++) {
        snprintf(name, sizeof name, "v%04d", v);
        variables[v] = variable(file, name, NC_DOUBLE, 1, dimensions);
        CHECK(nc_def_var_chunking(file, variables[v], NC_CHUNKED, chunk));
        compress(file, variables[v]);
    }
    CHECK(nc_sync(file));
    sync_file(path);
    sync_file(folder);
    double memory = resident(), work = cpu();
    for (int t = 0; t < NAME_FLUSHES; t++) {
        double before = now();
        for (int v = 0; v < names; v++) {
            const size_t first[] = {(size_t)t};
            const double value = t + v;
            CHECK(nc_put_vara_double(file, variables[v], first, one, &value));
        }
        CHECK(nc_sync(file));
        sync_file(path);
        flushes[t] = now() - before;
    }
    double worked = cpu() - work;
    CHECK(nc_close(file));

    result_begin(system_name, variant);
    result_durations("flush", flushes, NAME_FLUSHES);
    result("cpu_s", worked);
    result_memory(memory);
    result("disk_bytes", bytes_in(folder));
    result_end();
}

int main(int argc, char **argv) {
    static char name[32];
    if (argc < 4) die("usage: netcdf CODEC WORKLOAD FOLDER [VARIANT]");
    codec = argv[1];
    const char *workload = argv[2], *variant = argc > 4 ? argv[4] : workload;
    folder = argv[3];
    snprintf(path, sizeof path, "%s/store.nc", folder);
    snprintf(name, sizeof name, "netcdf-%s", codec);
    system_name = name;
    if (strcmp(codec, "zstd") == 0) register_zstd();
    if (strcmp(workload, "available") == 0) return EXIT_SUCCESS;
    if (strcmp(workload, "W1") == 0)
        ingest(variant, write_groups);
    else if (strcmp(workload, "W1-stacked") == 0)
        ingest(variant, write_stacked);
    else if (strcmp(workload, "W2") == 0)
        run_model(variant);
    else if (strcmp(workload, "W3") == 0)
        scan(variant, sum_groups);
    else if (strcmp(workload, "W3-stacked") == 0)
        scan(variant, sum_stacked);
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
