"""Start-up, and lists of photos.

usage: bench-start.sh [-rounds N] [-threads N] [-old PROGRAM] [NAME]...

For each network (default: the face model of scripts/demo.sh, and yolov2 with synthetic weights) the medians
of rounds that alternate between: milliseconds from exec to the first result, a detection's line or, where
there are none, the line with the time; reading the weights with pread in 128 KB pieces from the page cache;
a prediction of the same photo in a process that has computed it before. Before each start that is timed there
is one that is not: on virtual machines memory that was free for a while is slow at first. Then photos a second
of one process for a list of them, pictures written. Photos are the face model's, 1920 pixels wide.

-old PROGRAM    also measure this build of the program, in the same rounds
"""

import os
import re
import subprocess
import sys
import time

import measure

PIECE = 128 << 10
FOLDER = os.path.join(measure.BUILD, "demo")
LIST = 4  # times the six photos


def first_result(command):
    """Milliseconds until a line of standard output has a percent sign or the time."""
    start = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, cwd=measure.ROOT) as process:
        text, seconds = b"", None
        while part := os.read(process.stdout.fileno(), 1 << 16):
            text += part
            if seconds is None and (b"%" in text or b"Predicted" in text):
                seconds = time.monotonic() - start
    return 1e3 * seconds


def reading(path):
    buffer, at = bytearray(PIECE), 0
    file = os.open(path, os.O_RDONLY)
    start = time.monotonic()
    while count := os.preadv(file, [buffer], at):
        at += count
    seconds = time.monotonic() - start
    os.close(file)
    return 1e3 * seconds


def prediction(command, photo):
    """Milliseconds of the last of three predictions of one photo by one process."""
    text = subprocess.run([*command, photo, photo, photo], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=True, cwd=measure.ROOT).stdout
    return 1e3 * float(re.findall(r"Predicted in ([\d.]+)", text)[-1])


def photos_a_second(command, photos):
    start = time.monotonic()
    subprocess.run([*command, *photos], stdin=subprocess.DEVNULL, capture_output=True, check=True,
                   cwd=measure.ROOT)
    return len(photos) / (time.monotonic() - start)


def command_of(program, name, threads):
    cfg = os.path.join(measure.ROOT, "cfg", f"{name}.cfg")
    if name == "tinyface":
        data, weights = "data/faces.data", os.path.join(FOLDER, "tinyface.weights")
    else:
        model = measure.Model(name)
        model.warm()
        data, weights = "data/coco.data", model.weights
    words = [program, "detector", "test", data, cfg, weights, "-out", os.path.join(measure.BUILD, "start")]
    return words + (["-threads", str(threads)] if threads else []), weights


def measure_network(table, name, programs, photos, options):
    figures = {program: ([], [], []) for program in programs}
    reads = []
    for _ in range(options["rounds"]):
        for program, (firsts, predictions, rates) in figures.items():
            command, weights = command_of(program, name, options["threads"])
            reads.append(reading(weights))
            first_result([*command, photos[0]])
            firsts.append(first_result([*command, photos[0]]))
            predictions.append(prediction(command, photos[0]))
            rates.append(photos_a_second(command, photos * LIST))
    for program, values in figures.items():
        first, predicted, rate = (measure.median(value) for value in values)
        read = measure.median(reads)
        table.add(name, os.path.relpath(program, measure.ROOT), first, read, predicted, read + predicted, rate)


def main():
    options = {"rounds": 9, "threads": 0, "old": ""}
    names = measure.parse(__doc__, sys.argv[1:], options, {}) or ["tinyface", "yolov2"]
    subprocess.run([os.path.join(measure.ROOT, "scripts", "fetch-face-model.sh"), FOLDER], check=True)
    photos = [os.path.join(FOLDER, "package", "demo", f"sample{i}.jpg") for i in range(1, 7)]
    programs = [measure.DARKNET] + ([os.path.abspath(options["old"])] if options["old"] else [])
    measure.note(measure.machine_line())
    table = measure.Table(["network", "program", "exec to first result, ms", "reading the weights, ms",
                           "a prediction, ms", "both, ms", "photos/s of a list"])
    for name in names:
        measure_network(table, name, programs, photos, options)


if __name__ == "__main__":
    main()
