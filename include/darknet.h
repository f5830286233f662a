/* darknet.h - run Darknet models, exactly, in bounded memory.
 *
 * A complete program: find objects in a photo.
 *
 *     #include <darknet.h>
 *     #include <stdio.h>
 *
 *     int main(int argc, char **argv)
 *     {
 *         if (argc < 5)
 *             return 2;                       // cfg, weights, names, photo
 *         network *net = load_network(argv[1], argv[2], 0);
 *         char **names = get_labels(argv[3]);
 *         image photo = load_image_color(argv[4], 0, 0);
 *         if (!net || !names || !photo.data || !network_predict_image(net, photo)) {
 *             fprintf(stderr, "%s\n", darknet_last_error());
 *             return 1;
 *         }
 *         int n = 0;
 *         detection *dets = get_network_boxes(net, photo.w, photo.h, .5f, .5f, 0, 0, &n);
 *         do_nms_sort(dets, n, net->layers[net->n - 1].classes, .45f);
 *         for (int i = 0; i < n; i++)
 *             for (int c = 0; c < dets[i].classes; c++)
 *                 if (dets[i].prob[c] > .5f)
 *                     printf("%s %.2f at %.0f,%.0f, %.0f x %.0f\n", names[c], dets[i].prob[c],
 *                            dets[i].bbox.x, dets[i].bbox.y, dets[i].bbox.w, dets[i].bbox.h);
 *         free_detections(dets, n);
 *         free_image(photo);
 *         free_labels(names);
 *         free_network(net);
 *         return 0;
 *     }
 *
 *     cc program.c $(pkg-config --cflags --libs darknet)
 *
 * Names, signatures and struct layouts of the first part are those of stock Darknet (as Debian's
 * darknet package builds it, x86-64, no GPU), so programs compiled against its darknet.h run with
 * this library. The second part, everything called darknet_* or network_*, is this project's own.
 *
 * Errors: the library never prints and never exits. A function that fails returns NULL, 0, an
 * empty struct or nothing, and darknet_last_error() of the same thread says why in one sentence.
 *
 * Threads: all functions may be called from different threads at the same time, for different networks,
 * images, detections and files; one of these must not be used by two threads at once.
 *
 * Arrays are float32. Images and network inputs are planar: [channel][row][column], values 0..1,
 * red first. */
#ifndef DARKNET_H
#define DARKNET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DARKNET_API __attribute__((visibility("default")))
#else
#define DARKNET_API
#endif

/* ==== stock Darknet ========================================================================== */

/* Numbers of stock's layer types, as layer.type holds them. Types that stock does not have follow
 * after DARKNET_BLANK. */
typedef enum {
    CONVOLUTIONAL,
    DECONVOLUTIONAL,
    CONNECTED,
    MAXPOOL,
    SOFTMAX,
    DETECTION,
    DROPOUT,
    CROP,
    ROUTE,
    COST,
    NORMALIZATION,
    AVGPOOL,
    LOCAL,
    SHORTCUT,
    ACTIVE,
    RNN,
    GRU,
    LSTM,
    CRNN,
    BATCHNORM,
    NETWORK,
    XNOR,
    REGION,
    YOLO,
    ISEG,
    REORG,
    UPSAMPLE,
    LOGXENT,
    L2NORM,
    BLANK,
    LOCAL_AVGPOOL,
    SCALE_CHANNELS,
    SAM,
    GAUSSIAN_YOLO,
    REORG3D,
    IMPLICIT
} LAYER_TYPE;

/* Centre and size. In pixels of the image, or as fractions of it when asked for relative boxes. */
typedef struct {
    float x, y, w, h;
} box;

/* data[c*h*w + y*w + x]; owned by whoever made it, freed with free_image. */
typedef struct {
    int w, h, c;
    float *data;
} image;

typedef struct {
    int classes;
    char **names;
} metadata;

typedef struct detection {
    box bbox;
    int classes;
    float *prob; /* [classes], 0 where below the threshold */
    float *mask; /* region layers with more than 4 coords, else NULL */
    float objectness;
    int sort_class;
} detection;

