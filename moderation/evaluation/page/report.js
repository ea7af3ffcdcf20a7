"use strict";
const grids = JSON.parse(document.getElementById("grids").textContent);
const dailies = document.querySelectorAll(".daily");
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const few = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });
const count = (n) => (n < 10 ? few : whole).format(n);

function explore(box) {
  const grid = grids[box.dataset.category];
  const slider = box.querySelector("input[type=range]");
  const share = box.querySelector(".share");
  const section = box.closest("section");
  const point = section.querySelector(".moving");
  const cut = section.querySelector(".cut");
  const [left, right, top, bottom] = [40, 288, 12, 200]; // of the plots, see drawing.py
  const put = (name, text) => { box.querySelector("." + name).textContent = text; };
  const between = (input, most) => Math.min(Math.max(Number(input.value) || 0, 0), most);

  function show() {
    const at = Number(slider.value);
    const [t, recall, fpr] = [grid.thresholds[at], grid.recall[at], grid.false_positive_rate[at]];
    // A share that nobody touched is the one of these rows, not what the field has rounded it to.
    const part = share.value === share.defaultValue ? grid.share : between(share, 100) / 100;
    const hits = part * recall;
    const flagged = hits + (1 - part) * fpr;
    const messages = between(box.querySelector(".daily"), 1e9);
    const precision = flagged > 0 ? hits / flagged : null;
    const shown = t.toFixed(4);
    put("threshold", shown);
    slider.setAttribute("aria-valuetext", shown);
    put("precision", precision === null ? "–" : precision.toFixed(3));
    put("recall", recall.toFixed(3));
    put("fpr", fpr.toFixed(4));
    put("queue", count(messages * flagged));
    put("right", count(messages * hits));
    // The dot belongs to these rows, whatever the share in the field.
    const both = grid.share * recall + (1 - grid.share) * fpr;
    point.setAttribute("cx", left + recall * (right - left));
    point.setAttribute("cy", both > 0 ? bottom - (grid.share * recall / both) * (bottom - top) : -20);
    cut.setAttribute("x1", left + t * (right - left));
    cut.setAttribute("x2", left + t * (right - left));
  }
  for (const button of box.querySelectorAll("button")) {
    button.addEventListener("click", () => { slider.value = button.dataset.to; show(); });
  }
  for (const input of [slider, share]) input.addEventListener("input", show);
  box.disabled = box.hidden = false;
  show();
  return show;
}

function sortable(table) {
  const body = table.tBodies[0];
  const key = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const numeric = head.classList.contains("number");
      const before = head.getAttribute("aria-sort");
      const up = before ? before === "descending" : !numeric;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...body.rows].map((row) => [key(row, column), row]);
      rows.sort(([a], [b]) => {
        if (a === "" || b === "") return (a === "") - (b === ""); // without a figure: last, either way
        const order = numeric ? a - b : a.localeCompare(b);
        return up ? order : -order;
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
}

function filter() {
  const [facet, category] = ["facet", "category"].map((id) => document.getElementById(id).value);
  for (const row of document.querySelectorAll("#slices tbody tr")) {
    row.hidden = (facet && row.dataset.facet !== facet) || (category && row.dataset.category !== category);
  }
}

const shows = [...document.querySelectorAll(".explorer")].map(explore);
for (const daily of dailies) {
  daily.addEventListener("input", () => {
    for (const other of dailies) if (other !== daily) other.value = daily.value;
    for (const show of shows) show();
  });
}
document.querySelectorAll(".sortable").forEach(sortable);
document.querySelectorAll(".filters").forEach((box) => {
  box.hidden = false;
  box.addEventListener("change", filter);
});
