/** mmap(MAP_CONTIG): contiguous memory by a flag of a system call, as proposed in 2017. */
import type { System } from "../machine/system";
import { oneOf } from "./choice";
import {
  type Access,
  beyondMemlock,
  fork,
  memlockBytes,
  PROCESS_DEFAULTS,
  PROCESS_MEANINGS,
  withinMemlock,
} from "./constraints";
import { refused } from "./contig-attempt";
import { PreparedContigPages } from "./contig-pages";
import type { Attempt, Constraint, MemoryRequest, Strategy, StrategySpec } from "./strategy";

export const mapContig: Strategy = {
  name: "map-contig",
  title: "mmap(MAP_CONTIG) (2017 RFC)",
  summary:
    "Any process asks mmap() for an anonymous mapping whose pages are physically contiguous: it is populated at once, locked in memory, cannot grow, and fails as a whole. Rejected because it hands user space control over how memory is laid out. Modelled as the search of alloc_contig_pages() in the zones of movable user memory, with the limits of mlock() checked first, over all mappings that the process holds.",
  configure: "a kernel with the patches; RLIMIT_MEMLOCK or CAP_IPC_LOCK for the process",
  control: "any process that may lock that much memory: the objection to it",
  since: "no release",
  sources: [
    "Mike Kravetz: RFC of 3 October 2017 (lkml 2017/10/3/992; LWN article 736170), with the reviewers' questions on NUMA migration, KSM and fork",
    "LWN, 1 May 2018: too much control for user space",
    "mm/mmap.c can_do_mlock(), mlock_future_check(): −EPERM without the right to lock, −EAGAIN where what is locked already and the mapping are beyond the limit together",
  ],
  defaults: { ...PROCESS_DEFAULTS, mapping: "private" },
  meanings: { ...PROCESS_MEANINGS, mapping: "`private` or `shared`: decides what fork() does" },
  machine: (base) => ({ ...base, cma: base.cma ?? { kind: "off" } }),
  prepare: (system, spec, request) => new PreparedMapContig(system, spec, request),
};

class PreparedMapContig extends PreparedContigPages {
  private readonly mapping: "private" | "shared";

  constructor(system: System, spec: StrategySpec, request: MemoryRequest) {
    super(system, spec, request, { zones: "movable", owner: "anon" });
    this.mapping = oneOf(spec, "mapping", ["private", "shared"] as const);
  }

  protected override attempt(): Attempt {
    const { spec, asked } = this;
    if (asked.who !== "user")
      return refused(-22, `mmap() is a call of a process: a request by the ${asked.who} cannot be put to it`);
    if (spec.capIpcLock !== true && memlockBytes(spec) === 0)
      return refused(
        -1,
        "RLIMIT_MEMLOCK is 0 and the process lacks CAP_IPC_LOCK: mmap() of locked memory returns −1 (EPERM)",
      );
    // mlock_future_check(): pages of the process that are locked already count.
    if (!withinMemlock(spec, asked.bytes, this.heldBefore))
      return refused(
        -11,
        `${beyondMemlock(spec, asked.bytes, this.heldBefore)}: mmap() of locked memory returns −11 (EAGAIN)`,
      );
    return super.attempt();
  }

  protected override access(): Access {
    return { owner: "user" };
  }

  protected override rules(): Constraint[] {
    const pinned = this.asked.longtermPin;
    return [
      this.memlock(),
      fork(this.mapping),
      {
        name: "numa-migration",
        ok: pinned,
        text: pinned
          ? "a pinned page is left where it is by NUMA balancing and by compaction"
          : "locked is not pinned: NUMA balancing, migrate_pages() and compaction may move single pages away, and the range is contiguous no more",
      },
      {
        name: "ksm",
        ok: true,
        text: "KSM looks only at areas given to it by madvise(MADV_MERGEABLE), and leaves pages with extra references alone",
      },
      {
        name: "control",
        ok: false,
        text: "any process within its limits can empty large ranges: migration and reclaim at the cost of all others",
      },
    ];
  }
}
