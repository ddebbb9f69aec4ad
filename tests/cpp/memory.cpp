// Memory in all its forms: what may be written, read into and appended, regions, strides, and sizes that do not fit.
#include "check.hpp"
#include "mdspan.hpp"

#include <algorithm>
#include <array>
#include <list>
#include <numeric>
#include <set>
#include <valarray>

#if __has_include(<version>)
#include <version>
#endif
#ifdef __cpp_lib_span
#include <span>
#endif
#ifdef __cpp_lib_ranges
#include <ranges>
#endif
#ifdef __cpp_lib_mdspan
#include <mdspan>
#endif

using atlas::Region;
using atlas::Shape;
using atlas::Strided;
using atlas::Strides;
using Doubles = std::vector<double>;

namespace {

// A store with one array of doubles, 0, 1, 2, ... in C order.
struct Fixture {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset dataset = store.create_dataset("d");

    atlas::Array array(const char *name, const Shape &shape) {
        atlas::Array made = dataset.define_array<double>(name, {}, shape);
        Doubles values(static_cast<std::size_t>(atlas::volume(shape)));
        std::iota(values.begin(), values.end(), 0.0);
        made.write(values);
        return made;
    }
};

} // namespace

// ---- shapes ----

TEST(shapes_are_made_of_any_integers) {
    const int nx = 3;
    const std::size_t ny = 4;
    CHECK_EQUAL((Shape{nx, 2 * ny, 5}), (Shape{3, 8, 5}));
    CHECK_EQUAL(Shape(std::vector<int>{1, 2}), (Shape{1, 2}));
    CHECK_EQUAL(Shape(std::array<long, 2>{7, 8}), (Shape{7, 8}));
    CHECK_EQUAL(Shape(std::list<short>{7, 8, 9}), (Shape{7, 8, 9}));
    CHECK_EQUAL(Strides(Shape{4, 1}), (Strides{4, 1}));
    CHECK_EQUAL((Strides{-1, 5})[0], -1);
    CHECK(Shape{} != Shape{1} && Shape{}.empty() && Shape{0}.size() == 1);
    CHECK_EQUAL((Shape{2, 3}.to_string()), "[2, 3]");
    CHECK_EQUAL(Shape{}.to_string(), "[]");
    static_assert(!std::is_convertible_v<bool, Shape> && !std::is_convertible_v<const char *, Shape>);
    static_assert(!std::is_convertible_v<double, Shape> && !std::is_convertible_v<std::string, Shape>);
    CHECK_THROWS(invalid_argument, ("-1"), Shape{-1});
    CHECK_THROWS(invalid_argument, ("18446744073709551615"), Strides{~std::uint64_t{0}});
    CHECK_THROWS(invalid_argument, ("32"), Shape(std::vector<int>(33)));
    Shape full(std::vector<int>(32, 1));
    CHECK_THROWS(invalid_argument, ("32"), full.push_back(1));
}

TEST(volumes) {
    CHECK_EQUAL(atlas::volume({}), 1u);
    CHECK_EQUAL(atlas::volume({2, 3, 4}), 24u);
    CHECK_EQUAL(atlas::volume({~0u, ~std::uint64_t{0}, 0}), 0u);
    CHECK_EQUAL(atlas::volume({std::uint64_t{1} << 63, 1}), std::uint64_t{1} << 63);
    CHECK_THROWS(invalid_argument, ("cells"), atlas::volume({std::uint64_t{1} << 63, 2}));
}

// ---- what may be written ----

static_assert(atlas::is_source<Doubles> && atlas::is_source<const Doubles &> && atlas::is_source<double>);
static_assert(atlas::is_source<double[3]> && atlas::is_source<const int (&)[2][3]> && atlas::is_source<const char *>);
static_assert(atlas::is_source<std::valarray<float>> && atlas::is_source<std::initializer_list<int>>);
static_assert(atlas::is_source<std::vector<std::array<float, 3>>> && atlas::is_source<std::vector<bool>>);
static_assert(atlas::is_source<std::string> && atlas::is_source<std::list<std::string>>);
static_assert(atlas::is_source<const char *[2]> && atlas::is_source<std::set<std::string_view>>);
static_assert(atlas::is_source<Strided<const double>> && !atlas::is_source<Strided<char>>);
static_assert(!atlas::is_source<std::list<double>> && !atlas::is_source<std::vector<char>>);
static_assert(!atlas::is_source<std::vector<std::vector<long double>>> && !atlas::is_source<std::vector<long double>>);
static_assert(!atlas::is_source<std::vector<std::vector<char>>> && !atlas::is_source<std::list<std::list<double>>>);
static_assert(!atlas::is_source<std::vector<std::vector<std::string>>>);
static_assert(!atlas::is_source<double *> && !atlas::is_source<std::nullptr_t> && !atlas::is_source<void *>);
static_assert(atlas::is_source<std::vector<std::vector<double>>> && atlas::is_source<std::list<std::valarray<int>>>);
static_assert(atlas::is_source<std::array<std::array<double, 0>, 2>>);

