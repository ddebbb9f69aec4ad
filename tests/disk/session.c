/* One part of a store's life, for run.py, which makes the system calls in it fail.
 *
 * Usage: session RESULTS STORE create | commit VALUE [WAIT] | check
 *   create  makes the store; commit 1 has the value 1 everywhere
 *   commit  opens it, writes VALUE everywhere and into a new array, and flushes. When that fails it reads its values
 *           back, waits for a line on standard input where there is a WAIT, and flushes again unless the store is poisoned
 *   check   opens it for reading, verifies it and reads everything
 * What happened goes line by line into the file RESULTS, with a system call that run.py leaves alone. */
#include <atlas.h>

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ARRAYS = 3, CELLS = 60000 };

static int results;
static off_t written;

static void tell(const char *format, ...) {
    char line[2048];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof line - 2) length = (int)sizeof line - 2;
    line[length++] = '\n';
    if (pwrite(results, line, (size_t)length, written) != length) abort();
    written += length;
}

/* Tells the outcome of a step. */
static atlas_status outcome(const char *step, atlas_status status) {
    if (status == ATLAS_STATUS_OK) tell("%s OK", step);
    else tell("%s %s %s", step, atlas_status_name(status), atlas_last_error());
    return status;
}

static void log_message(int32_t level, const char *message, void *user_data) {
    (void)user_data;
    tell("log %s %s", level == ATLAS_LOG_WARNING ? "warning" : "info", message);
}

static void name_of(int number, char *name) { sprintf(name, "array%d", number); }

static double *filled(double value) {
    static double values[CELLS];
    for (int i = 0; i < CELLS; i++) values[i] = value + (double)i / (2 * CELLS);
    return values;
}

static atlas_status define(atlas_store store, const char *name) {
    const char *dims[] = {"x"};
    const uint64_t shape[] = {CELLS};
    return atlas_define_array(store, "run", name, ATLAS_DTYPE_F64, 1, dims, shape, NULL);
}

static atlas_status write_all(atlas_store store, double value) {
    atlas_status status = ATLAS_STATUS_OK;
    char name[16];
    for (int number = 0; number < ARRAYS && status == ATLAS_STATUS_OK; number++) {
        name_of(number, name);
        status = atlas_write_array(store, "run", name, ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, filled(value));
    }
    return status;
}

/* The one value that all arrays have; -1 where they do not agree, -2 where one cannot be read. */
static double read_all(atlas_store store) {
    static double values[CELLS];
    char name[16];
    double value = -1;
    for (int number = 0; number < ARRAYS; number++) {
        name_of(number, name);
        if (outcome("read", atlas_read_array(store, "run", name, ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values)))
            return -2;
        if (number == 0) value = values[0];
        if (memcmp(values, filled(value), sizeof values) != 0) return -1;
    }
    return value;
}

static void create(const char *path) {
    atlas_create_options options = {.struct_size = sizeof options, .num_threads = ATLAS_THREADS_INLINE};
    atlas_store store;
    char name[16];
    if (outcome("create", atlas_create(path, &options, &store))) return;
    atlas_status status = atlas_create_dataset(store, "run");
    for (int number = 0; number < ARRAYS && status == ATLAS_STATUS_OK; number++) {
        name_of(number, name);
        status = define(store, name);
    }
    if (status == ATLAS_STATUS_OK) status = write_all(store, 1);
    outcome("write", status);
    outcome("close", atlas_close(store));
}

static void commit(const char *path, double value, int waits) {
    atlas_open_options options = {.struct_size = sizeof options, .num_threads = ATLAS_THREADS_INLINE, .log = log_message};
    atlas_store store;
    char name[32];
    /* Where a file may only have so many bytes, more is an error and not a signal. */
    signal(SIGXFSZ, SIG_IGN);
    if (outcome("open", atlas_open(path, ATLAS_MODE_READ_WRITE, &options, &store))) return;
    sprintf(name, "new%.0f", value);
    atlas_status status = define(store, name);
    if (status == ATLAS_STATUS_OK)
        status = atlas_write_array(store, "run", name, ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, filled(value));
    if (status == ATLAS_STATUS_OK) status = write_all(store, value);
    if (outcome("write", status)) return;
    status = outcome("flush", atlas_flush(store));
    if (status != ATLAS_STATUS_OK) {
        tell("kept %g", read_all(store));
        if (waits) {
            char line[16];
            tell("waits");
            if (read(STDIN_FILENO, line, sizeof line) <= 0) tell("nobody answers");
        }
        outcome("retry", atlas_flush(store));
    }
    if (outcome("close", atlas_close(store))) outcome("discard", atlas_discard(store));
}

static void check(const char *path) {
    atlas_open_options options = {.struct_size = sizeof options, .num_threads = ATLAS_THREADS_INLINE};
    atlas_store store;
    if (outcome("open", atlas_open(path, ATLAS_MODE_READ, &options, &store))) return;
    outcome("verify", atlas_verify(store, NULL, NULL, NULL));
    tell("value %g", read_all(store));
    outcome("close", atlas_close(store));
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    results = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (results < 0) return 2;
    if (!strcmp(arguments[3], "create")) create(arguments[2]);
    else if (!strcmp(arguments[3], "commit") && count > 4) commit(arguments[2], atof(arguments[4]), count > 5);
    else if (!strcmp(arguments[3], "check")) check(arguments[2]);
    else return 2;
    return 0;
}
