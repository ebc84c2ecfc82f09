/* The documents of the discovery API as tables. Borrow the JSON; what does not have
 * the shape of the API is left out. */
#ifndef ACTORS_CTL_DOCUMENTS_H
#define ACTORS_CTL_DOCUMENTS_H

#include <jansson.h>

#include "actors/ctl/text_table.h"

struct document_filter {
    const char *env;  /* NULL: every */
    const char *zone; /* NULL: every */
};

/* data of fetch, fetchs and fetch/all: instances by zone, apps of them, or lists by app. */
void document_instances(const json_t *data, const struct document_filter *filter, int64_t wall_ns,
                        struct buf *to);
void document_node_list(const json_t *data, struct buf *to);

#endif
