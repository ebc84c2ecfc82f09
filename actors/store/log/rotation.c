#include "actors/store/log/rotation.h"

#include "actors/store/log/file_name.h"

enum err disk_log_sync(struct disk_log *self)
{
    enum err err = journal_sync(&self->journal);

    if (err == ERR_OK) {
        self->synced = self->at.seq;
        self->durable = self->at.last;
    }
    return err;
}

/* Frames up to it are not needed: all they have held is below the mark. */
static uint64_t needed_from(const struct disk_log *self)
{
    for (size_t i = 0; i < self->older.count; i++) {
        if (self->older.items[i].highest > self->at.mark.index) {
            return self->older.items[i].prev_seq;
        }
    }
    return self->at.seq;
}

/* A file for the segment that begins behind at.seq: reserved room where there is some. */
static enum err create(struct disk_log *self, struct journal *journal)
{
    uint64_t first = self->at.seq + 1;
    struct name name = log_file_name(LOG_FILE_SEGMENT, first);
    struct spare spare;

    if (spares_take(&self->spares, &spare)) {
        return journal_adopt(journal, &self->volume, name, spare.name, 0, self->at.seq,
                             spare.bytes);
    }
    return journal_create(journal, &self->volume, name, log_file_name(LOG_FILE_UNFINISHED, first),
                          0, self->at.seq, 0);
}

static enum err write_head(struct disk_log *self, struct journal *journal)
{
    struct log_head head = {.log = self->id,
                            .cluster = self->options.cluster,
                            .member = self->options.member,
                            .seq = self->at.seq,
                            .from = needed_from(self),
                            .hard = self->at.hard,
                            .last = self->at.last,
                            .mark = self->at.mark};
    struct buf store = {0};
    struct msg msg = log_head_message(&head, &store);
    enum err err = journal_head(journal, &msg);

    buf_fini(&store);
    self->from = head.from;
    return err;
}

enum err log_rotation_publish(struct disk_log *self, struct journal *journal)
{
    enum err err = journal_publish(journal);

    return err == ERR_OK ? volume_sync_dir(&self->volume) : err;
}

static void retire(struct disk_log *self)
{
    const struct segment *segment = &self->journal.segment;
    struct log_segment old = {.name = segment->name,
                              .prev_seq = segment->prev_seq,
                              .last_seq = self->at.seq,
                              .highest = self->highest,
                              .bytes = self->journal.allocated};

    self->used += old.bytes > segment->bytes ? old.bytes - segment->bytes : 0; /* what is left */
    log_segments_add(&self->older, &old);
    journal_drop(&self->journal);
    segment_fini(&self->journal.segment);
    self->highest = 0;
}

enum err log_rotation_begin(struct disk_log *self, struct journal *journal)
{
    enum err err = create(self, journal);

    return err == ERR_OK ? write_head(self, journal) : err;
}

enum err log_rotate(struct disk_log *self)
{
    struct journal next = {.file = -1};
    enum err err = disk_log_sync(self);

    if (err != ERR_OK) {
        return err;
    }
    retire(self);
    err = log_rotation_begin(self, &next);
    err = err == ERR_OK ? log_rotation_publish(self, &next) : err;
    self->journal = next;
    return err;
}
