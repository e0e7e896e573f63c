/** Code whose expressions stand in each other thousands of times: the compiler's own stack is too small for it. */
export class TooDeepError extends Error {
  constructor() {
    super("the code is nested too deeply, or one expression has too many parts, for the compiler");
    this.name = "TooDeepError";
    this.stack = `${this.name}: ${this.message}`;
  }
}

export const isTooDeep = (error: unknown) =>
  error instanceof TooDeepError || (error instanceof RangeError && /call stack/.test(error.message));
