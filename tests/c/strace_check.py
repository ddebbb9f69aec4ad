"""Reads `strace -f -y` of flush_once and says whether each commit was durable before it became visible.

In each marked part of the trace: every segment file is synced after its last write, its folder after the file
appeared, and the folder's parent after the folder appeared, all before the root is renamed; the root's temporary file
is synced before the rename and the store's folder after it. A call counts from its start where it changes something,
and from its end where it syncs. Prints the lines that tell, and leaves with 1 if something is missing.

Usage: strace_check.py TRACE STORE
"""

import os
import re
import sys

ROOTS = {"atlas.json", "atlas.json.zst", "atlas.msgpack", "atlas.msgpack.zst"}
PARTS = {"create": 0, "first": 2, "second": 2, "compact": 2, "close": 1}  # and how many segments each writes


def calls(path):
    """Gives (name, arguments, result, start, end) of every call; start and end are line numbers."""
    pending = {}
    with open(path, encoding="utf-8", errors="replace") as trace:
        for number, line in enumerate(trace):
            match = re.match(r"(?:\[pid\s+)?(\d+)?\]?\s*(.*)", line.rstrip("\n"))
            thread, text = match.group(1), match.group(2)
            begun = re.match(r"(\w+)\((.*)<unfinished \.\.\.>$", text)
            if begun:
                pending[thread] = (begun.group(1), begun.group(2), number)
                continue
            resumed = re.match(r"<\.\.\. (\w+) resumed>(.*)\)\s+= (.*)$", text)
            if resumed and thread in pending:
                name, arguments, start = pending.pop(thread)
                yield name, arguments + resumed.group(2), resumed.group(3), start, number
                continue
            whole = re.match(r"(\w+)\((.*)\)\s+= (.*)$", text)
            if whole:
                yield whole.group(1), whole.group(2), whole.group(3), number, number


def absolute(arguments, index, store):
    """The path that the INDEX-th quoted text of ARGUMENTS names, with its folder descriptor if it has one."""
    texts = list(re.finditer(r'(?:(\d+|AT_FDCWD)(?:<([^>]*)>)?, )?"((?:[^"\\]|\\.)*)"', arguments))
    if index >= len(texts):
        return ""
    folder, text = texts[index].group(2), texts[index].group(3)
    return os.path.normpath(os.path.join(folder or os.getcwd(), text))


def main():
    trace, store = sys.argv[1], os.path.realpath(sys.argv[2])
    part, failures, shown = None, [], []
    state = {}
    finished = set()

    def fresh():
        return {"written": {}, "synced": {}, "created": {}, "folders": {}, "renamed": None, "root_from": None, "after": False}

    def say(number, text):
        shown.append(f"{number + 1:6}  {text}")

    def fail(text):
        failures.append(f"{part}: {text}")

    def short(path):
        return os.path.relpath(path, os.path.dirname(store))

    def check():
        renamed = state["renamed"]
        if renamed is None:
            fail("the root was never renamed into place")
            return
        segments = [path for path in state["created"] if path.endswith(".seg")]
        if len(segments) != PARTS[part]:
            fail(f"{PARTS[part]} segment files expected, {len(segments)} seen")
        for path in segments:
            if path not in state["written"]:
                fail(f"{short(path)} was never written")
            if not any(state["written"].get(path, 0) < at < renamed for at in state["synced"].get(path, [])):
                fail(f"{short(path)} was not synced between its last write and the rename of the root")
            folder = os.path.dirname(path)
            if not any(state["created"][path] < at < renamed for at in state["synced"].get(folder, [])):
                fail(f"the folder {short(folder)} was not synced between the birth of its segment and the rename of the root")
        for folder, born in state["folders"].items():
            parent = os.path.dirname(folder)
            if folder != store and not any(born < at < renamed for at in state["synced"].get(parent, [])):
                fail(f"{short(parent)} was not synced between the birth of {short(folder)} and the rename of the root")
        source = state["root_from"]
        if not any(state["written"].get(source, 1 << 60) < at < renamed for at in state["synced"].get(source, [])):
            fail(f"{short(source)} was not synced between its last write and its rename")
        if not any(at > renamed for at in state["synced"].get(store, [])):
            fail("the store's folder was not synced after the rename of the root")

    for name, arguments, result, start, end in calls(trace):
        mark = re.search(r'"/mark-(\w+)-(begin|end)"', arguments)
        if mark:
            if mark.group(2) == "begin":
                part, state = mark.group(1), fresh()
                shown.append(f"-- {part}")
            else:
                check()
                finished.add(part)
                part = None
            continue
        if result.startswith("-1"):
            continue
        descriptor = re.match(r"\d+<([^>]*)>", arguments)
        path = descriptor.group(1) if descriptor else ""
        if path.endswith(" (deleted)"):
            path = path[: -len(" (deleted)")]
        inside = path == store or path.startswith(store + "/")
        if name in ("open", "openat", "creat"):
            opened = re.match(r"\d+<([^>]*)>", result)
            opened = opened.group(1) if opened else ""
            # Segments may be begun before a flush, in memory's stead; what counts is that they are synced in it.
            if "O_CREAT" in arguments and opened.startswith(store + "/") and part:
                state["created"].setdefault(opened, end)
                say(start, f"create  {short(opened)}")
        elif name in ("mkdir", "mkdirat") and part:
            made = absolute(arguments, 0, store)
            if made.startswith(store + "/"):
                state["folders"][made] = end
                say(start, f"mkdir   {short(made)}")
        elif name in ("write", "writev", "pwrite64", "pwritev", "pwritev2", "ftruncate", "copy_file_range") and inside and part:
            if path not in state["written"]:
                say(start, f"write   {short(path)}")
            state["written"][path] = end
        elif name in ("fsync", "fdatasync") and inside and part:
            state["synced"].setdefault(path, []).append(end)
            say(end, f"{name:9} {short(path)}")
        elif name.startswith("rename") and part:
            old, new = absolute(arguments, 0, store), absolute(arguments, 1, store)
            if not new.startswith(store + "/"):
                continue
            say(start, f"rename  {short(old)} -> {short(new)}")
            if os.path.dirname(new) == store and os.path.basename(new) in ROOTS:
                if state["renamed"] is not None:
                    fail("the root was renamed into place more than once")
                state["renamed"], state["root_from"] = start, old
            else:
                for table in ("created", "written", "synced"):
                    if old in state[table]:
                        state[table][new] = state[table].pop(old)
                state["created"][new] = end
        elif name in ("unlink", "unlinkat") and part:
            gone = absolute(arguments, 0, store)
            if gone.startswith(store + "/") and gone.endswith(".seg") and state["renamed"] is None:
                fail(f"{short(gone)} was removed before the new root was in place")

    for missing in set(PARTS) - finished:
        failures.append(f"{missing}: not in the trace")
    print("\n".join(shown))
    for text in failures:
        print(f"FAILED {text}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
