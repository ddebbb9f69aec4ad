/*
 * What the machine itself allows, for the bytes of a workload.
 *
 *     limits WORKLOAD FOLDER     one line of JSON; WORKLOAD is W1 W2 W3 W4 or W6
 *     limits evict FOLDER        drops the files of FOLDER from the page cache, which needs no privilege
 *
 * Compression is shuffle and zstd level 1, chunk by chunk, on all cores. Without libzstd.so.1 those limits are left
 * out.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE_BLOCK = 8 << 20, FSYNCS = 300, MAX_THREADS = 256 };

static const zstd_library *zstd;

/* ---- compression on all cores ---- */

/* `chunks` chunks of `bytes` bytes each; chunk i has the data at source + i % distinct * bytes. */
typedef struct {
    const char *source;
    size_t bytes, chunks, distinct;
    bool unshuffle;
    char **packed; /* of each distinct chunk */
    size_t *packed_bytes;
} work;

typedef struct {
    const work *work;
    pthread_barrier_t *ready; /* memory is there and touched */
    size_t first, step, out_bytes;
    double start, end;
} share;

static void shuffle(const char *from, char *to, size_t bytes) {
    size_t n = bytes / sizeof(float);
    for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < sizeof(float); b++) to[b * n + i] = from[i * sizeof(float) + b];
}

static void unshuffle(const char *from, char *to, size_t bytes) {
    size_t n = bytes / sizeof(float);
    for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < sizeof(float); b++) to[i * sizeof(float) + b] = from[b * n + i];
}

static size_t checked(size_t bytes) {
    if (zstd->is_error(bytes)) die("zstd failed");
    return bytes;
}

static void *compress_share(void *argument) {
    share *mine = argument;
    const work *all = mine->work;
    size_t capacity = zstd->bound(all->bytes);
    char *shuffled = allocate(all->bytes), *packed = allocate(capacity);
    void *compressor = zstd->create_compressor();
    pthread_barrier_wait(mine->ready);
    mine->start = now();
    for (size_t i = mine->first; i < all->chunks; i += mine->step) {
        shuffle(all->source + i % all->distinct * all->bytes, shuffled, all->bytes);
        mine->out_bytes += checked(zstd->compress(compressor, packed, capacity, shuffled, all->bytes, 1));
    }
    mine->end = now();
    zstd->free_compressor(compressor);
    free(shuffled);
    free(packed);
    return NULL;
}

static void *decompress_share(void *argument) {
    share *mine = argument;
    const work *all = mine->work;
    char *shuffled = allocate(all->bytes), *out = allocate(all->bytes);
    void *decompressor = zstd->create_decompressor();
    pthread_barrier_wait(mine->ready);
    mine->start = now();
    for (size_t i = mine->first; i < all->chunks; i += mine->step) {
        size_t k = i % all->distinct;
        checked(zstd->decompress(decompressor, shuffled, all->bytes, all->packed[k], all->packed_bytes[k]));
        if (all->unshuffle) unshuffle(shuffled, out, all->bytes);
        mine->out_bytes += all->bytes;
    }
    mine->end = now();
    zstd->free_decompressor(decompressor);
    free(shuffled);
    free(out);
    return NULL;
}

/* Returns the bytes that came out; `seconds` is how long it took. */
static size_t on_all_cores(void *(*body)(void *), const work *all, double *seconds) {
    static pthread_t threads[MAX_THREADS];
    static share shares[MAX_THREADS];
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) die("sched_getaffinity: %s", strerror(errno));
    int n = CPU_COUNT(&cores) < MAX_THREADS ? CPU_COUNT(&cores) : MAX_THREADS;
    pthread_barrier_t ready;
    size_t bytes = 0;
    if (pthread_barrier_init(&ready, NULL, (unsigned)n) != 0) die("pthread_barrier_init failed");
    for (int i = 0; i < n; i++) {
        shares[i] = (share){.work = all, .ready = &ready, .first = (size_t)i, .step = (size_t)n};
        if (pthread_create(&threads[i], NULL, body, &shares[i]) != 0) die("pthread_create failed");
    }
    double start = INFINITY, end = 0;
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        bytes += shares[i].out_bytes;
        start = fmin(start, shares[i].start);
        end = fmax(end, shares[i].end);
    }
    *seconds = end - start;
    pthread_barrier_destroy(&ready);
    return bytes;
}

