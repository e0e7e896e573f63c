import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { after } from "node:test";
import { pageblock } from "../support/cli";

const TABLE = resolve(__dirname, "../fixtures/arm64-cma/boot-table.csv");
const folder = mkdtempSync(join(tmpdir(), "pageblock-fidelity-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("a table that agrees: exit 0, one object for the path", () => {
  const run = pageblock(["fidelity", "--json", TABLE]);
  assert.equal(run.status, 0, run.stderr);
  const [report, ...more] = JSON.parse(run.stdout);
  assert.equal(more.length, 0);
  assert.deepEqual(Object.keys(report), ["path", "kind", "rows", "agreeing", "results"]);
  assert.equal(report.path, TABLE);
  assert.equal(report.kind, "boot-table");
  assert.equal(report.rows, 163);
  assert.deepEqual(report.results[19], {
    row: 19,
    recorded: {
      result: "ok",
      reservedMib: 256,
      base: "0x90000000",
      pageblockOrder: 11,
      mobilityGrouping: "on",
      minFreeKbytes: 204096,
    },
    predicted: {
      result: "ok",
      reservedMib: 256,
      base: "0x90000000",
      pageblockOrder: 11,
      mobilityGrouping: "on",
      minFreeKbytes: 204096,
    },
    agrees: true,
  });
});

test("a row that disagrees: exit 1, and it is said which", () => {
  const [header, first] = readFileSync(TABLE, "utf8").split("\n");
  const wrong = file("wrong.csv", `${header}\n${first!.replace("0xe0000000", "0xc0000000")}\n`);
  const run = pageblock(["fidelity", wrong]);
  assert.equal(run.status, 1, run.stderr);
  assert.match(run.stdout, /0 DIFFERS +recorded .*base=0xc0000000.* predicted .*base=0xe0000000/);
  assert.match(run.stdout, /0 of 1 rows agree/);
});

test("empty outcomes are predicted, not compared", () => {
  const open = file("open.csv", "page,variant,ram,cma_arg,result,base\n64K,huge,2G,none,,\n");
  const run = pageblock(["fidelity", "--json", open]);
  assert.equal(run.status, 0, run.stderr);
  const [report] = JSON.parse(run.stdout);
  assert.equal(report.agreeing, 0);
  assert.deepEqual(report.results[0], {
    row: 0,
    recorded: null,
    predicted: {
      result: "ok",
      reservedMib: 512,
      base: "0x80000000",
      pageblockOrder: 13,
      mobilityGrouping: "off",
      minFreeKbytes: 103616,
    },
    agrees: null,
  });
});

test("a folder is searched; several paths give several objects", () => {
  const tables = join(folder, "tables");
  mkdirSync(tables);
  cpSync(TABLE, join(tables, "boot-table.csv"));
  const run = pageblock(["fidelity", "--json", tables, join(folder, "open.csv")]);
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(
    JSON.parse(run.stdout).map((r: { path: string }) => r.path),
    [join(tables, "boot-table.csv"), join(folder, "open.csv")],
  );
});

test("bad input: one clear line naming file and line, exit 2, nothing on stdout", () => {
  const header = "page,variant,ram,cma_arg,result,reserved_mib";
  const row = "64K,huge,2G,none,ok,512";
  const cases: [string, RegExp][] = [
    [
      file("short.csv", `${header}\n${row}\n64K,huge\n`),
      /short\.csv:3: a row must have as many columns as the header: got 2/,
    ],
    [file("page.csv", `${header}\n7K,huge,2G,none,ok,512\n`), /page\.csv:2: page size: .*got 7 KiB/],
    [file("ram.csv", `${header}\n64K,huge,0,none,ok,512\n`), /ram\.csv:2: memory: size must be > 0/],
    [
      file("variant.csv", `${header}\n64K,vast,2G,none,ok,512\n`),
      /variant\.csv:2: variant: must be huge or nohuge: got "vast"/,
    ],
    [file("cma.csv", `${header}\n64K,huge,2G,much,ok,512\n`), /cma\.csv:2: cma: size must be a number/],
    [
      file("number.csv", `${header}\n64K,huge,2G,none,ok,many\n`),
      /number\.csv:2: reserved_mib: must be a number: got "many"/,
    ],
    [file("quote.csv", `${header}\n"64K,huge,2G,none,ok,512\n`), /quote\.csv:\d+: .*[Qq]uote/],
    [file("other.csv", "a,b\n1,2\n"), /other\.csv: no recording of a known kind/],
    [join(folder, "absent"), /absent: no such file or folder/],
  ];
  for (const [path, message] of cases) {
    const run = pageblock(["fidelity", path]);
    assert.equal(run.status, 2, path);
    assert.match(run.stderr, message);
    assert.equal(run.stderr.trim().split("\n").length, 1, run.stderr);
    assert.equal(run.stdout, "");
  }
});
