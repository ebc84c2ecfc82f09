/* Probes. livez: the process answers. readyz: it answers well; verbose names each part, [+] for
 * one that is well and [-] with the reason for one that is not:
 *
 *   health_init(&health);
 *   health_note(&health, "replica", is_ready, true, STR("not caught up yet")); …
 *   health_answer(&health, request, verbose);
 */
#ifndef GATEWAY_BUS_HEALTH_H
#define GATEWAY_BUS_HEALTH_H

#include "gateway/http/http.h"

struct health {
    struct buf lines;
    bool ready; /* so far */
};

void health_init(struct health *self);
/* needed: it is not ready without it. why: what is said if it is not ok; copied. */
void health_note(struct health *self, const char *name, bool ok, bool needed, struct str why);
/* Something that people should know, and no reason to be unready. */
void health_say(struct health *self, const char *name, const char *text);
/* 200 or 503. It is finished then. */
void health_answer(struct health *self, struct request *request, bool verbose);

void health_answer_live(struct request *request, bool verbose);

#endif
