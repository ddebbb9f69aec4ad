/* What is wrong on one rank is told to all: the same status, the same text, and nothing is changed. Needs three ranks.
 *
 *     refuse FOLDER */
#include "together.h"

static char store[1000], file[1000];
static atlas_mpi_options exchange; /* for faults */
static const char *const dims[2] = {"y", "x"};
static const uint64_t shape[2] = {12, 10};

/* This rank's rows of the twelve. */
static void tile(uint64_t *start, uint64_t *count) {
    start[0] = 12 * (uint64_t)rank / (uint64_t)size;
    count[0] = 12 * ((uint64_t)rank + 1) / (uint64_t)size - start[0];
    start[1] = 0;
    count[1] = 10;
}

static atlas_status define(atlas_mpi *m, const char *array, atlas_dtype dtype, uint64_t rows) {
    atlas_array_options options = {0};
    uint64_t start[2], count[2], chunk[2] = {0, 10};
    tile(start, count);
    chunk[0] = rows;
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    return atlas_mpi_define_array(m, "run", array, dtype, 2, dims, shape, start, count, &options);
}

static atlas_status put(atlas_mpi *m, const char *array, uint64_t row, uint64_t rows, double value) {
    double values[120];
    uint64_t start[2] = {0, 0}, count[2] = {0, 10};
    int i;
    for (i = 0; i < 120; i++) values[i] = value;
    start[0] = row;
    count[0] = rows;
    return atlas_mpi_write(m, "run", array, ATLAS_DTYPE_F64, 2, start, count, NULL, values);
}

/* What is committed of an array is 0 in all cells. */
static int untouched(const char *array) {
    double values[120];
    atlas_store reader;
    int fine = atlas_open(store, ATLAS_MODE_READ, NULL, &reader) == ATLAS_STATUS_OK, i;
    if (!fine) return 0;
    fine = atlas_read_array(reader, "run", array, ATLAS_DTYPE_F64, 2, NULL, NULL, NULL, values) == ATLAS_STATUS_OK;
    for (i = 0; fine && i < 120; i++) fine = values[i] == 0;
    atlas_close(reader);
    return fine;
}

static void beginning(void) {
    atlas_create_options options = {0};
    atlas_mpi_options mpi_options = {0};
    atlas_mpi *m = NULL, *second = NULL;

    options.struct_size = sizeof options;
    mpi_options.struct_size = sizeof mpi_options;
    good(alike(NULL, atlas_mpi_create(MPI_COMM_WORLD, rank == 1 ? NULL : store, NULL, NULL, &m),
               ATLAS_STATUS_INVALID_ARGUMENT, "rank 1: path is NULL", "") &&
             m == NULL,
         "create without a path on one rank");
    mpi_options.owners_per_node = rank == 2 ? -1 : 1;
    good(alike(NULL, atlas_mpi_create(MPI_COMM_WORLD, store, NULL, &mpi_options, &m), ATLAS_STATUS_INVALID_ARGUMENT,
               "rank 2: mpi_options: owners_per_node is -1", ""),
         "create with a wrong option on one rank");
    options.struct_size = rank == 1 ? 3 : sizeof options;
    good(alike(NULL, atlas_mpi_create(MPI_COMM_WORLD, store, &options, NULL, &m), ATLAS_STATUS_INVALID_ARGUMENT,
               "rank 1: options.struct_size is 3", ""),
         "create with options of no size on one rank");
    options.struct_size = sizeof options;
    options.codec = 99;
    good(alike(NULL, atlas_mpi_create(MPI_COMM_WORLD, store, &options, NULL, &m), ATLAS_STATUS_INVALID_ARGUMENT,
               "rank 0: ", "99"),
         "create with a codec that is none");
    good(alike(NULL, atlas_mpi_open(MPI_COMM_WORLD, store, NULL, NULL, &m), ATLAS_STATUS_NOT_FOUND, "rank 0: ", store),
         "open where there is no store");
    good(alike(NULL, atlas_mpi_create(MPI_COMM_WORLD, file, NULL, NULL, &m), ATLAS_STATUS_NOT_FOUND, "rank 0: ", file),
         "create in a folder that is none");
    good(alike(NULL, atlas_mpi_create(MPI_COMM_WORLD, store, NULL, NULL, &m), ATLAS_STATUS_OK, "", "") && m, "create");
    good(alike(NULL, atlas_mpi_create(MPI_COMM_WORLD, store, NULL, NULL, &second), ATLAS_STATUS_ALREADY_EXISTS,
               "rank 0: ", store),
         "create where there is a store");
    good(alike(NULL, atlas_mpi_open(MPI_COMM_WORLD, store, NULL, NULL, &second), ATLAS_STATUS_LOCKED, "rank 0: ",
               store),
         "open what is open");
    good(alike(m, atlas_mpi_close(m), ATLAS_STATUS_OK, "", ""), "close");
    good(atlas_mpi_flush(NULL) == ATLAS_STATUS_INVALID_HANDLE, "flush without a handle");
    good(atlas_mpi_close(NULL) == ATLAS_STATUS_OK && atlas_mpi_discard(NULL) == ATLAS_STATUS_OK,
         "close and discard without a handle");
}

