/* A store's life in a few system calls, for strace.sh to watch: PATH [nosync].
 *
 * Marks each part in the trace by asking for a file that is not there: mark-NAME-begin, mark-NAME-end. */
#include "check.h"

static void mark(const char *name, const char *where) {
    char path[64];
    snprintf(path, sizeof path, "/mark-%s-%s", name, where);
    if (access(path, F_OK) == 0) exit(2);
}

static void fill(atlas_store store, const char *dataset, const char *array, uint32_t seed) {
    static const uint64_t shape[2] = {16, 1024};
    static uint32_t values[16 * 1024];
    for (size_t i = 0; i < COUNT_OF(values); i++) values[i] = seed = seed * 1664525u + 1013904223u;
    if (!has_array(store, dataset, array))
        CHECK_OK(atlas_define_array(store, dataset, array, ATLAS_DTYPE_U32, 2, NULL, shape, NULL));
    CHECK_OK(atlas_write_array(store, dataset, array, ATLAS_DTYPE_U32, 2, NULL, NULL, NULL, values));
}

int main(int argc, char **argv) {
    check_start(argv);
    strcpy(check_name, "flush_once");
    if (argc < 2) return 2;
    atlas_create_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    if (argc > 2) options.sync = ATLAS_SWITCH_OFF;
    if (setjmp(check_escape) != 0) return 1;

    atlas_store store = 0;
    mark("create", "begin");
    CHECK_OK(atlas_create(argv[1], &options, &store));
    mark("create", "end");
    CHECK_OK(atlas_create_dataset(store, "a"));
    CHECK_OK(atlas_create_dataset(store, "b"));
    fill(store, "a", "temperature", 1);
    fill(store, "a", "salinity", 2);
    fill(store, "b", "temperature", 3);
    mark("first", "begin"); /* new folders */
    CHECK_OK(atlas_flush(store));
    mark("first", "end");
    fill(store, "a", "temperature", 4);
    fill(store, "b", "salinity", 5);
    mark("second", "begin"); /* folders that are there */
    CHECK_OK(atlas_flush(store));
    mark("second", "end");
    mark("compact", "begin");
    CHECK_OK(atlas_compact(store));
    mark("compact", "end");
    fill(store, "b", "pressure", 6);
    mark("close", "begin"); /* close is flush */
    CHECK_OK(atlas_close(store));
    mark("close", "end");
    return 0;
}
