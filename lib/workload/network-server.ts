/** A network server: receive buffers come and go in interrupts, some always in flight; sockets live in slab. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { filled, number, share, whole } from "../schema/field";
import { KernelCaches } from "./kernel-caches";
import { definePaced, type Load, scaled } from "./load";
import { duration } from "./parameters";
import { ReceiveRing } from "./receive-ring";

export interface NetworkShape {
  /** Buffers in flight: of one page, and of order 3. */
  small: number;
  large: number;
  /** Share of packets that use a large one. */
  largeShare: number;
  connections: number;
  caches: KernelCaches;
}

/** Packets of a connection until it is closed and another opened. A modelling choice. */
const PACKETS_A_CONNECTION = 100;

export class NetworkLoad implements Load {
  private readonly random: Random;
  private readonly shape: NetworkShape;
  private readonly small: ReceiveRing;
  private readonly large: ReceiveRing;
  /** Open ones. */
  private sockets: number;
  private packets: number;
  private connections: number;

  constructor(system: System, random: Random, shape: NetworkShape) {
    this.random = random;
    this.shape = shape;
    this.small = new ReceiveRing(system, random.fork("small"), shape.small, 0);
    this.large = new ReceiveRing(system, random.fork("large"), shape.large, system.pageSize > 4096 ? 0 : 3);
    this.sockets = 0;
    this.packets = 0;
    this.connections = shape.connections;
    this.small.receive(shape.small);
    this.large.receive(shape.large);
    this.open(shape.connections);
  }

  scale(factor: number): void {
    this.small.limit(scaled(this.shape.small, factor));
    this.large.limit(scaled(this.shape.large, factor));
    this.connections = scaled(this.shape.connections, factor);
    this.close(this.sockets - this.connections);
  }

  turn(pages: number): number {
    let asked = 0;
    while (asked < pages) {
      const ring = this.random.chance(this.shape.largeShare) ? this.large : this.small;
      asked += ring.receive(1);
      if (++this.packets % PACKETS_A_CONNECTION !== 0) continue;
      this.close(1);
      const pages = this.open(Math.min(2, Math.max(0, this.connections - this.sockets)));
      if (pages < 0) return asked;
      asked += pages;
    }
    return asked;
  }

  /** Opens `n` connections; returns the pages that their sockets took, or −1. */
  private open(n: number): number {
    this.sockets += n;
    return this.shape.caches.of("TCP").take(n);
  }

  private close(n: number): void {
    const closed = Math.max(0, Math.min(n, this.sockets));
    this.sockets -= closed;
    this.shape.caches.of("TCP").destroy(closed);
  }

  stop(): void {
    this.small.drop();
    this.large.drop();
    this.close(this.sockets);
  }
}

export const networkServer = definePaced({
  kind: "network-server",
  title: "network server",
  summary:
    "Receive buffers of one page and of order 3 are allocated with GFP_ATOMIC and freed when a reader arrives. They are short-lived, but some are in use at any time. Sockets are in unmovable slab.",
  parameters: {
    duration: duration("1 hour"),
    packets: filled(number("packets received per second", "packets/s", { default: 2000 })),
    smallBuffers: filled(whole("buffers of one page in flight", "buffers", { default: 4096 })),
    largeBuffers: filled(
      whole("buffers of order 3 (32 KiB) in flight; one page on machines with larger pages", "buffers", {
        default: 512,
      }),
    ),
    large: filled(share("packets that take a buffer of order 3", { default: 0.25 })),
    connections: filled(whole("open connections", "sockets", { default: 2000 })),
  },
  leaves: [],
  pagesPerSecond: (p, { pageSize }) => p.packets * (1 - p.large + p.large * (pageSize > 4096 ? 1 : 8)),
  load: (system, p, random) =>
    new NetworkLoad(system, random, {
      small: p.smallBuffers,
      large: p.largeBuffers,
      largeShare: p.large,
      connections: p.connections,
      caches: new KernelCaches(system, random.fork("caches")),
    }),
});
