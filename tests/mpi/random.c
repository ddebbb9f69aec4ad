/* Arrays of random shapes, cut at random among the ranks, some of it written past the helper through the ranks' own
 * handles, by more ranks or by fewer each time the store is opened; what is committed is read and compared.
 *
 *     random FOLDER SEED ROUNDS */
#include "together.h"

enum { ARRAYS = 4, CELLS = 4000, LEAVES = 400 };

typedef struct {
    char name[16];
    size_t n;
    uint64_t shape[3], chunk[3];
    int grows, exists, written;
    int64_t values[CELLS]; /* what is committed, or will be with the next flush */
} array;

typedef struct {
    uint64_t start[3], count[3];
    int writer, past; /* who writes it, and whether past the helper */
} leaf;

static array arrays[ARRAYS];
static leaf leaves[LEAVES];
static size_t leaf_count;
static uint64_t state;

/* The same numbers on all ranks. */
static uint64_t number(uint64_t below) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 33) % below;
}

static void cut(const array *a, leaf whole, int depth, int writers) {
    size_t along = number(a->n);
    if (leaf_count >= LEAVES - 2 || depth == 0 || whole.count[along] < 2) {
        whole.writer = (int)number((uint64_t)writers + 1) - 1; /* -1: nobody */
        whole.past = number(4) == 0;
        leaves[leaf_count++] = whole;
        return;
    }
    {
        leaf first = whole, second = whole;
        uint64_t at = 1 + number(whole.count[along] - 1);
        if (number(2)) { /* at the edge of a chunk, where there is one */
            uint64_t edge = (whole.start[along] / a->chunk[along] + 1) * a->chunk[along];
            if (edge < whole.start[along] + whole.count[along]) at = edge - whole.start[along];
        }
        first.count[along] = at;
        second.start[along] += at;
        second.count[along] -= at;
        cut(a, first, depth - 1, writers);
        cut(a, second, depth - 1, writers);
    }
}

static size_t place(const array *a, const uint64_t *index) {
    size_t at = 0, i;
    for (i = 0; i < a->n; i++) at = at * (size_t)a->shape[i] + (size_t)index[i];
    return at;
}

/* Gives the cells of a leaf new values, and packs them. */
static size_t renew(array *a, const leaf *l, int64_t *packed) {
    uint64_t index[3], last = 0;
    size_t n = 0, i;
    memcpy(index, l->start, sizeof index);
    do {
        a->values[place(a, index)] = packed[n++] = (int64_t)number(UINT64_C(1) << 30);
        for (i = a->n; i-- > 0;) {
            if (++index[i] < l->start[i] + l->count[i]) break;
            index[i] = l->start[i];
        }
        last = i == (size_t)-1;
    } while (!last);
    return n;
}

static int compare(const char *store, int *any) {
    atlas_store reader;
    int64_t values[CELLS];
    uint64_t damages = 0;
    int fine = atlas_open(store, ATLAS_MODE_READ, NULL, &reader) == ATLAS_STATUS_OK, k;
    size_t i, n;
    for (k = 0; fine && k < ARRAYS; k++) {
        array *a = &arrays[k];
        if (!a->exists || (a->grows && !a->written)) continue;
        for (n = 1, i = 0; i < a->n; i++) n *= (size_t)a->shape[i];
        if (atlas_read_array(reader, "d", a->name, ATLAS_DTYPE_I64, a->n, NULL, a->shape, NULL, values) !=
            ATLAS_STATUS_OK) {
            printf("%s: %s\n", a->name, atlas_last_error());
            fine = 0;
        }
        for (i = 0; fine && i < n; i++)
            if (values[i] != a->values[i]) {
                printf("cell %u of %s is %lld, not %lld\n", (unsigned)i, a->name, (long long)values[i],
                       (long long)a->values[i]);
                fine = 0;
            }
        *any = 1;
    }
    if (fine && atlas_verify(reader, NULL, NULL, &damages) != ATLAS_STATUS_OK) fine = 0;
    atlas_close(reader);
    return fine;
}

