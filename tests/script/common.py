"""What the test scripts share: counting, running a program, the paths of the material.

Every check prints one line "pass: ...", "FAIL: NAME: WHY" or "skip: NAME: WHY"; scripts/test.sh adds
them up. Skips say what is missing.
"""

import concurrent.futures
import os
import re
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
DARKNET = os.environ.get("DARKNET", os.path.join(ROOT, "darknet"))
STOCK = "/usr/bin/darknet"
SHARE = "/usr/share/darknet"
sys.path.insert(0, os.path.join(ROOT, "scripts"))
failures = 0


def shared():
    """The folder of reference material beside the checkout or its main work tree, or None."""
    git = subprocess.run(["git", "-C", ROOT, "rev-parse", "--git-common-dir"], capture_output=True,
                         text=True, check=False).stdout.strip()
    for root in (ROOT, os.path.dirname(os.path.join(ROOT, git))):
        folder = os.path.join(root, "..", "shared")
        if os.path.isdir(os.path.join(folder, "reference")):
            return os.path.realpath(folder)
    return None


def passed(name):
    print("pass:", name, flush=True)


def failed(name, why):
    global failures
    failures += 1
    print(f"FAIL: {name}: {why}", flush=True)


def skipped(name, why):
    print(f"skip: {name}: {why}", flush=True)


def check(name, why):
    """Counts a check; why is None or empty when it holds."""
    if why:
        failed(name, why)
    else:
        passed(name)


def finish():
    sys.exit(1 if failures else 0)


def for_each(function, items):
    """Calls the function for every item, as many at a time as there are processors."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(function, item) for item in items]:
            done.result()


def run(command, folder=None, stdin="", timeout=300, **variables):
    """The finished process with its texts; a program that hangs counts as status 124."""
    env = dict(os.environ, LC_ALL="C", OMP_WAIT_POLICY="passive", QT_QPA_PLATFORM="offscreen",
               **variables)
    try:
        return subprocess.run(command, cwd=folder, env=env, input=stdin, capture_output=True,
                              text=True, errors="replace", timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"still running after {timeout} s")


def named_least(done):
    """The megabytes that a refusal has named as the smallest budget, or None."""
    found = re.search(r"needs at least ([\d.]+) MB", done.stderr)
    return float(found.group(1)) if done.returncode and found else None


def at_smallest_budget(what, words, folder, same):
    """Checks that the command gives at its smallest budget what it has given without one: same(process) tells
    why not, or None. It has what a refusal named, and a twentieth of a megabyte: what a process takes differs by some
    pages from start to start."""
    budget, refusals = "1M", 0
    for refusals in range(4):
        done = run([*words, "-memory", budget], folder)
        if not named_least(done):
            break
        budget = f"{named_least(done) + .05:.2f}M"
    why = last_line(done.stderr) if done.returncode or not refusals else same(done)
    check(f"{what} at the smallest budget: {budget}", why)


def other_bytes(ours, least):
    """Why two files differ, or None."""
    with open(ours, "rb") as a, open(least, "rb") as b:
        return None if a.read() == b.read() else "not the bytes that there are without a budget"


def other_lines(ours, least):
    """Why two standard outputs differ but for the seconds in them, or None."""
    ours, least = (re.sub(r"in [\d.]+ seconds", "", text).splitlines() for text in (ours, least))
    return next((f"{b} instead of {a}" for a, b in zip(ours, least) if a != b),
                None if len(ours) == len(least) else f"{len(least)} lines instead of {len(ours)}")


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "(nothing)"


def detections(text):
    """[(what, percent)] of the lines "dog: 61%" and "61.23%: dog" of a standard output."""
    found = []
    for line in text.splitlines():
        box = re.fullmatch(r"(.+): (\d+)%", line)
        rank = re.fullmatch(r" *([\d.]+)%: (.+)", line)
        if box:
            found.append((box.group(1), float(box.group(2))))
        elif rank:
            found.append((rank.group(2), float(rank.group(1))))
    return found


def difference(ours, theirs, slack, thresh=None):
    """Why two lists of detections are not the same up to slack percent, or None.

    A line that only one side has counts only when it is not within slack of the threshold.
    """
    rest = sorted(theirs)
    for name, percent in sorted(ours):
        match = next((p for p in rest if p[0] == name and abs(p[1] - percent) <= slack), None)
        if match:
            rest.remove(match)
        elif thresh is None or percent > thresh + slack:
            return f"only here: {name} {percent:g}%"
    missing = [p for p in rest if thresh is None or p[1] > thresh + slack]
    return f"only stock: {missing[0][0]} {missing[0][1]:g}%" if missing else None
