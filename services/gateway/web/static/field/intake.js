/* A whole application taken without a line: four steps, each kept as it is typed, under a number of the bundle at the
   end. */
import { bundle, definition, definitions, framed, numbersLeft } from "./bundle.js";
import { pictures } from "./capture.js";
import { acceptedDocuments, askedOf, checkAnswers, checkApplicant, checkDocuments, isEmpty } from "./checks.js";
import { evidenceFields, evidenceOf, twice } from "./acts.js";
import { device } from "./device.js";
import { bdi, busy, button, confirmed, facts, h, input, notice, select, show, showFaults } from "./dom.js";
import { fields } from "./form.js";
import { keepItem, throwAway } from "./queue.js";
import { uuid7 } from "./release.js";
import { countries, faultTexts, lang, named, t, today } from "./words.js";
import { forget, keep, kept } from "./vault.js";

const STEPS = ["applicant", "answers", "documents", "check"];
const ALL_TYPES = ["application/pdf", "image/jpeg", "image/png"];

/* Choose the service; a visit says which it is for. */
export async function intakeScreen(go, visitId = null) {
  const taken = await bundle(), visit = taken?.visits.find((one) => one.visit_id === visitId);
  if (!taken) return go("");
  if (!numbersLeft(taken).length) {
    show(h("h1", {}, t("field.intake.new")), notice("bad", h("p", {}, t("field.intake.no_numbers"))), h("div", { class: "actions" }, button(t("field.back"), () => go(""), "second")));
    return;
  }
  const { kind } = await device(), channels = kind === "window" ? ["centre", "post_office"] : ["mobile_district"];
  const offered = new Map((await definitions()).filter((one) => channels.some((channel) => one.channels.includes(channel))).map((one) => [one.code, one]));
  const begin = async (code) => {
    const wanted = await definition(code);
    const draft = { id: uuid7(), service_code: code, version: wanted.version, service_name: wanted.name, visit_id: visitId, step: "applicant",
      flat: { kind: wanted.applicants[0], language: visit?.language ?? "ar", name: visit?.name ?? "", phone: visit?.phone ?? "" },
      answers: {}, documents: {}, gathered: { photos: [], signature: null, place: null } };
    await save(draft);
    go(`draft/${draft.id}`);
  };
  if (visit && offered.has(visit.service_code)) return begin(visit.service_code);
  show(h("h1", {}, t("field.intake.which")), h("ul", { class: "cards" }, [...offered.values()].map((one) =>
    h("li", {}, h("button", { type: "button", class: "card", onclick: () => begin(one.code) }, h("strong", {}, named(one.name)))))),
    offered.size ? null : h("p", { class: "empty" }, t("field.intake.none")),
    h("div", { class: "actions" }, button(t("field.back"), () => go(""), "second")));
}

let saving = Promise.resolve();

/* Changes are kept one after the other, the last one last. */
function save(draft) {
  saving = saving.then(() => keep(`draft/${draft.id}`, { ...draft, saved_at: new Date().toISOString() }));
  return saving;
}

export async function draftScreen(id, go) {
  const draft = await kept(`draft/${id}`), wanted = draft && await definition(draft.service_code, draft.version);
  if (!draft) return go("");
  if (!wanted) {
    show(h("h1", {}, named(draft.service_name)), notice("bad", h("p", {}, t("field.drafts.no_form"))), h("div", { class: "actions" },
      button(t("field.take.button"), () => go("take")), button(t("field.intake.discard"), () => discard(draft, go), "quiet")));
    return;
  }
  const move = async (step) => {
    draft.step = step;
    await save(draft);
    await draftScreen(id, go);
  };
  const at = STEPS.indexOf(draft.step), { body, next } = parts[draft.step](draft, wanted, move, go);
  const form = h("form", { novalidate: true }, body,
    h("div", { class: "actions" }, busy(t(draft.step === "check" ? "field.intake.keep" : "field.next"), () => next(form)),
      at ? button(t("field.back"), () => move(STEPS[at - 1]), "second") : null,
      button(t("field.intake.discard"), () => discard(draft, go), "quiet")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    next(form);
  });
  show(h("p", { class: "crumb" }, h("a", { href: "#/" }, t("field.today.title"))), h("p", { class: "help" }, t("field.step", { number: at + 1, of: STEPS.length })),
    h("h1", {}, t(`field.step.${draft.step}`)), h("p", { class: "lead" }, named(draft.service_name)), form);
}

