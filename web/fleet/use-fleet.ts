/** The fleet as a hook: drawn again with what changed, and as time makes deliveries late. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { Fleet, type FleetBatch, type FleetState } from "../client/fleet";
import { type Heard, SILENCE, dismiss, forget, hear } from "./toasts";
import type { Session } from "./session";

/** What ages is looked at again this often. */
const TICK_MS = 5_000;

export interface Followed {
  readonly fleet: Fleet;
  readonly state: FleetState;
  /** Another number after each change. */
  readonly revision: number;
  /** Unix milliseconds of the service. */
  readonly now: number;
  readonly heard: Heard;
  readonly dismiss: (key: string | null) => void;
}

export function useFleet(session: Session, origin?: string): Followed {
  const fleet = useMemo(() => new Fleet({ token: session.token, store_id: session.store_id, ...(origin && { origin }) }), [session]);
  const [drawn, draw] = useState({ state: fleet.state, revision: 0, now: fleet.now() });
  const [heard, setHeard] = useState(SILENCE);
  useEffect(() => {
    // What stood when the page opened is in the list; only what comes then is said.
    let settled = false;
    const onBatch = ({ state, changed, removed }: FleetBatch): void => {
      const now = fleet.now();
      const quiet = !settled;
      settled ||= state.ready;
      draw(({ revision }) => ({ state, revision: revision + 1, now }));
      if (changed.length + removed.length > 0) setHeard((before) => hear(forget(before, removed), changed, now, quiet));
    };
    const onTick = (): void => {
      const now = fleet.now();
      draw(({ state, revision }) => ({ state, revision: revision + 1, now }));
      if (settled) setHeard((before) => hear(before, fleet.deliveries.values(), now, false));
    };
    const stop = fleet.subscribe(onBatch);
    fleet.start();
    const timer = setInterval(onTick, TICK_MS);
    return () => {
      clearInterval(timer);
      stop();
      fleet.stop();
    };
  }, [fleet]);
  return { fleet, ...drawn, heard, dismiss: (key) => setHeard((before) => dismiss(before, key)) };
}
