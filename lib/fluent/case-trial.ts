/** A machine of a field case that was run: whether its request was granted, and why not. */
import type { Answer } from "../base/answer";
import { ERRNO, GRANTED, refusedWith } from "../base/answer";
import type { StepResult, StepsOutcome } from "../experiment/steps";
import type { CaseTrial } from "../explain/cases";
import type { BootedArea } from "../machine/boot";
import { parseSteps, type Step, type StepPlan } from "../plan/steps";
import { MachineDescription } from "./machine";
import { RunningMachine } from "./running-machine";

/**
 * One machine of a field case: the one that fails, or the one in which the remedy works.
 * @example
 * ```ts
 * import { fieldCase } from "pageblock";
 *
 * const { failing } = fieldCase("zcu106-2048-mib");
 * failing.ok; // => false
 * failing.messages.includes("cma: Failed to reserve 2048 MiB"); // => true
 * ```
 */
export class TriedMachine implements Answer {
  /** What the machine does. */
  readonly words: string;
  readonly ok: boolean;
  /** 0, or the kernel's negative error. */
  readonly errno: number;
  readonly reason: string | null;
  readonly details: unknown;
  /** What was asked for in all, in bytes. */
  readonly askedBytes: number;
  /** Free memory after the request, in bytes. */
  readonly freeBytes: number;
  /** What the kernel logs about areas at boot. */
  readonly messages: readonly string[];
  private readonly running: RunningMachine;

  /** Use {@link FieldCase.failing}. */
  constructor({ words, plan, requests = 1 }: CaseTrial) {
    const { machine, system, steps } = parseSteps(plan);
    const running = new RunningMachine(machine, system);
    const results = steps.map((step) => running.step(step));
    const { areas, messages } = new MachineDescription(machine).boot();
    const first = steps.length - requests;
    const answer = steps.length === 0 ? bootAnswer(areas[0]!) : lastAnswer(results.slice(first));
    this.words = words;
    this.ok = answer.ok;
    this.errno = answer.errno;
    this.reason = answer.reason;
    this.details = answer.details;
    this.askedBytes =
      steps.length === 0
        ? areas[0]!.requestedBytes
        : steps.slice(first).reduce((sum, step) => sum + bytesOf(step, running.pageSize), 0);
    this.freeBytes = running.freeBytes;
    this.messages = messages;
    this.running = running;
    Object.freeze(this);
  }

  /** The machine after its steps. */
  get machine(): RunningMachine {
    return this.running;
  }

  /** The machine and its steps, as `pageblock verify` runs them again. */
  get plan(): StepPlan {
    return this.running.plan;
  }

  /** The results of the steps. */
  toJSON(): StepsOutcome {
    return this.running.toJSON();
  }
}

function bootAnswer({ reservedBytes, reason }: BootedArea): Answer {
  return reservedBytes > 0 ? GRANTED : refusedWith(ERRNO.ENOMEM, reason);
}

/** The first refusal, or that all was granted. */
function lastAnswer(results: readonly StepResult[]): Answer {
  return results.find(({ ok }) => !ok) ?? GRANTED;
}

function bytesOf(step: Step, pageSize: number): number {
  if (step.do === "allocPages") return 2 ** step.order * pageSize;
  if (step.do === "hugePages") return step.bytes * step.count;
  return "bytes" in step ? step.bytes : 0;
}
