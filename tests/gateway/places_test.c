/* Places for connections run short: who gives his up, and who does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/gateway/http_fixture.h"

enum { places = 16, kept = 2 };

static const char shortly[] = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n";

static int set_up(void **state)
{
    return http_set_up_for(state, places, 0);
}

static struct http_counts counts_of(const struct http_fixture *self)
{
    struct http_counts counts;

    http_counts(self->http, &counts);
    return counts;
}

/* A connection that has sent this, and what came of it is done. */
static int sent(struct http_fixture *self, const char *request)
{
    int fd = http_client(self);

    client_send(fd, str_from(request));
    for (int i = 0; i < 5; i++) {
        http_run(self);
    }
    return fd;
}

/* What has come: "" nothing, NULL: it was closed without a word. */
static const char *got(int fd)
{
    static char bytes[1024];
    ssize_t len = recv(fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);

    bytes[len > 0 ? len : 0] = '\0';
    return len == 0 ? NULL : bytes;
}

static void a_probe_is_answered_with_every_place_parked(void **state)
{
    struct http_fixture *self = *state;
    int parked[3 * places];

    for (int i = 0; i < 3 * places; i++) {
        parked[i] = sent(self, "GET /park HTTP/1.1\r\nHost: h\r\n\r\n");
        self->now_ms += 10;
    }
    assert_true(counts_of(self).connections <= places);
    assert_int_equal(places, counts_of(self).connections_max);
    http_check_body(self, shortly, "/livez" ME);
    /* the eldest went, told so and then closed; the others wait */
    assert_in_range(self->spared, 2 * places + kept, 2 * places + kept + 2);
    for (int i = 0; i < 3 * places; i++) {
        const char *text = got(parked[i]);

        assert_non_null(text);
        if (i < self->spared) {
            assert_non_null(strstr(text, "Connection: close"));
            assert_non_null(strstr(text, "\r\n\r\nspared"));
            assert_null(got(parked[i]));
        } else {
            assert_string_equal("", text);
        }
        (void)close(parked[i]);
    }
    assert_int_equal(self->spared, counts_of(self).crowded_total);
    http_run(self);
    http_run(self);
    assert_int_equal(0, counts_of(self).connections);
}

static void the_longest_idle_goes_before_any_that_waits(void **state)
{
    struct http_fixture *self = *state;
    int idle[places - kept - 2];
    int parked[4];

    for (int i = 0; i < places - kept - 2; i++) {
        idle[i] = sent(self, shortly);
        assert_non_null(strstr(got(idle[i]), "/livez"));
        self->now_ms += 100;
    }
    self->now_ms += 1000;
    /* was silent for longest, but is no more */
    client_send(idle[0], str_from(shortly));
    for (int i = 0; i < 4; i++) {
        parked[i] = sent(self, "GET /park HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    http_run(self);
    assert_int_equal(0, self->spared);
    assert_non_null(strstr(got(idle[0]), "/livez"));
    assert_null(got(idle[1]));
    assert_null(got(idle[2]));
    assert_string_equal("", got(idle[3]));
    assert_int_equal(2, counts_of(self).crowded_total);
    for (int i = 0; i < places - kept - 2; i++) {
        (void)close(idle[i]);
    }
    for (int i = 0; i < 4; i++) {
        (void)close(parked[i]);
    }
}

/* Half a request holds a place as well; but the one that has just come may be a probe. */
static void the_slowest_request_goes_when_nothing_else_does(void **state)
{
    struct http_fixture *self = *state;
    int slow[places];

    for (int i = 0; i < places; i++) {
        slow[i] = sent(self, "GET /livez HTTP/1.1\r\nHost: ");
    }
    assert_int_equal(places, counts_of(self).connections);
    assert_int_equal(0, counts_of(self).crowded_total);
    self->now_ms += 1000;
    http_run(self);
    assert_int_equal(kept, counts_of(self).crowded_total);
    assert_int_equal(places - kept, counts_of(self).connections);
    assert_non_null(strstr(got(slow[0]), " 408 "));
    assert_string_equal("", got(slow[places - 1]));
    http_check_body(self, shortly, "/livez" ME);
    for (int i = 0; i < places; i++) {
        (void)close(slow[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, http_tear_down)
        T(a_probe_is_answered_with_every_place_parked),
        T(the_longest_idle_goes_before_any_that_waits),
        T(the_slowest_request_goes_when_nothing_else_does),
#undef T
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
