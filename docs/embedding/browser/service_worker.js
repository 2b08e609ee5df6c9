// Keeps every file of one release, so that the page opens without a network. A new release has another name here, is
// fetched as a whole beside the old one, and is used once no page of the old one is open.
const RELEASE = "@RELEASE@";
const FILES = ["@FILES@"];

self.addEventListener("install", (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: "reload" }));
  const whole = async () => (await caches.open(RELEASE)).addAll(fresh);
  event.waitUntil(whole());
});

self.addEventListener("activate", (event) => {
  const others = async () => {
    for (const name of await caches.keys()) if (name !== RELEASE) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(others());
});

self.addEventListener("fetch", (event) => {
  const kept = async () => (await caches.open(RELEASE)).match(event.request, { ignoreSearch: true });
  event.respondWith(kept().then((response) => response ?? fetch(event.request)));
});
