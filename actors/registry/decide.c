#include "actors/registry/decide.h"

#include <assert.h>
#include <string.h>

#include "actors/registry/decision.h"
#include "common/naming/metadata.h"

static int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* reference: replication=true ends where it arrives, from_zone=true stays in the
 * zone, and a client's own write goes everywhere; so do here its heartbeats and cancels of
 * another zone's instance (differences row 33). What a node that is not believed tells has been
 * told to the others already, and to its sender it would be an echo (row 16). */
static enum spread spread_of(uint32_t origin, bool replication, bool from_zone)
{
    return replication || origin == ORIGIN_STRANGER ? SPREAD_NOWHERE
           : from_zone                              ? SPREAD_ZONE
                                                    : SPREAD_EVERYWHERE;
}

static bool is_node(uint32_t origin)
{
    return origin == ORIGIN_HTTP_PEER || origin == ORIGIN_PEER || origin == ORIGIN_SELF;
}

static bool identity_fits(const struct identity *id, struct decision *out)
{
    if (!name_fits(id->env) || !name_fits(id->appid) || !name_fits(id->zone) ||
        !name_fits(id->hostname)) {
        decision_refuse(out, ERR_INVALID, "env, appid, zone and hostname must have 1 to 255 bytes");
        return false;
    }
    return true;
}

/* differences row 16: who may say that a node is part of the cluster. */
static bool may_write(const struct rules *rules, const struct identity *id, uint32_t origin,
                      struct decision *out)
{
    if (!is_node(origin) && str_eq(id->appid, node_appid) && !rules->trust_client_nodes) {
        decision_refuse(out, ERR_REFUSED,
                        "appid infra.discovery is written by nodes only; "
                        "security.trust_client_nodes=true lets clients do it");
        return false;
    }
    return true;
}

/* own: a client's write, not a node's. */
static bool given_fits(int64_t timestamp, bool own, struct decision *out)
{
    return own ? timestamp_fits(timestamp, out) : timestamp_told_fits(timestamp, out);
}

static bool register_fits(const struct rules *rules, const struct msg_register *command,
                          const struct identity *id, bool own, struct decision *out)
{
    if (!identity_fits(id, out) || !given_fits(command->dirty_timestamp, own, out) ||
        !given_fits(command->latest_timestamp, own, out) ||
        !may_write(rules, id, command->origin, out)) {
        return false;
    }
    return instance_fits(&(struct instance){.region = command->region,
                                            .version = command->version,
                                            .addrs = command->addrs,
                                            .status = command->status},
                         out);
}

/* own: a client's own write, not a replicated one.
 * The dirty_timestamp it counts with. */
static int64_t dirty_for(const struct held *held, int64_t given, bool own, int64_t now_ns)
{
    int64_t stored = held->slot != REGISTRY_NONE ? held->instance.dirty_timestamp : 0;

    if (!own) {
        return given != 0 ? given : now_ns;
    }
    if (given == 0) {
        return max_i64(now_ns, timestamp_after(stored));
    }
    /* a client's own registration always comes back from a tombstone */
    return held->gone ? max_i64(given, timestamp_after(stored)) : given;
}

/* The state a REGISTER asks for. */
static struct instance candidate_of(const struct msg_register *command, const struct held *held,
                                    int64_t dirty, int64_t now_ns)
{
    bool same_version = held->live && dirty == held->instance.dirty_timestamp;

    return (struct instance){
        .id = {command->env, command->appid, command->zone, command->hostname},
        .region = command->region,
        .version = command->version,
        .addrs = command->addrs,
        .metadata = command->metadata,
        .metadata_null = command->metadata_null,
        .status = command->status,
        /* the same version told again, by a form that carries neither of them */
        .reg_timestamp = same_version ? held->instance.reg_timestamp : now_ns,
        .up_timestamp = held->live ? held->instance.up_timestamp : now_ns,
        .renew_timestamp = now_ns,
        .dirty_timestamp = dirty,
        .latest_timestamp = now_ns,
    };
}

/* differences row 23: a client that says other things with the dirty_timestamp it gave before wants
 * them held; the hash would ignore one in two. What was said before, told again, is no change. */
static void raise_retold(const struct held *held, int64_t now_ns, struct instance *candidate)
{
    if (held->live && candidate->dirty_timestamp == held->instance.dirty_timestamp &&
        instance_hash(candidate) != instance_hash(&held->instance)) {
        candidate->dirty_timestamp = timestamp_after(candidate->dirty_timestamp);
        candidate->reg_timestamp = now_ns;
    }
}

