/** QR codes: loaded only when one is shown. */
import { correction, generate } from "lean-qr";
import { toSvgPath } from "lean-qr/extras/svg";

/** The text as a square of `size` modules, drawn as one path. */
export function encode(text: string): { size: number; path: string } {
  const code = generate(text, { minCorrectionLevel: correction.M });
  return { size: code.size, path: toSvgPath(code) };
}
