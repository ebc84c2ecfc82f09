/* Keys in a directory of the test's own, and real sockets on free ports of the loopback. */
#include "common/runtime/curve.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

enum { patience = 500, step_ms = 10, sockets_max = 8 };

struct fixture {
    char dir[32];
    struct curve_keys keys;
    struct buf why;
    void *context;
    struct curve_guard guard;
    void *sockets[sockets_max]; /* closed at the end */
    size_t socket_count;
};

static int setup(void **state)
{
    struct fixture *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        return -1;
    }
    memcpy(self->dir, "/tmp/muster-curve-XXXXXX", sizeof("/tmp/muster-curve-XXXXXX"));
    self->context = zmq_ctx_new();
    *state = self;
    return mkdtemp(self->dir) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *self = *state;
    DIR *files = opendir(self->dir);
    struct dirent *entry;

    curve_guard_close(&self->guard);
    for (size_t i = 0; i < self->socket_count; i++) {
        zmq_close(self->sockets[i]);
    }
    zmq_ctx_term(self->context);
    while ((entry = readdir(files)) != NULL) {
        (void)unlinkat(dirfd(files), entry->d_name, 0);
    }
    closedir(files);
    rmdir(self->dir);
    curve_fini(&self->keys);
    buf_fini(&self->why);
    free(self);
    return 0;
}

static const char *path_of(const struct fixture *self, const char *name)
{
    static char path[128];

    assert_true(snprintf(path, sizeof(path), "%s/%s", self->dir, name) < (int)sizeof(path));
    return path;
}

static void write_text(const struct fixture *self, const char *name, const char *text, mode_t mode)
{
    int fd = open(path_of(self, name), O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(fd >= 0);
    assert_int_equal(strlen(text), write(fd, text, strlen(text)));
    assert_int_equal(0, fchmod(fd, mode));
    close(fd);
}

static void make(struct fixture *self)
{
    assert_int_equal(ERR_OK, curve_make(self->dir, "10.0.0.5", &self->why));
}

static void load(struct fixture *self)
{
    assert_int_equal(ERR_OK, curve_load(&self->keys, self->dir, &self->why));
}

static void assert_refused(struct fixture *self, enum err err, const char *part)
{
    self->why.len = 0;
    assert_int_equal(err, curve_load(&self->keys, self->dir, &self->why));
    curve_fini(&self->keys);
    buf_add_char(&self->why, '\0');
    if (strstr(self->why.data, part) == NULL) {
        fail_msg("'%s' is not in: %s", part, self->why.data);
    }
}

/* ── the directory ── */

static void made_keys_are_read_back_and_the_secret_is_nobody_elses(void **state)
{
    struct fixture *self = *state;
    struct stat about;

    make(self);
    assert_int_equal(0, stat(path_of(self, "node.key"), &about));
    assert_int_equal(0600, about.st_mode & 0777);
    load(self);
    assert_int_equal(curve_key_chars, strlen(self->keys.public_key));
    assert_int_equal(curve_key_chars, strlen(self->keys.secret_key));
    assert_true(curve_allows(&self->keys, str_from(self->keys.public_key)));
    assert_false(curve_allows(&self->keys, str_from(self->keys.secret_key)));
    assert_string_equal(self->keys.public_key, curve_key_of(&self->keys, STR("10.0.0.5")));
}

static void who_has_read_a_secret_leaves_no_core(void **state)
{
    struct rlimit core = {RLIM_INFINITY, RLIM_INFINITY};

    make(*state);
    load(*state);
    assert_int_equal(0, getrlimit(RLIMIT_CORE, &core));
    assert_int_equal(0, core.rlim_cur);
}

static void keys_are_never_written_over(void **state)
{
    struct fixture *self = *state;
    struct curve_keys before;

    make(self);
    load(self);
    assert_int_equal(ERR_CONFLICT, curve_make(self->dir, "other", &self->why));
    assert_int_equal(-1, access(path_of(self, "other.pub"), F_OK));
    assert_int_equal(0, unlink(path_of(self, "node.key")));
    assert_int_equal(ERR_CONFLICT, curve_make(self->dir, "10.0.0.5", &self->why));
    assert_int_equal(-1, access(path_of(self, "node.key"), F_OK));
    before = self->keys;
    assert_string_equal(before.public_key, curve_key_of(&self->keys, STR("10.0.0.5")));
}

static void a_name_that_is_none_for_a_file_is_refused(void **state)
{
    struct fixture *self = *state;

    assert_int_equal(ERR_INVALID, curve_make(self->dir, "", &self->why));
    assert_int_equal(ERR_INVALID, curve_make(self->dir, "../x", &self->why));
    assert_int_equal(ERR_INVALID, curve_make(self->dir, ".x", &self->why));
}

static void a_directory_that_can_not_be_trusted_is_refused_with_a_remedy(void **state)
{
    struct fixture *self = *state;
    char public_key[41];
    char secret_key[41];
    char text[128];

    assert_refused(self, ERR_IO, "musterctl keygen");
    make(self);
    assert_int_equal(0, chmod(path_of(self, "node.key"), 0640));
    assert_refused(self, ERR_INVALID, "chmod 600");
    write_text(self, "node.key", "nothing\n", 0600);
    assert_refused(self, ERR_INVALID, "expected a line with a public key");
    assert_int_equal(0, zmq_curve_keypair(public_key, secret_key));
    (void)snprintf(text, sizeof(text), "%s\n%s\n", secret_key, public_key);
    write_text(self, "node.key", text, 0600); /* in the wrong order */
    assert_refused(self, ERR_INVALID, "expected a line with a public key");
    (void)snprintf(text, sizeof(text), "%s\n%s\n", public_key, secret_key);
    write_text(self, "node.key", text, 0600);
    write_text(self, "b.pub", "short\n", 0644);
    assert_refused(self, ERR_INVALID, "b.pub");
}

static void others_are_found_by_the_host_their_file_is_named_after(void **state)
{
    struct fixture *self = *state;
    char public_key[41];
    char secret_key[41];

    make(self);
    assert_int_equal(0, zmq_curve_keypair(public_key, secret_key));
    write_text(self, "b.example.pub", public_key, 0644);
    write_text(self, "notes.txt", "not read", 0644);
    load(self);
    assert_int_equal(3, self->keys.allowed_count); /* its own twice */
    assert_true(curve_allows(&self->keys, str_from(public_key)));
    assert_string_equal(public_key, curve_key_of(&self->keys, STR("b.example")));
    assert_string_equal(self->keys.public_key, curve_key_of(&self->keys, STR("c.example")));
    assert_string_equal(self->keys.public_key, curve_key_of(&self->keys, STR("")));
}

static void only_forty_characters_of_z85_are_a_key(void **state)
{
    char key[41] = "untouched";

    (void)state;
    assert_false(curve_key_from(STR(""), key));
    assert_false(curve_key_from(STR("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI"), key));
    assert_false(curve_key_from(STR("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI\""), key));
    assert_string_equal("untouched", key);
    assert_true(curve_key_from(STR("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"), key));
    assert_string_equal("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", key);
}

/* ── sockets ── */

static void *open_socket(struct fixture *self, int type)
{
    void *socket = zmq_socket(self->context, type);
    int none = 0;
    int reconnect_ms = 10;
    int wait_ms = 1000;

    assert_true(self->socket_count < sockets_max);
    self->sockets[self->socket_count++] = socket;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms));
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof(none));
    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof(reconnect_ms));
    return socket;
}

