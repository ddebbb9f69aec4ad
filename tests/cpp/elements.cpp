// Element types: which C++ type is which, and that every value survives in every rank.
#include "check.hpp"

#include <cmath>
#include <cstring>
#include <limits>

// ---- which type is which, at compile time ----

using atlas::DType;
using atlas::dtype_of;
static_assert(dtype_of<bool> == DType::boolean);
static_assert(dtype_of<signed char> == DType::i8 && dtype_of<std::int8_t> == DType::i8);
static_assert(dtype_of<unsigned char> == DType::u8 && dtype_of<std::uint8_t> == DType::u8);
static_assert(dtype_of<short> == DType::i16 && dtype_of<unsigned short> == DType::u16);
static_assert(dtype_of<int> == DType::i32 && dtype_of<unsigned> == DType::u32);
static_assert(dtype_of<long> == (sizeof(long) == 8 ? DType::i64 : DType::i32));
static_assert(dtype_of<unsigned long> == (sizeof(long) == 8 ? DType::u64 : DType::u32));
static_assert(dtype_of<long long> == DType::i64 && dtype_of<unsigned long long> == DType::u64);
static_assert(dtype_of<std::int64_t> == DType::i64 && dtype_of<std::size_t> == DType::u64);
static_assert(dtype_of<float> == DType::f32 && dtype_of<double> == DType::f64);
static_assert(dtype_of<std::complex<float>> == DType::c64 && dtype_of<std::complex<double>> == DType::c128);
static_assert(dtype_of<atlas::Timestamp> == DType::timestamp_ns && dtype_of<atlas::Float16> == DType::f16);
static_assert(dtype_of<std::string> == DType::string);

enum class Colour : std::int16_t { red = -1, green = 300 };
enum Plain : std::uint8_t { off, on };
enum class Letter : char {};
static_assert(dtype_of<Colour> == DType::i16 && dtype_of<Plain> == DType::u8 && dtype_of<std::byte> == DType::u8);
static_assert(atlas::is_source<std::vector<std::byte>> && atlas::is_target<Colour (&)[2]>);
static_assert(!atlas::is_element<char> && !atlas::is_element<wchar_t> && !atlas::is_element<char16_t>);
static_assert(!atlas::is_element<Letter>);
static_assert(!atlas::is_element<long double> && !atlas::is_element<std::complex<long double>>);
static_assert(!atlas::is_element<int *> && !atlas::is_element<std::string>);
static_assert(!atlas::is_element<void> && !atlas::is_element<int[2]> && !atlas::is_element<int &>);
static_assert(atlas::is_element<double> && atlas::is_element<const double>);

// A user's own type with the bytes of an element.
struct Metres {
    float value;
};
template <> inline constexpr DType atlas::dtype_of<Metres> = DType::f32;
static_assert(atlas::is_element<Metres> && atlas::is_source<std::vector<Metres>>);

#ifdef __cpp_concepts
static_assert(atlas::Element<float> && !atlas::Element<std::string>);
static_assert(atlas::Source<const std::vector<double> &> && atlas::Target<std::vector<double> &>);
static_assert(!atlas::Source<long double> && !atlas::Target<const std::vector<double> &>);
#endif

TEST(names_and_sizes_of_types) {
    int types = 0;
    for (std::int32_t code = 1; code <= 16; code++) {
        const DType dtype = static_cast<DType>(code);
        atlas::with_type(dtype, [&](auto type) {
            using T = typename decltype(type)::type;
            CHECK_EQUAL(dtype_of<T>, dtype);
            CHECK_EQUAL(atlas::size_of(dtype), dtype == DType::string ? 0 : sizeof(T));
            types++;
        });
    }
    CHECK_EQUAL(types, 16);
    CHECK_EQUAL(std::string(atlas::name_of(DType::timestamp_ns)), "timestamp_ns");
    CHECK_EQUAL(std::string(atlas::name_of(DType{99})), "unknown");
    CHECK_EQUAL(atlas::size_of(DType{99}), 0u);
    CHECK_THROWS(invalid_argument, ("99"), atlas::with_type(DType{99}, [](auto) {}));
    CHECK_EQUAL(atlas::with_type(DType::u16, [](auto type) { return sizeof(typename decltype(type)::type); }), 2u);
}

