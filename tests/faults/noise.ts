// Does what is logged, for tests/e2e/logs.test.ts: its own process, whose output is the service's.
import { setTimeout as delay } from "node:timers/promises";
import { startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";
import { startWorkerd } from "./workerd.ts";

const [folder, vars] = process.argv.slice(2) as [string, string];
const service = await startWorkerd(folder, { ARCHIVE_DELAY_S: "0.05", ARCHIVE_RETRY_FIRST_S: "0.1", ...JSON.parse(vars) });
await service.fault({ kind: "before", count: 2 });
const { tracking_id: id } = await startDelivery(service, {
  driver_id: "RIDER-KOFI", customer_id: "CUST-AMA", store_id: "STORE-OSU", phone: "+233201234567",
  dropoff: { lat: 5.6037, lng: -0.1869, address: "12 MARKER ROAD" },
});
const driver = await token("driver", "RIDER-KOFI");
const watcher = new Socket(`${service.ws}/ws/tracking/${id}`);
await watcher.next("initial_state");
watcher.raw.close(1000, "kofi@example.com was here");
await watcher.close();
const line = await new Socket(`${service.ws}/ws/driver/RIDER-KOFI?token=${driver}`).opened();
line.raw.close();
await line.close();
await new Socket(`${service.ws}/ws/tracking/TRK-NOBODY`).close();
await service.call("POST", `/tracking/update/${id}`, { token: driver, body: { lat: 5.60371, lng: -0.1869 } });
await service.call("POST", `/tracking/${id}/status`, { token: driver, body: { status: "CANCELLED", reason: "12 MARKER ROAD" } });
await service.call("POST", `/tracking/${id}/status`, { token: await token("dispatcher", "desk"), body: { status: "DELIVERED" } });
await service.call("POST", `/tracking/${id}/status`, { token: await token("dispatcher", "desk"), body: { status: "CREATED" } });
await service.call("POST", "/tracking/start", { token: await token("dispatcher", "desk"), body: { order_id: "12 MARKER ROAD", dropoff: { lat: "5.6037" } } });
await service.call("GET", `/tracking/${id}/nothing/CUST-AMA`);
await service.call("GET", `/tracking/${id}`, { token: `${driver}x` });
// The archive fails twice, and then has it.
for (let tries = 0; tries < 200 && (await service.sql("SELECT 1 FROM delivery WHERE ended IS NOT NULL")).length === 0; tries += 1) await delay(50);
await delay(300);
for (const line of service.log) console.error(line);
await service.kill();
process.exit(0);
