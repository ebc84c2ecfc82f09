#include "gateway/etcd/watch_request.h"

#include <ctype.h>
#include <stdlib.h>

#include "common/base/heap.h"
#include "common/etcdapi/watch.pb-c.h"
#include "gateway/etcd/watch_ask.h"
#include "gateway/etcd/watch_live.h"
#include "gateway/etcd/watch_tell.h"

enum { no_watch_id = -1 };

static const struct str least_key = {"", 1}; /* the byte 0 */

/* ── the line of a stream ── */

static void push(struct watch_ops *ops, struct watch_op *op)
{
    op->next = NULL;
    *(ops->last != NULL ? &ops->last->next : &ops->first) = op;
    ops->last = op;
    ops->count++;
}

static struct watch_op *pop(struct watch_ops *ops)
{
    struct watch_op *op = ops->first;

    ops->first = op->next;
    ops->last = ops->first != NULL ? ops->last : NULL;
    ops->count--;
    return op;
}

static struct watch_op *op_new(struct watches *self, struct watch_stream *stream,
                               const struct watch_wish *wish)
{
    struct watch_op *op = heap_new(sizeof(*op) + wish->key.len + wish->end.len);
    char *at = (char *)(op + 1);

    op->stream = stream;
    op->wish = *wish;
    op->wish.key = str_put(&at, wish->key);
    op->wish.end = str_put(&at, wish->end);
    op->number = UINT32_MAX;
    push(&stream->ops, op);
    self->op_count++;
    self->op_bytes += wish->key.len + wish->end.len;
    return op;
}

static void op_free(struct watches *self, struct watch_op *op)
{
    watch_link_remove(&op->link);
    if (op->number != UINT32_MAX) {
        table_remove(&self->questions, op->number);
    }
    buf_fini(&op->text);
    self->op_count--;
    self->op_bytes -= op->wish.key.len + op->wish.end.len;
    free(op);
}

/* An id is a place and a count, so that a late answer finds nobody. */
static void ask(struct watches *self, struct watch_op *op)
{
    op->number = table_add(&self->questions, op);
    op->id = ++self->read_count << 32 | op->number;
    watch_links_add(&self->to_ask, &op->link);
}

void watch_request_drop(struct watches *self, struct watch_stream *stream)
{
    while (stream->ops.first != NULL) {
        op_free(self, pop(&stream->ops));
    }
    while (stream->progress.first != NULL) {
        op_free(self, pop(&stream->progress));
    }
}

/* ── create ── */

static void refuse(struct watches *self, const struct watch_op *op, struct str reason)
{
    watch_tell(self, op->stream,
               &(struct watch_head){.revision = op->revision,
                                    .id = no_watch_id,
                                    .created = true,
                                    .canceled = true,
                                    .reason = reason});
}

/* As Go's gRPC prints an error: codes are named "PermissionDenied". */
static void print_error(struct buf *to, uint32_t code, struct str text)
{
    static const char *const names[GRPC_END] = {
#define NAME_OF(NAME, number, http) [number] = #NAME,
        GRPC_TABLE(NAME_OF)
#undef NAME_OF
    };
    const char *name = code < GRPC_END ? names[code] : names[GRPC_UNKNOWN];
    bool begins = true;

    buf_add_str(to, STR("rpc error: code = "));
    for (; *name != '\0'; name++) {
        if (*name != '_') {
            buf_add_char(to, (char)(begins ? *name : tolower((unsigned char)*name)));
        }
        begins = *name == '_';
    }
    buf_add_str(to, STR(" desc = "));
    buf_add_str(to, text);
}

static void refuse_error(struct watches *self, const struct watch_op *op)
{
    struct buf reason = {0};

    print_error(&reason, op->code, buf_str(&op->text));
    refuse(self, op, buf_str(&reason));
    buf_fini(&reason);
}

static int64_t free_id(struct watch_stream *stream)
{
    while (watch_ids_find(&stream->ids, stream->next_id) != NULL) {
        stream->next_id++;
    }
    return stream->next_id++;
}

