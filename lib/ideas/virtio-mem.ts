/**
 * Memory of a guest as virtio-mem plugs it (Hildenbrand and Schulz, VEE 2021): a quarter is there at boot, the rest was plugged as movable.
 *
 * Modelled: the zones after that, by `kernelcore=25%`. A quarter follows from `memory_hotplug.auto_movable_ratio`, whose default allows
 * about three times as much movable memory as kernel memory.
 *
 * Not modelled: plugging and unplugging in blocks while the guest runs, and the struct pages of plugged memory.
 *
 * Held against: nothing. The paper's figure, units of 4 MiB on x86-64, is a matter of design.
 */
import type { Idea } from "./idea";

export const VIRTIO_MEM: Idea = {
  name: "virtio-mem",
  title: "virtio-mem: three quarters of memory plugged as movable",
  kind: "settings",
  modelled: "the zones of a guest of which three quarters were plugged: kernelcore=25%",
  notModelled: "plugging and unplugging while the guest runs",
  published: "units of 4 MiB on x86-64, by design; no figure on contiguity",
  sources: ["David Hildenbrand, Martin Schulz: virtio-mem: Paravirtualized Memory Hot(Un)Plug, VEE 2021"],
  since: "4.17",
  machine: { movable: { kernelcore: "25%" } },
  strategy: null,
};
