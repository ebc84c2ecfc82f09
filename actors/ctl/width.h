/* How many columns of a terminal a text takes. */
#ifndef ACTORS_CTL_WIDTH_H
#define ACTORS_CTL_WIDTH_H

#include "common/base/str.h"

/* Two for each wide letter of East Asia and each picture, none for a mark that is set over the one
 * before it. What is no UTF-8 takes one a byte. */
size_t width_of(struct str text);

#endif
