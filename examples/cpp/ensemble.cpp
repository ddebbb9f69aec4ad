// An ensemble of runs of a finite-volume model, one dataset each, and the questions that need all of them at once.
//
//     ensemble [--output FOLDER] [--members N] [--grid N] [--until TIME] [--threads N]
//
// The model solves the Euler equations of a gas in two dimensions,
//
//     d/dt (rho, rho u, rho v, E) + d/dx F + d/dy G = 0,
//
// in a doubly periodic unit square: a dense stripe that moves right between thinner gas that moves left. Where they
// meet, small ripples grow into billows (the Kelvin-Helmholtz instability). In space: piecewise linear with the minmod
// limiter, and the HLLC flux through each face; in time: Heun's method. What leaves a cell through a face enters its
// neighbour, so mass, momentum and energy are kept up to rounding.
//
// Each member of the ensemble starts with ripples of its own. Threads share the members among them and write into one
// store at the same time: each appends its fields as it computes them, out of memory with a halo, with no copy between.
//
// The second half opens the store for reading, takes one variable across all members in one call, and holds what it
// finds against what the models computed: every bit of it, the conservation laws, and the statistics that the store
// keeps. Any difference ends the program with a failing exit code.
#include <atlas.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr double gamma_gas = 1.4;   // ratio of specific heats
constexpr double pressure = 2.5;    // everywhere at first
constexpr double courant = 0.4;     // of the time step
constexpr int outputs = 8;          // after the initial state, evenly in time
constexpr double tolerance = 1e-11; // relative, of what is conserved

// ---- the model ----

constexpr int halo = 2;
constexpr const char *variables[] = {"density", "momentum_x", "momentum_y", "energy"};
enum Variable { density, momentum_x, momentum_y, energy, variable_count };

using Cell = std::array<double, variable_count>;

double pressure_of(const Cell &c) {
    const double kinetic = (c[momentum_x] * c[momentum_x] + c[momentum_y] * c[momentum_y]) / (2 * c[density]);
    return (gamma_gas - 1) * (c[energy] - kinetic);
}

double sound_speed(const Cell &c) { return std::sqrt(gamma_gas * pressure_of(c) / c[density]); }

double minmod(double a, double b) { return a * b <= 0 ? 0 : std::abs(a) < std::abs(b) ? a : b; }

// What flows through a face per time, `along` being the momentum across the face.
Cell flux_of(const Cell &c, Variable along) {
    const double speed = c[along] / c[density], p = pressure_of(c);
    Cell f = {c[density] * speed, c[momentum_x] * speed, c[momentum_y] * speed, (c[energy] + p) * speed};
    f[along] += p;
    return f;
}

// The HLLC flux: four states behind three waves, of which the middle one carries contact and shear.
Cell hllc_flux(const Cell &left, const Cell &right, Variable along) {
    const double u_left = left[along] / left[density], u_right = right[along] / right[density];
    const double c_left = sound_speed(left), c_right = sound_speed(right);
    const double slow = std::min(u_left - c_left, u_right - c_right);
    const double fast = std::max(u_left + c_left, u_right + c_right);
    if (slow >= 0) return flux_of(left, along);
    if (fast <= 0) return flux_of(right, along);
    const double mass_left = left[density] * (slow - u_left), mass_right = right[density] * (fast - u_right);
    const double p_left = pressure_of(left), p_right = pressure_of(right);
    const double middle = (p_right - p_left + mass_left * u_left - mass_right * u_right) / (mass_left - mass_right);

    const bool on_left = middle >= 0;
    const Cell &side = on_left ? left : right;
    const double wave = on_left ? slow : fast, u = on_left ? u_left : u_right;
    const double mass = on_left ? mass_left : mass_right, p = on_left ? p_left : p_right;
    const double squeeze = (wave - u) / (wave - middle);
    Cell star;
    for (int k = 0; k < variable_count; k++) star[k] = side[k] * squeeze;
    star[along] = side[density] * squeeze * middle;
    star[energy] += squeeze * (middle - u) * (side[density] * middle + p * side[density] / mass);
    Cell f = flux_of(side, along);
    for (int k = 0; k < variable_count; k++) f[k] += wave * (star[k] - side[k]);
    return f;
}

// One field of n x n cells inside a halo of periodic copies.
class Field {
  public:
    explicit Field(int n) : pitch_(n + 2 * halo), values_(static_cast<std::size_t>(pitch_ * pitch_)) {}

    double &operator()(int y, int x) { return values_[index(y, x)]; }
    double operator()(int y, int x) const { return values_[index(y, x)]; }

