/* What goes next: questions first, then what waits, then a look at a peer that is quiet. */
#include "actors/replicator/posts_questions.h"
#include "actors/replicator/posts_queue.h"

static const struct {
    const char *path;
    size_t answer_max;
    int64_t timeout_ms;
} works[] = {
#define WORK_ROW(NAME, path, answer_max, timeout_ms) {path, answer_max, timeout_ms},
    POST_WORK_TABLE(WORK_ROW)
#undef WORK_ROW
};

static bool may_post(const struct posts *self, const struct posts_peer *peer)
{
    return peer->failing ? peer->under_way == 0 && self->now.mono_ms >= peer->not_before_ms
                         : peer->under_way < posts_at_once;
}

/* Whether nothing was heard of it for so long that it is asked. Notes when that will be. */
static bool is_quiet(struct posts *self, struct posts_peer *peer)
{
    int64_t due_ms;

    if (peer->last_ms < 0) {
        peer->last_ms = self->now.mono_ms;
    }
    due_ms = peer->last_ms + posts_quiet_ms;
    if (self->now.mono_ms >= due_ms && may_post(self, peer) && peer->under_way == 0) {
        return true;
    }
    self->quiet_due_ms = due_ms < self->quiet_due_ms ? due_ms : self->quiet_due_ms;
    return false;
}

static bool take_next(struct posts *self, uint32_t number, struct posts_flight *flight)
{
    struct posts_peer *peer = &self->peers[number];

    for (unsigned i = 0; i < question_count; i++) {
        if (peer->questions[i].state == QUESTION_WAITS) {
            question_turn(self, &peer->questions[i], QUESTION_UNDER_WAY);
            *flight = (struct posts_flight){.peer = number, .work = WORK_NODES + i};
            return true;
        }
    }
    if (posts_peer_waiting(peer) > 0 && may_post(self, peer)) {
        struct queued *entry = posts_take(self, number);

        if (entry != NULL) {
            *flight = (struct posts_flight){.peer = number, .work = entry->work, .entry = entry};
            peer->under_way++;
            return true;
        }
    }
    if (is_quiet(self, peer)) {
        *flight = (struct posts_flight){.peer = number, .work = WORK_PROBE};
        peer->under_way++;
        return true;
    }
    return false;
}

static void build_body(struct buf *to, const struct queued *entry, enum forms_reach reach)
{
    struct str rest = {entry->record, entry->len};
    struct msg record;
    enum err err = msg_decode(&rest, &record);

    assert(err == ERR_OK);
    (void)err;
    if (entry->work == WORK_REGISTER) {
        forms_register(to, &record.as_put, reach);
    } else if (entry->work == WORK_RENEW) {
        forms_renew(to, &record.as_put, reach);
    } else {
        forms_cancel(to, &record.as_gone, reach);
    }
}

static void build(struct posts *self, const struct posts_flight *flight, struct post *post)
{
    const struct posts_peer *peer = &self->peers[flight->peer];

    self->url.len = 0;
    self->body.len = 0;
    if (flight->work == WORK_NODES ||
        flight->work == WORK_PROBE) { /* sorted as the keys of a post are */
        forms_text(&self->body, "appid", node_appid);
        forms_text(&self->body, "env", str_from(self->config->node_env));
        forms_text(&self->body, "status", STR("3"));
    }
    buf_printf(&self->url, "http://%.*s%s%.*s", STR_ARG(peer->addr), works[flight->work].path,
               STR_ARG(self->body));
    buf_add_char(&self->url, '\0');
    self->body.len = 0;
    if (flight->entry != NULL) {
        build_body(&self->body, flight->entry, peer->reach);
    }
    *post = (struct post){
        .id = flight->id,
        .peer = flight->peer,
        .url = self->url.data,
        .body = flight->entry != NULL ? buf_str(&self->body) : (struct str){0},
        .configured = peer->configured,
        .timeout_ms = works[flight->work].timeout_ms,
        .answer_max = works[flight->work].answer_max,
    };
}

static struct posts_flight *free_flight(struct posts *self)
{
    for (size_t i = 0; i < posts_under_way_max; i++) {
        if (self->flights[i].id == 0) {
            return &self->flights[i];
        }
    }
    return NULL;
}

bool posts_next(struct posts *self, const struct now *now, struct post *post)
{
    bool any = self->counts.waiting > 0 || self->questions_waiting > 0 ||
               now->mono_ms >= self->quiet_due_ms;
    struct posts_flight *flight = any ? free_flight(self) : NULL;

    self->now = *now;
    if (flight != NULL) {
        self->quiet_due_ms = INT64_MAX;
    }
    for (uint32_t i = 0; flight != NULL && i < self->peer_count; i++) {
        uint32_t number = (self->turn + i) % self->peer_count;

        if (self->peers[number].open && take_next(self, number, flight)) {
            self->turn = number + 1;
            self->quiet_due_ms = 0; /* not all were looked at */
            self->peers[number].last_ms = now->mono_ms;
            flight->id = ++self->last_id * posts_under_way_max + (uint64_t)(flight - self->flights);
            self->counts.sent++;
            self->counts.under_way++;
            build(self, flight, post);
            return true;
        }
    }
    return false;
}
