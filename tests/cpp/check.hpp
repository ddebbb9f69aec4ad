// The whole test framework: named tests, a temporary folder for each, and checks that say what was expected.
//
// A failing check ends its test; the next one starts. Environment: ATLAS_TEST_SMALL=1 runs scaled down (see scaled),
// ATLAS_TEST_ONLY=TEXT runs only the tests whose name contains TEXT.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <atlas.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <initializer_list>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <unistd.h>

namespace check {

struct Test {
    const char *name;
    void (*run)();
};

inline std::vector<Test> &tests() {
    static std::vector<Test> all;
    return all;
}

struct Registration {
    Registration(const char *name, void (*run)()) { tests().push_back({name, run}); }
};

// The running test's temporary folder.
inline std::filesystem::path &folder() {
    static std::filesystem::path path;
    return path;
}

// What ends a test. Not a std::exception, so that no test takes it for an error of the library.
struct Failed {
    std::string text;
};

template <class T, class = void> struct Show {
    static void to(std::ostream &out, const T &) { out << "a value"; }
};
template <class T> struct Show<T, std::void_t<decltype(std::declval<std::ostream &>() << std::declval<const T &>())>> {
    static void to(std::ostream &out, const T &value) {
        out.precision(17);
        if constexpr (std::is_same_v<T, signed char> || std::is_same_v<T, unsigned char>)
            out << static_cast<int>(value);
        else
            out << value;
    }
};
template <> struct Show<atlas::Status> {
    static void to(std::ostream &out, atlas::Status value) { out << atlas::name_of(value); }
};
template <> struct Show<atlas::DType> {
    static void to(std::ostream &out, atlas::DType value) { out << atlas::name_of(value); }
};
template <class T> struct Show<std::vector<T>> {
    static void to(std::ostream &out, const std::vector<T> &values) {
        out << "{";
        for (std::size_t i = 0; i < values.size() && i < 20; i++) {
            out << (i ? ", " : "");
            Show<T>::to(out, static_cast<T>(values[i]));
        }
        out << (values.size() > 20 ? ", ...}" : "}");
    }
};
template <class T> struct Show<atlas::PerDimension<T>> {
    static void to(std::ostream &out, const atlas::PerDimension<T> &value) { out << value.to_string(); }
};

template <class A, class B> void equal(const char *file, int line, const char *what, const A &got, const B &want) {
    if (got == want) return;
    std::ostringstream text;
    text << file << ":" << line << ": " << what << " is ";
    Show<A>::to(text, got);
    text << ", not ";
    Show<B>::to(text, want);
    throw Failed{text.str()};
}

inline void that(const char *file, int line, const char *what, bool holds) {
    if (!holds) throw Failed{std::string(file) + ":" + std::to_string(line) + ": " + what + " does not hold"};
}

// `call` throws an Error with this status, and with all these words in its text.
template <class Call>
void throws(const char *file, int line, const char *what, atlas::Status status,
            std::initializer_list<std::string_view> words, const Call &call) {
    const std::string at = std::string(file) + ":" + std::to_string(line) + ": " + what;
    try {
        call();
    } catch (const atlas::Error &error) {
        if (error.status() != status) throw Failed{at + " threw " + error.what()};
        if (std::string_view(error.what()) != std::string(atlas::name_of(status)) + ": " + error.text())
            throw Failed{at + ": what() and text() differ: " + error.what()};
        for (const std::string_view word : words)
            if (std::string_view(error.text()).find(word) == std::string_view::npos)
                throw Failed{at + ": no '" + std::string(word) + "' in: " + error.text()};
        return;
    }
    throw Failed{at + " threw nothing"};
}

// One size when run as usual, a smaller one where every instruction is slow.
inline int scaled(int normal, int small) { return std::getenv("ATLAS_TEST_SMALL") ? small : normal; }

// The same numbers in every run.
inline std::mt19937 &random() {
    static std::mt19937 engine(20240607);
    return engine;
}
inline int random(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random()); }

inline int run() {
    int passed = 0, failed = 0;
    const char *only = std::getenv("ATLAS_TEST_ONLY");
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    for (const Test &test : tests()) {
        if (only && std::string_view(test.name).find(only) == std::string_view::npos) continue;
        std::string pattern = (std::filesystem::temp_directory_path() / "atlas-cpp-XXXXXX").string();
        if (!mkdtemp(pattern.data())) {
            std::perror("mkdtemp");
            return 2;
        }
        folder() = pattern;
        std::string failure;
        try {
            test.run();
        } catch (const Failed &error) {
            failure = error.text;
        } catch (const std::exception &error) {
            failure = std::string("an exception: ") + error.what();
        }
        if (failure.empty()) {
            std::printf("ok %s\n", test.name);
            passed++;
        } else {
            std::printf("FAILED %s: %s\n", test.name, failure.c_str());
            failed++;
        }
        std::filesystem::remove_all(folder());
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

} // namespace check

// The path of `name` in the running test's folder.
inline std::filesystem::path path_of(const char *name) { return check::folder() / name; }

#define TEST(name)                                                                                                     \
    static void name();                                                                                                \
    static const check::Registration registration_of_##name(#name, name);                                              \
    static void name()

#define CHECK(condition) check::that(__FILE__, __LINE__, #condition, static_cast<bool>(condition))
#define CHECK_EQUAL(got, want) check::equal(__FILE__, __LINE__, #got, (got), (want))
// CHECK_THROWS(status, ({words}), statement)
#define CHECK_WORDS(...)                                                                                               \
    { __VA_ARGS__ }
#define CHECK_THROWS(status, words, ...)                                                                               \
    check::throws(__FILE__, __LINE__, #__VA_ARGS__, atlas::Status::status, CHECK_WORDS words, [&] { __VA_ARGS__; })

#endif
