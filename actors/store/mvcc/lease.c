#include "actors/store/mvcc/lease.h"

#include "common/etcdapi/protobuf.h"

static struct hash128 hash_of(int64_t id)
{
    return hash128(&id, sizeof(id));
}

static struct hash128 hash_at(const void *context, uint32_t number)
{
    const struct leases *self = context;

    return hash_of(((const struct lease *)table_get(&self->table, number))->id);
}

void leases_init(struct leases *self)
{
    *self = (struct leases){.of = column_of(sizeof(int64_t))};
    table_init(&self->table, &self->memory);
    index_init(&self->index, &self->memory, hash_at, self);
}

void leases_fini(struct leases *self)
{
    for (uint32_t i = 0; i < self->table.count; i++) {
        if (table_has(&self->table, i)) {
            struct lease *lease = table_get(&self->table, i);

            order_fini(&lease->keys, &self->memory);
            memory_put(&self->memory, lease, sizeof(*lease));
        }
    }
    index_fini(&self->index);
    table_fini(&self->table);
    column_fini(&self->of);
    assert(self->memory.bytes == 0);
}

struct lease *lease_find(const struct mvcc *state, int64_t id)
{
    uint32_t number = index_find(&state->leases.index, hash_of(id));

    return number == INDEX_NONE ? NULL : table_get(&state->leases.table, number);
}

/* ── the bucket: etcd's leasepb.Lease under the ID, big endian ──────────────*/

static struct str id_key(int64_t id, char bytes[lease_id_bytes])
{
    for (int i = 0; i < lease_id_bytes; i++) {
        bytes[i] = (char)((uint64_t)id >> (56 - 8 * i));
    }
    return (struct str){bytes, lease_id_bytes};
}

static void write_down(struct mvcc *state, const struct lease *lease)
{
    char id[lease_id_bytes];
    struct buf record = {0};

    pb_add_nonzero(&record, 1, lease->id);
    pb_add_nonzero(&record, 2, lease->ttl_s);
    pb_add_nonzero(&record, 3, lease->rest_s);
    tail_put(open_tail(state), BUCKET_LEASE, id_key(lease->id, id), buf_str(&record));
    buf_fini(&record);
}

static struct lease *add(struct leases *self, const struct lease *made)
{
    struct lease *lease = memory_get(&self->memory, sizeof(*lease));

    *lease = *made;
    index_add(&self->index, hash_of(lease->id), table_add(&self->table, lease));
    return lease;
}

enum err lease_restore(struct mvcc *state, struct str id, struct str record)
{
    struct lease read = {0};
    struct pb_field field;
    char bytes[lease_id_bytes];

    while (pb_next(&record, &field)) {
        switch (field.number) {
        case 1:
            read.id = (int64_t)field.value;
            break;
        case 2:
            read.ttl_s = (int64_t)field.value;
            break;
        case 3:
            read.rest_s = (int64_t)field.value;
            break;
        default:
            break;
        }
    }
    if (record.len > 0 || !str_eq(id, id_key(read.id, bytes))) {
        return ERR_CORRUPT;
    }
    (void)add(&state->leases, &read);
    return ERR_OK;
}

struct lease *lease_add(struct mvcc *state, int64_t id, int64_t ttl_s)
{
    const struct lease made = {.id = id, .ttl_s = ttl_s};
    struct lease *lease;

    assert(lease_find(state, id) == NULL);
    lease = add(&state->leases, &made);
    write_down(state, lease);
    return lease;
}

void lease_remove(struct mvcc *state, struct lease *lease)
{
    struct leases *self = &state->leases;
    uint32_t number = index_find(&self->index, hash_of(lease->id));
    char id[lease_id_bytes];

    assert(lease->keys.count == 0);
    tail_remove(open_tail(state), BUCKET_LEASE, id_key(lease->id, id));
    index_remove(&self->index, hash_of(lease->id), number);
    table_remove(&self->table, number);
    order_fini(&lease->keys, &self->memory);
    memory_put(&self->memory, lease, sizeof(*lease));
}

void lease_set_rest(struct mvcc *state, struct lease *lease, int64_t rest_s)
{
    lease->rest_s = rest_s;
    write_down(state, lease);
}

/* ── keys ───────────────────────────────────────────────────────────────────*/

static struct str name_of(const void *context, uint32_t key)
{
    return key_index_name(context, key);
}

void lease_attach(struct mvcc *state, int64_t id, uint32_t key)
{
    struct lease *lease = lease_find(state, id);
    int64_t *of;

    if (lease == NULL) {
        return;
    }
    of = column_make(&state->leases.of, key);
    assert(*of == 0);
    *of = id;
    order_add(&lease->keys, &state->leases.memory, key, key_index_name(&state->index, key), name_of,
              &state->index);
}

void lease_detach(struct mvcc *state, uint32_t key)
{
    int64_t *of = column_find(&state->leases.of, key);
    struct lease *lease = of == NULL || *of == 0 ? NULL : lease_find(state, *of);

    if (lease != NULL) {
        order_remove(&lease->keys, &state->leases.memory, key, key_index_name(&state->index, key),
                     name_of, &state->index);
        *of = 0;
    }
}

uint32_t lease_first_key(const struct lease *self)
{
    return self->keys.count == 0 ? KEY_NONE : order_run(&self->keys, 0).slots[0];
}
