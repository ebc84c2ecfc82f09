/* Any bytes as a backup: what is taken can be applied, all of it, and is what its end says.
 *
 * Covers: actors/ctl/backup_file.c
 */
#include <assert.h>

#include "actors/ctl/backup_file.h"
#include "common/naming/registry.h"
#include "tests/fuzz/framed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct taken {
    struct registry *registry;
    uint64_t count;
};

static bool take(void *state, const struct change *change)
{
    struct taken *self = state;
    struct applied applied;

    registry_apply(self->registry, change, &applied);
    self->count++;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct taken taken = {.registry = registry_new()};
    struct backup_info info;
    struct buf file = {0};
    enum err err;

    framed_file(&file, 5, data, size);
    err = backup_read(buf_str(&file), take, &taken, &info);
    assert((err == ERR_OK) == (info.fault == NULL));
    assert(info.bytes <= file.len);
    assert(err != ERR_OK || (taken.count == info.count && info.bytes == file.len));
    registry_destroy(&taken.registry);
    buf_fini(&file);
    return 0;
}
