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

    public :: complex_value, integer_value, real_value, same, set, text_value, text_length

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
                v = real(mod(h, 2048_int64) - 1024, real64) / 8
            case (atlas_dtype_f32, atlas_dtype_c64)
                v = real(mod(h, 16777216_int64) - 8388608, real64) / 64
            case default
                v = real(h - 2147483648_int64, real64) / 1024
            end select
        end select
    end function real_value

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

    !> Of f16, any NaN has the bits of another here: those of `half_bits`.
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
