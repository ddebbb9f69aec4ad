#!/usr/bin/env bash
# scripts/python-env.sh [REQUIREMENTS [FOLDER]]: makes a virtual environment with these packages (by default
# tests/python-requirements.txt in build/venv) unless there is one, and prints the path of its python. Several tests may ask
# for it at once. PYTHON is the interpreter, by default python3.
set -euo pipefail
cd "$(dirname "$0")/.."
requirements=${1:-tests/python-requirements.txt}
folder=${2:-build/venv}
python=${PYTHON:-python3}

mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9
# What it is made of: where that changes it is made anew.
wanted=$({ "$python" -VV; "$python" -c 'import sys; print(sys.base_prefix)'; cat "$requirements"; } | sha256sum)
if [[ $(cat "$folder/made-of" 2>/dev/null) != "$wanted" ]]; then
    rm -rf "$folder"
    "$python" -m venv "$folder" >&2
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$requirements" >&2
    echo "$wanted" >"$folder/made-of"
fi
echo "$PWD/$folder/bin/python"
