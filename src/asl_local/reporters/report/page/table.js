// A table of which only the rows in sight are on the page.
// Knows: rows of one height. Must never know: what a row shows.

const ROW = 32;  // pixels; also in panel.css
const SPARE = 12;  // rows above and below what is in sight

/**
 * columns: [{title, kind, cell(row) -> node or text}]; `open(row)` when a row is clicked, `key(row)` to mark one.
 * Returns {root, show(rows), mark(key)}.
 */
function rowsTable({ columns, label, open: openRow, key }) {
  const above = el("tr", { "aria-hidden": "true" }, el("td", { colspan: columns.length }));
  const below = el("tr", { "aria-hidden": "true" }, el("td", { colspan: columns.length }));
  const body = el("tbody", {});
  const table = el("table", { class: "rows", "aria-label": label },
    el("thead", {}, el("tr", {}, ...columns.map(({ title, kind }) => el("th", { scope: "col", class: kind }, title)))), body);
  const box = el("div", { class: "scroll rows-box", tabindex: 0, role: "group", "aria-label": label }, table);
  let rows = [];
  let from = -1;
  let to = -1;
  let marked = null;

  const fill = (again = false) => {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - SPARE);
    const last = Math.min(rows.length, Math.ceil((box.scrollTop + (box.clientHeight || 480)) / ROW) + SPARE);
    if (!again && first === from && last === to) return;
    const focused = body.contains(document.activeElement) ? document.activeElement.closest("tr")?.getAttribute("aria-rowindex") : null;
    [from, to] = [first, last];
    above.firstChild.style.height = `${first * ROW}px`;
    below.firstChild.style.height = `${(rows.length - last) * ROW}px`;
    above.hidden = first === 0;
    below.hidden = last === rows.length;
    body.replaceChildren(above, ...rows.slice(first, last).map((row, at) => rowOf(row, first + at)), below);
    if (focused) body.querySelector(`tr[aria-rowindex="${focused}"] button`)?.focus({ preventScroll: true });
  };
  const rowOf = (row, at) => {
    const made = el("tr", { "aria-rowindex": at + 2, on: { click: () => openRow(row) } },
      ...columns.map(({ kind, cell }) => el("td", { class: kind }, cell(row))));
    if (marked !== null && key(row) === marked) made.setAttribute("aria-current", "true");
    return made;
  };
  box.addEventListener("scroll", () => fill(), { passive: true });
  new ResizeObserver(() => fill()).observe(box);
  return {
    root: box,
    show(shown) {
      rows = shown;
      table.setAttribute("aria-rowcount", rows.length + 1);
      box.scrollTop = 0;
      fill(true);
    },
    mark(marks) {
      marked = marks;
      fill(true);
    },
  };
}
