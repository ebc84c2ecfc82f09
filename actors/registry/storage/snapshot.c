#include "actors/registry/storage/snapshot.h"

#include <assert.h>

#include "actors/registry/storage/head.h"
#include "actors/registry/storage/name.h"
#include "common/journal/reader.h"
#include "common/naming/convert.h"

/* One slice: about 1 ms of CPU. */
static const uint32_t slice_slots_max = 1000;
static const size_t slice_bytes_max = (size_t)256 << 10;
static const size_t frame_bytes = (size_t)64 << 10;
/* Synced as it grows, so that no single sync has to wait for the whole file. */
static const uint64_t sync_step_bytes = UINT64_C(2) << 20;

static enum err write_frame(struct snapshot *self, size_t mark)
{
    enum err err;

    record_end(&self->frame, mark);
    err =
        volume_write(self->volume, self->file, self->name.text, self->bytes, buf_str(&self->frame));
    self->bytes += self->frame.len;
    self->frame.len = 0;
    return err;
}

static enum err write_message(struct snapshot *self, const struct msg *msg)
{
    size_t mark = record_begin(&self->frame);

    msg_encode(&self->frame, msg);
    return write_frame(self, mark);
}

static void go_to_app(struct snapshot *self, uint32_t app)
{
    self->next_app = app;
    self->place.len = 0;
    self->place_zone_len = 0;
}

enum err snapshot_begin(struct snapshot *self, struct volume *volume, const struct msg_head *head)
{
    struct msg msg = {.type = MSG_TYPE_HEAD, .as_head = *head};
    enum err err;

    assert(self->file < 0);
    self->volume = volume;
    self->name = name_make(NAME_SNAPSHOT_TMP, head->seq);
    self->seq = head->seq;
    self->bytes = 0;
    self->synced = 0;
    self->count = 0;
    go_to_app(self, 0);
    self->next_slot = 0;
    self->frame.len = 0;
    err = volume_open(volume, self->name.text, DISK_CREATE, &self->file);
    return err == ERR_OK ? write_message(self, &msg) : err;
}

/* Tombstones are CANCELs and live entries REGISTERs, whatever made them so. */
static void add_entry(struct snapshot *self, const struct registry *registry, uint32_t slot,
                      int64_t age_ms)
{
    struct app_info app;
    struct change change = {
        .kind = registry_is_live(registry, slot) ? CHANGE_REGISTER : CHANGE_CANCEL,
        .seq = registry_slot_seq(registry, slot),
        .age_ms = age_ms,
        .at = registry_is_live(registry, slot) ? 0 : self->at,
    };
    struct msg msg;

    registry_app(registry, registry_slot_app(registry, slot), &app);
    change.latest_timestamp = app.latest_timestamp;
    registry_instance(registry, slot, &change.instance);
    msg_from_change(&change, &msg);
    msg_encode(&self->frame, &msg);
    self->count++;
}

/* Written slot by slot, behind the instances, which stand in the order of their names. */
static bool is_behind(const struct registry *registry, uint32_t slot)
{
    return !registry_is_live(registry, slot) || registry_is_schedule(registry, slot);
}

/* Entries that are to be written next, none at the end or when enough was looked at. */
static struct order_run next_run(struct snapshot *self, const struct registry *registry,
                                 uint32_t *looked)
{
    for (; self->next_app < registry_app_count(registry); go_to_app(self, self->next_app + 1)) {
        struct str place = buf_str(&self->place);
        struct str zone = {place.data, self->place_zone_len};
        struct str hostname = {zone.len > 0 ? place.data + zone.len : place.data,
                               place.len - zone.len};
        struct order_run run = {0};

        if (registry_app_used(registry, self->next_app)) {
            run = registry_run_after(registry, self->next_app, zone, hostname);
        }
        if (run.count > 0 || ++*looked >= slice_slots_max) {
            return run;
        }
    }
    for (; self->next_slot < registry_slot_count(registry); self->next_slot++) {
        if (registry_slot_used(registry, self->next_slot) && is_behind(registry, self->next_slot)) {
            return (struct order_run){&self->next_slot, 1};
        }
        if (++*looked >= slice_slots_max) {
            break;
        }
    }
    return (struct order_run){0};
}

