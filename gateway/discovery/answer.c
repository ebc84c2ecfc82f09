/* The envelope every JSON answer has: {"code":0,"message":"0","ttl":1,"data":…}. */
#include <stdio.h>

#include "common/base/json.h"
#include "gateway/discovery/gateway.h"

static const char json_type[] = "application/json; charset=utf-8";

static struct response *coded(struct response *response, int code)
{
    char text[16] = "0";

    if (code != 0) {
        (void)snprintf(text, sizeof(text), "%d", code);
    }
    response_header(response, "Kratos-Status-Code", text);
    response_code(response, code);
    return response;
}

struct response *response_json(int status, int code, struct buf *body)
{
    return coded(response_new(status, json_type, body), code);
}

struct response *request_json(struct request *request, int code, struct buf *body)
{
    return coded(request_response(request, 200, json_type, body), code);
}

/* 304, 404 and 409 say no more than their number; clients compare it. */
static bool is_number_only(int code)
{
    return code == 0 || code == -304 || code == -404 || code == -409;
}

struct response *response_err(enum err err, const char *text)
{
    struct buf body = {0};
    int code = err_discovery_code(err);
    struct response *response;

    buf_printf(&body, "{\"code\":%d,\"message\":", code);
    if (is_number_only(code)) {
        buf_printf(&body, "\"%d\"", code);
    } else {
        json_quote(&body, str_from(text != NULL && text[0] != '\0' ? text : err_text(err)));
    }
    buf_add_str(&body, STR(",\"ttl\":1}"));
    response = response_json(err_http_status(err), code, &body);
    return response;
}

/* One shared answer for each error that has no text of its own; success above all. */
static struct response *shared_err(enum err err)
{
    enum { shared_max = 32 };
    static struct response *shared[shared_max];
    int at = -(int)err;

    if (at < 0 || at >= shared_max) {
        return response_err(err, NULL);
    }
    if (shared[at] == NULL) {
        shared[at] = response_err(err, NULL);
    }
    return response_ref(shared[at]);
}

void answer_err(struct request *request, enum err err, const char *text)
{
    bool plain = text == NULL || text[0] == '\0' || is_number_only(err_discovery_code(err));
    struct response *response = plain ? shared_err(err) : response_err(err, text);

    request_answer(request, response);
    response_unref(&response);
}

void answer_busy(struct request *request, enum err err, const char *text, int64_t retry_s)
{
    struct response *response = response_err(err, text);
    char after[24];

    (void)snprintf(after, sizeof(after), "%lld", (long long)(retry_s > 0 ? retry_s : 1));
    response_header(response, "Retry-After", after);
    request_answer(request, response);
    response_unref(&response);
}

enum { open_bytes = 1024 }; /* what most answers have room in */

void answer_open(struct buf *body, enum err err)
{
    int code = err_discovery_code(err);

    buf_reserve(body, open_bytes);
    buf_add_str(body, STR("{\"code\":"));
    buf_add_i64(body, code);
    buf_add_str(body, STR(",\"message\":\""));
    buf_add_i64(body, code);
    buf_add_str(body, STR("\",\"ttl\":1,\"data\":"));
}

void answer_close(struct request *request, enum err err, struct buf *body)
{
    struct response *response;

    buf_add_char(body, '}');
    response = request_json(request, err_discovery_code(err), body);
    request_answer(request, response);
    response_unref(&response);
}

void answer_text(struct request *request, int status, const char *content_type, struct buf *text)
{
    struct response *response = response_new(status, content_type, text);

    request_answer(request, response);
    response_unref(&response);
}
