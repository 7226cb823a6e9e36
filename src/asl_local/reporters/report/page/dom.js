// Elements, and how times, lengths and outcomes read.
// Knows: the DOM. Must never know: what a run holds. Data reaches the page as text nodes only.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `el("a", {href: "#x", on: {click}}, "text", child)`; attributes that are null or false are left out. */
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [type, listener] of Object.entries(value)) made.addEventListener(type, listener);
    } else if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** One of the page's icons; the kind's word always stands beside it. */
function icon(kind) {
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("class", "icon");
  made.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${kind}`);
  made.append(use);
  return made;
}

/** The CSS class of an outcome ("timed out") or of AWS's status ("TIMED_OUT"). */
function kindOf(word) {
  return String(word).toLowerCase().replace(/[ _]/g, "-");
}

/** An outcome or a status in its colour, with its icon and its word. */
function outcome(word, { badge = false, text = word } = {}) {
  const kind = kindOf(word);
  return el("span", { class: `${badge ? "badge" : "outcome"} ${kind}` }, icon(kind), text);
}

/** A button with text. */
function button(text, click, attributes = {}) {
  return el("button", { type: "button", class: "button", ...attributes, on: { click } }, text);
}

/** Seconds as people say them: "340 ms", "2.5 s", "4 min 10 s", "3 h 5 min", "2 d 4 h". */
function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 0.0005) return "0 ms";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${Number(seconds.toFixed(seconds < 9.995 ? 2 : 1))} s`;
  const whole = Math.round(seconds);
  const each = [whole / 86400, (whole / 3600) % 24, (whole / 60) % 60, whole % 60];
  const parts = each.map((count, at) => [Math.floor(count), ["d", "h", "min", "s"][at]]);
  const first = parts.findIndex(([count]) => count > 0);
  return parts.slice(first, first + 2).filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** Epoch seconds as a date and time in UTC with milliseconds, cut as the service cuts its own; "" for null. */
function moment(at) {
  if (at === null || at === undefined) return "";
  const date = new Date(Math.floor(Math.round(at * 1e6) / 1000));  // a double is off by less than a microsecond
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString().replace("T", " ").replace("Z", "");
}

/** The time of day only, for narrow columns. */
function clock(at) {
  return moment(at).slice(11);
}

/** How much later than `start`: "+2.5 s". */
function offset(at, start) {
  return at === null || at === undefined || start === null ? "" : `+${duration(at - start)}`;
}

/** "1 visit", "12,000 visits". */
function counted(count, one, many = `${one}s`) {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** Text to the clipboard; says on the button that it is there. */
async function copyText(text, from) {
  const before = from.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  from.textContent = "Copied";
  setTimeout(() => { from.textContent = before; }, 1200);
}