static_assert(atlas::is_target<Doubles &> && atlas::is_target<double &> && atlas::is_target<int (&)[2][2]>);
static_assert(atlas::is_target<Strided<double>> && atlas::is_target<std::vector<bool> &>);
static_assert(!atlas::is_target<const Doubles &> && !atlas::is_target<const int (&)[2][2]>);
static_assert(!atlas::is_target<Strided<const double>> && !atlas::is_target<std::initializer_list<double>>);
static_assert(!atlas::is_target<std::vector<std::string> &> && !atlas::is_target<const std::array<int, 2> &>);
static_assert(!atlas::is_target<const std::vector<std::array<int, 2>> &> && !atlas::is_target<std::string &>);
static_assert(atlas::is_target<std::vector<std::vector<bool>> &> && !atlas::is_target<const std::vector<Doubles> &>);
static_assert(!atlas::is_target<std::array<const Doubles, 2> &> && atlas::is_target<std::list<Doubles> &>);

using Span2 = stand_in::mdspan<double, 2>;
static_assert(atlas::is_source<Span2> && atlas::is_target<Span2> && atlas::is_target<const Span2 &>);
static_assert(atlas::is_source<stand_in::mdspan<const float, 3>> &&
              !atlas::is_target<stand_in::mdspan<const float, 3>>);
static_assert(!atlas::is_source<stand_in::mdspan<char, 1>>);
static_assert(!atlas::is_source<stand_in::mdspan<double, 2, stand_in::Doubling<double>>>);
static_assert(!atlas::is_source<stand_in::mdspan<double, 2, stand_in::Accessor<double>, false>>);

TEST(every_form_is_written_and_read_into) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {2, 3});
    const Doubles want = {1, 2, 3, 4, 5, 6};
    const auto rewrite = [&](const auto &values) {
        a.write(Doubles(6));
        a.write(values);
        CHECK_EQUAL(a.read<double>(), want);
    };
    rewrite(want);
    rewrite(std::array<double, 6>{1, 2, 3, 4, 5, 6});
    rewrite(std::valarray<double>{1, 2, 3, 4, 5, 6});
    rewrite(std::array<std::array<double, 3>, 2>{{{1, 2, 3}, {4, 5, 6}}});
    rewrite(std::vector<std::array<double, 3>>{{1, 2, 3}, {4, 5, 6}});
    const double flat[6] = {1, 2, 3, 4, 5, 6};
    rewrite(flat);
    const double nested[2][3] = {{1, 2, 3}, {4, 5, 6}};
    rewrite(nested);
    rewrite(std::vector<float>{1, 2, 3, 4, 5, 6});
    rewrite(std::vector<int>{1, 2, 3, 4, 5, 6});
    a.write({1.0, 2.0, 3.0, 4.0, 5.0, 6.0});
    CHECK_EQUAL(a.read<double>(), want);

    const auto reread = [&](auto &values) {
        a.read_into(values);
        a.write(Doubles(6));
        a.write(values);
        CHECK_EQUAL(a.read<double>(), want);
    };
    Doubles vector(6);
    reread(vector);
    CHECK_EQUAL(vector, want);
    std::array<float, 6> array{};
    reread(array);
    std::valarray<double> valarray(6);
    reread(valarray);
    float floats[2][3];
    reread(floats);
    CHECK_EQUAL(floats[1][0], 4.0f);
    std::vector<std::array<double, 3>> rows(2);
    reread(rows);
    CHECK_EQUAL(rows[1][2], 6.0);
    double cell = 0;
    a.read_into(cell, {{1, 1}, {1, 1}});
    CHECK_EQUAL(cell, 5.0);
    CHECK_EQUAL(a.read<double>({{1, 1}, {1, 1}}).at(0), 5.0);
    a.write(-5, {{1, 1}, {1, 1}});
    CHECK_EQUAL(a.read<double>(), (Doubles{1, 2, 3, 4, -5, 6}));
}

TEST(three_dimensional_c_arrays) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {2, 2, 3});
    int block[2][2][3];
    CHECK_THROWS(type_mismatch, (), a.read_into(block));
    double cells[2][2][3];
    a.read_into(cells);
    CHECK_EQUAL(cells[1][0][2], 8.0);
    const std::vector<std::array<std::array<double, 3>, 2>> deeper(2);
    a.write(deeper);
    CHECK_EQUAL(a.read<double>(), Doubles(12));
}

TEST(scalars) {
    Fixture fixture;
    atlas::Array scalar = fixture.dataset.define_array<double>("scalar", {}, {});
    CHECK_EQUAL(scalar.read<double>(), Doubles{0});
    scalar.write(2.5);
    double back = 0;
    scalar.read_into(back);
    CHECK_EQUAL(back, 2.5);
    scalar.write(Doubles{3.5});
    CHECK_EQUAL(scalar.read<double>(), Doubles{3.5});
    CHECK_EQUAL(scalar.shape(), Shape{});
    CHECK_EQUAL(scalar.dims(), std::vector<std::string>{});
    CHECK_THROWS(invalid_argument, ("scalar", "2 values", "[]"), scalar.write({1.0, 2.0}));
    CHECK_THROWS(invalid_argument, ("scalar"), scalar.append(1.0));
    CHECK_THROWS(invalid_argument, ("rank"), (void)scalar.read<double>({{0}, {}}));
}

