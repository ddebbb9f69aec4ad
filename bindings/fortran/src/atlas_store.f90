! Written by generate.sh from templates/atlas_store.fypp.
!> Atlas for Fortran: a store for many named datasets, each a set of named N-dimensional arrays and attributes.
!>
!>     use, intrinsic :: iso_fortran_env, only: real64
!>     use atlas_store, only: atlas_dtype_f64, atlas_if_exists_replace, store_type
!>
!>     type(store_type) :: store
!>     real(real64) :: field(0:nx + 1, 0:ny + 1)                      ! with a halo
!>
!>     call store%create("run.atlas", if_exists=atlas_if_exists_replace)
!>     call store%create_dataset("jan")
!>     call store%define("jan", "temperature", atlas_dtype_f64, [nx, ny], dims=["lon", "lat"])
!>     call store%write("jan", "temperature", field(1:nx, 1:ny))      ! no copy is made
!>     call store%set_attribute("jan", "units", "degC", array="temperature")
!>     call store%close()
!>
!> Compile atlas_c.f90, atlas_memory.f90 and atlas_store.f90 with the program, in this order, and link -latlas_store.
!>
!>
!> Order of dimensions
!>
!> Dimensions come in Fortran's order and indices start from 1, in everything that goes in and out: shapes, starts,
!> counts, chunk shapes, names of dimensions, indices of chunks. The first index varies fastest, in memory and on disk.
!> Nothing is transposed; C, C++ and Python, whose last index varies fastest, see the same bytes with the dimensions
!> in reverse and starting from 0:
!>
!>     Fortran    t(lon, lat, level)                t(1, 1, 1)  t(2, 1, 1)  ..  t(nlon, 1, 1)  t(1, 2, 1)  ..
!>                  fastest   slowest                   |           |               |              |
!>     on disk                                      [   0   |       1   |   ..  | nlon - 1  |    nlon   |  ..
!>                  slowest   fastest                   |           |               |              |
!>     C, Python  t[level][lat][lon]                t[0][0][0]  t[0][0][1]  ..  t[0][0][nlon-1] t[0][1][0] ..
!>
!> So the dimension that grows, the first in C, is the last one here: time in t(lon, lat, time). `append` grows it, and,
!> where it is unlimited, so does `write` past its end.
!>
!>
!> Memory
!>
!> `values` may have any type of the table, any rank, and be any section: a field without its halo, every second
!> column, a pointer to a part of another array, with positive or negative strides. The library gets the address and
!> the strides, so no copy is made. (Two exceptions: default logicals become bytes on the way, and what the compiler
!> itself packs before the call; gfortran does that to `particles%x`, a component of an array of derived type.)
!>
!>     integer(int8) .. integer(int64)     the array's type: i8 i16 i32 i64, u8 u16 u32 (read), timestamp_ns (int64)
!>     real(real32), real(real64)          f16 f32 f64
!>     complex(real32), complex(real64)    c64 c128
!>     logical, logical(c_bool)            bool
!>     character(*)                        string
!>
!> Values are converted to the array's type where nothing is lost in kind (see "Memory" in atlas.h): real64 to f32
!> and back, integers of any width as long as each value fits.
!>
!> Fortran has no unsigned integers and no half precision. `dtype`, which the procedures for integers take, says what
!> else the bits are: with dtype=atlas_dtype_u16 an integer(int16) -1 is 65535; it must be a type of the same size.
!>
!> Values may be empty, as `pack(x, x > limit)` is without a hit: to append them adds nothing, and an attribute may have
!> none.
!>
!> `read` and `get_attribute` read into memory that is there: `values` has its shape before the call, and what is not
!> allocated is an error. `read_alloc` and `get_attribute_alloc` allocate, in the shape of what they read:
!>
!>     real(real64), allocatable :: field(:, :, :), level(:, :)
!>
!>     call store%read_alloc("jan", "t", field)                       ! the array, which has three dimensions
!>     call store%read_alloc("jan", "t", level, start=[1, 1, k])      ! level k
!>
!> Text is trimmed when it goes in and padded with blanks when it comes out. A text that is longer than the variable
!> is an error, not cut. Text is UTF-8; lengths count bytes. Lists of names and of texts come in
!> `character(:), allocatable :: names(:)`, as long as the longest; names of dimensions, which are a component of
!> `array_info_type`, have the length atlas_max_name.
!>
!>
!> Regions
!>
!> `start` has the indices of the region's first cell, counted from 1; `count` the region's extents. Both are integers
!> of any kind.
!>
!>     neither             the whole array: the values have its shape
!>     start               values of rank r are the region's first r dimensions, the others have extent 1:
!>                         call store%write("jan", "t", field, start=[1, 1, k]) writes level k. What `read_alloc`
!>                         allocates reaches from there to the end of these r dimensions
!>     count               as said, from `start` or 1. The values have the same extents; those that are 1 may be
!>                         left out on either side: count=[1, ny, nz] for values(ny, nz). Of what `read_alloc`
!>                         allocates the last of them are left out, until the rank is reached
!>
!>
!> Errors
!>
!> Every procedure takes `stat` and `errmsg`. `stat` is 0 (atlas_status_ok) or one of the atlas_status_ codes, and
!> `errmsg` then has the details, cut or padded to its length; it is left alone otherwise, as the statements of the language
!> do with theirs. It is never allocated: by the rules of the language an unallocated `errmsg` is the same as none, so
!> declare character(200). A failure without `stat` is `error stop` with the text.
!> What fails has changed nothing in the store. The common failures are in atlas.h. The library's own texts count as C
!> does: dimensions in C's order, indices from 0.
!>
!>
!> Life of a store
!>
!> A `store_type` is one open store. Nobody else sees its changes until `flush` or `close`. A store that goes out of
!> scope open is discarded, like a run that crashed: what was not flushed is gone, and the store's `log`, or without one a
!> line on the standard error, says so. `discard` says nothing. Variables of the main program do not go out of scope: the
!> process's end discards, and the library says so where the store has no `log`. Stores cannot be assigned: pass them as arguments.
!>
!> A program that has better to do than to wait for the disk begins a flush and goes on. What it wrote is copied, so
!> the next step may change it at once:
!>
!>     call store%write("jan", "temperature", field(1:nx, 1:ny))
!>     call store%flush_begin()                                       ! the one before need not be over
!>     call advance(field)
!>     call store%flush_wait()                                        ! now it is on the disk
!>
!> Any procedure may be called from any thread, on the same store at once, except create, open, close and discard.
!> (The procedures are declared `recursive`, as Fortran 2018 takes all to be, for compilers that do not yet.)
!>
!> Many programs, or ranks of one, write a store that one of them commits. It begins a session, and gives the ticket to the
!> others, which open a worker of it each, write, and send back what they have exported, bytes as well:
!>
!>     integer(int8), allocatable :: ticket(:), bytes(:)
!>
!>     call store%session_begin(ticket, workers=ranks)                ! on one rank; then MPI_Bcast
!>     call worker%open_worker(ticket, rank)                          ! on all
!>     call worker%write("jan", "temperature", tile, start=[i, j])
!>     call worker%export_changes(bytes)                              ! then MPI_Gatherv
!>     call store%import_changes(gathered, counts)                    ! on the one
!>     call store%flush()                                             ! the commit
!>
!> Numbers of an array mean dates by its attributes `units` and `calendar`, as the CF conventions have it: decode_time and
!> encode_time, with type(atlas_datetime).
!>
!> In this module `dataset`, `array`, `key` and `name` are names, without their trailing blanks. See atlas.h for all else.
module atlas_store
    use, intrinsic :: iso_c_binding, only: c_bool, c_f_pointer, c_funloc, c_int32_t, c_int64_t, c_int8_t, c_loc, &
        c_null_char, c_null_funptr, c_null_ptr, c_ptr, c_size_t, c_sizeof
    use, intrinsic :: iso_fortran_env, only: error_unit, int16, int32, int64, int8, real32, real64
    use atlas_store_c, only: atlas_append_array, atlas_append_strings, atlas_array_count, atlas_array_description, &
        atlas_array_dims, atlas_array_fill_text, atlas_array_info, atlas_array_names, atlas_array_options, &
        atlas_array_stats, atlas_attribute_count, atlas_attribute_info, atlas_attribute_names, atlas_chunk_place, &
        atlas_chunk_places, atlas_chunk_stats, atlas_close, atlas_compact, atlas_copy_dataset, atlas_create, &
        atlas_create_dataset, atlas_create_options, atlas_dataset_count, atlas_dataset_name, atlas_dataset_names, &
        atlas_datetime, atlas_decode_time, atlas_define_array, atlas_delete_array, atlas_delete_attribute, &
        atlas_delete_dataset, atlas_discard, atlas_encode_time, atlas_export, atlas_extend_array, atlas_flush, &
        atlas_flush_begin, atlas_flush_test, atlas_flush_wait, atlas_generations, atlas_get_attribute, &
        atlas_get_attribute_strings, atlas_has_array, atlas_has_attribute, atlas_has_dataset, atlas_import, &
        atlas_open, atlas_open_at, atlas_open_options, atlas_open_worker, atlas_pin, atlas_pin_generation, &
        atlas_pin_names, atlas_read_across, atlas_read_array, atlas_read_strings, atlas_refresh, atlas_rename_dataset, &
        atlas_renew, atlas_resize_array, atlas_rollback, atlas_session_begin, atlas_session_end, &
        atlas_session_missing, atlas_session_options, atlas_set_attribute, atlas_set_keep_generations, atlas_stats, &
        atlas_store_description, atlas_store_info, atlas_unpin, atlas_verify, atlas_wait_for_commit, &
        atlas_write_array, atlas_write_strings
    use atlas_store_c, only: atlas_codec_default, atlas_codec_lz4, atlas_codec_none, atlas_codec_zstd, &
        atlas_filter_default, atlas_filter_delta, atlas_filter_none, &
        atlas_compression_default, atlas_compression_none, atlas_compression_zstd, atlas_dtype_bool, &
        atlas_dtype_c128, atlas_dtype_c64, atlas_dtype_f16, atlas_dtype_f32, atlas_dtype_f64, atlas_dtype_i16, &
        atlas_dtype_i32, atlas_dtype_i64, atlas_dtype_i8, atlas_dtype_size, atlas_dtype_string, &
        atlas_dtype_timestamp_ns, atlas_dtype_u16, atlas_dtype_u32, atlas_dtype_u64, atlas_dtype_u8, &
        atlas_header_version, atlas_if_exists_default, atlas_if_exists_fail, atlas_if_exists_open, &
        atlas_if_exists_replace, atlas_keep_none, atlas_log_info, atlas_log_warning, atlas_max_rank, &
        atlas_meta_format_default, atlas_meta_format_json, atlas_meta_format_msgpack, atlas_mode_read, &
        atlas_mode_read_write, atlas_overflow_default, atlas_overflow_error, atlas_overflow_infinity, &
        atlas_status_already_exists, atlas_status_buffer_too_small, atlas_status_cancelled, atlas_status_conflict, &
        atlas_status_corrupt, atlas_status_forked, atlas_status_internal, atlas_status_invalid_argument, &
        atlas_status_invalid_handle, atlas_status_io, atlas_status_locked, atlas_status_no_space, &
        atlas_status_no_stats, atlas_status_not_found, atlas_status_ok, atlas_status_out_of_memory, &
        atlas_status_out_of_range, atlas_status_poisoned, atlas_status_read_only, atlas_status_type_mismatch, &
        atlas_status_unflushed_changes, atlas_status_unsupported, atlas_switch_on, atlas_threads_inline, &
        atlas_version, atlas_version_major, atlas_version_minor, atlas_version_patch, atlas_wait_forever
    use atlas_store_memory, only: answer, atlas_max_name, c_text, cells, check_attribute, check_memory, &
        contiguous_bytes, copy_back, count_option, decode_fill, dtype_name, encode_fill, f_text, failure, form_text, &
        gather_texts, grown, lay_out, library_version, listed, make_direct, memory_of, memory_type, moved, number, &
        outcome_type, region_type, report, scatter_texts, split_texts, status_name, switch, take_dims, take_indices, &
        take_integer, take_names, take_owner, take_start, texts_type
    implicit none (type, external)
    private

    public :: array_info_type, chunk_place_type, damage_type, log_interface, progress_interface, &
        stats_type, store_info_type, store_type
    public :: atlas_max_name, decode_time, dtype_name, encode_time, library_version, status_name

    ! From atlas_store_c, as they are.
    public :: atlas_codec_default, atlas_codec_lz4, atlas_codec_none, atlas_codec_zstd
    public :: atlas_filter_default, atlas_filter_delta, atlas_filter_none
    public :: atlas_compression_default, atlas_compression_none, atlas_compression_zstd
    public :: atlas_dtype_bool, atlas_dtype_c128, atlas_dtype_c64, atlas_dtype_f16, atlas_dtype_f32, atlas_dtype_f64, &
        atlas_dtype_i16, atlas_dtype_i32, atlas_dtype_i64, atlas_dtype_i8, atlas_dtype_size, atlas_dtype_string, &
        atlas_dtype_timestamp_ns, atlas_dtype_u16, atlas_dtype_u32, atlas_dtype_u64, atlas_dtype_u8
    public :: atlas_header_version, atlas_version, atlas_version_major, atlas_version_minor, atlas_version_patch
    public :: atlas_datetime
    public :: atlas_if_exists_default, atlas_if_exists_fail, atlas_if_exists_open, atlas_if_exists_replace
    public :: atlas_overflow_default, atlas_overflow_error, atlas_overflow_infinity, atlas_wait_forever
    public :: atlas_log_info, atlas_log_warning, atlas_max_rank
    public :: atlas_meta_format_default, atlas_meta_format_json, atlas_meta_format_msgpack
    public :: atlas_mode_read, atlas_mode_read_write
    public :: atlas_status_already_exists, atlas_status_buffer_too_small, atlas_status_cancelled, &
        atlas_status_conflict, atlas_status_corrupt, atlas_status_forked, atlas_status_internal, &
        atlas_status_invalid_argument, atlas_status_invalid_handle, atlas_status_io, atlas_status_locked, &
        atlas_status_no_space, atlas_status_no_stats, atlas_status_not_found, atlas_status_ok, &
        atlas_status_out_of_memory, atlas_status_out_of_range, atlas_status_poisoned, atlas_status_read_only, &
        atlas_status_type_mismatch, atlas_status_unflushed_changes, atlas_status_unsupported

    !> A store, as `info` describes it.
    type :: store_info_type
        integer(c_int32_t) :: mode = 0             !< atlas_mode_read or atlas_mode_read_write
        integer(c_int32_t) :: meta_format = 0      !< atlas_meta_format_json or atlas_meta_format_msgpack
        integer(c_int32_t) :: meta_compression = 0 !< atlas_compression_none or atlas_compression_zstd
        logical :: unflushed_changes = .false.     !< anything changed since the last flush
        integer(int64) :: generation = 0           !< the commit that this store sees
        integer(int64) :: dataset_count = 0        !< datasets, unflushed ones included
        integer(int64) :: array_file_count = 0     !< array names with data on disk
        integer(int64) :: segment_count = 0        !< segment files
        integer(int64) :: live_bytes = 0           !< bytes on disk that belong to living arrays
        integer(int64) :: dead_bytes = 0           !< bytes on disk that `compact` would give back
        integer(int64) :: keep_generations = -1    !< earlier commits that are kept; -1: the one before the last, until a
                                                   !< compaction
    end type store_info_type

    !> An array, as `info` describes it. Dimensions in Fortran's order.
    type :: array_info_type
        integer(c_int32_t) :: dtype = 0                    !< atlas_dtype_..: the type of the elements
        integer :: rank = 0                                !< the number of dimensions
        integer(int64), allocatable :: shape(:)            !< extents, in cells
        character(atlas_max_name), allocatable :: dims(:)  !< names of the dimensions
        integer(int64), allocatable :: chunk_shape(:)      !< extents of a chunk, in cells
        integer(int64), allocatable :: piece_shape(:)      !< extents of the pieces that a chunk is stored in
        integer(c_int32_t) :: codec = 0                    !< atlas_codec_..
        integer :: level = 0                               !< the codec's level
        logical :: shuffle = .false.                       !< bytes are shuffled before they are compressed
        integer(c_int32_t) :: filter = 0                   !< atlas_filter_..: what is done before that
        integer :: keep_bits = 0                           !< bits of the mantissa that are kept of reals; 0: all
        logical :: pack = .false.                          !< small chunks may be compressed together with others
        logical :: unlimited = .false.                     !< `write` past the end makes the last dimension longer
        logical :: has_fill_value = .false.                !< one of the next four is the fill value:
        integer(int64) :: fill_int = 0                     !< of integers, timestamps (u64: its bits), bool (0 or 1)
        real(real64) :: fill_real = 0                      !< of reals, and the nearest to fill_int
        complex(real64) :: fill_complex = 0                !< of complex, and of reals
        character(:), allocatable :: fill_text             !< of strings
    end type array_info_type

    !> Statistics of an array or of one chunk, as of the last flush. `min` and `max` leave out nulls and NaN.
    type :: stats_type
        integer(int64) :: row_count = 0    !< cells
        integer(int64) :: null_count = 0   !< cells equal to the fill value
        logical :: has_range = .false.     !< there is a smallest and a largest value, else they are all 0
        integer(c_int32_t) :: dtype = 0    !< the array's type
        real(real64) :: min = 0            !< the smallest value, as the nearest real64
        real(real64) :: max = 0            !< the largest value
        integer(int64) :: min_int = 0      !< the smallest value of integers, exact (u64: its bits)
        integer(int64) :: max_int = 0      !< the largest value
    end type stats_type

    !> Where one chunk lies: `stored_len` bytes of a file behind the first `offset` are a block. Decoded it has `raw_len`
    !> bytes, of which `len` behind the first `at` are the chunk.
    type :: chunk_place_type
        integer(int64) :: number = 0      !< its indices in the grid of pieces, in the order of the store, from 0
        integer :: file = 0               !< its place in the list of files, from 1
        integer(int64) :: offset = 0      !< bytes of the file before the block
        integer(int64) :: stored_len = 0  !< bytes of the block in the file
        integer(int64) :: raw_len = 0     !< bytes of the block when decoded
        integer(int64) :: at = 0          !< bytes of the decoded block before the piece
        integer(int64) :: len = 0         !< bytes of the piece
        integer(int64) :: checksum = 0    !< CRC-32C of the block in the file; -1 where it stands behind the block
        integer(c_int32_t) :: codec = 0   !< atlas_codec_..
        integer :: shuffle = 1            !< bytes of the elements whose bytes were shuffled; 1 where they were not
        integer :: delta = 0              !< bytes of the elements that are differences; 0 where they are themselves
    end type chunk_place_type

    !> One damaged place that `verify` found.
    type :: damage_type
        character(:), allocatable :: file     !< the file's path
        integer(int64) :: offset = 0          !< the byte in it, from 0
        character(:), allocatable :: message  !< what is wrong there
    end type damage_type

    abstract interface
        !> Takes a message of a store; `level` is atlas_log_info or atlas_log_warning. It must not call this library.
        subroutine log_interface(level, message)
            implicit none (type, external)
            integer, intent(in) :: level
            character(*), intent(in) :: message
        end subroutine log_interface

        !> Takes a report of progress: `done` of `total` steps of `what`. Answers .true. to go on, .false. to cancel.
        !> It must not call this library.
        function progress_interface(what, done, total) result(go_on)
            import :: int64
            implicit none (type, external)
            character(*), intent(in) :: what
            integer(int64), intent(in) :: done, total
            logical :: go_on
        end function progress_interface
    end interface

    !> What the library's callbacks lead to. It stays where it is for as long as the store is open.
    type :: callbacks_type
        procedure(log_interface), pointer, nopass :: log => null()
        procedure(progress_interface), pointer, nopass :: progress => null()
        character(:), allocatable :: path  !< of the store
    end type callbacks_type

    !> An open store, or none yet.
    type :: store_type
        private
        integer(c_int64_t) :: handle = 0
        logical :: attached = .false.
        type(callbacks_type), pointer :: callbacks => null()
    contains
        !> create(path, codec, level, shuffle, pack, meta_format, meta_compression, keep_generations, sync,
        !>        num_threads, cache_bytes, write_buffer_bytes, if_exists, lock_timeout_ms, float_overflow, filter,
        !>        log, progress): create a store and open it for reading and writing
        procedure :: create => store_create
        !> open(path, action, generation, sync, num_threads, cache_bytes, write_buffer_bytes, lock_timeout_ms,
        !>      float_overflow, log, progress, ticket): open a store; `action` is "read", which is the default, or
        !> "readwrite"; `generation` an earlier commit, to read; `ticket` a session that goes on with this one
        procedure :: open => store_open
        !> open_worker(ticket, worker, path, sync, num_threads, cache_bytes, write_buffer_bytes, float_overflow, log):
        !> be a worker of a session, which writes and commits nothing
        procedure :: open_worker => store_open_worker
        !> session_begin(ticket, workers, datasets): begin a session, or renew the one that is on, and get its ticket
        procedure :: session_begin => store_session_begin
        !> session_end(): end it; files of workers that were not imported go
        procedure :: session_end => store_session_end
        !> session_missing(workers): the workers from whom nothing was imported since the last flush
        procedure :: session_missing => store_session_missing
        !> export_changes(bytes): make durable what changed on this worker, and get it for `import_changes`
        procedure :: export_changes => store_export_changes
        !> import_changes(bytes, counts): take over exports, one after the other, each of as many bytes; `flush` commits
        procedure :: import_changes => store_import_changes
        !> renew(ticket): have a worker go on from a later ticket, which knows of the commits made since
        procedure :: renew => store_renew
        !> flush(): commit every change since the last flush, all together, and wait until it is on the disk
        procedure :: flush => store_flush
        !> flush_begin(): begin a flush of every change made so far, and return at once
        procedure :: flush_begin => store_flush_begin
        !> flush_test(): whether no flush is under way
        procedure :: flush_test => store_flush_test
        !> flush_wait(): wait until every flush that was begun is on the disk
        procedure :: flush_wait => store_flush_wait
        !> close(): flush, then release. When the flush fails the store stays open and nothing is lost. Nothing to do
        !> for a store that is not open
        procedure :: close => store_close
        !> discard(): release without a flush: every change since the last one is gone
        procedure :: discard => store_discard
        !> attach(handle): be the store of a handle that other code, such as a library in C, has opened and will close
        procedure :: attach => store_attach
        !> compact(): give back the space of deleted and overwritten data
        procedure :: compact => store_compact
        !> generations(generations): the commits that can be opened and gone back to, in ascending order
        procedure :: generations => store_generations
        !> set_keep_generations(count): how many earlier commits are kept from the next flush on
        procedure :: set_keep_generations => store_set_keep_generations
        !> pin(name): keep the last commit, with all its files, under a name from the next flush on
        procedure :: pin => store_pin
        !> unpin(name): take a pin away
        procedure :: unpin => store_unpin
        !> pin_names(names): all pins, in the order in which they were made
        procedure :: pin_names => store_pin_names
        !> pin_generation(name): the commit that a pin names
        procedure :: pin_generation => store_pin_generation
        !> rollback(generation): make the store what it was at an earlier commit, as a new commit
        procedure :: rollback => store_rollback
        !> refresh(): move a store that is open for reading on to the last commit
        procedure :: refresh => store_refresh
        !> wait_for_commit(timeout_ms): whether there is a newer commit than the one that this store, open for reading,
        !> sees, waiting for it as long; `refresh` moves on to it
        procedure :: wait_for_commit => store_wait_for_commit
        !> verify(damage_count, damages): compare every byte on disk with its checksum. Damage is a failure
        !> (atlas_status_corrupt); `damage_count` and `damages(:)` are set then too
        procedure :: verify => store_verify
        !> is_open(): whether this is an open store
        procedure :: is_open => store_is_open
        !> c_handle(): the handle, for calls of atlas_store_c; it stays this store's
        procedure :: c_handle => store_c_handle
        !> info(info): describe the store. info(dataset, array, info): describe an array
        generic :: info => info_of_store, info_of_array

        !> create_dataset(dataset): add a dataset without arrays or attributes
        procedure :: create_dataset => store_create_dataset
        !> delete_dataset(dataset): delete a dataset with its arrays and attributes
        procedure :: delete_dataset => store_delete_dataset
        !> rename_dataset(dataset, name): give it another name
        procedure :: rename_dataset => store_rename_dataset
        !> copy_dataset(dataset, name, to): copy it under a name, in this store or to another
        procedure :: copy_dataset => store_copy_dataset
        !> has_dataset(dataset): whether there is one
        procedure :: has_dataset => store_has_dataset
        !> dataset_count(): how many there are
        procedure :: dataset_count => store_dataset_count
        !> dataset_names(names): all names, in the order of creation
        procedure :: dataset_names => store_dataset_names
        !> dataset_name(index): the name of one, counted from 1
        procedure :: dataset_name => store_dataset_name

        !> define(dataset, array, dtype, shape, dims, chunk_shape, codec, level, shuffle, pack, fill, unlimited, filter,
        !>        keep_bits): define an array
        procedure :: define => store_define
        !> delete_array(dataset, array): delete an array with its attributes
        procedure :: delete_array => store_delete_array
        !> resize(dataset, array, length): give the last dimension another extent
        procedure :: resize => store_resize
        !> extend(dataset, array, length): give the last dimension at least this extent; many workers can do it at once
        procedure :: extend => store_extend
        !> has_array(dataset, array): whether there is one
        procedure :: has_array => store_has_array
        !> array_count(dataset): how many there are
        procedure :: array_count => store_array_count
        !> array_names(dataset, names): all names, in the order of definition
        procedure :: array_names => store_array_names

        !> write(dataset, array, values, start, count): write an array or a region of it; integers: also dtype
        generic :: write => write_int8
        procedure, private :: write_int8
        generic :: write => write_int16
        procedure, private :: write_int16
        generic :: write => write_int32
        procedure, private :: write_int32
        generic :: write => write_int64
        procedure, private :: write_int64
        generic :: write => write_real32
        procedure, private :: write_real32
        generic :: write => write_real64
        procedure, private :: write_real64
        generic :: write => write_complex32
        procedure, private :: write_complex32
        generic :: write => write_complex64
        procedure, private :: write_complex64
        generic :: write => write_logical
        procedure, private :: write_logical
        generic :: write => write_bool
        procedure, private :: write_bool
        generic :: write => write_character
        procedure, private :: write_character
        !> read(dataset, array, values, start, count): read an array or a region of it; integers: also dtype
        generic :: read => read_int8
        procedure, private :: read_int8
        generic :: read => read_int16
        procedure, private :: read_int16
        generic :: read => read_int32
        procedure, private :: read_int32
        generic :: read => read_int64
        procedure, private :: read_int64
        generic :: read => read_real32
        procedure, private :: read_real32
        generic :: read => read_real64
        procedure, private :: read_real64
        generic :: read => read_complex32
        procedure, private :: read_complex32
        generic :: read => read_complex64
        procedure, private :: read_complex64
        generic :: read => read_logical
        procedure, private :: read_logical
        generic :: read => read_bool
        procedure, private :: read_bool
        generic :: read => read_character
        procedure, private :: read_character
        !> read_alloc(dataset, array, values, start, count): the same into an allocatable, which gets the shape of what is
        !> read: ranks 1 to 7, all but texts; integers: also dtype
        generic :: read_alloc => read_alloc_int8_1
        procedure, private :: read_alloc_int8_1
        generic :: read_alloc => read_alloc_int8_2
        procedure, private :: read_alloc_int8_2
        generic :: read_alloc => read_alloc_int8_3
        procedure, private :: read_alloc_int8_3
        generic :: read_alloc => read_alloc_int8_4
        procedure, private :: read_alloc_int8_4
        generic :: read_alloc => read_alloc_int8_5
        procedure, private :: read_alloc_int8_5
        generic :: read_alloc => read_alloc_int8_6
        procedure, private :: read_alloc_int8_6
        generic :: read_alloc => read_alloc_int8_7
        procedure, private :: read_alloc_int8_7
        generic :: read_alloc => read_alloc_int16_1
        procedure, private :: read_alloc_int16_1
        generic :: read_alloc => read_alloc_int16_2
        procedure, private :: read_alloc_int16_2
        generic :: read_alloc => read_alloc_int16_3
        procedure, private :: read_alloc_int16_3
        generic :: read_alloc => read_alloc_int16_4
        procedure, private :: read_alloc_int16_4
        generic :: read_alloc => read_alloc_int16_5
        procedure, private :: read_alloc_int16_5
        generic :: read_alloc => read_alloc_int16_6
        procedure, private :: read_alloc_int16_6
        generic :: read_alloc => read_alloc_int16_7
        procedure, private :: read_alloc_int16_7
        generic :: read_alloc => read_alloc_int32_1
        procedure, private :: read_alloc_int32_1
        generic :: read_alloc => read_alloc_int32_2
        procedure, private :: read_alloc_int32_2
        generic :: read_alloc => read_alloc_int32_3
        procedure, private :: read_alloc_int32_3
        generic :: read_alloc => read_alloc_int32_4
        procedure, private :: read_alloc_int32_4
        generic :: read_alloc => read_alloc_int32_5
        procedure, private :: read_alloc_int32_5
        generic :: read_alloc => read_alloc_int32_6
        procedure, private :: read_alloc_int32_6
        generic :: read_alloc => read_alloc_int32_7
        procedure, private :: read_alloc_int32_7
        generic :: read_alloc => read_alloc_int64_1
        procedure, private :: read_alloc_int64_1
        generic :: read_alloc => read_alloc_int64_2
        procedure, private :: read_alloc_int64_2
        generic :: read_alloc => read_alloc_int64_3
        procedure, private :: read_alloc_int64_3
        generic :: read_alloc => read_alloc_int64_4
        procedure, private :: read_alloc_int64_4
        generic :: read_alloc => read_alloc_int64_5
        procedure, private :: read_alloc_int64_5
        generic :: read_alloc => read_alloc_int64_6
        procedure, private :: read_alloc_int64_6
        generic :: read_alloc => read_alloc_int64_7
        procedure, private :: read_alloc_int64_7
        generic :: read_alloc => read_alloc_real32_1
        procedure, private :: read_alloc_real32_1
        generic :: read_alloc => read_alloc_real32_2
        procedure, private :: read_alloc_real32_2
        generic :: read_alloc => read_alloc_real32_3
        procedure, private :: read_alloc_real32_3
        generic :: read_alloc => read_alloc_real32_4
        procedure, private :: read_alloc_real32_4
        generic :: read_alloc => read_alloc_real32_5
        procedure, private :: read_alloc_real32_5
        generic :: read_alloc => read_alloc_real32_6
        procedure, private :: read_alloc_real32_6
        generic :: read_alloc => read_alloc_real32_7
        procedure, private :: read_alloc_real32_7
        generic :: read_alloc => read_alloc_real64_1
        procedure, private :: read_alloc_real64_1
        generic :: read_alloc => read_alloc_real64_2
        procedure, private :: read_alloc_real64_2
        generic :: read_alloc => read_alloc_real64_3
        procedure, private :: read_alloc_real64_3
        generic :: read_alloc => read_alloc_real64_4
        procedure, private :: read_alloc_real64_4
        generic :: read_alloc => read_alloc_real64_5
        procedure, private :: read_alloc_real64_5
        generic :: read_alloc => read_alloc_real64_6
        procedure, private :: read_alloc_real64_6
        generic :: read_alloc => read_alloc_real64_7
        procedure, private :: read_alloc_real64_7
        generic :: read_alloc => read_alloc_complex32_1
        procedure, private :: read_alloc_complex32_1
        generic :: read_alloc => read_alloc_complex32_2
        procedure, private :: read_alloc_complex32_2
        generic :: read_alloc => read_alloc_complex32_3
        procedure, private :: read_alloc_complex32_3
        generic :: read_alloc => read_alloc_complex32_4
        procedure, private :: read_alloc_complex32_4
        generic :: read_alloc => read_alloc_complex32_5
        procedure, private :: read_alloc_complex32_5
        generic :: read_alloc => read_alloc_complex32_6
        procedure, private :: read_alloc_complex32_6
        generic :: read_alloc => read_alloc_complex32_7
        procedure, private :: read_alloc_complex32_7
        generic :: read_alloc => read_alloc_complex64_1
        procedure, private :: read_alloc_complex64_1
        generic :: read_alloc => read_alloc_complex64_2
        procedure, private :: read_alloc_complex64_2
        generic :: read_alloc => read_alloc_complex64_3
        procedure, private :: read_alloc_complex64_3
        generic :: read_alloc => read_alloc_complex64_4
        procedure, private :: read_alloc_complex64_4
        generic :: read_alloc => read_alloc_complex64_5
        procedure, private :: read_alloc_complex64_5
        generic :: read_alloc => read_alloc_complex64_6
        procedure, private :: read_alloc_complex64_6
        generic :: read_alloc => read_alloc_complex64_7
        procedure, private :: read_alloc_complex64_7
        generic :: read_alloc => read_alloc_logical_1
        procedure, private :: read_alloc_logical_1
        generic :: read_alloc => read_alloc_logical_2
        procedure, private :: read_alloc_logical_2
        generic :: read_alloc => read_alloc_logical_3
        procedure, private :: read_alloc_logical_3
        generic :: read_alloc => read_alloc_logical_4
        procedure, private :: read_alloc_logical_4
        generic :: read_alloc => read_alloc_logical_5
        procedure, private :: read_alloc_logical_5
        generic :: read_alloc => read_alloc_logical_6
        procedure, private :: read_alloc_logical_6
        generic :: read_alloc => read_alloc_logical_7
        procedure, private :: read_alloc_logical_7
        generic :: read_alloc => read_alloc_bool_1
        procedure, private :: read_alloc_bool_1
        generic :: read_alloc => read_alloc_bool_2
        procedure, private :: read_alloc_bool_2
        generic :: read_alloc => read_alloc_bool_3
        procedure, private :: read_alloc_bool_3
        generic :: read_alloc => read_alloc_bool_4
        procedure, private :: read_alloc_bool_4
        generic :: read_alloc => read_alloc_bool_5
        procedure, private :: read_alloc_bool_5
        generic :: read_alloc => read_alloc_bool_6
        procedure, private :: read_alloc_bool_6
        generic :: read_alloc => read_alloc_bool_7
        procedure, private :: read_alloc_bool_7
        !> append(dataset, array, values): grow the last dimension by the values. They have the array's rank, or one
        !> less, which appends one slice; integers: also dtype
        generic :: append => append_int8
        procedure, private :: append_int8
        generic :: append => append_int16
        procedure, private :: append_int16
        generic :: append => append_int32
        procedure, private :: append_int32
        generic :: append => append_int64
        procedure, private :: append_int64
        generic :: append => append_real32
        procedure, private :: append_real32
        generic :: append => append_real64
        procedure, private :: append_real64
        generic :: append => append_complex32
        procedure, private :: append_complex32
        generic :: append => append_complex64
        procedure, private :: append_complex64
        generic :: append => append_logical
        procedure, private :: append_logical
        generic :: append => append_bool
        procedure, private :: append_bool
        generic :: append => append_character
        procedure, private :: append_character
        !> read_across(array, datasets, values, start, count): read the same region of one array from many datasets:
        !> values(.., i) comes from datasets(i); integers: also dtype
        generic :: read_across => read_across_int8
        procedure, private :: read_across_int8
        generic :: read_across => read_across_int16
        procedure, private :: read_across_int16
        generic :: read_across => read_across_int32
        procedure, private :: read_across_int32
        generic :: read_across => read_across_int64
        procedure, private :: read_across_int64
        generic :: read_across => read_across_real32
        procedure, private :: read_across_real32
        generic :: read_across => read_across_real64
        procedure, private :: read_across_real64
        generic :: read_across => read_across_complex32
        procedure, private :: read_across_complex32
        generic :: read_across => read_across_complex64
        procedure, private :: read_across_complex64
        generic :: read_across => read_across_logical
        procedure, private :: read_across_logical
        generic :: read_across => read_across_bool
        procedure, private :: read_across_bool
        generic :: read_across => read_across_character
        procedure, private :: read_across_character
        !> read_text(dataset, array, text, start): read one text, as long as it is. read_text(dataset, array, texts,
        !> start, count): read an array of texts of rank 1, or a region of any rank as a list, as long as the longest
        generic :: read_text => read_one_text, read_texts

        !> set_attribute(dataset, key, value, array): set an attribute, of an array or the dataset's own, or without
        !> `dataset` the store's, to a scalar or an array of rank 1; integers: also dtype
        generic :: set_attribute => set_int8
        procedure, private :: set_int8
        generic :: set_attribute => set_int16
        procedure, private :: set_int16
        generic :: set_attribute => set_int32
        procedure, private :: set_int32
        generic :: set_attribute => set_int64
        procedure, private :: set_int64
        generic :: set_attribute => set_real32
        procedure, private :: set_real32
        generic :: set_attribute => set_real64
        procedure, private :: set_real64
        generic :: set_attribute => set_complex32
        procedure, private :: set_complex32
        generic :: set_attribute => set_complex64
        procedure, private :: set_complex64
        generic :: set_attribute => set_logical
        procedure, private :: set_logical
        generic :: set_attribute => set_bool
        procedure, private :: set_bool
        generic :: set_attribute => set_character
        procedure, private :: set_character
        !> get_attribute(dataset, key, value, array): get an attribute of as many values as `value` has; integers:
        !> also dtype
        generic :: get_attribute => get_int8
        procedure, private :: get_int8
        generic :: get_attribute => get_int16
        procedure, private :: get_int16
        generic :: get_attribute => get_int32
        procedure, private :: get_int32
        generic :: get_attribute => get_int64
        procedure, private :: get_int64
        generic :: get_attribute => get_real32
        procedure, private :: get_real32
        generic :: get_attribute => get_real64
        procedure, private :: get_real64
        generic :: get_attribute => get_complex32
        procedure, private :: get_complex32
        generic :: get_attribute => get_complex64
        procedure, private :: get_complex64
        generic :: get_attribute => get_logical
        procedure, private :: get_logical
        generic :: get_attribute => get_bool
        procedure, private :: get_bool
        generic :: get_attribute => get_character
        procedure, private :: get_character
        !> get_attribute_alloc(dataset, key, value, array): the same into an allocatable of rank 1, which gets as many values
        !> as the attribute has: all but texts; integers: also dtype
        generic :: get_attribute_alloc => get_alloc_int8
        procedure, private :: get_alloc_int8
        generic :: get_attribute_alloc => get_alloc_int16
        procedure, private :: get_alloc_int16
        generic :: get_attribute_alloc => get_alloc_int32
        procedure, private :: get_alloc_int32
        generic :: get_attribute_alloc => get_alloc_int64
        procedure, private :: get_alloc_int64
        generic :: get_attribute_alloc => get_alloc_real32
        procedure, private :: get_alloc_real32
        generic :: get_attribute_alloc => get_alloc_real64
        procedure, private :: get_alloc_real64
        generic :: get_attribute_alloc => get_alloc_complex32
        procedure, private :: get_alloc_complex32
        generic :: get_attribute_alloc => get_alloc_complex64
        procedure, private :: get_alloc_complex64
        generic :: get_attribute_alloc => get_alloc_logical
        procedure, private :: get_alloc_logical
        generic :: get_attribute_alloc => get_alloc_bool
        procedure, private :: get_alloc_bool
        !> get_attribute_text(dataset, key, text, array): get one text, as long as it is, or (texts) a list of them
        generic :: get_attribute_text => get_one_attribute_text, get_attribute_texts
        !> attribute_info(dataset, key, dtype, count, array): tell an attribute's type and number of values
        procedure :: attribute_info => store_attribute_info
        !> has_attribute(dataset, key, array): whether there is one
        procedure :: has_attribute => store_has_attribute
        !> attribute_count(dataset, array): how many there are
        procedure :: attribute_count => store_attribute_count
        !> attribute_names(dataset, names, array): all names, in the order in which they were first set
        procedure :: attribute_names => store_attribute_names
        !> delete_attribute(dataset, key, array): delete one
        procedure :: delete_attribute => store_delete_attribute

        !> stats(dataset, array, stats): the statistics of an array, as of the last flush
        procedure :: stats => store_stats
        !> chunk_stats(dataset, array, chunk, stats): the statistics of one chunk; `chunk` has its indices from 1
        procedure :: chunk_stats => store_chunk_stats
        !> chunk_places(dataset, array, places, files, generation): where the stored chunks of an array lie, as of the
        !> last commit that this store sees
        procedure :: chunk_places => store_chunk_places

        !> Stops the program: two variables cannot own one store.
        generic :: assignment(=) => refuse_copy
        final :: finalize_store
        procedure, private :: info_of_store, info_of_array, refuse_copy
        procedure, private :: read_one_text, read_texts, get_one_attribute_text, get_attribute_texts
    end type store_type

    !> What `read_alloc` allocates and reads: the extents of the values, and those of the region.
    type :: plan_type
        type(outcome_type) :: outcome
        integer(int64) :: extents(7) = 1
        integer :: rank = 0
        integer(int64) :: count(atlas_max_rank) = 1
    end type plan_type

    !> decode_time(values, dates, units, calendar, dtype): the dates that numbers mean, by the CF conventions; integers:
    !> also dtype
    interface decode_time
        procedure :: decode_time_int8
        procedure :: decode_time_int16
        procedure :: decode_time_int32
        procedure :: decode_time_int64
        procedure :: decode_time_real32
        procedure :: decode_time_real64
    end interface decode_time

    !> encode_time(dates, values, units, calendar, dtype): the numbers that mean dates; integers: also dtype
    interface encode_time
        procedure :: encode_time_int8
        procedure :: encode_time_int16
        procedure :: encode_time_int32
        procedure :: encode_time_int64
        procedure :: encode_time_real32
        procedure :: encode_time_real64
    end interface encode_time

    !> The damages that `verify` collects.
    type :: damages_type
        type(damage_type), allocatable :: list(:)
    end type damages_type

contains

    ! ---- Stores ----------------------------------------------------------------------------------------------------

    !> Create a store and open it for reading and writing.
    !>
    !> - `path`              the store's directory; its parent must exist
    !> - `codec`, `level`    atlas_codec_.. and its level, for arrays that do not choose their own
    !> - `shuffle`           shuffle the bytes of elements before compressing; default: .true.
    !> - `pack`              compress chunks below 16 KiB together with others, likewise; default: .true.
    !> - `meta_format`, `meta_compression`  how the store's root is written
    !> - `keep_generations`  earlier commits that can be gone back to, also after compactions; 0: none. Default: the one
    !>                       before the last, until a compaction. Belongs to the store from then on
    !> - `sync`              flush waits for the disk; default: .true.
    !> - `num_threads`       background threads; 0: all work is done on the calling thread
    !> - `cache_bytes`       decoded data and indexes kept for later reads
    !> - `write_buffer_bytes`  what written values may take in memory; beyond that they wait in files for the next flush
    !> - `if_exists`         what is done where there is a store: atlas_if_exists_fail, the default, _open, for reading and
    !>                       writing, or _replace: begin anew; it stays as it is until the first flush
    !> - `lock_timeout_ms`   milliseconds, an integer of any kind, to wait for another writer to end before
    !>                       atlas_status_locked; atlas_wait_forever. Default: 0
    !> - `float_overflow`    what becomes of a finite value that a narrower real cannot hold: atlas_overflow_error, the
    !>                       default, or atlas_overflow_infinity
    !> - `filter`            atlas_filter_..: what is done to elements before shuffling, likewise; default: nothing
    !> - `log`               called with messages; a module procedure, or one that lives as long as the store
    !> - `progress`          called during `compact` and `verify`; likewise
    recursive subroutine store_create(self, path, codec, level, shuffle, pack, meta_format, meta_compression, &
            keep_generations, sync, num_threads, cache_bytes, write_buffer_bytes, if_exists, lock_timeout_ms, &
            float_overflow, filter, log, progress, stat, errmsg)
        class(store_type), intent(inout) :: self
        character(*), intent(in) :: path
        integer(c_int32_t), intent(in), optional :: codec
        integer, intent(in), optional :: level
        logical, intent(in), optional :: shuffle, pack
        integer(c_int32_t), intent(in), optional :: meta_format, meta_compression
        integer, intent(in), optional :: keep_generations
        logical, intent(in), optional :: sync
        integer, intent(in), optional :: num_threads
        integer(int64), intent(in), optional :: cache_bytes, write_buffer_bytes
        integer(c_int32_t), intent(in), optional :: if_exists
        class(*), intent(in), optional :: lock_timeout_ms
        integer(c_int32_t), intent(in), optional :: float_overflow, filter
        procedure(log_interface), optional :: log
        procedure(progress_interface), optional :: progress
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_create_options) :: options
        type(outcome_type) :: outcome

        call prepare_to_open(self, path, log, progress, outcome)
        if (outcome%status == atlas_status_ok .and. present(lock_timeout_ms)) call take_integer(lock_timeout_ms, &
            "lock_timeout_ms", options%lock_timeout_ms, outcome)
        if (outcome%status == atlas_status_ok) then
            options%struct_size = c_sizeof(options)
            if (present(codec)) options%codec = codec
            if (present(level)) options%level = int(level, c_int32_t)
            options%shuffle = switch(shuffle)
            if (present(filter)) options%filter = filter
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
            options%log = c_null_funptr
            options%log_data = c_loc(self%callbacks)
            options%progress = c_null_funptr
            options%progress_data = c_loc(self%callbacks)
            if (present(log)) options%log = c_funloc(forward_log)
            if (present(progress)) options%progress = c_funloc(forward_progress)
            outcome = answer(atlas_create(c_text(path), options, self%handle))
        end if
        if (self%handle == 0) call forget(self)
        call report(outcome, stat, errmsg)
    end subroutine store_create

    !> Open a store.
    !>
    !> - `path`        the store's directory
    !> - `action`      "read" (the default): see the last commit, until `refresh`. "readwrite": be the one writer
    !> - `generation`  for reading, see this commit instead, one of `generations`
    !> - `ticket`      of a session whose store is gone, with "readwrite": the session goes on with this one, and the files
    !>                 of its workers stay
    !> - the rest      as for `create`
    recursive subroutine store_open(self, path, action, generation, sync, num_threads, cache_bytes, &
            write_buffer_bytes, lock_timeout_ms, float_overflow, log, progress, ticket, stat, errmsg)
        class(store_type), intent(inout) :: self
        character(*), intent(in) :: path
        character(*), intent(in), optional :: action
        integer(int64), intent(in), optional :: generation
        logical, intent(in), optional :: sync
        integer, intent(in), optional :: num_threads
        integer(int64), intent(in), optional :: cache_bytes, write_buffer_bytes
        class(*), intent(in), optional :: lock_timeout_ms
        integer(c_int32_t), intent(in), optional :: float_overflow
        procedure(log_interface), optional :: log
        procedure(progress_interface), optional :: progress
        integer(int8), intent(in), target, contiguous, optional :: ticket(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_open_options) :: options
        type(outcome_type) :: outcome
        integer(c_int32_t) :: mode

        call prepare_to_open(self, path, log, progress, outcome)
        mode = atlas_mode_read
        if (present(action)) then
            select case (action)
            case ("read")
            case ("readwrite")
                mode = atlas_mode_read_write
            case default
                if (outcome%status == atlas_status_ok) outcome = failure(atlas_status_invalid_argument, &
                    "action is '"//action//"'; it must be 'read' or 'readwrite'")
            end select
        end if
        if (outcome%status == atlas_status_ok .and. present(generation) .and. mode /= atlas_mode_read) then
            outcome = failure(atlas_status_invalid_argument, "an earlier commit can be opened for reading only")
        end if
        if (outcome%status == atlas_status_ok .and. present(lock_timeout_ms)) call take_integer(lock_timeout_ms, &
            "lock_timeout_ms", options%lock_timeout_ms, outcome)
        if (outcome%status == atlas_status_ok) then
            call fill_options(self, options, sync, num_threads, cache_bytes, write_buffer_bytes, float_overflow, log, &
                progress)
            if (present(ticket)) then
                options%ticket = c_loc(ticket)
                options%ticket_length = size(ticket, kind=c_size_t)
            end if
            if (present(generation)) then
                outcome = answer(atlas_open_at(c_text(path), generation, options, self%handle))
            else
                outcome = answer(atlas_open(c_text(path), mode, options, self%handle))
            end if
        end if
        if (self%handle == 0) call forget(self)
        call report(outcome, stat, errmsg)
    end subroutine store_open

    !> Be a worker of a session: it takes no lock and commits nothing. It can create datasets and define arrays (what many
    !> workers define alike is defined once), set attributes, write any region, append to an array that no other worker
    !> appends to, and read what the ticket knows and what it has written itself; the rest is atlas_status_unsupported.
    !> Close it when it has exported what it wrote.
    !>
    !> - `ticket`  of `session_begin`
    !> - `worker`  its number, from 0 on: no other that is at work has it
    !> - `path`    the store's directory as this machine sees it; default: as the ticket says
    !> - the rest  as for `create`
    recursive subroutine store_open_worker(self, ticket, worker, path, sync, num_threads, cache_bytes, &
            write_buffer_bytes, float_overflow, log, stat, errmsg)
        class(store_type), intent(inout) :: self
        integer(int8), intent(in), contiguous :: ticket(:)
        integer, intent(in) :: worker
        character(*), intent(in), optional :: path
        logical, intent(in), optional :: sync
        integer, intent(in), optional :: num_threads
        integer(int64), intent(in), optional :: cache_bytes, write_buffer_bytes
        integer(c_int32_t), intent(in), optional :: float_overflow
        procedure(log_interface), optional :: log
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_open_options) :: options
        type(outcome_type) :: outcome

        if (present(path)) then
            call prepare_to_open(self, path, log, outcome=outcome)
        else
            call prepare_to_open(self, "of worker "//number(int(worker, int64)), log, outcome=outcome)
        end if
        if (outcome%status == atlas_status_ok .and. worker < 0) outcome = failure(atlas_status_invalid_argument, &
            "worker is "//number(int(worker, int64)))
        if (outcome%status == atlas_status_ok) then
            call fill_options(self, options, sync, num_threads, cache_bytes, write_buffer_bytes, float_overflow, log)
            if (present(path)) then
                outcome = answer(atlas_open_worker(ticket, size(ticket, kind=c_size_t), int(worker, c_int32_t), &
                    c_text(path), options, self%handle))
            else
                outcome = answer(atlas_open_worker(ticket, size(ticket, kind=c_size_t), int(worker, c_int32_t), &
                    options=options, out=self%handle))
            end if
        end if
        if (self%handle == 0) call forget(self)
        call report(outcome, stat, errmsg)
    end subroutine store_open_worker

    !> Begin a session, or renew the one that is on, and get its ticket, from which `open_worker` makes workers. They see
    !> the last commit and the definitions made since; not values that are not flushed. It lasts until `session_end` or
    !> until this store is closed. After a flush, begin again: the ticket then is for `renew`.
    !>
    !> - `ticket`    bytes, which travel as they are
    !> - `workers`   how many there will be, numbered from 0 on, for `session_missing`; default: it is not known
    !> - `datasets`  the datasets that workers are told of; default: all
    recursive subroutine store_session_begin(self, ticket, workers, datasets, stat, errmsg)
        class(store_type), intent(in) :: self
        integer(int8), allocatable, intent(out) :: ticket(:)
        integer, intent(in), optional :: workers
        character(*), intent(in), target, optional :: datasets(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_session_options) :: options
        type(texts_type), target :: names
        type(outcome_type) :: outcome
        integer(c_size_t) :: needed

        options%struct_size = c_sizeof(options)
        options%datasets = c_null_ptr
        if (present(workers)) options%workers = int(workers, c_int32_t)
        if (present(workers)) then
            if (workers < 0) outcome = failure(atlas_status_invalid_argument, &
                "workers is "//number(int(workers, int64)))
        end if
        if (present(datasets) .and. outcome%status == atlas_status_ok) then
            call gather_texts(memory_of(datasets), names, outcome)
            options%dataset_count = size(datasets, kind=c_size_t)
            if (size(datasets) > 0) options%datasets = c_loc(names%pointers)
        end if
        if (outcome%status /= atlas_status_ok) then
            allocate(ticket(0))
            call report(outcome, stat, errmsg)
            return
        end if
        needed = 65536
        do
            allocate(ticket(needed))
            outcome = answer(atlas_session_begin(self%handle, options, ticket, size(ticket, kind=c_size_t), needed))
            if (outcome%status /= atlas_status_buffer_too_small) exit
            deallocate(ticket)
        end do
        if (outcome%status /= atlas_status_ok) needed = 0
        ticket = ticket(:needed)
        call report(outcome, stat, errmsg)
    end subroutine store_session_begin

    !> End the session, if one is on: files of workers that were not imported are removed, and what they export from now on
    !> is refused. It is a failure (atlas_status_unflushed_changes) where values were imported that are not flushed.
    recursive subroutine store_session_end(self, stat, errmsg)
        class(store_type), intent(in) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_session_end(self%handle)), stat, errmsg)
    end subroutine store_session_end

    !> List the workers from whom nothing was imported since the last flush, of as many as `session_begin` was told of,
    !> in ascending order.
    recursive subroutine store_session_missing(self, workers, stat, errmsg)
        class(store_type), intent(in) :: self
        integer(int32), allocatable, intent(out) :: workers(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(c_size_t) :: count

        count = 0
        do
            allocate(workers(count))
            outcome = answer(atlas_session_missing(self%handle, size(workers, kind=c_size_t), workers, count))
            if (outcome%status /= atlas_status_buffer_too_small) exit
            deallocate(workers)
        end do
        if (outcome%status /= atlas_status_ok) count = 0
        workers = workers(:count)
        call report(outcome, stat, errmsg)
    end subroutine store_session_missing

    !> Write what changed on this worker since its last export, make it durable, and get it as bytes, for `import_changes` of
    !> the store that began the session. Where nothing has changed they are few, and tell that it is done. After a failure
    !> nothing is lost, and it can be called again, except after atlas_status_poisoned.
    recursive subroutine store_export_changes(self, bytes, stat, errmsg)
        class(store_type), intent(in) :: self
        integer(int8), allocatable, intent(out) :: bytes(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(c_size_t) :: needed

        needed = 65536
        do
            allocate(bytes(needed))
            outcome = answer(atlas_export(self%handle, bytes, size(bytes, kind=c_size_t), needed))
            if (outcome%status /= atlas_status_buffer_too_small) exit
            deallocate(bytes)
        end do
        if (outcome%status /= atlas_status_ok) needed = 0
        bytes = bytes(:needed)
        call report(outcome, stat, errmsg)
    end subroutine store_export_changes

    !> Take over what workers have exported: all of it, or on failure nothing. The next flush commits it. The order means
    !> nothing, and what was imported already is left out. Chunks of which two workers have written different cells are put
    !> together; where two have written one cell, or contradict each other otherwise, that is atlas_status_conflict, and the
    !> text names them.
    !>
    !> - `bytes`   exports, one after the other, as MPI_Gatherv brings them
    !> - `counts`  the bytes of each; default: they are one
    recursive subroutine store_import_changes(self, bytes, counts, stat, errmsg)
        class(store_type), intent(in) :: self
        integer(int8), intent(in), target, contiguous :: bytes(:)
        integer, intent(in), optional :: counts(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(c_ptr), allocatable :: exports(:)
        integer(c_size_t), allocatable :: lengths(:)
        integer(c_size_t) :: at
        integer :: i

        if (present(counts)) then
            allocate(lengths(size(counts)))
            lengths(:) = int(counts, c_size_t)
        else
            allocate(lengths(1))
            lengths(:) = size(bytes, kind=c_size_t)
        end if
        if (any(lengths < 0) .or. sum(lengths) /= size(bytes, kind=c_size_t)) then
            call report(failure(atlas_status_invalid_argument, "counts are of "//number(int(sum(lengths), int64))// &
                " bytes, there are "//number(size(bytes, kind=int64))), stat, errmsg)
            return
        end if
        allocate(exports(size(lengths)))
        at = 1
        do i = 1, size(lengths)
            exports(i) = c_null_ptr
            if (lengths(i) > 0) exports(i) = c_loc(bytes(at))
            at = at + lengths(i)
        end do
        call report(answer(atlas_import(self%handle, size(exports, kind=c_size_t), exports, lengths)), stat, errmsg)
    end subroutine store_import_changes

    !> Have a worker go on from a later ticket of its session: it sees the commits made since. What it has exported and no
    !> flush has committed it does not see any more. What it has not exported is a failure (atlas_status_unflushed_changes).
    recursive subroutine store_renew(self, ticket, stat, errmsg)
        class(store_type), intent(in) :: self
        integer(int8), intent(in), contiguous :: ticket(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_renew(self%handle, ticket, size(ticket, kind=c_size_t))), stat, errmsg)
    end subroutine store_renew

    !> Commit every change since the last flush, all together, and wait until it is on the disk.
    recursive subroutine store_flush(self, stat, errmsg)
        class(store_type), intent(in) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_flush(self%handle)), stat, errmsg)
    end subroutine store_flush

    !> Begin a flush of every change made so far, and return at once: it goes on beside the program. What is changed
    !> from now on belongs to the next flush, which may be begun before this one is over: each commits what was there
    !> when it began, in that order. One that fails takes those begun after it along, and nothing is lost. If one has
    !> failed and nobody has heard of it, that is the failure here, and nothing is begun. Only when several are under way
    !> does this wait. `flush`, `close`, `compact` and `discard` wait for all of them.
    recursive subroutine store_flush_begin(self, stat, errmsg)
        class(store_type), intent(in) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_flush_begin(self%handle)), stat, errmsg)
    end subroutine store_flush_begin

    !> Whether no flush is under way, so that `flush_wait` would return at once.
    recursive function store_flush_test(self, stat, errmsg) result(over)
        class(store_type), intent(in) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        logical :: over

        logical(c_bool) :: found

        found = .false.
        call report(answer(atlas_flush_test(self%handle, found)), stat, errmsg)
        over = found
    end function store_flush_test

    !> Wait until every flush that was begun is on the disk. When one has failed, this does, once: nothing is lost, and
    !> the next flush writes what it did not.
    recursive subroutine store_flush_wait(self, stat, errmsg)
        class(store_type), intent(in) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_flush_wait(self%handle)), stat, errmsg)
    end subroutine store_flush_wait

    !> Flush, then release. When the flush fails the store stays open and nothing is lost: close again, or discard.
    !> A store that is not open is left as it is.
    recursive subroutine store_close(self, stat, errmsg)
        class(store_type), intent(inout) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome

        if (self%attached) then
            outcome = failure(atlas_status_invalid_argument, "the store is another's, who closes it")
        else if (self%handle /= 0) then
            outcome = answer(atlas_close(self%handle))
        end if
        if (outcome%status == atlas_status_ok) call forget(self)
        call report(outcome, stat, errmsg)
    end subroutine store_close

    !> Release without a flush: every change since the last one is gone. A store that is not open is left as it is.
    recursive subroutine store_discard(self, stat, errmsg)
        class(store_type), intent(inout) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome

        if (self%attached) then
            outcome = failure(atlas_status_invalid_argument, "the store is another's, who closes it")
        else
            if (self%handle /= 0) outcome = answer(atlas_discard(self%handle))
            call forget(self)
        end if
        call report(outcome, stat, errmsg)
    end subroutine store_discard

    !> Be the store of a handle that other code has opened and will close: this variable neither closes nor discards it, and
    !> is free for another store after `attach` with 0. A variable that has opened a store itself stops the program.
    recursive subroutine store_attach(self, handle)
        class(store_type), intent(inout) :: self
        integer(c_int64_t), intent(in) :: handle

        if (self%handle /= 0 .and. .not. self%attached) error stop "atlas: this variable has an open store: close or &
            &discard it first"
        call forget(self)
        self%handle = handle
        self%attached = handle /= 0
    end subroutine store_attach

    !> Give back the space of deleted and overwritten data. It commits by itself, and needs a store without unflushed
    !> changes. Of earlier commits only those that the store was told to keep can still be gone back to.
    recursive subroutine store_compact(self, stat, errmsg)
        class(store_type), intent(in) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_compact(self%handle)), stat, errmsg)
    end subroutine store_compact

    !> List the commits that can be opened and gone back to, in ascending order. The last is the store's last commit.
    recursive subroutine store_generations(self, generations, stat, errmsg)
        class(store_type), intent(in) :: self
        integer(int64), allocatable, intent(out) :: generations(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(c_size_t) :: count

        count = 0
        do
            allocate(generations(count))
            outcome = answer(atlas_generations(self%handle, size(generations, kind=c_size_t), generations, count))
            if (outcome%status /= atlas_status_buffer_too_small) exit
            deallocate(generations)
        end do
        if (outcome%status /= atlas_status_ok) count = 0
        generations = generations(:count)
        call report(outcome, stat, errmsg)
    end subroutine store_generations

    !> Tell the store how many earlier commits it keeps. The next flush makes it durable, and is the first commit that
    !> keeps, or drops, what it says.
    !>
    !> - `count`  as `keep_generations` of `create`: 0: none; without it the one before the last, until a compaction
    recursive subroutine store_set_keep_generations(self, count, stat, errmsg)
        class(store_type), intent(in) :: self
        integer, intent(in), optional :: count
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_set_keep_generations(self%handle, count_option(count, atlas_keep_none))), stat, errmsg)
    end subroutine store_set_keep_generations

    !> Pin the last commit under a name: it can be opened and gone back to, and its files stay, whatever is flushed,
    !> compacted and rolled back, until `unpin`. Changes that are not flushed are not part of it. The next flush makes it
    !> durable.
    recursive subroutine store_pin(self, name, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: name
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_pin(self%handle, c_text(name))), stat, errmsg)
    end subroutine store_pin

    !> Take a pin away: from the next flush on its commit is kept only as far as the store keeps commits.
    recursive subroutine store_unpin(self, name, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: name
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_unpin(self%handle, c_text(name))), stat, errmsg)
    end subroutine store_unpin

    !> List the names of all pins, in the order in which they were made.
    recursive subroutine store_pin_names(self, names, stat, errmsg)
        class(store_type), intent(in) :: self
        character(:), allocatable, intent(out) :: names(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        character(:), allocatable :: buffer
        integer(c_int32_t) :: status
        integer(c_size_t) :: needed

        buffer = ""
        do
            needed = 0
            status = atlas_pin_names(self%handle, &
                buffer, len(buffer, c_size_t), needed)
            if (.not. grown(status, buffer, needed)) exit
        end do
        call take_names(status, buffer, needed, names, stat, errmsg)
    end subroutine store_pin_names

    !> Give the commit that a pin names; `open` reads it with `generation`.
    recursive function store_pin_generation(self, name, stat, errmsg) result(generation)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: name
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(int64) :: generation

        generation = 0
        call report(answer(atlas_pin_generation(self%handle, c_text(name), generation)), stat, errmsg)
    end function store_pin_generation

    !> Make the store what it was at an earlier commit, as a new commit, and wait until that is on the disk. It can be
    !> undone in the same way, as long as the commit gone back from is kept. It needs a store without unflushed changes.
    recursive subroutine store_rollback(self, generation, stat, errmsg)
        class(store_type), intent(in) :: self
        integer(int64), intent(in) :: generation
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_rollback(self%handle, generation)), stat, errmsg)
    end subroutine store_rollback

    !> Move a store that is open for reading on to the last commit.
    recursive subroutine store_refresh(self, stat, errmsg)
        class(store_type), intent(in) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_refresh(self%handle)), stat, errmsg)
    end subroutine store_refresh

    !> Wait until there is a newer commit than the one that this store, open for reading, sees: whether there is. It stays
    !> where it is until `refresh`.
    !>
    !> - `timeout_ms`  how many milliseconds to wait, an integer of any kind; 0 to look once, atlas_wait_forever
    recursive function store_wait_for_commit(self, timeout_ms, stat, errmsg) result(newer)
        class(store_type), intent(in) :: self
        class(*), intent(in) :: timeout_ms
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        logical :: newer

        type(outcome_type) :: outcome
        integer(int64) :: milliseconds
        logical(c_bool) :: found

        found = .false.
        call take_integer(timeout_ms, "timeout_ms", milliseconds, outcome)
        if (outcome%status == atlas_status_ok) outcome = answer(atlas_wait_for_commit(self%handle, milliseconds, found))
        call report(outcome, stat, errmsg)
        newer = found
    end function store_wait_for_commit

    !> Read every byte of the committed store and compare it with its checksums. Damage is a failure
    !> (atlas_status_corrupt), after which the two outputs are set as well.
    !>
    !> - `damage_count`  the number of damaged places
    !> - `damages`       the places
    recursive subroutine store_verify(self, damage_count, damages, stat, errmsg)
        class(store_type), intent(in) :: self
        integer(int64), intent(out), optional :: damage_count
        type(damage_type), allocatable, intent(out), optional :: damages(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(damages_type), target :: found
        type(outcome_type) :: outcome
        integer(c_int64_t) :: count

        count = 0
        allocate(found%list(0))
        outcome = answer(atlas_verify(self%handle, c_funloc(collect_damage), c_loc(found), count))
        if (present(damage_count)) damage_count = count
        if (present(damages)) call move_alloc(found%list, damages)
        call report(outcome, stat, errmsg)
    end subroutine store_verify

    !> Whether this is an open store.
    pure recursive function store_is_open(self) result(is_open)
        class(store_type), intent(in) :: self
        logical :: is_open

        is_open = self%handle /= 0
    end function store_is_open

    !> The handle, for calls of atlas_store_c. It stays this store's: do not close it there.
    pure recursive function store_c_handle(self) result(handle)
        class(store_type), intent(in) :: self
        integer(c_int64_t) :: handle

        handle = self%handle
    end function store_c_handle

    !> Describe a store.
    recursive subroutine info_of_store(self, info, stat, errmsg)
        class(store_type), intent(in) :: self
        type(store_info_type), intent(out) :: info
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_store_description) :: description
        type(outcome_type) :: outcome

        description%struct_size = c_sizeof(description)
        outcome = answer(atlas_store_info(self%handle, description))
        if (outcome%status == atlas_status_ok) then
            info%mode = description%mode
            info%meta_format = description%meta_format
            info%meta_compression = description%meta_compression
            info%unflushed_changes = description%unflushed_changes /= 0
            info%generation = description%generation
            info%dataset_count = description%dataset_count
            info%array_file_count = description%array_file_count
            info%segment_count = description%segment_count
            info%live_bytes = description%live_bytes
            info%dead_bytes = description%dead_bytes
            info%keep_generations = description%keep_generations
            ! 0 is the default to C, and none to Fortran.
            if (info%keep_generations == 0) then
                info%keep_generations = -1
            else if (description%keep_generations == atlas_keep_none) then
                info%keep_generations = 0
            end if
        end if
        call report(outcome, stat, errmsg)
    end subroutine info_of_store

    !> Stops the program.
    recursive subroutine refuse_copy(self, other)
        class(store_type), intent(inout) :: self
        class(store_type), intent(in) :: other

        if (self%handle /= 0 .or. other%handle /= 0) error stop "atlas: a store cannot be assigned to another variable"
    end subroutine refuse_copy

    !> Discards.
    impure elemental recursive subroutine finalize_store(self)
        type(store_type), intent(inout) :: self

        integer(c_int32_t) :: status

        if (self%handle /= 0 .and. .not. self%attached) then
            call warn_of_loss(self)
            status = atlas_discard(self%handle)
        end if
        call forget(self)
    end subroutine finalize_store

    !> Says that a store ends with changes that were not flushed: to its log, or on the standard error.
    recursive subroutine warn_of_loss(self)
        type(store_type), intent(in) :: self

        type(atlas_store_description) :: description
        character(:), allocatable :: message

        description%struct_size = c_sizeof(description)
        if (atlas_store_info(self%handle, description) /= atlas_status_ok) return
        if (description%unflushed_changes == 0) return
        message = "store "//self%callbacks%path//": the changes since the last flush are discarded: it was not closed"
        if (associated(self%callbacks%log)) then
            call self%callbacks%log(int(atlas_log_warning), message)
        else
            write (error_unit, "(2a)") "atlas: ", message
        end if
    end subroutine warn_of_loss

    !> Checks that nothing is open and that the path ends where it seems to, and sets up the callbacks.
    recursive subroutine prepare_to_open(self, path, log, progress, outcome)
        class(store_type), intent(inout) :: self
        character(*), intent(in) :: path
        procedure(log_interface), optional :: log
        procedure(progress_interface), optional :: progress
        type(outcome_type), intent(out) :: outcome

        if (self%handle /= 0) then
            outcome = failure(atlas_status_invalid_argument, "this variable has an open store; close it first")
            return
        end if
        if (index(path, c_null_char) > 0) then
            outcome = failure(atlas_status_invalid_argument, "the path has a NUL in it")
            return
        end if
        call forget(self)
        allocate(self%callbacks)
        self%callbacks%path = trim(path)
        if (present(log)) self%callbacks%log => log
        if (present(progress)) self%callbacks%progress => progress
    end subroutine prepare_to_open

    !> Options of `open` and `open_worker`.
    recursive subroutine fill_options(self, options, sync, num_threads, cache_bytes, write_buffer_bytes, float_overflow, &
            log, progress)
        class(store_type), intent(in) :: self
        type(atlas_open_options), intent(inout) :: options
        logical, intent(in), optional :: sync
        integer, intent(in), optional :: num_threads
        integer(int64), intent(in), optional :: cache_bytes, write_buffer_bytes
        integer(c_int32_t), intent(in), optional :: float_overflow
        procedure(log_interface), optional :: log
        procedure(progress_interface), optional :: progress

        options%struct_size = c_sizeof(options)
        options%sync = switch(sync)
        options%num_threads = count_option(num_threads, atlas_threads_inline)
        if (present(cache_bytes)) options%cache_bytes = cache_bytes
        if (present(write_buffer_bytes)) options%write_buffer_bytes = write_buffer_bytes
        if (present(float_overflow)) options%float_overflow = float_overflow
        options%log = c_null_funptr
        options%log_data = c_loc(self%callbacks)
        options%progress = c_null_funptr
        options%progress_data = c_loc(self%callbacks)
        if (present(log)) options%log = c_funloc(forward_log)
        if (present(progress)) options%progress = c_funloc(forward_progress)
        options%ticket = c_null_ptr
    end subroutine fill_options

    !> Back to "none yet".
    pure recursive subroutine forget(self)
        class(store_type), intent(inout) :: self

        self%handle = 0
        self%attached = .false.
        if (associated(self%callbacks)) deallocate(self%callbacks)
    end subroutine forget

    !> atlas_log_fn
    recursive subroutine forward_log(level, message, user_data) bind(c, name="")
        integer(c_int32_t), value :: level
        type(c_ptr), value :: message, user_data

        type(callbacks_type), pointer :: callbacks

        call c_f_pointer(user_data, callbacks)
        call callbacks%log(int(level), f_text(message))
    end subroutine forward_log

    !> atlas_progress_fn
    recursive function forward_progress(what, done, total, user_data) bind(c, name="") result(cancel)
        type(c_ptr), value :: what
        integer(c_int64_t), value :: done, total
        type(c_ptr), value :: user_data
        integer(c_int32_t) :: cancel

        type(callbacks_type), pointer :: callbacks

        call c_f_pointer(user_data, callbacks)
        cancel = merge(0_c_int32_t, 1_c_int32_t, callbacks%progress(f_text(what), done, total))
    end function forward_progress

    !> atlas_damage_fn
    recursive subroutine collect_damage(file, offset, message, user_data) bind(c, name="")
        type(c_ptr), value :: file
        integer(c_int64_t), value :: offset
        type(c_ptr), value :: message, user_data

        type(damages_type), pointer :: found
        type(damage_type), allocatable :: longer(:)
        integer :: n

        call c_f_pointer(user_data, found)
        n = size(found%list)
        allocate(longer(n + 1))
        longer(:n) = found%list
        longer(n + 1)%file = f_text(file)
        longer(n + 1)%offset = offset
        longer(n + 1)%message = f_text(message)
        call move_alloc(longer, found%list)
    end subroutine collect_damage

    ! ---- Datasets --------------------------------------------------------------------------------------------------

    !> Add a dataset without arrays or attributes.
    recursive subroutine store_create_dataset(self, dataset, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_create_dataset(self%handle, c_text(dataset))), stat, errmsg)
    end subroutine store_create_dataset

    !> Delete a dataset with its arrays and attributes. The bytes on disk stay until `compact`.
    recursive subroutine store_delete_dataset(self, dataset, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_delete_dataset(self%handle, c_text(dataset))), stat, errmsg)
    end subroutine store_delete_dataset

    !> Give a dataset another name, which no other has.
    recursive subroutine store_rename_dataset(self, dataset, name, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, name
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_rename_dataset(self%handle, c_text(dataset), c_text(name))), stat, errmsg)
    end subroutine store_rename_dataset

    !> Copy a dataset with its arrays and attributes under a name, which no other has.
    !>
    !> - `to`  the store it is copied to; default: this one
    recursive subroutine store_copy_dataset(self, dataset, name, to, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, name
        class(store_type), intent(in), optional :: to
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        integer(c_int64_t) :: handle

        handle = self%handle
        if (present(to)) handle = to%handle
        call report(answer(atlas_copy_dataset(self%handle, c_text(dataset), handle, c_text(name))), stat, errmsg)
    end subroutine store_copy_dataset

    !> Whether there is a dataset of this name.
    recursive function store_has_dataset(self, dataset, stat, errmsg) result(has)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        logical :: has

        logical(c_bool) :: found

        found = .false.
        call report(answer(atlas_has_dataset(self%handle, c_text(dataset), found)), stat, errmsg)
        has = found
    end function store_has_dataset

    !> Count the datasets.
    recursive function store_dataset_count(self, stat, errmsg) result(count)
        class(store_type), intent(in) :: self
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(int64) :: count

        integer(c_size_t) :: found

        found = 0
        call report(answer(atlas_dataset_count(self%handle, found)), stat, errmsg)
        count = found
    end function store_dataset_count

    !> List the names of all datasets, in the order in which they were created.
    recursive subroutine store_dataset_names(self, names, stat, errmsg)
        class(store_type), intent(in) :: self
        character(:), allocatable, intent(out) :: names(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        character(:), allocatable :: buffer
        integer(c_int32_t) :: status
        integer(c_size_t) :: needed

        buffer = ""
        do
            needed = 0
            status = atlas_dataset_names(self%handle, &
                buffer, len(buffer, c_size_t), needed)
            if (.not. grown(status, buffer, needed)) exit
        end do
        call take_names(status, buffer, needed, names, stat, errmsg)
    end subroutine store_dataset_names

    !> Give the name of one dataset; `index` is its place in the order of creation, from 1.
    recursive function store_dataset_name(self, index, stat, errmsg) result(name)
        class(store_type), intent(in) :: self
        integer, intent(in) :: index
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        character(atlas_max_name) :: name

        character(atlas_max_name + 1) :: buffer
        type(outcome_type) :: outcome
        integer(c_size_t) :: needed

        needed = 1
        if (index < 1) then
            outcome = failure(atlas_status_out_of_range, "dataset "//number(int(index, int64))//": they count from 1")
        else
            outcome = answer(atlas_dataset_name(self%handle, int(index - 1, c_size_t), buffer, &
                len(buffer, c_size_t), needed))
        end if
        name = ""
        if (outcome%status == atlas_status_ok) name = buffer(:needed - 1)
        call report(outcome, stat, errmsg)
    end function store_dataset_name

    ! ---- Arrays ----------------------------------------------------------------------------------------------------

    !> Define an array. Until they are written its cells read as the fill value, or as zero.
    !>
    !> - `dtype`                      atlas_dtype_..: the type of the elements
    !> - `shape`                      extents, integers of any kind; without it the array is a scalar. The last may
    !>                                be 0, and usually is where `append` grows it
    !> - `dims`                       names of the dimensions; default: "dim_0", .. as C counts them
    !> - `chunk_shape`                extents of a chunk, the unit of storage, integers of any kind
    !> - `codec`, `level`, `shuffle`  how chunks are compressed; default: as the store
    !> - `pack`                       compress chunks below 16 KiB together with others, which takes less space and time;
    !>                                .false.: each has a byte range of its own, which other programs can read where it
    !>                                lies. Default: as the store
    !> - `fill`                       the value that stands for "missing": an integer, real, complex, logical or
    !>                                character, of any kind, that fits `dtype` (u64: the bits)
    !> - `unlimited`                  the last dimension is unlimited: `write` past its end makes it longer, and cells in
    !>                                between read as the fill value. Default: where its extent is 0 here
    !> - `filter`                     atlas_filter_..: what is done to elements before shuffling; default: as the store
    !> - `keep_bits`                  bits of the mantissa that are kept of each real that is written, or part of a complex
    !>                                number: it is rounded, with a relative error of at most 2**(-keep_bits - 1). At most
    !>                                10 for f16, 23 for f32 and c64, 52 for f64 and c128. Default: all
    recursive subroutine store_define(self, dataset, array, dtype, shape, dims, chunk_shape, codec, level, shuffle, &
            pack, fill, unlimited, filter, keep_bits, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(c_int32_t), intent(in) :: dtype
        class(*), intent(in), optional :: shape(:)
        character(*), intent(in), target, optional :: dims(:)
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

        call define_array(self, dataset, array, dtype, shape, dims, chunk_shape, codec, level, shuffle, pack, fill, &
            unlimited, filter, keep_bits, outcome)
        call report(outcome, stat, errmsg)
    end subroutine store_define

    recursive subroutine define_array(self, dataset, array, dtype, shape, dims, chunk_shape, codec, level, shuffle, &
            pack, fill, unlimited, filter, keep_bits, outcome)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(c_int32_t), intent(in) :: dtype
        class(*), intent(in), optional :: shape(:)
        character(*), intent(in), target, optional :: dims(:)
        class(*), intent(in), optional :: chunk_shape(:)
        integer(c_int32_t), intent(in), optional :: codec
        integer, intent(in), optional :: level
        logical, intent(in), optional :: shuffle, pack
        class(*), intent(in), optional :: fill
        logical, intent(in), optional :: unlimited
        integer(c_int32_t), intent(in), optional :: filter
        integer, intent(in), optional :: keep_bits
        type(outcome_type), intent(out) :: outcome

        type(atlas_array_options), target :: options
        type(texts_type), target :: names
        character(:), allocatable, target :: fill_text
        integer(c_int8_t), target :: fill_bytes(16)
        integer(c_int64_t), target :: chunk(atlas_max_rank)
        integer(c_int64_t) :: extents(atlas_max_rank)
        integer :: n, m

        n = 0
        if (present(shape)) call take_indices(shape, "shape", extents, n, outcome)
        if (outcome%status /= atlas_status_ok) return
        extents(:n) = extents(n:1:-1)
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

        if (present(chunk_shape)) then
            call take_indices(chunk_shape, "chunk_shape", chunk, m, outcome)
            if (outcome%status == atlas_status_ok .and. m /= n) outcome = failure(atlas_status_invalid_argument, &
                "chunk_shape has "//number(int(m, int64))//" extents, shape has "//number(int(n, int64)))
            if (outcome%status /= atlas_status_ok) return
            chunk(:n) = chunk(n:1:-1)
            options%chunk_shape = c_loc(chunk)
        end if

        if (present(fill)) then
            call encode_fill(fill, dtype, fill_bytes, fill_text, outcome)
            if (outcome%status /= atlas_status_ok) return
            options%fill_value = c_loc(fill_bytes)
            if (dtype == atlas_dtype_string) options%fill_value = c_loc(fill_text)
        end if

        if (present(dims)) then
            if (size(dims) /= n) outcome = failure(atlas_status_invalid_argument, &
                "dims has "//number(size(dims, kind=int64))//" names, shape has "//number(int(n, int64))//" extents")
            if (outcome%status == atlas_status_ok) call gather_texts(memory_of(dims), names, outcome)
            if (outcome%status /= atlas_status_ok) return
            names%pointers(:n) = names%pointers(n:1:-1)
        end if
        outcome = answer(atlas_define_array(self%handle, c_text(dataset), c_text(array), dtype, int(n, c_size_t), &
            names%pointers, extents, options))
    end subroutine define_array

    !> Delete an array with its attributes. The bytes on disk stay until `compact`.
    recursive subroutine store_delete_array(self, dataset, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call report(answer(atlas_delete_array(self%handle, c_text(dataset), c_text(array))), stat, errmsg)
    end subroutine store_delete_array

    !> Give the last dimension of an array another extent, an integer of any kind. What a shorter one cuts off is gone:
    !> grown again the cells read as the fill value.
    recursive subroutine store_resize(self, dataset, array, length, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        class(*), intent(in) :: length
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: extent

        call take_extent(length, extent, outcome)
        if (outcome%status == atlas_status_ok) outcome = answer(atlas_resize_array(self%handle, c_text(dataset), &
            c_text(array), extent))
        call report(outcome, stat, errmsg)
    end subroutine store_resize

    !> Give the last dimension of an array at least this extent, an integer of any kind; where it has that, do nothing. Many
    !> workers of a session can do it, where only one can append.
    recursive subroutine store_extend(self, dataset, array, length, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        class(*), intent(in) :: length
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: extent

        call take_extent(length, extent, outcome)
        if (outcome%status == atlas_status_ok) outcome = answer(atlas_extend_array(self%handle, c_text(dataset), &
            c_text(array), extent))
        call report(outcome, stat, errmsg)
    end subroutine store_extend

    recursive subroutine take_extent(length, extent, outcome)
        class(*), intent(in) :: length
        integer(int64), intent(out) :: extent
        type(outcome_type), intent(out) :: outcome

        call take_integer(length, "length", extent, outcome)
        if (outcome%status == atlas_status_ok .and. extent < 0) outcome = failure(atlas_status_invalid_argument, &
            "length is "//number(extent))
    end subroutine take_extent

    !> Whether a dataset has an array of this name.
    recursive function store_has_array(self, dataset, array, stat, errmsg) result(has)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        logical :: has

        logical(c_bool) :: found

        found = .false.
        call report(answer(atlas_has_array(self%handle, c_text(dataset), c_text(array), found)), stat, errmsg)
        has = found
    end function store_has_array

    !> Count the arrays of a dataset.
    recursive function store_array_count(self, dataset, stat, errmsg) result(count)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(int64) :: count

        integer(c_size_t) :: found

        found = 0
        call report(answer(atlas_array_count(self%handle, c_text(dataset), found)), stat, errmsg)
        count = found
    end function store_array_count

    !> List the names of a dataset's arrays, in the order in which they were defined.
    recursive subroutine store_array_names(self, dataset, names, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset
        character(:), allocatable, intent(out) :: names(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        character(:), allocatable :: buffer
        integer(c_int32_t) :: status
        integer(c_size_t) :: needed

        buffer = ""
        do
            needed = 0
            status = atlas_array_names(self%handle, c_text(dataset), &
                buffer, len(buffer, c_size_t), needed)
            if (.not. grown(status, buffer, needed)) exit
        end do
        call take_names(status, buffer, needed, names, stat, errmsg)
    end subroutine store_array_names

    !> Describe an array: type, shape, dimensions, chunks, codec, fill value.
    recursive subroutine info_of_array(self, dataset, array, info, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(array_info_type), intent(out) :: info
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome

        call describe_array(self, dataset, array, info, outcome)
        call report(outcome, stat, errmsg)
    end subroutine info_of_array

    recursive subroutine describe_array(self, dataset, array, info, outcome)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(array_info_type), intent(out) :: info
        type(outcome_type), intent(out) :: outcome

        type(atlas_array_description) :: description
        character(:), allocatable :: buffer
        integer(c_int32_t) :: status
        integer(c_size_t) :: needed
        integer :: n

        description%struct_size = c_sizeof(description)
        outcome = answer(atlas_array_info(self%handle, c_text(dataset), c_text(array), description))
        if (outcome%status /= atlas_status_ok) return
        n = int(description%rank)
        info%dtype = description%dtype
        info%rank = n
        info%shape = description%shape(n:1:-1)
        info%chunk_shape = description%chunk_shape(n:1:-1)
        info%piece_shape = description%piece_shape(n:1:-1)
        info%codec = description%codec
        info%level = description%level
        info%shuffle = description%shuffle == atlas_switch_on
        info%filter = description%filter
        info%keep_bits = description%keep_bits
        info%pack = description%pack == atlas_switch_on
        info%unlimited = description%unlimited == atlas_switch_on
        info%has_fill_value = description%has_fill_value /= 0
        call decode_fill(description, info%fill_int, info%fill_real, info%fill_complex)

        buffer = ""
        do
            needed = 0
            status = atlas_array_dims(self%handle, c_text(dataset), c_text(array), &
                buffer, len(buffer, c_size_t), needed)
            if (.not. grown(status, buffer, needed)) exit
        end do
        outcome = answer(status)
        if (outcome%status /= atlas_status_ok) return
        call take_dims(buffer(:needed), info%dims)

        if (.not. info%has_fill_value .or. info%dtype /= atlas_dtype_string) return
        buffer = ""
        do
            needed = 0
            status = atlas_array_fill_text(self%handle, c_text(dataset), c_text(array), &
                buffer, len(buffer, c_size_t), needed)
            if (.not. grown(status, buffer, needed)) exit
        end do
        outcome = answer(status)
        if (outcome%status == atlas_status_ok) info%fill_text = buffer(:needed - 1)
    end subroutine describe_array

    ! ---- Values of arrays: one procedure for each kind, any rank ---------------------------------------------------

    !> Write an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine write_int8(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int8), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine write_int8

    !> Write an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine write_int16(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int16), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine write_int16

    !> Write an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine write_int32(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int32), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine write_int32

    !> Write an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine write_int64(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int64), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine write_int64

    !> Write an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine write_real32(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real32), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_real32

    !> Write an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine write_real64(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real64), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_real64

    !> Write an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine write_complex32(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real32), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_complex32

    !> Write an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine write_complex64(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real64), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_complex64

    !> Write an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine write_logical(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical, intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_logical

    !> Write an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine write_bool(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical(c_bool), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_bool

    !> Write an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine write_character(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        character(*), intent(in), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call write_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine write_character

    !> Read an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine read_int8(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int8), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine read_int8

    !> Read an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine read_int16(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int16), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine read_int16

    !> Read an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine read_int32(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int32), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine read_int32

    !> Read an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine read_int64(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int64), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values(self, dataset, array, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine read_int64

    !> Read an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine read_real32(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real32), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine read_real32

    !> Read an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine read_real64(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real64), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine read_real64

    !> Read an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine read_complex32(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real32), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine read_complex32

    !> Read an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine read_complex64(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real64), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine read_complex64

    !> Read an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine read_logical(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical, intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine read_logical

    !> Read an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine read_bool(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical(c_bool), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine read_bool

    !> Read an array, or the region that starts at `start` and has extents `count`.
    recursive subroutine read_character(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        character(*), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values(self, dataset, array, memory_of(values), start, count, stat, errmsg)
    end subroutine read_character

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int8_1(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int8), allocatable, target, intent(out) :: values(:)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 1, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int8_1

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int8_2(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int8), allocatable, target, intent(out) :: values(:, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 2, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int8_2

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int8_3(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int8), allocatable, target, intent(out) :: values(:, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 3, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int8_3

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int8_4(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int8), allocatable, target, intent(out) :: values(:, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 4, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int8_4

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int8_5(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int8), allocatable, target, intent(out) :: values(:, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 5, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int8_5

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int8_6(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int8), allocatable, target, intent(out) :: values(:, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 6, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int8_6

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int8_7(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int8), allocatable, target, intent(out) :: values(:, :, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 7, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6), n(7)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int8_7

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int16_1(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int16), allocatable, target, intent(out) :: values(:)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 1, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int16_1

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int16_2(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int16), allocatable, target, intent(out) :: values(:, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 2, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int16_2

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int16_3(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int16), allocatable, target, intent(out) :: values(:, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 3, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int16_3

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int16_4(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int16), allocatable, target, intent(out) :: values(:, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 4, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int16_4

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int16_5(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int16), allocatable, target, intent(out) :: values(:, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 5, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int16_5

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int16_6(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int16), allocatable, target, intent(out) :: values(:, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 6, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int16_6

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int16_7(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int16), allocatable, target, intent(out) :: values(:, :, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 7, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6), n(7)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int16_7

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int32_1(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int32), allocatable, target, intent(out) :: values(:)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 1, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int32_1

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int32_2(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int32), allocatable, target, intent(out) :: values(:, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 2, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int32_2

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int32_3(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int32), allocatable, target, intent(out) :: values(:, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 3, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int32_3

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int32_4(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int32), allocatable, target, intent(out) :: values(:, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 4, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int32_4

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int32_5(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int32), allocatable, target, intent(out) :: values(:, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 5, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int32_5

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int32_6(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int32), allocatable, target, intent(out) :: values(:, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 6, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int32_6

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int32_7(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int32), allocatable, target, intent(out) :: values(:, :, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 7, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6), n(7)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int32_7

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int64_1(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int64), allocatable, target, intent(out) :: values(:)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 1, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int64_1

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int64_2(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int64), allocatable, target, intent(out) :: values(:, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 2, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int64_2

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int64_3(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int64), allocatable, target, intent(out) :: values(:, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 3, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int64_3

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int64_4(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int64), allocatable, target, intent(out) :: values(:, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 4, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int64_4

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int64_5(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int64), allocatable, target, intent(out) :: values(:, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 5, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int64_5

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int64_6(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int64), allocatable, target, intent(out) :: values(:, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 6, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int64_6

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_int64_7(self, dataset, array, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int64), allocatable, target, intent(out) :: values(:, :, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 7, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6), n(7)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values, dtype), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_int64_7

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real32_1(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real32), allocatable, target, intent(out) :: values(:)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 1, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real32_1

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real32_2(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real32), allocatable, target, intent(out) :: values(:, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 2, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real32_2

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real32_3(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real32), allocatable, target, intent(out) :: values(:, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 3, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real32_3

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real32_4(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real32), allocatable, target, intent(out) :: values(:, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 4, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real32_4

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real32_5(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real32), allocatable, target, intent(out) :: values(:, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 5, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real32_5

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real32_6(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real32), allocatable, target, intent(out) :: values(:, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 6, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real32_6

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real32_7(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real32), allocatable, target, intent(out) :: values(:, :, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 7, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6), n(7)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real32_7

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real64_1(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real64), allocatable, target, intent(out) :: values(:)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 1, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real64_1

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real64_2(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real64), allocatable, target, intent(out) :: values(:, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 2, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real64_2

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real64_3(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real64), allocatable, target, intent(out) :: values(:, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 3, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real64_3

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real64_4(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real64), allocatable, target, intent(out) :: values(:, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 4, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real64_4

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real64_5(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real64), allocatable, target, intent(out) :: values(:, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 5, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real64_5

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real64_6(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real64), allocatable, target, intent(out) :: values(:, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 6, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real64_6

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_real64_7(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real64), allocatable, target, intent(out) :: values(:, :, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 7, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6), n(7)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_real64_7

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex32_1(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real32), allocatable, target, intent(out) :: values(:)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 1, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex32_1

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex32_2(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real32), allocatable, target, intent(out) :: values(:, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 2, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex32_2

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex32_3(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real32), allocatable, target, intent(out) :: values(:, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 3, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex32_3

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex32_4(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real32), allocatable, target, intent(out) :: values(:, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 4, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex32_4

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex32_5(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real32), allocatable, target, intent(out) :: values(:, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 5, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex32_5

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex32_6(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real32), allocatable, target, intent(out) :: values(:, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 6, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex32_6

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex32_7(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real32), allocatable, target, intent(out) :: values(:, :, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 7, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6), n(7)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex32_7

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex64_1(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real64), allocatable, target, intent(out) :: values(:)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 1, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex64_1

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex64_2(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real64), allocatable, target, intent(out) :: values(:, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 2, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex64_2

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex64_3(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real64), allocatable, target, intent(out) :: values(:, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 3, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex64_3

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex64_4(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real64), allocatable, target, intent(out) :: values(:, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 4, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex64_4

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex64_5(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real64), allocatable, target, intent(out) :: values(:, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 5, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex64_5

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex64_6(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real64), allocatable, target, intent(out) :: values(:, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 6, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex64_6

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_complex64_7(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real64), allocatable, target, intent(out) :: values(:, :, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 7, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6), n(7)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_complex64_7

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_logical_1(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical, allocatable, target, intent(out) :: values(:)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 1, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_logical_1

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_logical_2(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical, allocatable, target, intent(out) :: values(:, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 2, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_logical_2

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_logical_3(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical, allocatable, target, intent(out) :: values(:, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 3, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_logical_3

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_logical_4(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical, allocatable, target, intent(out) :: values(:, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 4, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_logical_4

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_logical_5(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical, allocatable, target, intent(out) :: values(:, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 5, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_logical_5

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_logical_6(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical, allocatable, target, intent(out) :: values(:, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 6, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_logical_6

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_logical_7(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical, allocatable, target, intent(out) :: values(:, :, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 7, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6), n(7)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_logical_7

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_bool_1(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical(c_bool), allocatable, target, intent(out) :: values(:)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 1, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_bool_1

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_bool_2(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical(c_bool), allocatable, target, intent(out) :: values(:, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 2, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_bool_2

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_bool_3(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical(c_bool), allocatable, target, intent(out) :: values(:, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 3, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_bool_3

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_bool_4(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical(c_bool), allocatable, target, intent(out) :: values(:, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 4, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_bool_4

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_bool_5(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical(c_bool), allocatable, target, intent(out) :: values(:, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 5, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_bool_5

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_bool_6(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical(c_bool), allocatable, target, intent(out) :: values(:, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 6, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_bool_6

    !> Allocate the values in the shape of an array, or of the region that starts at `start` and has extents `count`, and
    !> read it. After a failure they are not allocated.
    recursive subroutine read_alloc_bool_7(self, dataset, array, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical(c_bool), allocatable, target, intent(out) :: values(:, :, :, :, :, :, :)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(plan_type) :: plan
        integer :: status

        call make_plan(self, dataset, array, 7, start, count, plan)
        if (plan%outcome%status == atlas_status_ok) then
            associate (n => plan%extents)
                allocate(values(n(1), n(2), n(3), n(4), n(5), n(6), n(7)), stat=status)
            end associate
            if (status /= 0) plan%outcome = no_memory(plan%count(:plan%rank))
            if (status == 0) call read_into(self, dataset, array, memory_of(values), start, &
                plan%count(:plan%rank), plan%outcome)
            if (plan%outcome%status /= atlas_status_ok .and. status == 0) deallocate(values)
        end if
        call report(plan%outcome, stat, errmsg)
    end subroutine read_alloc_bool_7

    !> Grow the last dimension by the values. They have the array's rank, or one less, which appends one slice.
    recursive subroutine append_int8(self, dataset, array, values, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int8), intent(in), target :: values(..)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call append_values(self, dataset, array, memory_of(values, dtype), stat, errmsg)
    end subroutine append_int8

    !> Grow the last dimension by the values. They have the array's rank, or one less, which appends one slice.
    recursive subroutine append_int16(self, dataset, array, values, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int16), intent(in), target :: values(..)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call append_values(self, dataset, array, memory_of(values, dtype), stat, errmsg)
    end subroutine append_int16

    !> Grow the last dimension by the values. They have the array's rank, or one less, which appends one slice.
    recursive subroutine append_int32(self, dataset, array, values, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int32), intent(in), target :: values(..)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call append_values(self, dataset, array, memory_of(values, dtype), stat, errmsg)
    end subroutine append_int32

    !> Grow the last dimension by the values. They have the array's rank, or one less, which appends one slice.
    recursive subroutine append_int64(self, dataset, array, values, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer(int64), intent(in), target :: values(..)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call append_values(self, dataset, array, memory_of(values, dtype), stat, errmsg)
    end subroutine append_int64

    !> Grow the last dimension by the values. They have the array's rank, or one less, which appends one slice.
    recursive subroutine append_real32(self, dataset, array, values, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real32), intent(in), target :: values(..)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call append_values(self, dataset, array, memory_of(values), stat, errmsg)
    end subroutine append_real32

    !> Grow the last dimension by the values. They have the array's rank, or one less, which appends one slice.
    recursive subroutine append_real64(self, dataset, array, values, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        real(real64), intent(in), target :: values(..)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call append_values(self, dataset, array, memory_of(values), stat, errmsg)
    end subroutine append_real64

    !> Grow the last dimension by the values. They have the array's rank, or one less, which appends one slice.
    recursive subroutine append_complex32(self, dataset, array, values, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real32), intent(in), target :: values(..)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call append_values(self, dataset, array, memory_of(values), stat, errmsg)
    end subroutine append_complex32

    !> Grow the last dimension by the values. They have the array's rank, or one less, which appends one slice.
    recursive subroutine append_complex64(self, dataset, array, values, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        complex(real64), intent(in), target :: values(..)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call append_values(self, dataset, array, memory_of(values), stat, errmsg)
    end subroutine append_complex64

    !> Grow the last dimension by the values. They have the array's rank, or one less, which appends one slice.
    recursive subroutine append_logical(self, dataset, array, values, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical, intent(in), target :: values(..)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call append_values(self, dataset, array, memory_of(values), stat, errmsg)
    end subroutine append_logical

    !> Grow the last dimension by the values. They have the array's rank, or one less, which appends one slice.
    recursive subroutine append_bool(self, dataset, array, values, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        logical(c_bool), intent(in), target :: values(..)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call append_values(self, dataset, array, memory_of(values), stat, errmsg)
    end subroutine append_bool

    !> Grow the last dimension by the values. They have the array's rank, or one less, which appends one slice.
    recursive subroutine append_character(self, dataset, array, values, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        character(*), intent(in), target :: values(..)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call append_values(self, dataset, array, memory_of(values), stat, errmsg)
    end subroutine append_character

    !> Read the same region of one array from many datasets, in parallel: values(.., i) comes from datasets(i).
    recursive subroutine read_across_int8(self, array, datasets, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in) :: datasets(:)
        integer(int8), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values_across(self, array, datasets, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine read_across_int8

    !> Read the same region of one array from many datasets, in parallel: values(.., i) comes from datasets(i).
    recursive subroutine read_across_int16(self, array, datasets, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in) :: datasets(:)
        integer(int16), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values_across(self, array, datasets, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine read_across_int16

    !> Read the same region of one array from many datasets, in parallel: values(.., i) comes from datasets(i).
    recursive subroutine read_across_int32(self, array, datasets, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in) :: datasets(:)
        integer(int32), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values_across(self, array, datasets, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine read_across_int32

    !> Read the same region of one array from many datasets, in parallel: values(.., i) comes from datasets(i).
    recursive subroutine read_across_int64(self, array, datasets, values, start, count, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in) :: datasets(:)
        integer(int64), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values_across(self, array, datasets, memory_of(values, dtype), start, count, stat, errmsg)
    end subroutine read_across_int64

    !> Read the same region of one array from many datasets, in parallel: values(.., i) comes from datasets(i).
    recursive subroutine read_across_real32(self, array, datasets, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in) :: datasets(:)
        real(real32), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values_across(self, array, datasets, memory_of(values), start, count, stat, errmsg)
    end subroutine read_across_real32

    !> Read the same region of one array from many datasets, in parallel: values(.., i) comes from datasets(i).
    recursive subroutine read_across_real64(self, array, datasets, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in) :: datasets(:)
        real(real64), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values_across(self, array, datasets, memory_of(values), start, count, stat, errmsg)
    end subroutine read_across_real64

    !> Read the same region of one array from many datasets, in parallel: values(.., i) comes from datasets(i).
    recursive subroutine read_across_complex32(self, array, datasets, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in) :: datasets(:)
        complex(real32), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values_across(self, array, datasets, memory_of(values), start, count, stat, errmsg)
    end subroutine read_across_complex32

    !> Read the same region of one array from many datasets, in parallel: values(.., i) comes from datasets(i).
    recursive subroutine read_across_complex64(self, array, datasets, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in) :: datasets(:)
        complex(real64), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values_across(self, array, datasets, memory_of(values), start, count, stat, errmsg)
    end subroutine read_across_complex64

    !> Read the same region of one array from many datasets, in parallel: values(.., i) comes from datasets(i).
    recursive subroutine read_across_logical(self, array, datasets, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in) :: datasets(:)
        logical, intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values_across(self, array, datasets, memory_of(values), start, count, stat, errmsg)
    end subroutine read_across_logical

    !> Read the same region of one array from many datasets, in parallel: values(.., i) comes from datasets(i).
    recursive subroutine read_across_bool(self, array, datasets, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in) :: datasets(:)
        logical(c_bool), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values_across(self, array, datasets, memory_of(values), start, count, stat, errmsg)
    end subroutine read_across_bool

    !> Read the same region of one array from many datasets, in parallel: values(.., i) comes from datasets(i).
    recursive subroutine read_across_character(self, array, datasets, values, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in) :: datasets(:)
        character(*), intent(inout), target :: values(..)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call read_values_across(self, array, datasets, memory_of(values), start, count, stat, errmsg)
    end subroutine read_across_character

    ! ---- What they share -------------------------------------------------------------------------------------------

    !> Works out which region `start` and `count` mean for these values: see "Regions" above.
    recursive subroutine locate(self, dataset, array, memory, start, count, region, outcome)
        class(store_type), intent(in) :: self
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
            outcome = answer(atlas_array_info(self%handle, c_text(dataset), c_text(array), description))
            if (outcome%status /= atlas_status_ok) return
            if (description%rank /= n .or. any(description%shape(:n) /= extents(n:1:-1))) outcome = &
                failure(atlas_status_out_of_range, "array '"//trim(array)//"' of dataset '"//trim(dataset)// &
                "' has shape "//listed(description%shape(description%rank:1:-1))//", the values have "// &
                listed(extents(:n)))
        end if
        if (outcome%status == atlas_status_ok) call lay_out(memory, n, extents, region, outcome)
        if (outcome%status == atlas_status_ok .and. present(start)) call take_start(start, n, region, outcome)
    end subroutine locate

    !> Write a region.
    recursive subroutine write_values(self, dataset, array, memory, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(memory_type), intent(in) :: memory
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(memory_type) :: direct
        type(outcome_type) :: outcome
        type(region_type) :: region
        type(texts_type), target :: texts
        integer(c_int8_t), allocatable, target :: copy(:)

        call check_memory(memory, outcome)
        if (outcome%status == atlas_status_ok) then
            call make_direct(memory, direct, copy, .true.)
            call locate(self, dataset, array, direct, start, count, region, outcome)
        end if
        if (outcome%status == atlas_status_ok .and. memory%form == form_text) then
            call gather_texts(memory, texts, outcome)
            if (outcome%status == atlas_status_ok) outcome = answer(atlas_write_strings(self%handle, c_text(dataset), &
                c_text(array), region%rank, region%start, region%count, texts%pointers))
        else if (outcome%status == atlas_status_ok) then
            outcome = answer(atlas_write_array(self%handle, c_text(dataset), c_text(array), direct%dtype, region%rank, &
                region%start, region%count, region%strides, direct%address))
        end if
        call report(outcome, stat, errmsg)
    end subroutine write_values

    !> Read a region.
    recursive subroutine read_values(self, dataset, array, memory, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(memory_type), intent(in) :: memory
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome

        call read_into(self, dataset, array, memory, start, count, outcome)
        call report(outcome, stat, errmsg)
    end subroutine read_values

    recursive subroutine read_into(self, dataset, array, memory, start, count, outcome)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(memory_type), intent(in) :: memory
        class(*), intent(in), optional :: start(:), count(:)
        type(outcome_type), intent(out) :: outcome

        type(memory_type) :: direct
        type(region_type) :: region
        integer(c_int8_t), allocatable, target :: copy(:)

        call check_memory(memory, outcome)
        if (outcome%status /= atlas_status_ok) return
        call make_direct(memory, direct, copy, .false.)
        call locate(self, dataset, array, direct, start, count, region, outcome)
        if (outcome%status == atlas_status_ok) call read_region(self, dataset, array, memory, direct, region, outcome)
    end subroutine read_into

    !> Works out what values of a rank are allocated for, and the region that they get.
    recursive subroutine make_plan(self, dataset, array, rank, start, count, plan)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        integer, intent(in) :: rank
        class(*), intent(in), optional :: start(:), count(:)
        type(plan_type), intent(out) :: plan

        type(atlas_array_description) :: description
        integer(int64) :: first(atlas_max_rank)
        integer :: i, m, n, spare, last

        if (present(count)) then
            call take_indices(count, "count", plan%count, n, plan%outcome)
        else
            description%struct_size = c_sizeof(description)
            plan%outcome = answer(atlas_array_info(self%handle, c_text(dataset), c_text(array), description))
            n = int(description%rank)
            plan%count(:n) = description%shape(n:1:-1)
        end if
        if (plan%outcome%status /= atlas_status_ok) return
        plan%rank = n
        if (present(start) .and. .not. present(count)) then
            call take_indices(start, "start", first, m, plan%outcome)
            if (plan%outcome%status == atlas_status_ok .and. m /= n) plan%outcome = &
                failure(atlas_status_invalid_argument, "start has "//number(int(m, int64))//" indices, array '"// &
                trim(array)//"' of dataset '"//trim(dataset)//"' has rank "//number(int(n, int64)))
            if (plan%outcome%status /= atlas_status_ok) return
            plan%count(:n) = max(plan%count(:n) - max(first(:n), 1_int64) + 1, 0_int64)
            plan%count(rank + 1:n) = 1
        end if

        ! The last extents of 1 are left out, as many as the values have dimensions less; where the array is read whole, none.
        spare = n - rank
        last = rank
        if (present(start) .or. present(count)) then
            do i = n, 1, -1
                if (spare > 0 .and. plan%count(i) == 1) then
                    spare = spare - 1
                else if (last > 0) then
                    plan%extents(last) = plan%count(i)
                    last = last - 1
                end if
            end do
        else if (spare == 0) then
            plan%extents(:n) = plan%count(:n)
        end if
        if (spare /= 0) plan%outcome = failure(atlas_status_invalid_argument, "values of rank "// &
            number(int(rank, int64))//" for "//listed(plan%count(:n))//" cells of array '"//trim(array)// &
            "' of dataset '"//trim(dataset)//"'")
    end subroutine make_plan

    pure recursive function no_memory(extents) result(outcome)
        integer(int64), intent(in) :: extents(:)
        type(outcome_type) :: outcome

        outcome = failure(atlas_status_out_of_memory, "no memory for "//listed(extents)//" values")
    end function no_memory

    recursive subroutine read_region(self, dataset, array, memory, direct, region, outcome)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(memory_type), intent(in) :: memory, direct
        type(region_type), intent(in) :: region
        type(outcome_type), intent(out) :: outcome

        character(:), allocatable :: buffer

        if (memory%form == form_text) then
            call read_list(self, dataset, array, region, buffer, outcome)
            if (outcome%status == atlas_status_ok) call scatter_texts(buffer, memory, outcome)
        else
            outcome = answer(atlas_read_array(self%handle, c_text(dataset), c_text(array), direct%dtype, region%rank, &
                region%start, region%count, region%strides, direct%address))
            if (outcome%status == atlas_status_ok) call copy_back(direct, memory)
        end if
    end subroutine read_region

    !> Append along the last dimension.
    recursive subroutine append_values(self, dataset, array, memory, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(memory_type), intent(in) :: memory
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_array_description) :: description
        type(memory_type) :: direct
        type(outcome_type) :: outcome
        type(region_type) :: region
        type(texts_type), target :: texts
        integer(c_int8_t), allocatable, target :: copy(:)
        integer(int64) :: count(atlas_max_rank)
        integer :: n

        call check_memory(memory, outcome)
        if (outcome%status == atlas_status_ok) then
            description%struct_size = c_sizeof(description)
            outcome = answer(atlas_array_info(self%handle, c_text(dataset), c_text(array), description))
        end if
        if (outcome%status == atlas_status_ok) then
            n = int(description%rank)
            if (memory%rank /= n .and. memory%rank /= n - 1) outcome = failure(atlas_status_invalid_argument, &
                "array '"//trim(array)//"' of dataset '"//trim(dataset)//"' has rank "//number(int(n, int64))// &
                ", the values have "//number(int(memory%rank, int64))//"; it must be the same, or one less")
        end if
        if (outcome%status == atlas_status_ok) then
            call make_direct(memory, direct, copy, .true.)
            count = 1
            count(:memory%rank) = memory%extents(:memory%rank)
            call lay_out(direct, n, count, region, outcome)
        end if
        if (outcome%status == atlas_status_ok .and. memory%form == form_text) then
            call gather_texts(memory, texts, outcome)
            if (outcome%status == atlas_status_ok) outcome = answer(atlas_append_strings(self%handle, &
                c_text(dataset), c_text(array), region%rank, region%count, texts%pointers))
        else if (outcome%status == atlas_status_ok) then
            outcome = answer(atlas_append_array(self%handle, c_text(dataset), c_text(array), direct%dtype, &
                region%rank, region%count, region%strides, direct%address))
        end if
        call report(outcome, stat, errmsg)
    end subroutine append_values

    !> Read the same region from many datasets: in one call where each dataset's values are contiguous and follow the
    !> one before, else one after the other into the caller's strides.
    recursive subroutine read_values_across(self, array, datasets, memory, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: array
        character(*), intent(in), target :: datasets(:)
        type(memory_type), intent(in) :: memory
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(memory_type) :: direct, one, one_direct
        type(outcome_type) :: outcome
        type(region_type) :: region
        type(texts_type), target :: names
        integer(c_int8_t), allocatable, target :: copy(:)
        integer(int64) :: i
        integer :: last

        call check_memory(memory, outcome)
        last = memory%rank
        if (outcome%status == atlas_status_ok) then
            if (last == 0) then
                outcome = failure(atlas_status_invalid_argument, "the values of read_across must be an array")
            else if (memory%extents(last) /= size(datasets, kind=int64)) then
                outcome = failure(atlas_status_out_of_range, "the values have "//number(memory%extents(last))// &
                    " as their last extent, for "//number(size(datasets, kind=int64))//" datasets")
            end if
        end if
        if (outcome%status == atlas_status_ok .and. size(datasets) > 0) then
            call make_direct(memory, direct, copy, .false.)
            one = part_of(memory)
            one_direct = part_of(direct)
            call locate(self, datasets(1), array, one_direct, start, count, region, outcome)
            if (outcome%status == atlas_status_ok .and. contiguous_bytes(direct) .and. memory%form /= form_text) then
                call gather_texts(memory_of(datasets), names, outcome)
                if (outcome%status == atlas_status_ok) outcome = answer(atlas_read_across(self%handle, &
                    c_text(array), size(datasets, kind=c_size_t), names%pointers, direct%dtype, region%rank, &
                    region%start, region%count, direct%address))
                if (outcome%status == atlas_status_ok) call copy_back(direct, memory)
            else if (outcome%status == atlas_status_ok) then
                do i = 1, size(datasets, kind=int64)
                    if (i > 1) call locate(self, datasets(i), array, one_direct, start, count, region, outcome)
                    if (outcome%status == atlas_status_ok) call read_region(self, datasets(i), array, one, one_direct, &
                        region, outcome)
                    if (outcome%status /= atlas_status_ok) exit
                    one%address = moved(one%address, memory%steps(last))
                    one_direct%address = moved(one_direct%address, direct%steps(last))
                end do
            end if
        end if
        call report(outcome, stat, errmsg)
    contains
        !> The values of the first dataset.
        pure recursive function part_of(whole) result(part)
            type(memory_type), intent(in) :: whole
            type(memory_type) :: part

            part = whole
            part%rank = last - 1
        end function part_of
    end subroutine read_values_across

    !> Read one text, as long as it is; `start` has its indices, and is left out for an array of rank 0.
    recursive subroutine read_one_text(self, dataset, array, text, start, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        character(:), allocatable, intent(out) :: text
        class(*), intent(in), optional :: start(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        character(:), allocatable :: buffer
        type(memory_type) :: memory
        type(outcome_type) :: outcome
        type(region_type) :: region

        memory%form = form_text
        call locate(self, dataset, array, memory, start, region=region, outcome=outcome)
        if (outcome%status == atlas_status_ok) call read_list(self, dataset, array, region, buffer, outcome)
        text = ""
        if (outcome%status == atlas_status_ok) text = buffer(:len(buffer) - 1)
        call report(outcome, stat, errmsg)
    end subroutine read_one_text

    !> Read an array of texts of rank 1; or a region of any rank (`count` says which) as a list in array element
    !> order. They are as long as the longest.
    recursive subroutine read_texts(self, dataset, array, texts, start, count, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        character(:), allocatable, intent(out) :: texts(:)
        class(*), intent(in), optional :: start(:), count(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_array_description) :: description
        character(:), allocatable :: buffer
        type(memory_type) :: memory
        type(outcome_type) :: outcome
        type(region_type) :: region
        integer(int64) :: extents(atlas_max_rank)
        integer :: n

        memory%form = form_text
        memory%rank = 1
        if (present(count)) then
            call take_indices(count, "count", extents, n, outcome)
            if (outcome%status == atlas_status_ok) then
                region%rank = int(n, c_size_t)
                region%count(:n) = extents(n:1:-1)
                if (present(start)) call take_start(start, n, region, outcome)
            end if
        else if (present(start)) then
            outcome = failure(atlas_status_invalid_argument, "a start without a count")
        else
            description%struct_size = c_sizeof(description)
            outcome = answer(atlas_array_info(self%handle, c_text(dataset), c_text(array), description))
            if (outcome%status == atlas_status_ok) then
                memory%extents(1) = description%shape(1)
                call locate(self, dataset, array, memory, region=region, outcome=outcome)
            end if
        end if
        if (outcome%status == atlas_status_ok) call read_list(self, dataset, array, region, buffer, outcome)
        if (outcome%status == atlas_status_ok) then
            call split_texts(buffer, texts)
        else
            allocate(character(0) :: texts(0))
        end if
        call report(outcome, stat, errmsg)
    end subroutine read_texts

    !> The texts of a region, each with its NUL.
    recursive subroutine read_list(self, dataset, array, region, buffer, outcome)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(region_type), intent(in) :: region
        character(:), allocatable, intent(out) :: buffer
        type(outcome_type), intent(out) :: outcome

        integer(c_int32_t) :: status
        integer(c_size_t) :: needed

        buffer = ""
        do
            needed = 0
            status = atlas_read_strings(self%handle, c_text(dataset), c_text(array), region%rank, region%start, region%count, &
                buffer, len(buffer, c_size_t), needed)
            if (.not. grown(status, buffer, needed)) exit
        end do
        outcome = answer(status)
        if (outcome%status == atlas_status_ok) buffer = buffer(:needed)
    end subroutine read_list

    ! ---- Attributes ------------------------------------------------------------------------------------------------

    !> Set an attribute to a scalar or an array of rank 1, replacing an earlier value whatever its type.
    recursive subroutine set_int8(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int8), intent(in), target :: value(..)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call set_values(self, dataset, key, memory_of(value, dtype), array, stat, errmsg)
    end subroutine set_int8

    !> Set an attribute to a scalar or an array of rank 1, replacing an earlier value whatever its type.
    recursive subroutine set_int16(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int16), intent(in), target :: value(..)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call set_values(self, dataset, key, memory_of(value, dtype), array, stat, errmsg)
    end subroutine set_int16

    !> Set an attribute to a scalar or an array of rank 1, replacing an earlier value whatever its type.
    recursive subroutine set_int32(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int32), intent(in), target :: value(..)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call set_values(self, dataset, key, memory_of(value, dtype), array, stat, errmsg)
    end subroutine set_int32

    !> Set an attribute to a scalar or an array of rank 1, replacing an earlier value whatever its type.
    recursive subroutine set_int64(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int64), intent(in), target :: value(..)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call set_values(self, dataset, key, memory_of(value, dtype), array, stat, errmsg)
    end subroutine set_int64

    !> Set an attribute to a scalar or an array of rank 1, replacing an earlier value whatever its type.
    recursive subroutine set_real32(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        real(real32), intent(in), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call set_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine set_real32

    !> Set an attribute to a scalar or an array of rank 1, replacing an earlier value whatever its type.
    recursive subroutine set_real64(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        real(real64), intent(in), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call set_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine set_real64

    !> Set an attribute to a scalar or an array of rank 1, replacing an earlier value whatever its type.
    recursive subroutine set_complex32(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        complex(real32), intent(in), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call set_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine set_complex32

    !> Set an attribute to a scalar or an array of rank 1, replacing an earlier value whatever its type.
    recursive subroutine set_complex64(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        complex(real64), intent(in), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call set_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine set_complex64

    !> Set an attribute to a scalar or an array of rank 1, replacing an earlier value whatever its type.
    recursive subroutine set_logical(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        logical, intent(in), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call set_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine set_logical

    !> Set an attribute to a scalar or an array of rank 1, replacing an earlier value whatever its type.
    recursive subroutine set_bool(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        logical(c_bool), intent(in), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call set_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine set_bool

    !> Set an attribute to a scalar or an array of rank 1, replacing an earlier value whatever its type.
    recursive subroutine set_character(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        character(*), intent(in), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call set_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine set_character

    !> Get an attribute of as many values as `value` has.
    recursive subroutine get_int8(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int8), intent(inout), target :: value(..)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call get_values(self, dataset, key, memory_of(value, dtype), array, stat, errmsg)
    end subroutine get_int8

    !> Get an attribute of as many values as `value` has.
    recursive subroutine get_int16(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int16), intent(inout), target :: value(..)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call get_values(self, dataset, key, memory_of(value, dtype), array, stat, errmsg)
    end subroutine get_int16

    !> Get an attribute of as many values as `value` has.
    recursive subroutine get_int32(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int32), intent(inout), target :: value(..)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call get_values(self, dataset, key, memory_of(value, dtype), array, stat, errmsg)
    end subroutine get_int32

    !> Get an attribute of as many values as `value` has.
    recursive subroutine get_int64(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int64), intent(inout), target :: value(..)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call get_values(self, dataset, key, memory_of(value, dtype), array, stat, errmsg)
    end subroutine get_int64

    !> Get an attribute of as many values as `value` has.
    recursive subroutine get_real32(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        real(real32), intent(inout), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call get_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine get_real32

    !> Get an attribute of as many values as `value` has.
    recursive subroutine get_real64(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        real(real64), intent(inout), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call get_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine get_real64

    !> Get an attribute of as many values as `value` has.
    recursive subroutine get_complex32(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        complex(real32), intent(inout), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call get_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine get_complex32

    !> Get an attribute of as many values as `value` has.
    recursive subroutine get_complex64(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        complex(real64), intent(inout), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call get_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine get_complex64

    !> Get an attribute of as many values as `value` has.
    recursive subroutine get_logical(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        logical, intent(inout), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call get_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine get_logical

    !> Get an attribute of as many values as `value` has.
    recursive subroutine get_bool(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        logical(c_bool), intent(inout), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call get_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine get_bool

    !> Get an attribute of as many values as `value` has.
    recursive subroutine get_character(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        character(*), intent(inout), target :: value(..)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call get_values(self, dataset, key, memory_of(value), array, stat, errmsg)
    end subroutine get_character

    !> Allocate as many values as an attribute has, and get them. After a failure `value` is not allocated.
    recursive subroutine get_alloc_int8(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int8), allocatable, target, intent(out) :: value(:)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: n
        integer :: status

        call count_values(self, dataset, key, array, n, outcome)
        if (outcome%status == atlas_status_ok) then
            allocate(value(n), stat=status)
            if (status /= 0) outcome = no_memory([n])
            if (status == 0) call get_into(self, dataset, key, memory_of(value, dtype), array, outcome)
            if (outcome%status /= atlas_status_ok .and. status == 0) deallocate(value)
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_alloc_int8

    !> Allocate as many values as an attribute has, and get them. After a failure `value` is not allocated.
    recursive subroutine get_alloc_int16(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int16), allocatable, target, intent(out) :: value(:)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: n
        integer :: status

        call count_values(self, dataset, key, array, n, outcome)
        if (outcome%status == atlas_status_ok) then
            allocate(value(n), stat=status)
            if (status /= 0) outcome = no_memory([n])
            if (status == 0) call get_into(self, dataset, key, memory_of(value, dtype), array, outcome)
            if (outcome%status /= atlas_status_ok .and. status == 0) deallocate(value)
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_alloc_int16

    !> Allocate as many values as an attribute has, and get them. After a failure `value` is not allocated.
    recursive subroutine get_alloc_int32(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int32), allocatable, target, intent(out) :: value(:)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: n
        integer :: status

        call count_values(self, dataset, key, array, n, outcome)
        if (outcome%status == atlas_status_ok) then
            allocate(value(n), stat=status)
            if (status /= 0) outcome = no_memory([n])
            if (status == 0) call get_into(self, dataset, key, memory_of(value, dtype), array, outcome)
            if (outcome%status /= atlas_status_ok .and. status == 0) deallocate(value)
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_alloc_int32

    !> Allocate as many values as an attribute has, and get them. After a failure `value` is not allocated.
    recursive subroutine get_alloc_int64(self, dataset, key, value, array, dtype, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(int64), allocatable, target, intent(out) :: value(:)
        character(*), intent(in), optional :: array
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: n
        integer :: status

        call count_values(self, dataset, key, array, n, outcome)
        if (outcome%status == atlas_status_ok) then
            allocate(value(n), stat=status)
            if (status /= 0) outcome = no_memory([n])
            if (status == 0) call get_into(self, dataset, key, memory_of(value, dtype), array, outcome)
            if (outcome%status /= atlas_status_ok .and. status == 0) deallocate(value)
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_alloc_int64

    !> Allocate as many values as an attribute has, and get them. After a failure `value` is not allocated.
    recursive subroutine get_alloc_real32(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        real(real32), allocatable, target, intent(out) :: value(:)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: n
        integer :: status

        call count_values(self, dataset, key, array, n, outcome)
        if (outcome%status == atlas_status_ok) then
            allocate(value(n), stat=status)
            if (status /= 0) outcome = no_memory([n])
            if (status == 0) call get_into(self, dataset, key, memory_of(value), array, outcome)
            if (outcome%status /= atlas_status_ok .and. status == 0) deallocate(value)
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_alloc_real32

    !> Allocate as many values as an attribute has, and get them. After a failure `value` is not allocated.
    recursive subroutine get_alloc_real64(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        real(real64), allocatable, target, intent(out) :: value(:)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: n
        integer :: status

        call count_values(self, dataset, key, array, n, outcome)
        if (outcome%status == atlas_status_ok) then
            allocate(value(n), stat=status)
            if (status /= 0) outcome = no_memory([n])
            if (status == 0) call get_into(self, dataset, key, memory_of(value), array, outcome)
            if (outcome%status /= atlas_status_ok .and. status == 0) deallocate(value)
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_alloc_real64

    !> Allocate as many values as an attribute has, and get them. After a failure `value` is not allocated.
    recursive subroutine get_alloc_complex32(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        complex(real32), allocatable, target, intent(out) :: value(:)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: n
        integer :: status

        call count_values(self, dataset, key, array, n, outcome)
        if (outcome%status == atlas_status_ok) then
            allocate(value(n), stat=status)
            if (status /= 0) outcome = no_memory([n])
            if (status == 0) call get_into(self, dataset, key, memory_of(value), array, outcome)
            if (outcome%status /= atlas_status_ok .and. status == 0) deallocate(value)
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_alloc_complex32

    !> Allocate as many values as an attribute has, and get them. After a failure `value` is not allocated.
    recursive subroutine get_alloc_complex64(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        complex(real64), allocatable, target, intent(out) :: value(:)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: n
        integer :: status

        call count_values(self, dataset, key, array, n, outcome)
        if (outcome%status == atlas_status_ok) then
            allocate(value(n), stat=status)
            if (status /= 0) outcome = no_memory([n])
            if (status == 0) call get_into(self, dataset, key, memory_of(value), array, outcome)
            if (outcome%status /= atlas_status_ok .and. status == 0) deallocate(value)
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_alloc_complex64

    !> Allocate as many values as an attribute has, and get them. After a failure `value` is not allocated.
    recursive subroutine get_alloc_logical(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        logical, allocatable, target, intent(out) :: value(:)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: n
        integer :: status

        call count_values(self, dataset, key, array, n, outcome)
        if (outcome%status == atlas_status_ok) then
            allocate(value(n), stat=status)
            if (status /= 0) outcome = no_memory([n])
            if (status == 0) call get_into(self, dataset, key, memory_of(value), array, outcome)
            if (outcome%status /= atlas_status_ok .and. status == 0) deallocate(value)
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_alloc_logical

    !> Allocate as many values as an attribute has, and get them. After a failure `value` is not allocated.
    recursive subroutine get_alloc_bool(self, dataset, key, value, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        logical(c_bool), allocatable, target, intent(out) :: value(:)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome
        integer(int64) :: n
        integer :: status

        call count_values(self, dataset, key, array, n, outcome)
        if (outcome%status == atlas_status_ok) then
            allocate(value(n), stat=status)
            if (status /= 0) outcome = no_memory([n])
            if (status == 0) call get_into(self, dataset, key, memory_of(value), array, outcome)
            if (outcome%status /= atlas_status_ok .and. status == 0) deallocate(value)
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_alloc_bool

    !> Set an attribute, replacing an earlier value whatever its type.
    recursive subroutine set_values(self, dataset, key, memory, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        type(memory_type), intent(in) :: memory
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(memory_type) :: direct
        type(outcome_type) :: outcome
        type(texts_type), target :: texts
        character(:), allocatable :: in_dataset, in_array
        integer(c_int8_t), allocatable, target :: copy(:)

        call take_owner(dataset, array, in_dataset, in_array)
        call check_attribute(memory, key, outcome)
        if (outcome%status == atlas_status_ok .and. memory%form == form_text) then
            call gather_texts(memory, texts, outcome)
            if (outcome%status == atlas_status_ok) outcome = answer(atlas_set_attribute(self%handle, in_dataset, &
                in_array, c_text(key), atlas_dtype_string, size(texts%pointers, kind=c_size_t) - 1, &
                c_loc(texts%pointers)))
        else if (outcome%status == atlas_status_ok) then
            call make_direct(memory, direct, copy, .true., contiguous=.true.)
            outcome = answer(atlas_set_attribute(self%handle, in_dataset, in_array, c_text(key), direct%dtype, &
                int(cells(direct), c_size_t), direct%address))
        end if
        call report(outcome, stat, errmsg)
    end subroutine set_values

    !> Get an attribute that has as many values as `memory`.
    recursive subroutine get_values(self, dataset, key, memory, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        type(memory_type), intent(in) :: memory
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome

        call get_into(self, dataset, key, memory, array, outcome)
        call report(outcome, stat, errmsg)
    end subroutine get_values

    recursive subroutine get_into(self, dataset, key, memory, array, outcome)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        type(memory_type), intent(in) :: memory
        character(*), intent(in), optional :: array
        type(outcome_type), intent(out) :: outcome

        type(memory_type) :: direct
        character(:), allocatable :: in_dataset, in_array, buffer
        integer(c_int8_t), allocatable, target :: copy(:)
        integer(int64) :: count
        integer(c_size_t) :: found

        call take_owner(dataset, array, in_dataset, in_array)
        call check_attribute(memory, key, outcome)
        if (outcome%status == atlas_status_ok) call count_values(self, dataset, key, array, count, outcome)
        if (outcome%status /= atlas_status_ok) return
        if (count /= cells(memory)) then
            outcome = failure(merge(atlas_status_buffer_too_small, atlas_status_invalid_argument, count > cells(memory)), &
                "attribute '"//trim(key)//"' has "//number(count)//" values, the variable "//number(cells(memory)))
        else if (memory%form == form_text) then
            call get_list(self, in_dataset, in_array, key, buffer, outcome)
            if (outcome%status == atlas_status_ok) call scatter_texts(buffer, memory, outcome)
        else
            call make_direct(memory, direct, copy, .false., contiguous=.true.)
            outcome = answer(atlas_get_attribute(self%handle, in_dataset, in_array, c_text(key), direct%dtype, &
                int(cells(direct), c_size_t), direct%address, found))
            if (outcome%status == atlas_status_ok) call copy_back(direct, memory)
        end if
    end subroutine get_into

    recursive subroutine count_values(self, dataset, key, array, count, outcome)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        character(*), intent(in), optional :: array
        integer(int64), intent(out) :: count
        type(outcome_type), intent(out) :: outcome

        character(:), allocatable :: in_dataset, in_array
        integer(c_int32_t) :: dtype
        integer(c_size_t) :: found

        call take_owner(dataset, array, in_dataset, in_array)
        found = 0
        outcome = answer(atlas_attribute_info(self%handle, in_dataset, in_array, c_text(key), dtype, found))
        count = found
    end subroutine count_values

    !> Get an attribute of one text, as long as it is.
    recursive subroutine get_one_attribute_text(self, dataset, key, text, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        character(:), allocatable, intent(out) :: text
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        character(:), allocatable :: in_dataset, in_array, buffer
        type(outcome_type) :: outcome

        call take_owner(dataset, array, in_dataset, in_array)
        call get_list(self, in_dataset, in_array, key, buffer, outcome)
        text = ""
        if (outcome%status == atlas_status_ok) then
            if (index(buffer, c_null_char) == len(buffer) .and. len(buffer) > 0) then
                text = buffer(:len(buffer) - 1)
            else
                outcome = failure(merge(atlas_status_buffer_too_small, atlas_status_invalid_argument, &
                    len(buffer) > 0), "attribute '"//trim(key)//"' does not have one text, but a list")
            end if
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_one_attribute_text

    !> Get an attribute of any number of texts. They are as long as the longest.
    recursive subroutine get_attribute_texts(self, dataset, key, texts, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        character(:), allocatable, intent(out) :: texts(:)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        character(:), allocatable :: in_dataset, in_array, buffer
        type(outcome_type) :: outcome

        call take_owner(dataset, array, in_dataset, in_array)
        call get_list(self, in_dataset, in_array, key, buffer, outcome)
        if (outcome%status == atlas_status_ok) then
            call split_texts(buffer, texts)
        else
            allocate(character(0) :: texts(0))
        end if
        call report(outcome, stat, errmsg)
    end subroutine get_attribute_texts

    !> The texts of an attribute, each with its NUL.
    recursive subroutine get_list(self, in_dataset, in_array, key, buffer, outcome)
        class(store_type), intent(in) :: self
        character(:), allocatable, intent(in) :: in_dataset, in_array
        character(*), intent(in) :: key
        character(:), allocatable, intent(out) :: buffer
        type(outcome_type), intent(out) :: outcome

        integer(c_int32_t) :: status
        integer(c_size_t) :: needed

        buffer = ""
        do
            needed = 0
            status = atlas_get_attribute_strings(self%handle, in_dataset, in_array, c_text(key), &
                buffer, len(buffer, c_size_t), needed)
            if (.not. grown(status, buffer, needed)) exit
        end do
        outcome = answer(status)
        if (outcome%status == atlas_status_ok) buffer = buffer(:needed)
    end subroutine get_list

    !> Tell an attribute's type and number of values.
    recursive subroutine store_attribute_info(self, dataset, key, dtype, count, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        integer(c_int32_t), intent(out) :: dtype
        integer(int64), intent(out) :: count
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        character(:), allocatable :: in_dataset, in_array
        integer(c_size_t) :: found

        call take_owner(dataset, array, in_dataset, in_array)
        dtype = 0
        found = 0
        call report(answer(atlas_attribute_info(self%handle, in_dataset, in_array, c_text(key), dtype, found)), &
            stat, errmsg)
        count = found
    end subroutine store_attribute_info

    !> Whether there is an attribute of this name.
    recursive function store_has_attribute(self, dataset, key, array, stat, errmsg) result(has)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        logical :: has

        character(:), allocatable :: in_dataset, in_array
        logical(c_bool) :: found

        call take_owner(dataset, array, in_dataset, in_array)
        found = .false.
        call report(answer(atlas_has_attribute(self%handle, in_dataset, in_array, c_text(key), found)), stat, errmsg)
        has = found
    end function store_has_attribute

    !> Count the attributes of an array, or a dataset's own.
    recursive function store_attribute_count(self, dataset, array, stat, errmsg) result(count)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(int64) :: count

        character(:), allocatable :: in_dataset, in_array
        integer(c_size_t) :: found

        call take_owner(dataset, array, in_dataset, in_array)
        found = 0
        call report(answer(atlas_attribute_count(self%handle, in_dataset, in_array, found)), stat, errmsg)
        count = found
    end function store_attribute_count

    !> List the names of the attributes, in the order in which they were first set.
    recursive subroutine store_attribute_names(self, dataset, names, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(:), allocatable, intent(out) :: names(:)
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        character(:), allocatable :: in_dataset, in_array, buffer
        integer(c_int32_t) :: status
        integer(c_size_t) :: needed

        call take_owner(dataset, array, in_dataset, in_array)
        buffer = ""
        do
            needed = 0
            status = atlas_attribute_names(self%handle, in_dataset, in_array, &
                buffer, len(buffer, c_size_t), needed)
            if (.not. grown(status, buffer, needed)) exit
        end do
        call take_names(status, buffer, needed, names, stat, errmsg)
    end subroutine store_attribute_names

    !> Delete an attribute.
    recursive subroutine store_delete_attribute(self, dataset, key, array, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in), optional :: dataset
        character(*), intent(in) :: key
        character(*), intent(in), optional :: array
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        character(:), allocatable :: in_dataset, in_array

        call take_owner(dataset, array, in_dataset, in_array)
        call report(answer(atlas_delete_attribute(self%handle, in_dataset, in_array, c_text(key))), stat, errmsg)
    end subroutine store_delete_attribute

    ! ---- Statistics ------------------------------------------------------------------------------------------------

    !> Give the statistics of an array, as of the last flush. There are none (atlas_status_no_stats) before its first
    !> flush, and from any write to it until the next.
    recursive subroutine store_stats(self, dataset, array, stats, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(stats_type), intent(out) :: stats
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_stats) :: found

        call report(answer(atlas_array_stats(self%handle, c_text(dataset), c_text(array), found)), stat, errmsg)
        stats = stats_from(found)
    end subroutine store_stats

    !> Give the statistics of one chunk, as of the last flush. `chunk` has its indices, counted from 1, integers of
    !> any kind: a cell's index i is in chunk (i - 1) / chunk_shape + 1.
    recursive subroutine store_chunk_stats(self, dataset, array, chunk, stats, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        class(*), intent(in) :: chunk(:)
        type(stats_type), intent(out) :: stats
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_stats) :: found
        type(outcome_type) :: outcome
        type(region_type) :: region

        call take_start(chunk, size(chunk), region, outcome, "chunk")
        if (outcome%status == atlas_status_ok) outcome = answer(atlas_chunk_stats(self%handle, c_text(dataset), &
            c_text(array), size(chunk, kind=c_size_t), region%start, found))
        stats = stats_from(found)
        call report(outcome, stat, errmsg)
    end subroutine store_chunk_stats

    !> Tell where the stored chunks of an array lie, so that other programs read them in place: as of the last commit that
    !> this store sees, whose number is `generation`. What was written since has no place yet. `files` are paths from the
    !> store's folder on.
    recursive subroutine store_chunk_places(self, dataset, array, places, files, generation, stat, errmsg)
        class(store_type), intent(in) :: self
        character(*), intent(in) :: dataset, array
        type(chunk_place_type), allocatable, intent(out) :: places(:)
        character(:), allocatable, intent(out) :: files(:)
        integer(int64), intent(out), optional :: generation
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(atlas_chunk_place), allocatable :: found(:)
        character(:), allocatable :: buffer
        type(outcome_type) :: outcome
        integer(c_int32_t) :: status
        integer(c_int64_t) :: commit
        integer(c_size_t) :: count, i, needed

        allocate(character(0) :: buffer)
        count = 0
        commit = 0
        do
            allocate(found(count))
            needed = 0
            status = atlas_chunk_places(self%handle, c_text(dataset), c_text(array), size(found, kind=c_size_t), &
                found, count, buffer, len(buffer, c_size_t), needed, commit)
            if (.not. grown(status, buffer, needed)) exit
            deallocate(found)
        end do
        outcome = answer(status)
        if (outcome%status == atlas_status_ok) then
            call split_texts(buffer(:needed), files)
        else
            count = 0
            call split_texts("", files)
        end if
        allocate(places(count))
        do i = 1, count
            places(i)%number = found(i)%number
            places(i)%file = int(found(i)%file) + 1
            places(i)%offset = found(i)%offset
            places(i)%stored_len = found(i)%stored_len
            places(i)%raw_len = found(i)%raw_len
            places(i)%at = found(i)%at
            places(i)%len = found(i)%len
            places(i)%checksum = found(i)%checksum
            places(i)%codec = found(i)%codec
            places(i)%shuffle = found(i)%shuffle
            places(i)%delta = found(i)%delta
        end do
        if (present(generation)) generation = commit
        call report(outcome, stat, errmsg)
    end subroutine store_chunk_places

    pure recursive function stats_from(found) result(stats)
        type(atlas_stats), intent(in) :: found
        type(stats_type) :: stats

        stats%row_count = found%row_count
        stats%null_count = found%null_count
        stats%has_range = found%has_range /= 0
        stats%dtype = found%dtype
        stats%min = found%min
        stats%max = found%max
        stats%min_int = found%min_int
        stats%max_int = found%max_int
        select case (found%dtype)
        case (atlas_dtype_u8, atlas_dtype_u16, atlas_dtype_u32, atlas_dtype_u64)
            stats%min_int = found%min_uint
            stats%max_int = found%max_uint
        end select
    end function stats_from

    ! ---- Time ------------------------------------------------------------------------------------------------------

    !> Give the dates that numbers mean, as the CF conventions have it. It needs no store.
    !>
    !> - `values`    numbers, of any rank
    !> - `dates`     as many dates, of any rank
    !> - `units`     such as "days since 2000-01-01 00:00:00"
    !> - `calendar`  "standard", which is the default, "proleptic_gregorian", "julian", "noleap", "all_leap", "360_day"
    !> - `dtype`     what else the bits are; atlas_dtype_timestamp_ns, which has no `units` and no `calendar`
    recursive subroutine decode_time_int8(values, dates, units, calendar, dtype, stat, errmsg)
        integer(int8), intent(in), target :: values(..)
        type(atlas_datetime), intent(inout), target :: dates(..)
        character(*), intent(in), optional :: units, calendar
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call decode_times(memory_of(values, dtype), memory_of(dates), units, calendar, stat, errmsg)
    end subroutine decode_time_int8

    !> Give the numbers that mean dates: the other way of `decode_time`.
    recursive subroutine encode_time_int8(dates, values, units, calendar, dtype, stat, errmsg)
        type(atlas_datetime), intent(in), target :: dates(..)
        integer(int8), intent(inout), target :: values(..)
        character(*), intent(in), optional :: units, calendar
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call encode_times(memory_of(dates), memory_of(values, dtype), units, calendar, stat, errmsg)
    end subroutine encode_time_int8

    !> Give the dates that numbers mean, as the CF conventions have it. It needs no store.
    !>
    !> - `values`    numbers, of any rank
    !> - `dates`     as many dates, of any rank
    !> - `units`     such as "days since 2000-01-01 00:00:00"
    !> - `calendar`  "standard", which is the default, "proleptic_gregorian", "julian", "noleap", "all_leap", "360_day"
    !> - `dtype`     what else the bits are; atlas_dtype_timestamp_ns, which has no `units` and no `calendar`
    recursive subroutine decode_time_int16(values, dates, units, calendar, dtype, stat, errmsg)
        integer(int16), intent(in), target :: values(..)
        type(atlas_datetime), intent(inout), target :: dates(..)
        character(*), intent(in), optional :: units, calendar
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call decode_times(memory_of(values, dtype), memory_of(dates), units, calendar, stat, errmsg)
    end subroutine decode_time_int16

    !> Give the numbers that mean dates: the other way of `decode_time`.
    recursive subroutine encode_time_int16(dates, values, units, calendar, dtype, stat, errmsg)
        type(atlas_datetime), intent(in), target :: dates(..)
        integer(int16), intent(inout), target :: values(..)
        character(*), intent(in), optional :: units, calendar
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call encode_times(memory_of(dates), memory_of(values, dtype), units, calendar, stat, errmsg)
    end subroutine encode_time_int16

    !> Give the dates that numbers mean, as the CF conventions have it. It needs no store.
    !>
    !> - `values`    numbers, of any rank
    !> - `dates`     as many dates, of any rank
    !> - `units`     such as "days since 2000-01-01 00:00:00"
    !> - `calendar`  "standard", which is the default, "proleptic_gregorian", "julian", "noleap", "all_leap", "360_day"
    !> - `dtype`     what else the bits are; atlas_dtype_timestamp_ns, which has no `units` and no `calendar`
    recursive subroutine decode_time_int32(values, dates, units, calendar, dtype, stat, errmsg)
        integer(int32), intent(in), target :: values(..)
        type(atlas_datetime), intent(inout), target :: dates(..)
        character(*), intent(in), optional :: units, calendar
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call decode_times(memory_of(values, dtype), memory_of(dates), units, calendar, stat, errmsg)
    end subroutine decode_time_int32

    !> Give the numbers that mean dates: the other way of `decode_time`.
    recursive subroutine encode_time_int32(dates, values, units, calendar, dtype, stat, errmsg)
        type(atlas_datetime), intent(in), target :: dates(..)
        integer(int32), intent(inout), target :: values(..)
        character(*), intent(in), optional :: units, calendar
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call encode_times(memory_of(dates), memory_of(values, dtype), units, calendar, stat, errmsg)
    end subroutine encode_time_int32

    !> Give the dates that numbers mean, as the CF conventions have it. It needs no store.
    !>
    !> - `values`    numbers, of any rank
    !> - `dates`     as many dates, of any rank
    !> - `units`     such as "days since 2000-01-01 00:00:00"
    !> - `calendar`  "standard", which is the default, "proleptic_gregorian", "julian", "noleap", "all_leap", "360_day"
    !> - `dtype`     what else the bits are; atlas_dtype_timestamp_ns, which has no `units` and no `calendar`
    recursive subroutine decode_time_int64(values, dates, units, calendar, dtype, stat, errmsg)
        integer(int64), intent(in), target :: values(..)
        type(atlas_datetime), intent(inout), target :: dates(..)
        character(*), intent(in), optional :: units, calendar
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call decode_times(memory_of(values, dtype), memory_of(dates), units, calendar, stat, errmsg)
    end subroutine decode_time_int64

    !> Give the numbers that mean dates: the other way of `decode_time`.
    recursive subroutine encode_time_int64(dates, values, units, calendar, dtype, stat, errmsg)
        type(atlas_datetime), intent(in), target :: dates(..)
        integer(int64), intent(inout), target :: values(..)
        character(*), intent(in), optional :: units, calendar
        integer(c_int32_t), intent(in), optional :: dtype
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call encode_times(memory_of(dates), memory_of(values, dtype), units, calendar, stat, errmsg)
    end subroutine encode_time_int64

    !> Give the dates that numbers mean, as the CF conventions have it. It needs no store.
    !>
    !> - `values`    numbers, of any rank
    !> - `dates`     as many dates, of any rank
    !> - `units`     such as "days since 2000-01-01 00:00:00"
    !> - `calendar`  "standard", which is the default, "proleptic_gregorian", "julian", "noleap", "all_leap", "360_day"
    recursive subroutine decode_time_real32(values, dates, units, calendar, stat, errmsg)
        real(real32), intent(in), target :: values(..)
        type(atlas_datetime), intent(inout), target :: dates(..)
        character(*), intent(in), optional :: units, calendar
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call decode_times(memory_of(values), memory_of(dates), units, calendar, stat, errmsg)
    end subroutine decode_time_real32

    !> Give the numbers that mean dates: the other way of `decode_time`.
    recursive subroutine encode_time_real32(dates, values, units, calendar, stat, errmsg)
        type(atlas_datetime), intent(in), target :: dates(..)
        real(real32), intent(inout), target :: values(..)
        character(*), intent(in), optional :: units, calendar
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call encode_times(memory_of(dates), memory_of(values), units, calendar, stat, errmsg)
    end subroutine encode_time_real32

    !> Give the dates that numbers mean, as the CF conventions have it. It needs no store.
    !>
    !> - `values`    numbers, of any rank
    !> - `dates`     as many dates, of any rank
    !> - `units`     such as "days since 2000-01-01 00:00:00"
    !> - `calendar`  "standard", which is the default, "proleptic_gregorian", "julian", "noleap", "all_leap", "360_day"
    recursive subroutine decode_time_real64(values, dates, units, calendar, stat, errmsg)
        real(real64), intent(in), target :: values(..)
        type(atlas_datetime), intent(inout), target :: dates(..)
        character(*), intent(in), optional :: units, calendar
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call decode_times(memory_of(values), memory_of(dates), units, calendar, stat, errmsg)
    end subroutine decode_time_real64

    !> Give the numbers that mean dates: the other way of `decode_time`.
    recursive subroutine encode_time_real64(dates, values, units, calendar, stat, errmsg)
        type(atlas_datetime), intent(in), target :: dates(..)
        real(real64), intent(inout), target :: values(..)
        character(*), intent(in), optional :: units, calendar
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        call encode_times(memory_of(dates), memory_of(values), units, calendar, stat, errmsg)
    end subroutine encode_time_real64

    recursive subroutine decode_times(values, dates, units, calendar, stat, errmsg)
        type(memory_type), intent(in) :: values, dates
        character(*), intent(in), optional :: units, calendar
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(memory_type) :: direct_from, direct_to
        type(outcome_type) :: outcome
        character(:), allocatable :: in_units, in_calendar
        integer(c_int8_t), allocatable, target :: copy_from(:), copy_to(:)

        if (present(units)) in_units = c_text(units)
        if (present(calendar)) in_calendar = c_text(calendar)
        call check_memory(values, outcome)
        if (outcome%status == atlas_status_ok) call check_memory(dates, outcome)
        if (outcome%status == atlas_status_ok .and. cells(values) /= cells(dates)) outcome = &
            failure(atlas_status_out_of_range, number(cells(values))//" values for "//number(cells(dates))//" dates")
        if (outcome%status == atlas_status_ok) then
            call make_direct(values, direct_from, copy_from, .true., contiguous=.true.)
            call make_direct(dates, direct_to, copy_to, .false., contiguous=.true.)
            outcome = answer(atlas_decode_time(in_units, in_calendar, values%dtype, direct_from%address, &
                int(cells(values), c_size_t), direct_to%address))
            if (outcome%status == atlas_status_ok) call copy_back(direct_to, dates)
        end if
        call report(outcome, stat, errmsg)
    end subroutine decode_times

    recursive subroutine encode_times(dates, values, units, calendar, stat, errmsg)
        type(memory_type), intent(in) :: dates, values
        character(*), intent(in), optional :: units, calendar
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(memory_type) :: direct_from, direct_to
        type(outcome_type) :: outcome
        character(:), allocatable :: in_units, in_calendar
        integer(c_int8_t), allocatable, target :: copy_from(:), copy_to(:)

        if (present(units)) in_units = c_text(units)
        if (present(calendar)) in_calendar = c_text(calendar)
        call check_memory(values, outcome)
        if (outcome%status == atlas_status_ok) call check_memory(dates, outcome)
        if (outcome%status == atlas_status_ok .and. cells(values) /= cells(dates)) outcome = &
            failure(atlas_status_out_of_range, number(cells(values))//" values for "//number(cells(dates))//" dates")
        if (outcome%status == atlas_status_ok) then
            call make_direct(dates, direct_from, copy_from, .true., contiguous=.true.)
            call make_direct(values, direct_to, copy_to, .false., contiguous=.true.)
            outcome = answer(atlas_encode_time(in_units, in_calendar, direct_from%address, &
                int(cells(values), c_size_t), values%dtype, direct_to%address))
            if (outcome%status == atlas_status_ok) call copy_back(direct_to, values)
        end if
        call report(outcome, stat, errmsg)
    end subroutine encode_times

end module atlas_store
