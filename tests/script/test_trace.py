#!/usr/bin/python3
"""Profiles and traces: they cover what is computed, agree with the clock, and change nothing."""

import json
import os
import re
import tempfile

import common

CFG = os.path.join(common.ROOT, "cfg", "yolov3-tiny.cfg")


def profile_fault(flags):
    """Why the table of bench -profile is wrong, or None."""
    done = common.run([common.DARKNET, "bench", CFG, "-runs", "3", "-profile", *flags])
    if done.returncode:
        return common.last_line(done.stderr)
    rows = re.findall(r"^ *(\d+) (\w+) +([\d.]+) ", done.stdout, re.M)
    other = {name: float(seconds) for name, seconds in
             re.findall(r"^ {6}([a-z ]+?) +(-?[\d.]+) ", done.stdout, re.M)}
    kernels = {int(layer): kernel for layer, kernel, _ in rows}
    computes = {i for i in range(24) if i != 17}  # layer 17 is another name of layer 13
    if set(kernels) != computes:
        return f"rows of layers {sorted(kernels)}"
    if (kernels[0], kernels[12], kernels[1], kernels[13]) != ("planar", "winograd", "maxpool", "direct"):
        return f"kernels {kernels}"
    total = sum(float(seconds) for *_, seconds in rows) + sum(other.values()) - other["all"]
    if abs(total - other["all"]) > 1e-4 + 0.01 * other["all"]:
        return f"the rows add up to {total}, the runs took {other['all']}"
    if not -1e-4 <= other["rest"] <= 0.1 * other["all"] + 1e-3:
        return f"{other['rest']} of {other['all']} s belong to no row"
    return None


def trace_fault(path, layers):
    """Why the file is no trace of these layers, or None."""
    with open(path, encoding="utf-8") as file:
        events = [e for e in json.load(file) if e["ph"] == "X"]
    if {e["args"]["layer"] for e in events if e["cat"] == "step"} != layers:
        return f"steps of layers {sorted({e['args']['layer'] for e in events if e['cat'] == 'step'})}"
    rows = sorted(tuple(e["args"]["rows"]) for e in events if e["cat"] == "input")
    if not rows or rows[0][0] != 0 or rows[-1][1] != 416 or any(a[1] != b[0] for a, b in zip(rows, rows[1:])):
        return f"rows {rows} of the input"
    for thread in (0, 1):
        own = sorted((e["ts"], e["dur"]) for e in events if e["tid"] == thread)
        for (start, length), (after, _) in zip(own, own[1:]):
            if start + length > after + 0.01:  # times are cut to nanoseconds
                return f"spans of thread {thread} overlap at {after} us"
    return None


def check_traces(folder):
    def forward(name, *flags):
        heads = os.path.join(folder, name)
        done = common.run([common.DARKNET, "forward", CFG, "-heads", heads, *flags])
        if done.returncode:
            return common.last_line(done.stderr).encode()
        with open(heads, "rb") as file:
            return file.read()

    plain = forward("plain", "-threads", "1")
    for name, flags in {"a whole arena": ["-threads", "1"],
                        "streamed weights": ["-memory", "12M", "-threads", "1"],
                        "weights that every core reads": ["-memory", "16M", "-threads", str(os.cpu_count())],
                        "single layers": ["-fusion", "none"]}.items():
        path = os.path.join(folder, "trace.json")
        same = forward("traced", "-trace", path, *flags) == plain
        common.check(f"a trace changes no bit: {name}", None if same else "the heads differ")
        common.check(f"a trace shows all layers, spans of a thread do not overlap: {name}",
                     trace_fault(path, {i for i in range(24) if i != 17}))
        if name == "streamed weights":
            with open(path, encoding="utf-8") as file:
                kinds = {e.get("cat") for e in json.load(file)}
            common.check("a trace shows the reading of weights",
                         None if "read weights" in kinds else f"kinds {kinds}")


def check_failure(folder):
    path = os.path.join(folder, "missing", "trace.json")
    done = common.run([common.DARKNET, "forward", CFG, "-heads", os.devnull, "-trace", path])
    good = done.returncode == 1 and re.search(r"trace\.json: cannot create", done.stderr)
    common.check("a trace that cannot be written is refused by a sentence",
                 None if good else common.last_line(done.stderr))


def main():
    common.check("a profile has a row for each layer that computes, and the rows add up",
                 profile_fault(["-threads", "1"]))
    common.check("the same within a budget", profile_fault(["-memory", "12M"]))
    with tempfile.TemporaryDirectory() as folder:
        check_traces(folder)
        check_failure(folder)
    common.finish()


if __name__ == "__main__":
    main()
