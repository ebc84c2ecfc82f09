/* What the registry is told by other nodes, and tells them. */
#ifndef TESTS_REGISTRY_TOLD_H
#define TESTS_REGISTRY_TOLD_H

#include "tests/registry/node.h"

extern struct buf told_store; /* what the messages here borrow from */

int told_set_up(void **state);
int told_tear_down(void **state);
struct hash128 told_key(const char *hostname);
/* Gives it, ends the turn. Borrows until the node's next turn. */
struct msg told_ask(struct node *node, const struct msg *command, enum outbox_lane in);
struct msg_merged told_merge(struct node *node, const struct msg *command);
struct msg told_new_merge(struct node *node);
struct msg told_put(const char *hostname, int64_t dirty, int64_t age_ms);
struct msg told_gone(const char *hostname, int64_t dirty, int64_t age_ms);
struct msg_merged told_merge_one(struct node *node, const struct msg *record);
struct msg_merged told_merge_heard(struct node *node, struct msg *command, const char *hostname,
                                   int64_t dirty, uint32_t age_ms);
struct msg_found told_look_up(struct node *node, const struct hash128 *keys, size_t count,
                              bool ages);
/* -1: nobody is told. */
int64_t told_age(struct node *node, const char *hostname);
int64_t told_dirty(const struct node *node, const char *hostname);

#endif
