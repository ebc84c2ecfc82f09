#include "gateway/bus/health.h"

void health_init(struct health *self)
{
    *self = (struct health){.ready = true};
}

void health_note(struct health *self, const char *name, bool ok, bool needed, struct str why)
{
    self->ready = self->ready && (ok || !needed);
    buf_printf(&self->lines, ok ? "[+]%s ok" : "[-]%s ", name);
    if (!ok) {
        buf_add_str(&self->lines, why);
    }
    buf_add_char(&self->lines, '\n');
}

void health_say(struct health *self, const char *name, const char *text)
{
    buf_printf(&self->lines, "[+]%s %s\n", name, text);
}

static void answer(struct request *request, int status, struct buf *text)
{
    struct response *response = response_new(status, "text/plain; charset=utf-8", text);

    request_answer(request, response);
    response_unref(&response);
}

void health_answer(struct health *self, struct request *request, bool verbose)
{
    if (!verbose) {
        self->lines.len = 0;
    }
    buf_add_str(&self->lines, self->ready ? STR("ok\n") : STR("not ready\n"));
    answer(request, self->ready ? 200 : 503, &self->lines);
}

void health_answer_live(struct request *request, bool verbose)
{
    struct buf body = {0};

    buf_add_str(&body, verbose ? STR("[+]gateway ok\nok\n") : STR("ok\n"));
    answer(request, 200, &body);
}
