/* Whose a directory is, and who lives in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/place.h"
#include "common/runtime/lock.h"
#include "common/runtime/place_scan.h"

static char top[] = "/tmp/muster-place-XXXXXX";

static const char *at(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
    return path;
}

static void make(const char *name, mode_t mode)
{
    assert_int_equal(0, mkdir(at(name), 0700));
    assert_int_equal(0, chmod(at(name), mode));
}

static void well(const char *path)
{
    struct buf why = {0};

    if (place_check_own(path, &why) != ERR_OK) {
        fail_msg("refused: %.*s", STR_ARG(buf_str(&why)));
    }
    buf_fini(&why);
}

static void refused(const char *path, const char *says)
{
    struct buf why = {0};

    assert_int_not_equal(ERR_OK, place_check_own(path, &why));
    buf_add_char(&why, '\0');
    if (strstr(why.data, says) == NULL) {
        fail_msg("\"%s\" is not in: %s", says, why.data);
    }
    buf_fini(&why);
}

static void a_directory_of_ones_own_is_well_however_it_is_spelled(void **state)
{
    (void)state;
    make("own", 0700);
    make("own/run", 0755);
    assert_int_equal(0, symlink("own", at("link")));
    assert_int_equal(0, symlink(at("own"), at("far")));
    well(at("own"));
    well(at("own/run"));
    well(at("link"));
    well(at("far//run/"));
    well(at("own/../link/./run"));
    assert_int_equal(0, chdir(top));
    well("own");
    well("./link//run/..");
}

static void one_that_others_may_write_is_refused(void **state)
{
    (void)state;
    make("group", 0770);
    make("all", 0707);
    refused(at("group"), "chmod go-w ");
    refused(at("all"), "chmod go-w ");
    make("all/in", 0700); /* anybody may put another in its place */
    refused(at("all/in"), "chmod o-w it");
    make("sticky", 01777);
    make("sticky/in", 0700);
    well(at("sticky/in"));
}

static void what_others_made_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    make("theirs", 0755);
    make("theirs/in", 0700);
    assert_int_equal(0, chown(at("theirs"), 12345, 12345));
    refused(at("theirs"), "belongs to uid 12345");
    refused(at("theirs/in"), "is a directory of uid 12345");
    make("target", 0700);
    assert_int_equal(0, symlink("target", at("theirlink")));
    assert_int_equal(0, lchown(at("theirlink"), 12345, 12345));
    refused(at("theirlink"), "is a link of uid 12345");
    assert_int_equal(0, symlink("loop", at("loop")));
    refused(at("loop"), "a link that leads nowhere");
}

static void run_alone(void (*child)(int ready, int end), void (*look)(int64_t pid))
{
    int ready[2];
    int end[2];
    char byte;
    pid_t pid;

    assert_int_equal(0, pipe(ready));
    assert_int_equal(0, pipe(end));
    pid = fork();
    if (pid == 0) {
        (void)close(end[1]);
        child(ready[1], end[0]);
        _exit(0);
    }
    (void)close(end[0]);
    assert_int_equal(1, read(ready[0], &byte, 1));
    look(pid);
    (void)close(end[1]);
    (void)waitpid(pid, NULL, 0);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

/* A process of ours: found by the beginning of its program's name, as /proc shows it. */
static void hold_registry(int ready, int end)
{
    struct log log;
    struct run_lock lock;
    char byte;
    FILE *comm = fopen("/proc/self/comm", "we");

    log_init(&log, "registry", STDERR_FILENO, &clock_os);
    if (comm == NULL || fputs("muster-registry", comm) < 0 || fclose(comm) != 0 ||
        run_lock_take(&lock, at("node/run"), "registry", &log) != ERR_OK) {
        _exit(1);
    }
    (void)!write(ready, "x", 1);
    (void)!read(end, &byte, 1);
}

static void found_at(const char *dir, int64_t pid)
{
    struct place_actors actors;

    assert_int_equal(ERR_OK, place_scan(dir, &actors));
    assert_int_equal(pid, place_pid_of(&actors, "registry", 0));
}

static void look_for_registry(int64_t pid)
{
    struct log log;
    struct run_lock lock;

    found_at(at("node"), pid);
    found_at(at("alias"), pid);
    found_at(at("node/../alias/."), pid);
    found_at(at("elsewhere"), 0);
    assert_int_equal(0, unlink(at("node/run/registry.lock"))); /* swept */
    found_at(at("alias"), pid);
    log_init(&log, "registry", STDERR_FILENO, &clock_os);
    log.level = LOG_ERROR;
    assert_int_equal(ERR_BUSY, run_lock_take(&lock, at("node/run"), "registry", &log));
    assert_int_equal(0, unlink(at("node/run/registry.lock")));
    assert_int_equal(0, rmdir(at("node/run")));
    found_at(at("node"), pid);
    make("node/run", 0700); /* and made anew */
    found_at(at("node"), pid);
    assert_int_equal(0, rename(at("node"), at("moved")));
    found_at(at("moved"), pid);
}

static void who_holds_a_lock_lives_there_whatever_became_of_its_file(void **state)
{
    (void)state;
    make("node", 0700);
    make("node/run", 0700);
    make("elsewhere", 0700);
    make("elsewhere/run", 0700);
    assert_int_equal(0, symlink("node", at("alias")));
    run_alone(hold_registry, look_for_registry);
    found_at(at("moved"), 0);
}

static void a_link_in_the_place_of_a_lock_or_pid_file_is_not_followed(void **state)
{
    struct log log;
    struct run_lock lock;

    (void)state;
    log_init(&log, "registry", STDERR_FILENO, &clock_os);
    make("links", 0700);
    assert_int_equal(0, symlink("victim", at("links/registry.lock")));
    assert_int_equal(0, symlink("victim", at("links/registry.pid.new")));
    assert_int_equal(ERR_UNUSABLE, run_lock_take(&lock, at("links"), "registry", &log));
    assert_int_equal(ERR_UNUSABLE, run_pid_write(at("links"), "registry", &log));
    assert_int_not_equal(0, access(at("links/victim"), F_OK));
}

static int make_top(void **state)
{
    (void)state;
    return mkdtemp(top) != NULL ? 0 : -1;
}

static int remove_top(void **state)
{
    char command[64];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf %s", top);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_of_ones_own_is_well_however_it_is_spelled),
        cmocka_unit_test(one_that_others_may_write_is_refused),
        cmocka_unit_test(what_others_made_is_refused),
        cmocka_unit_test(who_holds_a_lock_lives_there_whatever_became_of_its_file),
        cmocka_unit_test(a_link_in_the_place_of_a_lock_or_pid_file_is_not_followed),
    };

    return cmocka_run_group_tests(tests, make_top, remove_top);
}
