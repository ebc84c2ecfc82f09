// Every setting in force, and where it is from.
import { get } from "../api.js";
import { el, setAttr, setData, setText, show } from "../dom.js";
import { table } from "../table.js";

const columns = [
    { key: "config.key", class: "key" }, { key: "config.value", class: "setting" }, { key: "config.from", class: "from opt" },
    { key: "config.help", class: "opt" },
];

const isDefault = (row) => row.from === "the default" || row.from === "default";

function row() {
    const key = el("span.mono.strong");
    const value = el("span.mono.value");
    const from = el("span.soft");
    const help = el("span.soft");
    return {
        cells: [key, value, from, help],
        update(setting, line) {
            setAttr(line, "data-default", isDefault(setting));
            setData(key, setting.key);
            setData(value, setting.value === "" ? "\"\"" : setting.value);
            if (isDefault(setting)) {
                delete from.dataset.d;
                setText(from, "config.default");
            } else {
                setData(from, setting.from);
            }
            setData(help, setting.help);
        },
    };
}

export function config() {
    const it = table({ label: "node.config", columns, key: (setting) => setting.key, row,
                       test: "config-row" });
    const failed = el("p.notice-line", { hidden: true });
    const find = el("input.input", { type: "search", placeholder: "config.find", label: "config.find" });
    const only = el("input", { type: "checkbox" });
    const stopped = new AbortController();
    let settings = [];
    function update() {
        const wanted = find.value.toLowerCase();
        it.update(settings.filter((row) =>
            (!only.checked || !isDefault(row)) &&
            `${row.key} ${row.value} ${row.help}`.toLowerCase().includes(wanted)));
    }
    find.addEventListener("input", update);
    only.addEventListener("change", update);
    get("config", {}, stopped.signal).then(
        (answer) => {
            settings = answer.config;
            update();
        },
        (error) => {
            if (!stopped.signal.aborted) {
                setText(failed, ["failed", { why: error.message }]);
                show(failed, true);
            }
        },
    );
    return {
        node: el("div", {}, el("div.tools", {}, find, el("label.check-box", {}, only,
                 el("span", { text: "config.changed" }))), failed, it.node),
        stop: () => stopped.abort(),
    };
}
