/* The day: its visits, what was begun, what waits for the line; one visit and what is done at it. */
import { bundle, definitions, numbersLeft, takeAlong } from "./bundle.js";
import { device } from "./device.js";
import { bdi, busy, button, choice, facts, group, h, input, ltr, notice, select, show, showFaults } from "./dom.js";
import { ask, LineDown, LoggedOut, Refused } from "./line.js";
import { kept, keptNames } from "./vault.js";
import { day, daysFrom, faultText, lang, moment, named, t, today, weekday } from "./words.js";

const MOST_AT_FIRST = 60; // services ticked for a day that was never chosen
const DAYS = 8; // today and the seven days after it for which the node hands out a bundle
const CLOCKS = 3 * 60 * 1000; // ms between this clock and the node's; beyond five minutes the node doubts an item's time
const NUMBERS = { tablet: 20, window: 60 };

export async function todayScreen(go) {
  const [taken, known, all] = await Promise.all([bundle(), device(), definitions()]);
  const drafts = await Promise.all((await keptNames("draft/")).map((name) => kept(name)));
  const stale = taken && taken.day < today();
  show(h("h1", {}, t(known.kind === "window" ? "field.today.window" : "field.today.title")),
    known.state === "certified" ? null : notice("bad", h("p", {}, t("field.device.now", { state: t(`field.device.${known.state}`) }))),
    Math.abs(known.ahead ?? 0) > CLOCKS ? notice("bad", h("p", {}, t("field.clock", { minutes: Math.round(Math.abs(known.ahead) / 60000) }))) : null,
    known.wipe ? notice("bad", h("p", {}, t("field.wipe.wanted"))) : null,
    taken ? h("p", { class: "lead" }, t("field.today.of", { day: day(taken.day) }), h("br"), h("small", {}, t("field.today.taken", { at: moment(taken.taken_at) }))) : notice("", h("p", {}, t("field.today.nothing"))),
    stale ? notice("", h("p", {}, t("field.today.stale"))) : null,
    h("div", { class: "actions" }, button(t(taken ? "field.take.again" : "field.take.button"), () => go("take"), taken && !stale ? "second" : ""),
      taken && all.length ? button(t("field.intake.new"), () => go("intake")) : null),
    drafts.length ? h("section", {}, h("h2", {}, t("field.drafts.title")), h("ul", { class: "cards" }, drafts.map((draft) =>
      h("li", {}, h("a", { class: "card", href: `#/draft/${draft.id}` }, h("strong", {}, bdi(draft.flat.name || t("field.drafts.nameless"))),
        h("span", {}, named(draft.service_name)), h("span", {}, moment(draft.saved_at))))))) : null,
    taken && known.kind !== "window" ? h("section", {}, h("h2", {}, t("field.visits.title", { count: taken.visits.length })),
      taken.visits.length ? h("ul", { class: "cards" }, taken.visits.map((visit) => card(visit, taken))) : h("p", { class: "empty" }, t("field.visits.none"))) : null,
    taken ? h("p", { class: "help" }, t("field.today.numbers", { count: numbersLeft(taken).length })) : null);
}

function card(visit, taken) {
  const done = taken.reported[visit.visit_id];
  return h("li", {}, h("a", { class: `card${done ? " over" : ""}`, href: `#/visit/${visit.visit_id}` },
    h("strong", {}, t(`field.purpose.${visit.purpose}`), " · ", bdi(visit.name)), h("span", {}, named(visit.service_name)), h("span", {}, bdi(visit.address)),
    visit.day < taken.day ? h("span", {}, t("field.visit.of", { day: day(visit.day) })) : null,
    done ? h("span", { class: "mark" }, t(`field.reported.${done}`)) : null));
}

/* -- take along -- */

