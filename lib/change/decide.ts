/** Binds a change to a machine: its functions answer for the kernel, and every answer is checked. */
import { InputError, NoResult, unknownName } from "../base/errors";
import type { Decisions } from "../mm/state/decisions";
import { shown } from "../schema/place";
import { type ChangeCode, refuseStrange, sha256OfSource, sourceFault } from "./code";
import { type DecisionCounts, sameAnswer } from "./counts";
import { POINT_NAMES, POINTS, type PointName } from "./points";
import { type Loaded, load, type PointFields } from "./sandbox";

/** A change at work on one machine. */
export interface BoundChange {
  readonly name: string;
  readonly sha256: string;
  /** The points that it decides. */
  readonly points: readonly PointName[];
  readonly decisions: Decisions;
  /** Decisions so far: each is an event, counted from 1. */
  events: number;
  /** The point of the last event; null before the first. */
  last: PointName | null;
  /** The last event that the change decides; the stock rules decide later ones. Infinity, but in a search for an event. */
  decidesTo: number;
  /** The decision at the event `decidesTo`. */
  decided: Decided | null;
  /** How often each of its points was asked, and answered otherwise than by the stock rule. */
  readonly counts: DecisionCounts;
}

/** One decision of a change, and what the kernel would have answered. */
export interface Decided {
  readonly point: PointName;
  readonly given: object;
  readonly answer: unknown;
  readonly stock: unknown;
}

/** A statement of a change that was read: its name, what it is about, and its functions. */
interface Read {
  readonly name: string;
  readonly about: string;
  readonly points: readonly PointName[];
  readonly loaded: Loaded;
  /** The decision under way. */
  readonly now: Decision;
}

interface Decision {
  point: PointName | null;
  given: object | null;
}

/** What each point is given. */
const GIVEN: PointFields = Object.fromEntries(
  POINT_NAMES.map((point) => [
    point,
    [...(POINTS[point].ofNode === true ? [] : ["zone"]), "node", ...Object.keys(POINTS[point].given)],
  ]),
);

/** What reads as a released kernel: `6.12`, `v6.12-rc1`, `Linux 6.12.3`. Results of a change must not be taken for its. */
export const RELEASE = /^\s*(linux[ -]?)?v?\d{1,3}(\.\d{1,4}){1,3}(-\S{0,40})?\s*$/i;

const NAME_MOST = 60;
const ABOUT_MOST = 400;

/** Runs the module of a change and reads what it exports. Throws InputError naming what is wrong. */
export function readChange(source: string, what: string): Read {
  const now: Decision = { point: null, given: null };
  const loaded = load(source, what, GIVEN, (point, given) =>
    given === undefined && point === now.point
      ? POINTS[now.point].stock(now.given as never)
      : stockAnswer(point, given ?? (now.given as Readonly<Record<string, unknown>>)),
  );
  const { name, about = "", ...rest } = Object.fromEntries(loaded.spec);
  if (typeof name !== "string" || !/^[\x20-\x7e]+$/.test(name) || name.length > NAME_MOST)
    throw new InputError(
      `${what}: name must be 1 to ${NAME_MOST} printable ASCII characters: got ${shown(name)}`,
    );
  if (RELEASE.test(name))
    throw new InputError(`${what}: name must not be that of a release: got ${shown(name)}`);
  if (typeof about !== "string" || about.length > ABOUT_MOST)
    throw new InputError(
      `${what}: about must be text of at most ${ABOUT_MOST} characters: got ${shown(about)}`,
    );
  for (const [key, value] of Object.entries(rest)) {
    if (!Object.hasOwn(POINTS, key)) throw unknownName(`${what}: decision point`, key, POINT_NAMES);
    if (typeof value !== "function")
      throw new InputError(`${what}: ${key}: must be a function (given, stock) => …: got ${shown(value)}`);
  }
  const points = POINT_NAMES.filter((point) => rest[point] !== undefined);
  if (points.length === 0)
    throw new InputError(`${what}: has no decision point: known are ${POINT_NAMES.join(", ")}`);
  return { name, about, points, loaded, now };
}

