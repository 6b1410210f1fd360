// The service worker: keeps one version of the page, whole, in the browser, and answers from it alone.
//
// files.json has the SHA-256 of each file, and this file the SHA-256 of files.json, so every byte is of one version. A newer
// version is fetched completely first. It takes over when no tab shows the older one any more, or when a tab asks for it.

const VERSION = "@VERSION@";
const LIST = "files.json";
// Other pages of the same host have caches beside ours.
const OURS = `${self.registration.scope} `;
const CACHE = OURS + VERSION;
const AT_ONCE = 4;

const at = (name) => new URL(name, self.registration.scope).href;

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(removeOlder()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== self.location.origin) event.respondWith(Response.error());
  else if (event.request.method === "GET" && url.href.startsWith(self.registration.scope))
    event.respondWith(answer(event.request, url));
});
self.addEventListener("message", (event) => {
  if (event.data === "version") event.source.postMessage({ version: VERSION });
  // The page asks for the first of these only if it is of the same version, and reloads after the second.
  if (event.data === "control") event.waitUntil(self.clients.claim());
  if (event.data === "take over") event.waitUntil(self.skipWaiting());
});

async function fill() {
  const list = await fetchChecked(LIST, VERSION);
  const { files } = await list.clone().json();
  const cache = await caches.open(CACHE);
  const older = await olderFiles();
  const waiting = Object.entries(files);
  const work = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [name, digest] = next;
      // An install that was interrupted has left what it had fetched.
      if (await cache.match(at(name))) continue;
      await cache.put(at(name), (await older.get(digest)?.()) ?? (await fetchChecked(name, digest)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  // The last, so that a cache with it has everything.
  await cache.put(at(LIST), list);
}

// The files of older versions, by their digest: most do not change from one version to the next.
async function olderFiles() {
  const found = new Map();
  for (const name of await caches.keys()) {
    if (!name.startsWith(OURS) || name === CACHE) continue;
    const cache = await caches.open(name);
    const { files } = (await (await cache.match(at(LIST)))?.json()) ?? { files: {} };
    for (const [file, digest] of Object.entries(files)) found.set(digest, () => cache.match(at(file)));
  }
  return found;
}

// What the browser has kept of a file will do, if it is the right one; else the server is asked.
async function fetchChecked(name, digest) {
  for (const cache of ["default", "reload"]) {
    const response = await fetch(at(name), { cache, credentials: "same-origin" });
    if (!response.ok) continue;
    const body = await response.arrayBuffer();
    if ((await sha256(body)) !== digest) continue;
    const type = response.headers.get("Content-Type");
    // A response that came by a redirect could not answer a navigation.
    return new Response(body, { headers: type ? { "Content-Type": type } : {} });
  }
  throw new Error(`${name} is of another version`);
}

async function sha256(data) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function removeOlder() {
  for (const name of await caches.keys()) if (name.startsWith(OURS) && name !== CACHE) await caches.delete(name);
}

async function answer(request, url) {
  const name = url.pathname.slice(new URL(self.registration.scope).pathname.length);
  const cache = await caches.open(CACHE);
  const kept = await cache.match(at(name === "" || name.endsWith("/") ? `${name}index.html` : name));
  if (kept) return kept;
  // The browser may have thrown the whole cache away, but never a part of it.
  if (!(await cache.match(at(LIST)))) return fetch(request);
  return new Response("There is no such page.", { status: 404, headers: { "Content-Type": "text/plain" } });
}
