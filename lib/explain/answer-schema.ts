/** JSON Schema of the answer: the form that `pageblock explain --json` prints, for programs that read it. */
import type { JsonSchema } from "../schema/json-schema";
import { REASONS } from "./zone-rule";

const text = (description: string): JsonSchema => ({ type: "string", description });
const textOrNull = (description: string): JsonSchema => ({ type: ["string", "null"], description });
const bytes = (description: string): JsonSchema => ({
  type: "number",
  minimum: 0,
  description: `${description}, in bytes`,
});
const bytesOrNull = (description: string): JsonSchema => ({
  ...bytes(description),
  type: ["number", "null"],
});
const wholeOrNull = (description: string): JsonSchema => ({
  type: ["integer", "null"],
  minimum: 0,
  description,
});
const list = (items: JsonSchema, description: string): JsonSchema => ({ type: "array", items, description });

/** An object of which every named field is always there; later versions may add others. */
const whole = (description: string, properties: Record<string, JsonSchema>): JsonSchema => ({
  type: "object",
  description,
  properties,
  required: Object.keys(properties),
});

const PLACE = whole("where in the texts", {
  source: text("name of the text"),
  first: { type: "integer", minimum: 1, description: "first line" },
  last: { type: "integer", minimum: 1, description: "last line" },
});

const REASON_LIST = list({ enum: [...REASONS] }, "why it was refused, all reasons that hold");

const ZONE = whole("a zone, and why it refused the request", {
  node: { type: "integer", minimum: 0, description: "NUMA node" },
  name: text("name of the zone"),
  freeBytes: bytes("free memory"),
  minBytes: bytesOrNull("min watermark as printed, boost included"),
  lowBytes: bytesOrNull("low watermark"),
  highBytes: bytesOrNull("high watermark"),
  reserveBytes: bytes("kept from this request for requests that can use only lower zones"),
  cmaBytes: bytesOrNull("free CMA pages"),
  largestFreeOrder: wholeOrNull("largest order with a free block of any type"),
  allowed: { type: "boolean", description: "whether the flags and the node mask let the request use it" },
  reasons: REASON_LIST,
  lacks: list(text("a part of the report"), "what the text lacks to judge a zone that has no reason"),
  because: list(text("one reason with its numbers"), "the reasons in words"),
  freeBlocks: {
    type: ["array", "null"],
    items: { type: "integer", minimum: 0 },
    description: "free blocks by order",
  },
  unusable: {
    type: ["array", "null"],
    items: { type: "number", minimum: 0, maximum: 1 },
    description: "share of the free memory in blocks too small for each order",
  },
});

const REMEDY = whole("something to change", {
  what: text("what"),
  how: text("a command line, boot parameter, device-tree property or function"),
  effect: text("what it does"),
  cost: text("what it costs"),
  releases: text("releases that have it"),
  basis: { enum: ["rule", "search", "experience"], description: "what it rests on" },
});

const REPORT = whole("the answer to one report", {
  kind: {
    enum: [
      "page-allocation-failure",
      "oom",
      "cma-alloc-failure",
      "cma-reservation",
      "hugetlb",
      "notice",
      "memory-state",
      "boot-memory",
      "trace",
    ],
    description: "what kind of report it is",
  },
  place: PLACE,
  release: textOrNull("kernel release as printed"),
  rules: whole("the kernel whose rules were used", {
    release: text("its series"),
    notes: list(text("a difference"), "what differs from the printed one"),
  }),
  order: wholeOrNull("order of the request"),
  bytes: bytesOrNull("its size"),
  gfp: whole("its flags", {
    text: textOrNull("as printed"),
    flags: list(text("a name"), "names as the kernel prints them"),
    words: textOrNull("what they ask for"),
  }),
  askedBy: {
    anyOf: [
      { type: "null" },
      whole("who asked", {
        who: text("in words"),
        function: textOrNull("first function of the call trace that is not part of the allocator"),
        module: textOrNull("its module, or the module that called it"),
      }),
    ],
    description: "who asked; null if the text does not say",
  },
  zones: list(ZONE, "zones in the order of the text"),
  reasons: REASON_LIST,
  verdict: list(text("a sentence"), "the cause first"),
  harmless: {
    type: ["boolean", "null"],
    description: "true: a fallback follows; false: something was lost; null: the text does not show it",
  },
  remedies: list(REMEDY, "what to change, best first"),
  missing: list(
    whole("something that is missing", { what: text("what"), command: text("the command that brings it") }),
    "what would make the answer surer",
  ),
  times: { type: "integer", minimum: 1, description: "reports of the same event, this one included" },
  sameAs: wholeOrNull("index of the first report of the event in `reports`; null if this is the first"),
});

/** The schema as a document of its own (draft 2020-12). */
export const EXPLAIN_SCHEMA: JsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "pageblock explain --json",
  ...whole("the answer to all reports of some texts", {
    format: { const: 1, description: "version of this form" },
    reports: list(REPORT, "reports in the order of the texts"),
    passedOver: list(PLACE, "lines that were not understood"),
    topics: list(
      whole("a topic", {
        what: text("in words"),
        place: PLACE,
        answer: textOrNull("what is known of it without a report"),
        paste: textOrNull("a command whose output tells more"),
      }),
      "what texts without any report speak of",
    ),
  }),
};
