#include "tests/crashpoints/crash.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "actors/registry/storage/name.h"
#include "common/journal/record.h"
#include "common/journal/volume.h"
#include "tests/registry/storage/storage_rig.h"

enum { files_max = 64, log_max = 8192 };

enum role {
    ROLE_READ,    /* what is wrong with it is missing */
    ROLE_COVERED, /* a snapshot holds what it says: history only */
    ROLE_UNREAD,
};

struct file {
    char name[64];
    uint64_t seq;
    enum name_kind kind;
    enum role role;
    struct buf bytes;
    size_t used; /* without the zeros at the end */
};

struct flips {
    struct crash *crash;
    struct disk_sim *base; /* owned: as a power cut leaves it */
    struct file files[files_max];
    size_t file_count;
    int log_fd;
    struct log log;
    struct outcome sound; /* what a start finds without a flip */
};

static void on_file(void *context, const char *name)
{
    struct flips *self = context;
    struct file *file = &self->files[self->file_count];
    char path[256];

    assert(self->file_count < files_max);
    *file = (struct file){.role = ROLE_UNREAD};
    (void)snprintf(file->name, sizeof(file->name), "%s", name);
    (void)snprintf(path, sizeof(path), RIG_DIR "/%s", name);
    file->kind = name_parse(name, &file->seq);
    if (disk_sim_get(self->base, path, &file->bytes) && file->bytes.len > 0) {
        for (file->used = file->bytes.len;
             file->used > 0 && file->bytes.data[file->used - 1] == 0;) {
            file->used--;
        }
        self->file_count++;
    }
}

/* Which of them a start needs. */
static void give_roles(struct flips *self)
{
    const struct file *newest = NULL;

    for (size_t i = 0; i < self->file_count; i++) {
        struct file *file = &self->files[i];

        if (file->kind == NAME_SNAPSHOT && (newest == NULL || file->seq > newest->seq)) {
            newest = file;
        }
    }
    for (size_t i = 0; i < self->file_count; i++) {
        struct file *file = &self->files[i];

        if (file == newest) {
            file->role = ROLE_READ;
        }
        if (file->kind != NAME_SEGMENT) {
            continue;
        }
        file->role = ROLE_READ;
        for (size_t j = 0; j < self->file_count && newest != NULL; j++) {
            const struct file *next = &self->files[j];

            if (next->kind == NAME_SEGMENT && next->seq > file->seq &&
                next->seq <= newest->seq + 1) {
                file->role = ROLE_COVERED;
            }
        }
    }
}

static size_t frame_end(const struct buf *bytes, size_t begin)
{
    const unsigned char *at = (const unsigned char *)bytes->data + begin;
    size_t len;

    if (begin + record_head_bytes > bytes->len) {
        return 0;
    }
    len = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    return len == 0 || len > bytes->len - begin - record_head_bytes
               ? 0
               : begin + record_head_bytes + len;
}

/* Where the frame begins that offset is in; behind the last: where that ends. */
static size_t frame_of(const struct file *file, size_t offset)
{
    size_t begin = 0;
    size_t end;

    while ((end = frame_end(&file->bytes, begin)) != 0 && end <= offset) {
        begin = end;
    }
    return begin;
}

/* Whether the log has this event for the offset, and for the file where it names one. */
static bool logged(const struct flips *self, const char *event, const char *name, size_t offset)
{
    char text[log_max];
    char wanted[48];
    ssize_t len = pread(self->log_fd, text, sizeof(text) - 1, 0);
    char *next;

    text[len > 0 ? len : 0] = '\0';
    (void)snprintf(wanted, sizeof(wanted), "\"offset\":%zu", offset);
    for (char *line = text; line != NULL; line = next) {
        const char *at;

        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        at = strstr(line, wanted);
        if (at != NULL && (at[strlen(wanted)] < '0' || at[strlen(wanted)] > '9') &&
            strstr(line, event) != NULL && (name == NULL || strstr(line, name) != NULL)) {
            return true;
        }
    }
    return false;
}

static void open_on(struct flips *self, struct rig *rig, struct disk_sim *sim)
{
    rig_init(rig, ++self->crash->number << 8);
    disk_sim_destroy(&rig->sim);
    rig->sim = sim;
    rig->forgetful = true;
    rig->options.disk = disk_sim_disk(sim);
    rig->options.log = &self->log;
    rig->options.machine_boot = str_from(self->crash->machine_boot);
    rig->options.snapshot_bytes = 6000;
    if (ftruncate(self->log_fd, 0) != 0) {
        abort();
    }
    (void)lseek(self->log_fd, 0, SEEK_SET);
    (void)rig_try_open(rig);
}

