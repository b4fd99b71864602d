/** The library's state as hooks: what changes, and what ages. */
import { useEffect, useState } from "preact/hooks";
import type { Tracking, TrackingState } from "../client";

const TICK_MS = 1_000;
/** A tick that comes this late: the machine slept, and sockets may be dead without a word. */
const SLEPT_MS = 20_000;

export function useTrackingState(tracking: Tracking): TrackingState {
  const [state, setState] = useState(tracking.state);
  useEffect(() => tracking.subscribe(setState), [tracking]);
  return state;
}

/** The delivery's now, in Unix milliseconds, drawn again every second: ages grow without any frame. */
export function useNow(tracking: Tracking): number {
  const [, setTick] = useState(0);
  useEffect(() => {
    let last = Date.now();
    const timer = setInterval(() => {
      const wall = Date.now();
      if (wall - last > SLEPT_MS) tracking.wake();
      last = wall;
      setTick(wall);
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [tracking]);
  return tracking.now() ?? Date.now();
}

/** What the browser believes about the network. */
export function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = (): void => setOnline(navigator.onLine);
    addEventListener("online", update);
    addEventListener("offline", update);
    return () => {
      removeEventListener("online", update);
      removeEventListener("offline", update);
    };
  }, []);
  return online;
}

/** Whether a media query holds, now and as it changes. */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const update = (): void => setMatches(media.matches);
    media.addEventListener("change", update);
    return () => media.removeEventListener("change", update);
  }, [query]);
  return matches;
}
