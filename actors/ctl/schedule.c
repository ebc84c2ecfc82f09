/* schedule: show, set and remove how the clients of an app are spread over zones. */
#include "actors/ctl/schedule.h"

#include <errno.h>
#include <string.h>

#include "actors/ctl/bus.h"
#include "actors/ctl/verbs.h"
#include "common/base/prng.h"
#include "common/naming/convert.h"
#include "common/naming/schedule_file.h"

struct target {
    const char *appid; /* NULL: what the file says */
    const char *env;   /* NULL: what the file says, else node.env */
};

/* ── show ── */

/* Of all weights of clients in this zone. */
static uint64_t sum_of(struct strs weights, struct str wanted)
{
    struct str client;
    struct str zone;
    struct str digits;
    uint32_t weight;
    uint64_t sum = 0;

    while (strs_next(&weights.bytes, &client) && strs_next(&weights.bytes, &zone) &&
           strs_next(&weights.bytes, &digits)) {
        if (str_eq(client, wanted) && str_to_u32(digits, &weight) == ERR_OK) {
            sum += weight;
        }
    }
    return sum;
}

const struct column schedule_columns[] = {
    {"CLIENTS", "clients", COLUMN_KEY}, {"ZONE", "zone", COLUMN_KEY},
    {"WEIGHT", "weight", COLUMN_SHOWN}, {"SHARE", "share", COLUMN_SHOWN},
    {NULL, NULL, COLUMN_SHOWN},
};

void schedule_rows(const struct instance *schedule, struct rows *rows)
{
    struct str rest = schedule->addrs.bytes;
    struct str open = {0}; /* no zone's name is empty */
    struct str client;
    struct str zone;
    struct str digits;
    uint32_t weight;
    uint64_t sum = 0;

    while (strs_next(&rest, &client) && strs_next(&rest, &zone) && strs_next(&rest, &digits)) {
        struct buf share = {0};

        if (!str_eq(open, client)) {
            open = client;
            sum = sum_of(schedule->addrs, client);
        }
        if (sum > 0 && str_to_u32(digits, &weight) == ERR_OK) {
            buf_printf(&share, "%.1f%%", 100.0 * (double)weight / (double)sum);
        }
        rows_text(rows, client);
        rows_text(rows, zone);
        rows_text(rows, digits);
        rows_text(rows, buf_str(&share));
        buf_fini(&share);
    }
}

static enum ctl_exit print(const struct ctl *ctl, const struct instance *schedule)
{
    struct buf page = {0};
    struct rows rows;

    if (ctl_json(ctl)) {
        schedule_file_write(schedule, &page);
        ctl_page(ctl, buf_str(&page));
        buf_fini(&page);
        return CTL_OK;
    }
    rows_init(&rows, ctl_form(ctl), schedule_columns);
    schedule_rows(schedule, &rows);
    rows_print(&rows, ctl);
    if (schedule->version.len > 0 && ctl_form(ctl) <= OUTPUT_WIDE) {
        buf_add_str(&page, STR("remark: "));
        buf_add_str(&page, schedule->version);
        ctl_print(ctl, buf_str(&page));
        buf_fini(&page);
    }
    return CTL_OK;
}

static enum ctl_exit show(struct ctl *ctl, struct bus *bus, const struct target *target)
{
    struct identity id = {.env = str_from(target->env), .appid = str_from(target->appid)};
    struct msg lookup = {.type = MSG_TYPE_LOOKUP};
    struct buf key = {0};
    struct msg answer;
    struct msg record;
    struct change change;
    enum ctl_exit outcome;

    key_pack(&key, identity_key(&id));
    lookup.as_lookup.keys = buf_str(&key);
    outcome = bus_demand(bus, "registry", &lookup, MSG_TYPE_FOUND, &answer);
    buf_fini(&key);
    if (outcome != CTL_OK) {
        return outcome;
    }
    if (msg_next(&answer.as_found.records.bytes, &record) && record.type == MSG_TYPE_PUT &&
        change_from_msg(&record, &change) == ERR_OK) {
        return print(ctl, &change.instance);
    }
    ctl_say(ctl, "%s has no schedule in env %s", target->appid, target->env);
    return CTL_NEGATIVE;
}

/* ── set, remove ── */

static enum ctl_exit send(struct ctl *ctl, struct bus *bus, struct msg_schedule *command)
{
    struct msg msg = {.type = MSG_TYPE_SCHEDULE};
    struct buf line = {0};
    struct msg answer;
    enum ctl_exit outcome;

