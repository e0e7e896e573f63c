/** Unpacks gzip in base64, which is how pages carry what is large. */

/** More than any page of ours unpacks to; a small text may unpack to more than the memory holds. */
const BYTES_MOST = 256 * 2 ** 20;

/** The text in `packed`; throws an Error in one line if it is damaged or too large. */
export async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed.trim()), (c) => c.charCodeAt(0));
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const decoder = new TextDecoder();
  const parts = [];
  let total = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    total += value.length;
    if (total > BYTES_MOST) {
      await reader.cancel();
      throw new Error(`unpacks to more than ${BYTES_MOST / 2 ** 20} MiB`);
    }
    parts.push(decoder.decode(value, { stream: true }));
  }
  return parts.join("") + decoder.decode();
}
