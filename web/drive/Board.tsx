/** The working day of one driver. */
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { isOffer } from "../client/jobs";
import type { ProofState } from "../client/proofs";
import { Formatter } from "../track/format";
import { useOnline } from "../track/use-tracking";
import { Duty } from "./Duty";
import { Emergency } from "./Emergency";
import { Header } from "./Header";
import { noticesOf } from "./notices";
import { Notices } from "./Notices";
import { Offers } from "./Offers";
import { LaterStop, NextStop } from "./Stop";
import { type Work, useDriverState, useSharingState, useTick } from "./use-driver";
import { ENDED, ENDINGS, emergencyView } from "./words";

interface BoardProps {
  work: Work;
  proofs: ProofState;
  /** When the sign-in runs out, in Unix seconds. */
  expires_at: number | null;
  /** A newer version of the page waits to be used. */
  update: (() => void) | null;
  /** The sign-in is no longer good. */
  onExpired: () => void;
  onSignOut: () => void;
}

/** Early enough to ask somebody for a new invite. */
const EXPIRY_WARNING_MS = 30 * 60_000;

export function Board({ work, proofs, expires_at, update, onExpired, onSignOut }: BoardProps): JSX.Element {
  const { driver, sharing: phone } = work;
  const state = useDriverState(work);
  const sharing = useSharingState(work);
  const online = useOnline();
  const wall = useTick(work);
  const format = useMemo(() => new Formatter(null, null), []);
  const now = driver.now();
  const expired = state.ending === "invalid_token";
  useEffect(() => {
    if (expired) onExpired();
  }, [expired, onExpired]);

  const jobs = state.jobs ?? [];
  const offers = jobs.filter(isOffer);
  const [next, ...later] = jobs.filter((job) => !isOffer(job));
  const stop = { work, here: sharing.fix, format, now };
  const notices = noticesOf(state, sharing, proofs, online, { clock: (ms) => format.clock(ms), now: wall });
  if (expires_at !== null && expires_at * 1_000 - now < EXPIRY_WARNING_MS) {
    const text = `Your sign-in runs out at ${format.clock(expires_at * 1_000)}. Ask your dispatcher for a new invite.`;
    notices.push({ id: "expiry", tone: "warn", text });
  }
  if (update) notices.push({ id: "update", tone: "quiet", text: "A new version of this page is ready.", action: "Use it" });
  const signOut = (): void => {
    phone.stop();
    void driver.forget().then(onSignOut);
  };
  const act = (id: string): void => {
    if (id === "refused") driver.dismissRefusal();
    else if (id === "paused") phone.dismissPause();
    else if (id === "denied") phone.start();
    else if (id === "update") update?.();
  };

  return (
    <main class="drive">
      <Header reach={online ? state.reach : "offline"} onSignOut={signOut} waiting={state.waiting} />
      <h1 class="visually-hidden">Your deliveries</h1>
      {state.reach === "ended" && !expired && state.ending !== "stopped" && <Ended state={state} onAgain={() => driver.takeOver()} />}
      <Notices notices={notices} onAction={act} />
      <Duty work={work} state={state} sharing={sharing} />
      <Offers work={work} offers={offers} here={sharing.fix} format={format} />
      {next && <NextStop key={next.tracking_id} job={next} {...stop} />}
      {later.length > 0 && (
        <section class="stack" aria-labelledby="later">
          <h2 class="heading" id="later">
            After that
          </h2>
          <ol class="stack">
            {later.map((job, i) => (
              <LaterStop key={job.tracking_id} job={job} position={i + 2} {...stop} />
            ))}
          </ol>
        </section>
      )}
      {state.jobs === null && <Loading offline={!online || state.reach === "offline"} />}
      {state.jobs !== null && jobs.length === 0 && (
        <p class="empty">{state.on_duty ? "No deliveries now. New ones appear here by themselves." : "No deliveries."}</p>
      )}
      <Emergency
        view={emergencyView(state.emergencies, state.pending, online && state.reach === "live", now)}
        format={format}
        onRaise={() => void driver.raiseEmergency()}
      />
    </main>
  );
}

function Ended({ state, onAgain }: { state: { ending: keyof typeof ENDINGS | null }; onAgain: () => void }): JSX.Element {
  const { title, text, action } = (state.ending && ENDINGS[state.ending]) ?? ENDED;
  return (
    <section class="panel panel--bad" role="alert">
      <h2 class="heading">{title}</h2>
      <p>{text}</p>
      <button class="big" type="button" onClick={onAgain}>
        {action}
      </button>
    </section>
  );
}

function Loading({ offline }: { offline: boolean }): JSX.Element {
  return <p class="empty">{offline ? "Your deliveries appear here once there is a connection." : "Loading your deliveries…"}</p>;
}
