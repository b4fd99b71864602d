/** Corrects what was told when the delivery was started. Only what was changed is sent. */
import type { JSX } from "preact";
import type { Snapshot } from "../client";
import type { Correction } from "../client/fleet-calls";
import type { FleetDelivery } from "../client/wire";
import { useFirstField } from "./use-first-field";
import { fromLocal, toLocal, zoneWords } from "./local-time";

interface CorrectProps {
  delivery: FleetDelivery;
  snapshot: Snapshot | null;
  /** Of the time that is written; null: the device's. */
  zone: string | null;
  busy: boolean;
  onCorrect: (correction: Correction) => void;
}

export function Correct({ delivery, snapshot, zone, busy, onCorrect }: CorrectProps): JSX.Element {
  const known = {
    lat: String(delivery.dropoff.lat),
    lng: String(delivery.dropoff.lng),
    address: snapshot?.dropoff.address ?? "",
    by: toLocal(delivery.window?.to ?? null, zone),
    phone: snapshot?.phone ?? "",
    instructions: snapshot?.instructions ?? "",
  };
  const form = useFirstField();
  const onForm = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const read = (name: keyof typeof known): string => String(fields.get(name) ?? "").trim();
    const changed = (name: keyof typeof known): boolean => read(name) !== known[name];
    const correction: Correction = {};
    if (changed("lat") || changed("lng") || changed("address")) {
      correction.dropoff = { lat: Number(read("lat")), lng: Number(read("lng")), ...(read("address") && { address: read("address") }) };
    }
    if (changed("by")) {
      const [from, to] = [delivery.window?.from ?? null, fromLocal(read("by"), zone)];
      correction.window = from === null && to === null ? null : { from, to };
    }
    if (changed("phone")) correction.phone = read("phone") || null;
    if (changed("instructions")) correction.instructions = read("instructions") || null;
    if (!busy && Object.keys(correction).length > 0) onCorrect(correction);
  };
  return (
    <form class="form form--card" ref={form} onSubmit={onForm}>
      <label class="field">
        Destination
        <input name="address" defaultValue={known.address} placeholder="Address" autocomplete="off" />
      </label>
      <div class="form__pair">
        <label class="field">
          Latitude
          <input name="lat" type="number" step="any" min={-90} max={90} required defaultValue={known.lat} />
        </label>
        <label class="field">
          Longitude
          <input name="lng" type="number" step="any" min={-180} max={180} required defaultValue={known.lng} />
        </label>
      </div>
      <label class="field">
        Promised by, {zoneWords(zone)}
        <input name="by" type="datetime-local" defaultValue={known.by} />
      </label>
      <label class="field">
        Phone
        <input name="phone" type="tel" placeholder="+233201234567" defaultValue={known.phone} autocomplete="off" />
      </label>
      <label class="field">
        Instructions
        <textarea name="instructions" rows={2} defaultValue={known.instructions} />
      </label>
      <button class="act act--main" type="submit" aria-disabled={busy}>
        Save
      </button>
    </form>
  );
}
