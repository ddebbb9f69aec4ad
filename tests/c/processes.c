/* One writer, many readers, in processes of their own; earlier commits; kill -9; fork; many writers and one commit. */
#include "check.h"

enum { SETS = 3, ARRAYS = 2, CELLS = 300, CHUNK = 64 };
static const char *const sets[SETS] = {"a", "b", "c"};
static const char *const arrays[ARRAYS] = {"u", "v"};

/* ---- a store whose every part tells the same cycle ---- */

static double value_at(int64_t cycle, int set, int array, int i) {
    return (double)cycle * 1000 + set * 100 + array * 10 + i / 1024.0;
}

static void write_cycle(atlas_store store, int64_t cycle) {
    const uint64_t shape[1] = {CELLS}, chunk[1] = {CHUNK};
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    for (int s = 0; s < SETS; s++) {
        if (!has_dataset(store, sets[s])) CHECK_OK(atlas_create_dataset(store, sets[s]));
        for (int a = 0; a < ARRAYS; a++) {
            double values[CELLS];
            for (int i = 0; i < CELLS; i++) values[i] = value_at(cycle, s, a, i);
            if (!has_array(store, sets[s], arrays[a]))
                CHECK_OK(atlas_define_array(store, sets[s], arrays[a], ATLAS_DTYPE_F64, 1, NULL, shape, &options));
            CHECK_OK(atlas_write_array(store, sets[s], arrays[a], ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
        }
        CHECK_OK(atlas_set_attribute(store, sets[s], NULL, "cycle", ATLAS_DTYPE_I64, 1, &cycle));
    }
    char name[32];
    snprintf(name, sizeof name, "cycle-%" PRId64, cycle);
    CHECK_OK(atlas_create_dataset(store, name));
    /* A flush that wrote all that a segment has would put that out of use: of this there is nothing in the next. */
    const uint64_t one[1] = {1};
    const double value = 0;
    CHECK_OK(atlas_define_array(store, name, arrays[0], ATLAS_DTYPE_F64, 1, NULL, one, NULL));
    CHECK_OK(atlas_write_array(store, name, arrays[0], ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, &value));
    snprintf(name, sizeof name, "cycle-%" PRId64, cycle - 1);
    if (has_dataset(store, name)) CHECK_OK(atlas_delete_dataset(store, name));
}

/* The cycle that the store shows, the same in every array, attribute, statistic and listing. */
static int64_t read_cycle(atlas_store store) {
    int64_t cycle = -1;
    char want[64];
    size_t count;
    for (int s = 0; s < SETS; s++) {
        int64_t mine = -1;
        CHECK_OK(atlas_get_attribute(store, sets[s], NULL, "cycle", ATLAS_DTYPE_I64, 1, &mine, &count));
        if (s == 0) cycle = mine;
        CHECK_I64(mine, cycle);
        for (int a = 0; a < ARRAYS; a++) {
            double values[CELLS];
            atlas_stats stats;
            CHECK_OK(atlas_read_array(store, sets[s], arrays[a], ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
            for (int i = 0; i < CELLS; i++) CHECK_F64(values[i], value_at(cycle, s, a, i));
            CHECK_OK(atlas_array_stats(store, sets[s], arrays[a], &stats));
            CHECK_F64(stats.min, value_at(cycle, s, a, 0));
            CHECK_F64(stats.max, value_at(cycle, s, a, CELLS - 1));
        }
    }
    snprintf(want, sizeof want, "a;b;c;cycle-%" PRId64 ";", cycle);
    CHECK_LIST(want, atlas_dataset_names, store);
    return cycle;
}

/* The root of the last commit, or of an earlier one that can still be opened. */
static bool is_root(const char *name, const uint64_t *commits, size_t count) {
    char kept[64];
    for (size_t i = 0; i + 1 < count; i++) {
        snprintf(kept, sizeof kept, ".atlas.json.%08" PRIu64, commits[i]);
        if (strcmp(name, kept) == 0) return true;
    }
    return strcmp(name, "atlas.json") == 0;
}

/* Every file is a root, or a segment that a root names, and no segment of the last commit is missing. */
static void check_no_leftovers(const char *path) {
    uint64_t commits[64];
    size_t count = 0, segments = 0;
    atlas_store store = store_open(path, ATLAS_MODE_READ);
    CHECK_OK(atlas_generations(store, COUNT_OF(commits), commits, &count));
    folder_image image = folder_take(path);
    for (size_t i = 0; i < image.count; i++) {
        const char *name = image.files[i].path;
        bool known = has_suffix(name, "/") || strcmp(name, ".lock") == 0 || is_root(name, commits, count);
        for (size_t r = 0; r < image.count && has_suffix(name, ".seg"); r++) {
            if (!is_root(image.files[r].path, commits, count)) continue;
            if (!strstr((const char *)image.files[r].bytes, strchr(name, '/') + 1)) continue;
            known = true;
            segments += strcmp(image.files[r].path, "atlas.json") == 0;
        }
        if (!known)
            check_fail(__FILE__, __LINE__, "expected no leftovers, found '%s' (%zu bytes)", name, image.files[i].size);
    }
    CHECK_U64(segments, store_info(store).segment_count);
    CHECK_OK(atlas_discard(store));
    folder_free(&image);
}

static void check_sound(const char *path) {
    atlas_store store = store_open(path, ATLAS_MODE_READ);
    uint64_t damages = 99;
    CHECK_OK(atlas_verify(store, NULL, NULL, &damages));
    CHECK_U64(damages, 0);
    CHECK_OK(atlas_discard(store));
}

/* ---- the other process: does what it is told, answers with the status and, if it failed, the text ---- */

static int agent(const char *path) {
    char line[256];
    atlas_store store = 0;
    int64_t cycle = 0, limit;
    snprintf(check_name, sizeof check_name, "the other process");
    atlas_open_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        char *argument = strchr(line, ' ');
        if (argument) *argument++ = '\0';
        atlas_status status = ATLAS_STATUS_INTERNAL;
        if (!strcmp(line, "create")) status = atlas_create(path, NULL, &store);
        else if (!strcmp(line, "write")) status = atlas_open(path, ATLAS_MODE_READ_WRITE, &options, &store);
        else if (!strcmp(line, "read")) status = atlas_open(path, ATLAS_MODE_READ, &options, &store);
        else if (!strcmp(line, "threads")) options.num_threads = (int32_t)strtol(argument, NULL, 10), status = 0;
        else if (!strcmp(line, "buffer")) options.write_buffer_bytes = strtoull(argument, NULL, 10), status = 0;
        else if (!strcmp(line, "cycle")) cycle = strtoll(argument, NULL, 10), write_cycle(store, cycle), status = 0;
        else if (!strcmp(line, "check")) status = read_cycle(store) == strtoll(argument, NULL, 10) ? 0 : ATLAS_STATUS_INTERNAL;
        else if (!strcmp(line, "flush")) status = atlas_flush(store);
        else if (!strcmp(line, "compact")) status = atlas_compact(store);
        else if (!strcmp(line, "refresh")) status = atlas_refresh(store);
        else if (!strcmp(line, "delete")) status = atlas_delete_dataset(store, argument);
        else if (!strcmp(line, "close")) status = atlas_close(store);
        else if (!strcmp(line, "discard")) status = atlas_discard(store);
        else if (!strcmp(line, "spin")) { /* until killed: write, commit, tell */
            cycle = strtoll(argument, NULL, 10);
            for (limit = cycle + 100000; cycle < limit;) {
                write_cycle(store, ++cycle);
                CHECK_OK(atlas_flush(store));
                printf("%" PRId64 "\n", cycle);
                if (cycle % 4 == 0) CHECK_OK(atlas_compact(store));
            }
        } else if (!strcmp(line, "spin-ahead")) { /* the same, writing the next while the last is flushed */
            cycle = strtoll(argument, NULL, 10);
            write_cycle(store, ++cycle);
            for (limit = cycle + 100000; cycle < limit; cycle++) {
                CHECK_OK(atlas_flush_begin(store));
                write_cycle(store, cycle + 1);
                CHECK_OK(atlas_flush_wait(store));
                printf("%" PRId64 "\n", cycle);
            }
        }
        if (status == ATLAS_STATUS_OK) printf("OK\n");
        else printf("%s %s\n", atlas_status_name(status), atlas_last_error());
    }
    return 0;
}

static void ask(const char *file, int line, child *other, const char *command) {
    char answer[4096];
    child_say(other, command);
    child_hear(other, answer, sizeof answer);
    if (strcmp(answer, "OK") != 0) check_fail(file, line, "%s: expected OK, the other process got \"%s\"", command, answer);
}
#define ASK(other, command) ask(__FILE__, __LINE__, (other), (command))

static void ask_number(const char *file, int line, child *other, const char *command, int64_t number) {
    char text[64];
    snprintf(text, sizeof text, "%s %" PRId64, command, number);
    ask(file, line, other, text);
}
#define ASK_NUMBER(other, command, number) ask_number(__FILE__, __LINE__, (other), (command), (number))

/* The command is refused with LOCKED and a text that names the process PID on this host. */
static void check_refused(const char *file, int line, child *other, const char *command, pid_t pid) {
    char answer[4096], number[32], host[256] = "";
    gethostname(host, sizeof host - 1);
    snprintf(number, sizeof number, "%ld", (long)pid);
    child_say(other, command);
    child_hear(other, answer, sizeof answer);
    if (strncmp(answer, "LOCKED ", 7) != 0 || !strstr(answer, number) || !strstr(answer, host))
        check_fail(file, line, "%s: expected LOCKED by %s on %s, the other process got \"%s\"", command, number, host, answer);
}
#define CHECK_REFUSED(other, command, pid) check_refused(__FILE__, __LINE__, (other), (command), (pid))

/* ---- one writer ---- */

static void second_writer_is_refused(void) {
    const char *path = path_of("store");
    char pid[32], host[256] = "";
    child holder = child_start("agent", path);
    NEED(gethostname(host, sizeof host - 1) == 0);
    snprintf(pid, sizeof pid, "%ld", (long)holder.pid);
    ASK(&holder, "create");
    ASK_NUMBER(&holder, "cycle", 1);
    ASK(&holder, "flush");

    atlas_store store = 77;
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK_FAILS(atlas_open(path, ATLAS_MODE_READ_WRITE, NULL, &store), ATLAS_STATUS_LOCKED, path, pid, host);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(after.tv_sec - before.tv_sec <= scaled(2, 20)); /* at once, not after a wait */
    CHECK_U64(store, 0);
    CHECK_STATUS(atlas_create(path, NULL, &store), ATLAS_STATUS_ALREADY_EXISTS);

    /* Readers need no lock, and the refused attempt has not disturbed the holder. */
    store = store_open(path, ATLAS_MODE_READ);
    CHECK_I64(read_cycle(store), 1);
    CHECK_OK(atlas_close(store));
    ASK_NUMBER(&holder, "cycle", 2);
    ASK(&holder, "close");

    /* Free now; and the other way round. */
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_I64(read_cycle(store), 2);
    CHECK_REFUSED(&holder, "write", getpid());
    CHECK_OK(atlas_discard(store));
    ASK(&holder, "write");
    CHECK_FAILS(atlas_open(path, ATLAS_MODE_READ_WRITE, NULL, &store), ATLAS_STATUS_LOCKED, pid);

    /* A killed holder holds nothing. */
    child_end(&holder, SIGKILL);
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_I64(read_cycle(store), 2);
    CHECK_OK(atlas_close(store));
}

/* Neither a refused second open nor a reader of the same process, when it goes, takes the writer's lock along. */
static void lock_survives_other_handles_of_its_process(void) {
    const char *path = path_of("store");
    atlas_store store = store_create(path), other = 0;
    write_cycle(store, 1);
    CHECK_OK(atlas_flush(store));
    child second = child_start("agent", path);
    CHECK_REFUSED(&second, "write", getpid());
    CHECK_STATUS(atlas_open(path, ATLAS_MODE_READ_WRITE, NULL, &other), ATLAS_STATUS_LOCKED);
    CHECK_REFUSED(&second, "write", getpid());
    CHECK_STATUS(atlas_create(path, NULL, &other), ATLAS_STATUS_ALREADY_EXISTS);
    CHECK_REFUSED(&second, "write", getpid());
    other = store_open(path, ATLAS_MODE_READ);
    CHECK_OK(atlas_close(other));
    CHECK_REFUSED(&second, "write", getpid());
    folder_image image = folder_take(path); /* reads .lock as well */
    folder_free(&image);
    CHECK_REFUSED(&second, "write", getpid());
    write_cycle(store, 2);
    CHECK_OK(atlas_flush(store));
    CHECK_REFUSED(&second, "write", getpid());
    CHECK_OK(atlas_compact(store));
    CHECK_REFUSED(&second, "write", getpid());
    CHECK_OK(atlas_close(store));
    ASK(&second, "write");
    ASK(&second, "close");
    child_end(&second, 0);
}

/* Someone removes the lock by hand: the commit of the one is never overwritten by the other. */
static void removed_lock_does_not_lose_a_commit(void) {
    const char *path = path_of("store");
    child first = child_start("agent", path);
    ASK(&first, "create");
    ASK_NUMBER(&first, "cycle", 1);
    ASK(&first, "flush");
    NEED(unlink(path_of("store/.lock")) == 0);
    atlas_store store = store_open(path, ATLAS_MODE_READ_WRITE);
    write_cycle(store, 2);
    CHECK_OK(atlas_flush(store));
    ASK_NUMBER(&first, "cycle", 3);
    char answer[4096];
    child_say(&first, "flush");
    CHECK(strncmp(child_hear(&first, answer, sizeof answer), "CONFLICT ", 9) == 0);
    ASK(&first, "discard");
    child_end(&first, 0);
    CHECK_I64(read_cycle(store), 2);
    write_cycle(store, 3);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ);
    CHECK_I64(read_cycle(store), 3);
    CHECK_OK(atlas_close(store));
    check_sound(path);
}

/* A program that the writer starts inherits nothing of the store. */
static void started_programs_inherit_no_file(void) {
    const char *path = path_of("store");
    atlas_store store = store_create(path);
    write_cycle(store, 1);
    CHECK_OK(atlas_flush(store));
    CHECK_I64(read_cycle(store), 1);
    atlas_store reader = store_open(path, ATLAS_MODE_READ);
    CHECK_I64(read_cycle(reader), 1);
    child other = child_start("agent", path);
    CHECK_REFUSED(&other, "write", getpid()); /* it is up */
    char folder[64];
    snprintf(folder, sizeof folder, "/proc/%ld/fd", (long)other.pid);
    DIR *listing = opendir(folder);
    NEED(listing != NULL);
    struct dirent *entry;
    int seen = 0;
    while ((entry = readdir(listing))) {
        char name[512], target[1024];
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        ssize_t length = readlink(name, target, sizeof target - 1);
        if (length <= 0) continue;
        target[length] = '\0';
        seen++;
        if (strstr(target, strrchr(check_folder, '/'))) /* the test's folder, by whatever path */
            check_fail(__FILE__, __LINE__, "expected no file of the store to be inherited, found %s", target);
    }
    closedir(listing);
    CHECK(seen >= 3);
    CHECK_OK(atlas_close(reader));
    CHECK_OK(atlas_close(store));
    ASK(&other, "write");
    ASK(&other, "close");
    child_end(&other, 0);
}

/* ---- readers keep their snapshot ---- */

static atlas_store open_reader(const char *path) {
    atlas_open_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.cache_bytes = 1; /* what it reads, it reads from the disk */
    atlas_store store = 0;
    CHECK_OK(atlas_open(path, ATLAS_MODE_READ, &options, &store));
    return store;
}

static void snapshots_outlive_flush_delete_and_compact(void) {
    const char *path = path_of("store");
    int cycles = scaled(200, 12);
    child writer = child_start("agent", path), far = child_start("agent", path);
    ASK(&writer, "create");
    ASK_NUMBER(&writer, "cycle", 1);
    ASK(&writer, "flush");
    atlas_store reader = open_reader(path); /* reads all along */
    CHECK_I64(read_cycle(reader), 1);
    uint64_t generation = store_info(reader).generation;
    atlas_store late[4]; /* opened at a cycle, read for the first time cycles later */
    int64_t late_cycle[4] = {0, 0, 0, 0};
    ASK(&far, "read");
    for (int k = 2; k <= cycles; k++) {
        int slot = k % 4;
        if (late_cycle[slot]) {
            CHECK_I64(read_cycle(late[slot]), late_cycle[slot]);
            CHECK_OK(atlas_discard(late[slot]));
        }
        late[slot] = open_reader(path);
        late_cycle[slot] = k - 1;
        if (k % 3 == 0) {
            ASK(&writer, "delete b");
            ASK(&writer, "flush");
            CHECK_I64(read_cycle(reader), 1);
            if (k % 2 == 0) ASK(&writer, "compact");
            CHECK_I64(read_cycle(reader), 1);
            ASK(&writer, "delete a");
            ASK(&writer, "delete c");
            char name[32];
            snprintf(name, sizeof name, "delete cycle-%d", k - 1);
            ASK(&writer, name); /* so that the order of datasets is the same after */
        }
        ASK_NUMBER(&writer, "cycle", k);
        CHECK_I64(read_cycle(reader), 1);
        ASK(&writer, "flush");
        CHECK_I64(read_cycle(reader), 1);
        ASK_NUMBER(&far, "check", 1);
        if (k % 2 == 0) ASK(&writer, "compact");
        CHECK_I64(read_cycle(reader), 1);
        ASK_NUMBER(&far, "check", 1);
        CHECK_U64(store_info(reader).generation, generation);
    }
    uint64_t damages = 99; /* the snapshot is whole to the last byte */
    CHECK_OK(atlas_verify(reader, NULL, NULL, &damages));
    CHECK_U64(damages, 0);

    /* Refresh moves on, for the one who asks. */
    CHECK_OK(atlas_refresh(reader));
    CHECK_I64(read_cycle(reader), cycles);
    CHECK(store_info(reader).generation > generation);
    ASK_NUMBER(&far, "check", 1);
    CHECK_OK(atlas_refresh(reader)); /* nothing new: nothing happens */
    CHECK_I64(read_cycle(reader), cycles);
    ASK_NUMBER(&writer, "cycle", cycles + 1);
    CHECK_OK(atlas_refresh(reader)); /* not flushed: not seen */
    CHECK_I64(read_cycle(reader), cycles);
    ASK(&writer, "flush");
    CHECK_I64(read_cycle(reader), cycles);
    CHECK_OK(atlas_refresh(reader));
    CHECK_I64(read_cycle(reader), cycles + 1);
    ASK(&far, "refresh");
    ASK_NUMBER(&far, "check", cycles + 1);

    /* The readers gone, the next compact clears up behind them. */
    for (int i = 0; i < 4; i++) {
        CHECK_I64(read_cycle(late[i]), late_cycle[i]);
        CHECK_OK(atlas_close(late[i]));
    }
    CHECK_OK(atlas_close(reader));
    ASK(&far, "close");
    ASK(&writer, "delete a");
    ASK(&writer, "flush");
    ASK(&writer, "compact");
    check_no_leftovers(path);
    ASK(&writer, "close");
    child_end(&writer, 0);
    child_end(&far, 0);
    check_sound(path);
}

/* What a reader still needed goes away at the next open for writing, whether the reader left by itself or was killed. */
static void leftovers_go_after_the_reader(void) {
    for (int killed = 0; killed < 2; killed++) {
        const char *path = path_of(killed ? "killed" : "closed");
        atlas_store store = store_create(path);
        write_cycle(store, 1);
        CHECK_OK(atlas_flush(store));
        child reader = child_start("agent", path);
        ASK(&reader, "read");
        ASK_NUMBER(&reader, "check", 1);
        write_cycle(store, 2);
        CHECK_OK(atlas_flush(store));
        CHECK_OK(atlas_compact(store));
        CHECK_OK(atlas_close(store));
        ASK_NUMBER(&reader, "check", 1);
        store = store_open(path, ATLAS_MODE_READ_WRITE); /* must not take away what the reader has */
        ASK_NUMBER(&reader, "check", 1);
        CHECK_OK(atlas_close(store));
        ASK_NUMBER(&reader, "check", 1);
        if (!killed) ASK(&reader, "close");
        child_end(&reader, killed ? SIGKILL : 0);
        store = store_open(path, ATLAS_MODE_READ_WRITE);
        check_no_leftovers(path);
        CHECK_I64(read_cycle(store), 2);
        CHECK_OK(atlas_close(store));
        check_sound(path);
    }
}

/* ---- earlier commits ---- */

/* A store's commits as text, "1;2;3;", asked for first without a buffer and then with one of the right size. */
static const char *commits_of(atlas_store store) {
    static char text[512];
    size_t count = 0, again = 0, length = 0;
    uint64_t generations[16];
    CHECK_STATUS(atlas_generations(store, 0, NULL, &count), ATLAS_STATUS_BUFFER_TOO_SMALL);
    CHECK(count <= COUNT_OF(generations));
    CHECK_OK(atlas_generations(store, count, generations, &again));
    CHECK_U64(again, count);
    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%" PRIu64 ";", generations[i]);
    return text;
}

static atlas_store open_at(const char *path, uint64_t generation) {
    atlas_store store = 0;
    CHECK_OK(atlas_open_at(path, generation, NULL, &store));
    CHECK_U64(store_info(store).generation, generation);
    CHECK_I64(store_info(store).mode, ATLAS_MODE_READ);
    return store;
}

/* As many as the store was made to keep, whoever writes it; where nothing was said, one, until a compaction. Cycle k is
 * commit k + 1. */
static void earlier_commits_are_kept(void) {
    static const struct {
        int32_t keep;
        const char *after_5_cycles, *after_compact, *after_reopen;
    } cases[] = {{0, "5;6;", "7;", "7;8;"},
                 {ATLAS_KEEP_NONE, "6;", "7;", "8;"},
                 {1, "5;6;", "5;7;", "7;8;"},
                 {3, "3;4;5;6;", "3;4;5;7;", "4;5;7;8;"},
                 {INT32_MAX, "1;2;3;4;5;6;", "1;2;3;4;5;7;", "1;2;3;4;5;7;8;"}};
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        char name[32];
        snprintf(name, sizeof name, "store-%zu", c);
        const char *path = path_of(name);
        atlas_create_options options;
        memset(&options, 0, sizeof options);
        options.struct_size = sizeof options;
        options.keep_generations = cases[c].keep;
        atlas_store store = 0;
        CHECK_OK(atlas_create(path, &options, &store));
        CHECK_TEXT(commits_of(store), "1;");
        for (int cycle = 1; cycle <= 5; cycle++) {
            write_cycle(store, cycle);
            CHECK_OK(atlas_flush(store));
        }
        for (int compacted = 0; compacted < 2; compacted++) {
            const char *commits = compacted ? cases[c].after_compact : cases[c].after_5_cycles;
            CHECK_TEXT(commits_of(store), commits);
            for (uint64_t generation = 2; generation <= 5; generation++) {
                atlas_store earlier = 0;
                char number[2] = {(char)('0' + generation), 0};
                if (strstr(commits, number)) {
                    earlier = open_at(path, generation);
                    CHECK_I64(read_cycle(earlier), (int64_t)generation - 1);
                    CHECK_STATUS(atlas_flush(earlier), ATLAS_STATUS_READ_ONLY);
                    CHECK_TEXT(commits_of(earlier), commits);
                    CHECK_OK(atlas_close(earlier));
                } else {
                    CHECK_FAILS(atlas_open_at(path, generation, NULL, &earlier), ATLAS_STATUS_NOT_FOUND, path, number);
                }
            }
            if (!compacted) CHECK_OK(atlas_compact(store));
        }
        CHECK_OK(atlas_close(store));
        child other = child_start("agent", path);
        ASK(&other, "write");
        ASK_NUMBER(&other, "cycle", 6);
        ASK(&other, "close");
        child_end(&other, 0);
        store = store_open(path, ATLAS_MODE_READ);
        CHECK_TEXT(commits_of(store), cases[c].after_reopen);
        CHECK_I64(read_cycle(store), 6);
        CHECK_OK(atlas_close(store));
        store = open_at(path, 8); /* the last one, by its number */
        CHECK_I64(read_cycle(store), 6);
        CHECK_OK(atlas_close(store));
        check_sound(path);
    }
}

/* How many are kept can be changed: with the next flush, for all who come after. */
static void more_or_fewer_commits_are_kept(void) {
    const char *path = path_of("store");
    atlas_store store = 0;
    CHECK_OK(atlas_create(path, NULL, &store));
    CHECK_I64(store_info(store).keep_generations, 0);
    CHECK_OK(atlas_set_keep_generations(store, 0)); /* as it is */
    CHECK(!store_info(store).unflushed_changes);
    CHECK_OK(atlas_set_keep_generations(store, 2));
    CHECK(store_info(store).unflushed_changes);
    CHECK_I64(store_info(store).keep_generations, 2);
    CHECK_OK(atlas_discard(store)); /* a change like any other */
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_I64(store_info(store).keep_generations, 0);
    CHECK_OK(atlas_set_keep_generations(store, 2));
    CHECK_OK(atlas_flush(store));
    for (int cycle = 1; cycle <= 3; cycle++) {
        write_cycle(store, cycle);
        CHECK_OK(atlas_flush(store));
    }
    CHECK_TEXT(commits_of(store), "3;4;5;");
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ);
    CHECK_I64(store_info(store).keep_generations, 2);
    CHECK_STATUS(atlas_set_keep_generations(store, 1), ATLAS_STATUS_READ_ONLY);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_OK(atlas_set_keep_generations(store, ATLAS_KEEP_NONE));
    CHECK_OK(atlas_flush(store));
    CHECK_TEXT(commits_of(store), "6;");
    CHECK_I64(store_info(store).keep_generations, ATLAS_KEEP_NONE);
    CHECK_OK(atlas_close(store));
    check_sound(path);
}

