// The parts that decide something, called in the page as it is served.
import { check } from "./wait.mjs";

/** Calls fn in a page, with a function that imports a module of the dashboard. */
async function inside(browser, fn) {
    const view = await browser.open({ name: "pure" });
    await view.goto("#/node/help");
    const wrong = await view.page.evaluate(`(async () => {
        const module = (name) => import(new URL(name, document.baseURI));
        const wrong = [];
        const same = (a, b, what) => {
            if (JSON.stringify(a) !== JSON.stringify(b)) {
                wrong.push(what + ": " + JSON.stringify(a) + ", not " + JSON.stringify(b));
            }
        };
        await (${fn})(module, same);
        return wrong;
    })()`);
    await view.close();
    check(wrong.length === 0, wrong.join("\n"));
}

const pages_hold_together_while_rows_come_and_go = (browser) => inside(browser, async (module, same) => {
    const { Paged } = await module("paged.js");
    let rows = Array.from({ length: 10 }, (_, i) => i * 10);
    const asked = [];
    const ask = async (after) => {
        asked.push(after);
        const from = rows.filter((row) => after === "" || row > Number(after));
        const some = from.slice(0, 4);
        return { rows: some, next: from.length > 4 ? String(some.at(-1)) : null, total: rows.length };
    };
    const source = new Paged(ask, () => {});
    const all = () => Array.from({ length: source.loaded }, (_, i) => source.at(i));
    await source.want(0, 2);
    same(asked, [""], "only what is looked at is asked for");
    same(source.count, 10, "there is room for the rest");
    same(source.at(7), undefined, "which is not there yet");
    await source.want(0, 9);
    same(all(), rows, "all of them");
    same(source.ended, true, "that is the end");
    rows = [5, ...rows];
    await source.refresh();
    same(all(), rows, "one came in before: the pages behind follow");
    rows = rows.slice(3, 6);
    await source.refresh();
    same(all(), rows, "most have gone");
    rows = [];
    await source.refresh();
    same([source.count, all()], [0, []], "none is left");
});

const what_is_chosen_stays_chosen = (browser) => inside(browser, async (module, same) => {
    const { Paged } = await module("paged.js");
    const { rows } = await module("rows.js");
    let names = ["a", "b", "c"];
    const opened = [];
    const source = new Paged(async () => ({ rows: names.map((name) => ({ name })), next: null }), () => {});
    const list = rows({
        make() {
            const node = document.createElement("div");
            return { node, update: ({ name }) => (node.textContent = name) };
        },
        id: ({ name }) => name, open: ({ name }) => opened.push(name), heights: [20, 20], source,
    });
    const drawn = async () => {
        list.update();
        await new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)));
        return [...list.node.querySelectorAll(".chosen:not([hidden])")].map((one) => one.textContent);
    };
    document.body.append(list.node);
    await source.want(0, 9);
    same(await drawn(), [], "nothing is chosen at first");
    list.move(1);
    list.move(1);
    same(await drawn(), ["b"], "the second");
    names = ["x", "y", "b", "a", "c"];
    await source.refresh();
    list.enter();
    same(opened, ["b"], "what was chosen opens, before it was drawn in its new place");
    same(await drawn(), ["b"], "and is drawn there");
    list.move(1);
    same(await drawn(), ["a"], "arrows go on from there");
    names = ["x", "y", "b", "c"];
    await source.refresh();
    same(await drawn(), ["c"], "of what is gone, what stands in its place");
    names = ["c", "b"];
    await source.refresh();
    list.node.querySelector(".chosen").click();
    same(opened.at(-1), "c", "a click opens what is seen, not what stands there by now");
    list.stop();
    list.node.remove();
});

const lines_that_are_told_again_stand_once = (browser) => inside(browser, async (module, same) => {
    const streams = [];
    window.EventSource = class {
        constructor() {
            this.does = {};
            streams.push(this);
        }
        addEventListener(kind, what) {
            this.does[kind] = what;
        }
        close() {}
    };
    const { logs } = await module("views/logs.js");
    const view = logs();
    const [{ does }] = streams;
    const say = (...events) => events.forEach((event) => does.log({
        data: JSON.stringify({ time: "2026-11-30T07:00:00Z", level: "info", actor: "registry", event }) }));
    const lines = async () => {
        await new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)));
        return [...view.node.querySelectorAll(".log-event")].map((one) => one.textContent);
    };
    document.body.append(view.node);
    does.open();
    say("one", "two");
    same(await lines(), ["one", "two"], "as they come");
    does.error();
    does.open();
    say("one", "two", "three");
    same(await lines(), ["one", "two", "three"], "after a cut");
    view.stop();
    view.node.remove();
});

