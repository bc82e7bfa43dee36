// Tells the parts of a page that they are stale: by the stream of live updates, and where that cannot be
// had (no room, no network, an old proxy) by looking every few seconds. Parts carry an ETag, so a look at
// what has not changed costs a 304.
"use strict";

const POLL_MS = 5000;
const RETRY_STREAM_MS = 60000;
const SETTLE_MS = 300; // several events of one device come at once

const waiting = new Map();
let source = null;
let polling = null;

function tell(deviceId) {
  if (waiting.has(deviceId)) return;
  waiting.set(deviceId, setTimeout(() => {
    waiting.delete(deviceId);
    for (const part of document.querySelectorAll("[data-device]")) {
      if (!deviceId || part.dataset.device === deviceId) part.dispatchEvent(new CustomEvent("stale"));
    }
    if (document.getElementById("plan")) document.getElementById("plan").dispatchEvent(new CustomEvent("stale"));
  }, SETTLE_MS));
}

function poll() {
  if (!polling) polling = setInterval(() => { if (!document.hidden) tell(""); }, POLL_MS);
}

function stopPolling() {
  clearInterval(polling);
  polling = null;
}

function listen() {
  if (source || document.hidden) return;
  source = new EventSource("/v1/events");
  source.addEventListener("open", stopPolling);
  for (const kind of ["reading", "recommendation", "command", "health"]) {
    source.addEventListener(kind, (event) => tell(JSON.parse(event.data).device_id));
  }
  source.addEventListener("reset", () => tell(""));
  source.addEventListener("error", () => {
    poll(); // until it opens again
    if (source && source.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(listen, RETRY_STREAM_MS);
    }
  });
}

// A page that nobody looks at holds no stream; one that is looked at again is brought up to date.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    if (source) source.close();
    source = null;
  } else {
    tell("");
    listen();
  }
});
addEventListener("online", () => tell(""));
listen();
