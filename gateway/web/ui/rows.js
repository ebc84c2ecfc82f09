// A long list of rows of one height in the page's own scroll: only those that are seen, and a few
// around them, are in the document.
import { el, setAttr } from "./dom.js";

const spare = 6; // rows kept above and below

const narrow = matchMedia("(max-width: 720px)");

/** make() → {node, update(row, index, heard_ms)}; open(row): a row was chosen. heights: [wide, narrow]. */
export function rows({ make, open, heights, source }) {
    const node = el("div.rows", { role: "rowgroup" });
    const shown = new Map(); // index → part
    const free = [];
    let chosen = -1;
    let frame = 0;

    const height = () => heights[narrow.matches ? 1 : 0];

    function part(i) {
        let it = shown.get(i);
        if (!it) {
            it = free.pop();
            if (!it) {
                it = make();
                it.node.addEventListener("click", () => choose(it.index, true));
                node.append(it.node);
            }
            it.node.hidden = false;
            it.index = i;
            it.node.style.transform = `translateY(${i * height()}px)`;
            setAttr(it.node, "aria-rowindex", i + 2);
            shown.set(i, it);
        }
        return it;
    }

    function draw() {
        frame = 0;
        const { top } = node.getBoundingClientRect();
        const count = source.count;
        const first = Math.max(0, Math.floor(-top / height()) - spare);
        const last = Math.min(count - 1, Math.ceil((innerHeight - top) / height()) + spare);
        node.style.height = `${count * height()}px`;
        setAttr(node.parentElement, "aria-rowcount", count + 1);
        for (const [i, it] of shown) {
            if (i < first || i > last) {
                shown.delete(i);
                it.node.hidden = true;
                free.push(it);
            }
        }
        for (let i = first; i <= last; i++) {
            const row = source.at(i);
            const it = part(i);
            it.node.classList.toggle("empty", row === undefined);
            it.node.classList.toggle("chosen", i === chosen);
            setAttr(it.node, "aria-current", i === chosen ? "true" : null);
            if (row !== undefined) {
                it.update(row, i, source.heard(i));
            }
        }
        source.want(Math.max(0, first), Math.max(0, last));
    }

    function update() {
        frame ||= requestAnimationFrame(draw);
    }

    function choose(i, opens) {
        const row = source.at(i);
        chosen = i;
        update();
        if (opens && row !== undefined) {
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
            const to = Math.max(0, Math.min(source.count - 1, chosen < 0 ? 0 : chosen + by));
            choose(to, false);
            see(to);
        },
        /** Opens the chosen row, or the first. */
        enter: () => choose(Math.max(0, chosen), true),
        forget() {
            chosen = -1;
        },
        stop() {
            cancelAnimationFrame(frame);
            removeEventListener("scroll", update);
            removeEventListener("resize", resized);
        },
    };
}
