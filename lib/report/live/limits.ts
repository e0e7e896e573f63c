/** What a live figure may have at most: the page's script asks before it makes controls, and the engine before it computes. */
export const KNOBS_MOST = 8;
export const CHOICES_MOST = 200;
