// Starts the service and has schemathesis test it against the document that it serves.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { PUSH_VARS } from "../push-service.ts";
import { start, startDelivery, token } from "../service.ts";

// What texts and pushes need, so that their paths answer; nobody is sent any.
const SMS_VARS = { PUBLIC_URL: "https://track.example", SMS_PROVIDER: "twilio", SMS_ACCOUNT: "AC1", SMS_TOKEN: "token", SMS_FROM: "+15550100", SMS_COUNTRIES: "+233" };

const [schemathesis = "schemathesis", ...more] = process.argv.slice(2);
const service = await start({ vars: { ...PUSH_VARS, ...SMS_VARS } });
const deliveries = await Promise.all([{}, {}, { visibility: "private" }].map((extra) => startDelivery(service, extra)));
const child = spawn(schemathesis, ["--config-file", join(import.meta.dirname, "schemathesis.toml"), "run", `${service.url}/openapi.json`, ...more], {
  cwd: import.meta.dirname,
  stdio: "inherit",
  env: { ...process.env, ONWAY_TOKEN: await token("admin", "contract"), ONWAY_IDS: deliveries.map(({ tracking_id: id }) => id).join(" ") },
});
// Beside it in the same environment.
const text = (await service.call("GET", "/metrics", { token: await token("admin", "contract") })).text;
const metrics = spawnSync(join(dirname(schemathesis), "python"), [join(import.meta.dirname, "metrics.py")], { input: text, stdio: ["pipe", "inherit", "inherit"] });
const [code] = (await once(child, "exit")) as [number | null];
await service.stop();
process.exitCode = code === 0 && metrics.status === 0 ? 0 : 1;
