// What each of two units of one program says about the header.
#ifndef TWO_UNITS_HPP
#define TWO_UNITS_HPP

#include <atlas.hpp>

// In the one unit, whose namespace is atlas.
atlas_store write_one(const char *path);
void close_one();

// In the other, where ATLAS_CPP_NAMESPACE is another.
double read_other(const char *path);

#endif
