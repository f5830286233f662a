"""Debian's libdarknet.so through ctypes: what stock Darknet computes for a network.

Only the fields of its structs that are pinned in include/darknet.h are read. A fatal error inside
the library ends the process, so callers that try doubtful cfgs run this file as a program:

    oracle.py CFG WEIGHTS INPUT.f32 OUT.f32 [all]

writes the outputs of all heads (or of the last layer when there is no head) in layer order, or with
`all` those of every layer.
"""

import ctypes
import ctypes.util
import glob
import sys

import numpy

LAYER_SIZE, LAYER_TYPE, LAYER_OUTPUTS, LAYER_OUTPUT = 1184, 0, 88, 616
NET_LAYERS, NET_INPUTS = 32, 128
HEAD_TYPES = (5, 22, 23)  # detection, region, yolo
COST_TYPE = 9


def path():
    """Where Debian's library is, None when the package is not installed."""
    found = glob.glob("/usr/lib/*/libdarknet.so*") + glob.glob("/usr/lib/darknet/libdarknet.so*")
    return found[0] if found else None


def _field(address, kind):
    return kind.from_address(address).value


class Network:
    """A loaded stock network; run() gives the outputs of its layers."""

    def __init__(self, cfg, weights):
        self.library = ctypes.CDLL(path())
        load = self.library.load_network
        load.restype = ctypes.c_void_p
        load.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
        self.net = load(cfg.encode(), weights.encode(), 0)
        self.library.set_batch_network.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self.library.set_batch_network(self.net, 1)
        self.count = _field(self.net, ctypes.c_int)
        self.inputs = _field(self.net + NET_INPUTS, ctypes.c_int)

    def run(self, values):
        predict = self.library.network_predict
        predict.restype, predict.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_void_p]
        values = numpy.ascontiguousarray(values, numpy.float32)
        assert values.size == self.inputs
        predict(self.net, values.ctypes.data)

    def _layer(self, index):
        return _field(self.net + NET_LAYERS, ctypes.c_void_p) + index * LAYER_SIZE

    def type(self, index):
        return _field(self._layer(index) + LAYER_TYPE, ctypes.c_int)

    def output(self, index):
        """A copy of what a layer computed, flat."""
        layer = self._layer(index)
        count = _field(layer + LAYER_OUTPUTS, ctypes.c_int)
        data = _field(layer + LAYER_OUTPUT, ctypes.c_void_p)
        pointer = ctypes.cast(data, ctypes.POINTER(ctypes.c_float))
        return numpy.ctypeslib.as_array(pointer, (count,)).copy()

    def chosen(self):
        """Indices of the heads, or of the last layer that is not a cost."""
        heads = [i for i in range(self.count) if self.type(i) in HEAD_TYPES]
        others = [i for i in range(self.count) if self.type(i) != COST_TYPE]
        return heads or others[-1:]


def main():
    cfg, weights, source, out = sys.argv[1:5]
    net = Network(cfg, weights)
    net.run(numpy.fromfile(source, numpy.float32))
    wanted = range(net.count) if sys.argv[5:] == ["all"] else net.chosen()
    with open(out, "wb") as file:
        for index in wanted:
            net.output(index).tofile(file)


if __name__ == "__main__":
    main()
