#include <inttypes.h>
#include <stdio.h>

#include "common/etcdapi/kv.pb-c.h"
#include "tests/bench/grpc/deeds.h"
#include "tests/bench/grpc/modes.h"

enum {
    fillers = 1000,
    filler_connections = 100,
    beside_clients = 10, /* of each of the two */
    beside_per_s = 200,
    beside_keys = 1000,
    beside_value_bytes = 256,
};

static const int64_t second_ns = 1000000000;
static const int64_t look_ns = 200 * (int64_t)1000000;
static const int64_t gone_ns = 600 * (int64_t)1000000000; /* by then they must be */

/* How many of the keys are left, asked every look_ns. */
struct look {
    struct call call;
    uint64_t left;
    bool answered;
    bool under_way;
    int64_t next_ns;
};

static void on_count(struct call *call, struct str message)
{
    struct look *self = call->owner;
    struct field field;

    self->left = 0;
    self->answered = true;
    while (field_next(&message, &field)) {
        if (field.number == 4) {
            self->left = field.value;
        }
    }
}

static void on_counted(struct call *call)
{
    struct look *self = call->owner;

    need(call->status == 0 && self->answered, "a count of keys");
    self->under_way = false;
}

static void count_keys(struct look *self, struct connection *connection)
{
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;

    self->call.out.len = self->call.sent = 0;
    self->call.message = on_count;
    self->call.closed = on_counted;
    self->call.owner = self;
    range.key = (ProtobufCBinaryData){6, (uint8_t *)"lease/"};
    range.range_end = (ProtobufCBinaryData){6, (uint8_t *)"lease0"};
    range.count_only = true;
    call_add(&self->call, &range.base);
    self->answered = false;
    self->under_way = true;
    call_begin(&self->call, connection, "/etcdserverpb.KV/Range");
}

static void fill(struct options *options, struct deed deed, uint32_t count)
{
    struct options filler = *options;
    struct crowd_options asked;
    struct crowd crowd;

    filler.clients = fillers;
    filler.connections = filler_connections;
    filler.calls = count;
    filler.rate = 0;
    asked = crowd_of(&filler, deed);
    crowd_init(&crowd, &asked);
    crowd_run(&crowd, now_ns() + gone_ns);
    need(crowd.calls == count && crowd.failed == 0, "leases and keys");
}

/* Calls and looks until all keys are gone, the calls from a second before. When that was seen. */
static int64_t watch_them_go(struct options *options, const struct grants *grants,
                             struct crowd crowds[2], struct look *look)
{
    struct connection *connection = connection_open(options->loop, wide_window_bytes);
    int64_t begin_ns = grants->earliest_ns - second_ns;
    bool begun = false;

    count_keys(look, connection);
    for (;;) {
        int64_t now = now_ns();
        int64_t due_ns = begun ? look->next_ns : begin_ns;

        if (look->answered && !look->under_way) {
            need(look->left == grants->count || now >= grants->earliest_ns, "keys are gone early");
            if (look->left == 0) {
                return now;
            }
        }
        need(now < grants->latest_ns + gone_ns, "keys are not gone");
        if (!begun && now >= begin_ns) {
            need(!look->under_way && look->left == grants->count, "not all keys were there");
            begun = true;
            crowd_begin(&crowds[0], now);
            crowd_begin(&crowds[1], now);
        }
        for (int i = 0; i < 2; i++) {
            int64_t crowd_ns;

            crowd_turn(&crowds[i], now);
            crowd_ns = crowd_due_ns(&crowds[i]);
            due_ns = crowd_ns < due_ns ? crowd_ns : due_ns;
        }
        if (begun && !look->under_way && now >= look->next_ns) {
            count_keys(look, connection);
            look->next_ns = now + look_ns;
        }
        due_ns = due_ns > now ? due_ns : now + look_ns;
        loop_turn(options->loop, due_ns);
    }
}

int mode_leases(struct options *options)
{
    struct grants grants = {.end_ns = now_ns() + (int64_t)options->seconds * second_ns,
                            .count = options->keys};
    struct options beside = *options;
    struct crowd_options asked[2];
    struct crowd crowds[2];
    struct keys leased;
    struct keys keys;
    struct look look = {0};
    struct latencies all = {0};
    double cpu;
    int64_t began_ns;
    int64_t ended_ns;

    keys_init(&leased, options->keys, options->value);
    leased.prefix = "lease/";
    leased.leases = true;
    keys_init(&keys, beside_keys, beside_value_bytes);
    fill(options, puts_of(&keys), beside_keys);
    fill(options, grants_of(&grants), options->keys);
    fill(options, puts_of(&leased), options->keys);
    need(now_ns() < grants.earliest_ns - second_ns, "leases are not granted in time");
    beside.clients = beside.connections = beside_clients;
    beside.calls = 0;
    beside.rate = beside_per_s;
    asked[0] = crowd_of(&beside, puts_of(&keys));
    asked[1] = crowd_of(&beside, ranges_of(&keys));
    for (int i = 0; i < 2; i++) {
        crowd_init(&crowds[i], &asked[i]);
    }
    ready();
    cpu = cpu_s();
    began_ns = now_ns();
    ended_ns = watch_them_go(options, &grants, crowds, &look);
    crowd_end(&crowds[0]);
    crowd_end(&crowds[1]);
    cpu = cpu_s() - cpu;
    latencies_all(&all, &crowds[0].latencies);
    latencies_all(&all, &crowds[1].latencies);
    (void)printf("{\"leases\": %u, \"gone_s\": %.3f, \"calls\": %" PRIu64 ", \"failed\": %" PRIu64
                 ", \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"cpu_s\": %.4f, \"seconds\": %.4f}\n",
                 options->keys, (double)(ended_ns - grants.latest_ns) / 1e9,
                 crowds[0].calls + crowds[1].calls, crowds[0].failed + crowds[1].failed,
                 latencies_ms(&all, 0.5), latencies_ms(&all, 0.99), cpu,
                 (double)(ended_ns - began_ns) / 1e9);
    return crowds[0].failed + crowds[1].failed > 0 || all.count == 0;
}
