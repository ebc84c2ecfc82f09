#include "tests/gateway/http/http_client.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { turns_max = 5000, silent_max = 800, wait_ms = 5 };

int client_open(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
    return fd;
}

void client_send(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);

        if (sent < 0) {
            return; /* closed on us: the test sees it in the answer */
        }
        bytes.data += sent;
        bytes.len -= (size_t)sent;
    }
}

bool client_read(int fd, int server_fd, struct buf *answer, turn_fn *turn, void *state)
{
    struct pollfd both[] = {{fd, POLLIN, 0}, {server_fd, POLLIN, 0}};
    ssize_t got;

    turn(state);
    (void)poll(both, 2, wait_ms);
    got = recv(fd, buf_reserve(answer, 65536), 65536, MSG_DONTWAIT);
    if (got > 0) {
        answer->len += (size_t)got;
    }
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

static bool is_whole(struct buf *answer)
{
    const char *head_end;
    const char *length;

    buf_add_char(answer, '\0');
    answer->len--;
    head_end = strstr(answer->data, "\r\n\r\n");
    if (head_end == NULL || strncmp(answer->data, "HTTP/1.1 100", 12) == 0) {
        return false;
    }
    length = strcasestr(answer->data, "Content-Length:");
    if (length != NULL && length < head_end) {
        return answer->len >=
               (size_t)(head_end + 4 - answer->data) + (size_t)strtoul(length + 15, NULL, 10);
    }
    return strstr(head_end, "\r\n0\r\n\r\n") != NULL;
}

struct buf client_answer(int fd, int server_fd, turn_fn *turn, void *state)
{
    struct buf answer = {0};
    int silent = 0; /* turns in which nothing came */

    for (int i = 0; i < turns_max && silent < silent_max && !is_whole(&answer); i++) {
        static const char continues[] = "HTTP/1.1 100 Continue\r\n\r\n";
        size_t before = answer.len;

        if (!client_read(fd, server_fd, &answer, turn, state)) {
            break;
        }
        silent = answer.len == before ? silent + 1 : 0;
        if (answer.len >= sizeof(continues) - 1 &&
            memcmp(answer.data, continues, sizeof(continues) - 1) == 0) {
            answer.len -= sizeof(continues) - 1;
            memmove(answer.data, answer.data + sizeof(continues) - 1, answer.len);
        }
    }
    buf_add_char(&answer, '\0');
    return answer;
}

int answer_status(const struct buf *answer)
{
    return strncmp(answer->data, "HTTP/1.", 7) == 0 ? (int)strtol(answer->data + 9, NULL, 10) : 0;
}

const char *answer_body(const struct buf *answer)
{
    const char *end = strstr(answer->data, "\r\n\r\n");

    return end != NULL ? end + 4 : "";
}

bool answer_has(const struct buf *answer, const char *text)
{
    return strstr(answer->data, text) != NULL;
}