/* One layer as programs may look at it. The fields are set by load_network; writing them has no
 * effect, except through `output`. */
typedef struct layer {
    LAYER_TYPE type; /* offset 0 */
    int activation;
    char reserved_8[56];
    int batch_normalize; /* 64 */
    int shortcut;
    int batch; /* 72 */
    char reserved_76[8];
    int inputs; /* 84 */
    int outputs;
    char reserved_92[16];
    int h, w, c; /* 108 */
    int out_h, out_w, out_c;
    int n; /* 132: filters, anchors or inputs */
    char reserved_136[12];
    int side; /* 148 */
    char reserved_152[100];
    int classes; /* 252 */
    int coords;
    char reserved_260[36];
    int *mask; /* 296 */
    int total; /* 304 */
    char reserved_308[308];
    float *output; /* 616: planar values of heads, of the last layer and of layers kept by
                      network_keep(); NULL for all others */
    char reserved_624[560];
} layer;

typedef struct network {
    int n; /* layers */
    int batch;
    size_t *seen;
    char reserved_16[16];
    layer *layers;
    float *output; /* 40 */
    char reserved_48[80];
    int inputs; /* 128 */
    int outputs;
    char reserved_136[8];
    int h, w, c; /* 144 */
    char reserved_156[60];
    float *input; /* 216 */
    char reserved_224[24];
    int train; /* 248 */
    char reserved_252[4];
    void *engine; /* this project's state */
    char reserved_264[8];
} network;

/* Reads a cfg and the weights made for it. weightfile NULL or "": seeded synthetic weights. `clear`
 * resets the count of images seen, nothing else. NULL on failure. */
DARKNET_API network *load_network(char *cfgfile, char *weightfile, int clear);
DARKNET_API void free_network(network *net);

/* Only batch 1 is computed; other values are ignored. */
DARKNET_API void set_batch_network(network *net, int batch);
DARKNET_API int network_width(network *net);
DARKNET_API int network_height(network *net);

/* `input` holds net->inputs floats. It is not changed. The result is the output of the last layer
 * (net->outputs floats), owned by the network and valid until its next call. NULL on failure. */
DARKNET_API float *network_predict(network *net, float *input);

/* Letterboxes the image to the network's size and predicts. */
DARKNET_API float *network_predict_image(network *net, image im);

/* The candidates above `thresh` of the last prediction, from all heads in layer order. w, h: size of
 * the photo that was letterboxed into the input. relative: boxes as fractions instead of pixels.
 * map: 200 classes of a region layer's hierarchy, or NULL. As in stock, heads of the first YOLO
 * ([detection]) always give pixels, of a stretched photo: network_boxes() does not do that. Region
 * and [detection] heads give all their cells, those below `thresh` with probabilities of 0. Caller
 * frees with free_detections(dets, *num), never a detection's arrays alone: all lie in one block. num may be
 * NULL. NULL and *num = 0 when there are none, which leaves darknet_last_error() "", or on failure. */
DARKNET_API detection *get_network_boxes(network *net, int w, int h, float thresh, float hier,
                                         int *map, int relative, int *num);

/* As many detections as get_network_boxes() would give, empty. */
DARKNET_API detection *make_network_boxes(network *net, float thresh, int *num);
DARKNET_API void free_detections(detection *dets, int n);

/* Non-maximum suppression in place; the order of the array changes as in stock. A detection that
 * overlaps a better one by more than `thresh` gets the probability 0: for that class (sort), or for
 * all classes and as objectness (obj). */
DARKNET_API void do_nms_sort(detection *dets, int total, int classes, float thresh);
DARKNET_API void do_nms_obj(detection *dets, int total, int classes, float thresh);
DARKNET_API float box_iou(box a, box b);

/* New images, which the caller frees with free_image(); data is NULL on failure. make_image: all 0.
 * resize_image: stretched. letterbox_image: in the middle, as large as fits, gray (.5) beside it. */
DARKNET_API image make_image(int w, int h, int c);
DARKNET_API void free_image(image im);
DARKNET_API image copy_image(image im);
DARKNET_API image resize_image(image im, int w, int h);
DARKNET_API image letterbox_image(image im, int w, int h);

