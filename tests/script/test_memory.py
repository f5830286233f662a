#!/usr/bin/python3
"""The promise of memory: every shipped cfg, several budgets, a process of its own each.

usage: test_memory.py [NAME]...        default: every cfg/NAME.cfg

For each: the smallest budget that the program names (with a photo of 800x600 and the picture written),
a little less, which it must refuse, and larger ones. The peak is the kernel's figure for the whole
process, taken from outside. Law: peak <= predicted <= budget, and predicted is at most 3 % + 0.5 MB
above the peak. With synthetic weights a threshold of 0 finds boxes in all cells, the most there can be,
and one of .999 none: the law is for both. Suppressing 22743 boxes of 80 classes takes minutes, so the
program runs with the threshold 0 only where there are fewer. boxes.c asks the library for all of them,
and for all lines about them, twice.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import common

sys.path.insert(0, os.path.join(common.ROOT, "scripts", "bench"))
import cgroup  # noqa: E402
import measure  # noqa: E402

MB = 1 << 20
LARGER = (1.15, 1.6, 3)  # times the smallest budget


def photo(folder, name="photo", width=800, height=600):
    """A JPEG, which the program makes from a PPM."""
    source, path = (os.path.join(folder, name + ending) for ending in (".ppm", ".jpg"))
    with open(source, "wb") as out:
        out.write(b"P6 %d %d 255\n" % (width, height))
        out.write(bytes((x * y // 97 + 40 * c) & 255
                        for y in range(height) for x in range(width) for c in range(3)))
    common.run([common.DARKNET, "detector", "test", f"{folder}/net.data",
                f"{common.ROOT}/cfg/tinyface.cfg", "", source, "-thresh", "1", "-out", path])
    return path


class Process:
    """The program on one cfg; run() gives (finished process, peak bytes). What runs write is beside others' files."""

    def __init__(self, folder, name, image):
        cfg = f"{common.ROOT}/cfg/{name}.cfg"
        import cfgfile
        _, layers = cfgfile.network(cfg)
        detects = any(layer.kind in cfgfile.HEADS for layer in layers)
        verb = ["detector", "test"] if detects else ["classifier", "predict"]
        self.words = [common.DARKNET, *verb, f"{folder}/net.data", cfg, "", image]
        self.results = tempfile.mkdtemp(dir=folder)
        self.words += ["-out", f"{self.results}/picture"] if detects else []
        self.detects = detects
        self.folder = folder
        self.image = image
        self.cfg = cfg

    def run(self, budget, threads, *flags):
        return self.measure([*self.words, "-memory", str(budget), "-threads", str(threads), *flags])

    def run_boxes(self, budget, threads):
        return self.measure([f"{self.folder}/boxes", self.cfg, self.image, str(budget), str(threads)])

    def measure(self, words):
        report = os.path.join(self.results, "report")
        if os.path.exists(report):
            os.remove(report)
        done = common.run([f"{self.folder}/peak", report, *words])
        with open(report, encoding="ascii") as file:
            return done, int(file.read().split()[1]) * 1024


    def thresholds(self):
        """Flags: a threshold that nothing passes, and, where there are few cells, one that all pass."""
        few = "tiny" in self.cfg or self.cfg.endswith("yolov2.cfg")
        return [["-thresh", ".999"]] + few * [["-thresh", "0"]] if self.detects else [[]]


def broken(done, peak, budget):
    """(The law that does not hold or None, the figures.)"""
    found = re.search(r"Memory: ([\d.]+) MB predicted", done.stderr)
    if done.returncode or not found:
        return common.last_line(done.stderr), "no figures"
    predicted = float(found.group(1)) * MB
    figures = f"{peak / MB:.2f} MB of {predicted / MB:.2f} predicted, {budget / MB:.2f} allowed"
    if peak > predicted + 0.005 * MB or predicted > budget + 0.005 * MB:
        return "too little is predicted", figures
    if predicted - peak > 0.03 * predicted + 0.5 * MB:
        return "too much is predicted", figures
    return None, figures


