"""Stock Darknet and this program inside memory cgroups.

usage: scripts/bench-memory.sh [OPTION]... [NETWORK]...

  NETWORK         a name of cfg/ or the path of a .cfg; NAME:N means its first N layers alone
                  (yolov2 and yolov2:16)
  -limits LIST    MB of the cgroups (1024,512,256,192,128,96,64,48,32,24,16,12)
  -timeout N      seconds after which a run is stopped (300)
  -threads N      of this program; stock has one (1)
  -swap FILE      makes a swap file of 2 GB there for the time of the measurement (as root), where
                  the machine has no swap
  -runs N         of this program; the median counts (3)
  -quick          limits 512, 64 and 16 MB, 20 s
  -csv FILE, -svg FILE    (build/bench-memory.csv, build/bench-memory.svg)

Both run "detector test" on an 800x600 JPEG with the picture written; this program with -memory equal
to the limit. Seconds are what the programs print as the time of the prediction. Peak MB is the
resident memory of the process, cgroup MB all that was charged to the group, swapped MB what was
written to swap meanwhile. "refused": the program said beforehand that it needs more. "killed": by
the kernel, for lack of memory. "timeout": stopped. When stock does not get through within a limit,
it is not tried within the smaller ones. The first row has no limit; then come those without swap,
then those with it.
"""

import os
import re
import statistics
import sys
import tempfile

import cgroup
import measure
import svg
from measure import Model, note

LIMITS = "1024,512,256,192,128,96,64,48,32,24,16,12"


def cut(name, count, folder):
    """A cfg of the first so many layers. Both programs want a head: one box a cell, its classes are
    what channels there are, which is no work to speak of."""
    model = Model(name)
    with open(model.cfg, encoding="utf-8") as file:
        sections = re.split(r"(?m)^(?=\[)", file.read())
    path = os.path.join(folder, f"{os.path.basename(name)}-first{count}.cfg")
    sections = [text for text in sections if text.startswith("[")]
    if len(sections) <= count:
        raise SystemExit(f"{name}: has {len(sections) - 1} layers, fewer than {count}")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(sections[:count + 1])
        file.write("\n[region]\nanchors=1,1\nnum=1\ncoords=4\nsoftmax=1\n"
                   f"classes={model.layers[count - 1].shape[2] - 5}\n")
    return path