static void definitions(void) {
    uint64_t start[2] = {0, 0}, count[2] = {1, 10}, other[2] = {12, 11};
    atlas_mpi *m = NULL;

    good(alike(NULL, atlas_mpi_open(MPI_COMM_WORLD, store, NULL, NULL, &m), ATLAS_STATUS_OK, "", ""), "open");
    good(alike(m, define(m, "a", ATLAS_DTYPE_F64, 12), ATLAS_STATUS_NOT_FOUND, "rank 0: ", "'run'"),
         "define in a dataset that nobody has");
    if (rank == 1) atlas_create_dataset(atlas_mpi_store(m), "run");
    start[0] = rank == 1 ? 3 : 0;
    count[0] = rank == 1 ? 11 : 1;
    good(alike(m, atlas_mpi_define_array(m, "run", "a", ATLAS_DTYPE_F64, 2, dims, shape, start, count, NULL),
               ATLAS_STATUS_OUT_OF_RANGE,
               "rank 1: array 'a' of dataset 'run': tile_start[0]=3 + tile_count[0]=11 exceeds shape[0]=12", ""),
         "a tile that leaves the array on one rank");
    good(alike(m,
               atlas_mpi_define_array(m, "run", rank == 0 ? NULL : "a", ATLAS_DTYPE_F64, 2, dims, shape, NULL, NULL,
                                      NULL),
               ATLAS_STATUS_INVALID_ARGUMENT, "rank 0: array is NULL", ""),
         "define without a name on one rank");
    good(alike(m,
               atlas_mpi_define_array(m, "run", "a", ATLAS_DTYPE_F64, 2, dims, rank == 2 ? other : shape, NULL, NULL,
                                      NULL),
               ATLAS_STATUS_INVALID_ARGUMENT, "rank 2: array 'a' of dataset 'run' is not defined as on rank 0", ""),
         "define with another shape on one rank");
    good(alike(m, atlas_mpi_define_array(m, "run", "a", 99, 2, dims, shape, NULL, NULL, NULL),
               ATLAS_STATUS_INVALID_ARGUMENT, "rank 0: ", "99"),
         "define with a type that is none");
    good(alike(m, define(m, "a", ATLAS_DTYPE_F64, 12), ATLAS_STATUS_OK, "", ""), "define");
    good(alike(m, define(m, "a", ATLAS_DTYPE_F64, 12), ATLAS_STATUS_ALREADY_EXISTS, "rank 0: ", "'a'"), "define twice");
    good(alike(m, define(m, "narrow", ATLAS_DTYPE_F32, 12), ATLAS_STATUS_OK, "", ""), "define another");
    good(alike(m, define(m, "rows", ATLAS_DTYPE_F64, 1), ATLAS_STATUS_OK, "", ""), "define with chunks of a row");
    good(alike(m, atlas_mpi_flush(m), ATLAS_STATUS_OK, "", "") && untouched("a") && untouched("narrow"),
         "flush what nobody wrote");
    good(alike(m, atlas_mpi_close(m), ATLAS_STATUS_OK, "", ""), "close");

    good(alike(NULL, atlas_mpi_open(MPI_COMM_WORLD, store, NULL, NULL, &m), ATLAS_STATUS_OK, "", ""), "open again");
    good(alike(m, define(m, "a", ATLAS_DTYPE_F32, 12), ATLAS_STATUS_ALREADY_EXISTS,
               "rank 0: array 'a' of dataset 'run' exists, with another type or shape", ""),
         "define with another type than the store's");
    good(rank != 2 || put(m, "a", 3, 1, 1) == ATLAS_STATUS_OK, "write without tiles");
    good(alike(m, define(m, "a", ATLAS_DTYPE_F64, 12), ATLAS_STATUS_UNFLUSHED_CHANGES, "rank 2: ", "'a'"),
         "tiles for what waits");
    good(alike(m, atlas_mpi_discard(m), ATLAS_STATUS_OK, "", "") && untouched("a"), "discard");
}

