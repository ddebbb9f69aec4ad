#!/usr/bin/env bash
# dist.sh TARBALL: the sources of the last commit with all crates they need, so that cargo and a C compiler build them
# without the network.
set -euo pipefail
tarball=$(realpath -m "$1")
cd "$(dirname "$0")/.."
name=$(basename "$tarball" .tar.gz)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/$name/.cargo" "$(dirname "$tarball")"
git archive HEAD | tar -x -C "$work/$name"
(cd "$work/$name" && cargo vendor --locked --quiet vendor)
cat >"$work/$name/.cargo/config.toml" <<'CONFIG'
[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
CONFIG
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner -czf "$tarball" "$name"
echo "$tarball"
