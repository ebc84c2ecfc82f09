/* The gateway's turns, with a store that is played: what is called reaches it, what it tells and
 * that it is silent have their effect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <malloc.h>

#include "common/runtime/turn.h"
#include "gateway/etcd/gateway.h"
#include "gateway/etcd/upstream.h"

enum { election_ms = 1000, boot = 7 };

static unsigned trims;

/* The library's, to see that it is asked. */
int malloc_trim(size_t pad)
{
    (void)pad;
    trims++;
    return 0;
}

/* A call, and what its caller was told. */
struct played {
    struct rpc rpc; /* first */
    unsigned messages;
    bool ended;
    enum grpc_code code;
    char text[128];
};

struct fixture {
    struct etcd_gateway *gateway;
    struct outbox *out;
    struct actor_link link;
    struct actor_guest guest;
    struct rpc_server by; /* serves calls */
    struct turn turn;
    struct now now;
    struct msg_facts asked; /* what it asked last; id 0: answered */
    struct msg_call call;   /* the last one sent */
    unsigned calls;         /* sent */
};

static void on_send(struct rpc *rpc, struct str message)
{
    (void)message;
    ((struct played *)rpc)->messages++;
}

static void on_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    struct played *played = (struct played *)rpc;

    assert_false(played->ended);
    played->ended = true;
    played->code = code;
    memcpy(played->text, text.data, text.len);
    played->text[text.len] = '\0';
}

static size_t unsent(const struct rpc *rpc)
{
    (void)rpc;
    return 0;
}

static const struct rpc_caller caller = {.send = on_send, .end = on_end, .unsent = unsent};

/* Notes the calls that leave. */
static void carry(void *context, enum outbox_lane lane)
{
    struct fixture *self = context;
    struct outbox_item item;
    size_t cursor = 0;

    while (outbox_next(self->out, lane, &cursor, &item)) {
        struct str rest = item.frame;
        struct msg msg;

        while (item.kind == OUTBOX_COMMAND && rest.len > 0) {
            assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
            if (msg.type == MSG_TYPE_FACTS) {
                self->asked = msg.as_facts;
            }
            if (msg.type == MSG_TYPE_CALL) {
                self->call = msg.as_call;
                self->calls++;
            }
        }
    }
    outbox_clear(self->out, lane);
}

/* One turn, `later` ms after the last: serve is called in it, then facts, then the port. */
static void turn(struct fixture *self, int64_t later, const struct msg *fact)
{
    self->now.mono_ms += later;
    turn_begin(&self->turn, &self->now);
    if (fact != NULL) {
        struct buf frame = {0};

        msg_encode(&frame, fact);
        turn_fact(&self->turn, 0, buf_str(&frame), &self->now);
        buf_fini(&frame);
    }
    self->guest.ready(self->gateway, &self->now, self->out);
    turn_time(&self->turn, &self->now);
    turn_end(&self->turn, &self->now, carry, self);
    carry(self, OUTBOX_SYNCED);
}

/* What the gateway follows begins with a question. */
static bool answer_question(struct fixture *self, const struct msg *standing)
{
    struct buf frame = {0};
    struct msg msg = {.type = MSG_TYPE_RESULT};

    turn(self, 0, NULL);
    if (self->asked.id == 0) {
        return false;
    }
    msg.as_result = (struct msg_result){
        .id = self->asked.id, .err = ERR_STALE, .epoch = 1, .boot = boot, .seq = 1};
    if (self->asked.epoch != 1) { /* it does not know the store yet */
        turn_begin(&self->turn, &self->now);
        assert_true(turn_answer(&self->turn, 0, &msg, &self->now));
        turn(self, 0, NULL);
    }
    msg_encode(&frame, standing);
    msg.type = MSG_TYPE_HISTORY;
    msg.as_history = (struct msg_history){.id = self->asked.id,
                                          .epoch = 1,
                                          .boot = boot,
                                          .head = 1,
                                          .standing = {1, buf_str(&frame)}};
    turn_begin(&self->turn, &self->now);
    assert_true(turn_answer(&self->turn, 0, &msg, &self->now));
    self->asked.id = 0;
    turn(self, 0, NULL);
    buf_fini(&frame);
    return true;
}

