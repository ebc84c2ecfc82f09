/* What comes back: what it says of what was posted, and whether the peer is there. */
#include <stdlib.h>

#include "actors/replicator/posts_questions.h"
#include "actors/replicator/posts_queue.h"

/* Of an exchange with a peer that is still open; the owner may close it here. */
static void finish(struct posts *self, uint32_t number, bool good)
{
    struct posts_peer *peer = &self->peers[number];

    peer->failing = !good;
    if (!good) {
        peer->not_before_ms = self->now.mono_ms + posts_pause_ms;
        posts_drop(self, &peer->renews);
    }
    self->owner->exchanged(self->state, number, good, &self->now);
}

static void on_conflict(struct posts *self, uint32_t number, int64_t date_ns, struct str body)
{
    struct msg_list records = {0};
    struct buf store = {0};

    if (answer_instance(body, date_ns, &records, &store)) {
        self->owner->records(self->state, number, POSTS_CONFLICT, &records, &self->now);
    } else {
        self->counts.passed++;
    }
    buf_fini(&store);
}

static void say_fate(struct posts *self, const struct posts_flight *flight, int64_t code)
{
    bool renewed = flight->work == WORK_RENEW;
    bool lacked = renewed && code == -404;

    if (self->owner->posted != NULL && flight->work != WORK_CANCEL && (code == 0 || lacked)) {
        self->owner->posted(self->state, flight->peer, flight->entry->key,
                            lacked    ? POSTS_LACKED
                            : renewed ? POSTS_HELD
                                      : POSTS_TAKEN,
                            &self->now);
    }
}

static bool on_posted(struct posts *self, struct posts_flight *flight, int status, int64_t date_ns,
                      struct str body)
{
    struct posts_peer *peer = &self->peers[flight->peer];
    int64_t code = status == 200 ? answer_code(body) : answer_codeless;
    uint64_t generation = peer->generation;
    bool renewed = flight->work == WORK_RENEW;

    self->counts.failed += code != 0 && !(renewed && (code == -404 || code == -409));
    say_fate(self, flight, code);
    if (renewed && code == -404 && peer->generation == generation) {
        flight->entry->work = WORK_REGISTER;
        self->counts.waiting++;
        queue_add_first(&peer->changes, flight->entry);
        flight->entry = NULL;
    } else if (renewed && code == -409) {
        on_conflict(self, flight->peer, date_ns, body);
    }
    return code != answer_codeless && code != -500;
}

static enum err err_of(bool good, bool protected)
{
    return good ? ERR_OK : protected ? ERR_PROTECTED : ERR_UNAVAILABLE;
}

static bool on_who(struct posts *self, const struct posts_flight *flight, int status, int64_t code,
                   struct str body)
{
    struct answer_who who = {0};
    struct buf store = {0};
    bool good = status == 200 && code == 0 && answer_who(body, &who, &store);
    bool protected = code == -500;

    question_turn(self, &self->peers[flight->peer].questions[WORK_WHO - WORK_NODES], QUESTION_NONE);
    self->owner->who(self->state, flight->peer, err_of(good, protected), &who, &self->now);
    buf_fini(&store);
    return good || protected;
}

static bool on_answered(struct posts *self, const struct posts_flight *flight, int status,
                        int64_t code, int64_t date_ns, struct buf *body)
{
    struct question *question = &self->peers[flight->peer].questions[flight->work - WORK_NODES];
    bool protected = code == -500;
    bool good = status == 200 && (code == 0 || code == -404);

    if (good && code == 0) {
        question_turn(self, question, QUESTION_READ);
        question->body = *body;
        *body = (struct buf){0};
        question->reader = (struct answer_reader){
            .list = flight->work == WORK_NODES ? ANSWER_FETCH : ANSWER_FETCH_ALL,
            .text = buf_str(&question->body),
            .date_ns = date_ns};
    } else {
        question_turn(self, question, QUESTION_NONE);
        self->owner->answered(self->state, flight->peer, question_source(flight->work),
                              err_of(good, protected), &self->now);
    }
    return good || protected;
}

/* False: that is no good answer of a node that is there. */
static bool on_answer(struct posts *self, struct posts_flight *flight, int status, int64_t date_ns,
                      struct buf *body)
{
    struct str text = buf_str(body);
    int64_t code;
    bool good;

    if (flight->entry != NULL) {
        return on_posted(self, flight, status, date_ns, text);
    }
    /* muster's init-protect is a 503 */
    code = status == 200 || status == 503 ? answer_code(text) : answer_codeless;
    good = flight->work == WORK_PROBE ? code == 0 || code == -404 || code == -500
           : flight->work == WORK_WHO ? on_who(self, flight, status, code, text)
                                      : on_answered(self, flight, status, code, date_ns, body);
    self->counts.failed += !good;
    return good;
}

void posts_answer(struct posts *self, uint64_t id, int status, int64_t date_ns, struct buf *body,
                  const struct now *now)
{
    struct posts_flight *slot = &self->flights[id % posts_under_way_max];
    struct posts_flight flight = *slot;
    struct posts_peer *peer;
    uint64_t generation;
    bool good;

    assert(id != 0 && slot->id == id);
    self->now = *now;
    self->counts.under_way--;
    *slot = (struct posts_flight){0};
    if (flight.peer == posts_no_peer) {
        return;
    }
    peer = &self->peers[flight.peer];
    generation = peer->generation;
    peer->last_ms = now->mono_ms;
    if (flight.work <= WORK_PROBE) {
        assert(peer->under_way > 0);
        peer->under_way--;
    }
    if (status == posts_forbidden && self->owner->forbidden != NULL) {
        self->owner->forbidden(self->state, flight.peer, now);
    }
    good = peer->generation == generation &&
           on_answer(self, &flight, status == posts_forbidden ? 0 : status, date_ns, body);
    free(flight.entry);
    if (peer->generation == generation) {
        finish(self, flight.peer, good);
    }
}
