// The field app's service worker. The gateway puts VERSION, PAGE and FILES before it (pages/field.py).
// It keeps the app's own files, none of which names anybody, and nothing else: what the API answers goes past it.
const CACHE = "shubbak-field-" + PAGE + "-" + VERSION;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([PAGE, ...FILES].map((url) => new Request(url, { credentials: "omit", cache: "reload" })));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("shubbak-field-" + PAGE + "-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

// The files first: they are of one version, and a line that is half there keeps nobody waiting.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin || request.method !== "GET") return;
  if (url.pathname === PAGE || FILES.some((one) => one.split("?")[0] === url.pathname)) event.respondWith(kept(request));
});

async function kept(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreSearch: true, ignoreVary: true })) ?? fetch(request);
}
