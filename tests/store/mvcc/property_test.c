/* Random histories, played to the state machine and to the model: every answer, event, hash and
 * error is the same, whatever is flushed when, compacted how fast, and restarted where.
 * MVCC_SEED=N plays that one, MVCC_SEEDS=N the first N. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "actors/store/mvcc/backend_lmdb.h"
#include "actors/store/mvcc/backend_memory.h"
#include "actors/store/mvcc/request.h"
#include "actors/store/mvcc/shape.h"
#include "actors/store/mvcc/tail.h"
#include "common/etcdapi/maintenance.pb-c.h"
#include "tests/store/mvcc/history.h"
#include "tests/store/mvcc/model.h"

enum { steps_max = 60, sealed_max = 3, seeds = 2000, lmdb_seeds = 20, expired_max = 3 };

/* A part of an entry. */
struct step {
    struct call call; /* method 0: not one */
    int64_t expired[expired_max];
    size_t expired_count;
    int64_t checkpointed, rest_s;
};

struct world {
    uint64_t seed;
    struct prng prng;
    struct arena kept; /* of requests */
    struct arena turn; /* of answers */
    struct history history;
    struct model *model;
    struct backend *backend;
    struct mvcc *mvcc;
    struct step log[steps_max + 1]; /* by index, from 1 on */
    uint64_t index;
    const struct tail *sealed[sealed_max];
    size_t sealed_count;
};

static const struct shape_limits limits = {1572864, 128};
static const struct mvcc_settings settings = {.lease_ttl_min_s = 2};

static uint64_t below(struct world *world, uint64_t bound)
{
    return prng_below(&world->prng, bound);
}

static struct str packed(struct arena *arena, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    char *bytes = arena_get(arena, len + 1);

    (void)protobuf_c_message_pack(message, (uint8_t *)bytes);
    return (struct str){bytes, len};
}

static void same(struct world *world, const char *what, const ProtobufCMessage *expected,
                 const ProtobufCMessage *got)
{
    struct str a = packed(&world->turn, expected);
    struct str b = packed(&world->turn, got);

    if (!str_eq(a, b)) {
        for (size_t i = 0; i < a.len; i++) {
            (void)fprintf(stderr, "%02x", (unsigned char)a.data[i]);
        }
        (void)fprintf(stderr, "\n");
        for (size_t i = 0; i < b.len; i++) {
            (void)fprintf(stderr, "%02x", (unsigned char)b.data[i]);
        }
        fail_msg("\nMVCC_SEED=%llu index %llu: %s differs", (unsigned long long)world->seed,
                 (unsigned long long)world->index, what);
    }
}

static void same_answer(struct world *world, const char *what, struct mvcc_answer expected,
                        struct mvcc_answer got)
{
    if (expected.error != got.error) {
        fail_msg("MVCC_SEED=%llu index %llu: %s: %s, not %s", (unsigned long long)world->seed,
                 (unsigned long long)world->index, what, etcd_error_text(got.error).data,
                 etcd_error_text(expected.error).data);
    }
    assert_true((got.message != NULL) == (got.error == ETCD_OK));
    if (got.error == ETCD_OK) {
        same(world, what, expected.message, got.message);
    }
}

static void same_events(struct world *world, int64_t from)
{
    int64_t to = mvcc_position(world->mvcc).revision;

    while (from <= to) {
        struct gathered got = gather(world->mvcc, from, below(world, 200), true, &world->turn);
        struct gathered expected = model_events(world->model, from, got.to, &world->turn);

        assert_true(got.to >= from);
        assert_int_equal(expected.count, got.count);
        for (size_t i = 0; i < got.count; i++) {
            same(world, "an event", &expected.events[i]->base, &got.events[i]->base);
        }
        from = got.to + 1;
    }
}

/* ── what the log holds ─────────────────────────────────────────────────────*/

static struct mvcc_answer apply(struct world *world, const struct step *step, uint64_t index)
{
    struct mvcc_answer answer = {ETCD_OK, NULL};

    mvcc_entry(world->mvcc, index, index / 7 + 1);
    if (step->call.method != 0) {
        answer = mvcc_apply(world->mvcc, step->call.method, step->call.request, &world->turn);
    }
    mvcc_lease_expire(world->mvcc, step->expired, step->expired_count);
    if (step->checkpointed != 0) {
        mvcc_lease_checkpoint(world->mvcc, step->checkpointed, step->rest_s);
    }
    return answer;
}

