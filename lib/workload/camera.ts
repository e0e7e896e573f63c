/** A camera: bursts of frames in user-space buffers, recorded to files that stay in the page cache until there are too many. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { filled, number, share, size, whole } from "../schema/field";
import { definePaced, type Load, pagesOf } from "./load";
import { PageCache } from "./page-cache";
import { duration } from "./parameters";
import { takeRun } from "./slot-run";

export interface CameraShape {
  frames: number;
  framePages: number;
  buffers: number;
  compressed: number;
  keptPages: number;
}

export class CameraLoad implements Load {
  private readonly system: System;
  private readonly shape: CameraShape;
  private readonly files: PageCache;
  private readonly random: Random;
  /** Slots of the frame buffers of the burst in progress, in a row. */
  private buffers: number;
  private bufferPages: number;
  private framesLeft: number;

  constructor(system: System, random: Random, shape: CameraShape) {
    this.system = system;
    this.shape = shape;
    this.random = random;
    this.files = new PageCache(system, random.fork("files"), shape.keptPages);
    this.buffers = 0;
    this.bufferPages = 0;
    this.framesLeft = 0;
  }

  turn(pages: number): number {
    let asked = 0;
    while (asked < pages) {
      if (this.framesLeft === 0) {
        asked += this.open();
        if (this.bufferPages === 0) return asked;
      }
      this.framesLeft--;
      const recorded = Math.ceil(this.shape.framePages * this.shape.compressed);
      const got = this.files.write(recorded);
      asked += Math.max(1, got);
      if (this.framesLeft === 0) this.close();
      if (got < recorded) return asked;
    }
    return asked;
  }

  private open(): number {
    const { shape, system, random } = this;
    this.framesLeft = Math.max(1, Math.round(random.exponential(shape.frames)));
    const { base, pages } = takeRun(system, "shmem", shape.buffers * shape.framePages);
    this.buffers = base;
    this.bufferPages = pages;
    return pages;
  }

  private close(): void {
    this.system.freeRun(this.buffers, this.bufferPages);
    this.bufferPages = 0;
    this.framesLeft = 0;
  }

  stop(): void {
    this.close();
  }
}

export const camera = definePaced({
  kind: "camera",
  title: "camera and video bursts",
  summary:
    "A small board records bursts of frames. During a burst, buffers in user space hold frames; files are recorded through the page cache, which fills memory (and CMA areas) between bursts.",
  parameters: {
    duration: duration("1 hour"),
    bursts: filled(number("bursts per hour", "bursts/h", { default: 30 })),
    frames: filled(
      whole("mean frames per burst (5 s at 30 per second)", "frames", { default: 150, least: 1 }),
    ),
    frame: filled(size("one raw frame (1080p, 12 bits per pixel)", { default: "3MiB", least: 1 })),
    buffers: filled(whole("frame buffers in user space during a burst", "frames", { default: 6, least: 1 })),
    compressed: filled(share("size of a recorded frame relative to a raw one", { default: 0.05 })),
    kept: filled(share("memory that recorded files take before the oldest are deleted", { default: 0.5 })),
  },
  leaves: ["fileClean", "fileDirty"],
  pagesPerSecond: (p, { pageSize }) =>
    (p.bursts / 3600) * (p.frame / pageSize) * (p.buffers + p.frames * p.compressed),
  load: (system, p, random) =>
    new CameraLoad(system, random, {
      frames: p.frames,
      framePages: pagesOf(system, p.frame),
      buffers: p.buffers,
      compressed: p.compressed,
      keptPages: Math.max(1, Math.floor(system.managedPages * p.kept)),
    }),
});
