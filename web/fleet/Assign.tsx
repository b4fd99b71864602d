/** Who shall carry it: the nearest free drivers at once, or anybody by name. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Calls } from "../client/fleet-calls";
import type { DriverEntry, FleetDelivery } from "../client/wire";
import { failureWords } from "../client/failure";
import type { Formatter } from "../track/format";
import { Glyph } from "./icons";

/** More are not nearest. */
const MAX_NEAR = 6;

interface AssignProps {
  delivery: FleetDelivery;
  calls: Calls;
  /** Whether the drivers near may be asked for. */
  near: boolean;
  busy: boolean;
  format: Formatter;
  onAssign: (driver_id: string) => void;
}

export function Assign({ delivery, calls, near, busy, format, onAssign }: AssignProps): JSX.Element {
  const [drivers, setDrivers] = useState<readonly DriverEntry[] | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const from = delivery.pickup ?? delivery.dropoff;
  useEffect(() => {
    if (!near) return;
    calls.near(from).then(
      (found) => setDrivers(found.filter(({ driver_id }) => driver_id !== delivery.driver_id).slice(0, MAX_NEAR)),
      (error: unknown) => setTrouble(failureWords(error, "The list of drivers is not yours to see.")),
    );
  }, [delivery.tracking_id, near]);
  const onForm = (event: SubmitEvent): void => {
    event.preventDefault();
    const id = String(new FormData(event.currentTarget as HTMLFormElement).get("driver") ?? "").trim();
    if (id !== "" && !busy) onAssign(id);
  };
  return (
    <div class="form form--card">
      {near && (
        <>
          <h4>Free drivers near the {delivery.pickup ? "pickup" : "destination"}</h4>
          <ul class="near">
            {drivers?.map((driver) => (
              <li key={driver.driver_id}>
                <button class="near__driver" type="button" aria-disabled={busy} onClick={() => !busy && onAssign(driver.driver_id)}>
                  <strong>{driver.driver_id}</strong>
                  <span>{away(driver, format)}</span>
                  {driver.battery !== null && driver.battery !== undefined && (
                    <span class="carrier__battery">
                      <Glyph name="battery" /> {driver.battery} %
                    </span>
                  )}
                </button>
              </li>
            ))}
          </ul>
          {drivers === null && trouble === null && <p class="block__note">Looking for drivers</p>}
          {drivers?.length === 0 && <p class="block__note">Nobody is free.</p>}
          <p class="part__trouble" role="alert">
            {trouble}
          </p>
        </>
      )}
      <form class="inline" onSubmit={onForm}>
        <label class="field">
          {near ? "Another driver" : "Driver"}
          <input name="driver" required autocomplete="off" spellcheck={false} placeholder="Driver id" />
        </label>
        <button class="act act--main" type="submit" aria-disabled={busy}>
          Assign
        </button>
      </form>
    </div>
  );
}

function away({ distance_m }: DriverEntry, format: Formatter): string {
  return distance_m === null || distance_m === undefined ? "" : `${format.distance(distance_m)} away`;
}
