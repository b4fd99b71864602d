/** Nobody is signed in at this desk. */
import type { JSX } from "preact";
import { Gate } from "./Gate";
import type { Admitted, Desk } from "./session";

interface SignInProps {
  desk: Desk;
  /** Why it is needed again; null the first time. */
  again: string | null;
  onToken: (token: string) => Admitted;
}

const REFUSED: Record<Desk, Record<Extract<Admitted, { refused: string }>["refused"], string>> = {
  dispatch: {
    no_token: "This is no token. Paste all of it: three parts with dots between them.",
    wrong_role: "This token is not a dispatcher's. Stores have a page of their own: /store.",
    no_store: "This token names no store.",
  },
  store: {
    no_token: "This is no token. Paste all of it: three parts with dots between them.",
    wrong_role: "This token is not a store's. Dispatchers have a page of their own: /dispatch.",
    no_store: "This token names no store. Add ?store_id=… to the address, or ask for another token.",
  },
};

export function SignIn({ desk, again, onToken }: SignInProps): JSX.Element {
  const enter = (token: string): string | null => {
    const admitted = onToken(token);
    return "refused" in admitted ? REFUSED[desk][admitted.refused] : null;
  };
  return <Gate title={desk === "dispatch" ? "Sign in to dispatch" : "Sign in to your store"} again={again} onToken={enter} />;
}
