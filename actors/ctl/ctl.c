#include "actors/ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "actors/ctl/help.h"
#include "common/runtime/config_draft.h"
#include "common/runtime/config_toml.h"

extern char **environ;

void ctl_say(const struct ctl *ctl, const char *format, ...)
{
    va_list args;

    (void)fputs("musterctl: ", ctl->err);
    va_start(args, format);
    (void)vfprintf(ctl->err, format, args);
    va_end(args);
    (void)fputc('\n', ctl->err);
    (void)fflush(ctl->err);
}

void ctl_print(const struct ctl *ctl, struct str line)
{
    if (line.len > 0) {
        (void)fwrite(line.data, 1, line.len, ctl->out);
    }
    (void)fputc('\n', ctl->out);
    (void)fflush(ctl->out);
}

bool ctl_json(const struct ctl *ctl)
{
    return strcmp(options_text(&ctl->options, OPTION_OUTPUT, "table"), "json") == 0;
}

int64_t ctl_timeout_ms(const struct ctl *ctl)
{
    return options_duration_ms(&ctl->options, OPTION_TIMEOUT, ctl->verb->timeout);
}

bool ctl_wait(const struct ctl *ctl, int64_t ms)
{
    int64_t end_ms = ctl->clock->now(ctl->clock).mono_ms + ms;
    int64_t left_ms = ms;

    while (left_ms > 0) {
        struct pollfd stop = {.fd = ctl->stop_fd, .events = POLLIN};

        if (poll(&stop, 1, left_ms < 60000 ? (int)left_ms : 60000) > 0) {
            return false;
        }
        left_ms = end_ms - ctl->clock->now(ctl->clock).mono_ms;
    }
    return true;
}

void ctl_time(const struct ctl *ctl, struct buf *to)
{
    int64_t wall_ns = ctl->clock->now(ctl->clock).wall_ns;
    time_t seconds = (time_t)(wall_ns / 1000000000);
    struct tm tm = {0};

    (void)gmtime_r(&seconds, &tm);
    buf_printf(to, "%04d-%02d-%02dT%02d:%02d:%02d.%03" PRId64 "Z", tm.tm_year + 1900, tm.tm_mon + 1,
               tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, wall_ns / 1000000 % 1000);
}

/* ── the node under --dir ── */

/* Appends the start of a file; nothing when there is none. */
static void read_file(const char *path, size_t max, struct buf *to)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? 1 : 0;

    while (got > 0 && to->len <= max) {
        got = read(fd, buf_reserve(to, 4096), 4096);
        to->len += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static char *path_of(const char *dir, const char *name)
{
    struct buf path = {0};

    buf_printf(&path, "%s%s", dir, name);
    buf_add_char(&path, '\0');
    return path.data;
}

/* Where the gateway listens now, if that is another port than the one asked for. */
static uint32_t port_in_use(const struct config *config, uint32_t otherwise)
{
    char *path = path_of(config->run_dir, "/gateway.0.port");
    struct buf text = {0};
    uint32_t port;

    read_file(path, 16, &text);
    while (text.len > 0 && (unsigned char)text.data[text.len - 1] <= ' ') {
        text.len--;
    }
    if (str_to_u32(buf_str(&text), &port) != ERR_OK || port == 0 || port > UINT16_MAX) {
        port = otherwise;
    }
    buf_fini(&text);
    free(path);
    return port;
}

static void find_url(struct ctl *ctl)
{
    const struct config *config = &ctl->config;
    const char *given = options_text(&ctl->options, OPTION_URL, NULL);
    bool advertised = strcmp(config->gateway_advertise, config->gateway_listen) != 0 &&
                      config->gateway_advertise[0] != '\0';
    struct config_address address = {.host = STR("127.0.0.1"), .port = 7171};

    if (given != NULL) {
        size_t len = strlen(given);

        while (len > 0 && given[len - 1] == '/') {
            len--;
        }
        buf_add(&ctl->url, given, len);
    } else {
        const char *text = advertised ? config->gateway_advertise : config->gateway_listen;

        (void)config_address_parse(str_from(text), &address);
        if (address.wildcard) {
            address.host = str_eq(address.host, STR("::")) ? STR("::1") : STR("127.0.0.1");
        }
        if (!advertised) {
            address.port = port_in_use(config, address.port);
        }
        buf_printf(&ctl->url,
                   memchr(address.host.data, ':', address.host.len) != NULL ? "http://[%.*s]:%u"
                                                                            : "http://%.*s:%u",
                   STR_ARG(address.host), address.port);
    }
    buf_add_char(&ctl->url, '\0');
    ctl->url.len--;
}

/* What the node was started with beyond its file is not known here: problems that flags of the
 * launcher may have mended are no problems. */
static void find_node(struct ctl *ctl)
{
    const char *from_environment = getenv("MUSTER_DIR");
    const char *dir = options_text(
        &ctl->options, OPTION_DIR,
        from_environment != NULL && from_environment[0] != '\0' ? from_environment : "./.muster");
    char *file = path_of(dir, "/muster.toml");
    struct config_draft draft;
    struct buf bytes = {0};

    config_draft_init(&draft, &ctl->config);
    ctl->config.dir = path_of(dir, "");
    ctl->config.run_dir = path_of(dir, "/run");
    read_file(file, config_toml_bytes_max, &bytes);
    if (bytes.len > 0) {
        config_draft_file(&draft, file, buf_str(&bytes));
    }
    config_draft_environment(&draft, environ);
    if (draft.problem_count > 0) {
        (void)fprintf(ctl->err, "musterctl: warning: %.*s",
                      (int)strcspn(draft.problems.data, "\n") + 1, draft.problems.data);
    } else {
        config_draft_finish(&draft, "localhost");
    }
    config_draft_fini(&draft);
    buf_fini(&bytes);
    free(file);
    find_url(ctl);
}

/* ── the command line ── */

static const struct ctl_verb *verb_named(const char *name)
{
    for (const struct ctl_verb *verb = ctl_verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, name) == 0) {
            return verb;
        }
    }
    return NULL;
}

