// Store one field, close the store, open it again, read the field back.
#include <atlas.hpp>
#include <cstdio>

int main(int argc, char **argv) try {
    const char *path = argc > 1 ? argv[1] : "quickstart.atlas";
    atlas::CreateOptions anew;
    anew.if_exists = atlas::IfExists::replace;

    atlas::create(path, anew, [](atlas::Store &store) {
        auto january = store.create_dataset("january");
        auto temperature = january.define_array<double>("temperature", {"lat", "lon"}, {2, 3});
        temperature.write({12.5, 13.0, 13.5, -1.5, 0.0, 1.5});
        temperature.attributes().set("units", "degC");
    }); // everything above becomes durable here, all of it or nothing

    atlas::open(path, [](atlas::Store &store) {
        auto temperature = store["january"]["temperature"];
        double stored[2][3];
        temperature.read_into(stored);
        auto stats = temperature.stats();
        std::printf("temperature[1][0] = %g, min %g, max %g\n", stored[1][0], *stats.min, *stats.max);
    });
} catch (const atlas::Error &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
