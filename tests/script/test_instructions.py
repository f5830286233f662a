#!/usr/bin/python3
"""No kernel may need more instructions for a multiply-add than it did: a guard against slower kernels that
no noise of the machine disturbs.

callgrind counts what dn_conv_run() executes in one small convolution of each kind, with AVX2, the best that
valgrind knows. A fused multiply-add does eight, so 0.125 is what cannot be less; Winograd multiplies a
quarter as often, at stride 2 nine sixteenths as often. The limits are some 5 % above what was measured with gcc 12 when they were written down.
"""

import os
import re
import shutil

import common

# kind, channels, filters, groups, size, stride, side, how: instructions per multiply-add at the most
LIMITS = {
    ("direct", 64, 64, 1, 3, 1, 19, "exact"): 0.356,
    ("direct", 128, 64, 1, 1, 1, 19, "any"): 0.408,
    ("direct", 64, 64, 1, 3, 2, 38, "exact"): 0.366,
    ("planar", 3, 32, 1, 3, 1, 64, "planar"): 0.459,
    ("winograd", 64, 64, 1, 3, 1, 38, "any"): 0.118,
    ("winograd", 64, 64, 1, 3, 2, 38, "any"): 0.223,
    ("depthwise", 64, 64, 64, 3, 1, 38, "any"): 0.482,
}


def build():
    """The path of count_conv, or None."""
    make = ["make", "-s", "-C", common.ROOT]
    folder = common.run([*make, "print-build"]).stdout.strip()
    done = common.run([*make, f"{folder}/tests/kernel/count_conv"])
    return None if done.returncode else os.path.join(common.ROOT, folder, "tests/kernel/count_conv")


def count(program, shape):
    """(instructions, multiply-adds, kind)."""
    words = [str(value) for value in shape[1:]]
    done = common.run(["valgrind", "--tool=callgrind", "--toggle-collect=dn_conv_run",
                       "--callgrind-out-file=/dev/null", program, "avx2", *words])
    found = re.search(r"Collected : (\d+)", done.stderr)
    kind, adds = done.stdout.split() if done.stdout else ("", "0")
    return int(found.group(1)) if found else 0, int(adds), kind


def main():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        avx2 = "avx2" in file.read()
    if not shutil.which("valgrind") or not avx2:
        common.skipped("instructions of the kernels", "needs valgrind and a processor with AVX2")
        common.finish()
    program = build()
    if not program:
        common.failed("instructions of the kernels", "count_conv does not build")
        common.finish()
    for shape, limit in LIMITS.items():
        instructions, adds, kind = count(program, shape)
        each = instructions / adds if adds else 0
        name = f"{shape[0]} {shape[4]}x{shape[4]}/{shape[5]}, {shape[1]} to {shape[2]} channels, {shape[6]} wide"
        why = None
        if kind != shape[0] or not instructions:
            why = f"it was not counted: {kind or 'it did not run'}"
        elif each > limit:
            why = f"{each:.4f} instructions per multiply-add, {limit} are allowed"
        common.check(f"{name}: at most {limit} instructions per multiply-add", why)
    common.finish()


if __name__ == "__main__":
    main()