def least_of(run, threads):
    """(The smallest budget that a run names in bytes, or None; the last line of what it said.)"""
    done, _ = run(1 * MB, threads)
    named = common.named_least(done)
    return named and named * MB, common.last_line(done.stderr)


def run_where_libraries_lie(process, budget, threads):
    """(A run of boxes.c, its budget.) The system maps more or fewer pages of libraries than it did when the smallest
    budget was asked for, by 0.3 MB: a run that is refused says so, and the next one has what it names."""
    for _ in range(4):
        done, peak = process.run_boxes(budget, threads)
        if not common.named_least(done):
            break
        budget = int((common.named_least(done) + 0.25) * MB)
    return (done, peak), budget


def try_boxes(process, name):
    for threads in (1, 2):
        least, said = least_of(process.run_boxes, threads)
        if not least:
            common.failed(f"{name}, all boxes: names its smallest budget", said)
            return
        for times in (1, *LARGER[1:2]):
            run, budget = run_where_libraries_lie(process, int(times * least + 0.25 * MB), threads)
            why, figures = broken(*run, budget)
            common.check(f"{name}, {threads} thread(s), {budget / MB:.1f} MB, all boxes twice: {figures}", why)
        why, figures = broken(*process.run_boxes(0, threads), float("inf"))
        common.check(f"{name}, {threads} thread(s), no budget, all boxes twice: {figures}", why)


def try_grid(folder, image):
    """Tiles that have overlaps from their neighbours, as in the published method."""
    path = f"{folder}/grid"
    with open(path, "w", encoding="ascii") as file:
        file.write("[fusion]\nlayers=0-7\ntiles=5x5\noverlap=reuse\n")
    process = Process(folder, "yolov2", image)
    process.words += ["-fusion", path]
    for threads in (1, 2):
        least, said = least_of(process.run, threads)
        if not least:
            common.failed("yolov2 in a grid names its smallest budget", said)
            return
        budget = int(least + 0.05 * MB)
        why, figures = broken(*process.run(budget, threads), budget)
        common.check(f"yolov2 in a grid, {threads} thread(s), {budget / MB:.1f} MB: {figures}", why)


def try_large_folios(name, folder, image):
    """What is written 256 KB at a time lies so in the page cache of Linux 6.16 and later, and 6.18 maps all of it where a
    byte is needed. The program had 0.3 MB too much when it was built or copied like that."""
    path = f"{folder}/darknet-{name}"
    with open(common.DARKNET, "rb") as program, open(path, "wb", buffering=0) as out:
        while piece := program.read(256 << 10):
            out.write(piece)
    os.chmod(path, 0o755)
    process = Process(folder, name, image)
    process.words[0] = path
    for threads in (1, 2):
        least, said = least_of(process.run, threads)
        budget = int((least or 0) + 0.05 * MB)
        why, figures = broken(*process.run(budget, threads), budget) if least else (said, "no figures")
        common.check(f"{name}, {threads} thread(s), a program in large folios: {figures}", why)


def try_group(folder, image, name="yolov4-tiny", megabytes=8, times=5):
    """In a memory cgroup of the budget what is read from files counts, too, and cannot be taken back meanwhile: when
    a plan filled the budget, one run of a hundred with nothing in the page cache was killed."""
    group, what = cgroup.find(), f"{name} in a memory cgroup of {megabytes} MB, without swap, files not in the page cache"
    if not group:
        common.skipped(what, "no memory cgroup can be made here")
        return
    program, weights = f"{folder}/darknet", measure.Model(name).weights
    process = Process(folder, name, image)
    process.words[0], process.words[process.words.index("")] = program, weights
    for _ in range(times):
        shutil.copy(common.DARKNET, program)
        measure.forget(program)
        measure.forget(weights)
        group.limit(megabytes, False)
        done = common.run([f"{folder}/peak", "-cgroup", group.folder, f"{folder}/report", *process.words,
                           "-memory", f"{megabytes}M"])
        group.remove()
        common.check(what, f"status {done.returncode}: {common.last_line(done.stderr)}" if done.returncode else None)


