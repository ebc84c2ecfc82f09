#include "tests/replicator/post_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void on_records(void *state, uint32_t peer, enum posts_source source,
                       const struct msg_list *records, const struct now *now)
{
    static const char *const sources[] = {"conflict", "nodes", "all"};
    struct post_rig *self = state;
    struct str rest = records->bytes;
    struct msg msg;

    assert_int_equal(now->mono_ms, self->now.mono_ms);
    assert_true(records->count <= posts_slice_max);
    buf_printf(&self->told, "%s of %u: %u; ", sources[source], peer, records->count);
    while (msg_next(&rest, &msg)) {
        msg_list_add(&self->records, &self->store, &msg);
    }
    if (self->closes) {
        posts_close(self->posts, peer);
    }
}

static void on_answered(void *state, uint32_t peer, enum posts_source source, enum err err,
                        const struct now *now)
{
    struct post_rig *self = state;

    (void)now;
    buf_printf(&self->told, "%s of %u %s; ", source == POSTS_NODES ? "nodes" : "all", peer,
               err_name(err));
    if (self->closes) {
        posts_close(self->posts, peer);
    }
}

static void on_exchanged(void *state, uint32_t peer, bool good, const struct now *now)
{
    struct post_rig *self = state;

    (void)now;
    buf_printf(&self->told, "%u %s; ", peer, good ? "good" : "bad");
    if (self->closes) {
        posts_close(self->posts, peer);
    }
}

static void on_posted(void *state, uint32_t peer, struct hash128 key, enum posts_fate fate,
                      const struct now *now)
{
    static const char *const fates[] = {"taken", "held", "lacked"};
    struct post_rig *self = state;

    assert_int_equal(now->mono_ms, self->now.mono_ms);
    buf_printf(&self->fates, "%s by %u; ", fates[fate], peer);
    self->key = key;
    if (self->closes) {
        posts_close(self->posts, peer);
    }
}

static const struct posts_owner owner = {
    .records = on_records, .answered = on_answered, .posted = on_posted, .exchanged = on_exchanged};

int post_rig_set_up(void **state)
{
    struct post_rig *self = calloc(1, sizeof(*self));
    static char env[] = "dev";

    assert_non_null(self);
    self->config.node_env = env;
    self->now = (struct now){1000, date_ns};
    self->posts = posts_new(&self->config, &owner, self);
    posts_open(self->posts, 0, STR("10.0.0.1:7171"), true, true);
    *state = self;
    return 0;
}

int post_rig_tear_down(void **state)
{
    struct post_rig *self = *state;

    posts_destroy(&self->posts);
    buf_fini(&self->told);
    buf_fini(&self->fates);
    buf_fini(&self->store);
    free(self);
    return 0;
}

bool post_rig_next(struct post_rig *self)
{
    return posts_next(self->posts, &self->now, &self->post);
}

void post_rig_answer_post(struct post_rig *self, uint64_t id, int status, int64_t at_ns,
                          const char *text)
{
    struct buf body = {0};

    buf_add_str(&body, str_from(text));
    posts_answer(self->posts, id, status, at_ns, &body, &self->now);
    buf_fini(&body);
}

void post_rig_answer(struct post_rig *self, int status, const char *text)
{
    post_rig_answer_post(self, self->post.id, status, date_ns, text);
}

void post_rig_assert_told(struct post_rig *self, const char *expected)
{
    buf_add_char(&self->told, '\0');
    assert_string_equal(self->told.data, expected);
    self->told.len = 0;
}

bool post_rig_body_has(const struct post_rig *self, const char *part)
{
    return memmem(self->post.body.data, self->post.body.len, part, strlen(part)) != NULL;
}

struct msg post_rig_plain(const char *hostname)
{
    return (struct msg){.type = MSG_TYPE_PUT,
                        .as_put = {.kind = CHANGE_SET,
                                   .env = STR("dev"),
                                   .appid = STR("a"),
                                   .zone = STR("sh001"),
                                   .hostname = str_from(hostname),
                                   .addrs = {1, STR("\xa1x")},
                                   .metadata_null = true,
                                   .status = 2,
                                   .dirty_timestamp = 7}};
}

struct msg post_rig_gone(const char *hostname, enum change_kind kind)
{
    return (struct msg){.type = MSG_TYPE_GONE,
                        .as_gone = {.kind = kind,
                                    .latest_of_app = 1795305442506013221,
                                    .env = STR("dev"),
                                    .appid = STR("r.app"),
                                    .zone = STR("sh001"),
                                    .hostname = str_from(hostname)}};
}

void post_rig_renew(struct post_rig *self, uint32_t peer, const char *hostname)
{
    struct msg msg = post_rig_plain(hostname);

    posts_renew(self->posts, peer, &msg);
}

void post_rig_change(struct post_rig *self, uint32_t peer, const char *hostname)
{
    struct msg msg = post_rig_plain(hostname);

    posts_change(self->posts, peer, &msg);
}
