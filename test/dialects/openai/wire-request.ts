import { expect } from "vitest";
import type { Encode } from "../../../src/core/dialect.ts";
import type { ModelRequest } from "../../../src/core/request.ts";
import type { Target } from "../../../src/core/target.ts";
import { requestOf } from "../contract.ts";

export interface Body {
  readonly body: Record<string, unknown>;
  readonly adjustments: readonly { setting: string; from: unknown; to: unknown; reason: string }[];
}

/** Encodes and gives the JSON that would go over the wire, checked against the API's own description. */
export function encoding(encode: Encode<unknown>, validate: ((body: unknown) => void) | undefined) {
  return (target: Target, request: Partial<ModelRequest>, streaming = false): Body => {
    const { params, adjustments } = encode(requestOf(request), target, streaming);
    const body = JSON.parse(JSON.stringify(params)) as Record<string, unknown>;
    validate?.(body);
    for (const adjustment of adjustments) expect(adjustment.reason).not.toBe("");
    return { body, adjustments };
  };
}
