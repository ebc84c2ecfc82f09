#include "gateway/etcd/checks.h"

#include <stdlib.h>

#include "common/base/heap.h"
#include "common/base/json.h"
#include "common/base/percent.h"
#include "common/etcdapi/kv.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"

enum { read_ms_before_3_5 = 1000 };

/* P(NAME, name in an answer) */
#define PART_TABLE(P)                                                                              \
    P(DATA_CORRUPTION, "data_corruption")                                                          \
    P(SERIALIZABLE_READ, "serializable_read")                                                      \
    P(LINEARIZABLE_READ, "linearizable_read")

enum part {
#define PART_ENUM(NAME, text) PART_##NAME,
    PART_TABLE(PART_ENUM)
#undef PART_ENUM
        PART_COUNT
};

static const struct str part_names[PART_COUNT] = {
#define PART_NAME(NAME, text) [PART_##NAME] = {(text), sizeof(text) - 1},
    PART_TABLE(PART_NAME)
#undef PART_NAME
};

#define PART(NAME) (1u << PART_##NAME)

static const struct page {
    struct str path;
    unsigned parts;
    bool is_health;
} pages[] = {
    {{"/health", 7}, 0, true},
    {{"/livez", 6}, PART(SERIALIZABLE_READ), false},
    {{"/readyz", 7},
     PART(DATA_CORRUPTION) | PART(SERIALIZABLE_READ) | PART(LINEARIZABLE_READ),
     false},
};

struct check {
    struct checks *all;
    struct web *web;
    const struct page *page;
    struct web_head cors;
    unsigned parts; /* that are looked at */
    unsigned waits; /* of those, not known yet; and the bit of all that is being begun */
    bool verbose;
    bool excluded[ETCDSERVERPB__ALARM_TYPE__CORRUPT + 1]; /* alarms, of /health */
    struct buf failed[PART_COUNT];                        /* why; empty: it is well */
    struct subcall calls[PART_COUNT];
};

enum { beginning = 1u << PART_COUNT };

struct checks {
    struct checks_options options;
    struct checks_counts counts;
};

/* ── what a query asks for ── */

/* Takes the next pair off rest; value points into scratch. */
static bool next_pair(struct str *rest, struct buf *scratch, struct str *name, struct str *value)
{
    const char *end;
    const char *equals;
    struct str pair;

    if (rest->len == 0) {
        return false;
    }
    end = memchr(rest->data, '&', rest->len);
    pair = (struct str){rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len};
    rest->data += pair.len + (end != NULL);
    rest->len -= pair.len + (end != NULL);
    equals = pair.len > 0 ? memchr(pair.data, '=', pair.len) : NULL;
    *name = (struct str){pair.data, equals != NULL ? (size_t)(equals - pair.data) : pair.len};
    scratch->len = 0;
    if (equals != NULL) {
        (void)percent_decode(
            scratch, (struct str){equals + 1, (size_t)(pair.data + pair.len - equals) - 1}, true);
    }
    *value = buf_str(scratch);
    return true;
}

static void exclude(struct check *check, struct str name)
{
    for (unsigned i = 0; i < PART_COUNT; i++) {
        if (str_eq(name, part_names[i])) {
            check->parts &= ~(1u << i);
        }
    }
    check->excluded[ETCDSERVERPB__ALARM_TYPE__NOSPACE] |= str_eq(name, STR("NOSPACE"));
    check->excluded[ETCDSERVERPB__ALARM_TYPE__CORRUPT] |= str_eq(name, STR("CORRUPT"));
}

static void read_query(struct check *check, struct str query)
{
    bool knows_serializable = release_is_from(check->all->options.release, 3, 5);
    bool serializable = false;
    struct buf scratch = {0};
    struct str name;
    struct str value;

    while (next_pair(&query, &scratch, &name, &value)) {
        if (str_eq(name, STR("verbose"))) {
            check->verbose = true;
        } else if (str_eq(name, STR("exclude")) &&
                   (knows_serializable || !check->page->is_health)) {
            exclude(check, value);
        } else if (str_eq(name, STR("serializable"))) {
            serializable = str_eq(value, STR("true"));
        }
    }
    buf_fini(&scratch);
    if (check->page->is_health) {
        check->parts =
            PART(DATA_CORRUPTION) | (serializable && knows_serializable ? PART(SERIALIZABLE_READ)
                                                                        : PART(LINEARIZABLE_READ));
    }
}

/* ── the answer ── */

