#include "gateway/operate/event_change.h"

#include <inttypes.h>

#include "common/base/json.h"
#include "gateway/operate/fields.h"

static const size_t list_max_bytes = 1024; /* of addrs or metadata, as they are kept */

enum reason { REASON_ASKED, REASON_TOLD, REASON_SILENT };

/* How much of a text is told. */
enum told { TOLD_NOT, TOLD_WHOLE, TOLD_LONG };

enum { part_count = 3 };

enum part { PART_VERSION, PART_ADDRS, PART_METADATA };

/* How the instance, or the schedule, stood. */
struct side {
    bool exists;
    uint8_t status;
    uint8_t told[part_count];
    uint32_t addrs;
    uint32_t len[part_count]; /* of the texts that are told; they stand behind the head */
};

struct head {
    uint8_t reason;
    bool is_schedule;
    uint32_t zone_len; /* zone, hostname, before's texts, after's */
    uint32_t hostname_len;
    int64_t age_ms;
    struct side before;
    struct side after;
};

/* ── packing ────────────────────────────────────────────────────────────────*/

static struct str text_of(const struct instance *instance, enum part part)
{
    return part == PART_VERSION ? instance->version
           : part == PART_ADDRS ? instance->addrs.bytes
                                : instance->metadata.bytes;
}

static enum told how_told(const struct instance *instance, const struct instance *other,
                          enum part part)
{
    struct str text = text_of(instance, part);

    if (other == NULL ? part == PART_METADATA : str_eq(text, text_of(other, part))) {
        return TOLD_NOT;
    }
    if (part == PART_VERSION) {
        return TOLD_WHOLE;
    }
    /* Of the metadata the pairs are told that the other has not: it takes both. */
    return text.len <= list_max_bytes &&
                   (part == PART_ADDRS || text_of(other, part).len <= list_max_bytes)
               ? TOLD_WHOLE
               : TOLD_LONG;
}

static void look_at(struct side *side, const struct instance *instance,
                    const struct instance *other)
{
    if (instance == NULL) {
        return;
    }
    side->exists = true;
    side->status = (uint8_t)instance->status;
    side->addrs = instance->addrs.count;
    for (unsigned part = 0; part < part_count; part++) {
        enum told told = how_told(instance, other, (enum part)part);

        side->told[part] = (uint8_t)told;
        side->len[part] = told == TOLD_WHOLE ? (uint32_t)text_of(instance, (enum part)part).len : 0;
    }
}

/* A schedule is told whole, for what it is: its weights are many. */
static void look_at_schedule(struct side *side, const struct instance *schedule)
{
    if (schedule != NULL) {
        side->exists = true;
        side->addrs = schedule->addrs.count;
        side->told[PART_VERSION] = TOLD_WHOLE;
        side->len[PART_VERSION] = (uint32_t)schedule->version.len;
    }
}

static void put_side(char **at, const struct side *side, const struct instance *instance)
{
    for (unsigned part = 0; part < part_count; part++) {
        if (side->len[part] > 0) {
            (void)str_put(at, text_of(instance, (enum part)part));
        }
    }
}

static size_t side_bytes(const struct side *side)
{
    size_t bytes = 0;

    for (unsigned part = 0; part < part_count; part++) {
        bytes += side->len[part];
    }
    return bytes;
}

static enum reason reason_of(const struct change *change)
{
    if (change->kind == CHANGE_EVICT) {
        return REASON_SILENT;
    }
    return change->gateway == 0 && change->number == 0 ? REASON_TOLD : REASON_ASKED;
}

void event_change_pack(struct buf *to, const struct change *change, const struct instance *before)
{
    const struct identity *id = &change->instance.id;
    const struct instance *after = change_is_live(change->kind) ? &change->instance : NULL;
    struct head head = {.reason = (uint8_t)reason_of(change),
                        .is_schedule = identity_is_schedule(id),
                        .zone_len = (uint32_t)id->zone.len,
                        .hostname_len = (uint32_t)id->hostname.len,
                        .age_ms = change->age_ms};
    size_t bytes;
    char *at;

    if (head.is_schedule) {
        look_at_schedule(&head.before, before);
        look_at_schedule(&head.after, after);
    } else {
        look_at(&head.before, before, after);
        look_at(&head.after, after, before);
    }
    bytes = sizeof(head) + id->zone.len + id->hostname.len + side_bytes(&head.before) +
            side_bytes(&head.after);
    at = buf_reserve(to, bytes);
    to->len += bytes;
    (void)str_put(&at, (struct str){(const char *)&head, sizeof(head)});
    (void)str_put(&at, id->zone);
    (void)str_put(&at, id->hostname);
    put_side(&at, &head.before, before);
    put_side(&at, &head.after, after);
    assert(at == to->data + to->len);
}

