/** The driver's line, its sharing and its proofs as hooks. */
import { useEffect, useState } from "preact/hooks";
import { Driver } from "../client/driver";
import type { DriverState } from "../client/driver-state";
import { type ProofState, Proofs } from "../client/proofs";
import type { Session } from "./session";
import { Sharing, type SharingState } from "./sharing";

/** Everything that works while somebody is signed in. */
export interface Work {
  readonly driver: Driver;
  readonly sharing: Sharing;
  readonly proofs: Proofs;
}

const NO_PROOFS: ProofState = { waiting: 0, refused: null };
const TICK_MS = 1_000;
/** A tick that comes this late: the phone slept, and sockets may be dead without a word. */
const SLEPT_MS = 20_000;
/** ETAs move without a frame. */
const ASK_EVERY_MS = 60_000;

/** Opens the work of a session; null until what was kept is read. */
export function useWork(session: Session): { work: Work | null; proofs: ProofState } {
  const [work, setWork] = useState<Work | null>(null);
  const [proofs, setProofs] = useState(NO_PROOFS);
  useEffect(() => {
    let opened: Work | null = null;
    let over = false;
    const open = async (): Promise<void> => {
      const driver = await Driver.open({ driver_id: session.driver_id, token: session.token });
      if (over) return driver.store.close();
      // Sharing listens for the page's end first, so that its last word still finds the line open.
      opened = { driver, sharing: new Sharing(driver), proofs: new Proofs(driver.store, session.token, setProofs) };
      driver.start();
      void opened.proofs.flush();
      setWork(opened);
    };
    void open();
    return () => {
      over = true;
      opened?.sharing.close();
      opened?.driver.stop();
      setWork(null);
    };
  }, [session.token, session.driver_id]);
  return { work, proofs };
}

export function useDriverState({ driver, proofs }: Work): DriverState {
  const [state, setState] = useState(driver.state);
  useEffect(() => {
    setState(driver.state);
    return driver.subscribe(setState);
  }, [driver]);
  const live = state.reach === "live";
  useEffect(() => {
    if (!live) return;
    void proofs.flush();
    const timer = setInterval(() => void proofs.flush(), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [live, proofs]);
  const busy = live && (state.jobs?.length ?? 0) > 0;
  useEffect(() => {
    if (!busy) return;
    const timer = setInterval(() => document.visibilityState === "visible" && driver.ask(), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [busy, driver]);
  return state;
}

export function useSharingState({ sharing }: Work): SharingState {
  const [state, setState] = useState(sharing.state);
  useEffect(() => {
    setState(sharing.state);
    return sharing.subscribe(setState);
  }, [sharing]);
  return state;
}

/** The phone's now, drawn again every second. */
export function useTick({ driver }: Work): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    let last = Date.now();
    const timer = setInterval(() => {
      const wall = Date.now();
      if (wall - last > SLEPT_MS) driver.wake();
      last = wall;
      setNow(wall);
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [driver]);
  return now;
}
