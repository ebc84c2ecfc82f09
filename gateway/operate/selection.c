#include "gateway/operate/selection.h"

#include <stdlib.h>

#include "common/base/heap.h"

int selected_cmp(const struct selected *a, const struct selected *b)
{
    int order = (a->rank > b->rank) - (a->rank < b->rank);

    order = order != 0 ? order : str_cmp(a->env, b->env);
    return order != 0 ? order : str_cmp(a->appid, b->appid);
}

void selection_init(struct selection *self, size_t max)
{
    assert(max > 0);
    *self = (struct selection){.items = heap_array(max, sizeof(*self->items)), .max = max};
}

static void drop(struct selected *item)
{
    free((char *)(uintptr_t)item->env.data); /* both names in one piece */
}

void selection_fini(struct selection *self)
{
    for (size_t i = 0; i < self->count; i++) {
        drop(&self->items[i]);
    }
    free(self->items);
    *self = (struct selection){0};
}

static struct selected copy_of(const struct selected *item)
{
    char *text = heap_get(item->env.len + item->appid.len + 1);
    struct selected copy = {.rank = item->rank};

    copy.env = str_put(&text, item->env);
    copy.appid = str_put(&text, item->appid);
    return copy;
}

static void swap(struct selected *a, struct selected *b)
{
    struct selected kept = *a;

    *a = *b;
    *b = kept;
}

static void sift_up(struct selection *self, size_t at)
{
    while (at > 0 && selected_cmp(&self->items[(at - 1) / 2], &self->items[at]) < 0) {
        swap(&self->items[(at - 1) / 2], &self->items[at]);
        at = (at - 1) / 2;
    }
}

static void sift_down(struct selection *self)
{
    size_t at = 0;

    for (;;) {
        size_t last = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < self->count; child++) {
            last = selected_cmp(&self->items[child], &self->items[last]) > 0 ? child : last;
        }
        if (last == at) {
            return;
        }
        swap(&self->items[at], &self->items[last]);
        at = last;
    }
}

void selection_offer(struct selection *self, const struct selected *item)
{
    if (self->count < self->max) {
        self->items[self->count++] = copy_of(item);
        sift_up(self, self->count - 1);
    } else if (selected_cmp(item, &self->items[0]) < 0) {
        drop(&self->items[0]);
        self->items[0] = copy_of(item);
        sift_down(self);
    }
}

static int by_order(const void *a, const void *b)
{
    return selected_cmp(a, b);
}

void selection_sort(struct selection *self)
{
    if (self->count > 0) {
        qsort(self->items, self->count, sizeof(*self->items), by_order);
    }
}
