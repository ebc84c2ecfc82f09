#include "actors/store/flusher.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/heap.h"

struct flusher {
    struct backend *backend;
    const struct clock *clock;
    const struct tail *tail; /* handed over: the thread's, between work and done */
    bool ends;
    struct flushed flushed; /* the thread's, likewise */
    bool busy;              /* the loop's */
    int work;               /* an eventfd each; -1: no thread */
    int done;
    pthread_t thread;
};

static void flush(struct flusher *self)
{
    self->flushed.text[0] = '\0';
    self->flushed.err = tail_flush(self->tail, self->backend, self->flushed.text);
}

/* The descriptors' counters are 64 bits: a signal is the one thing that can come between. */
static void tell(int fd)
{
    const uint64_t one = 1;

    while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

static void hear(int fd)
{
    uint64_t count;

    while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR) {
    }
}

static void *run(void *context)
{
    struct flusher *self = context;
    int64_t begun_ns;
    int64_t took_us;

    for (;;) {
        hear(self->work);
        if (self->ends) {
            return NULL;
        }
        begun_ns = self->clock->now(self->clock).wall_ns;
        flush(self);
        took_us = (self->clock->now(self->clock).wall_ns - begun_ns) / 1000;
        self->flushed.took_us = took_us > 0 ? took_us : 0; /* that clock may be set back */
        tell(self->done);
    }
}

/* Signals are the loop's. */
static int begin_thread(struct flusher *self)
{
    sigset_t all;
    sigset_t before;
    int rc;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&self->thread, NULL, run, self);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void close_both(struct flusher *self)
{
    if (self->work >= 0) {
        (void)close(self->work);
    }
    if (self->done >= 0) {
        (void)close(self->done);
    }
}

enum err flusher_new(struct flusher **self, struct backend *backend, const struct clock *clock)
{
    bool threaded = clock != NULL;
    struct flusher *made = heap_new(sizeof(*made));
    int rc = 0;

    made->backend = backend;
    made->clock = clock;
    made->work = threaded ? eventfd(0, EFD_CLOEXEC) : -1;
    made->done = threaded ? eventfd(0, EFD_CLOEXEC) : -1;
    if (threaded) {
        rc = made->work < 0 || made->done < 0 ? errno : begin_thread(made);
    }
    if (rc != 0) {
        close_both(made);
        free(made);
        errno = rc;
        return ERR_FULL;
    }
    *self = made;
    return ERR_OK;
}

void flusher_destroy(struct flusher **self)
{
    struct flusher *gone = *self;

    if (gone == NULL) {
        return;
    }
    if (gone->work >= 0) {
        struct flushed flushed;

        (void)flusher_take(gone, true, &flushed);
        gone->ends = true;
        tell(gone->work);
        (void)pthread_join(gone->thread, NULL);
        close_both(gone);
    }
    free(gone);
    *self = NULL;
}

void flusher_hand(struct flusher *self, const struct tail *tail)
{
    assert(!self->busy && tail->sealed);
    self->busy = true;
    self->tail = tail;
    if (self->work < 0) {
        flush(self);
    } else {
        tell(self->work);
    }
}

bool flusher_is_busy(const struct flusher *self)
{
    return self->busy;
}

static bool is_done(const struct flusher *self, bool wait)
{
    struct pollfd done = {.fd = self->done, .events = POLLIN};
    int rc;

    do {
        rc = poll(&done, 1, wait ? -1 : 0);
    } while (rc < 0 && errno == EINTR);
    return rc > 0;
}

bool flusher_take(struct flusher *self, bool wait, struct flushed *out)
{
    if (!self->busy || (self->done >= 0 && !is_done(self, wait))) {
        return false;
    }
    if (self->done >= 0) {
        hear(self->done);
    }
    self->busy = false;
    *out = self->flushed;
    return true;
}

int flusher_fd(const struct flusher *self)
{
    return self->done;
}
