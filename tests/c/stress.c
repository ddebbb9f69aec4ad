/* One handle used by writers, readers, flushers and a compactor at once, beside readers with handles of their own and
 * reader processes: whatever is read belongs to one commit.
 *
 * Each writer numbers its writes and goes round its arrays with them, so a state of the store is one number for each
 * writer, and every array of that state has one value. Readers derive the numbers, and all that see a commit of one
 * generation must find the same.
 *
 * Environment: ATLAS_TEST_SECONDS is how long each test goes on; see also check.h. */
#include "check.h"

enum { WRITERS = 2, SETS = 3, NAMES = 4, ARRAYS = SETS * NAMES, CELLS = 600, CHUNK = 64, PROCESSES = 2, COMMITS = 1 << 17 };

static int seconds(void) {
    const char *text = getenv("ATLAS_TEST_SECONDS");
    return text ? atoi(text) : scaled(4, 1);
}

/* ---- the arrays of a writer ---- */

static const char *array_name(int array) {
    static const char *const names[NAMES] = {"p", "t", "u", "v"};
    return names[array % NAMES];
}

static void set_name(char name[32], int writer, int array) { snprintf(name, 32, "w%d-%d", writer, array / NAMES); }

/* The number of the last write to an array when N writes have been made. */
static int64_t write_of(int64_t n, int array) {
    int64_t turns = (n - array - 1 + ARRAYS) / ARRAYS;
    return turns == 0 ? 0 : (turns - 1) * ARRAYS + array + 1;
}

static int64_t value_at(int64_t number, int i) { return number * 1000 + i; }

static void write_number(atlas_store store, int writer, int64_t number) {
    int array = (int)((number - 1) % ARRAYS);
    int64_t values[CELLS];
    char name[32];
    set_name(name, writer, array);
    for (int i = 0; i < CELLS; i++) values[i] = value_at(number, i);
    CHECK_OK(atlas_write_array(store, name, array_name(array), ATLAS_DTYPE_I64, 1, NULL, NULL, NULL, values));
}

/* The number of the write that an array holds; a mixture fails. */
static int64_t read_number(atlas_store store, int writer, int array) {
    int64_t values[CELLS];
    char name[32];
    set_name(name, writer, array);
    CHECK_OK(atlas_read_array(store, name, array_name(array), ATLAS_DTYPE_I64, 1, NULL, NULL, NULL, values));
    int64_t number = values[0] / 1000;
    for (int i = 0; i < CELLS; i++) CHECK_I64(values[i], value_at(number, i));
    return number;
}

/* The number that the statistics tell of, or -1 where there are none. */
static int64_t stats_number(atlas_store store, int writer, int array) {
    atlas_stats stats;
    char name[32];
    set_name(name, writer, array);
    atlas_status status = atlas_array_stats(store, name, array_name(array), &stats);
    if (status == ATLAS_STATUS_NO_STATS) return -1;
    CHECK_OK(status);
    int64_t number = stats.min_int / 1000;
    CHECK_I64(stats.min_int, value_at(number, 0));
    CHECK_I64(stats.max_int, value_at(number, CELLS - 1));
    CHECK_U64(stats.row_count, CELLS);
    return number;
}

/* Reads the whole of a commit: how many writes of each writer it has. */
static void read_commit(atlas_store reader, int64_t writes[WRITERS]) {
    for (int w = 0; w < WRITERS; w++) {
        int64_t numbers[ARRAYS];
        writes[w] = 0;
        for (int a = 0; a < ARRAYS; a++) {
            numbers[a] = read_number(reader, w, a);
            if (numbers[a] > writes[w]) writes[w] = numbers[a];
        }
        for (int a = 0; a < ARRAYS; a++) {
            CHECK_I64(numbers[a], write_of(writes[w], a));
            CHECK_I64(stats_number(reader, w, a), numbers[a]);
        }
    }
}