static void begin_watcher(struct watches *self, const struct watch_op *op)
{
    struct watch_stream *stream = op->stream;
    int64_t id = op->watch_id != 0 ? op->watch_id : free_id(stream);
    int64_t next = op->start == 0 ? op->revision + 1 : op->start < 1 ? 1 : op->start;
    struct watcher *watcher = watcher_new(self, stream, &op->wish, id, next);

    watcher->told_ms = self->moment->now->mono_ms;
    watcher->progress = op->progress;
    if (op->progress) {
        deadlines_set(&self->pulses, &watcher->pulse,
                      watcher->told_ms + self->options.progress_interval_ms);
    }
    watch_tell(self, stream,
               &(struct watch_head){.revision = op->revision, .id = id, .created = true});
    if (next <= op->compacted) {
        watcher_cancel_compacted(self, watcher, op->compacted);
    } else if (next > watch_live_edge(self)) {
        watcher_is(self, watcher, WATCHER_SYNCED, NULL);
    }
}

static void create(struct watches *self, const struct watch_op *op)
{
    const struct watch_wish *wish = &op->wish;
    struct watch_stream *stream = op->stream;

    watch_live_flush(self);
    if (op->code != 0) {
        refuse_error(self, op);
    } else if (!watch_wish_is_single(wish) && !watch_wish_is_open(wish) &&
               str_cmp(wish->key, wish->end) >= 0) {
        refuse(self, op, STR("mvcc: watcher range is empty"));
    } else if (op->watch_id != 0 && watch_ids_find(&stream->ids, op->watch_id) != NULL) {
        refuse(self, op, STR("mvcc: duplicate watch ID provided on the WatchStream"));
    } else if (self->counts.watchers >= self->options.watchers_max ||
               stream->ids.count >= self->options.stream_watchers_max ||
               self->groups.bytes + wish->key.len + wish->end.len > self->options.keys_max) {
        self->counts.refused_total++;
        refuse(self, op, etcd_error_text(ETCD_ERROR_TOO_MANY_REQUESTS));
    } else {
        begin_watcher(self, op);
    }
}

/* ── cancel, progress ── */

static void cancel(struct watches *self, struct watch_stream *stream, int64_t id)
{
    struct watcher *watcher = watch_ids_find(&stream->ids, id);

    if (watcher != NULL) {
        watch_live_flush(self); /* it may end by that */
        watcher = watch_ids_find(&stream->ids, id);
    }
    if (watcher != NULL) {
        watcher_end(self, watcher);
        watch_tell(self, stream,
                   &(struct watch_head){.revision = self->position, .id = id, .canceled = true});
    }
}

static void wait_for_progress(struct watches *self, struct watch_op *op)
{
    struct watch_stream *stream = op->stream;

    push(&stream->progress, op);
    if (stream->waiting.next == NULL) {
        watch_links_add(&self->waiting_streams, &stream->waiting);
    }
}

void watch_request_turn(struct watches *self)
{
    struct watch_link *next;

    for (struct watch_link *link = watch_links_first(&self->waiting_streams); link != NULL;
         link = next) {
        struct watch_stream *stream =
            (struct watch_stream *)((char *)link - offsetof(struct watch_stream, waiting));
        struct watch_op *op;

        next = watch_links_next(&self->waiting_streams, link);
        while ((op = stream->progress.first) != NULL && stream->unsynced == 0 &&
               op->revision <= self->position) {
            op_free(self, pop(&stream->progress));
            watch_tell(self, stream,
                       &(struct watch_head){.revision = self->position, .id = no_watch_id});
        }
        if (op == NULL) {
            watch_link_remove(link);
        }
    }
}

/* ── in their order ── */

static void go_on(struct watches *self, struct watch_stream *stream)
{
    struct watch_op *op;

    while ((op = stream->ops.first) != NULL && (op->answered || op->kind == WATCH_CANCEL)) {
        (void)pop(&stream->ops);
        switch (op->kind) {
        case WATCH_CREATE:
            create(self, op);
            break;
        case WATCH_CANCEL:
            cancel(self, stream, op->watch_id);
            break;
        case WATCH_PROGRESS:
            wait_for_progress(self, op);
            continue;
        }
        op_free(self, op);
    }
}

