/* Times by the CF conventions: dates to numbers of every type and back in every calendar, in memory of just the size that is
 * needed and not aligned; and every way to hold the two functions wrong. */
#include "check.h"

#include <fenv.h>

static const char *const calendars[] = {"standard", "gregorian", "proleptic_gregorian", "julian", "noleap",
                                        "365_day",  "all_leap",  "366_day",             "360_day", NULL, ""};
static const atlas_dtype types[] = {ATLAS_DTYPE_I8,  ATLAS_DTYPE_I16, ATLAS_DTYPE_I32, ATLAS_DTYPE_I64, ATLAS_DTYPE_U8,
                                    ATLAS_DTYPE_U16, ATLAS_DTYPE_U32, ATLAS_DTYPE_U64, ATLAS_DTYPE_F32, ATLAS_DTYPE_F64};

static void check_date(int line, atlas_datetime got, int64_t year, int month, int day, int hour, int minute, int second,
                       int nanosecond) {
    char text[128], want[128];
    snprintf(text, sizeof text, "%" PRId64 "-%d-%d %d:%d:%d.%09d", got.year, got.month, got.day, got.hour, got.minute,
             got.second, got.nanosecond);
    snprintf(want, sizeof want, "%" PRId64 "-%d-%d %d:%d:%d.%09d", year, month, day, hour, minute, second, nanosecond);
    if (strcmp(text, want) != 0) check_fail(__FILE__, line, "expected %s, got %s", want, text);
}
#define CHECK_DATE(got, ...) check_date(__LINE__, got, __VA_ARGS__)

static atlas_datetime decoded(const char *units, const char *calendar, double value) {
    atlas_datetime date;
    CHECK_OK(atlas_decode_time(units, calendar, ATLAS_DTYPE_F64, &value, 1, &date));
    return date;
}

static void dates_of_the_conventions(void) {
    CHECK_DATE(decoded("days since 1990-1-1 0:0:0", NULL, 0), 1990, 1, 1, 0, 0, 0, 0);
    CHECK_DATE(decoded("seconds since 1992-10-8 15:15:42.5 -6:00", NULL, 1), 1992, 10, 8, 21, 15, 43, 500000000);
    CHECK_DATE(decoded("seconds since 2024-9-14 11:12:00", NULL, 3), 2024, 9, 14, 11, 12, 3, 0);
    CHECK_DATE(decoded("seconds since 2024-9-14 11:12:00", NULL, -2), 2024, 9, 14, 11, 11, 58, 0);
    CHECK_DATE(decoded("seconds since 2016-12-31 23:59:58", NULL, 2), 2017, 1, 1, 0, 0, 0, 0);
    CHECK_DATE(decoded("days since 1582-10-4", "standard", 1), 1582, 10, 15, 0, 0, 0, 0);
    CHECK_DATE(decoded("days since 1582-10-4", "julian", 1), 1582, 10, 5, 0, 0, 0, 0);
    CHECK_DATE(decoded("days since 2000-2-28", "noleap", 1), 2000, 3, 1, 0, 0, 0, 0);
    CHECK_DATE(decoded("days since 2001-2-28", "all_leap", 1), 2001, 2, 29, 0, 0, 0, 0);
    CHECK_DATE(decoded("days since 2000-2-28", "360_day", 2), 2000, 2, 30, 0, 0, 0, 0);
    CHECK_DATE(decoded("days since 1-1-1", "proleptic_gregorian", -366), 0, 1, 1, 0, 0, 0, 0);
    CHECK_DATE(decoded("months since 2000-1-1", "360_day", 1.5), 2000, 2, 16, 0, 0, 0, 0);
    CHECK_DATE(decoded("days since 2000-1-1", NULL, 0.1), 2000, 1, 1, 2, 24, 0, 0);
}

/* Blocks that begin at an odd address and end where they must, so that valgrind and the sanitizers see a byte too many. */
static void *odd(void **block, size_t bytes) {
    *block = malloc(bytes + 1);
    NEED(*block != NULL);
    return (char *)*block + 1;
}

