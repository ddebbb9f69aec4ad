/* What a program may have done to its process and its threads, and what the library must not do to them. */
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <fenv.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static void define_f32(atlas_store store, uint64_t cells, const float *fill) {
    atlas_array_options options = {.struct_size = sizeof options, .fill_value = fill};
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_define_array(store, "d", "a", ATLAS_DTYPE_F32, 1, NULL, &cells, &options));
}

/* A quiet NaN is no reason to die, for a program that traps: on its own thread or on one of the library's. */
static void nan_in_a_program_that_traps(void) {
    enum { CELLS = 100000 };
    static float values[CELLS];
    const unsigned quiet = 0x7fc00000;
    for (int i = 0; i < CELLS; i++) values[i] = (float)i;
    memcpy(values + 7, &quiet, sizeof quiet);
    for (int inline_ = 0; inline_ < 2; inline_++) {
        atlas_create_options options = {.struct_size = sizeof options};
        options.num_threads = inline_ ? ATLAS_THREADS_INLINE : 2;
        atlas_store store;
        atlas_stats stats = {0};
        CHECK(feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) != -1);
        CHECK_OK(atlas_create(path_of(inline_ ? "inline" : "threads"), &options, &store));
        define_f32(store, CELLS, NULL);
        CHECK_OK(atlas_write_array(store, "d", "a", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, values));
        CHECK_OK(atlas_flush(store));
        CHECK_OK(atlas_array_stats(store, "d", "a", &stats));
        CHECK(fegetexcept() == (FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW));
        CHECK_OK(atlas_close(store));
        fedisableexcept(FE_ALL_EXCEPT);
    }
}

#if defined(__x86_64__)
/* Denormals are values, where the program takes them for zero too. */
static void denormals_in_a_program_without(void) {
    enum { CELLS = 100 };
    float values[CELLS], zero = 0;
    for (unsigned i = 0; i < CELLS; i++) {
        unsigned bits = i + 1;
        memcpy(values + i, &bits, sizeof bits);
    }
    const unsigned before = _mm_getcsr(), own = before | 0x8040;
    _mm_setcsr(own);
    atlas_store store = store_create(path_of("store"));
    define_f32(store, CELLS, &zero);
    CHECK_OK(atlas_write_array(store, "d", "a", ATLAS_DTYPE_F32, 1, NULL, NULL, NULL, values));
    CHECK_OK(atlas_flush(store));
    atlas_stats stats = {0};
    CHECK_OK(atlas_array_stats(store, "d", "a", &stats));
    CHECK_OK(atlas_close(store));
    CHECK_U64(_mm_getcsr(), own);
    _mm_setcsr(before);
    CHECK_U64(stats.null_count, 0);
}
#endif

/* Attributes and fill values are what they were, whichever way the one who commits rounds. */
static void rounding_of_a_program(void) {
    const double x[3] = {0.1, 0.3, 9.99e33}, fill = 273.15;
    const uint64_t shape[1] = {2};
    const int modes[3] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    atlas_array_options options = {.struct_size = sizeof options, .fill_value = &fill};
    atlas_store store = store_create(path_of("store"));
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_set_attribute(store, "d", NULL, "x", ATLAS_DTYPE_F64, 3, x));
    CHECK_OK(atlas_define_array(store, "d", "t", ATLAS_DTYPE_F64, 1, NULL, shape, &options));
    CHECK_OK(atlas_close(store));
    for (int i = 0; i < 3; i++) {
        const int32_t one = i;
        fesetround(modes[i]);
        store = store_open(path_of("store"), ATLAS_MODE_READ_WRITE);
        CHECK_OK(atlas_set_attribute(store, "d", NULL, "one", ATLAS_DTYPE_I32, 1, &one));
        CHECK_OK(atlas_close(store));
        CHECK(fegetround() == modes[i]);
        fesetround(FE_TONEAREST);
        double got[3], cells[2];
        size_t n;
        store = store_open(path_of("store"), ATLAS_MODE_READ);
        CHECK_OK(atlas_get_attribute(store, "d", NULL, "x", ATLAS_DTYPE_F64, 3, got, &n));
        CHECK_OK(atlas_read_array(store, "d", "t", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, cells));
        for (int j = 0; j < 3; j++) CHECK_F64(got[j], x[j]);
        CHECK_F64(cells[0], fill);
        CHECK_OK(atlas_close(store));
    }
}

