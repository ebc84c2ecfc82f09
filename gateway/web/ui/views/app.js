// One app: its instances, who waits for its changes, its schedule, what has happened to it.
import { get, path, repeat } from "../api.js";
import { editing } from "../commands.js";
import { el, keyed, setAttr, setData, setText, setTitle, show } from "../dom.js";
import { feed } from "../feed.js";
import { ago, duration, none, number, whole } from "../format.js";
import { bar, strip } from "../marks.js";
import { Paged } from "../paged.js";
import { link } from "../route.js";
import { rows } from "../rows.js";
import { heading, narrowed } from "./apps.js";
import { instancePanel } from "./instance.js";

const page_rows = 200;
const typed_ms = 150; // a search begins when the typing rests
const news_ms = 150; // after an event the rows are asked for anew; events of a burst share it

const isUp = (instance) => instance.status === "up";

function makeRow() {
    const hostname = el("span.strong.cut");
    const address = el("span.soft.mono.cut");
    const zone = el("span.cut.opt", { role: "cell" });
    const status = el("button.switch", { role: "switch", test: "status-switch", "aria-disabled": "true",
                                         title: "action.off" }, el("span.switch-knob"));
    const word = el("span.switch-word");
    const age = el("span.num");
    const share = bar("instance.age");
    const version = el("span.soft.cut.opt", { role: "cell" });
    const metadata = el("span.soft.mono.cut.opt", { role: "cell" });
    const node = el(
        "div.row.instance-row",
        { role: "row", test: "instance-row", tabindex: "-1" },
        el("span.instance-name", { role: "rowheader" }, hostname, address),
        zone,
        el("span.status-cell", { role: "cell" }, status, word),
        el("span.age-cell", { role: "cell" }, age, share.node),
        version, metadata,
    );
    return {
        node,
        update(instance, i, heard_ms) {
            const age_ms = instance.age_ms === null ? null
                                                    : instance.age_ms + Date.now() - heard_ms;
            const spent = age_ms / instance.idle_ms;
            setAttr(node, "data-id", instance.hostname);
            setData(hostname, instance.hostname);
            setTitle(hostname, instance.hostname);
            setData(address, (instance.addrs ?? []).join(" "));
            setTitle(address, (instance.addrs ?? []).join("\n"));
            setData(zone, instance.zone);
            setAttr(status, "aria-checked", String(isUp(instance)));
            setAttr(status, "aria-label", instance.hostname);
            status.dataset.dLabel = "";
            setText(word, isUp(instance) ? "instance.up" : "instance.waiting");
            setData(age, age_ms === null ? none : duration(Math.max(0, Math.round(age_ms / 100) * 100)));
            setAttr(age, "data-level", spent >= 1 ? "bad" : null);
            share.update(spent, spent >= 1 ? "bad" : spent > 0.6 ? "notice" : "ok");
            setData(version, instance.version);
            const pairs = Object.entries(instance.metadata ?? {}).map(([k, v]) => `${k}=${v}`);
            setData(metadata, pairs.join("  "));
            setTitle(metadata, pairs.join("\n"));
        },
    };
}

const headings = [
    ["instance.hostname", ""], ["instance.zone", "opt"], ["instance.status", ""],
    ["instance.age", "num"], ["instance.version", "opt"], ["instance.metadata", "opt"],
];

function pollerRow() {
    const name = el("span.strong.cut");
    const from = el("span.soft.mono.cut");
    const since = el("span.soft.num");
    return {
        node: el("li.side-row.poller", {}, name, from, since),
        update(poller) {
            setData(name, poller.hostname || poller.from);
            setData(from, poller.from);
            setData(since, poller.since ? ago(poller.since) : none);
            setTitle(since, poller.since ? whole(poller.since) : "");
        },
    };
}

function weightRow() {
    const src = el("span.strong");
    const weights = el("span.soft.mono");
    return {
        node: el("li.side-row", {}, src, weights),
        update([zone, dst]) {
            setData(src, zone);
            setData(weights, dst);
        },
    };
}

/** Clients' zone → "zone weight  zone weight". */
const weightRows = (schedule) =>
    Object.entries(schedule?.clients ?? {}).map(([zone, to]) =>
        [zone, Object.entries(to).map(([name, weight]) => `${name} ${weight}`).join("  ")]);

