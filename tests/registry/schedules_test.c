#include "actors/registry/schedules.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/registry/node.h"

/* A registry in virtual time with a true directory. */
struct world {
    struct node node;
    struct schedules *schedules;
    struct actor_guest guest;
    struct log log;
    char dir[64];
};

static void begin_reading(struct world *world)
{
    world->schedules = schedules_new(world->node.actor, &world->node.config, &world->log);
    assert_non_null(world->schedules);
    world->guest = schedules_guest(world->schedules);
}

static int setup(void **state)
{
    static struct world world;

    memset(&world, 0, sizeof(world));
    (void)snprintf(world.dir, sizeof(world.dir), "/tmp/schedules.XXXXXX");
    assert_non_null(mkdtemp(world.dir));
    node_init(&world.node, 7);
    world.node.config.registry_schedules = world.dir;
    node_start(&world.node);
    log_init(&world.log, "registry", memfd_create("log", MFD_CLOEXEC), &world.node.clock.clock);
    world.log.json = false;
    begin_reading(&world);
    *state = &world;
    return 0;
}

static char *path_of(const struct world *world, const char *name)
{
    static char path[2][128];
    static unsigned next;

    next = 1 - next;
    (void)snprintf(path[next], sizeof(path[next]), "%s/%s", world->dir, name);
    return path[next];
}

static void write_file(const struct world *world, const char *name, const char *text)
{
    FILE *file = fopen(path_of(world, name), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void set_time(const struct world *world, const char *name, int64_t ns)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {ns / 1000000000, ns % 1000000000}};

    assert_int_equal(utimensat(AT_FDCWD, path_of(world, name), times, 0), 0);
}

/* One weight of clients in sh001 for sh002. */
static void write_schedule(const struct world *world, const char *name, const char *appid,
                           int weight)
{
    char text[256];

    (void)snprintf(text, sizeof(text),
                   "{\"app_id\":\"%s\",\"env\":\"dev\",\"clients\":{\"sh001\":{\"zones\":{"
                   "\"sh002\":{\"weight\":%d}}}}}",
                   appid, weight);
    write_file(world, name, text);
}

static void turn(struct world *world)
{
    world->guest.ready(world->guest.state, &world->node.clock.at, world->node.out);
    node_turn(&world->node);
}

/* As long as the guest's descriptor asks for it. */
static void settle(struct world *world)
{
    struct pollfd fd = {.fd = world->guest.fd, .events = POLLIN};

    while (poll(&fd, 1, 5) > 0) {
        turn(world);
    }
}

static void pass(struct world *world, int64_t ms)
{
    node_run(&world->node, ms);
    turn(world);
    settle(world);
}

/* The weight that is held, -1: none. */
static int weight_of(const struct world *world, const char *appid)
{
    const struct registry *registry = registry_actor_registry(world->node.actor);
    struct identity id = {.env = STR("dev"), .appid = str_from(appid)};
    uint32_t slot = registry_find(registry, identity_key(&id));
    struct instance it = {0};
    struct str item = {0};
    uint32_t weight = 0;

    if (slot == REGISTRY_NONE || !registry_is_live(registry, slot)) {
        return -1;
    }
    registry_instance(registry, slot, &it);
    while (strs_next(&it.addrs.bytes, &item)) {
    }
    assert_int_equal(str_to_u32(item, &weight), ERR_OK);
    return (int)weight;
}

static bool logged(const struct world *world, const char *text)
{
    static char bytes[65536];
    ssize_t got = pread(world->log.fd, bytes, sizeof(bytes) - 1, 0);

    assert_true(got >= 0);
    bytes[got] = '\0';
    return strstr(bytes, text) != NULL;
}

static void restart(struct world *world)
{
    schedules_destroy(&world->schedules);
    node_stop(&world->node);
    node_start(&world->node);
    begin_reading(world);
    settle(world);
}

static int teardown(void **state)
{
    struct world *world = *state;
    char command[128];

    schedules_destroy(&world->schedules);
    node_stop(&world->node);
    world->node.config.registry_schedules = NULL;
    node_fini(&world->node);
    (void)close(world->log.fd);
    (void)snprintf(command, sizeof(command), "rm -rf %s", world->dir);
    assert_int_equal(system(command), 0);
    return 0;
}

static void a_file_is_read_when_it_is_there_comes_or_changes(void **state)
{
    struct world *world = *state;

    write_schedule(world, "a.json", "app.a", 1);
    settle(world);
    assert_int_equal(weight_of(world, "app.a"), 1);
    write_schedule(world, "b.json", "app.b", 2);
    settle(world);
    assert_int_equal(weight_of(world, "app.b"), 2);
    write_schedule(world, "b.json", "app.b", 3);
    settle(world);
    assert_int_equal(weight_of(world, "app.b"), 3);
    write_schedule(world, "c.tmp", "app.b", 4);
    settle(world);
    assert_int_equal(weight_of(world, "app.b"), 3);
    assert_int_equal(rename(path_of(world, "c.tmp"), path_of(world, "b.json")), 0);
    settle(world);
    assert_int_equal(weight_of(world, "app.b"), 4);
}

