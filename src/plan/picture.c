/* The picture of a plan: memory over time, stacked by kind, against the budget; below it the layers
 * in the order of execution, with the groups and the tiles that cut them. */
#include "plan/print.h"

#include "kernel/parallel.h"

enum { WIDTH = 1100, LEFT = 70, TOP = 40, PLOT = 320, GAP = 60, STRIP = 130, RIGHT = 30 };

static const double MB = 1 << 20;

struct kind {
    const char *name, *colour;
};

static const struct kind kinds[] = {
    {"process", "#9aa0a6"},  {"photo", "#c58af9"},     {"resident weights", "#f28b82"},
    {"maps", "#8ab4f8"},     {"streamed weights", "#fcad70"}, {"workspace", "#81c995"},
    {"boxes", "#d7a86e"},
};

enum { KINDS = sizeof kinds / sizeof *kinds, MAPS = 3, BOXES = 6 };

static void amounts(const struct dn_plan_facts *f, int group, double bytes[KINDS])
{
    struct dn_plan_use use = dn_plan_use(f->plan, group);
    bytes[0] = (double)(f->process - f->photo);
    bytes[1] = (double)f->photo;
    bytes[2] = (double)use.resident;
    bytes[3] = (double)use.maps;
    bytes[4] = (double)use.streamed;
    bytes[5] = (double)use.workspace;
    bytes[BOXES] = 0;
}

/* A round step of which two to five fit below `top`. */
static double grid_step(double top)
{
    double step = 1;
    while (step * 10 < top)
        step *= 10;
    return top / step > 5 ? step * 2 : top / step > 2 ? step : step / 2;
}

static void print_axes(FILE *out, double top, double seconds)
{
    for (double v = 0; v <= top; v += grid_step(top)) {
        double y = TOP + PLOT * (1 - v / top);
        fprintf(out, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e0e0e0\"/>"
                     "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, v);
    }
    fprintf(out, "<text x=\"%d\" y=\"%d\">MB</text>\n", LEFT - 30, TOP - 12);
    for (int i = 0; i <= 8; i++) {
        double x = LEFT + (WIDTH - LEFT - RIGHT) * i / 8.0;
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f ms</text>\n", x, TOP + PLOT + 18,
                1e3 * seconds * i / 8);
    }
}

static void print_legend(FILE *out)
{
    for (int k = 0; k < KINDS; k++)
        fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"%d\" y=\"%d\">%s</text>\n",
                LEFT + 145 * k, TOP + PLOT + 32, kinds[k].colour, LEFT + 145 * k + 17, TOP + PLOT + 42, kinds[k].name);
}

static void print_stack(FILE *out, const double bytes[KINDS], double x, double width, double top)
{
    double below = 0;
    for (int k = 0; k < KINDS; k++) {
        double height = PLOT * bytes[k] / MB / top;
        if (height > 0)
            fprintf(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>\n", x,
                    TOP + PLOT - below - height, width, height, kinds[k].colour);
        below += height;
    }
}

/* Beside the last group: what boxes take at the most, with what is left in the arena. */
static void print_boxes(FILE *out, const struct dn_plan_facts *f, double top)
{
    double bytes[KINDS] = {(double)(f->process - f->photo), (double)f->photo, [MAPS] = (double)f->plan->outputs_bytes,
                           [BOXES] = (double)f->afterwards};
    print_stack(out, bytes, WIDTH - RIGHT + 4, RIGHT - 10, top);
}

static void print_across(FILE *out, double x, double width, double y, const char *stroke)
{
    fprintf(out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" %s/>\n", x, x + width, y, y, stroke);
}

/* One box per layer; the lines in it are the tiles, those between stripes thick. */
static void print_layers(FILE *out, const struct dn_plan_facts *f)
{
    const struct dn_flow *flow = f->flow;
    double each = (double)(WIDTH - LEFT - RIGHT) / flow->graph->n;
    int y = TOP + PLOT + GAP;
    for (int i = 0; i < f->plan->n_groups; i++) {
        const struct dn_group *g = &f->plan->groups[i];
        double x = LEFT + each * g->first, width = each * (g->last - g->first + 1);
        fprintf(out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\" stroke=\"#444\"/>\n", x, y,
                width, STRIP - 40, dn_group_is_whole(g) ? "#f1f3f4" : g->recompute ? "#fde293" : "#d2e3fc");
        for (int t = 1; t < g->tiles && g->tiles <= 64; t++)
            print_across(out, x, width, y + (STRIP - 40.0) * t / g->tiles, "stroke=\"#8ab4f8\" stroke-width=\".5\"");
        for (int s = 1; s < g->stripes; s++)
            print_across(out, x, width, y + (STRIP - 40.0) * dn_share(g->tiles, s, g->stripes) / g->tiles,
                         "stroke=\"#1a73e8\" stroke-width=\"2\"");
        for (int t = 1; t < g->columns && g->columns <= 64; t++)
            fprintf(out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#8ab4f8\" stroke-width=\".5\"/>\n",
                    x + width * t / g->columns, x + width * t / g->columns, y, y + STRIP - 40);
    }
    int every = flow->graph->n > 40 ? 5 : 1;
    for (int p = 0; p < flow->graph->n; p += every)
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" font-size=\"9\">%d</text>\n",
                LEFT + each * (p + .5), y + STRIP - 26, flow->order[p]);
    fprintf(out, "<text x=\"%d\" y=\"%d\">layers in the order of execution: gray whole maps, blue bands or tiles with "
                 "reuse (thick: edges of stripes), yellow tiles that recompute</text>\n", LEFT, y + STRIP - 8);
}

void dn_plan_picture(FILE *out, const struct dn_plan_facts *f)
{
    const struct dn_plan *plan = f->plan;
    double peak = (double)(f->process + plan->peak_bytes) / MB, budget = (double)f->budget / MB;
    double top = 1.1 * (budget > peak ? budget : peak), x = LEFT;
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
                 "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, TOP + PLOT + GAP + STRIP + 10);
    print_axes(out, top, plan->seconds);
    for (int g = 0; g < plan->n_groups; g++) {
        double width = (WIDTH - LEFT - RIGHT) * dn_plan_group_seconds(f, g) / plan->seconds;
        double bytes[KINDS];
        amounts(f, g, bytes);
        print_stack(out, bytes, x, width, top);
        x += width;
    }
    if (f->afterwards)
        print_boxes(out, f, top);
    if (f->budget) {
        double y = TOP + PLOT * (1 - budget / top);
        fprintf(out, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#d93025\" stroke-dasharray=\"6 4\"/>"
                     "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" fill=\"#d93025\">budget %.1f MB</text>\n",
                LEFT, WIDTH - RIGHT, y, y, WIDTH - RIGHT, y - 5, budget);
    }
    print_legend(out);
    print_layers(out, f);
    fprintf(out, "</svg>\n");
}
