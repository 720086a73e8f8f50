// Fetch the living part of the dashboard every few seconds, as long as somebody looks at it.
"use strict";
(() => {
  const part = document.querySelector("[data-live]");
  if (!part) return;
  const EVERY_MS = 5000;
  let shown = null, busy = false;

  async function refresh() {
    if (busy || document.visibilityState !== "visible") return;
    busy = true;
    try {
      const answer = await fetch(part.dataset.live, { redirect: "manual" });
      if (answer.type === "opaqueredirect") return location.reload(); // signed out meanwhile: ask to sign in
      if (!answer.ok) return;
      const fresh = await answer.text();
      if (fresh === shown) return;
      const open = [...part.querySelectorAll("details[open]")].map((one) => one.id);
      if (part.contains(document.activeElement) && document.activeElement.matches(":focus-visible")) return; // somebody is on it with keys
      part.innerHTML = shown = fresh;
      for (const id of open) part.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
      document.dispatchEvent(new CustomEvent("earwitness:fresh"));
    } catch { /* the server rests: the page keeps what it has */ } finally { busy = false; }
  }
  setInterval(refresh, EVERY_MS);
  document.addEventListener("visibilitychange", refresh);
})();
