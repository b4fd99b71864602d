/** Why an answer did not come, and whether anything more is to be asked. */
import { failureWords } from "../client/failure";
import { Refusal } from "../client/http";

export interface Trouble {
  /** In words that say what to do. */
  readonly words: string;
  /** The token opens nothing here (any more). */
  readonly refused: 401 | 403 | null;
}

export function troubleOf(error: unknown): Trouble {
  const status = error instanceof Refusal ? error.status : null;
  const refused = status === 401 || status === 403 ? status : null;
  return { words: failureWords(error, "These webhooks are not yours to see."), refused };
}

/** What is said at the door to whoever was sent away. */
export function refusalWords(status: 401 | 403): string {
  return status === 401 ? "Your access has run out. Sign in again." : "This token may not see webhooks. Sign in with another.";
}
