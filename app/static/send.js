// Send an answer once; when the connection is lost, keep it in the page and send it when it is back.
"use strict";
(() => {
  const form = document.querySelector("form[data-trial]");
  if (!form) return;
  const words = JSON.parse(document.querySelector("main").dataset.words);
  const says = form.querySelector(".waits"), next = form.querySelector("button[type=submit]");
  const AGAIN_MS = 3000;
  let sending = false, onItsWay = false, timer = 0;

  function later(why) {
    says.textContent = why;
    timer = setTimeout(send, AGAIN_MS);
  }

  async function send() {
    if (onItsWay) return;
    clearTimeout(timer);
    onItsWay = true;
    let reply = null;
    try {
      reply = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
    } catch { /* no connection: the answer stays here */ }
    onItsWay = false;
    if (!reply) return later(words.offline);
    if (reply.status >= 500 || reply.status === 429) return later(words.busy);
    if (reply.type === "opaqueredirect") return location.replace(form.dataset.here); // it was kept: on to the next pair
    form.submit(); // something is missing: the server's own page says what
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (sending) return; // a double click is one answer
    sending = true;
    next.setAttribute("aria-disabled", "true");
    send();
  });
  const wrong = document.querySelector("main [role=alert]");
  if (wrong) { // it was there before a screen reader was: whoever reads by ear begins with it
    wrong.tabIndex = -1;
    wrong.focus();
  }
  window.addEventListener("online", () => { if (sending) send(); });
  window.addEventListener("beforeunload", (event) => { if (timer && sending && !onItsWay) event.preventDefault(); });
})();
