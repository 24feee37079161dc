/* Texts of the app in the page's language, as the server has them, and how values are shown. */

let words = { texts: {}, problems: {}, units: [], countries: [] };
export const lang = document.documentElement.lang === "en" ? "en" : "ar";

/* The document comes from the service worker's store where there is no line. */
export async function loadWords() {
  words = await (await fetch(document.getElementById("app").dataset.words)).json();
}

function filled(text, params) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole);
}

export function t(key, params = {}) {
  const found = words.texts[key];
  if (found === undefined) throw new Error(`no text ${key}`);
  return filled(found, params);
}

export const units = () => words.units;
export const countries = () => words.countries;

/* A text of a {ar, en} pair. */
export const named = (pair) => (pair && typeof pair === "object" ? pair[lang] || pair.ar || pair.en || "" : pair ?? "");

/* What a fault found here says; the node's own faults bring their texts. */
export function faultText({ code, params = {} }) {
  return filled(words.problems[code] ?? code, params);
}

export const faultTexts = (faults) => faults.map((one) => ({ field: one.field, text: one[lang] ?? faultText(one) }));

const LOCALE = lang === "ar" ? "ar-EG-u-nu-latn" : "en-GB";
const day_ = new Intl.DateTimeFormat(LOCALE, { timeZone: "Africa/Cairo", day: "numeric", month: "long", year: "numeric" });
const weekday_ = new Intl.DateTimeFormat(LOCALE, { timeZone: "Africa/Cairo", weekday: "long" });
const time_ = new Intl.DateTimeFormat("en-GB", { timeZone: "Africa/Cairo", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const iso_ = new Intl.DateTimeFormat("en-CA", { timeZone: "Africa/Cairo", year: "numeric", month: "2-digit", day: "2-digit" });

export const today = () => iso_.format(new Date());
export const day = (value) => (value ? day_.format(new Date(value.length === 10 ? `${value}T12:00:00Z` : value)) : "");
export const weekday = (value) => weekday_.format(new Date(`${value}T12:00:00Z`));
/* Today and the days after it, in Cairo. */
export const daysFrom = (count) => Array.from({ length: count }, (_, ahead) =>
  new Date(Date.parse(`${today()}T12:00:00Z`) + ahead * 86400000).toISOString().slice(0, 10));
export const moment = (value) => (value ? `${day(value)}${lang === "ar" ? "،" : ","} ${time_.format(new Date(value))}` : "");

/* Piastres, as rules.arabic.format_egp writes them. */
export function money(piastres) {
  const [pounds, rest] = (piastres / 100).toFixed(2).split(".");
  const figure = `${pounds.replace(/\B(?=(\d{3})+$)/g, ",")}.${rest}`;
  return lang === "ar" ? `${figure} ج.م` : `EGP ${figure}`;
}
