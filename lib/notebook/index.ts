/** What a notebook cell uses besides the engine: functions that show values. */
export { display, inNotebook, type MimeBundle } from "./display";
export { markdown } from "./markdown";
export { bundleOf, type Showable, show } from "./show";
