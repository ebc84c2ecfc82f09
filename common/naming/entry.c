#include "common/naming/entry.h"

#include <assert.h>
#include <string.h>

static const char *tail(const struct entry *self)
{
    return (const char *)self + (self->live ? sizeof(struct live_entry) : sizeof(struct entry));
}

/* Takes the next len bytes of the tail. */
static struct str cut(const char **at, uint32_t len)
{
    struct str s = {*at, len};

    *at += len;
    return s;
}

static size_t entry_size(const struct entry *self)
{
    const struct live_entry *live = (const struct live_entry *)self;

    if (!self->live) {
        return sizeof(*self) + self->hostname_len;
    }
    return sizeof(*live) + self->hostname_len + live->region_len + live->version_len +
           live->addrs_len + live->metadata_len;
}

static uint32_t len32(struct str s)
{
    assert(s.len <= UINT32_MAX);
    return (uint32_t)s.len;
}

static void entry_fill(struct entry *self, const struct change *change, struct hash128 key,
                       bool live)
{
    *self = (struct entry){
        .key = key,
        .seq = change->seq,
        .dirty_timestamp = change->instance.dirty_timestamp,
        .hostname_len = len32(change->instance.id.hostname),
        .live = live,
    };
}

static struct entry *tombstone_new(struct memory *memory, const struct change *change,
                                   struct hash128 key)
{
    struct str hostname = change->instance.id.hostname;
    struct entry *self = memory_get(memory, sizeof(*self) + hostname.len);
    char *at = (char *)self + sizeof(*self);

    entry_fill(self, change, key, false);
    str_put(&at, hostname);
    return self;
}

static struct entry *live_new(struct memory *memory, const struct change *change,
                              struct hash128 key)
{
    const struct instance *from = &change->instance;
    struct live_entry *self = memory_get(
        memory, sizeof(*self) + from->id.hostname.len + from->region.len + from->version.len +
                    from->addrs.bytes.len + from->metadata.bytes.len);
    char *at = (char *)self + sizeof(*self);

    entry_fill(&self->entry, change, key, true);
    self->entry.metadata_null = from->metadata_null;
    self->entry.status = from->status;
    self->reg_timestamp = from->reg_timestamp;
    self->up_timestamp = from->up_timestamp;
    self->renew_timestamp = from->renew_timestamp;
    self->latest_timestamp = from->latest_timestamp;
    self->region_len = len32(from->region);
    self->version_len = len32(from->version);
    self->addrs_count = from->addrs.count;
    self->addrs_len = len32(from->addrs.bytes);
    self->metadata_count = from->metadata.count;
    self->metadata_len = len32(from->metadata.bytes);
    str_put(&at, from->id.hostname);
    str_put(&at, from->region);
    str_put(&at, from->version);
    str_put(&at, from->addrs.bytes);
    str_put(&at, from->metadata.bytes);
    return &self->entry;
}

struct entry *entry_new(struct memory *memory, const struct change *change, struct hash128 key)
{
    return change_is_live(change->kind) ? live_new(memory, change, key)
                                        : tombstone_new(memory, change, key);
}

void entry_destroy(struct memory *memory, struct entry **self)
{
    memory_put(memory, *self, entry_size(*self));
    *self = NULL;
}

struct str entry_hostname(const struct entry *self)
{
    return (struct str){tail(self), self->hostname_len};
}

void entry_instance(const struct entry *self, struct instance *out)
{
    const char *at = tail(self);

    *out = (struct instance){.dirty_timestamp = self->dirty_timestamp};
    out->id.hostname = cut(&at, self->hostname_len);
    if (self->live) {
        const struct live_entry *live = (const struct live_entry *)self;

        out->region = cut(&at, live->region_len);
        out->version = cut(&at, live->version_len);
        out->addrs = (struct strs){live->addrs_count, cut(&at, live->addrs_len)};
        out->metadata = (struct strs){live->metadata_count, cut(&at, live->metadata_len)};
        out->metadata_null = self->metadata_null;
        out->status = self->status;
        out->reg_timestamp = live->reg_timestamp;
        out->up_timestamp = live->up_timestamp;
        out->renew_timestamp = live->renew_timestamp;
        out->latest_timestamp = live->latest_timestamp;
    }
}
