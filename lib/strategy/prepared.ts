/**
 * What strategies on a running machine share: requests that cannot be served are refused first, idle memory is sampled before
 * each request, and figures and constraints are reported under common names (lib/plan/metric-names.ts).
 */
import type { BootRequest } from "../machine/boot-request";
import type { System } from "../machine/system";
import { type Access, checkPieces, memlock, type ProcessParameters } from "./constraints";
import { refused } from "./contig-attempt";
import { type RequestCheck, refusal } from "./request-check";
import type { Attempt, Constraint, MemoryRequest, PreparedStrategy } from "./strategy";

/** The machine without a CMA area, unless its description asks for one. */
export function withoutCma(base: BootRequest): BootRequest {
  return { ...base, cma: base.cma ?? { kind: "off" } };
}

/** P: the resolved parameters. */
export abstract class Prepared<P extends object = object> implements PreparedStrategy {
  /** The attempt granted last; null before the first. */
  protected last: Attempt | null;
  /** Constraints of the memory granted last, or of memory that was found and is unusable. */
  private checks: Constraint[];
  private readonly barred: Attempt | null;
  private idleSum: number;
  private samples: number;
  /** Bytes granted and not yet released, in whole pages: what a process has locked (locked_vm) or registered (pinned_vm). */
  private heldBytes: number;
  /** The same just before the latest request. */
  protected heldBefore: number;

  constructor(
    protected readonly system: System,
    protected readonly parameters: P,
    protected readonly asked: MemoryRequest,
    check: RequestCheck = {},
  ) {
    this.last = null;
    this.checks = [];
    this.idleSum = 0;
    this.samples = 0;
    this.heldBytes = 0;
    this.heldBefore = 0;
    this.barred = refusal(system, asked, check);
  }

  request(): Attempt {
    this.idleSum += this.idleBytes();
    this.samples++;
    this.heldBefore = this.heldBytes;
    if (this.barred !== null) return this.barred;
    const attempt = this.attempt();
    if (!attempt.ok) return attempt;
    this.checks = checkPieces(this.system, this.asked, attempt.pieces, this.access());
    const broken = this.checks.find((c) => !c.ok && this.fatal(c));
    if (broken === undefined) {
      this.last = attempt;
      this.heldBytes += this.pages * this.system.pageSize;
      return attempt;
    }
    this.give(attempt);
    return {
      ...refused(broken.name === "dma-mask" ? -5 : -12, broken.text),
      busyRetries: attempt.busyRetries,
    };
  }

  /** A broken constraint makes the memory unusable: the device does not reach it, or the process cannot pin it. */
  private fatal({ name }: Constraint): boolean {
    return name === "dma-mask" || (name === "longterm-pin" && this.access().owner === "user");
  }

  release(attempt: Attempt): void {
    if (!attempt.ok) return;
    this.heldBytes -= this.pages * this.system.pageSize;
    this.give(attempt);
  }

  metrics(): Record<string, number> {
    return {
      reservedBytes: this.reservedBytes(),
      roundingBytes: this.roundingBytes(),
      idleBytes: this.samples === 0 ? this.idleBytes() : Math.round(this.idleSum / this.samples),
      ...this.figures(),
    };
  }

  constraints(): Constraint[] {
    return [...this.checks, ...this.rules()];
  }

  remarks(): string[] {
    return [];
  }

  /** One request that the machine could serve. */
  protected abstract attempt(): Attempt;
  /** Releases what attempt() granted. */
  protected abstract give(attempt: Attempt): void;

  /** Who owns the memory, and how the device reaches it; default: a driver, by physical address. */
  protected access(): Access {
    return { owner: "kernel" };
  }

  /** Bytes set aside for this use. */
  protected reservedBytes(): number {
    return 0;
  }

  /** Bytes set aside that nothing uses right now. */
  protected idleBytes(): number {
    return 0;
  }

  /** Bytes taken beyond the request by rounding. */
  protected roundingBytes(): number {
    return 0;
  }

  /** Further figures by metric name. */
  protected figures(): Record<string, number> {
    return {};
  }

  /** Constraints of the strategy itself. */
  protected rules(): Constraint[] {
    return [];
  }

  /** RLIMIT_MEMLOCK against this registration and those that the process holds already. */
  protected memlock(process: ProcessParameters): Constraint {
    return memlock(process, this.asked, this.heldBefore);
  }

  /** The request in whole pages. */
  protected get pages(): number {
    return Math.ceil(this.asked.bytes / this.system.pageSize);
  }
}
