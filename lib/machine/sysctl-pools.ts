/**
 * vm.nr_hugepages and vm.nr_overcommit_hugepages as plans state them: for the default size, for a size, for a node.
 * `512`, `2MiB:512`, `0:4,1:28` (pages by node), `1GiB:0:4,1:28`.
 */
import { InputError } from "../base/errors";
import { readField } from "../schema/check";
import { type In, list, type Out, object, optional, parsed, size, text, whole } from "../schema/field";
import { shown } from "../schema/place";

const COUNT_MOST = 2 ** 31 - 1;
const POOLS_MOST = 1024;

const bytes = () =>
  optional(size("bytes of one page", { least: 1, word: "size", default: "the default huge page" }));

const POOL = object("huge pages asked for after boot", {
  bytes: bytes(),
  node: optional(
    whole("the node whose nr_hugepages is written", "node", { most: 1023, default: "all in turn" }),
  ),
  count: whole("how many", "pages", { most: COUNT_MOST }),
});

const SURPLUS = object("surplus pages of one size", {
  bytes: bytes(),
  count: whole("how many at most", "pages", { most: COUNT_MOST }),
});

/** One write to nr_hugepages: of a size, and of a node or of all. */
export interface PoolWrite extends Out<typeof POOL> {}
/** One write to nr_overcommit_hugepages. */
export interface SurplusWrite extends Out<typeof SURPLUS> {}

const POOLS = list("the writes, in order", POOL, { least: 1, most: POOLS_MOST });
const SURPLUSES = list("the writes, in order", SURPLUS, { least: 1, most: POOLS_MOST });

/** A size, with its unit: digits alone are a node. */
const SIZE = /^\s*(\d{1,12}(?:\.\d{1,6})?\s*[kKmMgGtT](?:[iI]?[bB])?)\s*:(.*)$/s;
const LONGEST = 4000;

/** The parts of `1GiB:0:4,1:28`: the size if it is there, and what stands between commas. */
function partsOf(given: string, must: string): { size?: string; parts: string[] } {
  if (given.length > LONGEST)
    throw new InputError(`must have at most ${LONGEST} letters: got ${given.length}`);
  const [, size, rest = given] = SIZE.exec(given) ?? [];
  const parts = rest.split(",").map((part) => part.trim());
  if (parts.some((part) => !/^(?:\d{1,4}:)?\d{1,10}$/.test(part)))
    throw new InputError(`${must}: got ${shown(given)}`);
  return { ...(size !== undefined && { size }), parts };
}

const POOL_TEXT =
  "must be a number of pages, SIZE:COUNT, or NODE:COUNT,NODE:COUNT, such as 512, 2MiB:512, 0:4,1:28";

function poolsIn(given: string): In<typeof POOL>[] {
  const { size, parts } = partsOf(given, POOL_TEXT);
  return parts.map((part) => {
    const [first, second] = part.split(":");
    if (second === undefined && parts.length > 1) throw new InputError(`${POOL_TEXT}: got ${shown(given)}`);
    const count = Number(second ?? first);
    return {
      ...(size !== undefined && { size }),
      ...(second !== undefined && { node: Number(first) }),
      count,
    };
  });
}

/** vm.nr_hugepages. */
export const NR_HUGEPAGES = parsed(
  "vm.nr_hugepages, written after boot: pages of the default size, of a size, or by node",
  (given: number | string | readonly In<typeof POOL>[]): PoolWrite[] => {
    const writes =
      typeof given === "number" ? [{ count: given }] : typeof given === "string" ? poolsIn(given) : given;
    return readField(POOLS, writes, []) as PoolWrite[];
  },
  [
    text("pages, SIZE:COUNT, or NODE:COUNT,NODE:COUNT", { longest: LONGEST }),
    whole("pages of the default size", "pages", { most: COUNT_MOST }),
    POOLS,
  ],
  { default: "0", source: "mm/hugetlb.c set_max_huge_pages()" },
);

/** vm.nr_overcommit_hugepages. */
export const OVERCOMMIT_HUGEPAGES = parsed(
  "vm.nr_overcommit_hugepages: surplus pages that the pool may take on demand, of the default size or of a size",
  (given: number | string | readonly In<typeof SURPLUS>[]): SurplusWrite[] => {
    if (typeof given === "number") return readField(SURPLUSES, [{ count: given }], []) as SurplusWrite[];
    if (typeof given !== "string") return readField(SURPLUSES, given, []) as SurplusWrite[];
    const must = "must be a number of pages, or SIZE:COUNT, such as 64 or 2MiB:64";
    const { size, parts } = partsOf(given, must);
    if (parts.length > 1 || parts[0]!.includes(":")) throw new InputError(`${must}: got ${shown(given)}`);
    return readField(
      SURPLUSES,
      [{ ...(size !== undefined && { size }), count: Number(parts[0]) }],
      [],
    ) as SurplusWrite[];
  },
  [
    text("pages, or SIZE:COUNT", { longest: LONGEST }),
    whole("pages of the default size", "pages", { most: COUNT_MOST }),
    SURPLUSES,
  ],
  { default: "0", source: "mm/hugetlb.c alloc_surplus_huge_page()" },
);
