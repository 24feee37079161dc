/* The app of the mobile district, and of a window whose line is down. It works without a network once it was opened
   with one: the service worker keeps its files, the database what is somebody's, encrypted. */
import { meta } from "./db.js";
import { able, device } from "./device.js";
import { bdi, button, h, notice, show } from "./dom.js";
import { completionScreen, deliveryScreen, releaseScreen, reportScreen } from "./acts.js";
import { logInAgain, logInScreen, mayWipe, setUp, unable, unlock, waitForCertificate } from "./entry.js";
import { draftScreen, intakeScreen } from "./intake.js";
import { LineDown, logOut } from "./line.js";
import { outboxScreen, paperScreen } from "./outbox.js";
import { emptyData } from "./db.js";
import { waiting } from "./queue.js";
import { contact, sync } from "./sync.js";
import { takeScreen, todayScreen, visitScreen } from "./today.js";
import { isOpen, lock } from "./vault.js";
import { loadWords, t } from "./words.js";

const LEFT_ALONE = 15 * 60 * 1000; // then it locks itself
const EVERY = 2 * 60 * 1000; // contact and upload by itself while there is a line
let touched = Date.now(), said = null, reached = null, trouble = null;

const go = (path) => {
  if (location.hash === `#/${path}`) route();
  else location.hash = `#/${path}`;
};

/* -- what is always in sight: the line, what waits, lock and log-out -- */

async function bar() {
  const known = await device(), left = (await waiting()).length, vault = await meta("vault"), inside = isOpen();
  const line = navigator.onLine && reached !== false;
  const state = h("p", { class: `line ${line ? "up" : "down"}` }, t(line ? "field.line.up" : "field.line.down"));
  document.getElementById("bar").replaceChildren(h("div", { class: "wrap bar-row" },
    h("p", { class: "who-where" }, known ? bdi(known.label) : t("field.app"), inside && vault ? [" · ", bdi(vault.username)] : null), state,
    left && !inside ? h("p", { class: "waits some" }, t("field.bar.waits", { count: left })) : null,
    inside ? h("div", { class: "bar-acts" }, h("a", { href: "#/outbox", class: `waits${left ? " some" : ""}` }, t("field.bar.waits", { count: left })), button(t("field.sync.now"), syncNow, "quiet"), button(t("field.lock"), shut, "quiet"), button(t("field.logout.button"), leave, "quiet")) : null),
    said ? h("p", { class: "said", role: "status" }, h("span", { class: "wrap" }, said)) : "");
}

async function shut() {
  lock();
  said = null;
  await route();
}

async function leave() {
  if (!await mayWipe()) return;
  await logOut();
  await emptyData();
  lock();
  said = t("field.logout.done");
  history.replaceState(null, "", location.pathname);
  await route();
}

/* -- contact with the node -- */

async function syncNow() {
  said = t("field.sync.busy");
  await bar();
  const result = await sync((item) => {
    said = t("field.sync.item", { number: item.number });
    bar();
  });
  if (result === null) return;
  reached = result.why !== "line";
  if (result.emptied) return emptied(result.lost);
  said = { line: t("field.sync.line", { count: result.left }), session: t("field.sync.session"), forbidden: t("field.sync.forbidden") }[result.why]
    ?? (result.left ? t("field.sync.left", { count: result.left }) : t("field.sync.done"));
  if (result.why === "session") go("login");
  else if (["#/outbox"].includes(location.hash)) await route();
  else await bar();
}

function emptied(lost) {
  lock();
  trouble = null;
  show(h("h1", {}, t("field.emptied.title")), notice("bad", h("p", {}, t("field.emptied.what"))),
    lost?.length ? h("p", {}, t("field.emptied.lost", { numbers: lost.join(", ") })) : null,
    h("div", { class: "actions" }, button(t("field.emptied.anew"), () => location.reload(), "second")));
  document.getElementById("bar").replaceChildren();
}

/* By itself: at the start, when the line comes back, and every few minutes. Answers whether it may go on. */
async function look() {
  if (!navigator.onLine) return true;
  try {
    const told = await contact();
    reached = true;
    if (told?.emptied) {
      emptied(told.lost);
      return false;
    }
  } catch (error) {
    if (!(error instanceof LineDown)) console.warn("the node did not take the device's word", error);
    reached = false;
  }
  return true;
}

async function byItself() {
  if (!await look()) return;
  if (isOpen() && reached && (await waiting()).length) await syncNow();
  else await bar();
}

/* -- screens -- */

const SCREENS = [
  [/^$/, () => todayScreen(go)],
  [/^take$/, () => takeScreen(go)],
  [/^visit\/([\w-]+)$/, (id) => visitScreen(id, go)],
  [/^release\/([\w-]+)$/, (id) => releaseScreen(id, go)],
  [/^completion\/([\w-]+)$/, (id) => completionScreen(id, go)],
  [/^delivery\/([\w-]+)$/, (id) => deliveryScreen(id, go)],
  [/^report\/([\w-]+)$/, (id) => reportScreen(id, go)],
  [/^intake$/, () => intakeScreen(go)],
  [/^intake\/([\w-]+)$/, (id) => intakeScreen(go, id)],
  [/^draft\/([\w-]+)$/, (id) => draftScreen(id, go)],
  [/^paper\/([\w-]+)$/, (id) => paperScreen(id, go)],
  [/^outbox$/, () => outboxScreen(go, syncNow)],
  [/^login$/, async () => logInAgain((await meta("vault")).username, async () => {
    go("");
    await syncNow();
  }, () => go(""))],
];

async function route() {
  const known = await device(), entered = async () => {
    said = null;
    if (await look()) await route();
  };
  await bar();
  if (!known) return setUp(entered);
  if (known.state !== "certified" && !await meta("vault")) return waitForCertificate(entered);
  if (!await meta("vault")) return logInScreen(entered);
  if (!isOpen()) return unlock(entered);
  const path = location.hash.replace(/^#\/?/, "");
  for (const [form, screen] of SCREENS) {
    const found = form.exec(path);
    if (found) return screen(...found.slice(1));
  }
  return go("");
}

async function failed(error) {
  console.error(error);
  if (trouble) return;
  trouble = error;
  show(h("h1", {}, t("field.failed.title")), notice("bad", h("p", {}, t("field.failed.what")), h("p", { dir: "ltr" }, String(error?.message ?? error))),
    h("div", { class: "actions" }, button(t("field.failed.again"), () => location.reload())));
}

async function start() {
  await loadWords();
  if ("serviceWorker" in navigator) {
    const { worker, scope, otherWorker, otherScope } = document.getElementById("app").dataset;
    const failedToKeep = (error) => console.warn("the app's files are not kept", error);
    navigator.serviceWorker.register(worker, { scope }).then(() => navigator.serviceWorker.ready)
      .then(() => navigator.serviceWorker.register(otherWorker, { scope: otherScope })).catch(failedToKeep); // the other language too
  }
  if (!await able()) return unable();
  await navigator.storage?.persist?.();
  window.addEventListener("hashchange", () => route().catch(failed));
  window.addEventListener("online", () => byItself().catch(failed));
  window.addEventListener("offline", () => bar().catch(failed));
  for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  setInterval(() => {
    if (isOpen() && Date.now() - touched > LEFT_ALONE) shut().catch(failed);
  }, 30 * 1000);
  setInterval(() => byItself().catch(failed), EVERY);
  const before = (await device())?.state, looked = look();
  await route();
  if (!await looked) return;
  if ((await device())?.state === before) await bar();
  else await route();
}

window.addEventListener("unhandledrejection", (event) => failed(event.reason));
start().catch(failed);
