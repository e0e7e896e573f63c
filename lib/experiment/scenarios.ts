/** Named comparisons and their lists of strategies. */

import { parseDuration } from "../base/duration";
import { InputError, unknownName } from "../base/errors";
import { parseSize } from "../base/units";
import { findBoard } from "../hardware/boards";
import { COMPARISON_DEFAULTS, type ComparisonSpec } from "../plan/comparison";
import { cmaDebate, rdmaDebate } from "../strategy";

/** Options that change a scenario. */
export interface ScenarioOptions {
  board?: string;
  /** "2GiB" or bytes. */
  memory?: string | number;
  /** How long the machine has been up before the first request: "30 days" or milliseconds. */
  uptime?: string | number;
  /** Size of one request: "1GiB" or bytes. */
  size?: string | number;
  /** Address width of the device, in bits. */
  dmaBits?: number;
  seeds?: number;
  firstSeed?: number;
}

export interface Scenario {
  name: string;
  title: string;
  /** The question, and the part of the article that it tests. */
  summary: string;
  /** Defaults of the options. */
  defaults: { board: string; memory: string; uptime: string };
  /** `compare` adds the columns of the scorecard (scorecard.ts). */
  card?: boolean;
  spec(options: {
    board: string;
    memoryBytes: number;
    uptimeMs: number;
  }): Omit<ComparisonSpec, "seeds" | "firstSeed">;
}

/** A board that has been used for a while, with a camera that runs during the requests. */
function usedBoard(board: string, uptimeMs: number): NonNullable<ComparisonSpec["workload"]> {
  const profile = board.startsWith("raspberry-pi") || board === "qemu-virt" ? "pi" : "server";
  return {
    sequence: [
      { kind: "uptime", duration: `${uptimeMs}ms`, profile },
      { kind: "camera", duration: "endless" },
    ],
  };
}

const cma64kPi: Scenario = {
  name: "cma-64k-pi",
  title: "a CMA area on a Raspberry Pi with a 64 KiB kernel",
  summary:
    "A camera wants 16 MiB at a time from a board whose kernel has pages of 64 KiB, so that a page block is 512 MiB: the buddy allocator alone, CMA with these pages, and CMA on a kernel with pages of 4 KiB.",
  defaults: { board: "raspberry-pi-4", memory: "2GiB", uptime: "2 days" },
  spec: ({ board, memoryBytes, uptimeMs }) => ({
    machine: { board, memoryBytes, pageSize: 65536 },
    workload: usedBoard(board, uptimeMs),
    request: { bytes: 16 * 2 ** 20, times: 20 },
    strategies: [
      { label: "buddy", spec: { name: "buddy" } },
      { label: "cma-64k", spec: { name: "cma", area: "64MiB", pageSize: "native" } },
      { label: "cma-4k", spec: { name: "cma", area: "64MiB", pageSize: "4KiB" } },
    ],
  }),
};

const cmaDebateScenario: Scenario = {
  name: "cma-debate",
  title: "every way to contiguous memory of the CMA session",
  summary:
    "One machine that has been used for a while, 20 requests of 64 MiB: what each strategy of the session grants, how long it takes, and what the others pay.",
  defaults: { board: "raspberry-pi-4", memory: "2GiB", uptime: "2 days" },
  spec: ({ board, memoryBytes, uptimeMs }) => ({
    machine: { board, memoryBytes },
    workload: usedBoard(board, uptimeMs),
    request: { bytes: 64 * 2 ** 20, times: 20 },
    strategies: cmaDebate({ board, memoryBytes }),
  }),
};

/** Strategies of the RDMA session that can serve 2 GB; reservations end at the largest buddy order. */
export const RDMA_STRATEGIES = rdmaDebate().filter(({ spec }) => spec.name !== "reservation");

/**
 * The proposed MAP_CONTIG is a user's request; registered memory is pinned long-term; the CPU was to map it with 2 MB
 * pages.
 */
export const RDMA_REQUEST = { who: "user", longtermPin: true, cpuMapBytes: 2 * 2 ** 20 } as const;

/** A server that has been used for a while: as a database if its board is one. */
export function usedServer(board: string, uptimeMs: number): NonNullable<ComparisonSpec["workload"]> {
  const profile = board.startsWith("database") ? "database" : "server";
  return { kind: "uptime", duration: `${uptimeMs}ms`, profile };
}

const rdma2gb: Scenario = {
  name: "rdma-2gb",
  title: "2 GB for an RDMA adapter",
  summary:
    "A process owns a shared area of 2 GB that an RDMA adapter is to know by as few entries as possible, on a server that has been used for a month: every way of the RDMA session, each asked once.",
  defaults: { board: "server-x86-64", memory: "64GiB", uptime: "30 days" },
  card: true,
  spec: ({ board, memoryBytes, uptimeMs }) => ({
    machine: { board, memoryBytes },
    workload: usedServer(board, uptimeMs),
    request: { bytes: 2 * 2 ** 30, ...RDMA_REQUEST },
    strategies: RDMA_STRATEGIES,
  }),
};

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(
  [cma64kPi, cmaDebateScenario, rdma2gb].map((s) => [s.name, s]),
);

/**
 * The comparison of a scenario with `options` in place. Throws InputError for an unknown name, listing the known ones.
 */
export function scenario(name: string, options: ScenarioOptions = {}): ComparisonSpec {
  const found = SCENARIOS.get(name);
  if (found === undefined) throw unknownName("scenario", name, [...SCENARIOS.keys()]);
  const { board, memory, uptime, size, dmaBits, seeds, firstSeed } = {
    ...found.defaults,
    ...withoutUndefined(options),
  };
  findBoard(board);
  const uptimeMs = parseDuration(uptime, `${name}: uptime`);
  if (!Number.isFinite(uptimeMs))
    throw new InputError(`${name}: uptime must end: got ${JSON.stringify(uptime)}`);
  const memoryBytes = parseSize(memory, `${name}: memory`);
  const spec = found.spec({ board, memoryBytes, uptimeMs });
  return {
    ...spec,
    request: {
      ...spec.request,
      ...(size !== undefined && { bytes: parseSize(size, `${name}: size`) }),
      ...(dmaBits !== undefined && { dmaBits }),
    },
    seeds: seeds ?? COMPARISON_DEFAULTS.seeds,
    firstSeed: firstSeed ?? COMPARISON_DEFAULTS.firstSeed,
  };
}

function withoutUndefined<T extends object>(options: T): T {
  // Nothing is taken away that the type says is there.
  return Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined)) as T;
}
