/** From which share of a machine's memory on the state of a plan shows in figures of the whole machine. */

/**
 * A choice, not a measurement. As the script uses at most half of what is available, such figures are never those of the state
 * alone.
 */
export const SHOWS = 0.2;

/** What holds below that, in words. */
export const TOO_SMALL =
  "Below a fifth of the machine's memory nothing about fragmentation can be compared: the rest of the machine decides";
