// What the actors say, as they say it.
import { listen } from "../api.js";
import { command, logLevel } from "../commands.js";
import { el, show } from "../dom.js";
import { clock, whole } from "../format.js";
import { mark } from "../marks.js";
import { kept, keep } from "../kept.js";
import { live } from "../live.js";
import { actorName } from "./actors.js";

const lines_max = 500;
const levels = ["error", "warn", "info", "debug"];
const signs = { error: "bad", warn: "notice", info: "none", debug: "none" };
const known = new Set(["time", "level", "node", "actor", "index", "event", "text"]);

function makeLine(entry) {
    const level = String(entry.level ?? "info").toLowerCase();
    const fields = Object.entries(entry).filter(([name]) => !known.has(name));
    const text = [entry.text, ...fields.map(([name, value]) =>
        `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`)].filter(Boolean);
    return el(
        "li.log-line",
        { "data-level": level },
        el("time.soft.mono", { data: clock(entry.time), titleData: whole(entry.time) }),
        mark(signs[level] ?? "none").node,
        el("span.log-actor.soft", { data: actorName(entry) }),
        el("span.log-event.mono.strong", { data: entry.event }),
        el("span.log-text.mono", { data: text.join(" ") }),
    );
}

function choice(key, values, chosen, changed) {
    const node = el("select.select", { label: key }, values.map(([value, props]) =>
        el("option", { value, selected: value === chosen, ...props })));
    node.addEventListener("change", () => changed(node.value));
    return node;
}

export function logs() {
    const list = el("ol.log");
    const nothing = el("p.soft.nothing", { text: "logs.none" });
    const cut = el("p.notice-line", { text: "events.cut", hidden: true });
    const more = command(logLevel("registry"));
    let level = kept("log.level") ?? "info";
    let actor = "";
    let source = null;
    let waiting = [];
    let frame = 0;

    function draw() {
        frame = 0;
        const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40;
        list.append(...waiting.slice(-lines_max).map(makeLine));
        waiting = [];
        while (list.childElementCount > lines_max) {
            list.firstElementChild.remove();
        }
        show(nothing, list.childElementCount === 0);
        if (atEnd) {
            list.scrollTop = list.scrollHeight; // who reads further up stays there
        }
    }

    function begin() {
        source?.stop();
        list.replaceChildren();
        waiting = [];
        draw();
        source = listen("logs", { level, actor, since: "15m" }, ["log"],
            (kind, entry) => {
                waiting.push(entry);
                frame ||= requestAnimationFrame(draw);
            },
            (heard) => {
                show(cut, !heard);
                if (heard) { // after a cut all is told again, too: lines have no ids
                    list.replaceChildren();
                    waiting = [];
                }
            });
    }

    begin();
    const names = ["", ...live.actors.map(actorName)];
    return {
        node: el(
            "div",
            {},
            el("div.tools", {},
               choice("logs.level", levels.map((name) => [name, { text: `logs.level.${name}` }]), level,
                      (to) => {
                          level = to;
                          keep("log.level", to);
                          begin();
                      }),
               choice("logs.actor", names.map((name) => [name, name ? { data: name }
                                                                    : { text: "logs.actor.all" }]),
                      actor, (to) => {
                          actor = to;
                          begin();
                      }),
               el("span.grow"), el("span.soft", { text: "logs.more" }), more.node),
            cut, nothing, list),
        stop() {
            source?.stop();
            cancelAnimationFrame(frame);
        },
    };
}
