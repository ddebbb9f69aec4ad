!> The C interface of Atlas, as include/atlas.h declares it: the same names, constants, structs and functions.
!>
!> Programs use the module `atlas_store`; this one is what that is built on. What the functions do is said in
!> the header. How the types correspond:
!>
!>     atlas_store, uint64_t       integer(c_int64_t)      the same bits
!>     atlas_status, atlas_dtype   integer(c_int32_t)
!>     size_t                      integer(c_size_t)
!>     bool                        logical(c_bool)
!>     a pointer that may be NULL  an optional argument    left out for NULL
!>     void *                      type(c_ptr)
!>     ATLAS_VERSION               atlas_header_version    Fortran does not tell it from atlas_version()
!>
!> What a failing call does not write stays as it was, so outputs are intent(inout); only the handle of a store is
!> always written.
!>
!> The numbers in structs start as 0. The pointers do not start as NULL, which gfortran 12 cannot read back from a
!> module file: set them.
module atlas_store_c
    use, intrinsic :: iso_c_binding, only: c_bool, c_char, c_double, c_funptr, c_int8_t, c_int32_t, c_int64_t, &
        c_ptr, c_size_t
    implicit none (type, external)
    private

    ! Version
    integer(c_int32_t), parameter, public :: atlas_version_major = 0
    integer(c_int32_t), parameter, public :: atlas_version_minor = 1
    integer(c_int32_t), parameter, public :: atlas_version_patch = 0
    integer(c_int32_t), parameter, public :: atlas_header_version = 1000

    ! Status codes
    integer(c_int32_t), parameter, public :: atlas_status_ok = 0
    integer(c_int32_t), parameter, public :: atlas_status_invalid_argument = 1
    integer(c_int32_t), parameter, public :: atlas_status_not_found = 2
    integer(c_int32_t), parameter, public :: atlas_status_already_exists = 3
    integer(c_int32_t), parameter, public :: atlas_status_type_mismatch = 4
    integer(c_int32_t), parameter, public :: atlas_status_out_of_range = 5
    integer(c_int32_t), parameter, public :: atlas_status_read_only = 6
    integer(c_int32_t), parameter, public :: atlas_status_locked = 7
    integer(c_int32_t), parameter, public :: atlas_status_buffer_too_small = 8
    integer(c_int32_t), parameter, public :: atlas_status_no_stats = 9
    integer(c_int32_t), parameter, public :: atlas_status_unflushed_changes = 10
    integer(c_int32_t), parameter, public :: atlas_status_corrupt = 11
    integer(c_int32_t), parameter, public :: atlas_status_unsupported = 12
    integer(c_int32_t), parameter, public :: atlas_status_io = 13
    integer(c_int32_t), parameter, public :: atlas_status_no_space = 14
    integer(c_int32_t), parameter, public :: atlas_status_conflict = 15
    integer(c_int32_t), parameter, public :: atlas_status_poisoned = 16
    integer(c_int32_t), parameter, public :: atlas_status_invalid_handle = 17
    integer(c_int32_t), parameter, public :: atlas_status_forked = 18
    integer(c_int32_t), parameter, public :: atlas_status_cancelled = 19
    integer(c_int32_t), parameter, public :: atlas_status_out_of_memory = 20
    integer(c_int32_t), parameter, public :: atlas_status_internal = 21

    ! Modes
    integer(c_int32_t), parameter, public :: atlas_mode_read = 1
    integer(c_int32_t), parameter, public :: atlas_mode_read_write = 2

    ! Element types
    integer(c_int32_t), parameter, public :: atlas_dtype_bool = 1
    integer(c_int32_t), parameter, public :: atlas_dtype_i8 = 2
    integer(c_int32_t), parameter, public :: atlas_dtype_i16 = 3
    integer(c_int32_t), parameter, public :: atlas_dtype_i32 = 4
    integer(c_int32_t), parameter, public :: atlas_dtype_i64 = 5
    integer(c_int32_t), parameter, public :: atlas_dtype_u8 = 6
    integer(c_int32_t), parameter, public :: atlas_dtype_u16 = 7
    integer(c_int32_t), parameter, public :: atlas_dtype_u32 = 8
    integer(c_int32_t), parameter, public :: atlas_dtype_u64 = 9
    integer(c_int32_t), parameter, public :: atlas_dtype_f16 = 10
    integer(c_int32_t), parameter, public :: atlas_dtype_f32 = 11
    integer(c_int32_t), parameter, public :: atlas_dtype_f64 = 12
    integer(c_int32_t), parameter, public :: atlas_dtype_c64 = 13
    integer(c_int32_t), parameter, public :: atlas_dtype_c128 = 14
    integer(c_int32_t), parameter, public :: atlas_dtype_timestamp_ns = 15
    integer(c_int32_t), parameter, public :: atlas_dtype_string = 16

    ! Choices in options
    integer(c_int32_t), parameter, public :: atlas_meta_format_default = 0
    integer(c_int32_t), parameter, public :: atlas_meta_format_json = 1
    integer(c_int32_t), parameter, public :: atlas_meta_format_msgpack = 2
    integer(c_int32_t), parameter, public :: atlas_compression_default = 0
    integer(c_int32_t), parameter, public :: atlas_compression_none = 1
    integer(c_int32_t), parameter, public :: atlas_compression_zstd = 2
    integer(c_int32_t), parameter, public :: atlas_codec_default = 0
    integer(c_int32_t), parameter, public :: atlas_codec_zstd = 1
    integer(c_int32_t), parameter, public :: atlas_codec_lz4 = 2
    integer(c_int32_t), parameter, public :: atlas_codec_none = 3
    integer(c_int32_t), parameter, public :: atlas_filter_default = 0
    integer(c_int32_t), parameter, public :: atlas_filter_none = 1
    integer(c_int32_t), parameter, public :: atlas_filter_delta = 2
    integer(c_int32_t), parameter, public :: atlas_switch_default = 0
    integer(c_int32_t), parameter, public :: atlas_switch_on = 1
    integer(c_int32_t), parameter, public :: atlas_switch_off = 2
    integer(c_int32_t), parameter, public :: atlas_if_exists_default = 0
    integer(c_int32_t), parameter, public :: atlas_if_exists_fail = 1
    integer(c_int32_t), parameter, public :: atlas_if_exists_open = 2
    integer(c_int32_t), parameter, public :: atlas_if_exists_replace = 3
    integer(c_int32_t), parameter, public :: atlas_overflow_default = 0
    integer(c_int32_t), parameter, public :: atlas_overflow_error = 1
    integer(c_int32_t), parameter, public :: atlas_overflow_infinity = 2
    integer(c_int64_t), parameter, public :: atlas_wait_forever = -1
    integer(c_int32_t), parameter, public :: atlas_threads_inline = -1
    integer(c_int32_t), parameter, public :: atlas_keep_none = -1

    ! Log levels and limits
    integer(c_int32_t), parameter, public :: atlas_log_info = 1
    integer(c_int32_t), parameter, public :: atlas_log_warning = 2
    integer(c_int32_t), parameter, public :: atlas_max_rank = 32

    !> Options of `atlas_create`. Set `struct_size`.
    type, bind(c), public :: atlas_create_options
        integer(c_size_t) :: struct_size = 0
        integer(c_int32_t) :: meta_format = 0
        integer(c_int32_t) :: meta_compression = 0
        integer(c_int32_t) :: codec = 0
        integer(c_int32_t) :: level = 0
        integer(c_int32_t) :: shuffle = 0
        integer(c_int32_t) :: pack = 0
        integer(c_int32_t) :: sync = 0
        integer(c_int32_t) :: num_threads = 0
        integer(c_int64_t) :: cache_bytes = 0
        type(c_funptr) :: log
        type(c_ptr) :: log_data
        type(c_funptr) :: progress
        type(c_ptr) :: progress_data
        integer(c_int64_t) :: write_buffer_bytes = 0
        integer(c_int32_t) :: keep_generations = 0
        integer(c_int32_t) :: float_overflow = 0
        integer(c_int32_t) :: if_exists = 0
        integer(c_int64_t) :: lock_timeout_ms = 0
        integer(c_int32_t) :: filter = 0
    end type atlas_create_options

    !> Options of `atlas_open`. Set `struct_size`.
    type, bind(c), public :: atlas_open_options
        integer(c_size_t) :: struct_size = 0
        integer(c_int32_t) :: sync = 0
        integer(c_int32_t) :: num_threads = 0
        integer(c_int64_t) :: cache_bytes = 0
        type(c_funptr) :: log
        type(c_ptr) :: log_data
        type(c_funptr) :: progress
        type(c_ptr) :: progress_data
        integer(c_int64_t) :: write_buffer_bytes = 0
        integer(c_int32_t) :: float_overflow = 0
        integer(c_int64_t) :: lock_timeout_ms = 0
        type(c_ptr) :: ticket
        integer(c_size_t) :: ticket_length = 0
    end type atlas_open_options

    !> A store, as `atlas_store_info` describes it. Set `struct_size` before the call.
    type, bind(c), public :: atlas_store_description
        integer(c_size_t) :: struct_size = 0
        integer(c_int32_t) :: mode = 0
        integer(c_int32_t) :: meta_format = 0
        integer(c_int32_t) :: meta_compression = 0
        integer(c_int32_t) :: unflushed_changes = 0
        integer(c_int64_t) :: generation = 0
        integer(c_int64_t) :: dataset_count = 0
        integer(c_int64_t) :: array_file_count = 0
        integer(c_int64_t) :: segment_count = 0
        integer(c_int64_t) :: live_bytes = 0
        integer(c_int64_t) :: dead_bytes = 0
        integer(c_int64_t) :: keep_generations = 0
    end type atlas_store_description

    !> Options of `atlas_define_array`. Set `struct_size`.
    type, bind(c), public :: atlas_array_options
        integer(c_size_t) :: struct_size = 0
        type(c_ptr) :: chunk_shape
        integer(c_int32_t) :: codec = 0
        integer(c_int32_t) :: level = 0
        integer(c_int32_t) :: shuffle = 0
        integer(c_int32_t) :: pack = 0
        type(c_ptr) :: fill_value
        integer(c_int32_t) :: unlimited = 0
        integer(c_int32_t) :: filter = 0
        integer(c_int32_t) :: keep_bits = 0
    end type atlas_array_options

    !> An array, as `atlas_array_info` describes it. Set `struct_size` before the call.
    type, bind(c), public :: atlas_array_description
        integer(c_size_t) :: struct_size = 0
        integer(c_int32_t) :: dtype = 0
        integer(c_int32_t) :: has_fill_value = 0
        integer(c_size_t) :: rank = 0
        integer(c_int64_t) :: shape(atlas_max_rank) = 0
        integer(c_int64_t) :: chunk_shape(atlas_max_rank) = 0
        integer(c_int32_t) :: codec = 0
        integer(c_int32_t) :: level = 0
        integer(c_int32_t) :: shuffle = 0
        integer(c_int32_t) :: pack = 0
        integer(c_int8_t) :: fill_value(16) = 0
        integer(c_int32_t) :: unlimited = 0
        integer(c_int32_t) :: filter = 0
        integer(c_int32_t) :: keep_bits = 0
        integer(c_int32_t) :: reserved = 0
        integer(c_int64_t) :: piece_shape(atlas_max_rank) = 0
    end type atlas_array_description

    !> Statistics of an array or of one chunk, as of the last flush.
    type, bind(c), public :: atlas_stats
        integer(c_int64_t) :: row_count = 0
        integer(c_int64_t) :: null_count = 0
        integer(c_int32_t) :: has_range = 0
        integer(c_int32_t) :: dtype = 0
        real(c_double) :: min = 0
        real(c_double) :: max = 0
        integer(c_int64_t) :: min_int = 0
        integer(c_int64_t) :: max_int = 0
        integer(c_int64_t) :: min_uint = 0
        integer(c_int64_t) :: max_uint = 0
    end type atlas_stats

    !> Where one chunk lies, as `atlas_chunk_places` tells.
    type, bind(c), public :: atlas_chunk_place
        integer(c_int64_t) :: number = 0
        integer(c_int64_t) :: file = 0
        integer(c_int64_t) :: offset = 0
        integer(c_int64_t) :: stored_len = 0
        integer(c_int64_t) :: raw_len = 0
        integer(c_int64_t) :: at = 0
        integer(c_int64_t) :: len = 0
        integer(c_int64_t) :: checksum = 0
        integer(c_int32_t) :: codec = 0
        integer(c_int32_t) :: shuffle = 0
        integer(c_int32_t) :: delta = 0
        integer(c_int32_t) :: reserved = 0
    end type atlas_chunk_place

    !> Options of `atlas_session_begin`. Set `struct_size`.
    type, bind(c), public :: atlas_session_options
        integer(c_size_t) :: struct_size = 0
        integer(c_size_t) :: dataset_count = 0
        type(c_ptr) :: datasets
        integer(c_int32_t) :: workers = 0
    end type atlas_session_options

    !> A date and a time of day in a calendar.
    type, bind(c), public :: atlas_datetime
        integer(c_int64_t) :: year = 0
        integer(c_int32_t) :: month = 0
        integer(c_int32_t) :: day = 0
        integer(c_int32_t) :: hour = 0
        integer(c_int32_t) :: minute = 0
        integer(c_int32_t) :: second = 0
        integer(c_int32_t) :: nanosecond = 0
    end type atlas_datetime

    abstract interface
        !> Takes a message.
        subroutine atlas_log_fn(level, message, user_data) bind(c)
            import :: c_int32_t, c_ptr
            integer(c_int32_t), value :: level
            type(c_ptr), value :: message, user_data
        end subroutine atlas_log_fn

        !> Takes a report of progress; 0 to go on, anything else to cancel.
        function atlas_progress_fn(what, done, total, user_data) bind(c) result(cancel)
            import :: c_int32_t, c_int64_t, c_ptr
            type(c_ptr), value :: what
            integer(c_int64_t), value :: done, total
            type(c_ptr), value :: user_data
            integer(c_int32_t) :: cancel
        end function atlas_progress_fn

        !> Takes one damaged place.
        subroutine atlas_damage_fn(file, offset, message, user_data) bind(c)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: file
            integer(c_int64_t), value :: offset
            type(c_ptr), value :: message, user_data
        end subroutine atlas_damage_fn
    end interface
    public :: atlas_log_fn, atlas_progress_fn, atlas_damage_fn

    interface
        ! Stores
        function atlas_create(path, options, out) bind(c, name="atlas_create") result(status)
            import :: atlas_create_options, c_char, c_int32_t, c_int64_t
            character(kind=c_char), intent(in) :: path(*)
            type(atlas_create_options), intent(in), optional :: options
            integer(c_int64_t), intent(out) :: out
            integer(c_int32_t) :: status
        end function atlas_create

        function atlas_open(path, mode, options, out) bind(c, name="atlas_open") result(status)
            import :: atlas_open_options, c_char, c_int32_t, c_int64_t
            character(kind=c_char), intent(in) :: path(*)
            integer(c_int32_t), value :: mode
            type(atlas_open_options), intent(in), optional :: options
            integer(c_int64_t), intent(out) :: out
            integer(c_int32_t) :: status
        end function atlas_open

        function atlas_open_at(path, generation, options, out) bind(c, name="atlas_open_at") result(status)
            import :: atlas_open_options, c_char, c_int32_t, c_int64_t
            character(kind=c_char), intent(in) :: path(*)
            integer(c_int64_t), value :: generation
            type(atlas_open_options), intent(in), optional :: options
            integer(c_int64_t), intent(out) :: out
            integer(c_int32_t) :: status
        end function atlas_open_at

        function atlas_flush(store) bind(c, name="atlas_flush") result(status)
            import :: c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            integer(c_int32_t) :: status
        end function atlas_flush

        function atlas_flush_begin(store) bind(c, name="atlas_flush_begin") result(status)
            import :: c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            integer(c_int32_t) :: status
        end function atlas_flush_begin

        function atlas_flush_test(store, out) bind(c, name="atlas_flush_test") result(status)
            import :: c_bool, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            logical(c_bool), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_flush_test

        function atlas_flush_wait(store) bind(c, name="atlas_flush_wait") result(status)
            import :: c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            integer(c_int32_t) :: status
        end function atlas_flush_wait

        function atlas_close(store) bind(c, name="atlas_close") result(status)
            import :: c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            integer(c_int32_t) :: status
        end function atlas_close

        function atlas_discard(store) bind(c, name="atlas_discard") result(status)
            import :: c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            integer(c_int32_t) :: status
        end function atlas_discard

        function atlas_compact(store) bind(c, name="atlas_compact") result(status)
            import :: c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            integer(c_int32_t) :: status
        end function atlas_compact

        function atlas_generations(store, capacity, generations, count) bind(c, name="atlas_generations") result(status)
            import :: c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            integer(c_size_t), value :: capacity
            integer(c_int64_t), intent(inout), optional :: generations(*)
            integer(c_size_t), intent(inout) :: count
            integer(c_int32_t) :: status
        end function atlas_generations

        function atlas_set_keep_generations(store, count) bind(c, name="atlas_set_keep_generations") result(status)
            import :: c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            integer(c_int32_t), value :: count
            integer(c_int32_t) :: status
        end function atlas_set_keep_generations

        function atlas_pin(store, name) bind(c, name="atlas_pin") result(status)
            import :: c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: name(*)
            integer(c_int32_t) :: status
        end function atlas_pin

        function atlas_unpin(store, name) bind(c, name="atlas_unpin") result(status)
            import :: c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: name(*)
            integer(c_int32_t) :: status
        end function atlas_unpin

        function atlas_pin_names(store, buffer, capacity, needed) bind(c, name="atlas_pin_names") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(inout) :: buffer(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int32_t) :: status
        end function atlas_pin_names

        function atlas_pin_generation(store, name, out) bind(c, name="atlas_pin_generation") result(status)
            import :: c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: name(*)
            integer(c_int64_t), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_pin_generation

        function atlas_rollback(store, generation) bind(c, name="atlas_rollback") result(status)
            import :: c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            integer(c_int64_t), value :: generation
            integer(c_int32_t) :: status
        end function atlas_rollback

        function atlas_refresh(store) bind(c, name="atlas_refresh") result(status)
            import :: c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            integer(c_int32_t) :: status
        end function atlas_refresh

        function atlas_wait_for_commit(store, timeout_ms, out) bind(c, name="atlas_wait_for_commit") result(status)
            import :: c_bool, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            integer(c_int64_t), value :: timeout_ms
            logical(c_bool), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_wait_for_commit

        function atlas_verify(store, on_damage, user_data, damage_count) bind(c, name="atlas_verify") result(status)
            import :: c_funptr, c_int32_t, c_int64_t, c_ptr
            integer(c_int64_t), value :: store
            type(c_funptr), value :: on_damage
            type(c_ptr), value :: user_data
            integer(c_int64_t), intent(inout), optional :: damage_count
            integer(c_int32_t) :: status
        end function atlas_verify

        function atlas_store_info(store, out) bind(c, name="atlas_store_info") result(status)
            import :: atlas_store_description, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            type(atlas_store_description), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_store_info

        ! Datasets
        function atlas_create_dataset(store, dataset) bind(c, name="atlas_create_dataset") result(status)
            import :: c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*)
            integer(c_int32_t) :: status
        end function atlas_create_dataset

        function atlas_delete_dataset(store, dataset) bind(c, name="atlas_delete_dataset") result(status)
            import :: c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*)
            integer(c_int32_t) :: status
        end function atlas_delete_dataset

        function atlas_rename_dataset(store, dataset, name) bind(c, name="atlas_rename_dataset") result(status)
            import :: c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), name(*)
            integer(c_int32_t) :: status
        end function atlas_rename_dataset

        function atlas_copy_dataset(from, dataset, to, name) bind(c, name="atlas_copy_dataset") result(status)
            import :: c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: from
            character(kind=c_char), intent(in) :: dataset(*)
            integer(c_int64_t), value :: to
            character(kind=c_char), intent(in) :: name(*)
            integer(c_int32_t) :: status
        end function atlas_copy_dataset

        function atlas_has_dataset(store, dataset, out) bind(c, name="atlas_has_dataset") result(status)
            import :: c_bool, c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*)
            logical(c_bool), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_has_dataset

        function atlas_dataset_count(store, out) bind(c, name="atlas_dataset_count") result(status)
            import :: c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            integer(c_size_t), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_dataset_count

        function atlas_dataset_names(store, buffer, capacity, needed) bind(c, name="atlas_dataset_names") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(inout) :: buffer(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int32_t) :: status
        end function atlas_dataset_names

        function atlas_dataset_name(store, index, buffer, capacity, needed) bind(c, &
                name="atlas_dataset_name") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            integer(c_size_t), value :: index
            character(kind=c_char), intent(inout) :: buffer(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int32_t) :: status
        end function atlas_dataset_name

        ! Arrays
        function atlas_define_array(store, dataset, array, dtype, rank, dims, shape, options) bind(c, &
                name="atlas_define_array") result(status)
            import :: atlas_array_options, c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_int32_t), value :: dtype
            integer(c_size_t), value :: rank
            type(c_ptr), intent(in), optional :: dims(*)
            integer(c_int64_t), intent(in) :: shape(*)
            type(atlas_array_options), intent(in), optional :: options
            integer(c_int32_t) :: status
        end function atlas_define_array

        function atlas_delete_array(store, dataset, array) bind(c, name="atlas_delete_array") result(status)
            import :: c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_int32_t) :: status
        end function atlas_delete_array

        function atlas_resize_array(store, dataset, array, length) bind(c, name="atlas_resize_array") result(status)
            import :: c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_int64_t), value :: length
            integer(c_int32_t) :: status
        end function atlas_resize_array

        function atlas_extend_array(store, dataset, array, length) bind(c, name="atlas_extend_array") result(status)
            import :: c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_int64_t), value :: length
            integer(c_int32_t) :: status
        end function atlas_extend_array

        function atlas_has_array(store, dataset, array, out) bind(c, name="atlas_has_array") result(status)
            import :: c_bool, c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            logical(c_bool), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_has_array

        function atlas_array_count(store, dataset, out) bind(c, name="atlas_array_count") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*)
            integer(c_size_t), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_array_count

        function atlas_array_names(store, dataset, buffer, capacity, needed) bind(c, &
                name="atlas_array_names") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*)
            character(kind=c_char), intent(inout) :: buffer(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int32_t) :: status
        end function atlas_array_names

        function atlas_array_info(store, dataset, array, out) bind(c, name="atlas_array_info") result(status)
            import :: atlas_array_description, c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            type(atlas_array_description), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_array_info

        function atlas_array_dims(store, dataset, array, buffer, capacity, needed) bind(c, &
                name="atlas_array_dims") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            character(kind=c_char), intent(inout) :: buffer(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int32_t) :: status
        end function atlas_array_dims

        function atlas_write_array(store, dataset, array, dtype, rank, start, count, strides, data) bind(c, &
                name="atlas_write_array") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_int32_t), value :: dtype
            integer(c_size_t), value :: rank
            integer(c_int64_t), intent(in), optional :: start(*), count(*), strides(*)
            type(c_ptr), value :: data
            integer(c_int32_t) :: status
        end function atlas_write_array

        function atlas_read_array(store, dataset, array, dtype, rank, start, count, strides, data) bind(c, &
                name="atlas_read_array") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_int32_t), value :: dtype
            integer(c_size_t), value :: rank
            integer(c_int64_t), intent(in), optional :: start(*), count(*), strides(*)
            type(c_ptr), value :: data
            integer(c_int32_t) :: status
        end function atlas_read_array

        function atlas_append_array(store, dataset, array, dtype, rank, count, strides, data) bind(c, &
                name="atlas_append_array") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_int32_t), value :: dtype
            integer(c_size_t), value :: rank
            integer(c_int64_t), intent(in) :: count(*)
            integer(c_int64_t), intent(in), optional :: strides(*)
            type(c_ptr), value :: data
            integer(c_int32_t) :: status
        end function atlas_append_array

        function atlas_read_across(store, array, n, datasets, dtype, rank, start, count, data) bind(c, &
                name="atlas_read_across") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: array(*)
            integer(c_size_t), value :: n
            type(c_ptr), intent(in) :: datasets(*)
            integer(c_int32_t), value :: dtype
            integer(c_size_t), value :: rank
            integer(c_int64_t), intent(in), optional :: start(*), count(*)
            type(c_ptr), value :: data
            integer(c_int32_t) :: status
        end function atlas_read_across

        ! Arrays of text
        function atlas_write_strings(store, dataset, array, rank, start, count, values) bind(c, &
                name="atlas_write_strings") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_size_t), value :: rank
            integer(c_int64_t), intent(in), optional :: start(*), count(*)
            type(c_ptr), intent(in) :: values(*)
            integer(c_int32_t) :: status
        end function atlas_write_strings

        function atlas_append_strings(store, dataset, array, rank, count, values) bind(c, &
                name="atlas_append_strings") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_size_t), value :: rank
            integer(c_int64_t), intent(in) :: count(*)
            type(c_ptr), intent(in) :: values(*)
            integer(c_int32_t) :: status
        end function atlas_append_strings

        function atlas_read_strings(store, dataset, array, rank, start, count, buffer, capacity, needed) bind(c, &
                name="atlas_read_strings") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_size_t), value :: rank
            integer(c_int64_t), intent(in), optional :: start(*), count(*)
            character(kind=c_char), intent(inout) :: buffer(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int32_t) :: status
        end function atlas_read_strings

        function atlas_array_fill_text(store, dataset, array, buffer, capacity, needed) bind(c, &
                name="atlas_array_fill_text") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            character(kind=c_char), intent(inout) :: buffer(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int32_t) :: status
        end function atlas_array_fill_text

        ! Attributes
        function atlas_set_attribute(store, dataset, array, key, dtype, count, values) bind(c, &
                name="atlas_set_attribute") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in), optional :: dataset(*), array(*)
            character(kind=c_char), intent(in) :: key(*)
            integer(c_int32_t), value :: dtype
            integer(c_size_t), value :: count
            type(c_ptr), value :: values
            integer(c_int32_t) :: status
        end function atlas_set_attribute

        function atlas_get_attribute(store, dataset, array, key, dtype, capacity, values, count) bind(c, &
                name="atlas_get_attribute") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in), optional :: dataset(*), array(*)
            character(kind=c_char), intent(in) :: key(*)
            integer(c_int32_t), value :: dtype
            integer(c_size_t), value :: capacity
            type(c_ptr), value :: values
            integer(c_size_t), intent(inout) :: count
            integer(c_int32_t) :: status
        end function atlas_get_attribute

        function atlas_get_attribute_strings(store, dataset, array, key, buffer, capacity, needed) bind(c, &
                name="atlas_get_attribute_strings") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in), optional :: dataset(*), array(*)
            character(kind=c_char), intent(in) :: key(*)
            character(kind=c_char), intent(inout) :: buffer(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int32_t) :: status
        end function atlas_get_attribute_strings

        function atlas_attribute_info(store, dataset, array, key, dtype, count) bind(c, &
                name="atlas_attribute_info") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in), optional :: dataset(*), array(*)
            character(kind=c_char), intent(in) :: key(*)
            integer(c_int32_t), intent(inout) :: dtype
            integer(c_size_t), intent(inout) :: count
            integer(c_int32_t) :: status
        end function atlas_attribute_info

        function atlas_has_attribute(store, dataset, array, key, out) bind(c, name="atlas_has_attribute") result(status)
            import :: c_bool, c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in), optional :: dataset(*), array(*)
            character(kind=c_char), intent(in) :: key(*)
            logical(c_bool), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_has_attribute

        function atlas_attribute_count(store, dataset, array, out) bind(c, name="atlas_attribute_count") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in), optional :: dataset(*), array(*)
            integer(c_size_t), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_attribute_count

        function atlas_attribute_names(store, dataset, array, buffer, capacity, needed) bind(c, &
                name="atlas_attribute_names") result(status)
            import :: c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in), optional :: dataset(*), array(*)
            character(kind=c_char), intent(inout) :: buffer(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int32_t) :: status
        end function atlas_attribute_names

        function atlas_delete_attribute(store, dataset, array, key) bind(c, &
                name="atlas_delete_attribute") result(status)
            import :: c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in), optional :: dataset(*), array(*)
            character(kind=c_char), intent(in) :: key(*)
            integer(c_int32_t) :: status
        end function atlas_delete_attribute

        ! Statistics
        function atlas_array_stats(store, dataset, array, out) bind(c, name="atlas_array_stats") result(status)
            import :: atlas_stats, c_char, c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            type(atlas_stats), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_array_stats

        function atlas_chunk_stats(store, dataset, array, rank, chunk, out) bind(c, &
                name="atlas_chunk_stats") result(status)
            import :: atlas_stats, c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_size_t), value :: rank
            integer(c_int64_t), intent(in) :: chunk(*)
            type(atlas_stats), intent(inout) :: out
            integer(c_int32_t) :: status
        end function atlas_chunk_stats

        ! Places of chunks
        function atlas_chunk_places(store, dataset, array, capacity, places, count, buffer, buffer_capacity, needed, &
                generation) bind(c, name="atlas_chunk_places") result(status)
            import :: atlas_chunk_place, c_char, c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            character(kind=c_char), intent(in) :: dataset(*), array(*)
            integer(c_size_t), value :: capacity
            type(atlas_chunk_place), intent(inout), optional :: places(*)
            integer(c_size_t), intent(inout) :: count
            character(kind=c_char), intent(inout), optional :: buffer(*)
            integer(c_size_t), value :: buffer_capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int64_t), intent(inout), optional :: generation
            integer(c_int32_t) :: status
        end function atlas_chunk_places

        ! Sessions
        function atlas_session_begin(store, options, buffer, capacity, needed) bind(c, &
                name="atlas_session_begin") result(status)
            import :: atlas_session_options, c_int32_t, c_int64_t, c_int8_t, c_size_t
            integer(c_int64_t), value :: store
            type(atlas_session_options), intent(in), optional :: options
            integer(c_int8_t), intent(inout), optional :: buffer(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int32_t) :: status
        end function atlas_session_begin

        function atlas_session_end(store) bind(c, name="atlas_session_end") result(status)
            import :: c_int32_t, c_int64_t
            integer(c_int64_t), value :: store
            integer(c_int32_t) :: status
        end function atlas_session_end

        function atlas_session_missing(store, capacity, workers, count) bind(c, &
                name="atlas_session_missing") result(status)
            import :: c_int32_t, c_int64_t, c_size_t
            integer(c_int64_t), value :: store
            integer(c_size_t), value :: capacity
            integer(c_int32_t), intent(inout), optional :: workers(*)
            integer(c_size_t), intent(inout) :: count
            integer(c_int32_t) :: status
        end function atlas_session_missing

        function atlas_open_worker(ticket, length, worker, path, options, out) bind(c, &
                name="atlas_open_worker") result(status)
            import :: atlas_open_options, c_char, c_int32_t, c_int64_t, c_int8_t, c_size_t
            integer(c_int8_t), intent(in) :: ticket(*)
            integer(c_size_t), value :: length
            integer(c_int32_t), value :: worker
            character(kind=c_char), intent(in), optional :: path(*)
            type(atlas_open_options), intent(in), optional :: options
            integer(c_int64_t), intent(out) :: out
            integer(c_int32_t) :: status
        end function atlas_open_worker

        function atlas_export(worker, buffer, capacity, needed) bind(c, name="atlas_export") result(status)
            import :: c_int32_t, c_int64_t, c_int8_t, c_size_t
            integer(c_int64_t), value :: worker
            integer(c_int8_t), intent(inout), optional :: buffer(*)
            integer(c_size_t), value :: capacity
            integer(c_size_t), intent(inout) :: needed
            integer(c_int32_t) :: status
        end function atlas_export

        function atlas_renew(worker, ticket, length) bind(c, name="atlas_renew") result(status)
            import :: c_int32_t, c_int64_t, c_int8_t, c_size_t
            integer(c_int64_t), value :: worker
            integer(c_int8_t), intent(in) :: ticket(*)
            integer(c_size_t), value :: length
            integer(c_int32_t) :: status
        end function atlas_renew

        function atlas_import(store, count, exports, lengths) bind(c, name="atlas_import") result(status)
            import :: c_int32_t, c_int64_t, c_ptr, c_size_t
            integer(c_int64_t), value :: store
            integer(c_size_t), value :: count
            type(c_ptr), intent(in) :: exports(*)
            integer(c_size_t), intent(in) :: lengths(*)
            integer(c_int32_t) :: status
        end function atlas_import

        ! Time
        function atlas_decode_time(units, calendar, dtype, values, count, out) bind(c, &
                name="atlas_decode_time") result(status)
            import :: c_char, c_int32_t, c_ptr, c_size_t
            character(kind=c_char), intent(in), optional :: units(*), calendar(*)
            integer(c_int32_t), value :: dtype
            type(c_ptr), value :: values
            integer(c_size_t), value :: count
            type(c_ptr), value :: out
            integer(c_int32_t) :: status
        end function atlas_decode_time

        function atlas_encode_time(units, calendar, dates, count, dtype, out) bind(c, &
                name="atlas_encode_time") result(status)
            import :: c_char, c_int32_t, c_ptr, c_size_t
            character(kind=c_char), intent(in), optional :: units(*), calendar(*)
            type(c_ptr), value :: dates
            integer(c_size_t), value :: count
            integer(c_int32_t), value :: dtype
            type(c_ptr), value :: out
            integer(c_int32_t) :: status
        end function atlas_encode_time

        ! Library
        function atlas_last_error() bind(c, name="atlas_last_error") result(text)
            import :: c_ptr
            type(c_ptr) :: text
        end function atlas_last_error

        pure function atlas_version() bind(c, name="atlas_version") result(version)
            import :: c_int32_t
            integer(c_int32_t) :: version
        end function atlas_version

        pure function atlas_version_string() bind(c, name="atlas_version_string") result(text)
            import :: c_ptr
            type(c_ptr) :: text
        end function atlas_version_string

        pure function atlas_status_name(status) bind(c, name="atlas_status_name") result(text)
            import :: c_int32_t, c_ptr
            integer(c_int32_t), value :: status
            type(c_ptr) :: text
        end function atlas_status_name

        pure function atlas_dtype_name(dtype) bind(c, name="atlas_dtype_name") result(text)
            import :: c_int32_t, c_ptr
            integer(c_int32_t), value :: dtype
            type(c_ptr) :: text
        end function atlas_dtype_name

        pure function atlas_dtype_size(dtype) bind(c, name="atlas_dtype_size") result(bytes)
            import :: c_int32_t, c_size_t
            integer(c_int32_t), value :: dtype
            integer(c_size_t) :: bytes
        end function atlas_dtype_size
    end interface
    public :: atlas_create, atlas_open, atlas_open_at, atlas_flush, atlas_flush_begin, atlas_flush_test, &
        atlas_flush_wait, atlas_close, atlas_discard, atlas_compact, atlas_generations, &
        atlas_set_keep_generations, atlas_pin, atlas_unpin, atlas_pin_names, atlas_pin_generation, &
        atlas_rollback, atlas_refresh, atlas_verify, atlas_store_info, &
        atlas_create_dataset, atlas_delete_dataset, atlas_has_dataset, atlas_dataset_count, &
        atlas_dataset_names, atlas_dataset_name, atlas_define_array, atlas_delete_array, &
        atlas_has_array, atlas_array_count, atlas_array_names, atlas_array_info, atlas_array_dims, &
        atlas_write_array, atlas_read_array, atlas_append_array, atlas_read_across, atlas_write_strings, &
        atlas_append_strings, atlas_read_strings, atlas_array_fill_text, atlas_set_attribute, &
        atlas_get_attribute, atlas_get_attribute_strings, atlas_attribute_info, atlas_has_attribute, &
        atlas_attribute_count, atlas_attribute_names, atlas_delete_attribute, atlas_array_stats, &
        atlas_chunk_stats, atlas_chunk_places, atlas_wait_for_commit, atlas_rename_dataset, &
        atlas_copy_dataset, atlas_resize_array, atlas_extend_array, atlas_session_begin, &
        atlas_session_end, atlas_session_missing, atlas_open_worker, atlas_export, atlas_renew, &
        atlas_import, atlas_decode_time, atlas_encode_time, &
        atlas_last_error, atlas_version, atlas_version_string, &
        atlas_status_name, atlas_dtype_name, atlas_dtype_size
end module atlas_store_c
