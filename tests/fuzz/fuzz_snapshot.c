/* Any bytes as a snapshot file, with the segment that belongs to it or (by the
 * last byte) without, and (by a bit of the first) as the files before those: the start survives
 * them, and what it took from them is the same after the next start.
 *
 * Covers: common/journal/record.c common/journal/reader.c actors/registry/storage/recovery.c
 */
#include <assert.h>

#include "tests/fuzz/framed.h"
#include "tests/registry/storage/storage_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t far_off = (uint64_t)1 << 60; /* near the end of what a seq may be */
    struct rig rig;
    struct buf file = {0};
    enum err err;

    rig_init(&rig, 1);
    rig.forgetful = true;
    framed_file(&file, 5, data, size);
    disk_sim_put(rig.sim, RIG_DIR "/snapshot-0000000000000005.dat", buf_str(&file));
    file.len = 0;
    framed_head(&file, 5);
    if (size == 0 || data[size - 1] % 2 == 0) {
        disk_sim_put(rig.sim, RIG_DIR "/journal-0000000000000006.log", buf_str(&file));
    }
    if (size > 0 && (data[0] & 0x40) != 0) {
        file.len = 0;
        framed_file(&file, 3, data, size);
        disk_sim_put(rig.sim, RIG_DIR "/snapshot-0000000000000003.dat", buf_str(&file));
        file.len = 0;
        framed_file(&file, 0, data, size);
        disk_sim_put(rig.sim, RIG_DIR "/journal-0000000000000001.log", buf_str(&file));
    }
    buf_fini(&file);
    err = rig_try_open(&rig);
    assert(err == ERR_OK || err == ERR_UNSUPPORTED);
    if (err == ERR_OK && rig_position(&rig).seq < far_off) {
        struct storage_position before;
        uint64_t print;

        assert(rig_stats(&rig).ok);
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
