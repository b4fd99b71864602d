/** The way to the webhooks, for whoever may look after them, with a word where one of them needs somebody. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Refusal } from "../client/http";
import { WebhookCalls } from "../client/webhook-calls";
import { alarmWords, ofStore } from "../webhooks/health";
import { Glyph } from "./icons";
import { type Session, addressOf } from "./session";

/** Endpoints fail for days before they are disabled. */
const LOOK_MS = 300_000;

export function WebhooksLink({ session }: { session: Session }): JSX.Element | null {
  const { token, role, store_id } = session;
  const mayBe = role === "admin" || role === "store";
  const [refused, setRefused] = useState(false);
  const [alarm, setAlarm] = useState<string | null>(null);
  useEffect(() => {
    if (!mayBe) return;
    const calls = new WebhookCalls(token);
    const look = (): void => {
      if (document.visibilityState !== "visible") return;
      calls.list().then(
        (endpoints) => setAlarm(alarmWords(ofStore(endpoints, store_id))),
        // Away for a moment, nothing new is known.
        (error: unknown) => setRefused(error instanceof Refusal && error.status === 403),
      );
    };
    look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [token, mayBe, store_id]);
  if (!mayBe || refused) return null;
  return (
    <>
      <a class={`act act--bare top__hooks${alarm === null ? "" : " top__hooks--alarm"}`} href={addressOf("/integrations", token, store_id)} title="Webhooks">
        <Glyph name={alarm === null ? "hook" : "warn"} />
        <span class="top__words">Webhooks{alarm !== null && ":"}</span> {alarm}
      </a>
      <span class="visually-hidden" role="status">
        {alarm !== null && `Webhooks: ${alarm}.`}
      </span>
    </>
  );
}
