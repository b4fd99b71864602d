/** Nobody is signed in on this phone: by the invite in the address, or by a pasted token. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Refusal } from "../client/http";
import { Brand } from "../track/icons";
import { type Session, dropInvite, inviteOf, sessionOf, signIn } from "./session";

interface SignInProps {
  /** Why it is needed again; null the first time. */
  again: string | null;
  onSession: (session: Session) => void;
}

type Step = { kind: "ask" } | { kind: "signing" } | { kind: "offline"; invite: string } | { kind: "refused"; words: string };

export function SignIn({ again, onSession }: SignInProps): JSX.Element {
  const [step, setStep] = useState<Step>({ kind: "ask" });
  const use = (invite: string): void => {
    setStep({ kind: "signing" });
    signIn(invite).then(
      (session) => {
        dropInvite();
        onSession(session);
      },
      (error: unknown) => {
        // Without an answer the invite may still be good: it stays in the address.
        if (!(error instanceof Refusal) || error.status >= 500) return setStep({ kind: "offline", invite });
        dropInvite();
        setStep({ kind: "refused", words: refusalWords(error) });
      },
    );
  };
  useEffect(() => {
    const look = (): void => {
      const invite = inviteOf(location.hash);
      if (invite) use(invite);
    };
    look();
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);

  return (
    <main class="drive drive--narrow">
      <Brand />
      <h1 class="title">{step.kind === "signing" ? "Signing in…" : "Sign in to drive"}</h1>
      <p role="alert" class={step.kind === "refused" || step.kind === "offline" ? "note note--bad" : "visually-hidden"}>
        {step.kind === "refused" && step.words}
        {step.kind === "offline" && "No connection. Your invite was not used yet."}
      </p>
      {step.kind === "offline" && (
        <button class="big" type="button" onClick={() => use(step.invite)}>
          Try again
        </button>
      )}
      {step.kind !== "signing" && (
        <>
          {again && <p class="note note--warn">{again}</p>}
          <p class="lead">Scan the QR code of your invite with the phone's camera, or open the link that you were sent.</p>
          <PastedToken onSession={onSession} />
        </>
      )}
    </main>
  );
}

function PastedToken({ onSession }: { onSession: (session: Session) => void }): JSX.Element {
  const [wrong, setWrong] = useState(false);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const session = sessionOf(String(new FormData(event.currentTarget as HTMLFormElement).get("token") ?? ""));
    setWrong(session === null);
    if (session) onSession(session);
  };
  return (
    <details class="panel">
      <summary class="panel__summary">I have a token</summary>
      <form class="stack" onSubmit={submit}>
        <label class="field">
          Token
          <textarea name="token" rows={4} autocomplete="off" spellcheck={false} required aria-invalid={wrong} />
        </label>
        <p role="alert">{wrong && "This is not a driver's token. Paste all of it: three parts with dots between them."}</p>
        <button class="big" type="submit">
          Sign in
        </button>
      </form>
    </details>
  );
}

function refusalWords({ status, message }: Refusal): string {
  if (status === 410) return "This invite has run out, or was used before. Ask for a new one.";
  if (status === 401) return "This invite does not work. Ask for a new one.";
  return message || "The service did not take this invite.";
}
