/* Lists through their members: a member is in one list, or in none, and leaves it without knowing
 * which. */
#ifndef GATEWAY_ETCD_WATCH_LINKS_H
#define GATEWAY_ETCD_WATCH_LINKS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

struct watch_link {
    struct watch_link *before, *next; /* NULL: in no list */
};

/* Its end is before its first. */
struct watch_links {
    struct watch_link end;
};

static inline void watch_links_init(struct watch_links *self)
{
    self->end = (struct watch_link){&self->end, &self->end};
}

static inline bool watch_links_empty(const struct watch_links *self)
{
    return self->end.next == &self->end;
}

/* NULL: the list is empty. */
static inline struct watch_link *watch_links_first(const struct watch_links *self)
{
    return watch_links_empty(self) ? NULL : self->end.next;
}

/* The first leaves it. NULL: the list is empty. */
static inline struct watch_link *watch_links_take(struct watch_links *self)
{
    struct watch_link *link = self->end.next;

    if (link == &self->end) {
        return NULL;
    }
    self->end.next = link->next;
    link->next->before = &self->end;
    *link = (struct watch_link){NULL, NULL};
    return link;
}

/* NULL: link is the last. */
static inline struct watch_link *watch_links_next(const struct watch_links *self,
                                                  const struct watch_link *link)
{
    return link->next == &self->end ? NULL : link->next;
}

static inline void watch_links_add(struct watch_links *self, struct watch_link *link)
{
    assert(link->next == NULL);
    *link = (struct watch_link){self->end.before, &self->end};
    link->before->next = link;
    self->end.before = link;
}

/* May be in none. */
static inline void watch_link_remove(struct watch_link *link)
{
    if (link->next != NULL) {
        link->before->next = link->next;
        link->next->before = link->before;
        *link = (struct watch_link){NULL, NULL};
    }
}

#endif
