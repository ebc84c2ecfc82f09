/* The store's side of watches: facts that are chained, what was missed, and the bounds of both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actors/store/event_reads.h"
#include "tests/store/actor/rig.h"

static int set_up(void **state)
{
    static struct rig rig;

    rig_init(&rig, 1);
    rig_start(&rig);
    rig_forget(&rig);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    rig_fini(*state);
    return 0;
}

/* ── asking ── */

static void add_range(struct msg_list *list, struct buf *store, struct str key, struct str end,
                      bool prev)
{
    struct msg part = {.type = MSG_TYPE_WATCH_RANGE};

    part.as_watch_range = (struct msg_watch_range){.key = key, .range_end = end, .prev = prev};
    msg_list_add(list, store, &part);
}

static void watching(struct rig *rig, bool prev)
{
    struct buf store = {0};
    struct msg msg = {.type = MSG_TYPE_WATCHING};

    msg.as_watching.boot = rig->options.boot;
    add_range(&msg.as_watching.ranges, &store, STR("p"), STR("q"), prev);
    rig_ask(rig, &msg);
    buf_fini(&store);
}

static void read_events(struct rig *rig, int64_t from, uint32_t sub, int64_t to, struct str key,
                        struct str end, bool prev)
{
    struct buf store = {0};
    struct msg msg = {.type = MSG_TYPE_READ_EVENTS};

    msg.as_read_events = (struct msg_read_events){
        .id = ++rig->id, .boot = rig->options.boot, .from = from, .sub = sub, .to = to};
    add_range(&msg.as_read_events.ranges, &store, key, end, prev);
    rig_ask(rig, &msg);
    buf_fini(&store);
}

static const struct str everything = {"\0", 1};

/* The answer to a question about everything, and its turn. */
static struct msg_events_read read_all(struct rig *rig, int64_t from, uint32_t sub, int64_t to)
{
    struct msg msg;

    rig_forget(rig);
    read_events(rig, from, sub, to, everything, everything, false);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &msg));
    assert_int_equal(msg.type, MSG_TYPE_EVENTS_READ);
    assert_int_equal(msg.as_events_read.id, rig->id);
    return msg.as_events_read;
}

/* ── what is put in ── */

static uint64_t send_put(struct rig *rig, const char *key, const char *value, size_t len)
{
    Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;

    put.key = rig_bytes(key);
    put.value = (ProtobufCBinaryData){len, (uint8_t *)value};
    return rig_send(rig, ETCD_METHOD_PUT, &put);
}

static void send_numbered(struct rig *rig, int number)
{
    char key[16];

    (void)snprintf(key, sizeof(key), "k%05d", number);
    (void)send_put(rig, key, "v", 1);
}

static void send_delete(struct rig *rig, const char *key, const char *end)
{
    Etcdserverpb__DeleteRangeRequest request = ETCDSERVERPB__DELETE_RANGE_REQUEST__INIT;

    request.key = rig_bytes(key);
    request.range_end = rig_bytes(end);
    (void)rig_send(rig, ETCD_METHOD_DELETE_RANGE, &request);
}

static void compact(struct rig *rig, int64_t revision)
{
    Etcdserverpb__CompactionRequest request = ETCDSERVERPB__COMPACTION_REQUEST__INIT;
    void *answer;

    request.revision = revision;
    answer = rig_call(rig, ETCD_METHOD_COMPACT, &request, NULL);
    assert_non_null(answer);
    etcdserverpb__compaction_response__free_unpacked(answer, NULL);
}

/* Adds "revision+key" and "revision-key" of each, separated by spaces. */
static void print_events(struct buf *to, struct msg_list events)
{
    struct msg event;

    while (msg_next(&events.bytes, &event)) {
        assert_int_equal(event.type, MSG_TYPE_EVENT);
        buf_printf(to, "%lld%s%.*s ", (long long)event.as_event.revision,
                   event.as_event.kind == 1 ? "-" : "+", STR_ARG(event.as_event.key));
    }
}

