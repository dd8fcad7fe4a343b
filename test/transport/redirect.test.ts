import { expect, test } from "vitest";
import { MAX_REDIRECTS, redirectTarget } from "../../src/transport/redirect.ts";

const FROM = "https://host.example/v1/chat";

test.each([307, 308])("%i is followed within the origin, absolute or relative", (status) => {
  for (const location of ["https://host.example/v2/chat", "/v2/chat", "../v2/chat"])
    expect(redirectTarget(status, location, FROM, 0).href).toBe("https://host.example/v2/chat");
});

test.each([null, "http://[", "https://:0"])("without a location it is a protocol_error: %s", (location) => {
  expect(() => redirectTarget(307, location, FROM, 0)).toThrow(
    expect.objectContaining({ code: "protocol_error", message: expect.stringContaining("without a location") }),
  );
});

test.each(["http://host.example/v1", "https://host.example:8443/v1", "https://other.example/v1", "//other.example"])(
  "neither key nor prompt is sent to %s",
  (location) => {
    expect(() => redirectTarget(307, location, FROM, 0)).toThrow(expect.objectContaining({ code: "redirect_blocked" }));
  },
);

test("at most three are followed", () => {
  expect(redirectTarget(307, "/", FROM, MAX_REDIRECTS - 1).href).toBe("https://host.example/");
  expect(() => redirectTarget(307, "/", FROM, MAX_REDIRECTS)).toThrow(
    expect.objectContaining({ code: "protocol_error" }),
  );
});
