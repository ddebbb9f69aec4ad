! The raw layer by itself: structs as C lays them out, NULL where an optional argument is left out.
module raw_tests
    use, intrinsic :: iso_c_binding, only: c_bool, c_char, c_double, c_int32_t, c_int64_t, c_intptr_t, c_loc, &
        c_null_char, c_null_funptr, c_null_ptr, c_ptr, c_size_t, c_sizeof
    use check, only: expect, path_of
    use atlas_store_c, only: atlas_array_description, atlas_array_dims, atlas_array_info, atlas_array_options, &
        atlas_array_stats, atlas_chunk_place, atlas_close, atlas_create, atlas_create_dataset, atlas_create_options, &
        atlas_datetime, atlas_define_array, atlas_dtype_f64, atlas_dtype_size, atlas_flush, atlas_flush_begin, atlas_flush_test, &
        atlas_flush_wait, atlas_generations, atlas_get_attribute, atlas_has_attribute, atlas_open, atlas_open_at, &
        atlas_open_options, atlas_mode_read, atlas_mode_read_write, atlas_pin, &
        atlas_pin_generation, atlas_pin_names, atlas_read_array, atlas_rollback, &
        atlas_session_options, atlas_set_attribute, &
        atlas_set_keep_generations, atlas_stats, atlas_status_buffer_too_small, atlas_status_corrupt, &
        atlas_status_ok, atlas_store_description, atlas_store_info, atlas_unpin, atlas_verify, &
        atlas_write_array
    implicit none (type, external)
    private

    public :: layout, round_trip

    interface
        function layout_of(what) bind(c, name="layout_of") result(bytes)
            import :: c_int32_t, c_size_t
            integer(c_int32_t), value :: what
            integer(c_size_t) :: bytes
        end function layout_of
    end interface

