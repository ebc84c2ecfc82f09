// The keyboard: every view by two letters, every list by arrows.
import { el } from "./dom.js";

const shown = [
    ["/", "keys.search"], ["g h", "keys.overview"], ["g a", "keys.apps"], ["g n", "keys.node"],
    ["↑ ↓  j k", "keys.move"], ["Enter", "keys.open"], ["Esc", "keys.back"], ["t", "keys.theme"],
    ["l", "keys.lang"], ["?", "keys.help"],
];

export function keysPanel() {
    const close = el("button.button.quiet", { text: "close" });
    const node = el(
        "dialog.panel.small-panel",
        { label: "keys.title" },
        el("div.panel-head", {}, el("h2.title", { text: "keys.title" }), close),
        el("dl.keys", {}, shown.map(([keys, what]) => el("div.pair", {},
            el("dt", {}, el("kbd", { data: keys })), el("dd", { text: what })))),
    );
    close.addEventListener("click", () => node.close());
    node.addEventListener("click", (event) => event.target === node && node.close());
    return node;
}

const isTyping = (target) => target.closest("input, select, textarea, [contenteditable]");

/** acts: what each key does; view(): what is shown, with its list, if it has one. */
export function listenToKeys(acts, view) {
    let before = "";
    addEventListener("keydown", (event) => {
        const { key, target } = event;
        if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) {
            return;
        }
        const pair = before === "g" ? `g ${key}` : key;
        before = key === "g" && before !== "g" ? "g" : "";
        const list = view()?.list;
        const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[key];
        const typing = isTyping(target);
        if (typing && !(target.dataset.test === "app-search" &&
                        ["ArrowDown", "ArrowUp", "Enter", "Escape"].includes(key))) {
            return;
        }
        if (by && list) {
            list.move(by);
        } else if (key === "Enter" && list && (typing || target === document.body)) {
            list.enter();
        } else if (pair in acts) {
            acts[pair](event);
        } else {
            return;
        }
        event.preventDefault();
    });
}
