/**
 * Puts the records of a ring into the order in which pages change hands, as lines of a trace.
 *
 * The kernel announces a request after it has its page, and a free before the page is on a list. Between the two,
 * another CPU or an interrupt may act on the same lists. So a request stands where its page was taken (its last take
 * under the zone's lock, otherwise where it got the lock of the CPU's lists), and a free where the page enters a list
 * (its drain under the zone's lock, if it causes one). A drain of whole lists stands before the first page it drains.
 */
import { EVENTS, FLAG_RECLAIM_ACTIVE, RING, WATCHED } from "./record-kinds";
import type { RingRecord } from "./ring-reader";
import { TaskState } from "./task-state";
import { TraceLines } from "./trace-lines";

const MIGRATE_MASK = 7;
/** The bit of a page block's flags that says that it is isolated (7.3). */
const ISOLATED_FLAG = 16;

/** What a task does while pages go from a per-CPU list to the buddy lists, or are put back there. */
const WITHIN_A_DRAIN: readonly number[] = [RING.BUDDY, RING.DRAINED, RING.BLOCK_FLAGS, RING.MOVE_BLOCK];

/** No page that enters the lists now is freed. */
const ANYWHERE = { from: 0, to: Number.POSITIVE_INFINITY };
const isDrainOf = (pfn: number, { kind, args }: RingRecord) => kind === RING.DRAINED && args[0] === pfn;

/** What a conversion found besides lines. */
export interface Conversion {
  cpus: number;
  /** Attempts to lock a CPU's lists that were refused. */
  refusedLocks: number;
  /** Requests that held the zone's lock more than once, while another CPU changed the same lists in between. */
  handovers: number;
  /** Requests that began to look at the zones before another CPU changed something, and took their page after it. */
  oldReads: number;
}

/** A free that the kernel has announced. */
interface Announced {
  order: number;
  pid: number;
  batched: boolean;
}

export class Converter {
  readonly lines = new TraceLines();
  readonly found: Conversion = { cpus: 1, refusedLocks: 0, handovers: 0, oldReads: 0 };
  private readonly tasks = new Map<number, TaskState>();
  /** Frees that are announced and not on a list yet, by their frame. */
  private readonly announced = new Map<number, Announced>();
  private readonly flags = new Map<number, number>();
  /** The largest order of the buddy lists, as the first snapshot says. */
  private largestOrder = 10;

  /** The state of what ran: of a task, which may change its CPU; of a CPU's interrupts; of its idle task. */
  private stateOf({ pid, cpu, context }: RingRecord): TaskState {
    const key = context === 0 && pid !== 0 ? pid : -1 - (cpu * 4 + context);
    let state = this.tasks.get(key);
    if (state === undefined) {
      state = new TaskState();
      this.tasks.set(key, state);
    }
    return state;
  }

  /** Takes the text of a snapshot, which stands before its records. */
  snapshot(text: string): void {
    const orders = /^snapshot .*\bmax_order=(\d{1,2})\b/.exec(text.slice(0, 500));
    if (orders !== null) this.largestOrder = Number(orders[1]) - 1;
  }

  /** Takes the next record of the ring. */
  record(r: RingRecord): void {
    const { lines } = this;
    const slot = lines.begin(r.cpu);
    if (r.cpu >= this.found.cpus) this.found.cpus = r.cpu + 1;
    if (r.kind === RING.TIME || r.kind === RING.WATCH) {
      this.beside(r, slot);
      return;
    }
    const task = this.stateOf(r);
    // A merged page may give its type to the block beside it, between its place in the buddy lists and its drain.
    if (task.unexplained !== null && r.kind !== RING.BLOCK_FLAGS && !isDrainOf(task.unexplained.pfn, r))
      this.freedBefore(task, r.pid);
    if (!WITHIN_A_DRAIN.includes(r.kind)) task.leave();
    const { attempt } = task;
    if (attempt.kinds.includes(r.kind)) {
      lines.put(slot, attempt.line(r));
      return;
    }
    if (r.kind === RING.FREE) lines.put(slot, attempt.freed(r.args[0]!));
    if (!this.request(r, slot, task) && !this.free(r, slot, task) && !this.block(r, slot, task))
      this.other(r, slot, task);
  }