static void expect_events(struct msg_list events, const char *expected)
{
    struct buf text = {0};

    print_events(&text, events);
    buf_add_char(&text, 0);
    assert_string_equal(text.data, expected);
    buf_fini(&text);
}

static size_t count_of(const struct rig *rig, const char *topic)
{
    struct msg msg;
    size_t at = 0;
    size_t count = 0;

    while (rig_fact(rig, topic, &at, &msg)) {
        count++;
    }
    return count;
}

/* ── facts ── */

static void nobody_watches_nothing_is_told(void **state)
{
    struct rig *rig = *state;

    (void)rig_put(rig, "a", "1", 0);
    assert_int_equal(count_of(rig, "store.events"), 0);
}

static void a_revision_is_told_once_it_is_there(void **state)
{
    struct rig *rig = *state;
    struct msg msg;
    size_t at = 0;

    (void)rig_put(rig, "a", "1", 0);
    watching(rig, false);
    (void)rig_put(rig, "a", "2", 0);
    assert_true(rig_fact(rig, "store.events", &at, &msg));
    assert_int_equal(msg.as_events.epoch, rig_cluster);
    assert_int_equal(msg.as_events.boot, rig->options.boot);
    assert_int_equal(msg.as_events.seq, 3);
    assert_int_equal(msg.as_events.before, 2);
    assert_int_equal(msg.as_events.revision, 3);
    assert_int_equal(msg.as_events.compacted, -1);
    assert_true(msg.as_events.whole);
    expect_events(msg.as_events.events, "3+a ");
    assert_false(rig_fact(rig, "store.events", &at, &msg));
}

static void an_event_s_kv_is_as_etcd_tells_it(void **state)
{
    struct rig *rig = *state;
    struct msg fact;
    struct msg event;
    struct str rest;
    size_t at = 0;
    Mvccpb__KeyValue *kv;

    watching(rig, false);
    (void)rig_put(rig, "a", "1", 0);
    send_delete(rig, "a", "");
    rig_turn(rig, 0);
    assert_true(rig_fact(rig, "store.events", &at, &fact));
    rest = fact.as_events.events.bytes;
    assert_true(msg_next(&rest, &event));
    kv = mvccpb__key_value__unpack(NULL, event.as_event.kv.len,
                                   (const uint8_t *)event.as_event.kv.data);
    assert_int_equal(kv->create_revision, 2);
    assert_int_equal(kv->version, 1);
    assert_int_equal(kv->value.len, 1);
    mvccpb__key_value__free_unpacked(kv, NULL);
    assert_true(rig_fact(rig, "store.events", &at, &fact));
    rest = fact.as_events.events.bytes;
    assert_true(msg_next(&rest, &event));
    assert_true(str_eq(event.as_event.kv, STR("\n\1a\x18\3")));
}

/* Takes all facts of a long history: each begins where the last ended, and all events are there. */
static void the_chain_has_no_gap_and_each_fact_is_small(void **state)
{
    enum { rounds = 60 };
    struct rig *rig = *state;
    struct prng prng;
    struct buf told = {0};
    struct buf read = {0};
    struct msg msg;
    size_t at = 0;
    size_t large = 0;
    int64_t next = 2;
    uint32_t sub = 0;

    prng_init(&prng, 9);
    watching(rig, false);
    for (int round = 0; round < rounds; round++) {
        unsigned count = (unsigned)prng_below(&prng, 200);
        static char value[3000];

        memset(value, 'v', sizeof(value));
        for (unsigned i = 0; i < count; i++) {
            char key[8];

            (void)snprintf(key, sizeof(key), "%u", (unsigned)prng_below(&prng, 50));
            if (prng_below(&prng, 20) == 0) {
                send_delete(rig, key, "9");
            } else {
                (void)send_put(rig, key, value, (size_t)prng_below(&prng, sizeof(value)));
            }
        }
        watching(rig, false);
        rig_turn(rig, 50);
    }
    while (rig_fact(rig, "store.events", &at, &msg)) {
        assert_int_equal(msg.as_events.before, next - 1);
        assert_true(msg.as_events.whole);
        next = msg.as_events.revision + 1;
        large += msg.as_events.events.bytes.len > fact_frame_max - 4096;
        print_events(&told, msg.as_events.events);
    }
    assert_true(large > 10);
    for (int64_t from = 2; from < next;) {
        struct msg_events_read answer = read_all(rig, from, sub, next - 1);

        print_events(&read, answer.events);
        from = answer.next;
        sub = answer.next_sub;
    }
    assert_true(next > 2000);
    assert_true(str_eq(buf_str(&told), buf_str(&read)));
    buf_fini(&told);
    buf_fini(&read);
}

