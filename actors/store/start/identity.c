#include "actors/store/start/identity.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/heap.h"
#include "common/base/sha1.h"
#include "common/journal/record.h"

enum { identity_format = 1, identity_bytes_max = 4096 };

/* ── made ── */

static uint64_t first_eight(struct str bytes)
{
    unsigned char digest[sha1_bytes];
    uint64_t id = 0;

    sha1(bytes.data, bytes.len, digest);
    for (size_t i = 0; i < sizeof(id); i++) {
        id = id << 8 | digest[i];
    }
    return id;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct identity identity_of(char *const *peer_urls, size_t count, const char *token)
{
    char **urls = heap_array(count, sizeof(*urls));
    struct identity made;
    struct buf text = {0};

    memcpy(urls, peer_urls, count * sizeof(*urls));
    qsort(urls, count, sizeof(*urls), by_text);
    for (size_t i = 0; i < count; i++) {
        buf_add_str(&text, str_from(urls[i]));
    }
    buf_add_str(&text, str_from(token));
    made.member = first_eight(buf_str(&text));
    text.len = 0;
    for (int shift = 56; shift >= 0; shift -= 8) {
        buf_add_char(&text, (char)(made.member >> shift));
    }
    made.cluster = first_eight(buf_str(&text));
    buf_fini(&text);
    free(urls);
    return made;
}

/* ── kept ── */

static enum err decode(struct str bytes, struct identity *to)
{
    struct str body;
    struct msg msg;

    if (record_next(&bytes, &body) != RECORD_OK || msg_decode(&body, &msg) != ERR_OK ||
        msg.type != MSG_TYPE_MEMBER_IDS) {
        return ERR_CORRUPT;
    }
    if (msg.as_member_ids.format != identity_format) {
        return ERR_UNSUPPORTED;
    }
    *to = (struct identity){msg.as_member_ids.cluster, msg.as_member_ids.member};
    return body.len == 0 && bytes.len == 0 && to->cluster != 0 && to->member != 0 ? ERR_OK
                                                                                  : ERR_CORRUPT;
}

enum err identity_read(struct volume *dir, struct identity *to)
{
    char bytes[identity_bytes_max];
    size_t moved = 0;
    int file = -1;
    enum err err = volume_open(dir, identity_file, DISK_READ, &file);

    if (err == ERR_OK) {
        err = volume_read(dir, &file, identity_file, 0, bytes, sizeof(bytes), &moved);
    }
    volume_close(dir, &file);
    if (err != ERR_OK) {
        return volume_refused(dir, identity_file);
    }
    err = decode((struct str){bytes, moved}, to);
    if (err == ERR_CORRUPT) {
        log_event(dir->log, LOG_ERROR, "identity_damaged",
                  "it does not say who this member is; put back a good copy of it",
                  log_text("dir", dir->dir), log_text("file", identity_file));
    } else if (err != ERR_OK) {
        log_event(dir->log, LOG_ERROR, "identity_unknown",
                  "it is of a later version; start that one", log_text("dir", dir->dir),
                  log_text("file", identity_file));
    }
    return err;
}

enum err identity_write(struct volume *dir, const struct identity *identity)
{
    struct msg msg = {.type = MSG_TYPE_MEMBER_IDS,
                      .as_member_ids = {.format = identity_format,
                                        .cluster = identity->cluster,
                                        .member = identity->member}};
    struct buf frame = {0};
    size_t mark = record_begin(&frame);
    int file = -1;
    enum err err;

    msg_encode(&frame, &msg);
    record_end(&frame, mark);
    err = volume_open(dir, identity_unfinished, DISK_CREATE, &file);
    err = err == ERR_OK ? volume_write(dir, file, identity_unfinished, 0, buf_str(&frame)) : err;
    err = err == ERR_OK ? volume_sync(dir, file, identity_unfinished) : err;
    volume_close(dir, &file);
    err = err == ERR_OK ? volume_rename(dir, identity_unfinished, identity_file) : err;
    err = err == ERR_OK ? volume_sync_dir(dir) : err;
    if (err != ERR_OK) {
        log_event(dir->log, LOG_ERROR, "identity_failed", "see to it, then start again",
                  log_text("remedy", disk_remedy_of(dir->trouble)),
                  log_text("reason", dir->reason));
    }
    buf_fini(&frame);
    return err;
}
