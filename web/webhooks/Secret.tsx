/** A secret that is new: shown this once, to be copied. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Modal } from "../fleet/Modal";

export function Secret({ secret, onClose }: { secret: string; onClose: () => void }): JSX.Element {
  const [said, setSaid] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(secret);
      setSaid("Copied.");
    } catch {
      field.current?.select();
      setSaid("Copy the marked text.");
    }
  };
  return (
    <Modal title="The secret of the endpoint" onClose={onClose}>
      <div class="form">
        <p>Copy it now: it is not shown again. With it the receiver checks that what arrives is from here.</p>
        <label class="field">
          Secret
          <input class="hooks__secret" ref={field} readOnly value={secret} spellcheck={false} />
        </label>
        <p class="part__said" role="status">
          {said}
        </p>
        <div class="actions__row">
          <button class="act act--main" type="button" onClick={() => void copy()}>
            Copy
          </button>
          <button class="act" type="button" onClick={onClose}>
            Done
          </button>
        </div>
      </div>
    </Modal>
  );
}
