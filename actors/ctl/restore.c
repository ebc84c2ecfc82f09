/* restore: a data directory for the registry, made of a backup. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "actors/ctl/backup.h"
#include "actors/ctl/progress.h"
#include "actors/ctl/verbs.h"
#include "common/base/heap.h"
#include "common/base/prng.h"
#include "common/journal/head.h"
#include "common/journal/journal.h"
#include "common/journal/numbered.h"
#include "common/journal/record.h"
#include "common/naming/convert.h"
#include "common/runtime/place_scan.h"

static const struct numbered segment_form = {SEGMENT_PREFIX, SEGMENT_SUFFIX};
static const struct numbered unfinished_form = {SEGMENT_PREFIX, SEGMENT_UNFINISHED};

enum { frame_bytes = 64 * 1024, allocate_bytes = 1024 * 1024 };

struct restoring {
    struct ctl *ctl;
    struct buf data;  /* D/data, NUL behind, as all three */
    struct buf there; /* D/data/registry */
    struct buf made;  /* what will be that */
    struct volume volume;
    struct journal journal;
    struct buf frame; /* owned */
    size_t mark;
    uint64_t frame_first; /* seq of its first change */
    uint64_t seq;         /* of the last change written */
    uint64_t whole;       /* records of the backup */
    bool failed;
    struct progress progress;
};

/* ── the new directory ── */

static bool write_frame(struct restoring *self)
{
    uint64_t offset = self->journal.segment.bytes;

    if (self->frame.len == 0) {
        return true;
    }
    record_end(&self->frame, self->mark);
    segment_extend(&self->journal.segment, self->frame_first, self->seq, self->frame.len);
    if (journal_write(&self->journal, offset, buf_str(&self->frame)) != ERR_OK) {
        return false;
    }
    self->frame.len = 0;
    return true;
}

/* Its history begins anew: numbers from 1 on, no ids of writes, and when an instance was heard last
 * is not known any more. */
static bool write_change(void *state, const struct change *from)
{
    struct restoring *self = state;
    struct change change = *from;
    struct msg msg;

    change.seq = ++self->seq;
    change.gateway = 0;
    change.number = 0;
    change.instance.renew_timestamp = 0;
    if (self->frame.len == 0) {
        self->mark = record_begin(&self->frame);
        self->frame_first = change.seq;
    }
    msg_from_change(&change, &msg);
    msg_encode(&self->frame, &msg);
    if (self->frame.len >= frame_bytes) {
        self->failed = !write_frame(self);
    }
    progress_tell(&self->progress, self->seq, self->whole);
    return !self->failed;
}

/* ERR_IO: volume says why. */
static enum err write_segment(struct restoring *self, struct str bytes,
                              const struct backup_info *info)
{
    struct msg head = {.type = MSG_TYPE_HEAD};
    struct msg foot = {.type = MSG_TYPE_FOOT};
    struct backup_info again;
    enum err err =
        journal_create(&self->journal, &self->volume, numbered_name(&segment_form, 1),
                       numbered_name(&unfinished_form, 1), prng_seed_os(), 0, allocate_bytes);

    if (err != ERR_OK) {
        return err;
    }
    head.as_head = (struct msg_head){.format = head_format,
                                     .epoch = self->journal.segment.epoch,
                                     .machine_boot = STR(""),
                                     .highest_at = info->taken_ns,
                                     .always = true,
                                     .place = journal_place(&self->journal)};
    err = journal_head(&self->journal, &head);
    if (err == ERR_OK) {
        err = journal_publish(&self->journal);
    }
    if (err == ERR_OK) {
        err = backup_read(bytes, write_change, self, &again);
    }
    if (err == ERR_OK && !write_frame(self)) {
        err = ERR_IO;
    }
    if (err == ERR_OK) {
        foot.as_foot = (struct msg_foot){.count = self->seq, .seq = self->seq};
        err = journal_finish(&self->journal, &foot);
    }
    if (err != ERR_OK) {
        journal_drop(&self->journal);
    }
    segment_fini(&self->journal.segment);
    return err == ERR_OK ? volume_sync_dir(&self->volume) : err;
}

/* D/data, if it is not there yet: of the node's user, also when root makes it. */
static bool make_data(const struct restoring *self)
{
    struct stat owner;

    if (mkdir(self->data.data, 0700) != 0) {
        return errno == EEXIST;
    }
    return geteuid() != 0 || (stat(self->ctl->config.dir, &owner) == 0 &&
                              chown(self->data.data, owner.st_uid, owner.st_gid) == 0);
}

/* As root for the user of the node: what is made is theirs. */
static bool give_away(const struct restoring *self)
{
    struct stat owner;
    DIR *directory;
    const struct dirent *entry;
    bool given = true;

    if (geteuid() != 0 || stat(self->data.data, &owner) != 0 || owner.st_uid == 0) {
        return true;
    }
    directory = opendir(self->made.data);
    while (directory != NULL && given && (entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, "..") != 0) {
            given = fchownat(dirfd(directory), entry->d_name, owner.st_uid, owner.st_gid,
                             AT_SYMLINK_NOFOLLOW) == 0;
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    return given;
}

static void remove_made(const struct restoring *self)
{
    DIR *directory = opendir(self->made.data);
    const struct dirent *entry;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)unlinkat(dirfd(directory), entry->d_name, 0);
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    (void)rmdir(self->made.data);
}

/* ── what is there ── */