static atlas_store open_reader(const char *path) {
    atlas_open_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.cache_bytes = 1; /* what it reads, it reads from the disk */
    atlas_store store = 0;
    CHECK_OK(atlas_open(path, ATLAS_MODE_READ, &options, &store));
    return store;
}

/* ---- a reader process: tells of every commit it sees, until its input ends ---- */

static int reader(const char *path) {
    int64_t writes[WRITERS];
    char line[8];
    snprintf(check_name, sizeof check_name, "the reader process");
    atlas_store store = open_reader(path);
    for (int i = 0; fgets(line, sizeof line, stdin); i++) {
        if (i % 8 == 7) {
            CHECK_OK(atlas_close(store));
            store = open_reader(path);
        } else CHECK_OK(atlas_refresh(store));
        read_commit(store, writes);
        printf("%" PRIu64, store_info(store).generation);
        for (int w = 0; w < WRITERS; w++) printf(" %" PRId64, writes[w]);
        printf("\n");
    }
    CHECK_OK(atlas_close(store));
    return 0;
}

/* ---- what all threads share ---- */

static atlas_store store;
static char store_path[1024];

static pthread_mutex_t state_lock = PTHREAD_MUTEX_INITIALIZER;
static bool finished, quiet_wanted;
static int64_t begun[WRITERS], done[WRITERS];
static struct {
    bool seen;
    int64_t writes[WRITERS];
} *commits;
static int64_t reads, statistics, flushes, compactions, snapshots;
static pthread_mutex_t writing[WRITERS] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};

static void count(int64_t *what) {
    pthread_mutex_lock(&state_lock);
    ++*what;
    pthread_mutex_unlock(&state_lock);
}
static int64_t get(const int64_t *what) {
    pthread_mutex_lock(&state_lock);
    int64_t value = *what;
    pthread_mutex_unlock(&state_lock);
    return value;
}
static bool is_set(const bool *what) {
    pthread_mutex_lock(&state_lock);
    bool value = *what;
    pthread_mutex_unlock(&state_lock);
    return value;
}
static void set(bool *what, bool value) {
    pthread_mutex_lock(&state_lock);
    *what = value;
    pthread_mutex_unlock(&state_lock);
}

/* Somebody saw this commit: so must everybody else. */
static void note_commit(uint64_t generation, const int64_t writes[WRITERS]) {
    NEED(generation < COMMITS);
    pthread_mutex_lock(&state_lock);
    bool seen = commits[generation].seen;
    int64_t known[WRITERS], possible[WRITERS];
    memcpy(known, commits[generation].writes, sizeof known);
    memcpy(possible, begun, sizeof possible);
    memcpy(commits[generation].writes, writes, sizeof known);
    commits[generation].seen = true;
    snapshots++;
    pthread_mutex_unlock(&state_lock);
    for (int w = 0; w < WRITERS; w++) {
        if (seen) CHECK_I64(writes[w], known[w]);
        CHECK(writes[w] <= possible[w]);
    }
}

/* ---- the threads ---- */

static void *write_on(void *argument) {
    int me = (int)(intptr_t)argument;
    for (int64_t number = get(&done[me]) + 1; !is_set(&finished); number++) {
        while (is_set(&quiet_wanted)) pause_ms(1);
        pthread_mutex_lock(&writing[me]);
        count(&begun[me]);
        write_number(store, me, number);
        count(&done[me]);
        CHECK_I64(read_number(store, me, (int)((number - 1) % ARRAYS)), number);
        pthread_mutex_unlock(&writing[me]);
    }
    return NULL;
}

/* Reads through the writers' handle: every array whole, never older than what was written before. */
static void *read_on(void *argument) {
    (void)argument;
    while (!is_set(&finished))
        for (int w = 0; w < WRITERS; w++)
            for (int a = 0; a < ARRAYS; a++) {
                int64_t least = write_of(get(&done[w]), a);
                int64_t number = read_number(store, w, a);
                CHECK(number >= least && number <= write_of(get(&begun[w]), a));
                count(&reads);
            }
    return NULL;
}

