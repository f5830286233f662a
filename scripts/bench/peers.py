"""This program beside stock Darknet, OpenCV's DNN and any other engine.

usage: scripts/bench-peers.sh [OPTION]... [NETWORK]...

  NETWORK         a name of cfg/, or the path of a .cfg (with its .weights beside it, else seeded
                  ones); default: the 608 and 416 detectors, and yolo-fastest-1.1 when the folder
                  DN_MODELS has it
  -rounds N       alternating rounds; the medians are shown (5)
  -stock-rounds N of them those in which stock runs: it is slow (2)
  -threads LIST   e.g. 1,2 (1 and all cores)
  -more           also this with -exact and with AVX2
  -quick          one round, the small networks, one thread
  -peer 'NAME=COMMAND {cfg} {weights} {threads}'
                  another engine; the last line it prints is the seconds of a prediction, or if that
                  is no number, the time of the whole command counts
  -csv FILE, -svg FILE    (build/bench-peers.csv, build/bench-peers.svg)

Seconds are those of a warm prediction, weights in the page cache. In every round each engine has its
turn, so that a machine whose speed changes changes all alike; a turn of this program is the median
of three runs. "of FMA peak" is 2 x multiply-adds of the network per second over the rate of an FMA
loop measured between the runs. Peak MB is the resident memory of the process that predicted, for
stock and OpenCV with the python around them. "-": the engine cannot run this cfg.
"""

import os
import shlex
import subprocess
import sys

import measure
import svg
from measure import Model, median, note

NETWORKS = ["yolov2", "yolov3", "yolov4", "yolov2-tiny", "yolov3-tiny", "yolov4-tiny"]
QUICK = ["yolov3-tiny", "yolov4-tiny"]
TIGHT = {"yolov2": "16M", "yolov3": "32M", "yolov3-spp": "32M", "yolov4": "32M"}
BUDGETS = ("this, 64 or 16 MB", "this, 16, 32 or 8 MB")  # in the picture
RUNS = 3


class This:
    """This program with some flags; every turn is a process of its own."""

    limit = None

    def __init__(self, model, threads, flags):
        self.model, self.flags = model, ["-threads", str(threads), *flags]
        self.times, self.ratios, self.gflops, self.peak = [], [], [], None

    def turn(self):
        figures = measure.bench(self.model, self.flags, RUNS)
        if not figures:
            return False
        self.times.append(figures["seconds_median"])
        self.ratios.append(figures["peak_ratio"])
        self.gflops.append(figures["gflops"])
        self.peak = figures["measured_peak_bytes"] / measure.MB
        return True

    def end(self):
        pass


