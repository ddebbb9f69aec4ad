#!/usr/bin/env bash
# tests/object/run.sh [azure]: stores in buckets of servers on this machine that honour conditional writes: moto, which speaks
# S3, and with `azure` also Azurite, which speaks Azure's protocol and takes 360 MB. What is written is read, by the library and
# by the tool; two writers lose nothing over 1000 commits; what no commit needs is collected; stores are copied, imported,
# repaired and tested there. Needs cargo, python3 with venv, libnetcdf; for Azurite node and npm. The last line is
# "N passed, N failed".
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
azurite=3.37.0
if [[ ${1:-} == azure && $(cat build/azurite/made 2>/dev/null) != "$azurite" ]]; then
    rm -rf build/azurite
    mkdir -p build/azurite
    npm install --prefix build/azurite --silent --no-audit --no-fund --ignore-scripts "azurite@$azurite"
    echo "$azurite" >build/azurite/made
fi
# Unoptimized, and so beside what is in target/release.
cargo build --locked --quiet --features object,netcdf --bin atlas --example buckets
target=${CARGO_TARGET_DIR:-target}/debug

work=$(mktemp -d)
servers=()
trap 'kill ${servers[@]+"${servers[@]}"} 2>/dev/null || true; rm -rf "$work"' EXIT
free_port() {
    "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
port=$(free_port)
"$python" -m moto.server -H 127.0.0.1 -p "$port" >"$work/server" 2>&1 &
servers+=($!)
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
objects() { # STATEMENT about the bucket b
    "$python" -c "import boto3
b = boto3.resource('s3', endpoint_url='$AWS_ENDPOINT', region_name='$AWS_REGION').Bucket('bucket')
$1"
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

copy=s3://bucket/copy.atlas
counted "atlas cp to a new store" "$target/atlas" cp "$url" d --to $copy
counted "atlas cp to one that is there" "$target/atlas" cp "$url" d --to $copy --name again
counted "atlas diff" says "no difference" "$target/atlas" diff "$url" $copy --dataset d
counted "atlas diff of one store" says "dataset 'again' added" "$target/atlas" diff $copy --at 2
counted "atlas cp from a bucket" "$target/atlas" cp $copy --to "$work/local.atlas"
counted "atlas cp to a file://" says "already" "$target/atlas" cp $copy --to "file://$work/local.atlas"
counted "atlas refs" says "$copy/" "$target/atlas" refs $copy d --no-pin
counted "atlas refs of a key with blanks" says "--base-url" "$target/atlas" refs "$url" d --no-pin
counted "atlas export" "$target/atlas" export $copy d -o "$work/d.nc"
counted "atlas import to a new store" "$target/atlas" import "$work/d.nc" s3://bucket/imported.atlas
counted "atlas import to one that is there" "$target/atlas" import "$work/d.nc" s3://bucket/imported.atlas --name e
counted "atlas import --check" says "the same" "$target/atlas" import --check "$work/d.nc" s3://bucket/imported.atlas

# What fails leaves no store where there was none, and one that was there as it was.
fails() { ! "$@" || return 1; }
segment=$(find "$work/local.atlas/temperature" -name '*.seg' | head -n 1)
dd if=/dev/zero of="$segment" bs=1 seek=5000 count=4000 conv=notrunc status=none
counted "atlas cp of a damaged dataset" fails "$target/atlas" cp "$work/local.atlas" --to s3://bucket/none.atlas
counted "... leaves nothing" objects "assert not list(b.objects.filter(Prefix='none.atlas'))"
counted "... and no store" says "is not a store" "$target/atlas" ls s3://bucket/none.atlas
counted "... to one that is there" fails "$target/atlas" cp "$work/local.atlas" d --to $copy --name third
counted "... leaves it as it was" "$target/atlas" verify $copy
counted "... without the dataset" fails says third "$target/atlas" ls $copy

objects "b.Object('copy.atlas/atlas.json').delete()"
counted "a root that is gone" says "atlas repair $copy" "$target/atlas" ls $copy
counted "atlas repair" says "holds what generation 2 held" "$target/atlas" repair $copy
counted "what was repaired" says "temperature" "$target/atlas" ls $copy d
counted "a commit after it" "$target/atlas" set $copy d title repaired
objects "b.Object('copy.atlas/atlas.json').put(Body=b'{')"
counted "a root that is damaged" says "atlas repair $copy" "$target/atlas" verify $copy
counted "atlas repair of it" says "holds what generation" "$target/atlas" repair $copy
counted "the damaged one is kept" objects "assert b.Object('copy.atlas/.atlas.json.damaged').get()['Body'].read() == b'{'"
counted "what was repaired is whole" says "the root is whole" "$target/atlas" repair $copy
objects "for prefix in 'atlas.json', '.atlas.json': b.objects.filter(Prefix='copy.atlas/' + prefix).delete()"
counted "without any root" says "--salvage" "$target/atlas" repair $copy
counted "atlas repair --salvage" says "made anew from segments alone" "$target/atlas" repair --salvage $copy
counted "what was salvaged" says "temperature" "$target/atlas" ls $copy d

counted "atlas selftest" says "of two that replace it one is refused" "$target/atlas" selftest s3://bucket/in
counted "... which leaves nothing" objects "assert not list(b.objects.filter(Prefix='in/'))"
counted "atlas selftest --crash" says "in a bucket a commit is one request" "$target/atlas" selftest --crash s3://bucket/in
careless=$(free_port)
"$python" tests/object/careless.py "$careless" "$port" >"$work/careless" 2>&1 &
servers+=($!)
"$python" -c "import socket, sys, time
for attempt in range(100):
    try:
        sys.exit(socket.create_connection(('127.0.0.1', $careless), 1).close())
    except OSError:
        time.sleep(0.1)
sys.exit('the careless server does not answer')"
unheeded() {
    AWS_ENDPOINT=http://127.0.0.1:$careless says "FAILED: the condition of a put is not heeded" "$target/atlas" selftest s3://bucket/in
}
counted "... of a server that forgets conditions" unheeded

counted "a bucket that is not there" says "nowhere" "$target/atlas" ls s3://nowhere/run.atlas
AWS_ENDPOINT=http://127.0.0.1:1 counted "a server that is not there" says "127.0.0.1:1" timeout 300 "$target/atlas" ls "$url"

if [[ ${1:-} == azure ]]; then
    # By Azure's protocol, with a key that is made up.
    port=$(free_port)
    export AZURE_STORAGE_USE_EMULATOR=true AZURITE_BLOB_STORAGE_URL=http://127.0.0.1:$port
    export AZURE_STORAGE_ACCOUNT_NAME=atlas AZURE_STORAGE_ACCOUNT_KEY=
    AZURE_STORAGE_ACCOUNT_KEY=$(printf 'of this test' | base64)
    AZURITE_ACCOUNTS=$AZURE_STORAGE_ACCOUNT_NAME:$AZURE_STORAGE_ACCOUNT_KEY \
        node build/azurite/node_modules/azurite/dist/src/blob/main.js --silent --inMemoryPersistence --skipApiVersionCheck \
        --disableTelemetry --blobHost 127.0.0.1 --blobPort "$port" >"$work/azurite" 2>&1 &
    servers+=($!)
    "$python" tests/object/container.py "$AZURITE_BLOB_STORAGE_URL" "$AZURE_STORAGE_ACCOUNT_NAME" "$AZURE_STORAGE_ACCOUNT_KEY" bucket ||
        { cat "$work/azurite" >&2; exit 1; }
    url="az://bucket/some%20where/run.atlas"
    counted "Azure: a round trip" "$target/examples/buckets" round "$url"
    counted "Azure: two writers, 400 commits" "$target/examples/buckets" race az://bucket/race.atlas 400
    counted "Azure: atlas verify" "$target/atlas" verify "$url"
    counted "Azure: atlas selftest" says "of two that replace it one is refused" "$target/atlas" selftest az://bucket
    counted "Azure: atlas cp to a new store" "$target/atlas" cp "$url" d --to abfs://bucket/copy.atlas
    counted "Azure: atlas diff" says "no difference" "$target/atlas" diff "$url" az://bucket/copy.atlas
    sleep 1
    counted "Azure: what is old is collected" says " removed" "$target/atlas" gc "$url" --older-than 1s
    counted "Azure: a container that is not there" says "nowhere" "$target/atlas" ls az://nowhere/run.atlas
fi
echo "$passed passed, $failed failed"
((failed == 0))
