/* The whole test framework: checks, named tests, a temporary folder per test, snapshots of a folder.
 *
 * A failing check prints file:line, what was expected, what came and the library's error text. On the main thread it
 * ends the running test and the next one starts; on another thread or in a forked child it ends the process.
 *
 * Environment: ATLAS_TEST_SMALL=1 runs scaled down (see scaled), ATLAS_TEST_KEEP=1 leaves the temporary folders,
 * ATLAS_TEST_ONLY=TEXT runs only the tests whose name contains TEXT. */
#ifndef CHECK_H
#define CHECK_H

#include <atlas.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- named tests ---- */

enum { CHECK_PATH = 4096 };

static int check_passed, check_failed;
static char check_name[256];      /* the running test */
static char check_folder[512];    /* its temporary folder */
static jmp_buf check_escape;
static pid_t check_process;
static pthread_t check_thread;
static const char *check_program; /* argv[0] */

/* One size when run as usual, a smaller one where every instruction is slow. */
static inline int scaled(int normal, int small) { return getenv("ATLAS_TEST_SMALL") ? small : normal; }

static inline void check_end_test(void) {
    fflush(stdout);
    fflush(stderr);
    if (getpid() != check_process || !pthread_equal(pthread_self(), check_thread)) _exit(1);
    longjmp(check_escape, 1);
}

static inline void check_report(const char *file, int line, const char *format, va_list arguments) {
    fflush(stdout);
    fprintf(stderr, "%s:%d: %s: ", file, line, check_name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "; last error: \"%s\"\n", atlas_last_error());
}

static inline void check_fail(const char *file, int line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    check_report(file, line, format, arguments);
    va_end(arguments);
    check_end_test();
}

/* What a system call that the test itself needs returned: not the library's fault, but the test cannot go on. */
#define NEED(condition)                                                                                               \
    ((condition) ? (void)0                                                                                            \
                 : check_fail(__FILE__, __LINE__, "the test needs %s (errno: %s)", #condition, strerror(errno)))

static inline void check_remove_tree(const char *path) {
    struct stat status;
    if (lstat(path, &status) != 0) return;
    if (!S_ISDIR(status.st_mode)) {
        unlink(path);
        return;
    }
    chmod(path, 0700);
    DIR *folder = opendir(path);
    if (!folder) return;
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        size_t size = strlen(path) + strlen(entry->d_name) + 2;
        char *child = malloc(size);
        if (!child) break;
        snprintf(child, size, "%s/%s", path, entry->d_name);
        check_remove_tree(child);
        free(child);
    }
    closedir(folder);
    rmdir(path);
}

static inline void check_make_folder(void) {
    const char *parent = getenv("TMPDIR");
    snprintf(check_folder, sizeof check_folder, "%s/atlas-test-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(check_folder)) {
        fprintf(stderr, "mkdtemp %s: %s\n", check_folder, strerror(errno));
        exit(2);
    }
}

static inline void check_drop_folder(void) {
    if (!getenv("ATLAS_TEST_KEEP")) check_remove_tree(check_folder);
}

/* NAME inside the running test's temporary folder. Main thread only; the text lives for the next 15 calls. */
static inline const char *path_of(const char *name) {
    static char paths[16][1024];
    static unsigned turn;
    char *path = paths[turn++ % COUNT_OF(paths)];
    snprintf(path, sizeof paths[0], "%s/%s", check_folder, name);
    return path;
}

/* A test that hangs is a failure, not a wait. */
static void check_hangs(int number) {
    (void)number;
    static const char text[] = "TIMED OUT: ";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    ignored = write(STDERR_FILENO, check_name, strlen(check_name));
    ignored = write(STDERR_FILENO, "\n", 1);
    (void)ignored;
    _exit(3);
}

static inline void check_start(char **argv) {
    check_program = argv[0];
    check_process = getpid();
    check_thread = pthread_self();
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, check_hangs);
}

static inline bool check_wanted(const char *name) {
    const char *only = getenv("ATLAS_TEST_ONLY");
    return !only || strstr(name, only) != NULL;
}

/* Runs one test in a temporary folder of its own. VARIANT may be NULL. */
static inline void check_run(const char *name, const char *variant, void (*test)(void)) {
    snprintf(check_name, sizeof check_name, "%s%s%s", name, variant ? "/" : "", variant ? variant : "");
    if (!check_wanted(check_name)) return;
    check_make_folder();
    alarm((unsigned)scaled(180, 900));
    if (setjmp(check_escape) == 0) {
        test();
        check_passed++;
        printf("ok %s\n", check_name);
    } else {
        check_failed++;
        printf("FAILED %s\n", check_name);
    }
    alarm(0);
    check_drop_folder();
}