/* The flags of exceptions are the program's: none comes, none goes. */
static void exception_flags(void) {
    const double tenth = 0.1;
    const float zero = 0;
    const int flags[2] = {0, FE_DIVBYZERO | FE_OVERFLOW};
    for (int i = 0; i < 2; i++) {
        feclearexcept(FE_ALL_EXCEPT);
        feraiseexcept(flags[i]);
        const int before = fetestexcept(FE_ALL_EXCEPT);
        atlas_store store = store_create(path_of(i ? "some" : "none"));
        define_f32(store, 1, &zero);
        CHECK_OK(atlas_write_array(store, "d", "a", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, &tenth)); /* inexact */
        CHECK_OK(atlas_close(store));
        CHECK_I64(fetestexcept(FE_ALL_EXCEPT), before);
    }
    feclearexcept(FE_ALL_EXCEPT);
}

/* A signal that the program has blocked stays pending, while threads of the library work and afterwards. */
static void blocked_signals(void) {
    const int cells = scaled(3000000, 300000);
    double *values = malloc((size_t)cells * sizeof *values);
    NEED(values != NULL);
    for (int i = 0; i < cells; i++) values[i] = sin(i);
    atlas_create_options options = {.struct_size = sizeof options, .num_threads = 2};
    atlas_store store;
    const uint64_t shape[1] = {(uint64_t)cells};
    sigset_t all, before, pending, own;
    CHECK_OK(atlas_create(path_of("store"), &options, &store));
    CHECK_OK(atlas_create_dataset(store, "d"));
    CHECK_OK(atlas_define_array(store, "d", "a", ATLAS_DTYPE_F64, 1, NULL, shape, NULL));
    CHECK_OK(atlas_write_array(store, "d", "a", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
    CHECK_OK(atlas_flush_begin(store));
    NEED(sigemptyset(&all) == 0 && sigaddset(&all, SIGTERM) == 0 && sigaddset(&all, SIGUSR1) == 0);
    NEED(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    NEED(kill(getpid(), SIGTERM) == 0 && kill(getpid(), SIGUSR1) == 0);
    CHECK_OK(atlas_read_array(store, "d", "a", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
    CHECK_OK(atlas_flush_wait(store));
    CHECK_OK(atlas_close(store));
    NEED(pthread_sigmask(SIG_SETMASK, NULL, &own) == 0 && sigpending(&pending) == 0);
    CHECK(sigismember(&own, SIGTERM) && sigismember(&own, SIGUSR1) && !sigismember(&own, SIGHUP));
    CHECK(sigismember(&pending, SIGTERM) && sigismember(&pending, SIGUSR1));
    int got;
    NEED(sigwait(&all, &got) == 0 && sigwait(&all, &got) == 0);
    NEED(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    free(values);
}

static atlas_store called, other;
static int calls, rounding;

static void call_back(void) {
    bool over;
    double value;
    uint64_t count;
    calls++;
    CHECK_I64(fegetround(), rounding);
    CHECK_FAILS(atlas_flush(called), ATLAS_STATUS_INVALID_ARGUMENT, "called from within a callback of the same store");
    CHECK_FAILS(atlas_flush_begin(called), ATLAS_STATUS_INVALID_ARGUMENT, "callback");
    CHECK_FAILS(atlas_compact(called), ATLAS_STATUS_INVALID_ARGUMENT, "callback");
    CHECK_OK(atlas_flush_test(called, &over));
    CHECK_FAILS(atlas_close(called), ATLAS_STATUS_INVALID_ARGUMENT, "callback");
    CHECK_FAILS(atlas_discard(called), ATLAS_STATUS_INVALID_ARGUMENT, "callback");
    CHECK_FAILS(atlas_verify(called, NULL, NULL, &count), ATLAS_STATUS_INVALID_ARGUMENT, "callback");
    CHECK_OK(atlas_read_array(called, "d", "a", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, &value));
    char name[32];
    sprintf(name, "call%d", calls);
    CHECK_OK(atlas_create_dataset(other, name));
    CHECK_OK(atlas_flush(other));
}

static int32_t on_progress(const char *what, uint64_t done, uint64_t total, void *user_data) {
    (void)what, (void)done, (void)total, (void)user_data;
    call_back();
    return 0;
}

static void on_damage(const char *file, uint64_t offset, const char *message, void *user_data) {
    (void)file, (void)offset, (void)message, (void)user_data;
    call_back();
}

/* A callback has the program's floating-point state, may call other stores and read its own, and is told that it cannot commit to that. */
static void calls_from_callbacks(void) {
    atlas_create_options options = {.struct_size = sizeof options, .progress = on_progress};
    const double one[1] = {1};
    const uint64_t shape[1] = {1};
    uint64_t damaged;
    calls = 0;
    rounding = FE_UPWARD;
    other = store_create(path_of("other"));
    CHECK_OK(atlas_create(path_of("store"), &options, &called));
    CHECK_OK(atlas_create_dataset(called, "d"));
    CHECK_OK(atlas_define_array(called, "d", "a", ATLAS_DTYPE_F64, 1, NULL, shape, NULL));
    CHECK_OK(atlas_write_array(called, "d", "a", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, one));
    CHECK_OK(atlas_flush(called));
    NEED(fesetround(rounding) == 0);
    CHECK_OK(atlas_verify(called, on_damage, NULL, &damaged));
    CHECK_U64(damaged, 0);
    CHECK(calls > 0);
    CHECK_OK(atlas_compact(called));
    NEED(truncate(path_of("store/atlas.json"), 10) == 0);
    const int before = calls;
    CHECK_STATUS(atlas_verify(called, on_damage, NULL, &damaged), ATLAS_STATUS_CORRUPT);
    CHECK_U64(damaged, 1);
    CHECK(calls > before);
    NEED(fesetround(FE_TONEAREST) == 0);
    CHECK_OK(atlas_discard(called));
    CHECK_OK(atlas_close(other));
}

static void store_with_arrays(const char *path, int arrays) {
    const uint64_t shape[1] = {10};
    const double values[10] = {1};
    char name[32];
    atlas_store store = store_create(path);
    CHECK_OK(atlas_create_dataset(store, "d"));
    for (int i = 0; i < arrays; i++) {
        sprintf(name, "a%d", i);
        CHECK_OK(atlas_define_array(store, "d", name, ATLAS_DTYPE_F64, 1, NULL, shape, NULL));
        CHECK_OK(atlas_write_array(store, "d", name, ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
    }
    CHECK_OK(atlas_close(store));
}

static int open_descriptors(void) {
    int count = 0;
    for (int i = 0; i < 1024; i++) count += fcntl(i, F_GETFD) != -1;
    return count;
}

/* Many stores take no more descriptors together than one, give back what they only keep when the program has none
 * left, and what is left when they are closed. */
static void few_descriptors(void) {
    enum { STORES = 4, ARRAYS = 60 };
    atlas_store stores[STORES], one;
    char name[32];
    double values[10];
    struct rlimit before, few;
    const int at_first = open_descriptors();
    for (int i = 0; i < STORES; i++) {
        sprintf(name, "store%d", i);
        store_with_arrays(path_of(name), ARRAYS);
    }
    NEED(getrlimit(RLIMIT_NOFILE, &before) == 0);
    for (int limited = 0; limited < 2; limited++) {
        few = before;
        if (limited) few.rlim_cur = (rlim_t)open_descriptors() + 20;
        NEED(setrlimit(RLIMIT_NOFILE, &few) == 0);
        for (int i = 0; i < STORES; i++) {
            sprintf(name, "store%d", i);
            stores[i] = store_open(path_of(name), ATLAS_MODE_READ);
            for (int j = 0; j < ARRAYS; j++) {
                sprintf(name, "a%d", j);
                CHECK_OK(atlas_read_array(stores[i], "d", name, ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
            }
        }
        CHECK(open_descriptors() <= at_first + 128 + STORES + 2);
        if (limited) {
            int taken[64], count = 0;
            while (count < 64 && (taken[count] = dup(STDIN_FILENO)) != -1) count++;
            NEED(count < 64);
            close(taken[--count]); /* the reader's pin, the writer's lock */
            one = 0;
            CHECK_STATUS(atlas_open(path_of("store0"), ATLAS_MODE_READ_WRITE, NULL, &one), ATLAS_STATUS_OK);
            while (count > 0) close(taken[--count]);
            CHECK_OK(atlas_create_dataset(one, "more"));
            CHECK_OK(atlas_close(one));
        }
        for (int i = 0; i < STORES; i++) CHECK_OK(atlas_close(stores[i]));
        CHECK_I64(open_descriptors(), at_first);
    }
    NEED(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

/* What a program that has closed its standard descriptors prints goes into no file of a store. */
static void standard_descriptors_closed(void) {
    int kept[3];
    store_with_arrays(path_of("store"), 2);
    fflush(stdout);
    for (int i = 0; i < 3; i++) NEED((kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 10)) != -1);
    for (int i = 0; i < 3; i++) close(i);
    atlas_store store = 0;
    const double values[10] = {2};
    double got[10];
    atlas_status status = atlas_open(path_of("store"), ATLAS_MODE_READ_WRITE, NULL, &store);
    if (!status) status = atlas_read_array(store, "d", "a0", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, got);
    if (!status) status = atlas_write_array(store, "d", "a1", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values);
    if (!status) status = atlas_flush(store);
    int ours = 0;
    for (int i = 0; i < 3; i++) ours += fcntl(i, F_GETFD) != -1;
    for (int i = 0; i < 3; i++) NEED(dup2(kept[i], i) == i && close(kept[i]) == 0);
    CHECK_STATUS(status, ATLAS_STATUS_OK);
    CHECK_I64(ours, 0);
    CHECK_OK(atlas_close(store));
}

/* A writer that is gone, and whose child has its files open: the text names the child. */
static void child_of_a_dead_writer(void) {
    int line[2];
    pid_t worker = 0;
    char text[32];
    atlas_store store = 0;
    store_with_arrays(path_of("store"), 1);
    NEED(pipe(line) == 0);
    pid_t writer = fork();
    NEED(writer != -1);
    if (writer == 0) {
        if (atlas_open(path_of("store"), ATLAS_MODE_READ_WRITE, NULL, &store)) _exit(1);
        worker = fork();
        if (worker == 0) {
            sleep(60); /* not for ever, whatever becomes of the test */
            _exit(0);
        }
        if (write(line[1], &worker, sizeof worker) != sizeof worker) _exit(1);
        raise(SIGKILL);
    }
    NEED(read(line[0], &worker, sizeof worker) == sizeof worker);
    for (int reaped = 0; reaped < 2; reaped++) {
        siginfo_t ended;
        NEED(waitid(P_PID, (id_t)writer, &ended, WEXITED | (reaped ? 0 : WNOWAIT)) == 0);
        const atlas_status status = atlas_open(path_of("store"), ATLAS_MODE_READ_WRITE, NULL, &store);
        if (reaped) NEED(kill(worker, SIGKILL) == 0);
        sprintf(text, "pid %d", (int)worker);
        CHECK_FAILS(status, ATLAS_STATUS_LOCKED, "which is gone", "forked child", text);
    }
    close(line[0]);
    close(line[1]);
}

static mode_t mode_of(const char *path) {
    struct stat status;
    NEED(stat(path, &status) == 0);
    return status.st_mode & 07777;
}

static void commit_with_umask(const char *path, mode_t mask, const char *array) {
    const uint64_t shape[1] = {10};
    const double values[10] = {3};
    const mode_t before = umask(mask);
    atlas_store store = store_open(path, ATLAS_MODE_READ_WRITE);
    CHECK_OK(atlas_define_array(store, "d", array, ATLAS_DTYPE_F64, 1, NULL, shape, NULL));
    CHECK_OK(atlas_write_array(store, "d", array, ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
    CHECK_OK(atlas_close(store));
    umask(before);
}

/* Compares the permissions of everything below PATH. */
static void check_modes(const char *path, mode_t folder, mode_t file) {
    folder_image image = folder_take(path);
    char full[CHECK_PATH];
    for (size_t i = 0; i < image.count; i++) {
        const char *name = image.files[i].path;
        snprintf(full, sizeof full, "%s/%s", path, name);
        const mode_t want = has_suffix(name, "/") ? folder : file;
        if (mode_of(full) != want) check_fail(__FILE__, __LINE__, "%s has mode %o, not %o", name, mode_of(full), want);
    }
    folder_free(&image);
}

/* A commit of one with another umask takes nobody's permission, nor gives any that the store's folder does not. */
static void permissions_of_a_shared_store(void) {
    const mode_t before = umask(002);
    NEED(mkdir(path_of("shared"), 0775) == 0 && chmod(path_of("shared"), 02775) == 0);
    store_with_arrays(path_of("shared"), 1);
    check_modes(path_of("shared"), 02775, 0664);
    commit_with_umask(path_of("shared"), 077, "second");
    check_modes(path_of("shared"), 02775, 0664);
    /* The lock file, too, is everybody's. */
    NEED(unlink(path_of("shared/.lock")) == 0);
    commit_with_umask(path_of("shared"), 077, "third");
    check_modes(path_of("shared"), 02775, 0664);
    /* Members may read now, and no others anything. */
    NEED(chmod(path_of("shared"), 0750) == 0);
    commit_with_umask(path_of("shared"), 077, "fourth");
    CHECK_I64(mode_of(path_of("shared/atlas.json")), 0640);
    /* What is made with a umask is not opened by a folder that is open. */
    umask(077);
    NEED(mkdir(path_of("own"), 0700) == 0 && chmod(path_of("own"), 0755) == 0);
    store_with_arrays(path_of("own"), 1);
    commit_with_umask(path_of("own"), 077, "second");
    CHECK_I64(mode_of(path_of("own/atlas.json")), 0600);
    CHECK_I64(mode_of(path_of("own/.lock")), 0600);
    umask(before);
}

/* ---- a system that says at the close what it did with the bytes ---- */

static volatile int close_fails, closedir_fails;

int close(int descriptor) {
    char link[64], target[CHECK_PATH];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = close_fails ? readlink(link, target, sizeof target - 1) : -1;
    const int closed = (int)syscall(SYS_close, descriptor);
    if (length < 0) return closed;
    target[length] = '\0';
    if (!has_suffix(target, ".seg")) return closed;
    errno = EDQUOT;
    return -1;
}

int closedir(DIR *folder) {
    static int (*real)(DIR *);
    if (!real) {
        void *found = dlsym(RTLD_NEXT, "closedir");
        memcpy(&real, &found, sizeof real);
    }
    const int closed = real(folder);
    if (!closedir_fails) return closed;
    errno = EIO;
    return -1;
}

/* Without a sync the close is what tells that a file system has no room for the bytes. */
static void errors_at_the_close(void) {
    atlas_open_options options = {.struct_size = sizeof options, .sync = ATLAS_SWITCH_OFF};
    const double values[10] = {4};
    double got[10];
    atlas_store store;
    store_with_arrays(path_of("store"), 1);
    CHECK_OK(atlas_open(path_of("store"), ATLAS_MODE_READ_WRITE, &options, &store));
    CHECK_OK(atlas_write_array(store, "d", "a0", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
    close_fails = 1;
    const atlas_status status = atlas_flush(store);
    close_fails = 0;
    CHECK_FAILS(status, ATLAS_STATUS_NO_SPACE, "close", ".seg");
    CHECK_OK(atlas_close(store));
    closedir_fails = 1;
    const atlas_status opened = atlas_open(path_of("store"), ATLAS_MODE_READ_WRITE, NULL, &store);
    closedir_fails = 0;
    CHECK_STATUS(opened, ATLAS_STATUS_OK);
    CHECK_OK(atlas_read_array(store, "d", "a0", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, got));
    CHECK_F64(got[0], 4);
    CHECK_OK(atlas_close(store));
}

int main(int count, char **arguments) {
    (void)count;
    check_start(arguments);
    /* Under valgrind every operation rounds to nearest and none traps. */
    if (!getenv("ATLAS_TEST_SMALL")) {
        RUN(nan_in_a_program_that_traps);
#if defined(__x86_64__)
        RUN(denormals_in_a_program_without);
#endif
        RUN(rounding_of_a_program);
        RUN(exception_flags);
    }
    RUN(blocked_signals);
    RUN(calls_from_callbacks);
    RUN(few_descriptors);
    RUN(standard_descriptors_closed);
    RUN(child_of_a_dead_writer);
    RUN(permissions_of_a_shared_store);
    RUN(errors_at_the_close);
    return check_finish();
}
