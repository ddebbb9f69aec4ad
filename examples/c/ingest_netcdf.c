/*
 * NetCDF files into an Atlas store, and the proof that nothing was lost on the way.
 *
 *     ingest_netcdf [--split DIM] STORE FILE...            adds the files to the store, made when missing
 *     ingest_netcdf --check [--split DIM] STORE FILE...    compares the store with the files, value by value
 *
 * Classic and netCDF-4 files, groups included. What becomes what:
 *
 *     a file              a dataset named as the file without its folder and extension ("sst")
 *     a group in it       a dataset of its own ("sst/ensemble/01")
 *     a variable          an array of the same name, type, shape and dimension names
 *     an attribute        an attribute of the same name and type; text becomes a string
 *     a global attribute  an attribute of the dataset
 *     _FillValue          the fill value of the array (missing_value where there is no _FillValue)
 *     NC_CHAR variables   arrays of bytes with the attribute netcdf_type = "char"
 *
 * With --split TIME every position along the dimension TIME becomes a dataset of its own ("sst/TIME/0001"), which
 * holds what varies along TIME, without that dimension, and the coordinate variables. The rest stays in "sst".
 *
 * --check opens the store read-only and reads the NetCDF files afresh. It compares every dimension, type, fill value,
 * attribute and value bit for bit, compares the stored statistics with statistics computed from the NetCDF values, and
 * writes the same variables as NetCDF-4 with shuffle and deflate level 1 to compare the sizes. It fails on any
 * difference, and when the store is the larger one.
 */
#define _XOPEN_SOURCE 700 /* nftw, to add up the sizes of a store's files */
#include <atlas.h>
#include <netcdf.h>

#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME = NC_MAX_NAME + 1, PATH = 4096, SLAB_BYTES = 64 << 20 };

/* ---- errors: this program ends at the first one ---- */

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "ingest_netcdf: ");
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

static void check(atlas_status status) {
    if (status != ATLAS_STATUS_OK) fail("%s: %s", atlas_status_name(status), atlas_last_error());
}

static void nc_check(int status, const char *what) {
    if (status != NC_NOERR) fail("%s: %s", what, nc_strerror(status));
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) fail("out of memory");
    return memory;
}

static void join(char *path, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(path, PATH, format, arguments) >= PATH) fail("a name is too long");
    va_end(arguments);
}

/* ---- types ---- */

static atlas_dtype dtype_of(nc_type type, const char *what) {
    switch (type) {
    case NC_BYTE: return ATLAS_DTYPE_I8;
    case NC_SHORT: return ATLAS_DTYPE_I16;
    case NC_INT: return ATLAS_DTYPE_I32;
    case NC_INT64: return ATLAS_DTYPE_I64;
    case NC_CHAR:
    case NC_UBYTE: return ATLAS_DTYPE_U8;
    case NC_USHORT: return ATLAS_DTYPE_U16;
    case NC_UINT: return ATLAS_DTYPE_U32;
    case NC_UINT64: return ATLAS_DTYPE_U64;
    case NC_FLOAT: return ATLAS_DTYPE_F32;
    case NC_DOUBLE: return ATLAS_DTYPE_F64;
    case NC_STRING: return ATLAS_DTYPE_STRING;
    default: fail("%s: user-defined NetCDF types have no counterpart", what); return 0;
    }
}

/* Of one value in memory; a string is a pointer there. */
static size_t size_of(nc_type type, const char *what) {
    return type == NC_STRING ? sizeof(char *) : atlas_dtype_size(dtype_of(type, what));
}

/* NetCDF has NULL strings, which mean empty ones. */
static const char *text_of(const char *string) { return string ? string : ""; }

/* How many bytes follow the first byte of a character in UTF-8. */
static size_t following_bytes(unsigned char first) {
    if (first < 0x80) return 0;
    if (first >= 0xc2 && first < 0xe0) return 1;
    if (first >= 0xe0 && first < 0xf0) return 2;
    if (first >= 0xf0 && first < 0xf5) return 3;
    return SIZE_MAX; /* no character begins so */
}

static bool is_utf8(const char *text, size_t length) {
    const unsigned char *byte = (const unsigned char *)text;
    for (size_t i = 0; i < length;) {
        const size_t more = following_bytes(byte[i]);
        if (more > length - i - 1) return false;
        for (size_t k = 1; k <= more; k++) {
            if ((byte[i + k] & 0xc0) != 0x80) return false;
        }
        if (byte[i] == 0xe0 && byte[i + 1] < 0xa0) return false; /* overlong */
        if (byte[i] == 0xf0 && byte[i + 1] < 0x90) return false;
        if (byte[i] == 0xed && byte[i + 1] > 0x9f) return false; /* a surrogate */
        if (byte[i] == 0xf4 && byte[i + 1] > 0x8f) return false; /* beyond Unicode */
        i += more + 1;
    }
    return true;
}

/* ---- the NetCDF side: datasets, variables, attributes ---- */

