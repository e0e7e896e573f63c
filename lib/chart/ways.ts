/**
 * The look of each way of getting contiguous memory: one colour and one symbol by its name, the same in every chart. Colours
 * stand out from white and from a dark page (contrast of 3 or more to both); two ways never share colour and symbol.
 */
import type { WayColor } from "./palette";
import { WAY_COLORS } from "./palette";

/** How a way is drawn: `symbol` in Plotly's names. */
export interface WayLook {
  color: string;
  symbol: string;
}

const COLOR_NAMES = Object.keys(WAY_COLORS) as WayColor[];
/** Every symbol that the static pictures can draw as well. */
export const WAY_SYMBOLS: readonly string[] = [
  "circle",
  "square",
  "diamond",
  "triangle-up",
  "triangle-down",
  "cross",
  "x",
  "star",
  "pentagon",
  "hourglass",
];

/** By name: strategies as plans write them, labels of the debate of 2018, and ideas of research. */
const LOOKS: Readonly<Record<string, readonly [WayColor, string]>> = {
  buddy: ["grey", "circle"],
  "as it is": ["grey", "square"],
  cma: ["amber", "square"],
  "cma-4k": ["amber", "triangle-up"],
  "cma-16k": ["amber", "pentagon"],
  "cma-64k": ["amber", "triangle-down"],
  "guaranteed-cma": ["amber", "star"],
  gcma: ["amber", "hourglass"],
  "cma-movable-zone": ["pink", "diamond"],
  "zone-2018": ["pink", "square"],
  "movable-zone": ["pink", "triangle-up"],
  "virtio-mem": ["pink", "pentagon"],
  "small-pageblocks": ["green", "circle"],
  "small-page-blocks": ["green", "triangle-down"],
  "sub-block": ["green", "cross"],
  "page-size-at-boot": ["green", "square"],
  "two-kernels": ["green", "diamond"],
  "carve-out": ["blue", "square"],
  "boot-reserve": ["blue", "diamond"],
  "hugetlb-boot": ["blue", "triangle-up"],
  "hugetlb-cma": ["blue", "star"],
  "hugetlb-runtime": ["sky", "circle"],
  "hugetlb-2018": ["sky", "triangle-down"],
  "adjacent-thp": ["sky", "x"],
  reservation: ["red", "hourglass"],
  reservations: ["red", "pentagon"],
  "alloc-contig-pages": ["red", "circle"],
  "find-alloc-contig": ["red", "triangle-up"],
  "map-contig": ["red", "x"],
  "pseudo-lock": ["red", "square"],
  iommu: ["violet", "diamond"],
  "ca-paging": ["violet", "circle"],
  contiguitas: ["violet", "cross"],
  "defrag-mode": ["sky", "star"],
  hyperalloc: ["violet", "star"],
  llfree: ["blue", "cross"],
  "translation-ranger": ["sky", "pentagon"],
};

/** The look of a way that the table names, or undefined for any other name. */
export function knownWay(name: string): WayLook | undefined {
  const found = Object.hasOwn(LOOKS, name) ? LOOKS[name] : undefined;
  return found === undefined ? undefined : { color: WAY_COLORS[found[0]], symbol: found[1] };
}

/** The names of the table. */
export const wayNames = (): string[] => Object.keys(LOOKS);

/**
 * Looks for names that stand in one chart: the table's, and for each other name one that follows from its letters. Two names of one
 * chart share a look only if there are more names than looks.
 */
export function looksOf(names: readonly string[]): Map<string, WayLook> {
  const looks = new Map<string, WayLook>();
  const taken = new Set<string>();
  const take = (name: string, look: WayLook) => {
    looks.set(name, look);
    taken.add(`${look.color} ${look.symbol}`);
  };
  for (const name of names) {
    const known = knownWay(name);
    if (known !== undefined) take(name, known);
  }
  const all = COLOR_NAMES.length * WAY_SYMBOLS.length;
  for (const name of names) {
    if (looks.has(name)) continue;
    const first = spread(name) % all;
    let look = lookAt(first);
    for (let step = 1; step < all && taken.has(`${look.color} ${look.symbol}`); step++)
      look = lookAt((first + step) % all);
    take(name, look);
  }
  return looks;
}

/** Neighbours differ in colour. */
const lookAt = (at: number): WayLook => ({
  color: WAY_COLORS[COLOR_NAMES[at % COLOR_NAMES.length]!],
  symbol: WAY_SYMBOLS[Math.floor(at / COLOR_NAMES.length)]!,
});

/** FNV-1a, 32 bits. */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}