async function discard(draft, go) {
  if (!await confirmed(t("field.intake.discard"), [t("field.intake.discard_what")], t("field.intake.discard_yes"), t("field.back"))) return;
  await saving;
  await throwAway([...Object.values(draft.documents), ...draft.gathered.photos, ...(draft.gathered.signature ? [draft.gathered.signature] : [])].map((one) => one.paper));
  await forget(`draft/${draft.id}`);
  go("");
}

/* -- the four steps: each answers its fields and what "next" does -- */

const parts = {
  applicant(draft, wanted, move) {
    const holder = h("div", {});
    const drawn = () => holder.replaceChildren(...askedOf(draft.flat.kind).map(([path, , optional]) => applicantField(draft, path, optional)));
    drawn();
    return {
      body: [select("applicant/kind", t("field.applicant.kind"), wanted.applicants.map((one) => [one, t(`kind.${one}`)]), { value: draft.flat.kind, onchange: (event) => {
        draft.flat.kind = event.target.value;
        save(draft);
        drawn();
      } }), holder, select("applicant/language", t("field.applicant.language"), [["ar", "العربية"], ["en", "English"]], { value: draft.flat.language, onchange: (event) => {
        draft.flat.language = event.target.value;
        save(draft);
      } })],
      next: async (form) => {
        const { faults } = checkApplicant(draft.flat, today());
        if (!showFaults(form, t("field.wrong"), faultTexts(faults))) await move("answers");
      },
    };
  },
  answers(draft, wanted, move) {
    return {
      body: [fields(wanted.form, draft.answers, () => save(draft))],
      next: async (form) => {
        const { faults } = checkAnswers(wanted.form, draft.answers);
        if (!showFaults(form, t("field.wrong"), faultTexts(faults))) await move("documents");
      },
    };
  },
  documents(draft, wanted, move) {
    const { cleaned } = checkAnswers(wanted.form, draft.answers);
    const store = { held: draft.gathered, save: (changes) => {
      Object.assign(draft.gathered, changes);
      return save(draft);
    } };
    return {
      body: [h("p", { class: "help" }, t("field.documents.help")),
        acceptedDocuments(wanted.documents, cleaned).map((one) => pictures(`documents/${one.code}`, named(one.name), {
          kept: draft.documents[one.code] ? [draft.documents[one.code]] : [], accept: (one.accepts ?? ALL_TYPES).join(","), optional: one.required ? null : t("field.optional"),
          changed: ([made]) => {
            if (made) draft.documents[one.code] = made;
            else delete draft.documents[one.code];
            return save(draft);
          } })),
        h("h2", {}, t("field.evidence")), evidenceFields(store, { signer: () => draft.flat.name })],
      next: async (form) => {
        const wrong = [...faultTexts(checkDocuments(wanted.documents, cleaned, Object.keys(draft.documents))), ...twice(draft.documents)];
        if (!showFaults(form, t("field.wrong"), wrong)) await move("check");
      },
    };
  },
  check(draft, wanted, move, go) {
    const { applicant } = checkApplicant(draft.flat, today()), { cleaned } = checkAnswers(wanted.form, draft.answers);
    const asked = acceptedDocuments(wanted.documents, cleaned), change = (step) => button(t("field.change"), () => move(step), "quiet");
    return {
      body: [
        h("section", { class: "group" }, h("h2", {}, t("field.step.applicant"), " ", change("applicant")), facts([[t("field.applicant.kind"), t(`kind.${draft.flat.kind}`)],
          ...askedOf(draft.flat.kind).map(([path]) => [t(`field.applicant.${path}`), isEmpty(draft.flat[path]) ? null : bdi(draft.flat[path])])])),
        h("section", { class: "group" }, h("h2", {}, t("field.step.answers"), " ", change("answers")),
          facts(wanted.form.filter((one) => one.name in cleaned).map((one) => [named(one.label), bdi(answered(one, cleaned[one.name]))]))),
        h("section", { class: "group" }, h("h2", {}, t("field.step.documents"), " ", change("documents")), h("ul", {}, asked.filter((one) => draft.documents[one.code]).map((one) => h("li", {}, named(one.name)))),
          draft.gathered.signature ? h("p", { class: "kept" }, t("field.signed")) : null),
        notice("", h("p", {}, t("field.intake.fees"))),
      ],
      next: async () => {
        if (!numbersLeft(await bundle()).length) return go("intake");
        await saving;
        let taken = null, number = null;
        const given = Object.fromEntries(asked.filter((one) => draft.documents[one.code]).map((one) => [one.code, draft.documents[one.code]]));
        const visit = draft.visit_id ? { visit_id: draft.visit_id } : null, known = await device();
        const { evidence, papers } = evidenceOf({ held: draft.gathered }, applicant.name);
        const about = { title: applicant.name, service_name: wanted.name, documents: asked.filter((one) => given[one.code]).map((one) => one.name) };
        const item = await keepItem({
          kind: "intake", papers: [...Object.values(given), ...papers],
          about,
          // Drawn while nobody else can: two tabs of one device give no number twice.
          build: async () => {
            taken = await bundle();
            about.number = number = numbersLeft(taken)[0];
            return framed(taken, visit, evidence, { tracking_number: number, service_code: wanted.code, unit: known.unit, applicant, answers: cleaned,
              documents: Object.entries(given).map(([code, one]) => ({ code, sha256: one.sha256 })) });
          },
          sealed: async () => ({ bundle: { ...taken, given: [...taken.given, number] }, [`draft/${draft.id}`]: null }),
        });
        go(`paper/${item.item_id}`);
      },
    };
  },
};

