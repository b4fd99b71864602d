/** The door: proof of delivery where it is wanted, and the last step. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Job } from "../client/driver-wire";
import type { Proof } from "../client/rows";
import { Glyph } from "./glyphs";
import { downscale } from "./photo";
import { Sheet } from "./Sheet";
import { Signature } from "./Signature";
import type { Work } from "./use-driver";

/** A code as the service takes it. */
const CODE_MAX = 16;

export function Handover({ work, job, onClose }: { work: Work; job: Job; onClose: () => void }): JSX.Element {
  const [taken, setTaken] = useState<Proof["kind"][]>([]);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [signing, setSigning] = useState(false);
  const code = useRef<HTMLInputElement>(null);

  const keep = async (kind: Proof["kind"], content_type: string, body: Proof["body"]): Promise<void> => {
    const room = await work.proofs.add({ tracking_id: job.tracking_id, kind, content_type, body });
    setTrouble(room ? null : "Too many proofs are waiting to be sent. Find a connection first.");
    if (room) setTaken((before) => [...before.filter((one) => one !== kind), kind]);
  };
  const photographed = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    const photo = await downscale(file);
    if (photo) await keep("photo", "image/jpeg", photo);
    else setTrouble("This photo cannot be read. Take another one.");
  };
  const deliver = async (): Promise<void> => {
    const entered = code.current?.value.trim();
    if (entered) await keep("code", "application/json", JSON.stringify({ code: entered }));
    onClose();
    await work.driver.setStatus(job.tracking_id, "DELIVERED");
  };

  return (
    <Sheet title={`Hand over ${job.order_id}`} onClose={onClose}>
      <div class="stack">
        <label class="big big--soft big--file">
          <Glyph name={taken.includes("photo") ? "check" : "camera"} />
          {taken.includes("photo") ? "Photo taken" : "Take a photo"}
          <input
            class="visually-hidden"
            type="file"
            accept="image/*"
            capture="environment"
            onChange={(event) => void photographed(event.currentTarget.files?.[0])}
          />
        </label>
        {signing ? (
          <Signature
            onSigned={(blob) => {
              setSigning(false);
              void keep("signature", blob.type, blob);
            }}
            onCancel={() => setSigning(false)}
          />
        ) : (
          <button class="big big--soft" type="button" onClick={() => setSigning(true)}>
            <Glyph name={taken.includes("signature") ? "check" : "pen"} />
            {taken.includes("signature") ? "Signed" : "Signature"}
          </button>
        )}
        <label class="field">
          Code from the customer
          <input ref={code} inputMode="numeric" autocomplete="one-time-code" maxLength={CODE_MAX} />
        </label>
        <p role="alert">{trouble}</p>
        <button class="big big--huge" type="button" onClick={() => void deliver()}>
          Delivered
        </button>
      </div>
    </Sheet>
  );
}
