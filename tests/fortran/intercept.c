/* Stands between a program and the library, and the C library's allocator: for tests/fortran/copies.f90.
 *
 * Counts the bytes that a thread allocates outside of the library's calls, and keeps what the last call got. */
#define _GNU_SOURCE
#include <atlas.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

/* The allocator under these names is glibc's. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static __thread int counting;
static __thread uint64_t counted;

static void count(size_t bytes) {
    if (counting) counted += bytes;
}

void *malloc(size_t bytes) {
    count(bytes);
    return __libc_malloc(bytes);
}
void *calloc(size_t n, size_t bytes) {
    count(n * bytes);
    return __libc_calloc(n, bytes);
}
void *realloc(void *old, size_t bytes) {
    count(bytes);
    return __libc_realloc(old, bytes);
}
void *memalign(size_t alignment, size_t bytes) {
    count(bytes);
    return __libc_memalign(alignment, bytes);
}
void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void **out, size_t alignment, size_t bytes) {
    *out = memalign(alignment, bytes);
    return *out ? 0 : ENOMEM;
}

void intercept_start(void) {
    counted = 0;
    counting = 1;
}
uint64_t intercept_stop(void) {
    counting = 0;
    return counted;
}

static const void *last_data;
static int64_t last_strides[ATLAS_MAX_RANK];

const void *intercept_data(void) { return last_data; }
int64_t intercept_stride(int32_t dimension) { return last_strides[dimension]; }

static void keep(const void *data, size_t rank, const int64_t *strides) {
    last_data = data;
    for (size_t i = 0; i < rank; i++) last_strides[i] = strides ? strides[i] : 0;
}

/* The library's own function, called without counting what it allocates. */
#define FORWARD(function, ...)                                                                                        \
    int was_counting = counting;                                                                                      \
    counting = 0;                                                                                                     \
    __typeof__(function) *real = (__typeof__(function) *)dlsym(RTLD_NEXT, #function);                                 \
    atlas_status status = real(__VA_ARGS__);                                                                          \
    counting = was_counting;                                                                                          \
    return status

atlas_status atlas_write_array(atlas_store store, const char *dataset, const char *array, atlas_dtype dtype, size_t rank,
                               const uint64_t *start, const uint64_t *count, const int64_t *strides,
                               const void *data) {
    keep(data, rank, strides);
    FORWARD(atlas_write_array, store, dataset, array, dtype, rank, start, count, strides, data);
}

atlas_status atlas_read_array(atlas_store store, const char *dataset, const char *array, atlas_dtype dtype, size_t rank,
                              const uint64_t *start, const uint64_t *count, const int64_t *strides, void *data) {
    keep(data, rank, strides);
    FORWARD(atlas_read_array, store, dataset, array, dtype, rank, start, count, strides, data);
}

atlas_status atlas_append_array(atlas_store store, const char *dataset, const char *array, atlas_dtype dtype,
                                size_t rank, const uint64_t *count, const int64_t *strides, const void *data) {
    keep(data, rank, strides);
    FORWARD(atlas_append_array, store, dataset, array, dtype, rank, count, strides, data);
}

atlas_status atlas_read_across(atlas_store store, const char *array, size_t n, const char *const *datasets,
                               atlas_dtype dtype, size_t rank, const uint64_t *start, const uint64_t *count,
                               void *data) {
    keep(data, 0, NULL);
    FORWARD(atlas_read_across, store, array, n, datasets, dtype, rank, start, count, data);
}
