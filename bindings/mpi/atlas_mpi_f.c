/* What the module of Fortran calls: the functions of atlas_mpi.h with a name to link to. Compiled with the program. */
#include "atlas_mpi.h"

static atlas_mpi_options atlas_mpi_f_options(int32_t owners_per_node, uint64_t exchange_bytes) {
    atlas_mpi_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.owners_per_node = owners_per_node;
    options.exchange_bytes = exchange_bytes;
    return options;
}

/* A communicator of mpi_f08 is the number that the older interfaces have. */
atlas_status atlas_mpi_f_create(MPI_Fint comm, const char *path, const atlas_create_options *options,
                                int32_t owners_per_node, uint64_t exchange_bytes, atlas_mpi **out);
atlas_status atlas_mpi_f_create(MPI_Fint comm, const char *path, const atlas_create_options *options,
                                int32_t owners_per_node, uint64_t exchange_bytes, atlas_mpi **out) {
    atlas_mpi_options chosen = atlas_mpi_f_options(owners_per_node, exchange_bytes);
    return atlas_mpi_create(MPI_Comm_f2c(comm), path, options, &chosen, out);
}

atlas_status atlas_mpi_f_open(MPI_Fint comm, const char *path, const atlas_open_options *options,
                              int32_t owners_per_node, uint64_t exchange_bytes, atlas_mpi **out);
atlas_status atlas_mpi_f_open(MPI_Fint comm, const char *path, const atlas_open_options *options,
                              int32_t owners_per_node, uint64_t exchange_bytes, atlas_mpi **out) {
    atlas_mpi_options chosen = atlas_mpi_f_options(owners_per_node, exchange_bytes);
    return atlas_mpi_open(MPI_Comm_f2c(comm), path, options, &chosen, out);
}

/* `refusal` is what the module has found wrong with the arguments of this rank, or NULL. */
atlas_status atlas_mpi_f_define_array(atlas_mpi *m, const char *refusal, const char *dataset, const char *array,
                                      atlas_dtype dtype, size_t rank, const char *const *dims, const uint64_t *shape,
                                      const uint64_t *tile_start, const uint64_t *tile_count,
                                      const atlas_array_options *options);
atlas_status atlas_mpi_f_define_array(atlas_mpi *m, const char *refusal, const char *dataset, const char *array,
                                      atlas_dtype dtype, size_t rank, const char *const *dims, const uint64_t *shape,
                                      const uint64_t *tile_start, const uint64_t *tile_count,
                                      const atlas_array_options *options) {
    atlas_status early = ATLAS_STATUS_OK;
    if (!m) return atlas_mpi_impl_no_handle();
    if (refusal) early = atlas_mpi_impl_fail(m->text, ATLAS_STATUS_INVALID_ARGUMENT, "%s", refusal);
    return atlas_mpi_impl_define_array(m, early, dataset, array, dtype, rank, dims, shape, tile_start, tile_count,
                                       options);
}

atlas_status atlas_mpi_f_write(atlas_mpi *m, const char *dataset, const char *array, atlas_dtype dtype, size_t rank,
                               const uint64_t *start, const uint64_t *count, const int64_t *strides, const void *data);
atlas_status atlas_mpi_f_write(atlas_mpi *m, const char *dataset, const char *array, atlas_dtype dtype, size_t rank,
                               const uint64_t *start, const uint64_t *count, const int64_t *strides, const void *data) {
    return atlas_mpi_write(m, dataset, array, dtype, rank, start, count, strides, data);
}

atlas_status atlas_mpi_f_flush(atlas_mpi *m);
atlas_status atlas_mpi_f_flush(atlas_mpi *m) { return atlas_mpi_flush(m); }

atlas_status atlas_mpi_f_close(atlas_mpi *m, int32_t *open);
/* `*open` is 1 where the handle is still one. */
atlas_status atlas_mpi_f_close(atlas_mpi *m, int32_t *open) {
    atlas_status status = m ? atlas_mpi_flush(m) : ATLAS_STATUS_OK;
    *open = status != ATLAS_STATUS_OK;
    return m && status == ATLAS_STATUS_OK ? atlas_mpi_impl_end(m, atlas_mpi_impl_orphan()) : status;
}

atlas_status atlas_mpi_f_discard(atlas_mpi *m);
atlas_status atlas_mpi_f_discard(atlas_mpi *m) { return atlas_mpi_discard(m); }

atlas_store atlas_mpi_f_store(const atlas_mpi *m);
atlas_store atlas_mpi_f_store(const atlas_mpi *m) { return atlas_mpi_store(m); }

atlas_store atlas_mpi_f_coordinator(const atlas_mpi *m);
atlas_store atlas_mpi_f_coordinator(const atlas_mpi *m) { return atlas_mpi_coordinator(m); }

const char *atlas_mpi_f_last_error(const atlas_mpi *m);
const char *atlas_mpi_f_last_error(const atlas_mpi *m) { return atlas_mpi_last_error(m); }