/* The same into the first w x h of `boxed`, where what is beside the image stays as it was. On failure nothing is
 * written. */
DARKNET_API void letterbox_image_into(image im, int w, int h, image boxed);

/* Exchanges red and blue in place. */
DARKNET_API void rgbgr_image(image im);

/* w, h = 0: the size of the file; else stretched to it. c: 1, the brightness; 2, red and green; 3, and everything else,
 * red, green and blue. The caller frees; data is NULL on failure. */
DARKNET_API image load_image_color(char *filename, int w, int h);
DARKNET_API image load_image(char *filename, int w, int h, int c);

/* Writes NAME.jpg, replacing it as a whole. Whether that failed, only darknet_last_error() tells. */
DARKNET_API void save_image(image im, const char *name);

/* Without OpenCV (make OPENCV=1) this writes NAME.jpg instead. Returns the key pressed, or 0. */
DARKNET_API int show_image(image im, const char *name, int ms);

/* Draws boxes (relative) and labels. `alphabet` is ignored: letters need no files. Whether it failed, only
 * darknet_last_error() tells; nothing is drawn then. */
DARKNET_API void draw_detections(image im, detection *dets, int num, float thresh, char **names,
                                 image **alphabet, int classes);

/* NULL, which is no failure. */
DARKNET_API image **load_alphabet(void);

/* One name per line, a NULL at the end; the caller frees it with free_labels(). NULL on failure. */
DARKNET_API char **get_labels(char *filename);

/* Classes and names of a .data file; an empty struct on failure, also when there are fewer names
 * than classes. */
DARKNET_API metadata get_metadata(char *datafile);

/* x[i * stride] = alpha; y[i * stride_y] += alpha * x[i * stride_x]; i < n. */
DARKNET_API void fill_cpu(int n, float alpha, float *x, int stride);
DARKNET_API void axpy_cpu(int n, float alpha, float *x, int stride_x, float *y, int stride_y);

/* Indices of the k largest outputs, the largest first; -1 beyond the number of outputs. */
DARKNET_API void top_predictions(network *net, int k, int *index);

/* Frees ptrs[0 .. n) and ptrs. */
DARKNET_API void free_ptrs(void **ptrs, int n);

/* Do nothing: there are no recurrent layers and no GPU. */
DARKNET_API void reset_rnn(network *net);
DARKNET_API void cuda_set_device(int n);

/* ==== this project =========================================================================== */

/* The sentence of this thread's last call, if that failed, or "": calls that succeed clear it. Those that do not report
 * failures leave it as it is: free_*, do_nms_*, network_nms, box_iou, rgbgr_image, fill_cpu, axpy_cpu, top_predictions,
 * load_alphabet, network_read_ahead, network_spans, and those that ask a network for its properties. Valid until the
 * thread's next call. */
DARKNET_API const char *darknet_last_error(void);

enum darknet_dialect { DARKNET_STOCK, DARKNET_ALEXEYAB };

/* Called after each layer with its planar output, which is valid during the call, in the thread that predicts; see
 * darknet_options.observer. */
typedef void (*darknet_observer)(void *context, const network *net, int layer, const float *output);

/* How to load a network. Zero everything but `size` for the defaults. */
typedef struct {
    size_t size;     /* sizeof(darknet_options) */
    int dialect;     /* DARKNET_STOCK: as pjreddie's; DARKNET_ALEXEYAB: batch norm as the other's */
    const char *isa; /* "avx512", "avx2", "neon", "scalar"; NULL: the best of this machine */
    int threads;     /* 1 to 1024; 0: one per core, or fewer where the system or a budget has no room for so many */
    int exact;       /* direct convolution everywhere, no other algorithm */
    darknet_observer observer; /* computes layer by layer and shows every output; NULL: none */
    void *observer_context;
    size_t memory;      /* most bytes that the whole process may ever have resident; 0: no limit */
    size_t photo_bytes; /* of them for reading photos, see darknet_photo_bytes(); 0: none are read */
    const char *fusion; /* "none": layer by layer; a file of [fusion] sections; NULL or "auto": the
                           cfg's own [fusion] sections, or else the best plan; "paper": what the
                           published method would choose */
    int band_rows;      /* bands of just so many rows, to compare plans; 0: what is best */
    int plan_only;      /* 1: no weights are read and nothing can be predicted */
    int read_ahead;     /* 1: network_read_ahead() will be used, if what it takes is left of the budget */
    int once;           /* 1: for one prediction: its weights are read while it computes, and not kept. More are
                           possible, and read them again */
    const char *photo;  /* once: the photo that network_predict_file() will be called for, and how it is fitted. */
    int fit;            /* A thread begins to read it, before planning without a budget, or if a budget has room for that;
                           NULL: it is read when it is wanted. Another one may be predicted all the same */
} darknet_options;

