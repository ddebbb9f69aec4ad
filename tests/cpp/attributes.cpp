// Attributes: every type, scalars and lists, text, what does not convert.
#include "check.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <list>

#if __has_include(<version>)
#include <version>
#endif
#ifdef __cpp_lib_span
#include <span>
#endif

using atlas::DType;

namespace {

struct Fixture {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset dataset = store.create_dataset("d");
    atlas::Array array = dataset.define_array<double>("a", {}, {1});
    atlas::Attributes of_dataset = dataset.attributes(), of_array = array.attributes();
};

// Set, got, and still there after the store was closed; in an array's and in a dataset's attributes.
template <class T> void survives(std::initializer_list<T> list) {
    const std::vector<T> values = list;
    atlas::create(path_of("store"), [&](atlas::Store &store) {
        atlas::Dataset dataset = store.create_dataset("d");
        atlas::Array array = dataset.define_array<int>("a", {}, {});
        for (const atlas::Attributes &attributes : {dataset.attributes(), array.attributes()}) {
            attributes.set("scalar", list.begin()[0]);
            attributes.set("list", values);
            attributes.set("braces", list);
            attributes.set("empty", std::vector<T>());
        }
    });
    atlas::open(path_of("store"), [&](atlas::Store &store) {
        for (const atlas::Attributes &attributes : {store["d"].attributes(), store["d"]["a"].attributes()}) {
            CHECK_EQUAL(attributes.info("scalar").dtype, atlas::dtype_of<T>);
            CHECK_EQUAL(attributes.info("scalar").count, 1u);
            CHECK_EQUAL(attributes.info("list").count, values.size());
            CHECK_EQUAL(attributes.info("empty").dtype, atlas::dtype_of<T>);
            CHECK(attributes.get<T>("scalar") == values[0]);
            CHECK(attributes.get<std::vector<T>>("scalar") == std::vector<T>(1, values[0]));
            CHECK(attributes.get<std::vector<T>>("list") == values);
            CHECK(attributes.get<std::vector<T>>("braces") == values);
            CHECK(attributes.get<std::vector<T>>("empty").empty());
            CHECK_THROWS(type_mismatch, ("list", "'d'", "values, not one"), (void)attributes.get<T>("list"));
            CHECK_THROWS(type_mismatch, ("empty", "0 values"), (void)attributes.get<T>("empty"));
        }
    });
}

} // namespace

