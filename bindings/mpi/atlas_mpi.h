/*
 * Atlas for MPI: all ranks of a communicator write one store together, and what they wrote becomes one commit.
 *
 *     atlas_mpi *run;
 *     uint64_t shape[2] = {ny, nx}, start[2] = {y0, x0}, count[2] = {my, mx};     // this rank's tile
 *     const char *dims[2] = {"lat", "lon"};
 *
 *     if (atlas_mpi_create(MPI_COMM_WORLD, "run.atlas", NULL, NULL, &run) != ATLAS_STATUS_OK)
 *         fputs(atlas_mpi_last_error(NULL), stderr);
 *     atlas_create_dataset(atlas_mpi_store(run), "jan");
 *     atlas_mpi_define_array(run, "jan", "t", ATLAS_DTYPE_F64, 2, dims, shape, start, count, NULL);
 *     atlas_mpi_write(run, "jan", "t", ATLAS_DTYPE_F64, 2, start, count, NULL, tile);
 *     atlas_mpi_flush(run);
 *     atlas_mpi_close(run);
 *
 * Include it where it is used; there is nothing to compile, and the library itself knows nothing of MPI. It is C99 and
 * C++, and needs MPI 3.
 *
 *
 * What happens
 *
 * Every chunk of an array has one owner, the rank with most of its cells by the tiles that atlas_mpi_define_array was
 * told; of equal ones the lowest. A rank's cells in its own chunks go to its own files, compressed by itself. The others
 * wait in its memory for atlas_mpi_flush, which sends them to their owners in one exchange; then every owner makes its
 * files durable, and rank 0 commits them all at once. So nobody but the ranks at a tile's edges sends anything, if the
 * chunks are as large as tiles, and every chunk is compressed and written once.
 *
 * A store written so has nothing that tells it from one that a single process wrote.
 *
 *
 * Collective calls
 *
 * Create, open, define_array, flush, close and discard are collective: every rank of the communicator calls them, in the
 * same order. They return the same status on every rank, and atlas_mpi_last_error is then the same text, which begins
 * with the rank that failed. A rank whose own arguments are wrong, or which lacks memory, still takes part, so that no
 * rank waits for one that has left. Other calls are not collective: any rank writes as often as it likes, or not at all.
 *
 * One thread of a rank at a time calls these functions. MPI_THREAD_FUNNELED is enough.
 *
 *
 * Durability
 *
 * As that of atlas.h: atlas_mpi_flush is the one boundary. If ranks or the whole job die at any instant, the store is as
 * one completed flush left it, and the next writer removes what the dead left behind. A flush that fails has committed
 * nothing and lost nothing: where the disk was full, make room and flush again. Where what was written is at fault (two
 * ranks wrote one cell, a value does not fit) it fails in the same way each time, and atlas_mpi_discard gives up what
 * was written since the last commit.
 */

#ifndef ATLAS_MPI_H
#define ATLAS_MPI_H

#include <atlas.h>
#include <mpi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** A store that the ranks of a communicator write together. */
typedef struct atlas_mpi atlas_mpi;

/** Options of `atlas_mpi_create` and `atlas_mpi_open`, the same on every rank. A field that is 0 means its default. */
typedef struct atlas_mpi_options {
    /** sizeof(atlas_mpi_options). */
    size_t struct_size;
    /**
     * How many ranks of each node (of those that share memory) own chunks and so write files. The others' cells go to
     * them. Default: all up to 64 ranks, above that 4 a node.
     */
    int32_t owners_per_node;
    /** 0. */
    int32_t reserved;
    /**
     * About as many bytes of other ranks' cells as an owner takes into memory at once during a flush, and of its own
     * cells in chunks that are not complete before. Default: 256 MiB.
     */
    uint64_t exchange_bytes;
} atlas_mpi_options;

/* ---- Inside ---------------------------------------------------------------------------------------------------- */

/* As long as the texts of the library are. */
#define ATLAS_MPI_IMPL_TEXT 4096

/* No message is longer: MPI counts in int. */
#ifndef ATLAS_MPI_IMPL_MESSAGE
#define ATLAS_MPI_IMPL_MESSAGE ((size_t)1 << 30)
#endif

typedef struct atlas_mpi_impl_buffer {
    unsigned char *bytes;
    size_t length, capacity;
} atlas_mpi_impl_buffer;

/* The tiles of all ranks: `rank` starts and `rank` counts of each. Arrays that are cut alike share one. */
typedef struct atlas_mpi_impl_layout {
    size_t rank;
    uint64_t *tiles;
} atlas_mpi_impl_layout;

typedef struct atlas_mpi_impl_array {
    char *dataset, *array;
    uint64_t hash;
    atlas_dtype dtype;
    /* Whether dimension 0 has no end. Its chunks then have owners by their place in the other dimensions. */
    int growing;
    int layout; /* -1: no tiles are known */
    int defined;
    uint64_t commits; /* that this rank had seen when it asked the store for what follows */
    size_t rank;
    uint64_t shape[ATLAS_MAX_RANK], chunk[ATLAS_MAX_RANK], grid[ATLAS_MAX_RANK];
    uint64_t plane;  /* chunks, of a growing array those with one index along dimension 0 */
    int32_t *owners; /* of each of `plane`, -1 where it is not computed yet; NULL: computed each time */
} atlas_mpi_impl_array;

/*
 * A piece is a box of cells in one chunk. Where it waits it is a record of 64-bit words:
 *
 *     RECORD_PIECE dtype bytes chunk start[rank] count[rank], then `bytes` of cells in C order, padded to 8
 *
 * `bytes` is 0 for what is already in the owner's worker handle. In the streams from rank to rank a record
 *
 *     RECORD_ARRAY rank dataset_bytes array_bytes, then both names with their NULs, padded to 8
 *
 * says of which array the pieces behind it are.
 */
#define ATLAS_MPI_IMPL_RECORD_ARRAY 1
#define ATLAS_MPI_IMPL_RECORD_PIECE 2

typedef struct atlas_mpi_impl_piece {
    size_t offset; /* of its record, in the stream to this rank itself or in what was received */
    size_t next;   /* the next one of the chunk, plus 1 */
    int32_t source, received;
} atlas_mpi_impl_piece;

/* The pieces of one chunk that this rank owns, in the order in which they were written. */
typedef struct atlas_mpi_impl_group {
    size_t array;
    uint64_t chunk;
    size_t first, last; /* plus 1 */
    size_t count, waiting;
    int mixed; /* more than one rank wrote them */
} atlas_mpi_impl_group;

struct atlas_mpi {
    MPI_Comm comm;
    int rank, size;
    atlas_store coordinator; /* on rank 0 */
    atlas_store store;       /* the worker's */
    uint64_t exchange_bytes;
    uint64_t commits; /* flushes that came to their end */

    int32_t *delegate; /* of each rank the owner that its cells count for */
    int32_t *owner_ranks;
    int32_t owner_count;
    uint64_t *scratch; /* 2 * size words, 0 between calls: cells by owner, bytes by owner */
    int32_t *touched;  /* 2 * size: which of these are not 0 */
    uint64_t *sizes;   /* 2 * size: of what goes to each rank, and of what comes from it */

    atlas_mpi_impl_layout *layouts;
    size_t layout_count, layout_capacity;
    atlas_mpi_impl_array *arrays;
    size_t array_count, array_capacity;
    size_t *array_slots; /* by hash, index plus 1 */
    size_t array_slot_count;

    atlas_mpi_impl_buffer *streams; /* to each rank */
    size_t *stream_array;           /* of which array the last piece of each stream is, plus 1 */
    size_t own_waiting;             /* bytes of cells that this rank's own stream got since it was drained */
    atlas_mpi_impl_piece *pieces;
    size_t piece_count, piece_capacity, own_piece_count;
    atlas_mpi_impl_group *groups;
    size_t group_count, group_capacity;
    size_t *group_slots;
    size_t group_slot_count;

    atlas_mpi_impl_buffer outgoing, incoming, chunk, ticket;
    atlas_mpi_impl_buffer blobs;   /* exported and not committed: each its length, then its bytes, padded to 8 */
    atlas_mpi_impl_buffer arrived; /* on rank 0, those of all */
    MPI_Request *requests;
    size_t request_capacity;

    /* Not OK where something happened after which no flush may commit; `torn_text` says what. */
    atlas_status torn;
    char torn_text[ATLAS_MPI_IMPL_TEXT];
    char text[ATLAS_MPI_IMPL_TEXT];
};

/* The text of the last create, open, close or discard that failed: there is no handle that it could belong to. */
static inline char *atlas_mpi_impl_orphan(void) {
    static char text[ATLAS_MPI_IMPL_TEXT];
    return text;
}

static inline atlas_status atlas_mpi_impl_fail(char *text, atlas_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, ATLAS_MPI_IMPL_TEXT, format, arguments);
    va_end(arguments);
    return status;
}

/* What a function of the library came to, with its text. */
static inline atlas_status atlas_mpi_impl_answer(char *text, atlas_status status) {
    if (status != ATLAS_STATUS_OK) atlas_mpi_impl_fail(text, status, "%s", atlas_last_error());
    return status;
}

static inline atlas_status atlas_mpi_impl_no_memory(char *text, size_t bytes) {
    return atlas_mpi_impl_fail(text, ATLAS_STATUS_OUT_OF_MEMORY, "there is no memory for %llu bytes",
                               (unsigned long long)bytes);
}

/* What a function of MPI came to, for communicators whose errors return. Behind it nothing can be agreed on. */
static inline atlas_status atlas_mpi_impl_mpi(char *text, int code, const char *call) {
    char reason[MPI_MAX_ERROR_STRING + 1] = "";
    int length = 0;
    if (code == MPI_SUCCESS) return ATLAS_STATUS_OK;
    MPI_Error_string(code, reason, &length);
    return atlas_mpi_impl_fail(text, ATLAS_STATUS_IO, "%s: %s", call, reason);
}

/*
 * Every rank learns whether any failed: the lowest of these has its status and text go to all, with its number in
 * front. `most`, if all ranks give it, becomes the largest of them.
 */
static inline atlas_status atlas_mpi_impl_agree(MPI_Comm comm, char *text, atlas_status status, uint64_t *most) {
    uint64_t mine[2] = {0, 0}, all[2] = {0, 0};
    int rank = 0, size = 0, root;
    atlas_status sent;
    char message[sizeof(atlas_status) + ATLAS_MPI_IMPL_TEXT];

    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    if (status != ATLAS_STATUS_OK) mine[0] = (uint64_t)(size - rank);
    if (most) mine[1] = *most;
    sent = atlas_mpi_impl_mpi(text, MPI_Allreduce(mine, all, 2, MPI_UINT64_T, MPI_MAX, comm), "MPI_Allreduce");
    if (sent != ATLAS_STATUS_OK) return sent;
    if (most) *most = all[1];
    if (all[0] == 0) return ATLAS_STATUS_OK;
    root = size - (int)all[0];
    memset(message, 0, sizeof message);
    if (rank == root) {
        char plain[ATLAS_MPI_IMPL_TEXT];
        memcpy(message, &status, sizeof status);
        memcpy(plain, text, sizeof plain);
        plain[sizeof plain - 1] = 0;
        snprintf(message + sizeof status, ATLAS_MPI_IMPL_TEXT, "rank %d: %.*s", rank, ATLAS_MPI_IMPL_TEXT - 32, plain);
    }
    sent = atlas_mpi_impl_mpi(text, MPI_Bcast(message, (int)sizeof message, MPI_BYTE, root, comm), "MPI_Bcast");
    if (sent != ATLAS_STATUS_OK) return sent;
    memcpy(&status, message, sizeof status);
    memcpy(text, message + sizeof status, ATLAS_MPI_IMPL_TEXT);
    return status;
}

/* Room for `more` bytes at the end. */
static inline int atlas_mpi_impl_reserve(atlas_mpi_impl_buffer *buffer, size_t more) {
    size_t wanted = buffer->length + more;
    unsigned char *bytes;
    if (wanted < more) return 0;
    if (wanted <= buffer->capacity) return 1;
    if (wanted < buffer->capacity + buffer->capacity / 2) wanted = buffer->capacity + buffer->capacity / 2;
    if (wanted < 4096) wanted = 4096;
    bytes = (unsigned char *)realloc(buffer->bytes, wanted);
    if (!bytes) return 0;
    buffer->bytes = bytes;
    buffer->capacity = wanted;
    return 1;
}

/* Room for `wanted` elements of a list. */
static inline int atlas_mpi_impl_grow(void **list, size_t *capacity, size_t wanted, size_t element) {
    size_t larger = *capacity + *capacity / 2;
    void *grown;
    if (wanted <= *capacity) return 1;
    if (larger < wanted) larger = wanted;
    if (larger < 16) larger = 16;
    if (larger > (size_t)-1 / element) return 0;
    grown = realloc(*list, larger * element);
    if (!grown) return 0;
    *list = grown;
    *capacity = larger;
    return 1;
}

static inline uint64_t atlas_mpi_impl_word(const unsigned char *bytes, size_t index) {
    uint64_t word;
    memcpy(&word, bytes + 8 * index, 8);
    return word;
}

