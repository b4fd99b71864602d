/** Requests of a signed-in page, and refusals in the service's own words. */
import type { Problem } from "./wire";

/** The service answered, and it was a no. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export type Init = RequestInit & { token?: string | undefined };

/** Sends a request; a network that fails rejects with what `fetch` says, a refusal with `Refusal`. */
export async function send(path: string, init: Init = {}, ask: typeof fetch = fetch): Promise<Response> {
  const { token, ...rest } = init;
  const headers = new Headers(rest.headers);
  if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
  if (typeof rest.body === "string" && !headers.has("Content-Type")) headers.set("Content-Type", "application/json");
  const response = await ask(path, { ...rest, headers });
  if (!response.ok) throw new Refusal(response.status, await words(response));
  return response;
}

/** The same, for an answer in JSON or none. */
export async function request<T>(path: string, init: Init = {}, ask: typeof fetch = fetch): Promise<T> {
  const text = await (await send(path, init, ask)).text();
  return (text === "" ? null : JSON.parse(text)) as T;
}

async function words(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as Partial<Problem>;
    return problem.detail ?? problem.title ?? "";
  } catch {
    return "";
  }
}