TEST(bools_in_every_form) {
    Fixture fixture;
    atlas::Array flags = fixture.dataset.define_array<bool>("flags", {}, {2, 2});
    const std::vector<bool> want = {true, false, false, true};
    flags.write(want);
    CHECK(flags.read<bool>() == want);
    std::vector<bool> bits(4);
    flags.read_into(bits);
    CHECK(bits == want);
    std::array<bool, 4> bools{};
    flags.read_into(bools);
    CHECK(bools[0] && !bools[1] && bools[3]);
    flags.write({false, true, true, true});
    flags.write(true, {{0, 0}, {1, 1}});
    CHECK(flags.read<bool>() == std::vector<bool>(4, true));
    std::vector<bool> small(3);
    CHECK_THROWS(invalid_argument, ("3 values"), flags.write(small));
    CHECK_THROWS(invalid_argument, ("3 values"), flags.read_into(small));
    atlas::Array rows = fixture.dataset.define_array<bool>("rows", {}, {0, 2});
    rows.append(want);
    CHECK(rows.read<bool>() == want);
}

TEST(text_in_every_form) {
    Fixture fixture;
    atlas::Array text = fixture.dataset.define_array<std::string>("text", {"x"}, {3});
    CHECK_EQUAL(text.read<std::string>(), (std::vector<std::string>{"", "", ""}));
    const std::vector<std::string> want = {"a", "", "c"};
    const auto rewrite = [&](const auto &values) {
        text.write(std::vector<std::string>(3, "?"));
        text.write(values);
        CHECK_EQUAL(text.read<std::string>(), want);
    };
    rewrite(want);
    rewrite(std::array<std::string_view, 3>{"a", "", "c"});
    rewrite(std::list<std::string>{"a", "", "c"});
    const char *literals[] = {"a", "", "c"};
    rewrite(literals);
    text.write({"a", "", "c"});
    CHECK_EQUAL(text.read<std::string>(), want);
    text.write("middle", {{1}, {1}});
    text.write(std::string("last"), {{2}, {1}});
    text.write(std::string_view("first"), {{0}, {1}});
    CHECK_EQUAL(text.read<std::string>(), (std::vector<std::string>{"first", "middle", "last"}));
    CHECK_EQUAL(text.read<std::string>({{1}, {}}), (std::vector<std::string>{"middle", "last"}));
    text.append("more");
    text.append({"and", "more"});
    CHECK_EQUAL(text.read<std::string>({{3}, {}}), (std::vector<std::string>{"more", "and", "more"}));
    text.append(std::vector<std::string>{"x"}, {1});
    CHECK_EQUAL(text.shape(), Shape{7});

    CHECK_THROWS(invalid_argument, ("2 texts", "[7]"), text.write({"a", "b"}));
    CHECK_THROWS(invalid_argument, ("2 texts", "[1]"), text.append({"a", "b"}, {1}));
    CHECK_THROWS(invalid_argument, ("text 1", "NUL"), text.write(std::vector<std::string>{"a", std::string(2, '\0')}));
    const char *const null[] = {nullptr};
    CHECK_THROWS(invalid_argument, ("NULL"), text.write(null, {{0}, {1}}));
    CHECK_THROWS(invalid_argument, ("UTF-8"), text.write("\xff", {{0}, {1}}));
}

TEST(much_text) {
    Fixture fixture;
    const std::size_t count = static_cast<std::size_t>(check::scaled(100000, 2000));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; i++) texts.push_back(std::string(i % 50, 'x') + std::to_string(i));
    atlas::Array text = fixture.dataset.define_array<std::string>("text", {}, {count});
    text.write(texts);
    CHECK(text.read<std::string>() == texts);
}

// ---- regions ----

TEST(regions) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {3, 4});
    CHECK_EQUAL(a.read<double>({{1, 2}, {2, 2}}), (Doubles{6, 7, 10, 11}));
    CHECK_EQUAL(a.read<double>({{2, 1}, {}}), (Doubles{9, 10, 11}));
    CHECK_EQUAL(a.read<double>({{}, {1, 3}}), (Doubles{0, 1, 2}));
    CHECK_EQUAL(a.read<double>({{3, 0}, {}}), Doubles{});
    CHECK_EQUAL(a.read<double>({{0, 0}, {0, 4}}), Doubles{});
    Region named;
    named.start = {1, 3};
    CHECK_EQUAL(a.read<double>(named), (Doubles{7, 11}));
    a.write({-1.0, -2.0}, {{0, 1}, {1, 2}});
    CHECK_EQUAL(a.read<double>({{}, {1, 4}}), (Doubles{0, -1, -2, 3}));
    a.write(Doubles{}, {{0, 0}, {0, 0}});
#if __cplusplus >= 202002L
    CHECK_EQUAL(a.read<double>({.start = {2, 2}}), (Doubles{10, 11}));
    CHECK_EQUAL(a.read<double>({.count = {1, 1}}), (Doubles{0}));