/* Some ranks open the store, write some of the arrays, and flush several times. */
static int turn(const char *store, int round) {
    static int64_t packed[CELLS];
    const int writers = 1 + (int)number((uint64_t)size), flushes = 1 + (int)number(3);
    const int drops = number(4) == 0 && flushes > 1; /* the last one is none */
    static const char *const names[3] = {"x", "y", "z"};
    static array before[ARRAYS];
    atlas_mpi_options options = {0};
    atlas_create_options create = {0};
    atlas_open_options open = {0};
    atlas_mpi *m = NULL;
    MPI_Comm comm;
    atlas_status status;
    int k, f, fine = 1, member = rank < writers;
    size_t i;

    options.struct_size = sizeof options;
    options.owners_per_node = (int32_t)number(4);
    options.exchange_bytes = number(2) ? 0 : 1 + number(5000);
    create.struct_size = sizeof create;
    open.struct_size = sizeof open;
    /* So little that parts of chunks are written ahead. */
    create.write_buffer_bytes = open.write_buffer_bytes = number(2) ? 0 : 1 + number(20000);
    MPI_Comm_split(MPI_COMM_WORLD, member ? 0 : MPI_UNDEFINED, rank, &comm);
    status = ATLAS_STATUS_OK;
    if (member)
        status = round == 0 ? atlas_mpi_create(comm, store, &create, &options, &m)
                            : atlas_mpi_open(comm, store, &open, &options, &m);
    if (status != ATLAS_STATUS_OK) printf("rank %d: %s\n", rank, atlas_mpi_last_error(NULL));
    fine = status == ATLAS_STATUS_OK;
    if (member && round == 0) atlas_create_dataset(atlas_mpi_store(m), "d");
    for (k = 0; fine && k < ARRAYS; k++) {
        array *a = &arrays[k];
        leaf mine;
        atlas_array_options array_options = {0};
        uint64_t shape[3];
        char text[3][24];
        const char *dims[3];
        memcpy(shape, a->shape, sizeof shape);
        if (a->grows) shape[0] = 0;
        memset(&mine, 0, sizeof mine);
        for (i = 0; i < a->n; i++) {
            uint64_t low = number(a->shape[i]), high = low + 1 + number(a->shape[i] - low);
            snprintf(text[i], sizeof text[i], "%.15s_%s", a->name, names[i]);
            dims[i] = text[i];
            mine.start[i] = (low + (uint64_t)rank) % a->shape[i];
            mine.count[i] = high - low < a->shape[i] - mine.start[i] ? high - low : a->shape[i] - mine.start[i];
        }
        array_options.struct_size = sizeof array_options;
        array_options.chunk_shape = number(3) ? a->chunk : NULL;
        if (number(3) == 0) continue;
        a->exists = 1;
        if (member)
            status = atlas_mpi_define_array(m, "d", a->name, ATLAS_DTYPE_I64, a->n, dims, shape, mine.start, mine.count,
                                            &array_options);
        if (status != ATLAS_STATUS_OK) {
            printf("rank %d: %s\n", rank, atlas_mpi_last_error(m));
            fine = 0;
        }
    }
    for (f = 0; fine && f < flushes; f++) {
        memcpy(before, arrays, sizeof arrays);
        for (k = 0; fine && k < ARRAYS; k++) {
            array *a = &arrays[k];
            leaf whole;
            if (!a->exists || number(3) == 0) continue;
            memset(&whole, 0, sizeof whole);
            memcpy(whole.count, a->shape, sizeof whole.count);
            leaf_count = 0;
            cut(a, whole, 1 + (int)number(7), writers);
            a->written = 1;
            if (a->grows) /* its last cells, so that it is as long as all know */
                for (i = 0; i < leaf_count; i++) leaves[i].writer = leaves[i].writer < 0 ? 0 : leaves[i].writer;
            for (i = 0; fine && i < leaf_count; i++) {
                const leaf *l = &leaves[i];
                if (l->writer < 0) continue;
                renew(a, l, packed);
                if (l->writer != rank) continue;
                if (l->past)
                    status = atlas_write_array(atlas_mpi_store(m), "d", a->name, ATLAS_DTYPE_I64, a->n, l->start,
                                               l->count, NULL, packed);
                else
                    status = atlas_mpi_write(m, "d", a->name, ATLAS_DTYPE_I64, a->n, l->start, l->count, NULL, packed);
                if (status != ATLAS_STATUS_OK) {
                    printf("rank %d: %s: %s\n", rank, a->name, l->past ? atlas_last_error() : atlas_mpi_last_error(m));
                    fine = 0;
                }
            }
        }
        if (drops && f == flushes - 1) {
            memcpy(arrays, before, sizeof arrays);
            break;
        }
        if (member) status = atlas_mpi_flush(m);
        if (status != ATLAS_STATUS_OK) {
            printf("rank %d: flush: %s: %s\n", rank, atlas_status_name(status), atlas_mpi_last_error(m));
            fine = 0;
        }
    }
    if (member && drops)
        status = atlas_mpi_discard(m);
    else if (member)
        status = atlas_mpi_close(m);
    if (status != ATLAS_STATUS_OK) printf("rank %d: close: %s\n", rank, atlas_mpi_last_error(NULL));
    if (comm != MPI_COMM_NULL) MPI_Comm_free(&comm);
    MPI_Barrier(MPI_COMM_WORLD);
    return fine && status == ATLAS_STATUS_OK;
}

int main(int argc, char **argv) {
    char store[1000], what[64];
    uint64_t seed;
    int round, rounds, k, any = 0;
    size_t i;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc < 4) return 2;
    seed = strtoull(argv[2], NULL, 10);
    rounds = atoi(argv[3]);
    state = seed * 2654435761u + 12345;
    snprintf(store, sizeof store, "%s/random-%llu.atlas", argv[1], (unsigned long long)seed);
    for (k = 0; k < ARRAYS; k++) {
        array *a = &arrays[k];
        a->n = 1 + (size_t)number(3);
        snprintf(a->name, sizeof a->name, "a%d", k);
        a->grows = number(4) == 0;
        for (i = 0; i < a->n; i++) {
            a->shape[i] = 1 + number(a->n == 1 ? 3000 : a->n == 2 ? 60 : 15);
            a->chunk[i] = 1 + number(a->shape[i]);
        }
    }
    for (round = 0; round < rounds; round++) {
        int fine = turn(store, round);
        MPI_Allreduce(MPI_IN_PLACE, &fine, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
        if (fine && rank == 0) fine = compare(store, &any);
        MPI_Bcast(&fine, 1, MPI_INT, 0, MPI_COMM_WORLD);
        if (!fine) break;
    }
    MPI_Bcast(&any, 1, MPI_INT, 0, MPI_COMM_WORLD);
    snprintf(what, sizeof what, "random regions, seed %llu", (unsigned long long)seed);
    good(round == rounds && any, what);
    return finish();
}
