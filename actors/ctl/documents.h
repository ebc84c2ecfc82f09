/* The documents of the discovery API as tables. Borrow the JSON; what does not have
 * the shape of the API is left out. */
#ifndef ACTORS_CTL_DOCUMENTS_H
#define ACTORS_CTL_DOCUMENTS_H

#include <jansson.h>

#include "actors/ctl/rows.h"

struct document_filter {
    const char *env;  /* NULL: every */
    const char *zone; /* NULL: every */
};

/* Of what the two add rows to. */
extern const struct column document_instance_columns[];
extern const struct column document_node_columns[];

/* data of fetch, fetchs and fetch/all: instances by zone, apps of them, or lists by app. */
void document_instances(const json_t *data, const struct document_filter *filter, int64_t wall_ns,
                        struct rows *rows);
void document_node_list(const json_t *data, struct rows *rows);

#endif