static inline void atlas_mpi_impl_put(unsigned char *bytes, size_t index, uint64_t word) {
    memcpy(bytes + 8 * index, &word, 8);
}

static inline size_t atlas_mpi_impl_padded(size_t bytes) { return (bytes + 7) & ~(size_t)7; }

static inline uint64_t atlas_mpi_impl_hash(uint64_t hash, const void *bytes, size_t length) {
    const unsigned char *at = (const unsigned char *)bytes;
    size_t i;
    for (i = 0; i < length; i++) hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    return hash;
}

static inline uint64_t atlas_mpi_impl_mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ (hash >> 29);
}

static inline uint64_t atlas_mpi_impl_hash_names(const char *dataset, const char *array) {
    uint64_t hash = atlas_mpi_impl_hash(UINT64_C(14695981039346656037), dataset, strlen(dataset) + 1);
    return atlas_mpi_impl_hash(hash, array, strlen(array) + 1);
}

/* The indices of a cell or chunk as text, "[3,0,1]". */
static inline const char *atlas_mpi_impl_indices(char *text, size_t capacity, size_t rank, const uint64_t *indices) {
    size_t i, at = 0;
    for (i = 0; i < rank && at + 24 < capacity; i++)
        at += (size_t)snprintf(text + at, capacity - at, "%s%llu", i ? "," : "[", (unsigned long long)indices[i]);
    snprintf(text + at, capacity - at, rank ? "]" : "[]");
    return text;
}

/* ---- Inside: arrays and owners --------------------------------------------------------------------------------- */

/* The index of an array that this rank knows, plus 1; 0: it knows none of these names. */
static inline size_t atlas_mpi_impl_known(const atlas_mpi *m, uint64_t hash, const char *dataset, const char *array) {
    size_t at;
    if (m->array_slot_count == 0) return 0;
    for (at = (size_t)hash & (m->array_slot_count - 1); m->array_slots[at]; at = (at + 1) & (m->array_slot_count - 1)) {
        const atlas_mpi_impl_array *a = &m->arrays[m->array_slots[at] - 1];
        if (a->hash == hash && strcmp(a->dataset, dataset) == 0 && strcmp(a->array, array) == 0)
            return m->array_slots[at];
    }
    return 0;
}

/* A table of slots with room for `count` entries at most half full, all empty; a power of 2 long. */
static inline size_t *atlas_mpi_impl_slots(size_t count, size_t *slot_count) {
    size_t n = 64;
    while (n < 2 * count) n *= 2;
    *slot_count = n;
    return (size_t *)calloc(n, sizeof(size_t));
}

/* Asks the store what an array is. Its owners, where they were computed, stay those of its chunks. */
static inline atlas_status atlas_mpi_impl_ask(atlas_mpi *m, atlas_mpi_impl_array *a, char *text) {
    atlas_array_description info;
    uint64_t plane = 1, i;
    int same, growing;
    atlas_status status;

    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    status = atlas_mpi_impl_answer(text, atlas_array_info(m->store, a->dataset, a->array, &info));
    if (status != ATLAS_STATUS_OK) return status;
    growing = info.rank > 0 && info.unlimited == ATLAS_SWITCH_ON;
    same = a->commits > 0 && a->rank == info.rank && a->growing == growing;
    for (i = growing ? 1 : 0; i < info.rank; i++) {
        same = same && a->shape[i] == info.shape[i] && a->chunk[i] == info.chunk_shape[i];
        plane *= info.shape[i] / info.chunk_shape[i] + (info.shape[i] % info.chunk_shape[i] != 0);
    }
    if (!same) {
        int32_t *owners = NULL;
        if (plane <= (uint64_t)1 << 24) {
            owners = (int32_t *)malloc((plane ? (size_t)plane : 1) * sizeof *owners);
            if (!owners) return atlas_mpi_impl_no_memory(text, (size_t)plane * sizeof *owners);
            for (i = 0; i < plane; i++) owners[i] = -1;
        }
        free(a->owners);
        a->owners = owners;
        if (a->rank != info.rank) a->layout = -1;
    }
    a->dtype = info.dtype;
    a->rank = info.rank;
    a->growing = growing;
    a->plane = plane;
    a->commits = m->commits;
    for (i = 0; i < a->rank; i++) {
        a->shape[i] = info.shape[i];
        a->chunk[i] = info.chunk_shape[i];
        a->grid[i] = a->shape[i] / a->chunk[i] + (a->shape[i] % a->chunk[i] != 0);
    }
    return ATLAS_STATUS_OK;
}

/* Takes an array into the list, as the store describes it. Its index, plus 1. */
static inline atlas_status atlas_mpi_impl_learn(atlas_mpi *m, const char *dataset, const char *array, char *text,
                                                size_t *out) {
    atlas_mpi_impl_array *a;
    size_t i, at, dataset_bytes, array_bytes;
    atlas_status status;

    *out = 0;
    if (2 * (m->array_count + 1) > m->array_slot_count) {
        size_t slot_count, *slots = atlas_mpi_impl_slots(2 * (m->array_count + 1), &slot_count);
        if (!slots) return atlas_mpi_impl_no_memory(text, slot_count * sizeof(size_t));
        for (i = 0; i < m->array_count; i++) {
            for (at = (size_t)m->arrays[i].hash & (slot_count - 1); slots[at]; at = (at + 1) & (slot_count - 1)) {}
            slots[at] = i + 1;
        }
        free(m->array_slots);
        m->array_slots = slots;
        m->array_slot_count = slot_count;
    }
    if (!atlas_mpi_impl_grow((void **)&m->arrays, &m->array_capacity, m->array_count + 1, sizeof *a))
        return atlas_mpi_impl_no_memory(text, sizeof *a);
    a = &m->arrays[m->array_count];
    memset(a, 0, sizeof *a);
    dataset_bytes = strlen(dataset) + 1;
    array_bytes = strlen(array) + 1;
    a->dataset = (char *)malloc(dataset_bytes + array_bytes);
    if (!a->dataset) return atlas_mpi_impl_no_memory(text, dataset_bytes + array_bytes);
    a->array = a->dataset + dataset_bytes;
    memcpy(a->dataset, dataset, dataset_bytes);
    memcpy(a->array, array, array_bytes);
    a->hash = atlas_mpi_impl_hash_names(dataset, array);
    a->layout = -1;
    status = atlas_mpi_impl_ask(m, a, text);
    if (status != ATLAS_STATUS_OK) {
        free(a->dataset);
        return status;
    }
    for (at = (size_t)a->hash & (m->array_slot_count - 1); m->array_slots[at];
         at = (at + 1) & (m->array_slot_count - 1)) {}
    m->array_slots[at] = ++m->array_count;
    *out = m->array_count;
    return ATLAS_STATUS_OK;
}

static inline atlas_status atlas_mpi_impl_find(atlas_mpi *m, const char *dataset, const char *array, char *text,
                                               size_t *out) {
    *out = atlas_mpi_impl_known(m, atlas_mpi_impl_hash_names(dataset, array), dataset, array);
    if (*out == 0) return atlas_mpi_impl_learn(m, dataset, array, text, out);
    /* Rank 0 may have deleted or resized it. */
    return m->arrays[*out - 1].commits == m->commits ? ATLAS_STATUS_OK
                                                     : atlas_mpi_impl_ask(m, &m->arrays[*out - 1], text);
}

static inline uint64_t atlas_mpi_impl_chunk_number(const atlas_mpi_impl_array *a, const uint64_t *indices) {
    uint64_t number = 0;
    size_t i;
    for (i = 0; i < a->rank; i++) number = (i == 0 && a->growing ? 0 : number * a->grid[i]) + indices[i];
    return number;
}

/*
 * The owner of a chunk, by its indices: the one that most of its cells count for, by the tiles of all ranks; the lowest
 * of equal ones. Of a chunk in no tile, or of an array without tiles, the owners take turns. Every rank comes to the same
 * answer without asking another.
 */
static inline int32_t atlas_mpi_impl_owner(atlas_mpi *m, atlas_mpi_impl_array *a, const uint64_t *indices) {
    size_t first = a->growing ? 1 : 0, i;
    uint64_t place = 0, best = 0;
    int32_t owner = -1, touched = 0, *list = m->touched + m->size, r;

    for (i = first; i < a->rank; i++) place = place * a->grid[i] + indices[i];
    if (a->owners && a->owners[place] >= 0) return a->owners[place];
    for (r = 0; a->layout >= 0 && r < m->size; r++) {
        const uint64_t *tile = m->layouts[a->layout].tiles + (size_t)r * 2 * a->rank;
        uint64_t cells = 1;
        for (i = first; i < a->rank && cells; i++) {
            uint64_t low = indices[i] * a->chunk[i], high = low + a->chunk[i], end = tile[i] + tile[a->rank + i];
            if (low < tile[i]) low = tile[i];
            if (high > end) high = end;
            cells *= high > low ? high - low : 0;
        }
        if (!cells) continue;
        if (!m->scratch[m->delegate[r]]) list[touched++] = m->delegate[r];
        m->scratch[m->delegate[r]] += cells;
    }
    for (r = 0; r < touched; r++) {
        int32_t candidate = list[r];
        if (m->scratch[candidate] > best || (m->scratch[candidate] == best && candidate < owner)) {
            best = m->scratch[candidate];
            owner = candidate;
        }
        m->scratch[candidate] = 0;
    }
    if (owner < 0) owner = m->owner_ranks[place % (uint64_t)m->owner_count];
    if (a->owners) a->owners[place] = owner;
    return owner;
}

/*
 * Chunks as large as the box of cells that count for one owner, so that few cells lie in another's chunk; then cut to at
 * most 8 MiB, along leading dimensions first, and into equal parts where that is possible; or joined to 256 KiB. Of an
 * array that grows one index of dimension 0, or as many as make 64 KiB.
 */
static inline atlas_status atlas_mpi_impl_choose_chunk(const atlas_mpi *m, const uint64_t *tiles, size_t rank,
                                                       const uint64_t *shape, int growing, size_t element,
                                                       uint64_t *chunk, char *text) {
    const uint64_t most = (uint64_t)8 << 20, usual = (uint64_t)4 << 20, least = (uint64_t)256 << 10;
    size_t first = growing ? 1 : 0, words = (size_t)m->size * 2 * (rank ? rank : 1), i;
    uint64_t bytes = element ? element : 32, all = 0, boxes = 0, single[ATLAS_MAX_RANK];
    uint64_t *box = (uint64_t *)calloc(words, sizeof(uint64_t));
    int r;

    if (!box) return atlas_mpi_impl_no_memory(text, words * sizeof(uint64_t));
    for (i = 0; i < rank; i++) chunk[i] = single[i] = 1;
    for (r = 0; r < m->size; r++) {
        const uint64_t *tile = tiles + (size_t)r * 2 * rank;
        uint64_t *b = box + (size_t)m->delegate[r] * 2 * rank, cells = 1;
        for (i = first; i < rank; i++) cells *= tile[rank + i];
        if (!cells) continue;
        all += cells;
        for (i = first; i < rank; i++) {
            uint64_t end = tile[i] + tile[rank + i];
            if (b[rank + i] == 0 || tile[i] < b[i]) b[i] = tile[i];
            if (end > b[rank + i]) b[rank + i] = end;
            if (tile[rank + i] > single[i]) single[i] = tile[rank + i];
        }
    }
    for (r = 0; r < m->size; r++) {
        const uint64_t *b = box + (size_t)r * 2 * rank;
        uint64_t cells = 1;
        for (i = first; i < rank; i++) {
            cells *= b[rank + i] - b[i];
            if (b[rank + i] - b[i] > chunk[i]) chunk[i] = b[rank + i] - b[i];
        }
        boxes += cells;
    }
    free(box);
    /* Ranks that lie apart make boxes full of others' cells. */
    if (boxes / 3 > all / 2)
        for (i = first; i < rank; i++) chunk[i] = single[i];

    for (i = first; i < rank; i++) {
        if (chunk[i] > shape[i]) chunk[i] = shape[i] ? shape[i] : 1;
        bytes = bytes > UINT64_MAX / chunk[i] ? UINT64_MAX : bytes * chunk[i];
    }
    for (i = first; i < rank && bytes > most; i++) {
        uint64_t parts = bytes / usual + (bytes % usual != 0), p, cut;
        if (parts > chunk[i]) parts = chunk[i];
        for (p = parts; p < 2 * parts && p < chunk[i] && chunk[i] % p; p++) {}
        if (chunk[i] % p) p = parts;
        cut = chunk[i] / p + (chunk[i] % p != 0);
        bytes = bytes / chunk[i] * cut;
        chunk[i] = cut;
    }
    while (bytes < least) {
        size_t widest = rank;
        uint64_t chunks = 1, larger;
        for (i = first; i < rank; i++) {
            uint64_t n = shape[i] / chunk[i] + (shape[i] % chunk[i] != 0);
            if (n > 1 && n >= chunks) {
                chunks = n;
                widest = i;
            }
        }
        if (widest == rank) break;
        larger = chunk[widest] * 2 < shape[widest] ? chunk[widest] * 2 : shape[widest];
        bytes = bytes / chunk[widest] * larger;
        chunk[widest] = larger;
    }
    if (growing && bytes < (uint64_t)64 << 10) {
        chunk[0] = ((uint64_t)64 << 10) / (bytes ? bytes : 1);
        if (chunk[0] > 1024) chunk[0] = 1024;
    }
    return ATLAS_STATUS_OK;
}