#define RUN(test) check_run(#test, NULL, test)

/* The closing line and the exit code. A run without a single test is a failure. */
static inline int check_finish(void) {
    printf("%d passed, %d failed\n", check_passed, check_failed);
    fflush(stdout);
    return check_failed == 0 && check_passed > 0 ? 0 : 1;
}

/* ---- checks ---- */

#define CHECK(condition)                                                                                              \
    ((condition) ? (void)0 : check_fail(__FILE__, __LINE__, "expected %s, got the contrary", #condition))

static inline void check_status(const char *file, int line, const char *call, atlas_status got, atlas_status want) {
    if (got != want)
        check_fail(file, line, "%s: expected %s, got %s (%" PRId32 ")", call, atlas_status_name(want),
                   atlas_status_name(got), got);
}
#define CHECK_OK(call) check_status(__FILE__, __LINE__, #call, (call), ATLAS_STATUS_OK)
#define CHECK_STATUS(call, want) check_status(__FILE__, __LINE__, #call, (call), (want))

/* The call fails with WANT and a text that holds every one of the given words. */
static inline void check_fails(const char *file, int line, const char *call, atlas_status got, atlas_status want, ...) {
    char text[4096];
    snprintf(text, sizeof text, "%s", atlas_last_error());
    check_status(file, line, call, got, want);
    va_list words;
    va_start(words, want);
    const char *word;
    while ((word = va_arg(words, const char *)))
        if (!strstr(text, word)) check_fail(file, line, "%s: expected a text with \"%s\"", call, word);
    va_end(words);
}
#define CHECK_FAILS(call, want, ...)                                                                                  \
    check_fails(__FILE__, __LINE__, #call, (call), (want), __VA_ARGS__, (const char *)NULL)

static inline void check_u64(const char *file, int line, const char *what, uint64_t got, uint64_t want) {
    if (got != want) check_fail(file, line, "%s: expected %" PRIu64 ", got %" PRIu64, what, want, got);
}
#define CHECK_U64(got, want) check_u64(__FILE__, __LINE__, #got, (uint64_t)(got), (uint64_t)(want))

static inline void check_i64(const char *file, int line, const char *what, int64_t got, int64_t want) {
    if (got != want) check_fail(file, line, "%s: expected %" PRId64 ", got %" PRId64, what, want, got);
}
#define CHECK_I64(got, want) check_i64(__FILE__, __LINE__, #got, (int64_t)(got), (int64_t)(want))

/* Equal as bits, so that NaN equals NaN and -0.0 does not equal 0.0. */
static inline void check_f64(const char *file, int line, const char *what, double got, double want) {
    if (memcmp(&got, &want, sizeof got) != 0)
        check_fail(file, line, "%s: expected %.17g, got %.17g", what, want, got);
}
#define CHECK_F64(got, want) check_f64(__FILE__, __LINE__, #got, (got), (want))

static inline void check_text(const char *file, int line, const char *what, const char *got, const char *want) {
    if (!got || strcmp(got, want) != 0)
        check_fail(file, line, "%s: expected \"%s\", got \"%s\"", what, want, got ? got : "(NULL)");
}
#define CHECK_TEXT(got, want) check_text(__FILE__, __LINE__, #got, (got), (want))

static inline void check_bytes(const char *file, int line, const char *what, const void *got, const void *want,
                               size_t size) {
    const unsigned char *a = got, *b = want;
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i])
            check_fail(file, line, "%s: byte %zu of %zu: expected 0x%02x, got 0x%02x", what, i, size, b[i], a[i]);
}
#define CHECK_BYTES(got, want, size) check_bytes(__FILE__, __LINE__, #got, (got), (want), (size))

/* Asks FUNCTION(arguments.., buffer, capacity, &needed) for a list, first for its size, then with a buffer of exactly
 * that size, and compares it with WANT, in which every item ends with ';'. Long lists: see fetch_list. */
#define CHECK_LIST(want, function, ...)                                                                               \
    do {                                                                                                              \
        size_t needed_ = 0, again_ = 0;                                                                               \
        atlas_status status_ = function(__VA_ARGS__, NULL, 0, &needed_);                                              \
        check_status(__FILE__, __LINE__, #function, status_,                                                          \
                     needed_ ? ATLAS_STATUS_BUFFER_TOO_SMALL : ATLAS_STATUS_OK);                                      \
        char *list_ = malloc(needed_ + 1);                                                                            \
        NEED(list_ != NULL);                                                                                          \
        CHECK_OK(function(__VA_ARGS__, list_, needed_, &again_));                                                     \
        CHECK_U64(again_, needed_);                                                                                   \
        CHECK(needed_ == 0 || list_[needed_ - 1] == '\0');                                                            \
        for (size_t i_ = 0; i_ < needed_; i_++)                                                                       \
            if (list_[i_] == '\0') list_[i_] = ';';                                                                   \
        list_[needed_] = '\0';                                                                                        \
        check_text(__FILE__, __LINE__, #function, list_, (want));                                                     \
        free(list_);                                                                                                  \
    } while (0)

static inline bool has_suffix(const char *text, const char *suffix) {
    size_t a = strlen(text), b = strlen(suffix);
    return a >= b && strcmp(text + a - b, suffix) == 0;
}

/* ---- snapshots of a folder: every name, and every byte of every file ---- */

typedef struct {
    char *path; /* relative to the folder; a folder's ends with '/' */
    unsigned char *bytes;
    size_t size;
    ino_t inode;
} file_image;

typedef struct {
    file_image *files;
    size_t count, capacity;
} folder_image;

static inline void folder_scan(folder_image *image, const char *top, const char *relative) {
    char full[CHECK_PATH];
    snprintf(full, sizeof full, "%s/%s", top, relative);
    DIR *folder = opendir(full);
    NEED(folder != NULL);
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char path[CHECK_PATH];
        int length = snprintf(path, sizeof path - 1, "%s%s", relative, entry->d_name);
        NEED(length > 0 && (size_t)length < sizeof path - 1);
        length = snprintf(full, sizeof full, "%s/%s", top, path);
        NEED(length > 0 && (size_t)length < sizeof full);
        struct stat status;
        if (lstat(full, &status) != 0) continue; /* went away meanwhile */
        if (S_ISDIR(status.st_mode)) strcat(path, "/");
        if (image->count == image->capacity) {
            image->capacity = image->capacity ? image->capacity * 2 : 64;
            image->files = realloc(image->files, image->capacity * sizeof *image->files);
            NEED(image->files != NULL);
        }
        file_image *file = &image->files[image->count++];
        *file = (file_image){.path = malloc(strlen(path) + 1), .inode = status.st_ino};
        NEED(file->path != NULL);
        strcpy(file->path, path);
        if (S_ISDIR(status.st_mode)) {
            folder_scan(image, top, path);
        } else {
            file->size = (size_t)status.st_size;
            file->bytes = malloc(file->size + 1);
            NEED(file->bytes != NULL);
            FILE *stream = fopen(full, "rb");
            NEED(stream != NULL);
            file->size = fread(file->bytes, 1, file->size, stream);
            file->bytes[file->size] = '\0'; /* for those that are text */
            fclose(stream);
        }
    }
    closedir(folder);
}

static inline int folder_compare_paths(const void *a, const void *b) {
    return strcmp(((const file_image *)a)->path, ((const file_image *)b)->path);
}

static inline folder_image folder_take(const char *path) {
    folder_image image = {NULL, 0, 0};
    folder_scan(&image, path, "");
    if (image.count) qsort(image.files, image.count, sizeof *image.files, folder_compare_paths);
    return image;
}

static inline void folder_free(folder_image *image) {
    for (size_t i = 0; i < image->count; i++) {
        free(image->files[i].path);
        free(image->files[i].bytes);
    }
    free(image->files);
    *image = (folder_image){NULL, 0, 0};
}

static inline const file_image *folder_find(const folder_image *image, const char *path) {
    for (size_t i = 0; i < image->count; i++)
        if (strcmp(image->files[i].path, path) == 0) return &image->files[i];
    return NULL;
}

/* The writer's lock names its holder, so it may differ once another writer has come; everything else never may. */
enum folder_rule { EVERY_FILE, EVERY_FILE_BUT_THE_LOCK, ONLY_SEGMENTS };

/* Compares BEFORE with the folder PATH as it is now. */
static inline void folder_check_same(const char *file, int line, const folder_image *before, const char *path,
                                     enum folder_rule rule) {
    folder_image after = folder_take(path);
    size_t i = 0, j = 0;
    while (i < before->count || j < after.count) {
        const file_image *a = i < before->count ? &before->files[i] : NULL;
        const file_image *b = j < after.count ? &after.files[j] : NULL;
        int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);
        const file_image *first = order <= 0 ? a : b;
        bool skip = (rule == EVERY_FILE_BUT_THE_LOCK && strcmp(first->path, ".lock") == 0) ||
                    (rule == ONLY_SEGMENTS && !has_suffix(first->path, ".seg"));
        if (!skip && order < 0) check_fail(file, line, "expected the folder unchanged, but '%s' is gone", a->path);
        if (!skip && order > 0)
            check_fail(file, line, "expected the folder unchanged, but '%s' (%zu bytes) appeared", b->path, b->size);
        if (!skip && order == 0 && (a->size != b->size || (a->size && memcmp(a->bytes, b->bytes, a->size) != 0)))
            check_fail(file, line, "expected the folder unchanged, but '%s' changed (%zu bytes before, %zu now)",
                       a->path, a->size, b->size);
        i += order <= 0;
        j += order >= 0;
    }
    folder_free(&after);
}
#define CHECK_FOLDER_SAME(before, path) folder_check_same(__FILE__, __LINE__, (before), (path), EVERY_FILE)
#define CHECK_STORE_SAME(before, path) folder_check_same(__FILE__, __LINE__, (before), (path), EVERY_FILE_BUT_THE_LOCK)
#define CHECK_SEGMENTS_SAME(before, path) folder_check_same(__FILE__, __LINE__, (before), (path), ONLY_SEGMENTS)

