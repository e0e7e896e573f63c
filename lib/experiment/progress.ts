/** Progress of a sweep: runs done, rate and remaining time; reported at most a few times per second. */

export interface Progress {
  total: number;
  done: number;
  fromStore: number;
  failed: number;
  /** Recent runs per second, without those read from the store. */
  ratePerSecond: number;
  /** Null until the first plan is done. */
  secondsLeft: number | null;
}

const EVERY_MS = 250;

export class ProgressMeter {
  private told: number;
  private readonly started: number;

  constructor(
    private readonly total: number,
    private readonly tell: ((progress: Progress) => void) | undefined,
  ) {
    this.started = performance.now();
    this.told = this.started;
  }

  tick(run: number, fromStore: number, failed: number): void {
    if (this.tell === undefined) return;
    const now = performance.now();
    if (now - this.told < EVERY_MS) return;
    this.told = now;
    this.say(run, fromStore, failed);
  }

  end(run: number, fromStore: number, failed: number): void {
    if (this.tell !== undefined) this.say(run, fromStore, failed);
  }

  private say(run: number, fromStore: number, failed: number): void {
    const seconds = (performance.now() - this.started) / 1000;
    const ratePerSecond = seconds > 0 ? run / seconds : 0;
    const left = this.total - run - fromStore;
    const secondsLeft = left === 0 ? 0 : run === 0 ? null : left / ratePerSecond;
    this.tell!({ total: this.total, done: run + fromStore, fromStore, failed, ratePerSecond, secondsLeft });
  }
}

/** `450 of 1000 (45 %), 12.1 a second, 46 s left`. */
export function progressText({
  total,
  done,
  fromStore,
  failed,
  ratePerSecond,
  secondsLeft,
}: Progress): string {
  const parts = [`${done} of ${total} (${total === 0 ? 100 : Math.floor((100 * done) / total)} %)`];
  if (fromStore > 0) parts.push(`${fromStore} from the store`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (done < total && ratePerSecond > 0)
    parts.push(`${ratePerSecond.toFixed(ratePerSecond < 10 ? 1 : 0)} a second`);
  if (done < total && secondsLeft !== null) parts.push(`${timeText(secondsLeft)} left`);
  return parts.join(", ");
}

function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