/* ── printing ───────────────────────────────────────────────────────────────*/

static struct str take(struct str *rest, size_t len)
{
    struct str taken = {rest->data, len};

    assert(len <= rest->len);
    rest->data += len;
    rest->len -= len;
    return taken;
}

static void take_texts(struct str *rest, const struct side *side, struct str texts[part_count])
{
    for (unsigned part = 0; part < part_count; part++) {
        texts[part] = take(rest, side->len[part]);
    }
}

static void add_addrs(struct buf *to, struct str rest)
{
    struct str addr;

    field_open(to, "addrs", '[');
    while (strs_next(&rest, &addr)) {
        field_item(to);
        json_quote(to, addr);
    }
    buf_add_char(to, ']');
}

/* Whether the map has just this pair. */
static bool has_pair(struct str rest, struct str wanted, struct str value)
{
    struct str key;
    struct str found;

    while (strs_next(&rest, &key) && strs_next(&rest, &found)) {
        if (str_eq(key, wanted)) {
            return str_eq(found, value);
        }
    }
    return false;
}

/* Pairs that other has not, or otherwise. */
static void add_metadata(struct buf *to, struct str rest, struct str other)
{
    struct str key;
    struct str value;

    field_open(to, "metadata", '{');
    while (strs_next(&rest, &key) && strs_next(&rest, &value)) {
        if (!has_pair(other, key, value)) {
            field_item(to);
            json_quote(to, key);
            buf_add_char(to, ':');
            json_quote(to, value);
        }
    }
    buf_add_char(to, '}');
}

static void print_side(struct buf *to, const struct side *side, const struct str texts[part_count],
                       const struct str others[part_count])
{
    field_text(to, "status", side->status == STATUS_UP ? STR("up") : STR("waiting"));
    if (side->told[PART_VERSION] == TOLD_WHOLE) {
        field_text(to, "version", texts[PART_VERSION]);
    }
    if (side->told[PART_ADDRS] == TOLD_WHOLE) {
        add_addrs(to, texts[PART_ADDRS]);
    } else if (side->told[PART_ADDRS] == TOLD_LONG) {
        field_null(to, "addrs");
    }
    if (side->told[PART_METADATA] == TOLD_WHOLE) {
        add_metadata(to, texts[PART_METADATA], others[PART_METADATA]);
    } else if (side->told[PART_METADATA] == TOLD_LONG) {
        field_null(to, "metadata");
    }
}

static void print_state(struct buf *to, const struct head *head, const struct side *side,
                        const struct str texts[part_count], const struct str others[part_count])
{
    const char *key = side == &head->before ? "before" : "after";

    if (!side->exists) {
        field_null(to, key);
        return;
    }
    field_open(to, key, '{');
    if (head->is_schedule) {
        field_number(to, "weights", side->addrs / 3);
        field_text(to, "remark", texts[PART_VERSION]);
    } else {
        print_side(to, side, texts, others);
    }
    buf_add_char(to, '}');
}

static void print_reason(struct buf *to, const struct head *head)
{
    struct buf text = {0};

    switch ((enum reason)head->reason) {
    case REASON_SILENT:
        buf_add_str(&text, STR("silent"));
        if (head->age_ms > 0) {
            buf_printf(&text, " for %" PRId64 " s", head->age_ms / 1000);
        }
        break;
    case REASON_TOLD:
        buf_add_str(&text, STR("told by another node"));
        break;
    case REASON_ASKED:
        buf_add_str(&text, STR("asked for here"));
        break;
    }
    field_text(to, "reason", buf_str(&text));
    buf_fini(&text);
}

void event_change_print(struct buf *to, struct str packed)
{
    struct str before[part_count];
    struct str after[part_count];
    struct str zone;
    struct str hostname;
    struct head head;

    memcpy(&head, take(&packed, sizeof(head)).data, sizeof(head));
    zone = take(&packed, head.zone_len);
    hostname = take(&packed, head.hostname_len);
    take_texts(&packed, &head.before, before);
    take_texts(&packed, &head.after, after);
    if (!head.is_schedule) {
        field_text(to, "zone", zone);
        field_text(to, "hostname", hostname);
    }
    print_state(to, &head, &head.before, before, after);
    print_state(to, &head, &head.after, after, before);
    print_reason(to, &head);
}