TEST(versions_agree) {
    CHECK_EQUAL(atlas::version(), ATLAS_VERSION);
    CHECK_EQUAL(std::string(atlas::version_string()), std::to_string(ATLAS_VERSION_MAJOR) + "." +
                                                          std::to_string(ATLAS_VERSION_MINOR) + "." +
                                                          std::to_string(ATLAS_VERSION_PATCH));
    CHECK_EQUAL(std::string(atlas::name_of(atlas::Status::no_space)), "NO_SPACE");
    CHECK_EQUAL(std::string(atlas::name_of(static_cast<atlas::Status>(-5))), "UNKNOWN");
}

// ---- values ----

// Values of a type, the extreme ones first.
template <class T> std::vector<T> samples(std::size_t count) {
    std::vector<T> values;
    const auto add = [&](T value) {
        if (values.size() < count) values.push_back(value);
    };
    if constexpr (std::is_same_v<T, bool>) {
        while (values.size() < count) add(check::random(0, 1) == 1);
    } else if constexpr (std::is_integral_v<T>) {
        add(std::numeric_limits<T>::min());
        add(std::numeric_limits<T>::max());
        while (values.size() < count) add(static_cast<T>(check::random(0, 120)));
    } else if constexpr (std::is_floating_point_v<T>) {
        add(std::numeric_limits<T>::quiet_NaN());
        add(std::numeric_limits<T>::infinity());
        add(-std::numeric_limits<T>::infinity());
        add(T(-0.0));
        add(std::numeric_limits<T>::denorm_min());
        add(std::numeric_limits<T>::lowest());
        while (values.size() < count) add(static_cast<T>(check::random(-1000, 1000)) / 7);
    } else if constexpr (std::is_same_v<T, atlas::Float16>) {
        while (values.size() < count) add(T{static_cast<std::uint16_t>(check::random(0, 0x7bff))});
    } else if constexpr (std::is_same_v<T, atlas::Timestamp>) {
        add(T(std::numeric_limits<std::int64_t>::min()));
        add(T(std::numeric_limits<std::int64_t>::max()));
        while (values.size() < count) add(T(std::int64_t{1700000000} * check::random(1, 1000000000)));
    } else if constexpr (std::is_same_v<T, std::string>) {
        add("");
        add("Grüße, 世界 🌍");
        add(std::string(1000, 'x'));
        while (values.size() < count) add(std::string(static_cast<std::size_t>(check::random(0, 20)), 'a'));
    } else {
        using Part = typename T::value_type;
        add(T(std::numeric_limits<Part>::infinity(), std::numeric_limits<Part>::quiet_NaN()));
        while (values.size() < count) add(T(static_cast<Part>(check::random(-9, 9)), static_cast<Part>(0.5)));
    }
    return values;
}

// Equal to the last bit, NaN and the sign of zero included.
template <class T> bool identical(const std::vector<T> &a, const std::vector<T> &b) {
    if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, bool>)
        return a == b;
    else
        return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

template <class T> void every_rank() {
    const std::vector<atlas::Shape> shapes = {{}, {5}, {3, 4}, {2, 3, 4}, {2, 1, 3, 2}, {0}, {3, 0, 2}};
    std::vector<std::vector<T>> all;
    atlas::create(path_of("store"), [&](atlas::Store &store) {
        atlas::Dataset dataset = store.create_dataset("d");
        for (std::size_t i = 0; i < shapes.size(); i++) {
            all.push_back(samples<T>(static_cast<std::size_t>(atlas::volume(shapes[i]))));
            atlas::Array array = dataset.define_array<T>("a" + std::to_string(i), {}, shapes[i]);
            array.write(all[i]);
            CHECK(identical(array.read<T>(), all[i]));
            CHECK_EQUAL(array.info().dtype, dtype_of<T>);
            CHECK_EQUAL(array.shape(), shapes[i]);
        }
    });
    atlas::open(path_of("store"), [&](atlas::Store &store) {
        for (std::size_t i = 0; i < shapes.size(); i++) {
            atlas::Array array = store["d"]["a" + std::to_string(i)];
            CHECK(identical(array.read<T>(), all[i]));
            CHECK_EQUAL(array.info().shape, shapes[i]);
        }
    });
}

