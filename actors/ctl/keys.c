/* keygen: the keys of a host, as common/runtime/curve.h describes them. */
#include <string.h>
#include <unistd.h>

#include "actors/ctl/verbs.h"
#include "common/runtime/curve.h"
#include "common/wire/print.h"

static void say_made(const struct ctl *ctl, const char *dir, const char *name)
{
    struct buf text = {0};

    if (ctl_json(ctl)) {
        buf_add_str(&text, STR("{\"dir\":"));
        json_add_str(&text, str_from(dir));
        buf_add_str(&text, STR(",\"name\":"));
        json_add_str(&text, str_from(name));
        buf_add_char(&text, '}');
    } else {
        buf_printf(&text,
                   "made %s/node.key, the secret of this host\n"
                   "made %s/%s.pub: copy it to the keys of every host this one talks to,\n"
                   "and theirs here; then set peers.keys = \"%s\"",
                   dir, dir, name, dir);
    }
    ctl_page(ctl, buf_str(&text));
    buf_fini(&text);
}

enum ctl_exit keys_make(struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    const char *configured = ctl->config.peers_keys;
    char hostname[256] = "";
    struct buf dir = {0};
    struct buf why = {0};
    const char *name;
    enum err err;

    if (gethostname(hostname, sizeof(hostname) - 1) != 0 || hostname[0] == '\0') {
        memcpy(hostname, "localhost", sizeof("localhost"));
    }
    name = options_text(options, OPTION_NAME, hostname);
    buf_printf(&dir, "%s%s%c",
               options->argument_count > 0 ? options->arguments[0]
               : configured[0] != '\0'     ? configured
                                           : ctl->config.dir,
               options->argument_count > 0 || configured[0] != '\0' ? "" : "/keys", 0);
    err = curve_make(dir.data, name, &why);
    if (err == ERR_OK) {
        say_made(ctl, dir.data, name);
    } else {
        ctl_say(ctl, "%.*s", STR_ARG(buf_str(&why)));
    }
    buf_fini(&dir);
    buf_fini(&why);
    return err == ERR_OK ? CTL_OK : err == ERR_INVALID ? CTL_USAGE : CTL_NEGATIVE;
}
