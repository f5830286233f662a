#!/usr/bin/python3
"""The other dialect: what it computes for the cfgs of ../shared, layer by layer and at the heads.

The material lies beside a checkout and is not part of the project; without it this is skipped. Its
README states the tolerance: 1e-4 of a layer's root mean square. At the smallest budget the heads are the same to
the last bit.
"""

import csv
import glob
import os
import subprocess
import sys
import tempfile

import common

TOLERANCE = 1e-4


def worst_layer(ours, theirs):
    """Why two tables of layers differ, or None."""
    if [row[:5] for row in ours] != [row[:5] for row in theirs]:
        wrong = next((a, b) for a, b in zip(ours + [[]], theirs + [[]]) if a[:5] != b[:5])
        return f"layers differ: {','.join(wrong[0][:5])} and {','.join(wrong[1][:5])}"
    for a, b in zip(ours, theirs):
        rms = float(b[6])
        error = max(abs(float(x) - float(y)) for x, y in zip(a[5:], b[5:]))
        if not error <= TOLERANCE * rms:
            return f"layer {a[0]} is off by {error / rms if rms else error:.2g} of its rms"
    return None


def compare_heads(ours, theirs):
    import numpy
    a, b = numpy.fromfile(ours, numpy.float32), numpy.fromfile(theirs, numpy.float32)
    if a.size != b.size:
        return f"{a.size} numbers, expected {b.size}"
    error = float(abs(a - b).max()) / float(numpy.sqrt(numpy.mean(b.astype(float) ** 2)))
    return None if error <= TOLERANCE else f"off by {error:.2g} of the rms at {abs(a - b).argmax()}"


def compare(name, material, folder):
    reference = os.path.join(material, "reference", name)
    cfg, weights = (os.path.join(material, "models", name + end) for end in (".cfg", ".weights"))
    if not os.path.exists(weights):
        cfg, weights = os.path.join(material, "cfg", name + ".cfg"), os.path.join(folder, "weights")
        subprocess.run([sys.executable, material + "/tools/genweights.py", cfg, weights], check=True)
    for how in (["-exact"], []):
        what = f"reference {name} {' '.join(how)}".strip()
        words = [common.DARKNET, "forward", cfg, weights, "-dialect", "alexeyab", *how, "-heads"]
        done = common.run([*words, f"{folder}/heads", "-layers", f"{folder}/layers"])
        if done.returncode:
            common.failed(what, common.last_line(done.stderr))
            continue
        with open(f"{folder}/layers", encoding="ascii") as a, \
                open(reference + ".layers.csv", encoding="ascii") as b:
            common.check(what + ", layers", worst_layer(list(csv.reader(a))[1:],
                                                        list(csv.reader(b))[1:]))
        common.check(what + ", heads", compare_heads(f"{folder}/heads", reference + ".heads.f32"))
        common.at_smallest_budget(what + ", heads", [*words, f"{folder}/least"], None,
                                  lambda _: common.other_bytes(f"{folder}/heads", f"{folder}/least"))


def main():
    material = common.shared()
    if not material:
        common.skipped("reference of the other dialect", "../shared/reference is not there")
        common.finish()
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(glob.glob(material + "/reference/*.heads.f32")):
            compare(os.path.basename(path)[:-len(".heads.f32")], material, folder)
    common.finish()


if __name__ == "__main__":
    main()
