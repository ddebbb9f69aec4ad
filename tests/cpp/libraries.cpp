// Memory of other libraries: Eigen, xtensor and Armadillo, whose rows, blocks and views lie apart or in column-major
// order; and ranges whose data() does not lead to their elements.
#include "check.hpp"

#include <cstdint>
#include <numeric>

// The headers alone, without the libraries of linear algebra that they call.
#define ARMA_DONT_USE_WRAPPER
#define ARMA_DONT_USE_BLAS
#define ARMA_DONT_USE_LAPACK

#include <Eigen/Dense>
#include <Eigen/SparseCore>
#include <armadillo>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

using atlas::Shape;
using Doubles = std::vector<double>;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

struct Fixture {
    atlas::Store store = atlas::create(path_of("store"));
    atlas::Dataset dataset = store.create_dataset("d");
    int made = 0; // by written()

    atlas::Array array(const char *name, const Shape &shape) { return dataset.define_array<double>(name, {}, shape); }
};

// 10 * row + column, in any type that is indexed by both.
template <class M> M numbered(M matrix, int rows, int columns) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) matrix(Index(i), Index(j)) = static_cast<short>(10 * i + j);
    return matrix;
}

// What `values` leave in an array of the shape.
template <class V> Doubles written(Fixture &fixture, const Shape &shape, V &&values) {
    atlas::Array array = fixture.array(("written " + std::to_string(fixture.made++)).c_str(), shape);
    array.write(std::forward<V>(values));
    return array.read<double>();
}

const Doubles all = {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23};

} // namespace

// ---- Eigen ----

static_assert(atlas::is_source<MatrixXd> && atlas::is_source<const RowMajor &> && atlas::is_source<VectorXd>);
static_assert(atlas::is_target<MatrixXd &> && atlas::is_target<VectorXd &> && !atlas::is_target<const MatrixXd &>);
static_assert(atlas::is_target<Eigen::Block<MatrixXd>> && !atlas::is_target<Eigen::Block<const MatrixXd>>);
static_assert(atlas::is_source<Eigen::Ref<const MatrixXd>> && !atlas::is_target<Eigen::Ref<const MatrixXd>>);
static_assert(!atlas::is_source<decltype(std::declval<MatrixXd &>() * 2.0)>);
static_assert(!atlas::is_source<decltype(std::declval<VectorXd &>().reverse())>);
static_assert(!atlas::is_source<Eigen::SparseMatrix<double>> && !atlas::is_source<Eigen::Matrix<char, 2, 2>>);

