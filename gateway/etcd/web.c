#include "gateway/etcd/web.h"

void web_head_add(struct web_head *self, const char *name, const char *value)
{
    assert(self->count < web_headers_max);
    self->headers[self->count++] = (struct web_header){name, value};
}
