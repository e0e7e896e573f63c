/** Appends many entries: push(...) takes no more arguments than the stack has room for. */
export function append<T>(list: T[], entries: Iterable<T>): void {
  for (const entry of entries) list.push(entry);
}
