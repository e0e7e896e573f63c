/** Request flags of any release in the numbers that the engine uses: state/gfp.ts. */
import * as gfpFlags from "./gfp";

const BITS: ReadonlyMap<string, number> = new Map(
  Object.entries(gfpFlags).flatMap(([name, value]) =>
    name.startsWith("__GFP_") && typeof value === "number" ? [[name.slice("__GFP_".length), value]] : [],
  ),
);

/**
 * The engine's flags for names without `__GFP_`; a name that decides nothing in the engine (__GFP_COLD, __GFP_NOTRACK)
 * adds none. `atomic`: a request that the release counts as atomic, whatever its names.
 */
export function engineGfp(has: ReadonlySet<string>, atomic = false): number {
  let flags = 0;
  for (const name of has) if (name !== "ATOMIC") flags |= BITS.get(name) ?? 0;
  return atomic ? flags | gfpFlags.__GFP_ATOMIC : flags;
}
