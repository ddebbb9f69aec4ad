! Written by generate.sh from templates/atlas_memory.fypp.
!> What the module `atlas_store` is built on, beside the C interface: values in the caller's memory and regions of
!> arrays in C's terms, text in C's form, fill values in bytes, failures. It knows nothing of stores, and is not for
!> programs.
module atlas_store_memory
    use, intrinsic :: ieee_arithmetic, only: ieee_is_nan
    use, intrinsic :: iso_c_binding, only: c_associated, c_bool, c_char, c_f_pointer, c_int32_t, c_int64_t, c_int8_t, &
        c_intptr_t, c_loc, c_null_char, c_null_ptr, c_ptr, c_ptrdiff_t, c_size_t
    use, intrinsic :: iso_fortran_env, only: int16, int32, int64, int8, real32, real64
    use atlas_store_c, only: atlas_array_description, atlas_datetime, atlas_dtype_bool, atlas_dtype_c128, &
        atlas_dtype_c64, atlas_dtype_f16, atlas_dtype_f32, atlas_dtype_f64, atlas_dtype_i16, atlas_dtype_i32, &
        atlas_dtype_i64, atlas_dtype_i8, atlas_dtype_name, atlas_dtype_size, atlas_dtype_string, &
        atlas_dtype_timestamp_ns, atlas_dtype_u16, atlas_dtype_u32, atlas_dtype_u64, atlas_dtype_u8, &
        atlas_last_error, atlas_max_rank, atlas_status_buffer_too_small, atlas_status_invalid_argument, &
        atlas_status_name, atlas_status_ok, atlas_status_out_of_range, atlas_status_type_mismatch, atlas_switch_off, &
        atlas_switch_on, atlas_version_string
    implicit none (type, external)
    private

    public :: answer, c_text, cells, check_attribute, check_memory, contiguous_bytes, copy_back, count_option, &
        decode_fill, dtype_name, encode_fill, f_text, failure, form_text, gather_texts, grown, lay_out, &
        library_version, listed, make_direct, memory_of, memory_type, moved, number, outcome_type, region_type, &
        report, scatter_texts, split_texts, status_name, switch, take_dims, take_indices, &
        take_integer, take_names, take_owner, take_start, texts_type

    !> What a procedure came to: a status and, for a failure, its text.
    type :: outcome_type
        integer(c_int32_t) :: status = atlas_status_ok
        character(:), allocatable :: text
    end type outcome_type

    !> The longest name of a dataset, array, dimension or attribute, in bytes.
    integer, parameter, public :: atlas_max_name = 255

    !> The smallest numbers that are rounded to infinity in f16 and in f32.
    real(real64), parameter :: above_f16 = 65520
    real(real64), parameter :: above_f32 = (2 - 2.0_real64**(-24)) * 2.0_real64**127

    !> The highest rank of a Fortran array.
    integer, parameter :: max_rank = 15

    !> A caller's values in memory: the address of the first element, and the bytes from one to the next along each
    !> dimension. The form says how they are handed to the library. An allocatable that is not allocated, and a pointer
    !> that is not associated, do not exist.
    type :: memory_type
        type(c_ptr) :: address = c_null_ptr
        integer(c_int32_t) :: dtype = 0
        integer :: form = 0
        integer :: rank = 0
        logical :: exists = .true.
        integer(int64) :: bytes = 0
        integer(int64) :: extents(max_rank) = 1
        integer(int64) :: steps(max_rank) = 0
    end type memory_type

    integer, parameter :: form_plain = 0    !< as it is
    integer, parameter :: form_logical = 1  !< default logicals, converted to and from bytes
    integer, parameter :: form_text = 2     !< characters

    !> A region of an array and the strides of its memory, all in C's order and counted from 0.
    type :: region_type
        integer(c_size_t) :: rank = 0
        integer(c_int64_t) :: start(atlas_max_rank) = 0
        integer(c_int64_t) :: count(atlas_max_rank) = 1
        integer(c_int64_t) :: strides(atlas_max_rank) = 1
    end type region_type

    !> Texts as the library takes them: each ends in a NUL, and has a pointer to it.
    type :: texts_type
        character(kind=c_char), allocatable :: pool(:)
        type(c_ptr), allocatable :: pointers(:)
    end type texts_type

    !> memory_of(values, dtype): the memory of an array of any kind and rank. `dtype`, which integers have, says what
    !> else their bits are.
    interface memory_of
        procedure :: memory_of_int8
        procedure :: memory_of_int16
        procedure :: memory_of_int32
        procedure :: memory_of_int64
        procedure :: memory_of_real32
        procedure :: memory_of_real64
        procedure :: memory_of_complex32
        procedure :: memory_of_complex64
        procedure :: memory_of_logical
        procedure :: memory_of_bool
        procedure :: memory_of_character
        procedure :: memory_of_datetime
    end interface memory_of

    interface
        !> The address of an element, from the compiler's own library (Fortran 2018, 18.5.5.2). It is what makes
        !> strides known without a procedure for every rank: the subscripts count from 0.
        function element_address(values, subscripts) bind(c, name="CFI_address") result(address)
            import :: c_ptr, c_ptrdiff_t
            implicit none (type, external)
            type(*), target :: values(..)
            integer(c_ptrdiff_t), intent(in) :: subscripts(*)
            type(c_ptr) :: address
        end function element_address

        pure function string_length(text) bind(c, name="strlen") result(length)
            import :: c_ptr, c_size_t
            implicit none (type, external)
            type(c_ptr), value :: text
            integer(c_size_t) :: length
        end function string_length
    end interface

