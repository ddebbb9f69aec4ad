/* Memory that one rank does not get, at every place where the helper asks for some: every collective call has the same
 * status on all ranks, and what failed works the next time.
 *
 *     memory FOLDER */
#include <atlas.h>
#include <mpi.h>
#include <stdlib.h>

static long asked, refused_at;
static int refuses(void) { return ++asked == refused_at; }
static void *some_malloc(size_t n) { return refuses() ? NULL : malloc(n); }
static void *some_calloc(size_t n, size_t k) { return refuses() ? NULL : calloc(n, k); }
static void *some_realloc(void *p, size_t n) { return refuses() ? NULL : realloc(p, n); }
#define malloc some_malloc
#define calloc some_calloc
#define realloc some_realloc
#include "together.h"

static char store[1000];
static int wrong;

/* A collective call: the same everywhere, and at most once for want of memory. Whether to call again. */
static int again(const atlas_mpi *m, atlas_status status, const char *what) {
    atlas_status most = 0;
    MPI_Allreduce(&status, &most, 1, MPI_INT32_T, MPI_MAX, MPI_COMM_WORLD);
    if (most == ATLAS_STATUS_OK) return 0;
    if (!alike(m, status, ATLAS_STATUS_OUT_OF_MEMORY, "rank 1: ", "memory") ) {
        if (rank == 0) printf("%s, allocation %ld\n", what, refused_at);
        wrong++;
    }
    return 1;
}

static void run(void) {
    static const char *const names[2] = {"whole", "mixed"};
    const char *dims[2] = {"y", "x"};
    uint64_t shape[2] = {6, 40}, start[2] = {0, 0}, count[2] = {6, 0}, chunk[2][2] = {{6, 0}, {4, 7}};
    atlas_create_options options = {0};
    atlas_mpi_options mpi_options = {0};
    int64_t values[240];
    atlas_mpi *m = NULL;
    atlas_status status;
    int tries, i, k;

    count[1] = 40 / (uint64_t)size;
    start[1] = count[1] * (uint64_t)rank;
    chunk[0][1] = count[1];
    options.struct_size = sizeof options;
    options.num_threads = ATLAS_THREADS_INLINE;
    options.if_exists = ATLAS_IF_EXISTS_REPLACE;
    mpi_options.struct_size = sizeof mpi_options;
    mpi_options.exchange_bytes = 400; /* in rounds */
    for (tries = 0; tries < 2; tries++)
        if (!again(NULL, atlas_mpi_create(MPI_COMM_WORLD, store, &options, &mpi_options, &m), "create")) break;
    if (!m) {
        wrong++;
        return;
    }
    atlas_create_dataset(atlas_mpi_store(m), "run");
    for (k = 0; k < 2; k++) {
        atlas_array_options array = {0};
        array.struct_size = sizeof array;
        array.chunk_shape = chunk[k];
        for (tries = 0; tries < 2; tries++)
            if (!again(m,
                       atlas_mpi_define_array(m, "run", names[k], ATLAS_DTYPE_I64, 2, dims, shape, start, count,
                                              &array),
                       "define"))
                break;
    }
    for (i = 0; i < 240; i++) values[i] = 1000 * rank + i;
    for (k = 0; k < 2; k++)
        for (tries = 0; tries < 2; tries++) {
            status = atlas_mpi_write(m, "run", names[k], ATLAS_DTYPE_I64, 2, start, count, NULL, values);
            if (status == ATLAS_STATUS_OK) break;
            if (status != ATLAS_STATUS_OUT_OF_MEMORY || tries > 0) wrong++;
        }
    for (tries = 0; tries < 2; tries++)
        if (!again(m, atlas_mpi_flush(m), "flush")) break;
    for (tries = 0; tries < 2; tries++)
        if (!again(m, atlas_mpi_close(m), "close")) break;
    if (rank == 0) {
        atlas_store reader;
        if (atlas_open(store, ATLAS_MODE_READ, NULL, &reader) != ATLAS_STATUS_OK) wrong++;
        for (k = 0; k < 2; k++) {
            if (atlas_read_array(reader, "run", names[k], ATLAS_DTYPE_I64, 2, NULL, NULL, NULL, values) !=
                ATLAS_STATUS_OK)
                wrong++;
            for (i = 0; i < 240; i++) {
                int x = i % 40, width = (int)count[1], r = x / width;
                if (values[i] != 1000 * r + i / 40 * width + x % width) {
                    printf("%s[%d] is %lld, allocation %ld\n", names[k], i, (long long)values[i], refused_at);
                    wrong++;
                    break;
                }
            }
        }
        atlas_close(reader);
    }
}

int main(int argc, char **argv) {
    long n;
    int more = 1;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc < 2 || size != 2) return 2;
    snprintf(store, sizeof store, "%s/memory.atlas", argv[1]);
    for (n = 1; more; n++) {
        asked = 0;
        refused_at = rank == 1 ? n : 0;
        run();
        more = rank == 1 && asked >= n;
        MPI_Bcast(&more, 1, MPI_INT, 1, MPI_COMM_WORLD);
    }
    if (rank == 0) printf("%ld allocations\n", n - 2);
    good(wrong == 0, "memory that is refused");
    good(n > 20, "there were some");
    return finish();
}
