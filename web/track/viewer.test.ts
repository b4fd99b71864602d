import { expect, test } from "vitest";
import type { Snapshot } from "../client";
import { T0, aSnapshot } from "../client/fixtures";
import { type Viewer, allowed, viewerOf } from "./viewer";

const by = (role: Viewer["role"], link: string | null = null): Viewer => ({
  tracking_id: "TRK-1",
  token: role === null ? null : "t",
  link,
  role,
});
const details: Partial<Snapshot> = {
  handover_code: "A7K2",
  proof: [{ id: "p1", kind: "photo", at: T0, content_type: "image/png" }],
  rating: { stars: 5, at: T0 },
};
const going = aSnapshot({ ...details, status: "IN_TRANSIT" });
const delivered = aSnapshot({ ...details, status: "DELIVERED" });
const failed = aSnapshot({ ...details, status: "FAILED" });

test.each<[string, Viewer, Snapshot, string]>([
  ["anybody", by(null), delivered, ""],
  ["a link on the way", by(null, "TRK-1.s"), going, ""],
  ["a link after the delivery", by(null, "TRK-1.s"), delivered, "rate"],
  ["a customer on the way", by("customer"), going, "seeProof seeCode instruct share"],
  ["a customer after the delivery", by("customer"), delivered, "rate seeProof share"],
  ["a customer after a failure", by("customer"), failed, "seeProof share"],
  ["a driver", by("driver"), delivered, "seeProof"],
  ["a driver that opened a link", by("driver", "TRK-1.s"), delivered, "seeProof"],
  ["a store on the way", by("store"), going, "seeRating seeProof share"],
  ["a dispatcher after the end", by("dispatcher"), failed, "seeRating seeProof share replay"],
  ["an admin after the end", by("admin"), delivered, "seeRating seeProof replay"],
])("%s is shown no more than is for them", (_, viewer, snapshot, parts) => {
  const shown = Object.entries(allowed(viewer, snapshot)).filter(([, is]) => is);
  expect(shown.map(([part]) => part).join(" ")).toBe(parts);
});

test("what is not there is not shown to a customer either", () => {
  expect(allowed(by("customer"), aSnapshot({ status: "ASSIGNED" }))).toMatchObject({ seeCode: false, seeProof: false });
});

test("who looks is known by the token", () => {
  const token = `h.${Buffer.from('{"role":"customer"}').toString("base64url")}.s`;
  expect(viewerOf({ tracking_id: "TRK-1", token, link: null }).role).toBe("customer");
  expect(viewerOf({ tracking_id: "TRK-1", token: null, link: "TRK-1.s" }).role).toBeNull();
});
