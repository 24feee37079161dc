/* What waits for the node, what came of the rest, and the papers that were handed over. */
import { device } from "./device.js";
import { bdi, busy, button, facts, h, ltr, notice, show } from "./dom.js";
import { APPLIED, CLOSED, items, PENDING, QUARANTINED, REFUSED } from "./queue.js";
import { qr } from "./qr.js";
import { day, faultText, lang, moment, money, named, t, units } from "./words.js";

const KIND_OF = { [PENDING]: "", [APPLIED]: "good", [QUARANTINED]: "bad", [REFUSED]: "bad", [CLOSED]: "good" };

export async function outboxScreen(go, syncNow) {
  const all = await items(), left = all.filter((one) => [PENDING, REFUSED].includes(one.state)).length;
  const looked = all.filter((one) => one.state === QUARANTINED && !one.answer.waits).length;
  show(h("p", { class: "crumb" }, h("a", { href: "#/" }, t("field.today.title"))), h("h1", {}, t("field.outbox.title")),
    h("p", { class: "lead" }, left ? t("field.outbox.left", { count: left }) : t("field.outbox.nothing")),
    looked ? notice("", h("p", {}, t("field.outbox.looked", { count: looked }))) : null,
    h("div", { class: "actions" }, busy(t("field.sync.now"), syncNow)),
    all.length ? h("ul", { class: "items" }, all.toReversed().map((item) => row(item, go))) : null);
}

function row(item, go) {
  const paper = ["release", "intake"].includes(item.kind);
  return h("li", { class: `group ${item.answer?.waits && item.state === QUARANTINED ? "" : KIND_OF[item.state]}`, "data-state": item.state, "data-item": item.item_id },
    h("p", { class: "item-head" }, h("strong", {}, t(`field.item.${item.kind}`)), " · ", bdi(item.about.title ?? ""), " ", item.about.number ? ltr(item.about.number) : null),
    h("p", {}, h("span", { class: `mark state-${item.state}` }, t(standing(item))), " ", h("small", {}, t("field.item.number", { number: item.number }), " · ", moment(item.device_time))),
    item.state === QUARANTINED ? [reasons(item.answer.faults.map((one) => one[lang] ?? one.ar)), h("p", { class: "help" }, t(item.answer.waits ? "field.item.waits_do" : "field.item.quarantined_do"))] : null,
    item.state === REFUSED ? [reasons(refusal(item)), h("p", { class: "help" }, t("field.item.refused_do"))] : null,
    paper ? button(t("field.paper.show"), () => go(`paper/${item.item_id}`), "quiet") : null);
}

const standing = (item) => (item.state === QUARANTINED && item.answer.waits ? "field.item.state.waits" : `field.item.state.${item.state}`);
const reasons = (texts) => h("ul", {}, texts.map((one) => h("li", {}, one)));

function refusal({ refusal: { code, problem } }) {
  const errors = problem.errors ?? [];
  return errors.length ? errors.map((one) => one[lang] ?? one.ar ?? faultText({ code: one.code })) : [faultText({ code })];
}

/* -- papers -- */

export async function paperScreen(id, go) {
  const item = (await items()).find((one) => one.item_id === id);
  if (!item) return go("");
  const known = await device();
  const unit = units().find(([code]) => code === known.unit)?.[1] ?? known.unit;
  const printed = item.kind === "release" ? licence(item, unit) : receipt(item, unit, known);
  show(h("div", { class: "screen-only" }, h("p", { class: "crumb" }, h("a", { href: "#/" }, t("field.today.title"))),
    h("h1", {}, t(item.kind === "release" ? "field.paper.released" : "field.paper.taken")),
    item.state === APPLIED ? notice("good", h("p", {}, t("field.item.state.applied"))) : notice("", h("p", {}, t("field.paper.waits"))),
    h("div", { class: "actions" }, button(t("field.paper.print"), () => window.print()), button(t("field.paper.done"), () => go(""), "second"))), printed);
}

/* Where nothing is real, no paper looks as if it were. */
function practice() {
  const said = document.querySelector("body > .practice");
  return said ? h("p", { class: "watermark" }, said.textContent) : null;
}

function licence(item, unit) {
  const { ticket, released_at, receipt: number, qr: text, way, slip } = item.about;
  return [
    h("article", { class: "paper" }, practice(), h("header", {}, h("p", {}, bdi(ticket.unit)), h("h2", {}, bdi(ticket.service))),
      facts([[t("field.release.holder"), bdi(ticket.holder)], [t("field.release.serial"), ltr(ticket.serial)], [t("field.visit.tracking"), ltr(ticket.tracking_number)],
        [t("field.release.from"), day(ticket.valid_from)], [t("field.release.until"), ticket.valid_until ? day(ticket.valid_until) : t("field.release.no_end")],
        [t("field.paper.at"), moment(released_at)]]),
      qr(text, t("field.paper.qr")), h("p", { class: "small" }, t("field.paper.verify"))),
    h("article", { class: "paper receipt" }, practice(), h("header", {}, h("p", {}, unit), h("h2", {}, t("field.receipt.title"))),
      facts([[t("field.receipt.number"), ltr(number)], [t("field.receipt.amount"), money(ticket.amount)], [t("field.receipt.way"), t(`field.pay.${way}`)],
        [t("field.slip.approval"), slip ? ltr(`${slip.terminal_id} / ${slip.approval_code}`) : null], [t("field.receipt.for"), bdi(ticket.service)], [t("field.visit.tracking"), ltr(ticket.tracking_number)],
        [t("field.receipt.from"), bdi(ticket.holder)], [t("field.paper.at"), moment(released_at)]]), h("p", { class: "small" }, t("field.receipt.note")))];
}

function receipt(item, unit, known) {
  const { title, number, service_name, documents } = item.about;
  return h("article", { class: "paper receipt" }, practice(), h("header", {}, h("p", {}, unit), h("h2", {}, t("field.taken.title"))),
    h("p", { class: "big-number" }, ltr(number)),
    facts([[t("field.release.service"), named(service_name)], [t("field.visit.name"), bdi(title)], [t("field.paper.at"), moment(item.device_time)],
      [t("field.taken.documents"), documents.map(named).join(lang === "ar" ? "، " : ", ")], [t("field.setup.label"), bdi(known.label)]]),
    h("p", { class: "small" }, t("field.taken.note")));
}
