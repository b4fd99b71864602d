/** Does something at once, and again while somebody looks. */
import { useEffect } from "preact/hooks";

/** What is shown is looked at again this often. */
const REPEAT_MS = 30_000;

export function useRepeat(look: () => void, about: unknown): void {
  useEffect(() => {
    let asked = 0;
    const again = (): void => {
      asked = performance.now();
      look();
    };
    const onTick = (): void => {
      if (document.visibilityState === "visible") again();
    };
    const onReturn = (): void => {
      if (performance.now() - asked >= REPEAT_MS) onTick();
    };
    again();
    const timer = setInterval(onTick, REPEAT_MS);
    document.addEventListener("visibilitychange", onReturn);
    addEventListener("online", again);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", onReturn);
      removeEventListener("online", again);
    };
  }, [about]);
}
