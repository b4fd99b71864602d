/** What has happened and what is to come. */
import type { JSX } from "preact";
import { Icon } from "./icons";
import type { StepView } from "./view";

/** Said to readers, who do not see the shapes. */
const SPOKEN = { done: "done", current: "now", ahead: "to come", failed: "the end" } as const;

export function Timeline({ steps }: { steps: readonly StepView[] }): JSX.Element | null {
  if (steps.length === 0) return null;
  return (
    <section class="card" aria-labelledby="timeline-title">
      <h2 class="card__title" id="timeline-title">
        Progress
      </h2>
      <ol class="timeline">
        {steps.map((step) => (
          <li
            key={step.status}
            class={`timeline__step timeline__step--${step.state}`}
            aria-current={step.state === "current" ? "step" : undefined}
          >
            <span class="timeline__dot">
              {step.state === "done" && <Icon name="check" />}
              {step.state === "failed" && <Icon name="cross" />}
            </span>
            <span class="timeline__label">
              {step.label}
              <span class="visually-hidden">, {SPOKEN[step.state]}</span>
            </span>
            {step.time && <span class="timeline__time">{step.time}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
