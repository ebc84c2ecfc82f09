#include "common/runtime/endpoint.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/host_port.h"
#include "common/config/draft.h"

void endpoints_from(const struct config *config, struct endpoint *at)
{
    const char *const texts[ACTOR_COUNT] = {
#define ACTOR_ENDPOINT(NAME, lower, count, listens) [ACTOR_##NAME] = config->endpoints_##lower,
        ACTOR_TABLE(ACTOR_ENDPOINT)
#undef ACTOR_ENDPOINT
    };

    for (unsigned i = 0; i < ACTOR_COUNT; i++) {
        at[i].tcp = texts[i][0] != '\0' ? texts[i] : NULL;
    }
}

struct buf endpoint_ipc(const char *run_dir, enum actor_name actor, uint32_t index,
                        enum endpoint_socket socket)
{
    struct buf address = {0};

    buf_printf(&address, "ipc://%s/", run_dir);
    actor_name_print(&address, actor, index);
    buf_add_str(&address, socket == ENDPOINT_COMMANDS ? STR(".commands") : STR(".facts"));
    *buf_reserve(&address, 1) = '\0';
    return address;
}

struct buf endpoint_door(const char *run_dir, enum actor_name actor)
{
    struct buf path = {0};

    buf_printf(&path, "%s/%s.door%c", run_dir, actor_name_text(actor), 0);
    path.len--;
    return path;
}

struct buf endpoint_place(void)
{
    char boot[37] = "";
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    struct stat mounts = {0};
    struct buf text = {0};

    if (fd >= 0) {
        (void)!read(fd, boot, sizeof(boot) - 1);
        (void)close(fd);
    }
    (void)stat("/proc/self/ns/mnt", &mounts);
    buf_printf(&text, "%s.%llu.%u", boot, (unsigned long long)mounts.st_ino, (unsigned)geteuid());
    return text;
}

uint32_t endpoint_more(uint32_t index, enum endpoint_socket socket)
{
    return 2 * index + (socket == ENDPOINT_FACTS ? 1 : 0);
}

struct buf endpoint_tcp(const char *host_port, uint32_t more)
{
    struct host_port parsed = {0};
    enum err err = host_port_parse(str_from(host_port), &parsed);
    bool v6 = parsed.host.len > 0 && memchr(parsed.host.data, ':', parsed.host.len) != NULL;
    struct buf address = {0};

    assert(err == ERR_OK && parsed.port + more <= UINT16_MAX); /* the configuration checked it */
    (void)err;
    if (parsed.host.len == 0) {
        parsed.host = STR("*");
    }
    buf_printf(&address, v6 ? "tcp://[%.*s]:%u" : "tcp://%.*s:%u", STR_ARG(parsed.host),
               parsed.port + more);
    *buf_reserve(&address, 1) = '\0';
    return address;
}
