#include "actors/registry/storage/storage.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/registry/storage/damage.h"
#include "actors/registry/storage/head.h"
#include "actors/registry/storage/history.h"
#include "actors/registry/storage/name.h"
#include "actors/registry/storage/recovery.h"
#include "actors/registry/storage/retention.h"
#include "actors/registry/storage/snapshot.h"
#include "common/base/prng.h"
#include "common/journal/journal.h"
#include "common/journal/record.h"

static const int64_t retry_ms = 10000;
static const int64_t patience_ms = 10000; /* of a start, with what the moment keeps it from */
static const int64_t sync_every_ms = 1000;
static const uint64_t snapshot_bytes_default = UINT64_C(64) << 20;
static const uint64_t allocate_bytes_default = UINT64_C(1) << 20;
static const int64_t keep_ms_default = 60000;
static const uint32_t uncovered_segments_max = 64; /* a registry restarted in a loop leaves many */

/*   OK ──journal fails──► FAILED ──every 10 s──► HEALING ──snapshot in place──► OK
 *                           ▲──────anything fails──────┘
 * While HEALING changes go to the new segment, still a .tmp, as its snapshot is. */
enum state { OK, FAILED, HEALING };

struct storage {
    struct storage_options options; /* dir and machine_boot: owned copies */
    struct volume volume;
    struct prng prng;
    int lock;
    enum state state;
    char reason[sizeof(((struct volume *)0)->reason)]; /* of the failure */
    int64_t trouble;                                   /* its negative errno */
    int64_t retry_due_ms;
    uint64_t failure_count;

    uint64_t epoch;
    uint64_t seq;  /* of the last committed change */
    uint64_t kept; /* of the last one that no failure can take away any more, as far as we know */
    uint64_t appended; /* of the last appended one; above seq only within a turn */
    int64_t highest_at;
    struct buf turn; /* frames of this turn */

    struct journal journal;   /* the segment that is written */
    uint64_t written;         /* of its bytes: to here without this turn's */
    int64_t synced_ms;        /* mode 1s: the last sync */
    struct segments segments; /* the older ones; history ends with the journal's */

    struct snapshot snapshot; /* being written while its file is >= 0 */
    int64_t snapshot_due_ms;  /* not before, after one could not be written */
    uint64_t snapshot_seq;    /* of the last whole one */
    uint64_t snapshot_bytes;
    struct retention retention;
    struct damage damage;
};

enum err storage_sync_from(struct str name, enum storage_sync *sync)
{
#define STORAGE_SYNC_NAME(NAME, text)                                                              \
    if (str_eq(name, STR(text))) {                                                                 \
        *sync = STORAGE_SYNC_##NAME;                                                               \
        return ERR_OK;                                                                             \
    }
    STORAGE_SYNC_TABLE(STORAGE_SYNC_NAME)
#undef STORAGE_SYNC_NAME
    return ERR_INVALID;
}

static void draw_epoch(struct storage *self)
{
    do {
        self->epoch = prng_next(&self->prng);
    } while (self->epoch == 0);
}

static struct msg_head head_of(struct storage *self, const struct registry *registry)
{
    int64_t at = registry_highest_at(registry);

    self->highest_at = at > self->highest_at ? at : self->highest_at;
    return (struct msg_head){.format = head_format,
                             .epoch = self->epoch,
                             .seq = self->seq,
                             .machine_boot = self->options.machine_boot,
                             .highest_at = self->highest_at,
                             .always = self->options.sync == STORAGE_SYNC_ALWAYS};
}

/* In order: what the file holds is all there was to be in it. */
static enum err finish(struct journal *journal)
{
    const struct segment *segment = &journal->segment;
    struct msg foot = {
        .type = MSG_TYPE_FOOT,
        .as_foot = {.count = segment->last_seq - segment->prev_seq, .seq = segment->last_seq}};

    return journal_finish(journal, &foot);
}

/* ── failing and healing ────────────────────────────────────────────────────*/

/* So that a start which finds the disk as it was before the failure does not go on as if nothing
 * had been published since. The disk may refuse this too: then what is missing shows as a gap. */
