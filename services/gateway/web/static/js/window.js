// The window clerk's forms (keys.js beside it): services are offered while somebody types, files are attached as soon as
// they are chosen, fee and questions follow the answers, and what was typed is kept here, encrypted, until the node has
// answered. Without it every page works with Tab, Enter and its buttons.

const LOCAL = "shubbak-window:";
const form = document.querySelector("form[data-window]");
const intake = form?.dataset.intake;

// -- services while somebody types -------------------------------------------------------------------------------------

const typed = form?.querySelector("[name=service]");
const matches = form?.querySelector("[data-matches]");
let asked = 0;

typed?.addEventListener("input", async () => {
  const mine = ++asked;
  await new Promise((done) => setTimeout(done, 120));
  if (mine !== asked) return;
  const answer = await fetch(`${form.dataset.services}?q=${encodeURIComponent(typed.value)}`).catch(() => null);
  if (mine === asked && answer?.ok && !answer.redirected) matches.innerHTML = await answer.text();
});

typed?.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const options = [...matches.querySelectorAll("input")];
  if (!options.length) return;
  event.preventDefault();
  const at = options.findIndex((one) => one.checked);
  const to = (at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length;
  options[to].checked = true;
  options[to].parentElement.scrollIntoView({ block: "nearest" });
});

// -- what was typed stays in this browser until the node has it ----------------------------------------------------------

const told = document.querySelector("[data-kept]");
const offline = document.querySelector("[data-offline]");

function say(what) {
  if (told && told.dataset[what]) told.textContent = told.dataset[what];
}

async function cipher() {
  const raw = Uint8Array.from(atob(form.dataset.local), (letter) => letter.charCodeAt(0));
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

function values() {
  return [...new FormData(form)].filter(([name, value]) => typeof value === "string" && /^(applicant|answers|scan)\/|^language$|^unit$/.test(name));
}

let writing = Promise.resolve();
function keep_here() {
  if (!intake || !crypto.subtle) return;
  const held = JSON.stringify(values());
  writing = writing.then(async () => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await cipher(), new TextEncoder().encode(held));
    const bytes = new Uint8Array([...iv, ...new Uint8Array(sealed)]);
    localStorage.setItem(LOCAL + intake, btoa(String.fromCharCode(...bytes)));
  });
}

async function bring_back() {
  const kept = intake && crypto.subtle && localStorage.getItem(LOCAL + intake);
  if (!kept) return;
  let pairs;
  try {
    const bytes = Uint8Array.from(atob(kept), (letter) => letter.charCodeAt(0));
    const open = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes.slice(0, 12) }, await cipher(), bytes.slice(12));
    pairs = JSON.parse(new TextDecoder().decode(open));
  } catch {
    localStorage.removeItem(LOCAL + intake); // of another account, or of an older key: nothing that can be read
    return;
  }
  if (fill(pairs)) {
    say("restored");
    look();
  }
}

// Put values back into the form; answers whether any was another than what stands there.
function fill(pairs) {
  const names = new Set(pairs.map(([name]) => name));
  let changed = false;
  for (const name of names) {
    const wanted = pairs.filter(([one]) => one === name).map(([, value]) => value);
    for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (field.type === "radio" || field.type === "checkbox") {
        const on = wanted.includes(field.value);
        changed ||= field.checked !== on;
        field.checked = on;
      } else if (field.value !== wanted[0]) {
        field.value = wanted[0];
        changed = true;
      }
    }
  }
  return changed;
}

function forget_here() {
  for (const name of Object.keys(localStorage)) if (name.startsWith(LOCAL)) localStorage.removeItem(name);
}
if (document.querySelector("[data-lodged]")) forget_here();

// -- fee, questions and papers follow the answers -----------------------------------------------------------------------

let turn = 0;
let waits = 0;
let line = Promise.resolve(); // one exchange after the other: of two at once the later would overwrite the earlier

function look() {
  const mine = ++turn;
  clearTimeout(waits);
  waits = setTimeout(() => {
    line = line.then(() => (mine === turn ? exchange("look", mine, new FormData(form)) : null));
  }, 200);
}

function attach() {
  const mine = ++turn;
  const body = new FormData(form); // with the files as they were chosen, whatever becomes of the field
  line = line.then(() => exchange("attach", mine, body));
  return line;
}

async function exchange(button, mine, body) {
  if (button !== "attach") body.delete("scans");
  body.append(button, "1");
  say("saving");
  const answer = await fetch(form.action, { method: "POST", body }).catch(() => null);
  if (answer?.redirected || answer?.status === 403) {
    // Logged out, or lodged or dropped from elsewhere: what was typed lies here until somebody is let in again.
    await writing;
    window.location.assign(answer.redirected ? answer.url : form.action);
    return false;
  }
  if (!answer || ![200, 422].includes(answer.status)) {
    down(true);
    return false;
  }
  down(false);
  say("saved");
  if (mine !== turn && button === "look") return true;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const here = document.activeElement?.id;
  const now = values();
  for (const part of ["asked", "papers", "fees"]) replace(part, page, button);
  fill(now.filter(([name]) => button !== "attach" || !name.startsWith("scan/")));
  document.dispatchEvent(new Event("answers-changed"));
  if (here && document.activeElement?.id !== here) document.getElementById(here)?.focus();
  return true;
}

// Questions are replaced only where others are asked now, so that nobody's field goes away under the fingers.
function replace(part, page, button) {
  const old = document.querySelector(`[data-part="${part}"]`);
  const made = page.querySelector(`[data-part="${part}"]`);
  if (!old || !made) return;
  const same = part === "asked" && old.dataset.shown === made.dataset.shown;
  const held = part === "papers" && button !== "attach" && old.contains(document.activeElement);
  if (same || held) return;
  old.replaceWith(document.adoptNode(made));
}

function down(is) {
  if (offline) offline.hidden = !is;
  if (is && told) told.textContent = "";
}

if (intake) {
  form.addEventListener("input", keep_here);
  form.addEventListener("change", async (event) => {
    keep_here();
    if (event.target.type !== "file") {
      look();
      return;
    }
    if (!event.target.files.length) return;
    await attach();
    const open = document.querySelector('[data-part="papers"] .bad select, [data-part="papers"] .bad input');
    const lacking = document.querySelector('[data-part="papers"] [id^="documents-"]');
    (open ?? (lacking ? document.querySelector("#scans") : form.querySelector("[data-main]"))).focus();
  });
  bring_back();
}

// -- the line --------------------------------------------------------------------------------------------------------

// A form that would be lost in a browser's error page is held back while the node cannot be reached.
async function reached() {
  const answer = await fetch("/health/live", { signal: AbortSignal.timeout(4000), cache: "no-store" }).catch(() => null);
  return Boolean(answer?.ok);
}

let sure = false;
form?.addEventListener("submit", async (event) => {
  if (sure) return;
  event.preventDefault();
  const by = event.submitter ?? form.querySelector("[data-main]");
  clearTimeout(waits);
  await writing;
  await line;
  if (await reached()) {
    sure = true;
    form.requestSubmit(by);
  } else {
    down(true);
    offline?.scrollIntoView({ block: "center" });
  }
});
document.querySelector("[data-again]")?.addEventListener("click", async () => down(!(await reached())));
window.addEventListener("offline", () => down(true));
window.addEventListener("online", async () => down(!(await reached())));
