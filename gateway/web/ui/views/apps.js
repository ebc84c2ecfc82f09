// All apps: those that lost most lately first, found by name, however many there are.
import { get, repeat } from "../api.js";
import { el, setAttr, setData, setText, setTitle, show } from "../dom.js";
import { ago, none, number, whole } from "../format.js";
import { strip } from "../marks.js";
import { Paged } from "../paged.js";
import { go, link } from "../route.js";
import { rows } from "../rows.js";

const page_rows = 200;
const sorts = ["lost", "name", "count"];

const idOf = (app) => `${app.env}/${app.appid}`;

function makeRow() {
    const appid = el("a.strong.cut");
    const env = el("span.chip");
    const up = el("span.num", { role: "cell" });
    const zones = strip();
    const waiting = el("span.num.opt", { role: "cell" });
    const idle = el("span.num.opt", { role: "cell" });
    const lost = el("span.num", { role: "cell" });
    const pollers = el("span.num.opt", { role: "cell" });
    const changed = el("span.num.soft.opt", { role: "cell" });
    const node = el(
        "div.row.app-row",
        { role: "row", test: "app-row" },
        el("span.app-name", { role: "rowheader" }, appid, env),
        up,
        el("span.zones", { role: "cell" }, zones.node),
        waiting, idle, lost, pollers, changed,
    );
    return {
        node,
        update(app) {
            setAttr(node, "data-id", idOf(app));
            setData(appid, app.appid);
            setTitle(appid, app.appid);
            setAttr(appid, "href", link(["apps", app.env, app.appid]));
            setData(env, app.env);
            setData(up, number(app.up));
            setAttr(up, "data-level", app.up === 0 ? "bad" : null);
            zones.update(app.zones);
            setData(waiting, number(app.waiting));
            setData(idle, number(app.idle));
            setAttr(idle, "data-level", app.idle > 0 ? "notice" : null);
            setData(lost, number(app.lost_10m));
            setAttr(lost, "data-level", app.lost_10m > 0 ? "bad" : null);
            setData(pollers, number(app.pollers));
            setData(changed, app.changed ? ago(app.changed) : none);
            setTitle(changed, app.changed ? whole(app.changed) : "");
        },
    };
}

const headings = [
    ["apps.appid", ""], ["apps.up", "num"], ["apps.zones", ""], ["apps.waiting", "num.opt"],
    ["apps.idle", "num.opt"], ["apps.lost", "num"], ["apps.pollers", "num.opt"],
    ["apps.changed", "num.opt"],
];

export const heading = ([key, classes]) =>
    el(["span", ...classes.split(".").filter(Boolean)].join("."),
       { role: "columnheader", text: key, title: `${key}.title` });

function choice(key, values, chosen, changed, word) {
    const select = el("select.select", { label: key, on: { change: () => changed(select.value) } },
                      values.map((value) => el("option", { value, selected: value === chosen,
                                                           ...word(value) })));
    return select;
}

/** What the list was narrowed to last: the way back from an app leads there. */
export const narrowed = { query: {} };

export function apps(query) {
    const { env = "", q = "", sort = "lost" } = query;
    narrowed.query = query;
    const count = el("p.soft.count-said", { "aria-live": "polite" });
    const failed = el("p.notice-line", { hidden: true });
    const nothing = el("div.empty-state", { hidden: true }, el("p.strong", { text: "apps.none" }),
                       el("p.soft", { text: q || env ? "apps.none.query" : "apps.none.at_all" }));
    const source = new Paged(
        async (after, signal) => {
            const answer = await get("apps", { env, q, sort, limit: page_rows, after }, signal);
            const named = (answer.envs ?? []).map((one) => one.env);
            drawEnvs([...new Set([...named, env])].filter(Boolean).sort());
            return { rows: answer.apps, next: answer.next, total: answer.total };
        },
        () => changed(),
    );
    const list = rows({ make: makeRow, id: idOf, heights: [44, 60], source,
                        open: (app) => go(["apps", app.env, app.appid]) });

    function changed() {
        show(failed, Boolean(source.failure));
        if (source.failure) {
            setText(failed, ["failed", { why: source.failure.message }]);
        }
        const known = source.ended ? source.loaded : source.total;
        setText(count, known === undefined
            ? ["apps.count.more", { count: number(source.loaded) }]
            : ["apps.count", { n: known, count: number(known) }]);
        show(nothing, source.ended && source.loaded === 0);
        list.update();
    }

    const envs = el("span.filter");
    const chosen = (name, value) => go(["apps"], { ...query, [name]: value });
    let known = "";
    function drawEnvs(names) {
        if (names.join("\n") === known) {
            return;
        }
        known = names.join("\n");
        envs.replaceChildren(choice("apps.env", ["", ...names], env, (to) => chosen("env", to),
            (value) => (value ? { data: value } : { text: "apps.env.all" })));
    }
    drawEnvs([env].filter(Boolean));
    const asking = repeat(2000, () => source.refresh());
    return {
        title: "nav.apps",
        list,
        node: el(
            "div.page.wide",
            {},
            el("div.bar-top", {}, el("h1.title", { text: "apps.title" }), count, el("span.grow"), envs,
               choice("apps.sort", sorts, sort, (to) => chosen("sort", to),
                      (value) => ({ text: `apps.sort.${value}` }))),
            failed,
            el("div.list.apps-list", { role: "table", label: "apps.title" },
               el("div.row.list-head", { role: "row" }, headings.map(heading)), list.node),
            nothing,
        ),
        update() {},
        stop() {
            asking.stop();
            source.reset();
            list.stop();
        },
    };
}
