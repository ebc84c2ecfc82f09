#include "actors/store/local.h"

#include <stdio.h>

#include "actors/store/parts.h"
#include "actors/store/reply.h"
#include "common/etcdapi/auth.pb-c.h"
#include "common/etcdapi/cluster.pb-c.h"
#include "common/etcdapi/lease.pb-c.h"
#include "common/etcdapi/maintenance.pb-c.h"

static Etcdserverpb__ResponseHeader header_of(const struct store *self)
{
    Etcdserverpb__ResponseHeader header = ETCDSERVERPB__RESPONSE_HEADER__INIT;

    header.revision = mvcc_position(self->keyspace.mvcc).revision;
    return header;
}

void local_keep_alive(struct store *self, int64_t lease, struct buf *to)
{
    Etcdserverpb__LeaseKeepAliveResponse response = ETCDSERVERPB__LEASE_KEEP_ALIVE_RESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = header_of(self);

    response.header = &header;
    response.id = lease;
    (void)lessor_renew(self->keyspace.lessor, response.id, self->keyspace.awake_ms, &response.ttl);
    keyspace_pack(&self->keyspace, &response.base, to);
}

/* This member alone; as etcd has it the header says no revision. */
struct str local_members(struct store *self, enum etcd_method method)
{
    Etcdserverpb__MemberListResponse list = ETCDSERVERPB__MEMBER_LIST_RESPONSE__INIT;
    Etcdserverpb__MemberUpdateResponse update = ETCDSERVERPB__MEMBER_UPDATE_RESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = ETCDSERVERPB__RESPONSE_HEADER__INIT;
    Etcdserverpb__Member member = ETCDSERVERPB__MEMBER__INIT;
    Etcdserverpb__Member *members[] = {&member};
    char *urls[] = {(char *)self->options.client_url};
    const Etcdserverpb__Member *said =
        members_find(&self->keyspace.members, self->options.member_id, &self->arena);

    member.id = self->options.member_id;
    member.name = (char *)self->options.member_name;
    member.clienturls = urls;
    member.n_clienturls = 1;
    member.peerurls = said != NULL ? said->peerurls : (char **)self->options.peer_urls;
    member.n_peerurls = said != NULL ? said->n_peerurls : self->options.peer_url_count;
    list.header = update.header = &header;
    list.members = update.members = members;
    list.n_members = update.n_members = 1;
    self->packed.len = 0;
    keyspace_pack(&self->keyspace, method == ETCD_METHOD_MEMBER_LIST ? &list.base : &update.base,
                  &self->packed);
    return buf_str(&self->packed);
}

static enum etcd_error status(struct store *self, struct buf *to)
{
    Etcdserverpb__StatusResponse response = ETCDSERVERPB__STATUS_RESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = header_of(self);
    Etcdserverpb__DowngradeInfo downgrade = ETCDSERVERPB__DOWNGRADE_INFO__INIT;
    struct backend_size size = self->keyspace.backend->size(self->keyspace.backend);
    char storage_version[32];
    struct raft_node_status node;

    raft_node_status(self->node, &node);
    response.header = &header;
    response.dbsize = (int64_t)size.bytes;
    response.dbsizeinuse = (int64_t)size.used;
    if (version_from_3_5(&self->version)) {
        (void)snprintf(storage_version, sizeof(storage_version), "%u.%u.0", self->version.major,
                       self->version.minor);
        response.storageversion = storage_version;
        response.dbsizequota = self->options.quota_bytes;
        response.downgradeinfo = &downgrade;
    }
    response.version = (char *)self->options.version;
    response.leader = node.lead;
    response.raftterm = node.term;
    response.raftindex = node.durable;
    response.raftappliedindex = node.applied;
    keyspace_pack(&self->keyspace, &response.base, to);
    return ETCD_OK;
}

static enum etcd_error alarms(struct store *self, struct buf *to)
{
    Etcdserverpb__AlarmResponse response = ETCDSERVERPB__ALARM_RESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = header_of(self);

    response.header = &header;
    keyspace_pack(&self->keyspace, &response.base, to);
    return ETCD_OK;
}

/* To itself it is there already. */
static enum etcd_error move_leader(struct store *self, const ProtobufCMessage *request,
                                   struct buf *to)
{
    Etcdserverpb__MoveLeaderResponse response = ETCDSERVERPB__MOVE_LEADER_RESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = header_of(self);

    if (((const Etcdserverpb__MoveLeaderRequest *)request)->targetid != self->options.member_id) {
        return ETCD_ERROR_BAD_LEADER_TRANSFEREE;
    }
    response.header = &header;
    keyspace_pack(&self->keyspace, &response.base, to);
    return ETCD_OK;
}

static enum etcd_error auth_status(struct store *self, struct buf *to)
{
    Etcdserverpb__AuthStatusResponse response = ETCDSERVERPB__AUTH_STATUS_RESPONSE__INIT;
    Etcdserverpb__ResponseHeader header = header_of(self);

    response.header = &header;
    response.authrevision = 1;
    keyspace_pack(&self->keyspace, &response.base, to);
    return ETCD_OK;
}

void local_answer(struct store *self, enum etcd_method method, const ProtobufCMessage *request,
                  const struct address *from, uint64_t id, struct outbox *out)
{
    enum etcd_error error;

    self->packed.len = 0;
    switch (method) {
    case ETCD_METHOD_MEMBER_LIST:
        (void)local_members(self, method);
        error = ETCD_OK;
        break;
    case ETCD_METHOD_STATUS:
        error = status(self, &self->packed);
        break;
    case ETCD_METHOD_ALARM:
        error = alarms(self, &self->packed);
        break;
    case ETCD_METHOD_MOVE_LEADER:
        error = move_leader(self, request, &self->packed);
        break;
    case ETCD_METHOD_AUTH_STATUS:
        error = auth_status(self, &self->packed);
        break;
    default: /* LeaseLeases */
        error = keyspace_read(&self->keyspace, method, request, &self->arena, &self->packed);
    }
    if (error == ETCD_OK) {
        store_answer(self, from, id, OUTBOX_NOW, buf_str(&self->packed), out);
    } else {
        store_refuse(from, id, OUTBOX_NOW, error, out);
    }
}
