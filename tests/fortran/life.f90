! The life of a store: what is durable when, who may do what, finalizers, options, callbacks; and failures with stat
! and errmsg.
module life_tests
    use, intrinsic :: iso_fortran_env, only: int64, real64
    use check, only: contains_text, expect, expect_failure, path_of
    use atlas_store, only: atlas_codec_none, atlas_compression_zstd, atlas_dtype_f64, atlas_dtype_i32, &
        atlas_header_version, atlas_log_warning, atlas_meta_format_json, atlas_meta_format_msgpack, &
        atlas_mode_read, atlas_mode_read_write, atlas_status_already_exists, atlas_status_cancelled, &
        atlas_status_corrupt, atlas_status_invalid_argument, atlas_status_invalid_handle, atlas_status_io, &
        atlas_status_locked, atlas_status_not_found, atlas_status_ok, atlas_status_out_of_range, &
        atlas_status_read_only, atlas_status_unflushed_changes, atlas_version, damage_type, dtype_name, &
        library_version, stats_type, status_name, store_info_type, store_type
    implicit none (type, external)
    private

    public :: actions, begun_flushes, closed_stores, compaction, damage, durability, earlier_commits, failed_flush, &
        finalizers, library, messages, open_twice, options, progress, pins, readers, &
        regions_refused, stat_and_errmsg, unclosed_stores, write_buffer

    ! What the callbacks below saw.
    integer :: reports = 0
    integer :: patience = huge(0)
    integer :: notes = 0
    character(1000) :: last_note = ""
    character(:), allocatable :: what_it_was

