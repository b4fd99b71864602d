/** The head of the page: where one is, whether it is live, and what can be begun. */
import type { JSX } from "preact";
import type { FleetState } from "../client/fleet";
import { Brand } from "../track/icons";
import type { Shown } from "./Desk";
import { Glyph } from "./icons";
import type { Desk, Session } from "./session";
import { REACH_WORDS } from "./words";
import { WebhooksLink } from "./WebhooksLink";

interface BarProps {
  desk: Desk;
  session: Session;
  state: FleetState;
  shown: Shown;
  onShow: (shown: Shown) => void;
  onNew: () => void;
  onHelp: () => void;
  onLeave: () => void;
}

export function Bar({ desk, session, state, shown, onShow, onNew, onHelp, onLeave }: BarProps): JSX.Element {
  return (
    <header class="top">
      <Brand />
      <h1 class="top__title">{desk === "dispatch" ? "Dispatch" : `Store ${session.store_id ?? ""}`}</h1>
      <nav class="tabs" aria-label="Views">
        <Tab name="map" words="Map" shown={shown} onShow={onShow} />
        <Tab name="statistics" words="Statistics" shown={shown} onShow={onShow} />
      </nav>
      <span class="top__space" />
      <Reach state={state} />
      <WebhooksLink session={session} />
      <button class="act act--main top__new" type="button" aria-label="New delivery" onClick={onNew}>
        <Glyph name="plus" /> <span>New delivery</span>
      </button>
      <button class="act act--bare" type="button" aria-label="Keys" title="Keys (?)" onClick={onHelp}>
        <Glyph name="help" />
      </button>
      <button class="act act--bare" type="button" aria-label="Sign out" title="Sign out" onClick={onLeave}>
        <Glyph name="leave" />
      </button>
    </header>
  );
}

function Tab({ name, words, shown, onShow }: { name: Shown; words: string; shown: Shown; onShow: (shown: Shown) => void }): JSX.Element {
  return (
    <button class="tab" type="button" aria-current={shown === name ? "page" : undefined} onClick={() => onShow(name)}>
      <Glyph name={name === "map" ? "map" : "chart"} /> {words}
    </button>
  );
}

function Reach({ state: { reach, open, shards } }: { state: FleetState }): JSX.Element {
  const some = reach === "partial" ? ` ${open}/${shards}` : "";
  return (
    <span class={`reach reach--${reach}`} role="status" title={`${open} of ${shards} connections are open`}>
      <span class="reach__dot" />
      {REACH_WORDS[reach]}
      {some}
    </span>
  );
}