static void mark_failed(struct storage *self)
{
    int file = -1;

    if (volume_open(&self->volume, "failed", DISK_CREATE, &file) == ERR_OK) {
        volume_close(&self->volume, &file);
        (void)volume_sync_dir(&self->volume);
    }
}

/* seen: files of the present epoch may be found by the next start. As long as none can be, failing
 * again and again does not begin epoch after epoch, each of which costs every
 * follower a whole snapshot. */
static void fail(struct storage *self, int64_t now_ms, bool seen)
{
    bool was_ok = self->state == OK;

    memcpy(self->reason, self->volume.reason, sizeof(self->reason));
    self->trouble = self->volume.trouble;
    if (was_ok || seen) {
        draw_epoch(self);
        mark_failed(self);
    }
    if (was_ok && self->journal.published) {
        /* Kept for what it is: a file that can be removed once a snapshot covers it. */
        segments_add(&self->segments, &self->journal.segment);
    }
    journal_drop(&self->journal);
    segment_fini(&self->journal.segment);
    snapshot_drop(&self->snapshot);
    self->turn.len = 0;
    self->segments.history_from = self->segments.count;
    self->state = FAILED;
    self->retry_due_ms = now_ms + retry_ms;
    retention_hurry(&self->retention, now_ms); /* it may be room that is wanting */
    self->failure_count++;
    log_event(self->volume.log, was_ok ? LOG_ERROR : LOG_WARN, "storage_failed",
              "%s: changes are kept in memory only; trying again every %" PRId64
              " s: free or repair the disk under %s",
              self->reason, retry_ms / 1000, self->options.dir);
}

static void heal_begin(struct storage *self, const struct registry *registry, int64_t now_ms)
{
    struct msg_head head = head_of(self, registry);
    enum err err = head_begin(&self->journal, &self->volume, &head, self->options.allocate_bytes);

    self->state = HEALING;
    self->written = self->journal.segment.bytes;
    if (err == ERR_OK) {
        err = snapshot_begin(&self->snapshot, &self->volume, &head);
    }
    if (err != ERR_OK) {
        fail(self, now_ms, false);
    }
}

void storage_forget_lost(struct storage *self)
{
    damage_forget(&self->damage, &self->volume);
}

static void healed(struct storage *self)
{
    self->state = OK;
    self->kept = self->seq;
    damage_keep_lost(&self->damage, &self->volume);
    damage_set_aside(&self->damage, &self->volume);
    (void)volume_remove(&self->volume, "failed"); /* mostly not there */
    (void)volume_sync_dir(&self->volume);
    segments_drop_empty(&self->segments, self->snapshot_seq);
    self->segments.history_from = self->segments.count;
    if (self->failure_count > 0) {
        log_event(self->volume.log, LOG_INFO, "storage_ok",
                  "changes are kept on disk again, from seq %" PRIu64 " on", self->snapshot_seq);
    }
}

/* ── snapshots ──────────────────────────────────────────────────────────────*/

static void put_off(struct storage *self, int64_t now_ms)
{
    log_event(self->volume.log, LOG_WARN, "snapshot_failed",
              "%s: the journal goes on; trying again in %" PRId64 " s", self->volume.reason,
              retry_ms / 1000);
    snapshot_drop(&self->snapshot);
    self->snapshot_due_ms = now_ms + retry_ms;
}

/* The present segment ends in order and one with nothing in it takes its place. */
static void rotate(struct storage *self, const struct msg_head *head, int64_t now_ms)
{
    struct journal next;
    enum err err = head_begin(&next, &self->volume, head, self->options.allocate_bytes);

    if (err != ERR_OK) {
        journal_drop(&next);
        put_off(self, now_ms);
        return;
    }
    err = finish(&self->journal);
    segments_add(&self->segments, &self->journal.segment);
    self->journal = next;
    self->written = next.segment.bytes;
    if (err == ERR_OK) {
        err = journal_publish(&self->journal);
    }
    if (err == ERR_OK) {
        err = volume_sync_dir(&self->volume);
    }
    if (err != ERR_OK) {
        fail(self, now_ms, true);
    }
}

static void snapshot_start(struct storage *self, const struct registry *registry, int64_t now_ms)
{
    struct msg_head head = head_of(self, registry);

    if (snapshot_begin(&self->snapshot, &self->volume, &head) != ERR_OK) {
        put_off(self, now_ms);
    } else if (self->journal.segment.last_seq > self->journal.segment.prev_seq) {
        rotate(self, &head, now_ms);
    }
}

