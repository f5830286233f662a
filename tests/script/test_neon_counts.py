#!/usr/bin/python3
"""The inner loops of the NEON kernels: at most 0.30 vector instructions per multiply-add of four lanes beside
the multiply-add itself, by the count of scripts/neon-counts.py.

With 16 filters and P pixels four channels cost P loads of inputs and 16 of filters, two of which are one
instruction, for 16 P multiply-adds: 0.16 for five pixels. What is above that are registers that the compiler
moves or spills.
"""

import os
import shutil

import common

LIMIT = 0.30
COMPILERS = {"aarch64-linux-gnu-gcc": "aarch64-linux-gnu-gcc", "clang": "clang --target=aarch64-linux-gnu"}


def main():
    script = os.path.join(common.ROOT, "scripts", "neon-counts.py")
    for compiler, command in COMPILERS.items():
        if not shutil.which("aarch64-linux-gnu-gcc") or not shutil.which(compiler):
            common.skipped(f"instructions of the NEON loops by {compiler}", "no such compiler for aarch64")
            continue
        done = common.run([script], NEON_CC=command)
        rows = [line.rsplit(maxsplit=3) for line in done.stdout.splitlines()[1:]]
        if done.returncode or not rows:
            common.failed(f"instructions of the NEON loops by {compiler}", f"{script} failed: {done.stderr}")
        for kernel, _, _, each in rows:
            why = None if float(each) <= LIMIT else f"{each}"
            common.check(f"{kernel.strip()} by {compiler}: at most {LIMIT} vector instructions beside a multiply-add",
                         why)
    common.finish()


if __name__ == "__main__":
    main()
