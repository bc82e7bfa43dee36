// What every page has: the service worker, a word when there is no network, and help with forms.
"use strict";

const offlineNote = document.getElementById("offline-note");
// A worker has no page to read its words from: it is told them.
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(`/sw.js?advice=${encodeURIComponent(offlineNote.dataset.advice)}`, { scope: "/" });
}

function tellOffline() {
  offlineNote.textContent = navigator.onLine ? "" : offlineNote.dataset.words;
}
addEventListener("online", tellOffline);
addEventListener("offline", tellOffline);
tellOffline();

for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;

// The place and time zone of a new home; asked for by a press, rounded to about a kilometre.
const locate = document.getElementById("locate");
if (locate) {
  const form = locate.closest("form");
  const note = document.getElementById("locate-note");
  locate.addEventListener("click", () => {
    const failed = () => { note.textContent = locate.dataset.failed; };
    if (!navigator.geolocation) { failed(); return; }
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      form.elements.latitude_deg.value = coords.latitude.toFixed(2);
      form.elements.longitude_deg.value = coords.longitude.toFixed(2);
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      if ([...form.elements.timezone.options].some((option) => option.value === zone)) {
        form.elements.timezone.value = zone;
      }
      note.textContent = "";
    }, failed, { maximumAge: 600000, timeout: 10000 });
  });
}
