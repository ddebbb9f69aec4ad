/* tiles.c FILE: ranks write tiles of a field, step by step, and make them durable every FLUSH_STEPS steps.
 *
 * Compiled once for each system: -DATLAS, -DPNETCDF, -DHDF5, -DHDF5_ZIP or -DNETCDF4. The field is (STEPS, LEVELS, NY, NX) of
 * floats, 1.16 GB, cut into as square tiles as the ranks allow. The data are those of the other workloads. Rank 0 prints a line
 * of JSON: the seconds from the first write to the last byte on the disk, and those of them in calls that make durable.
 */
#define _GNU_SOURCE
#include "../bench.h"

#include <fcntl.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(ATLAS)
#include "../../bindings/mpi/atlas_mpi.h"
#define SYSTEM "atlas"
#elif defined(PNETCDF)
#include <pnetcdf.h>
#define SYSTEM "pnetcdf"
#elif defined(HDF5)
#include <hdf5.h>
#define SYSTEM "hdf5"
#elif defined(HDF5_ZIP)
#include <hdf5.h>
#define SYSTEM "hdf5-deflate"
#elif defined(NETCDF4)
#include <netcdf.h>
#include <netcdf_par.h>
#define SYSTEM "netcdf4"
#endif

enum { ALL_STEPS = 28, FLUSH_STEPS = 7, NZ = 10, NY = 720, NX = 1440, KINDS = 4 };

static int rank, size;

