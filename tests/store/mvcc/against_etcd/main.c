/* Plays random histories to this state machine and to Debian's etcd-server, and compares every
 * answer, error and hash, and what a watch tells of them.
 *
 * usage: against_etcd [SECONDS [SEED]]
 * how our calls ended, and last `histories=N calls=N events=N differ=N`; exit 0: none differs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/store/mvcc/backend_memory.h"
#include "actors/store/mvcc/key_value.h"
#include "actors/store/mvcc/mvcc.h"
#include "actors/store/mvcc/request.h"
#include "actors/store/mvcc/shape.h"
#include "actors/store/mvcc/tail.h"
#include "common/base/clock.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"
#include "common/etcdapi/watch.pb-c.h"
#include "tests/store/mvcc/against_etcd/etcd.h"
#include "tests/store/mvcc/gather.h"
#include "tests/store/mvcc/history.h"

enum { history_calls = 80, fresh_every = 40, restart_every = 8, shown_max = 20 };

struct world {
    struct etcd etcd;
    struct backend *backend;
    struct mvcc *mvcc;
    uint64_t index;
    struct arena arena;
    struct history history;
    uint64_t seed;
    uint64_t histories, calls, events, differ;
    uint64_t ended[ETCD_ERROR_END]; /* how our calls did */
};

static const struct shape_limits limits = {1572864, 128};
static const struct mvcc_settings settings = {.lease_ttl_min_s = 2};

static struct str packed(struct arena *arena, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    char *bytes = arena_get(arena, len + 1);

    (void)protobuf_c_message_pack(message, (uint8_t *)bytes);
    return (struct str){bytes, len};
}

/* ── what can't be the same ─────────────────────────────────────────────────*/

static int compare_bytes(const void *a, const void *b)
{
    return str_cmp(str_of_bytes(*(const ProtobufCBinaryData *)a),
                   str_of_bytes(*(const ProtobufCBinaryData *)b));
}

static int compare_ids(const void *a, const void *b)
{
    const Etcdserverpb__LeaseStatus *left = *(Etcdserverpb__LeaseStatus *const *)a;
    const Etcdserverpb__LeaseStatus *right = *(Etcdserverpb__LeaseStatus *const *)b;

    return left->id < right->id ? -1 : left->id > right->id;
}

/* Ids of cluster and member, the term; the order of a lease's keys, which is none; the order of
 * leases, and a rest, which a clock decides. */
static void mask(enum etcd_method method, ProtobufCMessage *message)
{
    Etcdserverpb__ResponseHeader *header = ((Etcdserverpb__PutResponse *)message)->header;

    if (header != NULL) {
        header->cluster_id = header->member_id = header->raft_term = 0;
    }
    if (method == ETCD_METHOD_LEASE_LEASES) {
        Etcdserverpb__LeaseLeasesResponse *leases = (Etcdserverpb__LeaseLeasesResponse *)message;

        if (leases->n_leases > 0) {
            qsort(leases->leases, leases->n_leases, sizeof(Etcdserverpb__LeaseStatus *),
                  compare_ids);
        }
    } else if (method == ETCD_METHOD_LEASE_TIME_TO_LIVE) {
        Etcdserverpb__LeaseTimeToLiveResponse *lease =
            (Etcdserverpb__LeaseTimeToLiveResponse *)message;

        if (lease->ttl > 0 && lease->ttl > lease->grantedttl - 600) {
            lease->ttl = lease->grantedttl;
        }
        if (lease->n_keys > 0) {
            qsort(lease->keys, lease->n_keys, sizeof(lease->keys[0]), compare_bytes);
        }
    }
}

/* What differs and is not played. */
static const struct difference {
    const char *what, *why;
} differences[] = {
    {"order of equal ones in a Range of more than 12 keys sorted by anything but the key",
     "Go's sort is not stable there, what it gives depends on its version; here by key"},
    {"a Txn with a put that ignores value or lease, of a key that an earlier delete of the same "
     "Txn, "
     "to the last key (range_end \"\\0\"), takes away",
     "etcd 3.4 ends itself in it; here the value is empty, the lease none"},
    {"a Txn nested deeper than 16, or of more than 1024 steps in all",
     "refused before it is proposed, so that recursion and time are bounded"},
    {"a sort target or order that is none",
     "etcd 3.4 ends itself of a target; here the key's order"},
};

/* ── one call ───────────────────────────────────────────────────────────────*/

static struct mvcc_answer ours(struct world *world, const struct call *call, size_t bytes)
{
    struct mvcc_answer answer = {.error = shape_check(call->method, call->request, bytes, &limits)};

