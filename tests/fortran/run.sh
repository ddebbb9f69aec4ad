#!/bin/sh
# Builds the Fortran module and its tests against a library and runs them: as users compile, then with every check of
# the compiler, then under valgrind in a smaller size. Ends with the examples.
#
# Usage: run.sh LIBRARY_FOLDER [NAME..]   (the folder that holds libatlas_store.so; all tests without a NAME)
# Environment: FC (gfortran), CC, FFLAGS; ATLAS_TEST_VALGRIND=0 leaves valgrind out. With another compiler than gfortran
# the tests are compiled with $FFLAGS alone.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../count.sh"
root=$(cd "$here/../.." && pwd)
[ $# -ge 1 ] || { echo "usage: run.sh LIBRARY_FOLDER [NAME..]" >&2; exit 2; }
library=$(cd "$1" && pwd)/libatlas_store.so
[ -f "$library" ] || { echo "there is no $library" >&2; exit 2; }
shift
FC=${FC:-gfortran}
valgrind=${ATLAS_TEST_VALGRIND:-1}
for tool in "$FC" $([ "$valgrind" = 0 ] || echo valgrind); do
    command -v "$tool" >/dev/null || { echo "run.sh needs $tool, which is not installed" >&2; exit 2; }
done
kinds="int8 int16 int32 int64 real32 real64 complex32 complex64 logical bool character"
[ $# -gt 0 ] || set -- header generated static raw $kinds text arrays records sessions again times empty life copies threads stops forgets flags readme examples

scratch=$(mktemp -d "${TMPDIR:-/tmp}/atlas-fortran-tests-XXXXXX") && scratch=$(cd "$scratch" && pwd -P)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$scratch/plain" "$scratch/checked" "$scratch/lib"
ln -s "$library" "$scratch/lib/libatlas_store.so"
ln -s "$library" "$scratch/lib/libatlas_store.so.0.1"

case $("$FC" --version 2>/dev/null) in
*GNU*)
    strict="-std=f2018 -Wall -Wextra -Wpedantic -Wuse-without-only -Wimplicit-interface -Wimplicit-procedure
        -Wfrontend-loop-interchange -Wundefined-do-loop -Werror -fimplicit-none"
    checks="-fcheck=all"
    # The tests themselves may need temporaries, the module must not.
    test_checks="-fcheck=all -fcheck=no-array-temps"
    openmp=-fopenmp
    ;;
*)
    strict=
    checks=
    test_checks=
    openmp=
    ;;
esac
builds=plain
[ -z "$checks" ] || builds="plain checked"

succeed() {
    echo "ok $1"
    passed=$((passed + 1))
}
fail() {
    echo "FAILED $1"
    failed=$((failed + 1))
}

# fortran BUILD ARGUMENT..: compiles in the folder of that build.
fortran() {
    build=$1
    shift
    case $build in
    plain) (cd "$scratch/plain" && "$FC" $strict -O2 -g ${FFLAGS:-} "$@") ;;
    checked) (cd "$scratch/checked" && "$FC" $strict -O0 -g ${FFLAGS:-} "$@") ;;
    esac
}

