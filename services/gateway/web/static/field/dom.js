/* Small helpers to build a screen. Nothing is ever read as HTML: texts are texts. */

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "value") node.value = value;
    else if (name === "checked" || name === "disabled" || name === "hidden" || name === "required") node[name] = Boolean(value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((one) => one !== null && one !== undefined && one !== false));
  return node;
}

/* A number, a name of another script: its direction is its own. */
export const bdi = (text, props = {}) => h("bdi", props, String(text ?? ""));
export const ltr = (text) => bdi(text, { dir: "ltr", class: "number" });

let screen = null;

/* Show a screen: what is read out and scrolled to is its heading. */
export function show(...nodes) {
  screen ??= document.getElementById("app");
  screen.replaceChildren(...nodes.flat(3).filter(Boolean));
  const heading = screen.querySelector("h1");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  window.scrollTo(0, 0);
}

export const button = (label, onclick, kind = "") => h("button", { type: "button", class: kind, onclick }, label);

/* A button whose work takes a while: it cannot be pressed twice meanwhile. */
export function busy(label, work, kind = "") {
  const made = button(label, async () => {
    if (made.getAttribute("aria-disabled") === "true") return;
    made.setAttribute("aria-disabled", "true");
    try {
      await work();
    } finally {
      made.removeAttribute("aria-disabled");
    }
  }, kind);
  return made;
}

export function facts(rows) {
  return h("dl", { class: "facts" }, rows.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

export const notice = (kind, ...children) => h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" }, ...children);

const idOf = (field) => `f-${field.replaceAll("/", "-")}`;

/* A field with its label, help and fault. `make(id, describedBy)` answers the control. */
export function field(name, label, make, { help = null, optional = null } = {}) {
  const id = idOf(name), helpId = `${id}-help`;
  return h("div", { class: "field", "data-field": name },
    h("label", { for: id }, label, optional ? h("small", {}, ` ${optional}`) : null),
    help ? h("p", { class: "help", id: helpId }, help) : null,
    make(id, help ? helpId : null));
}

/* Several controls under one question. */
export function group(name, label, controls, { help = null } = {}) {
  return h("fieldset", { class: "field", "data-field": name, id: idOf(name), tabindex: "-1" }, h("legend", {}, label),
    help ? h("p", { class: "help" }, help) : null, controls);
}

export function input(name, label, props = {}, more = {}) {
  return field(name, label, (id, described) => h("input", { id, name, autocomplete: "off", "aria-describedby": described, ...props }), more);
}

export function select(name, label, options, props = {}, more = {}) {
  const { value, ...others } = props;
  return field(name, label, (id, described) => {
    const made = h("select", { id, name, "aria-describedby": described, ...others },
      options.map(([code, text]) => h("option", { value: code }, text)));
    if (value !== undefined && value !== null) made.value = value;
    return made;
  }, more);
}

export function choice(type, name, value, label, props = {}) {
  return h("label", { class: "choice" }, h("input", { type, name, value, ...props }), h("span", {}, label));
}

/* Say all that is wrong: at the top, with links, and at each field; `faults` are [{field, text}]. */
export function showFaults(form, title, faults) {
  form.querySelector(".summary")?.remove();
  for (const node of form.querySelectorAll(".wrong")) node.remove();
  for (const node of form.querySelectorAll(".bad.field")) {
    node.classList.remove("bad");
    node.querySelector("input,select,textarea")?.removeAttribute("aria-invalid");
  }
  if (!faults.length) return false;
  const list = [];
  for (const fault of faults) {
    const place = fault.field && form.querySelector(`[data-field="${CSS.escape(fault.field)}"]`);
    const wrongId = `${idOf(fault.field || "form")}-wrong`;
    if (place && !place.classList.contains("bad")) {
      const control = place.querySelector("input,select,textarea");
      place.classList.add("bad");
      (place.querySelector("label,legend") ?? place.firstChild).after(h("p", { class: "wrong", id: wrongId }, fault.text));
      control?.setAttribute("aria-invalid", "true");
      control?.setAttribute("aria-describedby", wrongId);
    }
    const asked = place?.querySelector("label,legend,.label")?.firstChild?.textContent ?? null;
    const told = asked && asked.length < 60 && !fault.whole ? `${asked}: ${fault.text}` : fault.text;
    const target = place && (place.id ? place : place.querySelector("input:not([type=hidden]),select,textarea,button"));
    list.push(h("li", {}, target ? h("a", { href: `#${target.id}`, onclick: (event) => {
      event.preventDefault();
      target.focus();
      target.scrollIntoView({ block: "center" });
    } }, told) : told));
  }
  const summary = h("div", { class: "summary", role: "alert", tabindex: "-1" }, h("h2", {}, title), h("ul", {}, list));
  form.prepend(summary);
  summary.focus();
  summary.scrollIntoView({ block: "start" });
  return true;
}

/* Ask once more before what cannot be undone. Answers whether it was confirmed. */
export function confirmed(title, texts, yes, no) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "ask", "aria-label": title }, h("h2", {}, title), texts.map((one) => h("p", {}, one)),
      h("div", { class: "actions" }, button(yes, () => dialog.close("yes"), "danger"), button(no, () => dialog.close("no"), "second")));
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
