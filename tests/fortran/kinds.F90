! Every procedure that takes values, for one kind. run.sh compiles this once for each:
!
!     KIND   the kind's name, as in the tests' names
!     TYPE   how it is declared
!     DTYPE  the array's type
!     VALUE  1: integer, 2: real, 3: complex, 4: logical, 5: character
module values
    use, intrinsic :: iso_c_binding, only: c_bool
    use, intrinsic :: iso_fortran_env, only: int8, int16, int32, int64, real32, real64
    implicit none (type, external)
    private

    public :: c_bool, int8, int16, int32, int64, real32, real64, different, same, value

contains

    !> A value for each integer.
    elemental function value(i) result(v)
        integer, intent(in) :: i
        TYPE :: v

#if VALUE == 1
        v = int(mod(i * 37, 251) - 125, kind(v))
#elif VALUE == 2
        v = real(i * 37, kind(v)) / 8 - 1000
#elif VALUE == 3
        v = cmplx(i * 3, 7 - i, kind(v))
#elif VALUE == 4
        v = mod(i, 3) /= 0
#else
        v = ""
        if (mod(i, 5) > 0) write (v, "(i0)") mod(i, 100000)
        if (mod(i, 5) > 2) write (v, "(2x, i0)") mod(i, 100000)
#endif
    end function value

    !> A value that `value` does not give.
    elemental function different() result(v)
        TYPE :: v

#if VALUE == 4
        v = .true.
#elif VALUE == 5
        v = "other"
#else
        v = 126
#endif
    end function different

    elemental function same(a, b) result(yes)
        TYPE, intent(in) :: a, b
        logical :: yes

#if VALUE == 2
        yes = a >= b .and. a <= b
#elif VALUE == 3
        yes = real(a) >= real(b) .and. real(a) <= real(b) .and. aimag(a) >= aimag(b) .and. aimag(a) <= aimag(b)
#elif VALUE == 4
        yes = a .eqv. b
#else
        yes = a == b
#endif
    end function same
end module values

module kind_tests
    use check, only: expect, expect_failure, path_of, scaled
    use atlas_store, only: DTYPE, array_info_type, atlas_status_out_of_range, atlas_status_buffer_too_small, store_type
#if VALUE != 5
    use atlas_store, only: atlas_status_invalid_argument, atlas_status_not_found, atlas_status_type_mismatch
#endif
    use values, only: c_bool, different, int16, int32, int64, int8, real32, real64, same, value
    implicit none (type, external)
    private

#if VALUE != 5
    public :: allocating
#endif
    public :: across, append, attributes, components, explicit, halo, no_cells, pointers, random_sections, ranks, &
        regions, strides

