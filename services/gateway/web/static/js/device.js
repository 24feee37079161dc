// What a browser does for its owner on this device: it keeps the last seen state of followed requests (number, texts,
// time; no name, no phone, no digits) and shows it where there is no line. Pages work without it.
const SEEN = "shubbak-seen";
const MOST = 10; // requests that are kept; the one seen longest ago gives way
const DAYS = 90; // after which what was seen is forgotten

const keyOf = (number) => "/seen/" + encodeURIComponent(number);

async function all() {
  const cache = await caches.open(SEEN);
  const found = await Promise.all((await cache.keys()).map(async (key) => (await cache.match(key)).json()));
  const oldest = Date.now() - DAYS * 86400000;
  const stale = found.filter((one) => Date.parse(one.at) < oldest);
  await Promise.all(stale.map((one) => forget(one.number)));
  return found.filter((one) => !stale.includes(one)).sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

async function keep(now) {
  const { number, service, state, who, due, stopped, asOf, at } = now.dataset;
  const seen = { number, service, state, who, due, stopped, asOf, at };
  const cache = await caches.open(SEEN);
  await cache.put(keyOf(number), new Response(JSON.stringify(seen), { headers: { "Content-Type": "application/json" } }));
  for (const old of (await all()).slice(MOST)) await forget(old.number);
}

async function forget(number) {
  await (await caches.open(SEEN)).delete(keyOf(number));
}

// -- the page of a followed request ---------------------------------------------------------------------------------

let keeping = true;

async function ofRequest() {
  const now = document.querySelector("#now[data-number]");
  const note = document.querySelector(".kept-here");
  if (!now || !note || !keeping) return;
  await keep(now);
  note.hidden = false;
}

document.querySelector("[data-forget]")?.addEventListener("click", async (event) => {
  keeping = false;
  await forget(event.target.dataset.forget);
  event.target.closest(".kept-here").textContent = event.target.dataset.forgotten;
});

// -- the page without a line ----------------------------------------------------------------------------------------

function line(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  made.dir = "auto";
  return made;
}

function card(seen, asOf) {
  const made = document.createElement("li");
  made.className = "seen";
  const number = line("bdi", seen.number);
  number.dir = "ltr";
  number.className = "number";
  made.append(line("h2", seen.service), number, line("strong", seen.who));
  for (const text of [seen.state !== seen.who ? seen.state : "", seen.due, seen.stopped]) if (text) made.append(line("p", text));
  made.append(line("p", asOf.replace("{moment}", seen.asOf)));
  made.lastChild.className = "as-of";
  return made;
}

async function withoutLine() {
  const list = document.querySelector("#seen");
  if (!list) return;
  const here = decodeURIComponent(location.pathname);
  const found = (await all()).sort((a, b) => here.includes(b.number) - here.includes(a.number));
  list.replaceChildren(...found.map((one) => card(one, list.dataset.asOf)));
  document.querySelector("#none").hidden = found.length > 0;
  document.querySelector("#forget-all").hidden = found.length === 0;
  document.querySelector("#forget-all").onclick = async () => {
    await caches.delete(SEEN);
    await withoutLine();
  };
  document.querySelector("#again").onclick = () => location.reload();
  window.addEventListener("online", () => { document.querySelector("#back").hidden = false; });
}

// -- everywhere -----------------------------------------------------------------------------------------------------

if ("caches" in window) {
  if (document.querySelector("[data-forget-all]")) await caches.delete(SEEN);
  await ofRequest();
  document.addEventListener("htmx:afterSettle", ofRequest);
  await withoutLine();
}
if ("serviceWorker" in navigator) await navigator.serviceWorker.register("/sw.js", { scope: "/" });
