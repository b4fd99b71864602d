/** What lets somebody be told by push messages: loaded where they are sent and this browser shows them. */
import { useEffect, useState } from "preact/hooks";

type Tell = typeof import("./tell/Tell").Tell;

export function useTell(key: string | null, wanted: boolean): Tell | null {
  const [code, setCode] = useState<{ Tell: Tell } | null>(null);
  const can = key !== null && wanted && "serviceWorker" in navigator && "PushManager" in globalThis;
  useEffect(() => {
    if (!can || code) return;
    let over = false;
    const load = async (): Promise<void> => {
      try {
        const loaded = await import("./tell/Tell");
        if (!over) setCode(loaded);
      } catch {
        // No network for its code: the page goes on without it.
      }
    };
    void load();
    return () => {
      over = true;
    };
  }, [can, code]);
  return code?.Tell ?? null;
}
