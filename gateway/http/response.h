/* Answers, as this folder knows them; handlers know http.h. */
#ifndef GATEWAY_HTTP_RESPONSE_H
#define GATEWAY_HTTP_RESPONSE_H

#include <microhttpd.h>

#include "gateway/http/http.h"

/* Bodies that were sent. The allocator keeps few of this size at hand, and takes as long to find
 * others, and to join them with their neighbours again, as it takes to write what stands in one. */
enum { room_bytes = 1024, rooms_max = 256 };

struct rooms {
    void *spare[rooms_max]; /* owns */
    size_t count;
    size_t out; /* responses whose bodies come back here */
};

void rooms_fini(struct rooms *self);
void rooms_take(struct rooms *self, struct buf *body);

/* Lives as long as its MHD_Response, which may be longer than its refs. */
struct response {
    struct MHD_Response *mhd;
    struct rooms *rooms; /* NULL: of none */
    struct str body;
    uint32_t refs;
    uint32_t holders; /* who are counted for its body */
    int status;
    uint8_t told;    /* http_tally_code */
    int64_t dated_s; /* what its Date says; 0: it has none */
};

struct response *response_new_in(struct rooms *rooms, int status, const char *content_type,
                                 struct buf *body);

/* In every answer: what is no page is never taken for one. */
#define nosniff_name "X-Content-Type-Options"
#define nosniff_value "nosniff"

/* Dates it, if it is shared. Else libmicrohttpd makes a Date for every answer, which is a tenth
 * of what a whole answer costs; this is once a second. */
void response_date(struct response *self, int64_t wall_s);

#endif
