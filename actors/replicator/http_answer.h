/* What a discovery node answers over HTTP: the code of any answer, and the instances of a list, one
 * after the other, in one pass over the text: an answer of 100,000 instances is read in as many
 * pieces as one likes.
 *
 *   {"code":0,"message":"0","ttl":1,"data":{"app":[{…},{…}],"b":[]}}          fetch/all
 *   {"code":0,…,"data":{"instances":{"sh001":[{…}]},"latest_timestamp":1}}    fetch
 *   {"code":-409,…,"data":{…}}                                                renew
 *
 * Nothing in it is believed: an instance that breaks a limit of the registry's is passed over.
 * Addresses that a node has joined by commas are taken apart (differences row 6). Metadata that was
 * never given is {} in a fetch and a renew's answer and null in fetch/all only; so an empty map
 * from the former two is taken as none.
 */
#ifndef ACTORS_REPLICATOR_HTTP_ANSWER_H
#define ACTORS_REPLICATOR_HTTP_ANSWER_H

#include "common/wire/codec.h"

enum { answer_ms_max = 30000 }; /* the longest that an answer is waited for */

/* The code of an answer: 0, -404, …; 1, which is no code, of what is no answer. */
enum { answer_codeless = 1 };
int64_t answer_code(struct str text);

/* Adds the instance of a renew's answer, as below. False: there is none, or a bad one. */
bool answer_instance(struct str text, int64_t date_ns, struct msg_list *to, struct buf *store);

/* What the node at an address says of itself, in its list of nodes: a node of muster names itself
 * there when it is asked to (GET /discovery/nodes?identity=1), one of the reference does not.
 *
 *   {"code":0,…,"data":[{"addr":"10.0.0.1:7171","status":0,"zone":"sh001","name":"n1","node":"5f…"}]}
 */
struct answer_who {
    struct str zone;    /* these three borrowed from store */
    struct str name;    /* empty: it does not say: a reference node */
    struct str node_id; /* empty: as well, or it does not know yet */
};
/* False: that is no list of nodes. */
bool answer_who(struct str text, struct answer_who *out, struct buf *store);

enum answer_list { ANSWER_FETCH, ANSWER_FETCH_ALL };

struct answer_reader {
    enum answer_list list;
    struct str text; /* borrowed */
    int64_t
        date_ns; /* the node's clock when it answered, to the second, as wall ns; 0: not known */
    size_t at;
    int level;       /* brackets that are open */
    bool follows;    /* a member of the innermost has been read */
    bool has_code;   /* it comes before the data */
    int64_t code;    /* what the node said, once it has been read */
    uint64_t passed; /* instances that were passed over */
};

enum answer_step {
    ANSWER_RECORD, /* one was added */
    ANSWER_PASSED, /* one was passed over */
    ANSWER_END,    /* that was all, or the code is not 0 and there is none */
    ANSWER_BROKEN, /* this is no answer of a discovery node */
};

/* Adds the next instance to the list (msg_list_add): PUT, REGISTER, spread NOWHERE. age_ms: between
 * its renew_timestamp and the end of the second the node's clock showed, at least 0; -1 without
 * such a clock, and where it shows a time so long before renew_timestamp that it was set back.
 * After END and BROKEN it is not called again. */
enum answer_step answer_next(struct answer_reader *self, struct msg_list *to, struct buf *store);

#endif
