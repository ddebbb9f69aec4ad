/*
 * A rotating shallow-water model that keeps every time step of its run in an Atlas store.
 *
 *     shallow_water [--output FOLDER] [--scenario bump|jet] [--grid NXxNY] [--steps N] [--flush-every N]
 *
 * The equations, for a layer of thickness h moving with (u, v) on a plane that rotates at f/2:
 *
 *     du/dt =  q V - dB/dx        U = h u,  V = h v            the mass fluxes
 *     dv/dt = -q U - dB/dy        q = (f + dv/dx - du/dy) / h  the potential vorticity
 *     dh/dt = -dU/dx - dV/dy      B = g h + (u^2 + v^2) / 2    the Bernoulli function
 *
 * On the Arakawa C grid each cell has h at its centre, u on its west face, v on its south face and q on its
 * south-west corner:
 *
 *         q --- v --- q
 *         |           |
 *         u     h     u         indices of the cell: j northwards, i eastwards
 *         |           |
 *         q --- v --- q
 *
 * In space: the energy-conserving scheme of Sadourny (1975), which keeps mass exactly and energy up to the error
 * of the time step. In time: Runge-Kutta of order four, with the Courant number checked on the way.
 *
 *     bump   a Gaussian bump on a still layer, doubly periodic, constant f: geostrophic adjustment
 *     jet    a balanced eastward jet in a channel with walls in the south and north, f grows northwards
 *
 * Every field carries a halo of one cell, so that no loop has a special case at an edge. What is stored is the
 * interior: the strides of the halo'd memory are handed to the library, nothing is copied in between.
 *
 * The second half of the program reopens the store for reading and compares what it finds there with what the
 * model computed. Any difference ends it with a failing exit code.
 */
#include <atlas.h>

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double GRAVITY = 9.81;          /* m s-2 */
static const double MEAN_DEPTH = 200.0;      /* m */
static const double CORIOLIS = 1e-4;         /* s-1, in the middle of the domain */
static const double BETA = 1.6e-11;          /* m-1 s-1, the growth of f northwards (jet) */
static const double DOMAIN_WIDTH = 2560e3;   /* m, from west to east */
static const double COURANT_TARGET = 0.7;    /* sets the time step */
static const double COURANT_LIMIT = 1.4;     /* where the time stepping turns unstable */
static const double ENERGY_TOLERANCE = 1e-6; /* relative drift over a run */
static const double MASS_TOLERANCE = 1e-12;

static const char *const DATASET = "run";

/* ---- command line ---- */

typedef struct {
    const char *output;
    bool jet;
    size_t nx, ny, steps, flush_every;
} options;

static void usage(const char *complaint) {
    fprintf(stderr,
            "shallow_water: %s\n"
            "usage: shallow_water [--output FOLDER] [--scenario bump|jet] [--grid NXxNY] [--steps N] "
            "[--flush-every N]\n",
            complaint);
    exit(2);
}

static size_t parse_number(const char *text, char stop, const char **rest) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != stop || value == 0 || value > 100000) usage("a number is missing or out of range");
    if (rest) *rest = end + 1;
    return (size_t)value;
}

static options parse_options(int argc, char **argv) {
    options chosen = {.output = "shallow_water.atlas", .nx = 128, .ny = 96, .steps = 240, .flush_every = 24};
    for (int i = 1; i < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (!value) usage("an option lacks its value");
        if (strcmp(name, "--output") == 0) {
            chosen.output = value;
        } else if (strcmp(name, "--scenario") == 0) {
            chosen.jet = strcmp(value, "jet") == 0;
            if (!chosen.jet && strcmp(value, "bump") != 0) usage("the scenarios are bump and jet");
        } else if (strcmp(name, "--grid") == 0) {
            const char *rest;
            chosen.nx = parse_number(value, 'x', &rest);
            chosen.ny = parse_number(rest, '\0', NULL);
            if (chosen.nx < 8 || chosen.ny < 8) usage("the grid needs at least 8 cells each way");
        } else if (strcmp(name, "--steps") == 0) {
            chosen.steps = parse_number(value, '\0', NULL);
        } else if (strcmp(name, "--flush-every") == 0) {
            chosen.flush_every = parse_number(value, '\0', NULL);
        } else {
            usage("unknown option");
        }
    }
    return chosen;
}

