/** Sizes at boot: never one that `pageblock boot --from-log` of the same text refuses. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { explain } from "../../lib/fluent/explanation";
import { machineFromBootLog } from "../../lib/fluent/machine-texts";
import { fieldLog } from "./field-logs";

const advice = (text: string) =>
  explain(text).reports.flatMap(({ verdict, remedies }) => [...verdict, ...remedies.map(({ how }) => how)]);

/** Sizes of `cma=` that an answer names. */
function promised(text: string): number[] {
  return advice(text)
    .flatMap((line) => [...line.matchAll(/\bcma=(\d+)M/g)])
    .map(([, mib]) => Number(mib));
}

const refused = (text: string, mib: number) =>
  machineFromBootLog(text).cma(`${mib}M`).boot().cma.base === null;

/** Logs with a map, and the longest range that `boot --from-log` reports for a size beyond it. */
const LONGEST: Readonly<Record<string, number>> = {
  "C29-a64-olinuxino-55": 932,
  "C03-rpi3bp-536": 884,
  "C25-rk3399-pinebookpro-618": 3876,
};

for (const [name, mib] of Object.entries(LONGEST))
  test(`${name}: ${mib} MiB fit, one area more does not`, () => {
    const text = fieldLog(name);
    assert.deepEqual(promised(text), [mib]);
    assert.equal(refused(text, mib), false);
    assert.equal(refused(text, mib + 4), true);
  });

test("every size of cma= that a boot log is told is one that its machine boots with", () => {
  for (const name of ["C27-a83t-bpi-m3", "C37-cyclone5-sockit-61", "C39-stm32mp1-engicam"]) {
    const text = fieldLog(name);
    const sizes = promised(text);
    assert.ok(sizes.length > 0, name);
    for (const mib of sizes) assert.equal(refused(text, mib), false, `${name}: ${mib}`);
  }
});

/** 1 GiB from 1 GiB on, with a kernel of 21 MiB at 2 MiB above its start. */
const BOARD = `[    0.000000] Linux version 6.6.0 (aarch64-linux-gnu-gcc)
[    0.000000] Early memory node ranges
[    0.000000]   node   0: [mem 0x0000000040000000-0x000000007fffffff]
[    0.000000] Memory: 912840K/1048576K available (9980K kernel code, 1758K rwdata, 3684K rodata, 5120K init, 552K bss, 70200K reserved, 65536K cma-reserved)
`;

test("an area that cannot fit: the largest that can, and it is below what is left beside the kernel", () => {
  const text = `${BOARD}[    0.000000] cma: Failed to reserve 1000 MiB\n`;
  const [mib] = promised(text);
  assert.ok(mib! < 1024 - 21 && mib! > 900, `${mib}`);
  assert.equal(refused(text, mib!), false);
  const answer = explain(text).reports.find(({ kind }) => kind === "cma-reservation")!;
  assert.equal(answer.remedies[0]!.basis, "search");
});

test("an area that failed though the ranges have room for it: no size is named", () => {
  const text = `${BOARD}[    0.000000] cma: Failed to reserve 64 MiB\n`;
  const answer = explain(text).reports.find(({ kind }) => kind === "cma-reservation")!;
  assert.match(answer.verdict.join(" "), /64 MiB would fit\. What was in the way, the text does not show/);
  assert.doesNotMatch(answer.remedies.map(({ how }) => how).join(" "), /cma=\d/);
});

test("huge pages: 1 GiB of memory with a kernel in it has none of 1 GiB, and fewer than 512 of 2 MiB", () => {
  const [, gigantic, huge] = /leaves room for (\d+) huge pages? of 1 GiB, or (\d+) huge pages of 2 MiB/.exec(
    advice(BOARD).join("\n"),
  )!;
  assert.equal(Number(gigantic), 0);
  assert.ok(Number(huge) < 512 - 21 / 2, huge);
});

test("32-bit ARM before 5.4: a first range of one page that is not mapped leaves no room at all", () => {
  const text = fieldLog("C05-rpi2-lpae-memblock-failed");
  const answer = explain(text).reports.find(({ kind }) => kind === "cma-reservation")!;
  assert.match(answer.verdict.join(" "), /before Linux 5\.4/);
  assert.match(answer.remedies[0]!.how, /Linux 5\.4 or later/);
  assert.deepEqual(promised(text), []);
  const fixed = explain(text.replaceAll("5.2.1-lpae", "5.4.1-lpae")).reports;
  assert.doesNotMatch(fixed.flatMap(({ verdict }) => verdict).join(" "), /before Linux 5\.4/);
});

test("64 MiB asked, 512 MiB failed: the rounding of pages of 64 KiB, and no area that rounds to the same", () => {
  const text = fieldLog("C47-thunderx2-cma-debug");
  const answer = explain(text).reports.find(({ kind }) => kind === "cma-reservation")!;
  assert.match(answer.verdict.join(" "), /64 MiB were asked, and the kernel rounded them up to 512 MiB/);
  assert.deepEqual(promised(text), []);
  assert.doesNotMatch(answer.remedies.map(({ what }) => what).join(" "), /Align/);
});

test("a region that is not aligned: no half of it, which need not be aligned either", () => {
  assert.deepEqual(promised(fieldLog("C07-rpi-cm4-64k-failed")), []);
});

/** Sizes of areas by the text: what is there, what was asked. */
const AREA_FAILED = (pages: number) =>
  `[   10.000000] cma: cma_alloc: linux,cma: alloc failed, req-size: ${pages} pages, ret: -12\n`;

test("a larger area is above what is there and the request, and none is named if neither is known", () => {
  const unknown = AREA_FAILED(4096);
  assert.deepEqual(promised(unknown), []);
  // 64 MiB are there, 16 MiB are asked: 80 MiB at least, 128 MiB as a power of two.
  const known = `[    0.000000] cma: Reserved 64 MiB at 0x3a000000\n${AREA_FAILED(4096)}`;
  assert.deepEqual(promised(known), [128]);
  for (const mib of [512, 448, 300]) {
    const sizes = promised(`[    0.000000] cma: Reserved ${mib} MiB at 0x3a000000\n${AREA_FAILED(1024)}`);
    for (const size of sizes) assert.ok(size >= mib + 4, `${size} for an area of ${mib}`);
  }
  const caseText = readFileSync(
    join(__dirname, "../fixtures/explain/cases/04-rpi4-6170-cma-fragmented.txt"),
    "utf8",
  );
  for (const size of promised(caseText)) assert.ok(size > 512 + 4);
});

test("no area is named that takes more than half of a machine's memory without a map", () => {
  // 131072 pages of 4 KiB are 512 MiB of RAM; the area has 192 of them.
  const text = `[    0.000000] cma: Reserved 192 MiB at 0x3a000000\nMem-Info:\n131072 pages RAM\n${AREA_FAILED(1024)}`;
  assert.deepEqual(promised(text), []);
});
