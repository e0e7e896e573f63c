/**
 * What a text without any report of the kernel speaks of: a release, huge pages that somebody wants, free memory, areas.
 * Only what its words say is told, and what to paste so that the reason can be computed.
 */
import { isPowerOfTwo } from "../base/alignment";
import { formatSize, GiB, KiB, MiB } from "../base/units";
import type { Topic } from "./answer";
import { releasesOf } from "./driver-remedies";
import { memparseSize } from "./quantities";
import type { Place } from "./reading";
import { type InputText, rawLines } from "./text-lines";

/** Characters of a line that are looked at. */
const LOOKED_AT = 400;

const SPOKEN: readonly { words: RegExp; what: string; paste: string }[] = [
  {
    words: /\b(?:huge ?pages?|hugetlb|hugepages\w*)\b/i,
    what: "huge pages",
    paste: "grep -r . /sys/kernel/mm/hugepages/ /sys/devices/system/node/node*/hugepages/",
  },
  {
    words: /\b(?:cma|dma_alloc\w*|contiguous memory)\b/i,
    what: "contiguous areas",
    paste: "sudo dmesg | grep -iE 'cma|reserved'; grep Cma /proc/meminfo",
  },
  {
    words: /\b(?:page allocation failure|out of memory|oom|alloc(?:ation)? failed)\b/i,
    what: "requests that were refused",
    paste: "sudo dmesg",
  },
  {
    words:
      /\b(?:memory pressure|fragment\w*|thrash\w*|swap\w*|flush\w* (?:the )?cache|free memory|buddyinfo)\b/i,
    what: "memory that is short, or free and not used",
    paste: "cat /proc/buddyinfo /proc/zoneinfo /proc/vmstat, before and while it happens",
  },
];

/** The topics of texts in which no report was found, each once. */
export function topicsOf(inputs: readonly InputText[]): Topic[] {
  const found = new Map<string, Topic>();
  for (const input of inputs) {
    const wanted = new WantedPools(input.name);
    for (const { number, text } of rawLines(input)) {
      const line = text.slice(0, LOOKED_AT);
      const place: Place = { source: input.name, first: number, last: number };
      const topics = [...wanted.take(line, place), ...releaseIn(line, place), ...spokenIn(line, place)];
      for (const topic of topics) if (!found.has(topic.what)) found.set(topic.what, topic);
    }
    for (const topic of wanted.end()) if (!found.has(topic.what)) found.set(topic.what, topic);
  }
  return [...found.values()];
}

function spokenIn(line: string, place: Place): Topic[] {
  return SPOKEN.filter(({ words }) => words.test(line)).map(({ what, paste }) => ({
    what,
    place,
    answer: null,
    paste,
  }));
}

function releaseIn(line: string, place: Place): Topic[] {
  const release =
    /\b(?:kernel|linux)(?: version| release)? v?((?:2\.6|[3-9])\.\d{1,3}(?:\.\d{1,3})?)\b/i.exec(line);
  return release === null ? [] : [{ what: `kernel ${release[1]}`, place, answer: null, paste: null }];
}

/** A pool of huge pages as configurations of clusters state it: `size`, `count` and `node`, a list entry each. */
class WantedPools {
  private inside = false;
  private size: number | null = null;
  private count: number | null = null;
  private node: number | null = null;
  private place: Place | null = null;

  constructor(private readonly source: string) {}

  take(line: string, place: Place): Topic[] {
    if (/^\s*["']?hugepages["']?\s*:/i.test(line)) {
      const before = this.end();
      this.inside = true;
      return before;
    }
    if (!this.inside) return [];
    const entry =
      /^\s*(-\s+)?["']?(size|count|node)["']?\s*:\s*["']?(\d{1,9})([KMG]i?B?)?["']?\s*,?\s*$/i.exec(line);
    if (entry === null) {
      const ends = line.trim() !== "" && !/^\s*["']?[\w-]{1,40}["']?\s*:/.test(line);
      return ends ? this.end() : [];
    }
    const [, begins, key, number, unit] = entry;
    const told = begins === undefined ? [] : this.pool();
    this.place = { source: this.source, first: this.place?.first ?? place.first, last: place.last };
    const value = Number(number);
    if (key!.toLowerCase() === "size") this.size = value * bytesOf(unit);
    else if (key!.toLowerCase() === "count") this.count = value;
    else this.node = value;
    return told;
  }

  /** The pool of the last entry. */
  end(): Topic[] {
    const told = this.pool();
    this.inside = false;
    return told;
  }

  private pool(): Topic[] {
    const { size, count, node, place } = this;
    this.size = null;
    this.count = null;
    this.node = null;
    this.place = null;
    if (size === null || count === null || place === null) return [];
    // A page of any architecture is a power of two.
    if (size < KiB || !isPowerOfTwo(size)) return [];
    return [poolTopic({ size, count, node }, place)];
  }
}

function bytesOf(unit: string | undefined): number {
  const letter = (unit ?? "").charAt(0).toUpperCase();
  return letter === "G" ? GiB : letter === "M" ? MiB : letter === "K" ? KiB : 1;
}

function poolTopic(pool: { size: number; count: number; node: number | null }, place: Place): Topic {
  const { size, count, node } = pool;
  const unit = memparseSize(size);
  const file = `hugepages/hugepages-${size / KiB}kB/nr_hugepages`;
  const atBoot = `hugepagesz=${unit} hugepages=${node === null ? "" : `${node}:`}${count} on the kernel command line`;
  const later =
    node === null
      ? `echo ${count} > /sys/kernel/mm/${file}`
      : `echo ${count} > /sys/devices/system/node/node${node}/${file}`;
  const since = node === null ? releasesOf("hugepages=") : releasesOf("hugepages=NODE:");
  return {
    what: `a pool of ${count} huge pages of ${formatSize(size)}${node === null ? "" : ` on node ${node}`}`,
    place,
    answer: `as the kernel takes it: ${atBoot} (${since}), or ${later} at run time, where each page needs a free piece of that size; read the file afterwards, for it may hold fewer`,
    paste: null,
  };
}
