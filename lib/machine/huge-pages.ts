/**
 * Huge pages requested on the kernel command line: `hugepagesz=`, `hugepages=`, `default_hugepagesz=`,
 * `hugetlb_cma=`, read from left to right as in mm/hugetlb.c. Options the kernel ignores are ignored here too, with
 * its message.
 */
import { InputError } from "../base/errors";
import { GiB, KiB, MiB, parseSize, type Size } from "../base/units";
import type { NodeBytes } from "../mm/boot/hugetlb-cma";
import { readField } from "../schema/check";
import {
  filled,
  type In,
  list,
  type Out,
  object,
  optional,
  parsed,
  size,
  text,
  whole,
} from "../schema/field";
import { shown } from "../schema/place";

const POOL = object("huge pages of one size", {
  bytes: size("bytes of one page", { least: 1, word: "size" }),
  count: whole("how many", "pages"),
  node: optional(
    whole("the node that gives them, hugepages=NODE:COUNT since 5.16", "node", {
      most: 1023,
      default: "all, in turn",
    }),
  ),
});

/** Pages of one size requested, of all nodes or of one. */
export interface HugePagePool extends Out<typeof POOL> {}

/** `1GiB:2`, `1GiB:0:2` for node 0, or an object with the parts. */
const pool = parsed(
  "huge pages of one size",
  (given: string | In<typeof POOL>): HugePagePool => {
    if (typeof given !== "string") return readField(POOL, given, []) as HugePagePool;
    const [, bytes, node, count] = /^([^:]+):(?:(\d+):)?(\d+)$/.exec(given) ?? [];
    if (bytes === undefined)
      throw new InputError(
        `must be SIZE:COUNT, such as 1GiB:2, or SIZE:NODE:COUNT, such as 1GiB:0:2: got ${shown(given)}`,
      );
    const of = node === undefined ? {} : { node: Number(node) };
    return readField(POOL, { bytes, count: Number(count), ...of }, []) as HugePagePool;
  },
  [text("SIZE:COUNT, such as 1GiB:2, or SIZE:NODE:COUNT"), POOL],
);

const NODE = object("gigantic pages of one node", {
  nid: whole("the node", "node", { most: 1023 }),
  bytes: size("bytes reserved there"),
});

const node = parsed(
  "gigantic pages of one node",
  (given: string | In<typeof NODE>): NodeBytes => {
    const [, nid, bytes] = typeof given === "string" ? (/^(\d+):(.+)$/.exec(given) ?? []) : [];
    return readField(NODE, nid === undefined ? given : { nid: Number(nid), bytes }, []) as NodeBytes;
  },
  [text("NODE:SIZE, such as 0:1GiB"), NODE],
);

/** Huge pages requested at boot. */
export const HUGE_PAGES = object("huge pages asked for at boot", {
  pools: filled(
    list("hugepagesz= and hugepages=, in the order of the command line", pool, {
      most: 16,
      default: [],
      flag: "hugepages",
    }),
  ),
  cmaBytes: filled(size("hugetlb_cma=, bytes of all nodes; 0: none", { default: 0, flag: "hugetlb-cma" })),
  cmaByNode: optional(
    list("hugetlb_cma=0:1G,1:1G: bytes by node", node, {
      most: 1024,
      default: "equal",
      flag: "hugetlb-cma-by-node",
    }),
  ),
});

export interface HugePageRequest extends Out<typeof HUGE_PAGES> {}

/** Huge page sizes of a machine, in bytes. */
export interface HugePageSizes {
  sizes: readonly number[];
  /** HPAGE_SIZE: the size of `hugepages=` without a `hugepagesz=` before it. */
  defaultBytes: number;
}

/**
 * `words`: parameters of the command line; those not of hugetlb are skipped. Throws InputError for an invalid size.
 */
