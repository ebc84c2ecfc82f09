/* What the owner of posts was told, and the requests that wait for an answer. */
#ifndef TESTS_REPLICATOR_POST_RIG_H
#define TESTS_REPLICATOR_POST_RIG_H

#include "actors/replicator/posts.h"
#include "common/naming/change.h"

static const int64_t date_ns = 1795305600000000000;

struct post_rig {
    struct posts *posts;
    struct config config;
    struct now now;
    struct post post; /* taken last */
    struct buf told;  /* "good 3; bad 3; records 3 conflict 1; …" */
    struct buf store; /* of the records told */
    struct msg_list records;
    struct buf fates;   /* "taken by 0; held by 0; …" */
    struct hash128 key; /* of what was posted, told last */
    bool closes;        /* when it is called */
};

int post_rig_set_up(void **state);
int post_rig_tear_down(void **state);
bool post_rig_next(struct post_rig *self);
void post_rig_answer_post(struct post_rig *self, uint64_t id, int status, int64_t at_ns,
                          const char *text);
void post_rig_answer(struct post_rig *self, int status, const char *text);
void post_rig_assert_told(struct post_rig *self, const char *expected);
bool post_rig_body_has(const struct post_rig *self, const char *part);
struct msg post_rig_plain(const char *hostname);
struct msg post_rig_gone(const char *hostname, enum change_kind kind);
void post_rig_renew(struct post_rig *self, uint32_t peer, const char *hostname);
void post_rig_change(struct post_rig *self, uint32_t peer, const char *hostname);

#define GOOD "{\"code\":0,\"message\":\"0\",\"ttl\":1}"
#define NUMBERS                                                                                    \
    "\"status\":1,\"reg_timestamp\":1795305439836917187,\"up_timestamp\":1795305439836917188,"     \
    "\"renew_timestamp\":1795305590000000000,\"dirty_timestamp\":1795305439836917189,"             \
    "\"latest_timestamp\":1795305439836917190"
#define INSTANCE(host)                                                                             \
    "{\"region\":\"sh\",\"zone\":\"sh001\",\"env\":\"dev\",\"appid\":\"a\",\"hostname\":\"" host   \
    "\",\"addrs\":[\"http://7.7.7.7:7,grpc://7.7.7.7:8\"],\"version\":\"\",\"metadata\":"          \
    "{\"z\":\"1\",\"from\":\"peer\"}," NUMBERS "}"

#endif
