// Writes the meaning of every strategy, workload and parameter into the declarations in dist (*.d.ts), from where an editor and the
// notebook kernel show it. TypeScript infers these declarations, and inferred declarations have no comments; the meanings are
// stated once, in the fields that lib/strategy and lib/workload define.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);
/** The start of the type of a strategy or a workload: its indentation, the name of the property if it is one, its own name. */
const START = /^( *)(?:readonly )?(?:(\w+): )?.*\b(?:Strategy|WorkloadKind)<"([a-z0-9-]+)", \{/;
/** A line that an earlier build wrote. */
const WRITTEN = /^ *\/\*\* .* \*\/$/;

/** Documents the declarations in `dist`, again if that was done before. */
export function documentParameters(dist) {
  const { STRATEGIES } = require(join(dist, "strategy/index.js"));
  const { WORKLOADS } = require(join(dist, "workload/index.js"));
  for (const [folder, known] of [
    ["strategy", STRATEGIES],
    ["workload", WORKLOADS],
  ])
    for (const name of readdirSync(join(dist, folder)).filter((f) => f.endsWith(".d.ts"))) {
      const file = join(dist, folder, name);
      const text = readFileSync(file, "utf8");
      const documented = document(text, known);
      if (documented !== text) writeFileSync(file, documented);
    }
}

function document(text, known) {
  const out = [];
  let within = null;
  const comment = (indent, words) => {
    if (WRITTEN.test(out.at(-1) ?? "")) out.pop();
    out.push(`${indent}/** ${words.replaceAll("*/", "* /").replace(/\s+/g, " ")} */`);
  };
  for (const line of text.split("\n")) {
    const start = START.exec(line);
    const found = start === null ? undefined : known.get(start[3]);
    if (found !== undefined) {
      if (start[2] !== undefined) comment(start[1], titleOf(found));
      if (!line.includes("{}")) within = { fields: found.parameters, indent: start[1] };
    } else if (within !== null && line.startsWith(`${within.indent}}`)) within = null;
    else if (within !== null) {
      const name = new RegExp(`^${within.indent} {4}(?:readonly )?(\\w+): `).exec(line)?.[1];
      const field = name === undefined ? undefined : within.fields[name];
      if (field !== undefined) comment(`${within.indent}    `, meaningOf(field));
    }
    out.push(line);
  }
  return out.join("\n");
}

function titleOf({ title, summary, configure }) {
  return `${title}. ${summary}${configure === undefined ? "" : ` To configure: ${configure}.`}`;
}

function meaningOf({ facts, form }) {
  const names = form.kind === "name" ? `; one of ${form.known().join(", ")}` : "";
  const unit = facts.unit === undefined ? "" : `; ${facts.unit}`;
  const usual = facts.default === undefined ? "" : `; default ${JSON.stringify(facts.default)}`;
  return `${facts.doc}${names}${unit}${usual}`;
}
