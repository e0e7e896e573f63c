/** A report of a person whose machine had no memory to give, as data: log, answer, and the machine before and after. */
import type { STEPS } from "../../plan/steps";
import type { In } from "../../schema/field";

/** A plan of steps as people write it. */
export type StepPlanIn = In<typeof STEPS>;

/** A machine that shows the failure, or one in which the remedy works. */
export interface CaseTrial {
  /** What the machine does, one sentence. */
  readonly words: string;
  /**
   * The machine and its steps. Without steps, booting is the request: the first contiguous area. With steps, the last ones are
   * requests.
   */
  readonly plan: StepPlanIn;
  /** How many of the last steps are requests; default 1. The trial is granted if all of them are. */
  readonly requests?: number;
}

/** One case. */
export interface CaseData {
  readonly name: string;
  readonly title: string;
  /** The machine of the report. */
  readonly machine: string;
  /** Where it was reported. */
  readonly source: string;
  readonly log: string;
  readonly question: string;
  /** What the report ended with. */
  readonly answer: string;
  /** The reason in plain words. */
  readonly why: readonly string[];
  readonly failing: CaseTrial;
  readonly remedied: CaseTrial;
  /** What the simulated machine does not show of the real one. */
  readonly notShown: readonly string[];
}

type StepIn = NonNullable<StepPlanIn["steps"]>[number];

/** The same step several times. */
export const times = (count: number, step: StepIn): StepIn[] => Array.from({ length: count }, () => step);
