/* Reads a store that ranks have written, as any program does, and says whether every cell has the value that the one
 * rank whose cell it is wrote last.
 *
 *     look STORE RANKS [STEP]    STEP: the last one that was committed; default: the last one of all
 *     look STORE                 opens the store as the next writer does, and closes it */
#include "plans.h"

#include <atlas.h>

static int passed, failed;

static void check(int good, const char *what, const char *text) {
    if (good) {
        passed++;
        return;
    }
    failed++;
    printf("FAILED %s: %s\n", what, text);
}

/* The last step in which a rank has written what it has of a plan that does not grow; -1: none. */
static int last_step(const plan *p, int size, int r, int steps) {
    int step = steps - 1;
    while (step >= 0 && !plan_writes(p, size, r, step)) step--;
    return step;
}

static void look(atlas_store store, const plan *p, int size, int steps) {
    atlas_array_description info = {0};
    uint64_t length = 0, cells, n;
    int64_t *values, *wanted;
    char text[300];
    int r, i, step;
    size_t k;

    info.struct_size = sizeof info;
    if (atlas_array_info(store, "run", p->name, &info) != ATLAS_STATUS_OK) {
        check(0, p->name, atlas_last_error());
        return;
    }
    if (plan_grows(p)) {
        for (r = 0; r < size; r++) {
            box boxes[MOST_BOXES];
            for (step = 0; step < steps; step++)
                if (plan_boxes(p, size, r, boxes) && plan_writes(p, size, r, step) && length < (uint64_t)step + 1)
                    length = (uint64_t)step + 1;
        }
        snprintf(text, sizeof text, "its length is %llu, not %llu", (unsigned long long)info.shape[0],
                 (unsigned long long)length);
        if (info.shape[0] != length) {
            check(0, p->name, text);
            return;
        }
    }
    cells = plan_cells(p->rank, info.shape);
    values = malloc(cells * 8 + 8);
    wanted = malloc(cells * 8 + 8);
    for (n = 0; n < cells; n++) wanted[n] = -1;
    for (r = 0; r < size; r++) {
        box boxes[MOST_BOXES];
        int count = plan_boxes(p, size, r, boxes);
        for (i = 0; i < count; i++)
            for (step = 0; step < steps; step++) {
                uint64_t index[3];
                box b = boxes[i];
                if (plan_grows(p) ? !plan_writes(p, size, r, step) : step != last_step(p, size, r, steps)) continue;
                if (plan_grows(p)) b.start[0] = (uint64_t)step;
                memcpy(index, b.start, sizeof index);
                do {
                    uint64_t at = 0;
                    for (k = 0; k < p->rank; k++) at = at * info.shape[k] + index[k];
                    wanted[at] = plan_value(p, r, step, index);
                } while (plan_next(p->rank, b.start, b.count, index));
            }
    }
    if (atlas_read_array(store, "run", p->name, ATLAS_DTYPE_I64, p->rank, NULL, NULL, NULL, values) !=
        ATLAS_STATUS_OK) {
        check(0, p->name, atlas_last_error());
    } else {
        for (n = 0; n < cells && values[n] == wanted[n]; n++) {}
        snprintf(text, sizeof text, "cell %llu of %llu, counted in C order, is %llx, not %llx", (unsigned long long)n,
                 (unsigned long long)cells, n < cells ? (unsigned long long)values[n] : 0,
                 n < cells ? (unsigned long long)wanted[n] : 0);
        check(n == cells, p->name, text);
    }
    free(values);
    free(wanted);
}

int main(int argc, char **argv) {
    int size = argc > 2 ? atoi(argv[2]) : 0, steps = argc > 3 ? atoi(argv[3]) + 1 : STEPS;
    int32_t value = -1;
    size_t i, count = 0;
    uint64_t damages = 0;
    atlas_store store;

    if (argc == 2) {
        atlas_status status = atlas_open(argv[1], ATLAS_MODE_READ_WRITE, NULL, &store);
        if (status == ATLAS_STATUS_OK) status = atlas_close(store);
        if (status != ATLAS_STATUS_OK) fprintf(stderr, "%s\n", atlas_last_error());
        return status != ATLAS_STATUS_OK;
    }
    if (size < 1) return 2;
    if (atlas_open(argv[1], ATLAS_MODE_READ, NULL, &store) != ATLAS_STATUS_OK) {
        check(0, "open", atlas_last_error());
    } else {
        for (i = 0; i < PLANS; i++) look(store, &plans[i], size, steps);
        check(atlas_get_attribute(store, "run", NULL, "ranks", ATLAS_DTYPE_I32, 1, &value, &count) == ATLAS_STATUS_OK &&
                  value == size,
              "the attribute of all", atlas_last_error());
        check(atlas_get_attribute(store, "run", "primes", "last", ATLAS_DTYPE_I32, 1, &value, &count) ==
                      ATLAS_STATUS_OK &&
                  value == size - 1,
              "the attribute of one", atlas_last_error());
        check(atlas_verify(store, NULL, NULL, &damages) == ATLAS_STATUS_OK && damages == 0, "verify",
              atlas_last_error());
        atlas_close(store);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
