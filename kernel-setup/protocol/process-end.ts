/** A cell that calls `process.exit` ends the kernel: what was printed is sent first, and the sockets are closed. */

/** Runs `before` when the process is about to end by `process.exit`; `code` is its exit status. */
export function beforeExit(before: (code: number) => void): void {
  // Every `process.exit` ends here, after the handlers of the `exit` event.
  const inner = process as unknown as { reallyExit(code?: number): never };
  const end = inner.reallyExit;
  inner.reallyExit = (code) => {
    before(Number(code ?? 0));
    return end.call(process, code);
  };
}