static void sync_to_disk(const char *path) {
    if (rank == 0) {
        int file = open(path, O_RDONLY);
        if (file < 0 || fsync(file) != 0 || close(file) != 0) die("fsync %s", path);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "tiles.out";
    int dims[2] = {0, 0};
    double start, flushing = 0, total;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Dims_create(size, 2, dims);
    const int ty = NY / dims[0], tx = NX / dims[1], y0 = rank / dims[1] * ty, x0 = rank % dims[1] * tx;
    if (ty * dims[0] != NY || tx * dims[1] != NX) die("%d ranks do not divide the field", size);

    /* The tile of each of KINDS steps, made of planes of the other workloads laid side by side. */
    float *plane = allocate(PLANE * sizeof *plane), *tiles[KINDS];
    for (int kind = 0; kind < KINDS; kind++) {
        tiles[kind] = allocate((size_t)NZ * ty * tx * sizeof **tiles);
        for (int z = 0; z < NZ; z++) {
            make_plane(plane, kind, 0, z);
            for (int y = 0; y < ty; y++) {
                for (int x = 0; x < tx; x++) {
                    int yy = y0 + y, xx = x0 + x;
                    tiles[kind][((size_t)z * ty + y) * tx + x] =
                        plane[yy % ROWS * COLUMNS + xx % COLUMNS] + (float)(yy / ROWS + xx / COLUMNS);
                }
            }
        }
    }

#if defined(ATLAS)
    const uint64_t shape[] = {ALL_STEPS, NZ, NY, NX}, corner[] = {0, 0, y0, x0}, extent[] = {ALL_STEPS, NZ, ty, tx};
    const char *names[] = {"t", "z", "y", "x"};
    atlas_mpi *store;
#define MUST(call)                                                                                                     \
    if ((call) != ATLAS_STATUS_OK) die("%s: %s", #call, atlas_mpi_last_error(store))
    if (atlas_mpi_create(MPI_COMM_WORLD, path, NULL, NULL, &store) != ATLAS_STATUS_OK) die("%s", atlas_mpi_last_error(NULL));
    if (atlas_create_dataset(atlas_mpi_store(store), "run") != ATLAS_STATUS_OK) die("%s", atlas_last_error());
    MUST(atlas_mpi_define_array(store, "run", "v", ATLAS_DTYPE_F32, 4, names, shape, corner, extent, NULL));
#elif defined(PNETCDF)
    int file, variable, axes[4];
    const MPI_Offset lengths[] = {ALL_STEPS, NZ, NY, NX};
    const char *names[] = {"t", "z", "y", "x"};
#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        int status = (call);                                                                                           \
        if (status != NC_NOERR) die("%s: %s", #call, ncmpi_strerror(status));                                          \
    } while (0)
    MUST(ncmpi_create(MPI_COMM_WORLD, path, NC_CLOBBER | NC_64BIT_DATA, MPI_INFO_NULL, &file));
    for (int d = 0; d < 4; d++) MUST(ncmpi_def_dim(file, names[d], lengths[d], &axes[d]));
    MUST(ncmpi_def_var(file, "v", NC_FLOAT, 4, axes, &variable));
    MUST(ncmpi_enddef(file));
#elif defined(HDF5) || defined(HDF5_ZIP)
#define MUST(call)                                                                                                     \
    if ((call) < 0) die("%s", #call)
    const hsize_t lengths[] = {ALL_STEPS, NZ, NY, NX}, chunk[] = {1, NZ, (hsize_t)ty, (hsize_t)tx};
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), create = H5Pcreate(H5P_DATASET_CREATE), move = H5Pcreate(H5P_DATASET_XFER);
    MUST(H5Pset_fapl_mpio(access, MPI_COMM_WORLD, MPI_INFO_NULL));
    MUST(H5Pset_dxpl_mpio(move, H5FD_MPIO_COLLECTIVE));
    MUST(H5Pset_fill_time(create, H5D_FILL_TIME_NEVER));
    MUST(H5Pset_chunk(create, 4, chunk));
#if defined(HDF5_ZIP)
    MUST(H5Pset_shuffle(create));
    MUST(H5Pset_deflate(create, 1));
#endif
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    hid_t space = H5Screate_simple(4, lengths, NULL);
    hid_t variable = H5Dcreate2(file, "v", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, create, H5P_DEFAULT);
    MUST(variable);
    const hsize_t one[] = {1, NZ, (hsize_t)ty, (hsize_t)tx};
    hid_t memory = H5Screate_simple(4, one, NULL);
#elif defined(NETCDF4)
    int file, variable, axes[4];
    const size_t lengths[] = {ALL_STEPS, NZ, NY, NX}, chunk[] = {1, NZ, ty, tx};
    const char *names[] = {"t", "z", "y", "x"};
#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        int status = (call);                                                                                           \
        if (status != NC_NOERR) die("%s: %s", #call, nc_strerror(status));                                             \
    } while (0)
    MUST(nc_create_par(path, NC_CLOBBER | NC_NETCDF4, MPI_COMM_WORLD, MPI_INFO_NULL, &file));
    for (int d = 0; d < 4; d++) MUST(nc_def_dim(file, names[d], lengths[d], &axes[d]));
    MUST(nc_def_var(file, "v", NC_FLOAT, 4, axes, &variable));
    MUST(nc_def_var_chunking(file, variable, NC_CHUNKED, chunk));
    MUST(nc_def_var_fill(file, variable, NC_NOFILL, NULL));
    MUST(nc_enddef(file));
    MUST(nc_var_par_access(file, variable, NC_COLLECTIVE));
#endif

    MPI_Barrier(MPI_COMM_WORLD);
    start = now();
    for (int step = 0; step < ALL_STEPS; step++) {
        const float *tile = tiles[step % KINDS];
#if defined(ATLAS)
        const uint64_t at[] = {step, 0, y0, x0}, count[] = {1, NZ, ty, tx};
        MUST(atlas_mpi_write(store, "run", "v", ATLAS_DTYPE_F32, 4, at, count, NULL, tile));
#elif defined(PNETCDF)
        const MPI_Offset at[] = {step, 0, y0, x0}, count[] = {1, NZ, ty, tx};
        MUST(ncmpi_put_vara_float_all(file, variable, at, count, tile));
#elif defined(HDF5) || defined(HDF5_ZIP)
        const hsize_t at[] = {(hsize_t)step, 0, (hsize_t)y0, (hsize_t)x0};
        MUST(H5Sselect_hyperslab(space, H5S_SELECT_SET, at, NULL, one, NULL));
        MUST(H5Dwrite(variable, H5T_NATIVE_FLOAT, memory, space, move, tile));
#elif defined(NETCDF4)
        const size_t at[] = {step, 0, y0, x0}, count[] = {1, NZ, ty, tx};
        MUST(nc_put_vara_float(file, variable, at, count, tile));
#endif
        if ((step + 1) % FLUSH_STEPS == 0) {
            double before = now();
#if defined(ATLAS)
            MUST(atlas_mpi_flush(store));
#elif defined(PNETCDF)
            MUST(ncmpi_sync(file));
            sync_to_disk(path);
#elif defined(HDF5) || defined(HDF5_ZIP)
            MUST(H5Fflush(file, H5F_SCOPE_GLOBAL));
            sync_to_disk(path);
#elif defined(NETCDF4)
            MUST(nc_sync(file));
            sync_to_disk(path);
#endif
            flushing += now() - before;
        }
    }
#if defined(ATLAS)
    MUST(atlas_mpi_close(store));
    (void)sync_to_disk;
#elif defined(PNETCDF)
    MUST(ncmpi_close(file));
    sync_to_disk(path);
#elif defined(HDF5) || defined(HDF5_ZIP)
    MUST(H5Dclose(variable));
    MUST(H5Fclose(file));
    sync_to_disk(path);
#elif defined(NETCDF4)
    MUST(nc_close(file));
    sync_to_disk(path);
#endif
    MPI_Barrier(MPI_COMM_WORLD);
    total = now() - start;
    if (rank == 0) {
        printf("{\"system\": \"%s\", \"ranks\": %d, \"seconds\": %.3f, \"in flushes\": %.3f}\n", SYSTEM, size, total, flushing);
    }
    MPI_Finalize();
    return 0;
}
