/** A request for contiguous memory, as plans state it: what is asked for, and how often. */
import { log2 } from "../base/elementary";
import { InputError } from "../base/errors";
import {
  type Fields,
  name,
  type ObjectField,
  type OutOf,
  object,
  optional,
  size,
  time,
  truth,
  whole,
} from "../schema/field";
import { FieldError } from "../schema/place";

/** Limits of requests. They keep a slip of the pen, or a stranger, from asking for a run that never ends. */
export const REQUEST_LIMITS = {
  /** Requests of a run. */
  times: 1_000_000,
  /** Simulated time between two requests, and of a workload: ten years. */
  durationMs: 3650 * 86_400_000,
} as const;

/** Defaults of a request. */
export const REQUEST_DEFAULTS = {
  times: 1,
  gapMs: 1000,
  held: 1,
  who: "driver",
  longtermPin: false,
  dmaBits: 64,
} as const;

const D = REQUEST_DEFAULTS;

/** What is asked for, and how often. */
export const REQUEST_FIELDS = {
  bytes: size("size of one request, contiguous in physical memory", { least: 1, word: "size" }),
  times: optional(
    whole("how many requests are put, one after the other", "requests", {
      least: 1,
      most: REQUEST_LIMITS.times,
      default: D.times,
    }),
  ),
  alignBytes: optional(
    size("physical alignment, a power of two; `1` is one page", {
      least: 1,
      word: "align",
      default: "one page; of a CMA area as drivers ask, by the order of the size",
    }),
  ),
  gapMs: optional(
    time("simulated time between requests, in which the endless part of the workload goes on", {
      most: REQUEST_LIMITS.durationMs,
      word: "gap",
      default: D.gapMs,
    }),
  ),
  held: optional(
    whole("requests whose memory is still held at a time; the oldest is released first", "requests", {
      least: 1,
      most: REQUEST_LIMITS.times,
      default: D.held,
    }),
  ),
  who: optional(name("who asks", ["driver", "user", "boot"], { default: D.who })),
  longtermPin: optional(
    truth("the memory is pinned for long (FOLL_LONGTERM), as RDMA does", { default: D.longtermPin }),
  ),
  dmaBits: optional(
    whole("address bits that the device reaches", "bits", { least: 1, most: 64, default: D.dmaBits }),
  ),
  cpuMapBytes: optional(
    size("size of the pages the CPU should map the memory with", {
      least: 1,
      word: "cpuMap",
      default: "the base page",
    }),
  ),
} satisfies Fields;

export interface RequestField extends ObjectField<typeof REQUEST_FIELDS> {}

export const REQUEST: RequestField = object("the request", REQUEST_FIELDS, {
  refine: (request) => {
    const { alignBytes } = request;
    if (alignBytes !== undefined && !Number.isInteger(log2(alignBytes)))
      throw new FieldError(["alignBytes"], `must be a power of two: got ${alignBytes}`);
    return request;
  },
});

export interface RequestSpec extends OutOf<typeof REQUEST_FIELDS> {}

/** What one request asks of a strategy: the request of a plan with nothing left open. 0: the base page. */
export interface MemoryRequest extends Required<Omit<RequestSpec, "times" | "gapMs" | "held">> {
  /** The plan names an alignment. If not, a CMA area is asked as dma_alloc_contiguous() asks. */
  alignNamed: boolean;
}

/** The request of a plan as a strategy gets it. Throws InputError for one that makes no sense. */
export function memoryRequest(spec: RequestSpec): MemoryRequest {
  const {
    bytes,
    alignBytes = 1,
    cpuMapBytes = 0,
    times,
    held,
    gapMs,
    who,
    longtermPin,
    dmaBits,
  } = {
    ...REQUEST_DEFAULTS,
    ...spec,
  };
  const atLeast1 = (what: string, value: number) => {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new InputError(`request: ${what} must be a whole number, 1 or more: got ${value}`);
  };
  atLeast1("bytes", bytes);
  atLeast1("times", times);
  atLeast1("held", held);
  if (!(gapMs >= 0)) throw new InputError(`request: gapMs must be 0 or more: got ${gapMs}`);
  const alignNamed = spec.alignBytes !== undefined;
  return { bytes, alignBytes, alignNamed, who, longtermPin, dmaBits, cpuMapBytes };
}