function aside(env, appid, events) {
    const pollers = el("ul.side-list");
    const drawPollers = keyed(pollers, (poller) => `${poller.from} ${poller.hostname} ${poller.zone}`,
                              pollerRow);
    const noPollers = el("p.soft", { text: "app.pollers.none" });
    const waits = el("span.count");
    const weights = el("ul.side-list");
    const drawWeights = keyed(weights, ([zone]) => zone, weightRow);
    const noWeights = el("p.soft", { text: "app.schedule.none" });
    const edit = editing({ env, appid });
    const fold = (key, open, ...children) =>
        el("details.side", { open }, el("summary.heading", { text: key }), ...children);
    const wide = matchMedia("(min-width: 1100px)").matches;
    return {
        node: el("aside.aside", {},
                 el("details.side", { open: wide },
                    el("summary.heading", {}, el("span", { text: "app.pollers" }), waits),
                    noPollers, pollers),
                 fold("app.schedule", wide, noWeights, weights, edit),
                 fold("app.events", wide, events.node)),
        update(answer) {
            const waiting = answer.pollers ?? [];
            drawPollers(waiting.slice(0, 50));
            show(noPollers, waiting.length === 0);
            setData(waits, number(answer.pollers_total ?? waiting.length));
            const rowsOf = weightRows(answer.schedule);
            drawWeights(rowsOf);
            show(noWeights, rowsOf.length === 0);
        },
    };
}

export function app(env, appid) {
    const counts = el("p.soft.count-said", { "aria-live": "polite" });
    const zones = strip();
    const legend = el("p.soft.zone-legend");
    const failed = el("p.notice-line", { hidden: true });
    const nothing = el("div.empty-state", { hidden: true }, el("p.strong", { text: "app.none" }),
                       el("p.soft", { text: "app.none.why" }));
    const find = el("input.input", { type: "search", placeholder: "app.find", label: "app.find" });
    const panel = instancePanel();
    let timer = 0;
    let typed = 0;
    const source = new Paged(
        async (after, signal) => {
            const answer = await get(`apps/${path(env, appid)}`,
                                     { limit: page_rows, after, q: find.value.trim() }, signal);
            if (!after) {
                about(answer);
            }
            return { rows: answer.instances, next: answer.next,
                     total: answer.total };
        },
        () => changed(),
    );
    const list = rows({ make: makeRow, id: (one) => `${one.zone}/${one.hostname}`,
                        heights: [48, 76], source,
                        open: (instance) => panel.open({ env, appid, ...instance }) });
    const events = feed({ env, appid }, () => {
        timer ||= setTimeout(() => {
            timer = 0;
            asking.now();
        }, news_ms);
    });
    const side = aside(env, appid, events);

    function about(answer) {
        side.update(answer);
        zones.update(answer.zones);
        setData(legend, Object.entries(answer.zones ?? {}).sort((a, b) => b[1] - a[1]).slice(0, 6)
            .map(([zone, n]) => `${zone} ${number(n)}`).join("  ·  "));
        setText(counts, ["app.counts", { up: number(answer.up), waiting: number(answer.waiting),
                                         idle: number(answer.idle ?? 0) }]);
    }

    function changed() {
        const gone = source.failure?.status === 404;
        show(failed, Boolean(source.failure) && !gone);
        if (source.failure && !gone) {
            setText(failed, ["failed", { why: source.failure.message }]);
        }
        show(nothing, gone || (source.ended && source.loaded === 0));
        show(list.node, !gone);
        list.update();
    }

    find.addEventListener("input", () => {
        clearTimeout(typed);
        typed = setTimeout(() => {
            source.reset();
            list.forget();
            list.update();
        }, typed_ms);
    });
    const asking = repeat(2000, () => source.refresh());
    const aging = setInterval(list.update, 1000);
    return {
        title: "nav.apps",
        list,
        up: [["apps"], narrowed.query],
        node: el(
            "div.page.wide",
            {},
            el("div.bar-top", {},
               el("a.back", { href: link(["apps"], narrowed.query), label: "app.back" }, el("span", { text: "app.back" })),
               el("h1.title.cut", { data: appid }), el("span.chip", { data: env }), counts,
               el("div.app-strip", {}, zones.node, legend)),
            failed,
            el("div.app-columns", {},
               side.node,
               el("div.app-main", {},
                  el("div.list-tools", {}, find),
                  el("div.list.instances-list", { role: "table", label: "app.instances" },
                     el("div.row.list-head", { role: "row" }, headings.map(heading)), list.node),
                  nothing)),
            panel.node,
        ),
        update() {},
        stop() {
            clearInterval(aging);
            clearTimeout(timer);
            clearTimeout(typed);
            asking.stop();
            events.stop();
            source.reset();
            list.stop();
            panel.close();
        },
    };
}
