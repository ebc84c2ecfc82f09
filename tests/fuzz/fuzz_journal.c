/* Any bytes as a journal segment, or (by a bit of the first byte) as two: the start survives
 * them, and what it took from them is the same after the next start.
 *
 * Covers: common/journal/record.c common/journal/reader.c actors/registry/storage/replay.c
 */
#include <assert.h>

#include "tests/fuzz/framed.h"
#include "tests/registry/storage/storage_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rig rig;
    struct buf file = {0};
    enum err err;

    rig_init(&rig, 1);
    rig.forgetful = true;
    framed_file(&file, 0, data, size);
    disk_sim_put(rig.sim, RIG_DIR "/journal-0000000000000001.log", buf_str(&file));
    if (size > 0 && (data[0] & 0x40) != 0) {
        file.len = 0;
        framed_file(&file, 2, data, size);
        disk_sim_put(rig.sim, RIG_DIR "/journal-0000000000000003.log", buf_str(&file));
    }
    buf_fini(&file);
    err = rig_try_open(&rig);
    assert(err == ERR_OK || err == ERR_UNSUPPORTED);
    if (err == ERR_OK) {
        struct storage_position before;
        uint64_t print;

        assert(rig_stats(&rig).ok);
        assert(rig_history(&rig, rig_stats(&rig).history_seq, 300) >= 0);
        err = rig_register(&rig, 1);
        assert(err == ERR_OK);
        before = rig_position(&rig);
        print = rig_fingerprint(rig.registry);
        rig_kill(&rig);
        rig_open(&rig);
        assert(rig.restored.damage_count == 0);
        assert(rig_position(&rig).epoch == before.epoch && rig_position(&rig).seq == before.seq);
        assert(rig_fingerprint(rig.registry) == print);
    }
    rig_fini(&rig);
    return 0;
}
