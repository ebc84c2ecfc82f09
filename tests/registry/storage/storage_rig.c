#include "tests/registry/storage/storage_rig.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/naming/convert.h"

static const int64_t some_time = 1700000000000000000;
static const struct strs some_addr = {1,
                                      {"\xab"
                                       "http://a:80",
                                       12}};

static void on_loaded(void *context, const struct change *change, const struct applied *applied)
{
    struct rig *self = context;

    (void)applied;
    self->loaded_count++;
    self->loaded_number =
        change->number > self->loaded_number ? change->number : self->loaded_number;
    self->loaded_age_ms =
        change->age_ms > self->loaded_age_ms ? change->age_ms : self->loaded_age_ms;
    if (change->kind == CHANGE_CANCEL && change->number == 0) {
        self->aged_at = change->at;
    }
}

static int64_t age_of(void *context, uint32_t slot)
{
    (void)context;
    return 1000 + slot;
}

void rig_init(struct rig *self, uint64_t seed)
{
    *self = (struct rig){.sim = disk_sim_new(seed)};
    clock_virtual_init(&self->clock, 1000, some_time);
    self->options = (struct storage_options){.disk = disk_sim_disk(self->sim),
                                             .clock = &self->clock.clock,
                                             .dir = RIG_DIR,
                                             .machine_boot = STR("boot-1"),
                                             .seed = seed,
                                             .allocate_bytes = 4096,
                                             .loaded = on_loaded,
                                             .age = age_of,
                                             .context = self};
}

void rig_fini(struct rig *self)
{
    rig_close(self);
    disk_sim_destroy(&self->sim);
    free(self->states);
}

static void note_state(struct rig *self)
{
    if (self->forgetful) {
        return;
    }
    if (self->seq >= self->state_count) {
        size_t count = (size_t)self->seq + 1;

        self->states = realloc(self->states, count * sizeof(self->states[0]));
        assert(self->states != NULL);
        memset(self->states + self->state_count, 0,
               (count - self->state_count) * sizeof(self->states[0]));
        self->state_count = count;
    }
    self->states[self->seq] = rig_fingerprint(self->registry);
}

enum err rig_try_open(struct rig *self)
{
    enum err err;

    assert(self->storage == NULL);
    self->options.context = self;
    self->loaded_count = 0;
    self->loaded_number = 0;
    self->loaded_age_ms = 0;
    self->aged_at = 0;
    self->options.seed++; /* another run, other epochs */
    self->registry = registry_new();
    err = storage_open(&self->options, self->registry, self->clock.at.mono_ms, &self->storage,
                       &self->restored);
    if (err != ERR_OK) {
        registry_destroy(&self->registry);
        return err;
    }
    self->seq = storage_position(self->storage).seq;
    if (self->seq >= self->state_count) {
        note_state(self);
    }
    return ERR_OK;
}

void rig_open(struct rig *self)
{
    enum err err = rig_try_open(self);

    assert(err == ERR_OK);
    (void)err;
}

void rig_close(struct rig *self)
{
    storage_close(&self->storage);
    registry_destroy(&self->registry);
}

/* The handles die first: what close does then reaches no file. */
void rig_kill(struct rig *self)
{
    disk_sim_kill(self->sim);
    disk_sim_die_after(self->sim, 0);
    rig_close(self);
    disk_sim_die_after(self->sim, UINT32_MAX);
}

void rig_power_cut(struct rig *self, enum disk_sim_keep keep, size_t bytes)
{
    disk_sim_power_cut(self->sim, keep, bytes);
    rig_kill(self);
    self->options.machine_boot =
        str_eq(self->options.machine_boot, STR("boot-1")) ? STR("boot-2") : STR("boot-1");
}

void rig_change(struct rig *self, struct buf *body, enum change_kind kind, uint32_t host)
{
    char name[32];
    struct change change = {
        .kind = kind,
        .spread = SPREAD_ZONE,
        .seq = self->seq + 1,
        .gateway = 7,
        .number = self->seq + 1,
        .at = some_time + (int64_t)self->seq + self->at_shift,
        .latest_timestamp = some_time + (int64_t)self->seq,
        .instance = {.id = {STR("dev"), STR("app.one"), STR("sh001"), {name, 0}},
                     .dirty_timestamp = some_time + (int64_t)self->seq},
    };
    struct msg msg;
    struct applied applied;

    change.instance.id.hostname.len = (size_t)snprintf(name, sizeof(name), "host-%" PRIu32, host);
    if (change_is_live(kind)) {
        change.instance.region = STR("sh");
        change.instance.version = STR("1");
        change.instance.addrs = some_addr;
        change.instance.status = STATUS_UP;
        change.instance.renew_timestamp = some_time + 5;
        change.instance.latest_timestamp = change.latest_timestamp;
    }
    self->seq++;
    msg_from_change(&change, &msg);
    msg_encode(body, &msg);
    registry_apply(self->registry, &change, &applied);
    note_state(self);
}

