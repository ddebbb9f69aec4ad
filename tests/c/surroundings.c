/* What a program may have done to its process and its threads, and what the library must not do to them. */
#define _GNU_SOURCE
#include "check.h"

#include <fenv.h>
#include <sys/resource.h>
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
    size_t needed;
    uint64_t count;
    calls++;
    CHECK_I64(fegetround(), rounding);
    CHECK_FAILS(atlas_flush(called), ATLAS_STATUS_INVALID_ARGUMENT, "called from within a callback of the same store");
    CHECK_FAILS(atlas_flush_test(called, &over), ATLAS_STATUS_INVALID_ARGUMENT, "callback");
    CHECK_FAILS(atlas_close(called), ATLAS_STATUS_INVALID_ARGUMENT, "callback");
    CHECK_FAILS(atlas_discard(called), ATLAS_STATUS_INVALID_ARGUMENT, "callback");
    CHECK_FAILS(atlas_verify(called, NULL, NULL, &count), ATLAS_STATUS_INVALID_ARGUMENT, "callback");
    CHECK_FAILS(atlas_dataset_names(called, NULL, 0, &needed), ATLAS_STATUS_INVALID_ARGUMENT, "callback");
    CHECK_FAILS(atlas_create_dataset(called, "no"), ATLAS_STATUS_INVALID_ARGUMENT, "callback");
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

/* A callback has the program's floating-point state, may call other stores, and is told that it cannot call its own. */
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
    return check_finish();
}