/* Everything that ranks must give alike to define an array. */
static inline uint64_t atlas_mpi_impl_hash_definition(const char *dataset, const char *array, atlas_dtype dtype,
                                                      size_t rank, const char *const *dims, const uint64_t *shape,
                                                      const atlas_array_options *options) {
    uint64_t hash = atlas_mpi_impl_hash_names(dataset, array);
    size_t i;
    hash = atlas_mpi_impl_mix(atlas_mpi_impl_mix(hash, (uint64_t)dtype), rank);
    for (i = 0; i < rank; i++) {
        hash = atlas_mpi_impl_mix(hash, shape[i]);
        if (dims && dims[i]) hash = atlas_mpi_impl_hash(hash, dims[i], strlen(dims[i]) + 1);
    }
    if (!options) return hash;
    hash = atlas_mpi_impl_mix(hash, (uint64_t)options->codec);
    hash = atlas_mpi_impl_mix(hash, (uint64_t)options->level);
    hash = atlas_mpi_impl_mix(hash, (uint64_t)options->shuffle);
    hash = atlas_mpi_impl_mix(hash, (uint64_t)options->pack);
    hash = atlas_mpi_impl_mix(hash, (uint64_t)options->unlimited);
    hash = atlas_mpi_impl_mix(hash, (uint64_t)options->filter);
    hash = atlas_mpi_impl_mix(hash, (uint64_t)options->keep_bits);
    for (i = 0; options->chunk_shape && i < rank; i++) hash = atlas_mpi_impl_mix(hash, options->chunk_shape[i] + 1);
    if (options->fill_value && dtype != ATLAS_DTYPE_STRING)
        hash = atlas_mpi_impl_hash(hash, options->fill_value, atlas_dtype_size(dtype));
    if (options->fill_value && dtype == ATLAS_DTYPE_STRING)
        hash = atlas_mpi_impl_hash(hash, options->fill_value, strlen((const char *)options->fill_value));
    return hash;
}

/* ---- Inside: cells that wait ----------------------------------------------------------------------------------- */

static inline void atlas_mpi_impl_c_order(size_t rank, const uint64_t *count, int64_t *strides) {
    int64_t stride = 1;
    size_t i;
    for (i = rank; i-- > 0;) {
        strides[i] = stride;
        stride *= (int64_t)count[i];
    }
}

/* A row of cells. */
static inline void atlas_mpi_impl_copy_row(unsigned char *to, int64_t to_stride, const unsigned char *from,
                                           int64_t from_stride, uint64_t n, size_t element) {
    int64_t to_step = to_stride * (int64_t)element, from_step = from_stride * (int64_t)element;
    if (to_stride == 1 && from_stride == 1) {
        memcpy(to, from, (size_t)n * element);
        return;
    }
    switch (element) {
    case 4:
        for (; n > 0; n--, to += to_step, from += from_step) memcpy(to, from, 4);
        break;
    case 8:
        for (; n > 0; n--, to += to_step, from += from_step) memcpy(to, from, 8);
        break;
    default:
        for (; n > 0; n--, to += to_step, from += from_step) memcpy(to, from, element);
    }
}

/* A box of cells, none of whose extents is 0, from one memory into another; strides in elements. */
static inline void atlas_mpi_impl_copy(unsigned char *to, const int64_t *to_strides, const unsigned char *from,
                                       const int64_t *from_strides, size_t rank, const uint64_t *count,
                                       size_t element) {
    uint64_t index[ATLAS_MAX_RANK] = {0}, run = 1;
    int64_t to_stride = 1, from_stride = 1;
    size_t outer = rank, i;

    if (rank > 0) {
        outer = rank - 1;
        run = count[outer];
        to_stride = to_strides[outer];
        from_stride = from_strides[outer];
        while (outer > 0 && to_stride == 1 && from_stride == 1 && to_strides[outer - 1] == (int64_t)run &&
               from_strides[outer - 1] == (int64_t)run)
            run *= count[--outer];
    }
    for (;;) {
        atlas_mpi_impl_copy_row(to, to_stride, from, from_stride, run, element);
        for (i = outer; i-- > 0;) {
            to += to_strides[i] * (int64_t)element;
            from += from_strides[i] * (int64_t)element;
            if (++index[i] < count[i]) break;
            to -= to_strides[i] * (int64_t)count[i] * (int64_t)element;
            from -= from_strides[i] * (int64_t)count[i] * (int64_t)element;
            index[i] = 0;
        }
        if (i == (size_t)-1) return;
    }
}

static inline size_t atlas_mpi_impl_slot_of(const atlas_mpi *m, size_t array, uint64_t chunk) {
    size_t at = (size_t)atlas_mpi_impl_mix(array * UINT64_C(0xD6E8FEB86659FD93), chunk) & (m->group_slot_count - 1);
    while (m->group_slots[at] &&
           (m->groups[m->group_slots[at] - 1].array != array || m->groups[m->group_slots[at] - 1].chunk != chunk))
        at = (at + 1) & (m->group_slot_count - 1);
    return at;
}

/* Room for `more` pieces, each in a chunk of its own. */
static inline int atlas_mpi_impl_reserve_pieces(atlas_mpi *m, size_t more) {
    size_t i;
    if (!atlas_mpi_impl_grow((void **)&m->pieces, &m->piece_capacity, m->piece_count + more, sizeof *m->pieces))
        return 0;
    if (!atlas_mpi_impl_grow((void **)&m->groups, &m->group_capacity, m->group_count + more, sizeof *m->groups))
        return 0;
    if (2 * (m->group_count + more) > m->group_slot_count) {
        size_t slot_count, *slots = atlas_mpi_impl_slots(2 * (m->group_count + more), &slot_count);
        if (!slots) return 0;
        free(m->group_slots);
        m->group_slots = slots;
        m->group_slot_count = slot_count;
        for (i = 0; i < m->group_count; i++)
            slots[atlas_mpi_impl_slot_of(m, m->groups[i].array, m->groups[i].chunk)] = i + 1;
    }
    return 1;
}

static inline const unsigned char *atlas_mpi_impl_record(const atlas_mpi *m, const atlas_mpi_impl_piece *piece) {
    return (piece->received ? m->incoming.bytes : m->streams[m->rank].bytes) + piece->offset;
}

/* Takes a piece whose record stands already into the group of its chunk; there is room. */
static inline void atlas_mpi_impl_join(atlas_mpi *m, size_t array, size_t index) {
    atlas_mpi_impl_piece *piece = &m->pieces[index];
    const unsigned char *record = atlas_mpi_impl_record(m, piece);
    uint64_t chunk = atlas_mpi_impl_word(record, 3);
    size_t at = atlas_mpi_impl_slot_of(m, array, chunk);
    atlas_mpi_impl_group *group;

    if (!m->group_slots[at]) {
        group = &m->groups[m->group_count];
        memset(group, 0, sizeof *group);
        group->array = array;
        group->chunk = chunk;
        m->group_slots[at] = ++m->group_count;
    }
    group = &m->groups[m->group_slots[at] - 1];
    piece->next = 0;
    if (group->last) {
        if (m->pieces[group->last - 1].source != piece->source) group->mixed = 1;
        m->pieces[group->last - 1].next = index + 1;
    } else {
        group->first = index + 1;
    }
    group->last = index + 1;
    group->count++;
    if (atlas_mpi_impl_word(record, 2)) group->waiting++;
}

/* Takes what was received out of the groups again. */
static inline void atlas_mpi_impl_forget_received(atlas_mpi *m) {
    size_t i;
    if (m->piece_count == m->own_piece_count) return;
    for (i = 0; i < m->group_count; i++) {
        atlas_mpi_impl_group *group = &m->groups[i];
        size_t at, last = 0;
        group->count = group->waiting = 0;
        for (at = group->first; at && at <= m->own_piece_count; at = m->pieces[at - 1].next) {
            last = at;
            group->count++;
            if (atlas_mpi_impl_word(atlas_mpi_impl_record(m, &m->pieces[at - 1]), 2)) group->waiting++;
        }
        group->mixed = 0;
        group->last = last;
        if (last)
            m->pieces[last - 1].next = 0;
        else
            group->first = 0;
    }
    m->piece_count = m->own_piece_count;
}

/* Nothing waits any more. */
static inline void atlas_mpi_impl_clear(atlas_mpi *m) {
    int r;
    for (r = 0; r < m->size; r++) {
        m->streams[r].length = 0;
        m->stream_array[r] = 0;
    }
    m->own_waiting = 0;
    m->piece_count = m->own_piece_count = m->group_count = 0;
    if (m->group_slots) memset(m->group_slots, 0, m->group_slot_count * sizeof(size_t));
}

/* Bytes of a record of an array, and of one of a piece. */
static inline size_t atlas_mpi_impl_array_record(const atlas_mpi_impl_array *a) {
    return 32 + atlas_mpi_impl_padded(strlen(a->dataset) + strlen(a->array) + 2);
}

static inline size_t atlas_mpi_impl_piece_record(size_t rank, size_t bytes) {
    return 32 + 16 * rank + atlas_mpi_impl_padded(bytes);
}

static inline void atlas_mpi_impl_put_array(atlas_mpi_impl_buffer *to, const atlas_mpi_impl_array *a) {
    unsigned char *record = to->bytes + to->length;
    size_t bytes = atlas_mpi_impl_array_record(a), dataset_bytes = strlen(a->dataset) + 1,
           array_bytes = strlen(a->array) + 1;
    memset(record, 0, bytes);
    atlas_mpi_impl_put(record, 0, ATLAS_MPI_IMPL_RECORD_ARRAY);
    atlas_mpi_impl_put(record, 1, a->rank);
    atlas_mpi_impl_put(record, 2, dataset_bytes);
    atlas_mpi_impl_put(record, 3, array_bytes);
    memcpy(record + 32, a->dataset, dataset_bytes);
    memcpy(record + 32 + dataset_bytes, a->array, array_bytes);
    to->length += bytes;
}

/* Writes what a record has into this rank's worker handle. */
static inline atlas_status atlas_mpi_impl_write_record(atlas_mpi *m, const atlas_mpi_impl_array *a,
                                                       const unsigned char *record, char *text) {
    uint64_t start[ATLAS_MAX_RANK], count[ATLAS_MAX_RANK];
    memcpy(start, record + 32, 8 * a->rank);
    memcpy(count, record + 32 + 8 * a->rank, 8 * a->rank);
    return atlas_mpi_impl_answer(
        text, atlas_write_array(m->store, a->dataset, a->array, (atlas_dtype)atlas_mpi_impl_word(record, 1), a->rank,
                                start, count, NULL, record + 32 + 16 * a->rank));
}

/* An interval of a piece along one dimension. */
typedef struct atlas_mpi_impl_span {
    uint64_t start, end;
    size_t piece;
} atlas_mpi_impl_span;

static inline int atlas_mpi_impl_compare_spans(const void *one, const void *other) {
    const atlas_mpi_impl_span *a = (const atlas_mpi_impl_span *)one, *b = (const atlas_mpi_impl_span *)other;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    return a->piece < b->piece ? -1 : a->piece > b->piece;
}

/*
 * Whether the pieces of a chunk are boxes without a common cell. Two ranks' pieces that have one are a CONFLICT, which
 * names the first such cell of the pair.
 */
static inline atlas_status atlas_mpi_impl_check(const atlas_mpi *m, const atlas_mpi_impl_group *group,
                                                const uint64_t *low, const uint64_t *high, int *disjoint, char *text) {
    const atlas_mpi_impl_array *a = &m->arrays[group->array];
    size_t rank = a->rank, along = 0, n = 0, at, i, j;
    atlas_mpi_impl_span *spans = (atlas_mpi_impl_span *)malloc(group->count * sizeof *spans);
    atlas_status status = ATLAS_STATUS_OK;

    *disjoint = 1;
    if (!spans) return atlas_mpi_impl_no_memory(text, group->count * sizeof *spans);
    for (i = 1; i < rank; i++)
        if (high[i] - low[i] > high[along] - low[along]) along = i;
    for (at = group->first; at; at = m->pieces[at - 1].next) {
        const unsigned char *record = atlas_mpi_impl_record(m, &m->pieces[at - 1]);
        spans[n].piece = at - 1;
        spans[n].start = rank ? atlas_mpi_impl_word(record, 4 + along) : 0;
        spans[n].end = rank ? spans[n].start + atlas_mpi_impl_word(record, 4 + rank + along) : 1;
        n++;
    }
    qsort(spans, n, sizeof *spans, atlas_mpi_impl_compare_spans);
    for (i = 0; i < n && status == ATLAS_STATUS_OK; i++) {
        const atlas_mpi_impl_piece *one = &m->pieces[spans[i].piece];
        const unsigned char *record = atlas_mpi_impl_record(m, one);
        for (j = i + 1; j < n && spans[j].start < spans[i].end; j++) {
            const atlas_mpi_impl_piece *other = &m->pieces[spans[j].piece];
            const unsigned char *second = atlas_mpi_impl_record(m, other);
            uint64_t cell[ATLAS_MAX_RANK];
            size_t k;
            if (one->source == other->source && !*disjoint) continue;
            for (k = 0; k < rank; k++) {
                uint64_t s = atlas_mpi_impl_word(record, 4 + k), t = atlas_mpi_impl_word(second, 4 + k);
                uint64_t e = s + atlas_mpi_impl_word(record, 4 + rank + k),
                         f = t + atlas_mpi_impl_word(second, 4 + rank + k);
                cell[k] = s > t ? s : t;
                if (cell[k] >= e || cell[k] >= f) break;
            }
            if (k < rank) continue;
            *disjoint = 0;
            if (one->source != other->source) {
                char where[ATLAS_MAX_RANK * 24];
                int32_t lower = one->source < other->source ? one->source : other->source;
                status = atlas_mpi_impl_fail(
                    text, ATLAS_STATUS_CONFLICT, "array '%s' of dataset '%s': cell %s was written by ranks %d and %d",
                    a->array, a->dataset, atlas_mpi_impl_indices(where, sizeof where, rank, cell), (int)lower,
                    (int)(lower == one->source ? other->source : one->source));
                break;
            }
        }
    }
    free(spans);
    return status;
}