static void writes(void) {
    uint64_t start[2] = {11, 0}, count[2] = {2, 10};
    double values[20] = {0};
    atlas_mpi *m = NULL;

    good(atlas_mpi_open(MPI_COMM_WORLD, store, NULL, NULL, &m) == ATLAS_STATUS_OK, "open");
    good(define(m, "a", ATLAS_DTYPE_F64, 12) == ATLAS_STATUS_OK, "tiles of an array that is there");
    good(atlas_mpi_write(m, "run", "a", ATLAS_DTYPE_F64, 2, start, count, NULL, values) == ATLAS_STATUS_OUT_OF_RANGE &&
             strstr(atlas_mpi_last_error(m), "'a' of dataset 'run': start[0]=11 + count[0]=2 exceeds shape[0]=12"),
         "write past the end");
    good(atlas_mpi_write(m, "run", "a", ATLAS_DTYPE_F64, 1, start, count, NULL, values) ==
             ATLAS_STATUS_INVALID_ARGUMENT,
         "write with another rank than the array's");
    good(atlas_mpi_write(m, "run", "none", ATLAS_DTYPE_F64, 2, start, count, NULL, values) == ATLAS_STATUS_NOT_FOUND,
         "write to no array");
    good(atlas_mpi_write(m, NULL, "a", ATLAS_DTYPE_F64, 2, start, count, NULL, values) ==
             ATLAS_STATUS_INVALID_ARGUMENT,
         "write without a dataset");
    good(atlas_mpi_write(m, "run", "a", ATLAS_DTYPE_STRING, 2, start, count, NULL, values) ==
             ATLAS_STATUS_TYPE_MISMATCH,
         "write text");
    count[0] = 1;
    good(atlas_mpi_write(m, "run", "a", ATLAS_DTYPE_F64, 2, start, count, NULL, NULL) ==
             ATLAS_STATUS_INVALID_ARGUMENT,
         "write without memory");
    count[0] = 0;
    good(atlas_mpi_write(m, "run", "a", ATLAS_DTYPE_F64, 2, start, count, NULL, NULL) == ATLAS_STATUS_OK,
         "write no cells");
    good(alike(m, atlas_mpi_close(m), ATLAS_STATUS_OK, "", "") && untouched("a"), "nothing came of it");
}

/* Each time: every flush fails in the same way, close too, and discard leaves the store as it was. */
static void fault(const char *what, const char *array, void (*writer)(atlas_mpi *), atlas_status wanted,
                  const char *part, const char *other) {
    atlas_mpi *m = NULL;
    int fine = atlas_mpi_open(MPI_COMM_WORLD, store, NULL, &exchange, &m) == ATLAS_STATUS_OK &&
               define(m, "a", ATLAS_DTYPE_F64, 12) == ATLAS_STATUS_OK &&
               define(m, "narrow", ATLAS_DTYPE_F32, 12) == ATLAS_STATUS_OK &&
               define(m, "rows", ATLAS_DTYPE_F64, 1) == ATLAS_STATUS_OK;
    good(fine, what);
    if (!fine) return;
    writer(m);
    good(alike(m, atlas_mpi_flush(m), wanted, part, other), "flush is refused");
    good(alike(m, atlas_mpi_flush(m), wanted, part, other), "and again");
    good(alike(m, atlas_mpi_close(m), wanted, part, other), "and so is close");
    good(alike(NULL, atlas_mpi_discard(m), ATLAS_STATUS_OK, "", "") && untouched(array), "discard leaves it as it was");
}
static void one_cell(atlas_mpi *m) {
    if (rank > 0) put(m, "a", 4 + (uint64_t)rank, 2, 5);
}
static void owners_cell(atlas_mpi *m) {
    if (rank == 0) put(m, "rows", 0, 4, 5);
    if (rank == 1) put(m, "rows", 3, 2, 6);
}
static void large(atlas_mpi *m) {
    put(m, "narrow", (uint64_t)rank, 1, rank == 2 ? 1e300 : 1);
}
static void attributes(atlas_mpi *m) {
    int32_t value = rank == 2 ? 8 : 7;
    good(atlas_set_attribute(atlas_mpi_store(m), "run", NULL, "key", ATLAS_DTYPE_I32, 1, &value) == ATLAS_STATUS_OK,
         "set an attribute");
}
/* Past the helper: two ranks write one chunk through their own handles. */
static void behind(atlas_mpi *m) {
    double values[20] = {1};
    uint64_t start[2] = {5, 0}, count[2] = {2, 10};
    start[0] += (uint64_t)rank;
    good(rank == 0 ||
             atlas_write_array(atlas_mpi_store(m), "run", "a", ATLAS_DTYPE_F64, 2, start, count, NULL, values) ==
                 ATLAS_STATUS_OK,
         "write through the ranks' own handles");
}

