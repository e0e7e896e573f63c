/** The request of `cma=` on the kernel command line: kernel/dma/contiguous.c early_cma(). */
import { InputError } from "../base/errors";
import { parseSize, type Size } from "../base/units";
import { readField } from "../schema/check";
import { either, type In, literal, object, parsed, size, text, truth } from "../schema/field";

/**
 * - `configured`: nothing on the command line, so the kernel's configured size or the device tree's region;
 * - `off`: `cma=0`, nothing is reserved;
 * - `area`: bytes and place: `fixed` exactly at `base`, otherwise anywhere in [base, limit); limit 0 is no limit.
 */
export type CmaRequest =
  | { kind: "configured" }
  | { kind: "off" }
  | { kind: "area"; bytes: number; base: number; limit: number; fixed: boolean };

/**
 * `64M`, `64M@0x60000000` (exactly there), `64M@0-0x80000000` (anywhere in that range), a number of bytes, `none` (the
 * configured default) or `off`. Throws InputError for a size of 0 and for text that is none of these.
 */
export function parseCma(request: Size): CmaRequest {
  if (typeof request === "number" || /^-/.test(String(request).trim())) return area(request, request);
  const text = request.trim();
  if (text === "none" || text === "") return { kind: "configured" };
  if (text === "off") return { kind: "off" };
  const match = /^([^@]+)(?:@([^@-]+)(?:-([^@-]+))?)?$/.exec(text);
  if (!match)
    throw new InputError(
      `cma: must be a size, SIZE@BASE, SIZE@START-END, none or off: got ${JSON.stringify(request)}`,
    );
  return area(match[1]!, request, match[2], match[3]);
}

function area(size: Size, given: Size, base?: string, limit?: string): CmaRequest {
  const negative = typeof size === "number" ? size < 0 : size.trim().startsWith("-");
  const bytes = negative ? 0 : parseSize(size, "cma");
  if (bytes === 0)
    throw new InputError(
      `cma: size must be > 0: got ${JSON.stringify(given)} (to reserve nothing, ask for "off")`,
    );
  if (base === undefined) return { kind: "area", bytes, base: 0, limit: 0, fixed: false };
  const baseAddress = parseSize(base, "cma: base");
  if (limit === undefined)
    return { kind: "area", bytes, base: baseAddress, limit: baseAddress + bytes, fixed: true };
  const limitAddress = parseSize(limit, "cma: end of the range");
  return {
    kind: "area",
    bytes,
    base: baseAddress,
    limit: limitAddress,
    fixed: baseAddress + bytes === limitAddress,
  };
}

const CMA_OBJECT = either("cma=, read", "be an object with the kind configured, off or area", [
  object("nothing on the command line", { kind: literal("configured") }),
  object("cma=0: nothing is reserved", { kind: literal("off") }),
  object("an area", {
    kind: literal("area"),
    bytes: size("its size", { least: 1 }),
    base: size("its first address, or the start of the range"),
    limit: size("the end of the range; 0: no limit"),
    fixed: truth("exactly at the base"),
  }),
]);

/** `cma=` as a plan states it. */
export const CMA = parsed(
  "cma= of the kernel command line",
  (given: Size | In<typeof CMA_OBJECT>): CmaRequest => {
    if (typeof given === "string" || typeof given === "number") return parseCma(given);
    if (typeof given === "object" && given !== null) return readField(CMA_OBJECT, given, []) as CmaRequest;
    throw new InputError('must be a size, "SIZE@BASE", "SIZE@START-END", "none" or "off"');
  },
  [
    text('"64M", "64M@0x60000000", "64M@0-0x80000000", "none" (the configured size) or "off"'),
    size("bytes"),
    CMA_OBJECT,
  ],
  { default: "what the kernel or the device tree is configured to" },
);
