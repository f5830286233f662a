#!/usr/bin/python3
"""The complete programs of README.md and of darknet.h, as a new user would try them.

Both find the three faces of a sample photo of the face model; without network it is skipped."""

import os
import re
import subprocess
import sys
import tempfile

import common

PLACES = {"README.md": r"```c\n(.*?)```", "include/darknet.h": r"objects in a photo\.\n \*\n(.*?)\n \*\n \*     cc program"}


def program(place):
    with open(f"{common.ROOT}/{place}", encoding="utf-8") as file:
        text = re.search(PLACES[place], file.read(), re.S).group(1)
    return re.sub(r"(?m)^ \*", "", text)


def try_program(place, faces, folder):
    source, binary = (os.path.join(folder, name) for name in ("program.c", "program"))
    with open(source, "w", encoding="utf-8") as file:
        file.write(program(place))
    built = common.run([os.environ.get("CC", "cc"), "-Wall", "-Wextra", "-Werror", "-o", binary, source,
                        f"-I{common.ROOT}/include", f"-L{common.ROOT}", "-ldarknet", f"-Wl,-rpath,{common.ROOT}"])
    if built.returncode:
        return common.failed(f"the program of {place} compiles", common.last_line(built.stderr))
    done = common.run([binary, f"{common.ROOT}/cfg/tinyface.cfg", f"{faces}/tinyface.weights",
                       f"{common.ROOT}/data/faces.names", f"{faces}/package/demo/sample1.jpg"])
    found = len(re.findall(r"(?m)^face 0\.\d\d at ", done.stdout))
    return common.check(f"the program of {place} finds three faces",
                        None if found == 3 and not done.returncode else common.last_line(done.stdout + done.stderr))


def main():
    faces = os.path.join(common.ROOT, "build/demo")
    done = subprocess.run([f"{common.ROOT}/scripts/fetch-face-model.sh", faces], capture_output=True, text=True, check=False)
    if done.returncode:
        common.skipped("programs in the documents", "the face model cannot be fetched: " + common.last_line(done.stderr))
        common.finish()
    with tempfile.TemporaryDirectory() as folder:
        for place in PLACES:
            try_program(place, faces, folder)
    common.finish()


if __name__ == "__main__":
    sys.exit(main())