function answered(one, value) {
  const label = (option) => named(one.options.find((other) => other.value === option)?.label ?? option);
  if (one.type === "boolean") return t(value ? "field.yes" : "field.no");
  if (one.type === "choice") return label(value);
  return one.type === "multi_choice" ? value.map(label).join(lang === "ar" ? "، " : ", ") : value;
}

const DIGITS = ["national_id", "phone", "passport", "email"];

function applicantField(draft, path, optional) {
  const name = `applicant/${path}`, label = t(`field.applicant.${path}`), last = path.split("/").at(-1);
  const typed = (event) => {
    draft.flat[path] = event.target.value;
    save(draft);
  };
  const more = { optional: optional ? t("field.optional") : null, help: path === "heirs" ? t("field.applicant.heirs_help") : null };
  const value = draft.flat[path] ?? "";
  if (path === "heirs") {
    return h("div", { class: "field", "data-field": name }, h("label", { for: "f-heirs" }, label), h("p", { class: "help" }, more.help), h("textarea", { id: "f-heirs", rows: "4", dir: "auto", value, oninput: typed }));
  }
  if (path === "nationality") return select(name, label, [["", t("field.choose")], ...countries()], { value, onchange: typed }, more);
  const numeric = ["national_id", "tax_number", "commercial_register", "year"].includes(last);
  return input(name, label, { value, oninput: typed, dir: DIGITS.includes(last) || numeric ? "ltr" : "auto", type: last === "died_on" ? "date" : "text",
    inputmode: numeric ? "numeric" : last === "phone" ? "tel" : last === "email" ? "email" : null }, more);
}

