/** The only public door of pageblock. */

export { canonicalJson, sha256Of } from "./base/canonical-json";
export { InputError } from "./base/errors";
export { formatSize, parseSize, type Size } from "./base/units";
