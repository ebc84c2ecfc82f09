// The node itself: its configuration, its counters, its logs, and what to send when asked for help.
import { el } from "../dom.js";
import { go, link } from "../route.js";
import { config } from "./config.js";
import { counters } from "./counters.js";
import { help } from "./help.js";
import { logs } from "./logs.js";

const tabs = { config, counters, logs, help };

export function node(chosen, query) {
    const name = chosen in tabs ? chosen : "config";
    const names = Object.keys(tabs);
    const body = tabs[name](query);
    const list = el(
        "div.tabs",
        { role: "tablist", label: "node.title" },
        names.map((tab) => el("a.tab", {
            role: "tab", href: link(["node", tab]), text: `node.${tab}`, "data-tab": tab,
            "aria-selected": String(tab === name), tabindex: tab === name ? 0 : -1,
        })),
    );
    list.addEventListener("keydown", (event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (by) {
            event.preventDefault();
            go(["node", names[(names.indexOf(name) + by + names.length) % names.length]]);
        }
    });
    return {
        title: "nav.node",
        focus: () => list.querySelector("[aria-selected=true]").focus(),
        node: el("div.page", {}, el("div.bar-top", {}, el("h1.title", { text: "node.title" }), list),
                 el("div.card.flush", { role: "tabpanel", label: `node.${name}` }, body.node)),
        update(live) {
            body.update?.(live);
        },
        stop: () => body.stop?.(),
    };
}