const a_failed_page_is_asked_for_again = (browser) => inside(browser, async (module, same) => {
    const { Paged } = await module("paged.js");
    let fails = true;
    const source = new Paged(async () => {
        if (fails) {
            throw new Error("down");
        }
        return { rows: [1], next: null };
    }, () => {});
    await source.want(0, 5);
    same(source.failure?.message, "down", "why");
    fails = false;
    await source.refresh();
    same([source.failure, source.at(0)], [null, 1], "and then it is there");
});

const bursts_are_one_row_and_repeats_none = (browser) => inside(browser, async (module, same) => {
    const { Bursts } = await module("feed.js");
    const bursts = new Bursts();
    const time = (s) => new Date(Date.UTC(2026, 0, 1, 0, 0, 0) + s * 1000).toISOString();
    const event = (s, hostname, more) => ({ time: time(s), env: "prod", appid: "a", hostname, ...more });
    for (let i = 0; i < 100; i++) {
        bursts.add("register", event(i / 10, `h${i}`), `e-${i}`);
    }
    bursts.add("register", event(9, "h90"), "e-90"); // told again after a cut
    bursts.add("cancel", event(11, "h1"), "e-101");
    bursts.add("register", event(12, "h1"), "e-102");
    bursts.add("register", event(60, "h1"), "e-103");
    same(bursts.groups.map((group) => [group.event.kind, group.count]),
         [["register", 1], ["register", 101], ["cancel", 1]], "groups");
    same(bursts.groups[1].hosts, ["h0", "h1", "h2"], "the first hosts are named");
    for (let i = 0; i < 200; i++) {
        bursts.add("node", { time: time(100 + i), node: "n" });
    }
    same(bursts.groups.length, 50, "no more are kept");
});

const rates_begin_anew_with_their_process = (browser) => inside(browser, async (module, same) => {
    const { Rate, Series } = await module("samples.js");
    const { live, sample } = await module("live.js");
    [405, 201, 202, 408].forEach((requests_total, i) => sample({ clients: {
        gateways: 2, gateways_answered: requests_total > 300 ? 2 : 1, requests_total } }, 4e12 + i * 1000));
    same([...live.samples.of("requests").seconds(3)].map((one) => (Number.isNaN(one) ? "?" : one)), ["?", "?", 1],
         "a gateway that was not heard is no fall, and no rise when it is back");
    const rate = new Rate();
    same([rate.next(100, 1000), rate.next(150, 2000), rate.next(10, 3000), rate.next(30, 5000)].map(
        (one) => (Number.isNaN(one) ? "?" : one)), ["?", 50, "?", 10], "rates");
    const series = new Series();
    series.add(1, 1000000);
    series.add(2, 1002000);
    series.add(3, 1010000);
    same([...series.seconds(11)].map((one) => (Number.isNaN(one) ? "?" : one)),
         [1, 2, 2, "?", "?", "?", "?", "?", "?", "?", 3], "a late sample is drawn through, a silence is a gap");
});

const commands_are_safe_to_paste = (browser) => inside(browser, async (module, same) => {
    const { cancel, quoted } = await module("commands.js");
    same(quoted("shop.cart-1"), "shop.cart-1", "plain");
    same(quoted("a b; rm -rf $HOME"), "'a b; rm -rf $HOME'", "a space");
    same(quoted("it's"), "'it'\\''s'", "a quote");
    same(quoted(""), "''", "nothing");
    same(quoted("x\x03rm -rf ~\n\x1b[201~'\\\x9b"), "$'x\\u0003rm -rf ~\\u000a\\u001b[201~\\'\\\\\\u009b'", "control characters");
    same(cancel({ env: "e", appid: "-x", zone: "z", hostname: "`id`" }),
         "musterctl cancel --appid=-x --env=e --zone=z --hostname='`id`'", "a command");
});

