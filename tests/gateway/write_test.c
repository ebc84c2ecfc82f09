#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/bus/pending.h"
#include "gateway/discovery/form_origin.h"
#include "tests/gateway/gateway_fixture.h"

#define REGISTER "zone=sh001&env=dev&appid=a&hostname=h&status=1&addrs=x"
#define NAMES "zone=sh001&env=dev&appid=a&hostname=h"

static void begin(struct gateway_fixture *self)
{
    fixture_begin(self, false);
}

static struct instance instance_of(const char *hostname)
{
    struct instance instance = {
        .id = {STR("dev"), STR("a"), STR("sh001"), str_from(hostname)},
        .status = STATUS_UP,
        .dirty_timestamp = 5,
        .latest_timestamp = 6,
        .renew_timestamp = 7,
    };

    return instance;
}

static void check(struct buf *answer, int status, const char *body)
{
    assert_int_equal(status, answer_status(answer));
    assert_string_equal(body, answer_body(answer));
    buf_fini(answer);
}

static void check_asked(struct gateway_fixture *self, const char *path, const char *form,
                        const char *body)
{
    struct buf answer = fixture_ask(self, "POST", path, form);

    check(&answer, 200, body);
}

/* The registry answers the write under way at once; what the client gets. */
static void check_result(struct gateway_fixture *self, enum err err, const char *text, int status,
                         const char *body)
{
    struct buf answer;

    fixture_result(self, err, self->server.feed.seq, 0, text);
    answer = fixture_answer(self);
    check(&answer, status, body);
}

static void a_register_becomes_a_command(void **state)
{
    struct gateway_fixture self;
    struct msg command;
    struct str addrs;
    struct str addr;

    (void)state;
    begin(&self);
    fixture_send(&self, "POST", "/discovery/register?version=v1",
                 REGISTER "&addrs=y%2Cz&region=sh&metadata={%22w%22:10}&dirty_timestamp=9");
    command = fixture_command(&self);
    assert_int_equal(MSG_TYPE_REGISTER, command.type);
    assert_int_equal(7, command.as_register.gateway);
    assert_int_equal(ORIGIN_CLIENT, command.as_register.origin);
    assert_true(str_eq(STR("v1"), command.as_register.version));
    assert_true(str_eq(STR("sh"), command.as_register.region));
    assert_int_equal(9, command.as_register.dirty_timestamp);
    assert_int_equal(2, command.as_register.addrs.count);
    addrs = command.as_register.addrs.bytes;
    assert_true(strs_next(&addrs, &addr) && strs_next(&addrs, &addr));
    assert_true(str_eq(STR("y,z"), addr));
    assert_int_equal(1, command.as_register.metadata.count);
    assert_true(str_eq(STR("\xa1w\xa2"
                           "10"),
                       command.as_register.metadata.bytes));
    assert_false(command.as_register.metadata_null);
    fixture_end(&self);
}

static void it_is_answered_when_the_replica_holds_it(void **state)
{
    struct gateway_fixture self;
    struct instance instance = instance_of("h");
    struct buf answer;

    (void)state;
    begin(&self);
    fixture_send(&self, "POST", "/discovery/register", REGISTER);
    assert_false(fixture_is_answered(&self));
    fixture_result(&self, ERR_OK, 1, 0, NULL);
    assert_false(fixture_is_answered(&self));
    fixture_put(&self, &instance);
    answer = fixture_answer(&self);
    assert_true(answer_has(&answer, "Kratos-Status-Code: 0\r\n"));
    assert_true(answer_has(&answer, "Content-Type: application/json; charset=utf-8\r\n"));
    check(&answer, 200, "{\"code\":0,\"message\":\"0\",\"ttl\":1}");
    fixture_end(&self);
}

static void what_is_wrong_is_said_without_asking_the_registry(void **state)
{
    struct gateway_fixture self;
    struct buf answer;

    (void)state;
    begin(&self);
    answer = fixture_ask(&self, "POST", "/discovery/register", "env=dev&status=3&zone=%3C");
    assert_true(answer_has(&answer, "Kratos-Status-Code: -400\r\n"));
    check(&answer, 200,
          "{\"code\":-400,\"message\":\"appid is required; hostname is required; status must be 1 "
          "(up) or 2 (waiting), got 3; addrs is required: at least one address\",\"ttl\":1}");
    check_asked(
        &self, "/discovery/renew", "",
        "{\"code\":-400,\"message\":\"zone is required; env is required; appid is required; "
        "hostname is required\",\"ttl\":1}");
    check_asked(&self, "/discovery/cancel", NAMES "&latest_timestamp=-1",
                "{\"code\":-400,\"message\":\"latest_timestamp must be from 0 to "
                "4000000000000000000, got -1\",\"ttl\":1}");
    assert_int_equal(0, self.writes);
    fixture_end(&self);
}

