// Stores, datasets, arrays: lifecycle, the block form, views, options, callbacks, statistics, reading across datasets.
#include "check.hpp"

#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <fstream>
#include <list>
#include <memory>
#include <thread>

#include <sys/wait.h>

using atlas::Mode;
using atlas::Region;
using atlas::Shape;
using Doubles = std::vector<double>;
using Names = std::vector<std::string>;

static_assert(!std::is_copy_constructible_v<atlas::Store> && !std::is_copy_assignable_v<atlas::Store>);
static_assert(std::is_nothrow_move_constructible_v<atlas::Store> && std::is_nothrow_move_assignable_v<atlas::Store>);
static_assert(std::is_copy_constructible_v<atlas::Dataset> && std::is_copy_assignable_v<atlas::Dataset>);
static_assert(std::is_copy_constructible_v<atlas::Array> && std::is_copy_assignable_v<atlas::Array>);
static_assert(std::is_base_of_v<std::runtime_error, atlas::Error> &&
              std::is_nothrow_copy_constructible_v<atlas::Error>);

// ---- lifecycle ----

TEST(close_flushes_and_is_idempotent) {
    atlas::Store store = atlas::create(path_of("store"));
    CHECK(store.is_open() && store.handle() != 0);
    store.create_dataset("d");
    CHECK(store.info().unflushed_changes);
    store.close();
    CHECK(!store.is_open() && store.handle() == 0);
    store.close();
    store.discard();
    CHECK(atlas::open(path_of("store")).has_dataset("d"));
}

TEST(the_destructor_discards) {
    {
        atlas::Store store = atlas::create(path_of("store"));
        store.create_dataset("flushed");
        store.flush();
        store.create_dataset("lost");
    }
    CHECK_EQUAL(atlas::open(path_of("store")).dataset_names(), Names{"flushed"});
    atlas::Store store = atlas::open(path_of("store"), Mode::read_write); // the lock was released
    store.create_dataset("lost");
    store.discard();
    CHECK(!store.is_open());
    CHECK_EQUAL(atlas::open(path_of("store")).dataset_names(), Names{"flushed"});
}

namespace {
// What `call` writes to standard error.
template <class F> std::string said_by(const F &call) {
    std::fflush(stderr);
    const int before = dup(2);
    std::FILE *const file = std::tmpfile();
    CHECK(before >= 0 && file && dup2(fileno(file), 2) == 2);
    call();
    std::fflush(stderr);
    CHECK(dup2(before, 2) == 2 && close(before) == 0);
    std::rewind(file);
    std::string said(4096, '\0');
    said.resize(std::fread(said.data(), 1, said.size(), file));
    std::fclose(file);
    return said;
}
} // namespace

TEST(a_destructor_says_what_it_loses) {
    const std::string line = "atlas: store " + path_of("store").string() +
                             ": the changes since the last flush are discarded: it was not closed\n";
    CHECK_EQUAL(said_by([] { (void)atlas::create(path_of("store")); }), "");
    const auto change = [] {
        atlas::Store store = atlas::open(path_of("store"), Mode::read_write);
        store.create_dataset("lost");
        return store;
    };
    CHECK_EQUAL(said_by([&] { atlas::Store store = change(); }), line);
    CHECK_EQUAL(said_by([&] {
                    atlas::Store store = change();
                    store = atlas::Store();
                }),
                line);
    // what was asked for by name, what nothing is lost by, and what an exception tells
    CHECK_EQUAL(said_by([&] { change().discard(); }), "");
    CHECK_EQUAL(said_by([&] {
                    atlas::Store store = change();
                    store.flush();
                    store.delete_dataset("lost");
                    store.close();
                }),
                "");
    CHECK_EQUAL(said_by([] { (void)atlas::open(path_of("store")).dataset_count(); }), "");
    CHECK_EQUAL(said_by([&] {
                    try {
                        atlas::Store store = change();
                        throw 1;
                    } catch (int) {
                    }
                }),
                "");
    // a log has it instead
    std::string logged;
    atlas::OpenOptions options;
    options.log = [&](atlas::LogLevel level, std::string_view message) {
        CHECK(level == atlas::LogLevel::warning);
        logged.append(message);
    };
    CHECK_EQUAL(said_by([&] { atlas::open(path_of("store"), Mode::read_write, options).create_dataset("lost"); }), "");
    CHECK_EQUAL("atlas: " + logged + "\n", line);
}

TEST(discarding_leaves_the_error_text_alone) {
    try {
        atlas::Store store = atlas::create(path_of("store"));
        (void)store["nowhere"].array_count();
        CHECK(false);
    } catch (const atlas::Error &error) {
        CHECK(std::string(error.text()).find("'nowhere'") != std::string::npos);
        CHECK(std::string(atlas_last_error()) == error.text());
    }
}

TEST(stores_move) {
    atlas::Store a = atlas::create(path_of("a"));
    atlas::Dataset view = a.create_dataset("d");
    const atlas_store number = a.handle();
    atlas::Store b = std::move(a);
    CHECK(!a.is_open() && b.is_open() && b.handle() == number); // NOLINT: a moved-from store is a closed one
    CHECK_EQUAL(view.array_count(), 0u);                        // the view does not mind

    atlas::Store c = atlas::create(path_of("c"));
    c.create_dataset("lost");
    c = std::move(b);                            // discards
    CHECK(!b.is_open() && c.handle() == number); // NOLINT: likewise
    CHECK_EQUAL(atlas::open(path_of("c"), Mode::read_write).dataset_count(), 0u);
    atlas::Store &same = c;
    c = std::move(same);
    CHECK(c.is_open());
    std::vector<atlas::Store> stores;
    stores.push_back(std::move(c));
    stores.emplace_back();
    CHECK(stores[0]["d"].arrays().empty() && !stores[1].is_open());
}

TEST(views_of_a_closed_store) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Array array = store.create_dataset("d").define_array<double>("a", {}, {2});
    const atlas::Dataset dataset = store["d"];
    const atlas::Attributes attributes = array.attributes();
    store.close();
    CHECK_THROWS(invalid_handle, (), (void)array.read<double>());
    CHECK_THROWS(invalid_handle, (), array.write({1.0, 2.0}));
    CHECK_THROWS(invalid_handle, (), array.append({1.0, 2.0}));
    CHECK_THROWS(invalid_handle, (), (void)dataset.array_names());
    CHECK_THROWS(invalid_handle, (), attributes.set("k", 1));
    CHECK_THROWS(invalid_handle, (), store.flush());
    CHECK_THROWS(invalid_handle, (), store.compact());
    CHECK_THROWS(invalid_handle, (), store.refresh());
    CHECK_THROWS(invalid_handle, (), (void)store.generations());
    CHECK_THROWS(invalid_handle, (), store.set_keep_generations(1));
    CHECK_THROWS(invalid_handle, (), store.pin("p"));
    CHECK_THROWS(invalid_handle, (), store.unpin("p"));
    CHECK_THROWS(invalid_handle, (), (void)store.pins());
    CHECK_THROWS(invalid_handle, (), store.rollback(1));
    CHECK_THROWS(invalid_handle, (), (void)store.verify());
    CHECK_THROWS(invalid_handle, (), (void)store.info());
    CHECK_THROWS(invalid_handle, (), (void)atlas::Store().dataset_names());
    CHECK_THROWS(invalid_handle, (), (void)store["d"].has_array("a"));
    // another store does not answer for it
    atlas::Store other = atlas::create(path_of("other"));
    other.create_dataset("d").define_array<double>("a", {}, {2});
    CHECK_THROWS(invalid_handle, (), (void)array.read<double>());
}

