/** A kind of input that is fuzzed: how one is drawn, what must hold of it, and how it is written down. */
import type fc from "fast-check";
import { InputError } from "../../lib/base/errors";

export interface FuzzKind<T = never> {
  readonly name: string;
  readonly inputs: fc.Arbitrary<T>;
  /** Throws if something does not hold. */
  readonly holds: (input: T) => void | Promise<void>;
  /** The input as a file that people can use. */
  readonly text: (input: T) => string;
  /** Inputs in a run of the suite. */
  readonly few: number;
}

/** Longest message of a refusal, in characters. */
const MESSAGE_MOST = 500;

/** What `use` gives; undefined if it refuses the input as one should. Anything else that is thrown is a fault of ours. */
export function unlessRefused<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch (error) {
    mustBeRefusal(error);
    return undefined;
  }
}

export function mustBeRefusal(error: unknown): void {
  if (!(error instanceof InputError)) throw error;
  const { message } = error;
  if (message.length > MESSAGE_MOST || message.includes("\n"))
    throw new Error(
      `a refusal must be one line of at most ${MESSAGE_MOST} characters: ${JSON.stringify(message)}`,
    );
}

/** Types of kinds differ; a list of them takes each for itself. */
export const kindOf = <T>(kind: FuzzKind<T>): FuzzKind => kind as unknown as FuzzKind;
