#include "actors/registry/storage/behind.h"

#include "actors/registry/storage/frame.h"
#include "actors/registry/storage/name.h"
#include "common/journal/reader.h"

enum { looked_at_bytes_max = 64 * 1024 * 1024 };

struct behind behind_look(struct volume *volume, struct name name, uint64_t offset,
                          const struct registry *registry)
{
    struct behind found = {0};
    struct frame_changes changes = {0};
    struct buf bytes = {0};
    struct reader reader;
    struct str rest;
    struct str body;
    size_t moved = 1;

    if (reader_init(&reader, volume, name.text, offset, UINT64_MAX) != ERR_OK) {
        return found;
    }
    while (moved > 0 && bytes.len < looked_at_bytes_max) {
        char *to = buf_reserve(&bytes, 1 << 20);

        moved = 0;
        (void)volume_read(volume, &reader.file, name.text, offset + bytes.len, to, 1 << 20, &moved);
        bytes.len += moved;
    }
    reader_fini(&reader);
    rest = buf_str(&bytes);
    while (rest.len > 0) {
        size_t on = record_seek(rest);
        enum record_state state = RECORD_END;

        if (on == 0) {
            break;
        }
        rest = (struct str){rest.data + on, rest.len - on};
        while ((state = record_next(&rest, &body)) == RECORD_OK) {
            if (frame_read(&changes, body, registry) && changes.count > 0) {
                uint64_t seq = changes.items[changes.count - 1].change.seq;

                seq_raise(&found.seq, seq <= seq_max ? seq : 0);
            }
        }
        found.whole = state != RECORD_DAMAGED && moved == 0;
    }
    frame_changes_fini(&changes);
    buf_fini(&bytes);
    return found;
}