    // The cells without their halo, where they lie.
    atlas::Strided<const double> inside() const { return {&values_[index(0, 0)], {pitch_, 1}}; }

    void wrap() {
        const int n = pitch_ - 2 * halo;
        for (int y = -halo; y < n + halo; y++)
            for (int x = -halo; x < n + halo; x++)
                if (y < 0 || y >= n || x < 0 || x >= n) (*this)(y, x) = (*this)((y + n) % n, (x + n) % n);
    }

  private:
    std::size_t index(int y, int x) const { return static_cast<std::size_t>((y + halo) * pitch_ + x + halo); }

    int pitch_;
    std::vector<double> values_;
};

using State = std::array<Field, variable_count>;

class Model {
  public:
    Model(int n, unsigned seed) : n_(n), now_{Field(n), Field(n), Field(n), Field(n)}, stage_(now_), change_(now_) {
        std::mt19937 random(seed);
        const auto uniform = [&](double low, double high) { return low + (high - low) * (random() / 4294967296.0); };
        const double pi = std::acos(-1.0);
        std::array<double, 3> amplitude, phase;
        for (double &a : amplitude) a = uniform(0.005, 0.02);
        for (double &p : phase) p = uniform(0, 2 * pi);
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
                const double at_x = (x + 0.5) / n, at_y = (y + 0.5) / n;
                // from 0 outside the stripe to 1 inside, over a few cells
                const double inside = 0.5 * (std::tanh((at_y - 0.25) / 0.03) - std::tanh((at_y - 0.75) / 0.03));
                const double rho = 1 + inside, u = inside - 0.5;
                double v = 0; // at the edges of the stripe
                for (std::size_t wave = 0; wave < amplitude.size(); wave++)
                    v += amplitude[wave] * std::sin(2 * pi * (wave + 1.0) * at_x + phase[wave]);
                v *= std::exp(-std::pow((at_y - 0.25) / 0.1, 2)) + std::exp(-std::pow((at_y - 0.75) / 0.1, 2));
                now_[density](y, x) = rho;
                now_[momentum_x](y, x) = rho * u;
                now_[momentum_y](y, x) = rho * v;
                now_[energy](y, x) = pressure / (gamma_gas - 1) + rho * (u * u + v * v) / 2;
            }
        }
    }

    // Steps until `time`, exactly.
    void advance(double time) {
        while (time_ < time) {
            double fastest = 0;
            for (int y = 0; y < n_; y++) {
                for (int x = 0; x < n_; x++) {
                    const Cell c = cell(now_, y, x);
                    const double flow = std::max(std::abs(c[momentum_x]), std::abs(c[momentum_y])) / c[density];
                    fastest = std::max(fastest, flow + sound_speed(c));
                }
            }
            if (!std::isfinite(fastest)) throw std::runtime_error("the model has become unstable");
            const double dt = std::min(courant / (n_ * fastest), time - time_);
            work_out_change(now_);
            combine(stage_, [&](int k, int y, int x) { return now_[k](y, x) + dt * change_[k](y, x); });
            work_out_change(stage_);
            combine(now_, [&](int k, int y, int x) {
                return 0.5 * (now_[k](y, x) + stage_[k](y, x) + dt * change_[k](y, x));
            });
            time_ = dt < time - time_ ? time_ + dt : time;
        }
    }

    const Field &operator[](int variable) const { return now_[variable]; }

  private:
    static Cell cell(const State &s, int y, int x) {
        return {s[density](y, x), s[momentum_x](y, x), s[momentum_y](y, x), s[energy](y, x)};
    }

    template <class Value> void combine(State &into, const Value &value) {
        for (int k = 0; k < variable_count; k++)
            for (int y = 0; y < n_; y++)
                for (int x = 0; x < n_; x++) into[k](y, x) = value(k, y, x);
    }

    // Puts the change of every cell per time into change_: what flows in through its faces less what flows out.
    void work_out_change(State &from) {
        for (int k = 0; k < variable_count; k++) {
            from[k].wrap();
            change_[k] = Field(n_);
        }
        for (const Variable along : {momentum_x, momentum_y}) {
            const int dx = along == momentum_x, dy = along == momentum_y;
            for (int y = 0; y < n_; y++) {
                for (int x = 0; x < n_; x++) { // the face between this cell and the one before it
                    Cell left, right;
                    for (int k = 0; k < variable_count; k++) {
                        const double a = from[k](y - 2 * dy, x - 2 * dx), b = from[k](y - dy, x - dx);
                        const double c = from[k](y, x), d = from[k](y + dy, x + dx);
                        left[k] = b + 0.5 * minmod(b - a, c - b);
                        right[k] = c - 0.5 * minmod(c - b, d - c);
                    }
                    const Cell flux = hllc_flux(left, right, along);
                    for (int k = 0; k < variable_count; k++) {
                        change_[k](y, x) += n_ * flux[k];
                        change_[k]((y - dy + n_) % n_, (x - dx + n_) % n_) -= n_ * flux[k];
                    }
                }
            }
        }
    }

    int n_;
    double time_ = 0;
    State now_, stage_, change_;
};

