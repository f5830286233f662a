#!/usr/bin/python3
"""Several photos in one run: reading the next one ahead changes nothing but time and planned memory.

Photos named on the command line, on standard input, and one process for each print the same lines in the
same order, also around a photo that is none; the peak stays within what was predicted, with and without
room for reading ahead; a tool that waits for the answer to each line gets it.
"""

import os
import re
import subprocess
import tempfile

import common

MB = 1 << 20
SIZES = ((640, 480), (300, 700), (1200, 300), None, (416, 416), (64, 48))  # None: a file that is no photo


def photos(folder):
    names = []
    for i, size in enumerate(SIZES):
        path = f"{folder}/{i}.ppm"
        with open(path, "wb") as out:
            if not size:
                out.write(b"no photo")
            else:
                width, height = size
                out.write(b"P6 %d %d 255\n" % size)
                out.write(bytes((x * y // (37 + i) + 40 * c) & 255
                                for y in range(height) for x in range(width) for c in range(3)))
        names.append(path)
    return names


def lines(text):
    """Standard output without times and prompts."""
    return re.sub(r"in [\d.]+ (milli-)?seconds", "in N", text.replace("Enter Image Path: ", ""))


def explained(done):
    return [line for line in done.stderr.splitlines() if ".ppm" in line]


def compare(folder, command, names, dialect):
    alone = [common.run([*command, name], folder) for name in names]
    together = common.run([*command, *names], folder)
    piped = common.run(command, folder, "\n".join([*names[:2], "", *names[2:], ""]))
    wanted = "".join(lines(done.stdout) for done in alone)
    problems = [line for done in alone for line in explained(done)]
    for what, done in (("on the command line", together), ("on standard input", piped)):
        why = None
        if lines(done.stdout) != wanted:
            why = "the lines are others"
        elif explained(done) != problems or done.returncode != 1:
            why = f"the sentences are others: {explained(done)}"
        common.check(f"{dialect}: photos {what} print what each prints alone", why)
    prompts = piped.stdout.count("Enter Image Path: ")
    common.check(f"{dialect}: a prompt for each line, and one more",
                 None if prompts == len(names) + 2 else f"there are {prompts}")


def converse(command, names):
    """Writes a line only when the line before has been answered."""
    good = [name for name, size in zip(names, SIZES) if size]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL) as process:
        for name in good:
            process.stdin.write(name + "\n")
            process.stdin.flush()
            while f"{name}: Predicted" not in (line := process.stdout.readline()):
                if not line:
                    common.failed("a tool that waits for each answer gets it", f"none for {name}")
                    return
        process.stdin.close()
        process.stdout.read()
    common.check("a tool that waits for each answer gets it",
                 f"status {process.returncode}" if process.returncode else None)


def budgets(folder, command, names):
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-o", f"{folder}/peak",
                    f"{common.ROOT}/scripts/peak.c"], check=True)
    predictions = set()
    for memory in ("5M", "7M", "16M"):
        done = common.run([f"{folder}/peak", f"{folder}/report", *command, *names, "-memory", memory])
        found = re.search(r"Memory: ([\d.]+) MB predicted", done.stderr)
        with open(f"{folder}/report", encoding="ascii") as file:
            peak = int(file.read().split()[1]) / 1024
        predicted = float(found.group(1)) if found else 0
        predictions.add(predicted)
        common.check(f"within {memory} the peak is not above the prediction",
                     None if peak <= predicted + 0.005 <= int(memory[:-1]) + 0.01 else
                     f"{peak:.2f} MB of {predicted:.2f}")
    buffer = 416 * 416 * 3 * 4 / MB
    common.check("what reading ahead takes is predicted where there is room for it",
                 None if max(predictions) - min(predictions) > buffer else str(predictions))


def main():
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/names", "w", encoding="ascii") as file:
            file.write("face\n")
        with open(f"{folder}/net.data", "w", encoding="ascii") as file:
            file.write(f"classes=1\nnames={folder}/names\n")
        names = photos(folder)
        command = [common.DARKNET, "detector", "test", f"{folder}/net.data",
                   f"{common.ROOT}/cfg/tinyface.cfg", "", "-out", f"{folder}/picture.jpg"]
        compare(folder, [*command, "-thresh", ".6"], names, "stock")
        compare(folder, [*command[:-1], f"{folder}/found.json", "-dialect", "alexeyab", "-thresh", ".6"],
                names, "alexeyab")
        converse([*command, "-thresh", ".999"], names)
        budgets(folder, [*command, "-thresh", ".999"], names)
    common.finish()


if __name__ == "__main__":
    main()
