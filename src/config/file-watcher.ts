import { type FSWatcher, watch } from "node:fs";
import type { Clock } from "../core/clock.ts";

/** Ends the watching. */
export interface FileWatcher {
  close(): void;
  [Symbol.dispose](): void;
}

interface Watching {
  /** The directories to watch; called again after every change, which may add others. */
  readonly folders: () => readonly string[];
  readonly clock: Clock;
  /** Must not reject. */
  readonly onChange: () => Promise<void>;
}

/** Editors write in several steps: this long after the last of them the file is read. */
const SETTLED_MS = 50;

/** Watches folders, not files: an editor that saves puts a new file in the place of the old one. */
export function watchFiles({ folders, clock, onChange }: Watching): FileWatcher {
  const watchers = new Map<string, FSWatcher>();
  let cancel = () => {};
  let closed = false;
  let running = Promise.resolve();

  const changed = () => {
    cancel();
    cancel = clock.schedule(() => {
      running = running.then(async () => {
        if (closed) return;
        await onChange();
        follow();
      });
    }, SETTLED_MS);
  };
  const follow = () => {
    if (closed) return;
    const wanted = new Set(folders());
    for (const [folder, watcher] of watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of wanted) if (!watchers.has(folder)) begin(folder);
  };
  const begin = (folder: string) => {
    const watcher = watcherOf(folder, changed);
    if (watcher === undefined) return;
    watcher.on("error", () => {
      watcher.close();
      watchers.delete(folder);
    });
    watchers.set(folder, watcher);
  };
  const close = () => {
    closed = true;
    cancel();
    for (const watcher of watchers.values()) watcher.close();
    watchers.clear();
  };
  follow();
  return { close, [Symbol.dispose]: close };
}

/** A folder that is not there yet is tried again when something beside it changes. */
function watcherOf(folder: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, changed);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
