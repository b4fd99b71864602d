/** A new delivery: its places by clicks on the map, the rest by a few fields. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Point } from "../client";
import type { Calls, NewDelivery as Order } from "../client/fleet-calls";
import { useCall } from "../track/parts/use-call";
import { MODES } from "./filter";
import { Glyph } from "./icons";
import { fromLocal, zoneWords } from "./local-time";
import type { Session } from "./session";
import { idempotencyKey } from "./words";

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
    setMissing(dropoff === undefined);
    if (dropoff === undefined || busy) return;
    const order = orderOf(new FormData(event.currentTarget as HTMLFormElement), dropoff, pickup ?? null, session.store_id, zone);
    const body = JSON.stringify(order);
    if (sent.current.body !== body) sent.current = { body, key: idempotencyKey() };
    void run(async () => onMade((await calls.start(order, sent.current.key)).tracking_id));
  };
  return (
    <aside class="panel" aria-label="New delivery">
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
        <Place name="Destination" kind="dropoff" place={dropoff} needed={missing && dropoff === undefined} onPlace={(place) => onPlaces(pickup ? [place, pickup] : [place])} />
        <label class="field">
          Address of the destination
          <input name="address" autocomplete="off" placeholder="14 Ring Road" />
        </label>
        <Place name="Pickup" kind="pickup" place={pickup} needed={false} disabled={dropoff === undefined} onPlace={(place) => dropoff && onPlaces([dropoff, place])} />
        <div class="form__pair">
          <label class="field">
            Driver
            <input name="driver_id" autocomplete="off" spellcheck={false} placeholder="Later" />
          </label>
          <label class="field">
            Mode
            <select name="mode" defaultValue="car">
              {MODES.map((mode) => (
                <option key={mode} value={mode}>
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
  onPlace: (place: Point) => void;
}

/** Also without a map: "5.6037, -0.1869". */
function Place({ name, kind, place, needed, disabled, onPlace }: PlaceProps): JSX.Element {
  const text = place ? `${place.lat.toFixed(5)}, ${place.lng.toFixed(5)}` : "";
  return (
    <label class={`field pin pin--${kind}`}>
      {name}
      <input
        key={text}
        defaultValue={text}
        disabled={disabled ?? false}
        aria-invalid={needed}
        inputMode="decimal"
        autocomplete="off"
        placeholder={disabled ? "After the destination" : "Click on the map"}
        onChange={(event) => {
          const found = placeOf(event.currentTarget.value);
          if (found) onPlace(found);
        }}
      />
    </label>
  );
}

export function placeOf(text: string): Point | null {
  const [lat, lng, ...more] = text.split(/[\s,;]+/).filter(Boolean).map(Number);
  if (lat === undefined || lng === undefined || more.length > 0) return null;
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { lat, lng } : null;
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
