/* The text files around a network: names, .data files, and paths of label files. Format section
 * 7. */
#ifndef DN_DETECT_NAMES_H
#define DN_DETECT_NAMES_H

#include "base/status.h"

/* One name per line; blank lines count, a carriage return at the end does not belong to the name.
 * The list ends with NULL; list and names are blocks of their own. *n (may be NULL) gets their
 * number. NULL on failure. */
char **dn_names_read(const char *path, int *n, struct dn_error *err);
void dn_names_free(char **names);

/* The value of `key` in a .data file: cfg syntax without sections, the first line with the key and
 * a value counts. *value is NULL without such a line; the caller frees it. */
enum dn_status dn_data_read(const char *path, const char *key, char **value, struct dn_error *err);

/* The same for a whole number of at least `least`. *value stays what it is without such a line. */
enum dn_status dn_data_number(const char *path, const char *key, int least, int *value, struct dn_error *err);

/* Where the labels of an image belong: /images/ of the usual COCO folders and /JPEGImages/ become
 * /labels/, the extension becomes .txt. The caller frees it. */
char *dn_label_path(const char *image, struct dn_error *err);

#endif
