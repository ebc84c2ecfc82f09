/* A snapshot file: the whole registry, written a slice at a time while it goes
 * on changing. Every record carries the seq of its entry's last change and the
 * segment begun with the snapshot is replayed over it, so the mixture of older and newer
 * entries comes out right; that is why it takes its name only when that segment
 * is synced up to FOOT's seq. Live entries come first, app by app in order of zones and
 * hostnames: so loaded, each finds what it needs where the one before it left it.
 *
 *   snapshot-0000000000000064.dat
 *     HEAD {seq 100}  [PUT, GONE, PUT, …]  […]  FOOT {count, seq 117}
 */
#ifndef ACTORS_REGISTRY_STORAGE_SNAPSHOT_H
#define ACTORS_REGISTRY_STORAGE_SNAPSHOT_H

#include "actors/registry/storage/damage.h"
#include "actors/registry/storage/storage.h"
#include "common/journal/volume.h"
#include "common/wire/codec.h"

struct snapshot {
    struct volume *volume; /* borrowed */
    struct name name;
    int file; /* owned; -1: none is being written */
    uint64_t seq;
    int64_t at;      /* wall ns: of the piece being written, told with tombstones' ages */
    uint64_t bytes;  /* written */
    uint64_t synced; /* of them known to be on disk */
    uint64_t count;  /* of records */
    uint32_t next_app;
    struct buf place; /* owned; zone and hostname of its last written; empty: none yet */
    size_t place_zone_len;
    uint32_t next_slot; /* after all apps: of the tombstones */
    struct buf frame;   /* owned */
};

/* Errors of all four: ERR_IO, reason in volume; only snapshot_drop is allowed after one. */
enum err snapshot_begin(struct snapshot *self, struct volume *volume, const struct msg_head *head);

/* A bounded piece. *done: all slots are written. */
enum err snapshot_slice(struct snapshot *self, const struct registry *registry, storage_age_fn *age,
                        void *context, bool *done);

/* FOOT with seq, synced and closed; still a .tmp. */
enum err snapshot_finish(struct snapshot *self, uint64_t seq);

/* Takes its name. The directory is not synced. */
enum err snapshot_publish(struct snapshot *self);

/* Closes, and removes what is unfinished. Fine at any time. */
void snapshot_drop(struct snapshot *self);

struct snapshot_loaded {
    bool whole;        /* false: the valid prefix was taken */
    uint64_t epoch;    /* 0: not even a HEAD */
    uint64_t seq;      /* HEAD's: segments after it follow */
    uint64_t foot_seq; /* the segments must reach this; not whole: the greatest met */
    int64_t highest_at;
    uint64_t bytes;  /* of the valid part: where the damage is */
    const char *why; /* static; not whole: what is wrong */
};

struct snapshot_sink {
    struct registry *registry;
    storage_loaded_fn *each; /* may be NULL */
    void *context;           /* of each */
    struct damage *damage;   /* told of records that are not sound: they are not applied */
};

/* Applies what is valid. Errors: ERR_IO: it can't be read: nothing is known of what it holds. */
enum err snapshot_load(struct volume *volume, uint64_t seq, const struct snapshot_sink *sink,
                       struct snapshot_loaded *out);

#endif
