/**
 * Figures of the hardware models: a number never stands without its source. A source that starts with `CHOICE` is ours: no
 * vendor documents the figure. "[P]" marks a page that was read, "[M]" a figure from memory that should be checked before
 * it is quoted; the kernel's files are named with their release.
 */
export interface Sourced {
  value: number;
  /** Where the figure comes from, or why it was chosen. */
  source: string;
}

/** First words of the source of a figure that nobody documents. */
export const CHOICE = "modelling choice";
