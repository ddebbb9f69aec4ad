/* Store one field, close the store, open it again, read the field back. */
#include <atlas.h>
#include <stdio.h>
#include <stdlib.h>

static void check(atlas_status status) {
    if (status != ATLAS_STATUS_OK) {
        fprintf(stderr, "%s: %s\n", atlas_status_name(status), atlas_last_error());
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "quickstart.atlas";
    const char *dims[] = {"lat", "lon"}, *units = "degC";
    const uint64_t shape[] = {2, 3};
    const double measured[2][3] = {{12.5, 13.0, 13.5}, {-1.5, 0.0, 1.5}};
    double stored[2][3];
    atlas_create_options anew = {.struct_size = sizeof anew, .if_exists = ATLAS_IF_EXISTS_REPLACE};
    atlas_store store;
    atlas_stats stats;

    check(atlas_create(path, &anew, &store));
    check(atlas_create_dataset(store, "january"));
    check(atlas_define_array(store, "january", "temperature", ATLAS_DTYPE_F64, 2, dims, shape, NULL));
    check(atlas_write_array(store, "january", "temperature", ATLAS_DTYPE_F64, 2, NULL, NULL, NULL, measured));
    check(atlas_set_attribute(store, "january", "temperature", "units", ATLAS_DTYPE_STRING, 1, &units));
    check(atlas_close(store)); /* everything above becomes durable here, all of it or nothing */

    check(atlas_open(path, ATLAS_MODE_READ, NULL, &store));
    check(atlas_read_array(store, "january", "temperature", ATLAS_DTYPE_F64, 2, NULL, NULL, NULL, stored));
    check(atlas_array_stats(store, "january", "temperature", &stats));
    printf("temperature[1][0] = %g, min %g, max %g\n", stored[1][0], stats.min, stats.max);
    check(atlas_close(store));
    return EXIT_SUCCESS;
}