static struct outcome outcome_of(const struct rig *rig)
{
    return (struct outcome){.opened = rig->storage != NULL && rig_stats(rig).ok,
                            .epoch = rig->storage != NULL ? rig_position(rig).epoch : 0,
                            .seq = rig->storage != NULL ? rig_position(rig).seq : 0,
                            .print = rig->storage != NULL ? rig_fingerprint(rig->registry) : 0,
                            .damage_count = rig->restored.damage_count};
}

static bool as_sound(const struct flips *self, const struct outcome *outcome)
{
    return outcome->epoch == self->sound.epoch && outcome->seq == self->sound.seq &&
           outcome->print == self->sound.print;
}

/* NULL: found, said and not served. */
static const char *judge(const struct flips *self, const struct rig *rig, const struct file *file,
                         size_t offset)
{
    struct outcome outcome = outcome_of(rig);
    size_t frame = frame_of(file, offset);
    bool said = logged(self, "storage_damaged", file->name, frame);
    char aside[256];

    if (!outcome.opened) {
        return "the storage did not start in order";
    }
    if (!model_knows_entries(self->crash->model, rig->registry)) {
        return "an entry that never was is served";
    }
    if (file->role == ROLE_UNREAD) {
        return as_sound(self, &outcome) ? NULL : "a file that nobody needs changed the outcome";
    }
    if (offset >= file->used && frame_end(&file->bytes, frame) == 0 &&
        logged(self, "storage_torn", NULL, frame)) {
        return as_sound(self, &outcome) ? NULL : "a bit behind the end changed the outcome";
    }
    if (!said) {
        return "not said with its offset";
    }
    if (file->role == ROLE_COVERED) {
        return as_sound(self, &outcome) ? NULL : "damage to what is not needed changed the outcome";
    }
    if (outcome.epoch == self->sound.epoch || outcome.damage_count == 0) {
        return "the epoch went on";
    }
    if (!rig_file(rig, file->name, ".damaged", aside)) {
        return "not set aside";
    }
    return NULL;
}

static void flip_once(struct flips *self, const struct file *file, size_t offset, unsigned mask)
{
    struct disk_sim *sim = disk_sim_clone(self->base, self->crash->number);
    struct crash_sums *sums = &self->crash->sums;
    struct rig rig;
    char path[256];
    const char *wrong;

    (void)snprintf(path, sizeof(path), RIG_DIR "/%s", file->name);
    (void)disk_sim_flip(sim, path, offset, (unsigned char)mask);
    open_on(self, &rig, sim);
    wrong = judge(self, &rig, file, offset);
    sums->flips++;
    sums->unread += file->role == ROLE_UNREAD ? 1 : 0;
    if (wrong != NULL && sums->undetected++ < crash_failures_shown) {
        printf("%s: byte %zu of %zu ^ %02x: %s\n", file->name, offset, file->used, mask, wrong);
    }
    rig_fini(&rig);
}

static void flip_file(struct flips *self, const struct file *file)
{
    size_t end = file->used + 40 < file->bytes.len ? file->used + 40 : file->bytes.len;
    size_t step = file->role == ROLE_UNREAD ? 16 : 1;

    for (size_t at = 0; at < end; at += step) {
        unsigned held = (unsigned char)file->bytes.data[at];

        for (unsigned bit = self->crash->all ? 0 : (unsigned)at % 8; bit < 8;
             bit += self->crash->all ? 1 : 8) {
            flip_once(self, file, at, 1U << bit);
        }
        if (held != 0 && at + 12 >= file->used) {
            flip_once(self, file, at, held); /* a zero is what a write cut short leaves */
        }
    }
}

void crash_flip(struct crash *crash)
{
    struct flips self = {.crash = crash};
    struct clock_virtual clock;
    struct rig rig;
    struct disk *disk;

    clock_virtual_init(&clock, 1000, 1700000000000000000);
    self.log_fd = memfd_create("log", MFD_CLOEXEC);
    assert(self.log_fd >= 0);
    log_init(&self.log, "registry", self.log_fd, &clock.clock);
    self.base = disk_sim_clone(crash->sim, ++crash->number);
    disk_sim_power_cut(self.base, DISK_KEEP_ALL, 0);
    disk = disk_sim_disk(self.base);
    (void)disk->list(disk, RIG_DIR, on_file, &self);
    give_roles(&self);
    open_on(&self, &rig, disk_sim_clone(self.base, crash->number));
    self.sound = outcome_of(&rig);
    rig_fini(&rig);
    for (size_t i = 0; i < self.file_count; i++) {
        flip_file(&self, &self.files[i]);
        buf_fini(&self.files[i].bytes);
    }
    disk_sim_destroy(&self.base);
    (void)close(self.log_fd);
}
