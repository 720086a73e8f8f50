// Open the questions once both clips were heard; the figures when something differs; keys for all of it.
"use strict";
(() => {
  const form = document.querySelector("form[data-trial]");
  if (!form) return;
  const questions = form.querySelector(".questions"), sam = form.querySelector(".sam");
  const next = form.querySelector("button[type=submit]"), waits = form.querySelector(".waits");
  const picked = (name) => form.querySelector(`input[name="${name}"]:checked`);
  const differs = () => ["activation", "valence"].some((name) => picked(name)?.value === "different");

  function follow() {
    sam.disabled = questions.disabled || !differs();
    if (questions.disabled) return;
    const all = [...form.querySelectorAll(".question, .sam:enabled .scale")];
    const open = all.filter((row) => !row.querySelector(":checked")).length;
    waits.textContent = open ? "Both heard. You may play them again at any time." : "All answered.";
  }

  document.addEventListener("earwitness:heard", () => {
    questions.disabled = next.disabled = false;
    follow();
  });
  form.addEventListener("change", follow);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // the way back shows what is asked now
  });

  const inControl = (target) => target.closest("input, textarea, select, button, a, summary, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || inControl(event.target)) return;
    if (event.key === " ") {
      event.preventDefault(); // no scrolling
      document.dispatchEvent(new CustomEvent("earwitness:play-next"));
    } else if (/^[1-5]$/.test(event.key)) {
      const row = [...form.querySelectorAll(".questions:enabled .question, .sam:enabled .scale")]
        .find((one) => !one.querySelector(":checked"));
      row?.querySelectorAll("input")[Number(event.key) - 1]?.click();
    } else if (event.key === "Enter" && !next.disabled) {
      event.preventDefault();
      form.requestSubmit(next);
    }
  });
  follow();
})();
