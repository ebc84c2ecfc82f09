/* What strangers may hold of a process's descriptors, and a way for which none is left. */
#include "common/runtime/listeners.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/runtime/sockets.h"

static void half_of_few_descriptors_and_all_but_4096_of_many_are_for_strangers(void **state)
{
    (void)state;
    assert_int_equal(512, listeners_room(1024));
    assert_int_equal(4096, listeners_room(8192));
    assert_int_equal(65536 - 4096, listeners_room(65536));
    assert_int_equal(UINT32_MAX, listeners_room(RLIM_INFINITY));
}

static void a_way_for_which_no_descriptor_is_left_stays_closed(void **state)
{
    static const struct actor_spec spec = {.name = ACTOR_REPLICATOR};
    char dir[] = "/tmp/muster-listeners-XXXXXX";
    struct actor_options options = {.spec = &spec, .clock = &clock_os};
    struct sockets sockets;
    struct rlimit before;
    struct rlimit none;
    int lowest;

    (void)state;
    options.run_dir = mkdtemp(dir);
    assert_non_null(options.run_dir);
    assert_int_equal(ERR_OK, sockets_open(&sockets, &options));
    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
    lowest = dup(0);
    close(lowest);
    none = (struct rlimit){(rlim_t)lowest, before.rlim_max};
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &none));
    peer_sockets_open(&sockets.peers, &options, 7, STR("127.0.0.1:9"), STR(""));
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
    assert_int_equal(0, sockets.peers.count);
    peer_sockets_open(&sockets.peers, &options, 7, STR("127.0.0.1:9"), STR(""));
    assert_int_equal(1, sockets.peers.count);
    sockets_close(&sockets);
    assert_int_equal(0, rmdir(dir));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_of_few_descriptors_and_all_but_4096_of_many_are_for_strangers),
        cmocka_unit_test(a_way_for_which_no_descriptor_is_left_stays_closed),
    };

    return cmocka_run_group_tests_name("listeners", tests, NULL, NULL);
}
