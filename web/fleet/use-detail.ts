/** All that there is to know of the delivery that is looked at: asked for when somebody stays on it. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Snapshot, decodeTrail } from "../client";
import type { Calls, DriverDetails } from "../client/fleet-calls";
import type { Timeline } from "../client/wire";
import type { Focus } from "./fleet-map";

/** Whoever runs through the list with the arrow keys asks for nothing. */
const STAY_MS = 220;
/** A position a second need not be an answer a second. */
const AGAIN_MS = 5_000;

export interface Detail {
  readonly snapshot: Snapshot | null;
  readonly timeline: Timeline | null;
  readonly driver: DriverDetails | null;
  readonly trouble: boolean;
  readonly focus: Focus | null;
  readonly reload: () => void;
}

interface Found {
  readonly id: string;
  readonly at: number;
  readonly snapshot: Snapshot | null;
  readonly timeline: Timeline | null;
  readonly driver: DriverDetails | null;
  readonly trouble: boolean;
}

/** `seq` of what the fleet knows of it: another one, and it is asked for again. */
export function useDetail(calls: Calls, id: string | null, seq: number): Detail {
  const [found, setFound] = useState<Found | null>(null);
  const [again, setAgain] = useState(0);
  /** The last of them that was answered. */
  const answered = useRef(0);
  useEffect(() => {
    if (id === null) return setFound(null);
    const request = new AbortController();
    const fresh = found?.id !== id;
    const wait = fresh || again !== answered.current ? STAY_MS : Math.max(STAY_MS, found.at + AGAIN_MS - performance.now());
    const take = (answer: Found): void => {
      answered.current = again;
      setFound(answer);
    };
    const timer = setTimeout(() => void load(calls, id, request.signal).then(take, () => undefined), wait);
    return () => {
      clearTimeout(timer);
      request.abort();
    };
  }, [calls, id, seq, again]);
  const current = found?.id === id ? found : null;
  const snapshot = current?.snapshot ?? null;
  const focus = useMemo(() => focusOf(id, snapshot), [id, snapshot]);
  return {
    snapshot,
    timeline: current?.timeline ?? null,
    driver: current?.driver ?? null,
    trouble: current?.trouble ?? false,
    focus,
    reload: () => setAgain((n) => n + 1),
  };
}

/** What could not be had is left out: each part says so by itself. Rejects when nobody waits any more. */
async function load(calls: Calls, id: string, signal: AbortSignal): Promise<Found> {
  const none = (): null => null;
  const [snapshot, timeline] = await Promise.all([calls.snapshot(id, signal).catch(none), calls.timeline(id, signal).catch(none)]);
  const driver_id = snapshot?.driver_id;
  const driver = driver_id ? await calls.driver(driver_id, signal).catch(none) : null;
  signal.throwIfAborted();
  return { id, at: performance.now(), snapshot, timeline, driver, trouble: snapshot === null };
}

function focusOf(id: string | null, snapshot: Snapshot | null): Focus | null {
  if (id === null || snapshot === null) return null;
  const trail = decodeTrail(snapshot.trail);
  const last = snapshot.current_location;
  return { id, dropoff: snapshot.dropoff, pickup: snapshot.pickup ?? null, trail: last ? [...trail, last] : trail };
}
