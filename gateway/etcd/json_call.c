#include "gateway/etcd/json_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/heap.h"
#include "common/base/json.h"
#include "gateway/etcd/grpc.h"
#include "gateway/etcd/json_print.h"

enum {
    at_once_max = 64 * 1024, /* bytes of a message that is printed when it comes */
    step_bytes = 256 * 1024, /* of JSON, in a turn */
};

static const char json_type[] = "application/json";

/* A large message that becomes JSON. */
struct printing {
    struct buf message;
    struct json_print print;
};

struct json_call {
    struct rpc rpc; /* first */
    struct json_calls *all;
    struct web *web;
    const struct etcd_method_row *row;
    struct web_head cors;
    struct buf answer;         /* of one that is answered by one message; else scratch */
    struct printing *printing; /* NULL: the answer is whole, or there is none */
    enum err print_err;
    bool begun;   /* its answer's head is said */
    bool serving; /* who serves it is being told of its request */
    bool ended;   /* by who served it */
    bool over;
    struct json_call *before; /* of those whose answers are being printed */
    struct json_call *next;
};

static void print_no_more(struct json_call *call)
{
    if (call->printing != NULL) {
        buf_fini(&call->printing->message);
        free(call->printing);
        call->printing = NULL;
    }
}

static void call_free(struct json_call *call)
{
    print_no_more(call);
    buf_fini(&call->answer);
    free(call);
}

static void let_go(struct json_call *call)
{
    call->over = true;
    if (!call->serving) {
        call_free(call);
    }
}

/* ── whose answers are being printed ── */

static void list_add(struct json_call *call)
{
    struct json_calls *all = call->all;

    call->before = all->last;
    call->next = NULL;
    *(all->last != NULL ? &all->last->next : &all->first) = call;
    all->last = call;
}

static void list_remove(struct json_call *call)
{
    struct json_calls *all = call->all;

    *(call->before != NULL ? &call->before->next : &all->first) = call->next;
    *(call->next != NULL ? &call->next->before : &all->last) = call->before;
}

static bool streams(const struct json_call *call)
{
    return call->row->shape != ETCD_SHAPE_ONE;
}

/* ── heads ── */

static struct web_head head_of(const struct json_call *call, int status)
{
    struct web_head head = call->cors;

    head.status = status;
    web_head_add(&head, "Content-Type", json_type);
    return head;
}

/* What grpc-gateway hands on of the headers that a call of gRPC is answered with. */
static struct web_head answered_head(const struct json_call *call)
{
    struct web_head head = head_of(call, 200);

    web_head_add(&head, "Grpc-Metadata-Content-Type", "application/grpc");
    return head;
}

/* ── errors ── */

enum raised {
    RAISED_HERE,  /* by the gateway: no call was made, or its time was over */
    RAISED_THERE, /* by who serves it: then its trailers are handed on */
};

static void print_error(struct buf *to, enum grpc_code code, struct str text)
{
    buf_add_str(to, STR("{\"error\":"));
    json_quote(to, text);
    buf_add_str(to, STR(",\"message\":"));
    json_quote(to, text);
    buf_printf(to, ",\"code\":%d}", (int)code);
}

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {400, "Bad Request"},         {401, "Unauthorized"},      {403, "Forbidden"},
        {404, "Not Found"},           {408, "Request Timeout"},   {409, "Conflict"},
        {412, "Precondition Failed"}, {429, "Too Many Requests"}, {501, "Not Implemented"},
        {503, "Service Unavailable"}, {504, "Gateway Timeout"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Internal Server Error";
}

static void print_stream_error(struct buf *to, enum grpc_code code, struct str text)
{
    unsigned status = grpc_http_status(code);

    buf_printf(to, "{\"error\":{\"grpc_code\":%d,\"http_code\":%u,\"message\":", (int)code, status);
    json_quote(to, text);
    buf_printf(to, ",\"http_status\":\"%s\"}}", reason_of(status));
}

static void answer_error(struct json_call *call, enum raised raised, enum grpc_code code,
                         struct str text)
{
    struct web_head head = head_of(call, (int)grpc_http_status(code));
    struct buf body = {0};

    print_error(&body, code, text);
    if (raised == RAISED_THERE) {
        head.trailer = (struct web_header){"Grpc-Trailer-Content-Type", "application/grpc"};
    }
    web_answer(call->web, &head, &body);
}

