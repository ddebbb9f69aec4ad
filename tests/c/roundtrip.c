/* What goes in comes back: every type, rank, region, stride and conversion; strings, attributes, fill values, listings.
 * Each test looks before flush, after flush, after reopening for reading and for writing, and after compact. */
#include "check.h"

static uint64_t random_state = 88172645463325252u;
static uint64_t random_u64(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}
static uint64_t random_below(uint64_t limit) { return limit ? random_u64() % limit : 0; }

/* ---- the phases of a store's life ---- */

static atlas_open_options runtime; /* for every open and create of the running test */

static atlas_store create_with(const char *path) {
    atlas_create_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.sync = runtime.sync;
    options.num_threads = runtime.num_threads;
    options.cache_bytes = runtime.cache_bytes;
    atlas_store store = 0;
    CHECK_OK(atlas_create(path, &options, &store));
    return store;
}

static atlas_store open_with(const char *path, atlas_mode mode) {
    atlas_store store = 0;
    runtime.struct_size = sizeof runtime;
    CHECK_OK(atlas_open(path, mode, &runtime, &store));
    return store;
}

static void defaults(void) {
    memset(&runtime, 0, sizeof runtime);
    runtime.struct_size = sizeof runtime;
    runtime.sync = ATLAS_SWITCH_OFF; /* syncs are not what this file is about */
}

/* ROUNDS times: change the store, then check it in every phase. */
static void everywhere(int rounds, void (*change)(atlas_store, int round), void (*check)(atlas_store, int round)) {
    const char *path = path_of("store");
    atlas_store store = create_with(path);
    for (int round = 0; round < rounds; round++) {
        change(store, round);
        check(store, round);
        CHECK_OK(atlas_flush(store));
        check(store, round);
        CHECK_OK(atlas_close(store));
        store = open_with(path, ATLAS_MODE_READ);
        check(store, round);
        CHECK_OK(atlas_close(store));
        store = open_with(path, ATLAS_MODE_READ_WRITE);
        check(store, round);
        CHECK_OK(atlas_compact(store));
        check(store, round);
        CHECK_OK(atlas_discard(store));
        store = open_with(path, ATLAS_MODE_READ);
        check(store, round);
        uint64_t damages = 99;
        CHECK_OK(atlas_verify(store, NULL, NULL, &damages));
        CHECK_U64(damages, 0);
        CHECK_OK(atlas_close(store));
        store = open_with(path, ATLAS_MODE_READ_WRITE);
    }
    CHECK_OK(atlas_close(store));
}

/* ---- a model of one array: all its cells in C order ---- */

typedef struct {
    atlas_dtype dtype;
    size_t rank, size; /* of an element */
    uint64_t shape[ATLAS_MAX_RANK], cells;
    unsigned char *bytes;
} model;

static uint64_t product(size_t rank, const uint64_t *extents) {
    uint64_t cells = 1;
    for (size_t i = 0; i < rank; i++) cells *= extents[i];
    return cells;
}

static void fill_cells(void *bytes, size_t size, uint64_t cells, const void *element) {
    for (uint64_t i = 0; i < cells; i++) {
        if (element) memcpy((unsigned char *)bytes + i * size, element, size);
        else memset((unsigned char *)bytes + i * size, 0, size);
    }
}

static model model_new(atlas_dtype dtype, size_t rank, const uint64_t *shape, const void *fill) {
    model m;
    memset(&m, 0, sizeof m);
    m.dtype = dtype;
    m.rank = rank;
    m.size = atlas_dtype_size(dtype);
    if (rank) memcpy(m.shape, shape, rank * sizeof *shape);
    m.cells = product(rank, shape);
    m.bytes = malloc(m.cells * m.size + 1);
    NEED(m.bytes != NULL);
    fill_cells(m.bytes, m.size, m.cells, fill);
    return m;
}

/* Moves a region between the model and contiguous memory. */
static void model_move(model *m, const uint64_t *start, const uint64_t *count, void *memory, bool into_model) {
    uint64_t at[ATLAS_MAX_RANK] = {0}, cells = product(m->rank, count);
    unsigned char *cursor = memory;
    for (uint64_t done = 0; done < cells; done++, cursor += m->size) {
        uint64_t offset = 0;
        for (size_t i = 0; i < m->rank; i++) offset = offset * m->shape[i] + start[i] + at[i];
        if (into_model) memcpy(m->bytes + offset * m->size, cursor, m->size);
        else memcpy(cursor, m->bytes + offset * m->size, m->size);
        for (size_t i = m->rank; i-- > 0;) {
            if (++at[i] < count[i]) break;
            at[i] = 0;
        }
    }
}

/* Any bits that the type can hold: not-a-number payloads and all. */
static void random_cells(atlas_dtype dtype, void *bytes, uint64_t cells) {
    size_t size = atlas_dtype_size(dtype);
    unsigned char *cursor = bytes;
    for (uint64_t i = 0; i < cells * size; i++) cursor[i] = (unsigned char)(random_u64() >> 24);
    if (dtype == ATLAS_DTYPE_BOOL)
        for (uint64_t i = 0; i < cells; i++) cursor[i] &= 1;
}

static void random_region(const model *m, uint64_t *start, uint64_t *count) {
    for (size_t i = 0; i < m->rank; i++) {
        start[i] = random_below(m->shape[i] + 1);
        count[i] = random_below(m->shape[i] - start[i] + 1);
        if (random_below(3) == 0) {
            start[i] = 0;
            count[i] = m->shape[i];
        }
    }
}

static void write_random(atlas_store store, const char *dataset, const char *array, model *m) {
    uint64_t start[ATLAS_MAX_RANK], count[ATLAS_MAX_RANK];
    random_region(m, start, count);
    uint64_t cells = product(m->rank, count);
    unsigned char *memory = malloc(cells * m->size + 1);
    NEED(memory != NULL);
    random_cells(m->dtype, memory, cells);
    CHECK_OK(atlas_write_array(store, dataset, array, m->dtype, m->rank, start, count, NULL, memory));
    model_move(m, start, count, memory, true);
    free(memory);
}

static void check_region(atlas_store store, const char *dataset, const char *array, model *m, const uint64_t *start,
                         const uint64_t *count) {
    static const uint64_t origin[ATLAS_MAX_RANK];
    size_t bytes = (size_t)product(m->rank, count ? count : m->shape) * m->size;
    unsigned char *got = malloc(bytes + 8), *want = malloc(bytes + 1);
    NEED(got && want);
    memset(got, 0xa5, bytes + 8);
    CHECK_OK(atlas_read_array(store, dataset, array, m->dtype, m->rank, start, count, NULL, got));
    model_move(m, start ? start : origin, count ? count : m->shape, want, false);
    CHECK_BYTES(got, want, bytes);
    for (size_t i = bytes; i < bytes + 8; i++) CHECK_U64(got[i], 0xa5); /* not a byte too many */
    free(got);
    free(want);
}

static void check_random(atlas_store store, const char *dataset, const char *array, model *m) {
    uint64_t start[ATLAS_MAX_RANK], count[ATLAS_MAX_RANK];
    random_region(m, start, count);
    check_region(store, dataset, array, m, start, count);
}

/* ---- every dtype, every rank, chunked and not, every codec, partial writes and reads ---- */

enum { DTYPES = 15, RANKS = 6, CHUNKINGS = 2, GRID = DTYPES * RANKS * CHUNKINGS };
static model grid[GRID];

static size_t grid_shape(int index, uint64_t *shape, uint64_t *chunks) {
    static const uint64_t shapes[5][4] = {{0}, {37}, {9, 11}, {5, 4, 6}, {3, 4, 2, 5}};
    static const uint64_t chunk[5][4] = {{0}, {8}, {4, 5}, {2, 3, 6}, {2, 2, 2, 3}};
    size_t rank = (size_t)(index / DTYPES % RANKS);
    if (rank == 5) { /* the largest rank there is */
        for (size_t i = 0; i < ATLAS_MAX_RANK; i++) {
            shape[i] = i % 6 == 0 ? 2 : 1;
            chunks[i] = i % 12 == 0 ? 2 : 1;
        }
        return ATLAS_MAX_RANK;
    }
    memcpy(shape, shapes[rank], sizeof shapes[rank]);
    memcpy(chunks, chunk[rank], sizeof chunk[rank]);
    return rank;
}

static void grid_names(int index, char dataset[32], char array[32]) {
    snprintf(dataset, 32, "set/%d", index % 7);
    snprintf(array, 32, "%s_%d", atlas_dtype_name(index % DTYPES + 1), index / DTYPES);
}

static void grid_free(void) {
    for (int i = 0; i < GRID; i++) free(grid[i].bytes);
    memset(grid, 0, sizeof grid);
}

static void change_grid(atlas_store store, int round) {
    char dataset[32], array[32];
    if (round == 0)
        for (int i = 0; i < 7; i++) {
            grid_names(i, dataset, array);
            CHECK_OK(atlas_create_dataset(store, dataset));
        }
    for (int i = 0; i < GRID; i++) {
        grid_names(i, dataset, array);
        if (round == 0) {
            uint64_t shape[ATLAS_MAX_RANK], chunks[ATLAS_MAX_RANK];
            unsigned char fill[16];
            size_t rank = grid_shape(i, shape, chunks);
            atlas_dtype dtype = i % DTYPES + 1;
            random_cells(dtype, fill, 1);
            atlas_array_options options;
            memset(&options, 0, sizeof options);
            options.struct_size = sizeof options;
            options.chunk_shape = i / DTYPES / RANKS && rank ? chunks : NULL;
            options.codec = i % 4;
            options.shuffle = i / 4 % 3;
            /* Of the types, bool, c128 and texts have none. */
            options.filter = dtype == ATLAS_DTYPE_BOOL || dtype > ATLAS_DTYPE_C64 ? 0 : i / 7 % 3;
            options.level = i % 4 == ATLAS_CODEC_ZSTD ? i / 12 % 5 : 0;
            options.fill_value = i % 3 ? fill : NULL;
            CHECK_OK(atlas_define_array(store, dataset, array, dtype, rank, NULL, shape, &options));
            grid[i] = model_new(dtype, rank, shape, options.fill_value);
        }
        /* Some are never written, some written once, some many times, some in later sessions only. */
        for (uint64_t n = random_below(4); n > 0; n--) write_random(store, dataset, array, &grid[i]);
    }
}

static void check_grid(atlas_store store, int round) {
    (void)round;
    char dataset[32], array[32];
    for (int i = 0; i < GRID; i++) {
        grid_names(i, dataset, array);
        check_random(store, dataset, array, &grid[i]);
        check_region(store, dataset, array, &grid[i], NULL, NULL);
        check_random(store, dataset, array, &grid[i]);
    }
}

static void every_dtype_and_rank(void) {
    defaults();
    everywhere(scaled(6, 2), change_grid, check_grid);
    grid_free();
}

/* The same with next to no cache and no threads. */
static void every_dtype_and_rank_inline_and_uncached(void) {
    defaults();
    runtime.num_threads = ATLAS_THREADS_INLINE;
    runtime.cache_bytes = 1;
    everywhere(scaled(3, 1), change_grid, check_grid);
    grid_free();
}

static void every_dtype_and_rank_on_one_thread(void) {
    defaults();
    runtime.num_threads = 1;
    everywhere(scaled(3, 1), change_grid, check_grid);
    grid_free();
}

/* ---- larger than a chunk of the default size ---- */

enum { TALL = 700, WIDE = 900 };
static model large;

static void change_large(atlas_store store, int round) {
    if (round == 0) {
        uint64_t shape[3] = {4, TALL, WIDE};
        large = model_new(ATLAS_DTYPE_F32, 3, shape, NULL);
        CHECK_OK(atlas_create_dataset(store, "d"));
        CHECK_OK(atlas_define_array(store, "d", "large", ATLAS_DTYPE_F32, 3, NULL, shape, NULL));
        atlas_array_description info;
        info.struct_size = sizeof info;
        CHECK_OK(atlas_array_info(store, "d", "large", &info));
        /* 10 MB are split, along the leading dimensions, into chunks of some MiB. */
        uint64_t bytes = product(3, info.chunk_shape) * 4;
        CHECK(bytes >= 512 * 1024 && bytes <= 8 * 1024 * 1024);
        CHECK_U64(info.chunk_shape[2], WIDE);
    }
    for (int i = 0; i < 3; i++) write_random(store, "d", "large", &large);
}

