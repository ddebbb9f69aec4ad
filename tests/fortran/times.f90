! Numbers and the dates that they mean.
module times_tests
    use, intrinsic :: iso_fortran_env, only: int16, int32, int64, int8, real32, real64
    use check, only: expect, expect_failure
    use atlas_store, only: atlas_datetime, atlas_dtype_timestamp_ns, atlas_dtype_u16, atlas_status_invalid_argument, &
        atlas_status_out_of_range, atlas_status_type_mismatch, decode_time, encode_time
    implicit none (type, external)
    private

    public :: calendars, failures, kinds, shapes, stamps

    character(*), parameter :: days = "days since 2000-01-01 00:00:00"

contains

    elemental function same(date, year, month, day, hour, minute) result(yes)
        type(atlas_datetime), intent(in) :: date
        integer, intent(in) :: year, month, day, hour, minute
        logical :: yes

        yes = date%year == year .and. date%month == month .and. date%day == day .and. date%hour == hour .and. &
            date%minute == minute .and. date%second == 0 .and. date%nanosecond == 0
    end function same

    subroutine calendars
        type(atlas_datetime) :: date

        call decode_time(59, date, days)
        call expect(same(date, 2000, 2, 29, 0, 0), "the standard calendar")
        call decode_time(59, date, days, "noleap")
        call expect(same(date, 2000, 3, 1, 0, 0), "a calendar without leap years, its name with blanks to come")
        call decode_time(59, date, days, calendar="360_day   ")
        call expect(same(date, 2000, 2, 30, 0, 0), "30 days in each month")
        call decode_time(0.25_real64, date, "days since 2300-12-31")
        call expect(same(date, 2300, 12, 31, 6, 0), "a quarter of a day, after what nanoseconds reach")
    end subroutine calendars

    subroutine kinds
        type(atlas_datetime) :: dates(2)
        integer(int8) :: i8(2)
        integer(int16) :: i16(2)
        integer(int32) :: i32(2)
        integer(int64) :: i64(2)
        real(real32) :: f32(2)
        real(real64) :: f64(2)

        call decode_time([1_int8, 60_int8], dates, days)
        call expect(same(dates(1), 2000, 1, 2, 0, 0) .and. same(dates(2), 2000, 3, 1, 0, 0), "int8")
        call encode_time(dates, i8, days)
        call encode_time(dates, i16, days)
        call encode_time(dates, i32, days)
        call encode_time(dates, i64, days)
        call encode_time(dates, f32, days)
        call encode_time(dates, f64, days)
        call expect(all(i8 == [1, 60]) .and. all(i16 == [1, 60]) .and. all(i32 == [1, 60]) .and. &
            all(i64 == [1, 60]), "integers and back")
        call expect(all(abs(f32 - [1, 60]) <= 0) .and. all(abs(f64 - [1, 60]) <= 0), "reals and back")
        dates = atlas_datetime()
        call decode_time(i16, dates, days)
        call expect(same(dates(2), 2000, 3, 1, 0, 0), "int16")
        dates = atlas_datetime()
        call decode_time(i32, dates, days)
        call expect(same(dates(2), 2000, 3, 1, 0, 0), "int32")
        dates = atlas_datetime()
        call decode_time(i64, dates, days)
        call expect(same(dates(2), 2000, 3, 1, 0, 0), "int64")
        dates = atlas_datetime()
        call decode_time(f32 + 0.5_real32, dates, days)
        call expect(same(dates(2), 2000, 3, 1, 12, 0), "real32")
        dates = atlas_datetime()
        call decode_time(f64 + 0.1_real64, dates, days)
        call expect(same(dates(2), 2000, 3, 1, 2, 24), "real64")
        call decode_time([1_int16, -1_int16], dates, days, dtype=atlas_dtype_u16)
        call expect(same(dates(2), 2179, 6, 6, 0, 0), "65535 days")
    end subroutine kinds

    subroutine shapes
        type(atlas_datetime) :: dates(2, 6), line(12)
        real(real64) :: values(3, 12), back(2, 12)
        integer :: i

        values = 0
        values(2, :) = [(i * 31, i = 0, 11)]
        call decode_time(values(2, :), line, days, "360_day")
        call expect(same(line(12), 2000, 12, 12, 0, 0) .and. same(line(1), 2000, 1, 1, 0, 0), "a row of a field")
        call decode_time(values(2, 12:1:-1), dates, days, "360_day")
        call expect(same(dates(2, 6), 2000, 1, 1, 0, 0) .and. same(dates(1, 1), 2000, 12, 12, 0, 0), &
            "a row in reverse, into another shape")
        back = -1
        call encode_time(line(12:1:-1), back(2, :), days, "360_day")
        call expect(all(abs(back(2, 12:1:-1) - values(2, :)) <= 0) .and. all(abs(back(1, :) + 1) <= 0), "into a row")
        call decode_time(values(1:0, 1), line(1:0), days)
    end subroutine shapes

    subroutine stamps
        type(atlas_datetime) :: date
        integer(int64) :: stamp

        call decode_time(951782400000000001_int64, date, dtype=atlas_dtype_timestamp_ns)
        call expect(date%year == 2000 .and. date%month == 2 .and. date%day == 29 .and. date%hour == 0 .and. &
            date%nanosecond == 1, "a timestamp")
        stamp = 0
        call encode_time(date, stamp, dtype=atlas_dtype_timestamp_ns)
        call expect(stamp == 951782400000000001_int64, "and back")
    end subroutine stamps

    subroutine failures
        type(atlas_datetime) :: dates(2)
        integer(int8) :: small(2)
        character(200) :: text
        integer :: stat

        dates(1)%day = 7
        call decode_time([1, 2], dates, "parsecs since 2000-01-01", stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "parsecs")
        call expect(dates(1)%day == 7, "left as it was")
        call decode_time([1, 2], dates, days, "lunar", stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "lunar")
        call decode_time([1, 2, 3], dates, days, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_out_of_range, "3 values for 2 dates")
        call decode_time([1, 2], dates, days, dtype=atlas_dtype_u16, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_type_mismatch, "u16")
        dates(1) = atlas_datetime(year=2001, month=2, day=29)
        dates(2) = atlas_datetime(year=2001, month=3, day=1)
        call encode_time(dates, small, days, stat=stat, errmsg=text)
        call expect_failure(stat, text, atlas_status_invalid_argument, "2001-02-29")
        call encode_time(dates(2:), small(2:), days, stat=stat)
        call expect(stat == atlas_status_out_of_range, "425 days in int8")
    end subroutine failures
end module times_tests

program times
    use check, only: finish, run
    use times_tests, only: calendars, failures, kinds, shapes, stamps
    implicit none (type, external)

    call run("times in calendars", calendars)
    call run("times of every kind", kinds)
    call run("times in any shape", shapes)
    call run("timestamps", stamps)
    call run("times that are none", failures)
    call finish
end program times
