/* One handle, many threads: nothing is lost, torn or deadlocked, and each thread has its own error text. */
#include "check.h"

enum { THREADS = 6, CHUNK = 64, SETS = 8 };

static atlas_store store;
static int rounds, length; /* scaled */

typedef struct {
    pthread_t thread;
    int index;
} worker;

static void start(worker *workers, int n, void *(*run)(void *)) {
    for (int i = 0; i < n; i++) {
        workers[i].index = i;
        NEED(pthread_create(&workers[i].thread, NULL, run, &workers[i]) == 0);
    }
}
static void join(worker *workers, int n) {
    for (int i = 0; i < n; i++) NEED(pthread_join(workers[i].thread, NULL) == 0);
}

/* A flag that threads may read and set. */
static pthread_mutex_t flag_lock = PTHREAD_MUTEX_INITIALIZER;
static bool flag_value;
static int flush_count; /* of flush_much, since the flag was last cleared */
static void set_flag(bool value) {
    pthread_mutex_lock(&flag_lock);
    flag_value = value;
    if (!value) flush_count = 0;
    pthread_mutex_unlock(&flag_lock);
}
static bool flag(void) {
    pthread_mutex_lock(&flag_lock);
    bool value = flag_value;
    pthread_mutex_unlock(&flag_lock);
    return value;
}

static int flushes(void) {
    pthread_mutex_lock(&flag_lock);
    int count = flush_count;
    pthread_mutex_unlock(&flag_lock);
    return count;
}

static pthread_barrier_t barrier;

/* ---- writers, readers and a flusher at once ---- */

static double value_at(int thread, int set, int i) { return thread * 1e6 + set * 1e4 + i * 0.5; }

static void set_name(char name[64], int thread, int set) { snprintf(name, 64, "thread-%d-set-%d", thread, set); }

/* Datasets of its own, in slabs, read back at once; and one more array in a dataset that all threads share. Again and
 * again, until several flushes have come in between; the last time with the values that check_much expects. */
static void *write_much(void *argument) {
    int me = ((worker *)argument)->index;
    uint64_t shape[1] = {(uint64_t)length}, chunk[1] = {CHUNK};
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    char name[64], own[64];
    double slab[100], back[100];
    snprintf(own, sizeof own, "own-%d", me);
    for (int pass = 1, extra = -1; extra != 0; pass++) {
        extra = pass >= rounds && flushes() >= 5 ? 0 : pass;
        for (int set = 0; set < SETS; set++) {
            set_name(name, me, set);
            if (pass == 1) CHECK_OK(atlas_create_dataset(store, name));
            for (int a = 0; a < 2; a++) {
                const char *which = a ? "humidity" : "temperature";
                if (pass == 1) CHECK_OK(atlas_define_array(store, name, which, ATLAS_DTYPE_F64, 1, NULL, shape, &options));
                for (int from = 0; from < length; from += 100) {
                    int n = length - from < 100 ? length - from : 100;
                    for (int i = 0; i < n; i++) slab[i] = value_at(me, set, from + i) + a + extra;
                    uint64_t at[1] = {(uint64_t)from}, count[1] = {(uint64_t)n};
                    CHECK_OK(atlas_write_array(store, name, which, ATLAS_DTYPE_F64, 1, at, count, NULL, slab));
                    CHECK_OK(atlas_read_array(store, name, which, ATLAS_DTYPE_F64, 1, at, count, NULL, back));
                    CHECK_BYTES(back, slab, (size_t)n * sizeof *slab);
                }
            }
            int32_t number = me * 100 + set + extra;
            CHECK_OK(atlas_set_attribute(store, name, NULL, "number", ATLAS_DTYPE_I32, 1, &number));
        }
        if (pass == 1) CHECK_OK(atlas_define_array(store, "shared", own, ATLAS_DTYPE_F64, 1, NULL, shape, &options));
        for (int i = 0; i < length; i += 7) {
            uint64_t at[1] = {(uint64_t)i}, one[1] = {1};
            double value = value_at(me, 99, i) + extra;
            CHECK_OK(atlas_write_array(store, "shared", own, ATLAS_DTYPE_F64, 1, at, one, NULL, &value));
        }
    }
    return NULL;
}