/* What rank 0 does with the handle that can do all. */
static void coordinator(void) {
    double value = 1;
    uint64_t start[2] = {0, 0}, count[2] = {1, 1}, tall[2] = {20, 10};
    atlas_mpi *m = NULL;
    start[0] = 12 + (uint64_t)rank;
    good(atlas_mpi_open(MPI_COMM_WORLD, store, NULL, NULL, &m) == ATLAS_STATUS_OK &&
             define(m, "rows", ATLAS_DTYPE_F64, 1) == ATLAS_STATUS_OK &&
             define(m, "narrow", ATLAS_DTYPE_F32, 12) == ATLAS_STATUS_OK,
         "open");
    good((rank == 0) == (atlas_mpi_coordinator(m) != 0), "rank 0 has the coordinator's handle");
    if (rank == 0) {
        good(atlas_delete_array(atlas_mpi_coordinator(m), "run", "a") == ATLAS_STATUS_OK &&
                 atlas_delete_array(atlas_mpi_coordinator(m), "run", "narrow") == ATLAS_STATUS_OK &&
                 atlas_delete_array(atlas_mpi_coordinator(m), "run", "rows") == ATLAS_STATUS_OK,
             "it deletes");
    } else {
        good(1, "it deletes");
    }
    good(alike(m, atlas_mpi_flush(m), ATLAS_STATUS_OK, "", ""), "flush");
    good(atlas_mpi_write(m, "run", "rows", ATLAS_DTYPE_F64, 2, start, count, NULL, &value) == ATLAS_STATUS_NOT_FOUND,
         "every rank knows of it");
    good(alike(m, atlas_mpi_define_array(m, "run", "rows", ATLAS_DTYPE_F64, 2, NULL, tall, start, count, NULL),
               ATLAS_STATUS_OK, "", ""),
         "define it anew, with another shape");
    good(atlas_mpi_write(m, "run", "rows", ATLAS_DTYPE_F64, 2, start, count, NULL, &value) == ATLAS_STATUS_OK &&
             alike(m, atlas_mpi_close(m), ATLAS_STATUS_OK, "", ""),
         "and write it");
}

static void recovers(void) {
    double values[120];
    atlas_mpi *m = NULL;
    int i, fine = 1;
    good(atlas_mpi_open(MPI_COMM_WORLD, store, NULL, NULL, &m) == ATLAS_STATUS_OK &&
             put(m, "a", (uint64_t)rank, 1, rank + 1) == ATLAS_STATUS_OK &&
             alike(m, atlas_mpi_close(m), ATLAS_STATUS_OK, "", ""),
         "and the next one writes");
    {
        atlas_store reader;
        fine = atlas_open(store, ATLAS_MODE_READ, NULL, &reader) == ATLAS_STATUS_OK &&
               atlas_read_array(reader, "run", "a", ATLAS_DTYPE_F64, 2, NULL, NULL, NULL, values) == ATLAS_STATUS_OK;
        for (i = 0; fine && i < 120; i++) fine = values[i] == (i / 10 < size ? i / 10 + 1 : 0);
        atlas_close(reader);
    }
    good(fine, "what it wrote is there, and nothing else");
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc < 2 || size != 3) return 2;
    snprintf(store, sizeof store, "%s/refuse.atlas", argv[1]);
    snprintf(file, sizeof file, "%s/no/such/folder", argv[1]);
    beginning();
    definitions();
    writes();
    exchange.struct_size = sizeof exchange;
    for (; exchange.exchange_bytes <= 100; exchange.exchange_bytes += 100) { /* at once, and in rounds */
        fault("two ranks write one cell of a third", "a", one_cell, ATLAS_STATUS_CONFLICT,
              "cell [6,0] was written by ranks 1 and 2", "array 'a' of dataset 'run'");
        fault("a rank writes a cell that its owner has written", "rows", owners_cell, ATLAS_STATUS_CONFLICT,
              "cell [3,0] was written by ranks 0 and 1", "array 'rows' of dataset 'run'");
    }
    fault("a value that does not fit", "narrow", large, ATLAS_STATUS_OUT_OF_RANGE, "rank 0: ", "'narrow'");
    fault("two ranks set an attribute to different values", "a", attributes, ATLAS_STATUS_CONFLICT, "rank 0: ", "key");
    fault("two ranks write one cell past the helper", "a", behind, ATLAS_STATUS_CONFLICT, "rank 0: ", "'a'");
    recovers();
    coordinator();
    return finish();
}
