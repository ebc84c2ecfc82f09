#include "common/runtime/links.h"

#include "common/runtime/endpoint.h"

bool links_ready(const struct actor_options *options, struct buf *words)
{
    bool ready = true;

    for (size_t i = 0; i < options->link_count; i++) {
        const struct actor_link *link = &options->links[i];
        struct follower_state state;

        if (link->follower == NULL) {
            continue;
        }
        follower_state(link->follower, &state);
        ready = ready && state.ever_current;
        buf_printf(words, "%s%s ", words->len == 0 ? "" : ", ",
                   state.current ? "follows" : "waits for");
        actor_name_print(words, link->to, link->index);
    }
    return ready;
}

/* Every actor speaks once a second. */
static const int64_t silence_ms = 3000;

static const struct {
    const char *lost;
    const char *back;
} events[ACTOR_COUNT] = {
#define EVENTS(NAME, lower, count, listens) [ACTOR_##NAME] = {#lower "_lost", #lower "_back"},
    ACTOR_TABLE(EVENTS)
#undef EVENTS
};

static void watch_one(const struct actor_options *options, const struct actor_link *link,
                      struct link_watch *watch, const struct now *now)
{
    struct follower_state state;
    bool silent;

    follower_state(link->follower, &state);
    if (state.heard_ms < 0) {
        return; /* never heard: links_name_missing */
    }
    silent = now->mono_ms - state.heard_ms > silence_ms;
    if (silent && !watch->lost) {
        *watch = (struct link_watch){true, state.heard_ms, state.boot};
        log_event(options->log, LOG_WARN, events[link->to].lost,
                  "what it said last holds on until it is heard again; its log says why",
                  log_int("silent_ms", now->mono_ms - state.heard_ms));
    } else if (!silent && watch->lost) {
        log_event(options->log, LOG_INFO, events[link->to].back, NULL,
                  log_int("lost_ms", state.heard_ms - watch->since_ms),
                  log_flag("restarted", state.boot != watch->boot));
        watch->lost = false;
    }
}

void links_watch(const struct actor_options *options, struct link_watch *watch,
                 const struct now *now)
{
    for (size_t i = 0; i < options->link_count; i++) {
        if (options->links[i].follower != NULL) {
            watch_one(options, &options->links[i], &watch[i], now);
        }
    }
}

void links_name_missing(const struct actor_options *options)
{
    for (size_t i = 0; i < options->link_count; i++) {
        const struct actor_link *link = &options->links[i];
        const char *tcp = options->at != NULL ? options->at[link->to].tcp : NULL;
        struct follower_state state = {.ever_current = true};
        struct buf address;

        if (link->follower != NULL) {
            follower_state(link->follower, &state);
        }
        if (state.ever_current) {
            continue;
        }
        address = tcp != NULL
                      ? endpoint_tcp(tcp, endpoint_more(link->index, ENDPOINT_COMMANDS))
                      : endpoint_ipc(options->run_dir, link->to, link->index, ENDPOINT_COMMANDS);
        log_event(options->log, LOG_WARN, "waits_for",
                  tcp != NULL && options->keys != NULL
                      ? "nothing heard yet; does it run, and does it know our key (key_refused in "
                        "its log)?"
                      : "nothing heard yet; does it run?",
                  log_text("whom", actor_name_text(link->to)), log_text("endpoint", address.data));
        buf_fini(&address);
    }
}
