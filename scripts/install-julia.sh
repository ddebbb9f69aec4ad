#!/usr/bin/env bash
# install-julia.sh [PREFIX]   (default /opt/julia-1.5)
#
# Puts Debian bullseye's Julia 1.5.3, the oldest that the Julia package supports, and the libraries it needs under
# PREFIX, and prints the path of PREFIX/bin/julia. Nothing outside PREFIX is changed: the packages are unpacked, not
# installed, and apt is given lists and a cache of its own. Where it is there already it returns at once.
#
# glibc, libgcc and libstdc++ stay the system's: they are newer, and what is built on this machine needs them.
set -euo pipefail

prefix=$(realpath -m "${1:-/opt/julia-1.5}")
suite=bullseye
stamp="$prefix/.installed-1" # the number rises with every change of what is installed

if [[ -e $stamp ]]; then
    echo "$prefix/bin/julia"
    exit 0
fi
# Only an empty folder, or one that this script began to fill, is replaced.
if [[ -n $(ls -A "$prefix" 2>/dev/null) && ! -e $prefix/.julia-prefix ]]; then
    echo "install-julia: $prefix is there and not empty" >&2
    exit 1
fi
if ! command -v dpkg >/dev/null || [[ $(dpkg --print-architecture) != amd64 ]]; then
    echo "install-julia: this is for Debian and its like on amd64; have Julia 1.5 or newer on the PATH instead" >&2
    exit 1
fi

# The mirror is the one that apt uses for Debian itself.
mirror=$(grep -rhsE '^(URIs:|deb )' /etc/apt/sources.list /etc/apt/sources.list.d |
    grep -oE '[a-z+]+://[^ ]+/debian/?( |$)' | sed 's/ $//;q' || true)
[[ -n $mirror ]] || { echo "install-julia: no mirror of Debian in apt's configuration" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work"/{lists/partial,debs,root}
: >"$work/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources.list"
# With an empty status file apt resolves as if nothing were installed.
apt=(-qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Dir::Log="$work" -o APT::Sandbox::User=root
    -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3 -o Acquire::Languages=none
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
apt-get "${apt[@]}" update

# Julia and what it depends on, less what every Debian has and what must be the system's.
skip='^(libc6|libgcc-s1|libstdc\+\+6|gcc-10-base|libcrypt1|zlib1g|liblzma5|libbz2-1.0|libtinfo6'
skip+='|libselinux1|libacl1|tar|dpkg|perl-base|debconf)$'
mapfile -t packages < <(apt-get "${apt[@]}" -s --no-install-recommends install julia |
    awk '$1 == "Inst" {print $2}' | grep -vE "$skip")
((${#packages[@]} > 10)) || { echo "install-julia: apt does not find julia in $suite" >&2; exit 1; }
(cd "$work/debs" && apt-get "${apt[@]}" download "${packages[@]}")
for package in "$work"/debs/*.deb; do dpkg -x "$package" "$work/root"; done

# One tree: prefix/usr, for Julia finds its files relative to usr/bin, and prefix/etc.
rm -rf "$prefix"
mkdir -p "$prefix/bin"
touch "$prefix/.julia-prefix"
rm -rf "$work"/root/usr/share/{doc,man,lintian,locale,applications,icons,metainfo,julia/test}
lib=usr/lib/x86_64-linux-gnu
if [[ -d $work/root/lib/x86_64-linux-gnu ]]; then cp -an "$work"/root/lib/x86_64-linux-gnu/. "$work/root/$lib/"; fi
cp -a "$work/root/usr" "$work/root/etc" "$prefix/"

# The wrapper starts Julia through the system's loader, so that the library path is Julia's alone and no child process
# inherits it. --home makes Julia start its own children through the wrapper too. libgcc_s is loaded first, since
# Debian's libunwind exports its functions as well: mixed, a Rust panic that is caught would abort.
mv "$prefix/usr/bin/julia" "$prefix/usr/bin/julia.elf"
cat >"$prefix/usr/bin/julia" <<WRAPPER
#!/bin/sh
P='$prefix/usr'
exec /lib64/ld-linux-x86-64.so.2 --preload libgcc_s.so.1 \\
    --library-path "\$P/lib/x86_64-linux-gnu\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}" \\
    "\$P/bin/julia.elf" --home "\$P/bin" "\$@"
WRAPPER
chmod 755 "$prefix/usr/bin/julia"
ln -s ../usr/bin/julia "$prefix/bin/julia"

# With no registry at all Pkg would fetch the general one, and Pkg.test() would fail offline even for a package that
# needs none.
registry="$prefix/usr/share/julia/registries/Empty"
mkdir -p "$registry"
printf '%s\n' 'name = "Empty"' 'uuid = "5e0ac1a4-6e22-4bd4-9f39-0d3cf0b1b6d7"' 'repo = ""' '[packages]' \
    >"$registry/Registry.toml"

"$prefix/bin/julia" --startup-file=no -e 'exit(1 + 1 == 2 ? 0 : 1)'
touch "$stamp"
echo "$prefix/bin/julia"
