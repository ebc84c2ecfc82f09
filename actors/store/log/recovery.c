#include "actors/store/log/recovery.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/store/log/proof.h"
#include "common/base/array.h"

struct recovery {
    struct volume *volume;
    const struct log_identity *identity;
    struct log_recovered *out;
    size_t listed;          /* segments */
    struct log_head newest; /* of them, but for those with a bad head */
    const char *damage;     /* static; NULL: none */
    size_t damaged;         /* which segment */
    uint64_t offset;
};

static void forget_frames(struct log_recovered *self)
{
    for (size_t i = 0; i < self->frame_count; i++) {
        buf_fini(&self->frames[i].body);
    }
    self->frame_count = 0;
}

void log_recovered_fini(struct log_recovered *self)
{
    replay_fini(&self->replay);
    forget_frames(self);
    free(self->frames);
    free(self->segments.items);
    free(self->unfinished.items);
    *self = (struct log_recovered){0};
}

/* ── one segment ────────────────────────────────────────────────────────────*/

static void damaged(struct recovery *self, size_t segment, uint64_t offset, const char *what)
{
    self->damage = what;
    self->damaged = segment;
    self->offset = offset;
}

static enum err refuse_identity(const struct recovery *self, const struct log_segment *segment,
                                const struct log_head *head)
{
    log_event(self->volume->log, LOG_ERROR, "log_refused",
              "it is the log of another member; nothing was changed; give this member "
              "its own directory, then start again",
              log_text("dir", self->volume->dir), log_text("file", segment->name.text),
              LOG_HEX("found_member", head->member), LOG_HEX("found_cluster", head->cluster),
              LOG_HEX("member", self->identity->member),
              LOG_HEX("cluster", self->identity->cluster));
    return ERR_UNUSABLE;
}

/* Damage is noted, and no error. */
static enum err read_head(struct recovery *self, struct reader *reader, size_t segment,
                          struct log_head *head)
{
    const struct log_segment *at = &self->out->segments.items[segment];
    struct str body;
    uint64_t offset;
    enum record_state state = reader_next(reader, &body, &offset);
    enum err err;

    if (reader->unreadable) {
        return volume_refused(self->volume, at->name.text);
    }
    err = state == RECORD_OK ? log_head_read(body, head) : ERR_CORRUPT;
    if (err == ERR_UNSUPPORTED) {
        log_event(self->volume->log, LOG_ERROR, "log_refused",
                  "it is of a newer format; nothing was changed; start the version that "
                  "wrote it",
                  log_text("dir", self->volume->dir), log_text("file", at->name.text));
        return err;
    }
    if (err != ERR_OK || head->seq != at->prev_seq) {
        damaged(self, segment, offset, err != ERR_OK ? "no head of a log" : "the head of another");
        return ERR_OK;
    }
    return head->member == self->identity->member && head->cluster == self->identity->cluster
               ? ERR_OK
               : refuse_identity(self, at, head);
}

static enum err open_segment(struct recovery *self, size_t segment, struct reader *reader,
                             struct log_head *head)
{
    const char *name = self->out->segments.items[segment].name.text;
    enum err err;

    if (reader_init(reader, self->volume, name, 0, UINT64_MAX) != ERR_OK) {
        return volume_refused(self->volume, name);
    }
    self->out->segments.items[segment].bytes = reader->size;
    err = read_head(self, reader, segment, head);
    if (err != ERR_OK || self->damage != NULL) {
        reader_fini(reader);
    }
    return err;
}

static void take_unproven(struct log_recovered *out, struct str body)
{
    struct log_unproven frame = {.highest = out->replay.highest, .after = out->replay.at};
    size_t done = 0;

    buf_add_str(&frame.body, body);
    ARRAY_ROOM(out->frames, out->frame_count, out->frame_cap, 16);
    out->frames[out->frame_count++] = frame;
    while (done < out->frame_count && out->frames[done].after.seq <= out->replay.proven) {
        out->proven = out->frames[done].after;
        buf_fini(&out->frames[done++].body);
    }
    out->frame_count -= done;
    memmove(out->frames, out->frames + done, out->frame_count * sizeof(frame));
}

