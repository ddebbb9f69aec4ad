/*
 * Writes variables that libnetcdf has rounded, by each of its algorithms and to several numbers of bits, with the attributes
 * that it gives them; and such that say so and have other values. One is described as CF 1.12 says, too.
 */
#include <netcdf.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int status) {
    if (status != NC_NOERR) {
        fprintf(stderr, "quantized: %s\n", nc_strerror(status));
        exit(EXIT_FAILURE);
    }
}

enum { STEPS = 30, CELLS = 50, ALL = STEPS * CELLS };

static int file, dims[2];

static int define(const char *name, nc_type type, int mode, int digits) {
    const size_t chunks[] = {7, 20};
    int variable;
    check(nc_def_var(file, name, type, 2, dims, &variable));
    check(nc_def_var_chunking(file, variable, NC_CHUNKED, chunks));
    if (mode != NC_NOQUANTIZE) check(nc_def_var_quantize(file, variable, mode, digits));
    return variable;
}

/* One that libnetcdf has not rounded, and that says so in an attribute of type `said`. */
static int claim(const char *name, nc_type type, nc_type said, int bits) {
    int variable = define(name, type, NC_NOQUANTIZE, 0);
    check(nc_put_att_int(file, variable, NC_QUANTIZE_BITROUND_ATT_NAME, said, 1, &bits));
    return variable;
}

int main(int argc, char **argv) {
    const size_t start[] = {0, 0}, count[] = {STEPS, CELLS}, some[] = {3, CELLS};
    const float missing = -999.3f;
    static float f[ALL], lying[ALL], gaps[ALL];
    static double d[ALL];
    int round[5], variable, info;
    if (argc != 2) {
        fprintf(stderr, "usage: quantized FILE\n");
        return 2;
    }
    for (int i = 0; i < ALL; i++) {
        d[i] = 250 + 1000.0 / (i + 17);
        f[i] = (float)d[i];
        /* Rounded all but the last, in the last chunk. */
        lying[i] = i + 1 < ALL ? (float)(i % 8) : f[i];
        gaps[i] = i % 7 == 0 ? missing : f[i];
    }
    f[0] = NAN, f[1] = INFINITY, f[2] = -0.0f, f[3] = 1e-41f, f[4] = 1.125f, f[5] = 3.4e38f;

    check(nc_create(argv[1], NC_NETCDF4 | NC_CLOBBER, &file));
    check(nc_put_att_text(file, NC_GLOBAL, "Conventions", 7, "CF-1.12"));
    check(nc_def_dim(file, "time", NC_UNLIMITED, &dims[0]));
    check(nc_def_dim(file, "x", CELLS, &dims[1]));
    round[0] = define("f7", NC_FLOAT, NC_QUANTIZE_BITROUND, 7);
    round[1] = define("f23", NC_FLOAT, NC_QUANTIZE_BITROUND, 23);
    round[2] = define("d12", NC_DOUBLE, NC_QUANTIZE_BITROUND, 12);
    round[3] = define("groomed", NC_FLOAT, NC_QUANTIZE_BITGROOM, 3);
    round[4] = define("granular", NC_DOUBLE, NC_QUANTIZE_GRANULARBR, 3);
    for (int i = 0; i < 5; i++) check(nc_put_vara_float(file, round[i], start, count, f));

    check(nc_def_var(file, "quantization_info", NC_CHAR, 0, NULL, &info));
    check(nc_put_att_text(file, info, "algorithm", 8, "bitround"));
    check(nc_put_att_text(file, info, "implementation", 9, "libnetcdf"));
    variable = define("described", NC_FLOAT, NC_QUANTIZE_BITROUND, 9);
    check(nc_put_att_text(file, variable, "quantization", 17, "quantization_info"));
    check(nc_put_att_int(file, variable, "quantization_nsb", NC_INT, 1, (const int[]){9}));
    check(nc_put_vara_float(file, variable, start, count, f));

    /* A fill value that is not rounded, and cells that have it. */
    variable = define("gaps", NC_FLOAT, NC_QUANTIZE_BITROUND, 5);
    check(nc_def_var_fill(file, variable, NC_FILL, &missing));
    check(nc_put_vara_float(file, variable, start, count, gaps));
    /* NetCDF's own fill value has more than 2 bits, and is no fill value of the variable. */
    variable = define("unwritten", NC_FLOAT, NC_QUANTIZE_BITROUND, 2);
    check(nc_put_vara_float(file, variable, start, some, gaps));

    check(nc_put_vara_float(file, claim("lying", NC_FLOAT, NC_INT, 4), start, count, lying));
    check(nc_put_vara_float(file, claim("too_many", NC_FLOAT, NC_INT, 24), start, count, f));
    check(nc_put_vara_double(file, claim("none", NC_DOUBLE, NC_INT, 0), start, count, d));
    check(nc_put_vara_double(file, claim("broken", NC_DOUBLE, NC_DOUBLE, 9), start, count, d));
    check(nc_put_vara_float(file, claim("whole", NC_INT, NC_INT, 4), start, count, lying));
    check(nc_close(file));
    return EXIT_SUCCESS;
}
