/** Texts that Windows tools write: UTF-16 with a byte order mark. */

/** UTF-16 by its byte order mark becomes UTF-8; other bytes stay as they are. */
export function asUtf8(bytes: Buffer): Buffer {
  const encoding = utf16Of(bytes);
  return encoding === null ? bytes : Buffer.from(new TextDecoder(encoding).decode(bytes), "utf8");
}

/** The encoding that the first bytes of a text tell; null: none. */
export function utf16Of(first: Buffer): "utf-16le" | "utf-16be" | null {
  if (first.length < 2) return null;
  const mark = first.readUInt16BE(0);
  return mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : null;
}
