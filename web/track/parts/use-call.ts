/** A request that somebody asked for by a button: under way, done, or failed in words. */
import { useState } from "preact/hooks";
import { failureWords } from "../../client/failure";

export interface Call {
  readonly busy: boolean;
  readonly trouble: string | null;
  /** Whether it was done; a second one waits for nobody: while one is under way it is not. */
  readonly run: (task: () => Promise<void>) => Promise<boolean>;
  readonly say: (trouble: string | null) => void;
}

/** `refused` is said where the caller may not do it. */
export function useCall(refused: string): Call {
  const [busy, setBusy] = useState(false);
  const [trouble, say] = useState<string | null>(null);
  const run = async (task: () => Promise<void>): Promise<boolean> => {
    if (busy) return false;
    setBusy(true);
    say(null);
    try {
      await task();
      return true;
    } catch (error) {
      say(failureWords(error, refused));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, trouble, run, say };
}