  /** Time, and values that changed unannounced: of no task. */
  private beside({ kind, pid, args }: RingRecord, slot: number): void {
    const [what, zone, value] = args;
    if (kind === RING.TIME) this.lines.put(slot, `T ${what}`);
    else if (what === WATCHED.FLAGS) {
      const before = this.flags.get(zone!) ?? ~value!;
      this.flags.set(zone!, value!);
      if ((before ^ value!) & FLAG_RECLAIM_ACTIVE)
        this.lines.add(slot, `W ${zone} ${value! & FLAG_RECLAIM_ACTIVE ? 1 : 0}`);
      if ((before ^ value!) & ~FLAG_RECLAIM_ACTIVE)
        this.lines.add(slot, `E ${pid} zone_flags zone=${zone} value=${value}`);
    } else {
      const name = ["watermark_boost", "nr_reserved_highatomic", "stat_threshold"][what!];
      this.lines.put(slot, `E ${pid} ${name} zone=${zone} value=${value}`);
    }
  }

  /** A BUDDY that no announced free and no drain explains: its free was announced before the first snapshot. */
  private freedBefore(task: TaskState, pid: number): void {
    const { slot, pfn, order } = task.unexplained!;
    task.unexplained = null;
    this.lines.put(slot, `F ${pfn} ${order} ${pid}`);
  }

  private request(r: RingRecord, slot: number, task: TaskState): boolean {
    const { lines } = this;
    const { args, pid } = r;
    switch (r.kind) {
      case RING.SEARCH:
        task.searches(slot, `E ${pid} search gfp=${args[0]} order=${args[1]} alloc_flags=${args[2]}`);
        // The single request of a bulk one whose lock was refused: the line keeps the refusal from the request.
        if (task.slow || task.bulk?.refused) lines.put(slot, task.search.line);
        return true;
      case RING.SLOWPATH:
        task.slow = true;
        lines.put(slot, `E ${pid} slowpath gfp=${args[0]} order=${args[1]}`);
        return true;
      case RING.TRYLOCK:
        if (args[1] === 1) task.locks(slot);
        else {
          this.found.refusedLocks++;
          if (task.bulk !== null) task.bulk.refused = true;
          lines.put(slot, `tf ${args[0]}`);
        }
        return true;
      case RING.ZONE_TAKE:
        this.zoneTake(r, slot, task, "Z");
        return true;
      case RING.EXTFRAG:
        // Since 6.10 a page that is stolen alone has no other record of the zone's lock.
        this.zoneTake(r, slot, task, "X");
        return true;
      case RING.ALLOC:
        this.allocated(r, slot, task);
        return true;
      case RING.BULK_ENTER:
        task.bulk = { nr: args[0]!, gfp: args[1]!, pages: [], single: -1, refused: false };
        task.searches(-1, "");
        return true;
      case RING.BULK_PAGE:
        if (task.bulk !== null && args[0] !== task.bulk.single) task.bulk.pages.push(args[0]!);
        return true;
      case RING.BULK_EXIT:
        this.bulkEnds(r, slot, task);
        return true;
      default:
        return false;
    }
  }

  private zoneTake({ args, cpu }: RingRecord, slot: number, task: TaskState, kind: "Z" | "X"): void {
    if (task.takenUnderZone && this.lines.others(task.take, cpu)) task.handover = true;
    task.takes(slot);
    this.lines.put(slot, `${kind} ${args.join(" ")}`);
  }