static void pack(work *all) {
    size_t capacity = zstd->bound(all->bytes);
    char *shuffled = allocate(all->bytes), *packed = allocate(capacity);
    void *compressor = zstd->create_compressor();
    all->packed = allocate(sizeof(char *) * all->distinct);
    all->packed_bytes = allocate(sizeof(size_t) * all->distinct);
    for (size_t k = 0; k < all->distinct; k++) {
        shuffle(all->source + k * all->bytes, shuffled, all->bytes);
        all->packed_bytes[k] = checked(zstd->compress(compressor, packed, capacity, shuffled, all->bytes, 1));
        all->packed[k] = allocate(all->packed_bytes[k]);
        memcpy(all->packed[k], packed, all->packed_bytes[k]);
    }
    zstd->free_compressor(compressor);
    free(shuffled);
    free(packed);
}

/* ---- the disk ---- */

static int create(const char *path) {
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    if (file < 0) die("%s: %s", path, strerror(errno));
    return file;
}

static void write_all(int file, const char *data, size_t bytes) {
    if (write(file, data, bytes) != (ssize_t)bytes) die("write: %s", strerror(errno));
}

static double write_and_sync(const char *folder, const char *source, size_t source_bytes, size_t bytes) {
    char path[4096];
    snprintf(path, sizeof path, "%s/limit", folder);
    double start = now();
    int file = create(path);
    for (size_t done = 0, n; done < bytes; done += n) {
        size_t offset = done % source_bytes;
        n = WRITE_BLOCK;
        if (n > bytes - done) n = bytes - done;
        if (n > source_bytes - offset) n = source_bytes - offset;
        write_all(file, source + offset, n);
    }
    if (fsync(file) != 0) die("fsync: %s", strerror(errno));
    double seconds = now() - start;
    close(file);
    unlink(path);
    return seconds;
}

/* Appends of 1 KiB, each synced; and the same with a small root replaced by rename, which is the least a commit is. */
static void sync_limits(const char *folder) {
    static double appends[FSYNCS], commits[FSYNCS];
    static const char block[1024];
    char data_path[4096], root_path[4096], new_path[4096];
    snprintf(data_path, sizeof data_path, "%s/limit", folder);
    snprintf(root_path, sizeof root_path, "%s/limit.root", folder);
    snprintf(new_path, sizeof new_path, "%s/limit.new", folder);
    int directory = open(folder, O_RDONLY | O_DIRECTORY), data = create(data_path);
    if (directory < 0) die("%s: %s", folder, strerror(errno));
    for (int i = 0; i < FSYNCS; i++) {
        double start = now();
        write_all(data, block, sizeof block);
        if (fsync(data) != 0) die("fsync: %s", strerror(errno));
        appends[i] = now() - start;
    }
    for (int i = 0; i < FSYNCS; i++) {
        double start = now();
        write_all(data, block, sizeof block);
        int root = create(new_path);
        write_all(root, block, sizeof block);
        if (fsync(data) != 0 || fsync(root) != 0 || close(root) != 0 || rename(new_path, root_path) != 0 ||
            fsync(directory) != 0)
            die("a commit: %s", strerror(errno));
        commits[i] = now() - start;
    }
    close(data);
    close(directory);
    unlink(data_path);
    unlink(root_path);
    result("append_med_ms", 1e3 * quantile(appends, FSYNCS, 0.5));
    result("commit_med_ms", 1e3 * quantile(commits, FSYNCS, 0.5));
}

static int evict_file(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info, (void)walk;
    if (type != FTW_F) return 0;
    int file = open(path, O_RDONLY);
    if (file < 0) die("%s: %s", path, strerror(errno));
    int status = posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    if (status != 0) die("%s: %s", path, strerror(status));
    close(file);
    return 0;
}

