/* Memory held for clients, in sum: what counts, and who goes when it is too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/gateway/http_fixture.h"

enum { mib = 1 << 20, memory_max = 20 * mib };

static int set_up(void **state)
{
    return http_set_up_for(state, 0, memory_max);
}

static struct http_counts counts_of(const struct http_fixture *self)
{
    struct http_counts counts;

    http_counts(self->http, &counts);
    return counts;
}

static int sent(struct http_fixture *self, const char *request)
{
    int fd = http_client(self);

    client_send(fd, str_from(request));
    for (int i = 0; i < 5; i++) {
        http_run(self);
    }
    return fd;
}

static void answers_nobody_reads_are_cut_when_they_are_too_much(void **state)
{
    struct http_fixture *self = *state;
    int fds[6];

    for (int i = 0; i < 6; i++) {
        fds[i] = sent(self, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    /* they may be reading */
    assert_int_equal(0, counts_of(self).emptied_total);
    assert_true(http_is_full(self->http));
    assert_in_range(counts_of(self).memory_held, 6 * http_large_bytes, 6 * http_large_bytes + mib);
    self->now_ms += 1000;
    for (int i = 0; i < 5; i++) {
        http_run(self);
    }
    assert_in_range(counts_of(self).memory_held, 2 * http_large_bytes, memory_max);
    assert_int_equal(4, counts_of(self).emptied_total);
    assert_int_equal(2, counts_of(self).connections);
    http_check_body(self, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "/a" ME);
    for (int i = 0; i < 6; i++) {
        (void)close(fds[i]);
    }
    for (int i = 0; i < 5; i++) {
        http_run(self);
    }
    assert_int_equal(0, counts_of(self).memory_held);
}

static void the_largest_of_those_that_wait_go_first_with_503(void **state)
{
    struct http_fixture *self = *state;
    int fds[7];
    char bytes[512];

    for (int i = 0; i < 7; i++) { /* 1, 2, 3, … MiB: the sixth is too much, and so is the next */
        fds[i] = sent(self, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    assert_int_equal(2, self->gone);
    assert_in_range(counts_of(self).memory_held, 15 * mib, 16 * mib);
    for (int i = 0; i < 7; i++) {
        ssize_t len = recv(fds[i], bytes, sizeof(bytes), MSG_DONTWAIT);

        assert_true(i < 5 ? len < 0 : len > 12 && memcmp(bytes, "HTTP/1.1 503", 12) == 0);
        (void)close(fds[i]);
    }
}

static void a_body_that_comes_counts_and_one_of_a_parked_request_is_let_go(void **state)
{
    struct http_fixture *self = *state;
    struct buf request = {0};
    int fd = http_client(self);

    buf_printf(&request, "POST /park HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\n\r\n");
    memset(buf_reserve(&request, 4000), 'b', 4000);
    request.len += 3999;
    client_send(fd, buf_str(&request));
    while (counts_of(self).memory_held < 3000) {
        http_run(self);
    }
    client_send(fd, STR("b"));
    while (self->parked == NULL) {
        http_run(self);
    }
    assert_in_range(counts_of(self).memory_held, 0, 500);
    (void)close(fd);
    buf_fini(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, http_tear_down)
        T(answers_nobody_reads_are_cut_when_they_are_too_much),
        T(the_largest_of_those_that_wait_go_first_with_503),
        T(a_body_that_comes_counts_and_one_of_a_parked_request_is_let_go),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