static void a_file_that_goes_takes_its_schedule_with_it(void **state)
{
    struct world *world = *state;

    write_schedule(world, "a.json", "app.a", 1);
    write_schedule(world, "b.json", "app.b", 1);
    settle(world);
    assert_int_equal(unlink(path_of(world, "a.json")), 0);
    assert_int_equal(rename(path_of(world, "b.json"), path_of(world, "b.json.off")), 0);
    settle(world);
    assert_int_equal(weight_of(world, "app.a"), 1); /* an editor may be about to write it */
    pass(world, 1000);
    assert_int_equal(weight_of(world, "app.a"), -1);
    assert_int_equal(weight_of(world, "app.b"), -1);
    assert_true(logged(world, "schedule_removed"));
}

static void an_editor_that_moves_it_away_first_changes_nothing_between(void **state)
{
    struct world *world = *state;
    int64_t changes;

    write_schedule(world, "a.json", "app.a", 1);
    settle(world);
    changes = node_stat(&world->node, METRIC_REGISTRY_CHANGES);
    assert_int_equal(rename(path_of(world, "a.json"), path_of(world, "a.json~")), 0);
    settle(world);
    write_schedule(world, "a.json", "app.a", 2);
    write_schedule(world, ".a.json.swp", "app.x", 2);
    write_schedule(world, ".#a.json", "app.x", 2);
    settle(world);
    pass(world, 2000);
    assert_int_equal(weight_of(world, "app.a"), 2);
    assert_int_equal(weight_of(world, "app.x"), -1);
    assert_int_equal(node_stat(&world->node, METRIC_REGISTRY_CHANGES), changes + 1);
}

static void a_bad_file_is_named_and_what_it_said_holds_on(void **state)
{
    struct world *world = *state;
    int fd;

    write_schedule(world, "a.json", "app.a", 1);
    settle(world);
    write_file(world, "a.json", "{\"app_id\": \"app.a\",\n oops");
    settle(world);
    assert_int_equal(weight_of(world, "app.a"), 1);
    assert_true(logged(world, "file=a.json reason=\"line 2: no JSON"));
    assert_true(logged(world, "what it said before holds on"));
    write_schedule(world, "b.json", "app.b", 1000001);
    settle(world);
    assert_true(logged(
        world,
        "file=b.json reason=\"line 1: clients.sh001.zones.sh002.weight: must be a whole number"));
    fd = open(path_of(world, "large.json"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, 1024 * 1024 + 1), 0);
    (void)close(fd);
    assert_int_equal(mkfifo(path_of(world, "pipe"), 0600), 0);
    assert_int_equal(rename(path_of(world, "pipe"), path_of(world, "pipe.json")), 0);
    assert_int_equal(symlink("loop.json", path_of(world, "loop.json")), 0);
    assert_int_equal(mkdir(path_of(world, "dir.json"), 0700), 0);
    settle(world);
    assert_true(logged(world, "file=large.json reason=\"larger than 1 MiB"));
    assert_true(logged(world, "file=pipe.json reason=\"no regular file"));
}

static void a_restart_changes_nothing(void **state)
{
    struct world *world = *state;
    uint64_t seq;

    write_schedule(world, "a.json", "app.a", 1);
    settle(world);
    write_schedule(world, "a.json", "app.a", 2);
    settle(world);
    seq = node_position(&world->node).seq;
    restart(world);
    assert_int_equal(weight_of(world, "app.a"), 2);
    assert_int_equal(node_position(&world->node).seq, seq);
    assert_true(logged(world, "files=1 bad=0"));
}

static void at_a_start_the_newest_wins(void **state)
{
    struct world *world = *state;
    const int64_t written = 1800000000000000000;

    write_schedule(world, "a.json", "app.a", 1);
    set_time(world, "a.json", written);
    settle(world);
    schedules_destroy(&world->schedules);
    write_schedule(world, "a.json", "app.a", 5);
    set_time(world, "a.json", written - 1); /* an older one was put there meanwhile */
    begin_reading(world);
    settle(world);
    assert_int_equal(weight_of(world, "app.a"), 1);
    set_time(world, "a.json", written + 1);
    restart(world);
    assert_int_equal(weight_of(world, "app.a"), 5);
}

