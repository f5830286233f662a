"""What the measurements share: paths, weights, running a program, medians, tables and CSV files."""

import csv
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.join(ROOT, "build")
DARKNET = os.path.join(ROOT, "darknet")
STOCK = "/usr/bin/darknet"
STOCK_LIBRARY = "/usr/lib/darknet/libdarknet.so"
PEAK = os.path.join(BUILD, "peak")
MB = 1 << 20
sys.path.insert(0, os.path.join(ROOT, "scripts"))

import cfgfile  # noqa: E402, beside this folder

# What stock knows, as its cfg files use it; it takes anything else for something it is not.
STOCK_ACTIVATIONS = ("linear", "leaky", "relu", "logistic", "ramp", "relie", "elu", "selu", "gelu",
                     "tanh", "plse", "hardtan", "lhtan", "loggy", "stair")
STOCK_LAYERS = ("convolutional", "deconvolutional", "maxpool", "avgpool", "route", "shortcut",
                "upsample", "reorg", "region", "yolo", "detection", "connected", "local", "softmax",
                "cost", "dropout", "crop", "batchnorm", "normalization", "activation", "l2norm")


def note(text):
    print(text, file=sys.stderr, flush=True)


def median(values):
    return statistics.median(values)


READ = set()  # paths of weights that this process has read from the disk


def forget(path):
    """Drops a file from the page cache."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


class Model:
    """A cfg and its weights. `what` is a name of cfg/, or the path of a cfg with weights beside it;
    where there are none, seeded ones are made in build/models."""

    def __init__(self, what):
        path = what if what.endswith(".cfg") else os.path.join(ROOT, "cfg", what + ".cfg")
        if not os.path.exists(path):
            raise SystemExit(f"{what}: there is no {path}")
        self.cfg = os.path.realpath(path)
        self.name = os.path.basename(path)[:-len(".cfg")]
        beside = self.cfg[:-len(".cfg")] + ".weights"
        self.weights = beside if os.path.exists(beside) else self._synthetic()
        net, self.layers = cfgfile.network(self.cfg)
        self.width, self.height = net.int("width"), net.int("height")
        self.channels = net.int("channels")

    def _synthetic(self):
        path = os.path.join(BUILD, "models", self.name + ".weights")
        if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(self.cfg):
            part = f"{path}.{os.getpid()}"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            subprocess.run([sys.executable, os.path.join(ROOT, "scripts", "synthetic-weights.py"),
                            self.cfg, part], check=True)
            os.replace(part, path)
        return path

    def warm(self):
        """Brings the weights into the page cache; a run within a budget does not leave them there.
        At first from the disk, in order, as a run without a budget reads them: of a file that was written in
        small pieces the cache has small pages, and reading those again is three times as slow."""
        if self.weights not in READ:
            forget(self.weights)
        READ.add(self.weights)
        with open(self.weights, "rb", buffering=0) as file:
            while file.read(MB):
                pass

    def stock_reads_it(self):
        return all(layer.kind in STOCK_LAYERS
                   and layer.text("activation", "linear") in STOCK_ACTIVATIONS
                   and not (layer.kind == "route" and "groups" in layer.keys)
                   for layer in self.layers)


class Outcome:
    """A finished process: seconds and peak MB of the whole of it, status and what it printed.

    status None: it was stopped at the time limit, and there are no figures."""

    def __init__(self, status, out, err, report):
        self.status, self.out, self.err = status, out, err
        seconds, kilobytes = report.split() if report else (0, 0)
        self.seconds, self.peak = float(seconds), int(kilobytes) / 1024


def run(command, timeout=None, cgroup=None, cwd=None, **variables):
    """Runs a command through build/peak, in a memory cgroup when its folder is given."""
    env = dict(os.environ, LC_ALL="C", QT_QPA_PLATFORM="offscreen", **variables)
    with tempfile.NamedTemporaryFile("r") as report:
        where = ["-cgroup", cgroup] if cgroup else []
        process = subprocess.Popen([PEAK, *where, report.name, *command], env=env, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True,
                                   errors="replace", cwd=cwd)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return Outcome(None, "", "", "")
        return Outcome(process.returncode, out, err, report.read())


def parse(usage, words, options, presets):
    """Fills options ({name: default}) from words; returns the words that are none. A flag takes a
    value of its default's type, none for False; a list collects. presets: {flag: options it sets}."""
    rest, words = [], list(words)
    while words:
        word = words.pop(0)
        key = word[1:]
        if word in ("-h", "-help", "--help"):
            raise SystemExit(usage.strip())
        if not word.startswith("-"):
            rest.append(word)
        elif key in presets:
            options.update(presets[key])
        elif key in options and options[key] is False:
            options[key] = True
        elif key in options and words:
            value, old = words.pop(0), options[key]
            options[key] = old + [value] if isinstance(old, list) else \
                int(value) if isinstance(old, int) else value
        else:
            raise SystemExit(f"{word}: not an option, or its value is missing; -help lists them")
    return rest


def bench(model, flags, runs):
    """The figures of `darknet bench`, weights in the page cache, or None with a remark when it
    fails."""
    model.warm()
    done = subprocess.run([DARKNET, "bench", model.cfg, model.weights, "-json", "-runs", str(runs),
                           *flags], capture_output=True, text=True, check=False)
    if done.returncode:
        note(f"{model.name} {' '.join(flags)}: {done.stderr.strip().splitlines()[-1]}")
        return None
    return json.loads(done.stdout)


def own_peak():
    """MB of this process; getrusage would count what the process had before exec, too."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def photo():
    """The path of an 800x600 JPEG, made by the program itself from a PPM."""
    path = os.path.join(BUILD, "models", "photo.jpg")
    if not os.path.exists(path):
        source = path[:-len("jpg")] + "ppm"
        with open(source, "wb") as out:
            out.write(b"P6 800 600 255\n")
            out.write(bytes((x * y // 97 + 40 * c) & 255
                            for y in range(600) for x in range(800) for c in range(3)))
        subprocess.run([DARKNET, "detector", "test", "data/faces.data", "cfg/tinyface.cfg", "",
                        source, "-thresh", "1", "-out", path], cwd=ROOT, check=True,
                       capture_output=True)
    return path


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else os.uname().machine


def machine_line():
    """Processor, cores, memory, kernel and the rate of this program's multiply-add loop."""
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = next(int(line.split()[1]) for line in file if line.startswith("MemTotal")) / MB
    tiny = bench(Model("tinyface"), ["-threads", "1"], 9)
    rate = f", FMA peak {tiny['fma_peak_gflops']:.0f} GFLOP/s a core ({tiny['isa']})" if tiny else ""
    return (f"{processor()}, {os.cpu_count()} cores, {memory:.0f} GB, "
            f"{os.uname().sysname} {os.uname().release}{rate}")


def show(value, digits=3):
    """A number with so many significant digits, a text as it is, None as "-"."""
    if value is None:
        return "-"
    if not isinstance(value, float):
        return str(value)
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:.{max(0, digits - whole)}f}"


def write_csv(path, columns, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(["" if cell is None else cell for cell in row] for row in rows)


class Table:
    """Rows printed as they come, in Markdown, and written as CSV with all their digits."""

    def __init__(self, columns):
        self.columns, self.rows = columns, []
        print("| " + " | ".join(columns) + " |")
        print("|" + "---|" * len(columns), flush=True)

    def add(self, *cells):
        assert len(cells) == len(self.columns)
        self.rows.append(cells)
        print("| " + " | ".join(show(cell) for cell in cells) + " |", flush=True)

    def write(self, path):
        write_csv(path, self.columns, self.rows)