/* What becomes one dataset: a group of a file, or one position of it along the split dimension. */
typedef struct {
    int group;           /* NetCDF id of the file or group */
    char name[PATH];     /* of the dataset */
    int split_dimension; /* -1 when the group is not split */
    size_t position;     /* along it; WHOLE for the dataset of what does not vary */
} source;

#define WHOLE ((size_t)-1)

/* One variable as the dataset holds it. The axes are those of the array: the split dimension is not among them. */
typedef struct {
    int group, id;
    char name[NAME];
    nc_type type;
    atlas_dtype dtype;
    size_t element; /* bytes in memory */
    size_t rank;
    uint64_t shape[ATLAS_MAX_RANK];
    char dims[ATLAS_MAX_RANK][NAME];
    size_t axis[ATLAS_MAX_RANK];                         /* of the NetCDF variable, for each axis of the array */
    size_t start[ATLAS_MAX_RANK], count[ATLAS_MAX_RANK]; /* NetCDF's view of the region */
    bool has_fill;
    unsigned char fill[16]; /* one value, or a char * to free with release_variable */
} variable;

/* An attribute ready for atlas_set_attribute. */
typedef struct {
    char name[NAME];
    atlas_dtype dtype;
    size_t count;
    void *values;
    char **strings; /* owned by NetCDF */
    char *text;     /* owned by us */
} attribute;

/* Text becomes a string, without the NULs that some writers count in. Where it cannot be one, its bytes are kept. */
static void load_text(int group, int id, attribute *a) {
    size_t length = a->count;
    a->text = allocate(length + 1, 1);
    nc_check(nc_get_att_text(group, id, a->name, a->text), a->name);
    while (length > 0 && a->text[length - 1] == '\0') length--;
    if (strlen(a->text) == length && is_utf8(a->text, length)) {
        const char **value = allocate(1, sizeof *value);
        value[0] = a->text;
        *a = (attribute){.dtype = ATLAS_DTYPE_STRING, .count = 1, .values = value, .text = a->text};
    } else {
        *a = (attribute){.dtype = ATLAS_DTYPE_U8, .count = a->count, .values = a->text};
    }
}

static attribute load_attribute(int group, int id, int number) {
    attribute a = {.count = 0};
    char name[NAME];
    nc_type type;
    nc_check(nc_inq_attname(group, id, number, name), "attribute");
    nc_check(nc_inq_att(group, id, name, &type, &a.count), name);
    strcpy(a.name, name);
    if (type == NC_CHAR) {
        load_text(group, id, &a);
    } else {
        a.dtype = dtype_of(type, name);
        a.values = allocate(a.count, size_of(type, name));
        nc_check(nc_get_att(group, id, name, a.values), name);
        if (type == NC_STRING) {
            a.strings = a.values;
            a.values = allocate(a.count, sizeof(char *));
            for (size_t i = 0; i < a.count; i++) ((const char **)a.values)[i] = text_of(a.strings[i]);
        }
    }
    strcpy(a.name, name);
    return a;
}

static void release_attribute(attribute *a) {
    if (a->strings) nc_check(nc_free_string(a->count, a->strings), a->name);
    free(a->strings);
    free(a->text);
    free(a->values);
}

/* The one value of attribute `name`, as a value of the variable's type; false when it is not that. */
static bool load_fill_from(variable *v, const char *name) {
    nc_type type;
    size_t count;
    int status;
    if (nc_inq_att(v->group, v->id, name, &type, &count) != NC_NOERR || count != 1) return false;
    if ((type == NC_CHAR || type == NC_STRING || v->type == NC_CHAR || v->type == NC_STRING) && type != v->type) {
        return false;
    }
    switch (v->type) { /* these convert, as old files give missing_value in another type */
    case NC_BYTE: status = nc_get_att_schar(v->group, v->id, name, (signed char *)v->fill); break;
    case NC_SHORT: status = nc_get_att_short(v->group, v->id, name, (short *)v->fill); break;
    case NC_INT: status = nc_get_att_int(v->group, v->id, name, (int *)v->fill); break;
    case NC_INT64: status = nc_get_att_longlong(v->group, v->id, name, (long long *)v->fill); break;
    case NC_UBYTE: status = nc_get_att_ubyte(v->group, v->id, name, v->fill); break;
    case NC_USHORT: status = nc_get_att_ushort(v->group, v->id, name, (unsigned short *)v->fill); break;
    case NC_UINT: status = nc_get_att_uint(v->group, v->id, name, (unsigned int *)v->fill); break;
    case NC_UINT64: status = nc_get_att_ulonglong(v->group, v->id, name, (unsigned long long *)v->fill); break;
    case NC_FLOAT: status = nc_get_att_float(v->group, v->id, name, (float *)v->fill); break;
    case NC_DOUBLE: status = nc_get_att_double(v->group, v->id, name, (double *)v->fill); break;
    default: status = nc_get_att(v->group, v->id, name, v->fill);
    }
    return status == NC_NOERR; /* a missing_value outside the range of the type marks nothing */
}