TEST(what_goes_wrong_with_stores) {
    CHECK_THROWS(not_found, ("none"), (void)atlas::open(path_of("none")));
    CHECK_THROWS(not_found, (), (void)atlas::create(path_of("none") / "store"));
    CHECK_THROWS(invalid_argument, ("NUL"), (void)atlas::open(std::string("a\0b", 3)));
    const char *null = nullptr;
    CHECK_THROWS(invalid_argument, ("path"), (void)atlas::create(null));
    CHECK_THROWS(invalid_argument, (), (void)atlas::open(path_of("none"), Mode{77}));
    atlas::Store store = atlas::create(path_of("store").string());
    CHECK_THROWS(already_exists, ("store"), (void)atlas::create(path_of("store").c_str()));
    CHECK_THROWS(locked, (), (void)atlas::open(path_of("store"), Mode::read_write));
    atlas::Store reader = atlas::open(std::string_view(path_of("store").native()));
    CHECK(reader.info().mode == Mode::read && store.info().mode == Mode::read_write);
    CHECK_THROWS(read_only, (), reader.create_dataset("d"));
    CHECK_THROWS(read_only, (), reader.delete_dataset("d"));
    CHECK_THROWS(read_only, (), reader.flush());
    CHECK_THROWS(read_only, (), reader.compact());
    reader.close();
}

TEST(a_close_that_fails_loses_nothing) {
    const auto path = path_of("store");
    atlas::Store store = atlas::create(path);
    store.create_dataset("d").define_array<double>("a", {}, {1}).write(1.0);
    // a folder that is not empty, where the new root would be renamed to
    std::filesystem::rename(path / "atlas.json", path / "aside");
    std::filesystem::create_directory(path / "atlas.json");
    std::filesystem::create_directory(path / "atlas.json" / "in the way");
    bool failed = false;
    try {
        store.close();
    } catch (const atlas::Error &) {
        failed = true;
    }
    CHECK(failed && store.is_open());
    CHECK_EQUAL(store["d"]["a"].read<double>(), Doubles{1});
    std::filesystem::remove_all(path / "atlas.json");
    std::filesystem::rename(path / "aside", path / "atlas.json");
    store.close();
    CHECK(!store.is_open());
    CHECK_EQUAL(atlas::open(path)["d"]["a"].read<double>(), Doubles{1});
}

TEST(a_flush_goes_on_beside_the_calls) {
    atlas::Store store = atlas::create(path_of("store"));
    CHECK(store.flush_test());
    store.flush_wait(); // for none
    atlas::Array array = store.create_dataset("d").define_array<double>("a", {}, {1000});
    array.write(Doubles(1000, 1.5));
    store.flush_begin();
    array.write(Doubles(1000, 2.5)); // belongs to the next flush
    store.flush_wait();
    CHECK(store.flush_test());
    CHECK_EQUAL(atlas::open(path_of("store"))["d"]["a"].read<double>(), Doubles(1000, 1.5));
    CHECK(store.info().unflushed_changes);
    store.flush_begin();
    store.close(); // waits
    atlas::Store reader = atlas::open(path_of("store"));
    CHECK_EQUAL(reader["d"]["a"].read<double>(), Doubles(1000, 2.5));
    CHECK_THROWS(read_only, (), reader.flush_begin());
    CHECK_THROWS(read_only, (), (void)reader.flush_test());
    CHECK_THROWS(invalid_handle, (), store.flush_wait());
}

// ---- the block form ----

TEST(the_block_form_closes) {
    atlas::create(path_of("store"), [](atlas::Store &store) { store.create_dataset("d"); });
    atlas::open(path_of("store"), Mode::read_write, [](atlas::Store &store) { store.create_dataset("e"); });
    atlas::open(path_of("store"), Mode::read_write, {}, [](atlas::Store &store) { store.create_dataset("f"); });
    atlas::create(path_of("other"), {}, [](atlas::Store &store) { store.create_dataset("g"); });
    atlas::CreateOptions options;
    options.codec = atlas::Codec::lz4;
    atlas::create(path_of("third"), options, [](atlas::Store &store) { store.close(); }); // twice is fine
    CHECK_EQUAL(atlas::open(path_of("store"), [](atlas::Store &store) { return store.dataset_names(); }),
                (Names{"d", "e", "f"}));
    CHECK(atlas::open(path_of("other")).has_dataset("g"));
}

TEST(the_block_form_returns_what_the_function_returns) {
    int number = 1;
    int &same = atlas::create(path_of("a"), [&](atlas::Store &) -> int & { return number; });
    CHECK(&same == &number);
    auto only = atlas::open(path_of("a"), [](const atlas::Store &) { return std::make_unique<int>(3); });
    CHECK_EQUAL(*only, 3);
    const auto number_of = [](atlas::Store &) { return 1.5; };
    const auto nothing = [](atlas::Store &) {};
    static_assert(std::is_same_v<decltype(atlas::open("a", number_of)), double>);
    static_assert(std::is_void_v<decltype(atlas::open("a", Mode::read, nothing))>);
    // a store may leave
    atlas::Store kept = atlas::create(path_of("b"), [](atlas::Store &store) { return std::move(store); });
    CHECK(kept.is_open());
}

namespace {
struct Untouched {
    int *copies;
    explicit Untouched(int *counter) : copies(counter) {}
    Untouched(const Untouched &other) : copies(other.copies) { ++*copies; }
};
} // namespace

TEST(the_block_form_discards_on_an_exception) {
    atlas::create(path_of("store"), [](atlas::Store &store) { store.create_dataset("before"); });
    const Untouched *thrown = nullptr;
    int copies = 0;
    try {
        atlas::open(path_of("store"), Mode::read_write, [&](atlas::Store &store) {
            store.create_dataset("lost");
            try {
                throw Untouched(&copies);
            } catch (const Untouched &exception) {
                thrown = &exception;
                throw;
            }
        });
        CHECK(false);
    } catch (const Untouched &exception) {
        CHECK(&exception == thrown); // the very same object
        CHECK_EQUAL(copies, 0);
    }
    CHECK_EQUAL(atlas::open(path_of("store")).dataset_names(), Names{"before"});
    CHECK_THROWS(not_found, ("'x'"), atlas::open(path_of("store"), Mode::read_write, [&](atlas::Store &store) {
                     store.create_dataset("lost");
                     (void)store["x"].array_names();
                 }));
    CHECK_THROWS(already_exists, (), atlas::create(path_of("new"), [&](atlas::Store &store) {
                     store.create_dataset("twice");
                     store.create_dataset("twice");
                 }));
    CHECK_EQUAL(atlas::open(path_of("new"), Mode::read_write).dataset_count(), 0u); // created, and no longer locked
}

// ---- datasets and arrays ----