void watch_request_answer(struct watches *self, const struct msg_watched *answer)
{
    uint32_t number = (uint32_t)answer->id;
    struct watch_op *op =
        table_has(&self->questions, number) ? table_get(&self->questions, number) : NULL;

    if (op == NULL || op->id != answer->id || op->answered) {
        return;
    }
    watch_link_remove(&op->link);
    if (answer->code == GRPC_UNAVAILABLE) { /* or another run of it refuses */
        watch_links_add(&self->to_ask, &op->link);
        self->ops_ms = self->moment->now->mono_ms + watch_again_ms;
        return;
    }
    op->answered = true;
    op->code = answer->code;
    buf_add_str(&op->text, answer->text);
    op->revision = answer->revision > 0 ? answer->revision : self->known;
    op->compacted = answer->compacted;
    watch_note_compacted(self, answer->compacted);
    watch_live_known(self, answer->revision);
    go_on(self, op->stream);
}

static struct str bytes_of(ProtobufCBinaryData bytes)
{
    return (struct str){(const char *)bytes.data, bytes.len};
}

static void take_create(struct watches *self, struct watch_stream *stream,
                        const Etcdserverpb__WatchCreateRequest *request)
{
    struct watch_wish wish = {.key = bytes_of(request->key),
                              .end = bytes_of(request->range_end),
                              .prev = request->prev_kv,
                              .fragment = request->fragment};
    struct watch_op *op;

    if (wish.key.len == 0) {
        wish.key = least_key;
    }
    for (size_t i = 0; i < request->n_filters; i++) {
        wish.no_put |=
            request->filters[i] == ETCDSERVERPB__WATCH_CREATE_REQUEST__FILTER_TYPE__NOPUT;
        wish.no_delete |=
            request->filters[i] == ETCDSERVERPB__WATCH_CREATE_REQUEST__FILTER_TYPE__NODELETE;
    }
    op = op_new(self, stream, &wish);
    op->kind = WATCH_CREATE;
    op->watch_id = request->watch_id;
    op->start = request->start_revision;
    op->progress = request->progress_notify;
    ask(self, op);
}

/* The store is asked where it stands: its answer is above all this client was told before. It is
 * asked with keys that this client may watch, if there are any. */
static void take_progress(struct watches *self, struct watch_stream *stream)
{
    size_t at = 0;
    const struct watcher *any = watch_ids_next(&stream->ids, &at);
    struct watch_wish wish = any != NULL ? any->group->wish : (struct watch_wish){.key = least_key};
    struct watch_op *op;

    wish.prev = false;
    op = op_new(self, stream, &wish);
    op->kind = WATCH_PROGRESS;
    ask(self, op);
}

static void take_cancel(struct watches *self, struct watch_stream *stream, int64_t id)
{
    struct watch_op *op;

    if (stream->ops.first == NULL) {
        cancel(self, stream, id);
        return;
    }
    op = op_new(self, stream, &(struct watch_wish){.key = {NULL, 0}});
    op->kind = WATCH_CANCEL;
    op->watch_id = id;
}

bool watch_request(struct watches *self, struct watch_stream *stream, struct str message,
                   enum grpc_code *code, struct str *text)
{
    Etcdserverpb__WatchRequest *request;

    if (self->op_count >= self->options.waiting_max ||
        self->op_bytes + message.len > self->options.keys_max ||
        stream->ops.count + stream->progress.count >= self->options.stream_waiting_max) {
        self->counts.refused_total++;
        *code = etcd_error_code(ETCD_ERROR_TOO_MANY_REQUESTS);
        *text = etcd_error_text(ETCD_ERROR_TOO_MANY_REQUESTS);
        return false;
    }
    request = etcdserverpb__watch_request__unpack(NULL, message.len, (const uint8_t *)message.data);
    if (request == NULL) {
        *code = GRPC_INTERNAL;
        *text = STR("grpc: failed to unmarshal the received message");
        return false;
    }
    switch (request->request_union_case) {
    case ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CREATE_REQUEST:
        take_create(self, stream, request->create_request);
        break;
    case ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CANCEL_REQUEST:
        take_cancel(self, stream, request->cancel_request->watch_id);
        break;
    case ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_PROGRESS_REQUEST:
        take_progress(self, stream);
        break;
    default:
        break; /* of a later version, or none: etcd says nothing either */
    }
    etcdserverpb__watch_request__free_unpacked(request, NULL);
    return true;
}
