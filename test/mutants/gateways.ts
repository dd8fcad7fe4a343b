import { always, never, replace, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const ERRORS = ["test/gateway/errors.test.ts"];
const SERVER = ["test/gateway/server.test.ts"];
const STREAMS = ["test/gateway/streams.test.ts"];
const MALFORMED = ["test/gateway/malformed-requests.test.ts"];
const PLAIN = ["test/gateway/plain-requests.test.ts"];
const SLOW_CLIENTS = ["test/gateway/slow-clients.test.ts"];
const MARKS = ["test/gateway/marks.test.ts"];
const CLIENT_FIELDS = ["test/gateway/client-fields.test.ts"];
const PROVIDER_OUTPUT = ["test/gateway/provider-output.test.ts"];
const STOCK = ["test/gateway/stock-clients.test.ts"];

/** What clients of the gateway rely on. */
export const gateways = [
  ...mutantsOf("src/gateway/browser-guard.ts", SERVER, [
    [
      "gateway-any-host",
      "a page under a name that leads to loopback is served",
      "guard",
      always("isLoopbackName(hostname)"),
    ],
    ["gateway-any-origin", "any web page is served", "guard", always("isSame(origin, url)")],
  ]),
  ...mutantsOf(
    "src/gateway/turns.ts",
    ["test/gateway/fairness.test.ts"],
    [
      [
        "gateway-starts-all-at-once",
        "a key that sends many requests at once occupies the process",
        "Turns.take",
        always("this.#queues.size === 0 && this.#left > 0"),
      ],
    ],
  ),
  ...mutantsOf("src/gateway/request-body.ts", SERVER, [
    ["gateway-any-size", "a decompressed body has no limit", "limited", never("count > maxBytes")],
  ]),
  ...mutantsOf("src/gateway/body-clock.ts", SLOW_CLIENTS, [
    ["gateway-waits-for-a-body", "a body that dribbles is waited for", "inTime", never("now - before < LEAST_BYTES")],
  ]),
  ...mutantsOf(
    "src/gateway/credentials.ts",
    ["test/gateway/credentials.test.ts"],
    [
      [
        "gateway-stops-comparing",
        "the time of a comparison tells which key it is",
        "Keys.#find",
        replace("found = one.key", "return one.key"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/gateway/in-flight.ts",
    ["test/gateway/server.test.ts", "test/gateway/fairness.test.ts"],
    [
      ["gateway-any-load", "requests in flight have no limit", "InFlight.enter", never("room <= 0")],
      [
        "gateway-one-key-has-all",
        "one key takes every place",
        "InFlight.enter",
        never("keys.length > 1 && own >= room"),
      ],
      [
        "gateway-keeps-places",
        "the places of requests that ended stay taken",
        "InFlight.leave",
        skip("this.#left(name)"),
      ],
    ],
  ),
  ...mutantsOf("src/gateway/node-server.ts", MALFORMED, [
    ["gateway-two-hosts", "a request with two hosts is served", "listenerOf", never("!hasOneHost(request)")],
  ]),
  ...mutantsOf("src/gateway/node-request.ts", MALFORMED, [
    [
      "gateway-first-of-two",
      "of two headers with different keys, the first one counts",
      "isPlain",
      never("Object.keys(headers).length * 2 !== rawHeaders.length"),
    ],
  ]),
  ...mutantsOf("src/gateway/node-answer.ts", PLAIN, [
    [
      "gateway-counts-characters",
      "a chunk is as long as its characters",
      "written",
      replace("Buffer.byteLength(text)", "text.length"),
    ],
    [
      "gateway-waits-for-the-rest",
      "a refused request whose body never comes keeps its connection",
      "writeAnswer",
      never("!request.complete"),
    ],
  ]),
  ...mutantsOf("src/gateway/gateway.ts", SERVER, [
    [
      "gateway-never-closed",
      "requests are served while it stops",
      "GatewayServer.#refusal",
      never("this.#closed !== undefined"),
    ],
    [
      "gateway-never-cut",
      "a stream that does not end keeps it from stopping",
      "GatewayServer.#drained",
      skip("this.#inFlight.stop"),
    ],
  ]),
  ...mutantsOf(
    "src/gateway/client-events.ts",
    ["test/gateway/opaque-state.test.ts"],
    [
      [
        "gateway-foreign-state",
        "state of another provider is taken for that of the wire",
        "ClientEvents.#signed",
        always("provider === this.#wire.vendor && this.#wire.readsState(event.signature)"),
      ],
    ],
  ),
  ...mutantsOf("src/gateway/foreign-state.ts", STOCK, [
    [
      "gateway-state-place",
      "reasoning of a chat client comes after the calls that it led to",
      "withOwners",
      never("inFields"),
    ],
  ]),
  ...mutantsOf("src/dialects/google/server/generate-turns.ts", STOCK, [
    [
      "gateway-thought-pieces",
      "a signature of streamed thoughts has only their last piece",
      "addJoined",
      always('part.type !== "reasoning" || part.text !== "" || part.signature === undefined'),
    ],
  ]),
  ...mutantsOf(
    "src/gateway/model-call.ts",
    ["test/gateway/opaque-state.test.ts"],
    [
      [
        "gateway-forgets-calls",
        "the state of a call is lost if the client drops it",
        "withStates",
        always("wire.losesCallState !== true"),
      ],
    ],
  ),
  ...mutantsOf("src/gateway/answer-stream.ts", STREAMS, [
    [
      "gateway-repeats",
      "text is sent twice after a break",
      "AnswerStream.#restart",
      never("this.#delivered || (this.#pending && this.#keptAlive)"),
    ],
  ]),
  ...mutantsOf("src/gateway/generate.ts", STREAMS, [
    ["gateway-keeps-broken", "a body begins with the part that broke off", "bodyOf", never('event.type === "reset"')],
  ]),
  ...mutantsOf("src/gateway/stream-body.ts", STOCK, [
    [
      "gateway-goes-on",
      "the provider generates for a client that left",
      "StreamBody.cancel",
      skip("this.#parts.leave()"),
    ],
  ]),
  ...mutantsOf("src/gateway/problems.ts", ERRORS, [
    ["gateway-repeats-in-vain", "clients repeat what cannot succeed", "failureHeaders", never("!repeat")],
  ]),
  ...mutantsOf("src/dialects/served/own-wire.ts", ERRORS, [
    ["gateway-forced-tool", "a forced tool is left out", "OwnWire.requireTool", never("lost !== undefined")],
  ]),
  ...mutantsOf("src/dialects/served/marks.ts", MARKS, [
    ["gateway-refuses-nothing", "what only the provider stores is left out", "applyMarks", never('mark === "refused"')],
  ]),
  ...mutantsOf("src/core/client-fields.ts", CLIENT_FIELDS, [
    [
      "gateway-loses-own-fields",
      "fields of the client's wire format are left out",
      "clientBody",
      always("sameWire.wire !== target.dialect"),
    ],
    [
      "gateway-unknown-fields",
      "unknown fields are sent to every host",
      "refusedFields",
      always("target.provider === vendor"),
    ],
    [
      "gateway-undoes-drop",
      "a field of a client brings a dropped setting back",
      "dropFields",
      always("ofClient === undefined"),
    ],
  ]),
  ...mutantsOf("src/dialects/served/other-model.ts", CLIENT_FIELDS, [
    ["gateway-other-model", "a tool chooses a model", "refuseOtherModel", never("path !== undefined")],
  ]),
  ...mutantsOf("src/gateway/issued-ids.ts", PROVIDER_OUTPUT, [
    ["gateway-any-id", "a key names what was issued to another", "requireIssued", never("foreign !== undefined")],
  ]),
  ...mutantsOf("src/core/same-wire.ts", PROVIDER_OUTPUT, [
    ["gateway-forged-block", "a signature is a block", "outsideSignature", never("signature.startsWith(START)")],
  ]),
  ...mutantsOf("src/dialects/served/answer-parts.ts", PROVIDER_OUTPUT, [
    ["gateway-joined-citations", "citations are of all text", "WrittenSample.#endText", skip("this.#last = undefined")],
  ]),
  ...mutantsOf("src/core/billing.ts", CLIENT_FIELDS, [
    ["gateway-growing-prompt", "a prompt that grows is reserved as it is", "growthOf", never("name !== undefined")],
  ]),
  ...mutantsOf(
    "src/dialects/openai/server/stored-responses.ts",
    ["test/gateway/stored-responses.test.ts"],
    [
      [
        "gateway-stores-all",
        "a response is stored against the will of its client",
        "storedResponses",
        never("body.store !== true"),
      ],
    ],
  ),
];
