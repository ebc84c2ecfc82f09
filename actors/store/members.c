#include "actors/store/members.h"

#include <stdlib.h>

#include "common/base/array.h"

enum { first_cap = 4, id_bytes = 8 };

void members_fini(struct members *self)
{
    for (size_t i = 0; i < self->count; i++) {
        buf_fini(&self->items[i].packed);
    }
    free(self->items);
    *self = (struct members){0};
}

static struct buf *packed_of(struct members *self, uint64_t id)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->items[i].id == id) {
            return &self->items[i].packed;
        }
    }
    ARRAY_ROOM(self->items, self->count, self->cap, first_cap);
    self->items[self->count] = (struct member_record){.id = id};
    return &self->items[self->count++].packed;
}

const Etcdserverpb__Member *members_find(const struct members *self, uint64_t id,
                                         struct arena *arena)
{
    ProtobufCAllocator allocator = arena_allocator(arena);

    for (size_t i = 0; i < self->count; i++) {
        const struct buf *packed = &self->items[i].packed;

        if (self->items[i].id == id) {
            return etcdserverpb__member__unpack(&allocator, packed->len,
                                                (const uint8_t *)packed->data);
        }
    }
    return NULL;
}

enum err members_restore(struct members *self, struct backend *backend)
{
    struct arena arena = {0};
    ProtobufCAllocator allocator = arena_allocator(&arena);
    struct backend_record record;
    enum err err = backend->seek(backend, BUCKET_MEMBERS, STR(""), &record);

    for (; err == ERR_OK; err = backend->step(backend, BUCKET_MEMBERS, &record)) {
        const Etcdserverpb__Member *member = etcdserverpb__member__unpack(
            &allocator, record.value.len, (const uint8_t *)record.value.data);

        if (member == NULL) {
            err = ERR_CORRUPT;
            break;
        }
        buf_add_str(packed_of(self, member->id), record.value);
    }
    arena_fini(&arena);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

void members_update(struct members *self, struct mvcc *mvcc, uint64_t id, char **urls, size_t count)
{
    Etcdserverpb__Member member = ETCDSERVERPB__MEMBER__INIT;
    struct buf *packed = packed_of(self, id);
    char key[id_bytes];

    member.id = id;
    member.peerurls = urls;
    member.n_peerurls = count;
    packed->len = 0;
    packed->len = etcdserverpb__member__pack(
        &member, (uint8_t *)buf_reserve(packed, etcdserverpb__member__get_packed_size(&member)));
    for (int i = 0; i < id_bytes; i++) {
        key[i] = (char)(id >> (8 * (id_bytes - 1 - i)));
    }
    mvcc_keep(mvcc, BUCKET_MEMBERS, (struct str){key, id_bytes}, buf_str(packed));
}

/* ── URLs ── */

static bool is_url(struct str url)
{
    static const struct str schemes[] = {
        {"http://", 7}, {"https://", 8}, {"unix://", 7}, {"unixs://", 8}};
    struct str rest = {0};
    size_t scheme = 0;
    size_t colon;

    for (; scheme < 4 && rest.len == 0; scheme++) {
        if (str_starts(url, schemes[scheme])) {
            rest = (struct str){url.data + schemes[scheme].len, url.len - schemes[scheme].len};
        }
    }
    if (rest.len == 0 || memchr(rest.data, '/', rest.len) != NULL) {
        return false;
    }
    if (scheme > 2) { /* a path of its own */
        return true;
    }
    for (colon = rest.len; colon > 0 && rest.data[colon - 1] != ':'; colon--) {
    }
    return colon > 0 && (memchr(rest.data, ':', colon - 1) == NULL ||
                         (rest.data[0] == '[' && rest.data[colon - 2] == ']'));
}

bool members_are_urls(char *const *urls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_url(str_from(urls[i]))) {
            return false;
        }
    }
    return count > 0;
}
