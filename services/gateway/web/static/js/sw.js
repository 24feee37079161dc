// The portal's service worker. The gateway puts VERSION and SHELL before it (pages/portal.py).
// It keeps the shell of the pages and one page for when there is no line. It answers nothing else: forms, the API, the
// workspace of the staff and the field app go past it, and so do ETags and what browsers keep by themselves.
const SHELL_CACHE = "shubbak-shell-" + VERSION;
const SEEN = "shubbak-seen"; // what device.js keeps of followed requests
const NOT_OURS = /^\/(api|field|health)(\/|$)|^\/(ar|en)\/(staff|field)(\/|$)/;
const LOGGED_OUT = /^\/(ar|en)\/my\/logout$/;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(SHELL_CACHE);
    // Without cookies: what is kept is the same for everybody, whoever is logged in here.
    await cache.addAll(SHELL.map((url) => new Request(url, { credentials: "omit", cache: "reload" })));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("shubbak-shell-") && name !== SHELL_CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin || NOT_OURS.test(url.pathname)) return;
  if (request.method === "POST" && LOGGED_OUT.test(url.pathname)) event.waitUntil(caches.delete(SEEN));
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    if (!/^\/(ar|en)?(\/|$)/.test(url.pathname)) return;
    event.respondWith(fetch(request).catch(() => offline(url)));
  } else if (SHELL.includes(url.pathname + url.search)) {
    event.respondWith(kept(request));
  }
});

async function kept(request) {
  const cache = await caches.open(SHELL_CACHE);
  return (await cache.match(request.url)) ?? fetch(request);
}

async function offline(url) {
  const cache = await caches.open(SHELL_CACHE);
  return (await cache.match(url.pathname.startsWith("/en") ? "/en/offline" : "/ar/offline")) ?? Response.error();
}