TEST(datasets_and_arrays_are_iterated_over) {
    atlas::Store store = atlas::create(path_of("store"));
    const Names months = {"jan", "feb", "mar/1", "Апрель"};
    for (const std::string &month : months) {
        atlas::Dataset dataset = store.create_dataset(month);
        CHECK_EQUAL(dataset.name(), month);
        dataset.define_array<double>("b", {"x"}, {1});
        dataset.define_array<int>("a", {}, {});
    }
    CHECK_EQUAL(store.dataset_names(), months);
    for (std::size_t i = 0; i < months.size(); i++) CHECK_EQUAL(store.dataset_name(i), months[i]);
    CHECK_THROWS(out_of_range, ("4"), (void)store.dataset_name(4));
    CHECK_EQUAL(store.dataset_count(), 4u);
    Names seen;
    for (const atlas::Dataset &dataset : store.datasets()) {
        seen.push_back(dataset.name());
        CHECK_EQUAL(dataset.array_names(), (Names{"b", "a"}));
        CHECK_EQUAL(dataset.array_count(), 2u);
        for (const atlas::Array &array : dataset.arrays()) {
            CHECK_EQUAL(array.dataset_name(), dataset.name());
            CHECK(dataset.has_array(array.name()));
            if (array.name() == "a") dataset.delete_array(array.name()); // does not disturb the loop
        }
        CHECK_EQUAL(dataset.array_names(), Names{"b"});
        if (dataset.name() == "feb") store.delete_dataset("feb");
    }
    CHECK_EQUAL(seen, months);
    CHECK(!store.has_dataset("feb") && store.has_dataset("jan") && store.dataset_count() == 3);
    CHECK_THROWS(not_found, ("'feb'"), store.delete_dataset("feb"));
    CHECK_THROWS(not_found, ("'a'", "'jan'"), store["jan"].delete_array("a"));
    CHECK_THROWS(already_exists, ("'jan'"), store.create_dataset("jan"));
    CHECK_THROWS(not_found, ("'feb'"), (void)store["feb"].has_array("a"));
    CHECK_THROWS(invalid_argument, (), store.create_dataset(std::string(256, 'x')));
    const char *null = nullptr;
    CHECK_THROWS(invalid_argument, ("NULL"), (void)store[null]);
    CHECK_THROWS(invalid_argument, ("NUL"), (void)store[std::string_view("a\0b", 3)]);
}

TEST(many_names) {
    atlas::Store store = atlas::create(path_of("store"));
    const int count = check::scaled(20000, 500);
    Names names;
    for (int i = 0; i < count; i++) store.create_dataset(names.emplace_back("dataset " + std::to_string(i)));
    CHECK(store.dataset_names() == names);
    CHECK_EQUAL(store.datasets().back().name(), names.back());
}

TEST(arrays_are_defined_with_options) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset dataset = store.create_dataset("d");
    atlas::ArrayOptions<float> options;
    options.chunk_shape = {1, 2, 2};
    options.codec = atlas::Codec::lz4;
    options.shuffle = false;
    options.filter = atlas::Filter::delta;
    options.keep_bits = 7;
    options.pack = false;
    options.fill_value = -999.0f;
    atlas::Array a = dataset.define_array<float>("a", {"time", "y", "x"}, {0, 3, 4}, options);
    atlas::ArrayInfo info = a.info();
    CHECK(info.dtype == atlas::DType::f32 && info.shape == (Shape{0, 3, 4}) && info.chunk_shape == (Shape{1, 2, 2}));
    CHECK(info.codec == atlas::Codec::lz4 && !info.shuffle && !info.pack && info.has_fill_value);
    CHECK(info.filter == atlas::Filter::delta && info.keep_bits == 7);
    CHECK_EQUAL(a.dims(), (Names{"time", "y", "x"}));
    CHECK_EQUAL(a.fill_value<float>().value(), -999.0f);
    CHECK_THROWS(type_mismatch, ("'a'", "f32", "f64"), (void)a.fill_value<double>());

    atlas::Array plain = dataset.define_array<std::int64_t>("plain", {}, {2, 2});
    CHECK_EQUAL(plain.dims(), (Names{"dim_0", "dim_1"}));
    CHECK(!plain.info().has_fill_value && !plain.fill_value<std::int64_t>());
    CHECK(plain.info().codec == atlas::Codec::zstd && plain.info().shuffle && plain.info().level == 1);
    CHECK(plain.info().pack && plain.info().filter == atlas::Filter::none && plain.info().keep_bits == 0);

    atlas::ArrayOptions<std::string> text_options;
    text_options.fill_value = "missing";
    atlas::Array text = dataset.define_array<std::string>("text", {}, {2}, text_options);
    CHECK_EQUAL(text.fill_value<std::string>().value(), "missing");
    text.write("here", {{1}, {1}});
    CHECK_EQUAL(text.read<std::string>(), (Names{"missing", "here"}));
    text_options.fill_value = std::string(1, '\0');
    CHECK_THROWS(invalid_argument, ("NUL"), dataset.define_array<std::string>("bad", {}, {2}, text_options));
    CHECK(!dataset.define_array<std::string>("no fill", {}, {}).fill_value<std::string>());

#if __cplusplus >= 202002L
    atlas::Array b = dataset.define_array<double>("b", {"x"}, {4}, {.chunk_shape = {2}, .fill_value = 1e20});
    CHECK_EQUAL(b.read<double>(), Doubles(4, 1e20));
    dataset.define_array<bool>("c", {}, {}, {.fill_value = true});
    CHECK(dataset["c"].read<bool>().at(0));
    dataset.define_array<std::uint8_t>("e", {}, {}, {.codec = atlas::Codec::none, .level = 0, .shuffle = true});
#endif

    CHECK_THROWS(invalid_argument, ("'x'", "'d'", "1 dimension names", "[2, 2]"),
                 dataset.define_array<double>("x", {"y"}, {2, 2}));
    options.chunk_shape = {1};
    CHECK_THROWS(invalid_argument, ("'x'", "1 extents of a chunk", "[2, 2]"),
                 dataset.define_array<float>("x", {}, {2, 2}, options));
    CHECK_THROWS(already_exists, ("'a'", "'d'"), dataset.define_array<double>("a", {}, {}));
    CHECK_THROWS(not_found, ("'nowhere'"), store["nowhere"].define_array<double>("a", {}, {}));
    CHECK(!dataset.has_array("x"));
    CHECK_THROWS(not_found, ("'x'", "'d'"), (void)dataset["x"].read<double>());
    CHECK_THROWS(not_found, ("'x'", "'d'"), dataset["x"].write(1.0));
    CHECK_THROWS(not_found, ("'x'", "'d'"), (void)dataset["x"].info());
    CHECK_THROWS(not_found, ("'x'", "'d'"), (void)dataset["x"].dims());
}

// ---- options, messages, progress ----

TEST(options_of_a_store) {
    atlas::CreateOptions options;
    options.meta_format = atlas::MetaFormat::msgpack;
    options.meta_compression = atlas::Compression::zstd;
    options.codec = atlas::Codec::none;
    options.shuffle = false;
    options.pack = false;
    options.sync = false;
    options.num_threads = atlas::threads_inline;
    options.cache_bytes = 1 << 20;
    options.write_buffer_bytes = 1 << 20;
    {
        atlas::Store store = atlas::create(path_of("store"), options);
        const atlas::ArrayInfo info = store.create_dataset("d").define_array<int>("a", {}, {3}).info();
        CHECK(info.codec == atlas::Codec::none && !info.shuffle && !info.pack);
        store["d"]["a"].write({1, 2, 3});
        store.close();
    }
    CHECK(std::filesystem::exists(path_of("store") / "atlas.msgpack.zst"));
    atlas::OpenOptions reading;
    reading.num_threads = 2;
    reading.cache_bytes = 1 << 20;
    reading.write_buffer_bytes = 1 << 20;
    atlas::Store store = atlas::open(path_of("store"), Mode::read, reading);
    CHECK(store.info().meta_format == atlas::MetaFormat::msgpack);
    CHECK(store.info().meta_compression == atlas::Compression::zstd);
    CHECK_EQUAL(store["d"]["a"].read<int>(), (std::vector<int>{1, 2, 3}));
    options = {};
    options.codec = static_cast<atlas::Codec>(77);
    CHECK_THROWS(invalid_argument, ("77"), (void)atlas::create(path_of("bad"), options));
#if __cplusplus >= 202002L
    atlas::create(path_of("named"), {.codec = atlas::Codec::lz4, .sync = false}, [](atlas::Store &named) {
        CHECK(named.create_dataset("d").define_array<int>("a", {}, {}).info().codec == atlas::Codec::lz4);
    });
#endif
}