#endif

    CHECK_THROWS(out_of_range, ("'a'", "'d'"), (void)a.read<double>({{1, 2}, {2, 3}}));
    CHECK_THROWS(out_of_range, ("'a'", "'d'", "[4, 0]", "[3, 4]"), (void)a.read<double>({{4, 0}, {}}));
    CHECK_THROWS(invalid_argument, ("rank"), (void)a.read<double>({{4}, {}}));
    CHECK_THROWS(invalid_argument, ("rank"), (void)a.read<double>({{0, 0}, {1}}));
    CHECK_THROWS(invalid_argument, ("rank"), (void)a.read<double>({{0}, {1}}));
    CHECK_THROWS(invalid_argument, ("'a'", "5 values", "[2, 2]"), a.write(Doubles(5), {{0, 0}, {2, 2}}));
    Doubles three(3);
    CHECK_THROWS(invalid_argument, ("3 values", "[3, 4]"), a.read_into(three));
    const double wrong[4][3] = {};
    CHECK_THROWS(invalid_argument, ("[4, 3]", "[3, 4]"), a.write(wrong));
    const double lower[1][4] = {{9, 9, 9, 9}};
    CHECK_THROWS(invalid_argument, ("[1, 4]", "[4]"), a.write(lower, {{0}, {4}}));
    CHECK_THROWS(out_of_memory, (), (void)a.read<double>({{0, 0}, {std::uint64_t{1} << 62, 1}}));
    CHECK_THROWS(invalid_argument, ("cells"), (void)a.read<double>({{0, 0}, {std::uint64_t{1} << 62, 8}}));
    CHECK_EQUAL(a.read<double>({{}, {1, 4}}), (Doubles{0, -1, -2, 3})); // nothing changed
}

// ---- dimensions left out ----

// A time slice of an array of four dimensions, in memory that has but some of them.
TEST(memory_may_leave_out_extents_of_one) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {3, 1, 2, 3});
    const Region second = {{1, 0, 0, 0}, {1, 1, 2, 3}};
    const Doubles want = {6, 7, 8, 9, 10, 11};
    const auto values = [&] { return a.read<double>(second); };

    double nested[2][3];
    a.read_into(nested, second);
    CHECK(nested[0][0] == 6 && nested[0][2] == 8 && nested[1][0] == 9 && nested[1][2] == 11);
    const double turned[2][3] = {{11, 10, 9}, {8, 7, 6}};
    a.write(turned, second);
    CHECK_EQUAL(values(), (Doubles{11, 10, 9, 8, 7, 6}));
    double three[1][2][3];
    a.read_into(three, second);
    CHECK(three[0][0][0] == 11 && three[0][1][2] == 6);
    a.write(nested, second);
    CHECK_EQUAL(values(), want);

    Doubles memory(6);
    a.read_into(Span2(memory.data(), {2, 3}, {1, 2}), second); // column-major
    CHECK_EQUAL(memory, (Doubles{6, 9, 7, 10, 8, 11}));
    a.write(Doubles(6), second);
    a.write(stand_in::mdspan<double, 3>(memory.data(), {1, 2, 3}, {99, 1, 2}), {{0, 0, 0, 0}, {1, 1, 2, 3}});
    CHECK_EQUAL(a.read<double>({{}, {1, 1, 2, 3}}), want);
    a.write(Span2(memory.data(), {2, 3}, {1, 2}), second);
    CHECK_EQUAL(values(), want);

    // a halo of one cell, of a field with two rows
    Doubles halo(4 * 5, -1);
    a.read_into(Strided{&halo[6], {5, 1}}, second);
    CHECK_EQUAL(halo, (Doubles{-1, -1, -1, -1, -1, -1, 6, 7, 8, -1, -1, 9, 10, 11, -1, -1, -1, -1, -1, -1}));
    a.write(Doubles(6), second);
    a.write(Strided{&halo[6], {5, 1}}, second);
    CHECK_EQUAL(values(), want);
    a.read_into(Strided{&halo[6], {99, 5, 1}}, second);
    double column[2];
    a.read_into(column, {{1, 0, 0, 1}, {1, 1, 2, 1}});
    CHECK(column[0] == 7 && column[1] == 10);
    a.read_into(Strided{column, {-1}}, {{1, 0, 0, 1}, {1, 1, 1, 1}}); // nothing steps
    CHECK(column[0] == 7);
    a.write(stand_in::mdspan<double, 0>(column, {}, {}), {{1, 0, 0, 0}, {1, 1, 1, 1}});
    CHECK_EQUAL(a.read<double>({{1, 0, 0, 0}, {1, 1, 1, 1}}), Doubles{7});
    a.write(6, {{1, 0, 0, 0}, {1, 1, 1, 1}});

    CHECK_THROWS(invalid_argument, ("'a'", "memory of shape [2, 3]", "[2, 1, 2, 3]"),
                 a.read_into(nested, {{0, 0, 0, 0}, {2, 1, 2, 3}}));
    double transposed[3][2] = {};
    CHECK_THROWS(invalid_argument, ("memory of shape [3, 2]", "[1, 1, 2, 3]"), a.write(transposed, second));
    const double more[1][1][1][2][3] = {};
    CHECK_THROWS(invalid_argument, ("[1, 1, 1, 2, 3]", "[1, 1, 2, 3]", "not more"), a.write(more, second));
    CHECK_THROWS(invalid_argument, ("strides [1]", "[1, 1, 2, 3]"), a.write(Strided{&halo[6], {1}}, second));
    CHECK_THROWS(invalid_argument, ("strides [0, 0, 0, 5, 1]"), a.write(Strided{&halo[6], {0, 0, 0, 5, 1}}, second));
    // 5 or 1 may be the stride of the extent of 2
    CHECK_THROWS(invalid_argument, ("strides [5, 1]", "[1, 1, 2, 1]", "in doubt"),
                 a.read_into(Strided{&halo[6], {5, 1}}, {{1, 0, 0, 0}, {1, 1, 2, 1}}));
    CHECK_EQUAL(values(), want);

    // appended: one row
    a.append(nested);
    a.append(Span2(memory.data(), {2, 3}, {1, 2}));
    a.append(Strided{&halo[6], {5, 1}}, {1, 1, 2, 3});
    CHECK_EQUAL(a.shape(), (Shape{6, 1, 2, 3}));
    for (int t = 3; t < 6; t++) CHECK_EQUAL(a.read<double>({{t, 0, 0, 0}, {1, 1, 2, 3}}), want);
    CHECK_THROWS(invalid_argument, ("'a'", "[3, 2]", "[1, 1, 2, 3]"), a.append(transposed));
    CHECK_EQUAL(a.shape(), (Shape{6, 1, 2, 3}));
}