static void check_free(struct check *check)
{
    for (unsigned i = 0; i < PART_COUNT; i++) {
        subcall_drop(&check->calls[i]);
        buf_fini(&check->failed[i]);
    }
    free(check);
}

static void add_text_type(struct web_head *head)
{
    web_head_add(head, "Content-Type", "text/plain; charset=utf-8");
}

/* The first part that is not well, in the order in which etcd looks. */
static struct str reason(const struct check *check)
{
    struct str none = STR("");

    for (unsigned i = 0; i < PART_COUNT; i++) {
        if (check->failed[i].len > 0) {
            return buf_str(&check->failed[i]);
        }
    }
    return none;
}

static void print_health(struct check *check, struct buf *body, bool well)
{
    buf_printf(body, "{\"health\":\"%s\"", well ? "true" : "false");
    if (release_is_from(check->all->options.release, 3, 5)) {
        buf_add_str(body, STR(",\"reason\":"));
        json_quote(body, reason(check));
    }
    buf_add_char(body, '}');
    check->all->counts.healthy_total += well;
    check->all->counts.unhealthy_total += !well;
}

static void print_lines(const struct check *check, struct buf *body, bool well)
{
    for (unsigned i = 0; (!well || check->verbose) && i < PART_COUNT; i++) {
        if ((check->parts & 1u << i) == 0) {
            continue;
        }
        if (check->failed[i].len > 0) {
            buf_printf(body, "[-]%.*s failed: %.*s\n", STR_ARG(part_names[i]),
                       STR_ARG(buf_str(&check->failed[i])));
        } else {
            buf_printf(body, "[+]%.*s ok\n", STR_ARG(part_names[i]));
        }
    }
    if (well) {
        buf_add_str(body, STR("ok\n"));
    }
}

static void answer(struct check *check)
{
    struct web *web = check->web;
    struct web_head head = check->cors;
    struct buf body = {0};
    bool well = reason(check).len == 0;

    head.status = well ? 200 : 503;
    add_text_type(&head);
    if (check->page->is_health) {
        print_health(check, &body, well);
    } else {
        print_lines(check, &body, well);
    }
    if (!well || !check->page->is_health) {
        web_head_add(&head, "X-Content-Type-Options", "nosniff");
    }
    if (!well) {
        buf_add_char(&body, '\n');
    }
    check_free(check);
    web_answer(web, &head, &body);
}

static void part_known(struct check *check, unsigned bit)
{
    check->waits &= ~bit;
    if (check->waits == 0) {
        answer(check);
    }
}

/* ── asking ── */

static enum part part_of(const struct check *check, const struct subcall *call)
{
    return (enum part)(call - check->calls);
}

static void on_alarms(struct subcall *call, struct str message)
{
    struct check *check = call->user;
    Etcdserverpb__AlarmResponse *alarms =
        etcdserverpb__alarm_response__unpack(NULL, message.len, (const uint8_t *)message.data);
    struct buf *failed = &check->failed[PART_DATA_CORRUPTION];

    for (size_t i = 0; alarms != NULL && i < alarms->n_alarms && failed->len == 0; i++) {
        int alarm = (int)alarms->alarms[i]->alarm;
        bool space = alarm == ETCDSERVERPB__ALARM_TYPE__NOSPACE;
        bool corrupt = alarm == ETCDSERVERPB__ALARM_TYPE__CORRUPT;

        if ((space || corrupt) && check->excluded[alarm]) {
            continue;
        }
        if (check->page->is_health) {
            buf_printf(failed, "ALARM %s", space ? "NOSPACE" : corrupt ? "CORRUPT" : "UNKNOWN");
        } else if (corrupt) {
            buf_add_str(failed, STR("alarm activated: CORRUPT"));
        }
    }
    if (alarms != NULL) {
        etcdserverpb__alarm_response__free_unpacked(alarms, NULL);
    }
}

/* That nobody may read without a name is as good as a read; a store that has no alarms at all has
 * none now. */
static bool is_well(enum part part, enum grpc_code code, struct str text)
{
    return code == GRPC_OK || code == GRPC_PERMISSION_DENIED ||
           (code == GRPC_UNIMPLEMENTED && part == PART_DATA_CORRUPTION) ||
           str_eq(text, etcd_error_text(ETCD_ERROR_USER_EMPTY));
}

static void say_failed(struct check *check, enum part part, struct str text)
{
    struct buf *failed = &check->failed[part];

    if (failed->len == 0) {
        buf_add_str(failed, check->page->is_health ? STR("RANGE ERROR:") : STR(""));
        buf_add_str(failed, text);
    }
}

