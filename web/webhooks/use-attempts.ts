/** The attempts of an endpoint as a hook, and what became of what was sent by hand. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { WebhookCalls } from "../client/webhook-calls";
import { Attempts, type AttemptsState } from "./attempts";
import { useRepeat } from "./use-repeat";
import { outcomeWords } from "./words";

export interface Followed {
  readonly attempts: Attempts;
  /** What somebody who sent something is told of it. */
  readonly said: string;
  /** Says what was sent, and then what became of it. */
  readonly follow: (send: () => Promise<Sent>) => Promise<void>;
}

export interface Sent {
  readonly words: string;
  /** The attempt that is waited for: the next one after `before`, of an event, or with null of any. None: nothing was sent. */
  readonly next?: { readonly event_id: string | null; readonly before: string | null };
}

/** `onOutcome`: an attempt was made, after which the endpoint may be another. */
export function useAttempts(calls: WebhookCalls, id: string, onOutcome: () => void): Followed {
  const [, draw] = useState<AttemptsState | null>(null);
  const [said, say] = useState("");
  const attempts = useMemo(() => new Attempts(calls, id, draw), [calls, id]);
  const turn = useRef(0);
  useEffect(() => () => attempts.stop(), [attempts]);
  useRepeat(() => void attempts.refresh(), attempts);
  const follow: Followed["follow"] = async (send) => {
    turn.current += 1;
    const mine = turn.current;
    say("");
    const { words, next } = await send();
    say(words);
    if (!next) return;
    void attempts.await(next.event_id, next.before).then((found) => {
      if (found) onOutcome();
      // Of two that were sent the later is spoken of. Of a span the list tells.
      if (mine === turn.current && next.event_id !== null) say(outcomeWords(found));
    });
  };
  return { attempts, said, follow };
}
