#!/usr/bin/env python3
"""Writes seeded synthetic weights for any cfg, so that a network can be run without a download.

usage: synthetic-weights.py CFG OUT [SEED] [-dialect alexeyab]

Every layer is scaled by an estimate of the mean square of its input (carried through shortcuts,
routes and pools), so activations stay of order one in nets of any depth. In front of a head the
class scores are spread more than the boxes, so that detections are printed. Normal values come from
one block of prime length, repeated: the block never lines up with a filter, and a file of 250 MB
takes seconds with the standard library alone. The same seed gives the same bytes everywhere.
"""

import array
import math
import random
import struct
import sys

import cfgfile

BLOCK = 262147
# Mean and mean square after an activation of a standard normal value; linear is (0, 1).
AFTER = {"leaky": (0.36, 0.50), "relu": (0.40, 0.50), "relu6": (0.40, 0.50),
         "logistic": (0.50, 0.29), "swish": (0.21, 0.36), "mish": (0.24, 0.45),
         "ramp": (0.40, 0.61), "relie": (0.39, 0.50), "elu": (0.16, 0.64), "tanh": (0.0, 0.39)}


class Writer:
    """Arrays of float32 to a file, drawn from one generator."""

    def __init__(self, out, seed):
        self.out = out
        self.random = random.Random(seed)
        self.block = array.array("d", (self.random.gauss(0, 1) for _ in range(BLOCK)))
        self.at = 0

    def normal(self, count, scale):
        """count normal values of the given standard deviation."""
        part = min(count, BLOCK)
        turn = self.block[self.at:self.at + part]
        turn += self.block[:part - len(turn)]
        values = array.array("f", (scale * value for value in turn))
        self.at = (self.at + count) % BLOCK
        whole, rest = divmod(count, part)
        for _ in range(whole):
            values.tofile(self.out)
        values[:rest].tofile(self.out)

    def uniform(self, count, low, high):
        array.array("f", (self.random.uniform(low, high) for _ in range(count))).tofile(self.out)

    def values(self, numbers):
        array.array("f", numbers).tofile(self.out)


def head_entries(layer):
    """[(gain, bias)] of one anchor's channels in the convolution before a head."""
    box, objectness, chosen = (0.7, 0.0), (1.5, 0.0), (2.5, 0.0)
    coords = 8 if layer.kind == "Gaussian_yolo" else layer.int("coords", 4)
    if layer.kind == "region" and layer.int("background"):
        return [box] * coords + [chosen] * (layer.int("classes", 20) + 1)
    return [box] * coords + [objectness] + [chosen] * layer.int("classes", 20)


def norm_arrays(writer, count):
    writer.uniform(count, 0.8, 1.2)
    writer.normal(count, 0.1)
    writer.uniform(count, 0.7, 1.4)


def convolutional(writer, layer, square, following):
    if "share_index" in layer.keys:
        return
    filters, size = layer.int("filters", 1), layer.int("size", 1)
    fan = layer.into[2] // max(1, layer.int("groups", 1)) * size * size
    scale = 1 / math.sqrt(max(fan * square, 1e-9))
    norm = layer.int("batch_normalize") and not layer.int("dontloadscales")
    head = following and following.kind in ("yolo", "Gaussian_yolo", "region") and not norm
    if head:
        anchor = head_entries(following)
        entries = [anchor[i % len(anchor)] for i in range(filters)]
        writer.values(bias for _, bias in entries)
        for gain, _ in entries:
            writer.normal(fan, scale * gain)
        return
    writer.normal(filters, 0.1)
    if norm:
        norm_arrays(writer, filters)
    writer.normal(filters * fan, scale)


def deconvolutional(writer, layer, square, _):
    filters, size = layer.int("filters", 1), layer.int("size", 1)
    writer.normal(filters, 0.1)
    if layer.int("batch_normalize"):
        norm_arrays(writer, filters)
    writer.normal(layer.into[2] * filters * size * size,
                  1 / math.sqrt(layer.into[2] * size * size * square))


def connected(writer, layer, square, _):
    outputs = layer.int("output", 1)
    writer.normal(outputs, 0.1)
    writer.normal(outputs * layer.inputs, 1 / math.sqrt(layer.inputs * square))
    if layer.int("batch_normalize") and not layer.int("dontloadscales"):
        norm_arrays(writer, outputs)


def local(writer, layer, square, _):
    fan = layer.into[2] * layer.int("size", 1) ** 2
    writer.normal(layer.outputs, 0.1)
    writer.normal(layer.outputs * fan, 1 / math.sqrt(fan * square))


def shortcut(writer, layer, _square, _):
    sets = len(layer.sources) + 1
    kind = layer.text("weights_type", "none")
    if kind != "none":
        writer.uniform(sets * (layer.into[2] if kind == "per_channel" else 1), 0.2, 1.0)


def implicit(writer, layer, _square, _):
    writer.normal(layer.outputs, 1.0)


WRITE = {"convolutional": convolutional, "deconvolutional": deconvolutional,
         "connected": connected, "local": local, "shortcut": shortcut, "implicit": implicit}


def moments(layer, before, known):
    """Estimate of the (mean, mean square) of a layer's output."""
    mean, square = before
    sources = [known[i] for i in layer.sources]
    if layer.kind in ("convolutional", "deconvolutional", "connected", "local"):
        return AFTER.get(layer.text("activation", "logistic"), (0.0, 1.0))
    if layer.kind == "batchnorm":
        return 0.0, 1.0
    if layer.kind == "shortcut":
        for other_mean, other_square in sources:
            square += other_square + 2 * mean * other_mean
            mean += other_mean
        return mean, square
    if layer.kind == "route":
        return tuple(sum(values) / len(values) for values in zip(*sources))
    if layer.kind in ("scale_channels", "sam"):
        return mean * sources[0][0], square * sources[0][1]
    if layer.kind == "maxpool":
        gain = 1.15 if layer.int("size", 2) <= 3 else 1.4
        return mean * gain, square * gain * gain
    if layer.kind == "softmax":
        return 1 / layer.inputs, 2 / layer.inputs ** 2
    return before


def write(cfg, path, seed, alexeyab):
    _, layers = cfgfile.network(cfg)
    with open(path, "wb") as out:
        out.write(struct.pack("<iiiQ", 0, 2, 5 if alexeyab else 0, 0))
        writer = Writer(out, seed)
        known = []
        now = (0.5, 0.33)
        for layer, following in zip(layers, layers[1:] + [None]):
            if layer.kind in ("rnn", "gru", "lstm", "crnn", "conv_lstm"):
                raise SystemExit(f"{cfg}: [{layer.kind}] is recurrent, no weights are made for it")
            if layer.kind == "batchnorm":
                if alexeyab:
                    writer.normal(layer.into[2], 0.1)
                norm_arrays(writer, layer.into[2])
            elif layer.kind in WRITE and not layer.int("dontload"):
                WRITE[layer.kind](writer, layer, now[1], following)
            now = moments(layer, now, known)
            known.append(now)


def main(arguments):
    alexeyab = arguments[-2:] == ["-dialect", "alexeyab"]
    arguments = arguments[:-2] if alexeyab else arguments
    if len(arguments) not in (2, 3):
        raise SystemExit(__doc__.split("\n\n")[1])
    seed = int(arguments[2]) if len(arguments) == 3 else 1
    write(arguments[0], arguments[1], seed, alexeyab)


if __name__ == "__main__":
    main(sys.argv[1:])
