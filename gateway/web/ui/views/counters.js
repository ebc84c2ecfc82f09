// All that the node counts, with what it means: /metrics, as Prometheus reads it.
import { repeat } from "../api.js";
import { el, setData, setText, show } from "../dom.js";
import { bytes, duration, number } from "../format.js";
import { table } from "../table.js";

const shown_max = 400;
const sample = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/;

/** The text form, as [{name, labels, value, help}]; a histogram's buckets are left out. Pure. */
export function exposition(text) {
    const helps = new Map();
    const rows = [];
    for (const line of text.split("\n")) {
        if (line.startsWith("# HELP ")) {
            const at = line.indexOf(" ", 7);
            helps.set(line.slice(7, at), line.slice(at + 1));
        } else if (line && line[0] !== "#") {
            const found = sample.exec(line);
            if (found && !found[1].endsWith("_bucket")) {
                rows.push({ name: found[1], labels: found[2] ?? "", value: Number(found[3]) });
            }
        }
    }
    for (const row of rows) {
        row.help = helps.get(row.name) ?? helps.get(row.name.replace(/_(sum|count)$/, "")) ?? "";
    }
    return rows;
}

function valueOf({ name, value }) {
    if (/_bytes(_sum|_max)?$/.test(name)) {
        return bytes(value);
    }
    if (/_seconds(_sum)?$/.test(name)) {
        return duration(value * 1000);
    }
    return number(value, 3);
}

const columns = [
    { key: "counters.name", class: "counter" }, { key: "counters.value", class: "num" },
    { key: "counters.help", class: "opt" },
];

function row() {
    const name = el("span.mono.strong");
    const labels = el("span.soft.mono.line");
    const value = el("span.strong");
    const help = el("span.soft");
    return {
        cells: [el("div", {}, name, labels), value, help],
        update(counter) {
            setData(name, counter.name);
            setData(labels, counter.labels.replaceAll('"', "").replaceAll(",", " "));
            setData(value, valueOf(counter));
            setData(help, counter.help);
        },
    };
}

export function counters() {
    const it = table({ label: "node.counters", columns, row, test: "counter-row",
                       key: (counter) => `${counter.name}{${counter.labels}}` });
    const find = el("input.input", { type: "search", placeholder: "counters.find",
                                     label: "counters.find" });
    const zeros = el("input", { type: "checkbox" });
    const failed = el("p.notice-line", { hidden: true });
    const more = el("p.soft.nothing", { hidden: true });
    let all = [];
    function update() {
        const wanted = find.value.toLowerCase().split(/\s+/);
        const found = all.filter((counter) => {
            const text = `${counter.name} ${counter.labels} ${counter.help}`.toLowerCase();
            return (zeros.checked || counter.value !== 0) &&
                wanted.every((word) => text.includes(word));
        });
        it.update(found.slice(0, shown_max));
        show(more, found.length > shown_max);
        setText(more, ["counters.more", { count: number(found.length - shown_max) }]);
    }
    find.addEventListener("input", update);
    zeros.addEventListener("change", update);
    const asking = repeat(
        3000,
        async (signal) => {
            const answer = await fetch(new URL("../metrics", document.baseURI), { signal });
            if (!answer.ok) {
                throw new Error(String(answer.status));
            }
            all = exposition(await answer.text());
            show(failed, false);
            update();
        },
        (error) => {
            setText(failed, ["failed", { why: error.message }]);
            show(failed, true);
        },
    );
    return {
        node: el("div", {}, el("div.tools", {}, find, el("label.check-box", {}, zeros,
                 el("span", { text: "counters.zeros" }))), failed, it.node, more),
        stop: asking.stop,
    };
}
