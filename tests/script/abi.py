"""Drives a libdarknet.so through ctypes as Darknet's Python binding does, and prints what it gets.

    abi.py LIBRARY detect CFG WEIGHTS DATA PHOTO THRESH   the classic detect() and classify()
    abi.py LIBRARY decode FOLDER                          heads of many kinds on injected outputs
    abi.py LIBRARY nms                                    suppression of random detections
    abi.py LIBRARY layers FOLDER                          what the structs of all kinds of layers hold

What two libraries print can be compared with same_numbers.py. FOLDER is for cfgs.
"""

import ctypes
import os
import random
import re
import sys

LAYER_SIZE, LAYER_OUTPUTS, LAYER_OUTPUT, NET_LAYERS = 1184, 88, 616, 32


class Box(ctypes.Structure):
    _fields_ = [(name, ctypes.c_float) for name in "xywh"]


class Detection(ctypes.Structure):
    _fields_ = [("bbox", Box), ("classes", ctypes.c_int),
                ("prob", ctypes.POINTER(ctypes.c_float)), ("mask", ctypes.POINTER(ctypes.c_float)),
                ("objectness", ctypes.c_float), ("sort_class", ctypes.c_int)]


class Image(ctypes.Structure):
    _fields_ = [("w", ctypes.c_int), ("h", ctypes.c_int), ("c", ctypes.c_int),
                ("data", ctypes.POINTER(ctypes.c_float))]


class Metadata(ctypes.Structure):
    _fields_ = [("classes", ctypes.c_int), ("names", ctypes.POINTER(ctypes.c_char_p))]


