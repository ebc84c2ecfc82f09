/* The stages of a start on real directories: what is judged, kept, undone, and said. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "actors/store/start/start.h"
#include "common/base/file.h"
#include "common/config/draft.h"

struct it {
    char dir[64];
    char data[128];
    char lines[128];
    struct config config;
    struct log log;
    struct start start;
    struct buf said; /* all lines, with a NUL */
};

static void set(struct it *self, const char *key, const char *value)
{
    struct buf why = {0};

    assert_int_equal(ERR_OK, config_key_set_text(config_key_named(str_from(key)), &self->config,
                                                 str_from(value), &why));
    buf_fini(&why);
}

static void it_begin(struct it *self)
{
    struct config_draft draft;

    *self = (struct it){.dir = "/tmp/muster-start-XXXXXX"};
    assert_non_null(mkdtemp(self->dir));
    (void)snprintf(self->data, sizeof(self->data), "%s/store", self->dir);
    (void)snprintf(self->lines, sizeof(self->lines), "%s/lines", self->dir);
    config_draft_init(&draft, &self->config);
    config_draft_finish(&draft, "host");
    config_draft_fini(&draft);
    self->config.dir = strdup(self->dir);
    set(self, "store.data", self->data);
    log_init(&self->log, "store", open(self->lines, O_WRONLY | O_CREAT | O_CLOEXEC, 0600),
             &clock_os);
    self->log.json = false;
    self->log.level = LOG_DEBUG;
}

/* A start, and the lines it has left. */
static enum err run(struct it *self)
{
    enum err err;

    assert_int_equal(0, ftruncate(self->log.fd, 0));
    (void)lseek(self->log.fd, 0, SEEK_SET);
    err = start_run(&self->start, &self->config, &self->log, &clock_os);
    self->said.len = 0;
    assert_int_equal(ERR_OK, file_read(self->lines, 1 << 20, &self->said));
    buf_add_char(&self->said, '\0');
    return err;
}

static void it_end(struct it *self)
{
    char command[128];

    (void)close(self->log.fd);
    config_fini(&self->config);
    buf_fini(&self->said);
    (void)snprintf(command, sizeof(command), "rm -rf %s", self->dir);
    assert_int_equal(0, system(command)); /* NOLINT(cert-env33-c): a path of our own */
}

static void says(const struct it *self, const char *text)
{
    if (strstr(self->said.data, text) == NULL) {
        print_error("\"%s\" is not in:\n%s\n", text, self->said.data);
        fail();
    }
}

static void make_file(const struct it *self, const char *name)
{
    char path[256];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", self->data, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
}

static void make_dir(const struct it *self, const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", self->data, name);
    assert_int_equal(0, mkdir(path, 0700));
}

static void an_empty_directory_becomes_a_members(void **state)
{
    struct it it;

    (void)state;
    it_begin(&it);
    assert_int_equal(ERR_OK, run(&it));
    assert_non_null(it.start.store);
    says(&it, "name=data-dir");
    says(&it, "found=nothing");
    says(&it, "cluster=cdf818194e3a8c32 member=8e9e05c52164694d found=new");
    says(&it, "name=mvcc");
    says(&it, "revision=1 compacted=-1");
    start_end(&it.start);
    assert_null(it.start.store);
    it_end(&it);
}

/* Every stage has its line, in order and up to what waits for the loop. */
static void stages_are_told_in_order(void **state)
{
    struct it it;
    unsigned next = 1;

    (void)state;
    it_begin(&it);
    assert_int_equal(ERR_OK, run(&it));
    start_serving(&it.start);
    it.said.len = 0;
    assert_int_equal(ERR_OK, file_read(it.lines, 1 << 20, &it.said));
    buf_add_char(&it.said, '\0');
    for (const char *at = it.said.data; (at = strstr(at, " stage stage=")) != NULL; next++) {
        char number[32];

        (void)snprintf(number, sizeof(number), " stage stage=%u name=", next);
        assert_memory_equal(number, at, strlen(number));
        at += strlen(number);
    }
    assert_int_equal(35, next);
    start_end(&it.start);
    it_end(&it);
}

static void ids_stay_what_they_were(void **state)
{
    struct it it;

    (void)state;
    it_begin(&it);
    assert_int_equal(ERR_OK, run(&it));
    start_end(&it.start);
    set(&it, "etcd.initial_cluster_token", "another");
    assert_int_equal(ERR_OK, run(&it));
    says(&it, "ids_kept");
    says(&it, "found=a-store");
    says(&it, "cluster=cdf818194e3a8c32 member=8e9e05c52164694d found=existing");
    assert_int_equal(0x8e9e05c52164694d, it.start.options.member_id);
    start_end(&it.start);
    it_end(&it);
}

static void every_run_has_a_boot_of_its_own(void **state)
{
    struct it it;
    uint64_t boot;

    (void)state;
    it_begin(&it);
    assert_int_equal(ERR_OK, run(&it));
    boot = it.start.options.boot;
    assert_int_not_equal(0, boot);
    start_end(&it.start);
    assert_int_equal(ERR_OK, run(&it));
    assert_int_not_equal(boot, it.start.options.boot);
    start_end(&it.start);
    it_end(&it);
}

static void refuses(struct it *self, const char *why)
{
    assert_int_equal(ERR_UNUSABLE, run(self));
    says(self, why);
    says(self, "stage_failed");
    says(self, "stage=4 name=data-dir");
    start_end(&self->start);
}

