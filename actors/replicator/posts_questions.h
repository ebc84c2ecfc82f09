/* Questions to a peer, one of each kind at a time, and their answers, which are read a slice a
 * turn. */
#ifndef ACTORS_REPLICATOR_POSTS_QUESTIONS_H
#define ACTORS_REPLICATOR_POSTS_QUESTIONS_H

#include "actors/replicator/posts_state.h"

void question_turn(struct posts *self, struct question *question, enum question_state state);
/* Of NODES and ALL; what is told of their answers. */
enum posts_source question_source(enum post_work work);

#endif
