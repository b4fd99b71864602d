/** The endpoints that somebody may see, kept up to date. */
import type { WebhookCalls } from "../client/webhook-calls";
import type { WebhookEndpoint } from "../client/wire";
import { ofStore } from "./health";
import { type Trouble, troubleOf } from "./trouble";

export interface EndpointsState {
  readonly phase: "loading" | "ready" | "refused";
  /** The oldest first. */
  readonly endpoints: readonly WebhookEndpoint[];
  readonly busy: boolean;
  /** Of the newest answer; what was known stays. */
  readonly trouble: Trouble | null;
}

export class Endpoints {
  private current: EndpointsState = { phase: "loading", endpoints: [], busy: false, trouble: null };
  /** Another number after each change from here: an answer that was asked for before it is out of date. */
  private revision = 0;

  constructor(
    private readonly calls: Pick<WebhookCalls, "list">,
    /** Whose are shown; null: all that the token sees. */
    private readonly store_id: string | null,
    private readonly onChange: (state: EndpointsState) => void,
  ) {}

  get state(): EndpointsState {
    return this.current;
  }

  async refresh(): Promise<void> {
    if (this.current.busy || this.current.phase === "refused") return;
    this.change({ busy: true });
    const { revision } = this;
    try {
      const endpoints = ofStore(await this.calls.list(), this.store_id);
      this.change({ phase: "ready", busy: false, trouble: null, ...(revision === this.revision && { endpoints }) });
    } catch (error) {
      const trouble = troubleOf(error);
      this.change({ busy: false, trouble, ...(trouble.refused !== null && { phase: "refused", endpoints: [] }) });
    }
  }

  /** One that was made or changed: its secret is not kept. */
  put({ secret: _secret, ...endpoint }: WebhookEndpoint): void {
    this.revision += 1;
    const { endpoints } = this.current;
    const known = endpoints.some(({ id }) => id === endpoint.id);
    this.change({ endpoints: known ? endpoints.map((other) => (other.id === endpoint.id ? endpoint : other)) : [...endpoints, endpoint] });
  }

  drop(id: string): void {
    this.revision += 1;
    this.change({ endpoints: this.current.endpoints.filter((endpoint) => endpoint.id !== id) });
  }

  private change(fields: Partial<EndpointsState>): void {
    this.current = { ...this.current, ...fields };
    this.onChange(this.current);
  }
}