    if (answer.error != ETCD_OK) {
        return answer;
    }
    if (!mvcc_writes(call->method, call->request)) {
        return mvcc_read(world->mvcc, call->method, call->request, &world->arena);
    }
    mvcc_entry(world->mvcc, ++world->index, 1);
    answer = mvcc_apply(world->mvcc, call->method, call->request, &world->arena);
    while (mvcc_compact_step(world->mvcc, 1000)) {
    }
    return answer;
}

static void show(const char *name, struct str bytes)
{
    printf("  %s ", name);
    for (size_t i = 0; i < bytes.len; i++) {
        printf("%02x", (unsigned char)bytes.data[i]);
    }
    printf("\n");
}

static void differs(struct world *world, const struct call *call, struct str request,
                    const struct mvcc_answer *answer, const struct grpc_answer *theirs)
{
    struct str text = etcd_error_text(answer->error);

    if (world->differ++ >= shown_max) {
        return;
    }
    printf("seed %" PRIu64 " call %" PRIu64 " %s\n", world->seed, world->calls,
           etcd_method_row(call->method)->method.data);
    show("request", request);
    printf("  ours %d %.*s\n  etcd %d %.*s\n", (int)etcd_error_code(answer->error), STR_ARG(text),
           theirs->status, STR_ARG(buf_str(&theirs->text)));
    if (answer->message != NULL) {
        show("ours", packed(&world->arena, answer->message));
    }
    show("etcd", buf_str(&theirs->message));
    (void)fflush(stdout);
}

static bool same(struct world *world, const struct call *call, struct mvcc_answer *answer,
                 const struct grpc_answer *theirs)
{
    ProtobufCAllocator allocator = arena_allocator(&world->arena);
    ProtobufCMessage *message;

    if (theirs->status != (int)etcd_error_code(answer->error) ||
        !str_eq(buf_str(&theirs->text), etcd_error_text(answer->error))) {
        return false;
    }
    if (answer->message == NULL) {
        return true;
    }
    message = protobuf_c_message_unpack(etcd_method_row(call->method)->response, &allocator,
                                        theirs->message.len, (const uint8_t *)theirs->message.data);
    if (message == NULL) {
        return false;
    }
    mask(call->method, message);
    mask(call->method, answer->message);
    return str_eq(packed(&world->arena, message), packed(&world->arena, answer->message));
}

static void play(struct world *world, const struct call *call)
{
    struct str request = packed(&world->arena, call->request);
    struct mvcc_answer answer = ours(world, call, request.len);
    struct grpc_answer theirs;

    world->calls++;
    world->ended[answer.error]++;
    grpc_call(world->etcd.grpc, etcd_method_row(call->method)->path, request, &theirs);
    if (!same(world, call, &answer, &theirs)) {
        differs(world, call, request, &answer, &theirs);
    }
    if (theirs.status < 0) {
        printf("etcd has ended\n");
        exit(EXIT_FAILURE);
    }
    grpc_answer_fini(&theirs);
}

/* ── events ─────────────────────────────────────────────────────────────────*/

struct watching {
    struct world *world;
    struct gathered ours;
    size_t seen;
    bool same;
};

static bool same_event(struct watching *self, const Mvccpb__Event *theirs)
{
    struct arena *arena = &self->world->arena;
    struct str a = packed(arena, &theirs->base);
    struct str b = {0};

    if (self->seen < self->ours.count) {
        b = packed(arena, &self->ours.events[self->seen]->base);
    }
    if (!str_eq(a, b)) {
        show("ours", b);
        show("etcd", a);
    }
    return str_eq(a, b);
}

static bool on_watched(void *context, struct str bytes)
{
    struct watching *self = context;
    ProtobufCAllocator allocator = arena_allocator(&self->world->arena);
    const Etcdserverpb__WatchResponse *watched =
        etcdserverpb__watch_response__unpack(&allocator, bytes.len, (const uint8_t *)bytes.data);

    self->same = watched != NULL && !watched->canceled;
    for (size_t i = 0; self->same && i < watched->n_events; i++) {
        self->same = same_event(self, watched->events[i]);
        self->seen += self->same;
    }
    return self->same && self->seen < self->ours.count;
}