#define EVERY_RANK(name, T)                                                                                            \
    TEST(every_rank_of_##name) { every_rank<T>(); }
EVERY_RANK(bool, bool)
EVERY_RANK(int8, std::int8_t)
EVERY_RANK(int16, std::int16_t)
EVERY_RANK(int32, std::int32_t)
EVERY_RANK(int64, std::int64_t)
EVERY_RANK(uint8, std::uint8_t)
EVERY_RANK(uint16, std::uint16_t)
EVERY_RANK(uint32, std::uint32_t)
EVERY_RANK(uint64, std::uint64_t)
EVERY_RANK(long_long, long long)
EVERY_RANK(float16, atlas::Float16)
EVERY_RANK(float, float)
EVERY_RANK(double, double)
EVERY_RANK(complex_float, std::complex<float>)
EVERY_RANK(complex_double, std::complex<double>)
EVERY_RANK(timestamp, atlas::Timestamp)
EVERY_RANK(string, std::string)

TEST(types_convert_as_the_library_says) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset dataset = store.create_dataset("d");
    atlas::Array f32 = dataset.define_array<float>("f32", {"x"}, {3});
    f32.write({0.1, 2.5, -3.0}); // doubles
    CHECK_EQUAL(f32.read<double>(), (std::vector<double>{0.1f, 2.5, -3.0}));
    CHECK_THROWS(type_mismatch, ("i32", "f32"), f32.write({1, 2, 3})); // 32 bits do not fit into 24
}

TEST(types_that_do_not_convert) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset dataset = store.create_dataset("d");
    atlas::Array i16 = dataset.define_array<std::int16_t>("i16", {"x"}, {2});
    i16.write({1, 32767});
    CHECK_THROWS(out_of_range, ("32768"), i16.write({1, 32768}));
    CHECK_THROWS(type_mismatch, ("i16"), i16.write({1.0, 2.0}));
    CHECK_THROWS(type_mismatch, ("string does not convert to i16"), i16.write({"a", "b"}));
    CHECK_THROWS(type_mismatch, ("i16 does not convert to string"), (void)i16.read<std::string>());
    CHECK_THROWS(type_mismatch, ("i16"), (void)i16.read<bool>());
    CHECK_EQUAL(i16.read<std::int64_t>(), (std::vector<std::int64_t>{1, 32767}));
    CHECK_EQUAL(i16.read<float>(), (std::vector<float>{1, 32767}));
    atlas::Array text = dataset.define_array<std::string>("text", {"x"}, {2});
    CHECK_THROWS(type_mismatch, ("a number does not convert to string"), text.write({1, 2}));
    CHECK_THROWS(type_mismatch, ("a number does not convert to string"), text.append({1, 2}));
    CHECK_THROWS(type_mismatch, ("string does not convert to a number"), (void)text.read<int>());
}

TEST(a_type_of_the_users_own) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Array array = store.create_dataset("d").define_array<Metres>("height", {"x"}, {2});
    CHECK_EQUAL(array.info().dtype, DType::f32);
    array.write(std::vector<Metres>{{1.5f}, {-2}});
    CHECK_EQUAL(array.read<Metres>()[1].value, -2.0f);
    CHECK_EQUAL(array.read<double>(), (std::vector<double>{1.5, -2}));
}