static void a_turn_tells_a_bounded_part(void **state)
{
    enum { many = 5000 };
    struct rig *rig = *state;
    struct msg msg;
    size_t at = 0;
    int64_t told = 1;

    watching(rig, false);
    for (int i = 0; i < many; i++) {
        send_numbered(rig, i);
    }
    rig_turn(rig, 0);
    while (rig_fact(rig, "store.events", &at, &msg)) {
        assert_int_equal(msg.as_events.before, told);
        told = msg.as_events.revision;
    }
    assert_int_equal(told, many + 1);
}

static void what_is_too_large_is_told_by_its_revision(void **state)
{
    struct rig *rig = *state;
    char *large = calloc(1, 70000);
    struct msg msg;
    size_t at = 0;

    watching(rig, false);
    (void)send_put(rig, "a", "1", 1);
    (void)send_put(rig, "b", large, 70000);
    (void)send_put(rig, "c", "1", 1);
    for (int i = 0; i < 3000; i++) {
        send_numbered(rig, i);
    }
    send_delete(rig, "k", "l");
    (void)send_put(rig, "d", "1", 1);
    rig_turn(rig, 0);
    assert_true(rig_fact(rig, "store.events", &at, &msg));
    expect_events(msg.as_events.events, "2+a ");
    assert_true(rig_fact(rig, "store.events", &at, &msg));
    assert_int_equal(msg.as_events.before, 2);
    assert_int_equal(msg.as_events.revision, 3);
    assert_false(msg.as_events.whole);
    assert_int_equal(msg.as_events.events.count, 0);
    do {
        assert_true(rig_fact(rig, "store.events", &at, &msg));
    } while (msg.as_events.whole);
    assert_int_equal(msg.as_events.before, 3004);
    assert_int_equal(msg.as_events.revision, 3005);
    assert_true(rig_fact(rig, "store.events", &at, &msg));
    expect_events(msg.as_events.events, "3006+d ");
    free(large);
}

static void interest_ends_and_the_chain_begins_anew(void **state)
{
    struct rig *rig = *state;
    struct msg msg;
    size_t at = 0;

    watching(rig, false);
    for (int i = 0; i < watching_ms / 1000; i++) {
        (void)rig_put(rig, "a", "1", 0);
        rig_turn(rig, 1000);
    }
    (void)rig_put(rig, "b", "1", 0);
    for (int i = 0; i < watching_ms / 1000; i++) {
        assert_true(rig_fact(rig, "store.events", &at, &msg));
    }
    assert_false(rig_fact(rig, "store.events", &at, &msg));
    assert_int_equal(msg.as_events.revision, 1 + watching_ms / 1000);
    watching(rig, false);
    (void)rig_put(rig, "c", "1", 0);
    assert_true(rig_fact(rig, "store.events", &at, &msg));
    assert_int_equal(msg.as_events.before, 2 + watching_ms / 1000);
    expect_events(msg.as_events.events, "13+c ");
}

static void a_sleep_ends_nobody_s_interest(void **state)
{
    struct rig *rig = *state;

    watching(rig, false);
    rig_turn(rig, 3600000);
    (void)rig_put(rig, "a", "1", 0);
    assert_int_equal(count_of(rig, "store.events"), 1);
}

