// Texts by key, in the language that is chosen. {name} in a text is a variable; a text that depends
// on a number has forms key.one and key.other, which the variable n chooses between.
import en from "./i18n/en.js";
import zh from "./i18n/zh.js";
import { keep } from "./kept.js";

const tables = { en, zh };
export const languages = Object.keys(tables);

let lang = document.documentElement.lang in tables ? document.documentElement.lang : "en";
export const language = () => lang;
export const locale = () => (lang === "zh" ? "zh-CN" : "en-GB");

let plurals = new Intl.PluralRules(lang);
let numbers = new Intl.NumberFormat(locale());

export function setLanguage(to) {
    lang = to;
    plurals = new Intl.PluralRules(lang);
    numbers = new Intl.NumberFormat(locale());
    document.documentElement.lang = lang;
    keep("lang", lang);
}

export const has = (key) => key in tables[lang];

/** variables: texts that are formatted already; n: the number itself, with its text in count. */
export function t(key, variables = {}) {
    const table = tables[lang];
    let text = table[key];
    if (text === undefined && typeof variables.n === "number") {
        text = table[`${key}.${plurals.select(variables.n)}`] ?? table[`${key}.other`];
    }
    if (text === undefined) {
        console.error(`no text for ${key} in ${lang}`);
        return key;
    }
    return text.replace(/\{(\w+)\}/g, (whole, name) => {
        const value = variables[name];
        if (value === undefined) {
            console.error(`${key} in ${lang} wants ${name}`);
            return whole;
        }
        return typeof value === "number" ? numbers.format(value) : String(value);
    });
}
