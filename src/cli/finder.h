/* What a run of the detector commands holds: the network, its names, and where results go. */
#ifndef DN_CLI_FINDER_H
#define DN_CLI_FINDER_H

#include "cli.h"

struct dn_finder {
    /* Set by the command; thresh and hier are its defaults, flags come first. */
    const struct dn_args *args;
    float thresh, hier, nms;
    bool first_yolo; /* a [detection] network with VOC classes on a stretched photo */

    /* Made by dn_finder_open(). */
    network *net;
    char **names;        /* [classes] */
    char **loaded_names; /* the same, when they came from a file */
    int fit;             /* enum darknet_fit */
    char *picture;       /* file to draw into */
    long long frame;     /* photos so far */

    /* With -out FILE.json: the array so far. */
    bool json;
    darknet_file json_file;
    int json_objects;
};

/* Loads names and network and checks that they belong together. False after complaining; close in
 * either case. words: CFG [WEIGHTS [PHOTO...]]. data NULL: the built-in VOC names. */
bool dn_finder_open(struct dn_finder *finder, const char *data, char **words, int count);
void dn_finder_close(struct dn_finder *finder);

/* JSON of one photo more; the end of the file, which then exists. Return an exit status. */
int dn_finder_add_json(struct dn_finder *finder, const darknet_report *report);
int dn_finder_end_json(struct dn_finder *finder);

#endif