/* has_prev and prev of the last event that was told: "-" not looked for, else the value. */
static const char *last_prev(struct rig *rig)
{
    static char text[32];
    struct msg fact;
    struct msg event = {.type = MSG_TYPE_EVENT};
    size_t at = 0;
    struct str rest;

    while (rig_fact(rig, "store.events", &at, &fact)) {
        rest = fact.as_events.events.bytes;
        while (msg_next(&rest, &event)) {
        }
    }
    if (!event.as_event.has_prev) {
        assert_int_equal(event.as_event.prev.len, 0);
        return "-";
    }
    text[0] = 0;
    if (event.as_event.prev.len > 0) {
        Mvccpb__KeyValue *kv = mvccpb__key_value__unpack(NULL, event.as_event.prev.len,
                                                         (const uint8_t *)event.as_event.prev.data);

        (void)snprintf(text, sizeof(text), "%.*s@%d", (int)kv->value.len,
                       (const char *)kv->value.data, (int)kv->mod_revision);
        mvccpb__key_value__free_unpacked(kv, NULL);
    }
    return text;
}

static void what_was_before_is_told_where_it_is_wanted(void **state)
{
    struct rig *rig = *state;

    watching(rig, false);
    (void)rig_put(rig, "p1", "1", 0);
    assert_string_equal(last_prev(rig), "-");
    watching(rig, true);
    (void)rig_put(rig, "p1", "2", 0);
    assert_string_equal(last_prev(rig), "1@2");
    (void)rig_put(rig, "p2", "1", 0);
    assert_string_equal(last_prev(rig), "");
    (void)rig_put(rig, "q", "1", 0);
    (void)rig_put(rig, "q", "2", 0);
    assert_string_equal(last_prev(rig), "-");
    send_delete(rig, "p1", "");
    rig_turn(rig, 0);
    assert_string_equal(last_prev(rig), "2@3");
    send_delete(rig, "p2", "");
    (void)rig_put(rig, "p2", "9", 0);
    assert_string_equal(last_prev(rig), "");
}

static void over_a_thousand_ranges_all_is_wanted(void **state)
{
    struct rig *rig = *state;
    struct buf store = {0};
    struct msg msg = {.type = MSG_TYPE_WATCHING};

    msg.as_watching.boot = rig->options.boot;
    for (int i = 0; i < 1000; i++) {
        char key[16];

        (void)snprintf(key, sizeof(key), "w%d", i);
        add_range(&msg.as_watching.ranges, &store, str_from(key), STR(""), true);
    }
    rig_ask(rig, &msg);
    (void)rig_put(rig, "a", "1", 0);
    (void)rig_put(rig, "a", "2", 0);
    assert_string_equal(last_prev(rig), "-");
    add_range(&msg.as_watching.ranges, &store, STR("x"), STR(""), true);
    rig_ask(rig, &msg);
    (void)rig_put(rig, "a", "3", 0);
    assert_string_equal(last_prev(rig), "2@3");
    buf_fini(&store);
}

static void where_it_stands_is_told_each_tick_and_to_who_asks(void **state)
{
    struct rig *rig = *state;
    struct msg snapshot = {.type = MSG_TYPE_SNAPSHOT};
    struct msg facts = {.type = MSG_TYPE_FACTS};
    struct msg msg;
    struct msg standing;
    size_t at = 0;
    struct str rest;

    (void)rig_put(rig, "a", "1", 0);
    rig_forget(rig);
    rig_turn(rig, 100);
    assert_true(rig_fact(rig, "store.revision", &at, &msg));
    assert_int_equal(msg.as_revision.seq, 2);
    assert_int_equal(msg.as_revision.revision, 2);
    assert_int_equal(msg.as_revision.compacted, -1);
    assert_int_equal(msg.as_revision.cluster, rig_cluster);
    assert_int_equal(msg.as_revision.member, rig_member);
    assert_int_equal(msg.as_revision.lead, rig_member);
    assert_true(msg.as_revision.term > 0);
    snapshot.as_snapshot.id = 5;
    rig_ask(rig, &snapshot);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &msg));
    assert_int_equal(msg.type, MSG_TYPE_CHUNK);
    assert_int_equal(msg.as_chunk.seq, 2);
    assert_int_equal(msg.as_chunk.epoch, rig_cluster);
    rest = msg.as_chunk.standing.bytes;
    assert_int_equal(msg.as_chunk.standing.count, 2);
    assert_true(msg_next(&rest, &standing));
    assert_int_equal(standing.type, MSG_TYPE_LEADER);
    assert_true(msg_next(&rest, &standing));
    assert_int_equal(standing.as_revision.revision, 2);
    facts.as_facts = (struct msg_facts){.id = 6, .epoch = rig_cluster, .from = 1};
    rig_ask(rig, &facts);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &msg));
    assert_int_equal(msg.type, MSG_TYPE_HISTORY);
    assert_int_equal(msg.as_history.head, 2);
}