  private allocated({ args, pid, cpu }: RingRecord, slot: number, task: TaskState): void {
    const [pfn, order, type, gfp] = args as [number, number, number, number];
    task.slow = false;
    if (pfn >= 0 && !task.searched) return; // Its page was taken before the first snapshot.
    if (task.bulk !== null) task.bulk.single = pfn;
    task.attempt.allocated(pfn);
    const at = pfn >= 0 && task.take >= 0 ? task.take : slot;
    // It read the zones' counters without a lock, and another CPU changed them before it took its page.
    if (this.lines.others(task.search.slot, cpu, at)) {
      this.found.oldReads++;
      this.lines.putFirst(task.search.slot, task.search.line);
    }
    if (task.lock >= 0 && at !== task.lock) this.readBefore(task.lock, at, pid, cpu);
    this.lines.add(at, `A ${pfn} ${order} ${type} ${gfp.toString(16)} ${pid}`);
    task.ends();
  }

  /** With the lock of the lists a task read the zone's flags; another CPU may have changed them before its line. */
  private readBefore(lock: number, at: number, pid: number, cpu: number): void {
    if (this.lines.others(lock, cpu, at)) this.lines.putFirst(lock, `E ${pid} pcp_lock`);
  }

  private bulkEnds({ args, pid }: RingRecord, slot: number, task: TaskState): void {
    const { bulk } = task;
    task.bulk = null;
    if (bulk === null) return;
    const at = bulk.pages.length > 0 && task.take >= 0 ? task.take : slot;
    const gfp = bulk.gfp.toString(16);
    if (task.handover) {
      this.found.handovers++;
      this.lines.add(at, `E ${pid} handover`);
    }
    this.lines.add(at, `bE ${bulk.nr} ${gfp} ${pid}`);
    for (const pfn of bulk.pages) this.lines.add(at, `b ${pfn} ${gfp} ${pid}`);
    this.lines.add(at, `bX ${args[0]} ${pid}`);
    task.ends();
  }

  private free(r: RingRecord, slot: number, task: TaskState): boolean {
    const { lines } = this;
    const { args, pid } = r;
    const [pfn, order] = args as [number, number];
    switch (r.kind) {
      case RING.FREE:
        this.announced.set(pfn, { order, pid, batched: false });
        return true;
      case RING.FREE_BATCHED:
        this.batched(pfn);
        return true;
      case RING.COMMIT:
        task.lockedToFree();
        task.holder = { slot, lines: this.freeLines(pfn, order, pid), frees: true };
        lines.put(slot, task.holder.lines);
        return true;
      case RING.BUDDY:
        task.lockedToFree();
        this.buddy(r, slot, task);
        return true;
      case RING.DRAINED:
        task.unexplained = null;
        lines.put(slot, `D ${args.join(" ")}`);
        return true;
      case RING.DRAIN_ZONE:
        // Without a page it has no effect, and no line.
        task.holder = { slot, lines: `E ${pid} drain_pages_zone cpu=${args[0]} zone=${args[1]}` };
        return true;
      default:
        return false;
    }
  }

  private batched(pfn: number): void {
    const free = this.announced.get(pfn);
    if (free !== undefined) free.batched = true;
  }

  /** The lines of a free whose page enters a list with this order. */
  private freeLines(pfn: number, order: number, pid: number): string {
    const free = this.announced.get(pfn) ?? { order, pid, batched: false };
    this.announced.delete(pfn);
    if (free.order < order) return this.groupLines(pfn, order, free.pid);
    const line = `F ${pfn} ${free.order} ${free.pid}`;
    return free.batched ? `${line}\nB ${pfn}` : line;
  }

  /** Pages that were announced one by one are freed as one of a greater order (7.3). */
  private groupLines(pfn: number, order: number, pid: number): string {
    const lines = [`f ${pfn} 0 ${pid}`];
    for (let i = pfn + 1; i < pfn + 2 ** order; i++) {
      this.announced.delete(i);
      lines.push(`f ${i} 0 ${pid}`);
    }
    return [...lines, `G ${pfn} ${order} ${pid}`].join("\n");
  }

  /**
   * The order of what is freed where its first piece of `order` is seen. The kernel frees a range of single pages in
   * the largest pieces that its frames allow.
   */
  private groupOrder(pfn: number, order: number, first: Announced): number {
    let whole = order;
    let end = pfn + 2 ** order;
    for (; whole < this.largestOrder && pfn % 2 ** (whole + 1) === 0; whole++) {
      for (const next = pfn + 2 ** (whole + 1); end < next; end++) {
        const free = this.announced.get(end);
        if (free === undefined || free.order !== 0 || free.batched || free.pid !== first.pid) return whole;
      }
    }
    return whole;
  }

