! Sections go to the library as they lie in memory: writing and reading the interior of a large halo'd field allocates
! nothing that grows with it, and the library gets the address of the field's own first interior cell.
!
! The program is linked with intercept.c, which counts what is allocated outside of the library.
module copy_tests
    use, intrinsic :: iso_c_binding, only: c_associated, c_bool, c_int32_t, c_int64_t, c_loc, c_ptr
    use, intrinsic :: iso_fortran_env, only: int16, int64, int8, real32, real64
    use check, only: expect, path_of
    use atlas_store, only: atlas_dtype_bool, atlas_dtype_c64, atlas_dtype_f32, atlas_dtype_f64, atlas_dtype_i16, &
        atlas_dtype_i8, store_type
    implicit none (type, external)
    private

    public :: across_into_a_halo, append_an_interior, control, default_logicals, other_kinds, read_an_interior, &
        write_an_interior, write_reversed

    integer, parameter :: nx = 160, ny = 120, nz = 60

    !> What one call may allocate for names and the like.
    integer(int64), parameter :: little = 4096

    interface
        subroutine intercept_start() bind(c, name="intercept_start")
        end subroutine intercept_start

        function intercept_stop() bind(c, name="intercept_stop") result(bytes)
            import :: c_int64_t
            integer(c_int64_t) :: bytes
        end function intercept_stop

        function intercept_data() bind(c, name="intercept_data") result(address)
            import :: c_ptr
            type(c_ptr) :: address
        end function intercept_data

        function intercept_stride(dimension) bind(c, name="intercept_stride") result(stride)
            import :: c_int32_t, c_int64_t
            integer(c_int32_t), value :: dimension
            integer(c_int64_t) :: stride
        end function intercept_stride
    end interface

    real(real64), target :: field(0:nx + 1, 0:ny + 1, nz)

