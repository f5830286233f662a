#!/usr/bin/python3
"""Bad cfgs, weights, photos and folders: a sentence that names the fault, a status, nothing else.

Each case must end with a status from 1 to 125, print its sentence as the last line of standard
error (the account of memory aside), and leave no file behind. DARKNET names another program to test, e.g. a sanitized one.
"""

import contextlib
import json
import os
import re
import struct
import subprocess
import tempfile
import time
import zlib

import common

NET = "[net]\nwidth=32\nheight=32\nchannels=3\n"
CONV = "[convolutional]\nfilters=18\nsize=1\nstride=1\nactivation=linear\n"
YOLO = ("[yolo]\nmask=0,1,2\nanchors=10,14,23,27,37,58\nclasses=1\nnum=3\n")
GOOD = NET + CONV + YOLO

# name: (cfg, what the sentence must say)
CFGS = {
    "an empty cfg": ("", "no section"),
    "no [net]": (CONV + YOLO, r"\[net\]"),
    "a net without layers": (NET, "layer"),
    "an unknown section": (NET + "[mystery]\n", "mystery"),
    "an unknown activation": (GOOD.replace("linear", "wobbly"), "wobbly"),
    "a key before any section": ("width=3\n" + GOOD, "width"),
    "stride 0": (GOOD.replace("stride=1", "stride=0"), "stride"),
    "groups 0": (GOOD.replace("size=1", "size=1\ngroups=0"), "groups"),
    "subdivisions 0": (GOOD.replace("width", "subdivisions=0\nwidth"), "subdivisions"),
    "filters -1": (GOOD.replace("filters=18", "filters=-1"), "filters"),
    "filters beyond an int": (GOOD.replace("filters=18", "filters=99999999999"), "filters"),
    "a width of -32": (GOOD.replace("width=32", "width=-32"), "width"),
    "sizes that overflow": (GOOD.replace("=32", "=2000000000"), "width|large|big|bytes"),
    "a window larger than the map": (GOOD.replace("size=1", "size=99"), "size"),
    "groups that do not divide": (GOOD.replace("size=1", "size=1\ngroups=2"), "groups"),
    "a route before the first layer": (NET + CONV + "[route]\nlayers=-9\n", "layers=-9"),
    "a route to a later layer": (NET + CONV + "[route]\nlayers=7\n", "layers"),
    "a route to itself": (NET + CONV + "[route]\nlayers=1\n", "layers"),
    "a route without layers": (NET + CONV + "[route]\n", "layers"),
    "a shortcut without from": (NET + CONV + "[shortcut]\nactivation=linear\n", "from"),
    "a shortcut to a later layer": (NET + CONV + "[shortcut]\nfrom=5\n", "from"),
    "a head of the wrong size": (GOOD.replace("classes=1", "classes=2"), "18|21"),
    "too many anchors": (GOOD.replace("37,58", "37,58,1,2"), "anchors"),
    "a mask out of range": (GOOD.replace("0,1,2", "0,1,3"), "mask"),
    "binary rubbish": ("\x01\x7f[\x00]]=\n" * 50, ""),
}


def png(width, height, depth=8, kind=2, data=None):
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    if data is None:
        data = (b"\0" + b"\x60" * (width * channels * depth // 8)) * height

    def chunk(name, body):
        return (struct.pack(">I", len(body)) + name + body
                + struct.pack(">I", zlib.crc32(name + body)))
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data))
            + chunk(b"IEND", b""))


PHOTOS = {
    "an empty photo": b"",
    "a text as a photo": b"this is no photo\n" * 9,
    "a PNG of no width": png(0, 5, data=b""),
    "a PNG that claims 2^31-1 squared pixels": png(2**31 - 1, 2**31 - 1, data=b"\0"),
    "a PNG cut in its header": png(8, 8)[:20],
    "a JPEG of nothing but its start": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "a BMP that claims 2^31 bytes": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 9, 0, 0, 54, 40,
                                                        2**31 - 1, 2**31 - 1, 1, 24, 0, 0, 0, 0,
                                                        0, 0),
}
VALID = {
    "a gray PNG": png(40, 30, kind=0), "a 16-bit PNG": png(40, 30, depth=16),
    "a PNG with alpha": png(40, 30, kind=6), "a gray PNG with alpha": png(40, 30, kind=4),
    "a PNG of one pixel": png(1, 1), "a PNG of 1x500 pixels": png(1, 500),
}


