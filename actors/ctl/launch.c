/* launch: what the launcher asks, which a shell can't find out, or should not be handed. Not for
 * people.
 *
 *   launch actors            NAME PID of every process that lives in --dir
 *   launch check             whether nobody else decides what becomes of it
 *   launch bind KEY=ADDR...  whether each address can be listened at
 *   launch logs KEY=VALUE... the lines of its logs (logs.c)
 */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actors/ctl/node.h"
#include "actors/ctl/verbs.h"
#include "common/base/heap.h"
#include "common/base/host_port.h"
#include "common/base/place.h"
#include "common/config/draft.h"
#include "common/runtime/place_scan.h"

static const char *dir_of(const struct ctl *ctl)
{
    return options_text(&ctl->options, OPTION_DIR, "./.muster");
}

static enum ctl_exit list_actors(struct ctl *ctl)
{
    struct place_actors *actors = heap_new(sizeof(*actors));
    enum ctl_exit outcome = CTL_OK;

    if (place_scan(dir_of(ctl), actors) == ERR_IO) {
        node_say_denied(ctl, dir_of(ctl));
        outcome = CTL_NEGATIVE;
    }
    for (size_t i = 0; i < actors->count; i++) {
        struct buf line = {0};

        buf_printf(&line, "%s %lld", actors->items[i].name, (long long)actors->items[i].pid);
        ctl_print(ctl, buf_str(&line));
        buf_fini(&line);
    }
    free(actors);
    return outcome;
}

/* What is there is ours; what is not will be made in a place that is. */
static enum ctl_exit check(struct ctl *ctl)
{
    static const char *const parts[] = {"", "/run", "/data", "/log"};
    struct buf why = {0};
    enum err err = place_check_way(dir_of(ctl), &why);

    for (size_t i = 0; err == ERR_OK && i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct buf path = {0};

        buf_printf(&path, "%s%s%c", dir_of(ctl), parts[i], 0);
        if (access(path.data, F_OK) == 0 || errno != ENOENT) {
            err = place_check_own(path.data, &why);
        }
        buf_fini(&path);
    }
    if (err != ERR_OK) {
        ctl_say(ctl, "%.*s", STR_ARG(buf_str(&why)));
    }
    buf_fini(&why);
    return err == ERR_OK ? CTL_OK : CTL_NEGATIVE;
}

/* 0, or the errno of the first of its addresses that can't be bound. */
static int try_bind(const struct addrinfo *list)
{
    int why = 0;

    for (const struct addrinfo *at = list; at != NULL && why == 0; at = at->ai_next) {
        int one = 1;
        int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0) {
            continue; /* this host has no such addresses at all */
        }
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        if (at->ai_family == AF_INET6) {
            (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
        }
        if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, 1) != 0) {
            why = errno;
        }
        (void)close(fd);
    }
    return why;
}

/* key: "gateway.listen", or with who is to listen before it: "gateway.0: gateway.listen". */
static void say_taken(const struct ctl *ctl, struct str key, struct str host, unsigned port,
                      int why)
{
    const char *blank = memrchr(key.data, ' ', key.len);
    struct str flag =
        blank != NULL ? (struct str){blank + 1, (size_t)(key.data + key.len - blank) - 1} : key;

    if (why == EADDRINUSE) {
        ctl_say(ctl,
                "%.*s: port %u of %.*s is in use; choose another, e.g. --%.*s=127.0.0.1:%u, or end "
                "who holds it",
                STR_ARG(key), port, STR_ARG(host), STR_ARG(flag), port < 65535 ? port + 1 : 7171);
    } else if (why == EADDRNOTAVAIL) {
        ctl_say(ctl, "%.*s: %.*s is no address of this host; choose one that is, e.g. 127.0.0.1",
                STR_ARG(key), STR_ARG(host));
    } else {
        ctl_say(ctl, "%.*s: %.*s, port %u, can't be listened at: %s", STR_ARG(key), STR_ARG(host),
                port, strerror(why));
    }
}

static enum ctl_exit try_address(const struct ctl *ctl, struct str key, struct str text)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct host_port address = {0};
    struct addrinfo *list = NULL;
    char host[256];
    char port[8];
    int why;

    if (host_port_parse(text, &address) != ERR_OK || address.host.len >= sizeof(host)) {
        ctl_say(ctl, "%.*s: %.*s is no host:port", STR_ARG(key), STR_ARG(text));
        return CTL_NEGATIVE;
    }
    if (address.wildcard && !str_eq(address.host, STR("::"))) {
        address.host = STR("0.0.0.0");
    }
    (void)snprintf(host, sizeof(host), "%.*s", STR_ARG(address.host));
    (void)snprintf(port, sizeof(port), "%u", address.port);
    why = getaddrinfo(host, port, &hints, &list);
    if (why != 0) {
        ctl_say(ctl, "%.*s: %s can't be resolved: %s", STR_ARG(key), host, gai_strerror(why));
        return CTL_NEGATIVE;
    }
    why = try_bind(list);
    freeaddrinfo(list);
    if (why != 0) {
        say_taken(ctl, key, str_from(host), address.port, why);
    }
    return why == 0 ? CTL_OK : CTL_NEGATIVE;
}

static enum ctl_exit try_addresses(struct ctl *ctl)
{
    enum ctl_exit outcome = CTL_OK;

    for (size_t i = 1; i < ctl->options.argument_count; i++) {
        const char *word = ctl->options.arguments[i];
        size_t len = strcspn(word, "=");
        struct str text = str_from(word[len] == '=' ? word + len + 1 : "");

        if (try_address(ctl, (struct str){word, len}, text) != CTL_OK) {
            outcome = CTL_NEGATIVE;
        }
    }
    return outcome;
}

enum ctl_exit launch_ask(struct ctl *ctl)
{
    static const struct {
        const char *name;
        enum ctl_exit (*run)(struct ctl *ctl);
    } questions[] = {
        {"actors", list_actors}, {"check", check}, {"bind", try_addresses}, {"logs", launch_logs}};

    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        if (strcmp(ctl->options.arguments[0], questions[i].name) == 0) {
            return questions[i].run(ctl);
        }
    }
    ctl_say(ctl, "launch: actors, check, bind or logs");
    return CTL_USAGE;
}
