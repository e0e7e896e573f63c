/** Ten reports of people, from the log to a machine in which the remedy works. */
import { AREA_CASES } from "./areas";
import { BOOT_CASES } from "./boot";
import type { CaseData } from "./field-case";
import { PAGE_CASES } from "./pages";

export type { CaseData, CaseTrial, StepPlanIn } from "./field-case";

export const CASES: readonly CaseData[] = [...BOOT_CASES, ...AREA_CASES, ...PAGE_CASES];
