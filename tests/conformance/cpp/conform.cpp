// conform write|check TABLE FOLDER: the conformance program in C++. ../README.md says what it does.
#include <atlas.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using atlas::Shape;
using Integer = std::uint64_t;

namespace {

Integer compared = 0;

[[noreturn]] void fail(const std::string &text) { throw std::runtime_error(text); }

void expect(bool holds, const std::string &text) {
    if (!holds) fail(text);
}

// ---- value(DTYPE, SEED, k) ----

std::uint32_t hash(Integer seed, Integer k) {
    Integer h = (seed * 1000003 + k * 2654435761u + 12345) % 4294967296u;
    h = ((h ^ (h >> 15)) * 40503) % 4294967296u;
    return static_cast<std::uint32_t>(h ^ (h >> 13));
}

// The binary16 of eighths / 8, for -1024 <= eighths <= 1024: every such number has one.
atlas::Float16 half_of_eighths(int eighths) {
    if (eighths == 0) return {0};
    const auto magnitude = static_cast<unsigned>(std::abs(eighths));
    const auto exponent = static_cast<unsigned>(std::bit_width(magnitude)) - 1;
    const unsigned sign = eighths < 0 ? 0x8000 : 0;
    return {static_cast<std::uint16_t>(sign | (exponent - 3 + 15) << 10 | ((magnitude << (10 - exponent)) & 0x3ff))};
}

// The integer with so many bits of a mantissa; with 0 all.
std::int64_t rounded(std::int64_t m, int bits) {
    const Integer magnitude = static_cast<Integer>(std::abs(m));
    const int drop = static_cast<int>(std::bit_width(magnitude)) - bits - 1;
    if (bits == 0 || drop <= 0) return m;
    const Integer rest = magnitude & ((Integer{1} << drop) - 1), half = Integer{1} << (drop - 1);
    Integer kept = magnitude >> drop;
    if (rest > half || (rest == half && kept % 2 == 1)) kept++;
    const auto result = static_cast<std::int64_t>(kept << drop);
    return m < 0 ? -result : result;
}

template <class T> T real(Integer seed, Integer k, int bits) {
    const std::uint32_t h = hash(seed, k), special = (h >> 24) % 16 - 5;
    if constexpr (std::is_same_v<T, atlas::Float16>) {
        constexpr std::uint16_t specials[] = {0x7e00, 0x7c00, 0xfc00, 0x8000};
        return special < 4 ? T{specials[special]} : half_of_eighths(static_cast<int>(rounded(static_cast<int>(h % 2048) - 1024, bits)));
    } else {
        using Limits = std::numeric_limits<T>;
        constexpr T specials[] = {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), T{-0.0}};
        if (special < 4) return specials[special];
        if constexpr (std::is_same_v<T, float>) 
            return static_cast<T>(rounded(static_cast<int>(h % 16777216) - 8388608, bits)) / 64;
        return static_cast<T>(rounded(std::int64_t{h} - 2147483648, bits)) / 1024;
    }
}

// With so many bits kept of floats; with 0 all.
template <class T> T value(Integer seed, Integer k, int bits = 0) {
    const std::uint32_t h = hash(seed, k);
    const Integer wide = Integer{hash(seed, 2 * k)} << 32 | hash(seed, 2 * k + 1);
    if constexpr (std::is_same_v<T, bool>) {
        return h % 2 == 1;
    } else if constexpr (std::is_integral_v<T>) {
        return static_cast<T>(sizeof(T) == 8 ? wide : h);
    } else if constexpr (std::is_same_v<T, atlas::Timestamp>) {
        return T(static_cast<std::int64_t>(wide));
    } else if constexpr (std::is_same_v<T, std::string>) {
        constexpr const char *words[] = {
            "", "x", "sea ice", "São Paulo", "温度", "0123456789abcdefghijklmnopqrstuvwxyz", "a,b;\"c\"\\d"};
        return words[h % 7] + ((h >> 8) % 3 == 0 ? std::to_string(k) : "");
    } else if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>) {
        using Part = typename T::value_type;
        return T(real<Part>(seed, 2 * k, bits), real<Part>(seed, 2 * k + 1, bits));
    } else {
        return real<T>(seed, k, bits);
    }
}

