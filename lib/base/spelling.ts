/**
 * The two spellings of a name: kebab-case in plans, on the command line and in file names, camelCase in code. One is made of the
 * other by rule: a hyphen precedes every capital letter and every digit that follows a lower-case letter. `cma-4k` is `cma4k`,
 * `page-size-at-boot` is `pageSizeAtBoot`.
 */

/** `kernelBuild` → `kernel-build`. A name that is kebab-case already stays as it is. */
export function kebab(name: string): string {
  return name.replace(/([a-z])([A-Z0-9])/g, "$1-$2").toLowerCase();
}

/** `kernel-build` → `kernelBuild`. */
export function camel(name: string): string {
  return name.replace(/-(\w)/g, (_, c: string) => c.toUpperCase());
}

/** The type of `camel(name)`. */
export type Camel<N extends string> = N extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : N;