TEST(rows_columns_and_maps_of_eigen) {
    Fixture fixture;
    const auto both = [&](const auto &m) {
        CHECK_EQUAL(written(fixture, {4}, m.row(1)), (Doubles{10, 11, 12, 13}));
        CHECK_EQUAL(written(fixture, {3}, m.col(1)), (Doubles{1, 11, 21}));
        CHECK_EQUAL(written(fixture, {1, 4}, m.row(2)), (Doubles{20, 21, 22, 23}));
        CHECK_EQUAL(written(fixture, {2, 1, 2}, m.row(1)), (Doubles{10, 11, 12, 13}));
        CHECK_EQUAL(written(fixture, {2}, m.row(2).segment(1, 2)), (Doubles{21, 22}));
        CHECK_EQUAL(written(fixture, {3}, m.matrix().diagonal()), (Doubles{0, 11, 22}));
        CHECK_EQUAL(written(fixture, {3, 4}, m), all);
        CHECK_EQUAL(written(fixture, {4, 3}, m.transpose()), (Doubles{0, 10, 20, 1, 11, 21, 2, 12, 22, 3, 13, 23}));
        CHECK_EQUAL(written(fixture, {2, 2}, m.block(1, 2, 2, 2)), (Doubles{12, 13, 22, 23}));
        CHECK_EQUAL(written(fixture, {1, 4}, m.middleRows(1, 1)), (Doubles{10, 11, 12, 13}));
        CHECK_EQUAL(written(fixture, {3, 0}, m.leftCols(0)), Doubles{});
        CHECK_EQUAL(written(fixture, {0}, m.row(1).head(0)), Doubles{});
    };
    both(numbered(MatrixXd(3, 4), 3, 4));
    both(numbered(RowMajor(3, 4), 3, 4));
    both(numbered(Eigen::ArrayXXd(3, 4), 3, 4));
    both(numbered(Eigen::Matrix<double, 3, 4>(), 3, 4));
    both(numbered(Eigen::MatrixXf(3, 4), 3, 4));

    MatrixXd m = numbered(MatrixXd(3, 4), 3, 4);
    const Eigen::Map<VectorXd, 0, Eigen::InnerStride<2>> every_second(m.data(), 6);
    CHECK_EQUAL(written(fixture, {6}, every_second), (Doubles{0, 20, 11, 2, 22, 13}));
    const Eigen::Map<VectorXd, 0, Eigen::InnerStride<>> backwards(m.data() + 11, 12, Eigen::InnerStride<>(-1));
    CHECK_EQUAL(written(fixture, {12}, backwards)[0], 23.0);
    const Eigen::Map<MatrixXd, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>> apart(m.data(), 2, 2, {6, 2});
    CHECK_EQUAL(written(fixture, {2, 2}, apart), (Doubles{0, 2, 20, 22}));
    const Eigen::Ref<const MatrixXd> reference = m.bottomRows(2);
    CHECK_EQUAL(written(fixture, {2, 4}, reference), (Doubles{10, 11, 12, 13, 20, 21, 22, 23}));
    CHECK_EQUAL(written(fixture, {2, 2}, Eigen::Vector4d(1, 2, 3, 4)), (Doubles{1, 2, 3, 4}));
    CHECK_EQUAL(written(fixture, {4}, VectorXd::LinSpaced(8, 0, 7).eval().segment(2, 4)), (Doubles{2, 3, 4, 5}));

    atlas::Array a = fixture.array("a", {3, 4});
    CHECK_THROWS(invalid_argument, ("'a'", "[4, 3]", "[3, 4]"), a.write(MatrixXd(4, 3)));
    CHECK_THROWS(invalid_argument, ("'a'", "4 values", "[3, 4]"), a.write(m.row(1)));
    CHECK_EQUAL(a.read<double>(), Doubles(12));
}

TEST(reading_into_eigen) {
    Fixture fixture;
    atlas::Array row = fixture.array("row", {4});
    row.write({1, 2, 3, 4});
    const auto reread = [&](auto matrix) {
        matrix.setZero();
        row.read_into(matrix.row(1));
        for (Index i = 0; i < 3; i++)
            for (Index j = 0; j < 4; j++) CHECK_EQUAL(matrix(i, j), i == 1 ? double(j + 1) : 0);
        atlas::Array two = fixture.array(("two" + std::to_string(matrix.IsRowMajor)).c_str(), {2, 2});
        two.write({5, 6, 7, 8});
        two.read_into(matrix.block(1, 2, 2, 2));
        CHECK(matrix.row(0).isZero() && matrix(1, 1) == 2.0 && matrix(2, 1) == 0.0);
        CHECK(matrix(1, 2) == 5.0 && matrix(1, 3) == 6.0 && matrix(2, 2) == 7.0 && matrix(2, 3) == 8.0);
        two.read_into(matrix.topLeftCorner(2, 2).transpose());
        CHECK(matrix(0, 1) == 7.0 && matrix(1, 0) == 6.0);
    };
    reread(MatrixXd(3, 4));
    reread(RowMajor(3, 4));
    VectorXd vector(4);
    row.read_into(vector);
    CHECK(vector == VectorXd::LinSpaced(4, 1, 4));
    VectorXd three(3);
    CHECK_THROWS(invalid_argument, ("'row'", "3 values", "[4]"), row.read_into(three));
}

