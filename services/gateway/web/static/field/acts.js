/* What is done at a visit: a licence handed over and its fee taken, documents completed, a print delivered, the report. */
import { bundle, definition, framed } from "./bundle.js";
import { pictures, place, signature } from "./capture.js";
import { acceptedDocuments, checkAnswers, checkSlip, isEmpty } from "./checks.js";
import { bdi, busy, button, choice, facts, group, h, input, ltr, notice, select, show, showFaults } from "./dom.js";
import { fields } from "./form.js";
import { keepItem } from "./queue.js";
import { release, ticketGenuine, wholeSecond } from "./release.js";
import { day, faultTexts, money, named, t } from "./words.js";
import { keep, kept } from "./vault.js";

/* What was gathered for something not done yet: it outlives the tab. */
export async function gathered(name) {
  const key = `gathered/${name}`, held = { photos: [], signature: null, place: null, ...await kept(key) };
  const save = (changes) => {
    Object.assign(held, changes);
    return keep(key, held);
  };
  return { key, held, save };
}

/* The part of a form that gathers photos, place and signature. */
export function evidenceFields({ held, save }, { signer }) {
  return [
    pictures("photos", t("field.photos"), { kept: held.photos, most: 6, help: t("field.photos.help"), optional: t("field.optional"), changed: (photos) => save({ photos }) }),
    place("place", t("field.place"), { kept: held.place, changed: (found) => save({ place: found }) }),
    signature("signature", t("field.signature"), { kept: held.signature, help: t("field.signature.help", { name: signer() || t("field.signature.who") }), changed: (made) => save({ signature: made }) }),
  ];
}

/* {evidence, papers} as an item has them; evidence null where nothing was gathered. */
export function evidenceOf({ held }, signer) {
  const papers = [...held.photos, ...(held.signature ? [held.signature] : [])];
  if (!papers.length && !held.place) return { evidence: null, papers };
  return { papers, evidence: {
    photos: held.photos.map((one) => ({ sha256: one.sha256 })),
    signature: held.signature ? { sha256: held.signature.sha256, name: signer } : null,
    place: held.place,
  } };
}

/* One file given for two documents: the node takes each of them once. */
export function twice(documents) {
  const seen = new Set();
  return Object.entries(documents).filter(([, one]) => seen.size === seen.add(one.sha256).size)
    .map(([code]) => ({ field: `documents/${code}`, text: t("field.file.same") }));
}

const visitOf = (taken, id) => taken?.visits.find((one) => one.visit_id === id);
const backTo = (id, go) => button(t("field.back"), () => go(`visit/${id}`), "second");
const crumb = (id) => h("p", { class: "crumb" }, h("a", { href: `#/visit/${id}` }, t("field.visit.title")));

function quiet(form) {
  form.addEventListener("submit", (event) => event.preventDefault());
  return form;
}

/* -- a licence on the spot -- */

export async function releaseScreen(id, go) {
  const taken = await bundle(), visit = visitOf(taken, id);
  const ticket = taken?.tickets.find((one) => one.request_id === visit?.request_id)?.ticket;
  if (!ticket || taken.released[ticket.ticket_id]) return go(`visit/${id}`);
  const genuine = await ticketGenuine(ticket.ticket, taken.keys), over = Date.parse(ticket.release_by) <= Date.now();
  const rows = facts([[t("field.release.holder"), bdi(ticket.holder)], [t("field.release.service"), bdi(ticket.service)], [t("field.release.serial"), ltr(ticket.serial)],
    [t("field.release.from"), day(ticket.valid_from)], [t("field.release.until"), ticket.valid_until ? day(ticket.valid_until) : t("field.release.no_end")]]);
  if (!genuine || over) {
    show(crumb(id), h("h1", {}, t("field.release.title")), notice("bad", h("p", {}, t(genuine ? "field.release.over" : "field.release.forged"))), rows, h("div", { class: "actions" }, backTo(id, go)));
    return;
  }
  const store = await gathered(id), slipFields = h("div", { class: "part", hidden: true },
    input("slip/terminal_id", t("field.slip.terminal"), { dir: "ltr", maxlength: 12 }), input("slip/batch", t("field.slip.batch"), { dir: "ltr", inputmode: "numeric", maxlength: 8 }),
    input("slip/approval_code", t("field.slip.approval"), { dir: "ltr", maxlength: 10 }), input("slip/last4", t("field.slip.last4"), { dir: "ltr", inputmode: "numeric", maxlength: 6 }));
  const pay = (way) => () => { slipFields.hidden = way !== "slip"; };
  const form = quiet(h("form", { novalidate: true }, rows,
    h("div", { class: "state" }, h("small", {}, t("field.release.amount")), h("strong", {}, money(ticket.amount))),
    evidenceFields(store, { signer: () => visit.name }),
    group("way", t("field.pay"), [choice("radio", "way", "cash", t("field.pay.cash"), { onchange: pay("cash") }), choice("radio", "way", "slip", t("field.pay.slip"), { onchange: pay("slip") })]),
    slipFields,
    h("div", { class: "field", "data-field": "taken" }, choice("checkbox", "taken", "yes", t("field.pay.taken", { amount: money(ticket.amount) }))),
    h("div", { class: "actions" }, busy(t("field.release.confirm"), async () => {
      const given = new FormData(form), way = given.get("way");
      const { slip, faults } = way === "slip" ? checkSlip(Object.fromEntries(["terminal_id", "batch", "approval_code", "last4"].map((one) => [one, given.get(`slip/${one}`)]))) : { slip: null, faults: [] };
      const wrong = faultTexts(faults);
      if (!way) wrong.unshift({ field: "way", text: t("field.pay.choose"), whole: true });
      if (!given.get("taken")) wrong.push({ field: "taken", text: t("field.pay.not_taken"), whole: true });
      if (showFaults(form, t("field.wrong"), wrong)) return;
      if (Date.parse(ticket.release_by) <= Date.now()) return releaseScreen(id, go);
      const item = await handOver(taken, visit, ticket, way, slip, store);
      go(`paper/${item.item_id}`);
    }), backTo(id, go))));
  show(crumb(id), h("h1", {}, t("field.release.title")), form);
}