TEST(slices_at_random) {
    Fixture fixture;
    for (int round = 0; round < check::scaled(200, 20); round++) {
        Shape shape, count, start;
        std::vector<int> extents, strides, all;
        int distance = 1;
        for (int d = check::random(1, 4); d > 0; d--) shape.push_back(check::random(1, 3));
        for (const std::uint64_t extent : shape) {
            count.push_back(check::random(0, 2) ? static_cast<int>(extent) : 1);
            start.push_back(check::random(0, static_cast<int>(extent - count[count.size() - 1])));
        }
        for (std::size_t d = shape.size(); d-- > 0;) {
            all.insert(all.begin(), distance);
            if (count[d] != 1 || check::random(0, 1)) {
                extents.insert(extents.begin(), static_cast<int>(count[d]));
                strides.insert(strides.begin(), distance);
            }
            distance *= static_cast<int>(count[d]) + 1;
        }
        if (extents.size() != 2) continue;
        atlas::Array a = fixture.array(("a" + std::to_string(round)).c_str(), shape);
        Doubles memory(static_cast<std::size_t>(distance), -1), want = memory;
        a.read_into(Strided{want.data(), Strides(all)}, {start, count});
        a.read_into(Span2(memory.data(), {extents[0], extents[1]}, {strides[0], strides[1]}), {start, count});
        CHECK_EQUAL(memory, want);
        std::fill(memory.begin(), memory.end(), -1);
        try {
            a.read_into(Strided{memory.data(), Strides(strides)}, {start, count});
            CHECK_EQUAL(memory, want);
        } catch (const atlas::Error &error) {
            CHECK(std::string_view(error.text()).find("in doubt") != std::string_view::npos);
        }
    }
}

// ---- ranges of ranges ----

TEST(rows_that_lie_anywhere) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {2, 3});
    const std::vector<Doubles> values = {{1, 2, 3}, {4, 5, 6}};
    const Doubles want = {1, 2, 3, 4, 5, 6};
    const auto rewrite = [&](const auto &rows) {
        a.write(Doubles(6));
        a.write(rows);
        CHECK_EQUAL(a.read<double>(), want);
    };
    rewrite(values);
    rewrite(std::list<std::vector<float>>{{1, 2, 3}, {4, 5, 6}});
    rewrite(std::array<std::valarray<int>, 2>{std::valarray<int>{1, 2, 3}, std::valarray<int>{4, 5, 6}});
    Doubles memory = {1, 4, 2, 5, 3, 6};
    rewrite(std::vector<stand_in::mdspan<double, 1>>{{memory.data(), {3}, {2}}, {memory.data() + 1, {3}, {2}}});

    std::vector<Doubles> back = {Doubles(3), Doubles(3)};
    a.read_into(back);
    CHECK(back == values);
    a.read_into(back[1], {{0, 0}, {1, 3}});
    CHECK(back[1] == values[0]);
    std::list<std::array<float, 3>> listed(2);
    a.read_into(listed);
    CHECK_EQUAL(listed.back()[2], 6.0f);
    std::vector<Doubles> narrow(2, Doubles(1));
    a.read_into(narrow, {{0, 1}, {2, 1}});
    CHECK(narrow[0][0] == 2 && narrow[1][0] == 5);

    const std::vector<Doubles> ragged = {{1, 2, 3}, {4, 5}};
    CHECK_THROWS(invalid_argument, ("'a'", "'d'", "row [1] has 2", "first has 3"), a.write(ragged));
    std::vector<Doubles> ragged_target = ragged;
    CHECK_THROWS(invalid_argument, ("'a'", "row [1] has 2"), a.read_into(ragged_target));
    CHECK_THROWS(invalid_argument, ("'a'", "row [1] has 2"), a.append(ragged));
    CHECK(ragged_target == ragged);
    const std::vector<std::vector<Doubles>> deep = {{{1, 2}, {3, 4}}, {{5, 6}, {7}}};
    CHECK_THROWS(invalid_argument, ("row [1, 1] has 1", "first has 2"), a.write(deep));
    const std::vector<std::vector<Doubles>> uneven = {{{1, 2}, {3, 4}}, {{5, 6}}};
    CHECK_THROWS(invalid_argument, ("row [1] has 1", "first has 2"), a.write(uneven));
    CHECK_THROWS(invalid_argument, ("memory of shape [2, 2]", "[2, 3]"), a.write(std::vector<Doubles>{{1, 2}, {3, 4}}));
    CHECK_EQUAL(a.read<double>(), want);

    a.append(values);
    CHECK_EQUAL(a.shape(), (Shape{4, 3}));
    a.append(std::vector<Doubles>{});
    CHECK_EQUAL(a.shape(), (Shape{4, 3}));
    atlas::Array series = fixture.dataset.define_array<double>("series", {}, {0, 2, 3});
    series.append(values); // one time
    series.append(std::vector<std::vector<Doubles>>{values, values});
    CHECK_EQUAL(series.shape(), (Shape{3, 2, 3}));
    CHECK_EQUAL(series.read<double>({{2, 1, 0}, {}}), (Doubles{4, 5, 6}));

    atlas::Array flags = fixture.dataset.define_array<bool>("flags", {}, {2, 2});
    const std::vector<std::vector<bool>> bits = {{true, false}, {true, true}};
    flags.write(bits);
    std::vector<std::vector<bool>> bits_back(2, std::vector<bool>(2));
    flags.read_into(bits_back);
    CHECK(bits_back == bits);
}

