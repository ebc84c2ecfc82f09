/* The whole way, with files and a command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/config/draft_rig.h"

struct run {
    char dir[64];
    struct config config;
    enum config_outcome outcome;
    struct buf out;
    struct buf err;
};

static void slurp(FILE *file, struct buf *to)
{
    rewind(file);
    to->len = fread(buf_reserve(to, 65536), 1, 65536, file);
    text_end(to);
    assert_int_equal(0, fclose(file));
}

static void run(struct run *run, int argc, const char *const *argv)
{
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    int saved_out = dup(1);
    int saved_err = dup(2);

    (void)fflush(stdout);
    assert_true(dup2(fileno(out), 1) == 1 && dup2(fileno(err), 2) == 2);
    run->outcome = config_load(&run->config, "tests", argc, (char **)(uintptr_t)argv);
    (void)fflush(stdout);
    assert_true(dup2(saved_out, 1) == 1 && dup2(saved_err, 2) == 2);
    close(saved_out);
    close(saved_err);
    run->out = (struct buf){0};
    run->err = (struct buf){0};
    slurp(out, &run->out);
    slurp(err, &run->err);
}

static void run_fini(struct run *run)
{
    config_fini(&run->config);
    buf_fini(&run->out);
    buf_fini(&run->err);
}

static void make_temporary(char *dir, size_t size, const char *file)
{
    char path[96];
    FILE *to;

    (void)snprintf(dir, size, "/tmp/muster-config-XXXXXX");
    assert_non_null(mkdtemp(dir));
    if (file != NULL) {
        (void)snprintf(path, sizeof(path), "%s/muster.toml", dir);
        to = fopen(path, "w");
        assert_non_null(to);
        assert_true(fputs(file, to) >= 0);
        assert_int_equal(0, fclose(to));
    }
}

static void remove_temporary(const char *dir)
{
    static const char *const parts[] = {"/run", "/data", "/log", "/muster.toml", ""};
    char path[96];

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", dir, parts[i]);
        (void)remove(path);
    }
}

static void a_flag_overrides_the_environment_which_overrides_the_file(void **state)
{
    struct run it;
    struct stat about;

    (void)state;
    make_temporary(
        it.dir, sizeof(it.dir),
        "[gateway]\npoll_wait = \"1s\"\nstale_limit = \"2s\"\nwrite_deadline = \"3s\"\n");
    assert_int_equal(0, setenv("MUSTER_GATEWAY_POLL_WAIT", "11s", 1));
    assert_int_equal(0, setenv("MUSTER_GATEWAY_STALE_LIMIT", "12s", 1));
    run(&it, 7,
        (const char *const[]){"/bin/muster-test", "--dir", it.dir, "--gateway.poll_wait=21s",
                              "--security.insecure", "--index", "3"});
    assert_int_equal(0, unsetenv("MUSTER_GATEWAY_POLL_WAIT"));
    assert_int_equal(0, unsetenv("MUSTER_GATEWAY_STALE_LIMIT"));
    assert_string_equal("", it.err.data);
    assert_int_equal(CONFIG_RUN, it.outcome);
    assert_int_equal(21000, it.config.gateway_poll_wait);
    assert_int_equal(12000, it.config.gateway_stale_limit);
    assert_int_equal(3000, it.config.gateway_write_deadline);
    assert_true(it.config.security_insecure);
    assert_int_equal(3, it.config.index);
    assert_string_equal(it.dir, it.config.dir);
    assert_int_equal(0, stat(it.config.run_dir, &about));
    assert_int_equal(0700, about.st_mode & 0777);
    run_fini(&it);
    remove_temporary(it.dir);
}

static void check_config_says_where_each_value_comes_from(void **state)
{
    struct run it;
    char line[160];

    (void)state;
    make_temporary(it.dir, sizeof(it.dir), "[gateway]\npoll_wait = \"1s\"\n");
    run(&it, 6,
        (const char *const[]){"muster-test", "--check-config", "--dir", it.dir,
                              "--gateway.processes=2", "--security.insecure"});
    assert_int_equal(CONFIG_EXIT, it.outcome);
    (void)snprintf(line, sizeof(line), "poll_wait = \"1s\"  # %s/muster.toml:2\n", it.dir);
    assert_has(&it.out, line);
    assert_has(&it.out, "processes = 2  # --gateway.processes\n");
    assert_has(&it.out, "zone = \"sh001\"  # default\n");
    assert_has(&it.out, "advertise = \"127.0.0.1:7171\"  # from gateway.listen\n");
    assert_has(&it.out, "\nlisten = \"127.0.0.1:8171\"  # from gateway.listen\n");
    assert_string_equal("", it.err.data);
    run_fini(&it);
    remove_temporary(it.dir);
}

static void settings_are_told_to_scripts_as_they_are_in_force(void **state)
{
    struct run it;

    (void)state;
    make_temporary(it.dir, sizeof(it.dir),
                   "[gateway]\npoll_wait = \"1s\"\nhosts = [\"a.example\", \"b.example\"]\n"
                   "[node]\nzone = \"a=\\\"b\\\\\"\n");
    run(&it, 6,
        (const char *const[]){"muster-test", "--settings", "--dir", it.dir, "--gateway.processes=2",
                              "--security.insecure"});
    assert_int_equal(CONFIG_EXIT, it.outcome);
    assert_has(&it.out, "\ngateway.poll_wait=1s\n");
    assert_has(&it.out, "\ngateway.hosts=a.example,b.example\n");
    assert_has(&it.out, "\ngateway.processes=2\n");
    assert_has(&it.out, "\npeers.listen=127.0.0.1:8171\n");
    assert_has(&it.out, "node.zone=a=\"b\\\n");
    assert_has(&it.out, "\nendpoints.registry=\n");
    assert_string_equal("", it.err.data);
    run_fini(&it);
    remove_temporary(it.dir);
}

/* The command line is refused, and stderr is exactly this. */
static void run_refused(const char *a, const char *b, const char *says)
{
    struct run it;

    make_temporary(it.dir, sizeof(it.dir), NULL);
    run(&it, b != NULL ? 5 : 4, (const char *const[]){"muster-test", "--dir", it.dir, a, b});
    assert_int_equal(CONFIG_FAILED, it.outcome);
    assert_string_equal(says, it.err.data);
    run_fini(&it);
    remove_temporary(it.dir);
}