/* ---- the workloads ---- */

static void writing(const char *folder, const work *all) {
    size_t distinct = all->bytes * all->distinct, raw = all->bytes * all->chunks;
    double seconds;
    if (zstd) {
        size_t packed = on_all_cores(compress_share, all, &seconds);
        result("compress_s", seconds);
        result("compressed_bytes", (double)packed);
        result("write_compressed_s", write_and_sync(folder, all->source, distinct, packed));
    }
    result("raw_bytes", (double)raw);
    result("write_raw_s", write_and_sync(folder, all->source, distinct, raw));
}

/* How long a copy of `bytes` takes, from memory that is not in the cache into a buffer that is used again. */
static double copying(const char *source, size_t bytes, size_t n) {
    double *copies = allocate(sizeof(double) * n);
    char *to = allocate(bytes);
    for (size_t i = 0; i < n; i++) {
        double start = now();
        memcpy(to, source + i * bytes, bytes);
        __asm__ volatile("" : : "r"(to) : "memory"); /* the copy is not left out */
        copies[i] = now() - start;
    }
    double median = quantile(copies, (int)n, 0.5);
    free(copies);
    free(to);
    return median;
}

static float *make_fields(int variables) {
    float *fields = allocate(sizeof(float) * FIELD * (size_t)variables * DATASETS);
    for (int k = 0; k < variables * DATASETS; k++) make_field(fields + (size_t)k * FIELD, k % variables, k / variables);
    return fields;
}

int main(int argc, char **argv) {
    if (argc < 3) die("usage: limits W1|W2|W3|W4|W6|evict FOLDER");
    const char *workload = argv[1], *folder = argv[2];
    double seconds;
    if (strcmp(workload, "evict") == 0) {
        if (nftw(folder, evict_file, 16, FTW_PHYS) != 0) die("%s: %s", folder, strerror(errno));
        return EXIT_SUCCESS;
    }
    zstd = load_zstd();
    if (strcmp(workload, "W1") == 0) {
        work all = {(const char *)make_fields(2), sizeof(float) * FIELD, 2 * DATASETS, 2 * DATASETS, true, NULL, NULL};
        result_begin("limit", workload);
        result("copy_s", copying(all.source, all.bytes * all.chunks, 1));
        writing(folder, &all);
        result_end();
    } else if (strcmp(workload, "W2") == 0) {
        const size_t slabs = CYCLE * VARIABLES;
        work all = {(const char *)make_steps(), sizeof(float) * SLAB, STEPS * VARIABLES, slabs, true, NULL, NULL};
        double copy = copying(all.source, sizeof(float) * STEP, CYCLE);
        result_begin("limit", workload);
        result("copy_s", STEPS * copy);
        result("copy_step_ms", 1e3 * copy);
        result("copy_MB_per_s", sizeof(float) * STEP / copy / 1e6);
        writing(folder, &all);
        result_end();
    } else if (strcmp(workload, "W3") == 0) {
        work all = {(const char *)make_fields(1), sizeof(float) * FIELD, DATASETS, DATASETS, true, NULL, NULL};
        result_begin("limit", workload);
        if (zstd) {
            pack(&all);
            on_all_cores(decompress_share, &all, &seconds);
            result("decompress_s", seconds);
        }
        result_end();
    } else if (strcmp(workload, "W4") == 0) {
        const size_t slabs = CYCLE * VARIABLES;
        work all = {(const char *)make_steps(), sizeof(float) * SLAB, STEPS, slabs, false, NULL, NULL};
        result_begin("limit", workload);
        if (zstd) {
            pack(&all);
            on_all_cores(decompress_share, &all, &seconds);
            result("decompress_series_ms", 1e3 * seconds);
            all.chunks = 1;
            on_all_cores(decompress_share, &all, &seconds);
            result("decompress_map_ms", 1e3 * seconds);
        }
        result_end();
    } else if (strcmp(workload, "W6") == 0) {
        result_begin("limit", workload);
        sync_limits(folder);
        result_end();
    } else {
        die("no limits for %s", workload);
    }
    return EXIT_SUCCESS;
}