/* Statistics through the writers' handle: none, or those of the values it has. */
static void *ask_on(void *argument) {
    (void)argument;
    while (!is_set(&finished))
        for (int w = 0; w < WRITERS; w++)
            for (int a = 0; a < ARRAYS; a++) {
                int64_t least = write_of(get(&done[w]), a);
                int64_t number = stats_number(store, w, a);
                if (number < 0) continue;
                CHECK(number >= least && number <= write_of(get(&begun[w]), a));
                count(&statistics);
            }
    return NULL;
}

/* Flushes; what was written before is in the commit that a new reader sees. */
static void *flush_on(void *argument) {
    bool in_background = argument != NULL;
    while (!is_set(&finished)) {
        int64_t before[WRITERS], writes[WRITERS];
        for (int w = 0; w < WRITERS; w++) before[w] = get(&done[w]);
        if (in_background) {
            bool over;
            CHECK_OK(atlas_flush_begin(store));
            CHECK_OK(atlas_flush_test(store, &over));
            CHECK_OK(atlas_flush_wait(store));
        } else CHECK_OK(atlas_flush(store));
        count(&flushes);
        atlas_store fresh = open_reader(store_path);
        read_commit(fresh, writes);
        note_commit(store_info(fresh).generation, writes);
        for (int w = 0; w < WRITERS; w++) CHECK(writes[w] >= before[w]);
        CHECK_OK(atlas_close(fresh));
        pause_ms(in_background ? 3 : 10);
    }
    return NULL;
}

/* Compacts: at any time, when it may be refused, and with the writers made to wait, when it may not. */
static void *compact_on(void *argument) {
    (void)argument;
    while (!is_set(&finished)) {
        atlas_status status = atlas_compact(store);
        if (status != ATLAS_STATUS_OK) CHECK_FAILS(status, ATLAS_STATUS_UNFLUSHED_CHANGES, "flush");
        set(&quiet_wanted, true);
        for (int w = 0; w < WRITERS; w++) pthread_mutex_lock(&writing[w]);
        CHECK_OK(atlas_flush(store));
        CHECK_OK(atlas_compact(store));
        for (int w = 0; w < WRITERS; w++) pthread_mutex_unlock(&writing[w]);
        set(&quiet_wanted, false);
        count(&compactions);
        pause_ms(10);
    }
    return NULL;
}

/* A handle of its own that follows the commits. */
static void *follow(void *argument) {
    (void)argument;
    atlas_store mine = open_reader(store_path);
    int64_t writes[WRITERS];
    while (!is_set(&finished)) {
        CHECK_OK(atlas_refresh(mine));
        read_commit(mine, writes);
        note_commit(store_info(mine).generation, writes);
    }
    CHECK_OK(atlas_close(mine));
    return NULL;
}

/* Keeps a reader process going, and notes what it tells. */
static void *listen(void *argument) {
    child *other = argument;
    while (!is_set(&finished)) {
        char line[128];
        child_say(other, "");
        char *rest = line;
        child_hear(other, line, sizeof line);
        if (!*line) check_fail(__FILE__, __LINE__, "expected a commit, the reader process has ended");
        uint64_t generation = strtoull(rest, &rest, 10);
        int64_t writes[WRITERS];
        for (int w = 0; w < WRITERS; w++) writes[w] = strtoll(rest, &rest, 10);
        note_commit(generation, writes);
    }
    return NULL;
}

/* ---- all at once ---- */