static void load_fill(variable *v) {
    v->has_fill = load_fill_from(v, "_FillValue") || load_fill_from(v, "missing_value");
}

/* Whether variable `id` belongs to the dataset, and how it looks there. */
static bool load_variable(const source *from, int id, variable *v) {
    int dimensions[NC_MAX_VAR_DIMS], rank;
    bool varies = false, is_coordinate;
    memset(v, 0, sizeof *v);
    v->group = from->group;
    v->id = id;
    nc_check(nc_inq_var(from->group, id, v->name, &v->type, &rank, dimensions, NULL), "variable");
    if (rank > ATLAS_MAX_RANK) fail("%s: %d dimensions are too many", v->name, rank);
    v->dtype = dtype_of(v->type, v->name);
    v->element = size_of(v->type, v->name);
    for (int k = 0; k < rank; k++) {
        size_t length;
        nc_check(nc_inq_dim(from->group, dimensions[k], v->dims[v->rank], &length), v->name);
        v->count[k] = length;
        if (dimensions[k] == from->split_dimension && !varies) {
            varies = true;
            if (from->position == WHOLE) continue;
            v->start[k] = from->position;
            v->count[k] = 1;
        } else {
            v->axis[v->rank] = (size_t)k;
            v->shape[v->rank++] = length;
        }
    }
    is_coordinate = rank == 1 && strcmp(v->name, v->dims[0]) == 0;
    if (from->split_dimension >= 0 && varies == (from->position == WHOLE) && !(is_coordinate && !varies)) return false;
    load_fill(v);
    return true;
}

static void release_variable(variable *v) {
    if (v->has_fill && v->type == NC_STRING) nc_free_string(1, (char **)v->fill);
}

/* A variable is moved in slabs of whole rows along its first axis, so that its size is no matter. */
typedef struct {
    uint64_t start[ATLAS_MAX_RANK], count[ATLAS_MAX_RANK];
    size_t values;
    void *data;
} slab;

/* The rows from `row` on, read from NetCDF; false when there are none left. */
static bool load_slab(variable *v, uint64_t row, slab *s) {
    uint64_t row_values = 1, rows = 1;
    for (size_t k = 1; k < v->rank; k++) row_values *= v->shape[k];
    if (row >= (v->rank > 0 ? v->shape[0] : 1) || row_values == 0) return false;
    for (size_t k = 0; k < v->rank; k++) {
        s->start[k] = 0;
        s->count[k] = v->shape[k];
    }
    if (v->rank > 0) {
        rows = SLAB_BYTES / (row_values * v->element);
        if (rows == 0) rows = 1;
        if (rows > v->shape[0] - row) rows = v->shape[0] - row;
        s->start[0] = v->start[v->axis[0]] = row;
        s->count[0] = v->count[v->axis[0]] = rows;
    }
    s->values = rows * row_values;
    s->data = allocate(s->values, v->element);
    nc_check(nc_get_vara(v->group, v->id, v->start, v->count, s->data), v->name);
    return true;
}

static uint64_t next_row(const variable *v, const slab *s) { return v->rank > 0 ? s->start[0] + s->count[0] : 1; }

static void release_slab(const variable *v, slab *s) {
    if (v->type == NC_STRING) nc_check(nc_free_string(s->values, s->data), v->name);
    free(s->data);
}

/* ---- walking a file: the datasets it becomes ---- */

/* Whether a variable of the group has the dimension `name`, whose id comes back. */
static bool varies_along(int group, const char *name, int *dimension) {
    int variables, rank, dimensions[NC_MAX_VAR_DIMS];
    if (nc_inq_dimid(group, name, dimension) != NC_NOERR) return false;
    nc_check(nc_inq_nvars(group, &variables), name);
    for (int id = 0; id < variables; id++) {
        nc_check(nc_inq_var(group, id, NULL, NULL, &rank, dimensions, NULL), name);
        for (int k = 0; k < rank; k++) {
            if (dimensions[k] == *dimension) return true;
        }
    }
    return false;
}

typedef void (*visitor)(atlas_store store, const source *from);

static void walk_group(atlas_store store, int group, const char *name, const char *split, visitor visit) {
    source from = {.group = group, .split_dimension = -1, .position = WHOLE};
    int groups, dimension, *ids;
    join(from.name, "%s", name);
    if (split && varies_along(group, split, &dimension)) {
        size_t length;
        from.split_dimension = dimension;
        nc_check(nc_inq_dimlen(group, from.split_dimension, &length), split);
        visit(store, &from);
        for (from.position = 0; from.position < length; from.position++) {
            join(from.name, "%s/%s/%04zu", name, split, from.position + 1);
            visit(store, &from);
        }
    } else {
        visit(store, &from);
    }
    nc_check(nc_inq_grps(group, &groups, NULL), name);
    ids = allocate((size_t)groups, sizeof *ids);
    nc_check(nc_inq_grps(group, NULL, ids), name);
    for (int i = 0; i < groups; i++) {
        char inner[NAME], path[PATH];
        nc_check(nc_inq_grpname(ids[i], inner), name);
        join(path, "%s/%s", name, inner);
        walk_group(store, ids[i], path, split, visit);
    }
    free(ids);
}

