! Text: trimmed on the way in, padded on the way out, as long as it is where the caller wants that.
module text_tests
    use, intrinsic :: iso_c_binding, only: c_null_char
    use, intrinsic :: iso_fortran_env, only: int32
    use check, only: expect, expect_failure, path_of
    use atlas_store, only: atlas_dtype_i32, atlas_dtype_string, atlas_status_buffer_too_small, &
        atlas_status_invalid_argument, atlas_status_not_found, atlas_status_out_of_range, atlas_status_type_mismatch, &
        store_type
    implicit none (type, external)
    private

    public :: any_length, attributes_of_text, lists, long_text, names_are_trimmed, nul_in_text, padded, too_long, &
        wrong_type

    ! Not local to the tests: gfortran 12 takes the length of a local one for uninitialized.
    character(:), allocatable :: texts(:)

contains

    subroutine padded
        type(store_type) :: store
        character(4) :: short(3)
        character(10) :: long(3), untouched(2, 3)
        character(:), allocatable :: text

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "t", atlas_dtype_string, [3])
        short = ["ab  ", "    ", " c d"]
        call store%write("d", "t", short)
        long = "xxxxxxxxxx"
        call store%read("d", "t", long)
        call expect(all(long == ["ab        ", "          ", " c d      "]), "padded with blanks")
        call store%read_text("d", "t", text, start=[1])
        call expect(len(text) == 2 .and. text == "ab", "trimmed in the store")
        call store%read_text("d", "t", text, start=[2])
        call expect(len(text) == 0, "an empty text")
        call store%read_text("d", "t", text, start=[3])
        call expect(len(text) == 4 .and. text == " c d", "leading blanks kept")
        untouched = "before"
        call store%read("d", "t", untouched(2, :))
        call expect(all(untouched(2, :) == long) .and. all(untouched(1, :) == "before"), "a row of a matrix")
        call store%write("d", "t", "one", start=[2])
        call store%read("d", "t", long(1), start=[2])
        call expect(long(1) == "one", "one cell")
    end subroutine padded

    subroutine too_long
        type(store_type) :: store
        character(3) :: short(2)
        character(100) :: text
        integer :: stat

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "t", atlas_dtype_string, [2])
        call store%write("d", "t", ["abc ", "defg"])
        call store%read("d", "t", short, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_buffer_too_small, "text 2 is of 4 bytes, the variable is of 3")
        call store%read("d", "t", short(1), start=[1])
        call expect(short(1) == "abc", "a text that just fits")
    end subroutine too_long

    subroutine any_length
        type(store_type) :: store
        character(:), allocatable :: text
        character(0) :: nothing(2)
        character(6) :: back(2)
        character(7), allocatable :: sevens(:)

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "s", atlas_dtype_string)
        call store%define("d", "t", atlas_dtype_string, [2])
        text = "12 "//char(194)//char(176)//"C"
        call store%write("d", "s", text)
        text = ""
        call store%read_text("d", "s", text)
        call expect(len(text) == 6 .and. text == "12 "//char(194)//char(176)//"C", "UTF-8, counted in bytes")
        nothing = ""
        call store%write("d", "t", nothing)
        back = "before"
        call store%read("d", "t", back)
        call expect(all(back == ""), "texts of length 0")
        call store%read("d", "t", nothing)
        call store%read_text("d", "t", texts)
        call expect(size(texts) == 2 .and. len(texts) == 0, "a list of texts of length 0")
        allocate(sevens(2))
        sevens = ["seven  ", "letters"]
        call store%write("d", "t", sevens)
        call store%read_text("d", "t", texts)
        call expect(size(texts) == 2 .and. len(texts) == 7, "as long as the longest")
        call expect(all(texts == sevens), "the texts")
    end subroutine any_length

    subroutine lists
        type(store_type) :: store
        character(3) :: matrix(2, 3)
        character(:), allocatable :: text
        character(100) :: message
        integer :: stat

        matrix = reshape(["a11", "a21", "a12", "a22", "a13", "a23"], [2, 3])
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "m", atlas_dtype_string, [2, 3])
        call store%define("d", "e", atlas_dtype_string, [0])
        call store%define("d", "s", atlas_dtype_string)
        call store%write("d", "m", matrix)
        call store%read_text("d", "m", texts, count=[2, 3])
        call expect(size(texts) == 6 .and. all(texts == reshape(matrix, [6])), "in array element order")
        call store%read_text("d", "m", texts, start=[1, 2], count=[2, 1])
        call expect(size(texts) == 2 .and. all(texts == matrix(:, 2)), "a column")
        call store%read_text("d", "m", texts, start=[2, 1], count=[1, 3])
        call expect(size(texts) == 3 .and. all(texts == matrix(2, :)), "a row")
        call store%read_text("d", "e", texts)
        call expect(size(texts) == 0, "an empty array")
        call store%read_text("d", "m", texts, stat=stat, errmsg=message)
        call expect_failure(stat, message, atlas_status_out_of_range, "shape (2, 3)")
        call expect(size(texts) == 0, "nothing after a failure")
        call store%read_text("d", "s", texts, stat=stat)
        call expect(stat == atlas_status_out_of_range, "a scalar is no list")
        call store%read_text("d", "m", texts, start=[2, 1], stat=stat, errmsg=message)
        call expect_failure(stat, message, atlas_status_invalid_argument, "start without a count")
        call store%read_text("d", "m", texts, start=[2, 2], count=[1, 3], stat=stat)
        call expect(stat == atlas_status_out_of_range, "a region that leaves the array")
        call store%read_text("d", "m", text, stat=stat, errmsg=message)
        call expect_failure(stat, message, atlas_status_out_of_range, "the values have ()")
        call expect(len(text) == 0, "no text after a failure")
        call store%read_text("d", "m", text, start=[2, 3])
        call expect(text == "a23", "the last cell")
    end subroutine lists

    subroutine long_text
        type(store_type) :: store
        character(:), allocatable :: text, back
        integer :: i

        allocate(character(200000) :: text)
        do i = 1, len(text)
            text(i:i) = achar(97 + mod(i, 26))
        end do
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "s", atlas_dtype_string)
        call store%write("d", "s", text)
        call store%set_attribute("d", "a", text)
        call store%close()
        call store%open(path_of("store"))
        call store%read_text("d", "s", back)
        call expect(back == text .and. len(back) == len(text), "200000 letters in a cell")
        call store%get_attribute_text("d", "a", back)
        call expect(back == text .and. len(back) == len(text), "200000 letters in an attribute")
    end subroutine long_text

    subroutine attributes_of_text
        type(store_type) :: store
        character(:), allocatable :: text
        character(8) :: fixed, list(2), none(0)
        character(100) :: message
        integer :: stat

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_i32)
        call store%set_attribute("d", "units", "degC    ", array="x")
        call store%set_attribute("d", "list", ["one  ", "three"])
        call store%set_attribute("d", "none", none)
        call store%set_attribute("d", "empty", "")
        call store%get_attribute_text("d", "units", text, array="x")
        call expect(len(text) == 4 .and. text == "degC", "trimmed")
        call store%get_attribute("d", "units", fixed, array="x")
        call expect(fixed == "degC", "padded")
        call store%get_attribute_text("d", "empty", text)
        call expect(len(text) == 0, "an empty text")
        call store%get_attribute("d", "list", list)
        call expect(list(1) == "one" .and. list(2) == "three", "a list")
        call store%get_attribute_text("d", "list", texts)
        call expect(size(texts) == 2 .and. len(texts) == 5, "as long as the longest")
        call store%get_attribute_text("d", "none", texts)
        call expect(size(texts) == 0, "a list of none")
        call store%get_attribute_text("d", "list", text, stat=stat, errmsg=message)
        call expect_failure(stat, message, atlas_status_buffer_too_small, "'list' does not have one text")
        call store%get_attribute_text("d", "none", text, stat=stat)
        call expect(stat == atlas_status_invalid_argument, "none is not one")
        call store%get_attribute("d", "list", fixed(:3), stat=stat)
        call expect(stat == atlas_status_buffer_too_small, "two do not fit one")
        call store%get_attribute("d", "units", fixed(:3), array="x", stat=stat, errmsg=message)
        call expect_failure(stat, message, atlas_status_buffer_too_small, "of 4 bytes, the variable is of 3")
        call store%get_attribute_text("d", "no", text, stat=stat)
        call expect(stat == atlas_status_not_found .and. len(text) == 0, "no such attribute")
        call store%get_attribute_text("d", "no", texts, stat=stat)
        call expect(stat == atlas_status_not_found .and. size(texts) == 0, "no such list")
    end subroutine attributes_of_text

    subroutine nul_in_text
        type(store_type) :: store
        character(5) :: two(2), back(2)
        character(100) :: message
        integer :: stat

        call store%create(path_of("store")//c_null_char, stat=stat, errmsg=message)
        call expect_failure(stat, message, atlas_status_invalid_argument, "the path has a NUL")
        call store%open(path_of("store")//c_null_char, stat=stat)
        call expect(stat == atlas_status_invalid_argument .and. .not. store%is_open(), "nothing opened")
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "t", atlas_dtype_string, [2])
        call store%write("d", "t", ["first", "other"])
        two = ["ab"//c_null_char//"cd", "fine "]
        call store%write("d", "t", two, stat=stat, errmsg=message)
        call expect_failure(stat, message, atlas_status_invalid_argument, "text 1 has a NUL")
        call store%set_attribute("d", "a", two(1), stat=stat)
        call expect(stat == atlas_status_invalid_argument, "a NUL in an attribute")
        call store%read("d", "t", back)
        call expect(back(1) == "first" .and. back(2) == "other", "nothing changed")
        call store%create_dataset("jan"//c_null_char//"feb", stat=stat)
        call expect(stat == atlas_status_invalid_argument, "a NUL in a name")
        call store%define("d", "f", atlas_dtype_string, fill="a"//c_null_char//"b", stat=stat)
        call expect(stat == atlas_status_type_mismatch, "a NUL in a fill value")
        call expect(.not. store%has_dataset("jan"), "no dataset")
        two(1) = "ab"//char(255)//"cd"
        call store%write("d", "t", two, stat=stat, errmsg=message)
        call expect(stat == atlas_status_invalid_argument, "what is not UTF-8")
    end subroutine nul_in_text

    subroutine names_are_trimmed
        type(store_type) :: store
        character(20) :: name

        name = "jan"
        call store%create(path_of("store")//"   ")
        call store%create_dataset(name)
        call expect(store%has_dataset("jan"), "a name from a variable")
        call expect(store%dataset_name(1) == "jan", "trimmed")
        name = "t"
        call store%define("jan", name, atlas_dtype_i32, dims=[character(9) ::], shape=[integer ::])
        call expect(store%has_array("jan    ", "t"), "an array's name from a variable")
        name = "units"
        call store%set_attribute("jan", name, 1, array="t  ")
        call expect(store%has_attribute("jan", "units", array="t"), "an attribute's")
    end subroutine names_are_trimmed

    subroutine wrong_type
        type(store_type) :: store
        integer(int32) :: numbers(2)
        character(4) :: words(2)
        integer :: stat

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "t", atlas_dtype_string, [2])
        call store%define("d", "n", atlas_dtype_i32, [2])
        call store%set_attribute("d", "t", "text")
        call store%set_attribute("d", "n", 4)
        call store%read("d", "t", numbers, stat=stat)
        call expect(stat == atlas_status_type_mismatch, "text read as numbers")
        call store%read("d", "n", words, stat=stat)
        call expect(stat == atlas_status_type_mismatch, "numbers read as text")
        call store%write("d", "n", ["a", "b"], stat=stat)
        call expect(stat == atlas_status_type_mismatch, "text written as numbers")
        call store%write("d", "t", [1, 2], stat=stat)
        call expect(stat == atlas_status_type_mismatch, "numbers written as text")
        call store%get_attribute("d", "t", numbers(1), stat=stat)
        call expect(stat == atlas_status_type_mismatch, "an attribute of text as a number")
        call store%get_attribute("d", "n", words(1), stat=stat)
        call expect(stat == atlas_status_type_mismatch, "an attribute of a number as text")
    end subroutine wrong_type
end module text_tests

program text
    use check, only: finish, run
    use text_tests, only: any_length, attributes_of_text, lists, long_text, names_are_trimmed, nul_in_text, padded, &
        too_long, wrong_type
    implicit none (type, external)

    call run("text padded", padded)
    call run("text too long", too_long)
    call run("text of any length", any_length)
    call run("text in lists", lists)
    call run("text of 200000 letters", long_text)
    call run("text in attributes", attributes_of_text)
    call run("text with a NUL", nul_in_text)
    call run("text in names", names_are_trimmed)
    call run("text and numbers", wrong_type)
    call finish
end program text
