/* What a post asks of the registry: a form, and what is believed of its sender, become a command.
 * Pure: the gateway's shell and the simulator's nodes use the same piece. */
#ifndef GATEWAY_DISCOVERY_COMMAND_H
#define GATEWAY_DISCOVERY_COMMAND_H

#include "common/wire/codec.h"
#include "gateway/discovery/param_reader.h"

/* What a post says of its sender, as far as it is believed. */
struct sender {
    bool replication;
    bool from_zone;
    uint32_t origin;
};

/* Whether the form says that a node sends it. */
bool command_claims_node(const struct param_reader *form);
/* believed: it comes from a node (form_origin.h). Who claims that and is not believed is a
 * STRANGER. */
struct sender command_sender(const struct param_reader *form, bool believed);

/* Each fills in a command, which borrows from the form and from the two buffers; param_refused says
 * whether it may be sent. */
void command_register(struct param_reader *form, struct sender sender, struct buf *addrs,
                      struct buf *metadata, struct msg *command);
void command_renew(struct param_reader *form, struct sender sender, struct msg *command);
void command_cancel(struct param_reader *form, struct sender sender, struct msg *command);
void command_set(struct param_reader *form, struct sender sender, struct buf *hosts,
                 struct buf *metadata, struct msg *command);

#endif
