#include "tests/gateway/etcd/watch_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

void watch_rig_init(struct watch_rig *self)
{
    static const struct relay_options calls = {.to = ACTOR_STORE,
                                               .calls_max = 10,
                                               .kept_max = 100,
                                               .parts_max = 100000,
                                               .answer_ms = 7000,
                                               .wait_ms = 1000};

    *self = (struct watch_rig){.options = {.to = ACTOR_STORE,
                                           .watchers_max = 10000,
                                           .stream_watchers_max = 1000,
                                           .waiting_max = 10000,
                                           .stream_waiting_max = 1000,
                                           .keys_max = 100000,
                                           .request_max = 1024 * 1024,
                                           .response_max = 8 << 20,
                                           .progress_interval_ms = rig_progress_ms,
                                           .seed = 1}};
    played_store_init(&self->store);
    self->now.mono_ms = 1000;
    self->out = outbox_new(64 << 20);
    self->moment = (struct moment){&self->now, self->out};
    self->relay = relay_new(&calls);
    self->watches = watches_open(&self->options, self->relay, &self->moment);
    played_store_tick(&self->store);
    watch_rig_run(self);
}

void watch_rig_fini(struct watch_rig *self)
{
    for (unsigned i = 0; i < rig_clients_max; i++) {
        watch_rig_gone(self, i);
    }
    watches_close(&self->watches);
    relay_destroy(&self->relay);
    outbox_destroy(&self->out);
    played_store_fini(&self->store);
}

/* ── clients ── */

struct watch_client *watch_rig_begin(struct watch_rig *self, unsigned client)
{
    struct watch_client *it = &self->clients[client];

    watch_client_init(it, &self->store);
    watch_app.begin(self->watches, &it->rpc);
    return it;
}

void watch_rig_gone(struct watch_rig *self, unsigned client)
{
    if (self->clients[client].open) {
        self->clients[client].open = false;
        watch_app.gone(self->watches, &self->clients[client].rpc);
    }
}

static void say(struct watch_rig *self, struct watch_client *client, struct buf *message)
{
    watch_app.message(self->watches, &client->rpc, buf_str(message));
    buf_fini(message);
}

void watch_rig_create(struct watch_rig *self, struct watch_client *client,
                      const struct client_wish *wish)
{
    struct buf message = {0};

    watch_client_create(client, wish, &message);
    say(self, client, &message);
}

void watch_rig_cancel(struct watch_rig *self, struct watch_client *client, int64_t id)
{
    struct buf message = {0};

    watch_client_cancel(client, id, &message);
    say(self, client, &message);
}

void watch_rig_progress(struct watch_rig *self, struct watch_client *client)
{
    struct buf message = {0};

    watch_client_progress(client, &message);
    say(self, client, &message);
}

/* ── messages ── */

static struct msg first(struct played_queue *queue)
{
    struct str rest = played_queue_first(queue);
    struct msg msg;

    assert_int_equal(msg_decode(&rest, &msg), ERR_OK);
    return msg;
}

void watch_rig_fact(struct watch_rig *self)
{
    struct msg msg = first(&self->store.facts);

    watches_fact(self->watches, &msg);
    if (msg.type == MSG_TYPE_REVISION) {
        relay_up(self->relay, msg.as_revision.boot, &self->now, self->out);
    }
    played_queue_drop(&self->store.facts);
}

void watch_rig_answer(struct watch_rig *self)
{
    struct msg msg = first(&self->store.answers);

    watches_answer(self->watches, &msg);
    played_queue_drop(&self->store.answers);
}

void watch_rig_turn(struct watch_rig *self)
{
    watches_turn(self->watches);
    played_store_take(&self->store, self->out);
}

void watch_rig_pass(struct watch_rig *self, int64_t ms)
{
    self->now.mono_ms += ms;
    played_store_tick(&self->store);
}

void watch_rig_run(struct watch_rig *self)
{
    unsigned turns = 0;

    do {
        while (self->store.facts.count > 0) {
            watch_rig_fact(self);
        }
        while (self->store.answers.count > 0) {
            watch_rig_answer(self);
        }
        watch_rig_turn(self);
        while (self->store.questions.count > 0) {
            played_store_answer(&self->store, self->now.mono_ms);
        }
        assert_true(++turns < 100000);
    } while (self->store.facts.count > 0 || self->store.answers.count > 0 ||
             outbox_take_again(self->out));
}

void watch_rig_settle(struct watch_rig *self)
{
    for (int i = 0; i < 60; i++) {
        played_store_publish(&self->store, 3, self->now.mono_ms);
        watch_rig_pass(self, rig_again_ms);
        watch_rig_run(self);
    }
}
