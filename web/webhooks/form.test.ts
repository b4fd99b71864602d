import { expect, test } from "vitest";
import type { EndpointChange, WebhookEndpoint } from "../client/wire";
import { anEndpoint } from "./fixtures";
import { type Draft, changeOf, draftOf, mistakeOf, requestOf, toggled } from "./form";

const draft = (fields: Partial<Draft> = {}): Draft => ({ ...draftOf(null, null), url: "https://shop.example.com/onway", ...fields });

test.each<[Partial<Draft>, string | null]>([
  [{}, null],
  [{ everything: false, events: ["emergency"] }, null],
  [{ url: "" }, "url"],
  [{ url: "shop.example.com" }, "url"],
  [{ everything: false }, "events"],
])("in %o the mistake is %s", (fields, field) => {
  expect(mistakeOf(draft(fields))?.field ?? null).toBe(field);
});

test("a new one says no more than was written", () => {
  expect(requestOf(draft({ url: " https://a.example/ " }))).toEqual({ url: "https://a.example/", events: null, enabled: true });
  expect(requestOf(draft({ everything: false, events: ["delivery.failed"], description: " The till ", store_id: "s1", enabled: false }))).toEqual({
    url: "https://shop.example.com/onway",
    events: ["delivery.failed"],
    enabled: false,
    description: "The till",
    store_id: "s1",
  });
});

test.each<[Partial<WebhookEndpoint>, Partial<Draft>, EndpointChange | null]>([
  [{}, {}, null],
  // To name `enabled` would begin its failures anew.
  [{ failing_since: 7 }, { url: "https://b.example/" }, { url: "https://b.example/" }],
  [{ description: "The till" }, { description: "" }, { description: "" }],
  [{ events: ["emergency"] }, { everything: true }, { events: null }],
  [{}, { everything: false, events: ["emergency"] }, { events: ["emergency"] }],
  [{ events: ["emergency", "delivery.failed"] }, { events: ["delivery.failed", "emergency"] }, null],
  [{}, { events: ["emergency"] }, null],
  [{ enabled: false }, { enabled: true }, { enabled: true }],
])("%o with %o is changed by %o", (known, fields, change) => {
  const endpoint = anEndpoint(known);
  expect(changeOf({ ...draftOf(endpoint, null), ...fields }, endpoint)).toEqual(change);
});

test("a new one of whoever looks at one store is that store's", () => {
  expect(draftOf(null, "s1").store_id).toBe("s1");
  expect(draftOf(anEndpoint({ store_id: "s2" }), "s1").store_id).toBe("s2");
});

test("events are chosen in the order of the list, each once", () => {
  expect(toggled(["emergency"], "delivery.created", true)).toEqual(["delivery.created", "emergency"]);
  expect(toggled(["emergency"], "emergency", true)).toEqual(["emergency"]);
  expect(toggled(["delivery.created", "emergency"], "emergency", false)).toEqual(["delivery.created"]);
});
