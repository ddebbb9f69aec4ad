#!/usr/bin/env bash
# tests/object/run.sh: stores in a bucket of a server on this machine that speaks S3 and honours conditional writes (moto):
# what is written is read, by the library and by the tool; two writers lose nothing over 1000 commits; what no commit needs is
# collected. Needs cargo, python3 with venv. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

python=build/venv-s3/bin/python
wanted=$(sha256sum tests/object/requirements.txt)
if [[ $(cat build/venv-s3/made 2>/dev/null) != "$wanted" ]]; then
    rm -rf build/venv-s3
    "${PYTHON:-python3}" -m venv build/venv-s3
    "$python" -m pip install --quiet --disable-pip-version-check --requirement tests/object/requirements.txt
    echo "$wanted" >build/venv-s3/made
fi
# Unoptimized, and so beside what is in target/release.
cargo build --locked --quiet --features object,cli --bin atlas --example buckets
target=${CARGO_TARGET_DIR:-target}/debug

work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$python" -m moto.server -H 127.0.0.1 -p "$port" >"$work/server" 2>&1 &
server=$!
export AWS_ENDPOINT=http://127.0.0.1:$port AWS_ALLOW_HTTP=true AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=one AWS_SECRET_ACCESS_KEY=two
make_bucket="import sys, time, urllib.request as u
for attempt in range(400):
    try:
        u.urlopen(u.Request('$AWS_ENDPOINT/bucket', method='PUT'), timeout=5)
        break
    except OSError:
        time.sleep(0.2)
else:
    sys.exit('the server does not answer')"
"$python" -c "$make_bucket" || { cat "$work/server" >&2; exit 1; }

passed=0 failed=0
counted() { # TITLE COMMAND...: one test
    local title=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $title"
        cat "$work/output"
    fi
}
url="s3://bucket/some%20where/run.atlas"
says() { # TEXT COMMAND...
    local text=$1 output
    shift
    output=$("$@" 2>&1) || true
    [[ $output == *"$text"* ]] || { echo "no '$text' in: $output"; return 1; }
}
counted "a round trip" "$target/examples/buckets" round "$url"
counted "two writers, 1000 commits" "$target/examples/buckets" race s3://bucket/race.atlas 1000
counted "atlas ls" says temperature "$target/atlas" ls "$url" d
counted "atlas verify" "$target/atlas" verify "$url"
counted "atlas set" "$target/atlas" set "$url" d title "of a bucket"
counted "atlas show" says "of a bucket" "$target/atlas" show "$url" d
counted "a young file is not collected" says "0 files removed" "$target/atlas" gc "$url" --older-than 1h
sleep 2 # S3 tells times in whole seconds
removes_some() { [[ $("$target/atlas" gc "$url" --older-than 1s) =~ ^[1-9][0-9]*\ file ]]; }
counted "an old one is" removes_some
counted "only once" says "0 files removed" "$target/atlas" gc "$url" --older-than 1s
counted "what is needed is still there" "$target/atlas" verify "$url"
counted "a bucket that is not there" says "nowhere" "$target/atlas" ls s3://nowhere/run.atlas
AWS_ENDPOINT=http://127.0.0.1:1 counted "a server that is not there" says "127.0.0.1:1" timeout 300 "$target/atlas" ls "$url"
echo "$passed passed, $failed failed"
((failed == 0))
