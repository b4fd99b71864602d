/** A new delivery: its places by clicks on the map, the rest by a few fields. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Point } from "../client";
import type { Calls, NewDelivery as Order } from "../client/fleet-calls";
import { useCall } from "../track/parts/use-call";
import { MODES } from "./filter";
import { Glyph } from "./icons";
import { fromLocal, zoneWords } from "./local-time";
import { type Written, textOf, writtenIn } from "./place";
import type { Session } from "./session";
import { idempotencyKey } from "./words";

const UNREADABLE = "These are no coordinates. Write latitude and longitude, like 5.6037, -0.1869.";

interface NewDeliveryProps {
  calls: Calls;
  session: Session;
  /** The destination, then the pickup. */
  places: readonly Point[];
  now: number;
  /** Of the time that is written; null: the device's. */
  zone: string | null;
  onPlaces: (places: readonly Point[]) => void;
  onMade: (tracking_id: string) => void;
  onClose: () => void;
}

export function NewDelivery({ calls, session, places, zone, onPlaces, onMade, onClose }: NewDeliveryProps): JSX.Element {
  const { busy, trouble, run } = useCall("Starting deliveries is not yours to do.");
  // The same form that is sent again after a failure makes no second delivery; another one does.
  const sent = useRef({ body: "", key: "" });
  const first = useRef<HTMLInputElement>(null);
  const [missing, setMissing] = useState(false);
  useEffect(() => first.current?.focus(), []);
  const [dropoff, pickup] = places;
  const onForm = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    // What stands in the fields is sent: it may have been written a moment ago.
    const written = (kind: string, known: Point | undefined): Written => writtenIn(String(fields.get(kind) ?? ""), known);
    const [to, from] = [written("dropoff", dropoff), written("pickup", pickup)];
    setMissing(to === "nothing");
    if (to === "nothing" || to === "unreadable" || from === "unreadable" || busy) return;
    const order = orderOf(fields, to, from === "nothing" ? null : from, session.store_id, zone);
    const body = JSON.stringify(order);
    if (sent.current.body !== body) sent.current = { body, key: idempotencyKey() };
    void run(async () => onMade((await calls.start(order, sent.current.key)).tracking_id));
  };
  return (
    <aside class="panel panel--new" aria-label="New delivery">
      <header class="panel__head">
        <h2 class="panel__title">New delivery</h2>
        <button class="act act--bare" type="button" aria-label="Close" onClick={onClose}>
          <Glyph name="close" />
        </button>
      </header>
      <form class="form" onSubmit={onForm}>
        <label class="field">
          Order
          <input ref={first} name="order_id" required maxLength={100} autocomplete="off" placeholder="ORD-1042" />
        </label>
        <Place
          name="Destination"
          kind="dropoff"
          place={dropoff}
          needed={missing && dropoff === undefined}
          onPlace={(place) => onPlaces(place === undefined ? [] : pickup ? [place, pickup] : [place])}
        />
        <label class="field">
          Address of the destination
          <input name="address" autocomplete="off" placeholder="14 Ring Road" />
        </label>
        <Place
          name="Pickup"
          kind="pickup"
          place={pickup}
          needed={false}
          disabled={dropoff === undefined}
          onPlace={(place) => dropoff && onPlaces(place ? [dropoff, place] : [dropoff])}
        />
        <div class="form__pair">
          <label class="field">
            Driver
            <input name="driver_id" autocomplete="off" spellcheck={false} placeholder="Later" />
          </label>
          <label class="field">
            Mode
            <select name="mode">
              {MODES.map((mode) => (
                <option key={mode} value={mode} selected={mode === "car"}>
                  {mode}
                </option>
              ))}
            </select>
          </label>
        </div>
        {session.store_id === null && (
          <label class="field">
            Store
            <input name="store_id" autocomplete="off" spellcheck={false} />
          </label>
        )}
        <label class="field">
          Promised by, {zoneWords(zone)}
          <input name="by" type="datetime-local" />
        </label>
        <label class="field">
          Phone of the customer
          <input name="phone" type="tel" autocomplete="off" placeholder="+233201234567" />
        </label>
        <label class="field">
          Instructions for the driver
          <textarea name="instructions" rows={2} />
        </label>
        <p class="part__trouble" role="alert">
          {missing && dropoff === undefined ? "Click on the map where it goes, or write its coordinates." : trouble}
        </p>
        <button class="act act--main" type="submit" aria-disabled={busy}>
          {busy ? "Starting" : "Start delivery"}
        </button>
      </form>
    </aside>
  );
}

interface PlaceProps {
  name: string;
  kind: "pickup" | "dropoff";
  place: Point | undefined;
  needed: boolean;
  disabled?: boolean;
  /** Undefined: none any more. */
  onPlace: (place: Point | undefined) => void;
}

/** Also without a map: "5.6037, -0.1869". What is written instead of a place that is known is not passed over. */
function Place({ name, kind, place, needed, disabled, onPlace }: PlaceProps): JSX.Element {
  const [unreadable, setUnreadable] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const shown = textOf(place);
  // In the same element: a key that was pressed in it goes on to send the form.
  useEffect(() => {
    if (field.current) field.current.value = shown;
    setUnreadable(false);
  }, [shown]);
  const onChange = (text: string): void => {
    const written = writtenIn(text, place);
    setUnreadable(written === "unreadable");
    if (written === "nothing") onPlace(undefined);
    else if (written !== "unreadable") onPlace(written);
  };
  return (
    <>
      <label class={`field pin pin--${kind}`}>
        {name}
        <input
          ref={field}
          name={kind}
          disabled={disabled ?? false}
          aria-invalid={needed || unreadable}
          aria-describedby={unreadable ? `unreadable-${kind}` : undefined}
          inputMode="decimal"
          autocomplete="off"
          placeholder={disabled ? "After the destination" : "Click on the map"}
          // Gone while somebody writes: what moves under a click on the button would take it.
          onInput={(event) => setUnreadable(unreadable && writtenIn(event.currentTarget.value, place) === "unreadable")}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      </label>
      {unreadable && (
        <p class="part__trouble" id={`unreadable-${kind}`} role="alert">
          {UNREADABLE}
        </p>
      )}
    </>
  );
}

function orderOf(fields: FormData, dropoff: Point, pickup: Point | null, store_id: string | null, zone: string | null): Order {
  const read = (name: string): string | null => String(fields.get(name) ?? "").trim() || null;
  const [address, by] = [read("address"), fromLocal(read("by") ?? "", zone)];
  return {
    order_id: read("order_id") ?? "",
    dropoff: { lat: dropoff.lat, lng: dropoff.lng, ...(address && { address }) },
    ...(pickup && { pickup: { lat: pickup.lat, lng: pickup.lng } }),
    driver_id: read("driver_id"),
    store_id: store_id ?? read("store_id"),
    phone: read("phone"),
    mode: MODES.find((mode) => mode === read("mode")) ?? "car",
    ...(by !== null && { window: { from: null, to: by } }),
    instructions: read("instructions"),
  };
}
