! What is said about arrays: definitions, fill values, conversions between types, statistics, names.
module array_tests
    use, intrinsic :: ieee_arithmetic, only: ieee_is_nan, ieee_negative_inf, ieee_quiet_nan, ieee_value
    use, intrinsic :: iso_c_binding, only: c_bool
    use, intrinsic :: iso_fortran_env, only: int16, int32, int64, int8, real32, real64
    use check, only: expect, expect_failure, path_of
    use atlas_store, only: array_info_type, atlas_codec_lz4, atlas_codec_none, atlas_codec_zstd, atlas_dtype_bool, &
        atlas_dtype_c128, atlas_dtype_c64, atlas_dtype_f16, atlas_dtype_f32, atlas_dtype_f64, atlas_dtype_i16, &
        atlas_dtype_i32, atlas_dtype_i64, atlas_dtype_i8, atlas_dtype_string, atlas_dtype_timestamp_ns, &
        atlas_dtype_u16, atlas_dtype_u32, atlas_dtype_u64, atlas_dtype_u8, atlas_filter_delta, atlas_filter_none, &
        atlas_max_name, atlas_max_rank, &
        atlas_status_already_exists, atlas_status_invalid_argument, atlas_status_no_stats, atlas_status_not_found, &
        atlas_status_out_of_range, atlas_status_type_mismatch, chunk_place_type, dtype_name, stats_type, store_type
    implicit none (type, external)
    private

    public :: attribute_types, bits, chunk_statistics, conversions, definitions, fill_bits, fill_values, &
        half_precision, high_rank, listings, missing_cells, places, refused_definitions, refused_fills, statistics, &
        unsigned_statistics

