#!/usr/bin/env bash
# readme.sh LIBDIR [PAGE...]: what README and the pages of docs show is true. The blocks of a language in a page are one
# program, in the order of the page. All programs of a page build without warnings from its own text and print what its
# block "output" says; then its blocks "console" are run, line by line, and print what follows the line. The programs of
# docs/quickstart.md are those of examples. The tutorials write the same store. Every file that README and CONTRIBUTING
# link to exists; links between pages are scripts/docs.sh's. Without LIBDIR's tool in build/bin nothing passes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/python-env.sh "$1"
libdir=$(realpath "$1")
shift
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
julia=${JULIA:-$(command -v julia || echo /opt/julia-1.5/bin/julia)}
link=(-L"$libdir" -latlas_store -Wl,-rpath,"$libdir" -lm)
strict=(-Wall -Wextra -Wpedantic -Werror)
tutorials=(c cpp fortran julia python)
pages=("$@")
if ((${#pages[@]} == 0)); then
    pages=(README.md docs/{quickstart,time,chunks,compression,restart,writers,cf}.md)
    for language in "${tutorials[@]}"; do pages+=("docs/tutorial-$language.md"); done
    pages+=(docs/tutorial-tool.md)
fi
[[ -x build/bin/atlas ]] || { echo "there is no build/bin/atlas: make tool" >&2; exit 1; }

blocks() { # PAGE LANGUAGE: the blocks of the language, one after the other
    # shellcheck disable=SC2016 # the dollar signs are those of sed
    sed -n '/^```'"$2"'$/,/^```$/{/^```/d;p}' "$root/$1"
}

# The module once, for all Fortran programs.
mkdir "$work/module"
(cd "$work/module" && gfortran -std=f2018 -Wall -Wextra -Werror -c "$root"/bindings/fortran/src/*.f90)

build() { # LANGUAGE FILE: a program `run` beside the file
    case $1 in
    c) cc -std=c99 "${strict[@]}" -I"$root/include" "$2" -o run "${link[@]}" ;;
    cpp) c++ -std=c++17 "${strict[@]}" -I"$root/include" -I"$root/bindings/cpp/include" "$2" -o run "${link[@]}" ;;
    fortran) gfortran -std=f2018 -Wall -Wextra -Werror -I"$work/module" "$2" "$work"/module/*.o -o run "${link[@]}" ;;
    julia)
        printf '#!/bin/sh\nATLAS_STORE_LIBRARY="%s" JULIA_DEPOT_PATH="%s:" exec "%s" --startup-file=no -O0 --project="%s" "%s"\n' \
            "$libdir/libatlas_store.so" "$work/depot" "$julia" "$root/bindings/julia" "$PWD/$2" >run
        chmod +x run
        ;;
    python)
        printf '#!/bin/sh\nexec "%s" "%s"\n' "$root/build/venv/bin/python" "$PWD/$2" >run
        chmod +x run
        ;;
    rust)
        # Its quickstart is an example of the crate; other pages are tests of its documentation.
        (cd "$root" && cargo build --locked --release --example quickstart)
        cp "${CARGO_TARGET_DIR:-$root/target}/release/examples/quickstart" run
        ;;
    esac
}

console() { # FILE: runs each line that begins with "$ ", and compares what follows it
    local line command='' expected=''
    compare() {
        local printed
        [[ -z $command ]] && return
        printed=$(PATH=$root/build/bin:$PATH bash -c "$command" 2>&1) || true
        diff <(printf '%s' "${expected%$'\n'}") <(printf '%s' "$printed") || { echo "this printed something else: $command" >&2; return 1; }
    }
    while IFS= read -r line; do
        if [[ $line == '$ '* ]]; then
            compare || return 1
            command=${line#??} expected=''
        else
            expected+=$line$'\n'
        fi
    done <"$1"
    compare
}

declare -A extension=([c]=c [cpp]=cpp [fortran]=f90 [julia]=jl [python]=py [rust]=rs)
for page in "${pages[@]}"; do
    name=$(basename "$page" .md)
    expected=$(blocks "$page" output)
    # The lines for the terminal find what the page's first program wrote.
    terminal=
    for language in c cpp fortran julia python rust; do
        folder=$work/$name-$language
        mkdir "$folder"
        cd "$folder"
        blocks "$page" "$language" >"$name.${extension[$language]}"
        [[ -s $name.${extension[$language]} ]] || continue
        if [[ $language == rust && $name != quickstart ]]; then continue; fi
        if [[ $name == quickstart ]]; then diff "$name.${extension[$language]}" "$root"/examples/"$language"/quickstart.*; fi
        terminal=${terminal:-$folder}
        build "$language" "$name.${extension[$language]}"
        printed=$(./run) || { echo "$page: its program in $language fails: $printed" >&2; exit 1; }
        echo "$page, $language"
        # One that prints nothing must hold what it claims by itself.
        if [[ -z $printed ]] && grep -qE 'assert|error stop' "$name.${extension[$language]}"; then continue; fi
        diff <(echo "$expected") <(echo "$printed") || { echo "$page: its program in $language prints something else" >&2; exit 1; }
    done
    mkdir -p "${terminal:=$work/$name}"
    cd "$terminal"
    blocks "$page" console >console
    if [[ -s console ]]; then
        # The page of the command line looks at what the tutorials wrote.
        if [[ $name == tutorial-tool ]]; then cp -r "$work/tutorial-c-c/climate.atlas" .; fi
        console console
        echo "$page: console"
    fi
    cd "$root"
done

# What the tutorials wrote is the same, to the last value.
for language in "${tutorials[@]}"; do
    store=$work/tutorial-$language-$language/climate.atlas
    if [[ -e $store ]]; then build/bin/atlas show "$store" --values | sed 1d >"$work/show-$language"; fi
done
for language in "${tutorials[@]:1}"; do
    if [[ -e $work/show-$language && -e $work/show-c ]]; then diff "$work/show-c" "$work/show-$language"; fi
done

for page in README.md CONTRIBUTING.md; do
    while read -r target; do
        [[ -e $target ]] || { echo "$page links to $target, which is not there" >&2; exit 1; }
    done < <(sed '/^```/,/^```$/d' "$page" | grep -o ']([^)#]*' | cut -c 3- | grep -v '^https\?:')
done
