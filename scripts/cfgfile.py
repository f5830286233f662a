"""Reads a Darknet cfg and works out the shape of every layer.

An independent second reading of the format, used by the scripts that make weights, compare with
Debian's darknet and test: it shares nothing with src/net, so a mistake there does not hide here.
"""

import re

ALIASES = {
    "network": "net", "conv": "convolutional", "deconv": "deconvolutional", "conn": "connected",
    "max": "maxpool", "avg": "avgpool", "local_avg": "local_avgpool", "lrn": "normalization",
    "soft": "softmax", "silence": "empty",
}
HEADS = ("yolo", "Gaussian_yolo", "region", "detection")


class Layer:
    """One section: its keys, the input (w, h, c), the output (w, h, c) and the flat output count.

    sources are the absolute indices of the layers it reads besides the one before it.
    """

    def __init__(self, index, kind, keys):
        self.index, self.kind, self.keys = index, kind, keys
        self.into = self.shape = (0, 0, 0)
        self.inputs = self.outputs = 0
        self.sources = []

    def int(self, key, default=0):
        """The integer a value begins with, as atoi reads it; garbage is 0."""
        if key not in self.keys:
            return default
        found = re.match(r"[+-]?\d+", self.keys[key])
        return int(found.group()) if found else 0

    def ints(self, key):
        """A comma separated list of integers, empty when the key is absent."""
        value = self.keys.get(key, "")
        return [int(re.match(r"[+-]?\d+", part).group()) for part in value.split(",") if part]

    def text(self, key, default=""):
        return self.keys.get(key, default)


def sections(path):
    """The sections of a cfg as Layer objects; the first one is [net], with index -1."""
    found = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = re.sub(r"[ \t\r\n]", "", line)
            if not line or line[0] in "#;":
                continue
            if line[0] == "[":
                name = line[1:].split("]")[0]
                found.append(Layer(len(found) - 1, ALIASES.get(name, name), {}))
            elif "=" in line and found:
                key, value = line.split("=", 1)
                found[-1].keys.setdefault(key, value)
    if not found or found[0].kind != "net":
        raise SystemExit(f"{path}: the first section is not [net]")
    return found


def _window(layer, size, padding):
    """Output width and height of a sliding window; padding is the sum of both sides."""
    w, h, _ = layer.into
    stride = layer.int("stride", 1)
    across = (w + padding - size) // layer.int("stride_x", stride) + 1
    down = (h + padding - size) // layer.int("stride_y", stride) + 1
    return across, down


def _convolutional(layer, _):
    size = layer.int("size", 1)
    padding = size // 2 if layer.int("pad") else layer.int("padding")
    return (*_window(layer, size, 2 * padding), layer.int("filters", 1))


def _deconvolutional(layer, _):
    w, h, _ = layer.into
    size, stride = layer.int("size", 1), layer.int("stride", 1)
    grow = size - 2 * (size // 2 if layer.int("pad") else layer.int("padding"))
    return (w - 1) * stride + grow, (h - 1) * stride + grow, layer.int("filters", 1)


def _pool(layer, _):
    w, h, c = layer.into
    if layer.int("maxpool_depth"):
        return w, h, layer.int("out_channels", 1)
    size = layer.int("size", layer.int("stride", 1))
    return (*_window(layer, size, layer.int("padding", size - 1)), c)


def _local(layer, _):
    w, h, _ = layer.into
    size, stride = layer.int("size", 1), layer.int("stride", 1)
    cut = 1 if layer.int("pad") else size
    return (w - cut) // stride + 1, (h - cut) // stride + 1, layer.int("filters", 1)


def _route(layer, layers):
    groups = layer.int("groups", 1)
    parts = [layers[i] for i in layer.sources]
    layer.outputs = sum(part.outputs for part in parts) // groups
    if any(part.shape[:2] != parts[0].shape[:2] for part in parts):
        return 0, 0, 0
    return (*parts[0].shape[:2], sum(part.shape[2] for part in parts) // groups)


def _upsample(layer, _):
    w, h, c = layer.into
    stride = layer.int("stride", 2)
    return (w // -stride, h // -stride, c) if stride < 0 else (w * stride, h * stride, c)


def _reorg(layer, _):
    w, h, c = layer.into
    stride = layer.int("stride", 1)
    if layer.int("extra"):
        layer.outputs = layer.inputs + layer.int("extra")
        return 0, 0, 0
    if layer.int("reverse"):
        return w * stride, h * stride, c // (stride * stride)
    return w // stride, h // stride, c * stride * stride


def _flat(layer, _):
    layer.outputs = layer.inputs
    return 0, 0, 0


def _crop(layer, _):
    return layer.int("crop_width", 1), layer.int("crop_height", 1), layer.into[2]


SHAPES = {
    "convolutional": _convolutional, "deconvolutional": _deconvolutional, "maxpool": _pool,
    "local_avgpool": _pool, "local": _local, "route": _route, "upsample": _upsample,
    "reorg": _reorg, "reorg3d": _reorg, "softmax": _flat, "cost": _flat, "crop": _crop,
    "avgpool": lambda layer, _: (1, 1, layer.into[2]),
    "connected": lambda layer, _: (1, 1, layer.int("output", 1)),
    "scale_channels": lambda layer, layers: layers[layer.sources[0]].shape,
    "implicit": lambda layer, _: (1, layer.int("atoms", 1), layer.int("filters", 128)),
}


def _absolute(layer):
    key = "layers" if layer.kind == "route" else "from"
    if layer.kind not in ("route", "shortcut", "scale_channels", "sam"):
        return []
    return [layer.index + i if i < 0 else i for i in layer.ints(key)]


def network(path):
    """(net section, layers with shapes filled in)."""
    net, *layers = sections(path)
    shape = (net.int("width"), net.int("height"), net.int("channels"))
    outputs = net.int("inputs", shape[0] * shape[1] * shape[2])
    for layer in layers:
        layer.into, layer.inputs = shape, outputs
        layer.sources = _absolute(layer)
        layer.shape = SHAPES.get(layer.kind, lambda same, _: same.into)(layer, layers)
        w, h, c = layer.shape
        layer.outputs = layer.outputs or w * h * c or layer.inputs
        shape, outputs = layer.shape, layer.outputs
    return net, layers


def classes(path):
    """Class count of the last head or softmax of a cfg, None when it has neither."""
    _, layers = network(path)
    for layer in reversed(layers):
        if layer.kind in HEADS:
            return layer.int("classes", 20)
        if layer.kind == "softmax":
            return layer.inputs
    return None
