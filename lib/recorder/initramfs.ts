/** The archive that a kernel unpacks as its first file system (`newc` of Documentation/driver-api/early-userspace). */

const MODE_FILE = 0o100755;

function entry(name: string, mode: number, content: Buffer, inode: number): Buffer[] {
  const hex = (value: number) => value.toString(16).padStart(8, "0").toUpperCase();
  // ino, mode, uid, gid, nlink, mtime, size, device and device of the file (major, minor each), length of name, check
  const numbers = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = Buffer.from(`070701${numbers.map(hex).join("")}${name}\0`, "latin1");
  return [padded(head), padded(content)];
}

const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

/** An archive of the files, which may all be executed. */
export function initramfs(files: ReadonlyMap<string, Buffer>): Buffer {
  let inode = 1;
  const parts = [...files].flatMap(([name, content]) => entry(name, MODE_FILE, content, inode++));
  return Buffer.concat([...parts, ...entry("TRAILER!!!", 0, Buffer.alloc(0), 0)]);
}
