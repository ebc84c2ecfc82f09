#include "gateway/operate/answer.h"

#include "gateway/operate/fields.h"

static const char json_type[] = "application/json; charset=utf-8";

static void give(struct request *request, struct response *response)
{
    response_header(response, "Cache-Control", "no-store");
    request_answer(request, response);
    response_unref(&response);
}

void operate_answer(struct request *request, int status, struct buf *body)
{
    if (body->len > operate_body_max) { /* its parts are bounded, so that this does not come */
        buf_fini(body);
        operate_refuse(request, 500, STR("the answer is larger than an answer may be"), STR(""),
                       STR(""));
        return;
    }
    give(request, response_new(status, json_type, body));
}

void operate_answer_page(struct request *request, const char *content_type, struct buf *body)
{
    give(request, response_new(200, content_type, body));
}

static struct response *refusal(int status, struct str text, struct str parameter, struct str near)
{
    struct buf body = {0};

    buf_add_char(&body, '{');
    field_number(&body, "status", status);
    field_text(&body, "error", text);
    if (parameter.len > 0) {
        field_text(&body, "parameter", parameter);
    }
    if (near.len > 0) {
        field_open(&body, "near", '[');
        buf_add_str(&body, near);
        buf_add_char(&body, ']');
    }
    buf_add_char(&body, '}');
    return response_new(status, json_type, &body);
}

void operate_refuse(struct request *request, int status, struct str text, struct str parameter,
                    struct str near)
{
    give(request, refusal(status, text, parameter, near));
}

void operate_refuse_method(struct request *request, const char *allow)
{
    struct response *response;
    struct buf text = {0};

    buf_printf(&text, "only %s is done here", allow);
    response = refusal(405, buf_str(&text), STR(""), STR(""));
    response_header(response, "Allow", allow);
    give(request, response);
    buf_fini(&text);
}

void operate_refuse_busy(struct request *request, struct str text)
{
    struct response *response = refusal(503, text, STR(""), STR(""));

    response_header(response, "Retry-After", "1");
    give(request, response);
}
