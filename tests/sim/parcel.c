#include "tests/sim/parcel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct blob *blob_new(struct str bytes)
{
    struct blob *self = malloc(sizeof(*self) + bytes.len);

    assert(self != NULL && bytes.len <= UINT32_MAX);
    self->refs = 1;
    self->len = (uint32_t)bytes.len;
    if (bytes.len > 0) {
        memcpy(self->data, bytes.data, bytes.len);
    }
    return self;
}

void blob_unref(struct blob **self)
{
    if (*self != NULL && --(*self)->refs == 0) {
        free(*self);
    }
    *self = NULL;
}

static bool sooner(const struct parcel *a, const struct parcel *b)
{
    return a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->order < b->order);
}

void parcels_push_again(struct parcels *self, struct parcel parcel)
{
    size_t at = self->count++;

    if (self->count > self->cap) {
        self->cap = self->cap == 0 ? 256 : self->cap * 2;
        self->heap = realloc(self->heap, self->cap * sizeof(self->heap[0]));
        assert(self->heap != NULL);
    }
    parcel.blob->refs++;
    for (; at > 0 && sooner(&parcel, &self->heap[(at - 1) / 2]); at = (at - 1) / 2) {
        self->heap[at] = self->heap[(at - 1) / 2];
    }
    self->heap[at] = parcel;
}

void parcels_push(struct parcels *self, struct parcel parcel)
{
    parcel.order = ++self->orders;
    parcels_push_again(self, parcel);
}

struct parcel parcels_pop(struct parcels *self)
{
    struct parcel top = self->heap[0];
    struct parcel last = self->heap[--self->count];
    size_t at = 0;

    for (size_t child = 1; child < self->count; child = 2 * at + 1) {
        if (child + 1 < self->count && sooner(&self->heap[child + 1], &self->heap[child])) {
            child++;
        }
        if (!sooner(&self->heap[child], &last)) {
            break;
        }
        self->heap[at] = self->heap[child];
        at = child;
    }
    self->heap[at] = last;
    return top;
}

void parcels_fini(struct parcels *self)
{
    for (size_t i = 0; i < self->count; i++) {
        blob_unref(&self->heap[i].blob);
    }
    free(self->heap);
    *self = (struct parcels){0};
}
