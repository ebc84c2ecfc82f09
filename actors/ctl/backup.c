/* backup: a snapshot of the naming plane, from the registry that runs; check: whether a file is
 * one.
 */
#include "actors/ctl/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "actors/ctl/bus.h"
#include "actors/ctl/progress.h"
#include "actors/ctl/verbs.h"
#include "common/base/file.h"
#include "common/journal/head.h"
#include "common/naming/registry.h"

enum { tries_max = 5 };

/* ── what a file holds ── */

static bool hold(void *state, const struct change *change)
{
    struct applied applied;

    registry_apply(state, change, &applied);
    return true;
}

static void count_held(const struct registry *registry, struct backup_held *held)
{
    *held = (struct backup_held){0};
    for (uint32_t slot = 0; slot < registry_slot_count(registry); slot++) {
        if (!registry_slot_used(registry, slot)) {
            continue;
        }
        if (!registry_is_live(registry, slot)) {
            held->tombstones++;
        } else if (registry_is_schedule(registry, slot)) {
            held->schedules++;
        } else {
            held->instances++;
        }
    }
    for (uint32_t app = 0; app < registry_app_count(registry); app++) {
        held->apps += registry_app_used(registry, app);
    }
}

enum ctl_exit backup_verify(const struct ctl *ctl, const char *path, struct buf *bytes,
                            struct backup_info *info, struct backup_held *held)
{
    struct registry *registry = registry_new();
    enum ctl_exit outcome = CTL_OK;

    if (file_read(path, backup_bytes_max, bytes) != ERR_OK) {
        ctl_say(ctl, "%s: %s", path, strerror(errno));
        outcome = CTL_USAGE;
    } else if (bytes->len > backup_bytes_max) {
        ctl_say(ctl, "%s: larger than 16 GiB, which is no backup of a registry", path);
        outcome = CTL_NEGATIVE;
    } else if (backup_read(buf_str(bytes), hold, registry, info) != ERR_OK) {
        ctl_say(ctl,
                "%s: not a whole backup: %s, at byte %" PRIu64 " of %zu; nothing of it is used",
                path, info->fault, info->bytes, bytes->len);
        outcome = CTL_NEGATIVE;
    } else if (held != NULL) {
        count_held(registry, held);
    }
    registry_destroy(&registry);
    return outcome;
}

static void add_count(struct buf *to, uint64_t count, const char *one)
{
    buf_printf(to, "%s%" PRIu64 " %s%s", to->len > 0 ? ", " : "", count, one,
               count == 1 ? "" : "s");
}

void backup_describe(const struct backup_info *info, const struct backup_held *held, struct buf *to)
{
    struct buf counts = {0};

    add_count(&counts, held->apps, "app");
    add_count(&counts, held->instances, "instance");
    add_count(&counts, held->tombstones, "tombstone");
    add_count(&counts, held->schedules, "schedule");
    buf_printf(to, "%.*s, taken ", STR_ARG(buf_str(&counts)));
    ctl_time_print_local(info->taken_ns, to);
    buf_printf(to, ", seq %" PRIu64 " of epoch %016" PRIx64, info->seq, info->epoch);
    buf_fini(&counts);
}

static void json(const struct ctl *ctl, const char *path, const struct backup_info *info,
                 const struct backup_held *held)
{
    json_t *row;
    char epoch[17];
    struct buf taken = {0};
    char *text;

    (void)snprintf(epoch, sizeof(epoch), "%016" PRIx64, info->epoch);
    ctl_time_print(info->taken_ns, &taken);
    row = json_pack("{s:s,s:s,s:I,s:s%,s:I,s:I,s:I,s:I,s:I,s:I}", "file", path, "epoch", epoch,
                    "seq", (json_int_t)info->seq, "taken", taken.data, taken.len, "records",
                    (json_int_t)info->count, "bytes", (json_int_t)info->bytes, "apps",
                    (json_int_t)held->apps, "instances", (json_int_t)held->instances, "tombstones",
                    (json_int_t)held->tombstones, "schedules", (json_int_t)held->schedules);
    text = json_dumps(row, JSON_COMPACT);
    if (text != NULL) {
        ctl_print(ctl, str_from(text));
    }
    free(text);
    json_decref(row);
    buf_fini(&taken);
}

static enum ctl_exit tell(const struct ctl *ctl, const char *path, const char *verdict)
{
    struct backup_info info;
    struct backup_held held;
    struct buf bytes = {0};
    struct buf line = {0};
    enum ctl_exit outcome = backup_verify(ctl, path, &bytes, &info, &held);