static void check_much(atlas_store s) {
    double *back = malloc((size_t)length * sizeof *back);
    NEED(back != NULL);
    char name[64];
    size_t count;
    CHECK_OK(atlas_dataset_count(s, &count));
    CHECK_U64(count, THREADS * SETS + 2);
    for (int t = 0; t < THREADS; t++) {
        for (int set = 0; set < SETS; set++) {
            set_name(name, t, set);
            for (int a = 0; a < 2; a++) {
                CHECK_OK(atlas_read_array(s, name, a ? "humidity" : "temperature", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, back));
                for (int i = 0; i < length; i++) CHECK_F64(back[i], value_at(t, set, i) + a);
            }
            int32_t number = 0;
            CHECK_OK(atlas_get_attribute(s, name, NULL, "number", ATLAS_DTYPE_I32, 1, &number, &count));
            CHECK_I64(number, t * 100 + set);
        }
        snprintf(name, sizeof name, "own-%d", t);
        CHECK_OK(atlas_read_array(s, "shared", name, ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, back));
        for (int i = 0; i < length; i++) CHECK_F64(back[i], i % 7 == 0 ? value_at(t, 99, i) : 0.0);
    }
    free(back);
}

static void *flush_much(void *argument) {
    (void)argument;
    while (!flag()) {
        uint64_t before = store_info(store).generation;
        CHECK_OK(atlas_flush(store));
        pthread_mutex_lock(&flag_lock);
        flush_count += store_info(store).generation > before; /* one that had something to commit */
        pthread_mutex_unlock(&flag_lock);
        pause_ms(1);
    }
    return NULL;
}

/* What was committed before the others began reads the same all along; listings never fail. */
static void *read_much(void *argument) {
    (void)argument;
    while (!flag()) {
        double steady[500];
        size_t count, needed;
        atlas_stats stats;
        CHECK_OK(atlas_read_array(store, "steady", "v", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, steady));
        for (int i = 0; i < 500; i++) CHECK_F64(steady[i], i * 3.0);
        CHECK_OK(atlas_array_stats(store, "steady", "v", &stats));
        CHECK_F64(stats.max, 499 * 3.0);
        CHECK_OK(atlas_dataset_count(store, &count));
        CHECK(count >= 2);
        char name[64];
        CHECK_OK(atlas_dataset_name(store, count - 1, name, sizeof name, &needed));
        CHECK(has_dataset(store, name));
        pause_ms(1);
    }
    return NULL;
}