TEST(appending_and_attributes_of_eigen) {
    Fixture fixture;
    const MatrixXd m = numbered(MatrixXd(3, 4), 3, 4);
    atlas::Array series = fixture.array("series", {0, 3, 4});
    series.append(m); // one time
    CHECK_EQUAL(series.shape(), (Shape{1, 3, 4}));
    CHECK_EQUAL(series.read<double>(), all);
    CHECK_THROWS(invalid_argument, ("'series'", "[4, 3]", "[1, 3, 4]"), series.append(m.transpose()));
    atlas::Array rows = fixture.array("rows", {0, 4});
    rows.append(m);
    rows.append(m.row(1));
    rows.append(m.topRows(0));
    CHECK_EQUAL(rows.shape(), (Shape{4, 4}));
    CHECK_EQUAL(rows.read<double>({{3, 0}, {}}), (Doubles{10, 11, 12, 13}));
    CHECK_THROWS(invalid_argument, ("'rows'", "3 values"), rows.append(m.col(1)));
    atlas::Array line = fixture.array("line", {0});
    line.append(m.row(2));
    line.append(m.row(2).head(0));
    CHECK_EQUAL(line.read<double>(), (Doubles{20, 21, 22, 23}));

    const atlas::Attributes attributes = fixture.dataset.attributes();
    attributes.set("row", m.row(1));
    CHECK_EQUAL(attributes.get<Doubles>("row"), (Doubles{10, 11, 12, 13}));
    attributes.set("vector", Eigen::Vector3i(1, 2, 3));
    CHECK_EQUAL(attributes.get<std::vector<int>>("vector"), (std::vector<int>{1, 2, 3}));
    CHECK_EQUAL(attributes.info("vector").dtype, atlas::DType::i32);
    Eigen::Matrix<bool, 2, 2> flags;
    flags << true, false, false, true;
    attributes.set("flags", flags.row(1));
    CHECK(attributes.get<std::vector<bool>>("flags") == (std::vector<bool>{false, true}));
    CHECK_THROWS(invalid_argument, ("'matrix'", "[3, 4]"), attributes.set("matrix", m));
}

TEST(across_datasets_into_eigen) {
    Fixture fixture;
    const char *const names[] = {"one", "two"};
    for (const char *name : names)
        fixture.store.create_dataset(name).define_array<double>("x", {}, {3}).write({1, 2, 3});
    RowMajor stacked(2, 3);
    fixture.store.read_across_into(stacked, "x", names);
    CHECK(stacked(0, 1) == 2.0 && stacked(1, 0) == 1.0 && stacked(1, 2) == 3.0);
    VectorXd flat(6);
    fixture.store.read_across_into(flat, "x", names);
    CHECK_EQUAL(flat(5), 3.0);
    MatrixXd columns = MatrixXd::Zero(2, 3);
    CHECK_THROWS(invalid_argument, ("[1, 2]", "contiguous"), fixture.store.read_across_into(columns, "x", names));
    CHECK(columns.isZero());
}

// ---- xtensor ----

static_assert(atlas::is_source<xt::xarray<double>> && atlas::is_target<xt::xarray<float> &>);
static_assert(!atlas::is_target<const xt::xarray<double> &>);
static_assert(!atlas::is_source<decltype(std::declval<xt::xarray<double> &>() + 1.0)>);

TEST(views_and_orders_of_xtensor) {
    Fixture fixture;
    const auto both = [&](const auto &m) {
        CHECK_EQUAL(written(fixture, {3, 4}, m), all);
        CHECK_EQUAL(written(fixture, {3}, xt::view(m, xt::all(), 1)), (Doubles{1, 11, 21}));
        CHECK_EQUAL(written(fixture, {4}, xt::view(m, 1, xt::all())), (Doubles{10, 11, 12, 13}));
        CHECK_EQUAL(written(fixture, {2, 2}, xt::view(m, 1, xt::all())), (Doubles{10, 11, 12, 13}));
        CHECK_EQUAL(written(fixture, {2, 2}, xt::view(m, xt::range(1, 3), xt::range(0, 4, 2))),
                    (Doubles{10, 12, 20, 22}));
        CHECK_EQUAL(written(fixture, {2, 4}, xt::strided_view(m, {xt::range(1, 3), xt::all()})),
                    (Doubles{10, 11, 12, 13, 20, 21, 22, 23}));
        CHECK_EQUAL(
            written(fixture, {4}, xt::strided_view(m, {2, xt::range(xt::placeholders::_, xt::placeholders::_, -1)})),
            (Doubles{23, 22, 21, 20}));
        CHECK_EQUAL(written(fixture, {4, 3}, xt::transpose(m)), (Doubles{0, 10, 20, 1, 11, 21, 2, 12, 22, 3, 13, 23}));
    };
    using Dimensions = std::vector<std::size_t>;
    both(numbered(xt::xarray<double>(Dimensions{3, 4}), 3, 4));
    both(numbered(xt::xarray<double, xt::layout_type::column_major>(Dimensions{3, 4}), 3, 4));
    both(numbered(xt::xtensor<float, 2>(std::array<std::size_t, 2>{3, 4}), 3, 4));
    both(numbered(xt::xtensor<double, 2, xt::layout_type::column_major>(std::array<std::size_t, 2>{3, 4}), 3, 4));

    Doubles memory = {1, 2, 3, 4, 5, 6};
    CHECK_EQUAL(written(fixture, {2, 3}, xt::adapt(memory, std::vector<std::size_t>{2, 3})), memory);
    CHECK_EQUAL(written(fixture, {2, 3}, xt::xarray<double>(xt::adapt(memory))), memory);
    atlas::Array a = fixture.array("a", {2, 3});
    CHECK_THROWS(invalid_argument, ("'a'", "[3, 2]", "[2, 3]"),
                 a.write(xt::adapt(memory, std::vector<std::size_t>{3, 2})));
    fixture.array("scalar", {}).write(xt::xarray<double>(7.0));
    CHECK_EQUAL(fixture.dataset["scalar"].read<double>(), Doubles{7});
}

