/** Photos as small as the service takes them. */

/** The service takes no body over 1 MiB. */
export const MAX_BYTES = 1_000_000;
/** Long edges to try, in pixels, and how well to keep it. */
export const SIZES: readonly (readonly [edge: number, quality: number])[] = [
  [1_600, 0.8],
  [1_600, 0.6],
  [1_200, 0.6],
  [800, 0.5],
];

/** Width and height with the long edge at most `edge`; never larger than it was. */
export function fit(width: number, height: number, edge: number): { width: number; height: number } {
  const scale = Math.min(1, edge / Math.max(width, height, 1));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** The photo as a JPEG of at most `MAX_BYTES`, without what the camera wrote into it; null if it cannot be read. */
export async function downscale(file: Blob): Promise<Blob | null> {
  let image: ImageBitmap;
  try {
    image = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
  try {
    for (const [edge, quality] of SIZES) {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, fit(image.width, image.height, edge));
      canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", quality));
      if (blob && blob.size <= MAX_BYTES) return blob;
    }
    return null;
  } finally {
    image.close();
  }
}
