/* The fields of a service's form, asked as rules/forms.py reads them: one whose condition does not hold is not shown. */
import { checkAnswers, holds } from "./checks.js";
import { choice, field, group, h, input, select } from "./dom.js";
import { named, t } from "./words.js";

const KEYBOARD = { integer: "numeric", decimal: "decimal", national_id: "numeric", mobile: "tel", email: "email" };
const LTR = ["integer", "decimal", "national_id", "mobile", "email"];

/* `changed(answers)` is told after each change; `answers` is changed in place. */
export function fields(form, answers, changed, { optional = false } = {}) {
  const made = form.map((one) => ({ one, node: control(one, answers, told, optional) }));
  function told(name, value) {
    answers[name] = value;
    seen();
    changed(answers);
  }
  function seen() {
    const { cleaned } = checkAnswers(form, answers);
    for (const { one, node } of made) node.hidden = !holds(one.when, cleaned);
  }
  seen();
  return made.map(({ node }) => node);
}

function control(one, answers, told, all) {
  const name = `answers/${one.name}`, label = named(one.label), value = answers[one.name];
  const more = { help: one.help ? named(one.help) : null, optional: one.required && !all ? null : t("field.optional") };
  const change = (event) => told(one.name, event.target.value);
  if (one.type === "long_text") {
    return field(name, label, (id, described) => h("textarea", { id, name, rows: "4", dir: "auto", "aria-describedby": described, value: value ?? "", oninput: change }), more);
  }
  if (one.type === "choice" && one.options.length > 6) {
    return select(name, label, [["", t("field.choose")], ...one.options.map((option) => [option.value, named(option.label)])], { value: value ?? "", onchange: change }, more);
  }
  if (one.type === "choice") {
    return group(name, label, one.options.map((option) => choice("radio", name, option.value, named(option.label), { checked: value === option.value, onchange: change })), more);
  }
  if (one.type === "multi_choice") {
    const chosen = new Set(value ?? []);
    return group(name, label, one.options.map((option) => choice("checkbox", name, option.value, named(option.label), { checked: chosen.has(option.value), onchange: (event) => {
      if (event.target.checked) chosen.add(option.value);
      else chosen.delete(option.value);
      told(one.name, [...chosen]);
    } })), more);
  }
  if (one.type === "boolean") {
    return group(name, label, [["true", "field.yes"], ["false", "field.no"]].map(([option, text]) =>
      choice("radio", name, option, t(text), { checked: String(value) === option, onchange: change })), more);
  }
  return input(name, label, { type: one.type === "date" ? "date" : "text", dir: LTR.includes(one.type) ? "ltr" : "auto", inputmode: KEYBOARD[one.type] ?? null, value: value ?? "", oninput: change }, more);
}