// ---- strides ----

TEST(a_field_inside_its_halo) {
    Fixture fixture;
    const int halo = 2, ny = 3, nx = 4, pitch = nx + 2 * halo;
    Doubles field(static_cast<std::size_t>((ny + 2 * halo) * pitch), -1);
    const auto at = [&](int j, int i) { return &field[static_cast<std::size_t>((j + halo) * pitch + i + halo)]; };
    for (int j = 0; j < ny; j++)
        for (int i = 0; i < nx; i++) *at(j, i) = 10 * j + i;

    atlas::Array a = fixture.dataset.define_array<double>("a", {"y", "x"}, {ny, nx});
    a.write(Strided{at(0, 0), {pitch, 1}});
    CHECK_EQUAL(a.read<double>(), (Doubles{0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23}));

    Doubles other(field.size(), -7);
    a.read_into(Strided{&other[static_cast<std::size_t>(halo * pitch + halo)], {pitch, 1}});
    for (std::size_t k = 0; k < field.size(); k++) CHECK_EQUAL(other[k], field[k] < 0 ? -7 : field[k]);

    // upside down, and transposed
    a.write(Strided{at(ny - 1, 0), {-pitch, 1}});
    CHECK_EQUAL(a.read<double>({{}, {1, 4}}), (Doubles{20, 21, 22, 23}));
    Doubles columns(12);
    a.read_into(Strided{columns.data(), {1, ny}});
    CHECK_EQUAL(columns, (Doubles{20, 10, 0, 21, 11, 1, 22, 12, 2, 23, 13, 3}));
    // one value everywhere
    const double zero = 0;
    a.write(Strided{&zero, {0, 0}});
    CHECK_EQUAL(a.read<double>(), Doubles(12));

    CHECK_THROWS(invalid_argument, ("strides [1]", "[3, 4]"), a.write(Strided{at(0, 0), {1}}));

    atlas::Array series = fixture.dataset.define_array<double>("series", {"time", "y", "x"}, {0, ny, nx});
    series.append(Strided{at(0, 0), {pitch, 1}}); // one time
    CHECK_EQUAL(series.shape(), (Shape{1, ny, nx}));
    CHECK_EQUAL(series.read<double>({{0, 1, 0}, {}}), (Doubles{10, 11, 12, 13, 20, 21, 22, 23}));
    CHECK_THROWS(invalid_argument, ("'series'", "needs a count"), series.append(Strided{at(0, 0), {0, pitch, 1}}));
    CHECK_THROWS(invalid_argument, ("'series'", "needs a count"), series.append(Strided{at(0, 0), {1}}));
    CHECK_THROWS(invalid_argument, ("'a'", "needs a count"), a.append(Strided{at(0, 0), {pitch, 1}}));
    double *nowhere = nullptr;
    CHECK_THROWS(invalid_argument, ("NULL"), a.write(Strided{nowhere, {pitch, 1}}));
}

TEST(mdspans) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {2, 3});
    Doubles memory(12, -1);
    const Span2 rows(memory.data(), {2, 3}, {6, 2});
    a.read_into(rows);
    CHECK_EQUAL(memory, (Doubles{0, -1, 1, -1, 2, -1, 3, -1, 4, -1, 5, -1}));
    Doubles columns(6);
    a.read_into(Span2(columns.data(), {2, 3}, {1, 2})); // column-major
    CHECK_EQUAL(columns, (Doubles{0, 3, 1, 4, 2, 5}));
    a.write(Span2(columns.data(), {2, 3}, {3, 1}));
    CHECK_EQUAL(a.read<double>(), columns);
    a.write(stand_in::mdspan<const double, 2>(memory.data(), {1, 2}, {0, 2}), {{1, 1}, {1, 2}});
    CHECK_EQUAL(a.read<double>({{1, 0}, {}}), (Doubles{4, 0, 1}));
    CHECK_THROWS(invalid_argument, ("[3, 2]", "[2, 3]"), a.write(Span2(columns.data(), {3, 2}, {2, 1})));
    CHECK_THROWS(invalid_argument, ("[6]"), a.write(stand_in::mdspan<double, 1>(columns.data(), {6}, {1})));
    atlas::Array scalar = fixture.array("scalar", {});
    scalar.write(stand_in::mdspan<double, 0>(&memory[2], {}, {}));
    CHECK_EQUAL(scalar.read<double>(), Doubles{1});
}