static void every_calendar_and_type(void) {
    enum { MANY = 50 };
    for (size_t c = 0; c < COUNT_OF(calendars); c++)
        for (size_t t = 0; t < COUNT_OF(types); t++) {
            /* Hours from 0 to 127, which all types have, from an odd time on. */
            const char *units = "hours since 1582-10-3 7:30:15.000000001 -2:30";
            size_t size = atlas_dtype_size(types[t]);
            void *blocks[4];
            char *numbers = odd(&blocks[0], MANY * size), *again = odd(&blocks[1], MANY * size);
            atlas_datetime *dates = malloc(MANY * sizeof *dates);
            char *shifted = odd(&blocks[2], MANY * sizeof *dates);
            NEED(dates != NULL);
            int64_t hours[MANY];
            for (int i = 0; i < MANY; i++) hours[i] = i * 127 / (MANY - 1);
            CHECK_OK(atlas_decode_time(units, calendars[c], ATLAS_DTYPE_I64, hours, MANY, dates));
            CHECK_DATE(dates[0], 1582, 10, 3, 10, 0, 15, 1);
            memcpy(shifted, dates, MANY * sizeof *dates);
            CHECK_OK(atlas_encode_time(units, calendars[c], (atlas_datetime *)(void *)shifted, MANY, types[t], numbers));
            memset(shifted, 0, MANY * sizeof *dates);
            CHECK_OK(atlas_decode_time(units, calendars[c], types[t], numbers, MANY, (atlas_datetime *)(void *)shifted));
            CHECK_BYTES(shifted, dates, MANY * sizeof *dates);
            CHECK_OK(atlas_encode_time(units, calendars[c], dates, MANY, types[t], again));
            CHECK_BYTES(again, numbers, MANY * size);
            if (types[t] == ATLAS_DTYPE_I64) CHECK_BYTES(again, hours, sizeof hours);
            for (int i = 0; i < 3; i++) free(blocks[i]);
            free(dates);
        }
}

static void far_dates(void) {
    const int64_t years[] = {-1000000, -9999, -1, 0, 1, 1677, 2263, 9999, 10000, 1000000};
    for (size_t c = 0; c < COUNT_OF(calendars); c++)
        for (size_t y = 0; y < COUNT_OF(years); y++) {
            atlas_datetime date = {years[y], 2, 28, 23, 59, 59, 0}, again;
            const char *units = "seconds since 2000-01-01", *calendar = calendars[c];
            int64_t seconds;
            bool from_1 = c < 2 || c == 3 || c > 8;
            if (years[y] < 1 && from_1) {
                CHECK_FAILS(atlas_encode_time(units, calendar, &date, 1, ATLAS_DTYPE_I64, &seconds),
                            ATLAS_STATUS_INVALID_ARGUMENT, "element 0: ", "before the year 1", "proleptic_gregorian");
                continue;
            }
            CHECK_OK(atlas_encode_time(units, calendar, &date, 1, ATLAS_DTYPE_I64, &seconds));
            CHECK_OK(atlas_decode_time(units, calendar, ATLAS_DTYPE_I64, &seconds, 1, &again));
            CHECK_BYTES(&again, &date, sizeof date);
            double minutes;
            CHECK_OK(atlas_encode_time("minutes since 2000-01-01", calendar, &date, 1, ATLAS_DTYPE_F64, &minutes));
            CHECK_OK(atlas_decode_time("minutes since 2000-01-01", calendar, ATLAS_DTYPE_F64, &minutes, 1, &again));
            CHECK_BYTES(&again, &date, sizeof date);
        }
}

static void timestamps(void) {
    const int64_t values[] = {INT64_MIN, -1, 0, 951827696000000001, INT64_MAX};
    atlas_datetime dates[COUNT_OF(values)];
    int64_t again[COUNT_OF(values)];
    CHECK_OK(atlas_decode_time(NULL, NULL, ATLAS_DTYPE_TIMESTAMP_NS, values, COUNT_OF(values), dates));
    CHECK_DATE(dates[0], 1677, 9, 21, 0, 12, 43, 145224192);
    CHECK_DATE(dates[1], 1969, 12, 31, 23, 59, 59, 999999999);
    CHECK_DATE(dates[3], 2000, 2, 29, 12, 34, 56, 1);
    CHECK_DATE(dates[4], 2262, 4, 11, 23, 47, 16, 854775807);
    CHECK_OK(atlas_encode_time("", "", dates, COUNT_OF(values), ATLAS_DTYPE_TIMESTAMP_NS, again));
    CHECK_BYTES(again, values, sizeof values);
    dates[1].year = 2300;
    CHECK_FAILS(atlas_encode_time(NULL, NULL, dates, 5, ATLAS_DTYPE_TIMESTAMP_NS, again), ATLAS_STATUS_OUT_OF_RANGE,
                "element 1: 2300-12-31T23:59:59.999999999", "timestamp_ns");
    CHECK_FAILS(atlas_decode_time("ns since 1970-1-1", NULL, ATLAS_DTYPE_TIMESTAMP_NS, values, 1, dates),
                ATLAS_STATUS_INVALID_ARGUMENT, "timestamp_ns");
    CHECK_FAILS(atlas_decode_time(NULL, "noleap", ATLAS_DTYPE_TIMESTAMP_NS, values, 1, dates),
                ATLAS_STATUS_INVALID_ARGUMENT, "timestamp_ns");
}