static void snapshot_end(struct storage *self, int64_t now_ms)
{
    bool healing = self->state == HEALING;
    bool seen = false;
    enum err err = journal_sync(&self->journal);

    if (err != ERR_OK) {
        fail(self, now_ms, false);
        return;
    }
    err = snapshot_finish(&self->snapshot, self->seq);
    if (err == ERR_OK && healing) {
        seen = true;
        err = journal_publish(&self->journal);
    }
    if (err == ERR_OK) {
        err = snapshot_publish(&self->snapshot);
    }
    if (err == ERR_OK) {
        err = volume_sync_dir(&self->volume);
    }
    if (err != ERR_OK && healing) {
        fail(self, now_ms, seen);
        return;
    }
    if (err != ERR_OK) {
        put_off(self, now_ms);
        return;
    }
    if (self->snapshot_seq != 0 && self->snapshot_seq != self->snapshot.seq) {
        names_add(&self->retention.snapshots, name_make(NAME_SNAPSHOT, self->snapshot_seq));
    }
    self->snapshot_seq = self->snapshot.seq;
    self->snapshot_bytes = self->snapshot.bytes;
    retention_covered(&self->retention, self->snapshot_seq, now_ms);
    snapshot_drop(&self->snapshot);
    if (healing) {
        healed(self);
    }
}

static void snapshot_go_on(struct storage *self, const struct registry *registry, int64_t now_ms)
{
    bool done = false;
    enum err err =
        snapshot_slice(&self->snapshot, registry, self->options.age, self->options.context, &done);

    if (err != ERR_OK && self->state == HEALING) {
        fail(self, now_ms, false);
    } else if (err != ERR_OK) {
        put_off(self, now_ms);
    } else if (done) {
        snapshot_end(self, now_ms);
    }
}

static bool snapshot_wanted(const struct storage *self)
{
    uint64_t bytes = self->written;
    uint32_t count = 1;
    uint64_t limit = self->options.snapshot_bytes;

    for (size_t i = 0; i < self->segments.count; i++) {
        if (self->segments.items[i].prev_seq >= self->snapshot_seq) {
            bytes += self->segments.items[i].bytes;
            count++;
        }
    }
    limit = self->snapshot_bytes > limit ? self->snapshot_bytes : limit;
    return bytes > limit || count > uncovered_segments_max;
}

/* ── the turn ───────────────────────────────────────────────────────────────*/

static void add_frame(struct storage *self, struct str body, uint64_t last_seq)
{
    size_t mark = record_begin(&self->turn);

    buf_add_str(&self->turn, body);
    record_end(&self->turn, mark);
    segment_extend(&self->journal.segment, self->appended + 1, last_seq, self->turn.len - mark);
    self->appended = last_seq;
}

/* As much of the body as goes into one frame, whole messages; taken off it. Empty: not even one. */
static struct str take_piece(struct str *body, uint64_t *last_seq)
{
    struct str rest = *body;
    struct str piece = {body->data, 0};
    struct msg msg;

    while (msg_decode(&rest, &msg) == ERR_OK && (size_t)(rest.data - body->data) <= frame_max) {
        piece.len = (size_t)(rest.data - body->data);
        ++*last_seq;
    }
    *body = (struct str){body->data + piece.len, body->len - piece.len};
    return piece;
}

enum err storage_append(struct storage *self, struct str body, uint64_t first_seq,
                        uint64_t last_seq)
{
    uint64_t seq = self->appended;

    assert(first_seq == self->appended + 1 && last_seq >= first_seq && body.len > 0);
    for (struct str rest = body; body.len > frame_max && rest.len > 0;) {
        if (take_piece(&rest, &seq).len == 0) {
            return ERR_TOO_LARGE;
        }
    }
    if (self->state == FAILED) {
        self->appended = last_seq;
        return ERR_OK;
    }
    while (body.len > frame_max) {
        struct str piece;

        seq = self->appended;
        piece = take_piece(&body, &seq);
        add_frame(self, piece, seq);
    }
    add_frame(self, body, last_seq);
    return ERR_OK;
}

