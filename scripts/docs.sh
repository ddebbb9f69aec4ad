#!/usr/bin/env bash
# docs.sh: the site, with the references of all languages, into build/docs. Warnings and links to nothing are errors. Needs
# scripts/install-deps.sh, and once a package index; Julia's reference needs the library in build/lib.
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_RETRIES=2
root=$PWD venv=$PWD/build/docs-venv source=$PWD/build/docs-source site=$PWD/build/docs
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
julia=${JULIA:-$(command -v julia || echo /opt/julia-1.5/bin/julia)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

made_of=$({ "${PYTHON:-python3}" --version && cat docs/site/requirements.txt; } | sha256sum)
if [[ $(cat "$venv/made-of" 2>/dev/null) != "$made_of" ]]; then
    rm -rf "$venv"
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement docs/site/requirements.txt
    echo "$made_of" >"$venv/made-of"
fi

# The repository's pages, where they lie in it, so that their links hold both there and here.
rm -rf "$source" "$site"
mkdir -p "$source/tests/conformance"
tar -c --exclude=__pycache__ --exclude='*.egg-info' --exclude=target --exclude=build --exclude=docs/site README.md \
    CHANGELOG.md CONTRIBUTING.md LICENSE* docs bindings benches examples include packaging | tar -x -C "$source"
cp tests/*.md "$source/tests"
cp tests/conformance/README.md "$source/tests/conformance"

cp docs/site/reference-*.md "$source/docs"
mkdir "$source/docs/site"
"$venv/bin/pygmentize" -S default -f html -a .codehilite >"$source/docs/site/site.css"
cat docs/site/extra.css >>"$source/docs/site/site.css"

printed_nothing() { # WHAT COMMAND...: the command succeeds, and warns of nothing
    local what=$1
    shift
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2 && return 1; }
    if grep -i warning "$work/log" >&2; then echo "$what: warnings" >&2 && return 1; fi
}

reference=$source/docs/reference
mkdir -p "$reference"
{ cat docs/site/Doxyfile && printf 'OUTPUT_DIRECTORY = %s\nHTML_OUTPUT = c\nPROJECT_NUMBER = %s\n' "$reference" "$version"; } \
    >"$work/Doxyfile"
printed_nothing "the reference of C and C++" doxygen "$work/Doxyfile"
printed_nothing "the reference of Fortran" "$venv/bin/ford" --output_dir "$reference/fortran" docs/site/fortran.md
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --lib --quiet --target-dir "${CARGO_TARGET_DIR:-target}"
cp -r "${CARGO_TARGET_DIR:-target}/doc" "$reference/rust"
# The licence of a font is no page.
for file in "$reference"/rust/static.files/*.md; do mv "$file" "${file%.md}.txt"; done
ATLAS_STORE_LIBRARY=$root/build/lib/libatlas_store.so JULIA_DEPOT_PATH="$work/depot:" "$julia" --startup-file=no -O0 \
    --project=bindings/julia docs/site/julia.jl "$source/docs/reference-julia.md"
{
    printf '# Man pages\n\n'
    for page in docs/man/*.1; do
        name=$(basename "$page" .1)
        printf '## %s\n\n' "$name"
        mandoc -T html -O fragment "$page" |
            sed 's|<a class="permalink"[^>]*>\(.*\)</a>|\1|; s| id="[^"]*"||; s|<h1|<h3|; s|/h1>|/h3>|; /<table class="/,/<\/table>/d'
        printf '\n'
    done
} >"$source/docs/man/README.md"

# With --quiet its warnings would be no errors.
printed_nothing "the site" "$venv/bin/mkdocs" build --config-file docs/site/mkdocs.yml
# It must be readable without a network.
if grep -rlE '<(script|link|img)[^>]*(src|href)="(https?:)?//' "$site" --include='*.html' | grep -v "^$site/docs/reference/" >&2; then
    echo "these pages load something from elsewhere" >&2
    exit 1
fi
echo "$site/index.html"