/* How many segment files lie in the store at PATH (in the folder PREFIX of it, unless NULL), and their bytes. */
typedef struct {
    size_t count;
    uint64_t bytes;
} segment_sum;
static inline segment_sum segments_in(const char *path, const char *prefix) {
    folder_image image = folder_take(path);
    segment_sum sum = {0, 0};
    for (size_t i = 0; i < image.count; i++) {
        const file_image *file = &image.files[i];
        if (!has_suffix(file->path, ".seg")) continue;
        if (prefix && strncmp(file->path, prefix, strlen(prefix)) != 0) continue;
        sum.count++;
        sum.bytes += file->size;
    }
    folder_free(&image);
    return sum;
}

/* ---- short ways to say what most tests say ---- */

static inline atlas_store store_create(const char *path) {
    atlas_store store = 0;
    CHECK_OK(atlas_create(path, NULL, &store));
    CHECK(store != 0);
    return store;
}

static inline atlas_store store_open(const char *path, atlas_mode mode) {
    atlas_store store = 0;
    CHECK_OK(atlas_open(path, mode, NULL, &store));
    CHECK(store != 0);
    return store;
}

static inline bool has_dataset(atlas_store store, const char *dataset) {
    bool has = false;
    CHECK_OK(atlas_has_dataset(store, dataset, &has));
    return has;
}