const metrics_are_read = (browser) => inside(browser, async (module, same) => {
    const { exposition } = await module("views/counters.js");
    const { Pulse } = await module("pulse.js");
    const text = (fast, slow, missing) => [
        "# HELP muster_write_seconds From a write's request to its change on disk.",
        "# TYPE muster_write_seconds histogram",
        `muster_write_seconds_bucket{index="0",le="0.001"} ${fast}`,
        `muster_write_seconds_bucket{index="0",le="0.004"} ${fast + slow}`,
        `muster_write_seconds_bucket{index="0",le="+Inf"} ${fast + slow}`,
        "muster_write_seconds_sum{index=\"0\"} 1.5",
        `muster_http_request_seconds_count{index="0",route="/discovery/fetch",code="0"} 5`,
        `muster_http_request_seconds_count{index="0",route="/discovery/fetch",code="-404"} ${missing}`,
    ].join("\n");
    const pulse = new Pulse();
    pulse.take(text(1000, 0, 0), 0);
    same(pulse.write_p99_ms, 1, "all were fast");
    pulse.take(text(1000, 10, 50), 5000);
    same([pulse.write_p99_ms, pulse.codes], [4, [["-404", 10]]], "lately they are not");
    const other = (errors) => `\nmuster_http_request_seconds_count{index="1",route="/",code="-404"} ${errors}`;
    pulse.take(text(1000, 10, 50) + other(7000000), 10000);
    same(pulse.codes, [["-404", 5]], "what a gateway counted before it was heard is not of late");
    const rows = exposition(text(1, 2, 3));
    same(rows.map((row) => row.name), ["muster_write_seconds_sum", "muster_http_request_seconds_count",
                                       "muster_http_request_seconds_count"], "no buckets");
    same(rows[0].help, "From a write's request to its change on disk.", "its help");
});

const a_stream_rests_while_nobody_looks_and_is_asked_again = (browser) => inside(browser, async (module, same) => {
    const { listen } = await module("api.js");
    const made = [];
    const Real = window.EventSource;
    window.EventSource = class extends EventTarget {
        static CLOSED = 2;
        constructor() {
            super();
            this.readyState = 0;
            made.push(this);
        }
        close() {
            this.readyState = 2;
        }
    };
    let hidden = false;
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    const look = (away) => {
        hidden = away;
        document.dispatchEvent(new Event("visibilitychange"));
    };
    const states = () => made.map((one) => one.readyState);
    const heard = [];
    const stream = listen("events", {}, ["set"], () => {}, (is) => heard.push(is));
    look(true);
    same(states(), [2], "it rests while the page is hidden");
    look(false);
    look(false);
    same(states(), [2, 0], "and goes on once when it is seen");
    made[1].readyState = 2; // as of an answer that is not 200
    made[1].dispatchEvent(new Event("error"));
    await new Promise((done) => setTimeout(done, 1500));
    same(states(), [2, 2, 0], "the browser has given up, the page has not");
    made[2].dispatchEvent(new Event("open"));
    same(heard, [false, true], "what is told of it");
    stream.stop();
    look(true);
    look(false);
    same(states(), [2, 2, 2], "it has ended");
    window.EventSource = Real;
    delete document.hidden;
});

const enter_waits_for_the_first_rows = (browser) => inside(browser, async (module, same) => {
    const { Paged } = await module("paged.js");
    const { rows } = await module("rows.js");
    const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const opened = [];
    const listOf = async (found, then) => {
        let come;
        const source = new Paged(() => new Promise((resolve) => { come = resolve; }), () => list.update());
        const list = rows({ make: () => ({ node: document.createElement("div"), update() {} }), id: (row) => row,
                            open: (row) => opened.push(row), heights: [40, 40], source });
        document.body.append(list.node);
        const asked = source.want(0, 0);
        then(list);
        come({ rows: found, next: null, total: found.length });
        await asked;
        await drawn();
        list.stop();
        list.node.remove();
    };
    await listOf(["first", "second"], (list) => list.enter());
    same(opened, ["first"], "the first, as soon as it is there");
    await listOf([], (list) => list.enter());
    await listOf(["third"], () => {});
    same(opened, ["first"], "of an empty list nothing, and nothing that was not asked for");
});

export const pure = {
    pages_hold_together_while_rows_come_and_go,
    what_is_chosen_stays_chosen,
    enter_waits_for_the_first_rows,
    lines_that_are_told_again_stand_once,
    a_failed_page_is_asked_for_again,
    bursts_are_one_row_and_repeats_none,
    rates_begin_anew_with_their_process,
    commands_are_safe_to_paste,
    metrics_are_read,
    a_stream_rests_while_nobody_looks_and_is_asked_again,
};