static bool at_end(const struct snapshot *self, const struct registry *registry)
{
    return self->next_app >= registry_app_count(registry) &&
           self->next_slot >= registry_slot_count(registry);
}

static void note_place(struct snapshot *self, const struct registry *registry, uint32_t slot)
{
    struct instance instance;

    if (is_behind(registry, slot)) {
        self->next_slot++;
        return;
    }
    registry_instance(registry, slot, &instance);
    self->place.len = 0;
    buf_add_str(&self->place, instance.id.zone);
    self->place_zone_len = self->place.len;
    buf_add_str(&self->place, instance.id.hostname);
}

/* Fills the frame that began at mark; what does not fit begins the next one. */
static void fill_frame(struct snapshot *self, const struct registry *registry, size_t mark,
                       uint32_t *looked, storage_age_fn *age, void *context)
{
    struct order_run run;

    bool fits = true;

    while (fits && *looked < slice_slots_max && self->frame.len < frame_bytes &&
           (run = next_run(self, registry, looked)).count > 0) {
        uint32_t i = 0;

        for (; i < run.count && self->frame.len < frame_bytes; i++, ++*looked) {
            uint32_t slot = run.slots[i];
            size_t before = self->frame.len;

            add_entry(self, registry, slot, age != NULL ? age(context, slot) : 0);
            if (before > mark + record_head_bytes && self->frame.len > frame_max) {
                self->frame.len = before; /* a giant */
                self->count--;
                fits = false;
                break;
            }
        }
        if (i > 0) {
            note_place(self, registry, run.slots[i - 1]);
        }
    }
}

enum err snapshot_slice(struct snapshot *self, const struct registry *registry, storage_age_fn *age,
                        void *context, bool *done)
{
    uint64_t began = self->bytes;
    uint32_t looked = 0;
    enum err err = ERR_OK;

    assert(self->file >= 0);
    self->at = self->volume->clock->now(self->volume->clock).wall_ns;
    while (err == ERR_OK && !at_end(self, registry) && looked < slice_slots_max &&
           self->bytes - began < slice_bytes_max) {
        size_t mark = record_begin(&self->frame);

        fill_frame(self, registry, mark, &looked, age, context);
        if (self->frame.len > mark + record_head_bytes) {
            err = write_frame(self, mark);
        }
        self->frame.len = 0;
    }
    if (err == ERR_OK && self->bytes - self->synced >= sync_step_bytes) {
        err = volume_sync(self->volume, self->file, self->name.text);
        self->synced = self->bytes;
    }
    if (err == ERR_OK) {
        *done = at_end(self, registry);
    }
    return err;
}

enum err snapshot_finish(struct snapshot *self, uint64_t seq)
{
    struct msg msg = {.type = MSG_TYPE_FOOT, .as_foot = {.count = self->count, .seq = seq}};
    enum err err = write_message(self, &msg);

    if (err == ERR_OK) {
        err = volume_sync(self->volume, self->file, self->name.text);
    }
    if (err == ERR_OK) {
        volume_close(self->volume, &self->file);
    }
    return err;
}

enum err snapshot_publish(struct snapshot *self)
{
    struct name name = name_make(NAME_SNAPSHOT, self->seq);
    enum err err = volume_rename(self->volume, self->name.text, name.text);

    self->name = err == ERR_OK ? name : self->name;
    return err;
}

void snapshot_drop(struct snapshot *self)
{
    uint64_t seq;

    if (self->volume != NULL) {
        volume_close(self->volume, &self->file);
        if (name_parse(self->name.text, &seq) == NAME_SNAPSHOT_TMP) {
            (void)volume_remove(self->volume, self->name.text);
        }
    }
    self->name.text[0] = '\0';
    buf_fini(&self->frame);
    buf_fini(&self->place);
}

/* ── loading ────────────────────────────────────────────────────────────────*/

