// Without a network: a page that says so, and what pages are made of. Nothing that is about anybody is kept
// here: a phone is lent, and what was signed out of must not be readable from it.
"use strict";

const KEPT = "ac-advisor-shell";
const OFFLINE = "/offline";
const SHELL = [OFFLINE, "/static/vendor/pico.min.css", "/static/app.css", "/static/icon.svg", "/static/shell.js"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(SHELL)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// The network is asked first, by ETag; what is kept is for when it does not answer.
async function fromNetwork(request, kept) {
  const cache = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.ok && kept === request) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    return (await cache.match(kept)) || Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(fromNetwork(request, OFFLINE));
  else if (pathname.startsWith("/static/")) event.respondWith(fromNetwork(request, request));
});

self.addEventListener("push", (event) => {
  event.waitUntil(self.registration.showNotification("ac-advisor", {
    body: new URL(location.href).searchParams.get("advice"), icon: "/static/icon.svg", tag: "advice",
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow("/"));
});