/* ── its answer ── */

static void send_of_stream(struct json_call *call, struct str json)
{
    struct web_head head = answered_head(call);

    if (!call->begun) {
        call->begun = true;
        web_begin(call->web, &head);
    }
    web_send(call->web, json);
}

static void take_answer(struct json_call *call, struct str message)
{
    struct printing *printing;

    call->answer.len = 0;
    if (message.len <= at_once_max) {
        call->print_err = json_of_message(call->row->response, message, &call->answer);
        return;
    }
    assert(call->printing == NULL);
    call->printing = printing = heap_new(sizeof(*printing));
    buf_add_str(&printing->message, message);
    json_print_begin(&printing->print, call->row->response, buf_str(&printing->message));
}

static void on_send(struct rpc *rpc, struct str message)
{
    struct json_call *call = (struct json_call *)rpc;

    call->all->tally->rows[rpc->method].sent++;
    if (!streams(call)) {
        take_answer(call, message);
        return;
    }
    call->answer.len = 0;
    buf_add_str(&call->answer, STR("{\"result\":"));
    (void)json_of_message(call->row->response, message, &call->answer);
    buf_add_str(&call->answer, STR("}\n"));
    send_of_stream(call, buf_str(&call->answer));
}

static void end_stream(struct json_call *call, enum grpc_code code, struct str text)
{
    struct web_head head =
        head_of(call, code == GRPC_OK ? 200 : (int)grpc_http_status(code)); /* of one not begun */

    if (!call->begun) {
        web_begin(call->web, &head);
    }
    if (code != GRPC_OK) {
        call->answer.len = 0;
        print_stream_error(&call->answer, code, text);
        web_send(call->web, buf_str(&call->answer));
    }
    web_end(call->web);
}

static void answer_whole(struct json_call *call)
{
    struct web_head head = answered_head(call);

    if (call->print_err == ERR_OK) {
        web_answer(call->web, &head, &call->answer);
    } else {
        answer_error(call, RAISED_HERE, GRPC_INTERNAL,
                     STR("grpc: failed to unmarshal the received message"));
    }
}

static void on_end(struct rpc *rpc, enum grpc_code code, struct str text)
{
    struct json_call *call = (struct json_call *)rpc;

    call->ended = true;
    call->all->tally->rows[rpc->method].handled[code]++;
    if (streams(call)) {
        end_stream(call, code, text);
    } else if (code != GRPC_OK) {
        answer_error(call, code == GRPC_DEADLINE_EXCEEDED ? RAISED_HERE : RAISED_THERE, code, text);
    } else if (call->printing != NULL) {
        list_add(call);
        return;
    } else {
        answer_whole(call);
    }
    let_go(call);
}

void json_calls_turn(struct json_calls *self)
{
    struct json_call *call = self->first;

    if (call == NULL) {
        return;
    }
    list_remove(call);
    call->print_err = json_print_step(&call->printing->print, step_bytes, &call->answer);
    if (call->print_err == ERR_BUSY) {
        list_add(call);
        return;
    }
    answer_whole(call);
    let_go(call);
}

static size_t on_unsent(const struct rpc *rpc)
{
    const struct json_call *call = (const struct json_call *)rpc;

    return call->begun ? web_unsent(call->web) : call->answer.len;
}

static const struct rpc_caller json_caller = {.send = on_send, .end = on_end, .unsent = on_unsent};

/* ── its request ── */