struct loading {
    const struct snapshot_sink *sink;
    uint64_t file_bytes;
    uint64_t count;
    uint64_t greatest_seq;
    struct frame_changes changes; /* owned; of the frame in hand */
};

/* The changes of a frame of a snapshot, or none of them. */
static bool changes_valid(const struct frame_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        const struct change *change = &changes->items[i].change;

        if (change->seq > seq_max ||
            (!change_is_live(change->kind) && change->kind != CHANGE_CANCEL)) {
            return false;
        }
    }
    return true;
}

/* The frame begins at that offset. */
static void changes_apply(struct loading *self, uint64_t at)
{
    const struct snapshot_sink *sink = self->sink;

    for (size_t i = 0; i < self->changes.count; i++) {
        const struct frame_change *item = &self->changes.items[i];
        const struct change *change = &item->change;
        struct applied applied;

        self->count++;
        if (item->fault != NULL) {
            damage_unsound(sink->damage, at, item);
            continue;
        }
        registry_apply_keyed(sink->registry, change, item->key, &applied);
        seq_raise(&self->greatest_seq, change->seq);
        if (sink->each != NULL) {
            sink->each(sink->context, change, &applied);
        }
    }
}

enum { entry_bytes_min = 64 };

/* The first frame tells about how many entries the file has. */
static void expect_all(struct loading *self, size_t frame_len)
{
    uint64_t most = self->file_bytes / entry_bytes_min;
    uint64_t about = (self->file_bytes / frame_len + 1) * self->changes.count;

    if (self->count == 0) {
        about = about < most ? about : most;
        registry_reserve(self->sink->registry,
                         about < UINT32_MAX / 2 ? (uint32_t)about : UINT32_MAX / 2);
    }
}

/* NULL: whole. */
static const char *load_frames(struct loading *self, struct reader *reader, uint64_t *at)
{
    struct frame_changes *changes = &self->changes;
    const struct msg_foot *foot = &changes->foot;
    struct str body;
    enum record_state state;

    while ((state = reader_next(reader, &body, at)) == RECORD_OK && !changes->is_foot) {
        if (!frame_read(changes, body, self->sink->registry) || !changes_valid(changes)) {
            return "a record that is none of a snapshot's";
        }
        if (!changes->is_foot) {
            expect_all(self, body.len);
            changes_apply(self, *at);
        }
    }
    if (!changes->is_foot) {
        return state == RECORD_DAMAGED ? "a bad checksum" : "cut short";
    }
    if (state != RECORD_END) {
        return "something behind the end";
    }
    if (foot->count != self->count || foot->seq < self->greatest_seq || foot->seq > seq_max) {
        return "not as many records as its end says";
    }
    return NULL;
}

enum err snapshot_load(struct volume *volume, uint64_t seq, const struct snapshot_sink *sink,
                       struct snapshot_loaded *out)
{
    struct name name = name_make(NAME_SNAPSHOT, seq);
    struct loading loading = {.sink = sink};
    struct reader reader;
    struct msg_head head;
    enum err err;

    *out = (struct snapshot_loaded){.why = "no valid head"};
    if (reader_init(&reader, volume, name.text, 0, UINT64_MAX) != ERR_OK) {
        return ERR_IO;
    }
    err = head_read(&reader, &head);
    if (err != ERR_OK || head.seq != seq) {
        reader_fini(&reader);
        return err == ERR_IO ? ERR_IO : ERR_OK;
    }
    out->epoch = head.epoch;
    out->seq = head.seq;
    out->highest_at = head.highest_at;
    loading.file_bytes = reader.size;
    out->why = load_frames(&loading, &reader, &out->bytes);
    out->whole = out->why == NULL;
    out->foot_seq = seq;
    seq_raise(&out->foot_seq, loading.greatest_seq);
    seq_raise(&out->foot_seq, out->whole ? loading.changes.foot.seq : 0);
    frame_changes_fini(&loading.changes);
    reader_fini(&reader);
    return reader.unreadable ? ERR_IO : ERR_OK;
}
