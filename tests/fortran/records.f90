! Arrays whose last dimension changes its length other than by `append`.
module records_tests
    use, intrinsic :: iso_fortran_env, only: int16, int64, real32, real64
    use check, only: expect, expect_failure, path_of
    use atlas_store, only: array_info_type, atlas_dtype_f32, atlas_dtype_f64, atlas_dtype_string, &
        atlas_overflow_infinity, atlas_status_invalid_argument, atlas_status_out_of_range, store_type
    implicit none (type, external)
    private

    public :: limited, overflow, record_writes, resizing

contains

    function length(store, array) result(n)
        type(store_type), intent(in) :: store
        character(*), intent(in) :: array
        integer(int64) :: n

        type(array_info_type) :: info

        call store%info("d", array, info)
        n = info%shape(info%rank)
    end function length

    !> As nf90_put_var writes record after record.
    subroutine record_writes
        type(store_type) :: store
        type(array_info_type) :: info
        real(real64) :: field(0:4, 0:3), back(3, 2)
        character(5) :: names(4)
        integer :: i

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "t", atlas_dtype_f64, [3, 2, 0], fill=-1.0_real64)
        call store%define("d", "names", atlas_dtype_string, [0], fill="none")
        call store%info("d", "t", info)
        call expect(info%unlimited, "unlimited, since it begins at 0")
        do i = 1, 3
            field = i
            call store%write("d", "t", field(1:3, 1:2), start=[1, 1, i])
        end do
        call expect(length(store, "t") == 3, "three records")
        call store%write("d", "t", field(1:3, 1:2), start=[1, 1, 6])
        call expect(length(store, "t") == 6, "six records")
        call store%read("d", "t", back, start=[1, 1, 2])
        call expect(all(nint(back) == 2), "the second")
        call store%read("d", "t", back, start=[1, 1, 5])
        call expect(all(nint(back) == -1), "one in between")
        call store%read("d", "t", back, start=[1, 1, 6])
        call expect(all(nint(back) == 3), "the last")
        call store%write("d", "names", ["first", "third"], start=[3])
        call store%read("d", "names", names)
        call expect(all(names == ["none ", "none ", "first", "third"]), "texts")
    end subroutine record_writes

    subroutine limited
        type(store_type) :: store
        type(array_info_type) :: info
        character(200) :: text
        integer :: stat

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "fixed", atlas_dtype_f64, [3])
        call store%define("d", "from_zero", atlas_dtype_f64, [0], dims=["a"], unlimited=.false.)
        call store%define("d", "from_three", atlas_dtype_f64, [3], dims=["b"], unlimited=.true.)
        call store%info("d", "fixed", info)
        call expect(.not. info%unlimited, "limited, since it does not begin at 0")
        call store%write("d", "fixed", 1.0_real64, start=[4], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "fixed")
        call store%write("d", "from_zero", 1.0_real64, start=[1], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "from_zero")
        call store%write("d", "from_three", 1.0_real64, start=[4])
        call expect(length(store, "from_three") == 4, "unlimited, as it was said")
        call expect(length(store, "fixed") == 3, "left as it was")
    end subroutine limited

    subroutine resizing
        type(store_type) :: store
        real(real64), allocatable :: x(:)
        character(200) :: text
        integer :: i, stat

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_f64, [0], fill=-1.0_real64)
        call store%append("d", "x", [(real(i, real64), i = 1, 5)])
        call store%flush()
        call store%resize("d", "x", 3)
        call expect(length(store, "x") == 3, "shorter")
        call store%resize("d", "x", 6_int16)
        call store%close()
        call store%open(path_of("store"), action="readwrite")
        call store%read_alloc("d", "x", x)
        call expect(all(nint(x) == [1, 2, 3, -1, -1, -1]), "longer, and what was cut off is gone")
        call store%resize("d", "x", 0_int64)
        call expect(length(store, "x") == 0, "none")
        call store%resize("d", "x", -1, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "length is -1")
        call store%resize("d", "x", 2.5, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "must be of type integer")
    end subroutine resizing

    subroutine overflow
        type(store_type) :: store
        real(real32) :: x
        integer :: stat
        character(200) :: text

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_f32)
        call store%write("d", "x", 1e300_real64, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "x")
        call store%close()
        call store%open(path_of("store"), action="readwrite", float_overflow=atlas_overflow_infinity)
        call store%write("d", "x", -1e300_real64)
        call store%read("d", "x", x)
        call expect(x < -huge(x), "an infinity")
        call store%close()
        call store%create(path_of("other"), float_overflow=atlas_overflow_infinity)
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_f32)
        call store%write("d", "x", 1e300_real64)
        call store%read("d", "x", x)
        call expect(x > huge(x), "an infinity of a store just made")
        call store%close()
    end subroutine overflow
end module records_tests

program records
    use check, only: finish, run
    use records_tests, only: limited, overflow, record_writes, resizing
    implicit none (type, external)

    call run("record writes", record_writes)
    call run("limited dimensions", limited)
    call run("resizing", resizing)
    call run("floats that do not fit", overflow)
    call finish
end program records