/* The same in every rounding mode of the caller, which stays. */
static void rounding_modes(void) {
    const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        NEED(fesetround(modes[i]) == 0);
        atlas_datetime date = {2000, 1, 1, 8, 0, 0, 0}, back;
        double third = 0;
        atlas_status encoded = atlas_encode_time("days since 2000-1-1", NULL, &date, 1, ATLAS_DTYPE_F64, &third);
        atlas_status status = atlas_decode_time("days since 2000-1-1", NULL, ATLAS_DTYPE_F64, &third, 1, &back);
        int mode = fegetround();
        fesetround(FE_TONEAREST);
        CHECK_OK(encoded);
        CHECK_OK(status);
        CHECK_I64(mode, modes[i]);
        CHECK_F64(third, 1.0 / 3.0);
        CHECK_BYTES(&back, &date, sizeof date);
    }
}

static void misuse(void) {
    const char *days = "days since 2000-01-01";
    double values[3] = {1, 2, NAN}, out[2];
    int8_t small;
    atlas_datetime dates[3], date = {2000, 1, 1, 0, 0, 0, 0};
#define DECODE(units, calendar, dtype, count) atlas_decode_time(units, calendar, dtype, values, count, dates)
    CHECK_FAILS(DECODE(NULL, NULL, ATLAS_DTYPE_F64, 1), ATLAS_STATUS_INVALID_ARGUMENT, "units of f64");
    CHECK_FAILS(DECODE("\xff", NULL, ATLAS_DTYPE_F64, 1), ATLAS_STATUS_INVALID_ARGUMENT, "units", "UTF-8");
    CHECK_FAILS(DECODE(days, "\xff", ATLAS_DTYPE_F64, 1), ATLAS_STATUS_INVALID_ARGUMENT, "calendar", "UTF-8");
    CHECK_FAILS(DECODE("degC", NULL, ATLAS_DTYPE_F64, 1), ATLAS_STATUS_INVALID_ARGUMENT, "'degC'", "since");
    CHECK_FAILS(DECODE("months since 2000-1-1", NULL, ATLAS_DTYPE_F64, 1), ATLAS_STATUS_INVALID_ARGUMENT, "30.43");
    CHECK_FAILS(DECODE("days since 1582-10-10", NULL, ATLAS_DTYPE_F64, 1), ATLAS_STATUS_INVALID_ARGUMENT, "1582-10-10");
    CHECK_FAILS(DECODE("days since 0-1-1", NULL, ATLAS_DTYPE_F64, 1), ATLAS_STATUS_INVALID_ARGUMENT, "before the year 1");
    CHECK_FAILS(DECODE(days, "hebrew", ATLAS_DTYPE_F64, 1), ATLAS_STATUS_INVALID_ARGUMENT, "'hebrew'");
    CHECK_FAILS(DECODE(days, "utc", ATLAS_DTYPE_F64, 1), ATLAS_STATUS_UNSUPPORTED, "'utc'", "leap seconds");
    CHECK_FAILS(DECODE(days, NULL, 99, 1), ATLAS_STATUS_INVALID_ARGUMENT, "99");
    const atlas_dtype others[] = {ATLAS_DTYPE_BOOL, ATLAS_DTYPE_F16, ATLAS_DTYPE_C64, ATLAS_DTYPE_C128, ATLAS_DTYPE_STRING};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        CHECK_FAILS(DECODE(days, NULL, others[i], 0), ATLAS_STATUS_TYPE_MISMATCH, atlas_dtype_name(others[i]));
        CHECK_FAILS(atlas_encode_time(days, NULL, &date, 1, others[i], out), ATLAS_STATUS_TYPE_MISMATCH,
                    atlas_dtype_name(others[i]));
    }
    CHECK_FAILS(DECODE(days, NULL, ATLAS_DTYPE_F64, 3), ATLAS_STATUS_OUT_OF_RANGE, "element 2: NaN");
    values[0] = -INFINITY;
    CHECK_FAILS(DECODE(days, NULL, ATLAS_DTYPE_F64, 3), ATLAS_STATUS_OUT_OF_RANGE, "element 0: -inf");
    values[0] = 1e10;
    CHECK_FAILS(DECODE(days, "360_day", ATLAS_DTYPE_F64, 1), ATLAS_STATUS_OUT_OF_RANGE, "element 0: ", days, "-1000000");
    CHECK_FAILS(DECODE(days, NULL, ATLAS_DTYPE_F64, SIZE_MAX / 4), ATLAS_STATUS_INVALID_ARGUMENT, "memory");

    CHECK_FAILS(atlas_decode_time(days, NULL, ATLAS_DTYPE_F64, NULL, 1, dates), ATLAS_STATUS_INVALID_ARGUMENT, "values");
    CHECK_FAILS(atlas_decode_time(days, NULL, ATLAS_DTYPE_F64, values, 1, NULL), ATLAS_STATUS_INVALID_ARGUMENT, "out");
    CHECK_OK(atlas_decode_time(days, NULL, ATLAS_DTYPE_F64, NULL, 0, NULL));
    CHECK_FAILS(atlas_encode_time(days, NULL, NULL, 1, ATLAS_DTYPE_F64, out), ATLAS_STATUS_INVALID_ARGUMENT, "dates");
    CHECK_FAILS(atlas_encode_time(days, NULL, &date, 1, ATLAS_DTYPE_F64, NULL), ATLAS_STATUS_INVALID_ARGUMENT, "out");
    CHECK_OK(atlas_encode_time(days, NULL, NULL, 0, ATLAS_DTYPE_F64, NULL));
    CHECK_FAILS(atlas_encode_time(days, NULL, &date, SIZE_MAX / 8, ATLAS_DTYPE_F64, out), ATLAS_STATUS_INVALID_ARGUMENT,
                "memory");
    CHECK_FAILS(atlas_encode_time(days, NULL, &date, 1, 0, out), ATLAS_STATUS_INVALID_ARGUMENT, "0");

    atlas_datetime wrong[2] = {{2000, 1, 1, 0, 0, 0, 0}, {2000, 2, 30, 0, 0, 0, 0}};
    CHECK_FAILS(atlas_encode_time(days, "noleap", wrong, 2, ATLAS_DTYPE_F64, out), ATLAS_STATUS_INVALID_ARGUMENT,
                "element 1: 2000-02-30", "noleap");
    CHECK_OK(atlas_encode_time(days, "360_day", wrong, 2, ATLAS_DTYPE_F64, out));
    CHECK_F64(out[1], 59);
    wrong[1] = (atlas_datetime){1582, 10, 10, 0, 0, 0, 0};
    CHECK_FAILS(atlas_encode_time(days, NULL, wrong, 2, ATLAS_DTYPE_F64, out), ATLAS_STATUS_INVALID_ARGUMENT,
                "element 1: 1582-10-10");
    wrong[1] = (atlas_datetime){2016, 12, 31, 23, 59, 60, 0};
    CHECK_FAILS(atlas_encode_time(days, NULL, wrong, 2, ATLAS_DTYPE_F64, out), ATLAS_STATUS_INVALID_ARGUMENT,
                "element 1: 2016-12-31T23:59:60", "leap seconds");
    wrong[1] = (atlas_datetime){INT64_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
    CHECK_FAILS(atlas_encode_time(days, NULL, wrong, 2, ATLAS_DTYPE_F64, out), ATLAS_STATUS_OUT_OF_RANGE, "element 1: ");
    wrong[1].year = 1;
    CHECK_FAILS(atlas_encode_time(days, NULL, wrong, 2, ATLAS_DTYPE_F64, out), ATLAS_STATUS_INVALID_ARGUMENT, "element 1: ");
    date.hour = 6;
    CHECK_FAILS(atlas_encode_time(days, NULL, &date, 1, ATLAS_DTYPE_I8, &small), ATLAS_STATUS_OUT_OF_RANGE,
                "element 0: 2000-01-01T06:00:00", "whole number", days);
    date = (atlas_datetime){2001, 1, 1, 0, 0, 0, 0};
    CHECK_FAILS(atlas_encode_time(days, NULL, &date, 1, ATLAS_DTYPE_I8, &small), ATLAS_STATUS_OUT_OF_RANGE,
                "element 0: 2001-01-01", "366", "i8");
}

int main(int argc, char **argv) {
    (void)argc;
    check_start(argv);
    RUN(dates_of_the_conventions);
    RUN(every_calendar_and_type);
    RUN(far_dates);
    RUN(timestamps);
    RUN(rounding_modes);
    RUN(misuse);
    return check_finish();
}
