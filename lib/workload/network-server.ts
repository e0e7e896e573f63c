/** A network server: receive buffers come and go in interrupts, some always in flight; sockets live in slab. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { filled, number, share, whole } from "../schema/field";
import { definePaced, type Load, scaled } from "./load";
import { duration } from "./parameters";
import { ReceiveRing } from "./receive-ring";
import { SlabCache } from "./slab-cache";

export interface NetworkShape {
  /** Buffers in flight: of one page, and of order 3. */
  small: number;
  large: number;
  /** Share of packets that use a large one. */
  largeShare: number;
  connections: number;
}

/** TCP sockets of about 2.3 KB with what belongs to them: 13 in an order-3 slab (/proc/slabinfo of 6.1: TCP). */
const SOCKET = { kind: "slab", order: 3, objects: 13 } as const;
/** Packets of a connection until it is closed and another opened. A modelling choice. */
const PACKETS_A_CONNECTION = 100;

export class NetworkLoad implements Load {
  private readonly random: Random;
  private readonly shape: NetworkShape;
  private readonly small: ReceiveRing;
  private readonly large: ReceiveRing;
  private readonly sockets: SlabCache;
  private packets: number;
  private connections: number;

  constructor(system: System, random: Random, shape: NetworkShape) {
    this.random = random;
    this.shape = shape;
    this.small = new ReceiveRing(system, random.fork("small"), shape.small, 0);
    this.large = new ReceiveRing(system, random.fork("large"), shape.large, system.pageSize > 4096 ? 0 : 3);
    const order = system.pageSize > 4096 ? 0 : SOCKET.order;
    this.sockets = new SlabCache(system, random.fork("sockets"), { ...SOCKET, order });
    this.packets = 0;
    this.connections = shape.connections;
    this.small.receive(shape.small);
    this.large.receive(shape.large);
    this.sockets.make(shape.connections);
  }

  scale(factor: number): void {
    this.small.limit(scaled(this.shape.small, factor));
    this.large.limit(scaled(this.shape.large, factor));
    this.connections = scaled(this.shape.connections, factor);
    this.sockets.destroy(this.sockets.objects - this.connections);
  }

  turn(pages: number): number {
    let asked = 0;
    while (asked < pages) {
      const ring = this.random.chance(this.shape.largeShare) ? this.large : this.small;
      asked += ring.receive(1);
      if (++this.packets % PACKETS_A_CONNECTION !== 0) continue;
      this.sockets.destroy(1);
      const slabs = this.sockets.make(Math.min(2, Math.max(0, this.connections - this.sockets.objects)));
      if (slabs < 0) return asked;
      asked += slabs * 8;
    }
    return asked;
  }

  stop(): void {
    this.small.drop();
    this.large.drop();
    this.sockets.drop();
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
    }),
});
