! Workers of a session, on threads of their own, and the store that commits what they wrote.
module session_tests
    use, intrinsic :: iso_fortran_env, only: int32, int64, int8
    use check, only: contains_text, expect, expect_failure, path_of
    use atlas_store, only: array_info_type, atlas_dtype_i32, atlas_status_conflict, atlas_status_corrupt, &
        atlas_status_invalid_argument, atlas_status_not_found, atlas_status_ok, atlas_status_unflushed_changes, &
        atlas_status_unsupported, store_type
    implicit none (type, external)
    private

    public :: adoption, growth, mistakes, tiles

    integer, parameter :: workers = 4, nx = 12, ny = 20

    !> What a worker exports.
    type :: export_type
        integer(int8), allocatable :: bytes(:)
    end type export_type

contains

    !> A store with an array in chunks of 4 x 6.
    subroutine begin(store, ticket)
        type(store_type), intent(inout) :: store
        integer(int8), allocatable, intent(out) :: ticket(:)

        call store%create(path_of("store"), num_threads=0)
        call store%create_dataset("run")
        call store%define("run", "t", atlas_dtype_i32, [nx, ny], dims=["x", "y"], chunk_shape=[4, 6])
        call store%flush()
        call store%session_begin(ticket, workers=workers)
    end subroutine begin

    !> Five columns, which do not end where chunks do.
    subroutine write_tile(ticket, number, export)
        integer(int8), intent(in) :: ticket(:)
        integer, intent(in) :: number
        type(export_type), intent(out) :: export

        type(store_type) :: worker
        integer(int32) :: tile(nx, ny/workers)

        call worker%open_worker(ticket, number, num_threads=0)
        tile = number + 1
        call worker%write("run", "t", tile, start=[1, number*ny/workers + 1])
        call worker%export_changes(export%bytes)
        call worker%close()
    end subroutine write_tile

    subroutine tiles
        type(store_type) :: store, reader
        type(export_type) :: exports(0:workers - 1)
        integer(int8), allocatable :: ticket(:), gathered(:)
        integer(int32), allocatable :: missing(:)
        integer :: number

        call begin(store, ticket)
        call store%session_missing(missing)
        call expect(all(missing == [0, 1, 2, 3]) .and. size(missing) == 4, "nothing from anybody")
        !$omp parallel do num_threads(workers)
        do number = 0, workers - 1
            call write_tile(ticket, number, exports(number))
        end do
        !$omp end parallel do
        call reader%open(path_of("store"))
        call store%import_changes(exports(2)%bytes)
        call store%session_missing(missing)
        call expect(all(missing == [0, 1, 3]) .and. size(missing) == 3, "three that are missing")
        allocate(gathered(0))
        do number = workers - 1, 0, -1
            gathered = [gathered, exports(number)%bytes]
        end do
        ! What came already is left out.
        call store%import_changes(gathered, counts=[(size(exports(number)%bytes), number = workers - 1, 0, -1)])
        call store%session_missing(missing)
        call expect(size(missing) == 0, "all")
        call expect(is_whole(store), "what workers wrote")
        call expect(.not. is_whole(reader), "no commit so far")
        call store%flush()
        call reader%refresh()
        call expect(is_whole(reader), "the commit")
        call store%session_end()
        call store%close()
    end subroutine tiles

    function is_whole(store)
        type(store_type), intent(in) :: store
        logical :: is_whole

        integer(int32) :: t(nx, ny)
        integer :: y

        call store%read("run", "t", t)
        is_whole = .true.
        do y = 1, ny
            is_whole = is_whole .and. all(t(:, y) == (y - 1)*workers/ny + 1)
        end do
    end function is_whole

    subroutine mistakes
        type(store_type) :: store, worker
        type(export_type) :: first, again, other
        integer(int8), allocatable :: ticket(:), none(:)
        integer(int32), allocatable :: missing(:)
        character(200) :: text
        integer :: stat

        call begin(store, ticket)
        call write_tile(ticket, 0, first)
        call write_tile(ticket, 0, again)
        call worker%open_worker(ticket, 3, path=path_of("store"))
        call worker%write("run", "t", 7_int32, start=[2, 5])
        call worker%close(stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_unflushed_changes, "worker 3")
        call worker%renew(ticket, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_unflushed_changes, "worker 3")
        call worker%flush(stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_unsupported, "worker 3")
        call worker%export_changes(other%bytes)
        call store%import_changes([first%bytes, other%bytes], [size(first%bytes), size(other%bytes)], stat, text)
        call expect_failure(stat, text, atlas_status_conflict, "workers 0 and 3")
        call expect(contains_text(text, "'t'") .and. contains_text(text, "'run'"), "the array's name")
        ! It was run twice, and one of both counts.
        call store%import_changes([first%bytes, again%bytes], [size(first%bytes), size(again%bytes)])
        call store%session_end(stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_unflushed_changes, "not flushed")

        call store%import_changes(first%bytes, [1, 2], stat, text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "counts are of 3 bytes")
        call store%import_changes(first%bytes, [size(first%bytes) + 1, -1], stat, text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "counts are of")
        call store%import_changes(ticket, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "export")
        first%bytes(size(first%bytes)) = not(first%bytes(size(first%bytes)))
        call store%import_changes(first%bytes, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_corrupt, "export 0")
        call store%export_changes(none, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "not a worker")
        call expect(size(none) == 0, "no bytes")
        call store%session_begin(none, workers=-1, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "workers is -1")
        call store%session_begin(none, datasets=["run ", "none"], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_not_found, "'none'")
        call expect(size(none) == 0, "no ticket")
        call worker%close()
        call worker%open_worker(ticket, -1, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "worker is -1")
        call worker%open_worker(first%bytes, 1, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "ticket")
        call expect(.not. worker%is_open(), "no worker")
        call store%flush()
        call store%session_end()
        call store%session_missing(missing, stat, text)
        call expect_failure(stat, text, atlas_status_conflict, "no session")
        call store%import_changes(other%bytes, stat=stat)
        call expect(stat == atlas_status_conflict, "no session")
        call store%close()
    end subroutine mistakes

    subroutine growth
        type(store_type) :: store, worker
        type(array_info_type) :: info
        type(export_type) :: export
        integer(int8), allocatable :: ticket(:)
        integer(int32) :: column(nx), t(nx, 2)
        character(200) :: text
        integer :: stat

        call begin(store, ticket)
        call store%create_dataset("other")
        call store%session_begin(ticket, datasets=["run"])
        call worker%open_worker(ticket, 0)
        call expect(worker%dataset_count() == 1, "the dataset that was named")
        call worker%extend("run", "t", ny + 1)
        call worker%extend("run", "t", 3_int64)
        call worker%extend("run", "t", -1, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "length is -1")
        column = 9
        call worker%write("run", "t", column, start=[1, ny + 1])
        call worker%export_changes(export%bytes)
        call store%import_changes(export%bytes)
        call store%info("run", "t", info)
        call expect(all(info%shape == [nx, ny + 1]), "longer")
        call store%flush()
        call store%session_begin(ticket)
        call worker%renew(ticket)
        call expect(worker%dataset_count() == 2, "what was committed")
        call worker%read("run", "t", t, start=[1, ny])
        call expect(all(t(:, 1) == 0) .and. all(t(:, 2) == 9), "its values")
        call worker%close()
        call store%close()
    end subroutine growth

    subroutine adoption
        type(store_type) :: store
        type(export_type) :: export
        integer(int8), allocatable :: ticket(:)
        integer(int32) :: t(nx, ny)

        call begin(store, ticket)
        call store%close()
        ! The session goes on with another store.
        call store%open(path_of("store"), action="readwrite", ticket=ticket)
        call write_tile(ticket, 2, export)
        call store%import_changes(export%bytes)
        call store%close()
        call store%open(path_of("store"))
        call store%read("run", "t", t)
        call expect(all(t(:, 11:15) == 3) .and. all(t(:, :10) == 0), "what the worker wrote")
        call store%close()
    end subroutine adoption
end module session_tests

program sessions
    use check, only: finish, run
    use session_tests, only: adoption, growth, mistakes, tiles
    implicit none (type, external)

    call run("tiles", tiles)
    call run("mistakes", mistakes)
    call run("growth", growth)
    call run("adoption", adoption)
    call finish
end program sessions
