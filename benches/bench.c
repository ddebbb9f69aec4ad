#define _GNU_SOURCE
#include "bench.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const double QUANTUM = 1.0 / 64;
static const double NOISE = 0.03;

/* ---- data ---- */

static uint64_t hash(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Between -1 and 1, triangular. */
static float noise(uint64_t key) {
    uint64_t bits = hash(key);
    return ((float)(bits & 0xffffff) + (float)((bits >> 24) & 0xffffff)) * (1.0f / 16777216.0f) - 1.0f;
}

typedef struct {
    double base, amplitude, phase, quantum, noise;
    uint64_t key;
} field_parameters;

static void make(float *out, int rows, int columns, field_parameters p) {
    float across[ROWS], wave[ROWS], even[COLUMNS], odd[COLUMNS];
    for (int j = 0; j < rows; j++) {
        double y = M_PI * (j + 0.5) / rows;
        across[j] = (float)sin(y);
        wave[j] = (float)cos(3 * y + p.phase);
    }
    for (int i = 0; i < columns; i++) {
        double x = 2 * M_PI * i / columns;
        even[i] = (float)sin(2 * x + p.phase);
        odd[i] = (float)cos(5 * x - 2 * p.phase);
    }
    float steps = (float)(1 / p.quantum), quantum = (float)p.quantum;
    for (int j = 0; j < rows; j++) {
        for (int i = 0; i < columns; i++) {
            size_t cell = (size_t)j * columns + i;
            float smooth = across[j] + 0.3f * across[j] * even[i] + 0.15f * wave[j] * odd[i];
            float value = (float)p.base + (float)p.amplitude * smooth + (float)p.noise * noise(p.key + cell);
            out[cell] = rintf(value * steps) * quantum;
        }
    }
}

void make_field(float *out, int variable, int dataset) {
    bool pressure = variable == 1;
    make(out, LAT, LON,
         (field_parameters){.base = pressure ? 1000 : 250,
                            .amplitude = pressure ? 20 : 40,
                            .phase = 0.01 * dataset + variable,
                            .quantum = pressure ? 4 * QUANTUM : QUANTUM,
                            .noise = pressure ? 4 * NOISE : NOISE,
                            .key = ((uint64_t)(variable + 1) << 48) + (uint64_t)dataset * FIELD});
}

void make_plane(float *out, int step, int variable, int level) {
    step %= CYCLE;
    make(out, ROWS, COLUMNS,
         (field_parameters){.base = 220 + 5 * level + 100 * variable,
                            .amplitude = 40 - 2 * level,
                            .phase = 0.02 * step + 0.1 * level + variable,
                            .quantum = QUANTUM,
                            .noise = NOISE,
                            .key = ((uint64_t)(variable + 10) << 48) + ((uint64_t)step * LEVELS + level) * PLANE});
}

float *make_steps(void) {
    float *steps = allocate(sizeof(float) * STEP * CYCLE);
    float *plane = steps;
    for (int t = 0; t < CYCLE; t++)
        for (int v = 0; v < VARIABLES; v++)
            for (int z = 0; z < LEVELS; z++, plane += PLANE) make_plane(plane, t, v, z);
    return steps;
}

void other_map(int i, size_t *step, size_t *level) {
    *step = 7 + 9 * (size_t)i;
    *level = (size_t)i;
}

void other_point(int i, size_t *row, size_t *column) {
    *row = 10 + 30 * (size_t)i;
    *column = 20 + 50 * (size_t)i;
}

int tiny_dataset(int i) { return (int)((uint64_t)i * 48271 * 7919 % TINY_DATASETS); }

void make_update(float *out, int update) {
    for (int i = 0; i < UPDATE; i++) out[i] = (float)(update * 7 + i % 13);
}

float *make_patterns(void) {
    float *patterns = allocate(sizeof(float) * FIELD * PATTERNS);
    for (int k = 0; k < PATTERNS; k++) make_field(patterns + (size_t)k * FIELD, k % 2, k / 2);
    return patterns;
}

int pattern_of(int field, int step) { return (field * 5 + step * 11) % PATTERNS; }

void check_map(const float *map, int step, int variable, int level) {
    static float expected[PLANE];
    make_plane(expected, step, variable, level);
    if (memcmp(map, expected, sizeof expected) != 0)
        die("step %d, variable %d, level %d: read other values than were written", step, variable, level);
}

void check_slab(const float *slab, int step, int variable) {
    for (int z = 0; z < LEVELS; z++) check_map(slab + (size_t)z * PLANE, step, variable, z);
}

void check_series(const float *series, int variable, int level, size_t row, size_t column) {
    static float plane[PLANE];
    for (int t = 0; t < CYCLE; t++) {
        make_plane(plane, t, variable, level);
        for (int s = t; s < STEPS; s += CYCLE)
            if (series[s] != plane[row * COLUMNS + column])
                die("point (%zu, %zu) at step %d: read another value than was written", row, column, s);
    }
}

void check_sums(const double *sums, int variable) {
    static float expected[FIELD];
    for (int k = 0; k < DATASETS; k++) {
        make_field(expected, variable, k);
        if (sums[k] != sum(expected, FIELD)) die("dataset %d: read other values than were written", k);
    }
}

void check_tiny(const double *values, int64_t id, int dataset) {
    bool same = id == dataset;
    for (int i = 0; i < TINY; i++) same = same && values[i] == dataset + i;
    if (!same) die("dataset %d: read other values than were written", dataset);
}

void check_updates(const float *rows) {
    float expected[UPDATE];
    for (int k = 0; k < UPDATES; k++) {
        make_update(expected, k);
        if (memcmp(rows + (size_t)k * UPDATE, expected, sizeof expected) != 0)
            die("update %d: read other values than were written", k);
    }
}

double sum(const float *values, size_t n) {
    double lanes[8] = {0};
    size_t i = 0;
    for (; n - i >= 8; i += 8)
        for (int k = 0; k < 8; k++) lanes[k] += values[i + k];
    for (; i < n; i++) lanes[0] += values[i];
    return lanes[0] + lanes[1] + lanes[2] + lanes[3] + lanes[4] + lanes[5] + lanes[6] + lanes[7];
}

/* ---- measuring ---- */

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double cpu(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

/* Not ru_maxrss, which a process takes over from the one that started it. */
static double status_mb(const char *key) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    double kib = -1;
    if (!file) die("/proc/self/status: %s", strerror(errno));
    while (fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0) kib = strtod(line + strlen(key), NULL);
    fclose(file);
    if (kib < 0) die("/proc/self/status has no %s", key);
    return kib * 1024 / 1e6;
}

double resident(void) { return status_mb("VmRSS:"); }

static double bytes_found;

static int add_bytes(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)path, (void)walk;
    if (type == FTW_F) bytes_found += 512.0 * (double)info->st_blocks;
    return 0;
}

