// JSON text -> values whose numbers are shown as they are written; and how counts are written.
// Knows: JSON. Must never know: runs.

/** A number whose text JavaScript's own numbers would not keep. */
class Exact {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }

  toJSON() {
    return JSON.rawJSON ? JSON.rawJSON(this.text) : Number(this.text);
  }
}

const TOKEN = /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|([^ \t\n\r{}[\],:"]+))/y;

/** JSON text -> value, numbers exactly as they are written. */
function parse(text) {
  TOKEN.lastIndex = 0;
  const next = () => TOKEN.exec(text) ?? [];
  const leaf = ([, , string, word]) => {
    if (string) return JSON.parse(string);
    if (word === "null" || word === "true" || word === "false") return JSON.parse(word);
    const number = Number(word);
    return String(number) === word ? number : new Exact(word);
  };
  const value = (token) => {
    if (token[1] === undefined) return leaf(token);
    const closing = token[1] === "[" ? "]" : "}";
    const made = closing === "]" ? [] : {};
    for (let each = next(); each[1] !== closing; each = next()) {
      if (each[1] === ",") each = next();
      if (each[0] === undefined) throw new SyntaxError("JSON text that does not end");
      if (closing === "]") made.push(value(each));
      else {
        next();
        Object.defineProperty(made, JSON.parse(each[2]), { value: value(next()), enumerable: true, configurable: true, writable: true });
      }
    }
    return made;
  };
  return value(next());
}

/** Whole numbers with commas between thousands. */
function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}
