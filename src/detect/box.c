/* See box.h. */
#include "detect/box.h"

#include <math.h>

#include "base/size.h"

static float larger(float a, float b)
{
    return a > b ? a : b;
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

/* Length shared by two segments given by centre and length; negative when they are apart. */
static float overlap(float x1, float w1, float x2, float w2)
{
    return smaller(x1 + w1 / 2, x2 + w2 / 2) - larger(x1 - w1 / 2, x2 - w2 / 2);
}

/* Length of the segment around both. */
static float reach(float x1, float w1, float x2, float w2)
{
    return larger(x1 + w1 / 2, x2 + w2 / 2) - smaller(x1 - w1 / 2, x2 - w2 / 2);
}

float dn_box_iou(box a, box b)
{
    float w = overlap(a.x, a.w, b.x, b.w);
    float h = overlap(a.y, a.h, b.y, b.h);
    float both = w < 0 || h < 0 ? 0 : w * h;
    float either = a.w * a.h + b.w * b.h - both;
    return both == 0 || either == 0 ? 0 : both / either;
}

float dn_box_diou(box a, box b, float beta)
{
    float w = reach(a.x, a.w, b.x, b.w), h = reach(a.y, a.h, b.y, b.h);
    float diagonal = w * w + h * h;
    float dx = a.x - b.x, dy = a.y - b.y;
    float iou = dn_box_iou(a, b);
    return diagonal == 0 ? iou : iou - powf((dx * dx + dy * dy) / diagonal, beta);
}

box dn_box_on_photo(box b, const struct dn_fit *fit)
{
    int w = fit->net_w, h = fit->net_h;
    if (fit->letter && (float)w / (float)fit->w < (float)h / (float)fit->h)
        h = dn_max(1, (int)((long long)fit->h * w / fit->w));
    else if (fit->letter)
        w = dn_max(1, (int)((long long)fit->w * h / fit->h));
    b.x = (float)((b.x - (fit->net_w - w) / 2. / fit->net_w) / ((float)w / (float)fit->net_w));
    b.y = (float)((b.y - (fit->net_h - h) / 2. / fit->net_h) / ((float)h / (float)fit->net_h));
    b.w *= (float)fit->net_w / (float)w;
    b.h *= (float)fit->net_h / (float)h;
    if (fit->relative)
        return b;
    return (box){b.x * (float)fit->w, b.y * (float)fit->h, b.w * (float)fit->w,
                 b.h * (float)fit->h};
}