/* Binds at a free port; its address goes to endpoint. */
static void bind_any(void *socket, char *endpoint, size_t size)
{
    assert_int_equal(0, zmq_bind(socket, "tcp://127.0.0.1:*"));
    assert_int_equal(0, zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size));
}

/* Whether what dealer sends comes to router, within so many steps. */
static bool arrives(struct fixture *self, void *dealer, void *router, int steps)
{
    zmq_pollitem_t items[] = {{.socket = router, .events = ZMQ_POLLIN},
                              {.socket = self->guard.socket, .events = ZMQ_POLLIN}};
    char bytes[64];

    (void)zmq_send(dealer, "x", 1, ZMQ_DONTWAIT);
    for (int i = 0; i < steps; i++) {
        assert_true(zmq_poll(items, self->guard.socket != NULL ? 2 : 1, step_ms) >= 0);
        if ((items[1].revents & ZMQ_POLLIN) != 0) {
            curve_guard_answer(&self->guard, NULL);
        }
        if ((items[0].revents & ZMQ_POLLIN) != 0) {
            while (zmq_recv(router, bytes, sizeof(bytes), ZMQ_DONTWAIT) >= 0) {
            }
            return true;
        }
    }
    return false;
}

static void one_socket_is_open_on_ipc_and_encrypted_on_tcp(void **state)
{
    struct fixture *self = *state;
    void *router = open_socket(self, ZMQ_ROUTER);
    void *near = open_socket(self, ZMQ_DEALER);
    void *far = open_socket(self, ZMQ_DEALER);
    void *stranger = open_socket(self, ZMQ_DEALER);
    char endpoint[64];
    char ipc[64];

    make(self);
    load(self);
    curve_guard_open(&self->guard, &self->keys, self->context);
    (void)snprintf(ipc, sizeof(ipc), "ipc://%s/socket", self->dir);
    assert_int_equal(0, zmq_bind(router, ipc));
    curve_serve(&self->keys, router);
    bind_any(router, endpoint, sizeof(endpoint));

    assert_int_equal(0, zmq_connect(near, ipc));
    curve_connect(&self->keys, far, self->keys.public_key);
    assert_int_equal(0, zmq_connect(far, endpoint));
    assert_int_equal(0, zmq_connect(stranger, endpoint));
    assert_true(arrives(self, near, router, patience));
    assert_true(arrives(self, far, router, patience));
    assert_false(arrives(self, stranger, router, 20));
    assert_int_equal(1, self->guard.let_in);
}

