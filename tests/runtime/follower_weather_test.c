/* Any order of losses, delays and restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/prng.h"
#include "tests/runtime/copy.h"

struct parcel {
    struct buf bytes;
    int64_t due_ms;
};

struct channel {
    struct parcel queue[queue_max];
    size_t head;
    size_t count;
};

static void channel_add(struct channel *self, struct buf *bytes, int64_t due_ms)
{
    if (self->count == queue_max) {
        buf_fini(bytes);
        return;
    }
    self->queue[(self->head + self->count) % queue_max] = (struct parcel){*bytes, due_ms};
    self->count++;
    *bytes = (struct buf){0};
}

static bool channel_take(struct channel *self, struct buf *bytes, int64_t at_ms)
{
    if (self->count == 0 || self->queue[self->head].due_ms > at_ms) {
        return false;
    }
    *bytes = self->queue[self->head].bytes;
    self->head = (self->head + 1) % queue_max;
    self->count--;
    return true;
}

struct weather {
    struct prng prng;
    unsigned loss_percent;
    int64_t delay_max_ms;
    struct channel facts;
    struct channel answers;
};

static void pass_on(struct copy *self, struct weather *weather, struct channel *to,
                    struct buf *bytes)
{
    int64_t due = copy_now(self)->mono_ms +
                  (int64_t)prng_below(&weather->prng, (uint64_t)weather->delay_max_ms + 1);

    if (prng_below(&weather->prng, 100) < weather->loss_percent) {
        buf_fini(bytes);
        return;
    }
    channel_add(to, bytes, due);
}

static void something_happens(struct copy *self, struct weather *weather)
{
    struct source *source = &self->source;
    struct buf bytes = {0};
    uint64_t dice = prng_below(&weather->prng, 200);

    if (dice < 60) {
        source_turn(source, &bytes, (unsigned)prng_below(&weather->prng, source_keys),
                    1 + (unsigned)prng_below(&weather->prng, 3));
    } else if (dice < 80) {
        source_renewed(source, &bytes);
    } else if (dice < 84) {
        source_protect(source, &bytes, dice % 2 == 0);
    } else if (dice == 84) {
        source_new_epoch(source, source->epoch + 1);
    } else if (dice == 85) {
        source->boot++;
    } else if (dice == 86) {
        source->cut = source->head;
    }
    if (bytes.len != 0) {
        pass_on(self, weather, &weather->facts, &bytes);
    }
}

static void move(struct copy *self, struct weather *weather)
{
    struct buf bytes = {0};

    while (channel_take(&weather->facts, &bytes, copy_now(self)->mono_ms)) {
        follower_on_fact(self->follower, buf_str(&bytes), copy_now(self), self->out);
        buf_fini(&bytes);
    }
    while (channel_take(&weather->answers, &bytes, copy_now(self)->mono_ms)) {
        assert_true(copy_give(self, buf_str(&bytes)));
        buf_fini(&bytes);
    }
    follower_step(self->follower, copy_now(self), self->out);
    {
        struct outbox_item item;
        size_t cursor = 0;

        while (outbox_next(self->out, OUTBOX_SYNCED, &cursor, &item)) {
            struct msg question;

            while (item.frame.len != 0) {
                assert_int_equal(ERR_OK, msg_decode(&item.frame, &question));
                source_answer(&self->source, &question, &bytes);
                pass_on(self, weather, &weather->answers, &bytes);
            }
        }
        outbox_clear(self->out, OUTBOX_SYNCED);
    }
}

static void any_weather_ends_in_an_equal_copy(void **state)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct copy *self = *state;
        struct weather weather = {0};

        copy_teardown(state);
        copy_setup(state);
        prng_init(&weather.prng, seed);
        weather.loss_percent = (unsigned)prng_below(&weather.prng, 50);
        weather.delay_max_ms = (int64_t)prng_below(&weather.prng, 1500);
        self->source.history_records = 1 + (uint32_t)prng_below(&weather.prng, 20);
        self->source.slice_keys = 1 + (uint32_t)prng_below(&weather.prng, 32);
        for (int i = 0; i < 1000; i++) {
            something_happens(self, &weather);
            clock_virtual_advance(&self->clock, (int64_t)prng_below(&weather.prng, 60));
            move(self, &weather);
        }
        weather.loss_percent = 0;
        weather.delay_max_ms = 5;
        for (int i = 0; i < 400; i++) {
            struct buf bytes = {0};

            clock_virtual_advance(&self->clock, 50);
            if (i % 20 == 0) {
                source_renewed(&self->source, &bytes);
                pass_on(self, &weather, &weather.facts, &bytes);
            }
            move(self, &weather);
        }
        if (!copy_state(self).current || copy_state(self).seq != self->source.head) {
            fail_msg("seed %llu: not current", (unsigned long long)seed);
        }
        assert_copied(self);
        assert_int_equal(self->source.protect, self->protect);
        assert_int_equal(0, self->broken);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, copy_setup, copy_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_weather_ends_in_an_equal_copy),
    };

    return cmocka_run_group_tests_name("follower_weather", tests, NULL, NULL);
}