#ifdef __cpp_lib_mdspan
TEST(mdspans_of_the_standard_library) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {2, 3});
    Doubles memory(6);
    std::mdspan rows(memory.data(), 2, 3);
    a.read_into(rows);
    CHECK_EQUAL(memory, (Doubles{0, 1, 2, 3, 4, 5}));
    std::mdspan<double, std::dextents<int, 2>, std::layout_left> columns(memory.data(), 2, 3);
    a.read_into(columns);
    CHECK_EQUAL(memory, (Doubles{0, 3, 1, 4, 2, 5}));
    a.write(std::mdspan<const double, std::extents<int, 2, 3>>(memory.data()));
    CHECK_EQUAL(a.read<double>(), memory);
    a.write(std::mdspan<double, std::dextents<std::size_t, 2>, std::layout_stride>(
                memory.data(), {std::dextents<std::size_t, 2>(1, 3), std::array<std::size_t, 2>{1, 2}}),
            {{1, 0}, {1, 3}});
    CHECK_EQUAL(a.read<double>({{1, 0}, {}}), (Doubles{0, 1, 2}));
    atlas::Array series = fixture.dataset.define_array<double>("series", {}, {0, 2, 3});
    series.append(columns);
    CHECK_EQUAL(series.read<double>(), (Doubles{0, 1, 2, 3, 4, 5}));
    CHECK_THROWS(invalid_argument, ("[3, 2]"), a.write(std::mdspan(memory.data(), 3, 2)));
}
#endif

#ifdef __cpp_lib_span
TEST(spans) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {4});
    Doubles memory = {9, 8, 7, 6, 5, 4};
    a.write(std::span(memory).subspan(1, 4));
    CHECK_EQUAL(a.read<double>(), (Doubles{8, 7, 6, 5}));
    a.write(std::span<const double, 4>(memory.data(), 4));
    a.read_into(std::span(memory).last(4));
    CHECK_EQUAL(memory, (Doubles{9, 8, 9, 8, 7, 6}));
    static_assert(!atlas::is_target<std::span<const double>>);
    CHECK_THROWS(invalid_argument, ("6 values"), a.write(std::span(memory)));
}
#endif

#ifdef __cpp_lib_ranges
TEST(contiguous_views) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {3});
    Doubles memory = {9, 8, 7, 6, 5, 4};
    a.write(memory | std::views::drop(1) | std::views::take(3));
    CHECK_EQUAL(a.read<double>(), (Doubles{8, 7, 6}));
    a.write(memory | std::views::drop_while([](double value) { return value > 6; }));
    CHECK_EQUAL(a.read<double>(), (Doubles{6, 5, 4}));
    a.write(std::ranges::subrange(memory.begin(), memory.begin() + 3));
    a.read_into(memory | std::views::drop(3));
    CHECK_EQUAL(memory, (Doubles{9, 8, 7, 9, 8, 7}));
    static_assert(!atlas::is_source<decltype(memory | std::views::reverse)>);
    static_assert(!atlas::is_source<decltype(std::views::iota(1, 4))>);
    atlas::Array text = fixture.dataset.define_array<std::string>("text", {}, {3});
    text.write(memory | std::views::take(3) | std::views::transform([](double v) { return std::to_string(int(v)); }));
    CHECK_EQUAL(text.read<std::string>(), (std::vector<std::string>{"9", "8", "7"}));
}
#endif

// ---- appending ----

TEST(appending_rows) {
    Fixture fixture;
    atlas::Array a = fixture.dataset.define_array<double>("a", {"time", "y", "x"}, {0, 2, 3});
    Doubles want;
    const auto added = [&](const Doubles &more) {
        want.insert(want.end(), more.begin(), more.end());
        CHECK_EQUAL(a.read<double>(), want);
        CHECK_EQUAL(a.shape(), (Shape{want.size() / 6, 2, 3}));
    };
    const Doubles one = {1, 2, 3, 4, 5, 6};
    a.append(one); // flat: as many rows as it fills
    added(one);
    a.append(Doubles(12, 7.0));
    added(Doubles(12, 7.0));
    a.append({6.0, 5.0, 4.0, 3.0, 2.0, 1.0});
    added({6, 5, 4, 3, 2, 1});
    const double field[2][3] = {{1, 2, 3}, {4, 5, 6}}; // one dimension less: one row
    a.append(field);
    added(one);
    const double block[2][2][3] = {{{1, 2, 3}, {4, 5, 6}}, {{6, 5, 4}, {3, 2, 1}}};
    a.append(block);
    added({1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1});
    Doubles memory = one;
    a.append(Span2(memory.data(), {2, 3}, {1, 2})); // column-major
    added({1, 3, 5, 2, 4, 6});
    a.append(stand_in::mdspan<double, 3>(memory.data(), {1, 2, 3}, {0, 3, 1}));
    added(one);
    a.append(Strided{memory.data(), {0, -3, 1}}, {0, 2, 3}); // no rows
    added({});
    a.append(Strided{&memory[3], {0, -3, 1}}, {2, 2, 3});
    added({4, 5, 6, 1, 2, 3, 4, 5, 6, 1, 2, 3});
    a.append(Doubles{});
    a.append(one, {1, 2, 3});
    added(one);

    CHECK_THROWS(invalid_argument, ("'a'", "'d'", "5 values", "[1, 2, 3]"), a.append(Doubles(5)));
    CHECK_THROWS(invalid_argument, ("6 values", "[2, 2, 3]"), a.append(one, {2, 2, 3}));
    CHECK_THROWS(invalid_argument, ("'a'", "[3, 2]", "[1, 2, 3]"), a.append(Span2(memory.data(), {3, 2}, {2, 1})));
    CHECK_THROWS(invalid_argument, ("'a'"), a.append(one, {6}));
    CHECK_EQUAL(a.read<double>(), want);

    atlas::Array time = fixture.dataset.define_array<double>("time", {"time"}, {0});
    time.append(0.5);
    time.append(1);
    CHECK_EQUAL(time.read<double>(), (Doubles{0.5, 1}));
    atlas::Array empty = fixture.dataset.define_array<double>("empty", {}, {0, 0});
    CHECK_THROWS(invalid_argument, ("rows"), empty.append(Doubles{}));
    empty.append(Doubles{}, {4, 0});
    CHECK_EQUAL(empty.shape(), (Shape{4, 0}));
}