TEST(renaming_copying_and_attributes_of_the_store) {
    atlas::Store store = atlas::create(path_of("store")), other = atlas::create(path_of("other"));
    atlas::Array a = store.create_dataset("jan").define_array<int>("a", {}, {3});
    CHECK_EQUAL(a.dims(), (Names{"a"})); // an array of one dimension is its own coordinate
    a.write({1, 2, 3});
    store["jan"].attributes().set("k", 7);
    store.create_dataset("feb");
    store.rename("jan", "mar");
    CHECK_EQUAL(store.dataset_names(), (Names{"feb", "mar"}));
    CHECK_THROWS(not_found, ("'jan'"), (void)a.read<int>());
    CHECK_THROWS(already_exists, ("'feb'"), store.rename("mar", "feb"));
    store.copy("mar", "apr");
    store.copy("mar", other, "mar");
    CHECK_THROWS(already_exists, ("'apr'"), store.copy("mar", "apr"));
    for (const atlas::Dataset &dataset : {store["mar"], store["apr"], other["mar"]}) {
        CHECK_EQUAL(dataset["a"].read<int>(), (std::vector<int>{1, 2, 3}));
        CHECK(dataset.attributes().get<int>("k") == 7);
    }
    const atlas::Attributes own = store.attributes();
    own.set("title", "a store");
    own.set("levels", {1.0, 2.0});
    CHECK_EQUAL(own.names(), (Names{"title", "levels"}));
    CHECK(own.get<std::string>("title") == "a store" && own.has("levels") && own.count() == 2);
    CHECK_THROWS(type_mismatch, ("'levels'", "the store", "2 values"), (void)own.get<double>("levels"));
    own.erase("levels");
    store.close();
    other.close();
    const atlas::Store reading = atlas::open(path_of("store"));
    CHECK_EQUAL(reading.attributes().names(), (Names{"title"}));
    CHECK_THROWS(read_only, ("read"), reading.attributes().set("k", 1));
}

TEST(dimensions_have_one_length) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset d = store.create_dataset("d");
    d.define_array<double>("cov", {"x", "x"}, {2, 2});
    CHECK_THROWS(invalid_argument, ("'x'", "3", "2", "'cov'"), d.define_array<double>("t", {"time", "x"}, {0, 3}));
    d.define_array<double>("time", {}, {0});
    d.define_array<double>("t", {"time"}, {0}).append({1.0, 2.0});
    CHECK_THROWS(invalid_argument, ("'time'", "'t'", "2", "0"), store.flush());
    d["time"].append({1.0, 2.0});
    store.close();
}

TEST(floats_that_do_not_fit) {
    const double large[] = {1.5, -1e300}, infinite[] = {INFINITY, NAN};
    atlas::CreateOptions options;
    {
        atlas::Store store = atlas::create(path_of("store"), options);
        atlas::Array a = store.create_dataset("d").define_array<float>("a", {"x"}, {2});
        CHECK_THROWS(out_of_range, ("'a'", "-1e300", "f32"), a.write(large));
        a.write(infinite);
        a.attributes().set("far", 1e300);
        CHECK(std::isinf(a.read<float>()[0]) && std::isnan(a.read<float>()[1]));
        CHECK_THROWS(out_of_range, ("'far'"), (void)a.attributes().get<float>("far"));
        store["d"].define_array<double>("b", {"x"}, {2}).write(large);
        CHECK_THROWS(out_of_range, ("'b'"), (void)store["d"]["b"].read<float>());
        store.close();
    }
    atlas::OpenOptions reading;
    reading.float_overflow = atlas::FloatOverflow::infinity;
    atlas::Store store = atlas::open(path_of("store"), Mode::read_write, reading);
    CHECK_EQUAL(store["d"]["b"].read<float>(), (std::vector<float>{1.5F, -INFINITY}));
    CHECK(std::isinf(store["d"]["a"].attributes().get<float>("far")));
    store["d"]["a"].write(large);
    CHECK_EQUAL(store["d"]["a"].read<float>(), (std::vector<float>{1.5F, -INFINITY}));
    options.float_overflow = static_cast<atlas::FloatOverflow>(77);
    CHECK_THROWS(invalid_argument, ("77"), (void)atlas::create(path_of("bad"), options));
}

namespace {
// A store with something for compact and verify to do.
void make_garbage(const std::filesystem::path &path) {
    atlas::Store store = atlas::create(path);
    for (const char *name : {"kept", "deleted"})
        for (const char *array : {"a", "b", "c"})
            store.create_dataset(std::string(name) + array)
                .define_array<double>(array, {}, {3000})
                .write(Doubles(3000, 1.25));
    store.flush();
    for (const char *array : {"a", "b", "c"}) store.delete_dataset(std::string("deleted") + array);
    store.close();
}
} // namespace

TEST(compact_gives_back_space) {
    make_garbage(path_of("store"));
    atlas::Store store = atlas::open(path_of("store"), Mode::read_write);
    const atlas::StoreInfo before = store.info();
    CHECK(before.dead_bytes > 0 && before.array_file_count == 3 && before.dataset_count == 3);
    store.create_dataset("new");
    CHECK_THROWS(unflushed_changes, (), store.compact());
    store.flush();
    store.compact();
    const atlas::StoreInfo after = store.info();
    CHECK(after.dead_bytes == 0 && after.live_bytes > 0 && after.generation > before.generation);
    CHECK_EQUAL(after.segment_count, 3u);
    CHECK_EQUAL(store["kepta"]["a"].read<double>(), Doubles(3000, 1.25));
}

TEST(progress_is_reported_and_cancels) {
    make_garbage(path_of("store"));
    struct Stop {};
    enum { go_on, cancel, fail } wish = go_on;
    int reports = 0;
    atlas::OpenOptions options;
    options.progress = [&](std::string_view what, std::uint64_t done, std::uint64_t total) {
        CHECK(!what.empty() && done <= total);
        reports++;
        if (wish == fail) throw Stop();
        return wish == go_on;
    };
    atlas::Store store = atlas::open(path_of("store"), Mode::read_write, options);
    atlas::Store moved = std::move(store); // the functions move along
    CHECK(moved.verify().empty());
    CHECK(reports > 0);
    for (const bool compacting : {false, true}) {
        const auto work = [&] { compacting ? moved.compact() : void(moved.verify()); };
        reports = 0;
        wish = cancel;
        CHECK_THROWS(cancelled, (), work());
        CHECK_EQUAL(reports, 1);
        wish = fail;
        bool thrown = false;
        try {
            work();
        } catch (const Stop &) {
            thrown = true;
        }
        CHECK(thrown);
        wish = go_on;
        work(); // nothing is left over from the exception
    }
    CHECK_EQUAL(moved.info().dead_bytes, 0u);
}

TEST(messages_are_logged) {
    make_garbage(path_of("store"));
    std::vector<std::pair<atlas::LogLevel, std::string>> messages;
    atlas::OpenOptions options;
    options.log = [&](atlas::LogLevel level, std::string_view message) {
        messages.emplace_back(level, message);
        throw 1; // goes nowhere
    };
    std::filesystem::path segment; // and one more that the root does not name, as a crash leaves it
    for (const auto &entry : std::filesystem::directory_iterator(path_of("store") / "a")) segment = entry.path();
    std::filesystem::copy_file(segment, segment.parent_path() / "00000099-0123456789abcdef.seg");
    atlas::open(path_of("store"), Mode::read_write, options, [](atlas::Store &store) {
        store.create_dataset("new");
        store.flush();
        store.compact();
    });
    for (const auto &[level, message] : messages) {
        CHECK(level == atlas::LogLevel::info || level == atlas::LogLevel::warning);
        CHECK(!message.empty() && message.find('\n') == std::string::npos);
    }
    CHECK(!messages.empty());
}