static enum err write_turn(struct storage *self)
{
    enum err err;

    if (self->appended > seq_max) { /* no start would find what is numbered above it */
        return volume_failed(&self->volume, "number changes in", self->journal.name.text,
                             -EOVERFLOW);
    }
    err = journal_write(&self->journal, self->written, buf_str(&self->turn));
    self->written += self->turn.len;
    self->turn.len = 0;
    if (err == ERR_OK && self->options.sync == STORAGE_SYNC_ALWAYS) {
        err = journal_sync(&self->journal);
    }
    return err;
}

enum err storage_commit(struct storage *self, int64_t now_ms)
{
    enum err err = self->turn.len > 0 ? write_turn(self) : ERR_OK;

    self->seq = self->appended;
    if (err == ERR_OK && self->state == OK && self->options.sync != STORAGE_SYNC_SECOND) {
        self->kept = self->seq;
    }
    if (err != ERR_OK) {
        fail(self, now_ms, false);
    }
    return self->state == OK ? ERR_OK : ERR_IO;
}

static void sync_each_second(struct storage *self, int64_t now_ms)
{
    if (self->options.sync != STORAGE_SYNC_SECOND || self->state != OK ||
        now_ms - self->synced_ms < sync_every_ms) {
        return;
    }
    self->synced_ms = now_ms;
    if (journal_sync(&self->journal) != ERR_OK) {
        fail(self, now_ms, true);
    } else {
        self->kept = self->seq;
    }
}

bool storage_step(struct storage *self, const struct registry *registry, int64_t now_ms)
{
    if (self->appended != self->seq) {
        return true; /* only between turns is the registry what the journal says */
    }
    sync_each_second(self, now_ms);
    if (self->state == FAILED && now_ms >= self->retry_due_ms) {
        heal_begin(self, registry, now_ms);
    } else if (self->snapshot.file >= 0) {
        snapshot_go_on(self, registry, now_ms);
    } else if (self->state == OK && now_ms >= self->snapshot_due_ms && snapshot_wanted(self)) {
        snapshot_start(self, registry, now_ms);
    } else if (retention_removable(&self->retention, now_ms)) {
        retention_remove(&self->retention, now_ms);
    } else {
        return false;
    }
    return self->snapshot.file >= 0 || retention_removable(&self->retention, now_ms);
}

bool storage_last_try(struct storage *self, const struct registry *registry, int64_t now_ms)
{
    if (self->state == FAILED) {
        heal_begin(self, registry, now_ms);
    }
    while (self->state == HEALING) {
        snapshot_go_on(self, registry, now_ms);
    }
    return self->state == OK;
}

struct storage_position storage_position(const struct storage *self)
{
    return (struct storage_position){.epoch = self->epoch, .seq = self->seq};
}

/* ── history ────────────────────────────────────────────────────────────────*/

enum err storage_history(struct storage *self, uint64_t after_seq, size_t max_bytes,
                         struct buf *records, uint32_t *count, uint64_t *last_seq)
{
    const struct segment *segment;
    enum err err;

    if (self->state != OK || after_seq > self->seq) {
        return ERR_STALE;
    }
    if (after_seq == self->seq) {
        *count = 0;
        *last_seq = after_seq;
        return ERR_OK;
    }
    segment = after_seq >= self->journal.segment.prev_seq
                  ? &self->journal.segment
                  : segments_find(&self->segments, after_seq + 1);
    if (segment == NULL) {
        return ERR_STALE;
    }
    err = history_read(&self->volume, segment,
                       segment == &self->journal.segment ? self->written : segment->bytes,
                       after_seq, max_bytes, records, count, last_seq);
    if (err != ERR_OK) {
        log_event(self->volume.log, LOG_WARN, "history_unreadable",
                  "%s: followers take a snapshot instead", self->volume.reason);
        return ERR_STALE;
    }
    return ERR_OK;
}

/* ── sums ───────────────────────────────────────────────────────────────────*/

