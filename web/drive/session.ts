/** Who drives on this phone: by an invite that works once, or by a token. */
import { claimsOf } from "../client/claims";
import { request } from "../client/http";

export interface Session {
  token: string;
  driver_id: string;
  /** Unix seconds; null where it is not known. */
  expires_at: number | null;
}

const KEY = "onway.driver";

/** The part of the browser that keeps it: replaced in tests. */
export type Keeper = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export function readSession(keeper: Keeper = localStorage): Session | null {
  try {
    const session = JSON.parse(keeper.getItem(KEY) ?? "null") as Session | null;
    return typeof session?.token === "string" && typeof session.driver_id === "string" ? session : null;
  } catch {
    return null;
  }
}

export function keepSession(session: Session | null, keeper: Keeper = localStorage): void {
  try {
    if (session) keeper.setItem(KEY, JSON.stringify(session));
    else keeper.removeItem(KEY);
  } catch {
    // Storage may be switched off: the session then lives as long as the page.
  }
}

/** The invite in the address, which no server ever sees: `/drive#invite=…`. */
export function inviteOf(hash: string): string | null {
  return new URLSearchParams(hash.slice(1)).get("invite");
}

/** Takes the invite off the address once it was used. */
export function dropInvite(): void {
  history.replaceState(history.state, "", location.pathname + location.search);
}

/** Rejects with a `Refusal` for an invite that was used or has run out. */
export function signIn(invite: string): Promise<Session> {
  return request<Session>("/drivers/sign-in", { method: "POST", body: JSON.stringify({ invite }) });
}

/** The session of a pasted token; null if it is none, or names no driver. */
export function sessionOf(pasted: string): Session | null {
  const token = pasted.trim().replace(/^Bearer\s+/i, "");
  const { sub, exp } = claimsOf(token) ?? {};
  if (typeof sub !== "string" || sub === "") return null;
  return { token, driver_id: sub, expires_at: typeof exp === "number" ? exp : null };
}
