/* Plays transcripts in the grammar of etcd-io/raft's interaction tests: a command, ---- and what
 * must be printed. The lines of its logger (DEBUG, INFO, WARN, ERROR) are passed over: this core
 * has none. Disks and state machines answer at once. Not in it: joint consensus, etcd's messages
 * for storage threads, forgetting a leader, proposals forwarded by the core.
 */
#ifndef TESTS_STORE_RAFT_INTERACTION_H
#define TESTS_STORE_RAFT_INTERACTION_H

#include <stdio.h>

enum played { PLAYED_ALIKE, PLAYED_OTHERWISE, PLAYED_UNSUPPORTED };

/* says: of the first command that prints otherwise, what was expected and what came. */
enum played interaction_play(const char *path, FILE *says);

/* The transcript with what its commands print now, whatever stood there: to make one, write its
 * commands, each with ---- and an empty line. */
enum played interaction_print(const char *path, FILE *out);

#endif