    if (outcome == CTL_OK && ctl_json(ctl)) {
        json(ctl, path, &info, &held);
    } else if (outcome == CTL_OK) {
        buf_printf(&line, "%s: %s: ", path, verdict);
        backup_describe(&info, &held, &line);
        ctl_print(ctl, buf_str(&line));
    }
    buf_fini(&bytes);
    buf_fini(&line);
    return outcome;
}

enum ctl_exit backup_check(struct ctl *ctl)
{
    return tell(ctl, ctl->options.arguments[0], "whole");
}

/* ── making one ── */

struct making {
    struct ctl *ctl;
    struct bus bus;
    FILE *file;
    int64_t taken_ns;
    uint64_t epoch;
    uint64_t boot;
    uint64_t seq; /* up to which all changes are in it */
    uint64_t count;
    struct progress progress;
};

enum made { MADE, AGAIN, FAILED };

static enum made put(struct making *self, const struct buf *frames)
{
    return fwrite(frames->data, 1, frames->len, self->file) == frames->len ? MADE : FAILED;
}

static enum made put_message(struct making *self, const struct msg *msg)
{
    struct buf frame = {0};
    enum made made;

    backup_frame(&frame, msg);
    made = put(self, &frame);
    buf_fini(&frame);
    return made;
}

/* What was true when it was read: the age of what is gone is told as of then. */
static void stamp(const struct making *self, struct msg *record)
{
    if (record->type == MSG_TYPE_GONE && record->as_gone.at == 0) {
        record->as_gone.at = self->taken_ns;
    }
}

static enum made put_records(struct making *self, const struct msg_list *records)
{
    enum { frame_records = 64 };
    struct str rest = records->bytes;
    struct buf frames = {0};
    struct msg record;
    enum made made = MADE;

    while (made == MADE && msg_next(&rest, &record)) {
        stamp(self, &record);
        backup_frame(&frames, &record);
        self->count++;
        if (rest.len == 0 || self->count % frame_records == 0) {
            made = put(self, &frames);
            frames.len = 0;
        }
    }
    buf_fini(&frames);
    progress_tell(&self->progress, self->count, 0);
    return made;
}

/* Every entry there is. What happens meanwhile is in it, or not. */
static enum ctl_exit put_state(struct making *self, enum made *made)
{
    struct msg command = {.type = MSG_TYPE_SNAPSHOT};
    struct msg answer;
    enum ctl_exit outcome = CTL_OK;
    bool first = true;

    *made = MADE;
    do {
        const struct msg_chunk *chunk = &answer.as_chunk;
        uint64_t cursor = command.as_snapshot.cursor;

        outcome = bus_demand(&self->bus, "registry", &command, MSG_TYPE_CHUNK, &answer);
        if (outcome != CTL_OK) {
            return outcome;
        }
        if (first) {
            struct msg head = {.type = MSG_TYPE_HEAD};

            self->epoch = chunk->epoch;
            self->boot = chunk->boot;
            self->seq = chunk->seq;
            head.as_head = (struct msg_head){.format = head_format,
                                             .epoch = chunk->epoch,
                                             .seq = chunk->seq,
                                             .highest_at = self->taken_ns};
            *made = put_message(self, &head);
            first = false;
        }
        if (chunk->epoch != self->epoch || chunk->boot != self->boot) {
            *made = AGAIN;
        } else if (chunk->next != 0 && chunk->next <= cursor) {
            ctl_say(self->ctl,
                    "registry: its snapshot does not advance; is it of another version?");
            return CTL_NEGATIVE;
        }
        if (*made == MADE) {
            *made = put_records(self, &chunk->records);
        }
        command.as_snapshot.cursor = chunk->next;
    } while (*made == MADE && command.as_snapshot.cursor != 0);
    return CTL_OK;
}

/* What has happened meanwhile, up to where the registry is now: from then on all is one state. */
static enum ctl_exit put_changes(struct making *self, enum made *made)
{
    struct msg command = {.type = MSG_TYPE_FACTS};
    uint64_t until = 0;

