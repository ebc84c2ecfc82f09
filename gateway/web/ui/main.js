// The page: a head that stays, and one view below it.
import { el, setAttr, setData, setText, show } from "./dom.js";
import { language, languages, setLanguage, t } from "./i18n.js";
import { keep, kept } from "./kept.js";
import { keysPanel, listenToKeys } from "./keys.js";
import { begin, live, watch } from "./live.js";
import { mark, themeSign } from "./marks.js";
import { go, link, route } from "./route.js";
import { app } from "./views/app.js";
import { apps } from "./views/apps.js";
import { node } from "./views/node.js";
import { overview } from "./views/overview.js";

const typed_ms = 150; // a search begins when the typing rests

let shell = null;
let view = null;

function viewOf({ parts, query }) {
    const [name, ...rest] = parts;
    if (name === "apps" && rest.length === 2) {
        return app(...rest);
    }
    return name === "apps" ? apps(query) : name === "node" ? node(rest[0], query) : overview();
}

// ── theme and language ──

const root = document.documentElement;
const themes = ["", "light", "dark"]; // "": as the system

function setTheme(theme) {
    if (theme) {
        root.dataset.theme = theme;
    } else {
        delete root.dataset.theme;
    }
    keep("theme", theme);
    shell.theme();
}

const theme = () => (themes.includes(kept("theme") ?? "") ? (kept("theme") ?? "") : "");
const nextTheme = () => setTheme(themes[(themes.indexOf(theme()) + 1) % themes.length]);

function nextLanguage() {
    setLanguage(languages[(languages.indexOf(language()) + 1) % languages.length]);
    draw();
}

// ── the head ──

function search() {
    const input = el("input.input.search", {
        type: "search", test: "app-search", placeholder: "search", label: "search",
        autocomplete: "off", spellcheck: "false",
    });
    let timer = 0;
    input.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
            const now = route();
            const onList = now.parts[0] === "apps" && now.parts.length === 1;
            go(["apps"], { ...(onList ? now.query : {}), q: input.value.trim() }, { replace: onList });
        }, typed_ms);
    });
    return input;
}

const views = [["nav.overview", []], ["nav.apps", ["apps"]], ["nav.node", ["node"]]];

function makeShell() {
    const sign = mark();
    const name = el("span.node-name.cut");
    const input = search();
    const links = views.map(([key, parts]) => el("a.nav-link", { href: link(parts), text: key }));
    const themeButton = el("button.tool", { test: "theme", on: { click: nextTheme } });
    const langButton = el("button.tool", { test: "lang", label: "lang.switch", title: "lang.switch",
                                           text: "lang.other", on: { click: nextLanguage } });
    const keys = keysPanel();
    const helpButton = el("button.tool.help-button", { label: "keys.title", title: "keys.title",
                                                       text: "keys.button",
                                                       on: { click: () => keys.showModal() } });
    const silent = el("p.silent", { role: "alert", hidden: true });
    const main = el("main.main", { id: "main", tabindex: "-1" });
    main.id = "main";
    const head = el(
        "header.head",
        {},
        el("div.head-room", {},
           el("a.brand", { href: link([]), label: "nav.overview" },
              el("img.logo", { src: "icon.svg", alt: "", width: 24, height: 24 }),
              el("span.brand-name", { data: "muster" })),
           el("nav.nav", { label: "nav" }, links),
           el("a.node-state", { href: link([]), label: "nav.overview" }, sign.node, name),
           el("div.search-room", {}, input, el("kbd.search-key", { data: "/", "aria-hidden": "true" })),
           themeButton, langButton, helpButton),
    );
    return {
        main,
        input,
        keys,
        nodes: [el("a.skip", { href: "#main", text: "skip",
                               on: { click: (event) => {
                                   event.preventDefault();
                                   main.focus();
                               } } }), head, silent, main, keys],
        theme() {
            const name = theme() || "system";
            const said = t("theme.switch", { name: t(`theme.${name}`) });
            themeButton.replaceChildren(themeSign(name));
            themeButton.setAttribute("aria-label", said);
            themeButton.setAttribute("title", said);
        },
        update({ status, failure, heard_ms }) {
            const down = failure && Date.now() - heard_ms > 4000;
            sign.update(down ? "bad" : (status?.verdict.level ?? "none"));
            setData(name, status?.node ?? "");
            show(silent, Boolean(down));
            if (down) {
                setText(silent, "verdict.no_answer");
            }
        },
        at({ parts, query }) {
            if (parts.length !== 1 || document.activeElement !== input) {
                input.value = parts[0] === "apps" && parts.length === 1 ? (query.q ?? "") : "";
                input.blur();
            }
            links.forEach((one, i) => {
                setAttr(one, "aria-current", (views[i][1][0] ?? "") === (parts[0] ?? "") ? "page" : null);
            });
        },
    };
}

// ── drawing ──

let unwatch = () => {};
let shown = null; // the place that is drawn

function turn() {
    const place = route();
    shown = location.hash;
    unwatch();
    view?.stop();
    view = viewOf(place);
    shell.at(place);
    shell.main.replaceChildren(view.node);
    document.title = t("title", { view: t(view.title), node: live.status?.node ?? "muster" });
    scrollTo(0, 0);
    unwatch = watch((news) => {
        shell.update(news);
        view.update(news);
        document.body.dataset.state = "ready";
    });
}

function draw() {
    shell = makeShell();
    document.body.replaceChildren(...shell.nodes);
    shell.theme();
    turn();
}

const up = () => {
    if (document.activeElement === shell.input) {
        shell.input.blur();
    } else if (view?.up) {
        go(...view.up);
    }
};

/** The browser tells of a new place later than it goes there: a key that comes before is the new one's. */
function follow() {
    if (location.hash !== shown) {
        turn();
    }
}

addEventListener("hashchange", follow);
listenToKeys(
    {
        "/": () => {
            shell.input.focus();
            shell.input.select();
        },
        "g h": () => go([]),
        "g a": () => go(["apps"]),
        "g n": () => go(["node"]),
        t: nextTheme,
        l: nextLanguage,
        "?": () => shell.keys.showModal(),
        Escape: up,
    },
    () => {
        follow();
        return view;
    },
);
draw();
begin();
