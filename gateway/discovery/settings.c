#include "gateway/discovery/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/host_port.h"
#include "common/config/draft.h"
#include "common/runtime/endpoint.h"

static struct buf path_of(const struct config *config, const char *suffix)
{
    struct buf path = {0};

    buf_printf(&path, "%s/gateway.%u.toml%s%c", config->run_dir, (unsigned)config->index, suffix,
               0);
    return path;
}

static void print(const struct config *config, uint16_t port, struct buf *to)
{
    struct str host = host_of(str_from(config->gateway_listen));
    struct config told = *config; /* the text is borrowed */
    struct buf listen = {0};

    buf_printf(&listen,
               host.len > 0 && memchr(host.data, ':', host.len) != NULL ? "[%.*s]:%u%c"
                                                                        : "%.*s:%u%c",
               STR_ARG(host), (unsigned)port, 0);
    told.gateway_listen = listen.data;
    buf_add_str(to, STR("# the settings this gateway runs with; written by it\n"));
    config_print(to, &told);
    buf_fini(&listen);
}

static bool write_all(const char *path, struct str text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written;

    errno = fd >= 0 ? ENOSPC : errno; /* should only a part be taken */
    written = fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len;
    return fd >= 0 && close(fd) == 0 && written;
}

/* Whether a gateway that was killed has left the same. */
static bool is_there(const char *path, struct str text)
{
    struct buf left = {0};
    bool same = file_read(path, text.len, &left) == ERR_OK && str_eq(buf_str(&left), text);

    buf_fini(&left);
    return same;
}

void settings_leave(const struct config *config, uint16_t port, const struct log *log)
{
    struct buf draft = path_of(config, ".new");
    struct buf path = path_of(config, "");
    struct buf text = {0};

    print(config, port, &text);
    if (!is_there(path.data, buf_str(&text)) &&
        (!write_all(draft.data, buf_str(&text)) || rename(draft.data, path.data) != 0)) {
        log_event(log, LOG_WARN, "settings_not_written",
                  "musterctl takes the node for one without a gateway; make its directory "
                  "writable, or room on its disk, and restart the gateway",
                  log_text("file", path.data), log_text("error", strerror(errno)));
        (void)unlink(draft.data);
        (void)unlink(path.data); /* where another one listened */
    }
    buf_fini(&text);
    buf_fini(&draft);
    buf_fini(&path);
}

void settings_remove(const struct config *config)
{
    struct buf path = path_of(config, "");

    (void)unlink(path.data);
    buf_fini(&path);
}