/* What a pin names stays, whoever writes, until it is taken away. */
static void pinned_commits_are_kept(void) {
    const char *path = path_of("store");
    atlas_store store = 0, reader;
    CHECK_OK(atlas_create(path, NULL, &store));
    write_cycle(store, 1);
    CHECK_OK(atlas_flush(store));
    write_cycle(store, 2); /* not flushed: no part of it */
    CHECK_OK(atlas_pin(store, "run 1"));
    CHECK(store_info(store).unflushed_changes);
    CHECK_STATUS(atlas_compact(store), ATLAS_STATUS_UNFLUSHED_CHANGES);
    CHECK_LIST("run 1;", atlas_pin_names, store);
    reader = store_open(path, ATLAS_MODE_READ);
    CHECK_LIST("", atlas_pin_names, reader);
    CHECK_OK(atlas_flush(store));
    CHECK_LIST("run 1;", atlas_pin_names, reader); /* as there are, whatever commit it sees */
    uint64_t generation = 0;
    CHECK_OK(atlas_pin_generation(reader, "run 1", &generation));
    CHECK_U64(generation, 2);
    CHECK_STATUS(atlas_pin(reader, "other"), ATLAS_STATUS_READ_ONLY);
    CHECK_OK(atlas_close(reader));
    for (int cycle = 3; cycle <= 40; cycle++) {
        write_cycle(store, cycle);
        CHECK_OK(atlas_flush(store));
    }
    CHECK_OK(atlas_compact(store));
    CHECK_TEXT(commits_of(store), "2;42;");
    CHECK_OK(atlas_close(store));
    child other = child_start("agent", path);
    ASK(&other, "write");
    ASK_NUMBER(&other, "cycle", 41);
    ASK(&other, "close");
    child_end(&other, 0);
    reader = open_at(path, generation);
    CHECK_I64(read_cycle(reader), 1);
    CHECK_OK(atlas_close(reader));
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_OK(atlas_rollback(store, generation));
    CHECK_I64(read_cycle(store), 1);
    CHECK_LIST("run 1;", atlas_pin_names, store);
    CHECK_OK(atlas_unpin(store, "run 1"));
    CHECK_OK(atlas_flush(store));
    CHECK_OK(atlas_close(store));
    CHECK_FAILS(atlas_open_at(path, generation, NULL, &reader), ATLAS_STATUS_NOT_FOUND, path, "commit 2");
    check_sound(path);
}

