/** The one shape in which everything that can fail says what became of it. */

/**
 * Whether something was had, and if not, why. A refusal is a result, not an exception: exceptions are for requests that make
 * no sense. Results carry these four fields beside their own.
 */
export interface Answer {
  /** Whether it was granted or done. */
  readonly ok: boolean;
  /** 0, or the kernel's negative error: −12 ENOMEM, −16 EBUSY, −22 EINVAL. */
  readonly errno: number;
  /** Why it failed, in words; null when it did not. */
  readonly reason: string | null;
  /** The same as plain JSON: what was tried and what was in the way. Null when it did not fail or when the words say it all. */
  readonly details: unknown;
}

/** An answer to something that was granted. */
export interface Granted extends Answer {
  readonly ok: true;
  readonly errno: 0;
  readonly reason: null;
  readonly details: null;
}

/** An answer to something that was refused. */
export interface Refused extends Answer {
  readonly ok: false;
  readonly reason: string;
}

/** The four fields of what was granted, to spread into a result. */
export const GRANTED: Granted = Object.freeze({ ok: true, errno: 0, reason: null, details: null });

/** The four fields of what was refused, to spread into a result. */
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

/** `-12 (ENOMEM)`; the number alone where the error has no name here. */
export function errnoText(errno: number): string {
  const name = Object.entries(ERRNO).find(([, value]) => value === errno)?.[0];
  return name === undefined ? String(errno) : `${errno} (${name})`;
}

/** The four fields alone. */
export function answerOf({ ok, errno, reason, details }: Answer): Answer {
  return { ok, errno, reason, details };
}
