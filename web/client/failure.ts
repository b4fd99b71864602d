/** Why a request failed, in words that say what to do. */
import { Refusal } from "./http";

/** `refused` is said where the caller may not do it. */
export function failureWords(error: unknown, refused = "This delivery is not yours to do that with."): string {
  if (!(error instanceof Refusal)) return "No connection. Try again when you are back.";
  const { status, message } = error;
  if (status === 401) return "Your access has run out. Open the link from your message again.";
  if (status === 403) return refused;
  if (status === 404 || status === 410) return "This is no longer available.";
  if (status === 429) return "That was too often. Try again in a minute.";
  if (status >= 500 && status !== 501) return "The service cannot do it at the moment. Try again in a minute.";
  return message === "" ? "The service refused it." : `${message.charAt(0).toUpperCase()}${message.slice(1)}.`.replace(/\.\.$/, ".");
}
