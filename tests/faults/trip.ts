// A delivery that is driven by a test: fixes a metre and a tenth of a second apart, no two alike.
import { type Call, type Json, startDelivery, token } from "../service.ts";

/** Where the simulated clocks begin, in Unix seconds. */
export const ORIGIN = 1_700_000_000;
const LAT = 5.6;
/** A step of 1e-5 degrees: also a trail, which has five digits, tells fixes apart. */
const STEP = 1e-5;

export const fix = (n: number): Json => ({ lat: round(LAT + n * STEP), lng: -0.2, timestamp: ORIGIN + n / 10 });

/** Which fix was at this latitude. */
export const numberOf = (lat: number): number => Math.round((lat - LAT) / STEP);

export const fixes = (from: number, count: number): Json[] => Array.from({ length: count }, (_, i) => fix(from + i));

const round = (degrees: number) => Number(degrees.toFixed(5));

/** Starts a delivery whose clock runs `rate` times as fast, and picks it up. */
export async function start(service: { call: Call }, rate: number): Promise<string> {
  const { tracking_id: id } = await startDelivery(service, { clock: { origin: ORIGIN, rate } });
  await status(service, id, "PICKED_UP");
  return id;
}

export async function status(service: { call: Call }, id: string, to: string): Promise<Json> {
  const reply = await service.call("POST", `/tracking/${id}/status`, { token: await token("driver", "d1"), body: { status: to } });
  if (reply.status !== 200) throw new Error(`${to} answered ${reply.status}: ${reply.text}`);
  return reply.body;
}

/** Sends fixes in one request; returns what became of them. */
export async function send(service: { call: Call }, id: string, locations: Json[]): Promise<Json> {
  const reply = await service.call("POST", `/tracking/update/${id}`, { token: await token("driver", "d1"), body: { locations } });
  if (reply.status !== 200) throw new Error(`update answered ${reply.status}: ${reply.text}`);
  return reply.body;
}

/** All points of a history, page by page, as the store sees them. */
export async function history(service: { call: Call }, id: string, query = ""): Promise<Json[]> {
  const points: Json[] = [];
  for (let page = ""; ; ) {
    const reply = await service.call("GET", `/tracking/${id}/history?${query}${page}`, { token: await token("store", "x", { store: "s1" }) });
    if (reply.status !== 200) throw new Error(`history answered ${reply.status}: ${reply.text}`);
    points.push(...reply.body["points"]);
    if (reply.body["next_cursor"] === null) return points;
    page = `&cursor=${reply.body["next_cursor"]}`;
  }
}
