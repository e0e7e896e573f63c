/**
 * The two spellings of a name: kebab-case in plans, on the command line and in file names, camelCase in code. A rule
 * converts between them: a hyphen precedes every capital letter and every digit that follows a lower-case letter.
 * `cma-4k` is `cma4k`, `page-size-at-boot` is `pageSizeAtBoot`.
 */

/** `kernelBuild` → `kernel-build`. A kebab-case name does not change. */
export function kebab(name: string): string {
  return name.replace(/([a-z])([A-Z0-9])/g, "$1-$2").toLowerCase();
}

/** `kernel-build` → `kernelBuild`. */
export function camel(name: string): string {
  return name.replace(/-(\w)/g, (_, c: string) => c.toUpperCase());
}

/**
 * The entries of `named` under their camelCase names, which listings show, and under their kebab-case names, which
 * they omit.
 */
export function inBothSpellings<T extends object>(named: T): T {
  for (const [name, value] of Object.entries(named))
    if (kebab(name) !== name) Object.defineProperty(named, kebab(name), { value });
  return Object.freeze(named);
}
