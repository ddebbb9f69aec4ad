! Writes the stores of a table, or compares them with it: see tests/conformance/README.md.
!
! Dimensions are in Fortran's order here, the reverse of the table's, so that an array's cells lie in the table's order.
! conform_kind.inc has what is the same for every kind of memory.

!> value(DTYPE, SEED, k) of the table, for every kind of memory. The value of a SEED below 0 is nothing: 0, false, "".
module conform_values
    use, intrinsic :: ieee_arithmetic, only: ieee_is_nan, ieee_negative_inf, ieee_positive_inf, ieee_quiet_nan, &
        ieee_value
    use, intrinsic :: iso_fortran_env, only: int16, int32, int64, int8, real32, real64
    use atlas_store, only: atlas_dtype_bool, atlas_dtype_c64, atlas_dtype_f16, atlas_dtype_f32, atlas_dtype_i16, &
        atlas_dtype_i32, atlas_dtype_i8, atlas_dtype_u16, atlas_dtype_u32, atlas_dtype_u8
    implicit none (type, external)
    private

    public :: complex_value, integer_value, kept_bits, real_value, same, set, text_value, text_length

    !> Bits that the mantissas of values have; below 0: all.
    integer :: kept_bits = -1

    integer, parameter :: text_length = 64

    !> set(v, dtype, seed, k): make `v` the value.
    interface set
        procedure :: set_int8, set_int16, set_int32, set_int64, set_real32, set_real64, set_complex32, set_complex64, &
            set_logical, set_character
    end interface set

    !> same(a, b): equal; of floating-point numbers bit for bit, or both NaN.
    interface same
        procedure :: same_int8, same_int16, same_int32, same_int64, same_real32, same_real64, same_complex32, &
            same_complex64, same_logical, same_character
    end interface same

