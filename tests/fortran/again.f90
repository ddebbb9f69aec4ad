! Stores that are there already, what other stores see of one, and datasets that move.
module again_tests
    use, intrinsic :: iso_fortran_env, only: int64, int8
    use check, only: expect, expect_failure, path_of
    use atlas_store, only: atlas_dtype_i32, atlas_if_exists_fail, atlas_if_exists_open, atlas_if_exists_replace, &
        atlas_status_already_exists, atlas_status_invalid_argument, atlas_status_locked, atlas_status_not_found, &
        atlas_status_type_mismatch, atlas_wait_forever, store_info_type, store_type
    implicit none (type, external)
    private

    public :: already_there, commits, moving, store_attributes, turns

    character(:), allocatable, save :: names(:), texts(:)

contains

    subroutine fill(store, dataset, value)
        type(store_type), intent(in) :: store
        character(*), intent(in) :: dataset
        integer, intent(in) :: value

        call store%create_dataset(dataset)
        call store%define(dataset, "x", atlas_dtype_i32)
        call store%write(dataset, "x", value)
        call store%set_attribute(dataset, "value", value, array="x")
    end subroutine fill

    subroutine already_there
        type(store_type) :: store, reader
        character(200) :: text
        integer :: stat, value

        call store%create(path_of("store"), if_exists=atlas_if_exists_replace)
        call fill(store, "d", 7)
        call store%close()
        call store%create(path_of("store"), if_exists=atlas_if_exists_fail, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_already_exists, "already")
        call expect(.not. store%is_open(), "not open after a failure")
        call store%create(path_of("store"), if_exists=atlas_if_exists_open)
        call store%read("d", "x", value)
        call expect(value == 7, "opened as it is")
        call store%close()
        call store%create(path_of("store"), if_exists=atlas_if_exists_replace)
        call expect(store%dataset_count() == 0, "begun anew")
        call reader%open(path_of("store"))
        call expect(reader%has_dataset("d"), "as it was for readers")
        call fill(store, "e", 8)
        call store%close()
        call reader%refresh()
        call expect(reader%has_dataset("e"), "replaced by a flush")
        call expect(.not. reader%has_dataset("d"), "without what was there")
    end subroutine already_there

    subroutine turns
        type(store_type) :: store, other
        character(200) :: text
        integer :: stat

        call store%create(path_of("store"))
        call other%open(path_of("store"), action="readwrite", lock_timeout_ms=20, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_locked, "")
        call other%open(path_of("store"), action="readwrite", lock_timeout_ms=20.0, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "lock_timeout_ms must be of type integer")
        call other%create(path_of("store"), if_exists=atlas_if_exists_open, lock_timeout_ms=1_int8, stat=stat)
        call expect(stat == atlas_status_locked, "locked for create, too")
        call store%close()
        call other%open(path_of("store"), action="readwrite", lock_timeout_ms=atlas_wait_forever)
        call expect(other%is_open(), "nobody to wait for")
    end subroutine turns

    subroutine commits
        type(store_type) :: writer, reader
        type(store_info_type) :: before, after
        character(200) :: text
        integer :: stat

        call writer%create(path_of("store"))
        call reader%open(path_of("store"))
        call reader%info(before)
        call expect(.not. reader%wait_for_commit(0), "none yet")
        call expect(.not. reader%wait_for_commit(5_int64), "none for a while")
        call fill(writer, "d", 1)
        call writer%flush()
        call expect(reader%wait_for_commit(atlas_wait_forever), "a commit")
        call reader%info(after)
        call expect(after%generation == before%generation, "not moved on to it")
        call reader%refresh()
        call expect(reader%has_dataset("d"), "moved on to it")
        call expect(.not. reader%wait_for_commit(0), "no newer one")
        call expect(.not. writer%wait_for_commit(0, stat=stat, errmsg=text), "none for a writer")
        call expect_failure(stat, text, atlas_status_invalid_argument, "")
        call expect(.not. reader%wait_for_commit("0", stat=stat, errmsg=text), "a text is no number")
        call expect_failure(stat, text, atlas_status_invalid_argument, "timeout_ms must be of type integer")
    end subroutine commits

    subroutine moving
        type(store_type) :: store, other
        character(200) :: text
        integer :: stat, value

        call store%create(path_of("store"))
        call other%create(path_of("other"))
        call fill(store, "a", 1)
        call fill(store, "b", 2)
        call store%rename_dataset("a", "c  ")
        call expect(store%has_dataset("c"), "renamed")
        call expect(.not. store%has_dataset("a"), "no longer the old name")
        call store%rename_dataset("b", "c", stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_already_exists, "c")
        call store%rename_dataset("a", "d", stat=stat)
        call expect(stat == atlas_status_not_found, "gone")
        call store%copy_dataset("c", "d")
        call store%copy_dataset("c", "from_store", to=other)
        call store%read("d", "x", value)
        call expect(value == 1, "copied within the store")
        call other%read("from_store", "x", value)
        call expect(value == 1, "copied to another")
        call other%get_attribute("from_store", "value", value, array="x")
        call expect(value == 1, "with its attributes")
        call store%copy_dataset("c", "b", stat=stat)
        call expect(stat == atlas_status_already_exists, "not over another")
        call store%dataset_names(names)
        call expect(size(names) == 3, "three datasets")
    end subroutine moving

    subroutine store_attributes
        type(store_type) :: store
        integer, allocatable :: list(:)
        character(:), allocatable :: title
        character(200) :: text
        integer(int64) :: n
        integer :: dtype, stat, three(3)

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%set_attribute("d", "title", "of the dataset")
        call store%set_attribute(key="title", value="of the store")
        call store%set_attribute(key="authors", value=["one", "two"])
        call store%set_attribute(key="list", value=[1, 2, 3])
        call store%close()
        call store%open(path_of("store"), action="readwrite")
        call store%get_attribute_text(key="title", text=title)
        call expect(title == "of the store", "the store's title")
        call store%get_attribute_text("d", "title", title)
        call expect(title == "of the dataset", "the dataset's title")
        call store%get_attribute_text(key="authors", texts=texts)
        call expect(size(texts) == 2 .and. texts(2) == "two", "a list of texts")
        call store%get_attribute(key="list", value=three)
        call expect(all(three == [1, 2, 3]), "numbers")
        call store%get_attribute_alloc(key="list", value=list)
        call expect(size(list) == 3, "numbers, allocated")
        call store%attribute_info(key="list", dtype=dtype, count=n)
        call expect(dtype == atlas_dtype_i32 .and. n == 3, "what they are")
        call expect(store%attribute_count() == 3, "three")
        call store%attribute_names(names=names)
        call expect(size(names) == 3 .and. names(1) == "title" .and. names(3) == "list", "in order")
        call expect(store%has_attribute(key="list"), "the store's")
        call expect(.not. store%has_attribute("d", "list"), "the store's alone")
        call store%delete_attribute(key="list")
        call expect(.not. store%has_attribute(key="list"), "deleted")
        call store%get_attribute(key="title", value=three, stat=stat)
        call expect(stat /= 0, "a text is no list of numbers")
        call store%set_attribute(key="x", value=1, array="x", stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "")
        call store%get_attribute_alloc(key="title", value=list, stat=stat)
        call expect(stat == atlas_status_type_mismatch, "nor allocated")
    end subroutine store_attributes
end module again_tests

program again
    use check, only: finish, run
    use again_tests, only: already_there, commits, moving, store_attributes, turns
    implicit none (type, external)

    call run("stores that are there", already_there)
    call run("writers in turn", turns)
    call run("waiting for commits", commits)
    call run("datasets that move", moving)
    call run("attributes of a store", store_attributes)
    call finish
end program again
