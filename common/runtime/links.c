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