static void a_bad_command_line_is_refused_with_a_remedy(void **state)
{
    (void)state;
    run_refused("--gateway.listn=a:1", NULL,
                "muster-test: --gateway.listn: unknown option; did you mean --gateway.listen?\n");
    run_refused("--gateway.poll_wait", NULL,
                "muster-test: --gateway.poll_wait: a value is missing; write "
                "--gateway.poll_wait=VALUE\n");
    run_refused("--gateway.processes", "x",
                "muster-test: --gateway.processes: gateway.processes = \"x\": expected a whole "
                "number, 1 to 64; the default is 1\n");
    run_refused("up", NULL,
                "muster-test: up: no argument is expected here; options begin with --, see "
                "--help\n");
    run_refused("--config", "/nonexistent/f.toml",
                "muster-test: /nonexistent/f.toml: can't be read: No such file or directory; name "
                "a readable file with --config, or none\n");
    run_refused("--index=64", NULL,
                "muster-test: --index=64: expected a whole number from 0 to 63\n");
}

static void a_directory_too_long_for_sockets_is_refused(void **state)
{
    struct run it;
    char dir[128];

    (void)state;
    memset(dir, 'x', sizeof(dir) - 1);
    dir[sizeof(dir) - 1] = '\0';
    dir[0] = '/';
    run(&it, 3, (const char *const[]){"muster-test", "--dir", dir});
    assert_int_equal(CONFIG_FAILED, it.outcome);
    assert_has(&it.err, "choose a shorter --dir");
    run_fini(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flag_overrides_the_environment_which_overrides_the_file),
        cmocka_unit_test(check_config_says_where_each_value_comes_from),
        cmocka_unit_test(settings_are_told_to_scripts_as_they_are_in_force),
        cmocka_unit_test(a_bad_command_line_is_refused_with_a_remedy),
        cmocka_unit_test(a_directory_too_long_for_sockets_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