contains

    ! ---- Library ---------------------------------------------------------------------------------------------------

    !> The library's version as text, such as "0.1.0".
    recursive function library_version() result(text)
        character(string_length(atlas_version_string())) :: text

        text = f_text(atlas_version_string())
    end function library_version

    !> A status code's name without its prefix, such as "NOT_FOUND".
    recursive function status_name(status) result(text)
        integer, intent(in) :: status
        character(string_length(atlas_status_name(int(status, c_int32_t)))) :: text

        text = f_text(atlas_status_name(int(status, c_int32_t)))
    end function status_name

    !> An element type's short name, such as "f32".
    recursive function dtype_name(dtype) result(text)
        integer(c_int32_t), intent(in) :: dtype
        character(string_length(atlas_dtype_name(dtype))) :: text

        text = f_text(atlas_dtype_name(dtype))
    end function dtype_name

    ! ---- Failures --------------------------------------------------------------------------------------------------

    !> What a call of the library came to.
    recursive function answer(status) result(outcome)
        integer(c_int32_t), intent(in) :: status
        type(outcome_type) :: outcome

        outcome%status = status
        if (status /= atlas_status_ok) outcome%text = f_text(atlas_last_error())
    end function answer

    !> What this module found wrong.
    pure recursive function failure(status, text) result(outcome)
        integer(c_int32_t), intent(in) :: status
        character(*), intent(in) :: text
        type(outcome_type) :: outcome

        outcome%status = status
        outcome%text = text
    end function failure

    !> Tells the caller, or stops the program.
    recursive subroutine report(outcome, stat, errmsg)
        type(outcome_type), intent(in) :: outcome
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        character(:), allocatable :: text

        if (present(stat)) stat = int(outcome%status)
        if (outcome%status == atlas_status_ok) return
        if (present(errmsg)) errmsg = outcome%text
        if (present(stat)) return
        text = "atlas: "//status_name(int(outcome%status))//": "//outcome%text
        error stop text
    end subroutine report

    ! ---- Memory ----------------------------------------------------------------------------------------------------

    recursive function memory_of_int8(values, dtype) result(memory)
        integer(int8), target :: values(..)
        integer(c_int32_t), intent(in), optional :: dtype
        type(memory_type) :: memory

        memory = described(values, atlas_dtype_i8, 1)
        if (present(dtype)) memory%dtype = dtype
    end function memory_of_int8

    recursive function memory_of_int16(values, dtype) result(memory)
        integer(int16), target :: values(..)
        integer(c_int32_t), intent(in), optional :: dtype
        type(memory_type) :: memory

        memory = described(values, atlas_dtype_i16, 2)
        if (present(dtype)) memory%dtype = dtype
    end function memory_of_int16

    recursive function memory_of_int32(values, dtype) result(memory)
        integer(int32), target :: values(..)
        integer(c_int32_t), intent(in), optional :: dtype
        type(memory_type) :: memory

        memory = described(values, atlas_dtype_i32, 4)
        if (present(dtype)) memory%dtype = dtype
    end function memory_of_int32

    recursive function memory_of_int64(values, dtype) result(memory)
        integer(int64), target :: values(..)
        integer(c_int32_t), intent(in), optional :: dtype
        type(memory_type) :: memory

        memory = described(values, atlas_dtype_i64, 8)
        if (present(dtype)) memory%dtype = dtype
    end function memory_of_int64

    recursive function memory_of_real32(values) result(memory)
        real(real32), target :: values(..)
        type(memory_type) :: memory

        memory = described(values, atlas_dtype_f32, 4)
    end function memory_of_real32

    recursive function memory_of_real64(values) result(memory)
        real(real64), target :: values(..)
        type(memory_type) :: memory

        memory = described(values, atlas_dtype_f64, 8)
    end function memory_of_real64

    recursive function memory_of_complex32(values) result(memory)
        complex(real32), target :: values(..)
        type(memory_type) :: memory

        memory = described(values, atlas_dtype_c64, 8)
    end function memory_of_complex32

    recursive function memory_of_complex64(values) result(memory)
        complex(real64), target :: values(..)
        type(memory_type) :: memory

        memory = described(values, atlas_dtype_c128, 16)
    end function memory_of_complex64

    recursive function memory_of_logical(values) result(memory)
        logical, target :: values(..)
        type(memory_type) :: memory

        memory = described(values, atlas_dtype_bool, storage_size(values) / 8, form_logical)
    end function memory_of_logical

    recursive function memory_of_bool(values) result(memory)
        logical(c_bool), target :: values(..)
        type(memory_type) :: memory

        memory = described(values, atlas_dtype_bool, 1)
    end function memory_of_bool

    recursive function memory_of_character(values) result(memory)
        character(*), target :: values(..)
        type(memory_type) :: memory

        memory = described(values, atlas_dtype_string, len(values), form_text)
    end function memory_of_character

    !> The memory of dates, which no array of a store has.
    recursive function memory_of_datetime(values) result(memory)
        type(atlas_datetime), target :: values(..)
        type(memory_type) :: memory

        memory = described(values, 0_c_int32_t, storage_size(values) / 8)
    end function memory_of_datetime

    !> The memory of an array of any type and rank, `bytes` long each element. Nothing is copied: an assumed-rank
    !> argument is passed by its descriptor, strides included.
    recursive function described(values, dtype, bytes, form) result(memory)
        type(*), target :: values(..)
        integer(c_int32_t), intent(in) :: dtype
        integer, intent(in) :: bytes
        integer, intent(in), optional :: form
        type(memory_type) :: memory

        integer(c_ptrdiff_t) :: subscripts(max_rank)
        integer :: i

        memory%dtype = dtype
        memory%bytes = bytes
        if (present(form)) memory%form = form
        memory%rank = rank(values)
        do i = 1, memory%rank
            memory%extents(i) = size(values, i, int64)
        end do
        if (bytes > 0 .and. c_associated(c_loc(values))) then
            if (any(memory%extents(:memory%rank) < 0)) call take_extents(values, memory%extents)
        else
            ! Texts of no length, an empty constructor, or nothing at all.
            memory%extents(:memory%rank) = max(memory%extents(:memory%rank), 0_int64)
            memory%exists = bytes == 0 .or. cells(memory) == 0
        end if
        if (.not. memory%exists .or. cells(memory) <= 0) return
        subscripts = 0
        memory%address = element_address(values, subscripts)
        do i = 1, memory%rank
            if (memory%extents(i) == 1) cycle
            subscripts(i) = 1
            memory%steps(i) = distance(memory%address, element_address(values, subscripts))
            subscripts(i) = 0
        end do
    end function described

    !> The extents of an array whose last one is -1 by its own descriptor. gfortran's says so of an assumed-size array and
    !> of an empty result of `pack` alike; C's, by which this is called, tells one from the other. The elements have a
    !> length: gfortran divides by it when it takes C's descriptor.
    recursive subroutine take_extents(values, extents) bind(c, name="")
        type(*), intent(in), target :: values(..)
        integer(c_int64_t), intent(inout) :: extents(max_rank)

        integer :: i

        do i = 1, rank(values)
            extents(i) = size(values, i, c_int64_t)
        end do
    end subroutine take_extents

    pure recursive function cells(memory) result(n)
        type(memory_type), intent(in) :: memory
        integer(int64) :: n

        n = product(memory%extents(:memory%rank))
    end function cells

    !> Whether each element follows the one before, in array element order.
    pure recursive function contiguous_bytes(memory) result(yes)
        type(memory_type), intent(in) :: memory
        logical :: yes

        integer(int64) :: step
        integer :: i

        yes = .true.
        step = memory%bytes
        do i = 1, memory%rank
            if (memory%extents(i) /= 1 .and. memory%steps(i) /= step) yes = .false.
            step = step * memory%extents(i)
        end do
    end function contiguous_bytes

    pure recursive function moved(address, bytes) result(there)
        type(c_ptr), intent(in) :: address
        integer(int64), intent(in) :: bytes
        type(c_ptr) :: there

        there = transfer(transfer(address, 0_c_intptr_t) + bytes, there)
    end function moved

    pure recursive function distance(from, to) result(bytes)
        type(c_ptr), intent(in) :: from, to
        integer(int64) :: bytes

        bytes = transfer(to, 0_c_intptr_t) - transfer(from, 0_c_intptr_t)
    end function distance

    recursive subroutine check_memory(memory, outcome)
        type(memory_type), intent(in) :: memory
        type(outcome_type), intent(out) :: outcome

        if (.not. memory%exists) then
            outcome = failure(atlas_status_invalid_argument, "the values are not allocated or associated")
        else if (any(memory%extents(:memory%rank) < 0)) then
            outcome = failure(atlas_status_invalid_argument, "the values are an assumed-size array; pass a section")
        else if (memory%form == form_plain .and. memory%dtype /= 0 .and. atlas_dtype_size(memory%dtype) /= memory%bytes) then
            outcome = failure(atlas_status_type_mismatch, "dtype "//dtype_name(memory%dtype)//" is of "// &
                number(int(atlas_dtype_size(memory%dtype), int64))//" bytes, the values are of "// &
                number(memory%bytes)//" each")
        end if
    end subroutine check_memory

    recursive subroutine check_attribute(memory, key, outcome)
        type(memory_type), intent(in) :: memory
        character(*), intent(in) :: key
        type(outcome_type), intent(out) :: outcome

        call check_memory(memory, outcome)
        if (memory%rank > 1) outcome = failure(atlas_status_invalid_argument, "attribute '"//trim(key)// &
            "': the values have rank "//number(int(memory%rank, int64))//"; it must be 0 or 1")
    end subroutine check_attribute

    !> The memory that the library gets: the caller's own, unless that holds default logicals or has strides that are
    !> no whole number of elements, as a component of a derived type may, or has strides where none can be told.
    recursive subroutine make_direct(memory, direct, copy, filled, contiguous)
        type(memory_type), intent(in) :: memory
        type(memory_type), intent(out) :: direct
        integer(c_int8_t), allocatable, target, intent(inout) :: copy(:)
        logical, intent(in) :: filled
        logical, intent(in), optional :: contiguous

        integer(int64) :: step
        integer :: i
        logical :: as_it_is

        direct = memory
        if (memory%form == form_text .or. cells(memory) == 0) return
        as_it_is = memory%form == form_plain .and. all(mod(memory%steps(:memory%rank), memory%bytes) == 0)
        if (present(contiguous)) as_it_is = as_it_is .and. contiguous_bytes(memory)
        if (as_it_is) return

        if (memory%form == form_logical) direct%bytes = 1
        direct%form = form_plain
        allocate(copy(cells(memory) * direct%bytes))
        direct%address = c_loc(copy)
        step = direct%bytes
        do i = 1, memory%rank
            direct%steps(i) = step
            step = step * memory%extents(i)
        end do
        if (filled) call copy_elements(memory, direct)
    end subroutine make_direct

    !> Puts what was read into the caller's memory, where that was not done already.
    recursive subroutine copy_back(direct, memory)
        type(memory_type), intent(in) :: direct, memory

        if (.not. c_associated(direct%address, memory%address)) call copy_elements(direct, memory)
    end subroutine copy_back

    !> Copies all elements, between default logicals and bytes if one of the two has logicals.
    recursive subroutine copy_elements(from, to)
        type(memory_type), intent(in) :: from, to

        integer(c_int8_t), pointer :: from_bytes(:), to_bytes(:)
        logical, pointer :: flag
        integer(int64) :: from_offset, to_offset, from_index(max_rank), to_index(max_rank), n

        from_index = 0
        to_index = 0
        from_offset = 0
        to_offset = 0
        do n = 1, cells(from)
            call c_f_pointer(moved(from%address, from_offset), from_bytes, [from%bytes])
            call c_f_pointer(moved(to%address, to_offset), to_bytes, [to%bytes])
            if (from%form == form_logical) then
                call c_f_pointer(moved(from%address, from_offset), flag)
                to_bytes(1) = merge(1_c_int8_t, 0_c_int8_t, flag)
            else if (to%form == form_logical) then
                call c_f_pointer(moved(to%address, to_offset), flag)
                flag = from_bytes(1) /= 0
            else
                to_bytes = from_bytes
            end if
            call step_on(from, from_index, from_offset)
            call step_on(to, to_index, to_offset)
        end do
    end subroutine copy_elements

    !> On to the next element, in array element order.
    pure recursive subroutine step_on(memory, index, offset)
        type(memory_type), intent(in) :: memory
        integer(int64), intent(inout) :: index(max_rank), offset

        integer :: i

        do i = 1, memory%rank
            index(i) = index(i) + 1
            offset = offset + memory%steps(i)
            if (index(i) < memory%extents(i)) return
            offset = offset - index(i) * memory%steps(i)
            index(i) = 0
        end do
    end subroutine step_on

    ! ---- Regions ---------------------------------------------------------------------------------------------------

    !> Lays a region of `n` extents over the values: dimensions of extent 1 may be missing on either side.
    recursive subroutine lay_out(memory, n, extents, region, outcome)
        type(memory_type), intent(in) :: memory
        integer, intent(in) :: n
        integer(int64), intent(in) :: extents(atlas_max_rank)
        type(region_type), intent(inout) :: region
        type(outcome_type), intent(out) :: outcome

        integer(int64) :: strides(atlas_max_rank)
        integer :: i, j
        logical :: fits

        strides = 1
        fits = .true.
        j = 0
        do i = 1, n
            if (extents(i) == 1) cycle
            j = past_ones(j + 1)
            if (j > memory%rank) then
                fits = .false.
                exit
            end if
            if (memory%extents(j) /= extents(i)) fits = .false.
            if (memory%form == form_plain) strides(i) = memory%steps(j) / memory%bytes
        end do
        if (past_ones(j + 1) <= memory%rank) fits = .false.
        if (.not. fits) outcome = failure(atlas_status_out_of_range, "count is "//listed(extents(:n))// &
            ", the values have shape "//listed(memory%extents(:memory%rank)))
        region%rank = int(n, c_size_t)
        region%count(:n) = extents(n:1:-1)
        region%strides(:n) = strides(n:1:-1)
    contains
        !> The first dimension of the values, from `at` on, whose extent is not 1.
        pure recursive function past_ones(at) result(next)
            integer, intent(in) :: at
            integer :: next

            do next = at, memory%rank
                if (memory%extents(next) /= 1) exit
            end do
        end function past_ones
    end subroutine lay_out

    !> Takes the indices of a region's first cell.
    recursive subroutine take_start(start, n, region, outcome, what)
        class(*), intent(in) :: start(:)
        integer, intent(in) :: n
        type(region_type), intent(inout) :: region
        type(outcome_type), intent(out) :: outcome
        character(*), intent(in), optional :: what

        character(:), allocatable :: name
        integer(int64) :: first(atlas_max_rank)
        integer :: m

        name = "start"
        if (present(what)) name = what
        call take_indices(start, name, first, m, outcome)
        if (outcome%status /= atlas_status_ok) return
        if (m /= n) then
            outcome = failure(atlas_status_invalid_argument, name//" has "//number(int(m, int64))// &
                " indices, count has "//number(int(n, int64)))
        else if (any(first(:n) < 1)) then
            outcome = failure(atlas_status_out_of_range, name//" is "//listed(first(:n))//"; indices count from 1")
        else
            region%start(:n) = first(n:1:-1) - 1
        end if
    end subroutine take_start

    !> Takes integers of any kind.
    recursive subroutine take_indices(values, what, indices, n, outcome)
        class(*), intent(in) :: values(:)
        character(*), intent(in) :: what
        integer(int64), intent(out) :: indices(atlas_max_rank)
        integer, intent(out) :: n
        type(outcome_type), intent(out) :: outcome

        n = size(values)
        indices = 0
        if (n > atlas_max_rank) then
            outcome = failure(atlas_status_invalid_argument, what//" has "//number(int(n, int64))// &
                " values; the highest rank is "//number(int(atlas_max_rank, int64)))
            n = 0
            return
        end if
        select type (values)
        type is (integer(int32))
            indices(:n) = values
        type is (integer(int64))
            indices(:n) = values
        type is (integer(int16))
            indices(:n) = values
        type is (integer(int8))
            indices(:n) = values
        class default
            outcome = failure(atlas_status_invalid_argument, what//" must be of type integer")
        end select
    end subroutine take_indices

    !> Takes one integer of any kind.
    recursive subroutine take_integer(value, what, taken, outcome)
        class(*), intent(in) :: value
        character(*), intent(in) :: what
        integer(int64), intent(out) :: taken
        type(outcome_type), intent(out) :: outcome

        taken = 0
        select type (value)
        type is (integer(int32))
            taken = value
        type is (integer(int64))
            taken = value
        type is (integer(int16))
            taken = value
        type is (integer(int8))
            taken = value
        class default
            outcome = failure(atlas_status_invalid_argument, what//" must be of type integer")
        end select
    end subroutine take_integer

    ! ---- Text ------------------------------------------------------------------------------------------------------

    !> A name or a path for the library, without its trailing blanks. A NUL in a name becomes a control character,
    !> which the library refuses, since the text would seem to end there.
    pure recursive function c_text(text) result(ended)
        character(*), intent(in) :: text
        character(len_trim(text) + 1) :: ended

        integer :: i

        ended = text
        do i = 1, len(ended) - 1
            if (ended(i:i) == c_null_char) ended(i:i) = achar(1)
        end do
        ended(len(ended):) = c_null_char
    end function c_text

    !> Whose attribute it is, in C's terms: what is absent is not allocated, and so NULL to C.
    pure recursive subroutine take_owner(dataset, array, in_dataset, in_array)
        character(*), intent(in), optional :: dataset, array
        character(:), allocatable, intent(out) :: in_dataset, in_array

        if (present(dataset)) in_dataset = c_text(dataset)
        if (present(array)) in_array = c_text(array)
    end subroutine take_owner

    !> A text of the library.
    recursive function f_text(text) result(copy)
        type(c_ptr), intent(in) :: text
        character(string_length(text)) :: copy

        character(kind=c_char), pointer :: bytes(:)
        integer :: i

        call c_f_pointer(text, bytes, [len(copy)])
        do i = 1, len(copy)
            copy(i:i) = bytes(i)
        end do
    end function f_text

    !> Whether a call wants a longer buffer, which `buffer` then is.
    recursive function grown(status, buffer, needed) result(again)
        integer(c_int32_t), intent(in) :: status
        character(:), allocatable, intent(inout) :: buffer
        integer(c_size_t), intent(in) :: needed
        logical :: again

        again = status == atlas_status_buffer_too_small
        if (.not. again) return
        deallocate(buffer)
        allocate(character(needed) :: buffer)
    end function grown

    !> Ends a procedure that lists names.
    recursive subroutine take_names(status, buffer, needed, names, stat, errmsg)
        integer(c_int32_t), intent(in) :: status
        character(*), intent(in) :: buffer
        integer(c_size_t), intent(in) :: needed
        character(:), allocatable, intent(out) :: names(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg

        type(outcome_type) :: outcome

        outcome = answer(status)
        if (outcome%status == atlas_status_ok) then
            call split_texts(buffer(:needed), names)
        else
            allocate(character(0) :: names(0))
        end if
        call report(outcome, stat, errmsg)
    end subroutine take_names

    !> The names of dimensions, which are listed in C's order. They have a fixed length, as they stand in a derived type:
    !> gfortran 12 assigns a component of deferred length wrongly.
    recursive subroutine take_dims(list, dims)
        character(*), intent(in) :: list
        character(atlas_max_name), allocatable, intent(out) :: dims(:)

        integer(int64) :: longest, n

        call measure(list, n, longest)
        allocate(dims(n))
        call split(list, dims)
        dims = dims(n:1:-1)
    end subroutine take_dims

    !> The texts in a list, as long as the longest.
    recursive subroutine split_texts(list, texts)
        character(*), intent(in) :: list
        character(:), allocatable, intent(out) :: texts(:)

        integer(int64) :: longest, n

        call measure(list, n, longest)
        allocate(character(longest) :: texts(n))
        call split(list, texts)
    end subroutine split_texts

    pure recursive subroutine split(list, texts)
        character(*), intent(in) :: list
        character(*), intent(out) :: texts(:)

        integer(int64) :: i, at, length

        at = 1
        do i = 1, size(texts, kind=int64)
            length = index(list(at:), c_null_char, kind=int64) - 1
            texts(i) = list(at:at + length - 1)
            at = at + length + 1
        end do
    end subroutine split

    !> The number of texts in a list, and the length of the longest.
    pure recursive subroutine measure(list, n, longest)
        character(*), intent(in) :: list
        integer(int64), intent(out) :: n, longest

        integer(int64) :: i, at

        n = 0
        longest = 0
        at = 1
        do i = 1, len(list, int64)
            if (list(i:i) /= c_null_char) cycle
            n = n + 1
            longest = max(longest, i - at)
            at = i + 1
        end do
    end subroutine measure

    !> Trimmed and NUL-ended copies of all characters in `memory`, in array element order. One pointer follows the
    !> last, so that there is always an address.
    recursive subroutine gather_texts(memory, texts, outcome)
        type(memory_type), intent(in) :: memory
        type(texts_type), target, intent(out) :: texts
        type(outcome_type), intent(out) :: outcome

        character(kind=c_char), pointer :: bytes(:)
        integer(int64) :: index(max_rank), offset, n, at, length, i, pass

        allocate(texts%pointers(cells(memory) + 1))
        texts%pointers = c_null_ptr
        at = 0
        do pass = 1, 2
            if (pass == 2) allocate(texts%pool(at))
            index = 0
            offset = 0
            at = 0
            do n = 1, cells(memory)
                call c_f_pointer(moved(memory%address, offset), bytes, [memory%bytes])
                do length = memory%bytes, 1, -1
                    if (bytes(length) /= " ") exit
                end do
                if (pass == 2) then
                    do i = 1, length
                        texts%pool(at + i) = bytes(i)
                        if (bytes(i) == c_null_char) outcome = failure(atlas_status_invalid_argument, &
                            "text "//number(n)//" has a NUL in it")
                    end do
                    texts%pool(at + length + 1) = c_null_char
                    texts%pointers(n) = c_loc(texts%pool(at + 1))
                end if
                at = at + length + 1
                call step_on(memory, index, offset)
            end do
        end do
    end subroutine gather_texts

    !> Puts the texts of a list into all characters in `memory`, padded with blanks.
    recursive subroutine scatter_texts(list, memory, outcome)
        character(*), intent(in) :: list
        type(memory_type), intent(in) :: memory
        type(outcome_type), intent(out) :: outcome

        character(kind=c_char), pointer :: bytes(:)
        integer(int64) :: index(max_rank), offset, n, at, length, i

        index = 0
        offset = 0
        at = 0
        do n = 1, cells(memory)
            call c_f_pointer(moved(memory%address, offset), bytes, [memory%bytes])
            length = 0
            do while (list(at + length + 1:at + length + 1) /= c_null_char)
                length = length + 1
            end do
            if (length > memory%bytes) then
                outcome = failure(atlas_status_buffer_too_small, "text "//number(n)//" is of "//number(length)// &
                    " bytes, the variable is of "//number(memory%bytes))
                return
            end if
            do i = 1, length
                bytes(i) = list(at + i:at + i)
            end do
            bytes(length + 1:) = " "
            at = at + length + 1
            call step_on(memory, index, offset)
        end do
    end subroutine scatter_texts

    !> The length of "42". It stands before its callers: gfortran must have seen a function that makes a length.
    elemental recursive function digits_of(value) result(n)
        integer(int64), intent(in) :: value
        integer :: n

        character(20) :: digits

        write (digits, "(i0)") value
        n = len_trim(digits)
    end function digits_of

    !> "42".
    pure recursive function number(value) result(text)
        integer(int64), intent(in) :: value
        character(digits_of(value)) :: text

        write (text, "(i0)") value
    end function number

    !> "(4, 5)".
    pure recursive function listed(values) result(text)
        integer(int64), intent(in) :: values(:)
        character(2 + sum(digits_of(values)) + 2 * max(size(values) - 1, 0)) :: text

        integer :: i, at

        text(1:1) = "("
        at = 2
        do i = 1, size(values)
            if (i > 1) then
                text(at:at + 1) = ", "
                at = at + 2
            end if
            text(at:at + digits_of(values(i)) - 1) = number(values(i))
            at = at + digits_of(values(i))
        end do
        text(at:at) = ")"
    end function listed

    ! ---- Options and fill values -----------------------------------------------------------------------------------

    pure recursive function switch(choice) result(code)
        logical, intent(in), optional :: choice
        integer(c_int32_t) :: code

        code = 0
        if (present(choice)) code = merge(atlas_switch_on, atlas_switch_off, choice)
    end function switch

    !> The option for a count of which 0 is not the default, but `none`.
    pure recursive function count_option(choice, none) result(code)
        integer, intent(in), optional :: choice
        integer(c_int32_t), intent(in) :: none
        integer(c_int32_t) :: code

        code = 0
        if (.not. present(choice)) return
        code = int(choice, c_int32_t)
        if (choice == 0) code = none
    end function count_option

    !> One element of `dtype` in bytes, or the text of a string.
    recursive subroutine encode_fill(fill, dtype, bytes, text, outcome)
        class(*), intent(in) :: fill
        integer(c_int32_t), intent(in) :: dtype
        integer(c_int8_t), intent(out) :: bytes(16)
        character(:), allocatable, intent(out) :: text
        type(outcome_type), intent(out) :: outcome

        complex(real64) :: z
        integer(int64) :: i, low, high
        integer :: width
        logical :: is_integer, is_real, is_complex, is_logical, is_text

        is_integer = .false.
        is_real = .false.
        is_complex = .false.
        is_logical = .false.
        is_text = .false.
        bytes = 0
        i = 0
        z = 0
        select type (fill)
        type is (integer(int8))
            i = fill
            is_integer = .true.
        type is (integer(int16))
            i = fill
            is_integer = .true.
        type is (integer(int32))
            i = fill
            is_integer = .true.
        type is (integer(int64))
            i = fill
            is_integer = .true.
        type is (real(real32))
            z = fill
            is_real = .true.
        type is (real(real64))
            z = fill
            is_real = .true.
        type is (complex(real32))
            z = fill
            is_complex = .true.
        type is (complex(real64))
            z = fill
            is_complex = .true.
        type is (logical)
            i = merge(1, 0, fill)
            is_logical = .true.
        type is (logical(c_bool))
            i = merge(1, 0, fill)
            is_logical = .true.
        type is (character(*))
            text = c_text(fill)
            is_text = index(trim(fill), c_null_char) == 0
        end select
        if (is_integer) z = real(i, real64)

        low = 0
        select case (dtype)
        case (atlas_dtype_bool)
            if (.not. is_logical) call refuse
            bytes(1) = int(i, c_int8_t)
        case (atlas_dtype_i8, atlas_dtype_i16, atlas_dtype_i32, atlas_dtype_i64, atlas_dtype_timestamp_ns, &
                atlas_dtype_u8, atlas_dtype_u16, atlas_dtype_u32, atlas_dtype_u64)
            if (.not. is_integer) call refuse
            width = 8 * int(atlas_dtype_size(dtype))
            high = huge(high)
            select case (dtype)
            case (atlas_dtype_i8, atlas_dtype_i16, atlas_dtype_i32)
                high = 2_int64**(width - 1) - 1
                low = -high - 1
            case (atlas_dtype_u8, atlas_dtype_u16, atlas_dtype_u32)
                high = 2_int64**width - 1
            case default
                low = -high - 1
            end select
            if (i < low .or. i > high) call refuse
            bytes(:8) = transfer(i, bytes, 8)
            bytes(width / 8 + 1:) = 0
        case (atlas_dtype_f16)
            if (.not. (is_integer .or. is_real)) call refuse
            if (.not. fits(real(z, real64), above_f16)) call refuse
            bytes(:2) = transfer(half_bits(real(z, real64)), bytes, 2)
        case (atlas_dtype_f32)
            if (.not. (is_integer .or. is_real)) call refuse
            if (.not. fits(real(z, real64), above_f32)) call refuse
            if (outcome%status == atlas_status_ok) bytes(:4) = transfer(real(z, real32), bytes, 4)
        case (atlas_dtype_f64)
            if (.not. (is_integer .or. is_real)) call refuse
            bytes(:8) = transfer(real(z, real64), bytes, 8)
        case (atlas_dtype_c64)
            if (.not. (is_integer .or. is_real .or. is_complex)) call refuse
            if (.not. (fits(real(z, real64), above_f32) .and. fits(aimag(z), above_f32))) call refuse
            if (outcome%status == atlas_status_ok) bytes(:8) = transfer(cmplx(z, kind=real32), bytes, 8)
        case (atlas_dtype_c128)
            if (.not. (is_integer .or. is_real .or. is_complex)) call refuse
            bytes = transfer(z, bytes)
        case (atlas_dtype_string)
            if (.not. is_text) call refuse
        end select
    contains
        recursive subroutine refuse
            outcome = failure(atlas_status_type_mismatch, "fill does not fit dtype "//dtype_name(dtype))
        end subroutine refuse
    end subroutine encode_fill

    !> Whether a number is not rounded to infinity, as it is from `above` on. An infinity fits, and NaN.
    pure recursive function fits(x, above) result(yes)
        real(real64), intent(in) :: x, above
        logical :: yes

        yes = ieee_is_nan(x)
        if (.not. yes) yes = abs(x) < above .or. abs(x) > huge(x)
    end function fits

    !> The fill value of anything but strings.
    pure recursive subroutine decode_fill(description, fill_int, fill_real, fill_complex)
        type(atlas_array_description), intent(in) :: description
        integer(int64), intent(out) :: fill_int
        real(real64), intent(out) :: fill_real
        complex(real64), intent(out) :: fill_complex

        fill_int = 0
        fill_real = 0
        fill_complex = 0
        associate (bytes => description%fill_value)
            select case (description%dtype)
            case (atlas_dtype_bool)
                fill_int = bytes(1)
            case (atlas_dtype_i8)
                fill_int = bytes(1)
            case (atlas_dtype_i16)
                fill_int = transfer(bytes(:2), 0_int16)
            case (atlas_dtype_i32)
                fill_int = transfer(bytes(:4), 0_int32)
            case (atlas_dtype_u8, atlas_dtype_u16, atlas_dtype_u32, atlas_dtype_u64, atlas_dtype_i64, &
                    atlas_dtype_timestamp_ns)
                fill_int = transfer(bytes(:8), 0_int64)
            case (atlas_dtype_f16)
                fill_real = from_half(transfer(bytes(:2), 0_int16))
            case (atlas_dtype_f32)
                fill_real = transfer(bytes(:4), 0.0_real32)
            case (atlas_dtype_f64)
                fill_real = transfer(bytes(:8), 0.0_real64)
            case (atlas_dtype_c64)
                fill_complex = transfer(bytes(:8), (0.0_real32, 0.0_real32))
            case (atlas_dtype_c128)
                fill_complex = transfer(bytes, (0.0_real64, 0.0_real64))
            end select
            select case (description%dtype)
            case (atlas_dtype_f16, atlas_dtype_f32, atlas_dtype_f64)
                fill_complex = fill_real
            case (atlas_dtype_u64)
                fill_real = real(fill_int, real64)
                if (fill_int < 0) fill_real = fill_real + 2.0_real64**64
            case (atlas_dtype_c64, atlas_dtype_c128)
            case default
                fill_real = real(fill_int, real64)
            end select
        end associate
    end subroutine decode_fill

    !> The nearest half-precision number to `x`, ties to even, as its bits.
    pure recursive function half_bits(x) result(bits)
        real(real64), intent(in) :: x
        integer(int16) :: bits

        integer(int64) :: scaled
        integer :: power, sign_bit
        real(real64) :: magnitude

        sign_bit = merge(32768, 0, transfer(x, 0_int64) < 0)
        magnitude = abs(x)
        if (ieee_is_nan(x)) then
            scaled = 32256
        else if (magnitude >= above_f16) then
            scaled = 31744
        else
            ! In units of the last place of x's binade, rounded; a carry into the next binade adds up by itself.
            power = -14
            if (magnitude >= 2.0_real64**(-14)) power = exponent(magnitude) - 1
            scaled = to_even(scale(magnitude, 10 - power)) + int(power + 14, int64) * 1024
        end if
        scaled = scaled + sign_bit
        if (scaled >= 32768) scaled = scaled - 65536
        bits = int(scaled, int16)
    contains
        pure recursive function to_even(y) result(n)
            real(real64), intent(in) :: y
            integer(int64) :: n

            n = int(y, int64)
            if (y - n > 0.5_real64 .or. (y - n >= 0.5_real64 .and. mod(n, 2_int64) == 1)) n = n + 1
        end function to_even
    end function half_bits

    !> The value of a half-precision number.
    pure recursive function from_half(bits) result(x)
        integer(int16), intent(in) :: bits
        real(real64) :: x

        integer :: mantissa, power

        mantissa = int(ibits(bits, 0, 10))
        power = int(ibits(bits, 10, 5))
        if (power == 31) then
            x = transfer(merge(int(z"7FF0000000000000", int64), int(z"7FF8000000000000", int64), mantissa == 0), x)
        else if (power == 0) then
            x = scale(real(mantissa, real64), -24)
        else
            x = scale(real(mantissa + 1024, real64), power - 25)
        end if
        if (btest(bits, 15)) x = -x
    end function from_half
end module atlas_store_memory
