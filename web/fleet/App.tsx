/** The pages of a fleet: who may work at this desk, and the desk. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Desk } from "./Desk";
import { Gate } from "./Gate";
import { type Desk as DeskName, KEPT, NO_TOKEN, type Refused, admit } from "./session";
import type { Entered } from "./start";
import { useAdmission } from "./use-admission";

const TITLES: Record<DeskName, string> = { dispatch: "Sign in to dispatch", store: "Sign in to your store" };

const REFUSED: Record<DeskName, Record<Refused, string>> = {
  dispatch: {
    no_token: NO_TOKEN,
    wrong_role: "This token is not a dispatcher's. Stores have a page of their own: /store.",
    no_store: "This token names no store.",
  },
  store: {
    no_token: NO_TOKEN,
    wrong_role: "This token is not a store's. Dispatchers have a page of their own: /dispatch.",
    no_store: "This token names no store. Add ?store_id=… to the address, or ask for another token.",
  },
};

export function App({ desk, config, token }: Entered & { desk: DeskName }): JSX.Element {
  const store = new URLSearchParams(location.search).get("store_id");
  const { session, again, enter, leave } = useAdmission({
    kept: KEPT[desk],
    token,
    admit: (given) => admit(given, desk, store),
    words: REFUSED[desk],
  });
  const [at, setAt] = useState<string | null>(null);
  const onLeave = (why: string | null, left: string | null): void => {
    leave(why);
    setAt(left);
  };
  if (session === null) return <Gate title={TITLES[desk]} again={again} onToken={enter} />;
  return <Desk key={session.token} desk={desk} session={session} config={config} at={at} onLeave={onLeave} />;
}
