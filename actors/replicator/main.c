#include <stdlib.h>

#include "actors/replicator/curl.h"
#include "actors/replicator/node_id.h"
#include "actors/replicator/replicator.h"
#include "common/base/prng.h"
#include "common/runtime/process.h"

static enum err run(struct replicator *self, const struct actor_options *without_guest)
{
    struct curl *curl = curl_new(replicator_posts(self), replicator_networks(self));
    struct actor_options options = *without_guest;
    struct actor_guest guest;
    enum err err = ERR_IO;

    if (curl == NULL) {
        log_event(options.log, LOG_ERROR, "no_descriptor",
                  "no descriptor is left for links over HTTP: raise the limit of open files");
        return err;
    }
    guest = curl_guest(curl);
    options.guests = &guest;
    options.guest_count = 1;
    err = actor_run(&options);
    curl_destroy(&curl);
    return err;
}

int main(int argc, char **argv)
{
    struct now now = clock_os.now(&clock_os);
    struct config config;
    struct log log;
    char node_id[node_id_chars + 1];
    struct buf place;
    struct buf door;
    struct process_net net;
    struct replicator *self;
    struct actor_link link;
    struct actor_options options = {
        .spec = &replicator_spec, .clock = &clock_os, .links = &link, .link_count = 1};
    struct replicator_options own = {
        .config = &config, .log = &log, .epoch = prng_seed_os(), .seed = prng_seed_os()};
    enum err err;
    int status;

    if (!process_begin(&config, &log, ACTOR_REPLICATOR, "keeps this node and its peers in step",
                       &clock_os, argc, argv, &status)) {
        return status;
    }
    err = process_net_begin(&net, options.spec, &config, &log);
    if (err == ERR_OK) {
        err = node_id_load(config.data_dir, &log, node_id);
    }
    if (err == ERR_OK) {
        own.node_id = node_id;
        place = endpoint_place();
        door = endpoint_door(config.run_dir, ACTOR_REPLICATOR);
        process_net_fill(&net, &config, &log, &options);
        own.door = options.door;
        own.door_waits = options.door_waits;
        own.place = place.data;
        own.door_path = door.data;
        own.known = net.keys;
        own.public_key = net.keys != NULL ? net.keys->public_key : NULL;
        self = replicator_new(&own, &now);
        link = replicator_link(self);
        options.state = self;
        err = run(self, &options);
        err = replicator_verdict(self) != ERR_OK ? replicator_verdict(self) : err;
        replicator_destroy(&self);
        buf_fini(&place);
        buf_fini(&door);
    }
    process_net_end(&net);
    process_end(&config, &log);
    return process_status(err);
}