class Folder:
    """A folder with a sound network; everything that a case writes into it is noticed."""

    def __init__(self, path):
        self.path = path
        self.write("net.cfg", GOOD)
        self.write("good.weights", struct.pack("<iiiQ", 0, 2, 0, 0) + bytes(4 * (18 + 54)))
        self.write("net.data", "classes=1\nnames=net.names\n")
        self.write("net.names", "thing\n")
        self.write("photo.png", png(40, 30))

    def write(self, name, content):
        content = content.encode("latin-1") if isinstance(content, str) else content
        with open(os.path.join(self.path, name), "wb") as file:
            file.write(content)

    def run(self, *words, disk_full=False):
        """Full: no file can grow, which is an error of write() and not a signal."""
        before = set(os.listdir(self.path))
        full = ["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"] if disk_full else []
        done = common.run([*full, common.DARKNET, *words], self.path)
        return done, sorted(set(os.listdir(self.path)) - before)

    def test(self, data="net.data", cfg="net.cfg", weights="good.weights", photos=("photo.png",),
             flags=()):
        return self.run("detector", "test", data, cfg, weights, *photos, *flags)


def refused(name, result, say="", files=()):
    """Checks a run that must fail."""
    done, left = result
    lines = [line for line in done.stderr.splitlines() if not line.startswith("Memory: ")]
    sentence = common.last_line("\n".join(lines))
    why = None
    if "Sanitizer" in done.stderr or "runtime error" in done.stderr:
        why = "the sanitizer found: " + next(line for line in done.stderr.splitlines()
                                             if "Sanitizer" in line or "runtime error" in line)
    elif not 1 <= done.returncode <= 125:
        why = f"status {done.returncode}: {sentence}"
    elif not re.search(say or r"\w+ \w+", sentence):
        why = f"the sentence does not say '{say}': {sentence}"
    elif left != sorted(files):
        why = "files left behind: " + " ".join(left)
    if os.environ.get("VERBOSE"):
        print("     ", sentence)
    common.check(name, why)


def check_cfgs(folder):
    for name, (text, say) in CFGS.items():
        folder.write("bad.cfg", text)
        refused(name, folder.test(cfg="bad.cfg"), say)
    folder.write("crlf.cfg", GOOD.replace("\n", "\r\n"))
    done, _ = folder.test(cfg="crlf.cfg", flags=("-out", "crlf"))
    common.check("a cfg with CRLF is accepted", done.returncode and common.last_line(done.stderr))
    os.remove(os.path.join(folder.path, "crlf.jpg"))


def check_files(folder):
    good = open(os.path.join(folder.path, "good.weights"), "rb").read()
    for what in ("data", "cfg", "weights"):
        refused(f"a {what} file that is missing", folder.test(**{what: "gone"}), "gone")
        refused(f"a folder as {what} file", folder.test(**{what: "."}))
    for name, content in {"weights cut by 4 bytes": good[:-4], "4 bytes too many": good + bytes(4),
                          "no weights at all": good[:20], "an empty weights file": b"",
                          "weights cut in their header": good[:10]}.items():
        folder.write("bad.weights", content)
        refused(name, folder.test(weights="bad.weights"), "byte")
    folder.write("empty.names", "")
    folder.write("short.data", "classes=1\nnames=empty.names\n")
    refused("names shorter than classes", folder.test(data="short.data"), "name")
    folder.write("bad.data", "classes=1\nnames=gone.names\n")
    folder.write("class.cfg", NET + CONV + "[avgpool]\n")
    folder.write("class.names", "thing\n" * 18)
    folder.write("class.data", "names=class.names\n\ntop=abc\nclasses=0\n")
    for flags, say in (([], "class.data:3: top=abc"), (["-t", "1", "-dialect", "alexeyab"], "class.data:4: classes=0"),
                       (["-thresh", ".3"], "-thresh is not a flag of 'classifier'"),
                       (["-out", "drawn"], "-out is not a flag of 'classifier'")):
        refused(say, folder.run("classifier", "predict", "class.data", "class.cfg", "", "photo.png", *flags), say)
    refused("names that are missing", folder.test(data="bad.data"), "gone.names")