static void make_store(uint64_t write_buffer_bytes) {
    atlas_create_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.num_threads = 2;
    options.write_buffer_bytes = write_buffer_bytes;
    options.sync = ATLAS_SWITCH_OFF;
    snprintf(store_path, sizeof store_path, "%s", path_of("store"));
    CHECK_OK(atlas_create(store_path, &options, &store));
    const uint64_t shape[1] = {CELLS}, chunk[1] = {CHUNK};
    atlas_array_options array_options;
    memset(&array_options, 0, sizeof array_options);
    array_options.struct_size = sizeof array_options;
    array_options.chunk_shape = chunk;
    for (int w = 0; w < WRITERS; w++) {
        for (int a = 0; a < ARRAYS; a++) {
            char name[32];
            set_name(name, w, a);
            if (a % NAMES == 0) CHECK_OK(atlas_create_dataset(store, name));
            CHECK_OK(atlas_define_array(store, name, array_name(a), ATLAS_DTYPE_I64, 1, NULL, shape, &array_options));
            write_number(store, w, a + 1);
        }
        begun[w] = done[w] = ARRAYS;
    }
    CHECK_OK(atlas_flush(store));
}

static void all_at_once(void) {
    void *(*const run[])(void *) = {read_on, ask_on, flush_on, flush_on, compact_on, follow, follow};
    enum { OTHERS = COUNT_OF(run) };
    pthread_t threads[WRITERS + OTHERS + PROCESSES];
    child processes[PROCESSES];
    int n = 0;
    finished = quiet_wanted = false;
    reads = statistics = flushes = compactions = snapshots = 0;
    commits = calloc(COMMITS, sizeof *commits);
    NEED(commits != NULL);
    for (int p = 0; p < PROCESSES; p++) processes[p] = child_start("reader", store_path);
    for (int p = 0; p < PROCESSES; p++) NEED(pthread_create(&threads[n++], NULL, listen, &processes[p]) == 0);
    for (int w = 0; w < WRITERS; w++) NEED(pthread_create(&threads[n++], NULL, write_on, (void *)(intptr_t)w) == 0);
    for (int i = 0; i < OTHERS; i++) NEED(pthread_create(&threads[n++], NULL, run[i], run[i] == flush_on && i % 2 ? &n : NULL) == 0);
    time_t end = time(NULL) + seconds();
    while (time(NULL) < end || !get(&compactions) || !get(&flushes) || !get(&reads) || !get(&snapshots)) pause_ms(10);
    set(&finished, true);
    for (int i = 0; i < n; i++) NEED(pthread_join(threads[i], NULL) == 0);
    for (int p = 0; p < PROCESSES; p++) CHECK_I64(child_end(&processes[p], 0), 0);

    CHECK_OK(atlas_close(store));
    store = open_reader(store_path);
    int64_t writes[WRITERS], last[WRITERS] = {0}, seen = 0;
    uint64_t damages = 9;
    read_commit(store, writes);
    for (int w = 0; w < WRITERS; w++) CHECK_I64(writes[w], done[w]);
    CHECK_OK(atlas_verify(store, NULL, NULL, &damages));
    CHECK_U64(damages, 0);
    CHECK_OK(atlas_close(store));
    for (int generation = 0; generation < COMMITS; generation++) {
        if (!commits[generation].seen) continue;
        seen++;
        for (int w = 0; w < WRITERS; w++) {
            CHECK(commits[generation].writes[w] >= last[w]);
            last[w] = commits[generation].writes[w];
        }
    }
    free(commits);
    printf("%" PRId64 " writes, %" PRId64 " reads, %" PRId64 " statistics, %" PRId64 " flushes, %" PRId64 " compactions; %" PRId64
           " snapshots of %" PRId64 " commits\n",
           done[0] + done[1], reads, statistics, flushes, compactions, snapshots, seen);
}

static void one_handle_and_reader_processes(void) {
    make_store(0);
    all_at_once();
}

static void values_written_ahead(void) {
    make_store(1 << 16);
    all_at_once();
}

int main(int argc, char **argv) {
    check_start(argv);
    if (argc == 3 && strcmp(argv[1], "reader") == 0) return reader(argv[2]);
    RUN(one_handle_and_reader_processes);
    RUN(values_written_ahead);
    return check_finish();
}
