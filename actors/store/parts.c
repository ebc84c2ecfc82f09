#include "actors/store/parts.h"

#include <stdlib.h>

#include "actors/store/reply.h"
#include "actors/store/store_state.h"
#include "common/base/heap.h"

static void call_free(struct part_call *call)
{
    if (call->range != NULL) {
        mvcc_range_end(&call->range);
    }
    buf_fini(&call->bytes);
    free(call);
}

void parts_fini(struct parts *self)
{
    while (self->count > 0) {
        call_free(self->items[--self->count]);
    }
}

static size_t unsent(const struct part_call *call)
{
    return call->bytes.len - call->at;
}

static size_t bytes_waiting(const struct parts *self)
{
    size_t bytes = 0;

    for (size_t i = 0; i < self->count; i++) {
        bytes += unsent(self->items[i]);
    }
    return bytes;
}

enum etcd_error parts_add(struct store *self, const struct address *to, uint64_t id,
                          struct str bytes, struct mvcc_range *range)
{
    struct parts *parts = &self->parts;
    struct part_call *call;

    if (parts->count == parts_calls_max || bytes_waiting(parts) + bytes.len > parts_bytes_max) {
        if (range != NULL) {
            mvcc_range_end(&range);
        }
        return ETCD_ERROR_TOO_MANY_REQUESTS;
    }
    call = heap_new(sizeof(*call));
    call->from = *to;
    call->id = id;
    call->range = range;
    call->begun_ms = self->awake.ms;
    buf_add_str(&call->bytes, bytes);
    parts->items[parts->count++] = call;
    return ETCD_OK;
}

/* A small one that the outbox has no room for leaves in a later turn. */
static void answer_or(struct store *self, const struct address *to, uint64_t id,
                      enum outbox_lane lane, struct str response, enum etcd_error refusal,
                      struct outbox *out)
{
    const struct msg msg = {.type = MSG_TYPE_ANSWERED,
                            .as_answered = {.id = id, .response = response}};

    if ((response.len > parts_part_bytes || outbox_reply(out, lane, to, &msg) != ERR_OK) &&
        parts_add(self, to, id, response, NULL) != ETCD_OK) {
        self->refused_total++;
        store_refuse(to, id, lane, refusal, out);
    }
}

void store_answer(struct store *self, const struct address *to, uint64_t id, enum outbox_lane lane,
                  struct str response, struct outbox *out)
{
    answer_or(self, to, id, lane, response, ETCD_ERROR_TOO_MANY_REQUESTS, out);
}

void store_answer_write(struct store *self, const struct address *to, uint64_t id,
                        struct str response, struct outbox *out)
{
    answer_or(self, to, id, OUTBOX_SYNCED, response, ETCD_ERROR_TIMEOUT, out);
}

void parts_range(struct store *self, const Etcdserverpb__RangeRequest *request,
                 const struct address *to, uint64_t id, enum outbox_lane lane, struct outbox *out)
{
    struct mvcc_range *range = NULL;
    bool more = false;
    enum etcd_error error;

    self->packed.len = 0;
    error = keyspace_range_begin(&self->keyspace, request, &range, &self->packed);
    if (error == ETCD_OK) {
        more = mvcc_range_step(range, parts_first_work, parts_first_bytes, &self->packed);
    }
    if (error == ETCD_OK && mvcc_damage(self->keyspace.mvcc) != ERR_OK) {
        mvcc_range_end(&range);
        error = ETCD_ERROR_CORRUPT; /* a record was left out */
    } else if (more) {
        error = parts_add(self, to, id, buf_str(&self->packed), range);
    } else if (error == ETCD_OK) {
        mvcc_range_end(&range);
        store_answer(self, to, id, lane, buf_str(&self->packed), out);
    }
    if (error != ETCD_OK) {
        store_refuse(to, id, lane, error, out);
    }
}

/* One that is all sent stays until it is taken: what is on its way is counted. */
static bool is_over(const struct part_call *call)
{
    return call->sent_all && call->taken == call->sent;
}

static void remove_at(struct parts *self, size_t place)
{
    struct part_call *call = self->items[place];

    self->flying -= call->sent - call->taken;
    call_free(call);
    self->count--;
    memmove(self->items + place, self->items + place + 1,
            (self->count - place) * sizeof(struct part_call *));
    if (self->next > place) {
        self->next--;
    }
}

