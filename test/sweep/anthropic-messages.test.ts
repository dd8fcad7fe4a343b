import { describeSweep } from "./describe-sweep.ts";

describeSweep({
  streams: ["anthropic/anthropic-clear-thinking.1.chunks.txt", "anthropic/anthropic-tool-no-args.chunks.txt"],
  bodies: ["anthropic/anthropic-clear-thinking.1.json"],
});
