/* The verbs, one file per noun. Each is a struct ctl_verb's run. */
#ifndef ACTORS_CTL_VERBS_H
#define ACTORS_CTL_VERBS_H

#include "actors/ctl/ctl.h"

enum ctl_exit instance_register(struct ctl *ctl);
enum ctl_exit instance_renew(struct ctl *ctl);
enum ctl_exit instance_cancel(struct ctl *ctl);
enum ctl_exit instance_set(struct ctl *ctl);

enum ctl_exit document_fetch(struct ctl *ctl);
enum ctl_exit node_list(struct ctl *ctl);
enum ctl_exit node_status(struct ctl *ctl);
enum ctl_exit node_pollers(struct ctl *ctl);
enum ctl_exit node_events(struct ctl *ctl);
enum ctl_exit node_top(struct ctl *ctl);
enum ctl_exit node_debug(struct ctl *ctl);

enum ctl_exit stream_watch(struct ctl *ctl);
enum ctl_exit facts_tap(struct ctl *ctl);

enum ctl_exit actor_list(struct ctl *ctl);
enum ctl_exit actor_ping(struct ctl *ctl);
enum ctl_exit actor_stats(struct ctl *ctl);
enum ctl_exit actor_snapshot(struct ctl *ctl);
enum ctl_exit actor_log_level(struct ctl *ctl);
enum ctl_exit actor_shutdown(struct ctl *ctl);
enum ctl_exit actor_storage(struct ctl *ctl);

enum ctl_exit launch_ask(struct ctl *ctl);
enum ctl_exit launch_logs(struct ctl *ctl);
enum ctl_exit completion_run(struct ctl *ctl);
enum ctl_exit pages_run(struct ctl *ctl);

enum ctl_exit backup_make(struct ctl *ctl);
enum ctl_exit backup_check(struct ctl *ctl);
enum ctl_exit backup_restore(struct ctl *ctl);
enum ctl_exit instances_export(struct ctl *ctl);
enum ctl_exit instances_import(struct ctl *ctl);
enum ctl_exit keys_make(struct ctl *ctl);
enum ctl_exit nodes_digest(struct ctl *ctl);
enum ctl_exit schedule_run(struct ctl *ctl);
enum ctl_exit store_run(struct ctl *ctl);

extern const struct ctl_verb ctl_verbs[]; /* ends with a NULL name */

#endif
