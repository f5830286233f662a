#!/usr/bin/env python3
"""Converts the tiny face detector of the npm package @vladmandic/face-api to a .weights file.

usage: face-model.py PACKAGE_FOLDER OUT.weights

The package keeps each tensor as bytes q with a scale and a minimum, value = q * scale + min, in the
order height, width, input channel, output channel. Darknet wants output channel first and float32.
Two things are put right so that cfg/tinyface.cfg computes the same as the original:

* The original subtracts a mean colour from its input. A convolution without padding sees the mean
  under every tap, so bias - sum(weights * mean) is the exact equivalent.
* It scores faces without a class. Its 5 * 5 output channels become 5 * 6, the sixth of each anchor
  all zero: the softmax over that single class is 1.
"""

import array
import json
import os
import struct
import sys

MEAN = [value / 255 for value in (117.001, 114.697, 97.404)]
ANCHORS = 5
MODEL = "model/tiny_face_detector_model"


def tensors(folder):
    """{name: (shape, values)} with the bytes scaled back to numbers."""
    with open(os.path.join(folder, MODEL + "-weights_manifest.json"), encoding="utf-8") as file:
        entries = [entry for group in json.load(file) for entry in group["weights"]]
    with open(os.path.join(folder, MODEL + ".bin"), "rb") as file:
        data = file.read()
    found, at = {}, 0
    for entry in entries:
        count = 1
        for size in entry["shape"]:
            count *= size
        coding = entry["quantization"]
        if coding["dtype"] != "uint8":
            raise SystemExit(f"{entry['name']}: stored as {coding['dtype']}, expected uint8")
        part = data[at:at + count]
        if len(part) != count:
            raise SystemExit(f"{MODEL}.bin: {len(data)} bytes, {entry['name']} ends at {at + count}")
        found[entry["name"]] = (entry["shape"], [q * coding["scale"] + coding["min"] for q in part])
        at += count
    if at != len(data):
        raise SystemExit(f"{MODEL}.bin: {len(data)} bytes, its tensors take {at}")
    return found


def filters(tensor):
    """Output-channel-first list of filters, each [input channel][row][column] flat."""
    (height, width, inputs, outputs), values = tensor
    pixels = range(height * width)
    return [[values[(pixel * inputs + i) * outputs + o] for i in range(inputs) for pixel in pixels]
            for o in range(outputs)]


def depthwise(tensor):
    """One single-channel filter for each channel of a [height, width, channels, 1] tensor."""
    (height, width, channels, _), values = tensor
    return [[values[pixel * channels + c] for pixel in range(height * width)]
            for c in range(channels)]


def without_mean(weights, bias):
    """The bias of the first layer for an input from which the mean is not subtracted."""
    taps = len(weights[0]) // len(MEAN)
    return [value - sum(w * MEAN[i // taps] for i, w in enumerate(weight))
            for value, weight in zip(bias, weights)]


def with_class(rows, zero):
    """Inserts a zero row after every anchor's box and objectness."""
    size = len(rows) // ANCHORS
    return [row for a in range(ANCHORS) for row in rows[a * size:(a + 1) * size] + [zero]]


def layers(model):
    """(bias, filters) of every convolution in the order of cfg/tinyface.cfg."""
    first = filters(model["conv0/filters"])
    yield without_mean(first, model["conv0/bias"][1]), first
    for block in range(1, 6):
        spatial = depthwise(model[f"conv{block}/depthwise_filter"])
        yield [0.0] * len(spatial), spatial
        yield model[f"conv{block}/bias"][1], filters(model[f"conv{block}/pointwise_filter"])
    head = filters(model["conv8/filters"])
    yield with_class(model["conv8/bias"][1], 0.0), with_class(head, [0.0] * len(head[0]))


def main(arguments):
    if len(arguments) != 2:
        raise SystemExit(__doc__.split("\n\n")[1])
    model = tensors(arguments[0])
    with open(arguments[1] + ".part", "wb") as out:
        out.write(struct.pack("<iiiQ", 0, 2, 0, 0))
        for bias, weights in layers(model):
            numbers = array.array("f", bias)
            for weight in weights:
                numbers.extend(weight)
            numbers.tofile(out)
    os.replace(arguments[1] + ".part", arguments[1])


if __name__ == "__main__":
    main(sys.argv[1:])
