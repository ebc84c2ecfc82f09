/* Who this node is, whatever its name and its address: a random id, drawn once, kept in the data
 * directory. Others know the node by it: with the same id elsewhere or under another name it is the
 * one it was, with another id at the same place it is a new one.
 *
 * The file names itself, by its number in the file system: a copy of the directory (a restored
 * back-up, a cloned node) is found out by that, and gets an id of its own.
 *
 *   node.id   5f0c… 1835027
 */
#ifndef ACTORS_REPLICATOR_NODE_ID_H
#define ACTORS_REPLICATOR_NODE_ID_H

#include "common/base/err.h"
#include "common/base/log.h"

enum { node_id_chars = 32 };

/* Reads the id kept in data_dir, or draws and keeps one; NUL-terminated. Errors, said on the log:
 * ERR_IO: it can't be read or written. A file that can't be read is never replaced. */
enum err node_id_load(const char *data_dir, const struct log *log, char id[node_id_chars + 1]);

#endif
