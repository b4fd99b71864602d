/** The parts of the page that are not for everybody: loaded when the first of them is to be shown. */
import { useEffect, useState } from "preact/hooks";
import type { Allowed } from "./viewer";

type Parts = typeof import("./parts/Parts");

export function useParts(may: Allowed | null): Parts | null {
  const [parts, setParts] = useState<Parts | null>(null);
  const wanted = may !== null && Object.values(may).some(Boolean);
  useEffect(() => {
    if (!wanted || parts) return;
    let over = false;
    const load = async (): Promise<void> => {
      try {
        const loaded = await import("./parts/Parts");
        if (!over) setParts(loaded);
      } catch {
        // No network for their code: the page goes on without them.
      }
    };
    void load();
    return () => {
      over = true;
    };
  }, [wanted, parts]);
  return parts;
}
