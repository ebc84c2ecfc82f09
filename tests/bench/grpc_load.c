/* Calls of etcd's API as fast as the answers come, by nghttp2, from one thread.
 *
 *   bench_grpc_load HOST PORT put|range CLIENTS CONNECTIONS SECONDS
 *
 * Each client has one call under way; they share the connections evenly. Keys are of 8 bytes from a
 * counter over 10,000 (range: those are put first), values of 256. Every grpc-status is looked at.
 * Prints `calls N per_s X p50_ms A p99_ms B failed N cpu_s C`, of this program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/etcdapi/kv.pb-c.h"
#include "gateway/etcd/grpc.h"

enum {
    keys = 10000,
    value_bytes = 256,
    events_max = 512,
    room_bytes = 256 * 1024,
    clients_max = 65536,
    latencies_max = 4 * 1024 * 1024,
};

struct client {
    struct connection *connection;
    struct buf request;
    size_t sent;
    int64_t began_ns;
    bool ok;
};

struct connection {
    int fd;
    nghttp2_session *session;
    bool writes; /* waits for the socket */
};

static struct {
    const char *path;
    bool put;
    bool stops;
    uint64_t key;
    uint64_t calls;
    uint64_t failed;
    uint64_t under_way;
    uint32_t *latencies_us;
    size_t latency_count;
    struct client *clients;
    struct connection *connections;
    int epoll;
    char room[room_bytes];
} load;

static void need(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static int64_t now_ns(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static void pack(struct client *client)
{
    static uint8_t value[value_bytes];
    char key[16];
    int key_len = snprintf(key, sizeof(key), "%08u", (unsigned)(load.key++ % keys));
    Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;
    Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
    const ProtobufCMessage *message = load.put ? &put.base : &range.base;
    size_t len;

    put.key = range.key = (ProtobufCBinaryData){(size_t)key_len, (uint8_t *)key};
    put.value = (ProtobufCBinaryData){sizeof(value), value};
    len = protobuf_c_message_get_packed_size(message);
    client->request.len = client->sent = 0;
    (void)buf_reserve(&client->request, grpc_prefix_bytes + len);
    grpc_prefix(client->request.data, (uint32_t)len);
    (void)protobuf_c_message_pack(message, (uint8_t *)client->request.data + grpc_prefix_bytes);
    client->request.len = grpc_prefix_bytes + len;
}

static ssize_t read_request(nghttp2_session *session, int32_t id, uint8_t *to, size_t max,
                            uint32_t *flags, nghttp2_data_source *source, void *state)
{
    struct client *client = source->ptr;
    size_t len = client->request.len - client->sent;

    (void)session;
    (void)id;
    (void)state;
    len = len < max ? len : max;
    memcpy(to, client->request.data + client->sent, len);
    client->sent += len;
    if (client->sent == client->request.len) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)len;
}

#define NV(name, value)                                                                            \
    {                                                                                              \
        (uint8_t *)(name), (uint8_t *)(value), strlen(name), strlen(value),                        \
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                           \
    }

static void call(struct client *client)
{
    const nghttp2_nv headers[] = {NV(":method", "POST"),
                                  NV(":scheme", "http"),
                                  NV(":path", load.path),
                                  NV(":authority", "localhost"),
                                  NV("content-type", "application/grpc"),
                                  NV("user-agent", "grpc-go/1.26.0"),
                                  NV("te", "trailers")};
    nghttp2_data_provider provider = {.source = {.ptr = client}, .read_callback = read_request};

    pack(client);
    client->ok = false;
    client->began_ns = now_ns();
    load.under_way++;
    need(nghttp2_submit_request(client->connection->session, NULL, headers,
                                sizeof(headers) / sizeof(headers[0]), &provider, client) > 0,
         "submit");
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *state)
{
    struct client *client = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)flags;
    (void)state;
    if (client != NULL && name_len == sizeof("grpc-status") - 1 &&
        memcmp(name, "grpc-status", name_len) == 0) {
        client->ok = value_len == 1 && value[0] == '0';
    }
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *state)
{
    struct client *client = nghttp2_session_get_stream_user_data(session, id);

    (void)code;
    (void)state;
    if (client == NULL) {
        return 0;
    }
    load.under_way--;
    load.calls++;
    load.failed += !client->ok;
    if (load.latency_count < latencies_max) {
        load.latencies_us[load.latency_count++] = (uint32_t)((now_ns() - client->began_ns) / 1000);
    }
    if (!load.stops) {
        call(client);
    }
    return 0;
}

static void send_all(struct connection *it)
{
    const uint8_t *data;
    size_t len = 0;
    ssize_t part;

    while ((part = nghttp2_session_mem_send(it->session, &data)) > 0) {
        need(len + (size_t)part <= room_bytes, "room");
        memcpy(load.room + len, data, (size_t)part);
        len += (size_t)part;
        if (len < room_bytes / 2) {
            continue;
        }
        need(send(it->fd, load.room, len, MSG_NOSIGNAL) == (ssize_t)len, "send");
        len = 0;
    }
    need(len == 0 || send(it->fd, load.room, len, MSG_NOSIGNAL) == (ssize_t)len, "send");
}

