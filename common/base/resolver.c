#include "common/base/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/heap.h"

enum { addresses_max = 64 };

/* Stays where it is while the C library has it. */
struct look_up {
    struct gaicb request;
    struct addrinfo hints;
    char name[resolver_name_max + 1];
};

struct resolver {
    struct look_up *under_way[resolver_max]; /* owned; NULL: free */
    size_t count;
    struct look_up *told; /* owned; what resolver_next gave last borrows from it */
    struct buf addresses;
};

#ifdef __has_feature
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif

/* False: no memory, or no helper. */
static bool begin(struct look_up *self)
{
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
    /* ThreadSanitizer does not know the C library's helpers and dies of them: looked up at once */
    if (getaddrinfo(self->name, NULL, &self->hints, &self->request.ar_result) != 0) {
        self->request.ar_result = NULL;
    }
    return true;
#else
    struct gaicb *requests[] = {&self->request};

    return getaddrinfo_a(GAI_NOWAIT, requests, 1, NULL) == 0;
#endif
}

struct resolver *resolver_new(void)
{
    struct resolver *self = heap_new(sizeof(*self));

    return self;
}

static void look_up_free(struct look_up **self)
{
    if (*self != NULL) {
        if ((*self)->request.ar_result != NULL) {
            freeaddrinfo((*self)->request.ar_result);
        }
        free(*self);
        *self = NULL;
    }
}

void resolver_destroy(struct resolver **self)
{
    if (*self == NULL) {
        return;
    }
    for (size_t i = 0; i < resolver_max; i++) {
        struct look_up *look_up = (*self)->under_way[i];

        if (look_up != NULL && gai_error(&look_up->request) == EAI_INPROGRESS &&
            gai_cancel(&look_up->request) == EAI_NOTCANCELED) {
            (*self)->under_way[i] = NULL; /* it will be written to */
        }
        look_up_free(&(*self)->under_way[i]);
    }
    look_up_free(&(*self)->told);
    buf_fini(&(*self)->addresses);
    free(*self);
    *self = NULL;
}

bool resolver_is_full(const struct resolver *self)
{
    return self->count == resolver_max;
}

bool resolver_is_idle(const struct resolver *self)
{
    return self->count == 0;
}

bool resolver_ask(struct resolver *self, struct str name)
{
    struct look_up *look_up;
    size_t place = 0;

    while (place < resolver_max && self->under_way[place] != NULL) {
        place++;
    }
    if (place == resolver_max || name.len == 0 || name.len > resolver_name_max) {
        return false;
    }
    look_up = heap_new(sizeof(*look_up));
    memcpy(look_up->name, name.data, name.len);
    look_up->hints = (struct addrinfo){.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    look_up->request = (struct gaicb){.ar_name = look_up->name, .ar_request = &look_up->hints};
    if (!begin(look_up)) {
        free(look_up);
        return false;
    }
    self->under_way[place] = look_up;
    self->count++;
    return true;
}

static void add(struct resolver *self, struct strs *addresses, const struct sockaddr *from)
{
    const struct sockaddr_in6 *in6 = (const void *)from;
    const void *address = &((const struct sockaddr_in *)(const void *)from)->sin_addr;
    int family = from->sa_family;
    char text[INET6_ADDRSTRLEN];
    struct str rest = buf_str(&self->addresses);
    struct str known;

    if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        address = &in6->sin6_addr.s6_addr[12];
        family = AF_INET;
    } else if (family == AF_INET6) {
        address = &in6->sin6_addr;
    }
    if (inet_ntop(family, address, text, sizeof(text)) == NULL ||
        addresses->count == addresses_max) {
        return;
    }
    while (strs_next(&rest, &known)) {
        if (str_eq(known, str_from(text))) {
            return;
        }
    }
    strs_pack(&self->addresses, str_from(text));
    addresses->count++;
}

bool resolver_next(struct resolver *self, struct str *name, struct strs *addresses)
{
    size_t i = 0;

    look_up_free(&self->told);
    while (i < resolver_max && (self->under_way[i] == NULL ||
                                gai_error(&self->under_way[i]->request) == EAI_INPROGRESS)) {
        i++;
    }
    if (i == resolver_max) {
        return false;
    }
    self->told = self->under_way[i];
    self->under_way[i] = NULL;
    self->count--;
    self->addresses.len = 0;
    *addresses = (struct strs){0};
    for (const struct addrinfo *at = self->told->request.ar_result; at != NULL; at = at->ai_next) {
        add(self, addresses, at->ai_addr);
    }
    addresses->bytes = buf_str(&self->addresses);
    *name = str_from(self->told->name);
    return true;
}