TEST(verify_finds_damage) {
    make_garbage(path_of("store"));
    CHECK(atlas::open(path_of("store")).verify().empty());
    int changed = 0;
    for (const char *array : {"a", "b"}) {
        for (const auto &entry : std::filesystem::directory_iterator(path_of("store") / array)) {
            std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
            file.seekg(40);
            const int byte = file.get();
            file.seekp(40);
            file.put(static_cast<char>(byte ^ 1));
            changed++;
        }
    }
    atlas::Store store = atlas::open(path_of("store"));
    const std::vector<atlas::Damage> damage = store.verify();
    CHECK_EQUAL(damage.size(), static_cast<std::size_t>(changed));
    CHECK(damage[0].file.find(".seg") != std::string::npos && !damage[0].message.empty());
    int calls = 0;
    CHECK_EQUAL(store.verify([&](const atlas::Damage &place) {
        CHECK_EQUAL(place.file, damage[static_cast<std::size_t>(calls)].file);
        calls++;
    }),
                static_cast<std::uint64_t>(changed));
    CHECK_EQUAL(calls, changed);
    // what the function throws comes out, at the first place
    calls = 0;
    bool thrown = false;
    try {
        store.verify([&](const atlas::Damage &) {
            calls++;
            throw std::string("enough");
        });
    } catch (const std::string &text) {
        thrown = text == "enough";
    }
    CHECK(thrown && calls == 1);
    CHECK_THROWS(corrupt, (".seg"), (void)store["kepta"]["a"].read<double>());
    CHECK_EQUAL(store["keptc"]["c"].read<double>(), Doubles(3000, 1.25));
}

TEST(readers_stay_until_they_refresh) {
    atlas::Store writer = atlas::create(path_of("store"));
    atlas::Array array = writer.create_dataset("d").define_array<int>("a", {}, {1});
    array.write(1);
    writer.flush();
    atlas::Store reader = atlas::open(path_of("store"));
    const atlas::Array seen = reader["d"]["a"];
    array.write(2);
    writer.create_dataset("e");
    writer.flush();
    CHECK_EQUAL(seen.read<int>(), std::vector<int>{1});
    CHECK(!reader.has_dataset("e"));
    const std::uint64_t generation = reader.info().generation;
    reader.refresh();
    CHECK_EQUAL(reader.info().generation, generation + 1);
    CHECK_EQUAL(seen.read<int>(), std::vector<int>{2});
    CHECK(reader.has_dataset("e"));
    writer.refresh();
}

TEST(a_reader_waits_for_a_commit) {
    atlas::Store writer = atlas::create(path_of("store"));
    const atlas::Store reader = atlas::open(path_of("store"));
    CHECK(!reader.wait_for_commit(atlas::Timeout(1)));
    CHECK_THROWS(invalid_argument, ("open for writing"), (void)writer.wait_for_commit(atlas::Timeout(0)));
    writer.create_dataset("d");
    writer.flush();
    CHECK(reader.wait_for_commit(atlas::wait_forever));
    CHECK(!reader.has_dataset("d"));
}

TEST(a_store_that_is_there_is_opened_or_begun_anew) {
    atlas::CreateOptions options;
    options.if_exists = atlas::IfExists::open;
    for (const char *name : {"a", "b"}) {
        atlas::Store store = atlas::create(path_of("store"), options);
        store.create_dataset(name);
        CHECK_THROWS(already_exists, (), (void)atlas::create(path_of("store")));
        atlas::OpenOptions patient;
        patient.lock_timeout = atlas::Timeout(10);
        CHECK_THROWS(locked, ("10 ms"), (void)atlas::open(path_of("store"), atlas::Mode::read_write, patient));
        store.close();
    }
    options.if_exists = atlas::IfExists::replace;
    options.lock_timeout = atlas::wait_forever;
    atlas::Store store = atlas::create(path_of("store"), options);
    atlas::Store reader = atlas::open(path_of("store"));
    CHECK_EQUAL(store.dataset_count(), std::size_t{0});
    CHECK_EQUAL(reader.dataset_count(), std::size_t{2});
    store.flush();
    reader.refresh();
    CHECK_EQUAL(reader.dataset_count(), std::size_t{0});
    store.rollback(reader.info().generation - 1);
    CHECK_EQUAL(store.dataset_count(), std::size_t{2});
    store.close();
    // the short forms
    CHECK_EQUAL(atlas::create(path_of("store"), atlas::IfExists::open).dataset_count(), std::size_t{2});
    atlas::create(path_of("store"), atlas::IfExists::open, [](atlas::Store &same) { same.create_dataset("c"); });
    const std::size_t left = atlas::create(path_of("store"), atlas::IfExists::replace,
                                           [](atlas::Store &anew) { return anew.dataset_count(); });
    CHECK_EQUAL(left, std::size_t{0});
    CHECK_EQUAL(atlas::open(path_of("store")).dataset_count(), std::size_t{0});
    CHECK_THROWS(already_exists, (), (void)atlas::create(path_of("store"), atlas::IfExists::fail));
}

TEST(arrays_are_resized_and_grow_where_they_are_unlimited) {
    atlas::Store store = atlas::create(path_of("store"));
    const atlas::Dataset d = store.create_dataset("d");
    atlas::ArrayOptions<int> options;
    options.fill_value = -1;
    const atlas::Array records = d.define_array<int>("records", {"time"}, {0}, options);
    const atlas::Array fixed = d.define_array<int>("fixed", {"x"}, {2}, options);
    CHECK(records.info().unlimited && !fixed.info().unlimited);
    records.write(7, {{2}, {1}});
    CHECK_EQUAL(records.read<int>(), (std::vector<int>{-1, -1, 7}));
    records.resize(2);
    records.resize(4);
    CHECK_EQUAL(records.read<int>(), (std::vector<int>{-1, -1, -1, -1}));
    CHECK_THROWS(out_of_range, ("unlimited"), fixed.write(7, {{2}, {1}}));
    options.unlimited = true;
    const atlas::Array asked = d.define_array<int>("asked", {"x"}, {2}, options);
    asked.write(7, {{2}, {1}});
    CHECK_EQUAL(asked.read<int>(), (std::vector<int>{-1, -1, 7}));
    const atlas::Array labels = d.define_array<std::string>("labels", {"x"}, {0});
    labels.write("b", {{1}, {1}});
    CHECK_EQUAL(labels.shape(), (atlas::Shape{2}));
}

// ---- sessions ----

