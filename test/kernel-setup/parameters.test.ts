/** `--set`: which values can be set, of which type, and what is put into the notebook. */
import assert from "node:assert/strict";
import test from "node:test";
import { type NotebookJson, parametersIn, withParameters } from "../../kernel-setup/parameters";

const SOURCE = `// sizes
const seeds = 16, page: "4K" | "64K" = "4K";
let share = -0.5; const on = true;
const asked = ["4M", "16M"] as const, deep = { a: 1, b: [true] };
const computed = Math.max(1, 2); function f() { const inner = 1; }`;

const notebook = (source: string | string[] = SOURCE, tags: unknown = ["parameters"]): NotebookJson => ({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {},
  cells: [
    { cell_type: "markdown", id: "a", metadata: {}, source: "# T" },
    { cell_type: "code", id: "b", metadata: { tags }, source },
    { cell_type: "code", id: "c", metadata: {}, source: "seeds" },
  ],
});
const injected = (...settings: string[]) => withParameters(notebook(), settings, "n.ipynb").cells[2]!;

test("literals at the top of the cell can be set, with their type and keyword", () => {
  assert.deepEqual(
    parametersIn(SOURCE).map(({ name, value, declared, behind }) => [name, value, declared + behind]),
    [
      ["seeds", 16, "const seeds"],
      ["page", "4K", 'const page: "4K" | "64K"'],
      ["share", -0.5, "let share"],
      ["on", true, "const on"],
      ["asked", ["4M", "16M"], "const asked as const"],
      ["deep", { a: 1, b: [true] }, "const deep"],
    ],
  );
});

test("a cell with the values is put behind the parameters and replaces an earlier one", () => {
  const once = withParameters(notebook(), ["seeds=256", "page=64K", "seeds=512"], "n.ipynb");
  const { metadata, source } = once.cells[2]!;
  assert.deepEqual(metadata, { tags: ["injected-parameters"] });
  assert.equal(source, 'const seeds = 512;\nconst page: "4K" | "64K" = "64K";');
  const twice = withParameters(once, ["on=false"], "n.ipynb");
  assert.deepEqual(twice.cells.map((cell) => cell.source).slice(2), ["const on = false;", "seeds"]);
  assert.deepEqual(notebook(), withParameters(notebook(), [], "n.ipynb"));
});

test("values are of the type of the literal; text cannot become code", () => {
  assert.equal(injected("share=1e-3").source, "let share = 0.001;");
  assert.equal(injected('asked=["1M"]').source, 'const asked = ["1M"] as const;');
  assert.equal(injected('deep={"b":[],"a":2}').source, 'const deep = {"b":[],"a":2};');
  const evil = '"; process.exit(); "';
  assert.equal(injected(`page=${evil}`).source, `const page: "4K" | "64K" = ${JSON.stringify(evil)};`);
});

test("a parameter that is null takes any JSON; the compiler knows its type", () => {
  const limit = notebook("let limit: number | null = null;\nconst list = [null, 1];");
  const source = (setting: string) => withParameters(limit, [setting], "n.ipynb").cells[2]!.source;
  assert.equal(source("limit=5"), "let limit: number | null = 5;");
  assert.equal(source("limit=null"), "let limit: number | null = null;");
  assert.equal(source("list=[2]"), "const list = [2];");
  assert.throws(() => source("limit=4K"), /limit must be JSON, like null, 5 or "text": got "4K"$/);
});

test("an unknown name, a wrong type, no tag: one line", () => {
  const cases: [NotebookJson, string, RegExp][] = [
    [notebook(), "seed=1", /"seed" is no parameter: known are seeds, page, share, on, asked, deep$/],
    [notebook(), "computed=1", /"computed" is no parameter/],
    [notebook(), "seeds=many", /seeds must be a number, like 16: got "many"$/],
    [notebook(), "seeds=", /seeds must be a number/],
    [notebook(), "seeds=Infinity", /seeds must be a number/],
    [notebook(), "on=yes", /on must be true or false: got "yes"$/],
    [notebook(), "asked=4M", /asked must be JSON of the type of \["4M","16M"\]/],
    [notebook(), "asked=[1]", /asked must be JSON of the type/],
    [notebook(), 'deep={"a":1}', /deep must be JSON of the type/],
    [notebook(), "seeds", /must be name=value: got "seeds"$/],
    [notebook(SOURCE, ["other"]), "seeds=1", /n\.ipynb has no cell tagged parameters/],
    [notebook("const x = f();"), "x=1", /known are none that is a literal/],
  ];
  for (const [content, setting, message] of cases)
    assert.throws(
      () => withParameters(content, [setting], "n.ipynb"),
      (error: Error) => {
        assert.equal(error.name, "SetupError");
        assert.match(error.message, message);
        return true;
      },
    );
});