/*
 * Writes what waits of a chunk into this rank's worker handle: as one box where the pieces fill one, else piece by piece
 * in their order.
 */
static inline atlas_status atlas_mpi_impl_apply(atlas_mpi *m, const atlas_mpi_impl_group *group, char *text) {
    const atlas_mpi_impl_array *a = &m->arrays[group->array];
    uint64_t low[ATLAS_MAX_RANK] = {0}, high[ATLAS_MAX_RANK] = {0}, extent[ATLAS_MAX_RANK], cells = 0, box = 1;
    int64_t strides[ATLAS_MAX_RANK];
    const unsigned char *record;
    size_t rank = a->rank, at, i, element;
    int disjoint = 0, one_type = 1;
    atlas_dtype dtype = 0;
    atlas_status status = ATLAS_STATUS_OK;

    if (!group->mixed && group->waiting == 0) return ATLAS_STATUS_OK;
    if (group->count > 1) {
        for (at = group->first; at; at = m->pieces[at - 1].next) {
            uint64_t n = 1;
            record = atlas_mpi_impl_record(m, &m->pieces[at - 1]);
            if (at == group->first) dtype = (atlas_dtype)atlas_mpi_impl_word(record, 1);
            if ((atlas_dtype)atlas_mpi_impl_word(record, 1) != dtype) one_type = 0;
            for (i = 0; i < rank; i++) {
                uint64_t s = atlas_mpi_impl_word(record, 4 + i), e = s + atlas_mpi_impl_word(record, 4 + rank + i);
                if (at == group->first || s < low[i]) low[i] = s;
                if (at == group->first || e > high[i]) high[i] = e;
                n *= e - s;
            }
            cells += n;
        }
        status = atlas_mpi_impl_check(m, group, low, high, &disjoint, text);
        if (status != ATLAS_STATUS_OK) return status;
        for (i = 0; i < rank; i++) {
            extent[i] = high[i] - low[i];
            box *= extent[i];
        }
    }
    if (disjoint && one_type && group->waiting == group->count && cells == box) {
        element = atlas_dtype_size(dtype);
        m->chunk.length = 0;
        if (!atlas_mpi_impl_reserve(&m->chunk, (size_t)cells * element))
            return atlas_mpi_impl_no_memory(text, (size_t)cells * element);
        atlas_mpi_impl_c_order(rank, extent, strides);
        for (at = group->first; at; at = m->pieces[at - 1].next) {
            uint64_t count[ATLAS_MAX_RANK];
            int64_t from_strides[ATLAS_MAX_RANK], offset = 0;
            record = atlas_mpi_impl_record(m, &m->pieces[at - 1]);
            memcpy(count, record + 32 + 8 * rank, 8 * rank);
            atlas_mpi_impl_c_order(rank, count, from_strides);
            for (i = 0; i < rank; i++) offset += (int64_t)(atlas_mpi_impl_word(record, 4 + i) - low[i]) * strides[i];
            atlas_mpi_impl_copy(m->chunk.bytes + offset * (int64_t)element, strides, record + 32 + 16 * rank,
                                from_strides, rank, count, element);
        }
        return atlas_mpi_impl_answer(text, atlas_write_array(m->store, a->dataset, a->array, dtype, rank, low, extent,
                                                             NULL, m->chunk.bytes));
    }
    for (at = group->first; at && status == ATLAS_STATUS_OK; at = m->pieces[at - 1].next) {
        record = atlas_mpi_impl_record(m, &m->pieces[at - 1]);
        if (atlas_mpi_impl_word(record, 2)) status = atlas_mpi_impl_write_record(m, a, record, text);
    }
    return status;
}

/* Writes what waits in this rank's own chunks into its worker handle, and keeps of it where it was. */
static inline void atlas_mpi_impl_drain(atlas_mpi *m, char *text) {
    atlas_mpi_impl_buffer *own = &m->streams[m->rank];
    size_t i, to = 0;
    for (i = 0; i < m->group_count; i++)
        if (atlas_mpi_impl_apply(m, &m->groups[i], text) != ATLAS_STATUS_OK) return;
    for (i = 0; i < m->group_count; i++) m->groups[i].waiting = 0;
    /* Records stand in the order of the pieces, and only become shorter. */
    for (i = 0; i < m->own_piece_count; i++) {
        unsigned char *record = own->bytes + m->pieces[i].offset;
        size_t next = i + 1 < m->own_piece_count ? m->pieces[i + 1].offset : own->length;
        size_t bytes = next - m->pieces[i].offset - atlas_mpi_impl_padded((size_t)atlas_mpi_impl_word(record, 2));
        atlas_mpi_impl_put(record, 2, 0);
        memmove(own->bytes + to, record, bytes);
        m->pieces[i].offset = to;
        to += bytes;
    }
    own->length = to;
}

/* ---- Inside: a write ------------------------------------------------------------------------------------------- */

/* A walk over the chunks that a region touches. */
typedef struct atlas_mpi_impl_walk {
    uint64_t low[ATLAS_MAX_RANK], high[ATLAS_MAX_RANK]; /* the region's first and last chunk */
    uint64_t at[ATLAS_MAX_RANK];
    uint64_t start[ATLAS_MAX_RANK], count[ATLAS_MAX_RANK]; /* of the region in the chunk `at` */
    uint64_t cells;
    int whole; /* the region has all cells of this chunk that the array has */
} atlas_mpi_impl_walk;

static inline void atlas_mpi_impl_walk_at(const atlas_mpi_impl_array *a, atlas_mpi_impl_walk *w, const uint64_t *start,
                                          const uint64_t *count) {
    size_t i;
    w->cells = 1;
    w->whole = 1;
    for (i = 0; i < a->rank; i++) {
        uint64_t low = w->at[i] * a->chunk[i], high = low + a->chunk[i], end = start[i] + count[i];
        if (high > a->shape[i] && !(i == 0 && a->growing)) high = a->shape[i];
        if (start[i] > low || end < high) w->whole = 0;
        w->start[i] = start[i] > low ? start[i] : low;
        w->count[i] = (end < high ? end : high) - w->start[i];
        w->cells *= w->count[i];
    }
}

static inline void atlas_mpi_impl_walk_first(const atlas_mpi_impl_array *a, atlas_mpi_impl_walk *w,
                                             const uint64_t *start, const uint64_t *count) {
    size_t i;
    for (i = 0; i < a->rank; i++) {
        w->at[i] = w->low[i] = start[i] / a->chunk[i];
        w->high[i] = (start[i] + count[i] - 1) / a->chunk[i];
    }
    atlas_mpi_impl_walk_at(a, w, start, count);
}

static inline int atlas_mpi_impl_walk_next(const atlas_mpi_impl_array *a, atlas_mpi_impl_walk *w,
                                           const uint64_t *start, const uint64_t *count) {
    size_t i;
    for (i = a->rank; i-- > 0;) {
        if (w->at[i]++ < w->high[i]) {
            atlas_mpi_impl_walk_at(a, w, start, count);
            return 1;
        }
        w->at[i] = w->low[i];
    }
    return 0;
}

/* Appends the record of a piece; there is room. The cells' place in it. */
static inline unsigned char *atlas_mpi_impl_put_piece(atlas_mpi_impl_buffer *to, const atlas_mpi_impl_array *a,
                                                      const atlas_mpi_impl_walk *w, atlas_dtype dtype, size_t bytes) {
    unsigned char *record = to->bytes + to->length;
    size_t whole = atlas_mpi_impl_piece_record(a->rank, bytes);
    atlas_mpi_impl_put(record, 0, ATLAS_MPI_IMPL_RECORD_PIECE);
    atlas_mpi_impl_put(record, 1, (uint64_t)dtype);
    atlas_mpi_impl_put(record, 2, bytes);
    atlas_mpi_impl_put(record, 3, atlas_mpi_impl_chunk_number(a, w->at));
    memcpy(record + 32, w->start, 8 * a->rank);
    memcpy(record + 32 + 8 * a->rank, w->count, 8 * a->rank);
    if (whole > 32 + 16 * a->rank + bytes)
        memset(record + 32 + 16 * a->rank + bytes, 0, whole - (32 + 16 * a->rank + bytes));
    to->length += whole;
    return record + 32 + 16 * a->rank;
}

/* A piece of this rank's own, whose record is about to be appended. */
static inline size_t atlas_mpi_impl_new_piece(atlas_mpi *m) {
    atlas_mpi_impl_piece *piece = &m->pieces[m->piece_count++];
    piece->offset = m->streams[m->rank].length;
    piece->source = m->rank;
    piece->received = 0;
    piece->next = 0;
    m->own_piece_count = m->piece_count;
    return m->piece_count - 1;
}

/* Whether cells of a chunk of this rank wait. */
static inline int atlas_mpi_impl_waits(const atlas_mpi *m, size_t array, uint64_t chunk) {
    size_t slot;
    if (m->group_slot_count == 0) return 0;
    slot = m->group_slots[atlas_mpi_impl_slot_of(m, array, chunk)];
    return slot && m->groups[slot - 1].waiting > 0;
}

/* The address of the walk's region in memory of these strides. */
static inline const unsigned char *atlas_mpi_impl_address(const atlas_mpi_impl_array *a, const atlas_mpi_impl_walk *w,
                                                          const uint64_t *start, const int64_t *strides,
                                                          const void *data, size_t element) {
    int64_t offset = 0;
    size_t i;
    for (i = 0; i < a->rank; i++) offset += (int64_t)(w->start[i] - start[i]) * strides[i];
    return (const unsigned char *)data + offset * (int64_t)element;
}

