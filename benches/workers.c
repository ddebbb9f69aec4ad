/* workers.c DIR [WORKERS [CHUNKS]]: a commit of many workers, in one process one after the other.
 *
 * WORKERS (10,000) each write CHUNKS (100) chunks of 4 KiB of one array and export; all exports are imported at once and
 * flushed. Prints what the handle that commits pays for it, and what a reader then finds: seconds, bytes, memory. The workers
 * do not sync, so that their part takes no longer than it must; the one that commits syncs what it writes.
 */
#include "bench.h"

#include <atlas.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { CELLS = 1024 };

static void check(atlas_status status, const char *what) {
    if (status != ATLAS_STATUS_OK) {
        die("%s: %s: %s", what, atlas_status_name(status), atlas_last_error());
    }
}

/* The most memory that the process had, in MB. */
static double peak(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1e3;
}

static long long file_bytes(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 ? (long long)found.st_size : -1;
}

int main(int argc, char **argv) {
    const char *folder = argc > 1 ? argv[1] : ".";
    const uint32_t workers = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 10000;
    const uint64_t chunks = argc > 3 ? strtoull(argv[3], NULL, 10) : 100;
    const uint64_t shape[] = {workers * chunks, CELLS}, chunk[] = {1, CELLS}, one[] = {1, 1}, last[] = {workers * chunks - 1, 5};
    const atlas_create_options create = {.struct_size = sizeof create, .sync = ATLAS_SWITCH_OFF};
    const atlas_open_options unsynced = {.struct_size = sizeof unsynced, .sync = ATLAS_SWITCH_OFF, .num_threads = ATLAS_THREADS_INLINE};
    const atlas_array_options options = {.struct_size = sizeof options, .chunk_shape = chunk};
    const atlas_session_options session = {.struct_size = sizeof session, .workers = workers};
    const void **exports = allocate(workers * sizeof *exports);
    size_t *lengths = allocate(workers * sizeof *lengths), needed, total = 0;
    float *cells = allocate(chunks * CELLS * sizeof *cells), found;
    char path[4096], root[4200];
    atlas_store store;

    snprintf(path, sizeof path, "%s/workers.atlas", folder);
    snprintf(root, sizeof root, "%s/atlas.json", path);
    check(atlas_create(path, &create, &store), "create");
    check(atlas_create_dataset(store, "run"), "dataset");
    check(atlas_define_array(store, "run", "v", ATLAS_DTYPE_F32, 2, NULL, shape, &options), "define");
    if (atlas_session_begin(store, &session, NULL, 0, &needed) != ATLAS_STATUS_BUFFER_TOO_SMALL) check(ATLAS_STATUS_INTERNAL, "begin");
    void *ticket = allocate(needed);
    check(atlas_session_begin(store, &session, ticket, needed, &needed), "begin");

    double start = now();
    for (uint32_t worker = 0; worker < workers; worker++) {
        const uint64_t at[] = {worker * chunks, 0}, count[] = {chunks, CELLS};
        atlas_store handle;
        for (uint64_t i = 0; i < chunks * CELLS; i++) cells[i] = (float)(worker + i % 97);
        check(atlas_open_worker(ticket, needed, worker, NULL, &unsynced, &handle), "worker");
        check(atlas_write_array(handle, "run", "v", ATLAS_DTYPE_F32, 2, at, count, NULL, cells), "write");
        if (atlas_export(handle, NULL, 0, &lengths[worker]) != ATLAS_STATUS_BUFFER_TOO_SMALL) check(ATLAS_STATUS_INTERNAL, "export");
        void *export = allocate(lengths[worker]);
        check(atlas_export(handle, export, lengths[worker], &lengths[worker]), "export");
        check(atlas_close(handle), "close");
        exports[worker] = export;
        total += lengths[worker];
    }
    printf("%u workers, %llu chunks each; ticket %zu bytes, exports %.1f MB (%.0f bytes each)\n", workers,
           (unsigned long long)chunks, needed, (double)total / 1e6, (double)total / workers);
    printf("workers, one after the other: %.2f s\n", now() - start);
    const double before = peak();
    start = now();
    check(atlas_import(store, workers, exports, lengths), "import");
    const double imported = now();
    check(atlas_flush(store), "flush");
    const double flushed = now();
    printf("import %.2f s, flush %.2f s, memory %.0f MB beyond the %.0f MB with the exports\n", imported - start,
           flushed - imported, peak() - before, before);
    check(atlas_close(store), "close");
    printf("root %lld bytes\n", file_bytes(root));
    start = now();
    check(atlas_open(path, ATLAS_MODE_READ, NULL, &store), "open");
    const double opened = now();
    check(atlas_read_array(store, "run", "v", ATLAS_DTYPE_F32, 2, last, one, NULL, &found), "read");
    printf("open %.2f ms, a cell of the last worker %.2f ms\n", 1e3 * (opened - start), 1e3 * (now() - opened));
    if (found != (float)(workers - 1 + ((chunks - 1) * CELLS + 5) % 97)) {
        die("the last worker's cell is %f", found);
    }
    check(atlas_close(store), "close");
    return EXIT_SUCCESS;
}