DARKNET_API network *darknet_load(const char *cfgfile, const char *weightfile,
                                  const darknet_options *options);

/* load_network within a budget: the process, everything included, never has more than this many
 * bytes resident; DARKNET_LARGE_PHOTO of them are for network_predict_file(). NULL, with the smallest budget that
 * would do, when that is impossible. */
DARKNET_API network *load_network_fused(char *cfgfile, char *weightfile, size_t budget_bytes);

/* Texts that belong to the network and live as long as it: remarks about the cfg (unused fields),
 * one per line; and the layer table. Never NULL. */
DARKNET_API const char *network_notices(const network *net);
DARKNET_API const char *network_table(const network *net);

/* Memory in bytes. */
typedef struct {
    size_t arena;     /* the one block that holds weights, activations and workspace */
    size_t weights;   /* of it: resident weights */
    size_t maps;      /* of it: activations at their peak */
    size_t workspace; /* of it: scratch memory of layers and of loading */
    size_t predicted_peak; /* of the whole process, as foreseen when the network was loaded */
    size_t measured_peak;  /* of the whole process so far */
    size_t budget;         /* that was asked for; 0: none */
    size_t least;          /* the smallest budget possible; 0: was not asked */
    double streamed;       /* bytes of weights read from the file in every prediction */
    double work;           /* multiply-adds computed over those of the network; 1: none twice */
    double seconds;        /* predicted time of a prediction */
    int groups;            /* of layers that are executed together */
} darknet_memory;
DARKNET_API darknet_memory network_memory(const network *net);

/* Keeps layers[layer].output readable after every prediction, which heads and the last layer always
 * are. Plans anew and reads the weights again, after which the outputs of the last prediction are gone. 1 on
 * success; 0 on failure: then the layers that can be read are those from before. Only where memory or weights
 * are not to be had even for the plan from before, predictions fail from then on. */
DARKNET_API int network_keep(network *net, int layer);

/* As network_predict, with the input asked for row by row instead of held in memory. rows is called
 * once for each row, from the top, in the calling thread: it writes net->w values of channel c to
 * row[c * plane]. It returns 1, or 0 to give up; the prediction then fails. */
typedef int (*darknet_rows)(void *context, int y, float *row, size_t plane);
DARKNET_API float *network_predict_rows(network *net, darknet_rows rows, void *context);

/* The plan as text that the caller frees; NULL on failure. */
enum darknet_plan_format {
    DARKNET_PLAN_TABLE,
    DARKNET_PLAN_JSON,
    DARKNET_PLAN_SVG,   /* memory over time, and the groups with their tiles */
    DARKNET_PLAN_FUSION /* [fusion] sections that reproduce it */
};
DARKNET_API char *network_plan(const network *net, enum darknet_plan_format format);

/* Measures the rates that plans are predicted from, for about a second, and stores them in the
 * user's cache folder, where darknet_load() finds them. isa NULL: the best; threads 0: one per core.
 * Returns a text for people, which the caller frees; NULL on failure. */
DARKNET_API char *darknet_calibrate(const char *isa, int threads);