/* A rollback is a commit, seen by those who refresh, undone by another; and so is what is written after it. */
static void a_rollback_is_a_commit(void) {
    const char *path = path_of("store");
    atlas_create_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.keep_generations = 8;
    atlas_store store = 0;
    CHECK_OK(atlas_create(path, &options, &store));
    for (int cycle = 1; cycle <= 3; cycle++) {
        write_cycle(store, cycle);
        CHECK_OK(atlas_flush(store));
    }
    child far = child_start("agent", path);
    ASK(&far, "read");
    ASK_NUMBER(&far, "check", 3);
    CHECK_OK(atlas_rollback(store, 4)); /* where it is */
    CHECK_TEXT(commits_of(store), "1;2;3;4;");
    CHECK_OK(atlas_rollback(store, 2));
    CHECK_I64(read_cycle(store), 1);
    CHECK(!store_info(store).unflushed_changes);
    CHECK_U64(store_info(store).generation, 5);
    CHECK_TEXT(commits_of(store), "1;2;3;4;5;");
    ASK_NUMBER(&far, "check", 3);
    ASK(&far, "refresh");
    ASK_NUMBER(&far, "check", 1);
    atlas_store earlier = open_at(path, 4); /* what was gone back from */
    CHECK_I64(read_cycle(earlier), 3);

    write_cycle(store, 2); /* another history */
    CHECK_OK(atlas_delete_dataset(store, "c"));
    CHECK_OK(atlas_flush(store));
    CHECK_OK(atlas_rollback(store, 4));
    CHECK_I64(read_cycle(store), 3);
    CHECK_OK(atlas_compact(store));
    CHECK_I64(read_cycle(store), 3);
    CHECK_I64(read_cycle(earlier), 3);
    ASK_NUMBER(&far, "check", 1);
    CHECK_OK(atlas_refresh(earlier)); /* moves on to the last */
    CHECK_U64(store_info(earlier).generation, 8);
    CHECK_I64(read_cycle(earlier), 3);
    CHECK_OK(atlas_rollback(store, 1)); /* before anything was */
    CHECK_LIST("", atlas_dataset_names, store);
    CHECK_OK(atlas_rollback(store, 5));
    CHECK_I64(read_cycle(store), 1);
    CHECK_OK(atlas_discard(store));
    CHECK_OK(atlas_close(earlier));
    ASK(&far, "refresh");
    ASK_NUMBER(&far, "check", 1);
    ASK(&far, "close");
    child_end(&far, 0);
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_I64(read_cycle(store), 1);
    CHECK_OK(atlas_close(store));
    check_sound(path);
}

