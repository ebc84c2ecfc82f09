#include "tests/registry/deciding.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

int deciding_set_up(void **state)
{
    static struct deciding deciding;

    deciding = (struct deciding){.registry = registry_new(), .now = now0};
    *state = &deciding;
    return 0;
}

int deciding_tear_down(void **state)
{
    struct deciding *deciding = *state;

    registry_destroy(&deciding->registry);
    decision_fini(&deciding->decision);
    buf_fini(&deciding->store);
    return 0;
}

struct strs deciding_list(struct deciding *deciding, const char *const *items, uint32_t count)
{
    size_t begin = deciding->store.len;

    (void)buf_reserve(&deciding->store, 4096);
    for (uint32_t i = 0; i < count; i++) {
        strs_pack(&deciding->store, str_from(items[i]));
    }
    return (struct strs){count, {deciding->store.data + begin, deciding->store.len - begin}};
}

struct msg_register deciding_registration(struct deciding *deciding, const char *hostname)
{
    static const char *const addrs[] = {"http://10.0.0.1:80"};

    deciding->store.len = 0;
    return (struct msg_register){.env = STR("dev"),
                                 .appid = STR("app"),
                                 .zone = STR("sh001"),
                                 .hostname = str_from(hostname),
                                 .version = STR("1"),
                                 .addrs = deciding_list(deciding, addrs, 1),
                                 .status = STATUS_UP};
}

uint32_t deciding_apply(struct deciding *deciding)
{
    for (uint32_t i = 0; i < deciding->decision.count; i++) {
        struct applied applied;

        deciding->decision.changes[i].seq = ++deciding->seq;
        registry_apply(deciding->registry, &deciding->decision.changes[i], &applied);
    }
    return deciding->decision.count;
}

uint32_t deciding_register(struct deciding *deciding, const struct msg_register *command)
{
    decide_register(deciding->registry, &deciding->rules, command, deciding->now,
                    &deciding->decision);
    return deciding_apply(deciding);
}

uint32_t deciding_cancel(struct deciding *deciding, const char *hostname, int64_t latest)
{
    struct msg_cancel command = {.env = STR("dev"),
                                 .appid = STR("app"),
                                 .zone = STR("sh001"),
                                 .hostname = str_from(hostname),
                                 .latest_timestamp = latest};

    decide_cancel(deciding->registry, &deciding->rules, &command, deciding->now,
                  &deciding->decision);
    return deciding_apply(deciding);
}

struct instance deciding_held(struct deciding *deciding, const char *hostname)
{
    struct identity id = {STR("dev"), STR("app"), STR("sh001"), str_from(hostname)};
    uint32_t slot = registry_find(deciding->registry, identity_key(&id));
    struct instance instance;

    assert_true(slot != REGISTRY_NONE);
    registry_instance(deciding->registry, slot, &instance);
    return instance;
}

bool deciding_live(struct deciding *deciding, const char *hostname)
{
    struct identity id = {STR("dev"), STR("app"), STR("sh001"), str_from(hostname)};
    uint32_t slot = registry_find(deciding->registry, identity_key(&id));

    return slot != REGISTRY_NONE && registry_is_live(deciding->registry, slot);
}

int64_t deciding_latest_of(struct deciding *deciding)
{
    uint32_t app = registry_app_find(deciding->registry, STR("dev"), STR("app"));
    struct app_info info;

    registry_app(deciding->registry, app, &info);
    return info.latest_timestamp;
}
