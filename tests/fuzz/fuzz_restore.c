/* A whole registry on files in which records stand whose every number is of the input: ages, times,
 * seqs, counts, in frames with right checksums. The start takes, passes over or sets aside; then
 * time passes, clients write, followers ask, and the next start finds what was there.
 *
 * Covers: common/naming/sound.c actors/registry/storage/recovery.c
 */
#include <assert.h>

#include "actors/registry/storage/head.h"
#include "common/naming/convert.h"
#include "tests/fuzz/framed.h"
#include "tests/registry/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { files_max = 4, records_max = 64 };

struct input {
    const uint8_t *data;
    size_t left;
};

static unsigned take_byte(struct input *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->data++;
}

/* A likely number, one at an end of what fits, or any. */
static uint64_t take_number(struct input *in, uint64_t likely)
{
    static const uint64_t ends[] = {0,
                                    1,
                                    (uint64_t)-1,
                                    (uint64_t)-2,
                                    INT64_MAX,
                                    (uint64_t)INT64_MIN,
                                    (uint64_t)1 << 62,
                                    ((uint64_t)1 << 62) + 1,
                                    (uint64_t)1 << 47,
                                    4100000000000000000,
                                    4100000000000000001};
    unsigned kind = take_byte(in);
    uint64_t number = 0;

    if (kind < 0xa0) {
        return likely;
    }
    if (kind < 0xe0) {
        return ends[kind % (sizeof(ends) / sizeof(ends[0]))];
    }
    for (unsigned i = 0; i < 8; i++) {
        number = number << 8 | take_byte(in);
    }
    return number;
}

static int64_t take_time(struct input *in)
{
    return (int64_t)take_number(in, 1700000000000000000);
}

static struct str take_name(struct input *in, struct str likely)
{
    static char text[300];
    unsigned len = take_byte(in);

    if (len < 0xc0) {
        return likely;
    }
    return (struct str){text, len == 0xff ? sizeof(text) : len - 0xc0};
}

static void add_frame(struct buf *file, const struct msg *msg)
{
    size_t mark = record_begin(file);

    msg_encode(file, msg);
    record_end(file, mark);
}

static void add_record(struct buf *file, struct input *in, uint64_t seq)
{
    static const struct strs addrs[] = {{1, {"\xabhttp://a:80", 12}}, {0, {"", 0}}};
    char host[16];
    struct change change = {.kind = (enum change_kind)(1 + take_byte(in) % 5),
                            .spread = (enum spread)(take_byte(in) % SPREAD_COUNT)};
    struct instance *instance = &change.instance;
    struct msg msg;

    change.seq = take_number(in, seq);
    change.gateway = take_number(in, 7);
    change.number = take_number(in, seq);
    change.at = take_time(in);
    change.latest_timestamp = take_time(in);
    change.age_ms = (int64_t)take_number(in, 0);
    instance->id.env = take_name(in, STR("dev"));
    instance->id.appid = take_name(in, STR("app"));
    instance->id.zone = take_name(in, STR("sh001"));
    instance->id.hostname = take_name(in, str_from(node_host_name((uint32_t)(seq % 5), host)));
    instance->addrs = addrs[take_byte(in) > 0xf0];
    instance->status = (uint32_t)take_number(in, 1);
    instance->reg_timestamp = take_time(in);
    instance->up_timestamp = take_time(in);
    instance->renew_timestamp = take_time(in);
    instance->dirty_timestamp = take_time(in);
    instance->latest_timestamp = take_time(in);
    msg_from_change(&change, &msg);
    add_frame(file, &msg);
}

static void add_file(struct node *node, struct input *in, bool snapshot, uint64_t seq)
{
    struct buf file = {0};
    struct buf path = {0};
    struct msg msg = {.type = MSG_TYPE_HEAD};
    unsigned records = take_byte(in) % records_max;

    msg.as_head = (struct msg_head){.format = head_format,
                                    .epoch = take_number(in, 77),
                                    .seq = take_number(in, seq),
                                    .machine_boot = STR("boot-1"),
                                    .highest_at = take_time(in),
                                    .always = true};
    add_frame(&file, &msg);
    for (unsigned i = 0; i < records; i++) {
        add_record(&file, in, seq + 1 + i - (snapshot ? records : 0));
    }
    if (snapshot || take_byte(in) % 2 == 0) {
        msg = (struct msg){.type = MSG_TYPE_FOOT};
        msg.as_foot.count = take_number(in, records);
        msg.as_foot.seq = take_number(in, snapshot ? seq : seq + records);
        add_frame(&file, &msg);
    }
    buf_printf(&path, "data/registry/%s-%016llx.%s%c", snapshot ? "snapshot" : "journal",
               (unsigned long long)(snapshot ? seq : seq + 1), snapshot ? "dat" : "log", 0);
    disk_sim_put(node->sim, path.data, buf_str(&file));
    buf_fini(&file);
    buf_fini(&path);
}

/* Goes on as a registry does. */
static void use(struct node *node)
{
    struct msg command = node_register(node, "new");

    (void)node_ask(node, &command);
    command = node_renew(node, "host-1");
    (void)node_ask(node, &command);
    command = node_cancel(node, "host-2");
    (void)node_ask(node, &command);
    command = node_snapshot(node, 0);
    node_give(node, &command);
    node_turn(node);
    node_run(node, 200000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct node node;
    struct position at;

    node_init(&node, 1);
    for (unsigned i = 0; i < files_max && in.left > 0; i++) {
        unsigned kind = take_byte(&in);

        add_file(&node, &in, kind % 2 == 0, take_number(&in, kind / 2 % 32 * 8 + 64));
    }
    node_start(&node);
    use(&node);
    at = node_position(&node);
    if (node_stat(&node, METRIC_REGISTRY_STORAGE_OK) == 1) {
        node_kill(&node);
        node_start(&node);
        assert(node_stat(&node, METRIC_REGISTRY_DAMAGED_FILES) == 0);
        assert(node_position(&node).epoch == at.epoch && node_position(&node).seq == at.seq);
    }
    node_fini(&node);
    return 0;
}
