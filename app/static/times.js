// Show times in the reader's zone; the page itself says them in UTC, which stays in the title.
"use strict";
(() => {
  const today = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
  const other = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  function localise() {
    for (const time of document.querySelectorAll("time[datetime]:not([data-local])")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.textContent = (at.toDateString() === new Date().toDateString() ? today : other).format(at);
      time.dataset.local = "";
    }
  }
  document.addEventListener("earwitness:fresh", localise);
  localise();
})();
