/** What the kernel says of hugetlb_cma=, of refused parameters, and of −12 from an area that has room. */
import assert from "node:assert/strict";
import test from "node:test";
import { explainReadings } from "../../lib/explain/explain-readings";
import { readTexts } from "../../lib/explain/read-texts";

const explained = (text: string) =>
  explainReadings(readTexts([{ name: "log", text }]).readings).map(({ answer }) => answer);

/** Lines as mm/hugetlb.c and the architectures print them, and what follows from each. */
const REFUSED: readonly [line: string, follows: RegExp][] = [
  [
    "hugetlb_cma: cma area should be at least 16384 MiB",
    /less than one gigantic page.*16384 MiB.*switched it off/,
  ],
  [
    "hugetlb_cma: cma area of node 1 should be at least 1024 MiB",
    /1024 MiB\) on node 1, so that node has no area/,
  ],
  ["hugetlb_cma: invalid node 3 specified", /node 3, which this machine lacks/],
  ["HugeTLB: hugetlb_cma is enabled, skip boot time allocation", /were not allocated.*made from it later/],
  ["HugeTLB: unsupported hugepagesz=1G", /no huge pages of the size 1G/],
  ["HugeTLB: unsupported default_hugepagesz=64K", /no huge pages of the size 64K/],
  ["hugepagesz: Unsupported page size 1024 M", /no huge pages of the size 1024 M/],
  ["HugeTLB: hugepages=8 does not follow a valid hugepagesz, ignoring", /hugepages=8 was passed over/],
  ["HugeTLB: hugepages=8 preceded by an unsupported hugepagesz, ignoring", /hugepages=8 was passed over/],
  ["HugeTLB: hugepagesz=2M specified twice, ignoring", /passed over the second/],
];

for (const [line, follows] of REFUSED)
  test(`a refused parameter is no success: ${line}`, () => {
    const [answer, ...more] = explained(`[    0.000000] Linux version 6.1.0\n[    0.100000] ${line}\n`);
    assert.deepEqual(more, []);
    assert.equal(answer!.harmless, false);
    assert.match(answer!.verdict.join(" "), follows);
  });

test("a node without an area of hugetlb_cma= leaves those of the others, and none of them is a driver's", () => {
  const answers = explained(
    [
      "hugetlb_cma: reserve 4096 MiB, up to 2048 MiB per node",
      "cma: Reserved 2048 MiB at 0x0000000100000000",
      "hugetlb_cma: reserved 2048 MiB on node 0",
      "cma: Failed to reserve 2048 MiB",
      "hugetlb_cma: reservation failed: err -12, node 1",
    ].join("\n"),
  );
  assert.equal(answers.length, 1);
  const [{ kind, verdict }] = answers as [(typeof answers)[0]];
  assert.equal(kind, "hugetlb");
  assert.match(
    verdict[0]!,
    /could not be reserved on node 1.*can be made at run time from the 2 GiB of node 0/,
  );
  assert.doesNotMatch(verdict.join(" "), /drivers/);
  const [alone] = explained("hugetlb_cma: reservation failed: err -12, node 0\n");
  assert.match(alone!.verdict[0]!, /no gigantic pages can be made at run time/);
});

test("the line of a driver's area before lines of hugetlb_cma= stays the driver's", () => {
  const answers = explained(
    "cma: Reserved 64 MiB at 0x000000003c000000\nx\ny\nz\nhugetlb_cma: reserved 2048 MiB on node 0\n",
  );
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ["cma-reservation", "hugetlb"],
  );
});

const refusal = (asked: number, align: string, available: string) =>
  `cma: cma_alloc: linux,cma: alloc failed, req-size: ${asked} pages${align}, ret: -12\ncma: number of available pages: ${available}\n`;

test("−12 from an area with room is a page that could not be moved, and no reason for a larger area", () => {
  const [whole] = explained(refusal(1024, "", "16384@0=> 16384 free of 16384 total pages"));
  assert.deepEqual(whole!.reasons, ["cma-no-target"]);
  assert.match(whole!.verdict.join(" "), /nowhere to go/);
  assert.doesNotMatch(JSON.stringify(whole!.remedies), /cma=|larger/);
  // From page 3 on the first multiple of 256 is 256 itself: 1024 pages from there end at 1280, which is 3 + 1277.
  const at = (run: number) =>
    explained(refusal(1024, "", `${run}@3=> ${run} free of 16384 total pages`))[0]!.reasons;
  assert.deepEqual([at(1277), at(1276)], [["cma-no-target"], ["cma-area-full"]]);
  // Aligned to 16 pages as the line says: 16 + 1024 = 3 + 1037. Where the run begins is not said before 4.12: 15 + 1024.
  const aligned = (run: string, free: number) =>
    explained(refusal(1024, ", align: 4", `${run}=> ${free} free of 16384 total pages`))[0]!.reasons;
  assert.deepEqual(aligned("1037@3", 1037), ["cma-no-target"]);
  assert.deepEqual(aligned("1036@3", 1036), ["cma-area-full"]);
  assert.deepEqual(aligned("1039", 1039), ["cma-no-target"]);
  assert.deepEqual(aligned("1038", 1038), ["cma-area-full"]);
});
