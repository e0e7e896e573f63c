/** A command that goes on until it is told to end, and pauses between what it does. */

/** The first Ctrl-C (or SIGTERM) ends the pause; a second one ends the process as it always does. */
export function interruptible(): { stopped: Promise<void>; stop: () => void } {
  let told: () => void = () => {};
  const stopped = new Promise<void>((resolve) => {
    told = resolve;
  });
  process.once("SIGINT", told);
  process.once("SIGTERM", told);
  return {
    stopped,
    stop: () => {
      process.removeListener("SIGINT", told);
      process.removeListener("SIGTERM", told);
    },
  };
}

/** Whether the pause was ended before its time. */
export async function pause(ms: number, stopped: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const ended = await Promise.race([over, stopped.then((): true => true)]);
  clearTimeout(timer);
  return ended;
}
