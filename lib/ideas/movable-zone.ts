/**
 * `ZONE_MOVABLE` by default: half of memory takes no page that does not move (`movablecore=50%`).
 *
 * It is a boot parameter that all kernels have. Half is our choice: it is what many guests on virtio-mem and hot-plug setups leave to
 * either side, and no release has a default.
 *
 * Held against: nothing. Nobody published figures for such a default.
 */
import type { Idea } from "./idea";

export const MOVABLE_ZONE: Idea = {
  name: "movable-zone",
  title: "ZONE_MOVABLE by default, over half of memory",
  kind: "settings",
  modelled: "movablecore=50%",
  notModelled: "nothing",
  published: "none: no figures were found for such a default",
  sources: ["Documentation/admin-guide/kernel-parameters.txt: movablecore="],
  since: "4.17",
  machine: { movable: { movablecore: "50%" } },
  strategy: null,
};
