// The Affective Slider: no place of the thumb counts until somebody put it there.
"use strict";
(() => {
  const words = JSON.parse(document.querySelector("main").dataset.words);
  const ARROW = 0.1; // a step of 0.01 would take four hundred keys from end to end

  for (const range of document.querySelectorAll("input[type=range]")) {
    const field = range.parentElement.querySelector("input[type=hidden]"), steps = JSON.parse(range.dataset.steps);

    const take = () => {
      range.dataset.moved = "";
      range.setCustomValidity("");
      range.setAttribute("aria-valuetext", steps[Math.round(range.value) - 1]);
      field.value = Number(range.value).toFixed(2);
    };
    if (field.value) take();
    else range.setCustomValidity(words.move);
    range.addEventListener("input", take);
    for (const kind of ["pointerup", "click"]) {
      range.addEventListener(kind, () => { // the middle is an answer, too
        if (range.disabled) return;
        take();
        range.dispatchEvent(new Event("change", { bubbles: true }));
      });
    }
    range.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const rightwards = getComputedStyle(range).direction === "rtl" ? -1 : 1;
      const by = { ArrowUp: 1, ArrowDown: -1, ArrowRight: rightwards, ArrowLeft: -rightwards }[event.key];
      if (!by) return;
      event.preventDefault();
      range.value = String(Number(range.value) + by * ARROW);
      range.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
})();
