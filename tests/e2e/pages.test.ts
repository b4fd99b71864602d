import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Service, start, startDelivery, token } from "../service.ts";

let service: Service;
before(async () => void (service = await start({ vars: { TIMEZONE: "Africa/Accra", LOCALE: "en-GB" } })));
after(() => service.stop());

test("status and ETA are in the HTML, before any script", async () => {
  const { tracking_id: id } = await startDelivery(service);
  await service.call("POST", `/tracking/update/${id}`, {
    token: await token("driver", "d1"),
    body: { lat: 5.6, lng: -0.2, status: "IN_TRANSIT" },
  });
  const page = await service.call("GET", `/track/${id}`);
  assert.equal(page.status, 200);
  assert.match(page.headers.get("Content-Type") ?? "", /text\/html/);
  assert.equal(page.headers.get("Referrer-Policy"), "strict-origin-when-cross-origin");
  assert.match(page.text, /On the way/);
  assert.match(page.text, /\d{1,2}:\d\d · in \d+ min/);
  assert.doesNotMatch(page.text, /<!--onway:/);
  const data = /<script type="application\/json" id="onway-data">(.*?)<\/script>/s.exec(page.text)?.[1] ?? "";
  assert.equal(JSON.parse(data).snapshot.tracking_id, id);
  assert.equal(JSON.parse(data).config.timezone, "Africa/Accra");
});

test("text from outside cannot become markup", async () => {
  const { tracking_id: id } = await startDelivery(service, { order_id: "</script><script>alert(1)</script>" });
  const page = await service.call("GET", `/track/${id}`);
  assert.doesNotMatch(page.text, /<script>alert/);
  const strange = await service.call("GET", "/track/%3Cscript%3Ealert(1)%3C%2Fscript%3E");
  assert.equal(strange.status, 404);
  assert.doesNotMatch(strange.text, /<script>alert/);
});

test("a private delivery shows nothing, but the page for who has a token", async () => {
  const { tracking_id: id } = await startDelivery(service, { visibility: "private", order_id: "SECRET-ORDER" });
  const page = await service.call("GET", `/track/${id}`);
  assert.equal(page.status, 200);
  assert.match(page.text, /Private delivery/);
  assert.doesNotMatch(page.text, /SECRET-ORDER/);
});

test("the landing page, the OpenAPI document and health are served", async () => {
  assert.match((await service.call("GET", "/")).text, /Onway/);
  const document = await service.call("GET", "/openapi.json");
  assert.equal(document.status, 200);
  assert.ok(document.body["paths"]["/tracking/start"].post);
  const health = await service.call("GET", "/health");
  assert.equal(health.body["status"], "ok");
  assert.match(health.body["version"], /^\d+\.\d+\.\d+$/);
});
