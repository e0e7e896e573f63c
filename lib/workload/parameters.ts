/** Fields that several workloads share. */
import { InputError } from "../base/errors";
import type { Random } from "../base/random";
import { FILE_SYSTEMS } from "../hardware/file-systems";
import { filled, name, optional, parsed, text, time } from "../schema/field";
import { shown } from "../schema/place";

/** Longest simulated time of anything: ten years. */
export const LONGEST_MS = 3650 * 86_400_000;

/** How long a workload lasts: the parameter that nearly all of them have. */
export function duration(usual: string) {
  return filled(
    time('how long it lasts; "endless": until stopped', { default: usual, most: LONGEST_MS, endless: true }),
  );
}

/** The parameter of workloads that read and write whole files. Left out of a plan, it is ext4. */
export const FILE_SYSTEM = optional(
  name(
    "file system, which decides with the release how large the folios of the page cache are",
    FILE_SYSTEMS,
    {
      default: "ext4",
    },
  ),
);

/** Orders of requests, each with its weight. */
export interface OrderWeight {
  order: number;
  weight: number;
}

const ORDERS_MOST = 21;
const ORDERS_FORM = text("orders, each with its weight: 0:90 3:10; without one: 1", { longest: 400 });

/** The parameter of workloads that request blocks of several orders: `0:90 3:10`, or `0 3 9` for equal weights. */
export function orderWeights(doc: string, usual: string) {
  return filled(
    parsed(
      `${doc}: orders with weights, such as 0:90 3:10; without a weight: 1`,
      (given: string): OrderWeight[] => readOrders(given),
      [ORDERS_FORM],
      { default: usual },
    ),
  );
}

function readOrders(given: unknown): OrderWeight[] {
  const words = typeof given === "string" && given.length <= 400 ? given.trim().split(/[ ,]+/) : [];
  const orders = words.flatMap((word) => {
    const [, order, weight = "1"] = /^(\d{1,2})(?::(\d{1,9}(?:\.\d{1,9})?))?$/.exec(word) ?? [];
    return order === undefined ? [] : [{ order: Number(order), weight: Number(weight) }];
  });
  const distinct = new Set(orders.map(({ order }) => order));
  const total = orders.reduce((sum, { weight }) => sum + weight, 0);
  const valid = orders.length === words.length && distinct.size === orders.length && total > 0;
  if (!valid || orders.some(({ order }) => order >= ORDERS_MOST))
    throw new InputError(
      `must be different orders from 0 to ${ORDERS_MOST - 1}, with weights not all 0, such as "0:90 3:10": got ${shown(given)}`,
    );
  return orders;
}

/** Throws InputError if the machine has no lists of one of the orders. */
export function checkOrders(what: string, orders: readonly OrderWeight[], maxOrder: number): void {
  for (const { order } of orders)
    if (order > maxOrder)
      throw new InputError(
        `workload ${what}: orders: this machine has blocks up to order ${maxOrder}: got ${order}`,
      );
}

/** The sum of the weights, for drawOrder(). */
export function totalWeight(orders: readonly OrderWeight[]): number {
  return orders.reduce((sum, { weight }) => sum + weight, 0);
}

/** One of the orders at random, by their weights, which add up to `total`. */
export function drawOrder(orders: readonly OrderWeight[], total: number, random: Random): number {
  if (orders.length === 1) return orders[0]!.order;
  let at = random.float() * total;
  for (const { order, weight } of orders) {
    at -= weight;
    if (at < 0) return order;
  }
  return orders.at(-1)!.order;
}
