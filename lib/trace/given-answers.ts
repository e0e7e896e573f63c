/** How often a replay took from the recording what the model could have decided: counted, so that results can tell it. */

/** Counts of one replay. */
export interface GivenAnswers {
  /** Requests whose zone the recorded page decided: a counter that is read without a lock left it open. */
  zones: number;
  /** Of them, those that get the recorded zone if the counters are read when the page is taken. */
  zonesByLast: number;
  /** Of them, those that get it if the counters are read when the search begins. */
  zonesByFirst: number;
  /** Requests whose rights are those of a task that reclaims or that the OOM killer chose. */
  rights: number;
  /** Whole drains of a CPU's lists that the drained pages alone show. */
  drains: number;
  /** Free lists of which another page is the first, because the recording says that compaction rotated them. */
  rotations: number;
}

/** No answer is taken from the recording yet. */
export const noneGiven = (): GivenAnswers => ({
  zones: 0,
  zonesByLast: 0,
  zonesByFirst: 0,
  rights: 0,
  drains: 0,
  rotations: 0,
});