// The values of `count` elements from `first` on.
template <class T> std::vector<T> values(Integer seed, Integer first, Integer count) {
    std::vector<T> made;
    for (Integer k = first; k < first + count; k++) made.push_back(value<T>(seed, k));
    return made;
}

template <class T> bool same(const T &a, const T &b) {
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
        return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof a) == 0;
    } else if constexpr (std::is_same_v<T, atlas::Float16>) {
        return a == b || ((a.bits & 0x7fff) > 0x7c00 && (b.bits & 0x7fff) > 0x7c00);
    } else if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>) {
        return same(a.real(), b.real()) && same(a.imag(), b.imag());
    } else {
        return a == b;
    }
}

template <class T> std::string show(const T &element) {
    if constexpr (std::is_same_v<T, std::string>) {
        return "'" + element + "'";
    } else { // its bytes, the most significant one first
        unsigned char bytes[sizeof element];
        std::memcpy(bytes, &element, sizeof element);
        std::string text = "0x";
        for (std::size_t i = sizeof element; i-- > 0;)
            for (const int digit : {bytes[i] >> 4, bytes[i] & 15}) text += "0123456789abcdef"[digit];
        return text;
    }
}

// ---- the table ----

// The fields of a line, in the order of README.md.
using Statement = std::vector<std::string>;

std::vector<std::string> split(const std::string &text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);)
        if (!part.empty()) parts.push_back(part);
    return parts;
}

Integer number(const std::string &text) { return std::stoull(text); }

// A list of numbers; none for '-' and 'scalar'.
Shape numbers(const std::string &text) {
    Shape list;
    if (text != "-" && text != "scalar")
        for (const std::string &part : split(text, ',')) list.push_back(number(part));
    return list;
}

atlas::DType dtype_named(const std::string &name) {
    for (int code = ATLAS_DTYPE_BOOL; code <= ATLAS_DTYPE_STRING; code++)
        if (name == atlas::name_of(atlas::DType{code})) return atlas::DType{code};
    fail("'" + name + "' is no dtype");
}

atlas::Codec codec_named(const std::string &name) {
    if (name == "zstd") return atlas::Codec::zstd;
    if (name == "lz4") return atlas::Codec::lz4;
    expect(name == "none", "'" + name + "' is no codec");
    return atlas::Codec::none;
}

struct ArraySpec {
    std::string dataset, name;
    atlas::DType dtype;
    Shape shape;
    std::vector<std::string> dims; // none for the library's own
    Shape chunks;                  // none for the library's choice
    Shape pieces;                  // none where the table does not say
    atlas::Codec codec;
    atlas::Filter filter;
    int bits; // that are kept of floats; 0 for all
    std::optional<Integer> fill;
    Integer seed;
    std::string how;
    Shape start, count;

    bool holds(Integer k) const { // whether the cell with this linear index is written
        if (how == "never") return false;
        if (how != "box") return true;
        for (std::size_t d = shape.size(); d-- > 0; k /= shape[d])
            if (k % shape[d] < start[d] || k % shape[d] - start[d] >= count[d]) return false;
        return true;
    }
};

struct AttributeSpec {
    std::string dataset, array, key;
    atlas::DType dtype;
    Integer count, seed;
};

struct StoreSpec {
    std::string name;
    atlas::CreateOptions options;
    bool compact;
    std::vector<std::string> datasets;
    std::vector<bool> gone; // of each dataset
    std::vector<ArraySpec> arrays;
    std::vector<AttributeSpec> attributes;
};