static inline atlas_status atlas_mpi_impl_write(atlas_mpi *m, size_t index, atlas_dtype dtype, const uint64_t *start,
                                                const uint64_t *count, const int64_t *strides, const void *data) {
    atlas_mpi_impl_array *a = &m->arrays[index];
    atlas_mpi_impl_walk w;
    size_t element = atlas_dtype_size(dtype), own_pieces = 0, direct = 0, direct_bytes = 0, chunks = 0;
    atlas_status status;
    int32_t touched = 0, r;
    int more, room = 1;

    /* What it takes: a write that fails for want of memory has done nothing. */
    atlas_mpi_impl_walk_first(a, &w, start, count);
    for (more = 1; more; more = atlas_mpi_impl_walk_next(a, &w, start, count)) {
        int32_t owner = atlas_mpi_impl_owner(m, a, w.at);
        size_t bytes = atlas_mpi_impl_piece_record(a->rank, (size_t)w.cells * element);
        chunks++;
        if (owner == m->rank) {
            own_pieces++;
            if (w.whole && !atlas_mpi_impl_waits(m, index, atlas_mpi_impl_chunk_number(a, w.at))) {
                direct_bytes += bytes - atlas_mpi_impl_piece_record(a->rank, 0);
                bytes = atlas_mpi_impl_piece_record(a->rank, 0);
                direct++;
            }
        }
        if (!m->scratch[m->size + owner]) {
            m->touched[touched++] = owner;
            m->scratch[m->size + owner] = owner == m->rank ? 8 : 8 + atlas_mpi_impl_array_record(a);
        }
        m->scratch[m->size + owner] += bytes;
    }
    /* Where the types differ a value may not fit, of which one call of the library finds all or none at fault. */
    if (direct > 0 && direct < chunks && dtype != a->dtype) {
        m->scratch[m->size + m->rank] += direct_bytes;
        direct = 0;
    }
    for (r = 0; r < touched; r++) {
        room = room && atlas_mpi_impl_reserve(&m->streams[m->touched[r]], (size_t)m->scratch[m->size + m->touched[r]]);
        m->scratch[m->size + m->touched[r]] = 0;
    }
    if (!room || !atlas_mpi_impl_reserve_pieces(m, own_pieces))
        return atlas_mpi_impl_fail(m->text, ATLAS_STATUS_OUT_OF_MEMORY,
                                   "array '%s' of dataset '%s': there is no memory for what is written", a->array,
                                   a->dataset);

    if (direct == chunks) {
        status = atlas_mpi_impl_answer(
            m->text, atlas_write_array(m->store, a->dataset, a->array, dtype, a->rank, start, count, strides, data));
        if (status != ATLAS_STATUS_OK) return status;
    }
    atlas_mpi_impl_walk_first(a, &w, start, count);
    for (more = 1; more; more = atlas_mpi_impl_walk_next(a, &w, start, count)) {
        int32_t owner = atlas_mpi_impl_owner(m, a, w.at);
        atlas_mpi_impl_buffer *to = &m->streams[owner];
        const unsigned char *from = atlas_mpi_impl_address(a, &w, start, strides, data, element);
        size_t bytes = (size_t)w.cells * element, piece = 0;
        unsigned char *cells;
        if (owner == m->rank) {
            if (direct > 0 && w.whole && !atlas_mpi_impl_waits(m, index, atlas_mpi_impl_chunk_number(a, w.at))) {
                status = direct == chunks ? ATLAS_STATUS_OK
                                          : atlas_mpi_impl_answer(m->text, atlas_write_array(m->store, a->dataset,
                                                                                             a->array, dtype, a->rank,
                                                                                             w.start, w.count, strides,
                                                                                             from));
                if (status != ATLAS_STATUS_OK) {
                    m->torn = status;
                    memcpy(m->torn_text, m->text, sizeof m->text);
                    return status;
                }
                bytes = 0;
            }
            piece = atlas_mpi_impl_new_piece(m);
            m->own_waiting += bytes;
        } else if (m->stream_array[owner] != index + 1) {
            atlas_mpi_impl_put_array(to, a);
            m->stream_array[owner] = index + 1;
        }
        cells = atlas_mpi_impl_put_piece(to, a, &w, dtype, bytes);
        if (bytes) {
            int64_t packed[ATLAS_MAX_RANK];
            atlas_mpi_impl_c_order(a->rank, w.count, packed);
            atlas_mpi_impl_copy(cells, packed, from, strides, a->rank, w.count, element);
        }
        if (owner == m->rank) atlas_mpi_impl_join(m, index, piece);
    }
    /* Where this fails everything waits on, and the flush says why. */
    if (m->own_waiting > m->exchange_bytes) {
        atlas_mpi_impl_drain(m, m->text);
        m->own_waiting = 0;
    }
    return ATLAS_STATUS_OK;
}

/* ---- Inside: ranks to ranks ------------------------------------------------------------------------------------ */

static inline size_t atlas_mpi_impl_messages(uint64_t bytes) {
    return (size_t)(bytes / ATLAS_MPI_IMPL_MESSAGE + (bytes % ATLAS_MPI_IMPL_MESSAGE != 0));
}

/* Begins to send or receive bytes, in messages that MPI can count; there is room for the requests. */
static inline atlas_status atlas_mpi_impl_post(atlas_mpi *m, int sends, unsigned char *bytes, uint64_t length, int peer,
                                               int *posted) {
    while (length > 0) {
        int part = (int)(length < ATLAS_MPI_IMPL_MESSAGE ? length : ATLAS_MPI_IMPL_MESSAGE);
        MPI_Request *request = &m->requests[(*posted)++];
        int code = sends ? MPI_Isend(bytes, part, MPI_BYTE, peer, 1, m->comm, request)
                         : MPI_Irecv(bytes, part, MPI_BYTE, peer, 1, m->comm, request);
        if (code != MPI_SUCCESS) return atlas_mpi_impl_mpi(m->text, code, sends ? "MPI_Isend" : "MPI_Irecv");
        bytes += part;
        length -= (uint64_t)part;
    }
    return ATLAS_STATUS_OK;
}

static inline atlas_status atlas_mpi_impl_wait(atlas_mpi *m, int posted) {
    atlas_status status = ATLAS_STATUS_OK;
    int i;
    for (i = 0; i < posted && status == ATLAS_STATUS_OK; i++)
        status = atlas_mpi_impl_mpi(m->text, MPI_Wait(&m->requests[i], MPI_STATUS_IGNORE), "MPI_Wait");
    return status;
}

static inline int atlas_mpi_impl_reserve_requests(atlas_mpi *m, size_t wanted) {
    return wanted <= INT32_MAX &&
           atlas_mpi_impl_grow((void **)&m->requests, &m->request_capacity, wanted, sizeof(MPI_Request));
}

/* Bytes of rank 0 to all. */
static inline atlas_status atlas_mpi_impl_bcast(atlas_mpi *m, unsigned char *bytes, uint64_t length) {
    while (length > 0) {
        int part = (int)(length < ATLAS_MPI_IMPL_MESSAGE ? length : ATLAS_MPI_IMPL_MESSAGE);
        atlas_status status =
            atlas_mpi_impl_mpi(m->text, MPI_Bcast(bytes, part, MPI_BYTE, 0, m->comm), "MPI_Bcast");
        if (status != ATLAS_STATUS_OK) return status;
        bytes += part;
        length -= (uint64_t)part;
    }
    return ATLAS_STATUS_OK;
}

/* Copies from a stream what belongs to a round; what it takes, where `to` is NULL. */
static inline uint64_t atlas_mpi_impl_pack_round(const atlas_mpi_impl_buffer *stream, uint64_t round, uint64_t rounds,
                                                 atlas_mpi_impl_buffer *to) {
    size_t at = 0, array = (size_t)-1, said = (size_t)-1, rank = 0;
    uint64_t total = 0, hash = 0;
    while (at < stream->length) {
        const unsigned char *record = stream->bytes + at;
        size_t bytes;
        if (atlas_mpi_impl_word(record, 0) == ATLAS_MPI_IMPL_RECORD_ARRAY) {
            size_t names = (size_t)(atlas_mpi_impl_word(record, 2) + atlas_mpi_impl_word(record, 3));
            bytes = 32 + atlas_mpi_impl_padded(names);
            rank = (size_t)atlas_mpi_impl_word(record, 1);
            hash = atlas_mpi_impl_hash(UINT64_C(14695981039346656037), record + 32, names);
            array = at;
        } else {
            bytes = atlas_mpi_impl_piece_record(rank, (size_t)atlas_mpi_impl_word(record, 2));
            if (atlas_mpi_impl_mix(hash, atlas_mpi_impl_word(record, 3)) % rounds == round) {
                if (said != array) {
                    const unsigned char *names = stream->bytes + array;
                    size_t header = 32 + atlas_mpi_impl_padded((size_t)(atlas_mpi_impl_word(names, 2) +
                                                                       atlas_mpi_impl_word(names, 3)));
                    if (to) {
                        memcpy(to->bytes + to->length, names, header);
                        to->length += header;
                    }
                    total += header;
                    said = array;
                }
                if (to) {
                    memcpy(to->bytes + to->length, record, bytes);
                    to->length += bytes;
                }
                total += bytes;
            }
        }
        at += bytes;
    }
    return total;
}

/* Reads what a rank has sent into the groups of this one's chunks. */
static inline atlas_status atlas_mpi_impl_take(atlas_mpi *m, size_t from, uint64_t length, int source, char *text) {
    size_t end = from + (size_t)length, index = 0, bytes;
    while (from < end) {
        const unsigned char *record = m->incoming.bytes + from;
        if (atlas_mpi_impl_word(record, 0) == ATLAS_MPI_IMPL_RECORD_ARRAY) {
            const char *dataset = (const char *)record + 32;
            const char *array = dataset + (size_t)atlas_mpi_impl_word(record, 2);
            atlas_status status = atlas_mpi_impl_find(m, dataset, array, text, &index);
            if (status != ATLAS_STATUS_OK) return status;
            if (m->arrays[index - 1].rank != atlas_mpi_impl_word(record, 1))
                return atlas_mpi_impl_fail(text, ATLAS_STATUS_CONFLICT,
                                           "array '%s' of dataset '%s' has %u dimensions here and %u on rank %d", array,
                                           dataset, (unsigned)m->arrays[index - 1].rank,
                                           (unsigned)atlas_mpi_impl_word(record, 1), source);
            bytes = atlas_mpi_impl_array_record(&m->arrays[index - 1]);
        } else {
            atlas_mpi_impl_piece *piece;
            if (!atlas_mpi_impl_reserve_pieces(m, 1)) return atlas_mpi_impl_no_memory(text, sizeof *piece);
            piece = &m->pieces[m->piece_count++];
            piece->offset = from;
            piece->next = 0;
            piece->source = source;
            piece->received = 1;
            bytes = atlas_mpi_impl_piece_record(m->arrays[index - 1].rank, (size_t)atlas_mpi_impl_word(record, 2));
            atlas_mpi_impl_join(m, index - 1, m->piece_count - 1);
        }
        from += bytes;
    }
    return ATLAS_STATUS_OK;
}

/*
 * Every cell that waits on any rank comes into the worker handle of its chunk's owner, in as many rounds as keep what
 * arrives small; all pieces of a chunk come in one round. What waited waits on where this fails.
 */
static inline atlas_status atlas_mpi_impl_exchange(atlas_mpi *m) {
    uint64_t *outgoing = m->sizes, *incoming = m->sizes + m->size, total = 0, rounds, round;
    atlas_status status = m->torn, sent;
    int r, posted;
    size_t i;

    if (status != ATLAS_STATUS_OK) memcpy(m->text, m->torn_text, sizeof m->text);
    for (r = 0; r < m->size; r++) outgoing[r] = r == m->rank ? 0 : m->streams[r].length;
    sent = atlas_mpi_impl_mpi(
        m->text, MPI_Alltoall(outgoing, 1, MPI_UINT64_T, incoming, 1, MPI_UINT64_T, m->comm), "MPI_Alltoall");
    if (sent != ATLAS_STATUS_OK) return sent;
    for (r = 0; r < m->size; r++) total += incoming[r];
    rounds = total / m->exchange_bytes + (total % m->exchange_bytes != 0);
    status = atlas_mpi_impl_agree(m->comm, m->text, status, &rounds);
    if (status != ATLAS_STATUS_OK) return status;
    if (rounds == 0) rounds = 1;

    for (round = 0; round < rounds; round++) {
        uint64_t in = 0, out = 0;
        size_t messages = 0, at = 0;
        if (rounds > 1) {
            for (r = 0; r < m->size; r++)
                outgoing[r] = r == m->rank ? 0 : atlas_mpi_impl_pack_round(&m->streams[r], round, rounds, NULL);
            sent = atlas_mpi_impl_mpi(
                m->text, MPI_Alltoall(outgoing, 1, MPI_UINT64_T, incoming, 1, MPI_UINT64_T, m->comm), "MPI_Alltoall");
            if (sent != ATLAS_STATUS_OK) return sent;
        }
        for (r = 0; r < m->size; r++) {
            in += incoming[r];
            out += outgoing[r];
            messages += atlas_mpi_impl_messages(incoming[r]) + atlas_mpi_impl_messages(outgoing[r]);
        }
        m->incoming.length = m->outgoing.length = 0;
        if (status == ATLAS_STATUS_OK && (!atlas_mpi_impl_reserve(&m->incoming, (size_t)in) ||
                                          !atlas_mpi_impl_reserve(&m->outgoing, rounds > 1 ? (size_t)out : 0) ||
                                          !atlas_mpi_impl_reserve_requests(m, messages)))
            status = atlas_mpi_impl_no_memory(m->text, (size_t)(in + out));
        status = atlas_mpi_impl_agree(m->comm, m->text, status, NULL);
        if (status != ATLAS_STATUS_OK) return status;

        posted = 0;
        for (r = 0; r < m->size; r++) {
            sent = atlas_mpi_impl_post(m, 0, m->incoming.bytes + at, incoming[r], r, &posted);
            if (sent != ATLAS_STATUS_OK) return sent;
            at += (size_t)incoming[r];
        }
        for (r = 0; r < m->size; r++) {
            unsigned char *bytes = m->streams[r].bytes;
            if (outgoing[r] == 0) continue;
            if (rounds > 1) {
                bytes = m->outgoing.bytes + m->outgoing.length;
                atlas_mpi_impl_pack_round(&m->streams[r], round, rounds, &m->outgoing);
            }
            sent = atlas_mpi_impl_post(m, 1, bytes, outgoing[r], r, &posted);
            if (sent != ATLAS_STATUS_OK) return sent;
        }
        sent = atlas_mpi_impl_wait(m, posted);
        if (sent != ATLAS_STATUS_OK) return sent;
        at = 0;
        for (r = 0; r < m->size && status == ATLAS_STATUS_OK; r++) {
            status = atlas_mpi_impl_take(m, at, incoming[r], r, m->text);
            at += (size_t)incoming[r];
        }
        for (i = 0; i < m->group_count && status == ATLAS_STATUS_OK; i++) {
            uint64_t hash = atlas_mpi_impl_mix(m->arrays[m->groups[i].array].hash, m->groups[i].chunk);
            if (hash % rounds == round) status = atlas_mpi_impl_apply(m, &m->groups[i], m->text);
        }
        atlas_mpi_impl_forget_received(m);
    }
    status = atlas_mpi_impl_agree(m->comm, m->text, status, NULL);
    if (status == ATLAS_STATUS_OK) atlas_mpi_impl_clear(m);
    return status;
}

