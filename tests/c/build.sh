# Sourced by run.sh and strace.sh: builds the tests against a given library, in a scratch folder.
# CC, CFLAGS and LDFLAGS from the environment are respected, so that a sanitizer can be put in.

# prepare LIBRARY_FOLDER: makes $scratch, with the library under the name that programs ask for at run time.
prepare() {
    library=$(cd "$1" && pwd)/libatlas_store.so
    [ -f "$library" ] || { echo "there is no $library" >&2; exit 2; }
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/atlas-c-tests-XXXXXX") && scratch=$(cd "$scratch" && pwd -P)
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 1' HUP INT TERM
    ln -s "$library" "$scratch/libatlas_store.so"
    ln -s "$library" "$scratch/libatlas_store.so.0.1"
}

# compile NAME: NAME.c into $scratch/NAME.
compile() {
    ${CC:-gcc} -std=c99 -Wall -Wextra -Wpedantic -Werror -D_POSIX_C_SOURCE=200809L -g -O1 ${CFLAGS:-} \
        -I"$here/../../include" -I"$here" "$here/$1.c" -o "$scratch/$1" \
        -L"$scratch" -latlas_store -Wl,-rpath,"$scratch" -lm -ldl -pthread ${LDFLAGS:-}
}
