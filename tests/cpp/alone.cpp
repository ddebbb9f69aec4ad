// The header is complete by itself, and stays so when it is included twice.
#include <atlas.hpp>

static_assert(atlas::dtype_of<double> == atlas::DType::f64);

#include <atlas.hpp>
