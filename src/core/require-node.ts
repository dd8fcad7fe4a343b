// The first import of every entry point: an older Node gets a clear error instead of an unknown name.
// All modules are linked before this one runs, so names newer than Node 18 are accessed through a namespace (`fs.globSync`).
import { unsupportedNode } from "./node-version.ts";

const problem = unsupportedNode();
if (problem !== undefined) throw new Error(problem);