static void refuse(struct json_call *call, enum raised raised, enum grpc_code code,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
static void refuse(struct json_call *call, enum raised raised, enum grpc_code code,
                   const char *format, ...)
{
    enum { text_max = 512 };
    char text[text_max];
    va_list rest;
    int len;

    va_start(rest, format);
    len = vsnprintf(text, sizeof(text), format, rest);
    va_end(rest);
    call->over = true;
    answer_error(call, raised, code,
                 (struct str){text, len < text_max ? (size_t)len : text_max - 1});
}

static void begin(struct json_call *call)
{
    const struct json_calls *all = call->all;

    all->tally->rows[call->rpc.method].started++;
    all->app->begin(all->state, &call->rpc);
}

static bool is_too_large(struct json_call *call, const struct buf *packed)
{
    if (packed->len > call->all->message_max) {
        refuse(call, RAISED_THERE, GRPC_RESOURCE_EXHAUSTED,
               "grpc: received message larger than max (%zu vs. %u)", packed->len,
               call->all->message_max);
    }
    return call->over;
}

static void say(struct json_call *call, struct str message)
{
    const struct json_calls *all = call->all;

    all->tally->rows[call->rpc.method].received++;
    all->app->message(all->state, &call->rpc, message);
}

static void serve_one(struct json_call *call, struct str body)
{
    struct buf packed = {0};
    struct buf why = {0};

    if (json_to_message(call->row->request, body, &packed, &why) != ERR_OK) {
        refuse(call, RAISED_HERE, GRPC_INVALID_ARGUMENT, "%.*s", STR_ARG(buf_str(&why)));
    } else if (!is_too_large(call, &packed)) {
        begin(call);
        if (!call->over) {
            say(call, buf_str(&packed));
        }
    }
    buf_fini(&packed);
    buf_fini(&why);
}

/* As grpc-gateway has it: what is wrong with the first document is told as it is; with a later one,
 * it is the end of them. */
static void serve_many(struct json_call *call, struct str body)
{
    const struct json_calls *all = call->all;
    struct buf packed = {0};
    struct buf why = {0};
    enum err err = ERR_OK;

    for (unsigned i = 0; !call->over && err == ERR_OK && i < json_documents_max; i++) {
        packed.len = 0;
        err = json_take_message(call->row->request, &body, &packed, &why);
        if (i == 0 && err == ERR_MALFORMED) {
            refuse(call, RAISED_HERE, GRPC_UNKNOWN, "%.*s", STR_ARG(buf_str(&why)));
            break;
        }
        if (i == 0) {
            begin(call);
        }
        if (err == ERR_OK && !call->over) {
            if (packed.len > all->message_max) {
                all->app->gone(all->state, &call->rpc);
                call->rpc.caller->end(&call->rpc, GRPC_RESOURCE_EXHAUSTED,
                                      STR("grpc: received message larger than max"));
            } else {
                say(call, buf_str(&packed));
            }
        }
    }
    if (!call->over) {
        all->app->half_closed(all->state, &call->rpc);
    }
    buf_fini(&packed);
    buf_fini(&why);
}

static bool is_patient(enum etcd_method method)
{
    return etcd_method_row(method)->shape != ETCD_SHAPE_ONE || method == ETCD_METHOD_LOCK ||
           method == ETCD_METHOD_CAMPAIGN;
}

static void on_gone(struct web *web)
{
    struct json_call *call = web->user;

    if (call->ended) {
        list_remove(call);
    } else {
        call->all->tally->rows[call->rpc.method].handled[GRPC_CANCELLED]++;
        call->all->app->gone(call->all->state, &call->rpc);
    }
    call_free(call);
}

void json_call_serve(struct json_calls *self, struct web *web, enum etcd_method method,
                     const struct web_head *cors, struct str body)
{
    struct json_call *call = heap_new(sizeof(*call));

    call->all = self;
    call->web = web;
    call->row = etcd_method_row(method);
    call->cors = *cors;
    call->rpc = (struct rpc){.caller = &json_caller,
                             .method = method,
                             .token = web->token.len > 0 ? web->token : web->authorization,
                             .timeout_ms = -1,
                             .needs_leader = str_eq(web->leader, STR("true"))};
    web->user = call;
    web->gone = on_gone;
    web->patient = is_patient(method);
    call->serving = true;
    if (web->timeout.len > 0 && grpc_timeout(web->timeout, &call->rpc.timeout_ms) != ERR_OK) {
        refuse(call, RAISED_HERE, GRPC_INVALID_ARGUMENT, "invalid grpc-timeout: %.*s",
               STR_ARG(web->timeout));
    } else if (call->rpc.token.len > rpc_token_max) {
        refuse(call, RAISED_THERE, etcd_error_code(ETCD_ERROR_INVALID_AUTH_TOKEN), "%.*s",
               STR_ARG(etcd_error_text(ETCD_ERROR_INVALID_AUTH_TOKEN)));
    } else if (call->row->shape == ETCD_SHAPE_BOTH) {
        serve_many(call, body);
    } else {
        serve_one(call, body);
    }
    call->serving = false;
    if (call->over) {
        call_free(call);
    }
}
