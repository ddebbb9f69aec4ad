! Written by generate.sh from templates/atlas_mpi.fypp.
!> Atlas for programs with MPI: all ranks of a communicator write one store together, and what they wrote becomes one
!> commit.
!>
!>     use mpi_f08, only: MPI_COMM_WORLD
!>     use atlas_store, only: atlas_dtype_f64, atlas_if_exists_replace
!>     use atlas_store_mpi, only: atlas_mpi
!>
!>     type(atlas_mpi) :: run
!>     real(real64) :: field(0:mx + 1, 0:my + 1)                      ! this rank's tile, with a halo
!>
!>     call run%create(MPI_COMM_WORLD, "run.atlas", if_exists=atlas_if_exists_replace)
!>     call run%store%create_dataset("jan")
!>     call run%define_array("jan", "t", atlas_dtype_f64, [nx, ny], dims=["lon", "lat"], &
!>         tile_start=[x1, y1], tile_count=[mx, my])
!>     call run%write("jan", "t", field(1:mx, 1:my), start=[x1, y1])  ! no copy is made
!>     call run%flush()
!>     call run%close()
!>
!> Compile atlas_mpi_f.c with mpicc, and atlas_mpi.f90 with mpifort behind the sources of the module atlas_store.
!>
!> Create, open, define_array, flush, close and discard are collective: every rank calls them, in the same order, and
!> gets the same `stat` and `errmsg`. Any rank writes as often as it likes, or not at all. Dimensions, values, `start`,
!> `count`, `stat` and `errmsg` are as in the module atlas_store; how the ranks work together stands in atlas_mpi.h.
module atlas_store_mpi
    use, intrinsic :: iso_c_binding, only: c_associated, c_bool, c_char, c_int, c_int32_t, c_int64_t, c_int8_t, c_loc, &
        c_null_char, c_null_funptr, c_null_ptr, c_ptr, c_size_t, c_sizeof
    use, intrinsic :: iso_fortran_env, only: int16, int32, int64, int8, real32, real64
    use atlas_store_c, only: atlas_array_description, atlas_array_info, atlas_array_options, atlas_create_options, &
        atlas_dtype_string, atlas_keep_none, atlas_max_rank, atlas_open_options, atlas_status_invalid_argument, &
        atlas_status_ok, atlas_status_out_of_range, atlas_threads_inline
    ! Behind atlas_store_c: gfortran would take c_funptr in it for a number.
    use atlas_store, only: store_type
    use atlas_store_memory, only: c_text, check_memory, count_option, encode_fill, f_text, failure, gather_texts, &
        lay_out, library_answer => answer, listed, make_direct, memory_of, memory_type, number, outcome_type, &
        region_type, report, switch, take_indices, take_start, texts_type
    use mpi_f08, only: MPI_Comm
    implicit none (type, external)
    private

    public :: atlas_mpi

    !> A store that the ranks of a communicator write together, or none yet. `store` is this rank's own handle of it,
    !> for everything but values that `write` writes: create datasets, set attributes, read. What is done through it
    !> becomes part of the next flush; what several ranks do alike is done once.
    type :: atlas_mpi
        private
        type(c_ptr) :: handle = c_null_ptr
        type(store_type), public :: store
    contains
        !> create(comm, path, codec, level, shuffle, pack, meta_format, meta_compression, keep_generations, sync,
        !>        num_threads, cache_bytes, write_buffer_bytes, if_exists, float_overflow, filter, owners_per_node,
        !>        exchange_bytes): create a store that all ranks write
        procedure :: create => mpi_create
        !> open(comm, path, sync, num_threads, cache_bytes, write_buffer_bytes, float_overflow, owners_per_node,
        !>      exchange_bytes): open a store that is there, for all ranks to write
        procedure :: open => mpi_open
        !> define_array(dataset, array, dtype, shape, dims, tile_start, tile_count, chunk_shape, codec, level, shuffle,
        !>              pack, fill, unlimited, filter, keep_bits): define an array, or take the one that is there, and
        !> say which part of it this rank writes
        procedure :: define_array => mpi_define_array
        !> write(dataset, array, values, start, count): write an array or a region; integers: also dtype
        procedure, private :: write_int8
        procedure, private :: write_int16
        procedure, private :: write_int32
        procedure, private :: write_int64
        procedure, private :: write_real32
        procedure, private :: write_real64
        procedure, private :: write_complex32
        procedure, private :: write_complex64
        procedure, private :: write_logical
        procedure, private :: write_bool
        generic :: write => write_int8, write_int16, write_int32, write_int64, write_real32, &
            write_real64, write_complex32, write_complex64, write_logical, write_bool
        !> flush(): commit everything that all ranks did since the last flush, and wait until it is on the disk
        procedure :: flush => mpi_flush
        !> close(): flush, then release. When the flush fails the store stays open and nothing is lost
        procedure :: close => mpi_close
        !> discard(): release without a flush: what was done since the last one is gone
        procedure :: discard => mpi_discard
        !> coordinator(store): rank 0's handle that holds the lock, for what no worker can do; none on other ranks
        procedure :: coordinator => mpi_coordinator
    end type atlas_mpi

    interface
        function atlas_mpi_f_create(comm, path, options, owners_per_node, exchange_bytes, out) bind(c) result(status)
            import :: atlas_create_options, c_char, c_int, c_int32_t, c_int64_t, c_ptr
            implicit none (type, external)
            integer(c_int), value :: comm
            character(kind=c_char), intent(in) :: path(*)
            type(atlas_create_options), intent(in) :: options
            integer(c_int32_t), value :: owners_per_node
            integer(c_int64_t), value :: exchange_bytes
            type(c_ptr), intent(out) :: out
            integer(c_int32_t) :: status
        end function atlas_mpi_f_create

        function atlas_mpi_f_open(comm, path, options, owners_per_node, exchange_bytes, out) bind(c) result(status)
            import :: atlas_open_options, c_char, c_int, c_int32_t, c_int64_t, c_ptr
            implicit none (type, external)
            integer(c_int), value :: comm
            character(kind=c_char), intent(in) :: path(*)
            type(atlas_open_options), intent(in) :: options
            integer(c_int32_t), value :: owners_per_node
            integer(c_int64_t), value :: exchange_bytes
            type(c_ptr), intent(out) :: out
            integer(c_int32_t) :: status
        end function atlas_mpi_f_open

        function atlas_mpi_f_define_array(m, refusal, dataset, array, dtype, rank, dims, shape, tile_start, &
                tile_count, options) bind(c) result(status)
            import :: atlas_array_options, c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
            implicit none (type, external)
            type(c_ptr), value :: m, refusal
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_int32_t), value :: dtype
            integer(c_size_t), value :: rank
            type(c_ptr), intent(in), optional :: dims(*)
            integer(c_int64_t), intent(in) :: shape(*)
            integer(c_int64_t), intent(in), optional :: tile_start(*), tile_count(*)
            type(atlas_array_options), intent(in) :: options
            integer(c_int32_t) :: status
        end function atlas_mpi_f_define_array

        function atlas_mpi_f_write(m, dataset, array, dtype, rank, start, count, strides, data) bind(c) result(status)
            import :: c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
            implicit none (type, external)
            type(c_ptr), value :: m
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_int32_t), value :: dtype
            integer(c_size_t), value :: rank
            integer(c_int64_t), intent(in) :: start(*), count(*), strides(*)
            type(c_ptr), value :: data
            integer(c_int32_t) :: status
        end function atlas_mpi_f_write

        function atlas_mpi_f_flush(m) bind(c) result(status)
            import :: c_int32_t, c_ptr
            implicit none (type, external)
            type(c_ptr), value :: m
            integer(c_int32_t) :: status
        end function atlas_mpi_f_flush

        function atlas_mpi_f_close(m, open) bind(c) result(status)
            import :: c_int32_t, c_ptr
            implicit none (type, external)
            type(c_ptr), value :: m
            integer(c_int32_t), intent(out) :: open
            integer(c_int32_t) :: status
        end function atlas_mpi_f_close

        function atlas_mpi_f_discard(m) bind(c) result(status)
            import :: c_int32_t, c_ptr
            implicit none (type, external)
            type(c_ptr), value :: m
            integer(c_int32_t) :: status
        end function atlas_mpi_f_discard

        pure function atlas_mpi_f_store(m) bind(c) result(store)
            import :: c_int64_t, c_ptr
            implicit none (type, external)
            type(c_ptr), value :: m
            integer(c_int64_t) :: store
        end function atlas_mpi_f_store

        pure function atlas_mpi_f_coordinator(m) bind(c) result(store)
            import :: c_int64_t, c_ptr
            implicit none (type, external)
            type(c_ptr), value :: m
            integer(c_int64_t) :: store
        end function atlas_mpi_f_coordinator

        function atlas_mpi_f_last_error(m) bind(c) result(text)
            import :: c_ptr
            implicit none (type, external)
            type(c_ptr), value :: m
            type(c_ptr) :: text
        end function atlas_mpi_f_last_error
    end interface