std::vector<StoreSpec> read_table(const std::string &path) {
    std::ifstream file(path);
    expect(file.good(), "cannot read " + path);
    std::vector<StoreSpec> stores;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        const Statement s = split(line, ' ');
        const auto is = [&](const char *kind, std::size_t fields) { return s[0] == kind && s.size() == fields; };
        if (is("store", 4)) {
            StoreSpec &store = stores.emplace_back();
            store.name = s[1];
            store.options.meta_format = s[2].starts_with("json") ? atlas::MetaFormat::json : atlas::MetaFormat::msgpack;
            store.options.meta_compression =
                s[2].ends_with(".zst") ? atlas::Compression::zstd : atlas::Compression::none;
            store.compact = s[3] == "compact";
            continue;
        }
        expect(!stores.empty(), "the table does not begin with a store");
        StoreSpec &store = stores.back();
        if (is("dataset", 2) || is("gone", 2)) {
            store.datasets.push_back(s[1]);
            store.gone.push_back(s[0] == "gone");
        } else if (is("array", 13)) {
            const auto dims = s[5] == "-" ? std::vector<std::string>() : split(s[5], ',');
            const auto fill = s[8] == "-" ? std::nullopt : std::optional(number(s[8]));
            const auto chunks = split(s[6], '/'), encoding = split(s[7], ',');
            auto filter = atlas::Filter::none;
            int bits = 0;
            for (std::size_t i = 1; i < encoding.size(); i++) {
                if (encoding[i] == "delta")
                    filter = atlas::Filter::delta;
                else if (encoding[i].starts_with("bits="))
                    bits = std::stoi(encoding[i].substr(5));
                else
                    fail("'" + encoding[i] + "' is no filter");
            }
            store.arrays.push_back({s[1], s[2], dtype_named(s[3]), numbers(s[4]), dims, numbers(chunks[0]),
                                    numbers(chunks.size() > 1 ? chunks[1] : "-"), codec_named(encoding[0]), filter,
                                    bits, fill, number(s[9]), s[10], numbers(s[11]), numbers(s[12])});
        } else if (is("attribute", 7)) {
            store.attributes.push_back({s[1], s[2], s[3], dtype_named(s[4]), number(s[5]), number(s[6])});
        } else {
            fail("no statement: " + line);
        }
    }
    return stores;
}

atlas::Attributes attributes_of(const atlas::Dataset &dataset, const std::string &array) {
    return array == "-" ? dataset.attributes() : dataset[array].attributes();
}

// ---- writing ----

// One index of dimension 0 at a time, the last first.
template <class T> void write_rows(const atlas::Array &array, const ArraySpec &spec) {
    const Integer rows = spec.shape[0], cells = volume(spec.shape) / rows;
    Shape start(std::vector<int>(spec.shape.size())), count = spec.shape;
    count[0] = 1;
    for (start[0] = rows; start[0]-- > 0;) array.write(values<T>(spec.seed, start[0] * cells, cells), {start, count});
}

template <class T> void append_rows(const atlas::Array &array, const ArraySpec &spec) {
    const Integer rows = spec.shape[0], cells = volume(spec.shape) / rows, step = spec.count[0];
    for (Integer row = 0; row < rows; row += step)
        array.append(values<T>(spec.seed, row * cells, std::min(step, rows - row) * cells));
}

template <class T> void write_box(const atlas::Array &array, const ArraySpec &spec) {
    std::vector<T> box;
    for (Integer k = 0; k < volume(spec.shape); k++)
        if (spec.holds(k)) box.push_back(value<T>(spec.seed, k));
    array.write(box, {spec.start, spec.count});
}

// Out of memory with one cell of halo at both ends of every dimension, which must not get into the store.
template <class T> void write_strided(const atlas::Array &array, const ArraySpec &spec) {
    const std::size_t rank = spec.shape.size();
    std::vector<std::int64_t> strides(rank);
    std::int64_t cells = 1, first = 0;
    for (std::size_t d = rank; d-- > 0; cells *= static_cast<std::int64_t>(spec.shape[d] + 2))
        first += strides[d] = cells;
    const auto memory = std::make_unique<T[]>(static_cast<std::size_t>(cells));
    for (std::int64_t i = 0; i < cells; i++) memory[i] = value<T>(spec.seed + 7, static_cast<Integer>(i));
    T *const inside = &memory[first];
    for (Integer k = 0; k < volume(spec.shape); k++) {
        Integer rest = k;
        std::int64_t at = 0;
        for (std::size_t d = rank; d-- > 0; rest /= spec.shape[d])
            at += static_cast<std::int64_t>(rest % spec.shape[d]) * strides[d];
        inside[at] = value<T>(spec.seed, k);
    }
    array.write(atlas::Strided{inside, strides});
}

