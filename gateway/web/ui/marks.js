// Small parts that say how something is: by shape and word, not by colour alone.
import { el, setAttr, setText, setTitle } from "./dom.js";

const shapes = {
    ok: () => [
        el("circle", { cx: 8, cy: 8, r: 7, class: "mark-ground" }),
        el("path", { d: "M4.8 8.2l2.2 2.2 4.2-4.6", class: "mark-sign" }),
    ],
    notice: () => [
        el("path", { d: "M8 1.2L15.4 14.4H.6Z", class: "mark-ground" }),
        el("path", { d: "M8 6v3.6M8 11.7v.6", class: "mark-sign" }),
    ],
    bad: () => [
        el("rect", { x: 1, y: 1, width: 14, height: 14, rx: 3, class: "mark-ground" }),
        el("path", { d: "M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6", class: "mark-sign" }),
    ],
    none: () => [el("circle", { cx: 8, cy: 8, r: 5.5, class: "mark-ring" })],
};

const themes = {
    system: () => [el("circle", { cx: 8, cy: 8, r: 6, class: "sign-line" }),
                   el("path", { d: "M8 2a6 6 0 0 1 0 12Z", class: "sign-ground" })],
    light: () => [el("circle", { cx: 8, cy: 8, r: 3, class: "sign-line" }),
                  el("path", { class: "sign-line", d: "M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2" +
                               "M11.8 11.8L13 13M13 3l-1.2 1.2M4.2 11.8L3 13" })],
    dark: () => [el("path", { d: "M13.5 9.6A6 6 0 1 1 6.4 2.5a4.8 4.8 0 0 0 7.1 7.1Z",
                              class: "sign-line" })],
};

export const themeSign = (name) =>
    el("svg.sign", { viewBox: "0 0 16 16", "aria-hidden": "true" }, themes[name]());

export const levels = ["ok", "notice", "bad"];
export const worse = (a, b) => (levels.indexOf(b) > levels.indexOf(a) ? b : a);

export function mark(level = "none") {
    const node = el("svg.mark", { viewBox: "0 0 16 16", "aria-hidden": "true" });
    let shown = null;
    const update = (to) => {
        const next = to in shapes ? to : "none";
        if (next !== shown) {
            shown = next;
            node.setAttribute("class", `mark mark-${next}`);
            node.replaceChildren(...shapes[next]());
        }
    };
    update(level);
    return { node, update };
}

/** A mark and a word. said: a key of the table. */
export function badge(test) {
    const sign = mark();
    const word = el("span");
    const node = el("span.badge", { test }, sign.node, word);
    return {
        node,
        update(level, said, title) {
            node.dataset.level = level;
            sign.update(level);
            setText(word, said);
            if (title !== undefined) {
                setTitle(node, title);
            }
        },
    };
}

/** A share of a whole as a bar; level colours it. mark: a share where a tick stands. */
export function bar(label) {
    const fill = el("span.bar-fill.eased");
    const tick = el("span.bar-tick.eased", { hidden: true });
    const node = el("span.bar", { role: "meter", "aria-valuemin": 0, "aria-valuemax": 100, label },
                    fill, tick);
    return {
        node,
        update(share, level = "accent", at = null) {
            const width = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0));
            fill.style.width = `${(width * 100).toFixed(2)}%`;
            node.dataset.level = level;
            setAttr(node, "aria-valuenow", Math.round(width * 100));
            tick.hidden = at === null;
            if (at !== null) {
                tick.style.left = `${(Math.max(0, Math.min(1, at)) * 100).toFixed(2)}%`;
            }
        },
    };
}

/** Instances by zone: a strip, as wide as each zone's share, the largest first. */
export function strip() {
    const node = el("span.strip");
    let drawn = "";
    return {
        node,
        update(zones) {
            const rows = Object.entries(zones ?? {})
                .filter(([, n]) => n > 0)
                .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
            const text = rows.map(([zone, n]) => `${zone}: ${n}`).join("\n");
            if (text === drawn) {
                return;
            }
            drawn = text;
            setTitle(node, text);
            while (node.childElementCount > rows.length) {
                node.lastElementChild.remove();
            }
            rows.forEach(([, n], i) => {
                const part = node.children[i] ??
                    node.appendChild(el("span", { "data-shade": Math.min(i, 5) }));
                part.style.flexGrow = String(n);
            });
        },
    };
}
