/** Hands over proofs of delivery over HTTP, one after the other; what has no network waits. */
import { Refusal, request } from "./http";
import type { Proof, Store } from "./rows";

/** Photos are large: no phone should fill up with them. */
export const MAX_PROOFS = 20;

export interface ProofState {
  readonly waiting: number;
  /** What became of the last one that was refused. */
  readonly refused: { kind: Proof["kind"]; message: string } | null;
}

export class Proofs {
  private turn: Promise<void> = Promise.resolve();
  private refused: ProofState["refused"] = null;

  constructor(
    private readonly store: Store,
    private readonly token: string,
    private readonly onChange: (state: ProofState) => void,
    private readonly ask: typeof fetch = (...args) => fetch(...args),
  ) {}

  /** Keeps it, and sends it if it can. False if too many wait already. */
  async add(proof: Proof): Promise<boolean> {
    if ((await this.store.proofs.count()) >= MAX_PROOFS) return false;
    await this.store.proofs.add(proof);
    this.refused = null;
    await this.tell();
    void this.flush();
    return true;
  }

  /** Sends what waits. */
  flush(): Promise<void> {
    this.turn = this.turn.then(() => this.sendAll()).catch(() => undefined);
    return this.turn;
  }

  private async sendAll(): Promise<void> {
    for (;;) {
      const [row] = await this.store.proofs.first(1);
      if (!row) break;
      try {
        await this.send(row.value);
      } catch (error) {
        // The network, the service or the sign-in may be better later; what was judged is settled.
        if (!(error instanceof Refusal) || isLater(error.status)) break;
        this.refused = { kind: row.value.kind, message: error.message };
      }
      await this.store.proofs.remove([row.key]);
      await this.tell();
    }
    await this.tell();
  }

  private send({ tracking_id, kind, content_type, body }: Proof): Promise<unknown> {
    const path = `/tracking/${encodeURIComponent(tracking_id)}/proof?kind=${kind}`;
    return request(path, { method: "POST", token: this.token, body, headers: { "Content-Type": content_type } }, this.ask);
  }

  private async tell(): Promise<void> {
    this.onChange({ waiting: await this.store.proofs.count(), refused: this.refused });
  }
}

function isLater(status: number): boolean {
  return status === 401 || status === 429 || (status >= 500 && status !== 501);
}
