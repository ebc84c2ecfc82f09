// How it looks: on a phone, in both themes, in pictures; and that nothing has gone wrong meanwhile.
import path from "node:path";

import { check, until } from "./wait.mjs";

const phone = { width: 390, height: 844 };
const views = ["", "#/apps", "#/apps/prod/shop.cart", "#/node/config", "#/node/counters", "#/node/logs",
               "#/node/help"];

async function a_phone_scrolls_down_only(browser) {
    for (const lang of ["en", "zh"]) {
        const view = await browser.open({ ...phone, lang, name: `phone ${lang}` });
        for (const hash of views) {
            await view.goto(hash);
            await view.page.waitForTimeout(300);
            const { wide, culprits } = await view.page.evaluate(() => ({
                wide: document.documentElement.scrollWidth,
                culprits: [...document.querySelectorAll("body *")]
                    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
                    .slice(0, 5).map((one) => one.className),
            }));
            check(wide <= phone.width, `${lang} ${hash || "#/"} is ${wide} wide: ${culprits}`);
        }
        await view.close();
    }
}

/** Contrast of every colour of text with every ground it stands on (WCAG 2, 1.4.3). */
function contrasts() {
    const style = getComputedStyle(document.documentElement);
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const probe = document.body.appendChild(document.createElement("i"));
    const light = (name) => {
        probe.style.color = style.getPropertyValue(name);
        canvas.fillStyle = getComputedStyle(probe).color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => {
            const share = value / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    for (const ink of ["--ink", "--ink-soft", "--accent", "--ok", "--notice", "--bad"]) {
        for (const ground of ["--ground", "--surface", "--sunken"]) {
            const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
            found.push([`${ink} on ${ground}`, (a + 0.05) / (b + 0.05)]);
        }
    }
    probe.remove();
    return found;
}

async function colours_can_be_told_apart(browser) {
    let least = Infinity;
    for (const theme of ["light", "dark"]) {
        const view = await browser.open({ theme });
        await view.goto();
        for (const [pair, contrast] of await view.page.evaluate(contrasts)) {
            check(contrast >= 4.5, `${theme}: ${pair} ${contrast.toFixed(2)}`);
            least = Math.min(least, contrast);
        }
        await view.close();
    }
    return `contrast ${least.toFixed(1)} at least`;
}

async function everything_has_a_name(browser) {
    const view = await browser.open();
    for (const hash of views) {
        await view.goto(hash);
        const nameless = await view.page.evaluate(() =>
            [...document.querySelectorAll("button, a, input, select, [role=switch], [role=meter]")]
                .filter((one) => one.offsetParent && !(one.innerText ?? "").trim() &&
                    !one.getAttribute("aria-label") && !one.closest("label")?.innerText.trim())
                .map((one) => one.outerHTML.slice(0, 80)));
        check(nameless.length === 0, `${hash}: ${nameless.slice(0, 3)}`);
    }
    await view.close();
}

const at_once = 4;
const calm_ms = 15000; // the first round of a node protects, whatever it hears
const samples_ms = 12000; // so that lines are seen
const pictures = [
    ["overview-light", "", { theme: "light", height: 1000 }],
    ["overview-dark", "", { theme: "dark", height: 1000 }],
    ["overview-zh", "", { theme: "light", lang: "zh", height: 1000 }],
    ["overview-phone", "", { ...phone, theme: "light" }],
    ["apps-light", "#/apps", { theme: "light", height: 800 }],
    ["apps-dark", "#/apps", { theme: "dark", height: 800 }],
    ["apps-phone-zh", "#/apps", { ...phone, theme: "dark", lang: "zh" }],
    ["app-light", "#/apps/prod/shop.cart", { theme: "light", height: 800 }],
    ["app-dark-zh", "#/apps/prod/shop.cart", { theme: "dark", lang: "zh", height: 800 }],
    ["app-phone", "#/apps/prod/shop.cart", { ...phone, theme: "light" }],
    ["node-config", "#/node/config", { theme: "light", height: 800 }],
    ["node-counters-dark", "#/node/counters", { theme: "dark", height: 800 }],
    ["node-logs-zh", "#/node/logs", { theme: "light", lang: "zh", height: 800 }],
];

const shown = {
    "#/apps": "[data-test=app-row]",
    "#/apps/prod/shop.cart": "[data-test=instance-row]",
    "#/node/config": "[data-test=config-row]",
    "#/node/counters": "[data-test=counter-row]",
    "#/node/logs": ".log-line",
    "": "[data-test=node-row]",
};

async function a_picture_of_each_view(browser) {
    const take = async ([name, hash, options]) => {
        const view = await browser.open({ ...options, name });
        await view.goto(hash);
        await until(`${name} has rows`, async () => (await view.page.locator(shown[hash]).count()) > 0);
        if (hash === "") {
            const calm = () => view.page.locator("[data-test=verdict][data-level=ok]").count();
            await until("all is well", calm, calm_ms).catch(() => {}); // else it is shown as it is
        }
        await view.page.waitForTimeout(hash === "" ? samples_ms : 1500);
        await view.page.screenshot({ path: path.join(browser.told.pictures, `${name}.png`) });
        await view.close();
    };
    const left = [...pictures];
    await Promise.all(Array.from({ length: at_once }, async () => {
        while (left.length > 0) {
            await take(left.shift());
        }
    }));
    return `${pictures.length} pictures`;
}

async function nothing_was_complained_of(browser) {
    check(browser.complaints.length === 0, browser.complaints.slice(0, 10).join("\n"));
}

export const looks = {
    a_phone_scrolls_down_only,
    colours_can_be_told_apart,
    everything_has_a_name,
    a_picture_of_each_view,
    nothing_was_complained_of,
};
