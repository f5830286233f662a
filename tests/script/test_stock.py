#!/usr/bin/python3
"""Every cfg of Debian's darknet that it can run: head outputs and printed lines, against ours.

usage: test_stock.py [NAME]...        default: all of NETWORKS

Weights are synthetic and seeded. Debian's program reaches a twentieth of the machine's peak, so big
networks run on a small input, in a copy of their cfg. Outputs of heads are compared with -exact, in
units of the root mean square of the output; printed lines by what they say. Both are the same, to the
last bit and letter, at the smallest budget.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import common

# name: width and height (None: as in the cfg), photo threshold, percent (detectors only)
NETWORKS = {
    "yolov1-tiny": (None, None), "yolov2": (224, 10), "yolov2-tiny": (224, 10),
    "yolov3": (160, 60), "yolov3-tiny": (224, 60), "yolov3-spp": (160, 60),
    "darknet19": (128, None), "darknet53": (128, None), "resnet18": (128, None),
    "resnet50": (128, None), "resnext50": (128, None), "densenet201": (128, None),
    "vgg-16": (64, None), "alexnet": (107, None), "extraction": (128, None),
}
TOLERANCE = 1e-4


def copy_cfg(name, size, folder):
    """The stock cfg with another input size; what crops cut is made to fit."""
    out = os.path.join(folder, name + ".cfg")
    with open(f"{common.SHARE}/cfg/{name}.cfg", encoding="latin-1") as file:
        text = file.read()
    if size:
        text = re.sub(r"(?m)^(crop_)?(width|height) *=.*$", rf"\1\2={size}", text)
    with open(out, "w", encoding="latin-1") as file:
        file.write(text)
    return out


def seeded_input(count):
    """The numbers that `darknet forward` computes with when it has no -input."""
    import numpy
    v = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(2654435761)
    v ^= v >> numpy.uint32(15)
    v *= numpy.uint32(2246822519)
    v ^= v >> numpy.uint32(13)
    return (v >> numpy.uint32(8)).astype(numpy.float32) / numpy.float32(16777216)


def compare_outputs(name, cfg, weights, folder):
    import cfgfile
    import numpy
    net, _ = cfgfile.network(cfg)
    source, theirs, ours = (os.path.join(folder, x) for x in ("input", "theirs", "ours"))
    seeded_input(net.int("width") * net.int("height") * net.int("channels")).tofile(source)
    oracle = os.path.join(os.path.dirname(__file__), "oracle.py")
    stock = common.run([sys.executable, oracle, cfg, weights, source, theirs])
    if stock.returncode:
        return common.skipped(f"outputs of {name}", "Debian's library fails: "
                              + common.last_line(stock.stderr))
    words = [common.DARKNET, "forward", cfg, weights, "-input", source, "-exact", "-heads"]
    done = common.run([*words, ours])
    if done.returncode:
        return common.failed(f"outputs of {name}", common.last_line(done.stderr))
    a, b = numpy.fromfile(ours, numpy.float32), numpy.fromfile(theirs, numpy.float32)
    if a.size != b.size:
        return common.failed(f"outputs of {name}", f"{a.size} numbers, stock has {b.size}")
    rms = float(numpy.sqrt(numpy.mean(b.astype(float) ** 2)))
    error = float(numpy.abs(a - b).max()) / rms
    why = None if error <= TOLERANCE else f"off by {error:.2g} of the rms at {abs(a - b).argmax()}"
    common.check(f"outputs of {name}: {a.size} numbers, off by {error:.1g} of their rms", why)
    return common.at_smallest_budget(f"outputs of {name}", [*words, ours + ".least"], folder,
                                     lambda _: common.other_bytes(ours, ours + ".least"))


def compare_lines(name, cfg, weights, folder, thresh):
    """detector test, or classifier predict, on one photo."""
    photo = f"{common.SHARE}/data/dog.jpg"
    detector = thresh is not None or name.startswith("yolov1")
    names = "data/coco.names" if detector else "data/imagenet.shortnames.list"
    with open(os.path.join(folder, "net.data"), "w", encoding="utf-8") as file:
        file.write(f"classes={80 if detector else 1000}\nnames={common.SHARE}/{names}\ntop=5\n")
    words = ["detector", "test"] if detector else ["classifier", "predict"]
    words += ["net.data", cfg, weights, photo]
    if detector:
        words += ["-thresh", str((thresh or 20) / 100), "-out", "picture"]
        os.makedirs(os.path.join(folder, "data"), exist_ok=True)
        if not os.path.exists(os.path.join(folder, "data/labels")):
            os.symlink(f"{common.SHARE}/data/labels", os.path.join(folder, "data/labels"))
    stock = common.run([common.STOCK, *words], folder)
    ours = common.run([common.DARKNET, *words], folder)
    what = f"lines of {name}"
    if ours.returncode:
        return common.failed(what, common.last_line(ours.stderr))
    a, b = common.detections(ours.stdout), common.detections(stock.stdout)
    slack = 1 if detector else .02
    why = common.difference(a, b, slack, thresh or 20) if detector else common.difference(a, b, slack)
    if not why and not b:
        why = "stock prints none"
    common.check(f"{what}: {len(b)}", why)
    return common.at_smallest_budget(what, [common.DARKNET, *words], folder,
                                     lambda done: common.other_lines(ours.stdout, done.stdout))


def compare(name):
    size, thresh = NETWORKS[name]
    folder = tempfile.mkdtemp()
    try:
        cfg, weights = copy_cfg(name, size, folder), os.path.join(folder, "weights")
        subprocess.run([sys.executable, f"{common.ROOT}/scripts/synthetic-weights.py", cfg, weights,
                        "3"], check=True)
        compare_outputs(name, cfg, weights, folder)
        compare_lines(name, cfg, weights, folder, thresh)
    finally:
        shutil.rmtree(folder)


def main():
    if not os.path.exists(common.STOCK):
        common.skipped("comparison with Debian's darknet", "the package darknet is not installed")
        common.finish()
    common.for_each(compare, sys.argv[1:] or NETWORKS)
    common.finish()


if __name__ == "__main__":
    main()
