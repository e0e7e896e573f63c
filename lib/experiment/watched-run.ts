/**
 * Runs a plan whose machine has a change, with its laws checked now and then. Where one is broken, the plan is run again from the
 * start with more and more checks, until it is known between which two looks: equal plans take equal decisions. Then it is run
 * again with the change deciding up to an event and the kernel from then on, until the event is known whose decision breaks the law.
 */
import { errorOf, InputError } from "../base/errors";
import type { BoundChange, Decided } from "../change/decide";
import {
  BrokenBetween,
  brokenAt,
  brokenBy,
  CHECK_EVENTS,
  LawTrial,
  LawWatch,
  TrialEnded,
} from "../machine/law-watch";
import type { System } from "../machine/system";

/** Checks that a search for the event makes in one run. */
const CHECKS_A_RUN = 64;
/** Decisions that a search takes again at most. Not a time: every computer has to find the same. */
const SEARCH_MOST = 20_000_000;
/** Frames whose check takes as long as a decision. */
const FRAMES_A_DECISION = 32;

/** A run that is told its machine before anything happens on it. */
export type WatchedRun<T> = (watch: (system: System) => void) => T;

/** A law that was found broken, and by how much work. */
interface Broken {
  readonly bound: BoundChange;
  readonly between: BrokenBetween;
  readonly work: number;
}

/** `searchMost`: decisions that the search for the event takes again at most. */
export function runWatched<T>(runOnce: WatchedRun<T>, searchMost = SEARCH_MOST): T {
  const end = attempt(runOnce, { from: 0, every: CHECK_EVENTS });
  if ("done" in end) return end.done;
  throw search(runOnce, end, searchMost);
}

/** The error that says as exactly as possible where the law was broken. */
function search<T>(runOnce: WatchedRun<T>, first: Broken, most: number): InputError {
  let broken = first;
  let left = most;
  for (let every = CHECK_EVENTS; every > 1; ) {
    if (left < broken.work) return brokenBy(broken.bound, broken.between, bounded(most));
    const { from, to } = broken.between;
    // A step of the workload may hold many events: the next run looks closer in any case.
    every = Math.max(1, Math.floor(Math.min(to - from, every) / CHECKS_A_RUN));
    const end = attempt(runOnce, { from, every });
    if ("done" in end) return brokenBy(broken.bound, broken.between);
    broken = end;
    left -= broken.work;
  }
  return searchDecision(runOnce, broken, left, most);
}

const bounded = (most: number) =>
  ` (the search for the event ended after ${most.toLocaleString("en")} decisions)`;

/** Which of the decisions between two looks breaks the law: with it the law is broken at the second, and without it not. */
function searchDecision<T>(
  runOnce: WatchedRun<T>,
  { bound, between, work }: Broken,
  most: number,
  told: number,
): InputError {
  const { turn } = between;
  let { from, to } = between;
  let left = most;
  let found: Trial | null = null;
  const tried = (event: number) => {
    left -= work;
    return tryWith(runOnce, event, turn);
  };
  const narrow = (note = "") => {
    const last = { ...bound, last: found?.decided?.point ?? bound.last };
    return brokenBy(last, new BrokenBetween(from, to, turn, found?.why ?? between.why), note);
  };
  if (left < 2 * work) return narrow(bounded(told));
  if (tried(from).why !== null) return narrow(", though the kernel's own answers end there too");
  found = tried(to);
  while (to - from > 1) {
    if (left < work) return narrow(bounded(told));
    const middle = Math.floor((from + to) / 2);
    const trial = tried(middle);
    if (trial.why === null) from = middle;
    else {
      to = middle;
      found = trial;
    }
  }
  const { decided, why } = found;
  return decided === null || why === null ? narrow() : brokenAt(bound, to, decided, why);
}

/** What is broken at the look if the change decides up to an event; null: nothing. */
interface Trial {
  readonly why: string | null;
  readonly decided: Decided | null;
}

function tryWith<T>(runOnce: WatchedRun<T>, to: number, turn: number): Trial {
  let trial: LawTrial | null = null;
  let why: string | null = null;
  try {
    runOnce((system) => {
      trial = new LawTrial(system, { to, turn });
    });
    (trial as LawTrial | null)?.end();
  } catch (error) {
    if (trial === null) throw error;
    if (error instanceof BrokenBetween) why = error.why;
    else if (!(error instanceof TrialEnded || error instanceof InputError))
      why = `the engine stopped: ${errorOf(error).message}`;
  } finally {
    (trial as LawTrial | null)?.system.release();
  }
  return { why, decided: (trial as LawTrial | null)?.bound.decided ?? null };
}

function attempt<T>(runOnce: WatchedRun<T>, window: { from: number; every: number }): { done: T } | Broken {
  let watch: LawWatch | null = null;
  try {
    const done = runOnce((system) => {
      watch = new LawWatch(system, window);
    });
    (watch as LawWatch | null)?.end();
    return { done };
  } catch (error) {
    const watched = watch as LawWatch | null;
    if (error instanceof InputError || watched === null) throw error;
    const between = error instanceof BrokenBetween ? error : watched.stopped(errorOf(error).message);
    const { system, checks } = watched;
    const frames = system.memory.endPfn / FRAMES_A_DECISION;
    return { bound: system.change!, between, work: between.to + Math.ceil(checks * frames) };
  } finally {
    (watch as LawWatch | null)?.system.release();
  }
}