/* The release, and after it the report that the visit took place: two items, the second waits for the first. */
async function handOver(taken, visit, ticket, way, slip, store) {
  const { evidence, papers } = evidenceOf(store, visit.name);
  const about = { title: visit.name, number: ticket.serial };
  const item = await keepItem({
    kind: "release", papers, about, takesReceipt: true,
    build: async ({ receipt, at }) => {
      const released_at = wholeSecond(at), text = await release(ticket.ticket, released_at, receipt);
      Object.assign(about, { ticket, released_at, receipt, qr: text, way, slip });
      return framed(taken, visit, evidence, { ticket_id: ticket.ticket_id, released_at, receipt_number: receipt, qr: text, way, slip });
    },
    sealed: async (made) => ({ bundle: Object.assign(taken, { released: { ...taken.released, [ticket.ticket_id]: made.item_id } }), [store.key]: null }),
  });
  await keepItem({
    kind: "report", after: item.item_id, about: { title: visit.name, number: visit.visit_number },
    build: async () => framed(taken, visit, null, { visit_id: visit.visit_id, outcome: "done", note: null }),
    sealed: async () => ({ bundle: Object.assign(taken, { reported: { ...taken.reported, [visit.visit_id]: "done" } }) }),
  });
  return item;
}

/* -- documents that were missing -- */

export async function completionScreen(id, go) {
  const taken = await bundle(), visit = visitOf(taken, id);
  const wanted = visit && await definition(visit.service_code, visit.service_version);
  if (!wanted) return go(`visit/${id}`);
  const store = await gathered(id), held = (store.held.documents ??= {}), answers = (store.held.answers ??= {});
  const form = quiet(h("form", { novalidate: true }, h("p", {}, t("field.completion.lead")),
    acceptedDocuments(wanted.documents, answers).map((one) => pictures(`documents/${one.code}`, named(one.name), {
      kept: held[one.code] ? [held[one.code]] : [], accept: (one.accepts ?? ["application/pdf", "image/jpeg", "image/png"]).join(","), optional: t("field.optional"),
      changed: ([made]) => store.save({ documents: made ? Object.assign(held, { [one.code]: made }) : (delete held[one.code], held) }) })),
    h("details", {}, h("summary", {}, t("field.completion.answers")), h("p", { class: "help" }, t("field.completion.answers_help")), fields(wanted.form, answers, (changed) => store.save({ answers: changed }), { optional: true })),
    evidenceFields(store, { signer: () => visit.name }),
    h("div", { class: "actions" }, busy(t("field.completion.keep"), async () => {
      const given = Object.fromEntries(Object.entries(answers).filter(([, value]) => !isEmpty(value)));
      const asked = wanted.form.filter((one) => one.name in given).map((one) => ({ ...one, when: undefined, required: false }));
      const { cleaned, faults } = checkAnswers(asked, given), wrong = faultTexts(faults);
      if (!Object.keys(held).length && !Object.keys(cleaned).length) wrong.push({ text: t("field.completion.nothing") });
      wrong.push(...twice(held));
      if (showFaults(form, t("field.wrong"), wrong)) return;
      const { evidence, papers } = evidenceOf(store, visit.name);
      await keepItem({
        kind: "completion", papers: [...Object.values(held), ...papers], about: { title: visit.name, number: visit.tracking_number },
        build: async () => framed(taken, visit, evidence, { tracking_number: visit.tracking_number, phone_last4: visit.phone.slice(-4), answers: cleaned,
          documents: Object.entries(held).map(([code, one]) => ({ code, sha256: one.sha256 })) }),
        sealed: async () => ({ [store.key]: null, bundle: Object.assign(taken, { completed: [...taken.completed ?? [], id] }) }),
      });
      go(`report/${id}`);
    }), backTo(id, go))));
  show(crumb(id), h("h1", {}, t("field.completion.title")), form);
}

