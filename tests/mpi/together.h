/* Checks in which all ranks take part: what a collective call came to is the same everywhere. */
#ifndef TOGETHER_H
#define TOGETHER_H

#include "atlas_mpi.h"

static int rank, size, passed, failed;

/* Shows and counts a check that each rank has made for itself. */
static void good(int mine, const char *what) {
    int all = 0;
    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (!mine) printf("rank %d: %s\n", rank, what);
    if (all)
        passed++;
    else
        failed++;
    if (rank == 0) {
        printf("%s %s\n", all ? "ok" : "FAILED", what);
        fflush(stdout);
    }
}

/* Whether all ranks have this status, and the same text with these parts in it. */
static inline int alike(const atlas_mpi *m, atlas_status status, atlas_status wanted, const char *part,
                        const char *other) {
    char text[4096], first[4096];
    atlas_status root = status;
    int fine, all = 0;
    snprintf(text, sizeof text, "%s", status == ATLAS_STATUS_OK ? "" : atlas_mpi_last_error(m));
    memcpy(first, text, sizeof text);
    MPI_Bcast(first, (int)sizeof first, MPI_CHAR, 0, MPI_COMM_WORLD);
    MPI_Bcast(&root, 1, MPI_INT32_T, 0, MPI_COMM_WORLD);
    fine = status == wanted && root == status && strcmp(text, first) == 0 && strstr(text, part) && strstr(text, other);
    MPI_Allreduce(&fine, &all, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (!fine) fprintf(stderr, "rank %d: %s: %s\n", rank, atlas_status_name(status), text);
    return all;
}

static int finish(void) {
    if (rank == 0) printf("%d passed, %d failed\n", passed, failed);
    MPI_Finalize();
    return failed > 0;
}

#endif