/* Index of the verb, argc without one: options may come before it. */
static int find_verb(int argc, char **argv)
{
    int at = 1;

    while (at < argc && argv[at][0] == '-') {
        at += options_takes_next(argv[at]) ? 2 : 1;
    }
    return at < argc ? at : argc;
}

static enum ctl_exit without_verb(struct ctl *ctl, int argc, char **argv)
{
    struct buf page = {0};
    struct buf why = {0};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            ctl_print(ctl, STR("musterctl " MUSTER_VERSION));
            return CTL_OK;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_all(&page);
            (void)fwrite(page.data, 1, page.len, ctl->out);
            (void)fflush(ctl->out);
            buf_fini(&page);
            return CTL_OK;
        }
    }
    if (options_parse(&ctl->options, UINT64_MAX, argc - 1, argv + 1, &why) != ERR_OK) {
        ctl_say(ctl, "%.*s", STR_ARG(buf_str(&why)));
    } else {
        ctl_say(ctl,
                "a verb is missing, such as fetch, watch or ping; musterctl --help lists them");
    }
    buf_fini(&why);
    return CTL_USAGE;
}

static enum ctl_exit read_options(struct ctl *ctl, int argc, char **argv, int at)
{
    const struct ctl_verb *verb = ctl->verb;
    struct buf why = {0};
    enum err err = options_parse(&ctl->options, verb->options, at - 1, argv + 1, &why);

    if (err == ERR_OK) {
        err = options_parse(&ctl->options, verb->options, argc - at - 1, argv + at + 1, &why);
    }
    if (err != ERR_OK) {
        ctl_say(ctl, "%s: %.*s", verb->name, STR_ARG(buf_str(&why)));
    } else if (!options_has(&ctl->options, OPTION_HELP) &&
               (ctl->options.argument_count < verb->arguments_min ||
                ctl->options.argument_count > verb->arguments_max)) {
        ctl_say(ctl, "%s: %zu arguments; expected: musterctl %s %s", verb->name,
                ctl->options.argument_count, verb->name, verb->arguments);
        err = ERR_INVALID;
    }
    buf_fini(&why);
    return err == ERR_OK ? CTL_OK : CTL_USAGE;
}

/* From here on SIGINT and SIGTERM are read, and end nothing by themselves. */
static void catch_stop(struct ctl *ctl)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    ctl->stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (ctl->stop_fd >= 0) {
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
    }
}

enum ctl_exit ctl_main(struct ctl *ctl, int argc, char **argv)
{
    int at = find_verb(argc, argv);
    enum ctl_exit outcome;

    if (at == argc) {
        return without_verb(ctl, argc, argv);
    }
    ctl->verb = verb_named(argv[at]);
    if (ctl->verb == NULL) {
        ctl_say(ctl, "%s: no such verb; musterctl --help lists them", argv[at]);
        return CTL_USAGE;
    }
    outcome = read_options(ctl, argc, argv, at);
    if (outcome != CTL_OK) {
        return outcome;
    }
    if (options_has(&ctl->options, OPTION_HELP)) {
        struct buf page = {0};

        help_verb(ctl->verb, &page);
        (void)fwrite(page.data, 1, page.len, ctl->out);
        (void)fflush(ctl->out);
        buf_fini(&page);
        return CTL_OK;
    }
    find_node(ctl);
    if (ctl->verb->waits || options_has(&ctl->options, OPTION_KEEP)) {
        catch_stop(ctl);
    }
    outcome = ctl->verb->run(ctl);
    if (ctl->stop_fd >= 0) {
        (void)close(ctl->stop_fd);
    }
    config_fini(&ctl->config);
    buf_fini(&ctl->url);
    return outcome;
}
