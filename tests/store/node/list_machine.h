/* A state machine that is a list of the calls it was given, in the order they came. */
#ifndef TESTS_STORE_NODE_LIST_MACHINE_H
#define TESTS_STORE_NODE_LIST_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/node/call_codec.h"

enum { list_max = 8192 };

struct list_item {
    uint64_t index;
    uint64_t term;
    uint64_t member;
    uint64_t boot;
    uint64_t number;
    uint32_t sum; /* of the body */
};

/* What was flushed is what a crash leaves. */
struct list_machine {
    struct machine machine;  /* first */
    struct list_item *items; /* list_max */
    size_t count;
    uint64_t index;
    uint64_t term;
    struct raft_config config;
    size_t flushed_count;
    struct machine_position flushed;
    unsigned slow; /* each n-th call takes two turns; 0: none */
    unsigned calls;
    const struct list_machine *staged; /* a snapshot that was pulled: from whom */
};

void list_machine_init(struct list_machine *self);
void list_machine_fini(struct list_machine *self);
void list_machine_flush(struct list_machine *self);
void list_machine_crash(struct list_machine *self);

#endif
