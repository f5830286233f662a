"""Times this program against OpenCV's DNN on the same cfg, weights and input, and takes its memory.

usage: scripts/bench.sh [-rounds N] [NETWORK]...

For every network, one thread: in each round first `darknet bench` for each variant (instruction
set, direct convolution, budget), then OpenCV's forward, so that a machine whose speed changes
changes all alike. A round is the median of some warm runs; the table has the median of the rounds.
Input is the same seeded noise. "whole run" is `darknet detector test` on an 800x600 JPEG, picture
written: seconds with files in the page cache, and the peak of resident memory.
"""

import json
import os
import statistics
import subprocess
import sys
import time

try:
    import cv2
    import numpy
except ImportError:
    cv2 = None

NETWORKS = ["yolov2", "yolov2-tiny", "yolov3", "yolov3-tiny", "yolov4", "yolov4-tiny", "darknet19"]
BUDGETS = {"yolov2": "16M", "yolov3": "32M", "yolov3-spp": "32M", "yolov4": "32M"}
PHOTO = "build/bench.jpg"
RUNS = 3


def weights_of(name):
    path = f"build/models/{name}.weights"
    if not os.path.exists(path):
        subprocess.run([sys.executable, "scripts/synthetic-weights.py", f"cfg/{name}.cfg",
                        path + ".part"], check=True)
        os.replace(path + ".part", path)
    return path


def variants(name):
    """[(label, flags)]; instruction sets that the machine lacks are left out when they fail."""
    found = [(isa, ["-isa", isa]) for isa in ("avx512", "avx2", "neon")]
    return found + [("exact", ["-exact"]), ("-memory " + BUDGETS.get(name, "8M"),
                                            ["-memory", BUDGETS.get(name, "8M")])]


def bench(name, weights, flags):
    """The JSON of one `darknet bench`, None when it does not run."""
    done = subprocess.run(["./darknet", "bench", f"cfg/{name}.cfg", weights, "-json", "-threads",
                           "1", "-runs", str(RUNS), *flags], capture_output=True, text=True,
                          check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


class OpenCV:
    """A network in OpenCV's DNN, one thread."""

    def __init__(self, name, weights):
        cv2.setNumThreads(1)
        self.net = cv2.dnn.readNetFromDarknet(f"cfg/{name}.cfg", weights)
        self.net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
        self.outputs = self.net.getUnconnectedOutLayersNames()
        with open(f"cfg/{name}.cfg", encoding="utf-8") as file:
            keys = dict(line.replace(" ", "").strip().split("=", 1) for line in file if "=" in line
                        and line.split("=")[0].strip() in ("width", "height"))
        shape = (1, 3, int(keys["height"]), int(keys["width"]))
        self.net.setInput(numpy.random.default_rng(1).random(shape, numpy.float32))
        self.net.forward(self.outputs)

    def seconds(self):
        times = []
        for _ in range(RUNS):
            start = time.perf_counter()
            self.net.forward(self.outputs)
            times.append(time.perf_counter() - start)
        return statistics.median(times)


def opencv(name, weights):
    if not cv2:
        return None
    try:
        return OpenCV(name, weights)
    except cv2.error as error:
        print(f"OpenCV does not read {name}: {str(error).strip().splitlines()[-1]}", file=sys.stderr)
        return None


def whole_run(name, weights, flags):
    """(seconds, peak MB) of a detector test in a process of its own; the second of two."""
    if not os.path.exists(PHOTO) or name.startswith("darknet"):
        return None
    for _ in range(2):
        if os.path.exists("build/bench.report"):
            os.remove("build/bench.report")
        done = subprocess.run(["build/peak", "build/bench.report", "./darknet", "detector", "test",
                               "data/coco.data", f"cfg/{name}.cfg", weights, PHOTO, "-threads", "1",
                               "-out", "build/bench", *flags], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
        if done.returncode:
            return None
    with open("build/bench.report", encoding="ascii") as file:
        seconds, kilobytes = file.read().split()
    return float(seconds), int(kilobytes) / 1024


def measure(name, rounds):
    weights = weights_of(name)
    other = opencv(name, weights)
    chosen = [(label, flags, []) for label, flags in variants(name)]
    theirs = []
    for _ in range(rounds):
        for _, flags, results in chosen:
            results.append(bench(name, weights, flags))
        if other:
            theirs.append(other.seconds())
    reference = statistics.median(theirs) if theirs else None
    for label, flags, results in chosen:
        if all(results):
            show(name, label, results, reference, whole_run(name, weights, flags))


def show(name, label, results, reference, whole):
    seconds = statistics.median(r["seconds_median"] for r in results)
    peak = statistics.median(r["peak_ratio"] for r in results)
    gflops = statistics.median(r["gflops"] for r in results)
    cells = [name, label, f"{seconds:.4f}", f"{gflops:.0f}", f"{peak:.2f}",
             f"{reference:.4f}" if reference else "-",
             f"{reference / seconds:.1f}" if reference else "-",
             f"{results[0]['measured_peak_bytes'] / 2**20:.1f}",
             *((f"{whole[0]:.2f}", f"{whole[1]:.1f}") if whole else ("-", "-"))]
    print("| " + " | ".join(cells) + " |", flush=True)


def prepare_photo():
    """An 800x600 JPEG with the content of Debian's dog, or none."""
    source = "/usr/share/darknet/data/dog.jpg"
    if cv2 and os.path.exists(source):
        cv2.imwrite(PHOTO, cv2.resize(cv2.imread(source), (800, 600)))
    else:
        print("No 800x600 photo (python3-opencv and Debian's darknet make one): no whole runs",
              file=sys.stderr)


def main(words):
    rounds = 5
    if words[:1] == ["-rounds"]:
        rounds, words = int(words[1]), words[2:]
    if not cv2:
        print("python3-opencv is not installed: nothing to compare with", file=sys.stderr)
    prepare_photo()
    print(f"One thread; medians of {rounds} alternating rounds of {RUNS} runs.\n")
    print("| network | variant | seconds | GFLOP/s | of FMA peak | OpenCV, s | times as fast | "
          "bench, MB | whole run, s | its peak, MB |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in words or NETWORKS:
        measure(name, rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
