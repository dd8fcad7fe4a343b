import * as fs from "node:fs";

/** `f_type` of statfs(2), https://man7.org/linux/man-pages/man2/statfs.2.html */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "SMB"],
  [0xfe534d42, "SMB"],
]);
const FUSE = 0x65735546;

/**
 * The name of the network file system that a folder is on. SQLite needs file locks and shared memory, which these do not
 * provide reliably: https://www.sqlite.org/faq.html#q5
 */
export function networkFileSystemOf(folder: string): string | undefined {
  if (/^[\\/]{2}[^\\/]/.test(folder) && process.platform === "win32") return "a network share";
  if (process.platform !== "linux") return undefined;
  return networkFileSystem(fs.statfsSync(folder).type, () => mountOf(fs.realpathSync(folder)));
}

/** FUSE is used for local disks too; the type of the mount tells. */
export function networkFileSystem(type: number, mountType: () => string): string | undefined {
  // Some types are negative as signed integers.
  const unsigned = type >>> 0;
  if (unsigned !== FUSE) return NETWORK_TYPES.get(unsigned);
  const mount = mountType();
  return mount === "fuse.sshfs" ? mount : undefined;
}

/** The type of the innermost mount above a folder. */
function mountOf(folder: string): string {
  const mounts = fs.readFileSync("/proc/self/mounts", "utf8").split("\n");
  let innermost: { readonly at: string; readonly type: string } = { at: "", type: "" };
  for (const mount of mounts) {
    const [, at = "", type = ""] = mount.split(" ");
    const isAbove = folder === at || folder.startsWith(at.endsWith("/") ? at : `${at}/`);
    if (isAbove && at.length >= innermost.at.length) innermost = { at, type };
  }
  return innermost.type;
}
