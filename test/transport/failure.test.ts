import { describe, expect, test } from "vitest";
import { connectionError, connectTimeout, proxyHost } from "../../src/transport/failure.ts";

const ORIGIN = "https://host.example";
const raised = (code: string, fields: object = {}, message = "it failed.") =>
  Object.assign(new Error(message), { code, ...fields });
const failing = (raw: unknown, proxy?: string, reused = false) => connectionError(raw, ORIGIN, proxy, reused);

describe("a connection that failed", () => {
  test.each([
    [raised("ECONNREFUSED", { address: "127.0.0.1", port: 9 }), "nothing listens at 127.0.0.1:9 (ECONNREFUSED)"],
    [raised("ECONNREFUSED", { address: "::1", port: 9 }), "nothing listens at [::1]:9 (ECONNREFUSED)"],
    [raised("ECONNREFUSED", { address: "127.0.0.1" }), "nothing listens at host.example (ECONNREFUSED)"],
    [raised("ECONNREFUSED", { port: 9 }), "nothing listens at host.example (ECONNREFUSED)"],
    [raised("ENOTFOUND", { hostname: "other.example" }), "cannot resolve host other.example (ENOTFOUND)"],
    [raised("EAI_AGAIN"), "cannot resolve host host.example (EAI_AGAIN)"],
    [raised("ECONNRESET"), "the connection was reset before an answer (ECONNRESET)"],
    [raised("EPIPE"), "the connection was closed while the request was written (EPIPE)"],
    [raised("UND_ERR_SOCKET"), "the connection was closed before an answer (UND_ERR_SOCKET)"],
    [raised("EHOSTUNREACH"), "the host cannot be reached (EHOSTUNREACH)"],
    [
      raised("DEPTH_ZERO_SELF_SIGNED_CERT"),
      "its certificate was rejected: it failed (DEPTH_ZERO_SELF_SIGNED_CERT); set tls.ca_file for a private authority",
    ],
    [raised("CERT_HAS_EXPIRED"), "its certificate was rejected: it failed (CERT_HAS_EXPIRED)"],
    [raised("EPROTO"), "the TLS handshake failed: it failed (EPROTO); is it an https URL?"],
    [
      raised("ERR_SSL_WRONG_VERSION_NUMBER"),
      "the TLS handshake failed: it failed (ERR_SSL_WRONG_VERSION_NUMBER); is it an https URL?",
    ],
    [
      raised("ERR_SSL_WRONG_VERSION_NUMBER", { reason: "wrong version number" }),
      "the TLS handshake failed: wrong version number (ERR_SSL_WRONG_VERSION_NUMBER); is it an https URL?",
    ],
    [raised("EWHATEVER"), "it failed (EWHATEVER)"],
    [new Error("no code."), "no code"],
    ["words", "words"],
  ])("%# has a clear message", (raw, reason) => {
    const error = failing(raw);
    expect(error).toMatchObject({ code: "connection_failed", reusedSocket: false, cause: raw });
    expect(error.message).toBe(`No connection to ${ORIGIN}: ${reason}.`);
  });

  test("at all addresses of a host reports the first one", () => {
    const raw = new AggregateError([raised("ECONNREFUSED", { address: "127.0.0.1", port: 1 }), raised("EHOSTUNREACH")]);
    expect(failing(raw)).toMatchObject({ cause: raw, message: expect.stringContaining("127.0.0.1:1") });
    expect(failing(new AggregateError([], "none")).message).toContain("none");
  });

  test.each(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"])("by %s on a reused connection is reported as such", (code) => {
    expect(failing(raised(code), undefined, true).reusedSocket).toBe(true);
    expect(failing(raised(code)).reusedSocket).toBe(false);
    expect(failing(raised("ECONNREFUSED"), undefined, true).reusedSocket).toBe(false);
  });

  test("is retried once for an unknown host, never for a rejected certificate", () => {
    const retryOf = (code: string) => {
      const { shouldRetry, retryable } = failing(raised(code));
      return [shouldRetry, retryable];
    };
    expect(retryOf("ENOTFOUND")).toEqual(["once", true]);
    expect(retryOf("EAI_AGAIN")).toEqual([undefined, true]);
    expect(retryOf("ERR_TLS_CERT_ALTNAME_INVALID")).toEqual([false, false]);
    expect(retryOf("UNABLE_TO_VERIFY_LEAF_SIGNATURE")).toEqual([false, false]);
    expect(retryOf("EPROTO")).toEqual([undefined, true]);
  });

  test("is not connection_failed for other errors", () => {
    expect(failing(raised("UND_ERR_INVALID_ARG", {}, "invalid header."))).toMatchObject({
      code: "invalid_request",
      message: "The request cannot be sent: invalid header.",
    });
    for (const code of ["UND_ERR_DESTROYED", "UND_ERR_CLOSED"])
      expect(failing(raised(code))).toMatchObject({
        code: "aborted",
        message: expect.stringMatching(/^The factory was closed while/),
      });
    expect(failing(raised("UND_ERR_CONNECT_TIMEOUT"))).toMatchObject({
      code: "timed_out",
      phase: "connect",
      message: `No connection to ${ORIGIN}.`,
    });
    expect(connectTimeout(ORIGIN, 50).message).toBe(`No connection to ${ORIGIN} within 50 ms.`);
  });
});

describe("a proxy", () => {
  const PROXY = "http://user:secret@proxy.example:3128";

  test("is named without its credentials", () => {
    expect(proxyHost(PROXY)).toBe("proxy.example:3128");
    expect(proxyHost("no address")).toBe("the proxy");
    expect(failing(raised("ECONNRESET"), PROXY).message).toBe(
      `No connection to ${ORIGIN} through the proxy proxy.example:3128: the connection was reset before an answer (ECONNRESET).`,
    );
  });

  test.each([
    [403, "proxy_refused"],
    [501, "proxy_refused"],
    [502, "connection_failed"],
    [503, "connection_failed"],
    [504, "connection_failed"],
    [505, "proxy_refused"],
  ] as const)("that answers CONNECT with %i is %s", (status, code) => {
    const raw = raised("UND_ERR_ABORTED", {}, `Proxy response (${status}) !== 200 when HTTP Tunneling`);
    expect(failing(raw, PROXY)).toMatchObject({
      code,
      message: `The proxy proxy.example:3128 refused the connection to ${ORIGIN} (${status}).`,
    });
    expect(failing(raw).code).toBe("connection_failed");
  });

  test("that requires credentials is reported, for any undici error", () => {
    const words = "The proxy proxy.example:3128 wants credentials (407).";
    const told = raised("UND_ERR_INVALID_ARG", {}, "Proxy Authentication Required (407)");
    expect(failing(told, PROXY)).toMatchObject({ code: "proxy_refused", message: words });
    expect(failing(raised("x", {}, "Proxy response (407) !== 200"), PROXY)).toMatchObject({ message: words });
  });
});