contains

    !> Reopen a store for the next look at it, unless this was the last. Looks: unflushed, flushed, reopened for
    !> reading, reopened for writing.
    function looks_again(store, path, look) result(again)
        type(store_type), intent(inout) :: store
        character(*), intent(in) :: path
        integer, intent(inout) :: look
        logical :: again

        look = look + 1
        again = .true.
        select case (look)
        case (1)
            call store%flush()
        case (2)
            call store%close()
            call store%open(path)
        case (3)
            call store%close()
            call store%open(path, action="readwrite")
        case default
            call store%close()
            again = .false.
        end select
    end function looks_again

    subroutine ranks
        type(store_type) :: store
        type(array_info_type) :: info
        TYPE :: s, s2
        TYPE :: a1(7), a2(5, 3), a3(4, 2, 3), a4(5, 4, 3, 2), a7(2, 3, 2, 4, 1, 3, 2)
        TYPE :: b1(7), b2(5, 3), b3(4, 2, 3), b4(5, 4, 3, 2), b7(2, 3, 2, 4, 1, 3, 2)
        integer :: i, look

        s = value(3)
        a1 = value([(i, i = 1, 7)])
        a2 = reshape(value([(i, i = 1, 15)]), [5, 3])
        a3 = reshape(value([(i, i = 1, 24)]), [4, 2, 3])
        a4 = reshape(value([(i, i = 1, 120)]), [5, 4, 3, 2])
        a7 = reshape(value([(i, i = 1, 288)]), [2, 3, 2, 4, 1, 3, 2])
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "a0", DTYPE)
        call store%define("d", "a1", DTYPE, shape(a1))
        call store%define("d", "a2", DTYPE, shape(a2))
        call store%define("d", "a3", DTYPE, shape(a3, int64), chunk_shape=[3, 2, 1])
        call store%define("d", "a4", DTYPE, shape(a4), dims=["x   ", "y   ", "z   ", "time"])
        call store%define("d", "a7", DTYPE, shape(a7))
        call store%write("d", "a0", s)
        call store%write("d", "a1", a1)
        call store%write("d", "a2", a2)
        call store%write("d", "a3", a3)
        call store%write("d", "a4", a4)
        call store%write("d", "a7", a7)
        look = 0
        do
            s2 = different()
            b1 = different()
            b2 = different()
            b3 = different()
            b4 = different()
            b7 = different()
            call store%read("d", "a0", s2)
            call store%read("d", "a1", b1)
            call store%read("d", "a2", b2)
            call store%read("d", "a3", b3)
            call store%read("d", "a4", b4)
            call store%read("d", "a7", b7)
            call expect(same(s, s2), "the scalar")
            call expect(all(same(a1, b1)), "rank 1")
            call expect(all(same(a2, b2)), "rank 2")
            call expect(all(same(a3, b3)), "rank 3")
            call expect(all(same(a4, b4)), "rank 4")
            call expect(all(same(a7, b7)), "rank 7")
            call store%info("d", "a4", info)
            call expect(info%dtype == DTYPE .and. info%rank == 4, "type and rank")
            call expect(all(info%shape == [5, 4, 3, 2]), "the shape in Fortran's order")
            call expect(all(info%dims == ["x   ", "y   ", "z   ", "time"]), "dimensions in Fortran's order")
            if (.not. looks_again(store, path_of("store"), look)) exit
        end do
    end subroutine ranks

    !> A field with a halo: the interior goes out and comes in, the halo is not touched.
    subroutine halo
        integer, parameter :: nx = 6, ny = 5, nz = 3, h = 2
        type(store_type) :: store
        TYPE :: field(1 - h:nx + h, 1 - h:ny + h, nz), whole(nx, ny, nz)
        integer :: i, look

        field = reshape(value([(i, i = 1, size(field))]), shape(field))
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "f", DTYPE, [nx, ny, nz], chunk_shape=[4, 4, 2])
        call store%write("d", "f", field(1:nx, 1:ny, :))
        look = 0
        do
            whole = different()
            call store%read("d", "f", whole)
            call expect(all(same(whole, field(1:nx, 1:ny, :))), "the interior")
            call halo_untouched(store, field)
            if (.not. looks_again(store, path_of("store"), look)) exit
        end do
    end subroutine halo

    subroutine halo_untouched(store, field)
        type(store_type), intent(in) :: store
        TYPE, intent(in) :: field(-1:, -1:, :)
        TYPE :: got(-1:ubound(field, 1), -1:ubound(field, 2), size(field, 3))
        TYPE :: want(-1:ubound(field, 1), -1:ubound(field, 2), size(field, 3))
        integer :: nx, ny

        nx = ubound(field, 1) - 2
        ny = ubound(field, 2) - 2
        got = different()
        want = different()
        want(1:nx, 1:ny, :) = field(1:nx, 1:ny, :)
        call store%read("d", "f", got(1:nx, 1:ny, :))
        call expect(all(same(got, want)), "the interior read, the halo untouched")
    end subroutine halo_untouched

    subroutine strides
        type(store_type) :: store
        TYPE :: a(12, 10), b(12, 10), c(4, 5), w(12, 10)
        integer :: i

        a = reshape(value([(i, i = 1, 120)]), [12, 10])
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "c", DTYPE, [4, 5])

        call store%write("d", "c", a(2:11:3, ::2))
        call store%read("d", "c", c)
        call expect(all(same(c, a(2:11:3, ::2))), "steps of 3 and 2")

        call store%write("d", "c", a(12:1:-3, 10:1:-2))
        call store%read("d", "c", c)
        call expect(all(same(c, a(12:1:-3, 10:1:-2))), "steps of -3 and -2")

        call store%write("d", "c", a(5:2:-1, 3:7))
        call store%read("d", "c", c)
        call expect(all(same(c, a(5:2:-1, 3:7))), "a step of -1")

        b = different()
        w = different()
        w(12:1:-3, 1:10:2) = a(5:2:-1, 3:7)
        call store%read("d", "c", b(12:1:-3, 1:10:2))
        call expect(all(same(b, w)), "read into steps of -3 and 2")

        call store%define("d", "row", DTYPE, [10])
        call store%write("d", "row", a(4, :))
        b = different()
        w = different()
        w(9, 10:1:-1) = a(4, :)
        call store%read("d", "row", b(9, 10:1:-1))
        call expect(all(same(b, w)), "a row, read in reverse")

        call store%define("d", "one", DTYPE, [1, 1])
        call store%write("d", "one", a(4:4, 9:9))
        call store%read("d", "one", b(3:3, 2:2))
        call expect(same(b(3, 2), a(4, 9)), "one cell")
        call store%write("d", "c", [a(:, 1), a(:, 2)], start=[1, 1], count=[4, 6], stat=i)
        call expect(i == atlas_status_out_of_range, "an expression of the wrong shape to fail")
        call store%write("d", "c", a(1:4, 1:5) )
        call store%write("d", "c", reshape(a(:, 1:2), [4, 5]))
        call store%read("d", "c", c)
        call expect(all(same(c, reshape(a(:, 1:2), [4, 5]))), "an expression")
    end subroutine strides

    subroutine pointers
        type(store_type) :: store
        TYPE, target :: a(8, 6)
        TYPE, pointer :: p(:, :), q(:)
        TYPE, allocatable :: c(:, :), d(:)
        integer :: i

        a = reshape(value([(i, i = 1, 48)]), [8, 6])
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "p", DTYPE, [4, 3])
        call store%define("d", "q", DTYPE, [3])
        p(0:, -5:) => a(7:1:-2, 2:6:2)
        call store%write("d", "p", p)
        allocate(c(11:14, 3))
        call store%read("d", "p", c)
        call expect(all(same(c, a(7:1:-2, 2:6:2))), "a pointer with strides")
        q => p(2, :)
        call store%write("d", "q", q)
        allocate(d(3))
        call store%read("d", "q", d)
        call expect(all(same(d, a(3, 2:6:2))), "a pointer to a row of a pointer")
        call store%write("d", "q", p(1, ::1))
        q => a(1:6:2, 1)
        call store%read("d", "q", q)
        call expect(all(same(a(1:5:2, 1), a(5, 2:6:2))), "reading through a pointer")
        call expect(same(a(2, 1), value(2)), "what lies between untouched")
    end subroutine pointers

    !> Components of an array of derived type: their strides may be no whole number of elements.
    subroutine components
        type :: particle
            integer(int8) :: before
            TYPE :: x
            real(real32) :: after
        end type particle
        type(store_type) :: store
        type(particle) :: particles(9)
        TYPE :: x(9)
        integer :: i

        particles%before = 1
        particles%x = value([(i, i = 1, 9)])
        particles%after = 2
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", DTYPE, [9])
        call store%write("d", "x", particles%x)
        call store%read("d", "x", x)
        call expect(all(same(x, value([(i, i = 1, 9)]))), "a component written")
        particles%x = different()
        call store%read("d", "x", particles(9:1:-1)%x)
        call expect(all(same(particles%x, value([(10 - i, i = 1, 9)]))), "a component read in reverse")
        call expect(all(particles%before == 1) .and. all(nint(particles%after) == 2), "the others untouched")
    end subroutine components

    subroutine explicit
        type(store_type) :: store
        TYPE :: a(10, 8), b(10, 8)
        integer :: i

        a = reshape(value([(i, i = 1, 80)]), [10, 8])
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "a", DTYPE, [6, 4])
        call old_style(store, a, 10)
        b = different()
        call store%read("d", "a", b(:6, :4))
        call expect(all(same(b(:6, :4), a(2:7, 3:6))), "a section of an assumed-size array")
        call expect(all(same(b(7:, :), different())), "the rest untouched")
    end subroutine explicit

    subroutine old_style(store, a, n)
        type(store_type), intent(in) :: store
        integer, intent(in) :: n
        TYPE, intent(in) :: a(n, *)

        call store%write("d", "a", a(2:7, 3:6))
    end subroutine old_style

    subroutine random_sections
        type(store_type) :: store
        TYPE :: memory(9, 8, 7), model(9, 8, 7), got(9, 8, 7), region(9, 8, 7), want(9, 8, 7)
        integer :: round, i, n(3), first(3), last(3), step(3), start(3)
        logical :: good

        good = .true.
        model = value(0)
        call store%create(path_of("store"), num_threads=0)
        call store%create_dataset("d")
        call store%define("d", "m", DTYPE, shape(model), chunk_shape=[4, 3, 2])
        call store%write("d", "m", model)
        do round = 1, scaled(300, 30)
            memory = reshape(value([(i * round, i = 1, size(memory))]), shape(memory))
            do i = 1, 3
                call pick(size(memory, i), n(i), first(i), last(i), step(i))
                start(i) = below(size(memory, i) - n(i) + 1) + 1
            end do
            associate (part => memory(first(1):last(1):step(1), first(2):last(2):step(2), first(3):last(3):step(3)), &
                    to => start + n - 1)
                call store%write("d", "m", memory(first(1):last(1):step(1), first(2):last(2):step(2), &
                    first(3):last(3):step(3)), start=start)
                model(start(1):to(1), start(2):to(2), start(3):to(3)) = part
                call store%read("d", "m", got)
                good = good .and. all(same(got, model))
                region = different()
                want = different()
                want(first(1):last(1):step(1), first(2):last(2):step(2), first(3):last(3):step(3)) = &
                    model(start(1):to(1), start(2):to(2), start(3):to(3))
                call store%read("d", "m", region(first(1):last(1):step(1), first(2):last(2):step(2), &
                    first(3):last(3):step(3)), start, n)
                good = good .and. all(same(region, want))
            end associate
            if (mod(round, 50) == 0) call store%flush()
        end do
        call expect(good, "every random section to agree with the model")
    end subroutine random_sections

    !> A random section of 1:extent with `n` elements.
    subroutine pick(extent, n, first, last, step)
        integer, intent(in) :: extent
        integer, intent(out) :: n, first, last, step

        step = below(3) + 1
        n = below((extent - 1) / step + 1) + 1
        first = below(extent - (n - 1) * step) + 1
        last = first + (n - 1) * step
        if (below(2) == 1) then
            step = -step
            n = first
            first = last
            last = n
            n = (first - last) / (-step) + 1
        end if
    end subroutine pick

    function below(limit) result(n)
        integer, intent(in) :: limit
        integer :: n
        integer(int64), save :: state = 88172645463325252_int64

        state = ieor(state, shiftl(state, 13))
        state = ieor(state, shiftr(state, 7))
        state = ieor(state, shiftl(state, 17))
        n = int(mod(shiftr(state, 1), int(limit, int64)))
    end function below

    subroutine regions
        type(store_type) :: store
        TYPE :: cube(5, 4, 3), plane(5, 4), line(5), s, column(3)
        integer :: i, k

        cube = reshape(value([(i, i = 1, 60)]), [5, 4, 3])
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "c", DTYPE, [5, 4, 3])

        do k = 1, 3
            call store%write("d", "c", cube(:, :, k), start=[1, 1, k])
        end do
        call whole(store, cube, "planes written with start")

        call store%read("d", "c", plane, start=[1_int64, 1_int64, 2_int64])
        call expect(all(same(plane, cube(:, :, 2))), "a plane read with start")
        call store%read("d", "c", line, start=[1, 3, 2])
        call expect(all(same(line, cube(:, 3, 2))), "a line read with start")
        call store%read("d", "c", s, start=[5, 4, 3])
        call expect(same(s, cube(5, 4, 3)), "the last cell")
        call store%read("d", "c", s, start=[1_int8, 1_int8, 1_int8])
        call expect(same(s, cube(1, 1, 1)), "the first cell")
        call store%read("d", "c", column, start=[2, 3, 1], count=[1, 1, 3])
        call expect(all(same(column, cube(2, 3, :))), "a column read with count")
        call store%read("d", "c", plane(2:4, 2:3), start=[3, 2, 3], count=[3, 2, 1])
        call expect(all(same(plane(2:4, 2:3), cube(3:5, 2:3, 3))), "a part of a plane into a part of a plane")
        call store%read("d", "c", cube(:, :2, 2:3), count=[5, 2, 2])
        call expect(all(same(cube(:, 1, 2), value([(i, i = 1, 5)]))), "count without start")

        cube = reshape(value([(i, i = 1, 60)]), [5, 4, 3])
        line = different()
        call store%write("d", "c", line(1:3), start=[2, 2, 2], count=[1, 1, 2], stat=i)
        call expect(i == atlas_status_out_of_range, "a count that does not match to fail")
        call whole(store, cube, "nothing changed")
        call store%write("d", "c", line(1:2), start=[2, 2, 2], count=[1, 1, 2])
        cube(2, 2, 2:3) = different()
        call whole(store, cube, "a column written with count")
        call store%write("d", "c", different(), start=[1, 1, 1])
        cube(1, 1, 1) = different()
        call whole(store, cube, "one cell written")
        call store%write("d", "c", cube(5:1:-1, 4:4, :), start=[1, 4, 1], count=[5, 1, 3])
        cube(:, 4, :) = cube(5:1:-1, 4, :)
        call whole(store, cube, "extents of 1 on both sides")
        call store%write("d", "c", reshape(cube, [5, 1, 4, 3]), start=[1, 1, 1], count=[5, 4, 3])
        call whole(store, cube, "an extent of 1 in the values only")
    end subroutine regions

    subroutine whole(store, want, what)
        type(store_type), intent(in) :: store
        TYPE, intent(in) :: want(:, :, :)
        character(*), intent(in) :: what
        TYPE :: got(size(want, 1), size(want, 2), size(want, 3))

        got = different()
        call store%read("d", "c", got)
        call expect(all(same(got, want)), what)
    end subroutine whole

    subroutine no_cells
        type(store_type) :: store
        TYPE :: a(4, 3), empty(0)
        integer :: i

        a = reshape(value([(i, i = 1, 12)]), [4, 3])
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "a", DTYPE, [4, 3])
        call store%define("d", "e", DTYPE, [4, 0])
        call store%define("d", "z", DTYPE, [0])
        call store%write("d", "a", a)
        call store%write("d", "a", a(:, 2:1), start=[1, 1])
        call store%write("d", "e", a(:, 3:2))
        call store%read("d", "e", a(:, 3:2))
        call store%write("d", "z", empty)
        call store%read("d", "z", empty)
        call store%append("d", "z", empty)
        call store%append("d", "e", a(:, 2:1))
        call store%close()
        call store%open(path_of("store"))
        call store%read("d", "e", a(:, 1:0))
        call store%read("d", "a", a)
        call expect(all(same(a, reshape(value([(i, i = 1, 12)]), [4, 3]))), "the array as it was")
    end subroutine no_cells

    subroutine append
        integer, parameter :: nx = 4, ny = 3, n = 9
        type(store_type) :: store
        type(array_info_type) :: info
        TYPE :: field(0:nx + 1, 0:ny + 1, n), got(nx, ny, n), line(n), line2(n)
        integer :: i, look

        field = reshape(value([(i, i = 1, size(field))]), shape(field))
        line = value([(i, i = 1, n)])
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "f", DTYPE, [nx, ny, 0], dims=["lon ", "lat ", "time"])
        call store%define("d", "l", DTYPE, [0])
        do i = 1, 4
            call store%append("d", "f", field(1:nx, 1:ny, i))
            call store%append("d", "l", line(i))
        end do
        call store%flush()
        call store%append("d", "f", field(1:nx, 1:ny, 5:7))
        call store%append("d", "l", line(5:n:2))
        call store%append("d", "f", field(1:nx, 1:ny, n:8:-1))
        call store%append("d", "l", line(n - 1:5:-2))
        look = 0
        do
            call store%info("d", "f", info)
            call expect(all(info%shape == [nx, ny, n]), "the last dimension to grow")
            got = different()
            call store%read("d", "f", got)
            call expect(all(same(got(:, :, :7), field(1:nx, 1:ny, :7))), "slices appended")
            call expect(all(same(got(:, :, 8:), field(1:nx, 1:ny, n:8:-1))), "slices appended in reverse")
            line2 = different()
            call store%read("d", "l", line2)
            call expect(all(same(line2, [line(:4), line(5:n:2), line(8:5:-2)])), "values appended")
            if (.not. looks_again(store, path_of("store"), look)) exit
        end do
    end subroutine append

