#include "actors/store/facts.h"

#include "actors/store/key_events.h"
#include "actors/store/store_state.h"

/* Room in a fact's frame for the fields around the events. */
enum { list_bytes_max = fact_frame_max - 256 };

/* Of one turn; and who is behind by more is told to read. */
enum { told_bytes_max = 1 << 20, told_revisions_max = 4000, behind_max = 100000 };

static const char events_topic[] = "store.events";

void facts_begin(struct store *self, enum actor_name name)
{
    struct facts *facts = &self->facts;

    publisher_init(&facts->publisher, name, 0, self->options.boot);
    facts->publisher.at.epoch = self->options.cluster_id;
    facts->told = mvcc_position(self->keyspace.mvcc).revision;
    facts->publisher.at.seq = (uint64_t)facts->told;
    facts->shown = facts->told + 1;
}

void facts_fini(struct facts *self)
{
    publisher_fini(&self->publisher);
    interest_fini(&self->interest);
    buf_fini(&self->list);
    buf_fini(&self->topic);
}

/* ── events ── */

/* list: events from told on, whole revisions up to whole_to first. */
struct telling {
    struct store *store;
    struct outbox *out;
    uint32_t count;
    int64_t at; /* of the last event in the list */
    int64_t whole_to;
    size_t whole_bytes;
    uint32_t whole_count;
    size_t bytes, revisions; /* of this turn */
    bool too_large;          /* revision at, alone */
    bool enough;
};

static void publish(struct telling *self, int64_t to, bool whole)
{
    struct store *store = self->store;
    struct facts *facts = &store->facts;
    struct msg msg = {.type = MSG_TYPE_EVENTS};
    struct msg_list events = {0};

    if (whole) {
        events = (struct msg_list){self->whole_count, {facts->list.data, self->whole_bytes}};
    }
    assert(to > facts->told);
    facts->publisher.at.seq = (uint64_t)to;
    msg.as_events = (struct msg_events){.before = facts->told,
                                        .revision = to,
                                        .compacted = mvcc_position(store->keyspace.mvcc).compacted,
                                        .whole = whole,
                                        .events = events};
    publisher_say(&facts->publisher, events_topic, &msg, false, self->out);
    facts->told = to;
    facts->events_facts_total++;
    facts->events_total += events.count;
}

static void publish_whole(struct telling *self)
{
    struct buf *list = &self->store->facts.list;

    if (self->whole_bytes == 0) {
        return;
    }
    publish(self, self->whole_to, true);
    list->len -= self->whole_bytes;
    memmove(list->data, list->data + self->whole_bytes, list->len);
    self->count -= self->whole_count;
    self->whole_bytes = 0;
    self->whole_count = 0;
}

static void all_is_whole(struct telling *self)
{
    self->whole_to = self->at;
    self->whole_bytes = self->store->facts.list.len;
    self->whole_count = self->count;
}

static void add(struct telling *self, const struct mvcc_event *event)
{
    struct facts *facts = &self->store->facts;
    struct msg msg = {.type = MSG_TYPE_EVENT};

    msg.as_event = (struct msg_event){.revision = event->revision,
                                      .kind = event->deletes ? MVCCPB__EVENT__EVENT_TYPE__DELETE
                                                             : MVCCPB__EVENT__EVENT_TYPE__PUT,
                                      .key = event->key,
                                      .kv = event->kv,
                                      .has_prev = interest_is_prev(&facts->interest, event->key)};
    if (msg.as_event.has_prev) {
        msg.as_event.prev = mvcc_event_before(self->store->keyspace.mvcc, event);
    }
    msg_encode(&facts->list, &msg);
    self->count++;
}

static bool take(void *context, const struct mvcc_event *event)
{
    struct telling *self = context;
    struct buf *list = &self->store->facts.list;
    size_t before = list->len;

    if (event->revision > self->at) {
        all_is_whole(self);
        self->at = event->revision;
        if (self->bytes >= told_bytes_max || self->revisions >= told_revisions_max) {
            self->enough = true;
            return false;
        }
        self->revisions++;
    }
    if (event->kv.len <= list_bytes_max) {
        add(self, event);
    }
    self->bytes += list->len - before;
    if (list->len > list_bytes_max) {
        publish_whole(self);
    }
    self->too_large = list->len > list_bytes_max || event->kv.len > list_bytes_max;
    return !self->too_large;
}

/* From told on: until all is told, or enough for a turn, or a revision has no room in a fact. */
static void tell_some(struct telling *self)
{
    struct facts *facts = &self->store->facts;

    facts->list.len = 0;
    self->count = 0;
    self->whole_bytes = 0;
    self->whole_count = 0;
    self->at = facts->told;
    self->too_large = false;
    mvcc_events(self->store->keyspace.mvcc, facts->told + 1, 0, take, self);
    if (!self->too_large && !self->enough) {
        all_is_whole(self);
    }
    publish_whole(self);
    if (self->too_large) {
        publish(self, self->at, false);
    }
}

static bool tell_events(struct store *self, struct outbox *out)
{
    struct facts *facts = &self->facts;
    struct telling telling = {.store = self, .out = out};
    int64_t revision = mvcc_position(self->keyspace.mvcc).revision;

    if (facts->told == revision) {
        return false;
    }
    if (!interest_is(&facts->interest, self->awake.ms) ||
        !outbox_wants(out, str_from(events_topic))) {
        facts->told = revision;
        return false;
    }
    if (revision - facts->told > behind_max) {
        publish(&telling, revision, false);
    }
    while (facts->told < revision && !telling.enough &&
           mvcc_damage(self->keyspace.mvcc) == ERR_OK) {
        tell_some(&telling);
    }
    return facts->told < revision;
}

/* ── where it stands ── */

static void tell_revision(struct store *self, const struct raft_node_status *node,
                          struct outbox *out)
{
    struct msg msg = {.type = MSG_TYPE_REVISION};

    msg.as_revision =
        (struct msg_revision){.revision = self->facts.told,
                              .compacted = mvcc_position(self->keyspace.mvcc).compacted,
                              .cluster = self->options.cluster_id,
                              .member = self->options.member_id,
                              .term = node->term,
                              .lead = node->lead};
    publisher_say(&self->facts.publisher, "store.revision", &msg, true, out);
}

static void tell_leader(struct store *self, const struct raft_node_status *node, struct outbox *out)
{
    struct facts *facts = &self->facts;
    struct msg msg = {.type = MSG_TYPE_LEADER};

    if (facts->term == node->term && facts->lead == node->lead) {
        return;
    }
    facts->term = node->term;
    facts->lead = node->lead;
    msg.as_leader = (struct msg_leader){
        .term = node->term, .lead = node->lead, .member = self->options.member_id};
    publisher_say(&facts->publisher, "store.leader", &msg, true, out);
}

bool facts_turn(struct store *self, struct outbox *out)
{
    struct facts *facts = &self->facts;
    struct raft_node_status node;
    bool behind = tell_events(self, out);
    bool more = key_events_turn(self, out);

    raft_node_status(self->node, &node);
    facts->publisher.at.seq = (uint64_t)facts->told;
    tell_leader(self, &node, out);
    if (facts->ticked) {
        tell_revision(self, &node, out);
        facts->ticked = false;
    }
    return behind || more;
}