contains

    subroutine layout
        type(atlas_create_options), target :: create
        type(atlas_open_options), target :: open
        type(atlas_store_description), target :: store
        type(atlas_array_options), target :: options
        type(atlas_array_description), target :: array
        type(atlas_stats), target :: stats
        type(atlas_chunk_place), target :: place
        type(atlas_datetime), target :: date
        type(atlas_session_options), target :: session

        call same(1, c_sizeof(create), "atlas_create_options")
        call same(2, offset(c_loc(create), c_loc(create%cache_bytes)), "cache_bytes")
        call same(3, offset(c_loc(create), c_loc(create%write_buffer_bytes)), "write_buffer_bytes")
        call same(4, c_sizeof(open), "atlas_open_options")
        call same(5, offset(c_loc(open), c_loc(open%write_buffer_bytes)), "write_buffer_bytes of open")
        call same(6, c_sizeof(store), "atlas_store_description")
        call same(7, offset(c_loc(store), c_loc(store%dead_bytes)), "dead_bytes")
        call same(8, c_sizeof(options), "atlas_array_options")
        call same(9, offset(c_loc(options), c_loc(options%fill_value)), "fill_value of options")
        call same(10, c_sizeof(array), "atlas_array_description")
        call same(11, offset(c_loc(array), c_loc(array%fill_value)), "fill_value")
        call same(12, c_sizeof(stats), "atlas_stats")
        call same(13, offset(c_loc(stats), c_loc(stats%max_uint)), "max_uint")
        call same(14, offset(c_loc(create), c_loc(create%keep_generations)), "keep_generations")
        call same(15, offset(c_loc(create), c_loc(create%pack)), "pack of create")
        call same(16, offset(c_loc(options), c_loc(options%pack)), "pack of options")
        call same(17, offset(c_loc(array), c_loc(array%pack)), "pack")
        call same(18, offset(c_loc(store), c_loc(store%keep_generations)), "keep_generations of the description")
        call same(19, offset(c_loc(array), c_loc(array%has_fill_value)), "has_fill_value")
        call same(20, c_sizeof(place), "atlas_chunk_place")
        call same(21, offset(c_loc(place), c_loc(place%shuffle)), "shuffle of a place")
        call same(22, offset(c_loc(create), c_loc(create%if_exists)), "if_exists")
        call same(23, offset(c_loc(create), c_loc(create%lock_timeout_ms)), "lock_timeout_ms")
        call same(24, offset(c_loc(create), c_loc(create%float_overflow)), "float_overflow")
        call same(25, offset(c_loc(open), c_loc(open%lock_timeout_ms)), "lock_timeout_ms of open")
        call same(26, offset(c_loc(open), c_loc(open%float_overflow)), "float_overflow of open")
        call same(27, offset(c_loc(options), c_loc(options%unlimited)), "unlimited of options")
        call same(28, offset(c_loc(array), c_loc(array%unlimited)), "unlimited")
        call same(29, c_sizeof(date), "atlas_datetime")
        call same(30, offset(c_loc(date), c_loc(date%nanosecond)), "nanosecond")
        call same(31, offset(c_loc(create), c_loc(create%filter)), "filter of create")
        call same(32, offset(c_loc(options), c_loc(options%keep_bits)), "keep_bits of options")
        call same(33, offset(c_loc(array), c_loc(array%keep_bits)), "keep_bits")
        call same(34, offset(c_loc(place), c_loc(place%delta)), "delta of a place")
        call same(35, offset(c_loc(open), c_loc(open%ticket_length)), "ticket_length")
        call same(36, c_sizeof(session), "atlas_session_options")
        call same(37, offset(c_loc(session), c_loc(session%workers)), "workers")
        call same(40, offset(c_loc(array), c_loc(array%piece_shape)), "piece_shape")
    end subroutine layout

    subroutine same(what, bytes, name)
        integer(c_int32_t), intent(in) :: what
        integer(c_size_t), intent(in) :: bytes
        character(*), intent(in) :: name

        call expect(bytes == layout_of(what), name//" as in C")
    end subroutine same

    function offset(start, field) result(bytes)
        type(c_ptr), intent(in) :: start, field
        integer(c_size_t) :: bytes

        bytes = transfer(field, 0_c_intptr_t) - transfer(start, 0_c_intptr_t)
    end function offset

    subroutine round_trip
        character(*), parameter :: d = "d"//c_null_char, x = "x"//c_null_char, key = "key"//c_null_char
        real(c_double), target :: values(3, 2), back(3, 2), attribute(2)
        character(kind=c_char), target :: names(4)
        character(kind=c_char) :: buffer(8)
        type(atlas_array_options) :: options
        type(atlas_array_description) :: array
        type(atlas_store_description) :: description
        type(atlas_stats) :: stats
        integer(c_int64_t) :: store, damages, generations(3)
        integer(c_int64_t), target :: chunk(2)
        integer(c_size_t) :: needed
        logical(c_bool) :: has
        integer :: i

        values = reshape([(real(i, c_double), i = 1, 6)], [3, 2])
        names = ["y", c_null_char, "x", c_null_char]
        chunk = [1_c_int64_t, 3_c_int64_t]
        options%struct_size = c_sizeof(options)
        options%chunk_shape = c_loc(chunk)
        options%fill_value = c_null_ptr
        call expect(atlas_create(path_of("store")//c_null_char, out=store) == atlas_status_ok, "create")
        call expect(atlas_create_dataset(store, d) == atlas_status_ok, "create_dataset")
        call expect(atlas_define_array(store, d, x, atlas_dtype_f64, 2_c_size_t, [c_loc(names(1)), c_loc(names(3))], &
            [2_c_int64_t, 3_c_int64_t], options) == atlas_status_ok, "define_array")
        call expect(atlas_write_array(store, d, x, atlas_dtype_f64, 2_c_size_t, data=c_loc(values)) == &
            atlas_status_ok, "write_array without start, count and strides")
        call expect(atlas_set_attribute(store, d, key=key, dtype=atlas_dtype_f64, count=2_c_size_t, &
            values=c_loc(values)) == atlas_status_ok, "a dataset's attribute")
        call expect(atlas_set_attribute(store, d, x, key, atlas_dtype_f64, 1_c_size_t, c_loc(values(3, 2))) == &
            atlas_status_ok, "an array's attribute")
        call expect(atlas_flush_begin(store) == atlas_status_ok, "flush_begin")
        call expect(atlas_flush_wait(store) == atlas_status_ok, "flush_wait")
        has = .false.
        call expect(atlas_flush_test(store, has) == atlas_status_ok .and. has, "flush_test")
        call expect(atlas_flush(store) == atlas_status_ok, "flush")
        call expect(atlas_array_stats(store, d, x, stats) == atlas_status_ok, "array_stats")
        call expect(stats%row_count == 6 .and. nint(stats%max) == 6 .and. stats%has_range == 1, "the statistics")
        call expect(atlas_close(store) == atlas_status_ok, "close")

        call expect(atlas_open(path_of("store")//c_null_char, atlas_mode_read, out=store) == atlas_status_ok, "open")
        call expect(atlas_read_array(store, d, x, atlas_dtype_f64, 2_c_size_t, &
            strides=[1_c_int64_t, 2_c_int64_t], data=c_loc(back)) == atlas_status_ok, "read_array, transposed")
        call expect(all(nint(reshape(back, [6])) == [1, 4, 2, 5, 3, 6]), "the values")
        call expect(atlas_get_attribute(store, d, key=key, dtype=atlas_dtype_f64, capacity=2_c_size_t, &
            values=c_loc(attribute), count=needed) == atlas_status_ok .and. needed == 2, "get_attribute")
        call expect(all(nint(attribute) == [1, 2]), "its values")
        call expect(atlas_has_attribute(store, d, x, key, has) == atlas_status_ok .and. has, "has_attribute")
        call expect(atlas_array_dims(store, d, x, buffer, 0_c_size_t, needed) == atlas_status_buffer_too_small .and. &
            needed == 4, "array_dims asks for a buffer")
        call expect(atlas_array_dims(store, d, x, buffer, 8_c_size_t, needed) == atlas_status_ok, "array_dims")
        call expect(all(buffer(:4) == names), "the dimensions")
        array%struct_size = c_sizeof(array)
        call expect(atlas_array_info(store, d, x, array) == atlas_status_ok, "array_info")
        call expect(array%rank == 2 .and. all(array%shape(:3) == [2, 3, 0]) .and. &
            all(array%chunk_shape(:2) == chunk), "the description")
        call expect(atlas_dtype_size(array%dtype) == 8, "dtype_size")
        description%struct_size = c_sizeof(description)
        call expect(atlas_store_info(store, description) == atlas_status_ok .and. description%dataset_count == 1, &
            "store_info")
        call expect(atlas_verify(store, c_null_funptr, c_null_ptr, damages) == atlas_status_ok .and. damages == 0, &
            "verify")
        call expect(atlas_verify(store, c_null_funptr, c_null_ptr) /= atlas_status_corrupt, "verify without a count")
        call expect(atlas_close(store) == atlas_status_ok, "close")

        call expect(atlas_open(path_of("store")//c_null_char, atlas_mode_read_write, out=store) == atlas_status_ok, &
            "open for writing")
        call expect(atlas_generations(store, 0_c_size_t, count=needed) == atlas_status_buffer_too_small .and. &
            needed == 2, "generations asks for a buffer")
        generations = 0
        call expect(atlas_generations(store, 3_c_size_t, generations, needed) == atlas_status_ok .and. needed == 2, &
            "generations")
        call expect(all(generations == [1, 2, 0]), "their numbers")
        call expect(atlas_set_keep_generations(store, 5_c_int32_t) == atlas_status_ok, "set_keep_generations")
        call expect(atlas_pin(store, key) == atlas_status_ok, "pin")
        call expect(atlas_flush(store) == atlas_status_ok, "flush")
        call expect(atlas_pin_names(store, buffer, 8_c_size_t, needed) == atlas_status_ok, "pin_names")
        call expect(needed == 4 .and. all(buffer(:4) == ["k", "e", "y", c_null_char]), "the name")
        call expect(atlas_pin_generation(store, key, generations(1)) == atlas_status_ok, "pin_generation")
        call expect(generations(1) == 2, "its commit")
        call expect(atlas_unpin(store, key) == atlas_status_ok, "unpin")
        call expect(atlas_flush(store) == atlas_status_ok, "flush")
        call expect(atlas_rollback(store, 1_c_int64_t) == atlas_status_ok, "rollback")
        call expect(atlas_close(store) == atlas_status_ok, "close")
        call expect(atlas_open_at(path_of("store")//c_null_char, 2_c_int64_t, out=store) == atlas_status_ok, "open_at")
        description%struct_size = c_sizeof(description)
        call expect(atlas_store_info(store, description) == atlas_status_ok .and. description%dataset_count == 1 .and. &
            description%generation == 2, "the commit gone back from")
        call expect(atlas_close(store) == atlas_status_ok, "close")
    end subroutine round_trip
end module raw_tests

program raw
    use check, only: finish, run
    use raw_tests, only: layout, round_trip
    implicit none (type, external)

    call run("raw layout of structs", layout)
    call run("raw round trip", round_trip)
    call finish
end program raw
