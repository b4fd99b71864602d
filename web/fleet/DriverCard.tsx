/** Who carries it: there or not, how much battery, and what else is carried, in an order that can be changed. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Calls, DriverDetails } from "../client/fleet-calls";
import type { FleetDelivery } from "../client/wire";
import type { Formatter } from "../track/format";
import { useCall } from "../track/parts/use-call";
import { Glyph } from "./icons";
import { STATUS_WORDS } from "./words";

interface DriverCardProps {
  delivery: FleetDelivery;
  /** Null: not known yet, or not to be seen. */
  driver: DriverDetails | null;
  calls: Calls;
  may: boolean;
  now: number;
  format: Formatter;
  onDone: () => void;
}

export function DriverCard({ delivery, driver, calls, may, now, format, onDone }: DriverCardProps): JSX.Element {
  const { driver_id, driver_online, battery } = delivery;
  const charge = driver?.last_location?.battery ?? battery ?? null;
  const seen = driver?.last_seen ?? delivery.current_location?.timestamp ?? null;
  const away = seen === null ? "Offline" : `Offline, seen ${format.ago(now - seen * 1_000)}`;
  return (
    <section class="block" aria-label="Driver">
      <h3>Driver</h3>
      <p class="carrier">
        <span class={`carrier__dot${driver_online ? " carrier__dot--online" : ""}`} />
        <strong>{driver_id}</strong>
        <span class="carrier__state">{driver_online ? "Online" : away}</span>
        {charge !== null && (
          <span class={`carrier__battery${charge <= 15 ? " carrier__battery--low" : ""}`}>
            <Glyph name="battery" /> {charge} %
          </span>
        )}
      </p>
      {may && driver && driver.deliveries.length > 1 && <Stops key={ids(driver).join()} driver={driver} current={delivery.tracking_id} calls={calls} onDone={onDone} />}
    </section>
  );
}

const ids = (driver: DriverDetails): string[] => driver.deliveries.map(({ tracking_id }) => tracking_id);

function Stops({ driver, current, calls, onDone }: { driver: DriverDetails; current: string; calls: Calls; onDone: () => void }): JSX.Element {
  const before = ids(driver);
  const [order, setOrder] = useState<readonly string[]>(before);
  const { busy, trouble, run } = useCall("The order of these stops is not yours to change.");
  const changed = order.some((id, index) => id !== before[index]);
  const swap = (index: number): void => {
    const next = [...order];
    [next[index - 1], next[index]] = [next[index] as string, next[index - 1] as string];
    setOrder(next);
  };
  return (
    <>
      <h4>Stops, in order</h4>
      <ol class="stops">
        {order.map((id, index) => {
          const job = driver.deliveries.find(({ tracking_id }) => tracking_id === id);
          return (
            <li key={id} class={`stop${id === current ? " stop--current" : ""}`}>
              <span class="stop__name">
                {job?.order_id ?? id} <span class="stop__state">{job && STATUS_WORDS[job.status]}</span>
              </span>
              <button class="act act--bare act--small" type="button" disabled={index === 0} aria-label={`${job?.order_id ?? id} one stop earlier`} onClick={() => swap(index)}>
                <Glyph name="up" />
              </button>
              <button
                class="act act--bare act--small"
                type="button"
                disabled={index === order.length - 1}
                aria-label={`${job?.order_id ?? id} one stop later`}
                onClick={() => swap(index + 1)}
              >
                <Glyph name="down" />
              </button>
            </li>
          );
        })}
      </ol>
      {changed && (
        <button
          class="act act--main"
          type="button"
          aria-disabled={busy}
          onClick={() =>
            void run(async () => {
              await calls.reorder(driver.driver_id, order);
              onDone();
            })
          }
        >
          Save this order
        </button>
      )}
      <p class="part__trouble" role="alert">
        {trouble}
      </p>
    </>
  );
}