static void who_is_not_on_the_list_is_let_in_once_it_is(void **state)
{
    struct fixture *self = *state;
    struct curve_keys other = {0};
    void *router = open_socket(self, ZMQ_ROUTER);
    void *dealer = open_socket(self, ZMQ_DEALER);
    char endpoint[64];
    int wait_ms = 50;

    make(self);
    load(self);
    assert_int_equal(0, zmq_curve_keypair(other.public_key, other.secret_key));
    curve_guard_open(&self->guard, &self->keys, self->context);
    curve_serve(&self->keys, router);
    /* the handshake of who is refused ends with the time it may take */
    zmq_setsockopt(router, ZMQ_HANDSHAKE_IVL, &wait_ms, sizeof(wait_ms));
    bind_any(router, endpoint, sizeof(endpoint));
    curve_connect(&other, dealer, self->keys.public_key);
    assert_int_equal(0, zmq_connect(dealer, endpoint));
    for (int i = 0; i < 10 && self->guard.refused < 2; i++) {
        assert_false(arrives(self, dealer, router, 10));
    }
    assert_true(self->guard.refused >= 2); /* it tries again */

    write_text(self, "other.pub", other.public_key, 0644);
    curve_fini(&self->keys);
    load(self);
    assert_true(arrives(self, dealer, router, patience));
}

static void nobody_is_taken_for_somebody_else(void **state)
{
    struct fixture *self = *state;
    char public_key[41];
    char secret_key[41];
    void *router = open_socket(self, ZMQ_ROUTER);
    void *dealer = open_socket(self, ZMQ_DEALER);
    char endpoint[64];

    make(self);
    load(self);
    assert_int_equal(0, zmq_curve_keypair(public_key, secret_key));
    curve_guard_open(&self->guard, &self->keys, self->context);
    curve_serve(&self->keys, router);
    bind_any(router, endpoint, sizeof(endpoint));
    curve_connect(&self->keys, dealer, public_key); /* expects another one there */
    assert_int_equal(0, zmq_connect(dealer, endpoint));
    assert_false(arrives(self, dealer, router, 20));
    assert_int_equal(0, self->guard.let_in);
}

static void odd_questions_end_in_a_refusal(void **state)
{
    struct fixture *self = *state;
    void *req = open_socket(self, ZMQ_REQ);
    char text[16] = "";

    make(self);
    load(self);
    curve_guard_open(&self->guard, &self->keys, self->context);
    assert_int_equal(0, zmq_connect(req, "inproc://zeromq.zap.01"));
    for (int i = 0; i < 11; i++) {
        (void)zmq_send(req, "x", 1, i < 10 ? ZMQ_SNDMORE : 0);
    }
    for (int i = 0; i < 50 && self->guard.refused == 0; i++) {
        zmq_pollitem_t item = {.socket = self->guard.socket, .events = ZMQ_POLLIN};

        assert_true(zmq_poll(&item, 1, step_ms) >= 0);
        curve_guard_answer(&self->guard, NULL);
    }
    assert_int_equal(1, self->guard.refused);
    assert_int_equal(3, zmq_recv(req, text, sizeof(text), 0)); /* version, id, status */
    assert_int_equal(1, zmq_recv(req, text, sizeof(text), 0));
    assert_int_equal(3, zmq_recv(req, text, sizeof(text), 0));
    assert_memory_equal("300", text, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(made_keys_are_read_back_and_the_secret_is_nobody_elses),
        TEST(who_has_read_a_secret_leaves_no_core),
        TEST(keys_are_never_written_over),
        TEST(a_name_that_is_none_for_a_file_is_refused),
        TEST(a_directory_that_can_not_be_trusted_is_refused_with_a_remedy),
        TEST(others_are_found_by_the_host_their_file_is_named_after),
        TEST(only_forty_characters_of_z85_are_a_key),
        TEST(one_socket_is_open_on_ipc_and_encrypted_on_tcp),
        TEST(who_is_not_on_the_list_is_let_in_once_it_is),
        TEST(nobody_is_taken_for_somebody_else),
        TEST(odd_questions_end_in_a_refusal),
    };

    return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
