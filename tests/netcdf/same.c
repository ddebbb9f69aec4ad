/*
 * same FILE FILE: whether two NetCDF files have the same groups, dimensions, variables, attributes and values, bit for bit,
 * as libnetcdf reads them. What is not compared: the format of the file, the order of attributes and of bytes, compression.
 * `same --chunks` compares the shapes of chunks, too, where both files have chunks.
 */
#include <netcdf.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = NC_MAX_NAME + 1, PATH = 4096 };

static int differences;
static bool with_chunks;

static void check(int status, const char *what) {
    if (status != NC_NOERR) {
        fprintf(stderr, "same: %s: %s\n", what, nc_strerror(status));
        exit(2);
    }
}

static void differs(const char *path, const char *what) {
    differences++;
    printf("%s: %s\n", path, what);
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory) exit(2);
    return memory;
}

static size_t size_of(nc_type type) {
    static const size_t sizes[] = {0, 1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8, sizeof(char *)};
    return type > 0 && type <= NC_STRING ? sizes[type] : 0;
}

static bool same_values(nc_type type, size_t count, void *one, void *other) {
    bool same = true;
    if (type != NC_STRING) return memcmp(one, other, count * size_of(type)) == 0;
    for (size_t i = 0; i < count; i++) {
        const char *a = ((char **)one)[i], *b = ((char **)other)[i];
        same = same && strcmp(a ? a : "", b ? b : "") == 0;
    }
    nc_free_string(count, one);
    nc_free_string(count, other);
    return same;
}

static void compare_attributes(int one, int one_id, int other, int other_id, const char *path) {
    int count, other_count;
    char what[PATH];
    check(nc_inq_varnatts(one, one_id, &count), path);
    check(nc_inq_varnatts(other, other_id, &other_count), path);
    if (count != other_count) differs(path, "the number of attributes");
    for (int i = 0; i < count; i++) {
        char name[NAME];
        nc_type type, other_type;
        size_t length, other_length;
        check(nc_inq_attname(one, one_id, i, name), path);
        snprintf(what, sizeof what, "attribute '%s'", name);
        check(nc_inq_att(one, one_id, name, &type, &length), what);
        if (nc_inq_att(other, other_id, name, &other_type, &other_length) != NC_NOERR || type != other_type ||
            length != other_length) {
            differs(path, what);
            continue;
        }
        void *a = allocate(length, size_of(type)), *b = allocate(length, size_of(type));
        check(nc_get_att(one, one_id, name, a), what);
        check(nc_get_att(other, other_id, name, b), what);
        if (!same_values(type, length, a, b)) differs(path, what);
        free(a);
        free(b);
    }
}

/* The path of the group that has the dimension, and its name; and whether it may grow. */
static void describe(int group, int dimension, char *text) {
    char name[NAME], path[PATH];
    size_t length;
    int count, *ids, unlimited = 0, owner = group;
    check(nc_inq_dim(group, dimension, name, &length), "dimension");
    for (;;) {
        bool own = false;
        check(nc_inq_dimids(owner, &count, NULL, 0), name);
        ids = allocate((size_t)count, sizeof *ids);
        check(nc_inq_dimids(owner, NULL, ids, 0), name);
        for (int i = 0; i < count; i++) own = own || ids[i] == dimension;
        free(ids);
        if (own || nc_inq_grp_parent(owner, &owner) != NC_NOERR) break;
    }
    check(nc_inq_unlimdims(owner, &count, NULL), name);
    ids = allocate((size_t)count, sizeof *ids);
    check(nc_inq_unlimdims(owner, NULL, ids), name);
    for (int i = 0; i < count; i++) unlimited = unlimited || ids[i] == dimension;
    free(ids);
    check(nc_inq_grpname_full(owner, NULL, path), name);
    snprintf(text, PATH, "%.1000s %.1000s %zu %d", path, name, length, unlimited);
}

static void compare_dimensions(int one, int other, const char *path) {
    int count, other_count, *ids, *other_ids;
    char a[PATH], b[PATH];
    check(nc_inq_dimids(one, &count, NULL, 0), path);
    check(nc_inq_dimids(other, &other_count, NULL, 0), path);
    if (count != other_count) differs(path, "the number of dimensions");
    ids = allocate((size_t)count, sizeof *ids);
    other_ids = allocate((size_t)other_count, sizeof *ids);
    check(nc_inq_dimids(one, NULL, ids, 0), path);
    check(nc_inq_dimids(other, NULL, other_ids, 0), path);
    for (int i = 0; i < count; i++) {
        bool found = false;
        describe(one, ids[i], a);
        for (int k = 0; k < other_count && !found; k++) {
            describe(other, other_ids[k], b);
            found = strcmp(a, b) == 0;
        }
        if (!found) differs(path, a);
    }
    free(ids);
    free(other_ids);
}

