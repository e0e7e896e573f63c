/** Profiles and switches by name. */
import assert from "node:assert/strict";
import test from "node:test";
import { InputError } from "../../lib/base/errors";
import { KERNEL_RELEASES } from "../../lib/hardware/kernel-release";
import { KERNEL_PROFILES, kernelProfile } from "../../lib/mm/state/profile";

test("a release outside the modelled range gives an error that lists the modelled ones", () => {
  assert.throws(
    () => kernelProfile("4.16"),
    (e: unknown) => {
      assert.ok(e instanceof InputError);
      for (const release of KERNEL_RELEASES) assert.ok(e.message.includes(release), release);
      assert.match(e.message, /kernel: 4\.16 is older than the oldest modelled release/);
      return true;
    },
  );
});

test("an unknown switch gives an error that names the likely one, and begins the list of the known ones", () => {
  assert.throws(
    () => kernelProfile("6.1", { freelistHygene: true } as never),
    (e: unknown) => {
      assert.ok(e instanceof InputError);
      const names = Object.keys(KERNEL_PROFILES["6.1"]);
      assert.ok(names.filter((name) => e.message.includes(name)).length > names.length / 3, e.message);
      assert.match(e.message, /did you mean freelistHygiene\?/);
      return true;
    },
  );
});

test("every profile sets every switch, and flipping one leaves the others alone", () => {
  const names = Object.keys(KERNEL_PROFILES["7.3"]).sort();
  for (const release of KERNEL_RELEASES) {
    assert.deepEqual(Object.keys(KERNEL_PROFILES[release]).sort(), names);
    const flipped = kernelProfile(release, { cmaBalance: !KERNEL_PROFILES[release].cmaBalance });
    assert.deepEqual(
      { ...flipped, cmaBalance: KERNEL_PROFILES[release].cmaBalance },
      KERNEL_PROFILES[release],
    );
  }
});

test("a switch accepts only values that some release has, or true and false", () => {
  assert.throws(
    () => kernelProfile("6.1", { freelistHygiene: 3 } as never),
    /kernel switch freelistHygiene: must be one of true, false: got 3/,
  );
  assert.throws(
    () => kernelProfile("6.1", { fallback: "take" } as never),
    /kernel switch fallback: must be one of "steal", "claim": got "take"/,
  );
  assert.equal(kernelProfile("6.1", { defragMode: true }).defragMode, true);
  assert.equal(kernelProfile("6.1", { pcpThpLists: 1 }).pcpThpLists, 1);
});
