// Sort any table with data-sortable by a click on a column's head.
"use strict";
(() => {
  const value = (row, column) => {
    const cell = row.cells[column], text = (cell.dataset.value ?? cell.textContent).trim();
    return text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text.toLowerCase();
  };
  const chosen = new Map(); // by the table's id: the column and direction, kept when the table is fetched anew
  function sort(table, column, up) {
    const head = table.tHead.rows[0].cells[column], body = table.tBodies[0];
    chosen.set(table.id, [column, up]);
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...body.rows].sort((a, b) => {
      const left = value(a, column), right = value(b, column);
      const order = typeof left === typeof right ? (left > right) - (left < right) : typeof left === "number" ? -1 : 1;
      return up ? order : -order;
    });
    body.append(...rows);
  }
  function prepare() {
    for (const table of document.querySelectorAll("table[data-sortable]:not([data-ready])")) {
      table.dataset.ready = "";
      [...table.tHead.rows[0].cells].forEach((head, column) => {
        const button = document.createElement("button");
        button.type = "button";
        button.append(...head.childNodes);
        head.append(button);
        button.addEventListener("click", () => sort(table, column, head.getAttribute("aria-sort") !== "ascending"));
      });
      if (chosen.has(table.id)) sort(table, ...chosen.get(table.id));
    }
  }
  document.addEventListener("earwitness:fresh", prepare);
  prepare();
})();
