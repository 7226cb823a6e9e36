// JSON as a tree that folds: made when it is unfolded, long texts and lists cut until somebody asks.
// Knows: JSON values. Must never know: runs. Everything becomes a text node.

const PICTURES = JSON.parse(document.getElementById("pictures").textContent);
const LONGEST = 300;  // characters of a text
const MANY = 100;  // members of an object or items of a list
const UNFOLDED = 2000;  // values that "Unfold" makes at most

const UNSEEN = /[\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** A text in which nothing is unseen or turns the letters around it: such characters as JSON's escapes (parts.py has the same). */
function seen(text) {
  return text.replace(UNSEEN, (found) => found.split("").map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""));
}

/** Text in JSON's quotes. */
function quoted(text) {
  return seen(JSON.stringify(text));
}

/** A value with its tools; `name` says what it is to screen readers. */
function jsonView(value, name) {
  const tree = el("div", { class: "json code", role: "group", "aria-label": name });
  const fill = (deep) => tree.replaceChildren(jsonNode(null, value, deep, { left: UNFOLDED }, undefined));
  fill(2);
  const folds = isContainer(value) && Object.keys(value).length > 0;
  const unfold = folds && button("Unfold", () => {
    const all = unfold.textContent === "Unfold";
    fill(all ? Infinity : 1);
    unfold.textContent = all ? "Fold" : "Unfold";
  }, { class: "button small" });
  const copy = button("Copy", () => copyText(JSON.stringify(value, null, 2), copy), { class: "button small" });
  return el("div", { class: "json-box" }, el("div", { class: "tools" }, unfold, copy), tree,
    el("p", { class: "on-paper muted" }, "The rest is not printed: fold what is not needed, or open the page."));
}

const PAPER_LINES = 50;

/** Whether so much of a value is unfolded that paper gets only its beginning. */
function cutForPaper(box) {
  const hidden = "details:not([open]) > .inner *, details:not([open]) > .close";
  const lines = box.querySelectorAll(`:is(.leaf, summary, .close):not(${hidden})`).length;
  box.classList.toggle("cut", lines > PAPER_LINES);
}

/** A value, or that nobody knows it: a history that is cut, or without data. */
function told(value, name) {
  return value === undefined ? nothing("The history does not tell it.") : jsonView(value, name);
}

/** Whether a value is an object or a list. */
function isContainer(value) {
  return value !== null && typeof value === "object" && !(value instanceof Exact);
}

/** What stands in for a value that is not there. */
function nothing(why) {
  return el("p", { class: "muted" }, why);
}

function jsonNode(key, value, deep, budget, around) {
  budget.left -= 1;
  const named = typeof key === "number" ? el("span", { class: "index" }, String(key)) : el("span", { class: "key" }, quoted(key));
  const label = key === null ? [] : [named, ": "];
  const picture = thumbnail(value, around);
  if (!isContainer(value)) return el("div", { class: "leaf" }, ...label, ...jsonLeaf(value), picture);
  const list = Array.isArray(value);
  const keys = list ? value.map((_, at) => at) : Object.keys(value);
  if (keys.length === 0) return el("div", { class: "leaf" }, ...label, list ? "[]" : "{}");
  const count = list ? counted(keys.length, "item") : counted(keys.length, "member");
  const face = faceIn(value);
  const inner = el("div", { class: "inner" }, picture, face && el("p", { class: "face" }, face));
  const bucket = bucketIn(value, around);
  const made = el("details", {}, el("summary", {}, ...label, list ? "[" : "{",
    el("span", { class: "preview" }, ` ${preview(value, list)} ${list ? "]" : "}"}`), el("span", { class: "count" }, ` ${count}`)),
    inner, el("div", { class: "close" }, list ? "]" : "}"));
  let shown = 0;
  const more = (levels) => {
    inner.querySelector(":scope > button")?.remove();
    for (const each of keys.slice(shown, shown + MANY)) inner.append(jsonNode(each, value[each], levels, budget, bucket));
    shown = Math.min(keys.length, shown + MANY);
    if (shown < keys.length) {
      const next = Math.min(MANY, keys.length - shown);
      inner.append(button(`Show ${next} more of ${grouped(keys.length)}`, () => more(0), { class: "link" }));
    }
  };
  if (deep > 0 && budget.left > 0) {
    made.open = true;
    more(deep - 1);
  }
  made.addEventListener("toggle", () => { if (made.open && shown === 0) more(0); });
  return made;
}

function jsonLeaf(value) {
  if (typeof value !== "string") return [el("span", { class: "other" }, String(value))];
  const shown = el("span", { class: "string" });
  const parts = [shown];
  if (value.length > LONGEST) {
    shown.textContent = `${quoted(value.slice(0, LONGEST)).slice(0, -1)}…`;
    const all = button(`show all ${grouped(value.length)} characters`, () => {
      shown.textContent = quoted(value);
      all.remove();
    }, { class: "link" });
    parts.push(" ", all);
  } else shown.textContent = quoted(value);
  if (holdsJson(value)) {
    const inside = button("show as JSON", () => {
      shown.parentNode.append(jsonNode(null, parse(value), 2, { left: UNFOLDED }));
      inside.remove();
    }, { class: "link" });
    parts.push(" ", inside);
  }
  return parts;
}

/** The small picture of the S3 object that a value names; null where the page has none. */
function thumbnail(value, around) {
  if (value instanceof Exact) return null;
  const found = pictureOf(PICTURES, value, around);
  if (found === null || !found.uri.startsWith("data:image/")) return null;
  return el("img", { class: "thumbnail", src: found.uri, alt: `Picture ${found.reference}` });
}

/** The first picture in a value, as large as a line of text; null where the page has none. */
function smallThumbnail(value) {
  const found = firstPicture(PICTURES, value);
  if (found === null || !found.uri.startsWith("data:image/")) return null;
  return el("img", { class: "thumbnail small", src: found.uri, alt: `Picture ${found.reference}` });
}

/** A value in one short line. */
function short(value, longest = 80) {
  if (value === undefined) return "";
  const text = isContainer(value) ? preview(value, Array.isArray(value), longest, true) : leafText(value, longest);
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** A text, number, truth or null as JSON; a long text is cut. */
function leafText(value, longest) {
  if (value instanceof Exact) return String(value);
  if (typeof value !== "string") return JSON.stringify(value);
  if (value.length <= longest) return quoted(value);
  return `${quoted(value.slice(0, longest)).slice(0, -1)}…`;
}

/** The beginning of a container's text, without making all of it. */
function preview(value, list, longest = 60, brackets = false) {
  const [left, right] = brackets ? (list ? "[]" : "{}") : ["", ""];
  let text = left;
  let cut = false;
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    if (text.length >= longest) {
      cut = true;
      break;
    }
    const member = value[key];
    if (text.length > left.length) text += ", ";
    if (!list) text += `${quoted(key)}: `;
    if (isContainer(member)) text += preview(member, Array.isArray(member), longest - text.length, true);
    else text += leafText(member, longest);
  }
  return `${text.length > longest ? `${text.slice(0, longest)}…` : cut ? `${text}, …` : text}${right}`;
}

/** Whether a text is the JSON of an object or a list with something in it. */
function holdsJson(text) {
  if (text.length > 1_000_000 || !/^\s*[[{]\s*[^\s\]}][^]*[\]}]\s*$/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A cause is often JSON text: as a tree then, or as text with its line breaks. */
function causeView(cause) {
  if (holdsJson(cause)) return jsonView(parse(cause), "Cause");
  return el("p", { class: "cause", tabindex: 0, role: "group", "aria-label": "Cause" }, seen(cause));
}
