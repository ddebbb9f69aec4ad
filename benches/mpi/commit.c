/* commit.c FILE: what a commit of ranks costs beyond their values: each writes 64 KiB, and all flush, again and again. */
#include "../bench.h"

#include "../../bindings/mpi/atlas_mpi.h"

enum { CELLS = 16384, FIRST = 4, FLUSHES = 24 };

int main(int argc, char **argv) {
    static const char *const dims[] = {"t", "rank", "x"};
    static float values[CELLS];
    double total = 0, slowest = 0;
    int rank, size;
    atlas_mpi *store;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    const uint64_t shape[] = {0, (uint64_t)size, CELLS}, count[] = {1, 1, CELLS};
    uint64_t start[] = {0, (uint64_t)rank, 0};
    if (argc < 2 || atlas_mpi_create(MPI_COMM_WORLD, argv[1], NULL, NULL, &store) != ATLAS_STATUS_OK)
        die("%s", atlas_mpi_last_error(NULL));
    if (atlas_create_dataset(atlas_mpi_store(store), "run") != ATLAS_STATUS_OK) die("%s", atlas_last_error());
    if (atlas_mpi_define_array(store, "run", "v", ATLAS_DTYPE_F32, 3, dims, shape, start, count, NULL) != ATLAS_STATUS_OK)
        die("%s", atlas_mpi_last_error(store));
    for (int flush = 0; flush < FLUSHES; flush++) {
        start[0] = (uint64_t)flush;
        for (int i = 0; i < CELLS; i++) values[i] = (float)(flush + i % 91);
        if (atlas_mpi_write(store, "run", "v", ATLAS_DTYPE_F32, 3, start, count, NULL, values) != ATLAS_STATUS_OK)
            die("%s", atlas_mpi_last_error(store));
        MPI_Barrier(MPI_COMM_WORLD);
        double seconds = now();
        if (atlas_mpi_flush(store) != ATLAS_STATUS_OK) die("%s", atlas_mpi_last_error(store));
        seconds = now() - seconds;
        /* The first ones make the folders. */
        if (flush >= FIRST) {
            total += seconds;
            if (seconds > slowest) slowest = seconds;
        }
    }
    if (atlas_mpi_close(store) != ATLAS_STATUS_OK) die("%s", atlas_mpi_last_error(NULL));
    if (rank == 0)
        printf("%d ranks: a flush of 64 KiB of each %.2f ms, the slowest %.2f\n", size, 1e3 * total / (FLUSHES - FIRST),
               1e3 * slowest);
    MPI_Finalize();
    return 0;
}
