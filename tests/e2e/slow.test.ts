// Watchers that do not keep up: they are asked, hear less, and are let go.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Connection } from "../hostile/connection.ts";
import { type Json, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

let service: Service;
before(async () => void (service = await start()));
after(() => service.stop());

const follow = async (id: string, as?: string) =>
  new Socket(`${service.ws}/ws/tracking/${id}${as === undefined ? "" : `?token=${as}`}`).opened();

/** A delivery on which each call of `tell` causes a broadcast of its own. */
async function delivery(): Promise<{ id: string; tell: (count: number) => Promise<void> }> {
  const { tracking_id: id } = await startDelivery(service);
  const desk = await token("dispatcher", "desk");
  let n = 0;
  const tell = async (count: number) => {
    for (const end = n + count; n < end; n += 1) {
      const body = { driver_id: `d${n % 2}` };
      const reply = await service.call("POST", `/tracking/${id}/assign`, { token: desk, body });
      assert.equal(reply.status, 200, reply.text);
    }
  };
  return { id, tell };
}

const broadcasts = (socket: Socket): Json[] => socket.frames.filter((frame) => frame["type"] !== "pong");
const asking = (frames: Json[]): number[] => frames.flatMap((frame, at) => (frame["ack"] === true ? [at] : []));
const heard = async (socket: Socket): Promise<void> => {
  socket.send({ type: "ping" });
  await socket.next("pong");
};

test("every 32nd broadcast asks all watchers alike, also after an eviction", async () => {
  const { id, tell } = await delivery();
  const [one, other] = [await follow(id), await follow(id, await token("store", "x", { store: "s1" }))];
  for (const socket of [one, other]) await socket.next("initial_state");
  await tell(20);
  assert.equal((await service.call("POST", `/test/forget/${id}`)).status, 200);
  await tell(50);
  for (const socket of [one, other]) {
    await heard(socket);
    const frames = broadcasts(socket);
    assert.equal(frames.length, 70);
    assert.deepEqual(asking(frames), [31, 63]);
    socket.end();
  }
});

test("no broadcast writes an attachment, an answer writes one", async () => {
  const { id, tell } = await delivery();
  const [answering, silent] = [await follow(id), await follow(id)];
  silent.answers = false;
  for (const socket of [answering, silent]) await socket.next("initial_state");
  const attachments = async () => Number((await service.call("GET", `/test/counters/${id}`)).body["attachments"]);
  const before = await attachments();
  await tell(31);
  assert.equal(await attachments(), before);
  await tell(3);
  for (const socket of [answering, silent]) await heard(socket);
  assert.equal(await attachments(), before + 1);
  for (const socket of [answering, silent]) socket.end();
});

test("who owes two answers hears the newest now and then, and who owes four is let go", async () => {
  const { id, tell } = await delivery();
  const [well, slow] = [await follow(id), await follow(id)];
  slow.answers = false;
  for (const socket of [well, slow]) await socket.next("initial_state");
  const began = performance.now();
  await tell(100);
  for (const socket of [well, slow]) await heard(socket);
  const [all, few] = [broadcasts(well), broadcasts(slow)];
  assert.equal(all.length, 100);
  // All until it was asked twice; then what asks, and the newest every 10 s.
  const most = 64 + 1 + 1 + Math.ceil((performance.now() - began) / 10_000);
  assert.ok(few.length >= 65 && few.length <= most, `${few.length} of 100, at most ${most}`);
  // The newest comes, though nothing happens any more.
  const newest = all.at(-1)?.["data"].seq as number;
  while ((await slow.next())["data"].seq !== newest);
  await tell(31);
  assert.deepEqual(await slow.close(), { code: 1008, reason: "Too slow" });
  assert.equal(well.closed, undefined);
  well.end();
});

test("a late answer brings everything back", async () => {
  const { id, tell } = await delivery();
  const watcher = await follow(id);
  watcher.answers = false;
  await watcher.next("initial_state");
  await tell(70);
  await heard(watcher);
  assert.ok(broadcasts(watcher).length < 70);
  const asked = broadcasts(watcher).filter((frame) => frame["ack"] === true).at(-1)?.["data"].seq as number;
  watcher.send({ type: "ack", seq: asked });
  await heard(watcher);
  watcher.frames.length = 0;
  await tell(10);
  await heard(watcher);
  assert.equal(broadcasts(watcher).length, 10);
  watcher.end();
});

test("a connection that reads nothing is given up, and nobody else notices", async () => {
  const { id, tell } = await delivery();
  const well = await follow(id);
  await well.next("initial_state");
  const deaf = await Connection.to(service.url);
  deaf.pause();
  deaf.send(Buffer.from(
    `GET /ws/tracking/${id} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  ));
  await heard(well);
  await tell(132);
  await heard(well);
  assert.equal(broadcasts(well).length, 132);
  // What it was sent until it was given up is there to be read, and then the close.
  deaf.resume();
  assert.equal((await deaf.answer()).status, 101);
  assert.equal((await deaf.frame("close")).subarray(2).toString(), "Too slow");
  deaf.close();
  well.end();
});
