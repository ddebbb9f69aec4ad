/* The ranks write everything in plans.h, step by step.
 *
 *     ranks STORE [OWNERS_PER_NODE [EXCHANGE_BYTES [POINT RANK N]]]
 *
 * Commits step 0; then steps 1 and 2 together, in close. There RANK (-1: every rank) is killed when it comes to POINT
 * for the N-th time; at the point "timer" after N microseconds. At the point "gives_up" all discard. */
#define _GNU_SOURCE
#include <atlas.h>
#include <fcntl.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static int rank, size;
static const char *point = "";
static int victim, times, armed, exporting, flushing;

static void die(const char *where) {
    if (armed && strcmp(point, where) == 0 && (victim < 0 || victim == rank) && --times == 0) raise(SIGKILL);
}

/* In place of the C library's, for what the library calls. */
int fsync(int fd) {
    if (exporting) die("export_sync");
    if (flushing) die("flush_sync");
    return (int)syscall(SYS_fsync, fd);
}
int fdatasync(int fd) {
    if (exporting) die("export_sync");
    if (flushing) die("flush_sync");
    return (int)syscall(SYS_fdatasync, fd);
}
int rename(const char *from, const char *to) {
    int status;
    if (flushing) die("before_rename");
    status = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (flushing) die("after_rename");
    return status;
}

static atlas_status some_export(atlas_store worker, void *buffer, size_t capacity, size_t *needed) {
    atlas_status status;
    die("before_export");
    exporting = 1;
    status = atlas_export(worker, buffer, capacity, needed);
    exporting = 0;
    if (status == ATLAS_STATUS_OK) die("after_export");
    return status;
}
static atlas_status some_import(atlas_store store, size_t count, const void *const *exports, const size_t *lengths) {
    atlas_status status;
    die("before_import");
    status = atlas_import(store, count, exports, lengths);
    die("after_import");
    return status;
}
static atlas_status some_flush(atlas_store store) {
    atlas_status status;
    flushing = 1;
    status = atlas_flush(store);
    flushing = 0;
    die("after_flush");
    return status;
}
static atlas_status some_renew(atlas_store worker, const void *ticket, size_t length) {
    die("before_renew");
    return atlas_renew(worker, ticket, length);
}
#define atlas_export some_export
#define atlas_import some_import
#define atlas_flush some_flush
#define atlas_renew some_renew
#include "atlas_mpi.h"
#include "plans.h"

