! What is wrong with the arguments of one rank of two is told to both, and writes of every kind arrive.
program refusals
    use, intrinsic :: iso_c_binding, only: c_bool
    use, intrinsic :: iso_fortran_env, only: int16, int32, int64, int8, real32, real64
    use atlas_store, only: atlas_dtype_bool, atlas_dtype_c128, atlas_dtype_c64, atlas_dtype_f32, atlas_dtype_f64, &
        atlas_dtype_i16, atlas_dtype_i32, atlas_dtype_i64, atlas_dtype_i8, atlas_dtype_u16, atlas_if_exists_replace, &
        atlas_status_already_exists, atlas_status_conflict, atlas_status_invalid_argument, atlas_status_ok, &
        atlas_status_out_of_range, store_type
    use atlas_store_mpi, only: atlas_mpi
    use mpi_f08, only: MPI_Allreduce, MPI_Comm_rank, MPI_COMM_WORLD, MPI_Finalize, MPI_Init, MPI_LAND, MPI_LOGICAL
    implicit none (type, external)

    type(atlas_mpi) :: run
    type(store_type) :: store, coordinator
    integer :: rank, stat, passed, failed
    character(300) :: errmsg

    call MPI_Init()
    call MPI_Comm_rank(MPI_COMM_WORLD, rank)
    passed = 0
    failed = 0

    call run%open(MPI_COMM_WORLD, "no_such.atlas", stat=stat, errmsg=errmsg)
    call good(stat /= atlas_status_ok .and. index(errmsg, "rank 0: ") == 1, "open of nothing")
    call run%create(MPI_COMM_WORLD, "kinds.atlas", if_exists=atlas_if_exists_replace, stat=stat, errmsg=errmsg)
    call good(stat == atlas_status_ok, "create")
    call run%store%create_dataset("d")
    call run%store%close(stat=stat)
    call good(stat == atlas_status_invalid_argument, "the rank's own handle is not the program's to close")

    if (rank == 1) then
        call run%define_array("d", "x", atlas_dtype_f64, [4, 2], tile_start=[1], tile_count=[2, 2], stat=stat, &
            errmsg=errmsg)
    else
        call run%define_array("d", "x", atlas_dtype_f64, [4, 2], tile_start=[1, 1], tile_count=[2, 2], stat=stat, &
            errmsg=errmsg)
    end if
    call good(stat == atlas_status_invalid_argument .and. index(errmsg, "rank 1: array 'x' of dataset 'd': ") == 1, &
        "a tile with too few indices on one rank")
    call run%define_array("d", "x", atlas_dtype_f64, [4, 2], tile_start=[1 + 2 * rank, 1], &
        tile_count=[2 + rank, 2], stat=stat, errmsg=errmsg)
    call good(stat == atlas_status_out_of_range .and. index(errmsg, "rank 1: ") == 1, "a tile that leaves the array")
    call run%define_array("d", "x", atlas_dtype_f64, [4, 2], tile_start=[1], stat=stat, errmsg=errmsg)
    call good(stat == atlas_status_invalid_argument, "a tile without extents")
    call define("i8", atlas_dtype_i8)
    call define("i16", atlas_dtype_i16)
    call define("i32", atlas_dtype_i32)
    call define("i64", atlas_dtype_i64)
    call define("f32", atlas_dtype_f32)
    call define("f64", atlas_dtype_f64)
    call define("c64", atlas_dtype_c64)
    call define("c128", atlas_dtype_c128)
    call define("bool", atlas_dtype_bool)
    call define("flag", atlas_dtype_bool)
    call define("u16", atlas_dtype_u16)
    call run%define_array("d", "i8", atlas_dtype_i8, [4, 2], stat=stat, errmsg=errmsg)
    call good(stat == atlas_status_already_exists, "defined twice")

    call writes(rank + 1)
    call run%write("d", "i32", [1], start=[5, 1], stat=stat, errmsg=errmsg)
    call good(stat == atlas_status_out_of_range, "a write past the end")
    call run%write("d", "i32", [1, 2, 3], stat=stat, errmsg=errmsg)
    call good(stat == atlas_status_out_of_range, "a write of another shape than the array's")
    call run%flush(stat=stat, errmsg=errmsg)
    call good(stat == atlas_status_ok, "flush")
    call run%coordinator(coordinator)
    stat = atlas_status_ok
    if (rank == 0) call coordinator%pin("first", stat=stat)
    call good(stat == atlas_status_ok, "the coordinator pins")

    call run%write("d", "i32", [7], start=[1, 1])
    call run%flush(stat=stat, errmsg=errmsg)
    call good(stat == atlas_status_conflict .and. index(errmsg, "ranks 0 and 1") > 0, "both write one cell")
    call run%discard(stat=stat)
    call good(stat == atlas_status_ok, "discard")
    call good(values_are_right(), "values of every kind")
    call run%open(MPI_COMM_WORLD, "kinds.atlas")
    call run%close(stat=stat)
    call good(stat == atlas_status_ok, "close")
    call run%close(stat=stat)
    call good(stat == atlas_status_ok, "close what is not open")
    if (rank == 0) print "(i0, a, i0, a)", passed, " passed, ", failed, " failed"
    call MPI_Finalize()
    if (failed > 0) stop 1