static void on_end(struct subcall *call, enum grpc_code code, struct str text)
{
    struct check *check = call->user;
    enum part part = part_of(check, call);

    if (!is_well(part, code, text)) {
        say_failed(check, part, text.len > 0 ? text : STR("no reason was told"));
    }
    part_known(check, 1u << part);
}

static const struct subcall_owner alarms_owner = {.message = on_alarms, .end = on_end};
static const struct subcall_owner read_owner = {.message = NULL, .end = on_end};

static void ask(struct check *check, enum part part)
{
    const struct checks_options *options = &check->all->options;
    struct subcall_options call = {
        .server = &options->calls,
        .owner = part == PART_DATA_CORRUPTION ? &alarms_owner : &read_owner,
        .method = part == PART_DATA_CORRUPTION ? ETCD_METHOD_ALARM : ETCD_METHOD_RANGE,
        .timeout_ms = release_is_from(options->release, 3, 5) ? -1 : read_ms_before_3_5,
    };
    Etcdserverpb__AlarmRequest alarms = ETCDSERVERPB__ALARM_REQUEST__INIT;
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    char key[] = "health";

    range.key = (ProtobufCBinaryData){sizeof(key) - 1, (uint8_t *)key};
    range.keys_only = true;
    range.limit = 1;
    range.serializable = part == PART_SERIALIZABLE_READ;
    subcall_begin(&check->calls[part], &call,
                  part == PART_DATA_CORRUPTION ? &alarms.base : &range.base, check);
}

static bool is_there(struct check *check)
{
    const struct checks_options *options = &check->all->options;
    bool needs_leader = (check->parts & PART(LINEARIZABLE_READ)) != 0;

    if (!relay_is_up(options->relay)) {
        for (unsigned i = 0; i < PART_COUNT; i++) {
            if ((check->parts & 1u << i) != 0) {
                say_failed(check, (enum part)i, etcd_error_text(ETCD_ERROR_STOPPED));
            }
        }
        return false;
    }
    if (needs_leader && options->store->lead == 0) {
        if (check->page->is_health) {
            buf_add_str(&check->failed[PART_LINEARIZABLE_READ], STR("RAFT NO LEADER"));
            return false;
        }
        say_failed(check, PART_LINEARIZABLE_READ, etcd_error_text(ETCD_ERROR_NO_LEADER));
    }
    return true;
}

static void begin(struct check *check)
{
    if (!is_there(check)) {
        answer(check);
        return;
    }
    check->waits = beginning;
    for (unsigned i = 0; i < PART_COUNT; i++) {
        if ((check->parts & 1u << i) != 0 && check->failed[i].len == 0) {
            check->waits |= 1u << i;
            ask(check, (enum part)i);
        }
    }
    part_known(check, beginning);
}

/* ── which page ── */

/* part: PART_COUNT: the page as a whole. */
static const struct page *find(struct str path, unsigned *part)
{
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        const struct page *page = &pages[i];
        struct str rest;

        if (str_eq(path, page->path)) {
            *part = PART_COUNT;
            return page;
        }
        if (!str_starts(path, page->path) || path.data[page->path.len] != '/') {
            continue;
        }
        rest = (struct str){path.data + page->path.len + 1, path.len - page->path.len - 1};
        for (*part = 0; *part < PART_COUNT; (*part)++) {
            if (str_eq(rest, part_names[*part]) && (page->parts & 1u << *part) != 0) {
                return page;
            }
        }
    }
    return NULL;
}

bool checks_know(struct str path)
{
    unsigned part;

    return find(path, &part) != NULL;
}

static void on_gone(struct web *web)
{
    check_free(web->user);
}

void checks_serve(struct checks *self, struct web *web, struct str path, struct str query,
                  const struct web_head *cors)
{
    struct check *check = heap_new(sizeof(*check));
    unsigned part;

    check->all = self;
    check->web = web;
    check->page = find(path, &part);
    assert(check->page != NULL);
    check->cors = *cors;
    check->parts = part == PART_COUNT ? check->page->parts : 1u << part;
    web->user = check;
    web->gone = on_gone;
    read_query(check, query);
    begin(check);
}

struct checks *checks_new(const struct checks_options *options)
{
    struct checks *self = heap_new(sizeof(*self));

    self->options = *options;
    return self;
}

void checks_destroy(struct checks **self)
{
    free(*self);
    *self = NULL;
}

void checks_counts(const struct checks *self, struct checks_counts *counts)
{
    *counts = self->counts;
}
