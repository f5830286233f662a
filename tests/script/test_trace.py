#!/usr/bin/python3
"""Profiles and traces: they cover what is computed, agree with the clock, and change nothing."""

import json
import os
import re
import tempfile

import common

CFG = os.path.join(common.ROOT, "cfg", "yolov3-tiny.cfg")


TRIES = 5  # of what other programs may spoil: they can keep a thread from its work for a whole run


def first_good(fault, *words):
    """What is wrong each time, the last time, or None."""
    for _ in range(TRIES):
        why = fault(*words)
        if not why:
            break
    return why


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


def json_fault():
    """Why the JSON of bench -profile is wrong, or None."""
    done = common.run([common.DARKNET, "bench", CFG, "-runs", "3", "-profile", "-json", "-threads", "1"])
    if done.returncode:
        return common.last_line(done.stderr)
    figures = json.loads(done.stdout)
    rows = figures["layers"]
    if [row["layer"] for row in rows] != [i for i in range(24) if i != 17]:
        return f"rows of layers {[row['layer'] for row in rows]}"
    if (rows[0]["kernel"], rows[12]["kernel"]) != ("planar", "winograd") or rows[0]["bytes"] < 4 * 3 * 416 * 416:
        return f"rows {rows[0]} and {rows[12]}"
    other = sum(figures[f"{name}_seconds"] for name in ("input", "weights", "rest"))
    total = sum(row["seconds"] for row in rows) + other
    return None if abs(total - figures["mean_seconds"]) < 1e-6 else f"{total} s in the rows, {figures['mean_seconds']}"


def parts_fault(path):
    """Why the trace does not show what two threads did, or None."""
    with open(path, encoding="utf-8") as file:
        events = json.load(file)
    steps = [e for e in events if e.get("cat") == "step"]
    parts = [e for e in events if e.get("cat") == "part"]
    if {e["tid"] for e in parts} != {2, 3}:
        return f"parts of threads { {e['tid'] for e in parts} }"
    for part in parts:
        if not any(s["ts"] - 1 <= part["ts"] and part["ts"] + part["dur"] <= s["ts"] + s["dur"] + 1
                   and s["args"] == part["args"] for s in steps):
            return f"a part lies in no step: {part}"
    return None


def check_classifier(folder):
    path, cfg, names = (os.path.join(folder, name) for name in ("class.json", "class.cfg", "class.names"))
    with open(cfg, "w", encoding="ascii") as file:
        file.write("[net]\nwidth=32\nheight=32\nchannels=3\n[convolutional]\nfilters=4\nsize=3\npad=1\n"
                   "[avgpool]\n[softmax]\n")
    with open(names, "w", encoding="ascii") as file:
        file.write("a\nb\nc\nd\n")
    with open(os.path.join(folder, "class.data"), "w", encoding="ascii") as file:
        file.write(f"names={names}\n")
    with open(os.path.join(folder, "x.ppm"), "wb") as file:
        file.write(b"P6 8 8 255\n" + bytes(range(192)))
    done = common.run([common.DARKNET, "classifier", "predict", f"{folder}/class.data", cfg, "", f"{folder}/x.ppm",
                       "-trace", path])
    why = common.last_line(done.stderr) if done.returncode else None
    if not why:
        with open(path, encoding="utf-8") as file:
            layers = {e["args"]["layer"] for e in json.load(file) if e.get("cat") == "step"}
        why = None if layers == {0, 1, 2} else f"steps of layers {layers}"
    common.check("a classifier's run is traced, too", why)


def trace_fault(path, layers):
    """Why the file is no trace of these layers, or None."""
    with open(path, encoding="utf-8") as file:
        events = [e for e in json.load(file) if e["ph"] == "X"]
    if {e["args"]["layer"] for e in events if e["cat"] == "step"} != layers:
        return f"steps of layers {sorted({e['args']['layer'] for e in events if e['cat'] == 'step'})}"
    rows = sorted(tuple(e["args"]["rows"]) for e in events if e["cat"] == "input")
    if not rows or rows[0][0] != 0 or rows[-1][1] != 416 or any(a[1] != b[0] for a, b in zip(rows, rows[1:])):
        return f"rows {rows} of the input"
    for thread in {e["tid"] for e in events}:
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
        if name == "weights that every core reads" and os.cpu_count() > 1:
            def traced_fault():
                forward("traced", "-trace", path, "-threads", "2")
                return parts_fault(path)
            common.check("a trace shows the parts of two threads, each within its step", first_good(traced_fault))
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
                 first_good(profile_fault, ["-threads", "1"]))
    common.check("the same within a budget", first_good(profile_fault, ["-memory", "12M"]))
    common.check("the same as JSON", json_fault())
    with tempfile.TemporaryDirectory() as folder:
        check_traces(folder)
        check_classifier(folder)
        check_failure(folder)
    common.finish()


if __name__ == "__main__":
    main()