// ---- writing ----

struct Options {
    std::string output = "ensemble.atlas";
    int members = 12, grid = 48, threads = 0;
    double until = 2.0;
};

// The last state of a member as the model has it, to be found again in the store.
using LastState = std::array<std::vector<double>, variable_count>;

std::string member_name(int member) {
    char name[32];
    std::snprintf(name, sizeof name, "member-%03d", member);
    return name;
}

LastState run_member(const atlas::Dataset &dataset, const Options &options, unsigned seed) {
    const int n = options.grid;
    Model model(n, seed);
    dataset.attributes().set("seed", seed);
    dataset.attributes().set("ratio_of_specific_heats", gamma_gas);
    const atlas::Array time = dataset.define_array<double>("time", {"time"}, {0});
    std::vector<atlas::Array> fields;
    for (const char *name : variables)
        fields.push_back(dataset.define_array<double>(name, {"time", "y", "x"}, {0, n, n}));

    for (int output = 0; output <= outputs; output++) {
        const double now = options.until * output / outputs;
        model.advance(now);
        time.append(now);
        for (int k = 0; k < variable_count; k++) fields[k].append(model[k].inside());
    }

    LastState last;
    for (int k = 0; k < variable_count; k++)
        for (int y = 0; y < n; y++)
            for (int x = 0; x < n; x++) last[k].push_back(model[k](y, x));
    return last;
}

std::vector<LastState> run_ensemble(const Options &options) {
    std::vector<LastState> last(options.members);
    atlas::create(options.output, [&](atlas::Store &store) {
        // the order of the datasets is that of their creation, so it is not left to the threads
        for (int m = 0; m < options.members; m++) store.create_dataset(member_name(m));

        std::atomic<int> next{0};
        std::vector<std::exception_ptr> failures(options.threads);
        std::vector<std::thread> threads;
        for (int t = 0; t < options.threads; t++) {
            threads.emplace_back([&, t] {
                try {
                    for (int m; (m = next++) < options.members;)
                        last[m] = run_member(store[member_name(m)], options, 1000u + m);
                } catch (...) {
                    failures[t] = std::current_exception();
                    next = options.members;
                }
            });
        }
        for (std::thread &thread : threads) thread.join();
        for (const std::exception_ptr &failure : failures)
            if (failure) std::rethrow_exception(failure);
    }); // one commit of the whole ensemble: one file for each variable, however many members
    return last;
}

// ---- reading ----

[[noreturn]] void disagree(const std::string &what) { throw std::runtime_error("disagreement: " + what); }

struct Spread {
    double mean = 0, deviation = 0;
};

Spread spread_of(const std::vector<double> &values) {
    Spread spread;
    for (const double value : values) spread.mean += value / static_cast<double>(values.size());
    for (const double value : values) spread.deviation += (value - spread.mean) * (value - spread.mean);
    if (values.size() > 1) spread.deviation = std::sqrt(spread.deviation / static_cast<double>(values.size() - 1));
    return spread;
}

// Sums with the rounding error carried along (Neumaier), so that the check is of the model and not of the sum.
double sum_of(const double *values, std::size_t count) {
    double sum = 0, lost = 0;
    for (std::size_t i = 0; i < count; i++) {
        const double next = sum + values[i];
        lost += std::abs(sum) >= std::abs(values[i]) ? (sum - next) + values[i] : (values[i] - next) + sum;
        sum = next;
    }
    return sum + lost;
}