contains

    subroutine definitions
        type(store_type) :: store
        type(array_info_type) :: info

        call store%create(path_of("store"), codec=atlas_codec_lz4, shuffle=.false., pack=.false., &
            filter=atlas_filter_delta)
        call store%create_dataset("d")
        call store%define("d", "plain", atlas_dtype_i16, [5, 6, 7])
        call store%info("d", "plain", info)
        call expect(info%rank == 3 .and. info%dtype == atlas_dtype_i16, "rank and type")
        call expect(all(info%shape == [5, 6, 7]), "the shape")
        call expect(size(info%dims) == 3, "three dimensions")
        call expect(info%dims(1) == "dim_2" .and. info%dims(3) == "dim_0", "dimensions named as C counts them")
        call expect(info%codec == atlas_codec_lz4 .and. .not. info%shuffle, "the store's codec")
        call expect(.not. info%pack, "not packed, as the store")
        call expect(info%filter == atlas_filter_delta .and. info%keep_bits == 0, "the store's filter")
        call expect(.not. info%has_fill_value, "no fill value")

        call store%define("d", "full", atlas_dtype_f32, [5_int64, 6_int64, 7_int64], dims=["lon  ", "lat  ", "level"], &
            chunk_shape=[5_int16, 3_int16, 2_int16], codec=atlas_codec_zstd, level=3, shuffle=.true., pack=.true., &
            fill=-1.5, filter=atlas_filter_none, keep_bits=7)
        call store%info("d", "full", info)
        call expect(all(info%chunk_shape == [5, 3, 2]), "the chunk's shape")
        call expect(all(info%dims == ["lon  ", "lat  ", "level"]), "the dimensions")
        call expect(info%codec == atlas_codec_zstd .and. info%level == 3 .and. info%shuffle, "the codec")
        call expect(info%pack, "packed")
        call expect(info%filter == atlas_filter_none .and. info%keep_bits == 7, "no filter, seven bits")
        call expect(info%has_fill_value .and. nint(2 * info%fill_real) == -3, "the fill value")

        call store%define("d", "scalar", atlas_dtype_f64)
        call store%info("d", "scalar", info)
        call expect(info%rank == 0 .and. size(info%shape) == 0 .and. size(info%dims) == 0, "a scalar")
        call store%define("d", "raw", atlas_dtype_f64, [2], codec=atlas_codec_none)
        call store%info("d", "raw", info)
        call expect(info%codec == atlas_codec_none, "stored as it is")
    end subroutine definitions

    subroutine refused_definitions
        type(store_type) :: store
        type(array_info_type) :: info
        character(200) :: text
        integer :: stat, i

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_i8, [2, 3])
        call store%define("d", "x", atlas_dtype_i8, [2, 3], stat=stat)
        call expect(stat == atlas_status_already_exists, "a name that is taken")
        call store%define("e", "x", atlas_dtype_i8, stat=stat)
        call expect(stat == atlas_status_not_found, "a dataset that is missing")
        call store%define("d", "y", 99, stat=stat)
        call expect(stat == atlas_status_invalid_argument, "a type that is none")
        call store%define("d", "y", atlas_dtype_i8, [2, 3], dims=["x"], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "dims has 1 names, shape has 2 extents")
        call store%define("d", "y", atlas_dtype_i8, [2, 3], chunk_shape=[1, 1, 1], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "chunk_shape has 3 extents, shape has 2")
        call store%define("d", "y", atlas_dtype_i8, [2.0, 3.0], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "shape must be of type integer")
        call store%define("d", "y", atlas_dtype_i8, [2, -3], stat=stat)
        call expect(stat == atlas_status_invalid_argument, "an extent below 0")
        call store%define("d", "y", atlas_dtype_i8, [2, 3], chunk_shape=[1, 0], stat=stat)
        call expect(stat == atlas_status_invalid_argument, "a chunk without cells")
        call store%define("d", "y", atlas_dtype_i8, [(1, i = 1, 33)], stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "highest rank is 32")
        call store%define("d", "y", atlas_dtype_i8, [2], codec=77, stat=stat)
        call expect(stat /= 0, "a codec that is none")
        call store%define("d", "", atlas_dtype_i8, stat=stat)
        call expect(stat == atlas_status_invalid_argument, "an empty name")
        call store%info("d", "y", info, stat=stat)
        call expect(stat == atlas_status_not_found, "no second array")
        call expect(store%array_count("d") == 1, "nothing defined")
    end subroutine refused_definitions

    !> More dimensions than a Fortran array has.
    subroutine high_rank
        type(store_type) :: store
        type(array_info_type) :: info
        integer(int32) :: part(2, 3), got(2, 3), cell, i
        integer :: shape_of(atlas_max_rank), start(atlas_max_rank), count(atlas_max_rank)

        shape_of = 1
        shape_of(2) = 2
        shape_of(20) = 3
        shape_of(32) = 4
        part = reshape([(i, i = 1, 6)], [2, 3])
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_i32, shape_of)
        start = 1
        start(32) = 3
        count = shape_of
        count(32) = 1
        call store%write("d", "x", part, start, count)
        call store%read("d", "x", got, start, count)
        call expect(all(got == part), "a part of 32 dimensions")
        start(2) = 2
        start(20) = 3
        call store%read("d", "x", cell, start)
        call expect(cell == part(2, 3), "a cell of 32 dimensions")
        call store%info("d", "x", info)
        call expect(info%rank == 32 .and. all(info%shape == shape_of), "the shape")
    end subroutine high_rank

    subroutine fill_values
        type(store_type) :: store
        type(array_info_type) :: info
        complex(real64) :: z

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call integers(atlas_dtype_i8, -128_int64)
        call integers(atlas_dtype_i16, -32768_int64)
        call integers(atlas_dtype_i32, -2147483648_int64)
        call integers(atlas_dtype_i64, -9223372036854775807_int64)
        call integers(atlas_dtype_timestamp_ns, 1700000000000000000_int64)
        call integers(atlas_dtype_u8, 255_int64)
        call integers(atlas_dtype_u16, 65535_int64)
        call integers(atlas_dtype_u32, 4294967295_int64)
        call integers(atlas_dtype_u64, -1_int64)

        call store%define("d", "small", atlas_dtype_i64, fill=-7_int8)
        call store%info("d", "small", info)
        call expect(info%fill_int == -7, "an int8 for i64")
        call store%define("d", "medium", atlas_dtype_u8, fill=200_int16)
        call store%info("d", "medium", info)
        call expect(info%fill_int == 200, "an int16 for u8")
        call store%define("d", "yes", atlas_dtype_bool, fill=.true.)
        call store%info("d", "yes", info)
        call expect(info%fill_int == 1, "a logical")
        call store%define("d", "no", atlas_dtype_bool, fill=.false._c_bool)
        call store%info("d", "no", info)
        call expect(info%has_fill_value .and. info%fill_int == 0, "a logical(c_bool)")
        call store%define("d", "f32", atlas_dtype_f32, fill=0.1_real64)
        call store%info("d", "f32", info)
        call expect(abs(info%fill_real - 0.1_real32) <= 0, "a real64 for f32, rounded")
        call store%define("d", "f64", atlas_dtype_f64, fill=0.1_real64)
        call store%info("d", "f64", info)
        call expect(abs(info%fill_real - 0.1_real64) <= 0, "a real64")
        call store%define("d", "f64 of i", atlas_dtype_f64, fill=-9999)
        call store%info("d", "f64 of i", info)
        call expect(nint(info%fill_real) == -9999, "an integer for f64")
        call store%define("d", "nan", atlas_dtype_f32, fill=ieee_value(0.0_real32, ieee_quiet_nan))
        call store%info("d", "nan", info)
        call expect(ieee_is_nan(info%fill_real), "NaN")
        call store%define("d", "c64", atlas_dtype_c64, fill=(1.5, -2.5))
        call store%info("d", "c64", info)
        z = info%fill_complex
        call expect(nint(2 * real(z)) == 3 .and. nint(2 * aimag(z)) == -5, "a complex for c64")
        call store%define("d", "c128", atlas_dtype_c128, fill=(0.1_real64, 1e300_real64))
        call store%info("d", "c128", info)
        z = info%fill_complex
        call expect(abs(z - (0.1_real64, 1e300_real64)) <= 0, "a complex for c128")
        call store%define("d", "c128 of r", atlas_dtype_c128, fill=2.5)
        call store%info("d", "c128 of r", info)
        call expect(nint(2 * real(info%fill_complex)) == 5, "a real for c128")
        call store%define("d", "text", atlas_dtype_string, [2], fill="missing  ")
        call store%info("d", "text", info)
        call expect(info%fill_text == "missing" .and. len(info%fill_text) == 7, "a text")
        call store%define("d", "no text", atlas_dtype_string, fill="")
        call store%info("d", "no text", info)
        call expect(info%has_fill_value .and. len(info%fill_text) == 0, "an empty text")
    contains
        subroutine integers(dtype, fill)
            integer, intent(in) :: dtype
            integer(int64), intent(in) :: fill

            call store%define("d", dtype_name(dtype), dtype, [3], fill=fill)
            call store%info("d", dtype_name(dtype), info)
            call expect(info%has_fill_value .and. info%fill_int == fill, dtype_name(dtype))
            if (dtype /= atlas_dtype_u64) call expect(abs(info%fill_real - real(fill, real64)) <= 0, "as a real")
            if (dtype == atlas_dtype_u64) call expect(abs(info%fill_real - 2.0_real64**64) <= 0, "u64 as a real")
        end subroutine integers
    end subroutine fill_values

    subroutine refused_fills
        type(store_type) :: store

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call refused(atlas_dtype_i8, 128)
        call refused(atlas_dtype_i8, -129)
        call refused(atlas_dtype_u8, -1)
        call refused(atlas_dtype_u8, 256)
        call refused(atlas_dtype_i32, 2147483648_int64)
        call refused(atlas_dtype_u32, 4294967296_int64)
        call refused(atlas_dtype_i32, 1.0)
        call refused(atlas_dtype_bool, 1)
        call refused(atlas_dtype_i8, .true.)
        call refused(atlas_dtype_f64, (1.0, 0.0))
        call refused(atlas_dtype_f64, "1.0")
        call refused(atlas_dtype_string, 1)
        call expect(store%array_count("d") == 0, "nothing defined")
    contains
        subroutine refused(dtype, fill)
            integer, intent(in) :: dtype
            class(*), intent(in) :: fill
            character(100) :: text
            integer :: stat

            call store%define("d", "x", dtype, fill=fill, stat=stat, errmsg=text)
            call expect_failure(stat, text, atlas_status_type_mismatch, "fill does not fit dtype "//dtype_name(dtype))
        end subroutine refused
    end subroutine refused_fills

    !> Cells that were never written read as the fill value, whose bytes this module made.
    subroutine fill_bits
        type(store_type) :: store
        integer(int16) :: half
        integer(int64) :: i
        real(real32) :: r
        complex(real32) :: z
        character(4) :: text
        logical :: flag

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "i64", atlas_dtype_i64, fill=-2)
        call store%read("d", "i64", i)
        call expect(i == -2, "i64")
        call store%define("d", "u32", atlas_dtype_u32, fill=4000000000_int64)
        call store%read("d", "u32", i)
        call expect(i == 4000000000_int64, "u32")
        call store%define("d", "f32", atlas_dtype_f32, fill=-2.5)
        call store%read("d", "f32", r)
        call expect(nint(2 * r) == -5, "f32")
        call store%define("d", "f16", atlas_dtype_f16, fill=-2.5)
        call store%read("d", "f16", r)
        call expect(nint(2 * r) == -5, "f16")
        call store%read("d", "f16", half, dtype=atlas_dtype_f16)
        call expect(half == int(z"4100", int16) - 32768, "f16, bit for bit")
        call store%define("d", "c64", atlas_dtype_c64, fill=(1.0, -2.0))
        call store%read("d", "c64", z)
        call expect(abs(z - (1.0, -2.0)) <= 0, "c64")
        call store%define("d", "bool", atlas_dtype_bool, fill=.true.)
        call store%read("d", "bool", flag)
        call expect(flag, "bool")
        call store%define("d", "text", atlas_dtype_string, fill="none")
        call store%read("d", "text", text)
        call expect(text == "none", "string")
    end subroutine fill_bits

    !> A fill value of f16 is rounded as the library rounds values.
    subroutine half_precision
        type(store_type) :: store
        type(array_info_type) :: info
        real(real64), parameter :: values(*) = [0.0_real64, 1.0_real64, -1.1_real64, 0.1_real64, 65504.0_real64, &
            65519.9_real64, -65519.9_real64, 2.0_real64**(-14), 2.0_real64**(-15), 3.3e-6_real64, &
            2.0_real64**(-24), 2.0_real64**(-25), 2.1_real64**(-25), 1.5_real64 * 2.0_real64**(-24), 1e-30_real64, &
            2049.0_real64, 2051.0_real64, 1.99999_real64, 1023.75_real64, 6.1e-5_real64, 3.14159265_real64]
        character(20) :: name
        character(100) :: text
        real(real64) :: by_fill, by_write
        integer :: i, stat

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "w", atlas_dtype_f16)
        do i = 1, size(values)
            write (name, "(i0)") i
            call store%define("d", name, atlas_dtype_f16, fill=values(i))
            call store%read("d", name, by_fill)
            call store%write("d", "w", values(i))
            call store%read("d", "w", by_write)
            call expect(by_fill >= by_write .and. by_fill <= by_write, "the same rounding of value "//name)
            call store%info("d", name, info)
            call expect(info%fill_real >= by_write .and. info%fill_real <= by_write, "and back of value "//name)
        end do
        call store%define("d", "above", atlas_dtype_f16, fill=65520.0_real64, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_type_mismatch, "fill does not fit dtype f16")
        call store%define("d", "above", atlas_dtype_f32, fill=-3.4028235677973366e38_real64, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_type_mismatch, "fill does not fit dtype f32")
        call store%define("d", "above", atlas_dtype_c64, fill=(0.0_real64, 1e300_real64), stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_type_mismatch, "fill does not fit dtype c64")
        call store%define("d", "below", atlas_dtype_f32, fill=3.4028235677973362e38_real64)
        call store%read("d", "below", by_fill)
        call expect(by_fill >= huge(1.0_real32) .and. by_fill <= huge(1.0_real32), "the largest f32")
        call store%define("d", "infinity", atlas_dtype_f32, fill=ieee_value(0.0_real64, ieee_negative_inf))
        call store%read("d", "infinity", by_fill)
        call expect(by_fill < -huge(by_fill), "infinity")
        call store%define("d", "nan", atlas_dtype_f16, fill=ieee_value(0.0_real64, ieee_quiet_nan))
        call store%read("d", "nan", by_fill)
        call store%info("d", "nan", info)
        call expect(ieee_is_nan(by_fill) .and. ieee_is_nan(info%fill_real), "NaN")
    end subroutine half_precision

    subroutine missing_cells
        type(store_type) :: store
        type(stats_type) :: stats
        real(real64) :: a(4)

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "x", atlas_dtype_f64, [4], fill=-9999.0)
        call store%write("d", "x", [1.0_real64, 2.0_real64], start=[2])
        call store%read("d", "x", a)
        call expect(all(nint(a) == [-9999, 1, 2, -9999]), "cells that were not written")
        call store%flush()
        call store%stats("d", "x", stats)
        call expect(stats%row_count == 4 .and. stats%null_count == 2, "are counted as missing")
        call expect(nint(stats%min) == 1 .and. nint(stats%max) == 2, "and left out of the range")
    end subroutine missing_cells

    subroutine conversions
        type(store_type) :: store
        real(real64) :: d(3)
        real(real32) :: s(3)
        integer(int8) :: i1(3)
        integer(int64) :: i8(3)
        complex(real64) :: z(3)
        character(200) :: text
        integer :: stat

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "f32", atlas_dtype_f32, [3])
        call store%write("d", "f32", [0.1_real64, 2.5_real64, -1e-3_real64])
        call store%read("d", "f32", s)
        call expect(all(abs(s - [0.1, 2.5, -1e-3]) <= 0), "real64 into f32, rounded")
        call store%read("d", "f32", d)
        call expect(all(abs(d - real(s, real64)) <= 0), "f32 into real64, exact")
        call store%define("d", "f16", atlas_dtype_f16, [3])
        call store%write("d", "f16", [0.5, 1.25, -3.0])
        call store%read("d", "f16", d)
        call expect(all(nint(4 * d) == [2, 5, -12]), "f16")
        call store%define("d", "i16", atlas_dtype_i16, [3])
        call store%write("d", "i16", [1, -2, 32767])
        call store%read("d", "i16", i8)
        call expect(all(i8 == [1, -2, 32767]), "i16 into int64")
        call store%read("d", "i16", i1, stat=stat)
        call expect(stat == atlas_status_out_of_range, "32767 into int8")
        call store%write("d", "i16", [1, 2, 32768], stat=stat, errmsg=text)
        call expect(stat == atlas_status_out_of_range, "32768 into i16")
        call store%read("d", "i16", i8)
        call expect(all(i8 == [1, -2, 32767]), "nothing changed")
        call store%write("d", "i16", [1.0, 2.0, 3.0], stat=stat, errmsg=text)
        call expect(stat == atlas_status_type_mismatch, "reals into i16")
        call store%read("d", "i16", s)
        call expect(all(nint(s) == [1, -2, 32767]), "i16 into real32")
        call store%define("d", "c64", atlas_dtype_c64, [3])
        call store%write("d", "c64", [(1.0_real64, 2.0_real64), (0.5_real64, 0.0_real64), (0.0_real64, -1.0_real64)])
        call store%read("d", "c64", z)
        call expect(all(nint(2 * real(z)) == [2, 1, 0]) .and. all(nint(aimag(z)) == [2, 0, -1]), "complex")
        call store%define("d", "time", atlas_dtype_timestamp_ns, [3])
        call store%write("d", "time", [0_int64, 1700000000123456789_int64, -1_int64])
        call store%read("d", "time", i8)
        call expect(all(i8 == [0_int64, 1700000000123456789_int64, -1_int64]), "timestamps")
    end subroutine conversions

    !> `dtype` says what else the bits of integers are.
    subroutine bits
        type(store_type) :: store
        integer(int8) :: b(2)
        integer(int16) :: h(2)
        integer(int32) :: i(2)
        integer(int64) :: l(2), across(2, 1)
        character(100) :: text
        integer :: stat

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "u8", atlas_dtype_u8, [2])
        call store%define("d", "u16", atlas_dtype_u16, [2])
        call store%define("d", "u32", atlas_dtype_u32, [2])
        call store%define("d", "u64", atlas_dtype_u64, [2])
        call store%write("d", "u8", [-1_int8, 3_int8], dtype=atlas_dtype_u8)
        call store%write("d", "u16", [-1_int16, 3_int16], dtype=atlas_dtype_u16)
        call store%write("d", "u32", [-1_int32, 3_int32], dtype=atlas_dtype_u32)
        call store%write("d", "u64", [-1_int64, 3_int64], dtype=atlas_dtype_u64)
        call store%read("d", "u8", h)
        call expect(all(h == [255, 3]), "u8 into int16")
        call store%read("d", "u16", i)
        call expect(all(i == [65535, 3]), "u16 into int32")
        call store%read("d", "u32", l)
        call expect(all(l == [4294967295_int64, 3_int64]), "u32 into int64")
        call store%read("d", "u64", l, dtype=atlas_dtype_u64)
        call expect(all(l == [-1_int64, 3_int64]), "u64, bit for bit")
        call store%read("d", "u8", b, dtype=atlas_dtype_u8)
        call expect(all(b == [-1, 3]), "u8, bit for bit")
        call store%read_across("u64", ["d"], across, dtype=atlas_dtype_u64)
        call expect(all(across(:, 1) == [-1, 3]), "u64 across")
        call store%write("d", "u8", [1_int8, 2_int8], stat=stat)
        call expect(stat == atlas_status_type_mismatch, "int8 into u8, without dtype")
        call store%write("d", "u8", [1_int16, 300_int16], dtype=atlas_dtype_u16, stat=stat)
        call expect(stat == atlas_status_out_of_range, "300 into u8")
        call store%read("d", "u8", h, dtype=atlas_dtype_u8, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_type_mismatch, "dtype u8 is of 1 bytes, the values are of 2 each")
        call store%write("d", "u8", h, dtype=99, stat=stat)
        call expect(stat == atlas_status_type_mismatch, "a type that is none")
        call store%define("d", "u16 list", atlas_dtype_u16, [0])
        call store%append("d", "u16 list", [-2_int16, 2_int16], dtype=atlas_dtype_u16)
        call store%read("d", "u16 list", i)
        call expect(all(i == [65534, 2]), "appended")
        call store%define("d", "half", atlas_dtype_f16, [2])
        call store%write("d", "half", [int(z"3C00", int16), int(z"4000", int16)], dtype=atlas_dtype_f16)
        call store%read("d", "half", h, dtype=atlas_dtype_f16)
        call expect(all(h == [15360, 16384]), "half precision, bit for bit")
        call store%define("d", "flags", atlas_dtype_bool, [2])
        call store%write("d", "flags", [1_int8, 0_int8], dtype=atlas_dtype_bool)
        call store%read("d", "flags", b, dtype=atlas_dtype_bool)
        call expect(all(b == [1, 0]), "flags in bytes")
    end subroutine bits

    !> The type of an attribute is kept.
    subroutine attribute_types
        type(store_type) :: store
        integer(int8) :: i1
        integer(int16) :: i2
        integer(int64) :: count, i8
        integer :: dtype, stat
        real(real64) :: d

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%set_attribute("d", "i8", 1_int8)
        call store%set_attribute("d", "i16", 1_int16)
        call store%set_attribute("d", "i32", 1_int32)
        call store%set_attribute("d", "i64", 1_int64)
        call store%set_attribute("d", "f32", 1.0_real32)
        call store%set_attribute("d", "f64", 1.0_real64)
        call store%set_attribute("d", "c64", (1.0_real32, 0.0_real32))
        call store%set_attribute("d", "c128", (1.0_real64, 0.0_real64))
        call store%set_attribute("d", "bool", .true.)
        call store%set_attribute("d", "string", "a")
        call store%set_attribute("d", "u8", -1_int8, dtype=atlas_dtype_u8)
        call store%set_attribute("d", "u16", -1_int16, dtype=atlas_dtype_u16)
        call store%set_attribute("d", "u32", -1_int32, dtype=atlas_dtype_u32)
        call store%set_attribute("d", "u64", -1_int64, dtype=atlas_dtype_u64)
        call store%set_attribute("d", "f16", int(z"3C00", int16), dtype=atlas_dtype_f16)
        call store%set_attribute("d", "timestamp_ns", [5_int64, 6_int64], dtype=atlas_dtype_timestamp_ns)
        call store%close()
        call store%open(path_of("store"), action="readwrite")
        call has(atlas_dtype_i8)
        call has(atlas_dtype_i16)
        call has(atlas_dtype_i32)
        call has(atlas_dtype_i64)
        call has(atlas_dtype_f32)
        call has(atlas_dtype_f64)
        call has(atlas_dtype_c64)
        call has(atlas_dtype_c128)
        call has(atlas_dtype_bool)
        call has(atlas_dtype_string)
        call has(atlas_dtype_u8)
        call has(atlas_dtype_u16)
        call has(atlas_dtype_u32)
        call has(atlas_dtype_u64)
        call has(atlas_dtype_f16)
        call has(atlas_dtype_timestamp_ns)
        call store%get_attribute("d", "u8", i2)
        call expect(i2 == 255, "u8 into int16")
        call store%get_attribute("d", "u64", i8, dtype=atlas_dtype_u64)
        call expect(i8 == -1, "u64, bit for bit")
        call store%get_attribute("d", "f16", d)
        call expect(nint(d) == 1, "f16 into real64")
        call store%get_attribute("d", "i64", i1)
        call expect(i1 == 1, "i64 into int8")
        call store%set_attribute("d", "matrix", reshape([1, 2, 3, 4], [2, 2]), stat=stat)
        call expect(stat == atlas_status_invalid_argument, "a matrix")
        call store%set_attribute("d", "i8", "now text")
        call has(atlas_dtype_string, "i8")
        call store%attribute_info("d", "no", dtype, count, stat=stat)
        call expect(stat == atlas_status_not_found, "no such attribute")
        call store%set_attribute("d", "x", 1, array="no", stat=stat)
        call expect(stat == atlas_status_not_found, "no such array")
        call expect(store%attribute_count("d") == 16, "16 attributes")
        call store%delete_attribute("d", "f16")
        call expect(.not. store%has_attribute("d", "f16"), "one deleted")
        call expect(store%attribute_count("d") == 15, "15 left")
        call store%delete_attribute("d", "f16", stat=stat)
        call expect(stat == atlas_status_not_found, "deleted once")
    contains
        subroutine has(wanted, name)
            integer, intent(in) :: wanted
            character(*), intent(in), optional :: name
            integer :: found
            integer(int64) :: n

            if (present(name)) then
                call store%attribute_info("d", name, found, n)
            else
                call store%attribute_info("d", dtype_name(wanted), found, n)
            end if
            call expect(found == wanted, "type "//dtype_name(wanted))
            call expect(n == merge(2, 1, wanted == atlas_dtype_timestamp_ns), "the number of values")
        end subroutine has
    end subroutine attribute_types

    subroutine statistics
        type(store_type) :: store
        type(stats_type) :: stats
        integer :: stat

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "i", atlas_dtype_i64, [3])
        call store%write("d", "i", [9007199254740993_int64, -5_int64, 7_int64])
        call store%define("d", "z", atlas_dtype_c64, [2])
        call store%stats("d", "i", stats, stat=stat)
        call expect(stat == atlas_status_no_stats .and. .not. stats%has_range, "none before the first flush")
        call store%flush()
        call store%stats("d", "i", stats)
        call expect(stats%dtype == atlas_dtype_i64 .and. stats%has_range .and. stats%row_count == 3, "three rows")
        call expect(stats%min_int == -5 .and. stats%max_int == 9007199254740993_int64, "an exact range")
        call expect(nint(stats%min) == -5 .and. stats%max > 9e15_real64, "and as reals")
        call store%stats("d", "z", stats)
        call expect(.not. stats%has_range .and. stats%row_count == 2, "complex numbers have no range")
        call store%write("d", "i", 1, start=[1])
        call store%stats("d", "i", stats, stat=stat)
        call expect(stat == atlas_status_no_stats, "none after a write")
        call store%stats("d", "no", stats, stat=stat)
        call expect(stat == atlas_status_not_found, "no such array")
    end subroutine statistics

    subroutine unsigned_statistics
        type(store_type) :: store
        type(stats_type) :: stats

        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "u", atlas_dtype_u64, [2])
        call store%write("d", "u", [-1_int64, 4_int64], dtype=atlas_dtype_u64)
        call store%flush()
        call store%stats("d", "u", stats)
        call expect(stats%min_int == 4 .and. stats%max_int == -1 .and. stats%max > 1.8e19_real64, "the bits of u64")
    end subroutine unsigned_statistics

    subroutine chunk_statistics
        type(store_type) :: store
        type(stats_type) :: stats
        integer(int32) :: a(5, 4)
        character(100) :: text
        integer :: i, j, stat

        a = reshape([((10 * i + j, i = 1, 5), j = 1, 4)], [5, 4])
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "a", atlas_dtype_i32, [5, 4], chunk_shape=[2, 3])
        call store%write("d", "a", a)
        call store%flush()
        do j = 1, 2
            do i = 1, 3
                call store%chunk_stats("d", "a", [i, j], stats)
                associate (part => a(2 * i - 1:min(2 * i, 5), 3 * j - 2:min(3 * j, 4)))
                    call expect(stats%min_int == minval(part) .and. stats%max_int == maxval(part), "a chunk's range")
                    call expect(stats%row_count == size(part), "a chunk's cells")
                end associate
            end do
        end do
        call store%chunk_stats("d", "a", [4, 1], stats, stat=stat)
        call expect(stat == atlas_status_out_of_range, "a chunk too many")
        call store%chunk_stats("d", "a", [0, 1], stats, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "chunk is (0, 1); indices count from 1")
        call store%chunk_stats("d", "a", [1], stats, stat=stat)
        call expect(stat == atlas_status_invalid_argument, "too few indices")
    end subroutine chunk_statistics

    subroutine places
        type(store_type) :: store
        type(chunk_place_type), allocatable :: found(:)
        character(:), allocatable, save :: files(:)
        real(real64) :: a(300), cells(2)
        integer(int64) :: generation
        integer :: i, stat, unit

        a = [(real(i, real64), i = 1, 300)]
        call store%create(path_of("store"))
        call store%create_dataset("d")
        call store%define("d", "a", atlas_dtype_f64, [300], chunk_shape=[2], codec=atlas_codec_none)
        call store%chunk_places("d", "a", found, files)
        call expect(size(found) == 0 .and. size(files) == 0, "no places before the first flush")
        call store%write("d", "a", a)
        call store%flush()
        a(3) = -1
        call store%write("d", "a", a(3:3), start=[3])
        call store%flush()
        call store%write("d", "a", [-2.0_real64], start=[1])
        call store%chunk_places("d", "a", found, files, generation)
        call expect(generation == 3 .and. size(found) == 150 .and. size(files) == 2, "a place for each chunk")
        do i = 1, 150
            call expect(found(i)%number == i - 1 .and. found(i)%len == 16 .and. found(i)%shuffle == 1 .and. &
                found(i)%codec == atlas_codec_none .and. found(i)%file == merge(2, 1, i == 2), "a place")
            open(newunit=unit, file=path_of("store")//"/"//trim(files(found(i)%file)), access="stream", &
                form="unformatted", action="read")
            read(unit, pos=found(i)%offset + found(i)%at + 1) cells
            close(unit)
            call expect(all(abs(cells - a(2 * i - 1:2 * i)) <= 0), "a chunk where its place says")
        end do
        call store%chunk_places("d", "b", found, files, stat=stat)
        call expect(stat == atlas_status_not_found .and. size(found) == 0, "places of an array that is not there")
    end subroutine places

    subroutine listings
        type(store_type) :: store
        character(:), allocatable, save :: names(:)
        character(atlas_max_name) :: long
        integer :: i, stat

        call store%create(path_of("store"))
        call store%dataset_names(names)
        call expect(size(names) == 0, "no datasets")
        call expect(store%dataset_count() == 0, "none counted")
        long = repeat("n", atlas_max_name)
        call store%create_dataset("b")
        call store%create_dataset("a/c")
        call store%create_dataset(long)
        call store%dataset_names(names)
        call expect(size(names) == 3, "three datasets")
        call expect(store%dataset_count() == 3, "three counted")
        call expect(names(1) == "b" .and. names(2) == "a/c" .and. names(3) == long, "in the order of creation")
        call expect(store%dataset_name(1) == "b", "the first")
        call expect(store%dataset_name(3) == long, "the third")
        call expect(store%dataset_name(4, stat=stat) == "", "no fourth")
        call expect(stat == atlas_status_out_of_range, "out of range")
        call expect(store%dataset_name(0, stat=stat) == "", "no dataset 0")
        call expect(stat == atlas_status_out_of_range, "out of range as well")
        call store%array_names("b", names)
        call expect(size(names) == 0, "no arrays")
        call store%define("b", "y", atlas_dtype_i8)
        call store%define("b", "x", atlas_dtype_i8)
        call store%array_names("b", names)
        call expect(size(names) == 2 .and. names(1) == "y" .and. names(2) == "x", "arrays")
        call expect(len(names) == 1, "names as long as the longest")
        call expect(store%array_count("b") == 2, "counted")
        call expect(store%array_count("a/c") == 0, "none to count")
        call store%set_attribute("b", "two", 2)
        call store%set_attribute("b", "one", 1)
        call store%set_attribute("b", "other", 1, array="x")
        call store%attribute_names("b", names)
        call expect(size(names) == 2 .and. names(1) == "two" .and. names(2) == "one", "attributes")
        call store%attribute_names("b", names, array="x")
        call expect(size(names) == 1 .and. names(1) == "other", "an array's attributes")
        call expect(store%attribute_count("b", array="y") == 0, "none")
        call expect(store%has_attribute("b", "other", array="x"), "has one")
        call expect(.not. store%has_attribute("b", "other"), "has not")
        call store%delete_array("b", "y")
        call expect(.not. store%has_array("b", "y"), "an array deleted")
        call expect(store%has_array("b", "x"), "the other kept")
        call store%delete_dataset("b")
        call expect(.not. store%has_dataset("b"), "a dataset deleted")
        call expect(store%dataset_count() == 2, "the others kept")
        call store%array_names("b", names, stat=stat)
        call expect(stat == atlas_status_not_found .and. size(names) == 0, "of no dataset")
        call store%delete_dataset("b", stat=stat)
        call expect(stat == atlas_status_not_found, "deleted once")
        call store%delete_array("a/c", "y", stat=stat)
        call expect(stat == atlas_status_not_found, "no array to delete")
        do i = 1, 300
            write (long, "(a, i0)") "one of many ", i
            call store%create_dataset(long)
        end do
        call store%dataset_names(names)
        call expect(size(names) == 302 .and. names(302) == "one of many 300", "many")
    end subroutine listings
end module array_tests

program arrays
    use check, only: finish, run
    use array_tests, only: attribute_types, bits, chunk_statistics, conversions, definitions, fill_bits, fill_values, &
        half_precision, high_rank, listings, missing_cells, places, refused_definitions, refused_fills, statistics, &
        unsigned_statistics
    implicit none (type, external)

    call run("arrays defined", definitions)
    call run("arrays refused", refused_definitions)
    call run("arrays of 32 dimensions", high_rank)
    call run("fill values", fill_values)
    call run("fill values refused", refused_fills)
    call run("fill values read", fill_bits)
    call run("fill values of half precision", half_precision)
    call run("cells never written", missing_cells)
    call run("conversions", conversions)
    call run("bits of integers", bits)
    call run("types of attributes", attribute_types)
    call run("statistics", statistics)
    call run("statistics of unsigned integers", unsigned_statistics)
    call run("statistics of chunks", chunk_statistics)
    call run("places of chunks", places)
    call run("listings", listings)
    call finish
end program arrays
