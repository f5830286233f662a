#!/usr/bin/env python3
"""Counts instructions in the inner loops of the NEON convolution kernels: a measure of them that
needs no ARM machine.

    scripts/neon-counts.py

Needs aarch64-linux-gnu-gcc, or another compiler in NEON_CC ("clang --target=aarch64-linux-gnu"). Per
kernel: multiply-adds of four lanes in one round of its loop, other vector instructions beside them
(loads, broadcasts, spills), and their quotient. Rows are cut into tiles of five and four pixels, or of nine where there are at most 8 filters; 3x3
and 1x1 layers have the same loop."""
import os
import re
import subprocess
import sys
import tempfile

DIRECT, WINOGRAD = "src/kernel/arm/neon_conv.c", "src/kernel/arm/neon_winograd.c"
KERNELS = [("direct, 5 pixels x 16 filters", DIRECT, "dense_one5_tile"),
           ("direct, 4 pixels x 16 filters", DIRECT, "dense_one4_tile"),
           ("direct, 9 pixels x 8 filters", DIRECT, "dense_half9_tile"),
           ("Winograd, 5 tiles x 16 filters", WINOGRAD, "panel_5_1"),
           ("Winograd, 4 tiles x 16 filters", WINOGRAD, "panel_4_1")]
COMPILER = os.environ.get("NEON_CC", "aarch64-linux-gnu-gcc").split()
FLAGS = ["-std=gnu11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-D_GNU_SOURCE", "-Isrc", "-S"]


def function_lines(assembly, name):
    assembly = re.sub(r"[ \t]*//.*", "", assembly)
    body = re.search(rf"^{name}:\n(.*?)^\t\.size\t{name},", assembly, re.S | re.M)
    if not body:
        sys.exit(f"neon-counts: there is no function {name}; is it inlined now?")
    return body.group(1).splitlines()


def innermost_loops(lines):
    """Instructions between a label and a branch back to it, of loops that hold no other."""
    at = {m.group(1): i for i, line in enumerate(lines) if (m := re.match(r"(\.L\w+):", line))}
    loops = []
    for i, line in enumerate(lines):
        for target in re.findall(r"\.L\w+", line if re.match(r"\t(b|cb|tb)", line) else ""):
            if at.get(target, i) < i:
                loops.append((at[target], i))
    return [lines[a:b] for a, b in loops if not any(a < c and d < b for c, d in loops)]


def count(lines):
    code = [line.split("\t")[1:] for line in lines if re.match(r"\t[a-z]", line)]
    vector = [words for words in code if any(re.search(r"\b[vqsd]\d+\b", w) for w in words[1:])]
    multiply = sum(words[0] == "fmla" for words in vector)
    return multiply, len(vector) - multiply


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    print(f"{'kernel':34} {'multiply-adds':>13} {'other vector':>12} {'per multiply-add':>16}")
    for title, source, name in KERNELS:
        with tempfile.NamedTemporaryFile(suffix=".s") as out:
            subprocess.run([*COMPILER, *FLAGS, "-o", out.name, source], check=True)
            assembly = open(out.name, encoding="utf-8").read()
        multiply, other = max(map(count, innermost_loops(function_lines(assembly, name))))
        print(f"{title:34} {multiply:13} {other:12} {other / multiply:16.2f}")


if __name__ == "__main__":
    main()
