/* One state machine on a backend in memory, and its calls in a word. */
#ifndef TESTS_STORE_MVCC_RIG_H
#define TESTS_STORE_MVCC_RIG_H

#include "actors/store/mvcc/mvcc.h"
#include "common/etcdapi/kv.pb-c.h"

struct rig {
    struct backend *backend;
    struct mvcc *mvcc;
    struct arena arena;
    uint64_t index;
};

struct rig *rig_new(void);
void rig_free(struct rig *self);

/* As one entry; answer NULL: it is not looked at. */
enum etcd_error rig_apply(struct rig *self, enum etcd_method method,
                          const ProtobufCMessage *request, ProtobufCMessage **answer);
enum etcd_error rig_read(struct rig *self, enum etcd_method method, const ProtobufCMessage *request,
                         ProtobufCMessage **answer);

enum etcd_error rig_put(struct rig *self, const char *key, const char *value, int64_t lease);
int64_t rig_delete(struct rig *self, const char *key, const char *end); /* how many */
enum etcd_error rig_compact(struct rig *self, int64_t revision);        /* not its steps */
enum etcd_error rig_grant(struct rig *self, int64_t id, int64_t ttl_s);
enum etcd_error rig_revoke(struct rig *self, int64_t id);

/* "key=value@mod " of all keys at a revision; 0: now. */
void rig_expect(struct rig *self, int64_t revision, const char *text);

void rig_flush(struct rig *self);
/* From what is flushed. Errors: mvcc_new's; then there is no mvcc. */
enum err rig_restart(struct rig *self, char *text);

#endif