static void restart(struct world *world)
{
    char text[backend_text_max] = "";

    if (world->sealed_count > 0 && below(world, 2) == 0) { /* nobody has heard of it */
        assert_int_equal(ERR_OK, tail_flush(world->sealed[0], world->backend, text));
    }
    mvcc_destroy(&world->mvcc);
    world->sealed_count = 0;
    assert_int_equal(ERR_OK, world->backend->renew(world->backend));
    if (mvcc_new(&settings, world->backend, &world->mvcc, text) != ERR_OK) {
        fail_msg("MVCC_SEED=%llu: %s", (unsigned long long)world->seed, text);
    }
    for (uint64_t i = mvcc_position(world->mvcc).index + 1; i <= world->index; i++) {
        (void)apply(world, &world->log[i], i);
    }
}

static void flush(struct world *world)
{
    char text[backend_text_max] = "";

    assert_int_equal(ERR_OK, tail_flush(world->sealed[0], world->backend, text));
    assert_int_equal(ERR_OK, mvcc_flushed(world->mvcc));
    world->sealed_count--;
    memmove(world->sealed, world->sealed + 1, world->sealed_count * sizeof(const struct tail *));
}

/* Of what goes on beside the entries. */
static void disturb(struct world *world)
{
    if (below(world, 3) == 0) {
        (void)mvcc_compact_step(world->mvcc, (unsigned)below(world, 6));
    }
    if (world->sealed_count < sealed_max && below(world, 4) == 0) {
        world->sealed[world->sealed_count] = mvcc_seal(world->mvcc);
        world->sealed_count += world->sealed[world->sealed_count] != NULL;
    }
    if (world->sealed_count > 0 && below(world, 4) == 0) {
        flush(world);
    }
    if (below(world, 15) == 0) {
        restart(world);
    }
}

/* ── calls ──────────────────────────────────────────────────────────────────*/

/* Over the wire and back. */
static struct call arrived(struct world *world, const struct call *call)
{
    struct call made = {.method = call->method};
    struct str bytes = packed(&world->kept, call->request);

    assert_int_equal(ERR_OK, request_unpack(call->method, bytes, &world->kept, &made.request));
    return made;
}

static void play_call(struct world *world)
{
    struct call asked = history_call(&world->history);
    struct call call = arrived(world, &asked);
    struct mvcc_answer expected = model_call(world->model, &asked, &world->turn);
    const char *what = etcd_method_row(call.method)->method.data;
    struct mvcc_answer got = {.error = shape_check(call.method, call.request, 100, &limits)};
    int64_t before = mvcc_position(world->mvcc).revision;

    if (got.error == ETCD_OK && !mvcc_writes(call.method, call.request)) {
        got = mvcc_read(world->mvcc, call.method, call.request, &world->turn);
    } else if (got.error == ETCD_OK) {
        world->log[++world->index] = (struct step){.call = call};
        got = apply(world, &world->log[world->index], world->index);
    }
    same_answer(world, what, expected, got);
    same_events(world, before + 1);
}

static void play_time(struct world *world)
{
    struct step step = {.expired_count = 0};

    if (below(world, 2) == 0) {
        step.checkpointed = history_lease(&world->history);
        step.rest_s = (int64_t)below(world, 3) * 50;
        model_checkpoint(world->model, step.checkpointed, step.rest_s);
    } else {
        step.expired_count = 1 + below(world, expired_max);
        for (size_t i = 0; i < step.expired_count; i++) {
            step.expired[i] = history_lease(&world->history);
            model_expire(world->model, step.expired[i]);
        }
    }
    world->log[++world->index] = step;
    (void)apply(world, &step, world->index);
}