for build in $builds; do
    flags=
    [ $build = plain ] || flags=$checks
    for source in "$root"/bindings/fortran/src/*.f90 "$here/check.f90"; do
        fortran $build $flags -c "$source" || { echo "FAILED $source does not compile ($build)"; exit 1; }
    done
done

# program BUILD NAME ARGUMENT..: compiles and links a test; NAME is what it is called then.
program() {
    build=$1
    name=$2
    shift 2
    flags=
    [ "$build" = plain ] || flags=$test_checks
    fortran "$build" $flags "$@" check.o atlas_store.o atlas_memory.o atlas_c.o -o "$name" \
        -L"$scratch/lib" -latlas_store -Wl,-rpath,"$scratch/lib"
}

# one TITLE COMMAND..: runs a test program, shows what it says, and adds up its last line.
one() {
    title=$1
    shift
    rm -rf "$scratch/stores"
    mkdir "$scratch/stores"
    ATLAS_TEST_FOLDER=$scratch/stores "$@" >"$scratch/output" 2>"$scratch/all_errors"
    code=$?
    # Most tests end without close, which the module says of each.
    grep -a -v '^atlas: store .* it was not closed$' "$scratch/all_errors" >"$scratch/errors"
    # Of what succeeded, the names of the first run are enough.
    case $title in
    *" with "* | *" under "* | options*) grep -v -e '^ok ' -e ' passed, ' "$scratch/output" ;;
    *) grep -v ' passed, ' "$scratch/output" ;;
    esac
    cat "$scratch/errors" >&2
    wrong=
    if [ "$code" -ne 0 ] || [ -s "$scratch/errors" ]; then wrong="exit code $code and the messages above"; fi
    add_up "$title" "$wrong" "$scratch/output"
}

# under_valgrind TITLE PROGRAM
under_valgrind() {
    [ "$valgrind" != 0 ] || return 0
    ATLAS_TEST_SMALL=1
    export ATLAS_TEST_SMALL
    one "$1 under valgrind" valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
        --show-leak-kinds=definite "$2"
    unset ATLAS_TEST_SMALL
}

# every_way NAME ARGUMENT..: compiles a test in every build, runs all, and one under valgrind.
every_way() {
    name=$1
    shift
    for build in $builds; do
        program $build "$name" "$@" || { fail "$name does not compile ($build)"; return; }
    done
    one "$name" "$scratch/plain/$name"
    [ -z "$checks" ] || one "$name with all checks" "$scratch/checked/$name"
    under_valgrind "$name" "$scratch/plain/$name"
}

# kind NAME TYPE DTYPE VALUE
kind() {
    every_way "$1" "-DKIND=\"$1\"" "-DTYPE=$2" "-DDTYPE=atlas_dtype_$3" "-DVALUE=$4" "$here/kinds.F90"
}

# same NAME WANTED GOT: two lists in files are equal.
same() {
    if [ -s "$2" ] && diff "$2" "$3" >&2; then succeed "$1"; else fail "$1"; fi
}

# The raw layer has every function, constant and field of the header, and nothing else.
header() {
    h=$root/include/atlas.h
    f=$root/bindings/fortran/src/atlas_c.f90
    sed -n 's/^[a-z].*[ *]\(atlas_[a-z0-9_]*\)(.*/\1/p' "$h" | grep -v '^typedef' | sort >"$scratch/wanted"
    sed -n 's/.*function \(atlas_[a-z0-9_]*\)(.*/\1/p' "$f" | grep -v '_fn$' | sort -u >"$scratch/got"
    same "header functions" "$scratch/wanted" "$scratch/got"
    sed -n 's/.*name="\([a-z0-9_]*\)".*/\1/p' "$f" | sort >"$scratch/got"
    same "header names that are bound" "$scratch/wanted" "$scratch/got"
    sed -n 's/ UINT64_MAX$/ -1/
        s/^#define \(ATLAS_[A-Z0-9_]*\) \(-\{0,1\}[0-9][0-9]*\)$/\1 \2/p' "$h" | tr '[:upper:]' '[:lower:]' |
        sed 's/^atlas_version /atlas_header_version /' | sort >"$scratch/wanted"
    sed -n 's/.*parameter, public :: \(atlas_[a-z0-9_]*\) = \(.*\)/\1 \2/p' "$f" | sort >"$scratch/got"
    same "header constants" "$scratch/wanted" "$scratch/got"
    awk '/^typedef struct \{/ { n = 0; inside = 1; next }
        inside && /^\} / { gsub(/[};]/, ""); for (i = 1; i <= n; i++) print $1 "." field[i]; inside = 0 }
        inside && /;$/ { gsub(/[;*]/, ""); sub(/\[.*/, ""); field[++n] = $NF }' "$h" | sort >"$scratch/wanted"
    awk '/type, bind\(c\), public ::/ { name = $NF; next }
        /end type/ { name = "" }
        name != "" { sub(/.*:: /, ""); sub(/[ (].*/, ""); print name "." $0 }' "$f" | sort >"$scratch/got"
    same "header fields of structs" "$scratch/wanted" "$scratch/got"
    sed -n 's/^#define ATLAS_VERSION_[A-Z]* //p' "$h" | paste -sd . >"$scratch/wanted"
    sed -n 's/^version = "\(.*\)"$/\1/p' "$root/bindings/fortran/fpm.toml" >"$scratch/got"
    same "header version as in fpm.toml" "$scratch/wanted" "$scratch/got"
}

# The sources are those that their templates make.
generated() {
    if "$here/generated.sh"; then succeed generated; else fail generated; fi
}

# No procedure keeps anything between calls: threads would share it. gfortran keeps the lengths of functions' results
# in static memory, where a function's result has a deferred length.
static() {
    if nm "$scratch/plain/atlas_store.o" "$scratch/plain/atlas_memory.o" | grep -E ' [bB] |slen' |
        grep -v -e __def_init -e __vtab >&2; then
        fail "no static variables"
    else
        succeed "no static variables"
    fi
}

# What fails without stat stops the program with the text.
stops() {
    program plain stops "$here/stops.f90" || { fail "stops does not compile"; return; }
    stop "not_found" "atlas: NOT_FOUND: no array 'y' in dataset 'jan'"
    stop "shape" "atlas: OUT_OF_RANGE: array 'x' of dataset 'jan' has shape (3), the values have (4)"
    stop "errmsg_only" "atlas: ALREADY_EXISTS: "
    stop "function" "atlas: NOT_FOUND: no dataset 'feb'"
    stop "assignment" "atlas: a store cannot be assigned to another variable"
    rm -rf "$scratch/stores"
    mkdir "$scratch/stores"
    echo "atlas: store $scratch/stores/stops-unclosed: the changes since the last flush are discarded: it was not closed" \
        >"$scratch/wanted"
    ATLAS_TEST_FOLDER=$scratch/stores "$scratch/plain/stops" unclosed >"$scratch/output" 2>"$scratch/errors"
    same "an unclosed store is told of" "$scratch/wanted" "$scratch/errors"
}
stop() {
    rm -rf "$scratch/stores"
    mkdir "$scratch/stores"
    ATLAS_TEST_FOLDER=$scratch/stores "$scratch/plain/stops" "$1" >"$scratch/output" 2>"$scratch/errors"
    if [ $? -ne 0 ] && [ ! -s "$scratch/output" ] && grep -qF "ERROR STOP $2" "$scratch/errors"; then
        succeed "stops $1"
    else
        cat "$scratch/output" "$scratch/errors" >&2
        fail "stops $1"
    fi
}

# Options by which models are compiled: those of the program alone, with the module compiled as ever, and those of both.
# -freal-4-real-8 leaves no real(real32) to the module, and -fdefault-integer-8 makes its `stat` another one.
flags() {
    [ -n "$checks" ] || return 0
    for option in -fdefault-real-8 "-fdefault-real-8 -fdefault-double-8" -freal-4-real-8 "-O3 -fopenmp" \
        "-Ofast -march=native"; do
        with_options "of the program: $option" "$scratch/plain" "$option"
    done
    for option in -fdefault-real-8 -fdefault-integer-8 "-fdefault-real-8 -fdefault-integer-8 -fdefault-double-8" \
        "-O3 -fopenmp" "-Ofast -march=native" "-std=gnu -fno-underscoring -frecursive"; do
        rm -rf "$scratch/both"
        mkdir "$scratch/both"
        # shellcheck disable=SC2086 # several options
        (cd "$scratch/both" && "$FC" $option -c "$root"/bindings/fortran/src/*.f90 "$here/check.f90") ||
            { fail "the module does not compile with $option"; continue; }
        with_options "of both: $option" "$scratch/both" "$option"
    done
}
with_options() { # TITLE FOLDER OPTIONS
    # shellcheck disable=SC2086 # several options
    (cd "$2" && "$FC" $3 "$here/flags.f90" check.o atlas_store.o atlas_memory.o atlas_c.o -o flags -L"$scratch/lib" \
        -latlas_store -Wl,-rpath,"$scratch/lib") || { fail "flags does not compile with options $1"; return; }
    one "options $1" "$2/flags"
}

# The README's programs compile, and run as often as one likes; every call stands in it, and none that is not there.
readme() {
    page=$root/bindings/fortran/README.md
    awk -v folder="$scratch" '/^```fortran$/ { file = folder "/readme" ++n ".f90"; next }
        /^```$/ { file = "" }
        file != "" { print >file }' "$page"
    for source in "$scratch"/readme?.f90; do
        name=$(basename "$source" .f90)
        program plain "$name" "$source" || { fail "a program of the README does not compile"; continue; }
        if (cd "$scratch" && "plain/$name" >"$name.out" && "plain/$name" >>"$name.out"); then succeed "$name"; else fail "$name"; fi
    done
    printf '72 45 6\n72 45 6\n' >"$scratch/wanted"
    same "what the README's first program prints" "$scratch/wanted" "$scratch/readme1.out"
    sed -n '/^    type :: store_type/,/^    end type store_type/{
        s/^        \(generic\|procedure\) :: \([a-z_]*\) =>.*/\2/p
    }
    s/^    interface \([a-z_]*\)$/\1/p' "$root/bindings/fortran/src/atlas_store.f90" | sort -u >"$scratch/wanted"
    sed -n '/^## Calls/,/^Of the module/{/^Of the module/!p}' "$page" | grep -o '`[a-z_]*(' | tr -d '`(' | sort -u >"$scratch/got"
    same "the README's calls" "$scratch/wanted" "$scratch/got"
}

# A main program's variables are never finalized: the library says what its end loses.
forgets() {
    program plain forgets "$here/forgets.f90" || { fail "forgets does not compile"; return; }
    rm -rf "$scratch/stores"
    mkdir "$scratch/stores"
    echo "atlas: store $scratch/stores/forgets: the changes since the last flush are lost: the process ends, and it was not closed" \
        >"$scratch/wanted"
    ATLAS_TEST_FOLDER=$scratch/stores "$scratch/plain/forgets" >"$scratch/output" 2>"$scratch/errors"
    same "what a main program loses is told of" "$scratch/wanted" "$scratch/errors"
}

# c NAME: compiles a C file for all builds.
c() {
    ${CC:-cc} -std=gnu11 -Wall -Wextra -Werror -O1 -g -I"$root/include" -c "$here/$1.c" -o "$scratch/$1.o" ||
        { echo "FAILED $1.c does not compile"; exit 1; }
}

# The quickstart says what the one in C says; restarts end with the same bits.
examples() {
    for build in $builds; do
        program $build quickstart "$root/examples/fortran/quickstart.f90" || { fail "quickstart does not compile"; return; }
    done
    ${CC:-cc} -std=c99 -I"$root/include" "$root/examples/c/quickstart.c" -o "$scratch/quickstart" \
        -L"$scratch/lib" -latlas_store -Wl,-rpath,"$scratch/lib" || { fail "the quickstart in C does not compile"; return; }
    (cd "$scratch" && ./quickstart in_c.atlas >wanted && plain/quickstart in_fortran.atlas >first &&
        plain/quickstart in_fortran.atlas >got && cmp first got >&2)
    same "quickstart as in C" "$scratch/wanted" "$scratch/got"
    (cd "$scratch" && checked/quickstart checked.atlas >got 2>&1) || [ -z "$checks" ]
    [ -z "$checks" ] || same "quickstart with all checks" "$scratch/wanted" "$scratch/got"
    if FC=$FC FFLAGS="$strict -O2" "$root/examples/fortran/run_restart.sh" "$scratch/lib" >"$scratch/output" 2>&1; then
        :
    else
        cat "$scratch/output" >&2
    fi
    grep -E '^(ok|FAILED) ' "$scratch/output"
    line=$(tail -n 1 "$scratch/output")
    case $line in
    *" passed, "*" failed")
        passed=$((passed + ${line%% *}))
        bad=${line#* passed, }
        failed=$((failed + ${bad%% *}))
        ;;
    *) fail "run_restart.sh ended without its closing line" ;;
    esac
}

