/** The operator's order service: set by configuration; here is what it was told. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ORDER_SERVICE, type WebhookCalls } from "../client/webhook-calls";
import { AttemptsPane } from "./AttemptsPane";
import type { Session } from "./session";
import type { Times } from "./times";
import { useAttempts } from "./use-attempts";

interface OrderServiceProps {
  calls: WebhookCalls;
  session: Session;
  /** Whether somebody chose it: they go on here. */
  focused: boolean;
  now: number;
  times: Times;
  zone: string | null;
}

export function OrderService({ calls, session, focused, now, times, zone }: OrderServiceProps): JSX.Element {
  const followed = useAttempts(calls, ORDER_SERVICE, () => undefined);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (focused) heading.current?.focus();
  }, []);
  return (
    <section class="hooks__detail" aria-labelledby="endpoint">
      <h2 id="endpoint" class="hooks__url" ref={heading} tabIndex={-1}>
        Order service
      </h2>
      <p class="hooks__advice">
        The system that orders come from. Where ORDER_SERVICE_URL is set, it is told of each status, signed with ORDER_SERVICE_SECRET. Both
        are set where Onway is deployed, not here.
      </p>
      <AttemptsPane followed={followed} calls={calls} id={ORDER_SERVICE} token={session.token} sends now={now} times={times} zone={zone} />
    </section>
  );
}