    command->gateway = prng_seed_os();
    command->expires = ctl->clock->now(ctl->clock).wall_ns +
                       (ctl_timeout_ms(ctl) > 0 ? ctl_timeout_ms(ctl) : 60000) * 1000000;
    command->origin = ORIGIN_SELF;
    msg.as_schedule = *command;
    outcome = bus_demand(bus, "registry", &msg, MSG_TYPE_RESULT, &answer);
    if (outcome == CTL_OK) {
        buf_printf(&line, "%s %.*s in env %.*s", command->remove ? "unscheduled" : "scheduled",
                   STR_ARG(command->appid), STR_ARG(command->env));
        ctl_print(ctl, buf_str(&line));
    }
    buf_fini(&line);
    return outcome;
}

/* Errors: ERR_IO, ERR_TOO_LARGE, said. */
static enum err read_text(const struct ctl *ctl, const char *path, struct buf *to)
{
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "re");
    size_t got = 1;
    enum err err = ERR_OK;

    while (file != NULL && got > 0 && to->len <= schedule_file_bytes_max) {
        got = fread(buf_reserve(to, 65536), 1, 65536, file);
        to->len += got;
    }
    if (file == NULL || ferror(file) != 0) {
        ctl_say(ctl, "--file=%s: %s", path, strerror(errno));
        err = ERR_IO;
    } else if (to->len > schedule_file_bytes_max) {
        ctl_say(ctl, "--file=%s: larger than 1 MiB", path);
        err = ERR_TOO_LARGE;
    }
    if (file != NULL && !is_input) {
        (void)fclose(file);
    }
    return err;
}

static bool agrees(const struct ctl *ctl, const char *what, const char *given, struct str in_file)
{
    if (given == NULL || str_eq(str_from(given), in_file)) {
        return true;
    }
    ctl_say(ctl, "%s %s was given, but the file says %.*s; put one of them right", what, given,
            STR_ARG(in_file));
    return false;
}

static enum ctl_exit set(struct ctl *ctl, struct bus *bus, const struct target *target)
{
    const char *path = options_text(&ctl->options, OPTION_FILE, NULL);
    struct msg_schedule command = {0};
    struct buf text = {0};
    struct buf store = {0};
    struct buf why = {0};
    enum ctl_exit outcome = CTL_USAGE;

    if (read_text(ctl, path, &text) == ERR_OK) {
        if (schedule_file_read(buf_str(&text), &store, &command, &why) != ERR_OK) {
            ctl_say(ctl, "--file=%s: %.*s", path, STR_ARG(buf_str(&why)));
        } else if (agrees(ctl, "APPID", target->appid, command.appid) &&
                   agrees(ctl, "--env", target->env, command.env)) {
            outcome = send(ctl, bus, &command);
        }
    }
    buf_fini(&text);
    buf_fini(&store);
    buf_fini(&why);
    return outcome;
}

static enum ctl_exit run(struct ctl *ctl, struct target *target)
{
    bool sets = options_has(&ctl->options, OPTION_FILE);
    struct bus bus = {0};
    enum ctl_exit outcome = bus_open(&bus, ctl, "registry");

    if (!sets && target->env == NULL) {
        target->env = ctl->config.node_env;
    }
    if (outcome == CTL_OK && sets) {
        outcome = set(ctl, &bus, target);
    } else if (outcome == CTL_OK && options_has(&ctl->options, OPTION_REMOVE)) {
        struct msg_schedule command = {
            .env = str_from(target->env), .appid = str_from(target->appid), .remove = true};

        outcome = send(ctl, &bus, &command);
    } else if (outcome == CTL_OK) {
        outcome = show(ctl, &bus, target);
    }
    bus_close(&bus);
    return outcome;
}

enum ctl_exit schedule_run(struct ctl *ctl)
{
    const struct options *options = &ctl->options;
    const char *option = options_text(options, OPTION_APPID, NULL);
    struct target target = {option, options_text(options, OPTION_ENV, NULL)};

    if (options_has(options, OPTION_FILE) && options_has(options, OPTION_REMOVE)) {
        ctl_say(ctl, "--file and --remove: give one of them");
        return CTL_USAGE;
    }
    if (options->argument_count > 0 && option != NULL) {
        ctl_say(ctl, "APPID and --appid: give one of them");
        return CTL_USAGE;
    }
    if (options->argument_count > 0) {
        target.appid = options->arguments[0];
    }
    if (target.appid == NULL && !options_has(options, OPTION_FILE)) {
        ctl_say(ctl, "APPID is missing; it names the service");
        return CTL_USAGE;
    }
    return run(ctl, &target);
}
