/* The shell's part in the replicator's HTTP: its requests are carried to the node they name, whose
 * gateway's answer is made from its registry. */
#ifndef TESTS_SIM_HTTP_H
#define TESTS_SIM_HTTP_H

#include "tests/sim/site.h"

/* Once a turn of the site's replicator: reads on in answers, sends what it wants to ask now. */
void http_carry(struct site *self, struct replicator *replicator, const struct now *now,
                struct outbox *out);

#endif
