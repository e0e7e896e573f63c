/**
 * The public logs of test/fixtures/field. expected.json is the work of another reader, in another language; every one of its numbers is
 * compared. Then the same logs with what people paste before, around and across lines.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { logLines } from "../../lib/explain/joined-lines";
import { asExpected, EXPECTED, fieldLog, NAMES, read } from "./field-logs";

for (const [name, { order, gfp, pageKib, blocks }] of Object.entries(EXPECTED))
  test(`every number of ${name}`, () => {
    assert.deepEqual(asExpected(read(fieldLog(name), name)), { order, gfp, pageKib, blocks });
  });

/** Each log with whole lines and without prefixes, as a base to put others on. */
const BARE = Object.keys(EXPECTED).map((name) => ({
  name,
  lines: logLines({ name, text: fieldLog(name) }).map((line) => line.text),
}));

const PREFIXES: Readonly<Record<string, (line: string, n: number) => string>> = {
  "dmesg's times": (l, n) => `[${100 + n}.123456] ${l}`,
  "times and callers": (l, n) => `[${String(100 + n).padStart(5)}.123456][ T1234] ${l}`,
  "console levels": (l, n) => `<4>[${100 + n}.123456] ${l}`,
  "dmesg -T": (l) => `[Mon Nov 30 05:33:49 2026] ${l}`,
  "dmesg -d": (l, n) => `[${100 + n}.123456 <    0.000012>] ${l}`,
  "dmesg -x": (l, n) => `kern  :warn  : [${100 + n}.123456] ${l}`,
  "records of /dev/kmsg": (l, n) => `4,${n},${1000000 + n},-;${l}`,
  syslog: (l) => `Nov  3 05:33:49 some-host kernel: ${l}`,
  "syslog with times": (l, n) => `Nov 30 05:33:49 some-host kernel: [${100 + n}.123456] ${l}`,
  "journald, ISO": (l) => `2026-11-30T05:33:49.123456+00:00 host kernel: ${l}`,
  "journald, monotonic": (l, n) => `[${100 + n}.123456] host kernel: ${l}`,
  "journald, JSON": (l) => JSON.stringify({ __REALTIME_TIMESTAMP: "1", MESSAGE: l, _TRANSPORT: "kernel" }),
  "RFC 5424": (l) => `<4>1 2026-11-30T05:33:49.123456+00:00 host kernel - - - ${l}`,
  OpenWrt: (l, n) => `Mon Nov 30 05:33:49 2026 kern.warn kernel: [${100 + n}.123456] ${l}`,
  logcat: (l) => `11-30 05:33:49.123     0     0 W kernel  : ${l}`,
  "a serial console's clock": (l) => `[05:33:49.123] ${l}`,
  "a runner's clock": (l) => `2026-11-30T05:33:49.1234567Z ${l}`,
  "Docker's JSON": (l) => JSON.stringify({ log: `${l}\n`, stream: "stdout" }),
  "quotes of mail": (l) => `> > ${l}`,
  "quotes and times": (l, n) => `>> [   12.${100000 + n}] ${l}`,
  "line numbers": (l, n) => `${String(n + 1).padStart(6)}\t${l}`,
  indentation: (l) => `        ${l}`,
  colours: (l) => `\u001b[32m[  12.345678]\u001b[0m ${l}`,
};

for (const [what, prefix] of Object.entries(PREFIXES))
  test(`${what} before every line change no number`, () =>
    sameNumbers((lines) => lines.map(prefix).join("\n")));

function sameNumbers(paste: (lines: readonly string[]) => string): void {
  for (const { name, lines } of BARE) {
    const { order, gfp, pageKib, blocks } = EXPECTED[name]!;
    assert.deepEqual(asExpected(read(paste(lines), name)), { order, gfp, pageKib, blocks }, name);
  }
}

const timed = (lines: readonly string[]) => lines.map((l, n) => `[  ${100 + n}.123456] ${l}`);

function softWrapped(line: string, column: number): string[] {
  const rows: string[] = [];
  for (const word of line.split(" ")) {
    const last = rows.at(-1);
    if (last === undefined || `${last} ${word}`.length > column) rows.push(word);
    else rows[rows.length - 1] = `${last} ${word}`;
  }
  return rows;
}

