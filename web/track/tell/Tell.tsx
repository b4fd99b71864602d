/** "Tell me": which events of this delivery are shown as notifications, also while the page is closed. */
import "../../styles/parts.css";
import "../../styles/tell.css";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Denied, type Kind, chosen, subscribe, support, unsubscribe } from "../../client/push";
import { useCall } from "../parts/use-call";
import type { Viewer } from "../viewer";

const WORKER = "/push-worker.js";
/** It answers no requests of any page: it only shows messages. */
const SCOPE = "/push/";

/** What there is to choose from, and whether it is chosen at first. */
const EVENTS: readonly [Kind, string, boolean][] = [
  ["delivery.in_transit", "It is on its way", true],
  ["delivery.approaching", "It is almost here", true],
  ["delivery.arrived", "The driver is here", true],
  ["delivery.delivered", "It was delivered", true],
  ["delivery.failed", "It could not be delivered", true],
  ["delivery.cancelled", "It was cancelled", true],
  ["delivery.delayed", "It will be late", true],
  ["delivery.eta_changed", "The time of arrival changed", false],
];
const USUAL = EVENTS.filter(([, , usual]) => usual).map(([kind]) => kind);

export function Tell({ viewer, push_key }: { viewer: Viewer; push_key: string }): JSX.Element | null {
  const [known, setKnown] = useState(() => chosen(viewer.tracking_id));
  const [kinds, setKinds] = useState<readonly Kind[]>(known ?? USUAL);
  const [said, setSaid] = useState("");
  const { busy, trouble, run, say } = useCall("This delivery is not yours to be told of.");
  const can = support();
  if (can === "no") return null;
  const about = { ...viewer };

  const begin = (): Promise<boolean> =>
    run(async () => {
      const registration = await ready();
      try {
        await subscribe(registration, push_key, about, kinds);
      } catch (error) {
        if (!(error instanceof Denied) && !(error instanceof DOMException)) throw error;
        setSaid(error instanceof Denied ? "Notifications are not allowed for this page." : "This browser takes no notifications at the moment.");
        return;
      }
      await rememberPage(viewer.tracking_id);
      setKnown([...kinds]);
      setSaid("You will be told, also while this page is closed.");
    });
  const end = (): Promise<boolean> =>
    run(async () => {
      await unsubscribe(await ready(), about);
      setKnown(null);
      setSaid("You will not be told any more.");
    });
  const toggle = (kind: Kind, on: boolean): void => {
    say(null);
    setSaid("");
    setKinds(on ? [...kinds, kind] : kinds.filter((other) => other !== kind));
  };
  const changed = known !== null && EVENTS.some(([kind]) => known.includes(kind) !== kinds.includes(kind));

  return (
    <details class="card tell">
      <summary class="share__title">Tell me</summary>
      <div class="part">
        {can === "denied" ? (
          <p class="share__lead">Notifications from this page are blocked. Allow them in the browser's settings to be told.</p>
        ) : (
          <>
            <fieldset class="tell__events">
              <legend class="share__lead">Show a notification when</legend>
              {EVENTS.map(([kind, label]) => (
                <label class="tell__event" key={kind}>
                  <input type="checkbox" checked={kinds.includes(kind)} onChange={(event) => toggle(kind, event.currentTarget.checked)} />
                  {label}
                </label>
              ))}
            </fieldset>
            <div class="part__actions">
              {(known === null || changed) && (
                <button class="button" type="button" aria-disabled={busy || kinds.length === 0} onClick={() => kinds.length > 0 && void begin()}>
                  {known === null ? "Tell me" : "Save"}
                </button>
              )}
              {known !== null && (
                <button class="button button--plain" type="button" aria-disabled={busy} onClick={() => void end()}>
                  Stop telling me
                </button>
              )}
            </div>
          </>
        )}
        <p class="part__trouble" role="alert">
          {trouble}
        </p>
        <p class="part__said" role="status">
          {said}
        </p>
      </div>
    </details>
  );
}

async function ready(): Promise<ServiceWorkerRegistration> {
  const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE });
  const worker = registration.active ?? registration.installing ?? registration.waiting;
  if (registration.active || !worker) return registration;
  await new Promise<void>((done) => {
    worker.addEventListener("statechange", () => (worker.state === "activated" || worker.state === "redundant") && done());
  });
  return registration;
}

/** So that a touch on a message opens the page as it was opened here: the service does not know a share link any more. */
async function rememberPage(tracking_id: string): Promise<void> {
  try {
    const kept = await caches.open("onway-push");
    await kept.put(`/push/page/${encodeURIComponent(tracking_id)}`, new Response(location.pathname));
  } catch {
    // Without storage the page of the tracking id is opened.
  }
}
