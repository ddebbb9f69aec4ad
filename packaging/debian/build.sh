#!/usr/bin/env bash
# build.sh [FOLDER]: the Debian packages of the last commit, into FOLDER (build/debian). Builds without the network in a copy
# of the sources. Needs dpkg-dev, debhelper, libnetcdf-dev, and a cargo that is in the PATH, from Debian or not.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
folder=$(realpath -m "${1:-build/debian}")
rm -rf "$folder"
mkdir -p "$folder"
scripts/dist.sh "$folder/atlas-store_$version.orig.tar.gz"
cd "$folder"
tar -xzf "atlas-store_$version.orig.tar.gz"
# The archive's folder has the archive's name.
mv "atlas-store_$version.orig" "atlas-store-$version"
cp -r "$OLDPWD/packaging/debian" "atlas-store-$version/debian"
rm "atlas-store-$version/debian/build.sh"
cd "atlas-store-$version"
# -d: what Build-Depends names may be there without being a package, such as a cargo of rustup's.
dpkg-buildpackage --build=binary --no-check-builddeps --no-sign
ls -l "$folder"/*.deb
