// Who asks, and for which deliveries: what the tables of hostile input name.
import assert from "node:assert/strict";
import { type Json, type Service, startDelivery, token } from "../service.ts";

export interface People {
  /** The token of somebody in the tables; none for nobody. */
  token(who: string | null | undefined): string | undefined;
  /** A text with `{id}` and the like put in. */
  filled(text: string): string;
  /** The deliveries that only refused input was sent to are as they were, and take what is right. */
  unchanged(): Promise<void>;
}

/**
 * `{id}` and `{private}` are deliveries that take no more from the tables than refusals, `{open}` and
 * `{second}` take what is at the limits.
 */
export async function people(service: Service): Promise<People> {
  const tokens: Record<string, string> = {
    driver: await token("driver", "d1"),
    stranger: await token("driver", "d2"),
    customer: await token("customer", "c1"),
    store: await token("store", "desk", { store: "s1" }),
    dispatcher: await token("dispatcher", "desk"),
    admin: await token("admin", "root"),
  };
  const { tracking_id: id, epoch } = await startDelivery(service);
  const own = (await startDelivery(service, { visibility: "private" })).tracking_id as string;
  const open = (await startDelivery(service)).tracking_id as string;
  const second = (await startDelivery(service)).tracking_id as string;
  const names: Record<string, string> = { ...tokens, token: tokens["driver"] as string, id, lower: id.toLowerCase(), private: own, open, second, epoch };
  const seen = async (delivery: string): Promise<Json> => {
    const reply = await service.call("GET", `/tracking/${delivery}`, { token: tokens["admin"] as string });
    assert.equal(reply.status, 200, reply.text);
    const { server_time: _, driver_online: __, ...rest } = reply.body;
    return rest;
  };
  const asStarted = new Map([[id, await seen(id)], [own, await seen(own)]]);
  return {
    token: (who) => (who === null || who === undefined ? undefined : tokens[who]),
    filled: (text) => text.replace(/\{(\w+)\}/g, (whole, name: string) => names[name] ?? whole),
    async unchanged() {
      for (const [delivery, before] of asStarted) assert.deepEqual(await seen(delivery), before);
      const reply = await service.call("POST", `/tracking/update/${open}`, { token: tokens["driver"] as string, body: { lat: 5.6, lng: -0.2 } });
      assert.equal(reply.status, 200, reply.text);
      assert.equal((await service.call("GET", "/health")).status, 200);
    },
  };
}