double bytes_in(const char *folder) {
    bytes_found = 0;
    if (nftw(folder, add_bytes, 16, FTW_PHYS) != 0) die("%s: %s", folder, strerror(errno));
    return bytes_found;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double quantile(const double *durations, int n, double q) {
    double *sorted = allocate(sizeof(double) * (size_t)n);
    memcpy(sorted, durations, sizeof(double) * (size_t)n);
    qsort(sorted, (size_t)n, sizeof(double), compare);
    int rank = (int)ceil(q * n) - 1;
    double value = sorted[rank < 0 ? 0 : rank];
    free(sorted);
    return value;
}

void sync_file(const char *path) {
    int file = open(path, O_RDONLY);
    if (file < 0 || fsync(file) != 0 || close(file) != 0) die("%s: %s", path, strerror(errno));
}

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

void *allocate(size_t bytes) {
    void *memory = malloc(bytes);
    if (!memory) die("no memory for %zu bytes", bytes);
    memset(memory, 1, bytes);
    return memory;
}

/* ---- results ---- */

void result_begin(const char *system, const char *workload) {
    const char *run = getenv("BENCH_RUN");
    printf("{\"run\":%s,\"workload\":\"%s\",\"system\":\"%s\"", run ? run : "0", workload, system);
}

void result(const char *measure, double value) { printf(",\"%s\":%.9g", measure, value); }

void result_durations(const char *what, const double *durations, int n) {
    static const char *const names[] = {"med", "p99", "max"};
    static const double quantiles[] = {0.5, 0.99, 1};
    char measure[64];
    for (int i = 0; i < 3; i++) {
        snprintf(measure, sizeof measure, "%s_%s_ms", what, names[i]);
        result(measure, 1e3 * quantile(durations, n, quantiles[i]));
    }
}

void result_memory(double before) { result("memory_mb", status_mb("VmHWM:") - before); }

void result_end(void) { puts("}"); }

/* ---- zstd ---- */

const zstd_library *load_zstd(void) {
    static zstd_library library;
    void *handle = dlopen("libzstd.so.1", RTLD_NOW);
    if (!handle) return NULL;
    struct {
        const char *name;
        void *function;
    } functions[] = {
        {"ZSTD_createCCtx", &library.create_compressor},
        {"ZSTD_freeCCtx", &library.free_compressor},
        {"ZSTD_compressCCtx", &library.compress},
        {"ZSTD_createDCtx", &library.create_decompressor},
        {"ZSTD_freeDCtx", &library.free_decompressor},
        {"ZSTD_decompressDCtx", &library.decompress},
        {"ZSTD_compressBound", &library.bound},
        {"ZSTD_isError", &library.is_error},
        {"ZSTD_getFrameContentSize", &library.content_size},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *symbol = dlsym(handle, functions[i].name);
        if (!symbol) die("libzstd.so.1 has no %s", functions[i].name);
        memcpy(functions[i].function, &symbol, sizeof symbol);
    }
    return &library;
}
