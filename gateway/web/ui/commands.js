// Actions are drawn and do nothing yet: each shows the command that does the same, to copy.
import { el, setData, setText } from "./dom.js";

const plain = /^[A-Za-z0-9_./:@%+,-]+$/;

// In a terminal a pasted control character does something, whatever quotes stand around it.
const control = /[\0-\x1f\x7f-\x9f\u2028\u2029]/;
const escaped = (char) => (char === "'" || char === "\\" ? `\\${char}`
                           : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** As a shell takes it for one word; bash, zsh or ksh where it holds control characters. */
export const quoted = (word) => {
    const text = String(word);
    if (control.test(text)) {
        return `$'${text.replaceAll(/['\\\0-\x1f\x7f-\x9f\u2028\u2029]/g, escaped)}'`;
    }
    return plain.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
};

const of = ({ env, appid, zone, hostname }) =>
    [["appid", appid], ["env", env], ["zone", zone], ["hostname", hostname]]
        .map(([name, value]) => `--${name}=${quoted(value)}`)
        .join(" ");

export const takeOut = (instance) => `musterctl set ${of(instance)} --status=waiting`;
export const putBack = (instance) => `musterctl set ${of(instance)} --status=up`;
export const cancel = (instance) => `musterctl cancel ${of(instance)}`;
export const showWeights = ({ env, appid }) =>
    `musterctl schedule --appid=${quoted(appid)} --env=${quoted(env)} -o json > schedule.json`;
export const setWeights = () => "musterctl schedule --file=schedule.json";
export const bundle = () => "musterctl debug muster-debug.tar.gz";
export const logLevel = (actor) => `musterctl log-level ${quoted(actor)} debug`;

/** A command with a button that copies it. */
export function command(text) {
    const code = el("code.mono", { data: text });
    const button = el("button.small", { text: "copy" });
    button.addEventListener("click", async () => {
        try {
            await navigator.clipboard.writeText(code.textContent);
            setText(button, "copied");
        } catch {
            getSelection().selectAllChildren(code); // no clipboard without TLS: at least it is chosen
            setText(button, "copy.by_hand");
        }
        setTimeout(() => setText(button, "copy"), 2000);
    });
    return {
        node: el("div.command", {}, code, button),
        update: (to) => setData(code, to),
    };
}

/** An action: a button that is off, and its command. key: of what it says. */
export function action(key, text) {
    const shown = command(text);
    return {
        node: el(
            "div.action",
            {},
            el("button.button", { text: key, disabled: true, title: "action.off" }),
            shown.node,
        ),
        update: shown.update,
    };
}

/** The weights of an app's zones: two commands, with an editor between them. */
export function editing(app) {
    return el(
        "div.action",
        {},
        el("button.button", { text: "action.weights", disabled: true, title: "action.off" }),
        command(showWeights(app)).node,
        command(setWeights()).node,
    );
}
