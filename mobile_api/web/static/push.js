// The switch by which this browser is told when advice waits.
"use strict";

const panel = document.getElementById("push");
const button = document.getElementById("push-switch");
const note = document.getElementById("push-note");

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const request = (path, options) => fetch(path, { headers: { "Content-Type": "application/json" }, ...options });

function show(subscription) {
  note.textContent = subscription ? panel.dataset.on : panel.dataset.off;
  button.textContent = subscription ? panel.dataset.stop : panel.dataset.start;
}

async function register(manager) {
  const key = await (await request("/v1/push/key")).json();
  const made = await manager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key.application_server_key) });
  const answer = await request("/v1/push/subscriptions", { method: "POST", body: JSON.stringify(made) });
  if (!answer.ok) throw new Error(String(answer.status));
  return made;
}

async function toggle(manager) {
  const present = await manager.getSubscription();
  try {
    if (!present) {
      show(await register(manager));
      return;
    }
    await request(`/v1/push/subscriptions?endpoint=${encodeURIComponent(present.endpoint)}`, { method: "DELETE" });
    await present.unsubscribe();
    show(null);
  } catch (error) {
    note.textContent = panel.dataset.refused;
  }
}

if ("serviceWorker" in navigator && "PushManager" in window) {
  navigator.serviceWorker.ready.then(async ({ pushManager }) => {
    show(await pushManager.getSubscription());
    panel.hidden = false;
    button.addEventListener("click", () => toggle(pushManager));
  });
}
