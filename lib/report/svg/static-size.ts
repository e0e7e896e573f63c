/** Constants of every static picture: width in pixels, on a page and on a phone, font, height of a legend row. */
export const WIDTH = 760;
export const NARROW_WIDTH = 390;
export const FONT = "system-ui, sans-serif";
export const LEGEND_ROW = 22;
/** Width of a letter at 12 px in a wide sans-serif font: text cannot be measured without a browser. */
export const LETTER = 7.3;
