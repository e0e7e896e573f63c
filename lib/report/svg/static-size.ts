/** What every static picture has: its width in pixels, its font, the height of a row of its legend. */
export const WIDTH = 760;
export const FONT = "system-ui, sans-serif";
export const LEGEND_ROW = 22;
/** Width of a letter at 12 px in a wide sans-serif: without a browser words cannot be measured. */
export const LETTER = 7.3;
