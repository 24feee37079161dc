// Pages of the window and the cashier by keyboard: function keys press what carries them (data-key), Enter goes on to the
// next field of a form that says data-window, digits choose answers by their number, Ctrl+Enter sends.
// Without it everything is reached with Tab and Enter.

const form = document.querySelector("form[data-window]");

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.metaKey) return;
  if (event.key === "Enter" && event.ctrlKey && form) {
    event.preventDefault();
    press(form.querySelector("[data-main]"));
    return;
  }
  if (event.ctrlKey || event.shiftKey) return;
  if (/^F\d+$/.test(event.key)) {
    const files = form?.dataset.intake && event.key === "F2" ? form.querySelector("input[type=file]") : null;
    const found = files ?? document.querySelector(`[data-key="${event.key}"]`);
    if (found) {
      event.preventDefault();
      press(found);
    }
  }
});

function press(target) {
  target?.focus();
  target?.click();
}

form?.addEventListener("keydown", (event) => {
  const at = event.target;
  if (event.key === "Enter" && !event.ctrlKey && !event.shiftKey && goes_on(at)) {
    event.preventDefault();
    enter(following(at));
  }
  if (/^[1-9]$/.test(event.key) && at.matches("input[type=radio], input[type=checkbox]") && at.closest("fieldset.field")) {
    const options = [...at.closest("fieldset.field").querySelectorAll("input")];
    const chosen = options[Number(event.key) - 1];
    if (!chosen) return;
    event.preventDefault();
    chosen.checked = chosen.type === "radio" ? true : !chosen.checked;
    chosen.focus();
    chosen.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// Enter goes on from every field, Shift+Enter begins a line; in the last field, on buttons, and where each line is one
// heir, Enter does what it always does.
function goes_on(at) {
  if (at.matches("[name='applicant/heirs'], button, a, summary, input[type=file]")) return false;
  return Boolean(following(at)) && at.name !== "service" && !at.matches("[name=service_code]");
}

function following(at) {
  const fields = [...form.querySelectorAll("input, select, textarea, button")].filter(
    (one) => !one.disabled && one.type !== "hidden" && one.tabIndex >= 0 && one.checkVisibility(),
  );
  const here = at.type === "radio" ? fields.filter((one) => one.name === at.name).at(-1) : at;
  const next = fields[fields.indexOf(here) + 1];
  if (next?.type !== "radio") return next;
  return fields.find((one) => one.name === next.name && one.checked) ?? next;
}

// Come into a field as the Tab key does: what stands in it is chosen, and typing takes its place.
function enter(field) {
  field?.focus();
  if (field?.matches("input:not([type=radio], [type=checkbox], [type=file])")) field.select();
}

function number_the_answers(within) {
  for (const group of within.querySelectorAll("fieldset.field")) {
    group.querySelectorAll(".choice > span").forEach((text, index) => {
      if (index < 9 && !text.dataset.digit) text.dataset.digit = String(index + 1);
    });
  }
}
if (form) number_the_answers(form);
document.addEventListener("answers-changed", () => number_the_answers(form));

const print = document.querySelector("[data-print]");
if (print) {
  print.hidden = false;
  print.dataset.key = "F8";
  print.addEventListener("click", () => window.print());
}
// What is wrong takes the focus: the first wrong field, or the summary where the fault is at none.
const wrong = document.querySelector("#faults") && document.querySelector("main [aria-invalid=true], main .bad select, main .bad input");
enter(wrong || document.querySelector("#faults"));
