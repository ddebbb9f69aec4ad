// A multidimensional span with just what the standard's has and the binding uses, for compilers that lack it.
#ifndef MDSPAN_HPP
#define MDSPAN_HPP

#include <array>
#include <cstddef>

namespace stand_in {

template <std::size_t r> struct Extents {};

struct StridedLayout {};

template <class T> struct Accessor { using reference = T &; };

// Gives values, not references: memory that holds something else than what is read from it.
template <class T> struct Doubling { using reference = T; };

template <class T, std::size_t r, class A = Accessor<T>, bool strided = true> class mdspan {
  public:
    using element_type = T;
    using extents_type = Extents<r>;
    using layout_type = StridedLayout;
    using accessor_type = A;
    using reference = typename A::reference;
    using rank_type = std::size_t;
    using index_type = int;

    mdspan(T *data, const std::array<int, r> &extents, const std::array<int, r> &strides)
        : data_(data), extents_(extents), strides_(strides) {}

    static constexpr rank_type rank() noexcept { return r; }
    static constexpr bool is_always_strided() noexcept { return strided; }
    T *const &data_handle() const noexcept { return data_; }
    index_type extent(rank_type d) const noexcept { return extents_[d]; }
    index_type stride(rank_type d) const noexcept { return strides_[d]; }

  private:
    T *data_;
    std::array<int, r> extents_, strides_;
};

} // namespace stand_in

#endif
