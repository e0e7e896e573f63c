/** How much of the page cache is in large folios after ageing, by release and file system. */
import assert from "node:assert/strict";
import test from "node:test";
import { System } from "../../lib/machine/system";
import { layoutHash, pageCacheInFolios, runOn } from "./small";

const GiB = 2 ** 30;

function aged(kernel: string, profile: string, fileSystem?: "ext4" | "xfs" | "btrfs"): System {
  const s = System.boot({ board: "pc-x86-64", kernel, memoryBytes: GiB });
  const spec = { kind: "uptime", profile, duration: "2 days" };
  return runOn(s, fileSystem === undefined ? spec : { ...spec, fileSystem });
}

test("releases and file systems without large folios leave the same machine, whatever the file system is called", () => {
  const hashes = (["ext4", "btrfs"] as const).map((fs) => layoutHash(aged("6.12", "server", fs)));
  assert.equal(hashes[0], hashes[1]);
  assert.equal(pageCacheInFolios(aged("6.12", "server")), 0);
  assert.notEqual(layoutHash(aged("6.12", "server", "xfs")), hashes[0]);
});

test("a server with ext4 of 6.18 has a third of its page cache in folios, one with XFS of 6.1 nearly all", () => {
  // Nothing real is compared: the one recorded machine (40 % on btrfs) installed packages, which no profile does.
  const shares = {
    server: pageCacheInFolios(aged("6.18", "server")),
    database: pageCacheInFolios(aged("6.18", "database")),
    xfs: pageCacheInFolios(aged("6.1", "server", "xfs")),
  };
  assert.ok(shares.server > 0.25 && shares.server < 0.5, JSON.stringify(shares));
  assert.ok(shares.database > 0.7 && shares.database < 0.95, JSON.stringify(shares));
  assert.ok(shares.xfs > 0.8, JSON.stringify(shares));
});