  /** A page enters the buddy lists: freed, put back, split, or drained from a per-CPU list. */
  private buddy({ args, pid, cpu }: RingRecord, slot: number, task: TaskState): void {
    const [pfn, order] = args as [number, number];
    if (pfn >= task.within.from && pfn < task.within.to) return;
    const free = this.announced.get(pfn);
    if (free !== undefined) {
      // What is larger than a page block enters in pieces (6.10 and newer).
      const whole = free.order < order ? this.groupOrder(pfn, order, free) : free.order;
      this.lines.put(slot, this.freeLines(pfn, Math.max(whole, order), pid));
      if (whole > order) task.within = { from: pfn, to: pfn + 2 ** whole };
      return;
    }
    task.unexplained = { slot, pfn, order };
    if (task.holder === null) return;
    this.lines.put(task.holder.slot, "");
    if (task.holder.frees) this.readBefore(task.holder.slot, slot, pid, cpu);
    this.lines.put(slot, task.holder.lines);
    task.unexplained.slot = -1;
    task.holder = null;
  }

  private block(r: RingRecord, slot: number, task: TaskState): boolean {
    const { lines } = this;
    const { args } = r;
    const [pfn, order] = args as [number, number];
    switch (r.kind) {
      case RING.BLOCK_FLAGS:
        // pfn, flags, mask. A free page larger than a block that is isolated enters the lists again in pieces.
        if (args[2]! & ISOLATED_FLAG) task.within = ANYWHERE;
        lines.put(
          slot,
          args[2]! & MIGRATE_MASK ? `M ${pfn} ${args[1]! & MIGRATE_MASK}` : `K ${args.join(" ")}`,
        );
        return true;
      case RING.MOVE_BLOCK:
        lines.put(slot, `V ${args.join(" ")}`);
        return true;
      case RING.ROTATE:
        lines.put(slot, `L ${args.join(" ")}`);
        return true;
      case RING.ISOLATE:
        task.isolation = { slot, pfn, order };
        return true;
      case RING.ISOLATED:
        if (task.isolation !== null)
          lines.put(task.isolation.slot, `I ${task.isolation.pfn} ${task.isolation.order} ${args[0]}`);
        task.isolation = null;
        return true;
      case RING.PUTBACK:
        task.within = { from: pfn, to: pfn + 1 };
        lines.put(slot, `P ${args.join(" ")}`);
        return true;
      case RING.SPLIT:
        task.within = { from: pfn, to: pfn + 2 ** order };
        lines.put(slot, `Q ${args.join(" ")}`);
        return true;
      default:
        return false;
    }
  }

  /** A decay of a CPU's lists stands before the first page that it drains, or where it began. */
  private decays(lines: string, slot: number, task: TaskState): void {
    task.holder = { slot, lines };
    this.lines.put(slot, lines);
  }

  private other({ kind, args, pid }: RingRecord, slot: number, task: TaskState): void {
    const { lines } = this;
    if (kind === RING.SNAPSHOT_MARK) lines.put(slot, `S ${args.join(" ")}`);
    else if (kind === RING.FOLD) lines.put(slot, `v ${args.join(" ")}`);
    else if (kind === RING.REFRESH) lines.put(slot, `E ${pid} refresh_cpu_vm_stats pagesets=${args[0]}`);
    else if (kind === RING.DECAY) this.decays(`E ${pid} decay_pcp_high zone=${args[0]}`, slot, task);
    else if (kind === RING.COMPACTION_FREE) lines.put(slot, `C ${args.join(" ")} ${pid}`);
    else if (kind === RING.EVENT) {
      const [name, ...fields] = EVENTS[args[0]!] ?? [`event_${args[0]}`];
      lines.put(slot, [`E ${pid} ${name}`, ...fields.map((f, i) => `${f}=${args[i + 1] ?? ""}`)].join(" "));
    }
  }
}