contains

    pure function hash(seed, k) result(h)
        integer, intent(in) :: seed
        integer(int64), intent(in) :: k
        integer(int64) :: h

        h = mod(seed * 1000003_int64 + k * 2654435761_int64 + 12345, 4294967296_int64)
        h = mod(ieor(h, shiftr(h, 15)) * 40503, 4294967296_int64)
        h = ieor(h, shiftr(h, 13))
    end function hash

    !> A value of an integer type or bool; of u64 its bits.
    pure function integer_value(dtype, seed, k) result(v)
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k
        integer(int64) :: v

        v = 0
        if (seed < 0) return
        select case (dtype)
        case (atlas_dtype_bool)
            v = mod(hash(seed, k), 2_int64)
        case (atlas_dtype_i8)
            v = low_bits(8, .true.)
        case (atlas_dtype_i16)
            v = low_bits(16, .true.)
        case (atlas_dtype_i32)
            v = low_bits(32, .true.)
        case (atlas_dtype_u8)
            v = low_bits(8, .false.)
        case (atlas_dtype_u16)
            v = low_bits(16, .false.)
        case (atlas_dtype_u32)
            v = low_bits(32, .false.)
        case default
            v = ior(shiftl(hash(seed, 2 * k), 32), hash(seed, 2 * k + 1))
        end select
    contains
        pure function low_bits(n, signed) result(low)
            integer, intent(in) :: n
            logical, intent(in) :: signed
            integer(int64) :: low

            low = ibits(hash(seed, k), 0, n)
            if (signed .and. btest(low, n - 1)) low = low - shiftl(1_int64, n)
        end function low_bits
    end function integer_value

    !> A value of a floating-point type, or one part of a complex one.
    pure function real_value(dtype, seed, k) result(v)
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k
        real(real64) :: v

        integer(int64) :: h

        v = 0
        if (seed < 0) return
        h = hash(seed, k)
        select case (mod(shiftr(h, 24), 16_int64))
        case (5)
            v = ieee_value(v, ieee_quiet_nan)
        case (6)
            v = ieee_value(v, ieee_positive_inf)
        case (7)
            v = ieee_value(v, ieee_negative_inf)
        case (8)
            v = -v
        case default
            select case (dtype)
            case (atlas_dtype_f16)
                v = real(rounded(mod(h, 2048_int64) - 1024), real64) / 8
            case (atlas_dtype_f32, atlas_dtype_c64)
                v = real(rounded(mod(h, 16777216_int64) - 8388608), real64) / 64
            case default
                v = real(rounded(h - 2147483648_int64), real64) / 1024
            end select
        end select
    end function real_value

    !> The integer with as many bits of a mantissa as are kept.
    pure function rounded(m) result(near)
        integer(int64), intent(in) :: m
        integer(int64) :: near

        integer(int64) :: kept, rest, half
        integer :: drop

        drop = 63 - leadz(abs(m)) - kept_bits
        near = m
        if (kept_bits < 0 .or. drop <= 0) return
        kept = shiftr(abs(m), drop)
        rest = abs(m) - shiftl(kept, drop)
        half = shiftl(1_int64, drop - 1)
        if (rest > half .or. (rest == half .and. mod(kept, 2_int64) == 1)) kept = kept + 1
        near = sign(shiftl(kept, drop), m)
    end function rounded

    pure function complex_value(dtype, seed, k) result(v)
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k
        complex(real64) :: v

        v = cmplx(real_value(dtype, seed, 2 * k), real_value(dtype, seed, 2 * k + 1), real64)
    end function complex_value

    pure function text_value(seed, k) result(v)
        integer, intent(in) :: seed
        integer(int64), intent(in) :: k
        character(text_length) :: v

        character(*), parameter :: words(0:6) = [character(36) :: "", "x", "sea ice", "São Paulo", "温度", &
            "0123456789abcdefghijklmnopqrstuvwxyz", 'a,b;"c"\d']
        character(20) :: digits
        integer(int64) :: h

        v = ""
        if (seed < 0) return
        h = hash(seed, k)
        digits = ""
        if (mod(shiftr(h, 8), 3_int64) == 0) write (digits, "(i0)") k
        v = trim(words(mod(h, 7_int64)))//digits
    end function text_value

    pure subroutine set_int8(v, dtype, seed, k)
        integer(int8), intent(out) :: v
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k

        v = transfer(integer_value(dtype, seed, k), v)
    end subroutine set_int8

    pure subroutine set_int16(v, dtype, seed, k)
        integer(int16), intent(out) :: v
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k

        if (dtype == atlas_dtype_f16) then
            v = half_bits(real_value(dtype, seed, k))
        else
            v = transfer(integer_value(dtype, seed, k), v)
        end if
    end subroutine set_int16

    pure subroutine set_int32(v, dtype, seed, k)
        integer(int32), intent(out) :: v
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k

        v = transfer(integer_value(dtype, seed, k), v)
    end subroutine set_int32

    pure subroutine set_int64(v, dtype, seed, k)
        integer(int64), intent(out) :: v
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k

        v = integer_value(dtype, seed, k)
    end subroutine set_int64

    pure subroutine set_real32(v, dtype, seed, k)
        real(real32), intent(out) :: v
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k

        v = real(real_value(dtype, seed, k), real32)
    end subroutine set_real32

    pure subroutine set_real64(v, dtype, seed, k)
        real(real64), intent(out) :: v
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k

        v = real_value(dtype, seed, k)
    end subroutine set_real64

    pure subroutine set_complex32(v, dtype, seed, k)
        complex(real32), intent(out) :: v
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k

        v = cmplx(complex_value(dtype, seed, k), kind=real32)
    end subroutine set_complex32

    pure subroutine set_complex64(v, dtype, seed, k)
        complex(real64), intent(out) :: v
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k

        v = complex_value(dtype, seed, k)
    end subroutine set_complex64

    pure subroutine set_logical(v, dtype, seed, k)
        logical, intent(out) :: v
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k

        v = integer_value(dtype, seed, k) == 1
    end subroutine set_logical

    pure subroutine set_character(v, dtype, seed, k)
        character(text_length), intent(out) :: v
        integer, intent(in) :: dtype, seed
        integer(int64), intent(in) :: k

        v = text_value(seed, k)
        if (dtype == 0) v = ""
    end subroutine set_character

    !> The bits of a number that half precision holds exactly.
    pure function half_bits(x) result(bits)
        real(real64), intent(in) :: x
        integer(int16) :: bits

        integer :: magnitude, power

        if (ieee_is_nan(x)) then
            magnitude = int(z"7E00")
        else if (abs(x) > 65504) then
            magnitude = int(z"7C00")
        else if (abs(x) <= 0) then
            magnitude = 0
        else
            power = exponent(x) - 1
            magnitude = (power + 15) * 1024 + nint(scale(abs(x), 10 - power)) - 1024
        end if
        bits = int(magnitude, int16)
        if (sign(1.0_real64, x) < 0) bits = ibset(bits, 15)
    end function half_bits

    pure function same_int8(a, b) result(yes)
        integer(int8), intent(in) :: a, b
        logical :: yes

        yes = a == b
    end function same_int8

    pure function same_int16(a, b) result(yes)
        integer(int16), intent(in) :: a, b
        logical :: yes

        yes = a == b
    end function same_int16

    pure function same_int32(a, b) result(yes)
        integer(int32), intent(in) :: a, b
        logical :: yes

        yes = a == b
    end function same_int32

    pure function same_int64(a, b) result(yes)
        integer(int64), intent(in) :: a, b
        logical :: yes

        yes = a == b
    end function same_int64

    pure function same_real32(a, b) result(yes)
        real(real32), intent(in) :: a, b
        logical :: yes

        yes = transfer(a, 0_int32) == transfer(b, 0_int32) .or. (ieee_is_nan(a) .and. ieee_is_nan(b))
    end function same_real32

    pure function same_real64(a, b) result(yes)
        real(real64), intent(in) :: a, b
        logical :: yes

        yes = transfer(a, 0_int64) == transfer(b, 0_int64) .or. (ieee_is_nan(a) .and. ieee_is_nan(b))
    end function same_real64

    pure function same_complex32(a, b) result(yes)
        complex(real32), intent(in) :: a, b
        logical :: yes

        yes = same(real(a), real(b)) .and. same(aimag(a), aimag(b))
    end function same_complex32

    pure function same_complex64(a, b) result(yes)
        complex(real64), intent(in) :: a, b
        logical :: yes

        yes = same(real(a), real(b)) .and. same(aimag(a), aimag(b))
    end function same_complex64

    pure function same_logical(a, b) result(yes)
        logical, intent(in) :: a, b
        logical :: yes

        yes = a .eqv. b
    end function same_logical

    pure function same_character(a, b) result(yes)
        character(*), intent(in) :: a, b
        logical :: yes

        yes = a == b
    end function same_character
