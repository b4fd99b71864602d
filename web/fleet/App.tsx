/** The pages of a fleet: who may work at this desk, and the desk. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { PageConfig } from "../track/page-data";
import { dropToken } from "../track/token";
import { Desk } from "./Desk";
import { type Desk as DeskName, KEPT, type Session, admit } from "./session";
import { SignIn } from "./SignIn";

interface AppProps {
  desk: DeskName;
  config: PageConfig;
  /** From the address, or kept for the tab. */
  token: string | null;
}

export function App({ desk, config, token }: AppProps): JSX.Element {
  const store = new URLSearchParams(location.search).get("store_id");
  const [session, setSession] = useState<Session | null>(null);
  const [again, setAgain] = useState<string | null>(null);
  const [at, setAt] = useState<string | null>(null);
  const enter = (given: string): ReturnType<typeof admit> => {
    const admitted = admit(given, desk, store);
    if ("session" in admitted) {
      setSession(admitted.session);
      keep(desk, given);
    }
    return admitted;
  };
  useEffect(() => {
    if (token !== null && "refused" in enter(token)) {
      dropToken(KEPT[desk]);
      setAgain(desk === "dispatch" ? "That token is not a dispatcher's." : "That token is not a store's.");
    }
  }, [token]);
  const leave = (why: string | null, left: string | null): void => {
    dropToken(KEPT[desk]);
    setSession(null);
    setAgain(why);
    setAt(left);
  };
  if (session === null) return <SignIn desk={desk} again={again} onToken={enter} />;
  return <Desk key={session.token} desk={desk} session={session} config={config} at={at} onLeave={leave} />;
}

function keep(desk: DeskName, token: string): void {
  try {
    sessionStorage.setItem(`onway.token.${KEPT[desk]}`, token);
  } catch {
    // Storage may be switched off: the token then lives as long as the page.
  }
}
