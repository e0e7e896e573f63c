/** Archives that are read in memory: tar and zip. Nothing is written, so that no path can do harm. */
import { unpackBytes } from "./packing";
import { isTar, untar } from "./tar";
import { asUtf8 } from "./utf16";
import { isZip, unzipEntry, zipEntries } from "./zip";

/** A regular file of an archive. */
export interface ArchivedFile {
  path: string;
  /** What it holds, unpacked if it is packed itself. Throws InputError for damaged contents, and for more than `most` bytes. */
  read(most: number): Buffer;
}

/** The files of an archive, the last of a path; null if the bytes are none. Throws InputError for a damaged archive. */
export function filesOf(bytes: Buffer, file: string): ArchivedFile[] | null {
  if (isTar(bytes))
    return Array.from(untar(bytes, file), ([path, content]) => ({
      path,
      read: (most) => asUtf8(unpackBytes(path, content, most)),
    }));
  if (!isZip(bytes)) return null;
  return zipEntries(bytes, file).map((entry) => ({
    path: entry.path,
    read: (most) => asUtf8(unpackBytes(entry.path, unzipEntry(bytes, entry, most), most)),
  }));
}
