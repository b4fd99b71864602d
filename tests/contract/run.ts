// Starts the service and has schemathesis test it against the document that it serves.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { start, startDelivery, token } from "../service.ts";

const [schemathesis = "schemathesis", ...more] = process.argv.slice(2);
const service = await start();
const deliveries = await Promise.all([{}, {}, { visibility: "private" }].map((extra) => startDelivery(service, extra)));
const child = spawn(schemathesis, ["--config-file", join(import.meta.dirname, "schemathesis.toml"), "run", `${service.url}/openapi.json`, ...more], {
  cwd: import.meta.dirname,
  stdio: "inherit",
  env: { ...process.env, ONWAY_TOKEN: await token("admin", "contract"), ONWAY_IDS: deliveries.map(({ tracking_id: id }) => id).join(" ") },
});
const [code] = (await once(child, "exit")) as [number | null];
await service.stop();
process.exitCode = code ?? 1;
