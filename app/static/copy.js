// Copy a code that is to be taken along; where the browser lets no page do that, the code is marked to be copied by hand.
"use strict";
(() => {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = button.dataset.copied;
      } catch {
        getSelection().selectAllChildren(button.parentElement.querySelector(".code"));
      }
    });
  }
})();
