// Writes jsonata_answers.json: what jsonata-js 2.0.6, the version that AWS runs, says to jsonata_expressions.json.
// npm install jsonata@2.0.6 && node answers.mjs (from this folder; only when an expression is added)
import { readFileSync, writeFileSync } from "node:fs";
import jsonata from "jsonata";

const source = readFileSync("jsonata_expressions.json", "utf8");
const { expressions } = JSON.parse(source);
const answers = [];
for (const text of expressions) {
  const { states, variables } = JSON.parse(source); // afresh: grouping an empty array writes into it
  try {
    const value = await jsonata(text).evaluate(undefined, { ...variables, states });
    if (value === undefined) answers.push("undefined");
    else if (typeof value === "function" || value?._jsonata_lambda || value?._jsonata_function) answers.push("function");
    else answers.push({ value });
  } catch (error) {
    answers.push({ code: error.code ?? null, message: error.message });
  }
}
writeFileSync("jsonata_answers.json", `[\n${answers.map((answer) => JSON.stringify(answer)).join(",\n")}\n]\n`);
