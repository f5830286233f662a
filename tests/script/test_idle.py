#!/usr/bin/python3
"""A process that waits for the next line of standard input uses no processor: no thread of it spins."""

import os
import subprocess
import tempfile
import time

import common


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for_prompt(process):
    """Reads until the program asks for the second photo: it has done all for the first one. False: it ended."""
    text = b""
    while text.count(b"Enter Image Path: ") < 2:
        part = os.read(process.stdout.fileno(), 4096)
        if not part:
            return False
        text += part
    return True


def used_while_idle(process):
    """Seconds of processor that a second of waiting takes, of up to five the first without any: on a busy machine
    threads that go to sleep may get there late. One that spins uses some in each."""
    for _ in range(5):
        before = processor_seconds(process)
        time.sleep(1)
        used = processor_seconds(process) - before
        if used <= 0.01:  # the clock's tick
            break
    return used


def main():
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/names", "w", encoding="ascii") as file:
            file.writelines(f"class {i}\n" for i in range(80))
        with open(f"{folder}/net.data", "w", encoding="ascii") as file:
            file.write(f"names={folder}/names\n")
        with open(f"{folder}/x.ppm", "wb") as file:
            file.write(b"P6 8 8 255\n" + bytes(range(192)))
        command = [common.DARKNET, "detector", "test", f"{folder}/net.data",
                   f"{common.ROOT}/cfg/yolov3-tiny.cfg", "", "-out", f"{folder}/picture", "-thresh", ".999"]
        for flags in (["-threads", "2"], ["-threads", "2", "-memory", "10M"], ["-threads", "1", "-memory", "10M"]):
            with subprocess.Popen([*command, *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL) as process:
                process.stdin.write(f"{folder}/x.ppm\n".encode())
                process.stdin.flush()
                used = used_while_idle(process) if wait_for_prompt(process) else None
                process.stdin.close()
            common.check(f"between photos nothing computes: {' '.join(flags)}",
                         "the program ended" if used is None else f"{used} s of a second" if used > 0.01 else None)
    common.finish()


if __name__ == "__main__":
    main()
