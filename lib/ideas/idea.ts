/** What an idea of research is here: a change of the kernel, settings of a machine, or a way to serve requests. */
import { allowCode } from "../change/allowed";
import { type ChangeCode, sha256OfSource } from "../change/code";
import type { StrategySpec } from "../strategy/strategy";

/** Fields of a plan's `machine` by which ideas differ from the kernel as it is. */
export interface IdeaMachine {
  readonly change?: ChangeCode;
  readonly defragMode?: boolean;
  readonly compactionProactiveness?: number;
  readonly pageblockMaxOrder?: number;
  readonly movable?: { readonly kernelcore?: string; readonly movablecore?: string };
}

/** An idea, what is modelled of it, and what its authors published. */
export interface Idea {
  readonly name: string;
  readonly title: string;
  /** `change`: code at decision points; `settings`: what kernels have already; `strategy`: a way to serve requests. */
  readonly kind: "change" | "settings" | "strategy";
  readonly modelled: string;
  readonly notModelled: string;
  /** A published figure with its place, or why none is named. */
  readonly published: string;
  readonly sources: readonly string[];
  /** The first release on which it can be tried. */
  readonly since: string;
  /** What it sets on a machine: `machine("pc-x86-64").fields(idea.machine)`. */
  readonly machine: IdeaMachine;
  /** How requests are served; null: as whoever compares them says. */
  readonly strategy: StrategySpec | null;
}

/** An idea as `compareKernels` takes variants: its label, and fields of a plan's `machine`. */
export interface IdeaVariant extends IdeaMachine {
  readonly label: string;
}

/** The variant of a machine that an idea makes. */
export function variantOf({ name, machine }: Idea): IdeaVariant {
  return { label: name, ...machine };
}

/**
 * A change that comes with pageblock. Its text is the same however the library was compiled, and so is its SHA-256. This process may
 * run it, as code of its own.
 */
export function codeOf(name: string, about: string, points: string): ChangeCode {
  const head = `  name: ${JSON.stringify(name)},\n  about: ${JSON.stringify(about)},\n`;
  const source = `export default change({\n${head}${points.replace(/^\n/, "")}});\n`;
  const sha256 = sha256OfSource(source);
  allowCode(sha256);
  return { name, sha256, source };
}
