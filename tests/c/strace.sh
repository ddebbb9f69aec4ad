#!/bin/sh
# Watches the system calls of one store's life and checks that each commit is on the disk before it becomes visible.
#
# Usage: strace.sh LIBRARY_FOLDER   (the folder that holds libatlas_store.so)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/build.sh"
for tool in strace python3; do
    command -v "$tool" >/dev/null || { echo "strace.sh needs $tool, which is not installed" >&2; exit 2; }
done
prepare "${1:?usage: strace.sh LIBRARY_FOLDER}"
compile flush_once

run() { # NAME [nosync]
    strace -f -y -s 200 -o "$scratch/$1.trace" \
        -e trace=open,openat,creat,access,faccessat,faccessat2,mkdir,mkdirat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,copy_file_range,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat \
        "$scratch/flush_once" "$scratch/$1" ${2:+"$2"}
    python3 "$here/strace_check.py" "$scratch/$1.trace" "$scratch/$1"
}

failed=0
if run synced; then
    echo "ok every commit is synced before it is visible"
else
    failed=$((failed + 1))
fi
# The check itself: with the syncs switched off it must find them missing.
if run unsynced nosync >"$scratch/unsynced.log"; then
    echo "FAILED the check sees nothing missing where nothing is synced"
    failed=$((failed + 1))
elif grep -q "^FAILED second: .*was not synced" "$scratch/unsynced.log"; then
    echo "ok the check sees what is missing where nothing is synced"
else
    cat "$scratch/unsynced.log"
    failed=$((failed + 1))
fi
echo "$((2 - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
