"""Makes the system calls of a commit fail, one at a time, and looks at what is left; then real adversities.

Of each failure: the status is the one that is meant for it, the last commit is what is on disk, memory keeps what was
written, and where it can be tried again that works.

Usage: run.py SESSION SCRATCH_FOLDER   (session.c, compiled)
"""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

session, scratch = sys.argv[1], Path(sys.argv[2])
store, results, trace = scratch / "store", scratch / "results", scratch / "trace"
pristine = scratch / "pristine"
passed = failed = injected = 0


def say(name, wrong):
    global passed, failed
    if wrong:
        failed += 1
        print(f"FAILED {name}: {wrong}")
    else:
        passed += 1


def told():
    """The results: step to what became of it; a step that occurs again has the later."""
    lines = results.read_text().splitlines() if results.exists() else []
    return {step: rest for step, _, rest in (line.partition(" ") for line in lines)}


def run(*arguments, prefix=(), **options):
    results.unlink(missing_ok=True)
    subprocess.run([*prefix, session, results, store, *arguments], check=False, timeout=60,
                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    return told()


def fresh():
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(pristine, store)


def value():
    """The commit that a reader finds, or what is wrong with what it finds."""
    found = run("check")
    if found.get("open") == "OK" and found.get("verify") == "OK":
        return found.get("value")
    return str(found)


# What is meant to become of a commit in which a call fails once.
def refused(status):
    def judge(found):
        if not found["flush"].startswith(status + " "):
            return f"flush {found['flush']}, not {status}"
        if found.get("kept") != "2" or found.get("retry") != "OK":
            return f"memory has {found.get('kept')}, the second flush says {found.get('retry')}"
        return None
    return judge


def unharmed(found):
    return None if found["flush"] == "OK" else f"flush {found['flush']}"


def poisoned(found):
    if not found["flush"].startswith("POISONED ") or not found["retry"].startswith("POISONED "):
        return f"flush {found['flush']}, then {found.get('retry')}"
    return None if found["kept"] == "2" else f"memory has {found['kept']}"


def warned(found):
    """Of what was left to the next writer to clean up."""
    return unharmed(found) or (None if found.get("log", "").startswith("warning ") else f"no warning: {found}")


def either(*judges):
    def judge(found):
        wrongs = [judge(found) for judge in judges]
        return None if None in wrongs else wrongs[0]
    return judge


full, broken = refused("NO_SPACE"), refused("IO")


def without_room(found):
    """Of an fsync: a new segment is no loss, another can be written; anything else poisons."""
    return full(found) if ".seg" in found["flush"] else either(poisoned, warned)(found)


FAILURES = [
    ("write", "ENOSPC", full), ("write", "EDQUOT", full), ("write", "EIO", broken), ("write", "EINTR", unharmed),
    ("fsync", "EIO", either(poisoned, warned)), ("fsync", "ENOSPC", without_room), ("fsync", "EDQUOT", without_room),
    ("fsync", "EINTR", unharmed),
    ("rename", "EIO", broken), ("rename", "ENOSPC", full), ("rename", "EACCES", broken),
    ("mkdir", "ENOSPC", full), ("mkdir", "EDQUOT", full), ("mkdir", "EACCES", broken),
    # To keep the commit before is no part of a commit.
    ("linkat", "EPERM", unharmed), ("linkat", "EIO", unharmed), ("unlink", "EIO", either(unharmed, broken)),
    # Locks that a file system does not have.
    ("fcntl", "ENOLCK", unharmed), ("fcntl", "EOPNOTSUPP", unharmed), ("fcntl", "EINTR", unharmed),
    ("pread64", "EINTR", unharmed), ("pread64", "EIO", either(unharmed, broken)),
]

run("create")
assert value() == "1", "a store to begin with"
store.rename(pristine)

for call, error, judge in FAILURES:
    hits = 0
    for number in range(1, 1000):
        fresh()
        strace = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}"]
        found = run("commit", "2", prefix=strace)
        if "(INJECTED)" not in trace.read_text(errors="replace"):
            break
        name = f"{call} {number}: {error}"
        if not found:
            continue  # the loader, before the program
        hits += 1
        if found.get("open") != "OK":
            # Nothing has begun; why is told, and the next attempt does it.
            wrong = None if found["open"].split()[0] in ("IO", "NO_SPACE") else f"open {found['open']}"
            wrong = wrong or (None if value() == "1" else f"a reader finds {value()}, not 1")
        elif "write" in found and found["write"] != "OK":
            wrong = None if found["write"].startswith("IO ") else f"write {found['write']}"
        else:
            wrong = judge(found)
            after = value()
            # A failed fsync of the folder leaves open whether the root's replacement is durable.
            expected = ("1", "2") if found["flush"].startswith("POISONED ") else ("2",)
            wrong = wrong or (None if after in expected else f"a reader finds {after}, not {expected}")
        if not wrong:
            run("commit", "3")
            wrong = None if value() == "3" else f"after another commit a reader finds {value()}"
        say(name, wrong)
    injected += hits
    if hits == 0:
        say(f"{call}: {error}", "the call was never made")