/* A bad frame in the last segment: whether it was there for good. */
static enum err judge_tail(struct recovery *self, struct reader *reader, size_t segment,
                           uint64_t offset)
{
    const struct replay *replay = &self->out->replay;
    bool proven = false;
    enum err err = log_proof_find(self->volume, &reader->file, reader->name.text, offset,
                                  replay->log, replay->at.seq + 1, &proven);

    if (err == ERR_OK && proven) {
        damaged(self, segment, offset, "a bad frame that was synced");
    }
    return err == ERR_OK ? ERR_OK : volume_refused(self->volume, reader->name.text);
}

static enum err read_frames(struct recovery *self, struct reader *reader, size_t segment)
{
    struct log_recovered *out = self->out;
    struct log_segment *at = &out->segments.items[segment];
    bool is_last = segment + 1 == out->segments.count;

    while (is_last || out->replay.at.seq < at->last_seq) {
        struct str body;
        uint64_t offset;
        enum record_state state = reader_next(reader, &body, &offset);
        const char *fault;

        if (reader->unreadable) {
            return volume_refused(self->volume, at->name.text);
        }
        if (state == RECORD_END && is_last) {
            break;
        }
        if (state != RECORD_OK && is_last) {
            return judge_tail(self, reader, segment, offset);
        }
        fault = state == RECORD_OK ? replay_frame(&out->replay, body) : "a bad frame";
        if (fault != NULL) {
            damaged(self, segment, offset, fault);
            return ERR_OK;
        }
        take_unproven(out, body);
    }
    return ERR_OK;
}

static enum err read_segment(struct recovery *self, size_t segment, bool first)
{
    struct log_recovered *out = self->out;
    struct log_segment *at = &out->segments.items[segment];
    struct reader reader;
    struct log_head head;
    enum err err = open_segment(self, segment, &reader, &head);

    if (err != ERR_OK || self->damage != NULL) {
        return err;
    }
    if (first) {
        replay_init(&out->replay, &head, &self->newest.mark);
    } else {
        replay_head(&out->replay, &head);
    }
    forget_frames(out); /* of an earlier segment: this one is named when they are proven */
    out->proven = out->replay.at;
    err = read_frames(self, &reader, segment);
    at->highest = out->replay.highest;
    at->last_seq = out->replay.at.seq;
    reader_fini(&reader);
    return err;
}

/* ── all of them ────────────────────────────────────────────────────────────*/

static enum err read_all(struct recovery *self)
{
    struct log_recovered *out = self->out;
    struct log_segments *segments = &out->segments;
    struct reader reader;
    size_t first = 0;
    enum err err = open_segment(self, segments->count - 1, &reader, &self->newest);

    if (err != ERR_OK || self->damage != NULL) {
        return err;
    }
    reader_fini(&reader);
    while (first + 1 < segments->count && segments->items[first].prev_seq < self->newest.from) {
        first++;
    }
    if (segments->items[first].prev_seq != self->newest.from) {
        damaged(self, first, 0, "a segment before it is missing");
        return ERR_OK;
    }
    for (size_t i = first; err == ERR_OK && self->damage == NULL && i < segments->count; i++) {
        err = read_segment(self, i, i == first);
    }
    if (err == ERR_OK && self->damage == NULL && replay_end(&out->replay) != NULL) {
        damaged(self, segments->count - 1, 0, replay_end(&out->replay));
    }
    return err;
}

/* What a bad head has hidden: the log up to the segment before it. */
static enum err read_before(struct recovery *self)
{
    const struct recovery found = *self;
    enum err err = ERR_OK;