/* "/data/sst.1982.nc" gives "sst.1982". */
static void dataset_name(const char *path, char *name) {
    const char *slash = strrchr(path, '/');
    char *dot;
    join(name, "%s", slash ? slash + 1 : path);
    dot = strrchr(name, '.');
    if (dot && dot != name) *dot = '\0';
}

static void walk_file(atlas_store store, const char *path, const char *split, visitor visit) {
    char name[PATH];
    int file;
    dataset_name(path, name);
    nc_check(nc_open(path, NC_NOWRITE, &file), path);
    walk_group(store, file, name, split, visit);
    nc_check(nc_close(file), path);
}

/* ---- ingest ---- */

/* NULL for `array`: the global attributes, into the dataset. */
static void ingest_attributes(atlas_store store, const source *from, const char *array, int id) {
    int count;
    if (id == NC_GLOBAL) {
        nc_check(nc_inq_natts(from->group, &count), from->name);
    } else {
        nc_check(nc_inq_varnatts(from->group, id, &count), array);
    }
    for (int i = 0; i < count; i++) {
        attribute a = load_attribute(from->group, id, i);
        check(atlas_set_attribute(store, from->name, array, a.name, a.dtype, a.count, a.values));
        release_attribute(&a);
    }
}

static void define_array(atlas_store store, const source *from, const variable *v) {
    const char *dims[ATLAS_MAX_RANK];
    atlas_array_options options = {.struct_size = sizeof options};
    const char *type = "char", *text = NULL;
    if (v->has_fill) {
        memcpy(&text, v->fill, sizeof text);
        options.fill_value = v->type == NC_STRING ? (const void *)text_of(text) : (const void *)v->fill;
    }
    for (size_t k = 0; k < v->rank; k++) dims[k] = v->dims[k];
    check(atlas_define_array(store, from->name, v->name, v->dtype, v->rank, dims, v->shape, &options));
    if (v->type == NC_CHAR) {
        check(atlas_set_attribute(store, from->name, v->name, "netcdf_type", ATLAS_DTYPE_STRING, 1, &type));
    }
}

static void write_values(atlas_store store, const source *from, variable *v) {
    slab s;
    for (uint64_t row = 0; load_slab(v, row, &s); row = next_row(v, &s)) {
        if (v->type == NC_STRING) {
            const char **strings = allocate(s.values, sizeof *strings);
            for (size_t i = 0; i < s.values; i++) strings[i] = text_of(((char **)s.data)[i]);
            check(atlas_write_strings(store, from->name, v->name, v->rank, s.start, s.count, strings));
            free(strings);
        } else {
            check(atlas_write_array(store, from->name, v->name, v->dtype, v->rank, s.start, s.count, NULL, s.data));
        }
        release_slab(v, &s);
    }
}

static void ingest_dataset(atlas_store store, const source *from) {
    int variables;
    check(atlas_create_dataset(store, from->name));
    ingest_attributes(store, from, NULL, NC_GLOBAL);
    nc_check(nc_inq_nvars(from->group, &variables), from->name);
    for (int id = 0; id < variables; id++) {
        variable v;
        if (!load_variable(from, id, &v)) continue;
        define_array(store, from, &v);
        ingest_attributes(store, from, v.name, id);
        write_values(store, from, &v);
        release_variable(&v);
    }
}

static void ingest(const char *path, const char *split, char **files, size_t count) {
    atlas_store_description about = {.struct_size = sizeof about};
    atlas_store store;
    atlas_status status = atlas_create(path, NULL, &store);
    if (status == ATLAS_STATUS_ALREADY_EXISTS) status = atlas_open(path, ATLAS_MODE_READ_WRITE, NULL, &store);
    check(status);
    for (size_t i = 0; i < count; i++) walk_file(store, files[i], split, ingest_dataset);
    check(atlas_flush(store)); /* all files at once, or none */
    check(atlas_store_info(store, &about));
    printf("%s: %zu files, %" PRIu64 " datasets, %" PRIu64 " array names, %" PRIu64 " segments\n", path, count,
           (uint64_t)about.dataset_count, (uint64_t)about.array_file_count, (uint64_t)about.segment_count);
    check(atlas_close(store));
}

/* ---- check: the values and attributes ---- */

static struct { size_t datasets, variables, values, attributes, differences; } found;