/* A client's own: whether nothing it could be given would win. An older explicit one need not. */
static bool is_hopeless(const struct held *held, int64_t given, const struct instance *candidate,
                        struct decision *out)
{
    const struct instance *stored = &held->instance;

    if (held->slot == REGISTRY_NONE || candidate->dirty_timestamp > stored->dirty_timestamp ||
        (held->live && given != 0 &&
         (given < stored->dirty_timestamp || instance_hash(candidate) == instance_hash(stored)))) {
        return false;
    }
    return is_at_ceiling(stored->dirty_timestamp, &candidate->id, out);
}

/* Whether a client may register one more. What other nodes tell is taken in beyond: a node that did
 * not would never hold the same as they, and they have refused it to their clients. */
static bool has_room(const struct registry *registry, const struct rules *rules,
                     const struct identity *id, const struct held *held, struct decision *out)
{
    uint32_t app = registry_app_find(registry, id->env, id->appid);
    struct registry_counts counts;
    struct app_info info;

    registry_counts(registry, &counts);
    if (rules->instances_max != 0 && held->slot == REGISTRY_NONE &&
        counts.live + counts.tombstones >= rules->instances_max) {
        decision_refuse(out, ERR_FULL, "");
        buf_printf(&out->text,
                   "this node holds %llu instances, with those that went lately, and "
                   "registry.instances_max lets clients register no more",
                   (unsigned long long)counts.live + counts.tombstones);
        return false;
    }
    if (app == REGISTRY_NONE) {
        return true;
    }
    registry_app(registry, app, &info);
    if (info.zone_count + info.gone_count >= zones_max &&
        !registry_zone_is_held(registry, app, id->zone)) {
        decision_refuse(out, ERR_INVALID, "");
        buf_printf(&out->text,
                   "zone: an app may have at most %d, with those whose instances have gone lately, "
                   "and %.*s would be one more",
                   zones_max, STR_ARG(id->zone));
        return false;
    }
    return true;
}

void decide_register(const struct registry *registry, const struct rules *rules,
                     const struct msg_register *command, int64_t now_ns, struct decision *out)
{
    struct identity id = {command->env, command->appid, command->zone, command->hostname};
    bool own = !command->replication && !command->from_zone;
    struct instance candidate;
    struct change *change;
    struct held held;

    decision_begin(out);
    if (!register_fits(rules, command, &id, own, out)) {
        return;
    }
    held = held_of(registry, &id);
    candidate = candidate_of(command, &held,
                             dirty_for(&held, command->dirty_timestamp, own, now_ns), now_ns);
    if (!is_node(command->origin) && !held.live && !has_room(registry, rules, &id, &held, out)) {
        return;
    }
    if (metadata_normalise(command->metadata, &out->store, &candidate.metadata) != ERR_OK) {
        decision_refuse(out, ERR_INVALID, "metadata may have at most 64 keys and 16 KiB");
        return;
    }
    if (own && command->dirty_timestamp != 0) {
        raise_retold(&held, now_ns, &candidate);
    }
    if (own && is_hopeless(&held, command->dirty_timestamp, &candidate, out)) {
        return;
    }
    if (!state_wins(&candidate, &held)) {
        return;
    }
    change = decision_add(out, CHANGE_REGISTER, now_ns);
    change->spread = spread_of(command->origin, command->replication, command->from_zone);
    change->instance = candidate;
    change->latest_timestamp =
        own ? app_latest(registry, &id, now_ns)
            : app_latest_told(registry, &id, command->latest_timestamp, now_ns);
}

void decide_renew(const struct registry *registry, const struct rules *rules,
                  const struct msg_renew *command, int64_t now_ns, struct decision *out)
{
    struct identity id = {command->env, command->appid, command->zone, command->hostname};
    struct held held;

    (void)rules;
    (void)now_ns;
    decision_begin(out);
    if (!identity_fits(&id, out)) {
        return;
    }
    held = held_of(registry, &id);
    if (!held.live) {
        decision_refuse(out, ERR_NOT_FOUND, "");
        return;
    }
    /* reference: counts as a renewal whatever the answer */
    out->heartbeat = held.slot;
    out->spread = spread_of(command->origin, command->replication, command->from_zone);
    if (command->replication && command->dirty_timestamp > held.instance.dirty_timestamp) {
        out->err = ERR_NOT_FOUND;
    } else if (command->replication && command->dirty_timestamp < held.instance.dirty_timestamp) {
        out->err = ERR_CONFLICT;
    }
}

