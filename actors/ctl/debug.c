/* debug: all that somebody who helps wants to see, in one file, and no secret. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "actors/ctl/actors.h"
#include "actors/ctl/http.h"
#include "actors/ctl/node.h"
#include "actors/ctl/progress.h"
#include "actors/ctl/secrets.h"
#include "actors/ctl/tar.h"
#include "actors/ctl/verbs.h"
#include "common/base/file.h"
#include "common/base/heap.h"
#include "common/runtime/place_scan.h"

enum { between_ms = 5000, logs_max = 200, log_bytes_max = 512 * 1024, file_bytes_max = 256 * 1024 };

struct bundle {
    struct ctl *ctl;
    struct buf tar;
    int64_t wall_ns;
    size_t files;
};

/* What is in it has been looked through for secrets. */
static void add(struct bundle *self, const char *name, struct str content)
{
    struct buf clean = {0};

    secrets_remove(content, &clean);
    tar_add(&self->tar, name, self->wall_ns, buf_str(&clean));
    self->files++;
    buf_fini(&clean);
}

/* ── what verbs print ── */

/* Of the verb that run belongs to, with no argument, or one. */
static void capture(struct bundle *self, const char *name, enum ctl_exit (*run)(struct ctl *ctl),
                    const char *argument)
{
    struct ctl ctl = *self->ctl;
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    enum ctl_exit outcome;

    if (memory == NULL) {
        return;
    }
    ctl.out = memory;
    ctl.err = memory;
    ctl.url = (struct buf){0};
    ctl.options.argument_count = argument != NULL ? 1 : 0;
    ctl.options.arguments[0] = argument;
    ctl.options.values[OPTION_OUTPUT][0] = "json";
    ctl.options.counts[OPTION_OUTPUT] = 1;
    outcome = run(&ctl);
    if (outcome != CTL_OK) {
        (void)fprintf(memory, "(ended with %d)\n", (int)outcome);
    }
    if (fclose(memory) == 0) {
        add(self, name, (struct str){text, len});
    }
    free(text);
    buf_fini(&ctl.url);
}

static void add_stats(struct bundle *self, const struct actors *actors, int round)
{
    for (size_t i = 0; i < actors->count; i++) {
        char name[64];

        (void)snprintf(name, sizeof(name), "stats-%d/%s.json", round, actors->names[i]);
        capture(self, name, actor_stats, actors->names[i]);
    }
}

/* ── the configuration ── */

/* A line KEY = VALUE whose value is nobody's business says only that there is one. */
static void without_secrets(struct str text, struct buf *to)
{
    while (text.len > 0) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.data) + 1 : text.len;
        const char *equals = memchr(text.data, '=', len);
        struct str key = {text.data, equals != NULL ? (size_t)(equals - text.data) : 0};

        if (equals != NULL && text.data[0] != '#' && secret_setting(key)) {
            buf_add_str(to, key);
            buf_add_str(to, STR("= \"set\"\n"));
        } else {
            buf_add(to, text.data, len);
        }
        text.data += len;
        text.len -= len;
    }
}

static void add_settings(struct bundle *self, const char *path, const char *name)
{
    struct buf bytes = {0};
    struct buf clean = {0};

    if (file_read(path, file_bytes_max, &bytes) == ERR_OK) {
        without_secrets(buf_str(&bytes), &clean);
        add(self, name, buf_str(&clean));
    }
    buf_fini(&bytes);
    buf_fini(&clean);
}

/* In force, and where from, as the gateway tells it. */
static void add_config(struct bundle *self)
{
    struct ctl *ctl = self->ctl;
    struct http_reply reply = {0};
    struct buf path = {0};

    if ((ctl->gateway_runs || node_given_url(ctl) != NULL) && node_find_url(ctl) == CTL_OK &&
        http_ask_quietly(ctl, "/muster/v1/config", &reply) == CTL_OK && reply.status == 200) {
        add(self, "config.json", buf_str(&reply.body));
    }
    http_reply_fini(&reply);
    buf_printf(&path, "%s/muster.toml%c", ctl->config.dir, 0);
    add_settings(self, path.data, "muster.toml");
    path.len = 0;
    buf_printf(&path, "%s/gateway.0.toml%c", ctl->config.run_dir, 0);
    add_settings(self, path.data, "run/gateway.0.toml");
    buf_fini(&path);
}

/* ── files ── */

