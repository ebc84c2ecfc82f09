#include "actors/store/mvcc/write.h"

#include "actors/store/mvcc/lease.h"

static struct revision next_revision(struct mvcc *self)
{
    return (struct revision){self->revision + 1, self->sub++};
}

static void write_down(struct mvcc *self, struct revision revision, bool tombstone,
                       const Mvccpb__KeyValue *kv)
{
    size_t len = mvccpb__key_value__get_packed_size(kv);

    (void)mvccpb__key_value__pack(
        kv, (uint8_t *)tail_record(open_tail(self), revision, tombstone, len));
}

void write_put(struct mvcc *self, struct str key, struct str value, int64_t lease)
{
    struct revision mod = next_revision(self);
    Mvccpb__KeyValue kv = MVCCPB__KEY_VALUE__INIT;
    struct key_state state;
    uint32_t number = key_index_put(&self->index, key, mod, &state);

    kv.key = bytes_of_str(key);
    kv.create_revision = state.create;
    kv.mod_revision = mod.main;
    kv.version = state.version;
    kv.value = bytes_of_str(value);
    kv.lease = lease;
    write_down(self, mod, false, &kv);
    lease_detach(self, number);
    if (lease != 0) {
        lease_attach(self, lease, number);
    }
}

void write_delete(struct mvcc *self, uint32_t key)
{
    struct revision mod = next_revision(self);
    Mvccpb__KeyValue kv = MVCCPB__KEY_VALUE__INIT;

    kv.key = bytes_of_str(key_index_name(&self->index, key));
    write_down(self, mod, true, &kv);
    key_index_delete(&self->index, key, mod);
    lease_detach(self, key);
}

void write_end(struct mvcc *self)
{
    self->revision += self->sub > 0;
    self->sub = 0;
}