/* ---- the grid and its fields ---- */

enum { HALO = 1 };

typedef struct {
    size_t nx, ny;
    size_t pitch; /* from a cell to its northern neighbour */
    size_t size;  /* of one field with its halo */
    double dx, dy;
    bool walls;
} grid;

typedef struct {
    double *h, *u, *v;
} state;

typedef struct {
    grid grid;
    state now, next, stage, tendency;
    double *U, *V, *q, *B;
    double *f; /* at the corners, one value per row 0..ny */
    double *memory;
    double dt;
} model;

/* Where cell (j, i) lies in a field; -1 and ny or nx are the halo. */
static size_t at(const grid *g, long j, long i) { return (size_t)(j + HALO) * g->pitch + (size_t)(i + HALO); }

static grid make_grid(const options *chosen) {
    grid g = {.nx = chosen->nx, .ny = chosen->ny, .walls = chosen->jet};
    g.pitch = g.nx + 2 * HALO;
    g.size = g.pitch * (g.ny + 2 * HALO);
    g.dx = g.dy = DOMAIN_WIDTH / (double)g.nx;
    return g;
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) {
        fprintf(stderr, "shallow_water: out of memory\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

static model make_model(const options *chosen) {
    enum { FIELDS = 16 };
    model m = {.grid = make_grid(chosen)};
    double *field[FIELDS];
    m.memory = allocate(FIELDS * m.grid.size, sizeof(double));
    for (size_t i = 0; i < FIELDS; i++) field[i] = m.memory + i * m.grid.size;
    m.now = (state){field[0], field[1], field[2]};
    m.next = (state){field[3], field[4], field[5]};
    m.stage = (state){field[6], field[7], field[8]};
    m.tendency = (state){field[9], field[10], field[11]};
    m.U = field[12];
    m.V = field[13];
    m.q = field[14];
    m.B = field[15];
    m.f = allocate(m.grid.ny + 1, sizeof(double));
    for (size_t j = 0; j <= m.grid.ny; j++) {
        double northwards = ((double)j - (double)m.grid.ny / 2) * m.grid.dy;
        m.f[j] = CORIOLIS + (m.grid.walls ? BETA * northwards : 0.0);
    }
    return m;
}

static void free_model(model *m) {
    free(m->memory);
    free(m->f);
}

/* ---- boundaries ---- */

/* Row `to` becomes a copy of row `from`. */
static void copy_row(const grid *g, double *field, long to, long from) {
    memcpy(field + at(g, to, 0), field + at(g, from, 0), g->nx * sizeof *field);
}

static void close_halo_in_x(const grid *g, double *field) {
    const long nx = (long)g->nx, ny = (long)g->ny;
    for (long j = -HALO; j < ny + HALO; j++) {
        field[at(g, j, -1)] = field[at(g, j, nx - 1)];
        field[at(g, j, nx)] = field[at(g, j, 0)];
    }
}

static void close_halo(const grid *g, state s) {
    const long nx = (long)g->nx, ny = (long)g->ny;
    double *fields[] = {s.h, s.u, s.v};
    for (size_t k = 0; k < 3; k++) {
        copy_row(g, fields[k], -1, g->walls ? 0 : ny - 1); /* a free-slip wall mirrors h and u */
        copy_row(g, fields[k], ny, g->walls ? ny - 1 : 0);
    }
    for (long i = 0; g->walls && i < nx; i++) s.v[at(g, 0, i)] = s.v[at(g, ny, i)] = 0.0; /* nothing crosses it */
    for (size_t k = 0; k < 3; k++) close_halo_in_x(g, fields[k]);
}

/* ---- the scheme ---- */

/* U, V, q and B of the state, as far into the halo as the tendencies need them. */
static void diagnose(model *m, state s) {
    const grid *g = &m->grid;
    const long nx = (long)g->nx, ny = (long)g->ny;
    for (long j = -1; j <= ny; j++) {
        for (long i = 0; i <= nx; i++) {
            size_t c = at(g, j, i);
            m->U[c] = 0.5 * (s.h[c] + s.h[c - 1]) * s.u[c];
        }
    }
    for (long j = 0; j <= ny; j++) {
        for (long i = -1; i <= nx; i++) {
            size_t c = at(g, j, i);
            m->V[c] = 0.5 * (s.h[c] + s.h[c - g->pitch]) * s.v[c];
        }
    }
    for (long j = 0; j <= ny; j++) {
        for (long i = 0; i <= nx; i++) {
            size_t c = at(g, j, i), south = c - g->pitch;
            double vorticity = (s.v[c] - s.v[c - 1]) / g->dx - (s.u[c] - s.u[south]) / g->dy;
            m->q[c] = (m->f[j] + vorticity) / (0.25 * (s.h[c] + s.h[c - 1] + s.h[south] + s.h[south - 1]));
        }
    }
    for (long j = -1; j < ny; j++) {
        for (long i = -1; i < nx; i++) {
            size_t c = at(g, j, i), east = c + 1, north = c + g->pitch;
            m->B[c] = GRAVITY * s.h[c] + 0.25 * (s.u[c] * s.u[c] + s.u[east] * s.u[east]) +
                      0.25 * (s.v[c] * s.v[c] + s.v[north] * s.v[north]);
        }
    }
}

/* d/dt of `s` into m->tendency. */
static void differentiate(model *m, state s) {
    const grid *g = &m->grid;
    const double *U = m->U, *V = m->V, *q = m->q, *B = m->B;
    state d = m->tendency;
    diagnose(m, s);
    for (long j = 0; j < (long)g->ny; j++) {
        for (long i = 0; i < (long)g->nx; i++) {
            size_t c = at(g, j, i), west = c - 1, east = c + 1, north = c + g->pitch, south = c - g->pitch;
            d.h[c] = -(U[east] - U[c]) / g->dx - (V[north] - V[c]) / g->dy;
            d.u[c] = 0.25 * (q[c] * (V[c] + V[west]) + q[north] * (V[north] + V[north - 1])) - (B[c] - B[west]) / g->dx;
            d.v[c] =
                -0.25 * (q[c] * (U[c] + U[south]) + q[east] * (U[east] + U[south + 1])) - (B[c] - B[south]) / g->dy;
        }
    }
}

/* to = from + factor * tendency, boundaries included. */
static void advance(model *m, state to, state from, double factor) {
    const state d = m->tendency;
    for (size_t c = 0; c < m->grid.size; c++) {
        to.h[c] = from.h[c] + factor * d.h[c];
        to.u[c] = from.u[c] + factor * d.u[c];
        to.v[c] = from.v[c] + factor * d.v[c];
    }
    close_halo(&m->grid, to);
}

/* One step of the classical Runge-Kutta scheme. */
static void step(model *m) {
    const double dt = m->dt;
    state done;
    differentiate(m, m->now);
    advance(m, m->next, m->now, dt / 6);
    advance(m, m->stage, m->now, dt / 2);
    differentiate(m, m->stage);
    advance(m, m->next, m->next, dt / 3);
    advance(m, m->stage, m->now, dt / 2);
    differentiate(m, m->stage);
    advance(m, m->next, m->next, dt / 3);
    advance(m, m->stage, m->now, dt);
    differentiate(m, m->stage);
    advance(m, m->next, m->next, dt / 6);
    done = m->next;
    m->next = m->now;
    m->now = done;
}

/* ---- initial conditions ---- */

static double square(double x) { return x * x; }

static void add_bump(model *m, double height, double radius) {
    const grid *g = &m->grid;
    for (long j = 0; j < (long)g->ny; j++) {
        for (long i = 0; i < (long)g->nx; i++) {
            double x = ((double)i + 0.5 - (double)g->nx / 2) * g->dx, y = ((double)j + 0.5 - (double)g->ny / 2) * g->dy;
            m->now.h[at(g, j, i)] += height * exp(-(square(x) + square(y)) / (2 * square(radius)));
        }
    }
}

/* An eastward jet, and below it the slope of h that carries it: f u = -g dh/dy. */
static void add_jet(model *m, double speed, double half_width) {
    const grid *g = &m->grid;
    double slope = 0.0, before = 0.0;
    for (long j = 0; j < (long)g->ny; j++) {
        double y = ((double)j + 0.5 - (double)g->ny / 2) * g->dy;
        double u = speed / square(cosh(y / half_width));
        if (j > 0) slope -= m->f[j] * 0.5 * (u + before) * g->dy / GRAVITY;
        before = u;
        for (long i = 0; i < (long)g->nx; i++) {
            m->now.u[at(g, j, i)] = u;
            m->now.h[at(g, j, i)] += slope;
        }
    }
}

/* How far the fastest signal gets in one step, in cells. */
static double courant_number(const model *m) {
    const grid *g = &m->grid;
    double fastest = 0.0;
    for (long j = 0; j < (long)g->ny; j++) {
        for (long i = 0; i < (long)g->nx; i++) {
            size_t c = at(g, j, i);
            double signal = hypot(m->now.u[c], m->now.v[c]) + sqrt(GRAVITY * m->now.h[c]);
            if (!(signal <= fastest)) fastest = signal; /* a NaN gets through, to be noticed */
        }
    }
    return fastest * m->dt * sqrt(1 / square(g->dx) + 1 / square(g->dy));
}

static void initialise(model *m, bool jet) {
    for (long j = 0; j < (long)m->grid.ny; j++) {
        for (long i = 0; i < (long)m->grid.nx; i++) m->now.h[at(&m->grid, j, i)] = MEAN_DEPTH;
    }
    if (jet) add_jet(m, 15.0, 150e3);
    add_bump(m, jet ? 0.5 : 5.0, 150e3);
    close_halo(&m->grid, m->now);
    m->dt = 1.0;
    m->dt = floor(COURANT_TARGET / courant_number(m));
    if (m->dt < 1.0) usage("the grid is too fine for a time step of whole seconds");
}

/* ---- what the model keeps of its run, to compare the store with ---- */

typedef struct {
    double lowest, highest;
} range;

typedef struct {
    size_t steps; /* stored so far, the initial state included */
    long probe_j, probe_i;
    double *probe;  /* h at one cell */
    double *mass;   /* total mass, kg per kg m-3 of density, that is m3 */
    double *energy; /* total energy over density, m5 s-2 */
    range h, u, v;  /* as stored: u and v are stored in single precision */
    double worst_courant;
} record;

static record make_record(const model *m, size_t capacity) {
    const range nothing = {.lowest = INFINITY, .highest = -INFINITY};
    record r = {
        .probe_j = (long)m->grid.ny / 2, .probe_i = (long)m->grid.nx / 4, .h = nothing, .u = nothing, .v = nothing};
    r.probe = allocate(capacity, sizeof *r.probe);
    r.mass = allocate(capacity, sizeof *r.mass);
    r.energy = allocate(capacity, sizeof *r.energy);
    return r;
}

static void free_record(record *r) {
    free(r->probe);
    free(r->mass);
    free(r->energy);
}

static void widen(range *r, double value) {
    if (value < r->lowest) r->lowest = value;
    if (value > r->highest) r->highest = value;
}

/* Rows of v: in a channel the northern wall is one row more. */
static size_t rows_of_v(const grid *g) { return g->ny + (g->walls ? 1 : 0); }

/* The volume of the water in a field of thickness with `pitch` elements per row. */
static double total_mass(const grid *g, const double *h, size_t pitch) {
    double sum = 0.0;
    for (size_t j = 0; j < g->ny; j++) {
        for (size_t i = 0; i < g->nx; i++) sum += h[j * pitch + i];
    }
    return sum * g->dx * g->dy;
}

/* The energy that the scheme conserves; needs the fluxes of the present state. */
static double total_energy(const model *m) {
    const grid *g = &m->grid;
    const state s = m->now;
    double sum = 0.0;
    for (long j = 0; j < (long)g->ny; j++) {
        for (long i = 0; i < (long)g->nx; i++) {
            size_t c = at(g, j, i);
            sum += 0.5 * (GRAVITY * s.h[c] * s.h[c] + m->U[c] * s.u[c] + m->V[c] * s.v[c]);
        }
    }
    return sum * g->dx * g->dy;
}

static void remember(record *r, model *m) {
    const grid *g = &m->grid;
    const double courant = courant_number(m);
    diagnose(m, m->now);
    r->probe[r->steps] = m->now.h[at(g, r->probe_j, r->probe_i)];
    r->mass[r->steps] = total_mass(g, m->now.h + at(g, 0, 0), g->pitch);
    r->energy[r->steps] = total_energy(m);
    for (long j = 0; j < (long)rows_of_v(g); j++) {
        for (long i = 0; i < (long)g->nx; i++) {
            widen(&r->v, (float)m->now.v[at(g, j, i)]);
            if (j == (long)g->ny) continue;
            widen(&r->h, m->now.h[at(g, j, i)]);
            widen(&r->u, (float)m->now.u[at(g, j, i)]);
        }
    }
    if (!(courant <= r->worst_courant)) r->worst_courant = courant;
    if (!(courant <= COURANT_LIMIT)) {
        fprintf(stderr, "shallow_water: unstable at step %zu: Courant number %g\n", r->steps, courant);
        exit(EXIT_FAILURE);
    }
    r->steps++;
}

/* ---- writing ---- */

static void check(atlas_status status) {
    if (status != ATLAS_STATUS_OK) {
        fprintf(stderr, "shallow_water: %s: %s\n", atlas_status_name(status), atlas_last_error());
        exit(EXIT_FAILURE);
    }
}

/* NULL for `array` sets an attribute of the dataset. */
static void set_text(atlas_store store, const char *array, const char *key, const char *text) {
    check(atlas_set_attribute(store, DATASET, array, key, ATLAS_DTYPE_STRING, 1, &text));
}

static void set_number(atlas_store store, const char *array, const char *key, double value) {
    check(atlas_set_attribute(store, DATASET, array, key, ATLAS_DTYPE_F64, 1, &value));
}

static void describe(atlas_store store, const char *array, const char *standard_name, const char *long_name,
                     const char *units) {
    set_text(store, array, "standard_name", standard_name);
    set_text(store, array, "long_name", long_name);
    set_text(store, array, "units", units);
}

/* A coordinate: a one-dimensional array named as its dimension. */
static void write_coordinate(atlas_store store, const char *name, const char *axis, size_t length, double first,
                             double spacing) {
    const uint64_t shape[] = {length};
    double *values = allocate(length, sizeof *values);
    char standard_name[64];
    for (size_t i = 0; i < length; i++) values[i] = first + spacing * (double)i;
    check(atlas_define_array(store, DATASET, name, ATLAS_DTYPE_F64, 1, &name, shape, NULL));
    check(atlas_write_array(store, DATASET, name, ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, values));
    snprintf(standard_name, sizeof standard_name, "projection_%c_coordinate", name[0]);
    describe(store, name, standard_name, first > 0 ? "centre of the cell" : "face of the cell", "m");
    set_text(store, name, "axis", axis);
    free(values);
}

/* A field with no time steps yet: dimension 0 grows with each append. */
static void define_field(atlas_store store, const char *name, atlas_dtype dtype, const char *y, size_t rows,
                         const char *x, size_t columns) {
    const char *const dims[] = {"time", y, x};
    const uint64_t shape[] = {0, rows, columns};
    check(atlas_define_array(store, DATASET, name, dtype, 3, dims, shape, NULL));
}

static void define_output(atlas_store store, const model *m, const options *chosen) {
    const grid *g = &m->grid;
    const char *time = "time";
    const uint64_t no_steps[] = {0};

    check(atlas_create_dataset(store, DATASET));
    set_text(store, NULL, "Conventions", "CF-1.10");
    set_text(store, NULL, "title", chosen->jet ? "Jet in a rotating channel" : "Geostrophic adjustment of a bump");
    set_text(store, NULL, "source", "shallow-water model, Sadourny (1975) on an Arakawa C grid");
    set_number(store, NULL, "gravity", GRAVITY);
    set_number(store, NULL, "coriolis_parameter", CORIOLIS);
    set_number(store, NULL, "beta", g->walls ? BETA : 0.0);
    set_number(store, NULL, "time_step", m->dt);

    write_coordinate(store, "x", "X", g->nx, 0.5 * g->dx, g->dx);
    write_coordinate(store, "y", "Y", g->ny, 0.5 * g->dy, g->dy);
    write_coordinate(store, "x_face", "X", g->nx, 0.0, g->dx);
    write_coordinate(store, "y_face", "Y", rows_of_v(g), 0.0, g->dy);

    check(atlas_define_array(store, DATASET, time, ATLAS_DTYPE_F64, 1, &time, no_steps, NULL));
    describe(store, time, "time", "model time", "seconds since 2000-01-01 00:00:00");
    set_text(store, time, "calendar", "standard");
    set_text(store, time, "axis", "T");

    define_field(store, "h", ATLAS_DTYPE_F64, "y", g->ny, "x", g->nx);
    describe(store, "h", "cell_thickness", "thickness of the layer", "m");
    define_field(store, "u", ATLAS_DTYPE_F32, "y", g->ny, "x_face", g->nx);
    describe(store, "u", "sea_water_x_velocity", "velocity eastwards", "m s-1");
    define_field(store, "v", ATLAS_DTYPE_F32, "y_face", rows_of_v(g), "x", g->nx);
    describe(store, "v", "sea_water_y_velocity", "velocity northwards", "m s-1");
}

/*
 * One time step from the interior of a halo'd field: the pointer is the first interior cell, the strides say how far
 * it is to the next step, row and column. The memory is double precision; the library converts for u and v.
 */
static void append_field(atlas_store store, const grid *g, const char *name, size_t rows, const double *field) {
    const uint64_t count[] = {1, rows, g->nx};
    const int64_t strides[] = {(int64_t)g->size, (int64_t)g->pitch, 1};
    check(atlas_append_array(store, DATASET, name, ATLAS_DTYPE_F64, 3, count, strides, field + at(g, 0, 0)));
}

static void append_step(atlas_store store, const model *m, double time) {
    const uint64_t one[] = {1};
    check(atlas_append_array(store, DATASET, "time", ATLAS_DTYPE_F64, 1, one, NULL, &time));
    append_field(store, &m->grid, "h", m->grid.ny, m->now.h);
    append_field(store, &m->grid, "u", m->grid.ny, m->now.u);
    append_field(store, &m->grid, "v", rows_of_v(&m->grid), m->now.v);
}

static double drift(const double *series, size_t length) { return series[length - 1] / series[0] - 1.0; }

static void report_progress(const record *r, const model *m) {
    const size_t last = r->steps - 1;
    printf("  step %5zu  %6.2f h  mass %+.1e  energy %+.1e  Courant %.2f  flushed\n", last, (double)last * m->dt / 3600,
           drift(r->mass, r->steps), drift(r->energy, r->steps), courant_number(m));
}

static void run(model *m, record *r, const options *chosen) {
    atlas_store store;
    check(atlas_create(chosen->output, NULL, &store));
    define_output(store, m, chosen);
    for (size_t n = 0; n <= chosen->steps; n++) {
        if (n > 0) step(m);
        remember(r, m);
        append_step(store, m, (double)n * m->dt);
        if (n > 0 && n % chosen->flush_every == 0) {
            check(atlas_flush(store)); /* a crash after this line loses nothing up to here */
            report_progress(r, m);
        }
    }
    check(atlas_close(store)); /* flushes what the last interval left */
}

/* ---- reading back ---- */

static int differences = 0;

static void agree(bool same, const char *format, ...) {
    va_list arguments;
    if (same) return;
    differences++;
    va_start(arguments, format);
    fprintf(stderr, "shallow_water: differs: ");
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static void print_contents(atlas_store store, const options *chosen) {
    atlas_store_description about = {.struct_size = sizeof about};
    atlas_array_description array;
    const char *const names[] = {"time", "h", "u", "v"};
    uint64_t raw = 0;
    check(atlas_store_info(store, &about));
    printf("\nStored in %s:\n", chosen->output);
    for (size_t k = 0; k < 4; k++) {
        uint64_t bytes;
        char dims[256];
        size_t needed;
        array = (atlas_array_description){.struct_size = sizeof array};
        check(atlas_array_info(store, DATASET, names[k], &array));
        check(atlas_array_dims(store, DATASET, names[k], dims, sizeof dims, &needed));
        bytes = atlas_dtype_size(array.dtype);
        printf("  %-5s %-8s", names[k], atlas_dtype_name(array.dtype));
        for (size_t d = 0, offset = 0; d < array.rank; d++) {
            printf("%s%s=%" PRIu64, d ? ", " : "(", dims + offset, array.shape[d]);
            offset += strlen(dims + offset) + 1;
            bytes *= array.shape[d];
        }
        printf(")\n");
        raw += bytes;
    }
    printf("  %.1f MB of values in %.1f MB of segments (%.1f MB of them superseded), generation %" PRIu64 "\n",
           (double)raw / 1e6, (double)(about.live_bytes + about.dead_bytes) / 1e6, (double)about.dead_bytes / 1e6,
           about.generation);
}

/* Folds the statistics of every chunk of `name` together: they must give those of the array. */
static atlas_stats combine_chunks(atlas_store store, const char *name, const atlas_array_description *array) {
    atlas_stats all = {.min = INFINITY, .max = -INFINITY}, one;
    uint64_t grid[3], chunk[3];
    for (size_t d = 0; d < 3; d++) grid[d] = (array->shape[d] + array->chunk_shape[d] - 1) / array->chunk_shape[d];
    for (chunk[0] = 0; chunk[0] < grid[0]; chunk[0]++) {
        for (chunk[1] = 0; chunk[1] < grid[1]; chunk[1]++) {
            for (chunk[2] = 0; chunk[2] < grid[2]; chunk[2]++) {
                check(atlas_chunk_stats(store, DATASET, name, 3, chunk, &one));
                all.row_count += one.row_count;
                all.null_count += one.null_count;
                all.min = fmin(all.min, one.min);
                all.max = fmax(all.max, one.max);
            }
        }
        if (strcmp(name, "h") == 0) {
            printf("    h from step %5" PRIu64 ": %8.3f to %8.3f m\n", chunk[0] * array->chunk_shape[0], one.min,
                   one.max);
        }
    }
    return all;
}

/* Answers from the statistics alone: no value is read. */
static void check_statistics(atlas_store store, const char *name, const range *computed, size_t rows, const record *r,
                             const grid *g) {
    atlas_array_description array = {.struct_size = sizeof array};
    atlas_stats stats, chunks;
    check(atlas_array_info(store, DATASET, name, &array));
    check(atlas_array_stats(store, DATASET, name, &stats));
    printf("  %s: %" PRIu64 " values, %g to %g\n", name, stats.row_count, stats.min, stats.max);
    agree(stats.row_count == r->steps * rows * g->nx, "%s: row_count %" PRIu64, name, stats.row_count);
    agree(stats.null_count == 0, "%s: null_count %" PRIu64, name, stats.null_count);
    agree(stats.has_range && stats.min == computed->lowest && stats.max == computed->highest,
          "%s: stored range %.17g..%.17g, computed %.17g..%.17g", name, stats.min, stats.max, computed->lowest,
          computed->highest);
    chunks = combine_chunks(store, name, &array);
    agree(chunks.row_count == stats.row_count && chunks.min == stats.min && chunks.max == stats.max,
          "%s: its chunks hold %" PRIu64 " values, %.17g..%.17g", name, chunks.row_count, chunks.min, chunks.max);
}

/* h at one cell through all time: a region one cell wide. */
static void check_time_series(atlas_store store, const record *r, const model *m) {
    const uint64_t start[] = {0, (uint64_t)r->probe_j, (uint64_t)r->probe_i}, count[] = {r->steps, 1, 1};
    const size_t every = r->steps > 12 ? r->steps / 12 : 1;
    double *stored = allocate(r->steps, sizeof *stored), *time = allocate(r->steps, sizeof *time);
    check(atlas_read_array(store, DATASET, "h", ATLAS_DTYPE_F64, 3, start, count, NULL, stored));
    check(atlas_read_array(store, DATASET, "time", ATLAS_DTYPE_F64, 1, NULL, NULL, NULL, time));
    printf("\nThickness at cell (%ld, %ld):\n", r->probe_j, r->probe_i);
    for (size_t n = 0; n < r->steps; n++) {
        if (n % every == 0) printf("  %6.2f h  %9.4f m\n", time[n] / 3600, stored[n]);
        agree(stored[n] == r->probe[n], "h[%zu] at the probe: stored %.17g, computed %.17g", n, stored[n], r->probe[n]);
        agree(time[n] == (double)n * m->dt, "time[%zu]: stored %.17g", n, time[n]);
    }
    free(stored);
    free(time);
}

/* The mass of every step, from the stored thickness: the same sum in the same order gives the same bits. */
static void check_mass(atlas_store store, const record *r, const grid *g) {
    double *h = allocate(g->nx * g->ny, sizeof *h), *mass = allocate(r->steps, sizeof *mass);
    for (size_t n = 0; n < r->steps; n++) {
        const uint64_t start[] = {n, 0, 0}, count[] = {1, g->ny, g->nx};
        check(atlas_read_array(store, DATASET, "h", ATLAS_DTYPE_F64, 3, start, count, NULL, h));
        mass[n] = total_mass(g, h, g->nx);
        agree(mass[n] == r->mass[n], "mass of step %zu: stored %.17g, computed %.17g", n, mass[n], r->mass[n]);
    }
    printf("\nConservation over %zu steps: mass %+.2e, energy %+.2e (relative), largest Courant number %.2f\n",
           r->steps - 1, drift(mass, r->steps), drift(r->energy, r->steps), r->worst_courant);
    agree(fabs(drift(mass, r->steps)) < MASS_TOLERANCE, "the total mass drifted");
    agree(fabs(drift(r->energy, r->steps)) < ENERGY_TOLERANCE, "the total energy drifted");
    free(h);
    free(mass);
}

/* The last step back into halo'd memory, through the strides it was written with. */
static void check_last_field(atlas_store store, const char *name, size_t rows, bool single, const double *computed,
                             const record *r, const grid *g) {
    const uint64_t start[] = {r->steps - 1, 0, 0}, count[] = {1, rows, g->nx};
    const int64_t strides[] = {(int64_t)g->size, (int64_t)g->pitch, 1};
    double *field = allocate(g->size, sizeof *field);
    size_t different = 0;
    check(atlas_read_array(store, DATASET, name, ATLAS_DTYPE_F64, 3, start, count, strides, field + at(g, 0, 0)));
    for (long j = -HALO; j < (long)g->ny + HALO; j++) {
        for (long i = -HALO; i < (long)g->nx + HALO; i++) {
            const bool interior = j >= 0 && j < (long)rows && i >= 0 && i < (long)g->nx;
            const double value = computed[at(g, j, i)];
            const double expected = !interior ? 0.0 : single ? (float)value : value; /* the halo stays untouched */
            different += field[at(g, j, i)] != expected;
        }
    }
    agree(different == 0, "%s: %zu values of the last step", name, different);
    free(field);
}

static void check_attributes(atlas_store store, const model *m) {
    char units[32];
    size_t count;
    double dt;
    check(atlas_get_attribute_strings(store, DATASET, "u", "units", units, sizeof units, &count));
    agree(strcmp(units, "m s-1") == 0, "units of u: '%s'", units);
    check(atlas_get_attribute(store, DATASET, NULL, "time_step", ATLAS_DTYPE_F64, 1, &dt, &count));
    agree(dt == m->dt, "time_step: %.17g", dt);
}

static void summarise(const model *m, const record *r, const options *chosen) {
    const grid *g = &m->grid;
    atlas_store store;
    check(atlas_open(chosen->output, ATLAS_MODE_READ, NULL, &store));
    print_contents(store, chosen);
    printf("\nFrom the statistics:\n");
    check_statistics(store, "h", &r->h, g->ny, r, g);
    check_statistics(store, "u", &r->u, g->ny, r, g);
    check_statistics(store, "v", &r->v, rows_of_v(g), r, g);
    check_time_series(store, r, m);
    check_mass(store, r, g);
    check_last_field(store, "h", g->ny, false, m->now.h, r, g);
    check_last_field(store, "u", g->ny, true, m->now.u, r, g);
    check_last_field(store, "v", rows_of_v(g), true, m->now.v, r, g);
    check_attributes(store, m);
    check(atlas_close(store));
}

int main(int argc, char **argv) {
    const options chosen = parse_options(argc, argv);
    model m = make_model(&chosen);
    record r = make_record(&m, chosen.steps + 1);
    initialise(&m, chosen.jet);
    printf("Shallow water, %s: %zu x %zu cells of %.1f km, %zu steps of %.0f s\n", chosen.jet ? "jet" : "bump",
           m.grid.nx, m.grid.ny, m.grid.dx / 1e3, chosen.steps, m.dt);
    run(&m, &r, &chosen);
    summarise(&m, &r, &chosen);
    free_record(&r);
    free_model(&m);
    if (differences > 0) {
        fprintf(stderr, "shallow_water: %d differences between the store and the model\n", differences);
        return EXIT_FAILURE;
    }
    printf("The store agrees with the model bit for bit.\n");
    return EXIT_SUCCESS;
}