def bind(path):
    """The library with the functions of the classic binding, all of which must exist."""
    lib = ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
    net, c_int, c_float, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_float, ctypes.c_char_p
    dets, floats, ints = (ctypes.POINTER(t) for t in (Detection, c_float, c_int))
    signatures = {
        "network_width": (c_int, [net]),
        "network_height": (c_int, [net]),
        "network_predict": (floats, [net, floats]),
        "cuda_set_device": (None, [c_int]),
        "make_image": (Image, [c_int, c_int, c_int]),
        "get_network_boxes": (dets, [net, c_int, c_int, c_float, c_float, ints, c_int, ints]),
        "make_network_boxes": (dets, [net, c_float, ints]),
        "free_detections": (None, [dets, c_int]),
        "free_ptrs": (None, [ctypes.POINTER(ctypes.c_void_p), c_int]),
        "reset_rnn": (None, [net]),
        "load_network": (net, [text, text, c_int]),
        "do_nms_obj": (None, [dets, c_int, c_int, c_float]),
        "do_nms_sort": (None, [dets, c_int, c_int, c_float]),
        "free_image": (None, [Image]),
        "letterbox_image": (Image, [Image, c_int, c_int]),
        "get_metadata": (Metadata, [text]),
        "load_image_color": (Image, [text, c_int, c_int]),
        "rgbgr_image": (None, [Image]),
        "network_predict_image": (floats, [net, Image]),
        "box_iou": (c_float, [Box, Box]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


def print_box(box):
    print("box %g %g %g %g" % (box.x, box.y, box.w, box.h))


# ---- the classic binding ------------------------------------------------------------------------

def detect(lib, net, meta, photo, thresh=.5, hier=.5, nms=.45):
    image = lib.load_image_color(photo, 0, 0)
    count = ctypes.c_int(0)
    lib.network_predict_image(net, image)
    dets = lib.get_network_boxes(net, image.w, image.h, thresh, hier, None, 0, ctypes.byref(count))
    lib.do_nms_obj(dets, count, meta.classes, nms)
    found = []
    for i in range(count.value):
        for c in range(meta.classes):
            if dets[i].prob[c] > 0:
                b = dets[i].bbox
                found.append((meta.names[c], dets[i].prob[c], (b.x, b.y, b.w, b.h)))
    lib.free_image(image)
    lib.free_detections(dets, count)
    return sorted(found, key=lambda item: -item[1])


def classify(lib, net, meta, photo):
    image = lib.load_image_color(photo, 0, 0)
    output = lib.network_predict_image(net, image)
    found = [(meta.names[i], output[i]) for i in range(meta.classes)]
    lib.free_image(image)
    return sorted(found, key=lambda item: -item[1])


def run_detect(lib, cfg, weights, data, photo, thresh):
    net = lib.load_network(cfg.encode(), weights.encode(), 0)
    meta = lib.get_metadata(data.encode())
    print("network", lib.network_width(net), lib.network_height(net), "classes", meta.classes)
    for name, prob, box in detect(lib, net, meta, photo.encode(), float(thresh)):
        print(name.decode(), "%g" % prob, "at", *("%g" % v for v in box))
    for name, score in classify(lib, net, meta, photo.encode())[:5]:
        print(name.decode(), "%g" % score)


# ---- heads --------------------------------------------------------------------------------------

INPUT = "[net]\nwidth=%d\nheight=%d\nchannels=3\n"
CONV = "[convolutional]\nfilters=%d\nsize=1\nstride=1\nactivation=linear\n"
ANCHORS = "anchors=10,14,23,27,37,58,81,82,135,169,344,319\n"
CELLS = "anchors=1.08,1.19,3.42,4.41,6.63,11.38\n"

HEADS = {
    "yolo": (13, 9, CONV % 27 + "[yolo]\nmask=3,4,5\nclasses=4\nnum=6\n" + ANCHORS),
    "yolo-all": (8, 8, CONV % 42 + "[yolo]\nclasses=2\nnum=6\n" + ANCHORS),
    "two-yolos": (8, 8, CONV % 18 + "[yolo]\nmask=0,1\nclasses=4\nnum=6\n" + ANCHORS +
                  "[route]\nlayers=-2\n[upsample]\nstride=2\n"
                  "[yolo]\nmask=5,2\nclasses=4\nnum=6\n" + ANCHORS),
    "region": (13, 7, CONV % 27 + "[region]\nclasses=4\nnum=3\nsoftmax=1\n" + CELLS),
    "region-logistic": (5, 5, CONV % 24 + "[region]\nclasses=3\nnum=3\n" + CELLS),
    "region-background": (5, 5, CONV % 27 + "[region]\nclasses=4\nnum=3\nsoftmax=1\nbackground=1\n"
                          + CELLS),
    "region-masks": (5, 5, CONV % 33 + "[region]\nclasses=4\ncoords=6\nnum=3\nsoftmax=1\n" + CELLS),
    "detection": (8, 8, "[connected]\noutput=126\nactivation=linear\n"
                  "[detection]\nclasses=4\ncoords=4\nside=3\nnum=2\n"),
    "detection-sqrt": (8, 8, "[connected]\noutput=126\nactivation=linear\n"
                       "[detection]\nclasses=4\ncoords=4\nside=3\nnum=2\nsqrt=1\nsoftmax=1\n"),
}


def inject(net, layers, generator):
    """Random numbers of [0, 1) as what the layers computed."""
    first = ctypes.c_void_p.from_address(net + NET_LAYERS).value
    for i in layers:
        layer = first + i * LAYER_SIZE
        count = ctypes.c_int.from_address(layer + LAYER_OUTPUTS).value
        output = ctypes.c_void_p.from_address(layer + LAYER_OUTPUT).value
        values = (ctypes.c_float * count)(*(generator.random() for _ in range(count)))
        ctypes.memmove(output, values, ctypes.sizeof(values))


def print_candidates(lib, net, size, thresh, relative, masks):
    count = ctypes.c_int(0)
    dets = lib.get_network_boxes(net, *size, thresh, .5, None, relative, ctypes.byref(count))
    print("candidates", count.value, "of", *size, "above", thresh, "relative", relative)
    for det in dets[:count.value]:
        print_box(det.bbox)
        print("objectness %g" % det.objectness, *("%g" % p for p in det.prob[:2]))
        if masks:
            print("mask", *("%g" % m for m in det.mask[:masks]))
    lib.free_detections(dets, count)


def run_decode(lib, folder):
    for name, (w, h, text) in HEADS.items():
        print("head", name)
        path = os.path.join(folder, name + ".cfg")
        with open(path, "w") as cfg:
            cfg.write(INPUT % (w, h) + text)
        net = lib.load_network(path.encode(), None, 0)
        generator = random.Random(name)
        inject(net, [1, 4] if name == "two-yolos" else [1], generator)
        masks = 2 if name == "region-masks" else 0
        for size in ((640, 480), (101, 300), (1, 1)):
            for thresh, relative in ((.2, 0), (.7, 1)):
                print_candidates(lib, net, size, thresh, relative, masks)


# ---- layers -------------------------------------------------------------------------------------

FIELDS = {"type": 0, "activation": 4, "batch_normalize": 64, "batch": 72, "inputs": 84, "outputs": 88, "h": 108,
          "w": 112, "c": 116, "out_h": 120, "out_w": 124, "out_c": 128, "n": 132, "side": 148, "classes": 252,
          "coords": 256, "total": 304}

LAYERS = {
    "maps": CONV % 8 + "[convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\npad=1\nstride=2\nactivation=leaky\n"
            "[maxpool]\nsize=2\nstride=2\n[local]\nfilters=4\nsize=3\npad=1\nstride=1\nactivation=relu\n"
            "[activation]\nactivation=tanh\n[logistic]\n[l2norm]\n[normalization]\nsize=5\nalpha=.1\nbeta=.5\nkappa=1\n"
            "[batchnorm]\n[upsample]\nstride=2\n[reorg]\nstride=2\n[dropout]\n[shortcut]\nfrom=-2\nactivation=linear\n"
            "[route]\nlayers=-1,-2\n[avgpool]\n[softmax]\n[cost]\n",
    "deconvolutional": "[deconvolutional]\nfilters=6\nsize=2\nstride=2\npad=0\nactivation=leaky\n"
                       "[deconvolutional]\nbatch_normalize=1\nfilters=6\nsize=3\nstride=2\npadding=1\nactivation=elu\n",
    "flat": "[crop]\ncrop_width=8\ncrop_height=6\n[connected]\noutput=6\nactivation=relu\n[dropout]\n"
            "[connected]\nbatch_normalize=1\noutput=5\nactivation=linear\n[logistic]\n[softmax]\n[cost]\n",
    "flat-dropout": "[connected]\noutput=6\nactivation=ramp\n[dropout]\n[dropout]\n[activation]\nactivation=tanh\n[dropout]\n"
                    "[softmax]\n[dropout]\n[cost]\n",
    "route-flat": "[connected]\noutput=6\nactivation=linear\n[connected]\noutput=6\nactivation=linear\n[route]\nlayers=-1,-2\n"
                  "[dropout]\n[cost]\n",
    "maps-cost": CONV % 4 + "[dropout]\n[cost]\n",
}


def run_layers(lib, folder):
    for name, (w, h, text) in {**HEADS, **{name: (16, 12, text) for name, text in LAYERS.items()}}.items():
        path = os.path.join(folder, name + ".cfg")
        with open(path, "w") as cfg:
            cfg.write(INPUT % (w, h) + text)
        net = lib.load_network(path.encode(), None, 0)
        kinds = re.findall(r"\[(\w+)\]", text)
        first = ctypes.c_void_p.from_address(net + NET_LAYERS).value
        for i, kind in enumerate(kinds):
            print(name, i, kind, *(f"{field} {ctypes.c_int.from_address(first + i * LAYER_SIZE + at).value}"
                                   for field, at in FIELDS.items()))


# ---- suppression --------------------------------------------------------------------------------

CLASSES = 4


def make_detections(generator, count):
    """Few different probabilities, so that ties are common; sort_class carries an identity."""
    dets = (Detection * count)()
    for i, det in enumerate(dets):
        r = generator.random
        det.bbox = Box(r(), r(), .1 + .3 * r(), .1 + .3 * r())
        det.classes = CLASSES
        det.prob = (ctypes.c_float * CLASSES)(*(generator.randrange(6) / 8 for _ in range(CLASSES)))
        det.mask = (ctypes.c_float * 1)(i)
        det.objectness = generator.randrange(4) / 4
    return dets


def run_nms(lib):
    generator = random.Random(7)
    for size in range(100):
        for name in ("do_nms_sort", "do_nms_obj"):
            dets = make_detections(generator, size)
            getattr(lib, name)(dets, size, CLASSES, .45)
            print(name, size)
            for det in dets:
                print(int(det.mask[0]), det.objectness, *det.prob[:CLASSES])
    for _ in range(100):
        boxes = [Box(*(generator.random() for _ in range(4))) for _ in range(2)]
        print("iou %.6g" % lib.box_iou(*boxes))


def main():
    library, command, *rest = sys.argv[1:]
    {"detect": run_detect, "decode": run_decode, "nms": run_nms, "layers": run_layers}[command](bind(library), *rest)


if __name__ == "__main__":
    main()