static void check_large(atlas_store store, int round) {
    (void)round;
    check_region(store, "d", "large", &large, NULL, NULL);
    for (int i = 0; i < 3; i++) check_random(store, "d", "large", &large);
}

static void large_array_in_default_chunks(void) {
    defaults();
    everywhere(scaled(2, 1), change_large, check_large);
    free(large.bytes);
}

/* Stored blocks of every size, as the first of their segment: incompressible ones, from nothing to some MiB. */
static const uint64_t block_sizes[] = {1, 100, 4096, 16383, 16384, 65536, 500000, 524287, 524288, 524289, 700000, 1048575, 1048576, 1048577, 3000000};
static model blocks[COUNT_OF(block_sizes)];

static void change_blocks(atlas_store store, int round) {
    if (round == 0) CHECK_OK(atlas_create_dataset(store, "d"));
    for (size_t i = 0; i < COUNT_OF(block_sizes); i++) {
        char name[32];
        const uint64_t start[1] = {0};
        snprintf(name, sizeof name, "block_%d", (int)i);
        if (round == 0) {
            atlas_array_options options;
            memset(&options, 0, sizeof options);
            options.struct_size = sizeof options;
            options.chunk_shape = &block_sizes[i];
            options.codec = ATLAS_CODEC_NONE;
            CHECK_OK(atlas_define_array(store, "d", name, ATLAS_DTYPE_U8, 1, NULL, &block_sizes[i], &options));
            blocks[i] = model_new(ATLAS_DTYPE_U8, 1, &block_sizes[i], NULL);
        }
        unsigned char *memory = malloc(block_sizes[i]);
        NEED(memory != NULL);
        random_cells(ATLAS_DTYPE_U8, memory, block_sizes[i]);
        CHECK_OK(atlas_write_array(store, "d", name, ATLAS_DTYPE_U8, 1, NULL, NULL, NULL, memory));
        model_move(&blocks[i], start, &block_sizes[i], memory, true);
        free(memory);
    }
}

static void check_blocks(atlas_store store, int round) {
    (void)round;
    for (size_t i = 0; i < COUNT_OF(block_sizes); i++) {
        char name[32];
        snprintf(name, sizeof name, "block_%d", (int)i);
        check_region(store, "d", name, &blocks[i], NULL, NULL);
    }
}

static void blocks_of_every_size(void) {
    defaults();
    everywhere(2, change_blocks, check_blocks);
    for (size_t i = 0; i < COUNT_OF(block_sizes); i++) free(blocks[i].bytes);
}

/* However much is written in a session: nothing of it shows before the flush, and it makes one segment. */
static void much_in_one_session(void) {
    defaults();
    const char *path = path_of("store");
    atlas_store store = create_with(path);
    change_large(store, 0);
    CHECK_OK(atlas_flush(store));
    CHECK_U64(segments_in(path, NULL).count, 1);
    folder_image flushed = folder_take(path);
    model kept = model_new(large.dtype, large.rank, large.shape, NULL);
    memcpy(kept.bytes, large.bytes, large.cells * large.size);

    uint64_t row[3] = {1, TALL, WIDE};
    unsigned char *memory = malloc(large.cells / 4 * large.size);
    NEED(memory != NULL);
    for (int pass = 0; pass < 2; pass++) {
        for (uint64_t i = 0; i < 4; i++) {
            uint64_t start[3] = {i, 0, 0};
            random_cells(large.dtype, memory, large.cells / 4);
            CHECK_OK(atlas_write_array(store, "d", "large", ATLAS_DTYPE_F32, 3, start, row, NULL, memory));
            model_move(&large, start, row, memory, true);
        }
        check_large(store, 0);
        atlas_store reader = open_with(path, ATLAS_MODE_READ);
        check_region(reader, "d", "large", &kept, NULL, NULL);
        CHECK_OK(atlas_close(reader));
        if (pass == 0) {
            CHECK_OK(atlas_discard(store));
            CHECK_STORE_SAME(&flushed, path);
            store = open_with(path, ATLAS_MODE_READ_WRITE);
            check_region(store, "d", "large", &kept, NULL, NULL);
        }
    }
    CHECK_OK(atlas_close(store));
    CHECK_U64(segments_in(path, NULL).count, 2);
    store = open_with(path, ATLAS_MODE_READ);
    check_large(store, 0);
    CHECK_OK(atlas_close(store));
    free(memory);
    free(kept.bytes);
    free(large.bytes);
    folder_free(&flushed);
}

/* ---- strides ---- */

static int32_t cell(uint64_t i, uint64_t j, uint64_t k) { return (int32_t)(i * 10000 + j * 100 + k) + 1; }

enum { NI = 5, NJ = 7, NK = 4 };
static const uint64_t box[3] = {NI, NJ, NK}, box_chunks[3] = {2, 3, 3};

/* Each layout: where the first cell lies and the strides, in a memory of SIZE elements. */
typedef struct {
    const char *name;
    int64_t first, strides[3];
    size_t size;
} layout;

static const layout layouts[] = {
    {"halo", (NK + 2) * (NJ + 2) + (NK + 2) + 1, {(NJ + 2) * (NK + 2), NK + 2, 1}, (NI + 2) * (NJ + 2) * (NK + 2)},
    {"column_major", 0, {1, NI, NI * NJ}, NI * NJ * NK},
    {"middle_fastest", 0, {NJ * NK, 1, NJ}, NI * NJ * NK},
    {"rows_backwards", (NI - 1) * NJ * NK, {-NJ * NK, NK, 1}, NI * NJ * NK},
    {"last_backwards", NK - 1, {NJ * NK, NK, -1}, NI * NJ * NK},
    {"all_backwards", NI * NJ * NK - 1, {-NJ * NK, -NK, -1}, NI * NJ * NK},
    {"column_major_backwards", NI * NJ * NK - 1, {-1, -NI, -NI * NJ}, NI * NJ * NK},
    {"every_other", 3, {2 * NJ * NK * 2, NK * 2, 2}, 2 * NI * NJ * NK * 2 + 3},
};

static void strided_name(char name[64], size_t i, const char *suffix) {
    snprintf(name, 64, "%s%s", layouts[i].name, suffix);
}

static void change_strided(atlas_store store, int round) {
    (void)round;
    CHECK_OK(atlas_create_dataset(store, "d"));
    for (size_t n = 0; n < COUNT_OF(layouts); n++) {
        const layout *l = &layouts[n];
        char name[64];
        atlas_array_options options;
        memset(&options, 0, sizeof options);
        options.struct_size = sizeof options;
        options.chunk_shape = n % 2 ? box_chunks : NULL;
        int32_t *memory = malloc(l->size * sizeof *memory + 1);
        double *wide = malloc(l->size * sizeof *wide + 1);
        NEED(memory && wide);
        for (size_t i = 0; i < l->size; i++) wide[i] = memory[i] = -1;
        for (int64_t i = 0; i < NI; i++)
            for (int64_t j = 0; j < NJ; j++)
                for (int64_t k = 0; k < NK; k++) {
                    int64_t at = l->first + i * l->strides[0] + j * l->strides[1] + k * l->strides[2];
                    wide[at] = memory[at] = cell((uint64_t)i, (uint64_t)j, (uint64_t)k);
                }
        strided_name(name, n, "");
        CHECK_OK(atlas_define_array(store, "d", name, ATLAS_DTYPE_I32, 3, NULL, box, &options));
        CHECK_OK(atlas_write_array(store, "d", name, ATLAS_DTYPE_I32, 3, NULL, NULL, l->strides, memory + l->first));
        /* With a conversion on the way. */
        strided_name(name, n, "_f32");
        CHECK_OK(atlas_define_array(store, "d", name, ATLAS_DTYPE_F32, 3, NULL, box, &options));
        CHECK_OK(atlas_write_array(store, "d", name, ATLAS_DTYPE_F64, 3, NULL, NULL, l->strides, wide + l->first));
        /* Only the middle, from the same memory, misaligned by one byte. */
        strided_name(name, n, "_part");
        CHECK_OK(atlas_define_array(store, "d", name, ATLAS_DTYPE_I32, 3, NULL, box, &options));
        uint64_t start[3] = {1, 2, 1}, count[3] = {NI - 2, NJ - 3, NK - 1};
        memmove((char *)memory + 1, memory, l->size * sizeof *memory);
        char *from = (char *)memory + 1 +
                     (l->first + 1 * l->strides[0] + 2 * l->strides[1] + 1 * l->strides[2]) * (int64_t)sizeof *memory;
        CHECK_OK(atlas_write_array(store, "d", name, ATLAS_DTYPE_I32, 3, start, count, l->strides, from));
        free(memory);
        free(wide);
    }
}

static void check_strided(atlas_store store, int round) {
    (void)round;
    for (size_t n = 0; n < COUNT_OF(layouts); n++) {
        char name[64];
        strided_name(name, n, "");
        int32_t plain[NI * NJ * NK], *cursor = plain;
        float real[NI * NJ * NK];
        CHECK_OK(atlas_read_array(store, "d", name, ATLAS_DTYPE_I32, 3, NULL, NULL, NULL, plain));
        for (uint64_t i = 0; i < NI; i++)
            for (uint64_t j = 0; j < NJ; j++)
                for (uint64_t k = 0; k < NK; k++) CHECK_I64(*cursor++, cell(i, j, k));
        strided_name(name, n, "_f32");
        CHECK_OK(atlas_read_array(store, "d", name, ATLAS_DTYPE_F32, 3, NULL, NULL, NULL, real));
        for (size_t i = 0; i < COUNT_OF(real); i++) CHECK_F64(real[i], plain[i]);
        strided_name(name, n, "_part");
        int32_t part[NI * NJ * NK];
        CHECK_OK(atlas_read_array(store, "d", name, ATLAS_DTYPE_I32, 3, NULL, NULL, NULL, part));
        cursor = part;
        for (uint64_t i = 0; i < NI; i++)
            for (uint64_t j = 0; j < NJ; j++)
                for (uint64_t k = 0; k < NK; k++) {
                    bool inside = i >= 1 && i < NI - 1 && j >= 2 && j < NJ - 1 && k >= 1;
                    CHECK_I64(*cursor++, inside ? cell(i, j, k) : 0);
                }

        /* Every layout reads as well as it writes, and leaves the memory around and between alone. */
        for (size_t t = 0; t < COUNT_OF(layouts); t++) {
            const layout *l = &layouts[t];
            strided_name(name, n, "");
            for (int kind = 0; kind < 3; kind++) { /* the same type; wider; from one byte off */
                size_t size = kind == 1 ? sizeof(int64_t) : sizeof(int32_t), offset = kind == 2;
                unsigned char *memory = malloc(l->size * size + 1), *seen = calloc(l->size, 1);
                NEED(memory && seen);
                memset(memory, 0x5a, l->size * size + 1);
                CHECK_OK(atlas_read_array(store, "d", name, kind == 1 ? ATLAS_DTYPE_I64 : ATLAS_DTYPE_I32, 3, NULL, NULL,
                                          l->strides, memory + offset + (size_t)l->first * size));
                for (int64_t i = 0; i < NI; i++)
                    for (int64_t j = 0; j < NJ; j++)
                        for (int64_t k = 0; k < NK; k++) {
                            size_t at = (size_t)(l->first + i * l->strides[0] + j * l->strides[1] + k * l->strides[2]);
                            int64_t wide;
                            int32_t narrow;
                            memcpy(&wide, memory + at * size, kind == 1 ? 8 : 1);
                            memcpy(&narrow, memory + offset + at * size, 4);
                            CHECK_I64(kind == 1 ? wide : narrow, cell((uint64_t)i, (uint64_t)j, (uint64_t)k));
                            seen[at] = 1;
                        }
                for (size_t at = 0; at < l->size; at++)
                    for (size_t b = 0; !seen[at] && b < size; b++) CHECK_U64(memory[offset + at * size + b], 0x5a);
                free(memory);
                free(seen);
            }
        }
    }
}