TEST(enums_are_their_underlying_type) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset dataset = store.create_dataset("d");
    atlas::ArrayOptions<Colour> options;
    options.fill_value = Colour::green;
    atlas::Array colours = dataset.define_array<Colour>("colours", {"x"}, {3}, options);
    CHECK_EQUAL(colours.info().dtype, DType::i16);
    CHECK(*colours.fill_value<Colour>() == Colour::green);
    colours.write({Colour::red}, {{1}, {1}});
    CHECK(colours.read<Colour>() == (std::vector<Colour>{Colour::green, Colour::red, Colour::green}));
    CHECK_EQUAL(colours.read<std::int32_t>(), (std::vector<std::int32_t>{300, -1, 300}));
    Colour nested[1][3];
    colours.read_into(nested[0]);
    CHECK(nested[0][1] == Colour::red);
    CHECK_THROWS(type_mismatch, ("i16 does not convert to u8"), (void)colours.read<Plain>());

    dataset.define_array<std::byte>("bytes", {"x"}, {3})
        .write(std::vector<std::byte>{std::byte{1}, std::byte{255}, {}});
    CHECK_EQUAL(dataset["bytes"].read<std::uint8_t>()[1], std::uint8_t{255});
    CHECK(dataset["bytes"].read<std::byte>()[1] == std::byte{255});
    colours.attributes().set("mode", on);
    colours.attributes().set("flags", {Colour::red, Colour::green});
    CHECK(colours.attributes().get<Plain>("mode") == on && colours.attributes().info("mode").dtype == DType::u8);
    CHECK(colours.attributes().get<std::vector<Colour>>("flags")[1] == Colour::green);
}

TEST(timestamps_and_chrono) {
    using namespace std::chrono;
    const auto now = time_point_cast<nanoseconds>(system_clock::now());
    const atlas::Timestamp from_seconds = time_point<system_clock, seconds>(seconds(1700000000));
    static_assert(!std::is_convertible_v<time_point<steady_clock>, atlas::Timestamp>);
    static_assert(!std::is_convertible_v<time_point<system_clock, duration<double>>, atlas::Timestamp>);
    CHECK_EQUAL(from_seconds.nanoseconds, 1700000000000000000);
    CHECK(atlas::Timestamp(now).point() == now);
    CHECK(atlas::Timestamp(1) < atlas::Timestamp(2) && atlas::Timestamp(1) != atlas::Timestamp(2));

    atlas::Store store = atlas::create(path_of("store"));
    atlas::Array time = store.create_dataset("d").define_array<atlas::Timestamp>("time", {"time"}, {0});
    time.append(atlas::Timestamp(now));
    time.append({from_seconds, atlas::Timestamp()});
    CHECK(time.read<atlas::Timestamp>()[0].point() == now);
    CHECK_EQUAL(time.read<std::int64_t>()[1], from_seconds.nanoseconds);
    store.flush();
    const atlas::Stats<atlas::Timestamp> stats = time.stats<atlas::Timestamp>();
    CHECK(*stats.min == atlas::Timestamp(0) && stats.max->point() == now);
}

TEST(halves_widen) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Array half = store.create_dataset("d").define_array<atlas::Float16>("half", {}, {3});
    half.write({1.0f, -0.5f, 65504.0f});
    CHECK(half.read<atlas::Float16>()[0] == atlas::Float16{0x3c00});
    CHECK(half.read<atlas::Float16>()[1] != atlas::Float16{0x3c00});
    CHECK_EQUAL(half.read<double>(), (std::vector<double>{1.0, -0.5, 65504.0}));
}

TEST(any_type_found_at_run_time) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset from = store.create_dataset("from"), to = store.create_dataset("to");
    from.define_array<std::int8_t>("a", {"x"}, {2}).write({1, -2});
    from.define_array<std::string>("b", {}, {2}).write({"one", "two"});
    from.define_array<std::complex<float>>("c", {}, {}).write(std::complex<float>(1, 2));
    for (const atlas::Array &array : from.arrays()) {
        atlas::with_type(array.info().dtype, [&](auto type) {
            using T = typename decltype(type)::type;
            to.define_array<T>(array.name(), array.dims(), array.shape()).write(array.read<T>());
        });
    }
    CHECK_EQUAL(to["a"].info().dtype, DType::i8);
    CHECK_EQUAL(to["a"].dims(), std::vector<std::string>{"x"});
    CHECK_EQUAL(to["b"].read<std::string>(), (std::vector<std::string>{"one", "two"}));
    CHECK(to["c"].read<std::complex<double>>().at(0) == std::complex<double>(1, 2));
}

int main() { return check::run(); }