static void make_steady(const char *path) {
    atlas_open_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.sync = ATLAS_SWITCH_OFF;
    store = store_create(path);
    uint64_t shape[1] = {500}, chunk[1] = {CHUNK};
    atlas_array_options array;
    memset(&array, 0, sizeof array);
    array.struct_size = sizeof array;
    array.chunk_shape = chunk;
    double values[500];
    for (int i = 0; i < 500; i++) values[i] = i * 3.0;
    CHECK_OK(atlas_create_dataset(store, "steady"));
    CHECK_OK(atlas_create_dataset(store, "shared"));
    CHECK_OK(atlas_define_array(store, "steady", "v", ATLAS_DTYPE_F64, 1, NULL, shape, &array));
    CHECK_OK(atlas_write_array(store, "steady", "v", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
    CHECK_OK(atlas_close(store));
    store = 0;
    CHECK_OK(atlas_open(path, ATLAS_MODE_READ_WRITE, &options, &store)); /* without syncs: more flushes in the time */
}

static void verify_and_close(const char *path, void (*check)(atlas_store)) {
    check(store);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    check(store);
    uint64_t damages = 9;
    CHECK_OK(atlas_verify(store, NULL, NULL, &damages));
    CHECK_U64(damages, 0);
    CHECK_OK(atlas_compact(store));
    check(store);
    CHECK_OK(atlas_close(store));
}

static void writers_readers_and_a_flusher(void) {
    const char *path = path_of("store");
    length = scaled(2000, 250);
    rounds = scaled(8, 1);
    make_steady(path);
    uint64_t generation = store_info(store).generation;
    worker writers[THREADS], readers[2], flusher[1];
    set_flag(false);
    start(readers, 2, read_much);
    start(flusher, 1, flush_much);
    start(writers, THREADS, write_much);
    join(writers, THREADS);
    set_flag(true);
    join(readers, 2);
    join(flusher, 1);
    CHECK(store_info(store).generation >= generation + 4); /* it did flush in between */
    verify_and_close(path, check_much);
}

/* ---- many threads in one array: each cell as its writer left it, though they share chunks ---- */

static int32_t cell_at(int round, int i) { return round * 100000 + i; }

static void *write_stripes(void *argument) {
    int me = ((worker *)argument)->index;
    for (int round = 1; round > 0;) {
        round = round >= rounds && flushes() >= 5 ? 0 : round + 1; /* the last one has number 0 */
        for (int i = me; i < length; i += THREADS) {
            uint64_t at[1] = {(uint64_t)i}, one[1] = {1};
            int32_t value = cell_at(round, i);
            CHECK_OK(atlas_write_array(store, "shared", "stripes", ATLAS_DTYPE_I32, 1, at, one, NULL, &value));
        }
    }
    return NULL;
}

static void check_stripes(atlas_store s) {
    int32_t *back = malloc((size_t)length * sizeof *back);
    NEED(back != NULL);
    CHECK_OK(atlas_read_array(s, "shared", "stripes", ATLAS_DTYPE_I32, 1, NULL, NULL, NULL, back));
    for (int i = 0; i < length; i++) CHECK_I64(back[i], cell_at(0, i));
    free(back);
}

static void threads_share_chunks(void) {
    const char *path = path_of("store");
    make_steady(path);
    rounds = scaled(40, 2);
    length = scaled(3000, 300);
    uint64_t shape[1] = {(uint64_t)length}, chunk[1] = {CHUNK};
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    CHECK_OK(atlas_define_array(store, "shared", "stripes", ATLAS_DTYPE_I32, 1, NULL, shape, &options));
    worker writers[THREADS], readers[1], flusher[1];
    set_flag(false);
    start(readers, 1, read_much);
    start(flusher, 1, flush_much);
    start(writers, THREADS, write_stripes);
    join(writers, THREADS);
    set_flag(true);
    join(readers, 1);
    join(flusher, 1);
    verify_and_close(path, check_stripes);
}

/* ---- appends land whole, in some order ---- */

enum { BLOCK = 3 };

static void *append_blocks(void *argument) {
    int me = ((worker *)argument)->index;
    for (int k = 0; k < rounds; k++) {
        int32_t block[BLOCK * 2];
        for (int i = 0; i < BLOCK * 2; i++) block[i] = (me * rounds + k) * BLOCK * 2 + i;
        uint64_t count[2] = {BLOCK, 2};
        CHECK_OK(atlas_append_array(store, "shared", "log", ATLAS_DTYPE_I32, 2, count, NULL, block));
    }
    return NULL;
}

static void check_blocks(atlas_store s) {
    int blocks = THREADS * rounds;
    size_t cells = (size_t)blocks * BLOCK * 2;
    int32_t *back = malloc(cells * sizeof *back);
    bool *seen = calloc((size_t)blocks, 1);
    int *last = malloc(THREADS * sizeof *last);
    NEED(back && seen && last);
    for (int i = 0; i < THREADS; i++) last[i] = -1;
    atlas_array_description info;
    info.struct_size = sizeof info;
    CHECK_OK(atlas_array_info(s, "shared", "log", &info));
    CHECK_U64(info.shape[0], blocks * BLOCK);
    CHECK_OK(atlas_read_array(s, "shared", "log", ATLAS_DTYPE_I32, 2, NULL, NULL, NULL, back));
    for (int b = 0; b < blocks; b++) {
        int32_t first = back[(size_t)b * BLOCK * 2], which = first / (BLOCK * 2);
        CHECK(first % (BLOCK * 2) == 0 && which >= 0 && which < blocks && !seen[which]);
        seen[which] = true;
        for (int i = 0; i < BLOCK * 2; i++) CHECK_I64(back[(size_t)b * BLOCK * 2 + (size_t)i], first + i);
        CHECK(which > last[which / rounds]); /* each thread's own in its order */
        last[which / rounds] = which;
    }
    free(back);
    free(seen);
    free(last);
}

static void appends_land_whole(void) {
    const char *path = path_of("store");
    make_steady(path);
    rounds = scaled(2000, 20);
    uint64_t shape[2] = {0, 2}, chunk[2] = {7, 2};
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    CHECK_OK(atlas_define_array(store, "shared", "log", ATLAS_DTYPE_I32, 2, NULL, shape, &options));
    worker writers[THREADS], flusher[1];
    set_flag(false);
    start(flusher, 1, flush_much);
    start(writers, THREADS, append_blocks);
    join(writers, THREADS);
    set_flag(true);
    join(flusher, 1);
    verify_and_close(path, check_blocks);
}

/* ---- a flush never commits half of a call ---- */

enum { PAIRS = 512 };

static void *write_whole(void *argument) {
    (void)argument;
    static int32_t values[PAIRS];
    for (int32_t k = 1; !flag(); k++) {
        for (int i = 0; i < PAIRS; i++) values[i] = k;
        CHECK_OK(atlas_write_array(store, "shared", "whole", ATLAS_DTYPE_I32, 1, NULL, NULL, NULL, values));
    }
    return NULL;
}

static void committed_writes_are_whole(void) {
    const char *path = path_of("store");
    make_steady(path);
    uint64_t shape[1] = {PAIRS}, chunk[1] = {CHUNK};
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    CHECK_OK(atlas_define_array(store, "shared", "whole", ATLAS_DTYPE_I32, 1, NULL, shape, &options));
    worker writer[1];
    set_flag(false);
    start(writer, 1, write_whole);
    for (int i = 0; i < scaled(400, 10); i++) {
        CHECK_OK(atlas_flush(store));
        atlas_store reader = store_open(path, ATLAS_MODE_READ);
        int32_t values[PAIRS];
        CHECK_OK(atlas_read_array(reader, "shared", "whole", ATLAS_DTYPE_I32, 1, NULL, NULL, NULL, values));
        for (int k = 1; k < PAIRS; k++) CHECK_I64(values[k], values[0]);
        CHECK_OK(atlas_close(reader));
    }
    set_flag(true);
    join(writer, 1);
    CHECK_OK(atlas_close(store));
}

/* ---- one wins ---- */

static atlas_status outcomes[THREADS];

static void *create_same(void *argument) {
    int me = ((worker *)argument)->index;
    pthread_barrier_wait(&barrier);
    outcomes[me] = atlas_create_dataset(store, "prize");
    if (outcomes[me] != ATLAS_STATUS_OK) CHECK_FAILS(outcomes[me], ATLAS_STATUS_ALREADY_EXISTS, "'prize'");
    return NULL;
}
static void *close_same(void *argument) {
    int me = ((worker *)argument)->index;
    pthread_barrier_wait(&barrier);
    outcomes[me] = atlas_close(store);
    if (outcomes[me] != ATLAS_STATUS_OK) CHECK_FAILS(outcomes[me], ATLAS_STATUS_INVALID_HANDLE, "");
    return NULL;
}

static void one_of_many_wins(void) {
    const char *path = path_of("store");
    make_steady(path);
    for (int i = 0; i < scaled(50, 5); i++)
        for (int kind = 0; kind < 2; kind++) {
            worker workers[THREADS];
            NEED(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
            start(workers, THREADS, kind ? close_same : create_same);
            join(workers, THREADS);
            pthread_barrier_destroy(&barrier);
            int wins = 0;
            for (int t = 0; t < THREADS; t++) wins += outcomes[t] == ATLAS_STATUS_OK;
            CHECK_I64(wins, 1);
            if (kind) {
                store = store_open(path, ATLAS_MODE_READ_WRITE);
                CHECK(has_dataset(store, "prize"));
                CHECK_OK(atlas_delete_dataset(store, "prize"));
            }
        }
    CHECK_OK(atlas_close(store));
}

/* ---- error texts ---- */

static void *fail_alone(void *argument) {
    int me = ((worker *)argument)->index;
    char name[64], quoted[80];
    CHECK_TEXT(atlas_last_error(), ""); /* a new thread has not failed yet */
    for (int round = 0; round < scaled(200, 20); round++) {
        snprintf(name, sizeof name, "missing-%d-%d", me, round);
        snprintf(quoted, sizeof quoted, "'%s'", name);
        CHECK_STATUS(atlas_delete_dataset(store, name), ATLAS_STATUS_NOT_FOUND);
        const char *text = atlas_last_error();
        pthread_barrier_wait(&barrier); /* by now every other thread has failed as well */
        CHECK(strstr(text, quoted) != NULL);
        CHECK(strstr(atlas_last_error(), quoted) != NULL);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void each_thread_has_its_error_text(void) {
    make_steady(path_of("store"));
    CHECK_FAILS(atlas_delete_dataset(store, "main-thread"), ATLAS_STATUS_NOT_FOUND, "main-thread");
    worker workers[THREADS];
    NEED(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    start(workers, THREADS, fail_alone);
    join(workers, THREADS);
    pthread_barrier_destroy(&barrier);
    CHECK(strstr(atlas_last_error(), "main-thread") != NULL);
    CHECK_OK(atlas_close(store));
}

/* ---- the handle is closed while others use it ---- */

static pthread_mutex_t confirmed_lock = PTHREAD_MUTEX_INITIALIZER;
static int confirmed[THREADS]; /* writes that returned OK */

static void *use_until_closed(void *argument) {
    int me = ((worker *)argument)->index;
    char name[64];
    snprintf(name, sizeof name, "use-%d", me);
    atlas_status status = ATLAS_STATUS_OK;
    for (int k = 1; status == ATLAS_STATUS_OK; k++) {
        double steady[500];
        int32_t value = k;
        uint64_t one[1] = {1};
        status = atlas_append_array(store, "shared", name, ATLAS_DTYPE_I32, 1, one, NULL, &value);
        if (status != ATLAS_STATUS_OK) break;
        pthread_mutex_lock(&confirmed_lock);
        confirmed[me] = k;
        pthread_mutex_unlock(&confirmed_lock);
        status = atlas_read_array(store, "steady", "v", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, steady);
        if (status == ATLAS_STATUS_OK) CHECK_F64(steady[499], 499 * 3.0);
        if (status == ATLAS_STATUS_OK && me == 0 && k % 16 == 0) status = atlas_flush(store);
    }
    CHECK_FAILS(status, ATLAS_STATUS_INVALID_HANDLE, "");
    return NULL;
}

static void close_under_use(bool discards) {
    const char *path = path_of("store");
    make_steady(path);
    uint64_t none[1] = {0};
    char name[64];
    for (int t = 0; t < THREADS; t++) {
        snprintf(name, sizeof name, "use-%d", t);
        CHECK_OK(atlas_define_array(store, "shared", name, ATLAS_DTYPE_I32, 1, NULL, none, NULL));
        confirmed[t] = 0;
    }
    CHECK_OK(atlas_flush(store));
    worker workers[THREADS];
    start(workers, THREADS, use_until_closed);
    for (int t = 0; t < THREADS; t++) /* everyone is at work */
        for (bool ready = false; !ready; pause_ms(1)) {
            pthread_mutex_lock(&confirmed_lock);
            ready = confirmed[t] > 0;
            pthread_mutex_unlock(&confirmed_lock);
        }
    if (discards) CHECK_OK(atlas_discard(store));
    else CHECK_OK(atlas_close(store));
    join(workers, THREADS);

    store = store_open(path, ATLAS_MODE_READ_WRITE);
    uint64_t damages = 9;
    CHECK_OK(atlas_verify(store, NULL, NULL, &damages));
    for (int t = 0; t < THREADS; t++) {
        snprintf(name, sizeof name, "use-%d", t);
        atlas_array_description info;
        info.struct_size = sizeof info;
        CHECK_OK(atlas_array_info(store, "shared", name, &info));
        /* Closed: every write that was confirmed is there. Discarded: those up to some flush. */
        if (!discards) CHECK_U64(info.shape[0], confirmed[t]);
        CHECK(info.shape[0] <= (uint64_t)confirmed[t]);
        int32_t *values = malloc((size_t)info.shape[0] * sizeof *values + 1);
        NEED(values != NULL);
        CHECK_OK(atlas_read_array(store, "shared", name, ATLAS_DTYPE_I32, 1, NULL, NULL, NULL, values));
        for (uint64_t i = 0; i < info.shape[0]; i++) CHECK_I64(values[i], i + 1);
        free(values);
    }
    CHECK_OK(atlas_close(store));
}

static void closed_while_in_use(void) {
    for (int i = 0; i < scaled(5, 1); i++) {
        close_under_use(false);
        check_remove_tree(path_of("store"));
    }
}
static void discarded_while_in_use(void) {
    for (int i = 0; i < scaled(5, 1); i++) {
        close_under_use(true);
        check_remove_tree(path_of("store"));
    }
}

/* ---- handles come and go on many threads ---- */

static void *open_and_close(void *argument) {
    int me = ((worker *)argument)->index;
    char path[700];
    snprintf(path, sizeof path, "%s/own-%d", check_folder, me);
    for (int i = 0; i < scaled(20, 3); i++) {
        atlas_store own = 0;
        char name[64];
        snprintf(name, sizeof name, "d%d", i);
        CHECK_OK(i == 0 ? atlas_create(path, NULL, &own) : atlas_open(path, ATLAS_MODE_READ_WRITE, NULL, &own));
        CHECK_OK(atlas_create_dataset(own, name));
        atlas_store shared = 0;
        CHECK_OK(atlas_close(own));
        char store_path[700];
        snprintf(store_path, sizeof store_path, "%s/store", check_folder);
        CHECK_OK(atlas_open(store_path, ATLAS_MODE_READ, NULL, &shared));
        CHECK(has_dataset(shared, "steady"));
        CHECK_OK(atlas_discard(shared));
    }
    atlas_store own = 0;
    size_t count;
    CHECK_OK(atlas_open(path, ATLAS_MODE_READ, NULL, &own));
    CHECK_OK(atlas_dataset_count(own, &count));
    CHECK_U64(count, scaled(20, 3));
    CHECK_OK(atlas_close(own));
    return NULL;
}

static void many_handles(void) {
    make_steady(path_of("store"));
    worker workers[THREADS];
    start(workers, THREADS, open_and_close);
    join(workers, THREADS);
    CHECK_OK(atlas_close(store));
}

/* Messages come on the thread that called, and keep nobody else from the store: here, that the commit before cannot be
 * kept, since a folder lies where its root would. */
static atlas_store told_store;
static int told, told_elsewhere, told_alone;

static void *look_aside(void *argument) {
    size_t count;
    CHECK_OK(atlas_dataset_count(told_store, &count));
    __atomic_store_n((int *)argument, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void be_told(int32_t level, const char *message, void *user_data) {
    (void)level, (void)message;
    static int looked;
    pthread_t other;
    looked = 0;
    told++;
    told_elsewhere += !pthread_equal(pthread_self(), *(pthread_t *)user_data);
    NEED(pthread_create(&other, NULL, look_aside, &looked) == 0);
    for (int i = 0; i < 200 && !__atomic_load_n(&looked, __ATOMIC_SEQ_CST); i++) pause_ms(10);
    told_alone += __atomic_load_n(&looked, __ATOMIC_SEQ_CST);
    NEED(pthread_detach(other) == 0);
}

static void messages_come_on_the_calling_thread(void) {
    pthread_t me = pthread_self();
    atlas_create_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.num_threads = 2;
    options.log = be_told;
    options.log_data = &me;
    CHECK_OK(atlas_create(path_of("store"), &options, &told_store));
    for (int commit = 1; commit <= 3; commit++) {
        char name[64];
        snprintf(name, sizeof name, "store/.atlas.json.%08d", commit == 3 ? 4 : commit);
        if (commit == 3) CHECK_OK(atlas_create_dataset(told_store, "kept")), CHECK_OK(atlas_flush(told_store));
        NEED(mkdir(path_of(name), 0700) == 0);
        strcat(name, "/x");
        NEED(mkdir(path_of(name), 0700) == 0);
        snprintf(name, sizeof name, "d%d", commit);
        if (commit < 3) CHECK_OK(atlas_create_dataset(told_store, name));
        if (commit == 1) CHECK_OK(atlas_flush(told_store));
        if (commit == 2) CHECK_OK(atlas_flush_begin(told_store));
        if (commit == 2) CHECK_OK(atlas_flush_wait(told_store));
        if (commit == 3) CHECK_OK(atlas_rollback(told_store, 3));
        CHECK_I64(told, commit);
        CHECK_I64(told_elsewhere, 0);
        CHECK_I64(told_alone, commit);
    }
    CHECK_OK(atlas_close(told_store));
}

int main(int argc, char **argv) {
    (void)argc;
    check_start(argv);
    RUN(writers_readers_and_a_flusher);
    RUN(threads_share_chunks);
    RUN(appends_land_whole);
    RUN(committed_writes_are_whole);
    RUN(one_of_many_wins);
    RUN(each_thread_has_its_error_text);
    RUN(closed_while_in_use);
    RUN(discarded_while_in_use);
    RUN(many_handles);
    RUN(messages_come_on_the_calling_thread);
    return check_finish();
}