static void strides(void) {
    defaults();
    everywhere(1, change_strided, check_strided);
}

/* A stride of 0 repeats: one row for all rows. A dimension of one cell has a stride that says nothing. */
static void repeated_source(atlas_store store, int round) {
    (void)round;
    static const uint64_t shape[2] = {4, 3}, thin[2] = {1, 3};
    static const int64_t repeat[2] = {0, 1}, odd[2] = {INT64_MIN, 1};
    static const int16_t row[3] = {7, 8, 9};
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_define_array(store, "d", "a", ATLAS_DTYPE_I16, 2, NULL, shape, NULL));
    CHECK_OK(atlas_write_array(store, "d", "a", ATLAS_DTYPE_I16, 2, NULL, NULL, repeat, row));
    CHECK_OK(atlas_define_array(store, "d", "b", ATLAS_DTYPE_I16, 2, NULL, thin, NULL));
    CHECK_OK(atlas_write_array(store, "d", "b", ATLAS_DTYPE_I16, 2, NULL, NULL, odd, row));
}
static void check_repeated(atlas_store store, int round) {
    (void)round;
    int16_t got[15];
    CHECK_OK(atlas_read_array(store, "d", "a", ATLAS_DTYPE_I16, 2, NULL, NULL, NULL, got));
    CHECK_OK(atlas_read_array(store, "d", "b", ATLAS_DTYPE_I16, 2, NULL, NULL, NULL, got + 12));
    for (int i = 0; i < 15; i++) CHECK_I64(got[i], 7 + i % 3);
}
static void stride_zero_repeats(void) {
    defaults();
    everywhere(1, repeated_source, check_repeated);
}

/* ---- memory types ---- */

static bool is_signed(atlas_dtype t) { return t >= ATLAS_DTYPE_I8 && t <= ATLAS_DTYPE_I64; }
static bool is_unsigned(atlas_dtype t) { return t >= ATLAS_DTYPE_U8 && t <= ATLAS_DTYPE_U64; }
static bool is_float(atlas_dtype t) { return t >= ATLAS_DTYPE_F16 && t <= ATLAS_DTYPE_F64; }
static bool is_complex(atlas_dtype t) { return t == ATLAS_DTYPE_C64 || t == ATLAS_DTYPE_C128; }

static bool converts(atlas_dtype from, atlas_dtype to) {
    size_t a = atlas_dtype_size(from), b = atlas_dtype_size(to);
    if (from == ATLAS_DTYPE_STRING || to == ATLAS_DTYPE_STRING) return false;
    if (from == to) return true;
    if ((is_signed(from) && is_signed(to)) || (is_unsigned(from) && is_unsigned(to))) return true;
    if ((is_float(from) && is_float(to)) || (is_complex(from) && is_complex(to))) return true;
    if (is_unsigned(from) && is_signed(to)) return b > a;
    if ((is_signed(from) || is_unsigned(from)) && is_float(to)) return b > a; /* i8 -> f16, i16 -> f32, i32 -> f64 */
    return (from == ATLAS_DTYPE_TIMESTAMP_NS && to == ATLAS_DTYPE_I64) ||
           (from == ATLAS_DTYPE_I64 && to == ATLAS_DTYPE_TIMESTAMP_NS);
}

/* The numbers 0 to 3 (0 and 1 as bool; with themselves negated as the imaginary part). */
static void put_number(atlas_dtype dtype, int number, void *at) {
    static const uint16_t halves[] = {0x0000, 0x3c00, 0x4000, 0x4200};
    int8_t i8 = (int8_t)number;
    int16_t i16 = (int16_t)number;
    int32_t i32 = number;
    int64_t i64 = number;
    float f32[2] = {(float)number, (float)-number};
    double f64[2] = {number, -number};
    switch (atlas_dtype_size(dtype) * 32 + (size_t)dtype) {
    case 1 * 32 + ATLAS_DTYPE_BOOL:
    case 1 * 32 + ATLAS_DTYPE_I8:
    case 1 * 32 + ATLAS_DTYPE_U8: memcpy(at, &i8, 1); break;
    case 2 * 32 + ATLAS_DTYPE_I16:
    case 2 * 32 + ATLAS_DTYPE_U16: memcpy(at, &i16, 2); break;
    case 4 * 32 + ATLAS_DTYPE_I32:
    case 4 * 32 + ATLAS_DTYPE_U32: memcpy(at, &i32, 4); break;
    case 8 * 32 + ATLAS_DTYPE_I64:
    case 8 * 32 + ATLAS_DTYPE_U64:
    case 8 * 32 + ATLAS_DTYPE_TIMESTAMP_NS: memcpy(at, &i64, 8); break;
    case 2 * 32 + ATLAS_DTYPE_F16: memcpy(at, &halves[number], 2); break;
    case 4 * 32 + ATLAS_DTYPE_F32: memcpy(at, f32, 4); break;
    case 8 * 32 + ATLAS_DTYPE_F64: memcpy(at, f64, 8); break;
    case 8 * 32 + ATLAS_DTYPE_C64: memcpy(at, f32, 8); break;
    case 16 * 32 + ATLAS_DTYPE_C128: memcpy(at, f64, 16); break;
    default: CHECK(!"a number of this type");
    }
}

static void put_numbers(atlas_dtype dtype, atlas_dtype other, unsigned char memory[4 * 16]) {
    for (int i = 0; i < 4; i++) {
        int number = dtype == ATLAS_DTYPE_BOOL || other == ATLAS_DTYPE_BOOL ? i % 2 : i;
        put_number(dtype, number, memory + (size_t)i * atlas_dtype_size(dtype));
    }
}

static void pair_name(char name[64], atlas_dtype memory, atlas_dtype array) {
    snprintf(name, 64, "%s into %s", atlas_dtype_name(memory), atlas_dtype_name(array));
}

static void change_conversions(atlas_store store, int round) {
    (void)round;
    static const uint64_t four[1] = {4}, chunk[1] = {3};
    CHECK_OK(atlas_create_dataset(store, "d"));
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    for (atlas_dtype array = 1; array <= ATLAS_DTYPE_STRING; array++)
        for (atlas_dtype memory = 1; memory <= DTYPES; memory++) {
            char name[64];
            unsigned char numbers[4 * 16];
            pair_name(name, memory, array);
            put_numbers(memory, array, numbers);
            CHECK_OK(atlas_define_array(store, "d", name, array, 1, NULL, four, &options));
            atlas_status got = atlas_write_array(store, "d", name, memory, 1, NULL, NULL, NULL, numbers);
            if (converts(memory, array)) CHECK_OK(got);
            else
                CHECK_FAILS(got, ATLAS_STATUS_TYPE_MISMATCH, atlas_dtype_name(memory), atlas_dtype_name(array), "'d'");
        }
}

static void check_conversions(atlas_store store, int round) {
    (void)round;
    for (atlas_dtype array = 1; array <= DTYPES; array++)
        for (atlas_dtype from = 1; from <= DTYPES; from++) {
            char name[64];
            unsigned char got[4 * 16], want[4 * 16];
            pair_name(name, from, array);
            /* As its own type: what went in, or zeros where nothing could. */
            size_t size = 4 * atlas_dtype_size(array);
            memset(want, 0, sizeof want);
            if (converts(from, array)) put_numbers(array, from, want);
            CHECK_OK(atlas_read_array(store, "d", name, array, 1, NULL, NULL, NULL, got));
            CHECK_BYTES(got, want, size);
            /* As every other type. */
            if (from != array) continue;
            for (atlas_dtype to = 1; to <= ATLAS_DTYPE_STRING; to++) {
                memset(got, 0xcc, sizeof got);
                atlas_status status = atlas_read_array(store, "d", name, to, 1, NULL, NULL, NULL, got);
                if (!converts(array, to)) {
                    CHECK_FAILS(status, to == ATLAS_DTYPE_STRING ? status : ATLAS_STATUS_TYPE_MISMATCH, name);
                    CHECK(status != ATLAS_STATUS_OK);
                    continue;
                }
                CHECK_OK(status);
                put_numbers(to, array, want);
                CHECK_BYTES(got, want, 4 * atlas_dtype_size(to));
            }
        }
}

static void conversions_between_all_types(void) {
    defaults();
    everywhere(1, change_conversions, check_conversions);
}

/* Integers that do not fit are refused with their place and value, and nothing of that write stays. */
static void narrowing_is_checked(void) {
    defaults();
    const char *path = path_of("store");
    atlas_store store = create_with(path);
    CHECK_OK(atlas_create_dataset(store, "d"));
    static const uint64_t shape[1] = {1000}, chunk[1] = {100};
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    static const struct {
        atlas_dtype array;
        int64_t good[2], bad[2];
    } rows[] = {
        {ATLAS_DTYPE_I8, {-128, 127}, {-129, 128}},
        {ATLAS_DTYPE_I16, {-32768, 32767}, {-32769, 32768}},
        {ATLAS_DTYPE_I32, {INT32_MIN, INT32_MAX}, {INT64_C(-2147483649), INT64_C(2147483648)}},
    };
    static int64_t values[1000], back[1000];
    for (size_t r = 0; r < COUNT_OF(rows); r++) {
        const char *name = atlas_dtype_name(rows[r].array);
        CHECK_OK(atlas_define_array(store, "d", name, rows[r].array, 1, NULL, shape, &options));
        for (int i = 0; i < 1000; i++) values[i] = rows[r].good[i % 2];
        CHECK_OK(atlas_write_array(store, "d", name, ATLAS_DTYPE_I64, 1, NULL, NULL, NULL, values));
        for (int b = 0; b < 2; b++) {
            static int64_t other[1000];
            memset(other, 0, sizeof other);
            other[987] = rows[r].bad[b];
            char text[32];
            snprintf(text, sizeof text, "%" PRId64, rows[r].bad[b]);
            CHECK_FAILS(atlas_write_array(store, "d", name, ATLAS_DTYPE_I64, 1, NULL, NULL, NULL, other),
                        ATLAS_STATUS_OUT_OF_RANGE, name, "987", text);
            CHECK_FAILS(atlas_append_array(store, "d", name, ATLAS_DTYPE_I64, 1, shape, NULL, other),
                        ATLAS_STATUS_OUT_OF_RANGE, name, "987", text);
        }
        CHECK_OK(atlas_read_array(store, "d", name, ATLAS_DTYPE_I64, 1, NULL, NULL, NULL, back));
        CHECK_BYTES(back, values, sizeof values);
        CHECK_OK(atlas_flush(store));
        CHECK_OK(atlas_read_array(store, "d", name, ATLAS_DTYPE_I64, 1, NULL, NULL, NULL, back));
        CHECK_BYTES(back, values, sizeof values);
    }

    /* Reading into something narrower is checked too. */
    CHECK_OK(atlas_define_array(store, "d", "wide", ATLAS_DTYPE_U64, 1, NULL, shape, &options));
    uint64_t at[1] = {321}, one[1] = {1}, big = 70000;
    CHECK_OK(atlas_write_array(store, "d", "wide", ATLAS_DTYPE_U64, 1, at, one, NULL, &big));
    static uint16_t narrow[1000];
    for (int phase = 0; phase < 2; phase++) {
        CHECK_FAILS(atlas_read_array(store, "d", "wide", ATLAS_DTYPE_U16, 1, NULL, NULL, NULL, narrow),
                    ATLAS_STATUS_OUT_OF_RANGE, "wide", "321", "70000");
        static uint32_t fits[1000];
        CHECK_OK(atlas_read_array(store, "d", "wide", ATLAS_DTYPE_U32, 1, NULL, NULL, NULL, fits));
        CHECK_U64(fits[321], 70000);
        uint64_t rest[1] = {400}, to[1] = {322};
        CHECK_OK(atlas_read_array(store, "d", "wide", ATLAS_DTYPE_U16, 1, to, rest, NULL, narrow));
        CHECK_OK(atlas_flush(store));
    }
    CHECK_OK(atlas_close(store));
}

static atlas_store open_lax(const char *path) {
    atlas_open_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.float_overflow = ATLAS_OVERFLOW_INFINITY;
    atlas_store store = 0;
    CHECK_OK(atlas_open(path, ATLAS_MODE_READ_WRITE, &options, &store));
    return store;
}

