/**
 * Reservations (Christoph Lameter, 2018): a number of large pages is not broken up for smaller requests.
 *
 * It is the strategy `reservation`, which this idea names: docs/strategies/reservation.md says what is modelled and what is not.
 *
 * Held against: nothing. The posting names use at a provider over years, and no figure.
 */
import type { Idea } from "./idea";

export const RESERVATIONS: Idea = {
  name: "reservations",
  title: "Lameter's reservations: large pages that are not broken up",
  kind: "strategy",
  modelled: "the strategy reservation: a stock taken after boot, from which requests are served",
  notModelled:
    "reserved pages stay on the free lists and count as free in the proposal; here they count as taken",
  published: "none: the posting names no figure",
  sources: ["Christoph Lameter: patches to linux-mm and linux-rdma, February 2018"],
  since: "4.17",
  machine: {},
  strategy: { name: "reservation", pages: 8 },
};
