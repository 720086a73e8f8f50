// Open the questions once both clips were heard, and the ratings one clip after the other; keys for all of it.
"use strict";
(() => {
  const form = document.querySelector("form[data-trial]");
  if (!form) return;
  const words = JSON.parse(document.querySelector("main").dataset.words);
  const questions = form.querySelector(".questions"), ratings = [...form.querySelectorAll(".sam")];
  const next = form.querySelector("button[type=submit]"), waits = form.querySelector(".waits");
  const isAnswered = (row) => row.querySelector(":checked, [data-moved]") !== null;
  const rowsOf = (part) => [...part.querySelectorAll(".question, .scale")];
  const openRows = () => [questions, ...ratings].filter((part) => !part.disabled).flatMap(rowsOf);

  function areRated() {
    if (form.dataset.rates === "2") return rowsOf(questions).every(isAnswered);
    return questions.querySelector("[value=different]:checked") !== null;
  }

  function follow() {
    let opens = !questions.disabled && areRated();
    for (const part of ratings) {
      part.disabled = !opens;
      opens = opens && rowsOf(part).every(isAnswered);
    }
    const now = openRows().find((row) => !isAnswered(row));
    for (const row of form.querySelectorAll(".question, .scale")) row.toggleAttribute("data-now", row === now);
    if (!questions.disabled) waits.textContent = now ? words.again : words.answered;
  }

  function open(heard) {
    questions.disabled = next.disabled = !heard;
    follow();
  }

  document.addEventListener("earwitness:heard", () => open(true));
  document.addEventListener("earwitness:unheard", () => open(false));
  form.addEventListener("input", follow);
  form.addEventListener("change", follow);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // the way back shows what is asked now
  });

  function give(row, number) {
    const range = row.querySelector("input[type=range]");
    if (!range) return row.querySelectorAll("input")[number - 1]?.click();
    range.value = String(number);
    range.dispatchEvent(new Event("input", { bubbles: true }));
  }

  const inControl = (target) => target.closest("input, textarea, select, button, a, summary, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || inControl(event.target)) return;
    if (event.key === " ") {
      event.preventDefault(); // no scrolling
      document.dispatchEvent(new CustomEvent("earwitness:play-next"));
    } else if (/^[1-5]$/.test(event.key)) {
      const row = openRows().find((one) => !isAnswered(one));
      if (row) give(row, Number(event.key));
    } else if (event.key === "Enter" && !next.disabled) {
      event.preventDefault();
      form.requestSubmit(next);
    }
  });
  open(!document.querySelector("[data-player]:not([data-heard])")); // they may have been there before this script
})();