void storage_stats(const struct storage *self, struct storage_stats *out)
{
    const struct segments *held = &self->segments;

    *out = (struct storage_stats){
        .ok = self->state == OK,
        .reason = self->state == OK ? "" : self->reason,
        .journal_bytes = self->state == FAILED ? 0 : self->written,
        .segment_count = (uint32_t)held->count + (self->state == OK ? 1 : 0),
        .history_seq = self->seq,
        .snapshot_seq = self->snapshot_seq,
        .snapshot_bytes = self->snapshot_bytes,
        .snapshot_running = self->snapshot.file >= 0,
        .sync_count = self->volume.sync_count,
        .sync_ns_max = self->volume.sync_ns_max,
        .sync_ns_total = self->volume.sync_ns_total,
        .failure_count = self->failure_count,
        .memory_changes = self->state == OK ? 0 : self->seq - self->kept,
        .damage_count = self->damage.count,
        .lost = self->damage.lost,
    };
    for (size_t i = 0; i < held->count; i++) {
        out->journal_bytes += held->items[i].bytes;
    }
    if (self->state == OK) {
        out->history_seq = held->history_from < held->count
                               ? held->items[held->history_from].prev_seq
                               : self->journal.segment.prev_seq;
    }
}

void storage_stats_reset_max(struct storage *self)
{
    self->volume.sync_ns_max = 0;
}

/* ── begin and end ──────────────────────────────────────────────────────────*/

static struct storage *storage_new(const struct storage_options *options)
{
    struct storage *self = calloc(1, sizeof(*self));
    struct storage_options *mine;
    char *boot;

    assert(self != NULL);
    self->options = *options;
    mine = &self->options;
    mine->snapshot_bytes =
        mine->snapshot_bytes != 0 ? mine->snapshot_bytes : snapshot_bytes_default;
    mine->allocate_bytes =
        mine->allocate_bytes != 0 ? mine->allocate_bytes : allocate_bytes_default;
    mine->keep_ms = mine->keep_ms != 0 ? mine->keep_ms : keep_ms_default;
    boot = malloc(options->machine_boot.len + 1);
    assert(boot != NULL);
    if (options->machine_boot.len > 0) {
        memcpy(boot, options->machine_boot.data, options->machine_boot.len);
    }
    mine->machine_boot = (struct str){boot, options->machine_boot.len};
    self->volume = (struct volume){.disk = options->disk,
                                   .clock = options->clock,
                                   .log = options->log,
                                   .dir = strdup(options->dir)};
    assert(self->volume.dir != NULL);
    mine->dir = self->volume.dir;
    prng_init(&self->prng, options->seed);
    self->lock = -1;
    self->journal.file = -1;
    self->snapshot.file = -1;
    retention_init(&self->retention, &self->volume, &self->segments, mine->keep_ms,
                   mine->snapshot_bytes);
    return self;
}

/* Goes on behind what was found: in a new segment, whose HEAD says who writes now. Errors: ERR_IO;
 * ERR_UNUSABLE, said: the last segment can't be opened. */
static enum err go_on(struct storage *self, const struct registry *registry, bool closed)
{
    struct msg_head head = head_of(self, registry);
    enum err err = ERR_OK;

    segments_drop_empty(&self->segments, self->seq); /* the new one takes its name */
    if (self->segments.count > 0 && !closed) {
        err = segment_trim(&self->segments.items[self->segments.count - 1], &self->volume);
    }
    if (err == ERR_OK) {
        err = head_begin(&self->journal, &self->volume, &head, self->options.allocate_bytes);
        self->written = self->journal.segment.bytes;
    }
    if (err == ERR_OK) {
        err = journal_publish(&self->journal);
    }
    return err == ERR_OK ? volume_sync_dir(&self->volume) : err;
}

/* Damage, or a doubt: everything is written anew at once, under a seq of its own so that no
 * file that is there is written over. */
static void begin_anew(struct storage *self, const struct registry *registry, int64_t now_ms)
{
    self->state = FAILED;
    heal_begin(self, registry, now_ms);
    while (self->state == HEALING) {
        snapshot_go_on(self, registry, now_ms);
    }
}

/* Whether what kept a start from writing is no matter of the disk: it would only go on in memory
 * where a person has to see to it. */
static bool is_refused(const struct storage *self)
{
    return self->state == FAILED && disk_trouble_of(self->trouble) != DISK_LASTING;
}

