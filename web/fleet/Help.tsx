/** The keys of the page. */
import type { JSX } from "preact";
import { Modal } from "./Modal";

const KEYS: readonly [keys: string, does: string][] = [
  ["/", "Search"],
  ["↑ ↓", "The delivery before, the next"],
  ["Page ↑ ↓ · Home · End", "Further, the first, the last"],
  ["Enter", "Go on in its panel"],
  ["Space or x", "Mark it, for all marked at once"],
  ["n", "New delivery"],
  ["Esc", "Close what is open, then unmark"],
  ["?", "These keys"],
];

export function Help({ onClose }: { onClose: () => void }): JSX.Element {
  return (
    <Modal title="Keys" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([keys, does]) => (
          <div key={keys} class="keys__row">
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