end module conform_values

!> The statements of the table, and what all steps share.
module conform_table
    use, intrinsic :: iso_fortran_env, only: error_unit, int64
    use atlas_store, only: atlas_codec_lz4, atlas_codec_none, atlas_codec_zstd, atlas_dtype_string, &
        atlas_filter_delta, atlas_filter_none, atlas_max_name, dtype_name, store_type
    implicit none (type, external)
    private

    public :: array_type, attribute_type, compared, differ, field, line_length, parse_array, parse_attribute, store, &
        store_name

    integer, parameter :: line_length = 4096

    !> An array, its dimensions in Fortran's order and with extents of 1 up to rank 4.
    type :: array_type
        character(:), allocatable :: dataset, array
        integer :: dtype = 0
        integer :: rank = 0
        integer :: extents(4) = 1
        character(atlas_max_name) :: dims(4) = ""
        logical :: names_dims = .false.           !< the table names the dimensions
        integer :: chunk(4) = 0
        logical :: chooses_chunk = .false.        !< the table says what a chunk is
        integer :: piece(4) = 0
        logical :: names_piece = .false.          !< the table says what pieces it is in
        integer :: codec = 0
        integer :: filter = atlas_filter_none
        integer :: keep_bits = 0                  !< bits that are kept of reals; 0: all
        integer :: fill = -1                      !< the fill value's seed; below 0: there is none
        integer :: seed = 0
        character(:), allocatable :: how
        integer :: first(4) = 1, last(4) = 1      !< the cells that are written
        integer :: rows = 0                       !< what is appended at a time
    end type array_type

    !> An attribute; of the dataset itself where `array` is not allocated.
    type :: attribute_type
        character(:), allocatable :: dataset, array, key
        integer :: dtype = 0
        integer :: count = 0
        integer :: seed = 0
    end type attribute_type

    !> The store that is written or checked.
    type(store_type) :: store
    character(:), allocatable :: store_name
    integer(int64) :: compared = 0

