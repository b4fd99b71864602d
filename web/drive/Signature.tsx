/** A signature, drawn with a finger. Who cannot draw has the photo or the code beside it. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface SignatureProps {
  onSigned: (image: Blob) => void;
  onCancel: () => void;
}

const LINE_PX = 3;

export function Signature({ onSigned, onCancel }: SignatureProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [drawn, setDrawn] = useState(false);

  useEffect(() => clear(), []);

  const clear = (): void => {
    const element = canvas.current;
    const pen = element?.getContext("2d");
    if (!element || !pen) return;
    const scale = devicePixelRatio || 1;
    element.width = element.clientWidth * scale;
    element.height = element.clientHeight * scale;
    // Black on white at night too: it is a document.
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, element.width, element.height);
    pen.scale(scale, scale);
    Object.assign(pen, { lineWidth: LINE_PX, lineCap: "round", lineJoin: "round", strokeStyle: "#000" });
    setDrawn(false);
  };
  const put = (event: PointerEvent): void => {
    canvas.current?.setPointerCapture(event.pointerId);
    const pen = canvas.current?.getContext("2d");
    pen?.beginPath();
    pen?.moveTo(event.offsetX, event.offsetY);
  };
  const draw = (event: PointerEvent): void => {
    if (!canvas.current?.hasPointerCapture(event.pointerId)) return;
    const pen = canvas.current.getContext("2d");
    pen?.lineTo(event.offsetX, event.offsetY);
    pen?.stroke();
    setDrawn(true);
  };
  const take = (): void => canvas.current?.toBlob((blob) => blob && onSigned(blob), "image/png");

  return (
    <div class="stack">
      <canvas
        class="signature"
        ref={canvas}
        role="img"
        aria-label="Field to sign in with a finger"
        onPointerDown={put}
        onPointerMove={draw}
      />
      <div class="pair">
        <button class="big" type="button" disabled={!drawn} onClick={take}>
          Use signature
        </button>
        <button class="big big--plain" type="button" onClick={drawn ? clear : onCancel}>
          {drawn ? "Clear" : "No signature"}
        </button>
      </div>
    </div>
  );
}
