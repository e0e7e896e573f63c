/**
 * Lines with which the kernel refuses, or passes over, what its command line asks for huge pages: mm/hugetlb.c and the
 * architectures' own checks of hugepagesz= before 5.8.
 */

/** What a line says, with the words of its parentheses. */
type Meaning = readonly [line: RegExp, words: (found: readonly string[]) => string];

const MEANINGS: readonly Meaning[] = [
  [
    /^hugetlb_cma: cma area should be at least (\d{1,12}) MiB/,
    ([, mib]) =>
      `hugetlb_cma= asks for less than one gigantic page of this kernel (${mib} MiB), so the kernel switched it off: no area was reserved.`,
  ],
  [
    /^hugetlb_cma: cma area of node (\d{1,6}) should be at least (\d{1,12}) MiB/,
    ([, node, mib]) =>
      `hugetlb_cma= asks for less than one gigantic page of this kernel (${mib} MiB) on node ${node}, so that node has no area.`,
  ],
  [
    /^hugetlb_cma: invalid node (\d{1,6}) specified/,
    ([, node]) =>
      `hugetlb_cma= names node ${node}, which this machine lacks: what it asks there is not reserved.`,
  ],
  [
    /^HugeTLB: hugetlb_cma is enabled, skip(?:ping)? boot time allocation/,
    () =>
      "The gigantic pages of hugepages= were not allocated: with hugetlb_cma= the kernel only reserves an area, and the pages are made from it later, by writing their number to nr_hugepages.",
  ],
  [
    /^(?:HugeTLB|hugepagesz): ?[Uu]nsupported (?:page size|(?:default_)?hugepagesz[= ]?) ?([\w. ]{1,24})/,
    ([, size]) =>
      `This kernel has no huge pages of the size ${size}, so hugepagesz=${size!.replace(/ /g, "")} and the hugepages= behind it were refused. The sizes that it has are the folders of /sys/kernel/mm/hugepages/.`,
  ],
  [
    /^HugeTLB: hugepages=(\S{1,80}) (?:does not follow a valid|preceded by an unsupported) hugepagesz/,
    ([, count]) =>
      `hugepages=${count} was passed over, because the hugepagesz= before it was refused: none of these pages was allocated.`,
  ],
  [
    /^HugeTLB: (?:hugepagesz=(\S{1,24}) specified twice|hugepages= specified twice)/,
    () =>
      "A size was given twice, or hugepages= twice without hugepagesz= between them: the kernel passed over the second.",
  ],
  [
    /^HugeTLB: (?:[Ii]nvalid hugepages? parameter|[Ii]nvalid .{0,40}hugepage).{0,80}/,
    ([line]) =>
      `The kernel could not read a parameter of huge pages and passed over it: "${line!.slice(9, 89)}".`,
  ],
  [
    /^HugeTLB: huge ?pages not supported/,
    () => "This kernel or machine has no huge pages: every parameter about them was passed over.",
  ],
];

/** The meaning of a line about a refused parameter; null for any other line. */
export function refusedParameter(line: string): string | null {
  for (const [pattern, words] of MEANINGS) {
    const found = pattern.exec(line);
    if (found) return words(found);
  }
  return null;
}
