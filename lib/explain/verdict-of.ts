/** What the sentences and remedies of a refused request are made of. */
import type { AreasAround } from "./areas-around";
import type { AskedBy } from "./asked-by";
import type { Reading } from "./reading";
import type { Asked } from "./request";
import type { JudgedZone } from "./zone-words";

/** A refused request with what is known of it. */
export interface VerdictOf {
  reading: Reading;
  asked: Asked;
  by: AskedBy;
  zones: readonly JudgedZone[];
  areas: AreasAround;
}
