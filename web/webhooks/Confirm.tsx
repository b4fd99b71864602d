/** Asks once more before something that cannot be taken back. */
import type { ComponentChildren, JSX } from "preact";
import { Modal } from "../fleet/Modal";
import { useCall } from "../track/parts/use-call";

interface ConfirmProps {
  title: string;
  children: ComponentChildren;
  /** The words on its button. */
  words: string;
  bad?: boolean;
  act: () => Promise<void>;
  onClose: () => void;
}

export function Confirm({ title, children, words, bad, act, onClose }: ConfirmProps): JSX.Element {
  const { busy, trouble, run } = useCall("This endpoint is not yours to set.");
  return (
    <Modal title={title} onClose={onClose}>
      <div class="form">
        <p>{children}</p>
        <p class="part__trouble" role="alert">
          {trouble}
        </p>
        <div class="actions__row">
          <button class={`act ${bad ? "act--bad-main" : "act--main"}`} type="button" aria-disabled={busy} onClick={() => void run(act)}>
            {words}
          </button>
          <button class="act" type="button" onClick={onClose}>
            Leave it
          </button>
        </div>
      </div>
    </Modal>
  );
}
