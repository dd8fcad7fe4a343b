import type { WireName } from "../core/wire-name.ts";
import type { ServedModel } from "../dialects/served/wire-server.ts";
import { CREATED_S, MODEL_IDS } from "../dialects/server-wire.ts";

/** The models in a list of the simulator. */
export function simulatedModels(wire: WireName): readonly ServedModel[] {
  return MODEL_IDS[wire].map((id) => simulatedModel(wire, id));
}

/** Every id is served. */
export function simulatedModel(wire: WireName, id: string): ServedModel {
  const common = { id, title: `${id} (simulated)`, owner: "simulated", version: "simulated", createdS: CREATED_S };
  return { ...common, ...LIMITS[wire] };
}

const LIMITS: Readonly<Record<WireName, Pick<ServedModel, "context" | "maxOutput">>> = {
  openai: {},
  "openai-responses": {},
  anthropic: { context: 200_000, maxOutput: 64_000 },
  google: { context: 1_048_576, maxOutput: 65_536 },
};