/* Floats round to the nearest; what is not a number or not finite stays so, and what is finite becomes infinite only where
 * the handle says so. */
static void floats_change_width(void) {
    defaults();
    atlas_store store = create_with(path_of("store"));
    CHECK_OK(atlas_create_dataset(store, "d"));
    static const double values[] = {0.1, -0.0, 1e-50, -1.0 / 3.0, 1e300, INFINITY, -INFINITY, NAN, 65504.0, 1e-45, 16777217.0};
    enum { N = COUNT_OF(values) };
    static const uint64_t shape[1] = {N};
    float floats[N];
    double back[N];
    CHECK_OK(atlas_define_array(store, "d", "f32", ATLAS_DTYPE_F32, 1, NULL, shape, NULL));
    CHECK_FAILS(atlas_write_array(store, "d", "f32", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values), ATLAS_STATUS_OUT_OF_RANGE, "1e300");
    CHECK_OK(atlas_close(store));
    store = open_lax(path_of("store"));
    CHECK_OK(atlas_write_array(store, "d", "f32", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
    CHECK_OK(atlas_read_array(store, "d", "f32", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, floats));
    CHECK_OK(atlas_read_array(store, "d", "f32", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, back));
    for (int i = 0; i < N; i++) {
        float want = (float)values[i];
        if (isnan(want)) CHECK(isnan(floats[i]) && isnan(back[i]));
        else CHECK_F64(floats[i], want);
        if (!isnan(want)) CHECK_F64(back[i], (double)want);
    }
    static const double small[] = {1.0, -2.5, 65504.0, 0.333251953125, 5.9604644775390625e-08, INFINITY, 1.0009765625};
    static const uint16_t halves[] = {0x3c00, 0xc100, 0x7bff, 0x3555, 0x0001, 0x7c00, 0x3c01};
    static const uint64_t seven[1] = {7};
    uint16_t bits[7];
    CHECK_OK(atlas_define_array(store, "d", "f16", ATLAS_DTYPE_F16, 1, NULL, seven, NULL));
    CHECK_OK(atlas_write_array(store, "d", "f16", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, small));
    CHECK_OK(atlas_read_array(store, "d", "f16", ATLAS_DTYPE_F16, 1, NULL, NULL, NULL, bits));
    CHECK_BYTES(bits, halves, sizeof bits);
    CHECK_OK(atlas_read_array(store, "d", "f16", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, back));
    CHECK_BYTES(back, small, sizeof small);
    CHECK_OK(atlas_close(store));
}

/* Whatever byte a caller takes for true, a bool reads as 0 or 1. */
static void bools_are_zero_or_one(void) {
    defaults();
    atlas_store store = create_with(path_of("store"));
    static const uint64_t shape[1] = {4};
    static const unsigned char odd[4] = {0, 1, 2, 255};
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_define_array(store, "d", "b", ATLAS_DTYPE_BOOL, 1, NULL, shape, NULL));
    atlas_status status = atlas_write_array(store, "d", "b", ATLAS_DTYPE_BOOL, 1, NULL, NULL, NULL, odd);
    for (int phase = 0; phase < 2; phase++) {
        unsigned char got[4] = {9, 9, 9, 9};
        CHECK_OK(atlas_read_array(store, "d", "b", ATLAS_DTYPE_BOOL, 1, NULL, NULL, NULL, got));
        for (int i = 0; i < 4; i++) CHECK_U64(got[i], status == ATLAS_STATUS_OK && odd[i]);
        CHECK_OK(atlas_flush(store));
    }
    CHECK_OK(atlas_close(store));
}

/* ---- append ---- */

static const uint64_t steps[] = {1, 3, 5, 2, 7, 0, 4, 1, 11, 6};
static uint64_t grown;

static double grown_value(uint64_t row, uint64_t i, uint64_t j) { return (double)row * 100 + (double)i * 10 + (double)j; }

static void change_grown(atlas_store store, int round) {
    static const uint64_t none1[1] = {0}, none3[3] = {0, 3, 2}, chunk1[1] = {4}, chunk3[3] = {4, 2, 2};
    if (round == 0) {
        grown = 0;
        CHECK_OK(atlas_create_dataset(store, "run"));
        for (int chunked = 0; chunked < 2; chunked++) {
            atlas_array_options options;
            memset(&options, 0, sizeof options);
            options.struct_size = sizeof options;
            double fill = -1;
            options.fill_value = &fill;
            options.chunk_shape = chunked ? chunk1 : NULL;
            CHECK_OK(atlas_define_array(store, "run", chunked ? "series_4" : "series", ATLAS_DTYPE_F64, 1, NULL, none1, &options));
            options.chunk_shape = chunked ? chunk3 : NULL;
            CHECK_OK(atlas_define_array(store, "run", chunked ? "field_4" : "field", ATLAS_DTYPE_F64, 3, NULL, none3, &options));
            options.fill_value = NULL;
            options.chunk_shape = chunked ? chunk1 : NULL;
            CHECK_OK(atlas_define_array(store, "run", chunked ? "label_4" : "label", ATLAS_DTYPE_STRING, 1, NULL, none1, &options));
        }
        /* Memory of one cell per row is never one chunk per row. */
        atlas_array_description info;
        info.struct_size = sizeof info;
        CHECK_OK(atlas_array_info(store, "run", "series", &info));
        CHECK(info.chunk_shape[0] >= 64);
        CHECK_OK(atlas_array_info(store, "run", "field", &info));
        CHECK(info.chunk_shape[0] >= 64);
    }
    for (size_t s = 0; s < COUNT_OF(steps); s++) {
        uint64_t n = steps[(s + (size_t)round) % COUNT_OF(steps)];
        double series[16], field[16 * 6], columns[16 * 6];
        char text[16][32];
        const char *labels[16] = {0};
        for (uint64_t row = 0; row < n; row++) {
            series[row] = grown_value(grown + row, 0, 0);
            snprintf(text[row], sizeof text[row], "row %" PRIu64, grown + row);
            labels[row] = (grown + row) % 5 == 0 ? "" : text[row];
            for (uint64_t i = 0; i < 3; i++)
                for (uint64_t j = 0; j < 2; j++)
                    field[(row * 3 + i) * 2 + j] = columns[row + n * (i + 3 * j)] = grown_value(grown + row, i, j);
        }
        uint64_t count1[1] = {n}, count3[3] = {n, 3, 2};
        int64_t columns_strides[3] = {1, (int64_t)n, (int64_t)n * 3};
        CHECK_OK(atlas_append_array(store, "run", "series", ATLAS_DTYPE_F64, 1, count1, NULL, series));
        CHECK_OK(atlas_append_array(store, "run", "series_4", ATLAS_DTYPE_F64, 1, count1, NULL, series));
        CHECK_OK(atlas_append_array(store, "run", "field", ATLAS_DTYPE_F64, 3, count3, NULL, field));
        CHECK_OK(atlas_append_array(store, "run", "field_4", ATLAS_DTYPE_F64, 3, count3, columns_strides, columns));
        CHECK_OK(atlas_append_strings(store, "run", "label", 1, count1, labels));
        CHECK_OK(atlas_append_strings(store, "run", "label_4", 1, count1, labels));
        grown += n;
        if (s == 4) CHECK_OK(atlas_flush(store)); /* in the middle of a chunk */
    }
}

static void check_grown(atlas_store store, int round) {
    (void)round;
    double *got = malloc((grown * 6 + 1) * sizeof *got);
    NEED(got != NULL);
    for (int chunked = 0; chunked < 2; chunked++) {
        const char *series = chunked ? "series_4" : "series", *field = chunked ? "field_4" : "field";
        atlas_array_description info;
        info.struct_size = sizeof info;
        CHECK_OK(atlas_array_info(store, "run", field, &info));
        CHECK_U64(info.shape[0], grown);
        CHECK_U64(info.shape[1], 3);
        CHECK_OK(atlas_read_array(store, "run", series, ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, got));
        for (uint64_t row = 0; row < grown; row++) CHECK_F64(got[row], grown_value(row, 0, 0));
        CHECK_OK(atlas_read_array(store, "run", field, ATLAS_DTYPE_F64, 3, NULL, NULL, NULL, got));
        for (uint64_t row = 0; row < grown; row++)
            for (uint64_t i = 0; i < 3; i++)
                for (uint64_t j = 0; j < 2; j++) CHECK_F64(got[(row * 3 + i) * 2 + j], grown_value(row, i, j));
        uint64_t start[3] = {grown / 2 - 1, 1, 0}, count[3] = {5, 1, 2};
        CHECK_OK(atlas_read_array(store, "run", field, ATLAS_DTYPE_F64, 3, start, count, NULL, got));
        for (uint64_t k = 0; k < 10; k++) CHECK_F64(got[k], grown_value(start[0] + k / 2, 1, k % 2));
        uint64_t past[1] = {grown}, one[1] = {1};
        CHECK_FAILS(atlas_read_array(store, "run", series, ATLAS_DTYPE_F64, 1, past, one, NULL, got),
                    ATLAS_STATUS_OUT_OF_RANGE, series);

        size_t needed = 0;
        const char *label = chunked ? "label_4" : "label";
        CHECK_STATUS(atlas_read_strings(store, "run", label, 1, NULL, NULL, NULL, 0, &needed), ATLAS_STATUS_BUFFER_TOO_SMALL);
        char *text = malloc(needed), *cursor = text;
        NEED(text != NULL);
        CHECK_OK(atlas_read_strings(store, "run", label, 1, NULL, NULL, text, needed, &needed));
        for (uint64_t row = 0; row < grown; row++) {
            char want[32];
            snprintf(want, sizeof want, "row %" PRIu64, row);
            CHECK_TEXT(cursor, row % 5 == 0 ? "" : want);
            cursor += strlen(cursor) + 1;
        }
        CHECK_U64(cursor - text, needed);
        free(text);
    }
    free(got);
}

static void append_in_odd_steps(void) {
    defaults();
    everywhere(scaled(4, 2), change_grown, check_grown);
}

/* ---- strings ---- */

static char long_text[100001];
static const char *const utf8_words[] = {"", "plain", "s\xc3\xbc\xc3\x9f", "\xe6\xb0\xb4\xe6\xb8\xa9", "\xf0\x9f\x8c\x8a", "a b\tc\n", ";", ""};

static void change_strings(atlas_store store, int round) {
    static const uint64_t six[1] = {6}, table[2] = {3, 4}, chunk[2] = {2, 3}, none[2] = {0, 4};
    if (round > 0) { /* overwrite a part, once it is on disk */
        CHECK_OK(atlas_write_strings(store, "d", "table", 2, (uint64_t[]){1, 2}, (uint64_t[]){2, 2},
                                     (const char *const[]){"w", long_text, "y", ""}));
        return;
    }
    memset(long_text, 'x', sizeof long_text - 1);
    CHECK_OK(atlas_create_dataset(store, "d"));
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    options.fill_value = "n/a \xe2\x80\x94";
    CHECK_OK(atlas_define_array(store, "d", "table", ATLAS_DTYPE_STRING, 2, NULL, table, &options));
    CHECK_OK(atlas_write_strings(store, "d", "table", 2, (uint64_t[]){0, 0}, (uint64_t[]){2, 4}, utf8_words));
    CHECK_OK(atlas_define_array(store, "d", "list", ATLAS_DTYPE_STRING, 1, NULL, six, NULL));
    CHECK_OK(atlas_write_strings(store, "d", "list", 1, (uint64_t[]){4}, (uint64_t[]){1}, (const char *const[]){"five"}));
    CHECK_OK(atlas_define_array(store, "d", "one", ATLAS_DTYPE_STRING, 0, NULL, NULL, NULL));
    CHECK_OK(atlas_write_strings(store, "d", "one", 0, NULL, NULL, (const char *const[]){long_text}));
    CHECK_OK(atlas_define_array(store, "d", "none", ATLAS_DTYPE_STRING, 2, NULL, none, NULL));
    CHECK_OK(atlas_write_strings(store, "d", "none", 2, NULL, NULL, NULL));
}

static void check_strings(atlas_store store, int round) {
#define FILL "n/a \xe2\x80\x94"
    CHECK_LIST(";;;;five;;", atlas_read_strings, store, "d", "list", 1, NULL, NULL);
    CHECK_LIST("five;", atlas_read_strings, store, "d", "list", 1, ((uint64_t[]){4}), ((uint64_t[]){1}));
    CHECK_LIST("", atlas_read_strings, store, "d", "list", 1, ((uint64_t[]){4}), ((uint64_t[]){0}));
    CHECK_LIST("", atlas_read_strings, store, "d", "none", 2, NULL, NULL);
    CHECK_LIST(FILL ";", atlas_array_fill_text, store, "d", "table");
    size_t needed = 0;
    char *text = malloc(sizeof long_text);
    NEED(text != NULL);
    CHECK_OK(atlas_read_strings(store, "d", "one", 0, NULL, NULL, text, sizeof long_text, &needed));
    CHECK_U64(needed, sizeof long_text);
    CHECK_BYTES(text, long_text, sizeof long_text);
    free(text);
    uint64_t left[2] = {3, 2}, origin[2] = {0, 0}, corner[2] = {2, 3}, cell[2] = {1, 1};
    CHECK_LIST(";plain;\xf0\x9f\x8c\x8a;a b\tc\n;" FILL ";" FILL ";", atlas_read_strings, store, "d", "table", 2, origin, left);
    CHECK_LIST(round == 0 ? FILL ";" : ";", atlas_read_strings, store, "d", "table", 2, corner, cell);
    uint64_t middle[2] = {1, 2}, row[2] = {1, 2};
    if (round == 0)
        CHECK_LIST(";;;", atlas_read_strings, store, "d", "table", 2, middle, row); /* ";" and "" with their ends */
    else {
        text = malloc(sizeof long_text + 2);
        NEED(text != NULL);
        CHECK_OK(atlas_read_strings(store, "d", "table", 2, middle, row, text, sizeof long_text + 2, &needed));
        CHECK_U64(needed, sizeof long_text + 2);
        CHECK_TEXT(text, "w");
        CHECK_TEXT(text + 2, long_text);
        free(text);
    }
}

static void strings(void) {
    defaults();
    everywhere(2, change_strings, check_strings);
}

/* ---- attributes ---- */

static const int8_t a_i8[] = {-128, 0, 127};
static const int16_t a_i16[] = {-32768, 32767};
static const int32_t a_i32[] = {INT32_MIN, INT32_MAX};
static const int64_t a_i64[] = {INT64_MIN, INT64_MAX, -1, INT64_C(9007199254740993)};
static const uint8_t a_u8[] = {0, 255};
static const uint16_t a_u16[] = {65535};
static const uint32_t a_u32[] = {UINT32_MAX, 1};
static const uint64_t a_u64[] = {UINT64_MAX, 0, UINT64_C(9223372036854775809)};
static const uint16_t a_f16[] = {0x3c00, 0x8000, 0x7c00, 0xfc00, 0x0001, 0x7bff};
static const float a_f32[] = {0.1f, -0.0f, INFINITY, -INFINITY, 1e-45f, 3.4028235e38f, 16777216.0f, 1.0f};
static const double a_f64[] = {0.1, -0.0, INFINITY, -INFINITY, 5e-324, 1.7976931348623157e308, 1e22, 2.0, 1.0 / 3.0};
static const float a_c64[] = {1.5f, -0.0f, INFINITY, 0.1f};
static const double a_c128[] = {1e-300, -1.0, 0.1, -INFINITY};
static const bool a_bool[] = {true, false, true};
static const int64_t a_time[] = {INT64_C(1700000000123456789), -1};

static const struct {
    const char *key;
    atlas_dtype dtype;
    size_t count;
    const void *values;
} attributes[] = {
    {"a_i8", ATLAS_DTYPE_I8, 3, a_i8},         {"one_i8", ATLAS_DTYPE_I8, 1, a_i8 + 2},
    {"a_i16", ATLAS_DTYPE_I16, 2, a_i16},      {"a_i32", ATLAS_DTYPE_I32, 2, a_i32},
    {"a_i64", ATLAS_DTYPE_I64, 4, a_i64},      {"a_u8", ATLAS_DTYPE_U8, 2, a_u8},
    {"a_u16", ATLAS_DTYPE_U16, 1, a_u16},      {"a_u32", ATLAS_DTYPE_U32, 2, a_u32},
    {"a_u64", ATLAS_DTYPE_U64, 3, a_u64},      {"a_f16", ATLAS_DTYPE_F16, 6, a_f16},
    {"a_f32", ATLAS_DTYPE_F32, 8, a_f32},      {"one_f32", ATLAS_DTYPE_F32, 1, a_f32},
    {"a_f64", ATLAS_DTYPE_F64, 9, a_f64},      {"one_f64", ATLAS_DTYPE_F64, 1, a_f64 + 1},
    {"a_c64", ATLAS_DTYPE_C64, 2, a_c64},      {"a_c128", ATLAS_DTYPE_C128, 2, a_c128},
    {"a_bool", ATLAS_DTYPE_BOOL, 3, a_bool},   {"one_bool", ATLAS_DTYPE_BOOL, 1, a_bool},
    {"a_time", ATLAS_DTYPE_TIMESTAMP_NS, 2, a_time}, {"empty_f64", ATLAS_DTYPE_F64, 0, a_f64},
};

static void change_attributes(atlas_store store, int round) {
    if (round == 1) { /* another type under the same key, and one fewer */
        int8_t small = -5;
        CHECK_OK(atlas_set_attribute(store, "d", NULL, "title", ATLAS_DTYPE_I8, 1, &small));
        CHECK_OK(atlas_delete_attribute(store, "d", "t", "title"));
        return;
    }
    static const uint64_t two[1] = {2};
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_define_array(store, "d", "t", ATLAS_DTYPE_F32, 1, NULL, two, NULL));
    for (int of_array = 0; of_array < 2; of_array++) {
        const char *array = of_array ? "t" : NULL;
        for (size_t i = 0; i < COUNT_OF(attributes); i++)
            CHECK_OK(atlas_set_attribute(store, "d", array, attributes[i].key, attributes[i].dtype, attributes[i].count,
                                         attributes[i].values));
        double nan64 = NAN;
        float nan32 = NAN;
        uint16_t nan16 = 0x7e00;
        CHECK_OK(atlas_set_attribute(store, "d", array, "nan64", ATLAS_DTYPE_F64, 1, &nan64));
        CHECK_OK(atlas_set_attribute(store, "d", array, "nan32", ATLAS_DTYPE_F32, 1, &nan32));
        CHECK_OK(atlas_set_attribute(store, "d", array, "nan16", ATLAS_DTYPE_F16, 1, &nan16));
        const char *title[] = {"m\xc3\xbcnchen \"quoted\" \\ \n"}, *nothing[] = {""};
        const char *list[] = {"x", "", "\xe6\xb0\xb4", "y;z"};
        CHECK_OK(atlas_set_attribute(store, "d", array, "title", ATLAS_DTYPE_STRING, 1, title));
        CHECK_OK(atlas_set_attribute(store, "d", array, "nothing", ATLAS_DTYPE_STRING, 1, nothing));
        CHECK_OK(atlas_set_attribute(store, "d", array, "list", ATLAS_DTYPE_STRING, 4, list));
    }
}