contains

    subroutine good(mine, what)
        logical, intent(in) :: mine
        character(*), intent(in) :: what
        logical :: all_of_us

        call MPI_Allreduce(mine, all_of_us, 1, MPI_LOGICAL, MPI_LAND, MPI_COMM_WORLD)
        if (.not. mine) print "(a, i0, 3a, i0, 2a)", "rank ", rank, ": ", what, ": ", stat, " ", trim(errmsg)
        if (all_of_us) then
            passed = passed + 1
        else
            failed = failed + 1
        end if
        if (rank == 0) print "(a)", trim(merge("ok    ", "FAILED", all_of_us))//" "//what
    end subroutine good

    !> Two rows for each rank, and one chunk for both.
    subroutine define(name, dtype)
        character(*), intent(in) :: name
        integer(int32), intent(in) :: dtype

        call run%define_array("d", name, dtype, [4, 2], dims=["x", "y"], tile_start=[1 + 2 * rank, 1], &
            tile_count=[2, 2], chunk_shape=[4, 2])
    end subroutine define

    subroutine writes(n)
        integer, intent(in) :: n
        integer :: at(2), block(4, 2)

        at = [1 + 2 * rank, 1]
        block = reshape([n, -1, n + 10, -1, n + 20, -1, n + 30, -1], [4, 2])
        ! Every other row of memory.
        call run%write("d", "i8", int(block(::2, :), int8), start=at)
        call run%write("d", "i16", int(block(::2, :), int16), start=at)
        call run%write("d", "i32", block(::2, :), start=at)
        call run%write("d", "i64", int(block(::2, :), int64), start=at)
        call run%write("d", "f32", real(block(::2, :), real32), start=at)
        call run%write("d", "f64", real(block(::2, :), real64), start=at)
        call run%write("d", "c64", cmplx(block(::2, :), 1, real32), start=at)
        call run%write("d", "c128", cmplx(block(::2, :), 1, real64), start=at)
        call run%write("d", "bool", block(::2, :) > 15, start=at)
        call run%write("d", "flag", logical(block(::2, :) > 15, c_bool), start=at)
        call run%write("d", "u16", int(-block(::2, :), int16), start=at, dtype=atlas_dtype_u16)
    end subroutine writes

    function values_are_right() result(right)
        logical :: right
        integer :: wanted(4, 2)
        integer(int64) :: i(4, 2)
        real(real64) :: x(4, 2)
        complex(real64) :: z(4, 2)
        logical :: b(4, 2)

        wanted = reshape([1, 11, 2, 12, 21, 31, 22, 32], [4, 2])
        call store%open("kinds.atlas")
        call store%read("d", "i8", i)
        right = all(i == wanted)
        call store%read("d", "i16", i)
        right = right .and. all(i == wanted)
        call store%read("d", "i32", i)
        right = right .and. all(i == wanted)
        call store%read("d", "i64", i)
        right = right .and. all(i == wanted)
        call store%read("d", "u16", i)
        right = right .and. all(i == 65536 - wanted)
        call store%read("d", "f32", x)
        right = right .and. all(nint(x) == wanted)
        call store%read("d", "f64", x)
        right = right .and. all(nint(x) == wanted)
        call store%read("d", "c64", z)
        right = right .and. all(nint(real(z)) == wanted) .and. all(nint(aimag(z)) == 1)
        call store%read("d", "c128", z)
        right = right .and. all(nint(real(z)) == wanted) .and. all(nint(aimag(z)) == 1)
        call store%read("d", "bool", b)
        right = right .and. all(b .eqv. wanted > 15)
        call store%read("d", "flag", b)
        right = right .and. all(b .eqv. wanted > 15)
        call store%close()
    end function values_are_right
end program refusals