static struct msg revision_of(uint64_t of_boot, uint64_t lead)
{
    return (struct msg){.type = MSG_TYPE_REVISION,
                        .as_revision = {.epoch = 1,
                                        .boot = of_boot,
                                        .seq = 1,
                                        .revision = 1,
                                        .compacted = -1,
                                        .cluster = 3,
                                        .member = 4,
                                        .term = 2,
                                        .lead = lead}};
}

static void tell(struct fixture *self, uint64_t of_boot, uint64_t lead)
{
    const struct msg fact = revision_of(of_boot, lead);

    if (!answer_question(self, &fact)) {
        turn(self, 0, &fact);
    }
}

static void begin(struct fixture *self, struct played *played, enum etcd_method method)
{
    *played = (struct played){
        .rpc = {.caller = &caller, .method = method, .timeout_ms = -1, .needs_leader = true}};
    turn_begin(&self->turn, &self->now);
    self->by.app->begin(self->by.state, &played->rpc);
    if (!played->ended) {
        self->by.app->message(self->by.state, &played->rpc, STR(""));
    }
    turn(self, 0, NULL);
}

static void answer(struct fixture *self, enum grpc_code code, const char *text)
{
    const struct msg msg = {
        .type = MSG_TYPE_ANSWERED,
        .as_answered = {.id = self->call.id, .code = code, .text = str_from(text)}};

    turn_begin(&self->turn, &self->now);
    assert_true(turn_answer(&self->turn, 0, &msg, &self->now));
}

static int set_up(void **state)
{
    static const struct etcd_gateway_options options = {.listen = "127.0.0.1:0",
                                                        .boot = 1,
                                                        .connections_max = 10,
                                                        .request_max = 1000,
                                                        .election_ms = election_ms,
                                                        .version = "3.5.21"};
    struct fixture *self = calloc(1, sizeof(*self));

    self->now = (struct now){.mono_ms = 1000, .wall_ns = 1000};
    self->out = outbox_new(65536);
    assert_int_equal(etcd_gateway_new(&self->gateway, &options, &self->now), ERR_OK);
    self->link = etcd_gateway_link(self->gateway);
    self->by = etcd_gateway_calls(self->gateway);
    self->guest = etcd_gateway_guest(self->gateway);
    turn_init(&self->turn, &etcd_gateway_spec, self->gateway, self->out, &self->link, 1,
              self->now.mono_ms);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *self = *state;

    etcd_gateway_destroy(&self->gateway);
    outbox_destroy(&self->out);
    free(self);
    return 0;
}

static bool is_ready(struct fixture *self)
{
    struct buf words = {0};
    bool is = etcd_gateway_spec.ready(self->gateway, &self->now, &words);

    buf_fini(&words);
    return is;
}

static void a_call_waits_for_the_store_and_is_its(void **state)
{
    struct fixture *self = *state;
    struct played range;

    assert_false(is_ready(self));
    begin(self, &range, ETCD_METHOD_RANGE);
    assert_int_equal(self->calls, 0);
    tell(self, boot, 4);
    assert_int_equal(self->calls, 1);
    assert_int_equal(self->call.boot, boot);
    assert_int_equal(self->call.method, ETCD_METHOD_RANGE);
    assert_true(is_ready(self));
    assert_true(etcd_gateway_healthy(self->gateway));
    answer(self, GRPC_OK, "");
    assert_int_equal(range.messages, 1);
    assert_true(range.ended);
}

static void keep_alives_go_on_until_an_error(void **state)
{
    struct fixture *self = *state;
    struct played stream;

    tell(self, boot, 4);
    begin(self, &stream, ETCD_METHOD_LEASE_KEEP_ALIVE);
    answer(self, GRPC_OK, "");
    assert_int_equal(stream.messages, 1);
    assert_false(stream.ended);
    self->by.app->message(self->by.state, &stream.rpc, STR("a"));
    self->by.app->message(self->by.state, &stream.rpc, STR("b"));
    turn(self, 0, NULL);
    assert_int_equal(self->calls, 3);
    answer(self, GRPC_UNAVAILABLE, "no more");
    assert_true(stream.ended);
    assert_string_equal(stream.text, "no more");
}