def check_photos(folder):
    refused("a photo that is missing", folder.test(photos=("gone.jpg",)), "gone.jpg")
    refused("a folder as a photo", folder.test(photos=(".",)))
    for name, content in PHOTOS.items():
        folder.write("bad.img", content)
        refused(name, folder.test(photos=("bad.img",)), "bad.img")
        refused(name + ", under a budget",
                folder.test(photos=("bad.img",), flags=("-memory", "30M")), "bad.img")
    for name, content in VALID.items():
        folder.write("good.img", content)
        done, left = folder.test(photos=("good.img",), flags=("-out", "drawn"))
        common.check(name + " works", (done.returncode and common.last_line(done.stderr))
                     or (left != ["drawn.jpg"] and "no picture is written"))
        if left == ["drawn.jpg"]:
            os.remove(os.path.join(folder.path, "drawn.jpg"))
    done, left = folder.test(photos=("photo.png", "gone.jpg", "photo.png"), flags=("-out", "list"))
    for name in left:
        os.remove(os.path.join(folder.path, name))
    count = done.stdout.count("Predicted in")
    common.check("a bad photo in a list is reported and the rest go on",
                 None if done.returncode and count == 2 and "gone.jpg" in done.stderr
                 else f"status {done.returncode}, {count} predicted: {done.stderr[-200:]}")


def check_outputs(folder):
    refused("an output folder that is missing", folder.test(flags=("-out", "gone/out")), "gone")
    folder.write("photo.txt", png(40, 30))
    os.symlink("photo.txt", os.path.join(folder.path, "link.png"))
    os.symlink("photo.txt", os.path.join(folder.path, "link.txt"))
    for name in ("photo.txt", "link.png"):
        refused(f"labels in the place of the photo {name}",
                folder.test(photos=(name,), flags=("-save_labels", "-out", "drawn")), "is the photo", ("drawn.jpg",))
        os.remove(os.path.join(folder.path, "drawn.jpg"))
        with open(os.path.join(folder.path, "photo.txt"), "rb") as photo:
            common.check(f"{name} stays as it was", None if photo.read() == png(40, 30) else "it is another")
    refused("outputs of forward into a missing folder",
            folder.run("forward", "net.cfg", "good.weights", "-heads", "gone/heads"), "gone")
    if os.path.exists("/dev/full"):
        refused("a full disk", folder.run("forward", "net.cfg", "good.weights", "-heads",
                                          "/dev/full"))
    for name, words in {"a picture": ["detector", "test", "net.data", "net.cfg", "good.weights",
                                      "photo.png", "-out", "drawn"],
                        "heads": ["forward", "net.cfg", "good.weights", "-heads", "heads"],
                        "a plan": ["plan", "net.cfg", "-svg", "plan.svg"]}.items():
        refused(name + " that does not fit the disk", folder.run(*words, disk_full=True))
    if os.path.exists("/dev/full"):
        command = ["sh", "-c", 'exec "$@" >/dev/full', "sh", common.DARKNET, "plan", "long.cfg", "-json"]
        folder.write("long.cfg", NET + 99 * CONV)
        done = common.run(command, folder.path)
        common.check("a plan that standard output does not take is one sentence",
                     None if done.returncode == 1 and done.stderr == "standard output could not be written completely\n"
                     else f"status {done.returncode}: {done.stderr!r}")


def open_files(pid):
    """Paths; the process may close them, and end, meanwhile."""
    folder, paths = f"/proc/{pid}/fd", []
    with contextlib.suppress(OSError):
        for fd in os.listdir(folder):
            with contextlib.suppress(OSError):
                paths.append(os.readlink(f"{folder}/{fd}"))
    return paths


