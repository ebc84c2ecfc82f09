/* Any bytes as the segment of a member's log, or (by a bit of the first byte) as two: the start
 * survives them, with or without leave to cut damage, a Raft core takes what it found, and what is
 * written then is there after the next start. Byte 0 is as in framed.h, with a HEAD of a log.
 *
 * Covers: actors/store/log/recovery.c actors/store/log/replay.c actors/store/log/frame.c
 */
#include <assert.h>
#include <stdlib.h>

#include "actors/store/log/disk_log.h"
#include "tests/fuzz/framed.h"
#include "tests/journal/disk_sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_head(struct buf *file, uint64_t seq)
{
    struct log_head head = {.log = log_id_bit | 7, .cluster = 5, .member = 1, .seq = seq};
    struct buf store = {0};
    struct msg msg;
    size_t mark = record_begin(file);

    if (seq > 0) {
        head.hard = (struct raft_hard){2, 1, 1};
        head.last = 3;
        head.mark = (struct raft_snapshot){1, 1, {.voters = {1, {1}}}};
    }
    msg = log_head_message(&head, &store);
    msg_encode(file, &msg);
    record_end(file, mark);
    buf_fini(&store);
}

static void release(struct disk_log_found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        free(found->entries[i].data);
    }
    free(found->entries);
}

/* The core's own asserts judge what was found. */
static void give_to_core(const struct disk_log_found *found)
{
    struct prng prng;
    struct raft_settings settings = {
        .id = 1, .election_ms = 1000, .heartbeat_ms = 100, .inflight_max = 1, .prng = &prng};
    struct raft *raft;

    prng_init(&prng, 1);
    raft = raft_new(&settings, &found->hard, &found->mark, found->entries, found->count,
                    found->mark.index, 0);
    raft_destroy(&raft);
    free(found->entries);
}

static void write_more(const struct disk_log_options *options, struct disk_log *log,
                       const struct disk_log_found *found)
{
    uint64_t index = found->mark.index + found->count + 1;
    struct raft_entry entry = {.term = found->hard.term + 1, .index = index};
    struct disk_log_write write = {.hard = {entry.term, 1, found->hard.commit},
                                   .first = index,
                                   .entries = &entry,
                                   .count = 1,
                                   .sync = true};
    struct disk_log_found again;
    enum err err;

    if (index >= log_index_max || found->hard.term > UINT64_MAX / 2) {
        disk_log_close(&log);
        return;
    }
    err = disk_log_write(log, &write);
    assert(err == ERR_OK);
    disk_log_close(&log);
    err = disk_log_open(options, &log, &again);
    assert(err == ERR_OK && !again.cut);
    assert(again.mark.index + again.count == index && again.hard.term == entry.term);
    disk_log_close(&log);
    release(&again);
}

static void start(struct disk_sim *sim, bool cut)
{
    struct clock_virtual clock;
    struct disk_log_options options = {.disk = disk_sim_disk(sim),
                                       .clock = &clock.clock,
                                       .dir = "/log",
                                       .cluster = 5,
                                       .member = 1,
                                       .segment_bytes = 4096,
                                       .seed = 1,
                                       .cut_damage = cut};
    struct disk_log *log = NULL;
    struct disk_log_found found;
    enum err err;

    clock_virtual_init(&clock, 1, 1);
    err = disk_log_open(&options, &log, &found);
    assert(err == ERR_OK || err == ERR_CORRUPT || err == ERR_UNSUPPORTED || err == ERR_UNUSABLE);
    if (err != ERR_OK) {
        return;
    }
    if (found.fresh) {
        assert(found.count == 0);
        disk_log_close(&log);
        release(&found);
        return;
    }
    write_more(&options, log, &found);
    give_to_core(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disk_sim *sim = disk_sim_new(1);
    struct buf file = {0};

    if (size > 0) {
        framed_file_of(&file, add_head, 0, data, size);
        disk_sim_put(sim, "/log/raft-0000000000000001.log", buf_str(&file));
        if ((data[0] & 0x40) != 0) {
            file.len = 0;
            framed_file_of(&file, add_head, 2, data, size);
            disk_sim_put(sim, "/log/raft-0000000000000003.log", buf_str(&file));
        }
        start(sim, (data[0] & 0x80) != 0);
    }
    buf_fini(&file);
    disk_sim_destroy(&sim);
    return 0;
}
