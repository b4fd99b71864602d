/** Whether this phone shows new deliveries, and those that are taken away, while the page is closed. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { failureWords } from "../client/failure";
import { Denied, chosen, pushKey, subscribe, support, unsubscribe } from "../client/push";
import { readSession } from "./session";

export function TellMe(): JSX.Element | null {
  const [key, setKey] = useState<string | null>(null);
  const [registration, setRegistration] = useState<ServiceWorkerRegistration | null>(null);
  const [on, setOn] = useState(() => chosen(null) !== null);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const can = support();
  useEffect(() => {
    if (can === "no") return;
    let over = false;
    const ask = async (): Promise<void> => {
      try {
        const [found, own] = [await pushKey(), await navigator.serviceWorker.getRegistration("/drive")];
        if (over) return;
        setKey(found);
        setRegistration(own ?? null);
        // Each time that it is looked at, so that the service knows that it is still wanted.
        const session = readSession();
        if (found && own?.active && session && chosen(null)) await subscribe(own, found, aboutOf(session.token), null);
      } catch {
        // Without a network there is nothing to switch.
      }
    };
    void ask();
    return () => {
      over = true;
    };
  }, [can]);
  if (!key || !registration) return null;
  if (can === "denied") return <p class="note">Notifications from this page are blocked in the browser's settings.</p>;

  const turn = async (): Promise<void> => {
    const session = readSession();
    if (busy || !session) return;
    setBusy(true);
    setTrouble("");
    try {
      if (on) await unsubscribe(registration, aboutOf(session.token));
      else await subscribe(registration, key, aboutOf(session.token), null);
      setOn(!on);
    } catch (error) {
      setTrouble(wordsOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button class="big big--soft" type="button" role="switch" aria-checked={on} aria-disabled={busy} onClick={() => void turn()}>
        {on ? "Notifications are on" : "Notify me of new deliveries"}
      </button>
      {trouble && (
        <p class="note note--warn" role="alert">
          {trouble}
        </p>
      )}
    </>
  );
}

/** For whoever signs out: this phone hears no more of that driver. */
export async function endTelling(): Promise<void> {
  try {
    const registration = chosen(null) && (await navigator.serviceWorker.getRegistration("/drive"));
    if (registration) await unsubscribe(registration, aboutOf(""));
  } catch {
    // Without a network the service ends it by itself, once messages are not taken any more or nobody renews it.
  }
}

const aboutOf = (token: string) => ({ tracking_id: null, token, link: null });

function wordsOf(error: unknown): string {
  if (error instanceof Denied) return "Notifications are not allowed for this page.";
  if (error instanceof DOMException) return "This browser takes no notifications at the moment.";
  return failureWords(error);
}
