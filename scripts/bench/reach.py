"""How little memory each network needs, and what a tight budget costs in time.

usage: scripts/bench-reach.sh [OPTION]... [NETWORK=MB]...

  NETWORK=MB      a name of cfg/ or the path of a .cfg, and a tight budget (all that are shipped)
  -threads N      (1)
  -rounds N       alternating rounds (5)
  -quick          one round, the small networks
  -csv FILE       (build/bench-reach.csv)

"least MB": the smallest budget that the program names for "detector test" on an 800x600 JPEG with the
picture written; "its peak" the resident memory of a run within it. Then for the tight budget: the
milliseconds of a warm prediction, the same without a budget in alternation, their ratio; the share
of work done twice; and a whole run with weights and program not in the page cache, inside a memory
cgroup of the budget without swap: its seconds, or "killed".
"""

import json
import os
import re
import shutil
import sys
import tempfile

import cgroup
import measure
from measure import DARKNET, Model, median, note

NETWORKS = ["yolov2=16", "yolov3=32", "yolov3-spp=32", "yolov4=32", "yolov2-tiny=8",
            "yolov3-tiny=8", "yolov4-tiny=8", "darknet19=8", "tinyface=8"]
QUICK = ["yolov3-tiny=8", "tinyface=8"]


def detect(program, model, folder, threads, kilobytes, group=None):
    """A whole run of the program on the photo."""
    detects = any(layer.kind in measure.cfgfile.HEADS for layer in model.layers)
    verb = ["detector", "test"] if detects else ["classifier", "predict"]
    out = ["-out", f"{folder}/picture", "-thresh", ".9"] if detects else []
    return measure.run([program, *verb, f"{folder}/net.data", model.cfg, model.weights,
                        measure.photo(), *out, "-threads", str(threads),
                        "-memory", f"{kilobytes}K"], cgroup=group and group.folder)


def least(model, folder, threads):
    """(MB, its peak), or (None, None) after a remark."""
    done = detect(DARKNET, model, folder, threads, 1024)
    found = re.search(r"needs at least ([\d.]+) MB", done.err)
    if not found:
        note(f"{model.name}: {(done.err.strip().splitlines() or ['?'])[-1]}")
        return None, None
    done = detect(DARKNET, model, folder, threads, int(float(found.group(1)) * 1024 + 52))
    return float(found.group(1)), done.peak if done.status == 0 else None


def cold(model, folder, threads, budget, group):
    """Seconds of a run in the cgroup with nothing in the page cache, or what became of it."""
    program = os.path.join(folder, "darknet")
    shutil.copy(DARKNET, program)
    measure.forget(program)
    measure.forget(model.weights)
    if group:
        group.limit(budget, False)
    done = detect(program, model, folder, threads, budget * 1024, group)
    if group:
        group.remove()
    return "killed" if done.status == 137 else "failed" if done.status else done.seconds


def work(model, threads, budget):
    """Multiply-adds of the plan over those of the layers."""
    done = measure.run([DARKNET, "plan", model.cfg, "-memory", f"{budget}M", "-threads",
                        str(threads), "-json"])
    return json.loads(done.out)["work"] if done.status == 0 else None


def main():
    options = {"threads": 1, "rounds": 5, "quick": False, "csv": f"{measure.BUILD}/bench-reach.csv"}
    names = measure.parse(__doc__, sys.argv[1:], options, {"quick": {"quick": True, "rounds": 1}})
    threads, group = options["threads"], cgroup.find()
    print(f"{measure.machine_line()}\n{threads} thread(s), medians of {options['rounds']} alternating "
          "rounds.\n")
    table = measure.Table(["network", "least MB", "its peak MB", "budget MB", "ms within",
                           "ms without", "ratio", "work", "cold run s"])
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/names", "w", encoding="ascii") as file:
            file.writelines(f"class {i}\n" for i in range(1000))
        with open(f"{folder}/net.data", "w", encoding="ascii") as file:
            file.write(f"classes=80\nnames={folder}/names\n")
        for word in names or (QUICK if options["quick"] else NETWORKS):
            name, _, budget = word.partition("=")
            if not budget.isdigit():
                raise SystemExit(f"{word}: write NETWORK=MB, the tight budget in whole megabytes")
            model, within, free = Model(name), [], []
            for _ in range(options["rounds"]):
                for times, flags in ((within, ["-memory", f"{budget}M"]), (free, [])):
                    figures = measure.bench(model, ["-threads", str(threads), *flags], 3)
                    times += [1e3 * figures["seconds_median"]] if figures else []
            a, b = (median(times) if times else None for times in (within, free))
            table.add(name, *least(model, folder, threads), int(budget), a, b,
                      a / b if a and b else None, work(model, threads, budget),
                      cold(model, folder, threads, int(budget), group))
            table.write(options["csv"])


if __name__ == "__main__":
    main()
