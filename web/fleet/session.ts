/** Who works at the desk: by a pasted token, or by one in the fragment of the address. */
import { type Role, claimsOf, roleOf } from "../client/claims";

/** The page of all deliveries, or of a store's own. */
export type Desk = "dispatch" | "store";

export interface Session {
  readonly token: string;
  readonly role: Role;
  /** Whose deliveries are seen; null: everybody's. */
  readonly store_id: string | null;
  readonly may: Abilities;
}

/** What the page offers. The service decides what is done. */
export interface Abilities {
  /** Steps forward, and failing. */
  readonly forward: boolean;
  /** Drivers and their lists: who is near, the order of stops. */
  readonly drivers: boolean;
  /** Saying that somebody has an emergency. */
  readonly acknowledge: boolean;
  readonly cancelAfterPickup: boolean;
}

/** Under what name the token is kept for the tab. */
export const KEPT: Record<Desk, string> = { dispatch: "dispatch", store: "store" };

/** Why a token opens nothing. */
export type Refused = "no_token" | "wrong_role" | "no_store";
export type Admitted<S> = { session: S } | { refused: Refused };

/** What a page says to what is none. */
export const NO_TOKEN = "This is no token. Paste all of it: three parts with dots between them.";

/** What `token` opens at `desk`. `store` is a claim that goes by another name, from the address. */
export function admit(token: string, desk: Desk, store: string | null = null): Admitted<Session> {
  const claims = claimsOf(token);
  if (claims === null) return { refused: "no_token" };
  const role = roleOf(token);
  const all = role === "dispatcher" || role === "admin";
  if (!all && !(desk === "store" && role === "store")) return { refused: "wrong_role" };
  const store_id = desk === "store" ? (storeOf(claims) ?? store) : null;
  if (desk === "store" && store_id === null) return { refused: "no_store" };
  const may = { forward: all, drivers: all, acknowledge: all, cancelAfterPickup: all };
  return { session: { token, role, store_id, may } };
}

/** The token in what was pasted. */
export function pasted(text: string): string {
  return text.trim().replace(/^Bearer\s+/i, "");
}

/** Providers also put a claim under a name like `https://example.com/store_id`, or into an object. */
export function storeOf(claims: Record<string, unknown>): string | null {
  const named = Object.entries(claims).filter(([name]) => name === "store_id" || name.endsWith("/store_id"));
  const within = Object.values(claims).map((claim) => (claim as { store_id?: unknown } | null)?.store_id);
  for (const value of [...named.map(([, claim]) => claim), ...within]) {
    if (typeof value === "string" && value !== "") return value;
  }
  return null;
}

/** The page for `token`, which goes along where no server ever sees it; an admin may look at one store alone. */
export function addressOf(page: "/integrations" | "/dispatch" | "/store", token: string, store_id: string | null): string {
  const query = store_id === null ? "" : `?store_id=${encodeURIComponent(store_id)}`;
  return `${page}${query}#token=${encodeURIComponent(token)}`;
}