for name in "$@"; do
    case $name in
    header | generated | static | stops | forgets | flags | readme | examples) $name ;;
    int8 | int16 | int32 | int64) kind "$name" "integer($name)" "i${name#int}" 1 ;;
    real32 | real64) kind "$name" "real($name)" "f${name#real}" 2 ;;
    complex32) kind "$name" "complex(real32)" c64 3 ;;
    complex64) kind "$name" "complex(real64)" c128 3 ;;
    logical) kind "$name" logical bool 4 ;;
    bool) kind "$name" "logical(c_bool)" bool 4 ;;
    character) kind "$name" "character(7)" string 5 ;;
    raw)
        c layout
        every_way raw "$here/raw.f90" "$scratch/layout.o"
        ;;
    copies)
        # Not under valgrind, which stands in the same place.
        c intercept
        for build in $builds; do
            program $build copies "$here/copies.f90" "$scratch/intercept.o" || fail "copies does not compile ($build)"
        done
        one copies "$scratch/plain/copies"
        [ -z "$checks" ] || one "copies with all checks" "$scratch/checked/copies"
        ;;
    empty)
        # It passes what is not allocated, at which a caller with this check would stop before the module is reached.
        every_way empty ${checks:+-fcheck=no-pointer} "$here/empty.f90"
        ;;
    sessions) every_way sessions $openmp "$here/sessions.f90" ;;
    threads) every_way threads $openmp "$here/threads.f90" ;;
    *) every_way "$name" "$here/$name.f90" ;;
    esac
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
