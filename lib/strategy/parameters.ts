/** Fields that several strategies share. */
import { either, filled, literal, type OutOf, size } from "../schema/field";

/** A size, or `auto`, which is also the default. */
export function autoSize(doc: string) {
  return filled(either(doc, 'must be a size or "auto"', [size(""), literal("auto")], { default: "auto" }));
}

/** Parameters of strategies with a CMA area. */
export const AREA_PARAMETERS = {
  area: autoSize("bytes of the area; `auto`: twice the request"),
};
export type AreaParameters = OutOf<typeof AREA_PARAMETERS>;