/* Readers that open and refresh while the writer commits and compacts as fast as it can never see half a commit. */
static void readers_beside_a_busy_writer(void) {
    const char *path = path_of("store");
    child writer = child_start("agent", path);
    ASK(&writer, "create");
    ASK_NUMBER(&writer, "cycle", 1);
    ASK(&writer, "flush");
    child_say(&writer, "spin 1");
    atlas_store steady = open_reader(path), follower = open_reader(path);
    int64_t first = read_cycle(steady), last = first, opened = first;
    for (int i = 0; i < scaled(2000, 20); i++) {
        CHECK_I64(read_cycle(steady), first);
        CHECK_OK(atlas_refresh(follower));
        int64_t cycle = read_cycle(follower);
        CHECK(cycle >= last);
        last = cycle;
        atlas_store fresh = open_reader(path);
        cycle = read_cycle(fresh);
        CHECK(cycle >= opened && cycle >= last);
        opened = cycle;
        CHECK_OK(atlas_close(fresh));
        char line[64]; /* keep the writer's pipe from filling up */
        child_hear(&writer, line, sizeof line);
    }
    CHECK(last > first);
    CHECK_I64(read_cycle(steady), first);
    child_end(&writer, SIGKILL);
    CHECK_OK(atlas_close(steady));
    CHECK_OK(atlas_close(follower));
    check_sound(path);
}