static void an_old_file_put_there_now_counts_from_now(void **state)
{
    struct world *world = *state;

    settle(world);
    write_schedule(world, "a.json", "app.a", 1);
    settle(world);
    write_schedule(world, "older", "app.a", 9);
    set_time(world, "older", 1000000000);
    assert_int_equal(rename(path_of(world, "older"), path_of(world, "a.json")), 0);
    settle(world);
    assert_int_equal(weight_of(world, "app.a"), 9);
}

static void of_two_files_the_other_takes_over(void **state)
{
    struct world *world = *state;

    write_schedule(world, "a.json", "app.a", 1);
    settle(world);
    write_schedule(world, "b.json", "app.a", 2);
    settle(world);
    assert_int_equal(weight_of(world, "app.a"), 2);
    assert_true(logged(world, "schedule_twice"));
    assert_int_equal(unlink(path_of(world, "b.json")), 0);
    settle(world);
    pass(world, 1000);
    assert_int_equal(weight_of(world, "app.a"), 1);
    write_schedule(world, "a.json", "app.other", 3); /* it speaks of another app now */
    settle(world);
    assert_int_equal(weight_of(world, "app.a"), -1);
    assert_int_equal(weight_of(world, "app.other"), 3);
}

static void a_directory_may_come_later_and_come_again(void **state)
{
    struct world *world = *state;
    char moved[80];

    (void)snprintf(moved, sizeof(moved), "%s.moved", world->dir);
    assert_int_equal(rmdir(world->dir), 0);
    settle(world);
    turn(world);
    assert_true(logged(world, "schedules_absent"));
    assert_int_equal(mkdir(world->dir, 0700), 0);
    write_schedule(world, "a.json", "app.a", 1);
    write_schedule(world, "b.json", "app.b", 1);
    pass(world, 5000);
    assert_int_equal(weight_of(world, "app.a"), 1);
    assert_int_equal(rename(world->dir, moved), 0);
    settle(world);
    pass(world, 5000);
    assert_int_equal(weight_of(world, "app.a"), 1); /* gone as a whole: what is known holds on */
    assert_int_equal(mkdir(world->dir, 0700), 0);
    write_schedule(world, "b.json", "app.b", 2);
    pass(world, 5000);
    pass(world, 1000);
    assert_int_equal(weight_of(world, "app.a"), -1);
    assert_int_equal(weight_of(world, "app.b"), 2);
    for (int i = 0; i < 2; i++) {
        char file[96];

        (void)snprintf(file, sizeof(file), "%s/%c.json", moved, "ab"[i]);
        assert_int_equal(unlink(file), 0);
    }
    assert_int_equal(rmdir(moved), 0);
}

static void a_mounted_config_map_is_read_through_its_link(void **state)
{
    struct world *world = *state;

    assert_int_equal(mkdir(path_of(world, "..1"), 0700), 0);
    write_schedule(world, "..1/a.json", "app.a", 1);
    assert_int_equal(symlink("..1", path_of(world, "..data")), 0);
    assert_int_equal(symlink("..data/a.json", path_of(world, "a.json")), 0);
    settle(world);
    pass(world, 1000);
    assert_int_equal(weight_of(world, "app.a"), 1);
    assert_int_equal(mkdir(path_of(world, "..2"), 0700), 0);
    write_schedule(world, "..2/a.json", "app.a", 2);
    assert_int_equal(symlink("..2", path_of(world, "..data_tmp")), 0);
    assert_int_equal(rename(path_of(world, "..data_tmp"), path_of(world, "..data")), 0);
    settle(world);
    assert_int_equal(weight_of(world, "app.a"), 2);
}

static void many_files_take_many_turns(void **state)
{
    struct world *world = *state;
    char name[32];
    unsigned turns = 0;

    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof(name), "%d.json", i);
        write_schedule(world, name, name, i);
    }
    while (weight_of(world, "99.json") < 0) { /* the last by name */
        turn(world);
        turns++;
    }
    assert_in_range(turns, 200 / 16, 20);
    assert_int_equal(weight_of(world, "0.json"), 0);
    assert_int_equal(weight_of(world, "150.json"), 150);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_read_when_it_is_there_comes_or_changes),
        TEST(a_file_that_goes_takes_its_schedule_with_it),
        TEST(an_editor_that_moves_it_away_first_changes_nothing_between),
        TEST(a_bad_file_is_named_and_what_it_said_holds_on),
        TEST(a_restart_changes_nothing),
        TEST(at_a_start_the_newest_wins),
        TEST(an_old_file_put_there_now_counts_from_now),
        TEST(of_two_files_the_other_takes_over),
        TEST(a_directory_may_come_later_and_come_again),
        TEST(a_mounted_config_map_is_read_through_its_link),
        TEST(many_files_take_many_turns),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