static void agree(bool same, const char *format, ...) {
    va_list arguments;
    if (same) return;
    found.differences++;
    va_start(arguments, format);
    fprintf(stderr, "ingest_netcdf: differs: ");
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

/* The NUL-separated strings that `get` delivers for the attribute, in memory to be freed. */
static char *stored_strings(atlas_store store, const source *from, const char *array, const char *key, size_t *bytes) {
    char *text;
    atlas_status status = atlas_get_attribute_strings(store, from->name, array, key, NULL, 0, bytes);
    if (status != ATLAS_STATUS_BUFFER_TOO_SMALL) check(status);
    text = allocate(*bytes, 1);
    check(atlas_get_attribute_strings(store, from->name, array, key, text, *bytes, bytes));
    return text;
}

/* Whether `text`, strings one after the other, each with its NUL, is what `expected` lists. */
static bool same_strings(const char *text, size_t bytes, const char *const *expected, size_t count) {
    const char *end = text + bytes;
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(expected[i]) + 1;
        if ((size_t)(end - text) < length || memcmp(text, expected[i], length) != 0) return false;
        text += length;
    }
    return text == end;
}

static void check_attribute(atlas_store store, const source *from, const char *array, const attribute *a) {
    const char *owner = array ? array : "(global)";
    atlas_dtype dtype;
    size_t count, bytes;
    check(atlas_attribute_info(store, from->name, array, a->name, &dtype, &count));
    found.attributes++;
    agree(dtype == a->dtype && count == a->count, "%s: %s: attribute '%s': %zu of %s, expected %zu of %s", from->name,
          owner, a->name, count, atlas_dtype_name(dtype), a->count, atlas_dtype_name(a->dtype));
    if (dtype != a->dtype || count != a->count) return;
    if (dtype == ATLAS_DTYPE_STRING) {
        char *text = stored_strings(store, from, array, a->name, &bytes);
        agree(same_strings(text, bytes, a->values, a->count), "%s: %s: attribute '%s'", from->name, owner, a->name);
        free(text);
    } else {
        bytes = count * atlas_dtype_size(dtype);
        unsigned char *values = allocate(bytes, 1);
        check(atlas_get_attribute(store, from->name, array, a->name, dtype, count, values, &count));
        agree(memcmp(values, a->values, bytes) == 0, "%s: %s: attribute '%s'", from->name, owner, a->name);
        free(values);
    }
}

static void check_attributes(atlas_store store, const source *from, const char *array, int id, size_t own) {
    size_t stored;
    int count;
    if (id == NC_GLOBAL) {
        nc_check(nc_inq_natts(from->group, &count), from->name);
    } else {
        nc_check(nc_inq_varnatts(from->group, id, &count), array);
    }
    for (int i = 0; i < count; i++) {
        attribute a = load_attribute(from->group, id, i);
        check_attribute(store, from, array, &a);
        release_attribute(&a);
    }
    check(atlas_attribute_count(store, from->name, array, &stored));
    agree(stored == (size_t)count + own, "%s: %s: %zu attributes, expected %zu", from->name, array ? array : "(global)",
          stored, (size_t)count + own);
}

static void check_definition(atlas_store store, const source *from, const variable *v) {
    atlas_array_description array = {.struct_size = sizeof array};
    const char *expected[ATLAS_MAX_RANK];
    char *dims = allocate(v->rank, NAME);
    size_t bytes;
    check(atlas_array_info(store, from->name, v->name, &array));
    agree(array.dtype == v->dtype, "%s: %s: type %s", from->name, v->name, atlas_dtype_name(array.dtype));
    agree(array.rank == v->rank && memcmp(array.shape, v->shape, v->rank * sizeof *v->shape) == 0, "%s: %s: shape",
          from->name, v->name);
    for (size_t k = 0; k < v->rank; k++) expected[k] = v->dims[k];
    check(atlas_array_dims(store, from->name, v->name, dims, v->rank * NAME, &bytes));
    agree(same_strings(dims, bytes, expected, v->rank), "%s: %s: dimensions", from->name, v->name);
    agree(!!array.has_fill_value == v->has_fill, "%s: %s: fill value present: %d", from->name, v->name,
          (int)array.has_fill_value);
    if (v->has_fill && array.has_fill_value && v->type == NC_STRING) {
        char text[NAME], *fill;
        memcpy(&fill, v->fill, sizeof fill);
        check(atlas_array_fill_text(store, from->name, v->name, text, sizeof text, &bytes));
        agree(strcmp(text, text_of(fill)) == 0, "%s: %s: fill value '%s'", from->name, v->name, text);
    } else if (v->has_fill && array.has_fill_value) {
        agree(memcmp(array.fill_value, v->fill, v->element) == 0, "%s: %s: fill value", from->name, v->name);
    }
    free(dims);
}

