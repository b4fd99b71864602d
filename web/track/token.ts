/**
 * The token of a private delivery, or of a customer's own list: handed over in the fragment of the address, which no server
 * ever sees, and kept for this tab alone.
 */

/** The token that opens the list of a customer's own deliveries: no tracking id is called so. */
export const OWN = "mine";

const name = (tracking_id: string): string => `onway.token.${tracking_id}`;

/** Takes `#token=…` off the address and keeps it; else the one kept before. */
export function takeToken(tracking_id: string): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (token) {
    fragment.delete("token");
    const rest = fragment.toString();
    history.replaceState(history.state, "", location.pathname + location.search + (rest && `#${rest}`));
  }
  if (token) keepToken(tracking_id, token);
  try {
    return token ?? sessionStorage.getItem(name(tracking_id));
  } catch {
    // Storage may be switched off.
    return token;
  }
}

export function keepToken(tracking_id: string, token: string): void {
  try {
    sessionStorage.setItem(name(tracking_id), token);
  } catch {
    // Storage may be switched off: the token then lives as long as the page.
  }
}

/** Forgets a token that the service refused. */
export function dropToken(tracking_id: string): void {
  try {
    sessionStorage.removeItem(name(tracking_id));
  } catch {
    // Nothing was kept.
  }
}
