! Values that are empty, of every origin, and values that do not exist.
module empty_tests
    use, intrinsic :: iso_fortran_env, only: int64, real64
    use check, only: expect, expect_failure, path_of
    use atlas_store, only: array_info_type, atlas_dtype_f64, atlas_dtype_string, atlas_status_invalid_argument, &
        atlas_status_ok, store_type
    implicit none (type, external)
    private

    public :: attributes_of_nothing, nothing_is_appended, nothing_is_written, not_allocated

    real(real64), allocatable, save :: unallocated(:), unallocated_field(:, :), unallocated_scalar
    character(4), allocatable, save :: unallocated_texts(:)
    real(real64), pointer, save :: nowhere(:) => null()

contains

    subroutine make(store)
        type(store_type), intent(inout) :: store

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_f64, [0])
        call store%define("d", "field", atlas_dtype_f64, [2, 0])
        call store%define("d", "text", atlas_dtype_string, [0])
    end subroutine make

    !> The extent along which `append` grows an array.
    function rows(store, array) result(n)
        type(store_type), intent(in) :: store
        character(*), intent(in) :: array
        integer(int64) :: n

        type(array_info_type) :: info

        call store%info("d", array, info)
        n = info%shape(info%rank)
    end function rows

    subroutine nothing_is_appended
        type(store_type) :: store
        real(real64), allocatable :: from_zero(:)
        real(real64) :: x(5), back(2)
        character(4) :: texts(2)

        x = [1, 2, 3, 4, 5]
        texts = ["one ", "two "]
        call make(store)
        allocate(from_zero(0:-1))
        call store%append("d", "x", pack(x, x > 9))
        call store%append("d", "x", pack(x, .false.))
        call store%append("d", "x", x(1:0))
        call store%append("d", "x", x(1:0) + 1)
        call store%append("d", "x", [real(real64) ::])
        call store%append("d", "x", from_zero)
        call store%append("d", "x", cshift(x(1:0), 1))
        call store%append("d", "x", hits(x, 9.0_real64))
        call expect(rows(store, "x") == 0, "no rows")
        call store%append("d", "x", pack(x, x > 3))
        call store%append("d", "x", hits(x, 9.0_real64))
        call expect(rows(store, "x") == 2, "two rows")
        call store%read("d", "x", back)
        call expect(all(nint(back) == [4, 5]), "the two values")

        call store%append("d", "field", reshape(pack(x, x > 9), [2, 0]))
        call store%append("d", "field", spread(pack(x, x > 9), 1, 2))
        call expect(rows(store, "field") == 0, "no columns")
        call store%append("d", "text", pack(texts, texts == "none"))
        call expect(rows(store, "text") == 0, "no texts")
        call store%append("d", "text", pack(texts//"s", texts == "none"))
        call store%append("d", "text", pack([character(7) :: "a", texts], .false.))
        call store%append("d", "text", pack(texts(:)(2:3), .false.))
        call store%append("d", "text", pack(texts(:)(2:1), .false.))
        call store%append("d", "text", cshift(texts(1:0), 1))
        call store%append("d", "text", [character(3) ::])
        call expect(rows(store, "text") == 0, "still no texts")
        call store%append("d", "text", pack(texts, texts == "two"))
        call expect(rows(store, "text") == 1, "one text")
    end subroutine nothing_is_appended

    subroutine nothing_is_written
        type(store_type) :: store
        real(real64) :: x(3)
        integer :: stat

        x = 7
        call make(store)
        call store%write("d", "x", pack(x, x > 9))
        call store%read("d", "x", x(1:0))
        call store%append("d", "x", x)
        call store%write("d", "x", pack(x, x > 9), start=[2])
        call store%write("d", "x", pack(x, x > 9), count=[0])
        call expect(rows(store, "x") == 3, "three rows")
        call store%write("d", "x", pack(x, x > 9), stat=stat)
        call expect(stat /= atlas_status_ok, "nothing is not three rows")
    end subroutine nothing_is_written

    subroutine attributes_of_nothing
        type(store_type) :: store
        real(real64) :: x(3)
        integer :: stat

        x = 7
        call make(store)
        call store%set_attribute("d", "none", pack(x, x > 9))
        call store%get_attribute("d", "none", x(1:0))
        call store%get_attribute("d", "none", x(1:1), stat=stat)
        call expect(stat /= atlas_status_ok, "an empty list")
    end subroutine attributes_of_nothing

    subroutine not_allocated
        type(store_type) :: store
        character(200) :: text
        integer :: stat

        call make(store)
        call store%read("d", "x", unallocated, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "not allocated")
        call store%read("d", "field", unallocated_field, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "not allocated")
        call store%read("d", "x", unallocated_scalar, start=[1], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "not allocated")
        call store%read("d", "text", unallocated_texts, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "not allocated")
        call store%write("d", "x", nowhere, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "not allocated or associated")
        call store%append("d", "x", unallocated, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "not allocated")
        call expect(.not. allocated(unallocated), "left as it was")
    end subroutine not_allocated

    function hits(x, above) result(found)
        real(real64), intent(in) :: x(:), above
        real(real64), allocatable :: found(:)

        found = pack(x, x > above)
    end function hits
end module empty_tests

program empty
    use check, only: finish, run
    use empty_tests, only: attributes_of_nothing, not_allocated, nothing_is_appended, nothing_is_written
    implicit none (type, external)

    call run("nothing is appended", nothing_is_appended)
    call run("nothing is written", nothing_is_written)
    call run("attributes of nothing", attributes_of_nothing)
    call run("values that are not allocated", not_allocated)
    call finish
end program empty
