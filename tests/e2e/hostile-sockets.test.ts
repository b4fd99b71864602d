// Hostile frames, upgrades and bytes: what the tables in tests/hostile send, and the exact answer or close.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { written } from "../hostile/cases.ts";
import { Connection } from "../hostile/connection.ts";
import { type People, people } from "../hostile/people.ts";
import { type FrameCase, frames, message, type RawCase, raw, type UpgradeCase, upgrades } from "../hostile/sockets.ts";
import { type Service, start } from "../service.ts";
import { Socket } from "../socket.ts";

let service: Service;
let cast: People;
before(async () => {
  service = await start();
  cast = await people(service);
});
after(() => service.stop());

const unchanged = () => test("nothing that was refused has changed anything, and the delivery answers", () => cast.unchanged());

/** A socket that has been greeted. */
async function follow(it: FrameCase): Promise<Socket> {
  const token = cast.token(it.as);
  const socket = new Socket(`${service.ws}/ws/tracking/${cast.filled(`{${it.delivery}}`)}`, ["onway.v1", ...(token ? [`bearer.${token}`] : [])]);
  assert.equal((await socket.next()).type, "initial_state");
  return socket;
}

async function checkFrame(it: FrameCase): Promise<void> {
  const socket = await follow(it);
  socket.send(message(it, cast.filled));
  if (it.close) {
    const [code, reason] = it.close;
    assert.deepEqual(await socket.close(), { code, reason });
    return;
  }
  if (it.error) {
    const { type, code, field, id, message: text } = await socket.next();
    assert.deepEqual([type, code, field, id], ["error", it.error, it.field, it.id]);
    assert.ok(typeof text === "string" && text.length <= 300, text);
  }
  if (it.answer) await socket.next(it.answer);
  // The socket stays open, and nothing else was said.
  socket.send({ type: "get" });
  assert.equal((await socket.next("initial_state")).type, "initial_state");
  assert.deepEqual(socket.frames.filter((frame) => frame["type"] === "error"), []);
  socket.end();
}

async function checkUpgrade(it: UpgradeCase): Promise<void> {
  const token = cast.token(it.as);
  const protocols = [...(it.protocols ?? []), ...(token ? ["onway.v1", `bearer.${token}`] : [])];
  const socket = new Socket(service.ws + cast.filled(written(it.path)), protocols, it.headers);
  if (it.close) {
    const [code, reason] = it.close;
    assert.deepEqual(await socket.close(), { code, reason });
  } else {
    await socket.next(it.answer);
    socket.end();
  }
  if (it.protocol !== undefined) assert.equal(socket.raw.protocol, it.protocol);
}

const UPGRADE = "GET /ws/tracking/{id} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

async function checkRaw(it: RawCase): Promise<void> {
  const connection = await Connection.to(service.url);
  try {
    if (it.upgrade) {
      connection.send(Buffer.from(cast.filled(UPGRADE)));
      assert.equal((await connection.answer()).status, 101);
      assert.equal(JSON.parse(String(await connection.frame("text"))).type, "initial_state");
    }
    const bytes = it.hex === undefined ? Buffer.from(cast.filled(written(it.text ?? ""))) : Buffer.from(written(it.hex), "hex");
    connection.send(bytes, it.end);
    if (it.close !== undefined) {
      assert.equal((await connection.frame("close")).readUInt16BE(0), it.close);
      return;
    }
    if (it.error !== undefined) {
      assert.equal(JSON.parse(String(await connection.frame("text"))).code, it.error);
      return;
    }
    const { status, head, body } = await connection.answer();
    assert.equal(status, it.status, `${head}\n${body}`);
    assert.doesNotMatch(head, /set-cookie/i);
    if (it.field !== undefined) assert.equal(JSON.parse(String(body)).field, it.field);
  } finally {
    connection.close();
  }
}

interface Expected {
  close?: unknown;
  error?: string | null;
  answer?: string;
  status?: number;
  field?: string;
}

function outcome({ close, error, answer, status, field }: Expected): string {
  const what = close === undefined ? (error ?? answer ?? status ?? "no answer") : `closes ${[close].flat().join(" ")}`;
  return field === undefined ? String(what) : `${what} at ${field}`;
}

describe(frames().entry, () => {
  for (const it of frames().cases) test(`${it.name}: ${outcome(it)}`, () => checkFrame(it));
  unchanged();
});

describe(upgrades().entry, () => {
  for (const it of upgrades().cases) test(`${it.name}: ${outcome(it)}`, () => checkUpgrade(it));
  unchanged();
});

describe(raw().entry, () => {
  for (const it of raw().cases) test(`${it.name}: ${outcome(it)}`, () => checkRaw(it));
  unchanged();
});
