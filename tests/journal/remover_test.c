#include "common/journal/remover.h"
#include "tests/journal/disk_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t mib = 1 << 20;
static const uint64_t step_most = 4 << 20;

struct world {
    struct disk_sim *sim;
    struct clock_virtual clock;
    struct volume volume;
    struct remover remover;
};

static void world_init(struct world *self)
{
    *self = (struct world){.sim = disk_sim_new(1), .remover.file = -1};
    clock_virtual_init(&self->clock, 1000, 1000);
    self->volume = (struct volume){
        .disk = disk_sim_disk(self->sim), .clock = &self->clock.clock, .dir = strdup("d")};
    assert_non_null(self->volume.dir);
    assert_int_equal(self->volume.disk->make_dir(self->volume.disk, "d"), 0);
}

static void world_fini(struct world *self)
{
    remover_drop(&self->remover);
    free(self->volume.dir);
    disk_sim_destroy(&self->sim);
}

static void make_file(struct world *self, struct name name, uint64_t size)
{
    int file = -1;

    assert_int_equal(volume_open(&self->volume, name.text, DISK_CREATE, &file), ERR_OK);
    assert_int_equal(self->volume.disk->allocate(self->volume.disk, file, 0, size), 0);
    volume_close(&self->volume, &file);
}

/* -1: there is none. */
static int64_t size_of(struct world *self, struct name name)
{
    int file = -1;
    int64_t size = -1;

    if (volume_open(&self->volume, name.text, DISK_READ, &file) == ERR_OK) {
        size = self->volume.disk->size(self->volume.disk, file);
        volume_close(&self->volume, &file);
    }
    return size;
}

static void a_large_file_goes_a_piece_at_a_time(void **state)
{
    struct name name = {"kept.dat"};
    struct name unfinished = {"kept.tmp"};
    struct world world;
    int64_t size = 50 * (int64_t)mib;
    unsigned steps = 0;

    (void)state;
    world_init(&world);
    make_file(&world, name, (uint64_t)size);
    assert_int_equal(remover_begin(&world.remover, &world.volume, name, unfinished), ERR_OK);
    assert_int_equal(size_of(&world, name), -1); /* no start takes it for a whole one */
    while (remover_runs(&world.remover)) {
        int64_t left = size_of(&world, unfinished);

        assert_in_range(size - left, 0, step_most);
        size = left;
        assert_int_equal(remover_step(&world.remover), ERR_OK);
        steps++;
    }
    assert_in_range(size, 1, step_most);
    assert_int_equal(steps, 13);
    assert_int_equal(size_of(&world, unfinished), -1);
    world_fini(&world);
}

static void a_small_file_goes_at_once(void **state)
{
    struct name name = {"kept.dat"};
    struct name unfinished = {"kept.tmp"};
    struct world world;

    (void)state;
    world_init(&world);
    make_file(&world, name, mib);
    assert_int_equal(remover_begin(&world.remover, &world.volume, name, unfinished), ERR_OK);
    assert_false(remover_runs(&world.remover));
    assert_int_equal(size_of(&world, name), -1);
    assert_int_equal(size_of(&world, unfinished), -1);
    world_fini(&world);
}

static void a_file_that_is_not_there_is_an_error_and_none_runs(void **state)
{
    struct name name = {"kept.dat"};
    struct name unfinished = {"kept.tmp"};
    struct world world;

    (void)state;
    world_init(&world);
    assert_int_equal(remover_begin(&world.remover, &world.volume, name, unfinished), ERR_IO);
    assert_false(remover_runs(&world.remover));
    world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_file_goes_a_piece_at_a_time),
        cmocka_unit_test(a_small_file_goes_at_once),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error_and_none_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