/* A start that has more to apply again than a turn takes. */
static void a_start_tells_nothing_before_all_is_applied_again(void **state)
{
    enum { put_count = 45, value_bytes = 1000000 };
    struct rig *rig = *state;
    char *value = calloc(1, value_bytes + 1);
    int64_t revision = 1;
    size_t at = 0;
    struct msg msg;

    assert_non_null(value);
    memset(value, 'v', value_bytes);
    rig_stop(rig);
    rig->options.flush_ms = INT64_MAX;
    rig->options.flush_bytes = SIZE_MAX;
    rig_start(rig);
    for (int i = 0; i < put_count; i++) {
        revision = rig_put(rig, "p", value, 0);
        assert_true(revision > 0);
    }
    free(value);
    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_forget(rig);
    rig_start(rig);
    assert_true(rig_fact(rig, "store.revision", &at, &msg));
    assert_int_equal(msg.as_revision.revision, revision);
}

static void who_leads_is_told_when_it_changes(void **state)
{
    struct rig *rig = *state;
    struct msg msg;
    size_t at = 0;
    uint64_t term;

    rig_kill(rig, DISK_KEEP_NOTHING);
    rig_start(rig);
    assert_true(rig_fact(rig, "store.leader", &at, &msg));
    while (msg.as_leader.lead != rig_member) {
        assert_true(rig_fact(rig, "store.leader", &at, &msg));
    }
    term = msg.as_leader.term;
    assert_true(term > 0);
    for (int i = 0; i < 10; i++) {
        rig_turn(rig, 100);
    }
    assert_false(rig_fact(rig, "store.leader", &at, &msg));
}

static void keys_have_topics_for_people(void **state)
{
    struct rig *rig = *state;
    char topic[256] = "store.event.";
    char name[256];
    struct msg msg;
    size_t at = 0;

    (void)outbox_subscribe(rig->out, STR("store.event.jobs%2F"), true);
    (void)rig_put(rig, "jobs/a b", "1", 0);
    (void)rig_put(rig, "job", "1", 0);
    send_delete(rig, "jobs/a b", "");
    rig_turn(rig, 0);
    assert_true(rig_fact(rig, "store.event.jobs%2Fa%20b", &at, &msg));
    assert_true(str_eq(msg.as_key_event.kind, STR("put")));
    assert_true(str_eq(msg.as_key_event.key, STR("jobs/a b")));
    assert_true(str_eq(msg.as_key_event.value, STR("1")));
    assert_int_equal(msg.as_key_event.revision, 2);
    assert_int_equal(msg.as_key_event.version, 1);
    assert_true(rig_fact(rig, "store.event.jobs%2Fa%20b", &at, &msg));
    assert_true(str_eq(msg.as_key_event.kind, STR("delete")));
    assert_int_equal(msg.as_key_event.seq, 4);
    assert_int_equal(rig->fact_count, 2);
    (void)outbox_subscribe(rig->out, STR("store.event."), true);
    memset(name, 'n', sizeof(name) - 1);
    name[255] = 0;
    memset(topic + 12, 'n', 200);
    (void)rig_put(rig, name, "1", 0);
    assert_true(rig_fact(rig, topic, &at, &msg));
    assert_int_equal(msg.as_key_event.key.len, 255);
}

static void people_are_told_all_of_a_burst(void **state)
{
    enum { many = 2500 };
    struct rig *rig = *state;
    size_t count = 0;

    for (int i = 0; i < many; i++) {
        send_numbered(rig, i);
    }
    send_delete(rig, "k", "l");
    rig_turn(rig, 0);
    for (size_t i = 0; i < rig->fact_count; i++) {
        count += strncmp(rig->facts[i].topic, "store.event.", 12) == 0;
    }
    assert_int_equal(count, 2 * many);
}