static void check_attributes(atlas_store store, int round) {
    for (int of_array = 0; of_array < 2; of_array++) {
        const char *array = of_array ? "t" : NULL;
        bool has = false;
        atlas_dtype dtype;
        size_t count;
        for (size_t i = 0; i < COUNT_OF(attributes); i++) {
            unsigned char got[128];
            size_t size = atlas_dtype_size(attributes[i].dtype) * attributes[i].count;
            CHECK_OK(atlas_has_attribute(store, "d", array, attributes[i].key, &has));
            CHECK(has);
            CHECK_OK(atlas_attribute_info(store, "d", array, attributes[i].key, &dtype, &count));
            CHECK_I64(dtype, attributes[i].dtype);
            CHECK_U64(count, attributes[i].count);
            memset(got, 0xa5, sizeof got);
            CHECK_OK(atlas_get_attribute(store, "d", array, attributes[i].key, dtype, attributes[i].count, got, &count));
            CHECK_U64(count, attributes[i].count);
            CHECK_BYTES(got, attributes[i].values, size);
            CHECK_U64(got[size], 0xa5);
        }
        double nan64 = 0;
        float nan32 = 0;
        uint16_t nan16 = 0;
        CHECK_OK(atlas_get_attribute(store, "d", array, "nan64", ATLAS_DTYPE_F64, 1, &nan64, &count));
        CHECK_OK(atlas_get_attribute(store, "d", array, "nan32", ATLAS_DTYPE_F32, 1, &nan32, &count));
        CHECK_OK(atlas_get_attribute(store, "d", array, "nan16", ATLAS_DTYPE_F16, 1, &nan16, &count));
        CHECK(isnan(nan64) && isnan(nan32) && (nan16 & 0x7fff) > 0x7c00);

        /* Converted as read_array converts. */
        int64_t wide[3];
        double reals[8];
        int16_t i16[4];
        CHECK_OK(atlas_get_attribute(store, "d", array, "a_i8", ATLAS_DTYPE_I64, 3, wide, &count));
        CHECK(wide[0] == -128 && wide[1] == 0 && wide[2] == 127);
        CHECK_OK(atlas_get_attribute(store, "d", array, "a_f32", ATLAS_DTYPE_F64, 8, reals, &count));
        CHECK_F64(reals[0], (double)0.1f);
        CHECK_OK(atlas_get_attribute(store, "d", array, "a_u32", ATLAS_DTYPE_I64, 3, wide, &count));
        CHECK_I64(wide[0], UINT32_MAX);
        CHECK_U64(count, 2);
        CHECK_FAILS(atlas_get_attribute(store, "d", array, "a_i32", ATLAS_DTYPE_I16, 4, i16, &count),
                    ATLAS_STATUS_OUT_OF_RANGE, "a_i32", "-2147483648");
        CHECK_FAILS(atlas_get_attribute(store, "d", array, "a_f64", ATLAS_DTYPE_I64, 9, wide, &count),
                    ATLAS_STATUS_TYPE_MISMATCH, "a_f64", "f64", "i64");

        CHECK_LIST(";", atlas_get_attribute_strings, store, "d", array, "nothing");
        CHECK_LIST("x;;\xe6\xb0\xb4;y;z;", atlas_get_attribute_strings, store, "d", array, "list");
        CHECK_OK(atlas_attribute_info(store, "d", array, "list", &dtype, &count));
        CHECK_I64(dtype, ATLAS_DTYPE_STRING);
        CHECK_U64(count, 4);
        if (round == 0) CHECK_LIST("m\xc3\xbcnchen \"quoted\" \\ \n;", atlas_get_attribute_strings, store, "d", array, "title");
        if (round == 1 && !of_array) {
            int8_t small = 0;
            CHECK_OK(atlas_attribute_info(store, "d", NULL, "title", &dtype, &count));
            CHECK_I64(dtype, ATLAS_DTYPE_I8);
            CHECK_OK(atlas_get_attribute(store, "d", NULL, "title", ATLAS_DTYPE_I8, 1, &small, &count));
            CHECK_I64(small, -5);
        }
        CHECK_OK(atlas_has_attribute(store, "d", array, "title", &has));
        CHECK(has == !(round == 1 && of_array));
        CHECK_OK(atlas_attribute_count(store, "d", array, &count));
        CHECK_U64(count, COUNT_OF(attributes) + 6 - (round == 1 && of_array));
    }
    /* In the order in which they were first set; a replaced one keeps its place. */
    char order[1024] = "";
    for (size_t i = 0; i < COUNT_OF(attributes); i++) strcat(strcat(order, attributes[i].key), ";");
    strcat(order, "nan64;nan32;nan16;");
    size_t common = strlen(order);
    strcat(order, "title;nothing;list;");
    CHECK_LIST(order, atlas_attribute_names, store, "d", NULL);
    if (round == 1) strcpy(order + common, "nothing;list;");
    CHECK_LIST(order, atlas_attribute_names, store, "d", "t");
    CHECK_LIST("t;", atlas_array_names, store, "d"); /* attributes are no arrays */
}

