#include "actors/store/log/proof.h"

#include <string.h>

#include "actors/store/log/frame.h"

static enum err read_rest(struct volume *volume, int *file, const char *name, uint64_t offset,
                          struct buf *rest)
{
    static const size_t step_bytes = (size_t)1 << 20;

    for (;;) {
        char *to = buf_reserve(rest, step_bytes);
        size_t moved = 0;
        enum err err = volume_read(volume, file, name, offset + rest->len, to, step_bytes, &moved);

        if (err != ERR_OK || moved == 0) {
            return err;
        }
        rest->len += moved;
    }
}

static bool proves(struct str frame, uint64_t log, uint64_t seq)
{
    struct str body;
    struct msg msg;

    return record_next(&frame, &body) == RECORD_OK && msg_decode(&body, &msg) == ERR_OK &&
           msg.type == MSG_TYPE_LOG_WRITE && msg.as_log_write.log == log &&
           msg.as_log_write.synced >= seq;
}

/* As much of rest as the frame that begins it claims: what follows need not be looked at. */
static struct str frame_of(struct str rest)
{
    size_t wants = record_wants(rest);

    return (struct str){rest.data, wants < rest.len ? wants : rest.len};
}

enum err log_proof_find(struct volume *volume, int *file, const char *name, uint64_t offset,
                        uint64_t log, uint64_t seq, bool *proven)
{
    unsigned char prefix[log_frame_prefix_bytes];
    struct buf bytes = {0};
    enum err err = read_rest(volume, file, name, offset, &bytes);
    struct str rest = buf_str(&bytes);

    *proven = false;
    log_frame_prefix(log, prefix);
    while (err == ERR_OK && !*proven && rest.len > record_head_bytes) {
        const char *found = memmem(rest.data + record_head_bytes, rest.len - record_head_bytes,
                                   prefix, sizeof(prefix));

        if (found == NULL) {
            break;
        }
        rest.len -= (size_t)(found - record_head_bytes - rest.data);
        rest.data = found - record_head_bytes;
        *proven = proves(frame_of(rest), log, seq);
        rest.data++;
        rest.len--;
    }
    buf_fini(&bytes);
    return err;
}