export function parseHugePages(
  words: readonly string[],
  { sizes, defaultBytes }: HugePageSizes,
): HugePageRequest & { messages: string[] } {
  const counts = new Map<number, number>();
  /** NODE:COUNT by size; 0: the default one. */
  const byNode = new Map<number, { node: number; count: number }[]>();
  const messages: string[] = [];
  let cma: Pick<HugePageRequest, "cmaBytes" | "cmaByNode"> = { cmaBytes: 0 };
  let size: number | null = null;
  let valid = true;
  let fallback = 0;
  let parsedDefault: number | null = null;
  let last: number | null = null;
  const supported = (name: string, value: string): number | null => {
    valid = false;
    const bytes = parseSize(value, name);
    if (sizes.includes(bytes)) return bytes;
    messages.push(`HugeTLB: unsupported ${name}=${value}`);
    return null;
  };
  for (const word of words) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(word) ?? [];
    if (name === undefined || value === undefined) continue;
    if (name === "hugetlb_cma") cma = parseHugetlbCma(value);
    else if (name === "hugepagesz") {
      const bytes = supported(name, value);
      if (bytes === null) continue;
      if (counts.has(bytes) && (parsedDefault !== bytes || counts.get(bytes)! > 0)) {
        messages.push(`HugeTLB: hugepagesz=${value} specified twice, ignoring`);
        continue;
      }
      size = bytes;
      valid = true;
      counts.set(bytes, 0);
    } else if (name === "default_hugepagesz") {
      if (parsedDefault !== null) {
        valid = false;
        messages.push(`HugeTLB: default_hugepagesz previously specified, ignoring ${value}`);
        continue;
      }
      const bytes = supported(name, value);
      if (bytes === null) continue;
      size = parsedDefault = bytes;
      valid = true;
      counts.set(bytes, fallback > 0 ? fallback : (counts.get(bytes) ?? 0));
      fallback = 0;
    } else if (name === "hugepages") {
      if (!valid) {
        messages.push(`HugeTLB: hugepages=${value} does not follow a valid hugepagesz, ignoring`);
        valid = true;
        continue;
      }
      const pool = size ?? 0;
      if (last === pool) {
        messages.push(
          `HugeTLB: hugepages= specified twice without interleaving hugepagesz=, ignoring hugepages=${value}`,
        );
        continue;
      }
      const nodes = nodeCounts(value);
      if (nodes !== null) {
        byNode.set(pool, nodes);
        last = pool;
        continue;
      }
      if (!/^\d+$/.test(value)) {
        messages.push(`HugeTLB: Invalid hugepages parameter ${value}`);
        continue;
      }
      if (size === null) fallback = Number(value);
      else counts.set(size, Number(value));
      last = pool;
    }
  }
  if (fallback > 0) counts.set(defaultBytes, fallback);
  const pools: HugePagePool[] = [...counts].map(([bytes, count]) => ({ bytes, count }));
  for (const [bytes, nodes] of byNode)
    pools.push(...nodes.map((of) => ({ bytes: bytes === 0 ? defaultBytes : bytes, ...of })));
  return { pools: pools.filter((p) => p.count > 0), ...cma, messages };
}

/** `0:4,1:28` of `hugepages=`, since 5.16; null for anything else. */
function nodeCounts(value: string): { node: number; count: number }[] | null {
  const parts = value.split(",").map((part) => /^(\d{1,4}):(\d{1,10})$/.exec(part));
  return parts.every((part) => part !== null)
    ? parts.map(([, node, count]) => ({ node: Number(node), count: Number(count) }))
    : null;
}

/**
 * cmdline_parse_hugetlb_cma(): `2G` for all nodes, or `0:1G,1:1G` by node (since 5.16, 6.1 here). The rest after an
 * unreadable part is skipped, as in the kernel; an invalid size throws InputError.
 */
export function parseHugetlbCma(value: Size): Pick<HugePageRequest, "cmaBytes" | "cmaByNode"> {
  if (typeof value === "number" || !/^\s*\d+\s*:/.test(value))
    return { cmaBytes: parseSize(value, "hugetlb_cma") };
  const byNode = new Map<number, number>();
  for (const part of value.split(",")) {
    const [, nid, size] = /^\s*(\d+)\s*:(.*)$/.exec(part) ?? [];
    if (nid === undefined || Number(nid) >= MAX_NUMNODES) break;
    byNode.set(Number(nid), parseSize(size!, "hugetlb_cma"));
  }
  const cmaByNode = [...byNode].map(([nid, bytes]) => ({ nid, bytes }));
  return { cmaBytes: cmaByNode.reduce((n, a) => n + a.bytes, 0), cmaByNode };
}

/** Largest number of nodes: CONFIG_NODES_SHIFT of 10, as distributions set it for x86-64. */
const MAX_NUMNODES = 1024;

/** The kernel's message about a pool that stayed smaller than requested. */
export function poolFailedMessage({ bytes, count, node }: HugePagePool, got: number): string {
  const on = node === undefined ? "" : ` node${node}`;
  return `HugeTLB: allocating ${count} of page size ${threeDigits(bytes)} failed${on}.  Only allocated ${got} hugepages.`;
}

/** lib/string_helpers.c string_get_size(): three significant digits. */
function threeDigits(bytes: number): string {
  if (bytes >= GiB) return `${(bytes / GiB).toPrecision(3)} GiB`;
  if (bytes >= MiB) return `${(bytes / MiB).toPrecision(3)} MiB`;
  return `${(bytes / KiB).toPrecision(3)} KiB`;
}
