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

/** Editors save in several steps; the file is read this long after the last one. */
const SETTLED_MS = 50;

/** Watches folders instead of files, because editors replace a file when they save it. */
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

/** A missing folder is tried again after the next change in another one. */
function watcherOf(folder: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, changed);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