class Worker:
    """An engine in worker.py, loaded once."""

    ratios = gflops = ()

    def __init__(self, kind, model, threads, limit=None):
        self.times, self.peak, self.limit = [], None, limit
        program = os.path.join(os.path.dirname(__file__), "worker.py")
        self.process = subprocess.Popen(
            ["/usr/bin/python3", program, kind, model.cfg, str(threads)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(os.environ, OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY="passive"))
        self.ready = self.process.stdout.readline() == "ready\n"
        if not self.ready:
            lines = self.process.communicate()[1].strip().splitlines()
            note(f"{kind} does not run {model.name}: {lines[-1] if lines else 'no reason given'}")

    def turn(self):
        if not self.ready:
            return False
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.times.append(float(self.process.stdout.readline()))
        return True

    def end(self):
        if self.ready:
            self.peak = float(self.process.communicate()[0])


class Command:
    """A peer given as a command."""

    limit, ratios, gflops = None, (), ()

    def __init__(self, command, model, threads):
        for key, value in (("cfg", model.cfg), ("weights", model.weights), ("threads", threads)):
            command = command.replace("{" + key + "}", shlex.quote(str(value)))
        self.words, self.threads = shlex.split(command), str(threads)
        self.times, self.peak = [], None

    def turn(self):
        done = measure.run(self.words, OMP_NUM_THREADS=self.threads)
        if done.status:
            note(f"{self.words[0]} ends with status {done.status}")
            return False
        last = (done.out.strip().splitlines() or [""])[-1]
        try:
            self.times.append(float(last))
        except ValueError:
            self.times.append(done.seconds)
        self.peak = max(self.peak or 0, done.peak)
        return True

    def end(self):
        pass


def engines(options, model, threads):
    """[(name, engine or None)]: the first one is what the others are compared with."""
    flags = [[], ["-memory", "64M" if model.name in TIGHT else "16M"],
             ["-memory", TIGHT.get(model.name, "8M")]]
    if options["more"]:
        flags += [["-exact"], ["-isa", "avx2"], ["-isa", "avx2", "-exact"]]
    found = [(" ".join(["this", *f]), This(model, threads, f)) for f in flags]
    stock = None
    if os.path.exists(measure.STOCK_LIBRARY) and model.stock_reads_it():
        stock = Worker("stock", model, threads, options["stock-rounds"])
    found += [("stock", stock), ("OpenCV", Worker("opencv", model, threads))]
    return found + [(name, Command(command, model, threads)) for name, command in options["peer"]]


def take_turns(options, found):
    for done in range(options["rounds"]):
        for name, engine in found:
            if engine and (engine.limit is None or done < engine.limit) and not engine.turn():
                found[found.index((name, engine))] = (name, None)
    for _, engine in found:
        if engine:
            engine.end()


def compare(options, model, threads, table):
    """Adds rows; returns [(name, seconds or None)] for the picture."""
    found = engines(options, model, threads)
    take_turns(options, found)
    ours = median(found[0][1].times) if found[0][1] else None
    row = []
    for name, engine in found:
        seconds = median(engine.times) if engine else None
        table.add(model.name, threads, name, 1e3 * seconds if seconds else None,
                  seconds / ours if seconds and ours else None,
                  median(engine.gflops) if engine and engine.gflops else None,
                  median(engine.ratios) if engine and engine.ratios else None,
                  engine.peak if engine else None)
        row.append((name, seconds))
    return [(BUDGETS[i - 1] if i in (1, 2) else name, s) for i, (name, s) in enumerate(row)]


def parse(words):
    options = {"rounds": 5, "stock-rounds": 2, "threads": f"1,{os.cpu_count()}", "more": False,
               "peer": [], "quick": False, "csv": f"{measure.BUILD}/bench-peers.csv",
               "svg": f"{measure.BUILD}/bench-peers.svg"}
    quick = {"rounds": 1, "stock-rounds": 1, "threads": "1", "quick": True}
    names = measure.parse(__doc__, words, options, {"quick": quick})
    options["peer"] = [peer.split("=", 1) for peer in options["peer"]]
    return options, names or (QUICK if options["quick"] else default_networks())


def default_networks():
    extra = os.path.join(os.environ.get("DN_MODELS", ""), "yolo-fastest-1.1.cfg")
    if os.path.exists(extra):
        return NETWORKS + [extra]
    note("DN_MODELS names no folder with yolo-fastest-1.1.cfg: that network is left out")
    return NETWORKS


def main():
    options, names = parse(sys.argv[1:])
    counts = sorted({int(n) for n in options["threads"].split(",")})
    models = [Model(name) for name in names]
    machine = measure.machine_line()
    print(f"{machine}\nMedians of {options['rounds']} alternating rounds.\n")
    table = measure.Table(["network", "threads", "engine", "ms", "times this", "GFLOP/s",
                           "of FMA peak", "peak MB"])
    panels = [(f"{n} thread{'s' if n > 1 else ''}", []) for n in counts]
    for model in models:
        for threads, (_, groups) in zip(counts, panels):
            groups.append((model.name, compare(options, model, threads, table)))
            table.write(options["csv"])
            svg.bars(options["svg"], "A prediction, logarithmic", " s", panels, machine)
    print(f"\n{options['csv']}\n{options['svg']}")


if __name__ == "__main__":
    main()
