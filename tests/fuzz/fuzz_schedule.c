/* Any bytes as a schedule file: refused with a line and a reason, or read, and then decided without
 * a way around the limits; what is held is written and read as the same.
 *
 * Covers: common/naming/schedule_file.c actors/registry/schedule.c
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "actors/registry/decide.h"
#include "common/naming/schedule.h"
#include "common/naming/schedule_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decision(const struct msg_schedule *read)
{
    struct registry *registry = registry_new();
    struct decision decision = {0};
    struct msg_schedule again = {0};
    struct buf text = {0};
    struct buf store = {0};
    struct buf why = {0};

    decide_schedule(registry, read, 1, &decision);
    if (decision.err == ERR_OK) {
        const struct instance *held = &decision.changes[0].instance;

        assert(decision.count == 1 && identity_is_schedule(&held->id) && schedule_is_sound(held));
        schedule_file_write(held, &text);
        assert(schedule_file_read(buf_str(&text), &store, &again, &why) == ERR_OK);
        assert(again.weights.count == read->weights.count && str_eq(again.remark, read->remark));
    } else {
        assert(decision.text.len > 0);
    }
    decision_fini(&decision);
    registry_destroy(&registry);
    buf_fini(&text);
    buf_fini(&store);
    buf_fini(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct msg_schedule read = {0};
    struct buf store = {0};
    struct buf why = {0};

    if (schedule_file_read((struct str){(const char *)data, size}, &store, &read, &why) == ERR_OK) {
        assert(why.len == 0);
        check_decision(&read);
    } else {
        assert(str_starts(buf_str(&why), STR("line ")));
    }
    buf_fini(&store);
    buf_fini(&why);
    return 0;
}