/* The end of it. */
static void add_tail(struct bundle *self, const char *path, const char *name)
{
    struct buf bytes = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat about;

    if (fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
        if (about.st_size > log_bytes_max) {
            (void)lseek(fd, about.st_size - log_bytes_max, SEEK_SET);
        }
        if (file_read_open(fd, log_bytes_max, &bytes) == ERR_OK) {
            add(self, name, buf_str(&bytes));
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    buf_fini(&bytes);
}

static void add_logs(struct bundle *self)
{
    struct buf dir = {0};
    DIR *directory;
    const struct dirent *entry;
    size_t count = 0;

    buf_printf(&dir, "%s/log%c", self->ctl->config.dir, 0);
    directory = opendir(dir.data);
    while (directory != NULL && count < logs_max && (entry = readdir(directory)) != NULL) {
        const char *name = entry->d_name;
        size_t len = strlen(name);

        if (len > 4 && len < 80 && strcmp(name + len - 4, ".log") == 0) {
            struct buf path = {0};
            char in_tar[90];

            (void)snprintf(in_tar, sizeof(in_tar), "log/%.80s", name);
            buf_printf(&path, "%s/%s%c", dir.data, name, 0);
            add_tail(self, path.data, in_tar);
            buf_fini(&path);
            count++;
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    buf_fini(&dir);
}

static void append_file(struct buf *to, const char *path)
{
    struct buf bytes = {0};

    buf_printf(to, "== %s\n", path);
    if (file_read(path, file_bytes_max, &bytes) == ERR_OK) {
        buf_add_str(to, buf_str(&bytes));
    } else {
        buf_printf(to, "%s\n", strerror(errno));
    }
    buf_add_str(to, bytes.len > 0 && bytes.data[bytes.len - 1] != '\n' ? STR("\n") : STR(""));
    buf_fini(&bytes);
}

static void add_kernel(struct bundle *self)
{
    static const char *const paths[] = {"/etc/os-release",
                                        "/proc/sys/fs/file-max",
                                        "/proc/sys/fs/file-nr",
                                        "/proc/sys/fs/nr_open",
                                        "/proc/sys/net/core/somaxconn",
                                        "/proc/sys/net/ipv4/ip_local_port_range",
                                        "/proc/sys/net/ipv4/tcp_max_syn_backlog",
                                        "/proc/sys/kernel/pid_max",
                                        "/proc/sys/vm/overcommit_memory",
                                        "/proc/loadavg",
                                        "/proc/meminfo",
                                        "/proc/uptime",
                                        "/proc/net/sockstat",
                                        "/sys/fs/cgroup/memory.max",
                                        "/sys/fs/cgroup/cpu.max"};
    struct utsname host;
    struct statvfs disk;
    struct buf text = {0};

    if (uname(&host) == 0) {
        buf_printf(&text, "%s %s %s %s\n", host.sysname, host.release, host.version, host.machine);
    }
    if (statvfs(self->ctl->config.dir, &disk) == 0) {
        buf_printf(&text,
                   "disk of %s: %" PRIu64 " MiB free of %" PRIu64 " MiB, %" PRIu64 " files free\n",
                   self->ctl->config.dir, (uint64_t)disk.f_bavail * disk.f_frsize >> 20,
                   (uint64_t)disk.f_blocks * disk.f_frsize >> 20, (uint64_t)disk.f_favail);
    }
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        append_file(&text, paths[i]);
    }
    add(self, "kernel.txt", buf_str(&text));
    buf_fini(&text);
}

static void add_processes(struct bundle *self)
{
    struct place_actors *actors = heap_new(sizeof(*actors));
    struct buf text = {0};

    if (place_scan(self->ctl->config.dir, actors) == ERR_OK) {
        for (size_t i = 0; i < actors->count; i++) {
            static const char *const files[] = {"limits", "status", "stat"};

            buf_printf(&text, "#### %s\n", actors->items[i].name);
            for (size_t k = 0; k < sizeof(files) / sizeof(files[0]); k++) {
                char path[64];

                (void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/%s", actors->items[i].pid,
                               files[k]);
                append_file(&text, path);
            }
        }
    }
    add(self, "processes.txt", buf_str(&text));
    buf_fini(&text);
    free(actors);
}

/* ── all of it ── */

static void fill(struct bundle *self)
{
    struct ctl *ctl = self->ctl;
    struct progress progress;
    struct actors actors;
    struct buf text = {0};

    ctl_time_print(self->wall_ns, &text);
    buf_printf(&text, " musterctl " MUSTER_VERSION " debug of %s\n", ctl->config.dir);
    add(self, "versions.txt", buf_str(&text));
    buf_fini(&text);
    actors_find(&actors, ctl->config.run_dir);
    capture(self, "ping.json", actor_ping, NULL);
    add_stats(self, &actors, 1);
    capture(self, "status.json", node_status, NULL);
    capture(self, "nodes.json", node_list, NULL);
    capture(self, "digests.json", nodes_digest, NULL);
    add_config(self);
    add_kernel(self);
    add_processes(self);
    progress_begin(&progress, ctl, "files; waits 5 s to see what the counters do");
    for (int i = 0; i < between_ms / 500 && ctl_wait(ctl, 500); i++) {
        progress_tell(&progress, self->files, 0);
    }
    progress_end(&progress);
    add_stats(self, &actors, 2);
    add_logs(self);
    tar_end(&self->tar);
}

enum ctl_exit node_debug(struct ctl *ctl)
{
    const char *path = ctl->options.arguments[0];
    bool force = options_has(&ctl->options, OPTION_FORCE);
    struct bundle self = {.ctl = ctl, .wall_ns = ctl->clock->now(ctl->clock).wall_ns};
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    struct buf line = {0};
    enum ctl_exit outcome = CTL_OK;

    if (file == NULL) {
        ctl_say(ctl, "%s: %s%s", path, strerror(errno),
                errno == EEXIST ? "; choose another name, or --force to replace it" : "");
        return CTL_USAGE;
    }
    fill(&self);
    if (fwrite(self.tar.data, 1, self.tar.len, file) != self.tar.len) {
        outcome = CTL_NEGATIVE;
    }
    outcome = fclose(file) == 0 ? outcome : CTL_NEGATIVE;
    if (outcome == CTL_OK) {
        buf_printf(&line,
                   "%s: %zu files, %zu bytes. Keys and tokens are not in it; names, addresses "
                   "and metadata of instances may be, in log lines.",
                   path, self.files, self.tar.len);
        ctl_print(ctl, buf_str(&line));
    } else {
        ctl_say(ctl, "%s: %s", path, strerror(errno));
        (void)unlink(path); /* half of it is of no use */
    }
    buf_fini(&self.tar);
    buf_fini(&line);
    return outcome;
}
