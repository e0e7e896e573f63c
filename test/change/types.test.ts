/** Types of a change: files in TypeScript are checked before they run, and unknown fields of `given` throw at run time too. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { type Change, type ChangePoints, change, loadChange } from "../../lib/change/change";
import { sha256OfSource } from "../../lib/change/code";
import { installChange } from "../../lib/change/install";
import { POINT_NAMES, POINTS } from "../../lib/change/points";
import { withCode } from "../../lib/cli/plan-code";
import { freePages } from "../../lib/mm/allocation/page-alloc";
import { movable, tiny } from "./tiny";

const folder = mkdtempSync(join(tmpdir(), "change-types-"));

function file(name: string, body: string, before = ""): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `import { change, type Given } from "pageblock";\n${before}\nexport default change(${body});\n`,
  );
  return path;
}

const messageOf = (load: () => unknown): string => {
  try {
    load();
  } catch (error) {
    assert.equal((error as Error).name, "InputError");
    return (error as Error).message;
  }
  return assert.fail("it was loaded");
};

test("a field that there is not: file, line, and the fields that there are, before anything runs", () => {
  const path = file(
    "field.ts",
    '{\n  name: "x",\n  claimBlock: (given) => (given.blokPages > 3 ? "claim" : "none"),\n}',
    'throw new Error("it ran");',
  );
  const message = messageOf(() => loadChange(path));
  assert.ok(message.startsWith(`${path}: line 5: Property 'blokPages' does not exist on type 'ClaimGiven'.`));
  assert.match(message, /Did you mean 'blockPages'\?/);
  for (const field of [...Object.keys(POINTS.claimBlock.given), "zone", "node"])
    assert.ok(message.includes(field), field);
  assert.doesNotMatch(message, /\n/);
  const taken = file("taken.ts", '{ name: "x", listEnd: ({ ordr }) => "head" }');
  assert.match(
    messageOf(() => loadChange(taken)),
    /taken\.ts: line 3: Property 'ordr' .* Known are type, order, pfn/,
  );
});

test("answers, stock rules and names that do not fit", () => {
  for (const [body, expected] of [
    ['{ name: "x", listEnd: () => "hed" }', /line 3: Type .*Type '"hed"' is not assignable/],
    [
      '{ name: "x", listEnd: (g, stock) => (stock.lists(g) ? "head" : "tail") }',
      /line 3: Argument of type 'ListEndGiven'/,
    ],
    ['{ name: "x", listEnd: () => { console.log(1); return "head"; } }', /Cannot find name 'console'\.$/],
    ['{ name: 1, listEnd: () => "head" }', /Type 'number' is not assignable to type 'string'/],
    ['{ name: "x", pcpSize: ({ batch }) => ({ batch }) }', /Property 'high' is missing/],
    [
      '{ name: "x", listEnd: () => limit }',
      /Cannot find name 'limit'\. \(and 1 more\)$|Cannot find name 'limit'\.$/,
    ],
  ] as const)
    assert.match(
      messageOf(() => loadChange(file("fit.ts", body))),
      expected,
    );
  // What is no decision point is named with all that are.
  assert.match(
    messageOf(() => loadChange(file("point.ts", '{ name: "x", listend: () => "head" }'))),
    /unknown name "listend": known are fallbackOrder/,
  );
});

test("what fits is loaded: state, sets, types of other modules, and code without a type", () => {
  const path = file(
    "fits.ts",
    '{ name: "x", listEnd: (given) => end(given), watermarkBoost: ({ boost, most }) => Math.min(boost + 1, most) }',
    'import type { Other } from "./other";\nlet seen = 0;\nconst pages = new Set<number>();\n' +
      "const twice = (n) => n * 2;\nconst odd = (other: Other) => other.whatever;\n" +
      'const end = (given: Given<"listEnd">): "head" | "tail" => {\n' +
      '  seen = twice(seen + 1);\n  pages.add(given.pfn);\n  return odd(null!) ? "head" : "tail";\n};',
  );
  assert.deepEqual(loadChange(path).points, ["listEnd", "watermarkBoost"]);
  loadChange(join(__dirname, "../../docs/examples/reclaim-first.ts"));
});

test("a change of a plan file is checked too, and a file in JavaScript is not", () => {
  const body = '{ name: "x", listEnd: (given) => (given.ordr > 1 ? "head" : "tail") }';
  const load = (name: string) => {
    const sha256 = sha256OfSource(readFileSync(file(name, body), "utf8"));
    return withCode({ machine: { change: { file: name } } }, join(folder, "plan.yaml"), {
      allowCode: [sha256],
    });
  };
  assert.match(
    messageOf(() => load("plan.ts")),
    /plan\.ts: line 3: Property 'ordr' does not exist/,
  );
  writeFileSync(join(folder, "plan.js"), `export default change(${body});\n`);
  const sha256 = sha256OfSource(`export default change(${body});\n`);
  withCode({ machine: { change: { file: "plan.js" } } }, join(folder, "plan.yaml"), { allowCode: [sha256] });
});

/** The error of the first decision of a machine with this change. */
function thrownBy(c: Change): string {
  const m = tiny("6.1", {});
  installChange(m, c.toJSON());
  const page = movable(m, 4);
  return messageOf(() => freePages(m, page, 4));
}

test("at run time an unknown field of given names the point and its fields", () => {
  const read = (listEnd: NonNullable<ChangePoints["listEnd"]>) => thrownBy(change({ name: "x", listEnd }));
  const expected =
    'change "x": listEnd, event 1: threw TypeError: given.ordr: listEnd is given no such field: known are zone, node, type, order, pfn, toTail, mergeLikely';
  assert.equal(
    read((given) => ((given as unknown as { ordr: number }).ordr > 1 ? "head" : "tail")),
    expected,
  );
  assert.equal(read((({ ordr = 1 }: { ordr?: number }) => (ordr > 1 ? "head" : "tail")) as never), expected);
  const js = join(folder, "run.js");
  writeFileSync(js, 'export default change({ name: "x", listEnd: (g) => (g["ordr"] ? "head" : "tail") });\n');
  assert.equal(thrownBy(loadChange(js)), expected);
});

test("the words of the longest point fit", () => {
  for (const point of POINT_NAMES) {
    const known = ["zone", "node", ...Object.keys(POINTS[point].given)].join(", ");
    const told = `TypeError: given.${"x".repeat(20)}: ${point} is given no such field: known are ${known}`;
    assert.ok(told.length <= 400, `${point}: ${told.length}`);
  }
});

test("what is no field reads as on any object: symbols, methods, JSON, in, spread", () => {
  const m = tiny("6.1", {});
  const read = change({
    name: "x",
    listEnd: (given, stock) => {
      const all = { ...given };
      const { order, ...rest } = given;
      const same =
        JSON.stringify(given) === JSON.stringify(all) &&
        `${given}` === "[object Object]" &&
        Object.hasOwn(given, "order") &&
        !("ordr" in given) &&
        (all as unknown as { ordr?: number }).ordr === undefined &&
        Object.keys(rest).length === 6 &&
        given instanceof Object &&
        order === 10;
      return same ? stock.listEnd(all) : "tail";
    },
  });
  const bound = installChange(m, read.toJSON());
  freePages(m, movable(m, 4), 4);
  assert.deepEqual(bound.counts, { point: ["listEnd"], asked: [1], otherwise: [0] });
});

test("a point of a node has no zone", () => {
  const points = POINT_NAMES.filter((point) => POINTS[point].ofNode === true);
  assert.deepEqual(points, ["reclaimPriority", "kswapdWake", "kcompactdWake", "kcompactdProactive"]);
});
