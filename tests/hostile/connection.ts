// A bare connection, for what no client library would send.
import { EventEmitter, once } from "node:events";
import { connect, type Socket } from "node:net";

/** So long an answer may take on a loaded machine before the test is told that it is missing. */
const PATIENCE_MS = 15_000;

export interface Heard {
  /** The status of the answer; none where the connection was closed without one. */
  status: number | undefined;
  head: string;
  body: Buffer;
}

export class Connection {
  readonly #socket: Socket;
  readonly #changes = new EventEmitter();
  #received = Buffer.alloc(0);
  #ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#changes.emit("change");
    });
    // A reset is followed by a close like any other end: what came before it counts.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#ended = true;
      this.#changes.emit("change");
    });
  }

  static async to(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    return new Connection(socket);
  }

  /** Sends bytes; with `end` nothing follows them. */
  send(bytes: Uint8Array, end = false): void {
    this.#socket.write(bytes);
    if (end) this.#socket.end();
  }

  /** Reads nothing, until it resumes. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The next answer, whole. */
  async answer(): Promise<Heard> {
    const head = await this.#until(() => {
      const at = this.#received.indexOf("\r\n\r\n");
      return at < 0 ? undefined : this.#received.subarray(0, at).toString("latin1");
    });
    if (head === undefined) return { status: undefined, head: "", body: this.#received };
    this.#received = this.#received.subarray(head.length + 4);
    const status = Number(head.split(" ")[1]);
    if (status === 100) return this.answer();
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    const body = (await this.#until(() => (this.#received.length >= length ? this.#received.subarray(0, length) : undefined))) ?? this.#received;
    return { status, head, body };
  }

  /** The payload of the next frame of this opcode. Frames of a server have no mask (RFC 6455, 5.1). */
  async frame(opcode: "text" | "close"): Promise<Buffer> {
    const wanted = opcode === "text" ? 0x81 : 0x88;
    for (;;) {
      const frame = await this.#until(() => whole(this.#received));
      if (frame === undefined) throw new Error(`the connection ended without a ${opcode} frame`);
      this.#received = this.#received.subarray(frame.length);
      if (frame.opcode === wanted) return frame.payload;
    }
  }

  /** Waits until `found` finds something; `undefined` where the connection ends before. */
  async #until<T>(found: () => T | undefined): Promise<T | undefined> {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    for (let it = found(); ; it = found()) {
      if (it !== undefined || this.#ended) return it;
      await once(this.#changes, "change", { signal: patience }).catch(() => {
        throw new Error(`waited in vain; so far: ${this.#received.subarray(0, 200)}`);
      });
    }
  }
}

/** The first frame of what was received, once it is whole. */
function whole(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
  const [opcode, short] = bytes;
  if (opcode === undefined || short === undefined) return undefined;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return undefined;
  const size = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const length = start + size;
  return bytes.length < length ? undefined : { opcode, payload: bytes.subarray(start, length), length };
}