#if VALUE != 5
    !> What is read is allocated as large as the array, or the region, is.
    subroutine allocating
        type(store_type) :: store
        TYPE :: a(5, 4, 3), seven(2, 1, 2, 1, 3, 1, 2)
        TYPE, allocatable :: b1(:), b2(:, :), b3(:, :, :), b4(:, :, :, :), b7(:, :, :, :, :, :, :)
        character(200) :: text
        integer :: i, stat

        a = reshape(value([(i, i = 1, 60)]), [5, 4, 3])
        seven = reshape(value([(i, i = 1, 24)]), shape(seven))
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", DTYPE, shape(a))
        call store%define("d", "seven", DTYPE, shape(seven))
        call store%define("d", "none", DTYPE, [3, 0])
        call store%define("d", "one", DTYPE)
        call store%write("d", "x", a)
        call store%write("d", "seven", seven)

        call store%read_alloc("d", "x", b3)
        call expect(all(shape(b3) == shape(a)), "the array's shape")
        call expect(all(same(b3, a)), "the array")
        call expect(all(lbound(b3) == 1), "counted from 1")
        call store%read_alloc("d", "x", b3, start=[2, 3, 1])
        call expect(all(shape(b3) == [4, 2, 3]), "the shape from a start on")
        call expect(all(same(b3, a(2:, 3:, :))), "what is there from a start on")
        call store%read_alloc("d", "x", b2, start=[1, 1, 2])
        call expect(all(shape(b2) == [5, 4]), "a level's shape")
        call expect(all(same(b2, a(:, :, 2))), "a level")
        call store%read_alloc("d", "x", b2, start=[3, 1, 1], count=[1, 4, 3])
        call expect(all(shape(b2) == [4, 3]), "a section's shape")
        call expect(all(same(b2, a(3, :, :))), "a section")
        call store%read_alloc("d", "x", b2, start=[3, 1, 2], count=[1, 4, 1])
        call expect(all(shape(b2) == [1, 4]), "extents of 1 are left out from the last on")
        call store%read_alloc("d", "x", b1, start=[3, 2, 2], count=[1, 3, 1])
        call expect(size(b1) == 3, "a line's length")
        call expect(all(same(b1, a(3, 2:, 2))), "a line")
        call store%read_alloc("d", "seven", b7)
        call expect(all(shape(b7) == shape(seven)), "seven extents")
        call expect(all(same(b7, seven)), "seven dimensions")
        call store%read_alloc("d", "none", b2)
        call expect(all(shape(b2) == [3, 0]), "no cells")

        call store%read_alloc("d", "x", b2, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, &
            "values of rank 2 for (5, 4, 3) cells of array 'x' of dataset 'd'")
        call expect(.not. allocated(b2), "not allocated after a failure")
        call store%read_alloc("d", "seven", b4, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "values of rank 4")
        call store%read_alloc("d", "one", b1, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "values of rank 1")
        call store%read_alloc("d", "x", b2, count=[2, 2, 2], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "for (2, 2, 2) cells")
        call store%read_alloc("d", "x", b3, start=[1, 1], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "start has 2 indices, array 'x' of dataset 'd' has rank 3")
        call store%read_alloc("d", "x", b3, start=[1, 0, 1], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "indices count from 1")
        call store%read_alloc("d", "x", b3, start=[1, 1, 7], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "start")
        call store%read_alloc("d", "x", b3, count=[1, 1, 7], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "exceeds shape")
        call expect(.not. allocated(b3), "nor after one of the library")
        call store%read_alloc("d", "y", b3, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_not_found, "no array 'y'")

        call store%set_attribute("d", "list", a(:, 1, 1))
        call store%set_attribute("d", "single", a(1, 1, 1), array="x")
        call store%set_attribute("d", "empty", a(1:0, 1, 1))
        call store%set_attribute("d", "text", "text")
        call store%get_attribute_alloc("d", "list", b1)
        call expect(size(b1) == 5, "an attribute's length")
        call expect(all(same(b1, a(:, 1, 1))), "an attribute")
        call store%get_attribute_alloc("d", "single", b1, array="x")
        call expect(size(b1) == 1, "one value")
        call expect(all(same(b1, a(1, 1, 1))), "the value")
        call store%get_attribute_alloc("d", "empty", b1)
        call expect(size(b1) == 0, "an empty list")
        call store%get_attribute_alloc("d", "text", b1, stat=stat)
        call expect(stat == atlas_status_type_mismatch .and. .not. allocated(b1), "a text")
        call store%get_attribute_alloc("d", "lost", b1, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_not_found, "lost")
    end subroutine allocating
