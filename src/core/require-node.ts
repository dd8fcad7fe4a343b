// The first import of every entry point: an older Node gets one sentence, not the first name that it does not know.
// All modules are linked before this one runs, so names newer than Node 18 are read from a namespace (`fs.globSync`).
import { unsupportedNode } from "./node-version.ts";

const problem = unsupportedNode();
if (problem !== undefined) throw new Error(problem);