contains

    !> The counter sees a copy where there is one.
    subroutine control
        integer(int64) :: bytes

        field = 1
        call intercept_start
        call wants_contiguous(field(1:nx, 1:ny, :))
        bytes = intercept_stop()
        call expect(bytes >= 8 * nx * ny * nz, "a copy to be counted")
    end subroutine control

    subroutine wants_contiguous(values)
        real(real64), contiguous, intent(inout) :: values(:, :, :)

        values(1, 1, 1) = 2 * values(1, 1, 1)
    end subroutine wants_contiguous

    subroutine prepare(store)
        type(store_type), intent(inout) :: store
        integer :: i, j, k

        do k = 1, nz
            do j = 0, ny + 1
                do i = 0, nx + 1
                    field(i, j, k) = i + 1000 * j + 0.5_real64 * k
                end do
            end do
        end do
        call store%create(path_of("store"), sync=.false.)
        call store%create_dataset("d")
        call store%define("d", "f", atlas_dtype_f64, [nx, ny, nz])
    end subroutine prepare

    !> What the library got: this address, and the strides of `field`.
    subroutine expect_in_place(bytes, address, signs)
        integer(int64), intent(in) :: bytes
        type(c_ptr), intent(in) :: address
        integer, intent(in) :: signs

        call expect(bytes <= little, "next to nothing allocated")
        call expect(c_associated(intercept_data(), address), "the address of the field's own cell")
        call expect(intercept_stride(0) == signs * (nx + 2) * (ny + 2), "the distance of levels")
        call expect(intercept_stride(1) == signs * (nx + 2), "the distance of rows")
        call expect(intercept_stride(2) == signs, "the distance of cells")
    end subroutine expect_in_place

    subroutine write_an_interior
        type(store_type) :: store
        real(real64), allocatable :: back(:, :, :)
        integer(int64) :: bytes

        call prepare(store)
        call intercept_start
        call store%write("d", "f", field(1:nx, 1:ny, :))
        bytes = intercept_stop()
        call expect_in_place(bytes, c_loc(field(1, 1, 1)), 1)
        call intercept_start
        call store%write("d", "f", field(1:nx, 1:ny, 2:nz), start=[1, 1, 2], count=[nx, ny, nz - 1])
        bytes = intercept_stop()
        call expect_in_place(bytes, c_loc(field(1, 1, 2)), 1)
        allocate(back(nx, ny, nz))
        call store%read("d", "f", back)
        call expect(all(abs(back - field(1:nx, 1:ny, :)) <= 0), "the values")
    end subroutine write_an_interior

    subroutine read_an_interior
        type(store_type) :: store
        integer(int64) :: bytes

        call prepare(store)
        call store%write("d", "f", field(1:nx, 1:ny, :))
        field = -1
        call intercept_start
        call store%read("d", "f", field(1:nx, 1:ny, :))
        bytes = intercept_stop()
        call expect_in_place(bytes, c_loc(field(1, 1, 1)), 1)
        call expect(nint(2 * field(3, 2, 1)) == 4007 .and. nint(field(0, 2, 1)) == -1, "the values")
    end subroutine read_an_interior

    subroutine write_reversed
        type(store_type) :: store
        integer(int64) :: bytes

        call prepare(store)
        call intercept_start
        call store%write("d", "f", field(nx:1:-1, ny:1:-1, nz:1:-1))
        bytes = intercept_stop()
        call expect_in_place(bytes, c_loc(field(nx, ny, nz)), -1)
    end subroutine write_reversed

    subroutine append_an_interior
        type(store_type) :: store
        integer(int64) :: bytes

        call prepare(store)
        call store%define("d", "series", atlas_dtype_f64, [nx, ny, nz, 0])
        call intercept_start
        call store%append("d", "series", field(1:nx, 1:ny, :))
        bytes = intercept_stop()
        call expect(bytes <= little, "next to nothing allocated")
        call expect(c_associated(intercept_data(), c_loc(field(1, 1, 1))), "the address of the field's own cell")
        call expect(intercept_stride(3) == 1, "the distance of cells")
        call expect(intercept_stride(2) == nx + 2, "the distance of rows")
    end subroutine append_an_interior

    subroutine across_into_a_halo
        type(store_type) :: store
        integer(int64) :: bytes

        call prepare(store)
        call store%create_dataset("e")
        call store%define("e", "f", atlas_dtype_f64, [nx, ny, nz])
        call intercept_start
        call store%read_across("f", ["e", "d"], field(1:nx, 1:ny, 1:2), start=[1, 1, 7])
        bytes = intercept_stop()
        call expect(bytes <= little, "next to nothing allocated")
        call expect(c_associated(intercept_data(), c_loc(field(1, 1, 2))), "the second dataset into its own cells")
    end subroutine across_into_a_halo

    subroutine other_kinds
        type(store_type) :: store
        integer(int8), allocatable, target :: a(:, :)
        integer(int16), allocatable, target :: b(:, :)
        real(real32), allocatable, target :: c(:, :)
        complex(real32), allocatable, target :: z(:, :)
        logical(c_bool), allocatable, target :: f(:, :)
        integer(int64) :: bytes
        integer, parameter :: n = 1000

        allocate(a(0:n, 0:n), b(0:n, 0:n), c(0:n, 0:n), z(0:n, 0:n), f(0:n, 0:n))
        a = 1
        b = 2
        c = 3
        z = 4
        f = .true.
        call store%create(path_of("store"), sync=.false.)
        call store%create_dataset("d")
        call store%define("d", "a", atlas_dtype_i8, [n / 2, n])
        call store%define("d", "b", atlas_dtype_i16, [n / 2, n])
        call store%define("d", "c", atlas_dtype_f32, [n / 2, n])
        call store%define("d", "z", atlas_dtype_c64, [n / 2, n])
        call store%define("d", "f", atlas_dtype_bool, [n / 2, n])
        call intercept_start
        call store%write("d", "a", a(1:n:2, 1:))
        call expect(c_associated(intercept_data(), c_loc(a(1, 1))), "int8 in place")
        call store%write("d", "b", b(1:n:2, 1:))
        call expect(c_associated(intercept_data(), c_loc(b(1, 1))), "int16 in place")
        call store%write("d", "c", c(1:n:2, 1:))
        call expect(c_associated(intercept_data(), c_loc(c(1, 1))), "real32 in place")
        call store%write("d", "z", z(1:n:2, 1:))
        call expect(c_associated(intercept_data(), c_loc(z(1, 1))), "complex in place")
        call store%write("d", "f", f(1:n:2, 1:))
        call expect(c_associated(intercept_data(), c_loc(f(1, 1))), "logical(c_bool) in place")
        call store%read("d", "c", c(n:2:-2, 1:))
        call expect(c_associated(intercept_data(), c_loc(c(n, 1))), "real32 read in place")
        bytes = intercept_stop()
        call expect(bytes <= 6 * little, "next to nothing allocated")
    end subroutine other_kinds

    !> Default logicals become one byte each; that is the one exception.
    subroutine default_logicals
        type(store_type) :: store
        logical, allocatable :: flags(:)
        integer(int64) :: bytes
        integer, parameter :: n = 100000

        allocate(flags(2 * n))
        flags = .true.
        call store%create(path_of("store"), sync=.false.)
        call store%create_dataset("d")
        call store%define("d", "f", atlas_dtype_bool, [n])
        call intercept_start
        call store%write("d", "f", flags(::2))
        bytes = intercept_stop()
        call expect(bytes >= n .and. bytes <= n + little, "one byte for each")
    end subroutine default_logicals
end module copy_tests

program copies
    use check, only: finish, run
    use copy_tests, only: across_into_a_halo, append_an_interior, control, default_logicals, other_kinds, &
        read_an_interior, write_an_interior, write_reversed
    implicit none (type, external)

    call run("copies are seen", control)
    call run("no copy when an interior is written", write_an_interior)
    call run("no copy when an interior is read", read_an_interior)
    call run("no copy in reverse", write_reversed)
    call run("no copy when an interior is appended", append_an_interior)
    call run("no copy when read across", across_into_a_halo)
    call run("no copy of other kinds", other_kinds)
    call run("default logicals", default_logicals)
    call finish
end program copies
