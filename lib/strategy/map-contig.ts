/** mmap(MAP_CONTIG): contiguous memory by a flag of a system call, as proposed in 2017. */
import type { System } from "../machine/system";
import { filled, name, type OutOf } from "../schema/field";
import {
  type Access,
  beyondMemlock,
  fork,
  MAPPINGS,
  memlockBytes,
  PROCESS_PARAMETERS,
  withinMemlock,
} from "./constraints";
import { refused } from "./contig-attempt";
import { PreparedContigPages } from "./contig-pages";
import { withoutCma } from "./prepared";
import { type Attempt, type Constraint, defineStrategy, type MemoryRequest } from "./strategy";

const PARAMETERS = {
  ...PROCESS_PARAMETERS,
  mapping: filled(
    name("the kind of mapping, which decides what fork() does", MAPPINGS, { default: "private" }),
  ),
};

export const mapContig = defineStrategy({
  name: "map-contig",
  title: "mmap(MAP_CONTIG) (2017 RFC)",
  summary:
    "Any process asks mmap() for an anonymous mapping whose pages are physically contiguous. The mapping is populated at once, locked in memory, cannot grow and fails as a whole. It was rejected because it gives user space control over how memory is laid out. Modelled as the search of alloc_contig_pages() in the zones of movable user memory, with pages moved out of the way on every release; the limits of mlock() are checked first, over all mappings that the process holds.",
  configure: "a kernel with the patches; RLIMIT_MEMLOCK or CAP_IPC_LOCK for the process",
  control: "any process that may lock that much memory, which is the objection to it",
  since: "no release",
  sources: [
    "Mike Kravetz: RFC of 3 October 2017 (lkml 2017/10/3/992; LWN article 736170), with the reviewers' questions on NUMA migration, KSM and fork",
    "LWN, 1 May 2018: too much control for user space",
    "whether the patches of 2017 moved pages out of the way, as those of 2018 did, could not be confirmed: modelling choice",
    "mm/mmap.c can_do_mlock(), mlock_future_check(): −EPERM without the right to lock, −EAGAIN if locked memory and the mapping together exceed the limit",
  ],
  parameters: PARAMETERS,
  machine: withoutCma,
  prepare: (system, parameters, request) => new PreparedMapContig(system, parameters, request),
});

class PreparedMapContig extends PreparedContigPages<OutOf<typeof PARAMETERS>> {
  constructor(system: System, parameters: OutOf<typeof PARAMETERS>, request: MemoryRequest) {
    super(system, parameters, request, { zones: "movable", owner: "anon", patch: true });
  }

  protected override attempt(): Attempt {
    const { parameters, asked } = this;
    if (asked.who !== "user")
      return refused(-22, `mmap() is a call of a process: a request by the ${asked.who} cannot be put to it`);
    if (!parameters.capIpcLock && memlockBytes(parameters) === 0)
      return refused(
        -1,
        "RLIMIT_MEMLOCK is 0 and the process lacks CAP_IPC_LOCK: mmap() of locked memory returns −1 (EPERM)",
      );
    // mlock_future_check() counts the pages that the process has locked already.
    if (!withinMemlock(parameters, asked.bytes, this.heldBefore))
      return refused(
        -11,
        `${beyondMemlock(parameters, asked.bytes, this.heldBefore)}: mmap() of locked memory returns −11 (EAGAIN)`,
      );
    return super.attempt();
  }

  protected override access(): Access {
    return { owner: "user" };
  }

  protected override rules(): Constraint[] {
    const pinned = this.asked.longtermPin;
    return [
      this.memlock(this.parameters),
      fork(this.parameters.mapping),
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
