#!/usr/bin/env bash
# The C example in the README is examples/c/quickstart.c, and every file that it and CONTRIBUTING link to exists.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck disable=SC2016 # the dollar signs are those of sed
diff <(sed -n '/^```c$/,/^```$/{/^```/d;p}' README.md) examples/c/quickstart.c
for page in README.md CONTRIBUTING.md; do
    while read -r target; do
        [[ -e $target ]] || { echo "$page links to $target, which is not there" >&2; exit 1; }
    done < <(grep -o ']([^)#]*' "$page" | cut -c 3- | grep -v '^https\?:')
done
