/** A question in the middle of the page: the browser's own dialog, which keeps the focus and listens to Esc. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Glyph } from "./icons";

interface ModalProps {
  title: string;
  children: ComponentChildren;
  onClose: () => void;
}

/** Where the focus was before a dialog: one that follows on another goes back to where that one came from. */
const openers = new WeakMap<Element, Element | null>();

export function Modal({ title, children, onClose }: ModalProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const active = document.activeElement;
    const before = active?.closest("dialog");
    const opener = (before && openers.get(before)) || active;
    if (dialog.current) openers.set(dialog.current, opener);
    dialog.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog class="modal" ref={dialog} aria-labelledby={id} onClose={onClose}>
      <div class="modal__head">
        <h2 id={id}>{title}</h2>
        <button class="act act--bare" type="button" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Glyph name="close" />
        </button>
      </div>
      {children}
    </dialog>
  );
}