/* How many values of the slab the store gives back otherwise. */
static size_t count_differences(atlas_store store, const source *from, const variable *v, const slab *s) {
    size_t different = 0;
    if (v->type == NC_STRING) {
        const char **expected = allocate(s->values, sizeof *expected);
        size_t bytes;
        char *text;
        atlas_status status =
            atlas_read_strings(store, from->name, v->name, v->rank, s->start, s->count, NULL, 0, &bytes);
        if (status != ATLAS_STATUS_BUFFER_TOO_SMALL) check(status);
        text = allocate(bytes, 1);
        check(atlas_read_strings(store, from->name, v->name, v->rank, s->start, s->count, text, bytes, &bytes));
        for (size_t i = 0; i < s->values; i++) expected[i] = text_of(((char **)s->data)[i]);
        different = same_strings(text, bytes, expected, s->values) ? 0 : 1;
        free(text);
        free(expected);
    } else {
        const unsigned char *expected = s->data;
        unsigned char *stored = allocate(s->values, v->element);
        check(atlas_read_array(store, from->name, v->name, v->dtype, v->rank, s->start, s->count, NULL, stored));
        for (size_t i = 0; i < s->values; i++) {
            different += memcmp(stored + i * v->element, expected + i * v->element, v->element) != 0;
        }
        free(stored);
    }
    return different;
}

/* ---- check: the statistics ---- */

/* One number of any type, exact. */
typedef struct {
    enum { SIGNED, UNSIGNED, FLOATING } kind;
    int64_t i;
    uint64_t u;
    double f;
} number;

/* The same from the NetCDF values, without the library. */
typedef struct {
    uint64_t rows, nulls, valid;
    number min, max;
} summary;

#define LOAD(TYPE, KIND, FIELD)                                                                                        \
    do {                                                                                                               \
        TYPE value;                                                                                                    \
        memcpy(&value, (const char *)data + index * sizeof value, sizeof value);                                       \
        return (number){.kind = KIND, .FIELD = value};                                                                 \
    } while (0)

static number load_number(nc_type type, const void *data, size_t index) {
    switch (type) {
    case NC_BYTE: LOAD(int8_t, SIGNED, i);
    case NC_SHORT: LOAD(int16_t, SIGNED, i);
    case NC_INT: LOAD(int32_t, SIGNED, i);
    case NC_INT64: LOAD(int64_t, SIGNED, i);
    case NC_CHAR:
    case NC_UBYTE: LOAD(uint8_t, UNSIGNED, u);
    case NC_USHORT: LOAD(uint16_t, UNSIGNED, u);
    case NC_UINT: LOAD(uint32_t, UNSIGNED, u);
    case NC_UINT64: LOAD(uint64_t, UNSIGNED, u);
    case NC_FLOAT: LOAD(float, FLOATING, f);
    default: LOAD(double, FLOATING, f);
    }
}

static bool less(number a, number b) {
    return a.kind == SIGNED ? a.i < b.i : a.kind == UNSIGNED ? a.u < b.u : a.f < b.f;
}

static bool is_nan(number a) { return a.kind == FLOATING && isnan(a.f); }

/* A NaN fill value marks every NaN. */
static bool is_fill(number value, number fill) {
    return (is_nan(value) && is_nan(fill)) ||
           (!is_nan(value) && !is_nan(fill) && !less(value, fill) && !less(fill, value));
}

static void summarise_strings(const variable *v, const slab *s, summary *sum) {
    char *fill;
    memcpy(&fill, v->fill, sizeof fill);
    for (size_t i = 0; i < s->values && v->has_fill; i++) {
        sum->nulls += strcmp(text_of(((char **)s->data)[i]), text_of(fill)) == 0;
    }
}

static void summarise(const variable *v, const slab *s, summary *sum) {
    number fill, value;
    sum->rows += s->values;
    if (v->type == NC_STRING) {
        summarise_strings(v, s, sum);
        return;
    }
    fill = load_number(v->type, v->fill, 0);
    for (size_t i = 0; i < s->values; i++) {
        value = load_number(v->type, s->data, i);
        if (v->has_fill && is_fill(value, fill)) {
            sum->nulls++;
        } else if (!is_nan(value)) {
            if (sum->valid == 0 || less(value, sum->min)) sum->min = value;
            if (sum->valid == 0 || less(sum->max, value)) sum->max = value;
            sum->valid++;
        }
    }
}

static void check_range(const source *from, const variable *v, const summary *sum, const atlas_stats *stats) {
    bool same;
    if (sum->min.kind == SIGNED) {
        same = stats->min_int == sum->min.i && stats->max_int == sum->max.i;
    } else if (sum->min.kind == UNSIGNED) {
        same = stats->min_uint == sum->min.u && stats->max_uint == sum->max.u;
    } else {
        same = stats->min == sum->min.f && stats->max == sum->max.f;
    }
    agree(same, "%s: %s: stored range %.17g..%.17g", from->name, v->name, stats->min, stats->max);
}

static void check_statistics(atlas_store store, const source *from, const variable *v, const summary *sum) {
    atlas_stats stats;
    check(atlas_array_stats(store, from->name, v->name, &stats));
    agree(stats.row_count == sum->rows, "%s: %s: row_count %" PRIu64 ", expected %" PRIu64, from->name, v->name,
          stats.row_count, sum->rows);
    agree(stats.null_count == sum->nulls, "%s: %s: null_count %" PRIu64 ", expected %" PRIu64, from->name, v->name,
          stats.null_count, sum->nulls);
    agree(!!stats.has_range == (sum->valid > 0), "%s: %s: has_range %d", from->name, v->name, (int)stats.has_range);
    if (sum->valid > 0 && stats.has_range) check_range(from, v, sum, &stats);
}