static void attributes_of_every_type(void) {
    defaults();
    everywhere(2, change_attributes, check_attributes);
}

/* ---- fill values ---- */

static void change_fills(atlas_store store, int round) {
    static const uint64_t shape[2] = {5, 7}, chunk[2] = {2, 3};
    if (round == 0) {
        random_state = 12345;
        CHECK_OK(atlas_create_dataset(store, "d"));
        for (int i = 0; i < 2 * DTYPES; i++) {
            unsigned char fill[16];
            char name[32];
            atlas_dtype dtype = i % DTYPES + 1;
            random_cells(dtype, fill, 1);
            snprintf(name, sizeof name, "%s_%d", atlas_dtype_name(dtype), i / DTYPES);
            atlas_array_options options;
            memset(&options, 0, sizeof options);
            options.struct_size = sizeof options;
            options.chunk_shape = chunk;
            options.fill_value = i / DTYPES ? fill : NULL;
            CHECK_OK(atlas_define_array(store, "d", name, dtype, 2, NULL, shape, &options));
            grid[i] = model_new(dtype, 2, shape, options.fill_value);
        }
        return;
    }
    /* One cell, then the edge: the rest of their chunks stays filled. */
    for (int i = 0; i < 2 * DTYPES; i++) {
        char name[32];
        uint64_t start[2] = {round == 1 ? 1 : 4, round == 1 ? 1 : 5}, count[2] = {1, round == 1 ? 1 : 2};
        unsigned char cells[2 * 16];
        snprintf(name, sizeof name, "%s_%d", atlas_dtype_name(grid[i].dtype), i / DTYPES);
        random_cells(grid[i].dtype, cells, 2);
        CHECK_OK(atlas_write_array(store, "d", name, grid[i].dtype, 2, start, count, NULL, cells));
        model_move(&grid[i], start, count, cells, true);
    }
}

static void check_fills(atlas_store store, int round) {
    (void)round;
    for (int i = 0; i < 2 * DTYPES; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s_%d", atlas_dtype_name(grid[i].dtype), i / DTYPES);
        check_region(store, "d", name, &grid[i], NULL, NULL);
        atlas_array_description info;
        info.struct_size = sizeof info;
        CHECK_OK(atlas_array_info(store, "d", name, &info));
        CHECK(info.has_fill_value == (i >= DTYPES));
        /* Cell (0, 6) is never written. */
        if (i >= DTYPES) CHECK_BYTES(info.fill_value, grid[i].bytes + 6 * grid[i].size, grid[i].size);
    }
}

static void fill_values(void) {
    defaults();
    everywhere(3, change_fills, check_fills);
    grid_free();
}

/* ---- read_across ---- */

enum { SETS = 40 };
static const char *across_names[SETS];
static char across_text[SETS][16];

static void change_across(atlas_store store, int round) {
    static const uint64_t shape[2] = {6, 5}, chunk[2] = {4, 2};
    for (int i = 0; i < SETS; i++) {
        snprintf(across_text[i], sizeof across_text[i], "m%02d", i);
        across_names[i] = across_text[i];
        if (round == 0) {
            atlas_array_options options;
            float fill = -99;
            memset(&options, 0, sizeof options);
            options.struct_size = sizeof options;
            options.chunk_shape = i % 2 ? chunk : NULL;
            options.fill_value = &fill;
            CHECK_OK(atlas_create_dataset(store, across_names[i]));
            CHECK_OK(atlas_define_array(store, across_names[i], "t", ATLAS_DTYPE_F32, 2, NULL, shape, &options));
            CHECK_OK(atlas_define_array(store, across_names[i], "n", ATLAS_DTYPE_I32, 0, NULL, NULL, NULL));
            int32_t number = i * 3;
            CHECK_OK(atlas_write_array(store, across_names[i], "n", ATLAS_DTYPE_I32, 0, NULL, NULL, NULL, &number));
        }
        if (i % 3 == round) { /* so that some are committed, some pending and some never written */
            float values[30];
            for (int k = 0; k < 30; k++) values[k] = (float)(i * 100 + k);
            CHECK_OK(atlas_write_array(store, across_names[i], "t", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, values));
        }
    }
}

static void check_across(atlas_store store, int round) {
    for (int kind = 0; kind < 4; kind++) {
        const char *names[SETS + 1];
        size_t n = 0;
        uint64_t start[2] = {kind == 0 ? 0 : 1, kind == 0 ? 0 : 2}, count[2] = {kind == 0 ? 6 : 4, kind == 0 ? 5 : 3};
        switch (kind) { /* all; backwards; one; with one named twice */
        case 0:
        case 3:
            for (int i = 0; i < SETS; i++) names[n++] = across_names[i];
            if (kind == 3) names[n++] = across_names[3];
            break;
        case 1:
            for (int i = SETS; i-- > 0;) names[n++] = across_names[i];
            break;
        default: names[n++] = across_names[7];
        }
        uint64_t cells = count[0] * count[1];
        float *got = malloc(n * cells * sizeof *got), one[30];
        double *wide = malloc(n * cells * sizeof *wide);
        NEED(got && wide);
        CHECK_OK(atlas_read_across(store, "t", n, names, ATLAS_DTYPE_F32, 2, kind ? start : NULL, kind ? count : NULL, got));
        CHECK_OK(atlas_read_across(store, "t", n, names, ATLAS_DTYPE_F64, 2, start, count, wide));
        for (size_t s = 0; s < n; s++) {
            CHECK_OK(atlas_read_array(store, names[s], "t", ATLAS_DTYPE_F32, 2, start, count, NULL, one));
            CHECK_BYTES(got + s * cells, one, cells * sizeof *one);
            int set = atoi(names[s] + 1);
            for (uint64_t k = 0; k < cells; k++) {
                uint64_t at = (start[0] + k / count[1]) * 5 + start[1] + k % count[1];
                float want = set % 3 <= round ? (float)((uint64_t)set * 100 + at) : -99.0f;
                CHECK_F64(got[s * cells + k], want);
                CHECK_F64(wide[s * cells + k], want);
            }
        }
        free(got);
        free(wide);
    }
    int32_t numbers[SETS];
    CHECK_OK(atlas_read_across(store, "n", SETS, across_names, ATLAS_DTYPE_I32, 0, NULL, NULL, numbers));
    for (int i = 0; i < SETS; i++) CHECK_I64(numbers[i], i * 3);
    CHECK_OK(atlas_read_across(store, "t", SETS, across_names, ATLAS_DTYPE_F32, 2, (uint64_t[]){2, 2}, (uint64_t[]){0, 3}, numbers));
}

static void read_across_equals_single_reads(void) {
    defaults();
    everywhere(3, change_across, check_across);
}

/* ---- delete and define again ---- */

static void change_redefined(atlas_store store, int round) {
    static const uint64_t n4[1] = {4}, n23[2] = {2, 3};
    switch (round) {
    case 0: /* within one session */
        CHECK_OK(atlas_create_dataset(store, "d"));
        CHECK_OK(atlas_create_dataset(store, "e"));
        for (int i = 0; i < 2; i++) {
            const char *dataset = i ? "e" : "d";
            CHECK_OK(atlas_define_array(store, dataset, "t", ATLAS_DTYPE_F64, 1, NULL, n4, NULL));
            CHECK_OK(atlas_write_array(store, dataset, "t", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, (double[]){1, 2, 3, 4}));
            CHECK_OK(atlas_set_attribute(store, dataset, "t", "unit", ATLAS_DTYPE_I8, 1, (int8_t[]){1}));
        }
        CHECK_OK(atlas_delete_array(store, "d", "t"));
        CHECK_OK(atlas_define_array(store, "d", "t", ATLAS_DTYPE_I16, 2, NULL, n23, NULL));
        CHECK_OK(atlas_write_array(store, "d", "t", ATLAS_DTYPE_I16, 2, (uint64_t[]){1, 0}, (uint64_t[]){1, 2}, NULL, (int16_t[]){-5, 6}));
        break;
    case 1: /* what is committed, with nothing written to the new one */
        CHECK_OK(atlas_delete_array(store, "d", "t"));
        CHECK_OK(atlas_define_array(store, "d", "t", ATLAS_DTYPE_U64, 1, NULL, n4, NULL));
        break;
    case 2: /* by way of its dataset, the same type again */
        CHECK_OK(atlas_delete_dataset(store, "d"));
        CHECK_OK(atlas_create_dataset(store, "d"));
        CHECK_OK(atlas_define_array(store, "d", "t", ATLAS_DTYPE_STRING, 1, NULL, n4, NULL));
        CHECK_OK(atlas_write_strings(store, "d", "t", 1, (uint64_t[]){1}, (uint64_t[]){1}, (const char *const[]){"new"}));
        break;
    case 3: /* back to the first definition: its old cells must not rise again */
        CHECK_OK(atlas_delete_array(store, "d", "t"));
        CHECK_OK(atlas_define_array(store, "d", "t", ATLAS_DTYPE_F64, 1, NULL, n4, NULL));
        CHECK_OK(atlas_delete_array(store, "e", "t"));
        CHECK_OK(atlas_define_array(store, "e", "t", ATLAS_DTYPE_F64, 1, NULL, n4, NULL));
        break;
    }
}

static void check_redefined(atlas_store store, int round) {
    double reals[4];
    int16_t shorts[6];
    uint64_t longs[4];
    bool has = true;
    switch (round) {
    case 0:
        CHECK_OK(atlas_read_array(store, "d", "t", ATLAS_DTYPE_I16, 2, NULL, NULL, NULL, shorts));
        CHECK_BYTES(shorts, ((int16_t[]){0, 0, 0, -5, 6, 0}), sizeof shorts);
        break;
    case 1:
        CHECK_OK(atlas_read_array(store, "d", "t", ATLAS_DTYPE_U64, 1, NULL, NULL, NULL, longs));
        CHECK_BYTES(longs, ((uint64_t[]){0, 0, 0, 0}), sizeof longs);
        break;
    case 2: CHECK_LIST(";new;;;", atlas_read_strings, store, "d", "t", 1, NULL, NULL); break;
    case 3:
        CHECK_OK(atlas_read_array(store, "d", "t", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, reals));
        CHECK_BYTES(reals, ((double[]){0, 0, 0, 0}), sizeof reals);
        break;
    }
    CHECK_OK(atlas_has_attribute(store, "d", "t", "unit", &has));
    CHECK(!has);
    CHECK_OK(atlas_has_attribute(store, "e", "t", "unit", &has));
    CHECK(has == (round < 3));
    CHECK_OK(atlas_read_array(store, "e", "t", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, reals));
    double want[2][4] = {{1, 2, 3, 4}, {0, 0, 0, 0}};
    CHECK_BYTES(reals, want[round == 3], sizeof reals);
}

static void delete_and_define_again(void) {
    defaults();
    everywhere(4, change_redefined, check_redefined);
}

/* ---- listings and descriptions ---- */

static void change_listing(atlas_store store, int round) {
    static const uint64_t shape[2] = {10, 20}, chunk[2] = {5, 6};
    static const char *const dims[] = {"time", "l\xc3\xa4nge"};
    if (round == 0) {
        static const char *const names[] = {"zulu", "alpha", "mike/1", "Alpha", "\xe6\xb0\xb4", "b c"};
        for (size_t i = 0; i < COUNT_OF(names); i++) CHECK_OK(atlas_create_dataset(store, names[i]));
        atlas_array_options options;
        memset(&options, 0, sizeof options);
        options.struct_size = sizeof options;
        options.chunk_shape = chunk;
        options.codec = ATLAS_CODEC_ZSTD;
        options.level = 5;
        options.shuffle = ATLAS_SWITCH_OFF;
        options.pack = ATLAS_SWITCH_OFF;
        options.filter = ATLAS_FILTER_DELTA;
        int16_t fill = -7;
        options.fill_value = &fill;
        CHECK_OK(atlas_define_array(store, "zulu", "w", ATLAS_DTYPE_I16, 2, dims, shape, &options));
        memset(&options, 0, sizeof options);
        options.struct_size = sizeof options;
        options.codec = ATLAS_CODEC_LZ4;
        options.keep_bits = 9;
        CHECK_OK(atlas_define_array(store, "zulu", "a", ATLAS_DTYPE_F64, 2, NULL, shape, &options));
        options.keep_bits = 0;
        options.codec = ATLAS_CODEC_NONE;
        CHECK_OK(atlas_define_array(store, "zulu", "m", ATLAS_DTYPE_F32, 0, NULL, NULL, &options));
        CHECK_OK(atlas_define_array(store, "zulu", "d", ATLAS_DTYPE_F32, 2, NULL, shape, NULL));
    } else {
        CHECK_OK(atlas_delete_dataset(store, "alpha"));
        CHECK_OK(atlas_delete_dataset(store, "zulu"));
        CHECK_OK(atlas_create_dataset(store, "alpha"));
    }
}