static void a_refusal_of_the_registry_is_passed_on(void **state)
{
    struct gateway_fixture self;

    (void)state;
    begin(&self);
    fixture_send(&self, "POST", "/discovery/cancel", NAMES);
    check_result(&self, ERR_NOT_FOUND, "", 200, "{\"code\":-404,\"message\":\"-404\",\"ttl\":1}");
    fixture_send(&self, "POST", "/discovery/register", REGISTER);
    check_result(&self, ERR_REFUSED, "nodes only", 200,
                 "{\"code\":-400,\"message\":\"nodes only\",\"ttl\":1}");
    fixture_end(&self);
}

static void a_renew_shows_the_instance_with_its_fresh_time(void **state)
{
    struct gateway_fixture self;
    struct instance instance = instance_of("h");
    struct buf answer;

    (void)state;
    begin(&self);
    fixture_put(&self, &instance);
    fixture_send(&self, "POST", "/discovery/renew", NAMES);
    fixture_result(&self, ERR_OK, 1, 99, NULL);
    answer = fixture_answer(&self);
    assert_true(
        answer_has(&answer, "{\"code\":0,\"message\":\"0\",\"ttl\":1,\"data\":{\"region\":"));
    assert_true(answer_has(&answer, "\"renew_timestamp\":99,\"dirty_timestamp\":5,"));
    buf_fini(&answer);
    fixture_send(&self, "POST", "/discovery/renew", NAMES);
    fixture_result(&self, ERR_CONFLICT, 1, 0, NULL);
    answer = fixture_answer(&self);
    assert_true(answer_has(&answer, "{\"code\":-409,\"message\":\"-409\",\"ttl\":1,\"data\":{"));
    assert_true(answer_has(&answer, "Kratos-Status-Code: -409\r\n"));
    assert_true(answer_has(&answer, "\"renew_timestamp\":7,"));
    buf_fini(&answer);
    fixture_end(&self);
}

static void a_renew_of_an_unknown_one_says_how_much_is_known(void **state)
{
    struct gateway_fixture self;
    struct instance instance = instance_of("other");

    (void)state;
    begin(&self);
    fixture_send(&self, "POST", "/discovery/renew", NAMES);
    check_result(&self, ERR_NOT_FOUND, "", 200,
                 "{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":null}");
    fixture_put(&self, &instance);
    fixture_send(&self, "POST", "/discovery/renew", NAMES);
    check_result(
        &self, ERR_NOT_FOUND, "", 200,
        "{\"code\":-404,\"message\":\"-404\",\"ttl\":1,\"data\":{\"region\":\"\",\"zone\":"
        "\"\",\"env\":\"\",\"appid\":\"\",\"hostname\":\"\",\"addrs\":null,\"version\":\"\","
        "\"metadata\":null,\"status\":0,\"reg_timestamp\":0,\"up_timestamp\":0,"
        "\"renew_timestamp\":0,\"dirty_timestamp\":0,\"latest_timestamp\":0}}");
    fixture_end(&self);
}

static void without_an_answer_it_is_503_after_the_deadline(void **state)
{
    struct gateway_fixture self;
    struct buf answer;

    (void)state;
    begin(&self);
    fixture_send(&self, "POST", "/discovery/register", REGISTER);
    fixture_wait(&self, 4999);
    assert_false(fixture_is_answered(&self));
    assert_true(self.writes > 1); /* it was sent again meanwhile */
    fixture_wait(&self, 1);
    answer = fixture_answer(&self);
    assert_true(answer_has(&answer, "Retry-After: 1\r\n"));
    assert_true(answer_has(&answer, "Kratos-Status-Code: -500\r\n"));
    check(&answer, 503,
          "{\"code\":-500,\"message\":\"the registry did not answer in time: try "
          "again\",\"ttl\":1}");
    fixture_end(&self);
}

