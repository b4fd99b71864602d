/** The page of webhooks: who may look after them, and then the page. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Gate } from "../fleet/Gate";
import type { PageConfig } from "../track/page-data";
import { dropToken } from "../track/token";
import { Page } from "./Page";
import { type Admitted, KEPT, type Session, admit } from "./session";

const REFUSED: Record<Extract<Admitted, { refused: string }>["refused"], string> = {
  no_token: "This is no token. Paste all of it: three parts with dots between them.",
  wrong_role: "Webhooks are for admins, and a store's own for the store. This token is neither's.",
  no_store: "This token names no store. Add ?store_id=… to the address, or ask for another token.",
};

interface AppProps {
  config: PageConfig;
  /** From the address, or kept for the tab. */
  token: string | null;
}

export function App({ config, token }: AppProps): JSX.Element {
  const store = new URLSearchParams(location.search).get("store_id");
  const [{ session, again }, set] = useState(() => begin(token, store));
  const enter = (given: string): string | null => {
    const admitted = admit(given, store);
    if ("refused" in admitted) return REFUSED[admitted.refused];
    keep(given);
    set({ session: admitted.session, again: null });
    return null;
  };
  const leave = (why: string | null): void => {
    dropToken(KEPT);
    set({ session: null, again: why });
  };
  if (session === null) return <Gate title="Sign in to webhooks" again={again} onToken={enter} />;
  return <Page key={session.token} session={session} config={config} onLeave={leave} />;
}

function begin(token: string | null, store: string | null): { session: Session | null; again: string | null } {
  if (token === null) return { session: null, again: null };
  const admitted = admit(token, store);
  if ("session" in admitted) return { session: admitted.session, again: null };
  dropToken(KEPT);
  return { session: null, again: REFUSED[admitted.refused] };
}

function keep(token: string): void {
  try {
    sessionStorage.setItem(`onway.token.${KEPT}`, token);
  } catch {
    // Storage may be switched off: the token then lives as long as the page.
  }
}