/* ---- kill -9 ---- */

static void kill_leaves_the_last_flush(void) {
    const char *path = path_of("store");
    child first = child_start("agent", path);
    ASK(&first, "create");
    ASK_NUMBER(&first, "cycle", 1);
    ASK(&first, "close");
    child_end(&first, 0);
    int64_t cycle = 1;
    unsigned seed = 7;
    for (int round = 0; round < scaled(60, 4); round++) {
        child writer = child_start("agent", path);
        ASK(&writer, round % 2 ? "threads -1" : "threads 0"); /* inline, or in the background */
        if (round % 4 >= 2) ASK(&writer, "buffer 1"); /* what is written goes to files at once */
        ASK(&writer, "write");
        char command[64], line[64];
        snprintf(command, sizeof command, "%s %" PRId64, round % 3 ? "spin-ahead" : "spin", cycle);
        child_say(&writer, command);
        seed = seed * 1103515245u + 12345u;
        pause_ms(5 + (long)(seed >> 16) % 120);
        kill(writer.pid, SIGKILL);
        int64_t told = cycle; /* the last commit that it told of */
        while (*child_hear(&writer, line, sizeof line))
            if (strtoll(line, NULL, 10) > told) told = strtoll(line, NULL, 10);
        child_end(&writer, SIGKILL);

        atlas_store store = store_open(path, ATLAS_MODE_READ);
        int64_t seen = read_cycle(store);
        CHECK(seen == told || seen == told + 1);
        CHECK_OK(atlas_close(store));
        check_sound(path);
        store = store_open(path, ATLAS_MODE_READ_WRITE); /* the lock is free, and what the dead one left is cleared */
        check_no_leftovers(path);
        CHECK_I64(read_cycle(store), seen);
        if (round % 3 == 0) {
            size_t commits = 0;
            CHECK_OK(atlas_compact(store));
            check_no_leftovers(path);
            CHECK_STATUS(atlas_generations(store, 0, NULL, &commits), ATLAS_STATUS_BUFFER_TOO_SMALL);
            CHECK_U64(commits, 1);
        }
        CHECK_OK(atlas_close(store));
        cycle = seen;
    }
    CHECK(cycle > scaled(25, 2)); /* it was killed at work, not before */
}