static void check_listing(atlas_store store, int round) {
    static const char *const order[2][6] = {{"zulu", "alpha", "mike/1", "Alpha", "\xe6\xb0\xb4", "b c"},
                                            {"mike/1", "Alpha", "\xe6\xb0\xb4", "b c", "alpha", NULL}};
    CHECK_LIST(round ? "mike/1;Alpha;\xe6\xb0\xb4;b c;alpha;" : "zulu;alpha;mike/1;Alpha;\xe6\xb0\xb4;b c;",
               atlas_dataset_names, store);
    size_t count = 0, needed = 0;
    CHECK_OK(atlas_dataset_count(store, &count));
    CHECK_U64(count, round ? 5 : 6);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        CHECK_OK(atlas_dataset_name(store, i, name, sizeof name, &needed));
        CHECK_TEXT(name, order[round][i]);
        CHECK_U64(needed, strlen(name) + 1);
        CHECK(has_dataset(store, name));
    }
    CHECK(!has_dataset(store, "nobody") && !has_dataset(store, "mike"));
    CHECK_OK(atlas_array_count(store, "alpha", &count));
    CHECK_U64(count, 0);
    CHECK_LIST("", atlas_array_names, store, "alpha");
    CHECK_U64(store_info(store).dataset_count, round ? 5 : 6);
    if (round) return;

    CHECK_LIST("w;a;m;d;", atlas_array_names, store, "zulu");
    CHECK_OK(atlas_array_count(store, "zulu", &count));
    CHECK_U64(count, 4);
    CHECK(has_array(store, "zulu", "w") && !has_array(store, "zulu", "W") && !has_array(store, "alpha", "w"));
    CHECK_LIST("time;l\xc3\xa4nge;", atlas_array_dims, store, "zulu", "w");
    CHECK_LIST("dim_0;dim_1;", atlas_array_dims, store, "zulu", "a");
    CHECK_LIST("", atlas_array_dims, store, "zulu", "m");
    atlas_array_description info;
    info.struct_size = sizeof info;
    CHECK_OK(atlas_array_info(store, "zulu", "w", &info));
    CHECK_I64(info.dtype, ATLAS_DTYPE_I16);
    CHECK_U64(info.rank, 2);
    CHECK(info.shape[0] == 10 && info.shape[1] == 20 && info.chunk_shape[0] == 5 && info.chunk_shape[1] == 6);
    CHECK_I64(info.codec, ATLAS_CODEC_ZSTD);
    CHECK_I64(info.level, 5);
    CHECK_I64(info.shuffle, ATLAS_SWITCH_OFF);
    CHECK_I64(info.filter, ATLAS_FILTER_DELTA);
    CHECK_I64(info.keep_bits, 0);
    CHECK_I64(info.pack, ATLAS_SWITCH_OFF);
    CHECK(info.has_fill_value);
    CHECK_BYTES(info.fill_value, ((int16_t[]){-7}), 2);
    CHECK_OK(atlas_array_info(store, "zulu", "a", &info));
    CHECK_I64(info.codec, ATLAS_CODEC_LZ4);
    CHECK_I64(info.filter, ATLAS_FILTER_NONE);
    CHECK_I64(info.keep_bits, 9);
    CHECK(!info.has_fill_value);
    CHECK(info.chunk_shape[0] == 10 && info.chunk_shape[1] == 20); /* small: the whole array */
    CHECK_OK(atlas_array_info(store, "zulu", "m", &info));
    CHECK_U64(info.rank, 0);
    CHECK_I64(info.codec, ATLAS_CODEC_NONE);
    CHECK_OK(atlas_array_info(store, "zulu", "d", &info));
    CHECK_I64(info.codec, ATLAS_CODEC_ZSTD);
    CHECK_I64(info.level, 1);
    CHECK_I64(info.shuffle, ATLAS_SWITCH_ON);
    CHECK_I64(info.pack, ATLAS_SWITCH_ON);
}

static void listings_and_descriptions(void) {
    defaults();
    everywhere(2, change_listing, check_listing);
}

/* ---- names that a file system could trip over ---- */

static char longest[2][256];
static const char *const odd_names[] = {".",     "..",     "../out",   "/etc",      "a/b",     "a//b",   ".lock",
                                        "atlas.json", "%2e%2e", "%",   "a\\b",      "CON",     "T",      "t",
                                        " lead", "trail ", "dot.",     "*?<>|:\"", "\xc3\xa9", "e\xcc\x81", "~",
                                        longest[0], longest[1]};

static void change_odd_names(atlas_store store, int round) {
    (void)round;
    static const uint64_t shape[1] = {3};
    memset(longest[0], 'x', 255);
    for (int i = 0; i < 255; i += 3) memcpy(longest[1] + i, "\xe6\xb0\xb4", 3);
    for (size_t d = 0; d < COUNT_OF(odd_names); d++) CHECK_OK(atlas_create_dataset(store, odd_names[d]));
    for (size_t a = 0; a < COUNT_OF(odd_names); a++)
        for (size_t d = a % 3; d < COUNT_OF(odd_names); d += 3) {
            int32_t values[3] = {(int32_t)(a * 100 + d), -1, 7};
            const char *dims[1] = {odd_names[a]};
            CHECK_OK(atlas_define_array(store, odd_names[d], odd_names[a], ATLAS_DTYPE_I32, 1, dims, shape, NULL));
            CHECK_OK(atlas_write_array(store, odd_names[d], odd_names[a], ATLAS_DTYPE_I32, 1, NULL, NULL, NULL, values));
            CHECK_OK(atlas_set_attribute(store, odd_names[d], odd_names[a], odd_names[d], ATLAS_DTYPE_I32, 1, values));
        }
}

static void check_odd_names(atlas_store store, int round) {
    (void)round;
    for (size_t a = 0; a < COUNT_OF(odd_names); a++)
        for (size_t d = 0; d < COUNT_OF(odd_names); d++) {
            CHECK(has_array(store, odd_names[d], odd_names[a]) == (d % 3 == a % 3));
            if (d % 3 != a % 3) continue;
            int32_t values[3], attribute;
            size_t count, needed;
            char dim[256];
            CHECK_OK(atlas_read_array(store, odd_names[d], odd_names[a], ATLAS_DTYPE_I32, 1, NULL, NULL, NULL, values));
            CHECK_I64(values[0], a * 100 + d);
            CHECK_I64(values[2], 7);
            CHECK_OK(atlas_get_attribute(store, odd_names[d], odd_names[a], odd_names[d], ATLAS_DTYPE_I32, 1, &attribute, &count));
            CHECK_I64(attribute, values[0]);
            CHECK_OK(atlas_array_dims(store, odd_names[d], odd_names[a], dim, sizeof dim, &needed));
            CHECK_TEXT(dim, odd_names[a]);
        }
    /* All of it inside the store's folder. */
    folder_image image = folder_take(check_folder);
    for (size_t i = 0; i < image.count; i++) CHECK(strncmp(image.files[i].path, "store/", 6) == 0);
    folder_free(&image);
}

static void names_that_file_systems_dislike(void) {
    defaults();
    everywhere(1, change_odd_names, check_odd_names);
}

/* ---- statistics per chunk ---- */

static void change_chunks(atlas_store store, int round) {
    static const uint64_t shape[2] = {5, 7}, chunk[2] = {2, 3};
    (void)round;
    atlas_array_options options;
    int32_t fill = -9;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    options.fill_value = &fill;
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_define_array(store, "d", "a", ATLAS_DTYPE_I32, 2, NULL, shape, &options));
    int32_t values[35];
    for (int i = 0; i < 35; i++) values[i] = i;
    values[34] = -9;
    CHECK_OK(atlas_write_array(store, "d", "a", ATLAS_DTYPE_I32, 2, (uint64_t[]){2, 0}, (uint64_t[]){3, 7}, NULL, values + 14));
    atlas_stats stats;
    CHECK_FAILS(atlas_chunk_stats(store, "d", "a", 2, (uint64_t[]){0, 0}, &stats), ATLAS_STATUS_NO_STATS, "'a'", "'d'");
    CHECK_OK(atlas_flush(store));
}

static void check_chunks(atlas_store store, int round) {
    (void)round;
    /* row_count and null_count tell of the cells inside the shape, not of an edge chunk's padding. */
    static const struct {
        uint64_t chunk[2], rows, nulls;
        int64_t min, max;
    } rows[] = {
        {{0, 0}, 6, 6, 0, 0},    {{0, 2}, 2, 2, 0, 0},    {{1, 0}, 6, 0, 14, 23}, {{1, 1}, 6, 0, 17, 26},
        {{1, 2}, 2, 0, 20, 27}, {{2, 0}, 3, 0, 28, 30}, {{2, 1}, 3, 0, 31, 33}, {{2, 2}, 1, 1, 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        atlas_stats stats;
        CHECK_OK(atlas_chunk_stats(store, "d", "a", 2, rows[i].chunk, &stats));
        CHECK_U64(stats.row_count, rows[i].rows);
        CHECK_U64(stats.null_count, rows[i].nulls);
        CHECK_I64(stats.has_range != 0, rows[i].nulls < rows[i].rows);
        CHECK_I64(stats.min_int, rows[i].min);
        CHECK_I64(stats.max_int, rows[i].max);
        CHECK_F64(stats.min, (double)rows[i].min);
        CHECK_F64(stats.max, (double)rows[i].max);
    }
}

static void statistics_per_chunk(void) {
    defaults();
    everywhere(1, change_chunks, check_chunks);
}

/* ---- places of chunks ---- */

/* 9 chunks of 2 x 3 cells, stored as they are; the first row of chunks is never written. */
static void change_places(atlas_store store, int round) {
    static const uint64_t shape[2] = {5, 7}, chunk[2] = {2, 3};
    (void)round;
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    options.codec = ATLAS_CODEC_NONE;
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_define_array(store, "d", "a", ATLAS_DTYPE_I32, 2, NULL, shape, &options));
    int32_t values[21];
    for (int i = 0; i < 21; i++) values[i] = 14 + i;
    size_t count = 99, needed = 99;
    uint64_t generation = 99;
    CHECK_OK(atlas_write_array(store, "d", "a", ATLAS_DTYPE_I32, 2, (uint64_t[]){2, 0}, (uint64_t[]){3, 7}, NULL, values));
    CHECK_OK(atlas_chunk_places(store, "d", "a", 0, NULL, &count, NULL, 0, &needed, &generation));
    CHECK_U64(count, 0);
    CHECK_U64(needed, 0);
    CHECK_U64(generation, 1);
    CHECK_OK(atlas_flush(store));
}

static void check_places(atlas_store store, int round) {
    (void)round;
    atlas_store_description description;
    memset(&description, 0, sizeof description);
    description.struct_size = sizeof description;
    CHECK_OK(atlas_store_info(store, &description));
    size_t count = 99, needed = 99;
    uint64_t generation = 99;
    atlas_chunk_place places[6];
    char files[256];
    CHECK_FAILS(atlas_chunk_places(store, "d", "a", 5, places, &count, files, sizeof files, &needed, &generation), ATLAS_STATUS_BUFFER_TOO_SMALL, "6", "5");
    CHECK_U64(count, 6);
    CHECK_FAILS(atlas_chunk_places(store, "d", "a", 6, places, &count, NULL, 0, &needed, &generation), ATLAS_STATUS_BUFFER_TOO_SMALL, "capacity is 0");
    CHECK_U64(generation, 99);
    CHECK_OK(atlas_chunk_places(store, "d", "a", 6, places, &count, files, sizeof files, &needed, &generation));
    CHECK_U64(count, 6);
    CHECK_U64(needed, strlen(files) + 1);
    CHECK_U64(generation, description.generation);
    CHECK(strncmp(files, "a/", 2) == 0);
    for (uint64_t i = 0; i < 6; i++) {
        CHECK_U64(places[i].number, 3 + i);
        CHECK_U64(places[i].file, 0);
        CHECK_U64(places[i].len, 24);
        CHECK(places[i].at + places[i].len <= places[i].raw_len && places[i].raw_len == places[i].stored_len);
        CHECK_I64(places[i].codec, ATLAS_CODEC_NONE);
        CHECK_I64(places[i].shuffle, 1);
        CHECK_I64(places[i].delta, 0);
    }
}