static inline bool has_array(atlas_store store, const char *dataset, const char *array) {
    bool has = false;
    CHECK_OK(atlas_has_array(store, dataset, array, &has));
    return has;
}

static inline atlas_store_description store_info(atlas_store store) {
    atlas_store_description info;
    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    CHECK_OK(atlas_store_info(store, &info));
    return info;
}

/* ---- another process: this program again, in another role, spoken with in lines ---- */

typedef struct {
    pid_t pid;
    FILE *to, *from;
} child;

/* Starts "argv[0] ROLE ARGUMENT". */
static inline child child_start(const char *role, const char *argument) {
    int down[2], up[2];
    NEED(pipe(down) == 0);
    NEED(pipe(up) == 0);
    fflush(stdout);
    fflush(stderr);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        dup2(down[0], STDIN_FILENO);
        dup2(up[1], STDOUT_FILENO);
        close(down[0]);
        close(down[1]);
        close(up[0]);
        close(up[1]);
        execl(check_program, check_program, role, argument, (char *)NULL);
        _exit(127);
    }
    close(down[0]);
    close(up[1]);
    NEED(fcntl(down[1], F_SETFD, FD_CLOEXEC) == 0);
    NEED(fcntl(up[0], F_SETFD, FD_CLOEXEC) == 0);
    child made = {pid, fdopen(down[1], "w"), fdopen(up[0], "r")};
    NEED(made.to != NULL && made.from != NULL);
    return made;
}

static inline void child_say(child *other, const char *line) {
    fprintf(other->to, "%s\n", line);
    fflush(other->to);
}

/* The next line that the child says, without its newline; "" at its end. */
static inline const char *child_hear(child *other, char *line, size_t size) {
    if (!fgets(line, (int)size, other->from)) return strcpy(line, "");
    line[strcspn(line, "\n")] = '\0';
    return line;
}
#define CHECK_HEAR(other, want)                                                                                       \
    do {                                                                                                              \
        char line_[4096];                                                                                             \
        check_text(__FILE__, __LINE__, "the other process", child_hear((other), line_, sizeof line_), (want));        \
    } while (0)

/* Sends NUMBER (0: only closes its input), waits for the end and gives the status of waitpid. */
static inline int child_end(child *other, int number) {
    if (number) kill(other->pid, number);
    fclose(other->to);
    int status = 0;
    NEED(waitpid(other->pid, &status, 0) == other->pid);
    fclose(other->from);
    return status;
}

static inline void pause_ms(long milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {
    }
}

#endif
