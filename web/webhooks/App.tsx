/** The page of webhooks: who may look after them, and then the page. */
import type { JSX } from "preact";
import { Gate } from "../fleet/Gate";
import { NO_TOKEN, type Refused } from "../fleet/session";
import type { Entered } from "../fleet/start";
import { useAdmission } from "../fleet/use-admission";
import { Page } from "./Page";
import { KEPT, admit } from "./session";

const REFUSED: Record<Refused, string> = {
  no_token: NO_TOKEN,
  wrong_role: "Webhooks are for admins, and a store's own for the store. This token is neither's.",
  no_store: "This token names no store. Add ?store_id=… to the address, or ask for another token.",
};

export function App({ config, token }: Entered): JSX.Element {
  const store = new URLSearchParams(location.search).get("store_id");
  const { session, again, enter, leave } = useAdmission({ kept: KEPT, token, admit: (given) => admit(given, store), words: REFUSED });
  if (session === null) return <Gate title="Sign in to webhooks" again={again} onToken={enter} />;
  return <Page key={session.token} session={session} config={config} onLeave={leave} />;
}