/* ---- check: whole datasets ---- */

static void check_variable(atlas_store store, const source *from, variable *v) {
    summary sum = {.rows = 0};
    size_t different = 0;
    slab s;
    check_definition(store, from, v);
    check_attributes(store, from, v->name, v->id, v->type == NC_CHAR ? 1 : 0);
    for (uint64_t row = 0; load_slab(v, row, &s); row = next_row(v, &s)) {
        different += count_differences(store, from, v, &s);
        summarise(v, &s, &sum);
        release_slab(v, &s);
    }
    agree(different == 0, "%s: %s: %zu of %" PRIu64 " values", from->name, v->name, different, sum.rows);
    check_statistics(store, from, v, &sum);
    found.variables++;
    found.values += sum.rows;
}

static void check_dataset(atlas_store store, const source *from) {
    size_t stored, expected = 0;
    int variables;
    check_attributes(store, from, NULL, NC_GLOBAL, 0);
    nc_check(nc_inq_nvars(from->group, &variables), from->name);
    for (int id = 0; id < variables; id++) {
        variable v;
        if (!load_variable(from, id, &v)) continue;
        check_variable(store, from, &v);
        release_variable(&v);
        expected++;
    }
    check(atlas_array_count(store, from->name, &stored));
    agree(stored == expected, "%s: %zu arrays, expected %zu", from->name, stored, expected);
    found.datasets++;
}

/* ---- check: the sizes ---- */

/* The whole of a variable, for any type, from one file to another. */
static void copy_values(int from, int to, int id, const int *dimensions, int rank) {
    size_t start[NC_MAX_VAR_DIMS] = {0}, count[NC_MAX_VAR_DIMS], values = 1;
    char name[NAME];
    nc_type type;
    void *data;
    nc_check(nc_inq_var(from, id, name, &type, NULL, NULL, NULL), "variable");
    for (int k = 0; k < rank; k++) {
        nc_check(nc_inq_dimlen(from, dimensions[k], &count[k]), name);
        values *= count[k];
    }
    if (values == 0) return;
    data = allocate(values, size_of(type, name));
    nc_check(nc_get_vara(from, id, start, count, data), name);
    nc_check(nc_put_vara(to, id, start, count, data), name);
    if (type == NC_STRING) nc_check(nc_free_string(values, data), name);
    free(data);
}

static void copy_attributes(int from, int from_id, int to, int to_id, int count) {
    for (int i = 0; i < count; i++) {
        char name[NAME];
        nc_check(nc_inq_attname(from, from_id, i, name), "attribute");
        nc_check(nc_copy_att(from, from_id, name, to, to_id), name);
    }
}

static void copy_dimensions(int from, int to) {
    int count, unlimited_count, *ids, *unlimited;
    nc_check(nc_inq_dimids(from, &count, NULL, 0), "dimensions");
    nc_check(nc_inq_unlimdims(from, &unlimited_count, NULL), "dimensions");
    ids = allocate((size_t)count, sizeof *ids);
    unlimited = allocate((size_t)unlimited_count, sizeof *unlimited);
    nc_check(nc_inq_dimids(from, NULL, ids, 0), "dimensions");
    nc_check(nc_inq_unlimdims(from, NULL, unlimited), "dimensions");
    for (int i = 0; i < count; i++) {
        char name[NAME];
        size_t length;
        nc_check(nc_inq_dim(from, ids[i], name, &length), "dimension");
        for (int k = 0; k < unlimited_count; k++) {
            if (unlimited[k] == ids[i]) length = NC_UNLIMITED;
        }
        nc_check(nc_def_dim(to, name, length, NULL), name);
    }
    free(ids);
    free(unlimited);
}

static void copy_variable(int from, int to, int id) {
    int dimensions[NC_MAX_VAR_DIMS], copies[NC_MAX_VAR_DIMS], rank, attributes, copy;
    char name[NAME], dimension[NAME];
    nc_type type;
    nc_check(nc_inq_var(from, id, name, &type, &rank, dimensions, &attributes), "variable");
    for (int k = 0; k < rank; k++) {
        nc_check(nc_inq_dimname(from, dimensions[k], dimension), name);
        nc_check(nc_inq_dimid(to, dimension, &copies[k]), name);
    }
    nc_check(nc_def_var(to, name, type, rank, copies, &copy), name);
    if (rank > 0 && type != NC_STRING) nc_check(nc_def_var_deflate(to, copy, NC_SHUFFLE, 1, 1), name);
    copy_attributes(from, id, to, copy, attributes);
    copy_values(from, to, id, dimensions, rank);
}