static void places_of_chunks(void) {
    defaults();
    everywhere(1, change_places, check_places);
}

/* ---- callbacks ---- */

typedef struct {
    pthread_t thread;
    int calls, cancel_at;
    bool elsewhere, backwards;
} listener;

static int32_t listen(const char *what, uint64_t done, uint64_t total, void *user_data) {
    listener *l = user_data;
    l->elsewhere = l->elsewhere || !pthread_equal(pthread_self(), l->thread);
    l->backwards = l->backwards || !what || !*what || done > total;
    return ++l->calls == l->cancel_at;
}

/* Progress is told on the calling thread, and a refusal to go on leaves everything as it was. */
static void progress_can_cancel(void) {
    defaults();
    const char *path = path_of("store");
    listener l = {pthread_self(), 0, 0, false, false};
    atlas_store store = create_with(path);
    static const uint64_t shape[2] = {64, 512};
    static uint32_t values[64 * 512], back[64 * 512];
    for (size_t i = 0; i < COUNT_OF(values); i++) values[i] = (uint32_t)random_u64();
    static const char *const names[] = {"a", "b", "c"};
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_create_dataset(store, "gone"));
    for (int i = 0; i < 3; i++)
        for (int d = 0; d < 2; d++) {
            const char *dataset = d ? "gone" : "d";
            CHECK_OK(atlas_define_array(store, dataset, names[i], ATLAS_DTYPE_U32, 2, NULL, shape, NULL));
            CHECK_OK(atlas_write_array(store, dataset, names[i], ATLAS_DTYPE_U32, 2, NULL, NULL, NULL, values));
        }
    CHECK_OK(atlas_flush(store));
    CHECK_OK(atlas_delete_dataset(store, "gone"));
    CHECK_OK(atlas_close(store));
    folder_image before = folder_take(path);

    runtime.progress = listen;
    runtime.progress_data = &l;
    store = open_with(path, ATLAS_MODE_READ_WRITE);
    l.cancel_at = 1;
    CHECK_FAILS(atlas_compact(store), ATLAS_STATUS_CANCELLED, "");
    CHECK_STORE_SAME(&before, path);
    uint64_t damages = 0;
    l.calls = 0;
    CHECK_STATUS(atlas_verify(store, NULL, NULL, &damages), ATLAS_STATUS_CANCELLED);
    CHECK_STORE_SAME(&before, path);
    CHECK_OK(atlas_read_array(store, "d", "a", ATLAS_DTYPE_U32, 2, NULL, NULL, NULL, back));
    CHECK_BYTES(back, values, sizeof values);
    l.cancel_at = 0;
    l.calls = 0;
    CHECK_OK(atlas_compact(store));
    CHECK(l.calls > 0);
    l.calls = 0;
    CHECK_OK(atlas_verify(store, NULL, NULL, &damages));
    CHECK(l.calls > 0);
    CHECK_OK(atlas_close(store));
    CHECK(!l.elsewhere && !l.backwards);
    runtime.progress = NULL;
    store = open_with(path, ATLAS_MODE_READ);
    CHECK_OK(atlas_read_array(store, "d", "a", ATLAS_DTYPE_U32, 2, NULL, NULL, NULL, back));
    CHECK_BYTES(back, values, sizeof values);
    CHECK_OK(atlas_close(store));
    folder_free(&before);
}

/* ---- regions without cells, and pointers that may then be NULL ---- */

static void change_empty(atlas_store store, int round) {
    (void)round;
    static const uint64_t shape[2] = {0, 5}, full[2] = {3, 5};
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_define_array(store, "d", "none", ATLAS_DTYPE_F32, 2, NULL, shape, NULL));
    CHECK_OK(atlas_write_array(store, "d", "none", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, NULL));
    CHECK_OK(atlas_append_array(store, "d", "none", ATLAS_DTYPE_F32, 2, shape, NULL, NULL));
    CHECK_OK(atlas_define_array(store, "d", "some", ATLAS_DTYPE_F32, 2, NULL, full, NULL));
    /* Without a cell, and still outside. */
    CHECK_FAILS(atlas_write_array(store, "d", "some", ATLAS_DTYPE_F32, 2, full, shape, NULL, NULL),
                ATLAS_STATUS_OUT_OF_RANGE, "'some'", "start[1]=5", "count[1]=5", "shape[1]=5");
    CHECK_OK(atlas_write_array(store, "d", "some", ATLAS_DTYPE_F32, 2, (uint64_t[]){3, 0}, shape, NULL, NULL));
}

static void check_no_cells(atlas_store store, int round) {
    (void)round;
    CHECK_OK(atlas_read_array(store, "d", "none", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, NULL));
    CHECK_OK(atlas_read_array(store, "d", "some", ATLAS_DTYPE_F32, 2, (uint64_t[]){3, 5}, (uint64_t[]){0, 0}, NULL, NULL));
    float values[15];
    CHECK_OK(atlas_read_array(store, "d", "some", ATLAS_DTYPE_F32, 2, NULL, NULL, NULL, values));
    for (int i = 0; i < 15; i++) CHECK_F64(values[i], 0.0);
}

static void regions_without_cells(void) {
    defaults();
    everywhere(1, change_empty, check_no_cells);
}

/* An unlimited dimension grows with what is written, is cut, and grows again without what was cut. */
static void records_past_the_end(void) {
    atlas_store store = store_create(path_of("records"));
    const uint64_t empty[1] = {0}, three[1] = {3};
    const double missing = -1;
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.fill_value = &missing;
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_define_array(store, "d", "t", ATLAS_DTYPE_F64, 1, NULL, empty, &options));
    CHECK_OK(atlas_define_array(store, "d", "s", ATLAS_DTYPE_STRING, 1, NULL, empty, NULL));
    CHECK_OK(atlas_define_array(store, "d", "fixed", ATLAS_DTYPE_F64, 1, NULL, three, &options));
    options.unlimited = ATLAS_SWITCH_ON;
    CHECK_OK(atlas_define_array(store, "d", "asked", ATLAS_DTYPE_F64, 1, NULL, three, &options));
    atlas_array_description info;
    const char *const names[] = {"t", "s", "fixed", "asked"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        memset(&info, 0, sizeof info);
        info.struct_size = sizeof info;
        CHECK_OK(atlas_array_info(store, "d", names[i], &info));
        CHECK_I64(info.unlimited, i == 2 ? ATLAS_SWITCH_OFF : ATLAS_SWITCH_ON);
    }
    CHECK_OK(atlas_write_array(store, "d", "t", ATLAS_DTYPE_F64, 1, (uint64_t[]){3}, (uint64_t[]){2}, NULL, (double[]){3, 4}));
    CHECK_OK(atlas_write_strings(store, "d", "s", 1, (uint64_t[]){2}, (uint64_t[]){1}, (const char *const[]){"two"}));
    CHECK_LIST(";;two;", atlas_read_strings, store, "d", "s", 1, NULL, NULL);
    for (int round = 0; round < 2; round++) {
        double values[6] = {0};
        CHECK_OK(atlas_read_array(store, "d", "t", ATLAS_DTYPE_F64, 1, NULL, (uint64_t[]){5}, NULL, values));
        for (int i = 0; i < 5; i++) CHECK_F64(values[i], i < 3 ? missing : (double)i);
        CHECK_FAILS(atlas_read_array(store, "d", "t", ATLAS_DTYPE_F64, 1, (uint64_t[]){5}, (uint64_t[]){1}, NULL, values),
                    ATLAS_STATUS_OUT_OF_RANGE, "shape[0]=5");
        if (round == 0) CHECK_OK(atlas_flush(store));
    }
    CHECK_FAILS(atlas_write_array(store, "d", "fixed", ATLAS_DTYPE_F64, 1, three, (uint64_t[]){1}, NULL, &missing),
                ATLAS_STATUS_OUT_OF_RANGE, "unlimited");
    CHECK_OK(atlas_resize_array(store, "d", "t", 4));
    CHECK_OK(atlas_flush(store));
    CHECK_OK(atlas_resize_array(store, "d", "t", 6));
    CHECK_OK(atlas_resize_array(store, "d", "s", 1));
    CHECK_LIST(";", atlas_read_strings, store, "d", "s", 1, NULL, NULL);
    CHECK_OK(atlas_close(store));
    store = store_open(path_of("records"), ATLAS_MODE_READ);
    double values[6] = {0};
    CHECK_OK(atlas_read_array(store, "d", "t", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
    for (int i = 0; i < 6; i++) CHECK_F64(values[i], i == 3 ? 3 : missing);
    CHECK_OK(atlas_close(store));
}

/* A program that runs again: the store of its first run is there for readers until the first flush of the second. */
static void begun_anew(void) {
    atlas_create_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.if_exists = ATLAS_IF_EXISTS_REPLACE;
    const char *const datasets[] = {"first", "second"};
    atlas_store store = 0, reader = 0;
    for (int run = 0; run < 2; run++) {
        CHECK_OK(atlas_create(path_of("anew"), &options, &store));
        CHECK_OK(atlas_create_dataset(store, datasets[run]));
        if (run == 0) CHECK_OK(atlas_close(store));
    }
    reader = store_open(path_of("anew"), ATLAS_MODE_READ);
    bool newer = true;
    CHECK_OK(atlas_wait_for_commit(reader, 0, &newer));
    CHECK(!newer);
    CHECK_LIST("first;", atlas_dataset_names, reader);
    CHECK_OK(atlas_flush(store));
    CHECK_LIST("first;", atlas_dataset_names, reader);
    CHECK_OK(atlas_wait_for_commit(reader, ATLAS_WAIT_FOREVER, &newer));
    CHECK(newer);
    CHECK_OK(atlas_refresh(reader));
    CHECK_LIST("second;", atlas_dataset_names, reader);
    CHECK_OK(atlas_wait_for_commit(reader, 1, &newer));
    CHECK(!newer);
    CHECK_OK(atlas_rollback(store, 2));
    CHECK_LIST("first;", atlas_dataset_names, store);
    CHECK_OK(atlas_close(store));
    CHECK_OK(atlas_close(reader));
    options.if_exists = ATLAS_IF_EXISTS_OPEN;
    CHECK_OK(atlas_create(path_of("anew"), &options, &store));
    CHECK_LIST("first;", atlas_dataset_names, store);
    CHECK_OK(atlas_close(store));
}

int main(int argc, char **argv) {
    (void)argc;
    check_start(argv);
    RUN(every_dtype_and_rank);
    RUN(every_dtype_and_rank_inline_and_uncached);
    RUN(every_dtype_and_rank_on_one_thread);
    RUN(large_array_in_default_chunks);
    RUN(blocks_of_every_size);
    RUN(much_in_one_session);
    RUN(strides);
    RUN(stride_zero_repeats);
    RUN(conversions_between_all_types);
    RUN(narrowing_is_checked);
    RUN(floats_change_width);
    RUN(bools_are_zero_or_one);
    RUN(append_in_odd_steps);
    RUN(strings);
    RUN(attributes_of_every_type);
    RUN(fill_values);
    RUN(read_across_equals_single_reads);
    RUN(delete_and_define_again);
    RUN(listings_and_descriptions);
    RUN(names_that_file_systems_dislike);
    RUN(statistics_per_chunk);
    RUN(places_of_chunks);
    RUN(progress_can_cancel);
    RUN(regions_without_cells);
    RUN(records_past_the_end);
    RUN(begun_anew);
    return check_finish();
}
