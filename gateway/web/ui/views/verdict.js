// How it is, in one sentence, the worst first; then each check that is not as it should be.
import { el, keyed, setAttr, setData, setText, setTitle, show } from "../dom.js";
import { ago, whole, wholes } from "../format.js";
import { has, language } from "../i18n.js";
import { levels, mark } from "../marks.js";

const patience_ms = 4000; // silent for longer: it does not answer

/** A known check in the language that is chosen; else what the node says, which is English. */
function sentence(check) {
    const key = `said.${check.name}.${check.level}`;
    return has(key) ? { text: key } : { data: check.text };
}

function put(node, said) {
    if (said.text) {
        delete node.dataset.d;
        setText(node, said.text);
    } else {
        setData(node, said.data);
    }
}

function makeCheck() {
    const sign = mark();
    const name = el("span.strong");
    const text = el("span.check-text");
    const since = el("span.soft");
    const node = el("li.check", {}, sign.node, name, text, since);
    return {
        node,
        update(check) {
            sign.update(check.level);
            put(name, has(`check.${check.name}`) ? { text: `check.${check.name}` }
                                                 : { data: check.name });
            put(text, { data: check.text });
            show(since, Boolean(check.since));
            setData(since, check.since ? ago(check.since) : "");
            setTitle(since, check.since ? whole(check.since) : "");
        },
    };
}

/** {level, text or data}: what the page itself knows counts above what was told before. */
function judged({ status, failure, heard_ms }) {
    const silent_ms = Date.now() - heard_ms;
    if (failure && (!status || silent_ms > patience_ms)) {
        return {
            level: "bad",
            text: status ? ["verdict.silent", { time: wholes(silent_ms / 1000) }]
                         : "verdict.no_answer",
        };
    }
    const { verdict, checks } = status;
    const worst = (checks ?? [])
        .filter((check) => check.level === verdict.level)
        .at(0);
    if (language() !== "en") {
        if (verdict.level === "ok") {
            return { level: "ok", text: "verdict.ok" };
        }
        const said = worst && sentence(worst);
        if (said?.text) {
            return { level: verdict.level, ...said };
        }
    }
    return { level: verdict.level, data: verdict.text };
}

export function verdict() {
    const sign = mark();
    const word = el("p.verdict-word");
    const text = el("p.verdict-text");
    const about = el("p.verdict-about.soft");
    const list = el("ul.checks");
    const draw = keyed(list, (check) => check.name + check.text, makeCheck);
    const node = el(
        "section.verdict",
        { test: "verdict", role: "status", "aria-live": "polite", "aria-atomic": "true" },
        sign.node,
        el("div.verdict-words", {}, word, text, about, list),
    );
    return {
        node,
        update(live) {
            const { level, ...said } = judged(live);
            setAttr(node, "data-level", level);
            sign.update(level);
            setText(word, `verdict.word.${level}`);
            put(text, said);
            const { status } = live;
            show(about, Boolean(status));
            if (status) {
                setText(about, ["verdict.about", { node: status.node, zone: status.zone,
                                                   version: status.version }]);
            }
            const checks = (status?.checks ?? []).filter((check) => check.level !== "ok");
            checks.sort((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level));
            draw(checks.length > 1 || language() !== "en" ? checks : []);
        },
    };
}