TEST(workers_write_and_one_store_commits) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::ArrayOptions<int> options;
    options.chunk_shape = {4, 5};
    const atlas::Array t = store.create_dataset("run").define_array<int>("t", {"y", "x"}, {16, 10}, options);
    store.flush();
    atlas::SessionOptions session;
    session.workers = 4;
    const atlas::Bytes ticket = store.session_begin(session);
    using Numbers = std::vector<std::uint32_t>;
    CHECK_EQUAL(store.session_missing(), (Numbers{0, 1, 2, 3}));

    // Rows of six, which do not end where chunks do.
    std::vector<atlas::Bytes> exports(3);
    std::vector<std::thread> threads;
    for (std::uint32_t i = 0; i < 3; i++) {
        threads.emplace_back([&exports, &ticket, i] {
            atlas::OpenOptions single;
            single.num_threads = atlas::threads_inline;
            atlas::Store worker = atlas::open_worker(ticket, i, single);
            const std::uint64_t rows = i < 2 ? 6 : 4;
            worker["run"]["t"].write(std::vector<int>(rows * 10, static_cast<int>(i) + 1), {{6 * i, 0}, {rows, 10}});
            exports[i] = worker.export_changes();
            worker.close();
        });
    }
    for (std::thread &thread : threads) thread.join();
    const atlas::Store reader = atlas::open(path_of("store"));
    store.import_changes(std::vector<atlas::Bytes>{exports[2], exports[0]});
    CHECK_EQUAL(store.session_missing(), (Numbers{1, 3}));
    std::vector<std::vector<std::byte>> again(exports.begin(), exports.end());
    store.import_changes(again); // what came already is left out
    CHECK_EQUAL(store.session_missing(), Numbers{3});
    std::vector<int> expected;
    for (int i = 0; i < 160; i++) expected.push_back(i / 60 + 1);
    CHECK_EQUAL(t.read<int>(), expected);
    CHECK_EQUAL(reader["run"]["t"].read<int>(), std::vector<int>(160, 0));

    // Another one has written a cell that was imported, and nothing of it is taken over.
    {
        atlas::Store worker = atlas::open_worker(ticket, 3, {}, path_of("store"));
        worker["run"]["t"].write({7, 7, 7}, {{5, 9}, {3, 1}});
        CHECK_THROWS(unflushed_changes, ("worker 3"), worker.close());
        const std::array<atlas::Bytes, 1> both = {worker.export_changes()};
        worker.close();
        CHECK_THROWS(conflict, ("'t'", "'run'", "workers 0 and 3", "[5, 9]"), store.import_changes(both));
        CHECK_EQUAL(t.read<int>(), expected);
    }
    CHECK_THROWS(unflushed_changes, (), store.session_end());
    store.flush();
    CHECK_EQUAL(atlas::open(path_of("store"))["run"]["t"].read<int>(), expected);

    // A worker goes on after a commit, and others grow the array beside it.
    atlas::Store worker = atlas::open_worker(ticket, 8);
    worker.renew(store.session_begin());
    worker["run"]["t"].extend(17);
    worker["run"]["t"].extend(3);
    worker["run"]["t"].write(std::vector<int>(10, 9), {{16, 0}, {1, 10}});
    CHECK_EQUAL(worker["run"]["t"].read<int>({{15, 0}, {2, 1}}), (std::vector<int>{3, 9}));
    store.import_changes(std::vector<atlas::Bytes>{worker.export_changes()});
    CHECK_EQUAL(t.shape(), (atlas::Shape{17, 10}));
    CHECK_THROWS(unsupported, ("worker 8"), worker.flush());
    CHECK_THROWS(invalid_argument, ("worker"), (void)store.export_changes());
    CHECK_THROWS(invalid_argument, ("ticket"), (void)atlas::open_worker(exports[0], 9));
    worker.close();
    store.flush();
    store.session_end();
    CHECK_THROWS(conflict, ("session"), (void)store.session_missing());
    CHECK_THROWS(not_found, ("'none'"), [&] {
        session.datasets = {"none"};
        (void)store.session_begin(session);
    }());
    CHECK_EQUAL(store.verify().size(), std::size_t{0});
}

TEST(a_session_goes_on_with_another_store) {
    atlas::Store store = atlas::create(path_of("store"));
    store.create_dataset("run").define_array<int>("t", {"x"}, {3});
    store.flush();
    const atlas::Bytes ticket = store.session_begin();
    atlas::Store worker = atlas::open_worker(ticket, 0);
    worker["run"]["t"].write({1, 2, 3});
    const std::vector<atlas::Bytes> exports = {worker.export_changes()};
    worker.close();
    store.session_end();
    store.close();
    atlas::OpenOptions options;
    options.ticket = ticket;
    store = atlas::open(path_of("store"), Mode::read_write, options);
    // The session was ended, and with it went the worker's files.
    CHECK_THROWS(not_found, (), store.import_changes(exports));
    worker = atlas::open_worker(ticket, 1);
    worker["run"]["t"].write({4, 5, 6});
    store.import_changes(std::vector<atlas::Bytes>{worker.export_changes()});
    store.close();
    CHECK_EQUAL(atlas::open(path_of("store"))["run"]["t"].read<int>(), (std::vector<int>{4, 5, 6}));
}

TEST(commits_can_be_opened_and_gone_back_to) {
    using Generations = std::vector<std::uint64_t>;
    atlas::CreateOptions options;
    options.keep_generations = 20; // more than a first guess at how many there are
    atlas::Store writer = atlas::create(path_of("store"), options);
    CHECK_EQUAL(writer.generations(), Generations{1});
    const atlas::Array array = writer.create_dataset("d").define_array<int>("a", {}, {1});
    for (int commit = 2; commit <= 30; commit++) {
        array.write(commit);
        writer.flush();
    }
    Generations kept;
    for (std::uint64_t commit = 10; commit <= 30; commit++) kept.push_back(commit);
    CHECK_EQUAL(writer.generations(), kept);

    atlas::OpenOptions at;
    for (const std::uint64_t commit : kept) {
        at.generation = commit;
        atlas::open(path_of("store"), Mode::read, at, [&](atlas::Store &reader) {
            CHECK(reader.info().generation == commit && reader.info().mode == Mode::read);
            CHECK_EQUAL(reader["d"]["a"].read<int>(), std::vector<int>{static_cast<int>(commit)});
        });
    }
    for (const std::uint64_t commit : Generations{0, 9, 31}) {
        at.generation = commit;
        CHECK_THROWS(not_found, ("store", "30"), (void)atlas::open(path_of("store"), Mode::read, at));
        CHECK_THROWS(not_found, ("store", "30"), writer.rollback(commit));
    }
    at.generation = 30;
    CHECK_THROWS(invalid_argument, ("reading"), (void)atlas::open(path_of("store"), Mode::read_write, at));
    at.generation = 12;
    std::vector<std::string> messages;
    int reports = 0;
    at.log = [&](atlas::LogLevel, std::string_view message) { messages.emplace_back(message); };
    at.progress = [&](std::string_view, std::uint64_t, std::uint64_t) { return ++reports > 0; };
    atlas::Store reader = atlas::open(path_of("store"), Mode::read, at);
    CHECK(reader.verify().empty() && reports > 0 && messages.empty());
    CHECK_THROWS(read_only, (), reader.rollback(12));

    array.write(31);
    CHECK_THROWS(unflushed_changes, (), writer.rollback(12));
    writer.flush();
    writer.rollback(15);
    CHECK_EQUAL(array.read<int>(), std::vector<int>{15});
    CHECK_EQUAL(writer.info().generation, 32u);
    CHECK_EQUAL(reader["d"]["a"].read<int>(), std::vector<int>{12});
    reader.refresh();
    CHECK_EQUAL(reader["d"]["a"].read<int>(), std::vector<int>{15});
    CHECK_EQUAL(reader.generations(), writer.generations());
    writer.rollback(31);
    CHECK_EQUAL(array.read<int>(), std::vector<int>{31});

    options.keep_generations = atlas::keep_none;
    atlas::Store forgetful = atlas::create(path_of("forgetful"), options);
    forgetful.create_dataset("d");
    forgetful.flush();
    CHECK_EQUAL(forgetful.generations(), Generations{2});
    CHECK_EQUAL(forgetful.info().keep_generations, atlas::keep_none);
    forgetful.set_keep_generations(1);
    forgetful.flush();
    CHECK_EQUAL(forgetful.generations(), (Generations{2, 3}));
    CHECK_EQUAL(forgetful.info().keep_generations, 1);
    CHECK_THROWS(invalid_argument, ("count", "-2"), forgetful.set_keep_generations(-2));
    options.keep_generations = -2;
    CHECK_THROWS(invalid_argument, ("keep_generations", "-2"), (void)atlas::create(path_of("bad"), options));
}

