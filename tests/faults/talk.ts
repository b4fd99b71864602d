// Says secrets to the service in each way in which they come, rightly and wrongly, and names them: whoever reads what
// this process prints finds them there and nowhere else.
import { start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

const service = await start();
const { tracking_id: id } = await startDelivery(service);
const [good, forged] = [await token("driver", "d1"), await token("driver", "d1", { secret: "not the secret, but as long as it is" })];
const made = await service.call("POST", "/drivers/d1/device-keys", { token: await token("admin", "x"), body: { label: "phone" } });
const key = made.body["key"] as string;
for (const secret of [good, forged, id, key]) console.log(`secret ${secret}`);
for (const secret of [good, forged]) {
  for (const path of [`/ws/tracking/${id}?token=${secret}`, `/ws/driver/d1?token=${secret}`]) {
    const socket = await new Socket(`${service.ws}${path}`).opened();
    socket.send({ type: "auth", token: forged });
    await socket.close();
  }
  await service.call("GET", `/tracking/${id}`, { token: secret });
  await service.call("GET", `/tracking/${id}?token=${secret}`);
}
await service.call("GET", `/log/osmand/${key}?lat=5.6&lon=-0.2`);
await service.call("GET", `/log/osmand/${key}x?lat=5.6&lon=-0.2`);
await service.call("POST", `/test/panic/${id}`);
await service.stop();
process.exit(0);
