/** A customer's own deliveries as a hook, asked for again while somebody looks. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { Own, type OwnState, isActive } from "./own";

/** Active deliveries are looked at again this often. */
export const REFRESH_MS = 30_000;

export function useOwn(token: string): { state: OwnState; now: number; own: Own } {
  const [, draw] = useState<OwnState | null>(null);
  const own = useMemo(() => new Own({ token, onChange: draw }), [token]);
  useEffect(() => {
    let asked = 0;
    const look = (): void => {
      asked = performance.now();
      void own.refresh();
    };
    const visible = (): boolean => document.visibilityState === "visible";
    const due = (): boolean => visible() && performance.now() - asked >= REFRESH_MS;
    const onTick = (): void => {
      const { deliveries, trouble } = own.state;
      if (visible() && (trouble !== null || deliveries.some(isActive))) look();
    };
    const onReturn = (): void => {
      if (due()) look();
    };
    look();
    const timer = setInterval(onTick, REFRESH_MS);
    document.addEventListener("visibilitychange", onReturn);
    addEventListener("online", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", onReturn);
      removeEventListener("online", look);
    };
  }, [own]);
  return { state: own.state, now: own.now(), own };
}