/* A hash of what was, while new things happen. */
static void play_hash(struct world *world)
{
    Etcdserverpb__HashKVRequest request;
    struct call call = {ETCD_METHOD_HASH_KV, &request.base};
    struct mvcc_answer expected;
    struct mvcc_hash *hash = NULL;
    uint32_t made;
    int64_t compacted;

    etcdserverpb__hash_kvrequest__init(&request);
    expected = model_call(world->model, &call, &world->turn);
    assert_int_equal(expected.error, mvcc_hash_begin(world->mvcc, 0, &hash));
    for (int i = 0; i < 6 && world->index < steps_max; i++) {
        (void)mvcc_hash_step(hash, (unsigned)below(world, 4));
        play_call(world);
        (void)mvcc_compact_step(world->mvcc, (unsigned)below(world, 6));
    }
    while (mvcc_hash_step(hash, 1 + (unsigned)below(world, 4))) {
    }
    mvcc_hash_end(&hash, &made, &compacted);
    if (made != ((const Etcdserverpb__HashKVResponse *)expected.message)->hash) {
        fail_msg("MVCC_SEED=%llu: a hash in slices differs", (unsigned long long)world->seed);
    }
}

static void check_all(struct world *world)
{
    static const enum etcd_method methods[] = {ETCD_METHOD_RANGE, ETCD_METHOD_HASH_KV,
                                               ETCD_METHOD_LEASE_LEASES};
    int64_t first = mvcc_position(world->mvcc).compacted + 1;

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        ProtobufCMessage *request = NULL;
        struct call call = {methods[i], NULL};

        assert_int_equal(ERR_OK, request_unpack(methods[i],
                                                methods[i] == ETCD_METHOD_RANGE
                                                    ? STR("\x0a\x01\x00\x12\x01\x00")
                                                    : STR(""),
                                                &world->turn, &request));
        call.request = request;
        same_answer(world, "the end", model_call(world->model, &call, &world->turn),
                    mvcc_read(world->mvcc, call.method, request, &world->turn));
    }
    same_events(world, first < 2 ? 2 : first);
}

static void play(struct world *world)
{
    char text[backend_text_max] = "";

    prng_init(&world->prng, world->seed + 1);
    history_init(&world->history, world->seed, &world->kept);
    model_init(world->model, settings.lease_ttl_min_s);
    assert_int_equal(ERR_OK, mvcc_new(&settings, world->backend, &world->mvcc, text));
    for (int i = 0; i < steps_max && world->index < steps_max - 8; i++) {
        struct mvcc_position now = mvcc_position(world->mvcc);

        world->history.revision = now.revision;
        world->history.compacted = now.compacted;
        if (below(world, 25) == 0) {
            play_time(world);
        } else if (below(world, 40) == 0) {
            play_hash(world);
        } else {
            play_call(world);
        }
        disturb(world);
        arena_reset(&world->turn);
    }
    check_all(world);
    restart(world);
    check_all(world);
    assert_int_equal(ERR_OK, mvcc_damage(world->mvcc));
    mvcc_destroy(&world->mvcc);
    model_fini(world->model);
    arena_fini(&world->turn);
    arena_fini(&world->kept);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void every_answer_is_the_model_s(void **state)
{
    uint64_t seed = number_of("MVCC_SEED", 0);
    uint64_t end = number_of("MVCC_SEED", number_of("MVCC_SEEDS", seeds) - 1);
    struct model *model = malloc(sizeof(*model));

    (void)state;
    assert_non_null(model);
    for (; seed <= end; seed++) {
        struct world world = {.seed = seed, .model = model, .backend = backend_memory_new()};

        play(&world);
        backend_close(&world.backend);
    }
    free(model);
}

static void over_lmdb_it_is_too(void **state)
{
    struct model *model = malloc(sizeof(*model));
    char path[128];

    (void)state;
    assert_non_null(model);
    for (uint64_t seed = 0; seed < lmdb_seeds; seed++) {
        struct world world = {.seed = seed, .model = model};
        char directory[] = "/tmp/muster-mvcc-XXXXXX";
        char text[backend_text_max] = "";

        assert_non_null(mkdtemp(directory));
        assert_int_equal(ERR_OK, backend_lmdb_open(directory, 1 << 26, &world.backend, text));
        play(&world);
        backend_close(&world.backend);
        (void)snprintf(path, sizeof(path), "%s/data.mdb", directory);
        (void)unlink(path);
        (void)snprintf(path, sizeof(path), "%s/lock.mdb", directory);
        (void)unlink(path);
        assert_int_equal(0, rmdir(directory));
    }
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_the_model_s),
        cmocka_unit_test(over_lmdb_it_is_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