export async function takeScreen(go) {
  const known = await device(), taken = await bundle(), channel = known.kind === "window" ? "centre" : "mobile_district";
  let offered;
  try {
    offered = await guide(channel, known.unit);
  } catch (error) {
    if (!(error instanceof LineDown || error instanceof Refused)) throw error;
    show(h("h1", {}, t("field.take.title")), notice("bad", h("p", {}, t("field.line.none"))), h("div", { class: "actions" }, button(t("field.back"), () => go(""), "second")));
    return;
  }
  const usual = new Set(taken?.services ?? offered.slice(0, MOST_AT_FIRST).map((one) => one.code));
  const form = h("form", {}, h("p", {}, t("field.take.lead")),
    known.kind === "window" ? null : select("day", t("field.take.day"), daysFrom(DAYS).map((one) => [one, `${weekday(one)}${lang === "ar" ? "،" : ","} ${day(one)}`]), {}, { help: t("field.take.day_help") }),
    input("numbers", t("field.take.numbers"), { inputmode: "numeric", dir: "ltr", value: String(NUMBERS[known.kind]) }, { help: t("field.take.numbers_help") }),
    group("services", t("field.take.services"), offered.map((one) => choice("checkbox", "services", one.code, named(one.name), { checked: usual.has(one.code) })), { help: t("field.take.services_help") }),
    h("div", { class: "actions" }, busy(t("field.take.button"), async () => {
      const given = new FormData(form);
      try {
        const begun = await Promise.all((await keptNames("draft/")).map((name) => kept(name)));
        await takeAlong([...new Set([...given.getAll("services"), ...begun.map((one) => one.service_code)])], Math.min(Number(given.get("numbers")) || 0, 100), given.get("day"));
      } catch (error) {
        if (error instanceof LoggedOut) return go("login");
        if (!(error instanceof LineDown || error instanceof Refused)) throw error;
        showFaults(form, t("field.wrong"), error instanceof LineDown ? [{ text: t("field.line.none") }] : error.texts(lang).map((text) => ({ text })));
        return;
      }
      go("");
    })));
  form.addEventListener("submit", (event) => event.preventDefault());
  show(h("p", { class: "crumb" }, h("a", { href: "#/" }, t("field.today.title"))), h("h1", {}, t("field.take.title")), form);
}

/* Every service that may be asked for through this channel in this unit. */
async function guide(channel, unit) {
  const found = [];
  let after = null;
  do {
    const part = await ask("GET", `/services?limit=100&channel=${channel}&unit=${encodeURIComponent(unit)}${after ? `&after=${encodeURIComponent(after)}` : ""}`);
    found.push(...part.services);
    after = part.next ?? null;
  } while (after);
  return found;
}

/* -- one visit -- */

export async function visitScreen(id, go) {
  const taken = await bundle(), visit = taken?.visits.find((one) => one.visit_id === id);
  if (!visit) return go("");
  const reported = taken.reported[id];
  const given = taken.tickets.find((one) => one.request_id === visit.request_id);
  const released = given?.ticket ? taken.released[given.ticket.ticket_id] : null;
  const does = {
    renewal: () => (released ? button(t("field.release.show"), () => go(`paper/${released}`)) : given?.ticket ? button(t("field.release.button"), () => go(`release/${id}`)) : null),
    intake: () => button(t("field.intake.button"), () => go(`intake/${id}`)),
    documents: () => button(t("field.completion.button"), () => go(`completion/${id}`)),
    delivery: () => (visit.licence_serial ? button(t("field.delivery.button"), () => go(`delivery/${id}`)) : null),
    inspection: () => null,
  }[visit.purpose]();
  show(h("p", { class: "crumb" }, h("a", { href: "#/" }, t("field.today.title"))),
    h("h1", {}, t(`field.purpose.${visit.purpose}`)), h("p", { class: "lead" }, named(visit.service_name)),
    reported ? notice("good", h("p", {}, t(`field.reported.${reported}`))) : null,
    facts([[t("field.visit.name"), bdi(visit.name)], [t("field.visit.phone"), visit.phone ? h("a", { href: `tel:${visit.phone}` }, ltr(visit.phone)) : null],
      [t("field.visit.address"), bdi(visit.address)], [t("field.visit.note"), visit.note ? bdi(visit.note) : null], [t("field.visit.number"), ltr(visit.visit_number)],
      [t("field.visit.tracking"), visit.tracking_number ? ltr(visit.tracking_number) : null], [t("field.visit.state"), visit.state_name ? named(visit.state_name) : null],
      [t("field.visit.serial"), visit.licence_serial ? ltr(visit.licence_serial) : null]]),
    visit.purpose === "renewal" && !given?.ticket && !reported ? notice("bad", h("p", {}, t("field.release.none")), given?.refused_code ? h("p", {}, faultText({ code: given.refused_code })) : null) : null,
    h("div", { class: "actions stack" }, reported && !released ? null : does, reported ? null : button(t("field.report.button"), () => go(`report/${id}`), does ? "second" : ""), button(t("field.back"), () => go(""), "quiet")));
}