static void receive(struct connection *it)
{
    ssize_t len = recv(it->fd, load.room, sizeof(load.room), MSG_DONTWAIT);

    if (len < 0 && errno == EAGAIN) {
        return;
    }
    need(len > 0, "receive");
    need(nghttp2_session_mem_recv(it->session, (const uint8_t *)load.room, (size_t)len) == len,
         "read");
    send_all(it);
}

static void connect_to(struct connection *it, const struct sockaddr_in *at)
{
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = it};
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    const int on = 1;

    it->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(it->fd >= 0 && connect(it->fd, (const struct sockaddr *)at, sizeof(*at)) == 0, "connect");
    (void)setsockopt(it->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    need(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0, "new");
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option_set_peer_max_concurrent_streams(option, clients_max);
    nghttp2_option_set_no_closed_streams(option, 1);
    need(nghttp2_session_client_new2(&it->session, callbacks, NULL, option) == 0, "session");
    need(nghttp2_submit_settings(it->session, NGHTTP2_FLAG_NONE, settings, 1) == 0, "settings");
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    need(epoll_ctl(load.epoll, EPOLL_CTL_ADD, it->fd, &event) == 0, "epoll");
}

/* Until so many calls were answered or the time is over; what is under way is waited for. */
static void run(uint64_t count, unsigned connection_count, uint64_t calls_max, int64_t ns)
{
    int64_t end_ns = now_ns() + ns;

    load.stops = false;
    load.calls = load.failed = 0;
    load.latency_count = 0;
    for (uint64_t i = 0; i < count; i++) {
        call(&load.clients[i]);
    }
    for (unsigned i = 0; i < connection_count; i++) {
        send_all(&load.connections[i]);
    }
    while (load.under_way > 0) {
        struct epoll_event events[events_max];
        int ready = epoll_wait(load.epoll, events, events_max, 1000);

        load.stops = load.calls >= calls_max || now_ns() >= end_ns;
        for (int i = 0; i < ready; i++) {
            receive(events[i].data.ptr);
        }
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static double share_ms(double share)
{
    return load.latency_count == 0
               ? 0
               : load.latencies_us[(size_t)(share * (double)(load.latency_count - 1))] / 1000.0;
}

static double cpu_s(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    uint32_t clients, connections, seconds, port;
    int64_t began_ns;
    double cpu;

    if (argc != 7 || inet_pton(AF_INET, argv[1], &at.sin_addr) != 1 ||
        str_to_u32(str_from(argv[2]), &port) != ERR_OK || port == 0 || port > UINT16_MAX ||
        str_to_u32(str_from(argv[4]), &clients) != ERR_OK || clients == 0 ||
        clients > clients_max || str_to_u32(str_from(argv[5]), &connections) != ERR_OK ||
        connections == 0 || connections > clients ||
        str_to_u32(str_from(argv[6]), &seconds) != ERR_OK || seconds == 0) {
        (void)fprintf(stderr,
                      "usage: bench_grpc_load HOST PORT put|range CLIENTS CONNECTIONS SECONDS\n");
        return 2;
    }
    at.sin_port = htons((uint16_t)port);
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.latencies_us = calloc(latencies_max, sizeof(*load.latencies_us));
    load.clients = calloc(clients, sizeof(*load.clients));
    load.connections = calloc(connections, sizeof(*load.connections));
    need(load.latencies_us != NULL && load.clients != NULL && load.connections != NULL, "memory");
    for (uint32_t i = 0; i < connections; i++) {
        connect_to(&load.connections[i], &at);
    }
    for (uint32_t i = 0; i < clients; i++) {
        load.clients[i].connection = &load.connections[i % connections];
    }
    load.put = true;
    load.path = "/etcdserverpb.KV/Put";
    if (strcmp(argv[3], "range") == 0) {
        run(clients < 100 ? clients : 100, connections, keys, (int64_t)60 * 1000000000);
        load.put = false;
        load.path = "/etcdserverpb.KV/Range";
    }
    cpu = cpu_s();
    began_ns = now_ns();
    run(clients, connections, UINT64_MAX, (int64_t)seconds * 1000000000);
    cpu = cpu_s() - cpu;
    qsort(load.latencies_us, load.latency_count, sizeof(*load.latencies_us), by_value);
    (void)printf("calls %llu per_s %.0f p50_ms %.3f p99_ms %.3f failed %llu cpu_s %.3f\n",
                 (unsigned long long)load.calls,
                 (double)load.calls / ((double)(now_ns() - began_ns) / 1e9), share_ms(0.5),
                 share_ms(0.99), (unsigned long long)load.failed, cpu);
    return load.failed > 0;
}