    while (err == ERR_OK && self->damage != NULL && self->out->replay.log == 0 &&
           self->damaged + 1 == self->out->segments.count && self->damaged > 0) {
        self->out->segments.count--;
        self->damage = NULL;
        err = read_all(self);
    }
    if (err == ERR_OK && self->damage == NULL) {
        self->damage = found.damage;
        self->damaged = found.damaged;
        self->offset = found.offset;
    }
    return err;
}

static void say_damage(const struct recovery *self, bool sole)
{
    const struct log_segment *at = &self->out->segments.items[self->damaged];

    log_event(self->volume->log, LOG_ERROR, "log_damaged",
              sole ? "what this member has promised is not all there, and it does not start; it "
                     "is the only voter: restore a snapshot, or start it once with the damage "
                     "cut, which loses all that was written from there on"
                   : "what this member has promised is not all there, and it does not start; "
                     "remove it from its cluster, take its directory away and add it anew",
              log_text("dir", self->volume->dir), log_text("file", at->name.text),
              log_uint("offset", self->offset), log_text("reason", self->damage),
              log_uint("behind_entry", self->out->replay.at.last));
}

static bool is_sole_voter(const struct recovery *self)
{
    const struct replay *replay = &self->out->replay;
    const struct raft_config *config =
        replay->log != 0 ? &replay->at.mark.config : &self->newest.mark.config;

    for (size_t i = 0; i < replay->count; i++) {
        if (replay->entries[i].type == RAFT_ENTRY_CHANGE) {
            return false;
        }
    }
    return config->voters.count == 1 && config->learners.count == 0 &&
           config->voters.ids[0] == self->identity->member;
}

/* Those from this one on. */
static enum err set_aside(struct recovery *self, size_t from)
{
    struct log_segments *segments = &self->out->segments;

    for (size_t i = self->listed; i > from; i--) {
        const char *name = segments->items[i - 1].name.text;
        char aside[sizeof(struct name) + sizeof(".damaged")];

        (void)snprintf(aside, sizeof(aside), "%s.damaged", name);
        if (volume_rename(self->volume, name, aside) != ERR_OK) {
            return volume_refused(self->volume, name);
        }
    }
    segments->count = from;
    return volume_sync_dir(self->volume) == ERR_OK ? ERR_OK : volume_refused(self->volume, NULL);
}

/* What stood before the damage is the log. What the state machine holds durably is committed; a
 * term once seen is not used again. */
static void settle_cut(struct recovery *self)
{
    struct log_standing *at = &self->out->replay.at;
    const struct raft_hard *newest = &self->newest.hard;

    self->out->cut = true;
    replay_settle(&self->out->replay);
    if (newest->term > at->hard.term) {
        at->hard.term = newest->term;
        at->hard.vote = newest->vote;
    }
    forget_frames(self->out);
    self->out->proven = *at;
}

static enum err cut_damage(struct recovery *self)
{
    enum err err = set_aside(self, self->damaged + (self->offset > 0 ? 1 : 0));

    if (err == ERR_OK) {
        settle_cut(self);
    }
    return err;
}

enum err log_recovery_run(struct volume *volume, const struct log_identity *identity, bool cut,
                          struct log_recovered *out)
{
    struct recovery self = {.volume = volume, .identity = identity, .out = out};
    enum err err;

    *out = (struct log_recovered){0};
    err = log_segments_list(volume, &out->segments, &out->unfinished);
    self.listed = out->segments.count;
    out->fresh = out->segments.count == 0;
    if (err == ERR_OK && !out->fresh) {
        err = read_all(&self);
    }
    if (err == ERR_OK && self.damage != NULL) {
        err = read_before(&self);
    }
    if (err == ERR_OK && self.damage != NULL) {
        bool sole = is_sole_voter(&self);

        say_damage(&self, sole);
        err = cut && sole && out->replay.log != 0 ? cut_damage(&self) : ERR_CORRUPT;
    }
    if (err != ERR_OK) {
        log_recovered_fini(out);
    }
    return err;
}
