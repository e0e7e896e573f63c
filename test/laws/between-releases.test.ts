/** The allocator's laws also hold for releases between the modelled ones, whose sets of switches are in no row. */
import test from "node:test";
import { compareReleases } from "../../lib/hardware/kernel-release";
import { loadEngine } from "./engine";
import { randomPlan } from "./random-plan";
import { runPlan } from "./run-plan";

const engine = loadEngine();
const SEED = 20180425;

for (const release of ["4.19", "5.4", "5.10", "5.15", "5.18", "6.6", "6.11", "6.18"])
  test(`${release}: long seeded stretches break no law`, () => {
    // Releases before 6.1 run on a machine drawn for 4.17, whose CMA area is aligned to the largest buddy.
    const old = compareReleases(release, "6.1") < 0;
    for (let seed = SEED, done = 0; done < 4; seed++) {
      const plan = randomPlan(seed, 1500);
      if ((plan.machine.release === "4.17") !== old) continue;
      plan.machine.release = release;
      runPlan(engine, plan, 100);
      done++;
    }
  });