/* -- a print handed over -- */

export async function deliveryScreen(id, go) {
  const taken = await bundle(), visit = visitOf(taken, id);
  if (!visit?.licence_serial) return go(`visit/${id}`);
  const store = await gathered(id), other = input("receiver_name", t("field.delivery.name"), { maxlength: 200 });
  other.hidden = true;
  const by = (who) => () => { other.hidden = who !== "representative"; };
  const form = quiet(h("form", { novalidate: true }, facts([[t("field.visit.serial"), ltr(visit.licence_serial)], [t("field.release.holder"), bdi(visit.name)]]),
    group("receiver", t("field.delivery.receiver"), [choice("radio", "receiver", "holder", t("field.delivery.holder"), { checked: true, onchange: by("holder") }),
      choice("radio", "receiver", "representative", t("field.delivery.representative"), { onchange: by("representative") })]), other,
    select("identity", t("field.delivery.identity"), ["national_id", "passport"].map((one) => [one, t(`field.identity.${one}`)]), {}, { help: t("field.delivery.identity_help") }),
    evidenceFields(store, { signer: () => visit.name }),
    h("div", { class: "actions" }, busy(t("field.delivery.keep"), async () => {
      const given = new FormData(form), represented = given.get("receiver") === "representative", name = (given.get("receiver_name") ?? "").trim();
      if (showFaults(form, t("field.wrong"), represented && name.length < 3 ? [{ field: "receiver_name", text: t("field.delivery.name_wrong"), whole: true }] : [])) return;
      const { evidence, papers } = evidenceOf(store, represented ? name : visit.name);
      await keepItem({
        kind: "delivery", papers, about: { title: visit.name, number: visit.licence_serial },
        build: async () => framed(taken, visit, evidence, { serial: visit.licence_serial, how: "window", receiver: given.get("receiver"),
          receiver_name: represented ? name : null, identity: represented ? "power_of_attorney" : given.get("identity") }),
        sealed: async () => ({ [store.key]: null }),
      });
      go(`report/${id}`);
    }), backTo(id, go))));
  show(crumb(id), h("h1", {}, t("field.delivery.title")), form);
}

/* -- how the visit went -- */

export async function reportScreen(id, go) {
  const taken = await bundle(), visit = visitOf(taken, id);
  if (!visit || taken.reported[id]) return go("");
  const store = await gathered(id);
  const form = quiet(h("form", { novalidate: true },
    group("outcome", t("field.report.outcome"), [choice("radio", "outcome", "done", t("field.report.done")), choice("radio", "outcome", "missed", t("field.report.missed"))]),
    h("div", { class: "field", "data-field": "note" }, h("label", { for: "f-note" }, t("field.report.note"), " ", h("small", {}, t("field.optional"))), h("textarea", { id: "f-note", name: "note", rows: "3", maxlength: "500", dir: "auto" })),
    evidenceFields(store, { signer: () => visit.name }),
    h("div", { class: "actions" }, busy(t("field.report.keep"), async () => {
      const given = new FormData(form), outcome = given.get("outcome"), note = (given.get("note") ?? "").trim() || null;
      if (showFaults(form, t("field.wrong"), outcome ? [] : [{ field: "outcome", text: t("field.report.choose"), whole: true }])) return;
      const { evidence, papers } = evidenceOf(store, visit.name);
      await keepItem({
        kind: "report", papers, about: { title: visit.name, number: visit.visit_number },
        build: async () => framed(taken, visit, evidence, { visit_id: id, outcome, note }),
        sealed: async () => ({ [store.key]: null, bundle: Object.assign(taken, { reported: { ...taken.reported, [id]: outcome } }) }),
      });
      go("");
    }), backTo(id, go))));
  show(crumb(id), h("h1", {}, t("field.report.title")), h("p", { class: "lead" }, bdi(visit.name)), form);
}