contains

    function parse_array(line) result(a)
        character(*), intent(in) :: line
        type(array_type) :: a

        integer :: i
        character(atlas_max_name) :: list, one

        a%dataset = trim(field(line, 2))
        a%array = trim(field(line, 3))
        a%dtype = dtype_of(field(line, 4))
        if (field(line, 5) /= "scalar") a%rank = length_of(field(line, 5))
        if (a%rank > 0) call take_list(field(line, 5), a%extents)
        a%names_dims = field(line, 6) /= "-"
        do i = 1, a%rank
            if (a%names_dims) then
                a%dims(i) = item(field(line, 6), a%rank + 1 - i)
            else
                write (a%dims(i), "(a, i0)") "dim_", a%rank - i
            end if
        end do
        a%chooses_chunk = field(line, 7) /= "-"
        if (a%chooses_chunk) call take_list(part(field(line, 7), 1, "/"), a%chunk)
        a%names_piece = part(field(line, 7), 2, "/") /= ""
        if (a%names_piece) call take_list(part(field(line, 7), 2, "/"), a%piece)
        list = field(line, 8)
        do i = 2, length_of(list)
            one = item(list, i)
            if (one == "delta") then
                a%filter = atlas_filter_delta
            else
                a%keep_bits = number(one(len("bits=") + 1:))
            end if
        end do
        select case (item(list, 1))
        case ("zstd")
            a%codec = atlas_codec_zstd
        case ("lz4")
            a%codec = atlas_codec_lz4
        case ("none")
            a%codec = atlas_codec_none
        end select
        if (field(line, 9) /= "-") a%fill = number(field(line, 9))
        a%seed = number(field(line, 10))
        a%how = trim(field(line, 11))
        a%last = a%extents
        select case (a%how)
        case ("append")
            a%rows = number(field(line, 13))
        case ("box")
            call take_list(field(line, 12), a%first)
            call take_list(field(line, 13), a%last)
            a%first(:a%rank) = a%first(:a%rank) + 1
            a%last(:a%rank) = a%first(:a%rank) + a%last(:a%rank) - 1
        case ("never")
            a%last = 0
        end select
    end function parse_array

    function parse_attribute(line) result(a)
        character(*), intent(in) :: line
        type(attribute_type) :: a

        a%dataset = trim(field(line, 2))
        if (field(line, 3) /= "-") a%array = trim(field(line, 3))
        a%key = trim(field(line, 4))
        a%dtype = dtype_of(field(line, 5))
        a%count = number(field(line, 6))
        a%seed = number(field(line, 7))
    end function parse_attribute

    !> The n-th field of a statement; "" where it has fewer.
    pure function field(line, n) result(text)
        character(*), intent(in) :: line
        integer, intent(in) :: n
        character(atlas_max_name) :: text

        text = part(line, n, " ")
    end function field

    !> The n-th item of a list.
    pure function item(list, n) result(text)
        character(*), intent(in) :: list
        integer, intent(in) :: n
        character(atlas_max_name) :: text

        text = part(list, n, ",")
    end function item

    pure function part(whole, n, separator) result(text)
        character(*), intent(in) :: whole, separator
        integer, intent(in) :: n
        character(atlas_max_name) :: text

        integer :: i, at, length

        at = 1
        length = 0
        do i = 1, n
            length = index(trim(whole(at:))//separator, separator) - 1
            if (i < n) at = min(at + length + 1, len(whole) + 1)
        end do
        text = whole(at:at + length - 1)
    end function part

    pure function length_of(list) result(n)
        character(*), intent(in) :: list
        integer :: n

        integer :: i

        n = count([(list(i:i) == ",", i = 1, len(list))]) + 1
    end function length_of

    !> A list of numbers, in reverse.
    subroutine take_list(list, numbers)
        character(*), intent(in) :: list
        integer, intent(inout) :: numbers(:)

        integer :: n

        n = length_of(list)
        read (list, *) numbers(n:1:-1)
    end subroutine take_list

    function number(text) result(n)
        character(*), intent(in) :: text
        integer :: n

        read (text, *) n
    end function number

    function dtype_of(name) result(dtype)
        character(*), intent(in) :: name
        integer :: dtype

        do dtype = 1, atlas_dtype_string
            if (dtype_name(dtype) == name) return
        end do
        call differ(name, "", "is no type")
    end function dtype_of

    !> Ends the program at the first difference.
    subroutine differ(dataset, name, what)
        character(*), intent(in) :: dataset, name, what

        write (error_unit, "(8a)") store_name, ": ", trim(dataset), ": '", trim(name), "' ", what
        stop 1, quiet=.true.
    end subroutine differ
end module conform_table

#define BITS(t) , dtype=t%dtype
#define MODULE conform_int8
#define TYPE integer(int8)
#include "conform_kind.inc"
#undef MODULE
#undef TYPE
#define MODULE conform_int16
#define TYPE integer(int16)
#include "conform_kind.inc"
#undef MODULE
#undef TYPE
#define MODULE conform_int32
#define TYPE integer(int32)
#include "conform_kind.inc"
#undef MODULE
#undef TYPE
#define MODULE conform_int64
#define TYPE integer(int64)
#include "conform_kind.inc"
#undef BITS
#undef MODULE
#undef TYPE
#define BITS(t)
#define MODULE conform_real32
#define TYPE real(real32)
#include "conform_kind.inc"
#undef MODULE
#undef TYPE
#define MODULE conform_real64
#define TYPE real(real64)
#include "conform_kind.inc"
#undef MODULE
#undef TYPE
#define MODULE conform_complex32
#define TYPE complex(real32)
#include "conform_kind.inc"
#undef MODULE
#undef TYPE
#define MODULE conform_complex64
#define TYPE complex(real64)
#include "conform_kind.inc"
#undef MODULE
#undef TYPE
#define MODULE conform_logical
#define TYPE logical
#include "conform_kind.inc"
#undef MODULE
#undef TYPE
#define MODULE conform_character
#define TYPE character(text_length)
#include "conform_kind.inc"
#undef MODULE
#undef TYPE

!> Whole stores.
module conform_stores
    use, intrinsic :: iso_fortran_env, only: int64, real64
    use atlas_store, only: array_info_type, atlas_compression_none, atlas_compression_zstd, atlas_dtype_bool, &
        atlas_dtype_c128, atlas_dtype_c64, atlas_dtype_f16, atlas_dtype_f32, atlas_dtype_f64, atlas_dtype_i16, &
        atlas_dtype_i32, atlas_dtype_i64, atlas_dtype_i8, atlas_dtype_string, atlas_dtype_timestamp_ns, &
        atlas_dtype_u16, atlas_dtype_u32, atlas_dtype_u64, atlas_dtype_u8, atlas_max_name, atlas_meta_format_json, &
        atlas_meta_format_msgpack
    use conform_character, only: character_array => array_step, character_attribute => attribute_step
    use conform_complex32, only: complex32_array => array_step, complex32_attribute => attribute_step
    use conform_complex64, only: complex64_array => array_step, complex64_attribute => attribute_step
    use conform_int16, only: int16_array => array_step, int16_attribute => attribute_step
    use conform_int32, only: int32_array => array_step, int32_attribute => attribute_step
    use conform_int64, only: int64_array => array_step, int64_attribute => attribute_step
    use conform_int8, only: int8_array => array_step, int8_attribute => attribute_step
    use conform_logical, only: logical_array => array_step, logical_attribute => attribute_step
    use conform_real32, only: real32_array => array_step, real32_attribute => attribute_step
    use conform_real64, only: real64_array => array_step, real64_attribute => attribute_step
    use conform_table, only: array_type, attribute_type, differ, field, line_length, parse_array, parse_attribute, &
        store, store_name
    use conform_values, only: complex_value, integer_value, kept_bits, real_value, same, text_value
    implicit none (type, external)
    private

    public :: check_store, write_store

contains

    !> Writes the store of `lines`, whose first is the statement `store`.
    subroutine write_store(folder, lines)
        character(*), intent(in) :: folder
        character(line_length), intent(in) :: lines(:)

        integer :: i, meta_format, meta_compression
        type(array_type) :: a

        store_name = trim(field(lines(1), 2))
        meta_format = merge(atlas_meta_format_json, atlas_meta_format_msgpack, index(field(lines(1), 3), "json") == 1)
        meta_compression = merge(atlas_compression_zstd, atlas_compression_none, index(field(lines(1), 3), ".zst") > 0)
        call store%create(folder//"/"//store_name//".atlas", meta_format=meta_format, meta_compression=meta_compression)
        do i = 2, size(lines)
            select case (field(lines(i), 1))
            case ("dataset")
                call store%create_dataset(field(lines(i), 2))
            case ("gone")
                call store%create_dataset(field(lines(i), 2))
                call write_array(parse_array("array "//trim(field(lines(i), 2))//" v i32 10 - - zstd - 1 whole - -"))
            case ("array")
                call write_array(parse_array(lines(i)))
            case ("attribute")
                call attribute_step("write", parse_attribute(lines(i)))
            case default
                call differ(lines(i), "", "is no statement")
            end select
        end do
        call store%flush()
        do i = 2, size(lines)
            select case (field(lines(i), 1))
            case ("gone")
                call store%delete_dataset(field(lines(i), 2))
            case ("array")
                a = parse_array(lines(i))
                if (a%how == "twice") call array_step("again", a)
                if (a%how == "gone") call store%delete_array(a%dataset, a%array)
            end select
        end do
        call store%flush()
        if (field(lines(1), 4) == "compact") call store%compact()
        call store%close()
    end subroutine write_store

    subroutine write_array(a)
        type(array_type), intent(in) :: a

        integer :: shape_of(a%rank)
        integer, allocatable :: chunk(:), keep_bits
        character(atlas_max_name), allocatable :: dims(:)
        class(*), allocatable :: fill

        shape_of = a%extents(:a%rank)
        if (a%how == "append") shape_of(a%rank) = 0
        if (a%names_dims) allocate(dims, source=a%dims(:a%rank))
        if (a%chooses_chunk) allocate(chunk, source=a%chunk(:a%rank))
        if (a%fill >= 0) call make_fill(a, fill)
        if (a%keep_bits > 0) keep_bits = a%keep_bits
        call store%define(a%dataset, a%array, a%dtype, shape_of, dims, chunk, a%codec, fill=fill, filter=a%filter, &
            keep_bits=keep_bits)
        call array_step("write", a)
    end subroutine write_array

    subroutine make_fill(a, fill)
        type(array_type), intent(in) :: a
        class(*), allocatable, intent(out) :: fill

        select case (a%dtype)
        case (atlas_dtype_bool)
            allocate(fill, source=integer_value(a%dtype, a%fill, 0_int64) == 1)
        case (atlas_dtype_f16, atlas_dtype_f32, atlas_dtype_f64)
            allocate(fill, source=real_value(a%dtype, a%fill, 0_int64))
        case (atlas_dtype_c64, atlas_dtype_c128)
            allocate(fill, source=complex_value(a%dtype, a%fill, 0_int64))
        case (atlas_dtype_string)
            allocate(fill, source=text_value(a%fill, 0_int64))
        case default
            allocate(fill, source=integer_value(a%dtype, a%fill, 0_int64))
        end select
    end subroutine make_fill

    !> Compares the store of `lines` with them.
    subroutine check_store(folder, lines)
        character(*), intent(in) :: folder
        character(line_length), intent(in) :: lines(:)

        character(:), allocatable, save :: names(:)
        character(atlas_max_name) :: dataset, array
        type(array_type) :: a
        type(attribute_type) :: attribute
        integer :: i, dtype
        integer(int64) :: n

        store_name = trim(field(lines(1), 2))
        call store%open(folder//"/"//store_name//".atlas")
        call store%dataset_names(names)
        call check_names("store", names, lines, "dataset", 2)
        do i = 2, size(lines)
            dataset = field(lines(i), 2)
            array = field(lines(i), 3)
            select case (field(lines(i), 1))
            case ("dataset")
                call store%array_names(dataset, names)
                call check_names(dataset, names, lines, "array", 3, dataset)
                call store%attribute_names(dataset, names)
                call check_names(dataset, names, lines, "attribute", 4, dataset, "-")
            case ("array")
                a = parse_array(lines(i))
                if (a%how == "gone") cycle
                call check_info(a)
                if (a%keep_bits > 0) kept_bits = a%keep_bits
                call array_step("check", a)
                kept_bits = -1
                call store%attribute_names(dataset, names, array)
                call check_names(array, names, lines, "attribute", 4, dataset, array)
            case ("attribute")
                attribute = parse_attribute(lines(i))
                call store%attribute_info(dataset, attribute%key, dtype, n, attribute%array)
                if (dtype /= attribute%dtype .or. n /= attribute%count) call differ(dataset, attribute%key, &
                    "is an attribute of another type or count")
                call attribute_step("check", attribute)
            end select
        end do
        call store%close()
    end subroutine check_store

    !> The names of a listing are those in field `n` of the statements of a kind, of one dataset and one array where
    !> these are given.
    subroutine check_names(what, names, lines, kind, n, dataset, array)
        character(*), intent(in) :: what, names(:), kind
        character(line_length), intent(in) :: lines(:)
        integer, intent(in) :: n
        character(*), intent(in), optional :: dataset, array

        integer :: i, found

        found = 0
        do i = 2, size(lines)
            if (field(lines(i), 1) /= kind) cycle
            if (present(dataset)) then
                if (field(lines(i), 2) /= dataset) cycle
            end if
            if (present(array)) then
                if (field(lines(i), 3) /= array) cycle
            end if
            if (kind == "array" .and. field(lines(i), 11) == "gone") cycle
            if (.not. any(names == field(lines(i), n))) call differ(what, field(lines(i), n), "is missing: "//kind)
            found = found + 1
        end do
        if (found /= size(names)) call differ(what, kind, "has other names than these")
    end subroutine check_names

    !> Everything about an array but its cells.
    subroutine check_info(a)
        type(array_type), intent(in) :: a

        type(array_info_type) :: info
        class(*), allocatable :: fill
        logical :: good

        call store%info(a%dataset, a%array, info)
        if (info%dtype /= a%dtype .or. info%rank /= a%rank) call differ(a%dataset, a%array, "has another type or rank")
        if (any(info%shape /= a%extents(:a%rank))) call differ(a%dataset, a%array, "has another shape")
        if (any(info%dims /= a%dims(:a%rank))) call differ(a%dataset, a%array, "has other dimensions")
        if (a%chooses_chunk) then
            if (any(info%chunk_shape /= a%chunk(:a%rank))) call differ(a%dataset, a%array, "has other chunks")
        end if
        if (a%names_piece) then
            if (any(info%piece_shape /= a%piece(:a%rank))) call differ(a%dataset, a%array, "is in other pieces")
        end if
        if (info%filter /= a%filter) call differ(a%dataset, a%array, "has another filter")
        if (info%keep_bits /= a%keep_bits) call differ(a%dataset, a%array, "keeps other bits")
        if (info%codec /= a%codec) call differ(a%dataset, a%array, "has another codec")
        good = info%has_fill_value .eqv. a%fill >= 0
        if (good .and. a%fill >= 0) then
            call make_fill(a, fill)
            select type (fill)
            type is (logical)
                good = (info%fill_int == 1) .eqv. fill
            type is (integer(int64))
                good = info%fill_int == fill
            type is (real(real64))
                good = same(info%fill_real, fill)
            type is (complex(real64))
                good = same(info%fill_complex, fill)
            type is (character(*))
                good = info%fill_text == fill
            end select
        end if
        if (.not. good) call differ(a%dataset, a%array, "has another fill value")
    end subroutine check_info

    subroutine array_step(step, a)
        character(*), intent(in) :: step
        type(array_type), intent(in) :: a

        select case (a%dtype)
        case (atlas_dtype_bool)
            call logical_array(step, a)
        case (atlas_dtype_i8, atlas_dtype_u8)
            call int8_array(step, a)
        case (atlas_dtype_i16, atlas_dtype_u16)
            call int16_array(step, a)
        case (atlas_dtype_f16)
            ! Written as bits; read as numbers, of which any NaN equals any other.
            if (step == "check") then
                call real32_array(step, a)
            else
                call int16_array(step, a)
            end if
        case (atlas_dtype_i32, atlas_dtype_u32)
            call int32_array(step, a)
        case (atlas_dtype_i64, atlas_dtype_u64, atlas_dtype_timestamp_ns)
            call int64_array(step, a)
        case (atlas_dtype_f32)
            call real32_array(step, a)
        case (atlas_dtype_f64)
            call real64_array(step, a)
        case (atlas_dtype_c64)
            call complex32_array(step, a)
        case (atlas_dtype_c128)
            call complex64_array(step, a)
        case (atlas_dtype_string)
            call character_array(step, a)
        end select
    end subroutine array_step

    subroutine attribute_step(step, a)
        character(*), intent(in) :: step
        type(attribute_type), intent(in) :: a

        select case (a%dtype)
        case (atlas_dtype_bool)
            call logical_attribute(step, a)
        case (atlas_dtype_i8, atlas_dtype_u8)
            call int8_attribute(step, a)
        case (atlas_dtype_i16, atlas_dtype_u16)
            call int16_attribute(step, a)
        case (atlas_dtype_f16)
            if (step == "check") then
                call real32_attribute(step, a)
            else
                call int16_attribute(step, a)
            end if
        case (atlas_dtype_i32, atlas_dtype_u32)
            call int32_attribute(step, a)
        case (atlas_dtype_i64, atlas_dtype_u64, atlas_dtype_timestamp_ns)
            call int64_attribute(step, a)
        case (atlas_dtype_f32)
            call real32_attribute(step, a)
        case (atlas_dtype_f64)
            call real64_attribute(step, a)
        case (atlas_dtype_c64)
            call complex32_attribute(step, a)
        case (atlas_dtype_c128)
            call complex64_attribute(step, a)
        case (atlas_dtype_string)
            call character_attribute(step, a)
        end select
    end subroutine attribute_step
end module conform_stores

program conform
    use, intrinsic :: iso_fortran_env, only: error_unit
    use conform_stores, only: check_store, write_store
    use conform_table, only: compared, field, line_length
    implicit none (type, external)

    character(line_length), allocatable :: lines(:)
    character(line_length) :: step, table, folder
    integer :: i, j

    call get_command_argument(1, step)
    call get_command_argument(2, table)
    call get_command_argument(3, folder)
    if ((step /= "write" .and. step /= "check") .or. folder == "") then
        write (error_unit, "(a)") "usage: conform write|check TABLE FOLDER"
        stop 2, quiet=.true.
    end if
    call read_table
    i = 1
    do while (i <= size(lines))
        do j = i, size(lines) - 1
            if (field(lines(j + 1), 1) == "store") exit
        end do
        if (step == "write") then
            call write_store(trim(folder), lines(i:j))
        else
            call check_store(trim(folder), lines(i:j))
        end if
        i = j + 1
    end do
    if (step == "check") print "(a, i0, a)", "compared ", compared, " values"

contains

    !> The statements, without comments and empty lines.
    subroutine read_table
        character(line_length) :: line
        integer :: unit, pass, n, status

        open (newunit=unit, file=trim(table), action="read", status="old")
        do pass = 1, 2
            if (pass == 2) allocate(lines(n))
            n = 0
            do
                read (unit, "(a)", iostat=status) line
                if (status /= 0) exit
                if (line == "" .or. line(1:1) == "#") cycle
                n = n + 1
                if (pass == 2) lines(n) = line
            end do
            rewind unit
        end do
        close (unit)
    end subroutine read_table
end program conform
