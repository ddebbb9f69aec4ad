/* What the ranks of a test write, as the ranks and the serial program that looks at it afterwards both know it. */
#ifndef PLANS_H
#define PLANS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRID, CEILING, SKEW, CYCLIC, GAPS, LAST, HOLES, TURNS };
enum { PLAIN, HALO, COLUMNS, NARROW, ROWS, TWICE };
enum { STEPS = 3, MOST_BOXES = 128 };

typedef struct {
    const char *name;
    size_t rank;
    uint64_t shape[3]; /* 0 first: it grows, by one with each step */
    uint64_t chunk[3]; /* 0 first: chosen from the tiles */
    int cut, memory;
} plan;

/* Prime extents, chunks that fit nothing, chunks as small as a row, ranks without cells, memory of every kind. */
static const plan plans[] = {
    {"primes", 2, {97, 61, 0}, {0, 0, 0}, GRID, PLAIN},
    {"levels", 3, {5, 48, 40}, {0, 0, 0}, GRID, HALO},
    {"large", 3, {3, 200, 300}, {0, 0, 0}, GRID, HALO},
    {"odd_chunks", 3, {5, 48, 40}, {2, 7, 9}, GRID, HALO},
    {"columns", 3, {5, 48, 40}, {5, 11, 40}, GRID, COLUMNS},
    {"narrow", 2, {97, 61, 0}, {10, 10, 0}, GRID, NARROW},
    {"row_chunks", 2, {97, 61, 0}, {1, 61, 0}, GRID, ROWS},
    {"ceiling", 2, {50, 33, 0}, {8, 8, 0}, CEILING, PLAIN},
    {"skew", 2, {64, 64, 0}, {16, 16, 0}, SKEW, ROWS},
    {"cyclic", 2, {128, 12, 0}, {4, 12, 0}, CYCLIC, PLAIN},
    {"twice", 2, {64, 12, 0}, {1, 12, 0}, CYCLIC, TWICE},
    {"gaps", 2, {64, 12, 0}, {1, 12, 0}, GAPS, TWICE},
    {"last", 2, {30, 30, 0}, {7, 30, 0}, LAST, PLAIN},
    {"holes", 2, {40, 40, 0}, {16, 16, 0}, HOLES, HALO},
    {"scalar", 0, {1, 0, 0}, {0, 0, 0}, LAST, PLAIN},
    {"time", 3, {0, 20, 30}, {0, 0, 0}, GRID, HALO},
    {"four_steps", 2, {0, 24, 0}, {4, 10, 0}, CEILING, PLAIN},
    {"series", 1, {0, 0, 0}, {0, 0, 0}, TURNS, PLAIN},
};
enum { PLANS = sizeof plans / sizeof *plans };

typedef struct {
    uint64_t start[3], count[3];
} box;

static inline int plan_grows(const plan *p) { return p->rank > 0 && p->shape[0] == 0; }

/* The part of n that is the i-th of k. */
static inline void part(uint64_t n, uint64_t i, uint64_t k, uint64_t *start, uint64_t *count) {
    *start = n * i / k;
    *count = n * (i + 1) / k - *start;
}

static inline uint64_t plan_cells(size_t rank, const uint64_t *count) {
    uint64_t n = 1;
    size_t i;
    for (i = 0; i < rank; i++) n *= count[i];
    return n;
}

/* The boxes of a rank, without a common cell with any other's; in dimension 0 of what grows the whole of it, {0, 1}. */
static inline int plan_boxes(const plan *p, int size, int r, box *out) {
    const size_t first = plan_grows(p) ? 1 : 0, n = p->rank - first;
    uint64_t rows = (uint64_t)size, columns = 1, k;
    box *b = out;
    size_t i;

    memset(b, 0, sizeof *b);
    for (i = 0; i < p->rank; i++) b->count[i] = i < first ? 1 : p->shape[i];
    switch (p->cut) {
    case LAST:
    case TURNS:
        return p->cut == TURNS || r == size - 1;
    case SKEW: /* rank 0 has the first half of the rows */
        if (size == 1) return 1;
        if (r == 0)
            part(p->shape[0], 0, 2, &b->start[0], &b->count[0]);
        else {
            part(p->shape[0] - p->shape[0] / 2, (uint64_t)r - 1, (uint64_t)size - 1, &b->start[0], &b->count[0]);
            b->start[0] += p->shape[0] / 2;
        }
        return b->count[0] > 0;
    case CYCLIC:
        for (k = (uint64_t)r; k < p->shape[0]; k += (uint64_t)size) {
            *b = *out;
            b->start[0] = k;
            b->count[0] = 1;
            b++;
        }
        return (int)(b - out);
    case GAPS: /* of each such row the cells 0, 1, 4, 5 */
        for (k = (uint64_t)r; k < p->shape[0]; k += (uint64_t)size)
            for (i = 0; i < 2; i++) {
                *b = *out;
                b->start[0] = k;
                b->count[0] = 1;
                b->start[1] = 4 * i;
                b->count[1] = 2;
                b++;
            }
        return (int)(b - out);
    case CEILING: /* parts of equal length along the last dimension: the last ranks have none */
        k = (p->shape[p->rank - 1] + (uint64_t)size - 1) / (uint64_t)size;
        b->start[p->rank - 1] = k * (uint64_t)r;
        if (b->start[p->rank - 1] >= p->shape[p->rank - 1]) return 0;
        if (k > p->shape[p->rank - 1] - b->start[p->rank - 1]) k = p->shape[p->rank - 1] - b->start[p->rank - 1];
        b->count[p->rank - 1] = k;
        return 1;
    default: /* a grid over the last two dimensions, as square as it can be */
        for (k = 1; k * k <= (uint64_t)size; k++)
            if ((uint64_t)size % k == 0) columns = k;
        rows = (uint64_t)size / columns;
        if (n < 2) {
            part(p->shape[p->rank - 1], (uint64_t)r, (uint64_t)size, &b->start[p->rank - 1], &b->count[p->rank - 1]);
        } else {
            part(p->shape[p->rank - 2], (uint64_t)r / columns, rows, &b->start[p->rank - 2], &b->count[p->rank - 2]);
            part(p->shape[p->rank - 1], (uint64_t)r % columns, columns, &b->start[p->rank - 1],
                 &b->count[p->rank - 1]);
        }
        if (p->cut == HOLES) b->count[p->rank - 1] /= 2;
        return plan_cells(p->rank, b->count) > 0;
    }
}

/* Whether a rank writes in a step. */
static inline int plan_writes(const plan *p, int size, int r, int step) {
    if (p->cut == TURNS) return step % size == r;
    return step == 0 || (r + step) % 2 == 0;
}

/* What a cell says: who wrote it, when, and where it is. */
static inline int32_t plan_value(const plan *p, int r, int step, const uint64_t *index) {
    uint64_t at = 0;
    size_t i;
    for (i = 0; i < p->rank; i++) at = at * (p->shape[i] ? p->shape[i] : STEPS) + index[i];
    return (int32_t)(((uint32_t)r + 1) << 24 | (uint32_t)step << 20 | (uint32_t)(at & 0xFFFFF));
}

/* The next index of a box, in C order; 0 at its end. */
static inline int plan_next(size_t rank, const uint64_t *start, const uint64_t *count, uint64_t *index) {
    size_t i;
    for (i = rank; i-- > 0;) {
        if (++index[i] < start[i] + count[i]) return 1;
        index[i] = start[i];
    }
    return 0;
}

#endif
