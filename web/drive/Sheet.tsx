/** A dialog from the bottom of the screen, where a thumb reaches it. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface SheetProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Sheet({ title, onClose, children }: SheetProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog class="sheet" ref={dialog} aria-labelledby={id} onClose={onClose}>
      <h2 class="sheet__title" id={id}>
        {title}
      </h2>
      {children}
      <button class="big big--plain" type="button" onClick={() => dialog.current?.close()}>
        Back
      </button>
    </dialog>
  );
}
