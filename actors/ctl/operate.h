/* Calls of /muster/v1, which HTTP statuses answer. */
#ifndef ACTORS_CTL_OPERATE_H
#define ACTORS_CTL_OPERATE_H

#include "actors/ctl/http.h"
#include "actors/ctl/rows.h"

/* A GET. CTL_OK: *root (owned by the caller) is what it says. Errors, said: CTL_NEGATIVE, with what
 * the node says, where *status is HTTP's, of 404 too; as http_ask. */
enum ctl_exit operate_ask(struct ctl *ctl, const char *path, const struct buf *query, json_t **root,
                          long *status);

/* Page after page of a list of that name, at most operate_items_max. Errors as operate_ask. */
enum { operate_items_max = 200000 };
typedef void operate_each_fn(void *state, const json_t *item);
enum ctl_exit operate_list(struct ctl *ctl, const char *path, const struct buf *query,
                           const char *name, operate_each_fn *each, void *state);

/* Members as cells; what is not there or null: rows_none. */
void operate_text(struct rows *rows, const json_t *object, const char *name);
void operate_number(struct rows *rows, const json_t *object, const char *name);
void operate_time(struct rows *rows, const json_t *object, const char *name); /* RFC 3339 */

#endif
