/** What a close code means for a client: come back, ask for a new token, or stay away. */

/** Why a line ended for good. */
export type Ending =
  | "closed"
  | "expired"
  | "not_found"
  | "not_allowed"
  | "invalid_token"
  | "replaced"
  | "refused"
  | "stopped";

export type AfterClose = { next: "retry" } | { next: "renew" } | { next: "end"; ending: Ending };

const POLICY_VIOLATION = 1008;

const REASONS = new Map<string, AfterClose>([
  ["Rate limit", { next: "retry" }],
  ["Too slow", { next: "retry" }],
  ["Invalid token", { next: "renew" }],
  ["Tracking not found", { next: "end", ending: "not_found" }],
  ["Not allowed", { next: "end", ending: "not_allowed" }],
  ["Session expired", { next: "end", ending: "expired" }],
  ["Replaced", { next: "end", ending: "replaced" }],
]);

/** Deploys close abnormally, so everything but 1000 and most of 1008 is worth a retry. */
export function afterClose(code: number, reason: string): AfterClose {
  if (code === 1000) return { next: "end", ending: "closed" };
  if (code !== POLICY_VIOLATION) return { next: "retry" };
  return REASONS.get(reason) ?? { next: "end", ending: "refused" };
}

/** The same judgement for an HTTP status; null where it is worth another try. */
export function endingOfStatus(status: number): Ending | null {
  switch (status) {
    case 401:
      return "invalid_token";
    case 403:
      return "not_allowed";
    case 404:
      return "not_found";
    case 410:
      return "expired";
    default:
      return null;
  }
}