/* Whether there is anything of a registry. */
static bool holds_data(const struct restoring *self)
{
    DIR *directory = opendir(self->there.data);
    const struct dirent *entry;
    bool holds = false;

    while (directory != NULL && !holds && (entry = readdir(directory)) != NULL) {
        holds = entry->d_name[0] != '.' && strcmp(entry->d_name, "lock") != 0;
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    return holds;
}

/* The kernel's locks say who runs, whatever lies there. */
static enum ctl_exit refuse_running(const struct restoring *self)
{
    const struct ctl *ctl = self->ctl;
    struct place_actors *actors = heap_new(sizeof(*actors));
    enum ctl_exit outcome = CTL_OK;

    if (place_scan(ctl->config.dir, actors) == ERR_OK && actors->count > 0) {
        ctl_say(ctl,
                "%s runs in %s (pid %" PRId64
                "): a backup is restored with the node down; ./muster "
                "down first",
                actors->items[0].name, ctl->config.dir, actors->items[0].pid);
        outcome = CTL_NEGATIVE;
    }
    free(actors);
    return outcome;
}

static bool sync_data(const struct restoring *self)
{
    int fd = open(self->data.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return synced;
}

/* What is there goes aside, what was made takes its place; or all is as it was. */
static bool exchange(struct restoring *self, struct buf *aside)
{
    struct now now = self->ctl->clock->now(self->ctl->clock);
    time_t seconds = (time_t)(now.wall_ns / 1000000000);
    struct tm tm = {0};
    bool there = access(self->there.data, F_OK) == 0;

    (void)gmtime_r(&seconds, &tm);
    if (there) {
        buf_printf(aside, "%s.aside-%04d%02d%02dT%02d%02d%02dZ%c", self->there.data,
                   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                   0);
        if (access(aside->data, F_OK) == 0 || rename(self->there.data, aside->data) != 0) {
            return false;
        }
    }
    if (rename(self->made.data, self->there.data) == 0) {
        if (sync_data(self)) {
            return true;
        }
        (void)rename(self->there.data, self->made.data);
    }
    if (there) {
        (void)rename(aside->data, self->there.data);
    }
    return false;
}

/* ── all of it ── */

static enum ctl_exit say_why(const struct restoring *self, const char *reason)
{
    ctl_say(self->ctl, "%s; nothing was changed", reason);
    return CTL_NEGATIVE;
}

static void tell(const struct restoring *self, const struct backup_info *info,
                 const struct backup_held *held, const struct buf *aside)
{
    const struct ctl *ctl = self->ctl;
    struct buf line = {0};

    buf_printf(&line, "restored into %s: ", self->there.data);
    backup_describe(info, held, &line);
    ctl_print(ctl, buf_str(&line));
    if (aside->len > 0) {
        line.len = 0;
        buf_printf(&line, "what was there is kept in %s", aside->data);
        ctl_print(ctl, buf_str(&line));
    }
    ctl_print(ctl,
              STR("A new history begins. When instances were heard last is not known: each has "
                  "evictor.idle from the start on to give a sign of life."));
    ctl_print(ctl,
              STR("In a cluster the states merge by their order: what others hold that is newer "
                  "wins, and what was cancelled since stays gone while its tombstone lives "
                  "(evictor.ceiling and 10 min)."));
    buf_fini(&line);
}

static enum ctl_exit make(struct restoring *self, struct str bytes, const struct backup_info *info,
                          struct buf *aside)
{
    int lock = -1;
    enum err err;

    if (!make_data(self)) {
        return say_why(self, strerror(errno));
    }
    self->volume =
        (struct volume){.disk = disk_os(), .clock = self->ctl->clock, .dir = self->made.data};
    if (volume_take(&self->volume, &lock) != ERR_OK) {
        return say_why(self, self->volume.reason);
    }
    (void)chmod(self->made.data, 0700);
    self->whole = info->count;
    progress_begin(&self->progress, self->ctl, "records");
    err = write_segment(self, bytes, info);
    progress_end(&self->progress);
    if (err != ERR_OK || !give_away(self) || !exchange(self, aside)) {
        say_why(self, err != ERR_OK ? self->volume.reason : strerror(errno));
        remove_made(self);
        volume_close(&self->volume, &lock);
        return CTL_NEGATIVE;
    }
    volume_close(&self->volume, &lock);
    return CTL_OK;
}

static void restoring_init(struct restoring *self, struct ctl *ctl)
{
    *self = (struct restoring){.ctl = ctl};
    buf_printf(&self->data, "%s/data%c", ctl->config.dir, 0);
    buf_printf(&self->there, "%s/registry%c", self->data.data, 0);
    buf_printf(&self->made, "%s/registry.restored-%ld%c", self->data.data, (long)getpid(), 0);
}

static void restoring_fini(struct restoring *self)
{
    buf_fini(&self->data);
    buf_fini(&self->there);
    buf_fini(&self->made);
    buf_fini(&self->frame);
}

enum ctl_exit backup_restore(struct ctl *ctl)
{
    struct restoring restoring;
    struct backup_info info;
    struct backup_held held;
    struct buf bytes = {0};
    struct buf aside = {0};
    enum ctl_exit outcome;

    restoring_init(&restoring, ctl);
    outcome = backup_verify(ctl, ctl->options.arguments[0], &bytes, &info, &held);
    if (outcome == CTL_OK) {
        outcome = refuse_running(&restoring);
    }
    if (outcome == CTL_OK && !options_has(&ctl->options, OPTION_FORCE) && holds_data(&restoring)) {
        ctl_say(ctl,
                "%s holds data of a registry: with --force it is kept aside, and the backup takes "
                "its place",
                restoring.there.data);
        outcome = CTL_NEGATIVE;
    }
    if (outcome == CTL_OK) {
        outcome = make(&restoring, buf_str(&bytes), &info, &aside);
    }
    if (outcome == CTL_OK) {
        tell(&restoring, &info, &held, &aside);
    }
    restoring_fini(&restoring);
    buf_fini(&bytes);
    buf_fini(&aside);
    return outcome;
}
