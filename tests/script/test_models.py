#!/usr/bin/python3
"""Trained models on real photos: the same detections as Debian's darknet.

yolo-fastest on Debian's photos and the face detector on its six sample photos. Boxes may differ by
one pixel, scores by one percent. Boxes come from the library, through the same binding as in abi.py;
the lines from the program. Without Debian's darknet the number of faces is checked only.
"""

import os
import re
import sys
import tempfile

import common

DEBIAN = "/usr/lib/darknet/libdarknet.so"
OURS = os.path.join(os.path.dirname(common.DARKNET), "libdarknet.so")
FACES = {1: 3, 2: 2, 3: 3, 4: 5, 5: 5, 6: 4}
BUDGETS = ([], ["-exact"], ["-memory", "8M"])


def boxes(library, cfg, weights, data, photo, thresh):
    """[(name, score, x, y, w, h)] in pixels, from abi.py in a process of its own."""
    abi = os.path.join(os.path.dirname(__file__), "abi.py")
    done = common.run([sys.executable, abi, library, "detect", cfg, weights, data, photo, str(thresh)])
    if done.returncode:
        raise SystemExit(f"{library}: {common.last_line(done.stderr)}")
    lines = re.findall(r"(?m)^(.+) (\S+) at (\S+) (\S+) (\S+) (\S+)$", done.stdout)
    return sorted((name, *map(float, rest)) for name, *rest in lines)


def apart(ours, theirs, thresh):
    """Why boxes differ, or None; those within one percent of the threshold may lack a partner."""
    rest = list(theirs)
    for box in ours:
        match = next((b for b in rest if b[0] == box[0] and abs(b[1] - box[1]) <= .01
                      and all(abs(p - q) <= 1 for p, q in zip(b[2:], box[2:]))), None)
        if match:
            rest.remove(match)
        elif box[1] > thresh + .01:
            return f"only here: {box}"
    rest = [box for box in rest if box[1] > thresh + .01]
    return f"only stock: {rest[0]}" if rest else None


def compare(name, files, photo, thresh, folder):
    """files: cfg, weights, data."""
    what = f"{name} on {os.path.basename(photo)}"
    stock = common.run([common.STOCK, "detector", "test", files[2], *files[:2], photo, "-thresh",
                        str(thresh), "-out", "theirs"], folder)
    expected = common.detections(stock.stdout)
    words = [common.DARKNET, "detector", "test", files[2], *files[:2], photo, "-thresh", str(thresh), "-out", "ours"]
    free = ""
    for flags in BUDGETS:
        ours = common.run([*words, *flags], folder)
        free = free if flags else ours.stdout
        why = common.difference(common.detections(ours.stdout), expected, 1, thresh * 100)
        if ours.returncode:
            why = common.last_line(ours.stderr)
        common.check(f"{what} {' '.join(flags)}: {len(expected)} lines as stock's", why)
    common.at_smallest_budget(what, words, folder, lambda done: common.other_lines(free, done.stdout))
    found = [boxes(library, *files, photo, thresh) for library in (OURS, DEBIAN)]
    common.check(f"{what}: {len(found[1])} boxes within a pixel of stock's",
                 apart(*found, thresh))


def count_faces(number, files, photo, folder):
    done = common.run([common.DARKNET, "detector", "test", files[2], *files[:2], photo, "-thresh",
                       "0.4", "-out", "ours"], folder)
    count = len(common.detections(done.stdout))
    common.check(f"faces in sample {number}: {FACES[number]}",
                 None if count == FACES[number] else f"{count} found")


def face_model():
    """The folder of the fetched model, or None after saying why it is not there."""
    folder = os.path.join(common.ROOT, "build/demo")
    done = common.run([f"{common.ROOT}/scripts/fetch-face-model.sh", folder])
    if done.returncode:
        common.skipped("face model", "it cannot be fetched: " + common.last_line(done.stderr))
        return None
    return folder


def prepare(folder):
    """Letters for Debian's program, which looks for them in the current folder."""
    os.makedirs(os.path.join(folder, "data"))
    if os.path.isdir(f"{common.SHARE}/data/labels"):
        os.symlink(f"{common.SHARE}/data/labels", os.path.join(folder, "data/labels"))
    for name, classes, names in (("coco", 80, f"{common.SHARE}/data/coco.names"),
                                 ("faces", 1, f"{common.ROOT}/data/faces.names")):
        with open(os.path.join(folder, name + ".data"), "w", encoding="utf-8") as file:
            file.write(f"classes={classes}\nnames={names}\n")


def main():
    stock = os.path.exists(common.STOCK) and os.path.exists(DEBIAN)
    if not stock:
        common.skipped("trained models beside stock", "the package darknet is not installed")
    material, faces = common.shared(), face_model()
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        if not material:
            common.skipped("yolo-fastest", "../shared/models is not there")
        elif stock:
            model = os.path.join(material, "models", "yolo-fastest-1.1")
            files = (model + ".cfg", model + ".weights", os.path.join(folder, "coco.data"))
            for name in ("dog", "eagle", "giraffe", "horses", "kite", "person", "scream"):
                compare("yolo-fastest", files, f"{common.SHARE}/data/{name}.jpg", .25, folder)
        for number in FACES if faces else ():
            photo = f"{faces}/package/demo/sample{number}.jpg"
            files = (f"{common.ROOT}/cfg/tinyface.cfg", faces + "/tinyface.weights",
                     os.path.join(folder, "faces.data"))
            count_faces(number, files, photo, folder)
            if stock:
                compare("face detector", files, photo, .4, folder)
    common.finish()


if __name__ == "__main__":
    main()
