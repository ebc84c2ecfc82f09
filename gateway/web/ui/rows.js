// A long list of rows of one height in the page's own scroll: only those that are seen, and a few
// around them, are in the document.
import { el, setAttr } from "./dom.js";

const spare = 6; // rows kept above and below

const narrow = matchMedia("(max-width: 720px)");

/** make() → {node, update(row, index, heard_ms)}; id(row): its name, which stays when the list is put in
 *  another order; open(row): a row was chosen. heights: [wide, narrow]. */
export function rows({ make, id, open, heights, source }) {
    const node = el("div.rows", { role: "rowgroup" });
    const shown = new Map(); // index → part
    const free = [];
    let chosen = -1;
    let chosenId = null; // null: of whichever row stands there
    let entering = false; // Enter came before the first rows did
    let frame = 0;

    const height = () => heights[narrow.matches ? 1 : 0];

    function part(i) {
        let it = shown.get(i);
        if (!it) {
            it = free.pop();
            if (!it) {
                it = make();
                it.node.addEventListener("click", () => openAt(it.index, it.row));
                node.append(it.node);
            }
            it.index = i;
            it.node.style.transform = `translateY(${i * height()}px)`;
            setAttr(it.node, "aria-rowindex", i + 2);
            shown.set(i, it);
        }
        return it;
    }

    /** What was chosen stays chosen, wherever it stands now; if it is gone, what stands in its place. */
    function follow() {
        const row = source.at(chosen);
        if (chosen < 0 || row === undefined) {
            return;
        }
        if (chosenId !== null && id(row) !== chosenId) {
            const at = source.where((one) => id(one) === chosenId);
            chosen = at >= 0 ? at : chosen;
        }
        chosenId = id(source.at(chosen));
    }

    function draw() {
        frame = 0;
        follow();
        if (entering && (source.ended || source.at(0) !== undefined)) {
            entering = false;
            openAt(0, source.at(0));
        }
        const { top } = node.getBoundingClientRect();
        const count = source.count;
        const first = Math.max(0, Math.floor(-top / height()) - spare);
        const last = Math.min(count - 1, Math.ceil((innerHeight - top) / height()) + spare);
        node.style.height = `${count * height()}px`;
        setAttr(node.parentElement, "aria-rowcount", count + 1);
        for (const [i, it] of shown) {
            if (i < first || i > last) {
                shown.delete(i);
                free.push(it);
            }
        }
        for (let i = first; i <= last; i++) {
            const row = source.at(i);
            const it = part(i);
            it.node.classList.toggle("empty", row === undefined);
            it.node.classList.toggle("chosen", i === chosen);
            setAttr(it.node, "aria-current", i === chosen ? "true" : null);
            it.row = row;
            if (row !== undefined) {
                it.update(row, i, source.heard(i));
            }
        }
        for (const it of shown.values()) {
            it.node.hidden = false;
        }
        for (const it of free) {
            it.node.hidden = true; // only now: most were taken again, and have nothing to do but their texts
        }
        source.want(Math.max(0, first), Math.max(0, last));
    }

    function update() {
        frame ||= requestAnimationFrame(draw);
    }

    function choose(i, row) {
        chosen = i;
        chosenId = row === undefined ? null : id(row);
        update();
    }

    function openAt(i, row) {
        choose(i, row);
        if (row !== undefined) {
            open(row);
        }
    }

    function see(i) {
        const at = node.getBoundingClientRect().top + i * height();
        const room = 140; // what sticks to the top
        if (at < room) {
            scrollBy(0, at - room);
        } else if (at + height() > innerHeight - 8) {
            scrollBy(0, at + height() - innerHeight + 8);
        }
    }

    const resized = () => {
        for (const it of shown.values()) {
            it.node.style.transform = `translateY(${it.index * height()}px)`;
        }
        update();
    };
    addEventListener("scroll", update, { passive: true });
    addEventListener("resize", resized);
    return {
        node,
        update,
        /** The keyboard's: by so many rows. */
        move(by) {
            follow();
            const to = Math.max(0, Math.min(source.count - 1, chosen < 0 ? 0 : chosen + by));
            choose(to, source.at(to));
            see(to);
        },
        /** Opens the chosen row, or the first; while none has come yet, as soon as it has. */
        enter() {
            follow();
            const i = Math.max(0, chosen);
            entering = source.at(0) === undefined && source.ended === false;
            openAt(i, source.at(i));
        },
        forget() {
            chosen = -1;
            chosenId = null;
        },
        stop() {
            cancelAnimationFrame(frame);
            removeEventListener("scroll", update);
            removeEventListener("resize", resized);
        },
    };
}
