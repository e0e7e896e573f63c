/** Ideas of research and of the mailing lists on contiguous memory, one per file, to be judged on the same histories. */
import { CA_PAGING } from "./ca-paging";
import { CONTIGUITAS } from "./contiguitas";
import { DEFRAG_MODE } from "./defrag-mode";
import { GCMA } from "./gcma";
import { HYPER_ALLOC } from "./hyper-alloc";
import { type Idea, type IdeaVariant, variantOf } from "./idea";
import { LLFREE } from "./llfree";
import { MOVABLE_ZONE } from "./movable-zone";
import { RESERVATIONS } from "./reservations";
import { SMALL_PAGE_BLOCKS } from "./small-page-blocks";
import { TRANSLATION_RANGER } from "./translation-ranger";
import { VIRTIO_MEM } from "./virtio-mem";

export type { Idea, IdeaMachine, IdeaVariant } from "./idea";

/**
 * Every idea: its name, what is modelled of it, what was published, its sources, and what it sets on a machine. Sources: those
 * named in each; docs/ideas.md holds their figures to those of the model.
 * @example
 * ```ts
 * import { ideas, machine } from "pageblock";
 *
 * const idea = ideas.find(({ name }) => name === "defrag-mode")!;
 * idea.machine; // => { defragMode: true }
 * machine("pc-x86-64").memory("512MiB").kernel("6.19").fields(idea.machine).toJSON().defragMode; // => true
 * ```
 */
export const ideas: readonly Idea[] = Object.freeze([
  CONTIGUITAS,
  CA_PAGING,
  TRANSLATION_RANGER,
  LLFREE,
  HYPER_ALLOC,
  GCMA,
  RESERVATIONS,
  DEFRAG_MODE,
  SMALL_PAGE_BLOCKS,
  MOVABLE_ZONE,
  VIRTIO_MEM,
]);

/**
 * The ideas that are variants of a machine, as comparisons of kernels take them: a label, and fields of a plan's `machine`. Those that
 * are strategies are not among them.
 * @example
 * ```ts
 * import { ideaVariants } from "pageblock";
 *
 * ideaVariants().map(({ label }) => label).includes("contiguitas"); // => true
 * ```
 */
export function ideaVariants(): IdeaVariant[] {
  return ideas.filter(({ strategy }) => strategy === null).map(variantOf);
}