/* Errors: ERR_UNUSABLE, said. */
static enum err begin(struct storage *self, struct recovered *found,
                      const struct registry *registry, int64_t now_ms)
{
    bool anew = found->damage_count > 0 || found->marked_failed;
    enum err err;

    for (size_t i = 0; i < found->unfinished.count; i++) {
        (void)volume_remove(&self->volume, found->unfinished.items[i].text);
    }
    self->segments = found->segments;
    if (found->new_epoch != NULL) {
        self->segments.history_from = self->segments.count;
    }
    for (size_t i = 0; i < self->segments.count; i++) {
        if (self->segments.items[i].epoch == 0) {
            self->segments.items[i].free_ms = now_ms; /* was not even read */
        }
    }
    self->retention.snapshots = found->old_snapshots;
    self->snapshot_seq = found->snapshot_seq;
    self->snapshot_bytes = found->snapshot_bytes;
    self->highest_at = found->highest_at;
    self->epoch = found->epoch;
    self->seq = anew ? found->above + 1 : found->seq;
    self->appended = self->seq;
    self->kept = self->seq;
    self->damage = (struct damage){.files = found->damaged,
                                   .count = found->damage_count,
                                   .lost = found->lost,
                                   .lost_kept = !found->lost_now};
    self->synced_ms = now_ms;
    retention_covered(&self->retention, self->snapshot_seq, now_ms);
    found->segments = (struct segments){0};
    found->old_snapshots = (struct names){0};
    found->damaged = (struct names){0};
    if (found->new_epoch != NULL) {
        draw_epoch(self);
    }
    if (found->damage_count > 0) {
        damage_say(&self->damage, &self->volume);
    }
    damage_keep_lost(
        &self->damage,
        &self->volume); /* before anything is set aside: a start that is cut short finds it again */
    if (anew) {
        begin_anew(self, registry, now_ms);
    } else {
        err = go_on(self, registry, found->closed);
        if (err == ERR_UNUSABLE) {
            return err;
        }
        if (err != ERR_OK) {
            fail(self, now_ms, true);
        }
    }
    if (is_refused(self)) {
        return volume_refused(&self->volume, NULL);
    }
    log_event(self->volume.log, LOG_INFO, "storage_open",
              "epoch=%016" PRIx64 " seq=%" PRIu64 "%s%s", self->epoch, self->seq,
              found->new_epoch != NULL ? " a new epoch: " : "",
              found->new_epoch != NULL ? found->new_epoch : "");
    return ERR_OK;
}

static void storage_free(struct storage **self)
{
    struct storage *gone = *self;

    retention_fini(&gone->retention);
    segments_fini(&gone->segments);
    segment_fini(&gone->journal.segment);
    damage_fini(&gone->damage);
    buf_fini(&gone->turn);
    volume_close(&gone->volume, &gone->lock);
    free((char *)gone->options.machine_boot.data);
    free(gone->volume.dir);
    free(gone);
    *self = NULL;
}

enum err storage_open(const struct storage_options *options, struct registry *registry,
                      int64_t now_ms, struct storage **self, struct storage_restored *restored)
{
    struct storage *made = storage_new(options);
    struct recovered found;
    enum err err;

    made->volume.patience_ms = patience_ms;
    err = volume_take(&made->volume, &made->lock);
    if (err == ERR_OK) {
        err = recovery_run(&made->volume, &made->options, registry, &found);
    }
    if (err != ERR_OK) {
        storage_free(&made);
        return err;
    }
    *restored = (struct storage_restored){.restored = found.epoch != 0 || found.damage_count > 0,
                                          .highest_at = found.highest_at,
                                          .damage_count = found.damage_count};
    err = begin(made, &found, registry, now_ms);
    recovered_fini(&found);
    made->volume.patience_ms = 0;
    if (err != ERR_OK) {
        storage_free(&made);
        return err;
    }
    *self = made;
    return ERR_OK;
}

void storage_close(struct storage **self)
{
    struct storage *gone = *self;

    if (gone == NULL) {
        return;
    }
    snapshot_drop(&gone->snapshot);
    if (gone->state == OK && gone->appended == gone->seq && finish(&gone->journal) != ERR_OK) {
        log_event(gone->volume.log, LOG_ERROR, "storage_close", "%s", gone->volume.reason);
    }
    journal_drop(&gone->journal);
    storage_free(self);
}
