#include "actors/registry/storage/lost.h"

#include <errno.h>
#include <inttypes.h>

#include "actors/registry/storage/name.h"
#include "common/journal/record.h"

static const char file_name[] = "lost";

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void lost_add(struct lost *self, uint64_t from, uint64_t to)
{
    self->any = true;
    if (from > to) {
        return;
    }
    self->from = self->to == 0 ? from : min_u64(self->from, from);
    self->to = max_u64(self->to, to);
    self->count += to - from + 1;
}

void lost_join(struct lost *self, const struct lost *other)
{
    bool apart = self->to < other->from || other->to < self->from;

    if (!other->any) {
        return;
    }
    self->any = true;
    self->more = self->more || other->more;
    if (other->to == 0) {
        return;
    }
    if (self->to == 0) {
        self->from = other->from;
    }
    self->count = apart ? self->count + other->count : max_u64(self->count, other->count);
    self->from = min_u64(self->from, other->from);
    self->to = max_u64(self->to, other->to);
}

void lost_print(const struct lost *self, struct buf *to)
{
    if (self->to == 0) {
        buf_add_str(to, self->more ? STR("changes may be lost, how many can't be told")
                                   : STR("no change is lost"));
        return;
    }
    buf_printf(to, "%s%" PRIu64 " change%s lost, seq %" PRIu64 " to %" PRIu64,
               self->more ? "at least " : "", self->count, self->count == 1 ? " is" : "s are",
               self->from, self->to);
}

static bool is_sound(const struct msg_lost *lost)
{
    return lost->to <= seq_max && lost->from <= lost->to && lost->count <= lost->to &&
           (lost->to == 0) == (lost->count == 0);
}

enum err lost_read(struct lost *self, struct volume *volume)
{
    char bytes[256];
    struct str rest = {bytes, 0};
    struct str body;
    struct msg msg;
    int file = -1;
    enum err err = volume_open(volume, file_name, DISK_READ, &file);

    *self = (struct lost){0};
    if (err != ERR_OK) {
        return volume->trouble == -ENOENT ? ERR_OK : err;
    }
    err = volume_read(volume, &file, file_name, 0, bytes, sizeof(bytes), &rest.len);
    volume_close(volume, &file);
    if (err != ERR_OK) {
        return err;
    }
    *self = (struct lost){.any = true, .more = true};
    if (record_next(&rest, &body) == RECORD_OK && msg_decode(&body, &msg) == ERR_OK &&
        msg.type == MSG_TYPE_LOST && is_sound(&msg.as_lost)) {
        self->more = msg.as_lost.more;
        self->count = msg.as_lost.count;
        self->from = msg.as_lost.from;
        self->to = msg.as_lost.to;
    }
    return ERR_OK;
}

enum err lost_write(const struct lost *self, struct volume *volume)
{
    struct buf frame = {0};
    struct msg msg = {.type = MSG_TYPE_LOST,
                      .as_lost = {self->count, self->from, self->to, self->more}};
    int file = -1;
    enum err err = volume_open(volume, file_name, DISK_CREATE, &file);

    (void)record_begin(&frame);
    msg_encode(&frame, &msg);
    record_end(&frame, 0);
    if (err == ERR_OK) {
        err = volume_write(volume, file, file_name, 0, buf_str(&frame));
    }
    if (err == ERR_OK) {
        err = volume_sync(volume, file, file_name);
    }
    volume_close(volume, &file);
    buf_fini(&frame);
    return err == ERR_OK ? volume_sync_dir(volume) : err;
}
