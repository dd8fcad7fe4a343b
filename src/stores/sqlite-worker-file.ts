/** The file of the thread. In the bundle, scripts/build.mjs replaces this module by one with the code of the thread. */
export const SQLITE_WORKER: URL | string = new URL("./sqlite-worker.ts", import.meta.url);
