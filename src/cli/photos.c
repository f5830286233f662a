/* The photos of a run: from the command line, or asked for on standard input.
 *
 * The prompt goes to standard output without a newline, once more than there are lines, exactly as
 * stock does it: tools that feed stock through a pipe wait for that text. Unlike stock, lines may
 * have any length, an empty one is skipped, and a carriage return at the end is dropped (lists made
 * on Windows).
 *
 * A line that is there already can be looked at before it is asked for. Standard input is not buffered
 * for that, or nobody could tell whether there is one; a tool that waits for the answer to its line
 * before it writes the next is never waited for. */
#include "cli.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads a line into `later`, unless there is one. */
static void read_line(struct dn_photos *photos)
{
    if (photos->have)
        return;
    photos->have = true;
    if (getline(&photos->later, &photos->later_size, stdin) < 0)
        photos->ended = true;
    else
        photos->later[strcspn(photos->later, "\r\n")] = '\0';
}

static void free_lines(struct dn_photos *photos)
{
    free(photos->line);
    free(photos->later);
    photos->line = photos->later = NULL;
}

static const char *ask(struct dn_photos *photos)
{
    if (!photos->line && !photos->later) /* nothing has been read yet */
        setvbuf(stdin, NULL, _IONBF, 0);
    for (;;) {
        fputs("Enter Image Path: ", stdout);
        fflush(stdout);
        read_line(photos);
        if (photos->ended) {
            free_lines(photos);
            return NULL;
        }
        photos->have = false;
        if (!photos->later[0])
            continue;
        char *line = photos->line;
        size_t size = photos->line_size;
        photos->line = photos->later;
        photos->line_size = photos->later_size;
        photos->later = line;
        photos->later_size = size;
        return photos->line;
    }
}

const char *dn_photos_next(struct dn_photos *photos)
{
    if (!photos->count)
        return ask(photos);
    return photos->next < photos->count ? photos->paths[photos->next++] : NULL;
}

const char *dn_photos_after(struct dn_photos *photos)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (photos->count)
        return photos->next < photos->count ? photos->paths[photos->next] : NULL;
    if (photos->have || poll(&input, 1, 0) > 0)
        read_line(photos);
    return photos->have && !photos->ended && photos->later[0] ? photos->later : NULL;
}
