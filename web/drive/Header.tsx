/** The connection, and what is needed once a week. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { DriverState } from "../client/driver-state";
import type { Waiting } from "../client/outbox";
import { Brand } from "../track/icons";
import { Sheet } from "./Sheet";
import { TellMe, endTelling } from "./TellMe";
import { waitingWords } from "./words";

const REACH: Record<DriverState["reach"], string> = {
  connecting: "Connecting",
  live: "Connected",
  offline: "Offline",
  ended: "Not connected",
};

interface HeaderProps {
  reach: DriverState["reach"];
  waiting: Waiting;
  onSignOut: () => void;
}

export function Header({ reach, waiting, onSignOut }: HeaderProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const signOut = (): void => {
    void endTelling();
    onSignOut();
  };
  const left = waitingWords(waiting.fixes, waiting.reports, 0);
  return (
    <header class="top">
      <Brand />
      <p class={`reach reach--${reach}`} role="status">
        <span class="dot" aria-hidden="true" />
        <span class="visually-hidden">Connection: </span>
        {REACH[reach]}
      </p>
      <button class="big big--plain top__more" type="button" onClick={() => setOpen(true)}>
        More
      </button>
      {open && (
        <Sheet title="This phone" onClose={() => setOpen(false)}>
          <div class="stack">
            <a class="big big--soft" href="/drive/connect">
              Connect a tracker app
            </a>
            <TellMe />
            {left && <p class="note note--warn">Waiting to be sent: {left}. It is sent when you sign in again on this phone.</p>}
            <button class="big big--plain" type="button" onClick={signOut}>
              Sign out
            </button>
          </div>
        </Sheet>
      )}
    </header>
  );
}
