/** Everything about one delivery, and what can be done about it. */
import type { JSX, RefObject } from "preact";
import { isFinal } from "../client";
import type { Calls } from "../client/fleet-calls";
import type { FleetDelivery } from "../client/wire";
import { Stars } from "../track/Stars";
import type { Formatter } from "../track/format";
import { ReplayButton } from "../track/parts/ReplayButton";
import { Share } from "../track/parts/Share";
import type { Replaying } from "../track/replay/replaying";
import { Actions } from "./Actions";
import { DriverCard } from "./DriverCard";
import { History } from "./History";
import { Glyph } from "./icons";
import type { Session } from "./session";
import { isConcern, toneOf } from "./urgency";
import type { Detail } from "./use-detail";
import { CONCERN_WORDS, STATUS_WORDS, punctualityOf, timeWords } from "./words";

interface PanelProps {
  element: RefObject<HTMLElement | null>;
  delivery: FleetDelivery;
  detail: Detail;
  calls: Calls;
  session: Session;
  now: number;
  format: Formatter;
  /** Of the times that are written; null: the device's. */
  zone: string | null;
  replaying: boolean;
  /** It lies over the map where there is little room: the replay takes its place. */
  covered: boolean;
  onReplay: (replay: Replaying) => void;
  onClose: () => void;
}

export function Panel({ element, delivery, detail, calls, session, now, format, zone, replaying, covered, onReplay, onClose }: PanelProps): JSX.Element {
  const { tracking_id, order_id, status, store_id, mode } = delivery;
  const { snapshot } = detail;
  const tone = toneOf(delivery, now);
  const viewer = { tracking_id, token: session.token, link: null, role: session.role };
  // The form that was sent is gone, and with it what had the focus.
  const onDone = (): void => {
    detail.reload();
    element.current?.focus({ preventScroll: true });
  };
  return (
    <aside class={`panel tone-${tone}`} ref={element} tabIndex={-1} aria-label={`Delivery ${order_id}`} style={covered ? { display: "none" } : undefined}>
      <header class="panel__head">
        <div>
          <h2 class="panel__title">{order_id}</h2>
          <p class="panel__id">{[store_id, mode].filter(Boolean).join(" · ")}</p>
        </div>
        <span class={`pill tone-${tone}`}>{isConcern(tone) && tone !== "unassigned" ? `${STATUS_WORDS[status]} · ${CONCERN_WORDS[tone]}` : STATUS_WORDS[status]}</span>
        <button class="act act--bare" type="button" aria-label="Close" onClick={onClose}>
          <Glyph name="close" />
        </button>
      </header>
      <Times delivery={delivery} now={now} format={format} />
      <Actions delivery={delivery} snapshot={snapshot} calls={calls} session={session} format={format} zone={zone} onDone={onDone} />
      <section class="block" aria-label="Places">
        {snapshot?.pickup?.address && <Fact name="From" value={snapshot.pickup.address} />}
        <Fact name="To" value={snapshot?.dropoff.address ?? `${delivery.dropoff.lat.toFixed(5)}, ${delivery.dropoff.lng.toFixed(5)}`} />
        {snapshot?.instructions && <Fact name="Instructions" value={snapshot.instructions} />}
        {snapshot?.phone && <Fact name="Phone" value={snapshot.phone} />}
      </section>
      {delivery.driver_id && (
        <DriverCard delivery={delivery} driver={detail.driver} calls={calls} may={session.may.drivers} now={now} format={format} onDone={onDone} />
      )}
      {snapshot?.rating && (
        <section class="block" aria-label="Rating">
          <h3>Rating</h3>
          <p class="panel__rating">
            <Stars stars={snapshot.rating.stars} /> {snapshot.rating.comment}
          </p>
        </section>
      )}
      <History timeline={detail.timeline} now={now} format={format} />
      {detail.trouble && (
        <p class="block part__trouble" role="alert">
          Its details cannot be had at the moment.{" "}
          <button class="act act--bare" type="button" onClick={detail.reload}>
            Try again
          </button>
        </p>
      )}
      {isFinal(status) && snapshot && (
        <div class={replaying ? "" : "block"}>
          <ReplayButton viewer={viewer} replaying={replaying} onReplay={onReplay} />
        </div>
      )}
      <Share key={tracking_id} viewer={viewer} now={now} format={format} />
    </aside>
  );
}

/** When it comes, against what was promised. */
function Times({ delivery, now, format }: { delivery: FleetDelivery; now: number; format: Formatter }): JSX.Element {
  const { eta_at, window, status_at, status, remaining_m, stops_before } = delivery;
  const punctuality = punctualityOf(delivery, now, format);
  const over = isFinal(status);
  const time = (seconds: number | null | undefined): string => (seconds === null || seconds === undefined ? "–" : timeWords(seconds, now, format));
  const promise = window?.to ?? null;
  return (
    <section class="times" aria-label="Times">
      <div>
        <p class="times__name">{over ? STATUS_WORDS[status] : "Expected"}</p>
        <p class="times__big">{time(over ? status_at : eta_at)}</p>
      </div>
      <div>
        <p class="times__name">Promised</p>
        <p class="times__big times__big--soft">{promise === null ? "–" : time(promise)}</p>
      </div>
      <p class={`times__words${punctuality?.late ? " times__words--late" : ""}`}>
        {[
          punctuality?.words,
          !over && typeof remaining_m === "number" ? `${format.distance(remaining_m)} to go` : null,
          !over && stops_before > 0 ? `${stops_before} ${stops_before === 1 ? "stop" : "stops"} before` : null,
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <p class="fact">
      <span class="fact__name">{name}</span>
      <span>{value}</span>
    </p>
  );
}
