/* A window on the screen; only in builds with OPENCV=1 (opencv.cpp). */
#ifndef DN_IMAGE_WINDOW_H
#define DN_IMAGE_WINDOW_H

/* rgb: 3 * w * h bytes, top row first. Waits ms milliseconds for a key, 0: for ever. Returns the
 * key, -1 when none was pressed, -2 when there is no screen or no memory. */
int dn_window_show(const unsigned char *rgb, int w, int h, const char *name, int ms);

#endif
