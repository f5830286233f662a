/* See nms.h. The sort merges in place by rotation: suppression sorts once per class, usually with
 * few changes, and a void function has no way to say that a buffer could not be had. */
#include "detect/nms.h"

#include <stdbool.h>

#include "detect/box.h"

static void swap(detection *a, detection *b)
{
    detection t = *a;
    *a = *b;
    *b = t;
}

/* Moves entries without objectness to the end; returns how many others there are. */
static int partition(detection *dets, int total)
{
    int kept = total;
    for (int i = 0; i < kept;) {
        if (dets[i].objectness == 0)
            swap(&dets[i], &dets[--kept]);
        else
            i++;
    }
    return kept;
}

/* ---- stable sort, descending ---------------------------------------------------------------- */

enum { BY_OBJECTNESS = -1 };

static bool before(const detection *a, const detection *b, int key)
{
    if (key == BY_OBJECTNESS)
        return a->objectness > b->objectness;
    return a->prob[key] > b->prob[key];
}

static void reverse(detection *a, int n)
{
    for (int i = 0, j = n - 1; i < j; i++, j--)
        swap(&a[i], &a[j]);
}

/* Exchanges a[0 .. left) with a[left .. n). */
static void rotate(detection *a, int left, int n)
{
    reverse(a, left);
    reverse(a + left, n - left);
    reverse(a, n);
}

/* How many of the sorted a[0 .. n) go in front of x: those before it, and its equals if `ties`. */
static int rank(const detection *a, int n, const detection *x, int key, bool ties)
{
    int lo = 0;
    while (n > 0) {
        int half = n / 2;
        if (ties ? !before(x, &a[lo + half], key) : before(&a[lo + half], x, key)) {
            lo += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return lo;
}

/* Merges the sorted a[0 .. left) and a[left .. n): the longer part is split in its middle, the
 * other where that element belongs; what lies between the splits trades places. */
static void merge(detection *a, int left, int n, int key)
{
    int right = n - left;
    if (left == 0 || right == 0 || !before(&a[left], &a[left - 1], key))
        return;
    if (n == 2) {
        swap(&a[0], &a[1]);
        return;
    }
    int i, j;
    if (left > right) {
        i = left / 2;
        j = left + rank(a + left, right, &a[i], key, false);
    } else {
        j = left + right / 2;
        i = rank(a, left, &a[j], key, true);
    }
    rotate(a + i, left - i, j - i);
    int middle = i + j - left;
    merge(a, i, middle, key);
    merge(a + middle, left - i, n - middle, key);
}

static void sort(detection *a, int n, int key)
{
    if (n < 2)
        return;
    sort(a, n / 2, key);
    sort(a + n / 2, n - n / 2, key);
    merge(a, n / 2, n, key);
}

/* ---- suppression ---------------------------------------------------------------------------- */

static bool too_close(box a, box b, const struct dn_nms_rule *rule)
{
    switch (rule->kind) {
    case DN_NMS_GREEDY:
        return dn_box_diou(a, b, .6f) > rule->thresh;
    case DN_NMS_DIOU:
        return dn_box_diou(a, b, rule->beta) > rule->thresh;
    default:
        return dn_box_iou(a, b) > rule->thresh;
    }
}

/* Boxes of detections that stay, next to each other: those of all detections lie far apart. */
struct stay {
    box boxes[256];
    int n;
};

static bool near_any(const struct stay *stay, box b, const struct dn_nms_rule *rule)
{
    for (int i = 0; i < stay->n; i++)
        if (too_close(stay->boxes[i], b, rule))
            return true;
    return false;
}

static float *score(detection *d, int key)
{
    return key == BY_OBJECTNESS ? &d->objectness : &d->prob[key];
}

/* Clears the score of each detection that is too close to an earlier one whose score stays. A pass
 * finds some that stay and clears what is too close to them. */
static void suppress(detection *dets, int n, int key, const struct dn_nms_rule *rule)
{
    struct stay stay;
    for (int from = 0, next; from < n; from = next) {
        stay.n = 0;
        next = n;
        for (int i = from; i < n; i++) {
            float *s = score(&dets[i], key);
            if (*s == 0)
                continue;
            if (near_any(&stay, dets[i].bbox, rule))
                *s = 0;
            else if (stay.n < (int)(sizeof stay.boxes / sizeof *stay.boxes))
                stay.boxes[stay.n++] = dets[i].bbox;
            else if (next == n)
                next = i;
        }
    }
}

void dn_nms_sort(detection *dets, int total, int classes, struct dn_nms_rule rule)
{
    int n = partition(dets, total);
    for (int c = 0; c < classes; c++) {
        sort(dets, n, c);
        suppress(dets, n, c, &rule);
    }
    for (int i = 0; i < n && classes > 0; i++)
        dets[i].sort_class = classes - 1;
}

void dn_nms_objectness(detection *dets, int total, int classes, float thresh)
{
    struct dn_nms_rule rule = {DN_NMS_DEFAULT, thresh, 0};
    int n = partition(dets, total);
    sort(dets, n, BY_OBJECTNESS);
    suppress(dets, n, BY_OBJECTNESS, &rule);
    for (int i = 0; i < n; i++) {
        dets[i].sort_class = BY_OBJECTNESS;
        for (int c = 0; c < classes && dets[i].objectness == 0; c++)
            dets[i].prob[c] = 0;
    }
}
