// Keep the comment, if there is one, while the worker's own browser hands the work in to the platform.
"use strict";
(() => {
  const comment = document.querySelector("form[data-comment]"), handIn = document.querySelector("[data-hand-in]");
  if (!comment || !handIn) return;
  comment.querySelector("button").hidden = true; // one button is enough: handing in keeps the words as well
  comment.addEventListener("submit", (event) => event.preventDefault());
  handIn.addEventListener(handIn.matches("a") ? "click" : "submit", () => {
    if (!comment.elements.comment.value.trim()) return;
    fetch(comment.action, { method: "POST", body: new URLSearchParams(new FormData(comment)), keepalive: true }).catch(() => {});
  });
})();
