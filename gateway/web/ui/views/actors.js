// The processes of this node.
import { el, setAttr, setData, setText, setTitle, show } from "../dom.js";
import { bytes, duration, none, number, wholes } from "../format.js";
import { badge } from "../marks.js";
import { table } from "../table.js";

const columns = [
    { key: "actor.name" },
    { key: "actor.state" },
    { key: "actor.uptime", class: "num" },
    { key: "actor.restarts", class: "num opt" },
    { key: "actor.rss", class: "num" },
    { key: "actor.turn", class: "num opt" },
    { key: "actor.answered", class: "num opt" },
    { key: "actor.pid", class: "num opt" },
];

const many = new Set(["gateway", "etcd"]);
export const actorName = ({ actor, index }) => (many.has(actor) ? `${actor}.${index}` : actor);

const levelOf = { up: "ok", starting: "notice", stopped: "bad", silent: "bad" };
const turn_limit_ms = 10;

function row() {
    const name = el("span.strong");
    const help = el("span.soft.line");
    const state = badge();
    const reason = el("span.soft.line");
    const uptime = el("span");
    const restarts = el("span");
    const rss = el("span");
    const turn = el("span");
    const answered = el("span");
    const pid = el("span.soft");
    return {
        cells: [el("div", {}, name, help), el("div", {}, state.node, reason), uptime, restarts, rss,
                turn, answered, pid],
        update(actor, line) {
            setData(name, actorName(actor));
            setText(help, `actor.is.${actor.actor}`);
            setAttr(line, "data-state", actor.state);
            setAttr(line, "data-pid", actor.pid);
            state.update(levelOf[actor.state] ?? "none", `state.${actor.state}`);
            show(reason, Boolean(actor.last_restart_reason));
            setData(reason, actor.last_restart_reason);
            setData(uptime, wholes(actor.uptime_s));
            setData(restarts, number(actor.restarts ?? NaN));
            setAttr(restarts, "class", actor.restarts > 0 ? "strong" : "soft");
            setData(rss, bytes(actor.rss_bytes));
            setData(turn, duration(actor.turn_cpu_ms_max));
            setAttr(turn, "data-level", (actor.turn_cpu_ms_max ?? 0) > turn_limit_ms ? "notice" : null);
            setTitle(turn, "");
            setData(answered, actor.answered_ms_ago === null ? none
                                                             : duration(actor.answered_ms_ago));
            setData(pid, actor.pid ?? none);
        },
    };
}

export function actorsTable() {
    const it = table({ label: "overview.actors", columns, key: actorName, row, test: "actor-row" });
    return { node: it.node, update: ({ actors }) => it.update(actors) };
}