/* All that happened from a revision on, with what was before. */
static void play_watch(struct world *world, int64_t from)
{
    struct mvcc_position now = mvcc_position(world->mvcc);
    Etcdserverpb__WatchCreateRequest create = ETCDSERVERPB__WATCH_CREATE_REQUEST__INIT;
    Etcdserverpb__WatchRequest request = ETCDSERVERPB__WATCH_REQUEST__INIT;
    struct watching watching = {.world = world};

    from = from > now.compacted ? from : now.compacted + 1;
    if (from > now.revision) {
        return;
    }
    create.key = bytes_of_str(STR("\0"));
    create.range_end = create.key;
    create.start_revision = from;
    create.prev_kv = true;
    request.create_request = &create;
    request.request_union_case = ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CREATE_REQUEST;
    watching.ours = gather(world->mvcc, from, SIZE_MAX, true, &world->arena);
    world->events += watching.ours.count;
    if (!grpc_stream(world->etcd.grpc, etcd_method_row(ETCD_METHOD_WATCH)->path,
                     packed(&world->arena, &request.base), on_watched, &watching) ||
        !watching.same || watching.seen != watching.ours.count) {
        world->differ++;
        printf("seed %" PRIu64 ": event %zu of those from revision %" PRId64 " on differs\n",
               world->seed, watching.seen, from);
    }
}

/* ── calls that random ones seldom are ──────────────────────────────────────*/

static Etcdserverpb__TxnRequest *large_txn(struct world *world, size_t compares, size_t ops)
{
    Etcdserverpb__TxnRequest *made = arena_get(&world->arena, sizeof(*made));

    etcdserverpb__txn_request__init(made);
    made->n_compare = compares;
    made->compare = arena_get(&world->arena, (compares + 1) * sizeof(Etcdserverpb__Compare *));
    for (size_t i = 0; i < compares; i++) {
        made->compare[i] = arena_get(&world->arena, sizeof(Etcdserverpb__Compare));
        etcdserverpb__compare__init(made->compare[i]);
        made->compare[i]->key = bytes_of_str(STR("a"));
        made->compare[i]->result = ETCDSERVERPB__COMPARE__COMPARE_RESULT__NOT_EQUAL;
        made->compare[i]->target = ETCDSERVERPB__COMPARE__COMPARE_TARGET__MOD;
        made->compare[i]->target_union_case = ETCDSERVERPB__COMPARE__TARGET_UNION_MOD_REVISION;
        made->compare[i]->mod_revision = -1;
    }
    made->n_success = ops;
    made->success = arena_get(&world->arena, (ops + 1) * sizeof(Etcdserverpb__RequestOp *));
    for (size_t i = 0; i < ops; i++) {
        char *key = arena_get(&world->arena, 2);

        key[0] = 'k';
        key[1] = (char)i;
        made->success[i] = arena_get(&world->arena, sizeof(Etcdserverpb__RequestOp));
        etcdserverpb__request_op__init(made->success[i]);
        made->success[i]->request_put = arena_get(&world->arena, sizeof(Etcdserverpb__PutRequest));
        etcdserverpb__put_request__init(made->success[i]->request_put);
        made->success[i]->request_put->key = bytes_of_str((struct str){key, 2});
        made->success[i]->request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT;
    }
    return made;
}

static void play_large(struct world *world)
{
    static const size_t sizes[] = {1, 2, 63, 64, 65, 126, 127, 128, 129};
    struct prng *prng = &world->history.prng;
    size_t outer = sizes[prng_below(prng, 9)];
    Etcdserverpb__TxnRequest *txn =
        large_txn(world, prng_below(prng, 2) * sizes[prng_below(prng, 9)], outer);
    struct call call = {ETCD_METHOD_TXN, &txn->base};
    Etcdserverpb__DeleteRangeRequest keys = ETCDSERVERPB__DELETE_RANGE_REQUEST__INIT;

    if (prng_below(prng, 2) == 0) {
        txn->success[0]->request_txn = large_txn(world, sizes[prng_below(prng, 9)], 0);
        txn->success[0]->request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_TXN;
    }
    play(world, &call);
    keys.key = bytes_of_str(STR("k"));
    keys.range_end = bytes_of_str(STR("l"));
    call = (struct call){ETCD_METHOD_DELETE_RANGE, &keys.base};
    play(world, &call); /* few keys: see differences */
}

static void play_compaction(struct world *world, int64_t revision)
{
    Etcdserverpb__CompactionRequest request = ETCDSERVERPB__COMPACTION_REQUEST__INIT;
    struct call call = {ETCD_METHOD_COMPACT, &request.base};

    request.revision = revision;
    request.physical = true;
    play(world, &call);
}

static void play_reads(struct world *world, int64_t revision)
{
    Etcdserverpb__HashKVRequest hash = ETCDSERVERPB__HASH_KVREQUEST__INIT;
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    struct call call = {ETCD_METHOD_HASH_KV, &hash.base};

    hash.revision = revision;
    play(world, &call);
    range.revision = revision;
    range.key = bytes_of_str(STR("a"));
    call = (struct call){ETCD_METHOD_RANGE, &range.base};
    play(world, &call);
}