void rig_append(struct rig *self, enum change_kind kind, uint32_t host)
{
    struct buf body = {0};
    enum err err;

    rig_change(self, &body, kind, host);
    err = storage_append(self->storage, buf_str(&body), self->seq, self->seq);
    assert(err == ERR_OK);
    (void)err;
    buf_fini(&body);
}

enum err rig_set(struct rig *self, uint32_t host, uint32_t count)
{
    struct buf body = {0};
    uint64_t first = self->seq + 1;
    enum err err;

    for (uint32_t i = 0; i < count; i++) {
        rig_change(self, &body, CHANGE_SET, host + i);
    }
    err = storage_append(self->storage, buf_str(&body), first, self->seq);
    assert(err == ERR_OK);
    buf_fini(&body);
    return rig_commit(self);
}

enum err rig_register(struct rig *self, uint32_t host)
{
    rig_append(self, CHANGE_REGISTER, host);
    return rig_commit(self);
}

enum err rig_commit(struct rig *self)
{
    return storage_commit(self->storage, self->clock.at.mono_ms);
}

void rig_step_all(struct rig *self)
{
    int steps = 0;

    while (storage_step(self->storage, self->registry, self->clock.at.mono_ms)) {
        steps++;
        assert(steps < 1000); /* it finds an end */
    }
}

struct storage_position rig_position(const struct rig *self)
{
    return storage_position(self->storage);
}

struct storage_stats rig_stats(const struct rig *self)
{
    struct storage_stats stats;

    storage_stats(self->storage, &stats);
    return stats;
}

uint64_t rig_entry_print(const struct registry *registry, uint32_t slot)
{
    struct {
        struct hash128 key;
        uint64_t seq;
        uint64_t live;
        uint64_t hash;
        int64_t dirty;
    } entry;
    struct instance instance;

    memset(&entry, 0, sizeof(entry));
    entry.key = registry_slot_key(registry, slot);
    entry.seq = registry_slot_seq(registry, slot);
    entry.live = registry_is_live(registry, slot);
    registry_instance(registry, slot, &instance);
    entry.hash = entry.live ? instance_hash(&instance) : 0;
    entry.dirty = instance.dirty_timestamp;
    return hash64(&entry, sizeof(entry));
}

uint64_t rig_fingerprint(const struct registry *registry)
{
    uint64_t sum = 0;

    for (uint32_t slot = 0; slot < registry_slot_count(registry); slot++) {
        sum += registry_slot_used(registry, slot) ? rig_entry_print(registry, slot) : 0;
    }
    return sum;
}

uint64_t rig_state_since(const struct rig *self, uint64_t from)
{
    uint64_t now = rig_fingerprint(self->registry);

    for (uint64_t seq = from; seq < self->state_count; seq++) {
        if (self->states[seq] == now) {
            return seq;
        }
    }
    return UINT64_MAX;
}

struct search {
    const char *prefix;
    const char *suffix;
    char *path;
    uint32_t count;
};

static void on_name(void *context, const char *name)
{
    struct search *self = context;
    size_t len = strlen(name);
    size_t suffix = strlen(self->suffix);

    if (strncmp(name, self->prefix, strlen(self->prefix)) != 0 || len < suffix ||
        strcmp(name + len - suffix, self->suffix) != 0) {
        return;
    }
    self->count++;
    if (self->path != NULL && self->count == 1) {
        (void)snprintf(self->path, 256, "%s/%s", RIG_DIR, name);
    }
}

bool rig_file(const struct rig *self, const char *prefix, const char *suffix, char path[256])
{
    struct disk *disk = disk_sim_disk(self->sim);
    struct search search = {.prefix = prefix, .suffix = suffix, .path = path};

    (void)disk->list(disk, RIG_DIR, on_name, &search);
    return search.count > 0;
}

uint32_t rig_file_count(const struct rig *self, const char *prefix, const char *suffix)
{
    struct disk *disk = disk_sim_disk(self->sim);
    struct search search = {.prefix = prefix, .suffix = suffix};

    (void)disk->list(disk, RIG_DIR, on_name, &search);
    return search.count;
}

static bool follows(struct str records, uint64_t after, uint32_t count)
{
    while (count > 0) {
        struct msg msg;
        struct change change;

        if (msg_decode(&records, &msg) != ERR_OK || change_from_msg(&msg, &change) != ERR_OK ||
            change.seq != ++after) {
            return false;
        }
        count--;
    }
    return records.len == 0;
}

int64_t rig_history(struct rig *self, uint64_t after_seq, size_t bytes)
{
    int64_t sum = 0;

    for (;;) {
        struct buf records = {0};
        uint32_t count;
        uint64_t last;
        enum err err = storage_history(self->storage, after_seq, bytes, &records, &count, &last);

        if (err != ERR_OK) {
            buf_fini(&records);
            return err;
        }
        assert(last == after_seq + count && follows(buf_str(&records), after_seq, count));
        assert(records.len <= bytes || count == 1);
        buf_fini(&records);
        if (count == 0) {
            return sum;
        }
        sum += count;
        after_seq = last;
    }
}