function hardWrapped(line: string, column: number): string[] {
  return line === "" ? [""] : (line.match(new RegExp(`.{1,${column}}`, "g")) ?? []);
}

const WRAPS: Readonly<Record<string, (lines: readonly string[]) => string[]>> = {
  "mail that wraps at 72": (lines) => timed(lines).flatMap((l) => softWrapped(l, 72)),
  "mail that wraps at 72 and quotes": (lines) =>
    timed(lines)
      .flatMap((l) => softWrapped(l, 72))
      .map((l) => `> ${l}`),
  "mail that wraps lines without times": (lines) => lines.flatMap((l) => softWrapped(l, 72)),
  "a terminal of 80 columns": (lines) => timed(lines).flatMap((l) => hardWrapped(l, 80)),
  "a terminal of 80 columns, blanks at ends lost": (lines) =>
    timed(lines).flatMap((l) => hardWrapped(l, 80).map((row) => row.trimEnd())),
  "a terminal of 80 columns without times": (lines) => lines.flatMap((l) => hardWrapped(l, 80)),
  "a terminal of 132 columns": (lines) => timed(lines).flatMap((l) => hardWrapped(l, 132)),
};

for (const [what, wrap] of Object.entries(WRAPS))
  test(`${what} changes no number`, () => sameNumbers((lines) => wrap(lines).join("\n")));

test("line ends of Windows and entities of HTML change no number", () => {
  sameNumbers((lines) => lines.join("\r\n"));
  sameNumbers((lines) => {
    const text = lines.join("\n").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
    return `<pre>${text}</pre>`;
  });
});

test("of a text that is cut anywhere, what is read is what was printed", () => {
  for (const { name, lines } of BARE) {
    const text = lines.join("\n");
    const whole = EXPECTED[name]!.blocks.flat();
    for (let tenth = 1; tenth < 10; tenth++)
      for (const zone of asExpected(
        read(text.slice(0, Math.floor((text.length * tenth) / 10))),
      ).blocks.flat()) {
        const printed = whole.find((z) => z.node === zone.node && z.name === zone.name)!;
        for (const field of ["minKb", "lowKb", "highKb", "freeCmaKb", "counts"] as const)
          if (zone[field] !== null)
            assert.deepEqual(zone[field], printed[field], `${name}, ${zone.name}: ${field}`);
      }
  }
});

test("remarks of posters between the lines change no number", () => {
  const remark = "It is rather interesting that this happens only after 12 hours, isn't it?";
  sameNumbers((lines) =>
    lines
      .flatMap((l) => [`Nov 30 05:33:49 some-long-host-name kernel: [100.123456] ${l}`, "", remark, ""])
      .join("\n"),
  );
  sameNumbers((lines) =>
    lines
      .flatMap((l) => [`Nov 30 05:33:49 some-long-host-name kernel: [100.123456] ${l}`, remark])
      .join("\n"),
  );
});

/** A fixed disorder: every seventh line first. */
function disordered<T>(items: readonly T[]): T[] {
  return Array.from({ length: 7 }, (_, k) => items.filter((_, i) => i % 7 === k)).flat();
}

test("no disorder, no doubling and no loss of lines throws, and every reading stays whole", () => {
  for (const name of NAMES) {
    const lines = fieldLog(name).split("\n");
    const texts = [
      disordered(lines),
      [...lines].reverse(),
      [...lines, ...lines],
      lines.filter((_, i) => i % 3 !== 0),
    ];
    for (const text of texts)
      for (const reading of read(text.join("\n"), name)) {
        assert.ok(reading.place.first <= reading.place.last, name);
        for (const zone of reading.zones) assert.ok(Number.isFinite(zone.freeBytes), name);
      }
  }
});

test("two reports one after the other are two readings with the same numbers", () => {
  const { order, gfp, pageKib, blocks } = EXPECTED["A01-fc25-chrome-coredump"]!;
  const text = fieldLog("A01-fc25-chrome-coredump");
  const readings = read(`${text}\n${text}`).filter((r) => r.kind === "page-allocation-failure");
  assert.equal(readings.length, 2);
  for (const reading of readings) assert.deepEqual(asExpected([reading]), { order, gfp, pageKib, blocks });
});