/* Makes durable what this rank's worker handle has, and keeps the blob. */
static inline atlas_status atlas_mpi_impl_export(atlas_mpi *m) {
    size_t needed = 4096, at = m->blobs.length;
    atlas_status status = ATLAS_STATUS_BUFFER_TOO_SMALL;
    while (status == ATLAS_STATUS_BUFFER_TOO_SMALL) {
        if (!atlas_mpi_impl_reserve(&m->blobs, 16 + needed)) return atlas_mpi_impl_no_memory(m->text, needed);
        status = atlas_export(m->store, m->blobs.bytes + at + 8, m->blobs.capacity - at - 16, &needed);
    }
    if (status != ATLAS_STATUS_OK) return atlas_mpi_impl_answer(m->text, status);
    atlas_mpi_impl_put(m->blobs.bytes + at, 0, needed);
    memset(m->blobs.bytes + at + 8 + needed, 0, atlas_mpi_impl_padded(needed) - needed);
    m->blobs.length = at + 8 + atlas_mpi_impl_padded(needed);
    return ATLAS_STATUS_OK;
}

/* All blobs come to rank 0. */
static inline atlas_status atlas_mpi_impl_gather(atlas_mpi *m) {
    uint64_t length = m->blobs.length, total = 0;
    size_t messages = m->rank ? atlas_mpi_impl_messages(length) : 0, at = 0;
    int r, posted = 0;
    atlas_status status = atlas_mpi_impl_mpi(
        m->text, MPI_Gather(&length, 1, MPI_UINT64_T, m->sizes, 1, MPI_UINT64_T, 0, m->comm), "MPI_Gather");
    if (status != ATLAS_STATUS_OK) return status;
    for (r = 1; m->rank == 0 && r < m->size; r++) {
        total += m->sizes[r];
        messages += atlas_mpi_impl_messages(m->sizes[r]);
    }
    m->arrived.length = 0;
    if (!atlas_mpi_impl_reserve(&m->arrived, (size_t)total) || !atlas_mpi_impl_reserve_requests(m, messages))
        status = atlas_mpi_impl_no_memory(m->text, (size_t)total);
    status = atlas_mpi_impl_agree(m->comm, m->text, status, NULL);
    if (status != ATLAS_STATUS_OK) return status;
    if (m->rank) {
        status = atlas_mpi_impl_post(m, 1, m->blobs.bytes, length, 0, &posted);
    } else {
        for (r = 1; r < m->size && status == ATLAS_STATUS_OK; r++) {
            status = atlas_mpi_impl_post(m, 0, m->arrived.bytes + at, m->sizes[r], r, &posted);
            at += (size_t)m->sizes[r];
        }
        m->arrived.length = (size_t)total;
    }
    return status == ATLAS_STATUS_OK ? atlas_mpi_impl_wait(m, posted) : status;
}

/* A ticket of the coordinator, on rank 0. */
static inline atlas_status atlas_mpi_impl_begin(atlas_mpi *m) {
    atlas_session_options options;
    atlas_status status = ATLAS_STATUS_BUFFER_TOO_SMALL;
    size_t needed = 4096;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.workers = (uint32_t)m->size;
    m->ticket.length = 0;
    while (status == ATLAS_STATUS_BUFFER_TOO_SMALL) {
        if (!atlas_mpi_impl_reserve(&m->ticket, needed)) return atlas_mpi_impl_no_memory(m->text, needed);
        status = atlas_session_begin(m->coordinator, &options, m->ticket.bytes, m->ticket.capacity, &needed);
    }
    m->ticket.length = needed;
    return atlas_mpi_impl_answer(m->text, status);
}

/* Imports all blobs and commits them, on rank 0. */
static inline atlas_status atlas_mpi_impl_commit(atlas_mpi *m) {
    size_t count = 0, i, at;
    const void **blobs;
    size_t *lengths;
    atlas_status status;

    for (i = 0; i < 2; i++) {
        const atlas_mpi_impl_buffer *from = i ? &m->arrived : &m->blobs;
        for (at = 0; at < from->length; count++)
            at += 8 + atlas_mpi_impl_padded((size_t)atlas_mpi_impl_word(from->bytes + at, 0));
    }
    blobs = (const void **)malloc((count + 1) * sizeof *blobs);
    lengths = (size_t *)malloc((count + 1) * sizeof *lengths);
    if (!blobs || !lengths) {
        free((void *)blobs);
        free(lengths);
        return atlas_mpi_impl_no_memory(m->text, count * sizeof *blobs);
    }
    count = 0;
    for (i = 0; i < 2; i++) {
        const atlas_mpi_impl_buffer *from = i ? &m->arrived : &m->blobs;
        for (at = 0; at < from->length; count++) {
            lengths[count] = (size_t)atlas_mpi_impl_word(from->bytes + at, 0);
            blobs[count] = from->bytes + at + 8;
            at += 8 + atlas_mpi_impl_padded(lengths[count]);
        }
    }
    status = atlas_mpi_impl_answer(m->text, atlas_import(m->coordinator, count, blobs, lengths));
    free((void *)blobs);
    free(lengths);
    if (status == ATLAS_STATUS_OK) status = atlas_mpi_impl_answer(m->text, atlas_flush(m->coordinator));
    return status;
}

/* Rank 0's ticket comes to all, if `status` is OK everywhere. */
static inline atlas_status atlas_mpi_impl_hand_out(atlas_mpi *m, atlas_status status) {
    uint64_t length = m->rank == 0 && status == ATLAS_STATUS_OK ? m->ticket.length : 0;
    status = atlas_mpi_impl_agree(m->comm, m->text, status, &length);
    if (status != ATLAS_STATUS_OK) return status;
    if (m->rank) {
        m->ticket.length = 0;
        if (!atlas_mpi_impl_reserve(&m->ticket, (size_t)length))
            status = atlas_mpi_impl_no_memory(m->text, (size_t)length);
        m->ticket.length = (size_t)length;
    }
    status = atlas_mpi_impl_agree(m->comm, m->text, status, NULL);
    if (status != ATLAS_STATUS_OK) return status;
    return atlas_mpi_impl_bcast(m, m->ticket.bytes, length);
}

/* ---- Inside: begin and end ------------------------------------------------------------------------------------- */

/* Releases everything but what others must take part in. */
static inline void atlas_mpi_impl_free(atlas_mpi *m) {
    size_t i;
    int r;
    for (i = 0; i < m->layout_count; i++) free(m->layouts[i].tiles);
    for (i = 0; i < m->array_count; i++) {
        free(m->arrays[i].dataset);
        free(m->arrays[i].owners);
    }
    for (r = 0; m->streams && r < m->size; r++) free(m->streams[r].bytes);
    free(m->layouts);
    free(m->arrays);
    free(m->array_slots);
    free(m->streams);
    free(m->stream_array);
    free(m->delegate);
    free(m->owner_ranks);
    free(m->scratch);
    free(m->touched);
    free(m->sizes);
    free(m->pieces);
    free(m->groups);
    free(m->group_slots);
    free(m->outgoing.bytes);
    free(m->incoming.bytes);
    free(m->chunk.bytes);
    free(m->ticket.bytes);
    free(m->blobs.bytes);
    free(m->arrived.bytes);
    free(m->requests);
    free(m);
}

/*
 * Releases the handles of all ranks: the workers' first, so that the end of the session finds every file that nobody
 * writes to any more. Nothing is flushed. Collective.
 */
static inline atlas_status atlas_mpi_impl_end(atlas_mpi *m, char *text) {
    atlas_status status = ATLAS_STATUS_OK, later;
    MPI_Comm comm = m->comm;
    if (m->store) status = atlas_mpi_impl_answer(text, atlas_discard(m->store));
    status = atlas_mpi_impl_agree(comm, text, status, NULL);
    if (m->coordinator) {
        /* What was imported and not flushed goes with the handle. */
        later = atlas_session_end(m->coordinator);
        if (later != ATLAS_STATUS_UNFLUSHED_CHANGES && status == ATLAS_STATUS_OK)
            status = atlas_mpi_impl_answer(text, later);
        later = atlas_mpi_impl_answer(text, atlas_discard(m->coordinator));
        if (status == ATLAS_STATUS_OK) status = later;
    }
    status = atlas_mpi_impl_agree(comm, text, status, NULL);
    atlas_mpi_impl_free(m);
    MPI_Comm_free(&comm);
    return status;
}

/* Who shares memory with whom, and from that the owners. `cores_each`: of those of a node, how many one rank has. */
static inline atlas_status atlas_mpi_impl_find_owners(atlas_mpi *m, int32_t per_node, int32_t *places,
                                                      int32_t *cores_each) {
    MPI_Comm node;
    int32_t mine[3];
    int node_rank = 0, node_size = 1, r;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    atlas_status status = atlas_mpi_impl_mpi(
        m->text, MPI_Comm_split_type(m->comm, MPI_COMM_TYPE_SHARED, m->rank, MPI_INFO_NULL, &node),
        "MPI_Comm_split_type");
    if (status != ATLAS_STATUS_OK) return status;
    MPI_Comm_rank(node, &node_rank);
    MPI_Comm_size(node, &node_size);
    mine[0] = m->rank;
    mine[1] = node_rank;
    mine[2] = node_size;
    status = atlas_mpi_impl_mpi(m->text, MPI_Bcast(mine, 1, MPI_INT32_T, 0, node), "MPI_Bcast");
    MPI_Comm_free(&node);
    if (status != ATLAS_STATUS_OK) return status;
    status = atlas_mpi_impl_mpi(m->text, MPI_Allgather(mine, 3, MPI_INT32_T, places, 3, MPI_INT32_T, m->comm),
                                "MPI_Allgather");
    if (status != ATLAS_STATUS_OK) return status;
    /* The ranks of a node, in slices of equal length; the first of a slice is its owner. */
    for (r = 0; r < m->size; r++) {
        int64_t n = places[3 * r + 2], i = places[3 * r + 1], k = per_node > 0 ? per_node : m->size <= 64 ? n : 4;
        if (k > n) k = n;
        if (i == 0 || i * k / n != (i - 1) * k / n) {
            m->touched[places[3 * r]] = r;
            m->owner_ranks[m->owner_count++] = r;
        }
        m->delegate[r] = m->touched[places[3 * r]];
    }
    *cores_each = cores > 0 ? (int32_t)(cores / node_size) : 1;
    return ATLAS_STATUS_OK;
}

/* The fields of options that a caller's `struct_size` reaches. */
static inline atlas_status atlas_mpi_impl_options(void *to, size_t capacity, const void *from, const char *what,
                                                  char *text) {
    size_t size = 0;
    memset(to, 0, capacity);
    memcpy(to, &capacity, sizeof capacity);
    if (!from) return ATLAS_STATUS_OK;
    memcpy(&size, from, sizeof size);
    if (size < sizeof size)
        return atlas_mpi_impl_fail(text, ATLAS_STATUS_INVALID_ARGUMENT, "%s.struct_size is %llu", what,
                                   (unsigned long long)size);
    if (size > capacity)
        return atlas_mpi_impl_fail(text, ATLAS_STATUS_UNSUPPORTED, "%s.struct_size is %llu, the header's is %llu", what,
                                   (unsigned long long)size, (unsigned long long)capacity);
    memcpy((char *)to + sizeof size, (const char *)from + sizeof size, size - sizeof size);
    return ATLAS_STATUS_OK;
}

