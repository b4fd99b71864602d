// A queue of the tests' own. It keeps what it is given, and can be away for so many calls. Where a consumer is bound it
// also delivers, at least once: messages are on disk until they are acknowledged, whoever dies meanwhile.
import { DurableObject } from "cloudflare:workers";

/** As in wrangler.toml. */
const BATCH_MAX = 50;
/** Shorter than there, and nothing is put aside after so many: a test ends before. */
const RETRY_S = 1;

let away = 0;
let mute = 0;
let paused = false;
const kept = [];

const decoded = (body) => new TextDecoder().decode(Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0)));

export class Messages extends DurableObject {
  #sql = this.ctx.storage.sql;

  constructor(state, env) {
    super(state, env);
    this.#sql.exec("CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT, at INTEGER, due INTEGER, attempts INTEGER)");
  }

  put(messages) {
    const now = Date.now();
    for (const { body, delaySecs = 0 } of messages) this.#sql.exec("INSERT INTO message VALUES (NULL, ?, ?, ?, 0)", decoded(body), now, now + delaySecs * 1000);
    this.wake();
  }

  /** What nobody has acknowledged, oldest first. */
  held() {
    return this.#sql.exec("SELECT body, due, attempts FROM message ORDER BY id").toArray();
  }

  wake() {
    const { due } = this.#sql.exec("SELECT min(due) AS due FROM message").one();
    if (due !== null && !paused) this.ctx.storage.setAlarm(due);
  }

  async alarm() {
    if (paused) return;
    const batch = this.#sql.exec("UPDATE message SET attempts = attempts + 1 WHERE id IN (SELECT id FROM message WHERE due <= ? ORDER BY due, id LIMIT ?) RETURNING *", Date.now(), BATCH_MAX).toArray();
    if (batch.length > 0) this.#settle(batch, await this.#deliver(batch));
    this.wake();
  }

  async #deliver(batch) {
    const messages = batch.map(({ id, body, at, attempts }) => ({ id: String(id), body, timestamp: new Date(at), attempts }));
    try {
      return await this.env.CONSUMER.queue("onway-events", messages);
    } catch (error) {
      console.error("queue:", error);
      return { outcome: "exception" };
    }
  }

  /** Without a word of its own a message goes as its batch does. */
  #settle(batch, { outcome, ackAll, retryBatch, explicitAcks = [], retryMessages = [] }) {
    const acked = new Set(explicitAcks);
    const again = new Map(retryMessages.map(({ msgId, delaySeconds }) => [msgId, delaySeconds]));
    const isOver = outcome === "ok" && (ackAll || !retryBatch?.retry);
    for (const id of batch.map((message) => String(message.id))) {
      if (acked.has(id) || (isOver && !again.has(id))) this.#sql.exec("DELETE FROM message WHERE id = ?", Number(id));
      else this.#sql.exec("UPDATE message SET due = ? WHERE id = ?", Date.now() + (again.get(id) ?? retryBatch?.delaySeconds ?? RETRY_S) * 1000, Number(id));
    }
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const messages = env.MESSAGES.get(env.MESSAGES.idFromName("onway-events"));
    switch (pathname) {
      case "/batch": {
        if (away > 0) {
          away -= 1;
          return new Response("away", { status: 503 });
        }
        const given = (await request.json()).messages;
        if (env.CONSUMER) await messages.put(given);
        for (const { body } of given) kept.push(decoded(body));
        if (mute > 0) {
          mute -= 1;
          // No answer within the life of any test.
          await new Promise((resolve) => setTimeout(resolve, 3_600_000));
        }
        return Response.json({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 } } });
      }
      case "/away":
        away = Number(await request.text());
        return Response.json({});
      case "/mute":
        mute = Number(await request.text());
        return Response.json({});
      case "/pause":
        paused = (await request.text()) === "true";
        await messages.wake();
        return Response.json({});
      case "/held":
        return Response.json(await messages.held());
      case "/kept":
        return Response.json(kept);
      default:
        return new Response(pathname, { status: 404 });
    }
  },
};
