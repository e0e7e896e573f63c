/** `createHash("sha256")` of node:crypto for browsers; there is no other algorithm. */
import { Sha256 } from "../../../lib/base/sha256";

export function createHash(algorithm) {
  if (algorithm !== "sha256")
    throw new Error(`internal error: a page hashes with SHA-256 only: got ${algorithm}`);
  const hash = new Sha256();
  const self = {
    update(content) {
      hash.update(content);
      return self;
    },
    digest: () => hash.digest(),
  };
  return self;
}
