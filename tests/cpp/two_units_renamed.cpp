// The other unit: `atlas` belongs to somebody else here.
namespace atlas {
struct Store {
    int of_somebody_else;
};
} // namespace atlas

#define ATLAS_CPP_NAMESPACE company::store
#include "two_units.hpp"

double read_other(const char *path) {
    atlas::Store other{1};
    double sum = 0;
    company::store::open(path, [&](company::store::Store &store) {
        for (const double value : store["d"]["a"].read<double>()) sum += value;
    });
    return sum * other.of_somebody_else;
}