def try_bench_by_hand(folder):
    """Groups that fit the budget for two threads may not for one, with which bench compares."""
    words, path = [f"{common.ROOT}/cfg/yolov2-tiny.cfg", "-threads", "2"], f"{folder}/hand"
    common.run([common.DARKNET, "plan", *words, "-memory", "8M", "-out", path])
    done = common.run([common.DARKNET, "bench", *words, "-memory", "9M", "-fusion", path, "-runs", "1"])
    common.check("yolov2-tiny is measured with two threads and the groups that were planned for them",
                 None if "one thread as well" in done.stdout else common.last_line(done.stderr))


def try_wide_photo(folder):
    """Of a photo that is cropped, columns that the network does not see take nothing; a wide network has wide rows."""
    path, wide = photo(folder, "wide", 20000, 10), f"{folder}/wide.cfg"
    with open(f"{common.ROOT}/cfg/tinyface.cfg", encoding="ascii") as cfg, open(wide, "w", encoding="ascii") as out:
        out.write(re.sub(r"(?m)^height *=.*", "height=32", re.sub(r"(?m)^width *=.*", "width=16384", cfg.read())))
    cropped = Process(folder, "darknet19", path)
    cropped.words += ["-dialect", "alexeyab"]
    across = Process(folder, "tinyface", path)
    across.words[across.words.index(across.cfg)] = wide
    for what, process in (("cropped", cropped), ("into a wide network", across)):
        least, said = least_of(process.run, 1)
        budget = int((least or 0) + 0.05 * MB)
        why, figures = broken(*process.run(budget, 1), budget) if least else (said, "no figures")
        common.check(f"a photo 20000 wide {what}, {budget / MB:.1f} MB: {figures}",
                     why)


def try_budgets(name, folder, image):
    process = Process(folder, name, image)
    for threads in (1, 2):
        least, said = least_of(process.run, threads)
        if not least:
            common.failed(f"{name} names its smallest budget", said)
            return
        # rounded up to .1, and what the next process may take more: twice 64 KB
        done, _ = process.run(int(least - 0.25 * MB), threads)
        common.check(f"{name}, {threads} thread(s): less than {least / MB:.1f} MB is refused",
                     None if done.returncode and "needs at least" in done.stderr else
                     common.last_line(done.stderr))
        for times in (1, *LARGER[threads - 1::2]):
            budget = int(times * least + 0.05 * MB)
            again = [image] * (times > 1)  # for a single photo no weights are kept
            for flags in process.thresholds():
                why, figures = broken(*process.run(budget, threads, *again, *flags), budget)
                common.check(f"{name}, {threads} thread(s), {budget / MB:.1f} MB {' '.join(flags)}: "
                             f"{figures}", why)
    if process.detects:
        try_boxes(process, name)


def main():
    names = sys.argv[1:] or sorted(file[:-4] for file in os.listdir(f"{common.ROOT}/cfg")
                                   if file.endswith(".cfg"))
    with tempfile.TemporaryDirectory() as folder:
        compiler = [os.environ.get("CC", "cc"), "-O1", "-o"]
        subprocess.run([*compiler, f"{folder}/peak", f"{common.ROOT}/scripts/peak.c"], check=True)
        subprocess.run([*compiler, f"{folder}/boxes", f"{common.ROOT}/tests/script/boxes.c",
                        f"-I{common.ROOT}/include", f"-L{common.ROOT}", "-ldarknet",
                        f"-Wl,-rpath,{common.ROOT}"], check=True)
        with open(f"{folder}/names", "w", encoding="ascii") as file:
            file.writelines(f"class {i}\n" for i in range(1000))
        with open(f"{folder}/net.data", "w", encoding="ascii") as file:
            file.write(f"classes=80\nnames={folder}/names\n")
        image = photo(folder)
        common.for_each(lambda name: try_budgets(name, folder, image), names)
        for name in {"darknet19", "yolov4-tiny"}.intersection(names):
            try_large_folios(name, folder, image)
        if "yolov4-tiny" in names:
            try_group(folder, image)
        if "yolov2" in names:
            try_grid(folder, image)
            try_bench_by_hand(folder)
        if "darknet19" in names:
            try_wide_photo(folder)
    common.finish()


if __name__ == "__main__":
    main()