void store_part_taken(void *state, const struct address *from, const struct msg *msg,
                      const struct now *now, struct outbox *out)
{
    const struct msg_part_taken *told = &msg->as_part_taken;
    struct store *self = state;
    struct parts *parts = &self->parts;

    (void)now;
    (void)out;
    for (size_t i = 0; i < parts->count && told->boot == self->options.boot; i++) {
        struct part_call *call = parts->items[i];

        if (call->id != told->id || !address_eq(&call->from, from)) {
            continue;
        }
        if (!told->wanted) {
            remove_at(parts, i);
        } else if (told->taken > call->taken && told->taken <= call->sent) {
            parts->flying -= told->taken - call->taken;
            call->taken = told->taken;
            call->heard_ms = self->awake.ms;
            if (is_over(call)) {
                remove_at(parts, i);
            }
        }
        return;
    }
}

/* ── a turn ── */

struct part_turn {
    unsigned slices; /* that may be read yet */
    size_t bytes;    /* that may be sent yet */
    bool full;       /* the outbox is */
    bool more;       /* somebody waits for the next turn only */
};

enum step { STEP_NONE, STEP_DONE, STEP_OVER };

static enum step read_on(struct store *self, struct part_call *call, struct part_turn *turn)
{
    if (turn->slices == 0) {
        turn->more = true;
        return STEP_NONE;
    }
    turn->slices--;
    memmove(call->bytes.data, call->bytes.data + call->at, unsent(call));
    call->bytes.len = unsent(call);
    call->at = 0;
    if (!mvcc_range_step(call->range, parts_slice_work, parts_slice_bytes, &call->bytes)) {
        mvcc_range_end(&call->range);
    }
    if (mvcc_damage(self->keyspace.mvcc) != ERR_OK) {
        return STEP_OVER; /* and so is the store */
    }
    return STEP_DONE;
}

static enum step send_one(struct store *self, struct part_call *call, struct part_turn *turn,
                          struct outbox *out)
{
    struct parts *parts = &self->parts;
    bool last = call->range == NULL && unsent(call) <= parts_part_bytes;
    struct str part = {call->bytes.data + call->at, last ? unsent(call) : parts_part_bytes};
    const struct msg msg = {.type = MSG_TYPE_ANSWERED,
                            .as_answered = {.id = call->id, .response = part, .more = !last}};

    if (!last && (call->sent - call->taken == parts_window || parts->flying == parts_flying_max)) {
        return STEP_NONE; /* what is taken begins a turn */
    }
    if (turn->full || turn->bytes < part.len ||
        outbox_reply(out, OUTBOX_SYNCED, &call->from, &msg) != ERR_OK) {
        turn->full = true;
        turn->more = true;
        return STEP_NONE;
    }
    parts->sent_total++;
    turn->bytes -= part.len;
    call->at += part.len;
    if (last) {
        call->sent_all = true;
        buf_fini(&call->bytes);
        call->at = 0;
        return is_over(call) ? STEP_OVER : STEP_DONE;
    }
    if (call->sent == call->taken) {
        call->heard_ms = self->awake.ms;
    }
    call->sent++;
    parts->flying++;
    return STEP_DONE;
}

static enum step go_on(struct store *self, struct part_call *call, struct part_turn *turn,
                       struct outbox *out)
{
    if (call->sent_all) {
        return STEP_NONE;
    }
    if (call->range != NULL && unsent(call) < parts_part_bytes) {
        return read_on(self, call, turn);
    }
    return send_one(self, call, turn, out);
}

/* Whose gateway is gone, or for whom a compaction has waited long enough. */
static void give_up(struct store *self, struct outbox *out)
{
    struct parts *parts = &self->parts;

    for (size_t i = parts->count; i-- > 0;) {
        struct part_call *call = parts->items[i];

        if (call->range != NULL && mvcc_range_holds(call->range) &&
            self->awake.ms - call->begun_ms >= parts_pin_ms) {
            store_refuse(&call->from, call->id, OUTBOX_SYNCED, ETCD_ERROR_COMPACTED, out);
            remove_at(parts, i);
        } else if (call->sent > call->taken &&
                   self->awake.ms - call->heard_ms >= parts_patience_ms) {
            remove_at(parts, i);
        }
    }
}

bool parts_turn(struct store *self, struct outbox *out)
{
    struct parts *parts = &self->parts;
    struct part_turn turn = {.slices = parts_turn_slices, .bytes = parts_turn_bytes};

    if (parts->count == 0) {
        return false;
    }
    give_up(self, out);
    for (size_t idle = 0; idle < parts->count;) {
        enum step step;

        parts->next = parts->next < parts->count ? parts->next : 0;
        step = go_on(self, parts->items[parts->next], &turn, out);
        idle = step == STEP_NONE ? idle + 1 : 0;
        if (step == STEP_OVER) {
            remove_at(parts, parts->next);
        } else {
            parts->next++;
        }
    }
    return turn.more;
}
