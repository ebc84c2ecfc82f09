#include "tests/bench/grpc/watches.h"

#include <stdlib.h>

#include "common/etcdapi/watch.pb-c.h"

static const int64_t create_ns = 120 * (int64_t)1000000000;

struct watch_stream {
    struct watches *watches;
    struct call call;
    size_t place; /* watch n of it is watch place + n × connection_count */
};

static struct str field_of(struct str message, uint64_t number)
{
    struct field field;

    while (field_next(&message, &field)) {
        if (field.number == number) {
            return field.bytes;
        }
    }
    return (struct str){0};
}

static void on_event(struct watches *self, size_t watch, struct str event)
{
    struct str kv = field_of(event, 2);
    struct field field;
    int64_t revision = 0;
    int64_t stamp = 0;

    while (field_next(&kv, &field)) {
        if (field.number == 3) {
            revision = (int64_t)field.value;
        } else if (field.number == 5 && field.bytes.len >= sizeof(stamp)) {
            memcpy(&stamp, field.bytes.data, sizeof(stamp));
        }
    }
    need(revision > self->revisions[watch], "a revision out of order");
    self->revisions[watch] = revision;
    self->events++;
    if (self->options.stamps) {
        need(stamp > 0, "a value that was not put");
        latencies_add(&self->latencies, self->last_ns - stamp);
    }
}

static void on_response(struct call *call, struct str message)
{
    struct watch_stream *stream = call->owner;
    struct watches *self = stream->watches;
    struct str rest = message;
    struct field field;
    size_t id = 0;

    self->last_ns = now_ns();
    while (field_next(&rest, &field)) {
        if (field.number == 2) {
            id = (size_t)field.value;
        } else if (field.number == 3) {
            self->created += field.value;
        }
        need(field.number != 4, "a watch was cancelled");
    }
    id = stream->place + (id - 1) * self->options.connection_count;
    need(id < self->options.count, "a watch that there is not");
    for (rest = message; field_next(&rest, &field);) {
        if (field.number == 11) {
            on_event(self, id, field.bytes);
        }
    }
}

static void on_closed(struct call *call)
{
    (void)call;
    need(false, "a stream of watches was ended");
}

static void create(struct watches *self, size_t number, struct call *call)
{
    Etcdserverpb__WatchCreateRequest body = ETCDSERVERPB__WATCH_CREATE_REQUEST__INIT;
    Etcdserverpb__WatchRequest request = ETCDSERVERPB__WATCH_REQUEST__INIT;
    struct str key = {0};
    struct str end = {0};

    self->options.range(self->options.owner, number, &key, &end);
    body.key = (ProtobufCBinaryData){key.len, (uint8_t *)key.data};
    body.range_end = (ProtobufCBinaryData){end.len, (uint8_t *)end.data};
    body.watch_id = (int64_t)(number / self->options.connection_count) + 1;
    request.request_union_case = ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CREATE_REQUEST;
    request.create_request = &body;
    call_add(call, &request.base);
}

void watches_open(struct watches *self, const struct watches_options *options)
{
    int64_t until_ns = now_ns() + create_ns;

    *self = (struct watches){.options = *options};
    self->streams = calloc(options->connection_count, sizeof(*self->streams));
    self->revisions = calloc(options->count, sizeof(*self->revisions));
    need(self->streams != NULL && self->revisions != NULL, "memory");
    for (size_t i = 0; i < options->count; i++) {
        create(self, i, &self->streams[i % options->connection_count].call);
    }
    for (size_t i = 0; i < options->connection_count; i++) {
        struct watch_stream *stream = &self->streams[i];

        stream->watches = self;
        stream->place = i;
        stream->call.message = on_response;
        stream->call.closed = on_closed;
        stream->call.owner = stream;
        stream->call.streams = true;
        call_begin(&stream->call, options->connections[i], "/etcdserverpb.Watch/Watch");
    }
    while (self->created < options->count) {
        loop_turn(options->loop, until_ns);
        need(now_ns() < until_ns, "watches are not created");
    }
}