TEST(commits_are_pinned) {
    atlas::Store writer = atlas::create(path_of("store"));
    const atlas::Array array = writer.create_dataset("d").define_array<int>("a", {}, {1});
    CHECK(writer.pins().empty());
    array.write(2);
    writer.flush();
    writer.pin("first");
    CHECK_THROWS(already_exists, ("'first'", "commit 2"), writer.pin("first"));
    CHECK_THROWS(invalid_argument, ("pin", "empty"), writer.pin(""));
    CHECK_THROWS(not_found, ("'second'"), writer.unpin("second"));
    array.write(3);
    writer.flush();
    writer.pin("second");
    for (int commit = 4; commit < 30; commit++) {
        array.write(commit);
        writer.flush();
    }
    writer.compact();
    atlas::Store reader = atlas::open(path_of("store"));
    CHECK_THROWS(read_only, (), reader.pin("third"));
    const std::vector<atlas::Pin> pins = reader.pins();
    CHECK_EQUAL(pins.size(), 2u);
    CHECK(pins[0].name == "first" && pins[0].generation == 2 && pins[1].name == "second" && pins[1].generation == 3);
    atlas::OpenOptions at;
    for (const atlas::Pin &pin : pins) {
        at.generation = pin.generation;
        atlas::open(path_of("store"), Mode::read, at, [&](atlas::Store &pinned) {
            CHECK_EQUAL(pinned["d"]["a"].read<int>(), std::vector<int>{static_cast<int>(pin.generation)});
        });
    }
    writer.unpin("first");
    writer.flush();
    at.generation = 2;
    CHECK_THROWS(not_found, ("commit 2"), (void)atlas::open(path_of("store"), Mode::read, at));
    CHECK_EQUAL(reader.pins().size(), 1u);
}

// ---- statistics ----

TEST(statistics) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset dataset = store.create_dataset("d");
    atlas::ArrayOptions<double> options;
    options.fill_value = -1.0;
    options.chunk_shape = {2};
    atlas::Array a = dataset.define_array<double>("a", {}, {5}, options);
    a.write({4.0, -1.0, 2.5, 9.0}, {{0}, {4}});
    CHECK_THROWS(no_stats, ("'a'", "'d'"), (void)a.stats());
    store.flush();
    const atlas::Stats stats = a.stats();
    CHECK(stats.row_count == 5 && stats.null_count == 2 && stats.min == 2.5 && stats.max == 9.0);
    CHECK(a.chunk_stats({0}).max == 4.0 && a.chunk_stats({1}).min == 2.5);
    CHECK(!a.chunk_stats({2}).min && !a.chunk_stats({2}).max && a.chunk_stats({2}).null_count == 1);
    CHECK_THROWS(out_of_range, (), (void)a.chunk_stats({3}));
    CHECK_THROWS(invalid_argument, (), (void)a.chunk_stats({0, 0}));
    CHECK_EQUAL(*a.stats<float>().max, 9.0f);
    CHECK_THROWS(type_mismatch, ("'a'", "f64"), (void)a.stats<int>());
    a.write(0.0, {{0}, {1}});
    CHECK_THROWS(no_stats, (), (void)a.stats());
}

TEST(places_of_chunks) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset dataset = store.create_dataset("d");
    atlas::ArrayOptions<double> options;
    options.chunk_shape = {2};
    options.codec = atlas::Codec::none;
    atlas::Array a = dataset.define_array<double>("a", {}, {300}, options);
    CHECK(a.chunk_places().places.empty() && a.chunk_places().files.empty());
    Doubles values(300);
    for (std::size_t i = 0; i < values.size(); i++) values[i] = static_cast<double>(i);
    a.write(values);
    CHECK(a.chunk_places().places.empty());
    store.flush();
    a.write(-1.0, {{2}, {1}});
    store.flush();
    a.write(-2.0, {{0}, {1}});
    const atlas::ChunkPlaces found = a.chunk_places();
    CHECK_EQUAL(found.generation, store.info().generation);
    CHECK(found.places.size() == 150 && found.files.size() == 2);
    for (std::size_t i = 0; i < found.places.size(); i++) {
        const atlas::ChunkPlace &place = found.places[i];
        CHECK(place.number == i && place.len == 16 && place.shuffle == 1 && place.codec == atlas::Codec::none);
        CHECK_EQUAL(place.file, i == 1 ? std::size_t{1} : std::size_t{0});
        std::ifstream file(path_of("store") / found.files[place.file], std::ios::binary);
        file.seekg(static_cast<std::streamoff>(place.offset + place.at));
        double cells[2] = {};
        file.read(reinterpret_cast<char *>(cells), sizeof cells);
        CHECK(cells[0] == (i == 1 ? -1.0 : values[2 * i]) && cells[1] == values[2 * i + 1]);
    }
    CHECK_THROWS(not_found, ("'b'", "'d'"), (void)dataset["b"].chunk_places());
    // A chunk in pieces has a place for each, whose checksum stands behind it in the file.
    atlas::Array large = dataset.define_array<double>("large", {}, {80000});
    large.write(Doubles(80000, 1.5));
    store.flush();
    CHECK(large.info().chunk_shape == atlas::Shape{80000} && large.info().piece_shape == atlas::Shape{16000});
    CHECK(large.chunk_places().places.size() == 5 && !large.chunk_places().places[4].checksum);
    CHECK(found.places[0].checksum.has_value());
}

TEST(statistics_are_exact) {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset dataset = store.create_dataset("d");
    const std::int64_t big = (std::int64_t{1} << 62) + 1;
    dataset.define_array<std::int64_t>("i64", {}, {2}).write({-big, big});
    dataset.define_array<std::uint64_t>("u64", {}, {2}).write({std::uint64_t{7}, ~std::uint64_t{0}});
    dataset.define_array<std::uint8_t>("u8", {}, {2}).write(std::vector<std::uint8_t>{3, 200});
    dataset.define_array<bool>("bool", {}, {2}).write({true, true});
    dataset.define_array<std::complex<double>>("c128", {}, {1}).write(std::complex<double>(1, 1));
    dataset.define_array<std::string>("text", {}, {1}).write("x");
    store.flush();
    CHECK_EQUAL(*dataset["i64"].stats<std::int64_t>().min, -big);
    CHECK_EQUAL(*dataset["i64"].stats<long long>().max, big);
    CHECK_EQUAL(*dataset["i64"].stats().max, static_cast<double>(big));
    CHECK_THROWS(out_of_range, ("'i64'"), (void)dataset["i64"].stats<int>());
    CHECK_THROWS(type_mismatch, ("'i64'", "i64"), (void)dataset["i64"].stats<std::uint64_t>());
    CHECK_THROWS(type_mismatch, (), (void)dataset["i64"].stats<atlas::Timestamp>());
    CHECK_EQUAL(*dataset["u64"].stats<std::uint64_t>().max, ~std::uint64_t{0});
    CHECK_THROWS(out_of_range, (), (void)dataset["u64"].stats<std::int64_t>());
    CHECK_EQUAL(*dataset["u8"].stats<int>().max, 200);
    CHECK_EQUAL(*dataset["u8"].stats<unsigned char>().min, 3);
    CHECK_THROWS(out_of_range, (), (void)dataset["u8"].stats<std::int8_t>());
    CHECK(*dataset["bool"].stats<bool>().min);
    CHECK_THROWS(type_mismatch, (), (void)dataset["bool"].stats<int>());
    CHECK_EQUAL(*dataset["bool"].stats().max, 1.0);
    CHECK(!dataset["c128"].stats().min && !dataset["text"].stats().min && !dataset["text"].stats<int>().max);
}

