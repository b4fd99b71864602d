/** A page that is entered with a token: who is in, and why nobody is. */
import { useState } from "preact/hooks";
import { dropToken, keepToken } from "../track/token";
import type { Admitted, Refused } from "./session";

interface Door<S> {
  /** Under what name the token is kept for the tab. */
  readonly kept: string;
  /** From the address, or kept for the tab. */
  readonly token: string | null;
  readonly admit: (token: string) => Admitted<S>;
  readonly words: Record<Refused, string>;
}

interface Admission<S> {
  readonly session: S | null;
  /** Why a token is needed again; null the first time. */
  readonly again: string | null;
  /** What is wrong with the token; null: one is in. */
  readonly enter: (token: string) => string | null;
  /** `why` is null where it was asked for. */
  readonly leave: (why: string | null) => void;
}

export function useAdmission<S>({ kept, token, admit, words }: Door<S>): Admission<S> {
  const [{ session, again }, set] = useState(() => begin());
  function begin(): { session: S | null; again: string | null } {
    if (token === null) return { session: null, again: null };
    const admitted = admit(token);
    if ("session" in admitted) return { session: admitted.session, again: null };
    dropToken(kept);
    return { session: null, again: words[admitted.refused] };
  }
  const enter = (given: string): string | null => {
    const admitted = admit(given);
    if ("refused" in admitted) return words[admitted.refused];
    keepToken(kept, given);
    set({ session: admitted.session, again: null });
    return null;
  };
  const leave = (why: string | null): void => {
    dropToken(kept);
    set({ session: null, again: why });
  };
  return { session, again, enter, leave };
}
