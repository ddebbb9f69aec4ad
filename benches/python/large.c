/* large PATH CELLS RUNS: writes and flushes, then reads, one array of CELLS f32 in a store of its own, RUNS times. Prints
 * one line for each run: seconds of the write with its flush, seconds of the read. call.py does the same in Python. */
#include <atlas.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void ok(atlas_status status) {
    if (status == ATLAS_STATUS_OK) return;
    fprintf(stderr, "%s: %s\n", atlas_status_name(status), atlas_last_error());
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    uint64_t cells = strtoull(argv[2], NULL, 10);
    float *values = malloc(cells * sizeof *values), *found = malloc(cells * sizeof *found);
    if (values == NULL || found == NULL) return 1;
    for (uint64_t k = 0; k < cells; k++) values[k] = (float)(k % 4096) * 0.25f;
    memset(found, 0, cells * sizeof *found);
    atlas_store store;
    ok(atlas_create(argv[1], NULL, &store));
    ok(atlas_create_dataset(store, "a"));
    ok(atlas_define_array(store, "a", "t", ATLAS_DTYPE_F32, 1, NULL, &cells, NULL));
    for (int run = 0; run < atoi(argv[3]); run++) {
        double start = now();
        ok(atlas_write_array(store, "a", "t", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, values));
        ok(atlas_flush(store));
        double written = now();
        ok(atlas_read_array(store, "a", "t", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, found));
        double read = now();
        if (memcmp(values, found, cells * sizeof *values) != 0) return 1;
        printf("%.6f %.6f\n", written - start, read - written);
    }
    ok(atlas_close(store));
    return 0;
}
