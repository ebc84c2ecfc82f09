// Short tables: one row a thing, written over as it changes.
import { el, keyed, show } from "./dom.js";

/** columns: [{key: of its heading, class}]. row() → {cells: [node], update(item, row)}. */
export function table({ label, columns, key, row, test, empty }) {
    const body = el("tbody");
    const nothing = el("p.soft.nothing", { text: empty ?? "table.empty", hidden: true });
    const node = el(
        "div.table-room",
        {},
        el(
            "table.table",
            { label },
            el("thead", {}, el("tr", {}, columns.map((column) => el(
                `th${column.class ? `.${column.class}` : ""}`,
                { scope: "col", text: column.key })))),
            body,
        ),
        nothing,
    );
    const draw = keyed(body, key, (item) => {
        const { cells, update } = row(item);
        const line = el("tr", { test, id: key(item) }, cells.map((cell, i) => {
            const { class: name } = columns[i];
            return el(`td${name ? `.${name}` : ""}`, {}, cell);
        }));
        return { node: line, update: (to) => update(to, line) };
    });
    return {
        node,
        update(items) {
            draw(items);
            show(nothing, items.length === 0);
        },
    };
}
