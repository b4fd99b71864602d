/** Pictures for the fleet's map, drawn here: a style need not bring fonts or icons. */

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** Pixels of a picture for one of the page. */
export const PIXEL_RATIO = 2;
const COUNT_SIZE = 30;
const ARROW_SIZE = 34;

/** The number on a cluster. */
export function countPicture(text: string, colour: string): Picture {
  return draw(COUNT_SIZE, (pen) => {
    pen.fillStyle = colour;
    pen.font = `650 ${text.length > 3 ? 11 : 12.5}px system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(text, COUNT_SIZE / 2, COUNT_SIZE / 2 + 0.5);
  });
}

/** What needs a human in a cluster. */
export function dotPicture(colour: string, ground: string): Picture {
  return draw(14, (pen) => {
    pen.lineWidth = 1.5;
    pen.strokeStyle = ground;
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(7, 7, 5.5, 0, Math.PI * 2);
    pen.fill();
    pen.stroke();
  });
}

/** Where a marker heads: a tip above the disc, turned with the heading. */
export function arrowPicture(colour: string): Picture {
  return draw(ARROW_SIZE, (pen) => {
    pen.fillStyle = colour;
    pen.beginPath();
    pen.moveTo(ARROW_SIZE / 2, 2.5);
    pen.lineTo(ARROW_SIZE / 2 + 5, 10);
    pen.quadraticCurveTo(ARROW_SIZE / 2, 7.5, ARROW_SIZE / 2 - 5, 10);
    pen.closePath();
    pen.fill();
  });
}

/** A place: a square for the pickup, a drop for the destination. */
export function placePicture(kind: "pickup" | "dropoff", ink: string, ground: string): Picture {
  return draw(28, (pen) => {
    pen.lineWidth = 2.5;
    pen.strokeStyle = ground;
    pen.fillStyle = ink;
    pen.beginPath();
    if (kind === "pickup") pen.roundRect(7, 7, 14, 14, 4);
    else pen.arc(14, 14, 7.5, 0, Math.PI * 2);
    pen.fill();
    pen.stroke();
    pen.fillStyle = ground;
    pen.beginPath();
    pen.arc(14, 14, 2.6, 0, Math.PI * 2);
    pen.fill();
  });
}

function draw(size: number, paint: (pen: CanvasRenderingContext2D) => void): Picture {
  const canvas = document.createElement("canvas");
  canvas.width = size * PIXEL_RATIO;
  canvas.height = size * PIXEL_RATIO;
  const pen = canvas.getContext("2d");
  if (!pen) return { width: 1, height: 1, data: new Uint8ClampedArray(4) };
  pen.scale(PIXEL_RATIO, PIXEL_RATIO);
  paint(pen);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}
