#!/bin/sh
# What a real operating system may answer, to each system call of a commit: full, over quota, broken, interrupted, not
# allowed, gone. The last line is "N passed, N failed".
#
# Usage: run.sh LIBRARY_FOLDER   (the folder that holds libatlas_store.so)
set -eu

here=$(cd "$(dirname "$0")/../c" && pwd)
. "$here/build.sh"
here=$(cd "$(dirname "$0")" && pwd)
for tool in strace python3 unshare mount; do
    command -v "$tool" >/dev/null || { echo "run.sh needs $tool, which is not installed" >&2; exit 2; }
done
prepare "${1:?usage: run.sh LIBRARY_FOLDER}"
compile session
python3 "$here/run.py" "$scratch/session" "$scratch"
