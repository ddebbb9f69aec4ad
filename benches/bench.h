/* What the programs of this folder share: the shapes and the data of the workloads, clock, memory, disk, results. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* W1 and W3: datasets of two fields each */
    DATASETS = 1000,
    LAT = 90,
    LON = 180,
    FIELD = LAT * LON,
    BATCH = 50, /* datasets that W3 reads with one call, when not all */
    /* W2 and W4: a run of steps; each step has a slab of every variable, and a slab is a chunk */
    STEPS = 120,
    VARIABLES = 4,
    LEVELS = 10,
    ROWS = 180,
    COLUMNS = 360,
    PLANE = ROWS * COLUMNS,
    SLAB = LEVELS * PLANE,
    STEP = VARIABLES * SLAB,
    FLUSH_EVERY = 24,
    CYCLE = 12, /* the data of step t are those of step t % CYCLE */
    /* W4: the map and the point that are read first, then REPEATS others of each */
    MAP_STEP = STEPS / 2,
    MAP_LEVEL = 5,
    POINT_ROW = 90,
    POINT_COLUMN = 180,
    REPEATS = 5,
    /* W5: tiny datasets, and how many of them are read one by one */
    TINY_DATASETS = 100000,
    MILLION = 1000000,
    TINY = 8,
    TINY_READS = 1001,
    TINY_EDITS = 50,
    /* W6: small updates, each flushed */
    UPDATES = 1000,
    UPDATE = 256,
    WINDOW = 100,
    /* W7: many fields (W1's extents) that are appended to, step by step, with all defaults; the data of a step are among so
     * many */
    MANY_FIELDS = 300,
    MANY_STEPS = 48,
    PATTERNS = 32,
    /* W8: flushes of one new value of each of so many variables */
    MANY_NAMES = 1000,
    FEWER_NAMES = 100,
    NAME_FLUSHES = 40
};

/* ---- data: a smooth field with noise, rounded as instruments and models round ---- */

/* Field `variable` (0 temperature, 1 pressure) of dataset `dataset`: FIELD cells. */
void make_field(float *out, int variable, int dataset);
/* One level of one variable at one step: PLANE cells. */
void make_plane(float *out, int step, int variable, int level);
/* The first CYCLE steps, allocated. */
float *make_steps(void);
/* The i-th map that is read again, and the i-th point. */
void other_map(int i, size_t *step, size_t *level);
void other_point(int i, size_t *row, size_t *column);
/* The dataset that the i-th single read of W5 is for. */
int tiny_dataset(int i);

/* PATTERNS fields, allocated, and which of them is field `field` at step `step` of W7. */
float *make_patterns(void);
int pattern_of(int field, int step);

/* Ends the program when what was read is not what was written. */
void check_map(const float *map, int step, int variable, int level);
void check_series(const float *series, int variable, int level, size_t row, size_t column);
void check_slab(const float *slab, int step, int variable);
void check_sums(const double *sums, int variable);
void check_tiny(const double *values, int64_t id, int dataset);
void check_updates(const float *rows);
void make_update(float *out, int update);

/* The sum of n values. */
double sum(const float *values, size_t n);

/* ---- measuring ---- */

double now(void);              /* seconds */
double cpu(void);              /* seconds of all threads of this process */
double resident(void);         /* MB of memory */
double bytes_in(const char *); /* bytes that the files of a folder take on the disk */
/* The q-quantile (nearest rank) of n durations. */
double quantile(const double *durations, int n, double q);

void sync_file(const char *path);

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void *allocate(size_t bytes); /* touched, so that page faults are not part of what is measured */

/* ---- results: one line of JSON ---- */

void result_begin(const char *system, const char *workload);
void result(const char *measure, double value);
/* Median, 99th percentile and maximum, in ms. */
void result_durations(const char *what, const double *durations, int n);
/* The peak of memory beyond what was resident before. */
void result_memory(double before);
void result_end(void);

/* ---- zstd, when the machine has the shared library; headers are not needed ---- */

typedef struct {
    void *(*create_compressor)(void);
    size_t (*free_compressor)(void *);
    size_t (*compress)(void *compressor, void *to, size_t capacity, const void *from, size_t bytes, int level);
    void *(*create_decompressor)(void);
    size_t (*free_decompressor)(void *);
    size_t (*decompress)(void *decompressor, void *to, size_t capacity, const void *from, size_t bytes);
    size_t (*bound)(size_t bytes);
    unsigned (*is_error)(size_t);
    unsigned long long (*content_size)(const void *from, size_t bytes);
} zstd_library;

/* NULL when there is none. */
const zstd_library *load_zstd(void);

#endif