/** The stock rule for what a change states: numbers, words and truth values. */
function stockAnswer(point: string, given: Readonly<Record<string, unknown>>): unknown {
  for (const field of GIVEN[point]!)
    if (given[field] === undefined && field !== "zone")
      throw new InputError(`stock.${point}: ${field} is missing`);
  return POINTS[point as PointName].stock(given as never);
}

/**
 * Binds a change to a machine that is about to start: its module is run anew, so that no machine sees what another left.
 * @throws InputError if this process may not run its code, and for code that cannot be read
 */
export function bindChange(code: ChangeCode): BoundChange {
  refuseStrange(code);
  const what = `change ${JSON.stringify(code.name)}`;
  const fault = sourceFault(code.source);
  if (fault !== null) throw new InputError(`${what}: a source ${fault}`);
  const found = sha256OfSource(code.source);
  if (found !== code.sha256)
    throw new InputError(
      `${what}: is not run: its sha256 is ${code.sha256}, but that of its source is ${found}`,
    );
  const { name, points: all, loaded, now } = readChange(code.source, what);
  if (name !== code.name)
    throw new InputError(`${what}: its source has another name: ${JSON.stringify(name)}`);
  const strange = code.points?.find((point) => !all.includes(point as PointName));
  if (strange !== undefined) throw unknownName(`${what}: points`, strange, all);
  const points = all.filter((point) => code.points?.includes(point) ?? true);
  const decisions: Record<string, unknown> = {};
  const none = () => points.map(() => 0);
  const counts = { point: [...points], asked: none(), otherwise: none() };
  const bound: BoundChange = {
    name,
    sha256: code.sha256,
    points,
    decisions,
    events: 0,
    last: null,
    decidesTo: Infinity,
    decided: null,
    counts,
  };
  for (const point of points) decisions[point] = decider(bound, point, loaded, now);
  return bound;
}

/** The function that the engine calls at a point. */
function decider(
  bound: BoundChange,
  point: PointName,
  { ask }: Loaded,
  now: Decision,
): (given: object) => unknown {
  const read = POINTS[point].read as (value: unknown, given: object) => unknown;
  const stock = POINTS[point].stock as (given: object) => unknown;
  const { asked, otherwise } = bound.counts;
  const at = bound.points.indexOf(point);
  const where = () => `change ${JSON.stringify(bound.name)}: ${point}, event ${bound.events}`;
  return (given) => {
    bound.events++;
    bound.last = point;
    if (bound.events > bound.decidesTo) return stock(given);
    asked[at]!++;
    now.point = point;
    now.given = given;
    let value: unknown;
    try {
      value = ask(point, given);
    } catch (error) {
      if (error instanceof NoResult) throw new NoResult(`${where()}: ${error.message}`);
      throw error instanceof InputError ? new InputError(`${where()}: ${error.message}`) : error;
    }
    const answer = read(value, given);
    if (answer === undefined)
      throw new InputError(
        `${where()}: must answer ${plainWords(POINTS[point].answers)}: got ${shown(value)}`,
      );
    const kernels = stock(given);
    if (!sameAnswer(answer, kernels)) otherwise[at]!++;
    if (bound.events === bound.decidesTo) bound.decided = { point, given, answer, stock: kernels };
    return answer;
  };
}

/** Without the marks of code. */
const plainWords = (text: string) => text.replaceAll("`", "");

/**
 * The decision points of a change, in the order of docs/changes.md.
 * @throws InputError if this process may not run its code, and for code that cannot be read
 */
export function pointsOf(code: ChangeCode): readonly PointName[] {
  return saidOf(code).points;
}

/** What a change says of itself: its name, what it is about, and its decision points. Throws as pointsOf() does. */
export function saidOf(code: ChangeCode): Pick<Read, "name" | "about" | "points"> {
  refuseStrange(code);
  return readChange(code.source, `change ${JSON.stringify(code.name)}`);
}