#endif

    subroutine across
        type(store_type) :: store
        character(5) :: names(6)
        TYPE :: fields(4, 3, 6), got(4, 3, 6), wide(0:5, 0:4, 12), plane(4, 6), want(0:5, 0:4, 12), one(6)
        integer :: i, k, look

        fields = reshape(value([(i, i = 1, 72)]), [4, 3, 6])
        call store%create(path_of("store"))
        do k = 1, 6
            write (names(k), "(a, i0)") "run ", k
            call store%create_dataset(names(k))
            call store%define(names(k), "f", DTYPE, [4, 3])
            call store%define(names(k), "s", DTYPE)
            call store%write(names(k), "f", fields(:, :, k))
            call store%write(names(k), "s", fields(1, 1, k))
        end do
        look = 0
        do
            got = different()
            call store%read_across("f", names, got)
            call expect(all(same(got, fields)), "all of it")
            call store%read_across("f", names(6:1:-1), got)
            call expect(all(same(got, fields(:, :, 6:1:-1))), "datasets in another order")
            wide = different()
            want = different()
            want(1:4, 1:3, 11:1:-2) = fields
            call store%read_across("f", names, wide(1:4, 1:3, 11:1:-2))
            call expect(all(same(wide, want)), "into strides")
            plane = different()
            call store%read_across("f", names, plane, start=[1, 2])
            call expect(all(same(plane, fields(:, 2, :))), "a line of each")
            call store%read_across("f", names(3:4), plane(2:3, 1:2), start=[2, 3], count=[2, 1])
            call expect(all(same(plane(2:3, 1:2), fields(2:3, 3, 3:4))), "a part of a line, into a part")
            call store%read_across("s", names, one)
            call expect(all(same(one, fields(1, 1, :))), "scalars")
            call store%read_across("f", names(1:0), got(:, :, 1:0))
            if (.not. looks_again(store, path_of("store"), look)) exit
        end do
    end subroutine across

    subroutine attributes
        type(store_type) :: store
        TYPE :: s, a(7), got(7), w(7), none(0)
        integer :: i, look, stat
        character(100) :: text

        a = value([(i, i = 1, 7)])
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", DTYPE, [2])
        call store%set_attribute("d", "scalar", a(3))
        call store%set_attribute("d", "list", a)
        call store%set_attribute("d", "reversed", a(7:1:-2))
        call store%set_attribute("d", "none", none)
        call store%set_attribute("d", "list", a(2:4), array="x")
        look = 0
        do
            call store%get_attribute("d", "scalar", s)
            call expect(same(s, a(3)), "a scalar")
            got = different()
            call store%get_attribute("d", "list", got)
            call expect(all(same(got, a)), "a list")
            got = different()
            w = different()
            w(6:1:-2) = a(2:4)
            call store%get_attribute("d", "list", got(6:1:-2), array="x")
            call expect(all(same(got, w)), "an array's list, into strides")
            call store%get_attribute("d", "reversed", got(:4))
            call expect(all(same(got(:4), a(7:1:-2))), "a list in reverse")
            call store%get_attribute("d", "none", none)
            text = ""
            call store%get_attribute("d", "list", got(:6), stat=stat, errmsg=text)
            call expect_failure(stat, text, atlas_status_buffer_too_small, "has 7 values, the variable 6")
            if (.not. looks_again(store, path_of("store"), look)) exit
        end do
    end subroutine attributes
end module kind_tests

program kinds
    use check, only: finish, run
#if VALUE != 5
    use kind_tests, only: allocating
#endif
    use kind_tests, only: across, append, attributes, components, explicit, halo, no_cells, pointers, random_sections, &
        ranks, regions, strides
    implicit none (type, external)

    call run(KIND//" ranks", ranks)
    call run(KIND//" halo", halo)
    call run(KIND//" strides", strides)
    call run(KIND//" pointers and allocatables", pointers)
    call run(KIND//" components", components)
    call run(KIND//" assumed size and explicit shape", explicit)
    call run(KIND//" random sections", random_sections)
    call run(KIND//" regions", regions)
    call run(KIND//" no cells", no_cells)
    call run(KIND//" append", append)
    call run(KIND//" read across", across)
    call run(KIND//" attributes", attributes)
#if VALUE != 5
    call run(KIND//" allocating", allocating)
#endif
    call finish
end program kinds
