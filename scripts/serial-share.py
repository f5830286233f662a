#!/usr/bin/env python3
"""How much of a prediction only one thread works: from the trace of a run with several.

    scripts/serial-share.py [-threads N] [NAME | CFG]...      default: yolov2 yolov3 yolov4, 2 threads

Each network is traced three times with synthetic weights (darknet bench -trace); the run with the smallest
share is printed: milliseconds; per cent of them in which fewer than two threads compute, and of these how
much belongs to steps that only one thread computes ("serial"), to loops and stripes in which one thread has
finished before the others ("uneven"), to the input, to weights, and to what lies between ("rest"); and the largest
serial step."""
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
RUNS = 3


def trace(cfg, threads):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace")
        subprocess.run([os.path.join(ROOT, "darknet"), "bench", cfg, "-runs", "1", "-threads", str(threads),
                        "-trace", path], check=True, stdout=subprocess.DEVNULL)
        with open(path, encoding="utf-8") as file:
            return [event for event in json.load(file) if event["ph"] == "X"]


def busy(parts, least):
    """Microseconds in which at least so many of these spans run."""
    edges = sorted([(e["ts"], 1) for e in parts] + [(e["ts"] + e["dur"], -1) for e in parts])
    total, running, before = 0.0, 0, 0.0
    for at, change in edges:
        total += at - before if running >= least else 0
        running, before = running + change, at
    return total


def shares(events):
    main = [e for e in events if e["tid"] == 0]
    parts = [e for e in events if e["cat"] == "part" or (e["cat"] == "step" and e["tid"] > 1)]  # the latter: stripes
    wall = max(e["ts"] + e["dur"] for e in events) - min(e["ts"] for e in events)
    together, loops = busy(parts, 2), busy(parts, 1)
    starts = sorted(e["ts"] for e in parts)
    serial, largest, at = 0.0, (0.0, "-"), 0
    steps = sorted((e for e in main if e["cat"] == "step"), key=lambda e: e["ts"])
    by_layer = {}
    for step in steps:
        while at < len(starts) and starts[at] < step["ts"]:
            at += 1
        if at == len(starts) or starts[at] > step["ts"] + step["dur"]:
            serial += step["dur"]
            by_layer[step["name"]] = by_layer.get(step["name"], 0) + step["dur"]
    if by_layer:
        largest = max((value, name) for name, value in by_layer.items())
    other = {cat: sum(e["dur"] for e in main if e["cat"] == cat)
             for cat in ("input", "read weights", "wait for weights")}
    weights = other["read weights"] + other["wait for weights"]
    rest = wall - loops - serial - other["input"] - weights
    figures = [wall - together, serial, loops - together, other["input"], weights, rest, largest[0]]
    return wall / 1e3, [100 * value / wall for value in figures], largest[1]


def main():
    words, threads = sys.argv[1:], 2
    if words[:1] == ["-threads"]:
        threads, words = int(words[1]), words[2:]
    print("| network | ms | fewer than two, % | serial steps | uneven | input | weights | rest | largest serial step |")
    print("|" + "---|" * 9)
    for name in words or ["yolov2", "yolov3", "yolov4"]:
        cfg = name if name.endswith(".cfg") else os.path.join(ROOT, "cfg", name + ".cfg")
        best = min((shares(trace(cfg, threads)) for _ in range(RUNS)), key=lambda found: found[1][0])
        milliseconds, percent, largest = best
        cells = [f"{value:.1f}" for value in percent]
        print(f"| {os.path.basename(cfg)[:-4]} | {milliseconds:.0f} | " + " | ".join(cells[:-1]) +
              f" | {cells[-1]} ({largest}) |", flush=True)


if __name__ == "__main__":
    main()
