"""How far the planner's choice is from the best of many configurations.

usage: scripts/bench-search.sh [OPTION]... [NETWORK]...

  NETWORK         a name of cfg/ or the path of a .cfg (yolov2)
  -budgets LIST   (16M,24M,32M,64M,128M)
  -configs N      configurations measured within each budget, beside the planner's (100)
  -final N        of them, those that are measured again, the fastest ones (8)
  -rounds N       alternating rounds in which they are (7)
  -threads N      (1)
  -seed N         of the configurations (1)
  -quick          one budget, 12 configurations, 3 of them again in 2 rounds
  -csv FILE       every measurement (build/bench-search.csv)

"neighbour": the planner's choice after up to three changes: groups cut or joined, more or fewer tiles,
other slices of streamed filters, other exchanges of workspace for time, filters kept or streamed, the
other order. "stranger": random cuts and tiles. Both are tried in turn; what counts are [fusion] files
that `darknet plan` finds legal within the budget, each with a plan of its own. A tight budget leaves
few strangers.

First each is measured once, then the fastest ones and the planner's choice in alternating rounds;
the medians of these are compared. The best of many noisy medians looks better than it is, so a ratio
a little above 1 is to be expected even of a perfect choice.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import measure
from measure import DARKNET, Model, median

BUDGETS = "16M,24M,32M,64M,128M"


class Group:
    """A [fusion] section: first and last layer of its ranges, and its other keys."""

    def __init__(self, ranges, keys):
        self.ranges, self.keys = ranges, keys

    def copy(self):
        return Group(list(self.ranges), dict(self.keys))

    def text(self):
        layers = ",".join(f"{a}-{b}" for a, b in self.ranges)
        return "\n".join(["[fusion]", f"layers={layers}"] +
                         [f"{key}={value}" for key, value in self.keys.items()]) + "\n\n"


def parse_groups(text):
    groups = []
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if line == "[fusion]":
            groups.append(Group([], {}))
        elif key == "layers":
            for part in value.split(","):
                first, _, last = part.partition("-")
                groups[-1].ranges.append((int(first), int(last or first)))
        elif value:
            groups[-1].keys[key] = value
    return groups


# ---- changes to a list of groups, in place; each may do nothing --------------------------------

def cut(groups, rng):
    wide = [g for g in groups if len(g.ranges) == 1 and g.ranges[0][1] > g.ranges[0][0]]
    if wide:
        group = rng.choice(wide)
        first, last = group.ranges[0]
        at = rng.randrange(first, last)
        other = group.copy()
        group.ranges, other.ranges = [(first, at)], [(at + 1, last)]
        for key in ("order", "concat"):
            other.keys.pop(key, None)
        groups.insert(groups.index(group) + 1, other)


def join(groups, rng):
    pairs = [(a, b) for a, b in zip(groups, groups[1:])
             if len(a.ranges) == len(b.ranges) == 1 and a.ranges[0][1] + 1 == b.ranges[0][0]]
    if pairs:
        a, b = rng.choice(pairs)
        a.ranges = [(a.ranges[0][0], b.ranges[0][1])]
        if a.keys.get("tiles", "1x1") == "1x1":
            a.keys["tiles"] = f"{rng.choice((2, 3, 4, 5, 8, 10, 13, 19))}x1"
        groups.remove(b)


def retile(groups, rng):
    group = rng.choice([g for g in groups if g.keys.get("tiles", "1x1") != "1x1"] or groups)
    rows = int(group.keys.get("tiles", "1x1").split("x")[0])
    new = rng.choice((rows * 2, rows + 1, rows - 1, (rows + 1) // 2, rows * 4, (rows + 3) // 4))
    group.keys["tiles"] = f"{max(1, new)}x1"


def reslice(groups, rng):
    rng.choice(groups).keys["slice"] = rng.choice((1, 2, 3, 4, 6, 8, 16))


def exchange(groups, rng):
    rng.choice(groups).keys["thrift"] = rng.randrange(4)


def settle(groups, rng):
    group = rng.choice(groups)
    group.keys.pop("slice", None)
    group.keys["weights"] = rng.choice(("resident", "stream"))


def reorder(groups, _):
    if groups[0].keys.pop("order", None) is None:
        groups[0].keys["order"] = "early"


CHANGES = (cut, cut, join, join, retile, retile, retile, reslice, reslice, exchange, settle, reorder)


def neighbour(chosen, _, rng):
    groups = [group.copy() for group in chosen]
    for _ in range(rng.randint(1, 3)):
        rng.choice(CHANGES)(groups, rng)
    return groups


def stranger(chosen, model, rng):
    """Random groups over the leading layers; then those of the planner, or layer by layer."""
    groups, first = [], 0
    until = rng.randint(2, max(2, len(model.layers) * 3 // 4))
    while first < until:
        last = min(first + rng.choice((0, 1, 2, 3, 4, 6, 8, 11)), until)
        keys = {"tiles": f"{rng.choice((1, 2, 4, 5, 8, 10, 19, 38))}x1"}
        if rng.random() < .5:
            keys["thrift"] = rng.randrange(4)
        groups.append(Group([(first, last)], keys))
        first = last + 1
    if rng.random() < .7:
        groups += [group.copy() for group in chosen if group.ranges[0][0] >= first]
    if rng.random() < .5:
        groups[0].keys["order"] = "early"
    if rng.random() < .5:
        groups[0].keys["concat"] = 1 << 20
    return groups


# ---- measuring ---------------------------------------------------------------------------------

class Candidate:
    def __init__(self, name, fusion, predicted):
        self.name, self.fusion, self.predicted, self.times = name, fusion, predicted, []

    def measure(self, model, flags, runs):
        figures = measure.bench(model, [*flags, "-fusion", self.fusion], runs)
        if figures:
            self.times.append(figures["seconds_median"])


def plan(model, flags, *more):
    """The plan as JSON, or None when there is none within the budget."""
    done = subprocess.run([DARKNET, "plan", model.cfg, *flags, "-json", *more],
                          capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def candidates(model, flags, options, folder):
    """The planner's choice and legal others; fewer than asked for when there are no more."""
    path = os.path.join(folder, "planner")
    best = plan(model, flags, "-out", path)
    if not best:
        return []
    with open(path, encoding="ascii") as file:
        chosen = parse_groups(file.read())
    found, rng = [Candidate("planner", "auto", best["seconds"])], random.Random(options["seed"])
    seen = {json.dumps(best["groups"])}
    for attempt in range(60 * options["configs"]):
        if len(found) > options["configs"]:
            break
        make = (neighbour, stranger)[attempt % 2]
        path = os.path.join(folder, str(attempt))
        with open(path, "w", encoding="ascii") as file:
            file.writelines(group.text() for group in make(chosen, model, rng))
        one = plan(model, flags, "-fusion", path)
        if one and json.dumps(one["groups"]) not in seen:
            seen.add(json.dumps(one["groups"]))
            found.append(Candidate(f"{make.__name__} {attempt}", path, one["seconds"]))
    return found


