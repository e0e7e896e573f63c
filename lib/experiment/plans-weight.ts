/** What many plans weigh together, and in words, as `--dry-run` tells it. */
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import type { Plan } from "./plan";
import { runSeconds } from "./plan-time";
import type { Plans } from "./plans";
import {
  BASE_BYTES,
  MEMORY_VARIABLE,
  memoryLimit,
  roughly,
  runBytes,
  SECONDS_VARIABLE,
  timeLimit,
  timeOf,
} from "./weight";

/** Plans that are weighed one by one: of more, so many spread evenly stand for all. */
const WEIGHED = 1000;

/** What plans weigh. */
export interface PlansWeight {
  plans: number;
  /** Memory of the heaviest plan. */
  bytes: number;
  /** Seconds of one core that all of them are likely to take. */
  seconds: number;
}

/** The weight of plans. A plan that cannot be run weighs nothing: it is refused when its turn comes. */
export function weightOf({ count, at }: Plans): PlansWeight {
  const looked = Math.min(count, WEIGHED);
  let bytes = 0;
  let seconds = 0;
  for (let i = 0; i < looked; i++) {
    const one = weightOfOne(at(Math.floor((i * count) / looked)));
    bytes = Math.max(bytes, one.bytes);
    seconds += one.seconds;
  }
  return { plans: count, bytes, seconds: looked === 0 ? 0 : (seconds * count) / looked };
}

function weightOfOne(plan: Plan): Omit<PlansWeight, "plans"> {
  try {
    return { bytes: runBytes(plan), seconds: runSeconds(plan) };
  } catch (error) {
    if (error instanceof InputError) return { bytes: 0, seconds: 0 };
    throw error;
  }
}

/** An access of a curve of the hardware models: 4 million take 0.2 to 0.5 s, warm-up included. */
const ACCESS_SECONDS = 50e-9;

/** The weight of a curve with so many accesses. */
export function curveWeight(accesses: number): PlansWeight {
  return { plans: 1, bytes: BASE_BYTES, seconds: accesses * ACCESS_SECONDS };
}

/** A line for the memory and one for the time, each with what may be taken here. */
export function weightText({ plans, bytes, seconds }: PlansWeight): string {
  const most = memoryLimit();
  const longest = timeLimit();
  const fits = (fit: boolean, variable: string) => (fit ? "" : `: not run unless ${variable} is raised`);
  const each = plans === 1 ? "" : " for each plan that runs,";
  const time =
    longest === Number.POSITIVE_INFINITY
      ? ""
      : ` of ${timeOf(longest)} that may be taken here (${SECONDS_VARIABLE})`;
  return [
    `memory    up to ${roughly(bytes)}${each} of ${formatSize(most)} that may be taken here (${MEMORY_VARIABLE})${fits(bytes <= most, MEMORY_VARIABLE)}`,
    `time      ${timeOf(seconds)} of one core${time} (an estimate)${fits(seconds <= longest, SECONDS_VARIABLE)}`,
  ].join("\n");
}
