// Runs the cases in one Chromium, prints `NAME: passed` or FAILED for each, and `N passed` with the
// pictures' names at last.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { cases } from "./cases.mjs";
import { languages } from "./languages.mjs";
import { looks } from "./looks.mjs";
import { pure } from "./pure.mjs";
import { settled_ms } from "./wait.mjs";

const told = JSON.parse(process.argv[2]);

const case_ms = 150000;

const { chromium } = createRequire(path.join(told.modules, "x.js"))("playwright-core");

/** What the pages have said that they should not have. */
const complaints = [];
/** The largest answer of /muster/v1 that is no stream. */
const answers = { largest: 0, which: "" };

function listen(page, name) {
    page.on("pageerror", (error) => complaints.push(`${name}: ${error.stack}`));
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type()) && !page.errorsExpected) {
            complaints.push(`${name}: ${message.text()} ${message.location().url}`);
        }
    });
    page.on("request", (request) => {
        const url = new URL(request.url());
        if (![told.node, told.peer, told.small].includes(url.origin)) {
            complaints.push(`${name}: asks ${url.href}`);
        }
    });
    page.on("response", async (response) => {
        const length = Number(response.headers()["content-length"] ?? 0);
        if (response.url().includes("/muster/v1/") && length > answers.largest) {
            answers.largest = length;
            answers.which = response.url();
        }
    });
}

class Browser {
    constructor(browser) {
        this.browser = browser;
        this.complaints = complaints;
        this.answers = answers;
        this.told = told;
    }

    /** A page of its own context: {page, goto(hash), close()}. */
    async open({ name, width = 1280, height = 900, theme = "light", lang = "en", at = told.node, pseudo } = {}) {
        const context = await this.browser.newContext({
            viewport: { width, height },
            colorScheme: theme,
            locale: lang === "zh" ? "zh-CN" : "en-GB",
            timezoneId: "Asia/Shanghai",
            isMobile: width < 500,
            hasTouch: width < 500,
        });
        await context.addInitScript(() => {
            new MutationObserver((_, observer) => {
                if (document.body?.dataset.state === "ready") {
                    window.readyAfter = performance.now();
                    observer.disconnect();
                }
            }).observe(document, { subtree: true, attributes: true, childList: true });
        });
        const page = await context.newPage();
        page.setDefaultTimeout(settled_ms);
        listen(page, name ?? lang);
        if (pseudo) {
            await page.route("**/ui/i18n/*.js", pseudo);
        }
        return {
            page,
            /** Loads the page; once it is there, goes on within it. */
            async goto(hash = "") {
                if (page.url().startsWith(at)) {
                    await page.evaluate((to) => (location.hash = to), hash || "#/");
                    return;
                }
                await page.goto(`${at}/ui/${hash}`);
                await page.waitForSelector("body[data-state=ready]");
            },
            close: () => context.close(),
        };
    }
}

async function main() {
    fs.rmSync(told.pictures, { recursive: true, force: true });
    fs.mkdirSync(told.pictures, { recursive: true });
    const browser = await chromium.launch({
        executablePath: told.chromium,
        args: told.root ? ["--no-sandbox"] : [],
    });
    const shared = new Browser(browser);
    let passed = 0;
    let failed = 0;
    for (const [name, run] of Object.entries({ ...pure, ...cases, ...languages, ...looks })) {
        if (told.cases.length > 0 && !told.cases.includes(name)) {
            continue;
        }
        const began = Date.now();
        let timer;
        try {
            const late = new Promise((_, fail) => {
                timer = setTimeout(() => fail(new Error(`takes longer than ${case_ms} ms`)), case_ms);
            });
            const said = await Promise.race([run(shared), late]);
            passed++;
            console.log(`${name}: passed (${Date.now() - began} ms${said ? `; ${said}` : ""})`);
        } catch (error) {
            failed++;
            console.log(`${name}: FAILED\n${error.stack}`);
        } finally {
            clearTimeout(timer);
        }
    }
    await browser.close();
    const pictures = fs.readdirSync(told.pictures).sort();
    console.log(failed > 0 ? `${failed} failed` : `${passed} passed ${pictures.join(" ")}`);
    process.exit(failed > 0 ? 1 : 0);
}

main();