TEST(reading_into_xtensor) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {3});
    a.write({1, 2, 3});
    const auto reread = [&](auto m) {
        m.fill(0);
        a.read_into(xt::view(m, xt::all(), 2));
        for (std::size_t i = 0; i < 3; i++)
            for (std::size_t j = 0; j < 4; j++) CHECK_EQUAL(m(i, j), j == 2 ? double(i + 1) : 0);
        a.read_into(xt::view(m, 1, xt::range(1, 4)));
        CHECK(m(1, 0) == 0.0 && m(1, 1) == 1.0 && m(1, 3) == 3.0 && m(2, 0) == 0.0 && m(0, 0) == 0.0);
    };
    const std::vector<std::size_t> shape = {3, 4};
    reread(xt::xarray<double>(shape));
    reread(xt::xarray<double, xt::layout_type::column_major>(shape));
}

// ---- Armadillo ----

static_assert(atlas::is_source<arma::mat> && atlas::is_target<arma::fmat &> && atlas::is_source<arma::cube>);
static_assert(!atlas::is_target<const arma::mat &> && !atlas::is_source<arma::sp_mat>);
static_assert(!atlas::is_source<decltype(std::declval<arma::mat &>().row(0))>);
static_assert(!atlas::is_source<decltype(std::declval<arma::mat &>().submat(0, 0, 1, 1))>);

TEST(matrices_and_cubes_of_armadillo) {
    Fixture fixture;
    arma::mat m(3, 4);
    for (arma::uword i = 0; i < 3; i++)
        for (arma::uword j = 0; j < 4; j++) m(i, j) = double(10 * i + j);
    CHECK_EQUAL(written(fixture, {3, 4}, m), all);
    CHECK_EQUAL(written(fixture, {4}, arma::rowvec(m.row(1))), (Doubles{10, 11, 12, 13}));
    CHECK_EQUAL(written(fixture, {3}, arma::vec(m.col(1))), (Doubles{1, 11, 21}));
    arma::cube cube(2, 3, 4);
    for (arma::uword i = 0; i < 2; i++)
        for (arma::uword j = 0; j < 3; j++)
            for (arma::uword k = 0; k < 4; k++) cube(i, j, k) = double(12 * i + 4 * j + k);
    Doubles counted(24);
    std::iota(counted.begin(), counted.end(), 0.0);
    CHECK_EQUAL(written(fixture, {2, 3, 4}, cube), counted);

    atlas::Array a = fixture.array("a", {3, 4});
    a.write(all);
    arma::mat back(3, 4);
    a.read_into(back);
    CHECK(arma::approx_equal(back, m, "absdiff", 0));
    CHECK_THROWS(invalid_argument, ("'a'", "[4, 3]", "[3, 4]"), a.write(arma::mat(4, 3)));
    fixture.dataset.attributes().set("range", arma::vec{1, 2});
    CHECK_EQUAL(fixture.dataset.attributes().get<Doubles>("range"), (Doubles{1, 2}));
}