/* What a prediction spends its time on. */
enum darknet_span_kind {
    DARKNET_SPAN_STEP,  /* a rectangle of a layer's output channels [channel0, channel1) is computed; in stripes
                           by one thread, while others compute theirs */
    DARKNET_SPAN_INPUT, /* rows [y0, y1) of the input are obtained, with the photo's decoding; layer -1 */
    DARKNET_SPAN_FETCH, /* weights of these output channels are read from the file, and packed */
    DARKNET_SPAN_WAIT,  /* the computing threads wait for them */
    DARKNET_SPAN_PART   /* what one computing thread does of a step in one loop that several share */
};
typedef struct {
    enum darknet_span_kind kind;
    int layer;
    int x0, y0, x1, y1; /* half-open, of the layer's output; 0 for weights */
    int channel0, channel1;
    int thread;            /* 0: the one that predicts, with its OpenMP threads; 1: that reads weights;
                              2 + i: the parts and stripes of OpenMP thread i */
    double start, seconds; /* of a clock that never goes back (CLOCK_MONOTONIC) */
} darknet_span;

/* Reports every span of the predictions that follow, when it is over; spans NULL: no longer. Spans of
 * one thread neither overlap nor nest. Called in the span's thread, perhaps by several at once, and never
 * after the prediction has returned. The span is valid during the call. Not reported, nothing is
 * measured; the results are the same. */
typedef void (*darknet_spans)(void *context, const darknet_span *span);
DARKNET_API void network_spans(network *net, darknet_spans spans, void *context);

/* Writes the spans of the predictions that follow to a file for chrome://tracing, in place of
 * network_spans(). path NULL completes the file; before that, and when the network is freed instead, it
 * does not exist. 1 on success, 0 on failure. */
DARKNET_API int network_trace(network *net, const char *path);

/* What a layer does in a prediction. kernel: winograd, direct, planar (the first layer, from a planar
 * input), depthwise, copy ([route]) or the layer's type; NULL when there is nothing to compute, or no
 * such layer. flops: 2 x multiply-adds, as network_flops(). bytes: weights, inputs and outputs, each once,
 * as float32. */
typedef struct {
    const char *kernel;
    double flops, bytes;
} darknet_work;
DARKNET_API darknet_work network_work(const network *net, int layer);

/* 2 x multiply-adds of one prediction. */
DARKNET_API double network_flops(const network *net);

/* The instruction set that it computes with, as in darknet_options.isa, and the number of threads. */
DARKNET_API const char *network_isa(const network *net);
DARKNET_API int network_threads(const network *net);

/* Peak of fused multiply-adds of one thread in GFLOP/s, measured for about `seconds`. isa NULL: the best; 0 when this
 * machine does not have it. */
DARKNET_API double darknet_fma_peak(const char *isa, double seconds);

/* 1 when the cfg asks for photos to be letterboxed ([net] letter_box=1, which only the alexeyab
 * dialect heeds; stock always letterboxes). */
DARKNET_API int network_letter_box(const network *net);

/* How a photo is fitted to the network's input. */
enum darknet_fit {
    DARKNET_LETTERBOX,   /* keep the aspect ratio, gray borders */
    DARKNET_STRETCH,     /* fill the input, whatever the aspect ratio */
    DARKNET_CENTER_CROP  /* smaller side to the input's width, then cut out the centre */
};

/* Predicts a photo from a file, decoding it by rows straight into the network's input. *w, *h (may
 * be NULL) get the photo's size. NULL on failure. */
DARKNET_API float *network_predict_file(network *net, const char *path, int fit, int *w, int *h);

/* Tells which photo network_predict_file() will be called for after the next call of it. While that
 * prediction computes and its outputs are used, a thread reads this photo. The results are the same. 1 when
 * it will be so; 0 when options.read_ahead was not set, or a budget has no room for it. path NULL: none. */
DARKNET_API int network_read_ahead(network *net, const char *path, int fit);

/* What reading a photo takes that is not known beforehand: a baseline JPEG 8000 pixels wide. */
#define DARKNET_LARGE_PHOTO ((size_t)1536 << 10)

/* Bytes that reading this photo takes at the most, and drawing over it into `picture` (NULL: it is not
 * drawn), beside the few rows of a network's input, which darknet_load() adds; 0 on failure. */
