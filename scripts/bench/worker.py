"""Another engine in a process of its own, which predicts when it is told to.

    worker.py stock|opencv CFG THREADS

Loads, predicts once, prints "ready", then for each line on standard input the seconds of a
prediction. At the end of its input it prints the peak of its resident memory in MB, python included
(10 MB beside stock, 60 MB with OpenCV's modules).
"""

import ctypes
import os
import sys
import time


class Stock:
    """Debian's libdarknet.so, through ctypes. It prints its layers on standard error."""

    def __init__(self, model, threads):
        import measure
        os.environ["OMP_NUM_THREADS"] = str(threads)
        self.library = ctypes.CDLL(measure.STOCK_LIBRARY)
        self.library.load_network.restype = ctypes.c_void_p
        self.library.load_network.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
        self.library.set_batch_network.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self.library.network_predict.restype = ctypes.c_void_p
        self.library.network_predict.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        self.net = self.library.load_network(model.cfg.encode(), model.weights.encode(), 0)
        self.library.set_batch_network(self.net, 1)
        self.input = (ctypes.c_float * (model.width * model.height * model.channels))()
        self.input[:] = [((i * 2654435761) >> 8 & 0xffff) / 65536 for i in range(len(self.input))]

    def predict(self):
        self.library.network_predict(self.net, self.input)


class OpenCV:
    """The network in OpenCV's DNN, its own backend."""

    def __init__(self, model, threads):
        import cv2
        import numpy
        cv2.setNumThreads(threads)
        self.net = cv2.dnn.readNetFromDarknet(model.cfg, model.weights)
        self.net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
        self.outputs = self.net.getUnconnectedOutLayersNames()
        shape = (1, model.channels, model.height, model.width)
        self.net.setInput(numpy.random.default_rng(1).random(shape, numpy.float32))

    def predict(self):
        self.net.forward(self.outputs)


def main():
    import measure
    kind, cfg, threads = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the libraries print must not stand between the answers
    engine = {"stock": Stock, "opencv": OpenCV}[kind](measure.Model(cfg), int(threads))
    engine.predict()
    print("ready", file=answers, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        engine.predict()
        print(time.perf_counter() - start, file=answers, flush=True)
    print(measure.own_peak(), file=answers, flush=True)


if __name__ == "__main__":
    main()