static void copy_group(int from, int to) {
    int variables, attributes, groups, *ids;
    nc_check(nc_inq_natts(from, &attributes), "group");
    copy_attributes(from, NC_GLOBAL, to, NC_GLOBAL, attributes);
    copy_dimensions(from, to);
    nc_check(nc_inq_nvars(from, &variables), "group");
    for (int id = 0; id < variables; id++) copy_variable(from, to, id);
    nc_check(nc_inq_grps(from, &groups, NULL), "group");
    ids = allocate((size_t)groups, sizeof *ids);
    nc_check(nc_inq_grps(from, NULL, ids), "group");
    for (int i = 0; i < groups; i++) {
        char name[NAME];
        int copy;
        nc_check(nc_inq_grpname(ids[i], name), "group");
        nc_check(nc_def_grp(to, name, &copy), name);
        copy_group(ids[i], copy);
    }
    free(ids);
}

static uint64_t file_size(const char *path) {
    struct stat about;
    if (stat(path, &about) != 0) fail("%s: no such file", path);
    return (uint64_t)about.st_size;
}

/* The bytes of `file` written by libnetcdf as NetCDF-4, shuffle and deflate level 1, its own default chunks. */
static uint64_t size_as_netcdf4(const char *file, const char *store) {
    char copy[PATH];
    uint64_t size;
    int from, to;
    join(copy, "%s.netcdf4-%ld", store, (long)getpid());
    nc_check(nc_open(file, NC_NOWRITE, &from), file);
    nc_check(nc_create(copy, NC_NETCDF4 | NC_CLOBBER, &to), copy);
    copy_group(from, to);
    nc_check(nc_close(to), copy);
    nc_check(nc_close(from), file);
    size = file_size(copy);
    remove(copy);
    return size;
}

static uint64_t folder_bytes;

static int add_size(const char *path, const struct stat *about, int kind, struct FTW *position) {
    (void)path, (void)position;
    if (kind == FTW_F) folder_bytes += (uint64_t)about->st_size;
    return 0;
}

static uint64_t folder_size(const char *path) {
    folder_bytes = 0;
    if (nftw(path, add_size, 16, FTW_PHYS) != 0) fail("%s: cannot be walked", path);
    return folder_bytes;
}

static void compare_sizes(const char *store, char **files, size_t count) {
    uint64_t netcdf4 = 0, original = 0, stored;
    printf("%-28s %12s %12s\n", "bytes", "as found", "NetCDF-4");
    for (size_t i = 0; i < count; i++) {
        const uint64_t found_as = file_size(files[i]), copy = size_as_netcdf4(files[i], store);
        char name[PATH];
        dataset_name(files[i], name);
        printf("  %-26s %12" PRIu64 " %12" PRIu64 "\n", name, found_as, copy);
        original += found_as;
        netcdf4 += copy;
    }
    stored = folder_size(store);
    printf("  %-26s %12" PRIu64 " %12" PRIu64 "\n", "total", original, netcdf4);
    printf("  %-26s %12" PRIu64 "   %.3f of NetCDF-4 with shuffle and deflate level 1\n", "store", stored,
           (double)stored / (double)netcdf4);
    agree(stored <= netcdf4, "size: the store is larger than NetCDF-4");
}

static void report_damage(const char *file, uint64_t offset, const char *message, void *user_data) {
    (void)user_data;
    fprintf(stderr, "ingest_netcdf: damage in %s at %" PRIu64 ": %s\n", file, offset, message);
}

static void check_store(const char *path, const char *split, char **files, size_t count) {
    atlas_store store;
    size_t stored;
    check(atlas_open(path, ATLAS_MODE_READ, NULL, &store));
    check(atlas_verify(store, report_damage, NULL, NULL));
    for (size_t i = 0; i < count; i++) walk_file(store, files[i], split, check_dataset);
    check(atlas_dataset_count(store, &stored));
    agree(stored == found.datasets, "the store has %zu datasets, the files give %zu", stored, found.datasets);
    check(atlas_close(store));
    printf("%s: %zu datasets, %zu variables, %zu values, %zu attributes compared\n", path, found.datasets,
           found.variables, found.values, found.attributes);
    compare_sizes(path, files, count);
    if (found.differences > 0) fail("%zu differences between %s and the files", found.differences, path);
    printf("The store agrees with the files bit for bit.\n");
}

int main(int argc, char **argv) {
    const char *split = NULL;
    bool checking = false;
    int next = 1;
    for (; next < argc && strncmp(argv[next], "--", 2) == 0; next++) {
        if (strcmp(argv[next], "--check") == 0) {
            checking = true;
        } else if (strcmp(argv[next], "--split") == 0 && next + 1 < argc) {
            split = argv[++next];
        } else {
            break;
        }
    }
    if (argc - next < 2 || strncmp(argv[next], "--", 2) == 0) {
        fprintf(stderr, "usage: ingest_netcdf [--check] [--split DIM] STORE FILE...\n");
        return 2;
    }
    if (checking) {
        check_store(argv[next], split, argv + next + 1, (size_t)(argc - next - 1));
    } else {
        ingest(argv[next], split, argv + next + 1, (size_t)(argc - next - 1));
    }
    return EXIT_SUCCESS;
}
