/* Keys that are put, and what is told and read of them. */
#ifndef TESTS_STORE_ACTOR_WATCHING_H
#define TESTS_STORE_ACTOR_WATCHING_H

#include "actors/store/event_reads.h"
#include "tests/store/actor/rig.h"

int watching_set_up(void **state);
int watching_tear_down(void **state);
void watching_add_range(struct msg_list *list, struct buf *store, struct str key, struct str end,
                        bool prev);
void watching_all(struct rig *rig, bool prev);
void watching_read_events(struct rig *rig, int64_t from, uint32_t sub, int64_t to, struct str key,
                          struct str end, bool prev);

static const struct str everything = {"\0", 1};

/* The answer to a question about everything, and its turn. */
struct msg_events_read watching_read_all(struct rig *rig, int64_t from, uint32_t sub, int64_t to);
uint64_t watching_send_put(struct rig *rig, const char *key, const char *value, size_t len);
void watching_send_numbered(struct rig *rig, int number);
void watching_send_delete(struct rig *rig, const char *key, const char *end);
/* Adds "revision+key" and "revision-key" of each, separated by spaces. */
void watching_print_events(struct buf *to, struct msg_list events);
void watching_expect_events(struct msg_list events, const char *expected);
size_t watching_count_of(const struct rig *rig, const char *topic);
/* has_prev and prev of the last event that was told: "-" not looked for, else the value. */
const char *watching_last_prev(struct rig *rig);

#endif