static void a_stream_ends_when_all_is_renewed(void **state)
{
    struct fixture *self = *state;
    struct played stream;

    tell(self, boot, 4);
    begin(self, &stream, ETCD_METHOD_LEASE_KEEP_ALIVE);
    self->by.app->half_closed(self->by.state, &stream.rpc);
    assert_false(stream.ended);
    answer(self, GRPC_OK, "");
    assert_true(stream.ended);
    assert_int_equal(stream.code, GRPC_OK);
}

static void one_that_goes_takes_its_renewals_with_it(void **state)
{
    struct fixture *self = *state;
    struct played stream;

    tell(self, boot, 4);
    begin(self, &stream, ETCD_METHOD_LEASE_KEEP_ALIVE);
    self->by.app->gone(self->by.state, &stream.rpc);
    answer(self, GRPC_OK, "");
    assert_int_equal(stream.messages, 0);
    assert_false(stream.ended);
}

static void too_many_renewals_end_a_stream(void **state)
{
    struct fixture *self = *state;
    struct played stream;

    begin(self, &stream, ETCD_METHOD_LEASE_KEEP_ALIVE);
    for (int i = 0; i < 1000 && !stream.ended; i++) {
        self->by.app->message(self->by.state, &stream.rpc, STR("a"));
    }
    assert_true(stream.ended);
    assert_string_equal(stream.text, "etcdserver: too many requests");
}

static void without_a_leader_calls_that_want_one_fail_and_streams_end(void **state)
{
    struct fixture *self = *state;
    struct played stream;
    struct played range;

    tell(self, boot, 4);
    begin(self, &stream, ETCD_METHOD_LEASE_KEEP_ALIVE);
    answer(self, GRPC_OK, "");
    for (int i = 0; i < 6; i++) {
        tell(self, boot, 0);
        begin(self, &range, ETCD_METHOD_RANGE);
        assert_string_equal(range.text, "etcdserver: no leader");
        assert_false(stream.ended);
        turn(self, election_ms / 2, NULL);
    }
    tell(self, boot, 0);
    turn(self, 1, NULL);
    assert_true(stream.ended);
    assert_string_equal(stream.text, "etcdserver: no leader");
    assert_false(etcd_gateway_healthy(self->gateway));
}

/* As its own turns come. */
static void pass(struct fixture *self, int64_t ms)
{
    for (; ms > 0; ms -= 100) {
        turn(self, ms < 100 ? ms : 100, NULL);
    }
}

static void a_gateway_that_stood_still_blames_no_store(void **state)
{
    struct fixture *self = *state;
    const struct msg fact = revision_of(boot, 4);

    tell(self, boot, 4);
    turn(self, (int64_t)10 * election_ms, &fact); /* what it was told meanwhile is read at once */
    assert_true(etcd_gateway_healthy(self->gateway));
    pass(self, store_silent_ms + 200);
    assert_false(etcd_gateway_healthy(self->gateway));
    tell(self, boot, 4);
    turn(self, (int64_t)10 * election_ms, NULL); /* it is not read yet */
    assert_true(etcd_gateway_healthy(self->gateway));
    assert_true(is_ready(self));
    pass(self, store_silent_ms + 200);
    assert_false(etcd_gateway_healthy(self->gateway));
}

static void a_silent_store_is_waited_for_then_clients_are_sent_away(void **state)
{
    struct fixture *self = *state;
    struct played range;

    tell(self, boot, 4);
    pass(self, store_silent_ms + 1);
    assert_false(etcd_gateway_healthy(self->gateway));
    assert_true(is_ready(self));
    begin(self, &range, ETCD_METHOD_RANGE);
    assert_int_equal(self->calls, 0);
    pass(self, election_ms);
    assert_string_equal(range.text, "etcdserver: server stopped");
    pass(self, (int64_t)3 * election_ms);
    assert_false(is_ready(self));
    tell(self, boot + 1, 4);
    assert_true(is_ready(self));
    assert_true(etcd_gateway_healthy(self->gateway));
}

static void revisions_that_jump_are_no_gap(void **state)
{
    struct fixture *self = *state;
    struct msg fact = {.type = MSG_TYPE_REVISION,
                       .as_revision = {.epoch = 1, .boot = boot, .term = 2, .lead = 4}};

    tell(self, boot, 4);
    for (int64_t i = 1; i <= 10; i++) {
        fact.as_revision.seq = 1 + 1000 * (uint64_t)i;
        fact.as_revision.revision = 1 + 1000 * i;
        turn(self, 100, &fact);
        assert_int_equal(etcd_gateway_store(self->gateway)->revision, 1 + 1000 * i);
    }
    assert_int_equal(self->asked.id, 0);
}