print(f"{injected} system calls failed, one at a time")


# Real adversities.

def full_disk():
    """A small file system that is full; then there is room."""
    inside = f"""set -e
    mount -t tmpfs -o size=8m tmpfs {store}
    cp -r {pristine} {store}/s
    dd if=/dev/zero of={store}/ballast bs=64k 2>{scratch}/dd || true
    rm -f {results}; mkfifo {scratch}/answer
    {session} {results} {store}/s commit 2 wait <{scratch}/answer &
    exec 3>{scratch}/answer
    for i in $(seq 300); do grep -q waits {results} && break; sleep 0.1; done
    {session} {scratch}/during {store}/s check
    rm {store}/ballast
    echo go >&3
    wait
    {session} {scratch}/after {store}/s check"""
    store.mkdir()
    subprocess.run(["unshare", "-r", "-m", "sh", "-c", inside], check=True, timeout=120)
    (scratch / "answer").unlink()
    found, during, after = told(), (scratch / "during").read_text(), (scratch / "after").read_text()
    if wrong := full(found):
        return wrong
    return None if "value 1\n" in during and "value 2\n" in after else f"meanwhile {during}, then {after}"


def read_only_mount():
    """Readers need no right to write; a writer is told."""
    inside = f"""set -e
    mount -t tmpfs tmpfs {store}
    cp -r {pristine} {store}/s
    mount -o remount,ro {store}
    {session} {results} {store}/s commit 2
    {session} {scratch}/after {store}/s check"""
    store.mkdir()
    subprocess.run(["unshare", "-r", "-m", "sh", "-c", inside], check=True, timeout=120)
    found, after = told(), (scratch / "after").read_text()
    if "Read-only file system" not in found["open"] or str(store) not in found["open"]:
        return f"open {found['open']}"
    return None if "value 1\n" in after else after


def no_permission():
    """A folder of somebody else's: it can be read, and not written to."""
    shutil.copytree(pristine, store)
    # Root may write anywhere, so it becomes nobody, who must be able to get at the store, the results and the library.
    scratch.chmod(0o755)
    library = scratch / "library"
    library.mkdir()
    shutil.copy(os.path.realpath(scratch / "libatlas_store.so"), library / "libatlas_store.so")
    shutil.copy(library / "libatlas_store.so", library / "libatlas_store.so.0.1")
    nobody = {"user": 65534} if os.getuid() == 0 else {}
    for path in [store, *store.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    results.touch()
    results.chmod(0o666)
    found = {}
    for mode in ("commit", "check"):
        subprocess.run([session, results, store, mode, "2"], check=False, timeout=60,
                       env={**os.environ, "LD_LIBRARY_PATH": str(library)}, **nobody)
        found[mode] = told()
    for path in [store, *store.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    if "Permission denied" not in found["commit"].get("open", ""):
        return f"a writer: {found['commit']}"
    return None if (found["check"].get("value"), found["check"].get("verify")) == ("1", "OK") else f"a reader: {found}"


def cut_short():
    """A file may have only so many bytes: a write is cut short, the next is refused."""
    wrongs = []
    for most in (1000, 40_000, 100_000, 400_000):
        fresh()
        found = run("commit", "2", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
        if found["flush"] != "OK":
            if not found["flush"].startswith(("IO ", "NO_SPACE ")) or found["kept"] != "2" or value() != "1":
                wrongs.append(f"{most} bytes: {found}, a reader finds {value()}")
        elif most < 1_000:
            wrongs.append("nothing was cut short")
        run("commit", "3")
        if value() != "3":
            wrongs.append(f"{most} bytes: then a reader finds {value()}")
    return wrongs or None


def few_files():
    """Too few files may be open: why is told, and nothing is lost."""
    fresh()
    found = run("commit", "2", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8)))
    if "Too many open files" not in found["flush"] or found["kept"] != "2" or value() != "1":
        return f"{found}, a reader finds {value()}"
    found = run("commit", "2", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24)))
    return unharmed(found) or (None if value() == "2" else f"a reader finds {value()}")


def vanished():
    """The folder is removed under an open store: an error, and nothing comes back into being."""
    fresh()
    process = subprocess.Popen(["strace", "-f", "-qq", "-o", str(trace), "-e", "trace=mkdir", "-e",
                                "inject=mkdir:delay_enter=2s:when=1", session, results, store, "commit", "2"],
                               stdin=subprocess.DEVNULL)
    for _ in range(100):
        if results.exists() and "write OK" in results.read_text():
            break
        subprocess.run(["sleep", "0.02"], check=True)
    shutil.rmtree(store)
    process.wait(timeout=60)
    found = told()
    if found.get("flush", "OK") == "OK" or found.get("kept") is None:
        return f"{found}"
    return None if not store.exists() else f"{list(store.rglob('*'))} is there"


for adversity in (full_disk, read_only_mount, no_permission, cut_short, few_files, vanished):
    shutil.rmtree(store, ignore_errors=True)
    results.unlink(missing_ok=True)
    say(adversity.__doc__.split(":")[0].rstrip("."), adversity())
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