static inline atlas_status atlas_mpi_impl_start(MPI_Comm parent, const char *path, int creates,
                                                const atlas_create_options *create_options,
                                                const atlas_open_options *open_options,
                                                const atlas_mpi_options *options, atlas_mpi **out) {
    char *text = atlas_mpi_impl_orphan();
    atlas_create_options create;
    atlas_open_options worker;
    atlas_mpi_options chosen;
    atlas_mpi *m = NULL;
    MPI_Comm comm;
    int rank = 0, size = 1;
    int32_t *places = NULL, cores = 1;
    size_t n;
    atlas_status status, sent;

    if (out) *out = NULL;
    sent = atlas_mpi_impl_mpi(text, MPI_Comm_dup(parent, &comm), "MPI_Comm_dup");
    if (sent != ATLAS_STATUS_OK) return sent;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    n = (size_t)size;
    status = atlas_mpi_impl_options(&create, sizeof create, create_options, "options", text);
    if (status == ATLAS_STATUS_OK)
        status = atlas_mpi_impl_options(&worker, sizeof worker, open_options, "options", text);
    if (status == ATLAS_STATUS_OK)
        status = atlas_mpi_impl_options(&chosen, sizeof chosen, options, "mpi_options", text);
    if (status == ATLAS_STATUS_OK && !path)
        status = atlas_mpi_impl_fail(text, ATLAS_STATUS_INVALID_ARGUMENT, "path is NULL");
    if (status == ATLAS_STATUS_OK && !out)
        status = atlas_mpi_impl_fail(text, ATLAS_STATUS_INVALID_ARGUMENT, "out is NULL");
    if (status == ATLAS_STATUS_OK && (chosen.owners_per_node < 0 || chosen.reserved != 0))
        status = atlas_mpi_impl_fail(text, ATLAS_STATUS_INVALID_ARGUMENT,
                                     "mpi_options: owners_per_node is %d, reserved is %d", (int)chosen.owners_per_node,
                                     (int)chosen.reserved);
    if (status == ATLAS_STATUS_OK) {
        m = (atlas_mpi *)calloc(1, sizeof *m);
        places = (int32_t *)malloc(3 * n * sizeof *places);
        if (m) {
            m->delegate = (int32_t *)malloc(n * sizeof *m->delegate);
            m->owner_ranks = (int32_t *)malloc(n * sizeof *m->owner_ranks);
            m->scratch = (uint64_t *)calloc(2 * n, sizeof *m->scratch);
            m->touched = (int32_t *)calloc(2 * n, sizeof *m->touched);
            m->sizes = (uint64_t *)calloc(2 * n, sizeof *m->sizes);
            m->streams = (atlas_mpi_impl_buffer *)calloc(n, sizeof *m->streams);
            m->stream_array = (size_t *)calloc(n, sizeof *m->stream_array);
        }
        if (!m || !places || !m->delegate || !m->owner_ranks || !m->scratch || !m->touched || !m->sizes ||
            !m->streams || !m->stream_array)
            status = atlas_mpi_impl_no_memory(text, sizeof *m + n * 100);
    }
    status = atlas_mpi_impl_agree(comm, text, status, NULL);
    if (status != ATLAS_STATUS_OK) {
        if (m) atlas_mpi_impl_free(m);
        free(places);
        MPI_Comm_free(&comm);
        return status;
    }

    m->comm = comm;
    m->rank = rank;
    m->size = size;
    m->commits = 1;
    m->exchange_bytes = chosen.exchange_bytes ? chosen.exchange_bytes : (uint64_t)256 << 20;
    status = atlas_mpi_impl_find_owners(m, chosen.owners_per_node, places, &cores);
    free(places);
    if (creates) {
        worker.sync = create.sync;
        worker.num_threads = create.num_threads;
        worker.cache_bytes = create.cache_bytes;
        worker.write_buffer_bytes = create.write_buffer_bytes;
        worker.log = create.log;
        worker.log_data = create.log_data;
        worker.float_overflow = create.float_overflow;
    }
    if (worker.num_threads == 0 && !getenv("ATLAS_NUM_THREADS"))
        worker.num_threads = create.num_threads = cores > 0 ? cores : ATLAS_THREADS_INLINE;
    if (rank == 0 && status == ATLAS_STATUS_OK) {
        status = atlas_mpi_impl_answer(m->text, creates ? atlas_create(path, &create, &m->coordinator)
                                                        : atlas_open(path, ATLAS_MODE_READ_WRITE, &worker,
                                                                     &m->coordinator));
        if (status == ATLAS_STATUS_OK) status = atlas_mpi_impl_begin(m);
    }
    status = atlas_mpi_impl_hand_out(m, status);
    if (status == ATLAS_STATUS_OK) {
        worker.lock_timeout_ms = 0;
        worker.ticket = NULL;
        worker.ticket_length = 0;
        status = atlas_mpi_impl_answer(
            m->text, atlas_open_worker(m->ticket.bytes, m->ticket.length, (uint32_t)rank, path, &worker, &m->store));
        status = atlas_mpi_impl_agree(comm, m->text, status, NULL);
    }
    if (status != ATLAS_STATUS_OK) {
        char unused[ATLAS_MPI_IMPL_TEXT];
        memcpy(text, m->text, sizeof m->text);
        atlas_mpi_impl_end(m, unused);
        return status;
    }
    *out = m;
    return ATLAS_STATUS_OK;
}

/* A call with a handle that is NULL on this rank takes part in nothing: there is no communicator. */
static inline atlas_status atlas_mpi_impl_no_handle(void) {
    return atlas_mpi_impl_fail(atlas_mpi_impl_orphan(), ATLAS_STATUS_INVALID_HANDLE, "the handle is NULL");
}

/* What a rank can say by itself against a definition. */
static inline atlas_status atlas_mpi_impl_check_definition(const char *dataset, const char *array, size_t rank,
                                                           const uint64_t *shape, const uint64_t *tile_start,
                                                           const uint64_t *tile_count, int growing, char *text) {
    size_t i;
    if (!dataset || !array)
        return atlas_mpi_impl_fail(text, ATLAS_STATUS_INVALID_ARGUMENT, "%s is NULL", dataset ? "array" : "dataset");
    if (rank > ATLAS_MAX_RANK)
        return atlas_mpi_impl_fail(text, ATLAS_STATUS_INVALID_ARGUMENT,
                                   "array '%s' of dataset '%s': rank %llu exceeds %d", array, dataset,
                                   (unsigned long long)rank, ATLAS_MAX_RANK);
    if (rank > 0 && (!shape || !tile_start != !tile_count))
        return atlas_mpi_impl_fail(text, ATLAS_STATUS_INVALID_ARGUMENT, "array '%s' of dataset '%s': %s is NULL", array,
                                   dataset, !shape ? "shape" : tile_start ? "tile_count" : "tile_start");
    for (i = growing ? 1 : 0; tile_start && i < rank; i++)
        if (tile_start[i] > shape[i] || tile_count[i] > shape[i] - tile_start[i])
            return atlas_mpi_impl_fail(text, ATLAS_STATUS_OUT_OF_RANGE,
                                       "array '%s' of dataset '%s': tile_start[%u]=%llu + tile_count[%u]=%llu exceeds "
                                       "shape[%u]=%llu",
                                       array, dataset, (unsigned)i, (unsigned long long)tile_start[i], (unsigned)i,
                                       (unsigned long long)tile_count[i], (unsigned)i, (unsigned long long)shape[i]);
    return ATLAS_STATUS_OK;
}

/* Defines an array in this rank's handle, or finds that the one that is there is such a one. */
static inline atlas_status atlas_mpi_impl_define(atlas_mpi *m, const char *dataset, const char *array,
                                                 atlas_dtype dtype, size_t rank, const char *const *dims,
                                                 const uint64_t *shape, const uint64_t *tiles, int growing,
                                                 const atlas_array_options *options, char *text) {
    atlas_array_options chosen = *options;
    uint64_t chunk[ATLAS_MAX_RANK];
    bool has = false;
    atlas_status status = atlas_mpi_impl_answer(text, atlas_has_array(m->store, dataset, array, &has));
    size_t i;

    if (status != ATLAS_STATUS_OK) return status;
    if (has) {
        atlas_array_description info;
        memset(&info, 0, sizeof info);
        info.struct_size = sizeof info;
        status = atlas_mpi_impl_answer(text, atlas_array_info(m->store, dataset, array, &info));
        if (status != ATLAS_STATUS_OK) return status;
        for (i = 0; info.rank == rank && i < rank; i++)
            if (info.shape[i] != shape[i] && !(i == 0 && info.unlimited == ATLAS_SWITCH_ON)) break;
        if (info.rank == rank && i == rank && info.dtype == dtype) return ATLAS_STATUS_OK;
        return atlas_mpi_impl_fail(text, ATLAS_STATUS_ALREADY_EXISTS,
                                   "array '%s' of dataset '%s' exists, with another type or shape", array, dataset);
    }
    if (!chosen.chunk_shape && rank > 0) {
        status = atlas_mpi_impl_choose_chunk(m, tiles, rank, shape, growing, atlas_dtype_size(dtype), chunk, text);
        if (status != ATLAS_STATUS_OK) return status;
        chosen.chunk_shape = chunk;
    }
    return atlas_mpi_impl_answer(
        text, atlas_define_array(m->store, dataset, array, dtype, rank, dims, shape, &chosen));
}

/* `early` is not OK where this rank's caller has found a fault, which stands in `m->text` and must be told to all. */
static inline atlas_status atlas_mpi_impl_define_array(atlas_mpi *m, atlas_status early, const char *dataset,
                                                       const char *array, atlas_dtype dtype, size_t rank,
                                                       const char *const *dims, const uint64_t *shape,
                                                       const uint64_t *tile_start, const uint64_t *tile_count,
                                                       const atlas_array_options *options) {
    atlas_array_options chosen;
    uint64_t mine[2 * ATLAS_MAX_RANK] = {0}, hash = 0, *tiles = NULL;
    int64_t facts[4] = {-1, 0, 0, 0}, all[4];
    int growing = 0, shared = -1;
    size_t words, known = 0, i;
    bool has_dataset = false;
    atlas_status status, sent;

    words = 2 * (rank <= ATLAS_MAX_RANK ? rank : 0);
    status = early;
    if (status == ATLAS_STATUS_OK)
        status = atlas_mpi_impl_options(&chosen, sizeof chosen, options, "options", m->text);
    if (status == ATLAS_STATUS_OK && rank > 0 && rank <= ATLAS_MAX_RANK && shape)
        growing = chosen.unlimited == ATLAS_SWITCH_ON || (chosen.unlimited == ATLAS_SWITCH_DEFAULT && shape[0] == 0);
    if (status == ATLAS_STATUS_OK)
        status = atlas_mpi_impl_check_definition(dataset, array, rank, shape, tile_start, tile_count, growing, m->text);
    if (status == ATLAS_STATUS_OK) {
        known = atlas_mpi_impl_known(m, atlas_mpi_impl_hash_names(dataset, array), dataset, array);
        if (known && m->arrays[known - 1].defined) {
            bool has = false;
            status = atlas_mpi_impl_answer(m->text, atlas_has_array(m->store, dataset, array, &has));
            if (status == ATLAS_STATUS_NOT_FOUND) status = ATLAS_STATUS_OK;
            m->arrays[known - 1].defined = has;
        }
        if (status == ATLAS_STATUS_OK && known && m->arrays[known - 1].defined)
            status = atlas_mpi_impl_fail(m->text, ATLAS_STATUS_ALREADY_EXISTS,
                                         "array '%s' of dataset '%s' was defined through this handle before", array,
                                         dataset);
        for (i = 0; status == ATLAS_STATUS_OK && known && i < (size_t)m->size; i++)
            if (m->streams[i].length > 0)
                status = atlas_mpi_impl_fail(m->text, ATLAS_STATUS_UNFLUSHED_CHANGES,
                                             "array '%s' of dataset '%s' was written before it had tiles", array,
                                             dataset);
    }
    if (status == ATLAS_STATUS_OK)
        status = atlas_mpi_impl_answer(m->text, atlas_has_dataset(m->store, dataset, &has_dataset));
    if (status == ATLAS_STATUS_OK) {
        hash = atlas_mpi_impl_hash_definition(dataset, array, dtype, rank, dims, shape, &chosen);
        for (i = growing ? 1 : 0; tile_start && i < rank; i++) {
            mine[i] = tile_start[i];
            mine[rank + i] = tile_count[i];
        }
        if (growing) mine[rank] = 1;
        for (i = 0; i < m->layout_count; i++)
            if (m->layouts[i].rank == rank &&
                memcmp(m->layouts[i].tiles + (size_t)m->rank * words, mine, words * sizeof *mine) == 0)
                facts[0] = (int64_t)i;
        facts[1] = -facts[0];
        facts[2] = has_dataset;
    }
    status = atlas_mpi_impl_agree(m->comm, m->text, status, NULL);
    if (status != ATLAS_STATUS_OK) return status;

    /* Do all know these tiles, and does any know the dataset? */
    sent = atlas_mpi_impl_mpi(m->text, MPI_Allreduce(facts, all, 4, MPI_INT64_T, MPI_MAX, m->comm), "MPI_Allreduce");
    if (sent != ATLAS_STATUS_OK) return sent;
    {
        uint64_t first = hash;
        sent = atlas_mpi_impl_mpi(m->text, MPI_Bcast(&first, 1, MPI_UINT64_T, 0, m->comm), "MPI_Bcast");
        if (sent != ATLAS_STATUS_OK) return sent;
        if (first != hash)
            status = atlas_mpi_impl_fail(m->text, ATLAS_STATUS_INVALID_ARGUMENT,
                                         "array '%s' of dataset '%s' is not defined as on rank 0", array, dataset);
    }
    if (status == ATLAS_STATUS_OK && all[2] && !has_dataset)
        status = atlas_mpi_impl_answer(m->text, atlas_create_dataset(m->store, dataset));
    if (all[0] >= 0 && all[0] == -all[1]) shared = (int)all[0];
    if (status == ATLAS_STATUS_OK && shared < 0) {
        tiles = (uint64_t *)malloc(((size_t)m->size * words + 1) * sizeof *tiles);
        if (!tiles || !atlas_mpi_impl_grow((void **)&m->layouts, &m->layout_capacity, m->layout_count + 1,
                                           sizeof *m->layouts))
            status = atlas_mpi_impl_no_memory(m->text, (size_t)m->size * words * sizeof *tiles);
    }
    status = atlas_mpi_impl_agree(m->comm, m->text, status, NULL);
    if (status != ATLAS_STATUS_OK) {
        free(tiles);
        return status;
    }
    if (shared < 0) {
        sent = atlas_mpi_impl_mpi(
            m->text, MPI_Allgather(mine, (int)words, MPI_UINT64_T, tiles, (int)words, MPI_UINT64_T, m->comm),
            "MPI_Allgather");
        if (sent != ATLAS_STATUS_OK) {
            free(tiles);
            return sent;
        }
        shared = (int)m->layout_count;
        m->layouts[m->layout_count].rank = rank;
        m->layouts[m->layout_count++].tiles = tiles;
    }
    status = atlas_mpi_impl_define(m, dataset, array, dtype, rank, dims, shape, m->layouts[shared].tiles, growing,
                                   &chosen, m->text);
    if (status == ATLAS_STATUS_OK)
        status = known ? atlas_mpi_impl_ask(m, &m->arrays[known - 1], m->text)
                       : atlas_mpi_impl_learn(m, dataset, array, m->text, &known);
    if (status == ATLAS_STATUS_OK) {
        atlas_mpi_impl_array *a = &m->arrays[known - 1];
        a->layout = shared;
        for (i = 0; a->owners && i < a->plane; i++) a->owners[i] = -1;
    }
    status = atlas_mpi_impl_agree(m->comm, m->text, status, NULL);
    if (status == ATLAS_STATUS_OK) m->arrays[known - 1].defined = 1;
    return status;
}