DARKNET_API size_t darknet_photo_bytes(const char *photo, const char *picture);

/* As get_network_boxes; letter: the input was letterboxed (else stretched). */
DARKNET_API detection *network_boxes(network *net, int w, int h, float thresh, float hier,
                                     int relative, int letter, int *num);

/* The suppression that the network's last head asks for (nms_kind of the alexeyab dialect), else
 * do_nms_sort. */
DARKNET_API void network_nms(const network *net, detection *dets, int total, float thresh);

/* Number of classes of the network's heads, or its outputs when it has none. */
DARKNET_API int network_classes(const network *net);

/* The printed lines of a detector, as a string that the caller frees; numbers have points in every
 * locale. names: [classes]. NULL on failure. */
enum darknet_text {
    DARKNET_TEXT_STOCK,    /* "dog: 61%" for every class above thresh, in array order */
    DARKNET_TEXT_ALEXEYAB, /* best class first, sorted by left edge */
    DARKNET_TEXT_EXTENDED, /* the same with pixel boxes (-ext_output) */
    DARKNET_TEXT_JSON,     /* one object of the alexeyab JSON array: every class above 0.005 of a finite box */
    DARKNET_TEXT_LABELS    /* "class x y w h" lines (-save_labels), in fractions */
};
typedef struct {
    detection *dets;
    int n;
    float thresh;
    char **names;
    int classes;
    int w, h;             /* of the photo, pixels */
    int relative;         /* the boxes are fractions */
    const char *filename; /* JSON */
    long long frame;      /* JSON */
} darknet_report;
DARKNET_API char *darknet_format(const darknet_report *report, enum darknet_text format);

/* The same to an open file, with no memory for the whole text. 1 on success; whether writing failed,
 * ferror(out) tells. */
DARKNET_API int darknet_print(const darknet_report *report, enum darknet_text format, FILE *out);

/* Draws the detections over the photo `in` and writes it as `out` (.png, else JPEG), row by row.
 * Labels as the dialect draws them. 1 on success, 0 on failure. */
DARKNET_API int darknet_annotate(const darknet_report *report, const char *in, const char *out,
                                 int dialect);

/* The best `top` classes of a classifier's output, as printed by the dialect; caller frees. NULL on failure. */
DARKNET_API char *network_top(const network *net, char **names, int names_n, int top);

/* Value of a key in a .data file, or NULL when it is absent; caller frees. An unreadable file is an
 * error: NULL and a sentence in darknet_last_error(), which is "" otherwise. */
DARKNET_API char *darknet_data(const char *datafile, const char *key);

/* The same for a whole number of at least 1; `otherwise` when the key is absent, 0 on failure. */
DARKNET_API int darknet_data_number(const char *datafile, const char *key, int otherwise);

/* As get_labels, and checks that there are at least `classes`; *n (may be NULL) gets their number. */
DARKNET_API char **darknet_names(const char *path, int classes, int *n);
DARKNET_API void free_labels(char **names);

/* Path of the label file that belongs to an image (-save_labels); caller frees. */
DARKNET_API char *darknet_label_path(const char *image);

/* Replaces the file `path` by `text`, never leaving half of it. 1 on success, 0 on failure. */
DARKNET_API int darknet_write(const char *path, const void *text, size_t bytes);

/* A file that appears under its name when it is complete: print to `stream`, which darknet_file_open()
 * returns, NULL on failure. darknet_file_close() puts it in place, or, complete = 0, removes what is there of
 * it. 1 on success; 0 on failure of any write, and the file is what it was. */
typedef struct {
    FILE *stream;
    char *path, *temporary;
} darknet_file;
DARKNET_API FILE *darknet_file_open(darknet_file *file, const char *path);
DARKNET_API int darknet_file_close(darknet_file *file, int complete);

/* As darknet_write(), with the outputs of all heads, in layer order, or of the last layer when the network has
 * no head: float32, little-endian on little-endian machines. Needs no memory for a copy. */
DARKNET_API int network_write_outputs(const network *net, const char *path);

#ifdef __cplusplus
}
#endif

#endif
