// Rows of which only those in sight are on the page, some taller than others, with the keys that lead through them.
// Knows: heights and focus. Must never know: what a row shows.

const NEAR = 12;  // rows above and below what is in sight

/**
 * `viewport` scrolls, `body` (in it, with --row-height) holds the rows; `make(index)` gives a row, whose first button or
 * [data-focus] takes the focus. `keys` are more keys: {key: (index, row) => ...}. Returns
 *   show(count)      as many rows, made anew        refresh()     the same rows, made anew
 *   grow(count)      more rows after those          revealAll(index)  scrolls a tall row into sight
 *   reveal(index)    scrolls a row into sight       focus(index)  and puts the focus into it
 *   each(do)         for every row that is there    flat(most)    the first rows one below the other, for paper; 0: as before
 */
function windowed(viewport, body, make, keys = {}) {
  const made = new Map();  // index -> row
  const extras = new Map();  // index -> by how much it is taller than most
  let count = 0;
  let height = 32;
  let current = 0;
  let laidFlat = 0;
  let waiting = false;

  const top = (index) => {
    let y = index * height;
    for (const [at, extra] of extras) if (at < index) y += extra;
    return y;
  };
  /** The row at a height. */
  const at = (y) => {
    let taller = 0;
    for (const [index, extra] of [...extras].sort(([one], [other]) => one - other)) {
      const begins = index * height + taller;
      if (y < begins + height) break;
      if (y < begins + height + extra) return index;
      taller += extra;
    }
    return Math.max(0, Math.min(count - 1, Math.floor((y - taller) / height)));
  };
  const place = (row, index) => {
    row.style.transform = laidFlat ? "" : `translateY(${top(index)}px)`;
  };
  const measure = new ResizeObserver((entries) => {
    if (laidFlat) return;
    let changed = false;
    for (const { target } of entries) {
      const index = Number(target.dataset.index);
      if (made.get(index) !== target || target.offsetHeight === 0) continue;
      const extra = Math.round(target.offsetHeight - height);
      if (Math.abs(extra) < 1 ? extras.delete(index) : extras.get(index) !== extra && extras.set(index, extra)) changed = true;
    }
    if (changed) soon();  // not at once: what an observer changes must not wake it again
  });
  const add = (index, before) => {
    const row = make(index);
    row.dataset.index = index;
    made.set(index, row);
    body.insertBefore(row, before);
    measure.observe(row);
    return row;
  };
  const drop = (index) => {
    const row = made.get(index);
    measure.unobserve(row);
    row.remove();
    made.delete(index);
  };
  const target = (row) => row.querySelector("[data-focus]") ?? row.querySelector("button");

  function fill() {
    waiting = false;
    const seen = viewport.clientHeight || 480;
    let first = 0;
    let last = Math.min(laidFlat, count) - 1;
    if (!laidFlat) {
      first = Math.max(0, at(viewport.scrollTop) - NEAR);
      last = Math.min(count - 1, at(viewport.scrollTop + seen) + NEAR);
    }
    const wanted = new Set();
    for (let index = first; index <= last; index += 1) wanted.add(index);
    const focused = body.contains(document.activeElement) ? Number(document.activeElement.closest("[data-index]")?.dataset.index) : -1;
    if (focused >= 0 && focused < count) wanted.add(focused);  // who reads with the keys keeps the place
    if (!wanted.has(current) && count > 0) current = Math.max(first, Math.min(last, laidFlat ? 0 : at(viewport.scrollTop)));
    for (const index of [...made.keys()]) if (!wanted.has(index)) drop(index);
    let next = body.firstElementChild;
    for (const index of [...wanted].sort((one, other) => one - other)) {
      const row = made.get(index);
      if (row === undefined) add(index, next);
      else next = row.nextElementSibling;
    }
    body.style.height = laidFlat ? "" : `${top(count)}px`;
    for (const [index, row] of made) {
      place(row, index);
      target(row).tabIndex = index === current ? 0 : -1;  // one of the rows that are there can always be reached
    }
  }
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(fill);
  };
  const reveal = (index) => {
    if (index < 0 || index >= count) return;
    current = index;
    const y = top(index);
    const seen = viewport.clientHeight - body.offsetTop;
    if (y < viewport.scrollTop) viewport.scrollTop = y;
    else if (y + height + 8 > viewport.scrollTop + seen) viewport.scrollTop = y - Math.max(0, (seen - height) / 2);
    fill();
  };
  /** Scrolls so that as much as possible of a row that has grown is in sight. */
  const revealAll = (index) => {
    const row = made.get(index);
    if (!row) return;
    if (row.offsetHeight > height) extras.set(index, Math.round(row.offsetHeight - height));
    fill();
    const y = top(index);
    const seen = viewport.clientHeight - body.offsetTop;
    if (y + row.offsetHeight > viewport.scrollTop + seen) viewport.scrollTop = Math.min(y, y + row.offsetHeight - seen);
  };
  const focus = (index) => {
    if (count === 0) return;
    const wanted = Math.max(0, Math.min(count - 1, index));
    reveal(wanted);
    target(made.get(wanted)).focus({ preventScroll: true });
  };
  const page = () => Math.max(1, Math.floor((viewport.clientHeight - body.offsetTop) / height) - 1);
  const moves = {
    ArrowDown: () => 1, j: () => 1, ArrowUp: () => -1, k: () => -1, PageDown: page, PageUp: () => -page(),
    Home: () => -Infinity, End: () => Infinity,
  };
  body.addEventListener("keydown", (event) => {
    const row = event.target.closest("[data-index]");
    if (!row || event.target !== target(row) || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(row.dataset.index);
    if (moves[event.key]) focus(index + moves[event.key]());
    else if (!keys[event.key]) return;
    else keys[event.key](index, row);
    event.preventDefault();
  });
  body.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-index]");
    if (!row || Number(row.dataset.index) === current) return;
    const before = made.get(current);
    if (before) target(before).tabIndex = -1;
    current = Number(row.dataset.index);
    target(row).tabIndex = 0;
  });
  viewport.addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(() => {
    const found = parseFloat(getComputedStyle(body).getPropertyValue("--row-height"));
    if (found && found !== height) {
      height = found;
      extras.clear();
    }
    soon();
  }).observe(viewport);

  const refresh = () => {
    const focused = body.contains(document.activeElement) ? Number(document.activeElement.closest("[data-index]")?.dataset.index) : -1;
    for (const index of [...made.keys()]) drop(index);
    fill();
    if (focused >= 0 && made.has(focused)) target(made.get(focused)).focus({ preventScroll: true });
  };
  return {
    show(shown, from = 0) {
      count = shown;
      current = from;
      extras.clear();
      for (const index of [...made.keys()]) drop(index);
      viewport.scrollTop = Math.max(0, from * height - height * 3);
      fill();
    },
    grow(shown) {
      count = shown;
      fill();
    },
    refresh,
    reveal,
    revealAll,
    focus,
    each(work) {
      for (const [index, row] of made) work(row, index);
    },
    flat(most) {
      laidFlat = most;
      body.classList.toggle("flat", most > 0);
      for (const index of [...made.keys()]) drop(index);
      fill();
    },
  };
}

/** Calls `work(true)` before the page is printed, or shown as if on paper, and `work(false)` after that. */
function whenPrinted(work) {
  const media = matchMedia("print");
  let printed = false;
  const change = (now) => {
    if (now !== printed) work(printed = now);
  };
  media.addEventListener("change", () => change(media.matches));
  addEventListener("beforeprint", () => change(true));
  addEventListener("afterprint", () => change(false));
  if (media.matches) change(true);
}
