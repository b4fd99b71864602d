/** Requests under one token. */
import { type Init, Refusal, request, send } from "./http";

export class Asking {
  constructor(
    private readonly token: string,
    private readonly fetch?: typeof globalThis.fetch,
    /** The token has run out, or was revoked: what was asked for was not done. */
    private readonly onRefused: () => void = () => undefined,
  ) {}

  protected ask<T>(path: string, init: Init = {}): Promise<T> {
    return this.answered(request<T>(path, { ...init, token: this.token }, this.fetch));
  }

  protected send<T>(method: string, path: string, body: object, headers: Record<string, string> = {}): Promise<T> {
    return this.ask(path, { method, headers, body: JSON.stringify(body) });
  }

  protected async file(path: string): Promise<Blob> {
    return (await this.answered(send(path, { token: this.token }, this.fetch))).blob();
  }

  private async answered<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) this.onRefused();
      throw error;
    }
  }
}
