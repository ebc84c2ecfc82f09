// The samples there are, at least half a minute of them and at most 15, as a line with a faint ground.
import { el, setAttr } from "./dom.js";

const width = 150; // steps drawn; several samples may share one: the largest counts
const height = 32;
const least_s = 30;

function steps(series) {
    const seconds = series.seconds(Math.max(least_s, series.length_s));
    const out = new Array(Math.min(width, seconds.length)).fill(NaN);
    for (let i = 0; i < seconds.length; i++) {
        const at = Math.floor((i * out.length) / seconds.length);
        if (!Number.isNaN(seconds[i]) && !(out[at] >= seconds[i])) {
            out[at] = seconds[i];
        }
    }
    return out;
}

function lines(values, max) {
    let line = "";
    let ground = "";
    let from = -1;
    const y = (value) => (height - 2 - (value / max) * (height - 4)).toFixed(1);
    for (let i = 0; i <= values.length; i++) {
        const known = i < values.length && !Number.isNaN(values[i]);
        if (known) {
            const command = from < 0 ? "M" : "L";
            line += `${command}${i} ${y(values[i])}`;
            ground += from < 0 ? `M${i} ${height}L${i} ${y(values[i])}` : `L${i} ${y(values[i])}`;
            from = from < 0 ? i : from;
        } else if (from >= 0) {
            line += from === i - 1 ? "h1" : ""; // one sample alone is seen too
            ground += `L${i - 1} ${height}Z`;
            from = -1;
        }
    }
    return { line, ground };
}

/** {node, update(series)}. floor: the scale never ends below it, so that noise looks like noise. */
export function spark(floor = 1) {
    const ground = el("path.spark-ground");
    const line = el("path.spark-line", { "vector-effect": "non-scaling-stroke" });
    const node = el(
        "svg.spark",
        {
            viewBox: `0 0 ${width - 1} ${height}`,
            preserveAspectRatio: "none",
            "aria-hidden": "true",
        },
        ground,
        line,
    );
    let drawn = -1;
    return {
        node,
        update(series) {
            if (series.revision === drawn) {
                return;
            }
            drawn = series.revision;
            const values = steps(series);
            setAttr(node, "viewBox", `0 0 ${values.length - 1} ${height}`);
            const max = values.reduce((most, v) => (v > most ? v : most), floor);
            const drawing = lines(values, max);
            setAttr(line, "d", drawing.line || "M0 0");
            setAttr(ground, "d", drawing.ground || "M0 0");
        },
    };
}
