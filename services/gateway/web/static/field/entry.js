/* Before the work: making the device known, logging in with a PIN for the time without a line, unlocking. */
import { contact } from "./sync.js";
import { device, make, registration, unbase64, update } from "./device.js";
import { emptyData, meta } from "./db.js";
import { bdi, busy, choice, confirmed, facts, group, h, input, ltr, notice, select, show, showFaults } from "./dom.js";
import { ask, LineDown, logIn, Refused, rememberSession, unlocking } from "./line.js";
import { waiting } from "./queue.js";
import { uuid7 } from "./release.js";
import { faultTexts, lang, t, units } from "./words.js";
import { create, open, pinFault, reopen, WrongPin } from "./vault.js";

const values = (form) => Object.fromEntries(new FormData(form));

/* What went wrong, as faults of a form. */
function said(error, field = null) {
  if (error instanceof LineDown) return [{ field, text: t("field.line.none") }];
  if (error instanceof Refused) return error.texts(lang).map((text) => ({ field, text }));
  throw error;
}

export const unable = () => show(h("h1", {}, t("field.unable.title")), notice("bad", h("p", {}, t("field.unable.what"))));

/* -- the device -- */

export async function setUp(done) {
  const form = h("form", { novalidate: true },
    group("kind", t("field.setup.kind"), [
      choice("radio", "kind", "tablet", t("field.kind.tablet"), { checked: true }),
      choice("radio", "kind", "window", t("field.kind.window"))]),
    select("unit", t("field.setup.unit"), units()),
    input("label", t("field.setup.label"), { maxlength: 80 }, { help: t("field.setup.label_help") }),
    h("h2", {}, t("field.setup.administrator")), h("p", { class: "help" }, t("field.setup.administrator_help")),
    input("username", t("field.login.username"), { dir: "ltr", autocapitalize: "none" }),
    input("password", t("field.login.password"), { type: "password" }),
    input("code", t("field.login.code"), { dir: "ltr", inputmode: "numeric" }, { help: t("field.login.code_help"), optional: t("field.optional") }),
    input("days", t("field.setup.days"), { inputmode: "numeric", value: "180", dir: "ltr" }),
    h("div", { class: "actions" }, busy(t("field.setup.register"), () => register(form, done))),
    h("details", {}, h("summary", {}, t("field.setup.elsewhere")), h("p", {}, t("field.setup.elsewhere_help")),
      busy(t("field.setup.show_text"), async () => {
        if (!await made(form)) return;
        await waitForCertificate(done);
      }, "second")));
  form.addEventListener("submit", (event) => event.preventDefault());
  show(h("h1", {}, t("field.setup.title")), h("p", { class: "lead" }, t("field.setup.lead")), form);
}

async function made(form) {
  const { kind, unit, label } = values(form);
  if (label.trim().length < 2) {
    showFaults(form, t("field.wrong"), [{ field: "label", text: t("field.setup.label_wrong"), whole: true }]);
    return null;
  }
  return make({ kind, unit, label: label.trim() });
}

/* An administrator registers and certifies it here, with a session that ends at once. */
async function register(form, done) {
  showFaults(form, "", []);
  const { username, password, code, days } = values(form);
  if (!await made(form)) return;
  let token;
  try {
    ({ token } = await logIn(username, password, code));
    const found = await ask("POST", "/devices", { token, key: uuid7(), body: await registration() });
    await update({ device_id: found.device_id, state: found.state });
    const certified = await ask("POST", `/devices/${found.device_id}/certification`, { token, key: uuid7(), body: { days: Number(days) || 180 } });
    await update({ state: certified.state });
    await done();
  } catch (error) {
    showFaults(form, t("field.wrong"), said(error));
  } finally {
    if (token) await ask("DELETE", "/sessions", { token }).catch(() => null);
  }
}

export async function waitForCertificate(done) {
  const known = await device(), said_ = h("p", { role: "status" });
  const text = JSON.stringify(await registration(), null, 1);
  show(h("h1", {}, t("field.wait.title")), h("p", { class: "lead" }, t("field.wait.lead")),
    facts([[t("field.setup.label"), bdi(known.label)], [t("field.setup.unit"), ltr(known.unit)],
      [t("field.wait.state"), known.state ? t(`field.device.${known.state}`) : t("field.device.unknown")]]),
    known.device_id ? null : h("div", { class: "field" }, h("label", { for: "registration" }, t("field.wait.text")),
      h("textarea", { id: "registration", rows: "8", readonly: true, dir: "ltr" }, text)),
    said_, h("div", { class: "actions" }, busy(t("field.wait.check"), async () => {
      try {
        await contact();
      } catch (error) {
        said_.textContent = said(error)[0].text;
        return;
      }
      if ((await device())?.state === "certified") await done();
      else await waitForCertificate(done);
    })));
}

/* -- the clerk -- */

function pinFields() {
  const props = { type: "password", dir: "ltr", minlength: 6 };
  return [input("pin", t("field.pin.new"), props, { help: t("field.pin.help") }), input("again", t("field.pin.again"), props)];
}

