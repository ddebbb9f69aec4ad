/* Writes what the sample climate files lack: every type and shape of NetCDF-4, several dimensions that grow. */
#include <netcdf.h>

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int status) {
    if (status != NC_NOERR) {
        fprintf(stderr, "every_type: %s\n", nc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

enum { STEPS = 3, STATIONS = 4, LETTERS = 6, VALUES = STEPS * STATIONS };

static int file, time_dim, station_dim, letter_dim, none_dim;

static int define(int group, const char *name, nc_type type, int rank, int first, int second) {
    const int dims[] = {first, second};
    int variable;
    check(nc_def_var(group, name, type, rank, dims, &variable));
    return variable;
}

static void text_att(int variable, const char *name, const char *text, size_t length) {
    check(nc_put_att_text(file, variable, name, length, text));
}

/* A variable over (time, station) of `type` with its `fill` under the name `fill_name`, NULL for none. */
static void field(const char *name, nc_type type, const char *fill_name, const void *fill, const void *values) {
    const size_t start[] = {0, 0}, count[] = {STEPS, STATIONS};
    const int variable = define(file, name, type, 2, time_dim, station_dim);
    if (fill_name) check(nc_put_att(file, variable, fill_name, type, 1, fill));
    check(nc_put_vara(file, variable, start, count, values));
}

static void define_dimensions(void) {
    const double times[] = {0.5, 1.5, 2.5};
    const int stations[] = {10, 20, 30, 40};
    const size_t start = 0, count = STEPS;
    int variable;
    check(nc_def_dim(file, "time", NC_UNLIMITED, &time_dim));
    check(nc_def_dim(file, "station", STATIONS, &station_dim));
    check(nc_def_dim(file, "letter", LETTERS, &letter_dim));
    check(nc_def_dim(file, "none", NC_UNLIMITED, &none_dim));
    variable = define(file, "time", NC_DOUBLE, 1, time_dim, 0);
    text_att(variable, "units", "days since 2000-01-01", 21);
    check(nc_put_vara(file, variable, &start, &count, times));
    variable = define(file, "station", NC_INT, 1, station_dim, 0);
    check(nc_put_var(file, variable, stations));
}

static void write_integers(void) {
    const int8_t b[VALUES] = {-128, -1, 0, 127, 1, 2, 3, 4, -1, -1, -1, -1}, b_fill = -1;
    const uint8_t ub[VALUES] = {0, 1, 254, 255, 5, 6, 7, 8, 9, 10, 11, 255}, ub_fill = 255;
    const int16_t s[VALUES] = {-32768, 32767, -9999, 1, 2, 3, 4, 5, 6, 7, 8, -9999};
    const uint16_t us[VALUES] = {0, 1, 65535, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    const int32_t i[VALUES] = {INT32_MIN, INT32_MAX, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, i_fill = INT32_MIN;
    const uint32_t ui[VALUES] = {0, 1, 2, UINT32_MAX, 4, 5, 6, 7, 8, 9, 10, 11};
    const int64_t l[VALUES] = {INT64_MIN, INT64_MAX, 9007199254740993, -9007199254740993, 0, 1, 2, 3, 4, 5, 6, 7};
    const int64_t l_fill = INT64_MIN;
    const uint64_t ul[VALUES] = {UINT64_MAX, UINT64_MAX - 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const double s_fill = -9999;
    const size_t start[] = {0, 0}, count[] = {STATIONS, STEPS};
    int variable;
    field("b", NC_BYTE, "_FillValue", &b_fill, b);
    field("ub", NC_UBYTE, "_FillValue", &ub_fill, ub);
    variable = define(file, "s", NC_SHORT, 2, station_dim, time_dim);
    check(nc_put_att(file, variable, "missing_value", NC_DOUBLE, 1, &s_fill));
    check(nc_put_vara(file, variable, start, count, s));
    field("us", NC_USHORT, NULL, NULL, us);
    field("i", NC_INT, "_FillValue", &i_fill, i);
    field("ui", NC_UINT, NULL, NULL, ui);
    field("l", NC_INT64, "_FillValue", &l_fill, l);
    field("ul", NC_UINT64, NULL, NULL, ul);
}

static void write_floats(void) {
    const float f[VALUES] = {NAN, INFINITY, -INFINITY, 1.5f, -0.0f, 0.0f, 1e-40f, 3.4e38f, NAN, 2, 3, 4}, f_fill = NAN;
    const double d[VALUES] = {1e20, -0.0, NAN, INFINITY, 4.9e-324, 1e20, 1, 2, 3, 4, 5, 6}, d_missing = 1e20;
    const float nan[VALUES] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    field("f", NC_FLOAT, "_FillValue", &f_fill, f);
    field("d", NC_DOUBLE, "missing_value", &d_missing, d);
    field("nothing_valid", NC_FLOAT, NULL, NULL, nan);
    define(file, "unwritten", NC_FLOAT, 2, time_dim, station_dim);
    define(file, "no_rows", NC_FLOAT, 2, none_dim, station_dim);
}

static void write_text(void) {
    const char *remark[VALUES] = {"n/a", "", "dry", "l\xc3\xadnea\nnueva", "a", "b", "c", "d", "e", "f", "g", "n/a"};
    const char *place[STATIONS] = {"\xc3\x85lesund", NULL, "\xe6\x9d\xb1\xe4\xba\xac", "x"};
    const char *lone = "a single string", *remark_fill = "n/a";
    int variable = define(file, "name", NC_CHAR, 2, station_dim, letter_dim);
    text_att(variable, "_FillValue", "-", 1);
    check(nc_put_var_text(file, variable, "BergenOslo--\xc3\x85s---------"));
    field("remark", NC_STRING, "_FillValue", &remark_fill, remark);
    variable = define(file, "place", NC_STRING, 1, station_dim, 0);
    check(nc_put_var(file, variable, place));
    variable = define(file, "lone", NC_STRING, 0, 0, 0);
    check(nc_put_var(file, variable, &lone));
}

static void write_attributes(void) {
    const int8_t b[] = {-128, 0, 127};
    const uint8_t ub[] = {0, 255};
    const int16_t s[] = {-32768, 32767};
    const uint16_t us[] = {65535};
    const int32_t i[] = {INT32_MIN, INT32_MAX};
    const uint32_t ui[] = {UINT32_MAX};
    const int64_t l[] = {INT64_MIN, INT64_MAX};
    const uint64_t ul[] = {UINT64_MAX};
    const float f[] = {NAN, INFINITY, -INFINITY, 1.17549e-38f, -0.0f};
    const double d[] = {NAN, INFINITY, -INFINITY, 4.9e-324, -0.0}, value = 6.25;
    const char *list[] = {"one", "", "drei"};
    const int variable = define(file, "scalar", NC_DOUBLE, 0, 0, 0);
    check(nc_put_var(file, variable, &value));
    check(nc_put_att(file, variable, "b", NC_BYTE, 3, b));
    check(nc_put_att(file, variable, "ub", NC_UBYTE, 2, ub));
    check(nc_put_att(file, variable, "s", NC_SHORT, 2, s));
    check(nc_put_att(file, variable, "us", NC_USHORT, 1, us));
    check(nc_put_att(file, variable, "i", NC_INT, 2, i));
    check(nc_put_att(file, variable, "ui", NC_UINT, 1, ui));
    check(nc_put_att(file, variable, "l", NC_INT64, 2, l));
    check(nc_put_att(file, variable, "ul", NC_UINT64, 1, ul));
    check(nc_put_att(file, variable, "f", NC_FLOAT, 5, f));
    check(nc_put_att(file, variable, "d", NC_DOUBLE, 5, d));
    check(nc_put_att(file, variable, "list", NC_STRING, 3, list));
    text_att(variable, "text", "Temp\xc3\xa9rature", 12);
    text_att(variable, "latin1", "Temp\xe9rature", 11); /* not UTF-8 */
    text_att(variable, "ended", "degC", 5);             /* its NUL counted in */
    text_att(variable, "cut", "a\0b", 3);
    text_att(variable, "empty", "", 0);
    text_att(NC_GLOBAL, "title", "Every type", 10);
    check(nc_put_att(file, NC_GLOBAL, "version", NC_SHORT, 1, s));
}

static void write_groups(void) {
    const float spread[] = {1, 2, 3, 4, 5, 6};
    const int16_t flag[] = {1, 2};
    const size_t start[] = {0, 0}, count[] = {STEPS, 2};
    int ensemble, inner, member_dim, variable;
    check(nc_def_grp(file, "ensemble", &ensemble));
    check(nc_def_dim(ensemble, "member", 2, &member_dim));
    variable = define(ensemble, "spread", NC_FLOAT, 2, time_dim, member_dim);
    check(nc_put_vara(ensemble, variable, start, count, spread));
    check(nc_put_att(ensemble, NC_GLOBAL, "members", NC_SHORT, 2, flag));
    check(nc_def_grp(ensemble, "inner", &inner));
    variable = define(inner, "flag", NC_SHORT, 1, member_dim, 0);
    check(nc_put_var(inner, variable, flag));
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: every_type FILE\n");
        return 2;
    }
    check(nc_create(argv[1], NC_NETCDF4 | NC_CLOBBER, &file));
    define_dimensions();
    write_integers();
    write_floats();
    write_text();
    write_attributes();
    write_groups();
    check(nc_close(file));
    return EXIT_SUCCESS;
}