void decide_cancel(const struct registry *registry, const struct rules *rules,
                   const struct msg_cancel *command, int64_t now_ns, struct decision *out)
{
    struct identity id = {command->env, command->appid, command->zone, command->hostname};
    struct change *change;
    struct held held;

    decision_begin(out);
    if (!identity_fits(&id, out) ||
        !given_fits(command->latest_timestamp, !command->replication && !command->from_zone, out) ||
        !may_write(rules, &id, command->origin, out)) {
        return;
    }
    held = held_of(registry, &id);
    if (!held.live) {
        decision_refuse(out, ERR_NOT_FOUND, "");
        return;
    }
    change = decision_add(out, CHANGE_CANCEL, now_ns);
    change->spread = spread_of(command->origin, command->replication, command->from_zone);
    change->instance.id = id;
    change->instance.dirty_timestamp = held.instance.dirty_timestamp;
    change->latest_timestamp =
        command->replication || command->from_zone
            ? app_latest_told(registry, &id, command->latest_timestamp, now_ns)
            : app_latest(registry, &id, command->latest_timestamp);
}

/* The place of the change decided so far for this hostname of a SET, 0 in it: none. There is
 * one change at most: applying it frees what a second one would borrow from. */
static uint16_t *place_of(const struct rules *rules, struct decision *out, struct str hostname)
{
    uint64_t mixed = hash64(hostname.data, hostname.len) * (rules->seed | 1);
    uint32_t at = (uint32_t)(mixed >> 32) % set_places;

    while (out->places[at] != 0 &&
           !str_eq(out->changes[out->places[at] - 1].instance.id.hostname, hostname)) {
        at = (at + 1) % set_places;
    }
    return &out->places[at];
}

/* What an instance takes in a record, about. */
static size_t size_of(const struct instance *instance)
{
    return instance->addrs.bytes.len + instance->metadata.bytes.len + instance->id.hostname.len +
           256;
}

static enum err set_metadata(const struct msg_host *host, const struct instance *before,
                             struct buf *store, struct instance *after)
{
    struct strs given;
    enum err err;

    if (host->metadata_null) {
        after->metadata = (struct strs){0};
        return ERR_OK;
    }
    err = metadata_normalise(host->metadata, store, &given);
    return err != ERR_OK ? err : metadata_merge(before->metadata, given, store, &after->metadata);
}

/* One host of a SET. own: all or none of them; a replicated set is judged host by host. */
static bool set_host(const struct registry *registry, const struct rules *rules,
                     const struct msg_set *command, const struct msg_host *host, bool own,
                     int64_t now_ns, struct decision *out)
{
    struct identity id = {command->env, command->appid, command->zone, host->hostname};
    struct held held = held_of(registry, &id);
    struct instance after;
    struct change *change;
    uint16_t *place;
    int64_t stamp = command->set_timestamp != 0 ? command->set_timestamp : now_ns;

    if (!held.live) {
        decision_refuse(out, ERR_INVALID, "");
        buf_printf(&out->text, "no live instance of hostname %.*s, appid %.*s, zone %.*s, env %.*s",
                   STR_ARG(id.hostname), STR_ARG(id.appid), STR_ARG(id.zone), STR_ARG(id.env));
        return false;
    }
    place = place_of(rules, out, id.hostname);
    change = *place != 0 ? &out->changes[*place - 1] : NULL;
    after = change != NULL ? change->instance : held.instance;
    if (own) {
        if (is_at_ceiling(after.dirty_timestamp, &id, out)) {
            return false;
        }
        stamp = max_i64(stamp, timestamp_after(after.dirty_timestamp));
    } else if (stamp <= after.dirty_timestamp) {
        return true; /* what is held is as new */
    }
    if (command->metadatas_given) {
        struct instance before = after;

        if (set_metadata(host, &before, &out->store, &after) != ERR_OK) {
            decision_refuse(out, ERR_INVALID, "metadata would have more than 64 keys or 16 KiB");
            return false;
        }
        after.metadata_null = false;
    }
    if (command->statuses_given) {
        after.status = host->status;
        /* reference: also when it was up already */
        after.up_timestamp = host->status == STATUS_UP ? stamp : after.up_timestamp;
    }
    after.dirty_timestamp = stamp;
    after.latest_timestamp = stamp;
    if (change == NULL) {
        change = decision_add(out, CHANGE_SET, now_ns);
        change->age_ms = -1; /* no sign of life */
        change->spread = spread_of(command->origin, command->replication, command->from_zone);
        *place = (uint16_t)out->count;
    }
    change->instance = after;
    out->set_bytes += size_of(&after);
    return true;
}