/* ---- fork ---- */

/* In the child: the parent's handle answers FORKED to everything, and at once. These are all functions that take a
 * handle, but for discard, which succeeds. */
static void check_forked(atlas_store store, const char *what) {
    static unsigned char memory[CELLS * 8];
    char buffer[512];
    size_t size, needed;
    bool has;
    uint64_t generations[4];
    atlas_dtype dtype;
    const char *const texts[] = {"text"};
    atlas_stats stats;
    atlas_store_description info;
    atlas_array_description array;
    const uint64_t one[1] = {1};
    const char *const datasets[] = {"a", "b"};
    info.struct_size = sizeof info;
    array.struct_size = sizeof array;
    snprintf(check_name, sizeof check_name, "%s: in the child", what);
    alarm((unsigned)scaled(30, 300));
    CHECK_FAILS(atlas_read_array(store, "a", "u", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, memory), ATLAS_STATUS_FORKED, "fork");
    CHECK_STATUS(atlas_write_array(store, "a", "u", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, memory), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_append_array(store, "a", "u", ATLAS_DTYPE_F64, 1, one, NULL, memory), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_read_across(store, "u", 2, datasets, ATLAS_DTYPE_F64, 1, one, one, memory), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_append_strings(store, "a", "u", 1, one, texts), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_read_strings(store, "a", "u", 1, NULL, NULL, buffer, sizeof buffer, &needed), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_write_strings(store, "a", "u", 1, NULL, one, texts), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_create_dataset(store, "z"), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_delete_dataset(store, "a"), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_has_dataset(store, "a", &has), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_dataset_count(store, &size), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_dataset_name(store, 0, buffer, sizeof buffer, &needed), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_dataset_names(store, buffer, sizeof buffer, &needed), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_define_array(store, "a", "z", ATLAS_DTYPE_F64, 1, NULL, one, NULL), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_delete_array(store, "a", "u"), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_has_array(store, "a", "u", &has), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_array_count(store, "a", &size), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_array_names(store, "a", buffer, sizeof buffer, &needed), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_array_info(store, "a", "u", &array), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_array_dims(store, "a", "u", buffer, sizeof buffer, &needed), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_array_fill_text(store, "a", "u", buffer, sizeof buffer, &needed), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_array_stats(store, "a", "u", &stats), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_chunk_stats(store, "a", "u", 1, one, &stats), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_chunk_places(store, "a", "u", 0, NULL, &size, buffer, sizeof buffer, &needed, NULL), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_set_attribute(store, "a", NULL, "cycle", ATLAS_DTYPE_I64, 1, memory), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_get_attribute(store, "a", NULL, "cycle", ATLAS_DTYPE_I64, 1, memory, &size), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_get_attribute_strings(store, "a", NULL, "cycle", buffer, sizeof buffer, &needed), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_delete_attribute(store, "a", NULL, "cycle"), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_has_attribute(store, "a", NULL, "cycle", &has), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_attribute_count(store, "a", NULL, &size), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_attribute_info(store, "a", NULL, "cycle", &dtype, &size), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_attribute_names(store, "a", NULL, buffer, sizeof buffer, &needed), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_store_info(store, &info), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_generations(store, COUNT_OF(generations), generations, &size), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_set_keep_generations(store, 1), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_pin(store, "pin"), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_unpin(store, "pin"), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_pin_names(store, buffer, sizeof buffer, &needed), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_pin_generation(store, "pin", generations), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_flush(store), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_flush_begin(store), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_flush_test(store, &has), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_flush_wait(store), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_compact(store), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_refresh(store), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_rollback(store, 1), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_verify(store, NULL, NULL, NULL), ATLAS_STATUS_FORKED);
    CHECK_STATUS(atlas_close(store), ATLAS_STATUS_FORKED);
}

/* Scaled down, or with a sanitizer, a leak check may be looking on. To it, what the parent's threads hold is lost in a
 * forked child, where those threads are not. */
static bool leaks_are_counted(void) {
#ifdef __SANITIZE_ADDRESS__
    return true;
#else
    return scaled(0, 1);
#endif
}

/* Ends a forked child that found nothing wrong. */
static void child_is_well(void) {
    if (leaks_are_counted()) raise(SIGKILL);
    exit(0); /* with all that runs at exit */
}

