#include "tests/replicator/garbage.h"

static const enum msg_type types[] = {
#define TYPE(lower, UPPER, number, CLASS) MSG_TYPE_##UPPER,
    MSG_TABLE(TYPE)
#undef TYPE
};

void garbage_init(struct garbage *self, uint64_t seed)
{
    *self = (struct garbage){.endless = true};
    prng_init(&self->prng, seed);
}

void garbage_init_from(struct garbage *self, struct str input)
{
    *self = (struct garbage){.input = input};
}

void garbage_fini(struct garbage *self)
{
    for (unsigned i = 0; i < garbage_stores; i++) {
        buf_fini(&self->stores[i]);
    }
}

bool garbage_left(const struct garbage *self)
{
    return self->endless || self->input.len > 0;
}

uint32_t garbage_below(struct garbage *self, uint32_t bound)
{
    uint32_t value = 0;

    if (self->endless) {
        return (uint32_t)prng_below(&self->prng, bound);
    }
    for (uint32_t most = bound - 1; most > 0 && self->input.len > 0; most >>= 8) {
        value = value << 8 | (unsigned char)self->input.data[0];
        self->input.data++;
        self->input.len--;
    }
    return value % bound;
}

uint64_t garbage_number(struct garbage *self)
{
    static const uint64_t extremes[] = {
        0,
        1,
        2,
        256,
        2048,
        UINT32_MAX,
        INT64_MAX,
        1ULL << 63 /* INT64_MIN */,
        UINT64_MAX,
        INT32_MAX,
        4000000000000000000,
        1ULL << 40,
        90000,
        1700000000000000000,
    };
    uint32_t which = garbage_below(self, 2 * sizeof(extremes) / sizeof(extremes[0]));

    if (which < sizeof(extremes) / sizeof(extremes[0])) {
        return extremes[which] + garbage_below(self, 3) - 1;
    }
    return garbage_below(self, 1 << 16);
}

enum msg_type garbage_type(struct garbage *self)
{
    return types[garbage_below(self, sizeof(types) / sizeof(types[0]))];
}

/* ── a field of each kind ── */

static struct buf *store(struct garbage *self)
{
    struct buf *to = &self->stores[self->used++ % garbage_stores];

    to->len = 0;
    return to;
}

static wire_str make_str(struct garbage *self)
{
    static const struct str texts[] = {
        {"", 0},       {"dev", 3},
        {"zonea", 5},  {"infra.discovery", 15},
        {"n0", 2},     {"n1", 2},
        {"h1", 2},     {"muster.peer", 11},
        {"%s\0\n", 4}, {"http://127.0.0.1:7171,http://", 29},
    };

    return texts[garbage_below(self, sizeof(texts) / sizeof(texts[0]))];
}

/* So many bytes of what is known, and maybe some that are not. */
static wire_bin make_bin(struct garbage *self)
{
    static const uint32_t lengths[] = {0, 1, 15, 16, 17, 33, 36, 72, 1024, 4096, 81920};
    size_t len = lengths[garbage_below(self, sizeof(lengths) / sizeof(lengths[0]))];
    struct buf *to = store(self);

    while (to->len < len) {
        size_t more = len - to->len;

        if (self->known.len > 0) {
            buf_add(to, self->known.data, more < self->known.len ? more : self->known.len);
        } else {
            memset(buf_reserve(to, more), 0, more);
            to->len += more;
        }
    }
    for (uint32_t n = garbage_below(self, 4); n > 0 && len > 0; n--) {
        to->data[garbage_below(self, (uint32_t)len)] = (char)garbage_below(self, 256);
    }
    return (struct str){to->data, len};
}

static wire_u64 make_u64(struct garbage *self)
{
    return garbage_number(self);
}

static wire_i64 make_i64(struct garbage *self)
{
    return (int64_t)garbage_number(self);
}

static wire_u32 make_u32(struct garbage *self)
{
    return (uint32_t)(garbage_below(self, 2) == 0 ? garbage_below(self, 4) : garbage_number(self));
}

static wire_flag make_flag(struct garbage *self)
{
    return garbage_below(self, 2) == 1;
}

static wire_strs make_strs(struct garbage *self)
{
    struct buf *to = store(self);
    uint32_t count = garbage_below(self, 4);

    for (uint32_t i = 0; i < count; i++) {
        strs_pack(to, make_str(self));
    }
    return (struct strs){count, buf_str(to)};
}

static wire_pairs make_pairs(struct garbage *self)
{
    struct buf *to = store(self);
    uint32_t count = garbage_below(self, 3);

    for (uint32_t i = 0; i < 2 * count; i++) {
        strs_pack(to, make_str(self));
    }
    return (struct strs){count, buf_str(to)};
}

static wire_counts make_counts(struct garbage *self)
{
    (void)self;
    return (struct msg_counts){0};
}

static wire_any make_any(struct garbage *self)
{
    (void)self;
    return STR("");
}

static struct msg make_put(struct garbage *self);
static struct msg make_gone(struct garbage *self);

/* PUT and GONE, good and bad ones, and types nobody knows. */
static wire_msgs make_msgs(struct garbage *self)
{
    static const uint32_t counts[] = {0, 1, 2, 5, 300};
    struct buf *to = store(self);
    struct msg_list list = {0};
    uint32_t count = counts[garbage_below(self, 5)];
    uint32_t which = garbage_below(self, 8);
    struct msg item = {.type = (enum msg_type)120};

    if (which < 5) {
        item = make_put(self);
    } else if (which < 7) {
        item = make_gone(self);
    }
    for (uint32_t i = 0; i < count; i++) {
        msg_list_add(&list, to, &item);
    }
    return list;
}

#define MAKE_FIELD(kind, name, need) msg.name = make_##kind(self);

static struct msg make_put(struct garbage *self)
{
    struct msg_put msg = {0};
    struct msg put = {.type = MSG_TYPE_PUT};

    MSG_PUT(MAKE_FIELD)
    put.as_put = msg;
    return put;
}

static struct msg make_gone(struct garbage *self)
{
    struct msg_gone msg = {0};
    struct msg gone = {.type = MSG_TYPE_GONE};

    MSG_GONE(MAKE_FIELD)
    gone.as_gone = msg;
    return gone;
}

#define MAKE_ANY_FIELD(kind, name, need) made->name = make_##kind(self);

struct msg garbage_msg(struct garbage *self, enum msg_type type)
{
    struct msg msg = {.type = type};

    switch (type) {
#define MAKE(lower, UPPER, number, CLASS)                                                          \
    case MSG_TYPE_##UPPER: {                                                                       \
        struct msg_##lower *made = &msg.as_##lower;                                                \
                                                                                                   \
        MSG_##UPPER(MAKE_ANY_FIELD) break;                                                         \
    }
        MSG_TABLE(MAKE)
#undef MAKE
    }
    if (garbage_below(self, 8) == 0) {
        msg.unknown = STR("\x01\xa1x");
        msg.unknown_count = 2;
    }
    return msg;
}

void garbage_set_id(struct msg *msg, uint64_t id)
{
    struct msg probe = {.type = msg->type};

    probe.as_ping.id = 1;
    if (msg_id(&probe) == 1) {
        msg->as_ping.id = id;
    }
}