template <class T> void write_array(const atlas::Dataset &dataset, const ArraySpec &spec) {
    atlas::ArrayOptions<T> options;
    options.chunk_shape = spec.chunks;
    options.codec = spec.codec;
    options.filter = spec.filter;
    options.keep_bits = spec.bits;
    if (spec.fill) options.fill_value = value<T>(*spec.fill, 0);
    Shape shape = spec.shape;
    if (spec.how == "append") shape[0] = 0;
    const atlas::Array array = dataset.define_array<T>(spec.name, spec.dims, shape, options);
    if (spec.how == "whole" || spec.how == "gone")
        array.write(values<T>(spec.seed, 0, volume(shape)));
    else if (spec.how == "twice")
        array.write(values<T>(spec.seed + 1, 0, volume(shape)));
    else if (spec.how == "rows")
        write_rows<T>(array, spec);
    else if (spec.how == "append")
        append_rows<T>(array, spec);
    else if (spec.how == "box")
        write_box<T>(array, spec);
    else if constexpr (atlas::is_element<T>) {
        if (spec.how == "strided") return write_strided<T>(array, spec);
        expect(spec.how == "never", "no way to write: " + spec.how);
    } else
        expect(spec.how == "never", "no way to write text: " + spec.how);
}

void write_store(const StoreSpec &spec, const std::string &path) {
    atlas::create(path, spec.options, [&](atlas::Store &store) {
        for (std::size_t i = 0; i < spec.datasets.size(); i++) {
            const atlas::Dataset dataset = store.create_dataset(spec.datasets[i]);
            if (spec.gone[i]) dataset.define_array<std::int32_t>("v", {}, {10}).write(values<std::int32_t>(1, 0, 10));
        }
        for (const ArraySpec &array : spec.arrays)
            atlas::with_type(array.dtype, [&](auto type) {
                write_array<typename decltype(type)::type>(store[array.dataset], array);
            });
        for (const AttributeSpec &attribute : spec.attributes)
            atlas::with_type(attribute.dtype, [&](auto type) {
                using T = typename decltype(type)::type;
                const atlas::Attributes attributes = attributes_of(store[attribute.dataset], attribute.array);
                if (attribute.count == 1)
                    attributes.set(attribute.key, value<T>(attribute.seed, 0));
                else
                    attributes.set(attribute.key, values<T>(attribute.seed, 0, attribute.count));
            });
        store.flush();
        for (std::size_t i = 0; i < spec.datasets.size(); i++)
            if (spec.gone[i]) store.delete_dataset(spec.datasets[i]);
        for (const ArraySpec &array : spec.arrays) {
            if (array.how == "gone") store[array.dataset].delete_array(array.name);
            if (array.how != "twice") continue;
            atlas::with_type(array.dtype, [&](auto type) {
                using T = typename decltype(type)::type;
                store[array.dataset][array.name].write(values<T>(array.seed, 0, volume(array.shape)));
            });
        }
        store.flush();
        if (spec.compact) store.compact();
    });
}

// ---- checking ----

using Names = std::vector<std::string>;

void check_names(const std::string &where, const Names &found, const Names &expected) {
    expect(found.size() == expected.size(),
           where + ": " + std::to_string(found.size()) + " names, expected " + std::to_string(expected.size()));
    for (std::size_t i = 0; i < found.size(); i++)
        expect(found[i] == expected[i],
               where + ": name " + std::to_string(i) + " is '" + found[i] + "', expected '" + expected[i] + "'");
}

template <class T> void check_element(const std::string &where, std::size_t k, const T &found, const T &expected) {
    if (!same<T>(found, expected))
        fail(where + ": element " + std::to_string(k) + " is " + show<T>(found) + ", expected " + show<T>(expected));
}

// The keys that the table gives to an array, or with "-" to the dataset itself.
Names keys(const StoreSpec &spec, const std::string &dataset, const std::string &array) {
    Names keys;
    for (const AttributeSpec &attribute : spec.attributes)
        if (attribute.dataset == dataset && attribute.array == array) keys.push_back(attribute.key);
    return keys;
}

