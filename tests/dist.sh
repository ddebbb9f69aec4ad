#!/usr/bin/env bash
# The tarball of `make dist` builds with an empty cargo home and no network, and what it builds is installed and works.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scripts/dist.sh "$work/atlas_store.tar.gz"
tar -C "$work" -xzf "$work/atlas_store.tar.gz"
cd "$work/atlas_store"
export CARGO_HOME=$work/cargo CARGO_NET_OFFLINE=true CARGO_PROFILE_RELEASE_OPT_LEVEL=0
unset CARGO_TARGET_DIR
make --no-print-directory -s install PREFIX="$work/prefix"
cc -std=c99 examples/c/quickstart.c -o "$work/quickstart" -I"$work/prefix/include" -L"$work/prefix/lib" -latlas_store \
    -Wl,-rpath,"$work/prefix/lib"
"$work/quickstart" "$work/quickstart.atlas"
