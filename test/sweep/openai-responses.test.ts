import { describeSweep } from "./describe-sweep.ts";

describeSweep({
  streams: ["openai-responses/programmatic-tool-calling.2.chunks.txt"],
  without: ["response.created", "response.in_progress"],
  bodies: ["azure/azure-text.1.json"],
});