/* Rows of the first dimension at a time, so that memory is bounded. */
static void compare_values(int one, int id, int other, int other_id, nc_type type, int rank, const size_t *shape,
                           const char *path) {
    size_t start[NC_MAX_VAR_DIMS] = {0}, extents[NC_MAX_VAR_DIMS], row = 1, rows = rank > 0 ? shape[0] : 1;
    for (int d = 1; d < rank; d++) row *= shape[d];
    memcpy(extents, shape, (size_t)rank * sizeof *shape);
    if (row == 0 || rows == 0) return;
    size_t step = ((size_t)32 << 20) / (row * size_of(type)) + 1;
    for (size_t at = 0; at < rows; at += step) {
        size_t count = rows - at < step ? rows - at : step;
        start[0] = at;
        extents[0] = count;
        void *a = allocate(count * row, size_of(type)), *b = allocate(count * row, size_of(type));
        check(nc_get_vara(one, id, start, extents, a), path);
        check(nc_get_vara(other, other_id, start, extents, b), path);
        if (!same_values(type, count * row, a, b)) differs(path, "values");
        free(a);
        free(b);
    }
}

static void compare_variable(int one, int id, int other, const char *group) {
    char name[NAME], path[PATH], a[PATH], b[PATH];
    nc_type type, other_type;
    int rank, other_rank, other_id, dims[NC_MAX_VAR_DIMS], other_dims[NC_MAX_VAR_DIMS], storage, other_storage;
    size_t shape[NC_MAX_VAR_DIMS], chunks[NC_MAX_VAR_DIMS], other_chunks[NC_MAX_VAR_DIMS];
    check(nc_inq_var(one, id, name, &type, &rank, dims, NULL), group);
    snprintf(path, sizeof path, "%.3000s%s", group, name);
    if (nc_inq_varid(other, name, &other_id) != NC_NOERR) {
        differs(path, "is not there");
        return;
    }
    check(nc_inq_var(other, other_id, NULL, &other_type, &other_rank, other_dims, NULL), path);
    if (type != other_type || rank != other_rank) {
        differs(path, "type or rank");
        return;
    }
    compare_attributes(one, id, other, other_id, path);
    for (int d = 0; d < rank; d++) {
        describe(one, dims[d], a);
        describe(other, other_dims[d], b);
        if (strcmp(a, b) != 0) {
            differs(path, a);
            return;
        }
        check(nc_inq_dimlen(one, dims[d], &shape[d]), path);
    }
    compare_values(one, id, other, other_id, type, rank, shape, path);
    if (!with_chunks || rank == 0) return;
    check(nc_inq_var_chunking(one, id, &storage, chunks), path);
    check(nc_inq_var_chunking(other, other_id, &other_storage, other_chunks), path);
    if (storage == NC_CHUNKED && other_storage == NC_CHUNKED &&
        memcmp(chunks, other_chunks, (size_t)rank * sizeof *chunks) != 0) {
        differs(path, "chunks");
    }
}

static void compare_group(int one, int other, const char *path) {
    int count, other_count, *ids;
    check(nc_inq_nvars(one, &count), path);
    check(nc_inq_nvars(other, &other_count), path);
    if (count != other_count) differs(path, "the number of variables");
    compare_dimensions(one, other, path);
    compare_attributes(one, NC_GLOBAL, other, NC_GLOBAL, path);
    for (int id = 0; id < count; id++) compare_variable(one, id, other, path);
    check(nc_inq_grps(one, &count, NULL), path);
    check(nc_inq_grps(other, &other_count, NULL), path);
    if (count != other_count) differs(path, "the number of groups");
    ids = allocate((size_t)count, sizeof *ids);
    check(nc_inq_grps(one, NULL, ids), path);
    for (int i = 0; i < count; i++) {
        char name[NAME], below[PATH];
        int group;
        check(nc_inq_grpname(ids[i], name), path);
        snprintf(below, sizeof below, "%.3000s%s/", path, name);
        if (nc_inq_grp_ncid(other, name, &group) == NC_NOERR) {
            compare_group(ids[i], group, below);
        } else {
            differs(below, "is not there");
        }
    }
    free(ids);
}

int main(int argc, char **argv) {
    int one, other;
    if (argc > 1 && strcmp(argv[1], "--chunks") == 0) {
        with_chunks = true;
        argc--;
        argv++;
    }
    if (argc != 3) {
        fprintf(stderr, "usage: same [--chunks] FILE FILE\n");
        return 2;
    }
    check(nc_open(argv[1], NC_NOWRITE, &one), argv[1]);
    check(nc_open(argv[2], NC_NOWRITE, &other), argv[2]);
    compare_group(one, other, "/");
    check(nc_close(one), argv[1]);
    check(nc_close(other), argv[2]);
    return differences ? EXIT_FAILURE : EXIT_SUCCESS;
}
