/**
 * Watches the laws of a machine with a change, between two requests, and tells which decision broke one. Between two looks the
 * machine makes one request and some frees; in the middle of them laws need not hold.
 */
import { InputError } from "../base/errors";
import type { BoundChange, Decided } from "../change/decide";
import { LawBroken } from "../mm/reports/validate";
import { changeWords } from "./change-field";
import { checkLaws } from "./change-laws";
import type { System } from "./system";

/** Events between two checks of a machine with a change. */
export const CHECK_EVENTS = 2 ** 16;

/** A law was found broken after event `from` and no later than event `to`, at the look with the number `turn`. */
export class BrokenBetween extends Error {
  constructor(
    readonly from: number,
    readonly to: number,
    readonly turn: number,
    readonly why: string,
  ) {
    super(why);
  }
}

/** Checks the laws whenever `every` events have passed since the last check, from event `from` on. Throws BrokenBetween. */
export class LawWatch {
  private readonly bound: BoundChange;
  /** The last event after which the laws held. */
  private good: number;
  /** Looks so far, whether or not the laws were checked. */
  private turns: number;
  /** Checks so far. */
  checks: number;

  constructor(
    readonly system: System,
    { from, every }: { from: number; every: number },
  ) {
    const bound = system.change!;
    this.bound = bound;
    this.good = from;
    this.turns = 0;
    this.checks = 0;
    bound.decisions.between = () => {
      this.turns++;
      if (bound.events - this.good >= every) this.check(this.turns);
    };
  }

  /** Checks the laws at the end of a run or a step, which is the look after the last. */
  end(): void {
    this.check(this.turns + 1);
  }

  private check(turn: number): void {
    this.checks++;
    const why = brokenLaw(this.system);
    if (why !== null) throw new BrokenBetween(this.good, this.bound.events, turn, why);
    this.good = this.bound.events;
  }

  /** The engine itself stopped: a law that nobody looked at. */
  stopped(message: string): BrokenBetween {
    return new BrokenBetween(this.good, this.bound.events, this.turns + 1, `the engine stopped: ${message}`);
  }
}

/** The laws held at the look at which a trial ends. */
export class TrialEnded extends Error {}

/** The change decides up to event `to`, and the kernel from then on. At look `turn` the laws are checked, and the run ends. */
export class LawTrial {
  constructor(
    readonly system: System,
    { to, turn }: { to: number; turn: number },
  ) {
    const bound = system.change!;
    bound.decidesTo = to;
    let turns = 0;
    bound.decisions.between = () => {
      if (++turns === turn) this.end();
    };
  }

  get bound(): BoundChange {
    return this.system.change!;
  }

  /** Throws TrialEnded if the laws hold, and otherwise BrokenBetween. */
  end(): never {
    const why = brokenLaw(this.system);
    if (why === null) throw new TrialEnded();
    throw new BrokenBetween(0, this.bound.events, 0, why);
  }
}

/** The first law that does not hold, in words; null if all do. */
function brokenLaw(system: System): string | null {
  try {
    checkLaws(system);
    return null;
  } catch (error) {
    if (!(error instanceof LawBroken)) throw error;
    const { law, message } = error;
    return `${law}: ${message.slice(message.indexOf(law) + law.length + 2)}`;
  }
}

const changeNamed = ({ name, sha256 }: BoundChange) => changeWords({ name, sha256 });

/** The error that names change and law, and the events among which it is. */
export function brokenBy(bound: BoundChange, { from, to, why }: BrokenBetween, note = ""): InputError {
  const when = to - from > 1 ? `between events ${from + 1} and ${to}` : `at event ${to}`;
  return new InputError(
    `${changeNamed(bound)} breaks a law ${when}, the last a decision on ${bound.last}${note}: ${why}`,
  );
}

/** The error that names change, law, event and decision. */
export function brokenAt(bound: BoundChange, event: number, decided: Decided, why: string): InputError {
  const { point, answer, stock } = decided;
  return new InputError(
    `${changeNamed(bound)} breaks a law at event ${event}, a decision on ${point} (${givenWords(decided)}) that answered ${JSON.stringify(answer)} where the kernel answers ${JSON.stringify(stock)}: ${why}`,
  );
}

/** What is told of the fields that a decision was given. */
const TOLD = ["zone", "list", "order", "foundOrder", "type", "pageType", "pfn", "blockPfn"] as const;

function givenWords({ given }: Decided): string {
  const fields = given as Readonly<Record<string, unknown>>;
  const told = TOLD.filter((name) => fields[name] !== undefined);
  const words = told.map((name) => `${name} ${fields[name]}`);
  return fields.zone === undefined ? [`node ${fields.node}`, ...words].join(", ") : words.join(", ");
}