static bool is_well(int status) {
    if (leaks_are_counted()) return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void check_child(const char *file, int line, pid_t pid) {
    int status = 0;
    NEED(waitpid(pid, &status, 0) == pid);
    if (!is_well(status))
        check_fail(file, line, "expected the forked child to end well, got wait status 0x%x", (unsigned)status);
}
#define CHECK_CHILD(pid) check_child(__FILE__, __LINE__, (pid))

static void forked_child_gets_an_error_and_disturbs_nothing(void) {
    const char *path = path_of("store"), *mine = path_of("child");
    atlas_store store = store_create(path);
    write_cycle(store, 1);
    CHECK_OK(atlas_flush(store));
    write_cycle(store, 2); /* pending, with work in the background */
    atlas_store reader = open_reader(path);
    child other = child_start("agent", path);
    for (int discards = 0; discards < 2; discards++) {
        fflush(stdout);
        fflush(stderr);
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            check_forked(store, "the writer's handle");
            check_forked(reader, "a reader's handle");
            if (discards) {
                CHECK_OK(atlas_discard(store));
                CHECK_OK(atlas_discard(reader));
                CHECK_STATUS(atlas_flush(store), ATLAS_STATUS_FORKED);
            }
            /* Its own handles work, threads and all; the parent's store stays locked to it. */
            atlas_store own = 0;
            char pid_text[32];
            snprintf(pid_text, sizeof pid_text, "%ld", (long)getppid());
            CHECK_FAILS(atlas_open(path, ATLAS_MODE_READ_WRITE, NULL, &own), ATLAS_STATUS_LOCKED, pid_text);
            own = store_open(path, ATLAS_MODE_READ);
            CHECK_I64(read_cycle(own), 1);
            CHECK_OK(atlas_close(own));
            CHECK_OK(discards ? atlas_open(mine, ATLAS_MODE_READ_WRITE, NULL, &own) : atlas_create(mine, NULL, &own));
            write_cycle(own, 5 + discards);
            CHECK_OK(atlas_flush(own));
            CHECK_I64(read_cycle(own), 5 + discards);
            CHECK_OK(atlas_close(own));
            child_is_well();
        }
        CHECK_CHILD(pid);
        CHECK_REFUSED(&other, "write", getpid());
        CHECK_I64(read_cycle(reader), 1);
    }
    double values[CELLS];
    CHECK_OK(atlas_read_array(store, "a", "u", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
    CHECK_F64(values[7], value_at(2, 0, 0, 7));
    CHECK_OK(atlas_flush(store));
    CHECK_I64(read_cycle(store), 2);
    CHECK_OK(atlas_compact(store)); /* the reader still has its snapshot, on the disk */
    CHECK_I64(read_cycle(reader), 1);
    CHECK_OK(atlas_refresh(reader));
    CHECK_I64(read_cycle(reader), 2);
    CHECK_OK(atlas_close(reader));
    CHECK_OK(atlas_close(store));
    ASK(&other, "write");
    ASK_NUMBER(&other, "check", 2);
    ASK(&other, "close");
    child_end(&other, 0);
    check_sound(path);
    store = store_open(mine, ATLAS_MODE_READ);
    CHECK_I64(read_cycle(store), 6);
    CHECK_OK(atlas_close(store));
}

/* The child lives on while the parent closes: the lock goes with the parent's close. */
static void forked_child_keeps_no_lock(void) {
    const char *path = path_of("store");
    atlas_store store = store_create(path);
    int hold[2];
    char byte;
    NEED(pipe(hold) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        close(hold[1]);
        if (read(hold[0], &byte, 1) != 0) _exit(1); /* until the parent is done */
        child_is_well();
    }
    close(hold[0]);
    NEED(fcntl(hold[1], F_SETFD, FD_CLOEXEC) == 0);
    write_cycle(store, 1);
    CHECK_OK(atlas_close(store));
    store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_OK(atlas_close(store));
    child other = child_start("agent", path);
    ASK(&other, "write");
    ASK(&other, "close");
    child_end(&other, 0);
    close(hold[1]);
    CHECK_CHILD(pid);
}

/* ---- sessions ---- */

enum { WORKERS = 4, LEVELS = 2, ROWS = 20, COLUMNS = 9 };

/* In a process of its own: a worker's rows of all levels, which do not end where chunks do. */
static void be_worker(const void *ticket, size_t length, uint32_t number, const char *to) {
    atlas_store worker = 0;
    int32_t values[LEVELS * ROWS / WORKERS * COLUMNS];
    const uint64_t start[3] = {0, number * (ROWS / WORKERS), 0}, count[3] = {LEVELS, ROWS / WORKERS, COLUMNS};
    for (size_t i = 0; i < COUNT_OF(values); i++) values[i] = (int32_t)number + 1;
    CHECK_OK(atlas_open_worker(ticket, length, number, NULL, NULL, &worker));
    CHECK_OK(atlas_write_array(worker, "run", "t", ATLAS_DTYPE_I32, 3, start, count, NULL, values));
    CHECK_OK(atlas_extend_array(worker, "run", "log", number + 1));
    CHECK_OK(atlas_write_array(worker, "run", "log", ATLAS_DTYPE_I32, 1, &(const uint64_t){number}, &(const uint64_t){1}, NULL,
                               &(int32_t){(int32_t)number * 10}));
    unsigned char export[16384];
    size_t size = 0;
    CHECK_OK(atlas_export(worker, export, sizeof export, &size));
    CHECK_OK(atlas_close(worker));
    FILE *file = fopen(to, "w");
    NEED(file && fwrite(export, 1, size, file) == size && fclose(file) == 0);
}

/* `expected` has the bits of the workers whose rows are there. */
static void check_tiles(atlas_store store, unsigned expected) {
    int32_t values[LEVELS * ROWS * COLUMNS];
    CHECK_OK(atlas_read_array(store, "run", "t", ATLAS_DTYPE_I32, 3, NULL, NULL, NULL, values));
    for (int i = 0; i < LEVELS * ROWS * COLUMNS; i++) {
        int number = i / COLUMNS % ROWS / (ROWS / WORKERS);
        CHECK_I64(values[i], expected >> number & 1 ? number + 1 : 0);
    }
}

static void workers_write_what_one_process_commits(void) {
    char path[600], file[WORKERS][600];
    pid_t pids[WORKERS];
    snprintf(path, sizeof path, "%s", path_of("store"));
    atlas_store store = store_create(path);
    const uint64_t shape[3] = {LEVELS, ROWS, COLUMNS}, chunk[3] = {1, 8, COLUMNS}, none[1] = {0};
    atlas_array_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.chunk_shape = chunk;
    CHECK_OK(atlas_create_dataset(store, "run"));
    CHECK_OK(atlas_define_array(store, "run", "t", ATLAS_DTYPE_I32, 3, NULL, shape, &options));
    CHECK_OK(atlas_define_array(store, "run", "log", ATLAS_DTYPE_I32, 1, NULL, none, NULL));
    CHECK_OK(atlas_flush(store));
    atlas_session_options session;
    memset(&session, 0, sizeof session);
    session.struct_size = sizeof session;
    session.workers = WORKERS;
    unsigned char ticket[16384];
    size_t length = 0;
    CHECK_OK(atlas_session_begin(store, &session, ticket, sizeof ticket, &length));
    for (uint32_t i = 0; i < WORKERS; i++) {
        snprintf(file[i], sizeof file[i], "%s", path_of("export-"));
        snprintf(file[i] + strlen(file[i]), 8, "%" PRIu32, i);
        fflush(stdout);
        fflush(stderr);
        pids[i] = fork();
        NEED(pids[i] >= 0);
        if (pids[i] == 0) {
            be_worker(ticket, length, i, file[i]);
            CHECK_OK(atlas_discard(store));
            child_is_well();
        }
    }
    for (int i = 0; i < WORKERS; i++) CHECK_CHILD(pids[i]);
    unsigned char export[WORKERS][16384];
    const void *exports[WORKERS];
    size_t lengths[WORKERS], count = 0;
    for (int i = 0; i < WORKERS; i++) {
        FILE *from = fopen(file[i], "r");
        NEED(from);
        exports[i] = export[i];
        lengths[i] = fread(export[i], 1, sizeof export[i], from);
        NEED(fclose(from) == 0);
    }
    uint32_t missing[WORKERS];
    atlas_store reader = store_open(path, ATLAS_MODE_READ);
    CHECK_OK(atlas_import(store, 2, exports + 2, lengths + 2));
    CHECK_STATUS(atlas_session_missing(store, 1, missing, &count), ATLAS_STATUS_BUFFER_TOO_SMALL);
    CHECK_U64(count, 2);
    CHECK_OK(atlas_session_missing(store, WORKERS, missing, &count));
    CHECK(count == 2 && missing[0] == 0 && missing[1] == 1);
    check_tiles(store, 0xc);
    CHECK_OK(atlas_import(store, WORKERS, exports, lengths));
    check_tiles(store, 0xf);
    check_tiles(reader, 0);
    CHECK_OK(atlas_flush(store));
    CHECK_OK(atlas_refresh(reader));
    check_tiles(reader, 0xf);
    int32_t log[WORKERS];
    CHECK_OK(atlas_read_array(reader, "run", "log", ATLAS_DTYPE_I32, 1, NULL, NULL, NULL, log));
    for (int i = 0; i < WORKERS; i++) CHECK_I64(log[i], 10 * i);
    CHECK_OK(atlas_close(reader));

    /* A worker goes on after the commit; what it exports and nobody imports goes with the session. */
    atlas_store worker = 0;
    CHECK_OK(atlas_open_worker(ticket, length, WORKERS, path, NULL, &worker));
    CHECK_OK(atlas_session_begin(store, NULL, ticket, sizeof ticket, &length));
    CHECK_OK(atlas_renew(worker, ticket, length));
    check_tiles(worker, 0xf);
    CHECK_OK(atlas_session_end(store));
    CHECK_OK(atlas_close(worker));
    folder_image before = folder_take(path);
    CHECK_OK(atlas_session_begin(store, NULL, ticket, sizeof ticket, &length));
    CHECK_OK(atlas_open_worker(ticket, length, 0, NULL, NULL, &worker));
    CHECK_OK(atlas_write_array(worker, "run", "log", ATLAS_DTYPE_I32, 1, none, &(const uint64_t){1}, NULL, &(int32_t){7}));
    CHECK_OK(atlas_export(worker, export[0], sizeof export[0], &count));
    CHECK_OK(atlas_close(worker));
    CHECK_OK(atlas_session_end(store));
    CHECK_FOLDER_SAME(&before, path);
    folder_free(&before);
    CHECK_OK(atlas_close(store));
    check_sound(path);
}

#ifndef __SANITIZE_ADDRESS__ /* whose own allocator need not survive a fork amid busy threads */
/* Threads are inside the library, and hold what locks there are, when the fork comes. */
static atlas_store busy_store;
static char busy_path[1024];
static pthread_mutex_t busy_lock = PTHREAD_MUTEX_INITIALIZER;
static bool busy_done;

static void *be_busy(void *argument) {
    int me = (int)(intptr_t)argument;
    bool begin = false;
    for (bool done = false; !done;) {
        double values[CELLS];
        atlas_store other = 0;
        const uint64_t at[1] = {0}, count[1] = {CELLS};
        for (int i = 0; i < CELLS; i++) values[i] = value_at(1, 0, 0, i);
        switch (me) {
        case 0: CHECK_OK(atlas_write_array(busy_store, "a", "u", ATLAS_DTYPE_F64, 1, at, count, NULL, values)); break;
        case 1: CHECK_OK(atlas_read_array(busy_store, "b", "v", ATLAS_DTYPE_F64, 1, at, count, NULL, values)); break;
        case 2: /* in the background, too: it may be under way when the fork comes, with a thread at work for it */
            begin = !begin;
            CHECK_OK(begin ? atlas_flush_begin(busy_store) : atlas_flush(busy_store));
            if (begin) pause_ms(1);
            break;
        default: /* the table of handles is in use as well */
            CHECK_OK(atlas_open(busy_path, ATLAS_MODE_READ, NULL, &other));
            CHECK_OK(atlas_close(other));
        }
        pthread_mutex_lock(&busy_lock);
        done = busy_done;
        pthread_mutex_unlock(&busy_lock);
    }
    return NULL;
}

static void fork_amid_busy_threads(void) {
    snprintf(busy_path, sizeof busy_path, "%s", path_of("store"));
    busy_store = store_create(busy_path);
    write_cycle(busy_store, 1);
    CHECK_OK(atlas_flush(busy_store));
    pthread_t threads[4];
    busy_done = false;
    for (int i = 0; i < 4; i++) NEED(pthread_create(&threads[i], NULL, be_busy, (void *)(intptr_t)i) == 0);
    int status = 0;
    bool well = true;
    for (int i = 0; well && i < scaled(400, 5); i++) {
        pause_ms(i % 4);
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            check_forked(busy_store, "a fork amid busy threads");
            atlas_store own = store_open(busy_path, ATLAS_MODE_READ);
            CHECK_I64(read_cycle(own), 1);
            CHECK_OK(atlas_close(own));
            CHECK_OK(atlas_discard(busy_store));
            if (leaks_are_counted()) raise(SIGKILL);
            _exit(0);
        }
        well = waitpid(pid, &status, 0) == pid && is_well(status);
    }
    pthread_mutex_lock(&busy_lock);
    busy_done = true;
    pthread_mutex_unlock(&busy_lock);
    for (int i = 0; i < 4; i++) NEED(pthread_join(threads[i], NULL) == 0);
    if (!well)
        check_fail(__FILE__, __LINE__, "expected the forked child to end well, got wait status 0x%x", (unsigned)status);
    CHECK_OK(atlas_flush(busy_store));
    CHECK_I64(read_cycle(busy_store), 1);
    CHECK_OK(atlas_close(busy_store));
    check_sound(busy_path);
}
#endif

int main(int argc, char **argv) {
    check_start(argv);
    if (argc == 3 && strcmp(argv[1], "agent") == 0) return agent(argv[2]);
    RUN(second_writer_is_refused);
    RUN(lock_survives_other_handles_of_its_process);
    RUN(removed_lock_does_not_lose_a_commit);
    RUN(started_programs_inherit_no_file);
    RUN(snapshots_outlive_flush_delete_and_compact);
    RUN(leftovers_go_after_the_reader);
    RUN(earlier_commits_are_kept);
    RUN(more_or_fewer_commits_are_kept);
    RUN(pinned_commits_are_kept);
    RUN(a_rollback_is_a_commit);
    RUN(readers_beside_a_busy_writer);
    RUN(kill_leaves_the_last_flush);
    RUN(forked_child_gets_an_error_and_disturbs_nothing);
    RUN(forked_child_keeps_no_lock);
    RUN(workers_write_what_one_process_commits);
#ifndef __SANITIZE_ADDRESS__ /* whose own allocator need not survive a fork amid busy threads */
    RUN(fork_amid_busy_threads);
#endif
    return check_finish();
}
