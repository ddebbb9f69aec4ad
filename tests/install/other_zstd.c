/* A program that brings functions named as those of libzstd, of another version than the library's own, and a Rust
 * runtime's: the library must never call them, however it is linked. */
#include <atlas.h>

#include <stdio.h>
#include <stdlib.h>

#define FOREIGN(name)                                                                                                    \
    size_t name(void);                                                                                                   \
    size_t name(void) {                                                                                                  \
        fprintf(stderr, "%s of the program was called by the library\n", #name);                                        \
        abort();                                                                                                         \
    }
FOREIGN(ZSTD_compress)
FOREIGN(ZSTD_compressCCtx)
FOREIGN(ZSTD_compress2)
FOREIGN(ZSTD_compressStream2)
FOREIGN(ZSTD_createCCtx)
FOREIGN(ZSTD_freeCCtx)
FOREIGN(ZSTD_createDCtx)
FOREIGN(ZSTD_freeDCtx)
FOREIGN(ZSTD_decompress)
FOREIGN(ZSTD_decompressDCtx)
FOREIGN(ZSTD_decompressStream)
FOREIGN(ZSTD_compressBound)
FOREIGN(ZSTD_isError)
FOREIGN(ZSTD_getErrorName)
FOREIGN(HUF_compress1X_repeat)
FOREIGN(FSE_buildCTable_wksp)
FOREIGN(rust_eh_personality)

static void check(atlas_status status) {
    if (status == ATLAS_STATUS_OK) return;
    fprintf(stderr, "%s\n", atlas_last_error());
    exit(1);
}

int main(int argc, char **argv) {
    enum { CELLS = 100000 };
    static double written[CELLS], read[CELLS];
    uint64_t shape[1] = {CELLS};
    atlas_store store;
    if (argc != 2) return 2;
    for (int i = 0; i < CELLS; i++) written[i] = i % 1000 * 0.25;
    check(atlas_create(argv[1], NULL, &store));
    check(atlas_create_dataset(store, "run"));
    check(atlas_define_array(store, "run", "v", ATLAS_DTYPE_F64, 1, NULL, shape, NULL));
    check(atlas_write_array(store, "run", "v", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, written));
    check(atlas_close(store));
    check(atlas_open(argv[1], ATLAS_MODE_READ, NULL, &store));
    check(atlas_read_array(store, "run", "v", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, read));
    check(atlas_close(store));
    for (int i = 0; i < CELLS; i++)
        if (read[i] != written[i]) return 1;
    return 0;
}
