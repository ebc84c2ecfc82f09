// Self-protection: heartbeats heard of those expected, what is needed, and when it ends.
import { el, setData, setText, show } from "../dom.js";
import { number, percent, wholes } from "../format.js";
import { has } from "../i18n.js";
import { badge, bar } from "../marks.js";

export function protection() {
    const state = badge();
    const said = el("p.protection-said");
    const heard = bar("protection.bar");
    heard.node.dataset.test = "protection-bar";
    const numbers = el("p.protection-numbers");
    const needed = el("p.soft");
    const reason = el("p.soft");
    const end = el("p.protection-end", { test: "protection-end" });
    let told = { at_ms: 0, next_s: null, on: false };
    const node = el("div.card.protection", {}, el("div.card-head", {}, state.node, said), heard.node,
                    el("div.spread", {}, numbers, needed), reason, end);

    /** Counts down between two answers. */
    function count() {
        const passed_s = (Date.now() - told.at_ms) / 1000;
        const left = (s) => wholes(Math.max(0, Math.ceil(s - passed_s)));
        if (told.next_s !== null) {
            setText(end, [told.on ? "protection.next" : "protection.next.off",
                          { time: left(told.next_s) }]);
        } else {
            setText(end, "protection.unknown");
        }
    }

    return {
        node,
        update({ status, heard_ms }) {
            const now = status?.protection;
            if (!now) {
                return;
            }
            const share = now.expected > 0 ? now.heard / now.expected : 1;
            const level = now.on ? "notice" : "ok";
            told = { at_ms: heard_ms, on: now.on,
                     next_s: now.ends_in_s ?? now.next_round_in_s ?? null };
            state.update(level, now.on ? "protection.on" : "protection.off");
            const why = `protection.why.${(now.reason ?? "").replaceAll(" ", "_")}`;
            const known = now.on && has(why);
            setText(said, known ? why : now.on ? "protection.on.said" : "protection.off.said");
            heard.update(share, now.on ? "notice" : "accent",
                         now.expected > 0 ? now.threshold / now.expected : null);
            setText(numbers, ["protection.heard", { heard: number(now.heard),
                              expected: number(now.expected), share: percent(share) }]);
            setText(needed, ["protection.needed", { count: number(now.threshold) }]);
            show(reason, Boolean(now.reason) && !known);
            setData(reason, now.reason);
            count();
        },
    };
}