static void another_run_of_the_store_answers_nothing_that_was_asked_before(void **state)
{
    struct fixture *self = *state;
    struct played range;

    tell(self, boot, 4);
    begin(self, &range, ETCD_METHOD_RANGE);
    tell(self, boot + 1, 4);
    assert_true(range.ended);
    assert_int_equal(range.code, GRPC_UNAVAILABLE);
}

/* A gateway that stood still finds facts of a run that is over behind what the next one has said.
 */
static void a_run_that_is_over_does_not_come_back(void **state)
{
    struct fixture *self = *state;
    struct msg fact = {.type = MSG_TYPE_REVISION,
                       .as_revision = {.epoch = 1, .seq = 2, .revision = 2, .lead = 4}};
    struct played range;

    tell(self, boot, 4);
    fact.as_revision.boot = boot + 1;
    fact.as_revision.term = 3;
    turn(self, 0, &fact);
    begin(self, &range, ETCD_METHOD_RANGE);
    fact.as_revision.boot = boot;
    fact.as_revision.term = 2;
    turn(self, 0, &fact);
    assert_false(range.ended);
    assert_int_equal(etcd_gateway_store(self->gateway)->boot, boot + 1);
    fact.as_revision.boot = boot + 2;
    fact.as_revision.term = 4;
    turn(self, 0, &fact);
    assert_true(range.ended);
}

/* Its directory was put back from a backup: its term is lower than the one heard last. */
static void a_store_that_went_back_is_followed(void **state)
{
    struct fixture *self = *state;
    struct msg fact = {
        .type = MSG_TYPE_REVISION,
        .as_revision = {
            .epoch = 1, .boot = boot + 1, .seq = 2, .term = 1, .revision = 1, .lead = 4}};

    tell(self, boot, 4); /* of term 2 */
    turn(self, 0, &fact);
    assert_int_equal(etcd_gateway_store(self->gateway)->boot, boot); /* it may be late */
    for (int i = 0; i < 100 && etcd_gateway_store(self->gateway)->boot == boot; i++) {
        fact.as_revision.seq++;
        turn(self, 100, &fact);
    }
    assert_int_equal(etcd_gateway_store(self->gateway)->boot, boot + 1);
    assert_int_equal(etcd_gateway_store(self->gateway)->term, 1);
    assert_true(etcd_gateway_healthy(self->gateway));
}

static void what_many_watches_have_left_is_given_back(void **state)
{
    enum { many = 1200 };
    struct fixture *self = *state;
    struct played *streams = calloc(many, sizeof(*streams));
    struct played range;

    tell(self, boot, 4);
    for (int i = 0; i < many; i++) {
        begin(self, &streams[i], ETCD_METHOD_WATCH);
    }
    for (int i = 0; i < many; i++) {
        self->by.app->gone(self->by.state, &streams[i].rpc);
    }
    trims = 0;
    turn(self, 0, NULL);
    turn(self, 100, NULL);
    assert_int_equal(trims, 0); /* not while they go */
    begin(self, &range, ETCD_METHOD_RANGE);
    turn(self, 3000, NULL);
    assert_int_equal(trims, 0); /* nor while a call is awaited */
    answer(self, GRPC_OK, "");
    turn(self, 0, NULL);
    turn(self, 5000, NULL);
    assert_int_equal(trims, 1);
    free(streams);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_call_waits_for_the_store_and_is_its),
        CASE(keep_alives_go_on_until_an_error),
        CASE(a_stream_ends_when_all_is_renewed),
        CASE(one_that_goes_takes_its_renewals_with_it),
        CASE(too_many_renewals_end_a_stream),
        CASE(without_a_leader_calls_that_want_one_fail_and_streams_end),
        CASE(a_gateway_that_stood_still_blames_no_store),
        CASE(a_silent_store_is_waited_for_then_clients_are_sent_away),
        CASE(revisions_that_jump_are_no_gap),
        CASE(another_run_of_the_store_answers_nothing_that_was_asked_before),
        CASE(a_store_that_went_back_is_followed),
        CASE(a_run_that_is_over_does_not_come_back),
        CASE(what_many_watches_have_left_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
