/* What must not leave the host with a bundle. */
#ifndef ACTORS_CTL_SECRETS_H
#define ACTORS_CTL_SECRETS_H

#include "common/base/str.h"

/* Whether the value of a setting is itself a secret, or tells where one lies. */
bool secret_setting(struct str name);

/* Appends text without what is, or may be, a secret: tokens (mst_…, and what follows Bearer, Basic
 * or Authorization), private keys in PEM, userinfo of URLs, and every word that is 40 or more
 * letters of a key's alphabet without a break (keys of CURVE are 40, tokens 43); each becomes
 * "[removed]". */
void secrets_remove(struct str text, struct buf *to);

#endif
