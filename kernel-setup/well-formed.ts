/**
 * Text that can be written as UTF-8. Half of a surrogate pair can't: Python's front ends lose the whole notebook over one.
 */
export function wellFormed(text: string): string {
  // Node 20 has the method; the library of ES2022, with which this is compiled, does not.
  return (text as string & { toWellFormed(): string }).toWellFormed();
}
