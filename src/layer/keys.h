/* Limits of numbers in layer sections. */
#ifndef DN_LAYER_KEYS_H
#define DN_LAYER_KEYS_H

/* The largest window size, stride, padding or factor that is taken for a number somebody meant;
 * sums and products of two of them fit an int. */
#define DN_KEY_WINDOW_MAX (1 << 15)

/* The largest number of channels, classes or values. */
#define DN_KEY_CHANNELS_MAX (1 << 24)

#endif