static void a_write_whose_client_went_is_forgotten(void **state)
{
    const struct linger at_once = {.l_onoff = 1};
    struct gateway_fixture self;
    struct pending_counts counts;
    int sent;

    (void)state;
    begin(&self);
    fixture_send(&self, "POST", "/discovery/register", REGISTER);
    pending_counts(self.server.gateway->pending, &counts);
    assert_int_equal(1, counts.commands);
    assert_return_code(setsockopt(self.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)),
                       0);
    (void)close(self.client);
    self.client = -1;
    for (int i = 0; i < 50 && counts.commands > 0; i++) {
        fixture_wait(&self, 1);
        pending_counts(self.server.gateway->pending, &counts);
    }
    assert_int_equal(0, counts.commands);
    sent = self.writes;
    fixture_wait(&self, 2000);
    fixture_turn(&self);
    assert_int_equal(sent, self.writes);
    fixture_result(&self, ERR_OK, 0, 0, NULL); /* comes too late, is nobody's */
    fixture_turn(&self);
    fixture_end(&self);
}

static void a_client_that_only_shut_down_its_side_gets_its_answer(void **state)
{
    static const int64_t waits_ms[] = {0, 30, 500};

    (void)state;
    for (size_t i = 0; i < sizeof(waits_ms) / sizeof(waits_ms[0]); i++) {
        struct gateway_fixture self;

        begin(&self);
        fixture_send(&self, "POST", "/discovery/cancel", NAMES);
        assert_return_code(shutdown(self.client, SHUT_WR), 0);
        fixture_turn(&self);
        fixture_wait(&self, waits_ms[i]);
        assert_false(fixture_is_answered(&self));
        check_result(&self, ERR_OK, NULL, 200, "{\"code\":0,\"message\":\"0\",\"ttl\":1}");
        fixture_end(&self);
    }
}

static void a_set_carries_each_host(void **state)
{
    struct gateway_fixture self;
    struct msg command;
    struct msg host;
    struct str rest;

    (void)state;
    begin(&self);
    fixture_send(&self, "POST", "/discovery/set",
                 "zone=z&env=e&appid=a&hostname=h1&hostname=h2&status=1&status=2&metadata=null&"
                 "metadata={%22b%22:%221%22}&set_timestamp=8");
    command = fixture_command(&self);
    assert_int_equal(MSG_TYPE_SET, command.type);
    assert_true(command.as_set.statuses_given && command.as_set.metadatas_given);
    assert_int_equal(8, command.as_set.set_timestamp);
    assert_int_equal(2, command.as_set.hosts.count);
    rest = command.as_set.hosts.bytes;
    assert_true(msg_next(&rest, &host));
    assert_true(str_eq(STR("h1"), host.as_host.hostname));
    assert_int_equal(1, host.as_host.status);
    assert_true(host.as_host.metadata_null);
    assert_true(msg_next(&rest, &host));
    assert_int_equal(2, host.as_host.status);
    assert_int_equal(1, host.as_host.metadata.count);
    assert_false(host.as_host.metadata_null);
    fixture_end(&self);
}

static void a_set_with_too_few_values_is_refused(void **state)
{
    struct gateway_fixture self;

    (void)state;
    begin(&self);
    check_asked(
        &self, "/discovery/set", NAMES "&hostname=h2&status=1",
        "{\"code\":-400,\"message\":\"status must be given once for each of 2 hostname, got "
        "1\",\"ttl\":1}");
    check_asked(&self, "/discovery/set", NAMES "&status=4294967297",
                "{\"code\":-400,\"message\":\"status must be 1 (up) or 2 (waiting), got "
                "4294967297\",\"ttl\":1}");
    check_asked(&self, "/discovery/set", "zone=z&env=e&appid=a&status=1",
                "{\"code\":-400,\"message\":\"hostname is required\",\"ttl\":1}");
    fixture_end(&self);
}

static struct msg flagged(struct gateway_fixture *self, bool trust)
{
    fixture_begin(self, trust);
    fixture_send(self, "POST", "/discovery/register",
                 REGISTER "%2Cy&replication=true&from_zone=true");
    return fixture_command(self);
}

static void flags_of_a_stranger_are_not_believed(void **state)
{
    struct gateway_fixture self;
    struct msg command;

    (void)state;
    command = flagged(&self, false);
    assert_int_equal(ORIGIN_STRANGER, command.as_register.origin);
    assert_false(command.as_register.replication || command.as_register.from_zone);
    assert_int_equal(1, command.as_register.addrs.count);
    fixture_end(&self);
}

