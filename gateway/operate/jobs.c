#include "gateway/operate/jobs.h"

#include "gateway/operate/answer.h"

/* Apps and instances looked at in a turn, for all: each may be a walk through cold memory. */
static const size_t work_max = 8192;

static void unlink_it(struct job *self)
{
    struct operate *operate = self->operate;

    *(self->before != NULL ? &self->before->next : &operate->jobs) = self->next;
    if (self->next != NULL) {
        self->next->before = self->before;
    }
    operate->job_count--;
}

static void on_gone(struct gateway *gateway, struct parked *parked)
{
    struct job *self = (struct job *)(void *)parked;

    (void)gateway;
    unlink_it(self);
    self->free(self);
}

void job_begin(struct job *self, struct operate *operate, const struct operate_ask *ask)
{
    size_t budget = work_max;

    self->operate = operate;
    self->request = ask->request;
    self->parked.gone = on_gone;
    if (operate->job_count == jobs_max) {
        operate_refuse_busy(ask->request, STR("many ask for lists at once: try again"));
        self->free(self);
        return;
    }
    if (self->step(self, ask->now, &budget)) {
        self->free(self);
        return;
    }
    self->next = operate->jobs;
    if (self->next != NULL) {
        self->next->before = self;
    }
    operate->jobs = self;
    operate->job_count++;
    request_set_user(ask->request, self);
    request_park(ask->request);
    outbox_again(ask->out);
}

void jobs_turn(struct operate *self, const struct now *now, struct outbox *out)
{
    size_t budget = work_max;
    struct job *next;

    for (struct job *job = self->jobs; job != NULL && budget > 0; job = next) {
        next = job->next;
        if (job->step(job, now, &budget)) {
            unlink_it(job);
            job->free(job);
        }
    }
    if (self->jobs != NULL) {
        outbox_again(out);
    }
}

void jobs_end(struct operate *self)
{
    while (self->jobs != NULL) {
        struct job *job = self->jobs;

        unlink_it(job);
        job->free(job);
    }
}
