/** Which of the driver's pages: signed out, working, or connecting a tracker app. */
import type { JSX } from "preact";
import { useCallback, useState } from "preact/hooks";
import { Board } from "./Board";
import { Connect } from "./Connect";
import { type Session, inviteOf, keepSession, readSession } from "./session";
import { SignIn } from "./SignIn";
import { useWork } from "./use-driver";

interface AppProps {
  pathname: string;
  update: (() => void) | null;
}

const EXPIRED = "Your sign-in has run out. What you did is kept on this phone, and sent when you sign in again.";

export function App({ pathname, update }: AppProps): JSX.Element {
  // An invite in the address is newer than whoever was signed in before.
  const [session, setSession] = useState(() => (inviteOf(location.hash) ? null : readSession()));
  const [again, setAgain] = useState<string | null>(null);
  const leave = useCallback((why: string | null): void => {
    keepSession(null);
    setAgain(why);
    setSession(null);
  }, []);
  const expired = useCallback(() => leave(EXPIRED), [leave]);
  const signOut = useCallback(() => leave(null), [leave]);
  const enter = (fresh: Session): void => {
    keepSession(fresh);
    setSession(fresh);
  };
  if (!session) return <SignIn again={again} onSession={enter} />;
  if (/^\/drive\/connect\/?$/.test(pathname)) return <Connect session={session} onExpired={expired} />;
  return <Workplace session={session} update={update} onExpired={expired} onSignOut={signOut} />;
}

interface WorkplaceProps {
  session: Session;
  update: (() => void) | null;
  onExpired: () => void;
  onSignOut: () => void;
}

function Workplace({ session, ...rest }: WorkplaceProps): JSX.Element {
  const { work, proofs } = useWork(session);
  if (!work) {
    return (
      <main class="drive">
        <p class="empty">Opening…</p>
      </main>
    );
  }
  return <Board work={work} proofs={proofs} expires_at={session.expires_at} {...rest} />;
}