template <class T> void check_array(const atlas::Array &array, const ArraySpec &spec, const std::string &where) {
    const atlas::ArrayInfo info = array.info();
    expect(info.dtype == spec.dtype, where + ": dtype " + atlas::name_of(info.dtype));
    expect(info.shape == spec.shape, where + ": shape " + info.shape.to_string());
    expect(spec.chunks.empty() || info.chunk_shape == spec.chunks, where + ": chunks " + info.chunk_shape.to_string());
    expect(spec.pieces.empty() || info.piece_shape == spec.pieces, where + ": pieces " + info.piece_shape.to_string());
    expect(info.filter == spec.filter, where + ": filter " + std::to_string(static_cast<int>(info.filter)));
    expect(info.keep_bits == spec.bits, where + ": " + std::to_string(info.keep_bits) + " bits kept");
    expect(info.codec == spec.codec, where + ": codec " + std::to_string(static_cast<int>(info.codec)));
    Names dims = spec.dims;
    for (std::size_t d = dims.size(); d < spec.shape.size(); d++) dims.push_back("dim_" + std::to_string(d));
    check_names(where + ": dimensions", array.dims(), dims);

    const std::optional<T> fill = array.fill_value<T>();
    expect(fill.has_value() == spec.fill.has_value(), where + ": a fill value where there is none, or none");
    const T missing = spec.fill ? value<T>(*spec.fill, 0) : T{};
    if (fill) check_element<T>(where + ": fill value", 0, *fill, missing);

    const std::vector<T> found = array.read<T>();
    expect(found.size() == volume(spec.shape), where + ": " + std::to_string(found.size()) + " elements");
    for (std::size_t k = 0; k < found.size(); k++)
        check_element<T>(where, k, found[k], spec.holds(k) ? value<T>(spec.seed, k, spec.bits) : missing);
    compared += found.size();
}

template <class T>
void check_attribute(const atlas::Attributes &attributes, const AttributeSpec &spec, const std::string &where) {
    const atlas::AttributeInfo info = attributes.info(spec.key);
    expect(info.dtype == spec.dtype, where + ": dtype " + atlas::name_of(info.dtype));
    expect(info.count == spec.count, where + ": " + std::to_string(info.count) + " elements");
    const std::vector<T> found = attributes.get<std::vector<T>>(spec.key);
    expect(found.size() == spec.count, where + ": " + std::to_string(found.size()) + " elements given");
    for (std::size_t k = 0; k < found.size(); k++) check_element<T>(where, k, found[k], value<T>(spec.seed, k));
    if (spec.count == 1) check_element<T>(where + " as a scalar", 0, attributes.get<T>(spec.key), found[0]);
    compared += found.size();
}

void check_store(const StoreSpec &spec, const std::string &path) {
    const atlas::Store store = atlas::open(path);
    Names datasets;
    for (std::size_t i = 0; i < spec.datasets.size(); i++)
        if (!spec.gone[i]) datasets.push_back(spec.datasets[i]);
    check_names(spec.name + ": datasets", store.dataset_names(), datasets);
    for (const atlas::Dataset &dataset : store.datasets()) {
        const std::string where = spec.name + ": dataset '" + dataset.name() + "'";
        Names arrays;
        for (const ArraySpec &array : spec.arrays)
            if (array.dataset == dataset.name() && array.how != "gone") arrays.push_back(array.name);
        check_names(where + ": arrays", dataset.array_names(), arrays);
        check_names(where + ": attributes", dataset.attributes().names(), keys(spec, dataset.name(), "-"));
    }
    for (const ArraySpec &array : spec.arrays) {
        if (array.how == "gone") continue;
        const std::string where = spec.name + ": dataset '" + array.dataset + "': array '" + array.name + "'";
        const atlas::Array stored = store[array.dataset][array.name];
        atlas::with_type(array.dtype,
                         [&](auto type) { check_array<typename decltype(type)::type>(stored, array, where); });
        check_names(where + ": attributes", stored.attributes().names(), keys(spec, array.dataset, array.name));
    }
    for (const AttributeSpec &attribute : spec.attributes)
        atlas::with_type(attribute.dtype, [&](auto type) {
            check_attribute<typename decltype(type)::type>(attributes_of(store[attribute.dataset], attribute.array),
                                                           attribute,
                                                           spec.name + ": dataset '" + attribute.dataset + "': array " +
                                                               attribute.array + ": attribute '" + attribute.key + "'");
        });
}

} // namespace

int main(int argc, char **argv) try {
    const std::string what = argc == 4 ? argv[1] : "";
    expect(what == "write" || what == "check", "usage: conform write|check TABLE FOLDER");
    for (const StoreSpec &store : read_table(argv[2])) {
        const std::string path = std::string(argv[3]) + "/" + store.name + ".atlas";
        if (what == "write")
            write_store(store, path);
        else
            check_store(store, path);
    }
    if (what == "check") std::printf("compared %llu values\n", static_cast<unsigned long long>(compared));
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