    command.as_facts.epoch = self->epoch;
    do {
        const struct msg_history *history;
        struct msg answer;
        enum ctl_exit outcome;

        command.as_facts.from = self->seq;
        outcome = bus_ask(&self->bus, &command, &answer);
        if (outcome == CTL_OK && answer.type == MSG_TYPE_RESULT) {
            *made = AGAIN; /* it holds that history no more */
            return CTL_OK;
        }
        if (outcome != CTL_OK || answer.type != MSG_TYPE_HISTORY) {
            ctl_say(self->ctl, "registry: no answer when asked for what has happened meanwhile");
            return outcome != CTL_OK ? outcome : CTL_NEGATIVE;
        }
        history = &answer.as_history;
        until = until != 0 ? until : history->head;
        if (history->epoch != self->epoch || history->boot != self->boot ||
            (history->records.count == 0 && self->seq < until)) {
            *made = AGAIN;
            return CTL_OK;
        }
        *made = put_records(self, &history->records);
        self->seq += history->records.count;
    } while (*made == MADE && self->seq < until);
    return CTL_OK;
}

static enum ctl_exit make(struct making *self, enum made *made)
{
    struct msg foot = {.type = MSG_TYPE_FOOT};
    enum ctl_exit outcome;

    rewind(self->file);
    *made = ftruncate(fileno(self->file), 0) == 0 ? MADE : FAILED;
    self->count = 0;
    self->taken_ns = self->ctl->clock->now(self->ctl->clock).wall_ns;
    outcome = *made == MADE ? put_state(self, made) : CTL_OK;
    if (outcome == CTL_OK && *made == MADE) {
        outcome = put_changes(self, made);
    }
    if (outcome == CTL_OK && *made == MADE) {
        foot.as_foot = (struct msg_foot){.count = self->count, .seq = self->seq};
        *made = put_message(self, &foot);
    }
    return outcome;
}

static bool sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct buf dir = {0};
    bool synced = false;
    int fd;

    buf_printf(&dir, "%.*s%c",
               slash == NULL   ? 1
               : slash == path ? 1
                               : (int)(slash - path),
               slash == NULL ? "." : path, 0);
    fd = open(dir.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        synced = fsync(fd) == 0;
        (void)close(fd);
    }
    buf_fini(&dir);
    return synced;
}

static bool keep(FILE *file, const char *unfinished, const char *path)
{
    bool kept = fflush(file) == 0 && fsync(fileno(file)) == 0;

    kept = fclose(file) == 0 && kept;
    return kept && rename(unfinished, path) == 0 && sync_directory(path);
}

static enum ctl_exit run(struct ctl *ctl, struct making *self, const char *unfinished,
                         const char *path)
{
    enum ctl_exit outcome = bus_open(&self->bus, ctl, "registry");
    enum made made = AGAIN;

    progress_begin(&self->progress, ctl, "records");
    for (int i = 0; outcome == CTL_OK && made == AGAIN && i < tries_max; i++) {
        outcome = make(self, &made);
    }
    progress_end(&self->progress);
    bus_close(&self->bus);
    if (outcome == CTL_OK && made == AGAIN) {
        ctl_say(ctl, "the registry began anew %d times meanwhile; try again when it is calm",
                tries_max);
        outcome = CTL_NEGATIVE;
    }
    if (outcome != CTL_OK || made != MADE) {
        int why = errno;

        (void)fclose(self->file);
        if (outcome == CTL_OK) {
            ctl_say(ctl, "%s: %s", unfinished, strerror(why));
        }
        return outcome != CTL_OK ? outcome : CTL_NEGATIVE;
    }
    if (!keep(self->file, unfinished, path)) {
        ctl_say(ctl, "%s: %s", path, strerror(errno));
        return CTL_NEGATIVE;
    }
    return tell(ctl, path, "written and verified");
}

enum ctl_exit backup_make(struct ctl *ctl)
{
    const char *path = ctl->options.arguments[0];
    struct making making = {.ctl = ctl};
    struct buf unfinished = {0};
    enum ctl_exit outcome = CTL_USAGE;
    int fd;

    if (!options_has(&ctl->options, OPTION_FORCE) && access(path, F_OK) == 0) {
        ctl_say(ctl, "%s is there already; choose another name, or --force to replace it", path);
        return CTL_USAGE;
    }
    buf_printf(&unfinished, "%s.%ld.unfinished%c", path, (long)getpid(), 0);
    fd = open(unfinished.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    making.file = fd >= 0 ? fdopen(fd, "w+") : NULL;
    if (making.file == NULL) {
        ctl_say(ctl, "%s: %s", unfinished.data, strerror(errno));
    } else {
        outcome = run(ctl, &making, unfinished.data, path);
        (void)unlink(unfinished.data); /* it has its name, or is of no use */
    }
    buf_fini(&unfinished);
    return outcome;
}
