/** The one shape of the result of everything that can fail. */

/**
 * Whether a request succeeded and, if not, why. A refusal is a result, not an exception: only invalid requests throw.
 * Results have these four fields in addition to their own.
 */
export interface Answer {
  /** Whether it was granted or done. */
  readonly ok: boolean;
  /** 0, or the kernel's negative error: −12 ENOMEM, −16 EBUSY, −22 EINVAL. */
  readonly errno: number;
  /** Why it failed, in words; null if it did not. */
  readonly reason: string | null;
  /**
   * The same as plain JSON: what was tried and what was in the way. Null if it did not fail or the words say
   * everything.
   */
  readonly details: unknown;
}

/** The answer to a granted request. */
export interface Granted extends Answer {
  readonly ok: true;
  readonly errno: 0;
  readonly reason: null;
  readonly details: null;
}

/** The answer to a refused request. */
export interface Refused extends Answer {
  readonly ok: false;
  readonly reason: string;
}

/** The four fields of a granted request, to spread into a result. */
export const GRANTED: Granted = Object.freeze({ ok: true, errno: 0, reason: null, details: null });

/** The four fields of a refused request, to spread into a result. */
export function refusedWith(errno: number, reason: string, details: unknown = null): Refused {
  return { ok: false, errno, reason, details };
}

/** The kernel's errors by name, include/uapi/asm-generic/errno-base.h. */
export const ERRNO = {
  EPERM: -1,
  EIO: -5,
  EAGAIN: -11,
  ENOMEM: -12,
  EBUSY: -16,
  EINVAL: -22,
  ENOSPC: -28,
} as const;

/** `-12 (ENOMEM)`; only the number if the error has no name here. */
export function errnoText(errno: number): string {
  const name = Object.entries(ERRNO).find(([, value]) => value === errno)?.[0];
  return name === undefined ? String(errno) : `${errno} (${name})`;
}

/** Only the four fields. */
export function answerOf({ ok, errno, reason, details }: Answer): Answer {
  return { ok, errno, reason, details };
}