/* ── who asks ── */

static struct msg watch(struct rig *rig, uint64_t boot, unsigned ranges)
{
    struct buf store = {0};
    struct msg msg = {.type = MSG_TYPE_WATCH};
    struct msg answer;

    msg.as_watch = (struct msg_watch){.id = ++rig->id, .boot = boot};
    for (unsigned i = 0; i < ranges; i++) {
        add_range(&msg.as_watch.range, &store, STR("p"), STR("q"), true);
    }
    rig_forget(rig);
    rig_ask(rig, &msg);
    rig_turn(rig, 0);
    buf_fini(&store);
    assert_true(rig_other(rig, &answer));
    assert_int_equal(answer.type, MSG_TYPE_WATCHED);
    assert_int_equal(answer.as_watched.id, rig->id);
    return answer;
}

static void a_watch_is_told_where_it_begins(void **state)
{
    struct rig *rig = *state;
    struct msg answer;

    (void)rig_put(rig, "p", "1", 0);
    (void)rig_put(rig, "p", "2", 0);
    compact(rig, 2);
    answer = watch(rig, rig->options.boot, 1);
    assert_int_equal(answer.as_watched.code, 0);
    assert_int_equal(answer.as_watched.revision, 3);
    assert_int_equal(answer.as_watched.compacted, 2);
    (void)rig_put(rig, "p", "3", 0);
    assert_string_equal(last_prev(rig), "2@3");
}

static void a_watch_without_one_range_is_refused(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(watch(rig, rig->options.boot, 0).as_watched.code, 3);
    assert_int_equal(watch(rig, rig->options.boot, 2).as_watched.code, 3);
    (void)rig_put(rig, "p", "1", 0);
    assert_int_equal(count_of(rig, "store.events"), 0);
}

static void another_run_is_asked_in_vain(void **state)
{
    struct rig *rig = *state;
    struct msg msg = {.type = MSG_TYPE_WATCHING};
    struct msg answer;

    assert_int_equal(watch(rig, rig->options.boot + 1, 1).as_watched.code, 14);
    msg.as_watching.boot = rig->options.boot + 1;
    rig_ask(rig, &msg);
    (void)rig_put(rig, "p", "1", 0);
    assert_int_equal(count_of(rig, "store.events"), 0);
    msg.type = MSG_TYPE_READ_EVENTS;
    msg.as_read_events =
        (struct msg_read_events){.id = 7, .boot = rig->options.boot + 1, .from = 2, .to = 2};
    rig_ask(rig, &msg);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &answer));
    assert_int_equal(answer.as_events_read.code, 14);
}

/* ── reading what was missed ── */

static void what_was_missed_is_read_within_ranges(void **state)
{
    struct rig *rig = *state;
    struct buf store = {0};
    struct msg msg = {.type = MSG_TYPE_READ_EVENTS};
    struct msg answer;
    struct msg event;
    struct str rest;

    for (const char *key = "abcdefgh"; *key != 0; key++) {
        const char name[2] = {*key, 0};

        (void)rig_put(rig, name, "1", 0);
    }
    send_delete(rig, "c", "f");
    rig_turn(rig, 0);
    msg.as_read_events =
        (struct msg_read_events){.id = 1, .boot = rig->options.boot, .from = 3, .to = 10};
    add_range(&msg.as_read_events.ranges, &store, STR("d"), STR(""), true);
    add_range(&msg.as_read_events.ranges, &store, STR("a"), STR("d"), false);
    rig_ask(rig, &msg);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &answer));
    expect_events(answer.as_events_read.events, "3+b 4+c 5+d 10-c 10-d ");
    assert_int_equal(answer.as_events_read.next, 11);
    assert_int_equal(answer.as_events_read.next_sub, 0);
    assert_int_equal(answer.as_events_read.compacted, -1);
    rest = answer.as_events_read.events.bytes;
    while (msg_next(&rest, &event)) {
        bool wanted = str_eq(event.as_event.key, STR("d"));

        assert_int_equal(event.as_event.has_prev, wanted);
        assert_int_equal(event.as_event.prev.len > 0, wanted && event.as_event.kind == 1);
    }
    buf_fini(&store);
}

