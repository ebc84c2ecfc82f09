/* What the tests of watches have in common: a store that is played (watch_rig.h), and what it
 * tells. */
#ifndef TESTS_GATEWAY_ETCD_WATCH_CASE_H
#define TESTS_GATEWAY_ETCD_WATCH_CASE_H

#include "gateway/etcd/watch_list.h"
#include "tests/gateway/etcd/watch_rig.h"

#define ALL_FROM "\1"

int watch_case_set_up(void **state);
int watch_case_tear_down(void **state);
void watch_case_put(struct watch_rig *self, const char *key);
/* One fact, which arrives. */
void watch_case_publish(struct watch_rig *self);
void watch_case_lose_facts(struct watch_rig *self);
struct watch_client *watch_case_begin_with(struct watch_rig *self, unsigned client,
                                           const struct client_wish *wish);
struct watches_counts watch_case_counts(const struct watch_rig *self);

static const struct client_wish on_a = {.key = "a", .end = ""};
static const struct client_wish on_all = {.key = "", .end = ALL_FROM};

void watch_case_many(struct watch_rig *self, unsigned count, size_t value_bytes);

#endif
