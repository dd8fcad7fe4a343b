import { describeSweep } from "./describe-sweep.ts";

describeSweep({
  streams: ["moonshotai/moonshotai-stream.chunks.txt", "alibaba/alibaba-tool-call.chunks.txt"],
  bodies: ["mistral/mistral-tool-call.json"],
});