contains

    subroutine durability
        type(store_type) :: store
        integer :: a

        call store%create(path_of("store"))
        call expect(store%is_open(), "open")
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_i32)
        call store%write("d", "x", 1)
        call store%discard()
        call expect(.not. store%is_open(), "not open")

        call store%open(path_of("store"), action="readwrite")
        call expect(store%dataset_count() == 0, "discarded what was not flushed")
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_i32)
        call store%write("d", "x", 1)
        call store%flush()
        call store%write("d", "x", 2)
        call store%discard()

        call store%open(path_of("store"), action="readwrite")
        call store%read("d", "x", a)
        call expect(a == 1, "as the flush left it")
        call store%write("d", "x", 3)
        call store%close()

        call store%open(path_of("store"))
        call store%read("d", "x", a)
        call expect(a == 3, "close flushes")
        call store%close()
        call store%close()
        call store%discard()
        call expect(.not. store%is_open(), "closed and discarded twice")
    end subroutine durability

    !> A flush that was begun commits what was written before it, and nothing that was written after.
    subroutine begun_flushes
        call begin_flushes(path_of("inline"), 0)
        call begin_flushes(path_of("threads"), 2)
    end subroutine begun_flushes

    subroutine begin_flushes(path, num_threads)
        character(*), intent(in) :: path
        integer, intent(in) :: num_threads
        type(store_type) :: store, reader
        type(store_info_type) :: info
        integer :: a(1000)

        call store%create(path, num_threads=num_threads)
        call store%flush_begin()
        call store%flush_wait()
        call expect(store%flush_test(), "nothing to flush")
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_i32, [1000])
        a = 1
        call store%write("d", "x", a)
        call store%flush_begin()
        a = 2
        call store%write("d", "x", a(:500), start=[1])
        call store%create_dataset("later")
        call store%flush_wait()
        call expect(store%flush_test(), "over")
        call store%info(info)
        call expect(info%generation == 2 .and. info%unflushed_changes, "one commit, and changes after it")

        call reader%open(path)
        call reader%read("d", "x", a)
        call expect(all(a == 1), "what was written before")
        call expect(.not. reader%has_dataset("later"), "not what came after")
        call store%read("d", "x", a)
        call expect(all(a(:500) == 2) .and. all(a(501:) == 1), "what was written in all")
        call store%flush_begin()
        call store%flush()
        call reader%refresh()
        call reader%read("d", "x", a)
        call expect(all(a(:500) == 2) .and. all(a(501:) == 1), "what the next flush has")
        call expect(reader%has_dataset("later"), "what came after")

        a = 3
        call store%write("d", "x", a)
        call store%flush_begin()
        a = 4
        call store%write("d", "x", a)
        call store%flush_begin()
        a = 5
        call store%write("d", "x", a)
        call store%discard()
        call reader%refresh()
        call reader%info(info)
        call reader%read("d", "x", a)
        call expect(all(a == 4) .and. info%generation == 5, "begun flushes come before a discard")
    end subroutine begin_flushes

    !> The failure of a flush that was begun comes out once, and nothing is lost.
    subroutine failed_flush
        type(store_type) :: store
        character(300) :: text
        integer :: stat, a

        call store%create(path_of("store"), num_threads=1)
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_i32)
        call store%write("d", "x", 1)
        call execute_command_line("mv "//path_of("store")//" "//path_of("elsewhere"))
        call store%flush_begin()
        call store%flush_wait(stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_io, "store")
        call store%flush_wait()
        call store%flush_begin()
        do while (.not. store%flush_test())
        end do
        call store%flush_begin(stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_io, "store")
        call expect(store%flush_test(), "nothing begun")
        call execute_command_line("mv "//path_of("elsewhere")//" "//path_of("store"))
        call store%flush_begin()
        call store%flush_wait()
        call store%discard()
        call store%open(path_of("store"))
        call store%read("d", "x", a)
        call expect(a == 1, "what was written")
    end subroutine failed_flush

    !> More values than the buffer holds wait in files that the next flush has, and a discard has not.
    subroutine write_buffer
        integer, parameter :: n = 4000, columns = 40
        integer(int64), parameter :: buffer = 4 * 8 * n
        type(store_type) :: store
        type(store_info_type) :: info
        real(real64), allocatable :: a(:, :), b(:, :)
        integer :: i, files

        allocate(a(n, columns), b(n, columns))
        call random_number(a)
        call store%create(path_of("store"), codec=atlas_codec_none, write_buffer_bytes=buffer)
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_f64, [n, columns], chunk_shape=[n, 1])
        call store%flush()
        files = file_count(path_of("store"))
        do i = 1, columns
            call store%write("d", "x", a(:, i), start=[1, i])
        end do
        call expect(file_count(path_of("store")) > files, "files ahead of the flush")
        call store%info(info)
        call expect(info%segment_count == 0 .and. info%generation == 2, "which no commit has")
        call store%read("d", "x", b)
        call expect(same_bits(a, b), "the values")
        call store%flush()
        call store%close()

        files = file_count(path_of("store"))
        call store%open(path_of("store"), action="readwrite", write_buffer_bytes=buffer)
        do i = 1, columns
            call store%write("d", "x", -a(:, i), start=[1, i])
        end do
        call expect(file_count(path_of("store")) > files, "files after open, too")
        call store%read("d", "x", b)
        call expect(same_bits(a, -b), "the new values")
        call store%discard()
        call expect(file_count(path_of("store")) == files, "no file is left")
        call store%open(path_of("store"))
        call store%read("d", "x", b)
        call expect(same_bits(a, b), "as the flush left it")
        call store%verify()
    end subroutine write_buffer

    !> How many files there are below a folder.
    function file_count(folder) result(count)
        character(*), intent(in) :: folder
        integer :: count

        integer :: unit

        call execute_command_line("find "//folder//" -type f | wc -l >"//path_of("count"))
        open (newunit=unit, file=path_of("count"), action="read")
        read (unit, *) count
        close (unit)
    end function file_count

    pure function same_bits(a, b) result(same)
        real(real64), intent(in) :: a(:, :), b(:, :)
        logical :: same

        same = all(transfer(a, [0_int64]) == transfer(b, [0_int64]))
    end function same_bits

    !> A store that goes out of scope is discarded, and gives its lock back.
    subroutine finalizers
        type(store_type) :: store
        type(store_type), allocatable :: stores(:)
        integer :: stat

        call leave_one_open(path_of("store"))
        call store%open(path_of("store"), action="readwrite")
        call expect(store%dataset_count() == 1, "what a procedure left open")
        call expect(store%dataset_name(1) == "flushed", "what it had flushed")
        call store%close()

        allocate(stores(3))
        call stores(1)%create(path_of("first"))
        call stores(3)%create(path_of("third"))
        call stores(1)%create_dataset("lost")
        deallocate(stores)
        call store%open(path_of("first"), action="readwrite")
        call expect(store%dataset_count() == 0, "a deallocated array of stores")
        call store%discard()

        block
            type(store_type) :: inner
            call inner%open(path_of("third"), action="readwrite")
            call inner%create_dataset("lost")
        end block
        call store%open(path_of("third"), action="readwrite", stat=stat)
        call expect(stat == atlas_status_ok, "a block")
        call expect(store%dataset_count() == 0, "what it had not flushed")
        call overwrite(store)
        call expect(.not. store%is_open(), "intent(out) finalizes")
        call store%open(path_of("third"), action="readwrite", stat=stat)
        call expect(stat == atlas_status_ok, "and gives the lock back")
    end subroutine finalizers

    !> A finalizer that loses changes tells the log; `discard` and a finalizer that loses nothing do not.
    subroutine unclosed_stores
        notes = 0
        call leave(discarded=.true., changed=.true.)
        call leave(discarded=.false., changed=.false.)
        call expect(notes == 0, "nothing to say")
        call leave(discarded=.false., changed=.true.)
        call expect(notes == 1 .and. contains_text(last_note, "store: the changes since"), "a warning")
    end subroutine unclosed_stores

    subroutine leave(discarded, changed)
        logical, intent(in) :: discarded, changed
        type(store_type) :: store
        character(:), allocatable :: path

        path = path_of("store")
        call execute_command_line("rm -rf '"//path//"'")
        call store%create(path, log=note)
        if (changed) call store%create_dataset("d")
        if (discarded) call store%discard()
    end subroutine leave

    subroutine leave_one_open(path)
        character(*), intent(in) :: path
        type(store_type) :: store

        call store%create(path)
        call store%create_dataset("flushed")
        call store%flush()
        call store%create_dataset("not flushed")
    end subroutine leave_one_open

    subroutine overwrite(store)
        type(store_type), intent(out) :: store

        call expect(.not. store%is_open(), "nothing open yet")
    end subroutine overwrite

    subroutine closed_stores
        type(store_type) :: store
        type(store_info_type) :: info
        type(stats_type) :: stats
        integer(int64), allocatable :: generations(:)
        character(:), allocatable, save :: names(:)
        character(200) :: text
        integer :: stat

        call store%flush(stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_handle, "")
        call store%flush_begin(stat=stat)
        call expect(stat == atlas_status_invalid_handle, "flush_begin")
        call expect(.not. store%flush_test(stat=stat), "no flush that is over")
        call expect(stat == atlas_status_invalid_handle, "flush_test")
        call store%flush_wait(stat=stat)
        call expect(stat == atlas_status_invalid_handle, "flush_wait")
        call store%info(info, stat=stat)
        call expect(stat == atlas_status_invalid_handle, "info")
        call store%create_dataset("d", stat=stat)
        call expect(stat == atlas_status_invalid_handle, "create_dataset")
        call store%write("d", "x", 1, stat=stat)
        call expect(stat == atlas_status_invalid_handle, "write")
        call store%read("d", "x", stat, stat=stat)
        call expect(stat == atlas_status_invalid_handle, "read")
        call store%append("d", "x", [1], stat=stat)
        call expect(stat == atlas_status_invalid_handle, "append")
        call store%stats("d", "x", stats, stat=stat)
        call expect(stat == atlas_status_invalid_handle, "stats")
        call expect(.not. store%has_dataset("d", stat=stat), "no dataset")
        call expect(stat == atlas_status_invalid_handle, "has_dataset")
        call expect(store%dataset_count(stat=stat) == 0, "none to count")
        call expect(stat == atlas_status_invalid_handle, "dataset_count")
        call store%compact(stat=stat)
        call expect(stat == atlas_status_invalid_handle, "compact")
        call store%refresh(stat=stat)
        call expect(stat == atlas_status_invalid_handle, "refresh")
        call store%generations(generations, stat=stat)
        call expect(stat == atlas_status_invalid_handle .and. size(generations) == 0, "generations")
        call store%set_keep_generations(1, stat=stat)
        call expect(stat == atlas_status_invalid_handle, "set_keep_generations")
        call store%pin("p", stat=stat)
        call expect(stat == atlas_status_invalid_handle, "pin")
        call store%unpin("p", stat=stat)
        call expect(stat == atlas_status_invalid_handle, "unpin")
        call store%pin_names(names, stat=stat)
        call expect(stat == atlas_status_invalid_handle .and. size(names) == 0, "pin_names")
        call expect(store%pin_generation("p", stat=stat) == 0, "no commit")
        call expect(stat == atlas_status_invalid_handle, "pin_generation")
        call store%rollback(1_int64, stat=stat)
        call expect(stat == atlas_status_invalid_handle, "rollback")
        call store%verify(stat=stat)
        call expect(stat == atlas_status_invalid_handle, "verify")
        call store%close(stat=stat)
        call expect(stat == atlas_status_ok, "close has nothing to do")
        call store%discard(stat=stat)
        call expect(stat == atlas_status_ok, "nor has discard")
    end subroutine closed_stores

    subroutine open_twice
        type(store_type) :: store, other
        character(300) :: text
        integer :: stat

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%create(path_of("other"), stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "has an open store")
        call store%open(path_of("store"), stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "has an open store")
        call expect(store%has_dataset("d"), "the store as it was")
        call other%open(path_of("store"), action="readwrite", stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_locked, "store")
        call expect(.not. other%is_open(), "not open")
        call other%create(path_of("store"), stat=stat)
        call expect(stat == atlas_status_already_exists .or. stat == atlas_status_locked, "created once")
        call other%open(path_of("nothing"), stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_not_found, "nothing")
        call other%create(path_of("no")//"/such/folder", stat=stat)
        call expect(stat /= atlas_status_ok .and. .not. other%is_open(), "a parent that is missing")
        call other%create(path_of("other"))
        call expect(other%is_open() .and. other%c_handle() /= store%c_handle(), "another store")
    end subroutine open_twice

    subroutine actions
        type(store_type) :: store
        type(store_info_type) :: info
        character(100) :: text
        integer :: stat

        call store%create(path_of("store"))
        call store%info(info)
        call expect(info%mode == atlas_mode_read_write, "created for writing")
        call store%close()
        call store%open(path_of("store"))
        call store%info(info)
        call expect(info%mode == atlas_mode_read, "opened for reading")
        call store%create_dataset("d", stat=stat)
        call expect(stat == atlas_status_read_only, "which it is")
        call store%flush(stat=stat)
        call expect(stat == atlas_status_read_only, "nothing to flush")
        call store%flush_begin(stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_read_only, "")
        call expect(.not. store%flush_test(stat=stat, errmsg=text), "flush_test has no answer")
        call expect_failure(stat, text, atlas_status_read_only, "")
        call store%flush_wait(stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_read_only, "")
        call store%close()
        call store%open(path_of("store"), action="read ")
        call store%close()
        call store%open(path_of("store"), action="write", stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "action is 'write'")
        call expect(.not. store%is_open(), "not open")
    end subroutine actions

    subroutine readers
        type(store_type) :: writer, reader
        type(store_info_type) :: before, after
        integer :: a

        call writer%create(path_of("store"))
        call writer%create_dataset("d")
        call writer%define("d", "x", atlas_dtype_i32)
        call writer%write("d", "x", 1)
        call writer%flush()
        call reader%open(path_of("store"))
        call reader%info(before)
        call writer%write("d", "x", 2)
        call writer%info(after)
        call expect(after%unflushed_changes .and. .not. before%unflushed_changes, "unflushed changes")
        call writer%flush()
        call reader%read("d", "x", a)
        call expect(a == 1, "the commit that was opened")
        call reader%refresh()
        call reader%read("d", "x", a)
        call reader%info(after)
        call expect(a == 2 .and. after%generation == before%generation + 1, "the next commit")
    end subroutine readers

    !> The value of every commit is its number.
    subroutine pins
        type(store_type) :: writer, reader
        character(:), allocatable, save :: names(:)
        character(300) :: text
        integer :: i, a, stat

        call writer%create(path_of("store"))
        call writer%create_dataset("d")
        call writer%define("d", "x", atlas_dtype_i32)
        call writer%pin_names(names)
        call expect(size(names) == 0, "no pins")
        do i = 2, 20
            call writer%write("d", "x", i)
            call writer%flush()
            if (i == 3 .or. i == 5) call writer%pin(merge("three ", "five  ", i == 3))
        end do
        call writer%pin("five", stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_already_exists, "pin 'five' already exists: it names commit 5")
        call writer%compact()
        call reader%open(path_of("store"))
        call reader%pin_names(names)
        call expect(size(names) == 2 .and. names(1) == "three" .and. names(2) == "five", "their names")
        call expect(reader%pin_generation("three") == 3, "the first commit")
        call expect(reader%pin_generation("five") == 5, "the second")
        call reader%close()
        call reader%open(path_of("store"), generation=writer%pin_generation("three"))
        call reader%read("d", "x", a)
        call expect(a == 3, "what was pinned")
        call reader%close()
        call writer%unpin("three")
        call writer%flush()
        call writer%unpin("three", stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_not_found, "no pin 'three'")
        call reader%open(path_of("store"), generation=3_int64, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_not_found, "commit 3")
        call expect(writer%pin_generation("three", stat=stat) == 0, "no commit")
        call expect(stat == atlas_status_not_found, "it is gone")
        call writer%close()
    end subroutine pins

    !> The value of every commit is its number.
    subroutine earlier_commits
        type(store_type) :: writer, reader
        type(store_info_type) :: info
        integer(int64), allocatable :: generations(:)
        character(300) :: text
        integer :: i, a, stat

        call writer%create(path_of("store"), keep_generations=3)
        call writer%create_dataset("d")
        call writer%define("d", "x", atlas_dtype_i32)
        do i = 2, 7
            call writer%write("d", "x", i)
            call writer%flush()
        end do
        call writer%generations(generations)
        call expect(size(generations) == 4 .and. all(generations == [4, 5, 6, 7]), "three before the last")
        do i = 4, 7
            call reader%open(path_of("store"), generation=int(i, int64))
            call reader%read("d", "x", a)
            call reader%info(info)
            call expect(a == i .and. info%generation == i .and. info%mode == atlas_mode_read, "each of them")
            call reader%close()
        end do
        call reader%open(path_of("store"), generation=3_int64, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_not_found, "commit 3: it has 4, 5, 6 and the last, 7")
        call expect(.not. reader%is_open(), "not open")
        call reader%open(path_of("store"), action="readwrite", generation=5_int64, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "reading only")
        call expect(.not. reader%is_open(), "not open")
        reports = 0
        call reader%open(path_of("store"), action="read", generation=5_int64, progress=count_reports)
        call reader%verify()
        call expect(reports > 0, "options as for the last commit")
        call reader%rollback(5_int64, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_read_only, "")

        call writer%rollback(3_int64, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_not_found, "commit 3: it has 4, 5, 6 and the last, 7")
        call writer%write("d", "x", 8)
        call writer%rollback(4_int64, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_unflushed_changes, "")
        call writer%flush()
        call writer%rollback(6_int64)
        call writer%read("d", "x", a)
        call expect(a == 6, "gone back")
        call reader%read("d", "x", a)
        call expect(a == 5, "the reader stays")
        call reader%refresh()
        call reader%read("d", "x", a)
        call expect(a == 6, "the reader moves on")
        call reader%close()
        call writer%rollback(8_int64)
        call writer%read("d", "x", a)
        call expect(a == 8, "undone")
        call writer%close()

        call writer%create(path_of("forgetful"), keep_generations=0)
        call writer%create_dataset("d")
        call writer%flush()
        call writer%generations(generations)
        call expect(size(generations) == 1 .and. all(generations == 2), "none kept")
        call writer%info(info)
        call expect(info%keep_generations == 0, "none to keep")
        call writer%set_keep_generations(2)
        call writer%flush()
        call writer%info(info)
        call expect(info%keep_generations == 2, "two to keep")
        call writer%generations(generations)
        call expect(size(generations) == 2 .and. all(generations == [2, 3]), "one kept so far")
        call writer%set_keep_generations()
        call writer%info(info)
        call expect(info%keep_generations == -1 .and. info%unflushed_changes, "the default")
        call writer%set_keep_generations(-2, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "count is -2")
        call writer%close()
        call writer%create(path_of("default"))
        do i = 1, 2
            call writer%create_dataset(merge("c", "d", i == 1))
            call writer%flush()
        end do
        call writer%generations(generations)
        call expect(size(generations) == 2 .and. all(generations == [2, 3]), "one before the last")
        call writer%close()
        call writer%create(path_of("bad"), keep_generations=-2, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "keep_generations is -2")
    end subroutine earlier_commits

    subroutine options
        type(store_type) :: store
        type(store_info_type) :: info
        integer :: i, a(100), b(100)

        a = [(i, i = 1, 100)]
        call store%create(path_of("store"), codec=atlas_codec_none, level=0, shuffle=.false., &
            meta_format=atlas_meta_format_msgpack, meta_compression=atlas_compression_zstd, sync=.false., &
            num_threads=0, cache_bytes=1000000_int64)
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_i32, [100])
        call store%write("d", "x", a)
        call store%info(info)
        call expect(info%meta_format == atlas_meta_format_msgpack, "the root's format")
        call expect(info%meta_compression == atlas_compression_zstd, "the root's compression")
        call expect(info%dataset_count == 1 .and. info%segment_count == 0, "nothing flushed")
        call store%close()
        call store%open(path_of("store"), action="readwrite", sync=.true., num_threads=2, cache_bytes=1_int64)
        call store%read("d", "x", b)
        call store%info(info)
        call expect(all(a == b) .and. info%segment_count == 1 .and. info%array_file_count == 1, "reopened")
        call expect(info%live_bytes > 0 .and. info%dead_bytes == 0, "all bytes live")
        call store%close()
        call store%create(path_of("json"))
        call store%info(info)
        call expect(info%meta_format == atlas_meta_format_json, "JSON is the default")
    end subroutine options

    subroutine compaction
        type(store_type) :: store
        type(store_info_type) :: info
        real(real64) :: a(1000)
        integer :: stat, i

        call store%create(path_of("store"), codec=atlas_codec_none)
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_f64, [1000])
        call store%create_dataset("e") ! it keeps the first segment in use
        call store%define("e", "x", atlas_dtype_f64, [1])
        call store%write("e", "x", [1.0_real64])
        do i = 1, 3
            a = i
            call store%write("d", "x", a)
            call store%flush()
        end do
        call store%info(info)
        call expect(info%dead_bytes > 0, "dead bytes")
        call store%write("d", "x", a)
        call store%compact(stat=stat)
        call expect(stat == atlas_status_unflushed_changes, "not with unflushed changes")
        call store%flush()
        call store%compact()
        call store%info(info)
        call expect(info%dead_bytes == 0, "compacted")
        call store%read("d", "x", a)
        call expect(all(nint(a) == 3), "the values")
    end subroutine compaction

    subroutine damage
        type(store_type) :: store
        type(damage_type), allocatable :: damages(:)
        real(real64) :: a(1000)
        character(500) :: text, file
        character :: byte
        integer(int64) :: count
        integer :: stat, unit

        a = 1
        call store%create(path_of("store"), codec=atlas_codec_none)
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_f64, [1000])
        call store%write("d", "x", a)
        call store%flush()
        call store%verify(count, damages)
        call expect(count == 0 .and. size(damages) == 0, "no damage")
        call store%verify()
        call store%close()

        call execute_command_line("ls "//path_of("store")//"/x/*.seg >"//path_of("list"))
        open (newunit=unit, file=path_of("list"), action="read")
        read (unit, "(a)") file
        close (unit)
        open (newunit=unit, file=trim(file), access="stream", form="unformatted", action="readwrite")
        read (unit, pos=4000) byte
        write (unit, pos=4000) achar(ieor(iachar(byte), 1))
        close (unit)

        call store%open(path_of("store"))
        call store%verify(count, damages, stat=stat, errmsg=text)
        call expect(stat == atlas_status_corrupt .and. text /= "", "damage")
        call expect(count == 1 .and. size(damages) == 1, "in one place")
        call expect(contains_text(damages(1)%file, ".seg"), "the file's name")
        call expect(damages(1)%offset >= 0 .and. len(damages(1)%message) > 0, "offset and message")
        call store%read("d", "x", a, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_corrupt, ".seg")
    end subroutine damage

    !> Reports reach the procedure, which can cancel.
    subroutine progress
        type(store_type) :: store
        integer :: stat

        call store%create(path_of("store"), progress=count_reports)
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_i32)
        call store%write("d", "x", 1)
        call store%flush()
        reports = 0
        patience = huge(0)
        call store%verify()
        call expect(reports > 0 .and. what_it_was == "verify", "reports of verify")
        reports = 0
        patience = 1
        call store%verify(stat=stat)
        call expect(stat == atlas_status_cancelled .and. reports == 1, "cancelled")
        patience = huge(0)
        call store%write("d", "x", 2)
        call store%flush()
        reports = 0
        call store%compact()
        call expect(reports > 0 .and. what_it_was == "compact", "reports of compact")
        call store%close()
        call store%open(path_of("store"), progress=count_reports)
        reports = 0
        call store%verify()
        call expect(reports > 0, "reports of a store opened")
    end subroutine progress

    function count_reports(what, done, total) result(go_on)
        character(*), intent(in) :: what
        integer(int64), intent(in) :: done, total
        logical :: go_on

        what_it_was = what
        reports = reports + 1
        go_on = reports < patience .and. done <= total
    end function count_reports

    !> The writer tells of files that no commit names.
    subroutine messages
        type(store_type) :: store
        integer :: unit

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_i32)
        call store%write("d", "x", 1)
        call store%close()
        open (newunit=unit, file=path_of("store")//"/x/00000001-0123456789abcdef.seg", action="write")
        write (unit, "(a)") "left over"
        close (unit)
        notes = 0
        call store%open(path_of("store"), action="readwrite", log=note)
        call store%write("d", "x", 2)
        call store%flush()
        call expect(notes > 0 .and. contains_text(last_note, "1 files"), "a message")
    end subroutine messages

    subroutine note(level, message)
        integer, intent(in) :: level
        character(*), intent(in) :: message

        notes = notes + 1
        last_note = message
        call expect(level <= atlas_log_warning, "a level")
    end subroutine note

    !> `stat` is set and `errmsg` left alone by success; `errmsg` is padded and cut as in the language.
    subroutine stat_and_errmsg
        type(store_type) :: store
        character(200) :: long
        character(10) :: short
        character(:), allocatable :: any
        integer :: stat

        call store%create(path_of("store"))
        long = "as it was"
        stat = 99
        call store%create_dataset("d", stat, long)
        call expect(stat == atlas_status_ok .and. long == "as it was", "success")
        call store%create_dataset("d", stat, long)
        call expect(stat == atlas_status_already_exists .and. contains_text(long, "'d'"), "a failure")
        call store%create_dataset("d", stat, short)
        call expect(short == long(:10), "cut")
        any = repeat("x", 30)
        call store%create_dataset("d", stat, any)
        call expect(len(any) == 30 .and. any == long(:30), "an allocated variable keeps its length")
        call store%create_dataset("e", errmsg=long)
        stat = 99
        call expect(store%has_dataset("e", stat=stat), "a function")
        call expect(stat == atlas_status_ok, "its stat")
    end subroutine stat_and_errmsg

    subroutine regions_refused
        type(store_type) :: store
        integer :: a(4, 3), stat, i
        character(300) :: text

        a = 1
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_i32, [4, 3])
        call store%write("d", "x", a(:3, :), stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, &
            "array 'x' of dataset 'd' has shape (4, 3), the values have (3, 3)")
        call store%read("d", "x", a(:, 1), stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "the values have (4)")
        call store%write("d", "x", a, start=[0, 1], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "start is (0, 1); indices count from 1")
        call store%write("d", "x", a, start=[2, 1], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "")
        call store%write("d", "x", a, start=[1], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "start has 1 indices, the values have rank 2")
        call store%write("d", "x", a, start=[1, 1, 1], stat=stat)
        call expect(stat /= atlas_status_ok, "too many indices")
        call store%write("d", "x", a, start=[1.0, 1.0], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "start must be of type integer")
        call store%write("d", "x", a, start=[1, 1], count=[4, 2], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "count is (4, 2), the values have shape (4, 3)")
        call store%write("d", "x", a, start=[1], count=[4, 3], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "start has 1 indices, count has 2")
        call store%write("d", "x", a, start=[(1, i = 1, 33)], stat=stat)
        call expect(stat == atlas_status_invalid_argument, "33 indices")
        call store%append("d", "x", a(1, 1), stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "has rank 2, the values have 0")
        call store%append("d", "x", a(:3, :), stat=stat)
        call expect(stat == atlas_status_out_of_range .or. stat == atlas_status_invalid_argument, "another extent")
        call store%read_across("x", ["d"], a, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "3 as their last extent, for 1 datasets")
        call store%read_across("x", ["d"], a(1, 1), stat=stat)
        call expect(stat == atlas_status_invalid_argument, "a scalar for many")
        call store%read_across("x", ["d", "e"], a(:, :2), start=[1, 1], stat=stat)
        call expect(stat == atlas_status_not_found, "a dataset that is missing")
        call store%read("d", "y", a, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_not_found, "'y'")
        call store%read("d", "x", a)
        call expect(all(a == 0), "nothing written")
    end subroutine regions_refused

    subroutine library
        call expect(atlas_version() == atlas_header_version, "module and library of one version")
        call expect(contains_text(library_version(), "."), "a version")
        call expect(status_name(atlas_status_not_found) == "NOT_FOUND", "a status")
        call expect(status_name(12345) == "UNKNOWN", "no status")
        call expect(dtype_name(atlas_dtype_f64) == "f64", "a type")
        call expect(dtype_name(77) == "unknown", "no type")
    end subroutine library
end module life_tests

program life
    use check, only: finish, run
    use life_tests, only: actions, begun_flushes, closed_stores, compaction, damage, durability, earlier_commits, &
        failed_flush, finalizers, library, messages, open_twice, options, progress, pins, readers, &
        regions_refused, stat_and_errmsg, unclosed_stores, write_buffer
    implicit none (type, external)

    call run("flush, close and discard", durability)
    call run("flushes beside the program", begun_flushes)
    call run("a flush that fails", failed_flush)
    call run("write buffer", write_buffer)
    call run("finalizers", finalizers)
    call run("unclosed stores", unclosed_stores)
    call run("closed stores", closed_stores)
    call run("stores opened twice", open_twice)
    call run("actions", actions)
    call run("readers", readers)
    call run("earlier commits", earlier_commits)
    call run("pins", pins)
    call run("options", options)
    call run("compact", compaction)
    call run("verify", damage)
    call run("progress", progress)
    call run("messages", messages)
    call run("stat and errmsg", stat_and_errmsg)
    call run("regions refused", regions_refused)
    call run("library", library)
    call finish
end program life