static void what_is_not_there_yet_is_asked_again(void **state)
{
    struct rig *rig = *state;
    struct msg_events_read answer;

    (void)rig_put(rig, "a", "1", 0);
    answer = read_all(rig, 2, 0, 100);
    expect_events(answer.events, "2+a ");
    assert_int_equal(answer.next, 3);
    answer = read_all(rig, 3, 0, 100);
    assert_int_equal(answer.events.count, 0);
    assert_int_equal(answer.next, 3);
    answer = read_all(rig, 0, 0, 1);
    assert_int_equal(answer.events.count, 0);
    assert_int_equal(answer.next, 2);
}

static void a_cursor_may_stand_within_a_revision(void **state)
{
    enum { many = 30000 };
    struct rig *rig = *state;
    struct buf text = {0};
    unsigned parts = 0;
    size_t count = 0;
    int64_t next = many + 2;
    uint32_t sub = 0;

    for (int i = 0; i < many; i++) {
        send_numbered(rig, i);
        if (i % 10000 == 9999) {
            rig_turn(rig, 0);
        }
    }
    send_delete(rig, "k", "l");
    rig_turn(rig, 0);
    (void)rig_put(rig, "z", "1", 0);
    while (next <= many + 2) {
        struct msg_events_read answer = read_all(rig, next, sub, many + 2);

        assert_true(answer.next > next || answer.next_sub > sub);
        assert_true(answer.events.bytes.len <= event_reads_answer_bytes_max);
        count += answer.events.count;
        print_events(&text, answer.events);
        next = answer.next;
        sub = answer.next_sub;
        parts++;
    }
    assert_int_equal(count, many);
    assert_true(parts >= many / event_reads_answer_changes_max);
    assert_int_equal(next, many + 3);
    assert_int_equal(sub, 0);
    buf_fini(&text);
}

static void an_answer_is_bounded(void **state)
{
    struct rig *rig = *state;
    char *large = calloc(1, 700000);
    struct msg_events_read answer;
    struct msg msg;

    for (int i = 0; i < 1500; i++) {
        send_numbered(rig, i);
    }
    (void)send_put(rig, "l", large, 700000);
    (void)send_put(rig, "l", large, 700000);
    rig_turn(rig, 0);
    answer = read_all(rig, 2, 0, 1501);
    assert_int_equal(answer.events.count, event_reads_answer_revisions_max);
    assert_int_equal(answer.next, 1002);
    answer = read_all(rig, 1502, 0, 1503);
    assert_int_equal(answer.events.count, 1);
    assert_int_equal(answer.next, 1503);
    rig_forget(rig);
    read_events(rig, 2, 0, 1501, STR("none"), STR(""), false);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &msg));
    assert_int_equal(msg.as_events_read.events.count, 0);
    assert_int_equal(msg.as_events_read.next, 1002);
    free(large);
}

static void what_is_compacted_is_said_to_be(void **state)
{
    struct rig *rig = *state;
    struct msg_events_read answer;

    for (int i = 0; i < 5; i++) {
        (void)rig_put(rig, "a", "1", 0);
    }
    compact(rig, 4);
    answer = read_all(rig, 4, 0, 6);
    assert_int_equal(answer.code, 0);
    assert_int_equal(answer.compacted, 4);
    assert_int_equal(answer.next, 4);
    assert_int_equal(answer.events.count, 0);
    answer = read_all(rig, 5, 0, 6);
    expect_events(answer.events, "5+a 6+a ");
    assert_int_equal(answer.compacted, 4);
}