/* A signal that nobody handles kills as surely as any. */
static void arm(void) {
    struct itimerval timer = {{0, 0}, {0, 0}};
    armed = 1;
    if (strcmp(point, "timer") != 0 || (victim >= 0 && victim != rank)) return;
    timer.it_value.tv_usec = times;
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void must(atlas_mpi *m, atlas_status status, const char *what) {
    if (status == ATLAS_STATUS_OK) return;
    fprintf(stderr, "rank %d: %s: %s: %s\n", rank, what, atlas_status_name(status), atlas_mpi_last_error(m));
    MPI_Abort(MPI_COMM_WORLD, 1);
}
static void must_store(atlas_status status, const char *what) {
    if (status == ATLAS_STATUS_OK) return;
    fprintf(stderr, "rank %d: %s: %s\n", rank, what, atlas_last_error());
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* One box in memory of one kind: inside a larger block, in the order of columns, of a narrower type. */
static void write_box(atlas_mpi *m, const plan *p, const box *b, int step) {
    uint64_t start[3] = {0}, count[3] = {0}, index[3], block = 1;
    int64_t strides[3] = {0}, at = 0;
    int halo = p->memory == HALO, narrow = p->memory == NARROW;
    unsigned char *memory;
    size_t i, bytes = narrow ? 4 : 8;

    for (i = 0; i < p->rank; i++) {
        start[i] = b->start[i];
        count[i] = b->count[i];
        index[i] = b->start[i];
    }
    if (plan_grows(p)) start[0] = index[0] = (uint64_t)step;
    for (i = p->rank; i-- > 0;) {
        strides[i] = (int64_t)block;
        at += halo ? strides[i] : 0;
        block *= count[i] + (halo ? 2 : 0);
    }
    if (p->memory == COLUMNS)
        for (i = 0, block = 1; i < p->rank; i++) {
            strides[i] = (int64_t)block;
            block *= count[i];
        }
    memory = malloc(block * bytes);
    if (!memory) MPI_Abort(MPI_COMM_WORLD, 1);
    memset(memory, 0x55, block * bytes);
    do {
        int32_t value = plan_value(p, rank, step, index);
        int64_t wide = value, offset = at;
        for (i = 0; i < p->rank; i++) offset += (int64_t)(index[i] - start[i]) * strides[i];
        memcpy(memory + (size_t)offset * bytes, narrow ? (void *)&value : (void *)&wide, bytes);
    } while (plan_next(p->rank, start, count, index));
    must(m,
         atlas_mpi_write(m, "run", p->name, narrow ? ATLAS_DTYPE_I32 : ATLAS_DTYPE_I64, p->rank, start, count,
                         p->memory == PLAIN || narrow ? NULL : strides, memory + (size_t)at * bytes),
         p->name);
    free(memory);
}

static void write_step(atlas_mpi *m, const plan *p, int step) {
    box boxes[MOST_BOXES], row;
    int n = plan_boxes(p, size, rank, boxes), i;
    if (!plan_writes(p, size, rank, step)) return;
    for (i = 0; i < n; i++) {
        if (p->memory == TWICE) { /* a part, which waits; then all of it */
            row = boxes[i];
            row.count[1] /= 2;
            write_box(m, p, &row, 7);
        }
        if (p->memory != ROWS) {
            write_box(m, p, &boxes[i], step);
            continue;
        }
        /* Row by row, each twice: the later one counts. */
        for (row = boxes[i], row.count[0] = 1; row.start[0] < boxes[i].start[0] + boxes[i].count[0]; row.start[0]++) {
            write_box(m, p, &row, 7);
            write_box(m, p, &row, step);
        }
    }
}

int main(int argc, char **argv) {
    static const char *const dims[] = {"a", "b", "c"};
    atlas_create_options options = {0};
    atlas_mpi_options mpi_options = {0};
    int64_t fill = -1;
    atlas_mpi *m;
    size_t i, k;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc > 6) {
        point = argv[4];
        victim = atoi(argv[5]);
        times = atoi(argv[6]);
    }
    options.struct_size = sizeof options;
    options.if_exists = ATLAS_IF_EXISTS_REPLACE;
    options.num_threads = ATLAS_THREADS_INLINE;
    mpi_options.struct_size = sizeof mpi_options;
    mpi_options.owners_per_node = argc > 2 ? atoi(argv[2]) : 0;
    mpi_options.exchange_bytes = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    must(NULL, atlas_mpi_create(MPI_COMM_WORLD, argv[1], &options, &mpi_options, &m), "create");
    /* One rank knows the dataset; its definition of an array tells the others. */
    if (rank == size - 1) must_store(atlas_create_dataset(atlas_mpi_store(m), "run"), "create_dataset");
    for (i = 0; i < PLANS; i++) {
        const plan *p = &plans[i];
        const char *names[3];
        char text[3][64];
        atlas_array_options array = {0};
        box boxes[MOST_BOXES];
        int n = plan_boxes(p, size, rank, boxes);
        array.struct_size = sizeof array;
        array.fill_value = &fill;
        array.chunk_shape = p->chunk[0] ? p->chunk : NULL;
        for (k = 0; k < p->rank; k++) {
            snprintf(text[k], sizeof text[k], "%s_%s", p->name, dims[k]);
            names[k] = text[k];
        }
        must(m,
             atlas_mpi_define_array(m, "run", p->name, ATLAS_DTYPE_I64, p->rank, names, p->shape,
                                    n ? boxes[0].start : NULL, n ? boxes[0].count : NULL, &array),
             p->name);
    }
    /* What all say is said once; what one says is kept. */
    must_store(atlas_set_attribute(atlas_mpi_store(m), "run", NULL, "ranks", ATLAS_DTYPE_I32, 1, &size), "ranks");
    if (rank == size - 1)
        must_store(atlas_set_attribute(atlas_mpi_store(m), "run", "primes", "last", ATLAS_DTYPE_I32, 1, &rank), "last");

    for (k = 0; k < STEPS; k++) {
        for (i = 0; i < PLANS; i++) write_step(m, &plans[i], (int)k);
        if (k == 0) must(m, atlas_mpi_flush(m), "flush");
        if (k == 0) arm();
        if (k == 0 && size > 1) {
            /* Every rank sees what others have committed. */
            uint64_t start[2] = {96, 60}, count[2] = {1, 1}, index[2] = {96, 60};
            int64_t value = 0;
            must_store(atlas_read_array(atlas_mpi_store(m), "run", "primes", ATLAS_DTYPE_I64, 2, start, count, NULL,
                                        &value),
                       "read");
            if (value != plan_value(&plans[0], size - 1, 0, index)) {
                fprintf(stderr, "rank %d reads %lld in the last cell\n", rank, (long long)value);
                MPI_Abort(MPI_COMM_WORLD, 1);
            }
        }
    }
    must(m, strcmp(point, "gives_up") == 0 ? atlas_mpi_discard(m) : atlas_mpi_close(m), "close");
    MPI_Finalize();
    return 0;
}
