// Times by the CF conventions.
#include "check.hpp"

#include <chrono>

using atlas::DateTime;
using atlas::Timestamp;
using Dates = std::vector<DateTime>;

TEST(dates_and_numbers) {
    const std::vector<double> days{0, 59.5, 0.1};
    const Dates dates = atlas::decode_time(days, "days since 2000-01-01", "noleap");
    CHECK(dates == (Dates{{2000, 1, 1}, {2000, 3, 1, 12}, {2000, 1, 1, 2, 24}}));
    CHECK(atlas::encode_time<double>(dates, "days since 2000-01-01", "noleap") == days);
    CHECK_EQUAL(atlas::encode_time<std::int32_t>(dates, "minutes since 2000-01-01", "noleap")[2], 144);
    // Any memory that lies together, of any type; the standard calendar where none is said.
    const int old[] = {0, 1};
    CHECK(atlas::decode_time(old, "days since 1582-10-4") == (Dates{{1582, 10, 4}, {1582, 10, 15}}));
    const std::array<std::uint8_t, 1> one{59};
    CHECK(atlas::decode_time(one, std::string("d since 2000-1-1"), std::string_view("360_day")) ==
          (Dates{{2000, 2, 30}}));
    CHECK(atlas::decode_time(std::vector<float>{}, "days since 2000-01-01").empty());
    CHECK(dates[2] < dates[1] && dates[0] != dates[1] && !(dates[0] < DateTime{1999, 12, 31, 23, 59, 59, 999999999}));
}

TEST(times_of_the_standard_library) {
    const auto now = std::chrono::system_clock::now();
    const DateTime date = DateTime::of(now);
    CHECK(date.year > 2020);
    CHECK(date.timestamp().point() == Timestamp(now).point());
    const auto leap = std::chrono::system_clock::time_point(std::chrono::hours(24 * 11016 + 12));
    CHECK((DateTime::of(leap) == DateTime{2000, 2, 29, 12}));
    CHECK((DateTime{1969, 12, 31, 23, 59, 59, 999999999}.timestamp() == Timestamp(-1)));
    CHECK((DateTime{} == DateTime::of(Timestamp(0))));
    const std::vector<Timestamp> times{Timestamp(1), Timestamp(std::numeric_limits<std::int64_t>::max())};
    CHECK(atlas::encode_time<Timestamp>(atlas::decode_time(times, ""), "") == times);
    CHECK_THROWS(out_of_range, ("2263-01-01"), (void)(DateTime{2263, 1, 1}.timestamp()));
    CHECK_THROWS(invalid_argument, ("2001-02-29"), (void)(DateTime{2001, 2, 29}.timestamp()));
}

TEST(what_is_wrong_throws) {
    const std::vector<double> values{1, std::numeric_limits<double>::quiet_NaN()};
    CHECK_THROWS(out_of_range, ("element 1: NaN"), (void)atlas::decode_time(values, "days since 2000-01-01"));
    CHECK_THROWS(invalid_argument, ("365.242198781"), (void)atlas::decode_time(values, "years since 2000-01-01"));
    CHECK_THROWS(unsupported, ("utc"), (void)atlas::decode_time(values, "days since 2000-01-01", "utc"));
    CHECK_THROWS(invalid_argument, ("since"), (void)atlas::decode_time(values, ""));
    const std::vector<atlas::Float16> halves(1);
    CHECK_THROWS(type_mismatch, ("f16"), (void)atlas::decode_time(halves, "days since 2000-01-01"));
    const Dates dates{{2000, 1, 1}, {2000, 2, 30}};
    CHECK_THROWS(invalid_argument, ("element 1: 2000-02-30"),
                 (void)atlas::encode_time<double>(dates, "days since 2000-01-01"));
    const Dates noon{{2000, 1, 1, 12}};
    CHECK_THROWS(out_of_range, ("element 0: 2000-01-01T12:00:00"),
                 (void)atlas::encode_time<int>(noon, "days since 2000-01-01"));
}

int main() { return check::run(); }
