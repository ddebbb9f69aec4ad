// One of two units of a program; the other has the header in another namespace.
#include "two_units.hpp"
#include "check.hpp"

static atlas::Store kept;

atlas_store write_one(const char *path) {
    kept = atlas::create(path);
    kept.create_dataset("d").define_array<double>("a", {}, {2}).write({1.5, 2.5});
    kept["d"].attributes().set("text", "x");
    kept.flush();
    return kept.handle();
}

void close_one() { kept.close(); }

TEST(two_units_in_one_program) {
    const std::string path = path_of("store").string();
    CHECK(write_one(path.c_str()) != 0);
    CHECK_EQUAL(read_other(path.c_str()), 4.0);
    close_one();
}

int main() { return check::run(); }
