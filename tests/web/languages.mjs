// Every text comes from the table of texts, in each language, or is data of the node and says so.
import { readFile } from "node:fs/promises";
import path from "node:path";

import { check } from "./wait.mjs";

/** A browser is told that it is a module; Node before 20.19 takes a .js by itself for none. */
async function own(ui, lang) {
    const source = await readFile(path.join(ui, "i18n", `${lang}.js`), "utf8");
    return import(`data:text/javascript,${encodeURIComponent(source)}`);
}
const base = (key) => key.replace(/\.(one|other)$/, "");

const views = ["", "#/apps", "#/apps/prod/shop.cart", "#/apps/prod/needle.in.hay", "#/node/config",
               "#/node/counters", "#/node/logs", "#/node/help", "#/apps?q=nothing-is-named-so"];

async function both_tables_have_the_same_keys(browser) {
    const [en, zh] = await Promise.all(["en", "zh"].map((lang) => own(browser.told.ui, lang)));
    const names = (table, own_ones) => new Set(Object.keys(table.default)
        .filter((key) => !own_ones || !key.startsWith("said.")).map(base));
    const [a, b] = [names(en), names(zh, true)];
    const lonely = [...[...a].filter((key) => !b.has(key)), ...[...b].filter((key) => !a.has(key))];
    check(lonely.length === 0, `in one language only: ${lonely}`);
    for (const key of Object.keys(en.default)) {
        const variables = (text) => [...(text ?? "").matchAll(/\{\w+\}/g)].map(String).sort().join();
        const other = zh.default[key] ?? zh.default[`${base(key)}.other`];
        check(variables(en.default[key]) === variables(other), `${key} has other variables`);
    }
    return `${a.size} texts`;
}

/** The same table with every text between brackets: what has none is not from it. */
function bracketed(source) {
    return source.replace(/^(\s*"[^"]+": ")(.*)(",)$/gm, "$1⟦$2⟧$3");
}

/** Texts of the document that are neither from the table nor marked as data. */
function strangers() {
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const text = node.textContent.trim();
        if (text && !text.startsWith("⟦") && !node.parentElement.closest("[data-d]")) {
            found.push(text);
        }
    }
    for (const [attribute, mark] of [["title", "dTitle"], ["aria-label", "dLabel"], ["placeholder", ""],
                                     ["alt", ""]]) {
        for (const node of document.querySelectorAll(`[${attribute}]`)) {
            const text = node.getAttribute(attribute);
            if (text && !text.startsWith("⟦") && !(mark && mark in node.dataset)) {
                found.push(`${attribute}: ${text}`);
            }
        }
    }
    return found;
}

async function every_text_is_from_the_table_or_data(browser) {
    let seen = 0;
    const view = await browser.open({
        name: "brackets",
        pseudo: async (route) => {
            const answer = await route.fetch();
            await route.fulfill({ response: answer, body: bracketed(await answer.text()) });
        },
    });
    for (const hash of views) {
        await view.goto(hash);
        await view.page.waitForTimeout(600);
        const found = await view.page.evaluate(strangers);
        check(found.length === 0, `${hash}: ${found.slice(0, 10).join(" | ")}`);
        seen += await view.page.evaluate(() => document.body.innerText.split("⟦").length - 1);
    }
    await view.close();
    check(seen > 100, `${seen} texts are seen: the brackets do not come through`);
    return `${seen} texts seen`;
}

async function the_switch_changes_every_word(browser) {
    const view = await browser.open({ lang: "en" });
    await view.goto();
    const words = () => view.page.locator("h2").allInnerTexts();
    const before = await words();
    await view.page.locator("[data-test=lang]").click();
    const after = await words();
    check(before.every((text) => /^[ -~]+$/.test(text)), `English: ${before}`);
    check(after.every((text) => /[一-鿿]/.test(text)), `Chinese: ${after}`);
    await view.close();
}

export const languages = {
    both_tables_have_the_same_keys,
    every_text_is_from_the_table_or_data,
    the_switch_changes_every_word,
};
