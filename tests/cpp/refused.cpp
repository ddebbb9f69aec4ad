// What must not compile. Each case is compiled by itself, with CASE defined to its number, and must fail with the text
// in its comment. CASE 0 must compile.
#include <atlas.hpp>

#include <list>
#include <string>
#include <vector>

// Each text is on the line of its case.
// clang-format off

void refused(atlas::Store &store, const atlas::Array &array) {
    const std::vector<double> constant(3);
    std::vector<std::string> texts;
    std::vector<std::vector<double>> rows;
    (void)store, (void)array, (void)constant, (void)texts, (void)rows;
#if CASE == 1 // atlas: write and append take an element, a contiguous range of elements
    array.write(std::list<double>{1, 2});
#elif CASE == 2 // atlas: write and append take an element, a contiguous range of elements
    array.write(std::vector<long double>{1, 2});
#elif CASE == 3 // refused::ByWrite<std::__cxx11::list<double> >
    array.write(std::list<double>{1, 2});
#elif CASE == 4 // atlas: char is text, not a number: for bytes use std::byte
    array.append(std::vector<char>{'a'});
#elif CASE == 5 // atlas: read_into needs memory that is not const
    array.read_into(constant);
#elif CASE == 6 // atlas: read_into takes an element, a contiguous range of elements, a range of those, Strided, an mdspan
    array.read_into(texts);
#elif CASE == 7 // atlas: read_into needs memory that is not const
    array.read_into(atlas::Strided{constant.data(), {1}});
#elif CASE == 8 // refused::AsElement<char>
    (void)array.read<char>();
#elif CASE == 9 // atlas: an attribute is an element, text, a contiguous range of elements, or a range of text
    array.attributes().set("key", 1.0L);
#elif CASE == 10 // atlas: get gives an element, std::string, or a std::vector of either
    (void)array.attributes().get<const char *>("key");
#elif CASE == 11 // refused::AsElement<long double>
    store["d"].define_array<long double>("x", {}, {1});
#elif CASE == 12 // refused::AsElement<std::__cxx11::basic_string<char> >
    (void)store.read_across<std::string>("x", {"d"});
#elif CASE == 13 // atlas: read_across_into takes a contiguous range of elements that are not const
    store.read_across_into(constant, "x", {"d"});
#elif CASE == 14 // atlas: statistics are of real numbers, bool or Timestamp
    (void)array.stats<std::complex<double>>();
#elif CASE == 15 // deleted
    atlas::Store copy = store;
#elif CASE == 16 // nodiscard
    atlas::open("path");
#elif CASE == 17 // atlas: an array has at most 32 dimensions
    (void)array.chunk_stats(
        {1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3});
#elif CASE == 18 // nodiscard
    store.verify();
#elif CASE == 19 // deleted
    (void)store[nullptr];
#elif CASE == 20 // ambiguous
    (void)store[0];
#elif CASE == 21 // atlas: an element is bool, an integer, an enum, Float16, float, double, std::complex
    (void)array.read<long double>();
#elif CASE == 22 // refused::ByReadInto<const std::vector<std::vector<double> > >
    array.read_into(static_cast<const std::vector<std::vector<double>> &>(rows));
#elif CASE == 23 // refused::ByWrite<std::vector<std::vector<long double> > >
    array.write(std::vector<std::vector<long double>>(2));
#elif CASE == 24 // atlas: char is text, not a number: for bytes use std::byte
    array.write(std::vector<std::vector<char>>(2));
#elif CASE == 25 // refused::AsAttribute<std::vector<std::vector<double> > >
    array.attributes().set("key", rows);
#elif CASE == 26 // atlas: times are a contiguous range of integers, float, double or Timestamp
    (void)atlas::decode_time(std::list<double>{1, 2}, "days since 2000-01-01");
#elif CASE != 0
#error "there is no such case"
#endif
}
