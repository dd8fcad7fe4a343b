import { describeSweep } from "./describe-sweep.ts";

describeSweep({
  streams: ["google/google-reasoning-gemini3.chunks.txt", "google/google-tool-call.chunks.txt"],
  bodies: ["google/google-tool-call.json"],
});
