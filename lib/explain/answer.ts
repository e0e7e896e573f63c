/** What `explain` says about each report, as JSON. Sizes are in bytes; null where the text says nothing. */
import type { Place, ReadingKind } from "./reading";
import type { Reason } from "./zone-rule";

/** One zone, and why it refused the request. */
export interface ZoneAnswer {
  node: number;
  name: string;
  freeBytes: number;
  /** Watermarks as printed, boost included. */
  minBytes: number | null;
  lowBytes: number | null;
  highBytes: number | null;
  /** What the zone keeps from this request for requests that can use only lower zones. */
  reserveBytes: number;
  /** Free CMA pages. */
  cmaBytes: number | null;
  /** Largest order with a free block of any type; null without a list, or if nothing is free. */
  largestFreeOrder: number | null;
  /** Whether the flags and the node mask of the request let it use the zone. */
  allowed: boolean;
  reasons: Reason[];
  /** No reason is known, but the text lacks these parts of the report, so there may be one; empty for other zones. */
  lacks: string[];
  /** The reasons in words, one sentence each. */
  because: string[];
  /** Free blocks by order; null without a list. */
  freeBlocks: number[] | null;
  /** Share of the free memory in blocks too small for each order, 0 to 1; null without a list. */
  unusable: number[] | null;
}

/** Something to change. */
export interface Remedy {
  what: string;
  /** A command line, boot parameter, device-tree property or function. */
  how: string;
  effect: string;
  cost: string;
  /** Releases that have it: `since 5.9`, `every release`. */
  releases: string;
  /** A rule of the kernel, a search by the engine on the map of this machine, or experience of maintainers. */
  basis: "rule" | "search" | "experience";
}

/** A setting of the machine that a remedy gives a value. */
export interface Setting {
  /** `cma`, `vm.min_free_kbytes`: what the machine has once. */
  name: string;
  /** One number, or a number per zone. */
  values: readonly number[];
  /** No larger value can be had. */
  most?: number;
  /** How a value is written if it is made of those of several reports. */
  write?: (values: readonly number[]) => string;
  /** A remedy that is left out, with this sentence, if another report needs a larger value. */
  yields?: string;
}

/** A remedy with what chooses between remedies: it is in no answer. */
export interface ValuedRemedy extends Remedy {
  setting?: Setting;
  /** Nobody is warned any more, or the request is no longer made: what may change if a report is harmless. */
  silences?: true;
}

/** What would make the answer surer, and the command that brings it. */
export interface Missing {
  what: string;
  command: string;
}

/** The answer to one report. */
export interface ReportAnswer {
  kind: ReadingKind;
  place: { source: string; first: number; last: number };
  /** As printed. */
  release: string | null;
  /** The release whose rules were used, and what differs from the printed one. */
  rules: { release: string; notes: string[] };
  order: number | null;
  bytes: number | null;
  gfp: { text: string | null; flags: string[]; words: string | null };
  askedBy: { who: string; function: string | null; module: string | null } | null;
  zones: ZoneAnswer[];
  /** All reasons of zones that the request may use, and those of areas and pools. */
  reasons: Reason[];
  verdict: string[];
  /** True: a fallback follows, so that nothing is lost; false: somebody noticed; null: the text does not show it. */
  harmless: boolean | null;
  remedies: Remedy[];
  missing: Missing[];
  /** Reports of the same event in all texts, this one included. */
  times: number;
  /** Index of the first of them in `reports`; null if this is the first. */
  sameAs: number | null;
}

/** One thing that a text speaks of. */
export interface Topic {
  /** In words: `huge pages: 32 of 1 GiB on node 1`. */
  what: string;
  place: Place;
  /** What is known of it without a report, or null. */
  answer: string | null;
  /** A command whose output tells more, or null. */
  paste: string | null;
}

/** The whole answer: the form that `pageblock explain --json` prints. */
export interface ExplainAnswer {
  /** Version of this form. */
  format: 1;
  reports: ReportAnswer[];
  /** Lines that were not understood. */
  passedOver: { source: string; first: number; last: number }[];
  /** If there is no report: what the texts speak of, what is known of it without one, and what to paste. */
  topics: Topic[];
}
