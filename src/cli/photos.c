/* The photos of a run: from the command line, or asked for on standard input.
 *
 * The prompt goes to standard output without a newline, once more than there are lines, exactly as
 * stock does it: tools that feed stock through a pipe wait for that text. Unlike stock, lines may
 * have any length, an empty one is skipped, and a carriage return at the end is dropped (lists made
 * on Windows). */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

static const char *ask(struct dn_photos *photos)
{
    for (;;) {
        fputs("Enter Image Path: ", stdout);
        fflush(stdout);
        if (getline(&photos->line, &photos->line_size, stdin) < 0) {
            free(photos->line);
            photos->line = NULL;
            return NULL;
        }
        photos->line[strcspn(photos->line, "\r\n")] = '\0';
        if (photos->line[0])
            return photos->line;
    }
}

const char *dn_photos_next(struct dn_photos *photos)
{
    if (!photos->count)
        return ask(photos);
    return photos->next < photos->count ? photos->paths[photos->next++] : NULL;
}