/* ---- The functions --------------------------------------------------------------------------------------------- */

/**
 * The text of the last failure of a call with this handle on this rank; after a collective call the same on every rank.
 *
 * - `m`  NULL: of the last create, open, close or discard that failed, in the source file that asks
 *
 * Never NULL; valid until the next call.
 */
static inline const char *atlas_mpi_last_error(const atlas_mpi *m) { return m ? m->text : atlas_mpi_impl_orphan(); }

/**
 * This rank's own handle of the store, for everything but the values that `atlas_mpi_write` writes: create datasets, set
 * attributes, read. It is a worker (see `atlas_open_worker`): it sees the last commit and what was done through it. What
 * is done through it becomes part of the next `atlas_mpi_flush`; where several ranks do the same it is done once, and
 * where they differ the flush fails with ATLAS_STATUS_CONFLICT. Do not close it, nor export from it.
 */
static inline atlas_store atlas_mpi_store(const atlas_mpi *m) { return m ? m->store : 0; }

/**
 * On rank 0 the handle that holds the store's lock, for what no worker can do: delete, compact, pin. Other ranks see what
 * is done through it after the next `atlas_mpi_flush`. 0 on other ranks. Do not close it.
 */
static inline atlas_store atlas_mpi_coordinator(const atlas_mpi *m) { return m ? m->coordinator : 0; }

/**
 * Create a store that the ranks of a communicator write. Collective.
 *
 * - `comm`         its ranks; it is duplicated
 * - `path`         where this rank sees the store: all must mean the same folder, in a file system that all share
 * - `options`      as for `atlas_create`, or NULL. Without `num_threads` (and without ATLAS_NUM_THREADS) a node's cores
 *                  are divided among its ranks
 * - `mpi_options`  NULL for the defaults
 * - `out`          the handle, for `atlas_mpi_close` or `atlas_mpi_discard`
 *
 * Fails as `atlas_create` and `atlas_open_worker` do.
 */
static inline atlas_status atlas_mpi_create(MPI_Comm comm, const char *path, const atlas_create_options *options,
                                            const atlas_mpi_options *mpi_options, atlas_mpi **out) {
    return atlas_mpi_impl_start(comm, path, 1, options, NULL, mpi_options, out);
}

/**
 * Open a store that is there, for writing. Collective. Arguments and failures as of `atlas_mpi_create` and `atlas_open`.
 */
static inline atlas_status atlas_mpi_open(MPI_Comm comm, const char *path, const atlas_open_options *options,
                                          const atlas_mpi_options *mpi_options, atlas_mpi **out) {
    return atlas_mpi_impl_start(comm, path, 0, NULL, options, mpi_options, out);
}

/**
 * Define an array, and say which of its cells this rank will write. Collective.
 *
 * All ranks give the same definition. Where the store has the array already, with this type and shape, it stays as it
 * is, and only the tiles are taken: so a run goes on with another number of ranks than the one before. The dataset is
 * created on ranks that do not know it, if any rank does.
 *
 * - `dataset`, `array`, `dtype`, `rank`, `dims`, `shape`  as for `atlas_define_array`
 * - `tile_start`, `tile_count`  this rank's part of the array: `rank` indices of its first cell, and `rank` extents. NULL
 *                               for both: it has none. Where dimension 0 is unlimited, they mean every index of it, and
 *                               their first elements nothing
 * - `options`                   as for `atlas_define_array`, or NULL. Without `chunk_shape`, chunks are as large as the
 *                               tiles of one owner, within 256 KiB to 8 MiB
 *
 * A rank may write other cells than its tile's; they only go a longer way.
 *
 * Fails with ATLAS_STATUS_INVALID_ARGUMENT if the ranks' definitions differ, ATLAS_STATUS_OUT_OF_RANGE if a tile leaves
 * the array, ATLAS_STATUS_ALREADY_EXISTS if this handle has defined the array before, or the store has another one of
 * this name, ATLAS_STATUS_UNFLUSHED_CHANGES if some of it was written before, or as `atlas_define_array` does.
 */
static inline atlas_status atlas_mpi_define_array(atlas_mpi *m, const char *dataset, const char *array,
                                                  atlas_dtype dtype, size_t rank, const char *const *dims,
                                                  const uint64_t *shape, const uint64_t *tile_start,
                                                  const uint64_t *tile_count, const atlas_array_options *options) {
    if (!m) return atlas_mpi_impl_no_handle();
    return atlas_mpi_impl_define_array(m, ATLAS_STATUS_OK, dataset, array, dtype, rank, dims, shape, tile_start,
                                       tile_count, options);
}

/**
 * Write a region of an array. Not collective. The memory is the caller's again when this returns; the values are
 * committed by `atlas_mpi_flush`, and not to be read before it.
 *
 * Where dimension 0 is unlimited, a region that ends past it makes it grow: the array is as long as the longest write of
 * any rank, and cells that nobody wrote read as the fill value. A cell may be written by one rank only between two
 * flushes, by that one more than once.
 *
 * - `dataset`, `array`  an array of the store, defined by `atlas_mpi_define_array` or not: without tiles its chunks'
 *                       owners take turns
 * - the rest            as for `atlas_write_array`
 *
 * Fails as `atlas_write_array` does. A value that does not fit the array's type may also make the flush fail, in the
 * rank that owns its chunk. Text is written through `atlas_mpi_store`.
 */
static inline atlas_status atlas_mpi_write(atlas_mpi *m, const char *dataset, const char *array, atlas_dtype dtype,
                                           size_t rank, const uint64_t *start, const uint64_t *count,
                                           const int64_t *strides, const void *data) {
    uint64_t first[ATLAS_MAX_RANK] = {0}, extent[ATLAS_MAX_RANK] = {0}, cells = 1;
    int64_t steps[ATLAS_MAX_RANK] = {0};
    size_t index = 0, element = atlas_dtype_size(dtype), i;
    const atlas_mpi_impl_array *a;
    atlas_status status;

    if (!m) return atlas_mpi_impl_no_handle();
    if (!dataset || !array)
        return atlas_mpi_impl_fail(m->text, ATLAS_STATUS_INVALID_ARGUMENT, "%s is NULL", dataset ? "array" : "dataset");
    status = atlas_mpi_impl_find(m, dataset, array, m->text, &index);
    if (status != ATLAS_STATUS_OK) return status;
    a = &m->arrays[index - 1];
    if (a->growing && !count) {
        status = atlas_mpi_impl_ask(m, &m->arrays[index - 1], m->text);
        if (status != ATLAS_STATUS_OK) return status;
    }
    if (rank != a->rank)
        return atlas_mpi_impl_fail(m->text, ATLAS_STATUS_INVALID_ARGUMENT,
                                   "array '%s' of dataset '%s' has rank %u, not %llu", array, dataset,
                                   (unsigned)a->rank, (unsigned long long)rank);
    if (element == 0 || a->dtype == ATLAS_DTYPE_STRING)
        return atlas_mpi_impl_fail(m->text, ATLAS_STATUS_TYPE_MISMATCH,
                                   "array '%s' of dataset '%s' is of %s and the memory of %s; text is written through "
                                   "atlas_mpi_store",
                                   array, dataset, atlas_dtype_name(a->dtype), atlas_dtype_name(dtype));
    for (i = 0; i < rank; i++) {
        uint64_t most = i == 0 && a->growing ? (uint64_t)INT64_MAX : a->shape[i];
        first[i] = start ? start[i] : 0;
        extent[i] = count ? count[i] : first[i] <= a->shape[i] ? a->shape[i] - first[i] : 0;
        if (first[i] > most || extent[i] > most - first[i])
            return atlas_mpi_impl_fail(m->text, ATLAS_STATUS_OUT_OF_RANGE,
                                       "array '%s' of dataset '%s': start[%u]=%llu + count[%u]=%llu exceeds "
                                       "shape[%u]=%llu",
                                       array, dataset, (unsigned)i, (unsigned long long)first[i], (unsigned)i,
                                       (unsigned long long)extent[i], (unsigned)i, (unsigned long long)a->shape[i]);
        if (extent[i] && cells > (uint64_t)PTRDIFF_MAX / element / extent[i])
            return atlas_mpi_impl_fail(m->text, ATLAS_STATUS_INVALID_ARGUMENT,
                                       "array '%s' of dataset '%s': the region has more cells than memory", array,
                                       dataset);
        cells *= extent[i];
    }
    if (cells == 0) return ATLAS_STATUS_OK;
    if (!data) return atlas_mpi_impl_fail(m->text, ATLAS_STATUS_INVALID_ARGUMENT, "data is NULL");
    if (m->torn != ATLAS_STATUS_OK) {
        memcpy(m->text, m->torn_text, sizeof m->text);
        return m->torn;
    }
    atlas_mpi_impl_c_order(rank, extent, steps);
    if (strides) memcpy(steps, strides, rank * sizeof *steps);
    return atlas_mpi_impl_write(m, index - 1, dtype, first, extent, steps, data);
}

/**
 * Commit everything that all ranks did since the last flush, together, and wait until it is on the disk. Collective: a
 * rank that wrote nothing takes part as well.
 *
 * Fails with ATLAS_STATUS_CONFLICT if two ranks wrote one cell, with the failures of `atlas_write_array`, `atlas_export`,
 * `atlas_import` and `atlas_flush`. Nothing is committed then, nothing is lost, and a later call tries again.
 */
static inline atlas_status atlas_mpi_flush(atlas_mpi *m) {
    atlas_status status;

    if (!m) return atlas_mpi_impl_no_handle();
    status = atlas_mpi_impl_exchange(m);
    if (status != ATLAS_STATUS_OK) return status;
    status = atlas_mpi_impl_agree(m->comm, m->text, atlas_mpi_impl_export(m), NULL);
    if (status != ATLAS_STATUS_OK) return status;
    status = atlas_mpi_impl_gather(m);
    if (status != ATLAS_STATUS_OK) return status;
    if (m->rank == 0) status = atlas_mpi_impl_commit(m);
    status = atlas_mpi_impl_agree(m->comm, m->text, status, NULL);
    if (status != ATLAS_STATUS_OK) return status;

    /* Committed. */
    m->blobs.length = 0;
    m->commits++;
    if (m->rank == 0) status = atlas_mpi_impl_begin(m);
    status = atlas_mpi_impl_hand_out(m, status);
    if (status == ATLAS_STATUS_OK)
        status = atlas_mpi_impl_agree(
            m->comm, m->text,
            atlas_mpi_impl_answer(m->text, atlas_renew(m->store, m->ticket.bytes, m->ticket.length)), NULL);
    if (status != ATLAS_STATUS_OK) {
        m->torn = status;
        memcpy(m->torn_text, "this flush is committed, but no later one can be: ", 51);
        memcpy(m->torn_text + 50, m->text, sizeof m->text - 64);
        m->torn_text[sizeof m->text - 1] = 0;
        memcpy(m->text, m->torn_text, sizeof m->text);
    }
    return status;
}

/**
 * Flush, then release. Collective. When the flush fails the handle stays open on every rank, and nothing is lost:
 * `atlas_mpi_discard` gives up. NULL is nothing to close.
 */
static inline atlas_status atlas_mpi_close(atlas_mpi *m) {
    atlas_status status;
    if (!m) return ATLAS_STATUS_OK;
    status = atlas_mpi_flush(m);
    return status == ATLAS_STATUS_OK ? atlas_mpi_impl_end(m, atlas_mpi_impl_orphan()) : status;
}

/**
 * Release without a flush: what was done since the last one is gone, and its files are removed. Collective. NULL is nothing
 * to discard.
 */
static inline atlas_status atlas_mpi_discard(atlas_mpi *m) {
    return m ? atlas_mpi_impl_end(m, atlas_mpi_impl_orphan()) : ATLAS_STATUS_OK;
}

#endif /* ATLAS_MPI_H */