// ---- across datasets ----

TEST(one_array_across_datasets) {
    atlas::Store store = atlas::create(path_of("store"));
    Names names;
    for (int i = 0; i < 20; i++) {
        names.push_back("run " + std::to_string(i));
        atlas::Array a = store.create_dataset(names.back()).define_array<float>("a", {}, {2, 3});
        std::vector<float> values(6);
        for (int k = 0; k < 6; k++) values[static_cast<std::size_t>(k)] = static_cast<float>(100 * i + k);
        a.write(values);
        store[names.back()].define_array<bool>("flag", {}, {2}).write({i % 2 == 0, true});
        store[names.back()].define_array<std::string>("text", {}, {}).write("x");
        store[names.back()].define_array<int>("number", {}, {}).write(i);
    }
    for (int flushed = 0; flushed < 2; flushed++) {
        const Doubles all = store.read_across<double>("a", names);
        CHECK_EQUAL(all.size(), 120u);
        for (std::size_t i = 0; i < all.size(); i++) CHECK_EQUAL(all[i], static_cast<double>(i / 6 * 100 + i % 6));
        CHECK(store.read_across<double>("a", store.datasets()) == all);
        CHECK(store.read_across<double>("a", std::list<std::string_view>(names.begin(), names.end())) == all);
        const std::vector<float> want = {305, 305, 5};
        CHECK_EQUAL(store.read_across<float>("a", {"run 3", "run 3", "run 0"}, {{1, 2}, {1, 1}}), want);
        CHECK_EQUAL(store.read_across<float>("a", {"run 3", "run 3", "run 0"}, {{1, 2}, {}}), want);
        CHECK_EQUAL(store.read_across<int>("number", {"run 7", "run 9"}), (std::vector<int>{7, 9}));
        CHECK(store.read_across<bool>("flag", {"run 0", "run 1"}) == (std::vector<bool>{true, true, false, true}));
        float memory[2][2][3];
        store.read_across_into(memory, "a", {"run 1", "run 2"});
        CHECK_EQUAL(memory[1][1][2], 205.0f);
        std::vector<float> flat(2);
        store.read_across_into(flat, "a", Names{"run 1", "run 2"}, {{0, 1}, {1, 1}});
        CHECK_EQUAL(flat, (std::vector<float>{101, 201}));
        store.flush();
    }
    CHECK_EQUAL(store.read_across<float>("a", Names{}).size(), 0u);
    CHECK_THROWS(not_found, ("'none'"), (void)store.read_across<float>("a", {"run 0", "none"}));
    CHECK_THROWS(not_found, ("'none'"), (void)store.read_across<float>("none", {"run 0"}));
    CHECK_THROWS(type_mismatch, (), (void)store.read_across<int>("a", {"run 0"}));
    CHECK_THROWS(type_mismatch, (), (void)store.read_across<int>("text", {"run 0"}));
    CHECK_THROWS(out_of_range, (), (void)store.read_across<float>("a", {"run 0"}, {{0, 0}, {3, 3}}));
    std::vector<float> small(5);
    CHECK_THROWS(invalid_argument, ("5 values", "[1, 2, 3]"), store.read_across_into(small, "a", {"run 0"}));

    store["run 19"].delete_array("a");
    store["run 19"].define_array<float>("a", {}, {3, 3});
    CHECK_THROWS(invalid_argument, ("'a'", "'run 19'", "[3, 3]", "[2, 3]", "'run 0'"),
                 (void)store.read_across<float>("a", names));
    CHECK_EQUAL(store.read_across<float>("a", names, {{}, {2, 3}}).size(), 120u); // said so, it is fine
}

// ---- threads and processes ----

TEST(threads_share_a_store) {
    atlas::Store store = atlas::create(path_of("store"));
    const int threads = 4, rows = check::scaled(200, 20);
    atlas::Array shared = store.create_dataset("shared").define_array<int>("a", {}, {0, 2});
    std::atomic<int> wrong{0};
    std::vector<std::thread> running;
    for (int t = 0; t < threads; t++) {
        running.emplace_back([&, t] {
            try {
                atlas::Dataset own = store.create_dataset("own " + std::to_string(t));
                atlas::Array a = own.define_array<double>("a", {}, {0});
                for (int i = 0; i < rows; i++) {
                    a.append(i);
                    shared.append({t, i});
                    if (a.read<double>().size() != static_cast<std::size_t>(i + 1)) wrong++;
                    // sizes are compared with the memory's before the call, whatever others append meanwhile
                    if (shared.read<int>().size() % 2 != 0) wrong++;
                    try {
                        (void)own["none " + std::to_string(t)].shape();
                        wrong++;
                    } catch (const atlas::Error &error) { // each thread has its own text
                        if (!std::strstr(error.text(), ("none " + std::to_string(t)).c_str())) wrong++;
                    }
                    if (i % 50 == 0) store.flush();
                }
            } catch (...) {
                wrong++;
            }
        });
    }
    for (std::thread &thread : running) thread.join();
    CHECK_EQUAL(wrong.load(), 0);
    store.close();
    atlas::Store reader = atlas::open(path_of("store"));
    const std::vector<int> values = reader["shared"]["a"].read<int>();
    CHECK_EQUAL(values.size(), static_cast<std::size_t>(2 * threads * rows));
    std::vector<int> next(static_cast<std::size_t>(threads));
    for (std::size_t i = 0; i < values.size(); i += 2)
        CHECK_EQUAL(values[i + 1], next[static_cast<std::size_t>(values[i])]++);
}

TEST(a_child_process_cannot_use_the_store) {
    atlas::Store store = atlas::create(path_of("store"));
    store.create_dataset("d");
    const pid_t child = fork();
    if (child == 0) {
        int code = 1;
        try {
            store.flush();
        } catch (const atlas::Error &error) {
            code = error.status() == atlas::Status::forked ? 0 : 2;
        }
        store.discard();
        _exit(code);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    store.close();
    CHECK(atlas::open(path_of("store")).has_dataset("d"));
}

// ---- beside C ----

TEST(c_and_cpp_share_a_store) {
    atlas::Store store = atlas::create(path_of("store"));
    const std::uint64_t shape[] = {2};
    const double values[] = {1.5, 2.5};
    CHECK_EQUAL(atlas_create_dataset(store.handle(), "d"), ATLAS_STATUS_OK);
    CHECK_EQUAL(atlas_define_array(store.handle(), "d", "a", ATLAS_DTYPE_F64, 1, nullptr, shape, nullptr), 0);
    CHECK_EQUAL(atlas_write_array(store.handle(), "d", "a", ATLAS_DTYPE_F64, 1, nullptr, nullptr, nullptr, values), 0);
    CHECK_EQUAL(store["d"]["a"].read<double>(), (Doubles{1.5, 2.5}));
    store["d"]["a"].append(3.5);
    double all[3] = {};
    CHECK_EQUAL(atlas_read_array(store.handle(), "d", "a", ATLAS_DTYPE_F64, 1, nullptr, nullptr, nullptr, all), 0);
    CHECK_EQUAL(all[2], 3.5);
}

int main() { return check::run(); }