#define SURVIVES(name, T, ...)                                                                                         \
    TEST(survives_##name) { survives<T>({__VA_ARGS__}); }
SURVIVES(bool, bool, true, false, true)
SURVIVES(int8, std::int8_t, -128, 127)
SURVIVES(int16, std::int16_t, -32768, 32767)
SURVIVES(int32, std::int32_t, std::numeric_limits<std::int32_t>::min(), 7)
SURVIVES(int64, std::int64_t, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max())
SURVIVES(uint8, std::uint8_t, 255, 0)
SURVIVES(uint16, std::uint16_t, 65535, 1)
SURVIVES(uint32, std::uint32_t, 4294967295u, 2)
SURVIVES(uint64, std::uint64_t, std::numeric_limits<std::uint64_t>::max(), 3)
SURVIVES(unsigned_long_long, unsigned long long, 1, 2)
SURVIVES(float16, atlas::Float16, atlas::Float16{0x3c00}, atlas::Float16{0xfc00})
SURVIVES(float, float, 0.1f, std::numeric_limits<float>::infinity())
SURVIVES(double, double, 0.1, -0.0, std::numeric_limits<double>::denorm_min(), 4, 5, 6, 7, 8, 9, 10)
SURVIVES(complex_float, std::complex<float>, {1, -2}, {0, 3})
SURVIVES(complex_double, std::complex<double>, {1e300, -2}, {0, 3})
SURVIVES(timestamp, atlas::Timestamp, atlas::Timestamp(-1), atlas::Timestamp(1700000000000000000))
SURVIVES(string, std::string, "K", "", "Grüße, 世界", "x")

TEST(nan_survives) {
    Fixture fixture;
    fixture.of_array.set("nan", std::nan(""));
    CHECK(std::isnan(fixture.of_array.get<double>("nan")));
    CHECK(std::isnan(fixture.of_array.get<float>("nan")));
}

TEST(text_in_every_form) {
    Fixture fixture;
    const atlas::Attributes &attributes = fixture.of_array;
    const std::string units = "kg m-3";
    attributes.set("literal", "kg m-3");
    attributes.set("string", units);
    attributes.set("view", std::string_view("kg m-3 and more").substr(0, 6));
    char buffer[20] = "kg m-3";
    attributes.set("buffer", buffer);
    const char *pointer = buffer;
    attributes.set("pointer", pointer);
    for (const std::string &name : attributes.names()) {
        CHECK_EQUAL(attributes.get<std::string>(name), units);
        CHECK_EQUAL(attributes.info(name).count, 1u);
        CHECK_EQUAL(attributes.info(name).dtype, DType::string);
    }
    attributes.set("list", {"one", "two"});
    CHECK_EQUAL(attributes.get<std::vector<std::string>>("list"), (std::vector<std::string>{"one", "two"}));
    attributes.set("list", std::list<std::string_view>{"three"});
    CHECK_EQUAL(attributes.get<std::vector<std::string>>("list"), (std::vector<std::string>{"three"}));
    CHECK_EQUAL(attributes.get<std::string>("list"), "three");
    attributes.set("list", std::vector<std::string>(1000, std::string(30, 'x')));
    CHECK_EQUAL(attributes.get<std::vector<std::string>>("list").size(), 1000u);
    CHECK_THROWS(type_mismatch, ("1000 values"), (void)attributes.get<std::string>("list"));
    attributes.set("list", std::vector<std::string>());
    CHECK_EQUAL(attributes.get<std::vector<std::string>>("list").size(), 0u);
    CHECK_THROWS(type_mismatch, ("0 values"), (void)attributes.get<std::string>("list"));
    CHECK_THROWS(invalid_argument, ("NUL"), attributes.set("bad", std::string("a\0b", 3)));
    CHECK_THROWS(invalid_argument, ("UTF-8"), attributes.set("bad", "\xff"));
    pointer = nullptr;
    CHECK_THROWS(invalid_argument, ("NULL"), attributes.set("bad", pointer));
    CHECK(!attributes.has("bad"));
}

TEST(lists_in_every_form) {
    Fixture fixture;
    const atlas::Attributes &attributes = fixture.of_dataset;
    const std::vector<std::int16_t> want = {1, 2, 3};
    const std::int16_t raw[] = {1, 2, 3};
    attributes.set("raw", raw);
    attributes.set("array", std::array<std::int16_t, 3>{1, 2, 3});
    attributes.set("vector", want);
#ifdef __cpp_lib_span
    attributes.set("span", std::span(want));
#endif
    for (const std::string &name : attributes.names()) {
        CHECK_EQUAL(attributes.info(name).dtype, DType::i16);
        CHECK_EQUAL(attributes.get<std::vector<std::int16_t>>(name), want);
    }
    attributes.set("numbers", {0.5, 1.5});
    CHECK_EQUAL(attributes.info("numbers").dtype, DType::f64);
    attributes.set("bits", std::vector<bool>{true, false});
    CHECK(attributes.get<std::vector<bool>>("bits") == (std::vector<bool>{true, false}));
    std::vector<double> long_list(5000);
    for (std::size_t i = 0; i < long_list.size(); i++) long_list[i] = static_cast<double>(i);
    attributes.set("long", long_list);
    CHECK_EQUAL(attributes.get<std::vector<double>>("long"), long_list);
}

TEST(numbers_convert_on_the_way_out) {
    Fixture fixture;
    const atlas::Attributes &attributes = fixture.of_array;
    attributes.set("i", 300);
    CHECK_EQUAL(attributes.info("i").dtype, DType::i32);
    CHECK_EQUAL(attributes.get<double>("i"), 300.0);
    CHECK_EQUAL(attributes.get<std::int64_t>("i"), 300);
    CHECK_EQUAL(attributes.get<std::int16_t>("i"), 300);
    CHECK_THROWS(out_of_range, ("'i'", "300"), (void)attributes.get<std::int8_t>("i"));
    CHECK_THROWS(type_mismatch, ("'i'"), (void)attributes.get<unsigned>("i"));
    CHECK_THROWS(type_mismatch, ("'i'"), (void)attributes.get<std::string>("i"));
    attributes.set("text", "x");
    CHECK_THROWS(type_mismatch, ("'text'"), (void)attributes.get<double>("text"));
    CHECK_THROWS(type_mismatch, ("'text'"), (void)attributes.get<std::vector<double>>("text"));
}

TEST(names_has_count_erase) {
    Fixture fixture;
    const atlas::Attributes &attributes = fixture.of_array;
    CHECK_EQUAL(attributes.count(), 0u);
    CHECK_EQUAL(attributes.names(), std::vector<std::string>{});
    attributes.set("b", 1);
    attributes.set("a", 2);
    attributes.set(std::string("b"), "now text"); // keeps its place
    CHECK_EQUAL(attributes.count(), 2u);
    CHECK_EQUAL(attributes.names(), (std::vector<std::string>{"b", "a"}));
    CHECK(attributes.has("a") && !attributes.has("c") && attributes.has(std::string_view("abc", 1)));
    CHECK_EQUAL(fixture.of_dataset.count(), 0u);
    attributes.erase("b");
    CHECK(!attributes.has("b"));
    CHECK_THROWS(not_found, ("'b'", "'a'", "'d'"), attributes.erase("b"));
    CHECK_THROWS(not_found, ("'b'", "'a'", "'d'"), (void)attributes.get<int>("b"));
    CHECK_THROWS(not_found, ("'b'", "'d'"), (void)fixture.of_dataset.get<std::string>("b"));
    CHECK_THROWS(not_found, ("'b'"), (void)attributes.info("b"));
    CHECK_THROWS(invalid_argument, ("NUL"), attributes.set(std::string("a\0b", 3), 1));
    CHECK_THROWS(invalid_argument, (), attributes.set("", 1));
    CHECK_THROWS(not_found, ("'nowhere'"), fixture.store["nowhere"].attributes().set("a", 1));
    CHECK_THROWS(not_found, ("'nothing'"), (void)fixture.dataset["nothing"].attributes().count());
    for (int i = 0; i < 1000; i++) attributes.set("attribute number " + std::to_string(i), i);
    CHECK_EQUAL(attributes.names().size(), 1001u);
    CHECK_EQUAL(attributes.names().back(), "attribute number 999");
}

int main() { return check::run(); }
