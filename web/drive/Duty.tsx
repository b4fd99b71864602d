/** On and off duty, and whether the position is shared. */
import type { JSX } from "preact";
import type { DriverState } from "../client/driver-state";
import type { SharingState } from "./sharing";
import type { Work } from "./use-driver";

interface DutyProps {
  work: Work;
  state: DriverState;
  sharing: SharingState;
}

export function Duty({ work, state, sharing }: DutyProps): JSX.Element {
  const { driver, sharing: phone } = work;
  const setDuty = (on: boolean): void => {
    // One tap does both: the browser asks for the permission only after a tap.
    if (on) phone.start();
    else phone.stop();
    // What waits should not be the first to go when the phone runs out of room.
    if (on) void navigator.storage?.persist?.().catch(() => undefined);
    void driver.setDuty(on);
  };
  if (!state.on_duty) {
    return (
      <section class="panel" aria-label="Duty">
        <p class="panel__text">You are off duty. Your position is not shared.</p>
        <button class="big" type="button" onClick={() => setDuty(true)}>
          Go on duty
        </button>
      </section>
    );
  }
  return (
    <section class="panel" aria-label="Duty">
      <p class="panel__text">
        <span class={`dot${sharing.on ? " dot--on" : ""}`} aria-hidden="true" />
        {sharingWords(sharing, state.reach === "live")}
      </p>
      <div class="pair">
        <button class="big big--plain" type="button" onClick={() => (sharing.on ? phone.stop() : phone.start())}>
          {sharing.on ? "Stop sharing" : "Share position"}
        </button>
        <button class="big big--plain" type="button" onClick={() => setDuty(false)}>
          Go off duty
        </button>
      </div>
    </section>
  );
}

function sharingWords({ on, gps, denied, fix }: SharingState, live: boolean): string {
  if (!on) return "On duty. Your position is not shared.";
  if (denied || gps === "none") return "On duty. Your position is not known.";
  if (!fix) return "On duty. Looking for your position…";
  return `On duty. Your position is ${live ? "shared" : "kept"}${fix.accuracy === undefined ? "" : `, to ${Math.round(fix.accuracy)} m`}.`;
}
