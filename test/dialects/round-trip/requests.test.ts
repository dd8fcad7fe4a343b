import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adapt } from "../../../src/core/adapt.ts";
import type { CallInput } from "../../../src/core/call.ts";
import type { Json } from "../../../src/dialects/served/json.ts";
import type { Wire } from "../../harness/wires.ts";
import { compared, formOf, reportedSettings, withoutSettings } from "./request-form.ts";
import { requestsOf } from "./requests.ts";
import { REQUEST_WIRES } from "./wires.ts";

describe.each(Object.keys(REQUEST_WIRES) as Wire[])("a request on the wire %s", (wire) => {
  const row = REQUEST_WIRES[wire];
  const { dialect, target } = row;

  const sent = (input: CallInput) => {
    const { request, adjustments: adapted } = adapt(input, target, dialect);
    const { body, adjustments: encoded } = row.encode(request);
    const served = row.read({ body, owner: target.provider });
    return { messages: request.messages, body, served, adjustments: [...adapted, ...encoded] };
  };

  it("is read back without a change, except for reported adjustments", () => {
    fc.assert(
      fc.property(requestsOf(wire, row), (input) => {
        const { messages, served, adjustments } = sent(input);
        const [meant, got] = compared(formOf({ ...input, messages }), formOf(served.request), adjustments, wire);
        const reported = reportedSettings(adjustments);
        expect(got.messages).toEqual(meant.messages);
        expect(withoutSettings(got.settings, reported)).toEqual(withoutSettings(meant.settings, reported));
        expect(got.samples).toBe(meant.samples);
        expect(served.model).toBe(target.modelId);
      }),
    );
  });

  it("is encoded to the same body after it was read", () => {
    fc.assert(
      fc.property(requestsOf(wire, row), (input) => {
        const { body, served } = sent(input);
        const { body: extraBody, additions, thinkingBudget } = served.sameWire;
        const { body: again } = row.encode({ ...served.request, extraBody, additions, thinkingBudget });
        const inexact = new Set(served.adjustments.map(({ setting }) => setting.split(".", 1)[0] ?? ""));
        // The key is a hash of the prefix as the caller wrote it.
        inexact.add("prompt_cache_key");
        const exact = (fields: Json) =>
          Object.fromEntries(Object.entries(fields).filter(([name]) => !inexact.has(name)));
        expect(exact(again)).toEqual(exact(body));
      }),
    );
  });

  it("has only fields that are read or reported", () => {
    fc.assert(
      fc.property(requestsOf(wire, row), (input) => {
        const { served, adjustments } = sent(input);
        // A budget between those of two efforts comes from a limit that was reported.
        const clamped = adjustments.some(({ setting }) => setting === "reasoning_effort");
        const unread = [...served.adjustments, ...served.sameWire.losses].filter(
          ({ setting }) => !(clamped && setting === "thinking.budget_tokens"),
        );
        expect(unread.map(({ setting, from }) => [setting, from])).toEqual(Object.entries(input.extraBody));
      }),
    );
  });
});