contains

    !> What a call came to, with the text of `handle`.
    recursive function answer(handle, status) result(outcome)
        type(c_ptr), intent(in) :: handle
        integer(c_int32_t), intent(in) :: status
        type(outcome_type) :: outcome

        outcome%status = status
        if (status /= atlas_status_ok) outcome%text = f_text(atlas_mpi_f_last_error(handle))
    end function answer

    !> Create a store that the ranks of `comm` write. Collective.
    !>
    !> - `path`             where this rank sees the store: all must mean the same folder
    !> - `owners_per_node`  how many ranks of each node own chunks and write files; default: all up to 64 ranks, above
    !>                      that 4 a node
    !> - `exchange_bytes`   about as many bytes of others' cells as a rank takes into memory at once; default: 256 MiB
    !> - the rest           as for `create` of a store. Without `num_threads` a node's cores are divided among its ranks
    recursive subroutine mpi_create(self, comm, path, codec, level, shuffle, pack, meta_format, meta_compression, &
            keep_generations, sync, num_threads, cache_bytes, write_buffer_bytes, if_exists, float_overflow, filter, &
            owners_per_node, exchange_bytes, stat, errmsg)
        class(atlas_mpi), intent(inout) :: self
        type(MPI_Comm), intent(in) :: comm
        character(*), intent(in) :: path
        integer(c_int32_t), intent(in), optional :: codec
        integer, intent(in), optional :: level
        logical, intent(in), optional :: shuffle, pack
        integer(c_int32_t), intent(in), optional :: meta_format, meta_compression
        integer, intent(in), optional :: keep_generations
        logical, intent(in), optional :: sync
        integer, intent(in), optional :: num_threads
        integer(int64), intent(in), optional :: cache_bytes, write_buffer_bytes
        integer(c_int32_t), intent(in), optional :: if_exists, float_overflow, filter
        integer, intent(in), optional :: owners_per_node
        integer(int64), intent(in), optional :: exchange_bytes
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_create_options) :: options
        integer(c_int32_t) :: owners
        integer(c_int64_t) :: exchange

        call refuse_open(self)
        options%struct_size = c_sizeof(options)
        options%log = c_null_funptr
        options%log_data = c_null_ptr
        options%progress = c_null_funptr
        options%progress_data = c_null_ptr
        if (present(codec)) options%codec = codec
        if (present(level)) options%level = int(level, c_int32_t)
        options%shuffle = switch(shuffle)
        options%pack = switch(pack)
        if (present(meta_format)) options%meta_format = meta_format
        if (present(meta_compression)) options%meta_compression = meta_compression
        options%keep_generations = count_option(keep_generations, atlas_keep_none)
        options%sync = switch(sync)
        options%num_threads = count_option(num_threads, atlas_threads_inline)
        if (present(cache_bytes)) options%cache_bytes = cache_bytes
        if (present(write_buffer_bytes)) options%write_buffer_bytes = write_buffer_bytes
        if (present(if_exists)) options%if_exists = if_exists
        if (present(float_overflow)) options%float_overflow = float_overflow
        if (present(filter)) options%filter = filter
        owners = 0
        exchange = 0
        if (present(owners_per_node)) owners = int(owners_per_node, c_int32_t)
        if (present(exchange_bytes)) exchange = exchange_bytes
        call begin(self, atlas_mpi_f_create(comm%MPI_VAL, c_text(path), options, owners, exchange, self%handle), stat, &
            errmsg)
    end subroutine mpi_create

    !> Open a store that is there, for the ranks of `comm` to write. Collective. Arguments as of `create`.
    recursive subroutine mpi_open(self, comm, path, sync, num_threads, cache_bytes, write_buffer_bytes, &
            float_overflow, owners_per_node, exchange_bytes, stat, errmsg)
        class(atlas_mpi), intent(inout) :: self
        type(MPI_Comm), intent(in) :: comm
        character(*), intent(in) :: path
        logical, intent(in), optional :: sync
        integer, intent(in), optional :: num_threads
        integer(int64), intent(in), optional :: cache_bytes, write_buffer_bytes
        integer(c_int32_t), intent(in), optional :: float_overflow
        integer, intent(in), optional :: owners_per_node
        integer(int64), intent(in), optional :: exchange_bytes
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_open_options) :: options
        integer(c_int32_t) :: owners
        integer(c_int64_t) :: exchange

        call refuse_open(self)
        options%struct_size = c_sizeof(options)
        options%log = c_null_funptr
        options%log_data = c_null_ptr
        options%progress = c_null_funptr
        options%progress_data = c_null_ptr
        options%sync = switch(sync)
        options%num_threads = count_option(num_threads, atlas_threads_inline)
        if (present(cache_bytes)) options%cache_bytes = cache_bytes
        if (present(write_buffer_bytes)) options%write_buffer_bytes = write_buffer_bytes
        if (present(float_overflow)) options%float_overflow = float_overflow
        owners = 0
        exchange = 0
        if (present(owners_per_node)) owners = int(owners_per_node, c_int32_t)
        if (present(exchange_bytes)) exchange = exchange_bytes
        call begin(self, atlas_mpi_f_open(comm%MPI_VAL, c_text(path), options, owners, exchange, self%handle), stat, &
            errmsg)
    end subroutine mpi_open

    !> A variable that is open is not opened again: its handle would be lost, and with it all ranks'.
    recursive subroutine refuse_open(self)
        class(atlas_mpi), intent(in) :: self

        if (c_associated(self%handle)) error stop "atlas: this variable has an open store: close or discard it first"
    end subroutine refuse_open

    recursive subroutine begin(self, status, stat, errmsg)
        class(atlas_mpi), intent(inout) :: self
        integer(c_int32_t), intent(in) :: status
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        if (status == atlas_status_ok) then
            call self%store%attach(atlas_mpi_f_store(self%handle))
        else
            self%handle = c_null_ptr
        end if
        call report(answer(c_null_ptr, status), stat, errmsg)
    end subroutine begin

    !> Define an array, and say which of its cells this rank will write. Collective; all ranks give the same definition.
    !> Where the store has the array already, with this type and shape, it stays as it is, and only the tiles are taken.
    !>
    !> - `tile_start`, `tile_count`  this rank's part of the array: the indices of its first cell, from 1, and its
    !>                               extents. Neither: it has none. Where the last dimension is unlimited they mean
    !>                               every index of it, and their last elements nothing
    !> - the rest                    as for `define` of a store. Without `chunk_shape`, chunks are as large as the tiles
    !>                               of one owner, within 256 KiB to 8 MiB
    recursive subroutine mpi_define_array(self, dataset, array, dtype, shape, dims, tile_start, tile_count, &
            chunk_shape, codec, level, shuffle, pack, fill, unlimited, filter, keep_bits, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(c_int32_t), intent(in) :: dtype
        class(*), intent(in), optional :: shape(:)
        character(*), intent(in), target, optional :: dims(:)
        class(*), intent(in), optional :: tile_start(:), tile_count(:)
        class(*), intent(in), optional :: chunk_shape(:)
        integer(c_int32_t), intent(in), optional :: codec
        integer, intent(in), optional :: level
        logical, intent(in), optional :: shuffle, pack
        class(*), intent(in), optional :: fill
        logical, intent(in), optional :: unlimited
        integer(c_int32_t), intent(in), optional :: filter
        integer, intent(in), optional :: keep_bits
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        type(atlas_array_options), target :: options
        type(texts_type), target :: names
        character(:), allocatable, target :: fill_text, refusal
        integer(c_int8_t), target :: fill_bytes(16)
        integer(c_int64_t), target :: chunk(atlas_max_rank)
        integer(c_int64_t) :: extents(atlas_max_rank), tile_extents(atlas_max_rank)
        type(region_type) :: tile
        type(c_ptr) :: refused
        integer :: n, m

        n = 0
        extents = 0
        tile_extents = 0
        options%struct_size = c_sizeof(options)
        if (present(codec)) options%codec = codec
        if (present(level)) options%level = int(level, c_int32_t)
        options%shuffle = switch(shuffle)
        options%pack = switch(pack)
        options%unlimited = switch(unlimited)
        if (present(filter)) options%filter = filter
        if (present(keep_bits)) options%keep_bits = int(keep_bits, c_int32_t)
        options%chunk_shape = c_null_ptr
        options%fill_value = c_null_ptr

        if (present(shape)) call take_indices(shape, "shape", extents, n, outcome)
        extents(:n) = extents(n:1:-1)
        if (outcome%status == atlas_status_ok .and. present(chunk_shape)) then
            call take_indices(chunk_shape, "chunk_shape", chunk, m, outcome)
            if (outcome%status == atlas_status_ok .and. m /= n) outcome = failure(atlas_status_invalid_argument, &
                "chunk_shape has "//number(int(m, int64))//" extents, shape has "//number(int(n, int64)))
            chunk(:n) = chunk(n:1:-1)
            options%chunk_shape = c_loc(chunk)
        end if
        if (outcome%status == atlas_status_ok .and. present(tile_count)) then
            call take_indices(tile_count, "tile_count", tile_extents, m, outcome)
            if (outcome%status == atlas_status_ok .and. m /= n) outcome = failure(atlas_status_invalid_argument, &
                "tile_count has "//number(int(m, int64))//" extents, shape has "//number(int(n, int64)))
            tile_extents(:n) = tile_extents(n:1:-1)
        end if
        if (outcome%status == atlas_status_ok .and. present(tile_start)) call take_start(tile_start, n, tile, outcome, &
            "tile_start")
        if (outcome%status == atlas_status_ok .and. (present(tile_start) .neqv. present(tile_count))) outcome = &
            failure(atlas_status_invalid_argument, "tile_start and tile_count come together")
        if (outcome%status == atlas_status_ok .and. present(fill)) then
            call encode_fill(fill, dtype, fill_bytes, fill_text, outcome)
            options%fill_value = c_loc(fill_bytes)
            if (dtype == atlas_dtype_string) options%fill_value = c_loc(fill_text)
        end if
        if (outcome%status == atlas_status_ok .and. present(dims)) then
            if (size(dims) /= n) outcome = failure(atlas_status_invalid_argument, &
                "dims has "//number(size(dims, kind=int64))//" names, shape has "//number(int(n, int64))//" extents")
            if (outcome%status == atlas_status_ok) call gather_texts(memory_of(dims), names, outcome)
            if (outcome%status == atlas_status_ok) names%pointers(:n) = names%pointers(n:1:-1)
        end if

        ! What is wrong here is told to all: the others are in the call already.
        refused = c_null_ptr
        if (outcome%status /= atlas_status_ok) then
            refusal = "array '"//trim(array)//"' of dataset '"//trim(dataset)//"': "//outcome%text//c_null_char
            refused = c_loc(refusal)
            options%chunk_shape = c_null_ptr
            options%fill_value = c_null_ptr
        end if
        if (present(tile_start) .and. present(tile_count)) then
            outcome = answer(self%handle, atlas_mpi_f_define_array(self%handle, refused, c_text(dataset), &
                c_text(array), dtype, int(n, c_size_t), names%pointers, extents, tile%start, tile_extents, options))
        else
            outcome = answer(self%handle, atlas_mpi_f_define_array(self%handle, refused, c_text(dataset), &
                c_text(array), dtype, int(n, c_size_t), names%pointers, extents, options=options))
        end if
        call report(outcome, stat, errmsg)
    end subroutine mpi_define_array

    !> Write an array, or the region that starts at `start` and has extents `count`. Not collective. It is committed by
    !> `flush`, and not to be read before it.
    recursive subroutine write_int8(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int8), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine write_int8

    !> Write an array, or the region that starts at `start` and has extents `count`. Not collective. It is committed by
    !> `flush`, and not to be read before it.
    recursive subroutine write_int16(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int16), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine write_int16

    !> Write an array, or the region that starts at `start` and has extents `count`. Not collective. It is committed by
    !> `flush`, and not to be read before it.
    recursive subroutine write_int32(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int32), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine write_int32

    !> Write an array, or the region that starts at `start` and has extents `count`. Not collective. It is committed by
    !> `flush`, and not to be read before it.
    recursive subroutine write_int64(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int64), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine write_int64

    !> Write an array, or the region that starts at `start` and has extents `count`. Not collective. It is committed by
    !> `flush`, and not to be read before it.
    recursive subroutine write_real32(self, dataset, array, values, start, count, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real32), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_real32

    !> Write an array, or the region that starts at `start` and has extents `count`. Not collective. It is committed by
    !> `flush`, and not to be read before it.
    recursive subroutine write_real64(self, dataset, array, values, start, count, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real64), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_real64

    !> Write an array, or the region that starts at `start` and has extents `count`. Not collective. It is committed by
    !> `flush`, and not to be read before it.
    recursive subroutine write_complex32(self, dataset, array, values, start, count, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real32), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_complex32

    !> Write an array, or the region that starts at `start` and has extents `count`. Not collective. It is committed by
    !> `flush`, and not to be read before it.
    recursive subroutine write_complex64(self, dataset, array, values, start, count, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real64), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_complex64

    !> Write an array, or the region that starts at `start` and has extents `count`. Not collective. It is committed by
    !> `flush`, and not to be read before it.
    recursive subroutine write_logical(self, dataset, array, values, start, count, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical, intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_logical

    !> Write an array, or the region that starts at `start` and has extents `count`. Not collective. It is committed by
    !> `flush`, and not to be read before it.
    recursive subroutine write_bool(self, dataset, array, values, start, count, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical(c_bool), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_bool

    recursive subroutine write_values(self, dataset, array, memory, start, count, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(memory_type), intent(in) :: memory
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(memory_type) :: direct
        type(outcome_type) :: outcome
        type(region_type) :: region
        integer(c_int8_t), allocatable, target :: copy(:)

        call check_memory(memory, outcome)
        if (outcome%status == atlas_status_ok) then
            call make_direct(memory, direct, copy, .true.)
            call locate(self, dataset, array, direct, start, count, region, outcome)
        end if
        if (outcome%status == atlas_status_ok) outcome = answer(self%handle, atlas_mpi_f_write(self%handle, &
            c_text(dataset), c_text(array), direct%dtype, region%rank, region%start, region%count, region%strides, &
            direct%address))
        call report(outcome, stat, errmsg)
    end subroutine write_values

    !> The region that a call means, as in the module atlas_store.
    recursive subroutine locate(self, dataset, array, memory, start, count, region, outcome)
        class(atlas_mpi), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(memory_type), intent(in) :: memory
        class(*), intent(in), optional :: start(:), count(:)
        type(region_type), intent(out) :: region
        type(outcome_type), intent(out) :: outcome

        type(atlas_array_description) :: description
        integer(int64) :: extents(atlas_max_rank)
        integer :: n

        if (present(count)) then
            call take_indices(count, "count", extents, n, outcome)
        else if (present(start)) then
            n = size(start)
            extents = 1
            extents(:memory%rank) = memory%extents(:memory%rank)
            if (n > atlas_max_rank .or. n < memory%rank) outcome = failure(atlas_status_invalid_argument, &
                "start has "//number(int(n, int64))//" indices, the values have rank "// &
                number(int(memory%rank, int64)))
        else
            n = memory%rank
            extents(:n) = memory%extents(:n)
            description%struct_size = c_sizeof(description)
            outcome = library_answer(atlas_array_info(atlas_mpi_f_store(self%handle), c_text(dataset), c_text(array), &
                description))
            if (outcome%status /= atlas_status_ok) then
                return
            else if (description%rank /= n .or. any(description%shape(:n) /= extents(n:1:-1))) then
                outcome = failure(atlas_status_out_of_range, "array '"//trim(array)//"' of dataset '"//trim(dataset)// &
                    "' has shape "//listed(description%shape(description%rank:1:-1))//", the values have "// &
                    listed(extents(:n)))
            end if
        end if
        if (outcome%status == atlas_status_ok) call lay_out(memory, n, extents, region, outcome)
        if (outcome%status == atlas_status_ok .and. present(start)) call take_start(start, n, region, outcome)
    end subroutine locate

    !> Commit everything that all ranks did since the last flush, together, and wait until it is on the disk.
    !> Collective.
    recursive subroutine mpi_flush(self, stat, errmsg)
        class(atlas_mpi), intent(in) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(self%handle, atlas_mpi_f_flush(self%handle)), stat, errmsg)
    end subroutine mpi_flush

    !> Flush, then release. Collective. Nothing to do for a store that is not open.
    recursive subroutine mpi_close(self, stat, errmsg)
        class(atlas_mpi), intent(inout) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        integer(c_int32_t) :: open, status
        type(outcome_type) :: outcome

        status = atlas_mpi_f_close(self%handle, open)
        if (open /= 0) then
            outcome = answer(self%handle, status)
        else
            call release(self)
            outcome = answer(c_null_ptr, status)
        end if
        call report(outcome, stat, errmsg)
    end subroutine mpi_close

    !> Release without a flush: what was done since the last one is gone. Collective. Nothing to do for a store that is
    !> not open.
    recursive subroutine mpi_discard(self, stat, errmsg)
        class(atlas_mpi), intent(inout) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        integer(c_int32_t) :: status

        status = atlas_mpi_f_discard(self%handle)
        call release(self)
        call report(answer(c_null_ptr, status), stat, errmsg)
    end subroutine mpi_discard

    recursive subroutine release(self)
        class(atlas_mpi), intent(inout) :: self

        self%handle = c_null_ptr
        call self%store%attach(0_c_int64_t)
    end subroutine release

    !> On rank 0 the handle that holds the store's lock, for what no worker can do: delete, compact, pin. It is open
    !> until this store is closed; on other ranks `store` is none.
    recursive subroutine mpi_coordinator(self, store)
        class(atlas_mpi), intent(in) :: self
        type(store_type), intent(inout) :: store

        call store%attach(atlas_mpi_f_coordinator(self%handle))
    end subroutine mpi_coordinator
end module atlas_store_mpi
