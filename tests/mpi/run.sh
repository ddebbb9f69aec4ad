#!/usr/bin/env bash
# Programs of MPI write stores, up to 64 ranks on however few cores there are; what they wrote is read by a program without
# it. Ends with one line of counts.
#
# Usage: run.sh LIBRARY_FOLDER [NAME..]   (the folder that holds libatlas_store.so; all tests without a NAME)
# Environment: MPICC, MPICXX, MPIFORT, MPIRUN; ATLAS_TEST_VALGRIND=0 leaves valgrind out; ATLAS_TEST_SEEDS: numbers, for
# other random regions.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../count.sh"
root=$(cd "$here/../.." && pwd)
(($# >= 1)) || { echo "usage: run.sh LIBRARY_FOLDER [NAME..]" >&2; exit 2; }
library=$(cd "$1" && pwd)/libatlas_store.so
[[ -f $library ]] || { echo "there is no $library" >&2; exit 2; }
shift
MPICC=${MPICC:-mpicc} MPICXX=${MPICXX:-mpicxx} MPIFORT=${MPIFORT:-mpifort} MPIRUN=${MPIRUN:-mpirun}
for tool in "$MPICC" "$MPICXX" "$MPIFORT" "$MPIRUN"; do
    command -v "$tool" >/dev/null || { echo "run.sh needs $tool: scripts/install-deps.sh" >&2; exit 2; }
done
(($# > 0)) || set -- header generated ranks options regions refusals memory deaths fortran page valgrind

# More ranks than cores, as root or not. MPICH knows none of these.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 \
    OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_hwloc_base_binding_policy=none

scratch=$(mktemp -d "${TMPDIR:-/tmp}/atlas-mpi-tests-XXXXXX") && scratch=$(cd "$scratch" && pwd -P)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$scratch/lib"
ln -s "$library" "$scratch/lib/libatlas_store.so"
ln -s "$library" "$scratch/lib/libatlas_store.so.0.1"
cd "$scratch" || exit 2
strict=(-Wall -Wextra -Wpedantic -Werror)
fstrict=(-std=f2018 -Wall -Wextra -Wpedantic -Wuse-without-only -Wimplicit-interface -Wimplicit-procedure
    -Wfrontend-loop-interchange -Wundefined-do-loop -Werror -fimplicit-none)
include=(-I"$root/include" -I"$root/bindings/mpi")
link=(-L"$scratch/lib" -latlas_store -Wl,-rpath,"$scratch/lib" -lm)

succeed() {
    echo "ok $1"
    passed=$((passed + 1))
}
fail() {
    echo "FAILED $1"
    failed=$((failed + 1))
}
check() { # NAME COMMAND..
    local name=$1
    shift
    if "$@"; then succeed "$name"; else fail "$name"; fi
}

c() { # NAME [OPTION..]: compiles a test that all ranks run
    local name=$1
    shift
    [[ -x $name ]] || "$MPICC" -std=c99 "${strict[@]}" -O1 -g "$@" "${include[@]}" "$here/$name.c" -o "$name" "${link[@]}" ||
        { echo "FAILED $name.c does not compile"; exit 1; }
}
serial() {
    [[ -x look ]] || cc -std=c99 "${strict[@]}" -O1 -g "${include[@]}" "$here/look.c" -o look "${link[@]}" ||
        { echo "FAILED look.c does not compile"; exit 1; }
}
run() { # RANKS COMMAND..
    timeout 120 "$MPIRUN" -n "$@"
}

# Alone, in any language, and in two sources of one program.
header() {
    printf '#include "atlas_mpi.h"\nint main(void) { return other(); }\n' | sed '1a int other(void);' >alone.c
    printf '#include "atlas_mpi.h"\nint other(void);\nint other(void) { return atlas_mpi_close(NULL); }\n' >other.c
    check "the header in C99" "$MPICC" -std=c99 "${strict[@]}" -Wshadow -Wconversion -O2 "${include[@]}" alone.c other.c -o alone "${link[@]}"
    # Open MPI's own header for C++ has warnings.
    check "the header in C++" "$MPICXX" -std=c++11 "${strict[@]}" -DOMPI_SKIP_MPICXX -DMPICH_SKIP_MPICXX -O1 "${include[@]}" \
        -fsyntax-only -x c++ other.c
    check "two sources of one program" run 1 ./alone
}

# The module is what its template makes.
generated() {
    mkdir -p generated
    if "$root/bindings/mpi/generate.sh" generated && diff "$root/bindings/mpi/atlas_mpi.f90" generated/atlas_mpi.f90 >&2; then
        succeed generated
    else
        echo "bindings/mpi/generate.sh writes it" >&2
        fail generated
    fi
}

written() { # TITLE RANKS ARGUMENT..
    local title=$1 n=$2
    shift 2
    rm -rf store.atlas
    run "$n" ./ranks store.atlas "$@" >&2 || { fail "$title"; return; }
    ./look store.atlas "$n" >output
    grep -v ' passed, ' output
    add_up "$title" "" output
    echo "ok $title"
}
ranks() {
    local n
    c ranks
    serial
    for n in 1 2 3 4 7 16 64; do written "$n ranks" "$n"; done
}

# Few owners; others' cells in rounds, and own ones that do not wait; both.
options() {
    c ranks
    serial
    written "one owner" 5 1
    written "in rounds" 5 0 500
    written "two owners, in rounds" 6 2 3000
    # As if MPI counted to 100: what is longer than a message can be.
    rm ranks
    c ranks "-DATLAS_MPI_IMPL_MESSAGE=((size_t)100)"
    written "in many messages" 4
    rm ranks
}

regions() {
    local seed
    c random
    mkdir -p regions
    for seed in ${ATLAS_TEST_SEEDS:-1 2 3 4}; do
        run $((2 + seed % 4)) ./random regions "$seed" 8 >output 2>errors || cat errors >&2
        grep -v ' passed, ' output
        add_up "regions, seed $seed" "" output
    done
}

refusals() {
    c refuse
    mkdir -p refusals
    run 3 ./refuse refusals >output 2>errors || cat errors >&2
    grep -v ' passed, ' output
    add_up refusals "" output
}

memory() {
    c memory
    mkdir -p memory_stores
    run 2 ./memory memory_stores >output 2>errors || cat errors >&2
    grep -v ' passed, ' output
    add_up memory "" output
}

# The names of a store's files, without what is random in them.
files() {
    (cd "$1" && find . -type f | sed -E 's/-[0-9a-f]{16}-([0-9a-f]{8})-[0-9a-f]{16}\./-SESSION-\1-FILE./; s/-[0-9a-f]{16}\./-FILE./' | sort)
}
death() { # WANTED POINT RANK N: the store is as before the flush (0), as after it (2), or as one of both (any)
    local wanted=$1 title="killed: $2, rank $3, time $4" found=
    rm -rf store.atlas
    # A clock may come too late.
    if run 4 ./ranks store.atlas 0 0 "$2" "$3" "$4" >output 2>&1 && [[ $2 != timer ]]; then
        fail "$title: nobody was"
        return
    fi
    ./look store.atlas 4 0 >before && found=0
    ./look store.atlas 4 2 >after && found=2
    if [[ -z $found || ($wanted != any && $wanted != "$found") ]]; then
        cat output before after >&2
        fail "$title: the store is neither"
        return
    fi
    ./look store.atlas || { fail "$title: the next writer"; return; }
    ./look store.atlas 4 $found >output || { cat output >&2; fail "$title: after the next writer"; return; }
    files store.atlas >got
    if diff "files$found" got >&2; then succeed "$title: step $found"; else fail "$title: files are left"; fi
}
deaths() {
    local n
    c ranks
    serial
    # What the files are where nobody dies.
    rm -rf store.atlas
    run 4 ./ranks store.atlas && ./look store.atlas && files store.atlas >files2
    rm -rf store.atlas
    run 4 ./ranks store.atlas 0 0 gives_up -1 1 && ./look store.atlas && files store.atlas >files0
    for n in 0 2; do death 0 before_export $n 1; done
    for n in 1 2; do death 0 export_sync 3 $n; done
    death 0 after_export 1 1
    death 0 before_import 0 1
    death 0 after_import 0 1
    for n in 1 2 3; do death any flush_sync 0 $n; done
    death any before_rename 0 1
    death any after_rename 0 1
    death 2 after_flush 0 1
    death 2 before_renew 3 1
    death 0 before_export -1 1
    death 0 after_export -1 1
    for n in 1 5000 20000 60000; do death any timer -1 $n; done
}

fortran_module() {
    [[ -f atlas_mpi.o ]] && return
    "$MPICC" -std=c99 "${strict[@]}" -O2 "${include[@]}" -c "$root/bindings/mpi/atlas_mpi_f.c" &&
        "$MPIFORT" "${fstrict[@]}" -O0 -c "$root"/bindings/fortran/src/*.f90 &&
        "$MPIFORT" "${fstrict[@]}" -O2 -c "$root/bindings/mpi/atlas_mpi.f90" || { echo "FAILED the module does not compile"; exit 1; }
}
fprogram() { # NAME SOURCE OPTION..
    local name=$1 source=$2
    shift 2
    "$MPIFORT" "${fstrict[@]}" -O2 "$@" "$source" atlas_c.o atlas_memory.o atlas_store.o atlas_mpi.o atlas_mpi_f.o -o "$name" \
        "${link[@]}"
}

# What is wrong on one rank, and the model: the same bits with any number of ranks, and restarted with another.
fortran() {
    local n
    fortran_module
    fprogram fortran_refusals "$here/refusals.f90" || { fail "refusals.f90 does not compile"; return; }
    run 2 ./fortran_refusals >output 2>errors || cat errors >&2
    grep -v ' passed, ' output
    add_up "refusals in Fortran" "" output
    # exp() of vectors is not that of numbers.
    fprogram climate_mpi "$root/examples/mpi/climate_mpi.f90" -fno-tree-vectorize -ffp-contract=off &&
        fprogram climate_model "$root/examples/fortran/climate_model.f90" -fno-tree-vectorize -ffp-contract=off &&
        fprogram compare_stores "$root/examples/fortran/compare_stores.f90" || { fail "the models do not compile"; return; }
    ./climate_model month.atlas 1 >/dev/null && ./climate_model months.atlas 2 >/dev/null || fail "the model of one process"
    for n in 1 4 9 16; do
        if run "$n" ./climate_mpi "model$n.atlas" 1 >/dev/null && ./compare_stores month.atlas "model$n.atlas"; then
            succeed "the model on $n ranks, bit for bit"
        else
            fail "the model on $n ranks"
        fi
    done
    if run 6 ./climate_mpi restarted.atlas 1 >/dev/null && run 4 ./climate_mpi restarted.atlas 2 restart >/dev/null &&
        ./compare_stores months.atlas restarted.atlas; then
        succeed "the model restarted with other ranks, bit for bit"
    else
        fail "the model restarted"
    fi
}

# The programs of docs/mpi.md that use MPI are what they say.
page() {
    local language file
    fortran_module
    for language in c fortran; do
        rm -f block*
        awk -v language="$language" '$0 == "```" language { file = "block" ++n; next } /^```$/ { file = "" } file { print >file }' \
            "$root/docs/mpi.md"
        file=$(grep -l -e atlas_mpi block* | head -n 1)
        if [[ $language == c ]]; then
            cp "$file" many.c
            "$MPICC" -std=c99 "${strict[@]}" "${include[@]}" many.c -o many_c "${link[@]}"
        else
            cp "$file" many.f90
            fprogram many_fortran many.f90
        fi || { fail "the page's program in $language does not compile"; continue; }
        sed -n '/^```output$/,/^```$/{/^```/d;p}' "$root/docs/mpi.md" | grep column >wanted
        run 3 "./many_$language" >got
        check "the page's program in $language" diff wanted got
    done
}

# MPI itself has memory that it never wrote and that it never gives back: only what lies in the helper counts.
valgrind() {
    [[ ${ATLAS_TEST_VALGRIND:-1} != 0 ]] || return 0
    local supp=() file
    for file in /usr/share/openmpi/openmpi-valgrind.supp; do [[ ! -f $file ]] || supp+=(--suppressions="$file"); done
    c ranks
    rm -rf store.atlas
    run 2 valgrind --quiet --log-file=valgrind.%p --num-callers=30 --leak-check=full --show-leak-kinds=definite \
        ${supp[@]+"${supp[@]}"} ./ranks store.atlas 0 2000 >&2 || fail "two ranks under valgrind"
    serial
    ./look store.atlas 2 >output || { cat output >&2; fail "what two ranks under valgrind wrote"; }
    # A block of a report is of the helper if a frame in it is.
    if awk -v RS='' '/atlas_/' <(sed 's/^==[0-9]*== *//' valgrind.*) | grep . >&2; then
        fail "valgrind"
    else
        succeed "valgrind finds nothing in the helper"
    fi
}

for name in "$@"; do
    start=$SECONDS
    "$name"
    echo "$name: $((SECONDS - start)) s"
done
echo "$passed passed, $failed failed"
((failed == 0))