class Experiment:
    """What the runs share: a folder with what both programs look for, the cgroup, the options."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.group = cgroup.find()
        os.makedirs(os.path.join(folder, "data"))
        labels = "/usr/share/darknet/data/labels"
        if os.path.isdir(labels):
            os.symlink(labels, os.path.join(folder, "data/labels"))
        with open(os.path.join(folder, "names"), "w", encoding="ascii") as file:
            file.writelines(f"class {i}\n" for i in range(1000))
        with open(os.path.join(folder, "net.data"), "w", encoding="ascii") as file:
            file.write(f"classes=80\nnames={folder}/names\n")

    def run(self, program, model, limit, swap, flags):
        """(seconds or None, what happened or None, peak, cgroup peak, swapped), in MB."""
        group = self.group if limit else None
        if group:
            group.limit(limit, swap)
        model.warm()
        before = cgroup.swapped_out()
        done = measure.run([program, "detector", "test", "net.data", model.cfg, model.weights,
                            measure.photo(), "-out", "picture", "-thresh", ".9", *flags], self.options["timeout"],
                           group.folder if group else None, cwd=self.folder)
        swapped = cgroup.swapped_out() - before
        charged = group.peak() if group else None
        if group:
            group.remove()
        found = re.search(r"Predicted in ([\d.]+) seconds", done.out)
        what = None
        if done.status is None:
            what = "timeout"
        elif done.status == 137:
            what = "killed"
        elif done.status and "needs at least" in done.err:
            what = "refused"
        elif done.status or not found:
            what = "failed"
            note(f"{program} on {model.name}: {(done.err.strip().splitlines() or ['?'])[-1]}")
        seconds = float(found.group(1)) if found and not what else None
        return seconds, what, done.peak or None, charged, swapped

    def stock(self, model, limit, swap):
        if not os.path.exists(measure.STOCK) or not model.stock_reads_it():
            return None, "-", None, None, None
        return self.run(measure.STOCK, model, limit, swap, [])

    def this(self, model, limit, swap):
        flags = ["-threads", str(self.options["threads"])]
        flags += ["-memory", f"{limit}M"] if limit else []
        runs = [self.run(measure.DARKNET, model, limit, swap, flags)]
        while len(runs) < self.options["runs"] and not runs[-1][1]:
            runs.append(self.run(measure.DARKNET, model, limit, swap, flags))
        bad = [run for run in runs if run[1]]
        if bad:
            return bad[0]
        peaks = [max(run[i] or 0 for run in runs) or None for i in (2, 3)]
        return statistics.median(run[0] for run in runs), None, *peaks, max(r[4] for r in runs)


def measure_limits(experiment, model, swap, table):
    """A row for each limit; returns the lines of the picture: [(label, points)]."""
    lines = {"stock": [], "this": []}
    hopeless = None  # stock got no result within a larger limit: a smaller one will not help
    limits = [int(n) for n in experiment.options["limits"].split(",")]
    for limit in limits if swap else [None] + limits:
        if hopeless:
            theirs = (None, hopeless, None, None, None)
        else:
            theirs = experiment.stock(model, limit, swap)
            hopeless = theirs[1] if limit else None if experiment.group else "-"
        ours = experiment.this(model, limit, swap)
        table.add(model.name, limit or "none", "yes" if swap else "no",
                  theirs[1] or theirs[0], theirs[2], theirs[3], theirs[4] if swap else None,
                  ours[1] or ours[0], ours[2], ours[3], ours[4] if swap else None,
                  theirs[0] / ours[0] if theirs[0] and ours[0] else None)
        if limit:
            lines["stock"].append((limit, theirs[0], theirs[1]))
            lines["this"].append((limit, ours[0], ours[1]))
    return [(f"{who}, {model.name}{', swap' if swap else ''}", row) for who, row in lines.items()]


def parse(words):
    options = {"limits": LIMITS, "timeout": 300, "threads": 1, "runs": 3, "swap": None,
               "csv": f"{measure.BUILD}/bench-memory.csv",
               "svg": f"{measure.BUILD}/bench-memory.svg"}
    return options, measure.parse(__doc__, words, options,
                                  {"quick": {"limits": "512,64,16", "timeout": 20, "runs": 1}})


def compare(options, names, folder):
    machine = measure.machine_line()
    print(machine + "\n")
    experiment = Experiment(options, folder)
    swaps = [False, True] if cgroup.swap_exists() and experiment.group else [False]
    if not cgroup.swap_exists():
        note("The machine has no swap (-swap FILE makes one): the rows with swap are left out")
    table = measure.Table(["network", "limit MB", "swap", "stock s", "its peak MB",
                           "its cgroup MB", "its swapped MB", "this s", "peak MB", "cgroup MB",
                           "swapped MB", "speedup"])
    lines = []
    for name in names or ["yolov2", "yolov2:16"]:
        base, _, count = name.partition(":")
        model = Model(cut(base, int(count), folder) if count else base)
        for swap in swaps:
            lines += measure_limits(experiment, model, swap, table)
            table.write(options["csv"])
            svg.lines(options["svg"], "Seconds of a prediction within a memory cgroup",
                      ("MB", "seconds"), lines, machine)
    print(f"\n{options['csv']}\n{options['svg']}")


def main():
    options, names = parse(sys.argv[1:])
    swap = cgroup.SwapFile(options["swap"], 2048) if options["swap"] else None
    try:
        with tempfile.TemporaryDirectory() as folder:
            compare(options, names, folder)
    finally:
        if swap:
            swap.remove()


if __name__ == "__main__":
    main()