// ---- one time of an array with times ----

TEST(slices_in_memory_of_every_library) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {2, 3, 4});
    const atlas::Region slice = {{1, 0, 0}, {1, 3, 4}}, middle = {{1, 1, 0}, {1, 1, 4}};
    const auto through = [&](const auto &from, auto to) {
        a.write(Doubles(24));
        a.write(from, slice);
        CHECK_EQUAL(a.read<double>(slice), all);
        CHECK_EQUAL(a.read<double>({{}, {1, 3, 4}}), Doubles(12));
        a.read_into(to, slice);
        for (Index i = 0; i < 3; i++)
            for (Index j = 0; j < 4; j++) CHECK_EQUAL(double(to(i, j)), double(10 * i + j));
    };
    through(numbered(MatrixXd(3, 4), 3, 4), MatrixXd(3, 4));
    through(numbered(RowMajor(3, 4), 3, 4), Eigen::ArrayXXf(3, 4));
    const std::vector<std::size_t> shape = {3, 4};
    through(numbered(xt::xarray<double>(shape), 3, 4), xt::xarray<double, xt::layout_type::column_major>(shape));
    a.write(Doubles(24));
    arma::mat m(3, 4);
    for (arma::uword i = 0; i < 3; i++)
        for (arma::uword j = 0; j < 4; j++) m(i, j) = double(10 * i + j);
    a.write(m, slice);
    CHECK_EQUAL(a.read<double>(slice), all);
    arma::mat back(3, 4);
    a.read_into(back, slice);
    CHECK(arma::approx_equal(back, m, "absdiff", 0));

    MatrixXd big = MatrixXd::Zero(5, 6);
    a.read_into(big.block(1, 1, 3, 4), slice);
    CHECK(big.block(1, 1, 3, 4) == numbered(MatrixXd(3, 4), 3, 4) && big.row(4).isZero() && big.col(0).isZero());
    a.read_into(big.row(0).head(4), middle);
    CHECK(big(0, 0) == 10.0 && big(0, 3) == 13.0 && big(0, 4) == 0.0);
    auto field = xt::xarray<double>::from_shape(std::vector<std::size_t>{2, 3, 4});
    field.fill(0);
    a.read_into(xt::view(field, 1, xt::all(), xt::all()), slice);
    CHECK(field(0, 2, 3) == 0.0 && field(1, 0, 0) == 0.0 && field(1, 2, 3) == 23.0);
    CHECK_THROWS(invalid_argument, ("'a'", "[4, 3]", "[1, 3, 4]"), a.write(MatrixXd(4, 3), slice));
}

TEST(ranges_of_vectors) {
    Fixture fixture;
    std::vector<Eigen::Vector3d> points = {{1, 2, 3}, {4, 5, 6}};
    CHECK_EQUAL(written(fixture, {2, 3}, points), (Doubles{1, 2, 3, 4, 5, 6}));
    atlas::Array a = fixture.array("a", {2, 3});
    a.write({6, 5, 4, 3, 2, 1});
    a.read_into(points);
    CHECK(points[0] == Eigen::Vector3d(6, 5, 4) && points[1] == Eigen::Vector3d(3, 2, 1));
    const std::vector<MatrixXd> matrices(2, numbered(MatrixXd(3, 4), 3, 4)); // column-major
    Doubles twice = all;
    twice.insert(twice.end(), all.begin(), all.end());
    CHECK_EQUAL(written(fixture, {2, 3, 4}, matrices), twice);
    const std::vector<MatrixXd> uneven = {MatrixXd(3, 4), MatrixXd(3, 5)};
    CHECK_THROWS(invalid_argument, ("'a'", "row [1] has 5", "first has 4"), a.write(uneven));
}

// ---- ranges that are not what they seem ----

