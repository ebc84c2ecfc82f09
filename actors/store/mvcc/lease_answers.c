#include "actors/store/mvcc/lease_answers.h"

#include <stdlib.h>

#include "actors/store/mvcc/lease.h"
#include "actors/store/mvcc/range.h"
#include "actors/store/mvcc/write.h"

static const int64_t ttl_max_s = 9000000000;

enum etcd_error lease_grant_answer(struct mvcc *self,
                                   const Etcdserverpb__LeaseGrantRequest *request,
                                   struct arena *arena, Etcdserverpb__LeaseGrantResponse **answer)
{
    int64_t ttl_s = request->ttl > self->settings.lease_ttl_min_s ? request->ttl
                                                                  : self->settings.lease_ttl_min_s;
    Etcdserverpb__LeaseGrantResponse *made;

    if (request->id == 0) {
        return ETCD_ERROR_LEASE_NOT_FOUND;
    }
    if (request->ttl > ttl_max_s) {
        return ETCD_ERROR_LEASE_TTL_TOO_LARGE;
    }
    if (lease_find(self, request->id) != NULL) {
        return ETCD_ERROR_LEASE_EXISTS;
    }
    (void)lease_add(self, request->id, ttl_s);
    made = arena_get(arena, sizeof(*made));
    etcdserverpb__lease_grant_response__init(made);
    made->header = header_new(self->revision, arena);
    made->id = request->id;
    made->ttl = ttl_s;
    *answer = made;
    return ETCD_OK;
}

/* A delete detaches, so that the next one is the first. */
static void end(struct mvcc *self, struct lease *lease)
{
    uint32_t key;

    while ((key = lease_first_key(lease)) != KEY_NONE) {
        write_delete(self, key);
    }
    write_end(self);
    lease_remove(self, lease);
}

enum etcd_error lease_revoke_answer(struct mvcc *self,
                                    const Etcdserverpb__LeaseRevokeRequest *request,
                                    struct arena *arena, Etcdserverpb__LeaseRevokeResponse **answer)
{
    struct lease *lease = lease_find(self, request->id);

    if (lease == NULL) {
        return ETCD_ERROR_LEASE_NOT_FOUND;
    }
    end(self, lease);
    *answer = arena_get(arena, sizeof(**answer));
    etcdserverpb__lease_revoke_response__init(*answer);
    (*answer)->header = header_new(self->revision, arena);
    return ETCD_OK;
}

void mvcc_lease_expire(struct mvcc *self, const int64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct lease *lease = lease_find(self, ids[i]);

        if (lease != NULL) {
            end(self, lease);
        }
    }
}

void mvcc_lease_checkpoint(struct mvcc *self, int64_t id, int64_t rest_s)
{
    struct lease *lease = lease_find(self, id);

    if (lease != NULL) {
        lease_set_rest(self, lease, rest_s);
    }
}

/* ── reads ──────────────────────────────────────────────────────────────────*/

static struct mvcc_lease view(const struct lease *lease)
{
    return (struct mvcc_lease){lease->id, lease->ttl_s, lease->rest_s, lease->keys.count};
}

bool mvcc_lease(const struct mvcc *self, int64_t id, struct mvcc_lease *lease)
{
    const struct lease *found = lease_find(self, id);

    if (found == NULL) {
        return false;
    }
    *lease = view(found);
    return true;
}

static int compare_ids(const void *left, const void *right)
{
    const struct mvcc_lease *a = left;
    const struct mvcc_lease *b = right;

    return a->id < b->id ? -1 : a->id > b->id;
}

const struct mvcc_lease *mvcc_leases(const struct mvcc *self, struct arena *arena, size_t *count)
{
    const struct table *table = &self->leases.table;
    struct mvcc_lease *leases = arena_get(arena, table->used * sizeof(*leases));

    *count = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        if (table_has(table, i)) {
            leases[(*count)++] = view(table_get(table, i));
        }
    }
    qsort(leases, *count, sizeof(*leases), compare_ids);
    return leases;
}

Etcdserverpb__LeaseLeasesResponse *lease_leases_answer(struct mvcc *self, struct arena *arena)
{
    Etcdserverpb__LeaseLeasesResponse *answer = arena_get(arena, sizeof(*answer));
    size_t count;
    const struct mvcc_lease *leases = mvcc_leases(self, arena, &count);

    etcdserverpb__lease_leases_response__init(answer);
    answer->header = header_new(self->revision, arena);
    answer->leases = arena_get(arena, count * sizeof(Etcdserverpb__LeaseStatus *));
    answer->n_leases = count;
    for (size_t i = 0; i < count; i++) {
        answer->leases[i] = arena_get(arena, sizeof(*answer->leases[i]));
        etcdserverpb__lease_status__init(answer->leases[i]);
        answer->leases[i]->id = leases[i].id;
    }
    return answer;
}

static void add_keys(const struct mvcc *self, const struct lease *lease, struct arena *arena,
                     Etcdserverpb__LeaseTimeToLiveResponse *answer)
{
    answer->keys = arena_get(arena, lease->keys.count * sizeof(*answer->keys));
    for (uint32_t i = 0; i < lease->keys.ref_count; i++) {
        struct order_run run = order_run(&lease->keys, i);

        for (uint32_t k = 0; k < run.count; k++) {
            answer->keys[answer->n_keys++] =
                bytes_of_str(key_index_name(&self->index, run.slots[k]));
        }
    }
}

Etcdserverpb__LeaseTimeToLiveResponse *
lease_time_to_live_answer(struct mvcc *self, const Etcdserverpb__LeaseTimeToLiveRequest *request,
                          struct arena *arena)
{
    Etcdserverpb__LeaseTimeToLiveResponse *answer = arena_get(arena, sizeof(*answer));
    const struct lease *lease = lease_find(self, request->id);

    etcdserverpb__lease_time_to_live_response__init(answer);
    answer->header = header_new(self->revision, arena);
    answer->id = request->id;
    if (lease == NULL) {
        answer->ttl = -1;
        return answer;
    }
    answer->ttl = lease->rest_s > 0 ? lease->rest_s : lease->ttl_s;
    answer->grantedttl = lease->ttl_s;
    if (request->keys) {
        add_keys(self, lease, arena, answer);
    }
    return answer;
}