// ---- at random, against a plain array ----

TEST(random_regions_and_strides) {
    Fixture fixture;
    for (int round = 0; round < check::scaled(60, 6); round++) {
        const std::size_t rank = static_cast<std::size_t>(check::random(1, 4));
        Shape shape, chunk;
        for (std::size_t d = 0; d < rank; d++) {
            shape.push_back(check::random(1, 6));
            chunk.push_back(check::random(1, 4));
        }
        const auto index = [&](const std::vector<std::uint64_t> &cell) {
            std::uint64_t at = 0;
            for (std::size_t d = 0; d < rank; d++) at = at * shape[d] + cell[d];
            return static_cast<std::size_t>(at);
        };
        atlas::ArrayOptions<float> options;
        options.chunk_shape = chunk;
        options.fill_value = -1.0f;
        atlas::Array array = fixture.dataset.define_array<float>("r" + std::to_string(round), {}, shape, options);
        CHECK_EQUAL(array.info().chunk_shape, chunk);
        std::vector<float> model(static_cast<std::size_t>(atlas::volume(shape)), -1.0f);

        for (int step = 0; step < 10; step++) {
            Region region;
            for (std::size_t d = 0; d < rank; d++) {
                const int extent = static_cast<int>(shape[d]), start = check::random(0, extent);
                region.start.push_back(start);
                region.count.push_back(check::random(0, extent - start));
            }
            // memory in which the dimensions lie in random order and direction, with gaps
            std::vector<std::size_t> order(rank);
            std::iota(order.begin(), order.end(), std::size_t{0});
            std::shuffle(order.begin(), order.end(), check::random());
            std::vector<std::int64_t> strides(rank);
            std::int64_t size = 1, first = 0;
            for (const std::size_t d : order) {
                size *= check::random(1, 2);
                strides[d] = size;
                size *= static_cast<std::int64_t>(region.count[d]);
            }
            if (size == 0) size = 1;
            for (std::size_t d = 0; d < rank; d++) {
                if (check::random(0, 1) == 0 || region.count[d] == 0) continue;
                first += strides[d] * static_cast<std::int64_t>(region.count[d] - 1);
                strides[d] = -strides[d];
            }
            std::vector<double> memory(static_cast<std::size_t>(size), -9);
            std::vector<bool> used(memory.size());
            std::vector<std::pair<std::size_t, std::size_t>> pairs; // in the model, in memory
            std::vector<std::uint64_t> cell(rank);
            const std::uint64_t cells = atlas::volume(region.count);
            for (std::uint64_t k = 0; k < cells; k++) {
                std::uint64_t rest = k;
                std::int64_t at = first;
                for (std::size_t d = rank; d-- > 0;) {
                    const std::uint64_t i = rest % region.count[d];
                    rest /= region.count[d];
                    cell[d] = region.start[d] + i;
                    at += strides[d] * static_cast<std::int64_t>(i);
                }
                pairs.emplace_back(index(cell), static_cast<std::size_t>(at));
                used[pairs.back().second] = true;
            }
            double *const data = memory.data() + (cells ? first : 0);
            if (check::random(0, 1) == 0) {
                for (double &value : memory) value = check::random(-100, 100);
                array.write(Strided{data, Strides(strides)}, region);
                for (const auto &[to, from] : pairs) model[to] = static_cast<float>(memory[from]);
            } else {
                array.read_into(Strided{data, Strides(strides)}, region);
                for (const auto &[from, to] : pairs) CHECK_EQUAL(memory[to], static_cast<double>(model[from]));
                for (std::size_t i = 0; i < memory.size(); i++) CHECK(used[i] || memory[i] == -9);
            }
            if (check::random(0, 9) == 0) fixture.store.flush();
        }
        CHECK_EQUAL(array.read<float>(), model);
    }
}

// ---- a form for what C cannot know: the size of the memory ----

TEST(nothing_is_written_past_the_callers_memory) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {100});
    Doubles small(10, 5);
    CHECK_THROWS(invalid_argument, ("10 values", "[100]"), a.read_into(small));
    CHECK_THROWS(invalid_argument, ("10 values", "[90]"), a.read_into(small, {{10}, {}}));
    CHECK_EQUAL(small, Doubles(10, 5));
    a.read_into(small, {{90}, {}});
    CHECK_EQUAL(small[9], 99.0);
}

int main() { return check::run(); }