static void flags_of_whom_is_trusted_are_believed_and_addresses_split(void **state)
{
    struct gateway_fixture self;
    struct msg command;

    (void)state;
    command = flagged(&self, true);
    assert_int_equal(ORIGIN_HTTP_PEER, command.as_register.origin);
    assert_true(command.as_register.replication && command.as_register.from_zone);
    assert_int_equal(2, command.as_register.addrs.count);
    fixture_end(&self);
}

/* A node of this host is followed: a form from here is believed, but for what a proxy adds. */
static void a_form_that_a_proxy_passed_on_is_a_clients(void **state)
{
    static const struct {
        const char *head;
        bool trust;
        uint32_t origin;
    } rows[] = {
        {NULL, false, ORIGIN_HTTP_PEER},
        {"X-Real-Ip-Not: 1\r\n", false, ORIGIN_HTTP_PEER},
        {"x-forwarded-for: 10.0.0.1\r\n", false, ORIGIN_STRANGER},
        {"Forwarded: for=10.0.0.1\r\n", false, ORIGIN_STRANGER},
        {"X-Real-IP:\r\n", false, ORIGIN_STRANGER},
        {"Via: 1.1 proxy\r\n", false, ORIGIN_STRANGER},
        {"Via: 1.1 proxy\r\n", true, ORIGIN_HTTP_PEER},
    };
    const struct replica_node node = {.addr = STR("127.0.0.1:9"), .zone = STR("sh001")};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gateway_fixture self;
        struct msg command;
        struct buf answer;

        fixture_begin(&self, rows[i].trust);
        form_origin_follow(self.server.gateway->form_origin, &node, 1);
        self.head = rows[i].head;
        fixture_send(&self, "POST", "/discovery/renew", NAMES "&replication=true");
        command = fixture_command(&self);
        assert_int_equal(rows[i].origin, command.as_renew.origin);
        assert_true(command.as_renew.replication == (rows[i].origin == ORIGIN_HTTP_PEER));
        fixture_result(&self, ERR_NOT_FOUND, 0, 0, NULL);
        answer = fixture_answer(&self);
        buf_fini(&answer);
        fixture_send(&self, "POST", "/discovery/renew", NAMES);
        command = fixture_command(&self);
        assert_int_equal(ORIGIN_CLIENT, command.as_renew.origin);
        fixture_end(&self);
    }
}

/* Its last rounds run without a turn: there is no outbox to write into. */
static void a_write_that_comes_while_the_gateway_ends_is_503(void **state)
{
    struct gateway_fixture self;
    char bytes[512];
    ssize_t got;
    int fd;

    (void)state;
    begin(&self);
    fixture_send(&self, "POST", "/discovery/renew", NAMES); /* this one waits for the registry */
    assert_int_equal(1, self.writes);
    fd = client_open(http_port(self.server.gateway->http));
    fixture_turn(&self);
    client_send(fd, STR("POST /discovery/register?" REGISTER
                        " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"));
    server_stop(&self.server);
    for (int i = 0; i < 2; i++) {
        got = recv(i == 0 ? fd : self.client, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
        assert_true(got > 12);
        bytes[got] = '\0';
        assert_memory_equal(bytes, "HTTP/1.1 503", 12);
        assert_non_null(strstr(bytes, "\"code\":-500"));
        assert_non_null(strstr(bytes, "Retry-After: 1"));
    }
    (void)close(fd);
    (void)close(self.client);
    buf_fini(&self.command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_register_becomes_a_command),
        cmocka_unit_test(it_is_answered_when_the_replica_holds_it),
        cmocka_unit_test(what_is_wrong_is_said_without_asking_the_registry),
        cmocka_unit_test(a_refusal_of_the_registry_is_passed_on),
        cmocka_unit_test(a_renew_shows_the_instance_with_its_fresh_time),
        cmocka_unit_test(a_renew_of_an_unknown_one_says_how_much_is_known),
        cmocka_unit_test(without_an_answer_it_is_503_after_the_deadline),
        cmocka_unit_test(a_write_whose_client_went_is_forgotten),
        cmocka_unit_test(a_client_that_only_shut_down_its_side_gets_its_answer),
        cmocka_unit_test(a_set_carries_each_host),
        cmocka_unit_test(a_set_with_too_few_values_is_refused),
        cmocka_unit_test(flags_of_a_stranger_are_not_believed),
        cmocka_unit_test(a_form_that_a_proxy_passed_on_is_a_clients),
        cmocka_unit_test(flags_of_whom_is_trusted_are_believed_and_addresses_split),
        cmocka_unit_test(a_write_that_comes_while_the_gateway_ends_is_503),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
