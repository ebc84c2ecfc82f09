// What has happened, the newest first; what came in a burst is one row with a count.
import { listen } from "./api.js";
import { el, keyed, setAttr, setData, setText, setTitle, show } from "./dom.js";
import { clock, moment, number, whole, wholes } from "./format.js";
import { mark } from "./marks.js";

export const kinds = [
    "register", "re-register", "set", "cancel", "evict", "round", "protection", "node", "storage",
    "actor", "schedule",
];

const burst_ms = 5000; // what is no further apart is one
const shown_max = 50;
const hosts_max = 3;
const seen_max = 2000;

/** How bad it is that it happened. */
function level({ kind, after }) {
    switch (kind) {
    case "evict":
        return "bad";
    case "cancel":
        return "notice";
    case "storage":
        return after?.ok && !after.damaged ? "ok" : "bad";
    case "protection":
        return after?.on ? "notice" : "ok";
    case "node":
        return after === null ? "none" : after?.status === "up" ? "ok" : "bad";
    case "actor":
        return after?.state === "up" ? "ok" : "bad";
    case "round":
        return after?.ok === false ? "notice" : "none";
    default:
        return "none";
    }
}

/** What it happened to; nothing: to the node itself. */
const whomOf = ({ kind, appid, node, actor }) => appid ?? node ?? (kind === "actor" ? actor : "");

const plain = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value)
                                                                       : String(value ?? "–"));

/** "status: up → waiting", of what differs; at most a few. */
function difference(before, after) {
    if (before === undefined || before === null || after === undefined || after === null) {
        return "";
    }
    if (typeof before !== "object" || typeof after !== "object") {
        return before === after ? "" : `${plain(before)} → ${plain(after)}`;
    }
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys
        .filter((key) => plain(before[key]) !== plain(after[key]))
        .slice(0, 3)
        .map((key) => `${key}: ${plain(before[key])} → ${plain(after[key])}`)
        .join(", ");
}

/** Groups of events; pure. */
export class Bursts {
    constructor() {
        this.groups = []; // the newest first
        this.seen = new Set();
        this.count = 0;
    }

    /** False: it was told before. */
    add(kind, event, id) {
        // Only the registry's have ids: others are given the one before by the browser.
        const told = event.appid ? id : [event.time, kind, event.actor, event.node].join(" ");
        if (this.seen.has(told)) {
            return false; // told again after a cut
        }
        this.seen.add(told);
        if (this.seen.size > seen_max) {
            this.seen.delete(this.seen.values().next().value);
        }
        const at_ms = moment(event.time) || Date.now();
        const key = [kind, event.env, event.appid, event.node, event.actor, event.reason].join("\n");
        const at = this.groups.findIndex((group) => group.key === key);
        const last = this.groups[at];
        if (last && at_ms - last.last_ms <= burst_ms && event.appid) {
            last.count++;
            last.last_ms = Math.max(last.last_ms, at_ms);
            if (event.hostname && last.hosts.length < hosts_max && !last.hosts.includes(event.hostname)) {
                last.hosts.push(event.hostname);
            }
            this.groups.unshift(...this.groups.splice(at, 1));
            return true;
        }
        this.groups.unshift({
            number: this.count++, key, event: { ...event, kind }, count: 1, first_ms: at_ms, last_ms: at_ms,
            hosts: event.hostname ? [event.hostname] : [],
        });
        this.groups.length = Math.min(this.groups.length, shown_max);
        return true;
    }
}

function makeRow() {
    const time = el("time.soft");
    const sign = mark();
    const kind = el("span.event-kind");
    const times = el("span.count");
    const what = el("span.strong.cut");
    const where = el("span.soft.cut");
    const change = el("span.event-change.cut");
    const reason = el("span.soft.event-reason");
    const node = el("li.event", { test: "event-row" }, time, sign.node, kind,
                    el("span.event-what", {}, what, times, where),
                    el("span.event-note", {}, change, reason));
    return {
        node,
        update(group) {
            const { event } = group;
            const hosts = group.hosts.join(", ") + (group.count > group.hosts.length ? " …" : "");
            setAttr(node, "data-id", event.appid ? `${event.env}/${event.appid}` : whomOf(event));
            node.dataset.kind = event.kind;
            setData(time, clock(group.last_ms));
            setTitle(time, whole(group.last_ms));
            sign.update(level(event));
            setText(kind, `event.${event.kind}`);
            const whom = whomOf(event);
            setData(what, whom || event.reason || "");
            what.classList.toggle("strong", Boolean(whom));
            show(times, group.count > 1);
            const took_s = Math.round((group.last_ms - group.first_ms) / 1000);
            setText(times, [took_s > 0 ? "event.times" : "event.times.at_once",
                            { count: number(group.count), time: wholes(took_s) }]);
            setData(where, event.appid ? [hosts, event.zone, event.env].filter(Boolean).join(" · ")
                                       : "");
            const changed = group.count === 1 ? difference(event.before, event.after) : "";
            setData(change, changed);
            setTitle(change, changed);
            show(change, changed !== "");
            setData(reason, event.reason);
            show(reason, Boolean(event.reason && whom));
        },
    };
}

/** {node, stop()}. parameters: env and appid, for one app's. news(kind, event): as they come. */
export function feed(parameters = {}, news = () => {}) {
    const list = el("ol.events", { "aria-live": "off" });
    const nothing = el("p.soft.nothing", { text: "events.none" });
    const cut = el("p.notice-line", { text: "events.cut", hidden: true });
    const draw = keyed(list, (group) => group.number, makeRow);
    const bursts = new Bursts();
    let frame = 0;

    function update() {
        frame = 0;
        draw(bursts.groups);
        show(nothing, bursts.groups.length === 0);
    }

    const source = listen("events", { ...parameters, last: shown_max }, [...kinds, "lost"],
        (kind, event, id) => {
            if (kind === "lost") {
                return;
            }
            if (bursts.add(kind, event, id)) {
                news(kind, event);
                frame ||= requestAnimationFrame(update);
            }
        },
        (heard) => show(cut, !heard));
    return {
        node: el("div", {}, cut, nothing, list),
        stop() {
            source.stop();
            cancelAnimationFrame(frame);
        },
    };
}