def check_input_that_shrinks(folder):
    """A file of raw numbers that is cut while it is read, by rows, as the first layers are computed."""
    path = os.path.join(folder.path, "numbers.f32")
    folder.write("large.cfg", NET.replace("=32", "=608") + 3 * CONV.replace("size=1", "size=7").replace("18", "64"))
    with open(path, "wb") as file:
        file.truncate(3 * 608 * 608 * 4)
    with subprocess.Popen([common.DARKNET, "forward", "large.cfg", "-input", path, "-heads", "cut.f32", "-isa", "scalar"],
                          cwd=folder.path, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and path not in open_files(process.pid):
            time.sleep(.001)
        os.truncate(path, 9)
        said = common.last_line(process.communicate()[1])
    common.check("an input that is cut while it is read is named",
                 None if process.returncode == 1 and re.search(r"numbers.f32: ends before row \d+", said) else said)


def check_words(folder):
    for words in (["detector"], ["detector", "train"], ["detector", "test"], ["mystery"], ["forward"],
                  ["bench"], ["plan"], ["classifier", "predict"], ["detector", "demo"], ["rnn"]):
        refused("darknet " + " ".join(words), folder.run(*words))
    for flags in (["-thresh"], ["-thresh", "much"], ["-memory", "1K"], ["-memory", "-5"],
                  ["-memory", "lots"], ["-isa", "mmx"], ["-threads", "0"], ["-threads", "x"],
                  ["-dialect", "klingon"], ["-fusion", "gone.fusion"]):
        refused("flags " + " ".join(flags), folder.test(flags=flags))


def check_plans(folder):
    for flags, say in ((["-csv", "x.csv"], "plan without -sweep has no use for -csv"), (["-sweep", "-measure"], "-measure"),
                       (["-sweep", "-memory", "9M"], "plan -sweep has no use for -memory"), (["-sweep", "-json"], "-json"),
                       (["-sweep", "-out", "x"], "-out"), (["-measure", "-csv", "x.csv"], "-csv"),
                       (["-measure", "-fusion", "none"], "plan -measure has no use for -fusion"),
                       (["-fusion", "none", "-method", "paper"], "-fusion and -method"),
                       (["-method", "best"], "-method best: the methods are auto and paper")):
        refused("plan CFG " + " ".join(flags), folder.run("plan", "net.cfg", *flags), say)
    refused("bench CFG -method best", folder.run("bench", "net.cfg", "-method", "best"), "-method best: the methods")
    refused("plan -calibrate -out x", folder.run("plan", "-calibrate", "-out", "x"), "without a cfg")
    folder.write("one.cfg", NET.replace("32", "8") + CONV)
    done, _ = folder.run("plan", "one.cfg", "-sweep", "-svg", "sweep.svg")
    with open(os.path.join(folder.path, "sweep.svg"), encoding="ascii") as file:
        drawn = file.read()
    common.check("a sweep of a single layer is drawn",
                 "nan or inf in it" if re.search("nan|inf", drawn) else
                 None if len(done.stdout.splitlines()) >= 2 and "<circle" in drawn else done.stdout)
    folder.write("chain.cfg", NET + CONV + 3 * "[activation]\n" + "[route]\nlayers=0\n[maxpool]\nsize=2\nstride=2\n"
                 + 4000 * "[activation]\n")
    folder.write("early", "[fusion]\nlayers=0\norder=early\n")
    done = common.run(["sh", "-c", 'ulimit -s 256; exec "$@"', "sh", common.DARKNET, "plan", "chain.cfg", "-fusion", "early"],
                      folder.path)
    common.check("thousands of layers brought forward need no more stack than others",
                 None if not done.returncode and "4006 groups" in done.stdout else common.last_line(done.stderr))
    folder.write("many", "[fusion]\nlayers=0\n" + "".join(f"k{i}=1\n" for i in range(500000)))
    begin = time.monotonic()
    refused("half a million keys of a [fusion] section", folder.run("plan", "net.cfg", "-fusion", "many"), "has no key k0")
    common.check("... without comparing them all", time.monotonic() - begin > 30 and "it took more than 30 s")
    folder.write("maps.cfg", NET.replace("32", "16") + 3 * (CONV + "[maxpool]\nsize=2\nstride=2\n"))
    refused("tilings of the published method that its maps do not have",
            folder.run("plan", "maps.cfg", "-method", "paper", "-memory", "1M"), "needs at least")
    with tempfile.TemporaryDirectory() as cache:
        done = common.run([common.DARKNET, "plan", "-calibrate", "net.cfg", "-json"], folder.path,
                          HOME=cache, XDG_CACHE_HOME=cache)
    common.check("plan -calibrate CFG measures, then shows the plan",
                 None if not done.returncode and "GFLOP/s" in done.stderr and json.loads(done.stdout)
                 else common.last_line(done.stderr))


def main():
    with tempfile.TemporaryDirectory() as path:
        folder = Folder(path)
        for part in (check_cfgs, check_files, check_photos, check_outputs, check_input_that_shrinks, check_words,
                     check_plans):
            part(folder)
    common.finish()


if __name__ == "__main__":
    main()
