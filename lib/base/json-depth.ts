/** How deep JSON is nested, before it is parsed: a parser of 100 MB of brackets takes gigabytes. */

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d,
];

/** Values of a text of JSON, at most: a list of `n` has n - 1 commas. Commas in texts count too. */
export function valuesIn(json: string): number {
  let values = 1;
  for (let at = json.indexOf(","); at >= 0; at = json.indexOf(",", at + 1)) values++;
  return values;
}

/** Whether lists and objects of a text lie deeper within each other than `most`; the text need not be JSON. */
export function isDeeperThan(json: string, most: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const c = json.charCodeAt(i);
    if (inString) {
      if (c === BACKSLASH) i++;
      else if (c === QUOTE) inString = false;
    } else if (c === QUOTE) inString = true;
    else if (c === OPEN_LIST || c === OPEN_OBJECT) {
      if (++depth > most) return true;
    } else if (c === CLOSE_LIST || c === CLOSE_OBJECT) depth--;
  }
  return false;
}