/* Room for every map this SET can make, so that no later one moves an earlier one. */
static void reserve_for_set(const struct registry *registry, const struct msg_set *command,
                            struct buf *store)
{
    struct str rest = command->hosts.bytes;
    size_t room = 0;
    struct msg host;

    while (msg_next(&rest, &host)) {
        struct identity id = {command->env, command->appid, command->zone, host.as_host.hostname};
        struct held held = held_of(registry, &id);

        /* normalised, then merged into all that earlier hosts may have added */
        room += host.as_host.metadata.bytes.len + metadata_packed_max +
                (held.live ? metadata_room(held.instance.metadata, host.as_host.metadata) : 0);
    }
    (void)buf_reserve(store, room);
}

static bool set_fits(const struct rules *rules, const struct msg_set *command, struct decision *out)
{
    struct str rest = command->hosts.bytes;
    struct identity id = {command->env, command->appid, command->zone, node_appid};
    struct msg host;

    if (command->hosts.count == 0 || command->hosts.count > set_hosts_max) {
        decision_refuse(out, ERR_INVALID, "set needs 1 to 1024 hostnames");
        return false;
    }
    if (!identity_fits(&id, out) ||
        !given_fits(command->set_timestamp, !command->replication && !command->from_zone, out) ||
        !may_write(rules, &id, command->origin, out)) {
        return false;
    }
    while (msg_next(&rest, &host)) {
        uint32_t status = host.as_host.status;

        if (host.type != MSG_TYPE_HOST || !name_fits(host.as_host.hostname)) {
            decision_refuse(out, ERR_INVALID, "every hostname must have 1 to 255 bytes");
            return false;
        }
        if (command->statuses_given && status != STATUS_UP && status != STATUS_WAITING) {
            decision_refuse(out, ERR_INVALID, "status must be 1 (up) or 2 (waiting)");
            return false;
        }
    }
    return true;
}

void decide_set(const struct registry *registry, const struct rules *rules,
                const struct msg_set *command, int64_t now_ns, struct decision *out)
{
    bool own = !command->replication && !command->from_zone;
    struct str rest = command->hosts.bytes;
    struct msg host;

    decision_begin(out);
    if (!set_fits(rules, command, out)) {
        return;
    }
    reserve_for_set(registry, command, &out->store);
    memset(out->places, 0, sizeof(out->places));
    out->set_bytes = 0;
    while (msg_next(&rest, &host)) {
        uint32_t before = out->count;

        if (set_host(registry, rules, command, &host.as_host, own, now_ns, out)) {
            if (out->set_bytes > set_bytes_max) {
                decision_refuse(out, ERR_INVALID,
                                "set would give over 4 MiB: name fewer hostnames");
                return;
            }
            continue;
        }
        if (own) {
            return; /* all or none: decision_refuse() has dropped the earlier hosts too */
        }
        out->count = before;
        out->err = ERR_OK; /* a peer's is judged host by host */
        out->text.len = 0;
    }
    for (uint32_t i = 0; i < out->count; i++) {
        out->changes[i].latest_timestamp =
            app_latest(registry, &out->changes[0].instance.id, now_ns) +
            (int64_t)i * latest_step_ns;
    }
}

void decide_removal(const struct registry *registry, uint32_t slot, enum change_kind kind,
                    int64_t now_ns, struct decision *out)
{
    struct instance instance;
    struct change *change;

    assert(!change_is_live(kind));
    decision_begin(out);
    registry_instance(registry, slot, &instance);
    change = decision_add(out, kind, now_ns);
    change->instance.id = instance.id;
    change->instance.dirty_timestamp = instance.dirty_timestamp;
    /* a tombstone's end is no news to anybody who watches the app */
    change->latest_timestamp =
        kind == CHANGE_FORGET ? 0 : app_latest(registry, &instance.id, now_ns);
}