namespace {

// Every `step`th element from `first` on, of memory whose beginning data() gives.
template <class T> class Every {
  public:
    class iterator {
      public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using pointer = T *;
        using reference = T &;
        using iterator_category = std::forward_iterator_tag;
        iterator(T *at, std::ptrdiff_t step) : at_(at), step_(step) {}
        T &operator*() const { return *at_; }
        iterator &operator++() {
            at_ += step_;
            return *this;
        }
        bool operator!=(const iterator &other) const { return at_ != other.at_; }

      private:
        T *at_;
        std::ptrdiff_t step_;
    };

    Every(T *memory, std::ptrdiff_t first, std::ptrdiff_t step, std::size_t size)
        : memory_(memory), first_(first), step_(step), size_(size) {}
    iterator begin() const { return {memory_ + first_, step_}; }
    iterator end() const { return {memory_ + first_ + step_ * std::ptrdiff_t(size_), step_}; }
    T *data() const { return memory_; }
    std::size_t size() const { return size_; }

  private:
    T *memory_;
    std::ptrdiff_t first_, step_;
    std::size_t size_;
};

// Elements of which no iterator says in which order rows and columns come.
struct Grid {
    double cells[4];
    double *begin() { return cells; }
    double *end() { return cells + 4; }
    int rows() const { return 2; }
    int cols() const { return 2; }
};
struct MemberGrid {
    double cells[4];
    int n_rows, n_cols;
    double *begin() { return cells; }
    double *end() { return cells + 4; }
};
static_assert(!atlas::is_source<Grid> && !atlas::is_target<Grid &>);
static_assert(!atlas::is_source<MemberGrid> && !atlas::is_target<MemberGrid &>);

} // namespace

TEST(ranges_whose_data_is_elsewhere) {
    Fixture fixture;
    atlas::Array a = fixture.array("a", {3});
    Doubles memory = {1, 2, 3, 4, 5, 6};
    using View = Every<double>;
    a.write(View(memory.data(), 0, 1, 3));
    CHECK_EQUAL(a.read<double>(), (Doubles{1, 2, 3}));
    const auto refused = [&](const View &view) {
        CHECK_THROWS(invalid_argument, ("'a'", "'d'", "3 values", "not contiguous"), a.write(view));
        CHECK_THROWS(invalid_argument, ("'a'", "not contiguous"), a.read_into(view));
        CHECK_THROWS(invalid_argument, ("'a'", "not contiguous"), a.append(view));
        CHECK_THROWS(invalid_argument, ("not contiguous"), fixture.dataset.attributes().set("key", view));
    };
    refused(View(memory.data(), 0, 2, 3));
    refused(View(memory.data(), 1, 1, 3));
    refused(View(memory.data(), 2, -1, 3));
    CHECK_EQUAL(a.read<double>(), (Doubles{1, 2, 3}));
    CHECK_EQUAL(memory, (Doubles{1, 2, 3, 4, 5, 6}));
    a.append(View(memory.data(), 5, 2, 0));
    CHECK_EQUAL(a.shape(), Shape{3});
}

// Numbers that mean times lie in such memory as well.
TEST(times_in_rows_that_lie_apart) {
    const auto expect = [](const auto &days) {
        const std::vector<atlas::DateTime> dates = atlas::decode_time(days, "days since 2000-01-01", "noleap");
        CHECK_EQUAL(dates.size(), 4u);
        for (std::size_t i = 0; i < 4; i++) CHECK((dates[i] == atlas::DateTime{2000, 1, int(11 + i)}));
    };
    expect(numbered(MatrixXd(3, 4), 3, 4).row(1));
    expect(numbered(RowMajor(3, 4), 3, 4).row(1));
    const auto m = numbered(xt::xarray<double>(std::vector<std::size_t>{3, 4}), 3, 4);
    expect(xt::view(m, 1, xt::all()));
    expect(arma::rowvec{10, 11, 12, 13});
    CHECK_THROWS(invalid_argument, ("list", "[3, 4]"), (void)atlas::decode_time(m, "days since 2000-01-01"));
    Doubles memory = {10, 0, 11};
    CHECK_THROWS(invalid_argument, ("not contiguous"),
                 (void)atlas::decode_time(Every<double>(memory.data(), 0, 2, 2), "days since 2000-01-01"));
    std::vector<atlas::DateTime> dates(3);
    CHECK_THROWS(
        invalid_argument, ("not contiguous"),
        (void)atlas::encode_time<double>(Every<atlas::DateTime>(dates.data(), 0, 2, 2), "days since 2000-01-01"));
}

int main() { return check::run(); }
