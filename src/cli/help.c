/* `darknet help`: commands and flags on one screen. */
#include "cli.h"

void dn_usage(FILE *out, const char *program)
{
    fprintf(out, "usage: %s <function>\n", program);
    fputs("functions: detector test, detect, classifier predict, classify, yolo test, forward, "
          "bench, plan, help\n",
          out);
}

static const char text[] =
    "usage: darknet <function>\n"
    "\n"
    "Runs Darknet networks. Flags may stand anywhere after the function. Photos are named on the\n"
    "command line, or one a line on standard input. WEIGHTS may be left out or \"\": seeded\n"
    "synthetic weights.\n"
    "\n"
    "  detector test DATA CFG WEIGHTS [PHOTO...]    find objects\n"
    "  detect CFG WEIGHTS [PHOTO...]                the same with cfg/coco.data\n"
    "  yolo test CFG WEIGHTS [PHOTO...]             the first YOLO, with the VOC names\n"
    "    -thresh P       print boxes above this probability (.5; yolo .2; alexeyab .25)\n"
    "    -hier P         the same for each step down a class tree (.5)\n"
    "    -out NAME       write NAME.jpg (predictions.jpg); a name that ends in .jpg, .jpeg or "
    ".png\n"
    "                    is kept; NAME.json writes the detections as JSON instead, and the "
    "picture\n"
    "                    goes to predictions.jpg; with alexeyab any name means JSON\n"
    "    -ext_output     print boxes in pixels, too\n"
    "    -save_labels    write each photo's detections as a training label file\n"
    "    -letter_box     alexeyab: keep the photo's aspect ratio, as stock always does\n"
    "    -trace FILE     write what was computed and read when, for chrome://tracing\n"
    "\n"
    "  classifier predict DATA CFG WEIGHTS [PHOTO...]    name what a photo shows\n"
    "  classify CFG WEIGHTS [PHOTO...]                   the same with cfg/imagenet1k.data\n"
    "    -t N            print the N best classes (key 'top' of DATA, else 1; classify: 5)\n"
    "    -trace FILE     as above\n"
    "\n"
    "  forward CFG [WEIGHTS]                        run once, to compare engines\n"
    "    -input FILE     planar float32 input; left out: the same noise on every machine\n"
    "    -heads FILE     write all head outputs (or the last layer's) as float32\n"
    "    -layers FILE    write mean, rms, first, middle and last value of every layer as CSV\n"
    "    -trace FILE     as above\n"
    "\n"
    "  bench CFG [WEIGHTS]                          measure speed and memory\n"
    "    -runs N         timed runs (10)\n"
    "    -profile        seconds, speed and bytes of every layer\n"
    "    -trace FILE     as above, of one more run\n"
    "    -json           one JSON object, with the profile's rows if there is one\n"
    "    -method NAME    as below\n"
    "\n"
    "  plan CFG                                     show how a network would be executed\n"
    "    -json           one JSON object instead of the table\n"
    "    -svg FILE       draw memory over time, and the groups of layers\n"
    "    -out FILE       write the plan as [fusion] sections\n"
    "    -method NAME    auto (the default), or paper: the plan that the published method would\n"
    "                    choose; instead of -fusion\n"
    "    -measure        run the plans of several band heights, show the fastest\n"
    "    -calibrate      measure the machine first; plans are predicted from what it finds;\n"
    "                    without CFG nothing else is done\n"
    "    -sweep          the smallest budget, and time over budget (with -csv FILE, -svg FILE)\n"
    "\n"
    "With every function:\n"
    "    -memory SIZE    the whole process never takes more than SIZE, e.g. 16M, 900K or 1.5G;\n"
    "                    the result is the same\n"
    "    -fusion WHAT    auto (the default), none (layer by layer), or a file of [fusion] sections\n"
    "    -dialect NAME   stock (the default) or alexeyab, where the two differ\n"
    "    -threads N      compute with N threads (one per core); the result is the same\n"
    "    -isa NAME       avx512, avx2, neon or scalar (the best the machine has)\n"
    "    -exact          direct convolution everywhere\n"
    "\n"
    "Accepted for stock's sake, without effect: -i -gpus -nogpu -clear -fullscreen -dont_show\n"
    "-prefix -c -s -avg -w -h -fps\n";

void dn_help(FILE *out)
{
    fputs(text, out);
}