static void revisions_are_told_though_they_are_compacted_meanwhile(void **state)
{
    enum { many = 9000 };
    struct rig *rig = *state;
    Etcdserverpb__CompactionRequest request = ETCDSERVERPB__COMPACTION_REQUEST__INIT;
    struct msg msg;
    size_t at = 0;
    size_t count = 0;

    rig_stop(rig);
    rig->options.flush_ms = 0;
    rig_start(rig);
    watching(rig, false);
    for (int i = 0; i < many; i++) {
        (void)send_put(rig, "a", "1", 1);
    }
    request.revision = many + 1;
    (void)rig_send(rig, ETCD_METHOD_COMPACT, &request);
    rig_turn(rig, 0);
    while (rig_fact(rig, "store.events", &at, &msg)) {
        count += msg.as_events.events.count;
    }
    assert_int_equal(count, many);
    assert_int_equal(msg.as_events.revision, many + 1);
    assert_int_equal(msg.as_events.compacted, many + 1);
}

/* One turn alone, as the shell makes it. */
static size_t answered_in_a_turn(struct rig *rig)
{
    struct outbox_item item;
    struct msg msg;
    size_t cursor = 0;
    size_t count = 0;

    store_spec.turn_begin(rig->store, &rig->clock.at, rig->out);
    store_spec.turn_end(rig->store, &rig->clock.at, rig->out);
    while (outbox_next(rig->out, OUTBOX_SYNCED, &cursor, &item)) {
        while (item.kind == OUTBOX_REPLY && item.frame.len > 0) {
            assert_int_equal(msg_decode(&item.frame, &msg), ERR_OK);
            count += msg.type == MSG_TYPE_EVENTS_READ;
        }
    }
    outbox_clear(rig->out, OUTBOX_SYNCED);
    return count;
}

static void a_turn_reads_a_bounded_part_and_too_many_are_refused(void **state)
{
    struct rig *rig = *state;
    struct msg msg;
    size_t answered = 0;
    unsigned turns = 0;

    for (int i = 0; i < 3000; i++) {
        send_numbered(rig, i);
    }
    rig_turn(rig, 0);
    rig_forget(rig);
    for (int i = 0; i < event_reads_max; i++) {
        read_events(rig, 2, 0, 3001, everything, everything, false);
    }
    read_events(rig, 2, 0, 3001, everything, everything, false);
    do {
        size_t count = answered_in_a_turn(rig);

        assert_true(count <= 2);
        answered += count;
        turns++;
    } while (outbox_take_again(rig->out));
    assert_int_equal(answered, event_reads_max);
    assert_true(turns >= event_reads_max / 2);
    rig_turn(rig, 0);
    assert_true(rig_other(rig, &msg));
    assert_int_equal(msg.as_events_read.code, 8);
    assert_int_equal(msg.as_events_read.id, rig->id);
    assert_false(rig_other(rig, &msg));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nobody_watches_nothing_is_told),
        CASE(a_revision_is_told_once_it_is_there),
        CASE(an_event_s_kv_is_as_etcd_tells_it),
        CASE(the_chain_has_no_gap_and_each_fact_is_small),
        CASE(a_turn_tells_a_bounded_part),
        CASE(what_is_too_large_is_told_by_its_revision),
        CASE(interest_ends_and_the_chain_begins_anew),
        CASE(a_sleep_ends_nobody_s_interest),
        CASE(what_was_before_is_told_where_it_is_wanted),
        CASE(over_a_thousand_ranges_all_is_wanted),
        CASE(where_it_stands_is_told_each_tick_and_to_who_asks),
        CASE(a_start_tells_nothing_before_all_is_applied_again),
        CASE(who_leads_is_told_when_it_changes),
        CASE(keys_have_topics_for_people),
        CASE(people_are_told_all_of_a_burst),
        CASE(a_watch_is_told_where_it_begins),
        CASE(a_watch_without_one_range_is_refused),
        CASE(another_run_is_asked_in_vain),
        CASE(what_was_missed_is_read_within_ranges),
        CASE(what_is_not_there_yet_is_asked_again),
        CASE(a_cursor_may_stand_within_a_revision),
        CASE(an_answer_is_bounded),
        CASE(what_is_compacted_is_said_to_be),
        CASE(revisions_are_told_though_they_are_compacted_meanwhile),
        CASE(a_turn_reads_a_bounded_part_and_too_many_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
