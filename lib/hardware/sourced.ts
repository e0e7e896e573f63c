/**
 * Figures of the hardware models: every number has a source. A source that starts with `CHOICE` is ours: no vendor
 * documents the figure. "[P]" marks a page that was read, "[M]" a figure from memory that should be checked before it
 * is quoted. Kernel files are named with their release.
 */
export interface Sourced {
  value: number;
  /** The source of the figure, or the reason for choosing it. */
  source: string;
}

/** First words of the source of an undocumented figure. */
export const CHOICE = "modelling choice";