static bool is_there(const struct it *self, const char *name)
{
    char path[256];
    struct stat about;

    (void)snprintf(path, sizeof(path), "%s/%s", self->data, name);
    return lstat(path, &about) == 0;
}

static void a_directory_of_etcd_is_left_alone(void **state)
{
    static const char *const marks[] = {"member/wal", "member/snap"};

    (void)state;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        struct it it;

        it_begin(&it);
        make_dir(&it, "");
        make_dir(&it, "member");
        make_dir(&it, marks[i]);
        refuses(&it, "etcdctl snapshot save");
        assert_false(is_there(&it, "lock"));
        assert_false(is_there(&it, "db"));
        it_end(&it);
    }
}

static void what_is_nobodys_store_is_left_alone(void **state)
{
    struct it it;

    (void)state;
    it_begin(&it);
    make_dir(&it, "");
    make_file(&it, "thesis.tex");
    refuses(&it, "holds=thesis.tex");
    assert_false(is_there(&it, "lock"));
    it_end(&it);

    it_begin(&it);
    make_dir(&it, "");
    make_dir(&it, "member"); /* of what, nobody knows */
    refuses(&it, "holds=member");
    it_end(&it);

    it_begin(&it); /* a store's, without its identity */
    make_dir(&it, "");
    make_dir(&it, "raft");
    refuses(&it, "holds=raft");
    says(&it, "put that file back");
    it_end(&it);
}

static void what_a_start_that_was_cut_short_left_is_nothing(void **state)
{
    struct it it;

    (void)state;
    it_begin(&it);
    make_dir(&it, "");
    make_dir(&it, "db");
    make_dir(&it, "lost+found");
    make_file(&it, "lock");
    make_file(&it, "identity.tmp");
    assert_int_equal(ERR_OK, run(&it));
    says(&it, "found=new");
    start_end(&it.start);
    it_end(&it);
}

static void a_directory_is_one_processs(void **state)
{
    struct it it;
    struct start other;

    (void)state;
    it_begin(&it);
    assert_int_equal(ERR_OK, run(&it));
    assert_int_equal(ERR_BUSY, start_run(&other, &it.config, &it.log, &clock_os));
    start_end(&other);
    start_end(&it.start);
    assert_int_equal(ERR_OK, start_run(&other, &it.config, &it.log, &clock_os));
    start_end(&other);
    it_end(&it);
}

/* Where later is above earlier in what was said. */
static void says_before(const struct it *self, const char *earlier, const char *later)
{
    const char *first = strstr(self->said.data, earlier);
    const char *second = strstr(self->said.data, later);

    says(self, earlier);
    says(self, later);
    assert_true(first < second);
}

static void a_stage_that_fails_undoes_those_before_it_in_reverse_order(void **state)
{
    struct it it;
    char path[256];

    (void)state;
    it_begin(&it);
    assert_int_equal(ERR_OK, run(&it));
    start_end(&it.start);
    (void)snprintf(path, sizeof(path), "%s/raft/lock", it.data);
    assert_int_equal(0, unlink(path));
    assert_int_equal(0, mkdir(path, 0700)); /* nothing can hold it */
    assert_int_equal(ERR_UNUSABLE, run(&it));
    says_before(&it, "storage_refused", "stage_undone");
    says_before(&it, "stage_undone stage=12 name=backend", "stage_undone stage=4 name=data-dir");
    says_before(&it, "stage_undone", "stage_failed");
    says(&it, "stage=13 name=log-from-snapshot");
    start_end(&it.start);
    assert_int_equal(0, rmdir(path));
    assert_int_equal(ERR_OK, run(&it)); /* nothing is held */
    start_end(&it.start);
    it_end(&it);
}

static void a_log_of_another_member_is_refused(void **state)
{
    struct it it;
    struct volume dir = {.disk = disk_os(), .clock = &clock_os};
    const struct identity other = {1, 2};

    (void)state;
    it_begin(&it);
    assert_int_equal(ERR_OK, run(&it));
    start_end(&it.start);
    dir.dir = it.data;
    assert_int_equal(ERR_OK, identity_write(&dir, &other));
    assert_int_equal(ERR_UNUSABLE, run(&it));
    says(&it, "stage=13 name=log-from-snapshot");
    start_end(&it.start);
    it_end(&it);
}

static void a_place_that_others_decide_about_is_refused(void **state)
{
    struct it it;
    char path[256];

    (void)state;
    it_begin(&it);
    (void)snprintf(path, sizeof(path), "%s/open", it.dir);
    assert_int_equal(0, mkdir(path, 0700));
    assert_int_equal(0, chmod(path, 0777));
    (void)snprintf(path, sizeof(path), "%s/open/store", it.dir);
    set(&it, "store.data", path);
    refuses(&it, "store.data can't be used");
    it_end(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_directory_becomes_a_members),
        cmocka_unit_test(stages_are_told_in_order),
        cmocka_unit_test(ids_stay_what_they_were),
        cmocka_unit_test(every_run_has_a_boot_of_its_own),
        cmocka_unit_test(a_directory_of_etcd_is_left_alone),
        cmocka_unit_test(what_is_nobodys_store_is_left_alone),
        cmocka_unit_test(what_a_start_that_was_cut_short_left_is_nothing),
        cmocka_unit_test(a_directory_is_one_processs),
        cmocka_unit_test(a_stage_that_fails_undoes_those_before_it_in_reverse_order),
        cmocka_unit_test(a_log_of_another_member_is_refused),
        cmocka_unit_test(a_place_that_others_decide_about_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
