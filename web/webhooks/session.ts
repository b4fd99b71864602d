/** Who may look after webhooks: admins after all of them, a store after its own. */
import { claimsOf, roleOf } from "../client/claims";
import { type Admitted, storeOf } from "../fleet/session";

/** Under what name the token is kept for the tab. */
export const KEPT = "integrations";

export interface Session {
  readonly token: string;
  readonly role: "admin" | "store";
  /** Whose endpoints are shown; null: everybody's. */
  readonly store_id: string | null;
}

/** What `token` opens. `store`: for admins the one that the address names, for a store what its claim goes without. */
export function admit(token: string, store: string | null = null): Admitted<Session> {
  const claims = claimsOf(token);
  if (claims === null) return { refused: "no_token" };
  const role = roleOf(token);
  if (role === "admin") return { session: { token, role, store_id: store } };
  if (role !== "store") return { refused: "wrong_role" };
  const store_id = storeOf(claims) ?? store;
  return store_id === null ? { refused: "no_store" } : { session: { token, role, store_id } };
}