function pinFaults({ pin, again }) {
  const fault = pinFault(pin);
  if (fault) return [{ field: "pin", text: t(fault), whole: true }];
  return pin === again ? [] : [{ field: "again", text: t("field.pin.differs"), whole: true }];
}

/* `username` where somebody's data lies here: only they can open it. */
export function logInScreen(done, username = null) {
  const form = h("form", { novalidate: true }, username ? h("p", {}, t("field.login.as"), " ", ltr(username))
    : input("username", t("field.login.username"), { dir: "ltr", autocapitalize: "none" }),
    input("password", t("field.login.password"), { type: "password" }),
    input("code", t("field.login.code"), { dir: "ltr", inputmode: "numeric" }, { help: t("field.login.code_help"), optional: t("field.optional") }),
    pinFields(),
    h("div", { class: "actions" }, h("button", { type: "submit" }, t("field.login.button"))));
  let working = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (working) return;
    working = true;
    try {
      const given = values(form), faults = pinFaults(given);
      if (showFaults(form, t("field.wrong"), faults)) return;
      const session = await logIn(username ?? given.username, given.password, given.code);
      const secrets = (await unlocking(session.token)).map(unbase64);
      if (username) await reopen(secrets, given.pin);
      else await create(session.account.username, given.pin, secrets[0]);
      await rememberSession(session);
      await done();
    } catch (error) {
      showFaults(form, t("field.wrong"), said(error));
    } finally {
      working = false;
    }
  });
  show(h("h1", {}, t("field.login.title")), h("p", { class: "lead" }, t(username ? "field.login.forgotten" : "field.login.lead")), form);
}

/* A session that ended while there is something to upload: the vault stays open. */
export function logInAgain(username, done, back) {
  const form = h("form", { novalidate: true }, h("p", {}, t("field.login.as"), " ", ltr(username)),
    input("password", t("field.login.password"), { type: "password" }),
    input("code", t("field.login.code"), { dir: "ltr", inputmode: "numeric" }, { help: t("field.login.code_help"), optional: t("field.optional") }),
    h("div", { class: "actions" }, h("button", { type: "submit" }, t("field.login.again_button")),
      h("button", { type: "button", class: "second", onclick: back }, t("field.back"))));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const { password, code } = values(form);
      await rememberSession(await logIn(username, password, code));
    } catch (error) {
      showFaults(form, t("field.wrong"), said(error));
      return;
    }
    await done();
  });
  show(h("h1", {}, t("field.login.again")), h("p", { class: "lead" }, t("field.login.again_lead")), form);
}

export async function unlock(done) {
  const vault = await meta("vault");
  if (!vault.pin) return forgotten(done, vault.username, true);
  const form = h("form", { novalidate: true }, h("p", {}, t("field.login.as"), " ", ltr(vault.username)),
    input("pin", t("field.pin"), { type: "password", dir: "ltr" }),
    h("div", { class: "actions" }, h("button", { type: "submit" }, t("field.unlock.button")),
      h("button", { type: "button", class: "quiet", onclick: () => forgotten(done, vault.username, false) }, t("field.pin.forgot"))));
  let working = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (working) return;
    working = true;
    try {
      await open(values(form).pin);
      await done();
    } catch (error) {
      if (!(error instanceof WrongPin)) throw error;
      if (!error.left) return forgotten(done, vault.username, true);
      showFaults(form, t("field.wrong"), faultTexts([]).concat({ field: "pin", text: t("field.pin.wrong", { left: error.left }), whole: true }));
    } finally {
      working = false;
    }
  });
  const emptying = (await device()).wipe ? notice("bad", h("p", {}, t("field.wipe.wanted"))) : null;
  show(h("h1", {}, t("field.unlock.title")), emptying, form, await leave(done));
}

async function forgotten(done, username, spent) {
  logInScreen(done, username);
  if (spent) document.querySelector("h1").after(notice("bad", h("p", {}, t("field.pin.spent"))));
  document.getElementById("app").append(await leave(done));
}

/* Somebody else takes the device: what the one before left is wiped, said twice where the node does not have it. */
async function leave(done) {
  return h("details", {}, h("summary", {}, t("field.unlock.other")), h("p", {}, t("field.unlock.other_help")),
    busy(t("field.logout.wipe"), async () => {
      if (await mayWipe()) {
        await emptyData();
        await done();
      }
    }, "danger"));
}

/* Whether what lies here may go: asked twice while the node does not have all of it. */
export async function mayWipe() {
  const left = (await waiting()).length;
  if (!left) return confirmed(t("field.logout.title"), [t("field.logout.what")], t("field.logout.wipe"), t("field.back"));
  return await confirmed(t("field.logout.pending_title", { count: left }), [t("field.logout.pending"), t("field.logout.pending_do")], t("field.logout.all_the_same"), t("field.back"))
    && confirmed(t("field.logout.sure"), [t("field.logout.sure_what", { count: left })], t("field.logout.lose", { count: left }), t("field.back"));
}
