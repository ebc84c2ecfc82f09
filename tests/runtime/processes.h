/* Real actors: each runs in a child of its own, over ipc in a directory of its own. */
#ifndef TESTS_RUNTIME_PROCESSES_H
#define TESTS_RUNTIME_PROCESSES_H

#include <sys/types.h>

#include "common/runtime/actor.h"
#include "common/runtime/publisher.h"

enum { patience_ms = 5000 };

struct core {
    struct publisher publisher;
    struct follower *follower;
    uint32_t limits; /* EVICTs heard */
    bool followed_on;
    uint64_t followed_seq;
};

struct child {
    pid_t pid;
    int pidfd; /* readable once it has ended */
};

struct fixture {
    char dir[32];
    void *context;
    struct child evictor;
    struct child gateway;
};

enum err processes_run_evictor(const char *dir, struct log *log);
enum err processes_run_gateway(const char *dir, struct log *log);
typedef enum err run_fn(const char *dir, struct log *log);
struct child processes_start(run_fn *run, const char *dir);
int processes_set_up(void **state);
void processes_end(struct child *child);
void processes_path_in(const struct fixture *self, const char *name, char *path, size_t size);
int processes_tear_down(void **state);
/* It keeps what is sent until the actor is there, so that no test waits for a start. */
void *processes_connect_to(struct fixture *self, int type, const char *name);
void processes_send_msg(void *socket, const struct msg *msg);
/* One frame; the message in it borrows from store. */
struct str processes_receive(void *socket, char *store, size_t size);
struct msg processes_receive_msg(void *socket, char *store, size_t size);
struct msg processes_of_id(enum msg_type type, uint64_t id);
void processes_assert_pong(void *socket, uint64_t id);
/* What the actor counts under this name. */
int64_t processes_counted(void *socket, const char *name);
void processes_await_count(void *socket, const char *name, int64_t value);

#endif
