/** Parts of a plan that have no counterpart on a real machine, by name, each with the reason. */
import { formatSize } from "../base/units";
import type { OwnerKind } from "../mm/state/owners";
import type { Plan } from "../plan/run";
import { workloadKind } from "../workload";
import { leavesOf, type WorkloadSpec } from "../workload/workload";
import { MADE_OF, SHARED_SYSCTLS } from "./amounts";
import { type ChangedKernel, changeSentence } from "./changed-kernel";
import type { Scene } from "./scene";

/** A part of a plan that the folder does not reproduce. */
export interface LeftOut {
  /** Its place in the plan, such as `machine.board`. */
  part: string;
  why: string;
}

const BOOTED = "it is decided when a kernel is built or booted: boot a machine or a virtual machine like it";
const REQUEST_WHY: Readonly<Record<string, string>> = {
  alignBytes: "user space gets its huge pages aligned to their size, and cannot ask for more",
  gapMs: "simulated time; the requests of the program follow one another",
  who: "the program that asks is a user's",
  longtermPin: "what is asked for is not pinned",
  dmaBits: "user space has no say in physical addresses",
  cpuMapBytes: "the processor maps huge pages as the kernel decides",
};

/** Everything that is not reproduced, in the order of the plan. */
export function leftOut(plan: Plan, scene: Scene, change: ChangedKernel | null): LeftOut[] {
  return [
    ...(change === null ? [] : [{ part: "machine.change", why: changeSentence(change) }]),
    ...machineParts(plan),
    ...Object.keys(plan.system ?? {})
      .filter(plainName)
      .map((field) => ({
        part: `system.${field}`,
        why: "the model's switch of a mechanism or setting of its machine; the real kernel's own is left as it is",
      })),
    ...workloadParts(plan.workload),
    {
      part: `strategy.${plan.strategy.name}`,
      why: "user space asks for huge pages, of hugetlb or transparent; a driver's way to get memory takes a kernel module",
    },
    ...requestParts(plan),
    {
      part: "seed",
      why: "it seeds the script's own draws, which are others; where the kernel puts a page is its own affair",
    },
    ...(plan.costs === undefined
      ? []
      : [{ part: "costs", why: "they are of the model; the real machine's times are measured" }]),
    ...kindsWithout(scene),
    ...(scene.hugeFaults === 0
      ? []
      : [
          {
            part: "huge pages of the workload",
            why: "anonymous memory is made of single pages, so that free memory can be scattered among them",
          },
        ]),
  ];
}

const plainName = (name: string) => /^[A-Za-z]{1,40}$/.test(name);

function machineParts({ machine }: Plan): LeftOut[] {
  return Object.keys(machine)
    .filter((field) => plainName(field) && field !== "change" && !Object.hasOwn(SHARED_SYSCTLS, field))
    .map((field) => ({
      part: `machine.${field}`,
      why:
        field === "memoryBytes" || field === "memory"
          ? "amounts are shares: they are scaled to the memory that the script may use"
          : BOOTED,
    }));
}

/** The order of events: only the state that they leave is made. */
function workloadParts(spec: WorkloadSpec | undefined): LeftOut[] {
  const kinds = leavesOf(spec).map(({ kind }) => workloadKind(kind).kind);
  return [...new Set(kinds)].map((kind) => ({
    part: `workload.${kind}`,
    why: "its events and their time: the state that it leaves is made directly, and its turnover is pressed into the seconds of the run",
  }));
}

function requestParts({ request }: Plan): LeftOut[] {
  const { bytes } = request;
  return [
    {
      part: "request.bytes",
      why: `${formatSize(bytes)} in one piece: user space is given pieces of a huge page; so many of them are asked for`,
    },
    ...Object.keys(request)
      .filter((field) => Object.hasOwn(REQUEST_WHY, field))
      .map((field) => ({ part: `request.${field}`, why: REQUEST_WHY[field]! })),
  ];
}

/** Kinds of pages that the workload leaves and no program makes. */
function kindsWithout(scene: Scene): LeftOut[] {
  const made = new Set<OwnerKind>(Object.values(MADE_OF).flat());
  return (Object.keys(scene.added) as OwnerKind[])
    .filter((kind) => !made.has(kind))
    .sort()
    .map((kind) => ({
      part: `pages of kind ${kind}`,
      why: `${((100 * scene.added[kind]!) / scene.managedPages).toFixed(2)} % of the model's memory; no program of the folder makes such pages`,
    }));
}
