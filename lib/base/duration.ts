/** Durations as people write them: "30 days", "2h", "500ms", "endless", or milliseconds as a number. */
import { InputError, quoted } from "./errors";

const UNITS: Record<string, number> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
};

/** Milliseconds; Infinity for "endless". Throws InputError naming `what`. */
export function parseDuration(given: string | number | boolean, what: string): number {
  if (given === "endless") return Number.POSITIVE_INFINITY;
  if (typeof given === "number" && Number.isFinite(given) && given >= 0) return given;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(String(given).trim());
  const name = match?.[2]?.toLowerCase() ?? "";
  const unit = UNITS[name] ?? UNITS[name.replace(/s$/, "")];
  if (!match || unit === undefined)
    throw new InputError(
      `${what}: must be a time such as "30 days", "2h" or "500ms", or "endless": got ${quoted(given)}`,
    );
  return Number(match[1]) * unit;
}

/** A time in words, in the largest unit that it fills: `30 days`, `1.5 hours`, `500 ms`; `endless` for Infinity. */
export function durationText(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return "endless";
  if (ms < 1000) return `${Number(ms.toFixed(2))} ms`;
  const [unit, of] = WORDS.find(([, one]) => ms >= one)!;
  const n = Number((ms / of).toFixed(2));
  return unit === "s" ? `${n} s` : `${n} ${unit}${n === 1 ? "" : "s"}`;
}

const WORDS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["s", 1000],
] as const;