void check_ensemble(const Options &options, const std::vector<LastState> &computed) {
    const atlas::Store store = atlas::open(options.output);
    const std::vector<std::string> names = store.dataset_names();
    const std::size_t members = names.size(), cells = static_cast<std::size_t>(options.grid) * options.grid;
    const std::size_t times = outputs + 1;
    if (members != computed.size()) disagree(std::to_string(members) + " members are in the store");

    // The last state, one variable across all members in one call: as the models left it, bit for bit.
    for (int k = 0; k < variable_count; k++) {
        const std::vector<double> last = store.read_across<double>(variables[k], names, {{outputs, 0, 0}, {}});
        for (std::size_t m = 0; m < members; m++)
            if (std::memcmp(&last[m * cells], computed[m][k].data(), cells * sizeof(double)) != 0)
                disagree(std::string(variables[k]) + " of " + names[m] + " is not what the model computed");
    }

    // All times of all members: what is conserved, and the statistics that the store keeps of each array.
    std::map<std::string, std::vector<double>> all; // [member][time][cell]
    double worst = 0;
    for (const char *variable : variables) {
        const std::vector<double> &values = all[variable] = store.read_across<double>(variable, names);
        for (std::size_t m = 0; m < members; m++) {
            const double *const of_member = &values[m * times * cells];
            double magnitude = 0;
            for (std::size_t i = 0; i < cells; i++) magnitude += std::abs(of_member[i]);
            const double at_first = sum_of(of_member, cells);
            for (std::size_t t = 1; t < times; t++) {
                const double drift = std::abs(sum_of(of_member + t * cells, cells) - at_first) / magnitude;
                worst = std::max(worst, drift);
                if (!(drift < tolerance)) disagree(std::string(variable) + " of " + names[m] + " is not conserved");
            }
            const auto [low, high] = std::minmax_element(of_member, of_member + times * cells);
            const atlas::Stats<double> stats = store[names[m]][variable].stats();
            if (stats.min != *low || stats.max != *high || stats.row_count != times * cells)
                disagree("statistics of " + std::string(variable) + " of " + names[m]);
        }
    }

    // How the billows grow: the kinetic energy across the stripe, in each member.
    const std::vector<double> time = store[names[0]]["time"].read<double>();
    std::printf("%8s  %28s\n", "time", "transverse kinetic energy");
    std::vector<double> first, last;
    for (std::size_t t = 0; t < times; t++) {
        std::vector<double> energies(members);
        for (std::size_t m = 0; m < members; m++) {
            const double *const rho = &all["density"][(m * times + t) * cells];
            const double *const momentum = &all["momentum_y"][(m * times + t) * cells];
            for (std::size_t i = 0; i < cells; i++)
                energies[m] += momentum[i] * momentum[i] / (2 * rho[i]) / static_cast<double>(cells);
        }
        const Spread spread = spread_of(energies);
        std::printf("%8.3f  %13.6e +- %.3e\n", time[t], spread.mean, spread.deviation);
        (t == 0 ? first : last) = energies;
    }
    if (options.until >= 1.5 && options.grid >= 32) // sooner the ripples only settle, and coarser cells smooth them out
        for (std::size_t m = 0; m < members; m++)
            if (!(last[m] > first[m])) disagree("no instability in " + names[m]);

    std::printf("%zu members of %zu times of %d x %d cells: all values as computed, mass, momentum and energy kept to "
                "%.0e\n",
                members, times, options.grid, options.grid, worst);
}

// ---- command line ----

[[noreturn]] void usage(const std::string &complaint) {
    std::fprintf(stderr,
                 "ensemble: %s\nusage: ensemble [--output FOLDER] [--members N] [--grid N] [--until TIME] "
                 "[--threads N]\n",
                 complaint.c_str());
    std::exit(2);
}

double number(const char *text, double low, double high) {
    char *end;
    const double value = std::strtod(text, &end);
    if (end == text || *end || !(value >= low && value <= high)) usage(std::string(text) + " is out of range");
    return value;
}

Options parse(int argc, char **argv) {
    Options options;
    options.threads = static_cast<int>(std::max(1u, std::min(8u, std::thread::hardware_concurrency())));
    for (int i = 1; i < argc; i += 2) {
        const std::string name = argv[i];
        if (i + 1 == argc) usage(name + " lacks its value");
        if (name == "--output")
            options.output = argv[i + 1];
        else if (name == "--members")
            options.members = static_cast<int>(number(argv[i + 1], 1, 999));
        else if (name == "--grid")
            options.grid = static_cast<int>(number(argv[i + 1], 4, 4096));
        else if (name == "--until")
            options.until = number(argv[i + 1], 1e-3, 1e3);
        else if (name == "--threads")
            options.threads = static_cast<int>(number(argv[i + 1], 1, 64));
        else
            usage("there is no option " + name);
    }
    return options;
}

} // namespace

int main(int argc, char **argv) {
    const Options options = parse(argc, argv);
    try {
        check_ensemble(options, run_ensemble(options));
    } catch (const std::exception &error) {
        std::fprintf(stderr, "ensemble: %s\n", error.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