/* Of a store that nothing was put into. */
static void play_first(struct world *world)
{
    for (int64_t compacted = -2; compacted <= 2; compacted++) {
        for (int64_t revision = -2; revision <= 2; revision++) {
            play_reads(world, revision);
        }
        play_compaction(world, compacted);
        play_compaction(world, compacted);
    }
}

/* ── histories ──────────────────────────────────────────────────────────────*/

static void begin_ours(struct world *world)
{
    char text[backend_text_max] = "";

    if (mvcc_new(&settings, world->backend, &world->mvcc, text) != ERR_OK) {
        printf("%s\n", text);
        exit(EXIT_FAILURE);
    }
}

static void restart_ours(struct world *world)
{
    char text[backend_text_max] = "";
    const struct tail *tail = mvcc_seal(world->mvcc);

    if (tail != NULL && tail_flush(tail, world->backend, text) != ERR_OK) {
        exit(EXIT_FAILURE);
    }
    mvcc_destroy(&world->mvcc);
    (void)world->backend->renew(world->backend);
    begin_ours(world);
}

static void fresh(struct world *world)
{
    if (world->mvcc != NULL) {
        mvcc_destroy(&world->mvcc);
        backend_close(&world->backend);
        etcd_stop(&world->etcd);
    }
    world->backend = backend_memory_new();
    world->index = 0;
    begin_ours(world);
    if (!etcd_start(&world->etcd)) {
        printf("etcd does not start\n");
        exit(EXIT_FAILURE);
    }
    if (world->seed % 2 == 0) {
        play_first(world);
    }
}

static void clear(struct world *world)
{
    Etcdserverpb__DeleteRangeRequest all = ETCDSERVERPB__DELETE_RANGE_REQUEST__INIT;
    struct call call = {ETCD_METHOD_DELETE_RANGE, &all.base};

    all.key = bytes_of_str(STR("\0"));
    all.range_end = bytes_of_str(STR("\0"));
    play(world, &call);
    for (int64_t id = 11; id < 15; id++) {
        Etcdserverpb__LeaseRevokeRequest revoke = ETCDSERVERPB__LEASE_REVOKE_REQUEST__INIT;

        revoke.id = id;
        call = (struct call){ETCD_METHOD_LEASE_REVOKE, &revoke.base};
        play(world, &call);
    }
}

static void play_history(struct world *world)
{
    int64_t from = mvcc_position(world->mvcc).revision + 1;

    history_init(&world->history, world->seed, &world->arena);
    world->history.lasting = true;
    for (int i = 0; i < history_calls; i++) {
        struct mvcc_position now = mvcc_position(world->mvcc);
        struct call call;

        world->history.revision = now.revision;
        world->history.compacted = now.compacted;
        if (prng_below(&world->history.prng, 100) == 0) {
            play_large(world);
        } else {
            call = history_call(&world->history);
            play(world, &call);
        }
        arena_reset(&world->arena);
    }
    clear(world);
    play_watch(world, from);
    arena_reset(&world->arena);
    world->histories++;
}

int main(int argc, char **argv)
{
    int64_t seconds = argc > 1 ? strtoll(argv[1], NULL, 10) : 60;
    struct world *world = calloc(1, sizeof(*world));
    int64_t end_ms = clock_os.now(&clock_os).mono_ms + seconds * 1000;

    if (world == NULL) {
        return EXIT_FAILURE;
    }
    world->seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    while (clock_os.now(&clock_os).mono_ms < end_ms) {
        if (world->histories % fresh_every == 0) {
            fresh(world);
        } else if (world->histories % restart_every == 0) {
            restart_ours(world);
            if (!etcd_restart(&world->etcd)) {
                printf("etcd does not start again\n");
                return EXIT_FAILURE;
            }
        }
        play_history(world);
        world->seed++;
    }
    mvcc_destroy(&world->mvcc);
    backend_close(&world->backend);
    etcd_stop(&world->etcd);
    arena_fini(&world->arena);
    for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
        printf("not played: %s: %s\n", differences[i].what, differences[i].why);
    }
    for (int i = 0; i < ETCD_ERROR_END; i++) {
        struct str text = etcd_error_text((enum etcd_error)i);

        if (world->ended[i] > 0) {
            printf("%8" PRIu64 " %.*s\n", world->ended[i],
                   STR_ARG(text.len > 0 ? text : STR("ok")));
        }
    }
    printf("histories=%" PRIu64 " calls=%" PRIu64 " events=%" PRIu64 " differ=%" PRIu64 "\n",
           world->histories, world->calls, world->events, world->differ);
    return world->differ == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
