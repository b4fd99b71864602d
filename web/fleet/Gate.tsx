/** Nobody is signed in: a page is entered by a link with a token, or by a pasted one. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Brand } from "../track/icons";
import { pasted } from "./session";
import { useFirstField } from "./use-first-field";

interface GateProps {
  title: string;
  /** Why it is needed again; null the first time. */
  again: string | null;
  /** What is wrong with the token; null: one is in. */
  onToken: (token: string) => string | null;
}

export function Gate({ title, again, onToken }: GateProps): JSX.Element {
  const [trouble, setTrouble] = useState<string | null>(null);
  const form = useFirstField();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setTrouble(onToken(pasted(String(new FormData(event.currentTarget as HTMLFormElement).get("token") ?? ""))));
  };
  return (
    <main class="gate">
      <Brand />
      <h1 class="gate__title">{title}</h1>
      <p class="gate__lead">Open the link that you were given, or paste your token. It is kept for this tab alone.</p>
      <p class="gate__trouble" role="alert">
        {trouble ?? again}
      </p>
      <form class="form" ref={form} onSubmit={submit}>
        <label class="field">
          Token
          <textarea name="token" rows={4} autocomplete="off" spellcheck={false} required aria-invalid={trouble !== null} />
        </label>
        <button class="act act--main" type="submit">
          Sign in
        </button>
      </form>
    </main>
  );
}
