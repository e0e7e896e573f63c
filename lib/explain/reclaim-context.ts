/**
 * Whether a request came from within reclaim. The kernel marks the task that reclaims (PF_MEMALLOC), and no watermark binds
 * what such a task asks for: mm/page_alloc.c __gfp_pfmemalloc_flags(). An interrupt that it takes has no part in that.
 */
import type { Reading, StackReading } from "./reading";

/** Functions under which the mark is set: kswapd, direct reclaim, reclaim of a node. */
const RECLAIM =
  /^(?:kswapd|balance_pgdat|kswapd_shrink_(?:node|zone)|try_to_free_pages|do_try_to_free_pages|__perform_reclaim|__alloc_pages_direct_reclaim|__(?:node|zone)_reclaim|shrink_all_memory)(?:\.|$)/;

/** Functions through which an interrupt comes in, by architecture. */
const INTERRUPT =
  /^(?:asm_(?:common_interrupt|sysvec_\w+|call_irq\w*)|common_interrupt|sysvec_\w+|do_IRQ|__do_irq|handle_irq|irq_exit\w*|__irq_exit_rcu|(?:__)?do_softirq\w*|handle_softirqs|call_softirq|ret_from_intr|(?:smp_)?\w{0,24}apic_timer_interrupt|el1_irq|el1h_64_irq\w*|el1_interrupt|gic_handle_irq|(?:__)?handle_domain_irq|__irq_svc|timer_interrupt|hardware_interrupt_common\w*|do_softirq_own_stack|asm_exc_nmi)(?:\.|$)/;

/** Whether the request of a report with these flags came from within reclaim. */
export function isFromReclaim({ stack, task }: Reading, flags: ReadonlySet<string>): boolean {
  const certain = stack.filter((entry) => !entry.uncertain);
  const entries: readonly StackReading[] = certain.length > 0 ? certain : stack;
  const at = entries.findIndex((entry) => RECLAIM.test(entry.function));
  if (at >= 0) return !entries.slice(0, at).some((entry) => INTERRUPT.test(entry.function));
  // Only a task may wait, so this is kswapd itself and no interrupt.
  return /^kswapd\d{1,4}$/.test(task ?? "") && flags.has("DIRECT_RECLAIM");
}
