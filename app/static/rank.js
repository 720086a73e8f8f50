// Put clips in order by dragging, by arrow keys or by buttons; the form's own fields hold each clip's place.
"use strict";
(() => {
  const list = document.querySelector(".rank");
  if (!list) return;
  const words = JSON.parse(document.querySelector("main").dataset.words);
  const says = document.querySelector(".waits"), next = document.querySelector("form[data-trial] [type=submit]");
  const EDGE_PX = 72, SCROLL_PX = 12; // near the window's edges a drag scrolls
  const rows = () => [...list.children];

  function say(sentence, row) {
    const values = { letter: row.dataset.letter, place: rows().indexOf(row) + 1, count: list.children.length };
    return sentence.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
  }

  function number() {
    for (const [at, row] of rows().entries()) {
      row.querySelector("select").value = String(at + 1);
      row.querySelector(".grip").setAttribute("aria-label", say(words.grip, row));
      row.querySelector("[data-move='-1']").setAttribute("aria-disabled", String(at === 0));
      row.querySelector("[data-move='1']").setAttribute("aria-disabled", String(at === list.children.length - 1));
    }
  }

  function move(row, by) {
    const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
    // The neighbour goes round it: what moves keeps its focus and the finger that holds it.
    if (other) list.insertBefore(other, by < 0 ? row.nextElementSibling : row);
    number();
    says.textContent = say(words.moved, row);
  }

  function drag(row, grip, down) {
    let from = down.pageY;
    grip.focus();
    grip.setPointerCapture(down.pointerId);
    row.dataset.dragged = "";

    function follow(event) {
      for (const by of [-1, 1]) {
        const other = () => (by < 0 ? row.previousElementSibling : row.nextElementSibling);
        while (other() && by * (event.pageY - from) > other().offsetHeight / 2) {
          const before = row.offsetTop;
          move(row, by);
          from += row.offsetTop - before;
        }
      }
      row.style.transform = `translateY(${event.pageY - from}px)`;
      if (event.clientY < EDGE_PX) scrollBy(0, -SCROLL_PX);
      if (event.clientY > innerHeight - EDGE_PX) scrollBy(0, SCROLL_PX);
    }

    function drop() {
      grip.removeEventListener("pointermove", follow);
      delete row.dataset.dragged;
      row.style.transform = "";
    }

    grip.addEventListener("pointermove", follow);
    grip.addEventListener("lostpointercapture", drop, { once: true }); // let go, or taken away
  }

  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".grip");
    if (!grip || event.button !== 0) return;
    event.preventDefault(); // no text is selected
    drag(grip.closest("li"), grip, event);
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (button) move(button.closest("li"), Number(button.dataset.move));
  });
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault(); // no scrolling
    move(event.target.closest("li"), event.key === "ArrowUp" ? -1 : 1);
  });
  document.addEventListener("earwitness:heard", () => {
    next.disabled = false;
    says.textContent = words.all;
  });
  document.addEventListener("earwitness:unheard", () => { next.disabled = true; });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // the way back shows what is asked now
  });

  next.disabled = true;
  for (const row of rows()) {
    row.querySelector("label").hidden = true;
    for (const button of row.querySelectorAll(".grip, [data-move]")) button.hidden = false;
  }
  number();
})();