def compare(model, budget, options, folder, table):
    flags = ["-memory", budget, "-threads", str(options["threads"])]
    found = candidates(model, flags, options, folder)
    if not found:
        table.add(model.name, budget, 0, *[None] * 6)
        return []
    for one in found:
        one.measure(model, flags, 1)
    others = sorted((c for c in found[1:] if c.times), key=lambda c: c.times[0])
    first = {c.name: c.times[0] for c in found if c.times}
    for one in found:
        one.times = []
    finalists = [found[0]] + others[:options["final"]]
    for _ in range(options["rounds"]):
        for one in finalists:
            one.measure(model, flags, 3)
    ours = median(found[0].times)
    best = min(finalists[1:] or finalists, key=lambda c: median(c.times))
    table.add(model.name, budget, len(found) - 1, 1e3 * ours, 1e3 * median(best.times), best.name,
              ours / median(best.times), 1e3 * found[0].predicted,
              sum(1 for c in found[1:] if first.get(c.name, 9e9) < first["planner"]))
    if best is not found[0]:
        shutil.copy(best.fusion, f"{measure.BUILD}/bench-search-{model.name}-{budget}.txt")
    return [(model.name, budget, c.name, 1e3 * c.predicted, 1e3 * first[c.name],
             1e3 * median(c.times) if c.times else None) for c in found if c.name in first]


def main():
    options = {"budgets": BUDGETS, "configs": 100, "final": 8, "rounds": 7, "threads": 1, "seed": 1,
               "csv": f"{measure.BUILD}/bench-search.csv"}
    quick = {"budgets": "16M", "configs": 12, "final": 3, "rounds": 2}
    names = measure.parse(__doc__, sys.argv[1:], options, {"quick": quick})
    print(f"{measure.machine_line()}\nMedians of {options['rounds']} alternating rounds.\n")
    table = measure.Table(["network", "budget", "configurations", "planner ms", "best other ms",
                           "which", "planner / best", "predicted ms", "faster in the first round"])
    rows = []
    for name in names or ["yolov2"]:
        model = Model(name)
        for budget in options["budgets"].split(","):
            with tempfile.TemporaryDirectory() as folder:
                rows += compare(model, budget, options, folder, table)
            measure.write_csv(options["csv"], ["network", "budget", "configuration", "predicted ms",
                                               "first ms", "final ms"], rows)
    print(f"\n{options['csv']}\nThe best others: {measure.BUILD}/bench-search-NETWORK-BUDGET.txt")


if __name__ == "__main__":
    main()
