import { describe, expect, test } from "vitest";
import { readPageData } from "./page-data";

describe("where the page finds its delivery", () => {
  const secret = "c2VjcmV0c2VjcmV0c2Vjcg";
  test.each([
    ["/track/TRK-A", "TRK-A", null],
    ["/track/TRK-A/", "TRK-A", null],
    [`/s/TRK-A.${secret}`, "TRK-A", `TRK-A.${secret}`],
    ["/s/TRK-A.%2Fx", "TRK-A", "TRK-A./x"],
    ["/s/%E0%A4%A", null, null],
    ["/drive", null, null],
  ])("%s", (path, tracking_id, link) => {
    const data = readPageData(null, path);
    expect([data.tracking_id, data.link]).toEqual([tracking_id, link]);
  });

  test("the link comes from the address alone: the data block has none", () => {
    const data = readPageData(JSON.stringify({ tracking_id: "TRK-A", link: "TRK-B.x" }), `/s/TRK-A.${secret}`);
    expect(data.link).toBe(`TRK-A.${secret}`);
  });
});
